/* tests/bench/main.c: tyet-bench: what can be measured, each as a command.
 *
 * Results go to standard output, everything else to standard error. Exit status: 0 good, 1 something was lost, doubled,
 * disordered or broken, 2 bad usage.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  gboolean (*perform) (const BenchOptions *options, GError **error);
  BenchRun run; /* once */
  const char *what;
} Command;

static gboolean perform_locks (const BenchOptions *options, GError **error);

static const Command commands[] = {
  { "throughput", bench_repeat, bench_throughput, "messages a second, delivered at every member" },
  { "latency", bench_repeat, bench_latency, "one message at a time: back at its sender, one way to the others" },
  { "locks", perform_locks, bench_locks, "who goes on when its own request is delivered to it" },
  { "view-change", bench_repeat, bench_view_change, "from what happens to a member to the last survivor's next view" },
  { "memory", bench_repeat, bench_memory, "bytes a message in flight, a member, a group, a process" },
  { "scale", bench_scale, NULL, "throughput, latency and view change as the group grows" },
  { "raw", bench_repeat, bench_raw, "the same traffic with no protocol: the denominator" },
  { "compare", bench_compare, NULL, "a list of commands, each in quotes, and raw in turns: ratios" },
};

static const Command *
find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i].name, name))
      return &commands[i];
  return NULL;
}

BenchRun
bench_run_of (const char *command)
{
  const Command *found = find (command);
  return found != NULL ? found->run : NULL;
}

gboolean
bench_repeat (const BenchOptions *options, GError **error)
{
  g_autoptr (GPtrArray) samples = g_ptr_array_new_with_free_func ((GDestroyNotify) bench_sample_free);
  /* A change of view is repeated in one run. */
  guint reps = g_str_equal (options->command, "view-change") ? 1 : options->reps;
  BenchRow *row;
  for (guint i = 0; i < reps; i++)
    {
      bench_progress ("%s %u/%u", options->command, i + 1, reps);
      BenchSample *sample = bench_run_of (options->command) (options, error);
      if (sample == NULL)
        return FALSE;
      g_ptr_array_add (samples, sample);
    }
  row = bench_row_new (options);
  bench_row_samples (row, samples);
  bench_row_end (row);
  return TRUE;
}

static gboolean
perform_locks (const BenchOptions *options, GError **error)
{
  static const char *const who[] = { "one", "all" };
  if (!g_str_equal (options->who, "both"))
    return bench_repeat (options, error);
  for (guint i = 0; i < G_N_ELEMENTS (who); i++)
    {
      BenchOptions each = *options;
      each.who = who[i];
      if (!bench_repeat (&each, error))
        return FALSE;
    }
  return TRUE;
}

static int
help (const Command *command)
{
  if (command != NULL)
    {
      g_print ("usage: tyet-bench %s [OPTION...]\n%s\n", command->name, command->what);
      bench_options_help (command->name);
      return 0;
    }
  g_print ("usage: tyet-bench COMMAND [OPTION...]\nMeasures groups of real processes on this machine.\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-12s %s\n", commands[i].name, commands[i].what);
  g_print (
      "tyet-bench COMMAND --help lists the options of each. Results are JSON, an object a line, or, with --table,\n"
      "a table (of distributions: median/99th hundredth/largest).\n");
  return 0;
}

static int
child_main (int argc, char **argv)
{
  BenchOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  if (argc < 3 || !bench_options_parse (&options, argv[2], argc - 3, argv + 3, &error))
    {
      g_printerr ("tyet-bench: a child is started by its parent: %s\n", error != NULL ? error->message : "");
      return 2;
    }
  int status = (g_str_equal (argv[0], "raw") ? bench_raw_main : bench_member_main) (&options, (guint) atoi (argv[1]));
  g_free (options.rest);
  return status;
}

/* A pipe to a child must not take the place of a stream that is closed. What is written there is an error all the
 * same. */
static void
occupy_streams (void)
{
  int fd;
  do
    fd = open ("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

int
main (int argc, char **argv)
{
  BenchOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  const Command *command;
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  occupy_streams ();
  if (argc > 1 && g_str_equal (argv[1], "--child"))
    return child_main (argc - 2, argv + 2);
  command = argc > 1 ? find (argv[1]) : NULL;
  for (int i = 1; i < argc; i++)
    if (g_str_equal (argv[i], "--help"))
      return help (command);
  if (command == NULL)
    {
      g_printerr ("tyet-bench: %s; see tyet-bench --help\n", argc > 1 ? "there is no such command" : "which command?");
      return 2;
    }
  gboolean done = bench_options_parse (&options, command->name, argc - 2, argv + 2, &error);
  if (done)
    bench_prepare_seal (&options);
  done = done && command->perform (&options, &error);
  g_free (options.rest);
  if (done && fflush (stdout) == 0 && !ferror (stdout))
    return 0;
  if (done)
    g_set_error (&error, BENCH_ERROR, BENCH_ERROR_FINDING, "standard output cannot be written");
  bench_progress ("%s", "");
  g_printerr ("tyet-bench: %s\n", error->message);
  return g_error_matches (error, BENCH_ERROR, BENCH_ERROR_USAGE) ? 2 : 1;
}
