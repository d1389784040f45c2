/* examples/lab/explore.h: what the files of `tyet explore` share.
 *
 * A seed is a scene: it is made while it is played, because what befalls whom depends on who lives, and is then a
 * scene like any other, which can be played again, shrunk, and read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scene-play.h"

typedef enum
{
  FAULT_CRASH,
  FAULT_UNPLUG,
  FAULT_STEP,  /* crash in the middle of a step */
  FAULT_FLUSH, /* crash in the middle of writing out */
  FAULT_RESTART,
  FAULT_JOIN,  /* a herd of processes comes, again or for the first time */
  FAULT_LEAVE, /* one, or a herd */
  FAULT_STOP,
  FAULT_CONTINUE,
  FAULT_CUT,
  FAULT_ONE_WAY,
  FAULT_STAR, /* one from all others */
  FAULT_PARTITION,
  FAULT_FLAP,
  FAULT_HEAL,
  FAULT_BREAK,
  FAULT_DELAY,
  FAULT_SLOW,
  FAULT_CHOKE,
  FAULT_CLOCK,
  FAULT_NOISE,
  FAULT_TRANSFER, /* crash of who gives or takes a state */
  FAULT_BLINK,    /* one is cut off for about as long as silence is borne */
  FAULT_DEAF,     /* one hears nobody, and goes on talking; or is heard by nobody */
  FAULT_ALONE,    /* all but one leave, and that one is cut off */
  FAULT_LAG,      /* one hears late of a round, while the others go on and talk */
  FAULT_LOSE,     /* a session, with what is under way */
  FAULT_HOLD,     /* packets of some types take long from one to another */
  FAULT_LINGER,   /* so do those of a round, here and there */
  FAULT_RIVALS,   /* two rounds that do not know of each other */
  FAULT_WHISPER,  /* one is heard by the oldest alone, by the others once a round is on, and not for long */
  FAULT_DOOM,     /* one speaks to the oldest alone, somebody comes, and both crash */
  FAULT_FLOOD,    /* somebody comes whom one does not learn of, and who says more meanwhile than is kept */
  FAULT_STRAY,    /* who leaves lacks what a dead one has said, and loses it on the way */
  N_FAULTS
} Fault;

#define EXPLORE_FAULT(fault) (G_GUINT64_CONSTANT (1) << (fault))
#define EXPLORE_ALL_FAULTS (EXPLORE_FAULT (N_FAULTS) - 1)

extern const char *const fault_names[N_FAULTS];

#define EXPLORE_MAX_SITES 32

/* How much faster or slower a clock may run, so that any two run alike within a sixteenth (V14). */
#define EXPLORE_MAX_PPM 30000

typedef struct
{
  guint processes;      /* 0: the seed picks */
  const char *ordering; /* NULL: the seed picks */
  guint64 faults;       /* a bit each */
  gboolean sealed;      /* all connections are; else the seed says */
  gboolean small;       /* a short run of few processes and messages, with one or two faults */
  gboolean every_step;  /* a "seed" is a variation of the run of `base`: see explore-steps.c */
  guint64 base;
  guint tries;          /* candidates that are played in shrinking, at most; 0: no limit */
  guint hang_s;         /* a run that takes more of the processor's time hangs */
  gboolean recorded;    /* the outcome has the histories of all processes */
} ExploreOptions;

typedef struct
{
  gboolean good;
  char *wrong;     /* what is wrong: a rule's number and name, or what did not come about */
  char *histories; /* if they were asked for */
  gint64 simulated_us;
  guint64 messages, views, processes;
  guint64 faults[N_FAULTS];
  guint64 effects[EXPLORE_MAX_SITES]; /* that the first process of each site carried out before the calm */
} ExploreOutcome;

/* ---- A seed (explore-seed.c) ---- */

typedef struct
{
  guint64 seed;
  const ExploreOptions *options;
  TySimRand rand;
  Scene *scene;
  Play *play;
  guint n_sites;
  guint n_founders; /* 0: the first founds the groups alone */
  gboolean lingers; /* as `rounds`, and packets linger */
  gboolean narrow;  /* windows are small, for the faults of explore-narrow.c */
  gboolean rounds;  /* few processes and messages, and one round after another */
  gboolean drifts;  /* clocks run unalike from the start */
  guint n_messages;
  gint64 end_us;
  GArray *plan; /* Plan, the next at the end */
  guint64 planned;
  guint64 faults[N_FAULTS];
  guint64 effects[EXPLORE_MAX_SITES];
  int log; /* file descriptor: each line of the scene is written there before it is played; -1: none */
} Seed;

guint64 pick (Seed *seed, guint64 low, guint64 high);
gboolean chance (Seed *seed, guint64 one_in);
/* Plays a step, now, and adds it to the scene. FALSE: it could not be done, and is not in the scene. */
gboolean seed_do (Seed *seed, SceneStep *step);
/* The same, once somebody has sent another packet of that type. */
void seed_when_sent (Seed *seed, guint site, const char *packet, SceneStep *step);
/* The same, at `us`. */
void seed_plan (Seed *seed, gint64 us, SceneStep *step);
/* "VERB site" and "VERB site ... other". */
SceneStep *seed_step (Seed *seed, SceneDo what, guint site);
SceneStep *seed_step2 (Seed *seed, SceneDo what, guint site, guint other);
/* Its name alone. */
char **seed_step_name (guint site);
PlaySite *seed_site (Seed *seed, guint site);

/* Plays it, or the variation. `out` is filled in; `log` as above. (transfer full) */
Scene *explore_seed (guint64 seed, const ExploreOptions *options, int log, ExploreOutcome *out);
/* What is wrong with a play that has ended; NULL: nothing. */
char *explore_wrong (const Play *play);
void explore_outcome_clear (ExploreOutcome *outcome);

/* ---- Every step (explore-steps.c) ---- */

/* How many variations have one crash: the first ones. */
guint64 explore_n_steps (const ExploreOptions *options);
Scene *explore_step (guint64 number, const ExploreOptions *options, int log, ExploreOutcome *out);
/* Writes all of a text. */
void explore_write (int fd, const char *text);

/* ---- Faults (explore-faults.c) ---- */

/* Something befalls somebody. */
void explore_fault (Seed *seed);
/* Packets of rounds take long for a while, some types from some to some. */
gboolean explore_linger (Seed *seed);
/* Of `n` founders one votes with each of two halves that do not hear of each other, and crashes in between. */
void explore_two_halves (Seed *seed, guint n);
/* Decides whether this seed is one for narrow schedules (explore-narrow.c), and makes its head so. */
void explore_narrow_head (Seed *seed);
/* Of the faults that may befall, those that cause one round after another. */
#define EXPLORE_ROUNDS                                                                                                 \
  (EXPLORE_FAULT (FAULT_STEP) | EXPLORE_FAULT (FAULT_RESTART) | EXPLORE_FAULT (FAULT_STAR)                             \
   | EXPLORE_FAULT (FAULT_ONE_WAY) | EXPLORE_FAULT (FAULT_HEAL) | EXPLORE_FAULT (FAULT_BREAK)                          \
   | EXPLORE_FAULT (FAULT_BLINK) | EXPLORE_FAULT (FAULT_DEAF) | EXPLORE_FAULT (FAULT_ALONE)                            \
   | EXPLORE_FAULT (FAULT_DOOM) | EXPLORE_FAULT (FAULT_LEAVE) | EXPLORE_FAULT (FAULT_LOSE)                             \
   | EXPLORE_FAULT (FAULT_HOLD) | EXPLORE_FAULT (FAULT_RIVALS) | EXPLORE_FAULT (FAULT_WHISPER))

/* ---- Shrinking (explore-shrink.c) ---- */

/* The scene of a seed that fails, made as small as it gets in `seconds`; NULL if it does not fail. `wrong` is set to
 * how it fails. Works in processes of its own, so that a broken invariant, or an endless loop, is one more way to
 * fail. */
Scene *explore_shrink (guint64 seed, const ExploreOptions *options, gint64 seconds, char **wrong);

/* explore-simpler.c: changes to try; NULL-terminated. */
typedef void (*SceneChange) (Scene *scene);
extern const SceneChange explore_simpler[];
