/* examples/lab/scene-play.c: see scene-play.h: the course of a scene.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include "core/founding.h"
#include "core/packet.h"
#include "core/view.h"

#include <string.h>

#define WITHIN_US SECONDS (10)

/* A step that waits for something. */
typedef struct
{
  const SceneStep *step;
  gboolean fired;
  guint before; /* packets of the kind that it counts, sent before it was armed */
} Armed;

typedef struct
{
  Play *play;
  TySimProcess *p;
} Note;

gint64
play_now (const Play *play)
{
  return ty_sim_now (play->net) - play->origin;
}

/* ---- Who is who ---- */

PlaySite *
play_site (const Play *play, const char *name)
{
  for (guint i = 0; i < play->sites->len; i++)
    if (g_str_equal (((PlaySite *) play->sites->pdata[i])->name, name))
      return play->sites->pdata[i];
  return NULL;
}

TySimProcess *
play_find (const Play *play, const char *name)
{
  PlaySite *site = play_site (play, name);
  return site != NULL ? site->newest : stage_find (play->stage, name);
}

PlaySite *
play_spawn (Play *play, const char *name)
{
  PlaySite *site = g_new0 (PlaySite, 1);
  g_assert (play_site (play, name) == NULL);
  site->name = g_strdup (name);
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    site->record[g] = g_byte_array_new ();
  site->newest = stage_spawn (play->stage, name);
  g_ptr_array_add (play->sites, site);
  return site;
}

gboolean
play_join (Play *play, TySimProcess *p, guint g, char **contacts)
{
  if (stage_part (p, g) != NULL)
    return FALSE;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  if (contacts == NULL)
    for (guint i = 0; i < play->sites->len; i++)
      {
        const PlaySite *site = play->sites->pdata[i];
        if (site->newest != p)
          g_strv_builder_add (names, site->name);
      }
  g_auto (GStrv) all = g_strv_builder_end (names);
  g_autofree char *list = g_strjoinv (",", contacts != NULL ? contacts : all);
  if (list[0] == '\0')
    return FALSE;
  stage_join (p, g, list);
  return TRUE;
}

typedef struct
{
  const Play *play;
  PlaySite *site;
} Storage;

static gboolean
keep_record (const char *group, const guint8 *record, gsize len, gpointer data, GError **error)
{
  const Storage *storage = data;
  for (guint g = 0; g < storage->play->scene->n_groups; g++)
    if (g_str_equal (storage->play->scene->group[g], group))
      {
        GByteArray *kept = storage->site->record[g];
        g_byte_array_set_size (kept, 0);
        g_byte_array_append (kept, record, (guint) len);
        storage->site->promised[g] |= len > 0;
      }
  return TRUE;
}

void
play_found_with (Play *play, TySimProcess *p, guint g, char **founders)
{
  PlaySite *site = play_site (play, ty_sim_address (p) + strlen ("sim:"));
  Storage *storage = g_new (Storage, 1);
  *storage = (Storage){ play, site };
  g_ptr_array_add (play->notes, storage);
  site->founders[g] = founders;
  ty_node_set_storage (ty_sim_node (p), keep_record, storage);
  stage_found_with (p, g, founders, site->record[g]);
}

/* V13: who has promised, and is in no view yet, is the same voter when it comes back; who has promised nothing may
 * begin anew; everybody else is another process. */
static gboolean
restart_founder (Play *play, PlaySite *site)
{
  GByteArray *record = site->record[0];
  TyId pid;
  if (site->founders[0] == NULL || (site->promised[0] && record->len == 0))
    return FALSE;
  gboolean same = record->len > 0 && ty_founding_read_pid (record->data, record->len, &pid);
  site->newest = stage_spawn_as (play->stage, site->name, same ? &pid : NULL);
  play_tell (play, site->name, "start", "starts again");
  play_found_with (play, site->newest, 0, site->founders[0]);
  return TRUE;
}

void
play_restart (Play *play, PlaySite *site)
{
  g_assert (!ty_sim_is_alive (site->newest));
  if (restart_founder (play, site))
    return;
  g_autofree char *name = g_strdup_printf ("%s.%u", site->name, ++site->incarnation);
  site->newest = stage_spawn (play->stage, name);
  play_tell (play, name, "start", "starts");
  for (guint g = 0; g < play->scene->n_groups; g++)
    play_join (play, site->newest, g, NULL);
}

const char *
play_label (const Play *play, guint64 message)
{
  return message >= 1 && message <= play->labels->len ? play->labels->pdata[message - 1] : NULL;
}

guint64
play_message (const Play *play, const char *label)
{
  for (guint i = play->labels->len; i > 0; i--)
    if (g_strcmp0 (play->labels->pdata[i - 1], label) == 0)
      return i;
  return 0;
}

void
play_result (Play *play, const SceneStep *step, gboolean holds, const char *why)
{
  PlayResult result = { step, holds, g_strdup (why) };
  g_array_append_val (play->results, result);
}

/* ---- "when" ---- */

static gboolean
is_due (Play *play, const Armed *armed)
{
  const SceneCond *when = armed->step->when;
  if (when->kind == COND_SENT)
    return play_count_packets (play, when) - armed->before >= when->number;
  return play_holds (play, when);
}

static void
fire (Play *play)
{
  for (guint i = 0; i < play->armed->len; i++)
    {
      Armed *armed = play->armed->pdata[i];
      if (armed->fired || !is_due (play, armed))
        continue;
      armed->fired = TRUE;
      play_do (play, armed->step);
    }
}

static void watch (TySimProcess *p, const TyEffect *e, gpointer data);

void
play_arm (Play *play, const SceneStep *step)
{
  Armed *armed = g_new0 (Armed, 1);
  armed->step = step;
  armed->before = play_count_packets (play, step->when);
  ty_sim_world_set_watch (play->world, watch, play);
  g_ptr_array_add (play->armed, armed);
  fire (play);
}

/* ---- What the processes say ---- */

/* Whom a group went on without comes back as another process. */
static void
come_back (gpointer data)
{
  Note *note = data;
  Play *play = note->play;
  play->returning--;
  play->dirty = TRUE;
  for (guint i = 0; i < play->sites->len; i++)
    {
      PlaySite *site = play->sites->pdata[i];
      if (site->newest != note->p)
        continue;
      if (ty_sim_is_alive (note->p))
        ty_sim_kill (note->p, TY_SIM_KILLED);
      play_restart (play, site);
    }
}

/* By the name, so that it does not depend on what befalls others. */
static gint64
return_delay (const Play *play, const char *name)
{
  TySimRand rand;
  const Scene *scene = play->scene;
  ty_sim_rand_init (&rand, scene->seed ^ g_str_hash (name));
  gint64 most = MIN (scene->return_max_us, scene->return_min_us + 10000);
  if (!play->calm && ty_sim_rand_one_in (&rand, 2))
    most = scene->return_max_us;
  return (gint64) ty_sim_rand_range (&rand, (guint64) scene->return_min_us, (guint64) most);
}

static void
note_return (Play *play, TySimProcess *p)
{
  const PlaySite *site = play_site (play, ty_sim_address (p) + strlen ("sim:"));
  if (site->outside)
    return; /* it would only knock at closed doors */
  Note *note = g_new (Note, 1);
  *note = (Note){ play, p };
  g_ptr_array_add (play->notes, note);
  play->returning++;
  ty_sim_at (play->net, ty_sim_now (play->net) + return_delay (play, ty_sim_name (p)), come_back, note);
}

static void
on_effect (Part *part, const TyEffect *e, gpointer data)
{
  Play *play = data;
  if (e->type == TY_EFFECT_VIEW)
    play_watch_view (play, part);
  play->n_views += e->type == TY_EFFECT_VIEW;
  play->dirty |= e->type != TY_EFFECT_DELIVER;
  if (play->told != NULL)
    play_tell_effect (play, part, e);
  gboolean refused = e->type == TY_EFFECT_ENTERED && e->error != NULL; /* taken out while it loaded, say */
  if (play->scene->returns && (e->type == TY_EFFECT_EXCLUDED || refused))
    note_return (play, part->p);
}

static void
watch (TySimProcess *p, const TyEffect *e, gpointer data)
{
  Play *play = data;
  if (e->type == TY_EFFECT_SEND)
    {
      guint *counts = g_hash_table_lookup (play->packets, p);
      gsize len;
      const guint8 *bytes = g_bytes_get_data (e->bytes, &len);
      if (counts == NULL)
        g_hash_table_insert (play->packets, p, counts = g_new0 (guint, 64));
      if (len > 0 && bytes[0] < 64)
        counts[bytes[0]]++;
    }
  fire (play);
}

/* ---- The course ---- */

void
play_run_to (Play *play, gint64 us)
{
  gint64 at = play->origin + us;
  if (at > ty_sim_now (play->net)) /* steps of one time follow each other at once */
    ty_sim_run_for (play->world, at - ty_sim_now (play->net));
}

typedef struct
{
  Play *play;
  const SceneCond *cond;
} Until;

static gboolean
until_holds (gpointer data)
{
  const Until *until = data;
  return play_holds (until->play, until->cond);
}

static gboolean
until_settled (gpointer data)
{
  return play_is_settled (data);
}

/* Settled, and it stays so: what was suspected before may still come out. */
static gboolean
settle (Play *play, gint64 limit_us)
{
  gint64 limit = ty_sim_now (play->net) + limit_us;
  for (guint64 views = G_MAXUINT64; views != play->n_views;)
    {
      views = play->n_views;
      if (!ty_sim_run_until (play->world, until_settled, play, MAX (0, limit - ty_sim_now (play->net))))
        return FALSE;
      ty_sim_run_for (play->world, SECONDS (2));
    }
  return play_is_settled (play);
}

static void
expect (Play *play, const SceneStep *step)
{
  Until until = { play, step->cond };
  if (step->cond->kind == COND_LIVE)
    {
      const char *wrong = play_live (play, step->within_us);
      play_result (play, step, wrong == NULL, wrong);
      return;
    }
  if (step->within_us >= 0)
    ty_sim_run_until (play->world, until_holds, &until, step->within_us);
  play_result (play, step, play_holds (play, step->cond), NULL);
}

gboolean
play_do (Play *play, const SceneStep *step)
{
  gint64 within = step->within_us >= 0 ? step->within_us : WITHIN_US;
  g_string_truncate (play->trouble, 0);
  if (play->told != NULL && step->what != DO_EXPECT && step->what != DO_WAIT && step->what != DO_SETTLE)
    {
      g_autofree char *text = scene_step_to_string (step, play->scene, FALSE);
      play_tell (play, "", "step", "%s", text);
    }
  if (step->what == DO_EXPECT)
    expect (play, step);
  else if (step->what == DO_WAIT && step->cond == NULL)
    ty_sim_run_for (play->world, step->us);
  else if (step->what == DO_WAIT)
    {
      Until until = { play, step->cond };
      if (!ty_sim_run_until (play->world, until_holds, &until, within))
        g_string_assign (play->trouble, "it did not come about");
    }
  else if (step->what == DO_SETTLE)
    {
      if (!settle (play, within))
        g_string_assign (play->trouble, "the groups did not settle");
    }
  else
    {
      if (play->acts != NULL)
        play->acts (play, step, FALSE, play->acts_data);
      play_act (play, step);
      if (play->acts != NULL)
        play->acts (play, step, TRUE, play->acts_data);
    }
  play->dirty = TRUE;
  gboolean done = play->trouble->len == 0;
  ((SceneStep *) step)->useless = !done;
  if (!done && (!play->scene->where_possible || step->what == DO_WAIT || step->what == DO_SETTLE))
    play_result (play, step, FALSE, play->trouble->str);
  return done;
}

void
play_steps (Play *play)
{
  for (guint i = 0; i < play->scene->steps->len; i++)
    {
      const SceneStep *step = play->scene->steps->pdata[i];
      if (step->when_kind == WHEN_COND)
        {
          play_arm (play, step);
          continue;
        }
      if (step->when_kind == WHEN_AT)
        play_run_to (play, step->when_us);
      else if (step->when_kind == WHEN_LATER)
        ty_sim_run_for (play->world, step->when_us);
      play_do (play, step);
    }
}

/* ---- The beginning and the end ---- */

static gboolean
wants_watch (const Scene *scene)
{
  for (guint i = 0; i < scene->steps->len; i++)
    {
      const SceneStep *step = scene->steps->pdata[i];
      if (step->when != NULL || (step->cond != NULL && step->cond->kind == COND_SENT))
        return TRUE;
    }
  return FALSE;
}

static void
form (Play *play)
{
  const Scene *scene = play->scene;
  for (char **name = scene->processes; name != NULL && *name != NULL; name++)
    {
      TySimProcess *p = play_spawn (play, *name)->newest;
      g_autoptr (GString) so_far = g_string_new (scene->processes[0]);
      for (char **other = scene->processes; other <= name; other++)
        if (other != scene->processes)
          g_string_append_printf (so_far, ",%s", *other);
      for (guint g = 0; g < scene->n_groups; g++)
        {
          if (name == scene->processes)
            stage_found (p, g);
          else
            play_join (play, p, g, NULL);
          for (gint64 passed = 0; !stage_together (play->stage, g, so_far->str); passed += 1000)
            {
              g_assert (passed < SECONDS (60));
              ty_sim_run_for (play->world, 1000);
            }
        }
    }
  play->origin = ty_sim_now (play->net);
}

Play *
play_new (const Scene *scene, PlayTold told, gpointer told_data)
{
  Play *play = g_new0 (Play, 1);
  TySimWorldConfig config = scene->config;
  config.node.heartbeat_us = MIN (config.node.heartbeat_us, config.node.suspect_after_us / SCENE_HEARTBEATS);
  play->scene = scene;
  play->stage = stage_new (&config, scene->seed, NULL);
  play->world = play->stage->world;
  play->net = ty_sim_world_net (play->world);
  for (guint g = 0; g < scene->n_groups; g++)
    {
      play->stage->ordering[g] = scene->ordering[g];
      play->stage->group_name[g] = scene->group[g];
    }
  play->stage->weights = scene->weights;
  play->stage->with_state = scene->with_state;
  play->stage->state_bytes = scene->state_bytes;
  play->stage->load_us = scene->load_us;
  play->stage->on_effect = on_effect;
  play->stage->data = play;
  play->sites = g_ptr_array_new ();
  play->armed = g_ptr_array_new_with_free_func (g_free);
  play->labels = g_ptr_array_new_with_free_func (g_free);
  play->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  play->notes = g_ptr_array_new_with_free_func (g_free);
  play->results = g_array_new (FALSE, FALSE, sizeof (PlayResult));
  play->trouble = g_string_new (NULL);
  play->dirty = TRUE;
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    {
      play->oracles[g] = oracle_new ();
      play->states[g] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    }
  play->seats = g_array_new (FALSE, FALSE, sizeof (OracleSeat));
  play->packets = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  play_watch (play); /* from the first step on: what was decided before it looked, it would take for undecided */
  form (play);
  play->told = told;
  play->told_data = told_data;
  for (guint i = 0; i < play->sites->len; i++)
    for (guint g = 0; g < scene->n_groups; g++)
      {
        const Part *part = stage_part (((PlaySite *) play->sites->pdata[i])->newest, g);
        play_tell_view (play, part, part->view);
      }
  if (wants_watch (scene))
    ty_sim_world_set_watch (play->world, watch, play);
  return play;
}

void
play_free (Play *play)
{
  stage_free (play->stage);
  for (guint i = 0; i < play->sites->len; i++)
    {
      PlaySite *site = play->sites->pdata[i];
      for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
        g_byte_array_unref (site->record[g]);
      g_free (site->name);
      g_free (site);
    }
  for (guint i = 0; i < play->results->len; i++)
    g_free (g_array_index (play->results, PlayResult, i).why);
  g_clear_pointer (&play->report, ty_judge_report_free);
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    {
      oracle_free (play->oracles[g]);
      g_hash_table_unref (play->states[g]);
    }
  g_array_unref (play->seats);
  g_ptr_array_unref (play->sites);
  g_ptr_array_unref (play->armed);
  g_ptr_array_unref (play->labels);
  g_hash_table_unref (play->refused);
  g_hash_table_unref (play->packets);
  g_ptr_array_unref (play->notes);
  g_array_unref (play->results);
  g_string_free (play->trouble, TRUE);
  g_free (play);
}

void
play_end (Play *play)
{
  g_autoptr (GError) error = NULL;
  const PlayResult *last
      = play->results->len > 0 ? &g_array_index (play->results, PlayResult, play->results->len - 1) : NULL;
  if (last != NULL && last->step->cond != NULL && last->step->cond->kind == COND_LIVE)
    play->settled = last->holds && !play->scene->open_end; /* it has waited for that */
  else
    play->settled = !play->scene->open_end && settle (play, WITHIN_US);
  play_watch_end (play);
  /* Those outside may not even know that they are blocked: they owe nothing. */
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      if (site->outside && ty_sim_is_alive (site->newest))
        ty_sim_kill (site->newest, TY_SIM_KILLED);
    }
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .open_end = !play->settled, .max_details = 5 };
  if (play->settled)
    ty_sim_world_end (play->world);
  play->report = ty_sim_judge (play->world, &options, &error);
  g_assert_no_error (error); /* our own recorder wrote it */
}

gboolean
play_is_good (const Play *play)
{
  for (guint i = 0; i < play->results->len; i++)
    if (!g_array_index (play->results, PlayResult, i).holds)
      return FALSE;
  return play->report != NULL && play->report->legal && play_broken_rule (play, NULL) == NULL;
}
