/* core/group.h: one group of one process: what an application can ask of it, and what it can see.
 *
 * These are the requests behind TyetGroup.  They may be called at any time but inside ty_node_step (); each returns at
 * once, and what comes of it comes as effects of the next steps.
 *
 *         found                    ┌────────────── view decided ─────────────┐
 *   NEW ─────────► MEMBER ◄────────┤                                         │
 *    │              │  │ STATE sent └── FLUSHING ◄───────── a round ───────── BLOCKED
 *    │ join         │  └────────────────►  │  no quorum in reach                ▲
 *    └─► JOINING ───┘ (in a view)          └────────────────────────────────────┘
 *           │                                   any: ─► LEFT (left, dissolved), EXCLUDED,
 *           │                                           FAILED (join refused, disposed)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/admit-list.h"
#include "core/event.h"
#include "core/node.h"

typedef enum
{
  TY_GROUP_NEW,
  TY_GROUP_JOINING,
  TY_GROUP_MEMBER,   /* in a view, messages flow */
  TY_GROUP_FLUSHING, /* STATE of the view sent, its successor undecided: sends queue */
  TY_GROUP_BLOCKED,  /* no quorum: sends are refused (V12) */
  TY_GROUP_LEFT,
  TY_GROUP_EXCLUDED,
  TY_GROUP_FAILED
} TyGroupState;

/* A group that this process will found or join. `ordering` names a module; NULL and `error` (TYET_ERROR_ORDERING) if
 * there is none. The node owns it; ty_group_drop () ends it. */
TyGroup *ty_group_new (TyNode *node, const char *name, const char *ordering, GError **error);

/* The application's handle: comes back in nothing, is for the API's own look-up of an effect's group. */
void ty_group_set_user_data (TyGroup *group, gpointer user_data);
gpointer ty_group_get_user_data (const TyGroup *group);

/* Whether the application takes a state when it joins (before ty_group_join ()), or gives one. A joiner that takes none
 * counts as loaded. Giving none to one that takes: an empty state. */
void ty_group_set_takes_state (TyGroup *group, gboolean takes);
void ty_group_set_gives_state (TyGroup *group, gboolean gives);

void ty_group_set_weight (TyGroup *group, guint32 weight); /* before entering; 1 unless set, 0 to 1,000,000 */
void ty_group_set_deliver_own (TyGroup *group, gboolean deliver_own); /* TRUE unless set */

/* Who may enter, beside those who share the network secret. All may be set at any time, and count from the next step
 * on. `secret`, 32 bytes, or NULL: a joiner proves that it knows it, and this process does when it joins. `list`: the
 * keys that may enter and stay, or NULL: all (a reference is taken). `asks`: TY_EFFECT_AUTHORIZE comes for each joiner
 * that the others let pass. Secret and list need sealed channels: without them nobody enters. */
void ty_group_set_secret (TyGroup *group, const guint8 *secret);
void ty_group_set_admit (TyGroup *group, TyAdmitList *list);
void ty_group_set_asks (TyGroup *group, gboolean asks);
void ty_group_authorized (TyGroup *group, const TyId *pid, gboolean may);

/* New secrets, drawn here, for the group (if it has one) and, if `network`, for the network: they hold with a view
 * soon, and TY_EFFECT_REKEYED comes with it at every member. FALSE and an error: not a member, or there is nothing to
 * replace. */
gboolean ty_group_rekey (TyGroup *group, gboolean network, GError **error);

/* V13. Ends with TY_EFFECT_ENTERED. */
gboolean ty_group_found (TyGroup *group, GError **error);

/* V13: several processes found the group together: each of them is given the same list of names and addresses, this
 * process among them, and the first view is agreed on like any other, by a quorum of the list. Needs storage
 * (ty_node_set_storage
 * ()): a founder that forgets what it promised could let two first views be decided. `record`: what storage has kept
 * for this group since an earlier run, or length 0; this process must then have the incarnation that
 * ty_founding_read_pid () finds in it. Ends with TY_EFFECT_ENTERED. */
gboolean ty_group_found_with (TyGroup *group, const char *const *names, const char *const *addresses,
                              const guint8 *record, gsize record_len, GError **error);

/* What is wrong with that list, before anything is remembered of it. */
gboolean ty_group_may_found_with (TyGroup *group, const char *const *names, const char *const *addresses,
                                  GError **error);

/* Asks the processes at `contacts` (NULL-terminated, one is enough) to be let in; tries them all, and goes on until
 * `timeout_us` has passed (G_MAXINT64: no limit). Ends with TY_EFFECT_ENTERED. ty_group_cancel_join () ends it early
 * (error G_IO_ERROR_CANCELLED) unless this process has been let in already: then it leaves again. */
gboolean ty_group_join (TyGroup *group, const char *const *contacts, gint64 timeout_us, GError **error);
void ty_group_cancel_join (TyGroup *group);

/* Ends with TY_EFFECT_LEFT. Messages sent before are delivered first. */
gboolean ty_group_leave (TyGroup *group, GError **error);

/* The object is wanted no longer: no further effect names it. If still in a view, it is left without waiting. */
void ty_group_drop (TyGroup *group);

/* Multicasts. `data` is copied, once. The number of this send (1, 2, ... of this group object), or 0 and an error:
 * TYET_ERROR_SERVICE, TYET_ERROR_TOO_LARGE, TYET_ERROR_WOULD_BLOCK, TYET_ERROR_BLOCKED, TYET_ERROR_NOT_MEMBER. */
guint64 ty_group_send (TyGroup *group, TyService service, gconstpointer data, gsize len_bytes, GError **error);

/* Asks for one TY_EFFECT_STABLE once every send up to `number` is stable. */
void ty_group_want_stable (TyGroup *group, guint64 number);

/* State transfer (V15). Both return FALSE if that transfer has ended. `written` may be less than `len_bytes`: then wait
 * for STATE_ROOM. */
gboolean ty_group_state_write (TyGroup *group, guint64 transfer, gconstpointer data, gsize len_bytes, gsize *written);
gboolean ty_group_state_write_end (TyGroup *group, guint64 transfer, const char *failed);
void ty_group_state_taken (TyGroup *group, guint64 transfer, gsize len_bytes);
/* The answer to SAVE_STATE, due before its callback returns: the state is fixed now (it may still be written later).
 * Until then nothing of the new view is delivered here. `digest` of the state goes into the history, NULL for none. */
void ty_group_state_saved (TyGroup *group, guint64 transfer, const char *digest);
/* The application has taken in its state (after STATE_END), or has failed to (`failed`: why). */
void ty_group_state_loaded (TyGroup *group, guint64 transfer, const char *failed, const char *digest);

/* ---- What can be seen ---- */

TyGroupState ty_group_get_state (const TyGroup *group);
const char *ty_group_get_name (const TyGroup *group);
const TyOrderingOps *ty_group_get_ordering (const TyGroup *group);
TyetView *ty_group_get_view (const TyGroup *group); /* (transfer none), NULL before the first */
gboolean ty_group_is_loaded (const TyGroup *group);

typedef struct
{
  guint64 sent, sent_bytes;
  guint64 delivered, delivered_bytes;
  guint64 received_batches, forwarded_batches, duplicate_batches;
  guint64 views, rounds;
  guint64 dropped;           /* messages dropped at the end of a view, because what they depend on is lost */
  guint64 unstable_bytes;    /* of all senders, kept now */
  guint64 window_used_bytes; /* of this sender */
  guint64 queued_bytes;      /* sends that wait for the next view */
  guint64 spilled_bytes;     /* deliveries that wait for the state to be loaded */
  gint64 stood_still_us;     /* in all view changes together: from STATE to the next view */
} TyGroupStats;
void ty_group_get_stats (const TyGroup *group, TyGroupStats *out);

/* What this process waits for, and since when (microseconds, on the driver's clock). */
typedef struct
{
  /* "founder", "state", "flush", "quorum", "lease", "order", "predecessor", "stable", "contact", "transfer" or
   * "window" */
  const char *what;
  char *text;   /* a sentence */
  char *member; /* the name of whom it waits for, or NULL */
  gint64 since_us;
} TyGroupWait;
void ty_group_wait_clear (TyGroupWait *wait);
/* (transfer full) an array of TyGroupWait, empty if nothing is waited for. */
GArray *ty_group_waits (TyGroup *group, gint64 now_us);
/* Why the next message of the member with rank `sender` is not delivered, as data (core/ordering-port.h). */
void ty_group_explain (const TyGroup *group, guint sender, TyWait *out);
