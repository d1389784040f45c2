/* core/judge-names.h: strings as small integers, from 1 on; 0 is no string.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct
{
  GString *texts;  /* all of them, each with a NUL behind */
  GArray *starts;  /* gsize: where each begins; one more at the end */
  guint32 *slots;  /* open addressing, 0 is free */
  guint32 n_slots; /* a power of two */
  guint32 n;       /* the largest integer given */
} TyNames;

void ty_names_init (TyNames *names);
void ty_names_clear (TyNames *names);

/* The integer of a text, a new one if need be. */
guint32 ty_names_add (TyNames *names, const char *text, gsize len);

static inline const char *
ty_names_text (const TyNames *names, guint32 name)
{
  g_assert (name >= 1 && name <= names->n);
  return names->texts->str + g_array_index (names->starts, gsize, name - 1);
}

static inline gsize
ty_names_len (const TyNames *names, guint32 name)
{
  return g_array_index (names->starts, gsize, name) - g_array_index (names->starts, gsize, name - 1) - 1;
}

static inline gboolean
ty_names_is (const TyNames *names, guint32 name, const char *text, gsize len)
{
  return ty_names_len (names, name) == len && memcmp (ty_names_text (names, name), text, len) == 0;
}
