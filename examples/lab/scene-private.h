/* examples/lab/scene-private.h: what the files that read a scene share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "scene.h"

typedef struct
{
  char *text;
  guint column;
} SceneWord;

/* A word of the head that may turn out to be wrong when all is read. */
typedef struct
{
  char *text;
  guint line, column;
} SceneLater;

/* Reading a line, word by word. */
typedef struct
{
  const char *name; /* of the file: its path, as given */
  Scene *scene;
  GHashTable *known_processes; /* names of sites; looked up only */
  GHashTable *known_messages;
  GHashTable *said;     /* lines of the head, by what they begin with -> their numbers; looked up only */
  GArray *weights;      /* SceneLater: whose */
  SceneLater heartbeat; /* line 0: none is given */
  guint line;
  GArray *words; /* SceneWord */
  guint at;
  gint64 last_at_us;
  gboolean begun; /* the head is over */
  GError **error;
} SceneReader;

/* Says what is wrong with the word at `index` (or with the end of the line); always FALSE. */
gboolean scene_wrong (SceneReader *r, guint index, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* The same of any place. */
gboolean scene_wrong_at (SceneReader *r, guint line, guint column, const char *text);
/* The next word, or NULL at the end of the line. */
const char *scene_peek (SceneReader *r);
/* Takes the next word if it is this one. */
gboolean scene_take (SceneReader *r, const char *word);
gboolean scene_want (SceneReader *r, const char *word);
gboolean scene_want_end (SceneReader *r);
gboolean scene_want_time (SceneReader *r, gint64 *out_us);
gboolean scene_want_number (SceneReader *r, gint64 low, gint64 high, gint64 *out);
/* "N bytes" */
gboolean scene_want_bytes (SceneReader *r, gint64 *out);
/* One or more new names. */
gboolean scene_want_new_names (SceneReader *r, char ***out);
/* One or more processes that were spoken of before. */
gboolean scene_want_names (SceneReader *r, char ***out);
/* The same, or "all": NULL. */
gboolean scene_want_all_or_names (SceneReader *r, char ***out);
gboolean scene_want_messages (SceneReader *r, gboolean new_ones, char ***out);
/* " in GROUP", if it is there. */
gboolean scene_want_group (SceneReader *r, guint *out);

/* scene-read-cond.c */
gboolean scene_want_cond (SceneReader *r, SceneCond *out);
/* scene-read-step.c: all that follows when it happens. */
gboolean scene_want_step (SceneReader *r, SceneStep *out);
