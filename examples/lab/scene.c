/* examples/lab/scene.c: scenes as data: see scene.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene.h"

const char *const scene_flags[N_FLAGS] = {
  [FLAG_BLOCKED] = "blocked",     [FLAG_EXCLUDED] = "excluded", [FLAG_OUT] = "out",
  [FLAG_DEAD] = "dead",           [FLAG_STOPPED] = "stopped",   [FLAG_IN] = "in",
  [FLAG_TURNED_AWAY] = "refused",
};

GQuark
scene_error_quark (void)
{
  return g_quark_from_static_string ("scene-error-quark");
}

Scene *
scene_new (void)
{
  Scene *scene = g_new0 (Scene, 1);
  stage_config_init (&scene->config);
  scene->seed = 1;
  scene->state_bytes = sizeof (guint64);
  scene->weights = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  scene->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) scene_step_free);
  return scene;
}

void
scene_free (Scene *scene)
{
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    {
      g_free (scene->ordering[g]);
      g_free (scene->group[g]);
    }
  g_strfreev (scene->processes);
  g_hash_table_unref (scene->weights);
  g_ptr_array_unref (scene->steps);
  g_free (scene->title);
  g_free (scene);
}

static void
copy_weight (gpointer name, gpointer weight, gpointer data)
{
  g_hash_table_insert (data, g_strdup (name), weight);
}

Scene *
scene_copy (const Scene *scene)
{
  Scene *copy = g_new (Scene, 1);
  *copy = *scene;
  copy->title = g_strdup (scene->title);
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    {
      copy->ordering[g] = g_strdup (scene->ordering[g]);
      copy->group[g] = g_strdup (scene->group[g]);
    }
  copy->processes = g_strdupv (scene->processes);
  copy->weights = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_foreach (scene->weights, copy_weight, copy->weights);
  copy->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) scene_step_free);
  for (guint i = 0; i < scene->steps->len; i++)
    g_ptr_array_add (copy->steps, scene_step_copy (scene->steps->pdata[i]));
  return copy;
}

SceneStep *
scene_step_new (SceneDo what)
{
  SceneStep *step = g_new0 (SceneStep, 1);
  step->what = what;
  step->within_us = -1;
  return step;
}

void
scene_step_free (SceneStep *step)
{
  g_clear_pointer (&step->when, scene_cond_free);
  g_clear_pointer (&step->cond, scene_cond_free);
  g_strfreev (step->who);
  g_strfreev (step->others);
  g_free (step);
}

SceneCond *
scene_cond_new (SceneCondKind kind)
{
  SceneCond *cond = g_new0 (SceneCond, 1);
  cond->kind = kind;
  return cond;
}

void
scene_cond_free (SceneCond *cond)
{
  g_strfreev (cond->who);
  g_strfreev (cond->names);
  g_free (cond);
}

static SceneCond *
cond_copy (const SceneCond *cond)
{
  if (cond == NULL)
    return NULL;
  SceneCond *copy = g_new (SceneCond, 1);
  *copy = *cond;
  copy->who = g_strdupv (cond->who);
  copy->names = g_strdupv (cond->names);
  return copy;
}

SceneStep *
scene_step_copy (const SceneStep *step)
{
  SceneStep *copy = g_new (SceneStep, 1);
  *copy = *step;
  copy->when = cond_copy (step->when);
  copy->cond = cond_copy (step->cond);
  copy->who = g_strdupv (step->who);
  copy->others = g_strdupv (step->others);
  return copy;
}
