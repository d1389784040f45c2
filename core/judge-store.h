/* core/judge-store.h: what the judge keeps of the histories, and how its parts divide the work.
 *
 *             one process alone      the views as a whole         each view by itself
 *   lines ─►  judge-collect.c    ─►  judge-chain.c (P5-P8)    ─►  judge-view.c (P13-P18, P20-P23; 1.1, 1.3, 5)
 *             judge-conf.c           judge-configs.c (2.4, H)     judge-order.c (P19, P20; 6.1, 6.2)
 *                                    judge-once.c (1.4)           judge-stage.c (2.1, 3, 7), judge-sets.c (4)
 *                                                                 judge-gaps.c (6.3)
 *
 * A view can be judged by itself because no message crosses views: what P14 lets through happens between the conf that
 * begins a view and the one that ends it, at every process.  The unit of everything is therefore the *stay*: one
 * process's time in one view.
 *
 * Under the extended model the same holds for a regular view with the transitional ones that follow it: messages are
 * sent in the regular view only, and delivered there or in one of those.  So the stay in the regular view holds the
 * events of both, and knows where the transitional view began.
 *
 * All references are small integers from 1 on, 0 is none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/history-reader.h"
#include "core/judge-names.h"
#include "core/judge.h"

typedef struct
{
  gboolean ended;
  guint32 mark; /* == the judge's: in the set at hand */
  guint32 at;   /* if marked, where that set has something by member: its stay */
} TyJudgeProcess;

/* One process in one group. */
typedef struct
{
  guint32 process, group;
  guint32 stay; /* the one that it is in, 0 before its first view */
  guint32 first;
  guint32 source; /* which file its last event is in */
  gboolean failed;
} TyTrack;

#define TY_VIEW_FIRST G_MAXUINT32 /* as `prev`: there is none before */

typedef struct
{
  guint32 group;
  guint32 *members; /* processes, in rank order; NULL: nobody was told of it, it is known by name only */
  guint32 n_members;
  gboolean transitional, primary;
  guint32 base;  /* of a transitional view: the regular one before it */
  guint32 prev;  /* as the histories say: a view, TY_VIEW_FIRST, or 0: not said */
  guint32 after; /* the view before it in the chain, as far as that is known */
  guint32 next;  /* the view after it */
  guint32 digest;
  guint32 digest_of; /* whose */
  GArray *stays;     /* guint32 */
} TyJudgeView;

typedef struct
{
  guint32 track, view;
  guint32 slot;   /* its index in view->stays */
  guint32 next;   /* stay */
  guint32 wake;   /* the next stay that waits for the same message */
  guint32 base;   /* in a transitional view: the stay in the regular one before it, which has the next three */
  GArray *events; /* guint32: message * 2, + 1 if delivered, + 0 if sent; message 0: nothing */
  GArray *sent;   /* guint32: messages by number - 1 */
  guint32 split;  /* events from this one on are of the transitional view */
  guint32 n_delivered;
  gboolean failed, blocked;
  gboolean left; /* failed, by leaving */
} TyStay;

typedef struct
{
  guint32 stay;         /* of its sender, 0: never sent */
  guint32 number;       /* in its sender's stay, from 1 */
  guint32 deps, n_deps; /* what it adds to its sender's dependences, in the work of the view */
  guint32 seen;         /* the last stay that was found to deliver it */
  guint32 waiting;      /* the first stay that waits for it to be sent */
  guint32 owing;        /* how many of those who owe the same set have delivered it */
  guint32 node;         /* in the total order */
  guint32 tag;          /* == the judge's: in the set at hand */
  guint8 service;
  guint8 happened : 1; /* its send has been replayed */
  guint8 self : 1;     /* its sender has delivered it */
  guint8 delivered : 1;
  guint8 regular : 1; /* in the view that it was sent in, not in a transitional one after it */
} TyJudgeMessage;

struct _TyJudge
{
  TyJudgeOptions options;
  TyHistoryReader reader;

  /* The texts, and beside each table what belongs to it, by the same index. */
  TyNames processes, groups, views, messages, digests;
  GArray *process;    /* TyJudgeProcess */
  GArray *view;       /* TyJudgeView */
  GArray *message;    /* TyJudgeMessage */
  GArray *track;      /* TyTrack */
  GArray *stay;       /* TyStay */
  GHashTable *tracks; /* (process, group) -> track */
  GString *key;
  GArray *members; /* guint32: scratch */

  guint32 mark;    /* the newest set of processes, or of messages */
  guint32 sources; /* files read */

  guint32 last_track;
  guint64 events, deliveries, blocks, failures;

  guint64 n_violations;
  guint64 by_rule[TY_N_RULES];
  GPtrArray *violations;
};

#define TY_PROCESS(j, i) (&g_array_index ((j)->process, TyJudgeProcess, (i)))
#define TY_VIEW(j, i) (&g_array_index ((j)->view, TyJudgeView, (i)))
#define TY_MESSAGE(j, i) (&g_array_index ((j)->message, TyJudgeMessage, (i)))
#define TY_TRACK(j, i) (&g_array_index ((j)->track, TyTrack, (i)))
#define TY_STAY(j, i) (&g_array_index ((j)->stay, TyStay, (i)))

static inline guint32
ty_stay_process (TyJudge *j, guint32 stay)
{
  return TY_TRACK (j, TY_STAY (j, stay)->track)->process;
}

static inline const char *
ty_judge_process_text (TyJudge *j, guint32 process)
{
  return ty_names_text (&j->processes, process);
}

static inline const char *
ty_judge_message_text (TyJudge *j, guint32 message)
{
  return ty_names_text (&j->messages, message);
}

/* Views are named by group and label together: the label begins behind the group's number. */
#define TY_VIEW_KEY_BYTES 4
static inline const char *
ty_judge_view_text (TyJudge *j, guint32 view)
{
  return ty_names_text (&j->views, view) + TY_VIEW_KEY_BYTES;
}

/* Whom and what a violation concerns; zeros are left out. */
typedef struct
{
  guint32 group;
  guint32 processes[3];
  guint32 messages[3];
  guint32 views[3];
} TyConcerned;

void ty_judge_violation (TyJudge *j, TyJudgeRule rule, TyConcerned who, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* The rule for the same mistake in either model. */
static inline TyJudgeRule
ty_judge_rule (const TyJudge *j, TyJudgeRule primary, TyJudgeRule extended)
{
  return j->options.model == TY_JUDGE_EXTENDED ? extended : primary;
}

/* judge-collect.c */
void ty_judge_collect (const TyRecord *record, gpointer judge);
guint32 ty_judge_add_process (TyJudge *j, const TyText *name);

/* judge-conf.c: what a `conf` says. */
void ty_judge_conf (TyJudge *j, guint32 track, const TyRecord *r);

/* The stay that holds the events of a stay. */
static inline guint32
ty_judge_stage (TyJudge *j, guint32 stay)
{
  const TyStay *s = TY_STAY (j, stay);
  return s->base != 0 ? s->base : stay;
}

/* judge-chain.c */
void ty_judge_chain (TyJudge *j);

/* judge-configs.c: the same of the extended model. */
void ty_judge_configs (TyJudge *j);

/* judge-once.c: 1.4 for deliveries, before the views. */
void ty_judge_once (TyJudge *j);

/* judge-view.c */
void ty_judge_views (TyJudge *j);

/* judge-stage.c: what is owed in a view and the transitional ones behind it (2.1, 3, 4, 7), after the replay, which has
 * counted in `owing` how many of those who owe have delivered each message. */
gboolean ty_stage_owes (TyJudge *j, const TyStay *regular);
/* It is in that view for good. */
gboolean ty_stay_for_good (TyJudge *j, const TyStay *s);
/* Whether a stay in a regular view has delivered a message of that view, at one of these events. */
gboolean ty_stay_delivers (TyJudge *j, const TyStay *s, guint32 message, guint from, guint to);
TyConcerned ty_judge_pair (TyJudge *j, const TyStay *a, const TyStay *b, guint32 message, guint32 view);
void ty_judge_stage_debts (TyJudge *j, guint32 view);
/* judge-sets.c: 4 in one view. */
void ty_judge_sets (TyJudge *j, guint32 view);
/* 2.1, of all views. */
void ty_judge_stays (TyJudge *j);

/* Whether a stay has all that its view owes it (P21-P23): its process went on, or ended there in good order. */
gboolean ty_stay_owes (TyJudge *j, const TyStay *stay);
/* Whether it counts as one that the view did not lose: as above, or, with an open end, was there when the run was cut
 * off. */
gboolean ty_stay_survived (TyJudge *j, const TyStay *stay);

/* The message at hand was sent in this view: a delivery of it counts here. */
static inline gboolean
ty_judge_belongs (TyJudge *j, const TyJudgeMessage *m, guint32 view)
{
  return m->stay != 0 && TY_STAY (j, m->stay)->view == view;
}

/* The next agreed or safe delivery of a stay in the view from event *i on: its message, or 0. */
guint32 ty_judge_next_ordered (TyJudge *j, guint32 view, const TyStay *s, guint *i);

/* judge-order.c: the total order in one view, after the replay. */
void ty_judge_order (TyJudge *j, guint32 view);

/* Who said that one message comes right before another. */
typedef struct
{
  guint32 from, to; /* nodes */
  guint32 slot;
} TyOrderEdge;

/* judge-gaps.c: 6.3, where the order has no circle. `nodes` has the message of each node. */
void ty_judge_gaps (TyJudge *j, guint32 view, const GArray *nodes, const GArray *edges);
