/* tyet-ordering.h: writing an ordering of one's own.
 *
 * An ordering decides when a message that has been received may be delivered. A program that brings its own fills in a
 * TyetOrderingClass and registers it when it starts; groups are then made with its name as with any other.
 *
 * This header is not part of <tyet.h>: a program that only uses groups does not need it. doc/orderings.md describes
 * the interface as a whole, and doc/tutorial/write-an-ordering.md writes a module step by step.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <tyet.h>

G_BEGIN_DECLS

/**
 * TYET_ORDERING_API:
 *
 * The version of this interface. A module says which one it was written for, and is refused by a library that no longer
 * has it. It changes when what is here changes its meaning; what is only added makes the class longer.
 */
#define TYET_ORDERING_API 1

/**
 * TyetOrderingHost:
 *
 * What an ordering stands on, in one group: it keeps the messages that have been received and not been delivered, one
 * queue a sender, and takes what the ordering has to say.
 */
typedef struct _TyetOrderingHost TyetOrderingHost;

/**
 * TyetOrderingBatch:
 * @first: number of the first message, in (sender, view); the first of all has number 1
 * @last: number of the last message
 * @services: a bit `1 << service` for each #TyetService that occurs
 * @stamp: what the sender's `stamp ()` has written
 * @stamp_len: its length in bytes
 *
 * Messages that one process has multicast at once: consecutive numbers, with one stamp for all.
 */
typedef struct
{
  guint64 first;
  guint64 last;
  guint services;
  const guint8 *stamp;
  gsize stamp_len;
} TyetOrderingBatch;

/**
 * TyetOrderingReason:
 * @TYET_ORDERING_REASON_PREDECESSOR: message `number` of `member` comes first
 * @TYET_ORDERING_REASON_ORDER: its place in the order is not known; `member` is who has to tell
 * @TYET_ORDERING_REASON_STABLE: `member` is not known to have it
 *
 * Why a message waits.
 */
typedef enum
{
  TYET_ORDERING_REASON_PREDECESSOR,
  TYET_ORDERING_REASON_ORDER,
  TYET_ORDERING_REASON_STABLE
} TyetOrderingReason;

/**
 * TyetOrderingWait:
 * @reason: why
 * @member: a rank
 * @number: of the message that is missing, where one is
 *
 * What the next message of a sender waits for.
 */
typedef struct
{
  TyetOrderingReason reason;
  guint member;
  guint64 number;
} TyetOrderingWait;

/**
 * TyetOrderingClass:
 * @api: %TYET_ORDERING_API
 * @size: the size of this struct
 * @name: what a group is made with. Part of the protocol: a module whose stamps or packets change takes another name
 * @strongest: the strongest service that it offers; all weaker ones must work as well
 * @standard: the service of a send that names none
 * @create: makes the state that the other functions get as `o`; lives for one group, through all its views
 * @free: frees it
 * @begin: a view of `members` members begins, in which this process has rank `self`. Nothing of an earlier view remains
 * @stamp: (nullable): appends the stamp of this process's next batch, whose messages are of `services`. `receive ()` of
 *   that batch follows at once
 * @receive: a batch of `sender`, who may be this process, has arrived: the next in number order, without gaps. Returns
 *   %FALSE, with nothing changed, if its stamp is malformed: the sender is then at fault. Delivers nothing
 * @on_packet: (nullable): what `from` has said with tyet_ordering_host_multicast (). Packets of one process arrive
 *   in the order of their sending; nothing is promised about packets among batches. %FALSE, with nothing changed, if
 *   malformed
 * @speak: (nullable): tells the others what they wait for; called after whatever has come at once, and never when a
 *   promise must not be made any more (the view is ending)
 * @deliver: delivers what may be delivered, all of it; called after @speak, and never while deliveries stand still
 * @digest: (nullable): appends what this process knows and the others may lack, for the end of the view
 * @merge: (nullable): from the digests of those who end the view together (length 0 where there is none; as many as
 *   members, by rank) makes the closing order, appended to `order`. %FALSE if one is malformed: `*faulty` is its rank
 * @check_order: (nullable): whether a closing order is well-formed, and does not contradict what is known here
 * @may_close: (nullable): whether nothing that was delivered here contradicts that closing. Messages beyond the cut are
 *   looked after
 * @close: the view ends. Every message up to `cut` (a number for each rank) has been received: delivers the rest of
 *   them, in an order that follows from the messages and from `order` alone, the same at every member whatever it had
 *   delivered before. What is not delivered is dropped
 * @explain: says what the next message of `sender` waits for; only asked when there is one and deliveries do not stand
 *   still
 *
 * An ordering, as a table of functions. It reads no clock, draws nothing, and calls nothing but its host, so that a run
 * can be repeated. It never trusts what comes in stamps, packets, digests and orders: those are bytes of others.
 *
 * @digest, @merge and @check_order are given together or not at all; without them the closing order is empty.
 */
typedef struct
{
  guint api;
  gsize size;
  const char *name;
  TyetService strongest;
  TyetService standard;

  gpointer (*create) (TyetOrderingHost *host);
  void (*free) (gpointer o);
  void (*begin) (gpointer o, guint members, guint self);
  void (*stamp) (gpointer o, guint services, GByteArray *stamp);
  gboolean (*receive) (gpointer o, guint sender, const TyetOrderingBatch *batch);
  gboolean (*on_packet) (gpointer o, guint from, const guint8 *data, gsize len);
  void (*speak) (gpointer o);
  void (*deliver) (gpointer o);
  void (*digest) (gpointer o, GByteArray *digest);
  gboolean (*merge) (gpointer o, const guint8 *const *digests, const gsize *lens, GByteArray *order, guint *faulty);
  gboolean (*check_order) (gpointer o, const guint8 *order, gsize len);
  gboolean (*may_close) (gpointer o, const guint64 *cut, const guint8 *order, gsize len);
  void (*close) (gpointer o, const guint64 *cut, const guint8 *order, gsize len);
  void (*explain) (gpointer o, guint sender, TyetOrderingWait *wait);
} TyetOrderingClass;

TYET_API gboolean tyet_ordering_register (const TyetOrderingClass *ordering, GError **error);

TYET_API guint64 tyet_ordering_host_get_received (const TyetOrderingHost *host, guint sender);
TYET_API guint64 tyet_ordering_host_get_delivered (const TyetOrderingHost *host, guint sender);
TYET_API TyetService tyet_ordering_host_get_service (const TyetOrderingHost *host, guint sender, guint64 number);
TYET_API void tyet_ordering_host_deliver (TyetOrderingHost *host, guint sender, guint64 upto);
TYET_API void tyet_ordering_host_multicast (TyetOrderingHost *host, const void *data, gsize len);

TYET_API void tyet_ordering_put_number (GByteArray *to, guint64 number);
TYET_API gboolean tyet_ordering_take_number (const guint8 **at, const guint8 *end, guint64 *number);

G_END_DECLS
