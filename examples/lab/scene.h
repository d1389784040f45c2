/* examples/lab/scene.h: a scene: what happens to a few simulated processes, and what is expected of them.
 *
 * A scene is a text, one step a line (doc/scenes.md).  Here it is as data: read by scene-read.c, written by
 * scene-write.c, so that what was made or found by a machine can be read aloud too.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "examples/lab/stage.h"

typedef enum
{
  DO_START,
  DO_FOUND,
  DO_JOIN,
  DO_SEND,
  DO_CRASH,  /* `number`: 0 at once, else counted with `unit` */
  DO_UNPLUG, /* its machine is gone without a word */
  DO_RESTART,
  DO_LEAVE,
  DO_STOP,
  DO_CONTINUE,
  DO_CUT,
  DO_CUT_TOWARDS, /* one way */
  DO_HEAL,
  DO_HEAL_TOWARDS,
  DO_HEAL_ALL,
  DO_BREAK,
  DO_LOSE, /* a session */
  DO_HOLD, /* packets, for `us`; `number` has the bits of their types */
  DO_DELAY,
  DO_SLOW,
  DO_CHOKE, /* reads so many bytes a turn */
  DO_CLOCK,
  DO_NOISE, /* a stranger sends it random bytes */
  DO_TRAFFIC,
  DO_CALM,
  DO_WAIT, /* `cond`, or `us` */
  DO_SETTLE,
  DO_EXPECT,
  N_DO
} SceneDo;

typedef enum
{
  UNIT_NONE,
  UNIT_EFFECTS,
  UNIT_WRITES
} SceneUnit;

typedef enum
{
  COND_HAS,
  COND_LACKS,
  COND_IN_VIEW,
  COND_WAS_IN_VIEW,
  COND_IS,     /* `flag` */
  COND_BEFORE, /* the first of `names` before the second, at all of `who` */
  COND_SAME_ORDER,
  COND_REFUSED, /* messages */
  COND_SENT,    /* the packet names[0], `number` times */
  COND_LEGAL,
  COND_SETTLED,
  COND_LIVE
} SceneCondKind;

typedef enum
{
  FLAG_BLOCKED,
  FLAG_EXCLUDED,
  FLAG_OUT, /* has left */
  FLAG_DEAD,
  FLAG_STOPPED,
  FLAG_IN, /* has entered, and is not blocked, out or excluded */
  FLAG_TURNED_AWAY,
  N_FLAGS
} SceneFlag;

extern const char *const scene_flags[N_FLAGS];

typedef struct
{
  SceneCondKind kind;
  gboolean negated; /* COND_IS */
  SceneFlag flag;
  gboolean all; /* instead of `who` */
  char **who;
  char **names; /* messages, members, or a packet */
  guint number;
  guint group;
} SceneCond;

typedef enum
{
  WHEN_THEN, /* right after the step before */
  WHEN_AT,   /* `when_us` after the beginning */
  WHEN_LATER,
  WHEN_COND /* as soon as `when` holds; what follows in the text does not wait for it */
} SceneWhen;

typedef struct
{
  SceneWhen when_kind;
  gint64 when_us;
  SceneCond *when;

  SceneDo what;
  char **who;
  char **others; /* the other side, contacts, or messages */
  guint group;
  gboolean has_service;
  TyService service;
  SceneUnit unit;
  gint64 number; /* bytes, parts in a million, how many */
  gint64 us;
  SceneCond *cond;
  gint64 within_us; /* -1: not said */

  guint line, column;
  gboolean useless; /* set in play: it could not be done */
} SceneStep;

/* A heartbeat is at most suspect-after divided by this, whether it is given or not. */
#define SCENE_HEARTBEATS 3
/* Who plays more waits for hours. */
#define SCENE_MAX_PROCESSES 100

typedef struct
{
  char *title; /* the file's name */
  char *ordering[STAGE_MAX_GROUPS];
  char *group[STAGE_MAX_GROUPS];
  guint n_groups;
  char **processes; /* who form the groups before the beginning; may be empty */
  TySimWorldConfig config;
  guint64 seed;
  gboolean with_state;
  gsize state_bytes;
  gint64 load_us; /* how long a state takes to be taken in, at most */
  GHashTable *weights; /* name -> weight; looked up only */
  gboolean returns;    /* whom a group went on without comes back, after return_min_us to return_max_us */
  gint64 return_min_us, return_max_us;
  gboolean where_possible; /* steps that cannot be done are left out */
  gboolean open_end;
  GPtrArray *steps; /* SceneStep */
} Scene;

Scene *scene_new (void);
void scene_free (Scene *scene);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scene, scene_free)
Scene *scene_copy (const Scene *scene);

SceneStep *scene_step_new (SceneDo what);
void scene_step_free (SceneStep *step);
SceneStep *scene_step_copy (const SceneStep *step);
SceneCond *scene_cond_new (SceneCondKind kind);
void scene_cond_free (SceneCond *cond);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SceneStep, scene_step_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SceneCond, scene_cond_free)

/* NULL, and in `error` (G_FILE_ERROR or SCENE_ERROR) the place and the reason. `name`: the file, as given. */
#define SCENE_ERROR (scene_error_quark ())
GQuark scene_error_quark (void);
Scene *scene_read (const char *name, const char *text, GError **error);
Scene *scene_read_file (const char *path, GError **error);

/* What scene_read () reads as the same scene. */
char *scene_to_string (const Scene *scene);
char *scene_step_to_string (const SceneStep *step, const Scene *scene, gboolean with_when);
char *scene_cond_to_string (const SceneCond *cond, const Scene *scene);
/* "20ms" */
char *scene_time_to_string (gint64 us);
