/* tests/shm/ring-test.c: the rings of bytes in shared memory, with an honest end, a dead one, and a liar at the other
 * side.
 *
 * Both ends are in this process, or in one that it forks. Nobody waits by the clock: who sleeps does so at its bell,
 * and a bell that does not ring is a test that does not end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/transport/test-fds.h"
#include "transport/shm-ring.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL TY_SHM_MIN_BYTES
#define BLOCK(ring_bytes) (4096 + 2 * (gsize) (ring_bytes))

/* Where what is, in the memory. */
#define TAIL 0
#define HEAD 128
#define WAITS 384

/* Both ends, and the memory once more as somebody sees it who writes where he likes. */
typedef struct
{
  TyShm *maker, *other;
  int bell[2]; /* an epoll each */
  guint8 *raw;
  gsize ring_bytes;
} Two;

static int
watch (const TyShm *shm)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLET };
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (epoll_ctl (fd, EPOLL_CTL_ADD, ty_shm_bell (shm), &event), ==, 0);
  return fd;
}

static gboolean
rang (int epoll)
{
  struct epoll_event event;
  return epoll_wait (epoll, &event, 1, 0) == 1;
}

static void
two_begin (Two *t, gsize ring_bytes)
{
  g_autoptr (GError) error = NULL;
  int fds[TY_SHM_N_FDS], given[TY_SHM_N_FDS];
  t->ring_bytes = ring_bytes;
  t->maker = ty_shm_new (ring_bytes, fds, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < TY_SHM_N_FDS; i++)
    given[i] = fcntl (fds[i], F_DUPFD_CLOEXEC, 3);
  t->raw = mmap (NULL, BLOCK (ring_bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fds[TY_SHM_MEMORY], 0);
  g_assert_true (t->raw != MAP_FAILED);
  t->other = ty_shm_open (ring_bytes, given, &error);
  g_assert_no_error (error);
  close (fds[TY_SHM_MEMORY]);
  t->bell[0] = watch (t->maker);
  t->bell[1] = watch (t->other);
}

static void
two_end (Two *t)
{
  close (t->bell[0]);
  close (t->bell[1]);
  ty_shm_free (t->maker);
  ty_shm_free (t->other);
  munmap (t->raw, BLOCK (t->ring_bytes));
}

/* Byte `i` of what is sent. */
static guint8
byte_at (guint64 i)
{
  return (guint8) ((i * 2654435761u) >> 11);
}

static void
fill (guint8 *to, guint64 from, gsize n)
{
  for (gsize i = 0; i < n; i++)
    to[i] = byte_at (from + i);
}

static void
check (const guint8 *bytes, guint64 from, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_assert_cmpuint (bytes[i], ==, byte_at (from + i));
}

static gssize
put (TyShm *shm, const void *data, gsize n)
{
  struct iovec part = { (void *) data, n };
  return ty_shm_writev (shm, &part, 1);
}

/* ---- Honest ends ---- */

/* Pieces of every size, in one part or several, both ways, past the end of the ring many times. */
static void
test_wraps (void)
{
  Two t;
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint8 buffer[3 * SMALL];
  guint64 sent[2] = { 0 }, got[2] = { 0 };
  two_begin (&t, SMALL);
  for (guint i = 0; i < 20000; i++)
    {
      guint way = g_rand_boolean (rand);
      TyShm *from = way == 0 ? t.maker : t.other, *to = way == 0 ? t.other : t.maker;
      gsize n = (gsize) g_rand_int_range (rand, 0, g_rand_boolean (rand) ? 50 : (gint32) sizeof buffer);
      if (g_rand_boolean (rand))
        {
          struct iovec parts[5];
          fill (buffer, sent[way], n);
          guint n_parts = (guint) g_rand_int_range (rand, 1, 6);
          for (guint k = 0; k < n_parts; k++)
            parts[k] = (struct iovec){ buffer + n * k / n_parts, n * (k + 1) / n_parts - n * k / n_parts };
          gssize done = ty_shm_writev (from, parts, n_parts);
          g_assert_cmpint (done, ==, (gssize) MIN (n, SMALL - (sent[way] - got[way])));
          sent[way] += (guint64) done;
        }
      else
        {
          gssize done = ty_shm_read (to, buffer, n);
          g_assert_cmpint (done, ==, (gssize) MIN (n, sent[way] - got[way]));
          check (buffer, got[way], (gsize) done);
          got[way] += (guint64) done;
        }
    }
  g_assert_cmpuint (got[0], >, 100 * SMALL);
  g_assert_cmpuint (got[1], >, 100 * SMALL);
  two_end (&t);
}

/* Who is awake is not rung for; who sleeps is, once. */
static void
test_bell (void)
{
  Two t;
  guint8 byte;
  two_begin (&t, SMALL);
  g_assert_cmpint (put (t.maker, "a", 1), ==, 1);
  g_assert_false (rang (t.bell[1]));
  g_assert_false (ty_shm_sleep (t.other)); /* there is something already */
  ty_shm_awake (t.other);
  g_assert_cmpint (ty_shm_read (t.other, &byte, 1), ==, 1);
  g_assert_cmpint (ty_shm_read (t.other, &byte, 1), ==, 0);
  g_assert_true (ty_shm_sleep (t.other));
  g_assert_cmpint (put (t.maker, "b", 1), ==, 1);
  g_assert_true (rang (t.bell[1]));
  g_assert_cmpint (put (t.maker, "c", 1), ==, 1);
  g_assert_false (rang (t.bell[1]));
  g_assert_cmpuint (ty_shm_rings (t.maker), ==, 1);
  g_assert_false (ty_shm_sleep (t.other));
  ty_shm_awake (t.other);
  two_end (&t);
}

/* A full ring takes nothing, and its writer is rung for when half of it is free, and not before. */
static void
test_full (void)
{
  Two t;
  guint8 buffer[SMALL + 1], back[SMALL];
  two_begin (&t, SMALL);
  fill (buffer, 0, sizeof buffer);
  g_assert_cmpint (put (t.maker, buffer, sizeof buffer), ==, SMALL);
  g_assert_cmpint (put (t.maker, buffer, 1), ==, 0);
  g_assert_false (ty_shm_writable (t.maker));
  g_assert_cmpint (ty_shm_read (t.other, back, SMALL / 2 - 1), ==, SMALL / 2 - 1);
  g_assert_false (rang (t.bell[0]));
  g_assert_false (ty_shm_writable (t.maker));
  g_assert_cmpint (ty_shm_read (t.other, back, 1), ==, 1);
  g_assert_true (rang (t.bell[0]));
  g_assert_true (ty_shm_writable (t.maker));
  g_assert_cmpint (put (t.maker, buffer + SMALL, 1), ==, 1);
  g_assert_cmpint (ty_shm_read (t.other, back, sizeof back), ==, SMALL / 2 + 1);
  check (back, SMALL / 2, SMALL / 2 + 1);
  g_assert_false (rang (t.bell[0]));
  two_end (&t);
}

/* A reader that had not seen all of it yet rang too early: its writer says again that it waits. */
static void
test_rung_early (void)
{
  Two t;
  guint8 buffer[SMALL] = { 0 };
  two_begin (&t, SMALL);
  g_assert_cmpint (put (t.maker, buffer, SMALL), ==, SMALL);
  g_assert_cmpint (put (t.maker, buffer, 1), ==, 0);
  *(guint32 *) (t.raw + WAITS) = 0;
  g_assert_false (ty_shm_writable (t.maker));
  g_assert_cmpint (ty_shm_read (t.other, buffer, SMALL), ==, SMALL);
  g_assert_true (rang (t.bell[0]));
  two_end (&t);
}

/* ---- Two that hammer ---- */

typedef struct
{
  TyShm *shm;
  int bell;
  guint64 to_send;
  guint seed;
} Worker;

static void
wait_at (int bell)
{
  struct epoll_event event;
  while (epoll_wait (bell, &event, 1, -1) < 1)
    ;
}

static gpointer
work (gpointer data)
{
  Worker *w = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (w->seed);
  guint8 out[1500], in[1500];
  guint64 sent = 0, got = 0;
  while (sent < w->to_send || got < w->to_send)
    {
      gsize n = (gsize) g_rand_int_range (rand, 1, sizeof out);
      n = MIN (n, w->to_send - sent);
      fill (out, sent, n);
      gssize wrote = n > 0 ? put (w->shm, out, n) : 0;
      g_assert_cmpint (wrote, >=, 0);
      sent += (guint64) wrote;
      gssize read = ty_shm_read (w->shm, in, (gsize) g_rand_int_range (rand, 1, sizeof in));
      g_assert_cmpint (read, >=, 0);
      check (in, got, (gsize) read);
      got += (guint64) read;
      gboolean stopped = n == 0 || (wrote < (gssize) n && !ty_shm_writable (w->shm));
      if (read > 0 || !stopped || (sent == w->to_send && got == w->to_send))
        continue;
      if (ty_shm_sleep (w->shm) && !(n > 0 && ty_shm_writable (w->shm)))
        wait_at (w->bell);
      ty_shm_awake (w->shm);
    }
  return NULL;
}

static void
test_threads (void)
{
  guint64 n = g_getenv ("TYET_TEST_LONG") != NULL ? 1u << 30 : 1u << 24;
  Two t;
  two_begin (&t, SMALL);
  Worker workers[2] = { { t.maker, t.bell[0], n, 1 }, { t.other, t.bell[1], n, 2 } };
  GThread *threads[2];
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("end", work, &workers[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  two_end (&t);
}

/* A writer that is killed in the middle of its work leaves a beginning of what it wanted to say, and nothing else. */
static void
test_killed (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  for (guint round = 0; round < 40; round++)
    {
      g_autoptr (GError) error = NULL;
      int fds[TY_SHM_N_FDS];
      guint8 in[SMALL];
      guint64 got = 0, enough = (guint64) g_rand_int_range (rand, 0, 1 << 16);
      TyShm *own = ty_shm_new (SMALL, fds, &error), *other = NULL;
      g_assert_no_error (error);
      pid_t pid = fork ();
      if (pid == 0)
        {
          /* What the parent has mapped is not here. */
          guint8 out[1000];
          guint64 sent = 0;
          other = ty_shm_open (SMALL, fds, NULL);
          if (other == NULL)
            _exit (1);
          for (;;)
            {
              fill (out, sent, sizeof out);
              gssize n = put (other, out, sizeof out);
              sent += (guint64) n;
              if (n == 0)
                g_thread_yield ();
            }
        }
      close (fds[TY_SHM_MEMORY]);
      while (got < enough)
        {
          gssize n = ty_shm_read (own, in, sizeof in);
          g_assert_cmpint (n, >=, 0);
          check (in, got, (gsize) n);
          got += (guint64) n;
          if (n == 0)
            g_thread_yield ();
        }
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
      for (gssize n = 1; n > 0; got += (guint64) n)
        {
          n = ty_shm_read (own, in, sizeof in);
          g_assert_cmpint (n, >=, 0);
          check (in, got, (gsize) n);
        }
      g_assert_false (ty_shm_readable (own));
      ty_shm_free (own);
    }
}

/* A child that is forked does not hold the memory. */
static void
test_forked (void)
{
  Two t;
  int status;
  two_begin (&t, SMALL);
  munmap (t.raw, BLOCK (SMALL));
  pid_t pid = fork ();
  if (pid == 0)
    {
      g_autofree char *maps = NULL;
      gboolean got = g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL);
      _exit (got && strstr (maps, "tyet-ring") == NULL ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  t.raw = mmap (NULL, BLOCK (SMALL), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  two_end (&t);
}

/* ---- Liars ---- */

static guint64 *
counter (Two *t, guint ring, gsize offset)
{
  return (guint64 *) (t->raw + 1024 * ring + offset);
}

/* Every counter that cannot be ends it, and nothing of it is read or written; for good. */
static void
test_lies (void)
{
  const guint64 tails[] = { 11 + SMALL, G_MAXUINT64, 9, 0, (guint64) 1 << 63, 10 + SMALL + 1 };
  const guint64 heads[] = { 21, 22 + SMALL, (guint64) 1 << 32, 20 - SMALL - 1 };
  guint8 buffer[SMALL] = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      Two t;
      two_begin (&t, SMALL);
      g_assert_cmpint (put (t.maker, buffer, 10), ==, 10);
      g_assert_cmpint (ty_shm_read (t.other, buffer, 10), ==, 10);
      *counter (&t, 0, TAIL) = tails[i];
      g_assert_true (ty_shm_readable (t.other));
      g_assert_false (ty_shm_sleep (t.other));
      g_assert_cmpint (ty_shm_read (t.other, buffer, sizeof buffer), ==, -1);
      *counter (&t, 0, TAIL) = 10;
      g_assert_cmpint (ty_shm_read (t.other, buffer, sizeof buffer), ==, -1);
      g_assert_cmpint (put (t.other, buffer, 1), ==, -1);
      two_end (&t);
    }
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      Two t;
      two_begin (&t, SMALL);
      g_assert_cmpint (put (t.maker, buffer, 20), ==, 20);
      g_assert_cmpint (ty_shm_read (t.other, buffer, 20), ==, 20);
      *counter (&t, 0, HEAD) = heads[i];
      g_assert_true (ty_shm_writable (t.maker));
      g_assert_cmpint (put (t.maker, buffer, sizeof buffer), ==, -1);
      *counter (&t, 0, HEAD) = 20;
      g_assert_cmpint (put (t.maker, buffer, 1), ==, -1);
      g_assert_cmpint (ty_shm_read (t.maker, buffer, 1), ==, -1);
      two_end (&t);
    }
}

/* Somebody who writes at random wherever he can: what is read is at most what there is room for, nothing outside is
 * touched (the sanitizers look), and whoever is told nonsense says so. */
static void
test_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  guint broken = 0;
  for (guint round = 0; round < 1000; round++)
    {
      Two t;
      guint8 buffer[2 * SMALL];
      two_begin (&t, SMALL);
      for (guint i = 0; i < 10; i++)
        {
          guint64 lie = g_rand_boolean (rand) ? (guint64) g_rand_int_range (rand, 0, 2 * SMALL)
                                              : ((guint64) g_rand_int (rand) << 32 | g_rand_int (rand));
          gsize at = g_rand_boolean (rand) ? 128 * (gsize) g_rand_int_range (rand, 0, 12)
                                           : 8 * (gsize) g_rand_int_range (rand, 0, BLOCK (SMALL) / 8);
          memcpy (t.raw + at, &lie, sizeof lie);
          gsize n = (gsize) g_rand_int_range (rand, 0, sizeof buffer);
          gssize wrote = put (t.maker, buffer, n), read = ty_shm_read (t.other, buffer, n);
          g_assert_cmpint (wrote, <=, (gssize) MIN (n, SMALL));
          g_assert_cmpint (read, <=, (gssize) MIN (n, SMALL));
          ty_shm_sleep (t.other);
          ty_shm_writable (t.maker);
          broken += read < 0;
        }
      two_end (&t);
    }
  g_assert_cmpuint (broken, >, 20);
}

/* ---- What is given ---- */

static int
memory_of (gsize bytes, int seals)
{
  int fd = memfd_create ("given", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  g_assert_cmpint (ftruncate (fd, (off_t) bytes), ==, 0);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, seals), ==, 0);
  return fd;
}

static void
refuse (gsize ring_bytes, int memory, int bell)
{
  g_autoptr (GError) error = NULL;
  int fds[TY_SHM_N_FDS] = { memory, bell, eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK) };
  g_assert_null (ty_shm_open (ring_bytes, fds, &error));
  g_assert_nonnull (error);
}

static int
good_bell (void)
{
  return eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* Memory that could go away, is not as long as it should be, or is none; a bell at which one could be kept waiting. */
static void
test_given (void)
{
  const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  guint before = test_count_fds ();
  int ends[2];
  g_autofree char *name = NULL;
  refuse (SMALL, memory_of (BLOCK (SMALL), 0), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL), F_SEAL_GROW | F_SEAL_SEAL), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL), F_SEAL_SHRINK | F_SEAL_GROW), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL), all | F_SEAL_WRITE), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL), all | F_SEAL_FUTURE_WRITE), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL) - 1, all), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL) + 4096, all), good_bell ());
  refuse (2 * SMALL, memory_of (BLOCK (SMALL), all), good_bell ());
  refuse (3 * SMALL, memory_of (BLOCK (3 * SMALL), all), good_bell ());
  refuse (0, memory_of (BLOCK (0), all), good_bell ());
  refuse (2 * TY_SHM_MAX_BYTES, memory_of (BLOCK (2 * TY_SHM_MAX_BYTES), all), good_bell ());
  refuse (G_MAXSIZE / 2 + 1, memory_of (4096, all), good_bell ());
  int file = g_file_open_tmp ("tyet-XXXXXX", &name, NULL);
  g_assert_cmpint (ftruncate (file, BLOCK (SMALL)), ==, 0);
  unlink (name);
  refuse (SMALL, file, good_bell ());
  refuse (SMALL, good_bell (), good_bell ());
  refuse (SMALL, memory_of (BLOCK (SMALL), all), eventfd (0, EFD_CLOEXEC));
  g_assert_true (pipe2 (ends, O_CLOEXEC | O_NONBLOCK) == 0);
  refuse (SMALL, memory_of (BLOCK (SMALL), all), ends[1]);
  close (ends[0]);
  refuse (SMALL, memory_of (BLOCK (SMALL), all), memory_of (8, 0));
  refuse (SMALL, memory_of (BLOCK (SMALL), all), open ("/dev/null", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  g_assert_cmpuint (test_count_fds (), ==, before);
}

/* All is given back at the end. */
static void
test_given_back (void)
{
  guint before = test_count_fds ();
  for (guint i = 0; i < 50; i++)
    {
      Two t;
      two_begin (&t, TY_SHM_MAX_BYTES);
      two_end (&t);
    }
  g_assert_cmpuint (test_count_fds (), ==, before);
  g_autofree char *maps = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  g_assert_null (strstr (maps, "tyet-ring"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shm/ring/wraps", test_wraps);
  g_test_add_func ("/shm/ring/bell", test_bell);
  g_test_add_func ("/shm/ring/full", test_full);
  g_test_add_func ("/shm/ring/rung-early", test_rung_early);
  g_test_add_func ("/shm/ring/threads", test_threads);
  g_test_add_func ("/shm/ring/killed", test_killed);
  g_test_add_func ("/shm/ring/forked", test_forked);
  g_test_add_func ("/shm/ring/lies", test_lies);
  g_test_add_func ("/shm/ring/garbage", test_garbage);
  g_test_add_func ("/shm/ring/given", test_given);
  g_test_add_func ("/shm/ring/given-back", test_given_back);
  return g_test_run ();
}
