/* tyet-group.h: groups.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(TYET_INSIDE) && !defined(TYET_COMPILATION)
#error "Only <tyet.h> can be included directly."
#endif

#include "tyet-enums.h"
#include "tyet-message.h"
#include "tyet-process.h"
#include "tyet-view-change.h"
#include "tyet-wait.h"

G_BEGIN_DECLS

#define TYET_TYPE_GROUP (tyet_group_get_type ())
#ifndef __GI_SCANNER__
TYET_API GType tyet_group_get_type (void);
#endif
G_DECLARE_FINAL_TYPE (TyetGroup, tyet_group, TYET, GROUP, GObject)

/**
 * TyetDeliverFunc:
 * @group: the group
 * @view: (transfer none): the view that the message was sent and is delivered in
 * @sender_rank: the rank of the sender in @view
 * @service: the service that it was sent with
 * @data: (array length=len_bytes) (element-type guint8): the payload, valid during the call; no NUL follows it
 * @len_bytes: the length of the payload, in bytes
 * @user_data: what was given to [method@Tyet.Group.set_deliver_func]
 *
 * Is called for each message delivered: the way that allocates nothing.
 */
typedef void (*TyetDeliverFunc) (TyetGroup *group, TyetView *view, guint sender_rank, TyetService service,
                                 const guint8 *data, gsize len_bytes, gpointer user_data);

TYET_API TyetGroup *tyet_group_new (TyetProcess *process, const char *name, const char *ordering);

/* Entering and leaving */
TYET_API gboolean tyet_group_found (TyetGroup *group, GError **error);
TYET_API void tyet_group_found_with_async (TyetGroup *group, const char *const *founders, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);
TYET_API gboolean tyet_group_found_with_finish (TyetGroup *group, GAsyncResult *result, GError **error);
TYET_API gboolean tyet_group_found_with (TyetGroup *group, const char *const *founders, GCancellable *cancellable,
                                         GError **error);
TYET_API void tyet_group_join_async (TyetGroup *group, const char *const *contacts, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
TYET_API gboolean tyet_group_join_finish (TyetGroup *group, GAsyncResult *result, GError **error);
TYET_API gboolean tyet_group_join (TyetGroup *group, const char *const *contacts, GCancellable *cancellable,
                                   GError **error);
TYET_API void tyet_group_leave_async (TyetGroup *group, GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
TYET_API gboolean tyet_group_leave_finish (TyetGroup *group, GAsyncResult *result, GError **error);
TYET_API gboolean tyet_group_leave (TyetGroup *group, GCancellable *cancellable, GError **error);

/* Sending */
TYET_API gboolean tyet_group_fbcast (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error);
TYET_API gboolean tyet_group_cbcast (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error);
TYET_API gboolean tyet_group_abcast (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error);
TYET_API gboolean tyet_group_safe (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error);
TYET_API gboolean tyet_group_send (TyetGroup *group, TyetService service, gconstpointer data, gsize len_bytes,
                                   GError **error);
TYET_API gboolean tyet_group_send_bytes (TyetGroup *group, TyetService service, GBytes *bytes, GError **error);
TYET_API void tyet_group_send_async (TyetGroup *group, TyetService service, GBytes *bytes, TyetSendFlags flags,
                                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
TYET_API gboolean tyet_group_send_finish (TyetGroup *group, GAsyncResult *result, GError **error);
TYET_API gboolean tyet_group_send_sync (TyetGroup *group, TyetService service, GBytes *bytes, TyetSendFlags flags,
                                        GCancellable *cancellable, GError **error);

/* Receiving */
TYET_API void tyet_group_set_deliver_func (TyetGroup *group, TyetDeliverFunc func, gpointer user_data,
                                           GDestroyNotify destroy);

/* State transfer */
TYET_API void tyet_group_set_state_digest (TyetGroup *group, GObject *stream, const char *digest);
TYET_API void tyet_group_fail_transfer (TyetGroup *group, GObject *stream, const char *reason);

/* Who may enter, and stay */
TYET_API gboolean tyet_group_set_secret (TyetGroup *group, TyetSecret *secret, GError **error);
TYET_API TyetSecret *tyet_group_get_secret (TyetGroup *group);
TYET_API gboolean tyet_group_set_admit_file (TyetGroup *group, const char *path, GError **error);
TYET_API gboolean tyet_group_reload_admit_file (TyetGroup *group, GError **error);
TYET_API gboolean tyet_group_rekey (TyetGroup *group, gboolean network_too, GError **error);

/* What can be set and seen */
TYET_API TyetProcess *tyet_group_get_process (TyetGroup *group);
TYET_API const char *tyet_group_get_name (TyetGroup *group);
TYET_API const char *tyet_group_get_ordering (TyetGroup *group);
TYET_API TyetService tyet_group_get_strongest_service (TyetGroup *group);
TYET_API TyetGroupState tyet_group_get_state (TyetGroup *group);
TYET_API TyetView *tyet_group_get_view (TyetGroup *group);
TYET_API gboolean tyet_group_is_loaded (TyetGroup *group);
TYET_API void tyet_group_set_weight (TyetGroup *group, guint weight);
TYET_API guint tyet_group_get_weight (TyetGroup *group);
TYET_API void tyet_group_set_deliver_own (TyetGroup *group, gboolean deliver_own);
TYET_API gboolean tyet_group_get_deliver_own (TyetGroup *group);
TYET_API void tyet_group_set_takes_state (TyetGroup *group, gboolean takes_state);
TYET_API gboolean tyet_group_get_takes_state (TyetGroup *group);
TYET_API void tyet_group_set_join_timeout (TyetGroup *group, guint timeout_ms);
TYET_API guint tyet_group_get_join_timeout (TyetGroup *group);
TYET_API GVariant *tyet_group_get_statistics (TyetGroup *group);
TYET_API const char *tyet_group_get_channel (TyetGroup *group, guint rank);
TYET_API GPtrArray *tyet_group_get_waits (TyetGroup *group);
TYET_API char *tyet_group_describe_waits (TyetGroup *group);

G_END_DECLS
