/* tyet-secret.h: what those know who may speak to each other.
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
 * TyetSecret:
 *
 * 32 bytes that some processes know and nobody else does: the *network secret* of all that may speak to each other at
 * all ([property@Tyet.Process:secret]), or the secret of one group ([method@Tyet.Group.set_secret]). Immutable; any
 * thread may use it. It is held in memory that is not swapped out, and wiped at the end.
 */
typedef struct _TyetSecret TyetSecret;

#define TYET_TYPE_SECRET (tyet_secret_get_type ())
TYET_API GType tyet_secret_get_type (void);

TYET_API TyetSecret *tyet_secret_new (void);
TYET_API TyetSecret *tyet_secret_new_from_passphrase (const char *passphrase, GError **error);
TYET_API TyetSecret *tyet_secret_load (const char *path, GError **error);
TYET_API gboolean tyet_secret_save (TyetSecret *secret, const char *path, GError **error);
TYET_API TyetSecret *tyet_secret_ref (TyetSecret *secret);
TYET_API void tyet_secret_unref (TyetSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetSecret, tyet_secret_unref)

TYET_API gboolean tyet_secret_equal (TyetSecret *secret, TyetSecret *other);

G_END_DECLS
