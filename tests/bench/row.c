/* tests/bench/row.c: results: a JSON object a line, or a table.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const metric_names[BENCH_N_METRICS] = {
  [BENCH_MESSAGES_PER_S] = "messages_per_s",
  [BENCH_BYTES_PER_S] = "bytes_per_s",
  [BENCH_CPU_US_PER_MESSAGE] = "cpu_us_per_message",
  [BENCH_CPU_S] = "cpu_s",
  [BENCH_LOCKS_PER_S] = "locks_per_s",
  [BENCH_STOOD_STILL_US] = "stood_still_us",
  [BENCH_RSS_BYTES] = "rss_bytes",
  [BENCH_BYTES_PER_MESSAGE] = "bytes_per_message",
  [BENCH_BYTES_PER_MEMBER] = "bytes_per_member",
  [BENCH_BYTES_PER_GROUP] = "bytes_per_group",
  [BENCH_BYTES_PER_PROCESS] = "bytes_per_process",
};

static const char *const hist_names[BENCH_N_HISTS] = {
  [BENCH_LATENCY] = "latency_us",
  [BENCH_FROM_DUE] = "latency_from_due_us",
  [BENCH_ONE_WAY] = "one_way_us",
  [BENCH_ROUND_TRIP] = "round_trip_us",
  [BENCH_ASLEEP] = "round_trip_asleep_us",
  [BENCH_TO_ALL] = "to_all_and_back_us",
  [BENCH_BY_ALL] = "told_by_all_us",
  [BENCH_RAW_ONE_WAY] = "one_way_to_all_us",
  [BENCH_VIEW_CHANGE] = "view_change_us",
};

typedef struct
{
  char *name;
  char *json;
} Field;

struct _BenchRow
{
  gboolean table;
  GArray *fields;
};

/* ---- Samples ---- */

BenchSample *
bench_sample_new (void)
{
  BenchSample *sample = g_new0 (BenchSample, 1);
  for (guint i = 0; i < BENCH_N_METRICS; i++)
    sample->metric[i] = NAN;
  return sample;
}

void
bench_sample_free (BenchSample *sample)
{
  for (guint i = 0; i < BENCH_N_HISTS; i++)
    g_free (sample->hist[i]);
  g_free (sample);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

double
bench_median (const double *values, guint n)
{
  g_autofree double *sorted = g_memdup2 (values, n * sizeof *values);
  qsort (sorted, n, sizeof *sorted, compare_doubles);
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* ---- Rows ---- */

static void
add (BenchRow *row, const char *name, char *json)
{
  Field field = { g_strdup (name), json };
  g_array_append_val (row->fields, field);
}

/* Four digits are more than any repetition agrees on. */
static char *
number_text (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (!isfinite (value))
    return g_strdup ("null");
  if (fabs (value) >= 1000)
    return g_strdup (g_ascii_formatd (text, sizeof text, "%.0f", value));
  return g_strdup (g_ascii_formatd (text, sizeof text, "%.4g", value));
}

void
bench_row_number (BenchRow *row, const char *name, double value)
{
  add (row, name, number_text (value));
}

void
bench_row_string (BenchRow *row, const char *name, const char *value)
{
  g_autofree char *escaped = g_strescape (value, "");
  add (row, name, g_strdup_printf ("\"%s\"", escaped));
}

void
bench_row_spread (BenchRow *row, const char *name, const double *values, guint n)
{
  g_autofree char *low = g_strdup_printf ("%s_min", name), *high = g_strdup_printf ("%s_max", name);
  double min = values[0], max = values[0];
  for (guint i = 1; i < n; i++)
    {
      min = MIN (min, values[i]);
      max = MAX (max, values[i]);
    }
  bench_row_number (row, name, bench_median (values, n));
  if (n == 1)
    return;
  bench_row_number (row, low, min);
  bench_row_number (row, high, max);
}

static void
row_hist (BenchRow *row, const char *name, const BenchHist *hist)
{
  g_autofree char *p50 = number_text (bench_hist_at (hist, 0.5) / 1000);
  g_autofree char *p99 = number_text (bench_hist_at (hist, 0.99) / 1000);
  g_autofree char *p999 = number_text (bench_hist_at (hist, 0.999) / 1000);
  g_autofree char *max = number_text ((double) hist->max / 1000);
  add (row, name,
       row->table ? g_strdup_printf ("%s/%s/%s", p50, p99, max)
                  : g_strdup_printf ("{\"p50\":%s,\"p99\":%s,\"p999\":%s,\"max\":%s}", p50, p99, p999, max));
}

BenchRow *
bench_row_new (const BenchOptions *options)
{
  BenchRow *row = g_new0 (BenchRow, 1);
  row->table = options->table;
  row->fields = g_array_new (FALSE, FALSE, sizeof (Field));
  bench_row_string (row, "bench", options->command);
  bench_row_number (row, "members", options->members);
  if (g_str_equal (options->command, "throughput") || g_str_equal (options->command, "raw"))
    bench_row_number (row, "senders", options->senders);
  bench_row_number (row, "size", (double) options->size);
  if (!g_str_equal (options->command, "raw"))
    {
      bench_row_string (row, "service", options->service);
      bench_row_string (row, "ordering", options->ordering);
    }
  bench_row_string (row, "channel", options->channel);
  bench_row_string (row, "seal", options->seal);
  if (g_str_equal (options->command, "locks"))
    bench_row_string (row, "who", options->who);
  if (g_str_equal (options->command, "view-change"))
    {
      bench_row_string (row, "how", options->how);
      bench_row_number (row, "load", options->load);
    }
  if (options->rate > 0)
    bench_row_number (row, "rate", options->rate);
  if (options->gap_ms > 0)
    bench_row_number (row, "gap_ms", options->gap_ms);
  bench_row_number (row, "reps", options->reps);
  return row;
}

void
bench_row_samples (BenchRow *row, GPtrArray *samples)
{
  g_autofree double *values = g_new (double, samples->len);
  for (guint m = 0; m < BENCH_N_METRICS; m++)
    {
      guint n = 0;
      for (guint i = 0; i < samples->len; i++)
        {
          const BenchSample *sample = g_ptr_array_index (samples, i);
          if (!isnan (sample->metric[m]))
            values[n++] = sample->metric[m];
        }
      if (n > 0)
        bench_row_spread (row, metric_names[m], values, n);
    }
  for (guint h = 0; h < BENCH_N_HISTS; h++)
    {
      g_autofree BenchHist *all = g_new0 (BenchHist, 1);
      for (guint i = 0; i < samples->len; i++)
        {
          const BenchSample *sample = g_ptr_array_index (samples, i);
          if (sample->hist[h] != NULL)
            bench_hist_merge (all, sample->hist[h]);
        }
      if (all->count > 0)
        row_hist (row, hist_names[h], all);
    }
}

/* The head again whenever the columns are others than before. */
static void
print_table (const BenchRow *row)
{
  static char *printed;
  g_autoptr (GString) head = g_string_new (NULL), line = g_string_new (NULL);
  for (guint i = 0; i < row->fields->len; i++)
    {
      const Field *f = &g_array_index (row->fields, Field, i);
      if (g_str_has_suffix (f->name, "_min") || g_str_has_suffix (f->name, "_max"))
        continue;
      gsize len = strlen (f->json);
      gboolean quoted = f->json[0] == '"';
      int width = (int) MAX (strlen (f->name), 12);
      g_string_append_printf (head, "%-*s  ", width, f->name);
      g_string_append_printf (line, "%-*.*s  ", width, (int) (quoted ? len - 2 : len), f->json + quoted);
    }
  if (g_strcmp0 (printed, head->str) != 0)
    g_print ("%s\n", head->str);
  g_print ("%s\n", line->str);
  g_free (printed);
  printed = g_strdup (head->str);
}

static void
print_json (const BenchRow *row)
{
  g_autoptr (GString) line = g_string_new ("{");
  for (guint i = 0; i < row->fields->len; i++)
    {
      const Field *f = &g_array_index (row->fields, Field, i);
      g_string_append_printf (line, "%s\"%s\":%s", i > 0 ? "," : "", f->name, f->json);
    }
  g_print ("%s}\n", line->str);
}

void
bench_row_end (BenchRow *row)
{
  bench_progress ("%s", "");
  if (row->table)
    print_table (row);
  else
    print_json (row);
  for (guint i = 0; i < row->fields->len; i++)
    {
      g_free (g_array_index (row->fields, Field, i).name);
      g_free (g_array_index (row->fields, Field, i).json);
    }
  g_array_unref (row->fields);
  g_free (row);
}

void
bench_progress (const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;
  if (!isatty (STDERR_FILENO))
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("\r\033[K%s", text);
}
