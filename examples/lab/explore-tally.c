/* examples/lab/explore-tally.c: what was explored so far, in a file: where to go on, and the sums of all runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-tally.h"

#define GROUP "tally"

/* The file, or an empty one if there is none. */
static GKeyFile *
load (const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) problem = NULL;
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &problem)
      && !g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&problem), "%s: ", path);
      return NULL;
    }
  return g_steal_pointer (&file);
}

gboolean
explore_tally_next (const char *path, const char *options, guint64 *next, GError **error)
{
  g_autoptr (GKeyFile) file = load (path, error);
  if (file == NULL)
    return FALSE;
  *next = 1;
  if (!g_key_file_has_group (file, GROUP))
    return g_key_file_save_to_file (file, path, error); /* better to fail now than after a night */
  g_autofree char *was = g_key_file_get_string (file, GROUP, "options", NULL);
  if (g_strcmp0 (was, options) != 0)
    {
      g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                   "%s is a tally of runs with other options: \"%s\"", path, was != NULL ? was : "");
      return FALSE;
    }
  g_autoptr (GError) problem = NULL;
  *next = g_key_file_get_uint64 (file, GROUP, "next", &problem);
  if (problem == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&problem), "%s: ", path);
  return FALSE;
}

static void
add (GKeyFile *file, const char *key, guint64 n)
{
  g_key_file_set_uint64 (file, GROUP, key, g_key_file_get_uint64 (file, GROUP, key, NULL) + n);
}

gboolean
explore_tally_add (const char *path, const char *options, const ExploreTotals *totals, GError **error)
{
  g_autoptr (GKeyFile) file = load (path, error);
  if (file == NULL)
    return FALSE;
  g_key_file_set_string (file, GROUP, "options", options);
  g_key_file_set_uint64 (file, GROUP, "next", totals->last + 1);
  add (file, "seeds", totals->seeds);
  add (file, "failed", totals->failures->len);
  add (file, "seconds", (guint64) totals->real_us / 1000000);
  add (file, "simulated-seconds", (guint64) totals->simulated_us / 1000000);
  add (file, "messages", totals->messages);
  add (file, "views", totals->views);
  for (guint i = 0; i < N_FAULTS; i++)
    {
      g_autofree char *key = g_strdup_printf ("fault-%s", fault_names[i]);
      add (file, key, totals->faults[i]);
    }
  for (guint i = 0; i < totals->failures->len; i++)
    {
      const ExploreFailure *failure = totals->failures->pdata[i];
      g_autofree char *key = g_strdup_printf ("seed-%" G_GUINT64_FORMAT, failure->seed);
      g_key_file_set_string (file, "failures", key, failure->wrong);
    }
  return g_key_file_save_to_file (file, path, error);
}
