/* tests/flush/test-store.c: the store of unstable messages (core/flush-port.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flush-port.h"
#include "tests/core/hex.h"

extern const TyFlushOps ty_flush;

/* A batch of `count` messages from number `first`, each with a payload of `len` bytes. */
static TyBatch *
make_batch (guint64 first, guint count, gsize len)
{
  TyBatchBuilder b;
  TyId group = id_of (1);
  g_autofree guint8 *payload = g_malloc0 (len + 1);
  ty_batch_builder_init (&b);
  for (guint i = 0; i < count; i++)
    ty_batch_builder_add (&b, TY_SERVICE_FIFO, payload, len);
  return ty_batch_builder_seal (&b, &group, 1, first, NULL, 0);
}

static TyReceipt
add (TyStore *store, guint sender, guint64 first, guint count)
{
  g_autoptr (TyBatch) batch = make_batch (first, count, 10);
  return ty_flush.add (store, sender, batch);
}

static gsize
size_of (guint64 first, guint count)
{
  g_autoptr (TyBatch) batch = make_batch (first, count, 10);
  return g_bytes_get_size (batch->packet);
}

static gboolean
on_receipts (TyStore *store, guint from, const char *hex)
{
  g_autoptr (GByteArray) bytes = hex_bytes (hex);
  TyReader r = TY_READER (bytes->data, bytes->len);
  return ty_flush.on_receipts (store, from, &r) && ty_reader_done (&r);
}

static void
test_receipts_in_order (void)
{
  TyStore *store = ty_flush.create (3, 0);
  g_assert_cmpint (add (store, 1, 2, 1), ==, TY_RECEIPT_GAP);
  g_assert_cmpuint (ty_flush.received (store, 1), ==, 0);
  g_assert_cmpint (add (store, 1, 1, 2), ==, TY_RECEIPT_NEXT);
  g_assert_cmpuint (ty_flush.received (store, 1), ==, 2);
  g_assert_cmpint (add (store, 1, 1, 2), ==, TY_RECEIPT_DUPLICATE);
  g_assert_cmpint (add (store, 1, 2, 1), ==, TY_RECEIPT_DUPLICATE);
  g_assert_cmpint (add (store, 1, 4, 1), ==, TY_RECEIPT_GAP);
  g_assert_cmpint (add (store, 1, 3, 5), ==, TY_RECEIPT_NEXT);
  g_assert_cmpuint (ty_flush.received (store, 1), ==, 7);
  /* A batch that overlaps is nobody's: batches are never taken apart. */
  g_assert_cmpint (add (store, 1, 7, 3), ==, TY_RECEIPT_GAP);
  g_assert_cmpuint (ty_flush.received (store, 1), ==, 7);
  g_assert_cmpuint (ty_flush.received (store, 2), ==, 0);
  ty_flush.free (store);
}

static void
test_write_receipts (void)
{
  TyStore *store = ty_flush.create (3, 0);
  g_autoptr (GByteArray) w = g_byte_array_new ();
  g_assert_false (ty_flush.write_receipts (store, 1, w));
  assert_hex (w->data, w->len, "00 00 00");
  add (store, 1, 1, 3);
  add (store, 2, 1, 1);
  ty_flush.consumed (store, 1, 2);
  g_byte_array_set_size (w, 0);
  g_assert_true (ty_flush.write_receipts (store, 1, w));
  assert_hex (w->data, w->len, "00 03 01");
  /* Nothing new; then a consumption alone is news. */
  g_byte_array_set_size (w, 0);
  g_assert_false (ty_flush.write_receipts (store, 1, w));
  ty_flush.consumed (store, 1, 3);
  g_byte_array_set_size (w, 0);
  g_assert_true (ty_flush.write_receipts (store, 1, w));
  assert_hex (w->data, w->len, "00 03 00");
  /* The other sender has been told nothing yet. */
  g_byte_array_set_size (w, 0);
  g_assert_true (ty_flush.write_receipts (store, 2, w));
  assert_hex (w->data, w->len, "00 01 01");
  /* What is stable is news to everybody, also to who has sent nothing. */
  add (store, 0, 1, 2);
  g_assert_true (on_receipts (store, 1, "00 02 00"));
  g_assert_true (on_receipts (store, 2, "00 02 00"));
  g_byte_array_set_size (w, 0);
  g_assert_true (ty_flush.write_receipts (store, 2, w));
  assert_hex (w->data, w->len, "02 01 01");
  g_assert_true (ty_flush.write_receipts (store, 1, w));
  g_assert_false (ty_flush.write_receipts (store, 1, w));
  ty_flush.free (store);
}

static void
test_stability (void)
{
  TyStore *store = ty_flush.create (3, 0);
  add (store, 0, 1, 2);
  add (store, 0, 3, 1);
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, size_of (1, 2) + size_of (3, 1));
  g_assert_true (on_receipts (store, 1, "00 03 00"));
  g_assert_cmpuint (ty_flush.stable (store), ==, 0);
  /* Half of a batch: the batch stays. */
  g_assert_true (on_receipts (store, 2, "00 01 00"));
  g_assert_cmpuint (ty_flush.stable (store), ==, 1);
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, size_of (1, 2) + size_of (3, 1));
  g_assert_true (on_receipts (store, 2, "00 02 00"));
  g_assert_cmpuint (ty_flush.stable (store), ==, 2);
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, size_of (3, 1));
  g_assert_true (on_receipts (store, 2, "00 03 03"));
  g_assert_cmpuint (ty_flush.stable (store), ==, 3);
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, 0);
  ty_flush.free (store);
}

/* Of others' messages their sender says what is stable, and not who received them. */
static void
test_stable_needs_the_word (void)
{
  TyStore *store = ty_flush.create (3, 0);
  add (store, 1, 1, 2);
  add (store, 1, 3, 1);
  g_assert_true (on_receipts (store, 2, "00 00 00"));
  g_assert_true (on_receipts (store, 1, "01 00 00"));
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, size_of (1, 2) + size_of (3, 1));
  g_assert_true (on_receipts (store, 1, "02 00 00"));
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, size_of (3, 1));
  g_assert_true (on_receipts (store, 1, "03 00 00"));
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, 0);
  ty_flush.free (store);
}

/* Own messages that have become stable, in bytes. */
static void
test_stable_bytes (void)
{
  TyStore *store = ty_flush.create (2, 0);
  add (store, 0, 1, 2);
  add (store, 1, 1, 1);
  g_assert_cmpuint (ty_flush.stable_bytes (store), ==, 0);
  g_assert_true (on_receipts (store, 1, "01 02 00"));
  g_assert_cmpuint (ty_flush.stable_bytes (store), ==, size_of (1, 2));
  ty_flush.free (store);
}

/* The least of many that come on one after the other, in any order. */
static void
test_many_members (void)
{
  const guint n = 17;
  TyStore *store = ty_flush.create (n, 3);
  for (guint64 number = 1; number <= 40; number++)
    {
      add (store, 3, number, 1);
      ty_flush.consumed (store, 3, number);
      for (guint i = 0; i < n; i++)
        {
          guint m = (guint) (i * 5 + number) % n;
          if (m == 3)
            continue;
          g_assert_cmpuint (ty_flush.stable (store), ==, number - 1);
          g_assert_cmpuint (ty_flush.window_used (store), ==, size_of (number, 1));
          g_autoptr (GByteArray) w = g_byte_array_new ();
          ty_write_varint (w, 0);
          ty_write_varint (w, number);
          ty_write_varint (w, 0);
          TyReader r = TY_READER (w->data, w->len);
          g_assert_true (ty_flush.on_receipts (store, m, &r));
        }
      g_assert_cmpuint (ty_flush.stable (store), ==, number);
      g_assert_cmpuint (ty_flush.window_used (store), ==, 0);
    }
  ty_flush.free (store);
}

static void
test_alone (void)
{
  TyStore *store = ty_flush.create (1, 0);
  add (store, 0, 1, 1);
  g_assert_cmpuint (ty_flush.stable (store), ==, 1);
  g_assert_cmpuint (ty_flush.kept_bytes (store), ==, 0);
  g_assert_cmpuint (ty_flush.window_used (store), ==, size_of (1, 1));
  ty_flush.consumed (store, 0, 1);
  g_assert_cmpuint (ty_flush.window_used (store), ==, 0);
  ty_flush.free (store);
}

/* The window opens when everyone, this process too, has received and consumed. */
static void
test_window (void)
{
  TyStore *store = ty_flush.create (3, 0);
  gsize one = size_of (1, 2), two = size_of (3, 1);
  add (store, 0, 1, 2);
  add (store, 0, 3, 1);
  add (store, 1, 1, 4);
  g_assert_cmpuint (ty_flush.window_used (store), ==, one + two);
  ty_flush.consumed (store, 0, 3);
  g_assert_true (on_receipts (store, 1, "00 03 00"));
  g_assert_cmpuint (ty_flush.window_used (store), ==, one + two);
  /* Received, stable even, but not consumed. */
  g_assert_true (on_receipts (store, 2, "00 03 03"));
  g_assert_cmpuint (ty_flush.stable (store), ==, 3);
  g_assert_cmpuint (ty_flush.window_used (store), ==, one + two);
  g_assert_true (on_receipts (store, 2, "00 03 02"));
  g_assert_cmpuint (ty_flush.window_used (store), ==, one + two);
  g_assert_true (on_receipts (store, 2, "00 03 01"));
  g_assert_cmpuint (ty_flush.window_used (store), ==, two);
  g_assert_true (on_receipts (store, 2, "00 03 00"));
  g_assert_cmpuint (ty_flush.window_used (store), ==, 0);
  ty_flush.free (store);
}

static void
test_window_own_consumption (void)
{
  TyStore *store = ty_flush.create (2, 1);
  add (store, 1, 1, 1);
  g_assert_true (on_receipts (store, 0, "00 01 00"));
  g_assert_cmpuint (ty_flush.window_used (store), ==, size_of (1, 1));
  ty_flush.consumed (store, 1, 1);
  g_assert_cmpuint (ty_flush.window_used (store), ==, 0);
  ty_flush.free (store);
}

/* Over many batches the window comes back to nothing, whatever is moved around inside. */
static void
test_window_long (void)
{
  TyStore *store = ty_flush.create (2, 0);
  gsize expected = 0;
  guint64 done = 0;
  for (guint64 n = 1; n <= 1000; n++)
    {
      add (store, 0, n, 1);
      expected += size_of (n, 1);
      ty_flush.consumed (store, 0, n);
      if (n % 7 != 0)
        continue;
      g_autoptr (GByteArray) w = g_byte_array_new ();
      ty_write_varint (w, 0);
      ty_write_varint (w, n - 3);
      ty_write_varint (w, 0);
      TyReader r = TY_READER (w->data, w->len);
      g_assert_true (ty_flush.on_receipts (store, 1, &r));
      for (; done < n - 3; done++)
        expected -= size_of (done + 1, 1);
      g_assert_cmpuint (ty_flush.window_used (store), ==, expected);
    }
  ty_flush.free (store);
}

static void
note (gpointer user_data, guint sender, TyBatch *batch)
{
  GString *text = user_data;
  g_string_append_printf (text, "%u:%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", sender, batch->first, batch->last);
}

static char *
given (TyStore *store, guint sender, guint64 after, guint64 upto)
{
  GString *text = g_string_new (NULL);
  ty_flush.give (store, sender, after, upto, note, text);
  return g_string_free (text, FALSE);
}

static void
test_give (void)
{
  static const struct
  {
    guint64 after, upto;
    const char *expected;
  } cases[] = {
    { 0, 9, "1:1-2 1:3-3 1:4-6 " },
    { 0, 6, "1:1-2 1:3-3 1:4-6 " },
    { 0, 2, "1:1-2 " },
    { 0, 1, "1:1-2 " },
    { 1, 2, "1:1-2 " },
    { 2, 3, "1:3-3 " },
    { 2, 4, "1:3-3 1:4-6 " },
    { 3, 3, "" },
    { 5, 6, "1:4-6 " },
    { 6, 9, "" },
  };
  TyStore *store = ty_flush.create (3, 0);
  add (store, 1, 1, 2);
  add (store, 1, 3, 1);
  add (store, 1, 4, 3);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = given (store, 1, cases[i].after, cases[i].upto);
      g_assert_cmpstr (text, ==, cases[i].expected);
    }
  g_autofree char *other = given (store, 2, 0, 9);
  g_assert_cmpstr (other, ==, "");
  /* What is stable is gone: nobody can lack it. */
  g_assert_true (on_receipts (store, 1, "03 00 00"));
  g_autofree char *rest = given (store, 1, 0, 9);
  g_assert_cmpstr (rest, ==, "1:4-6 ");
  ty_flush.free (store);
}

static void
test_digest (void)
{
  TyStore *store = ty_flush.create (3, 1);
  g_autoptr (GByteArray) w = g_byte_array_new ();
  guint64 received[3] = { 7, 7, 7 };
  add (store, 0, 1, 200);
  add (store, 1, 1, 1);
  ty_flush.digest (store, w);
  assert_hex (w->data, w->len, "c801 01 00");
  TyReader r = TY_READER (w->data, w->len);
  g_assert_true (ty_flush.read_digest (store, &r, received));
  g_assert_true (ty_reader_done (&r));
  g_assert_cmpuint (received[0], ==, 200);
  g_assert_cmpuint (received[1], ==, 1);
  g_assert_cmpuint (received[2], ==, 0);
  TyReader cut_short = TY_READER (w->data, w->len - 1);
  g_assert_false (ty_flush.read_digest (store, &cut_short, received));
  guint64 cut[3] = { 200, 1, 0 };
  g_assert_true (ty_flush.holds (store, cut));
  cut[2] = 1;
  g_assert_false (ty_flush.holds (store, cut));
  cut[2] = 0;
  cut[0] = 201;
  g_assert_false (ty_flush.holds (store, cut));
  ty_flush.free (store);
}

/* Malformed receipts change nothing, however much of them was sound. */
static void
test_malformed (void)
{
  static const char *const malformed[] = {
    "",            /* nothing */
    "02 03",       /* cut short */
    "02 04 00",    /* more of this process's messages than there are */
    "02 01 00",    /* fewer than it said before */
    "02 03 04",    /* holds more than it received */
    "04 03 00",    /* stable, and not received here */
    "00 03 00",    /* less is stable than it said before */
    "02 03 00 00", /* something behind it */
    "02 80808080808080808001 00",
    "ffffffffffffffffff01 03 00",
  };
  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      TyStore *store = ty_flush.create (3, 0);
      add (store, 0, 1, 2);
      add (store, 0, 3, 1);
      add (store, 1, 1, 1);
      add (store, 1, 2, 2);
      ty_flush.consumed (store, 0, 3);
      g_assert_true (on_receipts (store, 2, "00 03 00"));
      g_assert_true (on_receipts (store, 1, "01 02 01"));
      gsize kept = ty_flush.kept_bytes (store), window = ty_flush.window_used (store);
      g_assert_cmpuint (kept, ==, size_of (3, 1) + size_of (2, 2));
      if (on_receipts (store, 1, malformed[i]))
        g_error ("taken: %s", malformed[i]);
      g_assert_cmpuint (ty_flush.stable (store), ==, 2);
      g_assert_cmpuint (ty_flush.kept_bytes (store), ==, kept);
      g_assert_cmpuint (ty_flush.window_used (store), ==, window);
      g_assert_true (on_receipts (store, 1, "01 02 01"));
      ty_flush.free (store);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flush/store/receipts-in-order", test_receipts_in_order);
  g_test_add_func ("/flush/store/write-receipts", test_write_receipts);
  g_test_add_func ("/flush/store/stability", test_stability);
  g_test_add_func ("/flush/store/stable-needs-the-word", test_stable_needs_the_word);
  g_test_add_func ("/flush/store/stable-bytes", test_stable_bytes);
  g_test_add_func ("/flush/store/many-members", test_many_members);
  g_test_add_func ("/flush/store/alone", test_alone);
  g_test_add_func ("/flush/store/window", test_window);
  g_test_add_func ("/flush/store/window-own-consumption", test_window_own_consumption);
  g_test_add_func ("/flush/store/window-long", test_window_long);
  g_test_add_func ("/flush/store/give", test_give);
  g_test_add_func ("/flush/store/digest", test_digest);
  g_test_add_func ("/flush/store/malformed", test_malformed);
  return g_test_run ();
}
