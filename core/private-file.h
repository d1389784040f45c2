/* core/private-file.h: files that hold what others must not read, or must not write.
 *
 * They are read whole into locked memory, and made whole or not at all, never over another.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Locked memory, wiped by sodium_free (). It stops the program if there is none. */
gpointer ty_locked_new (gsize len_bytes);

typedef enum
{
  TY_PRIVATE_SECRET, /* nobody but its owner may get at it */
  TY_PRIVATE_LIST    /* nobody but its owner may write it */
} TyPrivateKind;

/* The bytes of the file, to be freed by sodium_free (); NULL: `why` says why (static, or of g_strerror ()). More than
 * `most_bytes` are given as one more than that. Standard input, `path` "-", is read to its end, and need not be a
 * file. */
char *ty_private_read (const char *path, TyPrivateKind kind, gsize most_bytes, gsize *len_bytes, const char **why);

/* A new file of mode 0600. FALSE: `why`. */
gboolean ty_private_write (const char *path, const char *data, gsize len_bytes, const char **why);
