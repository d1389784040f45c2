/* transport/socket.h: the net of real sockets: TCP and Unix sockets behind one epoll.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/hub.h"

typedef struct _TySockets TySockets;

/* Its calls are those of a net (link.h); the net is the TySockets. */
extern const TyNetOps ty_socket_ops;

/* Names are looked up in `context`. `wake` is called when ty_sockets_dispatch () has something to do that the file
 * descriptor does not show. */
typedef void (*TySocketsWake) (gpointer wake_data);
/* If the system has no descriptor for it, ty_sockets_listen () says so. */
TySockets *ty_sockets_new (GMainContext *context, TySocketsWake wake, gpointer wake_data);
/* After its hub. */
void ty_sockets_free (TySockets *sockets);
void ty_sockets_set_hub (TySockets *sockets, TyHub *hub);

/* Clear text: it listens, and connects, within this machine only. Before either. */
void ty_sockets_set_plain (TySockets *sockets, gboolean plain);
/* Bytes of shared memory that it makes with another process, each way; 0: it has none. Before either. */
void ty_sockets_set_shm (TySockets *sockets, gsize ring_bytes);

/* Listens; the address with the real port (transfer full). */
char *ty_sockets_listen (TySockets *sockets, const char *address, GError **error);

/* Readable when there is something to dispatch. */
int ty_sockets_fd (const TySockets *sockets);
/* Tells the hub what has happened: reads what can be read (a bounded amount), accepts, ends. Does not block. */
void ty_sockets_dispatch (TySockets *sockets, gint64 now_us);
/* Before the file descriptor is slept at: FALSE if there is something to dispatch that it does not show. */
gboolean ty_sockets_sleep (TySockets *sockets);
/* When it has to be called though the file descriptor is silent (G_MAXINT64: never). */
gint64 ty_sockets_deadline (const TySockets *sockets);
