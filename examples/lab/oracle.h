/* examples/lab/oracle.h: what can be seen of the step machines of one group while they run, and must hold: rules that
 * no history tells of. For the storms, which look into the machines as no application can.
 *
 *   V6   what follows a view is one value, and a quorum of the view has accepted it in one ballot
 *   V10  the loaded members hold a quorum
 *   V11  who leaves stays until the others, as far as it reaches them, have closed the view
 *   V14  at most one view acts at a time
 *   N2   no more is under way than the window allows
 *   V7, V15  once all is quiet, nothing is kept for anybody
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/group.h"

typedef struct _Oracle Oracle;

/* A process, living or dead, as far as the group is concerned. */
typedef struct
{
  const char *name;
  TyId pid;
  TyGroup *group; /* NULL: dead, or not in it */
  gboolean over;  /* it takes no part (any more) */
  gboolean stopped;
  gint64 clock; /* what its clock shows */
} OracleSeat;

Oracle *oracle_new (void);
void oracle_free (Oracle *oracle);

/* Whether oracle_stepped () has anything to do for a process after its step: `who` is its place among the seats. */
gboolean oracle_has_news (const Oracle *oracle, const TyGroup *group, guint who);
/* To be called after each step of a process of the group, before its effects. `seats` is everybody. */
void oracle_stepped (Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who);
/* To be called now and then: V14; that one value is decided; V10 and N2. `slack_bytes`: by what two windows may be
 * exceeded. */
void oracle_look_at_leases (Oracle *oracle, const OracleSeat *seats, guint n_seats);
void oracle_look_at_values (Oracle *oracle, const OracleSeat *seats, guint n_seats);
void oracle_look_at_windows (Oracle *oracle, const OracleSeat *seats, guint n_seats, gsize slack_bytes);
/* To be called when all is quiet, for each who should keep nothing any more. */
gboolean oracle_is_at_rest (const TyGroup *group);
void oracle_look_at_rest (Oracle *oracle, const OracleSeat *seat);

/* Something else is wrong, that the caller has seen. */
void oracle_complain (Oracle *oracle, const char *rule, const char *what, const char *who, guint64 view);

/* The rule that was found to be broken first; NULL: none. */
const char *oracle_rule (const Oracle *oracle);
const char *oracle_what (const Oracle *oracle); /* which always reads alike */
const char *oracle_text (const Oracle *oracle); /* with names */
