/* examples/lab/explore-steps.c: a crash at every step: a small run, played again and again, with one process crashing
 * after each of its effects in turn; then with two, by sample.
 *
 * Variation n of the run is: for n below the number of all effects of all processes, the crash after that effect; for
 * those above, two crashes that n picks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore.h"


#include <string.h>

/* The run that all are variations of; made once. */
static struct
{
  Scene *scene;
  guint64 effects[EXPLORE_MAX_SITES];
  guint64 n;
} base;

static void
make_base (const ExploreOptions *options)
{
  if (base.scene != NULL)
    return;
  ExploreOptions of_base = *options;
  ExploreOutcome out;
  of_base.every_step = FALSE;
  of_base.small = TRUE;
  of_base.recorded = FALSE;
  base.scene = explore_seed (options->base, &of_base, -1, &out);
  memcpy (base.effects, out.effects, sizeof base.effects);
  for (guint i = 0; i < EXPLORE_MAX_SITES; i++)
    base.n += base.effects[i];
  explore_outcome_clear (&out);
}

guint64
explore_n_steps (const ExploreOptions *options)
{
  make_base (options);
  return base.n;
}

/* Crash `n`, as the first step after all have been started. */
static void
add_crash (Scene *scene, guint64 n)
{
  guint site = 0;
  for (; n >= base.effects[site]; site++)
    n -= base.effects[site];
  SceneStep *step = scene_step_new (DO_CRASH);
  step->when_kind = WHEN_AT;
  step->who = g_new0 (char *, 2);
  step->who[0] = g_strdup_printf ("p%u", site);
  step->unit = UNIT_EFFECTS;
  step->number = (gint64) n;
  g_ptr_array_insert (scene->steps, 1, step);
}

Scene *
explore_step (guint64 number, const ExploreOptions *options, int log, ExploreOutcome *out)
{
  make_base (options);
  Scene *scene = scene_copy (base.scene);
  if (number < base.n)
    add_crash (scene, number);
  else
    {
      TySimRand rand;
      ty_sim_rand_init (&rand, number);
      add_crash (scene, ty_sim_rand_range (&rand, 0, base.n - 1));
      add_crash (scene, ty_sim_rand_range (&rand, 0, base.n - 1));
    }
  if (log >= 0)
    {
      g_autofree char *text = scene_to_string (scene);
      explore_write (log, text);
    }
  g_autoptr (Play) play = play_new (scene, NULL, NULL);
  play_steps (play);
  play_end (play);
  *out = (ExploreOutcome){
    .wrong = explore_wrong (play), .simulated_us = play_now (play), .messages = play->n_messages, .views = play->n_views
  };
  out->processes = play->sites->len;
  out->good = out->wrong == NULL;
  out->faults[FAULT_STEP] = number < base.n ? 1 : 2;
  out->histories = options->recorded ? ty_sim_histories (play->world) : NULL;
  return scene;
}
