/* tests/core/test-batch.c: what core/batch.h promises: sealing, parsing, walking.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/batch.h"
#include "core/packet.h"
#include "tests/core/hex.h"

/* Reads what follows the common head of a whole DATA packet. */
static TyBatch *
parse_packet (GBytes *packet, gsize max)
{
  TyReader r = ty_reader_of_bytes (packet);
  TyId id;
  g_assert_cmpuint (ty_read_u8 (&r), ==, TY_PACKET_DATA);
  ty_read_id (&r, &id);
  ty_read_varint (&r);
  g_assert_false (r.bad);
  TyBatch *batch = ty_batch_parse (packet, &r, max);
  g_assert_true (batch == NULL || ty_reader_done (&r));
  return batch;
}

static TyBatch *
parse_hex (const char *hex, gsize max)
{
  g_autoptr (GByteArray) bytes = hex_bytes (hex);
  g_autoptr (GBytes) packet = g_bytes_new (bytes->data, bytes->len);
  TyReader r = ty_reader_of_bytes (packet);
  return ty_batch_parse (packet, &r, max);
}

static void
test_seal_bytes (void)
{
  TyBatchBuilder b;
  TyId group = id_of (0x77);
  ty_batch_builder_init (&b);
  ty_batch_builder_add (&b, TY_SERVICE_FIFO, "hi", 2);
  ty_batch_builder_add (&b, TY_SERVICE_SAFE, "", 0);
  g_assert_cmpuint (b.count, ==, 2);
  g_autoptr (TyBatch) batch = ty_batch_builder_seal (&b, &group, 300, 5, "S", 1);
  gsize len;
  const guint8 *data = g_bytes_get_data (batch->packet, &len);
  assert_hex (data, len,
              "01 77777777777777777777777777777777 ac02" /* type, group id, number of the view */
              "05 02 0153"                               /* first number, how many, stamp */
              "08 6869 03");                             /* 2 bytes of fifo, none of safe */
  g_assert_cmpuint (batch->first, ==, 5);
  g_assert_cmpuint (batch->last, ==, 6);
  g_assert_cmpuint (batch->services, ==, 1u << TY_SERVICE_FIFO | 1u << TY_SERVICE_SAFE);
  g_assert_cmpmem (batch->stamp, batch->stamp_len, "S", 1);
  g_assert_cmpuint (batch->messages_len, ==, 4);
  g_assert_cmpuint (batch->payload_bytes, ==, 2);
  /* Empty again, and good for the next. */
  g_assert_null (b.mem);
  g_assert_cmpuint (b.count, ==, 0);
  g_assert_cmpuint (b.services, ==, 0);
}

static void
test_walk (void)
{
  static const gsize lengths[] = { 0, 1, 31, 32, 200, 5000 };
  TyBatchBuilder b;
  TyId group = id_of (1);
  g_autofree guint8 *payload = g_malloc (5000);
  gsize size = 0;
  for (guint i = 0; i < 5000; i++)
    payload[i] = (guint8) (i * 7);
  ty_batch_builder_init (&b);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      ty_batch_builder_add (&b, (TyService) (i % 4), payload, lengths[i]);
      size += ty_batch_message_size (lengths[i]);
    }
  g_autoptr (TyBatch) sealed = ty_batch_builder_seal (&b, &group, 1, 10, NULL, 0);
  g_autoptr (TyBatch) batch = parse_packet (sealed->packet, 5000);
  g_assert_nonnull (batch);
  g_assert_cmpuint (batch->messages_len, ==, size);
  g_assert_cmpuint (batch->last, ==, 10 + G_N_ELEMENTS (lengths) - 1);
  g_assert_cmpuint (batch->payload_bytes, ==, 1 + 31 + 32 + 200 + 5000);
  /* Who sealed it knows the same of it as who parses it. */
  g_assert_cmpuint (sealed->first, ==, batch->first);
  g_assert_cmpuint (sealed->last, ==, batch->last);
  g_assert_cmpuint (sealed->services, ==, batch->services);
  g_assert_cmpuint (sealed->payload_bytes, ==, batch->payload_bytes);
  g_assert_cmpmem (sealed->messages, sealed->messages_len, batch->messages, batch->messages_len);
  TyBatchMessage message = { .next = 0 };
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      gsize at = message.next;
      ty_batch_at (batch, at, 10 + i, &message);
      g_assert_cmpuint (message.number, ==, 10 + i);
      g_assert_cmpint (message.service, ==, (int) (i % 4));
      g_assert_cmpuint (message.offset, ==, at);
      g_assert_cmpmem (message.data, message.len, payload, lengths[i]);
    }
  g_assert_cmpuint (message.next, ==, batch->messages_len);
}

/* Stamps that just fit the room left for the head, and that do not by one byte, by much, by more than the messages. */
static void
test_headroom (void)
{
  TyId group = id_of (3);
  g_autofree guint8 *stamp = g_malloc (4000);
  memset (stamp, 0xcd, 4000);
  for (gsize len = 0; len<4000; len += len> 120 && len < 220 ? 1 : 60)
    {
      TyBatchBuilder b;
      ty_batch_builder_init (&b);
      ty_batch_builder_add (&b, TY_SERVICE_CAUSAL, "one", 3);
      ty_batch_builder_add (&b, TY_SERVICE_AGREED, "three", 5);
      g_autoptr (TyBatch) sealed = ty_batch_builder_seal (&b, &group, 9, 1, stamp, len);
      g_autoptr (TyBatch) batch = parse_packet (sealed->packet, 100);
      g_assert_nonnull (batch);
      g_assert_cmpmem (batch->stamp, batch->stamp_len, stamp, len);
      g_assert_cmpmem (batch->messages, batch->messages_len, "\x0done\x16three", 10);
    }
}

static void
test_malformed (void)
{
  static const struct
  {
    const char *hex; /* first, count, stamp, messages */
    gboolean fine;
  } cases[] = {
    { "01 01 00 08 6869", TRUE },
    { "01 02 00 08 6869 00", TRUE },
    { "00 01 00 08 6869", FALSE }, /* numbers begin with 1 */
    { "01 00 00", FALSE },         /* none */
    { "01 00 00 08 6869", FALSE },
    { "01 02 00 08 6869", FALSE },    /* one is missing */
    { "01 01 00 08 6869 00", FALSE }, /* one too many */
    { "01 01 00 08 68", FALSE },      /* cut short */
    { "01 01 00", FALSE },
    { "01 01 05 08 6869", FALSE },                 /* a stamp that is longer than the packet */
    { "01 01 00 8800 6869", FALSE },               /* a padded head */
    { "01 ffffffffffffffffff01 00 00", FALSE },    /* absurdly many */
    { "ffffffffffffffff7f 01 00 00", FALSE },      /* a number that ends the number space */
    { "01 01 00 fcffffffffffffffff01 00", FALSE }, /* a length that would wrap around */
    { "81", FALSE },
    { "", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TyBatch) batch = parse_hex (cases[i].hex, 100);
      if ((batch != NULL) != cases[i].fine)
        g_error ("%s: %s", cases[i].hex, batch != NULL ? "taken" : "refused");
    }
}

static void
test_limit (void)
{
  g_autoptr (TyBatch) fits = parse_hex ("01 01 00 10 01020304", 4);
  g_assert_nonnull (fits);
  g_autoptr (TyBatch) over = parse_hex ("01 01 00 10 01020304", 3);
  g_assert_null (over);
}

static void
test_every_prefix (void)
{
  g_autoptr (GByteArray) bytes = hex_bytes ("8101 03 02abcd 08 6869 0c 616263 03");
  for (gsize len = 0; len <= bytes->len; len++)
    {
      g_autoptr (GBytes) packet = g_bytes_new (bytes->data, len);
      TyReader r = ty_reader_of_bytes (packet);
      g_autoptr (TyBatch) batch = ty_batch_parse (packet, &r, 100);
      g_assert_true ((batch != NULL) == (len == bytes->len));
    }
}

static void
test_ref (void)
{
  TyBatch *batch = parse_hex ("01 01 00 00", 0);
  GBytes *packet = g_bytes_ref (batch->packet);
  g_assert_true (ty_batch_ref (batch) == batch);
  ty_batch_unref (batch);
  g_assert_cmpuint (batch->first, ==, 1);
  ty_batch_unref (batch);
  /* The batch has given its reference back: this is the last one. */
  gsize len;
  g_free (g_bytes_unref_to_data (packet, &len));
  g_assert_cmpuint (len, ==, 4);
}

static void
test_builder_clear (void)
{
  TyBatchBuilder b;
  ty_batch_builder_init (&b);
  ty_batch_builder_clear (&b);
  ty_batch_builder_add (&b, TY_SERVICE_FIFO, "x", 1);
  ty_batch_builder_clear (&b);
  g_assert_null (b.mem);
  g_assert_cmpuint (b.count, ==, 0);
  g_assert_cmpuint (b.services, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/batch/seal-bytes", test_seal_bytes);
  g_test_add_func ("/core/batch/walk", test_walk);
  g_test_add_func ("/core/batch/headroom", test_headroom);
  g_test_add_func ("/core/batch/malformed", test_malformed);
  g_test_add_func ("/core/batch/limit", test_limit);
  g_test_add_func ("/core/batch/every-prefix", test_every_prefix);
  g_test_add_func ("/core/batch/ref", test_ref);
  g_test_add_func ("/core/batch/builder-clear", test_builder_clear);
  return g_test_run ();
}
