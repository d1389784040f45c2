/* transport/simnet.h: a network that is not there: links between simulated processes, on a clock of its own.
 *
 * One net holds a virtual clock, a queue of what is to happen, a generator of random numbers, and *ports*: what one
 * process sees of the network.  A port stands behind the same table as sockets do (link.h), so that the hub never
 * knows.  A seed and the same calls give the same run, event for event.
 *
 *      hub ──writev──► in flight (a FIFO a direction, delays, cuts) ──► unread at the other port ──pump──► hub
 *
 * What has come for a port waits there until it is pumped: a process that stands still does not notice, and its
 * unread bytes hold their senders back, as a kernel's would.
 *
 * Addresses are "sim:SITE".  A site is a place: a process that is started again at its address is a new port at the
 * same site. Cuts are between sites, each way by itself; bytes of a cut direction are kept, and arrive after it is
 * healed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/hub.h"

/* xoshiro256**: small, fast, the same everywhere. */
typedef struct
{
  guint64 s[4];
} TySimRand;

void ty_sim_rand_init (TySimRand *rand, guint64 seed);
guint64 ty_sim_rand_next (TySimRand *rand);
/* From `low` to `high`, both included. */
guint64 ty_sim_rand_range (TySimRand *rand, guint64 low, guint64 high);
/* TRUE once in `n`. */
gboolean ty_sim_rand_one_in (TySimRand *rand, guint64 n);

typedef struct _TySimNet TySimNet;
typedef struct _TySimPort TySimPort;

typedef struct
{
  gint64 delay_min_us; /* of one piece of bytes, one way; pieces of one direction never overtake each other */
  gint64 delay_max_us;
  gint64 resend_max_us; /* after a heal: how long until what was kept moves again */
  gint64 dial_us;       /* a dial that nothing answers is given up after this time */
  gsize capacity_bytes; /* of one direction: in flight or unread; more is not taken */
  guint split_one_in;   /* how often a writev arrives in two pieces, and what is unread is read in two; 0: never */
} TySimNetConfig;

/* Delays of 50 to 500 us, 200 ms, 3 s, 256 KiB, one in 4. */
void ty_sim_net_config_init (TySimNetConfig *config);

TySimNet *ty_sim_net_new (const TySimNetConfig *config, guint64 seed);
/* Its ports must not be used afterwards. */
void ty_sim_net_free (TySimNet *net);

/* May be changed at any time: holds for what is sent from then on. */
TySimNetConfig *ty_sim_net_config (TySimNet *net);

/* ---- The clock ---- */

typedef void (*TySimFunc) (gpointer data);

gint64 ty_sim_now (const TySimNet *net);
/* Calls `func` at `at_us` (now, if that is over). What is for the same time happens in the order in which it was
 * asked for. */
void ty_sim_at (TySimNet *net, gint64 at_us, TySimFunc func, gpointer data);
/* When the next thing happens, or G_MAXINT64. */
gint64 ty_sim_next (const TySimNet *net);
/* Lets it happen: the clock goes there. FALSE if there is nothing. */
gboolean ty_sim_advance (TySimNet *net);
/* What happened last was the links' own affair: nobody's code ran but, at most, a port's `wake`. */
gboolean ty_sim_was_inside (const TySimNet *net);
/* The clock goes to `at_us`, before which nothing is left to happen. */
void ty_sim_skip_to (TySimNet *net, gint64 at_us);
TySimRand *ty_sim_net_rand (TySimNet *net);

/* ---- Ports ---- */

extern const TyNetOps ty_sim_net_ops; /* `net` of dial () is a TySimPort */

/* `wake` is called whenever something has come for a port for which nothing waited. NULL if a port is open at the
 * address. */
TySimPort *ty_sim_port_open (TySimNet *net, const char *address, TySimFunc wake, gpointer data);

typedef enum
{
  TY_SIM_KILLED,  /* the process is dead, its kernel closes its links, its port refuses */
  TY_SIM_VANISHED /* the machine is gone: nothing is heard from it, not even a refusal, until a port is open again */
} TySimDeath;

/* The process is gone, at once; what it wrote is on its way. The port is dead; the hub is to be freed next, and
 * must not be used in between. */
void ty_sim_port_close (TySimPort *port, TySimDeath death);

/* Hands over what has come. */
void ty_sim_port_pump (TySimPort *port, TyHub *hub);
gboolean ty_sim_port_has_something (const TySimPort *port);

/* From now on `n` calls of writev () do what they should; later ones seem to, but nothing of them leaves. For a death
 * in the middle of a flush. G_MAXUINT: no limit. */
void ty_sim_port_limit_writes (TySimPort *port, guint n);
gboolean ty_sim_port_writes_spent (const TySimPort *port);

/* From now on a pump reads at most so many bytes of each link: a slow reader. 0: as many as usual. */
void ty_sim_port_limit_reads (TySimPort *port, gsize len_bytes);

/* ---- Faults ---- */

void ty_sim_cut (TySimNet *net, const char *from, const char *to); /* one way; sites' addresses */
void ty_sim_heal (TySimNet *net, const char *from, const char *to);
gboolean ty_sim_is_cut (const TySimNet *net, const char *from, const char *to);
/* Every connection between two sites breaks; what is in flight is lost. */
void ty_sim_break (TySimNet *net, const char *a, const char *b);
/* More delay on this way than the net's: added to each piece. 0 takes it back. */
void ty_sim_slow (TySimNet *net, const char *from, const char *to, gint64 delay_us);
