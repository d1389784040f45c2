/* tests/teeth/lab.c: `tyet explore` and `tyet run` with a planted bug in them: TYET_PLANT=NAME says which.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plant.h"
#include "examples/lab/lab.h"

#include <stdio.h>

static const char *const names[] = {
#define TY_PLANT(name, rule, what) #name,
#include "core/plants.def"
#undef TY_PLANT
};

int
main (int argc, char **argv)
{
  const char *wanted = g_getenv ("TYET_PLANT");
  guint i = 0;
  while (wanted != NULL && i < TY_N_PLANTS && !g_str_equal (names[i], wanted))
    i++;
  if (argc < 2 || i == TY_N_PLANTS)
    {
      fprintf (stderr, "TYET_PLANT=NAME tyet-teeth explore|run ...\n");
      return LAB_USAGE;
    }
  if (wanted != NULL)
    ty_plants[i] = TRUE;
  return g_str_equal (argv[1], "explore") ? lab_explore (argc - 1, argv + 1) : lab_run (argc - 1, argv + 1);
}
