/* core/api.h: what the files of the public face share: the makers of the small boxed types, and the runtime under a
 * process.
 *
 * A TyetProcess is the application's handle on a TyRuntime: the node, its driver, and the rules of the main loop.
 * The runtime outlives the handle by a moment when the application lets go of it inside a callback, because the node
 * must not go away under the step's effects.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <pthread.h>

#include "core/driver-port.h"
#include "core/group.h"
#include "core/tyet-enums.h"
#include "core/tyet-error.h"
#include "core/tyet-group.h"
#include "core/tyet-message.h"
#include "core/tyet-process.h"
#include "core/ticket.h"
#include "core/tyet-secret.h"
#include "core/tyet-ticket.h"
#include "core/tyet-view-change.h"
#include "core/tyet-view.h"
#include "core/tyet-wait.h"

TyetViewChange *ty_tyet_view_change_new (const TyViewChange *from);
TyetMessage *ty_tyet_message_new (TyetView *view, guint rank, const TyBatch *batch, const TyBatchMessage *from);
TyetWait *ty_tyet_wait_new (const TyGroupWait *from, gint64 now_us);

TyetSecret *ty_tyet_secret_new (const guint8 bytes[TY_KEY_BYTES]);
/* In locked memory, as long as the secret lives. */
const guint8 *ty_tyet_secret_bytes (TyetSecret *secret);
/* What the environment says: `*out` is NULL if it says nothing. FALSE: what it says cannot be read. */
gboolean ty_tyet_secret_find (TyetSecret **out, GError **error);
/* Takes `inner` over. */
TyetTicket *ty_tyet_ticket_new (TyTicket *inner);
const TyTicket *ty_tyet_ticket_inner (TyetTicket *ticket);

/* TYET_ERROR_NAME unless `name` is 1 to 255 bytes of UTF-8 without control characters; `whose`: for the message. */
gboolean ty_check_name (const char *name, const char *whose, GError **error);

/* How often this process image was forked since it began to count: what was made at another count belongs to the
 * parent. */
guint ty_fork_generation (void);

/* ---- The runtime (runtime.c) ---- */

typedef struct
{
  guint ref;
  guint depth; /* of effects being carried out */
  gboolean closed;
  TyetProcess *process; /* NULL once disposed of */
  TyNode *node;
  const TyDriverOps *ops;
  TyDriver *driver;
  GMainContext *context;
  pthread_t thread; /* asked for with each message: GLib's own takes ten times as long */
  guint fork_generation;
  GPtrArray *groups; /* TyetGroup *, not held: each takes itself out */
  guint state_buffer_bytes;

  TyetSecret *secret;     /* of the network; NULL: channels are in the clear */
  TyetIdentity *identity; /* NULL likewise */
  TyetTicket *ticket;     /* that it was made with, or NULL */
  gboolean secret_alone;  /* the secret was made here, and nobody else can know it yet */

  char *storage;    /* directory, or NULL */
  int storage_lock; /* of it, or -1 */
  char *group_name; /* of the group that was in a view last */
  gboolean torn;    /* a group was let go of while in a view: the record has no end in good order */
  char *history_path;
  int history_fd; /* -1: none, or given up */
  GError *history_error;
} TyRuntime;

/* What a process's channels are sealed with. `secret` NULL: they are not. Nothing is taken over. */
typedef struct
{
  TyetSecret *secret;
  TyetIdentity *identity;
  TyetTicket *ticket;
  gboolean secret_alone;
} TyRuntimeKeys;

/* The node and the driver of `process`, listening at `address`. `storage`: the directory for what it must not forget,
 * or NULL; `*storage_lock`, from ty_storage_lock (), is taken over (and -1 then). */
TyRuntime *ty_runtime_new (TyetProcess *process, const TyNodeConfig *config, const TyRuntimeKeys *keys,
                           const char *name, const char *address, const char *storage, int *storage_lock,
                           GError **error);
TyRuntime *ty_runtime_ref (TyRuntime *rt);
void ty_runtime_unref (TyRuntime *rt);

/* The process goes away: groups are detached, the driver ends, and the node as soon as nothing stands on it. */
void ty_runtime_close (TyRuntime *rt);

gboolean ty_runtime_is_here (const TyRuntime *rt);
/* FALSE, with TYET_ERROR_FORKED or TYET_ERROR_STATE: no request can be made any more. */
gboolean ty_runtime_check (const TyRuntime *rt, GError **error);
/* FALSE, with an error, if the main context cannot be run from here to wait for something. */
gboolean ty_runtime_can_wait (TyRuntime *rt, GError **error);
/* Runs the main context until `*result` is set; ty_runtime_waited () as a GAsyncReadyCallback sets it. */
void ty_runtime_wait (TyRuntime *rt, GAsyncResult **result);
void ty_runtime_waited (GObject *source, GAsyncResult *result, gpointer user_data);

/* A step is wanted soon. */
void ty_runtime_kick (TyRuntime *rt);

/* Appends the history to the file at `path`; NULL: to none. */
gboolean ty_runtime_set_history (TyRuntime *rt, const char *path, GError **error);

/* For every function of the public face: the rule that a process, and all that belongs to it, is used by the thread
 * that made it. A programmer's error, told as GLib tells them. */
#define TY_RETURN_VAL_UNLESS_HERE(rt, val)                                                                             \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    if (G_UNLIKELY (!ty_runtime_is_here (rt)))                                                                         \
      {                                                                                                                \
        g_critical ("%s: called from another thread than the one that made the process", G_STRFUNC);                   \
        return val;                                                                                                    \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END
#define TY_RETURN_UNLESS_HERE(rt) TY_RETURN_VAL_UNLESS_HERE (rt, )

/* ---- Between the process and its groups ---- */

TyRuntime *ty_tyet_process_get_runtime (TyetProcess *process);
void ty_tyet_group_on_effect (TyetGroup *group, const TyEffect *effect);
void ty_tyet_group_detach (TyetGroup *group);
/* Appends a line for each thing that the group waits for. */
void ty_tyet_group_append_waits (TyetGroup *group, GString *text);
