/* examples/lab/compare-real.c: `tyet compare --real`: groups of real processes on this machine.
 *
 *     this process ──fork──► member 0 (founds), member 1, ...       over TCP on the loopback interface
 *          │  ▲
 *          │  └── lines up:   at ADDRESS · ready · lat SAMPLE... · thr RATE
 *          └───── lines down: contact ADDRESS · lat · thr
 *
 * Each group is measured twice: its latency under little load, everybody sending a message now and then, and its
 * throughput, everybody sending as much as goes. The clock is the machine's, which all its processes share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare-real.h"

#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tyet.h>
#include <unistd.h>

#define PACE_MS 4
#define PATIENCE_MS 30000
#define BURST 64

static gint64
now_us (void)
{
  return g_get_monotonic_time ();
}

/* ---- A member ---- */

typedef struct
{
  const RealRun *run;
  TyetProcess *process;
  TyetGroup *group;
  GMainLoop *loop;
  FILE *up;
  GString *down; /* what has come, to the end of a line */
  guint8 *payload;
  gboolean pacing, pouring, waiting;
  GString *samples;
  guint64 delivered, delivered_then;
  gint64 then_us;
} Member;

static void G_GNUC_NORETURN
give_up (Member *m, const char *what)
{
  fprintf (m->up, "fail %s\n", what);
  fflush (m->up);
  _exit (1);
}

static void
say (Member *m, const char *line)
{
  if (fprintf (m->up, "%s\n", line) < 0 || fflush (m->up) != 0)
    _exit (1);
}

static void
on_delivery (TyetGroup *group, TyetView *view, guint rank, TyetService service, const guint8 *data, gsize len,
             gpointer user_data)
{
  Member *m = user_data;
  gint64 sent;
  m->delivered++;
  if (m->samples == NULL || len < sizeof sent || rank == tyet_view_get_rank (view))
    return;
  memcpy (&sent, data, sizeof sent);
  if (sent > 0)
    g_string_append_printf (m->samples, " %" G_GINT64_FORMAT, now_us () - sent);
}

/* FALSE if there is no room. */
static gboolean
send_one (Member *m, gboolean timed)
{
  g_autoptr (GError) error = NULL;
  gint64 sent = timed ? now_us () : 0;
  memcpy (m->payload, &sent, sizeof sent);
  gsize len = MAX (m->run->size, sizeof sent);
  if (tyet_group_send (m->group, m->run->service, m->payload, len, &error))
    return TRUE;
  if (!g_error_matches (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
    give_up (m, error->message);
  return FALSE;
}

static gboolean
on_pace (gpointer user_data)
{
  Member *m = user_data;
  if (m->pacing)
    send_one (m, TRUE);
  return m->pacing;
}

static gboolean
on_pour (gpointer user_data)
{
  Member *m = user_data;
  for (guint i = 0; i < BURST && m->pouring; i++)
    if (!send_one (m, FALSE))
      {
        m->waiting = TRUE;
        return G_SOURCE_REMOVE;
      }
  return m->pouring;
}

static void
on_writable (TyetGroup *group, gpointer user_data)
{
  Member *m = user_data;
  if (m->waiting && m->pouring)
    g_idle_add (on_pour, m);
  m->waiting = FALSE;
}

static gboolean
on_paced (gpointer user_data)
{
  Member *m = user_data;
  m->pacing = FALSE;
  say (m, m->samples->str);
  g_string_free (m->samples, TRUE);
  m->samples = NULL;
  return G_SOURCE_REMOVE;
}

static gboolean
on_warm (gpointer user_data)
{
  Member *m = user_data;
  m->delivered_then = m->delivered;
  m->then_us = now_us ();
  return G_SOURCE_REMOVE;
}

static gboolean
on_poured (gpointer user_data)
{
  Member *m = user_data;
  g_autofree char *line = NULL;
  m->pouring = FALSE;
  line = g_strdup_printf ("thr %" G_GUINT64_FORMAT, (guint64) ((double) (m->delivered - m->delivered_then) * 1e6
                                                               / (double) MAX (now_us () - m->then_us, 1)));
  say (m, line);
  return G_SOURCE_REMOVE;
}

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, gpointer user_data)
{
  Member *m = user_data;
  if (tyet_view_get_n_members (view) == m->run->members)
    say (m, "ready");
}

static void
obey (Member *m, const char *line)
{
  g_autoptr (GError) error = NULL;
  guint ms = (guint) (m->run->seconds * 1000);
  if (g_str_has_prefix (line, "contact "))
    {
      const char *contacts[] = { line + strlen ("contact "), NULL };
      if (!tyet_group_join (m->group, contacts, NULL, &error))
        give_up (m, error->message);
    }
  else if (g_str_equal (line, "lat"))
    {
      m->samples = g_string_new ("lat");
      m->pacing = TRUE;
      g_timeout_add (PACE_MS, on_pace, m);
      g_timeout_add (ms, on_paced, m);
    }
  else if (g_str_equal (line, "thr"))
    {
      m->pouring = TRUE;
      on_warm (m);
      g_idle_add (on_pour, m);
      g_timeout_add (ms / 4, on_warm, m);
      g_timeout_add (ms + ms / 4, on_poured, m);
    }
}

static gboolean
on_line (int fd, GIOCondition condition, gpointer user_data)
{
  Member *m = user_data;
  char bytes[512];
  gssize n = read (fd, bytes, sizeof bytes);
  if (n <= 0)
    _exit (0); /* who started this is through with it, or gone */
  g_string_append_len (m->down, bytes, n);
  for (char *end; (end = strchr (m->down->str, '\n')) != NULL;)
    {
      g_autofree char *line = g_strndup (m->down->str, (gsize) (end - m->down->str));
      g_string_erase (m->down, 0, end - m->down->str + 1);
      obey (m, line);
    }
  return G_SOURCE_CONTINUE;
}

static void G_GNUC_NORETURN
be_member (const RealRun *run, guint index, int down, int up)
{
  g_autoptr (GError) error = NULL;
  Member m = { .run = run, .up = fdopen (up, "w"), .down = g_string_new (NULL) };
  m.payload = g_malloc0 (MAX (run->size, sizeof (gint64)));
  m.process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "address", "tcp://127.0.0.1:0", "suspect-after", 10000u,
                              "security", run->secret != NULL ? TYET_SECURITY_SEALED : TYET_SECURITY_PLAIN, "secret",
                              run->secret, NULL);
  m.group = m.process != NULL ? tyet_group_new (m.process, "compare", run->ordering) : NULL;
  if (m.group == NULL)
    give_up (&m, error->message);
  tyet_group_set_deliver_func (m.group, on_delivery, &m, NULL);
  g_signal_connect (m.group, "view-changed", G_CALLBACK (on_view), &m);
  g_signal_connect (m.group, "writable", G_CALLBACK (on_writable), &m);
  g_autofree char *line = g_strdup_printf ("at %s", tyet_process_get_address (m.process));
  say (&m, line);
  if (index == 0 && !tyet_group_found (m.group, &error))
    give_up (&m, error->message);
  g_unix_fd_add (down, G_IO_IN | G_IO_HUP, on_line, &m);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  _exit (0);
}

/* ---- Who measures ---- */

typedef struct
{
  pid_t pid;
  int down;
  FILE *up;
} Child;

static gboolean
start (Child *child, const RealRun *run, guint index, const Child *before, GError **error)
{
  int down[2], up[2];
  if (!g_unix_open_pipe (down, FD_CLOEXEC, error))
    return FALSE;
  if (!g_unix_open_pipe (up, FD_CLOEXEC, error))
    return FALSE;
  fflush (NULL);
  child->pid = fork ();
  if (child->pid < 0)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "no process can be started: %s", g_strerror (errno));
      return FALSE;
    }
  if (child->pid == 0)
    {
      /* The others' ends must close when this process's parent closes them. */
      for (guint i = 0; i < index; i++)
        {
          close (before[i].down);
          close (fileno (before[i].up));
        }
      close (down[1]);
      close (up[0]);
      be_member (run, index, down[0], up[1]);
    }
  close (down[0]);
  close (up[1]);
  child->down = down[1];
  child->up = fdopen (up[0], "r");
  setvbuf (child->up, NULL, _IONBF, 0);
  return TRUE;
}

/* The next line that begins with `word`, without it. NULL, and `error`. (transfer full) */
static char *
hear (Child *child, const char *word, GError **error)
{
  char *line = NULL;
  size_t room = 0;
  for (;;)
    {
      struct pollfd p = { .fd = fileno (child->up), .events = POLLIN };
      ssize_t n = -1;
      if (poll (&p, 1, PATIENCE_MS) > 0)
        n = getline (&line, &room, child->up);
      if (n > 0 && line[n - 1] == '\n')
        line[n - 1] = '\0';
      if (n > 0 && g_str_has_prefix (line, word))
        break;
      if (n > 0 && !g_str_has_prefix (line, "fail "))
        continue;
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "a member %s%s", n > 0 ? "fails: " : "does not answer",
                   n > 0 ? line + strlen ("fail ") : "");
      free (line);
      return NULL;
    }
  char *rest = g_strdup (line + strlen (word));
  free (line);
  return rest;
}

static gboolean
tell (Child *children, guint n, const char *line, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (write (children[i].down, line, strlen (line)) < 0)
      {
        g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "a member is gone");
        return FALSE;
      }
  return TRUE;
}

static gboolean
measure (RealRun *run, Child *children, GError **error)
{
  guint n = run->members;
  g_autofree char *first = NULL;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *at = hear (&children[i], "at ", error);
      if (at == NULL)
        return FALSE;
      if (i == 0)
        first = g_strdup_printf ("contact %s\n", at);
    }
  if (!tell (children + 1, n - 1, first, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *ready = hear (&children[i], "ready", error);
      if (ready == NULL)
        return FALSE;
    }
  if (!tell (children, n, "lat\n", error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *samples = hear (&children[i], "lat", error);
      g_auto (GStrv) numbers = samples != NULL ? g_strsplit (samples, " ", -1) : NULL;
      for (guint k = 0; numbers != NULL && numbers[k] != NULL; k++)
        if (numbers[k][0] != '\0')
          sample_add (&run->latency, g_ascii_strtoll (numbers[k], NULL, 10));
      if (numbers == NULL)
        return FALSE;
    }
  if (!tell (children, n, "thr\n", error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *rate = hear (&children[i], "thr ", error);
      if (rate == NULL)
        return FALSE;
      run->rate += g_ascii_strtod (rate, NULL) / n;
    }
  return TRUE;
}

gboolean
real_measure (RealRun *run, GError **error)
{
  g_autofree Child *children = g_new0 (Child, run->members);
  guint started = 0;
  gboolean good = TRUE;
  while (good && started < run->members)
    {
      good = start (&children[started], run, started, children, error);
      started += good;
    }
  good = good && measure (run, children, error);
  for (guint i = 0; i < started; i++)
    {
      close (children[i].down);
      fclose (children[i].up);
    }
  for (guint i = 0; i < started; i++)
    {
      if (!good)
        kill (children[i].pid, SIGKILL);
      waitpid (children[i].pid, NULL, 0);
    }
  return good;
}
