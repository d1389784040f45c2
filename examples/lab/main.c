/* examples/lab/main.c: the `tyet` command.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

int
main (int argc, char **argv)
{
  return lab_main (argc, argv);
}
