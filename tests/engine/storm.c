/* tests/engine/storm.c: random faults on step machines wired together by the mesh, judged; then a heal, and demands.
 *
 * engine-storm [--seeds A..B] [--seed N --trace]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/judge.h"
#include "core/tyet-error.h"
#include "core/view.h"
#include "tests/engine/mesh.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct
{
  Mesh *mesh;
  const char *ordering;
  guint strongest;
  guint spawned;
  guint most;         /* members */
  gboolean seconds;   /* every process is in two groups */
  gboolean weights;
  gboolean slow_load;
  gboolean unlike;    /* processes are set up with different times */
  gboolean drift;     /* clocks that run unalike, within a sixteenth */
  gsize largest;      /* message */
} Storm;

/* One of the two groups of a process, as the storm looks at it. */
typedef struct
{
  TyGroup *group;
  gboolean entered, over;
} Seat;

static Seat
seat (const Proc *p, gboolean second)
{
  if (!p->alive)
    return (Seat){ .over = TRUE };
  if (second)
    return (Seat){ p->second, p->second_entered, p->second_over || p->second == NULL };
  return (Seat){ p->group, p->entered, p->excluded || p->left || p->failed || p->group == NULL };
}

static char *seeds_arg;
static gint64 seed_arg = -1;
static gboolean trace_arg;
static GOptionEntry options[] = {
  { "seeds", 0, 0, G_OPTION_ARG_STRING, &seeds_arg, "Seeds to run", "A..B" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &seed_arg, "One seed", "N" },
  { "trace", 0, 0, G_OPTION_ARG_NONE, &trace_arg, "Say everything", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static Proc *
spawn (Storm *s, gboolean takes_state)
{
  static const gint64 suspect_after[] = { 500000, 1000000, 2000000 };
  g_autofree char *name = g_strdup_printf ("p%u", s->spawned++);
  if (s->unlike)
    s->mesh->config.suspect_after_us = suspect_after[g_rand_int_range (s->mesh->rand, 0, 3)];
  Proc *p = mesh_spawn (s->mesh, name, s->ordering, takes_state);
  p->hold_load = s->slow_load && mesh_chance (s->mesh, 0.5);
  if (s->weights)
    ty_group_set_weight (p->group, (guint32) g_rand_int_range (s->mesh->rand, 0, 4));
  if (s->drift)
    {
      p->rate = 1 + g_rand_double (s->mesh->rand) / 16;
      p->offset = g_rand_int_range (s->mesh->rand, 0, 1000000);
    }
  if (s->seconds)
    p->second = ty_group_new (p->node, "h", "causal", NULL);
  return p;
}

static void
join (Storm *s, Proc *p)
{
  const char *contacts[5] = { NULL };
  guint n = 0;
  for (guint i = 0; i < s->mesh->procs->len && n < 4; i++)
    {
      Proc *q = s->mesh->procs->pdata[i];
      if (q != p && q->alive && q->entered && !q->excluded && !q->left)
        {
          contacts[n++] = q->address;
          g_ptr_array_add (p->contacts, q);
        }
    }
  GError *error = NULL;
  p->failed = p->second_over = n == 0;
  if (n > 0 && !ty_group_join (p->group, contacts, 15000000, &error))
    g_error ("%s", error->message);
  if (n > 0 && p->second != NULL && !ty_group_join (p->second, contacts, 15000000, &error))
    g_error ("%s", error->message);
}

static guint
in_group (const Storm *s)
{
  guint n = 0;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      n += p->alive && p->entered && !p->excluded && !p->left;
    }
  return n;
}

static Proc *
pick (Storm *s)
{
  for (guint tries = 0; tries < 20; tries++)
    {
      Proc *p = s->mesh->procs->pdata[g_rand_int_range (s->mesh->rand, 0, (gint32) s->mesh->procs->len)];
      if (p->alive && p->group != NULL)
        return p;
    }
  return NULL;
}

static void
send_some (Storm *s, Proc *p)
{
  static guint8 data[70000];
  guint n = (guint) g_rand_int_range (s->mesh->rand, 1, 5);
  if (p->second != NULL && p->second_entered && !p->second_over)
    ty_group_send (p->second, TY_SERVICE_CAUSAL, data, 10, NULL);
  for (guint i = 0; i < n && p->group != NULL && !p->excluded && !p->left; i++)
    {
      TyService service = (TyService) g_rand_int_range (s->mesh->rand, 0, (gint32) s->strongest + 1);
      gsize len = (gsize) g_rand_int_range (s->mesh->rand, 0, (gint32) s->largest);
      g_autoptr (GError) error = NULL;
      if (ty_group_send (p->group, service, data, len, &error) == 0
          && g_error_matches (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
        p->wants_room = p->room + 1;
    }
}

static void
fault (Storm *s)
{
  Mesh *mesh = s->mesh;
  Proc *p = pick (s);
  guint n = mesh->procs->len;
  guint a = (guint) g_rand_int_range (mesh->rand, 0, (gint32) n),
        b = (guint) g_rand_int_range (mesh->rand, 0, (gint32) n);
  switch (g_rand_int_range (mesh->rand, 0, 16))
    {
    case 0:
      if (p != NULL && in_group (s) > 2)
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
      if (in_group (s) < s->most && s->spawned < 40)
        join (s, spawn (s, mesh_chance (mesh, 0.5)));
      break;
    case 10:
      if (p != NULL && p->entered && in_group (s) > 1)
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
    }
}

static void
judge (Storm *s, gboolean open_end, guint32 seed)
{
  GError *error = NULL;
  TyJudgeOptions judge_options = { .model = TY_JUDGE_PRIMARY, .open_end = open_end };
  g_autoptr (TyJudge) judge = ty_judge_new (&judge_options, &error);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      if (!ty_judge_read (judge, p->name, p->history->str, p->history->len, &error))
        g_error ("seed %u: %s", seed, error->message);
    }
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  if (report->legal)
    return;
  g_autofree char *text = ty_judge_report_to_string (report);
  printf ("seed %u: not legal\n%s\n", seed, text);
  printf ("rerun: engine-storm --seed %u --trace\n", seed);
  exit (1);
}

/* A blocked process that knows nobody who could tell it that the group went on. */
static gboolean
stranded (const Storm *s, const Proc *p, gboolean second)
{
  Seat mine = seat (p, second);
  if (mine.group == NULL || ty_group_get_state (mine.group) != TY_GROUP_BLOCKED)
    return FALSE;
  TyetView *view = ty_group_get_view (mine.group);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *q = s->mesh->procs->pdata[i];
      Seat other = seat (q, second);
      gboolean known = ty_view_rank (view, &q->pid) < view->n_members || g_ptr_array_find (p->contacts, q, NULL);
      if (q != p && !other.over && other.entered && known)
        return FALSE;
    }
  return TRUE;
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
      Seat mine = seat (p, second);
      if (mine.over || stranded (s, p, second))
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

static void
print_seat (const Storm *s, const Proc *p, gboolean second)
{
  static const char *const states[]
      = { "new", "joining", "member", "flushing", "blocked", "left", "excluded", "failed" };
  Seat mine = seat (p, second);
  TyGroup *group = second ? p->second : p->group;
  if (group == NULL)
    return;
  TyGroupStats stats = { 0 };
  TyetView *view = ty_group_get_view (group);
  ty_group_get_stats (group, &stats);
  printf ("  %s %s: %s%s%s, view %s of %u\n", p->name, second ? "second group" : "group",
          states[ty_group_get_state (group)], mine.entered ? "" : ", not entered", group->lingers ? ", lingers" : "",
          view != NULL ? view->label : "-", view != NULL ? view->n_members : 0);
  if (stats.unstable_bytes > 0 || stats.window_used_bytes > 0 || stats.spilled_bytes > 0)
    printf ("      unstable %" G_GUINT64_FORMAT " window %" G_GUINT64_FORMAT " queued %" G_GUINT64_FORMAT
            " spilled %" G_GUINT64_FORMAT "\n",
            stats.unstable_bytes, stats.window_used_bytes, stats.queued_bytes, stats.spilled_bytes);
  g_autoptr (GArray) waits = ty_group_waits (group, s->mesh->now);
  for (guint w = 0; w < waits->len; w++)
    printf ("      %s: %s\n", g_array_index (waits, TyGroupWait, w).what,
            g_array_index (waits, TyGroupWait, w).text);
}

static void
complain (Storm *s, guint32 seed, const char *what)
{
  printf ("seed %u (%s): %s\n", seed, s->ordering, what);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      if (!p->alive)
        continue;
      print_seat (s, p, FALSE);
      if (p->second != NULL)
        print_seat (s, p, TRUE);
    }
  printf ("rerun: engine-storm --seed %u --trace\n", seed);
  exit (1);
}

/* After the heal: whoever is alive can be in one view, unless too many died for a quorum of the last. */
static gboolean
may_go_on (const Storm *s, gboolean second)
{
  TyetView *tip = NULL;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat mine = seat (s->mesh->procs->pdata[i], second);
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
      if (rank < tip->n_members && !seat (p, second).over)
        there[rank] = TRUE;
    }
  return ty_members_quorum (tip->members, tip->n_members, there);
}

static gboolean
converged (const Storm *s)
{
  return (!may_go_on (s, FALSE) || group_converged (s, FALSE)) && (!may_go_on (s, TRUE) || group_converged (s, TRUE));
}

/* V14: whoever holds a lease and has not stopped is in the only view that acts. */
static void
one_view_acts (Storm *s, guint32 seed)
{
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      guint64 acts = 0;
      for (guint i = 0; i < s->mesh->procs->len; i++)
        {
          Proc *p = s->mesh->procs->pdata[i];
          Seat mine = seat (p, second == 1);
          if (mine.over || ty_group_get_state (mine.group) != TY_GROUP_MEMBER)
            continue;
          gint64 then = p->node->now;
          p->node->now = mesh_clock (p);
          gboolean lease = mine.group->membership_ops->lease (mine.group->membership);
          p->node->now = then;
          guint64 number = ty_group_get_view (mine.group)->id.number;
          if (lease && acts != 0 && acts != number)
            complain (s, seed, "two views act at once");
          if (lease)
            acts = number;
        }
    }
}

/* Once all is quiet nothing is kept for anyone. */
static void
nothing_kept (Storm *s, guint32 seed)
{
  for (guint i = 0; i < 2 * s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i / 2];
      Seat mine = seat (p, i % 2 == 1);
      if (mine.over || !may_go_on (s, i % 2 == 1) || stranded (s, p, i % 2 == 1))
        continue;
      if (mine.group->kept->len > 0)
        complain (s, seed, "messages of a view that all have closed are kept");
      if (mine.group->future_bytes > 0)
        complain (s, seed, "packets of later views are kept");
      if (mine.group->transfers->len > 0 || mine.group->saving)
        complain (s, seed, "a transfer is still going on");
    }
}

static guint64
views (const Storm *s)
{
  guint64 sum = 0;
  for (guint i = 0; i < 2 * s->mesh->procs->len; i++)
    {
      Seat mine = seat (s->mesh->procs->pdata[i / 2], i % 2 == 1);
      if (!mine.over && ty_group_get_view (mine.group) != NULL && may_go_on (s, i % 2 == 1))
        sum += mine.group->stats.views;
    }
  return sum;
}

static void
none_refused (Storm *s, guint32 seed)
{
  if (mesh_refused (s->mesh) > 0)
    complain (s, seed, "honest packets were refused");
}

static gboolean
under_way (const Storm *s)
{
  for (guint i = 0; i < 2 * s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i / 2];
      gboolean second = i % 2 == 1;
      Seat mine = seat (p, second);
      TyGroupStats stats;
      if (mine.over || stranded (s, p, second) || !may_go_on (s, second))
        continue;
      ty_group_get_stats (mine.group, &stats);
      if (stats.unstable_bytes > 0 || stats.queued_bytes > 0 || stats.window_used_bytes > 0)
        return TRUE;
      if (!second && p->wants_room > p->room)
        return TRUE;
    }
  return FALSE;
}

static void
run (guint32 seed)
{
  static const char *const orderings[] = { "fifo", "causal", "total" };
  Storm s = { .mesh = mesh_new (seed) };
  guint o = (guint) g_rand_int_range (s.mesh->rand, 0, 3);
  s.ordering = orderings[o];
  s.strongest = o == 0 ? TY_SERVICE_FIFO : o == 1 ? TY_SERVICE_CAUSAL : TY_SERVICE_SAFE;
  s.mesh->trace = trace_arg;
  static const gsize windows[] = { 300, 5000, 4 << 20 }, largest[] = { 64, 64, 3000, 70000 };
  TyNodeConfig *config = &s.mesh->config;
  s.most = mesh_chance (s.mesh, 0.2) ? 14 : 7;
  s.seconds = mesh_chance (s.mesh, 0.3);
  s.weights = mesh_chance (s.mesh, 0.3);
  s.unlike = mesh_chance (s.mesh, 0.3);
  s.drift = mesh_chance (s.mesh, 0.5);
  s.slow_load = mesh_chance (s.mesh, 0.4);
  s.largest = largest[g_rand_int_range (s.mesh->rand, 0, G_N_ELEMENTS (largest))];
  config->window_bytes = windows[g_rand_int_range (s.mesh->rand, 0, G_N_ELEMENTS (windows))];
  config->gather_above = mesh_chance (s.mesh, 0.3) ? (guint) g_rand_int_range (s.mesh->rand, 1, 5) : 0;
  if (mesh_chance (s.mesh, 0.3))
    config->spill_bytes = (gsize) g_rand_int_range (s.mesh->rand, 0, 400);
  gdouble faults = 0.002 * g_rand_int_range (s.mesh->rand, 0, 8), sends = 0.05 * g_rand_int_range (s.mesh->rand, 1, 6);
  GError *error = NULL;
  Proc *first = spawn (&s, FALSE);
  ty_group_found (first->group, &error);
  if (first->second != NULL)
    ty_group_found (first->second, &error);
  mesh_run (s.mesh, 10000);
  guint members = (guint) g_rand_int_range (s.mesh->rand, 1, 6);
  for (guint i = 1; i < members; i++)
    join (&s, spawn (&s, FALSE));
  mesh_run (s.mesh, 300000);
  guint moves = (guint) g_rand_int_range (s.mesh->rand, 100, 4000);
  for (guint i = 0; i < moves; i++)
    {
      Proc *p = mesh_chance (s.mesh, sends) ? pick (&s) : NULL;
      if (p != NULL && !p->stopped)
        send_some (&s, p);
      if (mesh_chance (s.mesh, faults))
        fault (&s);
      mesh_move (s.mesh);
      if (i % 4 == 0)
        one_view_acts (&s, seed);
    }
  judge (&s, TRUE, seed);
  none_refused (&s, seed);

  if (trace_arg)
    printf ("-- heal everything\n");
  for (guint i = 0; i < s.mesh->procs->len; i++)
    {
      Proc *p = s.mesh->procs->pdata[i];
      p->stopped = FALSE;
      p->crash_after = -1;
      if (p->alive)
        mesh_load (p);
    }
  mesh_heal_all (s.mesh);
  mesh_run (s.mesh, 500000);
  if (may_go_on (&s, FALSE) || may_go_on (&s, TRUE))
    {
      gint64 until = s.mesh->now + 30000000;
      while (s.mesh->now < until && !converged (&s))
        mesh_run (s.mesh, 100000);
      if (!converged (&s))
        complain (&s, seed, "no convergence");
      for (guint i = 0; i < s.mesh->procs->len; i++)
        {
          Proc *p = s.mesh->procs->pdata[i];
          if (!seat (p, FALSE).over)
            send_some (&s, p);
        }
      until = s.mesh->now + 30000000;
      do
        mesh_run (s.mesh, 200000);
      while (s.mesh->now < until && under_way (&s));
      if (under_way (&s))
        complain (&s, seed, "messages are still under way");
      if (!converged (&s))
        complain (&s, seed, "did not stay together");
      /* Who has gone without a word is found out. */
      mesh_run (s.mesh, 3000000);
      guint64 before = views (&s);
      mesh_run (s.mesh, 2000000);
      if (views (&s) != before)
        complain (&s, seed, "views change without a cause");
      nothing_kept (&s, seed);
    }
  judge (&s, TRUE, seed);
  none_refused (&s, seed);
  mesh_free (s.mesh);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GError *error = NULL;
  guint64 from = 0, to = 300;
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }
  if (seeds_arg != NULL && sscanf (seeds_arg, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, &from, &to) != 2)
    return 2;
  if (seed_arg >= 0)
    from = to = (guint64) seed_arg;
  for (guint64 seed = from; seed <= to; seed++)
    run ((guint32) seed);
  printf ("%" G_GUINT64_FORMAT " seeds, all legal\n", to - from + 1);
  return 0;
}
