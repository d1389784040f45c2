/* tests/ordering/conformance.c: every ordering listed in ordering/meson.build through the kit, and planted bugs that the
 * kit must catch.
 *
 *   ordering-conformance                             the suite
 *   ordering-conformance --ordering NAME --seed N    one seed
 *   ordering-conformance --seeds N                   that many, of each
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broken.h"
#include "core/modules.h"
#include "kit.h"

static int n_seeds = 1500;

static void
test_seeds (gconstpointer data)
{
  const TyOrderingOps *ops = data;
  for (int seed = 1; seed <= n_seeds; seed++)
    {
      g_autofree char *error = kit_check_seed (ops, (guint64) seed);
      if (error != NULL)
        {
          g_test_message ("%s\nagain with: ordering-conformance --ordering %s --seed %d", error, ops->name, seed);
          g_test_fail ();
          return;
        }
    }
}

/* The kit finds the bug, and for its own reason. */
static void
test_broken (gconstpointer data)
{
  const Broken *b = data;
  const TyOrderingOps *victim = ty_modules_find_ordering (&ty_modules, b->victim);
  if (victim == NULL)
    {
      g_test_skip ("the ordering that it spoils is not built");
      return;
    }
  for (guint64 seed = 1; seed <= 3000; seed++)
    {
      g_autofree char *error = kit_check_seed (broken_make (victim, b), seed);
      if (error == NULL)
        continue;
      if (strstr (strchr (error, ':') + 1, b->finding) != NULL)
        {
          g_test_message ("%s", error);
          return;
        }
    }
  g_test_fail_printf ("not caught: an ordering that %s", b->name);
}

static int
play_one (const char *name, guint64 seed)
{
  const TyOrderingOps *ops = ty_modules_find_ordering (&ty_modules, name);
  if (ops == NULL)
    {
      g_printerr ("no ordering is called %s\n", name);
      return 2;
    }
  g_autofree char *error = kit_check_seed (ops, seed);
  g_print ("%s\n", error != NULL ? error : "good");
  return error != NULL;
}

int
main (int argc, char **argv)
{
  g_autofree char *name = NULL;
  gint64 seed = -1;
  const GOptionEntry options[] = {
    { "ordering", 0, 0, G_OPTION_ARG_STRING, &name, "only this one", "NAME" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "only this seed", "N" },
    { "seeds", 0, 0, G_OPTION_ARG_INT, &n_seeds, "how many seeds", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_add_main_entries (context, options, NULL);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  if (!g_option_context_parse (context, &argc, &argv, NULL))
    return 2;
  if (seed >= 0)
    return play_one (name != NULL ? name : "", (guint64) seed);

  g_test_init (&argc, &argv, NULL);
  for (const TyOrderingOps *const *o = ty_modules.orderings; *o != NULL; o++)
    {
      g_autofree char *path = g_strdup_printf ("/ordering/%s/seeds", (*o)->name);
      g_test_add_data_func (path, *o, test_seeds);
    }
  for (guint i = 0; i < n_broken; i++)
    {
      g_autofree char *path = g_strdup_printf ("/ordering/planted/%s/%s/%u", broken[i].victim, broken[i].name, i);
      g_strdelimit (path, " ", '-');
      g_test_add_data_func (path, &broken[i], test_broken);
    }
  return g_test_run ();
}
