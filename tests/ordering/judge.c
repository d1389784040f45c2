/* tests/ordering/judge.c: what every delivery, and every end of a view, must be like.
 *
 * What precedes a message is kept as a vector: by the rules (M2) it is a beginning of each sender's messages.  Of two
 * services the account differs: a fifo message is preceded by its sender's earlier messages and by what precedes those;
 * another by everything that its sender had delivered as well.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kit.h"

static Message *
message (World *w, guint sender, guint64 number)
{
  return &g_array_index (w->messages[sender], Message, number - 1);
}

/* On the vector `past`: `m` itself, message `number` of `sender`, and what precedes it. */
static void
add_past (World *w, guint64 *past, const Message *m, guint sender, guint64 number)
{
  for (guint t = 0; t < w->n; t++)
    past[t] = MAX (past[t], m->past[t]);
  past[sender] = MAX (past[sender], number);
}

void
judge_sent (World *w, Member *m, TyBatch *batch)
{
  TyBatchMessage at = { .next = 0 };
  for (guint64 number = batch->first; number <= batch->last; number++)
    {
      ty_batch_at (batch, at.next, number, &at);
      Message sent = { .service = at.service };
      for (guint t = 0; t < w->n; t++)
        sent.past[t] = at.service == TY_SERVICE_FIFO ? m->own_past[t] : MAX (m->own_past[t], m->past[t]);
      sent.floor = at.service == TY_SERVICE_FIFO ? 0 : m->sequenced->len;
      memcpy (sent.plain, m->plain, sizeof sent.plain);
      add_past (w, m->own_past, &sent, m->rank, number);
      g_array_append_val (w->messages[m->rank], sent);
    }
}

/* Safe is a promise of all: everyone holds the message, those ordered before it, and all that precedes them. */
static void
judge_held_by_all (World *w, const Member *m)
{
  for (guint i = 0; i < w->n; i++)
    for (guint t = 0; t < w->n; t++)
      if (w->members[i].received[t] < m->sequenced_past[t])
        world_fail (w, "safe: member %u delivers what relies on %u's message %" G_GUINT64_FORMAT ", which %u lacks",
                    m->rank, t, m->sequenced_past[t], i);
}

static void
judge_message (World *w, Member *m, guint sender, const TyBatchMessage *at)
{
  const Message *sent = message (w, sender, at->number);
  if (at->service != sent->service)
    world_fail (w, "member %u is handed a wrong head of %u's message %" G_GUINT64_FORMAT, m->rank, sender, at->number);
  if (m->delivered[sender] != at->number - 1)
    world_fail (w, "fifo: member %u delivers %u's message %" G_GUINT64_FORMAT " after %" G_GUINT64_FORMAT, m->rank,
                sender, at->number, m->delivered[sender]);
  for (guint t = 0; t < w->n; t++)
    if (m->delivered[t] < sent->past[t])
      world_fail (
          w, "causal: member %u delivers %u's message %" G_GUINT64_FORMAT " without %u's message %" G_GUINT64_FORMAT,
          m->rank, sender, at->number, t, sent->past[t]);

  m->delivered[sender] = at->number;
  add_past (w, m->past, sent, sender, at->number);
  w->n_delivered++;
  guint64 id = MESSAGE_ID (sender, at->number);
  if (m->closing)
    g_array_append_val (m->closed, id);
  if (sent->service < TY_SERVICE_AGREED)
    {
      m->plain[sender] = at->number;
      return;
    }
  g_array_append_val (m->sequenced, id);
  add_past (w, m->sequenced_past, sent, sender, at->number);
  if (!m->closing)
    {
      m->n_sequenced_before_closing = m->sequenced->len;
      if (sent->service == TY_SERVICE_SAFE)
        {
          m->safe_upto = m->sequenced->len;
          judge_held_by_all (w, m);
        }
    }
}

void
judge_delivered (World *w, Member *m, guint sender, TyBatch *batch, gsize offset, guint64 number, guint64 last)
{
  if (w->play == PLAY_CHAOS)
    return;
  if (!m->running || (!m->deliver && !m->closing))
    world_fail (w, "mode: member %u delivers while deliveries stand still", m->rank);
  if (number > last || last > m->received[sender] || number < batch->first || last > batch->last)
    {
      world_fail (w, "member %u is handed messages that are not there, of %u", m->rank, sender);
      return;
    }
  TyBatchMessage at = { .next = offset };
  for (guint64 k = number; k <= last && w->error == NULL; k++)
    {
      ty_batch_at (batch, at.next, k, &at);
      guint64 payload = (guint64) sender << 32 ^ k;
      if (at.len > 0 && (at.len != sizeof payload || memcmp (at.data, &payload, sizeof payload) != 0))
        world_fail (w, "member %u is handed a wrong place in a batch of %u", m->rank, sender);
      judge_message (w, m, sender, &at);
    }
}

/* Right after pump (): nothing that may go is left, and what waits says why. */
void
judge_progress (World *w, Member *m)
{
  if (w->play == PLAY_CHAOS || w->error != NULL)
    return;
  for (guint s = 0; s < w->n; s++)
    {
      if (w->ops->delivered (m->o, s) != m->delivered[s])
        world_fail (w, "member %u miscounts what it has delivered of %u", m->rank, s);
      TyWait wait;
      w->ops->explain (m->o, s, &wait);
      gboolean waits = m->delivered[s] < m->received[s];
      if (waits != (wait.reason != TY_WAIT_NOTHING))
        world_fail (w, "explain: member %u says %d of %u's message %" G_GUINT64_FORMAT, m->rank, wait.reason, s,
                    m->delivered[s] + 1);
      if (waits
          && (wait.message != m->delivered[s] + 1 || wait.service != message (w, s, wait.message)->service
              || (wait.reason == TY_WAIT_MODE && m->deliver) || wait.member >= w->n))
        world_fail (w, "explain: member %u says nonsense of %u's message %" G_GUINT64_FORMAT, m->rank, s, wait.message);
      if (wait.reason == TY_WAIT_PREDECESSOR && m->delivered[wait.member] >= wait.number)
        world_fail (w, "explain: member %u waits for what it has delivered", m->rank);
    }
}

/* What must be delivered by all who close with this cut, if `ordinals` of the order are known for certain. */
static void
surely_kept (World *w, const guint64 *cut, guint64 ordinals, guint64 *kept)
{
  memcpy (kept, cut, w->n * sizeof *kept);
  for (gboolean changed = TRUE; changed;)
    {
      changed = FALSE;
      for (guint s = 0; s < w->n; s++)
        for (guint64 k = 1; k <= kept[s]; k++)
          {
            const Message *m = message (w, s, k);
            gboolean fine = m->floor <= ordinals;
            for (guint t = 0; t < w->n; t++)
              fine = fine && (t == s || m->past[t] <= kept[t]);
            if (!fine)
              {
                kept[s] = k - 1;
                changed = TRUE;
              }
          }
    }
}

static gboolean
same_beginning (const Member *a, const Member *b, guint len)
{
  for (guint i = 0; i < len; i++)
    if (g_array_index (a->sequenced, guint64, i) != g_array_index (b->sequenced, guint64, i))
      return FALSE;
  return TRUE;
}

/* Nobody, gone on or not, contradicts a safe message. */
static void
judge_safe (World *w)
{
  for (guint i = 0; i < w->n; i++)
    for (guint j = 0; j < w->n; j++)
      {
        const Member *a = &w->members[i], *b = &w->members[j];
        if (b->goes_on && b->sequenced->len < a->safe_upto)
          world_fail (w, "safe: member %u went on without a message that %u had delivered as safe", j, i);
        if (!same_beginning (a, b, MIN (a->safe_upto, b->sequenced->len)))
          world_fail (w, "safe: members %u and %u disagree on the order up to a safe message", i, j);
      }
}

void
judge_closed (World *w, const guint64 *cut)
{
  if (w->play == PLAY_CHAOS || w->error != NULL)
    return;
  guint64 kept[MAX_MEMBERS], ordinals = 0;
  const Member *first = NULL;
  for (guint i = 0; i < w->n; i++)
    if (w->members[i].goes_on)
      ordinals = MAX (ordinals, w->members[i].n_sequenced_before_closing);
  surely_kept (w, cut, ordinals, kept);

  for (guint i = 0; i < w->n; i++)
    {
      const Member *m = &w->members[i];
      if (!m->goes_on)
        continue;
      if (m->delivered[i] != m->received[i])
        world_fail (w, "closing: member %u has not delivered its own messages", i);
      for (guint s = 0; s < w->n; s++)
        {
          if (m->delivered[s] > cut[s])
            world_fail (w, "closing: member %u delivers of %u beyond the cut", i, s);
          if (m->delivered[s] < kept[s])
            world_fail (w, "closing: member %u drops %u's message %" G_GUINT64_FORMAT, i, s, m->delivered[s] + 1);
          if (w->ops->delivered (m->o, s) != m->delivered[s])
            world_fail (w, "closing: member %u miscounts what it has delivered of %u", i, s);
        }
      if (first == NULL)
        first = m;
      if (memcmp (first->delivered, m->delivered, w->n * sizeof *kept) != 0)
        world_fail (w, "closing: members %u and %u end the view with different sets", first->rank, i);
      if (first->sequenced->len != m->sequenced->len || !same_beginning (first, m, m->sequenced->len))
        world_fail (w, "total: members %u and %u end the view with different orders", first->rank, i);
    }
  judge_safe (w);
}

/* All channels are empty, nobody has failed, and everybody has gossiped: nothing may be left over. */
void
judge_drained (World *w)
{
  for (guint i = 0; i < w->n && w->play != PLAY_CHAOS; i++)
    {
      Member *m = &w->members[i];
      for (guint s = 0; s < w->n; s++)
        {
          if (m->delivered[s] != w->messages[s]->len)
            world_fail (w, "drained: member %u has not delivered %u's message %" G_GUINT64_FORMAT, i, s,
                        m->delivered[s] + 1);
          for (guint b = 0; b < w->batches[s]->len; b++)
            if (((TyBatch *) g_ptr_array_index (w->batches[s], b))->ref != 1)
              world_fail (w, "drained: a delivered batch of %u is kept", s);
        }
      g_autoptr (GByteArray) digest = g_byte_array_new ();
      w->ops->digest (m->o, digest);
      if (digest->len > 32)
        world_fail (w, "drained: member %u still has an order that everyone has delivered", i);
      if (!same_beginning (m, &w->members[0], m->sequenced->len))
        world_fail (w, "total: members %u and 0 have different orders", i);
    }
}
