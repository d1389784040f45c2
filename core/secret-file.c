/* core/secret-file.c: see secret-file.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/secret-file.h"

#include <sodium.h>
#include <string.h>

#define FIRST_LINE "tyet-secret 1\n"
#define FIRST_BYTES (sizeof FIRST_LINE - 1)
#define DIGITS (TY_KEY_TEXT_BYTES - 1)
#define SECRET "secret "
#define PASSPHRASE "passphrase "

G_STATIC_ASSERT (sizeof TY_ARGON_SALT - 1 == crypto_pwhash_SALTBYTES);
G_STATIC_ASSERT (TY_SECRET_KEY_FILE_BYTES == FIRST_BYTES + sizeof SECRET - 1 + DIGITS + 1);
G_STATIC_ASSERT (TY_SECRET_FILE_MAX_BYTES >= FIRST_BYTES + sizeof PASSPHRASE + TY_PASSPHRASE_MOST_BYTES);

static gboolean
begins_with (const char *text, gsize len_bytes, const char *word)
{
  return len_bytes >= strlen (word) && memcmp (text, word, strlen (word)) == 0;
}

static const char *
read_passphrase (const char *text, gsize len_bytes, TySecretText *out)
{
  if (len_bytes < TY_PASSPHRASE_LEAST_BYTES)
    return "its passphrase is too short: it takes 12 bytes at least, and should be a few words that nobody guesses";
  if (len_bytes > TY_PASSPHRASE_MOST_BYTES)
    return "its passphrase is too long";
  gboolean fine = g_utf8_validate (text, (gssize) len_bytes, NULL);
  for (gsize i = 0; fine && i < len_bytes; i++)
    fine = (guint8) text[i] >= 0x20 && text[i] != 0x7f;
  if (!fine)
    return "its passphrase is not UTF-8 on one line";
  memcpy (out->passphrase, text, len_bytes);
  out->passphrase_bytes = len_bytes;
  return NULL;
}

gboolean
ty_secret_text_read (const char *text, gsize len_bytes, TySecretText *out, const char **why)
{
  memset (out, 0, sizeof *out);
  *why = NULL;
  if (begins_with (text, len_bytes, PASSPHRASE))
    *why = read_passphrase (text + strlen (PASSPHRASE), len_bytes - strlen (PASSPHRASE), out);
  else
    {
      gsize skip = begins_with (text, len_bytes, SECRET) ? strlen (SECRET) : 0;
      if (!ty_key_parse (text + skip, len_bytes - skip, out->secret))
        *why = "it is neither a secret of 43 letters and digits, nor the word passphrase and a text";
    }
  if (*why != NULL)
    sodium_memzero (out, sizeof *out);
  return *why == NULL;
}

gboolean
ty_secret_file_read (const char *text, gsize len_bytes, TySecretText *out, const char **why)
{
  memset (out, 0, sizeof *out);
  if (!begins_with (text, len_bytes, FIRST_LINE))
    {
      gboolean other = len_bytes >= FIRST_BYTES && memcmp (text, FIRST_LINE, FIRST_BYTES - 2) == 0;
      gboolean cr = other && memcmp (text, FIRST_LINE, FIRST_BYTES - 1) == 0 && text[FIRST_BYTES - 1] == '\r';
      *why = cr      ? "its lines end with CR LF, and have to end with LF"
             : other ? "it is a secret in another format, of another version"
                     : "it is no file of a secret: that begins with the line \"tyet-secret 1\"; tyet key --help says "
                       "how words become one";
      return FALSE;
    }
  const char *line = text + FIRST_BYTES;
  gsize left = len_bytes - FIRST_BYTES;
  const char *end = memchr (line, '\n', left);
  if (end == NULL)
    *why = "it is cut short: its last line does not end";
  else if (end + 1 != text + len_bytes)
    *why = "something follows the secret in it";
  else
    return ty_secret_text_read (line, (gsize) (end - line), out, why);
  return FALSE;
}

gboolean
ty_secret_derive (const TySecretText *text, guint8 secret[TY_KEY_BYTES])
{
  if (text->passphrase_bytes == 0)
    {
      memcpy (secret, text->secret, TY_KEY_BYTES);
      return TRUE;
    }
  return crypto_pwhash (secret, TY_KEY_BYTES, text->passphrase, text->passphrase_bytes, (const guint8 *) TY_ARGON_SALT,
                        TY_ARGON_PASSES, TY_ARGON_BYTES, crypto_pwhash_ALG_ARGON2ID13)
         == 0;
}

void
ty_secret_file_write (const guint8 secret[TY_KEY_BYTES], char out[TY_SECRET_KEY_FILE_BYTES])
{
  char text[TY_KEY_TEXT_BYTES];
  char *at = out;
  ty_key_print (secret, text);
  at = (char *) memcpy (at, FIRST_LINE, FIRST_BYTES) + FIRST_BYTES;
  at = (char *) memcpy (at, SECRET, strlen (SECRET)) + strlen (SECRET);
  at = (char *) memcpy (at, text, DIGITS) + DIGITS;
  *at++ = '\n';
  sodium_memzero (text, sizeof text);
  g_assert (at == out + TY_SECRET_KEY_FILE_BYTES);
}
