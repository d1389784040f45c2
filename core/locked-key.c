/* core/locked-key.c: see locked-key.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/locked-key.h"

#include "core/driver-port.h"
#include "core/private-file.h"

#include <sodium.h>
#include <string.h>

void
ty_locked_key_init (TyLockedKey *key, const guint8 *bytes)
{
  g_atomic_ref_count_init (&key->ref);
  key->bytes = ty_locked_new (TY_KEY_BYTES);
  if (bytes != NULL)
    memcpy (key->bytes, bytes, TY_KEY_BYTES);
  else
    ty_modules.driver->draw (key->bytes, TY_KEY_BYTES);
}

void
ty_locked_key_ref (TyLockedKey *key)
{
  g_atomic_ref_count_inc (&key->ref);
}

gboolean
ty_locked_key_unref (TyLockedKey *key)
{
  if (!g_atomic_ref_count_dec (&key->ref))
    return FALSE;
  sodium_free (key->bytes); /* wipes it */
  key->bytes = NULL;
  return TRUE;
}
