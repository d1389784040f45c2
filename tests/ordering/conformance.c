/* tests/ordering/conformance.c: every ordering listed in ordering/meson.build through the kit, and planted bugs that the
 * kit must catch.
 *
 *   ordering-conformance                             the suite
 *   ordering-conformance --ordering NAME --seed N    one seed
 *   ordering-conformance --seeds N                   that many, of each
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
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
  return g_test_run ();
}
