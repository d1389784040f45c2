/* tests/ordering/conformance.c: every ordering listed in ordering/meson.build through the kit, and planted bugs that
 * the kit must catch.
 *
 *   ordering-conformance                             the suite
 *   ordering-conformance --ordering NAME --seed N    one seed
 *   ordering-conformance --seeds N                   that many, of each
 *
 * Compiled with EXAMPLE it runs over that one instead, a TyetOrderingClass of examples/orderings/, through the public
 * interface.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broken.h"
#include "core/modules.h"
#include "kit.h"

#ifdef EXAMPLE
#include "core/tyet-ordering.h"
extern const TyetOrderingClass EXAMPLE;
#endif

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
          g_test_message ("%s\nagain with: %s --ordering %s --seed %d", error, g_get_prgname (), ops->name, seed);
          g_test_fail ();
          return;
        }
    }
}

static void
no_deliver (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 number, guint64 last)
{
  g_assert_not_reached ();
}

static void
no_multicast (gpointer host, gconstpointer data, gsize len)
{
  g_assert_not_reached ();
}

/* Objects that see no message, freed at every point of a view. */
static void
test_lifecycle (gconstpointer data)
{
  static const TyOrderingHost host = { .deliver = no_deliver, .multicast = no_multicast };
  const TyOrderingOps *ops = data;
  g_assert_cmpuint (ops->port_version, ==, TY_ORDERING_PORT_VERSION);
  g_assert_cmpint (ops->standard, <=, ops->strongest);
  for (guint stop = 0; stop < 6; stop++)
    {
      TyOrdering *o = ops->create (ops, &host, NULL);
      g_assert_true (o->ops == ops);
      for (guint view = 0; view < stop; view++)
        {
          g_autoptr (GByteArray) digest = g_byte_array_new ();
          g_autoptr (GByteArray) order = g_byte_array_new ();
          guint64 cut[3] = { 0, 0, 0 };
          guint faulty;
          ops->begin (o, 3, view % 3);
          ops->pump (o);
          if (stop == 2)
            break;
          ops->set_mode (o, FALSE, FALSE);
          ops->pump (o);
          ops->digest (o, digest);
          if (stop == 3)
            break;
          TyReader digests[3] = { [1] = TY_READER (digest->data, digest->len) };
          g_assert_true (ops->merge (o, digests, order, &faulty));
          g_assert_true (ops->check_order (o, order->data, order->len));
          ops->close (o, &(TyClosing){ .cut = cut, .order = order->data, .order_len = order->len });
          g_assert_cmpuint (ops->delivered (o, 2), ==, 0);
          ops->pump (o);
        }
      ops->free (o);
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
#ifdef EXAMPLE
  g_autoptr (GError) error = NULL;
  if (!tyet_ordering_register (&EXAMPLE, &error))
    g_error ("%s", error->message);
#endif
  if (seed >= 0)
    return play_one (name != NULL ? name : "", (guint64) seed);

  g_test_init (&argc, &argv, NULL);
  const TyOrderingOps *ops;
  for (guint i = 0; (ops = ty_modules_nth_ordering (&ty_modules, i)) != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/ordering/%s/seeds", ops->name);
      g_test_add_data_func (path, ops, test_seeds);
      g_autofree char *lifecycle = g_strdup_printf ("/ordering/%s/lifecycle", ops->name);
      g_test_add_data_func (lifecycle, ops, test_lifecycle);
    }
#ifdef EXAMPLE
  return g_test_run ();
#endif
  for (guint i = 0; i < n_broken; i++)
    {
      g_autofree char *path = g_strdup_printf ("/ordering/planted/%s/%s/%u", broken[i].victim, broken[i].name, i);
      g_strdelimit (path, " ", '-');
      g_test_add_data_func (path, &broken[i], test_broken);
    }
  return g_test_run ();
}
