/* examples/lab/scene-play.h: plays a scene in the simulator.
 *
 * A play is deterministic: the same scene gives the same run, event for event.  Steps happen when everything that is
 * due before and at their time has happened; so a step that is added to a scene while it plays happens at the same
 * place when the scene is played again.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "oracle.h"
#include "scene.h"

typedef struct _Play Play;

/* A site, and who lives there. */
typedef struct
{
  char *name;
  TySimProcess *newest;
  guint incarnation;
  gboolean outside; /* left out by "calm" */
  /* As a founder (V13), in each group: */
  char **founders[STAGE_MAX_GROUPS];    /* the list; borrowed; NULL: it is none */
  GByteArray *record[STAGE_MAX_GROUPS]; /* its storage */
  gboolean promised[STAGE_MAX_GROUPS];  /* there was something in it once */
} PlaySite;

typedef struct
{
  const SceneStep *step;
  gboolean holds;
  char *why; /* what was wrong; may be NULL */
} PlayResult;

/* What happens, as it happens: `p` is who ("" for a step of the scene), `what` a word ("view", "deliver", "send",
 * "step", ...), `text` the rest of the sentence. */
typedef void (*PlayTold) (gint64 us, const char *p, const char *what, const char *text, gpointer data);

struct _Play
{
  const Scene *scene;
  Stage *stage;
  TySimWorld *world;
  TySimNet *net;
  gint64 origin;       /* of the times in the scene */
  GPtrArray *sites;    /* PlaySite */
  GPtrArray *armed;    /* Armed: "when" */
  GPtrArray *labels;   /* of messages, by number - 1 */
  GHashTable *refused; /* names of messages */
  GPtrArray *notes;    /* to be freed */
  GHashTable *packets; /* process -> guint[64]: how many packets of a type it sent; NULL: nobody asks */
  GArray *results;     /* PlayResult */
  Oracle *oracles[STAGE_MAX_GROUPS];
  GArray *seats; /* OracleSeat: for the moment */
  guint64 n_steps;
  GHashTable *states[STAGE_MAX_GROUPS]; /* view -> the state with which somebody began it */
  guint returning;
  gboolean calm;
  gboolean dirty; /* something has changed that a condition may look at */
  guint64 n_views, n_messages;
  PlayTold told;
  gpointer told_data;
  /* A step that does something is about to be done, and (`done`) was, as far as it could be. May be NULL. */
  void (*acts) (Play *play, const SceneStep *step, gboolean done, gpointer data);
  /* A group does not take a message that a step sends. May be NULL; gets `acts_data`, too. */
  void (*refuses) (Play *play, const Part *part, const char *message, const char *why, gpointer data);
  gpointer acts_data;
  GString *trouble; /* why the last step could not be done */
  /* At the end: */
  gboolean settled;
  TyJudgeReport *report;
};

/* The groups are formed by the scene's processes; the clock stands at the beginning. `told` may be NULL. */
Play *play_new (const Scene *scene, PlayTold told, gpointer told_data);
void play_free (Play *play);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Play, play_free)

/* Microseconds since the beginning. */
gint64 play_now (const Play *play);
void play_run_to (Play *play, gint64 us);
/* All its steps. */
void play_steps (Play *play);
/* One step, now. FALSE if it could not be done; `play->trouble` says why. */
gboolean play_do (Play *play, const SceneStep *step);
/* A step that waits for its condition. It stays the caller's. */
void play_arm (Play *play, const SceneStep *step);
/* Ends the world and has it judged; unless the end is open, it is given time to settle before. */
void play_end (Play *play);
/* Every expectation holds, every step could be done (if that matters), and the judge says legal. */
gboolean play_is_good (const Play *play);

/* ---- Between the files of the player ---- */

/* scene-tell.c */
void play_tell_effect (Play *play, const Part *part, const TyEffect *e);
void play_tell_view (Play *play, const Part *part, const TyetView *view);
void play_tell (Play *play, const char *p, const char *what, const char *format, ...) G_GNUC_PRINTF (4, 5);
PlaySite *play_site (const Play *play, const char *name); /* NULL */
/* Who lives at a site, or the very process of that name. NULL: there is none. */
TySimProcess *play_find (const Play *play, const char *name);
PlaySite *play_spawn (Play *play, const char *name);
void play_restart (Play *play, PlaySite *site);
/* By a list of founders. */
void play_found_with (Play *play, TySimProcess *p, guint g, char **founders);
/* Asks to be let into a group by everyone else. FALSE: it did before. */
gboolean play_join (Play *play, TySimProcess *p, guint g, char **contacts);
const char *play_label (const Play *play, guint64 message); /* NULL: it is one of the traffic */
guint64 play_message (const Play *play, const char *label); /* 0: not taken by any group */
void play_result (Play *play, const SceneStep *step, gboolean holds, const char *why);

/* scene-do.c: everything that does not wait. */
gboolean play_act (Play *play, const SceneStep *step);

/* scene-cond.c */
gboolean play_holds (Play *play, const SceneCond *cond);
/* COND_SENT: how many there were since the beginning; 0 for others. */
guint play_count_packets (const Play *play, const SceneCond *cond);

/* scene-noise.c */
void play_noise (Play *play, const TySimProcess *p, gsize len);

/* scene-watch.c: what the oracles say. */
void play_watch (Play *play);
/* A process is told of a view. */
void play_watch_view (Play *play, const Part *part);
/* A whole group at rest: nothing is kept any more, nobody waits. */
void play_watch_rest (Play *play, guint g);
gboolean play_is_at_rest (const Play *play, guint g);
/* At the end of a play: all here are honest. */
void play_watch_end (Play *play);
/* The rule that is broken, and how; NULL: none. */
const char *play_broken_rule (const Play *play, const char **what);

/* scene-live.c */
gboolean play_takes_part (const Part *part);
/* What a process inside has of the group that it takes part in, once it is in; or NULL. NULL as well if the group was
 * founded, or went on, without it, and nobody who lives and knows it knows that: nothing can be demanded of it. */
Part *play_member_at (const Play *play, guint g, const PlaySite *site);
/* Whether those who live, inside, could go on if they reached each other, whatever view anyone is in; `but` is taken
 * for dead. */
gboolean play_has_quorum (const Play *play, guint g, const TySimProcess *but);
gboolean play_is_settled (Play *play);
/* `within_us` -1: 90 s. NULL, or what did not come about. */
const char *play_live (Play *play, gint64 within_us);
/* Whom "calm" names are healed, the others cut off. NULL: all. */
void play_calm (Play *play, char **names);
