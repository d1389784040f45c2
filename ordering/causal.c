/* ordering/causal.c: the ordering "causal".
 *
 * Protocol.  Vector clocks, after the CBCAST of [BSS91], with the clock of the delivered messages compressed to what
 * has changed.  A batch that has causal messages carries a stamp (stamps.h): for each other member of whom its sender
 * has delivered more than its stamps have stated so far, how many messages it has now delivered.  A receiver delivers
 *   - a fifo message after its sender's earlier messages;
 *   - a causal message after those, and after every message that its batch's stamp counts.  What the sender had stated
 *     before was waited for by the earlier stamped batch, which came first by FIFO.
 * One stamp for a batch is enough: nothing is delivered at a sender between two messages of one batch.  Fifo messages
 * ignore the stamp and state nothing, so what they follow from is not passed on through them (M2).  Deviation from
 * [BSS91]: an entry counts all messages of a member that were delivered, fifo ones as well, not only the causal
 * broadcasts. There are no packets and no gossip, and a view's closing order is empty.
 *
 * Requires.  What the port promises: every batch once, in number order of its sender, and at the end of a view
 * everything up to the cut.
 *
 * Guarantees.  FIFO as in fifo.c.  A causal message is delivered after every message of the view that precedes it
 * causally, at every member, also when the view ends (M2).  Who ends a view together has delivered the same messages:
 * everything up to the cut but what depends on a message beyond it (V8), and a member's own messages are among them.
 * Deadlock-free: the relation waited for is a partial order, and what it names is within the cut or dropped.  Offers
 * fifo and causal.
 *
 * Cost.  A stamp is as long as the number of members heard since the previous one; a member that sends while it hears
 * nobody stamps nothing.  Work a batch in proportion to its stamp.  Memory: the clock that each sender has stated, n
 * numbers a sender that has stamped.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/holdback.h"
#include "ordering/stamps.h"
#include "core/plant.h"

#define OFFERED (TY_SERVICE_BIT (TY_SERVICE_FIFO) | TY_SERVICE_BIT (TY_SERVICE_CAUSAL))

extern const TyOrderingOps ty_ordering_causal;

typedef struct
{
  TyHoldback held;
  TyPast past;
} TyCausal;

static void
causal_passed (gpointer user, guint sender, const TyPassed *passed)
{
  TyCausal *o = user;
  if (sender != o->held.self)
    ty_past_note (&o->past, sender, passed->last);
  ty_holdback_deliver (&o->held, sender, passed);
}

static TyOrdering *
causal_create (const TyOrderingOps *ops, const TyOrderingHost *host_ops, gpointer host)
{
  TyCausal *o = g_new0 (TyCausal, 1);
  o->held.base.ops = ops;
  o->held.host_ops = host_ops;
  o->held.host = host;
  return &o->held.base;
}

static void
causal_free (TyOrdering *base)
{
  TyCausal *o = (TyCausal *) base;
  ty_holdback_clear (&o->held);
  ty_past_clear (&o->past);
  g_free (o);
}

static void
causal_begin (TyOrdering *base, guint members, guint self)
{
  TyCausal *o = (TyCausal *) base;
  ty_holdback_begin (&o->held, members, self, NULL);
  o->held.out.passed = causal_passed;
  o->held.out.user = o;
  guint64 was = TY_PLANTED (clock_not_reset) && o->past.delivered != NULL ? o->past.delivered[0] : 0;
  ty_past_clear (&o->past);
  ty_past_init (&o->past, members, self);
  if (was > 0 && self > 0)
    ty_past_note (&o->past, 0, was);
}

static void
causal_stamp (TyOrdering *base, guint32 services, TyWriter *stamp)
{
  TyCausal *o = (TyCausal *) base;
  g_assert (services != 0 && (services & ~OFFERED) == 0);
  if (services != TY_SERVICE_BIT (TY_SERVICE_FIFO))
    ty_past_write (&o->past, o->held.queues.senders[o->held.self].clock, stamp);
}

static gboolean
causal_receive (TyOrdering *base, guint sender, TyBatch *batch)
{
  TyCausal *o = (TyCausal *) base;
  g_assert (!o->held.ended);
  if ((batch->services & ~OFFERED) != 0 || !ty_queues_take (&o->held.queues, sender, batch, FALSE))
    return FALSE;
  if (sender == o->held.self)
    ty_past_stated (&o->past, o->held.queues.senders[sender].clock);
  ty_front_received (&o->held.out, sender, batch->first);
  return TRUE;
}

const TyOrderingOps ty_ordering_causal = {
  .port_version = TY_ORDERING_PORT_VERSION,
  .name = "causal",
  .strongest = TY_SERVICE_CAUSAL,
  .standard = TY_SERVICE_CAUSAL,
  .create = causal_create,
  .free = causal_free,
  .begin = causal_begin,
  .stamp = causal_stamp,
  .receive = causal_receive,
  .on_packet = ty_unordered_on_packet,
  .pump = ty_unordered_pump,
  .set_mode = ty_holdback_set_deliver,
  .delivered = ty_holdback_delivered,
  .gossip = ty_unordered_gossip,
  .on_gossip = ty_unordered_on_gossip,
  .digest = ty_unordered_digest,
  .merge = ty_unordered_merge,
  .check_order = ty_unordered_check_order,
  .may_close = ty_unordered_may_close,
  .close = ty_unordered_close,
  .explain = ty_holdback_explain,
};
