/* examples/lab/explore-faults.c: what befalls the processes of a seed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore.h"

#include "core/packet.h"
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
  [FAULT_RIVALS] = "rivals",       [FAULT_WHISPER] = "whisper",
};

/* How often each comes, of the sum. */
static const guint weights[N_FAULTS] = {
  [FAULT_CRASH] = 4,   [FAULT_UNPLUG] = 3,   [FAULT_STEP] = 8,      [FAULT_FLUSH] = 8,    [FAULT_RESTART] = 12,
  [FAULT_JOIN] = 3,    [FAULT_LEAVE] = 4,    [FAULT_STOP] = 6,      [FAULT_CONTINUE] = 8, [FAULT_CUT] = 6,
  [FAULT_ONE_WAY] = 4, [FAULT_STAR] = 4,     [FAULT_PARTITION] = 4, [FAULT_FLAP] = 2,     [FAULT_HEAL] = 10,
  [FAULT_BREAK] = 8,   [FAULT_DELAY] = 4,    [FAULT_SLOW] = 3,      [FAULT_CHOKE] = 2,    [FAULT_CLOCK] = 2,
  [FAULT_NOISE] = 2,   [FAULT_TRANSFER] = 4, [FAULT_BLINK] = 3,     [FAULT_DEAF] = 3,     [FAULT_ALONE] = 2,
  [FAULT_DOOM] = 3,    [FAULT_LAG] = 2,      [FAULT_LOSE] = 4,      [FAULT_HOLD] = 4,     [FAULT_LINGER] = 2,
  [FAULT_RIVALS] = 2,  [FAULT_WHISPER] = 2,
};

static TySimProcess *
process (Seed *seed, guint site)
{
  return seed_site (seed, site)->newest;
}

static guint
any_site (Seed *seed)
{
  return (guint) pick (seed, 0, seed->n_sites - 1);
}

/* A random site whose process lives (or does not), or n_sites. */
static guint
pick_site (Seed *seed, gboolean alive)
{
  guint first = any_site (seed);
  for (guint i = 0; i < seed->n_sites; i++)
    {
      guint site = (first + i) % seed->n_sites;
      if (ty_sim_is_alive (process (seed, site)) == alive)
        return site;
    }
  return seed->n_sites;
}

/* Mostly those who are left should be able to go on; now and then they may not. */
static gboolean
may_kill (Seed *seed, guint site)
{
  if (site == seed->n_sites)
    return FALSE;
  if (chance (seed, 25))
    return TRUE;
  for (guint g = 0; g < seed->scene->n_groups; g++)
    if (!play_has_quorum (seed->play, g, process (seed, site)))
      return FALSE;
  return TRUE;
}

/* Where the process of rank 0 lives, as `site` sees it: it numbers, and it is who would coordinate. */
static guint
oldest (Seed *seed, guint site)
{
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1);
  if (site == seed->n_sites || stage_part (process (seed, site), g) == NULL || !ty_sim_is_alive (process (seed, site)))
    return site;
  const TyetView *view = stage_part (process (seed, site), g)->view;
  for (guint i = 0; view != NULL && i < seed->n_sites; i++)
    if (ty_sim_is_alive (process (seed, i)) && g_str_equal (ty_sim_name (process (seed, i)), view->members[0].name))
      return i;
  return site;
}

/* The oldest, half of the time. */
static guint
pick_victim (Seed *seed)
{
  guint site = pick_site (seed, TRUE);
  return chance (seed, 2) ? site : oldest (seed, site);
}

/* ---- Crashes ---- */

static SceneStep *
some_messages (Seed *seed, guint site, guint g)
{
  const Part *part = stage_part (process (seed, site), g);
  guint n = (guint) pick (seed, 0, 6);
  if (n == 0 || !play_takes_part (part) || !part->entered || part->leaving || ty_sim_is_stopped (process (seed, site)))
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
static void
burst (Seed *seed, guint site)
{
  for (guint g = 0; g < seed->scene->n_groups; g++)
    {
      SceneStep *step = some_messages (seed, site, g);
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

static gboolean
leave (Seed *seed)
{
  guint site = pick_site (seed, TRUE);
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1);
  if (site == seed->n_sites || !play_takes_part (stage_part (process (seed, site), g))
      || !stage_part (process (seed, site), g)->entered || stage_part (process (seed, site), g)->leaving)
    return FALSE;
  SceneStep *step = seed_step (seed, DO_LEAVE, site);
  step->group = g;
  return seed_do (seed, step);
}

/* Who dies in a step or a flush should die in an interesting one: there is to be a round. */
static void
cause_a_round (Seed *seed, guint site)
{
  guint other = pick_site (seed, TRUE);
  switch (pick (seed, 0, 3))
    {
    case 0:
      if (other != site && may_kill (seed, other))
        crash (seed, other, UNIT_NONE, 0);
      break;
    case 1:
      leave (seed);
      break;
    case 2:
      if (other != site && may_kill (seed, other))
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
  if (!may_kill (seed, site))
    return FALSE;
  if (fault == FAULT_UNPLUG)
    return seed_do (seed, seed_step (seed, DO_UNPLUG, site));
  if (fault == FAULT_CRASH)
    return crash (seed, site, UNIT_NONE, 0);
  if (fault == FAULT_STEP)
    crash (seed, site, UNIT_EFFECTS, pick (seed, 0, chance (seed, 2) ? 12 : 100));
  else
    crash (seed, site, UNIT_WRITES, pick (seed, 0, chance (seed, 2) ? 6 : 40));
  burst (seed, site);
  cause_a_round (seed, site);
  return TRUE;
}

/* Who gives a state, or takes one. */
static gboolean
crash_in_transfer (Seed *seed)
{
  guint first = any_site (seed);
  for (guint i = 0; i < seed->n_sites; i++)
    for (guint g = 0; g < seed->scene->n_groups; g++)
      {
        guint site = (first + i) % seed->n_sites;
        const Part *part = stage_part (process (seed, site), g);
        if (!play_takes_part (part) || (part->to_write == 0 && (part->entered || part->view == NULL)))
          continue;
        return may_kill (seed, site) && crash (seed, site, UNIT_NONE, 0);
      }
  /* There is none: let there be one, and come back to it. */
  guint site = pick_site (seed, FALSE);
  if (site == seed->n_sites || !seed->scene->with_state)
    return FALSE;
  seed_do (seed, seed_step (seed, DO_RESTART, site));
  guint victim = chance (seed, 2) ? site : pick_site (seed, TRUE);
  if (!may_kill (seed, victim))
    return TRUE;
  SceneStep *step = seed_step (seed, DO_CRASH, victim);
  seed_plan (seed, play_now (seed->play) + (gint64) pick (seed, 1000, 60000), step);
  return TRUE;
}

static gboolean restart (Seed *seed);

/* Who coordinates is heard of late by one, and the others talk in the next view meanwhile. */
static gboolean
lag (Seed *seed, guint site)
{
  guint first = oldest (seed, site);
  if (first == site || first == seed->n_sites)
    return FALSE;
  SceneStep *step = seed_step2 (seed, DO_DELAY, first, site);
  step->us = (gint64) pick (seed, 20000, 150000);
  gint64 until = play_now (seed->play) + step->us;
  seed_do (seed, step);
  if (!leave (seed))
    restart (seed);
  for (guint n = (guint) pick (seed, 3, 12); n > 0; n--)
    {
      guint who = any_site (seed);
      gint64 at = (gint64) pick (seed, (guint64) play_now (seed->play), (guint64) until);
      SceneStep *send = who != site ? some_messages (seed, who, 0) : NULL;
      if (send != NULL)
        seed_plan (seed, at, send);
    }
  return TRUE;
}

/* ---- Comings and goings ---- */

static gboolean
restart (Seed *seed)
{
  guint site = pick_site (seed, FALSE);
  return site < seed->n_sites && seed_do (seed, seed_step (seed, DO_RESTART, site));
}

/* Everyone who is dead comes back, and some who live do, too. */
static gboolean
herd_comes (Seed *seed)
{
  gboolean any = FALSE;
  for (guint site = 0; site < seed->n_sites; site++)
    if (!ty_sim_is_alive (process (seed, site)) || (chance (seed, 3) && may_kill (seed, site)))
      any |= seed_do (seed, seed_step (seed, DO_RESTART, site));
  return any;
}

static gboolean
herd_goes (Seed *seed)
{
  gboolean any = FALSE;
  for (guint n = chance (seed, 3) ? (guint) pick (seed, 1, seed->n_sites) : 1; n > 0; n--)
    any |= leave (seed);
  return any;
}

static gboolean
stop_or_continue (Seed *seed, gboolean stop)
{
  guint first = any_site (seed);
  for (guint i = 0; i < seed->n_sites; i++)
    {
      guint site = (first + i) % seed->n_sites;
      if (ty_sim_is_alive (process (seed, site)) && ty_sim_is_stopped (process (seed, site)) != stop)
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

static char **
all_but (Seed *seed, guint site, guint other)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < seed->n_sites; i++)
    if (i != site && i != other)
      g_strv_builder_add (names, seed_site (seed, i)->name);
  return g_strv_builder_end (names);
}

/* "VERB site ... all others" */
static SceneStep *
from_all (Seed *seed, SceneDo what, guint site)
{
  SceneStep *step = seed_step (seed, what, site);
  step->others = all_but (seed, site, site);
  return step;
}

static gboolean
cut_off (Seed *seed, guint site)
{
  return seed->n_sites > 1 && seed_do (seed, from_all (seed, DO_CUT, site));
}

/* ---- Several things that make a rare one together ---- */

/* Others may have begun a round without it, and not ended it. */
static gboolean
blink (Seed *seed, guint site)
{
  gint64 usual = seed->scene->config.node.suspect_after_us;
  if (!cut_off (seed, site))
    return FALSE;
  gint64 again = play_now (seed->play) + (gint64) pick (seed, (guint64) usual / 2, (guint64) usual * 2);
  seed_plan (seed, again, from_all (seed, DO_HEAL, site));
  return TRUE;
}

static gboolean
deafen (Seed *seed, guint site)
{
  gboolean hears = chance (seed, 3);
  if (seed->n_sites < 2)
    return FALSE;
  SceneStep *step = from_all (seed, DO_CUT_TOWARDS, site);
  if (!hears)
    {
      char **all = step->who;
      step->who = step->others;
      step->others = all;
    }
  seed_do (seed, step);
  burst (seed, site);
  return TRUE;
}

static gboolean
leave_alone (Seed *seed, guint site)
{
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1), n = 0;
  for (guint i = 0; i < seed->n_sites; i++)
    {
      const Part *part = stage_part (process (seed, i), g);
      if (i == site || !play_takes_part (part) || !part->entered || part->leaving)
        continue;
      SceneStep *step = seed_step (seed, DO_LEAVE, i);
      step->group = g;
      n += seed_do (seed, step);
    }
  if (n > 0)
    seed_plan (seed, play_now (seed->play) + (gint64) pick (seed, 0, chance (seed, 2) ? 2000 : 60000),
               from_all (seed, DO_CUT, site));
  return n > 0;
}

#define BIT(type) (G_GUINT64_CONSTANT (1) << (type))

/* What a round is made of, and what it needs. */
static const guint64 of_rounds[] = {
  BIT (TY_PACKET_PREPARE), BIT (TY_PACKET_STATE),   BIT (TY_PACKET_PROPOSE),
  BIT (TY_PACKET_FLUSH),   BIT (TY_PACKET_DECIDED), BIT (TY_PACKET_NEED) | BIT (TY_PACKET_NACK),
  BIT (TY_PACKET_FORWARD), BIT (TY_PACKET_SUSPECT), BIT (TY_PACKET_DATA) | BIT (TY_PACKET_ORDERING),
};

static gint64
a_while (Seed *seed)
{
  guint64 usual = (guint64) seed->scene->config.node.suspect_after_us;
  return (gint64) pick (seed, usual / 5, 2 * usual);
}

static gboolean
hold (Seed *seed, guint64 kinds, guint from, guint to, gint64 us)
{
  SceneStep *step = seed_step2 (seed, DO_HOLD, from, to);
  step->number = (gint64) kinds;
  step->us = us;
  return seed_do (seed, step);
}

gboolean
explore_linger (Seed *seed)
{
  gint64 us = a_while (seed);
  for (guint a = 0; a < seed->n_sites; a++)
    for (guint b = 0; b < seed->n_sites; b++)
      {
        guint64 kinds = 0;
        for (guint k = 0; k < G_N_ELEMENTS (of_rounds); k++)
          kinds |= chance (seed, k < 6 ? 3 : 8) ? of_rounds[k] : 0;
        if (a != b && kinds != 0)
          hold (seed, kinds, a, b, us);
      }
  return TRUE;
}

/* What it is just being told is lost. */
static gboolean
lose (Seed *seed, guint a, guint b)
{
  burst (seed, b);
  if (chance (seed, 2))
    play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, 0, 2000));
  return seed_do (seed, seed_step2 (seed, DO_LOSE, a, b));
}

/* About as long as it takes from one to another. */
static gint64
a_hop (Seed *seed)
{
  const TySimWorldConfig *c = &seed->scene->config;
  return c->net.delay_max_us + c->turn_max_us + 200;
}

static void
hold_from_to_all (Seed *seed, guint64 kinds, guint from, guint but, gint64 us)
{
  SceneStep *step = seed_step (seed, DO_HOLD, from);
  step->others = all_but (seed, from, but);
  step->number = (gint64) kinds;
  step->us = us;
  if (step->others[0] != NULL)
    seed_do (seed, step);
  else
    scene_step_free (step);
}

static void
hold_to_from_all (Seed *seed, guint64 kinds, guint to, gint64 us)
{
  SceneStep *step = scene_step_new (DO_HOLD);
  step->who = all_but (seed, to, to);
  step->others = seed_step_name (to);
  step->number = (gint64) kinds;
  step->us = us;
  seed_do (seed, step);
}

/* What only two have, who die with it, after a round may have counted on it. */
static gboolean
doom (Seed *seed, guint site)
{
  guint first = oldest (seed, site);
  guint coming = pick_site (seed, FALSE);
  if (first == site || first == seed->n_sites || seed->n_sites < 5)
    return FALSE;
  gboolean told = coming < seed->n_sites && chance (seed, 2);
  if (told)
    hold_from_to_all (seed, BIT (TY_PACKET_DATA), site, first, a_while (seed));
  else
    {
      SceneStep *cut = seed_step (seed, DO_CUT, site);
      cut->others = all_but (seed, site, first);
      seed_do (seed, cut);
    }
  burst (seed, site);
  burst (seed, first);
  if (coming < seed->n_sites)
    seed_do (seed, seed_step (seed, DO_RESTART, coming));
  /* It alone has heard what the round comes to. */
  if (told)
    {
      hold_from_to_all (seed, BIT (TY_PACKET_PROPOSE) | BIT (TY_PACKET_FORWARD), first, coming, a_while (seed));
      seed_when_sent (seed, coming, "FLUSH", seed_step (seed, DO_CRASH, first));
      seed_when_sent (seed, coming, "FLUSH", seed_step (seed, DO_CRASH, site));
      return TRUE;
    }
  gint64 at = play_now (seed->play) + (gint64) pick (seed, 200, chance (seed, 2) ? 6000 : 100000);
  seed_plan (seed, at, seed_step (seed, DO_CRASH, site));
  SceneStep *step = seed_step (seed, DO_CRASH, first);
  step->unit = chance (seed, 2) ? UNIT_EFFECTS : UNIT_NONE;
  step->number = step->unit == UNIT_EFFECTS ? (gint64) pick (seed, 0, 20) : 0;
  seed_plan (seed, at, step);
  return TRUE;
}

/* The two oldest lose each other, and each begins a round; what they propose comes late, and what is decided later. */
static gboolean
rivals (Seed *seed, guint site)
{
  guint a = oldest (seed, site), b = site;
  guint64 usual = (guint64) seed->scene->config.node.suspect_after_us;
  if (a == b || a == seed->n_sites || seed->n_sites < 3)
    return FALSE;
  seed_do (seed, seed_step2 (seed, DO_CUT, a, b));
  for (guint i = 0; i < 2; i++)
    {
      guint first = i == 0 ? a : b, other = i == 0 ? b : a;
      hold_from_to_all (seed, BIT (TY_PACKET_FLUSH) | BIT (TY_PACKET_DECIDED), first, other,
                        (gint64) pick (seed, usual, 4 * usual));
      hold_from_to_all (seed, BIT (TY_PACKET_PROPOSE), first, other, (gint64) pick (seed, usual / 10, 2 * usual));
    }
  seed_do (seed, seed_step2 (seed, DO_LOSE, a, b));
  seed_plan (seed, play_now (seed->play) + (gint64) pick (seed, usual, 6 * usual), seed_step2 (seed, DO_HEAL, a, b));
  return TRUE;
}

static void
say (Seed *seed, guint site)
{
  SceneStep *step = some_messages (seed, site, 0);
  if (step != NULL)
    seed_do (seed, step);
}

/* One does not hear of a round, and is lost by the others in the middle of it. Before that, what some say reaches the
 * oldest alone, who then dies; or reaches all but the oldest, and him once the round is on. */
static gboolean
whisper (Seed *seed, guint site)
{
  guint first = oldest (seed, site);
  gint64 now = play_now (seed->play), hop = a_hop (seed);
  gboolean dies = chance (seed, 2);
  if (first == site || first == seed->n_sites || seed->n_sites < 4)
    return FALSE;
  if (dies)
    hold_from_to_all (seed, BIT (TY_PACKET_DATA), site, first, (gint64) pick (seed, 6, 12) * hop);
  for (guint i = 0; !dies && i < seed->n_sites; i++)
    if (i != first && i != site)
      {
        hold (seed, BIT (TY_PACKET_DATA), i, first, (gint64) pick (seed, 6, 12) * hop);
        say (seed, i);
      }
  hold_to_from_all (seed, BIT (TY_PACKET_PREPARE), site, 20 * hop + seed->scene->config.node.suspect_after_us);
  if (dies)
    say (seed, site);
  else if (!leave (seed))
    restart (seed);
  if (dies)
    seed_plan (seed, now + (gint64) pick (seed, 2, 4) * hop, seed_step (seed, DO_CRASH, first));
  gint64 at = now + (gint64) pick (seed, 10, 18) * hop;
  SceneStep *lost = seed_step (seed, DO_LOSE, 0);
  g_strfreev (lost->who);
  lost->who = all_but (seed, site, dies ? first : site);
  lost->others = seed_step_name (site);
  seed_plan (seed, at, lost);
  seed_plan (seed, at, from_all (seed, DO_CUT, site));
  return TRUE;
}

void
explore_two_halves (Seed *seed, guint n)
{
  guint votes = (guint) pick (seed, 0, n - 1);
  gint64 now = play_now (seed->play);
  guint64 usual = (guint64) seed->scene->config.node.suspect_after_us;
  g_autoptr (GStrvBuilder) one = g_strv_builder_new (), two = g_strv_builder_new ();
  for (guint i = 0, k = 0; i < n; i++)
    if (i != votes)
      g_strv_builder_add (k++ % 2 == 0 ? one : two, seed_site (seed, i)->name);
  for (guint phase = 0; phase < 2; phase++)
    {
      SceneStep *step = phase == 0 ? seed_step (seed, DO_CUT, votes) : seed_step (seed, DO_HEAL, votes);
      step->others = g_strv_builder_end (two);
      for (guint i = 0; step->others[i] != NULL; i++)
        g_strv_builder_add (two, step->others[i]);
      SceneStep *apart = scene_step_new (DO_CUT);
      apart->who = g_strv_builder_end (one);
      for (guint i = 0; apart->who[i] != NULL; i++)
        g_strv_builder_add (one, apart->who[i]);
      apart->others = g_strdupv (step->others);
      seed_do (seed, step);
      if (phase == 0)
        {
          seed_do (seed, apart);
          seed_when_sent (seed, votes, "FLUSH", seed_step (seed, DO_CRASH, votes));
          play_run_to (seed->play, now + (gint64) pick (seed, usual, 4 * usual));
          continue;
        }
      g_strfreev (apart->others);
      apart->others = seed_step_name (votes);
      seed_do (seed, apart);
      if (!ty_sim_is_alive (process (seed, votes)))
        seed_do (seed, seed_step (seed, DO_RESTART, votes));
      play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, usual, 4 * usual));
    }
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
  if (!ty_sim_is_alive (process (seed, site)))
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
  guint a = any_site (seed);
  guint b = (a + (guint) pick (seed, 1, seed->n_sites - 1)) % seed->n_sites;
  SceneStep *step;
  switch (fault)
    {
    case FAULT_CUT:
      return seed_do (seed, seed_step2 (seed, DO_CUT, a, b));
    case FAULT_ONE_WAY:
      return seed_do (seed, seed_step2 (seed, DO_CUT_TOWARDS, a, b));
    case FAULT_STAR:
      return cut_off (seed, a);
    case FAULT_PARTITION:
      return partition (seed, chance (seed, 3) ? 3 : 2);
    case FAULT_FLAP:
      return flap (seed, a, b);
    case FAULT_HEAL:
      return seed_do (seed, chance (seed, 3) ? seed_step2 (seed, DO_HEAL, a, b) : scene_step_new (DO_HEAL_ALL));
    case FAULT_BREAK:
      return seed_do (seed, seed_step2 (seed, DO_BREAK, a, b));
    case FAULT_LOSE:
      return lose (seed, a, b);
    case FAULT_HOLD:
      return hold (seed, of_rounds[pick (seed, 0, G_N_ELEMENTS (of_rounds) - 1)], a, b, a_while (seed));
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
      cause_a_round (seed, any_site (seed));
      return explore_linger (seed);
    case FAULT_RIVALS:
      return rivals (seed, any_site (seed));
    case FAULT_WHISPER:
      return whisper (seed, any_site (seed));
    case FAULT_BLINK:
      return blink (seed, any_site (seed));
    case FAULT_DEAF:
      return deafen (seed, any_site (seed));
    case FAULT_ALONE:
      return leave_alone (seed, any_site (seed));
    case FAULT_LAG:
      return lag (seed, any_site (seed));
    case FAULT_DOOM:
      return doom (seed, any_site (seed));
    case FAULT_TRANSFER:
      return crash_in_transfer (seed);
    case FAULT_RESTART:
      return restart (seed);
    case FAULT_JOIN:
      return herd_comes (seed);
    case FAULT_LEAVE:
      return herd_goes (seed);
    case FAULT_STOP:
    case FAULT_CONTINUE:
      return stop_or_continue (seed, fault == FAULT_STOP);
    case FAULT_SLOW:
      return with_number (seed, DO_SLOW, any_site (seed), 0, (gint64) pick (seed, 0, 50000));
    case FAULT_CHOKE:
      return with_number (seed, DO_CHOKE, any_site (seed), (gint64) pick (seed, 20, 5000), 0);
    case FAULT_CLOCK:
      return with_number (seed, DO_CLOCK, any_site (seed),
                          (gint64) pick (seed, 0, 2 * EXPLORE_MAX_PPM) - EXPLORE_MAX_PPM, 0);
    case FAULT_NOISE:
      return with_number (seed, DO_NOISE, any_site (seed), (gint64) pick (seed, 1, 2000), 0);
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
      guint32 may = seed->options->faults;
      if (seed->rounds && (may & EXPLORE_ROUNDS) != 0)
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
