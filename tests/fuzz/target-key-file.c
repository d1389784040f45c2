/* tests/fuzz/target-key-file.c: libFuzzer: the file of an identity.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/key-file.h"
#include "tests/fuzz/targets.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  guint8 secret[TY_KEY_BYTES];
  char again[TY_KEY_FILE_BYTES];
  const char *why;
  if (!ty_key_file_read ((const char *) data, len_bytes, secret, &why))
    return 0;
  ty_key_file_write (secret, again);
  g_assert_true (len_bytes == sizeof again && memcmp (data, again, sizeof again) == 0);
  return 0;
}
