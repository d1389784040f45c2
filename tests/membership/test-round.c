/* tests/membership/test-round.c: the agreement on the next view: ballots, adoption, deciding (V2-V6).
 *
 * Mostly one real membership among ghosts, whose packets the test writes; whole tables where what counts is the end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/membership/table.h"

#define MS 1000
#define ROUND 333333 /* a third of suspect-after */

/* ---- packets that ghosts send ---- */

static TyBallot
ballot_of (Table *table, guint64 counter, guint seat)
{
  return (TyBallot){ .counter = counter, .pid = table->seats[seat].pid };
}

static void
feed_prepare (Table *table, guint from, guint to, guint64 counter)
{
  GByteArray *w = g_byte_array_new ();
  TyBallot ballot = ballot_of (table, counter, from);
  ty_write_ballot (w, &ballot);
  ty_write_u8 (w, 0);
  ty_write_u8 (w, 0);
  g_assert_true (table_feed (table, from, to, TY_PACKET_PREPARE, 1, w));
}

/* `receipts` as numbers by rank, all below 128. */
static void
feed_state (Table *table, guint from, guint to, const TyBallot *ballot, const guint8 *receipts,
            const TyBallot *accepted, const TyValue *value)
{
  guint n = table->seats[to].view->n_members;
  guint8 bits[3] = { 0xff, 0xff, 0xff };
  GByteArray *w = g_byte_array_new ();
  ty_write_ballot (w, ballot);
  ty_write_u8 (w, (guint8) (1 | (value != NULL ? 16 : 0)));
  ty_write_varint (w, 1);
  ty_write_block (w, bits, (n + 7) / 8);
  if (value != NULL)
    {
      ty_write_ballot (w, accepted);
      ty_value_write (w, value);
    }
  ty_write_block (w, receipts, n);
  ty_write_block (w, NULL, 0);
  g_assert_true (table_feed (table, from, to, TY_PACKET_STATE, 1, w));
}

/* A value of the ballot: seats of `members` go on, the others are suspected; `cut` by rank, or NULL for nothing. */
static TyValue *
make_value (Table *table, const TyBallot *ballot, const char *members, const guint64 *cut)
{
  TyetView *old = NULL;
  for (guint i = 0; i < table->n_seats && old == NULL; i++)
    old = table->seats[i].view;
  TyValue *value = ty_value_new ();
  value->group = old->group;
  value->old = old->id;
  value->id = (TyViewId){ .number = 2, .ballot = *ballot };
  value->group_name = g_strdup ("g");
  value->n_old = old->n_members;
  value->cut = g_new0 (guint64, old->n_members);
  value->members = g_new0 (TyMember, old->n_members);
  value->gone = g_new0 (TyGone, old->n_members);
  value->order = g_bytes_new (NULL, 0);
  for (guint i = 0; i < old->n_members; i++)
    {
      value->cut[i] = cut != NULL ? cut[i] : 0;
      if (strchr (members, (char) ('0' + i)) != NULL)
        ty_member_copy (&value->members[value->n_members++], &old->members[i]);
      else
        value->gone[value->n_gone++] = (TyGone){ .rank = i, .why = TY_LEFT_SUSPECT };
    }
  return value;
}

static void
write_seats (Table *table, GByteArray *w, const char *seats)
{
  ty_write_varint (w, strlen (seats));
  for (const char *p = seats; *p != '\0'; p++)
    ty_write_id (w, &table->seats[*p - '0'].pid);
}

static gboolean
feed_propose (Table *table, guint from, guint to, guint64 counter, const TyValue *value, const char *need,
              const char *acceptors)
{
  GByteArray *w = g_byte_array_new ();
  TyBallot ballot = ballot_of (table, counter, from);
  ty_write_ballot (w, &ballot);
  ty_write_u8 (w, 0);
  ty_value_write (w, value);
  write_seats (table, w, need);
  write_seats (table, w, acceptors);
  ty_write_varint (w, 0);
  return table_feed (table, from, to, TY_PACKET_PROPOSE, 1, w);
}

static gboolean
feed_flush (Table *table, guint from, guint to, const TyBallot *ballot, const TyValue *value)
{
  GByteArray *w = g_byte_array_new ();
  TyId digest;
  ty_value_digest (value, &digest);
  ty_write_ballot (w, ballot);
  ty_write_id (w, &digest);
  return table_feed (table, from, to, TY_PACKET_FLUSH, 1, w);
}

static void
feed_nack (Table *table, guint from, guint to, gboolean yields, const TyBallot *promised)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_u8 (w, yields ? 1 : 0);
  ty_write_ballot (w, promised);
  g_assert_true (table_feed (table, from, to, TY_PACKET_NACK, 1, w));
}

static void
feed_need (Table *table, guint from, guint to, const TyBallot *promised)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_ballot (w, promised);
  for (guint i = 0; i < table->seats[to].view->n_members; i++)
    ty_write_varint (w, 0);
  g_assert_true (table_feed (table, from, to, TY_PACKET_NEED, 1, w));
}

/* ---- and what the real ones answer ---- */

static TyBallot
last_ballot (Table *table, guint from, guint to, TyPacketType type)
{
  TyBallot ballot;
  const Sent *sent = table_last (table, from, to, type);
  g_assert_nonnull (sent);
  TyReader r = table_body (sent);
  if (type == TY_PACKET_NACK)
    ty_read_u8 (&r);
  ty_read_ballot (&r, &ballot);
  g_assert_false (r.bad);
  return ballot;
}

static void
assert_ballot (const TyBallot *have, Table *table, guint64 counter, guint seat)
{
  TyBallot want = ballot_of (table, counter, seat);
  g_assert_cmpuint (have->counter, ==, counter);
  g_assert_cmpint (ty_ballot_compare (have, &want), ==, 0);
}

typedef struct
{
  TyBallot ballot;
  gboolean gather;
  TyValue *value;
  GArray *need, *acceptors;
} Proposal;

static GArray *
read_seats (TyReader *r)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (TyId));
  gsize n = ty_read_count (r, 16);
  for (gsize i = 0; i < n; i++)
    {
      TyId id;
      ty_read_id (r, &id);
      g_array_append_val (ids, id);
    }
  return ids;
}

static Proposal
last_proposal (Table *table, guint from, guint to)
{
  Proposal p = { 0 };
  const Sent *sent = table_last (table, from, to, TY_PACKET_PROPOSE);
  g_assert_nonnull (sent);
  TyReader r = table_body (sent);
  ty_read_ballot (&r, &p.ballot);
  p.gather = ty_read_u8 (&r) == 1;
  p.value = ty_value_read (&r);
  p.need = read_seats (&r);
  p.acceptors = read_seats (&r);
  g_assert_false (r.bad);
  return p;
}

static void
proposal_clear (Proposal *p)
{
  ty_value_unref (p->value);
  g_array_unref (p->need);
  g_array_unref (p->acceptors);
}

static gboolean
names_all (Table *table, const GArray *ids, const char *seats)
{
  if (ids->len != strlen (seats))
    return FALSE;
  for (const char *p = seats; *p != '\0'; p++)
    if (!ty_ids_contain (ids, &table->seats[*p - '0'].pid))
      return FALSE;
  return TRUE;
}

static gboolean
same_value (const TyValue *a, const TyValue *b)
{
  TyId da, db;
  ty_value_digest (a, &da);
  ty_value_digest (b, &db);
  return ty_id_equal (&da, &db);
}

/* One real membership at `real` among `n` seats. */
static Table *
ghosts (guint n, guint real)
{
  Table *table = table_new ();
  for (guint i = 0; i < n; i++)
    table_seat (table, i != real);
  table_begin (table, n, NULL);
  return table;
}

static TyBallot
start_round (Table *table, guint coordinator)
{
  guint other = coordinator == 0 ? 1 : 0;
  for (guint i = 0; i < table->n_seats; i++)
    if (i != coordinator && table->seats[coordinator].reach[i] == TY_REACH_UP)
      other = i;
  ty_membership.on_gap (table->seats[coordinator].m);
  table_run (table);
  return last_ballot (table, coordinator, other, TY_PACKET_PREPARE);
}

static const guint8 nothing[MAX_SEATS];

/* ---- the coordinator ---- */

static void
test_fresh (void)
{
  Table *table = ghosts (3, 0);
  static const guint8 one[] = { 4, 2, 0 }, two[] = { 3, 2, 9 };
  table->seats[0].received[0] = 5;
  TyBallot b = start_round (table, 0);
  assert_ballot (&b, table, 1, 0);
  g_assert_true (table->seats[0].frozen);
  feed_state (table, 1, 0, &b, one, NULL, NULL);
  g_assert_null (table_last (table, 0, 1, TY_PACKET_PROPOSE));
  feed_state (table, 2, 0, &b, two, NULL, NULL);
  Proposal p = last_proposal (table, 0, 1);
  g_assert_cmpint (ty_ballot_compare (&p.ballot, &b), ==, 0);
  g_assert_cmpuint (p.value->n_members, ==, 3);
  g_assert_cmpuint (p.value->cut[0], ==, 5);
  g_assert_cmpuint (p.value->cut[1], ==, 2);
  g_assert_cmpuint (p.value->cut[2], ==, 9);
  g_assert_true (names_all (table, p.need, "012"));
  g_assert_true (names_all (table, p.acceptors, "012"));
  g_assert_false (p.gather);
  proposal_clear (&p);
  table_free (table);
}

/* Of two accepted proposals the one of the higher ballot, byte for byte, whatever is wanted now. */
static void
test_adopts_highest (void)
{
  for (guint swapped = 0; swapped < 2; swapped++)
    {
      Table *table = ghosts (5, 0);
      TyBallot low = ballot_of (table, 0, 3), high = ballot_of (table, 0, 4);
      g_autoptr (TyValue) older = make_value (table, &low, "01234", NULL);
      guint64 cut[5] = { 0, 0, 7, 0, 0 };
      g_autoptr (TyValue) newer = make_value (table, &high, "0134", cut);
      TyBallot b = start_round (table, 0);
      feed_state (table, swapped ? 2 : 1, 0, &b, nothing, &high, newer);
      feed_state (table, swapped ? 1 : 2, 0, &b, nothing, &low, older);
      feed_state (table, 3, 0, &b, nothing, NULL, NULL);
      feed_state (table, 4, 0, &b, nothing, NULL, NULL);
      Proposal p = last_proposal (table, 0, 3);
      g_assert_cmpint (ty_ballot_compare (&p.ballot, &b), ==, 0);
      g_assert_true (same_value (p.value, newer));
      /* The round's own: everyone who answered accepts, also seat 2, whom the next view is without. */
      g_assert_true (names_all (table, p.acceptors, "01234"));
      g_assert_true (names_all (table, p.need, "0134"));
      proposal_clear (&p);
      table_free (table);
    }
}

/* Adopted, the round waits for those next members only that answered this ballot. */
static void
test_adopted_waits_for_who_answered (void)
{
  Table *table = ghosts (5, 0);
  TyBallot low = ballot_of (table, 0, 3);
  g_autoptr (TyValue) value = make_value (table, &low, "01234", NULL);
  table_reach (table, 0, 4, TY_REACH_DEAD);
  TyBallot b = start_round (table, 0);
  feed_state (table, 1, 0, &b, nothing, &low, value);
  feed_state (table, 2, 0, &b, nothing, NULL, NULL);
  feed_state (table, 3, 0, &b, nothing, NULL, NULL);
  Proposal p = last_proposal (table, 0, 1);
  g_assert_true (same_value (p.value, value));
  g_assert_true (names_all (table, p.need, "0123"));
  g_assert_true (names_all (table, p.acceptors, "0123"));
  proposal_clear (&p);
  table_free (table);
}

/* Also what this process itself has accepted. */
static void
test_adopts_own (void)
{
  Table *table = ghosts (5, 1);
  TyBallot first = ballot_of (table, 3, 0);
  g_autoptr (TyValue) value = make_value (table, &first, "0124", NULL);
  g_assert_true (feed_propose (table, 0, 1, 3, value, "0124", "01234"));
  g_assert_cmpuint (table_count (table, 1, 2, TY_PACKET_FLUSH), ==, 1);
  table_reach (table, 1, 0, TY_REACH_DEAD);
  table_run (table);
  TyBallot b = last_ballot (table, 1, 2, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 4, 1);
  for (guint i = 2; i < 5; i++)
    feed_state (table, i, 1, &b, nothing, NULL, NULL);
  Proposal p = last_proposal (table, 1, 2);
  g_assert_true (same_value (p.value, value));
  g_assert_true (names_all (table, p.need, "124"));
  proposal_clear (&p);
  table_free (table);
}

/* Nobody is left out because it is slow: whoever is not suspected is waited for. */
static void
test_waits_for_unsuspected (void)
{
  Table *table = ghosts (5, 0);
  TyBallot b = start_round (table, 0);
  for (guint i = 1; i < 4; i++)
    feed_state (table, i, 0, &b, nothing, NULL, NULL);
  table_advance (table, 300 * MS);
  g_assert_null (table_last (table, 0, 1, TY_PACKET_PROPOSE));
  table_reach (table, 0, 4, TY_REACH_SUSPECT);
  Proposal p = last_proposal (table, 0, 1);
  g_assert_cmpuint (p.value->n_members, ==, 4);
  g_assert_cmpint (p.value->gone[0].why, ==, TY_LEFT_SUSPECT);
  proposal_clear (&p);
  table_free (table);
}

/* V9: suspected, and back: final within the ballot. */
static void
test_suspicion_is_final (void)
{
  Table *table = ghosts (5, 0);
  TyBallot b = start_round (table, 0);
  table_reach (table, 0, 4, TY_REACH_SUSPECT);
  table_reach (table, 0, 4, TY_REACH_UP);
  for (guint i = 1; i < 5; i++)
    feed_state (table, i, 0, &b, nothing, NULL, NULL);
  Proposal p = last_proposal (table, 0, 1);
  g_assert_cmpuint (p.value->n_members, ==, 4);
  g_assert_cmpuint (p.value->gone[0].rank, ==, 4);
  proposal_clear (&p);
  table_free (table);
}

/* STATEs of another ballot, or a second one, or a stranger's, change nothing. */
static void
test_other_states (void)
{
  Table *table = ghosts (3, 0);
  table_seat (table, TRUE);
  static const guint8 much[] = { 9, 9, 9 };
  TyBallot b = start_round (table, 0), other = ballot_of (table, 7, 0);
  feed_state (table, 1, 0, &other, much, NULL, NULL);
  feed_state (table, 3, 0, &b, much, NULL, NULL);
  feed_state (table, 1, 0, &b, nothing, NULL, NULL);
  feed_state (table, 1, 0, &b, much, NULL, NULL);
  feed_state (table, 2, 0, &b, nothing, NULL, NULL);
  Proposal p = last_proposal (table, 0, 1);
  g_assert_cmpuint (p.value->cut[1], ==, 0);
  proposal_clear (&p);
  table_free (table);
}

/* ---- rivals ---- */

static void
test_nack (void)
{
  Table *table = ghosts (5, 4);
  feed_prepare (table, 0, 4, 5);
  TyBallot b = last_ballot (table, 4, 0, TY_PACKET_STATE);
  assert_ballot (&b, table, 5, 0);
  /* Lower: the promise is named. */
  feed_prepare (table, 2, 4, 4);
  g_assert_null (table_last (table, 4, 2, TY_PACKET_STATE));
  b = last_ballot (table, 4, 2, TY_PACKET_NACK);
  assert_ballot (&b, table, 5, 0);
  TyBallot low = ballot_of (table, 4, 2);
  g_autoptr (TyValue) value = make_value (table, &low, "01234", NULL);
  g_assert_true (feed_propose (table, 2, 4, 4, value, "01234", "01234"));
  g_assert_cmpuint (table_count (table, 4, 2, TY_PACKET_NACK), ==, 2);
  g_assert_cmpuint (table_count (table, 4, 2, TY_PACKET_FLUSH), ==, 0);
  /* The same counter: the process decides; the same ballot again: STATE again. */
  feed_prepare (table, 2, 4, 5);
  b = last_ballot (table, 4, 2, TY_PACKET_STATE);
  assert_ballot (&b, table, 5, 2);
  feed_prepare (table, 2, 4, 5);
  g_assert_cmpuint (table_count (table, 4, 2, TY_PACKET_STATE), ==, 2);
  feed_prepare (table, 0, 4, 5);
  g_assert_cmpuint (table_count (table, 4, 0, TY_PACKET_NACK), ==, 1);
  table_free (table);
}

/* The coordinator that is refused starts anew above, at once if its rival has the larger rank. */
static void
test_above_the_rival (void)
{
  Table *table = ghosts (5, 0);
  start_round (table, 0);
  TyBallot rival = ballot_of (table, 8, 3), lower = ballot_of (table, 1, 0);
  feed_nack (table, 2, 0, FALSE, &lower);
  table_run (table);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_PREPARE), ==, 1);
  feed_nack (table, 2, 0, FALSE, &rival);
  table_run (table);
  TyBallot b = last_ballot (table, 0, 1, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 9, 0);
  table_free (table);
}

/* Of two rivals the one with the larger rank number yields, for a time that grows with its rank. */
static void
test_back_off (void)
{
  Table *table = ghosts (5, 1);
  TyBallot none = { 0 };
  feed_nack (table, 0, 1, TRUE, &none);
  start_round (table, 1);
  TyBallot rival = ballot_of (table, 8, 0);
  gint64 refused = table->now;
  feed_nack (table, 2, 1, FALSE, &rival);
  table_run (table);
  table->now = refused + ROUND - 1;
  table_run (table);
  g_assert_cmpuint (table_count (table, 1, 2, TY_PACKET_PREPARE), ==, 1);
  table->now = refused + ROUND;
  table_run (table);
  TyBallot b = last_ballot (table, 1, 2, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 9, 1);
  table_free (table);
}

/* Having promised a rival, a coordinator gives it its time, unless the rival is suspected. */
static void
test_promised_rival_has_its_time (void)
{
  Table *table = ghosts (5, 0);
  feed_prepare (table, 3, 0, 5);
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  g_assert_null (table_last (table, 0, 1, TY_PACKET_PREPARE));
  table_reach (table, 0, 3, TY_REACH_SUSPECT);
  table_run (table);
  TyBallot b = last_ballot (table, 0, 1, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 6, 0);
  table_free (table);
}

/* A joiner promises as others do, and refuses as others do. */
static void
test_nack_of_joiner (void)
{
  Table *table = ghosts (3, 0);
  Seat *joiner = table_seat (table, TRUE);
  table->seats[0].reach[3] = TY_REACH_UP;
  TyMember as = { .pid = joiner->pid, .name = joiner->name, .address = joiner->address, .weight = 1, .loaded = TRUE };
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_text (w, "fifo");
  ty_member_write (w, &as);
  ty_write_u8 (w, 0);
  ty_write_varint (w, 100000);
  ty_write_varint (w, 1000000);
  ty_write_varint (w, 1);
  write_seats (table, w, "012");
  ty_write_block (w, NULL, 0);
  TyReader r = TY_READER (w->data, w->len);
  TyBallot rival = ballot_of (table, 8, 2);
  /* Before it is asked its word counts for nothing. */
  feed_nack (table, 3, 0, FALSE, &rival);
  g_assert_true (ty_membership.on_join (table->seats[0].m, &joiner->pid, &r, "g", "fifo"));
  table_run (table);
  TyBallot b = last_ballot (table, 0, 3, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 1, 0);
  feed_nack (table, 3, 0, FALSE, &rival);
  table_run (table);
  b = last_ballot (table, 0, 3, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 9, 0);
  table_free (table);
}

/* ---- NEED ---- */

static void
test_need (void)
{
  Table *table = ghosts (3, 2);
  table->seats[2].received[1] = 3;
  feed_prepare (table, 0, 2, 5);
  gint64 at = table->now;
  table_run (table);
  table->now = at + ROUND - 1;
  table_run (table);
  g_assert_null (table_last (table, 2, 0, TY_PACKET_NEED));
  table->now = at + ROUND;
  table_run (table);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_NEED), ==, 1);
  TyReader r = table_body (table_last (table, 2, 0, TY_PACKET_NEED));
  TyBallot b;
  ty_read_ballot (&r, &b);
  assert_ballot (&b, table, 5, 0);
  g_assert_cmpuint (ty_read_varint (&r), ==, 0);
  g_assert_cmpuint (ty_read_varint (&r), ==, 3);
  g_assert_cmpuint (ty_read_varint (&r), ==, 0);
  g_assert_true (ty_reader_done (&r));
  /* Repeated; to the next in rank when the first is suspected. */
  table->now += ROUND;
  table_run (table);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_NEED), ==, 2);
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  table->now += ROUND;
  table_run (table);
  g_assert_cmpuint (table_count (table, 2, 1, TY_PACKET_NEED), ==, 1);
  table_free (table);
}

static void
test_need_starts_a_round (void)
{
  Table *table = ghosts (3, 0);
  TyBallot highest = ballot_of (table, 7, 1);
  feed_need (table, 2, 0, &highest);
  table_run (table);
  TyBallot b = last_ballot (table, 0, 1, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 8, 0);
  /* A round that is under way, above what is asked with, is left alone. */
  feed_need (table, 2, 0, &highest);
  table_run (table);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_PREPARE), ==, 1);
  highest.counter = 9;
  feed_need (table, 2, 0, &highest);
  table_run (table);
  b = last_ballot (table, 0, 1, TY_PACKET_PREPARE);
  assert_ballot (&b, table, 10, 0);
  table_free (table);
}

/* A proposal that is under way has its time: two rounds'. */
static void
test_need_leaves_a_proposal (void)
{
  Table *table = ghosts (3, 0);
  TyBallot b = start_round (table, 0);
  gint64 started = table->now;
  feed_state (table, 1, 0, &b, nothing, NULL, NULL);
  feed_state (table, 2, 0, &b, nothing, NULL, NULL);
  table->now = started + 2 * ROUND - 1;
  feed_need (table, 2, 0, &b);
  table_run (table);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_PREPARE), ==, 1);
  table->now = started + 2 * ROUND;
  feed_need (table, 2, 0, &b);
  table_run (table);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_PREPARE), ==, 2);
  table_free (table);
}

/* ---- accepting ---- */

/* V5: not before it holds everything up to the cut. */
static void
test_accepts_with_the_cut (void)
{
  Table *table = ghosts (3, 2);
  guint64 cut[3] = { 4, 0, 0 };
  TyBallot b = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &b, "012", cut);
  g_assert_true (feed_propose (table, 0, 2, 5, value, "012", "012"));
  table->seats[2].received[0] = 3;
  ty_membership.on_progress (table->seats[2].m);
  table_run (table);
  g_assert_null (table_last (table, 2, 0, TY_PACKET_FLUSH));
  table->seats[2].received[0] = 4;
  ty_membership.on_progress (table->seats[2].m);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_FLUSH), ==, 1);
  g_assert_cmpuint (table_count (table, 2, 1, TY_PACKET_FLUSH), ==, 1);
  table_free (table);
}

/* A higher promise in between ends what waited to be accepted. */
static void
test_higher_promise_ends_pending (void)
{
  Table *table = ghosts (3, 2);
  guint64 cut[3] = { 4, 0, 0 };
  TyBallot b = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &b, "012", cut);
  g_assert_true (feed_propose (table, 0, 2, 5, value, "012", "012"));
  feed_prepare (table, 1, 2, 6);
  table->seats[2].received[0] = 4;
  ty_membership.on_progress (table->seats[2].m);
  table_run (table);
  g_assert_null (table_last (table, 2, 0, TY_PACKET_FLUSH));
  table_free (table);
}

static void
test_malformed (void)
{
  Table *table = ghosts (3, 2);
  TyBallot b = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &b, "012", NULL);
  /* The ballot is another process's. */
  GByteArray *w = g_byte_array_new ();
  ty_write_ballot (w, &b);
  ty_write_u8 (w, 0);
  ty_write_u8 (w, 0);
  table_feed (table, 1, 2, TY_PACKET_PREPARE, 1, w);
  g_assert_null (table_last (table, 2, 1, TY_PACKET_STATE));
  g_assert_false (table->seats[2].frozen);
  /* Of another view; with another count of members; with an order that is none. */
  value->old.ballot.counter++;
  g_assert_false (feed_propose (table, 0, 2, 5, value, "012", "012"));
  value->old.ballot.counter--;
  value->n_old = 2;
  g_assert_false (feed_propose (table, 0, 2, 5, value, "012", "012"));
  value->n_old = 3;
  g_bytes_unref (value->order);
  value->order = g_bytes_new ("x", 1);
  g_assert_false (feed_propose (table, 0, 2, 5, value, "012", "012"));
  g_assert_false (table->seats[2].frozen);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_FLUSH), ==, 0);
  table_free (table);
}

/* ---- deciding ---- */

static void
test_decides (void)
{
  Table *table = ghosts (5, 4);
  TyBallot b = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &b, "01234", NULL);
  g_assert_true (feed_propose (table, 0, 4, 5, value, "01234", "01234"));
  table_run (table);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (feed_flush (table, i, 4, &b, value));
      g_assert_cmpuint (table->seats[4].values->len, ==, 0);
    }
  /* A quorum has it, but not all whom the round waits for. */
  table_run (table);
  g_assert_cmpuint (table->seats[4].values->len, ==, 0);
  g_assert_true (feed_flush (table, 3, 4, &b, value));
  g_assert_cmpuint (table->seats[4].values->len, ==, 1);
  assert_members (&table->seats[4], "0,1,2,3,4");
  table_free (table);
}

/* All whom the round waits for are no quorum of the old view by themselves. */
static void
test_needs_the_quorum_too (void)
{
  Table *table = ghosts (5, 4);
  TyBallot b = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &b, "01234", NULL);
  g_assert_true (feed_propose (table, 0, 4, 5, value, "04", "01234"));
  g_assert_true (feed_flush (table, 0, 4, &b, value));
  table_run (table);
  g_assert_cmpuint (table->seats[4].values->len, ==, 0);
  g_assert_true (feed_flush (table, 2, 4, &b, value));
  g_assert_cmpuint (table->seats[4].values->len, ==, 1);
  table_free (table);
}

/* FLUSHes come first, even before PROPOSE; they count once it has come and is accepted here. */
static void
test_early_flushes (void)
{
  Table *table = ghosts (3, 2);
  TyBallot b = ballot_of (table, 5, 0);
  guint64 cut[3] = { 1, 0, 0 };
  g_autoptr (TyValue) value = make_value (table, &b, "012", cut);
  g_assert_true (feed_flush (table, 0, 2, &b, value));
  g_assert_true (feed_flush (table, 1, 2, &b, value));
  g_assert_true (feed_propose (table, 0, 2, 5, value, "012", "012"));
  table_run (table);
  g_assert_cmpuint (table->seats[2].values->len, ==, 0);
  table->seats[2].received[0] = 1;
  ty_membership.on_progress (table->seats[2].m);
  table_run (table);
  g_assert_cmpuint (table->seats[2].values->len, ==, 1);
  table_free (table);
}

/* V6: the same value under two ballots, each with FLUSHes that would make one whole: not decided. */
static void
test_ballots_never_added_up (void)
{
  Table *table = ghosts (5, 4);
  TyBallot first = ballot_of (table, 5, 0), second = ballot_of (table, 6, 1);
  g_autoptr (TyValue) value = make_value (table, &first, "01234", NULL);
  g_assert_true (feed_propose (table, 0, 4, 5, value, "01234", "01234"));
  table_run (table);
  g_assert_true (feed_flush (table, 0, 4, &first, value));
  g_assert_true (feed_flush (table, 1, 4, &first, value));
  g_assert_true (feed_propose (table, 1, 4, 6, value, "1234", "1234"));
  table_run (table);
  g_assert_true (feed_flush (table, 2, 4, &second, value));
  g_assert_true (feed_flush (table, 3, 4, &second, value));
  table_run (table);
  g_assert_cmpuint (table->seats[4].values->len, ==, 0);
  g_assert_true (feed_flush (table, 1, 4, &second, value));
  g_assert_cmpuint (table->seats[4].values->len, ==, 1);
  table_free (table);
}

/* N5: late FLUSHes complete their own ballot, also when a higher one is promised. */
static void
test_late_flushes (void)
{
  Table *table = ghosts (5, 4);
  TyBallot first = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &first, "01234", NULL);
  g_assert_true (feed_propose (table, 0, 4, 5, value, "01234", "01234"));
  table_run (table);
  feed_prepare (table, 1, 4, 6);
  for (guint i = 0; i < 4; i++)
    g_assert_true (feed_flush (table, i, 4, &first, value));
  g_assert_cmpuint (table->seats[4].values->len, ==, 1);
  table_free (table);
}

static void
test_flush_of_another_value (void)
{
  Table *table = ghosts (3, 2);
  TyBallot b = ballot_of (table, 5, 0);
  g_autoptr (TyValue) value = make_value (table, &b, "012", NULL);
  g_autoptr (TyValue) other = make_value (table, &b, "02", NULL);
  g_assert_true (feed_propose (table, 0, 2, 5, value, "012", "012"));
  table_run (table);
  g_assert_true (feed_flush (table, 0, 2, &b, value));
  g_assert_false (feed_flush (table, 1, 2, &b, other));
  table_run (table);
  g_assert_cmpuint (table->seats[2].values->len, ==, 0);
  table_free (table);
}

/* ---- whole tables ---- */

static gboolean
hold_propose_but_to_3 (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_PROPOSE && sent->to != 3;
}

static gboolean
hold_propose (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_PROPOSE;
}

/* One voter alone has accepted when the coordinator dies: what it accepted is decided first, dead coordinator and
 * all; then the next view is without it. */
static void
test_adopted_then_changed (void)
{
  Table *table = table_new ();
  table_begin (table, 5, NULL);
  table_run (table);
  table->hold = hold_propose_but_to_3;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  g_assert_cmpuint (table_count (table, 3, 1, TY_PACKET_FLUSH), ==, 1);
  Proposal p = last_proposal (table, 0, 3);
  table_drop_held (table);
  table->hold = NULL;
  table_kill (table, 0, TRUE);
  table_advance (table, 1000 * MS);
  for (guint i = 1; i < 5; i++)
    {
      Seat *seat = &table->seats[i];
      g_assert_cmpuint (seat->values->len, ==, 2);
      g_assert_true (same_value (seat->values->pdata[0], p.value));
      assert_members (seat, "1,2,3,4");
      g_assert_cmpuint (seat->view->id.number, ==, 3);
    }
  proposal_clear (&p);
  table_free (table);
}

/* Nobody has accepted: the change goes into the very next view. */
static void
test_nothing_to_adopt (void)
{
  Table *table = table_new ();
  table_begin (table, 5, NULL);
  table_run (table);
  table->hold = hold_propose;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  table_drop_held (table);
  table->hold = NULL;
  table_kill (table, 0, TRUE);
  table_advance (table, 1000 * MS);
  for (guint i = 1; i < 5; i++)
    {
      g_assert_cmpuint (table->seats[i].values->len, ==, 1);
      assert_members (&table->seats[i], "1,2,3,4");
    }
  table_free (table);
}

static gboolean
hold_forward (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_FORWARD;
}

/* Taken off a list while a proposal that keeps it waits: it is not in the next view, unless somebody has accepted. */
static void
barred_after_proposal (gboolean accepted)
{
  Table *table = table_new ();
  table_begin (table, 4, NULL);
  table_run (table);
  /* Each of two has what the other lacks: nobody can accept. */
  table->seats[1].received[1] = 6;
  if (!accepted)
    table->seats[2].received[2] = 6;
  table->hold = hold_forward;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_PROPOSE), ==, 1);
  g_assert_cmpuint (table_count (table, 1, 0, TY_PACKET_FLUSH), ==, accepted ? 1 : 0);
  for (guint to = 0; to < 4; to++)
    if (to != 2)
      {
        GByteArray *w = g_byte_array_new ();
        ty_write_varint (w, 3);
        g_assert_true (table_feed (table, 2, to, TY_PACKET_BARRED, 1, w));
      }
  GByteArray *w = g_byte_array_new ();
  ty_write_varint (w, 3);
  g_assert_true (table_feed (table, 0, 2, TY_PACKET_BARRED, 1, w));
  table_run (table);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_PROPOSE), ==, 2); /* and no third */
  table->hold = NULL;
  table_release (table);
  table_advance (table, 1000 * MS);
  for (guint i = 0; i < 3; i++)
    {
      Seat *seat = &table->seats[i];
      /* (In the next view whoever has the list says it again; nobody here has one.) */
      assert_members (seat, accepted ? "0,1,2,3" : "0,1,2");
      g_assert_cmpuint (seat->values->len, ==, 1);
    }
  table_free (table);
}

static void
test_barred_after_proposal (void)
{
  barred_after_proposal (FALSE);
  barred_after_proposal (TRUE);
}

/* Who lacks messages is given them by who has them, the sender first. */
static void
test_forwarding (void)
{
  Table *table = table_new ();
  table_begin (table, 4, NULL);
  table_run (table);
  /* Seat 1's messages are at seat 1 itself and at 2; seat 3's, which is dead, at 0 and, fewer, at 2. */
  table->seats[1].received[1] = 6;
  table->seats[2].received[1] = 6;
  table->seats[0].received[3] = 5;
  table->seats[2].received[3] = 2;
  table_kill (table, 3, TRUE);
  table_run (table);
  g_assert_cmpstr (table->forwards->str, ==, "0>1 3(0,5] 0>2 3(2,5] 1>0 1(0,6] ");
  for (guint i = 0; i < 3; i++)
    {
      const TyValue *value = table->seats[i].values->pdata[0];
      g_assert_cmpuint (value->cut[1], ==, 6);
      g_assert_cmpuint (value->cut[3], ==, 5);
      assert_members (&table->seats[i], "0,1,2");
    }
  table_free (table);
}

/* V10 and V2: rank 0 finds no set, and yields the turn. */
static void
test_yield (void)
{
  Table *table = table_new ();
  table_begin (table, 5, NULL);
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  table_reach (table, 0, 3, TY_REACH_SUSPECT);
  table_reach (table, 1, 4, TY_REACH_SUSPECT);
  table_advance (table, 3000 * MS);
  TyReader r = table_body (table_last (table, 0, 1, TY_PACKET_NACK));
  g_assert_cmpuint (ty_read_u8 (&r), ==, 1);
  for (guint i = 1; i < 4; i++)
    assert_members (&table->seats[i], "1,2,3");
  g_assert_true (table->seats[0].excluded);
  g_assert_true (table->seats[4].excluded);
  table_free (table);
}

static void
test_blocked (void)
{
  Table *table = table_new ();
  table_begin (table, 5, NULL);
  table_run (table);
  for (guint a = 0; a < 2; a++)
    for (guint b = 2; b < 5; b++)
      table_reach (table, a, b, TY_REACH_SUSPECT);
  table_advance (table, 2000 * MS);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (table->seats[i].blocked);
      g_assert_cmpuint (table->seats[i].values->len, ==, 0);
    }
  for (guint i = 2; i < 5; i++)
    {
      g_assert_false (table->seats[i].blocked);
      assert_members (&table->seats[i], "2,3,4");
    }
  table_free (table);
}

/* Above sixteen the coordinator gathers FLUSHes, and its DECIDED counts for all. */
static void
test_gather (void)
{
  for (guint n = 16; n <= 17; n++)
    {
      Table *table = table_new ();
      table_begin (table, n, NULL);
      ty_membership.on_gap (table->seats[0].m);
      table_run (table);
      for (guint i = 0; i < n; i++)
        g_assert_cmpuint (table->seats[i].view->id.number, ==, 2);
      gboolean gathered = n == 17;
      g_assert_cmpuint (table_count (table, 3, 5, TY_PACKET_FLUSH), ==, gathered ? 0 : 1);
      g_assert_cmpuint (table_count (table, 3, 0, TY_PACKET_FLUSH), ==, 1);
      g_assert_cmpuint (table_count (table, 0, 5, TY_PACKET_DECIDED), ==, gathered ? 1 : 0);
      table_free (table);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/round/fresh", test_fresh);
  g_test_add_func ("/membership/round/adopts-highest", test_adopts_highest);
  g_test_add_func ("/membership/round/adopted-waits-for-who-answered", test_adopted_waits_for_who_answered);
  g_test_add_func ("/membership/round/adopts-own", test_adopts_own);
  g_test_add_func ("/membership/round/waits-for-unsuspected", test_waits_for_unsuspected);
  g_test_add_func ("/membership/round/suspicion-is-final", test_suspicion_is_final);
  g_test_add_func ("/membership/round/other-states", test_other_states);
  g_test_add_func ("/membership/round/nack", test_nack);
  g_test_add_func ("/membership/round/above-the-rival", test_above_the_rival);
  g_test_add_func ("/membership/round/back-off", test_back_off);
  g_test_add_func ("/membership/round/promised-rival-has-its-time", test_promised_rival_has_its_time);
  g_test_add_func ("/membership/round/nack-of-joiner", test_nack_of_joiner);
  g_test_add_func ("/membership/round/need", test_need);
  g_test_add_func ("/membership/round/need-starts-a-round", test_need_starts_a_round);
  g_test_add_func ("/membership/round/need-leaves-a-proposal", test_need_leaves_a_proposal);
  g_test_add_func ("/membership/voter/accepts-with-the-cut", test_accepts_with_the_cut);
  g_test_add_func ("/membership/voter/higher-promise-ends-pending", test_higher_promise_ends_pending);
  g_test_add_func ("/membership/voter/malformed", test_malformed);
  g_test_add_func ("/membership/voter/decides", test_decides);
  g_test_add_func ("/membership/voter/needs-the-quorum-too", test_needs_the_quorum_too);
  g_test_add_func ("/membership/voter/early-flushes", test_early_flushes);
  g_test_add_func ("/membership/voter/ballots-never-added-up", test_ballots_never_added_up);
  g_test_add_func ("/membership/voter/late-flushes", test_late_flushes);
  g_test_add_func ("/membership/voter/flush-of-another-value", test_flush_of_another_value);
  g_test_add_func ("/membership/table/adopted-then-changed", test_adopted_then_changed);
  g_test_add_func ("/membership/table/nothing-to-adopt", test_nothing_to_adopt);
  g_test_add_func ("/membership/table/barred-after-proposal", test_barred_after_proposal);
  g_test_add_func ("/membership/table/forwarding", test_forwarding);
  g_test_add_func ("/membership/table/yield", test_yield);
  g_test_add_func ("/membership/table/blocked", test_blocked);
  g_test_add_func ("/membership/table/gather", test_gather);
  return g_test_run ();
}
