/* tests/engine/storm-faults.c: what befalls the processes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm-private.h"

static void
split (Storm *s)
{
  guint32 half = g_rand_int (s->mesh->rand), other = g_rand_int (s->mesh->rand);
  for (guint a = 0; a < s->mesh->procs->len; a++)
    for (guint b = 0; b < a; b++)
      if (((half >> a % 32) & 1) != ((half >> b % 32) & 1)
          && (((other >> a % 32) & 1) != 0 || mesh_chance (s->mesh, 0.9)))
        mesh_cut (s->mesh, a, b);
}

/* Each in the group, with that chance, asks to leave. */
static void
herd_leaves (Storm *s, gdouble chance)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat mine = storm_seat (s->mesh->procs->pdata[i], FALSE);
      if (!mine.over && mine.entered && storm_in_group (s) > 1 && mesh_chance (s->mesh, chance))
        ty_group_leave (mine.group, NULL);
    }
}

void
storm_fault (Storm *s)
{
  Mesh *mesh = s->mesh;
  Proc *p = storm_pick (s);
  guint n = mesh->procs->len;
  guint a = (guint) g_rand_int_range (mesh->rand, 0, (gint32) n),
        b = (guint) g_rand_int_range (mesh->rand, 0, (gint32) n);
  /* Those that make one round after another, and leave each unfinished. */
  static const gint32 of_rounds[] = { 0,  5,  8,  11, 11, 12, 16, 16, 19, 22, 22, 24, 24, 24, 24,
                                      25, 25, 25, 26, 26, 27, 28, 29, 29, 28, 28, 30, 31, 31 };
  gint32 n_of_rounds = G_N_ELEMENTS (of_rounds) - (s->simple ? 5 : 0);
  gint32 which = s->rounds ? of_rounds[g_rand_int_range (mesh->rand, 0, n_of_rounds)]
                           : g_rand_int_range (mesh->rand, 0, s->simple ? 30 : 32);
  switch (which)
    {
    case 0:
      if (p != NULL && storm_in_group (s) > 2)
        p->crash_after = g_rand_int_range (mesh->rand, 0, 30);
      break;
    case 1:
    case 2:
      mesh_cut (mesh, a, b);
      break;
    case 3:
    case 4:
      mesh_heal (mesh, a, b);
      break;
    case 5:
      if (!mesh_is_cut (mesh, a, b))
        mesh_lose (mesh, a, b);
      break;
    case 6:
      if (p != NULL)
        p->stopped = !p->stopped;
      break;
    case 7:
      for (guint i = 0; i < n; i++)
        ((Proc *) mesh->procs->pdata[i])->stopped = FALSE;
      break;
    case 8:
    case 9:
      if (storm_in_group (s) < s->most && s->spawned < 40)
        storm_join (s, storm_spawn (s, mesh_chance (mesh, 0.5), NULL), STORM_JOIN_US);
      break;
    case 10:
      if (p != NULL && p->entered && storm_in_group (s) > 1)
        ty_group_leave (p->group, NULL);
      break;
    case 11:
      if (mesh_chance (mesh, 0.3))
        mesh_heal_all (mesh);
      break;
    case 12:
      if (a != b)
        mesh_lose_at (mesh, a, b);
      break;
    case 13:
      if (p != NULL && p->second != NULL && p->second_entered && !p->second_over)
        ty_group_leave (p->second, NULL);
      break;
    case 14:
      if (p != NULL && !p->entered)
        ty_group_cancel_join (p->group);
      break;
    case 15:
      for (guint i = 0; i < n; i++)
        if (((Proc *) mesh->procs->pdata[i])->alive && mesh_chance (mesh, 0.5))
          mesh_load (mesh->procs->pdata[i]);
      break;
    case 16:
    case 17:
      if (p != NULL)
        storm_isolate (s, p, mesh_chance (mesh, 0.5));
      break;
    case 18:
      split (s);
      break;
    case 19:
      if (mesh_chance (mesh, 0.3))
        herd_leaves (s, g_rand_double (mesh->rand));
      break;
    case 20:
      p = storm_pick_dead (s);
      if (p != NULL && s->spawned < 40)
        storm_join (s, storm_spawn (s, mesh_chance (mesh, 0.5), p), STORM_JOIN_US);
      break;
    case 21:
      if (p != NULL)
        p->slow = !p->slow;
      break;
    case 26:
      if (p != NULL && s->again == NULL)
        storm_isolate_for_a_moment (s, p);
      break;
    case 28:
      if (p != NULL && p->entered && s->doomed_in == 0)
        storm_doom (s, p);
      break;
    case 31:
      if (p != NULL && p->entered && s->parted[0] == NULL)
        storm_part (s, p);
      break;
    case 30:
      if (p != NULL && p->entered && s->late == NULL)
        storm_delay (s, p);
      break;
    case 29:
      if (p != NULL && p->entered)
        storm_forsake (s, p);
      break;
    case 27:
      if (p != NULL && p->entered && s->alone == NULL && storm_in_group (s) > 2)
        storm_leave_one_alone (s, p);
      break;
    case 24:
      mesh_lose (mesh, a, b);
      mesh_cut (mesh, a, b);
      break;
    case 25:
      for (guint i = 0; p != NULL && i < n; i++)
        mesh_heal (mesh, p->index, i);
      break;
    case 22:
    case 23:
      if (mesh_chance (mesh, 0.5))
        mesh_heal_all (mesh);
      break;
    }
}
