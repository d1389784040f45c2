/* core/judge-order.c: the total order of agreed and safe messages in one view (P19, P20; 6.1, 6.2).
 *
 * Each process whose deliveries count says of every two neighbours among its agreed and safe deliveries which came
 * first.  A total order exists if and only if these sayings have no circle, which a topological sort finds in linear
 * time; comparing processes two by two would miss circles of three.  (With causal delivery held by P18, nothing else
 * constrains the order: a path through sends and other deliveries implies a saying of this kind.)
 *
 * Whose deliveries count: of those who went on, all; of the others too if rank 0 went on, who gave the order, or with
 * the strict option.  Where nobody went on, those of the last leavers, and of all if rank 0 is one of them or there is
 * none.  Else only what they say about safe messages, which nobody may contradict.  Under the extended model, all
 * deliveries of all.
 *
 * There, 6.1 and 6.2 ask for one numbering of all events, in which the deliveries of one message have one number, and
 * so have the installations of one view.  With 5 held, and 4 (who are told of a transitional view have delivered the
 * same before), such a numbering exists if and only if the sayings about messages have no circle, and those about views
 * none (2.4).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

typedef struct
{
  TyJudge *j;
  guint32 view;
  const GArray *stays;
  gboolean *counts;   /* by slot */
  gboolean *survived; /* by slot */
  GArray *nodes;      /* guint32: messages; node 0 is none */
  GArray *edges;      /* TyOrderEdge */
} Order;

static TyStay *
stay_at (const Order *o, guint slot)
{
  return TY_STAY (o->j, g_array_index (o->stays, guint32, slot));
}

static guint32
process_at (const Order *o, guint slot)
{
  return TY_TRACK (o->j, stay_at (o, slot)->track)->process;
}

guint32
ty_judge_next_ordered (TyJudge *j, guint32 view, const TyStay *s, guint *i)
{
  while (*i < s->events->len)
    {
      guint32 event = g_array_index (s->events, guint32, (*i)++);
      const TyJudgeMessage *m = TY_MESSAGE (j, event / 2);
      if ((event & 1) != 0 && m->service >= TY_SERVICE_AGREED && ty_judge_belongs (j, m, view))
        return event / 2;
    }
  return 0;
}

static guint32
next_ordered (const Order *o, const TyStay *s, guint *i)
{
  return ty_judge_next_ordered (o->j, o->view, s, i);
}

/* As a leaver, as those who go on do. One that is blocked just goes. */
static gboolean
closed (const TyStay *s)
{
  return s->left && !s->blocked;
}

static void
find_counting (Order *o)
{
  const TyJudgeView *v = TY_VIEW (o->j, o->view);
  gboolean first = FALSE, first_left = FALSE, any = FALSE, left = FALSE;
  for (guint slot = 0; slot < o->stays->len; slot++)
    {
      const TyStay *s = stay_at (o, slot);
      o->survived[slot] = ty_stay_survived (o->j, s);
      any |= o->survived[slot];
      left |= closed (s);
      first |= o->survived[slot] && process_at (o, slot) == v->members[0];
      first_left |= closed (s) && process_at (o, slot) == v->members[0];
    }
  /* Where nobody went on, the last leavers have closed the view, without rank 0 perhaps; where there are none, there
   * is no order but the one that rank 0 gave. */
  gboolean last = !any && v->next == 0;
  gboolean all = o->j->options.strict || o->j->options.model == TY_JUDGE_EXTENDED || first
                 || (last && (first_left || !left));
  for (guint slot = 0; slot < o->stays->len; slot++)
    o->counts[slot] = all || o->survived[slot] || (last && closed (stay_at (o, slot)));
}

static void
add_edge (Order *o, guint slot, guint32 from, guint32 to)
{
  TyOrderEdge e = { from, to, slot };
  if (from != 0)
    g_array_append_val (o->edges, e);
}

static void
collect_edges (Order *o)
{
  g_autoptr (GArray) since_safe = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint slot = 0; slot < o->stays->len; slot++)
    {
      const TyStay *s = stay_at (o, slot);
      guint32 before = 0, safe = 0;
      guint i = 0;
      g_array_set_size (since_safe, 0);
      for (guint32 message; (message = next_ordered (o, s, &i)) != 0;)
        {
          TyJudgeMessage *m = TY_MESSAGE (o->j, message);
          if (m->node == 0)
            {
              m->node = o->nodes->len;
              g_array_append_val (o->nodes, message);
            }
          if (o->counts[slot])
            add_edge (o, slot, before, m->node);
          else
            add_edge (o, slot, safe, m->node);
          before = m->node;
          if (o->counts[slot])
            continue;
          if (m->service != TY_SERVICE_SAFE)
            g_array_append_val (since_safe, m->node);
          else
            {
              for (guint k = 0; k < since_safe->len; k++)
                add_edge (o, slot, g_array_index (since_safe, guint32, k), m->node);
              g_array_set_size (since_safe, 0);
              safe = m->node;
            }
        }
    }
}

/* TRUE if the edges have no circle. Else `left`, by node, is nonzero for those in a circle or behind one. */
static gboolean
sort (const Order *o, guint32 *left)
{
  guint n = o->nodes->len;
  g_autofree guint32 *starts = g_new0 (guint32, n + 1);
  g_autofree guint32 *to = g_new (guint32, o->edges->len + 1);
  g_autofree guint32 *ready = g_new (guint32, n);
  guint n_ready = 0;
  for (guint i = 0; i < o->edges->len; i++)
    {
      const TyOrderEdge *e = &g_array_index (o->edges, TyOrderEdge, i);
      starts[e->from]++;
      left[e->to]++;
    }
  for (guint i = 1; i <= n; i++)
    starts[i] += starts[i - 1];
  for (guint i = 0; i < o->edges->len; i++)
    {
      const TyOrderEdge *e = &g_array_index (o->edges, TyOrderEdge, i);
      to[--starts[e->from]] = e->to;
    }
  for (guint32 node = 1; node < n; node++)
    if (left[node] == 0)
      ready[n_ready++] = node;
  for (guint done = 0; done < n_ready; done++)
    for (guint32 i = starts[ready[done]]; i < starts[ready[done] + 1]; i++)
      if (--left[to[i]] == 0)
        ready[n_ready++] = to[i];
  return n_ready == n - 1;
}

/* Where each message comes at one process, from 1, by node. */
static guint32 *
positions (const Order *o, guint slot)
{
  guint32 *pos = g_new0 (guint32, o->nodes->len);
  guint32 n = 0;
  guint i = 0;
  for (guint32 message; (message = next_ordered (o, stay_at (o, slot), &i)) != 0;)
    pos[TY_MESSAGE (o->j, message)->node] = ++n;
  return pos;
}

/* For the description: two messages that two processes have in different orders. */
static gboolean
describe_pair (const Order *o, guint a, guint b)
{
  g_autofree guint32 *pos = positions (o, a);
  guint32 last = 0;
  guint i = 0;
  for (guint32 message; (message = next_ordered (o, stay_at (o, b), &i)) != 0;)
    {
      guint32 here = pos[TY_MESSAGE (o->j, message)->node];
      if (here == 0)
        continue;
      if (last != 0 && here < pos[TY_MESSAGE (o->j, last)->node])
        {
          ty_judge_violation (o->j, ty_judge_rule (o->j, TY_RULE_ORDER, TY_RULE_E_AGREE),
                              (TyConcerned){ TY_VIEW (o->j, o->view)->group,
                                             { process_at (o, a), process_at (o, b) },
                                             { message, last },
                                             { o->view } },
                              "in view %s %s delivers %s before %s, %s the other way round",
                              ty_judge_view_text (o->j, o->view), ty_judge_process_text (o->j, process_at (o, a)),
                              ty_judge_message_text (o->j, message), ty_judge_message_text (o->j, last),
                              ty_judge_process_text (o->j, process_at (o, b)));
          return TRUE;
        }
      last = message;
    }
  return FALSE;
}

static gboolean
describe_pairs (const Order *o)
{
  gboolean found = FALSE;
  for (guint a = 0; a < o->stays->len && !found; a++)
    for (guint b = a + 1; b < o->stays->len && o->counts[a]; b++)
      found |= o->counts[b] && describe_pair (o, a, b);
  return found;
}

/* Where no two processes contradict each other by themselves (or only about a safe message): some of the circle. */
static void
describe_circle (const Order *o, const guint32 *left)
{
  g_autofree guint32 *before = g_new0 (guint32, o->nodes->len);
  guint32 node = 0;
  for (guint i = 0; i < o->edges->len; i++)
    {
      const TyOrderEdge *e = &g_array_index (o->edges, TyOrderEdge, i);
      if (left[e->from] != 0 && left[e->to] != 0)
        before[node = e->to] = e->from;
    }
  for (guint i = 0; i < o->nodes->len; i++)
    node = before[node]; /* behind the circle at first, in it after so many steps */
  guint32 first = g_array_index (o->nodes, guint32, before[node]);
  guint32 second = g_array_index (o->nodes, guint32, node);
  ty_judge_violation (o->j, ty_judge_rule (o->j, TY_RULE_ORDER, TY_RULE_E_ORDER),
                      (TyConcerned){ TY_VIEW (o->j, o->view)->group, { 0 }, { first, second }, { o->view } },
                      "in view %s %s comes before %s at one process, and after it by what the others say in sum",
                      ty_judge_view_text (o->j, o->view), ty_judge_message_text (o->j, first),
                      ty_judge_message_text (o->j, second));
}

/* P20: of what those who went on have delivered, in order, one who did not has a beginning. */
static void
check_holes (const Order *o)
{
  guint whole = 0;
  while (whole < o->stays->len && !o->survived[whole])
    whole++;
  if (whole == o->stays->len)
    return;
  g_autofree guint32 *pos = positions (o, whole);
  for (guint slot = 0; slot < o->stays->len; slot++)
    {
      guint32 last = 0, last_message = 0, n = 0, missing = 0;
      guint i = 0;
      if (o->survived[slot] || !o->counts[slot])
        continue;
      for (guint32 message; (message = next_ordered (o, stay_at (o, slot), &i)) != 0;)
        {
          guint32 here = pos[TY_MESSAGE (o->j, message)->node];
          n += here != 0;
          if (here > last)
            {
              last = here;
              last_message = message;
            }
        }
      if (n == last)
        continue;
      g_autofree guint32 *has = positions (o, slot);
      for (i = 0; missing == 0 || has[TY_MESSAGE (o->j, missing)->node] != 0;)
        missing = next_ordered (o, stay_at (o, whole), &i);
      ty_judge_violation (o->j, TY_RULE_HOLE,
                          (TyConcerned){ TY_VIEW (o->j, o->view)->group,
                                         { process_at (o, slot), process_at (o, whole) },
                                         { missing, last_message },
                                         { o->view } },
                          "in view %s %s delivers %s without %s, which comes earlier in the order of %s",
                          ty_judge_view_text (o->j, o->view), ty_judge_process_text (o->j, process_at (o, slot)),
                          ty_judge_message_text (o->j, last_message), ty_judge_message_text (o->j, missing),
                          ty_judge_process_text (o->j, process_at (o, whole)));
    }
}

void
ty_judge_order (TyJudge *j, guint32 view)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  Order o = {
    .j = j,
    .view = view,
    .stays = stays,
    .counts = g_new0 (gboolean, stays->len),
    .survived = g_new0 (gboolean, stays->len),
    .nodes = g_array_new (FALSE, FALSE, sizeof (guint32)),
    .edges = g_array_new (FALSE, FALSE, sizeof (TyOrderEdge)),
  };
  guint32 none = 0;
  g_array_append_val (o.nodes, none);
  find_counting (&o);
  collect_edges (&o);
  g_autofree guint32 *left = g_new0 (guint32, o.nodes->len);
  if (sort (&o, left))
    {
      if (j->options.model == TY_JUDGE_EXTENDED)
        ty_judge_gaps (j, view, o.nodes, o.edges);
      else
        check_holes (&o);
    }
  else if (!describe_pairs (&o))
    describe_circle (&o, left);
  g_array_unref (o.nodes);
  g_array_unref (o.edges);
  g_free (o.counts);
  g_free (o.survived);
}
