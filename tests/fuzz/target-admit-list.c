/* tests/fuzz/target-admit-list.c: a list of public keys.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/admit-list.h"
#include "tests/fuzz/targets.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  const char *why = NULL;
  guint line = 0;
  TyAdmitList *list = ty_admit_list_read ((const char *) data, len_bytes, &line, &why);
  if (list == NULL)
    {
      g_assert (why != NULL && line >= 1);
      return 0;
    }
  /* What was read, written a key a line, is the same list. */
  g_autoptr (GString) written = g_string_new (NULL);
  for (guint i = 0; i < list->n_keys; i++)
    {
      char text[TY_KEY_TEXT_BYTES];
      ty_key_print (list->keys[i], text);
      g_string_append_printf (written, "%s\n", text);
      g_assert (ty_admit_list_has (list, list->keys[i]));
    }
  TyAdmitList *again = ty_admit_list_read (written->str, written->len, &line, &why);
  g_assert (again != NULL && again->n_keys == list->n_keys);
  for (guint i = 0; i < list->n_keys; i++)
    g_assert (memcmp (again->keys[i], list->keys[i], TY_KEY_BYTES) == 0);
  ty_admit_list_unref (again);
  ty_admit_list_unref (list);
  return 0;
}
