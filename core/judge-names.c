/* core/judge-names.c: see judge-names.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-names.h"

void
ty_names_init (TyNames *names)
{
  gsize zero = 0;
  *names = (TyNames){
    .texts = g_string_new (NULL),
    .starts = g_array_new (FALSE, FALSE, sizeof (gsize)),
    .slots = g_new0 (guint32, 64),
    .n_slots = 64,
  };
  g_array_append_val (names->starts, zero);
}

void
ty_names_clear (TyNames *names)
{
  g_string_free (names->texts, TRUE);
  g_array_unref (names->starts);
  g_free (names->slots);
}

/* Eight bytes a turn; the texts differ in their last few characters, so every byte must reach the low bits. */
static guint64
hash_text (const char *text, gsize len)
{
  guint64 h = len * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  guint64 word;
  for (; len >= 8; text += 8, len -= 8)
    {
      memcpy (&word, text, 8);
      h = (h ^ word) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
      h ^= h >> 32;
    }
  word = 0;
  memcpy (&word, text, len);
  h = (h ^ word) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
  h ^= h >> 32;
  h *= G_GUINT64_CONSTANT (0xc4ceb9fe1a85ec53);
  return h ^ (h >> 29);
}

static void
grow (TyNames *names)
{
  g_free (names->slots);
  names->n_slots *= 2;
  names->slots = g_new0 (guint32, names->n_slots);
  for (guint32 name = 1; name <= names->n; name++)
    {
      guint64 h = hash_text (ty_names_text (names, name), ty_names_len (names, name));
      guint32 slot = (guint32) h & (names->n_slots - 1);
      while (names->slots[slot] != 0)
        slot = (slot + 1) & (names->n_slots - 1);
      names->slots[slot] = name;
    }
}

guint32
ty_names_add (TyNames *names, const char *text, gsize len)
{
  guint32 slot = (guint32) hash_text (text, len) & (names->n_slots - 1);
  for (; names->slots[slot] != 0; slot = (slot + 1) & (names->n_slots - 1))
    if (ty_names_is (names, names->slots[slot], text, len))
      return names->slots[slot];

  g_string_append_len (names->texts, text, (gssize) len);
  g_string_append_c (names->texts, '\0');
  gsize end = names->texts->len;
  g_array_append_val (names->starts, end);
  g_assert (names->n < G_MAXUINT32 / 2);
  names->slots[slot] = ++names->n;
  if (names->n >= names->n_slots / 2)
    grow (names);
  return names->n;
}
