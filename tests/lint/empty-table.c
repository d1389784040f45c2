/* tests/lint/empty-table.c: a folder stands on core alone.
 *
 * Linked with the whole of core and of one other folder, against a table of modules that lists nothing: whatever calls
 * a third folder by name leaves a symbol undefined, and does not link.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/modules.h"

static const TyOrderingOps *const no_orderings[] = { NULL };

const TyModules ty_modules = {
  .orderings = no_orderings,
};

int
main (void)
{
  return ty_modules_find_ordering (&ty_modules, "fifo") == NULL ? 0 : 1;
}
