/* core/state-stream-private.h: the inside of a state transfer's pipe, for the two stream classes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/state-stream.h"

#define TY_STATE_WAIT (-2) /* neither done nor failed: ask again when something has changed */

/* One read or write, with the mutex held: how many bytes, or -1 and an error, or TY_STATE_WAIT. */
typedef gssize (*TyStateDo) (TyStatePipe *pipe, gpointer buffer, gsize len_bytes, GError **error);

struct _TyStatePipe
{
  gatomicrefcount ref;
  GMutex mutex; /* for all that follows; never held while the application is called */
  GCond cond;   /* something changed */
  GMainContext *context;
  GThread *thread; /* the only one that may touch `engine` */
  TyGroup *engine; /* NULL when detached */
  guint64 id;
  TyStateKick kick;
  gpointer user_data;
  gboolean is_output;

  gboolean closed;    /* by the application */
  gboolean told_end;  /* the engine knows how it ended */
  gboolean over;      /* nothing passes any more */
  gboolean scheduled; /* a settling is on its way to the thread */
  char *digest;       /* of the state, for the history */
  char *failed;       /* why the application's side failed: told to the engine */
  GError *error;      /* what the application is told from now on */

  GByteArray *out; /* written, from `out_at` on not yet taken by the engine */
  gsize out_at;
  gsize room_bytes;

  GQueue in; /* GBytes that came, the first from `in_at` on not yet read */
  gsize in_at;
  gboolean in_ended;
  gsize taken_bytes; /* read, and not yet told to the engine */

  GTask *task; /* the operation that pends, with its buffer */
  TyStateDo act;
  gpointer buffer;
  gsize buffer_bytes;
  GSource *cancel;
  GTask *done_task; /* the operation that is done, to be answered when the mutex is released */
  gssize done;
  GError *done_error;
};

gssize ty_state_pipe_do (TyStatePipe *pipe, TyStateDo act, gpointer buffer, gsize len_bytes, GCancellable *cancellable,
                         GError **error);
/* Takes over `task`. */
void ty_state_pipe_do_async (TyStatePipe *pipe, TyStateDo act, gpointer buffer, gsize len_bytes, GTask *task);
/* `failed`: NULL in good order. FALSE and an error if it had failed before. */
gboolean ty_state_pipe_close (TyStatePipe *pipe, const char *failed, GError **error);
