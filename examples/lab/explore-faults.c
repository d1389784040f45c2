/* examples/lab/explore-faults.c: what befalls the processes of a seed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-faults.h"

#include "core/view.h"

const char *const fault_names[N_FAULTS] = {
  [FAULT_CRASH] = "crash",         [FAULT_UNPLUG] = "unplug",     [FAULT_STEP] = "step",       [FAULT_FLUSH] = "flush",
  [FAULT_RESTART] = "restart",     [FAULT_JOIN] = "join",         [FAULT_LEAVE] = "leave",     [FAULT_STOP] = "stop",
  [FAULT_CONTINUE] = "continue",   [FAULT_CUT] = "cut",           [FAULT_ONE_WAY] = "one-way", [FAULT_STAR] = "star",
  [FAULT_PARTITION] = "partition", [FAULT_FLAP] = "flap",         [FAULT_HEAL] = "heal",       [FAULT_BREAK] = "break",
  [FAULT_DELAY] = "delay",         [FAULT_SLOW] = "slow",         [FAULT_CHOKE] = "choke",     [FAULT_CLOCK] = "clock",
  [FAULT_NOISE] = "noise",         [FAULT_TRANSFER] = "transfer", [FAULT_BLINK] = "blink",     [FAULT_DEAF] = "deaf",
  [FAULT_ALONE] = "alone",         [FAULT_DOOM] = "doom",         [FAULT_LAG] = "lag",
  [FAULT_LOSE] = "lose",           [FAULT_HOLD] = "hold",         [FAULT_LINGER] = "linger",
  [FAULT_RIVALS] = "rivals",       [FAULT_WHISPER] = "whisper",   [FAULT_FLOOD] = "flood",
  [FAULT_STRAY] = "stray",
};

/* How often each comes, of the sum. */
static const guint weights[N_FAULTS] = {
  [FAULT_CRASH] = 4,   [FAULT_UNPLUG] = 3,   [FAULT_STEP] = 8,      [FAULT_FLUSH] = 8,    [FAULT_RESTART] = 12,
  [FAULT_JOIN] = 3,    [FAULT_LEAVE] = 4,    [FAULT_STOP] = 6,      [FAULT_CONTINUE] = 8, [FAULT_CUT] = 6,
  [FAULT_ONE_WAY] = 4, [FAULT_STAR] = 4,     [FAULT_PARTITION] = 4, [FAULT_FLAP] = 2,     [FAULT_HEAL] = 10,
  [FAULT_BREAK] = 8,   [FAULT_DELAY] = 4,    [FAULT_SLOW] = 3,      [FAULT_CHOKE] = 2,    [FAULT_CLOCK] = 2,
  [FAULT_NOISE] = 2,   [FAULT_TRANSFER] = 4, [FAULT_BLINK] = 3,     [FAULT_DEAF] = 3,     [FAULT_ALONE] = 2,
  [FAULT_DOOM] = 3,    [FAULT_LAG] = 2,      [FAULT_LOSE] = 4,      [FAULT_HOLD] = 4,     [FAULT_LINGER] = 2,
  [FAULT_RIVALS] = 2,  [FAULT_WHISPER] = 2,  [FAULT_FLOOD] = 8,     [FAULT_STRAY] = 8,
};

TySimProcess *
fault_process (Seed *seed, guint site)
{
  return seed_site (seed, site)->newest;
}

guint
fault_any_site (Seed *seed)
{
  return (guint) pick (seed, 0, seed->n_sites - 1);
}

/* A random site whose process lives (or does not), or n_sites. */
guint
fault_pick_site (Seed *seed, gboolean alive)
{
  guint first = fault_any_site (seed);
  for (guint i = 0; i < seed->n_sites; i++)
    {
      guint site = (first + i) % seed->n_sites;
      if (ty_sim_is_alive (fault_process (seed, site)) == alive)
        return site;
    }
  return seed->n_sites;
}

/* Mostly those who are left should be able to go on; now and then they may not. */
gboolean
fault_may_kill (Seed *seed, guint site)
{
  if (site == seed->n_sites)
    return FALSE;
  if (chance (seed, 25))
    return TRUE;
  for (guint g = 0; g < seed->scene->n_groups; g++)
    if (!play_has_quorum (seed->play, g, fault_process (seed, site)))
      return FALSE;
  return TRUE;
}

/* Where the process of rank 0 lives, as `site` sees it: it numbers, and it is who would coordinate. */
guint
fault_oldest (Seed *seed, guint site)
{
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1);
  TySimProcess *p = site < seed->n_sites ? fault_process (seed, site) : NULL;
  if (p == NULL || stage_part (p, g) == NULL || !ty_sim_is_alive (p))
    return site;
  const TyetView *view = stage_part (p, g)->view;
  for (guint i = 0; view != NULL && i < seed->n_sites; i++)
    {
      p = fault_process (seed, i);
      if (ty_sim_is_alive (p) && g_str_equal (ty_sim_name (p), view->members[0].name))
        return i;
    }
  return site;
}

/* The oldest, half of the time. */
static guint
pick_victim (Seed *seed)
{
  guint site = fault_pick_site (seed, TRUE);
  return chance (seed, 2) ? site : fault_oldest (seed, site);
}

/* ---- Crashes ---- */

SceneStep *
fault_messages (Seed *seed, guint site, guint g)
{
  TySimProcess *p = fault_process (seed, site);
  const Part *part = stage_part (p, g);
  guint n = (guint) pick (seed, 0, 6);
  if (n == 0 || !play_takes_part (part) || !part->entered || part->leaving || ty_sim_is_stopped (p))
    return NULL;
  SceneStep *step = seed_step (seed, DO_SEND, site);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("m%u", ++seed->n_messages);
      g_strv_builder_add (names, name);
    }
  step->others = g_strv_builder_end (names);
  step->has_service = TRUE;
  step->service = stage_service (part, pick (seed, 0, 100));
  step->number = (gint64) pick (seed, 0, 3000);
  step->group = g;
  return step;
}

/* So that something is under way that only some have. */
void
fault_burst (Seed *seed, guint site)
{
  for (guint g = 0; g < seed->scene->n_groups; g++)
    {
      SceneStep *step = fault_messages (seed, site, g);
      if (step != NULL)
        seed_do (seed, step);
    }
}

static gboolean
crash (Seed *seed, guint site, SceneUnit unit, guint64 number)
{
  SceneStep *step = seed_step (seed, DO_CRASH, site);
  step->unit = unit;
  step->number = (gint64) number;
  return seed_do (seed, step);
}

gboolean
fault_leave (Seed *seed)
{
  guint site = fault_pick_site (seed, TRUE);
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1);
  if (site == seed->n_sites || !play_takes_part (stage_part (fault_process (seed, site), g))
      || !stage_part (fault_process (seed, site), g)->entered || stage_part (fault_process (seed, site), g)->leaving)
    return FALSE;
  SceneStep *step = seed_step (seed, DO_LEAVE, site);
  step->group = g;
  return seed_do (seed, step);
}

/* Who dies in a step or a flush should die in an interesting one: there is to be a round. */
void
fault_cause_round (Seed *seed, guint site)
{
  guint other = fault_pick_site (seed, TRUE);
  switch (pick (seed, 0, 3))
    {
    case 0:
      if (other != site && fault_may_kill (seed, other))
        crash (seed, other, UNIT_NONE, 0);
      break;
    case 1:
      fault_leave (seed);
      break;
    case 2:
      if (other != site && fault_may_kill (seed, other))
        crash (seed, other, UNIT_EFFECTS, pick (seed, 0, 40));
      break;
    default:
      break;
    }
}

static gboolean
crash_someone (Seed *seed, Fault fault)
{
  guint site = pick_victim (seed);
  if (!fault_may_kill (seed, site))
    return FALSE;
  if (fault == FAULT_UNPLUG)
    return seed_do (seed, seed_step (seed, DO_UNPLUG, site));
  if (fault == FAULT_CRASH)
    return crash (seed, site, UNIT_NONE, 0);
  if (fault == FAULT_STEP)
    crash (seed, site, UNIT_EFFECTS, pick (seed, 0, chance (seed, 2) ? 12 : 100));
  else
    crash (seed, site, UNIT_WRITES, pick (seed, 0, chance (seed, 2) ? 6 : 40));
  fault_burst (seed, site);
  fault_cause_round (seed, site);
  return TRUE;
}

/* Who gives a state, or takes one. */
static gboolean
crash_in_transfer (Seed *seed)
{
  guint first = fault_any_site (seed);
  for (guint i = 0; i < seed->n_sites; i++)
    for (guint g = 0; g < seed->scene->n_groups; g++)
      {
        guint site = (first + i) % seed->n_sites;
        const Part *part = stage_part (fault_process (seed, site), g);
        if (!play_takes_part (part) || (part->to_write == 0 && (part->entered || part->view == NULL)))
          continue;
        return fault_may_kill (seed, site) && crash (seed, site, UNIT_NONE, 0);
      }
  /* There is none: let there be one, and come back to it. */
  guint site = fault_pick_site (seed, FALSE);
  if (site == seed->n_sites || !seed->scene->with_state)
    return FALSE;
  seed_do (seed, seed_step (seed, DO_RESTART, site));
  guint victim = chance (seed, 2) ? site : fault_pick_site (seed, TRUE);
  if (!fault_may_kill (seed, victim))
    return TRUE;
  SceneStep *step = seed_step (seed, DO_CRASH, victim);
  seed_plan (seed, play_now (seed->play) + (gint64) pick (seed, 1000, 60000), step);
  return TRUE;
}

/* ---- Comings and goings ---- */

gboolean
fault_restart (Seed *seed)
{
  guint site = fault_pick_site (seed, FALSE);
  return site < seed->n_sites && seed_do (seed, seed_step (seed, DO_RESTART, site));
}

/* Everyone who is dead comes back, and some who live do, too. */
static gboolean
herd_comes (Seed *seed)
{
  gboolean any = FALSE;
  for (guint site = 0; site < seed->n_sites; site++)
    if (!ty_sim_is_alive (fault_process (seed, site)) || (chance (seed, 3) && fault_may_kill (seed, site)))
      any |= seed_do (seed, seed_step (seed, DO_RESTART, site));
  return any;
}

static gboolean
herd_goes (Seed *seed)
{
  gboolean any = FALSE;
  for (guint n = chance (seed, 3) ? (guint) pick (seed, 1, seed->n_sites) : 1; n > 0; n--)
    any |= fault_leave (seed);
  return any;
}

static gboolean
stop_or_continue (Seed *seed, gboolean stop)
{
  guint first = fault_any_site (seed);
  for (guint i = 0; i < seed->n_sites; i++)
    {
      guint site = (first + i) % seed->n_sites;
      if (ty_sim_is_alive (fault_process (seed, site)) && ty_sim_is_stopped (fault_process (seed, site)) != stop)
        return seed_do (seed, seed_step (seed, stop ? DO_STOP : DO_CONTINUE, site));
    }
  return FALSE;
}

/* ---- The network ---- */

static char **
names_of (Seed *seed, const guint *part_of, guint part, gboolean but)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < seed->n_sites; i++)
    if ((part_of[i] == part) != but)
      g_strv_builder_add (names, seed_site (seed, i)->name);
  return g_strv_builder_end (names);
}

/* Each of the parts from all that is not of it. */
static gboolean
partition (Seed *seed, guint n_parts)
{
  g_autofree guint *part_of = g_new0 (guint, seed->n_sites);
  for (guint i = 0; i < seed->n_sites; i++)
    part_of[i] = (guint) pick (seed, 0, n_parts - 1);
  gboolean any = FALSE;
  for (guint part = 0; part + 1 < n_parts; part++)
    {
      SceneStep *step = scene_step_new (DO_CUT);
      step->who = names_of (seed, part_of, part, FALSE);
      step->others = names_of (seed, part_of, part, TRUE);
      if (step->who[0] == NULL || step->others[0] == NULL)
        scene_step_free (step);
      else
        any |= seed_do (seed, step);
    }
  return any;
}

static gboolean
flap (Seed *seed, guint a, guint b)
{
  gint64 at = play_now (seed->play);
  for (guint n = (guint) pick (seed, 2, 6); n > 0; n--)
    {
      at += (gint64) pick (seed, 1000, 400000);
      seed_plan (seed, at, seed_step2 (seed, DO_CUT, a, b));
      at += (gint64) pick (seed, 1000, 400000);
      seed_plan (seed, at, seed_step2 (seed, DO_HEAL, a, b));
    }
  return TRUE;
}

static gboolean
with_number (Seed *seed, SceneDo what, guint site, gint64 number, gint64 us)
{
  if (!ty_sim_is_alive (fault_process (seed, site)))
    return FALSE;
  SceneStep *step = seed_step (seed, what, site);
  step->number = number;
  step->us = us;
  return seed_do (seed, step);
}

/* Between two of them. */
static gboolean
befall_way (Seed *seed, Fault fault)
{
  if (seed->n_sites < 2)
    return FALSE;
  guint a = fault_any_site (seed);
  guint b = (a + (guint) pick (seed, 1, seed->n_sites - 1)) % seed->n_sites;
  SceneStep *step;
  switch (fault)
    {
    case FAULT_CUT:
      return seed_do (seed, seed_step2 (seed, DO_CUT, a, b));
    case FAULT_ONE_WAY:
      return seed_do (seed, seed_step2 (seed, DO_CUT_TOWARDS, a, b));
    case FAULT_STAR:
      return fault_cut_off (seed, a);
    case FAULT_PARTITION:
      return partition (seed, chance (seed, 3) ? 3 : 2);
    case FAULT_FLAP:
      return flap (seed, a, b);
    case FAULT_HEAL:
      return seed_do (seed, chance (seed, 3) ? seed_step2 (seed, DO_HEAL, a, b) : scene_step_new (DO_HEAL_ALL));
    case FAULT_BREAK:
      return seed_do (seed, seed_step2 (seed, DO_BREAK, a, b));
    case FAULT_LOSE:
      return fault_lose (seed, a, b);
    case FAULT_HOLD:
      return fault_hold_some (seed, a, b);
    case FAULT_DELAY:
      step = seed_step2 (seed, DO_DELAY, a, b);
      step->us = (gint64) pick (seed, 0, 100000);
      return seed_do (seed, step);
    default:
      g_assert_not_reached ();
    }
}

/* FALSE: there is nobody for it. */
static gboolean
befall (Seed *seed, Fault fault)
{
  switch (fault)
    {
    case FAULT_CRASH:
    case FAULT_UNPLUG:
    case FAULT_STEP:
    case FAULT_FLUSH:
      return crash_someone (seed, fault);
    case FAULT_LINGER:
      fault_cause_round (seed, fault_any_site (seed));
      return explore_linger (seed);
    case FAULT_RIVALS:
      return fault_rivals (seed, fault_any_site (seed));
    case FAULT_WHISPER:
      return fault_whisper (seed, fault_any_site (seed));
    case FAULT_FLOOD:
      return fault_flood (seed, fault_any_site (seed));
    case FAULT_STRAY:
      return fault_stray (seed, fault_any_site (seed));
    case FAULT_BLINK:
      return fault_blink (seed, fault_any_site (seed));
    case FAULT_DEAF:
      return fault_deafen (seed, fault_any_site (seed));
    case FAULT_ALONE:
      return fault_leave_alone (seed, fault_any_site (seed));
    case FAULT_LAG:
      return fault_lag (seed, fault_any_site (seed));
    case FAULT_DOOM:
      return fault_doom (seed, fault_any_site (seed));
    case FAULT_TRANSFER:
      return crash_in_transfer (seed);
    case FAULT_RESTART:
      return fault_restart (seed);
    case FAULT_JOIN:
      return herd_comes (seed);
    case FAULT_LEAVE:
      return herd_goes (seed);
    case FAULT_STOP:
    case FAULT_CONTINUE:
      return stop_or_continue (seed, fault == FAULT_STOP);
    case FAULT_SLOW:
      return with_number (seed, DO_SLOW, fault_any_site (seed), 0, (gint64) pick (seed, 0, 50000));
    case FAULT_CHOKE:
      return with_number (seed, DO_CHOKE, fault_any_site (seed), (gint64) pick (seed, 20, 5000), 0);
    case FAULT_CLOCK:
      return with_number (seed, DO_CLOCK, fault_any_site (seed),
                          (gint64) pick (seed, 0, 2 * EXPLORE_MAX_PPM) - EXPLORE_MAX_PPM, 0);
    case FAULT_NOISE:
      return with_number (seed, DO_NOISE, fault_any_site (seed), (gint64) pick (seed, 1, 2000), 0);
    default:
      return befall_way (seed, fault);
    }
}

void
explore_fault (Seed *seed)
{
  if (seed->lingers && chance (seed, 2))
    {
      seed->faults[FAULT_LINGER] += explore_linger (seed);
      return;
    }
  /* If there is nobody for the one that is drawn, another is. */
  for (guint tries = 0; tries < 5; tries++)
    {
      guint sum = 0, fault = 0;
      guint64 may = explore_narrow_faults (seed, seed->options->faults);
      if (seed->rounds && !seed->narrow && (may & EXPLORE_ROUNDS) != 0)
        may &= EXPLORE_ROUNDS;
      for (guint i = 0; i < N_FAULTS; i++)
        sum += (may >> i & 1) != 0 ? weights[i] : 0;
      guint draw = (guint) pick (seed, 1, sum);
      for (;; fault++)
        {
          guint weight = (may >> fault & 1) != 0 ? weights[fault] : 0;
          if (draw <= weight)
            break;
          draw -= weight;
        }
      if (!befall (seed, (Fault) fault))
        continue;
      seed->faults[fault]++;
      return;
    }
}
