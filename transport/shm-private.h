/* transport/shm-private.h: what shm-net.c (who has shared memory with whom) and shm-link.c (what passes through it)
 * share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/shm-ring.h"
#include "transport/socket-private.h"

/* What an entry of the epoll belongs to is freed at the end of a dispatch only. */
typedef struct
{
  TyEntryKind kind;
  TySockets *sockets;
  int fd;       /* -1: done with */
  TyLink *link; /* for which this process has asked; NULL: somebody asks this process */
} TyShmCaller;

struct _TyShmLink
{
  TyEntryKind kind; /* of the bell */
  TyLink *link;
  TyShm *ring;
  TyShmCaller *caller; /* no answer has come yet */
  gboolean write; /* what is written goes through it */
  gboolean read;
  gboolean over;  /* the connection has ended, and as soon as all is read, so has the link: */
  TyLinkEnd end;
};

struct _TyShmNet
{
  TyEntryKind kind; /* of the place */
  TySockets *sockets;
  int fd; /* -1: none */
  char place[TY_SHM_PLACE_BYTES];
  gsize ring_bytes;
  GPtrArray *callers; /* of TyShmCaller, in the order of their coming */
  gboolean any_done;
  guint n_rings;
};

/* It has said what it came for, or nobody waits for it any more. Freed soon. */
void ty_shm_caller_done (TyShmCaller *caller);
void ty_shm_callers_free (TyShmNet *net);

/* `link`, which is open, has shared memory from now on; or has it no more, or not at all. */
TyShmLink *ty_shm_attach (TyLink *link, TyShm *ring);
void ty_shm_let_go (TyShmLink *shm);
