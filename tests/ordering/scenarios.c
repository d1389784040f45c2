/* tests/ordering/scenarios.c: unit tests of the orderings.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenarios.h"

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_plain_scenarios ();
  add_total_scenarios ();
  add_closing_scenarios ();
  return g_test_run ();
}
