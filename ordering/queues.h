/* ordering/queues.h: the batches that have been received and not delivered, a queue a sender.
 *
 * The unit is the batch: nothing is recorded for a single message.  How far something has got in a sender's queue (the
 * deliveries, say) is a cursor: a batch, an offset into it, and the number of the last message passed.  A queue is a
 * ring that grows; its places are counted from the view's beginning, so that a cursor stays right while the ring moves.
 *
 * Messages of the services agreed and safe are the sequenced ones, the others are plain.  A sender's sequenced messages
 * are counted: the n-th of them is what an order speaks of (runs.h), whether its batch is here yet or not.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/ordering-port.h"

#define TY_SERVICE_BIT(service) (1u << (service))
#define TY_SERVICES_SEQUENCED (TY_SERVICE_BIT (TY_SERVICE_AGREED) | TY_SERVICE_BIT (TY_SERVICE_SAFE))

/* No number and no ordinal is larger: sums of two cannot overflow. */
#define TY_MAX_NUMBER ((guint64) G_MAXINT64)

/* A message that must come first: an entry of a stamp's clock. */
typedef struct
{
  guint rank;
  guint64 number;
} TyNeed;

/* A batch, and what its stamp says: what its messages, but for those of the service fifo, wait for. */
typedef struct
{
  TyBatch *batch;
  guint64 floor; /* ordinals that its sender had delivered */
  gsize needs;   /* the place of the first in the sender's ring of needs */
  guint n_needs;
} TyQueued;

typedef struct
{
  TyQueued *items; /* places first..end-1 are taken; the length of the ring is a power of two */
  gsize items_len;
  gsize first;
  gsize end;
  TyNeed *needs;
  gsize needs_len;
  gsize needs_first;
  gsize needs_end;
  guint64 received; /* the number of the last message */
  guint64 *clock;   /* by rank: what this sender's stamps have stated; NULL while they have stated nothing */
  guint64 floor;    /* the floor that they have stated */
} TySender;

typedef struct
{
  guint n_members;
  TySender *senders; /* by rank */
} TyQueues;

void ty_queues_init (TyQueues *q, guint n_members);
void ty_queues_clear (TyQueues *q);

/* Appends a batch whose stamp is a clock, after a floor if `floors` (stamps.h has the tables). FALSE if the stamp is
 * malformed; then nothing has changed. */
gboolean ty_queues_take (TyQueues *q, guint sender, TyBatch *batch, gboolean floors);

/* Forgets the batches of `sender` in front of the place `item`. */
void ty_queues_forget (TyQueues *q, guint sender, gsize item);

static inline TyQueued *
ty_queues_item (const TyQueues *q, guint sender, gsize item)
{
  const TySender *s = &q->senders[sender];
  g_assert (item >= s->first && item < s->end);
  return &s->items[item & (s->items_len - 1)];
}

static inline const TyNeed *
ty_queues_need (const TyQueues *q, guint sender, const TyQueued *item, guint i)
{
  const TySender *s = &q->senders[sender];
  g_assert (i < item->n_needs);
  return &s->needs[(item->needs + i) & (s->needs_len - 1)];
}

/* How many sequenced messages are in a batch. */
guint64 ty_batch_count_sequenced (const TyBatch *batch);

/* How far something has got in one sender's queue. */
typedef struct
{
  gsize item;        /* place of the batch that the next message is in */
  gsize offset;      /* of the next message in it */
  guint64 passed;    /* number of the last message passed */
  guint64 sequenced; /* how many of those passed were sequenced */
  guint met; /* needs of the batch at `item` known to be met; one more than it has when its floor is reached too */
} TyCursor;

/* What may be passed at most. */
typedef struct
{
  guint64 number;    /* messages up to this number */
  guint64 sequenced; /* the sender's sequenced messages up to this count */
  guint64 safe;      /* of the service safe: likewise */
  guint64 stop;      /* nothing more once that many sequenced ones are passed */
} TyLimits;

#define TY_NO_LIMITS                                                                                                   \
  ((TyLimits){ .number = G_MAXUINT64, .sequenced = G_MAXUINT64, .safe = G_MAXUINT64, .stop = G_MAXUINT64 })

/* What was passed: messages first..last of one batch. */
typedef struct
{
  TyBatch *batch;
  gsize offset; /* of the first */
  guint64 first;
  guint64 last;
  guint64 last_plain; /* number of the last plain one; 0 if none */
  guint64 last_safe;  /* which of its sender's sequenced messages the last safe one is; 0 if none */
} TyPassed;

/* Whether the needs and the floor of the batch at the cursor are known to be met. */
static inline gboolean
ty_cursor_is_open (const TyCursor *c, const TyQueued *item)
{
  return c->met > item->n_needs;
}

/* The service of the next message; there must be one. */
static inline TyService
ty_cursor_service (const TyCursor *c, const TyQueued *item)
{
  TyBatchMessage m;
  ty_batch_at (item->batch, c->offset, c->passed + 1, &m);
  return m.service;
}

/* Passes as many messages of the batch at the cursor as the limits allow, and only those of the service fifo while the
 * batch is not open. FALSE if that is none. */
gboolean ty_cursor_pass (TyCursor *c, const TyQueued *item, const TyLimits *limits, TyPassed *out);
