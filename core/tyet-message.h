/* tyet-message.h: messages, as they are delivered.
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
 * TyetMessage:
 *
 * A delivered message. Immutable; any thread may use it. It shares the memory of the packet that it came in with its
 * neighbours there: copy the payload of a message that is kept for long.
 */
typedef struct _TyetMessage TyetMessage;

#define TYET_TYPE_MESSAGE (tyet_message_get_type ())
TYET_API GType tyet_message_get_type (void);

TYET_API TyetMessage *tyet_message_ref (TyetMessage *message);
TYET_API void tyet_message_unref (TyetMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetMessage, tyet_message_unref)

TYET_API TyetView *tyet_message_get_view (TyetMessage *message);
TYET_API guint tyet_message_get_sender_rank (TyetMessage *message);
TYET_API const char *tyet_message_get_sender_name (TyetMessage *message);
TYET_API TyetService tyet_message_get_service (TyetMessage *message);
TYET_API guint64 tyet_message_get_number (TyetMessage *message);
TYET_API const guint8 *tyet_message_get_data (TyetMessage *message, gsize *len_bytes);
TYET_API GBytes *tyet_message_get_bytes (TyetMessage *message);

G_END_DECLS
