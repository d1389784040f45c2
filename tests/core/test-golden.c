/* tests/core/test-golden.c: the bytes of every packet, field by field, as the tables say (doc/wire-format.md).
 *
 * Three processes a, b, c of one group "g"; what they draw and what time it is are fixed.  Each packet is written down
 * as its table has it: name and size of a field, its bytes.  A change here is a change of the protocol.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/hex.h"
#include "tests/core/rig.h"

#define ID_A "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define ID_B "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
#define ID_C "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
#define ID_G "67676767676767676767676767676767"

typedef struct
{
  const char *name;
  const char *hex;
} Field;

static void
check (GBytes *packet, const Field *fields)
{
  g_autoptr (GString) want = g_string_new (NULL);
  gsize len;
  g_assert_nonnull (packet);
  const guint8 *data = g_bytes_get_data (packet, &len);
  g_autofree char *have = hex_text (data, len);
  for (; fields->name != NULL; fields++)
    {
      g_autoptr (GByteArray) bytes = hex_bytes (fields->hex);
      g_autofree char *hex = hex_text (bytes->data, bytes->len);
      gsize at = want->len;
      g_string_append (want, hex);
      if (strlen (have) < want->len || strncmp (have + at, hex, strlen (hex)) != 0)
        g_error ("%s: at offset %" G_GSIZE_FORMAT " %s is %s, not %s", have, at / 2, fields->name,
                 have + MIN (at, strlen (have)), hex);
    }
  g_assert_cmpstr (have, ==, want->str);
}

/* clang-format off */
#define HEAD(type, view) { "type", type }, { "group id", ID_G }, { "number of the view", view }
#define END { NULL, NULL }
/* clang-format on */
#define MEMBER_A(loaded) ID_A "0161 05743a2f2f61 01" loaded
#define MEMBER_B(loaded) ID_B "0162 05743a2f2f62 01" loaded
#define MEMBER_C(loaded) ID_C "0163 05743a2f2f63 01" loaded

static GByteArray *
head (TyPacketType type, guint64 view)
{
  GByteArray *w = g_byte_array_new ();
  TyId group = id_of (0x67);
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, &group);
  ty_write_varint (w, view);
  return w;
}

/* ---- entering ---- */

/* a founds, b joins and takes a state. */
static Rig *
entering (void)
{
  Rig *rig = rig_new ();
  GError *error = NULL;
  Box *a = rig_box (rig), *b = rig_box (rig);
  rig_group (a, "g", "total");
  rig_group (b, "g", "total");
  ty_group_set_gives_state (a->group, TRUE);
  ty_group_set_takes_state (b->group, TRUE);
  ty_group_found (a->group, &error);
  g_assert_no_error (error);
  rig_run (rig);
  rig_join (b, a);
  rig_run (rig);
  return rig;
}

static void
test_join (void)
{
  Rig *rig = entering ();
  static const Field first[] = {
    { "type", "08" },
    { "name of the group", "0167" },
    { "name of the ordering", "05 746f74616c" },
    { "member", MEMBER_B ("00") },
    { "takes a state", "01" },
    { "heartbeat", "a0 8d 06" },
    { "suspect-after", "c0 84 3d" },
    { "told of view", "00" },
    { "reaches", "00" },
    { "proof", "00" },
    END,
  };
  static const Field second[] = {
    { "type", "08" },
    { "name of the group", "0167" },
    { "name of the ordering", "05 746f74616c" },
    { "member", MEMBER_B ("00") },
    { "takes a state", "01" },
    { "heartbeat", "a0 8d 06" },
    { "suspect-after", "c0 84 3d" },
    { "told of view", "01" },
    { "reaches", "01" ID_A },
    { "proof", "00" },
    END,
  };
  static const Field welcome[] = {
    { "type", "09" },
    { "name of the group", "0167" },
    { "answer", "00" },
    { "why", "00" },
    { "group id", ID_G },
    { "id of the view", "01 00" ID_A },
    { "members", "01" MEMBER_A ("03") },
    END,
  };
  check (rig_packet (rig, 1, 0, TY_PACKET_JOIN, 0), first);
  check (rig_packet (rig, 1, 0, TY_PACKET_JOIN, 1), second);
  check (rig_packet (rig, 0, 1, TY_PACKET_WELCOME, 0), welcome);
  rig_free (rig);
}

static void
test_welcome_refused (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig), *b = rig_box (rig);
  (void) a;
  rig_group (b, "g", "total");
  rig_join (b, &rig->boxes[0]);
  rig_run (rig);
  static const Field welcome[] = {
    { "type", "09" },
    { "name of the group", "0167" },
    { "answer", "01" },
    { "why", "26 7468652070726f63657373206120746865726520697320696e206e6f2067726f7570202267 22" },
    END,
  };
  check (rig_packet (rig, 0, 1, TY_PACKET_WELCOME, 0), welcome);
  rig_free (rig);
}

/* ---- the round that lets b in ---- */

/* clang-format off */
#define VALUE_2 \
  { "value: group id", ID_G }, { "value: old view", "01 00" ID_A }, { "value: next view", "02 01" ID_A }, \
  { "value: name", "0167" }, { "value: members", "02" MEMBER_A ("03") MEMBER_B ("04") }, { "value: gone", "00" }, \
  { "value: cut", "01 00" }, { "value: closing order: base, runs", "02 00 00" }, { "value: secrets", "00" }
/* clang-format on */

static void
test_prepare (void)
{
  Rig *rig = entering ();
  static const Field to_joiner[] = {
    HEAD ("10", "01"),
    { "ballot", "01" ID_A },
    { "a joiner", "01" },
    { "joiner", MEMBER_B ("00") },
    { "what follows is there", "01" },
    { "the view's ballot", "00" ID_A },
    { "members of the view", "01" MEMBER_A ("03") },
    END,
  };
  check (rig_packet (rig, 0, 1, TY_PACKET_PREPARE, 0), to_joiner);
  rig_free (rig);
}

static void
test_state_of_joiner (void)
{
  Rig *rig = entering ();
  static const Field state[] = {
    HEAD ("11", "01"),
    { "ballot", "01" ID_A },
    { "flags: reaches the joiner, itself", "08" },
    { "weight", "01" },
    { "reaches", "01 01" },
    { "receipts", "00" },
    { "order", "00" },
    END,
  };
  check (rig_packet (rig, 1, 0, TY_PACKET_STATE, 0), state);
  rig_free (rig);
}

static void
test_propose (void)
{
  Rig *rig = entering ();
  static const Field propose[] = {
    HEAD ("13", "01"),
    { "ballot", "01" ID_A },
    { "gathered", "00" },
    VALUE_2,
    { "waits for", "02" ID_A ID_B },
    { "acceptors", "01" ID_A },
    { "plan", "00" },
    END,
  };
  check (rig_packet (rig, 0, 1, TY_PACKET_PROPOSE, 0), propose);
  rig_free (rig);
}

static void
test_flush (void)
{
  Rig *rig = entering ();
  static const Field flush[] = {
    HEAD ("14", "01"),
    { "ballot", "01" ID_A },
    { "digest: BLAKE2b of the value, 16 bytes", "81391d2bc3ef2a11562b01712d3c2c37" },
    END,
  };
  check (rig_packet (rig, 0, 1, TY_PACKET_FLUSH, 0), flush);
  check (rig_packet (rig, 1, 0, TY_PACKET_FLUSH, 0), flush);
  rig_free (rig);
}

/* ---- state transfer ---- */

static void
test_transfer (void)
{
  Rig *rig = entering ();
  Box *a = &rig->boxes[0], *b = &rig->boxes[1];
  gsize written;
  g_assert_cmpuint (a->transfer, ==, 2);
  g_assert_cmpuint (b->transfer, ==, 2);
  ty_group_state_saved (a->group, 2, NULL);
  g_assert_true (ty_group_state_write (a->group, 2, "STATE", 5, &written));
  rig_run (rig);
  ty_group_state_taken (b->group, 2, 5);
  g_assert_true (ty_group_state_write (a->group, 2, "X", 1, &written));
  g_assert_true (ty_group_state_write_end (a->group, 2, NULL));
  rig_run (rig);
  ty_group_state_taken (b->group, 2, 1);
  ty_group_state_loaded (b->group, 2, NULL, NULL);
  rig_run (rig);
  static const Field first[]
      = { HEAD ("20", "02"), { "end", "00" }, { "offset", "00" }, { "bytes", "5354415445" }, END };
  static const Field second[] = { HEAD ("20", "02"), { "end", "00" }, { "offset", "05" }, { "bytes", "58" }, END };
  static const Field end[] = { HEAD ("20", "02"), { "end", "01" }, { "offset", "06" }, END };
  static const Field waits[] = { HEAD ("21", "02"), { "taken", "00" }, END };
  static const Field ack[] = { HEAD ("21", "02"), { "taken", "05" }, END };
  static const Field loaded[] = { HEAD ("23", "02"), END };
  check (rig_packet (rig, 0, 1, TY_PACKET_TRANSFER_DATA, 0), first);
  check (rig_packet (rig, 0, 1, TY_PACKET_TRANSFER_DATA, 1), second);
  check (rig_packet (rig, 0, 1, TY_PACKET_TRANSFER_DATA, 2), end);
  check (rig_packet (rig, 1, 0, TY_PACKET_TRANSFER_ACK, 0), waits);
  check (rig_packet (rig, 1, 0, TY_PACKET_TRANSFER_ACK, 1), ack);
  check (rig_packet (rig, 1, 0, TY_PACKET_TRANSFER_LOADED, 0), loaded);
  rig_free (rig);
}

static void
test_transfer_failed (void)
{
  Rig *rig = entering ();
  Box *a = &rig->boxes[0];
  ty_group_state_saved (a->group, 2, NULL);
  g_assert_true (ty_group_state_write_end (a->group, 2, "no disk"));
  rig_run (rig);
  static const Field failed[] = { HEAD ("22", "02"), { "why", "07 6e6f206469736b" }, END };
  check (rig_packet (rig, 0, 1, TY_PACKET_TRANSFER_FAILED, 0), failed);
  rig_free (rig);
}

/* ---- messages; a, b and c in view 3 ---- */

static void
send (Box *box, TyService service, const char *text)
{
  GError *error = NULL;
  ty_group_send (box->group, service, text, strlen (text), &error);
  g_assert_no_error (error);
}

static void
test_data (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  send (&rig->boxes[1], TY_SERVICE_FIFO, "hi");
  rig_run (rig);
  send (&rig->boxes[1], TY_SERVICE_AGREED, "you");
  send (&rig->boxes[1], TY_SERVICE_SAFE, "");
  rig_run (rig);
  rig_advance (rig, 30000);
  send (&rig->boxes[1], TY_SERVICE_CAUSAL, "!");
  rig_run (rig);
  /* Fifo needs no stamp; the others say what their sender had delivered: first none, then two ordinals. */
  static const Field fifo[] = {
    HEAD ("01", "03"), { "first number", "01" }, { "how many", "01" }, { "stamp", "00" }, { "message", "08 6869" }, END,
  };
  static const Field mixed[] = {
    HEAD ("01", "03"),
    { "first number", "02" },
    { "how many", "02" },
    { "stamp", "01 00" },
    { "message", "0e 796f75" },
    { "message", "03" },
    END,
  };
  static const Field causal[] = {
    HEAD ("01", "03"),    { "first number", "04" }, { "how many", "01" },
    { "stamp", "01 02" }, { "message", "05 21" },   END,
  };
  check (rig_packet (rig, 1, 2, TY_PACKET_DATA, 0), fifo);
  check (rig_packet (rig, 1, 2, TY_PACKET_DATA, 1), mixed);
  check (rig_packet (rig, 1, 0, TY_PACKET_DATA, 2), causal);
  rig_free (rig);
}

static void
test_ordering (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  send (&rig->boxes[1], TY_SERVICE_AGREED, "x");
  send (&rig->boxes[1], TY_SERVICE_SAFE, "y");
  rig_run (rig);
  static const Field order[] = {
    HEAD ("03", "03"), { "order", "01" }, { "first ordinal", "01" }, { "run: rank, count", "01 02" }, END,
  };
  static const Field promise[] = { HEAD ("03", "03"), { "promise", "02" }, { "ordinal", "02" }, END };
  check (rig_packet (rig, 0, 2, TY_PACKET_ORDERING, 0), order);
  check (rig_packet (rig, 2, 1, TY_PACKET_ORDERING, 0), promise);
  rig_free (rig);
}

static void
test_receipts (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  send (&rig->boxes[1], TY_SERVICE_AGREED, "x");
  rig_run (rig);
  rig_advance (rig, 30000);
  static const Field to_sequencer[] = {
    HEAD ("04", "03"),      { "gossip: delivered", "01 01" }, { "stable", "00" },
    { "received", "00" }, { "not consumed", "00" },         END,
  };
  static const Field to_sender[] = {
    HEAD ("04", "03"),      { "gossip", "00" },       { "stable", "00" },
    { "received", "01" }, { "not consumed", "00" }, END,
  };
  check (rig_packet (rig, 2, 0, TY_PACKET_RECEIPTS, 0), to_sequencer);
  check (rig_packet (rig, 2, 1, TY_PACKET_RECEIPTS, 0), to_sender);
  /* Then the sender knows that it is stable, and says so; the sequencer, that everyone has delivered it. */
  rig_advance (rig, 30000);
  static const Field of_sender[] = {
    HEAD ("04", "03"),      { "gossip", "00" },       { "stable", "01" },
    { "received", "00" }, { "not consumed", "00" }, END,
  };
  static const Field of_sequencer[] = {
    HEAD ("04", "03"),      { "gossip: delivered by all", "01 01" }, { "stable", "00" },
    { "received", "00" }, { "not consumed", "00" },              END,
  };
  check (rig_packet (rig, 1, 2, TY_PACKET_RECEIPTS, 0), of_sender);
  check (rig_packet (rig, 0, 2, TY_PACKET_RECEIPTS, 0), of_sequencer);
  rig_free (rig);
}

static void
test_alive (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  rig_advance (rig, 200000);
  GBytes *packet = rig_packet (rig, 2, 0, TY_PACKET_ALIVE, -1);
  TyReader r = ty_reader_of_bytes (packet);
  r.at += 18;
  guint64 stamp = ty_read_varint (&r), echoed = ty_read_varint (&r), lasts = ty_read_varint (&r);
  g_assert_cmpuint (lasts, ==, (guint64) rig->config.suspect_after_us / 2);
  g_assert_true (ty_reader_done (&r));
  g_assert_cmpuint (stamp, <=, (guint64) rig->now);
  g_assert_cmpuint (stamp, >, (guint64) rig->now - 110000);
  g_assert_cmpuint (echoed, <=, stamp);
  g_assert_cmpuint (echoed, >, stamp - 110000);
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_varint (w, stamp);
  ty_write_varint (w, echoed);
  ty_write_varint (w, lasts);
  g_autofree char *rest = hex_text (w->data, w->len);
  Field alive[] = { HEAD ("05", "03"), { "stamp, echo, how long the lease lasts", rest }, END };
  check (packet, alive);
  rig_free (rig);
}

/* b dies; what it sent has reached a alone. */
static gboolean
lose_data_to_c (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_DATA && carried->to == 2;
}

static void
test_suspect_and_forward (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  rig->lose = lose_data_to_c;
  send (&rig->boxes[1], TY_SERVICE_FIFO, "hi");
  rig_run (rig);
  rig_kill (rig, 1);
  rig_run (rig);
  static const Field suspect[] = { HEAD ("0b", "03"), { "rank, dead", "03" }, END };
  static const Field forward[] = {
    HEAD ("02", "03"),
    { "rank of the sender", "01" },
    /* the DATA packet as it was */
    HEAD ("01", "03"),
    { "first number", "01" },
    { "how many", "01" },
    { "stamp", "00" },
    { "message", "08 6869" },
    END,
  };
  static const Field state[] = {
    HEAD ("11", "03"),      { "ballot", "01" ID_A },     { "flags", "01" }, { "weight", "01" },
    { "reaches", "01 05" }, { "receipts", "03 000000" }, { "order", "00" }, END,
  };
  static const Field propose[] = {
    HEAD ("13", "03"),
    { "ballot", "01" ID_A },
    { "gathered", "00" },
    { "value: group id", ID_G },
    { "value: old view", "03 01" ID_A },
    { "value: next view", "04 01" ID_A },
    { "value: name", "0167" },
    { "value: members", "02" MEMBER_A ("03") MEMBER_C ("07") },
    { "value: gone", "01 09" },
    { "value: cut", "03 00 01 00" },
    { "value: closing order", "00" },
    { "value: secrets", "00" },
    { "waits for", "02" ID_A ID_C },
    { "acceptors", "02" ID_A ID_C },
    { "plan: holder, to, sender, after", "01 00 02 01 00" },
    END,
  };
  check (rig_packet (rig, 0, 2, TY_PACKET_SUSPECT, 0), suspect);
  check (rig_packet (rig, 2, 0, TY_PACKET_STATE, -1), state);
  check (rig_packet (rig, 0, 2, TY_PACKET_PROPOSE, -1), propose);
  check (rig_packet (rig, 0, 2, TY_PACKET_FORWARD, 0), forward);
  rig_free (rig);
}

/* b's messages from the third on reach a, and not those before. */
static void
test_gap (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  GByteArray *w = head (TY_PACKET_DATA, 3);
  g_autoptr (GByteArray) rest = hex_bytes ("03 01 00 08 6869");
  g_byte_array_append (w, rest->data, rest->len);
  rig_feed (rig, 1, 0, w);
  static const Field gap[] = { HEAD ("06", "03"), END };
  check (rig_packet (rig, 0, 1, TY_PACKET_GAP, 0), gap);
  rig_free (rig);
}

static gboolean
lose_receipts_of_c (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_RECEIPTS && carried->from == 2;
}

/* c takes in nothing, as far as a hears, and a's window stays full. */
static void
test_behind (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 10;
  rig->config.lag_us = 200000;
  rig_form (rig, 3, "fifo");
  Box *a = &rig->boxes[0];
  rig->lose = lose_receipts_of_c;
  send (a, TY_SERVICE_FIFO, "more than ten");
  rig_advance (rig, 10000);
  g_assert_cmpuint (ty_group_send (a->group, TY_SERVICE_FIFO, "x", 1, NULL), ==, 0);
  rig_advance (rig, 300000);
  static const Field behind[] = { HEAD ("0d", "03"), { "rank", "02" }, END };
  check (rig_packet (rig, 0, 1, TY_PACKET_BEHIND, 0), behind);
  rig_free (rig);
}

static void
test_leave (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  ty_group_leave (rig->boxes[2].group, NULL);
  rig_run (rig);
  static const Field leave[] = { HEAD ("0a", "03"), { "leaves", "00" }, END };
  check (rig_packet (rig, 2, 0, TY_PACKET_LEAVE, 0), leave);
  rig_free (rig);
}

/* ---- what is rarely seen ---- */

static void
feed_prepare (Rig *rig, guint from, guint to, guint64 counter)
{
  GByteArray *w = head (TY_PACKET_PREPARE, 3);
  TyBallot ballot = { .counter = counter, .pid = rig->boxes[from].pid };
  ty_write_ballot (w, &ballot);
  ty_write_u8 (w, 0);
  ty_write_u8 (w, 0);
  rig_feed (rig, from, to, w);
}

static gboolean
lose_rounds (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_STATE || carried->type == TY_PACKET_NEED;
}

static void
test_nack_and_need (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  rig->lose = lose_rounds;
  feed_prepare (rig, 1, 2, 300);
  feed_prepare (rig, 0, 2, 9);
  rig_advance (rig, 400000);
  static const Field nack[] = { HEAD ("12", "03"), { "yields", "00" }, { "promised", "ac02" ID_B }, END };
  static const Field need[] = { HEAD ("16", "03"), { "promised", "ac02" ID_B }, { "receipts", "00 00 00" }, END };
  check (rig_packet (rig, 2, 0, TY_PACKET_NACK, 0), nack);
  check (rig_packet (rig, 2, 0, TY_PACKET_NEED, 0), need);
  rig_free (rig);
}

static void
test_decided (void)
{
  Rig *rig = entering ();
  GByteArray *w = head (TY_PACKET_NEED, 1);
  TyBallot none = { 0 };
  ty_write_ballot (w, &none);
  ty_write_varint (w, 0);
  rig_feed (rig, 1, 0, w);
  static const Field decided[] = { HEAD ("15", "01"), VALUE_2, END };
  check (rig_packet (rig, 0, 1, TY_PACKET_DECIDED, 0), decided);
  rig_free (rig);
}

static void
test_excluded (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "fifo");
  rig_box (rig);
  rig_session (rig, 0, 2);
  rig_run (rig);
  GByteArray *w = head (TY_PACKET_ALIVE, 1);
  ty_write_varint (w, 0);
  ty_write_varint (w, 0);
  rig_feed (rig, 2, 0, w);
  static const Field excluded[] = { HEAD ("17", "01"), { "current view", "02" }, END };
  check (rig_packet (rig, 0, 2, TY_PACKET_EXCLUDED, 0), excluded);
  rig_free (rig);
}

static void
test_gone (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 1, "fifo");
  rig_box (rig);
  rig_session (rig, 0, 1);
  rig_run (rig);
  GByteArray *w = head (TY_PACKET_ALIVE, 3);
  ty_write_varint (w, 0);
  ty_write_varint (w, 0);
  rig_feed (rig, 0, 1, w);
  static const Field gone[] = { HEAD ("0c", "03"), END };
  check (rig_packet (rig, 1, 0, TY_PACKET_GONE, 0), gone);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/golden/join", test_join);
  g_test_add_func ("/core/golden/welcome-refused", test_welcome_refused);
  g_test_add_func ("/core/golden/prepare", test_prepare);
  g_test_add_func ("/core/golden/state-of-joiner", test_state_of_joiner);
  g_test_add_func ("/core/golden/propose", test_propose);
  g_test_add_func ("/core/golden/flush", test_flush);
  g_test_add_func ("/core/golden/transfer", test_transfer);
  g_test_add_func ("/core/golden/transfer-failed", test_transfer_failed);
  g_test_add_func ("/core/golden/data", test_data);
  g_test_add_func ("/core/golden/ordering", test_ordering);
  g_test_add_func ("/core/golden/receipts", test_receipts);
  g_test_add_func ("/core/golden/alive", test_alive);
  g_test_add_func ("/core/golden/suspect-and-forward", test_suspect_and_forward);
  g_test_add_func ("/core/golden/gap", test_gap);
  g_test_add_func ("/core/golden/behind", test_behind);
  g_test_add_func ("/core/golden/leave", test_leave);
  g_test_add_func ("/core/golden/nack-and-need", test_nack_and_need);
  g_test_add_func ("/core/golden/decided", test_decided);
  g_test_add_func ("/core/golden/excluded", test_excluded);
  g_test_add_func ("/core/golden/gone", test_gone);
  return g_test_run ();
}
