/* core/group-private.h: the inside of a node and its groups, for the files of core/ that make them up.
 *
 *   node.c            events, peers, routing, effects
 *   group.c           requests of the application, and the one place where a group's state changes
 *   group-flow.c      messages: numbering, sending, receiving, delivering, acknowledging, the window
 *   group-view.c      what membership asks of the group: freezing, merging, installing the next view
 *   group-transfer.c  state transfer
 *   group-admit.c     who may enter, and who may stay
 *   group-rekey.c     new secrets
 *   founding.c        founding a group together
 *   group-waits.c     what is waited for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/admit-list.h"
#include "core/flush-port.h"
#include "core/group.h"
#include "core/history.h"
#include "core/membership-port.h"
#include "core/node.h"
#include "core/tyet-error.h"

#define TY_NO_PEER G_MAXUINT

/* A process that this one knows of. */
typedef struct
{
  TyId pid;
  guint peer; /* TY_NO_PEER: no session */
  TyReach reach;
  char *name;
  char *address;
  gboolean sealed;            /* the session is: */
  guint8 seal[TY_SEAL_BYTES]; /* as in TyEvent */
  gint64 unwanted_since;      /* 0: wanted by some group */
} TyKnown;

struct _TyNode
{
  TyNodeConfig config;
  TyId pid;
  char *name;
  char *address;
  const TyModules *modules;
  TyWorld world;
  gint64 now;
  gboolean stepping;
  gboolean pending;
  GHashTable *known; /* TyId -> TyKnown; looked up, never walked */
  GPtrArray *knowns; /* of TyKnown, in the order of coming to be known: walked */
  GPtrArray *peers;  /* TyKnown by peer, or NULL; borrowed */
  TyDetector *detector;
  GPtrArray *groups;        /* of TyGroup */
  GHashTable *groups_by_id; /* TyId -> TyGroup */
  GArray *past;             /* of TyPast: groups that this process is in no longer */
  GQueue local;             /* of Local: packets to oneself */
  GArray *effects;          /* of TyEffect */
  guint next_stream;
  gint64 sweep_at;
  guint64 refused;
  TyHistory *history;
  TyHistorySink sink;
  gpointer sink_data;
  TyStorageSink storage;
  gpointer storage_data;
};

/* A group that this process was in: how far it got. */
typedef struct
{
  TyId group;
  TyetView *view; /* the last that it was in */
} TyPast;

/* A closed view's messages, kept for those who have not closed it (V7). */
typedef struct
{
  guint64 view;
  guint self;
  TyStore *store;
} TyKeptStore;

/* A packet of a later view, or one that a joiner may need once it is in. */
typedef struct
{
  TyId from;
  guint64 view;
  GBytes *packet;
} TyFuture;

/* Own messages of the current view up to `last` are the sends up to `send`. */
typedef struct
{
  guint64 last;
  guint64 send;
} TySentMark;

/* What the application says of a process that wants to enter. */
typedef struct
{
  TyId pid;
  gboolean answered, may;
} TyJudged;

typedef struct _TyTransfer TyTransfer;

struct _TyGroup
{
  TyNode *node;
  char *name;
  const TyOrderingOps *ordering_ops;
  const TyFlushOps *flush_ops;
  const TyMembershipOps *membership_ops;
  TyOrdering *ordering;
  TyMembership *membership;
  TyStore *store;
  gpointer user_data;
  TyGroupState state;
  gboolean has_id;
  TyId id;
  TyetView *view;
  guint32 weight;
  gboolean takes_state, gives_state, deliver_own;
  guint stream;

  /* Requests that the next step takes up (M8). */
  gboolean found_asked, join_asked, cancel_asked, leave_asked, dropped;
  gboolean lingers; /* out of the group, but still answering for its last view (V11) */
  char **contacts;
  gint64 join_timeout;
  TyetView *founders; /* view 0, until it begins (V13) */
  GBytes *founding;   /* what storage had kept for it */
  TyId founding_id;   /* what stands for the group in view 0; null if it was not founded by a list */
  gboolean durable_dirty;
  gboolean entering; /* ENTERED is due */
  gboolean leaving;  /* LEFT is due */
  gboolean leave_said;
  gint64 leave_until;

  /* Who may enter, and stay (group-admit.c). */
  guint8 *secret;     /* the group's, locked memory; NULL: none */
  TyAdmitList *admit; /* NULL: every key */
  gboolean policy_changed;
  gboolean asks;  /* the application, too */
  GArray *judged; /* of TyJudged */
  gboolean rekey_asked, rekey_asked_network; /* nothing has been drawn for it yet */
  gboolean rekey_network;                    /* what is drawn here is to have one for the network */
  gboolean own_network;                      /* its members have replaced the network's secret since */
  TyId rekey_drawn;                          /* the name of what was drawn here last */
  GPtrArray *keys; /* of TyKeys: drawn here, or of a proposal, or of the view, as long as the membership needs them */
  guint64 rekeyed; /* number of the view at whose end secrets changed, until all have closed it; 0: none */

  /* The view. */
  guint *peer_of_rank;
  gboolean *broken; /* by rank: the session began anew in this view, what was in flight is lost */
  gboolean frozen, blocked, saving, lost_future;
  gboolean may_deliver, may_promise; /* as the ordering was told */
  gint64 frozen_since, blocked_since;
  GArray *kept;  /* of TyKeptStore */
  GQueue future; /* of TyFuture */
  gsize future_bytes;
  gsize strange_bytes;   /* of these, from processes that are not in the view */
  gsize *future_of_rank; /* of these, from each that is; NULL: there is no view */

  /* Sending. */
  TyBatchBuilder open;
  GQueue full; /* of TyBatchBuilder *, before `open` */
  gsize queued_bytes;
  guint64 accepted;      /* sends taken so far */
  guint64 next_number;   /* in this view */
  GArray *marks;         /* of TySentMark */
  guint64 sent_numbered; /* sends that have numbers */
  guint64 sent_stable;   /* sends that are stable */
  guint64 want_stable;
  gsize turn;    /* the size of a send that was refused and for which there is room now: it comes before smaller ones */
  gsize refused; /* the size of a send that met a full window: ROOM is due once it fits */
  gint64 refused_since;
  gboolean warned; /* of the member that holds the window */

  /* Receiving. */
  gint64 receipts_due; /* 0: nothing new to say */
  guint64 told_stable_bytes; /* what of own messages was stable when all were last told */
  GArray *creditors;   /* of guint: ranks of senders that are to be told at once */
  gsize *untold;       /* by rank: bytes of its messages that have been consumed, and that it has not been told of */
  gboolean *told_gap;  /* by rank: it knows that something of its messages is lost here */
  gint64 *head_since;  /* by rank: since when the next message of that sender is the next */

  /* Entering with a state. */
  gboolean loaded;
  GArray *spill; /* of TyEffect: for the application, once it has loaded */
  gsize spill_bytes;
  guint64 *spilled_to; /* by rank: taken from the ordering, not yet counted as consumed */
  gboolean spill_full;
  char *asked_out;      /* why this process, still loading, asked to be taken out; or NULL */
  GPtrArray *transfers; /* of TyTransfer */

  TyGroupStats stats;
};

/* ---- node.c ---- */
TyEffect *ty_node_effect (TyNode *node, TyEffectType type);
TyKnown *ty_node_known (TyNode *node, const TyId *pid);
void ty_node_send (TyNode *node, guint peer, GBytes *packet, TyClass class, guint stream);
/* A packet that is taken as if it came from `from`, later in this step: to oneself, or one that was kept. */
void ty_node_send_local (TyNode *node, const TyId *from, GBytes *packet);
void ty_effect_clear (TyEffect *effect);
void ty_node_register (TyNode *node, TyGroup *group);
/* It has been left, or not entered. What of a group is asked for afterwards: answer_for_past (). */
void ty_node_unregister (TyNode *node, TyGroup *group);
/* This process has been in a group of that name, and is no longer. */
gboolean ty_node_was_in (const TyNode *node, const char *group_name);
void ty_node_kick (TyNode *node);
/* Its session ends in good order, with what is queued: nobody is to speak with it. */
void ty_node_close (TyNode *node, TyKnown *known);

/* ---- group.c ---- */
gboolean ty_group_in_view (const TyGroup *group);
gboolean ty_group_may_enter (TyGroup *group, GError **error);
void ty_group_enter_state (TyGroup *group, TyGroupState to);
void ty_group_free (TyGroup *group);
gboolean ty_group_is_over (const TyGroup *group);
/* An effect for the application, or NULL if nobody is there to take it. */
TyEffect *ty_group_effect (TyGroup *group, TyEffectType type);
void ty_group_fail_entry (TyGroup *group, GError *error);
void ty_group_take_requests (TyGroup *group);
void ty_group_tick (TyGroup *group);
gint64 ty_group_deadline (TyGroup *group);
gboolean ty_group_on_packet (TyGroup *group, const TyId *from, GBytes *packet, TyPacketType type, guint64 view,
                             TyReader *r);
void ty_group_on_known (TyGroup *group, const TyKnown *known, gboolean fresh, const char *why);

/* ---- group-admit.c ---- */
TyAdmission ty_group_admits (gpointer host, const TyMember *as, TyProofRole role, const guint8 *proof,
                             gsize proof_len);
gboolean ty_group_asks_proof (gpointer host);
gboolean ty_group_proves (gpointer host, const TyId *from, const TyId *group_id, const guint8 *proof, gsize proof_len);
gboolean ty_group_may_stay (gpointer host, const TyId *pid);
void ty_group_write_proof (gpointer host, const TyId *to, TyProofRole role, TyWriter *w);
void ty_group_shut_out (gpointer host, const TyId *pid);
void ty_group_take_policy (TyGroup *group);
void ty_group_forget_judged (TyGroup *group, const TyId *pid);
void ty_group_free_admit (TyGroup *group);

/* ---- group-rekey.c ---- */
void ty_group_draw_keys (gpointer host, TyId *keys);
gboolean ty_group_has_keys (gpointer host, const TyId *keys);
void ty_group_give_keys (gpointer host, const TyId *to, guint64 number, const TyId *keys);
gboolean ty_group_take_keys (gpointer host, const TyId *from, const TyId *keys, TyReader *r);
void ty_group_take_rekey (TyGroup *group);
/* The view has begun that `value` names. */
void ty_group_begin_keys (TyGroup *group, const TyValue *value);
void ty_group_all_have_keys (TyGroup *group, guint64 view);
void ty_keys_free (gpointer keys);

/* ---- founding.c ---- */
void ty_group_begin_founding (TyGroup *group);
void ty_group_keep_durable (TyGroup *group);

/* ---- group-flow.c ---- */
extern const TyOrderingHost ty_group_ordering_host;
void ty_group_begin_flow (TyGroup *group);
void ty_group_end_flow (TyGroup *group);
void ty_group_flow (TyGroup *group);
void ty_group_mind_laggard (TyGroup *group);
gboolean ty_group_on_data (TyGroup *group, guint rank, GBytes *packet, TyReader *r);
gboolean ty_group_on_forward (TyGroup *group, GBytes *packet, TyReader *r);
gboolean ty_group_on_receipts (TyGroup *group, guint rank, TyReader *r);
void ty_group_tell_gap (TyGroup *group, guint rank);
void ty_group_set_modes (TyGroup *group);
void ty_group_settle_stable (TyGroup *group);
void ty_group_unspill (TyGroup *group);
void ty_group_drop_spill (TyGroup *group);
void ty_group_send_packet (TyGroup *group, guint rank, GByteArray *packet, TyClass class);
gsize ty_group_future_limit (const TyGroup *group);
/* To the application now, or after it has loaded. */
void ty_group_tell (TyGroup *group, TyEffect effect);

/* ---- group-view.c ---- */
extern const TyMembershipHost ty_group_membership_host;
void ty_group_install_first (TyGroup *group);
void ty_group_replay_future (TyGroup *group);
void ty_group_keep_future (TyGroup *group, const TyId *from, guint64 view, GBytes *packet);
void ty_group_free_kept (TyGroup *group);
void ty_group_expel (TyGroup *group, const char *why);
char *ty_view_id_label (const TyViewId *id);
void ty_view_change_free (TyViewChange *change);

/* ---- group-transfer.c ---- */
void ty_transfer_free (TyTransfer *transfer);
void ty_group_begin_transfers (TyGroup *group, gboolean first_view);
void ty_group_check_transfers (TyGroup *group, const TyId *anew);
gboolean ty_group_on_transfer (TyGroup *group, const TyId *from, TyPacketType type, guint64 number, TyReader *r);
void ty_group_take_transfer_requests (TyGroup *group);
gboolean ty_group_gives_now (const TyGroup *group);
void ty_group_end_transfers (TyGroup *group, const char *why);
/* Why the state could not be taken in, or NULL. */
const char *ty_group_taking_failure (const TyGroup *group);
void ty_group_ask_out (TyGroup *group, const char *why);
void ty_group_transfer_waits (TyGroup *group, GArray *waits);
