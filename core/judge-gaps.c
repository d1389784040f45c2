/* core/judge-gaps.c: 6.3 in one view and the transitional ones behind it: who delivers an agreed or safe message has
 * delivered those that come before it in the order; in a transitional view, those of them that its members sent.
 *
 * Where somebody delivered x right before y, it suffices to ask of each who delivered y in the regular view whether it
 * delivered x: for what comes before x the same is asked at x.  In a transitional view messages of others may be left
 * out, and what counts is the last of a member: so there the question is put anew for each such view, of the messages
 * delivered in it.  What everybody delivered in the regular view needs no further question, so that each process's
 * deliveries are walked through from there only.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

typedef struct
{
  TyJudge *j;
  guint32 view;
  const GArray *stays;
  const GArray *nodes; /* guint32: the message of each node */
  guint32 *before;     /* by node: its first in `rank`, and one more */
  TyOrderEdge *rank;   /* edges by where they lead to */
  guint32 *has;        /* by node: 1 + the slot that was last found to have delivered it */
  guint *tail;         /* by slot: the event behind the last that everybody has delivered in the regular view */
} Gaps;

static const TyStay *
stay_at (const Gaps *g, guint slot)
{
  return TY_STAY (g->j, g_array_index (g->stays, guint32, slot));
}

static guint32
node_of (const Gaps *g, guint32 message)
{
  return TY_MESSAGE (g->j, message)->node;
}

static void
sort_edges (Gaps *g, const GArray *edges)
{
  guint n = g->nodes->len;
  memset (g->before, 0, (n + 1) * sizeof (guint32));
  g->rank = g_renew (TyOrderEdge, g->rank, edges->len + 1);
  for (guint i = 0; i < edges->len; i++)
    g->before[g_array_index (edges, TyOrderEdge, i).to]++;
  for (guint i = 1; i <= n; i++)
    g->before[i] += g->before[i - 1];
  for (guint i = edges->len; i-- > 0;)
    {
      const TyOrderEdge *e = &g_array_index (edges, TyOrderEdge, i);
      g->rank[--g->before[e->to]] = *e;
    }
  /* Mostly all say the same: once is enough. */
  guint32 kept = 0;
  for (guint node = 0, from, to; node < n; node++)
    {
      from = g->before[node];
      to = g->before[node + 1];
      g->before[node] = kept;
      for (guint32 k = from; k < to; k++)
        if (kept == g->before[node] || g->rank[kept - 1].from != g->rank[k].from)
          g->rank[kept++] = g->rank[k];
    }
  g->before[n] = kept;
}

static void
report (const Gaps *g, guint slot, const TyOrderEdge *e, guint32 view)
{
  TyJudge *j = g->j;
  guint32 missing = g_array_index (g->nodes, guint32, e->from), message = g_array_index (g->nodes, guint32, e->to);
  TyConcerned who
      = { TY_VIEW (j, g->view)->group,
          { TY_TRACK (j, stay_at (g, slot)->track)->process, TY_TRACK (j, stay_at (g, e->slot)->track)->process },
          { missing, message },
          { view } };
  ty_judge_violation (j, TY_RULE_E_GAP, who, "%s delivers %s in view %s without %s, which comes before it at %s",
                      ty_judge_process_text (j, who.processes[0]), ty_judge_message_text (j, message),
                      ty_judge_view_text (j, view), ty_judge_message_text (j, missing),
                      ty_judge_process_text (j, who.processes[1]));
}

/* Whether a process has what is right before each message that it delivered from event `from` up to event `to`. One gap
 * a process and view is told. */
static void
check_process (Gaps *g, guint slot, guint from, guint to, guint32 view)
{
  const TyStay *s = stay_at (g, slot);
  guint i = 0;
  for (guint32 message; (message = ty_judge_next_ordered (g->j, g->view, s, &i)) != 0;)
    g->has[node_of (g, message)] = slot + 1;
  i = from;
  for (guint32 message; (message = ty_judge_next_ordered (g->j, g->view, s, &i)) != 0 && i <= to;)
    {
      guint32 node = node_of (g, message);
      for (guint32 k = g->before[node]; k < g->before[node + 1]; k++)
        {
          const TyOrderEdge *e = &g->rank[k];
          if (g->has[e->from] != slot + 1)
            {
              report (g, slot, e, view);
              return;
            }
        }
    }
}

static void
find_tails (Gaps *g)
{
  g_autofree guint32 *n = g_new0 (guint32, g->nodes->len); /* by node: who has delivered it in the regular view */
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      guint i = 0;
      for (guint32 message; (message = ty_judge_next_ordered (g->j, g->view, stay_at (g, slot), &i)) != 0;)
        n[node_of (g, message)] += i <= stay_at (g, slot)->split;
    }
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      guint i = 0;
      for (guint32 message; (message = ty_judge_next_ordered (g->j, g->view, stay_at (g, slot), &i)) != 0;)
        if (n[node_of (g, message)] == g->stays->len)
          g->tail[slot] = i;
    }
}

/* Tags the agreed and safe messages delivered in a transitional view. */
static gboolean
tag_messages (const Gaps *g, guint32 view)
{
  const GArray *stays = TY_VIEW (g->j, view)->stays;
  gboolean any = FALSE;
  g->j->mark++;
  for (guint k = 0; k < stays->len; k++)
    {
      const TyStay *s = TY_STAY (g->j, ty_judge_stage (g->j, g_array_index (stays, guint32, k)));
      guint i = s->split;
      for (guint32 message; s->view == g->view && (message = ty_judge_next_ordered (g->j, g->view, s, &i)) != 0;)
        {
          TY_MESSAGE (g->j, message)->tag = g->j->mark;
          any = TRUE;
        }
    }
  return any;
}

static void
check_behind (Gaps *g, guint32 view)
{
  TyJudge *j = g->j;
  const TyJudgeView *v = TY_VIEW (j, view);
  g_autoptr (GArray) edges = NULL;
  if (!tag_messages (g, view))
    return;
  guint32 tag = j->mark;
  j->mark++;
  for (guint i = 0; i < v->n_members; i++)
    TY_PROCESS (j, v->members[i])->mark = j->mark;
  edges = g_array_new (FALSE, FALSE, sizeof (TyOrderEdge));
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      guint i = g->tail[slot];
      guint32 last = 0;
      for (guint32 message; (message = ty_judge_next_ordered (j, g->view, stay_at (g, slot), &i)) != 0;)
        {
          const TyJudgeMessage *m = TY_MESSAGE (j, message);
          TyOrderEdge e = { last, m->node, slot };
          if (last != 0 && m->tag == tag)
            g_array_append_val (edges, e);
          if (TY_PROCESS (j, ty_stay_process (j, m->stay))->mark == j->mark)
            last = m->node;
        }
    }
  sort_edges (g, edges);
  memset (g->has, 0, g->nodes->len * sizeof (guint32));
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      const TyStay *s = stay_at (g, slot);
      if (s->next != 0 && TY_STAY (j, s->next)->view == view)
        check_process (g, slot, s->split, s->events->len, view);
    }
}

void
ty_judge_gaps (TyJudge *j, guint32 view, const GArray *nodes, const GArray *edges)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);
  Gaps g = {
    .j = j,
    .view = view,
    .stays = stays,
    .nodes = nodes,
    .before = g_new0 (guint32, nodes->len + 2),
    .has = g_new0 (guint32, nodes->len),
    .tail = g_new0 (guint, stays->len),
  };
  sort_edges (&g, edges);
  for (guint slot = 0; slot < stays->len; slot++)
    check_process (&g, slot, 0, stay_at (&g, slot)->split, view);
  find_tails (&g);
  for (guint slot = 0; slot < stays->len; slot++)
    {
      guint32 next = stay_at (&g, slot)->next;
      guint32 behind = next != 0 && TY_STAY (j, next)->base != 0 ? TY_STAY (j, next)->view : 0;
      if (behind != 0 && g_hash_table_add (done, GUINT_TO_POINTER (behind)))
        check_behind (&g, behind);
    }
  g_free (g.before);
  g_free (g.rank);
  g_free (g.has);
  g_free (g.tail);
}
