/* tests/membership/test-v14.c: leases on whole step machines: who may act, and when (V14).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/rig.h"
#include "tests/engine/mesh.h"

#define MS 1000

/* ---- a process that is stopped and goes on ---- */

/* c is stopped for so long; the others send meanwhile. What it delivers in its first step. */
static char *
first_step (gint64 stopped_us, gboolean *later)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  Box *c = &rig->boxes[2];
  c->stopped = TRUE;
  rig_advance (rig, 50 * MS);
  ty_group_send (rig->boxes[0].group, TY_SERVICE_FIFO, "x", 1, NULL);
  rig_advance (rig, stopped_us - 50 * MS);
  g_autofree char *nothing = rig_told (c);
  g_assert_cmpstr (nothing, ==, "");
  c->stopped = FALSE;
  rig_step (c);
  char *first = rig_told (c);
  g_assert_cmpint (ty_group_get_state (c->group), ==, TY_GROUP_MEMBER);
  rig_advance (rig, 150 * MS);
  g_autofree char *after = rig_told (c);
  *later = strstr (after, "deliver 0:1-1") != NULL;
  rig_free (rig);
  return first;
}

/* It wakes up with everything that the others sent before it, echoes of old among it, and delivers none of it before
 * one is fresh. */
static void
test_stopped (void)
{
  gboolean later;
  g_autofree char *brief = first_step (250 * MS, &later);
  g_assert_cmpstr (brief, ==, "deliver 0:1-1, ");
  g_autofree char *beyond = first_step (700 * MS, &later);
  g_assert_cmpstr (beyond, ==, "");
  g_assert_true (later);
}

/* Nor does it promise: as one of those who make a message safe it is silent. */
static void
test_stopped_promises_nothing (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  Box *a = &rig->boxes[0], *c = &rig->boxes[2];
  c->stopped = TRUE;
  rig_advance (rig, 50 * MS);
  ty_group_send (a->group, TY_SERVICE_SAFE, "x", 1, NULL);
  rig_advance (rig, 650 * MS);
  c->stopped = FALSE;
  rig_step (c);
  g_assert_null (rig_packet (rig, 2, 0, TY_PACKET_ORDERING, 0));
  rig_advance (rig, 150 * MS);
  g_assert_nonnull (rig_packet (rig, 2, 0, TY_PACKET_ORDERING, 0));
  g_autofree char *done = rig_told (a);
  g_assert_nonnull (strstr (done, "deliver 0:1-1"));
  rig_free (rig);
}

/* Stopped longer than silence is borne: the others go on without it, and it delivers nothing of what came after. */
static void
test_stopped_long (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  Box *a = &rig->boxes[0], *c = &rig->boxes[2];
  c->stopped = TRUE;
  rig_advance (rig, 2000 * MS);
  g_assert_cmpuint (ty_group_get_view (a->group)->n_members, ==, 2);
  ty_group_send (a->group, TY_SERVICE_FIFO, "x", 1, NULL);
  rig_advance (rig, 100 * MS);
  c->stopped = FALSE;
  rig_step (c);
  g_autofree char *first = rig_told (c);
  g_assert_null (strstr (first, "deliver"));
  rig_advance (rig, 1000 * MS);
  g_autofree char *after = rig_told (c);
  g_assert_null (strstr (after, "deliver"));
  rig_free (rig);
}

/* ---- two sides ---- */

/* Whether a process would deliver and answer if it took a step at this moment, also one that is stopped now. */
static gboolean
acts (Proc *p)
{
  TyGroup *group = p->group;
  if (!p->alive || group == NULL || group->state != TY_GROUP_MEMBER || group->frozen || group->blocked)
    return FALSE;
  p->node->now = MAX (p->node->now, p->mesh->now);
  return group->membership_ops->lease (group->membership);
}

/* All who may act are in one view. */
static guint
check_actors (Mesh *mesh, guint32 seed)
{
  const Proc *first = NULL;
  guint n = 0;
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      Proc *p = mesh->procs->pdata[i];
      if (!acts (p))
        continue;
      n++;
      if (first != NULL && !ty_view_id_equal (&first->group->view->id, &p->group->view->id))
        g_error ("seed %u at %" G_GINT64_FORMAT ": %s acts in view %s, and %s in view %s", seed, mesh->now, first->name,
                 first->group->view->label, p->name, p->group->view->label);
      if (first == NULL)
        first = p;
    }
  return n;
}

static guint
run_checked (Mesh *mesh, gint64 us, guint32 seed)
{
  guint most = 0;
  for (gint64 until = mesh->now + us; mesh->now < until;)
    {
      mesh_move (mesh);
      most = MAX (most, check_actors (mesh, seed));
    }
  return most;
}

static Mesh *
form (guint32 seed, guint n, const char *ordering)
{
  Mesh *mesh = mesh_new (seed);
  GError *error = NULL;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);
      Proc *p = mesh_spawn (mesh, name, ordering, FALSE);
      const char *contacts[] = { "sim://0", NULL };
      if (i == 0)
        ty_group_found (p->group, &error);
      else
        ty_group_join (p->group, contacts, 20 * G_USEC_PER_SEC, &error);
      g_assert_no_error (error);
      mesh_run (mesh, 300 * MS);
    }
  mesh_run (mesh, 1000 * MS);
  return mesh;
}

static void
cut_sides (Mesh *mesh, guint32 side)
{
  for (guint a = 0; a < mesh->procs->len; a++)
    for (guint b = a + 1; b < mesh->procs->len; b++)
      if ((side >> a & 1) != (side >> b & 1))
        mesh_cut (mesh, a, b);
}

static void
unblock (Mesh *mesh, guint32 seed)
{
  mesh_heal_all (mesh);
  for (guint i = 0; i < mesh->procs->len; i++)
    ((Proc *) mesh->procs->pdata[i])->stopped = FALSE;
  run_checked (mesh, 500 * MS, seed);
}

/* Every way of cutting five in two, each with its own luck: at no moment do both sides act. */
static void
test_two_sides (void)
{
  guint acted = 0;
  for (guint32 side = 1; side < 31; side++)
    {
      Mesh *mesh = form (side, 5, side % 2 == 0 ? "fifo" : "total");
      g_assert_cmpuint (check_actors (mesh, side), ==, 5);
      cut_sides (mesh, side);
      guint most = run_checked (mesh, 3000 * MS, side);
      g_assert_cmpuint (most, >=, 3);
      /* The larger side has gone on. */
      acted += check_actors (mesh, side) >= 3;
      unblock (mesh, side);
      mesh_free (mesh);
    }
  g_assert_cmpuint (acted, >=, 28);
}

/* Links that come and go, sessions that are lost, processes that are stopped, all at once. */
static void
test_unrest (void)
{
  for (guint32 seed = 100; seed < 140; seed++)
    {
      Mesh *mesh = form (seed, 4 + seed % 2, "total");
      guint n = mesh->procs->len;
      for (guint i = 0; i < 60; i++)
        {
          guint a = (guint) g_rand_int_range (mesh->rand, 0, (gint32) n);
          guint b = (guint) g_rand_int_range (mesh->rand, 0, (gint32) n);
          Proc *p = mesh->procs->pdata[a];
          switch (g_rand_int_range (mesh->rand, 0, 6))
            {
            case 0:
            case 1:
              mesh_cut (mesh, a, b);
              break;
            case 2:
              mesh_heal (mesh, a, b);
              break;
            case 3:
              if (!mesh_is_cut (mesh, a, b) && a != b)
                mesh_lose (mesh, a, b);
              break;
            case 4:
              p->stopped = !p->stopped;
              break;
            case 5:
              unblock (mesh, seed);
              break;
            }
          run_checked (mesh, g_rand_int_range (mesh->rand, 1, 400) * MS, seed);
        }
      mesh_free (mesh);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/v14/stopped", test_stopped);
  g_test_add_func ("/membership/v14/stopped-promises-nothing", test_stopped_promises_nothing);
  g_test_add_func ("/membership/v14/stopped-long", test_stopped_long);
  g_test_add_func ("/membership/v14/two-sides", test_two_sides);
  g_test_add_func ("/membership/v14/unrest", test_unrest);
  return g_test_run ();
}
