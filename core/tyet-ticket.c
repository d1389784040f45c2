/* core/tyet-ticket.c: join tickets (core/ticket.h has their text).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-ticket.h"

#include <sodium.h>
#include <string.h>

#include "core/api.h"
#include "core/private-file.h"

struct _TyetTicket
{
  gatomicrefcount ref;
  TyTicket *inner; /* locked memory */
  TyetSecret *secret;
  char public_key[TY_KEY_TEXT_BYTES];
  const char *addresses[TY_TICKET_ADDRESSES + 1];
};

G_DEFINE_BOXED_TYPE (TyetTicket, tyet_ticket, tyet_ticket_ref, tyet_ticket_unref)

/* Takes `inner` over. */
TyetTicket *
ty_tyet_ticket_new (TyTicket *inner)
{
  TyetTicket *ticket = g_new0 (TyetTicket, 1);
  g_atomic_ref_count_init (&ticket->ref);
  ticket->inner = inner;
  ticket->secret = ty_tyet_secret_new (inner->secret);
  ty_key_print (inner->key, ticket->public_key);
  for (guint i = 0; i < inner->n_addresses; i++)
    ticket->addresses[i] = inner->addresses[i];
  return ticket;
}

const TyTicket *
ty_tyet_ticket_inner (TyetTicket *ticket)
{
  return ticket->inner;
}

static TyetTicket *
parse (const char *text, gsize len_bytes, const char *which, GError **error)
{
  const char *why;
  TyTicket *inner = ty_ticket_new ();
  while (len_bytes > 0 && g_ascii_isspace (text[len_bytes - 1]))
    len_bytes--;
  if (ty_ticket_read (text, len_bytes, inner, &why))
    return ty_tyet_ticket_new (inner);
  ty_ticket_free (inner);
  g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET, "The ticket %s cannot be read: %s", which, why);
  return NULL;
}

/**
 * tyet_ticket_parse:
 * @text: what [method@Tyet.Ticket.to_text] gave
 * @error: return location for a #GError
 *
 * Reads a ticket. White space behind it is left out; any letter that is wrong or missing is found: %TYET_ERROR_SECRET.
 *
 * Returns: (transfer full): the ticket, or %NULL
 */
TyetTicket *
tyet_ticket_parse (const char *text, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);
  return parse (text, strlen (text), "given", error);
}

/**
 * tyet_ticket_load:
 * @path: (type filename): the file; `-` for standard input
 * @error: return location for a #GError
 *
 * Reads the ticket in a file. One that others than its owner can read or write is refused: %TYET_ERROR_SECRET, with the
 * reason.
 *
 * Returns: (transfer full): the ticket, or %NULL
 */
TyetTicket *
tyet_ticket_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  const char *why;
  gsize n = 0;
  char *text = ty_private_read (path, TY_PRIVATE_SECRET, TY_TICKET_MAX_BYTES + 2, &n, &why);
  TyetTicket *ticket = NULL;
  if (text == NULL)
    g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET, "The ticket %s cannot be read: %s", path, why);
  else
    ticket = parse (text, n, path, error);
  sodium_free (text);
  return ticket;
}

/**
 * tyet_ticket_save:
 * @ticket: a ticket
 * @path: (type filename): the file to make
 * @error: return location for a #GError
 *
 * Writes the ticket to a new file that nobody but its owner can read; one that exists already is never replaced. What
 * goes wrong is %TYET_ERROR_SECRET.
 *
 * Returns: %TRUE if it is saved
 */
gboolean
tyet_ticket_save (TyetTicket *ticket, const char *path, GError **error)
{
  g_return_val_if_fail (ticket != NULL && path != NULL, FALSE);
  const char *why = NULL;
  char *text = ty_ticket_write (ticket->inner);
  gsize len = strlen (text);
  text[len] = '\n';
  gboolean good = ty_private_write (path, text, len + 1, &why);
  ty_ticket_text_free (text);
  if (!good)
    g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET, "The ticket %s cannot be written: %s", path, why);
  return good;
}

/**
 * tyet_ticket_ref:
 * @ticket: a ticket
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @ticket
 */
TyetTicket *
tyet_ticket_ref (TyetTicket *ticket)
{
  g_return_val_if_fail (ticket != NULL, NULL);
  g_atomic_ref_count_inc (&ticket->ref);
  return ticket;
}

/**
 * tyet_ticket_unref:
 * @ticket: (transfer full): a ticket
 *
 * Releases a reference; the last one wipes the keys and frees @ticket. Any thread may.
 */
void
tyet_ticket_unref (TyetTicket *ticket)
{
  g_return_if_fail (ticket != NULL);
  if (!g_atomic_ref_count_dec (&ticket->ref))
    return;
  tyet_secret_unref (ticket->secret);
  ty_ticket_free (ticket->inner);
  g_free (ticket);
}

/**
 * tyet_ticket_to_text:
 * @ticket: a ticket
 *
 * The ticket as text: one word of letters, digits, `.`, `-` and `_`. It holds the network secret: the memory that it is
 * in is the caller's to wipe.
 *
 * Returns: (transfer full): the text
 */
char *
tyet_ticket_to_text (TyetTicket *ticket)
{
  g_return_val_if_fail (ticket != NULL, NULL);
  char *text = ty_ticket_write (ticket->inner), *copy = g_strdup (text);
  ty_ticket_text_free (text);
  return copy;
}

/**
 * tyet_ticket_get_addresses:
 * @ticket: a ticket
 *
 * Where the process listens that gave the ticket: contacts for [method@Tyet.Group.join].
 *
 * Returns: (transfer none) (array zero-terminated=1): the addresses
 */
const char *const *
tyet_ticket_get_addresses (TyetTicket *ticket)
{
  g_return_val_if_fail (ticket != NULL, NULL);
  return ticket->addresses;
}

/**
 * tyet_ticket_get_public_key:
 * @ticket: a ticket
 *
 * The public key of the process that gave the ticket, as of [method@Tyet.Identity.get_public_key].
 *
 * Returns: (transfer none): the key
 */
const char *
tyet_ticket_get_public_key (TyetTicket *ticket)
{
  g_return_val_if_fail (ticket != NULL, NULL);
  return ticket->public_key;
}

/**
 * tyet_ticket_get_secret:
 * @ticket: a ticket
 *
 * The network secret in the ticket.
 *
 * Returns: (transfer none): the secret
 */
TyetSecret *
tyet_ticket_get_secret (TyetTicket *ticket)
{
  g_return_val_if_fail (ticket != NULL, NULL);
  return ticket->secret;
}
