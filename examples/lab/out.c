/* examples/lab/out.c: lines to standard output that never stop the main loop, complaints, progress, a little JSON.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "out.h"

#include "lab.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MOST_BYTES (64 * 1024 * 1024)
/* How often somebody who waits for a reader looks whether it is to stop. */
#define LOOK_US (50 * 1000)
#define PROGRESS_US (5 * 1000 * 1000)
#define PROGRESS_WIDTH 76

struct _LabOut
{
  GMutex mutex;
  GCond cond;
  GString *waiting;
  gsize written; /* ever: for telling progress */
  gboolean ending;
  gboolean broken;
  gboolean told; /* that it is broken */
  gboolean idle; /* the thread has nothing in hand */
  GThread *thread;
  GMainContext *signals; /* of its own: looked at while the main loop stands still */
  gboolean given_up;     /* told to stop while nobody read: what is left is not waited for */
  void (*failed) (const char *why, gpointer user_data);
  gpointer user_data;
  int saved_errno;
};

static gboolean
tell_failed (gpointer data)
{
  LabOut *out = data;
  out->told = TRUE;
  out->failed (g_strerror (out->saved_errno), out->user_data);
  return G_SOURCE_REMOVE;
}

/* In the thread, without the mutex. */
static gboolean
write_all (LabOut *out, const GString *lines)
{
  for (gsize at = 0; at < lines->len;)
    {
      gssize n = write (STDOUT_FILENO, lines->str + at, lines->len - at);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          out->saved_errno = errno;
          return FALSE;
        }
      at += (gsize) n;
      g_mutex_lock (&out->mutex);
      out->written += (gsize) n;
      g_mutex_unlock (&out->mutex);
    }
  return TRUE;
}

static gpointer
write_thread (gpointer data)
{
  LabOut *out = data;
  g_mutex_lock (&out->mutex);
  while (!out->broken && (!out->ending || out->waiting->len > 0))
    {
      GString *lines;
      gboolean good;
      if (out->waiting->len == 0)
        {
          out->idle = TRUE;
          g_cond_broadcast (&out->cond);
          g_cond_wait (&out->cond, &out->mutex);
          continue;
        }
      out->idle = FALSE;
      lines = g_steal_pointer (&out->waiting);
      out->waiting = g_string_new (NULL);
      g_cond_broadcast (&out->cond);
      g_mutex_unlock (&out->mutex);
      good = write_all (out, lines);
      g_string_free (lines, TRUE);
      g_mutex_lock (&out->mutex);
      if (!good)
        {
          out->broken = TRUE;
          if (!out->ending)
            g_idle_add (tell_failed, out);
        }
    }
  out->idle = TRUE;
  g_cond_broadcast (&out->cond);
  g_mutex_unlock (&out->mutex);
  return NULL;
}

static gboolean
on_signal (gpointer data)
{
  ((LabOut *) data)->given_up = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
watch_signal (LabOut *out, int number)
{
  GSource *source = g_unix_signal_source_new (number);
  g_source_set_callback (source, on_signal, out, NULL);
  g_source_attach (source, out->signals);
  g_source_unref (source);
}

LabOut *
lab_out_new (void (*failed) (const char *why, gpointer user_data), gpointer user_data)
{
  LabOut *out = g_new0 (LabOut, 1);
  g_mutex_init (&out->mutex);
  g_cond_init (&out->cond);
  out->waiting = g_string_new (NULL);
  out->signals = g_main_context_new ();
  watch_signal (out, SIGTERM);
  watch_signal (out, SIGINT);
  out->failed = failed;
  out->user_data = user_data;
  out->thread = g_thread_new ("out", write_thread, out);
  return out;
}

/* With the mutex. The main loop stands still meanwhile, and would not see a signal that tells it to stop. */
static void
wait_for_room (LabOut *out, gsize len_bytes)
{
  while (!out->broken && !out->given_up && out->waiting->len > 0 && out->waiting->len + len_bytes > MOST_BYTES)
    {
      g_cond_wait_until (&out->cond, &out->mutex, g_get_monotonic_time () + LOOK_US);
      while (g_main_context_iteration (out->signals, FALSE))
        ;
    }
}

void
lab_out_line (LabOut *out, const char *line, gsize len_bytes)
{
  g_mutex_lock (&out->mutex);
  wait_for_room (out, len_bytes);
  if (!out->broken && !(out->given_up && out->waiting->len + len_bytes > MOST_BYTES))
    {
      g_string_append_len (out->waiting, line, (gssize) len_bytes);
      g_string_append_c (out->waiting, '\n');
      g_cond_broadcast (&out->cond);
    }
  g_mutex_unlock (&out->mutex);
}

void
lab_out_free (LabOut *out, gint64 patience_us)
{
  gsize written;
  gint64 until = g_get_monotonic_time () + patience_us;
  gboolean stuck = FALSE;
  g_mutex_lock (&out->mutex);
  out->ending = TRUE;
  g_cond_broadcast (&out->cond);
  written = out->written;
  while (patience_us >= 0 && !stuck && !(out->idle && (out->broken || out->waiting->len == 0)))
    {
      stuck = !g_cond_wait_until (&out->cond, &out->mutex, until) && out->written == written;
      if (out->written != written)
        until = g_get_monotonic_time () + patience_us;
      written = out->written;
    }
  g_mutex_unlock (&out->mutex);
  /* A thread that hangs in write () cannot be ended but with the program, which is about to. */
  if (stuck)
    return;
  g_thread_join (out->thread);
  g_idle_remove_by_data (out);
  if (out->broken && !out->told)
    tell_failed (out);
  g_string_free (out->waiting, TRUE);
  g_main_context_unref (out->signals);
  g_cond_clear (&out->cond);
  g_mutex_clear (&out->mutex);
  g_free (out);
}

/* ---- What is wrong with a call ---- */

int
lab_bad_usage (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("%s: %s\nTry --help.\n", g_get_prgname (), text);
  return LAB_USAGE;
}

const char *
lab_program (void)
{
  static char *program;
  const char *name = g_get_prgname (), *end = name != NULL ? strchr (name, ' ') : NULL;
  if (program == NULL)
    program = end != NULL ? g_strndup (name, (gsize) (end - name)) : g_strdup ("tyet");
  return program;
}

/* What is longer than a line cannot be written over. */
static int
progress_width (void)
{
  struct winsize size;
  gboolean known = ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? MIN (size.ws_col - 1, PROGRESS_WIDTH) : PROGRESS_WIDTH;
}

void
lab_progress (const char *text)
{
  static gint64 last_us;
  static gboolean shown;
  gboolean terminal = isatty (STDERR_FILENO) != 0;
  gint64 now_us = g_get_monotonic_time ();
  if (text == NULL)
    {
      if (shown && terminal)
        g_printerr ("\r%*s\r", progress_width (), "");
      last_us = 0;
      shown = FALSE;
      return;
    }
  if (last_us == 0 && !terminal)
    last_us = now_us; /* short work says nothing */
  if (now_us - last_us < (terminal ? PROGRESS_US / 50 : PROGRESS_US))
    return;
  if (terminal)
    g_printerr ("\r%-*.*s", progress_width (), progress_width (), text);
  else
    g_printerr ("%s\n", text);
  last_us = now_us;
  shown = TRUE;
}

/* ---- JSON ---- */

void
lab_json_string (GString *json, const char *text, gssize len_bytes)
{
  const char *end = text + (len_bytes >= 0 ? (gsize) len_bytes : strlen (text));
  g_string_append_c (json, '"');
  for (const char *p = text; p < end; p++)
    {
      guchar c = (guchar) *p;
      if (c == '"' || c == '\\')
        g_string_append_printf (json, "\\%c", c);
      else if (c == '\n')
        g_string_append (json, "\\n");
      else if (c == '\t')
        g_string_append (json, "\\t");
      else if (c < 0x20 || c == 0x7f)
        g_string_append_printf (json, "\\u%04x", c);
      else
        g_string_append_c (json, *p);
    }
  g_string_append_c (json, '"');
}

void
lab_json_field (GString *json, const char *key, const char *text)
{
  g_string_append_printf (json, ",\"%s\":", key);
  lab_json_string (json, text, -1);
}
