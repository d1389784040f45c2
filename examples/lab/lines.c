/* examples/lab/lines.c: the lines of standard input, in bounded memory.
 *
 * A stream of lines as such would grow its buffer for as long as a line does; here a line longer than the limit is
 * skipped, and nothing is read while what was read cannot be passed on.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lines.h"

#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES (64 * 1024)

struct _LabLines
{
  int ref; /* the caller's, and that of a read under way */
  GInputStream *in;
  GCancellable *cancellable;
  GByteArray *buffer; /* from `at` on not passed on, up to `seen` without the end of a line */
  gsize at, seen;
  gsize limit_bytes;
  gboolean skipping; /* the rest of a line that is too long */
  gboolean reading, wanted, working, at_end, told_end;
  GError *error;
  const LabLinesOps *ops;
  gpointer user_data;
};

static void work (LabLines *lines);

static void
unref (LabLines *lines)
{
  if (--lines->ref > 0)
    return;
  g_object_unref (lines->in);
  g_object_unref (lines->cancellable);
  g_byte_array_unref (lines->buffer);
  g_clear_error (&lines->error);
  g_free (lines);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LabLines *lines = user_data;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &lines->error);
  lines->reading = FALSE;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    lines->at_end = TRUE;
  else
    g_byte_array_append (lines->buffer, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  work (lines);
  unref (lines);
}

static void
read_more (LabLines *lines)
{
  if (lines->reading || lines->at_end)
    return;
  /* What was passed on makes room first. */
  g_byte_array_remove_range (lines->buffer, 0, (guint) lines->at);
  lines->seen -= lines->at;
  lines->at = 0;
  lines->reading = TRUE;
  lines->ref++;
  g_input_stream_read_bytes_async (lines->in, CHUNK_BYTES, G_PRIORITY_DEFAULT, lines->cancellable, on_read, lines);
}

/* Passes on the line that ends at `end`; FALSE if it is not wanted now. */
static gboolean
pass (LabLines *lines, gsize end)
{
  const char *line = (const char *) lines->buffer->data + lines->at;
  gsize len_bytes = end - lines->at;
  if (lines->skipping)
    lines->skipping = FALSE;
  else if (len_bytes > lines->limit_bytes)
    lines->ops->too_long (lines->limit_bytes, lines->user_data);
  else if (!lines->ops->line (line, len_bytes, lines->user_data))
    return FALSE;
  lines->at = lines->seen = MIN (end + 1, lines->buffer->len);
  return TRUE;
}

static void
work_once (LabLines *lines)
{
  while (lines->wanted && lines->ops != NULL)
    {
      const guint8 *from = lines->buffer->data + lines->seen;
      gsize left = lines->buffer->len - lines->seen;
      const guint8 *end = left > 0 ? memchr (from, '\n', left) : NULL;
      if (end != NULL)
        lines->wanted = pass (lines, (gsize) (end - lines->buffer->data));
      else if (lines->at_end && lines->buffer->len > lines->at)
        lines->wanted = pass (lines, lines->buffer->len); /* the last line may lack its end */
      else if (lines->at_end)
        {
          lines->wanted = FALSE;
          if (!lines->told_end)
            {
              lines->told_end = TRUE;
              lines->ops->end (lines->error, lines->user_data);
            }
        }
      else
        {
          lines->seen = lines->buffer->len;
          if (!lines->skipping && lines->seen - lines->at > lines->limit_bytes)
            {
              lines->ops->too_long (lines->limit_bytes, lines->user_data);
              lines->skipping = TRUE;
            }
          if (lines->skipping)
            lines->at = lines->seen;
          read_more (lines);
          return;
        }
    }
}

static void
work (LabLines *lines)
{
  if (lines->working)
    return;
  lines->working = TRUE;
  lines->ref++;
  work_once (lines);
  lines->working = FALSE;
  unref (lines);
}

LabLines *
lab_lines_new (gsize limit_bytes, const LabLinesOps *ops, gpointer user_data)
{
  LabLines *lines = g_new0 (LabLines, 1);
  lines->ref = 1;
  lines->in = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  lines->cancellable = g_cancellable_new ();
  lines->buffer = g_byte_array_new ();
  lines->limit_bytes = limit_bytes;
  lines->ops = ops;
  lines->user_data = user_data;
  return lines;
}

void
lab_lines_go_on (LabLines *lines)
{
  lines->wanted = TRUE;
  work (lines);
}

guint
lab_lines_count_left (const LabLines *lines)
{
  guint n = 0;
  for (gsize i = lines->at; i < lines->buffer->len; i++)
    n += lines->buffer->data[i] == '\n';
  /* The last may end without it. */
  return n + (lines->at_end && lines->buffer->len > lines->at && lines->buffer->data[lines->buffer->len - 1] != '\n');
}

void
lab_lines_free (LabLines *lines)
{
  lines->ops = NULL;
  lines->wanted = FALSE;
  g_cancellable_cancel (lines->cancellable);
  unref (lines);
}
