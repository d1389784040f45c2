/* examples/lab/explore.c: `tyet explore`: seed after seed, each a run of the production protocol under random faults.
 *
 * The command itself plays nothing: its workers do, which are processes of the same program, each with its share of
 * the seeds.  So a broken invariant, or an endless loop, ends one worker, and is a failing seed like any other.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-jobs.h"
#include "explore-work.h"
#include "lab.h"
#include "out.h"
#include "save.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Nobody asks for this. */
#define UNSET G_MININT

static char *option_seeds, *option_ordering, *option_faults, *option_scenes, *option_work, *option_history,
    *option_every_step;
static gint option_processes = UNSET, option_jobs = 1, option_shrink = 60, option_failures = UNSET, option_hang = 60,
            option_tries = 0;
static double option_minutes = UNSET;
static gboolean option_sealed, option_json, option_shrinks, option_print;

static const GOptionEntry entries[] = {
  { "seeds", 0, 0, G_OPTION_ARG_STRING, &option_seeds, "The seeds to play: one, or a range; 1..1000 unless set",
    "A..B" },
  { "processes", 0, 0, G_OPTION_ARG_INT, &option_processes, "How many processes; the seed picks unless set", "N" },
  { "ordering", 0, 0, G_OPTION_ARG_STRING, &option_ordering, "For all groups; \"all\": the seed picks", "NAME" },
  { "faults", 0, 0, G_OPTION_ARG_STRING, &option_faults, "Which kinds of faults, with commas; \"all\", \"none\"",
    "LIST" },
  { "minutes", 0, 0, G_OPTION_ARG_DOUBLE, &option_minutes,
    "Stop after that time; without --seeds, there is no other end", "M" },
  { "jobs", 'j', 0, G_OPTION_ARG_INT, &option_jobs, "So many at a time", "J" },
  { "scenes", 0, 0, G_OPTION_ARG_FILENAME, &option_scenes, "Where the scenes of failing seeds go; here unless set",
    "FOLDER" },
  { "shrink", 0, 0, G_OPTION_ARG_INT, &option_shrink,
    "Spend so long on shrinking a failing seed; 60 unless set, 0: do not", "SECONDS" },
  { "tries", 0, 0, G_OPTION_ARG_INT, &option_tries,
    "Play no more scenes than that in shrinking a failing seed, whatever time is left", "N" },
  { "sealed", 0, 0, G_OPTION_ARG_NONE, &option_sealed, "All connections are sealed; else the seed picks", NULL },
  { "failures", 0, 0, G_OPTION_ARG_INT, &option_failures, "Stop when so many seeds have failed", "N" },
  { "hang", 0, 0, G_OPTION_ARG_INT, &option_hang, "A seed that takes more time of the processor hangs; 60 unless set",
    "SECONDS" },
  { "every-step", 0, 0, G_OPTION_ARG_STRING, &option_every_step,
    "Crash each process after each of its steps in a small run of that seed; --seeds counts these crashes", "SEED" },
  { "print", 0, 0, G_OPTION_ARG_NONE, &option_print, "Play the first seed alone, and print its scene", NULL },
  { "history", 0, 0, G_OPTION_ARG_FILENAME, &option_history, "With --print: write the history of all processes there",
    "FILE" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "Print one JSON object", NULL },
  { "work", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &option_work, NULL, NULL },
  { "shrinks", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &option_shrinks, NULL, NULL },
  { NULL },
};

/* ---- Options ---- */

static gboolean
parse_seeds (const char *text, guint64 *from, guint64 *to)
{
  g_auto (GStrv) ends = g_strsplit (text, "..", -1);
  guint n = g_strv_length (ends);
  if (n < 1 || n > 2 || !g_ascii_string_to_unsigned (ends[0], 10, 0, G_MAXUINT64, from, NULL)
      || !g_ascii_string_to_unsigned (ends[n - 1], 10, 0, G_MAXUINT64, to, NULL) || *to < *from)
    {
      g_printerr ("tyet explore: --seeds wants A..B, with A not above B, or one seed; not \"%s\"\n", text);
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_ordering (const char *text, const char **out)
{
  *out = NULL;
  if (text == NULL || g_str_equal (text, "all"))
    return TRUE;
  g_autoptr (GString) known = g_string_new (NULL);
  const TyOrderingOps *ops;
  for (guint n = 0; (ops = ty_modules_nth_ordering (&ty_modules, n)) != NULL; n++)
    {
      if (g_str_equal (ops->name, text))
        *out = ops->name;
      g_string_append_printf (known, "%s, ", ops->name);
    }
  if (*out == NULL)
    g_printerr ("tyet explore: there is no ordering \"%s\"; there are %sand all\n", text, known->str);
  return *out != NULL;
}

static gboolean
parse_faults (const char *text, guint64 *out)
{
  *out = EXPLORE_ALL_FAULTS;
  if (text == NULL || g_str_equal (text, "all"))
    return TRUE;
  *out = 0;
  if (g_str_equal (text, "none"))
    return TRUE;
  g_auto (GStrv) names = g_strsplit (text[0] != '\0' ? text : ",", ",", -1); /* of nothing GLib makes no parts */
  for (char **name = names; *name != NULL; name++)
    {
      guint i = 0;
      while (i < N_FAULTS && !g_str_equal (fault_names[i], *name))
        i++;
      if (i == N_FAULTS)
        {
          g_autoptr (GString) known = g_string_new (NULL);
          for (guint k = 0; k < N_FAULTS; k++)
            g_string_append_printf (known, "%s%s", k > 0 ? "," : "", fault_names[k]);
          g_printerr ("tyet explore: there is no fault \"%s\"; there are %s\n", *name, known->str);
          return FALSE;
        }
      *out |= EXPLORE_FAULT (i);
    }
  return TRUE;
}

static gboolean
wrong (const char *text)
{
  lab_bad_usage ("%s", text);
  return FALSE;
}

/* Unless others are asked for: what causes rounds. */
#define STEP_FAULTS (EXPLORE_FAULT (FAULT_CRASH) | EXPLORE_FAULT (FAULT_LEAVE) | EXPLORE_FAULT (FAULT_RESTART))
#define N_PAIRS 1000

static gboolean
parse_every_step (ExploreOptions *options, guint64 *from, guint64 *to)
{
  if (option_every_step == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (option_every_step, 10, 0, G_MAXUINT64, &options->base, NULL))
    return wrong ("--every-step wants a seed");
  options->every_step = TRUE;
  if (option_faults == NULL)
    options->faults = STEP_FAULTS;
  guint64 n = option_seeds == NULL ? explore_n_steps (options) : 0;
  if (option_seeds == NULL)
    {
      *from = 0;
      *to = n + N_PAIRS - 1;
    }
  return TRUE;
}

static gboolean
parse (int *argc, char ***argv, ExploreOptions *options, guint64 *from, guint64 *to)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_set_summary (context, "Plays seeds: runs of the protocol in the simulator, under random faults.");
  g_option_context_set_description (
      context, "A failing seed prints one line that repeats it, and is shrunk to a scene that `tyet run` plays.\n"
               "Exit status: 0 every seed is good, 1 not, 2 bad usage. See doc/explore.md.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    return wrong (error->message);
  if (*argc != 1)
    return wrong ("there is an argument too much");
  *from = 1;
  *to = option_minutes != UNSET ? G_MAXUINT64 : 1000;
  if (option_seeds != NULL && !parse_seeds (option_seeds, from, to))
    return FALSE;
  if (option_processes != UNSET && (option_processes < 2 || option_processes > 32))
    return wrong ("--processes wants a number from 2 to 32");
  if (option_jobs < 1 || option_jobs > 1024)
    return wrong ("--jobs wants a number from 1 to 1024");
  if (option_shrink < 0)
    return wrong ("--shrink wants seconds, or 0");
  if (option_tries < 0)
    return wrong ("--tries wants a number");
  if (option_failures != UNSET && option_failures < 1)
    return wrong ("--failures wants a number, 1 or more");
  if (option_hang < 1)
    return wrong ("--hang wants seconds, 1 or more");
  /* A worker may be given the rest of a time, of which nothing is left. */
  if (option_minutes != UNSET
      && !((option_minutes > 0 && option_minutes < 1e9) || (option_minutes == 0 && option_work != NULL)))
    return wrong ("--minutes wants a number above 0");
  if (option_history != NULL && !option_print)
    return wrong ("--history goes with --print");
  g_autofree char *shrunk = option_scenes != NULL ? g_build_filename (option_scenes, "seed-1.scene", NULL) : NULL;
  if (!save_check ((const char *[]){ option_history, shrunk }, 2, &error))
    return wrong (error->message);
  options->sealed = option_sealed;
  options->hang_s = (guint) option_hang;
  options->tries = (guint) option_tries;
  options->recorded = option_history != NULL;
  options->processes = option_processes != UNSET ? (guint) option_processes : 0;
  return parse_ordering (option_ordering, &options->ordering) && parse_faults (option_faults, &options->faults)
         && parse_every_step (options, from, to);
}

/* ---- Failing seeds ---- */

/* The options that change what a seed is. */
static char *
same_options (const ExploreOptions *options)
{
  GString *text = g_string_new (NULL);
  if (options->processes > 0)
    g_string_append_printf (text, " --processes %u", options->processes);
  if (options->ordering != NULL)
    g_string_append_printf (text, " --ordering %s", options->ordering);
  if (option_faults != NULL)
    g_string_append_printf (text, " --faults %s", option_faults);
  if (options->sealed)
    g_string_append (text, " --sealed");
  if (option_hang != 60)
    g_string_append_printf (text, " --hang %d", option_hang);
  if (options->every_step)
    g_string_append_printf (text, " --every-step %" G_GUINT64_FORMAT, options->base);
  return g_string_free (text, FALSE);
}

static int
shrink_here (const ExploreOptions *options, guint64 seed)
{
  g_autofree char *how = NULL;
  g_autoptr (Scene) scene = explore_shrink (seed, options, option_shrink, &how);
  if (scene == NULL)
    {
      g_printerr ("tyet explore: seed %" G_GUINT64_FORMAT " does not fail\n", seed);
      return LAB_GOOD;
    }
  g_autofree char *name = g_strdup_printf ("seed-%" G_GUINT64_FORMAT ".scene", seed);
  g_autofree char *path = g_build_filename (option_scenes != NULL ? option_scenes : ".", name, NULL);
  g_autofree char *body = scene_to_string (scene);
  g_autofree char *options_text = same_options (options);
  g_autofree char *text = g_strdup_printf ("# Found by: %s explore --seeds %" G_GUINT64_FORMAT "%s\n# Wrong: %s\n%s",
                                           lab_program (), seed, options_text, how, body);
  g_autoptr (GError) error = NULL;
  if (!save_text (path, text, -1, &error))
    {
      g_printerr ("tyet explore: %s\n", error->message);
      return LAB_USAGE;
    }
  printf ("%s\n", path);
  return LAB_FINDING;
}

static int
print_scene (const ExploreOptions *options, guint64 seed)
{
  ExploreOutcome out;
  g_autoptr (Scene) scene = explore_seed (seed, options, -1, &out);
  g_autoptr (GError) error = NULL;
  int status = out.good ? LAB_GOOD : LAB_FINDING;
  if (option_history != NULL && !save_text (option_history, out.histories, -1, &error))
    {
      g_printerr ("tyet explore: %s\n", error->message);
      status = LAB_USAGE;
    }
  else
    {
      g_autofree char *body = scene_to_string (scene);
      g_autofree char *same = same_options (options);
      printf ("# %s explore --seeds %" G_GUINT64_FORMAT "%s: %s\n%s", lab_program (), seed, same,
              out.good ? "good" : out.wrong, body);
    }
  explore_outcome_clear (&out);
  return status;
}

/* ---- The report ---- */

static void
put_json (const ExploreTotals *t)
{
  g_autoptr (GString) out = g_string_new ("{");
  g_string_append_printf (out,
                          "\"seeds\":%" G_GUINT64_FORMAT ",\"next\":%" G_GUINT64_FORMAT
                          ",\"failed\":%u,\"seconds\":%.3f,\"cpu_seconds\":%.3f,"
                          "\"simulated_seconds\":%.3f,\"processes\":%" G_GUINT64_FORMAT
                          ",\"messages\":%" G_GUINT64_FORMAT ",\"views\":%" G_GUINT64_FORMAT ",\"faults\":{",
                          t->seeds, t->next, t->failures->len, (double) t->real_us / 1e6, (double) t->cpu_us / 1e6,
                          (double) t->simulated_us / 1e6, t->processes, t->messages, t->views);
  for (guint i = 0; i < N_FAULTS; i++)
    g_string_append_printf (out, "%s\"%s\":%" G_GUINT64_FORMAT, i > 0 ? "," : "", fault_names[i], t->faults[i]);
  g_string_append (out, "},\"failures\":[");
  for (guint i = 0; i < t->failures->len; i++)
    {
      const ExploreFailure *f = t->failures->pdata[i];
      g_string_append_printf (out, "%s\n{\"seed\":%" G_GUINT64_FORMAT, i > 0 ? "," : "", f->seed);
      lab_json_field (out, "wrong", f->wrong);
      if (f->scene != NULL)
        lab_json_field (out, "scene", f->scene);
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]}\n");
  fputs (out->str, stdout);
}

static void
put_text (const ExploreTotals *t)
{
  guint64 faults = 0;
  g_autoptr (GString) kinds = g_string_new (NULL);
  double seconds = (double) MAX (t->real_us, 1) / 1e6;
  for (guint i = 0; i < N_FAULTS; i++)
    {
      faults += t->faults[i];
      g_string_append_printf (kinds, "%s%" G_GUINT64_FORMAT " %s", i > 0 ? ", " : "", t->faults[i], fault_names[i]);
    }
  printf ("%" G_GUINT64_FORMAT " seed%s, %u failed: %.0f simulated s in %.1f s, %.0f seeds/s\n", t->seeds,
          t->seeds == 1 ? "" : "s", t->failures->len, (double) t->simulated_us / 1e6, seconds,
          (double) t->seeds / seconds);
  printf ("%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " views, %" G_GUINT64_FORMAT " faults: %s\n",
          t->messages, t->views, faults, kinds->str);
  /* Others may be at work on this machine, too: what a seed costs is told by the processor. */
  double n = (double) MAX (t->seeds, 1);
  printf ("the mean seed: %.1f processes, %.0f messages, %.1f faults, %.1f s long; %.0f seeds/s of one core\n",
          (double) t->processes / n, (double) t->messages / n, (double) faults / n,
          (double) t->simulated_us / 1e6 / n, (double) t->seeds / ((double) MAX (t->cpu_us, 1) / 1e6));
}

static void
on_failure (const ExploreFailure *failure, gpointer data)
{
  g_autofree char *options_text = same_options (data);
  /* At once, so that a sweep that is broken off has told what it found. */
  FILE *to = option_json ? stderr : stdout;
  fprintf (to, "FAILED: %s: %s explore --seeds %" G_GUINT64_FORMAT "%s\n", failure->wrong, lab_program (),
           failure->seed, options_text);
  fflush (to);
}

int
lab_explore (int argc, char **argv)
{
  ExploreOptions options = { 0 };
  guint64 from, to;
  if (!parse (&argc, &argv, &options, &from, &to))
    return LAB_USAGE;
  gint64 until = option_minutes != UNSET ? g_get_monotonic_time () + (gint64) (option_minutes * 60e6) : -1;
  if (option_work != NULL)
    {
      explore_work (&options, from, to, g_ascii_strtoull (option_work, NULL, 10), until);
      return LAB_GOOD;
    }
  if (option_print)
    return print_scene (&options, from);
  if (option_shrinks)
    return shrink_here (&options, from);
  g_autofree char *same = same_options (&options);
  ExploreJobs jobs = {
    .options = same,
    .from = from,
    .to = to,
    .n_jobs = (guint) option_jobs,
    .until_us = until,
    .shrink_s = (guint) option_shrink,
    .tries = (guint) option_tries,
    .failures = option_failures != UNSET ? (guint) option_failures : 0,
    .scenes = option_scenes,
    .progress = isatty (STDERR_FILENO) ? 500 : 5000,
    .on_failure = on_failure,
    .data = &options,
  };
  g_autoptr (ExploreTotals) totals = explore_jobs (&jobs);
  if (option_json)
    put_json (totals);
  else
    {
      for (guint i = 0; i < totals->failures->len; i++)
        {
          const ExploreFailure *f = totals->failures->pdata[i];
          if (f->scene != NULL)
            printf ("seed %" G_GUINT64_FORMAT ": %s run %s\n", f->seed, lab_program (), f->scene);
        }
      put_text (totals);
    }
  return totals->failures->len > 0 ? LAB_FINDING : LAB_GOOD;
}
