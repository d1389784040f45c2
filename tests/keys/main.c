/* tests/keys/main.c: keys-storm [--seeds A..B] [--trace]: the storm of secrets, by hand and in the suite.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/keys/storm.h"

#include <stdio.h>

static char *seeds_arg;
static gboolean trace_arg;
static GOptionEntry options[] = {
  { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds_arg, "Seeds to run", "A..B" },
  { "trace", 0, 0, G_OPTION_ARG_NONE, &trace_arg, "All that happens, on standard error", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

/* A storm in which nothing happens finds nothing. */
static gboolean
is_enough (const KeysCounts *c)
{
  return c->runs < 100
         || (c->network_rekeys >= c->runs / 2 && c->rekeys > c->network_rekeys && c->revoked >= c->runs / 8
             && c->readmitted > 0 && c->kills >= c->runs / 4 && c->turned_away >= c->runs / 2
             && c->unquorate <= c->runs / 20);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  guint64 from = 0, to = 300;
  KeysCounts c = { 0 };
  guint found = 0;
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)
      || (seeds_arg != NULL && sscanf (seeds_arg, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, &from, &to) != 2))
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "--seeds A..B");
      return 2;
    }
  for (guint64 seed = from; seed <= to; seed++)
    {
      KeysFinding *finding = keys_storm_run (seed, trace_arg, &c);
      if (finding == NULL)
        continue;
      printf ("seed %" G_GUINT64_FORMAT ": %s: %s\n", seed, finding->rule, finding->text);
      fflush (stdout);
      keys_finding_free (finding);
      found++;
    }
  printf ("%" G_GUINT64_FORMAT " seeds, %u bad: %" G_GUINT64_FORMAT " times new secrets (%" G_GUINT64_FORMAT
          " the network's), %" G_GUINT64_FORMAT " revoked, %" G_GUINT64_FORMAT " admitted again, %" G_GUINT64_FORMAT
          " entered, %" G_GUINT64_FORMAT " turned away, %" G_GUINT64_FORMAT " killed, %" G_GUINT64_FORMAT
          " left behind, %" G_GUINT64_FORMAT " without a quorum\n",
          c.runs, found, c.rekeys, c.network_rekeys, c.revoked, c.readmitted, c.entered, c.turned_away, c.kills,
          c.behind, c.unquorate);
  if (!is_enough (&c))
    printf ("that is not much of a storm\n");
  return found == 0 && is_enough (&c) ? 0 : 1;
}
