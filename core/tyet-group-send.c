/* core/tyet-group-send.c: multicasting.
 *
 *   send ───────────────────────────────► engine ─► (stable asked for: `stabilizing`) ─► done
 *   send_async ─► `sending`, in order, ─────┘
 *                 until there is room
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-group-private.h"

/* A message that waits: for room, or to be stable. The task holds the group. */
typedef struct
{
  GTask *task;
  GBytes *bytes; /* NULL once accepted */
  TyService service;
  TyetSendFlags flags;
  guint64 number; /* once accepted */
  GSource *cancel;
  GQueue *queue; /* that it waits in */
} TySend;

/* ---- At once ---- */

static gboolean
group_pick_service (TyetGroup *group, TyetService service, TyService *out, GError **error)
{
  const TyOrderingOps *ops = ty_group_get_ordering (group->engine);
  *out = service == TYET_SERVICE_DEFAULT ? ops->standard : (TyService) service;
  /* Checked here too, so that a send that has to wait for room does not fail only later. */
  if (*out <= ops->strongest)
    return TRUE;
  g_set_error (error, TYET_ERROR, TYET_ERROR_SERVICE,
               "The ordering %s of the group %s offers no service stronger than %s", ops->name, group->name,
               ops->strongest == TY_SERVICE_FIFO ? "fifo" : "causal");
  return FALSE;
}

static gboolean
group_send_now (TyetGroup *group, TyetService service, gconstpointer data, gsize len_bytes, GError **error)
{
  GError *local = NULL;
  TyService internal;
  if (!ty_tyet_group_check (group, error) || !group_pick_service (group, service, &internal, error))
    return FALSE;
  if (group->sending.length > 0)
    {
      group->refused_send = TRUE;
      g_set_error (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK, "Earlier messages to %s wait for room", group->name);
      return FALSE;
    }
  if (ty_group_send (group->engine, internal, data, len_bytes, &local) == 0)
    {
      g_assert (local != NULL);
      if (g_error_matches (local, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
        group->refused_send = TRUE;
      g_propagate_error (error, local);
      return FALSE;
    }
  ty_runtime_kick (group->rt);
  return TRUE;
}

/**
 * tyet_group_send:
 * @group: a group
 * @service: what the message is promised
 * @data: (array length=len_bytes) (element-type guint8): the payload, copied
 * @len_bytes: its length, in bytes; 0 is a message too
 * @error: return location for an error
 *
 * Multicasts a message to all members of the group, this process included, without waiting. It is sent in the view
 * that it gets its number in, which is the next one if the group is flushing.
 *
 * Fails, and sends nothing, with %TYET_ERROR_SERVICE if the group's ordering does not offer @service,
 * %TYET_ERROR_TOO_LARGE above [property@Tyet.Process:max-message-size], %TYET_ERROR_WOULD_BLOCK if the window is full,
 * or a message that found it full has not had its turn ([signal@Tyet.Group::writable] says when to try again, and
 * [method@Tyet.Group.send_async] waits by itself),
 * %TYET_ERROR_BLOCKED without a quorum, %TYET_ERROR_NOT_MEMBER before entering and after leaving, and
 * %TYET_ERROR_FORKED.
 *
 * Returns: %TRUE if the message is accepted
 */
gboolean
tyet_group_send (TyetGroup *group, TyetService service, gconstpointer data, gsize len_bytes, GError **error)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (data != NULL || len_bytes == 0, FALSE);
  g_return_val_if_fail (service >= TYET_SERVICE_DEFAULT && service <= TYET_SERVICE_SAFE, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  return group_send_now (group, service, data, len_bytes, error);
}

/**
 * tyet_group_fbcast:
 * @group: a group
 * @data: (array length=len_bytes) (element-type guint8): the payload, copied
 * @len_bytes: its length, in bytes
 * @error: return location for an error
 *
 * Multicasts with %TYET_SERVICE_FIFO. Fails as [method@Tyet.Group.send].
 *
 * Returns: %TRUE if the message is accepted
 */
gboolean
tyet_group_fbcast (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error)
{
  return tyet_group_send (group, TYET_SERVICE_FIFO, data, len_bytes, error);
}

/**
 * tyet_group_cbcast:
 * @group: a group
 * @data: (array length=len_bytes) (element-type guint8): the payload, copied
 * @len_bytes: its length, in bytes
 * @error: return location for an error
 *
 * Multicasts with %TYET_SERVICE_CAUSAL. Fails as [method@Tyet.Group.send].
 *
 * Returns: %TRUE if the message is accepted
 */
gboolean
tyet_group_cbcast (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error)
{
  return tyet_group_send (group, TYET_SERVICE_CAUSAL, data, len_bytes, error);
}

/**
 * tyet_group_abcast:
 * @group: a group
 * @data: (array length=len_bytes) (element-type guint8): the payload, copied
 * @len_bytes: its length, in bytes
 * @error: return location for an error
 *
 * Multicasts with %TYET_SERVICE_AGREED. Fails as [method@Tyet.Group.send].
 *
 * Returns: %TRUE if the message is accepted
 */
gboolean
tyet_group_abcast (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error)
{
  return tyet_group_send (group, TYET_SERVICE_AGREED, data, len_bytes, error);
}

/**
 * tyet_group_safe:
 * @group: a group
 * @data: (array length=len_bytes) (element-type guint8): the payload, copied
 * @len_bytes: its length, in bytes
 * @error: return location for an error
 *
 * Multicasts with %TYET_SERVICE_SAFE. Fails as [method@Tyet.Group.send].
 *
 * Returns: %TRUE if the message is accepted
 */
gboolean
tyet_group_safe (TyetGroup *group, gconstpointer data, gsize len_bytes, GError **error)
{
  return tyet_group_send (group, TYET_SERVICE_SAFE, data, len_bytes, error);
}

/**
 * tyet_group_send_bytes:
 * @group: a group
 * @service: what the message is promised
 * @bytes: the payload
 * @error: return location for an error
 *
 * Multicasts a message, as [method@Tyet.Group.send] does.
 *
 * Returns: %TRUE if the message is accepted
 */
gboolean
tyet_group_send_bytes (TyetGroup *group, TyetService service, GBytes *bytes, GError **error)
{
  gconstpointer data;
  gsize len_bytes;
  g_return_val_if_fail (bytes != NULL, FALSE);
  data = g_bytes_get_data (bytes, &len_bytes);
  return tyet_group_send (group, service, data, len_bytes, error);
}

/* ---- In its time ---- */

static void
send_free (TySend *send)
{
  if (send->cancel != NULL)
    g_source_destroy (send->cancel);
  g_clear_pointer (&send->cancel, g_source_unref);
  g_clear_pointer (&send->bytes, g_bytes_unref);
  g_clear_object (&send->task);
  g_free (send);
}

/* Ends it: takes over `error`, NULL in good order. Nothing is left of it when the callback is called, which may run the
 * main loop: a cancellation comes too late. */
static void
send_end (TySend *send, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&send->task);
  g_assert (send->queue == NULL);
  send_free (send);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
group_ask_stable (TyetGroup *group)
{
  TySend *first = g_queue_peek_head (&group->stabilizing);
  if (first == NULL || group->stable_asked || group->engine == NULL)
    return;
  group->stable_asked = TRUE;
  ty_group_want_stable (group->engine, first->number);
  ty_runtime_kick (group->rt);
}

/* FALSE if there is no room: then nothing has changed. Otherwise `send`, in no queue, is taken over. */
static gboolean
group_try (TyetGroup *group, TySend *send)
{
  GError *error = NULL;
  gsize len_bytes;
  gconstpointer data = g_bytes_get_data (send->bytes, &len_bytes);
  g_assert (send->queue == NULL);
  if (ty_tyet_group_check (group, &error))
    send->number = ty_group_send (group->engine, send->service, data, len_bytes, &error);
  if (g_error_matches (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
    {
      g_error_free (error);
      return FALSE;
    }
  if (error == NULL)
    ty_runtime_kick (group->rt);
  if (error != NULL || (send->flags & TYET_SEND_STABLE) == 0)
    {
      send_end (send, error);
      return TRUE;
    }
  g_clear_pointer (&send->bytes, g_bytes_unref);
  send->queue = &group->stabilizing;
  g_queue_push_tail (send->queue, send);
  group_ask_stable (group);
  return TRUE;
}

void
ty_tyet_group_room (TyetGroup *group)
{
  while (group->sending.length > 0)
    {
      TySend *send = g_queue_pop_head (&group->sending);
      send->queue = NULL;
      if (!group_try (group, send))
        {
          send->queue = &group->sending;
          g_queue_push_head (send->queue, send);
          return;
        }
    }
  if (!group->refused_send)
    return;
  group->refused_send = FALSE;
  g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_WRITABLE], 0);
}

void
ty_tyet_group_stable (TyetGroup *group, guint64 number)
{
  TySend *send;
  group->stable_asked = FALSE;
  while ((send = g_queue_peek_head (&group->stabilizing)) != NULL && send->number <= number)
    {
      g_queue_pop_head (&group->stabilizing);
      send->queue = NULL;
      send_end (send, NULL);
    }
  group_ask_stable (group);
}

static void
group_fail_queue (GQueue *queue, const GError *error)
{
  TySend *send;
  while ((send = g_queue_pop_head (queue)) != NULL)
    {
      send->queue = NULL;
      send_end (send, g_error_copy (error));
    }
}

void
ty_tyet_group_fail_sends (TyetGroup *group, const GError *error)
{
  group_fail_queue (&group->sending, error);
  group_fail_queue (&group->stabilizing, error);
}

void
ty_tyet_group_fail_waiting_sends (TyetGroup *group, const GError *error)
{
  group_fail_queue (&group->sending, error);
}

static gboolean
send_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  TySend *send = user_data;
  g_autoptr (TyetGroup) group = g_object_ref (g_task_get_source_object (send->task));
  gboolean accepted = send->bytes == NULL;
  gboolean found = g_queue_remove (send->queue, send);
  g_assert (found);
  send->queue = NULL;
  send_end (send, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                               accepted ? "No longer waiting for the message to be stable; it is sent all the same"
                                        : "The message was not sent"));
  /* It may have held up others behind it. */
  if (!accepted)
    ty_tyet_group_room (group);
  return G_SOURCE_REMOVE;
}

/**
 * tyet_group_send_async:
 * @group: a group
 * @service: what the message is promised
 * @bytes: the payload
 * @flags: when it is done
 * @cancellable: (nullable): a way to take it back while it waits for room, or to stop waiting afterwards
 * @callback: (nullable): what to call when it is done
 * @user_data: what to give it
 *
 * Multicasts a message as soon as the window has room for it, in the order of the calls; meanwhile plain sends fail
 * with %TYET_ERROR_WOULD_BLOCK, so that none overtakes it. It is done when the message is accepted or, with
 * %TYET_SEND_STABLE, when every member of its view has received it.
 */
void
tyet_group_send_async (TyetGroup *group, TyetService service, GBytes *bytes, TyetSendFlags flags,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;
  TySend *send;
  g_return_if_fail (TYET_IS_GROUP (group));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (service >= TYET_SERVICE_DEFAULT && service <= TYET_SERVICE_SAFE);
  TY_RETURN_UNLESS_HERE (group->rt);

  send = g_new0 (TySend, 1);
  send->task = g_task_new (group, cancellable, callback, user_data);
  g_task_set_source_tag (send->task, tyet_group_send_async);
  /* What was accepted stays accepted. */
  g_task_set_check_cancellable (send->task, FALSE);
  send->bytes = g_bytes_ref (bytes);
  send->flags = flags;
  if (g_cancellable_set_error_if_cancelled (cancellable, &error) || !ty_tyet_group_check (group, &error)
      || !group_pick_service (group, service, &send->service, &error))
    {
      send_end (send, error);
      return;
    }
  if (cancellable != NULL)
    {
      send->cancel = g_cancellable_source_new (cancellable);
      g_source_set_static_name (send->cancel, "tyet send");
      g_source_set_callback (send->cancel, G_SOURCE_FUNC (send_on_cancelled), send, NULL);
      g_source_attach (send->cancel, group->rt->context);
    }
  if (group->sending.length == 0 && group_try (group, send))
    return;
  send->queue = &group->sending;
  g_queue_push_tail (send->queue, send);
}

/**
 * tyet_group_send_finish:
 * @group: a group
 * @result: what the callback was given
 * @error: return location for an error
 *
 * How an asynchronous send went.
 *
 * Fails as [method@Tyet.Group.send], but for %TYET_ERROR_WOULD_BLOCK. With %TYET_SEND_STABLE it also fails, with
 * %TYET_ERROR_NOT_MEMBER or %TYET_ERROR_EXCLUDED, if this process was out of the group before it could know the
 * message to be stable.
 *
 * Returns: %TRUE if the message is accepted, or stable
 */
gboolean
tyet_group_send_finish (TyetGroup *group, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tyet_group_send_sync:
 * @group: a group
 * @service: what the message is promised
 * @bytes: the payload
 * @flags: when it is done
 * @cancellable: (nullable): a way to take it back while it waits for room, or to stop waiting afterwards
 * @error: return location for an error
 *
 * Multicasts a message and waits, as [method@Tyet.Group.send_async] says, running the main context meanwhile; it
 * cannot be used inside a callback of the library.
 *
 * Fails as [method@Tyet.Group.send_finish] says.
 *
 * Returns: %TRUE if the message is accepted, or stable
 */
gboolean
tyet_group_send_sync (TyetGroup *group, TyetService service, GBytes *bytes, TyetSendFlags flags,
                      GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (service >= TYET_SERVICE_DEFAULT && service <= TYET_SERVICE_SAFE, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!ty_runtime_can_wait (group->rt, error))
    return FALSE;
  g_main_context_push_thread_default (group->rt->context);
  tyet_group_send_async (group, service, bytes, flags, cancellable, ty_runtime_waited, &result);
  ty_runtime_wait (group->rt, &result);
  g_main_context_pop_thread_default (group->rt->context);
  return tyet_group_send_finish (group, result, error);
}
