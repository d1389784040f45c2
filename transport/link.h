/* transport/link.h: one connection: a stream of bytes in both directions, TCP, Unix, or simulated.
 *
 * A link is reliable while it lives and may end at any moment, with bytes of either side lost.  Sessions (session.h)
 * run on top and survive it.  A *net* makes links: sockets (socket.c), or the simulated network (simnet.c); the hub
 * (hub.h) uses either by this table and never knows which.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>

typedef struct _TyLink TyLink; /* each net defines its own; the hub keeps its own data by set_user () */

#define TY_ORIGIN_BYTES 16

typedef enum
{
  TY_LINK_EOF,         /* the other end closed in good order */
  TY_LINK_RESET,       /* it broke */
  TY_LINK_REFUSED,     /* a dial: nobody listens there */
  TY_LINK_UNREACHABLE, /* a dial: no way there, or no answer */
  TY_LINK_BAD_ADDRESS  /* a dial: not an address */
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
} TyNetOps;
