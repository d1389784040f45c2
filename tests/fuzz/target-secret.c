/* tests/fuzz/target-secret.c: the file of a secret, and the same from the environment.  Not the derivation of keys from
 * passphrases: that takes its time by design.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/secret-file.h"
#include "tests/fuzz/targets.h"

static void
check (gboolean good, const TySecretText *out, const char *why)
{
  if (!good)
    {
      g_assert (why != NULL);
      for (gsize i = 0; i < sizeof *out; i++)
        g_assert (((const guint8 *) out)[i] == 0);
      return;
    }
  gsize n = out->passphrase_bytes;
  g_assert (n == 0 || (n >= TY_PASSPHRASE_LEAST_BYTES && n <= TY_PASSPHRASE_MOST_BYTES));
  g_assert (g_utf8_validate (out->passphrase, (gssize) n, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  TySecretText out;
  const char *why = NULL;
  char again[TY_SECRET_KEY_FILE_BYTES];
  gboolean good = ty_secret_file_read ((const char *) data, len_bytes, &out, &why);
  check (good, &out, why);
  if (good && out.passphrase_bytes == 0 && len_bytes == sizeof again)
    {
      ty_secret_file_write (out.secret, again);
      g_assert (memcmp (again, data, sizeof again) == 0);
    }
  why = NULL;
  good = ty_secret_text_read ((const char *) data, len_bytes, &out, &why);
  check (good, &out, why);
  return 0;
}
