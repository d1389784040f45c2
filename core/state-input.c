/* core/state-input.c: the GInputStream of load-state.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/state-stream-private.h"

#include "core/tyet-error.h"

#define TY_TYPE_STATE_INPUT (ty_state_input_get_type ())
G_DECLARE_FINAL_TYPE (TyStateInput, ty_state_input, TY, STATE_INPUT, GInputStream)

struct _TyStateInput
{
  GInputStream parent_instance;
  TyStatePipe *pipe;
};

G_DEFINE_FINAL_TYPE (TyStateInput, ty_state_input, G_TYPE_INPUT_STREAM)

static gssize
input_do (TyStatePipe *pipe, gpointer buffer, gsize len_bytes, GError **error)
{
  gsize done = 0;
  while (done < len_bytes && pipe->in.length > 0)
    {
      GBytes *first = g_queue_peek_head (&pipe->in);
      gsize size;
      const guint8 *data = g_bytes_get_data (first, &size);
      gsize n = MIN (len_bytes - done, size - pipe->in_at);
      memcpy ((guint8 *) buffer + done, data + pipe->in_at, n);
      done += n;
      pipe->in_at += n;
      if (pipe->in_at < size)
        break;
      g_bytes_unref (g_queue_pop_head (&pipe->in));
      pipe->in_at = 0;
    }
  pipe->taken_bytes += done;
  if (done > 0 || (pipe->in_ended && pipe->error == NULL))
    return (gssize) done;
  if (pipe->error != NULL)
    {
      g_propagate_error (error, g_error_copy (pipe->error));
      return -1;
    }
  if (pipe->over || pipe->closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The transfer has ended");
      return -1;
    }
  return TY_STATE_WAIT;
}

static gssize
input_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return ty_state_pipe_do (TY_STATE_INPUT (stream)->pipe, input_do, buffer, count, cancellable, error);
}

static void
input_read_async (GInputStream *stream, void *buffer, gsize count, int io_priority, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);
  g_task_set_source_tag (task, input_read_async);
  g_task_set_priority (task, io_priority);
  ty_state_pipe_do_async (TY_STATE_INPUT (stream)->pipe, input_do, buffer, count, task);
}

static gssize
input_read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
input_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  return ty_state_pipe_close (TY_STATE_INPUT (stream)->pipe, NULL, error);
}

static void
input_close_async (GInputStream *stream, int io_priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError *error = NULL;
  g_task_set_source_tag (task, input_close_async);
  g_task_set_priority (task, io_priority);
  if (input_close (stream, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
input_close_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
input_finalize (GObject *object)
{
  g_clear_pointer (&TY_STATE_INPUT (object)->pipe, ty_state_pipe_unref);
  G_OBJECT_CLASS (ty_state_input_parent_class)->finalize (object);
}

static void
ty_state_input_class_init (TyStateInputClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);
  G_OBJECT_CLASS (klass)->finalize = input_finalize;
  stream_class->read_fn = input_read;
  stream_class->read_async = input_read_async;
  stream_class->read_finish = input_read_finish;
  stream_class->close_fn = input_close;
  stream_class->close_async = input_close_async;
  stream_class->close_finish = input_close_finish;
}

static void
ty_state_input_init (TyStateInput *self)
{
}

GInputStream *
ty_state_input_new (TyStatePipe *pipe)
{
  TyStateInput *self = g_object_new (TY_TYPE_STATE_INPUT, NULL);
  self->pipe = ty_state_pipe_ref (pipe);
  return G_INPUT_STREAM (self);
}

TyStatePipe *
ty_state_input_get_pipe (gpointer stream)
{
  return TY_IS_STATE_INPUT (stream) ? TY_STATE_INPUT (stream)->pipe : NULL;
}
