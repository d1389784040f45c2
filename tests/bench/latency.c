/* tests/bench/latency.c: one message at a time, and locks.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

/* So many of the same beforehand, one in. */
#define WARM_UP_SHARE 10

static gboolean
ping (BenchChild *sender, guint count, GError **error)
{
  g_autofree char *pinged = NULL;
  if (!bench_tell (sender, error, "ping %u", count))
    return FALSE;
  pinged = bench_hear (sender, "pinged", error);
  return pinged != NULL;
}

BenchSample *
bench_latency (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchSample) sample = bench_sample_new ();
  g_autoptr (BenchCrew) crew = bench_crew_new (options, "member", options->members, error);
  BenchChild *sender;
  if (crew == NULL || !bench_crew_assemble (crew, error))
    return NULL;
  sender = bench_crew_at (crew, options->from);
  sample->hist[BENCH_LATENCY] = g_new0 (BenchHist, 1);
  sample->hist[BENCH_ONE_WAY] = g_new0 (BenchHist, 1);
  if (!ping (sender, MAX (options->count / WARM_UP_SHARE, 1), error) || !bench_crew_clear (crew, error)
      || !ping (sender, MAX (options->count, 1), error) || !bench_crew_settle (crew, error)
      || !bench_hear_hist (sender, "latency", sample->hist[BENCH_LATENCY], error))
    return NULL;
  for (guint i = 0; i < options->members; i++)
    if (i != options->from && !bench_hear_hist (bench_crew_at (crew, i), "one-way", sample->hist[BENCH_ONE_WAY], error))
      return NULL;
  return g_steal_pointer (&sample);
}

static guint64
of_all (const BenchMark *from, const BenchMark *to, guint n)
{
  guint64 sum = 0;
  for (guint i = 0; i < n; i++)
    sum += to[i].delivered - from[i].delivered;
  return sum;
}

BenchSample *
bench_locks (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchSample) sample = bench_sample_new ();
  g_autoptr (BenchCrew) crew = bench_crew_new (options, "member", options->members, error);
  BenchMark from[BENCH_MAX_MEMBERS], to[BENCH_MAX_MEMBERS];
  double rate = 0, cpu_us = 0;
  if (crew == NULL || !bench_crew_assemble (crew, error) || !bench_crew_tell (crew, "go", error)
      || !bench_crew_window (crew, of_all, from, to, error))
    return NULL;
  for (guint i = 0; i < options->members; i++)
    {
      rate += (double) (to[i].delivered - from[i].delivered) / ((double) (to[i].now_ns - from[i].now_ns) / 1e9);
      cpu_us += (double) (to[i].cpu_us - from[i].cpu_us);
    }
  sample->metric[BENCH_LOCKS_PER_S] = rate;
  sample->metric[BENCH_CPU_S] = cpu_us / 1e6;
  sample->hist[BENCH_LATENCY] = g_new0 (BenchHist, 1);
  if (!bench_crew_settle (crew, error))
    return NULL;
  for (guint i = 0; i < options->members; i++)
    if (!bench_hear_hist (bench_crew_at (crew, i), "latency", sample->hist[BENCH_LATENCY], error))
      return NULL;
  return g_steal_pointer (&sample);
}
