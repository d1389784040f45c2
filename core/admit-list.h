/* core/admit-list.h: a list of the public keys that a group admits: a text for people, a line for each.
 *
 *    # whoever reads this
 *    KEY  alice, on the machine in the cellar
 *    KEY
 *
 * KEY is as in key-file.h; what follows it, after a space or a tab, is for people.  Empty lines, and lines that begin
 * with #, say nothing.  A line that is wrong makes the whole list wrong: a list that is read in part admits too few or
 * too many.
 *
 * It reads what strangers may have written (tests/fuzz): ty_admit_list_read () is all of it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/key-file.h"

#define TY_ADMIT_FILE_MAX_BYTES (4 * 1024 * 1024)
#define TY_ADMIT_LINE_MAX_BYTES 1024

typedef struct
{
  int ref;
  guint n_keys;
  guint8 (*keys)[TY_KEY_BYTES]; /* in order, none twice */
} TyAdmitList;

/* NULL: it is no such list; `why` is a static text, and `*line` the number of the line, from 1. (transfer full) */
TyAdmitList *ty_admit_list_read (const char *text, gsize len_bytes, guint *line, const char **why);
TyAdmitList *ty_admit_list_ref (TyAdmitList *list);
void ty_admit_list_unref (TyAdmitList *list);
gboolean ty_admit_list_has (const TyAdmitList *list, const guint8 key[TY_KEY_BYTES]);
