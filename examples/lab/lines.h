/* examples/lab/lines.h: the lines of standard input, one at a time, for as long as somebody wants them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

typedef struct _LabLines LabLines;

typedef struct
{
  /* A line, without its end. FALSE: not now; it is offered again after lab_lines_go_on (). */
  gboolean (*line) (const char *line, gsize len_bytes, gpointer user_data);
  /* A line longer than the limit was skipped. */
  void (*too_long) (gsize limit_bytes, gpointer user_data);
  /* There are no more; `error`: because they cannot be read. */
  void (*end) (const GError *error, gpointer user_data);
} LabLinesOps;

LabLines *lab_lines_new (gsize limit_bytes, const LabLinesOps *ops, gpointer user_data);
/* Lines are wanted from now on. */
void lab_lines_go_on (LabLines *lines);
/* How many have been read and not been taken. */
guint lab_lines_count_left (const LabLines *lines);
/* No more are wanted. */
void lab_lines_free (LabLines *lines);
