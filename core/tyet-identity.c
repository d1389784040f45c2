/* core/tyet-identity.c: identities, and their files (core/key-file.h).
 *
 * A secret key is at no time in memory that can be swapped out for long, nor in a file that others can read, not even
 * while that is being written; and it is in no message.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/driver-port.h"
#include "core/key-file.h"
#include "core/tyet-error.h"

struct _TyetIdentity
{
  gatomicrefcount ref;
  guint8 *secret; /* locked memory */
  char public_key[TY_KEY_TEXT_BYTES];
};

G_DEFINE_BOXED_TYPE (TyetIdentity, tyet_identity, tyet_identity_ref, tyet_identity_unref)

static gpointer
locked_new (gsize len_bytes)
{
  if (sodium_init () < 0)
    g_error ("libsodium does not start");
  gpointer memory = sodium_malloc (len_bytes);
  if (memory == NULL)
    g_error ("no locked memory for keys");
  return memory;
}

TyetIdentity *
ty_identity_new (const guint8 secret[TY_KEY_BYTES])
{
  TyetIdentity *identity = g_new0 (TyetIdentity, 1);
  guint8 public[TY_KEY_BYTES];
  g_atomic_ref_count_init (&identity->ref);
  identity->secret = locked_new (TY_KEY_BYTES);
  memcpy (identity->secret, secret, TY_KEY_BYTES);
  ty_key_public (secret, public);
  ty_key_print (public, identity->public_key);
  return identity;
}

const guint8 *
ty_identity_secret (TyetIdentity *identity)
{
  return identity->secret;
}

/**
 * tyet_identity_new:
 *
 * Makes a new identity, drawn at random.
 *
 * Returns: (transfer full): it
 */
TyetIdentity *
tyet_identity_new (void)
{
  guint8 *secret = locked_new (TY_KEY_BYTES);
  ty_modules.driver->draw (secret, TY_KEY_BYTES);
  TyetIdentity *identity = ty_identity_new (secret);
  sodium_free (secret);
  return identity;
}

/**
 * tyet_identity_ref:
 * @identity: an identity
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @identity
 */
TyetIdentity *
tyet_identity_ref (TyetIdentity *identity)
{
  g_return_val_if_fail (identity != NULL, NULL);
  g_atomic_ref_count_inc (&identity->ref);
  return identity;
}

/**
 * tyet_identity_unref:
 * @identity: (transfer full): an identity
 *
 * Releases a reference; the last one wipes the keys and frees @identity. Any thread may.
 */
void
tyet_identity_unref (TyetIdentity *identity)
{
  g_return_if_fail (identity != NULL);
  if (!g_atomic_ref_count_dec (&identity->ref))
    return;
  sodium_free (identity->secret); /* wipes it */
  g_free (identity);
}

/**
 * tyet_identity_get_public_key:
 * @identity: an identity
 *
 * The public key as text: 43 letters, digits, `-` and `_`. It is no secret, and is what others know the identity by.
 *
 * Returns: the key
 */
const char *
tyet_identity_get_public_key (TyetIdentity *identity)
{
  g_return_val_if_fail (identity != NULL, NULL);
  return identity->public_key;
}

/* ---- Files ---- */

static gboolean
fail (GError **error, const char *path, const char *what, const char *why)
{
  g_set_error (error, TYET_ERROR, TYET_ERROR_IDENTITY, "The identity %s cannot be %s: %s", path, what, why);
  return FALSE;
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
unfit (const struct stat *st)
{
  if (!S_ISREG (st->st_mode))
    return "it is no ordinary file";
  if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return "others than its owner can get at it; if nobody has, chmod 600 it, else make a new one";
  return NULL;
}

/**
 * tyet_identity_load:
 * @path: (type filename): a file that [method@Tyet.Identity.save] has written
 * @error: return location for a #GError
 *
 * Reads an identity. A file that others than its owner can read or write is refused, as is one that is damaged:
 * %TYET_ERROR_IDENTITY, with the reason.
 *
 * Returns: (transfer full): the identity, or %NULL
 */
TyetIdentity *
tyet_identity_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  struct stat st;
  /* (O_NONBLOCK: a pipe is refused, not waited for.) */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &st) != 0)
    {
      fail (error, path, "read", g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  const char *why = unfit (&st);
  char *text = locked_new (TY_KEY_FILE_BYTES + 1);
  guint8 *secret = locked_new (TY_KEY_BYTES);
  TyetIdentity *identity = NULL;
  gssize n = why == NULL ? read_all (fd, text, TY_KEY_FILE_BYTES + 1) : 0;
  if (n < 0)
    why = g_strerror (errno);
  else if (why == NULL && ty_key_file_read (text, (gsize) n, secret, &why))
    identity = ty_identity_new (secret);
  if (identity == NULL)
    fail (error, path, "read", why);
  sodium_free (text);
  sodium_free (secret);
  close (fd);
  return identity;
}

/* A file in the same folder, that nobody else can read from its first moment. */
static int
open_beside (const char *path, char **name)
{
  *name = g_strconcat (path, ".XXXXXX", NULL);
  return g_mkstemp_full (*name, O_WRONLY | O_CLOEXEC, 0600);
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

/**
 * tyet_identity_save:
 * @identity: an identity
 * @path: (type filename): the file to make
 * @error: return location for a #GError
 *
 * Writes @identity with its secret key to a new file that nobody but its owner can read. The file is there whole, or
 * not at all; one that exists already is never replaced. What goes wrong is %TYET_ERROR_IDENTITY.
 *
 * Returns: %TRUE if it is saved
 */
gboolean
tyet_identity_save (TyetIdentity *identity, const char *path, GError **error)
{
  g_return_val_if_fail (identity != NULL && path != NULL, FALSE);
  g_autofree char *beside = NULL;
  int fd = open_beside (path, &beside);
  if (fd < 0)
    return fail (error, path, "written", g_strerror (errno));
  char *text = locked_new (TY_KEY_FILE_BYTES);
  ty_key_file_write (identity->secret, text);
  /* The mode does not hang on the umask; and link () does not replace what is there. */
  gboolean good = fchmod (fd, 0600) == 0 && write_all (fd, text, TY_KEY_FILE_BYTES) && link (beside, path) == 0;
  int reason = errno;
  sodium_free (text);
  close (fd);
  unlink (beside);
  if (!good)
    return fail (error, path, "written", reason == EEXIST ? "there is such a file already" : g_strerror (reason));
  sync_folder (path);
  return TRUE;
}
