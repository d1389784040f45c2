/* tests/bench/view-change.c: from what happens to a member to the last survivor's next view.
 *
 * Survivors must have had the same messages in the view that ended, and in the same order: that is checked each time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"
#include "clock.h"

#include <signal.h>

typedef struct
{
  const BenchOptions *options;
  BenchCrew *crew;
  GPtrArray *alive; /* BenchChild *, by age */
  BenchHist *hist;
  GArray *stood_still; /* doubles */
} Run;

static gboolean
expect (Run *run, guint n, GError **error)
{
  for (guint i = 0; i < run->alive->len; i++)
    if (!bench_tell (g_ptr_array_index (run->alive, i), error, "expect %u", n))
      return FALSE;
  for (guint i = 0; i < run->alive->len; i++)
    {
      g_autofree char *in = bench_hear (g_ptr_array_index (run->alive, i), "in", error);
      if (in == NULL)
        return FALSE;
    }
  return TRUE;
}

/* When the last of them had its view; those of the first `together` close the view before alike. `asked_ns`: when the
 * last one asked to join. */
static gint64
last_view (Run *run, guint together, gint64 *asked_ns, GError **error)
{
  gint64 last = 0;
  g_autofree char *first = NULL;
  for (guint i = 0; i < run->alive->len; i++)
    {
      BenchChild *child = g_ptr_array_index (run->alive, i);
      g_autofree char *text = NULL;
      char *at;
      if (!bench_tell (child, error, "view"))
        return -1;
      text = bench_hear (child, "view", error);
      if (text == NULL)
        return -1;
      last = MAX (last, (gint64) g_ascii_strtoull (text, &at, 10));
      *asked_ns = (gint64) g_ascii_strtoull (at, &at, 10);
      if (first == NULL)
        first = g_strdup (at);
      else if (i < together && !g_str_equal (first, at))
        {
          g_set_error (error, BENCH_ERROR, BENCH_ERROR_FINDING, "survivors closed a view differently:%s and%s", first,
                       at);
          return -1;
        }
    }
  return last;
}

static gboolean
still_us (Run *run, double *us, GError **error)
{
  for (guint i = 0; i < run->alive->len; i++)
    {
      BenchMark mark;
      if (!bench_mark (g_ptr_array_index (run->alive, i), &mark, error))
        return FALSE;
      us[i] = (double) mark.stood_still_us;
    }
  return TRUE;
}

static gboolean
join (Run *run, BenchChild *child, gint64 *took_ns, GError **error)
{
  g_autofree char *in = NULL;
  BenchChild *contact = g_ptr_array_index (run->alive, 0);
  guint before = run->alive->len;
  gint64 asked, last;
  if (!bench_tell (child, error, "join %s", contact->address))
    return FALSE;
  in = bench_hear (child, "in", error);
  if (in == NULL)
    return FALSE;
  g_ptr_array_add (run->alive, child);
  if (!expect (run, before + 1, error))
    return FALSE;
  last = last_view (run, before, &asked, error);
  if (last < 0)
    return FALSE;
  *took_ns = last - asked;
  return run->options->load == 0 || bench_tell (child, error, "go");
}

/* The victim goes, in whatever way, and the others go on. */
static gboolean
lose (Run *run, gint64 *took_ns, GError **error)
{
  const char *how = run->options->how;
  guint at = g_str_equal (how, "coordinator") ? 0 : run->alive->len - 1;
  BenchChild *victim = g_ptr_array_index (run->alive, at);
  gint64 from = bench_now_ns (), unused, last;
  g_ptr_array_remove_index (run->alive, at);
  if (g_str_equal (how, "leave") || g_str_equal (how, "join"))
    {
      g_autofree char *left = NULL;
      if (!bench_tell (victim, error, "leave"))
        return FALSE;
      left = bench_hear (victim, "left", error);
      if (left == NULL)
        return FALSE;
      from = (gint64) g_ascii_strtoull (left, NULL, 10);
    }
  else
    bench_child_kill (victim, g_str_equal (how, "silent") ? SIGSTOP : SIGKILL);
  if (!expect (run, run->alive->len, error))
    return FALSE;
  last = last_view (run, run->alive->len, &unused, error);
  if (victim->pid != 0)
    bench_child_kill (victim, SIGKILL);
  *took_ns = last - from;
  return last >= 0;
}

static gboolean
once (Run *run, GError **error)
{
  double before[BENCH_MAX_MEMBERS], after[BENCH_MAX_MEMBERS], most = 0;
  gint64 lost_ns, joined_ns;
  gboolean joins = g_str_equal (run->options->how, "join");
  BenchChild *next = bench_crew_add (run->crew, error);
  if (next == NULL || (joins && !lose (run, &lost_ns, error)) || !still_us (run, before, error))
    return FALSE;
  /* Who is lost is the first or the last, so that the others' places are known. */
  guint shift = g_str_equal (run->options->how, "coordinator");
  guint n = run->alive->len - !joins;
  if (joins ? !join (run, next, &joined_ns, error) : !lose (run, &lost_ns, error))
    return FALSE;
  if (!still_us (run, after, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    most = MAX (most, after[i] - before[i + shift]);
  g_array_append_val (run->stood_still, most);
  bench_hist_add (run->hist, (guint64) (joins ? joined_ns : lost_ns));
  return joins || join (run, next, &joined_ns, error);
}

BenchSample *
bench_view_change (const BenchOptions *options, GError **error)
{
  g_autoptr (BenchSample) sample = bench_sample_new ();
  g_autoptr (BenchCrew) crew = NULL;
  g_autoptr (GPtrArray) alive = g_ptr_array_new ();
  g_autoptr (GArray) stood_still = g_array_new (FALSE, FALSE, sizeof (double));
  Run run = { .options = options, .alive = alive, .stood_still = stood_still };
  if (options->members + options->reps > BENCH_MAX_MEMBERS)
    {
      g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_USAGE, "Not so many repetitions in one run: 200 at most");
      return NULL;
    }
  crew = bench_crew_new (options, "member", options->members, error);
  if (crew == NULL || !bench_crew_assemble (crew, error) || !bench_crew_tell (crew, "go", error))
    return NULL;
  run.crew = crew;
  run.hist = sample->hist[BENCH_VIEW_CHANGE] = g_new0 (BenchHist, 1);
  for (guint i = 0; i < options->members; i++)
    g_ptr_array_add (alive, bench_crew_at (crew, i));
  for (guint i = 0; i < options->reps; i++)
    {
      bench_progress ("%s %s %u/%u", options->command, options->how, i + 1, options->reps);
      if (!once (&run, error))
        return NULL;
    }
  sample->metric[BENCH_STOOD_STILL_US] = bench_median ((const double *) stood_still->data, stood_still->len);
  return g_steal_pointer (&sample);
}
