/* core/storage.c: the directory in which a process keeps what it must not forget: a founder's promises (V13).
 *
 * One file a group, NAME.founder, with the record of core/founding.h; it is there from the first promise until the
 * first view is decided.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/storage.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "core/founding.h"
#include "core/tyet-error.h"

#define SUFFIX ".founder"

static char *
path_of (const char *directory, const char *group)
{
  g_autofree char *escaped = g_uri_escape_string (group, NULL, FALSE);
  g_autofree char *name = g_strconcat (escaped, SUFFIX, NULL);
  return g_build_filename (directory, name, NULL);
}

gboolean
ty_storage_keep (const char *directory, const char *group, const guint8 *record, gsize len_bytes, GError **error)
{
  g_autofree char *path = path_of (directory, group);
  if (len_bytes > 0)
    return g_file_set_contents_full (path, (const char *) record, (gssize) len_bytes,
                                     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
  if (g_unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  int saved_errno = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s cannot be removed: %s", path,
               g_strerror (saved_errno));
  return FALSE;
}

GBytes *
ty_storage_load (const char *directory, const char *group, GError **error)
{
  g_autofree char *path = path_of (directory, group);
  g_autoptr (GError) failed = NULL;
  char *contents;
  gsize len;
  if (g_file_get_contents (path, &contents, &len, &failed))
    return g_bytes_new_take (contents, len);
  if (g_error_matches (failed, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_bytes_new (NULL, 0);
  g_propagate_error (error, g_steal_pointer (&failed));
  return NULL;
}

/* A process has one incarnation: whatever founding is unfinished, it is that one's. */
gboolean
ty_storage_pid (const char *directory, TyId *pid, gboolean *found, GError **error)
{
  *found = FALSE;
  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      int saved_errno = errno;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "The storage directory %s cannot be made: %s", directory, g_strerror (saved_errno));
      return FALSE;
    }
  g_autoptr (GDir) dir = g_dir_open (directory, 0, error);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autofree char *contents = NULL;
      TyId one;
      gsize len;
      if (!g_str_has_suffix (name, SUFFIX))
        continue;
      if (!g_file_get_contents (path, &contents, &len, error))
        return FALSE;
      if (!ty_founding_read_pid ((const guint8 *) contents, len, &one) || (*found && !ty_id_equal (pid, &one)))
        {
          g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                       "%s is no record of a founder of this process; if it is damaged, remove it, and join the group "
                       "that the others found",
                       path);
          return FALSE;
        }
      *pid = one;
      *found = TRUE;
    }
  return dir != NULL;
}
