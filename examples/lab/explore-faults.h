/* examples/lab/explore-faults.h: faults of the storm, and what they are made of. FALSE: there is nobody for it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "explore.h"

/* ---- explore-faults.c ---- */

TySimProcess *fault_process (Seed *seed, guint site);
guint fault_any_site (Seed *seed);
/* A random site whose process lives (or does not), or n_sites. */
guint fault_pick_site (Seed *seed, gboolean alive);
/* Mostly those who are left should be able to go on; now and then they may not. */
gboolean fault_may_kill (Seed *seed, guint site);
/* Where the process of rank 0 lives, as `site` sees it. */
guint fault_oldest (Seed *seed, guint site);
/* NULL: it sends nothing. */
SceneStep *fault_messages (Seed *seed, guint site, guint g);
/* So that something is under way that only some have. */
void fault_burst (Seed *seed, guint site);
gboolean fault_leave (Seed *seed);
gboolean fault_restart (Seed *seed);
void fault_cause_round (Seed *seed, guint site);

/* ---- explore-rare.c: several things that make a rare one together ---- */

/* About as long as it takes from one to another. */
gint64 fault_hop (Seed *seed);
gboolean fault_blink (Seed *seed, guint site);
gboolean fault_deafen (Seed *seed, guint site);
gboolean fault_leave_alone (Seed *seed, guint site);
gboolean fault_hold (Seed *seed, guint64 kinds, guint from, guint to, gint64 us);
gboolean fault_lose (Seed *seed, guint a, guint b);
gboolean fault_doom (Seed *seed, guint site);
gboolean fault_rivals (Seed *seed, guint site);
gboolean fault_whisper (Seed *seed, guint site);
gboolean fault_lag (Seed *seed, guint site);
/* For a while, packets of the types that are usual in rounds, from one to another. */
gboolean fault_hold_some (Seed *seed, guint from, guint to);
gboolean fault_cut_off (Seed *seed, guint site);

/* ---- explore-narrow.c: the same, in seeds that are made for it ---- */

gboolean fault_flood (Seed *seed, guint site);
gboolean fault_stray (Seed *seed, guint site);
/* Of the faults that may befall, those that are for this seed. */
guint64 explore_narrow_faults (const Seed *seed, guint64 may);
