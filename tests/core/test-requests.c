/* tests/core/test-requests.c: what can be asked of a group of a step machine, and what it says of itself
 * (core/group.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/hex.h"
#include "tests/core/rig.h"

#include <gio/gio.h>

static void
assert_error (GError *error, gint code, const char *part)
{
  g_assert_error (error, TYET_ERROR, code);
  if (strstr (error->message, part) == NULL)
    g_error ("\"%s\" does not speak of \"%s\"", error->message, part);
  g_error_free (error);
}

static guint64
send_bytes (Box *box, TyService service, gsize len, GError **error)
{
  g_autofree guint8 *data = g_malloc0 (len + 1);
  return ty_group_send (box->group, service, data, len, error);
}

static void
expect_send_error (Box *box, TyService service, gsize len, gint code, const char *part)
{
  GError *error = NULL;
  g_assert_cmpuint (send_bytes (box, service, len, &error), ==, 0);
  assert_error (error, code, part);
}

static void
expect_told (Box *box, const char *expected)
{
  g_autofree char *told = rig_told (box);
  g_assert_cmpstr (told, ==, expected);
}

/* ---- making and entering ---- */

static void
test_names (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig);
  g_autofree char *longest = g_strnfill (255, 'x'), *longer = g_strnfill (256, 'x');
  const char *const bad[] = { "", longer, "\xff", "a\nb" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *error = NULL;
      g_assert_null (ty_group_new (a->node, bad[i], "fifo", &error));
      g_assert_error (error, TYET_ERROR, TYET_ERROR_NAME);
      g_error_free (error);
    }
  g_assert_cmpuint (a->node->groups->len, ==, 0);
  g_assert_nonnull (rig_group (a, longest, "fifo"));
  rig_free (rig);
}

static void
test_orderings (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig);
  GError *error = NULL;
  g_assert_null (ty_group_new (a->node, "g", "totl", &error));
  g_assert_nonnull (strstr (error->message, "\"totl\""));
  for (const TyOrderingOps *const *o = ty_modules.orderings; *o != NULL; o++)
    g_assert_nonnull (strstr (error->message, (*o)->name));
  assert_error (error, TYET_ERROR_ORDERING, "fifo");
  rig_free (rig);
}

static void
test_entering_twice (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig);
  GError *error = NULL;
  const char *contacts[] = { "t://b", NULL };
  rig_group (a, "g", "fifo");
  g_assert_true (ty_group_found (a->group, &error));
  /* Before the step that takes it up, and after. */
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (ty_group_found (a->group, &error));
      assert_error (error, TYET_ERROR_STATE, "before");
      error = NULL;
      g_assert_false (ty_group_join (a->group, contacts, G_MAXINT64, &error));
      assert_error (error, TYET_ERROR_STATE, "before");
      error = NULL;
      rig_run (rig);
    }
  expect_told (a, "view 1 of 1, entered, ");
  /* The same name again, in the same process. */
  TyGroup *again = ty_group_new (a->node, "g", "fifo", &error);
  g_assert_no_error (error);
  g_assert_false (ty_group_found (again, &error));
  assert_error (error, TYET_ERROR_STATE, "\"g\"");
  error = NULL;
  g_assert_cmpint (ty_group_get_state (again), ==, TY_GROUP_NEW);
  /* And another one: no matter. */
  TyGroup *other = ty_group_new (a->node, "h", "fifo", &error);
  g_assert_true (ty_group_found (other, &error));
  rig_free (rig);
}

static void
test_joining_badly (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig);
  GError *error = NULL;
  const char *none[] = { NULL }, *self[] = { "t://b", NULL };
  rig_group (a, "g", "fifo");
  g_assert_false (ty_group_join (a->group, none, G_MAXINT64, &error));
  assert_error (error, TYET_ERROR_ADDRESS, "contact");
  error = NULL;
  g_assert_false (ty_group_join (a->group, NULL, G_MAXINT64, &error));
  assert_error (error, TYET_ERROR_ADDRESS, "contact");
  error = NULL;
  g_assert_cmpint (ty_group_get_state (a->group), ==, TY_GROUP_NEW);
  ty_node_set_address (a->node, NULL);
  g_assert_false (ty_group_join (a->group, self, G_MAXINT64, &error));
  assert_error (error, TYET_ERROR_STATE, "address");
  error = NULL;
  g_assert_false (ty_group_found (a->group, &error));
  assert_error (error, TYET_ERROR_STATE, "address");
  rig_free (rig);
}

/* Nobody is there: it goes on asking until its time has passed; it can be stopped earlier. */
static void
test_join_times_out (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig), *b = rig_box (rig);
  rig_group (a, "g", "fifo");
  b->gone = TRUE;
  rig_join (a, b);
  rig_advance (rig, 10 * G_USEC_PER_SEC - 10000);
  g_assert_cmpint (ty_group_get_state (a->group), ==, TY_GROUP_JOINING);
  expect_told (a, "");
  rig_advance (rig, 20000);
  g_assert_cmpint (ty_group_get_state (a->group), ==, TY_GROUP_FAILED);
  expect_told (a, "entered failed, ");
  rig_free (rig);
}

static void
test_cancel (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig), *b = rig_box (rig);
  rig_group (a, "g", "fifo");
  b->gone = TRUE;
  rig_join (a, b);
  rig_run (rig);
  ty_group_cancel_join (a->group);
  rig_run (rig);
  expect_told (a, "entered failed, ");
  ty_group_cancel_join (a->group);
  rig_advance (rig, G_USEC_PER_SEC);
  expect_told (a, "");
  rig_free (rig);
}

/* ---- sending ---- */

static void
test_send_outside (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig), *b = rig_box (rig);
  GError *error = NULL;
  rig_group (a, "g", "fifo");
  expect_send_error (a, TY_SERVICE_FIFO, 1, TYET_ERROR_NOT_MEMBER, "not in group");
  g_assert_false (ty_group_leave (a->group, &error));
  assert_error (error, TYET_ERROR_NOT_MEMBER, "not in group");
  b->gone = TRUE;
  rig_join (a, b);
  rig_run (rig);
  expect_send_error (a, TY_SERVICE_FIFO, 1, TYET_ERROR_NOT_MEMBER, "not in group");
  rig_free (rig);
}

static void
test_send_leaving (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "fifo");
  Box *b = &rig->boxes[1];
  GError *error = NULL;
  g_assert_cmpuint (send_bytes (b, TY_SERVICE_FIFO, 1, &error), ==, 1);
  g_assert_true (ty_group_leave (b->group, &error));
  expect_send_error (b, TY_SERVICE_FIFO, 1, TYET_ERROR_NOT_MEMBER, "leaving");
  g_assert_false (ty_group_leave (b->group, &error));
  assert_error (error, TYET_ERROR_NOT_MEMBER, "leaving already");
  rig_advance (rig, 500000);
  /* What was sent before comes first. */
  expect_told (b, "deliver 1:1-1, left, ");
  expect_told (&rig->boxes[0], "deliver 1:1-1, view 3 of 1, ");
  expect_send_error (b, TY_SERVICE_FIFO, 1, TYET_ERROR_NOT_MEMBER, "not in group");
  rig_free (rig);
}

static void
test_send_unloaded (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 1, "fifo");
  Box *b = rig_box (rig);
  rig_group (b, "g", "fifo");
  ty_group_set_takes_state (b->group, TRUE);
  ty_group_set_gives_state (rig->boxes[0].group, TRUE);
  rig_join (b, &rig->boxes[0]);
  rig_advance (rig, 300000);
  expect_told (b, "load, ");
  g_assert_false (ty_group_is_loaded (b->group));
  expect_send_error (b, TY_SERVICE_FIFO, 1, TYET_ERROR_NOT_MEMBER, "state");
  rig_free (rig);
}

static void
test_send_service (void)
{
  static const struct
  {
    const char *ordering;
    TyService strongest;
  } cases[] = { { "fifo", TY_SERVICE_FIFO }, { "causal", TY_SERVICE_CAUSAL }, { "total", TY_SERVICE_SAFE } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Rig *rig = rig_new ();
      rig_form (rig, 1, cases[i].ordering);
      for (TyService s = TY_SERVICE_FIFO; s <= TY_SERVICE_SAFE; s++)
        if (s <= cases[i].strongest)
          g_assert_cmpuint (send_bytes (&rig->boxes[0], s, 1, NULL), >, 0);
        else
          expect_send_error (&rig->boxes[0], s, 1, TYET_ERROR_SERVICE, cases[i].ordering);
      rig_free (rig);
    }
}

static void
test_send_too_large (void)
{
  Rig *rig = rig_new ();
  rig->config.max_message_bytes = 100;
  rig_form (rig, 1, "fifo");
  GError *error = NULL;
  g_assert_cmpuint (send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 100, &error), ==, 1);
  expect_send_error (&rig->boxes[0], TY_SERVICE_FIFO, 101, TYET_ERROR_TOO_LARGE, "100");
  rig_free (rig);
}

static gboolean
lose_receipts (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_RECEIPTS;
}

static void
test_window (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 1000;
  rig_form (rig, 2, "fifo");
  Box *a = &rig->boxes[0];
  TyGroupStats stats;
  GError *error = NULL;
  rig->lose = lose_receipts;
  g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 600, &error), ==, 1);
  expect_send_error (a, TY_SERVICE_FIFO, 600, TYET_ERROR_WOULD_BLOCK, "1000");
  ty_group_get_stats (a->group, &stats);
  g_assert_cmpuint (stats.queued_bytes, ==, 602);
  g_assert_cmpuint (stats.window_used_bytes, ==, 602);
  rig_advance (rig, 100000);
  expect_told (a, "deliver 0:1-1, ");
  expect_send_error (a, TY_SERVICE_FIFO, 600, TYET_ERROR_WOULD_BLOCK, "1000");
  ty_group_get_stats (a->group, &stats);
  g_assert_cmpuint (stats.queued_bytes, ==, 0);
  g_assert_cmpuint (stats.window_used_bytes, >, 602);
  g_assert_cmpuint (stats.unstable_bytes, ==, stats.window_used_bytes);
  /* A smaller one would fit, but does not overtake who waits. */
  expect_send_error (a, TY_SERVICE_FIFO, 100, TYET_ERROR_WOULD_BLOCK, "1000");
  /* Receipts are told again with the next news. */
  rig->lose = NULL;
  g_assert_cmpuint (send_bytes (&rig->boxes[1], TY_SERVICE_FIFO, 1, &error), ==, 1);
  rig_advance (rig, 100000);
  expect_told (a, "deliver 1:1-1, room, ");
  g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 600, &error), ==, 2);
  rig_free (rig);
}

/* What the window waits for is told as soon as it is so, not with what happens to come next: the order of a message,
 * and so its delivery, comes later than the message. */
static void
test_window_opens (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 1000;
  rig_form (rig, 3, "total");
  Box *sender = &rig->boxes[1];
  TyGroupStats stats;
  for (guint i = 0; i < 10; i++)
    {
      for (guint j = 0; j < 3; j++)
        g_assert_cmpuint (send_bytes (sender, TY_SERVICE_AGREED, 300, NULL), >, 0);
      rig_run (rig);
      ty_group_get_stats (sender->group, &stats);
      g_assert_cmpuint (stats.delivered, ==, 3 * (i + 1));
      g_assert_cmpuint (stats.window_used_bytes, ==, 0);
    }
  rig_free (rig);
}

static struct
{
  gsize size;
  guint64 number; /* when it is taken */
  guint tries;
} large;

/* One part of the application fills the window with small messages whenever there is room, another has a large one. */
static void
send_small_and_large (Box *box)
{
  g_autoptr (GError) error = NULL;
  if (large.number > 0 || large.tries == 20)
    return;
  while (send_bytes (box, TY_SERVICE_FIFO, 100, NULL) > 0)
    ;
  large.tries++;
  large.number = send_bytes (box, TY_SERVICE_FIFO, large.size, &error);
}

/* Small messages do not keep out one that needs much room, or all of it. */
static void
test_turn (void)
{
  static const gsize sizes[] = { 900, 5000 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Rig *rig = rig_new ();
      rig->config.window_bytes = 1000;
      rig_form (rig, 2, "fifo");
      large.size = sizes[i];
      large.number = large.tries = 0;
      rig->on_room = send_small_and_large;
      send_small_and_large (&rig->boxes[0]);
      g_assert_cmpuint (large.number, ==, 0);
      rig_advance (rig, 500000);
      g_assert_cmpuint (large.number, ==, 10);
      g_assert_cmpuint (large.tries, ==, 2);
      rig_free (rig);
    }
}

/* The first time it is the other's turn. */
static void
expect_no_turn (Box *box)
{
  box->rig->on_room = NULL;
  expect_send_error (box, TY_SERVICE_FIFO, 100, TYET_ERROR_WOULD_BLOCK, "1000");
  g_assert_true (ty_node_pending (box->node));
}

/* Who does not come back does not hold up the others for longer than its turn. */
static void
test_turn_passed_by (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 1000;
  rig_form (rig, 2, "fifo");
  Box *a = &rig->boxes[0];
  GError *error = NULL;
  g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 600, &error), ==, 1);
  expect_send_error (a, TY_SERVICE_FIFO, 5000, TYET_ERROR_WOULD_BLOCK, "1000");
  rig->on_room = expect_no_turn;
  rig_advance (rig, 100000);
  expect_told (a, "deliver 0:1-1, room, room, ");
  g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 100, &error), ==, 2);
  rig_free (rig);
}

/* A message that is larger than the window goes when nothing else is under way: else it would never go. */
static void
test_larger_than_window (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 1000;
  rig_form (rig, 2, "fifo");
  Box *a = &rig->boxes[0];
  GError *error = NULL;
  g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 5000, &error), ==, 1);
  expect_send_error (a, TY_SERVICE_FIFO, 1, TYET_ERROR_WOULD_BLOCK, "1000");
  rig_advance (rig, 100000);
  expect_told (a, "deliver 0:1-1, room, ");
  rig_free (rig);
}

static void
test_blocked (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  Box *c = &rig->boxes[2];
  rig_kill (rig, 0);
  rig_kill (rig, 1);
  rig_run (rig);
  expect_told (c, "blocked, ");
  g_assert_cmpint (ty_group_get_state (c->group), ==, TY_GROUP_BLOCKED);
  expect_send_error (c, TY_SERVICE_FIFO, 1, TYET_ERROR_BLOCKED, "quorum");
  g_autoptr (GArray) waits = ty_group_waits (c->group, rig->now);
  g_assert_cmpuint (waits->len, >=, 2);
  for (guint i = 0; i < 2; i++)
    {
      const TyGroupWait *wait = &g_array_index (waits, TyGroupWait, i);
      g_assert_cmpstr (wait->what, ==, "quorum");
      g_assert_cmpstr (wait->member, ==, i == 0 ? "a" : "b");
      g_assert_nonnull (strstr (wait->text, "is dead"));
    }
  rig_free (rig);
}

static void
test_stable (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  Box *a = &rig->boxes[0];
  for (guint i = 1; i <= 3; i++)
    g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 10, NULL), ==, i);
  rig->lose = lose_receipts;
  ty_group_want_stable (a->group, 2);
  rig_advance (rig, 50000);
  expect_told (a, "deliver 0:1-3, ");
  rig->lose = NULL;
  g_assert_cmpuint (send_bytes (a, TY_SERVICE_FIFO, 10, NULL), ==, 4);
  rig_advance (rig, 100000);
  g_autofree char *told = rig_told (a);
  g_assert_nonnull (strstr (told, "stable 4, "));
  /* Only when asked for. */
  send_bytes (a, TY_SERVICE_FIFO, 10, NULL);
  rig_advance (rig, 100000);
  expect_told (a, "deliver 0:5-5, ");
  rig_free (rig);
}

static void
test_deliver_own (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "total");
  ty_group_set_deliver_own (rig->boxes[1].group, FALSE);
  send_bytes (&rig->boxes[0], TY_SERVICE_AGREED, 1, NULL);
  send_bytes (&rig->boxes[1], TY_SERVICE_AGREED, 1, NULL);
  rig_run (rig);
  g_autofree char *a = rig_told (&rig->boxes[0]);
  g_assert_nonnull (strstr (a, "deliver 1:1-1"));
  expect_told (&rig->boxes[1], "deliver 0:1-1, ");
  rig_free (rig);
}

/* M8: sends of one step go out as one batch. */
static void
test_one_batch (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "fifo");
  for (guint i = 0; i < 10; i++)
    send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 10, NULL);
  rig_run (rig);
  g_assert_nonnull (rig_packet (rig, 0, 1, TY_PACKET_DATA, 0));
  g_assert_null (rig_packet (rig, 0, 1, TY_PACKET_DATA, 1));
  expect_told (&rig->boxes[1], "deliver 0:1-10, ");
  /* Unless they are large. */
  for (guint i = 0; i < 3; i++)
    send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 40000, NULL);
  rig_run (rig);
  g_assert_nonnull (rig_packet (rig, 0, 1, TY_PACKET_DATA, 3));
  expect_told (&rig->boxes[1], "deliver 0:11-11, deliver 0:12-12, deliver 0:13-13, ");
  rig_free (rig);
}

static void
test_stats (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "fifo");
  TyGroupStats a, b;
  send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 10, NULL);
  send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 30, NULL);
  rig_run (rig);
  ty_group_get_stats (rig->boxes[0].group, &a);
  ty_group_get_stats (rig->boxes[1].group, &b);
  g_assert_cmpuint (a.sent, ==, 2);
  g_assert_cmpuint (a.sent_bytes, ==, 40);
  g_assert_cmpuint (a.delivered, ==, 2);
  g_assert_cmpuint (a.received_batches, ==, 0);
  g_assert_cmpuint (a.unstable_bytes, >, 40);
  g_assert_cmpuint (a.views, ==, 2);
  g_assert_cmpuint (a.rounds, ==, 1);
  g_assert_cmpuint (b.sent, ==, 0);
  g_assert_cmpuint (b.delivered, ==, 2);
  g_assert_cmpuint (b.delivered_bytes, ==, 40);
  g_assert_cmpuint (b.received_batches, ==, 1);
  g_assert_cmpuint (b.duplicate_batches, ==, 0);
  g_assert_cmpuint (b.window_used_bytes, ==, 0);
  g_assert_cmpuint (b.views, ==, 1);
  g_assert_cmpuint (b.rounds, ==, 0);
  rig_advance (rig, 100000);
  ty_group_get_stats (rig->boxes[0].group, &a);
  g_assert_cmpuint (a.unstable_bytes, ==, 0);
  g_assert_cmpuint (a.window_used_bytes, ==, 0);
  rig_free (rig);
}

/* ---- foreign bytes ---- */

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

static GByteArray *
data_of_view (guint64 view, guint64 first, gsize len)
{
  GByteArray *w = head (TY_PACKET_DATA, view);
  ty_write_varint (w, first);
  ty_write_varint (w, 1);
  ty_write_block (w, NULL, 0);
  ty_write_varint (w, (guint64) len << 2);
  guint at = w->len;
  g_byte_array_set_size (w, at + (guint) len);
  memset (w->data + at, 0, len);
  return w;
}

/* Packets of later views are kept, but not without bound; what was lost so is mended by a round. */
static void
test_future_bounded (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 4000;
  rig->config.max_message_bytes = 4000;
  rig_form (rig, 2, "fifo");
  Box *a = &rig->boxes[0];
  gsize limit = ty_group_future_limit (a->group);
  g_assert_cmpuint (limit, ==, 3 * 8000);
  for (guint i = 1; i <= 4; i++)
    rig_feed (rig, 1, 0, data_of_view (9, i, 2000));
  g_assert_cmpuint (a->group->future_bytes, >, 8000);
  g_assert_false (a->group->lost_future);
  for (guint i = 5; i <= 100; i++)
    rig_feed (rig, 1, 0, data_of_view (9, i, 2000));
  g_assert_cmpuint (a->group->future_bytes, <=, limit);
  g_assert_cmpuint (g_queue_get_length (&a->group->future), <, 12);
  g_assert_true (a->group->lost_future);
  /* Not stale, not malformed: nobody is blamed. */
  g_assert_cmpuint (ty_node_refused_packets (a->node), ==, 0);
  g_assert_true (a->session[1]);
  rig_free (rig);
}

/* A packet of the next view that comes early is delivered in it, once. */
static gboolean
lose_flush_and_alive_to_a (Rig *rig, const Carried *carried)
{
  return (carried->type == TY_PACKET_FLUSH || carried->type == TY_PACKET_ALIVE) && carried->to == 0;
}

static void
test_future_replayed (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "fifo");
  Box *a = &rig->boxes[0], *b = &rig->boxes[1];
  rig->lose = lose_flush_and_alive_to_a;
  a->group->membership_ops->on_gap (a->group->membership);
  rig_advance (rig, 10000);
  expect_told (b, "view 3 of 2, ");
  expect_told (a, "");
  send_bytes (b, TY_SERVICE_FIFO, 5, NULL);
  rig_run (rig);
  rig->lose = NULL;
  rig_advance (rig, 300000);
  g_autofree char *told = rig_told (a);
  g_assert_true (g_str_has_prefix (told, "view 3 of 2, deliver 1:1-1, "));
  rig_free (rig);
}

static void
test_malformed_closes (void)
{
  static const char *const bodies[] = { "", "00", "0101", "ffffffffffffffffffff" };
  for (guint type = 0; type < 40; type++)
    for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
      {
        Rig *rig = rig_new ();
        rig_form (rig, 3, "total");
        Box *a = &rig->boxes[0];
        GByteArray *w = head ((TyPacketType) type, 3);
        g_autoptr (GByteArray) body = hex_bytes (bodies[i]);
        g_byte_array_append (w, body->data, body->len);
        TyGroupStats before, after;
        ty_group_get_stats (a->group, &before);
        rig_feed (rig, 1, 0, w);
        ty_group_get_stats (a->group, &after);
        g_assert_cmpuint (after.delivered, ==, before.delivered);
        g_assert_cmpuint (after.unstable_bytes, ==, before.unstable_bytes);
        if (ty_node_refused_packets (a->node) > 0)
          g_assert_false (a->session[1]);
        /* Whatever it was: the group goes on, with one member fewer at most. */
        rig_advance (rig, 3 * G_USEC_PER_SEC);
        g_assert_cmpint (ty_group_get_state (a->group), ==, TY_GROUP_MEMBER);
        g_assert_cmpint (ty_group_get_state (rig->boxes[2].group), ==, TY_GROUP_MEMBER);
        rig_free (rig);
      }
}

/* A packet that nobody could have meant well is counted, and its session ends. */
static void
test_malformed_counted (void)
{
  static const TyPacketType types[] = { TY_PACKET_DATA,
                                        TY_PACKET_FORWARD,
                                        TY_PACKET_ORDERING,
                                        TY_PACKET_RECEIPTS,
                                        TY_PACKET_ALIVE,
                                        TY_PACKET_LEAVE,
                                        TY_PACKET_SUSPECT,
                                        TY_PACKET_PREPARE,
                                        TY_PACKET_STATE,
                                        TY_PACKET_NACK,
                                        TY_PACKET_PROPOSE,
                                        TY_PACKET_FLUSH,
                                        TY_PACKET_DECIDED,
                                        TY_PACKET_NEED,
                                        TY_PACKET_EXCLUDED,
                                        7,
                                        13,
                                        24,
                                        36,
                                        255 };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      Rig *rig = rig_new ();
      rig_form (rig, 3, "total");
      Box *a = &rig->boxes[0];
      rig_feed (rig, 1, 0, head (types[i], 3));
      if (ty_node_refused_packets (a->node) != 1)
        g_error ("type %u was not refused", (guint) types[i]);
      g_assert_false (a->session[1]);
      rig_free (rig);
    }
}

/* Receipts with something behind them change nothing. */
static void
test_receipts_to_the_end (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 2, "fifo");
  Box *a = &rig->boxes[0];
  TyGroupStats stats;
  rig->lose = lose_receipts;
  send_bytes (a, TY_SERVICE_FIFO, 10, NULL);
  rig_advance (rig, 50000);
  GByteArray *w = head (TY_PACKET_RECEIPTS, 2);
  g_autoptr (GByteArray) body = hex_bytes ("00  01 00 01 00  00");
  g_byte_array_append (w, body->data, body->len);
  rig_feed (rig, 1, 0, w);
  g_assert_cmpuint (ty_node_refused_packets (a->node), ==, 1);
  ty_group_get_stats (a->group, &stats);
  g_assert_cmpuint (stats.window_used_bytes, >, 0);
  g_assert_cmpuint (stats.unstable_bytes, >, 0);
  rig_free (rig);
}

/* ---- what is waited for ---- */

static void
expect_wait (Rig *rig, guint box, const char *what, const char *member, const char *text)
{
  g_autoptr (GArray) waits = ty_group_waits (rig->boxes[box].group, rig->now);
  for (guint i = 0; i < waits->len; i++)
    {
      const TyGroupWait *wait = &g_array_index (waits, TyGroupWait, i);
      if (!g_str_equal (wait->what, what) || g_strcmp0 (wait->member, member) != 0)
        continue;
      g_assert_cmpstr (wait->text, ==, text);
      g_assert_cmpint (wait->since_us, <=, rig->now);
      g_assert_cmpint (wait->since_us, >, 0);
      return;
    }
  g_error ("%u waits, none of them of %s for %s", waits->len, what, member != NULL ? member : "nobody");
}

static gboolean
lose_ordering_to_c (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_ORDERING && carried->to == 2;
}

static gboolean
lose_ordering_from_c (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_ORDERING && carried->from == 2;
}

static gboolean
lose_data_of_a_to_c (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_DATA && carried->from == 0 && carried->to == 2;
}

static gboolean
lose_states (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_STATE && carried->from == 2;
}

static gboolean
lose_all_but_states (Rig *rig, const Carried *carried)
{
  return carried->type != TY_PACKET_STATE && carried->from == 2;
}

static gboolean
lose_alive (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_ALIVE;
}

static void
test_wait_order (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  rig->lose = lose_ordering_to_c;
  send_bytes (&rig->boxes[1], TY_SERVICE_AGREED, 1, NULL);
  rig_run (rig);
  g_autoptr (GArray) none = ty_group_waits (rig->boxes[0].group, rig->now);
  g_assert_cmpuint (none->len, ==, 0);
  expect_wait (rig, 2, "order", "a", "message 1 of b waits for its place in the total order from a");
  rig_free (rig);
}

static void
test_wait_stable (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  rig->lose = lose_ordering_from_c;
  send_bytes (&rig->boxes[1], TY_SERVICE_SAFE, 1, NULL);
  rig_run (rig);
  expect_wait (rig, 0, "stable", "c", "safe message 1 of b waits: c has not acknowledged it");
  rig_free (rig);
}

static void
test_wait_predecessor (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "causal");
  rig->lose = lose_data_of_a_to_c;
  send_bytes (&rig->boxes[0], TY_SERVICE_CAUSAL, 1, NULL);
  rig_run (rig);
  send_bytes (&rig->boxes[1], TY_SERVICE_CAUSAL, 1, NULL);
  rig_run (rig);
  expect_wait (rig, 2, "predecessor", "a", "message 1 of b waits for message 1 of a, which causally precedes it");
  rig_free (rig);
}

static void
test_wait_window (void)
{
  Rig *rig = rig_new ();
  rig->config.window_bytes = 1000;
  rig_form (rig, 2, "fifo");
  send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 600, NULL);
  g_assert_cmpuint (send_bytes (&rig->boxes[0], TY_SERVICE_FIFO, 600, NULL), ==, 0);
  expect_wait (rig, 0, "window", "b", "sends wait for b: 602 of 1000 bytes are not yet acknowledged by all");
  rig_advance (rig, 100000);
  g_autoptr (GArray) none = ty_group_waits (rig->boxes[0].group, rig->now);
  g_assert_cmpuint (none->len, ==, 0);
  rig_free (rig);
}

static void
test_wait_flush (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  rig->lose = lose_states;
  rig_kill (rig, 1);
  rig_run (rig);
  expect_wait (rig, 0, "state", "c", "waits for c to say what it has received (STATE)");
  expect_wait (rig, 2, "flush", "a", "waits for the next view, which a coordinates");
  g_assert_cmpint (ty_group_get_state (rig->boxes[2].group), ==, TY_GROUP_FLUSHING);
  rig_free (rig);

  rig = rig_new ();
  rig_form (rig, 3, "fifo");
  rig->lose = lose_all_but_states;
  rig_kill (rig, 1);
  rig_run (rig);
  expect_wait (rig, 0, "flush", "c", "waits for c to hold every message of the view that ends (FLUSH)");
  rig_free (rig);
}

static void
test_wait_lease (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "fifo");
  rig->lose = lose_alive;
  rig_advance (rig, 700000);
  expect_wait (rig, 0, "lease", NULL, "waits for a quorum to echo a sign of life (lease)");
  rig_free (rig);
}

static void
test_wait_contact (void)
{
  Rig *rig = rig_new ();
  Box *a = rig_box (rig), *b = rig_box (rig);
  rig_group (a, "g", "fifo");
  b->gone = TRUE;
  rig_join (a, b);
  rig_run (rig);
  expect_wait (rig, 0, "contact", "t://b", "waits for contact t://b to let it in: no answer yet");
  /* Who does not answer may do so later: the contact is asked again until the time is over. */
  rig_event (
      a, (TyEvent){
             .type = TY_EVENT_DIAL_FAILED, .address = "t://b", .text = "no answer", .dial_end = TY_DIAL_UNREACHED });
  rig_run (rig);
  expect_wait (rig, 0, "contact", "t://b", "waits for contact t://b to let it in: no answer");
  rig_event (a, (TyEvent){ .type = TY_EVENT_DIAL_FAILED, .address = "t://b", .text = "speaks HTTP" });
  rig_run (rig);
  /* Who speaks something else will go on doing so: that was the only contact. */
  expect_told (a, "entered failed, ");
  rig_free (rig);
}

static void
test_wait_transfer (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 1, "fifo");
  Box *a = &rig->boxes[0], *b = rig_box (rig);
  gsize written;
  rig_group (b, "g", "fifo");
  ty_group_set_takes_state (b->group, TRUE);
  ty_group_set_gives_state (a->group, TRUE);
  rig_join (b, a);
  rig_advance (rig, 300000);
  ty_group_state_saved (a->group, a->transfer, NULL);
  ty_group_state_write (a->group, a->transfer, "state", 5, &written);
  rig_run (rig);
  expect_wait (rig, 0, "transfer", "b", "gives the state to b: 0 bytes taken so far");
  expect_wait (rig, 1, "transfer", "a", "takes the state from a: 5 bytes so far");
  rig_free (rig);
}

/* The giver of an empty state is done before it hears that somebody waits for it. */
static void
test_empty_state (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 1, "fifo");
  Box *a = &rig->boxes[0], *b = rig_box (rig);
  rig_group (b, "g", "fifo");
  ty_group_set_takes_state (b->group, TRUE);
  rig_join (b, a);
  rig_advance (rig, 300000);
  g_assert_cmpuint (b->transfer, ==, 2);
  ty_group_state_loaded (b->group, b->transfer, NULL, NULL);
  rig_advance (rig, 300000);
  g_assert_cmpint (ty_group_get_state (b->group), ==, TY_GROUP_MEMBER);
  g_assert_cmpuint (ty_group_get_view (a->group)->n_members, ==, 2);
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/requests/names", test_names);
  g_test_add_func ("/core/requests/orderings", test_orderings);
  g_test_add_func ("/core/requests/entering-twice", test_entering_twice);
  g_test_add_func ("/core/requests/joining-badly", test_joining_badly);
  g_test_add_func ("/core/requests/join-times-out", test_join_times_out);
  g_test_add_func ("/core/requests/cancel", test_cancel);
  g_test_add_func ("/core/send/outside", test_send_outside);
  g_test_add_func ("/core/send/leaving", test_send_leaving);
  g_test_add_func ("/core/send/unloaded", test_send_unloaded);
  g_test_add_func ("/core/send/service", test_send_service);
  g_test_add_func ("/core/send/too-large", test_send_too_large);
  g_test_add_func ("/core/send/window", test_window);
  g_test_add_func ("/core/send/window-opens", test_window_opens);
  g_test_add_func ("/core/send/turn", test_turn);
  g_test_add_func ("/core/send/turn-passed-by", test_turn_passed_by);
  g_test_add_func ("/core/send/larger-than-window", test_larger_than_window);
  g_test_add_func ("/core/send/blocked", test_blocked);
  g_test_add_func ("/core/send/stable", test_stable);
  g_test_add_func ("/core/send/deliver-own", test_deliver_own);
  g_test_add_func ("/core/send/one-batch", test_one_batch);
  g_test_add_func ("/core/stats", test_stats);
  g_test_add_func ("/core/foreign/future-bounded", test_future_bounded);
  g_test_add_func ("/core/foreign/future-replayed", test_future_replayed);
  g_test_add_func ("/core/foreign/malformed-closes", test_malformed_closes);
  g_test_add_func ("/core/foreign/malformed-counted", test_malformed_counted);
  g_test_add_func ("/core/foreign/receipts-to-the-end", test_receipts_to_the_end);
  g_test_add_func ("/core/waits/order", test_wait_order);
  g_test_add_func ("/core/waits/stable", test_wait_stable);
  g_test_add_func ("/core/waits/predecessor", test_wait_predecessor);
  g_test_add_func ("/core/waits/window", test_wait_window);
  g_test_add_func ("/core/waits/flush", test_wait_flush);
  g_test_add_func ("/core/waits/lease", test_wait_lease);
  g_test_add_func ("/core/waits/contact", test_wait_contact);
  g_test_add_func ("/core/waits/transfer", test_wait_transfer);
  g_test_add_func ("/core/transfer/empty", test_empty_state);
  return g_test_run ();
}
