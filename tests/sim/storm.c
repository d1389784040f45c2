/* tests/sim/storm.c: the production protocol under random faults, by the seed.
 *
 * A seed is a run; it picks everything: processes, groups, orderings, services, rates, sizes, delays, timers, faults.
 * A run has two phases.  In the first, faults rain; in the second they are over and healed, and wherever a quorum is
 * alive the group must become whole again: one view of all who live and want to be in it, everything that was sent
 * delivered, new messages too.  At the end the judge reads the histories of all.
 *
 *   storm [--seeds A..B | --seed N] [--ordering NAME] [--sealed] [--verbose] [--keep FILE]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storm.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/view.h"

static char *option_seeds, *option_ordering, *option_keep;
static gint64 option_seed = -1;
static gboolean option_verbose, option_sealed;

/* What to say when an invariant breaks. */
static volatile guint64 current_seed;

guint64
pick (Run *run, guint64 low, guint64 high)
{
  return ty_sim_rand_range (&run->rand, low, high);
}

gboolean
chance (Run *run, guint64 one_in)
{
  return ty_sim_rand_one_in (&run->rand, one_in);
}

static gint64
now_of (Run *run)
{
  return ty_sim_now (ty_sim_world_net (run->stage->world));
}

/* ---- Who takes part ---- */

static Part *
part_at (Run *run, guint site, guint g)
{
  return stage_part (run->at[site], g);
}

/* Lives, and is in the group, or wants to be. */
static gboolean
takes_part (const Part *part)
{
  return part != NULL && ty_sim_is_alive (part->p) && !part->left && !part->excluded && !part->failed;
}

static gboolean
view_has_quorum (Run *run, guint g, const TyetView *view, const TySimProcess *but)
{
  g_autofree gboolean *in = g_new0 (gboolean, view->n_members);
  for (guint rank = 0; rank < view->n_members; rank++)
    {
      TySimProcess *p = stage_find (run->stage, view->members[rank].name);
      in[rank] = p != NULL && p != but && takes_part (stage_part (p, g)) && stage_part (p, g)->entered;
    }
  return ty_members_quorum (view->members, view->n_members, in);
}

gboolean
run_has_quorum (Run *run, guint g, const TySimProcess *but)
{
  guint64 newest = 0;
  for (guint i = 0; i < ty_sim_n_processes (run->stage->world); i++)
    {
      const Part *part = stage_part (ty_sim_process (run->stage->world, i), g);
      if (part != NULL && part->view != NULL)
        newest = MAX (newest, part->view->id.number);
    }
  for (guint i = 0; i < ty_sim_n_processes (run->stage->world); i++)
    {
      const Part *part = stage_part (ty_sim_process (run->stage->world, i), g);
      if (part == NULL || part->view == NULL || (!takes_part (part) && part->view->id.number < newest))
        continue;
      if (!view_has_quorum (run, g, part->view, but))
        return FALSE;
    }
  return TRUE;
}

void
run_enter (Run *run, guint site)
{
  g_autoptr (GString) contacts = g_string_new (NULL);
  for (guint i = 0; i < run->n_sites; i++)
    if (i != site)
      g_string_append_printf (contacts, "%sp%u", contacts->len > 0 ? "," : "", i);
  for (guint g = 0; g < run->n_groups; g++)
    stage_join (run->at[site], g, contacts->str);
}

/* ---- What the applications do ---- */

typedef struct
{
  Run *run;
  TySimProcess *p;
} Note;

/* Whom a group went on without comes back as another process. */
static void
come_back (gpointer data)
{
  Note *note = data;
  Run *run = note->run;
  run->returning--;
  for (guint site = 0; site < run->n_sites; site++)
    {
      if (run->at[site] != note->p)
        continue;
      if (ty_sim_is_alive (note->p))
        ty_sim_kill (note->p, TY_SIM_KILLED);
      faults_restart (run, site);
    }
}

static void
on_effect (Part *part, const TyEffect *e, gpointer data)
{
  Run *run = data;
  run->views += e->type == TY_EFFECT_VIEW;
  gboolean refused = e->type == TY_EFFECT_ENTERED && e->error != NULL; /* taken out while it loaded, say */
  if (e->type != TY_EFFECT_EXCLUDED && !refused)
    return;
  Note *note = g_new (Note, 1);
  *note = (Note){ run, part->p };
  g_ptr_array_add (run->notes, note);
  run->returning++;
  ty_sim_at (ty_sim_world_net (run->stage->world),
             now_of (run) + (gint64) pick (run, 1000, run->calm || chance (run, 2) ? 10000 : 2000000), come_back, note);
}

static void
send_some (gpointer data)
{
  Run *run = data;
  if (run->calm)
    return;
  guint site = (guint) pick (run, 0, run->n_sites - 1);
  guint g = (guint) pick (run, 0, run->n_groups - 1);
  Part *part = part_at (run, site, g);
  if (takes_part (part) && part->entered && !ty_sim_is_stopped (part->p))
    for (guint64 n = chance (run, 4) ? pick (run, 1, 6) : 1; n > 0; n--)
      {
        gsize len = chance (run, 40) ? pick (run, 0, 200000) : pick (run, 0, 300);
        run->messages += stage_send (part, stage_service (part, pick (run, 0, 100)), len) != 0;
      }
  ty_sim_at (ty_sim_world_net (run->stage->world), now_of (run) + (gint64) pick (run, 100, 50000), send_some, run);
}

/* ---- A run ---- */

static void
print_line (const char *line, gpointer data)
{
  g_print ("%s\n", line);
}

static const char *
pick_ordering (Run *run)
{
  guint n = 0;
  while (ty_modules.orderings[n] != NULL)
    n++;
  const char *drawn = ty_modules.orderings[pick (run, 0, n - 1)]->name;
  return option_ordering != NULL ? option_ordering : drawn;
}

static void
run_init (Run *run, guint64 seed)
{
  TySimWorldConfig config;
  *run = (Run){ .seed = seed };
  ty_sim_rand_init (&run->rand, seed);
  stage_config_init (&config);
  config.sealed = option_sealed;
  config.node.suspect_after_us = (gint64) pick (run, 200000, 1000000);
  config.node.heartbeat_us = config.node.suspect_after_us / (gint64) pick (run, 5, 12);
  config.node.refusal_is_death = !chance (run, 5);
  config.node.window_bytes = (gsize) (chance (run, 3) ? pick (run, 2000, 100000) : 4 * 1024 * 1024);
  config.net.delay_min_us = 20;
  config.net.delay_max_us = (gint64) (chance (run, 3) ? pick (run, 1000, 20000) : pick (run, 50, 1000));
  config.turn_max_us = (gint64) pick (run, 20, chance (run, 5) ? 10000 : 300);
  run->n_sites = (guint) pick (run, 2, MAX_SITES);
  run->n_groups = chance (run, 3) ? 2 : 1;
  run->random_weights = chance (run, 8);
  run->notes = g_ptr_array_new_with_free_func (g_free);

  run->stage = stage_new (&config, pick (run, 0, G_MAXUINT64), NULL);
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    run->stage->ordering[g] = pick_ordering (run);
  run->stage->with_state = chance (run, 2);
  run->stage->state_bytes = (gsize) (chance (run, 4) ? pick (run, 8, 3000000) : pick (run, 8, 10000));
  run->stage->on_effect = on_effect;
  run->stage->data = run;
  if (option_verbose)
    ty_sim_world_set_trace (run->stage->world, print_line, NULL);
}

static void
run_storm (Run *run)
{
  for (guint site = 0; site < run->n_sites; site++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", site);
      run->at[site] = stage_spawn (run->stage, name);
      if (site > 0)
        run_enter (run, site);
      else
        for (guint g = 0; g < run->n_groups; g++)
          stage_found (run->at[0], g);
      if (chance (run, 3))
        ty_sim_run_for (run->stage->world, (gint64) pick (run, 0, 200000));
    }
  if (chance (run, 2))
    ty_sim_run_for (run->stage->world, 300000);
  run->end_us = now_of (run) + (gint64) pick (run, 1000000, 8000000);
  faults_schedule (run, (guint) pick (run, 1, 20));
  send_some (run);
  ty_sim_run_for (run->stage->world, run->end_us - now_of (run));
}

/* Everyone who takes part in the group is in one view of just these. */
static gboolean
is_whole (Run *run, guint g)
{
  const TyetView *view = NULL;
  guint n = 0;
  for (guint site = 0; site < run->n_sites; site++)
    {
      const Part *part = part_at (run, site, g);
      if (!takes_part (part))
        continue;
      if (part->leaving || !part->entered || part->blocked || part->view == NULL
          || ty_group_get_state (part->group) != TY_GROUP_MEMBER)
        return FALSE;
      if (view == NULL)
        view = part->view;
      if (!g_str_equal (view->label, part->view->label))
        return FALSE;
      n++;
    }
  return n == 0 || view->n_members == n;
}

/* Nobody can go on, and all who are left know it. */
static gboolean
is_stuck (Run *run, guint g)
{
  for (guint site = 0; site < run->n_sites; site++)
    {
      const Part *part = part_at (run, site, g);
      if (takes_part (part) && part->entered && !part->blocked)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_settled (gpointer data)
{
  Run *run = data;
  if (run->returning > 0)
    return FALSE;
  for (guint g = 0; g < run->n_groups; g++)
    if (!(run_has_quorum (run, g, NULL) ? is_whole (run, g) : is_stuck (run, g)))
      return FALSE;
  return TRUE;
}

typedef struct
{
  Run *run;
  guint g;
  guint64 message;
} Last;

static gboolean
all_have (gpointer data)
{
  const Last *last = data;
  for (guint site = 0; site < last->run->n_sites; site++)
    {
      const Part *part = part_at (last->run, site, last->g);
      if (takes_part (part) && !stage_has (part, last->message))
        return FALSE;
    }
  return TRUE;
}

static void
explain (Run *run)
{
  for (guint g = 0; g < run->n_groups; g++)
    g_print ("  g%u (%s): %s, %s\n", g, run->stage->ordering[g], run_has_quorum (run, g, NULL) ? "quorum" : "no quorum",
             is_whole (run, g) ? "whole" : "not whole");
  if (run->returning > 0)
    g_print ("  %u still to come back\n", run->returning);
  for (guint site = 0; site < run->n_sites; site++)
    for (guint g = 0; g < run->n_groups; g++)
      {
        const Part *part = part_at (run, site, g);
        g_print ("  %s g%u:", ty_sim_name (run->at[site]), g);
        if (!ty_sim_is_alive (run->at[site]) || part == NULL)
          {
            g_print (" dead\n");
            continue;
          }
        g_print (" state %d, view %s%s%s%s%s%s %s\n", ty_group_get_state (part->group),
                 part->view != NULL ? part->view->label : "none", part->entered ? ", entered" : "",
                 part->leaving ? ", leaving" : "", part->left ? ", left" : "", part->excluded ? ", excluded" : "",
                 part->blocked ? ", blocked:" : "", part->why != NULL ? part->why : "");
        g_autoptr (GArray) waits = ty_group_waits (part->group, G_MAXINT64);
        for (guint w = 0; w < waits->len; w++)
          {
            TyGroupWait *wait = &g_array_index (waits, TyGroupWait, w);
            g_print ("    waits for %s: %s\n", wait->what, wait->text);
            ty_group_wait_clear (wait);
          }
      }
}

/* NULL, or what did not come about. */
static const char *
run_calm (Run *run)
{
  TySimWorld *world = run->stage->world;
  faults_calm (run);
  gint64 limit = now_of (run) + SECONDS (90);
  /* What was suspected before may still come out: it is whole when it stays so for a while. */
  for (guint64 views = 0;;)
    {
      if (!ty_sim_run_until (world, is_settled, run, limit - now_of (run)))
        return "the groups did not become whole within 90 s of the last fault";
      if (views == run->views)
        break;
      views = run->views;
      ty_sim_run_for (world, SECONDS (2));
    }
  for (guint g = 0; g < run->n_groups; g++)
    {
      if (!run_has_quorum (run, g, NULL))
        continue;
      for (guint site = 0; site < run->n_sites; site++)
        {
          Part *part = part_at (run, site, g);
          if (!takes_part (part))
            continue;
          for (guint s = 0; s <= (guint) ty_group_get_ordering (part->group)->strongest; s++)
            {
              Last last = { run, g, 0 };
              for (guint tries = 0; tries < 1000 && last.message == 0; tries++)
                {
                  last.message = stage_send (part, (TyService) s, 10);
                  if (last.message == 0)
                    ty_sim_run_for (world, 10000);
                }
              if (last.message == 0)
                return "a whole group takes no message";
              if (!ty_sim_run_until (world, all_have, &last, SECONDS (20)))
                return "a message does not get through in a whole group";
            }
        }
    }
  guint64 views = run->views;
  ty_sim_run_for (world, SECONDS (2));
  if (!is_settled (run) || run->views != views)
    return "the groups fell apart again, without a fault";
  return NULL;
}

static gboolean
judge_run (Run *run, gboolean open_end)
{
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .open_end = open_end, .max_details = 3 };
  g_autoptr (GError) error = NULL;
  if (!open_end)
    ty_sim_world_end (run->stage->world);
  g_autoptr (TyJudgeReport) report = ty_sim_judge (run->stage->world, &options, &error);
  if (report == NULL)
    g_print ("%s\n", error->message);
  else if (!report->legal)
    {
      g_autofree char *text = ty_judge_report_to_string (report);
      g_print ("%s", text);
    }
  return report != NULL && report->legal;
}

static gboolean
play_seed (guint64 seed, Run *totals)
{
  Run run;
  current_seed = seed;
  run_init (&run, seed);
  run_storm (&run);
  const char *wrong = run_calm (&run);
  gboolean legal = judge_run (&run, wrong != NULL);
  gboolean good = wrong == NULL && legal;
  if (!good)
    {
      if (wrong != NULL)
        {
          g_print ("%s\n", wrong);
          explain (&run);
        }
      g_print ("FAILED: storm --seed %" G_GUINT64_FORMAT "%s%s%s\n", seed, option_sealed ? " --sealed" : "",
               option_ordering != NULL ? " --ordering " : "",
               option_ordering != NULL ? option_ordering : "");
    }
  if (option_keep != NULL)
    {
      g_autoptr (GError) error = NULL;
      if (!ty_sim_save_histories (run.stage->world, option_keep, &error))
        g_printerr ("%s\n", error->message);
    }
  for (guint i = 0; i < N_FAULTS; i++)
    totals->faults[i] += run.faults[i];
  totals->messages += run.messages;
  totals->views += run.views;
  totals->end_us += now_of (&run);
  stage_free (run.stage);
  g_ptr_array_unref (run.notes);
  return good;
}

static void
on_abort (int signal_number)
{
  char text[80];
  guint n
      = (guint) g_snprintf (text, sizeof text, "FAILED: storm --seed %" G_GUINT64_FORMAT " (aborted)\n", current_seed);
  signal (SIGABRT, SIG_DFL);
  if (write (STDOUT_FILENO, text, n) < 0)
    _exit (3);
}

static void
print_totals (const Run *totals, guint64 n, guint64 failed, gint64 real_us)
{
  guint64 faults = 0;
  g_autoptr (GString) kinds = g_string_new (NULL);
  for (guint i = 0; i < N_FAULTS; i++)
    {
      faults += totals->faults[i];
      g_string_append_printf (kinds, "%s%" G_GUINT64_FORMAT " %s", i > 0 ? ", " : "", totals->faults[i],
                              fault_names[i]);
    }
  g_print ("%" G_GUINT64_FORMAT " seeds, %" G_GUINT64_FORMAT " failed; %.0f simulated s in %.1f s, %.1f seeds/s; "
           "%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " views, %" G_GUINT64_FORMAT " faults (%s)\n",
           n, failed, (double) totals->end_us / 1e6, (double) real_us / 1e6,
           (double) n * 1e6 / (double) MAX (real_us, 1), totals->messages, totals->views, faults, kinds->str);
}

int
main (int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "seeds", 0, 0, G_OPTION_ARG_STRING, &option_seeds, "The seeds to run", "A..B" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &option_seed, "One seed", "N" },
    { "ordering", 0, 0, G_OPTION_ARG_STRING, &option_ordering, "For all groups", "NAME" },
    { "sealed", 0, 0, G_OPTION_ARG_NONE, &option_sealed, "Over sealed connections", NULL },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &option_verbose, "Say what happens", NULL },
    { "keep", 0, 0, G_OPTION_ARG_FILENAME, &option_keep, "Write the histories of the last run there", "FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  guint64 from = 1, to = 200;
  if (!g_option_context_parse (context, &argc, &argv, &error)
      || (option_seeds != NULL && sscanf (option_seeds, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, &from, &to) != 2))
    {
      g_printerr ("storm: %s\n", error != NULL ? error->message : "--seeds wants A..B");
      return 2;
    }
  if (option_seed >= 0)
    from = to = (guint64) option_seed;

  signal (SIGABRT, on_abort);
  setvbuf (stdout, NULL, _IOLBF, 0);
  Run totals = { 0 };
  guint64 failed = 0;
  gint64 start = g_get_monotonic_time ();
  for (guint64 seed = from; seed <= to; seed++)
    failed += !play_seed (seed, &totals);
  print_totals (&totals, to - from + 1, failed, g_get_monotonic_time () - start);
  return failed > 0;
}
