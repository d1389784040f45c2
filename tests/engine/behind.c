/* tests/engine/behind.c: a member that is alive, and takes nothing: it is borne for so long, then the group goes on
 * without it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-error.h"
#include "core/view.h"
#include "tests/engine/mesh.h"

static Mesh *
three (gint64 lag_us)
{
  Mesh *mesh = mesh_new (7);
  mesh->config.window_bytes = 4096;
  mesh->config.lag_us = lag_us;
  const char *const names[] = { "a", "b", "c" };
  for (guint i = 0; i < 3; i++)
    {
      Proc *p = mesh_spawn (mesh, names[i], "total", FALSE);
      const char *const contacts[] = { "sim://0", NULL };
      if (i == 0)
        g_assert_true (ty_group_found (p->group, NULL));
      else
        g_assert_true (ty_group_join (p->group, contacts, G_MAXINT64, NULL));
      for (guint n = 0; n < 200 && !p->entered; n++)
        mesh_run (mesh, 20000);
      g_assert_true (p->entered);
    }
  mesh_run (mesh, 1000000);
  return mesh;
}

static Proc *
proc (Mesh *mesh, guint i)
{
  return mesh->procs->pdata[i];
}

static void
fill (Proc *p)
{
  guint8 data[500] = { 0 };
  GError *error = NULL;
  while (ty_group_send (p->group, TY_SERVICE_FIFO, data, sizeof data, &error) > 0)
    mesh_step (p);
  g_assert_error (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
}

static void
goes_on_without (guint slow, guint sender)
{
  Mesh *mesh = three (4000000);
  proc (mesh, slow)->slow = TRUE;
  fill (proc (mesh, sender));
  mesh_run (mesh, 1500000);
  /* Borne so far, and named. */
  g_assert_cmpuint (ty_group_get_view (proc (mesh, sender)->group)->n_members, ==, 3);
  g_autoptr (GArray) waits = ty_group_waits (proc (mesh, sender)->group, mesh->now);
  gboolean named = FALSE;
  for (guint i = 0; i < waits->len; i++)
    {
      const TyGroupWait *wait = &g_array_index (waits, TyGroupWait, i);
      named |= g_str_equal (wait->what, "window") && g_strcmp0 (wait->member, proc (mesh, slow)->name) == 0;
    }
  g_assert_true (named);
  mesh_run (mesh, 8000000);
  g_assert_cmpuint (ty_group_get_view (proc (mesh, sender)->group)->n_members, ==, 2);
  g_assert_true (proc (mesh, slow)->excluded);
  g_assert_cmpuint (proc (mesh, sender)->room, >, 0);
  mesh_free (mesh);
}

static void
youngest (void)
{
  goes_on_without (2, 1);
}

static void
oldest (void)
{
  goes_on_without (0, 2);
}

static void
never (void)
{
  Mesh *mesh = three (0);
  proc (mesh, 2)->slow = TRUE;
  fill (proc (mesh, 1));
  mesh_run (mesh, 120000000);
  g_assert_cmpuint (ty_group_get_view (proc (mesh, 1)->group)->n_members, ==, 3);
  proc (mesh, 2)->slow = FALSE;
  mesh_run (mesh, 2000000);
  g_assert_cmpuint (proc (mesh, 1)->room, ==, 1);
  g_assert_cmpuint (proc (mesh, 2)->delivered, ==, proc (mesh, 0)->delivered);
  mesh_free (mesh);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/behind/youngest", youngest);
  g_test_add_func ("/behind/oldest", oldest);
  g_test_add_func ("/behind/never", never);
  return g_test_run ();
}
