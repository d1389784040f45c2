/* transport/simworld.h: a world of simulated processes: each a TyNode and a TyHub, driven by the virtual clock as the
 * driver drives the real ones.
 *
 *      turn of a process:  time, what the net has for it ─► hub ─► events ─► step ─► effects ─► hub, app ─► flush
 *
 * A turn comes when something has come for the process, when its deadline is over, or when its application asked for
 * something. Nothing happens between two turns, and a turn takes no time; how long after its cause a turn comes is
 * drawn.
 *
 * The histories of all processes are kept, and judged at the end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/group.h"
#include "core/judge.h"
#include "transport/simnet.h"

typedef struct _TySimWorld TySimWorld;
typedef struct _TySimProcess TySimProcess;

typedef struct
{
  TySimNetConfig net;
  TyNodeConfig node;
  gint64 turn_min_us; /* how long after its cause a turn comes */
  gint64 turn_max_us;
  gboolean sealed; /* connections are, with a secret that all know */
} TySimWorldConfig;

/* Both defaults, and turns within 10 to 100 us. */
void ty_sim_world_config_init (TySimWorldConfig *config);

/* The effects for the application of `p`. May request, send, drop, spawn, and kill. */
typedef void (*TySimApp) (TySimProcess *p, const TyEffect *effect, gpointer data);
/* What goes on, a line at a time, for people. */
typedef void (*TySimTrace) (const char *line, gpointer data);

TySimWorld *ty_sim_world_new (const TySimWorldConfig *config, const TyModules *modules, guint64 seed, TySimApp app,
                              gpointer data);
void ty_sim_world_free (TySimWorld *world);
TySimNet *ty_sim_world_net (TySimWorld *world);
gpointer ty_sim_world_data (const TySimWorld *world); /* the app's */
void ty_sim_world_set_trace (TySimWorld *world, TySimTrace trace, gpointer data);
/* Is told of each effect, those for the channels too, right after it was carried out. May do what an app may. */
void ty_sim_world_set_watch (TySimWorld *world, TySimApp watch, gpointer data);

/* Sees what a process goes through, step by step, as it happens. It may look; it must not ask for anything. What it
 * does not want to be told of is NULL. */
typedef struct
{
  void (*event) (TySimProcess *p, const TyEvent *event, gpointer data);    /* about to be taken */
  void (*stepped) (TySimProcess *p, gpointer data);                        /* its record is written, no effect is out */
  void (*effect) (TySimProcess *p, const TyEffect *effect, gpointer data); /* about to be carried out */
  void (*turned) (TySimProcess *p, gpointer data);                         /* all effects are */
  void (*died) (TySimProcess *p, TySimDeath death, gpointer data);
} TySimWitness;
/* There may be several, who are told in the order in which they were added. `witness` must outlive it. */
void ty_sim_world_add_witness (TySimWorld *world, const TySimWitness *witness, gpointer data);
/* The one that was added with `data`. */
void ty_sim_world_remove_witness (TySimWorld *world, gconstpointer data);

/* A line of one's own in the trace. */
void ty_sim_trace (TySimWorld *world, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* ---- Processes ---- */

/* A process of that name (unique in the world) at address "sim:SITE", where none must live. */
TySimProcess *ty_sim_spawn (TySimWorld *world, const char *name, const char *site);
/* What processes have that are started from now on, 32 bytes each: the network secret (NULL: the one that all of this
 * world know), the secret key of their identity (NULL: one that belongs to the incarnation). Only if sealed. */
void ty_sim_world_set_keys (TySimWorld *world, const guint8 *secret, const guint8 *identity);
/* The same, with the incarnation `pid`: a founder that comes back (V13). */
TySimProcess *ty_sim_spawn_as (TySimWorld *world, const char *name, const char *site, const TyId *pid);
guint ty_sim_n_processes (const TySimWorld *world); /* dead ones too, in the order of their birth */
TySimProcess *ty_sim_process (const TySimWorld *world, guint i);

TySimWorld *ty_sim_process_world (const TySimProcess *p);
TyNode *ty_sim_node (const TySimProcess *p); /* NULL once dead */
TyHub *ty_sim_hub (const TySimProcess *p);
const char *ty_sim_name (const TySimProcess *p);
const char *ty_sim_address (const TySimProcess *p);
gboolean ty_sim_is_alive (const TySimProcess *p);
gboolean ty_sim_is_stopped (const TySimProcess *p);
gint64 ty_sim_clock (const TySimProcess *p); /* what its clock shows */
const TyId *ty_sim_pid (const TySimProcess *p);
void ty_sim_set_data (TySimProcess *p, gpointer data);
gpointer ty_sim_get_data (const TySimProcess *p);

/* ---- What befalls them ---- */

/* At once; asked for from its own app, before its next effect is carried out. */
void ty_sim_kill (TySimProcess *p, TySimDeath death);
/* Ends in good order: what it has said still goes out, and its record ends. */
void ty_sim_quit (TySimProcess *p);
/* Once it has carried out `n` more effects, be it in the middle of a step. What these have to say to others is
 * written out, the rest is not. */
void ty_sim_kill_after_effects (TySimProcess *p, guint64 n);
/* In the middle of a flush: when `n` more writes to links have gone out. */
void ty_sim_kill_after_writes (TySimProcess *p, guint n);
/* It does not die by these two after all. */
void ty_sim_spare (TySimProcess *p);
guint64 ty_sim_effects_done (const TySimProcess *p);
/* No turns, until it goes on; dials to it succeed, bytes pile up. */
void ty_sim_stop (TySimProcess *p);
void ty_sim_continue (TySimProcess *p);
/* Its clock runs faster (parts in a million), or slower. */
void ty_sim_set_clock (TySimProcess *p, gint64 ppm);
/* Its turns come this much later. */
void ty_sim_set_slow (TySimProcess *p, gint64 turn_us);
/* It reads at most so many bytes of each link a turn. 0: as usual. */
void ty_sim_set_reads (TySimProcess *p, gsize len_bytes);

/* Until `us` from now, packets that `from` has sent do not reach it if `kinds` has the bit of their TyPacketType, nor
 * does what is behind them in their class. */
void ty_sim_hold (TySimProcess *p, const TySimProcess *from, guint64 kinds, gint64 us);
/* Nothing is held for it any more. */
void ty_sim_hold_nothing (TySimProcess *p);
/* Its session with another is lost, with all that is under way (N1); the other will hear of it. FALSE: it has none. */
gboolean ty_sim_lose (TySimProcess *p, const TySimProcess *other);

/* ---- Running ---- */

typedef gboolean (*TySimCondition) (gpointer data);

/* Until the condition holds (looked at after every turn), or `limit_us` have passed. FALSE: they have. */
gboolean ty_sim_run_until (TySimWorld *world, TySimCondition condition, gpointer data, gint64 limit_us);
void ty_sim_run_for (TySimWorld *world, gint64 us);
guint64 ty_sim_turns (const TySimWorld *world);

/* ---- Judging ---- */

/* What it has recorded. */
const GString *ty_sim_history (const TySimProcess *p);
/* Writes `end` for everyone who lives: nothing may run afterwards. */
void ty_sim_world_end (TySimWorld *world);
/* (transfer full); `error` if a history does not read, which would be the recorder's fault. */
TyJudgeReport *ty_sim_judge (TySimWorld *world, const TyJudgeOptions *options, GError **error);
/* All histories, one after the other. (transfer full) */
char *ty_sim_histories (const TySimWorld *world);
