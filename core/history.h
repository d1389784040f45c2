/* core/history.h: the recorder: what one process did, as lines of the history format (doc/history-format.md).
 *
 * Events are appended to one growing buffer; ty_history_flush () hands it over, always whole lines.  Nothing is
 * allocated an event but what the buffer grows by, and that stops once it is as large as the largest flush.
 *
 * A message's id in the history is "SENDER/GROUP/VIEW/NUMBER": every process can tell it by itself, and since the
 * number belongs to (sender, view) it is unique in the run as long as names are.
 *
 * What is recorded is what the application is told, in that order: where the application lags behind the protocol (a
 * joiner that is still loading), so does the record.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/node.h"
#include "core/view.h"

typedef struct _TyHistory TyHistory;

typedef enum
{
  TY_HISTORY_CRASH,
  TY_HISTORY_LEAVE,
  TY_HISTORY_EXCLUDED
} TyHistoryWhy;

/* `process` is the `p` of every line: the name that the views give to this process. */
TyHistory *ty_history_new (const char *process);
void ty_history_free (TyHistory *h);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyHistory, ty_history_free)

/* From here on the process is another one: it has come back under a new name, in the same history. */
void ty_history_set_process (TyHistory *h, const char *process);

/* The process is told of `view`. `prev_label`: the label of the primary view that this one was decided after, "" for
 * the first of its group, NULL if that is not known. */
void ty_history_conf (TyHistory *h, const TyetView *view, const char *prev_label, gint64 now_us);

/* An own message got `number` in `view`. */
void ty_history_send (TyHistory *h, const TyetView *view, guint64 number, TyService service, gsize len_bytes,
                      gint64 now_us);

/* Messages number..last of the member with rank `sender` are about to be delivered in `view`, in number order. */
void ty_history_deliver (TyHistory *h, const TyetView *view, guint sender, guint64 number, guint64 last, gint64 now_us);

void ty_history_fail (TyHistory *h, const TyetView *view, TyHistoryWhy why, gint64 now_us);

/* The view has lost its quorum. When it has one again, and the next view is decided, what remained of this view is
 * delivered; that closing belongs to the masked transitional configuration, which comes before the block ([EVS94] §5,
 * rules 1 and 2), and the format has nothing happen between `block` and `conf`. So the line is held back and written
 * right before the `conf`, `fail` or `end` that ends the block. But what is delivered or sent in a step that brings no
 * such end happened while blocked, and the line goes before it: the record must not hide that. */
void ty_history_block (TyHistory *h, const TyetView *view, gint64 now_us);

/* The state given to a joiner, or taken as one, in `view`; `digest` NULL if the application offers none. */
void ty_history_save (TyHistory *h, const TyetView *view, const char *digest, gint64 now_us);
void ty_history_load (TyHistory *h, const TyetView *view, const char *digest, gint64 now_us);

/* Nothing of this process follows, in any group: to be written once, when it stops in good order. */
void ty_history_end (TyHistory *h, const char *group_name, gint64 now_us);

/* Hands over what was recorded since the last flush, if anything, as whole lines, and forgets it. */
void ty_history_flush (TyHistory *h, TyHistorySink sink, gpointer user_data);
