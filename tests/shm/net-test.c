/* tests/shm/net-test.c: shared memory between two hubs over real sockets: that it comes to be used, what keeps it from
 * that, and who comes to a place uninvited.
 *
 * The tests turn the hubs by hand: both sleep at their file descriptors, after having said so, as a driver does; so a
 * bell that does not ring is a test that fails.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/transport/test-fds.h"
#include "tests/transport/test-proc.h"
#include "transport/shm-ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_BYTES 64

static const guint8 secret[32] = "a network's secret";

/* Packets are numbered: `data` is the next. */
static void
took (TestProc *p, const TyEvent *e)
{
  if (e->type != TY_EVENT_PACKET)
    return;
  guint64 next = GPOINTER_TO_SIZE (p->data);
  g_assert_cmpmem (g_bytes_get_data (e->packet, NULL), 8, &next, 8);
  p->data = GSIZE_TO_POINTER (next + 1);
}

static TestProc *
proc_new (guint8 id, const char *address)
{
  /* With such a heartbeat nothing is helped along by what comes anyhow. */
  TestProc *p = test_proc_new (id, secret, 60 * G_USEC_PER_SEC);
  p->took = took;
  test_proc_listen (p, address);
  return p;
}

static guint64
shm_of (TestProc *p)
{
  TyHubStats stats;
  ty_hub_get_stats (p->hub, &stats);
  return stats.shm;
}

/* Until both have as many packets as that, and have gone over that often. */
static void
run (TestProc *a, TestProc *b, guint packets, guint64 shm)
{
  gint64 end_us = g_get_monotonic_time () + TEST_LONGEST_US;
  for (;;)
    {
      test_proc_turn (a);
      test_proc_turn (b);
      if (a->packets >= packets && b->packets >= packets && shm_of (a) >= shm && shm_of (b) >= shm && a->ups > 0)
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, end_us);
      struct pollfd fds[2] = { { ty_sockets_fd (a->sockets), POLLIN, 0 }, { ty_sockets_fd (b->sockets), POLLIN, 0 } };
      gboolean quiet = ty_sockets_sleep (a->sockets) && ty_sockets_sleep (b->sockets)
                       && ty_hub_deadline (a->hub) > g_get_monotonic_time ()
                       && ty_hub_deadline (b->hub) > g_get_monotonic_time ()
                       && MIN (ty_sockets_deadline (a->sockets), ty_sockets_deadline (b->sockets)) == G_MAXINT64;
      poll (fds, 2, quiet && a->ups > 0 && b->ups > 0 && a->downs + b->downs == 0 ? -1 : 1);
    }
}

static void
settle (TestProc *a, TestProc *b)
{
  for (guint i = 0; i < 50; i++)
    {
      struct pollfd fd = { ty_sockets_fd (a->sockets), POLLIN, 0 };
      test_proc_turn (a);
      test_proc_turn (b);
      poll (&fd, 1, 1);
    }
}

static void
send_some (TestProc *from, guint64 first, guint n, gsize len_bytes)
{
  for (guint64 i = first; i < first + n; i++)
    {
      guint8 *data = g_malloc0 (len_bytes);
      memcpy (data, &i, sizeof i);
      g_autoptr (GBytes) bytes = g_bytes_new_take (data, len_bytes);
      test_proc_send (from, bytes);
    }
}

/* Both ends are in this process. */
static guint
count_maps (gpointer *first)
{
  g_autofree char *maps = NULL;
  guint n = 0;
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (maps, "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    if (strstr (*line, "memfd:tyet-ring") != NULL)
      {
        if (n++ == 0 && first != NULL)
          *first = (gpointer) (guintptr) g_ascii_strtoull (*line, NULL, 16);
      }
  return n;
}

static void
begin (TestProc **a, TestProc **b, guint64 shm)
{
  *a = proc_new (1, "tcp://127.0.0.1:0");
  *b = proc_new (2, "tcp://127.0.0.1:0");
  test_proc_dial (*a, (*b)->address);
  run (*a, *b, 0, shm);
}

/* ---- Used ---- */

static void
test_used (gconstpointer address)
{
  guint before = test_count_fds ();
  TestProc *a = proc_new (1, address), *b = proc_new (2, "tcp://[::1]:0");
  test_proc_dial (b, a->address);
  run (a, b, 0, 1);
  g_assert_cmpuint (count_maps (NULL), ==, 2);
  for (guint i = 0; i < 30; i++)
    {
      send_some (a, i * 20, 20, i % 3 == 0 ? 200 * 1000 : 100);
      send_some (b, i * 20, 20, i % 5 == 0 ? 200 * 1000 : 100);
      run (a, b, i / 2 * 20, 1); /* several times what goes into a ring is under way */
    }
  run (a, b, 600, 1);
  g_assert_cmpuint (a->downs + b->downs, ==, 0);
  test_proc_free (a);
  test_proc_free (b);
  g_assert_cmpuint (count_maps (NULL), ==, 0);
  g_assert_cmpuint (test_count_fds (), ==, before);
}

/* One at a time, each from sleep to sleep. */
static void
test_wakes (void)
{
  TestProc *a, *b;
  begin (&a, &b, 1);
  for (guint i = 0; i < 300; i++)
    {
      send_some (a, i, 1, 20);
      send_some (b, i, 1, 20);
      run (a, b, i + 1, 1);
    }
  test_proc_free (a);
  test_proc_free (b);
}

static void
test_off (void)
{
  TestProc *a, *b;
  g_setenv ("TYET_SHM", "0", TRUE);
  a = proc_new (1, "tcp://127.0.0.1:0");
  g_unsetenv ("TYET_SHM");
  b = proc_new (2, "tcp://127.0.0.1:0");
  test_proc_dial (a, b->address);
  run (a, b, 0, 0);
  send_some (a, 0, 100, 1000);
  send_some (b, 0, 100, 1000);
  run (a, b, 100, 0);
  settle (a, b);
  g_assert_cmpuint (shm_of (a) + shm_of (b), ==, 0);
  g_assert_cmpuint (count_maps (NULL), ==, 0);
  test_proc_free (a);
  test_proc_free (b);
}

/* ---- Lies, over the whole way ---- */

static void
test_scribbled (void)
{
  for (guint ring = 0; ring < 2; ring++)
    for (guint field = 0; field < 2; field++)
      {
        TestProc *a, *b;
        gpointer map = NULL;
        guint before = test_count_fds ();
        begin (&a, &b, 1);
        send_some (a, 0, 10, 1000);
        send_some (b, 0, 10, 1000);
        run (a, b, 10, 1);
        g_assert_cmpuint (count_maps (&map), ==, 2);
        *(guint64 *) ((guint8 *) map + 1024 * ring + 128 * field) = G_MAXUINT64 / 3;
        /* A reader looks at once; a writer when it does not know of enough room. */
        if (field == 0)
          settle (a, b);
        send_some (a, 10, 10, 100 * 1000);
        send_some (b, 10, 10, 100 * 1000);
        run (a, b, 20, 1);
        g_assert_cmpuint (a->resumed, ==, 1);
        g_assert_cmpuint (b->resumed, ==, 1);
        g_assert_cmpuint (a->lost + b->lost + a->deads + b->deads, ==, 0);
        settle (a, b);
        g_assert_cmpuint (count_maps (NULL), ==, 0);
        g_assert_cmpuint (shm_of (a) + shm_of (b), ==, 2);
        test_proc_free (a);
        test_proc_free (b);
        g_assert_cmpuint (test_count_fds (), ==, before);
      }
}

/* ---- The place ---- */

typedef struct
{
  struct sockaddr_un address;
  socklen_t len;
} Place;

/* The inodes of this process's sockets. */
static GHashTable *
own_sockets (void)
{
  GHashTable *inodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  DIR *dir = opendir ("/proc/self/fd");
  for (struct dirent *e = readdir (dir); e != NULL; e = readdir (dir))
    {
      char target[64] = "";
      if (readlinkat (dirfd (dir), e->d_name, target, sizeof target - 1) > 0 && g_str_has_prefix (target, "socket:["))
        g_hash_table_add (inodes, g_strndup (target + 8, strlen (target) - 9));
    }
  closedir (dir);
  return inodes;
}

/* The place of one of this process's hubs; other processes of the machine may have places as well. */
static Place
place_of_own (void)
{
  Place place = { .address = { .sun_family = AF_UNIX } };
  g_autofree char *list = NULL;
  g_autoptr (GHashTable) own = own_sockets ();
  g_assert_true (g_file_get_contents ("/proc/self/net/unix", &list, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (list, "\n", 0);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *at = strstr (lines[i], " @tyet-shm-");
      if (at == NULL)
        continue;
      const char *inode = at;
      while (inode > lines[i] && inode[-1] != ' ')
        inode--;
      g_autofree char *number = g_strndup (inode, (gsize) (at - inode));
      if (!g_hash_table_contains (own, number))
        continue;
      gsize n = strlen (at + 2);
      memcpy (place.address.sun_path + 1, at + 2, n);
      place.len = (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + 1 + n);
      return place;
    }
  g_error ("no hub of this process has a place");
}

static int
call (const Place *place)
{
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fd, (const struct sockaddr *) &place->address, place->len), ==, 0);
  return fd;
}

static void
pass (int to, gconstpointer data, gsize len_bytes, const int *fds, guint n_fds)
{
  char room[CMSG_SPACE (16 * sizeof (int))] __attribute__ ((aligned (8))) = { 0 };
  struct iovec part = { (void *) data, len_bytes };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  if (n_fds > 0)
    {
      header.msg_control = room;
      header.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      struct cmsghdr *head = CMSG_FIRSTHDR (&header);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      memcpy (CMSG_DATA (head), fds, n_fds * sizeof (int));
    }
  sendmsg (to, &header, MSG_NOSIGNAL);
}

/* Nonsense, in every shape: refused, and nothing of it stays. */
static void
test_uninvited (void)
{
  TestProc *a, *b;
  begin (&a, &b, 1);
  settle (a, b);
  guint before = test_count_fds ();
  Place place = place_of_own ();
  guint8 message[2 * MESSAGE_BYTES] = "tyetshm1";
  int fds[8] = { -1 };
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  message[9] = 0x10;
  memcpy (message + 16, a->pid.b, 16);
  const struct
  {
    gsize len_bytes;
    guint n_fds;
  } shapes[] = { { 0, 0 }, { 1, 0 }, { 63, 3 }, { 64, 0 }, { 64, 2 }, { 64, 3 }, { 64, 4 }, { 64, 8 }, { 65, 3 },
                 { 128, 8 } };
  for (guint round = 0; round < 3; round++)
    for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
      {
        char byte;
        int fd = call (&place);
        pass (fd, message, shapes[i].len_bytes, fds, shapes[i].n_fds);
        settle (a, b);
        g_assert_cmpint (recv (fd, &byte, 1, MSG_DONTWAIT), ==, 0);
        close (fd);
      }
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  settle (a, b);
  g_assert_cmpuint (test_count_fds (), ==, before);
  send_some (a, 0, 10, 1000);
  send_some (b, 0, 10, 1000);
  run (a, b, 10, 1);
  g_assert_cmpuint (a->downs + b->downs, ==, 0);
  test_proc_free (a);
  test_proc_free (b);
}

/* A crowd that says nothing: bounded, and who is honest comes through. */
static void
test_crowd (void)
{
  TestProc *a = proc_new (1, "tcp://127.0.0.1:0"), *b = proc_new (2, "tcp://127.0.0.1:0");
  Place place = place_of_own ();
  int crowd[60];
  guint before = test_count_fds ();
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    {
      crowd[i] = call (&place);
      test_proc_turn (a);
      test_proc_turn (b);
    }
  /* One place took them all: at most so many are kept. */
  g_assert_cmpuint (test_count_fds (), <=, before + G_N_ELEMENTS (crowd) + 16);
  test_proc_dial (a, b->address);
  run (a, b, 0, 1);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    close (crowd[i]);
  test_proc_free (a);
  test_proc_free (b);
}

/* No descriptors are left: they go on as they are. */
static void
test_no_descriptors (void)
{
  struct rlimit old, low;
  TestProc *a = proc_new (1, "tcp://127.0.0.1:0"), *b = proc_new (2, "tcp://127.0.0.1:0");
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  low = old;
  low.rlim_cur = 100;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  for (int fd = open ("/dev/null", O_RDONLY); fd >= 0; fd = open ("/dev/null", O_RDONLY))
    g_array_append_val (taken, fd);
  /* Two for the connection, and up to four more, which are too few. */
  for (guint spare = 2; spare < 7; spare++)
    {
      close (g_array_index (taken, int, taken->len - 1));
      g_array_set_size (taken, taken->len - 1);
    }
  test_proc_dial (a, b->address);
  run (a, b, 0, 0);
  send_some (a, 0, 10, 1000);
  send_some (b, 0, 10, 1000);
  run (a, b, 10, 0);
  g_assert_cmpuint (a->downs + b->downs, ==, 0);
  g_assert_cmpuint (shm_of (a) + shm_of (b), ==, 0);
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
  test_proc_free (a);
  test_proc_free (b);
}

/* A process of another user is not listened to. */
static void
test_other_user (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("needs root");
      return;
    }
  TestProc *a = proc_new (1, "tcp://127.0.0.1:0");
  Place place = place_of_own ();
  int status;
  pid_t pid = fork ();
  if (pid == 0)
    {
      char byte;
      if (setuid (65534) != 0)
        _exit (2);
      int fd = call (&place);
      _exit (recv (fd, &byte, 1, 0) == 0 ? 0 : 1);
    }
  while (waitpid (pid, &status, WNOHANG) == 0)
    test_proc_turn (a);
  g_assert_cmpint (status, ==, 0);
  test_proc_free (a);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("TYET_SHM");
  g_autofree char *unix_address = test_abstract ("shm");
  g_main_context_default (); /* which has descriptors of its own, once */
  g_test_add_data_func ("/shm/net/used/ipv4", "tcp://127.0.0.1:0", test_used);
  g_test_add_data_func ("/shm/net/used/ipv6", "tcp://[::1]:0", test_used);
  g_test_add_data_func ("/shm/net/used/unix", unix_address, test_used);
  g_test_add_func ("/shm/net/wakes", test_wakes);
  g_test_add_func ("/shm/net/off", test_off);
  g_test_add_func ("/shm/net/scribbled", test_scribbled);
  g_test_add_func ("/shm/net/uninvited", test_uninvited);
  g_test_add_func ("/shm/net/crowd", test_crowd);
  g_test_add_func ("/shm/net/no-descriptors", test_no_descriptors);
  g_test_add_func ("/shm/net/other-user", test_other_user);
  return g_test_run ();
}
