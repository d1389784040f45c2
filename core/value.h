/* core/value.h: the value that an agreement decides: the next view, and the exact end of the old one (V4).
 *
 *   offset  size    field
 *   0       16      group id
 *   16      ...     id of the old view (varint number, varint counter, 16 bytes process)
 *           ...     id of the next view (the same)
 *           block   the group's name
 *           varint  members of the next view, each:
 *                     16      incarnation
 *                     block   name
 *                     block   address
 *                     varint  weight
 *                     varint  number of the view that it entered * 2 + loaded
 *           varint  members of the old view that are not in the next, each:
 *                     varint  rank in the old view * 8 + why (TyLeftWhy)
 *           varint  members of the old view, each: varint cut
 *           block   closing order (the ordering's)
 *           block   16 bytes: what names the secrets that hold from the next view on (core/group-rekey.c); or empty
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/event.h"
#include "core/view.h"

typedef struct
{
  guint rank; /* in the old view */
  TyLeftWhy why;
} TyGone;

typedef struct
{
  int ref;
  TyId group;
  TyViewId old;
  TyViewId id;
  char *group_name;
  guint n_members; /* 0: the group is dissolved (V11) */
  TyMember *members;
  guint n_gone;
  TyGone *gone; /* ascending rank */
  guint n_old;
  guint64 *cut;
  GBytes *order;
  gboolean has_keys; /* all members go on, and nobody is new */
  TyId keys;
} TyValue;

TyValue *ty_value_new (void);
TyValue *ty_value_ref (TyValue *value);
void ty_value_unref (TyValue *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyValue, ty_value_unref)

void ty_value_write (TyWriter *w, const TyValue *value);
/* NULL if malformed; `r` is bad then. (transfer full) */
TyValue *ty_value_read (TyReader *r);

/* BLAKE2b of the encoding, cut to 16 bytes: what FLUSH names. */
void ty_value_digest (const TyValue *value, TyId *out);

/* Whether it can follow `view`, whoever says so: it ends that view of that group, each member either goes on, ranked
 * and called as before, or is named as gone, and who is new comes last, once, as one that enters now. */
gboolean ty_value_follows (const TyValue *value, const TyetView *view);

/* The rank of `pid` in the next view, or n_members. */
guint ty_value_rank (const TyValue *value, const TyId *pid);
/* Why the member with that rank in the old view is not in the next; FALSE if it is. */
gboolean ty_value_gone (const TyValue *value, guint old_rank, TyLeftWhy *why);

void ty_member_write (TyWriter *w, const TyMember *member);
gboolean ty_member_read (TyReader *r, TyMember *member);
/* Reads a count and that many members; NULL if malformed (n_members 0 gives an empty array). */
TyMember *ty_members_read (TyReader *r, guint *n_members);
void ty_members_free (TyMember *members, guint n_members);
