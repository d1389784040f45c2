/* membership/membership.h: the state of a group's membership, shared by the files of this folder.
 *
 *   detector.c   whom to suspect
 *   lease.c      keepalives, echoes, the lease (V14)
 *   entry.c      joining, leaving, being taken out (V10, V11, V13, V15)
 *   round.c      the coordinator: PREPARE, STATEs, PROPOSE (V2-V4)
 *   select.c     who is in the next view (V9, V10)
 *   voter.c      everybody: STATE, accepting, FLUSH, deciding (V3, V5, V6)
 *   late.c       who is behind, and who stays behind (V7, V11)
 *   founders.c   founders meet (V13)
 *   rekey.c      new secrets
 *   membership.c the object, and what happens to sessions (V9, V12)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/membership-port.h"
#include "core/tyet-error.h"

/* Above this many members of the old view, FLUSHes go to the coordinator alone, and its DECIDED counts for all (V5). */
#define TY_GATHER_ABOVE 16 /* unless configured */

/* No view sees more rounds than this. */
#define TY_MOST_ROUNDS ((guint64) G_MAXUINT32)

/* A member of the current view, by rank. */
typedef struct
{
  gboolean suspected;
  gboolean dead;    /* suspected, and that is a fact */
  gboolean barred;  /* not admitted any more, says a member: the next view does without it, unless the state would be
                       lost (select.c) */
  gboolean denied;  /* V13: who has come by this founder's name is not admitted */
  guint8 elsewhere; /* V13: this founder is there, and does not found this group: 1 + whether it founds another */
  gboolean behind;  /* past the limit in taking what somebody sends: the next view does without it */
  gboolean rekey;   /* it wants the secrets that `keys` names */
  TyId keys;
  gboolean leaving;
  gboolean takeout;
  gboolean loaded;  /* has said so since the view began */
  gboolean yielded; /* found no set to propose; until reach changes (V2) */
  gint64 suspected_at;
  gint64 unreached_since; /* no session has stood in this view: counted as silence */
  gint64 stamp;         /* of the newest keepalive received from it in this view */
  gint64 echoed;        /* the newest stamp of one's own that it has echoed in this view */
  gint64 lasts;         /* how long its echoes are good for, as it said; 0: not known yet */
  gint64 promise_until; /* V14: no view without it is accepted before */
} Member;

/* A process that wants in. */
typedef struct
{
  TyMember as;     /* how it would be a member */
  gboolean ready;  /* it has said that it reaches every member of the current view */
  gint64 asked_at; /* when it first asked in this view */
  gint64 not_before; /* it did not answer a round, or not everyone reached it: when it may be asked again */
} Joiner;

/* What is known of one ballot of the current view. */
typedef struct
{
  TyBallot ballot;
  TyValue *value; /* NULL until PROPOSE has come */
  TyId digest;
  GArray *need;      /* of TyId: whom the round waits for (V6) */
  GArray *acceptors; /* of TyId: to whom FLUSH goes, with the next members */
  GArray *flushed;   /* of TyId */
  gboolean gather;
  gboolean accepted; /* by this process */
} Record;

/* A STATE, as decoded. */
typedef struct
{
  guint8 *bytes; /* what the readers point into */
  gboolean loaded, leaving, takeout, reaches_joiner;
  guint32 weight; /* that it is to have once it has loaded (V10) */
  gboolean *reaches; /* by rank */
  TyBallot accepted_ballot;
  TyValue *accepted;
  TyReader receipts;
  TyReader order;
} State;

/* A round that this process coordinates. */
typedef struct
{
  TyBallot ballot;
  gboolean *suspected; /* by rank: final within the ballot (V9) */
  State **states;      /* by rank */
  Joiner *joiner;      /* asked with it, or NULL; copied */
  State *joiner_state;
  gint64 started;
  gboolean proposed;
  guint n_barred;      /* members that were barred when it was */
  gboolean stuck;      /* a joiner that it waits for is gone */
  Record *record; /* of the proposal, borrowed */
} Round;

/* A view that this process has closed, kept for those who have not (V7). */
typedef struct
{
  guint64 number; /* of the old view */
  TyetView *view;
  TyValue *value;
  GArray *awaited;  /* of TyId: who has not closed it, as far as known */
  GArray *answered; /* of TyId: who has been sent DECIDED over the present session */
  GArray *given;    /* of TyId: who has been sent what it lacks over the present session */
} Kept;

typedef enum
{
  TY_MEMBERSHIP_IDLE,
  TY_MEMBERSHIP_JOINING,
  TY_MEMBERSHIP_IN,
  TY_MEMBERSHIP_LINGERING, /* left or excluded; answers for the last view (V11) */
  TY_MEMBERSHIP_OVER
} Phase;

struct _TyMembership
{
  const TyMembershipHost *host;
  gpointer host_data;
  TyNodeConfig config;
  gint64 round_us;
  gint64 lease_us;
  TyId self;
  Phase phase;

  /* The view whose successor is to be decided; a joiner's, from PREPARE, is one that it is not in. */
  TyetView *view;
  Member *members;
  gboolean self_loaded;
  gboolean leaving;
  gboolean takeout;

  /* The agreement on its successor. */
  guint64 counter; /* highest of any ballot seen */
  TyBallot promised;
  TyBallot accepted_ballot;
  TyValue *accepted;
  gboolean frozen; /* STATE sent */
  gint64 frozen_at;
  gint64 state_at;     /* when STATE of the newest ballot was sent: what a FLUSH of that ballot echoes */
  TyBallot state_ballot;
  Record *pending;     /* accepting it waits for the cut or for a promise, borrowed */
  GPtrArray *records;  /* of Record */
  TyValue *decided;    /* told by DECIDED; installing waits for the cut */
  TyId decided_by;
  TyValue *hearsay;    /* what a newcomer says of it, and is not believed as yet (V7) */
  TyId hearsay_of;
  guint asked;         /* whom to ask next for what is lacking, in turn; 0: who told of it */
  gboolean need_round; /* something other than what can be seen calls for one */
  gint64 back_off_until;
  gint64 need_at;      /* when NEED goes out next */
  gint64 ahead_at;     /* who is ahead is not asked again before */
  gboolean rekey;      /* new secrets are wanted here: those drawn in this view */
  TyId rekey_keys;
  TyId keys_taken;     /* what the view has brought, until all have closed the one before; null: nothing */
  gint64 keys_at;      /* when secrets that are lacking are asked for again */
  gint64 probe_until;  /* a suspicion of somebody else's is being looked into until then */
  Round *round;
  guint64 rounds;

  gboolean blocked;
  gint64 quorum_since; /* while blocked: since when a quorum is in reach again; 0: it is not */
  gint64 begun_at; /* when the view began */
  gint64 barred_at; /* when a member was last barred in it; 0: none was, or who stays all the same has been said */
  gint64 alive_at; /* when keepalives go out next */
  gint64 lease_sure_until; /* the lease holds so long at least; 0: not known */
  gint64 dial_at;  /* when those without a session are dialed again */
  GPtrArray *joiners; /* of Joiner, in the order of asking */
  GPtrArray *kept;    /* of Kept */
  TyId founding;      /* what stands for the group in view 0 (V13) */

  /* Joining. */
  char *group_name;
  char *ordering;
  char **contacts;
  char **contact_why; /* why each came to nothing so far */
  gboolean *contact_final;
  gboolean denied; /* a contact does not let this process speak to it */
  GArray *met; /* of TyId: who has answered as a contact or a member */
  TyMember me;
  gint64 join_deadline;
  gint64 ask_at;
  gint64 name_taken_at; /* when first told that another has this name; 0: never */
  gint64 unlisted_at;   /* since when the view has members that are not on this process's list; 0: it has none */
  gint64 join_since;
};

/* membership.c */
guint ty_m_rank (const TyMembership *m, const TyId *pid);
gboolean ty_m_is_member (const TyMembership *m);
gint64 ty_m_now (TyMembership *m);
void ty_m_send (TyMembership *m, const TyId *pid, GByteArray *packet);
void ty_m_send_all (TyMembership *m, GByteArray *packet, gboolean self_too);
/* A ballot, in a packet about the current view. Malformed if it is farther ahead than rounds can have led: rounds go
 * above the highest ballot seen, and must never come to the end of numbers. */
void ty_m_read_ballot (const TyMembership *m, TyReader *r, TyBallot *out);
GByteArray *ty_m_packet (const TyMembership *m, TyPacketType type);
GByteArray *ty_m_packet_of (const TyMembership *m, TyPacketType type, guint64 number);
TyReach ty_m_reach (TyMembership *m, const TyId *pid);
void ty_m_drop_instance (TyMembership *m);
void ty_m_set_view (TyMembership *m, TyetView *view);
/* Unsuspected members, and this process, hold a quorum; `reaching`: count only those with a session that stands. */
gboolean ty_m_quorum_in_reach (TyMembership *m);
gboolean ty_ids_contain (const GArray *ids, const TyId *id);
void ty_ids_add (GArray *ids, const TyId *id);
gboolean ty_ids_remove (GArray *ids, const TyId *id);

/* detector.c */
TyDetector *ty_detector_create (const TyNodeConfig *config);
void ty_detector_free (TyDetector *d);
void ty_detector_watch (TyDetector *d, guint peer, gint64 now);
void ty_detector_unwatch (TyDetector *d, guint peer);
void ty_detector_heard (TyDetector *d, guint peer, gint64 now);
void ty_detector_step (TyDetector *d, gint64 now);
gboolean ty_detector_suspect (TyDetector *d, gint64 now, guint *peer);
gint64 ty_detector_deadline (const TyDetector *d);

/* lease.c */
/* `flushed`: this process has said FLUSH to what began the view. */
void ty_lease_begin (TyMembership *m, const Record *decided_by, gboolean flushed);
void ty_lease_tick (TyMembership *m);
gboolean ty_lease_ticks (const TyMembership *m);
gboolean ty_lease_on_alive (TyMembership *m, const TyId *pid, TyReader *r);
gboolean ty_lease_holds (TyMembership *m);
/* Until when it held, or will if nothing comes; when the view began if it never did. */
gint64 ty_lease_held_until (TyMembership *m);
/* When every promise that stands against `value` is over; 0: none does. */
gint64 ty_lease_bars_until (TyMembership *m, const TyValue *value);
void ty_lease_tell (TyMembership *m, const TyId *pid, guint64 number);

/* entry.c */
void ty_entry_tick (TyMembership *m);
/* Joiners that may not enter any more are forgotten. */
void ty_entry_recheck (TyMembership *m);
void ty_entry_ask (TyMembership *m, const TyId *pid);
/* At a joiner: `pid` is in the view that it was told of, by who knew the group's secret; or it asks for no proof. */
gboolean ty_entry_trusts (TyMembership *m, const TyId *pid);
/* At a joiner: it hears and is heard by `pid`, and admits it. */
gboolean ty_entry_reaches (TyMembership *m, const TyId *pid);
/* At a joiner: some of these are not on its list. */
gboolean ty_entry_bars (TyMembership *m, const TyMember *members, guint n);
void ty_entry_reached (TyMembership *m);
gboolean ty_entry_on_join (TyMembership *m, const TyId *pid, TyReader *r, const char *group_name, const char *ordering);
gboolean ty_entry_on_welcome (TyMembership *m, const TyId *pid, TyReader *r);
gboolean ty_entry_on_leave (TyMembership *m, const TyId *pid, TyReader *r);
void ty_entry_say_leaving (TyMembership *m);
void ty_entry_on_view (TyMembership *m);
Joiner *ty_entry_next (TyMembership *m);
Joiner *ty_entry_find (TyMembership *m, const TyId *pid, guint *index);
void ty_entry_dial_failed (TyMembership *m, const char *address, const char *why, TyDialEnd end);
gboolean ty_entry_fail_if_hopeless (TyMembership *m);
void ty_joiner_free (Joiner *joiner);

/* round.c */
gboolean ty_round_is_coordinator (const TyMembership *m);
guint ty_round_coordinator (const TyMembership *m);
void ty_round_tick (TyMembership *m);
gboolean ty_round_on_state (TyMembership *m, const TyId *pid, TyReader *r);
gboolean ty_round_on_nack (TyMembership *m, const TyId *pid, TyReader *r);
gboolean ty_round_on_need (TyMembership *m, const TyId *pid, TyReader *r);
void ty_round_reconsider (TyMembership *m);
void ty_round_reached (TyMembership *m, guint rank);
void ty_round_free (TyMembership *m);
void ty_round_drop_joiner (TyMembership *m);
void ty_round_forget_joiner (TyMembership *m, const TyId *pid);

/* select.c */
typedef struct
{
  gboolean *next;    /* by rank: goes on into the next view */
  gboolean *leaves;  /* by rank: closes the view and is not in the next */
  gboolean *out;     /* by rank: taken out while loading, or barred */
  gboolean bars_followed; /* also those on members that have loaded */
  gboolean joiner;   /* the joiner is let in */
  gboolean dissolved;
  guint64 steps;     /* that the search for mutual reach took */
} Selection;
gboolean ty_select (TyMembership *m, const Round *round, Selection *out);
void ty_selection_clear (Selection *s);
/* `rank` is barred, and a round would leave it out, as far as this process knows. */
gboolean ty_bar_counts (const TyMembership *m, guint rank);
TyValue *ty_select_value (TyMembership *m, const Round *round, const Selection *s);

/* voter.c */
/* Whether this process can take `value` for what follows the view, whoever says so. */
gboolean ty_voter_fits (TyMembership *m, const TyValue *value);
gboolean ty_voter_on_prepare (TyMembership *m, const TyId *pid, guint64 number, TyReader *r);
gboolean ty_voter_on_propose (TyMembership *m, const TyId *pid, TyReader *r);
gboolean ty_voter_on_flush (TyMembership *m, const TyId *pid, TyReader *r);
void ty_voter_progress (TyMembership *m);
void ty_voter_tick (TyMembership *m);
void ty_record_free (Record *record);
void ty_state_free (State *state);
/* The decided value takes effect: for a member of its old view, a joiner in its next, or one left out. */
void ty_voter_install (TyMembership *m, TyValue *value, const Record *record);

/* founders.c */
/* It does not found this group: it `founds` another, or none. */
void ty_founders_elsewhere (TyMembership *m, const TyId *pid, gboolean founds);
/* What to say of that, or NULL. (transfer full) */
char *ty_founders_why (const TyMembership *m, guint rank);
void ty_founders_reach (TyMembership *m, const TyId *pid);
void ty_founders_tick (TyMembership *m);
gboolean ty_founders_on_packet (TyMembership *m, const TyId *pid, TyReader *r);

/* rekey.c */
void ty_rekey_say (TyMembership *m);
/* Whose secrets are next; NULL: nobody wants any. */
const Member *ty_rekey_wanted (const TyMembership *m);
/* `value` brings secrets that this process lacks: they are asked for. */
gboolean ty_rekey_lacks (TyMembership *m, const TyValue *value);
/* Secrets of that name may still come to hold here, or be asked for by somebody. */
gboolean ty_rekey_needs (const TyMembership *m, const TyId *keys);
gboolean ty_rekey_on_packet (TyMembership *m, const TyId *pid, TyPacketType type, guint64 number, TyReader *r);
void ty_rekey_installed (TyMembership *m, const TyValue *value);
void ty_rekey_all_have (TyMembership *m);

/* late.c */
gboolean ty_late_answer (TyMembership *m, const TyId *pid, TyPacketType type, guint64 number, TyReader *r);
gboolean ty_late_on_decided (TyMembership *m, const TyId *pid, TyReader *r);
gboolean ty_late_on_excluded (TyMembership *m, const TyId *pid, TyReader *r);
/* Members that may not stay are told that they are out, and nothing more. */
void ty_late_shut_out (TyMembership *m, const TyetView *old, const TyValue *value);
void ty_late_keep (TyMembership *m, TyetView *old, TyValue *value);
void ty_late_closed (TyMembership *m, const TyId *pid, guint64 number);
/* A former member of the view before this one asks whether that is closed here: it is. */
void ty_late_on_reach (TyMembership *m, const TyId *pid, TyReach reach, gboolean fresh);
void ty_late_tick (TyMembership *m);
void ty_late_recall (TyMembership *m);
gboolean ty_late_awaits (const TyMembership *m);
void ty_late_remind (TyMembership *m);
void ty_late_gone (TyMembership *m, const TyId *pid);
void ty_kept_free (Kept *kept);
