/* tests/transport/socket-test.c: two hubs over real sockets: TCP, IPv6, Unix.
 *
 * The tests turn the hubs by hand: one poll of both, with the real clock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-error.h"
#include "test-proc.h"
#include "transport/address.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* What else a test wants to know of a process. */
typedef struct
{
  gboolean refused;
  gsize packet_bytes;
  GBytes *last;
  char *text;
  GString *order; /* what was told, a letter each */
} Seen;

static Seen *
seen (TestProc *p)
{
  return p->data;
}

static void
took (TestProc *p, const TyEvent *e)
{
  static const char letters[] = { [TY_EVENT_PEER_UP] = 'u', [TY_EVENT_PEER_DOWN] = 'd', [TY_EVENT_PEER_RESUMED] = 'r',
                                  [TY_EVENT_PEER_LOST] = 'l', [TY_EVENT_PEER_DEAD] = 'x', [TY_EVENT_PACKET] = 'p',
                                  [TY_EVENT_DIAL_FAILED] = 'f', [TY_EVENT_PEER_HEARD] = 'h' };
  Seen *s = seen (p);
  g_string_append_c (s->order, letters[e->type]);
  if (e->type == TY_EVENT_DIAL_FAILED)
    s->refused = e->dial_end == TY_DIAL_REFUSED;
  if (e->text != NULL)
    {
      g_free (s->text);
      s->text = g_strdup (e->text);
    }
  if (e->type == TY_EVENT_PACKET)
    {
      s->packet_bytes += g_bytes_get_size (e->packet);
      g_clear_pointer (&s->last, g_bytes_unref);
      s->last = g_bytes_ref (e->packet);
    }
}

static gint64
now (void)
{
  return g_get_monotonic_time ();
}

static TestProc *
proc_new (guint8 id)
{
  TestProc *p = test_proc_new (id, NULL, 0);
  Seen *s = g_new0 (Seen, 1);
  s->order = g_string_new (NULL);
  p->data = s;
  p->took = took;
  return p;
}

static void
proc_free (TestProc *p)
{
  Seen *s = seen (p);
  test_proc_free (p);
  g_clear_pointer (&s->last, g_bytes_unref);
  g_free (s->text);
  g_string_free (s->order, TRUE);
  g_free (s);
}

/* Turns both (`b` may be NULL) until `*counter` is at least `wanted`. */
static void
run_until (TestProc *a, TestProc *b, const guint *counter, guint wanted)
{
  gint64 end_us = now () + TEST_LONGEST_US;
  for (;;)
    {
      test_proc_turn (a);
      if (b != NULL)
        test_proc_turn (b);
      if (*counter >= wanted)
        return;
      g_assert_cmpint (now (), <, end_us);
      /* Names are looked up in the main context, by a thread. */
      g_main_context_iteration (NULL, FALSE);
      struct pollfd fds[2] = { { ty_sockets_fd (a->sockets), POLLIN, 0 }, { -1, POLLIN, 0 } };
      if (b != NULL)
        fds[1].fd = ty_sockets_fd (b->sockets);
      gboolean quiet = ty_sockets_sleep (a->sockets) && (b == NULL || ty_sockets_sleep (b->sockets));
      poll (fds, 2, quiet ? 2 : 0);
    }
}

static void
send_packet (TestProc *p, gsize len_bytes)
{
  guint8 *data = g_malloc (len_bytes);
  for (gsize i = 0; i < len_bytes; i++)
    data[i] = (guint8) (i * 31 + i / 999);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, len_bytes);
  test_proc_send (p, bytes);
}

static void
assert_packet (TestProc *p, gsize len_bytes)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (seen (p)->last, &len);
  g_assert_cmpuint (len, ==, len_bytes);
  for (gsize i = 0; i < len; i++)
    if (data[i] != (guint8) (i * 31 + i / 999))
      g_error ("byte %zu of a packet is wrong", i);
}

static char *
path_address (const char *name)
{
  g_autofree char *folder = g_dir_make_tmp ("tyet-XXXXXX", NULL);
  return g_strdup_printf ("unix://%s/%s", folder, name);
}

static void
remove_path (const char *address)
{
  g_autofree char *folder = g_path_get_dirname (address + strlen ("unix://"));
  g_remove (address + strlen ("unix://"));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* ---- Exchanges ---- */

static void
exchange (const char *address, const char *dialed)
{
  TestProc *a = proc_new (1), *b = proc_new (2);
  test_proc_listen (a, address);
  g_autofree char *abstract = test_abstract ("b");
  test_proc_listen (b, g_str_has_prefix (address, "unix") ? abstract : address);
  g_assert_false (g_str_has_suffix (a->address, ":0"));
  test_proc_dial (b, dialed != NULL ? dialed : a->address);
  run_until (a, b, &a->ups, 1);
  run_until (a, b, &b->ups, 1);
  send_packet (a, 5);
  run_until (a, b, &b->packets, 1);
  assert_packet (b, 5);
  send_packet (b, 65536);
  run_until (a, b, &a->packets, 1);
  assert_packet (a, 65536);
  for (guint i = 0; i < 50; i++)
    send_packet (a, 65536 + i);
  send_packet (a, 20 * 1024 * 1024);
  send_packet (b, 3 * 1024 * 1024);
  run_until (a, b, &b->packets, 52);
  assert_packet (b, 20 * 1024 * 1024);
  run_until (a, b, &a->packets, 2);
  assert_packet (a, 3 * 1024 * 1024);
  proc_free (b);
  run_until (a, NULL, &a->deads, 1);
  proc_free (a);
}

static void
test_tcp (void)
{
  exchange ("tcp://127.0.0.1:0", NULL);
}

static void
test_tcp6 (void)
{
  int fd = socket (AF_INET6, SOCK_STREAM, 0);
  g_autofree char *has = NULL;
  if (fd >= 0)
    close (fd);
  if (fd < 0 || !g_file_get_contents ("/proc/net/if_inet6", &has, NULL, NULL) || *has == '\0')
    {
      g_test_skip ("there is no IPv6 here");
      return;
    }
  exchange ("tcp://[::1]:0", NULL);
}

static void
test_name (void)
{
  TestProc *a = proc_new (1), *b = proc_new (2);
  test_proc_listen (a, "tcp://127.0.0.1:0");
  test_proc_listen (b, "tcp://localhost:0");
  g_assert_true (g_str_has_prefix (b->address, "tcp://localhost:"));
  g_autofree char *by_name = g_strconcat ("tcp://localhost", strrchr (a->address, ':'), NULL);
  test_proc_dial (b, by_name);
  run_until (a, b, &b->ups, 1);
  g_assert_cmpstr (seen (b)->text, ==, by_name);
  /* A name that nobody has; and one whose look-up is still under way at the end. */
  test_proc_dial (b, "tcp://no-such-host.invalid:1");
  run_until (a, b, &b->failed, 1);
  g_assert_false (seen (b)->refused);
  test_proc_dial (b, "tcp://another.invalid:1");
  proc_free (b);
  proc_free (a);
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
test_unix_path (void)
{
  g_autofree char *address = path_address ("s");
  exchange (address, NULL);
  g_assert_false (g_file_test (address + strlen ("unix://"), G_FILE_TEST_EXISTS));
  remove_path (address);
}

static void
test_unix_abstract (void)
{
  g_autofree char *address = test_abstract ("a");
  exchange (address, NULL);
}

/* ---- Failures ---- */

static void
test_refused (void)
{
  TestProc *a = proc_new (1), *b = proc_new (2);
  test_proc_listen (a, "tcp://127.0.0.1:0");
  g_autofree char *gone = g_strdup (a->address);
  proc_free (a);
  test_proc_dial (b, gone);
  run_until (b, NULL, &b->failed, 1);
  g_assert_true (seen (b)->refused);
  seen (b)->refused = FALSE;
  g_autofree char *nobody = test_abstract ("nobody");
  test_proc_dial (b, nobody);
  run_until (b, NULL, &b->failed, 2);
  g_assert_true (seen (b)->refused);
  seen (b)->refused = FALSE;
  test_proc_dial (b, "unix:///nowhere/at/all");
  run_until (b, NULL, &b->failed, 3);
  g_assert_true (seen (b)->refused);
  test_proc_dial (b, "tcp://nonsense");
  run_until (b, NULL, &b->failed, 4);
  g_assert_nonnull (strstr (seen (b)->text, "there is no port"));
  proc_free (b);
}

/* The other end dies with much still unread: its death is told after the last of it that came. */
static void
test_last_words (void)
{
  TestProc *a = proc_new (1), *b = proc_new (2);
  test_proc_listen (a, "tcp://127.0.0.1:0");
  test_proc_listen (b, "tcp://127.0.0.1:0");
  test_proc_dial (b, a->address);
  run_until (a, b, &a->ups, 1);
  run_until (a, b, &b->ups, 1);
  guint sent = 0;
  /* As long as the kernel takes it. */
  while (ty_hub_waiting_bytes (b->hub, b->peer) < 4 * 1024 * 1024)
    {
      send_packet (b, 60000);
      ty_hub_flush (b->hub);
      sent++;
    }
  proc_free (b);
  run_until (a, NULL, &a->deads, 1);
  g_assert_true (g_str_has_suffix (seen (a)->order->str, "x"));
  g_assert_cmpuint (a->packets, >, 0);
  g_assert_cmpuint (a->packets, <=, sent);
  assert_packet (a, 60000);
  proc_free (a);
}

static void
assert_listen_fails (const char *address, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  TestProc *p = proc_new (1);
  g_assert_null (ty_sockets_listen (p->sockets, address, &error));
  g_assert_error (error, TYET_ERROR, code);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” does not say “%s”", error->message, part);
  proc_free (p);
}

static void
test_listen_errors (void)
{
  TestProc *a = proc_new (1);
  test_proc_listen (a, "tcp://127.0.0.1:0");
  assert_listen_fails (a->address, TYET_ERROR_ADDRESS_IN_USE, "something else listens there");
  assert_listen_fails ("tcp://192.0.2.1:0", TYET_ERROR_ADDRESS, "no address of this machine");
  assert_listen_fails ("tcp://0.0.0.0:0", TYET_ERROR_ADDRESS, "others have to dial");
  assert_listen_fails ("tcp://[::]:0", TYET_ERROR_ADDRESS, "others have to dial");
  assert_listen_fails ("tcp://no-such-host.invalid:0", TYET_ERROR_ADDRESS, "no-such-host.invalid");
  assert_listen_fails ("unix:///nowhere/at/all", TYET_ERROR_ADDRESS, "No such file");
  proc_free (a);
}

/* The file of a Unix socket: one whose owner is dead is replaced, a live one is in use, and what is no socket is let
 * be. */
static void
test_stale_path (void)
{
  g_autofree char *address = path_address ("s");
  const char *path = address + strlen ("unix://");
  TyAddress parsed;
  TySockaddr sockaddr;
  g_assert_true (ty_address_parse (address, &parsed, NULL));
  g_assert_true (ty_address_numeric (&parsed, &sockaddr));
  ty_address_clear (&parsed);
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &sockaddr.addr, sockaddr.len), ==, 0);
  close (fd);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  TestProc *a = proc_new (1), *b = proc_new (2);
  test_proc_listen (a, address);
  assert_listen_fails (address, TYET_ERROR_ADDRESS_IN_USE, "something else listens there");
  test_proc_dial (b, address);
  run_until (a, b, &b->ups, 1);
  proc_free (b);
  proc_free (a);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  assert_listen_fails (address, TYET_ERROR_ADDRESS, "no socket");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_path (address);
}

/* All that the process may have, which are few from now on. */
static void
take_descriptors (GArray *taken, struct rlimit *old)
{
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, old), ==, 0);
  struct rlimit low = { .rlim_cur = 64, .rlim_max = old->rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  for (int fd = open ("/dev/null", O_RDONLY); fd >= 0; fd = open ("/dev/null", O_RDONLY))
    g_array_append_val (taken, fd);
}

static void
give_back_descriptors (const GArray *taken, const struct rlimit *old)
{
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, old), ==, 0);
}

/* No file descriptors left: accepting rests, and goes on when there are some again. */
static void
test_no_descriptors (void)
{
  TestProc *a = proc_new (1), *b = proc_new (2);
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit old;
  g_autofree char *address = test_abstract ("full");
  test_proc_listen (a, address);
  test_proc_dial (b, a->address);
  take_descriptors (taken, &old);
  test_proc_turn (a);
  gint64 rest_us = ty_sockets_deadline (a->sockets) - now ();
  g_assert_cmpint (rest_us, >, 0);
  g_assert_cmpint (rest_us, <=, 100 * 1000);
  struct pollfd quiet = { ty_sockets_fd (a->sockets), POLLIN, 0 };
  g_assert_cmpint (poll (&quiet, 1, 0), ==, 0);
  give_back_descriptors (taken, &old);
  run_until (a, b, &a->ups, 1);
  proc_free (a);
  proc_free (b);
}

/* None at all: that is an error, and no end of the program. */
static void
test_no_descriptor_for_sockets (void)
{
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GError) error = NULL;
  struct rlimit old;
  take_descriptors (taken, &old);
  TySockets *sockets = ty_sockets_new (g_main_context_default (), NULL, NULL);
  give_back_descriptors (taken, &old);
  g_assert_null (ty_sockets_listen (sockets, "tcp://127.0.0.1:0", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  ty_sockets_free (sockets);
}

/* ---- Addresses ---- */

static void
test_addresses (void)
{
  static const char *const good[] = { "tcp://127.0.0.1:7001", "tcp://[::1]:7001", "tcp://[fe80::1%lo]:0",
                                      "tcp://host.example:65535", "unix:///run/x", "unix:@name", "unix:@a b" };
  static const char *const bad[][2] = {
    { "", "begins with neither" },
    { "127.0.0.1:7001", "begins with neither" },
    { "http://x:1", "begins with neither" },
    { "tcp://", "no port" },
    { "tcp://x", "no port" },
    { "tcp://:1", "no host" },
    { "tcp://x:", "port is not a number" },
    { "tcp://x:65536", "port is not a number" },
    { "tcp://x:-1", "port is not a number" },
    { "tcp://x:1x", "port is not a number" },
    { "tcp://::1:7001", "belongs in brackets" },
    { "tcp://[::1]", "followed by" },
    { "tcp://[::1:1", "followed by" },
    { "tcp://[]:1", "no host" },
    { "tcp://a/b:1", "character" },
    { "tcp://a b:1", "character" },
    { "tcp://a\n:1", "control" },
    { "unix:x", "unix:///absolute" },
    { "unix://x", "unix:///absolute" },
    { "unix:///", "no name" },
    { "unix:@", "no name" },
    { "unix:@\xff", "UTF-8" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      TyAddress address;
      g_autoptr (GError) error = NULL;
      ty_address_parse (good[i], &address, &error);
      g_assert_no_error (error);
      g_autofree char *back = ty_address_print (&address);
      g_assert_cmpstr (back, ==, good[i]);
      ty_address_clear (&address);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      TyAddress address;
      g_autoptr (GError) error = NULL;
      g_assert_false (ty_address_parse (bad[i][0], &address, &error));
      g_assert_error (error, TYET_ERROR, TYET_ERROR_ADDRESS);
      if (strstr (error->message, bad[i][1]) == NULL || strstr (error->message, "a good address is") == NULL)
        g_error ("“%s” does not say “%s”", error->message, bad[i][1]);
      g_assert_null (address.host);
    }
  g_autofree char *x200 = g_strnfill (200, 'x');
  g_autofree char *long_path = g_strconcat ("unix:///", x200, NULL);
  g_autofree char *too_long = g_strconcat ("tcp://", x200, x200, ":1", NULL);
  TyAddress address;
  g_assert_false (ty_address_parse (long_path, &address, NULL));
  g_assert_false (ty_address_parse (too_long, &address, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/socket/tcp", test_tcp);
  g_test_add_func ("/transport/socket/tcp6", test_tcp6);
  g_test_add_func ("/transport/socket/name", test_name);
  g_test_add_func ("/transport/socket/unix-path", test_unix_path);
  g_test_add_func ("/transport/socket/unix-abstract", test_unix_abstract);
  g_test_add_func ("/transport/socket/refused", test_refused);
  g_test_add_func ("/transport/socket/last-words", test_last_words);
  g_test_add_func ("/transport/socket/listen-errors", test_listen_errors);
  g_test_add_func ("/transport/socket/stale-path", test_stale_path);
  g_test_add_func ("/transport/socket/no-descriptors", test_no_descriptors);
  g_test_add_func ("/transport/socket/no-descriptors-for-sockets", test_no_descriptor_for_sockets);
  g_test_add_func ("/transport/socket/addresses", test_addresses);
  return g_test_run ();
}
