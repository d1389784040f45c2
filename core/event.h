/* core/event.h: what goes into the step machine of a process, and what comes out.
 *
 * A driver (transport/driver.c with real sockets and a real clock, or the simulator) collects events, calls
 * ty_node_step () with them and the time, and then carries out the effects, in order.  Nothing else passes between the
 * protocol and the world.
 *
 * A *peer* is a small integer that the channels give to each incarnation that they have, or try to have, a session
 * with; it stays the same until TY_EVENT_PEER_LOST or TY_EVENT_PEER_DEAD was taken, or the machine asked
 * TY_EFFECT_PEER_CLOSE, and may be given to another process afterwards.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/batch.h"
#include "core/tyet-view.h"

typedef struct _TyGroup TyGroup; /* core/group.h */

/* ---- In ---- */

typedef enum
{
  TY_EVENT_TIME, /* nothing but the time */

  /* A new session with `peer` stands: incarnation `pid`, `name`, reachable again at `address`. Frames pass from now
   * on. */
  TY_EVENT_PEER_UP,
  /* Something came from `peer`, though no packet (an acknowledgement, a heartbeat of the channel): it was alive. Any
   * event of a peer but DOWN, LOST and DEAD says that too. */
  TY_EVENT_PEER_HEARD,
  /* The connection of `peer` broke; the session lives, the channels try to resume it. `text`: why. */
  TY_EVENT_PEER_DOWN,
  /* The session of `peer` is resumed, nothing was lost. */
  TY_EVENT_PEER_RESUMED,
  /* The session of `peer` cannot be resumed without loss (N1), and is gone: what was in flight is lost. */
  TY_EVENT_PEER_LOST,
  /* The process of `peer` is dead, and that is a fact (N3, V14): its connection closed and its port refuses, its
   * process is gone, or its address answers with another incarnation. `text`: which. The session is gone. */
  TY_EVENT_PEER_DEAD,
  /* A packet from `peer`: `packet` is held by the event. */
  TY_EVENT_PACKET,
  /* A dial asked for by TY_EFFECT_DIAL came to nothing: `address`, `text` says why (refused, silent, speaks something
   * else, an older version...), `dial_end` whether another one is of use. */
  TY_EVENT_DIAL_FAILED
} TyEventType;

typedef enum
{
  TY_DIAL_UNUSABLE,  /* what is there is no process of this kind, or it turns this one away: it will go on so */
  TY_DIAL_DENIED,    /* it does not let this process in, or is not who it should be: it will go on so */
  TY_DIAL_UNREACHED, /* no answer, or it broke off: it may be otherwise in a moment */
  TY_DIAL_REFUSED    /* nobody listens there now */
} TyDialEnd;

typedef struct
{
  TyEventType type;
  guint peer;
  TyId pid;
  const char *name;
  const char *address;
  const char *text;
  TyDialEnd dial_end;
  GBytes *packet;
  /* PEER_UP, on sealed channels (else NULL): the static public key of the process, 32 bytes, and as many that belong to
   * this session and to no other: the hash of the handshake that it began with. */
  const guint8 *seal;
} TyEvent;

#define TY_SEAL_KEY_BYTES 32
#define TY_SEAL_BYTES (2 * TY_SEAL_KEY_BYTES)

/* ---- Out ---- */

/* Control goes ahead of data (N2); bulk (state transfer) takes turns with data, so that neither stops the other. */
typedef enum
{
  TY_CLASS_CONTROL,
  TY_CLASS_DATA,
  TY_CLASS_BULK,
  TY_N_CLASSES
} TyClass;

typedef enum
{
  TY_EFFECT_NONE, /* taken back */

  /* -- to the channels -- */

  /* `bytes` to `peer`, reliably. Packets of one class and `stream` keep their order; the streams of a class take turns,
   * frame by frame, so that a large message of one does not hold up another. */
  TY_EFFECT_SEND,
  /* A session with whoever is at `address` is wanted (with `pid` if that is not null: another incarnation there is the
   * death of that one). Repeating it is harmless. The channels go on trying while they have a session to resume, and
   * for a fresh one until it stands or the process at `address` refuses. */
  TY_EFFECT_DIAL,
  /* The session with `peer` is wanted no longer. What is queued is still sent, then it ends in good order. `number` is
   * 1 if the process may still be wanted, and only what it said is not: nobody else may come in its name. */
  TY_EFFECT_PEER_CLOSE,
  /* `peer` is suspected: its connection is closed, what it has not acknowledged is kept for a resumption (V9). */
  TY_EFFECT_PEER_SUSPECT,

  /* The network secret is `bytes` from now on, by the group with the id `pid`: who knows the one before can only resume
   * its session. What other groups have replaced it with stays. */
  TY_EFFECT_REKEY,
  /* All members of that group have it: the one before is forgotten (the one that the process was given only if `number`
   * is 1: else there are members of other groups that know no other), and every connection is made anew, with fresh
   * keys. */
  TY_EFFECT_RENEW,

  /* -- to the application; `group` is set -- */

  /* Messages number..last of `batch`, sent by rank `rank` of `view`; the head of the first is at `offset`. */
  TY_EFFECT_DELIVER,
  /* `view` is installed; `change` says who came, who went and why. */
  TY_EFFECT_VIEW,
  /* found () or join () has come to its end: `error` is NULL, or why not. The first view came just before. */
  TY_EFFECT_ENTERED,
  /* leave () has come to its end: the view without this process is decided (or the group is dissolved), or the others
   * went on without it before, and its state is EXCLUDED. */
  TY_EFFECT_LEFT,
  TY_EFFECT_BLOCKED, /* `text`: why; ty_group_waits () says for whom */
  TY_EFFECT_UNBLOCKED,
  /* The group went on without this process. `text`: why. The group object is at its end. */
  TY_EFFECT_EXCLUDED,
  /* The window has room again after a send was refused. */
  TY_EFFECT_ROOM,
  /* Every own send up to the `number`th of this group object is stable. Only if asked for (ty_group_want_stable ()). */
  TY_EFFECT_STABLE,
  /* `number` is the transfer's id. SAVE_STATE: give the state, by ty_group_state_write (). */
  TY_EFFECT_SAVE_STATE,
  TY_EFFECT_STATE_ROOM,  /* more can be written to transfer `number` */
  TY_EFFECT_SAVE_ENDED,  /* `error` NULL: the joiner has it all; else why it failed */
  TY_EFFECT_LOAD_STATE,  /* a state is coming: transfer `number` */
  TY_EFFECT_STATE_BYTES, /* `bytes` of transfer `number`; ty_group_state_taken () opens the way for more */
  /* Whether the process `pid`, called `text`, at `address`, may enter; `bytes`: its public key, or NULL. The answer is
   * ty_group_authorized (). */
  TY_EFFECT_AUTHORIZE,
  /* New secrets hold: `bytes` (locked memory) is the group's and then the network's; `number`: 1 the group's is new, 2
   * the network's is. */
  TY_EFFECT_REKEYED,
  TY_EFFECT_STATE_END /* `error` NULL: that was all; else why it broke off */
} TyEffectType;

/* Why a member is not in the next view. */
typedef enum
{
  TY_LEFT_LEAVE,   /* it asked to */
  TY_LEFT_DEAD,    /* its process is gone: a fact */
  TY_LEFT_SUSPECT, /* silent for too long, or its session was lost */
  TY_LEFT_REACH,   /* it does not reach all the others (V10) */
  TY_LEFT_LOADING, /* taken out while it loaded the state (V10, V15) */
  TY_LEFT_REVOKED  /* its key was taken off the list of those who are admitted */
} TyLeftWhy;

/* What is new in a view. */
typedef struct
{
  TyetView *view;
  guint n_joined;
  guint *joined; /* ranks in `view` */
  guint n_left;
  guint *left; /* ranks in `before` */
  TyLeftWhy *why;
  TyetView *before; /* NULL in this process's first view */
} TyViewChange;

typedef struct
{
  TyEffectType type;
  guint peer;    /* SEND, PEER_* */
  TyClass class; /* SEND */
  guint stream;  /* SEND: small integers */
  guint rank;    /* DELIVER: of the sender */
  TyGroup *group;
  GBytes *bytes;        /* SEND, STATE_BYTES, AUTHORIZE: held by the effect */
  TyBatch *batch;       /* DELIVER: held by the effect */
  TyetView *view;       /* DELIVER, VIEW: held by the effect */
  gsize offset;         /* DELIVER */
  guint64 number;       /* DELIVER: first; STABLE; transfers: their id */
  guint64 last;         /* DELIVER */
  TyViewChange *change; /* VIEW: held by the effect */
  GError *error;        /* held by the effect */
  char *text;           /* held by the effect */
  char *address;        /* DIAL, AUTHORIZE: held by the effect */
  TyId pid;             /* DIAL, AUTHORIZE; REKEY, RENEW: a group's */
} TyEffect;
