/* tests/fuzz/target-ticket.c: a join ticket.
 *
 * The input: text, as it is; or, after a byte of 1, what is inside one, which is given its sum and its letters here: a
 * fuzzer does not guess sums.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ticket.h"
#include "tests/fuzz/targets.h"

#include <sodium.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define SUM_BYTES 8

static char *
make_text (const guint8 *inside, gsize len_bytes)
{
  guint8 sum[crypto_generichash_BYTES];
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_byte_array_append (all, (const guint8 *) TY_TICKET_PREFIX, sizeof TY_TICKET_PREFIX - 1);
  g_byte_array_append (all, inside, (guint) len_bytes);
  crypto_generichash (sum, sizeof sum, all->data, all->len, NULL, 0);
  g_byte_array_append (all, sum, SUM_BYTES);
  gsize n = all->len - (sizeof TY_TICKET_PREFIX - 1), room = sodium_base64_encoded_len (n, VARIANT);
  g_autofree char *letters = g_malloc (room);
  sodium_bin2base64 (letters, room, all->data + sizeof TY_TICKET_PREFIX - 1, n, VARIANT);
  return g_strconcat (TY_TICKET_PREFIX, letters, NULL);
}

static void
read_text (const char *text, gsize len_bytes)
{
  const char *why = NULL;
  TyTicket *ticket = ty_ticket_new ();
  if (ty_ticket_read (text, len_bytes, ticket, &why))
    {
      char *again = ty_ticket_write (ticket);
      g_assert (strlen (again) == len_bytes && memcmp (again, text, len_bytes) == 0);
      g_assert (ty_ticket_is_meant (again));
      ty_ticket_text_free (again);
    }
  else
    {
      g_assert (why != NULL);
      for (gsize i = 0; i < sizeof *ticket; i++)
        g_assert (((const guint8 *) ticket)[i] == 0);
    }
  ty_ticket_free (ticket);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  if (len_bytes > 0 && data[0] == 1)
    {
      g_autofree char *text = make_text (data + 1, len_bytes - 1);
      read_text (text, strlen (text));
    }
  else
    read_text ((const char *) data, len_bytes);
  return 0;
}
