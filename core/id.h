/* core/id.h: the identifiers of processes, groups, ballots and views.
 *
 * A process is known by its incarnation, 128 random bits drawn when it starts (doc/protocol.md, V2): a process that
 * comes back is another process.  A group is known by 128 random bits drawn when it is founded (V13).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct
{
  guint8 b[16];
} TyId;

/* A ballot: (counter, coordinator).  Never a rank (V2). */
typedef struct
{
  guint64 counter;
  TyId pid;
} TyBallot;

/* The id of a view: its place in the chain, and the ballot that first proposed it. */
typedef struct
{
  guint64 number;
  TyBallot ballot;
} TyViewId;

static inline int
ty_id_compare (const TyId *a, const TyId *b)
{
  return memcmp (a->b, b->b, sizeof a->b);
}

static inline gboolean
ty_id_equal (const TyId *a, const TyId *b)
{
  return memcmp (a->b, b->b, sizeof a->b) == 0;
}

static inline gboolean
ty_id_is_null (const TyId *a)
{
  static const TyId null;
  return ty_id_equal (a, &null);
}

static inline int
ty_ballot_compare (const TyBallot *a, const TyBallot *b)
{
  if (a->counter != b->counter)
    return a->counter < b->counter ? -1 : 1;
  return ty_id_compare (&a->pid, &b->pid);
}

static inline gboolean
ty_view_id_equal (const TyViewId *a, const TyViewId *b)
{
  return a->number == b->number && ty_ballot_compare (&a->ballot, &b->ballot) == 0;
}

/* For GHashTable with TyId * as keys.  The ids are random, so their first bytes are hash enough. */
guint ty_id_hash (gconstpointer id);
gboolean ty_id_equal_v (gconstpointer a, gconstpointer b);

/* "3f2a9c01": enough of an id for a person. `out` holds 9 bytes. */
const char *ty_id_short (const TyId *id, char out[9]);
