/* tests/bench/crew.c: the parent's side of its children: to start them, to talk with them in lines, to end them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than anything takes that is not stuck. */
#define PATIENCE_NS (60 * G_GINT64_CONSTANT (1000000000))

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_FINDING, text);
  return FALSE;
}

/* ---- Lines ---- */

static char *
take_line (BenchChild *child)
{
  char *end = memchr (child->heard->str, '\n', child->heard->len);
  if (end == NULL)
    return NULL;
  char *line = g_strndup (child->heard->str, (gsize) (end - child->heard->str));
  g_string_erase (child->heard, 0, end - child->heard->str + 1);
  return line;
}

/* FALSE: at its end. */
static gboolean
read_some (BenchChild *child)
{
  char buffer[65536];
  gssize n;
  do
    n = read (child->from, buffer, sizeof buffer);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    g_string_append_len (child->heard, buffer, n);
  return n > 0;
}

/* It has closed what it talks by, which only its end does. */
static gboolean
fail_gone (BenchChild *child, GError **error)
{
  int status;
  if (child->pid == 0 || waitpid (child->pid, &status, 0) != child->pid)
    return fail (error, "child %u is gone", child->index);
  child->pid = 0;
  if (WIFSIGNALED (status))
    return fail (error, "child %u was ended by signal %d (%s)", child->index, WTERMSIG (status),
                 g_strsignal (WTERMSIG (status)));
  return fail (error, "child %u ended before its time, with status %d", child->index, WEXITSTATUS (status));
}

gboolean
bench_tell (BenchChild *child, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  if (child->pid != 0 && write (child->to, line, strlen (line)) == (gssize) strlen (line))
    return TRUE;
  /* Its last words tell more. */
  for (char *last; child->pid != 0 && ((last = take_line (child)) != NULL || read_some (child));)
    {
      g_autofree char *said = last;
      if (said != NULL && g_str_has_prefix (said, "fail "))
        return fail (error, "child %u: %s", child->index, said + strlen ("fail "));
    }
  return fail_gone (child, error);
}

char *
bench_hear (BenchChild *child, const char *word, GError **error)
{
  gint64 until = bench_now_ns () + PATIENCE_NS;
  gsize len = strlen (word);
  for (;;)
    {
      g_autofree char *line = take_line (child);
      if (line != NULL)
        {
          if (g_str_has_prefix (line, word) && (line[len] == ' ' || line[len] == '\0'))
            return g_strdup (line + len + (line[len] == ' '));
          if (g_str_has_prefix (line, "fail "))
            fail (error, "child %u: %s", child->index, line + strlen ("fail "));
          else
            fail (error, "child %u: \"%s\", instead of \"%s\"", child->index, line, word);
          return NULL;
        }
      struct pollfd fd = { .fd = child->from, .events = POLLIN };
      int n = poll (&fd, 1, (int) MAX (0, (until - bench_now_ns ()) / 1000000));
      if (n == 0)
        {
          fail (error, "child %u said nothing for a minute, instead of \"%s\"", child->index, word);
          return NULL;
        }
      if (n > 0 && !read_some (child))
        {
          fail_gone (child, error);
          return NULL;
        }
    }
}

gboolean
bench_mark (BenchChild *child, BenchMark *mark, GError **error)
{
  if (!bench_tell (child, error, "mark"))
    return FALSE;
  g_autofree char *text = bench_hear (child, "mark", error);
  if (text == NULL)
    return FALSE;
  char *at = text;
  mark->now_ns = (gint64) g_ascii_strtoull (at, &at, 10);
  mark->delivered = g_ascii_strtoull (at, &at, 10);
  mark->cpu_us = (gint64) g_ascii_strtoull (at, &at, 10);
  mark->rss_bytes = g_ascii_strtoull (at, &at, 10);
  mark->stood_still_us = g_ascii_strtoull (at, &at, 10);
  return TRUE;
}

gboolean
bench_hear_hist (BenchChild *child, const char *name, BenchHist *into, GError **error)
{
  if (!bench_tell (child, error, "hist %s", name))
    return FALSE;
  g_autofree char *text = bench_hear (child, "hist", error);
  return text != NULL && (bench_hist_read (into, text) || fail (error, "a histogram that cannot be read"));
}

/* ---- Children ---- */

static void
become (const BenchCrew *crew, guint index, int in, int out)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  char **options = bench_options_write (&crew->options);
  g_ptr_array_add (argv, (gpointer) "tyet-bench");
  g_ptr_array_add (argv, (gpointer) "--child");
  g_ptr_array_add (argv, (gpointer) crew->kind);
  g_ptr_array_add (argv, g_strdup_printf ("%u", index));
  g_ptr_array_add (argv, (gpointer) crew->options.command);
  for (char **o = options; *o != NULL; o++)
    g_ptr_array_add (argv, *o);
  g_ptr_array_add (argv, NULL);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  dup2 (in, STDIN_FILENO);
  dup2 (out, STDOUT_FILENO);
  execv ("/proc/self/exe", (char **) argv->pdata);
  _exit (127);
}

BenchChild *
bench_crew_add (BenchCrew *crew, GError **error)
{
  int down[2], up[2];
  BenchChild *child = g_new0 (BenchChild, 1);
  child->index = crew->children->len;
  child->heard = g_string_new (NULL);
  child->to = child->from = -1;
  g_ptr_array_add (crew->children, child);
  if (pipe2 (down, O_CLOEXEC) != 0)
    {
      fail (error, "a pipe to a child: %s", g_strerror (errno));
      return NULL;
    }
  int pid = pipe2 (up, O_CLOEXEC) != 0 ? -1 : fork ();
  if (pid < 0)
    {
      fail (error, "a child: %s", g_strerror (errno));
      return NULL;
    }
  if (pid == 0)
    become (crew, child->index, down[0], up[1]);
  close (down[0]);
  close (up[1]);
  child->pid = pid;
  child->to = down[1];
  child->from = up[0];
  child->address = bench_hear (child, "at", error);
  return child->address != NULL ? child : NULL;
}

void
bench_child_kill (BenchChild *child, int signal_number)
{
  kill (child->pid, signal_number);
  if (signal_number != SIGKILL)
    return;
  waitpid (child->pid, NULL, 0);
  child->pid = 0;
}

static void
child_free (gpointer data)
{
  BenchChild *child = data;
  if (child->to >= 0)
    close (child->to); /* which ends it */
  if (child->pid != 0)
    {
      struct pollfd fd = { .fd = child->from, .events = 0 };
      if (poll (&fd, 1, 2000) <= 0)
        kill (child->pid, SIGKILL);
      waitpid (child->pid, NULL, 0);
    }
  if (child->from >= 0)
    close (child->from);
  g_string_free (child->heard, TRUE);
  g_free (child->address);
  g_free (child);
}

/* ---- All of them ---- */

BenchCrew *
bench_crew_new (const BenchOptions *options, const char *kind, guint n, GError **error)
{
  g_autoptr (BenchCrew) crew = g_new0 (BenchCrew, 1);
  crew->options = *options;
  crew->kind = kind;
  crew->children = g_ptr_array_new_with_free_func (child_free);
  for (guint i = 0; i < n; i++)
    if (bench_crew_add (crew, error) == NULL)
      return NULL;
  return g_steal_pointer (&crew);
}

void
bench_crew_free (BenchCrew *crew)
{
  /* All at once, or those that are left would go through views of the others' deaths. */
  for (guint i = 0; i < crew->children->len; i++)
    {
      BenchChild *child = g_ptr_array_index (crew->children, i);
      if (child->pid != 0)
        kill (child->pid, SIGKILL);
    }
  g_ptr_array_unref (crew->children);
  g_free (crew);
}

BenchChild *
bench_crew_at (BenchCrew *crew, guint i)
{
  return g_ptr_array_index (crew->children, i);
}

gboolean
bench_crew_tell (BenchCrew *crew, const char *line, GError **error)
{
  for (guint i = 0; i < crew->children->len; i++)
    if (!bench_tell (bench_crew_at (crew, i), error, "%s", line))
      return FALSE;
  return TRUE;
}

static gboolean
hear_in (BenchCrew *crew, guint i, GError **error)
{
  g_autofree char *text = bench_hear (bench_crew_at (crew, i), "in", error);
  return text != NULL;
}

static gboolean
assemble_mesh (BenchCrew *crew, GError **error)
{
  g_autoptr (GString) line = g_string_new ("peers");
  for (guint i = 0; i < crew->children->len; i++)
    g_string_append_printf (line, " %s", bench_crew_at (crew, i)->address);
  if (!bench_crew_tell (crew, line->str, error))
    return FALSE;
  for (guint i = 0; i < crew->children->len; i++)
    if (!hear_in (crew, i, error))
      return FALSE;
  return TRUE;
}

gboolean
bench_crew_assemble (BenchCrew *crew, GError **error)
{
  guint n = crew->children->len;
  g_autofree char *expect = g_strdup_printf ("expect %u", n);
  if (g_str_equal (crew->kind, "raw"))
    return assemble_mesh (crew, error);
  /* One after the other: their ranks are then their places. */
  for (guint i = 0; i < n; i++)
    if (!(i == 0 ? bench_tell (bench_crew_at (crew, 0), error, "found")
                 : bench_tell (bench_crew_at (crew, i), error, "join %s", bench_crew_at (crew, 0)->address))
        || !hear_in (crew, i, error))
      return FALSE;
  if (!bench_crew_tell (crew, expect, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!hear_in (crew, i, error))
      return FALSE;
  return TRUE;
}

gboolean
bench_crew_watch (BenchCrew *crew, double seconds, GError **error)
{
  gint64 until = bench_now_ns () + (gint64) (seconds * 1e9), left;
  while ((left = until - bench_now_ns ()) > 0)
    {
      struct pollfd fds[2 * BENCH_MAX_MEMBERS];
      guint n = 0;
      for (guint i = 0; i < crew->children->len && n < G_N_ELEMENTS (fds); i++)
        if (bench_crew_at (crew, i)->pid != 0)
          fds[n++] = (struct pollfd){ .fd = bench_crew_at (crew, i)->from, .events = POLLIN };
      if (poll (fds, n, (int) ((left + 999999) / 1000000)) <= 0)
        continue;
      for (guint i = 0; i < crew->children->len; i++)
        {
          BenchChild *child = bench_crew_at (crew, i);
          for (guint j = 0; j < n; j++)
            if (child->pid != 0 && fds[j].fd == child->from && fds[j].revents != 0)
              {
                g_free (bench_hear (child, "nothing", error));
                return FALSE;
              }
        }
    }
  return TRUE;
}

static gboolean
mark_all (BenchCrew *crew, BenchMark *marks, GError **error)
{
  for (guint i = 0; i < crew->children->len; i++)
    if (!bench_mark (bench_crew_at (crew, i), &marks[i], error))
      return FALSE;
  return TRUE;
}

gboolean
bench_crew_clear (BenchCrew *crew, GError **error)
{
  for (guint i = 0; i < crew->children->len; i++)
    {
      g_autofree char *cleared = NULL;
      if (!bench_tell (bench_crew_at (crew, i), error, "clear"))
        return FALSE;
      cleared = bench_hear (bench_crew_at (crew, i), "cleared", error);
      if (cleared == NULL)
        return FALSE;
    }
  return TRUE;
}

/* A time alone would make it a matter of luck, on a machine that does something else too, whether there is anything in
 * the window. */
gboolean
bench_crew_window (BenchCrew *crew, BenchCount count, BenchMark *from, BenchMark *to, GError **error)
{
  const BenchOptions *o = &crew->options;
  gint64 until = bench_now_ns () + PATIENCE_NS + (gint64) ((o->warm_up + o->seconds) * 1e9);
  guint n = crew->children->len;
  if (!bench_crew_watch (crew, o->warm_up, error) || !bench_crew_clear (crew, error) || !mark_all (crew, from, error)
      || !bench_crew_watch (crew, o->seconds, error) || !mark_all (crew, to, error))
    return FALSE;
  for (guint64 last = 0, now; (now = count (from, to, n)) < MAX (o->messages, 1); last = now)
    {
      if (now > last)
        until = bench_now_ns () + PATIENCE_NS;
      if (bench_now_ns () > until)
        return fail (error, "nothing for a minute: %" G_GUINT64_FORMAT " messages, and %u were to be measured", now,
                     MAX (o->messages, 1));
      if (!bench_crew_watch (crew, MAX (o->seconds / 4, 0.01), error) || !mark_all (crew, to, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
bench_crew_settle (BenchCrew *crew, GError **error)
{
  g_autoptr (GString) drain = g_string_new ("drain");
  g_autofree char *first = NULL;
  if (!bench_crew_tell (crew, "stop", error))
    return FALSE;
  for (guint i = 0; i < crew->children->len; i++)
    {
      g_autofree char *sent = bench_hear (bench_crew_at (crew, i), "sent", error);
      if (sent == NULL)
        return FALSE;
      g_string_append_printf (drain, " %s", sent);
    }
  if (!bench_crew_tell (crew, drain->str, error))
    return FALSE;
  for (guint i = 0; i < crew->children->len; i++)
    {
      g_autofree char *hash = bench_hear (bench_crew_at (crew, i), "done", error);
      if (hash == NULL)
        return FALSE;
      if (first == NULL)
        first = g_strdup (hash);
      else if (!g_str_equal (first, hash))
        return fail (error, "members 0 and %u had different messages, or in different orders: %s and %s", i, first,
                     hash);
    }
  return TRUE;
}
