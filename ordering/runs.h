/* ordering/runs.h: a total order as runs, and its encodings.
 *
 * A run (rank, count) gives the next `count` ordinals to the next `count` sequenced messages of the member with that
 * rank, in sending order (M4).  That says which message an ordinal is without naming a number: whoever has the order
 * but not yet the batch counts ordinals all the same, and no order can contradict the batches it speaks of.
 *
 * Ordinals begin with 1.  The runs kept begin after the ordinal `base`: runs that everyone has delivered are forgotten.
 *
 *   runs                                      order (a closing order)        digest
 *   size    field                             size    field                  ...     an order
 *   varint  rank      } as often as           varint  base                   varint  the highest ordinal that the
 *   varint  count, >0 } there are runs        varint  how many runs                  member has acknowledged
 *                                             ...     runs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/wire.h"

typedef struct
{
  guint rank;
  guint64 count;
} TyRun;

typedef struct
{
  TyRun *ring; /* places first..end-1 are taken; its length is a power of two */
  gsize ring_len;
  gsize first;
  gsize end;
  guint64 base;  /* ordinals before the first run kept */
  guint64 known; /* ordinals known */
} TyRuns;

void ty_runs_clear (TyRuns *runs);

static inline TyRun *
ty_runs_at (const TyRuns *runs, gsize place)
{
  g_assert (place >= runs->first && place < runs->end);
  return &runs->ring[place & (runs->ring_len - 1)];
}

/* Adds ordinals at the end; a run of the same member as the last one kept becomes part of it. */
void ty_runs_append (TyRuns *runs, guint rank, guint64 count);

/* Forgets the runs that lie wholly within the ordinals up to `ordinal`. */
void ty_runs_trim (TyRuns *runs, guint64 ordinal);

/* The runs kept, from the first one's beginning. */
void ty_runs_write (const TyRuns *runs, TyWriter *w);
/* ... as an order. */
void ty_runs_write_order (const TyRuns *runs, TyWriter *w);

/* Foreign runs, checked whole before any is used: `*total` is how many ordinals they are. */
gboolean ty_runs_check (TyReader r, guint n_members, guint64 *total);

/* An order or a digest taken apart. */
typedef struct
{
  guint64 base;
  guint64 known; /* ordinals known: base, and those in the runs */
  TyReader runs;
  guint64 acknowledged; /* digest only */
  TyReader order;       /* digest only: the bytes that are the order */
} TyOrderRead;

gboolean ty_order_read (TyReader r, guint n_members, gboolean digest, TyOrderRead *out);

/* Appends what `runs` lacks of the checked foreign runs that begin after the ordinal `base` (<= runs->known). FALSE,
 * and nothing has changed, if they contradict what is kept. */
gboolean ty_runs_learn (TyRuns *runs, guint64 base, TyReader foreign);

/* Whether two orders read say the same where both speak. */
gboolean ty_orders_agree (const TyOrderRead *a, const TyOrderRead *b);

/* The longest order among digests (of length 0 where there is none) appended to `order`. All are beginnings of what the
 * sequencer gave, each from its own base on. FALSE if one is malformed or contradicts the longest: `*faulty` is its
 * rank, and nothing is written. */
gboolean ty_orders_merge (guint n_members, const TyReader *digests, TyWriter *order, guint *faulty);

/* The least of the numbers of all members (what everybody has acknowledged, or delivered), which only grow. A change
 * costs nothing but when the last of those at the least number moves. */
typedef struct
{
  guint n_members;
  guint64 *values;
  guint64 least;
  guint n_least; /* members at the least number */
} TyLeast;

void ty_least_init (TyLeast *l, guint n_members);
void ty_least_clear (TyLeast *l);
/* TRUE if the least has changed. A value that is no higher than the known one changes nothing. */
gboolean ty_least_raise (TyLeast *l, guint rank, guint64 value);
