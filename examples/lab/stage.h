/* examples/lab/stage.h: simulated processes with a small application each, for scenes, scenarios and storms.
 *
 * The application of a process keeps, for each group, a *state*: the sum of a hash of every message that it has
 * delivered, which is the same at all members at the same view whatever the ordering, goes to joiners, and is what
 * digests are made of. Messages have numbers, unique on the stage.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/simworld.h"

#define STAGE_MAX_GROUPS 2
#define SECONDS(n) ((gint64) ((n) *1000000))

typedef struct _Stage Stage;

/* One process in one group. */
typedef struct
{
  Stage *stage;
  TySimProcess *p;
  TyGroup *group;
  char *name;
  gboolean founded;
  gboolean entered, leaving, left, excluded, failed; /* as told */
  gboolean blocked;
  char *why;      /* of the last of these */
  TyetView *view; /* the last told of */
  guint n_views;
  GPtrArray *views; /* all of them, held */
  guint64 state;
  GArray *delivered; /* guint64: numbers of messages */
  GArray *sent;      /* the same, those that the group took */
  guint64 n_rooms, n_stable;
  guint64 wants_room; /* it was refused a send, and is to be told so many times in all that there is room */
  /* transfers */
  guint n_saves, n_saves_failed, n_loads;
  guint64 saving;    /* the state that is being written */
  gsize to_write;    /* bytes of it that are left */
  guint8 loading[8]; /* the state that comes */
  gsize loaded;
  guint64 load; /* the transfer that has come, and is being taken in; 0: none */
} Part;

typedef struct
{
  Part *parts[STAGE_MAX_GROUPS];
  guint n_parts;
} Actor;

struct _Stage
{
  TySimWorld *world;
  const char *ordering[STAGE_MAX_GROUPS];
  const char *group_name[STAGE_MAX_GROUPS]; /* NULL: "g0" and "g1" */
  GHashTable *weights; /* name of a site -> weight; looked up only; NULL: all have 1. Not the stage's own */
  gboolean with_state;
  gsize state_bytes; /* what a state is filled up to */
  gint64 load_us;    /* how long an application takes to take one in, at most */
  guint64 n_messages;
  gsize largest;     /* of all payloads */
  GPtrArray *actors; /* to be freed */
  GArray *sizes;     /* gsize: payload of each message, by number */
  gint64 traffic_us;
  gsize traffic_len;
  gboolean traffic_set; /* its next turn is on the clock */
  gboolean traffic_same; /* all of it of one service, instead of all in turn */
  TyService traffic_service;
  /* The storm's: what it wants to know at once. May be NULL. */
  void (*on_effect) (Part *part, const TyEffect *effect, gpointer data);
  gpointer data;
  /* A group object has been made, and nothing has been asked of it yet. May be NULL. */
  void (*on_new) (Part *part, gpointer data);
  /* Who draws wants to know when a message was asked for: before it gets its number. May be NULL. */
  void (*on_sent) (Part *part, guint64 message, TyService service, gsize len, gpointer data);
  gpointer on_sent_data;
};

void stage_config_init (TySimWorldConfig *config);
Stage *stage_new (const TySimWorldConfig *config, guint64 seed, const char *ordering);
void stage_free (Stage *stage);
void stage_echo (Stage *stage); /* the trace, on standard error */

/* The site is the name up to its first dot: "a.1" lives where "a" did. */
TySimProcess *stage_spawn (Stage *stage, const char *name);
/* A founder that comes back as itself. */
TySimProcess *stage_spawn_as (Stage *stage, const char *name, const TyId *pid);
/* The newest of that name. */
TySimProcess *stage_find (Stage *stage, const char *name); /* NULL if none ever was */
Part *stage_part (TySimProcess *p, guint g);               /* NULL: it never asked for the group */

Part *stage_found (TySimProcess *p, guint g);
/* By a list of founders, at the sites of their names; `record`: what storage has kept. */
Part *stage_found_with (TySimProcess *p, guint g, char **names, const GByteArray *record);
Part *stage_join (TySimProcess *p, guint g, const char *contacts); /* names, with commas */
gboolean stage_leave (Part *part);
/* The number of the message, or 0 if the group refused it. */
guint64 stage_send (Part *part, TyService service, gsize len);
guint64 stage_try_send (Part *part, TyService service, gsize len, GError **error);
gboolean stage_has (const Part *part, guint64 message);
/* What the group's ordering offers, in turns. */
TyService stage_service (const Part *part, guint64 turn);
/* From now on every member of every group sends a message each `period_us`, of services in turns; 0 stops it. */
void stage_traffic (Stage *stage, gint64 period_us, gsize len);

/* Whether every process named is in one view of group 0 of exactly these, in any order, and told so. */
gboolean stage_together (Stage *stage, guint g, const char *names);

/* What everybody waits for, on standard error. */
void stage_explain (Stage *stage);

/* These fail the test when the time is over. */
void stage_wait_together (Stage *stage, const char *names, gint64 limit_us);
void stage_wait_has (Stage *stage, const char *names, guint64 message, gint64 limit_us);
void stage_wait_flag (Stage *stage, const gboolean *flag, gint64 limit_us);
void stage_wait (Stage *stage, TySimCondition condition, gpointer data, gint64 limit_us);

/* "a,b,c" are founded and joined, one after the other. */
void stage_form (Stage *stage, const char *names);

/* Cuts, both ways, between everyone of one list and everyone of the other. */
void stage_cut (Stage *stage, const char *names, const char *others);
void stage_heal (Stage *stage, const char *names, const char *others);
void stage_heal_all (Stage *stage);

/* The judge's word. Asserts. */
void stage_assert_legal (Stage *stage);    /* so far */
void stage_assert_good_end (Stage *stage); /* ends the world: nothing may be owed */
