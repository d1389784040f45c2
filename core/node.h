/* core/node.h: one process: the step machine that holds its groups.
 *
 *    events ─► ty_node_step (events, time) ─► effects
 *
 * A step takes what happened, lets every group that is concerned act, and leaves a list of effects.  The machine has no
 * clock, no sockets, no threads and no randomness of its own; the same object runs under the real driver and in the
 * simulator.  Requests of the application (core/group.h) may be made at any time but inside ty_node_step (), also
 * while effects are carried out: they are taken up by the next step (M8), which the driver must make soon when
 * ty_node_pending () says so.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/event.h"
#include "core/modules.h"

typedef struct _TyNode TyNode;

/* No message is longer: packets, in which it is with what stands around it, have lengths of 31 bits. */
#define TY_MOST_MESSAGE_BYTES ((gsize) G_MAXINT32 / 2)

/* Times in microseconds, on the driver's clock, which must count suspended time (V14). */
typedef struct
{
  gint64 suspect_after_us;   /* silence that makes a suspect (N3) */
  gint64 heartbeat_us;       /* at most this long between two frames to a peer */
  gint64 lease_us;           /* 0: half of suspect_after_us */
  gint64 round_us;           /* how long a coordinator waits for STATEs; 0: a third of suspect_after_us */
  guint gather_above;        /* members of a view above which its FLUSHes are gathered (V5); 0: 16 */
  gint64 lag_us;             /* a member that holds a full window for so long is suspected; 0: never */
  gint64 busy_poll_us;       /* how long the driver looks for more before it sleeps, while that pays; 0: not at all */
  gsize shm_bytes;           /* of shared memory that this process makes with another, each way; 0: it has none */
  gint64 handshake_us;       /* who connects and has not shaken hands by then is thrown out */
  guint max_half_open;       /* so many at once that have not shaken hands, */
  guint max_half_open_from;  /* and so many of one host; the oldest makes room */
  gboolean refusal_is_death; /* a closed connection and a port that refuses prove a death (V14) */
  gsize max_message_bytes; /* at most TY_MOST_MESSAGE_BYTES */
  gsize window_bytes;        /* of a sender in a group: own messages that are not yet stable */
  gsize spill_bytes;         /* kept for the application while it loads a state (V15) */
} TyNodeConfig;

/* Fills in the defaults: suspect after 1 s, heartbeat 100 ms, messages to 64 MiB, window 512 KiB, spill 64 MiB; 5 s to
 * shake hands, 128 who do, 64 of them of one host. */
void ty_node_config_init (TyNodeConfig *config);

/* `draw` fills bytes with randomness: the world port. */
typedef struct
{
  void (*draw) (gpointer world, gpointer out, gsize len_bytes);
  gpointer world;
} TyWorld;

/* Where records of the history go (core/history.h); `sink` is called with whole lines, at most once a step, before that
 * step's effects are carried out. */
typedef void (*TyHistorySink) (const char *lines, gsize len_bytes, gpointer user_data);

/* Where a founder's promises are kept (V13, core/founding.h): `record` replaces what was kept for `group`, and must be
 * on stable storage when the call returns; length 0: it is needed no longer. Called at the end of a step, before its
 * effects are carried out: what would follow from a promise that could not be kept is dropped. FALSE and `error` if it
 * could not. */
typedef gboolean (*TyStorageSink) (const char *group, const guint8 *record, gsize len_bytes, gpointer user_data,
                                   GError **error);

/* A process with the incarnation `pid`, drawn by the caller. `name` is what others call it. */
TyNode *ty_node_new (const TyNodeConfig *config, const TyId *pid, const char *name, const TyModules *modules,
                     const TyWorld *world);
void ty_node_free (TyNode *node);

/* Where others reach this process. Must be set before a group is founded or joined. */
void ty_node_set_address (TyNode *node, const char *address);
const char *ty_node_get_address (const TyNode *node);
const char *ty_node_get_name (const TyNode *node);
const TyId *ty_node_get_pid (const TyNode *node);
const TyNodeConfig *ty_node_get_config (const TyNode *node);
void ty_node_set_history (TyNode *node, TyHistorySink sink, gpointer user_data);
void ty_node_set_storage (TyNode *node, TyStorageSink sink, gpointer user_data);
/* Recording stops in good order: the last line, which goes to the sink at once. */
void ty_node_end_history (TyNode *node, const char *group_name, gint64 now_us);

/* One step. Afterwards the effects are there until ty_node_effects_done (), which must come before the next step. Times
 * never go back. */
void ty_node_step (TyNode *node, const TyEvent *events, guint n_events, gint64 now_us);
const TyEffect *ty_node_effects (TyNode *node, guint *n_effects);
void ty_node_effects_done (TyNode *node);

/* When the next step is due if nothing happens before (microseconds, G_MAXINT64: never); and whether one is due now,
 * because the application asked for something since the last. */
gint64 ty_node_deadline (const TyNode *node);
gboolean ty_node_pending (const TyNode *node);

/* Packets refused as malformed since the start, by reason, for statistics. */
guint64 ty_node_refused_packets (const TyNode *node);
