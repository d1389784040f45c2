/* core/locked-key.h: 32 bytes in locked memory, shared by reference: what identities and secrets are made of.
 * Immutable; any thread may hold one.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/key-file.h"

typedef struct
{
  gatomicrefcount ref;
  guint8 *bytes;
} TyLockedKey;

/* `bytes` NULL: drawn at random. One reference is held. */
void ty_locked_key_init (TyLockedKey *key, const guint8 *bytes);
void ty_locked_key_ref (TyLockedKey *key);
/* TRUE: that was the last reference, and the bytes are wiped and gone. */
gboolean ty_locked_key_unref (TyLockedKey *key);
