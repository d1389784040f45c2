/* core/judge-configs.c: the views of the extended model as a whole: all processes are told of them in one order (2.4),
 * and the primary ones among them are a chain (H1, H2).
 *
 * A graph: each process says of every two views that it is told of one after the other which came first. Nothing else
 * orders views: what is sent in a view is delivered in its stage, and all who deliver it were told of that view.  A
 * topological sort finds a circle.  On the way it counts, for each view, the primary ones on the longest path that
 * leads there; all primary views are on one path if and only if no two have the same count.
 *
 * `prev` is such a saying, too: who decides knows what was decided before, even if nobody who was in both has lived to
 * write of it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

typedef struct
{
  guint32 from, to;
  guint32 track; /* whose saying it is; 0: by `prev` */
} Edge;

typedef struct
{
  TyJudge *j;
  GArray *edges;   /* Edge */
  guint32 *starts; /* by view: its first in `out` */
  guint32 *out;    /* indices of edges */
  guint32 *left;   /* by view: edges to it that are not sorted yet */
  guint32 *level;  /* by view: the number of primary views on the longest path to it, itself included */
  gboolean *bad;   /* by group: it has a circle, which has been told */
} Graph;

static const Edge *
edge (const Graph *g, guint32 i)
{
  return &g_array_index (g->edges, Edge, i);
}

/* A view that is known as `prev` alone was a primary one. */
static gboolean
is_primary (TyJudge *j, guint32 view)
{
  return TY_VIEW (j, view)->primary || TY_VIEW (j, view)->members == NULL;
}

static void
add_steps (Graph *g)
{
  for (guint32 stay = 1; stay < g->j->stay->len; stay++)
    {
      const TyStay *s = TY_STAY (g->j, stay);
      if (s->next == 0)
        continue;
      Edge e = { s->view, TY_STAY (g->j, s->next)->view, s->track };
      g_array_append_val (g->edges, e);
    }
}

static void
add_prevs (Graph *g)
{
  for (guint32 view = 1; view < g->j->view->len; view++)
    {
      Edge e = { TY_VIEW (g->j, view)->prev, view, 0 };
      if (e.from != 0 && e.from != TY_VIEW_FIRST)
        g_array_append_val (g->edges, e);
    }
}

/* Where there is a circle, `left` is nonzero afterwards for views in it or behind it. */
static void
sort (Graph *g)
{
  guint32 n = g->j->view->len, n_ready = 0;
  g_autofree guint32 *ready = g_new (guint32, n);
  memset (g->starts, 0, (n + 1) * sizeof (guint32));
  memset (g->left, 0, n * sizeof (guint32));
  memset (g->level, 0, n * sizeof (guint32));
  g->out = g_renew (guint32, g->out, g->edges->len + 1);
  for (guint32 i = 0; i < g->edges->len; i++)
    {
      g->starts[edge (g, i)->from]++;
      g->left[edge (g, i)->to]++;
    }
  for (guint32 i = 1; i <= n; i++)
    g->starts[i] += g->starts[i - 1];
  for (guint32 i = 0; i < g->edges->len; i++)
    g->out[--g->starts[edge (g, i)->from]] = i;
  for (guint32 view = 1; view < n; view++)
    if (g->left[view] == 0)
      ready[n_ready++] = view;
  for (guint32 done = 0; done < n_ready; done++)
    {
      guint32 view = ready[done];
      g->level[view] += is_primary (g->j, view);
      for (guint32 i = g->starts[view]; i < g->starts[view + 1]; i++)
        {
          guint32 to = edge (g, g->out[i])->to;
          g->level[to] = MAX (g->level[to], g->level[view]);
          if (--g->left[to] == 0)
            ready[n_ready++] = to;
        }
    }
}

/* For each view in a circle or behind one, an edge to it from another such. */
static const Edge **
find_circles (const Graph *g)
{
  const Edge **before = g_new0 (const Edge *, g->j->view->len);
  for (guint32 i = 0; i < g->edges->len; i++)
    {
      const Edge *e = edge (g, i);
      if (g->left[e->from] != 0 && g->left[e->to] != 0)
        before[e->to] = e;
    }
  return before;
}

/* Who says the opposite of an edge, if one process does. */
static guint32
find_opposite (const Graph *g, const Edge *of)
{
  const TyJudgeView *v = TY_VIEW (g->j, of->from), *w = TY_VIEW (g->j, of->to);
  for (guint i = 0; i < w->stays->len; i++)
    for (guint k = 0; k < v->stays->len; k++)
      {
        guint32 later = g_array_index (v->stays, guint32, k), earlier = g_array_index (w->stays, guint32, i);
        if (TY_STAY (g->j, later)->track == TY_STAY (g->j, earlier)->track && earlier < later)
          return TY_STAY (g->j, later)->track;
      }
  return 0;
}

static guint32
some_process (TyJudge *j, guint32 view)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  return stays->len > 0 ? ty_stay_process (j, g_array_index (stays, guint32, 0)) : 0;
}

/* 2.4 */
static void
report_circle (const Graph *g, const Edge *e)
{
  guint32 other = find_opposite (g, e);
  const TyTrack *t = TY_TRACK (g->j, e->track);
  TyConcerned who
      = { t->group, { t->process, other != 0 ? TY_TRACK (g->j, other)->process : 0 }, { 0 }, { e->from, e->to } };
  const char *from = ty_judge_view_text (g->j, e->from), *to = ty_judge_view_text (g->j, e->to);
  if (other != 0)
    ty_judge_violation (g->j, TY_RULE_E_PRECEDES, who, "%s is told of view %s before view %s, %s the other way round",
                        ty_judge_process_text (g->j, t->process), from, to,
                        ty_judge_process_text (g->j, who.processes[1]));
  else
    ty_judge_violation (g->j, TY_RULE_E_PRECEDES, who,
                        "%s is told of view %s before view %s, which comes before it by what the others say in sum",
                        ty_judge_process_text (g->j, t->process), from, to);
}

/* H1, if only `prev` closes the circle. */
static void
report_prev (const Graph *g, const Edge *e)
{
  TyConcerned who = { TY_VIEW (g->j, e->to)->group, { some_process (g->j, e->to) }, { 0 }, { e->from, e->to } };
  ty_judge_violation (g->j, TY_RULE_E_ONE, who, "view %s comes before itself, by what was decided after what",
                      ty_judge_view_text (g->j, e->to));
}

/* One circle a group. */
static void
report_circles (const Graph *g, void (*report) (const Graph *g, const Edge *e))
{
  g_autofree const Edge **before = find_circles (g);
  for (guint32 start = 1; start < g->j->view->len; start++)
    {
      guint32 view = start;
      if (g->left[start] == 0 || g->bad[TY_VIEW (g->j, start)->group])
        continue;
      g->bad[TY_VIEW (g->j, start)->group] = TRUE;
      for (guint32 i = 0; i < g->j->view->len; i++)
        view = before[view]->from; /* behind the circle at first, in it after so many steps */
      report (g, before[view]);
    }
}

static gint
by_level (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Graph *g = user_data;
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;
  guint32 gx = TY_VIEW (g->j, x)->group, gy = TY_VIEW (g->j, y)->group;
  if (gx != gy)
    return gx < gy ? -1 : 1;
  if (g->level[x] != g->level[y])
    return g->level[x] < g->level[y] ? -1 : 1;
  return x < y ? -1 : x > y;
}

static gboolean
share_a_member (TyJudge *j, const TyJudgeView *v, const TyJudgeView *w)
{
  j->mark++;
  for (guint i = 0; i < v->n_members; i++)
    TY_PROCESS (j, v->members[i])->mark = j->mark;
  for (guint i = 0; i < w->n_members; i++)
    if (TY_PROCESS (j, w->members[i])->mark == j->mark)
      return TRUE;
  return FALSE;
}

/* H1 and H2 of two primary views of a group with no other between them. */
static void
check_neighbours (const Graph *g, guint32 view, guint32 next)
{
  TyJudge *j = g->j;
  const TyJudgeView *v = TY_VIEW (j, view), *w = TY_VIEW (j, next);
  TyConcerned who = { v->group, { some_process (j, view), some_process (j, next) }, { 0 }, { view, next } };
  if (g->level[view] == g->level[next])
    ty_judge_violation (j, TY_RULE_E_ONE, who, "of the primary views %s and %s neither precedes the other",
                        ty_judge_view_text (j, view), ty_judge_view_text (j, next));
  else if (v->members != NULL && w->members != NULL && !share_a_member (j, v, w))
    ty_judge_violation (j, TY_RULE_E_CHAIN, who, "nobody of view %s is in view %s, the next primary one",
                        ty_judge_view_text (j, view), ty_judge_view_text (j, next));
}

/* H1: two that are decided after one, or two that are the first, even if one precedes the other. `last` has who came
 * after each view, `*first` who was the first of the group. */
static void
check_prev (const Graph *g, guint32 view, guint32 *last, guint32 *first)
{
  guint32 prev = TY_VIEW (g->j, view)->prev;
  guint32 *rival = prev == TY_VIEW_FIRST ? first : &last[prev];
  if (prev == 0)
    return;
  if (*rival != 0 && g->level[*rival] != g->level[view])
    ty_judge_violation (g->j, TY_RULE_E_ONE,
                        (TyConcerned){ TY_VIEW (g->j, view)->group,
                                       { some_process (g->j, *rival), some_process (g->j, view) },
                                       { 0 },
                                       { *rival, view } },
                        "primary views %s and %s are both %s%s", ty_judge_view_text (g->j, *rival),
                        ty_judge_view_text (g->j, view),
                        prev == TY_VIEW_FIRST ? "the first of their group" : "decided after ",
                        prev == TY_VIEW_FIRST ? "" : ty_judge_view_text (g->j, prev));
  *rival = view;
}

static void
check_primaries (const Graph *g)
{
  TyJudge *j = g->j;
  g_autoptr (GArray) primaries = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autofree guint32 *last = g_new0 (guint32, j->view->len);
  guint32 before = 0, first = 0;
  for (guint32 view = 1; view < j->view->len; view++)
    if (is_primary (j, view) && !g->bad[TY_VIEW (j, view)->group])
      g_array_append_val (primaries, view);
  g_array_sort_with_data (primaries, by_level, (gpointer) g);
  for (guint i = 0; i < primaries->len; i++)
    {
      guint32 view = g_array_index (primaries, guint32, i);
      gboolean same = before != 0 && TY_VIEW (j, before)->group == TY_VIEW (j, view)->group;
      if (!same)
        first = 0;
      check_prev (g, view, last, &first);
      if (same)
        check_neighbours (g, before, view);
      before = view;
    }
}

void
ty_judge_configs (TyJudge *j)
{
  guint32 n = j->view->len;
  Graph g = {
    .j = j,
    .edges = g_array_new (FALSE, FALSE, sizeof (Edge)),
    .starts = g_new0 (guint32, n + 1),
    .left = g_new0 (guint32, n),
    .level = g_new0 (guint32, n),
    .bad = g_new0 (gboolean, j->groups.n + 1),
  };
  add_steps (&g);
  sort (&g);
  report_circles (&g, report_circle);
  add_prevs (&g);
  sort (&g);
  report_circles (&g, report_prev);
  check_primaries (&g);
  g_array_unref (g.edges);
  g_free (g.starts);
  g_free (g.out);
  g_free (g.left);
  g_free (g.level);
  g_free (g.bad);
}
