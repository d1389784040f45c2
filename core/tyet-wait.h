/* tyet-wait.h: what a process waits for.
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
 * TyetWait:
 *
 * One thing that a group waits for: what, for whom, and for how long already. A picture of one moment; immutable.
 */
typedef struct _TyetWait TyetWait;

#define TYET_TYPE_WAIT (tyet_wait_get_type ())
TYET_API GType tyet_wait_get_type (void);

TYET_API TyetWait *tyet_wait_ref (TyetWait *wait);
TYET_API void tyet_wait_unref (TyetWait *wait);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetWait, tyet_wait_unref)

TYET_API const char *tyet_wait_get_what (TyetWait *wait);
TYET_API const char *tyet_wait_get_text (TyetWait *wait);
TYET_API const char *tyet_wait_get_member (TyetWait *wait);
TYET_API gint64 tyet_wait_get_waited_us (TyetWait *wait);

G_END_DECLS
