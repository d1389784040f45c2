/* transport/shm-ring.h: bytes between two processes of one machine, through memory that both have mapped.
 *
 * One block of memory, a memfd, holds two rings of bytes, one a direction; each end has a *bell* besides, an eventfd
 * that it sleeps at and that the other rings.
 *
 *   offset                 size            what
 *   0                      4096            heads: of the ring that the maker writes, then (at 1024) of the other
 *   4096                   ring_bytes      the bytes that the maker writes
 *   4096 + ring_bytes      ring_bytes      the bytes that the other writes
 *
 *   head, offset  size   field
 *   0             8      bytes ever written; the writer's
 *   128           8      bytes ever read; the reader's
 *   256           4      the reader sleeps, and is to be rung for if something comes
 *   384           4      the writer waits for room
 *
 * What the other end does to that memory is like bytes from the network: its counter is compared with one's own, which
 * is kept outside, and what cannot be makes the ring *broken*, for good; bytes are copied out before anybody looks at
 * them, and so are looked at once.  The size of the block is sealed before either end maps it, so that no access to it
 * can fail.
 *
 * Nobody is rung for who is awake.  Who wants to sleep says so and then looks once more; who has written does so and
 * then looks whether somebody sleeps: in whatever order this happens, one of the two sees the other.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

typedef struct _TyShm TyShm;

#define TY_SHM_MIN_BYTES (4 * 1024)
#define TY_SHM_MAX_BYTES (16 * 1024 * 1024)

/* What one end passes to the other, as descriptors. */
typedef enum
{
  TY_SHM_MEMORY,
  TY_SHM_MAKERS_BELL,
  TY_SHM_OTHERS_BELL,
  TY_SHM_N_FDS
} TyShmFd;

/* Makes both rings, of `ring_bytes` each, a power of two from TY_SHM_MIN_BYTES to TY_SHM_MAX_BYTES. `memory_fd` is the
 * caller's to close; the bells stay the ring's. */
TyShm *ty_shm_new (gsize ring_bytes, int fds[TY_SHM_N_FDS], GError **error);

/* The other end: maps what it was given. What does not have the size that `ring_bytes` asks for, can still be made
 * shorter, or is no memory or no bell, is refused. The descriptors are taken, also if that fails. */
TyShm *ty_shm_open (gsize ring_bytes, const int fds[TY_SHM_N_FDS], GError **error);

/* Unmaps it. The memory is gone when both ends have. */
void ty_shm_free (TyShm *shm);

/* Where this end sleeps: watched for edges only, and never read. */
int ty_shm_bell (const TyShm *shm);

/* Takes as many bytes as there is room for: how many. Less than offered: its bell rings once half of the ring is free.
 * -1: the ring is broken. */
gssize ty_shm_writev (TyShm *shm, const struct iovec *parts, guint n_parts);

/* Copies out what is there, at most `room_bytes`: how many. -1: the ring is broken. */
gssize ty_shm_read (TyShm *shm, guint8 *to, gsize room_bytes);

/* Whether there is something to read, or the ring is broken. */
gboolean ty_shm_readable (TyShm *shm);
/* Whether a writer that was stopped may go on, or the ring is broken. FALSE: its bell rings when it may. */
gboolean ty_shm_writable (TyShm *shm);

/* TRUE: from now on the bell rings when something comes. FALSE: something is there already. */
gboolean ty_shm_sleep (TyShm *shm);
void ty_shm_awake (TyShm *shm);

/* How often the other end was rung for. */
guint64 ty_shm_rings (const TyShm *shm);
