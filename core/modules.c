/* core/modules.c: looking things up in the table of modules.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/modules.h"

const TyOrderingOps *
ty_modules_find_ordering (const TyModules *modules, const char *name)
{
  for (const TyOrderingOps *const *o = modules->orderings; *o != NULL; o++)
    if (g_str_equal ((*o)->name, name))
      return *o;
  return NULL;
}
