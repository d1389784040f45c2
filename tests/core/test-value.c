/* tests/core/test-value.c: what core/value.h, the quorum rule of core/view.h and core/modules.h promise.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/membership-port.h"
#include "core/value.h"
#include "tests/core/hex.h"

static TyMember
member_of (guint8 byte, const char *name, guint32 weight, gboolean loaded, guint64 since)
{
  return (TyMember){ .pid = id_of (byte),
                     .name = g_strdup (name),
                     .address = g_strdup ("t://x"),
                     .weight = weight,
                     .loaded = loaded,
                     .since = since };
}

/* View 2 = {a, c, d} goes over into view 3 = {a, d, e}, e loading: c left. */
static TyValue *
make_value (void)
{
  TyValue *value = ty_value_new ();
  value->group = id_of (0x67);
  value->old = (TyViewId){ .number = 2, .ballot = { .counter = 1, .pid = id_of (0xa0) } };
  value->id = (TyViewId){ .number = 3, .ballot = { .counter = 4, .pid = id_of (0xd0) } };
  value->group_name = g_strdup ("g");
  value->n_members = 3;
  value->members = g_new0 (TyMember, 3);
  value->members[0] = member_of (0xa0, "a", 1, TRUE, 1);
  value->members[1] = member_of (0xd0, "d", 300, TRUE, 2);
  value->members[2] = member_of (0xe0, "", 0, FALSE, 3);
  value->n_gone = 1;
  value->gone = g_new0 (TyGone, 1);
  value->gone[0] = (TyGone){ .rank = 1, .why = TY_LEFT_SUSPECT };
  value->n_old = 3;
  value->cut = g_new0 (guint64, 3);
  value->cut[0] = 5;
  value->cut[2] = 300;
  value->order = g_bytes_new ("OO", 2);
  return value;
}

#define HEX_A0 "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define HEX_D0 "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"
#define HEX_E0 "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0"
#define HEX_GROUP "67676767676767676767676767676767"
#define HEX_MEMBER_A HEX_A0 "0161 05743a2f2f78 01 03"
#define HEX_MEMBER_D HEX_D0 "0164 05743a2f2f78 ac02 05"
#define HEX_MEMBER_E HEX_E0 "00 05743a2f2f78 00 06"
#define HEX_IDS HEX_GROUP "02 01" HEX_A0 "03 04" HEX_D0
#define HEX_MEMBERS "03" HEX_MEMBER_A HEX_MEMBER_D HEX_MEMBER_E
#define HEX_VALUE HEX_IDS "0167" HEX_MEMBERS "01 0a 03 05 00 ac02 02 4f4f"

static TyValue *
read_hex (const char *hex)
{
  g_autoptr (GByteArray) bytes = hex_bytes (hex);
  TyReader r = TY_READER (bytes->data, bytes->len);
  TyValue *value = ty_value_read (&r);
  g_assert_true (value != NULL ? ty_reader_done (&r) : r.bad);
  return value;
}

static void
test_bytes (void)
{
  g_autoptr (TyValue) value = make_value ();
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_value_write (w, value);
  assert_hex (w->data, w->len, HEX_VALUE);
}

static void
test_round (void)
{
  g_autoptr (TyValue) value = read_hex (HEX_VALUE);
  g_assert_nonnull (value);
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_value_write (w, value);
  assert_hex (w->data, w->len, HEX_VALUE);
  g_assert_cmpuint (value->n_members, ==, 3);
  g_assert_cmpstr (value->members[1].name, ==, "d");
  g_assert_cmpuint (value->members[1].weight, ==, 300);
  g_assert_true (value->members[1].loaded);
  g_assert_false (value->members[2].loaded);
  g_assert_cmpuint (value->members[2].since, ==, 3);
  g_assert_cmpuint (value->cut[2], ==, 300);
  g_assert_cmpuint (g_bytes_get_size (value->order), ==, 2);
}

static void
test_dissolved (void)
{
  g_autoptr (TyValue) value = read_hex (HEX_IDS "0167 00 03 00 08 10 03 01 02 03 00");
  g_assert_nonnull (value);
  g_assert_cmpuint (value->n_members, ==, 0);
  g_assert_cmpuint (value->n_gone, ==, 3);
  TyLeftWhy why = TY_LEFT_DEAD;
  g_assert_true (ty_value_gone (value, 2, &why));
  g_assert_cmpint (why, ==, TY_LEFT_LEAVE);
}

static void
test_malformed (void)
{
  static const char *const malformed[] = {
    HEX_GROUP "02 01" HEX_A0 "04 04" HEX_D0 "0167" HEX_MEMBERS "01 0a 03 05 00 07 00", /* not the next */
    HEX_GROUP "02 01" HEX_A0 "02 04" HEX_D0 "0167" HEX_MEMBERS "01 0a 03 05 00 07 00",
    HEX_IDS "010a" HEX_MEMBERS "01 0a 03 05 00 07 00",                   /* a control character in the name */
    HEX_IDS "0167 ffff7f" HEX_MEMBER_A "00 01 00 00",                    /* more members than bytes */
    HEX_IDS "0167 01" HEX_A0 "0161 05743a2f2f78 c1843d 03 00 01 00 00",  /* weight 1000001 */
    HEX_IDS "0167" HEX_MEMBERS "01 0e 03 05 00 07 00",                   /* no such reason */
    HEX_IDS "0167" HEX_MEMBERS "01 1a 03 05 00 07 00",                   /* rank 3 of 3 */
    HEX_IDS "0167" HEX_MEMBERS "02 0a 0a 03 05 00 07 00",                /* the same rank twice */
    HEX_IDS "0167" HEX_MEMBERS "02 0a 02 03 05 00 07 00",                /* not in order of rank */
    HEX_IDS "0167" HEX_MEMBERS "00 00 00",                               /* an old view of nobody */
    HEX_IDS "0167" HEX_MEMBERS "01 0a 03 05 00 80808080808080808001 00", /* a number beyond all numbers */
    HEX_IDS "0167" HEX_MEMBERS "01 0a 03 05 00 07 03 4f4f",              /* the order is cut short */
  };
  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autoptr (TyValue) value = read_hex (malformed[i]);
      if (value != NULL)
        g_error ("variant %u was taken", i);
    }
  /* The frame around them is sound. */
  g_autoptr (TyValue) sound = read_hex (HEX_IDS "0167" HEX_MEMBERS "01 0a 03 05 00 07 00");
  g_assert_nonnull (sound);
  g_autoptr (TyValue) heavy = read_hex (HEX_IDS "0167 01" HEX_A0 "0161 05743a2f2f78 c0843d 03 00 01 00 00");
  g_assert_cmpuint (heavy->members[0].weight, ==, 1000000);
}

static void
test_every_prefix (void)
{
  g_autoptr (GByteArray) bytes = hex_bytes (HEX_VALUE);
  for (guint len = 0; len < bytes->len; len++)
    {
      TyReader r = TY_READER (bytes->data, len);
      g_assert_null (ty_value_read (&r));
      g_assert_true (r.bad);
    }
}

static void
test_digest (void)
{
  g_autoptr (TyValue) value = make_value ();
  g_autoptr (TyValue) same = read_hex (HEX_VALUE);
  TyId first, second, other;
  ty_value_digest (value, &first);
  ty_value_digest (same, &second);
  g_assert_true (ty_id_equal (&first, &second));
  /* BLAKE2b with 16 bytes of output over the encoding. */
  assert_hex (first.b, 16, "408f884454664ee499ce70201e714c97");
  same->cut[1] = 1;
  ty_value_digest (same, &other);
  g_assert_false (ty_id_equal (&first, &other));
  same->cut[1] = 0;
  same->gone[0].why = TY_LEFT_DEAD;
  ty_value_digest (same, &other);
  g_assert_false (ty_id_equal (&first, &other));
  same->gone[0].why = TY_LEFT_SUSPECT;
  same->members[2].loaded = TRUE;
  ty_value_digest (same, &other);
  g_assert_false (ty_id_equal (&first, &other));
}

static void
test_look_up (void)
{
  g_autoptr (TyValue) value = make_value ();
  TyId d = id_of (0xd0), nobody = id_of (0xdd);
  TyLeftWhy why;
  g_assert_cmpuint (ty_value_rank (value, &d), ==, 1);
  g_assert_cmpuint (ty_value_rank (value, &nobody), ==, 3);
  g_assert_true (ty_value_gone (value, 1, &why));
  g_assert_cmpint (why, ==, TY_LEFT_SUSPECT);
  g_assert_false (ty_value_gone (value, 0, &why));
  TyValue *again = ty_value_ref (value);
  g_assert_true (again == value);
  ty_value_unref (again);
}

/* ---- the quorum rule (V1) ---- */

/* `weights` and `in` as digits, by rank: "311" and "100". */
static gboolean
quorum (const char *weights, const char *in)
{
  guint n = (guint) strlen (weights);
  g_autofree TyMember *members = g_new0 (TyMember, n + 1);
  g_autofree gboolean *has = g_new0 (gboolean, n + 1);
  g_assert_cmpuint (strlen (in), ==, n);
  for (guint i = 0; i < n; i++)
    {
      members[i].weight = (guint32) (weights[i] - '0');
      has[i] = in[i] == '1';
    }
  return ty_members_quorum (members, n, has);
}

static void
test_quorum (void)
{
  g_assert_true (quorum ("1", "1"));
  g_assert_false (quorum ("1", "0"));
  g_assert_true (quorum ("111", "011"));
  g_assert_true (quorum ("111", "110"));
  g_assert_false (quorum ("111", "100"));
  g_assert_true (quorum ("11111", "00111"));
  g_assert_false (quorum ("11111", "11000"));
  /* Exactly half: with rank 0. */
  g_assert_true (quorum ("11", "10"));
  g_assert_false (quorum ("11", "01"));
  g_assert_true (quorum ("1111", "1001"));
  g_assert_false (quorum ("1111", "0110"));
  g_assert_true (quorum ("2112", "1100"));
  g_assert_false (quorum ("2112", "0011"));
  /* Weights. */
  g_assert_true (quorum ("311", "100"));
  g_assert_false (quorum ("311", "011"));
  g_assert_true (quorum ("131", "010"));
  g_assert_false (quorum ("131", "101"));
  /* Who weighs nothing adds nothing, but the oldest breaks a tie even then. */
  g_assert_false (quorum ("110", "011"));
  g_assert_true (quorum ("101", "100"));
  g_assert_true (quorum ("011", "110"));
  g_assert_false (quorum ("011", "010"));
  g_assert_true (quorum ("001", "001"));
  g_assert_false (quorum ("001", "110"));
  /* Nobody weighs anything: the oldest decides. */
  g_assert_true (quorum ("00", "10"));
  g_assert_false (quorum ("00", "01"));
  g_assert_false (quorum ("", ""));
}

/* Two sets without a member in common never both hold one. */
static void
test_quorums_meet (void)
{
  static const char *const weights[] = { "1111", "2111", "0111", "1010", "3210", "0000" };
  for (guint w = 0; w < G_N_ELEMENTS (weights); w++)
    for (guint set = 0; set < 16; set++)
      {
        char a[5] = "", b[5] = "";
        for (guint i = 0; i < 4; i++)
          {
            a[i] = (set >> i & 1) != 0 ? '1' : '0';
            b[i] = (set >> i & 1) != 0 ? '0' : '1';
          }
        g_assert_cmpint (quorum (weights[w], a), ==, !quorum (weights[w], b));
      }
}

static void
test_quorum_heavy (void)
{
  TyMember members[5] = { 0 };
  gboolean in[5] = { FALSE, TRUE, TRUE, TRUE, FALSE };
  for (guint i = 0; i < 5; i++)
    members[i].weight = G_MAXUINT32;
  g_assert_true (ty_members_quorum (members, 5, in));
  in[1] = FALSE;
  g_assert_false (ty_members_quorum (members, 5, in));
}

/* ---- a view, and the table of modules ---- */

static void
test_view (void)
{
  TyId group = id_of (1), self = id_of (0xd0), nobody = id_of (2);
  TyViewId id = { .number = 7, .ballot = { .counter = 3, .pid = id_of (0x3f) } };
  TyMember *members = g_new0 (TyMember, 2);
  members[0] = member_of (0xa0, "a", 1, TRUE, 1);
  members[1] = member_of (0xd0, "d", 1, TRUE, 7);
  g_autoptr (TyetView) view = ty_view_new (&group, "g", &id, members, 2, &self);
  g_assert_cmpuint (view->self, ==, 1);
  g_assert_cmpstr (view->label, ==, "7.3.3f3f3f3f");
  g_assert_cmpuint (ty_view_rank (view, &self), ==, 1);
  g_assert_cmpuint (ty_view_rank (view, &nobody), ==, 2);
}

static void
test_modules (void)
{
  static const TyOrderingOps one = { .name = "one" }, two = { .name = "two" };
  static const TyOrderingOps *const orderings[] = { &one, &two, NULL };
  static const TyOrderingOps *const none[] = { NULL };
  TyModules modules = { .orderings = orderings }, empty = { .orderings = none };
  g_assert_true (ty_modules_find_ordering (&modules, "two") == &two);
  g_assert_true (ty_modules_find_ordering (&modules, "one") == &one);
  g_assert_null (ty_modules_find_ordering (&modules, "tw"));
  g_assert_null (ty_modules_find_ordering (&modules, ""));
  g_assert_null (ty_modules_find_ordering (&empty, "one"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/value/bytes", test_bytes);
  g_test_add_func ("/core/value/round", test_round);
  g_test_add_func ("/core/value/dissolved", test_dissolved);
  g_test_add_func ("/core/value/malformed", test_malformed);
  g_test_add_func ("/core/value/every-prefix", test_every_prefix);
  g_test_add_func ("/core/value/digest", test_digest);
  g_test_add_func ("/core/value/look-up", test_look_up);
  g_test_add_func ("/core/view/quorum", test_quorum);
  g_test_add_func ("/core/view/quorums-meet", test_quorums_meet);
  g_test_add_func ("/core/view/quorum-heavy", test_quorum_heavy);
  g_test_add_func ("/core/view/rank", test_view);
  g_test_add_func ("/core/modules/look-up", test_modules);
  return g_test_run ();
}
