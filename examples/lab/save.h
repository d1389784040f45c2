/* examples/lab/save.h: the files that commands write.
 *
 * Whether they can be written is found out before the work is done whose result they are to hold.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* FALSE and `error`: nothing can be written to one of them (NULL: it is not wanted), or two are the same file. Nothing
 * is made or changed. */
gboolean save_check (const char *const *paths, guint n, GError **error);
/* The same, and none of them is one of those that are read (up to NULL), which would be lost. */
gboolean save_check_beside (const char *const *paths, guint n, const char *const *read, GError **error);
/* A file is there whole or not at all; what is no plain file (a pipe, /dev/null) is written to. */
gboolean save_text (const char *path, const char *text, gssize len, GError **error);
