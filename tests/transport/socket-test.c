/* tests/transport/socket-test.c: two hubs over real sockets: TCP, IPv6, Unix.
 *
 * The tests turn the hubs by hand: one poll of both, with the real clock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-error.h"
#include "transport/address.h"
#include "transport/socket.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST_US (20 * G_USEC_PER_SEC)

typedef struct
{
  TySockets *sockets;
  TyHub *hub;
  TyId pid;
  guint8 seed;
  char *address;
  guint ups, downs, deads, resumed, failed, packets;
  gboolean refused;
  guint peer;
  gsize packet_bytes;
  GBytes *last;
  char *text;
  char *order; /* what was told, a letter each */
} Proc;

static void
wake (gpointer data)
{
}

static void
draw (gpointer data, gpointer out, gsize len_bytes)
{
  Proc *p = data;
  for (gsize i = 0; i < len_bytes; i++)
    ((guint8 *) out)[i] = p->seed++;
}

static gint64
now (void)
{
  return g_get_monotonic_time ();
}

static Proc *
proc_new (guint8 id)
{
  Proc *p = g_new0 (Proc, 1);
  TyHubConfig config;
  ty_hub_config_init (&config);
  memset (p->pid.b, id, sizeof p->pid.b);
  config.pid = p->pid;
  config.name = "p";
  p->seed = id;
  p->order = g_strdup ("");
  p->sockets = ty_sockets_new (g_main_context_default (), wake, NULL);
  p->hub = ty_hub_new (&config, &ty_socket_ops, p->sockets, draw, p);
  ty_hub_on_time (p->hub, now ());
  ty_sockets_set_hub (p->sockets, p->hub);
  return p;
}

static void
proc_listen (Proc *p, const char *address)
{
  g_autoptr (GError) error = NULL;
  p->address = ty_sockets_listen (p->sockets, address, &error);
  g_assert_no_error (error);
  ty_hub_set_address (p->hub, p->address);
}

static void
proc_free (Proc *p)
{
  ty_hub_free (p->hub);
  ty_sockets_free (p->sockets);
  g_clear_pointer (&p->last, g_bytes_unref);
  g_free (p->address);
  g_free (p->text);
  g_free (p->order);
  g_free (p);
}

static void
take (Proc *p, const TyEvent *e)
{
  static const char letters[] = { [TY_EVENT_PEER_UP] = 'u', [TY_EVENT_PEER_DOWN] = 'd', [TY_EVENT_PEER_RESUMED] = 'r',
                                  [TY_EVENT_PEER_LOST] = 'l', [TY_EVENT_PEER_DEAD] = 'x', [TY_EVENT_PACKET] = 'p',
                                  [TY_EVENT_DIAL_FAILED] = 'f', [TY_EVENT_PEER_HEARD] = 'h' };
  char *order = g_strdup_printf ("%s%c", p->order, letters[e->type]);
  g_free (p->order);
  p->order = order;
  p->ups += e->type == TY_EVENT_PEER_UP;
  p->downs += e->type == TY_EVENT_PEER_DOWN;
  p->deads += e->type == TY_EVENT_PEER_DEAD;
  p->resumed += e->type == TY_EVENT_PEER_RESUMED;
  p->failed += e->type == TY_EVENT_DIAL_FAILED;
  if (e->type == TY_EVENT_PEER_UP)
    p->peer = e->peer;
  if (e->type == TY_EVENT_DIAL_FAILED)
    p->refused = e->dial_end == TY_DIAL_REFUSED;
  if (e->text != NULL)
    {
      g_free (p->text);
      p->text = g_strdup (e->text);
    }
  if (e->type == TY_EVENT_PACKET)
    {
      p->packets++;
      p->packet_bytes += g_bytes_get_size (e->packet);
      g_clear_pointer (&p->last, g_bytes_unref);
      p->last = g_bytes_ref (e->packet);
    }
}

/* One turn. */
static void
turn (Proc *p)
{
  guint n;
  ty_hub_on_time (p->hub, now ());
  ty_sockets_dispatch (p->sockets, now ());
  const TyEvent *events = ty_hub_events (p->hub, &n);
  for (guint i = 0; i < n; i++)
    take (p, &events[i]);
  ty_hub_events_done (p->hub);
  ty_hub_flush (p->hub);
}

/* Turns both (`b` may be NULL) until `*counter` is at least `wanted`. */
static void
run_until (Proc *a, Proc *b, const guint *counter, guint wanted)
{
  gint64 end_us = now () + LONGEST_US;
  for (;;)
    {
      turn (a);
      if (b != NULL)
        turn (b);
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
dial (Proc *p, const char *address)
{
  ty_hub_effect (p->hub, &(TyEffect){ .type = TY_EFFECT_DIAL, .address = (char *) address });
}

static void
send_packet (Proc *p, gsize len_bytes)
{
  guint8 *data = g_malloc (len_bytes);
  for (gsize i = 0; i < len_bytes; i++)
    data[i] = (guint8) (i * 31 + i / 999);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, len_bytes);
  ty_hub_effect (p->hub,
                 &(TyEffect){ .type = TY_EFFECT_SEND, .peer = p->peer, .class = TY_CLASS_DATA, .bytes = bytes });
}

static void
assert_packet (Proc *p, gsize len_bytes)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (p->last, &len);
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
  Proc *a = proc_new (1), *b = proc_new (2);
  proc_listen (a, address);
  proc_listen (b, g_str_has_prefix (address, "unix") ? "unix:@tyet-test-b" : address);
  g_assert_false (g_str_has_suffix (a->address, ":0"));
  dial (b, dialed != NULL ? dialed : a->address);
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
  Proc *a = proc_new (1), *b = proc_new (2);
  proc_listen (a, "tcp://127.0.0.1:0");
  proc_listen (b, "tcp://localhost:0");
  g_assert_true (g_str_has_prefix (b->address, "tcp://localhost:"));
  g_autofree char *by_name = g_strconcat ("tcp://localhost", strrchr (a->address, ':'), NULL);
  dial (b, by_name);
  run_until (a, b, &b->ups, 1);
  g_assert_cmpstr (b->text, ==, by_name);
  /* A name that nobody has; and one whose look-up is still under way at the end. */
  dial (b, "tcp://no-such-host.invalid:1");
  run_until (a, b, &b->failed, 1);
  g_assert_false (b->refused);
  dial (b, "tcp://another.invalid:1");
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
  exchange ("unix:@tyet-test-a", NULL);
}

/* ---- Failures ---- */

static void
test_refused (void)
{
  Proc *a = proc_new (1), *b = proc_new (2);
  proc_listen (a, "tcp://127.0.0.1:0");
  g_autofree char *gone = g_strdup (a->address);
  proc_free (a);
  dial (b, gone);
  run_until (b, NULL, &b->failed, 1);
  g_assert_true (b->refused);
  b->refused = FALSE;
  dial (b, "unix:@tyet-test-nobody");
  run_until (b, NULL, &b->failed, 2);
  g_assert_true (b->refused);
  b->refused = FALSE;
  dial (b, "unix:///nowhere/at/all");
  run_until (b, NULL, &b->failed, 3);
  g_assert_true (b->refused);
  dial (b, "tcp://nonsense");
  run_until (b, NULL, &b->failed, 4);
  g_assert_nonnull (strstr (b->text, "there is no port"));
  proc_free (b);
}

/* The other end dies with much still unread: its death is told after the last of it that came. */
static void
test_last_words (void)
{
  Proc *a = proc_new (1), *b = proc_new (2);
  proc_listen (a, "tcp://127.0.0.1:0");
  proc_listen (b, "tcp://127.0.0.1:0");
  dial (b, a->address);
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
  g_assert_true (g_str_has_suffix (a->order, "x"));
  g_assert_cmpuint (a->packets, >, 0);
  g_assert_cmpuint (a->packets, <=, sent);
  assert_packet (a, 60000);
  proc_free (a);
}

static void
assert_listen_fails (const char *address, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  Proc *p = proc_new (1);
  g_assert_null (ty_sockets_listen (p->sockets, address, &error));
  g_assert_error (error, TYET_ERROR, code);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” does not say “%s”", error->message, part);
  proc_free (p);
}

static void
test_listen_errors (void)
{
  Proc *a = proc_new (1);
  proc_listen (a, "tcp://127.0.0.1:0");
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
  Proc *a = proc_new (1), *b = proc_new (2);
  proc_listen (a, address);
  assert_listen_fails (address, TYET_ERROR_ADDRESS_IN_USE, "something else listens there");
  dial (b, address);
  run_until (a, b, &b->ups, 1);
  proc_free (b);
  proc_free (a);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  assert_listen_fails (address, TYET_ERROR_ADDRESS_IN_USE, "something else");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_path (address);
}

/* No file descriptors left: accepting rests, and goes on when there are some again. */
static void
test_no_descriptors (void)
{
  Proc *a = proc_new (1), *b = proc_new (2);
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  struct rlimit old, low;
  proc_listen (a, "unix:@tyet-test-full");
  dial (b, a->address);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  low = old;
  low.rlim_cur = 64;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  for (int fd = open ("/dev/null", O_RDONLY); fd >= 0; fd = open ("/dev/null", O_RDONLY))
    g_array_append_val (taken, fd);
  turn (a);
  gint64 rest_us = ty_sockets_deadline (a->sockets) - now ();
  g_assert_cmpint (rest_us, >, 0);
  g_assert_cmpint (rest_us, <=, 100 * 1000);
  struct pollfd quiet = { ty_sockets_fd (a->sockets), POLLIN, 0 };
  g_assert_cmpint (poll (&quiet, 1, 0), ==, 0);
  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
  run_until (a, b, &a->ups, 1);
  proc_free (a);
  proc_free (b);
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
  g_test_add_func ("/transport/socket/addresses", test_addresses);
  return g_test_run ();
}
