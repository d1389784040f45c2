/* core/judge-conf.c: takes the views into the judge's store, as each process is told of them, and holds what shows
 * there (P1-P4, P7; F1-F4, and 2.2 as far as it speaks of views).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

static guint32
add_view (TyJudge *j, guint32 group, const TyText *label)
{
  g_string_truncate (j->key, 0);
  g_string_append_len (j->key, (const char *) &group, TY_VIEW_KEY_BYTES);
  g_string_append_len (j->key, label->text, (gssize) label->len);
  guint32 view = ty_names_add (&j->views, j->key->str, j->key->len);
  if (view >= j->view->len)
    {
      g_array_set_size (j->view, view + 1);
      TY_VIEW (j, view)->group = group;
      TY_VIEW (j, view)->stays = g_array_new (FALSE, FALSE, sizeof (guint32));
    }
  return view;
}

/* Reads the members into j->members, by number. P2, F1. */
static gboolean
take_members (TyJudge *j, const TyTrack *t, const TyRecord *r)
{
  const TyJudgeRule rule = ty_judge_rule (j, TY_RULE_MEMBER, TY_RULE_E_MEMBER);
  gboolean in = FALSE;
  g_array_set_size (j->members, 0);
  j->mark++;
  for (guint i = 0; i < r->n_members; i++)
    {
      guint32 member = ty_judge_add_process (j, &r->members[i]);
      g_array_append_val (j->members, member);
      if (TY_PROCESS (j, member)->mark == j->mark)
        {
          ty_judge_violation (j, rule, (TyConcerned){ t->group, { t->process, member } },
                              "view %.*s at %s names %s twice", (int) r->c.len, r->c.text,
                              ty_judge_process_text (j, t->process), ty_judge_process_text (j, member));
          return FALSE;
        }
      TY_PROCESS (j, member)->mark = j->mark;
      in |= member == t->process;
    }
  if (!in)
    ty_judge_violation (j, rule, (TyConcerned){ t->group, { t->process } },
                        "%s is told of view %.*s, which it is no member of", ty_judge_process_text (j, t->process),
                        (int) r->c.len, r->c.text);
  return in;
}

/* Who was told of a view first. */
static guint32
teller (TyJudge *j, guint32 view)
{
  return ty_stay_process (j, g_array_index (TY_VIEW (j, view)->stays, guint32, 0));
}

/* P7, P8: what a view says of the one before it. */
static void
note_prev (TyJudge *j, const TyTrack *t, guint32 view, const TyRecord *r)
{
  const gboolean extended = j->options.model == TY_JUDGE_EXTENDED;
  guint32 prev = r->prev.len == 0 ? TY_VIEW_FIRST : add_view (j, t->group, &r->prev);
  TyJudgeView *v = TY_VIEW (j, view);
  if (v->prev != 0 && v->prev != prev)
    ty_judge_violation (
        j, ty_judge_rule (j, TY_RULE_CHAIN, TY_RULE_E_ONE), (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
        "view %s is said to be decided after %.*s at %s, and after another elsewhere", ty_judge_view_text (j, view),
        (int) r->prev.len, r->prev.text, ty_judge_process_text (j, t->process));
  else
    v->prev = prev;
  /* Under the extended model a process misses the primary views that it is not in. */
  guint32 from = t->stay != 0 ? TY_STAY (j, t->stay)->view : 0;
  if (from != 0 && prev != from && !extended)
    ty_judge_violation (j, TY_RULE_SKIP, (TyConcerned){ t->group, { t->process }, { 0 }, { from, view } },
                        "%s goes from view %s to %s, which was decided after %s", ty_judge_process_text (j, t->process),
                        ty_judge_view_text (j, from), ty_judge_view_text (j, view),
                        prev == TY_VIEW_FIRST ? "none" : ty_judge_view_text (j, prev));
}

/* P3, F2: everybody is told of the same view. FALSE if not even its kind is. */
static gboolean
note_view (TyJudge *j, const TyTrack *t, guint32 view, const TyRecord *r)
{
  TyJudgeView *v = TY_VIEW (j, view);
  const TyJudgeRule rule = ty_judge_rule (j, TY_RULE_RANKS, TY_RULE_E_SAME);
  gsize bytes = j->members->len * sizeof (guint32);
  gboolean primary = r->primary && !r->transitional;
  if (v->stays->len == 0)
    {
      v->members = g_memdup2 (j->members->data, bytes);
      v->n_members = j->members->len;
      v->transitional = r->transitional;
      v->primary = primary;
      return TRUE;
    }
  TyConcerned who = { t->group, { teller (j, view), t->process }, { 0 }, { view } };
  if (v->n_members != j->members->len || memcmp (v->members, j->members->data, bytes) != 0)
    ty_judge_violation (j, rule, who, "%s and %s are told of view %s with other members, or in another order",
                        ty_judge_process_text (j, who.processes[0]), ty_judge_process_text (j, t->process),
                        ty_judge_view_text (j, view));
  else if (v->transitional != r->transitional || v->primary != primary)
    ty_judge_violation (j, rule, who, "view %s is %s at %s, at %s it is not", ty_judge_view_text (j, view),
                        v->transitional != r->transitional ? (v->transitional ? "transitional" : "regular")
                        : v->primary                       ? "primary"
                                                           : "not primary",
                        ty_judge_process_text (j, who.processes[0]), ty_judge_process_text (j, t->process));
  return v->transitional == r->transitional;
}

static gboolean
was_told (TyJudge *j, guint32 view, guint32 track)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  for (guint i = 0; i < stays->len; i++)
    if (TY_STAY (j, g_array_index (stays, guint32, i))->track == track)
      return TRUE;
  return FALSE;
}

/* P1 */
static gboolean
check_primary (TyJudge *j, const TyTrack *t, const TyRecord *r)
{
  if (!r->transitional && r->primary)
    return TRUE;
  ty_judge_violation (j, TY_RULE_PRIMARY, (TyConcerned){ t->group, { t->process } }, "view %.*s at %s is %s%s",
                      (int) r->c.len, r->c.text, ty_judge_process_text (j, t->process),
                      r->transitional ? "transitional" : "not primary",
                      r->transitional && r->primary ? ", and called primary" : "");
  return FALSE;
}

/* A killed process records no failure.  Who leaves others behind and is alone from one regular view to the next, with
 * no transitional view between, has not parted from them ([EVS94] §3 step 6.c would tell of that), but was killed and
 * has recovered.  So was one whose record stops in one file and begins alone in another. */
static gboolean
was_killed (TyJudge *j, const TyTrack *t)
{
  const TyJudgeView *from;
  if (t->stay == 0 || t->failed)
    return FALSE;
  from = TY_VIEW (j, TY_STAY (j, t->stay)->view);
  return t->source != j->sources || (!from->transitional && from->n_members > 1);
}

/* F4: [EVS94] §2: who has failed may recover with a configuration change whose membership is that process alone. */
static void
check_recovery (TyJudge *j, TyTrack *t, guint32 view, const TyRecord *r)
{
  gboolean alone = j->members->len == 1 && !r->transitional;
  if (alone && was_killed (j, t))
    TY_STAY (j, t->stay)->failed = TRUE;
  if (t->failed && !alone)
    ty_judge_violation (j, TY_RULE_E_RECOVERY, (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
                        "%s recovers in view %s, %s", ty_judge_process_text (j, t->process),
                        ty_judge_view_text (j, view),
                        r->transitional ? "a transitional one" : "in which it is not alone");
  t->failed = FALSE;
}

/* Somebody of view a is not in view b. 0: all are. */
static guint32
missing_in (TyJudge *j, guint32 a, guint32 b)
{
  const TyJudgeView *v = TY_VIEW (j, a), *w = TY_VIEW (j, b);
  j->mark++;
  for (guint i = 0; i < w->n_members; i++)
    TY_PROCESS (j, w->members[i])->mark = j->mark;
  for (guint i = 0; i < v->n_members; i++)
    if (TY_PROCESS (j, v->members[i])->mark != j->mark)
      return v->members[i];
  return 0;
}

/* F3 of a transitional view and the regular view on one side of it, `known` so far. */
static void
check_bridge (TyJudge *j, const TyTrack *t, guint32 view, guint32 *known, guint32 side, const char *where)
{
  guint32 missing;
  TyConcerned who = { t->group, { t->process }, { 0 }, { view, side, *known } };
  if (*known == side)
    return;
  if (*known != 0)
    {
      ty_judge_violation (j, TY_RULE_E_BRIDGE, who, "view %s %s the transitional view %s at %s, %s elsewhere",
                          ty_judge_view_text (j, side), where, ty_judge_view_text (j, view),
                          ty_judge_process_text (j, t->process), ty_judge_view_text (j, *known));
      return;
    }
  *known = side;
  missing = missing_in (j, view, side);
  who.processes[1] = missing;
  if (missing != 0)
    ty_judge_violation (j, TY_RULE_E_BRIDGE, who, "%s is in the transitional view %s, but not in view %s, which %s it",
                        ty_judge_process_text (j, missing), ty_judge_view_text (j, view), ty_judge_view_text (j, side),
                        where);
}

/* F3. What stands before a transitional view; 0 if nothing that may. */
static guint32
find_base (TyJudge *j, const TyTrack *t, guint32 view, guint32 from)
{
  if (from == 0 || TY_STAY (j, from)->failed || TY_VIEW (j, TY_STAY (j, from)->view)->transitional)
    {
      ty_judge_violation (j, TY_RULE_E_BRIDGE, (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
                          "%s is told of the transitional view %s after %s", ty_judge_process_text (j, t->process),
                          ty_judge_view_text (j, view),
                          from == 0                   ? "no view"
                          : TY_STAY (j, from)->failed ? "it failed"
                                                      : "another one");
      return from != 0 && !TY_STAY (j, from)->failed ? TY_STAY (j, from)->base : 0;
    }
  check_bridge (j, t, view, &TY_VIEW (j, view)->base, TY_STAY (j, from)->view, "precedes");
  return from;
}

/* Under the extended model: how the view follows what the process was in. The stay that holds its events; 0 for its
 * own. */
static guint32
follow (TyJudge *j, TyTrack *t, guint32 view, const TyRecord *r)
{
  guint32 from = t->stay;
  if (r->transitional && r->primary)
    ty_judge_violation (j, TY_RULE_E_BRIDGE, (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
                        "the transitional view %s at %s is called primary", ty_judge_view_text (j, view),
                        ty_judge_process_text (j, t->process));
  check_recovery (j, t, view, r);
  if (r->transitional)
    return find_base (j, t, view, from);
  if (from != 0 && !TY_STAY (j, from)->failed && TY_VIEW (j, TY_STAY (j, from)->view)->transitional)
    {
      guint32 over = TY_STAY (j, from)->view;
      check_bridge (j, t, over, &TY_VIEW (j, over)->next, view, "follows");
    }
  return 0;
}

static void
enter (TyJudge *j, guint32 track, guint32 view, guint32 base)
{
  TyTrack *t = TY_TRACK (j, track);
  TyStay fresh = { .track = track, .view = view, .slot = TY_VIEW (j, view)->stays->len, .base = base };
  guint32 stay = j->stay->len;
  if (base == 0)
    {
      fresh.events = g_array_new (FALSE, FALSE, sizeof (guint32));
      fresh.sent = g_array_new (FALSE, FALSE, sizeof (guint32));
      fresh.split = G_MAXUINT32;
    }
  else if (TY_STAY (j, base)->split == G_MAXUINT32)
    TY_STAY (j, base)->split = TY_STAY (j, base)->events->len;
  g_array_append_val (j->stay, fresh);
  g_array_append_val (TY_VIEW (j, view)->stays, stay);
  if (t->stay != 0)
    TY_STAY (j, t->stay)->next = stay;
  else
    t->first = stay;
  t->stay = stay;
}

void
ty_judge_conf (TyJudge *j, guint32 track, const TyRecord *r)
{
  TyTrack *t = TY_TRACK (j, track);
  const gboolean extended = j->options.model == TY_JUDGE_EXTENDED;
  if ((!extended && !check_primary (j, t, r)) || !take_members (j, t, r))
    return;
  guint32 view = add_view (j, t->group, &r->c);
  if (was_told (j, view, track))
    {
      ty_judge_violation (j, ty_judge_rule (j, TY_RULE_ONCE, TY_RULE_E_INSIDE),
                          (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
                          "%s is told of view %s a second time", ty_judge_process_text (j, t->process),
                          ty_judge_view_text (j, view));
      return;
    }
  if (!note_view (j, t, view, r))
    return;
  if (r->prev.text != NULL && !r->transitional && r->primary)
    note_prev (j, t, view, r);
  enter (j, track, view, extended ? follow (j, t, view, r) : 0);
}
