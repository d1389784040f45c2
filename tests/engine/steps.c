/* tests/engine/steps.c: one change of view, again and again, with a crash of each process after each of its effects;
 * and with two crashes, by sample.  Each run is judged, and those who are left must come together if they can.
 *
 * engine-steps [--every N] [--pairs N] [--scene NAME] [--seed N]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge.h"
#include "core/view.h"
#include "tests/engine/mesh.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMBERS 5
#define PROCS (MEMBERS + 1)

typedef enum
{
  JOIN = 1,   /* one joins */
  STATE = 2,  /* and takes a state */
  LEAVE = 4,  /* the youngest leaves */
  FIRST = 8,  /* rank 0 leaves */
  DEATH = 16, /* one has just died */
  LOST = 32,  /* a session between two has been lost */
  GATHER = 64,
  TALK = 128  /* everyone has messages under way */
} Feature;

static const struct
{
  const char *name;
  guint features;
} scenes[] = {
  { "join", JOIN | TALK },
  { "join-with-state", JOIN | STATE | TALK },
  { "leave", LEAVE | TALK },
  { "first-leaves", FIRST | TALK },
  { "leave-and-join", LEAVE | FIRST | JOIN | STATE | TALK },
  { "death", DEATH | TALK },
  { "death-and-join", DEATH | JOIN | TALK },
  { "lost-session", LOST | TALK },
  { "gathered-death", DEATH | GATHER | TALK },
  { "gathered-join", JOIN | STATE | LEAVE | GATHER | TALK },
};

typedef struct
{
  guint process;
  gint after;
} Crash;

static gint every = 10, pairs = 30;
static gint64 seed_arg = 1;
static char *scene_arg;
static gboolean trace;
static GOptionEntry options[] = {
  { "every", 0, 0, G_OPTION_ARG_INT, &every, "Crash after every Nth effect (1: each)", "N" },
  { "pairs", 0, 0, G_OPTION_ARG_INT, &pairs, "Pairs of crashes to draw in each scene", "N" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &seed_arg, "What the schedule is drawn from", "N" },
  { "scene", 0, 0, G_OPTION_ARG_STRING, &scene_arg, "Only this one; with one crash or two: NAME:PROCESS:AFTER[:...]",
    "NAME" },
  { "trace", 0, 0, G_OPTION_ARG_NONE, &trace, "Say everything", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static Proc *
at (Mesh *mesh, guint i)
{
  return mesh->procs->pdata[i];
}

static void
enter (Mesh *mesh, Proc *p)
{
  const char *contacts[MEMBERS + 1] = { NULL };
  GError *error = NULL;
  guint n = 0;
  for (guint i = 0; i < p->index && i < MEMBERS; i++)
    {
      contacts[n++] = at (mesh, i)->address;
      g_ptr_array_add (p->contacts, at (mesh, i));
    }
  gboolean fine = p->index == 0 ? ty_group_found (p->group, &error)
                                : ty_group_join (p->group, contacts, G_MAXINT64, &error);
  g_assert_true (fine);
}

static void
talk (Mesh *mesh)
{
  for (guint i = 0; i < mesh->procs->len; i++)
    for (guint k = 0; k < 3 && at (mesh, i)->alive && at (mesh, i)->entered; k++)
      ty_group_send (at (mesh, i)->group, (TyService) ((i + k) % 4), "hello", 5, NULL);
}

/* Up to where the change begins. */
static Mesh *
begin (guint features)
{
  Mesh *mesh = mesh_new ((guint32) seed_arg);
  mesh->config.gather_above = (features & GATHER) != 0 ? 1 : 0;
  for (guint i = 0; i < PROCS; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);
      mesh_spawn (mesh, name, "total", i == MEMBERS && (features & STATE) != 0);
      if (i == MEMBERS)
        break;
      enter (mesh, at (mesh, i));
      for (guint tries = 0; tries < 1000 && !at (mesh, i)->entered; tries++)
        mesh_run (mesh, 5000);
      g_assert_true (at (mesh, i)->entered);
    }
  mesh_run (mesh, 100000);
  mesh->trace = trace;
  talk (mesh);
  mesh_run (mesh, 300);
  return mesh;
}

static void
change (Mesh *mesh, guint features)
{
  if ((features & JOIN) != 0)
    enter (mesh, at (mesh, MEMBERS));
  if ((features & LEAVE) != 0 && at (mesh, MEMBERS - 1)->alive)
    ty_group_leave (at (mesh, MEMBERS - 1)->group, NULL);
  if ((features & FIRST) != 0 && at (mesh, 0)->alive)
    ty_group_leave (at (mesh, 0)->group, NULL);
  if ((features & DEATH) != 0)
    mesh_crash (at (mesh, 2));
  if ((features & LOST) != 0)
    mesh_lose (mesh, 1, 3);
}

static gboolean
is_out (const Proc *p)
{
  return !p->alive || p->excluded || p->left || p->failed || p->group == NULL
         || ty_group_get_state (p->group) == TY_GROUP_NEW;
}

/* Everyone who is left is in one view, and nobody else is. */
static gboolean
together (Mesh *mesh)
{
  TyetView *view = NULL;
  guint n = 0;
  for (guint i = 0; i < PROCS; i++)
    {
      Proc *p = at (mesh, i);
      if (is_out (p))
        continue;
      if (!p->entered || ty_group_get_state (p->group) != TY_GROUP_MEMBER
          || (view != NULL && ty_group_get_view (p->group)->id.number != view->id.number))
        return FALSE;
      view = ty_group_get_view (p->group);
      n++;
    }
  return view == NULL || n == view->n_members;
}

/* Those who are left hold a quorum of the last view that anyone knows. */
static gboolean
can_come_together (Mesh *mesh)
{
  TyetView *tip = NULL;
  for (guint i = 0; i < PROCS; i++)
    {
      TyetView *view = is_out (at (mesh, i)) ? NULL : ty_group_get_view (at (mesh, i)->group);
      if (view != NULL && (tip == NULL || view->id.number > tip->id.number))
        tip = view;
    }
  if (tip == NULL)
    return FALSE;
  g_autofree gboolean *there = g_new0 (gboolean, tip->n_members);
  for (guint i = 0; i < PROCS; i++)
    {
      guint rank = ty_view_rank (tip, &at (mesh, i)->pid);
      if (rank < tip->n_members)
        there[rank] = !is_out (at (mesh, i));
    }
  return ty_members_quorum (tip->members, tip->n_members, there);
}

static void
fail (Mesh *mesh, const char *scene, const Crash *crashes, guint n, const char *what)
{
  printf ("%s, seed %" G_GINT64_FORMAT ": %s\n", scene, seed_arg, what);
  for (guint i = 0; i < PROCS; i++)
    {
      Proc *p = at (mesh, i);
      TyetView *view = p->alive && p->group != NULL ? ty_group_get_view (p->group) : NULL;
      printf ("  %s %s state %d view %s of %u\n", p->name, p->alive ? "alive" : "dead",
              p->alive && p->group != NULL ? (int) ty_group_get_state (p->group) : -1,
              view != NULL ? view->label : "-", view != NULL ? view->n_members : 0);
    }
  printf ("rerun: engine-steps --seed %" G_GINT64_FORMAT " --trace --scene %s", seed_arg, scene);
  for (guint i = 0; i < n; i++)
    printf (":%u:%d", crashes[i].process, crashes[i].after);
  printf ("\n");
  exit (1);
}

static void
judge (Mesh *mesh, const char *scene, const Crash *crashes, guint n)
{
  GError *error = NULL;
  TyJudgeOptions judge_options = { .model = TY_JUDGE_PRIMARY, .open_end = TRUE };
  g_autoptr (TyJudge) judge = ty_judge_new (&judge_options, &error);
  for (guint i = 0; i < PROCS; i++)
    if (!ty_judge_read (judge, at (mesh, i)->name, at (mesh, i)->history->str, at (mesh, i)->history->len, &error))
      g_error ("%s", error->message);
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  g_autofree char *text = ty_judge_report_to_string (report);
  if (!report->legal)
    fail (mesh, scene, crashes, n, text);
  if (mesh_refused (mesh) > 0)
    fail (mesh, scene, crashes, n, "honest packets were refused");
}

/* `counts`: how many effects each process carried out during the change. */
static void
play (guint scene, const Crash *crashes, guint n, guint *counts)
{
  const char *name = scenes[scene].name;
  Mesh *mesh = begin (scenes[scene].features);
  guint before[PROCS];
  for (guint i = 0; i < PROCS; i++)
    before[i] = at (mesh, i)->carried;
  for (guint i = 0; i < n; i++)
    at (mesh, crashes[i].process)->crash_after = crashes[i].after;
  change (mesh, scenes[scene].features);
  mesh_run (mesh, 40000);
  for (guint i = 0; counts != NULL && i < PROCS; i++)
    counts[i] = at (mesh, i)->carried - before[i];
  mesh_run (mesh, 2000000);
  gint64 until = mesh->now + 20000000;
  while (mesh->now < until && can_come_together (mesh) && !together (mesh))
    mesh_run (mesh, 100000);
  if (can_come_together (mesh) && !together (mesh))
    fail (mesh, name, crashes, n, "those who are left do not come together");
  talk (mesh);
  mesh_run (mesh, 500000);
  judge (mesh, name, crashes, n);
  mesh_free (mesh);
}

static guint
play_all (guint scene)
{
  guint counts[PROCS], runs = 1;
  play (scene, NULL, 0, counts);
  for (guint p = 0; p < PROCS; p++)
    for (guint k = 0; k <= counts[p]; k += (guint) every, runs++)
      play (scene, &(Crash){ p, (gint) k }, 1, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) seed_arg);
  for (gint i = 0; i < pairs; i++, runs++)
    {
      guint p = (guint) g_rand_int_range (rand, 0, PROCS), q = (p + (guint) g_rand_int_range (rand, 1, PROCS)) % PROCS;
      Crash two[2] = { { p, g_rand_int_range (rand, 0, (gint32) counts[p] + 1) },
                       { q, g_rand_int_range (rand, 0, (gint32) counts[q] + 1) } };
      play (scene, two, 2, NULL);
    }
  return runs;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GError *error = NULL;
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || every < 1)
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "--every takes 1 or more");
      return 2;
    }
  guint runs = 0;
  g_auto (GStrv) words = g_strsplit (scene_arg != NULL ? scene_arg : "", ":", 5);
  guint n_crashes = words[0] != NULL ? g_strv_length (words) / 2 : 0;
  for (guint i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      if (scene_arg != NULL && !g_str_equal (words[0], scenes[i].name))
        continue;
      Crash crashes[2];
      for (guint c = 0; c < n_crashes; c++)
        crashes[c] = (Crash){ (guint) atoi (words[1 + 2 * c]), atoi (words[2 + 2 * c]) };
      if (n_crashes > 0)
        play (i, crashes, n_crashes, NULL);
      runs += n_crashes > 0 ? 1 : play_all (i);
    }
  printf ("%u runs, all legal, all come together\n", runs);
  return 0;
}
