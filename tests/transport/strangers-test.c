/* tests/transport/strangers-test.c: the hub and others that are no tyet processes, or behave like none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-net.h"

#define MS 1000
#define S (1000 * MS)

typedef struct
{
  TestNet *net;
  TestNode *a;
  TestNode *alien;
} Case;

static void
set_up (Case *c, gconstpointer data)
{
  c->net = test_net_new ();
  c->a = test_node_new (c->net, 1, "a");
  c->alien = test_alien_new (c->net, "x");
}

static void
tear_down (Case *c, gconstpointer data)
{
  test_net_free (c->net);
}

static TyHubStats
stats_of (TestNode *node)
{
  TyHubStats stats;
  ty_hub_get_stats (node->hub, &stats);
  return stats;
}

/* `a` dials the alien, which answers so. */
static TyLink *
dial_and_answer (Case *c, gconstpointer bytes, gsize len_bytes)
{
  test_node_dial (c->a, "x", NULL);
  test_net_pump (c->net);
  TyLink *link = test_node_link (c->alien);
  g_assert_nonnull (link);
  test_link_write (link, bytes, len_bytes);
  test_net_pump (c->net);
  return link;
}

static void
assert_failed_for_good (Case *c, const char *text)
{
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_DIAL_FAILED), ==, 1);
  g_assert_cmpstr (test_node_last (c->a, TY_EVENT_DIAL_FAILED)->text, ==, text);
  g_assert_false (test_node_last (c->a, TY_EVENT_DIAL_FAILED)->dial_end == TY_DIAL_REFUSED);
  test_net_pass (c->net, 10 * S);
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_DIAL_FAILED), ==, 1);
  g_assert_cmpuint (test_node_count_links (c->a), ==, 0);
  g_assert_cmpint (ty_hub_deadline (c->a->hub), ==, G_MAXINT64);
}

static void
make_hello (guint8 out[TY_HELLO_BYTES], guint16 version, guint8 what, guint8 pid)
{
  TyHello hello = { .version = version, .what = what };
  memset (hello.pid.b, pid, sizeof hello.pid.b);
  ty_hello_write (&hello, out);
}

static void
test_http (Case *c, gconstpointer data)
{
  const char *answer = "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n";
  dial_and_answer (c, answer, strlen (answer));
  g_assert_cmpuint (stats_of (c->a).alien, ==, 1);
  assert_failed_for_good (c, "x: speaks HTTP, not the protocol of tyet");
}

static void
test_text (Case *c, gconstpointer data)
{
  const char *answer = "SSH-2.0-OpenSSH_9.2p1\r\n";
  dial_and_answer (c, answer, strlen (answer));
  assert_failed_for_good (c, "x: speaks something else than the protocol of tyet; "
                             "it begins with SSH-2.0-OpenSSH_9.2p1");
}

static void
test_binary (Case *c, gconstpointer data)
{
  dial_and_answer (c, "\x16\x03\x01", 3);
  assert_failed_for_good (c, "x: speaks something else than the protocol of tyet; it begins with 16 03 01 ");
}

static void
test_newer_answers (Case *c, gconstpointer data)
{
  guint8 hello[TY_HELLO_BYTES];
  make_hello (hello, 7, TY_HELLO, 9);
  /* No more than the part that all versions have in common need come. */
  dial_and_answer (c, hello, TY_HELLO_PREFIX_BYTES);
  g_assert_cmpuint (stats_of (c->a).other_version, ==, 1);
  assert_failed_for_good (c, "x: speaks version 7 of the protocol, this is version 1");
}

static void
test_newer_dials (Case *c, gconstpointer data)
{
  guint8 hello[TY_HELLO_BYTES];
  TyHello answer;
  make_hello (hello, 7, TY_HELLO, 9);
  TyLink *link = test_alien_dial (c->alien, c->a);
  test_link_write (link, hello, sizeof hello);
  test_net_pump (c->net);
  g_assert_cmpuint (stats_of (c->a).other_version, ==, 1);
  g_assert_cmpint (ty_hello_read (link->in->data, link->in->len, &answer), ==, TY_HELLO_GOOD);
  g_assert_cmpuint (answer.version, ==, 1);
  g_assert_cmpuint (answer.what, ==, TY_HELLO_REFUSED_VERSION);
  /* It is given time to read that, and no more. */
  g_assert_cmpuint (test_node_count_links (c->a), ==, 1);
  test_net_pass (c->net, 2 * S);
  g_assert_cmpuint (test_node_count_links (c->a), ==, 0);
}

static void
test_sealed (Case *c, gconstpointer data)
{
  guint8 hello[TY_HELLO_BYTES];
  make_hello (hello, 1, TY_HELLO_REFUSED_SEALING, 9);
  dial_and_answer (c, hello, sizeof hello);
  assert_failed_for_good (c, "x: wants its connections sealed, and this process does not seal");
}

static void
test_closes (Case *c, gconstpointer data)
{
  test_node_dial (c->a, "x", NULL);
  test_net_pump (c->net);
  test_link_close (test_node_link (c->alien));
  test_net_pump (c->net);
  /* A crowd there may have pushed this process out. */
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_DIAL_FAILED), ==, 0);
  for (guint i = 0; i < 20 && test_node_told (c->a, TY_EVENT_DIAL_FAILED) == 0; i++)
    {
      test_net_pass (c->net, S);
      TyLink *link = test_node_link (c->alien);
      g_assert_true (link != NULL || i > 0);
      if (link != NULL)
        test_link_close (link);
      test_net_pump (c->net);
    }
  assert_failed_for_good (c, "x: accepted the connection and closed it without a word");
}

static void
test_silent (Case *c, gconstpointer data)
{
  test_node_dial (c->a, "x", NULL);
  test_net_pass (c->net, 5 * S - 1);
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_DIAL_FAILED), ==, 0);
  test_net_pass (c->net, 1);
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_DIAL_FAILED), ==, 1);
  g_assert_cmpstr (test_node_last (c->a, TY_EVENT_DIAL_FAILED)->text, ==,
                   "x: accepted the connection, but said nothing for 5 s (trying again)");
  g_assert_cmpuint (stats_of (c->a).silent, ==, 1);
}

static void
test_begins_and_stops (Case *c, gconstpointer data)
{
  dial_and_answer (c, "tyet\r\n", 6);
  test_net_pass (c->net, 5 * S);
  g_assert_cmpstr (test_node_last (c->a, TY_EVENT_DIAL_FAILED)->text, ==,
                   "x: began to shake hands, but did not end it within 5 s (trying again)");
}

static void
test_intro_of_nonsense (Case *c, gconstpointer data)
{
  guint8 bytes[TY_HELLO_BYTES + 100] = { 0 };
  make_hello (bytes, 1, TY_HELLO, 9);
  memset (bytes + TY_HELLO_BYTES, 0xff, 100);
  dial_and_answer (c, bytes, sizeof bytes);
  g_assert_cmpuint (stats_of (c->a).malformed, ==, 1);
  assert_failed_for_good (c, "x: sent a record that is too long");
}

/* Somebody connects and sends an HTTP request. */
static void
test_asked_by_http (Case *c, gconstpointer data)
{
  TyLink *link = test_alien_dial (c->alien, c->a);
  test_link_write (link, "GET / HTTP/1.1\r\n", 16);
  test_net_pump (c->net);
  g_assert_cmpuint (stats_of (c->a).alien, ==, 1);
  g_assert_cmpuint (test_node_count_links (c->a), ==, 0);
  g_assert_cmpuint (c->a->told->len, ==, 0);
}

/* Those who connect and say nothing are bounded in number and in time, and do not keep an honest one out. */
static void
test_crowd (Case *c, gconstpointer data)
{
  for (guint i = 0; i < 200; i++)
    {
      test_alien_dial (c->alien, c->a);
      test_net_pump (c->net);
      g_assert_cmpuint (test_node_count_links (c->a), <=, 128);
    }
  g_assert_cmpuint (stats_of (c->a).crowded, ==, 200 - 128);
  TestNode *b = test_node_new (c->net, 2, "b");
  test_node_dial (b, "a", NULL);
  test_net_pump (c->net);
  g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_UP), ==, 1);
  test_net_pass (c->net, 5 * S);
  g_assert_cmpuint (test_node_count_links (c->a), ==, 1);
}

/* Random bytes from somebody who connects: in every stage of the handshake, and behind it. */
static void
random_bytes (guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  TestNet *net = test_net_new ();
  TestNode *a = test_node_new (net, 1, "a");
  TestNode *alien = test_alien_new (net, "x");
  TyLink *link = test_alien_dial (alien, a);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint stage = seed % 4;
  net->piece = (gsize) g_rand_int_range (rand, 1, 300);
  if (stage > 0)
    {
      g_byte_array_set_size (bytes, TY_HELLO_BYTES);
      make_hello (bytes->data, 1, TY_HELLO, 9);
    }
  if (stage > 1)
    {
      TyIntro intro = { .session.b = { 7 }, .next = 1, .name = (char *) "x", .address = (char *) "x" };
      ty_intro_write (&intro, bytes);
    }
  if (stage > 2)
    {
      /* A head that is nearly right goes further than noise. */
      guint8 head[TY_RECORD_HEAD_BYTES];
      TyRecordHead record = { .kind = TY_RECORD_FRAME, .number = 1 };
      record.body_bytes = (guint32) g_rand_int_range (rand, 1, 200);
      record.part = (guint8) (g_rand_int_range (rand, 0, 4) << 4);
      record.ack = (guint64) g_rand_int_range (rand, 0, 3);
      ty_record_head_write (&record, head);
      if (g_rand_boolean (rand))
        head[g_rand_int_range (rand, 0, sizeof head)] ^= (guint8) (1 << g_rand_int_range (rand, 0, 8));
      g_byte_array_append (bytes, head, sizeof head);
    }
  for (gint i = g_rand_int_range (rand, 0, 400); i > 0; i--)
    {
      guint8 byte = (guint8) g_rand_int (rand);
      g_byte_array_append (bytes, &byte, 1);
    }
  test_link_write (link, bytes->data, bytes->len);
  test_net_pump (net);
  /* Nobody else is troubled by it. */
  TestNode *b = test_node_new (net, 2, "b");
  test_node_dial (b, "a", NULL);
  test_net_pump (net);
  g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_UP), ==, 1);
  if (stage == 0)
    g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_UP), ==, 1);
  test_net_free (net);
}

static void
test_random_bytes (void)
{
  for (guint32 seed = 0; seed < 10000; seed++)
    random_bytes (seed);
}

/* Each of these, from a peer whose session stands, ends it: with a reason, counted, at both ends. */
typedef struct
{
  const char *why;
  TyRecordHead head;
} Wrong;

static const Wrong wrongs[] = {
  { "a frame out of order", { .body_bytes = 1, .kind = TY_RECORD_FRAME, .part = TY_FRAME_WHOLE, .number = 2 } },
  { "a fragment of a packet that never began", { .body_bytes = 1, .kind = TY_RECORD_FRAME, .number = 1 } },
  { "an acknowledgement of what was never sent", { .kind = TY_RECORD_ACK, .ack = 2 } },
  { "a record with the wrong length for its kind", { .body_bytes = 1, .kind = TY_RECORD_ACK } },
  { "a record with the wrong length for its kind", { .kind = TY_RECORD_FRAME, .number = 1 } },
  { "a record of no known kind", { .body_bytes = 1, .kind = 9 } },
  { "a record with a field that is not zero", { .kind = TY_RECORD_ACK, .stream = 1 } },
  { "a second intro", { .body_bytes = 1, .kind = TY_RECORD_INTRO } },
  { "a malformed end", { .body_bytes = 1, .kind = TY_RECORD_END } },
};

static void
test_out_of_format (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrongs); i++)
    {
      guint8 head[TY_RECORD_HEAD_BYTES];
      TestNet *net = test_net_new ();
      TestNode *a = test_node_new (net, 1, "a"), *b = test_node_new (net, 2, "b");
      test_node_dial (a, "b", NULL);
      test_net_pump (net);
      TyLink *link = test_node_link (b);
      ty_record_head_write (&wrongs[i].head, head);
      test_link_write (link, head, sizeof head);
      if (wrongs[i].head.body_bytes > 0)
        test_link_write (link, "x", 1);
      test_net_pump (net);
      g_assert_cmpuint (stats_of (a).malformed, ==, 1);
      g_assert_cmpuint (test_node_told (a, TY_EVENT_PEER_LOST), ==, 1);
      g_assert_cmpuint (test_node_told (b, TY_EVENT_PEER_LOST), ==, 1);
      g_assert_cmpuint (test_node_told (a, TY_EVENT_PACKET), ==, 0);
      g_assert_nonnull (strstr (test_node_last (a, TY_EVENT_PEER_LOST)->text, wrongs[i].why));
      g_assert_nonnull (strstr (test_node_last (b, TY_EVENT_PEER_LOST)->text, wrongs[i].why));
      test_net_free (net);
    }
}

#define ADD(name, function) g_test_add ("/transport/strangers/" name, Case, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("http", test_http);
  ADD ("text", test_text);
  ADD ("binary", test_binary);
  ADD ("newer-answers", test_newer_answers);
  ADD ("newer-dials", test_newer_dials);
  ADD ("sealed", test_sealed);
  ADD ("closes", test_closes);
  ADD ("silent", test_silent);
  ADD ("begins-and-stops", test_begins_and_stops);
  ADD ("intro-of-nonsense", test_intro_of_nonsense);
  ADD ("asked-by-http", test_asked_by_http);
  ADD ("crowd", test_crowd);
  g_test_add_func ("/transport/strangers/random-bytes", test_random_bytes);
  g_test_add_func ("/transport/strangers/out-of-format", test_out_of_format);
  return g_test_run ();
}
