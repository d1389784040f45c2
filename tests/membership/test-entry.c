/* tests/membership/test-entry.c: who is let in, and who is told what.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/membership/table.h"

#define MS 1000

static Table *
two (void)
{
  Table *table = table_new ();
  table_begin (table, 2, NULL);
  table_run (table);
  return table;
}

/* Two of one name: the second is told so, and who has it. */
static void
test_name_is_taken (void)
{
  Table *table = two ();
  Seat *seat = table_join (table, table->seats[1].name);
  table_advance (table, 1000 * MS);
  g_assert_error (seat->join_error, TYET_ERROR, TYET_ERROR_NAME);
  g_assert_nonnull (strstr (seat->join_error->message, "choose another name"));
  assert_members (&table->seats[0], "0,1");
  table_free (table);
}

/* Killed and started again at another address, faster than the others have noticed: it is let in in its own place. */
static void
test_name_of_the_dead (void)
{
  Table *table = two ();
  table_kill (table, 1, FALSE);
  Seat *seat = table_join (table, table->seats[1].name);
  table_run (table);
  g_assert_no_error (seat->join_error);
  table_reach (table, 0, 1, TY_REACH_DEAD);
  table_advance (table, 1000 * MS);
  g_assert_no_error (seat->join_error);
  assert_members (&table->seats[0], "0,2");
  assert_members (seat, "0,2");
  table_free (table);
}

/* Whoever does not admit the members is not let in, puts nobody out, and is told whom it does not admit. */
static void
test_does_not_admit_them (void)
{
  Table *table = two ();
  guint64 number = table->seats[0].view->id.number;
  Seat *seat = table_join (table, NULL);
  seat->bars[0] = seat->bars[1] = TRUE;
  table_advance (table, 3000 * MS);
  g_assert_error (seat->join_error, TYET_ERROR, TYET_ERROR_REFUSED);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_nonnull (strstr (seat->join_error->message, table->seats[i].name));
      g_assert_nonnull (strstr (seat->join_error->message, table->seats[i].address));
      g_assert_false (table->seats[i].left || table->seats[i].excluded);
      g_assert_cmpuint (table->seats[i].view->id.number, ==, number);
    }
  g_assert_nonnull (strstr (seat->join_error->message, "own list"));
  assert_members (&table->seats[0], "0,1");
  table_free (table);
}

/* They take that member off their lists a moment later than it does: it waits, and is let in. */
static void
test_one_is_on_its_way_out (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  Seat *seat = table_join (table, NULL);
  seat->bars[1] = TRUE;
  table_advance (table, 100 * MS);
  g_assert_no_error (seat->join_error);
  assert_members (&table->seats[0], "0,1,2");
  table->seats[2].bars[1] = TRUE;
  ty_membership.on_policy (table->seats[2].m);
  table_advance (table, 1000 * MS);
  g_assert_no_error (seat->join_error);
  assert_members (&table->seats[0], "0,2,3");
  assert_members (seat, "0,2,3");
  table_free (table);
}

static gboolean
hold_propose_to_2 (Table *table, const Sent *sent)
{
  return sent->type == TY_PACKET_PROPOSE && sent->to == 2;
}

/* Its list becomes narrower after it has said whom it reaches: it gives up, and the others go on without it. */
static void
test_list_narrows_on_the_way_in (void)
{
  Table *table = two ();
  table->hold = hold_propose_to_2;
  Seat *seat = table_join (table, NULL);
  table_run (table);
  g_assert_cmpuint (table->held.length, >, 0);
  seat->bars[1] = TRUE;
  table->hold = NULL;
  table_release (table);
  table_advance (table, 2000 * MS);
  g_assert_error (seat->join_error, TYET_ERROR, TYET_ERROR_REFUSED);
  /* (As a process it answers that it is gone.) */
  table_kill (table, 2, TRUE);
  table_advance (table, 1000 * MS);
  assert_members (&table->seats[0], "0,1");
  table_free (table);
}

static void
policy (Table *table, guint seat, guint barred)
{
  table->seats[seat].bars[barred] = TRUE;
  ty_membership.on_policy (table->seats[seat].m);
}

/* Everybody bars everybody: nobody goes, and nothing is done again and again for it. */
static void
test_all_bar_all (void)
{
  Table *table = table_new ();
  table_begin (table, 3, NULL);
  table_run (table);
  for (guint i = 0; i < 3; i++)
    for (guint j = 0; j < 3; j++)
      if (i != j)
        policy (table, i, j);
  table_advance (table, 2000 * MS);
  for (guint i = 0; i < 3; i++)
    {
      assert_members (&table->seats[i], "0,1,2");
      g_assert_cmpuint (table->seats[i].values->len, <=, 1);
      g_assert_false (table->seats[i].frozen || table->seats[i].blocked);
    }
  /* A death is one as ever. */
  guint64 number = table->seats[1].view->id.number;
  table_kill (table, 0, TRUE);
  table_advance (table, 2000 * MS);
  assert_members (&table->seats[1], "1,2");
  assert_members (&table->seats[2], "1,2");
  g_assert_cmpuint (table->seats[1].view->id.number, <=, number + 2);
  table_free (table);
}

/* Two bar each other, and one whom both admit goes on; it dies with the others' bars told and no view without them. */
static void
test_mutual_and_a_death (void)
{
  for (guint dies = 0; dies < 2; dies++)
    {
      Table *table = table_new ();
      table_begin (table, 3, NULL);
      table_run (table);
      if (dies)
        table_kill (table, 2, TRUE);
      policy (table, 0, 1);
      policy (table, 1, 0);
      table_advance (table, 2000 * MS);
      if (dies)
        {
          assert_members (&table->seats[0], "0,1");
          assert_members (&table->seats[1], "0,1");
        }
      else
        assert_members (&table->seats[2], "2");
      table_free (table);
    }
}

/* Who takes the other off its list leaves at the same time: that one is out, and then the group ends. */
static void
test_barred_by_a_leaver (void)
{
  Table *table = two ();
  policy (table, 0, 1);
  ty_membership.leave (table->seats[0].m);
  table_advance (table, 2000 * MS);
  g_assert_true (table->seats[1].excluded);
  g_assert_true (table->seats[0].left);
  table_free (table);
}

/* A loading member's list bars those who have the state, the coordinator among them. */
static void
last_loads (TyMember *members)
{
  members[2].loaded = FALSE;
}

static void
test_loading_bars_loaded (void)
{
  Table *table = table_new ();
  table_begin (table, 3, last_loads);
  table_run (table);
  policy (table, 2, 0);
  policy (table, 2, 1);
  table_advance (table, 2000 * MS);
  assert_members (&table->seats[0], "0,1,2");
  assert_members (&table->seats[1], "0,1,2");
  /* It has loaded, and is on all lists: now its list holds, as any member's does. */
  ty_membership.loaded (table->seats[2].m);
  table_advance (table, 2000 * MS);
  assert_members (&table->seats[2], "2");
  table_free (table);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/entry/name-is-taken", test_name_is_taken);
  g_test_add_func ("/membership/entry/name-of-the-dead", test_name_of_the_dead);
  g_test_add_func ("/membership/entry/does-not-admit-them", test_does_not_admit_them);
  g_test_add_func ("/membership/entry/one-is-on-its-way-out", test_one_is_on_its_way_out);
  g_test_add_func ("/membership/entry/list-narrows-on-the-way-in", test_list_narrows_on_the_way_in);
  g_test_add_func ("/membership/entry/all-bar-all", test_all_bar_all);
  g_test_add_func ("/membership/entry/mutual-and-a-death", test_mutual_and_a_death);
  g_test_add_func ("/membership/entry/barred-by-a-leaver", test_barred_by_a_leaver);
  g_test_add_func ("/membership/entry/loading-bars-loaded", test_loading_bars_loaded);
  return g_test_run ();
}
