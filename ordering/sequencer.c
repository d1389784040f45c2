/* ordering/sequencer.c: the ordering "total".
 *
 * Protocol.  A fixed sequencer, the member of rank 0, as in the ABCAST of [BSS91] with a token that
 * does not move, mixed with the causal order of the plain services, and made safe by promises (M6).
 *
 *   sender ── DATA ──► everyone                 at once, by whatever carries batches
 *   rank 0 ── ORDER ─► everyone                 numbers sequenced messages in the order in which it received them
 *   member ── ACK ───► everyone                 only where a safe message waits for it
 *
 * Stamps (stamps.h): a batch with other than fifo messages carries a floor, the highest ordinal that its sender had
 * delivered, and clock entries for the plain messages (fifo, causal) that it had delivered.  A receiver delivers
 *   - a fifo message after its sender's earlier messages;
 *   - a causal message after those, after the messages of the clock, and after the ordinals up to the floor;
 *   - an agreed message after all that, when its ordinal is the next one;
 *   - a safe message when, besides, every member has acknowledged its ordinal.
 * An order is a list of runs (runs.h).  Acknowledging ordinal n promises to deliver: it is done when this member holds
 * all messages of ordinals up to n, the order up to n, and all their causal predecessors, held, not necessarily
 * delivered. Members tell rank 0 how far they have delivered, and it tells everyone how far all have: that order is
 * forgotten.
 *
 *   ORDER packet                                       ACK packet
 *   offset  size    field                              offset  size    field
 *   0       1       1                                  0       1       2
 *   1       varint  the first ordinal                  1       varint  an ordinal: it and all before it
 *           ...     runs (runs.h), at least one
 *
 *   gossip                                             digest, closing order: runs.h
 *   0       varint  ordinals delivered: to rank 0, by its sender; from rank 0, by all members
 *
 * Requires.  What the port promises: every batch once, in number order of its sender, and at the end of a view
 * everything up to the cut; packets of one member in the order of their sending; the closing order is the longest among
 * those of the members that end the view together (V4), whose digests were taken after the mode had become (FALSE,
 * FALSE) (V3).
 *
 * Guarantees.  FIFO and causal order as in causal.c, for causal, agreed and safe messages, also with sequenced messages
 * among the predecessors.  Agreed and safe messages are delivered in one order by all who end the view together, and
 * before its end each member has delivered a beginning of it.  Policy `primary` (M5): a member cut off with the
 * sequencer may have delivered agreed messages in an order that the others never see; it is excluded.  A safe message
 * delivered before the end of the view is delivered at that place by everyone who ends it, and nobody, cut off or not,
 * contradicts that: every member has promised.  Who ends a view together has delivered the same messages.  Messages
 * that have no ordinal when the view ends come last, in an order that is the same everywhere.
 *
 * Why the order of ordinals never contradicts the causal order: what precedes a sequenced message causally was
 * delivered by its sender or sent by it earlier.  Sequenced messages among that which were delivered had ordinals
 * before this one was numbered; those sent earlier are numbered earlier (M4).
 *
 * Cost.  One small ORDER packet a step of rank 0 in which it received sequenced messages; one ACK a member and step in
 * which safe ones are completed.  Work a batch in proportion to its stamp.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/holdback.h"
#include "ordering/stamps.h"
#include "core/plant.h"

#define PACKET_ORDER 1
#define PACKET_ACK 2
#define SEQUENCER 0

extern const TyOrderingOps ty_ordering_sequencer;

typedef struct
{
  TyHoldback held;
  TyPast past;        /* plain messages delivered */
  TyRuns order;       /* known */
  TyRuns unnumbered;  /* at the sequencer: received, and without an ordinal yet */
  gboolean promise;   /* see set_mode () */
  gboolean holding;   /* `complete` is kept: there has been a safe message in this view */
  TyFront complete;   /* what is held with all its causal predecessors */
  TyLeast acks;       /* ordinals acknowledged, by rank */
  TyLeast deliveries; /* ordinals delivered, by rank, as gossiped; at the sequencer */
  guint64 forgotten;  /* ordinals that all have delivered */
  guint64 *gossiped;  /* by rank: what it was told last */
} TySequencer;

static void
total_clear (TySequencer *o)
{
  ty_holdback_clear (&o->held);
  ty_past_clear (&o->past);
  ty_runs_clear (&o->order);
  ty_runs_clear (&o->unnumbered);
  if (o->holding)
    ty_front_clear (&o->complete);
  o->holding = FALSE;
  ty_least_clear (&o->acks);
  ty_least_clear (&o->deliveries);
  g_clear_pointer (&o->gossiped, g_free);
  o->forgotten = 0;
}

/* ---- deliveries ---- */

/* Only the sender whose turn it is may have sequenced messages delivered, as many as it has ordinals in this run, and
 * safe ones only up to what everyone has acknowledged.  Under a policy in which nobody may contradict another (M7),
 * this is also the place to hold a sequenced message back until its sender is known to know its ordinal. */
static void
total_limits (gpointer user, guint sender, TyLimits *limits)
{
  TySequencer *o = user;
  const TyFront *out = &o->held.out;
  guint turn;
  guint64 left;
  limits->sequenced = out->at[sender].sequenced;
  if (!ty_front_turn (out, &turn, &left) || turn != sender)
    return;
  limits->sequenced += left;
  limits->safe = out->at[sender].sequenced;
  if (TY_PLANTED (safe_as_agreed))
    limits->safe = G_MAXUINT64;
  else if (o->acks.least > out->ordinals)
    limits->safe += o->acks.least - out->ordinals;
}

static void
total_passed (gpointer user, guint sender, const TyPassed *passed)
{
  TySequencer *o = user;
  /* What is delivered was complete before: its predecessors were delivered. */
  g_assert (!o->holding || o->complete.at[sender].passed >= passed->last);
  if (passed->last_plain > 0 && sender != o->held.self)
    ty_past_note (&o->past, sender, passed->last_plain);
  ty_holdback_deliver (&o->held, sender, passed);
}

/* ---- the view ---- */

static TyOrdering *
total_create (const TyOrderingOps *ops, const TyOrderingHost *host_ops, gpointer host)
{
  TySequencer *o = g_new0 (TySequencer, 1);
  o->held.base.ops = ops;
  o->held.host_ops = host_ops;
  o->held.host = host;
  return &o->held.base;
}

static void
total_free (TyOrdering *base)
{
  TySequencer *o = (TySequencer *) base;
  total_clear (o);
  g_free (o);
}

static void
total_begin (TyOrdering *base, guint members, guint self)
{
  TySequencer *o = (TySequencer *) base;
  total_clear (o);
  ty_holdback_begin (&o->held, members, self, &o->order);
  o->held.out.limits = total_limits;
  o->held.out.passed = total_passed;
  o->held.out.user = o;
  ty_past_init (&o->past, members, self);
  ty_least_init (&o->acks, members);
  ty_least_init (&o->deliveries, members);
  o->gossiped = g_new0 (guint64, members);
  o->promise = TRUE;
}

static void
total_set_mode (TyOrdering *base, gboolean deliver, gboolean promise)
{
  ((TySequencer *) base)->promise = promise;
  ty_holdback_set_deliver (base, deliver, promise);
}

/* ---- messages ---- */

static void
total_stamp (TyOrdering *base, guint32 services, TyWriter *stamp)
{
  TySequencer *o = (TySequencer *) base;
  const TySender *self = &o->held.queues.senders[o->held.self];
  g_assert (services != 0 && services < TY_SERVICE_BIT (TY_SERVICE_SAFE + 1));
  g_assert (o->held.out.ordinals >= self->floor);
  if (services == TY_SERVICE_BIT (TY_SERVICE_FIFO))
    return;
  ty_write_varint (stamp, TY_PLANTED (floor_left_out) ? 0 : o->held.out.ordinals - self->floor);
  if (!TY_PLANTED (clock_left_out))
    ty_past_write (&o->past, self->clock, stamp);
}

static gboolean
total_receive (TyOrdering *base, guint sender, TyBatch *batch)
{
  TySequencer *o = (TySequencer *) base;
  g_assert (!o->held.ended);
  if (!ty_queues_take (&o->held.queues, sender, batch, TRUE))
    return FALSE;
  if (sender == o->held.self)
    ty_past_stated (&o->past, o->held.queues.senders[sender].clock);
  ty_front_received (&o->held.out, sender, batch->first);

  gboolean safe = (batch->services & TY_SERVICE_BIT (TY_SERVICE_SAFE)) != 0;
  if (o->holding)
    ty_front_received (&o->complete, sender, batch->first);
  else if (safe)
    {
      /* What is delivered is complete, and held no safe message. */
      ty_front_init_at (&o->complete, &o->held.out, &o->order);
      o->holding = TRUE;
    }
  guint64 sequenced = o->held.self == SEQUENCER ? ty_batch_count_sequenced (batch) : 0;
  if (sequenced > 0)
    ty_runs_append (&o->unnumbered, sender, sequenced);
  return TRUE;
}

/* ---- packets ---- */

static gboolean
on_order (TySequencer *o, guint from, TyReader *r)
{
  guint64 first = ty_read_bounded (r, TY_MAX_NUMBER);
  guint64 total;
  if (r->bad || from != SEQUENCER || o->held.self == SEQUENCER || first == 0)
    return FALSE;
  if (!ty_runs_check (*r, o->held.n_members, &total) || total == 0 || total > TY_MAX_NUMBER - (first - 1))
    return FALSE;
  /* Packets may have been lost on purpose while a view ends (V9); nothing relies on what comes then. */
  if (first - 1 > o->order.known)
    return !o->promise;
  return ty_runs_learn (&o->order, first - 1, *r);
}

static gboolean
on_ack (TySequencer *o, guint from, TyReader *r)
{
  guint64 ordinal = ty_read_bounded (r, TY_MAX_NUMBER);
  if (!ty_reader_done (r) || ordinal == 0 || from == o->held.self)
    return FALSE;
  ty_least_raise (&o->acks, from, ordinal);
  return TRUE;
}

static gboolean
total_on_packet (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes)
{
  TySequencer *o = (TySequencer *) base;
  g_assert (from < o->held.n_members);
  TyReader r = TY_READER (data, len_bytes);
  switch (ty_read_u8 (&r))
    {
    case PACKET_ORDER:
      return on_order (o, from, &r);
    case PACKET_ACK:
      return on_ack (o, from, &r);
    default:
      return FALSE;
    }
}

static void
multicast (TySequencer *o, const TyWriter *packet)
{
  if (o->held.n_members > 1)
    o->held.host_ops->multicast (o->held.host, packet->data, packet->len);
}

/* M4: one packet for all that has come since the last. */
static void
give_order (TySequencer *o)
{
  if (o->unnumbered.first == o->unnumbered.end)
    return;
  g_assert (o->held.self == SEQUENCER);
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  ty_write_u8 (packet, PACKET_ORDER);
  ty_write_varint (packet, o->order.known + 1);
  ty_runs_write (&o->unnumbered, packet);
  for (gsize at = o->unnumbered.first; at < o->unnumbered.end; at++)
    {
      const TyRun *run = ty_runs_at (&o->unnumbered, at);
      ty_runs_append (&o->order, run->rank, run->count);
    }
  ty_runs_trim (&o->unnumbered, o->unnumbered.known);
  multicast (o, packet);
}

/* M6. */
static void
acknowledge (TySequencer *o)
{
  guint64 last = TY_PLANTED (safe_by_receipt) ? o->order.known : o->complete.last_safe;
  if (!o->holding || last <= o->acks.values[o->held.self])
    return;
  g_assert (o->complete.last_safe <= o->complete.ordinals);
  ty_least_raise (&o->acks, o->held.self, last);
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  ty_write_u8 (packet, PACKET_ACK);
  ty_write_varint (packet, last);
  multicast (o, packet);
}

/* Every member has delivered these ordinals: no one will ever need to be told their order. */
static void
forget (TySequencer *o, guint64 delivered)
{
  g_assert (delivered >= o->forgotten && delivered <= o->held.out.ordinals);
  o->forgotten = delivered;
  ty_runs_trim (&o->order, delivered);
  ty_front_trimmed (&o->held.out);
  if (o->holding)
    ty_front_trimmed (&o->complete);
}

/* At the sequencer. */
static void
note_delivered (TySequencer *o, guint rank, guint64 delivered)
{
  g_assert (o->held.self == SEQUENCER);
  if (ty_least_raise (&o->deliveries, rank, delivered))
    forget (o, o->deliveries.least);
}

static void
total_pump (TyOrdering *base)
{
  TySequencer *o = (TySequencer *) base;
  if (o->held.ended)
    return;
  if (o->promise || TY_PLANTED (ordered_after_state))
    give_order (o);
  if (o->holding)
    ty_front_run (&o->complete);
  if (o->promise || TY_PLANTED (acknowledged_after_state))
    acknowledge (o);
  if (!o->held.deliver)
    return;
  ty_front_run (&o->held.out);
  if (o->held.self == SEQUENCER)
    note_delivered (o, SEQUENCER, o->held.out.ordinals);
}

static void
total_gossip (TyOrdering *base, guint to, TyWriter *w)
{
  TySequencer *o = (TySequencer *) base;
  g_assert (to < o->held.n_members && to != o->held.self);
  guint64 delivered = o->held.self == SEQUENCER ? o->forgotten : o->held.out.ordinals;
  if ((o->held.self != SEQUENCER && to != SEQUENCER) || delivered == o->gossiped[to])
    return;
  o->gossiped[to] = delivered;
  ty_write_varint (w, delivered);
}

static gboolean
total_on_gossip (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes)
{
  TySequencer *o = (TySequencer *) base;
  g_assert (from < o->held.n_members);
  if (len_bytes == 0)
    return TRUE;
  TyReader r = TY_READER (data, len_bytes);
  guint64 delivered = ty_read_bounded (&r, TY_MAX_NUMBER);
  if (!ty_reader_done (&r) || from == o->held.self)
    return FALSE;
  if (o->held.self == SEQUENCER)
    note_delivered (o, from, delivered);
  else if (from != SEQUENCER || delivered > o->held.out.ordinals)
    return FALSE; /* it is for the sequencer to say, and this process is among those who have delivered that */
  else if (delivered > o->forgotten)
    forget (o, delivered);
  return TRUE;
}

/* ---- the end ---- */

static void
total_digest (TyOrdering *base, TyWriter *w)
{
  TySequencer *o = (TySequencer *) base;
  static const TyRuns none;
  ty_runs_write_order (TY_PLANTED (order_forgotten) && o->held.self == SEQUENCER ? &none : &o->order, w);
  ty_write_varint (w, o->acks.values[o->held.self]);
}

static gboolean
total_merge (TyOrdering *base, const TyReader *digests, TyWriter *order, guint *faulty)
{
  return ty_orders_merge (((TySequencer *) base)->held.n_members, digests, order, faulty);
}

/* A base is at most what all members of the view have delivered, this one among them: whoever stated it had forgotten
 * only ordinals that every member had gossiped to have delivered. */
static gboolean
total_check_order (TyOrdering *base, const guint8 *order, gsize order_len)
{
  TySequencer *o = (TySequencer *) base;
  TyOrderRead read, own;
  if (!ty_order_read (TY_READER (order, order_len), o->held.n_members, FALSE, &read)
      || read.base > o->held.out.ordinals)
    return FALSE;
  /* Both are beginnings of what the sequencer gave. */
  g_autoptr (GByteArray) known = g_byte_array_new ();
  ty_runs_write_order (&o->order, known);
  gboolean good = ty_order_read (TY_READER (known->data, known->len), o->held.n_members, FALSE, &own);
  g_assert (good);
  return ty_orders_agree (&own, &read);
}

static gboolean
total_may_close (TyOrdering *base, const TyClosing *closing)
{
  TySequencer *o = (TySequencer *) base;
  TyOrderRead read;
  return ty_order_read (TY_READER (closing->order, closing->order_len), o->held.n_members, FALSE, &read)
         && read.base <= o->held.out.ordinals && read.known >= o->held.out.ordinals
         && ty_holdback_within (&o->held, closing->cut);
}

static void
total_close (TyOrdering *base, const TyClosing *closing)
{
  TySequencer *o = (TySequencer *) base;
  TyOrderRead read;
  gboolean good = ty_order_read (TY_READER (closing->order, closing->order_len), o->held.n_members, FALSE, &read);
  /* The caller has had the order checked, and it is no shorter than what this member stated in its own digest. */
  g_assert (good && read.base <= o->held.out.ordinals && read.known >= o->held.out.ordinals);

  TyRuns rest = { .base = o->held.out.ordinals, .known = o->held.out.ordinals };
  gboolean agrees = ty_runs_learn (&rest, read.base, read.runs);
  g_assert (agrees);
  ty_holdback_close (&o->held, closing->cut, &rest);
  ty_runs_clear (&rest);
}

static void
total_explain (TyOrdering *base, guint sender, TyWait *out)
{
  TySequencer *o = (TySequencer *) base;
  TyFront *front = &o->held.out;
  ty_holdback_explain (base, sender, out);
  if (out->reason != TY_WAIT_NOTHING || out->message == 0 || out->service < TY_SERVICE_AGREED)
    return;

  guint turn = 0;
  guint64 left;
  if (ty_front_turn (front, &turn, &left) && turn == sender)
    {
      if (out->service != TY_SERVICE_SAFE || o->acks.least > front->ordinals)
        return;
      out->reason = TY_WAIT_STABLE;
      out->number = front->ordinals + 1;
      while (o->acks.values[out->member] >= out->number)
        out->member++;
      return;
    }
  out->reason = TY_WAIT_ORDER;
  out->member = SEQUENCER;
  for (gsize at = front->run + 1; at < o->order.end; at++)
    if (ty_runs_at (&o->order, at)->rank == sender)
      {
        /* It has its ordinal, but the message whose turn it is comes first. */
        out->reason = TY_WAIT_PREDECESSOR;
        out->member = turn;
        out->number = front->at[turn].passed + 1;
        return;
      }
}

const TyOrderingOps ty_ordering_sequencer = {
  .port_version = TY_ORDERING_PORT_VERSION,
  .name = "total",
  .strongest = TY_SERVICE_SAFE,
  .standard = TY_SERVICE_AGREED,
  .create = total_create,
  .free = total_free,
  .begin = total_begin,
  .stamp = total_stamp,
  .receive = total_receive,
  .on_packet = total_on_packet,
  .pump = total_pump,
  .set_mode = total_set_mode,
  .delivered = ty_holdback_delivered,
  .gossip = total_gossip,
  .on_gossip = total_on_gossip,
  .digest = total_digest,
  .merge = total_merge,
  .check_order = total_check_order,
  .may_close = total_may_close,
  .close = total_close,
  .explain = total_explain,
};
