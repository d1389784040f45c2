/* core/modules.c: looking things up in the table of modules, and among those that the program has brought along.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/modules.h"

/* A chain that only grows: who reads it needs no lock. */
typedef struct _Added Added;
struct _Added
{
  const TyOrderingOps *ops;
  Added *next;
};

static Added *added;
static GMutex adding;

const TyOrderingOps *
ty_modules_nth_ordering (const TyModules *modules, guint n)
{
  const TyOrderingOps *const *o = modules->orderings;
  for (; *o != NULL; o++)
    if (n-- == 0)
      return *o;
  for (Added *a = g_atomic_pointer_get (&added); a != NULL; a = g_atomic_pointer_get (&a->next))
    if (n-- == 0)
      return a->ops;
  return NULL;
}

const TyOrderingOps *
ty_modules_find_ordering (const TyModules *modules, const char *name)
{
  const TyOrderingOps *ops;
  for (guint n = 0; (ops = ty_modules_nth_ordering (modules, n)) != NULL; n++)
    if (g_str_equal (ops->name, name))
      return ops;
  return NULL;
}

gboolean
ty_modules_add_ordering (const TyModules *modules, const TyOrderingOps *ops)
{
  g_mutex_lock (&adding);
  gboolean free_name = ty_modules_find_ordering (modules, ops->name) == NULL;
  if (free_name)
    {
      Added *entry = g_new0 (Added, 1);
      entry->ops = ops;
      Added **end = &added;
      while (*end != NULL)
        end = &(*end)->next;
      g_atomic_pointer_set (end, entry);
    }
  g_mutex_unlock (&adding);
  return free_name;
}
