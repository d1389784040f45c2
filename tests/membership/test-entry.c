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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/entry/name-is-taken", test_name_is_taken);
  g_test_add_func ("/membership/entry/name-of-the-dead", test_name_of_the_dead);
  return g_test_run ();
}
