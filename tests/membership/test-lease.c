/* tests/membership/test-lease.c: leases, echoes, and the promises behind them (V14).
 *
 * Suspect after 1 s, a heartbeat every 100 ms, so a lease of 500 ms and a promise of a sixteenth more.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/membership/table.h"

#include "core/group.h"

#define MS 1000
#define LEASE (500 * MS)
#define PROMISE (LEASE + LEASE / 16)

static gboolean
hold_alive (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_ALIVE;
}

static gboolean
hold_propose (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_PROPOSE;
}

static gboolean
hold_propose_and_alive (Table *table, const Sent *sent)
{
  return hold_propose (table, sent) || hold_alive (table, sent);
}

static gboolean
lease (Table *table, guint seat)
{
  return ty_membership.lease (table->seats[seat].m);
}

static void
echo (Table *table, guint from, guint to, gint64 stamp)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_varint (w, 0);
  ty_write_varint (w, (guint64) stamp);
  ty_write_varint (w, G_MAXINT32); /* no shorter than one's own */
  g_assert_true (table_feed (table, from, to, TY_PACKET_ALIVE, 1, w));
}

static void
test_begins_without (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  g_assert_false (lease (table, 0));
  g_assert_false (lease (table, 2));
  /* The first signs of life go out at once, and are answered at once. */
  table_run (table);
  for (guint i = 0; i < 3; i++)
    g_assert_true (lease (table, i));
  table_free (table);
}

static void
test_alone (void)
{
  Table *table = table_new ();
  table_begin (table, 1, NULL);
  g_assert_true (lease (table, 0));
  table_advance (table, 2 * LEASE);
  g_assert_true (lease (table, 0));
  g_assert_cmpuint (table->log->len, ==, 0);
  table_free (table);
}

/* Of five, two others; of four, one other if rank 0 is among them; itself counts always. */
static void
test_quorum (void)
{
  Table *table = table_new ();
  table_begin (table, 5, NULL);
  echo (table, 1, 0, table->now);
  g_assert_false (lease (table, 0));
  echo (table, 1, 0, table->now);
  g_assert_false (lease (table, 0));
  echo (table, 4, 0, table->now);
  g_assert_true (lease (table, 0));
  table_free (table);

  table = table_new ();
  table_begin (table, 4, NULL);
  echo (table, 3, 0, table->now);
  g_assert_true (lease (table, 0));
  echo (table, 2, 1, table->now);
  g_assert_false (lease (table, 1));
  echo (table, 0, 1, table->now);
  g_assert_true (lease (table, 1));
  table_free (table);

  table = table_new ();
  table_begin (table, 2, NULL);
  g_assert_true (lease (table, 0));
  g_assert_false (lease (table, 1));
  table_free (table);
}

static void
heavy (TyMember *members)
{
  members[2].weight = 3;
}

static void
test_weights (void)
{
  Table *table = table_new ();
  table_begin (table, 3, heavy);
  echo (table, 1, 0, table->now);
  g_assert_false (lease (table, 0));
  echo (table, 2, 0, table->now);
  g_assert_true (lease (table, 0));
  g_assert_true (lease (table, 2));
  table_free (table);
}

/* It runs from the sending of what was echoed, not from the echo. */
static void
test_expiry (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  gint64 stamp = table->now;
  table->now += 300 * MS;
  echo (table, 1, 0, stamp);
  g_assert_true (lease (table, 0));
  table->now = stamp + LEASE - 1;
  g_assert_true (lease (table, 0));
  table->now = stamp + LEASE;
  g_assert_false (lease (table, 0));
  /* An older echo that comes late takes nothing away. */
  echo (table, 1, 0, table->now - 10 * MS);
  echo (table, 1, 0, stamp);
  g_assert_true (lease (table, 0));
  table_free (table);
}

/* Who asks what is waited for is told since when. */
static void
test_wait (void)
{
  Table *table = table_new ();
  gint64 begun = table->now;
  table_begin (table, 5, NULL);
  table->now += 50 * MS;
  echo (table, 1, 0, begun + 40 * MS);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GArray) waits = g_array_new (FALSE, TRUE, sizeof (TyGroupWait));
      g_array_set_clear_func (waits, (GDestroyNotify) ty_group_wait_clear);
      ty_membership.waits (table->seats[0].m, waits);
      g_assert_cmpuint (waits->len, ==, 1);
      g_assert_cmpstr (g_array_index (waits, TyGroupWait, 0).what, ==, "lease");
      g_assert_cmpint (g_array_index (waits, TyGroupWait, 0).since_us, ==, i == 0 ? begun : begun + 20 * MS + LEASE);
      echo (table, 2, 0, begun + 20 * MS);
      echo (table, 3, 0, begun + 10 * MS);
      table->now += 2 * LEASE;
    }
  table_free (table);
}

/* With everyone there it never ends. */
static void
test_goes_on (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  for (guint i = 0; i < 50; i++)
    {
      table_advance (table, 37 * MS);
      for (guint s = 0; s < 3; s++)
        g_assert_true (lease (table, s));
    }
  g_assert_cmpuint (table->seats[0].values->len, ==, 0);
  table_free (table);
}

static void
test_refused (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  /* An echo of what has not been sent yet; too short; too long. */
  GByteArray *future = g_byte_array_new ();
  ty_write_varint (future, 5);
  ty_write_varint (future, (guint64) table->now + 1);
  g_assert_false (table_feed (table, 1, 0, TY_PACKET_ALIVE, 1, future));
  GByteArray *empty = g_byte_array_new ();
  ty_write_varint (empty, 5);
  g_assert_false (table_feed (table, 1, 0, TY_PACKET_ALIVE, 1, empty));
  GByteArray *more = g_byte_array_new ();
  ty_write_varint (more, 5);
  ty_write_varint (more, (guint64) table->now);
  ty_write_varint (more, G_MAXINT32);
  ty_write_u8 (more, 0);
  g_assert_false (table_feed (table, 1, 0, TY_PACKET_ALIVE, 1, more));
  g_assert_false (lease (table, 0));
  table_free (table);
}

/* Whoever sent STATE echoes no more: the lease of a process that the round takes long for runs out. */
static void
test_no_echo_after_state (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->hold = hold_propose;
  table_advance (table, 50 * MS);
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  g_assert_true (table->seats[1].frozen);
  guint before = table_count (table, 1, 2, TY_PACKET_ALIVE);
  table_advance (table, 200 * MS);
  g_assert_cmpuint (table_count (table, 1, 2, TY_PACKET_ALIVE), >, before);
  TyReader r = table_body (table_last (table, 1, 2, TY_PACKET_ALIVE));
  g_assert_cmpuint (ty_read_varint (&r), >, 0);
  g_assert_cmpuint (ty_read_varint (&r), ==, 0);
  g_assert_cmpuint (ty_read_varint (&r), >, 0);
  g_assert_true (ty_reader_done (&r));
  g_assert_true (lease (table, 2));
  table->now += 300 * MS;
  g_assert_false (lease (table, 2));
  table_free (table);
}

/* The FLUSH for the next view is its sender's first echo in it, of the STATE that it answers. */
static void
test_flush_is_an_echo (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->hold = hold_propose_and_alive;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  gint64 state = table->now;
  table->now += 200 * MS;
  table_release (table);
  table->hold = hold_alive;
  table_run (table);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (table->seats[i].view->id.number, ==, 2);
      g_assert_true (lease (table, i));
    }
  table->now = state + LEASE - 1;
  g_assert_true (lease (table, 1));
  table->now = state + LEASE;
  g_assert_false (lease (table, 1));
  table_free (table);
}

/* No view without a process whose lease may still run, at any who echoed it. */
static void
test_promise_bars (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  gint64 echoed = table->now;
  table->hold = hold_alive;
  table->now += 100 * MS;
  table_reach (table, 0, 2, TY_REACH_SUSPECT);
  table_reach (table, 1, 2, TY_REACH_SUSPECT);
  table_run (table);
  g_assert_nonnull (table_last (table, 0, 1, TY_PACKET_PROPOSE));
  table->now = echoed + PROMISE - 1;
  table_run (table);
  g_assert_cmpuint (table->seats[0].values->len, ==, 0);
  g_assert_cmpuint (table->seats[1].values->len, ==, 0);
  g_assert_cmpuint (table_count (table, 0, 1, TY_PACKET_FLUSH), ==, 0);
  g_assert_false (lease (table, 2));
  g_assert_cmpint (ty_membership.deadline (table->seats[0].m), <=, echoed + PROMISE);
  table->now = echoed + PROMISE;
  table_run (table);
  assert_members (&table->seats[0], "0,1");
  assert_members (&table->seats[1], "0,1");
  table_free (table);
}

/* Nothing to wait for: its process is gone. */
static void
test_death_exempts (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  gint64 before = table->now;
  table_kill (table, 2, TRUE);
  table_run (table);
  g_assert_cmpint (table->now, ==, before);
  assert_members (&table->seats[0], "0,1");
  assert_members (&table->seats[1], "0,1");
  table_free (table);
}

/* Known for dead at one alone: the other still waits, and so the view does. */
static void
test_death_known_to_one (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  table->dead[2] = TRUE;
  table_reach (table, 0, 2, TY_REACH_DEAD);
  table_reach (table, 1, 2, TY_REACH_SUSPECT);
  table_run (table);
  g_assert_cmpuint (table->seats[0].values->len, ==, 0);
  table->now += PROMISE;
  table_run (table);
  assert_members (&table->seats[1], "0,1");
  table_free (table);
}

static gint64
bars (Table *table, guint seat, guint rank, TyLeftWhy why)
{
  g_autoptr (TyValue) value = ty_value_new ();
  value->n_gone = 1;
  value->gone = g_new0 (TyGone, 1);
  value->gone[0] = (TyGone){ .rank = rank, .why = why };
  return ty_lease_bars_until (table->seats[seat].m, value);
}

static void
test_who_is_barred (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  /* No echo, no promise. */
  g_assert_cmpint (bars (table, 0, 2, TY_LEFT_SUSPECT), ==, 0);
  table_run (table);
  gint64 until = table->now + PROMISE;
  g_assert_cmpint (bars (table, 0, 2, TY_LEFT_SUSPECT), ==, until);
  g_assert_cmpint (bars (table, 0, 1, TY_LEFT_REACH), ==, until);
  /* That the value calls it dead is somebody else's word. */
  g_assert_cmpint (bars (table, 0, 2, TY_LEFT_DEAD), ==, until);
  g_assert_cmpint (bars (table, 0, 2, TY_LEFT_LEAVE), ==, 0);
  g_assert_cmpint (bars (table, 0, 2, TY_LEFT_LOADING), ==, 0);
  g_assert_cmpint (bars (table, 2, 2, TY_LEFT_SUSPECT), ==, 0);
  table->now = until;
  g_assert_cmpint (bars (table, 0, 2, TY_LEFT_SUSPECT), ==, 0);
  table_free (table);
}

static gboolean
hold_flush_to_0 (Table *table, const Sent *sent)
{
  return (sent->type == TY_PACKET_FLUSH && sent->to == 0) || (sent->type == TY_PACKET_ALIVE && sent->from == 0);
}

/* A FLUSH was an echo wherever it was counted: its sender has promised by it, however it came to learn of the
 * decision. */
static void
test_flush_is_a_promise (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table->hold = hold_flush_to_0;
  ty_membership.on_gap (table->seats[0].m);
  table_run (table);
  /* The others have installed, with leases that the FLUSH of seat 0 gave; it was told by DECIDED. */
  g_assert_cmpuint (table->seats[2].view->id.number, ==, 2);
  table_advance (table, 200 * MS);
  g_assert_cmpuint (table->seats[0].view->id.number, ==, 2);
  g_assert_cmpuint (table_count (table, 1, 0, TY_PACKET_DECIDED) + table_count (table, 2, 0, TY_PACKET_DECIDED), >, 0);
  table_free (table);

  for (guint decided = 0; decided < 2; decided++)
    {
      table = table_new ();
      table_begin (table, 3, NULL);
      table->hold = decided ? hold_flush_to_0 : hold_alive;
      ty_membership.on_gap (table->seats[0].m);
      for (guint i = 0; i < 50 && table->seats[0].view->id.number < 2; i++)
        table_advance (table, 10 * MS);
      g_assert_cmpuint (table->seats[0].view->id.number, ==, 2);
      /* Whatever lease seat 2 has from that FLUSH is over before. */
      g_assert_cmpint (bars (table, 0, 2, TY_LEFT_SUSPECT), >=, table->now + PROMISE - 10 * MS);
      table_free (table);
    }
}

static gboolean
hold_flush_to_joiner (Table *table, const Sent *sent)
{
  /* Nor does it echo anything: it is its FLUSH alone that binds it. */
  return (sent->type == TY_PACKET_FLUSH && sent->to == 2) || sent->type == TY_PACKET_ALIVE;
}

/* A joiner's FLUSH was counted too, though it learns by DECIDED that it is in. */
static void
test_joiner_promises (void)
{
  Table *table = table_new ();
  table_begin (table, 2, NULL);
  table_run (table);
  table->hold = hold_flush_to_joiner;
  Seat *seat = table_join (table, NULL);
  for (guint i = 0; i < 100 && seat->view == NULL; i++)
    table_advance (table, 10 * MS);
  g_assert_nonnull (seat->view);
  g_assert_cmpuint (table_count (table, 2, 0, TY_PACKET_FLUSH), ==, 1);
  g_assert_cmpuint (table_count (table, 0, 2, TY_PACKET_DECIDED) + table_count (table, 1, 2, TY_PACKET_DECIDED), >, 0);
  g_assert_cmpint (bars (table, 2, 1, TY_LEFT_SUSPECT), >, table->now);
  table_free (table);
}

/* A joiner is a member like others from its first view on. */
static void
test_joiner (void)
{
  Table *table = table_new ();
  table_begin (table, 2, NULL);
  table_run (table);
  Seat *seat = table_join (table, NULL);
  table_advance (table, 300 * MS);
  g_assert_nonnull (seat->view);
  assert_members (seat, "0,1,2");
  assert_members (&table->seats[1], "0,1,2");
  g_assert_true (lease (table, 2));
  g_assert_cmpint (bars (table, 2, 1, TY_LEFT_SUSPECT), >, table->now);
  table_free (table);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/lease/begins-without", test_begins_without);
  g_test_add_func ("/membership/lease/alone", test_alone);
  g_test_add_func ("/membership/lease/quorum", test_quorum);
  g_test_add_func ("/membership/lease/weights", test_weights);
  g_test_add_func ("/membership/lease/expiry", test_expiry);
  g_test_add_func ("/membership/lease/goes-on", test_goes_on);
  g_test_add_func ("/membership/lease/wait", test_wait);
  g_test_add_func ("/membership/lease/refused", test_refused);
  g_test_add_func ("/membership/lease/no-echo-after-state", test_no_echo_after_state);
  g_test_add_func ("/membership/lease/flush-is-an-echo", test_flush_is_an_echo);
  g_test_add_func ("/membership/lease/promise-bars", test_promise_bars);
  g_test_add_func ("/membership/lease/death-exempts", test_death_exempts);
  g_test_add_func ("/membership/lease/death-known-to-one", test_death_known_to_one);
  g_test_add_func ("/membership/lease/who-is-barred", test_who_is_barred);
  g_test_add_func ("/membership/lease/flush-is-a-promise", test_flush_is_a_promise);
  g_test_add_func ("/membership/lease/joiner", test_joiner);
  g_test_add_func ("/membership/lease/joiner-promises", test_joiner_promises);
  return g_test_run ();
}
