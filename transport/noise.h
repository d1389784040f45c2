/* transport/noise.h: the handshake Noise XXpsk3 (and XX, for its vectors), 25519, ChaChaPoly, SHA256: [NOISE] rev. 34.
 *
 *    XXpsk3:   -> e
 *              <- e, ee, s, es
 *              -> s, se, psk
 *
 * It knows nothing of connections and draws nothing: keys come from outside, messages go in and out as bytes.  What it
 * promises:
 *
 *   - What a message says is given out only after its tag was found right.  A handshake that has failed once fails from
 *     then on, and gives no keys.
 *   - Message 3 opens for nobody without the same prologue, psk and keys: so the responder knows the initiator once it
 *     has read it.  The initiator knows the responder only with the first sealed bytes that come after it: messages 1
 *     and 2 need no psk.
 *   - A Diffie-Hellman result of zeros (a public key of small order) fails the handshake.
 *   - All keys are in locked memory (sodium_malloc ()), are wiped when they are freed, and are never printed.
 *   - No nonce is used twice with a key: it counts, and what would be its last value is refused.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define TY_NOISE_KEY_BYTES 32
#define TY_NOISE_HASH_BYTES 32
#define TY_NOISE_TAG_BYTES 16
/* No message of Noise is longer, its tag included. */
#define TY_NOISE_MAX_BYTES 65535

/* A new key after this many sealed bytes: part of the protocol, for both ends count alike. */
#define TY_CIPHER_REKEY_BYTES ((guint64) 16 * 1024 * 1024)

/* ---- One direction ([NOISE] 5.1, 11.3) ---- */

typedef struct
{
  guint8 key[TY_NOISE_KEY_BYTES];
  guint64 nonce;         /* of the next message */
  guint64 used_bytes;    /* under this key, tags included */
  guint64 rekey_bytes;   /* at so many a new key; 0: never */
} TyCipher;

/* In place: `data` holds `len_bytes` of plain text and has room for a tag behind. FALSE: the nonces are used up. */
gboolean ty_cipher_seal (TyCipher *cipher, guint8 *data, gsize len_bytes);
/* In place: `data` holds `len_bytes` with the tag; the plain text is shorter by TY_NOISE_TAG_BYTES. FALSE: it is not
 * what the other end sealed next; the data are lost, and the cipher is as before. */
gboolean ty_cipher_open (TyCipher *cipher, guint8 *data, gsize len_bytes);

/* ---- The handshake ---- */

typedef enum
{
  TY_NOISE_XX,
  TY_NOISE_XX_PSK3
} TyNoisePattern;

typedef struct _TyNoise TyNoise;

typedef struct
{
  TyNoisePattern pattern;
  gboolean initiator;
  gconstpointer prologue;
  gsize prologue_bytes;
  const guint8 *secret;    /* one's own static secret key */
  const guint8 *public;    /* the public key that belongs to it; NULL: it is computed */
  const guint8 *ephemeral; /* a secret key drawn for this handshake, never used before */
  const guint8 *psk;       /* XXpsk3 only */
} TyNoiseConfig;

/* Everything in `config` is copied. */
TyNoise *ty_noise_new (const TyNoiseConfig *config);
/* Wipes it. NULL: nothing. */
void ty_noise_free (TyNoise *noise);

/* The next message, with `payload` in it, is appended to `out`. FALSE: the handshake has failed. */
gboolean ty_noise_write (TyNoise *noise, gconstpointer payload, gsize len_bytes, GByteArray *out);
/* The other's next message. It is opened in place: `*payload` points into it. FALSE: the handshake has failed, and the
 * message is lost. */
gboolean ty_noise_read (TyNoise *noise, guint8 *message, gsize len_bytes, guint8 **payload, gsize *payload_bytes);

/* The other's static public key, once a message has brought it, else NULL. */
const guint8 *ty_noise_other (const TyNoise *noise);
/* Messages so far. */
guint ty_noise_step (const TyNoise *noise);
/* How long the next message is, without what its payload takes. */
gsize ty_noise_next_bytes (const TyNoise *noise);
/* Whose turn it is; FALSE too if nothing is left to say. */
gboolean ty_noise_writes_next (const TyNoise *noise);

/* What a handshake that is done has come to. */
typedef struct
{
  TyCipher out, in;
  guint8 hash[TY_NOISE_HASH_BYTES]; /* of the handshake: the same at both ends, and nowhere else */
  guint8 other[TY_NOISE_KEY_BYTES]; /* the other's static public key */
} TySeal;

/* In locked memory. NULL: not all messages have been exchanged, or one failed. */
TySeal *ty_noise_split (TyNoise *noise);
/* Wipes it. NULL: nothing. */
void ty_seal_free (TySeal *seal);
