/* tests/membership/test-late.c: who is behind, who stays behind for them, and who is told that it is out (V7, V11).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/membership/table.h"

#define MS 1000

/* What seat 2 would decide with never comes. */
static gboolean
hold_flush_to_2 (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_FLUSH && sent->to == 2;
}

/* And nothing else of the next view. */
static gboolean
hold_all_to_2_but_rounds (Table *table, const Sent *sent)
{
  return sent->to == 2 && sent->type != TY_PACKET_PREPARE && sent->type != TY_PACKET_PROPOSE;
}

static gboolean
hold_from_2 (Table *table, const Sent *sent)
{
  return sent->from == 2;
}

/* Three, of whom seat 2 has accepted and not learned that it was enough. */
static Table *
behind (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->seats[0].received[0] = 4;
  table->seats[1].received[0] = 4;
  table->seats[2].received[0] = 4;
  table->hold = hold_all_to_2_but_rounds;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  g_assert_cmpuint (table->seats[0].view->id.number, ==, 2);
  g_assert_cmpuint (table->seats[2].view->id.number, ==, 1);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_FLUSH), ==, 1);
  return table;
}

static void
feed_need (Table *table, guint from, guint to, guint64 view, const guint8 *receipts, gsize n)
{
  GByteArray *w = g_byte_array_new ();
  TyBallot none = { 0 };
  ty_write_ballot (w, &none);
  g_byte_array_append (w, receipts, (guint) n);
  g_assert_true (table_feed (table, from, to, TY_PACKET_NEED, view, w));
}

static guint
released (Table *table, guint seat, guint64 view)
{
  guint n = 0;
  for (guint i = 0; i < table->seats[seat].released->len; i++)
    n += g_array_index (table->seats[seat].released, guint64, i) == view;
  return n;
}

/* Who hears of a later view asks, and is told. */
static void
test_learns (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->hold = hold_flush_to_2;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_NEED) + table_count (table, 2, 1, TY_PACKET_NEED), >, 0);
  g_assert_cmpuint (table->seats[2].view->id.number, ==, 2);
  assert_members (&table->seats[2], "0,1,2");
  table_free (table);
}

/* Packets of a later view may come in numbers: their senders are asked once a heartbeat, frozen or not. */
static void
test_asks_who_is_ahead (void)
{
  for (guint frozen = 0; frozen < 2; frozen++)
    {
      Table *table = table_new ();
      for (guint i = 0; i < 3; i++)
        table_seat (table, i != 0);
      table_begin (table, 3, NULL);
      if (frozen)
        ty_membership.on_gap (table->seats[0].m);
      table_run (table);
      g_assert_cmpint (table->seats[0].frozen, ==, (gboolean) frozen);
      for (guint beat = 1; beat <= 3; beat++)
        {
          for (guint i = 0; i < 5; i++)
            ty_membership.on_other_view (table->seats[0].m, &table->seats[2].pid, 4);
          g_assert_cmpuint (table_count (table, 0, 2, TY_PACKET_NEED), ==, beat);
          table->now += 100 * MS;
        }
      table_free (table);
    }
}

static gboolean
hold_flush_and_later_to_1 (Table *table, const Sent *sent)
{
  return sent->to == 1 && sent->from == 0 && sent->type != TY_PACKET_PREPARE && sent->type != TY_PACKET_PROPOSE;
}

/* The coordinator's FLUSH has reached the joiner alone when it dies: nobody else knows how the view ended. */
static void
test_joiner_tells (void)
{
  Table *table = table_new ();
  table_begin (table, 2, NULL);
  table_run (table);
  table->hold = hold_flush_and_later_to_1;
  Seat *seat = table_join (table, NULL);
  for (guint i = 0; i < 100 && seat->view == NULL; i++)
    table_advance (table, MS);
  g_assert_nonnull (seat->view);
  table_drop_held (table);
  table_kill (table, 0, TRUE);
  table_advance (table, 1000 * MS);
  assert_members (&table->seats[1], "1,2");
  assert_members (seat, "1,2");
  table_free (table);
}

/* One DECIDED an asker and session. */
static void
test_once_a_session (void)
{
  Table *table = behind ();
  static const guint8 all[] = { 4, 0, 0 };
  guint before = table_count (table, 0, 2, TY_PACKET_DECIDED);
  for (guint i = 0; i < 3; i++)
    feed_need (table, 2, 0, 1, all, 3);
  g_assert_cmpuint (table_count (table, 0, 2, TY_PACKET_DECIDED), <=, before + 1);
  guint after = table_count (table, 0, 2, TY_PACKET_DECIDED);
  g_assert_cmpuint (after, ==, 1);
  ty_membership.on_reach (table->seats[0].m, &table->seats[2].pid, TY_REACH_UP, TRUE, NULL);
  feed_need (table, 2, 0, 1, all, 3);
  g_assert_cmpuint (table_count (table, 0, 2, TY_PACKET_DECIDED), ==, after + 1);
  table_free (table);
}

/* With the messages that it says it lacks, and no others; once a session, however often it says so. */
static void
test_gives_messages (void)
{
  Table *table = behind ();
  static const guint8 some[] = { 1, 0, 0 }, all[] = { 4, 0, 0 };
  feed_need (table, 2, 0, 1, some, 3);
  g_assert_cmpstr (table->forwards->str, ==, "0>2 0(1,4] ");
  feed_need (table, 2, 1, 1, all, 3);
  g_assert_cmpstr (table->forwards->str, ==, "0>2 0(1,4] ");
  feed_need (table, 2, 0, 1, some, 3);
  g_assert_cmpstr (table->forwards->str, ==, "0>2 0(1,4] ");
  ty_membership.on_reach (table->seats[0].m, &table->seats[2].pid, TY_REACH_UP, TRUE, NULL);
  feed_need (table, 2, 0, 1, some, 3);
  g_assert_cmpstr (table->forwards->str, ==, "0>2 0(1,4] 0>2 0(1,4] ");
  /* Cut short: told, and given nothing. */
  feed_need (table, 2, 1, 1, some, 0);
  g_assert_cmpstr (table->forwards->str, ==, "0>2 0(1,4] 0>2 0(1,4] ");
  g_assert_cmpuint (table_count (table, 1, 2, TY_PACKET_DECIDED), ==, 1);
  table_free (table);
}

/* DECIDED is acted on when everything up to the cut is there. */
static void
test_decided_waits_for_the_cut (void)
{
  Table *table = behind ();
  TyValue *value = table->seats[0].values->pdata[0];
  table->seats[2].received[0] = 3;
  GByteArray *w = g_byte_array_new ();
  ty_value_write (w, value);
  g_assert_true (table_feed (table, 1, 2, TY_PACKET_DECIDED, 1, w));
  g_assert_cmpuint (table->seats[2].values->len, ==, 0);
  /* What it lacks it asks of who told it, at once. */
  guint asked = table_count (table, 2, 1, TY_PACKET_NEED);
  ty_membership.tick (table->seats[2].m);
  g_assert_cmpuint (table_count (table, 2, 1, TY_PACKET_NEED), ==, asked + 1);
  table->seats[2].received[0] = 4;
  ty_membership.on_progress (table->seats[2].m);
  g_assert_cmpuint (table->seats[2].values->len, ==, 1);
  table_free (table);
}

/* DECIDED overrides promises and suspicions; what is of another view has no effect; malformed is refused. */
static void
test_decided (void)
{
  Table *table = behind ();
  TyValue *value = table->seats[0].values->pdata[0];
  GByteArray *w = g_byte_array_new ();
  ty_value_write (w, value);
  g_byte_array_set_size (w, w->len - 1);
  g_assert_false (table_feed (table, 0, 2, TY_PACKET_DECIDED, 1, w));
  w = g_byte_array_new ();
  value->old.ballot.counter++;
  ty_value_write (w, value);
  value->old.ballot.counter--;
  g_assert_true (table_feed (table, 0, 2, TY_PACKET_DECIDED, 1, w));
  g_assert_cmpuint (table->seats[2].values->len, ==, 0);
  w = g_byte_array_new ();
  TyBallot high = { .counter = 99, .pid = table->seats[1].pid };
  ty_write_ballot (w, &high);
  ty_write_u8 (w, 0);
  ty_write_u8 (w, 0);
  g_assert_true (table_feed (table, 1, 2, TY_PACKET_PREPARE, 1, w));
  w = g_byte_array_new ();
  ty_value_write (w, value);
  g_assert_true (table_feed (table, 0, 2, TY_PACKET_DECIDED, 1, w));
  g_assert_cmpuint (table->seats[2].values->len, ==, 1);
  table_free (table);
}

/* The messages of a closed view are kept until everyone has closed it, and given back once. */
static void
test_release (void)
{
  Table *table = behind ();
  table_advance (table, 200 * MS);
  g_assert_cmpuint (released (table, 0, 1), ==, 0);
  g_assert_cmpuint (released (table, 1, 1), ==, 0);
  table_release (table);
  table_advance (table, 1000 * MS);
  g_assert_cmpuint (table->seats[2].view->id.number, ==, table->seats[0].view->id.number);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (released (table, i, 1), >, 0);
  table_free (table);
}

/* A process that is dead is not kept for; one that is only suspected may yet be heard of again. */
static void
test_release_at_suspicion (void)
{
  Table *table = behind ();
  table_advance (table, 100 * MS);
  g_assert_cmpuint (released (table, 0, 1), ==, 0);
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  ty_membership.tick (table->seats[0].m);
  g_assert_cmpuint (released (table, 0, 1), ==, 0);
  table_reach (table, 0, 2, TY_REACH_DEAD);
  ty_membership.tick (table->seats[0].m);
  g_assert_cmpuint (released (table, 0, 1), ==, 1);
  g_assert_cmpuint (released (table, 1, 1), ==, 0);
  table_free (table);
}

/* The group has gone on by more than one view: nothing is kept, and who asks is told that it is out. */
static void
test_excluded (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  table_reach (table, 1, 2, TY_REACH_SUSPECT);
  table_advance (table, 1000 * MS);
  assert_members (&table->seats[0], "0,1");
  ty_membership.on_gap (table->seats[0].m);
  table_advance (table, 1000 * MS);
  g_assert_cmpuint (table->seats[0].view->id.number, >, 2);
  g_assert_false (table->seats[2].excluded);
  table_reach (table, 0, 2, TY_REACH_UP);
  table_reach (table, 1, 2, TY_REACH_UP);
  table_advance (table, 1000 * MS);
  g_assert_true (table->seats[2].excluded);
  g_assert_cmpuint (table->seats[2].values->len, ==, 0);
  g_assert_cmpuint (table_count (table, 0, 2, TY_PACKET_EXCLUDED) + table_count (table, 1, 2, TY_PACKET_EXCLUDED), >,
                    0);
  TyReader r = table_body (table_last (table, 0, 2, TY_PACKET_EXCLUDED));
  g_assert_cmpuint (ty_read_varint (&r), ==, table->seats[0].view->id.number);
  g_assert_true (ty_reader_done (&r));
  /* Nobody was disturbed by it. */
  assert_members (&table->seats[0], "0,1");
  table_free (table);
}

/* By one view only: it learns so from what was decided. */
static void
test_excluded_by_value (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  table_reach (table, 1, 2, TY_REACH_SUSPECT);
  table_advance (table, 1000 * MS);
  g_assert_cmpuint (table->seats[0].view->id.number, ==, 2);
  table_reach (table, 0, 2, TY_REACH_UP);
  table_advance (table, 1000 * MS);
  g_assert_true (table->seats[2].excluded);
  g_assert_cmpuint (table->seats[2].values->len, ==, 1);
  assert_members (&table->seats[0], "0,1");
  table_free (table);
}

/* An EXCLUDED of an older view, or of the view that one is in, is old news. */
static void
test_excluded_stale (void)
{
  Table *table = behind ();
  for (guint64 current = 0; current < 3; current++)
    {
      GByteArray *w = g_byte_array_new ();
      ty_write_varint (w, current);
      g_assert_true (table_feed (table, 1, 0, TY_PACKET_EXCLUDED, 2, w));
      g_assert_false (table->seats[0].excluded);
    }
  GByteArray *w = g_byte_array_new ();
  g_assert_false (table_feed (table, 1, 0, TY_PACKET_EXCLUDED, 2, w));
  w = g_byte_array_new ();
  ty_write_varint (w, 3);
  g_assert_true (table_feed (table, 1, 0, TY_PACKET_EXCLUDED, 2, w));
  g_assert_true (table->seats[0].excluded);
  table_free (table);
}

/* ---- leaving ---- */

static void
test_leave (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  ty_membership.leave (table->seats[1].m);
  table_run (table);
  g_assert_true (table->seats[1].left);
  assert_members (&table->seats[0], "0,2");
  table_advance (table, 200 * MS);
  g_assert_true (table->seats[1].gone);
  g_assert_cmpuint (released (table, 0, 1), >, 0);
  table_free (table);
}

static gboolean
hold_to_2 (Table *table, const Sent *sent)
{
  return sent->to == 2 && sent->type != TY_PACKET_PREPARE && sent->type != TY_PACKET_PROPOSE && sent->from != 1;
}

/* Seat 1 has left, and seat 2 has heard of the round, but not of its end. */
static Table *
table_with_leaver (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->hold = hold_all_to_2_but_rounds;
  ty_membership.leave (table->seats[1].m);
  table_run (table);
  g_assert_true (table->seats[1].left);
  return table;
}

/* V11: a leaver stays until those who go on have installed; it is the one who tells a laggard. */
static void
test_leaver_stays (void)
{
  Table *table = table_with_leaver ();
  table_advance (table, 100 * MS);
  g_assert_false (table->seats[1].gone);
  assert_members (&table->seats[2], "0,1,2");
  /* Seat 2 hears nothing from seat 0, and learns from the leaver. */
  table_release (table);
  table->hold = hold_to_2;
  table_advance (table, 100 * MS);
  assert_members (&table->seats[2], "0,2");
  table_advance (table, 200 * MS);
  g_assert_true (table->seats[1].gone);
  table_free (table);
}

/* Who was given up for silent, and is heard of again before the leaver has gone, is told as well. */
static void
test_leaver_hears_again (void)
{
  Table *table = table_with_leaver ();
  table_reach (table, 1, 2, TY_REACH_SUSPECT);
  table_reach (table, 1, 2, TY_REACH_UP);
  table_advance (table, 300 * MS);
  g_assert_false (table->seats[1].gone);
  table_release (table);
  table->hold = hold_to_2;
  table_advance (table, 300 * MS);
  assert_members (&table->seats[2], "0,2");
  g_assert_true (table->seats[1].gone);
  table_free (table);
}

/* Not for ever: silence is borne as long as anyone's. */
static void
test_leaver_goes (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  ty_membership.leave (table->seats[1].m);
  table->hold = hold_from_2;
  table_run (table);
  table_drop_held (table);
  g_assert_false (table->seats[1].gone);
  table_reach (table, 1, 2, TY_REACH_DEAD);
  table_reach (table, 0, 2, TY_REACH_DEAD);
  table->dead[2] = TRUE;
  table_advance (table, 2500 * MS);
  g_assert_true (table->seats[1].gone);
  table_free (table);
}

/* The last leavers dissolve the group. */
static void
test_dissolve (void)
{
  Table *table = table_new ();
  table_begin (table, 2, NULL);
  table_run (table);
  table->hold = NULL;
  ty_membership.leave (table->seats[1].m);
  ty_membership.leave (table->seats[0].m);
  table_advance (table, 2000 * MS);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (table->seats[i].left);
      g_assert_true (table->seats[i].gone);
    }
  const TyValue *last = table->seats[0].values->pdata[table->seats[0].values->len - 1];
  g_assert_cmpuint (last->n_members, ==, 0);
  table_free (table);
}

static gboolean
hold_of_oldest (Table *table, const Sent *sent)
{
  return (sent->from == 0 && sent->to < 3) || (sent->to == 0 && sent->from < 3);
}

/* V12: one that is cut off does not hear from the others how the view ended; who had asked it to be let in, and was let
 * in by them, knows, and is in reach. */
static void
test_newcomer_is_asked (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->hold = hold_of_oldest;
  table_join (table, NULL);
  table_run (table);
  table_reach (table, 0, 1, TY_REACH_SUSPECT);
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  table_drop_held (table);
  g_assert_true (table->seats[0].blocked);
  table_advance (table, 2000 * MS);
  assert_members (&table->seats[3], "1,2,3");
  g_assert_true (table->seats[0].excluded);
  table_free (table);
}

/* One more than the others in the group: it is not told of EXCLUDED, nor DECIDED, when it asks for nothing. */
static void
test_alive_is_no_question (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  table_advance (table, 500 * MS);
  guint decided = 0;
  for (guint a = 0; a < 3; a++)
    for (guint b = 0; b < 3; b++)
      decided += table_count (table, a, b, TY_PACKET_DECIDED) + table_count (table, a, b, TY_PACKET_EXCLUDED);
  g_assert_cmpuint (decided, ==, 0);
  table_free (table);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/late/learns", test_learns);
  g_test_add_func ("/membership/late/asks-who-is-ahead", test_asks_who_is_ahead);
  g_test_add_func ("/membership/late/joiner-tells", test_joiner_tells);
  g_test_add_func ("/membership/late/once-a-session", test_once_a_session);
  g_test_add_func ("/membership/late/gives-messages", test_gives_messages);
  g_test_add_func ("/membership/late/decided-waits-for-the-cut", test_decided_waits_for_the_cut);
  g_test_add_func ("/membership/late/decided", test_decided);
  g_test_add_func ("/membership/late/release", test_release);
  g_test_add_func ("/membership/late/release-at-suspicion", test_release_at_suspicion);
  g_test_add_func ("/membership/late/excluded", test_excluded);
  g_test_add_func ("/membership/late/excluded-by-value", test_excluded_by_value);
  g_test_add_func ("/membership/late/excluded-stale", test_excluded_stale);
  g_test_add_func ("/membership/late/leave", test_leave);
  g_test_add_func ("/membership/late/leaver-stays", test_leaver_stays);
  g_test_add_func ("/membership/late/leaver-hears-again", test_leaver_hears_again);
  g_test_add_func ("/membership/late/leaver-goes", test_leaver_goes);
  g_test_add_func ("/membership/late/dissolve", test_dissolve);
  g_test_add_func ("/membership/late/alive-is-no-question", test_alive_is_no_question);
  g_test_add_func ("/membership/late/newcomer-is-asked", test_newcomer_is_asked);
  return g_test_run ();
}
