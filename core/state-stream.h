/* core/state-stream.h: the two streams of a state transfer (doc/protocol.md, V15), as the application sees them.
 *
 *   provider:  application ─► GOutputStream ─► TyStatePipe ─► ty_group_state_write ()
 *   joiner:    STATE_BYTES ─► TyStatePipe ─► GInputStream ─► application
 *
 * The pipe is what the stream object and the group share.  The stream may be used by one thread of the application's
 * choice; the engine is touched by the process's thread only, in a source that the other thread asks for.  Whoever lets
 * go of the last reference of a stream that was not ended has failed the transfer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "core/group.h"

typedef struct _TyStatePipe TyStatePipe;

/* Called in the process's thread when the engine was given something to do: a step is wanted. */
typedef void (*TyStateKick) (gpointer user_data);

/* Transfer `id` of `engine`; `room_bytes`: what the pipe of a provider holds. To be used by the thread that calls
 * this, until ty_state_pipe_detach (). */
TyStatePipe *ty_state_pipe_new (TyGroup *engine, guint64 id, GMainContext *context, gsize room_bytes, TyStateKick kick,
                                gpointer user_data);
TyStatePipe *ty_state_pipe_ref (TyStatePipe *pipe);
void ty_state_pipe_unref (TyStatePipe *pipe);
guint64 ty_state_pipe_get_id (const TyStatePipe *pipe);
/* Nothing more will come of it. */
gboolean ty_state_pipe_is_done (TyStatePipe *pipe);

/* The ends for the application; one of them, once. (transfer full) */
GOutputStream *ty_state_output_new (TyStatePipe *pipe);
GInputStream *ty_state_input_new (TyStatePipe *pipe);
/* The pipe behind a stream, or NULL if it is a stream of something else. */
TyStatePipe *ty_state_output_get_pipe (gpointer stream);
TyStatePipe *ty_state_input_get_pipe (gpointer stream);

/* What the history says of the state: to be set before ty_state_pipe_saved (), or before the end of loading. */
void ty_state_pipe_set_digest (TyStatePipe *pipe, const char *digest);
/* The application has been called: the state that it gives is fixed. */
void ty_state_pipe_saved (TyStatePipe *pipe);

/* What the engine says. */
void ty_state_pipe_on_room (TyStatePipe *pipe);
void ty_state_pipe_on_bytes (TyStatePipe *pipe, GBytes *bytes);
void ty_state_pipe_on_end (TyStatePipe *pipe);
/* The transfer is over and `error` (copied) is why; or it is over and complete (NULL). */
void ty_state_pipe_on_over (TyStatePipe *pipe, const GError *error);

/* The application says that the transfer cannot succeed. */
void ty_state_pipe_fail (TyStatePipe *pipe, const char *why);
/* The group goes away. */
void ty_state_pipe_detach (TyStatePipe *pipe);
