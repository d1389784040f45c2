/* core/judge-view.c: judges each view by itself: its events are replayed in an order that respects cause and effect
 * (P13-P18; 1.1, 1.3, 5), then what its processes owe is added up (P21-P23; judge-stage.c has that of the extended
 * model).
 *
 * The replay walks over all stays of the view side by side; a delivery whose send has not been replayed yet waits for
 * it. When nothing moves any more, events precede themselves (P16).
 *
 * Causality costs no set a message.  A process delivers each sender's messages in number order (else P17 says so), so
 * what it has delivered is one number a sender, and so is what a message depends on.  Between two of a sender's
 * messages that carry dependences only few of these change: a message keeps just those, because whoever delivers it has
 * delivered the one before, and what that depends on, already.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

typedef struct
{
  guint32 slot;
  guint32 number;
} Dep;

typedef struct
{
  TyJudge *j;
  guint32 view;
  const GArray *stays;
  guint n;
  guint32 *delivered; /* n x n: by slot, of slot: the number of the last */
  guint32 *noted;     /* n x n: which turn of the sender's dependences this is noted for */
  guint32 *turn;      /* by slot */
  GArray **changed;   /* by slot: guint32 slots noted in this turn */
  guint32 *at;        /* by slot: next event */
  GArray *deps;       /* Dep */
  GArray *ready;      /* guint32 stays */
  gboolean *owes;     /* by slot */
  guint n_owe;
} Replay;

gboolean
ty_stay_owes (TyJudge *j, const TyStay *s)
{
  if (s->next != 0)
    return TRUE;
  if (TY_VIEW (j, s->view)->next != 0 || j->options.open_end)
    return FALSE;
  return TY_PROCESS (j, TY_TRACK (j, s->track)->process)->ended && !s->failed && !s->blocked;
}

gboolean
ty_stay_survived (TyJudge *j, const TyStay *s)
{
  return ty_stay_owes (j, s) || (j->options.open_end && TY_VIEW (j, s->view)->next == 0 && !s->failed && !s->blocked);
}

static guint32
stay_at (const Replay *r, guint slot)
{
  return g_array_index (r->stays, guint32, slot);
}

static const char *
process_at (const Replay *r, guint slot)
{
  return ty_judge_process_text (r->j, ty_stay_process (r->j, stay_at (r, slot)));
}

static TyConcerned
concerned (const Replay *r, guint slot, guint32 message, guint32 other)
{
  guint32 sender = message != 0 ? TY_MESSAGE (r->j, message)->stay : 0;
  return (TyConcerned){ TY_VIEW (r->j, r->view)->group,
                        { ty_stay_process (r->j, stay_at (r, slot)),
                          sender != 0 && sender != stay_at (r, slot) ? ty_stay_process (r->j, sender) : 0 },
                        { message, other },
                        { r->view } };
}

/* P15. Such deliveries count as nothing afterwards. */
static void
drop_repeated (const Replay *r)
{
  for (guint slot = 0; slot < r->n; slot++)
    {
      guint32 stay = stay_at (r, slot);
      GArray *events = TY_STAY (r->j, stay)->events;
      for (guint i = 0; i < events->len; i++)
        {
          guint32 *event = &g_array_index (events, guint32, i);
          guint32 message = *event / 2;
          if ((*event & 1) == 0)
            continue;
          TyJudgeMessage *m = TY_MESSAGE (r->j, message);
          if (m->seen == stay)
            {
              ty_judge_violation (r->j, TY_RULE_TWICE, concerned (r, slot, message, 0),
                                  "%s delivers %s twice in view %s", process_at (r, slot),
                                  ty_judge_message_text (r->j, message), ty_judge_view_text (r->j, r->view));
              *event = 1;
            }
          m->seen = stay;
        }
    }
}

static void
replay_send (Replay *r, guint slot, guint32 message)
{
  TyJudgeMessage *m = TY_MESSAGE (r->j, message);
  if (m->service != TY_SERVICE_FIFO)
    {
      GArray *changed = r->changed[slot];
      m->deps = r->deps->len;
      m->n_deps = changed->len;
      for (guint i = 0; i < changed->len; i++)
        {
          guint32 of = g_array_index (changed, guint32, i);
          Dep dep = { of, r->delivered[slot * r->n + of] };
          g_array_append_val (r->deps, dep);
        }
      g_array_set_size (changed, 0);
      r->turn[slot]++;
    }
  m->happened = TRUE;
  for (guint32 stay = m->waiting; stay != 0; stay = TY_STAY (r->j, stay)->wake)
    g_array_append_val (r->ready, stay);
  m->waiting = 0;
}

/* The message of a sender with that number. */
static guint32
sent (const Replay *r, guint32 slot, guint32 number)
{
  return g_array_index (TY_STAY (r->j, stay_at (r, slot))->sent, guint32, number - 1);
}

static void
check_deps (Replay *r, guint slot, guint32 message)
{
  const TyJudgeMessage *m = TY_MESSAGE (r->j, message);
  for (guint32 i = 0; i < m->n_deps; i++)
    {
      const Dep *dep = &g_array_index (r->deps, Dep, m->deps + i);
      guint32 have = r->delivered[slot * r->n + dep->slot];
      if (have >= dep->number)
        continue;
      guint32 missing = sent (r, dep->slot, have + 1);
      ty_judge_violation (r->j, ty_judge_rule (r->j, TY_RULE_CAUSAL, TY_RULE_E_CAUSAL),
                          concerned (r, slot, message, missing),
                          "%s delivers %s in view %s before %s, which precedes it", process_at (r, slot),
                          ty_judge_message_text (r->j, message), ty_judge_view_text (r->j, r->view),
                          ty_judge_message_text (r->j, missing));
      return;
    }
}

static void
replay_deliver (Replay *r, guint slot, guint32 message)
{
  TyJudgeMessage *m = TY_MESSAGE (r->j, message);
  guint of = TY_STAY (r->j, m->stay)->slot;
  guint32 *have = &r->delivered[slot * r->n + of];
  if (m->number > *have + 1)
    {
      guint32 missing = sent (r, of, *have + 1);
      ty_judge_violation (r->j, ty_judge_rule (r->j, TY_RULE_FIFO, TY_RULE_E_CAUSAL),
                          concerned (r, slot, message, missing),
                          "%s delivers %s in view %s before %s, which its sender sent earlier", process_at (r, slot),
                          ty_judge_message_text (r->j, message), ty_judge_view_text (r->j, r->view),
                          ty_judge_message_text (r->j, missing));
    }
  if (m->service != TY_SERVICE_FIFO)
    check_deps (r, slot, message);
  *have = MAX (*have, m->number);
  if (of != slot && r->noted[slot * r->n + of] != r->turn[slot])
    {
      guint32 changed = of;
      r->noted[slot * r->n + of] = r->turn[slot];
      g_array_append_val (r->changed[slot], changed);
    }
  m->delivered = TRUE;
  m->self |= of == slot;
  m->owing += r->owes[slot];
}

/* P14, 1.3; and 2.3 where what follows a view at its sender precedes it here. */
static void
replay_stray (const Replay *r, guint slot, guint32 message)
{
  guint32 sent_in = TY_STAY (r->j, TY_MESSAGE (r->j, message)->stay)->view;
  const GArray *there = TY_VIEW (r->j, sent_in)->stays;
  ty_judge_violation (r->j, ty_judge_rule (r->j, TY_RULE_VIEW, TY_RULE_E_SENT), concerned (r, slot, message, 0),
                      "%s delivers %s in view %s; it was sent in view %s", process_at (r, slot),
                      ty_judge_message_text (r->j, message), ty_judge_view_text (r->j, r->view),
                      ty_judge_view_text (r->j, sent_in));
  for (guint i = 0; i < there->len && r->j->options.model == TY_JUDGE_EXTENDED; i++)
    {
      guint32 stay = g_array_index (there, guint32, i); /* of one process, a later stay has a larger number */
      if (TY_STAY (r->j, stay)->track == TY_STAY (r->j, stay_at (r, slot))->track && stay > stay_at (r, slot))
        ty_judge_violation (r->j, TY_RULE_E_FOLLOWS, concerned (r, slot, message, 0),
                            "%s delivers %s before it is told of view %s; it was sent after that", process_at (r, slot),
                            ty_judge_message_text (r->j, message), ty_judge_view_text (r->j, sent_in));
    }
}

/* Goes on with one stay as far as it can. */
static void
replay_stay (Replay *r, guint32 stay)
{
  TyStay *s = TY_STAY (r->j, stay);
  guint slot = s->slot;
  for (; r->at[slot] < s->events->len; r->at[slot]++)
    {
      guint32 event = g_array_index (s->events, guint32, r->at[slot]);
      guint32 message = event / 2;
      if (message == 0)
        continue;
      TyJudgeMessage *m = TY_MESSAGE (r->j, message);
      if ((event & 1) == 0)
        replay_send (r, slot, message);
      else if (m->stay == 0)
        ty_judge_violation (r->j, ty_judge_rule (r->j, TY_RULE_SENT, TY_RULE_E_SENT), concerned (r, slot, message, 0),
                            "%s delivers %s, which nobody sent", process_at (r, slot),
                            ty_judge_message_text (r->j, message));
      else if (!ty_judge_belongs (r->j, m, r->view))
        replay_stray (r, slot, message);
      else if (m->happened)
        {
          m->regular |= r->at[slot] < s->split;
          replay_deliver (r, slot, message);
        }
      else
        {
          s->wake = m->waiting;
          m->waiting = stay;
          return;
        }
    }
}

static void
replay (Replay *r)
{
  for (guint slot = 0; slot < r->n; slot++)
    {
      guint32 stay = stay_at (r, slot);
      g_array_append_val (r->ready, stay);
    }
  for (;;)
    {
      for (guint i = 0; i < r->ready->len; i++)
        replay_stay (r, g_array_index (r->ready, guint32, i));
      g_array_set_size (r->ready, 0);

      guint slot = 0;
      while (slot < r->n && r->at[slot] == TY_STAY (r->j, stay_at (r, slot))->events->len)
        slot++;
      if (slot == r->n)
        return;
      /* Each that stands still waits for a message whose sender stands still. The first is let through to see the rest.
       */
      guint32 message = g_array_index (TY_STAY (r->j, stay_at (r, slot))->events, guint32, r->at[slot]) / 2;
      ty_judge_violation (r->j, ty_judge_rule (r->j, TY_RULE_TIME, TY_RULE_E_CAUSE), concerned (r, slot, message, 0),
                          "%s delivers %s in view %s before it was sent: what leads to its send comes after that",
                          process_at (r, slot), ty_judge_message_text (r->j, message),
                          ty_judge_view_text (r->j, r->view));
      TyJudgeMessage *m = TY_MESSAGE (r->j, message);
      m->happened = TRUE;
      for (guint32 stay = m->waiting; stay != 0; stay = TY_STAY (r->j, stay)->wake)
        g_array_append_val (r->ready, stay);
      m->waiting = 0;
    }
}

/* For a description only: the first that has delivered the message (or has not), of those who owe it (or of all). */
static guint
find_who (const Replay *r, guint32 message, gboolean delivered, gboolean owing)
{
  for (guint slot = 0; slot < r->n; slot++)
    {
      const GArray *events = TY_STAY (r->j, stay_at (r, slot))->events;
      gboolean has = FALSE;
      if (owing && !r->owes[slot])
        continue;
      for (guint i = 0; i < events->len && !has; i++)
        has = g_array_index (events, guint32, i) == message * 2 + 1;
      if (has == delivered)
        return slot;
    }
  g_assert_not_reached ();
}

/* P21-P23, for one message. */
static void
check_debts (const Replay *r, guint slot, guint32 message)
{
  const TyJudgeMessage *m = TY_MESSAGE (r->j, message);
  const char *text = ty_judge_message_text (r->j, message);
  const char *view = ty_judge_view_text (r->j, r->view);
  if (r->owes[slot] && !m->self)
    ty_judge_violation (r->j, TY_RULE_SELF, concerned (r, slot, message, 0),
                        "%s sent %s in view %s and never delivers it", process_at (r, slot), text, view);
  if (m->owing > 0 && m->owing < r->n_owe)
    {
      guint has = find_who (r, message, TRUE, TRUE), lacks = find_who (r, message, FALSE, TRUE);
      TyConcerned who = concerned (r, has, message, 0);
      who.processes[1] = ty_stay_process (r->j, stay_at (r, lacks));
      ty_judge_violation (r->j, TY_RULE_SET, who, "%s has delivered %s in view %s, %s has not", process_at (r, has),
                          text, view, process_at (r, lacks));
    }
  if (m->owing == 0 && m->delivered && m->service == TY_SERVICE_SAFE && r->n_owe > 0)
    {
      guint has = find_who (r, message, TRUE, FALSE), lacks = find_who (r, message, FALSE, TRUE);
      TyConcerned who = concerned (r, has, message, 0);
      who.processes[1] = ty_stay_process (r->j, stay_at (r, lacks));
      ty_judge_violation (r->j, TY_RULE_SAFE, who, "%s has delivered the safe message %s in view %s, %s never does",
                          process_at (r, has), text, view, process_at (r, lacks));
    }
}

/* Who owes the same: those who went on (to one view: if P5 is broken, to the first), or ended in good order. */
static void
find_owing (Replay *r)
{
  const gboolean extended = r->j->options.model == TY_JUDGE_EXTENDED;
  guint32 next = 0;
  for (guint slot = 0; slot < r->n; slot++)
    {
      const TyStay *s = TY_STAY (r->j, stay_at (r, slot));
      if (extended)
        {
          r->owes[slot] = ty_stage_owes (r->j, s);
          r->n_owe += r->owes[slot];
          continue;
        }
      guint32 to = s->next != 0 ? TY_STAY (r->j, s->next)->view : 0;
      if (next == 0)
        next = to;
      r->owes[slot] = ty_stay_owes (r->j, s) && to == next;
      r->n_owe += r->owes[slot];
    }
}

static void
judge_view (TyJudge *j, guint32 view)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  guint n = stays->len;
  Replay r = {
    .j = j,
    .view = view,
    .stays = stays,
    .n = n,
    .delivered = g_new0 (guint32, (gsize) n * n),
    .noted = g_new0 (guint32, (gsize) n * n),
    .turn = g_new (guint32, n),
    .changed = g_new (GArray *, n),
    .at = g_new0 (guint32, n),
    .deps = g_array_new (FALSE, FALSE, sizeof (Dep)),
    .ready = g_array_new (FALSE, FALSE, sizeof (guint32)),
    .owes = g_new0 (gboolean, n),
  };
  for (guint slot = 0; slot < n; slot++)
    {
      r.turn[slot] = 1;
      r.changed[slot] = g_array_new (FALSE, FALSE, sizeof (guint32));
    }

  const gboolean extended = j->options.model == TY_JUDGE_EXTENDED;
  find_owing (&r);
  if (!extended) /* there it was done before (judge-once.c) */
    drop_repeated (&r);
  replay (&r);
  if (extended)
    ty_judge_stage_debts (j, view);
  for (guint slot = 0; slot < n && !extended; slot++)
    {
      const GArray *messages = TY_STAY (j, stay_at (&r, slot))->sent;
      for (guint i = 0; i < messages->len; i++)
        check_debts (&r, slot, g_array_index (messages, guint32, i));
    }
  ty_judge_order (j, view);

  for (guint slot = 0; slot < n; slot++)
    g_array_unref (r.changed[slot]);
  g_free (r.delivered);
  g_free (r.noted);
  g_free (r.turn);
  g_free (r.changed);
  g_free (r.at);
  g_free (r.owes);
  g_array_unref (r.deps);
  g_array_unref (r.ready);
}

void
ty_judge_views (TyJudge *j)
{
  for (guint32 view = 1; view < j->view->len; view++)
    if (TY_VIEW (j, view)->stays->len > 0 && !TY_VIEW (j, view)->transitional)
      judge_view (j, view);
}
