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
  if (options->rate > 0)
    sample->hist[BENCH_FROM_DUE] = g_new0 (BenchHist, 1);
  for (guint i = 0; options->rate > 0 && i < options->senders; i++)
    if (!bench_hear_hist (bench_crew_at (crew, i), "from-due", sample->hist[BENCH_FROM_DUE], error))
      return NULL;
  return g_steal_pointer (&sample);
}

/* One record to and fro between two of the mesh, the others idle ("one"); or from the last to all and from the first to
 * all ("all"); or then from all the others to all, too ("all-by-all"). */
static gboolean
round_trips (const BenchOptions *options, const char *how, BenchHist *round_trip, BenchHist *one_way, GError **error)
{
  g_autoptr (BenchCrew) crew = bench_crew_new (options, "raw", options->members, error);
  gboolean to_one = g_str_equal (how, "one");
  guint asks = to_one ? 1 : options->members - 1;
  if (crew == NULL || !bench_crew_assemble (crew, error))
    return FALSE;
  /* Who answers has to know first. */
  for (guint i = 0; i <= options->members; i++)
    {
      guint at = i < options->members ? i : asks;
      g_autofree char *pinged = NULL;
      if (i == asks || (to_one && at > 1))
        continue;
      if (!bench_tell (bench_crew_at (crew, at), error, "ping %s %u", how, i < options->members ? 0 : options->count))
        return FALSE;
      pinged = bench_hear (bench_crew_at (crew, at), "pinged", error);
      if (pinged == NULL)
        return FALSE;
    }
  for (guint i = 0; one_way != NULL && i < asks; i++)
    if (!bench_hear_hist (bench_crew_at (crew, i), "one-way", one_way, error))
      return FALSE;
  return bench_hear_hist (bench_crew_at (crew, asks), "round-trip", round_trip, error);
}

/* Whether a process that looks out for what comes is quicker than one that sleeps at once depends on the machine and on
 * its hour: the quicker one is what others are measured by. */
static gboolean
note_round_trips (BenchSample *sample, const BenchOptions *options, GError **error)
{
  BenchOptions asleep = *options;
  BenchHist **hist = sample->hist;
  asleep.busy_poll_us = 0;
  for (guint i = BENCH_ROUND_TRIP; i <= BENCH_RAW_ONE_WAY; i++)
    hist[i] = g_new0 (BenchHist, 1);
  if (!round_trips (&asleep, "one", hist[BENCH_ASLEEP], NULL, error)
      || !round_trips (options, "one", hist[BENCH_ROUND_TRIP], NULL, error)
      || !round_trips (options, "all", hist[BENCH_TO_ALL], hist[BENCH_RAW_ONE_WAY], error)
      || !round_trips (options, "all-by-all", hist[BENCH_BY_ALL], NULL, error))
    return FALSE;
  if (bench_hist_at (hist[BENCH_ASLEEP], 0.5) < bench_hist_at (hist[BENCH_ROUND_TRIP], 0.5))
    *hist[BENCH_ROUND_TRIP] = *hist[BENCH_ASLEEP];
  return TRUE;
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
  return options->count == 0 || note_round_trips (sample, options, error) ? g_steal_pointer (&sample) : NULL;
}
