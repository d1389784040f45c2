/* tests/engine/storm.c: see storm.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/judge.h"
#include "core/packet.h"
#include "core/tyet-error.h"
#include "core/view.h"
#include "examples/lab/oracle.h"
#include "membership/membership.h"
#include "tests/engine/mesh.h"
#include "tests/engine/storm.h"

#include <stdio.h>
#include <string.h>

/* How long a process asks to be let in; and one that is to stay till the end. */
#define JOIN_US 15000000
#define LONG_JOIN_US 120000000

typedef struct
{
  Mesh *mesh;
  const char *ordering;
  guint strongest;
  guint spawned;
  guint most;       /* members */
  gboolean seconds; /* every process is in two groups */
  gboolean weights;
  gboolean slow_load;
  gboolean unlike;   /* processes are set up with different times */
  gboolean drift;    /* clocks that run unalike, within a sixteenth */
  gsize largest;     /* message */
  gboolean founding; /* by a list of founders */
  gboolean simple;   /* the rarer faults, made of several things, are left out */
  gboolean lingers;  /* packets do, see lingers () */
  gboolean rounds;   /* a small group, few messages, and one round after another */
  Proc *again;       /* to be healed at a time */
  gint64 again_at;
  Proc *parted[2]; /* to be healed with each other at a time; then the first has something to say */
  gint64 parted_until;
  Proc *alone; /* to be cut off after some moves */
  guint alone_in;
  Proc *doomed[2]; /* to crash after some moves, or once this one has said FLUSH: */
  Proc *comes;
  Proc *late; /* to hear as the others do again after some moves */
  guint late_for;
  guint doomed_in;
  Proc *talks; /* sends one message after another for some moves */
  guint talks_for;
  Oracle *oracles[2];    /* of the two groups */
  StormFinding *finding; /* the first */
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

/* `instead`: whose address it has, or NULL. */
static Proc *
spawn (Storm *s, gboolean takes_state, Proc *instead)
{
  g_autofree char *name = g_strdup_printf ("p%u", s->spawned++);
  TyNodeConfig *config = &s->mesh->config;
  gint64 usual = config->suspect_after_us;
  if (s->unlike)
    config->suspect_after_us = usual * g_rand_int_range (s->mesh->rand, 1, 5) / 2;
  Proc *p = instead != NULL ? mesh_replace (instead, name, s->ordering, takes_state)
                            : mesh_spawn (s->mesh, name, s->ordering, takes_state);
  config->suspect_after_us = usual;
  p->sends_on_view = mesh_chance (s->mesh, 0.2);
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
join (Storm *s, Proc *p, gint64 timeout_us)
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
  if (n > 0 && !ty_group_join (p->group, contacts, timeout_us, &error))
    g_error ("%s", error->message);
  if (n > 0 && p->second != NULL && !ty_group_join (p->second, contacts, timeout_us, &error))
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

/* Nobody reaches `p`; `told`: the others know it at once. */
static void
isolate (Storm *s, Proc *p, gboolean told)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      if (told && i != p->index)
        mesh_lose_at (s->mesh, i, p->index);
      mesh_cut (s->mesh, i, p->index);
    }
}

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

/* For a little longer than silence is borne; others may have begun a round without it, and not ended it. */
static void
isolate_for_a_moment (Storm *s, Proc *p)
{
  isolate (s, p, FALSE);
  s->again = p;
  s->again_at
      = s->mesh->now + (gint64) ((gdouble) s->mesh->config.suspect_after_us * (0.8 + g_rand_double (s->mesh->rand)));
}

static Proc *
member_at (Storm *s, const Proc *as_seen_by, guint rank)
{
  const TyetView *view = ty_group_get_view (as_seen_by->group);
  for (guint i = 0; view != NULL && rank < view->n_members && i < s->mesh->procs->len; i++)
    if (ty_id_equal (&((Proc *) s->mesh->procs->pdata[i])->pid, &view->members[rank].pid))
      return s->mesh->procs->pdata[i];
  return NULL;
}

/* The second of the view begins a round without the first, who does not know, and who is back before the round has
 * ended: it cannot end before the first's lease has. */
static void
part (Storm *s, const Proc *p)
{
  Proc *a = member_at (s, p, 0), *b = member_at (s, p, 1);
  if (a == NULL || b == NULL || !a->alive || !b->alive || seat (a, FALSE).over)
    return;
  mesh_cut (s->mesh, a->index, b->index);
  s->parted[0] = a;
  s->parted[1] = b;
  s->parted_until
      = s->mesh->now
        + (gint64) ((gdouble) s->mesh->config.suspect_after_us * (0.4 + 1.2 * g_rand_double (s->mesh->rand)));
}

/* All but one ask to leave, and soon that one is cut off, and they know it. */
static void
leave_one_alone (Storm *s, Proc *stays)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat mine = seat (s->mesh->procs->pdata[i], FALSE);
      if (i != stays->index && !mine.over && mine.entered)
        ty_group_leave (mine.group, NULL);
    }
  s->alone = stays;
  s->alone_in = (guint) g_rand_int_range (s->mesh->rand, 1, 60);
}

/* It speaks to the oldest alone, whom nobody else hears, and both are gone before anybody has heard of what they said.
 * But a process that comes then may have said FLUSH to it. */
static void
doom (Storm *s, Proc *p)
{
  Proc *first = member_at (s, p, 0);
  if (first == NULL || first == p || !first->alive || in_group (s) < 5)
    return;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    if (i != first->index)
      mesh_cut (s->mesh, p->index, i);
  if (!first->stopped && !seat (first, FALSE).over)
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
      s->comes = spawn (s, FALSE, NULL);
      join (s, s->comes, LONG_JOIN_US);
      s->doomed_in *= 2;
    }
}

/* It takes what the others say, but hardly learns what they agree on. */
static void
delay (Storm *s, Proc *p)
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
      Seat other = seat (s->mesh->procs->pdata[i], FALSE);
      if (i != p->index && !other.over && other.entered && mesh_chance (s->mesh, 0.1))
        send_some (s, s->mesh->procs->pdata[i]);
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

/* Everybody else loses its session with it, and knows so; it does not, and goes on talking. */
static void
forsake (Storm *s, Proc *p)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    if (i != p->index)
      mesh_lose_at (s->mesh, i, p->index);
  s->talks = p;
  s->talks_for = 150;
}

static void
what_was_begun (Storm *s)
{
  if (s->talks != NULL && s->talks_for-- > 0 && !s->talks->stopped && !seat (s->talks, FALSE).over
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
  isolate (s, s->alone, TRUE);
  s->alone = NULL;
}

static Proc *
pick_dead (Storm *s)
{
  for (guint tries = 0; tries < 5; tries++)
    {
      Proc *p = s->mesh->procs->pdata[g_rand_int_range (s->mesh->rand, 0, (gint32) s->mesh->procs->len)];
      gboolean taken = FALSE;
      for (guint i = p->index + 1; i < s->mesh->procs->len; i++)
        taken |= g_str_equal (((Proc *) s->mesh->procs->pdata[i])->address, p->address);
      if (!p->alive && !taken)
        return p;
    }
  return NULL;
}

/* Each in the group, with that chance, asks to leave. */
static void
herd_leaves (Storm *s, gdouble chance)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Seat mine = seat (s->mesh->procs->pdata[i], FALSE);
      if (!mine.over && mine.entered && in_group (s) > 1 && mesh_chance (s->mesh, chance))
        ty_group_leave (mine.group, NULL);
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
  /* Those that make one round after another, and leave each unfinished. */
  static const gint32 of_rounds[] = { 0,  5,  8,  11, 11, 12, 16, 16, 19, 22, 22, 24, 24, 24, 24,
                                      25, 25, 25, 26, 26, 27, 28, 29, 29, 28, 28, 30, 31, 31 };
  gint32 n_of_rounds = G_N_ELEMENTS (of_rounds) - (s->simple ? 5 : 0);
  gint32 which = s->rounds ? of_rounds[g_rand_int_range (mesh->rand, 0, n_of_rounds)]
                           : g_rand_int_range (mesh->rand, 0, s->simple ? 30 : 32);
  switch (which)
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
        join (s, spawn (s, mesh_chance (mesh, 0.5), NULL), JOIN_US);
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
    case 16:
    case 17:
      if (p != NULL)
        isolate (s, p, mesh_chance (mesh, 0.5));
      break;
    case 18:
      split (s);
      break;
    case 19:
      if (mesh_chance (mesh, 0.3))
        herd_leaves (s, g_rand_double (mesh->rand));
      break;
    case 20:
      p = pick_dead (s);
      if (p != NULL && s->spawned < 40)
        join (s, spawn (s, mesh_chance (mesh, 0.5), p), JOIN_US);
      break;
    case 21:
      if (p != NULL)
        p->slow = !p->slow;
      break;
    case 26:
      if (p != NULL && s->again == NULL)
        isolate_for_a_moment (s, p);
      break;
    case 28:
      if (p != NULL && p->entered && s->doomed_in == 0)
        doom (s, p);
      break;
    case 31:
      if (p != NULL && p->entered && s->parted[0] == NULL)
        part (s, p);
      break;
    case 30:
      if (p != NULL && p->entered && s->late == NULL)
        delay (s, p);
      break;
    case 29:
      if (p != NULL && p->entered)
        forsake (s, p);
      break;
    case 27:
      if (p != NULL && p->entered && s->alone == NULL && in_group (s) > 2)
        leave_one_alone (s, p);
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

static void
find (Storm *s, const char *rule, char *text)
{
  if (s->finding != NULL)
    {
      g_free (text);
      return;
    }
  s->finding = g_new (StormFinding, 1);
  *s->finding = (StormFinding){ .rule = rule, .text = text };
}

void
storm_finding_free (StormFinding *finding)
{
  g_free (finding->text);
  g_free (finding);
}

static void
judge (Storm *s, gboolean open_end)
{
  GError *error = NULL;
  TyJudgeOptions judge_options = { .model = TY_JUDGE_PRIMARY, .open_end = open_end };
  g_autoptr (TyJudge) judge = ty_judge_new (&judge_options, &error);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      if (!ty_judge_read (judge, p->name, p->history->str, p->history->len, &error))
        g_error ("%s", error->message);
    }
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  if (!report->legal)
    find (s, ty_judge_rule_number (((const TyJudgeViolation *) report->violations->pdata[0])->rule),
          ty_judge_report_to_string (report));
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

/* Nobody is left of those whom it asks to let it in. */
static gboolean
asks_the_dead (const Proc *p)
{
  for (guint i = 0; i < p->contacts->len; i++)
    if (!seat (p->contacts->pdata[i], FALSE).over)
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
      Seat mine = seat (p, second);
      if (mine.over || stranded (s, p, second) || (!mine.entered && asks_the_dead (p)))
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
describe (const Storm *s, const Proc *p, gboolean second, GString *out)
{
  static const char *const states[]
      = { "new", "joining", "member", "flushing", "blocked", "left", "excluded", "failed" };
  TyGroup *group = second ? p->second : p->group;
  if (group == NULL)
    return;
  TyGroupStats stats = { 0 };
  TyetView *view = ty_group_get_view (group);
  ty_group_get_stats (group, &stats);
  g_string_append_printf (out, "\n  %s %s: %s%s%s%s, view %s of %u", p->name, second ? "second group" : "group",
                          states[ty_group_get_state (group)], seat (p, second).entered ? "" : ", not entered",
                          group->lingers ? ", lingers" : "", p->stopped ? ", stopped" : "",
                          view != NULL ? view->label : "-", view != NULL ? view->n_members : 0);
  if (stats.unstable_bytes > 0 || stats.window_used_bytes > 0 || stats.spilled_bytes > 0)
    g_string_append_printf (out,
                            "\n      unstable %" G_GUINT64_FORMAT " window %" G_GUINT64_FORMAT
                            " queued %" G_GUINT64_FORMAT " spilled %" G_GUINT64_FORMAT,
                            stats.unstable_bytes, stats.window_used_bytes, stats.queued_bytes, stats.spilled_bytes);
  g_autoptr (GArray) waits = ty_group_waits (group, s->mesh->now);
  for (guint w = 0; w < waits->len; w++)
    g_string_append_printf (out, "\n      %s: %s", g_array_index (waits, TyGroupWait, w).what,
                            g_array_index (waits, TyGroupWait, w).text);
}

static void
complain (Storm *s, const char *rule, const char *what)
{
  if (s->finding != NULL)
    return;
  GString *text = g_string_new (what);
  g_string_append_printf (text, " (%s)", s->ordering);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *p = s->mesh->procs->pdata[i];
      for (guint second = 0; p->alive && second < 2; second++)
        describe (s, p, second == 1, text);
    }
  find (s, rule, g_string_free (text, FALSE));
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
      if (in_view (seat (p, second), tip) && rank < tip->n_members && tip->members[rank].since < tip->id.number)
        return TRUE;
    }
  return FALSE;
}

/* V13: the view that a process is in ended without it, and nobody is left who has what was said there. */
static gboolean
left_alone (const Storm *s, const Proc *p, gboolean second, const TyetView *tip)
{
  TyetView *view = ty_group_get_view (seat (p, second).group);
  if (view == NULL || view->id.number >= tip->id.number)
    return FALSE;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *q = s->mesh->procs->pdata[i];
      if (q != p && !seat (q, second).over && ty_view_rank (view, &q->pid) < view->n_members)
        return FALSE;
    }
  return TRUE;
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
      Seat mine = seat (p, second);
      gboolean may = !mine.over && (in_view (mine, tip) || can_follow (s, tip, second));
      if (rank < tip->n_members && may && !left_alone (s, p, second, tip))
        there[rank] = TRUE;
    }
  return ty_members_quorum (tip->members, tip->n_members, there);
}

static gboolean
converged (const Storm *s)
{
  return (!may_go_on (s, FALSE) || group_converged (s, FALSE)) && (!may_go_on (s, TRUE) || group_converged (s, TRUE));
}

/* ---- The oracles ---- */

/* Everybody, as far as one of the two groups is concerned. */
static GArray *
seats_of (const Storm *s, gboolean second)
{
  GArray *seats = g_array_sized_new (FALSE, FALSE, sizeof (OracleSeat), s->mesh->procs->len);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *p = s->mesh->procs->pdata[i];
      Seat mine = seat (p, second);
      OracleSeat as = { .name = p->name,
                        .pid = p->pid,
                        .group = second ? p->second : p->group,
                        .over = mine.over,
                        .stopped = p->stopped,
                        .clock = mesh_clock (p) };
      g_array_append_val (seats, as);
    }
  return seats;
}

#define SEATS(array) ((const OracleSeat *) (gconstpointer) (array)->data), (array)->len

static void
take_finding (Storm *s, const Oracle *oracle)
{
  if (oracle_rule (oracle) != NULL)
    complain (s, oracle_rule (oracle), oracle_text (oracle));
}

static void
stepped (Proc *p, gpointer user_data)
{
  Storm *s = user_data;
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      oracle_stepped (s->oracles[second], SEATS (seats), p->index);
      take_finding (s, s->oracles[second]);
    }
}

typedef void (*Look) (Oracle *oracle, const OracleSeat *seats, guint n_seats);

static void
look (Storm *s, Look at)
{
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      at (s->oracles[second], SEATS (seats));
      take_finding (s, s->oracles[second]);
    }
}

/* What can be seen of each process at any moment: V10, N2, V15. */
static void
each_is_sound (Storm *s)
{
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      /* One message of any size is taken; and batches have heads. */
      oracle_look_at_windows (s->oracles[second], SEATS (seats), s->largest + 2000);
      take_finding (s, s->oracles[second]);
    }
  if (s->mesh->unlike != NULL)
    complain (s, "V15", s->mesh->unlike);
}

/* Once all is quiet nothing is kept for anyone. */
static void
nothing_kept (Storm *s)
{
  for (guint second = 0; second < 2; second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      for (guint i = 0; i < seats->len; i++)
        {
          const OracleSeat *mine = &g_array_index (seats, OracleSeat, i);
          if (!mine->over && ty_group_get_view (mine->group) != NULL && may_go_on (s, second == 1)
              && !stranded (s, s->mesh->procs->pdata[i], second == 1))
            oracle_look_at_rest (s->oracles[second], mine);
        }
      take_finding (s, s->oracles[second]);
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
none_refused (Storm *s)
{
  if (mesh_refused (s->mesh) > 0)
    complain (s, "N5", "honest packets were refused");
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
draw_parameters (Storm *s)
{
  static const char *const orderings[] = { "fifo", "causal", "total", "total" };
  static const gsize windows[] = { 300, 5000, 4 << 20 }, largest[] = { 64, 64, 3000, 70000 };
  static const gint64 suspect_after[] = { 50000, 200000, 1000000 };
  GRand *rand = s->mesh->rand;
  guint o = (guint) g_rand_int_range (rand, 0, 4);
  s->ordering = orderings[o];
  s->strongest = o == 0 ? TY_SERVICE_FIFO : o == 1 ? TY_SERVICE_CAUSAL : TY_SERVICE_SAFE;
  TyNodeConfig *config = &s->mesh->config;
  s->most = mesh_chance (s->mesh, 0.2) ? 14 : 7;
  s->seconds = mesh_chance (s->mesh, 0.2);
  s->weights = mesh_chance (s->mesh, 0.3);
  s->unlike = mesh_chance (s->mesh, 0.3);
  s->drift = mesh_chance (s->mesh, 0.5);
  s->slow_load = mesh_chance (s->mesh, 0.4);
  s->founding = mesh_chance (s->mesh, 0.1);
  s->largest = largest[g_rand_int_range (rand, 0, G_N_ELEMENTS (largest))];
  config->suspect_after_us = suspect_after[g_rand_int_range (rand, 0, G_N_ELEMENTS (suspect_after))];
  config->heartbeat_us = config->suspect_after_us / 10;
  config->window_bytes = windows[g_rand_int_range (rand, 0, G_N_ELEMENTS (windows))];
  config->gather_above = mesh_chance (s->mesh, 0.3) ? (guint) g_rand_int_range (rand, 1, 5) : 0;
  if (mesh_chance (s->mesh, 0.3))
    config->spill_bytes = (gsize) g_rand_int_range (rand, 0, 400);
  if (mesh_chance (s->mesh, 0.5))
    config->max_message_bytes = s->largest;
  static const gdouble leases[] = { 0.25, 1, 1.5, 3 };
  gdouble lease = mesh_chance (s->mesh, 0.4) ? leases[g_rand_int_range (rand, 0, G_N_ELEMENTS (leases))] : 0;
  s->rounds = mesh_chance (s->mesh, 0.5);
  s->simple = mesh_chance (s->mesh, 0.6);
  if (s->lingers)
    {
      s->rounds = TRUE;
      s->founding = mesh_chance (s->mesh, 0.4);
    }
  if (s->simple)
    lease = 0;
  config->lease_us = (gint64) ((gdouble) config->suspect_after_us * lease);
  if (!s->rounds)
    return;
  s->most = 5;
  s->seconds = FALSE;
  s->largest = 64;
  config->suspect_after_us = suspect_after[g_rand_int_range (rand, 0, 2)];
  config->heartbeat_us = config->suspect_after_us / 10;
  config->lease_us = (gint64) ((gdouble) config->suspect_after_us * lease);
}

static void
begin_group (Storm *s)
{
  GError *error = NULL;
  Proc *first = spawn (s, FALSE, NULL);
  first->has_state = TRUE;
  ty_group_found (first->group, &error);
  if (first->second != NULL)
    ty_group_found (first->second, &error);
  mesh_run (s->mesh, 10000);
  guint members = (guint) g_rand_int_range (s->mesh->rand, s->rounds ? 3 : 1, 6);
  for (guint i = 1; i < members; i++)
    join (s, spawn (s, FALSE, NULL), JOIN_US);
  mesh_run (s->mesh, 300000);
}

static void
found_with (Storm *s, Proc *p, guint n)
{
  const char *names[6] = { NULL }, *addresses[6] = { NULL };
  GError *error = NULL;
  for (guint i = 0; i < n; i++)
    {
      names[i] = ((Proc *) s->mesh->procs->pdata[i])->name;
      addresses[i] = ((Proc *) s->mesh->procs->pdata[i])->address;
    }
  p->has_state = TRUE;
  if (!ty_group_found_with (p->group, names, addresses, p->storage->data, p->storage->len, &error))
    g_error ("%s", error->message);
}

/* ---- Packets that linger ---- */

static guint32 linger_salt;
static gint64 linger_us;

/* For a while at a time packets of one kind do not go from one process to another; by arithmetic, since what is drawn
 * for the faults must not depend on how often this is asked. */
static gboolean
passes (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  guint8 kind = packet[0];
  if (from == to || kind == TY_PACKET_ALIVE || kind > TY_PACKET_DECIDED)
    return TRUE;
  guint64 while_ = (guint64) (mesh->now / linger_us);
  guint64 mixed = linger_salt + 1000003 * while_ + 8191 * from + 131071 * to + 524287 * (guint64) kind;
  mixed = (mixed ^ mixed >> 15) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9;
  return (mixed >> 40) % 10 >= (kind >= TY_PACKET_PREPARE ? 4 : 1);
}

static void
let_linger (Storm *s)
{
  linger_salt = g_rand_int (s->mesh->rand);
  linger_us = (gint64) ((gdouble) s->mesh->config.suspect_after_us * (0.2 + 2 * g_rand_double (s->mesh->rand)));
  s->mesh->pass = passes;
}

/* V13: founders come, go before they are in, and come again. */
static void
begin_by_founders (Storm *s)
{
  guint n = (guint) g_rand_int_range (s->mesh->rand, 2, 6), crashes = 0;
  s->ordering = "total";
  s->strongest = TY_SERVICE_SAFE;
  s->seconds = s->weights = FALSE;
  for (guint i = 0; i < n; i++)
    spawn (s, FALSE, NULL);
  for (guint i = 0; i < n; i++)
    found_with (s, s->mesh->procs->pdata[i], n);
  guint moves = (guint) g_rand_int_range (s->mesh->rand, 50, 1500);
  if (s->lingers)
    let_linger (s);
  for (guint i = 0; i < moves; i++)
    {
      mesh_move (s->mesh);
      Proc *p
          = mesh_chance (s->mesh, 0.03) ? s->mesh->procs->pdata[g_rand_int_range (s->mesh->rand, 0, (gint32) n)] : NULL;
      if (p == NULL)
        continue;
      guint other = (guint) g_rand_int_range (s->mesh->rand, 0, (gint32) n);
      if (mesh_chance (s->mesh, 0.3))
        mesh_cut (s->mesh, p->index, other);
      else if (mesh_chance (s->mesh, 0.5))
        mesh_heal_all (s->mesh);
      else if (p->alive && !p->entered && crashes++ < 6)
        {
          mesh_crash (p);
          Proc *again = mesh_restart (p);
          found_with (s, again, n);
        }
    }
}

/* Safety: faults, and a judge. */
static void
rage (Storm *s)
{
  GRand *rand = s->mesh->rand;
  static const gdouble often[] = { 0, 0.004, 0.01, 0.02, 0.05 };
  gdouble faults = often[g_rand_int_range (rand, 0, G_N_ELEMENTS (often))];
  gdouble sends = 0.05 * g_rand_int_range (rand, 0, s->rounds ? 3 : 6);
  guint moves = (guint) g_rand_int_range (rand, 100, s->rounds ? 2500 : 4000);
  if (s->rounds)
    faults = MAX (faults * 2, 0.01);
  if (s->lingers)
    let_linger (s);
  for (guint i = 0; i < moves && s->finding == NULL; i++)
    {
      Proc *p = mesh_chance (s->mesh, sends) ? pick (s) : NULL;
      if (p != NULL && !p->stopped)
        send_some (s, p);
      if (mesh_chance (s->mesh, faults))
        fault (s);
      what_was_begun (s);
      mesh_move (s->mesh);
      if (i % 4 == 0)
        look (s, oracle_look_at_leases);
      if (i % 16 == 0)
        each_is_sound (s);
      if (i % 8 == 0)
        look (s, oracle_look_at_values);
    }
  judge (s, TRUE);
  none_refused (s);
}

static void
heal (Storm *s)
{
  if (s->mesh->trace)
    printf ("-- heal everything\n");
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      p->stopped = p->slow = p->tardy = FALSE;
      p->crash_after = -1;
      if (p->alive)
        mesh_load (p);
    }
  mesh_heal_all (s->mesh);
  s->mesh->pass = NULL;
  s->mesh->calm = TRUE;
  mesh_run (s->mesh, 500000);
}

/* Liveness: all is healed, and must come to one view, and to rest. */
static void
settle (Storm *s)
{
  gint64 until = s->mesh->now + 30000000;
  while (s->mesh->now < until && !converged (s))
    mesh_run (s->mesh, 100000);
  if (!converged (s))
    {
      complain (s, "liveness", "no convergence");
      return;
    }
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      if (!seat (p, FALSE).over)
        send_some (s, p);
    }
  until = s->mesh->now + 30000000;
  do
    mesh_run (s->mesh, 200000);
  while (s->mesh->now < until && under_way (s));
  if (under_way (s))
    complain (s, "liveness", "messages are still under way");
  if (!converged (s))
    complain (s, "liveness", "did not stay together");
  /* Who has gone without a word is found out. */
  mesh_run (s->mesh, 3 * MAX (s->mesh->config.suspect_after_us, s->mesh->config.lease_us));
  guint64 before = views (s);
  mesh_run (s->mesh, 2 * s->mesh->config.suspect_after_us);
  if (views (s) != before)
    complain (s, "liveness", "views change without a cause");
  nothing_kept (s);
}

static StormFinding *
run (guint32 seed, gboolean lingers, gboolean trace)
{
  Storm s = { .mesh = mesh_new (seed), .lingers = lingers };
  s.mesh->trace = trace;
  for (guint i = 0; i < 2; i++)
    s.oracles[i] = oracle_new ();
  s.mesh->stepped = stepped;
  s.mesh->stepped_data = &s;
  draw_parameters (&s);
  if (s.founding)
    begin_by_founders (&s);
  else
    begin_group (&s);
  rage (&s);
  if (s.finding == NULL)
    heal (&s);
  if (s.finding == NULL && (may_go_on (&s, FALSE) || may_go_on (&s, TRUE)))
    settle (&s);
  if (s.finding == NULL)
    {
      each_is_sound (&s);
      look (&s, oracle_look_at_values);
      judge (&s, TRUE);
      none_refused (&s);
    }
  mesh_free (s.mesh);
  for (guint i = 0; i < 2; i++)
    oracle_free (s.oracles[i]);
  return s.finding;
}

StormFinding *
storm_run (guint32 seed, gboolean trace)
{
  return run (seed, FALSE, trace);
}

StormFinding *
storm_run_lingering (guint32 seed, gboolean trace)
{
  return run (seed, TRUE, trace);
}
