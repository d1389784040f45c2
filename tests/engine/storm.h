/* tests/engine/storm.h: random faults on step machines wired together by the mesh, judged; then a heal, and demands.
 *
 * One seed is one run, and picks everything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a run is found guilty of: the rule is the judge's (P1 ..), the protocol's (V14 ..), or "liveness". */
typedef struct
{
  const char *rule;
  char *text;
} StormFinding;

typedef StormFinding *(*StormRun) (guint32 seed, gboolean trace);

/* NULL if the run of `seed` is as it should be. A broken invariant ends the process. (transfer full) */
StormFinding *storm_run (guint32 seed, gboolean trace);
/* The same of a small group whose packets linger, each kind between each two for itself: a process long hears nothing
 * of a round, or of its end, and all else that is said; founders are cut off and restarted meanwhile. */
StormFinding *storm_run_lingering (guint32 seed, gboolean trace);
/* Not random faults, but one narrow schedule; the seed picks the order of packets (drill.c). */
StormFinding *storm_drill (guint32 seed, gboolean trace);
void storm_finding_free (StormFinding *finding);
