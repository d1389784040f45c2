/* tests/sim/faults.c: what befalls a run of the storm.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storm.h"

#include "core/view.h"

const char *const fault_names[N_FAULTS] = {
  [FAULT_KILL] = "killed",
  [FAULT_VANISH] = "vanished",
  [FAULT_KILL_IN_STEP] = "killed in a step",
  [FAULT_KILL_IN_FLUSH] = "killed in a flush",
  [FAULT_RESTART] = "restarted",
  [FAULT_LEAVE] = "left",
  [FAULT_STOP] = "stopped",
  [FAULT_CONTINUE] = "continued",
  [FAULT_CUT_PAIR] = "pair cut",
  [FAULT_CUT_ONE_WAY] = "cut one way",
  [FAULT_CUT_STAR] = "cut off",
  [FAULT_PARTITION] = "partitioned",
  [FAULT_HEAL_PAIR] = "pair healed",
  [FAULT_HEAL_ALL] = "healed",
  [FAULT_BREAK] = "connections broken",
  [FAULT_SLOW_LINK] = "link slowed",
  [FAULT_SLOW_PROCESS] = "process slowed",
  [FAULT_CLOCK] = "clock bent",
};

/* How often each comes, of the sum. */
static const guint weights[N_FAULTS] = {
  [FAULT_KILL] = 4,         [FAULT_VANISH] = 3,      [FAULT_KILL_IN_STEP] = 8, [FAULT_KILL_IN_FLUSH] = 8,
  [FAULT_RESTART] = 14,     [FAULT_LEAVE] = 4,       [FAULT_STOP] = 6,         [FAULT_CONTINUE] = 8,
  [FAULT_CUT_PAIR] = 6,     [FAULT_CUT_ONE_WAY] = 4, [FAULT_CUT_STAR] = 4,     [FAULT_PARTITION] = 4,
  [FAULT_HEAL_PAIR] = 4,    [FAULT_HEAL_ALL] = 8,    [FAULT_BREAK] = 8,        [FAULT_SLOW_LINK] = 4,
  [FAULT_SLOW_PROCESS] = 3, [FAULT_CLOCK] = 2,
};

static TySimNet *
net_of (Run *run)
{
  return ty_sim_world_net (run->stage->world);
}

static const char *
address (Run *run, guint site)
{
  return ty_sim_address (run->at[site]);
}

/* A random site whose process lives, or n_sites. */
static guint
pick_living (Run *run)
{
  guint first = (guint) pick (run, 0, run->n_sites - 1);
  for (guint i = 0; i < run->n_sites; i++)
    {
      guint site = (first + i) % run->n_sites;
      if (ty_sim_is_alive (run->at[site]))
        return site;
    }
  return run->n_sites;
}

/* Mostly those who are left should be able to go on; now and then they may not. */
static gboolean
may_kill (Run *run, guint site)
{
  if (site == run->n_sites)
    return FALSE;
  if (chance (run, 25))
    return TRUE;
  for (guint g = 0; g < run->n_groups; g++)
    if (!run_has_quorum (run, g, run->at[site]))
      return FALSE;
  return TRUE;
}

void
faults_restart (Run *run, guint site)
{
  g_assert (!ty_sim_is_alive (run->at[site]));
  g_autofree char *name = g_strdup_printf ("p%u.%u", site, ++run->incarnation[site]);
  run->at[site] = stage_spawn (run->stage, name);
  run_enter (run, site);
}

/* Where the process of rank 0 lives, half of the time: it numbers, and it is who would coordinate. */
static guint
pick_victim (Run *run)
{
  guint site = pick_living (run);
  guint g = (guint) pick (run, 0, run->n_groups - 1);
  if (site == run->n_sites || chance (run, 2) || stage_part (run->at[site], g) == NULL)
    return site;
  const TyetView *view = stage_part (run->at[site], g)->view;
  for (guint i = 0; view != NULL && i < run->n_sites; i++)
    if (ty_sim_is_alive (run->at[i]) && g_str_equal (ty_sim_name (run->at[i]), view->members[0].name))
      return i;
  return site;
}

/* So that something is under way that only some have. */
static void
burst (Run *run, guint site)
{
  for (guint g = 0; g < run->n_groups; g++)
    {
      Part *part = stage_part (run->at[site], g);
      if (part == NULL || !part->entered || part->leaving || part->excluded)
        continue;
      for (guint64 n = pick (run, 0, 8); n > 0; n--)
        run->messages += stage_send (part, stage_service (part, pick (run, 0, 100)), pick (run, 0, 3000)) != 0;
    }
}

static gboolean let_leave (Run *run);

/* Who dies in a step or a flush should die in an interesting one: there is to be a round. */
static void
cause_a_round (Run *run, guint site)
{
  guint other = pick_living (run);
  switch (pick (run, 0, 3))
    {
    case 0:
      if (other != site && may_kill (run, other))
        ty_sim_kill (run->at[other], TY_SIM_KILLED);
      break;
    case 1:
      let_leave (run);
      break;
    case 2:
      if (other != site && may_kill (run, other))
        ty_sim_kill_after_effects (run->at[other], pick (run, 0, 40));
      break;
    default:
      break;
    }
}

static gboolean
kill_someone (Run *run, Fault fault)
{
  guint site = pick_victim (run);
  if (!may_kill (run, site))
    return FALSE;
  TySimProcess *p = run->at[site];
  if (fault == FAULT_KILL || fault == FAULT_VANISH)
    ty_sim_kill (p, fault == FAULT_KILL ? TY_SIM_KILLED : TY_SIM_VANISHED);
  else if (fault == FAULT_KILL_IN_STEP)
    ty_sim_kill_after_effects (p, pick (run, 0, chance (run, 2) ? 12 : 100));
  else
    ty_sim_kill_after_writes (p, (guint) pick (run, 0, chance (run, 2) ? 6 : 40));
  ty_sim_trace (run->stage->world, "--- %s: %s", fault_names[fault], ty_sim_name (p));
  if (fault == FAULT_KILL || fault == FAULT_VANISH)
    return TRUE;
  burst (run, site);
  cause_a_round (run, site);
  return TRUE;
}

static gboolean
restart_someone (Run *run)
{
  guint first = (guint) pick (run, 0, run->n_sites - 1);
  for (guint i = 0; i < run->n_sites; i++)
    {
      guint site = (first + i) % run->n_sites;
      if (ty_sim_is_alive (run->at[site]))
        continue;
      faults_restart (run, site);
      return TRUE;
    }
  return FALSE;
}

static gboolean
let_leave (Run *run)
{
  guint site = pick_living (run);
  guint g = (guint) pick (run, 0, run->n_groups - 1);
  if (site == run->n_sites)
    return FALSE;
  Part *part = stage_part (run->at[site], g);
  return part != NULL && part->entered && !part->leaving && !part->excluded && stage_leave (part);
}

static gboolean
stop_or_continue (Run *run, gboolean stop)
{
  guint first = (guint) pick (run, 0, run->n_sites - 1);
  for (guint i = 0; i < run->n_sites; i++)
    {
      TySimProcess *p = run->at[(first + i) % run->n_sites];
      if (!ty_sim_is_alive (p) || ty_sim_is_stopped (p) == stop)
        continue;
      if (stop)
        ty_sim_stop (p);
      else
        ty_sim_continue (p);
      return TRUE;
    }
  return FALSE;
}

static void
cut_pair (Run *run, guint a, guint b)
{
  ty_sim_cut (net_of (run), address (run, a), address (run, b));
  ty_sim_cut (net_of (run), address (run, b), address (run, a));
}

static void
heal_pair (Run *run, guint a, guint b)
{
  ty_sim_heal (net_of (run), address (run, a), address (run, b));
  ty_sim_heal (net_of (run), address (run, b), address (run, a));
}

static void
partition (Run *run)
{
  guint parts = chance (run, 3) ? 3 : 2;
  guint of[MAX_SITES];
  for (guint i = 0; i < run->n_sites; i++)
    of[i] = (guint) pick (run, 0, parts - 1);
  for (guint a = 0; a < run->n_sites; a++)
    for (guint b = 0; b < a; b++)
      if (of[a] != of[b])
        cut_pair (run, a, b);
}

static void
heal_all (Run *run)
{
  for (guint a = 0; a < run->n_sites; a++)
    for (guint b = 0; b < a; b++)
      heal_pair (run, a, b);
}

/* FALSE: there is nobody for it. */
static gboolean
befall (Run *run, Fault fault)
{
  guint a = (guint) pick (run, 0, run->n_sites - 1);
  guint b = (a + (guint) pick (run, 1, run->n_sites - 1)) % run->n_sites;
  switch (fault)
    {
    case FAULT_KILL:
    case FAULT_VANISH:
    case FAULT_KILL_IN_STEP:
    case FAULT_KILL_IN_FLUSH:
      return kill_someone (run, fault);
    case FAULT_RESTART:
      return restart_someone (run);
    case FAULT_LEAVE:
      return let_leave (run);
    case FAULT_STOP:
    case FAULT_CONTINUE:
      return stop_or_continue (run, fault == FAULT_STOP);
    case FAULT_CUT_PAIR:
      cut_pair (run, a, b);
      break;
    case FAULT_CUT_ONE_WAY:
      ty_sim_cut (net_of (run), address (run, a), address (run, b));
      break;
    case FAULT_CUT_STAR:
      for (guint i = 0; i < run->n_sites; i++)
        if (i != a)
          cut_pair (run, a, i);
      break;
    case FAULT_PARTITION:
      partition (run);
      break;
    case FAULT_HEAL_PAIR:
      heal_pair (run, a, b);
      break;
    case FAULT_HEAL_ALL:
      heal_all (run);
      break;
    case FAULT_BREAK:
      ty_sim_break (net_of (run), address (run, a), address (run, b));
      break;
    case FAULT_SLOW_LINK:
      ty_sim_slow (net_of (run), address (run, a), address (run, b), (gint64) pick (run, 0, 100000));
      break;
    case FAULT_SLOW_PROCESS:
      ty_sim_set_slow (run->at[a], (gint64) pick (run, 0, 50000));
      break;
    case FAULT_CLOCK:
      if (ty_sim_is_alive (run->at[a]))
        ty_sim_set_clock (run->at[a], (gint64) pick (run, 0, 20000) - 10000);
      break;
    case N_FAULTS:
    default:
      g_assert_not_reached ();
    }
  ty_sim_trace (run->stage->world, "--- %s: %s, %s", fault_names[fault], ty_sim_name (run->at[a]),
                ty_sim_name (run->at[b]));
  return TRUE;
}

static void
next_fault (gpointer data)
{
  Run *run = data;
  guint sum = 0;
  if (run->calm)
    return;
  for (guint i = 0; i < N_FAULTS; i++)
    sum += weights[i];
  guint draw = (guint) pick (run, 0, sum - 1);
  guint fault = 0;
  for (; draw >= weights[fault]; fault++)
    draw -= weights[fault];
  run->faults[fault] += befall (run, (Fault) fault);
}

void
faults_schedule (Run *run, guint n)
{
  gint64 now = ty_sim_now (net_of (run));
  /* Half of them come in clusters: what one breaks, the next finds broken. */
  gint64 at = now;
  for (guint i = 0; i < n; i++)
    {
      if (i == 0 || !chance (run, 2))
        at = now + (gint64) pick (run, 0, (guint64) (run->end_us - now));
      else
        at += (gint64) pick (run, 0, chance (run, 2) ? 3000 : 300000);
      ty_sim_at (net_of (run), MIN (at, run->end_us), next_fault, run);
    }
}

void
faults_calm (Run *run)
{
  run->calm = TRUE;
  ty_sim_trace (run->stage->world, "--- calm");
  heal_all (run);
  for (guint a = 0; a < run->n_sites; a++)
    {
      for (guint b = 0; b < run->n_sites; b++)
        if (a != b)
          ty_sim_slow (net_of (run), address (run, a), address (run, b), 0);
      TySimProcess *p = run->at[a];
      ty_sim_set_slow (p, 0);
      if (!ty_sim_is_alive (p))
        continue;
      ty_sim_spare (p);
      if (ty_sim_is_stopped (p))
        ty_sim_continue (p);
    }
}
