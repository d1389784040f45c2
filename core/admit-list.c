/* core/admit-list.c: see admit-list.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/admit-list.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS (TY_KEY_TEXT_BYTES - 1)

static int
compare (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, TY_KEY_BYTES);
}

static const char *
read_line (const char *line, gsize len_bytes, GByteArray *keys)
{
  guint8 key[TY_KEY_BYTES];
  if (len_bytes > 0 && line[len_bytes - 1] == '\r')
    len_bytes--;
  if (len_bytes == 0 || line[0] == '#')
    return NULL;
  if (len_bytes > TY_ADMIT_LINE_MAX_BYTES)
    return "the line is too long";
  if (memchr (line, '\0', len_bytes) != NULL)
    return "the line has a NUL in it";
  gsize digits = 0;
  while (digits < len_bytes && line[digits] != ' ' && line[digits] != '\t')
    digits++;
  if (!ty_key_parse (line, digits, key))
    return "the line does not begin with a public key of 43 letters, digits, - and _";
  g_byte_array_append (keys, key, sizeof key);
  return NULL;
}

TyAdmitList *
ty_admit_list_read (const char *text, gsize len_bytes, guint *line, const char **why)
{
  g_autoptr (GByteArray) keys = g_byte_array_new ();
  *why = len_bytes > TY_ADMIT_FILE_MAX_BYTES ? "the list is too long" : NULL;
  *line = 1;
  for (const char *at = text, *end = text + len_bytes; *why == NULL && at < end; ++*line)
    {
      const char *stop = memchr (at, '\n', (gsize) (end - at));
      *why = read_line (at, (gsize) ((stop != NULL ? stop : end) - at), keys);
      if (*why != NULL)
        return NULL;
      at = stop != NULL ? stop + 1 : end;
    }
  if (*why != NULL)
    return NULL;
  TyAdmitList *list = g_new0 (TyAdmitList, 1);
  guint n = keys->len / TY_KEY_BYTES;
  list->ref = 1;
  list->keys = (gpointer) g_byte_array_free (g_steal_pointer (&keys), FALSE);
  if (n > 0)
    qsort (list->keys, n, TY_KEY_BYTES, compare);
  for (guint i = 0; i < n; i++)
    if (list->n_keys == 0 || memcmp (list->keys[list->n_keys - 1], list->keys[i], TY_KEY_BYTES) != 0)
      memmove (list->keys[list->n_keys++], list->keys[i], TY_KEY_BYTES);
  return list;
}

TyAdmitList *
ty_admit_list_ref (TyAdmitList *list)
{
  g_assert (list->ref > 0);
  list->ref++;
  return list;
}

void
ty_admit_list_unref (TyAdmitList *list)
{
  g_assert (list->ref > 0);
  if (--list->ref > 0)
    return;
  g_free (list->keys);
  g_free (list);
}

gboolean
ty_admit_list_has (const TyAdmitList *list, const guint8 key[TY_KEY_BYTES])
{
  return list->n_keys > 0 && bsearch (key, list->keys, list->n_keys, TY_KEY_BYTES, compare) != NULL;
}
