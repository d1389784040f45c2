/* transport/simgate.h: what has come for a simulated process and does not reach its step machine yet.
 *
 * Between two processes the packets of a class come in order, and nothing is said about how long each is under way
 * (N2): here packets of chosen kinds take longer than others, with whatever is behind them in their class.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/event.h"

typedef struct _TySimGate TySimGate;

TySimGate *ty_sim_gate_new (void);
void ty_sim_gate_free (TySimGate *gate);

/* Until `until_us`, packets from that incarnation do not pass if `kinds` has the bit of their TyPacketType. */
void ty_sim_gate_hold (TySimGate *gate, const TyId *from, guint64 kinds, gint64 until_us);
/* Everything passes from now on. */
void ty_sim_gate_open (TySimGate *gate);

/* The events that reach the step machine at `now_us`, of `*n` that have come: some of these stay behind, and some that
 * stayed behind before are among them. Valid until the next call, and no longer than `events`. */
const TyEvent *ty_sim_gate_pass (TySimGate *gate, const TyEvent *events, guint *n, gint64 now_us);
/* The machine has closed that peer: nothing of it reaches it any more. */
void ty_sim_gate_close (TySimGate *gate, guint peer);

/* It suspects that peer, and has no connection with it any more: what waits has not come yet. */
void ty_sim_gate_set_down (TySimGate *gate, guint peer, gboolean down);

/* When something may pass that has come. G_MAXINT64: nothing waits. */
gint64 ty_sim_gate_deadline (const TySimGate *gate);
