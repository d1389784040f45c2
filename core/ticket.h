/* core/ticket.h: the text of a join ticket: where a process listens, its public key, and the network secret.
 *
 *    tyet1.TEXT      TEXT is base64 (the alphabet that is safe in URLs and file names, no padding) of
 *
 *    offset  size    field
 *    0       32      public key of who gave it
 *    32      32      network secret
 *    64      1       how many addresses, 1 to TY_TICKET_ADDRESSES, each:
 *            1         its length, at least 1
 *            ...       the address, printable ASCII
 *            8       the first bytes of the BLAKE2b of "tyet1." and all before
 *
 * No ticket has two texts, and none with a letter wrong or missing is taken for one.  Whoever has it may speak to the
 * process: it is a secret as the network secret is, in memory (locked here), in files and on the wire.
 *
 * It reads what strangers may have written (tests/fuzz): ty_ticket_read () is all of it, and touches nothing else.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/key-file.h"

#define TY_TICKET_PREFIX "tyet1."
#define TY_TICKET_ADDRESSES 8
/* The longest text, without a NUL. */
#define TY_TICKET_MAX_BYTES (6 + (64 + 1 + TY_TICKET_ADDRESSES * 256 + 8 + 2) / 3 * 4)

typedef struct
{
  guint8 key[TY_KEY_BYTES];
  guint8 secret[TY_KEY_BYTES];
  guint n_addresses;
  char addresses[TY_TICKET_ADDRESSES][256];
} TyTicket;

/* In locked memory, empty. */
TyTicket *ty_ticket_new (void);
/* Wipes it. NULL: nothing. */
void ty_ticket_free (TyTicket *ticket);
/* FALSE: there are too many already, or it is no such text. */
gboolean ty_ticket_add_address (TyTicket *ticket, const char *address);

/* The text, with a NUL, to be freed by ty_ticket_text_free (). */
char *ty_ticket_write (const TyTicket *ticket);
void ty_ticket_text_free (char *text);
/* FALSE: it is no ticket, and `why` says how (a static text, with nothing of the ticket in it); `out` is wiped then. */
gboolean ty_ticket_read (const char *text, gsize len_bytes, TyTicket *out, const char **why);

/* Whether `text` is meant for a ticket, whole or not: such a thing belongs on no command line. */
gboolean ty_ticket_is_meant (const char *text);
