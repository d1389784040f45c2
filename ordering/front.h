/* ordering/front.h: how far something has got in all the queues at once, and what it waits for.
 *
 * An ordering has one front, the deliveries.  Others are about receipts: how far everything is there with all its
 * causal predecessors (M6), and how far a closing goes (V8).  All obey the same rule (M2): a message is passed after
 * its sender's earlier messages and, unless it is of the service fifo, after the needs and the floor of its batch.
 * They differ in the limits that they set on top.
 *
 *             receipts ──► │ try │ ──► passed
 *                            │  ▲
 *              not yet: waits│  │what it waited for was passed
 *                            ▼  │
 *                     │ on one member's messages, or on the ordinals │
 *
 * A sender is tried when its queue gets its first batch, and when the one thing that it was last found to wait for has
 * happened.  So the work follows what has changed, however many members there are.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ordering/queues.h"
#include "ordering/runs.h"

typedef struct _TyFront TyFront;
struct _TyFront
{
  TyQueues *queues;
  TyCursor *at; /* by rank */

  /* The order, if there is one: how far it is passed without a gap. */
  const TyRuns *order;
  gsize run;         /* the place of a run in `order` */
  guint64 used;      /* ordinals of that run passed */
  guint64 ordinals;  /* all ordinals passed */
  guint64 *numbered; /* by rank: how many of its sequenced messages have an ordinal among those */
  guint64 *safe;     /* by rank: which of its sequenced messages is the last safe one passed */
  guint64 last_safe; /* an ordinal passed: none of the service safe has been passed after it */

  /* What the owner adds. `limits` (or NULL) narrows what may be passed of `sender` now; `passed` (or NULL) is told. */
  void (*limits) (gpointer user, guint sender, TyLimits *limits);
  void (*passed) (gpointer user, guint sender, const TyPassed *passed);
  gpointer user;

  /* Who waits: lists by what is waited for, members first and then the ordinals; a sender is in one list at most. */
  guint *waiting;  /* by what: the first sender in its list */
  guint64 *least;  /* by what: the least number waited for */
  guint *next;     /* by sender: the next one in the list */
  guint64 *number; /* by sender: what it waits for; 0 if it is in no list */
  /* Who is to be tried: a ring as long as there are members. */
  guint *ready;
  guint ready_first;
  guint n_ready;
  guint8 *is_ready;
};

/* `order` may be NULL. The front begins at the beginning of the queues. */
void ty_front_init (TyFront *f, TyQueues *queues, const TyRuns *order);
/* A front that begins where `from` is, but has its own order, of which `from` has passed what lies before it. */
void ty_front_init_at (TyFront *f, const TyFront *from, const TyRuns *order);
void ty_front_clear (TyFront *f);

/* The sender is tried in the next run, unless it waits for something. */
void ty_front_try (TyFront *f, guint sender);

/* The first of a batch of `sender` taken into the queues was message `first`. */
static inline void
ty_front_received (TyFront *f, guint sender, guint64 first)
{
  if (f->at[sender].passed == first - 1)
    ty_front_try (f, sender);
}

/* Passes what may be passed, until nothing more may. */
void ty_front_run (TyFront *f);

/* The order has lost runs at its beginning. */
void ty_front_trimmed (TyFront *f);

/* The run in which the next ordinal lies, and how many ordinals of it are left: FALSE if it is not known. */
gboolean ty_front_turn (const TyFront *f, guint *rank, guint64 *left);

/* The first thing missing before the batch at the cursor of `sender` is open: a member's message, or the floor (then
 * rank is the number of members). FALSE if nothing is. */
gboolean ty_front_missing (TyFront *f, guint sender, TyNeed *out);
