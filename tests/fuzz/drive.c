/* tests/fuzz/drive.c: see drive.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/drive.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *seeds_arg;
static gint64 seed_arg = -1;
static gint seconds_arg;
static const GOptionEntry options[] = {
  { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds_arg, "Seeds to run", "A..B" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &seed_arg, "One seed", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds_arg, "Seeds from the first on, for that long", "S" },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

/* ---- Naming the seed ---- */

static char rerun[512];

static void
on_signal (int number)
{
  gssize n = write (STDERR_FILENO, rerun, strlen (rerun));
  if (number == SIGALRM)
    n += write (STDERR_FILENO, "it hangs\n", strlen ("it hangs\n"));
  signal (SIGABRT, SIG_DFL);
  if (n >= 0)
    abort ();
}

void
fuzz_begin (const char *text, guint seconds)
{
  g_snprintf (rerun, sizeof rerun, "rerun: %s\n", text);
  alarm (seconds);
}

/* ---- Seeds ---- */

static guint64
run_seeds (const FuzzProgram *program, guint64 from, guint64 to)
{
  gint64 until = seconds_arg > 0 ? g_get_monotonic_time () + seconds_arg * G_USEC_PER_SEC : G_MAXINT64;
  guint64 n = 0;
  for (guint64 seed = from; (seed <= to || seconds_arg > 0) && g_get_monotonic_time () < until; seed++, n++)
    {
      g_autofree char *text = g_strdup_printf ("%s --seed %" G_GUINT64_FORMAT, program->name, seed);
      fuzz_begin (text, program->seconds);
      program->run (seed);
    }
  alarm (0);
  return n;
}

int
fuzz_drive (const FuzzProgram *program, int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  guint64 from = 0, to = program->last_seed;
  int status = 0;
  g_option_context_add_main_entries (context, options, NULL);
  if (program->options != NULL)
    g_option_context_add_main_entries (context, program->options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }
  if (seeds_arg != NULL && sscanf (seeds_arg, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, &from, &to) != 2)
    return 2;
  if (seed_arg >= 0)
    from = to = (guint64) seed_arg;
  signal (SIGABRT, on_signal);
  signal (SIGALRM, on_signal);
  if (program->prepare != NULL && !program->prepare (&status))
    return status;
  printf ("%" G_GUINT64_FORMAT " seeds, nobody fell\n", run_seeds (program, from, to));
  return 0;
}
