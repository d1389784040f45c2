/* ordering/fifo.c: the ordering "fifo".
 *
 * Protocol.  None: batches arrive in each sender's order, without gaps, and a message is delivered when it is received.
 * There are no stamps, no packets, no gossip, and a view's closing order is empty.
 *
 * Requires.  What the port promises: every batch once, in number order of its sender, and at the end of a view
 * everything up to the cut.
 *
 * Guarantees.  Messages of one sender are delivered in the order in which it sent them (M1), everywhere; nothing is
 * said about messages of different senders.  Who ends a view together has delivered the same messages: everything up to
 * the cut, for nothing depends on anything else (V8).  A message waits only while deliveries stand still (V3).  Offers
 * the service fifo; a batch of another service is its sender's fault.
 *
 * Cost.  Nothing on the wire; constant work a batch.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/holdback.h"

extern const TyOrderingOps ty_ordering_fifo;

static void
fifo_passed (gpointer user, guint sender, const TyPassed *passed)
{
  ty_holdback_deliver (user, sender, passed);
}

static TyOrdering *
fifo_create (const TyOrderingOps *ops, const TyOrderingHost *host_ops, gpointer host)
{
  TyHoldback *o = g_new0 (TyHoldback, 1);
  o->base.ops = ops;
  o->host_ops = host_ops;
  o->host = host;
  return &o->base;
}

static void
fifo_free (TyOrdering *base)
{
  TyHoldback *o = (TyHoldback *) base;
  ty_holdback_clear (o);
  g_free (o);
}

static void
fifo_begin (TyOrdering *base, guint members, guint self)
{
  TyHoldback *o = (TyHoldback *) base;
  ty_holdback_begin (o, members, self, NULL);
  o->out.passed = fifo_passed;
  o->out.user = o;
}

static void
fifo_stamp (TyOrdering *base, guint32 services, TyWriter *stamp)
{
  g_assert (services == TY_SERVICE_BIT (TY_SERVICE_FIFO));
}

static gboolean
fifo_receive (TyOrdering *base, guint sender, TyBatch *batch)
{
  TyHoldback *o = (TyHoldback *) base;
  g_assert (!o->ended);
  if (batch->services != TY_SERVICE_BIT (TY_SERVICE_FIFO) || !ty_queues_take (&o->queues, sender, batch, FALSE))
    return FALSE;
  ty_front_received (&o->out, sender, batch->first);
  return TRUE;
}

const TyOrderingOps ty_ordering_fifo = {
  .port_version = TY_ORDERING_PORT_VERSION,
  .name = "fifo",
  .strongest = TY_SERVICE_FIFO,
  .standard = TY_SERVICE_FIFO,
  .create = fifo_create,
  .free = fifo_free,
  .begin = fifo_begin,
  .stamp = fifo_stamp,
  .receive = fifo_receive,
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
