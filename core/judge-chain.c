/* core/judge-chain.c: whether the primary views of each group are one chain (P5, P6, P8), from what the histories say
 * of what was decided after what, and from the way that each process went.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

static guint32
first_of (TyJudge *j, guint32 view)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  return stays->len > 0 ? ty_stay_process (j, g_array_index (stays, guint32, 0)) : 0;
}

/* What `prev` says. P6. */
static void
link_by_prev (TyJudge *j)
{
  GHashTable *firsts = g_hash_table_new (NULL, NULL); /* group -> its first view */
  for (guint32 view = 1; view < j->view->len; view++)
    {
      TyJudgeView *v = TY_VIEW (j, view);
      if (v->prev == 0)
        continue;
      guint32 rival = 0;
      if (v->prev == TY_VIEW_FIRST)
        {
          gpointer group = GUINT_TO_POINTER (v->group);
          rival = GPOINTER_TO_UINT (g_hash_table_lookup (firsts, group));
          if (rival == 0)
            g_hash_table_insert (firsts, group, GUINT_TO_POINTER (view));
        }
      else
        {
          TyJudgeView *before = TY_VIEW (j, v->prev);
          v->after = v->prev;
          rival = before->next;
          if (rival == 0)
            before->next = view;
        }
      if (rival != 0)
        ty_judge_violation (
            j, TY_RULE_FORK,
            (TyConcerned){ v->group, { first_of (j, rival), first_of (j, view) }, { 0 }, { rival, view } },
            "views %s and %s are both %s%s", ty_judge_view_text (j, rival), ty_judge_view_text (j, view),
            v->prev == TY_VIEW_FIRST ? "the first of their group" : "decided after ",
            v->prev == TY_VIEW_FIRST ? "" : ty_judge_view_text (j, v->prev));
    }
  g_hash_table_unref (firsts);
}

/* What the processes did. P5; P8: nothing has two predecessors. */
static void
link_by_steps (TyJudge *j)
{
  for (guint32 view = 1; view < j->view->len; view++)
    {
      TyJudgeView *v = TY_VIEW (j, view);
      guint32 next = 0, next_of = 0;
      for (guint i = 0; i < v->stays->len; i++)
        {
          guint32 stay = g_array_index (v->stays, guint32, i);
          if (TY_STAY (j, stay)->next == 0)
            continue;
          guint32 to = TY_STAY (j, TY_STAY (j, stay)->next)->view;
          guint32 process = ty_stay_process (j, stay);
          if (next == to)
            continue;
          if (next != 0)
            {
              ty_judge_violation (j, TY_RULE_NEXT,
                                  (TyConcerned){ v->group, { next_of, process }, { 0 }, { view, next, to } },
                                  "from view %s %s goes on to %s, %s to %s", ty_judge_view_text (j, view),
                                  ty_judge_process_text (j, next_of), ty_judge_view_text (j, next),
                                  ty_judge_process_text (j, process), ty_judge_view_text (j, to));
              continue;
            }
          next = to;
          next_of = process;
          if (v->next == 0)
            v->next = to;
          TyJudgeView *w = TY_VIEW (j, to);
          if (w->after == 0 && w->prev == 0)
            w->after = view;
          else if (w->after != view && w->prev == 0)
            ty_judge_violation (j, TY_RULE_CHAIN, (TyConcerned){ v->group, { process }, { 0 }, { w->after, view, to } },
                                "view %s comes after %s and after %s", ty_judge_view_text (j, to),
                                ty_judge_view_text (j, w->after), ty_judge_view_text (j, view));
        }
    }
}

/* P8: following what comes before leads to an end. */
static void
find_circles (TyJudge *j)
{
  g_autofree guint32 *walked = g_new0 (guint32, j->view->len); /* by which walk */
  for (guint32 start = 1; start < j->view->len; start++)
    {
      guint32 view = start;
      while (view != 0 && walked[view] == 0)
        {
          walked[view] = start;
          view = TY_VIEW (j, view)->after;
        }
      if (view != 0 && walked[view] == start)
        ty_judge_violation (
            j, TY_RULE_CHAIN,
            (TyConcerned){
                TY_VIEW (j, view)->group, { first_of (j, view) }, { 0 }, { view, TY_VIEW (j, view)->after } },
            "view %s comes before itself", ty_judge_view_text (j, view));
    }
}

static gboolean
share_a_member (TyJudge *j, guint32 a, guint32 b)
{
  const TyJudgeView *v = TY_VIEW (j, a), *w = TY_VIEW (j, b);
  j->mark++;
  for (guint i = 0; i < v->n_members; i++)
    TY_PROCESS (j, v->members[i])->mark = j->mark;
  for (guint i = 0; i < w->n_members; i++)
    if (TY_PROCESS (j, w->members[i])->mark == j->mark)
      return TRUE;
  return FALSE;
}

/* P8: of two views, one after the other, somebody is in both. */
static void
check_continuity (TyJudge *j)
{
  for (guint32 view = 1; view < j->view->len; view++)
    {
      const TyJudgeView *v = TY_VIEW (j, view);
      if (v->after == 0 || v->members == NULL || TY_VIEW (j, v->after)->members == NULL
          || share_a_member (j, v->after, view))
        continue;
      ty_judge_violation (
          j, TY_RULE_CHAIN, (TyConcerned){ v->group, { first_of (j, view) }, { 0 }, { v->after, view } },
          "nobody of view %s is in view %s, the next", ty_judge_view_text (j, v->after), ty_judge_view_text (j, view));
    }
}

static guint32
last_after (TyJudge *j, guint32 head)
{
  guint32 view = head;
  for (guint32 steps = 0; steps < j->view->len; steps++)
    {
      guint32 next = TY_VIEW (j, view)->next;
      if (next == 0 || TY_VIEW (j, next)->after != view)
        break;
      view = next;
    }
  return view;
}

/* P8: where the record shows several pieces of chain (all who went from one to the other may have died before they
 * wrote of it), they must fit together: the end of one shares a member with the beginning of another. */
static void
check_pieces (TyJudge *j)
{
  g_autoptr (GArray) heads = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint32 view = 1; view < j->view->len; view++)
    if (TY_VIEW (j, view)->members != NULL && TY_VIEW (j, view)->after == 0)
      g_array_append_val (heads, view);
  for (guint i = 0; i < heads->len; i++)
    {
      guint32 head = g_array_index (heads, guint32, i);
      guint32 rival = 0;
      gboolean fits = TY_VIEW (j, head)->prev == TY_VIEW_FIRST; /* P6 has seen to these */
      for (guint k = 0; k < heads->len && !fits; k++)
        {
          guint32 other = g_array_index (heads, guint32, k);
          if (k == i || TY_VIEW (j, other)->group != TY_VIEW (j, head)->group)
            continue;
          rival = other;
          fits = share_a_member (j, last_after (j, other), head) || share_a_member (j, last_after (j, head), other);
        }
      if (!fits && rival != 0)
        ty_judge_violation (
            j, TY_RULE_CHAIN,
            (TyConcerned){
                TY_VIEW (j, head)->group, { first_of (j, rival), first_of (j, head) }, { 0 }, { rival, head } },
            "views %s and %s are not in one chain: nobody of one part is in the other", ty_judge_view_text (j, rival),
            ty_judge_view_text (j, head));
    }
}

void
ty_judge_chain (TyJudge *j)
{
  link_by_prev (j);
  link_by_steps (j);
  find_circles (j);
  check_continuity (j);
  check_pieces (j);
}
