/* transport/link.h: one connection: a stream of bytes in both directions, TCP, Unix, or simulated.
 *
 * A link is reliable while it lives and may end at any moment, with bytes of either side lost.  Sessions (session.h)
 * run on top and survive it.  A *net* makes links: sockets (socket.c), or the simulated network (simnet.c); the hub
 * (hub.h) uses either by this table and never knows which.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/uio.h>

#include "core/id.h"

typedef struct _TyLink TyLink; /* each net defines its own; the hub keeps its own data by set_user () */

#define TY_ORIGIN_BYTES 16

/* Shared memory within a machine: see shm-hub.c. */
#define TY_SHM_PLACE_BYTES 64 /* of the name that a process is asked at, with its NUL */
#define TY_SHM_PROOF_BYTES 32

/* What is said to the other process outside of the connection: who asks, and that it is meant by it. */
typedef struct
{
  TyId pid;
  guint8 proof[TY_SHM_PROOF_BYTES];
} TyShmAsk;

typedef enum
{
  TY_LINK_EOF,         /* the other end closed in good order */
  TY_LINK_RESET,       /* it broke */
  TY_LINK_REFUSED,     /* a dial: nobody listens there */
  TY_LINK_UNREACHABLE, /* a dial: no way there, or no answer */
  TY_LINK_BAD_ADDRESS, /* a dial: not an address */
  TY_LINK_SHM_BROKEN   /* what is in the shared memory cannot be */
} TyLinkEnd;

typedef struct
{
  /* Starts to connect to `address`. The outcome comes later by ty_hub_on_dialed () or ty_hub_on_ended (), never from
   * inside this call. NULL and `error` if the address does not parse. */
  TyLink *(*dial) (gpointer net, const char *address, GError **error);
  /* Takes as many bytes as it can now, without blocking; less than offered: ty_hub_on_writable () comes when there is
   * room. -1: the link has ended (ty_hub_on_ended () comes). */
  gssize (*writev) (TyLink *link, const struct iovec *parts, guint n_parts);
  /* Whether ty_hub_on_bytes () is to come: FALSE holds the sender back. TRUE at first. */
  void (*set_reading) (TyLink *link, gboolean reading);
  /* Ends it from this side; no further call comes for it, and the pointer is dead. Bytes written are still offered to
   * the other end. */
  void (*close) (TyLink *link);
  /* Whether the other end is on another machine. NULL: of no net of this kind can that be said. */
  gboolean (*from_afar) (TyLink *link);
  /* Where an accepted link comes from: the same bytes for all links of one host. FALSE: that cannot be said. NULL: of
   * no net of this kind can it be said. */
  gboolean (*origin) (TyLink *link, guint8 out[TY_ORIGIN_BYTES]);
  void (*set_user) (TyLink *link, gpointer user);
  gpointer (*get_user) (TyLink *link);

  /* Shared memory: all NULL where there is none.
   *
   * Where this process can be asked for it, if the other end is on this machine, as far as that can be said. */
  gboolean (*shm_place) (TyLink *link, char place[TY_SHM_PLACE_BYTES]);
  /* Makes some, and passes it to whom can be asked at `place`. FALSE: that failed, and is no matter. */
  gboolean (*shm_ask) (TyLink *link, const char *place, const TyShmAsk *ask);
  /* All that is written from now on, or read, goes through it. FALSE: there is none. */
  gboolean (*shm_write) (TyLink *link);
  gboolean (*shm_read) (TyLink *link);
} TyNetOps;
