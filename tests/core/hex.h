/* tests/core/hex.h: bytes as a person writes them: hex digits, with spaces wherever they help.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/wire.h"

static inline GByteArray *
hex_bytes (const char *hex)
{
  GByteArray *out = g_byte_array_new ();
  for (const char *p = hex; *p != '\0';)
    {
      if (*p == ' ')
        {
          p++;
          continue;
        }
      guint8 b = (guint8) (g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
      g_assert_true (g_ascii_isxdigit (p[0]) && g_ascii_isxdigit (p[1]));
      g_byte_array_append (out, &b, 1);
      p += 2;
    }
  return out;
}

static inline char *
hex_text (gconstpointer data, gsize len)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < len; i++)
    g_string_append_printf (out, "%02x", ((const guint8 *) data)[i]);
  return g_string_free (out, FALSE);
}

/* Compares bytes with hex, spaces in it left out. */
#define assert_hex(bytes_, n_bytes_, expected_)                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autoptr (GByteArray) want_ = hex_bytes (expected_);                                                              \
    g_autofree char *want_hex_ = hex_text (want_->data, want_->len);                                                   \
    g_autofree char *have_hex_ = hex_text ((bytes_), (n_bytes_));                                                      \
    g_assert_cmpstr (have_hex_, ==, want_hex_);                                                                        \
  }                                                                                                                    \
  G_STMT_END

/* An id of sixteen times the same byte. */
static inline TyId
id_of (guint8 byte)
{
  TyId id;
  memset (id.b, byte, sizeof id.b);
  return id;
}
