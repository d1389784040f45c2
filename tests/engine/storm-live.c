/* tests/engine/storm-live.c: who can be demanded to go on once all is healed, and whether they do.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm-private.h"

gboolean
storm_stranded (const Storm *s, const Proc *p, gboolean second)
{
  Seat mine = storm_seat (p, second);
  if (mine.group == NULL || ty_group_get_state (mine.group) != TY_GROUP_BLOCKED)
    return FALSE;
  TyetView *view = ty_group_get_view (mine.group);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *q = s->mesh->procs->pdata[i];
      Seat other = storm_seat (q, second);
      gboolean known = ty_view_rank (view, &q->pid) < view->n_members || g_ptr_array_find (p->contacts, q, NULL);
      if (q != p && !other.over && other.entered && known)
        return FALSE;
    }
  return TRUE;
}

/* Nobody is left of those whom it asks to let it in. */
static gboolean
asks_the_dead (const Proc *p)
{
  for (guint i = 0; i < p->contacts->len; i++)
    if (!storm_seat (p->contacts->pdata[i], FALSE).over)
      return FALSE;
  return !p->entered;
}

/* All who are alive and not cut off come to one view, with nobody in it who is not. */
static gboolean
group_converged (const Storm *s, gboolean second)
{
  TyetView *view = NULL;
  guint n = 0;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      Seat mine = storm_seat (p, second);
      if (mine.over || storm_stranded (s, p, second) || (!mine.entered && asks_the_dead (p)))
        continue;
      if (!mine.entered || ty_group_get_state (mine.group) != TY_GROUP_MEMBER)
        return FALSE;
      TyetView *its = ty_group_get_view (mine.group);
      if (view != NULL && its->id.number != view->id.number)
        return FALSE;
      view = its;
      n++;
    }
  return view == NULL || n == view->n_members;
}

static gboolean
in_view (Seat mine, const TyetView *tip)
{
  const TyetView *view = mine.over ? NULL : ty_group_get_view (mine.group);
  return view != NULL && view->id.number == tip->id.number;
}

/* Somebody is left of those who closed the view before `tip`: who has not closed it yet can be given what it lacks
 * (V13). */
static gboolean
can_follow (const Storm *s, const TyetView *tip, gboolean second)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *p = s->mesh->procs->pdata[i];
      guint rank = ty_view_rank (tip, &p->pid);
      if (in_view (storm_seat (p, second), tip) && rank < tip->n_members && tip->members[rank].since < tip->id.number)
        return TRUE;
    }
  return FALSE;
}

/* V13: the view that a process is in ended without it, and nobody is left who has what was said there. */
static gboolean
left_alone (const Storm *s, const Proc *p, gboolean second, const TyetView *tip)
{
  TyetView *view = ty_group_get_view (storm_seat (p, second).group);
  if (view == NULL || view->id.number >= tip->id.number)
    return FALSE;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *q = s->mesh->procs->pdata[i];
      if (q != p && !storm_seat (q, second).over && ty_view_rank (view, &q->pid) < view->n_members)
        return FALSE;
    }
  return TRUE;
}

gboolean
storm_may_go_on (const Storm *s, gboolean second)
{
  TyetView *tip = NULL;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat mine = storm_seat (s->mesh->procs->pdata[i], second);
      TyetView *view = !mine.over ? ty_group_get_view (mine.group) : NULL;
      if (view != NULL && (tip == NULL || view->id.number > tip->id.number))
        tip = view;
    }
  if (tip == NULL)
    return FALSE;
  g_autofree gboolean *there = g_new0 (gboolean, tip->n_members);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      guint rank = ty_view_rank (tip, &p->pid);
      /* Who has not loaded may be taken out, or fail; who is about to leave may go without a word. */
      Seat mine = storm_seat (p, second);
      gboolean may = !mine.over && (in_view (mine, tip) || can_follow (s, tip, second));
      if (rank < tip->n_members && may && !left_alone (s, p, second, tip))
        there[rank] = TRUE;
    }
  return ty_members_quorum (tip->members, tip->n_members, there);
}

gboolean
storm_converged (const Storm *s)
{
  return (!storm_may_go_on (s, FALSE) || group_converged (s, FALSE))
         && (!storm_may_go_on (s, TRUE) || group_converged (s, TRUE));
}

guint64
storm_views (const Storm *s)
{
  guint64 sum = 0;
  for (guint i = 0; i < 2 * s->mesh->procs->len; i++)
    {
      Seat mine = storm_seat (s->mesh->procs->pdata[i / 2], i % 2 == 1);
      if (!mine.over && ty_group_get_view (mine.group) != NULL && storm_may_go_on (s, i % 2 == 1))
        sum += mine.group->stats.views;
    }
  return sum;
}

gboolean
storm_under_way (const Storm *s)
{
  for (guint i = 0; i < 2 * s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i / 2];
      gboolean second = i % 2 == 1;
      Seat mine = storm_seat (p, second);
      TyGroupStats stats;
      if (mine.over || storm_stranded (s, p, second) || !storm_may_go_on (s, second))
        continue;
      ty_group_get_stats (mine.group, &stats);
      if (stats.unstable_bytes > 0 || stats.queued_bytes > 0 || stats.window_used_bytes > 0)
        return TRUE;
      if (!second && p->wants_room > p->room)
        return TRUE;
    }
  return FALSE;
}
