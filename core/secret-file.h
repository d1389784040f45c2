/* core/secret-file.h: the text of a network secret or a group's secret, in a file or the environment.
 *
 *    tyet-secret 1
 *    secret KEY                       or: passphrase TEXT
 *
 * KEY is as in key-file.h; TEXT is 12 to 1000 bytes of UTF-8 without control characters, and becomes a key by
 * Argon2id (TY_ARGON_*: part of the format, for all who know the passphrase must come to the same key). The environment
 * has the last line alone, in which KEY may stand without the word before it.
 *
 * It reads what strangers may have written (tests/fuzz): ty_secret_file_read () and ty_secret_text_read () touch
 * nothing else.  Only ty_secret_derive () takes time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/key-file.h"

/* The longest file. */
#define TY_SECRET_FILE_MAX_BYTES 1100
#define TY_PASSPHRASE_LEAST_BYTES 12
#define TY_PASSPHRASE_MOST_BYTES 1000

#define TY_ARGON_SALT "tyet passphrase1"
#define TY_ARGON_PASSES 3
#define TY_ARGON_BYTES (64 * 1024 * 1024)

/* To be kept in locked memory. */
typedef struct
{
  guint8 secret[TY_KEY_BYTES];
  gsize passphrase_bytes; /* 0: `secret` is the secret */
  char passphrase[TY_PASSPHRASE_MOST_BYTES];
} TySecretText;

/* FALSE: it is not such a text, and `why` says how (a static text, with nothing of it in it); `out` is wiped then. */
gboolean ty_secret_file_read (const char *text, gsize len_bytes, TySecretText *out, const char **why);
gboolean ty_secret_text_read (const char *text, gsize len_bytes, TySecretText *out, const char **why);

/* The secret: as it stands there, or after Argon2id: that takes some tenths of a second, and TY_ARGON_BYTES. FALSE:
 * there is not enough memory. */
gboolean ty_secret_derive (const TySecretText *text, guint8 secret[TY_KEY_BYTES]);

/* The file of a secret that is a key: TY_SECRET_KEY_FILE_BYTES, no NUL. */
#define TY_SECRET_KEY_FILE_BYTES (14 + 7 + TY_KEY_TEXT_BYTES)
void ty_secret_file_write (const guint8 secret[TY_KEY_BYTES], char out[TY_SECRET_KEY_FILE_BYTES]);
