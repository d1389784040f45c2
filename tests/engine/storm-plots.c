/* tests/engine/storm-plots.c: faults that are made of several things: each makes one of the narrow schedules in
 * which a rule of doc/protocol.md is needed. One is begun as a fault, and goes on a move at a time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm-private.h"

#include "membership/membership.h"

void
storm_isolate_for_a_moment (Storm *s, Proc *p)
{
  storm_isolate (s, p, FALSE);
  s->again = p;
  s->again_at
      = s->mesh->now + (gint64) ((gdouble) s->mesh->config.suspect_after_us * (0.8 + g_rand_double (s->mesh->rand)));
}

void
storm_part (Storm *s, const Proc *p)
{
  Proc *a = storm_member_at (s, p, 0), *b = storm_member_at (s, p, 1);
  if (a == NULL || b == NULL || !a->alive || !b->alive || storm_seat (a, FALSE).over)
    return;
  mesh_cut (s->mesh, a->index, b->index);
  s->parted[0] = a;
  s->parted[1] = b;
  s->parted_until
      = s->mesh->now
        + (gint64) ((gdouble) s->mesh->config.suspect_after_us * (0.4 + 1.2 * g_rand_double (s->mesh->rand)));
}

void
storm_leave_one_alone (Storm *s, Proc *stays)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat mine = storm_seat (s->mesh->procs->pdata[i], FALSE);
      if (i != stays->index && !mine.over && mine.entered)
        ty_group_leave (mine.group, NULL);
    }
  s->alone = stays;
  s->alone_in = (guint) g_rand_int_range (s->mesh->rand, 1, 60);
}

void
storm_doom (Storm *s, Proc *p)
{
  Proc *first = storm_member_at (s, p, 0);
  if (first == NULL || first == p || !first->alive || storm_in_group (s) < 5)
    return;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    if (i != first->index)
      mesh_cut (s->mesh, p->index, i);
  if (!first->stopped && !storm_seat (first, FALSE).over)
    ty_group_send (first->group, (TyService) s->strongest, "talk", 4, NULL);
  s->doomed[0] = p;
  s->doomed[1] = first;
  s->doomed_in = (guint) g_rand_int_range (s->mesh->rand, 20, 250);
  s->talks = p;
  s->talks_for = 15;
  s->comes = NULL;
  if (!s->simple && s->spawned < 40 && mesh_chance (s->mesh, 0.7))
    {
      for (guint i = 0; i < s->mesh->procs->len; i++)
        ((Proc *) s->mesh->procs->pdata[i])->slow = i != first->index;
      s->comes = storm_spawn (s, FALSE, NULL);
      storm_join (s, s->comes, STORM_LONG_JOIN_US);
      s->doomed_in *= 2;
    }
}

void
storm_delay (Storm *s, Proc *p)
{
  p->tardy = TRUE;
  s->late = p;
  s->late_for = (guint) g_rand_int_range (s->mesh->rand, 100, 600);
}

/* Everybody else talks. */
static void
talk_to (Storm *s, const Proc *p)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat other = storm_seat (s->mesh->procs->pdata[i], FALSE);
      if (i != p->index && !other.over && other.entered && mesh_chance (s->mesh, 0.1))
        storm_send_some (s, s->mesh->procs->pdata[i]);
    }
}

static gboolean
has_flushed (const Proc *p)
{
  const TyMembership *m = p != NULL && p->alive && p->group != NULL ? p->group->membership : NULL;
  for (guint i = 0; m != NULL && i < m->records->len; i++)
    if (((const Record *) m->records->pdata[i])->accepted)
      return TRUE;
  return FALSE;
}

void
storm_forsake (Storm *s, Proc *p)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    if (i != p->index)
      mesh_lose_at (s->mesh, i, p->index);
  s->talks = p;
  s->talks_for = 150;
}

void
storm_what_was_begun (Storm *s)
{
  if (s->talks != NULL && s->talks_for-- > 0 && !s->talks->stopped && !storm_seat (s->talks, FALSE).over
      && mesh_chance (s->mesh, 0.2))
    ty_group_send (s->talks->group, (TyService) s->strongest, "talk", 4, NULL);
  if (s->doomed_in > 0 && (--s->doomed_in == 0 || has_flushed (s->comes)))
    {
      for (guint i = 0; i < s->mesh->procs->len && s->comes != NULL; i++)
        {
          ((Proc *) s->mesh->procs->pdata[i])->slow = FALSE;
          for (guint d = 0; d < 2; d++)
            mesh_lose (s->mesh, i, s->doomed[d]->index);
        }
      for (guint i = 0; i < 2; i++)
        mesh_crash (s->doomed[i]);
      s->doomed_in = 0;
      s->comes = NULL;
    }
  if (s->late != NULL && --s->late_for == 0)
    {
      s->late->tardy = FALSE;
      s->late = NULL;
    }
  if (s->late != NULL)
    talk_to (s, s->late);
  if (s->parted[0] != NULL && s->mesh->now >= s->parted_until)
    {
      mesh_heal (s->mesh, s->parted[0]->index, s->parted[1]->index);
      s->talks = s->parted[0];
      s->talks_for = 200;
      s->parted[0] = NULL;
    }
  if (s->again != NULL && s->mesh->now >= s->again_at)
    {
      for (guint i = 0; i < s->mesh->procs->len; i++)
        mesh_heal (s->mesh, i, s->again->index);
      s->again = NULL;
    }
  if (s->alone == NULL || --s->alone_in > 0)
    return;
  storm_isolate (s, s->alone, TRUE);
  s->alone = NULL;
}
