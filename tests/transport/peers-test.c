/* tests/transport/peers-test.c: what becomes of sessions: suspicion, limits, closing, heartbeats, acknowledgements.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-net.h"

#define MS 1000
#define S (1000 * MS)

typedef struct
{
  TestNet *net;
  TestNode *a, *b;
} Pair;

static void
set_up (Pair *p, gconstpointer data)
{
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.keep_bytes = 10000;
  p->net = test_net_new ();
  p->a = test_node_new_with (p->net, 1, "a", &config);
  p->b = test_node_new_with (p->net, 2, "b", &config);
  test_node_dial (p->a, "b", NULL);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_UP), ==, 1);
}

static void
tear_down (Pair *p, gconstpointer data)
{
  test_net_free (p->net);
}

static void
send_bytes (TestNode *from, TestNode *to, TyClass class, gsize len_bytes)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (len_bytes), len_bytes);
  test_node_send (from, test_node_peer (from, to), class, 1, bytes);
}

static TyHubStats
stats_of (TestNode *node)
{
  TyHubStats stats;
  ty_hub_get_stats (node->hub, &stats);
  return stats;
}

/* Nobody reaches anybody, though nothing refuses: a partition. */
static void
part (Pair *p)
{
  p->a->deaf = p->b->deaf = TRUE;
  test_net_cut (p->a, p->b);
}

static void
heal (Pair *p)
{
  p->a->deaf = p->b->deaf = FALSE;
}

static void
test_partition (Pair *p, gconstpointer data)
{
  part (p);
  send_bytes (p->a, p->b, TY_CLASS_DATA, 100);
  test_net_pass (p->net, 60 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_RESUMED), ==, 0);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_DIAL_FAILED), ==, 0);
  heal (p);
  test_net_pass (p->net, 6 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 1);
}

/* Suspecting closes the connection; the other end comes back at once, and nothing was lost. */
static void
test_suspect (Pair *p, gconstpointer data)
{
  send_bytes (p->a, p->b, TY_CLASS_DATA, 100);
  test_node_effect (p->a, TY_EFFECT_PEER_SUSPECT, test_node_peer (p->a, p->b));
  g_assert_cmpuint (test_node_count_links (p->a), ==, 0);
  send_bytes (p->a, p->b, TY_CLASS_CONTROL, 100);
  test_net_pass (p->net, S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DOWN), ==, 0);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 2);
}

/* We go on dialing a suspect too: the other end may not know that its connection is gone. */
static void
test_suspect_redials (Pair *p, gconstpointer data)
{
  TyLink *theirs = test_node_link (p->b);
  theirs->frozen = TRUE;
  test_node_effect (p->a, TY_EFFECT_PEER_SUSPECT, test_node_peer (p->a, p->b));
  test_net_pass (p->net, S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_RESUMED), ==, 1);
  /* There the new connection replaces the old one, and both are told of. */
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_true (theirs->closed);
}

/* More waits than is kept: the session is lost, at both ends; a new one stands when they meet again. */
static void
test_over_limit (Pair *p, gconstpointer data)
{
  guint peer = test_node_peer (p->a, p->b);
  part (p);
  test_net_pump (p->net);
  send_bytes (p->a, p->b, TY_CLASS_DATA, 9999);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), ==, 9999);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 0);
  send_bytes (p->a, p->b, TY_CLASS_DATA, 2);
  send_bytes (p->a, p->b, TY_CLASS_DATA, 2); /* swallowed */
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 1);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), ==, 0);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_LOST), ==, 0);
  heal (p);
  test_net_pass (p->net, 6 * S);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_LOST), ==, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 2);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_UP), ==, 2);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 0);
  /* Lost before up. */
  const Told *last = g_ptr_array_index (p->b->told, p->b->told->len - 1);
  while (last->type == TY_EVENT_PEER_HEARD)
    {
      g_ptr_array_set_size (p->b->told, (gint) p->b->told->len - 1);
      last = g_ptr_array_index (p->b->told, p->b->told->len - 1);
    }
  g_assert_cmpint (last->type, ==, TY_EVENT_PEER_UP);
}

/* Suspected with more on its way than is kept. */
static void
test_suspect_over_limit (Pair *p, gconstpointer data)
{
  send_bytes (p->a, p->b, TY_CLASS_DATA, 20000);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 0); /* connected: no limit of ours */
  test_node_effect (p->a, TY_EFFECT_PEER_SUSPECT, test_node_peer (p->a, p->b));
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_LOST), ==, 1);
}

/* Connected, it may take much longer; but not all the memory. */
static void
test_takes_nothing (Pair *p, gconstpointer data)
{
  guint peer = test_node_peer (p->a, p->b), n = 0;
  p->net->capacity = 0;
  do
    send_bytes (p->a, p->b, TY_CLASS_CONTROL, 100000);
  while (ty_hub_waiting_bytes (p->a->hub, peer) > 0 && ++n < 1000);
  g_assert_cmpuint (n, >, 50);
  g_assert_cmpuint (n, <, 100);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 1);
}

static void
test_close (Pair *p, gconstpointer data)
{
  p->net->capacity = 100; /* so that it takes a while */
  for (guint i = 0; i < 10; i++)
    send_bytes (p->a, p->b, TY_CLASS_DATA, 1000);
  guint peer = test_node_peer (p->a, p->b);
  test_node_effect (p->a, TY_EFFECT_PEER_CLOSE, peer);
  send_bytes (p->a, p->b, TY_CLASS_DATA, 1000); /* too late */
  test_node_forget (p->a);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 10);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_LOST), ==, 1);
  g_assert_cmpstr (test_node_last (p->b, TY_EVENT_PEER_LOST)->text, ==, "the other end closed the session");
  g_assert_cmpuint (p->a->told->len, ==, 0);
  g_assert_cmpuint (test_node_count_links (p->a), ==, 0);
  g_assert_cmpuint (test_node_count_links (p->b), ==, 0);
  g_assert_cmpint (ty_hub_deadline (p->a->hub), ==, G_MAXINT64);
  g_assert_cmpint (ty_hub_deadline (p->b->hub), ==, G_MAXINT64);
}

static void
test_close_while_down (Pair *p, gconstpointer data)
{
  part (p);
  test_net_pump (p->net);
  test_node_effect (p->a, TY_EFFECT_PEER_CLOSE, test_node_peer (p->a, p->b));
  test_node_effect (p->b, TY_EFFECT_PEER_CLOSE, test_node_peer (p->b, p->a));
  test_node_forget (p->a);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (p->a->told->len, ==, 0);
  g_assert_cmpint (ty_hub_deadline (p->a->hub), ==, G_MAXINT64);
}

/* The other end never reads on: closing waits for it as long as it gets on, not for ever. */
static void
test_close_stuck (Pair *p, gconstpointer data)
{
  p->net->capacity = 100;
  send_bytes (p->a, p->b, TY_CLASS_DATA, 1000);
  test_node_link (p->b)->frozen = TRUE;
  test_node_effect (p->a, TY_EFFECT_PEER_CLOSE, test_node_peer (p->a, p->b));
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_count_links (p->a), ==, 0);
}

/* A step that ends a peer is told nothing of what happened to it meanwhile. */
static void
test_close_with_news (Pair *p, gconstpointer data)
{
  guint peer = test_node_peer (p->a, p->b);
  send_bytes (p->b, p->a, TY_CLASS_DATA, 10);
  p->a->no_step = TRUE;
  test_net_pump (p->net);
  g_assert_true (ty_hub_has_events (p->a->hub));
  test_node_effect (p->a, TY_EFFECT_PEER_CLOSE, peer);
  p->a->no_step = FALSE;
  test_node_forget (p->a);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PACKET), ==, 0);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_HEARD), ==, 0);
}

/* An index is not given again before the node has been told that it is free. */
static void
test_indexes (Pair *p, gconstpointer data)
{
  guint old = test_node_peer (p->a, p->b);
  p->a->no_step = TRUE;
  test_node_effect (p->b, TY_EFFECT_PEER_CLOSE, test_node_peer (p->b, p->a));
  test_net_pump (p->net);
  TestNode *c = test_node_new (p->net, 3, "c");
  test_node_dial (c, "a", NULL);
  for (guint i = 0; i < 5; i++)
    {
      test_net_pump (p->net);
      ty_hub_flush (p->a->hub);
    }
  p->a->no_step = FALSE;
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 1);
  g_assert_cmpuint (test_node_peer (p->a, c), !=, old);
  TestNode *d = test_node_new (p->net, 4, "d");
  test_node_dial (d, "a", NULL);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_peer (p->a, d), ==, old);
}

static void
test_heartbeat (Pair *p, gconstpointer data)
{
  test_net_pass (p->net, S);
  test_node_forget (p->a);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_HEARD), >=, 95);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_HEARD), <=, 105);
  g_assert_cmpuint (p->a->told->len, ==, test_node_told (p->a, TY_EVENT_PEER_HEARD));
}

/* Acknowledgements: none before the step; alone when nothing carries them for half a heartbeat; carried by what goes
 * back. */
static void
test_acknowledgements (Pair *p, gconstpointer data)
{
  guint peer = test_node_peer (p->a, p->b);
  test_net_pass (p->net, 70 * MS);
  guint64 alone = stats_of (p->b).acks_alone;
  p->b->no_step = TRUE;
  send_bytes (p->a, p->b, TY_CLASS_DATA, 100);
  test_net_pump (p->net);
  send_bytes (p->b, p->a, TY_CLASS_DATA, 1);
  ty_hub_flush (p->b->hub);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PACKET), ==, 1);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), ==, 100);
  p->b->no_step = FALSE;
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 1);
  send_bytes (p->b, p->a, TY_CLASS_DATA, 1);
  test_net_pump (p->net);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), ==, 0);
  g_assert_cmpuint (stats_of (p->b).acks_alone, ==, alone);
  send_bytes (p->a, p->b, TY_CLASS_DATA, 100);
  test_net_pass (p->net, 49 * MS);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), ==, 100);
  test_net_pass (p->net, MS);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), ==, 0);
  g_assert_cmpuint (stats_of (p->b).acks_alone, ==, alone + 1);
  /* Many bytes are acknowledged with no time passing. */
  for (guint i = 0; i < 5; i++)
    send_bytes (p->a, p->b, TY_CLASS_DATA, 65536);
  test_net_pump (p->net);
  g_assert_cmpuint (ty_hub_waiting_bytes (p->a->hub, peer), <=, 65536);
}

/* Another name for a process that is there already makes no second session. */
static void
test_alias (Pair *p, gconstpointer data)
{
  TestNode *other_name = test_alien_new (p->net, "alias");
  other_name->hub = p->b->hub; /* the same process behind it */
  other_name->no_step = TRUE;
  test_node_dial (p->a, "alias", NULL);
  test_net_pass (p->net, S);
  other_name->hub = NULL;
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DOWN), ==, 0);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_DOWN), ==, 0);
  gboolean told = FALSE;
  for (guint i = 0; i < p->a->told->len; i++)
    told = told || g_strcmp0 (((Told *) g_ptr_array_index (p->a->told, i))->text, "alias") == 0;
  g_assert_true (told);
}

/* The same, both dialed at once; and the hello of the one connection, from before there was a session, comes after
 * the session stands over the other. */
static void
test_stale_hello (void)
{
  TestNet *net = test_net_new ();
  Pair p = { net, test_node_new (net, 1, "a"), test_node_new (net, 2, "b") };
  TestNode *other_name = test_alien_new (net, "alias");
  other_name->hub = p.b->hub;
  other_name->no_step = TRUE;
  test_node_dial (p.a, "alias", NULL);
  TyLink *late = test_node_link (p.a);
  while (late->dialing != NULL || late->dialed)
    test_net_pump_once (net);
  late->frozen = TRUE;
  test_net_pump (net);
  g_assert_cmpuint (late->in->len, ==, TY_HELLO_BYTES);
  test_node_dial (p.a, "b", NULL);
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_UP), ==, 1);
  late->frozen = FALSE;
  test_net_pass (net, S);
  other_name->hub = NULL;
  g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_LOST), ==, 0);
  g_assert_cmpuint (test_node_told (p.b, TY_EVENT_PEER_LOST), ==, 0);
  g_assert_cmpuint (test_node_count_links (p.a), ==, 1);
  test_net_free (net);
}

/* To ask for a connection that is there is no sign of life of whoever is at its other end. */
static void
test_dial_again (Pair *p, gconstpointer data)
{
  test_node_forget (p->a);
  test_node_dial (p->a, "b", NULL);
  test_node_dial (p->a, "b", p->b);
  test_net_pump (p->net);
  g_assert_cmpuint (p->a->told->len, ==, 0);
  g_assert_cmpuint (test_node_count_links (p->a), ==, 1);
}

/* One connection carries control ahead of data that was queued before it. */
static void
test_control_first (Pair *p, gconstpointer data)
{
  p->net->capacity = 64 * 1024;
  for (guint i = 0; i < 100; i++)
    send_bytes (p->a, p->b, TY_CLASS_DATA, 60000);
  ty_hub_flush (p->a->hub);
  send_bytes (p->a, p->b, TY_CLASS_CONTROL, 10);
  test_net_pump (p->net);
  guint before = 0;
  for (guint i = 0; i < p->b->told->len; i++)
    {
      const Told *told = g_ptr_array_index (p->b->told, i);
      if (told->type == TY_EVENT_PACKET && g_bytes_get_size (told->packet) == 10)
        break;
      before += told->type == TY_EVENT_PACKET;
    }
  g_assert_cmpuint (before, <=, 6); /* what had been gathered for one write */
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 101);
}

/* The packets of one flush go out in one call. */
static void
test_one_write (Pair *p, gconstpointer data)
{
  guint64 before = stats_of (p->a).writes;
  for (guint i = 0; i < 200; i++)
    send_bytes (p->a, p->b, TY_CLASS_DATA, 64);
  ty_hub_flush (p->a->hub);
  g_assert_cmpuint (stats_of (p->a).writes - before, ==, 1);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PACKET), ==, 200);
}

#define ADD(name, function) g_test_add ("/transport/peers/" name, Pair, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("partition", test_partition);
  ADD ("suspect", test_suspect);
  ADD ("suspect-redials", test_suspect_redials);
  ADD ("over-limit", test_over_limit);
  ADD ("suspect-over-limit", test_suspect_over_limit);
  ADD ("takes-nothing", test_takes_nothing);
  ADD ("close", test_close);
  ADD ("close-while-down", test_close_while_down);
  ADD ("close-stuck", test_close_stuck);
  ADD ("close-with-news", test_close_with_news);
  ADD ("indexes", test_indexes);
  ADD ("heartbeat", test_heartbeat);
  ADD ("acknowledgements", test_acknowledgements);
  ADD ("alias", test_alias);
  g_test_add_func ("/transport/peers/stale-hello", test_stale_hello);
  ADD ("dial-again", test_dial_again);
  ADD ("control-first", test_control_first);
  ADD ("one-write", test_one_write);
  return g_test_run ();
}
