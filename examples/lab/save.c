/* examples/lab/save.c: see save.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "save.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gboolean
refuse (GError **error, const char *path, int why)
{
  g_autofree char *name = g_filename_display_name (path);
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (why), "“%s” cannot be written: %s", name,
               path[0] == '\0' ? "the name is empty" : g_strerror (why));
  return FALSE;
}

/* A new name beside others, or one that takes another's place, needs a folder that takes it. */
static gboolean
is_plain (const char *path)
{
  GStatBuf about;
  return g_lstat (path, &about) != 0 || S_ISREG (about.st_mode);
}

static gboolean
check_one (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  GStatBuf about;
  if (path[0] == '\0')
    return refuse (error, path, ENOENT);
  if (g_str_equal (path, "-"))
    {
      g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                           "“-” is taken for no file: /dev/stdout is standard output, and ./- a file of that name");
      return FALSE;
    }
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return refuse (error, path, EISDIR);
  if (!is_plain (path) && g_stat (path, &about) == 0)
    return g_access (path, W_OK) == 0 || refuse (error, path, errno);
  if (g_stat (folder, &about) != 0)
    return refuse (error, path, errno);
  if (!S_ISDIR (about.st_mode))
    return refuse (error, path, ENOTDIR);
  return g_access (folder, W_OK | X_OK) == 0 || refuse (error, path, errno);
}

/* By whatever names. */
static gboolean
are_one_file (const char *a, const char *b)
{
  GStatBuf x, y;
  if (g_str_equal (a, b))
    return is_plain (a);
  return g_stat (a, &x) == 0 && g_stat (b, &y) == 0 && S_ISREG (x.st_mode) && x.st_dev == y.st_dev
         && x.st_ino == y.st_ino;
}

gboolean
save_check (const char *const *paths, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      if (paths[i] != NULL && !check_one (paths[i], error))
        return FALSE;
      for (guint k = 0; k < i && paths[i] != NULL; k++)
        if (paths[k] != NULL && are_one_file (paths[i], paths[k]))
          {
            g_autofree char *name = g_filename_display_name (paths[i]);
            g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "“%s” is named twice: one would overwrite the other",
                         name);
            return FALSE;
          }
    }
  return TRUE;
}

gboolean
save_check_beside (const char *const *paths, guint n, const char *const *read, GError **error)
{
  if (!save_check (paths, n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    for (guint k = 0; read[k] != NULL && paths[i] != NULL; k++)
      if (are_one_file (paths[i], read[k]))
        {
          g_autofree char *name = g_filename_display_name (paths[i]);
          g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                       "“%s” is to be read, and would be overwritten: give another file to write", name);
          return FALSE;
        }
  return TRUE;
}

gboolean
save_text (const char *path, const char *text, gssize len, GError **error)
{
  if (is_plain (path))
    return g_file_set_contents (path, text, len, error);
  FILE *to = g_fopen (path, "w");
  if (to == NULL)
    return refuse (error, path, errno);
  gsize n = len >= 0 ? (gsize) len : strlen (text);
  gboolean good = fwrite (text, 1, n, to) == n && fflush (to) == 0;
  int why = errno;
  good = fclose (to) == 0 && good;
  return good || refuse (error, path, why != 0 ? why : EIO);
}
