/* tests/fuzz/hub-fuzz.c: hubs that talk with somebody who half speaks the protocol, and sessions that are fed
 * fragments.
 *
 * fuzz-hub [--seeds A..B] [--seed N] [--seconds S]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/drive.h"
#include "tests/fuzz/mutate.h"
#include "tests/transport/test-net.h"
#include "transport/session.h"

#define MS 1000
#define MOST_ALLOCATED ((gsize) 128 << 20)

static void
maybe_mutate (GRand *rand, GByteArray *bytes, guint percent)
{
  if (fuzz_chance (rand, percent))
    fuzz_mutate (rand, bytes);
}

/* ---- Hubs ---- */

typedef struct
{
  GRand *rand;
  TestNet *net;
  TestNode *a, *b, *alien;
  gboolean sealed; /* the others seal their connections */
  TyId session; /* the one that the alien last began or was offered */
  guint64 next; /* the frame that it would send next */
} Talk;

static void
add_hello (Talk *t, GByteArray *out)
{
  guint8 bytes[TY_HELLO_BYTES];
  guint who = fuzz_below (t->rand, 12);
  TyHello hello = { .version = (guint16) (fuzz_chance (t->rand, 95) ? TY_WIRE_VERSION : fuzz_number (t->rand)) };
  hello.what = (guint8) (fuzz_chance (t->rand, 95) ? TY_HELLO : fuzz_below (t->rand, 4));
  hello.sealing = (guint8) (fuzz_chance (t->rand, 95) ? (guint) t->sealed : fuzz_below (t->rand, 3));
  memset (hello.pid.b, who == 0 ? 1 : who == 1 ? 2 : who == 2 ? 0 : 9, sizeof hello.pid.b);
  if (fuzz_chance (t->rand, 50))
    hello.session = t->session;
  ty_hello_write (&hello, bytes);
  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
add_intro (Talk *t, GByteArray *out)
{
  static char huge[256];
  memset (huge, 'x', sizeof huge - 1);
  const char *names[] = { "x", "", "\xc3\xa4", huge };
  const char *addresses[] = { "x", "", "a", "b", "nowhere", "tcp://[::1]:1", huge };
  TyIntro intro = { .resume = fuzz_chance (t->rand, 40), .session = t->session, .next = 1 };
  if (fuzz_chance (t->rand, 40))
    intro.next = fuzz_number (t->rand);
  if (fuzz_chance (t->rand, 60))
    for (guint i = 0; i < sizeof intro.session.b; i++)
      intro.session.b[i] = (guint8) g_rand_int (t->rand);
  intro.name = (char *) names[fuzz_below (t->rand, G_N_ELEMENTS (names))];
  intro.address = (char *) addresses[fuzz_below (t->rand, G_N_ELEMENTS (addresses))];
  t->session = intro.session;
  t->next = 1;
  ty_intro_write (&intro, out);
}

static void
add_record (Talk *t, GByteArray *out)
{
  g_autoptr (GByteArray) body = fuzz_bytes (t->rand, fuzz_chance (t->rand, 10) ? 60000 : 40);
  guint kind = fuzz_chance (t->rand, 85) ? TY_RECORD_FRAME : fuzz_below (t->rand, 5);
  guint8 head[TY_RECORD_HEAD_BYTES];
  TyRecordHead record
      = { .body_bytes = body->len, .kind = (guint8) kind, .class = (guint8) fuzz_below (t->rand, TY_N_CLASSES) };
  if (kind == TY_RECORD_FRAME)
    {
      record.part = (guint8) (fuzz_chance (t->rand, 60) ? TY_FRAME_WHOLE : fuzz_below (t->rand, 256) & TY_FRAME_WHOLE);
      record.stream = fuzz_below (t->rand, fuzz_chance (t->rand, 80) ? 3 : G_MAXINT32);
      record.number = (guint32) fuzz_near (t->rand, t->next++);
      if (body->len == 0)
        ty_write_u8 (body, 1);
    }
  else if (kind == TY_RECORD_ACK)
    g_byte_array_set_size (body, 0);
  record.body_bytes = body->len;
  record.ack = fuzz_near (t->rand, fuzz_chance (t->rand, 50) ? 1 : 0);
  ty_record_head_write (&record, head);
  g_byte_array_append (out, head, sizeof head);
  if (body->len > 0)
    g_byte_array_append (out, body->data, body->len);
}

static void
talk_once (Talk *t, TyLink *link)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint upto = fuzz_below (t->rand, 30);
  add_hello (t, out);
  maybe_mutate (t->rand, out, 8);
  test_link_write (link, out->data, out->len);
  test_net_pump (t->net);
  if (link->in->len >= TY_HELLO_BYTES && fuzz_chance (t->rand, 60))
    {
      TyHello hello;
      if (ty_hello_read (link->in->data, link->in->len, &hello) == TY_HELLO_GOOD && !ty_id_is_null (&hello.session))
        t->session = hello.session;
    }
  for (guint i = 0; i < upto && !link->closed && link->other != NULL && !link->cut; i++)
    {
      g_byte_array_set_size (out, 0);
      if (i == 0 || fuzz_chance (t->rand, 2))
        add_intro (t, out);
      else
        add_record (t, out);
      maybe_mutate (t->rand, out, 5);
      if (out->len > 0)
        test_link_write (link, out->data, out->len);
      test_net_pump (t->net);
      if (t->a->hub != NULL && fuzz_chance (t->rand, 20))
        {
          g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (fuzz_bytes (t->rand, 300));
          g_autoptr (GBytes) some = g_bytes_new ("something", 9);
          guint peer = fuzz_below (t->rand, 4);
          test_node_send (t->a, peer, (TyClass) fuzz_below (t->rand, TY_N_CLASSES), 1,
                          g_bytes_get_size (packet) > 0 ? packet : some);
        }
      if (fuzz_chance (t->rand, 10))
        test_node_effect (t->a, fuzz_chance (t->rand, 50) ? TY_EFFECT_PEER_CLOSE : TY_EFFECT_PEER_SUSPECT,
                          fuzz_below (t->rand, 4));
      if (fuzz_chance (t->rand, 20))
        test_net_pass (t->net, fuzz_below (t->rand, 300) * MS);
    }
}

static void
run_hub (GRand *rand)
{
  Talk t = { .rand = rand, .net = test_net_new () };
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.max_packet_bytes = 256 * 1024;
  config.keep_bytes = 64 * 1024;
  config.max_half_open = 4;
  t.sealed = fuzz_chance (rand, 30);
  config.secret = t.sealed ? test_secret : NULL;
  t.a = test_node_new_with (t.net, 1, "a", &config);
  t.b = test_node_new_with (t.net, 2, "b", &config);
  t.alien = test_alien_new (t.net, "x");
  t.net->piece = 1 + fuzz_below (rand, fuzz_chance (rand, 50) ? 100 : 70000);
  test_node_dial (t.a, "b", t.b);
  test_net_pump (t.net);
  for (guint n = 1 + fuzz_below (rand, 6); n > 0; n--)
    {
      TyLink *link = NULL;
      if (fuzz_chance (rand, 30))
        {
          test_node_dial (t.a, "x", NULL);
          test_net_pump (t.net);
          link = test_node_link (t.alien);
        }
      if (link == NULL)
        link = test_alien_dial (t.alien, t.a);
      talk_once (&t, link);
      if (fuzz_chance (rand, 50) && !link->closed)
        test_link_close (link);
      test_net_pass (t.net, fuzz_below (rand, 3000) * MS);
      test_node_forget (t.a);
      test_node_forget (t.b);
    }
  /* Whatever it was told, it still talks with others. */
  TestNode *c = test_node_new_with (t.net, 3, "c", &config);
  test_node_dial (c, "a", NULL);
  test_net_pass (t.net, 10000 * MS);
  g_assert_cmpuint (test_node_told (c, TY_EVENT_PEER_UP), ==, 1);
  test_net_free (t.net);
}

/* ---- Sessions ---- */

static void
run_session (GRand *rand)
{
  TyId id = { { 1 } };
  TySession *s = ty_session_new (&id, 64 * 1024);
  gsize before = fuzz_allocated ();
  guint64 number = 1;
  g_autofree guint8 *body = g_malloc0 (TY_RECORD_MAX_BODY);
  guint streams = 1 + fuzz_below (rand, fuzz_chance (rand, 50) ? 3 : 5000);
  guint never_end = fuzz_below (rand, 100);
  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (GBytes) packet = NULL;
      const char *why = NULL;
      TyRecordHead head = { .kind = TY_RECORD_FRAME, .number = (guint32) number, .stream = fuzz_below (rand, streams) };
      head.class = (guint8) fuzz_below (rand, TY_N_CLASSES);
      head.body_bytes = 1 + fuzz_below (rand, TY_RECORD_MAX_BODY);
      head.part = fuzz_chance (rand, never_end) ? TY_FRAME_FIRST : (guint8) (fuzz_below (rand, 256) & TY_FRAME_WHOLE);
      if (fuzz_chance (rand, 10))
        ty_session_on_ack (s, fuzz_number (rand));
      if (fuzz_chance (rand, 3))
        ty_session_connect (s, fuzz_number (rand));
      if (ty_session_on_frame (s, &head, body, NULL, 0, &packet, &why) != TY_FRAME_BAD)
        number++;
      else
        g_assert_nonnull (why);
      if (before > 0)
        g_assert_cmpuint (fuzz_allocated (), <, before + 4 * 8 * 64 * 1024);
    }
  ty_session_free (s);
}

static void
run (guint64 seed)
{
  GRand *rand = g_rand_new_with_seed ((guint32) seed);
  run_hub (rand);
  if (seed % 16 == 0)
    run_session (rand);
  g_assert_cmpuint (fuzz_allocated (), <, MOST_ALLOCATED);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  const FuzzProgram program = { .name = "fuzz-hub", .last_seed = 300, .seconds = 60, .run = run };
  return fuzz_drive (&program, argc, argv);
}
