/* tests/core/test-wire.c: what core/wire.h and core/id.h promise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/hex.h"

static const struct
{
  guint64 value;
  const char *hex;
} varints[] = {
  { 0, "00" },
  { 1, "01" },
  { 127, "7f" },
  { 128, "8001" },
  { 300, "ac02" },
  { 16383, "ff7f" },
  { 16384, "808001" },
  { G_MAXUINT32, "ffffffff0f" },
  { G_MAXINT64, "ffffffffffffffff7f" },
  { G_GUINT64_CONSTANT (1) << 63, "80808080808080808001" },
  { G_MAXUINT64, "ffffffffffffffffff01" },
};

static void
test_varint_round (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (varints); i++)
    {
      g_autoptr (GByteArray) w = g_byte_array_new ();
      ty_write_varint (w, varints[i].value);
      assert_hex (w->data, w->len, varints[i].hex);
      TyReader r = TY_READER (w->data, w->len);
      g_assert_cmpuint (ty_read_varint (&r), ==, varints[i].value);
      g_assert_true (ty_reader_done (&r));
    }
}

static guint64
read_varint (const char *hex, gboolean *bad)
{
  g_autoptr (GByteArray) bytes = hex_bytes (hex);
  TyReader r = TY_READER (bytes->data, bytes->len);
  guint64 v = ty_read_varint (&r);
  *bad = r.bad;
  return v;
}

static void
test_varint_malformed (void)
{
  /* Longer than need be; beyond 64 bits; an eleventh byte; cut short. */
  static const char *const malformed[] = {
    "8000",
    "ff00",
    "808000",
    "ffffffffffffffffff02",
    "ffffffffffffffffff81",
    "ffffffffffffffffff7f",
    "8080808080808080808001",
    "ffffffffffffffffffff01",
    "",
    "80",
    "ffffffffffffffffff",
  };
  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      gboolean bad;
      g_assert_cmpuint (read_varint (malformed[i], &bad), ==, 0);
      g_assert_true (bad);
    }
}

static void
test_varint_every_prefix (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (varints); i++)
    {
      g_autoptr (GByteArray) bytes = hex_bytes (varints[i].hex);
      for (guint len = 0; len < bytes->len; len++)
        {
          TyReader r = TY_READER (bytes->data, len);
          ty_read_varint (&r);
          g_assert_true (r.bad);
        }
    }
}

static void
test_fixed (void)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_u8 (w, 0xab);
  ty_write_u16 (w, 0x1234);
  ty_write_u32 (w, 0x89abcdef);
  ty_write_u64 (w, G_GUINT64_CONSTANT (0x0102030405060708));
  assert_hex (w->data, w->len, "ab 3412 efcdab89 0807060504030201");
  TyReader r = TY_READER (w->data, w->len);
  g_assert_cmpuint (ty_read_u8 (&r), ==, 0xab);
  g_assert_cmpuint (ty_read_u16 (&r), ==, 0x1234);
  g_assert_cmpuint (ty_read_u32 (&r), ==, 0x89abcdef);
  g_assert_false (ty_reader_done (&r));
  g_assert_cmpuint (ty_read_u64 (&r), ==, G_GUINT64_CONSTANT (0x0102030405060708));
  g_assert_true (ty_reader_done (&r));
}

static void
test_ids (void)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  TyId id = id_of (0x5a);
  TyBallot ballot = { .counter = 300, .pid = id_of (0x11) };
  TyViewId view = { .number = 7, .ballot = { .counter = 2, .pid = id_of (0x22) } };
  ty_write_id (w, &id);
  ty_write_ballot (w, &ballot);
  ty_write_view_id (w, &view);
  assert_hex (w->data, w->len,
              "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
              "ac02 11111111111111111111111111111111"
              "07 02 22222222222222222222222222222222");
  TyReader r = TY_READER (w->data, w->len);
  TyId id2;
  TyBallot ballot2;
  TyViewId view2;
  ty_read_id (&r, &id2);
  ty_read_ballot (&r, &ballot2);
  ty_read_view_id (&r, &view2);
  g_assert_true (ty_reader_done (&r));
  g_assert_true (ty_id_equal (&id, &id2));
  g_assert_cmpint (ty_ballot_compare (&ballot, &ballot2), ==, 0);
  g_assert_true (ty_view_id_equal (&view, &view2));
}

/* Whoever went bad stays so, and gives zeros, even where bytes would be left. */
static void
test_bad_stays (void)
{
  g_autoptr (GByteArray) bytes = hex_bytes ("8000 01020304050607080910111213141516 01020304050607080910");
  TyReader r = TY_READER (bytes->data, bytes->len);
  ty_read_varint (&r);
  g_assert_true (r.bad);
  g_assert_cmpuint (ty_reader_left (&r), ==, 0);
  g_assert_cmpuint (ty_read_u8 (&r), ==, 0);
  g_assert_cmpuint (ty_read_u64 (&r), ==, 0);
  g_assert_cmpuint (ty_read_varint (&r), ==, 0);
  g_assert_cmpuint (ty_read_bounded (&r, 100), ==, 0);
  g_assert_cmpuint (ty_read_count (&r, 1), ==, 0);
  gsize len = 1;
  g_assert_null (ty_read_block (&r, &len));
  g_assert_cmpuint (len, ==, 0);
  g_assert_null (ty_read_text (&r, 10));
  TyId id = id_of (9);
  ty_read_id (&r, &id);
  g_assert_true (ty_id_is_null (&id));
  TyReader sub = ty_read_sub (&r);
  g_assert_true (sub.bad);
  g_assert_true (r.bad);
  g_assert_false (ty_reader_done (&r));
}

/* A short fixed field goes bad as a whole: what is there is not handed out. */
static void
test_short_fixed (void)
{
  static const guint8 bytes[] = { 1, 2, 3 };
  TyReader r = TY_READER (bytes, 3);
  g_assert_cmpuint (ty_read_u32 (&r), ==, 0);
  g_assert_true (r.bad);
  TyReader none = TY_READER (NULL, 0);
  g_assert_true (ty_reader_done (&none));
  ty_read_u8 (&none);
  g_assert_true (none.bad);
}

static void
test_bounded (void)
{
  g_autoptr (GByteArray) bytes = hex_bytes ("0a 0a 0b 00");
  TyReader r = TY_READER (bytes->data, bytes->len);
  g_assert_cmpuint (ty_read_bounded (&r, 10), ==, 10);
  g_assert_cmpuint (ty_read_bounded (&r, 11), ==, 10);
  g_assert_false (r.bad);
  g_assert_cmpuint (ty_read_bounded (&r, 10), ==, 0);
  g_assert_true (r.bad);
}

static void
test_block (void)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_block (w, "abc", 3);
  ty_write_block (w, NULL, 0);
  assert_hex (w->data, w->len, "03 616263 00");
  TyReader r = TY_READER (w->data, w->len);
  gsize len;
  const guint8 *at = ty_read_block (&r, &len);
  g_assert_cmpmem (at, len, "abc", 3);
  at = ty_read_block (&r, &len);
  g_assert_nonnull (at);
  g_assert_cmpuint (len, ==, 0);
  g_assert_true (ty_reader_done (&r));

  /* One byte more than there is, and a length that would wrap around. */
  static const char *const malformed[] = { "04 616263", "ffffffffffffffffff01 61", "ffffffffffffffff7f 61" };
  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autoptr (GByteArray) bytes = hex_bytes (malformed[i]);
      TyReader m = TY_READER (bytes->data, bytes->len);
      g_assert_null (ty_read_block (&m, &len));
      g_assert_true (m.bad);
    }
}

static void
test_sub (void)
{
  g_autoptr (GByteArray) bytes = hex_bytes ("02 0506 07");
  TyReader r = TY_READER (bytes->data, bytes->len);
  TyReader sub = ty_read_sub (&r);
  g_assert_cmpuint (ty_read_u8 (&sub), ==, 5);
  g_assert_cmpuint (ty_read_u8 (&sub), ==, 6);
  g_assert_true (ty_reader_done (&sub));
  /* A part goes bad for itself, and cannot read on into the whole. */
  ty_read_u8 (&sub);
  g_assert_true (sub.bad);
  g_assert_false (r.bad);
  g_assert_cmpuint (ty_read_u8 (&r), ==, 7);
  g_assert_true (ty_reader_done (&r));
}

static char *
read_text (gconstpointer data, gsize len, gsize max)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_block (w, data, len);
  TyReader r = TY_READER (w->data, w->len);
  char *text = ty_read_text (&r, max);
  g_assert_true (text != NULL ? ty_reader_done (&r) : r.bad);
  return text;
}

static void
test_text (void)
{
  g_autofree char *plain = read_text ("caf\xc3\xa9", 5, 5);
  g_assert_cmpstr (plain, ==, "caf\xc3\xa9");
  g_autofree char *empty = read_text ("", 0, 5);
  g_assert_cmpstr (empty, ==, "");
  g_autofree char *space = read_text (" ~", 2, 5);
  g_assert_cmpstr (space, ==, " ~");
  /* Too long; not UTF-8; cut in a character; NUL; control characters. */
  g_assert_null (read_text ("123456", 6, 5));
  g_assert_null (read_text ("\xff", 1, 5));
  g_assert_null (read_text ("caf\xc3", 4, 5));
  g_assert_null (read_text ("a\0b", 3, 5));
  g_assert_null (read_text ("a\nb", 3, 5));
  g_assert_null (read_text ("\x1b[m", 3, 5));
  g_assert_null (read_text ("\x7f", 1, 5));
}

static void
test_count (void)
{
  struct
  {
    const char *hex;
    gsize least;
    gsize count;
    gboolean bad;
  } cases[] = {
    { "00", 16, 0, FALSE },
    { "02 0102", 1, 2, FALSE },
    { "03 0102", 1, 0, TRUE },
    { "02 01020304", 2, 2, FALSE },
    { "02 010203", 2, 0, TRUE },
    { "ffffffffffffffffff01 00", 1, 0, TRUE },
    { "80808080808080808001 0000", 2, 0, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = hex_bytes (cases[i].hex);
      TyReader r = TY_READER (bytes->data, bytes->len);
      g_assert_cmpuint (ty_read_count (&r, cases[i].least), ==, cases[i].count);
      g_assert_cmpint (r.bad, ==, cases[i].bad);
    }
}

static void
test_id_order (void)
{
  TyId low = id_of (1), high = id_of (1);
  high.b[15] = 2;
  g_assert_cmpint (ty_id_compare (&low, &high), <, 0);
  g_assert_cmpint (ty_id_compare (&high, &low), >, 0);
  low.b[0] = 0x80;
  g_assert_cmpint (ty_id_compare (&low, &high), >, 0);
  g_assert_false (ty_id_equal (&low, &high));
  TyId null = id_of (0);
  g_assert_true (ty_id_is_null (&null));
  null.b[15] = 1;
  g_assert_false (ty_id_is_null (&null));
}

static void
test_ballot_order (void)
{
  TyBallot a = { .counter = 1, .pid = id_of (9) }, b = { .counter = 2, .pid = id_of (1) };
  g_assert_cmpint (ty_ballot_compare (&a, &b), <, 0);
  g_assert_cmpint (ty_ballot_compare (&b, &a), >, 0);
  a.counter = 2;
  g_assert_cmpint (ty_ballot_compare (&a, &b), >, 0);
  a.pid = b.pid;
  g_assert_cmpint (ty_ballot_compare (&a, &b), ==, 0);
  /* Counters that differ by more than an int holds. */
  a.counter = G_MAXUINT64;
  b.counter = 0;
  g_assert_cmpint (ty_ballot_compare (&a, &b), >, 0);
  TyViewId v = { .number = 1, .ballot = a }, w = { .number = 1, .ballot = b };
  g_assert_false (ty_view_id_equal (&v, &w));
  w.ballot = a;
  g_assert_true (ty_view_id_equal (&v, &w));
  w.number = 2;
  g_assert_false (ty_view_id_equal (&v, &w));
}

static void
test_id_short (void)
{
  TyId id = id_of (0xff);
  id.b[0] = 0x3f;
  id.b[1] = 0x0a;
  id.b[2] = 0x00;
  char out[9];
  g_assert_cmpstr (ty_id_short (&id, out), ==, "3f0a00ff");
  g_assert_true (ty_id_equal_v (&id, &id));
  TyId other = id;
  g_assert_cmpuint (ty_id_hash (&id), ==, ty_id_hash (&other));
  other.b[0] ^= 1;
  g_assert_cmpuint (ty_id_hash (&id), !=, ty_id_hash (&other));
}

/* Whatever a reason was, who is told takes it for a text. */
static void
test_reason (void)
{
  g_autofree char *most = g_strnfill (TY_MAX_REASON_BYTES, 'y'), *more = g_strnfill (TY_MAX_REASON_BYTES + 1, 'y');
  g_autofree char *wide = g_strconcat (most + 1, "\u00e9", NULL);
  const char *const reasons[][2] = {
    { "", "" },
    { "as it is: \u00e9", "as it is: \u00e9" },
    { "two\nlines\x7f", "two lines " },
    { "no \xff text", "no \uFFFD text" },
    { most, most },
    { more, most },
    { wide, most + 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autoptr (GByteArray) w = g_byte_array_new ();
      ty_write_reason (w, reasons[i][0]);
      TyReader r = TY_READER (w->data, w->len);
      g_autofree char *read = ty_read_text (&r, TY_MAX_REASON_BYTES);
      g_assert_cmpstr (read, ==, reasons[i][1]);
      g_assert_true (ty_reader_done (&r));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/wire/varint/round", test_varint_round);
  g_test_add_func ("/core/wire/varint/malformed", test_varint_malformed);
  g_test_add_func ("/core/wire/varint/every-prefix", test_varint_every_prefix);
  g_test_add_func ("/core/wire/fixed", test_fixed);
  g_test_add_func ("/core/wire/short-fixed", test_short_fixed);
  g_test_add_func ("/core/wire/ids", test_ids);
  g_test_add_func ("/core/wire/bad-stays", test_bad_stays);
  g_test_add_func ("/core/wire/bounded", test_bounded);
  g_test_add_func ("/core/wire/block", test_block);
  g_test_add_func ("/core/wire/sub", test_sub);
  g_test_add_func ("/core/wire/text", test_text);
  g_test_add_func ("/core/wire/reason", test_reason);
  g_test_add_func ("/core/wire/count", test_count);
  g_test_add_func ("/core/id/order", test_id_order);
  g_test_add_func ("/core/id/ballot-order", test_ballot_order);
  g_test_add_func ("/core/id/short", test_id_short);
  return g_test_run ();
}
