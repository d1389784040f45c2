/* tests/bench/compare.c: commands and the bare mesh in turns, so that whatever else the machine does befalls both; and
 * groups of growing size.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const standard[] = {
  "throughput --size 64",
  "throughput --size 1K",
  "throughput --size 8K",
  "throughput --size 8K --senders 1",
  "throughput --size 64K",
  "throughput --size 64K --senders 1",
  "throughput --size 1K --service fifo",
  "throughput --size 1K --service causal",
  "throughput --size 1K --service safe",
  "latency",
  "latency --service safe",
  "latency --service causal --gap 1",
  "locks --who one",
  "locks --who all",
  "view-change --how crash",
  "view-change --how coordinator",
  "view-change --how leave",
  "view-change --how join",
  "throughput --size 64 --channel shm",
  "throughput --size 1K --channel shm",
  "throughput --size 8K --channel shm",
  "throughput --size 64K --channel shm",
  "latency --channel shm",
  "locks --who one --channel shm",
  "locks --who all --channel shm",
  "view-change --how crash --channel shm",
  NULL,
};

typedef struct
{
  BenchOptions options;
  BenchOptions raw;
  gboolean by_time; /* measured in round trips, not in records */
  char **words;
  GPtrArray *samples;
  GPtrArray *raw_samples;
  GArray *ratios;
  GArray *p99_ratios, *one_way_ratios, *packets_ratios; /* of latencies */
  GArray *cpu_ratios; /* raw's processor time a message over the command's: far less moved by what else runs */
} Item;

static void
item_free (gpointer data)
{
  Item *item = data;
  g_strfreev (item->words);
  g_clear_pointer (&item->samples, g_ptr_array_unref);
  g_clear_pointer (&item->raw_samples, g_ptr_array_unref);
  g_clear_pointer (&item->ratios, g_array_unref);
  g_clear_pointer (&item->cpu_ratios, g_array_unref);
  g_clear_pointer (&item->p99_ratios, g_array_unref);
  g_clear_pointer (&item->one_way_ratios, g_array_unref);
  g_clear_pointer (&item->packets_ratios, g_array_unref);
  g_free (item->options.rest);
  g_free (item->raw.rest);
  g_free (item);
}

/* What raw has no counterpart of, and what compare says for all. */
static gboolean
check_words (char **words, GError **error)
{
  static const char *const its_own[] = { "--seconds", "--messages", "--warm-up", "--reps", "--rate" };
  gboolean view_change = words[0] != NULL && g_str_equal (words[0], "view-change");
  for (char **word = words; *word != NULL; word++)
    for (guint i = 0; i < G_N_ELEMENTS (its_own); i++)
      {
        gsize len = strlen (its_own[i]);
        gboolean named = g_str_has_prefix (*word, its_own[i]) && ((*word)[len] == '\0' || (*word)[len] == '=');
        if (!named || (view_change && g_str_equal (its_own[i], "--reps")))
          continue;
        g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "%s cannot be given to a command that is compared%s",
                     its_own[i], g_str_equal (its_own[i], "--rate") ? ": raw has none" : "; give it to compare");
        return FALSE;
      }
  if (words[0] == NULL)
    g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "an empty text is no command");
  return words[0] != NULL;
}

static gboolean
item_options (Item *item, const BenchOptions *all, GError **error)
{
  char *none[] = { NULL };
  if (!check_words (item->words, error))
    return FALSE;
  if (bench_run_of (item->words[0]) == NULL || g_str_equal (item->words[0], "raw")
      || g_str_equal (item->words[0], "memory"))
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "\"%s\" has nothing to be compared with", item->words[0]);
      return FALSE;
    }
  if (!bench_options_parse (&item->options, item->words[0], (int) g_strv_length (item->words) - 1, item->words + 1,
                            error)
      || !bench_options_parse (&item->raw, "raw", 0, none, error))
    return FALSE;
  bench_prepare_seal (&item->options);
  item->by_time = !g_str_equal (item->words[0], "throughput");
  if (item->options.members < 2)
    {
      g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "one member alone has nothing to be compared with");
      return FALSE;
    }
  item->raw.members = item->options.members;
  item->raw.window = item->options.window;
  item->raw.senders = item->options.senders;
  item->raw.size = item->options.size;
  item->raw.verify = item->options.verify;
  item->options.table = item->raw.table = all->table;
  item->options.seconds = all->seconds;
  if (all->suspect_after_ms > 0)
    item->options.suspect_after_ms = all->suspect_after_ms;
  if (!g_str_equal (item->words[0], "view-change"))
    item->options.reps = all->reps;
  item->options.messages = item->raw.messages = all->messages;
  item->options.warm_up = item->raw.warm_up = all->warm_up;
  item->raw.seconds = item->by_time ? 0 : all->seconds;
  if (item->options.busy_poll_us != G_MAXUINT)
    item->raw.busy_poll_us = item->options.busy_poll_us;
  if (!item->by_time)
    item->raw.count = 0;
  else if (g_str_equal (item->words[0], "latency"))
    {
      item->raw.count = item->options.count;
      item->raw.gap_ms = item->options.gap_ms;
    }
  return TRUE;
}

static char **
words_of (const char *text)
{
  g_auto (GStrv) each = g_strsplit_set (text, " ", 0);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  for (char **word = each; *word != NULL; word++)
    if (**word != '\0')
      g_strv_builder_add (words, *word);
  return g_strv_builder_end (words);
}

static Item *
item_new (const char *text, const BenchOptions *all, GError **error)
{
  Item *item = g_new0 (Item, 1);
  item->words = words_of (text);
  item->samples = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_sample_free);
  item->raw_samples = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_sample_free);
  item->ratios = g_array_new (FALSE, FALSE, sizeof (double));
  item->cpu_ratios = g_array_new (FALSE, FALSE, sizeof (double));
  item->p99_ratios = g_array_new (FALSE, FALSE, sizeof (double));
  item->one_way_ratios = g_array_new (FALSE, FALSE, sizeof (double));
  item->packets_ratios = g_array_new (FALSE, FALSE, sizeof (double));
  if (item_options (item, all, error))
    return item;
  item_free (item);
  return NULL;
}

/* Throughput as a share of raw's; times in round trips; locks in locks a round trip. */
static double
ratio_of (const Item *item, const BenchSample *sample, const BenchSample *raw)
{
  if (!item->by_time)
    return sample->metric[BENCH_MESSAGES_PER_S] / raw->metric[BENCH_MESSAGES_PER_S];
  double round_trip_ns = bench_hist_at (raw->hist[BENCH_ROUND_TRIP], 0.5);
  if (g_str_equal (item->options.command, "locks"))
    return sample->metric[BENCH_LOCKS_PER_S] * round_trip_ns / 1e9;
  BenchHistId id = sample->hist[BENCH_VIEW_CHANGE] != NULL ? BENCH_VIEW_CHANGE : BENCH_LATENCY;
  return bench_hist_at (sample->hist[id], 0.5) / round_trip_ns;
}

/* Of a latency also the slowest hundredth, in round trips (of the median); the way to the others, in that of bare peers
 * with as many; and all of it in what the same packets take between those. */
static void
note_tail (Item *item, const BenchSample *sample, const BenchSample *raw)
{
  if (sample->hist[BENCH_ONE_WAY] == NULL || raw->hist[BENCH_ROUND_TRIP] == NULL)
    return;
  double p99 = bench_hist_at (sample->hist[BENCH_LATENCY], 0.99) / bench_hist_at (raw->hist[BENCH_ROUND_TRIP], 0.5);
  double one_way
      = bench_hist_at (sample->hist[BENCH_ONE_WAY], 0.5) / bench_hist_at (raw->hist[BENCH_RAW_ONE_WAY], 0.5);
  BenchHistId packets = g_str_equal (item->options.service, "safe") ? BENCH_BY_ALL : BENCH_TO_ALL;
  double of_packets = bench_hist_at (sample->hist[BENCH_LATENCY], 0.5) / bench_hist_at (raw->hist[packets], 0.5);
  g_array_append_val (item->p99_ratios, p99);
  g_array_append_val (item->one_way_ratios, one_way);
  /* A plain message waits for nobody. */
  if (bench_is_total (&item->options))
    g_array_append_val (item->packets_ratios, of_packets);
}

static gboolean
item_turn (Item *item, GError **error)
{
  BenchSample *raw = bench_raw (&item->raw, error), *sample;
  if (raw == NULL)
    return FALSE;
  g_ptr_array_add (item->raw_samples, raw);
  sample = bench_run_of (item->options.command) (&item->options, error);
  if (sample == NULL)
    return FALSE;
  g_ptr_array_add (item->samples, sample);
  double ratio = ratio_of (item, sample, raw);
  g_array_append_val (item->ratios, ratio);
  note_tail (item, sample, raw);
  ratio = raw->metric[BENCH_CPU_US_PER_MESSAGE] / sample->metric[BENCH_CPU_US_PER_MESSAGE];
  g_array_append_val (item->cpu_ratios, ratio);
  return TRUE;
}

/* One of raw's medians, in all turns. */
static void
print_raw (BenchRow *row, const Item *item, const char *name, BenchHistId id)
{
  g_autofree double *raw = g_new (double, item->raw_samples->len);
  for (guint i = 0; i < item->raw_samples->len; i++)
    {
      const BenchSample *sample = g_ptr_array_index (item->raw_samples, i);
      raw[i] = item->by_time ? bench_hist_at (sample->hist[id], 0.5) / 1000 : sample->metric[BENCH_MESSAGES_PER_S];
    }
  bench_row_spread (row, name, raw, item->raw_samples->len);
}

static void
print_ratios (BenchRow *row, const char *name, const GArray *ratios)
{
  if (ratios->len > 0)
    bench_row_spread (row, name, (const double *) ratios->data, ratios->len);
}

static void
item_print (Item *item)
{
  BenchRow *row = bench_row_new (&item->options);
  print_raw (row, item, item->by_time ? "raw_round_trip_us" : "raw_messages_per_s", BENCH_ROUND_TRIP);
  if (item->by_time)
    {
      print_raw (row, item, "raw_round_trip_asleep_us", BENCH_ASLEEP);
      print_raw (row, item, "raw_to_all_and_back_us", BENCH_TO_ALL);
      print_raw (row, item, "raw_told_by_all_us", BENCH_BY_ALL);
      print_raw (row, item, "raw_one_way_to_all_us", BENCH_RAW_ONE_WAY);
    }
  print_ratios (row, "ratio", item->ratios);
  if (!item->by_time)
    print_ratios (row, "cpu_ratio", item->cpu_ratios);
  print_ratios (row, "p99_ratio", item->p99_ratios);
  print_ratios (row, "one_way_ratio", item->one_way_ratios);
  print_ratios (row, "packets_ratio", item->packets_ratios);
  bench_row_samples (row, item->samples);
  bench_row_end (row);
}

gboolean
bench_compare (const BenchOptions *options, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (item_free);
  const char *const *texts = options->rest[0] != NULL ? (const char *const *) options->rest : standard;
  for (const char *const *text = texts; *text != NULL; text++)
    {
      Item *item = item_new (*text, options, error);
      if (item == NULL)
        return FALSE;
      g_ptr_array_add (items, item);
    }
  for (guint r = 0; r < options->reps; r++)
    for (guint i = 0; i < items->len; i++)
      {
        bench_progress ("turn %u/%u: %s", r + 1, options->reps, texts[i]);
        if (!item_turn (g_ptr_array_index (items, i), error))
          {
            g_prefix_error (error, "%s: ", texts[i]);
            return FALSE;
          }
      }
  for (guint i = 0; i < items->len; i++)
    item_print (g_ptr_array_index (items, i));
  return TRUE;
}

/* ---- Growth ---- */

static gboolean
scale_to (const BenchOptions *options, const char *members, GError **error)
{
  static const char *const commands[] = { "throughput", "latency", "view-change" };
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      BenchOptions each = *options, checked;
      char *argv[] = { (char *) "--members", (char *) members };
      if (!bench_options_parse (&checked, commands[i], 2, argv, error))
        return FALSE;
      each.command = commands[i];
      each.members_text = members;
      each.members = each.senders = checked.members;
      each.from = checked.members - 1;
      each.count = 2000;
      each.reps = i == 2 ? 10 : options->reps;
      each.size = MAX (options->size, BENCH_TIMED_BYTES);
      if (!bench_repeat (&each, error))
        return FALSE;
      g_free (checked.rest);
    }
  return TRUE;
}

/* A program of its own, beside this one: it needs the inside of the library, and this one sees its outside only. Comes
 * back only if there is none. */
static gboolean
become_simulated (const BenchOptions *options, GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = g_path_get_dirname (self != NULL ? self : ".");
  g_autofree char *path = g_build_filename (dir, "tyet-bench-simulated", NULL);
  execl (path, "tyet-bench-simulated", options->simulated, options->table ? "table" : "json",
         options->instructions ? "instructions" : NULL, NULL);
  g_set_error (error, BENCH_ERROR, BENCH_ERROR_USAGE, "%s cannot be run: %s", path, g_strerror (errno));
  return FALSE;
}

gboolean
bench_scale (const BenchOptions *options, GError **error)
{
  if (options->simulated != NULL)
    return become_simulated (options, error);
  g_auto (GStrv) members = g_strsplit (options->members_text, ",", 0);
  for (char **each = members; *each != NULL; each++)
    if (!scale_to (options, *each, error))
      return FALSE;
  return TRUE;
}
