/* core/membership-port.h: the port behind which membership lives (membership/): who is suspected, who may enter, which
 * view comes next.
 *
 * Two objects.  A *detector* per process watches peers and says whom to suspect.  A *membership* per group agrees on
 * one view after another (V1-V14): it is told what other members' memberships send and what becomes of their sessions,
 * and it tells the group, through the host, when to stop, when to close a view, and what comes after.  It knows
 * processes by their incarnation.  It never sees a message: receipts and orders pass through it as digests that the
 * host writes and merges.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/modules.h"
#include "core/node.h"
#include "core/packet.h"
#include "core/value.h"

typedef struct _TyMembership TyMembership;
typedef struct _TyDetector TyDetector;

/* What is known of the session with a process. */
typedef enum
{
  TY_REACH_NONE,    /* no session (yet) */
  TY_REACH_UP,      /* a session stands; its connection may be down for a moment */
  TY_REACH_SUSPECT, /* silent too long, or its session was lost */
  TY_REACH_DEAD     /* its process is gone: a fact */
} TyReach;

/* Whether a process may enter. */
typedef enum
{
  TY_ADMISSION_YES,
  TY_ADMISSION_NO,
  TY_ADMISSION_LATER /* the application has been asked; the process asks again soon */
} TyAdmission;

/* As what a process proves that it knows the group's secret. */
typedef enum
{
  TY_PROOF_STRANGER, /* a joiner that has not been told the group's id */
  TY_PROOF_JOINER,
  TY_PROOF_FOUNDER,
  TY_PROOF_MEMBER /* to a joiner, that it has come to the right group */
} TyProofRole;

/* The longest proof that is given. */
#define TY_PROOF_BYTES 32

/* Receipts and order of one member's STATE, as the host wrote them. `rank` in the view that ends. */
typedef struct
{
  guint rank;
  TyReader receipts;
  TyReader order;
} TyDigest;

typedef struct
{
  /* ---- the world, as it is in this step ---- */
  gint64 (*now) (gpointer host);
  void (*draw) (gpointer host, gpointer out, gsize len_bytes);
  TyReach (*reach) (gpointer host, const TyId *pid);
  /* A packet to a process; to oneself: it comes back as any other, later in this step. Goes nowhere if no session
   * stands. */
  void (*send) (gpointer host, const TyId *pid, GByteArray *packet);
  /* A session with that process is wanted. */
  void (*dial) (gpointer host, const char *address, const TyId *pid);
  /* Doubts about a process that another one suspects: look at once. */
  void (*probe) (gpointer host, const TyId *pid);

  /* ---- who may enter, and who may stay ---- */

  /* `proof`: what its write_proof () wrote for this process. */
  TyAdmission (*admits) (gpointer host, const TyMember *as, TyProofRole role, const guint8 *proof, gsize proof_len);
  /* More is asked for than a key on the list. */
  gboolean (*asks_proof) (gpointer host);
  /* FALSE: its key is known, and not admitted. */
  gboolean (*may_stay) (gpointer host, const TyId *pid);
  /* Whether `from` knows the secret that this process takes for that of `group`: `proof` is what its write_proof ()
   * wrote for this one as a member. TRUE too if this process knows of no secret. */
  gboolean (*proves) (gpointer host, const TyId *from, const TyId *group, const guint8 *proof, gsize proof_len);
  /* A block: this process's proof to `to`; empty if there is nothing to prove. */
  void (*write_proof) (gpointer host, const TyId *to, TyProofRole role, TyWriter *w);
  /* A member that was not to stay is out: no channel to it is wanted. */
  void (*shut_out) (gpointer host, const TyId *pid);

  /* ---- new secrets (core/group-rekey.c) ---- */

  /* Draws secrets, which `keys` names. */
  void (*draw_keys) (gpointer host, TyId *keys);
  gboolean (*has_keys) (gpointer host, const TyId *keys);
  /* To `to`, in a packet of view `number`. */
  void (*give_keys) (gpointer host, const TyId *to, guint64 number, const TyId *keys);
  /* FALSE if malformed, or they are not what `keys` names. `r` stands behind that. */
  gboolean (*take_keys) (gpointer host, const TyId *from, const TyId *keys, TyReader *r);

  /* What the process calls itself, NULL if it is not known. */
  const char *(*name_of) (gpointer host, const TyId *pid);
  /* V13: what write_durable () writes has changed: it must be kept before anything that follows from it is sent. */
  void (*keep_durable) (gpointer host);

  /* ---- the view that ends ---- */

  /* V3: from now on nothing is numbered, delivered, acknowledged. */
  void (*freeze) (gpointer host);
  void (*write_receipts) (gpointer host, TyWriter *w);
  void (*write_order) (gpointer host, TyWriter *w);
  /* The cut and the closing order of these STATEs (V4). FALSE if one is malformed: `*faulty` is its rank. (transfer
   * full) */
  gboolean (*merge) (gpointer host, const TyDigest *digests, guint n_digests, guint64 **cut, GBytes **order,
                     guint *faulty);
  /* Receipts as a vector, for the forwarding plan. FALSE if malformed. */
  gboolean (*read_receipts) (gpointer host, TyReader r, guint64 *received);
  guint64 (*received) (gpointer host, guint rank);
  /* Whether the closing order is well formed, and everything up to the cut has been received. */
  gboolean (*check_order) (gpointer host, GBytes *order);
  gboolean (*holds) (gpointer host, const guint64 *cut);
  /* Whether this process, if it goes on or leaves with it, can end the view that way: nothing it has delivered is
   * beyond the cut, or contradicts the order. */
  gboolean (*may_close) (gpointer host, const guint64 *cut, GBytes *order);
  /* To `to`, what it lacks of `sender`'s messages: (after, upto]. `view` is the number of the view: the current one, or
   * one that is kept. */
  void (*forward) (gpointer host, guint64 view, const TyId *to, guint sender, guint64 after, guint64 upto);

  /* ---- what comes of it ---- */

  /* `value` is decided. If this process is in the view that ends, and goes on or leaves with it, the host closes that
   * view first. Then begin () is called with the new view, if this process is in it; the store of the old one is kept
   * until release (). */
  void (*install) (gpointer host, TyValue *value);
  /* The messages of view number `view` are needed no longer (V7). */
  void (*release) (gpointer host, guint64 view);
  /* V12. `why` is for a person. */
  void (*blocked) (gpointer host, const char *why);
  /* The group went on without this process, in good order or not. */
  void (*excluded) (gpointer host, const char *why);
  /* Nothing more to do for the others after leaving (V11): the object may go. */
  void (*gone) (gpointer host);
  /* A joiner has learned the id of the group: packets that name it are this one's from now on. FALSE: it is the id of
   * another group of this process. */
  gboolean (*found_group) (gpointer host, const TyId *group);
  /* join () has failed for good. (transfer full) */
  void (*join_failed) (gpointer host, GError *error);
} TyMembershipHost;

struct _TyMembershipOps
{
  /* ---- the detector of a process ---- */
  TyDetector *(*detector_create) (const TyNodeConfig *config);
  void (*detector_free) (TyDetector *detector);
  void (*detector_watch) (TyDetector *detector, guint peer, gint64 now);
  void (*detector_unwatch) (TyDetector *detector, guint peer);
  void (*detector_heard) (TyDetector *detector, guint peer, gint64 now);
  /* At the start of each step. Notices one's own stall before it blames others (N3). */
  void (*detector_step) (TyDetector *detector, gint64 now);
  /* A peer that has been silent for too long, once; FALSE if there is none (left). */
  gboolean (*detector_suspect) (TyDetector *detector, gint64 now, guint *peer);
  gint64 (*detector_deadline) (const TyDetector *detector);

  /* ---- the membership of a group ---- */
  TyMembership *(*create) (const TyMembershipHost *host_ops, gpointer host, const TyNodeConfig *config,
                           const TyId *self);
  void (*free) (TyMembership *m);

  /* A new view, with this process in it. Until loaded () it counts as what the view says. */
  void (*begin) (TyMembership *m, TyetView *view);
  void (*loaded) (TyMembership *m);
  /* V13: view 0 of a list of founders, with this process in it; members' incarnations are filled in as they are met.
   * `durable` is what write_durable () wrote in an earlier run, or empty. FALSE if that is malformed. */
  gboolean (*found) (TyMembership *m, TyetView *founders, TyReader durable);
  void (*write_durable) (TyMembership *m, TyWriter *w);
  /* Looks for the group at `contacts` (NULL-terminated). `me` is how this process would be a member. */
  void (*join) (TyMembership *m, const char *group_name, const char *ordering, const char *const *contacts,
                const TyMember *me, gint64 deadline);
  void (*leave) (TyMembership *m);
  /* No more part in the group from now on, agreed or not. */
  void (*stop) (TyMembership *m);
  /* Asks to be taken out of the view while loading (V15); who loads before that is done stays. */
  void (*take_out) (TyMembership *m);

  /* What happened to the session with a process; `fresh`: a new session stands (something may have been lost
   * before). */
  void (*on_reach) (TyMembership *m, const TyId *pid, TyReach reach, gboolean fresh, const char *why);
  /* A dial of this group's came to nothing. */
  void (*on_dial_failed) (TyMembership *m, const char *address, const char *why, TyDialEnd end);

  /* A packet of this group's, of type JOIN .. EXCLUDED or ALIVE, from `pid` (oneself too); `r` stands behind the view
   * number. FALSE if malformed: nothing has changed then. */
  gboolean (*on_packet) (TyMembership *m, const TyId *pid, TyPacketType type, guint64 view, TyReader *r);
  /* JOIN and WELCOME carry the group's name, not its id: `r` stands behind it. */
  gboolean (*on_join) (TyMembership *m, const TyId *pid, TyReader *r, const char *group_name, const char *ordering);
  gboolean (*on_welcome) (TyMembership *m, const TyId *pid, TyReader *r);
  /* A message packet of another view than the current one came from `pid`: it knows less than this process, or more. */
  void (*on_other_view) (TyMembership *m, const TyId *pid, guint64 view);

  /* It founds a group that this process knows nothing of, while this process founds this one (V13). */
  void (*on_other_founding) (TyMembership *m, const TyId *pid);
  /* Receipts have grown: what waited for the cut may go on. */
  void (*on_progress) (TyMembership *m);
  /* The member with that rank is past the limit in taking what this process sends: the next view does without it. */
  void (*on_behind) (TyMembership *m, guint rank);
  /* Who may stay has changed. */
  void (*on_policy) (TyMembership *m);
  /* New secrets are wanted, with the next view in which all go on. They are drawn (draw_keys) at once, or in the next
   * view; but not while those that were drawn in this one are on their way: then it has no effect. */
  void (*rekey) (TyMembership *m);
  /* Secrets of that name may still come to hold, or be asked for. So it is of a bounded number, whatever others say. */
  gboolean (*needs_keys) (const TyMembership *m, const TyId *keys);
  /* A gap in someone's messages: only a round mends it. */
  void (*on_gap) (TyMembership *m);

  /* Once a step, last. */
  void (*tick) (TyMembership *m);
  gint64 (*deadline) (const TyMembership *m);

  /* V14: whether this process may deliver and answer at this moment. */
  gboolean (*lease) (TyMembership *m);
  /* V13: too many members are dead for a quorum ever to come about. */
  gboolean (*lost) (TyMembership *m);
  /* Who is reached by, or named in, anything that this membership still cares for: sessions with others may go. */
  gboolean (*wants) (TyMembership *m, const TyId *pid);
  /* Appends TyGroupWait to `waits`. */
  void (*waits) (TyMembership *m, GArray *waits);
  guint64 (*rounds) (const TyMembership *m);
};
