/* tests/transport/hub-test.c: the hub among others, over a net in memory.
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

/* Handshakes take their time. */
static guint32
seeds (guint32 n)
{
  return g_getenv ("TYET_TEST_SEALED") != NULL ? n / 10 : n;
}

static void
pair_up (Pair *p, gconstpointer data)
{
  p->net = test_net_new ();
  p->a = test_node_new (p->net, 1, "a");
  p->b = test_node_new (p->net, 2, "b");
}

static void
pair_down (Pair *p, gconstpointer data)
{
  test_net_free (p->net);
}

static void
pair_connect (Pair *p)
{
  test_node_dial (p->a, "b", NULL);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_UP), ==, 1);
}

static void
send_number (TestNode *from, TestNode *to, TyClass class, guint stream, guint32 number)
{
  g_autoptr (GBytes) bytes = g_bytes_new (&number, sizeof number);
  test_node_send (from, test_node_peer (from, to), class, stream, bytes);
}

/* All packets received so far are the numbers 1, 2, ...: `n` of them. */
static void
assert_numbers (TestNode *node, guint32 n)
{
  guint32 next = 1;
  for (guint i = 0; i < node->told->len; i++)
    {
      const Told *told = g_ptr_array_index (node->told, i);
      if (told->type != TY_EVENT_PACKET)
        continue;
      g_assert_cmpuint (g_bytes_get_size (told->packet), ==, sizeof next);
      g_assert_cmpuint (*(const guint32 *) g_bytes_get_data (told->packet, NULL), ==, next);
      next++;
    }
  g_assert_cmpuint (next - 1, ==, n);
}

static void
test_up (Pair *p, gconstpointer data)
{
  pair_connect (p);
  const Told *up = test_node_last (p->a, TY_EVENT_PEER_UP);
  g_assert_true (ty_id_equal (&up->pid, &p->b->pid));
  g_assert_cmpstr (up->name, ==, "n2");
  g_assert_cmpstr (up->address, ==, "b");
  send_number (p->a, p->b, TY_CLASS_DATA, 1, 1);
  send_number (p->b, p->a, TY_CLASS_CONTROL, 0, 1);
  test_net_pump (p->net);
  assert_numbers (p->a, 1);
  assert_numbers (p->b, 1);
}

static void
test_cut_and_resume (Pair *p, gconstpointer data)
{
  pair_connect (p);
  for (guint32 i = 1; i <= 10; i++)
    send_number (p->a, p->b, TY_CLASS_DATA, 1, i);
  ty_hub_flush (p->a->hub);
  test_net_cut (p->a, p->b);
  test_net_pass (p->net, S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_RESUMED), ==, 1);
  g_assert_cmpuint (test_node_count_links (p->a), ==, 1);
  g_assert_cmpuint (test_node_count_links (p->b), ==, 1);
  assert_numbers (p->b, 10);
}

static void
test_kill (Pair *p, gconstpointer data)
{
  pair_connect (p);
  send_number (p->b, p->a, TY_CLASS_DATA, 1, 1);
  ty_hub_flush (p->b->hub);
  test_node_kill (p->b);
  test_net_pump (p->net);
  /* At once: no time has passed. What it had said comes first. */
  assert_numbers (p->a, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DEAD), ==, 1);
  const Told *last = g_ptr_array_index (p->a->told, p->a->told->len - 1);
  g_assert_cmpint (last->type, ==, TY_EVENT_PEER_DEAD);
  g_assert_true (ty_id_equal (&last->pid, &p->b->pid));
  g_assert_nonnull (strstr (last->text, "refuses"));
}

/* The end of the other is known before its last bytes are read: the death is told after them all the same. */
static void
test_kill_unread (Pair *p, gconstpointer data)
{
  pair_connect (p);
  p->net->early_hangup = TRUE;
  p->net->piece = 1;
  send_number (p->b, p->a, TY_CLASS_DATA, 1, 1);
  ty_hub_flush (p->b->hub);
  test_node_kill (p->b);
  test_net_pump (p->net);
  assert_numbers (p->a, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DOWN), ==, 1);
  const Told *last = g_ptr_array_index (p->a->told, p->a->told->len - 1);
  g_assert_cmpint (last->type, ==, TY_EVENT_PEER_DEAD);
}

/* The end of a connection is known before its last bytes are read, and the other end is alive: the session goes on
 * over a new one, and what was unread on the old one comes once. */
static void
test_resumed_unread (Pair *p, gconstpointer data)
{
  pair_connect (p);
  p->net->early_hangup = TRUE;
  for (gsize piece = 1; piece < 200; piece++)
    {
      p->net->piece = piece;
      for (guint32 i = 1; i <= 5; i++)
        send_number (p->b, p->a, TY_CLASS_DATA, 1, i);
      ty_hub_flush (p->b->hub);
      test_node_effect (p->b, TY_EFFECT_PEER_SUSPECT, test_node_peer (p->b, p->a));
      for (gsize i = 0; i < piece; i++)
        test_net_pump_once (p->net);
      test_net_pass (p->net, S);
      assert_numbers (p->a, 5);
      g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_LOST), ==, 0);
      for (guint i = p->a->told->len; i > 0; i--)
        if (((Told *) g_ptr_array_index (p->a->told, i - 1))->type == TY_EVENT_PACKET)
          g_ptr_array_remove_index (p->a->told, i - 1);
    }
}

static void
test_kill_not_believed (void)
{
  TestNet *net = test_net_new ();
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.refusal_is_death = FALSE;
  Pair p = { net, test_node_new_with (net, 1, "a", &config), test_node_new (net, 2, "b") };
  pair_connect (&p);
  test_node_kill (p.b);
  test_net_pass (net, 10 * S);
  g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_DEAD), ==, 0);
  test_net_free (net);
}

/* Another incarnation has taken the place of the dead one before anybody came to ask. */
static void
test_replaced (Pair *p, gconstpointer data)
{
  pair_connect (p);
  test_node_kill (p->b);
  TestNode *c = test_node_new (p->net, 3, "b");
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DEAD), ==, 1);
  g_assert_nonnull (strstr (test_node_last (p->a, TY_EVENT_PEER_DEAD)->text, "another incarnation"));
  g_assert_cmpuint (test_node_told (c, TY_EVENT_PEER_UP), ==, 0);
}

static void
test_wanted_other (Pair *p, gconstpointer data)
{
  TestNode *c = test_node_new (p->net, 3, "c");
  test_node_dial (p->a, "b", c);
  test_net_pump (p->net);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DEAD), ==, 1);
  g_assert_true (ty_id_equal (&test_node_last (p->a, TY_EVENT_PEER_DEAD)->pid, &c->pid));
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 0);
}

static void
test_refused (Pair *p, gconstpointer data)
{
  test_node_dial (p->a, "nowhere", NULL);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_DIAL_FAILED), ==, 1);
  const Told *failed = test_node_last (p->a, TY_EVENT_DIAL_FAILED);
  g_assert_cmpint (failed->dial_end, ==, TY_DIAL_REFUSED);
  g_assert_cmpstr (failed->address, ==, "nowhere");
  g_assert_cmpstr (failed->text, ==, "nowhere: nobody listens there");
}

static void
test_bad_address (Pair *p, gconstpointer data)
{
  test_node_dial (p->a, "bad", NULL);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_DIAL_FAILED), ==, 1);
}

static void
test_oneself (Pair *p, gconstpointer data)
{
  test_node_dial (p->a, "a", NULL);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_DIAL_FAILED), ==, 1);
  g_assert_nonnull (strstr (test_node_last (p->a, TY_EVENT_DIAL_FAILED)->text, "this process itself"));
  g_assert_cmpuint (test_node_count_links (p->a), ==, 0);
}

/* Nobody answers, then somebody does. */
static void
test_late (Pair *p, gconstpointer data)
{
  p->b->deaf = TRUE;
  test_node_dial (p->a, "b", NULL);
  test_net_pass (p->net, 12 * S);
  guint failed = test_node_told (p->a, TY_EVENT_DIAL_FAILED);
  g_assert_cmpuint (failed, ==, 2);
  g_assert_nonnull (strstr (test_node_last (p->a, TY_EVENT_DIAL_FAILED)->text, "no answer for 5 s"));
  p->b->deaf = FALSE;
  test_net_pass (p->net, 6 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 1);
}

/* A contact that is never there is given up some time after it was last asked for. */
static void
test_never (Pair *p, gconstpointer data)
{
  p->b->deaf = TRUE;
  test_node_dial (p->a, "b", NULL);
  test_net_pass (p->net, 120 * S);
  g_assert_cmpint (ty_hub_deadline (p->a->hub), ==, G_MAXINT64);
}

static void
test_both_dial (Pair *p, gconstpointer data)
{
  test_node_dial (p->a, "b", NULL);
  test_node_dial (p->b, "a", NULL);
  test_net_pump (p->net);
  /* With no time passing: neither waits for a second try. */
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_UP), ==, 1);
  test_net_pass (p->net, 10 * S);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_PEER_DOWN), ==, 0);
  g_assert_cmpuint (test_node_told (p->b, TY_EVENT_PEER_DOWN), ==, 0);
  g_assert_cmpuint (test_node_told (p->a, TY_EVENT_DIAL_FAILED), ==, 0);
  g_assert_cmpuint (test_node_count_links (p->a), ==, 1);
  g_assert_cmpuint (test_node_count_links (p->b), ==, 1);
}

/* One link's pump at a time, in an order that a seed draws: both dial, whatever comes first. */
static gboolean
pump_some (TestNet *net, GRand *rand)
{
  for (guint i = 0; i < net->links->len; i++)
    ((TyLink *) g_ptr_array_index (net->links, i))->frozen = g_rand_int_range (rand, 0, 3) > 0;
  gboolean did = test_net_pump_once (net);
  for (guint i = 0; i < net->links->len; i++)
    ((TyLink *) g_ptr_array_index (net->links, i))->frozen = FALSE;
  return did;
}

static void
test_both_dial_any_order (void)
{
  for (guint32 seed = 0; seed < seeds (3000); seed++)
    {
      TestNet *net = test_net_new ();
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      net->piece = (gsize) g_rand_int_range (rand, 8, 200);
      TestNode *a = test_node_new (net, 1, "a");
      TestNode *b = test_node_new (net, 2, "b");
      test_node_dial (a, "b", NULL);
      guint steps = (guint) g_rand_int_range (rand, 0, 20);
      for (guint i = 0; i < steps; i++)
        pump_some (net, rand);
      test_node_dial (b, "a", NULL);
      for (guint i = 0; i < 200; i++)
        pump_some (net, rand);
      test_net_pump (net);
      g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 1);
      g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_UP), ==, 1);
      test_net_pass (net, 3 * S);
      g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 1);
      g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_UP), ==, 1);
      g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DOWN), ==, 0);
      g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_DOWN), ==, 0);
      g_assert_cmpuint (test_node_count_links (a), ==, 1);
      g_assert_cmpuint (test_node_count_links (b), ==, 1);
      test_net_free (net);
    }
}

/* Cuts at any moment, also in the middle of a handshake, with both ends dialing again each time: nothing is lost,
 * nothing comes twice, nothing changes its order. */
static void
test_cuts_anywhere (void)
{
  for (guint32 seed = 0; seed < seeds (1000); seed++)
    {
      TestNet *net = test_net_new ();
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      net->piece = (gsize) g_rand_int_range (rand, 1, 100);
      net->capacity = (gsize) g_rand_int_range (rand, 1, 400);
      net->early_hangup = g_rand_boolean (rand);
      Pair p = { net, test_node_new (net, 1, "a"), test_node_new (net, 2, "b") };
      pair_connect (&p);
      guint32 from_a = 0, from_b = 0;
      for (guint round = 0; round < 40; round++)
        {
          for (gint i = g_rand_int_range (rand, 0, 5); i > 0; i--)
            send_number (p.a, p.b, TY_CLASS_DATA, 1, ++from_a);
          for (gint i = g_rand_int_range (rand, 0, 5); i > 0; i--)
            send_number (p.b, p.a, TY_CLASS_DATA, 1, ++from_b);
          for (gint i = g_rand_int_range (rand, 0, 30); i > 0; i--)
            pump_some (net, rand);
          if (g_rand_int_range (rand, 0, 3) == 0)
            test_net_cut (p.a, p.b);
          if (g_rand_int_range (rand, 0, 3) == 0)
            test_net_pass (net, g_rand_int_range (rand, 0, 50 * MS));
        }
      test_net_pass (net, 20 * S);
      g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_LOST), ==, 0);
      g_assert_cmpuint (test_node_told (p.b, TY_EVENT_PEER_LOST), ==, 0);
      g_assert_cmpuint (test_node_told (p.a, TY_EVENT_PEER_UP), ==, 1);
      assert_numbers (p.a, from_b);
      assert_numbers (p.b, from_a);
      g_assert_cmpuint (test_node_count_links (p.a), ==, 1);
      g_assert_cmpuint (test_node_count_links (p.b), ==, 1);
      test_net_free (net);
    }
}

#define ADD(name, function) g_test_add ("/transport/hub/" name, Pair, NULL, pair_up, function, pair_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("up", test_up);
  ADD ("cut-and-resume", test_cut_and_resume);
  ADD ("kill", test_kill);
  ADD ("kill-unread", test_kill_unread);
  ADD ("resumed-unread", test_resumed_unread);
  g_test_add_func ("/transport/hub/kill-not-believed", test_kill_not_believed);
  ADD ("replaced", test_replaced);
  ADD ("wanted-other", test_wanted_other);
  ADD ("refused", test_refused);
  ADD ("bad-address", test_bad_address);
  ADD ("oneself", test_oneself);
  ADD ("late", test_late);
  ADD ("never", test_never);
  ADD ("both-dial", test_both_dial);
  g_test_add_func ("/transport/hub/both-dial-any-order", test_both_dial_any_order);
  g_test_add_func ("/transport/hub/cuts-anywhere", test_cuts_anywhere);
  return g_test_run ();
}
