/* core/key-file.c: see key-file.h.  Everything secret that is on the stack here is wiped before it is left.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/key-file.h"

#include <sodium.h>
#include <string.h>

#define FIRST_LINE "tyet-identity 1\n"
#define PUBLIC "public "
#define SECRET "secret "
#define DIGITS (TY_KEY_TEXT_BYTES - 1)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

G_STATIC_ASSERT (sodium_base64_ENCODED_LEN (TY_KEY_BYTES, VARIANT) == TY_KEY_TEXT_BYTES);
G_STATIC_ASSERT (crypto_scalarmult_SCALARBYTES == TY_KEY_BYTES);
G_STATIC_ASSERT (sizeof PUBLIC == sizeof SECRET);
G_STATIC_ASSERT (TY_KEY_FILE_BYTES == sizeof FIRST_LINE - 1 + 2 * (sizeof PUBLIC - 1 + DIGITS + 1));

void
ty_key_print (const guint8 key[TY_KEY_BYTES], char out[TY_KEY_TEXT_BYTES])
{
  sodium_bin2base64 (out, TY_KEY_TEXT_BYTES, key, TY_KEY_BYTES, VARIANT);
}

gboolean
ty_key_parse (const char *text, gsize len_bytes, guint8 out[TY_KEY_BYTES])
{
  char again[TY_KEY_TEXT_BYTES];
  gsize n = 0;
  if (len_bytes != DIGITS || sodium_base642bin (out, TY_KEY_BYTES, text, len_bytes, NULL, &n, NULL, VARIANT) != 0
      || n != TY_KEY_BYTES)
    return FALSE;
  /* No key has two texts: the last digit has bits to spare. */
  ty_key_print (out, again);
  gboolean same = memcmp (again, text, DIGITS) == 0;
  sodium_memzero (again, sizeof again);
  return same;
}

/* The bits that a multiplication sets anyhow ([RFC 7748] 5) are set in the file too: no key has two files. */
static void
clamp (guint8 secret[TY_KEY_BYTES])
{
  secret[0] &= 248;
  secret[31] = (guint8) ((secret[31] & 127) | 64);
}

void
ty_key_public (const guint8 secret[TY_KEY_BYTES], guint8 out[TY_KEY_BYTES])
{
  if (crypto_scalarmult_base (out, secret) != 0)
    g_assert_not_reached (); /* of the base point there is no such multiple */
}

static char *
put_line (char *at, const char *word, const guint8 *key)
{
  char text[TY_KEY_TEXT_BYTES];
  ty_key_print (key, text);
  memcpy (at, word, strlen (word));
  at += strlen (word);
  memcpy (at, text, DIGITS);
  at[DIGITS] = '\n';
  sodium_memzero (text, sizeof text);
  return at + DIGITS + 1;
}

void
ty_key_file_write (const guint8 secret[TY_KEY_BYTES], char out[TY_KEY_FILE_BYTES])
{
  guint8 public[TY_KEY_BYTES], clamped[TY_KEY_BYTES];
  memcpy (clamped, secret, sizeof clamped);
  clamp (clamped);
  ty_key_public (secret, public);
  memcpy (out, FIRST_LINE, strlen (FIRST_LINE));
  char *at = put_line (out + strlen (FIRST_LINE), PUBLIC, public);
  at = put_line (at, SECRET, clamped);
  sodium_memzero (clamped, sizeof clamped);
  g_assert (at == out + TY_KEY_FILE_BYTES);
}

/* A line of the file, which is long enough; NULL: it is another. */
static const char *
get_line (const char *at, const char *word, guint8 *key)
{
  gsize word_bytes = strlen (word);
  gboolean good = memcmp (at, word, word_bytes) == 0 && ty_key_parse (at + word_bytes, DIGITS, key)
                  && at[word_bytes + DIGITS] == '\n';
  return good ? at + word_bytes + DIGITS + 1 : NULL;
}

gboolean
ty_key_file_read (const char *text, gsize len_bytes, guint8 secret[TY_KEY_BYTES], const char **why)
{
  guint8 public[TY_KEY_BYTES], proper[TY_KEY_BYTES];
  gsize first_bytes = strlen (FIRST_LINE);
  *why = NULL;
  if (len_bytes < first_bytes || memcmp (text, FIRST_LINE, first_bytes) != 0)
    {
      gboolean other = len_bytes >= first_bytes && memcmp (text, FIRST_LINE, first_bytes - 2) == 0;
      gboolean cr = other && memcmp (text, FIRST_LINE, first_bytes - 1) == 0 && text[first_bytes - 1] == '\r';
      *why = cr      ? "its lines end with CR LF, and have to end with LF"
             : other ? "it is an identity in another format, of another version"
                     : "it is no file of an identity";
      return FALSE;
    }
  if (len_bytes != TY_KEY_FILE_BYTES)
    {
      *why = len_bytes < TY_KEY_FILE_BYTES ? "it is cut short" : "something follows the keys in it";
      return FALSE;
    }
  const char *at = get_line (text + first_bytes, PUBLIC, public);
  at = at != NULL ? get_line (at, SECRET, secret) : NULL;
  if (at == NULL || (secret[0] & 7) != 0 || secret[31] >> 6 != 1)
    *why = "its keys are damaged";
  else
    {
      ty_key_public (secret, proper);
      if (memcmp (public, proper, sizeof public) != 0)
        *why = "its public key does not belong to its secret key";
    }
  if (*why != NULL)
    sodium_memzero (secret, TY_KEY_BYTES);
  return *why == NULL;
}
