/* core/state-output.c: the GOutputStream of save-state.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/state-stream-private.h"

#include "core/tyet-error.h"

#define TY_TYPE_STATE_OUTPUT (ty_state_output_get_type ())
G_DECLARE_FINAL_TYPE (TyStateOutput, ty_state_output, TY, STATE_OUTPUT, GOutputStream)

struct _TyStateOutput
{
  GOutputStream parent_instance;
  TyStatePipe *pipe;
};

G_DEFINE_FINAL_TYPE (TyStateOutput, ty_state_output, G_TYPE_OUTPUT_STREAM)

static gssize
output_do (TyStatePipe *pipe, gpointer buffer, gsize len_bytes, GError **error)
{
  gsize waiting = pipe->out->len - pipe->out_at;
  gsize n = MIN (len_bytes, pipe->room_bytes - waiting);
  if (pipe->error != NULL)
    {
      g_propagate_error (error, g_error_copy (pipe->error));
      return -1;
    }
  if (pipe->over || pipe->closed)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The state is at its end");
      return -1;
    }
  if (n == 0)
    return TY_STATE_WAIT;
  /* What the engine has taken is moved out of the way only now and then: each byte is moved at most about once. */
  if (pipe->out_at > pipe->room_bytes / 2)
    {
      g_byte_array_remove_range (pipe->out, 0, (guint) pipe->out_at);
      pipe->out_at = 0;
    }
  g_byte_array_append (pipe->out, buffer, (guint) n);
  return (gssize) n;
}

static gssize
output_write (GOutputStream *stream, const void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return ty_state_pipe_do (TY_STATE_OUTPUT (stream)->pipe, output_do, (gpointer) buffer, count, cancellable, error);
}

static void
output_write_async (GOutputStream *stream, const void *buffer, gsize count, int io_priority, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);
  g_task_set_source_tag (task, output_write_async);
  g_task_set_priority (task, io_priority);
  ty_state_pipe_do_async (TY_STATE_OUTPUT (stream)->pipe, output_do, (gpointer) buffer, count, task);
}

static gssize
output_write_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
output_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return ty_state_pipe_close (TY_STATE_OUTPUT (stream)->pipe, NULL, error);
}

static void
output_close_async (GOutputStream *stream, int io_priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError *error = NULL;
  g_task_set_source_tag (task, output_close_async);
  g_task_set_priority (task, io_priority);
  if (output_close (stream, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
output_close_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
output_dispose (GObject *object)
{
  TyStateOutput *self = TY_STATE_OUTPUT (object);
  /* GIO closes a stream that is let go of. Here that would make half a state look whole. */
  if (self->pipe != NULL)
    ty_state_pipe_close (self->pipe, "the application let go of the stream of the state without closing it", NULL);
  G_OBJECT_CLASS (ty_state_output_parent_class)->dispose (object);
}

static void
output_finalize (GObject *object)
{
  g_clear_pointer (&TY_STATE_OUTPUT (object)->pipe, ty_state_pipe_unref);
  G_OBJECT_CLASS (ty_state_output_parent_class)->finalize (object);
}

static void
ty_state_output_class_init (TyStateOutputClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);
  G_OBJECT_CLASS (klass)->dispose = output_dispose;
  G_OBJECT_CLASS (klass)->finalize = output_finalize;
  stream_class->write_fn = output_write;
  stream_class->write_async = output_write_async;
  stream_class->write_finish = output_write_finish;
  stream_class->close_fn = output_close;
  stream_class->close_async = output_close_async;
  stream_class->close_finish = output_close_finish;
}

static void
ty_state_output_init (TyStateOutput *self)
{
}

GOutputStream *
ty_state_output_new (TyStatePipe *pipe)
{
  TyStateOutput *self = g_object_new (TY_TYPE_STATE_OUTPUT, NULL);
  pipe->is_output = TRUE;
  self->pipe = ty_state_pipe_ref (pipe);
  return G_OUTPUT_STREAM (self);
}

TyStatePipe *
ty_state_output_get_pipe (gpointer stream)
{
  return TY_IS_STATE_OUTPUT (stream) ? TY_STATE_OUTPUT (stream)->pipe : NULL;
}
