/* tests/sim/storm.h: a run of the storm: what its two files share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "examples/lab/stage.h"

#define MAX_SITES 7

typedef enum
{
  FAULT_KILL,
  FAULT_VANISH,
  FAULT_KILL_IN_STEP,
  FAULT_KILL_IN_FLUSH,
  FAULT_RESTART,
  FAULT_LEAVE,
  FAULT_STOP,
  FAULT_CONTINUE,
  FAULT_CUT_PAIR,
  FAULT_CUT_ONE_WAY,
  FAULT_CUT_STAR, /* one from all others */
  FAULT_PARTITION,
  FAULT_HEAL_PAIR,
  FAULT_HEAL_ALL,
  FAULT_BREAK,
  FAULT_SLOW_LINK,
  FAULT_SLOW_PROCESS,
  FAULT_CLOCK,
  N_FAULTS
} Fault;

extern const char *const fault_names[N_FAULTS];

typedef struct
{
  guint64 seed;
  TySimRand rand;
  Stage *stage;
  guint n_sites;
  guint n_groups;
  TySimProcess *at[MAX_SITES]; /* the newest at each site */
  guint incarnation[MAX_SITES];
  gboolean random_weights;
  gboolean calm;   /* the liveness phase: faults are over */
  guint returning; /* will come back as other processes */
  gint64 end_us;   /* of the safety phase */
  guint64 faults[N_FAULTS];
  guint64 messages, views;
  GPtrArray *notes; /* to be freed with the run */
} Run;

/* From low to high, both included; and one in n. */
guint64 pick (Run *run, guint64 low, guint64 high);
gboolean chance (Run *run, guint64 one_in);

/* faults.c */
void faults_schedule (Run *run, guint n);
void faults_restart (Run *run, guint site);
/* Everything that can be healed is. */
void faults_calm (Run *run);

/* storm.c */
void run_enter (Run *run, guint site); /* the process at the site asks to be let into its groups */
/* Whether those who live could go on if they reached each other, in every group and view that anyone is in; `but` is
 * taken for dead. */
gboolean run_has_quorum (Run *run, guint g, const TySimProcess *but);
