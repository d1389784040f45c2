/* examples/lab/explore-jobs.h: the workers of `tyet explore` seen from above: who plays which seeds, what comes of it,
 * and how far it all is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "explore.h"

typedef struct
{
  guint64 seed;
  char *wrong;
  char *scene; /* the file of what it was shrunk to; NULL: none */
} ExploreFailure;

typedef struct
{
  guint64 seeds, messages, views, processes;
  guint64 faults[N_FAULTS];
  gint64 simulated_us, real_us;
  gint64 cpu_us; /* of the processor, in all workers */
  guint64 next;  /* all seeds before it have been played; 0: all there are */
  GPtrArray *failures; /* ExploreFailure */
} ExploreTotals;

void explore_totals_free (ExploreTotals *totals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ExploreTotals, explore_totals_free)

typedef struct
{
  const char *options; /* for the workers' command lines: those that say what a seed is */
  guint64 from, to;
  guint n_jobs;
  gint64 until_us; /* -1: none */
  guint shrink_s;  /* 0: no shrinking */
  guint tries;     /* candidates in shrinking; 0: no limit */
  guint failures;  /* stops when so many seeds have failed; 0: goes on */
  const char *scenes;
  guint progress; /* milliseconds between two lines of progress on standard error */
  void (*on_failure) (const ExploreFailure *failure, gpointer data);
  gpointer data;
} ExploreJobs;

/* Plays all the seeds. (transfer full) */
ExploreTotals *explore_jobs (const ExploreJobs *jobs);
