/* tests/transport/proxy-test.c: the same as between-test.c over real sockets: a proxy on loopback stands between two
 * hubs, which know each other by the proxy's addresses only, and does violence to a byte of their first connection.
 *
 * Bytes arrive in whatever pieces the kernel makes of them, and what is tampered with is found out while more is on its
 * way.  The claim: both get what the other sent, whole, once and in order; over another connection, if it must be.
 *
 * With TYET_TEST_LONG in the environment, every byte; else some.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/record.h"
#include "transport/socket.h"
#include "violence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS 1000
#define LONGEST_US (30 * G_USEC_PER_SEC)
#define N_PACKETS 4
#define PACKET_BYTES 20
/* Bytes between two that are tampered with, where not all are. */
#define STRIDE 11

static const guint8 secret[32] = "between these two";

/* ---- The hubs ---- */

typedef struct
{
  TySockets *sockets;
  TyHub *hub;
  guint8 id;
  GRand *rand;
  char *real; /* where it listens; the other knows its gate */
  gboolean up, lost;
  guint ups, peer, packets, failed;
  char *why; /* the last dial failed, or the connection ended */
  gint64 heard_us;
} End;

static void
wake (gpointer data)
{
}

static void
draw (gpointer data, gpointer out, gsize len_bytes)
{
  End *end = data;
  for (gsize i = 0; i < len_bytes; i++)
    ((guint8 *) out)[i] = (guint8) g_rand_int (end->rand);
}

static End *
end_new (guint8 id, guint32 seed)
{
  End *end = g_new0 (End, 1);
  TyHubConfig config;
  g_autoptr (GError) error = NULL;
  ty_hub_config_init (&config);
  memset (config.pid.b, id, sizeof config.pid.b);
  config.name = "p";
  config.secret = secret;
  config.heartbeat_us = 50 * MS;
  config.handshake_us = 80 * MS;
  config.retry_min_us = 2 * MS;
  config.retry_max_us = 20 * MS;
  end->id = id;
  end->rand = g_rand_new_with_seed (seed * 2 + id);
  end->sockets = ty_sockets_new (g_main_context_default (), wake, NULL);
  end->hub = ty_hub_new (&config, &ty_socket_ops, end->sockets, draw, end);
  ty_hub_on_time (end->hub, g_get_monotonic_time ());
  ty_sockets_set_hub (end->sockets, end->hub);
  end->real = ty_sockets_listen (end->sockets, "tcp://127.0.0.1:0", &error);
  g_assert_no_error (error);
  return end;
}

static void
end_free (End *end)
{
  ty_hub_free (end->hub);
  ty_sockets_free (end->sockets);
  g_rand_free (end->rand);
  g_free (end->real);
  g_free (end->why);
  g_free (end);
}

static void
make_packet (guint8 from, guint number, guint8 out[PACKET_BYTES])
{
  memset (out, from, PACKET_BYTES);
  out[0] = (guint8) number;
}

static void
take (End *end, const TyEvent *event)
{
  guint8 want[PACKET_BYTES];
  gsize len_bytes;
  if (event->text != NULL && event->type != TY_EVENT_PEER_HEARD)
    {
      g_free (end->why);
      end->why = g_strdup (event->text);
    }
  end->lost = end->lost || event->type == TY_EVENT_PEER_LOST || event->type == TY_EVENT_PEER_DEAD;
  end->failed += event->type == TY_EVENT_DIAL_FAILED;
  if (event->type == TY_EVENT_PEER_UP || event->type == TY_EVENT_PEER_RESUMED)
    end->up = TRUE;
  if (event->type == TY_EVENT_PEER_DOWN)
    end->up = FALSE;
  end->heard_us = g_get_monotonic_time ();
  if (event->type == TY_EVENT_PEER_UP)
    {
      end->ups++;
      end->peer = event->peer;
      for (guint i = 0; i < N_PACKETS; i++)
        {
          make_packet (end->id, i, want);
          g_autoptr (GBytes) bytes = g_bytes_new (want, sizeof want);
          ty_hub_effect (end->hub, &(TyEffect){ .type = TY_EFFECT_SEND, .peer = end->peer, .class = TY_CLASS_DATA,
                                                .stream = 1, .bytes = bytes });
        }
    }
  if (event->type == TY_EVENT_PACKET)
    {
      const guint8 *data = g_bytes_get_data (event->packet, &len_bytes);
      make_packet ((guint8) (3 - end->id), end->packets++, want);
      g_assert_cmpmem (data, len_bytes, want, sizeof want);
    }
}

/* One turn; and what the detector of a process does. */
static void
end_turn (End *end)
{
  guint n;
  gint64 now_us = g_get_monotonic_time ();
  ty_hub_on_time (end->hub, now_us);
  ty_sockets_dispatch (end->sockets, now_us);
  const TyEvent *events = ty_hub_events (end->hub, &n);
  g_autoptr (GArray) copies = g_array_new (FALSE, FALSE, sizeof (TyEvent));
  /* What a step sends goes out after it. */
  g_array_append_vals (copies, events, n);
  for (guint i = 0; i < n; i++)
    {
      TyEvent *copy = &g_array_index (copies, TyEvent, i);
      copy->text = g_strdup (copy->text);
      if (copy->packet != NULL)
        g_bytes_ref (copy->packet);
    }
  ty_hub_events_done (end->hub);
  for (guint i = 0; i < n; i++)
    {
      TyEvent *copy = &g_array_index (copies, TyEvent, i);
      take (end, copy);
      g_free ((char *) copy->text);
      if (copy->packet != NULL)
        g_bytes_unref (copy->packet);
    }
  if (end->up && now_us - end->heard_us > 100 * MS)
    {
      end->up = FALSE;
      ty_hub_effect (end->hub, &(TyEffect){ .type = TY_EFFECT_PEER_SUSPECT, .peer = end->peer });
    }
  ty_hub_flush (end->hub);
}

/* ---- The proxy ---- */

typedef struct
{
  int from, to; /* -1: closed */
  guint64 passed;
  GByteArray *waiting; /* for `to` to have room */
} Pipe;

typedef struct
{
  Pipe pipes[2]; /* the dialer's words, the acceptor's */
  gboolean first;
} Pair;

typedef struct
{
  int listener;
  guint16 port, real_port;
} Gate;

typedef struct
{
  End *ends[2];
  Gate gates[2]; /* in front of each */
  GPtrArray *pairs;
  Way way;
  guint direction;
  guint64 at;
  guint times;
  guint64 longest[2];
  GByteArray *recorded; /* of the first dialer, or NULL */
} World;

static void
gate_open (Gate *gate, End *end)
{
  struct sockaddr_in at = { .sin_family = AF_INET };
  socklen_t len = sizeof at;
  at.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  gate->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (gate->listener, (const struct sockaddr *) &at, len), ==, 0);
  g_assert_cmpint (listen (gate->listener, 16), ==, 0);
  g_assert_cmpint (getsockname (gate->listener, (struct sockaddr *) &at, &len), ==, 0);
  gate->port = ntohs (at.sin_port);
  gate->real_port = (guint16) atoi (strrchr (end->real, ':') + 1);
  g_autofree char *address = g_strdup_printf ("tcp://127.0.0.1:%u", gate->port);
  ty_hub_set_address (end->hub, address);
}

static int
connect_to (guint16 port)
{
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons (port) };
  int on = 1, fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_cmpint (connect (fd, (const struct sockaddr *) &to, sizeof to), ==, 0);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void
pair_free (gpointer data)
{
  Pair *pair = data;
  for (guint i = 0; i < 2; i++)
    {
      if (pair->pipes[i].from >= 0)
        close (pair->pipes[i].from);
      g_byte_array_unref (pair->pipes[i].waiting);
    }
  g_free (pair);
}

static void
gate_accept (World *world, Gate *gate)
{
  int on = 1, fd = accept4 (gate->listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0)
    return;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Pair *pair = g_new0 (Pair, 1);
  int there = connect_to (gate->real_port);
  pair->pipes[0] = (Pipe){ .from = fd, .to = there, .waiting = g_byte_array_new () };
  pair->pipes[1] = (Pipe){ .from = there, .to = fd, .waiting = g_byte_array_new () };
  pair->first = world->pairs->len == 0;
  g_ptr_array_add (world->pairs, pair);
}

static void
tamper (World *world, Pair *pair, guint direction, GByteArray *bytes)
{
  Pipe *pipe = &pair->pipes[direction];
  guint64 offset = pipe->passed;
  pipe->passed += bytes->len;
  if (!pair->first)
    return;
  if (world->recorded != NULL && direction == 0)
    g_byte_array_append (world->recorded, bytes->data, bytes->len);
  world->longest[direction] = pipe->passed;
  if (direction != world->direction || world->times > 0 || world->at < offset || world->at >= pipe->passed)
    return;
  world->times++;
  do_violence (world->way, world->at, bytes, (guint) (world->at - offset), pair->pipes[1 - direction].waiting);
}

static void
pass_on (Pipe *pipe)
{
  if (pipe->to < 0 || pipe->waiting->len == 0)
    return;
  gssize n = send (pipe->to, pipe->waiting->data, pipe->waiting->len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0)
    g_byte_array_remove_range (pipe->waiting, 0, (guint) n);
}

/* An end of either side is an end of both. */
static void
pair_turn (World *world, Pair *pair)
{
  gboolean over = FALSE;
  if (pair->pipes[0].from < 0)
    return;
  for (guint i = 0; i < 2; i++)
    {
      Pipe *pipe = &pair->pipes[i];
      guint8 bytes[4096];
      gssize n = recv (pipe->from, bytes, sizeof bytes, MSG_DONTWAIT);
      over = over || n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
      if (n <= 0)
        continue;
      g_autoptr (GByteArray) words = g_byte_array_new ();
      g_byte_array_append (words, bytes, (guint) n);
      tamper (world, pair, i, words);
      if (words->len > 0)
        g_byte_array_append (pipe->waiting, words->data, words->len);
    }
  for (guint i = 0; i < 2; i++)
    pass_on (&pair->pipes[i]);
  if (!over)
    return;
  for (guint i = 0; i < 2; i++)
    {
      close (pair->pipes[i].from);
      pair->pipes[i].from = pair->pipes[i].to = -1;
    }
}

static void
world_turn (World *world)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (struct pollfd));
  for (guint i = 0; i < 2; i++)
    {
      end_turn (world->ends[i]);
      gate_accept (world, &world->gates[i]);
      g_array_append_val (fds, ((struct pollfd){ ty_sockets_fd (world->ends[i]->sockets), POLLIN, 0 }));
      g_array_append_val (fds, ((struct pollfd){ world->gates[i].listener, POLLIN, 0 }));
    }
  for (guint i = 0; i < world->pairs->len; i++)
    {
      Pair *pair = world->pairs->pdata[i];
      pair_turn (world, pair);
      for (guint k = 0; k < 2; k++)
        g_array_append_val (fds, ((struct pollfd){ pair->pipes[k].from, POLLIN, 0 }));
    }
  poll (&g_array_index (fds, struct pollfd, 0), fds->len, 1);
}

static void
dial (World *world)
{
  g_autofree char *address = g_strdup_printf ("tcp://127.0.0.1:%u", world->gates[1].port);
  ty_hub_effect (world->ends[0]->hub, &(TyEffect){ .type = TY_EFFECT_DIAL, .address = address });
}

static gboolean
is_done (const World *world)
{
  return world->ends[0]->packets == N_PACKETS && world->ends[1]->packets == N_PACKETS;
}

static void
world_up (World *world, guint32 seed)
{
  world->pairs = g_ptr_array_new_with_free_func (pair_free);
  for (guint i = 0; i < 2; i++)
    {
      world->ends[i] = end_new ((guint8) (1 + i), seed);
      gate_open (&world->gates[i], world->ends[i]);
    }
}

static void
world_down (World *world)
{
  for (guint i = 0; i < 2; i++)
    {
      end_free (world->ends[i]);
      close (world->gates[i].listener);
    }
  g_ptr_array_unref (world->pairs);
}

/* Who dials may be told, in the clear or by a handshake that fails, anything but good news: then the next dial does
 * better, with nobody between. */
static void
play (World *world)
{
  End *a = world->ends[0];
  gint64 until_us = g_get_monotonic_time () + LONGEST_US;
  guint failed = 0;
  dial (world);
  while (!is_done (world))
    {
      world_turn (world);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      if (a->failed == failed)
        continue;
      failed = a->failed;
      g_assert_cmpuint (strlen (a->why), >, 3);
      dial (world);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (world->ends[i]->lost);
      g_assert_cmpuint (world->ends[i]->ups, ==, 1);
    }
}

static void
once (Way way, guint direction, guint64 at)
{
  World world = { .way = way, .direction = direction, .at = at };
  world_up (&world, (guint32) (at * N_WAYS + way));
  play (&world);
  /* (Which bytes make a record differs from run to run: the last ones may not have been there.) */
  if (at < TY_HELLO_BYTES + 48)
    g_assert_cmpuint (world.times, ==, 1);
  world_down (&world);
}

static void
test_once (gconstpointer data)
{
  Way way = GPOINTER_TO_UINT (data);
  World measured = { .at = G_MAXUINT64 };
  guint stride = g_getenv ("TYET_TEST_LONG") != NULL ? 1 : STRIDE;
  world_up (&measured, way);
  play (&measured);
  world_down (&measured);
  for (guint direction = 0; direction < 2; direction++)
    for (guint64 at = (way * 3 + direction) % stride; at < measured.longest[direction]; at += stride)
      once (way, direction, at);
}

/* What the dialer of a connection said, said again by somebody else: the handshake is not another one's. */
static void
test_played_again (void)
{
  World world = { .at = G_MAXUINT64, .recorded = g_byte_array_new () };
  TyHubStats before, after;
  guint8 bytes[1024];
  world_up (&world, 7);
  play (&world);
  ty_hub_get_stats (world.ends[1]->hub, &before);
  int fd = connect_to (world.gates[1].real_port);
  g_assert_cmpint (send (fd, world.recorded->data, world.recorded->len, MSG_NOSIGNAL), ==, world.recorded->len);
  gssize n = 1;
  while (n != 0)
    {
      world_turn (&world);
      n = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN)
        n = 0;
    }
  close (fd);
  ty_hub_get_stats (world.ends[1]->hub, &after);
  g_assert_cmpuint (after.unproven, ==, before.unproven + 1);
  g_assert_cmpuint (after.sessions + after.resumed, ==, before.sessions + before.resumed);
  g_assert_cmpuint (world.ends[1]->packets, ==, N_PACKETS);
  world_down (&world);
  g_byte_array_unref (world.recorded);
}

int
main (int argc, char **argv)
{
  /* What is said has to come past the proxy. */
  g_setenv ("TYET_SHM", "0", TRUE);
  g_test_init (&argc, &argv, NULL);
  for (guint way = 0; way < N_WAYS; way++)
    {
      g_autofree char *name = g_strdup_printf ("/transport/proxy/once/%s", way_names[way]);
      g_test_add_data_func (name, GUINT_TO_POINTER (way), test_once);
    }
  g_test_add_func ("/transport/proxy/played-again", test_played_again);
  return g_test_run ();
}
