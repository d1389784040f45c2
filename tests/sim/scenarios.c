/* tests/sim/scenarios.c: named situations, each played in the simulator, each judged.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stage.h"

static const char *ordering_of_run = "total";

static void
test_form (void)
{
  Stage *stage = stage_new (NULL, 1, ordering_of_run);
  stage_form (stage, "a,b,c");
  guint64 m = stage_send (stage_part (stage_find (stage, "b"), 0), TY_SERVICE_FIFO, 100);
  stage_wait_has (stage, "a,b,c", m, SECONDS (1));
  stage_assert_good_end (stage);
  stage_free (stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scenarios/form", test_form);
  return g_test_run ();
}
