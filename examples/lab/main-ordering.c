/* examples/lab/main-ordering.c: the `tyet` command with one ordering more: registering it is all that it takes.
 *
 * ORDERING is the name of its table, from examples/orderings/meson.build.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include <tyet-ordering.h>

extern const TyetOrderingClass ORDERING;

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (!tyet_ordering_register (&ORDERING, &error))
    {
      g_printerr ("%s\n", error->message);
      return LAB_USAGE;
    }
  return lab_main (argc, argv);
}
