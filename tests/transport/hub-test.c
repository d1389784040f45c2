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

#define ADD(name, function) g_test_add ("/transport/hub/" name, Pair, NULL, pair_up, function, pair_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("up", test_up);
  ADD ("cut-and-resume", test_cut_and_resume);
  return g_test_run ();
}
