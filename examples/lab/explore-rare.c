/* examples/lab/explore-rare.c: faults that are made of several things, so that what seldom happens by chance happens:
 * each makes one of the narrow schedules in which a rule of doc/protocol.md is needed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-faults.h"

#include "core/packet.h"

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

gboolean
fault_cut_off (Seed *seed, guint site)
{
  return seed->n_sites > 1 && seed_do (seed, from_all (seed, DO_CUT, site));
}

/* Others may have begun a round without it, and not ended it. */
gboolean
fault_blink (Seed *seed, guint site)
{
  gint64 usual = seed->scene->config.node.suspect_after_us;
  if (!fault_cut_off (seed, site))
    return FALSE;
  gint64 again = play_now (seed->play) + (gint64) pick (seed, (guint64) usual / 2, (guint64) usual * 2);
  seed_plan (seed, again, from_all (seed, DO_HEAL, site));
  return TRUE;
}

gboolean
fault_deafen (Seed *seed, guint site)
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
  fault_burst (seed, site);
  return TRUE;
}

gboolean
fault_leave_alone (Seed *seed, guint site)
{
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1), n = 0;
  for (guint i = 0; i < seed->n_sites; i++)
    {
      const Part *part = stage_part (fault_process (seed, i), g);
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

/* Who coordinates is heard of late by one, and the others talk in the next view meanwhile. */
gboolean
fault_lag (Seed *seed, guint site)
{
  guint first = fault_oldest (seed, site);
  if (first == site || first == seed->n_sites)
    return FALSE;
  SceneStep *step = seed_step2 (seed, DO_DELAY, first, site);
  step->us = (gint64) pick (seed, 20000, 150000);
  gint64 until = play_now (seed->play) + step->us;
  seed_do (seed, step);
  if (!fault_leave (seed))
    fault_restart (seed);
  for (guint n = (guint) pick (seed, 3, 12); n > 0; n--)
    {
      guint who = fault_any_site (seed);
      gint64 at = (gint64) pick (seed, (guint64) play_now (seed->play), (guint64) until);
      SceneStep *send = who != site ? fault_messages (seed, who, 0) : NULL;
      if (send != NULL)
        seed_plan (seed, at, send);
    }
  return TRUE;
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

gboolean
fault_hold (Seed *seed, guint64 kinds, guint from, guint to, gint64 us)
{
  SceneStep *step = seed_step2 (seed, DO_HOLD, from, to);
  step->number = (gint64) kinds;
  step->us = us;
  return seed_do (seed, step);
}

gboolean
fault_hold_some (Seed *seed, guint from, guint to)
{
  return fault_hold (seed, of_rounds[pick (seed, 0, G_N_ELEMENTS (of_rounds) - 1)], from, to, a_while (seed));
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
          fault_hold (seed, kinds, a, b, us);
      }
  return TRUE;
}

/* What it is just being told is lost. */
gboolean
fault_lose (Seed *seed, guint a, guint b)
{
  fault_burst (seed, b);
  if (chance (seed, 2))
    play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, 0, 2000));
  return seed_do (seed, seed_step2 (seed, DO_LOSE, a, b));
}

gint64
fault_hop (Seed *seed)
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
gboolean
fault_doom (Seed *seed, guint site)
{
  guint first = fault_oldest (seed, site);
  guint coming = fault_pick_site (seed, FALSE);
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
  fault_burst (seed, site);
  fault_burst (seed, first);
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
gboolean
fault_rivals (Seed *seed, guint site)
{
  guint a = fault_oldest (seed, site), b = site;
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
  SceneStep *step = fault_messages (seed, site, 0);
  if (step != NULL)
    seed_do (seed, step);
}

/* One does not hear of a round, and is lost by the others in the middle of it. Before that, what some say reaches the
 * oldest alone, who then dies; or reaches all but the oldest, and him once the round is on. */
gboolean
fault_whisper (Seed *seed, guint site)
{
  guint first = fault_oldest (seed, site);
  gint64 now = play_now (seed->play), hop = fault_hop (seed);
  gboolean dies = chance (seed, 2);
  if (first == site || first == seed->n_sites || seed->n_sites < 4)
    return FALSE;
  if (dies)
    hold_from_to_all (seed, BIT (TY_PACKET_DATA), site, first, (gint64) pick (seed, 6, 12) * hop);
  for (guint i = 0; !dies && i < seed->n_sites; i++)
    if (i != first && i != site)
      {
        fault_hold (seed, BIT (TY_PACKET_DATA), i, first, (gint64) pick (seed, 6, 12) * hop);
        say (seed, i);
      }
  hold_to_from_all (seed, BIT (TY_PACKET_PREPARE), site, 20 * hop + seed->scene->config.node.suspect_after_us);
  if (dies)
    say (seed, site);
  else if (!fault_leave (seed))
    fault_restart (seed);
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
      if (!ty_sim_is_alive (fault_process (seed, votes)))
        seed_do (seed, seed_step (seed, DO_RESTART, votes));
      play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, usual, 4 * usual));
    }
}
