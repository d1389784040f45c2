/* tyet-view-change.h: what is new in a view.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(TYET_INSIDE) && !defined(TYET_COMPILATION)
#error "Only <tyet.h> can be included directly."
#endif

#include "tyet-enums.h"
#include "tyet-view.h"

G_BEGIN_DECLS

/**
 * TyetViewChange:
 *
 * How a view differs from the one before: who joined, who left, and why. Immutable; any thread may use it.
 */
typedef struct _TyetViewChange TyetViewChange;

#define TYET_TYPE_VIEW_CHANGE (tyet_view_change_get_type ())
TYET_API GType tyet_view_change_get_type (void);

TYET_API TyetViewChange *tyet_view_change_ref (TyetViewChange *change);
TYET_API void tyet_view_change_unref (TyetViewChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetViewChange, tyet_view_change_unref)

TYET_API TyetView *tyet_view_change_get_view (TyetViewChange *change);
TYET_API TyetView *tyet_view_change_get_before (TyetViewChange *change);
TYET_API guint tyet_view_change_get_n_joined (TyetViewChange *change);
TYET_API guint tyet_view_change_get_joined_rank (TyetViewChange *change, guint i);
TYET_API const char *tyet_view_change_get_joined_name (TyetViewChange *change, guint i);
TYET_API guint tyet_view_change_get_n_left (TyetViewChange *change);
TYET_API guint tyet_view_change_get_left_rank (TyetViewChange *change, guint i);
TYET_API const char *tyet_view_change_get_left_name (TyetViewChange *change, guint i);
TYET_API TyetLeftReason tyet_view_change_get_left_reason (TyetViewChange *change, guint i);

G_END_DECLS
