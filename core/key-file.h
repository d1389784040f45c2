/* core/key-file.h: the text of keys: a public key as people pass it on, and the file of an identity.
 *
 *    tyet-identity 1
 *    public KEY
 *    secret KEY
 *
 * A KEY is 32 bytes as 43 characters of base64 (the alphabet that is safe in URLs and file names, no padding).
 * The file is just that, to the byte; the public key in it says what it is to people, and shows whether the secret one
 * is whole.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/tyet-identity.h"

#define TY_KEY_BYTES 32
/* As text, with the NUL. */
#define TY_KEY_TEXT_BYTES 44
#define TY_KEY_FILE_BYTES (16 + 2 * (7 + TY_KEY_TEXT_BYTES))

void ty_key_print (const guint8 key[TY_KEY_BYTES], char out[TY_KEY_TEXT_BYTES]);
/* Takes `len_bytes` of text. */
gboolean ty_key_parse (const char *text, gsize len_bytes, guint8 out[TY_KEY_BYTES]);

void ty_key_public (const guint8 secret[TY_KEY_BYTES], guint8 out[TY_KEY_BYTES]);

/* Writes TY_KEY_FILE_BYTES, no NUL. */
void ty_key_file_write (const guint8 secret[TY_KEY_BYTES], char out[TY_KEY_FILE_BYTES]);
/* FALSE: that is no such file, and `why` says how (a static text, with nothing of the file in it). */
gboolean ty_key_file_read (const char *text, gsize len_bytes, guint8 secret[TY_KEY_BYTES], const char **why);

/* ---- What is inside a TyetIdentity (core/tyet-identity.c) ---- */

TyetIdentity *ty_identity_new (const guint8 secret[TY_KEY_BYTES]);
/* In locked memory, as long as the identity lives. */
const guint8 *ty_identity_secret (TyetIdentity *identity);
