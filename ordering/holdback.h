/* ordering/holdback.h: what every ordering here has: the held-back messages, the front of the deliveries, and the host;
 * and the entries of the port's table that follow from that alone.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ordering/front.h"

typedef struct
{
  TyOrdering base;
  const TyOrderingHost *host_ops;
  gpointer host;
  guint n_members; /* 0 before the first view */
  guint self;
  gboolean deliver;
  gboolean ended; /* the view is closed */
  TyQueues queues;
  TyFront out; /* what is delivered */
} TyHoldback;

void ty_holdback_begin (TyHoldback *h, guint n_members, guint self, const TyRuns *order);

/* Everything of the view is forgotten. */
void ty_holdback_clear (TyHoldback *h);

/* Hands over what the front has passed, and lets go of the batch if that was its end. */
void ty_holdback_deliver (TyHoldback *h, guint sender, const TyPassed *passed);

/* V8, see closing.c. Afterwards only the counts of delivered messages are left. `order` is the closing order, from the
 * ordinal that follows what is delivered. */
void ty_holdback_close (TyHoldback *h, const guint64 *cut, const TyRuns *order);

/* Entries of the port's table. What explain () says is what a message's needs, its floor and the mode tell. */
void ty_holdback_set_deliver (TyOrdering *base, gboolean deliver, gboolean promise);
guint64 ty_holdback_delivered (TyOrdering *base, guint sender);
void ty_holdback_explain (TyOrdering *base, guint sender, TyWait *out);

/* Nothing is delivered that the cut leaves out. */
gboolean ty_holdback_within (const TyHoldback *h, const guint64 *cut);

/* Entries of an ordering that multicasts nothing of its own: no packets, no gossip, an empty
 * digest and closing order. */
gboolean ty_unordered_on_packet (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes);
void ty_unordered_pump (TyOrdering *base);
void ty_unordered_gossip (TyOrdering *base, guint to, TyWriter *w);
gboolean ty_unordered_on_gossip (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes);
void ty_unordered_digest (TyOrdering *base, TyWriter *w);
gboolean ty_unordered_merge (TyOrdering *base, const TyReader *digests, TyWriter *order, guint *faulty);
gboolean ty_unordered_check_order (TyOrdering *base, const guint8 *order, gsize order_len);
gboolean ty_unordered_may_close (TyOrdering *base, const TyClosing *closing);
void ty_unordered_close (TyOrdering *base, const TyClosing *closing);
