/* tests/fuzz/corpus.c: see corpus.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/corpus.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GBytes *
bytes_of_line (const char *line)
{
  GByteArray *bytes = g_byte_array_new ();
  int high = -1;
  for (; *line != '\0' && *line != '#'; line++)
    {
      int digit = g_ascii_xdigit_value (*line);
      if (digit < 0)
        continue;
      if (high >= 0)
        g_byte_array_append (bytes, (guint8[]){ (guint8) (high << 4 | digit) }, 1);
      high = high >= 0 ? -1 : digit;
    }
  return g_byte_array_free_to_bytes (bytes);
}

static void
read_lines (const char *text, GPtrArray *inputs)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GBytes) bytes = bytes_of_line (lines[i]);
      if (g_bytes_get_size (bytes) > 0)
        g_ptr_array_add (inputs, g_steal_pointer (&bytes));
    }
}

static void
read_texts (const char *text, GPtrArray *inputs)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      g_ptr_array_add (inputs, g_bytes_new (lines[i], strlen (lines[i])));
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
read_folder (const char *path, GPtrArray *inputs, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      char *text;
      gsize len_bytes;
      if (!g_file_get_contents (names->pdata[i], &text, &len_bytes, error))
        return FALSE;
      g_ptr_array_add (inputs, g_bytes_new_take (text, len_bytes));
    }
  return dir != NULL;
}

gboolean
fuzz_corpus_read (const char *path, GPtrArray *inputs, GError **error)
{
  g_autofree char *text = NULL;
  gsize len_bytes;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return read_folder (path, inputs, error);
  if (!g_file_get_contents (path, &text, &len_bytes, error))
    return FALSE;
  if (g_str_has_suffix (path, ".hex"))
    read_lines (text, inputs);
  else if (g_str_has_suffix (path, ".lines"))
    read_texts (text, inputs);
  else
    g_ptr_array_add (inputs, g_bytes_new_take (g_steal_pointer (&text), len_bytes));
  return TRUE;
}

gboolean
fuzz_corpus_unpack (GPtrArray *inputs, const char *folder, GError **error)
{
  g_mkdir_with_parents (folder, 0777);
  for (guint i = 0; i < inputs->len; i++)
    {
      gsize len_bytes;
      const char *data = g_bytes_get_data (inputs->pdata[i], &len_bytes);
      g_autofree char *name = g_compute_checksum_for_bytes (G_CHECKSUM_SHA1, inputs->pdata[i]);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (!g_file_set_contents (path, data != NULL ? data : "", (gssize) len_bytes, error))
        return FALSE;
    }
  return TRUE;
}

static int
compare_inputs (gconstpointer a, gconstpointer b)
{
  GBytes *x = *(GBytes *const *) a, *y = *(GBytes *const *) b;
  gsize x_len = g_bytes_get_size (x), y_len = g_bytes_get_size (y);
  return x_len != y_len ? (x_len < y_len ? -1 : 1) : g_bytes_compare (x, y);
}

void
fuzz_corpus_pack (GPtrArray *inputs)
{
  g_ptr_array_sort (inputs, compare_inputs);
  for (guint i = 0; i < inputs->len; i++)
    {
      gsize len_bytes;
      const guint8 *data = g_bytes_get_data (inputs->pdata[i], &len_bytes);
      for (gsize k = 0; k < len_bytes; k++)
        printf ("%02x", data[k]);
      if (len_bytes > 0)
        printf ("\n");
    }
}
