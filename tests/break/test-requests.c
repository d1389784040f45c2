/* tests/break/test-requests.c: requests that cross each other, and what happens meanwhile.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/ordering-port.h"
#include "tests/engine/mesh.h"

static Proc *
joiner (Mesh *mesh, Proc *contact, const char *name, gboolean takes_state)
{
  const char *ordering = ty_group_get_ordering (contact->group)->name;
  Proc *p = mesh_spawn (mesh, name, ordering, takes_state);
  const char *contacts[] = { contact->address, NULL };
  g_assert_true (ty_group_join (p->group, contacts, 5000000, NULL));
  return p;
}

/* Who leaves while it still takes in the state, and is shut out meanwhile, is told of both: it is not in, and it is
 * out. */
static void
test_leaving_while_loading (void)
{
  Mesh *mesh = mesh_new (1);
  Proc *a = mesh_spawn (mesh, "a", "total", FALSE);
  g_assert_true (ty_group_found (a->group, NULL));
  mesh_run (mesh, 100000);
  joiner (mesh, a, "b", FALSE);
  mesh_run (mesh, 1000000);
  Proc *c = joiner (mesh, a, "c", TRUE);
  c->hold_load = TRUE;
  mesh_run (mesh, 1000000);
  g_assert_cmpint (ty_group_get_state (c->group), ==, TY_GROUP_MEMBER);
  g_assert_false (c->entered);
  c->stopped = TRUE;
  mesh_run (mesh, 3000000);
  g_assert_cmpuint (ty_group_get_view (a->group)->n_members, ==, 2);
  g_assert_true (ty_group_leave (c->group, NULL));
  c->stopped = FALSE;
  mesh_run (mesh, 3000000);
  g_assert_true (ty_group_is_over (c->group));
  g_assert_true (c->failed);
  g_assert_true (c->left);
  g_assert_false (c->excluded);
  mesh_free (mesh);
}

/* Joining is given up at any moment, and begun again at once by the same process: it comes in, and nobody is the worse
 * for it. */
static void
test_join_again (void)
{
  for (guint seed = 0; seed < 300; seed++)
    {
      Mesh *mesh = mesh_new (seed);
      GError *error = NULL;
      Proc *a = mesh_spawn (mesh, "a", "total", FALSE);
      g_assert_true (ty_group_found (a->group, NULL));
      mesh_run (mesh, 100000);
      Proc *b = joiner (mesh, a, "b", FALSE);
      mesh_run (mesh, 1000000);
      Proc *c = joiner (mesh, a, "c", seed % 2 == 1);
      for (guint again = 0; again < 3; again++)
        {
          for (guint i = seed / 3 % 100; i > 0; i--)
            mesh_move (mesh);
          TyGroup *former = c->group;
          if (ty_group_get_state (former) != TY_GROUP_JOINING && ty_group_get_state (former) != TY_GROUP_NEW)
            break;
          ty_group_cancel_join (former);
          mesh_step (c);
          if (ty_group_get_state (former) != TY_GROUP_FAILED)
            break;
          ty_group_drop (former);
          c->group = ty_group_new (c->node, "g", "total", &error);
          g_assert_no_error (error);
          ty_group_set_takes_state (c->group, seed % 2 == 1);
          const char *contacts[] = { again == 0 ? a->address : b->address, NULL };
          ty_group_join (c->group, contacts, 60 * G_USEC_PER_SEC, &error);
          g_assert_no_error (error);
        }
      for (guint i = 0; i < 600 && !c->entered; i++)
        mesh_run (mesh, 50000);
      if (!c->entered && !c->failed)
        g_error ("seed %u: c is not in", seed);
      mesh_run (mesh, 3000000);
      g_assert_cmpuint (mesh_refused (mesh), ==, 0);
      guint64 delivered = b->delivered;
      g_assert_cmpuint (ty_group_send (a->group, TY_SERVICE_SAFE, "x", 1, NULL), >, 0);
      mesh_run (mesh, 3000000);
      g_assert_cmpuint (b->delivered, ==, delivered + 1);
      mesh_free (mesh);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/break/leaving-while-loading", test_leaving_while_loading);
  g_test_add_func ("/break/join-again", test_join_again);
  return g_test_run ();
}
