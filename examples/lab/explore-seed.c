/* examples/lab/explore-seed.c: from a seed to a run: see explore.h.
 *
 * A run has two phases.  In the first, messages and faults rain.  In the second ("calm") a random part of the processes
 * that holds a quorum is healed, and the others are cut off from it: it must become one view, deliver what is
 * pending, and take new messages.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore.h"


#include <string.h>
#include <unistd.h>

/* Something to come. */
typedef struct
{
  gint64 us;
  guint64 order;
  SceneStep *step; /* NULL: see kind */
  enum
  {
    PLAN_STEP,
    PLAN_MESSAGE,
    PLAN_FAULT
  } kind;
} Plan;

guint64
pick (Seed *seed, guint64 low, guint64 high)
{
  return ty_sim_rand_range (&seed->rand, low, high);
}

gboolean
chance (Seed *seed, guint64 one_in)
{
  return ty_sim_rand_one_in (&seed->rand, one_in);
}

/* ---- Steps ---- */

void
explore_write (int fd, const char *text)
{
  gsize len = strlen (text);
  for (gsize done = 0; fd >= 0 && done < len;)
    {
      gssize n = write (fd, text + done, len - done);
      if (n <= 0)
        return;
      done += (gsize) n;
    }
}

gboolean
seed_do (Seed *seed, SceneStep *step)
{
  step->when_kind = WHEN_AT;
  step->when_us = play_now (seed->play);
  if (seed->log >= 0)
    {
      g_autofree char *line = scene_step_to_string (step, seed->scene, TRUE);
      g_autofree char *ended = g_strconcat (line, "\n", NULL);
      explore_write (seed->log, ended);
    }
  /* It stays in the scene even if nothing comes of it: its results point to it. */
  g_ptr_array_add (seed->scene->steps, step);
  return play_do (seed->play, step);
}

char **
seed_step_name (guint site)
{
  char **names = g_new0 (char *, 2);
  names[0] = g_strdup_printf ("p%u", site);
  return names;
}

void
seed_when_sent (Seed *seed, guint site, const char *packet, SceneStep *step)
{
  step->when_kind = WHEN_COND;
  step->when = scene_cond_new (COND_SENT);
  step->when->who = seed_step_name (site);
  step->when->names = g_strdupv ((char *[]){ (char *) packet, NULL });
  step->when->number = 1;
  if (seed->log >= 0)
    {
      g_autofree char *line = scene_step_to_string (step, seed->scene, TRUE);
      g_autofree char *ended = g_strconcat (line, "\n", NULL);
      explore_write (seed->log, ended);
    }
  g_ptr_array_add (seed->scene->steps, step);
  play_arm (seed->play, step);
}

static void
plan (Seed *seed, gint64 us, int kind, SceneStep *step)
{
  Plan p = { us, seed->planned++, step, kind };
  guint at = seed->plan->len;
  while (at > 0 && g_array_index (seed->plan, Plan, at - 1).us <= us)
    at--;
  g_array_insert_val (seed->plan, at, p);
}

void
seed_plan (Seed *seed, gint64 us, SceneStep *step)
{
  plan (seed, MIN (us, seed->end_us), PLAN_STEP, step);
}

SceneStep *
seed_step (Seed *seed, SceneDo what, guint site)
{
  SceneStep *step = scene_step_new (what);
  step->who = seed_step_name (site);
  return step;
}

SceneStep *
seed_step2 (Seed *seed, SceneDo what, guint site, guint other)
{
  SceneStep *step = seed_step (seed, what, site);
  step->others = seed_step_name (other);
  return step;
}

PlaySite *
seed_site (Seed *seed, guint site)
{
  g_autofree char *name = g_strdup_printf ("p%u", site);
  return play_site (seed->play, name);
}

/* ---- The head ---- */

static void
make_head (Seed *seed)
{
  Scene *scene = seed->scene;
  TySimWorldConfig *c = &scene->config;
  guint n_orderings = 0;
  while (ty_modules_nth_ordering (&ty_modules, n_orderings) != NULL)
    n_orderings++;
  scene->n_groups = chance (seed, 5) ? 2 : 1;
  for (guint g = 0; g < scene->n_groups; g++)
    {
      const char *drawn = ty_modules_nth_ordering (&ty_modules, pick (seed, 0, n_orderings - 1))->name;
      scene->ordering[g] = g_strdup (seed->options->ordering != NULL ? seed->options->ordering : drawn);
      scene->group[g] = g_strdup_printf ("g%u", g);
    }
  c->node.suspect_after_us = (gint64) pick (seed, 200, 1000) * 1000;
  c->node.heartbeat_us = c->node.suspect_after_us / (gint64) pick (seed, 3, 8);
  c->node.refusal_is_death = !chance (seed, 5);
  if (chance (seed, 3))
    c->node.window_bytes = (gsize) pick (seed, 2000, 100000);
  c->net.delay_min_us = 20;
  c->net.delay_max_us = (gint64) (chance (seed, 3) ? pick (seed, 1000, 20000) : pick (seed, 50, 1000));
  c->turn_max_us = (gint64) pick (seed, 20, chance (seed, 5) ? 10000 : 300);
  /* V14: the lease is long or short beside the rest. */
  if (chance (seed, 3))
    c->node.lease_us
        = (gint64) pick (seed, (guint64) (5 * c->node.heartbeat_us / 2), (guint64) (3 * c->node.suspect_after_us / 2));
  if (c->node.window_bytes < 10000 && chance (seed, 2))
    c->node.max_message_bytes = (gsize) pick (seed, 500, 2000);
  c->sealed = chance (seed, 32) || seed->options->sealed;
  scene->seed = pick (seed, 0, G_MAXUINT64);
  scene->with_state = chance (seed, 2);
  scene->state_bytes = (gsize) (chance (seed, 8) ? pick (seed, 8, 1000000) : pick (seed, 8, 10000));
  if (scene->with_state && chance (seed, 3))
    scene->load_us = (gint64) pick (seed, 1000, chance (seed, 2) ? 100000 : 1000000);
  scene->returns = TRUE;
  scene->return_min_us = 1000;
  scene->return_max_us = 2000000;
  scene->where_possible = TRUE;
  guint drawn = (guint) pick (seed, 2, 4) + (guint) pick (seed, 0, 4); /* 5 in the mean */
  if (seed->options->small)
    drawn = (guint) pick (seed, 3, 5);
  seed->rounds = !seed->options->small && chance (seed, 4);
  seed->lingers = seed->rounds && (seed->options->faults >> FAULT_LINGER & 1) != 0 && chance (seed, 3);
  if (seed->rounds)
    drawn = (guint) pick (seed, 4, 6);
  seed->n_sites = seed->options->processes > 0 ? seed->options->processes : drawn;
  explore_narrow_head (seed);
  seed->drifts = (seed->options->faults >> FAULT_CLOCK & 1) != 0 && chance (seed, 3);
  if (scene->n_groups == 1 && !seed->options->small && chance (seed, seed->lingers ? 2 : 10))
    seed->n_founders = (guint) pick (seed, 2, seed->n_sites);
  else if (chance (seed, 8))
    for (guint site = 0; site < seed->n_sites; site++)
      g_hash_table_insert (scene->weights, g_strdup_printf ("p%u", site),
                           GUINT_TO_POINTER ((guint) pick (seed, 0, 3) + (site == 0)));
}

/* ---- The course ---- */

static void
send_message (Seed *seed)
{
  guint site = (guint) pick (seed, 0, seed->n_sites - 1);
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1);
  guint64 service = pick (seed, 0, 1000);
  gsize len = chance (seed, 60) ? pick (seed, 0, 100000) : pick (seed, 0, 300);
  guint n = chance (seed, 4) ? (guint) pick (seed, 1, 5) : 1;
  const PlaySite *at = seed_site (seed, site);
  const Part *part = at != NULL ? stage_part (at->newest, g) : NULL;
  if (!play_takes_part (part) || !part->entered || part->leaving || ty_sim_is_stopped (at->newest))
    return;
  SceneStep *step = seed_step (seed, DO_SEND, site);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("m%u", ++seed->n_messages);
      g_strv_builder_add (names, name);
    }
  step->others = g_strv_builder_end (names);
  step->has_service = TRUE;
  step->service = stage_service (part, service);
  step->number = (gint64) len;
  step->group = g;
  seed_do (seed, step);
}

static char **
names_upto (guint n)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint site = 0; site < n; site++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", site);
      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

static void enter_as_founders (Seed *seed, guint n);

static void
enter (Seed *seed)
{
  gboolean at_once = chance (seed, 3);
  SceneStep *start = scene_step_new (DO_START);
  start->who = names_upto (seed->n_sites);
  seed_do (seed, start);
  /* Clocks that run alike within a sixteenth, at most, of each other. */
  for (guint site = 0; seed->drifts && site < seed->n_sites; site++)
    {
      SceneStep *step = seed_step (seed, DO_CLOCK, site);
      step->number = (gint64) pick (seed, 0, 2 * EXPLORE_MAX_PPM) - EXPLORE_MAX_PPM;
      seed_do (seed, step);
    }
  if (seed->n_founders > 0)
    {
      enter_as_founders (seed, seed->n_founders);
      return;
    }
  for (guint site = 0; site < seed->n_sites; site++)
    {
      for (guint g = 0; g < seed->scene->n_groups; g++)
        {
          SceneStep *step = seed_step (seed, site == 0 ? DO_FOUND : DO_JOIN, site);
          step->group = g;
          seed_do (seed, step);
        }
      if (!at_once)
        play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, 0, chance (seed, 4) ? 200000 : 20000));
    }
  if (chance (seed, 2))
    play_run_to (seed->play, play_now (seed->play) + 200000);
}

/* V13: these found the group together. Some of them crash before it is founded, and come back. */
static void
enter_as_founders (Seed *seed, guint n)
{
  guint troubles = (guint) pick (seed, 0, 5);
  gboolean two_halves = n >= 3 && chance (seed, 3);
  for (guint site = 0; site < n; site++)
    {
      SceneStep *step = seed_step (seed, DO_FOUND, site);
      step->others = names_upto (n);
      seed_do (seed, step);
      if (!two_halves && chance (seed, 3))
        play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, 0, 20000));
    }
  if (two_halves)
    explore_two_halves (seed, n);
  while (troubles-- > 0)
    {
      guint site = (guint) pick (seed, 0, n - 1);
      if (seed->lingers && chance (seed, 2))
        explore_linger (seed);
      SceneStep *step = seed_step (seed, DO_CRASH, site);
      step->unit = UNIT_EFFECTS;
      step->number = (gint64) pick (seed, 0, 30);
      seed_do (seed, step);
      play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, 0, chance (seed, 2) ? 3000 : 100000));
      site = (guint) pick (seed, 0, n - 1);
      if (!ty_sim_is_alive (seed_site (seed, site)->newest))
        seed_do (seed, seed_step (seed, DO_RESTART, site));
    }
  for (guint site = n; site < seed->n_sites; site++)
    seed_do (seed, seed_step (seed, DO_JOIN, site));
  if (chance (seed, 2))
    play_run_to (seed->play, play_now (seed->play) + 500000);
}

static void
make_plan (Seed *seed)
{
  gint64 now = play_now (seed->play);
  gboolean small = seed->options->small;
  guint n_messages = small ? (guint) pick (seed, 3, 15) : (guint) pick (seed, 50, 350);
  guint n_faults = seed->options->faults != 0 ? (guint) pick (seed, 1, small ? 2 : 19) : 0;
  gint64 lasts = small ? 100000 : (gint64) pick (seed, 300000, chance (seed, 4) ? 6000000 : 2500000);
  seed->end_us = now + lasts;
  for (guint i = 0; i < n_messages; i++)
    plan (seed, (gint64) pick (seed, (guint64) now, (guint64) seed->end_us), PLAN_MESSAGE, NULL);
  gint64 at = now;
  if (seed->rounds)
    {
      for (guint i = 0; i < n_faults; i++)
        {
          at += (gint64) pick (seed, 0, chance (seed, 2) ? 10000 : (guint64) seed->scene->config.node.suspect_after_us);
          plan (seed, MIN (at, seed->end_us), PLAN_FAULT, NULL);
        }
      return;
    }
  /* Half of the faults come in clusters: what one breaks, the next finds broken. */
  for (guint i = 0; i < n_faults; i++)
    {
      if (i == 0 || !chance (seed, 2))
        at = (gint64) pick (seed, (guint64) now, (guint64) seed->end_us);
      else
        at += (gint64) pick (seed, 0, chance (seed, 2) ? 3000 : 300000);
      plan (seed, MIN (at, seed->end_us), PLAN_FAULT, NULL);
    }
}

static void
follow_plan (Seed *seed)
{
  while (seed->plan->len > 0)
    {
      Plan next = g_array_index (seed->plan, Plan, seed->plan->len - 1);
      g_array_set_size (seed->plan, seed->plan->len - 1);
      play_run_to (seed->play, next.us);
      if (next.kind == PLAN_STEP)
        seed_do (seed, next.step);
      else if (next.kind == PLAN_MESSAGE)
        send_message (seed);
      else
        explore_fault (seed);
    }
  play_run_to (seed->play, seed->end_us);
}

/* ---- Calm ---- */

static gboolean
holds_quorums (Seed *seed)
{
  for (guint g = 0; g < seed->scene->n_groups; g++)
    if (!play_has_quorum (seed->play, g, NULL))
      return FALSE;
  return TRUE;
}

/* Half of the time, all; else as few as it takes, or some more. */
static char **
pick_core (Seed *seed)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  if (!chance (seed, 2) && !seed->options->small && holds_quorums (seed))
    {
      guint first = (guint) pick (seed, 0, seed->n_sites - 1);
      guint most = (guint) pick (seed, 1, seed->n_sites);
      for (guint i = 0, out = 0; i < seed->n_sites && out < most; i++)
        {
          PlaySite *site = seed_site (seed, (first + i) % seed->n_sites);
          site->outside = TRUE;
          if (!holds_quorums (seed))
            site->outside = FALSE;
          out += site->outside;
        }
    }
  for (guint i = 0; i < seed->n_sites; i++)
    if (!seed_site (seed, i)->outside)
      g_strv_builder_add (names, seed_site (seed, i)->name);
  return g_strv_builder_end (names);
}

static void
calm (Seed *seed)
{
  SceneStep *step = scene_step_new (DO_CALM);
  step->who = pick_core (seed);
  seed_do (seed, step);
  step = scene_step_new (DO_EXPECT);
  step->cond = scene_cond_new (COND_LIVE);
  seed_do (seed, step);
}

/* ---- The whole ---- */

char *
explore_wrong (const Play *play)
{
  const TyJudgeReport *report = play->report;
  for (guint rule = 0; !report->legal && rule < TY_N_RULES; rule++)
    if (report->by_rule[rule] > 0)
      return g_strdup_printf ("%s (%s)", ty_judge_rule_number ((TyJudgeRule) rule),
                              ty_judge_rule_name ((TyJudgeRule) rule));
  const char *what, *rule = play_broken_rule (play, &what);
  if (rule != NULL)
    return g_strdup_printf ("%s (%s)", rule, what);
  for (guint i = 0; i < play->results->len; i++)
    {
      const PlayResult *result = &g_array_index (play->results, PlayResult, i);
      if (!result->holds)
        return g_strdup (result->why != NULL ? result->why : "an expectation does not hold");
    }
  return NULL;
}

Scene *
explore_seed (guint64 number, const ExploreOptions *options, int log, ExploreOutcome *out)
{
  if (options->every_step)
    return explore_step (number, options, log, out);
  Seed seed = { .seed = number, .options = options, .log = log };
  ty_sim_rand_init (&seed.rand, number);
  seed.scene = scene_new ();
  seed.scene->title = g_strdup_printf ("seed %" G_GUINT64_FORMAT, number);
  seed.plan = g_array_new (FALSE, FALSE, sizeof (Plan));
  make_head (&seed);
  if (log >= 0)
    {
      g_autofree char *head = scene_to_string (seed.scene);
      explore_write (log, head);
    }
  seed.play = play_new (seed.scene, NULL, NULL);
  enter (&seed);
  make_plan (&seed);
  follow_plan (&seed);
  for (guint i = 0; i < seed.n_sites; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);
      seed.effects[i] = ty_sim_effects_done (stage_find (seed.play->stage, name));
    }
  calm (&seed);
  play_end (seed.play);

  *out = (ExploreOutcome){ .wrong = explore_wrong (seed.play),
                           .simulated_us = play_now (seed.play),
                           .messages = seed.play->n_messages,
                           .views = seed.play->n_views,
                           .processes = seed.n_sites };
  out->good = out->wrong == NULL;
  out->histories = options->recorded ? ty_sim_histories (seed.play->world) : NULL;
  memcpy (out->faults, seed.faults, sizeof out->faults);
  memcpy (out->effects, seed.effects, sizeof out->effects);
  play_free (seed.play);
  g_array_unref (seed.plan);
  return seed.scene;
}

void
explore_outcome_clear (ExploreOutcome *outcome)
{
  g_clear_pointer (&outcome->wrong, g_free);
  g_clear_pointer (&outcome->histories, g_free);
}
