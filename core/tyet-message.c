/* core/tyet-message.c: a delivered message: a window on the packet that it came in.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/api.h"
#include "core/view.h"

struct _TyetMessage
{
  gatomicrefcount ref;
  TyetView *view;
  guint rank;
  TyetService service;
  guint64 number;
  GBytes *packet; /* what `data` points into: batches are of one thread, their packets of any */
  const guint8 *data;
  gsize len_bytes;
  GBytes *bytes; /* the slice, made when first asked for */
};

G_DEFINE_BOXED_TYPE (TyetMessage, tyet_message, tyet_message_ref, tyet_message_unref)

TyetMessage *
ty_tyet_message_new (TyetView *view, guint rank, const TyBatch *batch, const TyBatchMessage *from)
{
  TyetMessage *message = g_new0 (TyetMessage, 1);
  g_assert (rank < view->n_members);
  g_assert (from->data + from->len <= batch->messages + batch->messages_len);
  g_atomic_ref_count_init (&message->ref);
  message->view = tyet_view_ref (view);
  message->rank = rank;
  message->service = (TyetService) from->service;
  message->number = from->number;
  message->packet = g_bytes_ref (batch->packet);
  message->data = from->data;
  message->len_bytes = from->len;
  return message;
}

/**
 * tyet_message_ref:
 * @message: a message
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @message
 */
TyetMessage *
tyet_message_ref (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, NULL);
  g_atomic_ref_count_inc (&message->ref);
  return message;
}

/**
 * tyet_message_unref:
 * @message: (transfer full): a message
 *
 * Releases a reference; the last one frees the message. Any thread may.
 */
void
tyet_message_unref (TyetMessage *message)
{
  g_return_if_fail (message != NULL);
  if (!g_atomic_ref_count_dec (&message->ref))
    return;
  tyet_view_unref (message->view);
  g_clear_pointer (&message->bytes, g_bytes_unref);
  g_bytes_unref (message->packet);
  g_free (message);
}

/**
 * tyet_message_get_view:
 * @message: a message
 *
 * The view that the message was sent and delivered in.
 *
 * Returns: (transfer none): the view
 */
TyetView *
tyet_message_get_view (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, NULL);
  return message->view;
}

/**
 * tyet_message_get_sender_rank:
 * @message: a message
 *
 * The rank of the sender in the message's view.
 *
 * Returns: the rank
 */
guint
tyet_message_get_sender_rank (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, 0);
  return message->rank;
}

/**
 * tyet_message_get_sender_name:
 * @message: a message
 *
 * The name of the sender.
 *
 * Returns: (transfer none): the name
 */
const char *
tyet_message_get_sender_name (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, NULL);
  return tyet_view_get_member_name (message->view, message->rank);
}

/**
 * tyet_message_get_service:
 * @message: a message
 *
 * The service that the message was sent with.
 *
 * Returns: the service, never %TYET_SERVICE_DEFAULT
 */
TyetService
tyet_message_get_service (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, TYET_SERVICE_FIFO);
  return message->service;
}

/**
 * tyet_message_get_number:
 * @message: a message
 *
 * The message's number among those of its sender in its view: 1, 2, 3 and so on. With the view and the sender it names
 * the message in the group's whole history.
 *
 * Returns: the number, from 1
 */
guint64
tyet_message_get_number (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, 0);
  return message->number;
}

/**
 * tyet_message_get_data:
 * @message: a message
 * @len_bytes: (out): where to put the length of the payload, in bytes
 *
 * The payload. It is not followed by a NUL.
 *
 * Returns: (transfer none) (array length=len_bytes) (element-type guint8): the payload; it lives as long as @message
 */
const guint8 *
tyet_message_get_data (TyetMessage *message, gsize *len_bytes)
{
  g_return_val_if_fail (message != NULL, NULL);
  g_return_val_if_fail (len_bytes != NULL, NULL);
  *len_bytes = message->len_bytes;
  return message->data;
}

/**
 * tyet_message_get_bytes:
 * @message: a message
 *
 * The payload as [struct@GLib.Bytes], without a copy.
 *
 * Returns: (transfer none): the payload; take a reference to keep it longer than @message
 */
GBytes *
tyet_message_get_bytes (TyetMessage *message)
{
  g_return_val_if_fail (message != NULL, NULL);
  if (g_atomic_pointer_get (&message->bytes) == NULL)
    {
      const guint8 *packet = g_bytes_get_data (message->packet, NULL);
      GBytes *bytes = g_bytes_new_from_bytes (message->packet, (gsize) (message->data - packet), message->len_bytes);
      if (!g_atomic_pointer_compare_and_exchange (&message->bytes, NULL, bytes))
        g_bytes_unref (bytes);
    }
  return message->bytes;
}
