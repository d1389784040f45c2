/* examples/lab/scene-write.c: a scene as text, for scene-read.c and for people.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene.h"

#include "core/packet.h"

static const char *const services[] = { "fifo", "causal", "agreed", "safe" };

char *
scene_time_to_string (gint64 us)
{
  if (us % 1000000 == 0 && us != 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "s", us / 1000000);
  if (us % 1000 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "ms", us / 1000);
  if (us > 1000)
    return g_strdup_printf ("%" G_GINT64_FORMAT ".%03dms", us / 1000, (int) (us % 1000));
  return g_strdup_printf ("%" G_GINT64_FORMAT "us", us);
}

static void
put_time (GString *out, const char *before, gint64 us)
{
  g_autofree char *text = scene_time_to_string (us);
  g_string_append_printf (out, "%s%s", before, text);
}

static void
put_names (GString *out, const char *before, char **names)
{
  g_autofree char *joined = names != NULL ? g_strjoinv (" ", names) : NULL;
  g_string_append_printf (out, "%s%s", before, joined != NULL ? joined : "all");
}

static void
put_group (GString *out, const Scene *scene, guint group)
{
  if (group > 0)
    g_string_append_printf (out, " in %s", scene->group[group]);
}

static void
put_cond (GString *out, const SceneCond *cond, const Scene *scene)
{
  gboolean many = cond->all || (cond->who != NULL && g_strv_length (cond->who) > 1);
  char **who = cond->all ? NULL : cond->who;
  switch (cond->kind)
    {
    case COND_HAS:
    case COND_LACKS:
      put_names (out, "", who);
      g_string_append (out, cond->kind == COND_HAS ? (many ? " have" : " has") : (many ? " lack" : " lacks"));
      put_names (out, " ", cond->names);
      return;
    case COND_IN_VIEW:
    case COND_WAS_IN_VIEW:
      put_names (out, "", who);
      g_string_append (out, cond->kind == COND_IN_VIEW ? (many ? " are" : " is") : (many ? " were" : " was"));
      g_string_append (out, " in");
      if (cond->group > 0)
        g_string_append_printf (out, " %s", scene->group[cond->group]);
      put_names (out, " view ", cond->names);
      return;
    case COND_IS:
      put_names (out, "", who);
      g_string_append_printf (out, " %s %s%s", many ? "are" : "is", cond->negated ? "not " : "",
                              scene_flags[cond->flag]);
      if (cond->flag == FLAG_IN && cond->group > 0)
        g_string_append_printf (out, " %s", scene->group[cond->group]);
      else
        put_group (out, scene, cond->group);
      return;
    case COND_BEFORE:
      g_string_append_printf (out, "%s before %s", cond->names[0], cond->names[1]);
      put_names (out, " at ", who);
      return;
    case COND_SAME_ORDER:
      put_names (out, "same order at ", who);
      put_group (out, scene, cond->group);
      return;
    case COND_REFUSED:
      put_names (out, "message ", cond->names);
      g_string_append (out, " refused");
      return;
    case COND_SENT:
      put_names (out, "", who);
      g_string_append_printf (out, " has sent %s", cond->names[0]);
      if (cond->number > 1)
        g_string_append_printf (out, " %u times", cond->number);
      return;
    case COND_LEGAL:
      g_string_append (out, "legal");
      return;
    case COND_SETTLED:
      g_string_append (out, "settled");
      return;
    case COND_LIVE:
      g_string_append (out, "live");
      return;
    default:
      g_assert_not_reached ();
    }
}

static void
put_send (GString *out, const SceneStep *step, const Scene *scene)
{
  put_names (out, "", step->who);
  put_names (out, " sends ", step->others);
  if (step->has_service)
    g_string_append_printf (out, " as %s", services[step->service]);
  if (step->number > 0)
    g_string_append_printf (out, " of %" G_GINT64_FORMAT " bytes", step->number);
  put_group (out, scene, step->group);
}

/* "VERB names MIDDLE others" */
static void
put_two (GString *out, const char *verb, const SceneStep *step, const char *middle)
{
  put_names (out, verb, step->who);
  put_names (out, middle, step->others);
}

static void
put_verb_last (GString *out, const SceneStep *step, const Scene *scene, const char *one, const char *many)
{
  put_names (out, "", step->who);
  g_string_append (out, g_strv_length (step->who) > 1 ? many : one);
  put_group (out, scene, step->group);
}

static void
put_number (GString *out, const char *before, const SceneStep *step, const char *middle, const char *after)
{
  put_names (out, before, step->who);
  g_string_append_printf (out, "%s%" G_GINT64_FORMAT "%s", middle, step->number, after);
}

static void
put_what (GString *out, const SceneStep *step, const Scene *scene)
{
  switch (step->what)
    {
    case DO_START:
      put_names (out, "start ", step->who);
      break;
    case DO_FOUND:
      put_verb_last (out, step, scene, " founds", " found");
      if (step->others != NULL)
        put_names (out, " with ", step->others);
      break;
    case DO_JOIN:
      put_verb_last (out, step, scene, " joins", " join");
      if (step->others != NULL)
        put_names (out, " through ", step->others);
      break;
    case DO_SEND:
      put_send (out, step, scene);
      break;
    case DO_CRASH:
      put_names (out, "crash ", step->who);
      if (step->unit != UNIT_NONE)
        g_string_append_printf (out, " after %" G_GINT64_FORMAT " %s", step->number,
                                step->unit == UNIT_EFFECTS ? "effects" : "writes");
      break;
    case DO_UNPLUG:
      put_names (out, "unplug ", step->who);
      break;
    case DO_RESTART:
      put_names (out, "restart ", step->who);
      break;
    case DO_LEAVE:
      put_verb_last (out, step, scene, " leaves", " leave");
      break;
    case DO_STOP:
      put_names (out, "stop ", step->who);
      break;
    case DO_CONTINUE:
      put_names (out, "continue ", step->who);
      break;
    case DO_CUT:
      put_two (out, "cut ", step, " from ");
      break;
    case DO_CUT_TOWARDS:
      put_two (out, "cut ", step, " towards ");
      break;
    case DO_HEAL:
      put_two (out, "heal ", step, " with ");
      break;
    case DO_HEAL_TOWARDS:
      put_two (out, "heal ", step, " towards ");
      break;
    case DO_HEAL_ALL:
      g_string_append (out, "heal all");
      break;
    case DO_BREAK:
      put_two (out, "break ", step, " from ");
      break;
    case DO_LOSE:
      put_two (out, "lose ", step, " from ");
      break;
    case DO_HOLD:
      g_string_append (out, "hold");
      for (guint type = 0; type < 64; type++)
        if (((guint64) step->number >> type & 1) != 0)
          g_string_append_printf (out, " %s", ty_packet_name (type));
      put_two (out, " of ", step, " to ");
      put_time (out, " for ", step->us);
      break;
    case DO_DELAY:
      put_two (out, "delay ", step, " towards ");
      put_time (out, " by ", step->us);
      break;
    case DO_SLOW:
      put_names (out, "slow ", step->who);
      put_time (out, " by ", step->us);
      break;
    case DO_CHOKE:
      put_number (out, "choke ", step, " to ", " bytes");
      break;
    case DO_CLOCK:
      put_number (out, "clock ", step, " by ", " ppm");
      break;
    case DO_NOISE:
      put_number (out, "noise ", step, " with ", " bytes");
      break;
    case DO_TRAFFIC:
      if (step->us == 0)
        {
          g_string_append (out, "traffic stops");
          break;
        }
      put_time (out, "traffic every ", step->us);
      g_string_append_printf (out, " of %" G_GINT64_FORMAT " bytes", step->number);
      break;
    case DO_CALM:
      put_names (out, "calm ", step->who);
      break;
    case DO_WAIT:
      if (step->cond == NULL)
        {
          put_time (out, "wait ", step->us);
          break;
        }
      g_string_append (out, "wait until ");
      put_cond (out, step->cond, scene);
      break;
    case DO_SETTLE:
      g_string_append (out, "settle");
      break;
    case DO_EXPECT:
      g_string_append (out, "expect ");
      put_cond (out, step->cond, scene);
      break;
    case N_DO:
    default:
      g_assert_not_reached ();
    }
  if (step->within_us >= 0)
    put_time (out, " within ", step->within_us);
}

char *
scene_step_to_string (const SceneStep *step, const Scene *scene, gboolean with_when)
{
  GString *out = g_string_new (NULL);
  if (with_when && step->when_kind == WHEN_AT)
    {
      put_time (out, "at ", step->when_us);
      g_string_append (out, ", ");
    }
  else if (with_when && step->when_kind == WHEN_LATER)
    {
      put_time (out, "", step->when_us);
      g_string_append (out, " later, ");
    }
  else if (with_when && step->when_kind == WHEN_COND)
    {
      g_string_append (out, "when ");
      put_cond (out, step->when, scene);
      g_string_append (out, ", ");
    }
  put_what (out, step, scene);
  return g_string_free (out, FALSE);
}

char *
scene_cond_to_string (const SceneCond *cond, const Scene *scene)
{
  GString *out = g_string_new (NULL);
  put_cond (out, cond, scene);
  return g_string_free (out, FALSE);
}

/* ---- The head ---- */

static void
put_range (GString *out, const char *before, gint64 low, gint64 high)
{
  put_time (out, before, low);
  if (high != low)
    put_time (out, " to ", high);
  g_string_append_c (out, '\n');
}

static void
put_config (GString *out, const Scene *scene)
{
  TySimWorldConfig usual;
  const TySimWorldConfig *c = &scene->config;
  stage_config_init (&usual);
  if (c->net.delay_min_us != usual.net.delay_min_us || c->net.delay_max_us != usual.net.delay_max_us)
    put_range (out, "delays ", c->net.delay_min_us, c->net.delay_max_us);
  if (c->turn_min_us != usual.turn_min_us || c->turn_max_us != usual.turn_max_us)
    put_range (out, "turns ", c->turn_min_us, c->turn_max_us);
  if (c->node.suspect_after_us != usual.node.suspect_after_us)
    put_range (out, "suspect after ", c->node.suspect_after_us, c->node.suspect_after_us);
  if (c->node.heartbeat_us != usual.node.heartbeat_us)
    put_range (out, "heartbeat ", c->node.heartbeat_us, c->node.heartbeat_us);
  if (c->node.lease_us != usual.node.lease_us)
    put_range (out, "lease ", c->node.lease_us, c->node.lease_us);
  if (c->node.max_message_bytes != usual.node.max_message_bytes)
    g_string_append_printf (out, "messages up to %" G_GSIZE_FORMAT " bytes\n", c->node.max_message_bytes);
  if (c->sealed)
    g_string_append (out, "sealed\n");
  if (c->node.window_bytes != usual.node.window_bytes)
    g_string_append_printf (out, "window %" G_GSIZE_FORMAT " bytes\n", c->node.window_bytes);
  if (c->net.split_one_in != usual.net.split_one_in)
    g_string_append_printf (out, "split one in %u\n", c->net.split_one_in);
  if (!c->node.refusal_is_death)
    g_string_append (out, "refusal is no death\n");
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (a, b);
}

char *
scene_to_string (const Scene *scene)
{
  GString *out = g_string_new (NULL);
  for (guint g = 0; g < scene->n_groups; g++)
    g_string_append_printf (out, "group %s %s\n", scene->group[g], scene->ordering[g]);
  if (scene->processes != NULL && scene->processes[0] != NULL)
    {
      put_names (out, "processes ", scene->processes);
      g_string_append_c (out, '\n');
    }
  g_string_append_printf (out, "seed %" G_GUINT64_FORMAT "\n", scene->seed);
  put_config (out, scene);
  if (scene->with_state)
    {
      g_string_append_printf (out, "state of %" G_GSIZE_FORMAT " bytes", scene->state_bytes);
      if (scene->load_us > 0)
        put_time (out, " loaded within ", scene->load_us);
      g_string_append_c (out, '\n');
    }
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (scene->weights), compare_names);
  for (GList *l = names; l != NULL; l = l->next)
    g_string_append_printf (out, "weight %s %u\n", (char *) l->data,
                            GPOINTER_TO_UINT (g_hash_table_lookup (scene->weights, l->data)));
  if (scene->returns)
    put_range (out, "the excluded return after ", scene->return_min_us, scene->return_max_us);
  if (scene->where_possible)
    g_string_append (out, "steps where possible\n");
  if (scene->open_end)
    g_string_append (out, "open end\n");
  g_string_append_c (out, '\n');
  for (guint i = 0; i < scene->steps->len; i++)
    {
      g_autofree char *line = scene_step_to_string (scene->steps->pdata[i], scene, TRUE);
      g_string_append_printf (out, "%s\n", line);
    }
  return g_string_free (out, FALSE);
}
