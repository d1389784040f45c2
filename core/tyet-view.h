/* tyet-view.h: views.
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
 * TyetView:
 *
 * A view: a group's members at one point of its history, ranked by age.
 *
 * Views are immutable. Every member of a group is told of the same sequence of views, and every message is delivered
 * within one of them, to all its members alike ([BJ87] §3; design: virtual synchrony). Any thread may use a view.
 */
typedef struct _TyetView TyetView;

#define TYET_TYPE_VIEW (tyet_view_get_type ())
TYET_API GType tyet_view_get_type (void);

TYET_API TyetView *tyet_view_ref (TyetView *view);
TYET_API void tyet_view_unref (TyetView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetView, tyet_view_unref)

TYET_API const char *tyet_view_get_id (TyetView *view);
TYET_API const char *tyet_view_get_group_name (TyetView *view);
TYET_API guint64 tyet_view_get_number (TyetView *view);
TYET_API guint tyet_view_get_n_members (TyetView *view);
TYET_API guint tyet_view_get_rank (TyetView *view);
TYET_API gboolean tyet_view_is_primary (TyetView *view);
TYET_API const char *tyet_view_get_member_name (TyetView *view, guint rank);
TYET_API const char *tyet_view_get_member_address (TyetView *view, guint rank);
TYET_API const char *tyet_view_get_member_id (TyetView *view, guint rank);
TYET_API guint tyet_view_get_member_weight (TyetView *view, guint rank);
TYET_API gboolean tyet_view_is_member_loaded (TyetView *view, guint rank);
TYET_API char **tyet_view_dup_member_names (TyetView *view);
TYET_API gboolean tyet_view_find_member (TyetView *view, const char *name, guint *rank);

G_END_DECLS
