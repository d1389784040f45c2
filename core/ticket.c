/* core/ticket.c: see ticket.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ticket.h"

#include <sodium.h>
#include <string.h>

#include "core/private-file.h"

#define PREFIX_BYTES (sizeof TY_TICKET_PREFIX - 1)
#define SUM_BYTES 8
#define LEAST_BYTES (2 * TY_KEY_BYTES + 1 + 2 + SUM_BYTES)
#define MOST_BYTES (2 * TY_KEY_BYTES + 1 + TY_TICKET_ADDRESSES * 256 + SUM_BYTES)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

G_STATIC_ASSERT (PREFIX_BYTES + sodium_base64_ENCODED_LEN (MOST_BYTES, VARIANT) - 1 <= TY_TICKET_MAX_BYTES);

TyTicket *
ty_ticket_new (void)
{
  TyTicket *ticket = ty_locked_new (sizeof *ticket);
  memset (ticket, 0, sizeof *ticket);
  return ticket;
}

void
ty_ticket_free (TyTicket *ticket)
{
  sodium_free (ticket);
}

static gboolean
fits (const char *address, gsize len_bytes)
{
  gboolean fine = len_bytes >= 1 && len_bytes <= 255;
  for (gsize i = 0; fine && i < len_bytes; i++)
    fine = address[i] > ' ' && address[i] < 0x7f;
  return fine;
}

gboolean
ty_ticket_add_address (TyTicket *ticket, const char *address)
{
  gsize len = strlen (address);
  if (ticket->n_addresses == TY_TICKET_ADDRESSES || !fits (address, len))
    return FALSE;
  memcpy (ticket->addresses[ticket->n_addresses++], address, len + 1);
  return TRUE;
}

static void
make_sum (const guint8 *data, gsize len_bytes, guint8 out[SUM_BYTES])
{
  guint8 sum[crypto_generichash_BYTES];
  crypto_generichash_state state;
  crypto_generichash_init (&state, NULL, 0, sizeof sum);
  crypto_generichash_update (&state, (const guint8 *) TY_TICKET_PREFIX, PREFIX_BYTES);
  crypto_generichash_update (&state, data, len_bytes);
  crypto_generichash_final (&state, sum, sizeof sum);
  memcpy (out, sum, SUM_BYTES);
  sodium_memzero (&state, sizeof state);
}

char *
ty_ticket_write (const TyTicket *ticket)
{
  g_assert (ticket->n_addresses >= 1 && ticket->n_addresses <= TY_TICKET_ADDRESSES);
  guint8 *bytes = ty_locked_new (MOST_BYTES), *at = bytes;
  char *text = ty_locked_new (TY_TICKET_MAX_BYTES + 1);
  at = (guint8 *) memcpy (at, ticket->key, TY_KEY_BYTES) + TY_KEY_BYTES;
  at = (guint8 *) memcpy (at, ticket->secret, TY_KEY_BYTES) + TY_KEY_BYTES;
  *at++ = (guint8) ticket->n_addresses;
  for (guint i = 0; i < ticket->n_addresses; i++)
    {
      gsize len = strlen (ticket->addresses[i]);
      g_assert (fits (ticket->addresses[i], len));
      *at++ = (guint8) len;
      at = (guint8 *) memcpy (at, ticket->addresses[i], len) + len;
    }
  make_sum (bytes, (gsize) (at - bytes), at);
  at += SUM_BYTES;
  memcpy (text, TY_TICKET_PREFIX, PREFIX_BYTES);
  sodium_bin2base64 (text + PREFIX_BYTES, TY_TICKET_MAX_BYTES + 1 - PREFIX_BYTES, bytes, (gsize) (at - bytes), VARIANT);
  sodium_free (bytes);
  return text;
}

void
ty_ticket_text_free (char *text)
{
  sodium_free (text);
}

/* What is between the keys and the sum. */
static gboolean
read_addresses (const guint8 *at, const guint8 *end, TyTicket *out)
{
  guint n = at < end ? *at++ : 0;
  if (n < 1 || n > TY_TICKET_ADDRESSES)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      gsize len = at < end ? *at++ : 0;
      if (len > (gsize) (end - at) || !fits ((const char *) at, len))
        return FALSE;
      memcpy (out->addresses[i], at, len);
      out->addresses[i][len] = '\0';
      at += len;
    }
  out->n_addresses = n;
  return at == end;
}

gboolean
ty_ticket_read (const char *text, gsize len_bytes, TyTicket *out, const char **why)
{
  gsize n = 0;
  guint8 sum[SUM_BYTES];
  *why = NULL;
  memset (out, 0, sizeof *out);
  if (len_bytes < PREFIX_BYTES || memcmp (text, TY_TICKET_PREFIX, PREFIX_BYTES) != 0)
    {
      gboolean other = len_bytes > 5 && memcmp (text, "tyet", 4) == 0 && g_ascii_isdigit (text[4]);
      *why = other ? "it is a ticket of another version" : "it is no ticket";
      return FALSE;
    }
  if (len_bytes > TY_TICKET_MAX_BYTES)
    {
      *why = "it is too long for a ticket";
      return FALSE;
    }
  guint8 *bytes = ty_locked_new (MOST_BYTES + SUM_BYTES);
  const char *end = NULL;
  if (sodium_base642bin (bytes, MOST_BYTES + SUM_BYTES, text + PREFIX_BYTES, len_bytes - PREFIX_BYTES, NULL, &n, &end,
                         VARIANT)
          != 0
      || end != text + len_bytes || n < LEAST_BYTES
      || sodium_base64_ENCODED_LEN (n, VARIANT) - 1 != len_bytes - PREFIX_BYTES)
    *why = "it is damaged: letters are wrong or missing";
  else
    {
      make_sum (bytes, n - SUM_BYTES, sum);
      if (sodium_memcmp (sum, bytes + n - SUM_BYTES, SUM_BYTES) != 0
          || !read_addresses (bytes + 2 * TY_KEY_BYTES, bytes + n - SUM_BYTES, out))
        *why = "it is damaged: letters are wrong or missing";
    }
  memcpy (out->key, bytes, TY_KEY_BYTES);
  memcpy (out->secret, bytes + TY_KEY_BYTES, TY_KEY_BYTES);
  if (*why == NULL)
    {
      /* The last digit may have bits to spare. */
      char *again = ty_ticket_write (out);
      if (strlen (again) != len_bytes || memcmp (again, text, len_bytes) != 0)
        *why = "it is damaged: letters are wrong or missing";
      ty_ticket_text_free (again);
    }
  sodium_free (bytes);
  if (*why != NULL)
    sodium_memzero (out, sizeof *out);
  return *why == NULL;
}

gboolean
ty_ticket_is_meant (const char *text)
{
  return g_str_has_prefix (text, "tyet") && g_ascii_isdigit (text[4]) && strchr (text + 5, '.') != NULL;
}
