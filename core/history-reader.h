/* core/history-reader.h: reads lines of the history format (doc/history-format.md).
 *
 * A small reader of its own: histories have millions of lines, of which nearly all are alike.  It takes any JSON
 * object, with its fields in any order and unknown ones skipped, and says no to what the format calls unreadable: a
 * line that is no JSON object, lacks a required field, or has an unknown event or service.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/batch.h"

typedef enum
{
  TY_RECORD_CONF,
  TY_RECORD_SEND,
  TY_RECORD_DELIVER,
  TY_RECORD_FAIL,
  TY_RECORD_BLOCK,
  TY_RECORD_SAVE,
  TY_RECORD_LOAD,
  TY_RECORD_END
} TyRecordEvent;

/* Not NUL-terminated; `text` NULL: the line has none. */
typedef struct
{
  const char *text;
  gsize len;
} TyText;

/* One line. Its texts are valid until the next line is read. */
typedef struct
{
  TyRecordEvent event;
  TyText p;
  TyText g; /* "" when the line has none */
  TyText c;
  TyText m;
  TyText prev;
  TyText digest;
  TyText why;
  TyService service;
  gboolean transitional;
  gboolean primary;
  guint n_members;
  const TyText *members;
  gint64 t;     /* nanoseconds; -1: the line has none that fits */
  gint64 len;   /* of the payload; -1: the line has none that fits */
  guint64 line; /* in its file, from 1 */
} TyRecord;

typedef struct
{
  GArray *members;  /* TyText */
  GByteArray *room; /* texts that had escapes */
  gboolean torn;    /* the last line was unreadable because it broke off, and right as far as it went */
  char said[96];    /* a reason that names what was found */
} TyHistoryReader;

void ty_history_reader_init (TyHistoryReader *r);
void ty_history_reader_clear (TyHistoryReader *r);

/* One line, without its newline. FALSE if it is unreadable; `why` then says why, in a few words, and is valid until the
 * next line is read. */
gboolean ty_history_reader_line (TyHistoryReader *r, const char *line, gsize len_bytes, TyRecord *out,
                                 const char **why);

typedef void (*TyRecordFunc) (const TyRecord *record, gpointer user_data);

/* All of a file. A last line that has no newline and breaks off inside its object was torn when its process was killed,
 * and is left out. FALSE at the first unreadable line, whose number is in `bad_line`. */
gboolean ty_history_reader_all (TyHistoryReader *r, const char *data, gsize len_bytes, TyRecordFunc func,
                                gpointer user_data, guint64 *bad_line, const char **why);
