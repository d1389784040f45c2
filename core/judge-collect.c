/* core/judge-collect.c: takes records into the judge's store, and holds those rules that one process's own record shows
 * (P1-P4, P7, P9-P12, P24, P25).
 *
 * What breaks a rule here is left out of the store, so that one mistake is reported once.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

static guint32
add_process (TyJudge *j, const TyText *name)
{
  guint32 process = ty_names_add (&j->processes, name->text, name->len);
  if (process >= j->process->len)
    g_array_set_size (j->process, process + 1);
  return process;
}

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

static guint32
add_message (TyJudge *j, const TyText *id)
{
  guint32 message = ty_names_add (&j->messages, id->text, id->len);
  if (message >= j->message->len)
    g_array_set_size (j->message, message + 1);
  return message;
}

/* Most lines are of the same process and group as the line before. */
static guint32
find_track (TyJudge *j, const TyText *process_name, const TyText *group_name)
{
  if (j->last_track != 0)
    {
      const TyTrack *t = TY_TRACK (j, j->last_track);
      if (ty_names_is (&j->processes, t->process, process_name->text, process_name->len)
          && ty_names_is (&j->groups, t->group, group_name->text, group_name->len))
        return j->last_track;
    }
  guint32 process = add_process (j, process_name);
  guint32 group = ty_names_add (&j->groups, group_name->text, group_name->len);
  guint64 key = (guint64) process << 32 | group;
  guint32 track = GPOINTER_TO_UINT (g_hash_table_lookup (j->tracks, &key));
  if (track == 0)
    {
      TyTrack fresh = { .process = process, .group = group };
      track = j->track->len;
      g_array_append_val (j->track, fresh);
      g_hash_table_insert (j->tracks, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (track));
    }
  return j->last_track = track;
}

static gboolean
is_label (TyJudge *j, guint32 view, const TyText *label)
{
  return ty_names_len (&j->views, view) - TY_VIEW_KEY_BYTES == label->len
         && memcmp (ty_judge_view_text (j, view), label->text, label->len) == 0;
}

/* P9: the stay that the record belongs to, or 0. */
static guint32
stay_of (TyJudge *j, TyTrack *t, const TyRecord *r, const char *what)
{
  if (t->stay != 0 && is_label (j, TY_STAY (j, t->stay)->view, &r->c))
    return t->stay;
  ty_judge_violation (j, TY_RULE_INSIDE, (TyConcerned){ t->group, { t->process } },
                      "%s has %s in view %.*s while in %s", ty_judge_process_text (j, t->process), what, (int) r->c.len,
                      r->c.text, t->stay != 0 ? ty_judge_view_text (j, TY_STAY (j, t->stay)->view) : "no view");
  return 0;
}

/* Reads the members into j->members, by number. P2. */
static gboolean
take_members (TyJudge *j, const TyTrack *t, const TyRecord *r)
{
  gboolean in = FALSE;
  g_array_set_size (j->members, 0);
  j->mark++;
  for (guint i = 0; i < r->n_members; i++)
    {
      guint32 member = add_process (j, &r->members[i]);
      g_array_append_val (j->members, member);
      if (TY_PROCESS (j, member)->mark == j->mark)
        {
          ty_judge_violation (j, TY_RULE_MEMBER, (TyConcerned){ t->group, { t->process, member } },
                              "view %.*s at %s names %s twice", (int) r->c.len, r->c.text,
                              ty_judge_process_text (j, t->process), ty_judge_process_text (j, member));
          return FALSE;
        }
      TY_PROCESS (j, member)->mark = j->mark;
      in |= member == t->process;
    }
  if (!in)
    ty_judge_violation (j, TY_RULE_MEMBER, (TyConcerned){ t->group, { t->process } },
                        "%s is told of view %.*s, which it is no member of", ty_judge_process_text (j, t->process),
                        (int) r->c.len, r->c.text);
  return in;
}

/* P3 and P2 on the view that `members` and `prev` are told of. */
static void
note_view (TyJudge *j, const TyTrack *t, guint32 view, const TyRecord *r)
{
  TyJudgeView *v = TY_VIEW (j, view);
  gsize bytes = j->members->len * sizeof (guint32);
  if (v->members == NULL)
    {
      v->members = g_memdup2 (j->members->data, bytes);
      v->n_members = j->members->len;
    }
  else if (v->n_members != j->members->len || memcmp (v->members, j->members->data, bytes) != 0)
    ty_judge_violation (
        j, TY_RULE_RANKS,
        (TyConcerned){
            t->group, { ty_stay_process (j, g_array_index (v->stays, guint32, 0)), t->process }, { 0 }, { view } },
        "%s and %s are told of view %s with other members, or in another order",
        ty_judge_process_text (j, ty_stay_process (j, g_array_index (v->stays, guint32, 0))),
        ty_judge_process_text (j, t->process), ty_judge_view_text (j, view));

  if (r->prev.text == NULL)
    return;
  guint32 prev = r->prev.len == 0 ? TY_VIEW_FIRST : add_view (j, t->group, &r->prev);
  v = TY_VIEW (j, view); /* the table may have moved */
  if (v->prev != 0 && v->prev != prev)
    ty_judge_violation (j, TY_RULE_CHAIN, (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
                        "view %s is said to be decided after %.*s at %s, and after another elsewhere",
                        ty_judge_view_text (j, view), (int) r->prev.len, r->prev.text,
                        ty_judge_process_text (j, t->process));
  else
    v->prev = prev;
  guint32 from = t->stay != 0 ? TY_STAY (j, t->stay)->view : 0;
  if (from != 0 && prev != from)
    ty_judge_violation (j, TY_RULE_SKIP, (TyConcerned){ t->group, { t->process }, { 0 }, { from, view } },
                        "%s goes from view %s to %s, which was decided after %s", ty_judge_process_text (j, t->process),
                        ty_judge_view_text (j, from), ty_judge_view_text (j, view),
                        prev == TY_VIEW_FIRST ? "none" : ty_judge_view_text (j, prev));
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

static void
on_conf (TyJudge *j, guint32 track, const TyRecord *r)
{
  TyTrack *t = TY_TRACK (j, track);
  if (r->transitional || !r->primary)
    {
      ty_judge_violation (j, TY_RULE_PRIMARY, (TyConcerned){ t->group, { t->process } }, "view %.*s at %s is %s%s",
                          (int) r->c.len, r->c.text, ty_judge_process_text (j, t->process),
                          r->transitional ? "transitional" : "not primary",
                          r->transitional && r->primary ? ", and called primary" : "");
      return;
    }
  if (!take_members (j, t, r))
    return;
  guint32 view = add_view (j, t->group, &r->c);
  if (was_told (j, view, track))
    {
      ty_judge_violation (j, TY_RULE_ONCE, (TyConcerned){ t->group, { t->process }, { 0 }, { view } },
                          "%s is told of view %s a second time", ty_judge_process_text (j, t->process),
                          ty_judge_view_text (j, view));
      return;
    }
  note_view (j, t, view, r);

  TyStay fresh = {
    .track = track,
    .view = view,
    .slot = TY_VIEW (j, view)->stays->len,
    .events = g_array_new (FALSE, FALSE, sizeof (guint32)),
    .sent = g_array_new (FALSE, FALSE, sizeof (guint32)),
  };
  guint32 stay = j->stay->len;
  g_array_append_val (j->stay, fresh);
  g_array_append_val (TY_VIEW (j, view)->stays, stay);
  if (t->stay != 0)
    TY_STAY (j, t->stay)->next = stay;
  t->stay = stay;
}

/* P11, for what does not happen while blocked. */
static void
mind_block (TyJudge *j, const TyTrack *t, const TyStay *s, const char *what, const TyRecord *r)
{
  if (!s->blocked)
    return;
  guint32 message = add_message (j, &r->m);
  ty_judge_violation (j, TY_RULE_BLOCKED, (TyConcerned){ t->group, { t->process }, { message }, { s->view } },
                      "%s %s %.*s while blocked in view %s", ty_judge_process_text (j, t->process), what,
                      (int) r->m.len, r->m.text, ty_judge_view_text (j, s->view));
}

static void
on_send (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  guint32 stay = stay_of (j, t, r, "a send");
  if (stay == 0)
    return;
  TyStay *s = TY_STAY (j, stay);
  mind_block (j, t, s, "sends", r);
  guint32 message = add_message (j, &r->m);
  TyJudgeMessage *m = TY_MESSAGE (j, message);
  if (m->stay != 0)
    {
      ty_judge_violation (
          j, TY_RULE_UNIQUE,
          (TyConcerned){ t->group, { ty_stay_process (j, m->stay), t->process }, { message }, { s->view } },
          "%s is sent twice: by %s in view %s, by %s in view %s", ty_judge_message_text (j, message),
          ty_judge_process_text (j, ty_stay_process (j, m->stay)), ty_judge_view_text (j, TY_STAY (j, m->stay)->view),
          ty_judge_process_text (j, t->process), ty_judge_view_text (j, s->view));
      return;
    }
  g_array_append_val (s->sent, message);
  m->stay = stay;
  m->number = s->sent->len;
  m->service = (guint8) r->service;
  guint32 event = message * 2;
  g_array_append_val (s->events, event);
}

static void
on_deliver (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  j->deliveries++;
  guint32 stay = stay_of (j, t, r, "a delivery");
  if (stay == 0)
    return;
  TyStay *s = TY_STAY (j, stay);
  mind_block (j, t, s, "delivers", r); /* it counts nevertheless: else it would be missed, too */
  guint32 event = add_message (j, &r->m) * 2 + 1;
  g_array_append_val (s->events, event);
  s->n_delivered++;
}

/* P24, P25 */
static void
on_state (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  guint32 stay = stay_of (j, t, r, r->event == TY_RECORD_SAVE ? "a save" : "a load");
  if (stay == 0)
    return;
  const TyStay *s = TY_STAY (j, stay);
  TyJudgeView *v = TY_VIEW (j, s->view);
  if (r->event == TY_RECORD_LOAD && s->n_delivered > 0)
    ty_judge_violation (j, TY_RULE_LOAD, (TyConcerned){ t->group, { t->process }, { 0 }, { s->view } },
                        "%s delivered %u messages of view %s before it had loaded the state",
                        ty_judge_process_text (j, t->process), s->n_delivered, ty_judge_view_text (j, s->view));
  if (r->digest.text == NULL)
    return;
  guint32 digest = ty_names_add (&j->digests, r->digest.text, r->digest.len);
  if (v->digest == 0)
    {
      v->digest = digest;
      v->digest_of = t->process;
    }
  else if (v->digest != digest)
    ty_judge_violation (j, TY_RULE_DIGEST, (TyConcerned){ t->group, { v->digest_of, t->process }, { 0 }, { s->view } },
                        "the state of view %s is %s at %s and %s at %s", ty_judge_view_text (j, s->view),
                        ty_names_text (&j->digests, v->digest), ty_judge_process_text (j, v->digest_of),
                        ty_names_text (&j->digests, digest), ty_judge_process_text (j, t->process));
}

static void
on_fail (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  j->failures++;
  guint32 stay = stay_of (j, t, r, "a failure");
  t->failed = TRUE;
  if (stay != 0)
    TY_STAY (j, stay)->failed = TRUE;
}

static void
on_block (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  j->blocks++;
  guint32 stay = stay_of (j, t, r, "a block");
  if (stay != 0)
    TY_STAY (j, stay)->blocked = TRUE;
}

void
ty_judge_collect (const TyRecord *r, gpointer judge)
{
  static const char *const names[] = { "view", "send", "delivery", "failure", "block", "save", "load", "end" };
  TyJudge *j = judge;
  j->events++;
  guint32 track = find_track (j, &r->p, &r->g);
  TyTrack *t = TY_TRACK (j, track);
  gboolean ended = TY_PROCESS (j, t->process)->ended;
  if (ended || (t->failed && r->event != TY_RECORD_END))
    {
      ty_judge_violation (j, TY_RULE_AFTER, (TyConcerned){ t->group, { t->process } }, "%s has a %s after %s",
                          ty_judge_process_text (j, t->process), names[r->event], ended ? "its end" : "it failed");
      return;
    }
  switch (r->event)
    {
    case TY_RECORD_CONF:
      on_conf (j, track, r);
      return;
    case TY_RECORD_SEND:
      on_send (j, t, r);
      return;
    case TY_RECORD_DELIVER:
      on_deliver (j, t, r);
      return;
    case TY_RECORD_FAIL:
      on_fail (j, t, r);
      return;
    case TY_RECORD_BLOCK:
      on_block (j, t, r);
      return;
    case TY_RECORD_SAVE:
    case TY_RECORD_LOAD:
      on_state (j, t, r);
      return;
    case TY_RECORD_END:
      TY_PROCESS (j, t->process)->ended = TRUE;
      return;
    default:
      g_assert_not_reached ();
    }
}
