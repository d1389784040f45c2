/* tests/teeth/teeth.c: the storm catches every bug that can be planted, within a bounded number of seeds.
 *
 *   teeth FILE             the test: every plant is found; FILE says from which seed to look on
 *   teeth --update FILE    looks from seed 0, and writes where each was found
 *   teeth --plant NAME     looks for one, and tells all about what it finds
 *
 * With TYET_TEST_LONG=1 the test looks from seed 0, and farther. A finding is to be shrunk to a scene (bite.h gives
 * its seed).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/teeth/bite.h"

#include <stdio.h>
#include <string.h>

#define MOST_SEEDS 300 /* looked at from where it was found last, and again from 0 */
#define MOST_SEEDS_LONG 20000
#define CLEAN_SEEDS 300 /* with no bug: nothing must be found */

static char *plant_arg, *seeds_arg;
static gboolean update_arg, linger_arg, drill_arg;
static GOptionEntry options[] = {
  { "plant", 0, 0, G_OPTION_ARG_STRING, &plant_arg, "Look for this one", "NAME" },
  { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds_arg, "Seeds to look at", "A..B" },
  { "linger", 0, 0, G_OPTION_ARG_NONE, &linger_arg, "Of the storm whose packets linger", NULL },
  { "drill", 0, 0, G_OPTION_ARG_NONE, &drill_arg, "Of the one schedule that no storm comes upon", NULL },
  { "update", 0, 0, G_OPTION_ARG_NONE, &update_arg, "Write the file anew", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

/* The kinds of storms, and how the file says which. */
static const struct
{
  StormRun run;
  const char *suffix;
} storms[] = { { storm_run, "" }, { storm_run_lingering, " lingering" }, { storm_drill, " drill" } };

static char *
first_line (const char *text)
{
  return g_strndup (text, MIN (strcspn (text, "\n"), 110));
}

/* The file: a line "NAME SEED" each, or "NAME SEED KIND". FALSE: it does not name it. */
static gboolean
remembered (const char *file, const char *name, guint32 *seed, guint *kind)
{
  g_auto (GStrv) lines = g_strsplit (file, "\n", -1);
  gsize len = strlen (name);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], name) && lines[i][len] == ' ')
      {
        *seed = (guint32) g_ascii_strtoull (lines[i] + len, NULL, 10);
        for (guint k = 0; k < G_N_ELEMENTS (storms); k++)
          if (g_str_has_suffix (lines[i], storms[k].suffix))
            *kind = k;
        return TRUE;
      }
  return FALSE;
}

static gboolean
test_plant (guint n, guint32 from, guint kind, gboolean wide)
{
  Bite *found
      = wide ? bite (n, storms[kind].run, 0, MOST_SEEDS_LONG) : bite (n, storms[kind].run, from, from + MOST_SEEDS - 1);
  while (found == NULL && wide && ++kind < G_N_ELEMENTS (storms))
    found = bite (n, storms[kind].run, 0, MOST_SEEDS_LONG);
  if (found == NULL && !wide && from > 0)
    found = bite (n, storms[kind].run, from = 0, MOST_SEEDS - 1);
  printf ("%sok %u - %s breaks %s: %s\n", found == NULL ? "not " : "", n + 1, plants[n].name, plants[n].rule,
          plants[n].what);
  if (found != NULL)
    {
      g_autofree char *line = first_line (found->text);
      printf ("# seed %u%s, after %u: %s: %s\n", found->seed, storms[kind % G_N_ELEMENTS (storms)].suffix,
              found->seed - (wide ? 0 : from) + 1, found->rule, line);
      bite_free (found);
    }
  fflush (stdout);
  return found != NULL;
}

static int
test (const char *path)
{
  g_autofree char *file = NULL;
  gboolean wide = g_getenv ("TYET_TEST_LONG") != NULL, all = TRUE;
  if (!g_file_get_contents (path, &file, NULL, NULL))
    return 2;
  printf ("1..%u\n", n_plants + 1);
  for (guint n = 0; n < n_plants; n++)
    {
      guint32 from = 0;
      guint kind = 0;
      if (remembered (file, plants[n].name, &from, &kind) || wide)
        all &= test_plant (n, from, kind, wide);
      else
        printf ("ok %u - %s breaks %s # SKIP no seed is known that finds it\n", n + 1, plants[n].name, plants[n].rule);
    }
  Bite *found = NULL;
  for (guint k = 0; found == NULL && k < G_N_ELEMENTS (storms); k++)
    found = bite (n_plants, storms[k].run, 0, CLEAN_SEEDS - 1);
  printf ("%sok %u - nothing is found where no bug is planted\n", found != NULL ? "not " : "", n_plants + 1);
  if (found != NULL)
    printf ("# seed %u: %s: %s\n", found->seed, found->rule, found->text);
  return all && found == NULL ? 0 : 1;
}

static int
update (const char *path, guint32 from, guint32 upto)
{
  g_autoptr (GString) file = g_string_new ("# The seed that finds each planted bug, and the kind of storm if it is not "
                                           "the plain one; teeth --update writes\n"
                                           "# this anew.\n");
  gboolean all = TRUE;
  for (guint n = 0; n < n_plants; n++)
    {
      Bite *found = NULL;
      guint kind = 0;
      while ((found = bite (n, storms[kind].run, from, upto)) == NULL && kind < G_N_ELEMENTS (storms) - 1)
        kind++;
      g_autofree char *line = first_line (found != NULL ? found->text : "not found");
      printf ("%-26s %-4s %6d  %-9s %s\n", plants[n].name, plants[n].rule, found != NULL ? (int) found->seed : -1,
              found != NULL ? found->rule : "", line);
      fflush (stdout);
      if (found != NULL)
        g_string_append_printf (file, "%s %u%s\n", plants[n].name, found->seed, storms[kind].suffix);
      all &= found != NULL;
      g_clear_pointer (&found, bite_free);
    }
  return g_file_set_contents (path, file->str, -1, NULL) && all ? 0 : 1;
}

static int
look_for (const char *name, guint32 from, guint32 upto)
{
  guint n = plant_find (name);
  if (n == n_plants && !g_str_equal (name, "none"))
    {
      fprintf (stderr, "there is no plant \"%s\"\n", name);
      return 2;
    }
  Bite *found = bite (n, storms[drill_arg ? 2 : linger_arg ? 1 : 0].run, from, upto);
  if (found == NULL)
    printf ("%s: nothing found with seeds %u..%u\n", name, from, upto);
  else
    printf ("%s: seed %u: %s: %s\n", name, found->seed, found->rule, found->text);
  return found != NULL ? 0 : 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("[FILE]");
  g_autoptr (GError) error = NULL;
  guint32 from = 0, upto = MOST_SEEDS_LONG;
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }
  if ((seeds_arg != NULL && sscanf (seeds_arg, "%u..%u", &from, &upto) != 2) || (plant_arg == NULL && argc != 2))
    return 2;
  if (plant_arg != NULL)
    return look_for (plant_arg, from, upto);
  return update_arg ? update (argv[1], from, upto) : test (argv[1]);
}
