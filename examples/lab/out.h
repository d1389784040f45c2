/* examples/lab/out.h: lines to standard output that never stop the main loop, complaints, progress, a little JSON.
 *
 * A process whose main loop stands still is soon suspected by the others, and a reader that is slow to take the
 * output must not have that power. So a thread of its own writes, from a queue that is bounded: when a reader is that
 * far behind, the main loop does wait, until there is room or a signal tells the program to stop: then lines are lost.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _LabOut LabOut;

/* `failed` is called once, in the main context or by lab_out_free (), if standard output cannot be written to any
 * more. */
LabOut *lab_out_new (void (*failed) (const char *why, gpointer user_data), gpointer user_data);

/* A line, without its end. */
void lab_out_line (LabOut *out, const char *line, gsize len_bytes);

/* Waits until all is written, or, with `patience_us` not negative, until nothing could be written for that long; then
 * ends. */
void lab_out_free (LabOut *out, gint64 patience_us);

/* ---- What is wrong with a call ---- */

/* "tyet run: text", and where to read how it is done, on standard error. Returns LAB_USAGE. */
int lab_bad_usage (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* What to call to repeat something: "tyet", or the program that has other orderings in it. */
const char *lab_program (void);

/* How far long work is, on standard error: on a terminal in one line, which is written over; elsewhere a line now and
 * then. NULL: it is done. */
void lab_progress (const char *text);

/* ---- JSON ---- */

/* "text", quotes and escapes included. `text` must be UTF-8. */
void lab_json_string (GString *json, const char *text, gssize len_bytes);
/* ,"key":"text" */
void lab_json_field (GString *json, const char *key, const char *text);
