/* transport/keyring.h: which key each incarnation has proved: an incarnation has one key, from its first session to its
 * death.
 *
 * It outlives the sessions: who knows the network secret could otherwise wait until a member has lost its session with
 * another one, and begin the next in the other's name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/id.h"

/* Beyond so many, what was learned first is forgotten. */
#define TY_KEYRING_MOST 4096

typedef struct
{
  GHashTable *by_pid; /* of GList of `entries`; looked up only */
  GQueue entries;     /* as they were learned */
} TyKeyring;

void ty_keyring_init (TyKeyring *ring);
void ty_keyring_clear (TyKeyring *ring);
/* Whether `pid` is known by another key than this one. */
gboolean ty_keyring_contradicts (const TyKeyring *ring, const TyId *pid, const guint8 key[32]);
void ty_keyring_learn (TyKeyring *ring, const TyId *pid, const guint8 key[32]);
/* It is dead, or nobody here cares for it any more. (A founder that starts again is the same incarnation: V13.) */
void ty_keyring_forget (TyKeyring *ring, const TyId *pid);
