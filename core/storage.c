/* core/storage.c: the directory in which a process keeps what it must not forget: a founder's promises (V13).
 *
 *   lock           held by the process that uses the directory
 *   NAME.founder   the record of core/founding.h, from the first promise until the first view is decided
 *   NAME.list      what the group NAME is founded by, from before the first promise on, for good
 *
 * A promise binds within one list of founders.  With another, half of which may be this process alone, a second group
 * of the same name would come about beside the first, and both would be right; so one storage knows one list a group.
 *
 *   step                  what a crash here leaves behind
 *   list kept             a founder that has promised nothing, and founds by that list or not at all
 *   promise or accept     (core/founding.c)
 *   record removed        the list: a restart is another process, and is told by the others that the group stands
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/founding.h"
#include "core/tyet-error.h"

#define SUFFIX ".founder"
#define LIST_SUFFIX ".list"
#define LIST_HEAD "tyet-founders 1\nordering "

static char *
path_of (const char *directory, const char *group, const char *suffix)
{
  g_autofree char *escaped = g_uri_escape_string (group, NULL, FALSE);
  g_autofree char *name = g_strconcat (escaped, suffix, NULL);
  return g_build_filename (directory, name, NULL);
}

/* Not fcntl (): that lets the same process in twice, and forgets when any file there is closed. */
int
ty_storage_lock (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, "lock", NULL);
  gboolean made = g_mkdir_with_parents (directory, 0700) == 0;
  int lock = made ? open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
  if (lock >= 0 && flock (lock, LOCK_EX | LOCK_NB) == 0)
    return lock;
  int saved_errno = errno;
  if (lock >= 0)
    close (lock);
  if (lock >= 0 && saved_errno == EWOULDBLOCK)
    g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                 "The storage directory %s is in use by another process: each founder needs one of its own", directory);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "The storage directory %s cannot be %s: %s",
                 directory, made ? "locked" : "made", g_strerror (saved_errno));
  return -1;
}

/* Not by closing alone: a fork may have the file open, and live on. */
void
ty_storage_unlock (int lock)
{
  if (lock < 0)
    return;
  flock (lock, LOCK_UN);
  close (lock);
}

/* "ordering total, by a=tcp://..., b=tcp://...", from what list_of () wrote; NULL if it did not. */
static char *
describe_list (const char *list)
{
  if (!g_str_has_prefix (list, LIST_HEAD) || !g_str_has_suffix (list, "\n") || !g_utf8_validate (list, -1, NULL))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (list + strlen (LIST_HEAD), "\n", -1);
  lines[g_strv_length (lines) - 1][0] = '\0';
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "ordering " : i == 1 ? ", by " : ", ", lines[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

gboolean
ty_storage_remember (const char *directory, const char *group, const char *ordering, const char *const *names,
                     const char *const *addresses, GError **error)
{
  g_autofree char *path = path_of (directory, group, LIST_SUFFIX);
  g_autofree char *kept = NULL;
  g_autoptr (GError) failed = NULL;
  g_autoptr (GString) list = g_string_new (LIST_HEAD);
  g_string_append_printf (list, "%s\n", ordering);
  for (guint i = 0; names[i] != NULL; i++)
    g_string_append_printf (list, "%s=%s\n", names[i], addresses[i]);
  if (g_file_get_contents (path, &kept, NULL, &failed))
    {
      g_autofree char *text = describe_list (kept);
      if (g_str_equal (kept, list->str))
        return TRUE;
      if (text == NULL)
        g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                     "%s is damaged: it is to say by which founders group \"%s\" is founded; give another storage "
                     "directory, or remove that file if the founders are the same as before",
                     path, group);
      else
        g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                     "The storage directory %s remembers group \"%s\" as founded with %s, in that order: give the same "
                     "ordering and founders again, or another storage directory to found another group of that name",
                     directory, group, text);
      return FALSE;
    }
  if (!g_error_matches (failed, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_error (error, g_steal_pointer (&failed));
      return FALSE;
    }
  return g_file_set_contents_full (path, list->str, (gssize) list->len,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

gboolean
ty_storage_keep (const char *directory, const char *group, const guint8 *record, gsize len_bytes, GError **error)
{
  g_autofree char *path = path_of (directory, group, SUFFIX);
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
  g_autofree char *path = path_of (directory, group, SUFFIX);
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
