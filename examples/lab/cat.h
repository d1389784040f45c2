/* examples/lab/cat.h: what the files of `tyet cat` share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lab.h"
#include "lines.h"
#include "out.h"

#include <tyet.h>

/* ---- What comes out (cat-events.c): a line an event, for people or as JSON ---- */

typedef struct
{
  LabOut *out;
  gboolean json;
  gboolean terminal; /* somebody's screen: what others sent must not steer it */
} CatEvents;

/* `ticket`: for those who are to join, or NULL. */
void cat_event_listening (CatEvents *events, const char *address, const char *ticket);
void cat_event_view (CatEvents *events, TyetView *view, TyetViewChange *change);
void cat_event_deliver (CatEvents *events, TyetView *view, guint rank, TyetService service, const guint8 *data,
                        gsize len_bytes);
void cat_event_blocked (CatEvents *events, const char *why, const char *const *waiting_for);
void cat_event_unblocked (CatEvents *events);
void cat_event_rekeyed (CatEvents *events, gboolean network_too);
void cat_event_excluded (CatEvents *events, const char *why);
/* `event`: "saved" or "loaded". */
void cat_event_state (CatEvents *events, const char *event, guint64 n_messages, const char *digest);

/* ---- Keys (cat-keys.c) ---- */

typedef struct
{
  /* options */
  char *secret_file, *identity_file, *ticket_file, *group_secret_file, *admit_file;
  gboolean plain;

  TyetSecret *secret, *group_secret;
  TyetIdentity *identity;
  TyetTicket *ticket;
} CatKeys;

/* Reads what the options name. FALSE: an error for a person. */
gboolean cat_keys_read (CatKeys *keys, GError **error);
void cat_keys_clear (CatKeys *keys);
/* Whether a contact is a ticket, which has no place on a command line. */
gboolean cat_keys_is_ticket (const char *contact);

/* ---- The state that --state gives and takes (cat-state.c) ---- */

typedef struct _CatState CatState;

CatState *cat_state_new (void);
void cat_state_free (CatState *state);
void cat_state_delivered (CatState *state, const char *from, const guint8 *data, gsize len_bytes);
/* Whether a state came that is none of this kind: another try would bring the same. */
gboolean cat_state_is_refused (CatState *state);
/* Connects it to a group that is not entered yet. */
void cat_state_attach (CatState *state, TyetGroup *group, CatEvents *events);
