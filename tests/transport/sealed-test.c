/* tests/transport/sealed-test.c: sealed connections: who is let in, what a stranger can do, keys that change.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-net.h"
#include "transport/noise.h"

#define MS 1000
#define S (1000 * MS)

static const guint8 other_secret[32] = "another network's secret";

static TestNode *
node_with (TestNet *net, guint8 pid, const char *address, const guint8 *secret, const guint8 *identity)
{
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.secret = secret;
  config.identity = identity;
  return test_node_new_with (net, pid, address, &config);
}

static TyHubStats
stats_of (TestNode *node)
{
  TyHubStats stats;
  ty_hub_get_stats (node->hub, &stats);
  return stats;
}

static void
connect_two (TestNode *a, TestNode *b)
{
  test_node_dial (a, b->address, NULL);
  test_net_pump (a->net);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_UP), ==, 1);
}

/* `a` dials `b` in vain: it is told why, at once and for good, and neither learns anything more. */
static void
assert_turned_away (TestNode *a, TestNode *b, const char *why)
{
  test_node_dial (a, b->address, NULL);
  test_net_pump (a->net);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_DIAL_FAILED), ==, 1);
  g_assert_cmpstr (test_node_last (a, TY_EVENT_DIAL_FAILED)->text, ==, why);
  test_net_pass (a->net, 10 * S);
  g_assert_cmpuint (a->told->len, ==, 1);
  g_assert_cmpuint (b->told->len, ==, 0);
  g_assert_cmpuint (test_node_count_links (a) + test_node_count_links (b), ==, 0);
}

static void
test_wrong_secret (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", other_secret, NULL);
  assert_turned_away (a, b, "b: does not let this process in: they do not have the same network secret");
  g_assert_cmpuint (stats_of (b).unproven, ==, 1);
  test_net_free (net);
}

static void
test_plain_and_sealed (void)
{
  for (guint sealed_dials = 0; sealed_dials < 2; sealed_dials++)
    {
      TestNet *net = test_net_new ();
      TyHubConfig config;
      ty_hub_config_init (&config);
      TestNode *sealed = node_with (net, 1, "sealed", test_secret, NULL);
      TestNode *plain = test_node_new_with (net, 2, "plain", &config);
      if (sealed_dials)
        assert_turned_away (sealed, plain, "plain: does not seal its connections, and this process does");
      else
        assert_turned_away (plain, sealed,
                            "sealed: wants its connections sealed, and this process does not seal");
      test_net_free (net);
    }
}

static void
write_hello (TyLink *link, guint8 pid)
{
  guint8 bytes[TY_HELLO_BYTES];
  TyHello hello = { .version = TY_WIRE_VERSION, .sealing = TY_SEALING_NOISE };
  memset (hello.pid.b, pid, sizeof hello.pid.b);
  ty_hello_write (&hello, bytes);
  test_link_write (link, bytes, sizeof bytes);
}

/* Who says that it is somebody else, or that it has lost a session, or that another is here, is not believed: no event
 * comes of a hello. */
static void
test_hello_is_not_believed (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  TestNode *alien = test_alien_new (net, "x");
  connect_two (a, b);
  test_node_forget (a);

  /* In the name of a peer, at the port. */
  TyLink *link = test_alien_dial (alien, a);
  write_hello (link, 2);
  test_net_pump (net);
  test_link_write (link, "some forty-eight bytes that are no Noise message", 48);
  test_net_pump (net);
  g_assert_cmpuint (stats_of (a).unproven, ==, 1);

  /* Dialed in search of somebody else: the answer would prove a death. */
  TestNode *c = node_with (net, 3, "c", test_secret, NULL);
  const guint8 answers[] = { 9, 2 }; /* a stranger, a peer that has lost its session */
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      test_node_dial (a, "x", i == 0 ? c : NULL);
      test_net_pump (net);
      link = test_node_link (alien);
      write_hello (link, answers[i]);
      test_net_pump (net);
      guint8 nonsense[200];
      memset (nonsense, 7, sizeof nonsense);
      test_link_write (link, nonsense, sizeof nonsense);
      test_net_pump (net);
      test_link_close (link);
    }
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DEAD), ==, 0);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_LOST), ==, 0);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DOWN), ==, 0);
  test_net_free (net);
}

/* The same from somebody who can do all of a handshake but prove the secret: in the place of one who is looked for, and
 * in the name of a peer. */
static void
test_key_without_secret (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  TestNode *stranger = node_with (net, 9, "x", other_secret, NULL);
  TestNode *wanted = node_with (net, 3, "c", test_secret, NULL);
  test_node_dial (a, "x", wanted);
  test_net_pump (net);
  g_assert_nonnull (strstr (test_node_last (a, TY_EVENT_DIAL_FAILED)->text, "the same network secret"));
  g_assert_cmpuint (stats_of (stranger).unproven, ==, 1);
  connect_two (a, b);
  node_with (net, 2, "false-b", other_secret, NULL);
  test_node_dial (a, "false-b", NULL);
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_DIAL_FAILED), ==, 2);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DEAD) + test_node_told (a, TY_EVENT_PEER_LOST), ==, 0);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DOWN), ==, 0);
  test_net_free (net);
}

/* Bytes that nobody has sealed are no sign of life, and end the connection when they are found out; the session goes on
 * over a new one. */
static void
test_injected (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  connect_two (a, b);
  test_node_forget (b);
  TyLink *link = test_node_link (a);
  test_link_write (link, "\x64\x00", 2); /* a record of 100 bytes */
  for (guint i = 0; i < 99; i++)
    {
      test_link_write (link, "x", 1);
      test_net_pump (net);
    }
  g_assert_cmpuint (b->told->len, ==, 0);
  test_link_write (link, "x", 1);
  test_net_pass (net, S);
  g_assert_cmpuint (stats_of (b).forged, ==, 1);
  g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_nonnull (strstr (test_node_last (b, TY_EVENT_PEER_DOWN)->text, "not what the other end had sealed"));
  g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_RESUMED), ==, 1);
  test_net_free (net);
}

/* The same incarnation with another key, while a session of it stands: it is not let in, and the session stays. */
static void
test_other_key (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  connect_two (a, b);
  guint8 identity[32] = { 5 };
  TestNode *false_b = node_with (net, 2, "false-b", test_secret, identity);
  test_node_dial (false_b, "a", NULL);
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (false_b, TY_EVENT_PEER_UP), ==, 0);
  g_assert_nonnull (strstr (test_node_last (false_b, TY_EVENT_DIAL_FAILED)->text, "another key"));
  test_node_dial (a, "false-b", NULL);
  test_net_pump (net);
  g_assert_nonnull (strstr (test_node_last (a, TY_EVENT_DIAL_FAILED)->text, "another key than before"));
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DOWN) + test_node_told (a, TY_EVENT_PEER_LOST), ==, 0);
  test_net_free (net);
}

/* The same, after the session is lost: whoever comes next in that name is somebody else, and the right one gets in. */
static void
test_other_key_later (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  guint8 identity[32] = { 5 };
  connect_two (a, b);
  /* What ends a session and says nothing of a death. */
  g_autoptr (GByteArray) huge = g_byte_array_new ();
  g_byte_array_set_size (huge, 70 * 1024 * 1024);
  g_autoptr (GBytes) bytes = g_bytes_new_static (huge->data, huge->len);
  b->deaf = a->deaf = TRUE;
  test_net_cut (a, b);
  test_net_pump (net);
  test_node_send (a, test_node_peer (a, b), TY_CLASS_DATA, 1, bytes);
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_LOST), ==, 1);
  test_node_forget (a);
  a->deaf = FALSE;
  TestNode *false_b = node_with (net, 2, "false-b", test_secret, identity);
  test_node_dial (false_b, "a", NULL);
  test_net_pump (net);
  g_assert_nonnull (strstr (test_node_last (false_b, TY_EVENT_DIAL_FAILED)->text, "another key"));
  test_node_dial (a, "false-b", NULL);
  test_net_pump (net);
  g_assert_nonnull (strstr (test_node_last (a, TY_EVENT_DIAL_FAILED)->text, "another key than before"));
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 0);
  test_node_kill (false_b);
  b->deaf = FALSE;
  test_net_pass (net, 2 * S);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 1);
  test_net_free (net);
}

/* The same, after this end has closed the session: for what came in it, or because nobody here wants it any more. */
static void
test_other_key_after_closing (void)
{
  for (guint wanted = 0; wanted < 2; wanted++)
    {
      TestNet *net = test_net_new ();
      TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
      guint8 identity[32] = { 5 };
      connect_two (a, b);
      TyEffect effect = { .type = TY_EFFECT_PEER_CLOSE, .peer = test_node_peer (a, b), .number = wanted };
      ty_hub_effect (a->hub, &effect);
      test_net_pump (net);
      test_node_forget (a);
      TestNode *false_b = node_with (net, 2, "false-b", test_secret, identity);
      test_node_dial (false_b, "a", NULL);
      test_net_pump (net);
      g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, wanted == 1 ? 0 : 1);
      test_net_free (net);
    }
}

/* More than one key's worth of bytes, in both directions: both ends change keys alike. */
static void
test_keys_change (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  connect_two (a, b);
  gsize big = 3 * 1024 * 1024;
  guint n = (guint) (2 * TY_CIPHER_REKEY_BYTES / big) + 2;
  for (guint i = 0; i < n; i++)
    {
      g_autofree guint8 *data = g_malloc (big);
      memset (data, (int) i, big);
      g_autoptr (GBytes) bytes = g_bytes_new (data, big);
      test_node_send (a, test_node_peer (a, b), TY_CLASS_DATA, 1, bytes);
      test_node_send (b, test_node_peer (b, a), TY_CLASS_DATA, 1, bytes);
      test_net_pump (net);
      g_assert_true (g_bytes_equal (test_node_last (b, TY_EVENT_PACKET)->packet, bytes));
      g_assert_true (g_bytes_equal (test_node_last (a, TY_EVENT_PACKET)->packet, bytes));
    }
  g_assert_cmpuint (test_node_told (b, TY_EVENT_PACKET), ==, n);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DOWN) + test_node_told (b, TY_EVENT_PEER_DOWN), ==, 0);
  test_net_free (net);
}

/* Thousands who are silent, or say a hello, or half a handshake: bounded in number and in time; those who have a
 * connection do not notice. */
static void
test_crowd (void)
{
  TestNet *net = test_net_new ();
  TestNode *a = node_with (net, 1, "a", test_secret, NULL), *b = node_with (net, 2, "b", test_secret, NULL);
  TestNode *alien = test_alien_new (net, "x");
  connect_two (a, b);
  for (guint i = 0; i < 2000; i++)
    {
      TyLink *link = test_alien_dial (alien, a);
      test_net_pump (net);
      if (i % 3 > 0)
        write_hello (link, 9);
      test_net_pump (net);
      if (i % 3 > 1)
        test_link_write (link, "0123456789", 10);
      test_net_pump (net);
      g_assert_cmpuint (test_node_count_links (a), <=, 1 + 128);
    }
  g_assert_cmpuint (stats_of (a).crowded, ==, 2000 - 128);
  guint32 number = 1;
  g_autoptr (GBytes) bytes = g_bytes_new (&number, sizeof number);
  test_node_send (b, test_node_peer (b, a), TY_CLASS_DATA, 1, bytes);
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PACKET), ==, 1);
  test_net_pass (net, 6 * S);
  g_assert_cmpuint (test_node_count_links (a), ==, 1);
  g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_DOWN), ==, 0);
  test_net_free (net);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/sealed/wrong-secret", test_wrong_secret);
  g_test_add_func ("/transport/sealed/plain-and-sealed", test_plain_and_sealed);
  g_test_add_func ("/transport/sealed/hello-is-not-believed", test_hello_is_not_believed);
  g_test_add_func ("/transport/sealed/key-without-secret", test_key_without_secret);
  g_test_add_func ("/transport/sealed/injected", test_injected);
  g_test_add_func ("/transport/sealed/other-key", test_other_key);
  g_test_add_func ("/transport/sealed/other-key-later", test_other_key_later);
  g_test_add_func ("/transport/sealed/other-key-after-closing", test_other_key_after_closing);
  g_test_add_func ("/transport/sealed/keys-change", test_keys_change);
  g_test_add_func ("/transport/sealed/crowd", test_crowd);
  return g_test_run ();
}
