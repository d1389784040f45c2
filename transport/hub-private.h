/* transport/hub-private.h: what the files of the hub share.
 *
 *   hub.c        creation, events, effects, statistics
 *   conn.c       a connection: its making and its end
 *   conn-in.c, conn-out.c   the bytes that come and go on it
 *   sealing.c    the seal of a connection: its handshake, sealed records
 *   keyring.c    who has which key
 *   inbox.c      the memory that connections read into
 *   shm-hub.c    how a connection goes over to shared memory
 *   handshake.c  hello and intro: their bytes
 *   agree.c      and what follows from them: who may have which session over which connection
 *   peer.c       peers and what becomes of their sessions
 *   dial.c       who is dialed when, and what a dial that fails proves
 *
 * Connections, dials and peers are found by walking arrays in the order of their making: nothing depends on addresses
 * of memory.  What ends is marked, and freed when the hub is left (hub_leave ()), so that any function may end
 * anything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/hub.h"
#include "transport/keyring.h"
#include "transport/noise.h"
#include "transport/session.h"

typedef struct _TyConn TyConn;
typedef struct _TyPeer TyPeer;
typedef struct _TyDial TyDial;

/* An end that is waited for this long at most, once all is said. */
#define TY_LINGER_US (G_USEC_PER_SEC)
/* How long the bytes of a dead process are waited for before its death is told. */
#define TY_DRAIN_US (200 * 1000)
/* Who closes connections without a word this many times is no tyet process; before that, he may be one at whose port
 * there is a crowd, which has pushed this process out. */
#define TY_MUTE_ENDS 6
/* A connection that ends sooner was brief; a process is not dialed at once any more after so many of them on end. */
#define TY_BRIEF_US (100 * 1000)
#define TY_BRIEF_ENDS 3
/* An acknowledgement that nothing carries goes alone after this many bytes. */
#define TY_ACK_BYTES (256 * 1024)

/* ---- inbox.c ---- */

typedef struct _TyPool TyPool;

typedef struct
{
  guint8 *mem;
  GBytes *bytes; /* owns mem */
  gsize fill;
  gboolean shared; /* something refers to it: it cannot be written over */
} TyInboxBuffer;

/* One buffer for the reads of all connections. Packets are slices of it; a record that is not whole yet stays in it
 * as a TyRemnant. If that is short, and something else has been read behind it, it is moved (once); if it is long, its
 * connection takes the buffer along, and reads go on right behind it. */
typedef struct
{
  TyInboxBuffer now;
  TyInboxBuffer other; /* that `now` was before a connection brought its own; or nothing */
  TyPool *pool;        /* of buffers that were let go */
} TyInbox;

typedef struct
{
  GBytes *bytes; /* NULL: nothing */
  guint8 *mem;   /* if nobody else reads behind it: of `bytes`; or NULL */
  gsize offset;
  gsize len_bytes;
} TyRemnant;

void ty_inbox_clear (TyInbox *inbox);
void ty_remnant_clear (TyRemnant *remnant);
/* Where bytes that follow the remnant are to be put. */
guint8 *ty_inbox_room (TyInbox *inbox, TyRemnant *remnant, gsize *room_bytes);
/* `len_bytes` were put there: the remnant and they, in one piece. */
const guint8 *ty_inbox_filled (TyInbox *inbox, const TyRemnant *remnant, gsize len_bytes, gsize *all_bytes);
/* The last `len_bytes` of what is in the inbox stay for the next time. `apart`: in memory of their own, so that a
 * stranger's few bytes do not keep a whole buffer. */
void ty_inbox_keep (TyInbox *inbox, TyRemnant *remnant, gsize len_bytes, gboolean apart);
/* What the memory of that belongs to, which is not used again as long as somebody holds it. (transfer none) */
GBytes *ty_inbox_buffer (TyInbox *inbox, const guint8 *data, gsize len_bytes);
/* A packet of its own (transfer full): a slice, or a copy if it is small. One that brings secrets is not left where it
 * was read. */
GBytes *ty_inbox_packet (TyInbox *inbox, const guint8 *data, gsize len_bytes);

/* ---- Connections ---- */

/*                 ┌──────────────────── dialed ────────────────────┐
 *   CONNECTING ───┘                                                ▼
 *                          accepted ────────────► HELLO ──► SEALING ──► INTRO ──► OPEN
 *                                                   │    plain: │          │         │ all said
 *                                                   └───────────┴──────────┴─────────┴──────────► LINGER ─► GONE
 *   any: ─► GONE (closed, broken)
 *
 *   HELLO: the other's hello is waited for. SEALING: the other's next handshake message is. INTRO: the other's intro is
 *   waited for; a dialer has sent its own, or a probe. OPEN: records of the peer's session. LINGER: nothing more is
 *   said or listened to, but the other end is given time to read what was. */
typedef enum
{
  TY_CONN_CONNECTING,
  TY_CONN_HELLO,
  TY_CONN_SEALING,
  TY_CONN_INTRO,
  TY_CONN_OPEN,
  TY_CONN_LINGER,
  TY_CONN_GONE
} TyConnState;

/* What is written on a connection goes through shared memory: see shm-hub.c. */
typedef enum
{
  TY_SHM_OFF,
  TY_SHM_DUE,  /* as soon as no frame is under way */
  TY_SHM_SAID, /* the switch is among the bytes that are to be written, and is the last of them */
  TY_SHM_ON
} TyShmOut;

/* What a dialer wants to be sure of before it believes a hello: it asks for proof, and for no session. */
typedef enum
{
  TY_PROBE_NONE,
  TY_PROBE_STRANGER, /* that another incarnation than the one wanted is there */
  TY_PROBE_ALIAS,    /* that this is another address of a process that is connected */
  TY_PROBE_LOST      /* that the process does not have the session any more */
} TyProbe;

struct _TyConn
{
  TyHub *hub;
  TyLink *link; /* NULL when GONE */
  TyConnState state;
  TyDial *dial; /* whose attempt it is, until it is OPEN; NULL: accepted */
  gboolean dialed;
  guint64 began;  /* hub->turn when it was dialed or accepted */
  guint64 opened; /* hub->turn when it became OPEN */
  TyId pid;       /* of the other end, from its hello */
  TyPeer *peer;   /* whose session it carries (OPEN), or will (INTRO, dialed) */
  TySession *parting; /* owned: the session of a closed peer, whose queue is still written (PEER_CLOSE) */
  gboolean heard_bytes; /* in HELLO: something came */
  gboolean hung_up;     /* the other end has closed, its bytes may not all be read */
  gboolean blocked;     /* writev () took less than offered */
  gboolean dirty;       /* in hub->dirty */
  gboolean half_open;   /* counted as such */
  gint64 deadline_us;   /* handshake, linger, drain; G_MAXINT64: none */
  gint64 last_write_us;
  gint64 ack_at_us; /* an acknowledgement goes alone then; G_MAXINT64: none */
  GByteArray *raw;  /* what goes before all frames: hello, intro, acknowledgement, end; sealed: every byte that goes */
  gsize raw_offset;
  gboolean has_origin;
  guint8 origin[TY_ORIGIN_BYTES]; /* where an accepted one comes from */
  /* Sealed: */
  guint8 hellos[2 * TY_HELLO_BYTES]; /* the prologue */
  TyId their_session;                /* from the other's hello; a dialer's */
  TyNoise *noise;                    /* in SEALING, from its first message on */
  TySeal *seal;                      /* after it */
  GByteArray *said;                  /* as `raw` is when plain: records that are to be sealed */
  TyProbe probe;
  guint64 opened_records;
  gboolean by_old; /* the other end has proved a former network secret only */
  TyRemnant remnant;
  /* Shared memory: */
  TyShmOut shm_out;
  gboolean shm_in;      /* what is read comes through it */
  gboolean shm_offered; /* an acceptor's: it can be asked for, once, by who knows: */
  guint8 shm_token[TY_SHM_TOKEN_BYTES];
};

TyConn *ty_conn_new (TyHub *hub, TyLink *link, TyDial *dial);
void ty_conn_free (TyConn *conn);
/* Closes it without another word; what hung on it is told by the caller. */
void ty_conn_close (TyConn *conn);
/* Says `why` and closes it after that. */
void ty_conn_end (TyConn *conn, TyEndWhy why, const char *text);
/* Nothing more is said but what is queued. */
void ty_conn_linger (TyConn *conn);
void ty_conn_mark (TyConn *conn); /* it has something to write */
void ty_conn_flush (TyConn *conn);
/* `len_bytes` were put into the inbox's room. */
void ty_conn_on_read (TyConn *conn, gsize len_bytes);
/* Whether something is to be said though there is nothing to send: an acknowledgement, a heartbeat, the end. */
gboolean ty_conn_alone_due (const TyConn *conn, TySession *session);
void ty_conn_on_time (TyConn *conn);
gint64 ty_conn_deadline (const TyConn *conn);
/* Bytes to be said ahead of frames. */
void ty_conn_say (TyConn *conn, const guint8 *data, gsize len_bytes);
/* What it carries is out of the format: says so, counts it, ends the session. */
void ty_conn_malformed (TyConn *conn, const char *why);

/* Where records are put that go before all frames. */
GByteArray *ty_conn_words (TyConn *conn);
/* As much as can be used of records in the clear, opened or never sealed: how much. */
gsize ty_conn_on_records (TyConn *conn, const guint8 *data, gsize len_bytes);

/* ---- sealing.c ---- */

/* So many network secrets may hold at a time. Each that does is one more multiplication on the curve for a stranger's
 * last message. */
#define TY_HUB_MOST_SECRETS 6

/* A network secret. A process that is in several groups answers to that of each group which has changed it: their
 * members need not be the same. */
typedef struct
{
  TyId group;      /* whose members have agreed on it; null: it was given */
  gboolean former; /* sessions may still be resumed with it, and nothing else */
  guint8 psk[TY_NOISE_KEY_BYTES];
} TyHubSecret;

/* In locked memory. */
typedef struct
{
  TyHubSecret secrets[TY_HUB_MOST_SECRETS]; /* the newest first, and former ones behind the others */
  guint n_secrets;
  guint8 secret[TY_NOISE_KEY_BYTES];
  guint8 public[TY_NOISE_KEY_BYTES]; /* once, not for each stranger */
} TyHubKeys;

TyHubKeys *ty_hub_keys_new (const TyHubConfig *config, TyHubDraw draw, gpointer draw_data);
void ty_hub_keys_free (TyHubKeys *keys);

/* TY_EFFECT_REKEY, TY_EFFECT_RENEW. */
void ty_sealing_rekey (TyHub *hub, const TyId *group, GBytes *psk);
void ty_sealing_renew (TyHub *hub, const TyId *group, gboolean given_too);
/* The network secret that a dial has tried is not the other end's. FALSE: there is none left to try. */
gboolean ty_sealing_next_secret (TyDial *dial);
gboolean ty_sealing_has_former (const TyHub *hub);
/* Both hellos are there: SEALING begins. */
void ty_sealing_begin (TyConn *conn);
/* As much as can be used of what has come in SEALING: how much. It is opened in place. */
gsize ty_sealing_on_handshake (TyConn *conn, guint8 *data, gsize len_bytes);
/* The dialer's last message, with this record in it. FALSE: that failed. */
gboolean ty_sealing_finish (TyConn *conn, const GByteArray *record);
/* Between the last plain byte of one sealed record and the first of the next: a tag, a length. */
#define TY_SEALED_BETWEEN_BYTES (TY_NOISE_TAG_BYTES + 2)
/* One sealed record, if it is there whole: its length, or 0. It is opened in place. */
gsize ty_sealing_on_record (TyConn *conn, guint8 *data, gsize len_bytes);
/* One sealed record of what there is to say is put into `raw`, which is empty. */
void ty_sealing_fill (TyConn *conn, TySession *session);
/* The other's static public key; NULL: not known yet. */
const guint8 *ty_sealing_other (const TyConn *conn);

/* ---- handshake.c ---- */

/* As much as can be used of what has come, in the states HELLO and INTRO: how much. */
gsize ty_handshake_on_bytes (TyConn *conn, const guint8 *data, gsize len_bytes);
void ty_handshake_begin (TyConn *conn);
void ty_handshake_say_hello (TyConn *conn, TyHelloWhat what);
void ty_handshake_say_intro (TyConn *conn, TyPeer *peer, gboolean resume);
/* Instead of it, in conn->probe's case. */
void ty_handshake_say_probe (TyConn *conn);
/* The dial of `conn` has found nobody of use; or is to be made again later. Both close `conn`. */
void ty_handshake_unusable (TyConn *conn, const char *why);
/* The same: it does not let this process in, or is not who it should be. */
void ty_handshake_denied (TyConn *conn, const char *why);
void ty_handshake_postpone (TyConn *conn);
/* It broke, or took too long, before it was OPEN. */
void ty_handshake_failed (TyConn *conn, TyLinkEnd why, const char *text);
void ty_handshake_timed_out (TyConn *conn);
void ty_handshake_bad_intro (TyConn *conn, const char *why);
/* An acceptor's refusal in the place of its intro. */
void ty_handshake_on_refusal (TyConn *conn, const guint8 *data, gsize len_bytes);
/* Whether connections of this hub are sealed, and how. */
TySealing ty_hub_sealing (const TyHub *hub);

/* ---- agree.c ---- */

/* Plain; conn->pid and conn->their_session say what the hello does. */
void ty_handshake_dialer_on_hello (TyConn *conn);
void ty_handshake_dialer_on_intro (TyConn *conn, const TyIntro *intro);
/* Sealed: message 2 has come. */
void ty_handshake_dialer_on_keys (TyConn *conn);
/* The other end has proved itself. */
void ty_handshake_probed (TyConn *conn);
void ty_handshake_acceptor_on_hello (TyConn *conn, const TyHello *hello);
void ty_handshake_acceptor_on_intro (TyConn *conn, const TyIntro *intro);

/* ---- shm-hub.c ---- */

/* What an acceptor offers with its intro; `place` is memory for it. */
void ty_conn_shm_offer (TyConn *conn, TyIntro *intro, char place[TY_SHM_PLACE_BYTES]);
/* A dialer, to whom `intro` was said. */
void ty_conn_shm_ask (TyConn *conn, const TyIntro *intro);
/* Says the switch if it is due and can be said now. */
void ty_conn_shm_say (TyConn *conn);
/* The switch has been written. */
void ty_conn_shm_go (TyConn *conn);
/* It has come. */
void ty_conn_shm_on_switch (TyConn *conn);
/* What has come that way cannot be: the session goes on over another connection, without it for a while. */
void ty_conn_shm_broken (TyConn *conn, const char *why);
void ty_peer_shm_rests (TyPeer *peer);

/* Whether what is said next, or read next, is in sealed records. */
static inline gboolean
ty_conn_seals (const TyConn *conn)
{
  return conn->seal != NULL && conn->shm_out != TY_SHM_ON;
}

static inline gboolean
ty_conn_opens (const TyConn *conn)
{
  return conn->seal != NULL && !conn->shm_in;
}

/* ---- Peers ---- */

struct _TyPeer
{
  TyHub *hub;
  guint index;
  TyId pid;
  char *name;
  char *address;      /* where it listens; "" nowhere */
  TySession *session;
  TyConn *conn;       /* OPEN, or NULL */
  gint64 opened_us;   /* when its newest connection was */
  guint brief_ends;   /* how many on end were brief */
  TyDial *redial;     /* while there is no connection */
  gboolean announced; /* PEER_UP was told: the node knows it */
  gboolean down;      /* PEER_DOWN was told, or the node itself suspects it */
  gboolean has_key;
  guint8 key[TY_NOISE_KEY_BYTES]; /* its static public key */
  guint8 binding[TY_NOISE_HASH_BYTES]; /* the hash of the handshake that its session began with */
  gint64 shm_after_us; /* no shared memory with it before that */
  char *dead;         /* its death is proven, and told once its last bytes are read: why */
};

TyPeer *ty_peer_find (TyHub *hub, const TyId *pid);
TyPeer *ty_peer_new (TyHub *hub, const TyId *pid, const TyId *session);
/* Its session goes on over `conn`; `next`: the frame that the other end expects. FALSE: it cannot, and has been
 * ended. */
gboolean ty_peer_connected (TyPeer *peer, TyConn *conn, const TyIntro *intro);
/* Its connection is no more. `at_once`: dial now, to learn whether it lives. */
void ty_peer_disconnected (TyPeer *peer, const char *why, gboolean at_once);
/* The session is over: an event (if the node knows the peer), and the peer is freed. */
void ty_peer_lost (TyPeer *peer, const char *why);
void ty_peer_dead (TyPeer *peer, const char *why);
/* Freed without an event. */
void ty_peer_drop (TyPeer *peer);
gboolean ty_peer_over_limit (const TyPeer *peer);

/* ---- Dials ---- */

struct _TyDial
{
  TyHub *hub;
  char *address;
  TyId pid;          /* who is wanted, or null */
  TyPeer *peer;      /* whose session is to be resumed, or NULL: a first contact */
  TyConn *conn;      /* the attempt under way */
  gint64 at_us;      /* the next attempt, if none is under way */
  gint64 wait_us;    /* before the next after that */
  gint64 give_up_us; /* of a first contact */
  guint mute_ends;   /* attempts that the other end closed without a word */
  gboolean renews;   /* the session has a connection, and is to have one with fresh keys */
  guint secret;      /* the network secret that the next attempt is made with: hub->keys->secrets */
  gboolean done;     /* freed soon */
};

/* A first contact; nothing if it is under way already. */
void ty_dial_want (TyHub *hub, const char *address, const TyId *pid);
/* For a peer without connection. `wait`: not at once. */
void ty_dial_peer (TyPeer *peer, gboolean wait);
/* For a peer with one, that is to have another with fresh keys. */
void ty_dial_renew (TyPeer *peer);
void ty_dial_on_time (TyDial *dial);
gint64 ty_dial_deadline (const TyDial *dial);
/* It has what it wanted, or nobody wants it any more. */
void ty_dial_done (TyDial *dial);
void ty_dial_free (TyDial *dial);

/* What an attempt has come to. Each leaves the connection to the caller. */
void ty_dial_refused (TyDial *dial);
void ty_dial_retry (TyDial *dial, const char *why);    /* nobody to blame: again later. `why` NULL: not worth a word */
void ty_dial_again (TyDial *dial);                     /* at once, as a first contact */
void ty_dial_unusable (TyDial *dial, const char *why); /* a first contact ends; for a session it goes on */
void ty_dial_denied (TyDial *dial, const char *why);
void ty_dial_stranger (TyDial *dial, const TyId *pid); /* another incarnation than the one wanted */

/* ---- The hub ---- */

typedef struct
{
  GArray *events;   /* of TyEvent, with strings of their own */
  GArray *released; /* indexes of peers that may be given again once these are taken */
} TyEventQueue;

struct _TyHub
{
  TyHubConfig config;
  char *name;
  char *address;
  const TyNetOps *ops;
  gpointer net;
  TyHubKeys *keys; /* NULL: plain */
  TyKeyring keyring;
  char **pinned;   /* or NULL */
  guint8 pin[TY_NOISE_KEY_BYTES];
  TyHubDraw draw;
  gpointer draw_data;
  gint64 now_us;
  guint64 turn; /* counts connections made and opened */
  GPtrArray *conns; /* of TyConn, in order of making */
  GPtrArray *dials; /* of TyDial, likewise */
  GPtrArray *peers; /* of TyPeer by index, or NULL */
  GArray *reserved; /* gboolean by index: not to be given yet */
  GHashTable *by_pid; /* of TyPeer by TyId; looked up only */
  GPtrArray *dirty; /* of TyConn that have something to write */
  TyEventQueue queues[2];
  guint filling;     /* which queue takes new events; the other is with the step */
  gboolean stepping; /* between ty_hub_events () and _done () */
  gboolean ended_any; /* something waits to be freed */
  guint n_half_open;
  TyInbox inbox;
  TyGather gather;
  TyHubStats stats;
};

/* Frees what has ended; at the end of each call from outside. */
void ty_hub_leave (TyHub *hub);

/* A new event. The strings are copied, `packet` is (transfer full). */
void ty_hub_event (TyHub *hub, TyEventType type, TyPeer *peer, const char *text);
void ty_hub_event_packet (TyHub *hub, TyPeer *peer, GBytes *packet);
void ty_hub_event_dial_failed (TyHub *hub, const TyDial *dial, TyDialEnd end, const char *text);

guint ty_hub_take_index (TyHub *hub);
/* Free to be given again after the events that are queued now. */
void ty_hub_release_index (TyHub *hub, guint index);

static inline gint64
ty_time_after (gint64 now_us, gint64 wait_us)
{
  return wait_us >= G_MAXINT64 - now_us ? G_MAXINT64 : now_us + wait_us;
}
