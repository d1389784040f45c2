/* transport/socket-private.h: what socket.c (connections), socket-dial.c and listen.c share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/address.h"
#include "transport/socket.h"

typedef enum
{
  TY_SOCKET_RESOLVING,  /* its name is being looked up */
  TY_SOCKET_CONNECTING, /* connect () is under way */
  TY_SOCKET_OPEN,
  TY_SOCKET_ENDED /* told to the hub, or closed by it: freed soon */
} TySocketState;

/* What an entry of the epoll is. */
typedef enum
{
  TY_ENTRY_LINK,
  TY_ENTRY_LISTENER,
  TY_ENTRY_SHM_PLACE, /* these three are shm-net.c's */
  TY_ENTRY_SHM_CALLER,
  TY_ENTRY_SHM_BELL
} TyEntryKind;

typedef struct _TyShmNet TyShmNet;
typedef struct _TyShmLink TyShmLink;

/* A name that is being looked up. It outlives a link that ends meanwhile. */
typedef struct
{
  TyLink *link; /* NULL: nobody waits any more */
  GCancellable *cancellable;
} TyLookup;

struct _TyLink
{
  TyEntryKind kind;
  TySockets *sockets;
  int fd; /* -1: none */
  TySocketState state;
  guint32 interest; /* what epoll watches for */
  gboolean reading;
  gboolean want_write;  /* the hub waits for room */
  gboolean watch_write; /* room is watched for */
  gboolean hangup_told;
  gboolean outcome_due; /* on_dialed or on_ended is to be told, in sockets->due */
  gboolean failed;      /* it is on_ended: */
  TyLinkEnd end;
  char *text;
  gpointer user;
  TyShmLink *shm; /* NULL: it has, and had, no shared memory */
  /* A dial: */
  TyAddress address;
  GArray *candidates; /* of TySockaddr, tried one after the other */
  guint next_candidate;
  gboolean all_refused;
  TyLookup *lookup; /* of its name */
};

typedef struct
{
  TyEntryKind kind;
  TySockets *sockets;
  int fd;
  gboolean paused; /* no descriptors left: not watched for a while */
  char *path;      /* of a Unix socket that is to be removed */
  guint64 device, inode;
} TyListener;

struct _TySockets
{
  TyHub *hub;
  gboolean plain;
  int epoll_fd; /* -1: there is none: */
  int unusable; /* why */
  TySocketsWake wake;
  gpointer wake_data;
  GMainContext *context; /* in which names are looked up */
  gint64 now_us;
  gint64 resume_us; /* when paused listeners are watched again */
  GPtrArray *links; /* of TyLink */
  GPtrArray *due;   /* of TyLink: outcome_due */
  GPtrArray *listeners;
  gboolean ended_any;
  TyShmNet *shm; /* NULL: no shared memory */
};

TyLink *ty_socket_link_new (TySockets *sockets, int fd, TySocketState state);
void ty_socket_tune (int fd, gboolean is_unix);
void ty_sockets_watch (TySockets *sockets, int fd, gpointer entry, guint32 events, gboolean is_new);

/* What has happened to it is told to the hub soon. */
void ty_socket_link_due (TyLink *link);
void ty_socket_link_fail (TyLink *link, TyLinkEnd end, const char *text);
void ty_socket_link_close_fd (TyLink *link);
void ty_socket_tell_ended (TyLink *link, TyLinkEnd end, const char *text);

TyLink *ty_socket_dial (gpointer sockets, const char *address, GError **error);
void ty_socket_connect_next (TyLink *link);
void ty_socket_note_failure (TyLink *link, int error);
/* The other end of a Unix socket is a process of the same user; TRUE for sockets of other kinds. */
gboolean ty_socket_same_user (int fd);

void ty_listener_on_ready (TyListener *listener);
void ty_listener_resume (TyListener *listener);
void ty_listener_free (gpointer listener);

/* ---- shm-net.c, shm-link.c ---- */

/* NULL: it is switched off. */
TyShmNet *ty_shm_net_new (TySockets *sockets);
void ty_shm_net_free (TyShmNet *net);
/* This process can be asked from now on. */
void ty_shm_net_listen (TySockets *sockets);
/* An entry of its own is ready. */
void ty_shm_net_on_ready (gpointer entry);
/* In each dispatch, after the sockets: reads what has come through the rings, and goes on where there is room. */
void ty_shm_net_turn (TySockets *sockets);
/* FALSE: there is something to do. TRUE: from now on bells ring. */
gboolean ty_shm_net_sleep (TySockets *sockets);

/* Of the table of the net (link.h). */
gboolean ty_shm_place (TyLink *link, char place[TY_SHM_PLACE_BYTES]);
gboolean ty_shm_ask (TyLink *link, const char *place, const TyShmAsk *ask);
gboolean ty_shm_write (TyLink *link);
gboolean ty_shm_link_start_reading (TyLink *link);

/* Whether what is written, and what is read, goes through shared memory; and then: */
gboolean ty_shm_link_writes (const TyLink *link);
gboolean ty_shm_link_reads (const TyLink *link);
gssize ty_shm_link_writev (TyLink *link, const struct iovec *parts, guint n_parts);
/* `look`: the connection may have ended, which counts once all is read. */
void ty_shm_link_read (TyLink *link, gboolean look);
void ty_shm_link_ended (TyLink *link);
