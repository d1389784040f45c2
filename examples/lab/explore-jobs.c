/* examples/lab/explore-jobs.c: see explore-jobs.h.
 *
 * Worker k of J plays the seeds k, k + J, k + 2J, ... one after the other, and prints a line for each; so if it dies,
 * the seed after its last line is the one that killed it, and another worker goes on behind that.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-jobs.h"

#include "explore-work.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/resource.h>

/* So many failing seeds are shrunk. */
#define MAX_SHRUNK 3

typedef struct
{
  const ExploreJobs *jobs;
  ExploreTotals *totals;
  GMainLoop *loop;
  gint64 start_us;
  guint working;
  gboolean showed;
  gboolean interrupted;
  GPtrArray *workers; /* Worker */
} Course;

typedef struct
{
  Course *course;
  guint64 next; /* the seed that it is at */
  gboolean over;
  gboolean done; /* with all its seeds */
  char *last_words; /* of what is no line of its own: what a broken invariant has to say */
  GSubprocess *process;
  GDataInputStream *lines;
} Worker;

static void stop (Worker *worker);

static void
failure_free (gpointer data)
{
  ExploreFailure *failure = data;
  g_free (failure->wrong);
  g_free (failure->scene);
  g_free (failure);
}

void
explore_totals_free (ExploreTotals *totals)
{
  g_ptr_array_unref (totals->failures);
  g_free (totals);
}

/* Failing seeds: there need be no more. */
static gboolean
has_enough (const Course *course)
{
  return course->jobs->failures > 0 && course->totals->failures->len >= course->jobs->failures;
}

static void
add_failure (Course *course, guint64 seed, const char *wrong)
{
  if (has_enough (course))
    return;
  ExploreFailure *failure = g_new0 (ExploreFailure, 1);
  failure->seed = seed;
  failure->wrong = g_strdup (wrong);
  g_ptr_array_add (course->totals->failures, failure);
  course->jobs->on_failure (failure, course->jobs->data);
  for (guint i = 0; has_enough (course) && i < course->workers->len; i++)
    stop (course->workers->pdata[i]);
}

/* This program, with more arguments. */
static GSubprocess *
run_self (const Course *course, GSubprocessFlags flags, char **more)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_auto (GStrv) options = g_strsplit (course->jobs->options, " ", -1);
  g_autoptr (GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", &error);
  g_strv_builder_add (argv, self != NULL ? self : "tyet");
  g_strv_builder_add (argv, "explore");
  for (char **o = options; *o != NULL; o++)
    if (**o != '\0')
      g_strv_builder_add (argv, *o);
  for (char **m = more; *m != NULL; m++)
    g_strv_builder_add (argv, *m);
  g_auto (GStrv) all = g_strv_builder_end (argv);
  g_clear_error (&error);
  GSubprocess *process = g_subprocess_newv ((const char *const *) all, flags, &error);
  if (process == NULL)
    g_printerr ("tyet explore: %s\n", error->message);
  return process;
}

/* ---- Progress ---- */

static gboolean
show_progress (gpointer data)
{
  Course *course = data;
  const ExploreTotals *t = course->totals;
  double seconds = (double) MAX (1, g_get_monotonic_time () - course->start_us) / 1e6;
  gboolean terminal = isatty (STDERR_FILENO);
  fprintf (stderr, "%s%" G_GUINT64_FORMAT " seeds, %u failed, %.0f seeds/s, %.0f simulated s%s", terminal ? "\r" : "",
           t->seeds, t->failures->len, (double) t->seeds / seconds, (double) t->simulated_us / 1e6,
           terminal ? "  " : "\n");
  fflush (stderr);
  course->showed = terminal;
  return G_SOURCE_CONTINUE;
}

/* ---- Workers ---- */

static void start (Worker *worker);

static void
stop (Worker *worker)
{
  worker->over = TRUE;
  if (worker->process != NULL)
    g_subprocess_force_exit (worker->process);
}

/* What has been played counts; a second signal ends it as usual. */
static gboolean
interrupt (gpointer data)
{
  Course *course = data;
  course->interrupted = TRUE;
  for (guint i = 0; i < course->workers->len; i++)
    stop (course->workers->pdata[i]);
  return G_SOURCE_REMOVE;
}

static void
end (Worker *worker)
{
  worker->over = TRUE;
  if (--worker->course->working == 0)
    g_main_loop_quit (worker->course->loop);
}

static gboolean
goes_on (const Worker *worker)
{
  const ExploreJobs *jobs = worker->course->jobs;
  return jobs->until_us < 0 || g_get_monotonic_time () < jobs->until_us;
}

/* FALSE: that was the last. */
static gboolean
go_to_next (Worker *worker)
{
  const ExploreJobs *jobs = worker->course->jobs;
  if (jobs->to - worker->next < jobs->n_jobs)
    return FALSE;
  worker->next += jobs->n_jobs;
  return TRUE;
}

static void
take_line (Worker *worker, const char *line)
{
  ExploreTotals *t = worker->course->totals;
  ExploreOutcome out;
  guint64 seed;
  if (!explore_parse_line (line, &seed, &out) || seed != worker->next)
    {
      g_free (worker->last_words);
      worker->last_words = g_strdup (line);
      return;
    }
  t->seeds++;
  t->messages += out.messages;
  t->processes += out.processes;
  t->views += out.views;
  t->simulated_us += out.simulated_us;
  for (guint i = 0; i < N_FAULTS; i++)
    t->faults[i] += out.faults[i];
  if (!out.good)
    add_failure (worker->course, seed, out.wrong);
  explore_outcome_clear (&out);
  worker->done = !go_to_next (worker);
  worker->over |= worker->done;
}

static void
on_ended (GObject *process, GAsyncResult *result, gpointer data)
{
  Worker *worker = data;
  g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL);
  if (g_subprocess_get_if_exited (worker->process) || worker->over)
    {
      if (!worker->over && g_subprocess_get_if_exited (worker->process)
          && g_subprocess_get_exit_status (worker->process) != 0)
        add_failure (worker->course, worker->next, "its worker ended early");
      end (worker);
      return;
    }
  g_autofree char *wrong = NULL;
  int by = g_subprocess_get_term_sig (worker->process);
  /* A terminal tells all of its processes. */
  if (by == SIGINT || by == SIGTERM)
    {
      interrupt (worker->course);
      end (worker);
      return;
    }
  if (by == EXPLORE_ALARM)
    wrong = g_strdup ("it does not end");
  else
    wrong = g_strdup_printf ("signal %d%s%s", by, worker->last_words != NULL ? ": " : "",
                             worker->last_words != NULL ? worker->last_words : "");
  g_clear_pointer (&worker->last_words, g_free);
  worker->course->totals->seeds++;
  add_failure (worker->course, worker->next, wrong);
  worker->done = !go_to_next (worker);
  if (!worker->over && !worker->done && goes_on (worker))
    start (worker);
  else
    end (worker);
}

static void
on_line (GObject *lines, GAsyncResult *result, gpointer data)
{
  Worker *worker = data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (lines), result, NULL, NULL);
  if (line == NULL)
    {
      g_subprocess_wait_async (worker->process, NULL, on_ended, worker);
      return;
    }
  take_line (worker, line);
  g_data_input_stream_read_line_async (worker->lines, G_PRIORITY_DEFAULT, NULL, on_line, worker);
}

static void
start (Worker *worker)
{
  const ExploreJobs *jobs = worker->course->jobs;
  g_autofree char *seeds
      = g_strdup_printf ("--seeds=%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, worker->next, jobs->to);
  g_autofree char *work = g_strdup_printf ("--work=%u", jobs->n_jobs);
  gint64 left = jobs->until_us - g_get_monotonic_time ();
  g_autofree char *minutes = g_strdup_printf ("--minutes=%.6f", (double) MAX (left, 0) / 60e6);
  char *more[] = { seeds, work, jobs->until_us >= 0 ? minutes : NULL, NULL };
  g_clear_object (&worker->lines);
  g_clear_object (&worker->process);
  worker->process = run_self (worker->course, G_SUBPROCESS_FLAGS_STDOUT_PIPE, more);
  if (worker->process == NULL)
    {
      add_failure (worker->course, worker->next, "its worker could not be started");
      end (worker);
      return;
    }
  worker->lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (worker->process));
  g_data_input_stream_read_line_async (worker->lines, G_PRIORITY_DEFAULT, NULL, on_line, worker);
}

/* ---- Shrinking ---- */

static void
shrink (const Course *course, ExploreFailure *failure)
{
  g_autofree char *seeds = g_strdup_printf ("--seeds=%" G_GUINT64_FORMAT, failure->seed);
  g_autofree char *seconds = g_strdup_printf ("--shrink=%u", course->jobs->shrink_s);
  g_autofree char *scenes = g_strdup_printf ("--scenes=%s", course->jobs->scenes != NULL ? course->jobs->scenes : ".");
  g_autofree char *tries = g_strdup_printf ("--tries=%u", course->jobs->tries);
  char *more[] = { seeds, seconds, tries, scenes, "--shrinks", NULL };
  g_autoptr (GSubprocess) process = run_self (course, G_SUBPROCESS_FLAGS_STDOUT_PIPE, more);
  g_autofree char *output = NULL;
  if (process == NULL || !g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, NULL) || output == NULL)
    return;
  g_strchomp (output);
  if (output[0] != '\0')
    failure->scene = g_steal_pointer (&output);
}

static gint64
cpu_of_workers (void)
{
  struct rusage used;
  if (getrusage (RUSAGE_CHILDREN, &used) != 0)
    return 0;
  return (gint64) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * G_USEC_PER_SEC + used.ru_utime.tv_usec
         + used.ru_stime.tv_usec;
}

/* The first that has not been played. */
static guint64
next_of (const Course *course)
{
  guint64 next = G_MAXUINT64;
  gboolean all = TRUE;
  for (guint i = 0; i < course->workers->len; i++)
    {
      const Worker *worker = course->workers->pdata[i];
      next = worker->done ? next : MIN (next, worker->next);
      all &= worker->done;
    }
  return all ? course->jobs->to + 1 : next;
}

ExploreTotals *
explore_jobs (const ExploreJobs *jobs)
{
  Course course = { .jobs = jobs, .totals = g_new0 (ExploreTotals, 1), .start_us = g_get_monotonic_time () };
  course.totals->failures = g_ptr_array_new_with_free_func (failure_free);
  course.loop = g_main_loop_new (NULL, FALSE);
  guint64 n_seeds = jobs->to - jobs->from; /* and one more */
  guint n = n_seeds < jobs->n_jobs ? (guint) n_seeds + 1 : jobs->n_jobs;
  g_autofree Worker *workers = g_new0 (Worker, n);
  course.working = n;
  course.workers = g_ptr_array_new ();
  for (guint i = 0; i < n; i++)
    {
      g_ptr_array_add (course.workers, &workers[i]);
      workers[i] = (Worker){ .course = &course, .next = jobs->from + i };
      start (&workers[i]);
    }
  guint progress = g_timeout_add (jobs->progress, show_progress, &course);
  guint signals[] = {
    g_unix_signal_add (SIGINT, interrupt, &course),
    g_unix_signal_add (SIGTERM, interrupt, &course),
  };
  if (course.working > 0)
    g_main_loop_run (course.loop);
  g_source_remove (progress);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_main_context_find_source_by_id (NULL, signals[i]) != NULL)
      g_source_remove (signals[i]);
  course.totals->next = next_of (&course);
  if (course.showed)
    fprintf (stderr, "\n");
  course.totals->real_us = g_get_monotonic_time () - course.start_us;
  course.totals->cpu_us = cpu_of_workers ();
  gboolean shrinks = jobs->shrink_s > 0 && !course.interrupted;
  for (guint i = 0; shrinks && i < MIN (course.totals->failures->len, MAX_SHRUNK); i++)
    shrink (&course, course.totals->failures->pdata[i]);
  for (guint i = 0; i < n; i++)
    {
      g_clear_object (&workers[i].lines);
      g_clear_object (&workers[i].process);
      g_free (workers[i].last_words);
    }
  g_ptr_array_unref (course.workers);
  g_main_loop_unref (course.loop);
  return course.totals;
}
