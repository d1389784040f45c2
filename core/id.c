/* core/id.c: see id.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/id.h"

guint
ty_id_hash (gconstpointer id)
{
  guint h;
  memcpy (&h, ((const TyId *) id)->b, sizeof h);
  return h;
}

gboolean
ty_id_equal_v (gconstpointer a, gconstpointer b)
{
  return ty_id_equal (a, b);
}

const char *
ty_id_short (const TyId *id, char out[9])
{
  for (guint i = 0; i < 4; i++)
    g_snprintf (out + 2 * i, 3, "%02x", id->b[i]);
  return out;
}
