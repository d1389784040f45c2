/* examples/lab/explore-narrow.c: schedules so narrow that they want a seed made for them: windows are small, and
 * somebody is long behind all others.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-faults.h"

#include "core/packet.h"

#define BIT(type) (G_GUINT64_CONSTANT (1) << (type))

/* Of all seeds, one in so many; and each, where one of these faults is asked for by name. */
#define ONE_IN 64
#define NARROW (EXPLORE_FAULT (FAULT_FLOOD) | EXPLORE_FAULT (FAULT_STRAY))

void
explore_narrow_head (Seed *seed)
{
  TySimWorldConfig *c = &seed->scene->config;
  guint64 may = seed->options->faults;
  gboolean named = may != EXPLORE_ALL_FAULTS;
  seed->narrow = !seed->options->small && (may & NARROW) != 0 && (named || seed->seed % ONE_IN == 0);
  if (!seed->narrow)
    return;
  c->node.window_bytes = (gsize) pick (seed, 2000, 5000);
  c->node.max_message_bytes = (gsize) pick (seed, 500, 1500);
  if (seed->options->processes == 0)
    seed->n_sites = MAX (seed->n_sites, 5);
}

guint64
explore_narrow_faults (const Seed *seed, guint64 may)
{
  if (may != EXPLORE_ALL_FAULTS)
    return may;
  return seed->narrow ? NARROW | EXPLORE_FAULT (FAULT_RESTART) | EXPLORE_FAULT (FAULT_HEAL) : may & ~NARROW;
}

/* Not a batch, but one. */
static SceneStep *
one_message (Seed *seed, guint site, guint g)
{
  SceneStep *step = seed_step (seed, DO_SEND, site);
  step->others = g_new0 (char *, 2);
  step->others[0] = g_strdup_printf ("m%u", ++seed->n_messages);
  step->has_service = TRUE;
  step->service = TY_SERVICE_FIFO;
  step->number = (gint64) pick (seed, 8, 20);
  step->group = g;
  return step;
}

static gboolean
is_in (Seed *seed, guint site, guint g)
{
  const Part *part = site < seed->n_sites ? stage_part (fault_process (seed, site), g) : NULL;
  return play_takes_part (part) && part->entered && !part->leaving && !ty_sim_is_stopped (part->p);
}

static guint
n_in (Seed *seed, guint g)
{
  guint n = 0;
  for (guint i = 0; i < seed->n_sites; i++)
    n += is_in (seed, i, g);
  return n;
}

/* One does not learn that somebody has come, who says more meanwhile than is kept for one who is behind. */
gboolean
fault_flood (Seed *seed, guint site)
{
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1), coming = fault_pick_site (seed, FALSE);
  gint64 now = play_now (seed->play), hop = fault_hop (seed), lasts = (gint64) pick (seed, 30, 60) * hop;
  if (!is_in (seed, site, g) || n_in (seed, g) < 3)
    return FALSE;
  if (coming == seed->n_sites) /* so that somebody can come, the next time */
    {
      guint victim = fault_pick_site (seed, TRUE);
      return victim != site && fault_may_kill (seed, victim) && seed_do (seed, seed_step (seed, DO_CRASH, victim));
    }
  for (guint i = 0; i < seed->n_sites; i++)
    if (i != site)
      fault_hold (seed, BIT (TY_PACKET_FLUSH) | BIT (TY_PACKET_DECIDED), i, site, lasts);
  seed_do (seed, seed_step (seed, DO_RESTART, coming));
  for (guint n = (guint) pick (seed, 80, 160); n > 0; n--)
    seed_plan (seed, now + (gint64) pick (seed, (guint64) (12 * hop), (guint64) lasts), one_message (seed, coming, g));
  return TRUE;
}

/* Who leaves lacks what a dead one has said; the one that would pass it on loses it on the way, when the others have
 * gone on. */
gboolean
fault_stray (Seed *seed, guint site)
{
  guint g = (guint) pick (seed, 0, seed->scene->n_groups - 1), first = fault_oldest (seed, site);
  guint dies = fault_pick_site (seed, TRUE);
  gint64 hop = fault_hop (seed);
  if (first == site || first == seed->n_sites || dies == site || dies == first || n_in (seed, g) < 5
      || !is_in (seed, site, g) || !is_in (seed, dies, g) || !fault_may_kill (seed, dies))
    return FALSE;
  fault_hold (seed, BIT (TY_PACKET_DATA), dies, site, 60 * hop);
  fault_hold (seed, BIT (TY_PACKET_FORWARD), first, site, 60 * hop);
  seed_do (seed, one_message (seed, dies, g));
  play_run_to (seed->play, play_now (seed->play) + (gint64) pick (seed, 2, 5) * hop);
  SceneStep *leave = seed_step (seed, DO_LEAVE, site);
  leave->group = g;
  seed_do (seed, leave);
  seed_do (seed, seed_step (seed, DO_CRASH, dies));
  gint64 at = play_now (seed->play) + (gint64) pick (seed, 8, 30) * hop;
  seed_plan (seed, at, seed_step2 (seed, DO_LOSE, first, site));
  return TRUE;
}
