/* tests/bench/memory.c: what is kept for a message in flight, for a member, a group, a process.
 *
 * Counted in what malloc has given out, in one member.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <signal.h>

static gboolean
weigh (BenchChild *child, const char *what, guint n, double *bytes, GError **error)
{
  g_autofree char *text = NULL;
  if (!bench_tell (child, error, "memory %s %u", what, n))
    return FALSE;
  text = bench_hear (child, "memory", error);
  if (text == NULL)
    return FALSE;
  *bytes = (double) g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

/* One of them stops, so that nothing becomes stable; another fills its window. */
static gboolean
weigh_messages (BenchCrew *crew, double before, BenchSample *sample, GError **error)
{
  BenchChild *sender = bench_crew_at (crew, 0), *stopped = bench_crew_at (crew, crew->children->len - 1);
  double after;
  g_autofree char *full = NULL;
  bench_child_kill (stopped, SIGSTOP);
  if (!bench_tell (sender, error, "go") || !bench_tell (sender, error, "full"))
    return FALSE;
  full = bench_hear (sender, "full", error);
  if (full == NULL || !weigh (sender, "all", 0, &after, error))
    return FALSE;
  sample->metric[BENCH_BYTES_PER_MESSAGE] = (after - before) / (double) g_ascii_strtoull (full, NULL, 10);
  bench_child_kill (stopped, SIGCONT);
  return bench_crew_settle (crew, error);
}

BenchSample *
bench_memory (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchSample) sample = bench_sample_new ();
  g_autoptr (BenchCrew) crew = NULL;
  BenchChild *child;
  BenchOptions patient = *options;
  double alone, together, bytes;
  BenchMark mark;
  patient.suspect_after_ms = 60000;
  patient.senders = 1;
  crew = bench_crew_new (&patient, "member", options->members, error);
  if (crew == NULL)
    return NULL;
  child = bench_crew_at (crew, 0);
  if (!weigh (child, "all", 0, &alone, error) || !bench_crew_assemble (crew, error)
      || !weigh (child, "all", 0, &together, error))
    return NULL;
  if (options->members > 1)
    {
      sample->metric[BENCH_BYTES_PER_MEMBER] = (together - alone) / (options->members - 1);
      if (!weigh_messages (crew, together, sample, error))
        return NULL;
    }
  if (!weigh (child, "groups", options->groups, &bytes, error))
    return NULL;
  sample->metric[BENCH_BYTES_PER_GROUP] = bytes / MAX (options->groups, 1);
  if (!weigh (child, "processes", 100, &bytes, error) || !bench_mark (child, &mark, error))
    return NULL;
  sample->metric[BENCH_BYTES_PER_PROCESS] = bytes / 100;
  sample->metric[BENCH_RSS_BYTES] = (double) mark.rss_bytes;
  return g_steal_pointer (&sample);
}
