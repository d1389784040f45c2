/* examples/lab/explore-simpler.c: ways to make the head of a scene plainer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore.h"

static void
fewer_groups (Scene *scene)
{
  if (scene->n_groups < 2)
    return;
  scene->n_groups = 1;
  for (guint i = scene->steps->len; i > 0; i--)
    if (((SceneStep *) scene->steps->pdata[i - 1])->group > 0)
      g_ptr_array_remove_index (scene->steps, i - 1);
}

static void
second_group_alone (Scene *scene)
{
  if (scene->n_groups < 2)
    return;
  for (guint i = scene->steps->len; i > 0; i--)
    {
      SceneStep *step = scene->steps->pdata[i - 1];
      gboolean of_group
          = step->what == DO_FOUND || step->what == DO_JOIN || step->what == DO_SEND || step->what == DO_LEAVE;
      if (of_group && step->group == 0)
        g_ptr_array_remove_index (scene->steps, i - 1);
      else
        step->group = 0;
    }
  g_free (scene->group[0]);
  g_free (scene->ordering[0]);
  scene->group[0] = g_steal_pointer (&scene->group[1]);
  scene->ordering[0] = g_steal_pointer (&scene->ordering[1]);
  scene->n_groups = 1;
}

static void
no_state (Scene *scene)
{
  scene->with_state = FALSE;
}

static void
small_state (Scene *scene)
{
  scene->state_bytes = sizeof (guint64);
  scene->load_us = 0;
}

static void
no_weights (Scene *scene)
{
  g_hash_table_remove_all (scene->weights);
}

static void
no_returns (Scene *scene)
{
  scene->returns = FALSE;
}

static void
usual_turns (Scene *scene)
{
  TySimWorldConfig usual;
  stage_config_init (&usual);
  scene->config.turn_min_us = usual.turn_min_us;
  scene->config.turn_max_us = usual.turn_max_us;
}

static void
usual_window (Scene *scene)
{
  TySimWorldConfig usual;
  stage_config_init (&usual);
  scene->config.node.window_bytes = usual.node.window_bytes;
  scene->config.node.refusal_is_death = usual.node.refusal_is_death;
}

static void
usual_timers (Scene *scene)
{
  TySimWorldConfig usual;
  stage_config_init (&usual);
  scene->config.node.suspect_after_us = usual.node.suspect_after_us;
  scene->config.node.heartbeat_us = usual.node.heartbeat_us;
}

static void
usual_lease (Scene *scene)
{
  scene->config.node.lease_us = 0;
  scene->config.node.max_message_bytes = 4 * 1024 * 1024;
}

static void
not_sealed (Scene *scene)
{
  scene->config.sealed = FALSE;
}

static void
even_delays (Scene *scene)
{
  scene->config.net.delay_min_us = scene->config.net.delay_max_us = 1000;
}

static void
no_splits (Scene *scene)
{
  scene->config.net.split_one_in = 0;
}

static void
seed_one (Scene *scene)
{
  scene->seed = 1;
}

/* "steps where possible" stays: without the bug, other steps may be possible. */
const SceneChange explore_simpler[] = {
  fewer_groups, second_group_alone, no_state,   small_state, no_weights, no_returns,   usual_turns, usual_window,
  usual_timers, usual_lease,        not_sealed, even_delays, no_splits,  seed_one,    NULL,
};
