/* core/tyet-secret.c: secrets, and where they come from (core/secret-file.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-secret.h"

#include <sodium.h>
#include <string.h>

#include "core/api.h"
#include "core/locked-key.h"
#include "core/private-file.h"
#include "core/secret-file.h"

struct _TyetSecret
{
  TyLockedKey key;
};

G_DEFINE_BOXED_TYPE (TyetSecret, tyet_secret, tyet_secret_ref, tyet_secret_unref)

/* `bytes` NULL: drawn. */
static TyetSecret *
secret_of (const guint8 *bytes)
{
  TyetSecret *secret = g_new0 (TyetSecret, 1);
  ty_locked_key_init (&secret->key, bytes);
  return secret;
}

TyetSecret *
ty_tyet_secret_new (const guint8 bytes[TY_KEY_BYTES])
{
  return secret_of (bytes);
}

const guint8 *
ty_tyet_secret_bytes (TyetSecret *secret)
{
  return secret->key.bytes;
}

/**
 * tyet_secret_new:
 *
 * Makes a new secret, drawn at random.
 *
 * Returns: (transfer full): it
 */
TyetSecret *
tyet_secret_new (void)
{
  return secret_of (NULL);
}

/**
 * tyet_secret_ref:
 * @secret: a secret
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @secret
 */
TyetSecret *
tyet_secret_ref (TyetSecret *secret)
{
  g_return_val_if_fail (secret != NULL, NULL);
  ty_locked_key_ref (&secret->key);
  return secret;
}

/**
 * tyet_secret_unref:
 * @secret: (transfer full): a secret
 *
 * Releases a reference; the last one wipes the bytes and frees @secret. Any thread may.
 */
void
tyet_secret_unref (TyetSecret *secret)
{
  g_return_if_fail (secret != NULL);
  if (ty_locked_key_unref (&secret->key))
    g_free (secret);
}

/**
 * tyet_secret_equal:
 * @secret: a secret
 * @other: another
 *
 * Whether both are the same.
 *
 * Returns: %TRUE if they are
 */
gboolean
tyet_secret_equal (TyetSecret *secret, TyetSecret *other)
{
  g_return_val_if_fail (secret != NULL && other != NULL, FALSE);
  return sodium_memcmp (secret->key.bytes, other->key.bytes, TY_KEY_BYTES) == 0;
}

/* ---- Where they come from ---- */

static gboolean
fail (GError **error, const char *whose, const char *what, const char *why)
{
  g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET, "The secret %s cannot be %s: %s", whose, what, why);
  return FALSE;
}

static TyetSecret *
derive (const TySecretText *text, const char *whose, GError **error)
{
  guint8 *bytes = ty_locked_new (TY_KEY_BYTES);
  TyetSecret *secret = NULL;
  if (ty_secret_derive (text, bytes))
    secret = ty_tyet_secret_new (bytes);
  else
    fail (error, whose, "made of its passphrase", "there is not enough memory for it");
  sodium_free (bytes);
  return secret;
}

/**
 * tyet_secret_new_from_passphrase:
 * @passphrase: 12 to 1000 bytes of UTF-8 without control characters: a few words that nobody guesses
 * @error: return location for a #GError
 *
 * The secret that a passphrase stands for, the same everywhere. It is made by Argon2id, which is slow on purpose (some
 * tenths of a second, 64 MiB): once, at the start. A secret drawn at random is better than any passphrase.
 *
 * Fails with %TYET_ERROR_SECRET.
 *
 * Returns: (transfer full): the secret, or %NULL
 */
TyetSecret *
tyet_secret_new_from_passphrase (const char *passphrase, GError **error)
{
  g_return_val_if_fail (passphrase != NULL, NULL);
  TySecretText *text = ty_locked_new (sizeof *text);
  gsize len = strlen (passphrase) + 11;
  char *line = ty_locked_new (len + 1);
  const char *why;
  TyetSecret *secret = NULL;
  memcpy (line, "passphrase ", 11);
  memcpy (line + 11, passphrase, len - 11 + 1);
  if (ty_secret_text_read (line, len, text, &why))
    secret = derive (text, "given", error);
  else
    fail (error, "given", "made of its passphrase", why);
  sodium_free (line);
  sodium_free (text);
  return secret;
}

/**
 * tyet_secret_load:
 * @path: (type filename): the file; `-` for standard input
 * @error: return location for a #GError
 *
 * Reads a secret. The file is what [method@Tyet.Secret.save] writes, or has been written by hand: the line
 * `tyet-secret 1`, and another with `passphrase ` and the words ([ctor@Tyet.Secret.new_from_passphrase]). One that
 * others than its owner can read or write is refused, as is one that is damaged: %TYET_ERROR_SECRET, with the reason.
 *
 * Returns: (transfer full): the secret, or %NULL
 */
TyetSecret *
tyet_secret_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  const char *why;
  gsize n = 0;
  TySecretText *text = ty_locked_new (sizeof *text);
  char *data = ty_private_read (path, TY_PRIVATE_SECRET, TY_SECRET_FILE_MAX_BYTES, &n, &why);
  TyetSecret *secret = NULL;
  if (data != NULL && ty_secret_file_read (data, n, text, &why))
    secret = derive (text, path, error);
  else
    fail (error, path, "read", why);
  sodium_free (data);
  sodium_free (text);
  return secret;
}

/**
 * tyet_secret_save:
 * @secret: a secret
 * @path: (type filename): the file to make
 * @error: return location for a #GError
 *
 * Writes @secret to a new file that nobody but its owner can read. The file is there whole, or not at all; one that
 * exists already is never replaced. What goes wrong is %TYET_ERROR_SECRET.
 *
 * Returns: %TRUE if it is saved
 */
gboolean
tyet_secret_save (TyetSecret *secret, const char *path, GError **error)
{
  g_return_val_if_fail (secret != NULL && path != NULL, FALSE);
  const char *why = NULL;
  char *text = ty_locked_new (TY_SECRET_KEY_FILE_BYTES);
  ty_secret_file_write (secret->key.bytes, text);
  gboolean good = ty_private_write (path, text, TY_SECRET_KEY_FILE_BYTES, &why);
  sodium_free (text);
  return good || fail (error, path, "written", why);
}

/* The environment's: TYET_SECRET_FILE names a file, TYET_SECRET is the secret itself. */
gboolean
ty_tyet_secret_find (TyetSecret **out, GError **error)
{
  const char *path = g_getenv ("TYET_SECRET_FILE"), *value = g_getenv ("TYET_SECRET");
  const char *why;
  *out = NULL;
  if (path != NULL && path[0] != '\0')
    {
      *out = tyet_secret_load (path, error);
      return *out != NULL;
    }
  if (value == NULL || value[0] == '\0')
    return TRUE;
  TySecretText *text = ty_locked_new (sizeof *text);
  if (ty_secret_text_read (value, strlen (value), text, &why))
    *out = derive (text, "in TYET_SECRET", error);
  else
    fail (error, "in TYET_SECRET", "read", why);
  sodium_free (text);
  return *out != NULL;
}
