/* core/storage.h: the directory in which a process keeps what it must not forget: a founder's promises (V13).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "core/id.h"

/* The incarnation of an earlier run that founds a group and has not finished. FALSE and `error` if the directory cannot
 * be used. */
gboolean ty_storage_pid (const char *directory, TyId *pid, gboolean *found, GError **error);

/* What is kept for `group`, empty if nothing is. (transfer full) */
GBytes *ty_storage_load (const char *directory, const char *group, GError **error);

/* Replaces it, on stable storage when this returns; length 0: removes it. */
gboolean ty_storage_keep (const char *directory, const char *group, const guint8 *record, gsize len_bytes,
                          GError **error);
