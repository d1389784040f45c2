/* tests/bench/throughput.c: how much goes through: members, and bare peers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <math.h>

/* What happened between two marks of all children. */
static void
note (BenchSample *sample, const BenchOptions *options, const BenchMark *from, const BenchMark *to, guint n)
{
  double rate = INFINITY, cpu_us = 0, seconds = 0, rss = 0;
  for (guint i = 0; i < n; i++)
    {
      double s = (double) (to[i].now_ns - from[i].now_ns) / 1e9;
      rate = MIN (rate, (double) (to[i].delivered - from[i].delivered) / s);
      cpu_us += (double) (to[i].cpu_us - from[i].cpu_us);
      seconds += s / n;
      rss = MAX (rss, (double) to[i].rss_bytes);
    }
  sample->metric[BENCH_MESSAGES_PER_S] = rate;
  sample->metric[BENCH_BYTES_PER_S] = rate * (double) options->size;
  sample->metric[BENCH_CPU_US_PER_MESSAGE] = cpu_us / (rate * seconds);
  sample->metric[BENCH_CPU_S] = cpu_us / 1e6;
  sample->metric[BENCH_RSS_BYTES] = rss;
}

static guint64
at_the_slowest (const BenchMark *from, const BenchMark *to, guint n)
{
  guint64 least = G_MAXUINT64;
  for (guint i = 0; i < n; i++)
    least = MIN (least, to[i].delivered - from[i].delivered);
  return least;
}

static gboolean
measure (BenchCrew *crew, BenchSample *sample, GError **error)
{
  BenchMark from[BENCH_MAX_MEMBERS], to[BENCH_MAX_MEMBERS];
  if (!bench_crew_tell (crew, "go", error) || !bench_crew_window (crew, at_the_slowest, from, to, error))
    return FALSE;
  note (sample, &crew->options, from, to, crew->children->len);
  return bench_crew_settle (crew, error);
}

BenchSample *
bench_throughput (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchSample) sample = bench_sample_new ();
  g_autoptr (BenchCrew) crew = bench_crew_new (options, "member", options->members, error);
  if (crew == NULL || !bench_crew_assemble (crew, error) || !measure (crew, sample, error))
    return NULL;
  sample->hist[BENCH_LATENCY] = g_new0 (BenchHist, 1);
  for (guint i = 0; i < options->senders; i++)
    if (!bench_hear_hist (bench_crew_at (crew, i), "latency", sample->hist[BENCH_LATENCY], error))
      return NULL;
  return g_steal_pointer (&sample);
}

/* One record to and fro between two of the mesh, the others idle. */
static BenchHist *
round_trips (const BenchOptions *options, GError **error)
{
  g_autofree BenchHist *hist = g_new0 (BenchHist, 1);
  g_autoptr (BenchCrew) crew = bench_crew_new (options, "raw", options->members, error);
  BenchChild *asks;
  g_autofree char *pinged = NULL;
  if (crew == NULL || !bench_crew_assemble (crew, error))
    return NULL;
  /* Who answers has to know first. */
  if (!bench_tell (bench_crew_at (crew, 0), error, "ping 0"))
    return NULL;
  pinged = bench_hear (bench_crew_at (crew, 0), "pinged", error);
  asks = bench_crew_at (crew, 1);
  if (pinged == NULL || !bench_tell (asks, error, "ping %u", options->count))
    return NULL;
  g_free (pinged);
  pinged = bench_hear (asks, "pinged", error);
  if (pinged == NULL || !bench_hear_hist (asks, "round-trip", hist, error))
    return NULL;
  return g_steal_pointer (&hist);
}

BenchSample *
bench_raw (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchSample) sample = bench_sample_new ();
  if (options->seconds > 0)
    {
      g_autoptr (BenchCrew) crew = bench_crew_new (options, "raw", options->members, error);
      if (crew == NULL || !bench_crew_assemble (crew, error) || !measure (crew, sample, error))
        return NULL;
    }
  if (options->count > 0)
    {
      sample->hist[BENCH_ROUND_TRIP] = round_trips (options, error);
      if (sample->hist[BENCH_ROUND_TRIP] == NULL)
        return NULL;
    }
  return g_steal_pointer (&sample);
}
