/* tests/transport/session-test.c: the wire's bytes, one session by itself, and the memory that is read into.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"
#include "transport/session.c" /* for its numbers, which begin near where their low halves do again */

/* ---- Golden bytes ---- */

static void
assert_bytes (const guint8 *data, gsize len_bytes, const char *hex)
{
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < len_bytes; i++)
    g_string_append_printf (text, "%02x", data[i]);
  g_assert_cmpstr (text->str, ==, hex);
  g_string_free (text, TRUE);
}

static void
test_hello_bytes (void)
{
  guint8 bytes[TY_HELLO_BYTES];
  TyHello back, hello = { .version = 1, .what = TY_HELLO_REFUSED_VERSION };
  for (guint8 i = 0; i < 16; i++)
    {
      hello.pid.b[i] = i + 1;
      hello.session.b[i] = 0xf0 + i;
    }
  ty_hello_write (&hello, bytes);
  assert_bytes (bytes, sizeof bytes,
                "747965740d0a0d0a"
                "0100" "01" "00" "00000000"
                "0102030405060708090a0b0c0d0e0f10"
                "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  for (gsize n = 0; n < sizeof bytes; n++)
    g_assert_cmpint (ty_hello_read (bytes, n, &back), ==, TY_HELLO_MORE);
  g_assert_cmpint (ty_hello_read (bytes, sizeof bytes, &back), ==, TY_HELLO_GOOD);
  g_assert_cmpmem (&back, sizeof back, &hello, sizeof hello);
  for (guint i = 0; i < 8; i++)
    {
      bytes[i] ^= 1;
      g_assert_cmpint (ty_hello_read (bytes, i + 1, &back), ==, TY_HELLO_ALIEN);
      bytes[i] ^= 1;
    }
  bytes[13] = 1;
  g_assert_cmpint (ty_hello_read (bytes, sizeof bytes, &back), ==, TY_HELLO_ALIEN);
}

static void
test_record_bytes (void)
{
  guint8 bytes[TY_RECORD_HEAD_BYTES];
  const char *why;
  TyRecordHead back, head = {
    .body_bytes = TY_RECORD_MAX_BODY, .kind = TY_RECORD_FRAME, .class = TY_CLASS_BULK, .part = TY_FRAME_LAST,
    .stream = 0x01020304, .number = 0xa1b2c3d4, .ack = 0x1122334455667788,
  };
  ty_record_head_write (&head, bytes);
  assert_bytes (bytes, sizeof bytes, "c0ff0000" "01" "22" "0000" "04030201" "d4c3b2a1" "8877665544332211");
  g_assert_true (ty_record_head_read (bytes, &back, &why));
  g_assert_cmpuint (back.body_bytes, ==, head.body_bytes);
  g_assert_cmpuint (back.kind, ==, head.kind);
  g_assert_cmpuint (back.class, ==, head.class);
  g_assert_cmpuint (back.part, ==, head.part);
  g_assert_cmpuint (back.stream, ==, head.stream);
  g_assert_cmpuint (back.number, ==, head.number);
  g_assert_cmpuint (back.ack, ==, head.ack);
  bytes[0]++;
  g_assert_false (ty_record_head_read (bytes, &back, &why));
  bytes[0]--;
  bytes[5] = 3;
  g_assert_false (ty_record_head_read (bytes, &back, &why));
}

static void
test_intro_bytes (void)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  TyIntro back, intro = { .resume = TRUE, .next = 5, .name = (char *) "ab", .address = (char *) "tcp://h:1" };
  memset (intro.session.b, 0x33, sizeof intro.session.b);
  ty_intro_write (&intro, w);
  assert_bytes (w->data, w->len,
                "27000000" "02" "00" "0000" "00000000" "00000000" "0000000000000000"
                "01" "33333333333333333333333333333333" "0500000000000000"
                "02" "6162" "09" "7463703a2f2f683a31" "00");
  const guint8 *body = w->data + TY_RECORD_HEAD_BYTES;
  gsize len = w->len - TY_RECORD_HEAD_BYTES;
  g_assert_true (ty_intro_read (body, len, &back));
  g_assert_true (back.resume && back.next == 5 && ty_id_equal (&back.session, &intro.session));
  g_assert_cmpstr (back.name, ==, "ab");
  g_assert_cmpstr (back.address, ==, "tcp://h:1");
  ty_intro_clear (&back);
  for (gsize n = 0; n < len; n++)
    g_assert_false (ty_intro_read (body, n, &back));
}

static void
test_end_bytes (void)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  TyEnd back;
  ty_end_write (TY_END_UNKNOWN, "no", 9, w);
  assert_bytes (w->data, w->len, "04000000" "03" "00" "0000" "00000000" "00000000" "0900000000000000" "02" "02" "6e6f");
  g_assert_true (ty_end_read (w->data + TY_RECORD_HEAD_BYTES, 4, &back));
  g_assert_cmpint (back.why, ==, TY_END_UNKNOWN);
  g_assert_cmpstr (back.text, ==, "no");
  g_free (back.text);
  g_assert_false (ty_end_read (w->data + TY_RECORD_HEAD_BYTES, 3, &back));
}

/* ---- What goes next ---- */

static GBytes *
packet_new (gsize len_bytes, guint8 seed)
{
  guint8 *data = g_malloc (len_bytes);
  for (gsize i = 0; i < len_bytes; i++)
    data[i] = (guint8) (seed + i * 7 + i / 251);
  return g_bytes_new_take (data, len_bytes);
}

static void
push (TyOutbox *outbox, TyClass class, guint32 stream, gsize len_bytes)
{
  g_autoptr (GBytes) packet = packet_new (len_bytes, 0);
  ty_outbox_push (outbox, class, stream, packet);
}

/* What goes, as text: class and stream of each frame, and < > for the first and the last of a packet. */
static char *
pop_all (TyOutbox *outbox)
{
  GString *text = g_string_new (NULL);
  TyFrame frame;
  while (ty_outbox_pop (outbox, &frame))
    {
      const char *first = frame.part & TY_FRAME_FIRST ? "<" : "";
      const char *last = frame.part & TY_FRAME_LAST ? ">" : "";
      g_string_append_printf (text, "%s%c%u%s ", first, "cdb"[frame.class], frame.stream, last);
      g_bytes_unref (frame.bytes);
    }
  g_assert_cmpuint (ty_outbox_waiting_bytes (outbox), ==, 0);
  return g_string_free (text, FALSE);
}

static void
test_turns (void)
{
  TyOutbox *outbox = ty_outbox_new ();
  g_autofree char *order = NULL;
  push (outbox, TY_CLASS_BULK, 1, 10);
  push (outbox, TY_CLASS_BULK, 1, 10);
  push (outbox, TY_CLASS_DATA, 1, 3 * TY_RECORD_MAX_BODY); /* a large message ... */
  push (outbox, TY_CLASS_DATA, 1, 10);
  push (outbox, TY_CLASS_DATA, 2, 10); /* ... holds nobody else up */
  push (outbox, TY_CLASS_DATA, 2, 10);
  push (outbox, TY_CLASS_CONTROL, 0, TY_RECORD_MAX_BODY + 1);
  push (outbox, TY_CLASS_CONTROL, 5, 10);
  order = pop_all (outbox);
  g_assert_cmpstr (order, ==, "<c0 <c5> c0> <d1 <b1> <d2> <b1> d1 <d2> d1> <d1> ");
  ty_outbox_free (outbox);
}

static void
test_many_streams (void)
{
  TyOutbox *outbox = ty_outbox_new ();
  for (guint round = 0; round < 3; round++)
    {
      for (guint32 stream = 0; stream < 1000; stream++)
        push (outbox, TY_CLASS_DATA, stream, 1);
      TyFrame frame;
      for (guint32 stream = 0; stream < 1000; stream++)
        {
          g_assert_true (ty_outbox_pop (outbox, &frame));
          g_assert_cmpuint (frame.stream, ==, stream);
          g_bytes_unref (frame.bytes);
        }
      g_assert_false (ty_outbox_pop (outbox, &frame));
    }
  push (outbox, TY_CLASS_DATA, 3, 100); /* freed with something in it */
  ty_outbox_free (outbox);
}

/* ---- Two sessions, and a connection that loses ---- */

typedef struct
{
  TySession *a, *b;
  GByteArray *wire; /* on the way from a to b */
  GPtrArray *got;   /* of GBytes: packets that b has */
} Two;

static void
two_init (Two *t)
{
  TyId id = { { 1 } };
  t->a = ty_session_new (&id, 1024 * 1024);
  t->b = ty_session_new (&id, 1024 * 1024);
  t->wire = g_byte_array_new ();
  t->got = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static void
two_clear (Two *t)
{
  ty_session_free (t->a);
  ty_session_free (t->b);
  g_byte_array_unref (t->wire);
  g_ptr_array_unref (t->got);
}

/* Writes at most `max_bytes`. */
static gsize
two_write (Two *t, gsize max_bytes)
{
  static TyGather g;
  gsize written = 0;
  while (written < max_bytes && ty_session_has_output (t->a))
    {
      g.n_parts = g.n_heads = 0;
      g.n_bytes = 0;
      ty_session_gather (t->a, &g);
      gsize now = 0;
      for (guint i = 0; i < g.n_parts && written + now < max_bytes; i++)
        {
          gsize n = MIN (g.parts[i].iov_len, max_bytes - written - now);
          g_byte_array_append (t->wire, g.parts[i].iov_base, (guint) n);
          now += n;
        }
      ty_session_wrote (t->a, now);
      written += now;
    }
  return written;
}

/* b takes the records that are there whole. */
static void
two_read (Two *t)
{
  TyRecordHead head;
  const char *why;
  gsize used = 0;
  while (t->wire->len - used >= TY_RECORD_HEAD_BYTES)
    {
      GBytes *packet = NULL;
      g_assert_true (ty_record_head_read (t->wire->data + used, &head, &why));
      if (t->wire->len - used < TY_RECORD_HEAD_BYTES + head.body_bytes)
        break;
      const guint8 *body = t->wire->data + used + TY_RECORD_HEAD_BYTES;
      TyFrameOutcome outcome = ty_session_on_frame (t->b, &head, body, NULL, 0, &packet, &why);
      g_assert_cmpint (outcome, !=, TY_FRAME_BAD);
      if (outcome == TY_FRAME_IS_WHOLE)
        packet = g_bytes_new (body, head.body_bytes);
      if (packet != NULL)
        g_ptr_array_add (t->got, packet);
      used += TY_RECORD_HEAD_BYTES + head.body_bytes;
    }
  g_byte_array_remove_range (t->wire, 0, (guint) used);
}

/* As if so many frames had passed. */
static void
begin_at (Two *t, guint64 number)
{
  t->a->first_kept = t->a->write_next = t->a->send_next = number;
  t->b->receive_next = t->b->taken = t->b->acked = number;
}

/* Each cut of the stream of bytes, with and without the acknowledgement of what came: the rest comes after a
 * resumption. */
static void
every_cut_from (guint64 number)
{
  const gsize sizes[] = { 1, 30, TY_RECORD_MAX_BODY + 5, 200, 2 * TY_RECORD_MAX_BODY, 7 };
  gsize all = 0;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    all += sizes[i] + TY_RECORD_HEAD_BYTES * ((sizes[i] + TY_RECORD_MAX_BODY - 1) / TY_RECORD_MAX_BODY);
  for (gsize cut = 0; cut <= all; cut = cut < 400 || all - cut < 400 ? cut + 1 : cut + 997)
    {
      Two t;
      two_init (&t);
      begin_at (&t, number);
      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          g_autoptr (GBytes) packet = packet_new (sizes[i], (guint8) i);
          ty_session_push (t.a, TY_CLASS_DATA, i % 3, packet);
        }
      g_assert_cmpuint (two_write (&t, cut), ==, cut);
      two_read (&t);
      if (cut % 2 == 0)
        {
          ty_session_taken (t.b);
          g_assert_true (ty_session_on_ack (t.a, ty_session_ack (t.b)));
        }
      g_byte_array_set_size (t.wire, 0);
      g_assert_true (ty_session_connect (t.a, ty_session_receive_next (t.b)));
      g_assert_false (ty_session_mid_frame (t.a));
      two_write (&t, G_MAXSIZE);
      two_read (&t);
      g_assert_cmpuint (t.got->len, ==, G_N_ELEMENTS (sizes));
      /* Each once, whole; those of one stream in order. */
      guint seen = 0, last[3] = { 0 };
      for (guint i = 0; i < t.got->len; i++)
        {
          GBytes *got = g_ptr_array_index (t.got, i);
          for (guint k = 0; k < G_N_ELEMENTS (sizes); k++)
            {
              g_autoptr (GBytes) packet = packet_new (sizes[k], (guint8) k);
              if (!g_bytes_equal (packet, got))
                continue;
              g_assert_false (seen & 1u << k);
              g_assert_cmpuint (k + 1, >, last[k % 3]);
              seen |= 1u << k;
              last[k % 3] = k + 1;
            }
        }
      g_assert_cmpuint (seen, ==, (1u << G_N_ELEMENTS (sizes)) - 1);
      ty_session_taken (t.b);
      g_assert_true (ty_session_on_ack (t.a, ty_session_ack (t.b)));
      g_assert_cmpuint (ty_session_waiting_bytes (t.a), ==, 0);
      two_clear (&t);
    }
}

static void
test_every_cut (void)
{
  every_cut_from (1);
}

/* The wire has the low half of a number: at a hundred thousand frames a second it begins again after half a day. */
static void
test_numbers_go_round (void)
{
  every_cut_from (((guint64) 1 << 32) - 4); /* eight follow */
}

/* Nothing is acknowledged before the step took it, and nothing is let go before it is acknowledged. */
static void
test_acknowledged_when_taken (void)
{
  Two t;
  two_init (&t);
  g_autoptr (GBytes) packet = packet_new (100, 0);
  ty_session_push (t.a, TY_CLASS_DATA, 0, packet);
  two_write (&t, G_MAXSIZE);
  two_read (&t);
  g_assert_cmpuint (ty_session_ack (t.b), ==, 1);
  g_assert_false (ty_session_ack_due (t.b));
  g_assert_cmpuint (ty_session_waiting_bytes (t.a), ==, 100);
  ty_session_taken (t.b);
  g_assert_cmpuint (ty_session_ack (t.b), ==, 2);
  g_assert_true (ty_session_ack_due (t.b));
  g_assert_cmpuint (ty_session_ack_due_bytes (t.b), ==, 100);
  g_assert_true (ty_session_on_ack (t.a, 2));
  g_assert_cmpuint (ty_session_waiting_bytes (t.a), ==, 0);
  g_assert_false (ty_session_on_ack (t.a, 3));
  two_clear (&t);
}

/* A head that went out in part keeps the acknowledgement that it had, whatever is taken before the rest can go. */
static void
test_half_a_head (void)
{
  Two t;
  two_init (&t);
  g_autoptr (GBytes) packet = packet_new (10, 0);
  ty_session_push (t.a, TY_CLASS_DATA, 0, packet);
  two_write (&t, TY_RECORD_HEAD_BYTES - 9);
  TyRecordHead other = { .body_bytes = 10, .kind = TY_RECORD_FRAME, .part = TY_FRAME_WHOLE, .number = 1 };
  GBytes *none = NULL;
  const char *why;
  TyFrameOutcome outcome = ty_session_on_frame (t.a, &other, (const guint8 *) "0123456789", NULL, 0, &none, &why);
  g_assert_cmpint (outcome, ==, TY_FRAME_IS_WHOLE);
  ty_session_taken (t.a);
  two_write (&t, 1);
  two_write (&t, 1);
  two_write (&t, G_MAXSIZE);
  g_assert_cmpuint (t.wire->data[16], ==, 1);
  two_clear (&t);
}

/* A resumption that would leave out frames, or wants some that never were. */
static void
test_cannot_resume (void)
{
  Two t;
  two_init (&t);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) packet = packet_new (10, 0);
      ty_session_push (t.a, TY_CLASS_DATA, 0, packet);
    }
  two_write (&t, G_MAXSIZE);
  g_assert_true (ty_session_on_ack (t.a, 3));
  g_assert_false (ty_session_connect (t.a, 2));
  g_assert_false (ty_session_connect (t.a, 5));
  g_assert_true (ty_session_connect (t.a, 4));
  two_clear (&t);
}

/* Two fragments of one packet in one buffer, `between` bytes from the end of the first to the head of the second. */
static void
in_one_buffer (gsize between, gsize between_bytes, gboolean in_place)
{
  TyId id = { { 1 } };
  g_autoptr (GBytes) packet = packet_new (TY_RECORD_MAX_BODY + 100, 9), buffer = NULL, got = NULL;
  const guint8 *data = g_bytes_get_data (packet, NULL);
  gsize second = TY_RECORD_HEAD_BYTES + TY_RECORD_MAX_BODY + between, all = second + TY_RECORD_HEAD_BYTES + 100;
  guint8 *mem = g_malloc (all);
  TySession *s = ty_session_new (&id, 100000);
  TyRecordHead head = { .kind = TY_RECORD_FRAME, .class = TY_CLASS_DATA, .number = 1 };
  const char *why;
  memset (mem, 0xee, all);
  memcpy (mem + TY_RECORD_HEAD_BYTES, data, TY_RECORD_MAX_BODY);
  memcpy (mem + second + TY_RECORD_HEAD_BYTES, data + TY_RECORD_MAX_BODY, 100);
  buffer = g_bytes_new_take (mem, all);
  head.part = TY_FRAME_FIRST;
  head.body_bytes = TY_RECORD_MAX_BODY;
  g_assert_cmpint (ty_session_on_frame (s, &head, mem + TY_RECORD_HEAD_BYTES, buffer, between_bytes, &got, &why), ==,
                   TY_FRAME_STORED);
  head = (TyRecordHead){ .kind = TY_RECORD_FRAME, .class = TY_CLASS_DATA, .number = 2, .part = TY_FRAME_LAST,
                         .body_bytes = 100 };
  g_assert_cmpint (
      ty_session_on_frame (s, &head, mem + second + TY_RECORD_HEAD_BYTES, buffer, between_bytes, &got, &why), ==,
      TY_FRAME_COMPLETE);
  g_assert_true (g_bytes_equal (got, packet));
  g_assert_cmpint (g_bytes_get_data (got, NULL) == mem + TY_RECORD_HEAD_BYTES, ==, in_place);
  /* What is not the session's is as it was. */
  for (gsize i = 0; i < between && !in_place; i++)
    g_assert_cmpuint (mem[TY_RECORD_HEAD_BYTES + TY_RECORD_MAX_BODY + i], ==, 0xee);
  ty_session_free (s);
}

static void
test_in_place (void)
{
  in_one_buffer (0, 0, TRUE);
  in_one_buffer (0, 18, TRUE);
  in_one_buffer (18, 18, TRUE);
  in_one_buffer (18, 0, FALSE);
  in_one_buffer (1, 18, FALSE);
}

static TyFrameOutcome
feed (TySession *session, guint32 number, guint8 class, guint32 stream, guint8 part, guint32 len_bytes)
{
  static const guint8 body[TY_RECORD_MAX_BODY];
  TyRecordHead head = { .body_bytes = len_bytes, .kind = TY_RECORD_FRAME, .class = class, .part = part,
                        .stream = stream, .number = number };
  GBytes *packet = NULL;
  const char *why;
  TyFrameOutcome outcome = ty_session_on_frame (session, &head, body, NULL, 0, &packet, &why);
  g_clear_pointer (&packet, g_bytes_unref);
  return outcome;
}

static void
test_bad_fragments (void)
{
  TyId id = { { 1 } };
  TySession *s = ty_session_new (&id, 100000);
  g_assert_cmpint (feed (s, 1, 1, 1, TY_FRAME_FIRST, TY_RECORD_MAX_BODY), ==, TY_FRAME_STORED);
  g_assert_cmpint (feed (s, 2, 1, 1, TY_FRAME_FIRST, 1), ==, TY_FRAME_BAD);
  g_assert_cmpint (feed (s, 2, 1, 1, TY_FRAME_WHOLE, 1), ==, TY_FRAME_BAD);
  g_assert_cmpint (feed (s, 2, 1, 2, 0, 1), ==, TY_FRAME_BAD);
  g_assert_cmpint (feed (s, 2, 0, 1, TY_FRAME_LAST, 1), ==, TY_FRAME_BAD);
  g_assert_cmpint (feed (s, 3, 1, 1, 0, 1), ==, TY_FRAME_BAD);
  g_assert_cmpint (feed (s, 2, 1, 1, 0, 100000 - TY_RECORD_MAX_BODY + 1), ==, TY_FRAME_BAD);
  g_assert_cmpint (feed (s, 2, 1, 1, 0, 100000 - TY_RECORD_MAX_BODY), ==, TY_FRAME_STORED);
  g_assert_cmpint (feed (s, 3, 1, 2, TY_FRAME_WHOLE, 5), ==, TY_FRAME_IS_WHOLE);
  g_assert_cmpint (feed (s, 4, 1, 1, TY_FRAME_LAST, 1), ==, TY_FRAME_BAD);
  g_assert_cmpuint (ty_session_receive_next (s), ==, 4);
  /* Packets begun and never ended are bounded in number. */
  guint32 n = 4;
  while (feed (s, n, 2, n, TY_FRAME_FIRST, 1) == TY_FRAME_STORED)
    n++;
  g_assert_cmpuint (n, ==, 4 + 1024 - 1);
  ty_session_free (s);

  /* And in what they take together: eight of the largest. */
  s = ty_session_new (&id, 100000);
  for (n = 1; feed (s, n, 2, n, TY_FRAME_FIRST, TY_RECORD_MAX_BODY) == TY_FRAME_STORED; n++)
    ;
  g_assert_cmpuint (n - 1, ==, 8 * 100000 / TY_RECORD_MAX_BODY);
  /* One that ends makes room for another. */
  g_assert_cmpint (feed (s, n, 2, 1, TY_FRAME_LAST, 1), ==, TY_FRAME_COMPLETE);
  g_assert_cmpint (feed (s, n + 1, 2, 1, TY_FRAME_FIRST, TY_RECORD_MAX_BODY), ==, TY_FRAME_STORED);
  ty_session_free (s);
}

/* ---- What is read into ---- */

/* Records of all sizes, read in pieces of all sizes, by two connections that take turns at one inbox. */
static void
test_inbox (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  TyInbox inbox = { 0 };
  TyRemnant remnants[2] = { { 0 } };
  guint8 next_in[2] = { 0 }, next_out[2] = { 0 };
  g_autoptr (GPtrArray) packets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GByteArray) sums = g_byte_array_new ();
  for (guint round = 0; round < 5000; round++)
    {
      guint c = (guint) g_rand_int_range (rand, 0, 2);
      gsize room, all;
      guint8 *to = ty_inbox_room (&inbox, &remnants[c], &room);
      g_assert_cmpuint (room, >=, 64 * 1024);
      gsize n = (gsize) g_rand_int_range (rand, 1, g_rand_boolean (rand) ? (gint32) room + 1 : 200);
      for (gsize i = 0; i < n; i++)
        to[i] = next_in[c]++;
      const guint8 *data = ty_inbox_filled (&inbox, &remnants[c], n, &all);
      gboolean keeps = round / 100 % 2 == 0 && g_rand_boolean (rand);
      gsize keep = keeps ? (gsize) g_rand_int_range (rand, 0, (gint32) MIN (all, 65000) + 1) : 0;
      for (gsize i = 0; i < all - keep; i++)
        g_assert_cmpuint (data[i], ==, next_out[c]++);
      if (all - keep > 0)
        {
          /* First: what looks like new secrets is wiped where it is. */
          g_byte_array_append (sums, data, 1);
          g_ptr_array_add (packets, ty_inbox_packet (&inbox, data, all - keep));
        }
      ty_inbox_keep (&inbox, &remnants[c], keep, c % 2 == 1);
      if (packets->len > 50)
        {
          g_ptr_array_set_size (packets, 0);
          g_byte_array_set_size (sums, 0);
        }
      /* Nothing is written over what is still held. */
      for (guint i = 0; i < packets->len; i++)
        {
          gsize len;
          const guint8 *held = g_bytes_get_data (g_ptr_array_index (packets, i), &len);
          g_assert_cmpuint (held[0], ==, sums->data[i]);
          g_assert_cmpuint (held[len - 1], ==, (guint8) (held[0] + len - 1));
        }
    }
  ty_remnant_clear (&remnants[0]);
  ty_remnant_clear (&remnants[1]);
  ty_inbox_clear (&inbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/wire/hello", test_hello_bytes);
  g_test_add_func ("/transport/wire/record", test_record_bytes);
  g_test_add_func ("/transport/wire/intro", test_intro_bytes);
  g_test_add_func ("/transport/wire/end", test_end_bytes);
  g_test_add_func ("/transport/outbox/turns", test_turns);
  g_test_add_func ("/transport/outbox/many-streams", test_many_streams);
  g_test_add_func ("/transport/session/every-cut", test_every_cut);
  g_test_add_func ("/transport/session/numbers-go-round", test_numbers_go_round);
  g_test_add_func ("/transport/session/acknowledged-when-taken", test_acknowledged_when_taken);
  g_test_add_func ("/transport/session/half-a-head", test_half_a_head);
  g_test_add_func ("/transport/session/cannot-resume", test_cannot_resume);
  g_test_add_func ("/transport/session/bad-fragments", test_bad_fragments);
  g_test_add_func ("/session/in-place", test_in_place);
  g_test_add_func ("/transport/inbox", test_inbox);
  return g_test_run ();
}
