/* examples/locks.c: a lock service without a server, after the one of "Inside Virtual Synchrony" (Birman and Joseph).
 *
 * Every process holds the list of who waits for the lock; the first in it has the lock. A request and a release are
 * multicast in total order, so all lists are the same, and the lock is yours when your own request is delivered to
 * you and finds the list empty, or when you come to its head. Who dies or leaves is struck off everywhere at the same
 * point: by the view.
 *
 * Each process takes and gives back the lock as fast as it can, and once a second says how often that was.
 *
 *   tyet-locks locks.ticket          founds the service, and leaves a ticket for the others there
 *   tyet-locks locks.ticket          joins it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter.h"

#include <locale.h>
#include <string.h>
#include <tyet.h>

static GMainLoop *loop;
static GQueue waiting = G_QUEUE_INIT; /* names */
static guint taken;

static void
say (TyetGroup *group, const char *what)
{
  g_autoptr (GError) error = NULL;
  if (!tyet_group_abcast (group, what, strlen (what), &error)
      && !g_error_matches (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER)) /* on the way out */
    g_printerr ("%s: %s\n", what, error->message);
}

static gboolean
is_me (TyetGroup *group, const char *name)
{
  return g_strcmp0 (name, tyet_process_get_name (tyet_group_get_process (group))) == 0;
}

/* The head of the list may be another than before: if it is this process, the lock is its own. */
static void
look (TyetGroup *group)
{
  if (!is_me (group, g_queue_peek_head (&waiting)))
    return;
  taken++;
  /* Here one would do what the lock is for. */
  say (group, "release");
  say (group, "request");
}

static void
strike (const char *name)
{
  GList *link = g_queue_find_custom (&waiting, name, (GCompareFunc) strcmp);
  if (link == NULL)
    return;
  g_free (link->data);
  g_queue_delete_link (&waiting, link);
}

static void
on_message (TyetGroup *group, TyetMessage *message, gpointer unused)
{
  const char *from = tyet_message_get_sender_name (message);
  gsize len;
  const guint8 *data = tyet_message_get_data (message, &len);
  gboolean was_free = waiting.length == 0;
  if (len == 7 && memcmp (data, "request", len) == 0)
    {
      g_queue_push_tail (&waiting, g_strdup (from));
      if (was_free)
        look (group);
    }
  else if (len == 7 && memcmp (data, "release", len) == 0)
    {
      strike (from);
      look (group);
    }
}

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, gpointer unused)
{
  g_autofree char *head = g_strdup (g_queue_peek_head (&waiting));
  gboolean first = tyet_view_change_get_before (change) == NULL;
  for (guint i = 0; i < tyet_view_change_get_n_left (change); i++)
    strike (tyet_view_change_get_left_name (change, i));
  g_print ("* %u members, %u in the list\n", tyet_view_get_n_members (view), waiting.length);
  if (first)
    say (group, "request");
  else if (g_strcmp0 (head, g_queue_peek_head (&waiting)) != 0)
    look (group);
}

/* Who joins is given the list: a name a line. */
static void
on_save_state (TyetGroup *group, GOutputStream *stream, gpointer unused)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (GList *l = waiting.head; l != NULL; l = l->next)
    g_string_append_printf (text, "%s\n", (const char *) l->data);
  if (g_output_stream_write_all (stream, text->str, text->len, NULL, NULL, NULL))
    g_output_stream_close (stream, NULL, NULL);
}

static void
on_list (GObject *in, GAsyncResult *result, gpointer unused)
{
  char *name = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (in), result, NULL, NULL);
  if (name != NULL)
    {
      g_queue_push_tail (&waiting, name);
      g_data_input_stream_read_line_async (G_DATA_INPUT_STREAM (in), G_PRIORITY_DEFAULT, NULL, on_list, NULL);
      return;
    }
  g_input_stream_close (G_INPUT_STREAM (in), NULL, NULL);
  g_object_unref (in);
}

static void
on_load_state (TyetGroup *group, GInputStream *stream, gpointer unused)
{
  g_queue_clear_full (&waiting, g_free);
  g_data_input_stream_read_line_async (g_data_input_stream_new (stream), G_PRIORITY_DEFAULT, NULL, on_list, NULL);
}

static gboolean
on_second (gpointer unused)
{
  const char *holder = g_queue_peek_head (&waiting);
  g_print ("%u locks per second; %s has it, %u are in the list\n", taken, holder != NULL ? holder : "nobody",
           waiting.length);
  taken = 0;
  return G_SOURCE_CONTINUE;
}

static void
on_excluded (TyetGroup *group, const char *reason, gpointer unused)
{
  g_printerr ("the others went on without this process: %s\n", reason);
  g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) me = NULL;
  g_autoptr (TyetGroup) group = NULL;
  setlocale (LC_ALL, "");
  int status;
  if (!enter_check_call (
          argc, argv, 1,
          "usage: tyet-locks TICKET-FILE\n"
          "A lock without a server. The first to start founds the group and leaves a ticket in the file; "
          "others join by that.\n",
          &status))
    return status;
  me = enter_new_process (NULL, argv[1], &error);
  if (me == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  group = tyet_group_new (me, "locks", "total");
  loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (group, "view-changed", G_CALLBACK (on_view), NULL);
  g_signal_connect (group, "delivered", G_CALLBACK (on_message), NULL);
  g_signal_connect (group, "save-state", G_CALLBACK (on_save_state), NULL);
  g_signal_connect (group, "load-state", G_CALLBACK (on_load_state), NULL);
  g_signal_connect (group, "excluded", G_CALLBACK (on_excluded), NULL);
  if (!enter_group (group, argv[1], loop, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_timeout_add_seconds (1, on_second, NULL);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  g_queue_clear_full (&waiting, g_free);
  return 0;
}
