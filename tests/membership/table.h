/* tests/membership/table.h: memberships round a table, with a host that is no group.
 *
 * Each seat has one membership, or is a ghost whose packets the test writes itself.  Messages are numbers: how many of
 * each member a seat has received.  Packets go by one queue, in the order of their sending, when the test says so; they
 * can be held back by a filter.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "membership/membership.h"

#define MAX_SEATS 24

extern const TyMembershipOps ty_membership;

typedef struct _Table Table;

typedef struct
{
  Table *table;
  guint index;
  TyId pid;
  char name[8];
  char address[16];
  TyMembership *m; /* NULL: a ghost */
  TyReach reach[MAX_SEATS];
  gboolean bars[MAX_SEATS]; /* who is not on its list of keys */
  TyetView *view;
  guint64 received[MAX_SEATS]; /* by rank in `view` */
  gboolean frozen, blocked, excluded, gone, left, found;
  GError *join_error;
  GPtrArray *values; /* of TyValue: installed, in order */
  GArray *released;  /* of guint64 */
} Seat;

typedef struct
{
  guint from, to;
  TyPacketType type;
  guint64 view;
  GBytes *bytes;
} Sent;

struct _Table
{
  gint64 now;
  TyNodeConfig config;
  Seat seats[MAX_SEATS];
  guint n_seats;
  GQueue queue;      /* of Sent *: under way */
  GQueue held;       /* of Sent *: held back */
  GPtrArray *ahead;  /* of Sent: of a later view than the receiver's */
  GPtrArray *log;    /* of Sent: everything ever sent to others */
  GString *forwards; /* "from>to sender(after,upto] " */
  GArray *dials;     /* of guint pairs: from * MAX_SEATS + to */
  gboolean dead[MAX_SEATS];
  gboolean cut[MAX_SEATS][MAX_SEATS]; /* no dial comes through */
  gboolean (*hold) (Table *table, const Sent *sent);
};

Table *table_new (void);
void table_free (Table *table);
Seat *table_seat (Table *table, gboolean ghost);
/* View 1 of the first `n` seats, all of weight 1 and loaded unless `adjust` changes that, all in reach of all; begun at
 * everyone's. */
void table_begin (Table *table, guint n, void (*adjust) (TyMember *members));
/* One more seat, which asks seat 0 to be let in; `name`: another name than its own. */
Seat *table_join (Table *table, const char *name);
/* Packets until there are none, every membership's tick between them. */
void table_run (Table *table);
/* Time in steps of ten milliseconds, everything running. */
void table_advance (Table *table, gint64 us);
/* Every membership ticks once, without packets. */
void table_tick (Table *table);
/* What happens to the session of two, at both. */
void table_reach (Table *table, guint a, guint b, TyReach reach);
/* Seat `dead` falls silent for good; if `known`, that is a fact to the others at once. */
void table_kill (Table *table, guint dead, gboolean known);
void table_release (Table *table);
void table_drop_held (Table *table);

/* A packet for `to` as if from `from`, written by the test: `body` follows the common head. Takes it over. */
gboolean table_feed (Table *table, guint from, guint to, TyPacketType type, guint64 view, GByteArray *body);
/* The last packet of that type from one to another, or NULL; how many there were. */
const Sent *table_last (Table *table, guint from, guint to, TyPacketType type);
guint table_count (Table *table, guint from, guint to, TyPacketType type);
/* Behind the common head. */
TyReader table_body (const Sent *sent);
/* Ranks of the view of a seat by seat: "0,1,4". */
char *table_members (Seat *seat);
#define assert_members(seat, expected)                                                                                 \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *members_ = table_members (seat);                                                                  \
    g_assert_cmpstr (members_, ==, (expected));                                                                        \
  }                                                                                                                    \
  G_STMT_END
