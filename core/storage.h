/* core/storage.h: the directory in which a process keeps what it must not forget: a founder's promises (V13).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "core/id.h"

/* Makes the directory if there is none, and takes it for this process alone, as long as the file that is returned is
 * open: nobody else in this process or another gets it. -1 and `error` if it is in use or cannot be used. The system
 * gives it back when the process dies, however that comes about. */
int ty_storage_lock (const char *directory, GError **error);
void ty_storage_unlock (int lock);

/* The incarnation of an earlier run that founds a group and has not finished. FALSE and `error` if the directory cannot
 * be used. */
gboolean ty_storage_pid (const char *directory, TyId *pid, gboolean *found, GError **error);

/* What is kept for `group`, empty if nothing is. (transfer full) */
GBytes *ty_storage_load (const char *directory, const char *group, GError **error);

/* Remembers for good, on stable storage when this returns TRUE, by which ordering and list `group` is founded here;
 * FALSE and `error` if it is remembered by another, which stands for another group of that name. */
gboolean ty_storage_remember (const char *directory, const char *group, const char *ordering, const char *const *names,
                              const char *const *addresses, GError **error);

/* Replaces it, on stable storage when this returns; length 0: removes it. */
gboolean ty_storage_keep (const char *directory, const char *group, const guint8 *record, gsize len_bytes,
                          GError **error);
