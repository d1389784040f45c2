/* tests/fuzz/small-group.c: see small-group.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/small-group.h"

Mesh *
fuzz_small_group (guint8 how)
{
  static const char *const orderings[] = { "fifo", "causal", "total" };
  const char *ordering = orderings[(how & 63) % 3];
  gboolean sealed = (how & 64) != 0;
  Mesh *mesh = mesh_new (1);
  mesh->config.max_message_bytes = 4096;
  mesh->config.window_bytes = 16 * 1024;
  mesh->sealed = sealed;
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);
      const char *contacts[] = { "sim://0", NULL };
      Proc *p = mesh_spawn (mesh, name, ordering, FALSE);
      if (sealed)
        ty_group_set_secret (p->group, (const guint8 *) "the secret of the group, 32 long");
      if (i == 0)
        ty_group_found (p->group, NULL);
      else
        ty_group_join (p->group, contacts, 5000000, NULL);
      mesh_run (mesh, 500000);
    }
  mesh_spawn (mesh, "x", ordering, FALSE);
  return mesh;
}
