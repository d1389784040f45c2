/* core/ordering-port.h: the port behind which the orderings live (ordering/).
 *
 * An ordering decides when a message that has been received may be delivered.  It is given every batch of the view, its
 * own process's included, in each sender's number order and without gaps, and it hands runs of messages back.  It
 * knows members by rank only, lives for one group, and is told of one view after another.  It draws nothing, reads no
 * clock, sends nothing but through its host, and never calls the host but from pump () and close () (and multicast
 * from on_packet ()).
 *
 * A view, as an ordering sees it:
 *
 *    begin ─► { stamp, receive, on_packet, pump, set_mode, gossip, on_gossip, explain }* ─► digest ─► close ─► begin
 * ...
 *                                                        (digest may come several times; a view may also be abandoned)
 *
 * Whoever implements one exports one TyOrderingOps and lists the file in ordering/meson.build; the conformance kit
 * (tests/) runs over every module listed.  Programs that bring an ordering of their own do so through tyet-ordering.h,
 * which is narrower, and stays when this port changes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/batch.h"

/* Raised when a member of these tables or what it means changes. */
#define TY_ORDERING_PORT_VERSION 3

/* A module's own state; its first member is this. */
typedef struct _TyOrderingOps TyOrderingOps;
typedef struct
{
  const TyOrderingOps *ops;
} TyOrdering;

/* What the ordering may call.  `host` is what create () was given. */
typedef struct
{
  /* Messages number..last of `batch`, of the member with rank `sender`, are delivered now; the first of them has its
   * head at `offset` in batch->messages.  The host takes its own reference. */
  void (*deliver) (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 number, guint64 last);

  /* A packet of the ordering's own to all the other members: it arrives at on_packet () there, reliably, in the order
   * of this sender's packets; its order among batches is not promised (N2). Copied. */
  void (*multicast) (gpointer host, gconstpointer data, gsize len_bytes);
} TyOrderingHost;

/* Why the next message of a sender is not delivered yet. */
typedef enum
{
  TY_WAIT_NOTHING,     /* there is none, or it may go */
  TY_WAIT_PREDECESSOR, /* a causal predecessor is missing: member, number */
  TY_WAIT_FLOOR,       /* its sender had delivered ordinals that are not delivered here yet: number */
  TY_WAIT_ORDER,       /* its order has not come: member is the sequencer (or who gives it) */
  TY_WAIT_STABLE,      /* safe, and `member` has not acknowledged its ordinal: number */
  TY_WAIT_MODE         /* deliveries stand still: a flush, a lost lease, a block */
} TyWaitReason;

typedef struct
{
  TyWaitReason reason;
  TyService service;  /* of the message that waits */
  guint64 message;    /* its number */
  guint member;       /* rank, where the reason names one */
  guint64 number;     /* of the missing message, or the ordinal */
} TyWait;

/* The end of a view, as decided (V4): how far each sender's messages go, and the ordering's own closing order. */
typedef struct
{
  const guint64 *cut; /* one number a rank */
  const guint8 *order; /* from merge () */
  gsize order_len;
} TyClosing;

struct _TyOrderingOps
{
  guint port_version; /* TY_ORDERING_PORT_VERSION */
  const char *name;   /* "fifo": what a group is created with */
  TyService strongest; /* the strongest service that it offers */
  TyService standard;  /* the service of a send that names none */

  /* `ops` is this table: one function may serve several. */
  TyOrdering *(*create) (const TyOrderingOps *ops, const TyOrderingHost *host_ops, gpointer host);
  void (*free) (TyOrdering *o);

  /* A new view of `members` members begins, in which this process has rank `self`. Nothing of an earlier view remains.
   * The mode is (TRUE, TRUE). */
  void (*begin) (TyOrdering *o, guint members, guint self);

  /* The stamp of the next own batch, whose messages are of `services` (bits 1 << TyService), appended to `stamp`. It
   * states what this process has delivered until now.  receive () of that batch with sender == self follows at once. */
  void (*stamp) (TyOrdering *o, guint32 services, TyWriter *stamp);

  /* A batch of `sender`: the next in number order. FALSE if its stamp is malformed or names what cannot be (the sender
   * is then at fault, and nothing has changed). Takes a reference if it keeps the batch. Delivers nothing: pump ()
   * does. */
  gboolean (*receive) (TyOrdering *o, guint sender, TyBatch *batch);

  /* A packet that `from` multicast. FALSE if malformed; then nothing has changed. Also called in mode (·, FALSE): an
   * ordering notes what it learns, but see set_mode (). */
  gboolean (*on_packet) (TyOrdering *o, guint from, const guint8 *data, gsize len_bytes);

  /* Delivers what may be delivered, and multicasts what others wait for (order runs, acknowledgements): called once a
   * step after everything that came in it. */
  void (*pump) (TyOrdering *o);

  /* `deliver`: whether messages may be delivered. `promise`: whether it may number messages (as a sequencer) and
   * acknowledge ordinals (M6). After a process has sent STATE both are FALSE until the view has ended (V3). */
  void (*set_mode) (TyOrdering *o, gboolean deliver, gboolean promise);

  /* How many messages of `sender` have been delivered: the number of the last. */
  guint64 (*delivered) (TyOrdering *o, guint sender);

  /* A few bytes that ride to member `to` on acknowledgements of receipt, now and then, with the newest replacing what
   * came before; may write nothing, and does so where `to` has been told all that. For freeing what all have (the order
   * that everyone has delivered, say). */
  void (*gossip) (TyOrdering *o, guint to, TyWriter *w);
  gboolean (*on_gossip) (TyOrdering *o, guint from, const guint8 *data, gsize len_bytes);

  /* What STATE says (V3): the order that this process knows, and what it has acknowledged. */
  void (*digest) (TyOrdering *o, TyWriter *w);

  /* At the coordinator: the closing order from the digests of the members that end the view together (the longest order
   * among them, V4), appended to `order`. `digests[rank]` has length 0 for a member that is not among them. FALSE if
   * one of them is malformed: `*faulty` is its rank. Uses no state but the view's. */
  gboolean (*merge) (TyOrdering *o, const TyReader *digests, TyWriter *order, guint *faulty);

  /* TRUE if `order` is well formed for this view, and no other than what this process knows of it. */
  gboolean (*check_order) (TyOrdering *o, const guint8 *order, gsize order_len);

  /* Whether this process can close the view that way, once it holds everything up to the cut: nothing that it has
   * delivered contradicts. Asked, with an order that check_order () has passed, of a process that is to go on or to
   * leave with the others; one that is left out may well have delivered more. */
  gboolean (*may_close) (TyOrdering *o, const TyClosing *closing);

  /* The view ends (V8): every message up to the cut has been received. Delivers what is left of them, in the order that
   * follows from the closing alone, the same at every member whatever it had delivered before; drops what depends on a
   * message that nobody has. Modes do not matter. */
  void (*close) (TyOrdering *o, const TyClosing *closing);

  /* Why the next message of `sender` waits. */
  void (*explain) (TyOrdering *o, guint sender, TyWait *out);
};
