/* core/tyet-identity.c: identities, and their files (core/key-file.h).
 *
 * A secret key is at no time in memory that can be swapped out for long, nor in a file that others can read, not even
 * while that is being written; and it is in no message.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-identity.h"

#include <sodium.h>
#include <string.h>

#include "core/key-file.h"
#include "core/locked-key.h"
#include "core/private-file.h"
#include "core/tyet-error.h"

struct _TyetIdentity
{
  TyLockedKey key;
  char public_key[TY_KEY_TEXT_BYTES];
};

G_DEFINE_BOXED_TYPE (TyetIdentity, tyet_identity, tyet_identity_ref, tyet_identity_unref)

/* `secret` NULL: drawn. */
static TyetIdentity *
identity_of (const guint8 *secret)
{
  TyetIdentity *identity = g_new0 (TyetIdentity, 1);
  guint8 public[TY_KEY_BYTES];
  ty_locked_key_init (&identity->key, secret);
  ty_key_public (identity->key.bytes, public);
  ty_key_print (public, identity->public_key);
  return identity;
}

TyetIdentity *
ty_identity_new (const guint8 secret[TY_KEY_BYTES])
{
  return identity_of (secret);
}

const guint8 *
ty_identity_secret (TyetIdentity *identity)
{
  return identity->key.bytes;
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
  return identity_of (NULL);
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
  ty_locked_key_ref (&identity->key);
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
  if (ty_locked_key_unref (&identity->key))
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
  const char *why;
  gsize n = 0;
  char *text = ty_private_read (path, TY_PRIVATE_SECRET, TY_KEY_FILE_BYTES, &n, &why);
  guint8 *secret = ty_locked_new (TY_KEY_BYTES);
  TyetIdentity *identity = NULL;
  if (text != NULL && ty_key_file_read (text, n, secret, &why))
    identity = ty_identity_new (secret);
  if (identity == NULL)
    fail (error, path, "read", why);
  sodium_free (text);
  sodium_free (secret);
  return identity;
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
  const char *why = NULL;
  char *text = ty_locked_new (TY_KEY_FILE_BYTES);
  ty_key_file_write (identity->key.bytes, text);
  gboolean good = ty_private_write (path, text, TY_KEY_FILE_BYTES, &why);
  sodium_free (text);
  return good || fail (error, path, "written", why);
}
