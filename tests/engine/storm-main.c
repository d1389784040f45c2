/* tests/engine/storm-main.c: engine-storm [--seeds A..B] [--seed N] [--linger] [--trace]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm.h"

#include <stdio.h>
#include <stdlib.h>

static char *seeds_arg;
static gint64 seed_arg = -1;
static gboolean trace_arg, linger_arg;
static GOptionEntry options[] = {
  { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds_arg, "Seeds to run", "A..B" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &seed_arg, "One seed", "N" },
  { "linger", 0, 0, G_OPTION_ARG_NONE, &linger_arg, "Packets linger", NULL },
  { "trace", 0, 0, G_OPTION_ARG_NONE, &trace_arg, "Say everything", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GError *error = NULL;
  guint64 from = 0, to = 300;
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }
  if (seeds_arg != NULL && sscanf (seeds_arg, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, &from, &to) != 2)
    return 2;
  if (seed_arg >= 0)
    from = to = (guint64) seed_arg;
  for (guint64 seed = from; seed <= to; seed++)
    {
      StormFinding *finding
          = linger_arg ? storm_run_lingering ((guint32) seed, trace_arg) : storm_run ((guint32) seed, trace_arg);
      if (finding == NULL)
        continue;
      printf ("seed %" G_GUINT64_FORMAT ": %s: %s\n", seed, finding->rule, finding->text);
      printf ("rerun: engine-storm --seed %" G_GUINT64_FORMAT " --trace%s\n", seed, linger_arg ? " --linger" : "");
      storm_finding_free (finding);
      return 1;
    }
  printf ("%" G_GUINT64_FORMAT " seeds, all legal\n", to - from + 1);
  return 0;
}
