/* transport/shm-ring.c: see shm-ring.h.
 *
 *   tail     bytes ever written, head   bytes ever read:    head <= tail <= head + ring_bytes, both wrapping never
 *
 * Each end keeps its own counter in memory of its own and only publishes it; it reads the other's and never writes it.
 * The bytes from head to tail are the reader's, the rest are the writer's.
 *
 * A process that dies leaves its counter as it published it last: what it had begun to write behind that was never
 * said, what it had read and not given back is not written over.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "transport/shm-ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define HEADS_BYTES 4096
#define LINE_BYTES 128 /* two lines of cache: some processors fetch them in pairs */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define TMPFS 0x01021994 /* what the kernel calls the file system of memfds */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* In the shared memory. */
typedef struct
{
  guint64 tail __attribute__ ((aligned (LINE_BYTES)));
  guint64 head __attribute__ ((aligned (LINE_BYTES)));
  guint32 reader_sleeps __attribute__ ((aligned (LINE_BYTES)));
  guint32 writer_waits __attribute__ ((aligned (LINE_BYTES)));
} Head;

G_STATIC_ASSERT (sizeof (Head) <= 1024);
G_STATIC_ASSERT (G_STRUCT_OFFSET (Head, writer_waits) == 384);

/* One direction, as one end sees it. */
typedef struct
{
  Head *head;
  guint8 *data;
  guint64 own;  /* one's own counter */
  guint64 seen; /* the other's, when it was last looked at, and could be */
} Half;

struct _TyShm
{
  guint8 *map;
  gsize map_bytes;
  gsize ring_bytes;
  int own_bell;
  int other_bell;
  Half in;
  Half out;
  gboolean broken;
  guint64 rings;
};

static gsize
block_bytes (gsize ring_bytes)
{
  return HEADS_BYTES + 2 * ring_bytes;
}

static gboolean
good_size (gsize ring_bytes)
{
  return ring_bytes >= TY_SHM_MIN_BYTES && ring_bytes <= TY_SHM_MAX_BYTES && (ring_bytes & (ring_bytes - 1)) == 0;
}

static gboolean
fail (GError **error, const char *what, int reason)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (reason), "%s: %s", what, g_strerror (reason));
  return FALSE;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* ---- Making ---- */

/* `first`: whether this end's bytes are those of the first ring. */
static TyShm *
map_block (gsize ring_bytes, int memory, int own_bell, int other_bell, gboolean first, GError **error)
{
  gsize all = block_bytes (ring_bytes);
  guint8 *map = mmap (NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (map == MAP_FAILED)
    {
      fail (error, "shared memory cannot be mapped", errno);
      return NULL;
    }
  /* A child has no part in it, and would keep its pages. */
  madvise (map, all, MADV_DONTFORK);
  TyShm *shm = g_new0 (TyShm, 1);
  Half halves[2] = {
    { .head = (Head *) map, .data = map + HEADS_BYTES },
    { .head = (Head *) (map + 1024), .data = map + HEADS_BYTES + ring_bytes },
  };
  *shm = (TyShm){
    .map = map,
    .map_bytes = all,
    .ring_bytes = ring_bytes,
    .own_bell = own_bell,
    .other_bell = other_bell,
    .out = halves[first ? 0 : 1],
    .in = halves[first ? 1 : 0],
  };
  return shm;
}

static int
make_memory (gsize all, GError **error)
{
  int fd = memfd_create ("tyet-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) /* an older kernel */
    fd = memfd_create ("tyet-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0 || ftruncate (fd, (off_t) all) != 0 || fcntl (fd, F_ADD_SEALS, SEALS) != 0)
    {
      fail (error, "no shared memory", errno);
      close_fd (&fd);
    }
  return fd;
}

TyShm *
ty_shm_new (gsize ring_bytes, int fds[TY_SHM_N_FDS], GError **error)
{
  g_assert (good_size (ring_bytes));
  TyShm *shm = NULL;
  fds[TY_SHM_MEMORY] = make_memory (block_bytes (ring_bytes), error);
  fds[TY_SHM_MAKERS_BELL] = fds[TY_SHM_OTHERS_BELL] = -1;
  if (fds[TY_SHM_MEMORY] >= 0)
    {
      fds[TY_SHM_MAKERS_BELL] = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
      fds[TY_SHM_OTHERS_BELL] = fds[TY_SHM_MAKERS_BELL] < 0 ? -1 : eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
      if (fds[TY_SHM_OTHERS_BELL] < 0)
        fail (error, "no bell for shared memory", errno);
      else
        shm = map_block (ring_bytes, fds[TY_SHM_MEMORY], fds[TY_SHM_MAKERS_BELL], fds[TY_SHM_OTHERS_BELL], TRUE,
                         error);
    }
  for (guint i = 0; i < TY_SHM_N_FDS && shm == NULL; i++)
    close_fd (&fds[i]);
  return shm;
}

/* No access to it may ever fail, whatever its maker does: it is memory (and no file that somebody serves), as long as
 * it has to be, and stays so. */
static gboolean
good_memory (int fd, gsize all, GError **error)
{
  struct stat st;
  struct statfs fs;
  int seals = fcntl (fd, F_GET_SEALS);
  if (seals < 0 || fstat (fd, &st) != 0 || fstatfs (fd, &fs) != 0)
    return fail (error, "what was given is no shared memory", errno);
  if ((seals & SEALS) != SEALS || fs.f_type != TMPFS || !S_ISREG (st.st_mode))
    return fail (error, "the shared memory that was given could be made shorter", EPERM);
  return st.st_size == (off_t) all || fail (error, "shared memory of another size than was said was given", EINVAL);
}

/* Writing to it never blocks: it is an eventfd, or at least nothing that somebody serves, and does not wait. */
static gboolean
good_bell (int fd, GError **error)
{
  struct stat st;
  int flags = fcntl (fd, F_GETFL);
  if (flags < 0 || fstat (fd, &st) != 0)
    return fail (error, "what was given is no bell", errno);
  gboolean good = (st.st_mode & S_IFMT) == 0 && (flags & O_NONBLOCK) != 0 && (flags & O_ACCMODE) == O_RDWR;
  return good || fail (error, "what was given is no bell", EINVAL);
}

TyShm *
ty_shm_open (gsize ring_bytes, const int fds[TY_SHM_N_FDS], GError **error)
{
  TyShm *shm = NULL;
  gboolean good = good_size (ring_bytes) || fail (error, "shared memory of no allowed size was given", EINVAL);
  if (good && good_memory (fds[TY_SHM_MEMORY], block_bytes (ring_bytes), error)
      && good_bell (fds[TY_SHM_MAKERS_BELL], error) && good_bell (fds[TY_SHM_OTHERS_BELL], error))
    shm = map_block (ring_bytes, fds[TY_SHM_MEMORY], fds[TY_SHM_OTHERS_BELL], fds[TY_SHM_MAKERS_BELL], FALSE, error);
  for (guint i = 0; i < TY_SHM_N_FDS; i++)
    if (shm == NULL || i == TY_SHM_MEMORY)
      close (fds[i]);
  return shm;
}

void
ty_shm_free (TyShm *shm)
{
  munmap (shm->map, shm->map_bytes);
  close (shm->own_bell);
  close (shm->other_bell);
  g_free (shm);
}

int
ty_shm_bell (const TyShm *shm)
{
  return shm->own_bell;
}

guint64
ty_shm_rings (const TyShm *shm)
{
  return shm->rings;
}

/* ---- The bell ---- */

/* The other end is rung for if it said that it wants to be; it has to say so again then. */
static void
ring_if (TyShm *shm, guint32 *wanted)
{
  const guint64 one = 1;
  if (__atomic_load_n (wanted, __ATOMIC_SEQ_CST) == 0 || __atomic_exchange_n (wanted, 0, __ATOMIC_SEQ_CST) == 0)
    return;
  shm->rings++;
  gssize n;
  do
    n = write (shm->other_bell, &one, sizeof one);
  while (n < 0 && errno == EINTR);
}

/* ---- Writing ---- */

/* How much room there is, after a look at what the reader says. */
static gsize
look_for_room (TyShm *shm)
{
  Half *out = &shm->out;
  guint64 head = __atomic_load_n (&out->head->head, __ATOMIC_SEQ_CST);
  if (out->own - head > shm->ring_bytes)
    {
      shm->broken = TRUE;
      return 0;
    }
  out->seen = head;
  return shm->ring_bytes - (gsize) (out->own - head);
}

static void
put (TyShm *shm, guint64 at, const guint8 *from, gsize n)
{
  gsize offset = (gsize) (at & (shm->ring_bytes - 1));
  gsize before_end = MIN (n, shm->ring_bytes - offset);
  memcpy (shm->out.data + offset, from, before_end);
  memcpy (shm->out.data, from + before_end, n - before_end);
}

/* Bytes of `parts` from byte `skip` on, as many as go: how many. They are published at once. */
static gsize
write_some (TyShm *shm, const struct iovec *parts, guint n_parts, gsize skip)
{
  Half *out = &shm->out;
  gsize room = shm->ring_bytes - (gsize) (out->own - out->seen);
  gsize done = 0;
  for (guint i = 0; i < n_parts; i++)
    {
      if (skip >= parts[i].iov_len)
        {
          skip -= parts[i].iov_len;
          continue;
        }
      gsize left = parts[i].iov_len - skip;
      if (left > room - done)
        room = look_for_room (shm);
      if (shm->broken)
        return 0;
      gsize n = MIN (left, room - done);
      put (shm, out->own + done, (const guint8 *) parts[i].iov_base + skip, n);
      done += n;
      skip = 0;
      if (n < left)
        break;
    }
  if (done > 0)
    {
      out->own += done;
      __atomic_store_n (&out->head->tail, out->own, __ATOMIC_SEQ_CST);
      ring_if (shm, &out->head->reader_sleeps);
    }
  return done;
}

gboolean
ty_shm_writable (TyShm *shm)
{
  guint32 *waits = &shm->out.head->writer_waits;
  if (look_for_room (shm) >= shm->ring_bytes / 2 || shm->broken)
    return TRUE;
  /* Each time anew: the reader may have rung for what was enough by what it had seen of the writer. */
  __atomic_store_n (waits, 1, __ATOMIC_SEQ_CST);
  if (look_for_room (shm) < shm->ring_bytes / 2 && !shm->broken)
    return FALSE;
  __atomic_store_n (waits, 0, __ATOMIC_RELAXED);
  return TRUE;
}

gssize
ty_shm_writev (TyShm *shm, const struct iovec *parts, guint n_parts)
{
  gsize all = 0, done = 0;
  for (guint i = 0; i < n_parts; i++)
    all += parts[i].iov_len;
  while (!shm->broken)
    {
      done += write_some (shm, parts, n_parts, done);
      if (shm->broken || done == all)
        break;
      if (!ty_shm_writable (shm))
        break;
    }
  return shm->broken ? -1 : (gssize) done;
}

/* ---- Reading ---- */

static gsize
look_for_bytes (TyShm *shm)
{
  Half *in = &shm->in;
  guint64 tail = __atomic_load_n (&in->head->tail, __ATOMIC_SEQ_CST);
  if (tail - in->own > shm->ring_bytes)
    {
      shm->broken = TRUE;
      return 0;
    }
  in->seen = tail;
  return (gsize) (tail - in->own);
}

gssize
ty_shm_read (TyShm *shm, guint8 *to, gsize room_bytes)
{
  Half *in = &shm->in;
  gsize n = look_for_bytes (shm); /* once: what it says may be another thing by the next time */
  if (shm->broken)
    return -1;
  n = MIN (n, room_bytes);
  if (n == 0)
    return 0;
  gsize offset = (gsize) (in->own & (shm->ring_bytes - 1));
  gsize before_end = MIN (n, shm->ring_bytes - offset);
  memcpy (to, in->data + offset, before_end);
  memcpy (to + before_end, in->data, n - before_end);
  in->own += n;
  __atomic_store_n (&in->head->head, in->own, __ATOMIC_SEQ_CST);
  if (in->seen - in->own <= shm->ring_bytes / 2)
    ring_if (shm, &in->head->writer_waits);
  return (gssize) n;
}

gboolean
ty_shm_readable (TyShm *shm)
{
  return shm->broken || look_for_bytes (shm) > 0 || shm->broken;
}

/* ---- Sleeping ---- */

gboolean
ty_shm_sleep (TyShm *shm)
{
  __atomic_store_n (&shm->in.head->reader_sleeps, 1, __ATOMIC_SEQ_CST);
  return !ty_shm_readable (shm);
}

void
ty_shm_awake (TyShm *shm)
{
  __atomic_store_n (&shm->in.head->reader_sleeps, 0, __ATOMIC_RELAXED);
}
