/* transport/hub.h: all connections and sessions of one process.
 *
 * The hub stands between the step machine (core/event.h) and a net (link.h).  It dials and accepts, shakes hands,
 * keeps one session for each incarnation that it talks to, resumes sessions over new connections, and finds out who
 * is dead (N1-N5, V14).  It has no clock, no sockets and no randomness: the time is told to it, links are reached
 * through TyNetOps, and what must be drawn is drawn with the function given at its creation.  The same hub runs over
 * real sockets and in the simulator.
 *
 *      net ──► ty_hub_on_*  ──► events ──► ty_node_step ──► effects ──► ty_hub_effect, ty_hub_flush ──► net
 *
 * One turn of whoever drives it:
 *
 *   1. ty_hub_on_time () with the present time,
 *   2. ty_hub_on_accepted (), _on_dialed (), _on_bytes (), _on_writable (), _on_hangup (), _on_ended () for what the
 *      net has,
 *   3. events = ty_hub_events (); ty_node_step (events); ty_hub_events_done (): from here on the packets count as
 *      taken, and may be acknowledged,
 *   4. ty_hub_effect () for each effect for the channels, in order,
 *   5. ty_hub_flush (): everything is written here and nowhere else, also answers of the handshake; so it is called
 *      each turn, step or no step,
 *   6. sleep until ty_hub_deadline (), or until the net has something.
 *
 * A call of a ty_hub_on_* function may close any link (TyNetOps.close), also the one that it is about: a net looks
 * after its own pointers when the call returns.  The hub calls nothing of the net's from within the net's own
 * functions.
 *
 * With a network secret, connections are sealed (noise.h), and then:
 *
 *   - Before the other end has proved that it knows the secret, nothing of it is parsed but its hello, which has a
 *     fixed size, and lengths, which are bounded; no event comes of it, no session begins or ends, and it costs memory
 *     that does not hang on what it says.
 *   - What a hello says has no effect before the handshake that binds it is done.
 *   - One incarnation has one key as long as it lives, over all its sessions: another key resumes nothing, and begins
 *     nothing in its name.
 *   - Whatever happens to the bytes on the way: packets come whole, once and in order, or the connection is closed.  A
 *     closed connection is resumed by a new handshake, with new keys.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/event.h"
#include "transport/link.h"

typedef struct _TyHub TyHub;

typedef struct
{
  TyId pid;                  /* this process's incarnation */
  const char *name;          /* at most TY_MAX_NAME_BYTES */
  const char *address;       /* where others reach it; NULL until ty_hub_set_address () */
  gint64 heartbeat_us;       /* at most this long between two records to a peer */
  gint64 handshake_us;       /* a connection that does not stand by then is given up */
  gint64 retry_min_us;       /* first wait between two dials of one address */
  gint64 retry_max_us;       /* and the longest */
  gint64 dial_for_us;        /* a first contact is tried for this long after it was last asked for */
  guint max_half_open;       /* accepted connections that have not shaken hands yet; the oldest makes room */
  guint max_half_open_from;  /* the same, of one host */
  gsize max_packet_bytes;    /* a longer one from a peer ends its session */
  gsize keep_bytes;          /* kept for a peer that is not connected; more ends its session (N1) */
  gboolean refusal_is_death; /* V14 */
  const guint8 *secret;      /* the network secret, 32 bytes: connections are sealed with it. NULL: they are plain */
  const guint8 *identity;    /* its own secret key, 32 bytes. NULL: one is drawn */
  const guint8 *pin;         /* who answers a first contact at one of `pinned` must have this public key; or NULL */
  const char *const *pinned; /* ends with NULL */
} TyHubConfig;

/* Defaults for all but pid, name, and address: heartbeat 100 ms, handshake 5 s, retries from 20 ms to 1 s for 60 s, 128
 * half-open connections, 64 of one host, packets to 64 MiB and 1 MiB, 64 MiB kept, plain. */
void ty_hub_config_init (TyHubConfig *config);

/* `draw` fills bytes with randomness. `config` is copied, its keys into locked memory; `ops` and `net` outlive the
 * hub. */
typedef void (*TyHubDraw) (gpointer draw_data, gpointer out, gsize len_bytes);
TyHub *ty_hub_new (const TyHubConfig *config, const TyNetOps *ops, gpointer net, TyHubDraw draw, gpointer draw_data);

/* Closes every link, with no word to the others: to them it is as if the process had ended. */
void ty_hub_free (TyHub *hub);

/* Before the first connection. */
void ty_hub_set_address (TyHub *hub, const char *address);

/* ---- From the net ---- */

/* Somebody has connected. */
void ty_hub_on_accepted (TyHub *hub, TyLink *link);
/* A dial has succeeded. */
void ty_hub_on_dialed (TyHub *hub, TyLink *link);
/* Bytes have come. They are copied. */
void ty_hub_on_bytes (TyHub *hub, TyLink *link, gconstpointer data, gsize len_bytes);
/* The same without the copy: where the next bytes of `link` are to be put, with room for at least 64 KiB; then how many
 * were. No other call of the hub in between. */
guint8 *ty_hub_room (TyHub *hub, TyLink *link, gsize *room_bytes);
void ty_hub_on_read (TyHub *hub, TyLink *link, gsize len_bytes);
/* There is room again after a writev () that took less than it was offered. */
void ty_hub_on_writable (TyHub *hub, TyLink *link);
/* The other end is known to have closed, though bytes of it may still be unread (they may follow; so does
 * ty_hub_on_ended ()). Optional. */
void ty_hub_on_hangup (TyHub *hub, TyLink *link);
/* It is over; `link` is dead to the hub when this returns (TyNetOps.close is not called for it). `text` may be NULL. */
void ty_hub_on_ended (TyHub *hub, TyLink *link, TyLinkEnd why, const char *text);

/* Somebody on this machine offers shared memory for a connection: which one, or NULL if it is not the process at its
 * other end who does. */
TyLink *ty_hub_shm_asked (TyHub *hub, const TyShmAsk *ask);
/* `link` has it now: what is said goes through it from the next record on. */
void ty_hub_on_shm (TyHub *hub, TyLink *link);

/* ---- Time ---- */

/* It is `now_us`, which never goes back. */
void ty_hub_on_time (TyHub *hub, gint64 now_us);
/* When ty_hub_on_time () is due at the latest (G_MAXINT64: never). */
gint64 ty_hub_deadline (TyHub *hub);

/* ---- The step ---- */

/* What has happened since the last time. The events are valid until ty_hub_events_done (), which must be called before
 * anything else of the hub, and means: the step took them. */
const TyEvent *ty_hub_events (TyHub *hub, guint *n_events);
void ty_hub_events_done (TyHub *hub);
gboolean ty_hub_has_events (const TyHub *hub);

/* TY_EFFECT_SEND, _DIAL, _PEER_CLOSE, _PEER_SUSPECT; other types are none of its business. */
gboolean ty_hub_handles (TyEffectType type);
void ty_hub_effect (TyHub *hub, const TyEffect *effect);

/* For simulations: the session with that incarnation is lost, with all that is under way; an event tells of it. FALSE:
 * there is none. */
gboolean ty_hub_lose (TyHub *hub, const TyId *pid);

/* Writes what there is to write: as few calls of writev () a link as it takes. */
void ty_hub_flush (TyHub *hub);

/* ---- What can be seen ---- */

typedef struct
{
  guint64 accepted, dialed;          /* connections */
  guint64 sessions, resumed, lost, dead;
  guint64 alien;                     /* handshakes: another protocol or nonsense */
  guint64 other_version;             /* handshakes: another version of the protocol */
  guint64 silent;                    /* handshakes that did not come to their end in time */
  guint64 unproven;                  /* handshakes: the other end knows another secret, or somebody tampers */
  guint64 forged;                    /* connections closed for sealed bytes that the other end did not seal */
  guint64 crowded;                   /* half-open connections that made room for others */
  guint64 malformed;                 /* sessions ended by bytes out of the wire format */
  guint64 shm;                       /* connections that went over to shared memory, in both directions */
  guint64 shm_broken;                /* those of them that were closed for what was in it */
  guint64 bytes_in, bytes_out, writes, reads;
  guint64 frames_in, frames_out, packets_in, acks_alone;
} TyHubStats;

void ty_hub_get_stats (const TyHub *hub, TyHubStats *out);

/* Bytes that wait for `peer`: queued, or sent and not acknowledged. */
gsize ty_hub_waiting_bytes (const TyHub *hub, guint peer);
/* The name of the process at the other end; NULL if that is not known. Valid until the hub is used again. */
const char *ty_hub_peer_name (const TyHub *hub, guint peer);
/* How frames reach it: "tcp", "unix" or "shm"; NULL if nothing does now. */
const char *ty_hub_channel (TyHub *hub, const TyId *pid);
