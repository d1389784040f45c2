/* tyet-process.h: processes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(TYET_INSIDE) && !defined(TYET_COMPILATION)
#error "Only <tyet.h> can be included directly."
#endif

#include <gio/gio.h>
#include "tyet-enums.h"
#include "tyet-identity.h"
#include "tyet-ticket.h"

G_BEGIN_DECLS

#define TYET_TYPE_PROCESS (tyet_process_get_type ())
#ifndef __GI_SCANNER__
TYET_API GType tyet_process_get_type (void);
#endif
G_DECLARE_FINAL_TYPE (TyetProcess, tyet_process, TYET, PROCESS, GObject)

TYET_API TyetProcess *tyet_process_new (const char *address, GError **error);

TYET_API const char *tyet_process_get_address (TyetProcess *process);
TYET_API const char *tyet_process_get_name (TyetProcess *process);
TYET_API const char *tyet_process_get_id (TyetProcess *process);
TYET_API TyetSecurity tyet_process_get_security (TyetProcess *process);
TYET_API TyetIdentity *tyet_process_get_identity (TyetProcess *process);
TYET_API TyetSecret *tyet_process_get_secret (TyetProcess *process);
TYET_API TyetTicket *tyet_process_make_ticket (TyetProcess *process, GError **error);
TYET_API guint64 tyet_process_get_refused_packets (TyetProcess *process);

TYET_API gboolean tyet_process_set_history (TyetProcess *process, const char *path, GError **error);
TYET_API const char *tyet_process_get_history (TyetProcess *process);

TYET_API char *tyet_process_describe_waits (TyetProcess *process);

TYET_API const char *const *tyet_list_orderings (void);

G_END_DECLS
