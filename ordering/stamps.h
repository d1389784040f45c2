/* ordering/stamps.h: what stamps say, and how it is written (M3).
 *
 * A batch that has messages of other services than fifo states what its sender had delivered: under causal ordering a
 * clock, under total ordering a floor and a clock.  Both are coded against what the same sender's stamps of the view
 * have stated before, starting from zeros, so they are decoded in number order.  A sender's own messages are never in
 * its clock: they come before by FIFO.  A batch of fifo messages alone has no stamp.
 *
 *   stamp
 *   size    field
 *   varint  under total ordering only: the highest ordinal delivered, minus the one stated before
 *   then as often as a member's entry has changed, in the order of ranks, to the end of the stamp:
 *   varint  rank; from the second entry on, minus the previous entry's rank, minus 1
 *   varint  number of the last message of that member delivered (under total ordering, plain ones only), minus the one
 *           stated before; never 0
 *   or, where that is shorter, for all members at once:
 *   varint  how many members the view has, plus a width: from 0 to 63
 *   bits    from the highest of each byte on, for each member but the sender, in order of rank, what was added to its
 *           number: in so many bits as the width; with the width 0, 0 for 1, 10 for 0, and for a larger one so many
 *           ones and a zero; then zeros to the end of the byte
 *
 * Of n that talk alike between two stamps nearly all entries are 0 or 1, or 0 to 2: that is one bit each, or two.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ordering/queues.h"

/* Reading the clock at the end of a stamp, entry by entry. */
typedef struct
{
  guint n_members;
  guint sender;
  const guint64 *stated; /* by rank; NULL: all zeros */
  guint next;            /* the least rank that the next entry may have */
  gboolean dense;        /* bits: */
  guint width;           /* of an entry; 0: as many as it takes */
  guint n_bits;          /* of `bits`, left */
  guint8 bits;
} TyClockReader;

/* FALSE at the end of the stamp, or when the reader has gone bad: a rank out of range or its sender's own, a number
 * that has not changed or is absurd. */
gboolean ty_clock_read (TyClockReader *clock, TyReader *r, TyNeed *out);

/* What this process has delivered, by sender, and of which senders it has not been stated yet. */
typedef struct
{
  guint n_members;
  guint self;
  guint64 *delivered; /* by rank */
  guint *changed;     /* ranks; those of which nothing need be stated may linger */
  guint n_changed;
  guint8 *is_changed; /* by rank */
} TyPast;

void ty_past_init (TyPast *p, guint n_members, guint self);
void ty_past_clear (TyPast *p);

/* A message was delivered that stamps must state. */
static inline void
ty_past_note (TyPast *p, guint sender, guint64 number)
{
  p->delivered[sender] = number;
  if (!p->is_changed[sender])
    {
      p->is_changed[sender] = TRUE;
      p->changed[p->n_changed++] = sender;
    }
}

/* Writes the clock. `stated` as in TyClockReader. */
void ty_past_write (TyPast *p, const guint64 *stated, TyWriter *w);

/* The clock was stated: what it stated need not be again. */
void ty_past_stated (TyPast *p, const guint64 *stated);
