/* examples/kv.c: a replicated key-value store: every process has the whole table, and all tables are the same.
 *
 * A change is multicast in total order, and made when it is delivered: everywhere the same changes in the same order.
 * Who joins is given the table as it is at the beginning of its first view, and then the changes since: nothing
 * twice, nothing not at all.  Reading asks nobody.
 *
 *   tyet-kv kv.ticket          founds the store, and leaves a ticket for the others there
 *   tyet-kv kv.ticket          joins it
 * then:  set KEY VALUE | del KEY | get KEY | list
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter.h"

#include <gio/gunixinputstream.h>
#include <locale.h>
#include <string.h>
#include <tyet.h>

#define USAGE "set KEY VALUE | del KEY | get KEY | list\n"

static GHashTable *table;
static GMainLoop *loop;

/* ---- Changes ---- */

static void
on_message (TyetGroup *group, TyetMessage *message, gpointer unused)
{
  gsize len;
  const guint8 *data = tyet_message_get_data (message, &len);
  g_autofree char *text = g_strndup ((const char *) data, len);
  g_auto (GStrv) words = g_strsplit (text, " ", 3);
  if (g_strcmp0 (words[0], "set") == 0 && g_strv_length (words) == 3)
    g_hash_table_insert (table, g_strdup (words[1]), g_strdup (words[2]));
  else if (g_strcmp0 (words[0], "del") == 0 && g_strv_length (words) == 2)
    g_hash_table_remove (table, words[1]);
}

/* ---- State transfer: a line "KEY VALUE" for each ---- */

static void
on_saved (GObject *stream, GAsyncResult *result, gpointer snapshot)
{
  /* Closed, it is complete; let go of without that, it is a failure, and the joiner is told so. */
  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, NULL))
    g_output_stream_close (G_OUTPUT_STREAM (stream), NULL, NULL);
  g_string_free (snapshot, TRUE);
}

static void
on_save_state (TyetGroup *group, GOutputStream *stream, gpointer unused)
{
  GString *snapshot = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_string_append_printf (snapshot, "%s %s\n", (const char *) key, (const char *) value);
  g_output_stream_write_all_async (stream, snapshot->str, snapshot->len, G_PRIORITY_DEFAULT, NULL, on_saved, snapshot);
}

static void
on_loaded_line (GObject *in, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (in), result, NULL, &error);
  char *space = line != NULL ? strchr (line, ' ') : NULL;
  if (space != NULL)
    {
      g_hash_table_insert (table, g_strndup (line, (gsize) (space - line)), g_strdup (space + 1));
      g_data_input_stream_read_line_async (G_DATA_INPUT_STREAM (in), G_PRIORITY_DEFAULT, NULL, on_loaded_line, NULL);
      return;
    }
  if (error != NULL)
    g_printerr ("the table did not come: %s\n", error->message);
  else
    g_print ("* got a table of %u\n", g_hash_table_size (table));
  g_input_stream_close (G_INPUT_STREAM (in), NULL, NULL);
  g_object_unref (in);
}

static void
on_load_state (TyetGroup *group, GInputStream *stream, gpointer unused)
{
  g_hash_table_remove_all (table);
  g_data_input_stream_read_line_async (g_data_input_stream_new (stream), G_PRIORITY_DEFAULT, NULL, on_loaded_line,
                                       NULL);
}

static void
on_excluded (TyetGroup *group, const char *reason, gpointer unused)
{
  g_printerr ("the others went on without this process: %s\n", reason);
  g_main_loop_quit (loop);
}

/* ---- Commands ---- */

/* What on_message () will understand. */
static gboolean
is_change (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  guint n = g_strv_length (words);
  return n > 1 && words[1][0] != '\0' && n == (g_str_equal (words[0], "set") ? 3 : 2)
         && (g_str_equal (words[0], "set") || g_str_equal (words[0], "del"));
}

static void
obey (TyetGroup *group, const char *line)
{
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer key, value;
  if (is_change (line))
    {
      if (!tyet_group_abcast (group, line, strlen (line), &error))
        g_printerr ("%s\n", error->message);
    }
  else if (g_str_has_prefix (line, "get "))
    {
      value = g_hash_table_lookup (table, line + 4);
      g_print ("%s\n", value != NULL ? (const char *) value : "(nothing)");
    }
  else if (g_str_equal (line, "list"))
    {
      g_hash_table_iter_init (&iter, table);
      while (g_hash_table_iter_next (&iter, &key, &value))
        g_print ("%s = %s\n", (const char *) key, (const char *) value);
    }
  else
    g_printerr (USAGE);
}

static void
on_line (GObject *in, GAsyncResult *result, gpointer group)
{
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (in), result, NULL, NULL);
  if (line == NULL)
    {
      enter_leave (group);
      return;
    }
  obey (group, line);
  g_data_input_stream_read_line_async (G_DATA_INPUT_STREAM (in), G_PRIORITY_DEFAULT, NULL, on_line, group);
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
          "usage: tyet-kv TICKET-FILE\n"
          "A table of which everybody has a copy. The first to start founds the group and leaves a ticket in "
          "the file;\nothers join by that. Then, line by line: " USAGE,
          &status))
    return status;
  me = enter_new_process (NULL, argv[1], &error);
  if (me == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  loop = g_main_loop_new (NULL, FALSE);
  group = tyet_group_new (me, "kv", "total");
  g_signal_connect (group, "delivered", G_CALLBACK (on_message), NULL);
  g_signal_connect (group, "save-state", G_CALLBACK (on_save_state), NULL);
  g_signal_connect (group, "load-state", G_CALLBACK (on_load_state), NULL);
  g_signal_connect (group, "excluded", G_CALLBACK (on_excluded), NULL);
  if (!enter_group (group, argv[1], loop, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_autoptr (GInputStream) stdin_stream = g_unix_input_stream_new (0, FALSE);
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (stdin_stream);
  g_data_input_stream_read_line_async (in, G_PRIORITY_DEFAULT, NULL, on_line, group);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  g_hash_table_unref (table);
  return 0;
}
