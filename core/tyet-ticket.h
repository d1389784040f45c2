/* tyet-ticket.h: all that it takes to join: where, whom, and the secret.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(TYET_INSIDE) && !defined(TYET_COMPILATION)
#error "Only <tyet.h> can be included directly."
#endif

#include <glib-object.h>
#include "tyet-secret.h"

G_BEGIN_DECLS

/**
 * TyetTicket:
 *
 * A join ticket: addresses of a process, its public key, and the network secret, in one short text. Whoever has it may
 * speak to that process: it is passed on as a secret is, and is no word for a command line. Immutable.
 */
typedef struct _TyetTicket TyetTicket;

#define TYET_TYPE_TICKET (tyet_ticket_get_type ())
TYET_API GType tyet_ticket_get_type (void);

TYET_API TyetTicket *tyet_ticket_parse (const char *text, GError **error);
TYET_API TyetTicket *tyet_ticket_load (const char *path, GError **error);
TYET_API gboolean tyet_ticket_save (TyetTicket *ticket, const char *path, GError **error);
TYET_API TyetTicket *tyet_ticket_ref (TyetTicket *ticket);
TYET_API void tyet_ticket_unref (TyetTicket *ticket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyetTicket, tyet_ticket_unref)

TYET_API char *tyet_ticket_to_text (TyetTicket *ticket);
TYET_API const char *const *tyet_ticket_get_addresses (TyetTicket *ticket);
TYET_API const char *tyet_ticket_get_public_key (TyetTicket *ticket);
TYET_API TyetSecret *tyet_ticket_get_secret (TyetTicket *ticket);

G_END_DECLS
