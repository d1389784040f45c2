/* examples/chat.c: a chat: what anybody types, everybody reads, in the same order.
 *
 *   tyet-chat alice chat.ticket          founds the chat, and leaves a ticket for the others there
 *   tyet-chat bob chat.ticket            joins it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter.h"

#include <gio/gunixinputstream.h>
#include <locale.h>
#include <string.h>
#include <tyet.h>

static GMainLoop *loop;

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, gpointer unused)
{
  g_auto (GStrv) names = tyet_view_dup_member_names (view);
  g_autofree char *all = g_strjoinv (", ", names);
  g_print ("* here: %s\n", all);
}

static void
on_message (TyetGroup *group, TyetMessage *message, gpointer unused)
{
  gsize len;
  const guint8 *text = tyet_message_get_data (message, &len);
  g_print ("%s: %.*s\n", tyet_message_get_sender_name (message), (int) len, (const char *) text);
}

static void
on_excluded (TyetGroup *group, const char *reason, gpointer unused)
{
  g_printerr ("the others went on without you: %s\n", reason);
  g_main_loop_quit (loop);
}

static void read_line (GDataInputStream *in, TyetGroup *group);

static void
on_sent (GObject *group, GAsyncResult *result, gpointer in)
{
  g_autoptr (GError) error = NULL;
  if (!tyet_group_send_finish (TYET_GROUP (group), result, &error))
    g_printerr ("not sent: %s\n", error->message);
  read_line (in, TYET_GROUP (group));
}

static void
on_line (GObject *in, GAsyncResult *result, gpointer group)
{
  gsize len;
  char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (in), result, &len, NULL);
  if (line == NULL)
    {
      enter_leave (group);
      return;
    }
  /* The next line is read when this one has found room. */
  g_autoptr (GBytes) bytes = g_bytes_new_take (line, len);
  tyet_group_send_async (group, TYET_SERVICE_AGREED, bytes, TYET_SEND_NONE, NULL, on_sent, in);
}

static void
read_line (GDataInputStream *in, TyetGroup *group)
{
  g_data_input_stream_read_line_async (in, G_PRIORITY_DEFAULT, NULL, on_line, group);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) me = NULL;
  g_autoptr (TyetGroup) group = NULL;
  setlocale (LC_ALL, "");
  int status;
  if (!enter_check_call (argc, argv, 2,
                         "usage: tyet-chat NAME TICKET-FILE\n"
                         "A chat. The first to start founds it and leaves a ticket in the file; others join by that.\n",
                         &status))
    return status;
  me = enter_new_process (argv[1], argv[2], &error);
  if (me == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  group = tyet_group_new (me, "chat", "total");
  g_signal_connect (group, "view-changed", G_CALLBACK (on_view), NULL);
  g_signal_connect (group, "delivered", G_CALLBACK (on_message), NULL);
  g_signal_connect (group, "excluded", G_CALLBACK (on_excluded), NULL);
  loop = g_main_loop_new (NULL, FALSE);

  if (!enter_group (group, argv[2], loop, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_autoptr (GInputStream) stdin_stream = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (stdin_stream);
  read_line (in, group);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  return 0;
}
