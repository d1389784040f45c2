/* tyet-identity.h: who a process is: a pair of keys.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(TYET_INSIDE) && !defined(TYET_COMPILATION)
#error "Only <tyet.h> can be included directly."
#endif

#include <glib-object.h>
#include "tyet-version.h"

G_BEGIN_DECLS

/**
 * TyetIdentity:
 *
 * A pair of keys that a process proves itself with: the public one is what others know it by, from one run to the next.
 * Immutable; any thread may use it. The secret key is held in memory that is not swapped out, and wiped at the end.
 */
typedef struct _TyetIdentity TyetIdentity;

#define TYET_TYPE_IDENTITY (tyet_identity_get_type ())
TYET_API GType tyet_identity_get_type (void);

TYET_API TyetIdentity *tyet_identity_new (void);
TYET_API TyetIdentity *tyet_identity_load (const char *path, GError **error);
TYET_API gboolean tyet_identity_save (TyetIdentity *identity, const char *path, GError **error);
TYET_API TyetIdentity *tyet_identity_ref (TyetIdentity *identity);
TYET_API void tyet_identity_unref (TyetIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetIdentity, tyet_identity_unref)

TYET_API const char *tyet_identity_get_public_key (TyetIdentity *identity);

G_END_DECLS
