/* tests/shm/hub-test.c: how connections go over to shared memory, in a net in memory: at every place of the stream,
 * with every size of piece, broken off at every step, and with somebody who lies.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/transport/test-net.h"

#define MS 1000
#define S (1000 * MS)
#define PACKETS 40

typedef struct
{
  TestNet *net;
  TestNode *nodes[2];
  guint sent[2]; /* packets */
} Pair;

static void
pair_begin (Pair *p, gboolean sealed)
{
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.secret = sealed ? test_secret : NULL;
  *p = (Pair){ .net = test_net_new () };
  p->net->shm = TRUE;
  p->nodes[0] = test_node_new_with (p->net, 1, "a", &config);
  p->nodes[1] = test_node_new_with (p->net, 2, "b", &config);
}

static void
pair_end (Pair *p)
{
  test_net_free (p->net);
}

static TyHubStats
stats_of (TestNode *node)
{
  TyHubStats stats;
  ty_hub_get_stats (node->hub, &stats);
  return stats;
}

static gsize
size_of (guint number)
{
  return 4 + (number % 7 == 3 ? 150 * 1000 : number * 37 % 3000);
}

/* The next packet of that end: its number, and the rest by it. */
static void
send_one (Pair *p, guint from)
{
  guint32 number = p->sent[from]++;
  guint8 *data = g_malloc (size_of (number));
  memset (data, (int) (number + from), size_of (number));
  memcpy (data, &number, sizeof number);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size_of (number));
  test_node_send (p->nodes[from], test_node_peer (p->nodes[from], p->nodes[1 - from]), TY_CLASS_DATA, 1, bytes);
}

/* All that was sent has come: whole, once, in order. */
static void
check_all (Pair *p)
{
  for (guint to = 0; to < 2; to++)
    {
      guint32 next = 0;
      for (guint i = 0; i < p->nodes[to]->told->len; i++)
        {
          const Told *told = g_ptr_array_index (p->nodes[to]->told, i);
          gsize len;
          if (told->type != TY_EVENT_PACKET)
            continue;
          const guint8 *data = g_bytes_get_data (told->packet, &len);
          g_assert_cmpmem (data, 4, &next, 4);
          g_assert_cmpuint (len, ==, size_of (next));
          for (gsize k = 4; k < len; k++)
            g_assert_cmpuint (data[k], ==, (guint8) (next + 1 - to));
          next++;
        }
      g_assert_cmpuint (next, ==, p->sent[1 - to]);
      g_assert_cmpuint (test_node_told (p->nodes[to], TY_EVENT_PEER_LOST), ==, 0);
      g_assert_cmpuint (test_node_told (p->nodes[to], TY_EVENT_PEER_DEAD), ==, 0);
      g_assert_cmpuint (test_node_told (p->nodes[to], TY_EVENT_PEER_UP), ==, 1);
    }
}

/* Until both know each other, and no further: they have not gone over yet. */
static void
meet (Pair *p)
{
  test_node_dial (p->nodes[0], "b", NULL);
  while (test_node_told (p->nodes[0], TY_EVENT_PEER_UP) == 0 || test_node_told (p->nodes[1], TY_EVENT_PEER_UP) == 0)
    g_assert_true (test_net_pump_once (p->net));
}

static void
talk (Pair *p, guint packets)
{
  for (guint i = 0; i < packets; i++)
    {
      send_one (p, i % 3 == 0);
      send_one (p, i % 2);
      test_net_pump_once (p->net);
    }
}

/* ---- Both over, whatever the pieces ---- */

typedef struct
{
  gboolean sealed;
  gsize piece, capacity;
} Way;

static const Way ways[] = {
  { FALSE, G_MAXSIZE, G_MAXSIZE }, { FALSE, 1000, G_MAXSIZE }, { FALSE, G_MAXSIZE, 1000 }, { FALSE, 333, 777 },
  { FALSE, 100000, 70001 },        { TRUE, G_MAXSIZE, G_MAXSIZE }, { TRUE, 1000, G_MAXSIZE }, { TRUE, G_MAXSIZE, 1000 },
  { TRUE, G_MAXSIZE, 1000 },       { TRUE, 333, 777 },
};

static void
test_over (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      Pair p;
      pair_begin (&p, ways[i].sealed);
      p.net->piece = ways[i].piece;
      p.net->capacity = ways[i].capacity;
      meet (&p);
      talk (&p, PACKETS);
      test_net_pump (p.net);
      check_all (&p);
      TyLink *link = test_node_link (p.nodes[0]);
      g_assert_true (link->shm_reads && link->shm_writes && link->other->shm_reads && link->other->shm_writes);
      guint64 before = link->in->len;
      talk (&p, PACKETS);
      test_net_pump (p.net);
      check_all (&p);
      g_assert_cmpuint (link->in->len, ==, before);
      for (guint k = 0; k < 2; k++)
        {
          g_assert_cmpuint (stats_of (p.nodes[k]).shm, ==, 1);
          g_assert_cmpuint (stats_of (p.nodes[k]).shm_broken + stats_of (p.nodes[k]).malformed, ==, 0);
          g_assert_cmpuint (test_node_told (p.nodes[k], TY_EVENT_PEER_DOWN), ==, 0);
        }
      pair_end (&p);
    }
}

/* One that always has more to write than goes, so that a frame is always under way: the switch waits for its end
 * only. */
static void
test_under_load (void)
{
  Pair p;
  pair_begin (&p, FALSE);
  p.net->capacity = 5000;
  meet (&p);
  for (guint i = 0; i < 400; i++)
    send_one (&p, 1);
  TyLink *link = test_node_link (p.nodes[1]);
  for (guint i = 0; i < 200 && !link->shm_writes; i++)
    test_net_pump_once (p.net);
  g_assert_true (link->shm_writes);
  /* What was acknowledged of its queue by then is little of it. */
  g_assert_cmpuint (test_node_told (p.nodes[0], TY_EVENT_PACKET), <, 40);
  test_net_pump (p.net);
  check_all (&p);
  pair_end (&p);
}

/* ---- Broken off ---- */

/* At every step of the way over, the connection breaks; then it stands again, and they go over again. */
static void
test_cut (gconstpointer sealed)
{
  gboolean done = FALSE;
  for (guint at = 0; !done; at++)
    {
      Pair p;
      pair_begin (&p, GPOINTER_TO_INT (sealed));
      p.net->piece = 400;
      p.net->capacity = 1500;
      meet (&p);
      talk (&p, 4);
      for (guint i = 0; i < at; i++)
        test_net_pump_once (p.net);
      TyLink *link = test_node_link (p.nodes[0]);
      done = at > 30 && link->shm_reads && link->shm_writes && link->other->shm_reads && link->other->shm_writes
             && link->sent > 3000;
      test_net_cut (p.nodes[0], p.nodes[1]);
      talk (&p, 4);
      test_net_pass (p.net, 3 * S);
      check_all (&p);
      g_assert_cmpuint (test_node_told (p.nodes[0], TY_EVENT_PEER_RESUMED), ==, 1);
      link = test_node_link (p.nodes[0]);
      g_assert_true (link->shm_reads && link->shm_writes);
      g_assert_cmpuint (p.net->shm_given, <=, 2);
      pair_end (&p);
    }
}

/* The process at the other end is killed: what it had written is still read, then its death is known. */
static void
test_killed (void)
{
  Pair p;
  pair_begin (&p, FALSE);
  meet (&p);
  test_net_pump (p.net);
  g_assert_true (test_node_link (p.nodes[0])->shm_reads);
  for (guint i = 0; i < 10; i++)
    send_one (&p, 1);
  ty_hub_flush (p.nodes[1]->hub);
  test_node_kill (p.nodes[1]);
  test_net_pass (p.net, S);
  g_assert_cmpuint (test_node_told (p.nodes[0], TY_EVENT_PACKET), ==, 10);
  g_assert_cmpuint (test_node_told (p.nodes[0], TY_EVENT_PEER_DEAD), ==, 1);
  pair_end (&p);
}

/* A session that is closed in good order says all it had to say, and why. */
static void
test_closed (void)
{
  Pair p;
  pair_begin (&p, TRUE);
  p.net->capacity = 2000;
  meet (&p);
  test_net_pump (p.net);
  for (guint i = 0; i < 10; i++)
    send_one (&p, 0);
  test_node_effect (p.nodes[0], TY_EFFECT_PEER_CLOSE, test_node_peer (p.nodes[0], p.nodes[1]));
  test_net_pass (p.net, S);
  g_assert_cmpuint (test_node_told (p.nodes[1], TY_EVENT_PACKET), ==, 10);
  g_assert_cmpstr (test_node_last (p.nodes[1], TY_EVENT_PEER_LOST)->text, ==, "the other end closed the session");
  pair_end (&p);
}

/* ---- Refused ---- */

/* Nothing proves who asks, or there is none: they go on as they are. */
static void
test_refused (void)
{
  for (guint i = 0; i < 4; i++)
    {
      Pair p;
      pair_begin (&p, i % 2);
      p.net->shm = i < 2;
      p.net->shm_forged = TRUE;
      meet (&p);
      talk (&p, PACKETS);
      test_net_pump (p.net);
      check_all (&p);
      g_assert_cmpuint (p.net->shm_asked, ==, i < 2 ? 1 : 0);
      g_assert_cmpuint (p.net->shm_given, ==, 0);
      g_assert_false (test_node_link (p.nodes[0])->shm_reads);
      g_assert_cmpuint (test_node_told (p.nodes[0], TY_EVENT_PEER_DOWN), ==, 0);
      pair_end (&p);
    }
}

/* What was proof for one connection is none for the next, nor is it twice for the same. */
static void
test_proof_once (void)
{
  Pair p;
  TyShmAsk ask;
  pair_begin (&p, TRUE);
  test_node_dial (p.nodes[0], "b", NULL);
  while (p.net->asks->len == 0)
    g_assert_true (test_net_pump_once (p.net));
  /* The ask is the last thing in it. */
  memcpy (&ask, (guint8 *) g_ptr_array_index (p.net->asks, 0) + 2 * sizeof (gpointer), sizeof ask);
  test_net_pump (p.net);
  g_assert_cmpuint (p.net->shm_given, ==, 1);
  g_assert_null (ty_hub_shm_asked (p.nodes[1]->hub, &ask));
  g_assert_null (ty_hub_shm_asked (p.nodes[0]->hub, &ask));
  test_net_cut (p.nodes[0], p.nodes[1]);
  test_net_pass (p.net, S);
  g_assert_cmpuint (p.net->shm_given, ==, 2);
  g_assert_null (ty_hub_shm_asked (p.nodes[1]->hub, &ask));
  memset (&ask, 0, sizeof ask);
  g_assert_null (ty_hub_shm_asked (p.nodes[1]->hub, &ask));
  pair_end (&p);
}

/* ---- Lies ---- */

/* For a while they go on without, and then they go over again. */
static void
check_rest (Pair *p)
{
  guint asked = p->net->shm_asked;
  test_net_cut (p->nodes[0], p->nodes[1]);
  talk (p, 5);
  test_net_pass (p->net, 5 * S);
  g_assert_false (test_node_link (p->nodes[0])->shm_reads);
  g_assert_cmpuint (p->net->shm_asked, ==, asked);
  test_net_pass (p->net, 60 * S);
  test_net_cut (p->nodes[0], p->nodes[1]);
  talk (p, 5);
  test_net_pass (p->net, 5 * S);
  g_assert_cmpuint (p->net->shm_asked, ==, asked + 1);
  g_assert_true (test_node_link (p->nodes[0])->shm_reads);
  check_all (p);
}

/* The counters are nonsense, or the bytes are: the connection ends, the session goes on over the next one. */
static void
test_broken (gconstpointer garbage)
{
  for (guint whose = 0; whose < 2; whose++)
    {
      Pair p;
      pair_begin (&p, TRUE);
      meet (&p);
      talk (&p, PACKETS);
      test_net_pump (p.net);
      TyLink *link = test_node_link (p.nodes[whose]);
      talk (&p, PACKETS);
      g_assert_true (link->shm_reads);
      if (GPOINTER_TO_INT (garbage))
        {
          guint8 nonsense[100];
          memset (nonsense, 0xa5, sizeof nonsense);
          g_byte_array_append (link->shm_in, nonsense, sizeof nonsense);
        }
      else
        link->shm_broken = TRUE;
      test_net_pass (p.net, S);
      check_all (&p);
      g_assert_true (link->closed || link->ended);
      g_assert_cmpuint (stats_of (p.nodes[whose]).shm_broken, ==, 1);
      g_assert_cmpuint (test_node_told (p.nodes[whose], TY_EVENT_PEER_RESUMED), ==, 1);
      check_rest (&p);
      pair_end (&p);
    }
}

/* Somebody on the wire adds bytes behind the switch, that nobody has sealed. */
static void
add_behind (TyLink *link, guint64 offset, GByteArray *bytes, gpointer data)
{
  guint *left = data;
  guint8 more[TY_RECORD_HEAD_BYTES + 1] = { 0 };
  if (!link->shm || link->shm_writes || *left == 0)
    return;
  --*left;
  TyRecordHead head = { .kind = TY_RECORD_FRAME, .part = TY_FRAME_WHOLE, .body_bytes = 1, .number = 1 };
  ty_record_head_write (&head, more);
  g_byte_array_append (bytes, more, sizeof more);
}

static void
test_behind (gconstpointer sealed)
{
  Pair p;
  guint left = 1;
  pair_begin (&p, GPOINTER_TO_INT (sealed));
  p.net->tamper = add_behind;
  p.net->tamper_data = &left;
  meet (&p);
  test_net_pass (p.net, S);
  g_assert_cmpuint (left, ==, 0);
  talk (&p, PACKETS);
  test_net_pass (p.net, S);
  check_all (&p);
  g_assert_cmpuint (stats_of (p.nodes[0]).shm_broken, ==, 1);
  g_assert_cmpuint (test_node_told (p.nodes[0], TY_EVENT_PEER_RESUMED), ==, 1);
  pair_end (&p);
}

/* A process that has nothing of the kind says that it goes over to it. */
static void
test_switch_to_nothing (void)
{
  TestNet *net = test_net_new ();
  TestNode *node = test_node_new (net, 1, "a"), *alien = test_alien_new (net, "x");
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 hello[TY_HELLO_BYTES], head[TY_RECORD_HEAD_BYTES];
  TyHello says = { .version = TY_WIRE_VERSION, .pid.b = { 9 } };
  TyIntro intro = { .session.b = { 7 }, .next = 1, .name = (char *) "x", .address = (char *) "x" };
  net->shm = TRUE;
  TyLink *link = test_alien_dial (alien, node);
  ty_hello_write (&says, hello);
  g_byte_array_append (bytes, hello, sizeof hello);
  ty_intro_write (&intro, bytes);
  ty_record_head_write (&(TyRecordHead){ .kind = TY_RECORD_SWITCH, .ack = 1 }, head);
  g_byte_array_append (bytes, head, sizeof head);
  test_link_write (link, bytes->data, bytes->len);
  test_net_pump (net);
  g_assert_true (link->other->closed);
  g_assert_cmpuint (stats_of (node).shm_broken, ==, 1);
  g_assert_cmpuint (test_node_told (node, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (node, TY_EVENT_PEER_DOWN), ==, 1);
  test_net_free (net);
}

/* An offer as it should be, and others, which are none. */
static void
test_offer (void)
{
  static const char *const places[] = { "p", "tyet-shm-0123456789abcdef0123456789abcdef", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      TyIntro out, in = { .session.b = { 7 }, .next = 1, .name = (char *) "x", .address = (char *) "y" };
      in.shm_place = (char *) places[i];
      memset (in.shm_token, 5, sizeof in.shm_token);
      ty_intro_write (&in, bytes);
      guint8 *body = bytes->data + TY_RECORD_HEAD_BYTES;
      gsize n = bytes->len - TY_RECORD_HEAD_BYTES;
      g_assert_true (ty_intro_read (body, n, &out));
      g_assert_cmpstr (out.shm_place, ==, places[i]);
      g_assert_cmpmem (out.shm_token, places[i] != NULL ? 32 : 0, in.shm_token, places[i] != NULL ? 32 : 0);
      ty_intro_clear (&out);
      if (places[i] == NULL)
        continue;
      body[n - 1] = ' '; /* in the name of the place */
      g_assert_true (ty_intro_read (body, n, &out));
      g_assert_null (out.shm_place);
      ty_intro_clear (&out);
      body[n - 1] = 'q';
      body[n - strlen (places[i]) - 33] = 2; /* of another kind */
      g_assert_true (ty_intro_read (body, n, &out));
      g_assert_null (out.shm_place);
      ty_intro_clear (&out);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shm/hub/over", test_over);
  g_test_add_func ("/shm/hub/under-load", test_under_load);
  g_test_add_data_func ("/shm/hub/cut/plain", GINT_TO_POINTER (FALSE), test_cut);
  g_test_add_data_func ("/shm/hub/cut/sealed", GINT_TO_POINTER (TRUE), test_cut);
  g_test_add_func ("/shm/hub/killed", test_killed);
  g_test_add_func ("/shm/hub/closed", test_closed);
  g_test_add_func ("/shm/hub/refused", test_refused);
  g_test_add_func ("/shm/hub/proof-once", test_proof_once);
  g_test_add_data_func ("/shm/hub/broken/counters", GINT_TO_POINTER (FALSE), test_broken);
  g_test_add_data_func ("/shm/hub/broken/bytes", GINT_TO_POINTER (TRUE), test_broken);
  g_test_add_data_func ("/shm/hub/behind/plain", GINT_TO_POINTER (FALSE), test_behind);
  g_test_add_data_func ("/shm/hub/behind/sealed", GINT_TO_POINTER (TRUE), test_behind);
  g_test_add_func ("/shm/hub/switch-to-nothing", test_switch_to_nothing);
  g_test_add_func ("/shm/hub/offer", test_offer);
  return g_test_run ();
}
