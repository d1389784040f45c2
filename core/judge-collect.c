/* core/judge-collect.c: takes records into the judge's store, and holds those rules that one process's own record shows
 * (P9-P12, P24, P25; 1.2, 1.4 of sends, 2.2, F5-F7). Views are taken in by judge-conf.c.
 *
 * What breaks a rule here is left out of the store, so that one mistake is reported once.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

#include <string.h>

guint32
ty_judge_add_process (TyJudge *j, const TyText *name)
{
  guint32 process = ty_names_add (&j->processes, name->text, name->len);
  if (process >= j->process->len)
    g_array_set_size (j->process, process + 1);
  return process;
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
  guint32 process = ty_judge_add_process (j, process_name);
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

/* P9, 2.2: the stay that the record belongs to, or 0. */
static guint32
stay_of (TyJudge *j, TyTrack *t, const TyRecord *r, const char *what)
{
  if (t->stay != 0 && is_label (j, TY_STAY (j, t->stay)->view, &r->c))
    return t->stay;
  ty_judge_violation (j, ty_judge_rule (j, TY_RULE_INSIDE, TY_RULE_E_INSIDE), (TyConcerned){ t->group, { t->process } },
                      "%s has %s in view %.*s while in %s", ty_judge_process_text (j, t->process), what, (int) r->c.len,
                      r->c.text, t->stay != 0 ? ty_judge_view_text (j, TY_STAY (j, t->stay)->view) : "no view");
  return 0;
}

/* P11, F5, for what does not happen while blocked. */
static void
mind_block (TyJudge *j, const TyTrack *t, const TyStay *s, const char *what, const TyRecord *r)
{
  if (!s->blocked)
    return;
  guint32 message = add_message (j, &r->m);
  ty_judge_violation (j, ty_judge_rule (j, TY_RULE_BLOCKED, TY_RULE_E_BLOCKED),
                      (TyConcerned){ t->group, { t->process }, { message }, { s->view } },
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
  if (TY_VIEW (j, s->view)->transitional)
    {
      /* It counts as sent in the regular view: its deliveries are not to blame. */
      ty_judge_violation (j, TY_RULE_E_UNIQUE, (TyConcerned){ t->group, { t->process }, { message }, { s->view } },
                          "%s sends %s in view %s, a transitional one", ty_judge_process_text (j, t->process),
                          ty_judge_message_text (j, message), ty_judge_view_text (j, s->view));
      stay = ty_judge_stage (j, stay);
      s = TY_STAY (j, stay);
    }
  if (m->stay != 0)
    {
      ty_judge_violation (
          j, ty_judge_rule (j, TY_RULE_UNIQUE, TY_RULE_E_UNIQUE),
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
  s->n_delivered++;
  g_array_append_val (TY_STAY (j, ty_judge_stage (j, stay))->events, event);
}

/* P24, P25; F6, F7 */
static void
on_state (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  guint32 stay = stay_of (j, t, r, r->event == TY_RECORD_SAVE ? "a save" : "a load");
  if (stay == 0)
    return;
  const TyStay *s = TY_STAY (j, stay);
  TyJudgeView *v = TY_VIEW (j, s->view);
  if (r->event == TY_RECORD_LOAD && s->n_delivered > 0)
    ty_judge_violation (j, ty_judge_rule (j, TY_RULE_LOAD, TY_RULE_E_LOAD),
                        (TyConcerned){ t->group, { t->process }, { 0 }, { s->view } },
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
    ty_judge_violation (j, ty_judge_rule (j, TY_RULE_DIGEST, TY_RULE_E_DIGEST),
                        (TyConcerned){ t->group, { v->digest_of, t->process }, { 0 }, { s->view } },
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
  if (stay == 0)
    return;
  TY_STAY (j, stay)->failed = TRUE;
  TY_STAY (j, stay)->left = r->why.len == strlen ("leave") && memcmp (r->why.text, "leave", r->why.len) == 0;
}

static void
on_block (TyJudge *j, TyTrack *t, const TyRecord *r)
{
  j->blocks++;
  guint32 stay = stay_of (j, t, r, "a block");
  if (stay != 0)
    TY_STAY (j, stay)->blocked = TRUE;
}

/* P10; 1.2, 2.2: under the extended model, who has failed may recover. */
static gboolean
happens_after_all (TyJudge *j, const TyTrack *t, const TyRecord *r)
{
  static const char *const names[] = { "view", "send", "delivery", "failure", "block", "save", "load", "end" };
  gboolean ended = TY_PROCESS (j, t->process)->ended;
  gboolean recovers = t->failed && r->event == TY_RECORD_CONF && j->options.model == TY_JUDGE_EXTENDED;
  if (!ended && (!t->failed || r->event == TY_RECORD_END || recovers))
    return FALSE;
  ty_judge_violation (j, ty_judge_rule (j, TY_RULE_AFTER, ended ? TY_RULE_E_SEQUENCE : TY_RULE_E_INSIDE),
                      (TyConcerned){ t->group, { t->process } }, "%s has a %s after %s",
                      ty_judge_process_text (j, t->process), names[r->event], ended ? "its end" : "it failed");
  return TRUE;
}

void
ty_judge_collect (const TyRecord *r, gpointer judge)
{
  TyJudge *j = judge;
  j->events++;
  guint32 track = find_track (j, &r->p, &r->g);
  TyTrack *t = TY_TRACK (j, track);
  if (happens_after_all (j, t, r))
    return;
  switch (r->event)
    {
    case TY_RECORD_CONF:
      ty_judge_conf (j, track, r);
      break;
    case TY_RECORD_SEND:
      on_send (j, t, r);
      break;
    case TY_RECORD_DELIVER:
      on_deliver (j, t, r);
      break;
    case TY_RECORD_FAIL:
      on_fail (j, t, r);
      break;
    case TY_RECORD_BLOCK:
      on_block (j, t, r);
      break;
    case TY_RECORD_SAVE:
    case TY_RECORD_LOAD:
      on_state (j, t, r);
      break;
    case TY_RECORD_END:
      TY_PROCESS (j, t->process)->ended = TRUE;
      break;
    default:
      g_assert_not_reached ();
    }
  TY_TRACK (j, track)->source = j->sources;
}
