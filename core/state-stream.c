/* core/state-stream.c: the pipe under the streams of a state transfer.
 *
 *   OPEN ─► CLOSED ─► OVER         closed: by the application; over: nothing more passes in either direction
 *     └────────────────►
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/state-stream-private.h"

#include "core/tyet-error.h"

TyStatePipe *
ty_state_pipe_new (TyGroup *engine, guint64 id, GMainContext *context, gsize room_bytes, TyStateKick kick,
                   gpointer user_data)
{
  TyStatePipe *pipe = g_new0 (TyStatePipe, 1);
  g_assert (room_bytes > 0);
  g_atomic_ref_count_init (&pipe->ref);
  g_mutex_init (&pipe->mutex);
  g_cond_init (&pipe->cond);
  pipe->engine = engine;
  pipe->id = id;
  pipe->context = g_main_context_ref (context);
  pipe->thread = g_thread_self ();
  pipe->room_bytes = room_bytes;
  pipe->kick = kick;
  pipe->user_data = user_data;
  pipe->out = g_byte_array_new ();
  g_queue_init (&pipe->in);
  return pipe;
}

TyStatePipe *
ty_state_pipe_ref (TyStatePipe *pipe)
{
  g_atomic_ref_count_inc (&pipe->ref);
  return pipe;
}

void
ty_state_pipe_unref (TyStatePipe *pipe)
{
  if (!g_atomic_ref_count_dec (&pipe->ref))
    return;
  g_assert (pipe->task == NULL && pipe->done_task == NULL);
  g_queue_clear_full (&pipe->in, (GDestroyNotify) g_bytes_unref);
  g_byte_array_unref (pipe->out);
  g_clear_error (&pipe->error);
  g_free (pipe->failed);
  g_free (pipe->digest);
  g_main_context_unref (pipe->context);
  g_cond_clear (&pipe->cond);
  g_mutex_clear (&pipe->mutex);
  g_free (pipe);
}

guint64
ty_state_pipe_get_id (const TyStatePipe *pipe)
{
  return pipe->id;
}

gboolean
ty_state_pipe_is_done (TyStatePipe *pipe)
{
  gboolean done;
  g_mutex_lock (&pipe->mutex);
  done = pipe->over || pipe->told_end;
  g_mutex_unlock (&pipe->mutex);
  return done;
}

void
ty_state_pipe_set_digest (TyStatePipe *pipe, const char *digest)
{
  g_mutex_lock (&pipe->mutex);
  g_free (pipe->digest);
  pipe->digest = g_strdup (digest);
  g_mutex_unlock (&pipe->mutex);
}

void
ty_state_pipe_saved (TyStatePipe *pipe)
{
  g_mutex_lock (&pipe->mutex);
  if (pipe->engine != NULL)
    {
      ty_group_state_saved (pipe->engine, pipe->id, pipe->digest);
      pipe->kick (pipe->user_data);
    }
  g_mutex_unlock (&pipe->mutex);
}

/* ---- The engine's side; all with the mutex held, in the process's thread ---- */

static void
pipe_feed_engine (TyStatePipe *pipe)
{
  gboolean alive = TRUE;
  while (alive && pipe->failed == NULL && pipe->out->len > pipe->out_at)
    {
      gsize written = 0;
      alive = ty_group_state_write (pipe->engine, pipe->id, pipe->out->data + pipe->out_at,
                                    pipe->out->len - pipe->out_at, &written);
      g_assert (written <= pipe->out->len - pipe->out_at);
      pipe->out_at += written;
      if (written == 0)
        break;
    }
  if (pipe->out_at == pipe->out->len)
    {
      g_byte_array_set_size (pipe->out, 0);
      pipe->out_at = 0;
    }
  if (alive && pipe->closed && (pipe->failed != NULL || pipe->out->len == 0))
    {
      ty_group_state_write_end (pipe->engine, pipe->id, pipe->failed);
      pipe->told_end = TRUE;
    }
  if (!alive && pipe->error == NULL)
    g_set_error_literal (&pipe->error, TYET_ERROR, TYET_ERROR_TRANSFER, "The transfer has ended");
}

static void
pipe_drain_engine (TyStatePipe *pipe)
{
  if (pipe->taken_bytes > 0)
    ty_group_state_taken (pipe->engine, pipe->id, pipe->taken_bytes);
  pipe->taken_bytes = 0;
  if (!pipe->closed || pipe->told_end)
    return;
  if (pipe->failed == NULL && pipe->in.length > 0)
    pipe->failed = g_strdup ("the application closed the stream of the state before its end");
  /* Who read up to what has come, and closed, is believed once it is known that this was all. */
  if (pipe->failed != NULL || pipe->in_ended)
    {
      ty_group_state_loaded (pipe->engine, pipe->id, pipe->failed, pipe->digest);
      pipe->told_end = TRUE;
    }
}

/* Tries the operation that pends. Its answer is kept until the mutex is released, because GTask may call back at
 * once. */
static void
pipe_serve (TyStatePipe *pipe)
{
  gssize done;
  if (pipe->task == NULL || pipe->done_task != NULL)
    return;
  done = pipe->act (pipe, pipe->buffer, pipe->buffer_bytes, &pipe->done_error);
  if (done == TY_STATE_WAIT)
    return;
  pipe->done = done;
  pipe->done_task = g_steal_pointer (&pipe->task);
  if (pipe->cancel != NULL)
    g_source_destroy (pipe->cancel);
  g_clear_pointer (&pipe->cancel, g_source_unref);
}

/* Releases the mutex; the pipe is not touched afterwards but through the caller's own reference. */
static void
pipe_unlock (TyStatePipe *pipe)
{
  g_autoptr (GTask) task = g_steal_pointer (&pipe->done_task);
  GError *error = g_steal_pointer (&pipe->done_error);
  gssize done = pipe->done;
  g_mutex_unlock (&pipe->mutex);
  if (task == NULL)
    return;
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, done);
}

/* Whatever changed, in whatever thread: those who wait for it go on. */
static void
pipe_wake (TyStatePipe *pipe)
{
  g_cond_broadcast (&pipe->cond);
  pipe_serve (pipe);
}

static void
pipe_settle (TyStatePipe *pipe)
{
  gboolean talk = pipe->engine != NULL && !pipe->over && !pipe->told_end;
  g_assert (pipe->thread == g_thread_self ());
  if (talk && pipe->is_output)
    pipe_feed_engine (pipe);
  else if (talk)
    pipe_drain_engine (pipe);
  pipe_wake (pipe);
  /* A writer that was let go on has filled the room again. */
  if (talk && pipe->is_output && !pipe->told_end && pipe->out_at == 0 && pipe->out->len > 0)
    pipe_feed_engine (pipe);
  if (talk && !pipe->is_output && pipe->taken_bytes > 0)
    pipe_drain_engine (pipe);
  if (talk)
    pipe->kick (pipe->user_data);
}

static gboolean
pipe_settle_in_thread (gpointer data)
{
  TyStatePipe *pipe = data;
  g_mutex_lock (&pipe->mutex);
  pipe->scheduled = FALSE;
  pipe_settle (pipe);
  pipe_unlock (pipe);
  return G_SOURCE_REMOVE;
}

/* With the mutex held, in any thread. */
static void
pipe_changed (TyStatePipe *pipe)
{
  GSource *source;
  if (pipe->thread == g_thread_self ())
    {
      pipe_settle (pipe);
      return;
    }
  if (pipe->scheduled)
    return;
  pipe->scheduled = TRUE;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "tyet state transfer");
  g_source_set_callback (source, pipe_settle_in_thread, ty_state_pipe_ref (pipe), (GDestroyNotify) ty_state_pipe_unref);
  g_source_attach (source, pipe->context);
  g_source_unref (source);
}

/* ---- What the engine and the group say ---- */

void
ty_state_pipe_on_room (TyStatePipe *pipe)
{
  g_mutex_lock (&pipe->mutex);
  pipe_settle (pipe);
  pipe_unlock (pipe);
}

void
ty_state_pipe_on_bytes (TyStatePipe *pipe, GBytes *bytes)
{
  g_assert (!pipe->is_output);
  g_mutex_lock (&pipe->mutex);
  if (g_bytes_get_size (bytes) > 0 && !pipe->over)
    g_queue_push_tail (&pipe->in, g_bytes_ref (bytes));
  pipe_settle (pipe);
  pipe_unlock (pipe);
}

void
ty_state_pipe_on_end (TyStatePipe *pipe)
{
  g_assert (!pipe->is_output);
  g_mutex_lock (&pipe->mutex);
  pipe->in_ended = TRUE;
  pipe_settle (pipe);
  pipe_unlock (pipe);
}

void
ty_state_pipe_on_over (TyStatePipe *pipe, const GError *error)
{
  g_mutex_lock (&pipe->mutex);
  pipe->over = TRUE;
  if (error != NULL && pipe->error == NULL)
    pipe->error = g_error_copy (error);
  pipe_wake (pipe);
  pipe_unlock (pipe);
}

void
ty_state_pipe_fail (TyStatePipe *pipe, const char *why)
{
  g_mutex_lock (&pipe->mutex);
  if (pipe->failed == NULL && !pipe->told_end)
    pipe->failed = g_strdup (why);
  if (pipe->error == NULL)
    g_set_error (&pipe->error, TYET_ERROR, TYET_ERROR_TRANSFER, "The transfer was given up: %s", why);
  pipe->closed = TRUE;
  pipe_changed (pipe);
  pipe_unlock (pipe);
}

void
ty_state_pipe_detach (TyStatePipe *pipe)
{
  g_mutex_lock (&pipe->mutex);
  pipe->engine = NULL;
  pipe->over = TRUE;
  if (pipe->error == NULL && !pipe->told_end)
    g_set_error_literal (&pipe->error, TYET_ERROR, TYET_ERROR_TRANSFER, "The group is gone");
  pipe_wake (pipe);
  pipe_unlock (pipe);
}

/* ---- What both streams do ---- */

static void
pipe_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  TyStatePipe *pipe = user_data;
  g_mutex_lock (&pipe->mutex);
  g_cond_broadcast (&pipe->cond);
  g_mutex_unlock (&pipe->mutex);
}

gssize
ty_state_pipe_do (TyStatePipe *pipe, TyStateDo act, gpointer buffer, gsize len_bytes, GCancellable *cancellable,
                  GError **error)
{
  gboolean here = pipe->thread == g_thread_self ();
  gulong handler = 0;
  gssize done;
  if (!here && cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (pipe_on_cancelled), ty_state_pipe_ref (pipe),
                                     (GDestroyNotify) ty_state_pipe_unref);
  g_mutex_lock (&pipe->mutex);
  while ((done = act (pipe, buffer, len_bytes, error)) == TY_STATE_WAIT)
    {
      if (here)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                               pipe->is_output
                                   ? "The transfer's buffer is full: write asynchronously or in another thread, so "
                                     "that the main loop can send it"
                                   : "Nothing has come yet: read asynchronously or in another thread, so that the "
                                     "main loop can receive it");
          break;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        break;
      g_cond_wait (&pipe->cond, &pipe->mutex);
    }
  if (done > 0)
    pipe_changed (pipe);
  pipe_unlock (pipe);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  return done == TY_STATE_WAIT ? -1 : done;
}

static gboolean
pipe_cancel_task (GCancellable *cancellable, gpointer user_data)
{
  TyStatePipe *pipe = user_data;
  g_autoptr (GTask) task = NULL;
  g_mutex_lock (&pipe->mutex);
  task = g_steal_pointer (&pipe->task);
  g_clear_pointer (&pipe->cancel, g_source_unref);
  g_mutex_unlock (&pipe->mutex);
  if (task != NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  return G_SOURCE_REMOVE;
}

void
ty_state_pipe_do_async (TyStatePipe *pipe, TyStateDo act, gpointer buffer, gsize len_bytes, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  /* Bytes that have passed have passed: a later cancellation must not unsay it. */
  g_task_set_check_cancellable (task, FALSE);
  if (g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      g_object_unref (task);
      return;
    }
  g_mutex_lock (&pipe->mutex);
  g_assert (pipe->task == NULL); /* GIO lets one operation pend at a time */
  pipe->task = task;
  pipe->act = act;
  pipe->buffer = buffer;
  pipe->buffer_bytes = len_bytes;
  pipe_serve (pipe);
  if (pipe->task != NULL && cancellable != NULL)
    {
      pipe->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (pipe->cancel, G_SOURCE_FUNC (pipe_cancel_task), ty_state_pipe_ref (pipe),
                             (GDestroyNotify) ty_state_pipe_unref);
      g_source_attach (pipe->cancel, g_task_get_context (task));
    }
  pipe_changed (pipe);
  pipe_unlock (pipe);
}

gboolean
ty_state_pipe_close (TyStatePipe *pipe, const char *failed, GError **error)
{
  gboolean good;
  g_mutex_lock (&pipe->mutex);
  good = pipe->error == NULL;
  if (!good && error != NULL)
    *error = g_error_copy (pipe->error);
  if (!pipe->closed)
    {
      pipe->closed = TRUE;
      if (pipe->failed == NULL)
        pipe->failed = g_strdup (failed);
      pipe_changed (pipe);
    }
  pipe_unlock (pipe);
  return good;
}
