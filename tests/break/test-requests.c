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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/break/leaving-while-loading", test_leaving_while_loading);
  return g_test_run ();
}
