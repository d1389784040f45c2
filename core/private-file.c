/* core/private-file.c: see private-file.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/private-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gpointer
ty_locked_new (gsize len_bytes)
{
  if (sodium_init () < 0)
    g_error ("libsodium does not start");
  gpointer memory = sodium_malloc (len_bytes);
  if (memory == NULL)
    g_error ("no locked memory for keys");
  return memory;
}

/* One byte more than there may be, so that a longer file shows. -1: errno. */
static gssize
read_all (int fd, char *out, gsize most_bytes)
{
  gsize n = 0;
  while (n < most_bytes)
    {
      gssize got = read (fd, out + n, most_bytes - n);
      if (got < 0 && errno != EINTR)
        return -1;
      if (got == 0)
        break;
      n += (gsize) MAX (got, 0);
    }
  return (gssize) n;
}

/* What can be known to be wrong without reading it. */
static const char *
unfit (const struct stat *st, TyPrivateKind kind)
{
  if (!S_ISREG (st->st_mode))
    return "it is no ordinary file";
  if (st->st_uid != geteuid () && geteuid () != 0)
    return "it belongs to another user";
  if (kind == TY_PRIVATE_SECRET && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return "others than its owner can get at it; if nobody has, chmod 600 it, else make a new one";
  if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "others than its owner can write it; look through it, and chmod go-w it";
  return NULL;
}

char *
ty_private_read (const char *path, TyPrivateKind kind, gsize most_bytes, gsize *len_bytes, const char **why)
{
  struct stat st;
  gboolean standard = strcmp (path, "-") == 0;
  /* (O_NONBLOCK: a pipe is refused, not waited for.) */
  int fd = standard ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  *why = fd < 0 || fstat (fd, &st) != 0 ? g_strerror (errno) : NULL;
  if (*why == NULL && (!standard || S_ISREG (st.st_mode)))
    *why = unfit (&st, kind);
  char *data = NULL;
  if (*why == NULL)
    {
      data = ty_locked_new (most_bytes + 1);
      gssize n = read_all (fd, data, most_bytes + 1);
      if (n < 0)
        {
          *why = g_strerror (errno);
          sodium_free (data);
          data = NULL;
        }
      else
        *len_bytes = (gsize) n;
    }
  if (fd >= 0 && !standard)
    close (fd);
  return data;
}

static gboolean
write_all (int fd, const char *data, gsize len_bytes)
{
  while (len_bytes > 0)
    {
      gssize n = write (fd, data, len_bytes);
      if (n < 0 && errno != EINTR)
        return FALSE;
      data += MAX (n, 0);
      len_bytes -= (gsize) MAX (n, 0);
    }
  return fsync (fd) == 0;
}

static void
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  fsync (fd); /* not every file system can, and the file is whole without */
  close (fd);
}

gboolean
ty_private_write (const char *path, const char *data, gsize len_bytes, const char **why)
{
  /* What is called so could be written, but never read again. */
  if (strcmp (path, "-") == 0)
    {
      *why = "- is standard input; give it a name";
      return FALSE;
    }
  /* In the same folder, and nobody else can read it from its first moment. */
  g_autofree char *beside = g_strconcat (path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (beside, O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      *why = g_strerror (errno);
      return FALSE;
    }
  /* The mode does not hang on the umask; and link () does not replace what is there. */
  gboolean good = fchmod (fd, 0600) == 0 && write_all (fd, data, len_bytes) && link (beside, path) == 0;
  int reason = errno;
  close (fd);
  unlink (beside);
  if (!good)
    *why = reason == EEXIST ? "there is such a file already" : g_strerror (reason);
  else
    sync_folder (path);
  return good;
}
