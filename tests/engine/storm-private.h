/* tests/engine/storm-private.h: what the parts of the storm share: its state, and what each part can do.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/group-private.h"
#include "core/view.h"
#include "examples/lab/oracle.h"
#include "tests/engine/mesh.h"
#include "tests/engine/storm.h"

/* How long a process asks to be let in; and one that is to stay till the end. */
#define STORM_JOIN_US 15000000
#define STORM_LONG_JOIN_US 120000000

typedef struct
{
  Mesh *mesh;
  const char *ordering;
  guint strongest;
  guint spawned;
  guint most;       /* members */
  gboolean seconds; /* every process is in two groups */
  gboolean weights;
  gboolean slow_load;
  gboolean unlike;   /* processes are set up with different times */
  gboolean drift;    /* clocks that run unalike, within a sixteenth */
  gsize largest;     /* message */
  gboolean founding; /* by a list of founders */
  gboolean simple;   /* the rarer faults, made of several things, are left out */
  gboolean lingers;  /* packets do, see let_linger () */
  gboolean rounds;   /* a small group, few messages, and one round after another */
  Proc *again;       /* to be healed at a time */
  gint64 again_at;
  Proc *parted[2]; /* to be healed with each other at a time; then the first has something to say */
  gint64 parted_until;
  Proc *alone; /* to be cut off after some moves */
  guint alone_in;
  Proc *doomed[2]; /* to crash after some moves, or once this one has said FLUSH: */
  Proc *comes;
  Proc *late; /* to hear as the others do again after some moves */
  guint late_for;
  guint doomed_in;
  Proc *talks; /* sends one message after another for some moves */
  guint talks_for;
  Oracle *oracles[2];    /* of the two groups */
  StormFinding *finding; /* the first */
} Storm;

/* One of the two groups of a process, as the storm looks at it. */
typedef struct
{
  TyGroup *group;
  gboolean entered, over;
} Seat;

/* ---- storm-do.c: comings and goings, and messages ---- */

Seat storm_seat (const Proc *p, gboolean second);
/* `instead`: whose address it has, or NULL. */
Proc *storm_spawn (Storm *s, gboolean takes_state, Proc *instead);
void storm_join (Storm *s, Proc *p, gint64 timeout_us);
/* How many are. */
guint storm_in_group (const Storm *s);
/* Somebody who lives, or NULL. */
Proc *storm_pick (Storm *s);
/* Somebody whose address is free again, or NULL. */
Proc *storm_pick_dead (Storm *s);
void storm_send_some (Storm *s, Proc *p);
/* Nobody reaches `p`; `told`: the others know it at once. */
void storm_isolate (Storm *s, Proc *p, gboolean told);
/* Of that rank, or NULL. */
Proc *storm_member_at (Storm *s, const Proc *as_seen_by, guint rank);

/* ---- storm-plots.c: faults that are made of several things ---- */

/* For a little longer than silence is borne; others may have begun a round without it, and not ended it. */
void storm_isolate_for_a_moment (Storm *s, Proc *p);
/* The second of the view begins a round without the first, who does not know, and who is back before the round has
 * ended: it cannot end before the first's lease has. */
void storm_part (Storm *s, const Proc *p);
/* All but one ask to leave, and soon that one is cut off, and they know it. */
void storm_leave_one_alone (Storm *s, Proc *stays);
/* It speaks to the oldest alone, whom nobody else hears, and both are gone before anybody has heard of what they said.
 * But a process that comes then may have said FLUSH to it. */
void storm_doom (Storm *s, Proc *p);
/* It takes what the others say, but hardly learns what they agree on. */
void storm_delay (Storm *s, Proc *p);
/* Everybody else loses its session with it, and knows so; it does not, and goes on talking. */
void storm_forsake (Storm *s, Proc *p);
/* The next thing of those that have been begun, where its time has come. Once a move. */
void storm_what_was_begun (Storm *s);

/* ---- storm-faults.c ---- */

/* A random one. */
void storm_fault (Storm *s);

/* ---- storm-live.c: what may be demanded once all is healed ---- */

/* A blocked process that knows nobody who could tell it that the group went on. */
gboolean storm_stranded (const Storm *s, const Proc *p, gboolean second);
/* After the heal: whoever is alive can be in one view, unless too many died for a quorum of the last. */
gboolean storm_may_go_on (const Storm *s, gboolean second);
gboolean storm_converged (const Storm *s);
/* Something is, that is to arrive. */
gboolean storm_under_way (const Storm *s);
/* How many have been installed, by those who may go on. */
guint64 storm_views (const Storm *s);

/* ---- storm-look.c: what is wrong; only the first finding counts ---- */

typedef void (*StormLook) (Oracle *oracle, const OracleSeat *seats, guint n_seats);

void storm_complain (Storm *s, const char *rule, const char *what);
/* Of all histories. */
void storm_judge (Storm *s, gboolean open_end);
/* After each step of a process. */
void storm_stepped (Proc *p, gpointer user_data);
void storm_look (Storm *s, StormLook at);
/* What can be seen of each process at any moment: V10, N2, V15. */
void storm_each_is_sound (Storm *s);
/* Once all is quiet nothing is kept for anyone. */
void storm_nothing_kept (Storm *s);
void storm_none_refused (Storm *s);
