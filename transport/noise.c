/* transport/noise.c: see noise.h.  The names of functions are those of [NOISE] 5, in which the reasons are.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/noise.h"

#include <sodium.h>
#include <string.h>

#define MAX_TOKENS 5
#define N_MESSAGES 3

typedef enum
{
  END,
  E,
  S,
  EE,
  ES,
  SE,
  PSK
} Token;

static const struct
{
  const char *name;
  Token messages[N_MESSAGES][MAX_TOKENS];
} patterns[] = {
  [TY_NOISE_XX] = { "Noise_XX_25519_ChaChaPoly_SHA256", { { E }, { E, EE, S, ES }, { S, SE } } },
  [TY_NOISE_XX_PSK3] = { "Noise_XXpsk3_25519_ChaChaPoly_SHA256", { { E }, { E, EE, S, ES }, { S, SE, PSK } } },
};

typedef struct
{
  guint8 secret[TY_NOISE_KEY_BYTES];
  guint8 public[TY_NOISE_KEY_BYTES];
} Pair;

struct _TyNoise
{
  TyNoisePattern pattern;
  gboolean initiator;
  gboolean failed;
  gboolean keyed; /* `cipher` has a key */
  guint step;     /* the next message */
  TyCipher cipher;
  guint8 chain[TY_NOISE_HASH_BYTES]; /* ck */
  guint8 hash[TY_NOISE_HASH_BYTES];  /* h */
  Pair s, e;
  guint8 rs[TY_NOISE_KEY_BYTES], re[TY_NOISE_KEY_BYTES];
  guint8 psk[TY_NOISE_KEY_BYTES];
};

G_STATIC_ASSERT (crypto_scalarmult_BYTES == TY_NOISE_KEY_BYTES);
G_STATIC_ASSERT (crypto_scalarmult_SCALARBYTES == TY_NOISE_KEY_BYTES);
G_STATIC_ASSERT (crypto_hash_sha256_BYTES == TY_NOISE_HASH_BYTES);
G_STATIC_ASSERT (crypto_auth_hmacsha256_KEYBYTES == TY_NOISE_HASH_BYTES);
G_STATIC_ASSERT (crypto_aead_chacha20poly1305_ietf_KEYBYTES == TY_NOISE_KEY_BYTES);
G_STATIC_ASSERT (crypto_aead_chacha20poly1305_ietf_ABYTES == TY_NOISE_TAG_BYTES);

static gpointer
locked_new (gsize len_bytes)
{
  if (sodium_init () < 0)
    g_error ("libsodium does not start");
  gpointer memory = sodium_malloc (len_bytes);
  if (memory == NULL)
    g_error ("no locked memory for keys");
  return memset (memory, 0, len_bytes);
}

/* ---- CipherState ---- */

static void
make_nonce (guint64 n, guint8 out[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
  memset (out, 0, 4);
  for (guint i = 0; i < 8; i++)
    out[4 + i] = (guint8) (n >> (8 * i));
}

static void
encrypt (const guint8 *key, guint64 n, const guint8 *ad, gsize ad_bytes, guint8 *data, gsize len_bytes)
{
  guint8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  make_nonce (n, nonce);
  crypto_aead_chacha20poly1305_ietf_encrypt (data, NULL, data, len_bytes, ad, ad_bytes, NULL, nonce, key);
}

/* `len_bytes` with the tag. */
static gboolean
decrypt (const guint8 *key, guint64 n, const guint8 *ad, gsize ad_bytes, guint8 *data, gsize len_bytes)
{
  guint8 nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  if (len_bytes < TY_NOISE_TAG_BYTES)
    return FALSE;
  make_nonce (n, nonce);
  return crypto_aead_chacha20poly1305_ietf_decrypt (data, NULL, NULL, data, len_bytes, ad, ad_bytes, nonce, key) == 0;
}

/* [NOISE] 4.2: the key is what the largest nonce makes of zeros; the nonce counts on (11.3). */
static void
rekey (TyCipher *cipher)
{
  guint8 next[TY_NOISE_KEY_BYTES + TY_NOISE_TAG_BYTES] = { 0 };
  encrypt (cipher->key, G_MAXUINT64, NULL, 0, next, TY_NOISE_KEY_BYTES);
  memcpy (cipher->key, next, TY_NOISE_KEY_BYTES);
  sodium_memzero (next, sizeof next);
  cipher->used_bytes = 0;
}

static void
cipher_used (TyCipher *cipher, gsize len_bytes)
{
  cipher->nonce++;
  cipher->used_bytes += len_bytes;
  if (cipher->rekey_bytes > 0 && cipher->used_bytes >= cipher->rekey_bytes)
    rekey (cipher);
}

gboolean
ty_cipher_seal (TyCipher *cipher, guint8 *data, gsize len_bytes)
{
  if (cipher->nonce == G_MAXUINT64)
    return FALSE;
  encrypt (cipher->key, cipher->nonce, NULL, 0, data, len_bytes);
  cipher_used (cipher, len_bytes + TY_NOISE_TAG_BYTES);
  return TRUE;
}

gboolean
ty_cipher_open (TyCipher *cipher, guint8 *data, gsize len_bytes)
{
  if (cipher->nonce == G_MAXUINT64 || !decrypt (cipher->key, cipher->nonce, NULL, 0, data, len_bytes))
    return FALSE;
  cipher_used (cipher, len_bytes);
  return TRUE;
}

/* ---- SymmetricState ---- */

/* HKDF with the chaining key; `third` may be NULL. */
static void
hkdf (const guint8 *chain, const guint8 *input, gsize len_bytes, guint8 *first, guint8 *second, guint8 *third)
{
  guint8 key[TY_NOISE_HASH_BYTES], text[TY_NOISE_HASH_BYTES + 1];
  crypto_auth_hmacsha256 (key, input, len_bytes, chain);
  text[0] = 1;
  crypto_auth_hmacsha256 (first, text, 1, key);
  memcpy (text, first, TY_NOISE_HASH_BYTES);
  text[TY_NOISE_HASH_BYTES] = 2;
  crypto_auth_hmacsha256 (second, text, sizeof text, key);
  memcpy (text, second, TY_NOISE_HASH_BYTES);
  text[TY_NOISE_HASH_BYTES] = 3;
  if (third != NULL)
    crypto_auth_hmacsha256 (third, text, sizeof text, key);
  sodium_memzero (key, sizeof key);
  sodium_memzero (text, sizeof text);
}

static void
mix_hash (TyNoise *noise, gconstpointer data, gsize len_bytes)
{
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init (&state);
  crypto_hash_sha256_update (&state, noise->hash, sizeof noise->hash);
  crypto_hash_sha256_update (&state, data, len_bytes);
  crypto_hash_sha256_final (&state, noise->hash);
}

static void
mix_key (TyNoise *noise, const guint8 *input)
{
  guint8 chain[TY_NOISE_HASH_BYTES];
  hkdf (noise->chain, input, TY_NOISE_KEY_BYTES, chain, noise->cipher.key, NULL);
  memcpy (noise->chain, chain, sizeof chain);
  sodium_memzero (chain, sizeof chain);
  noise->cipher.nonce = 0;
  noise->keyed = TRUE;
}

static void
mix_key_and_hash (TyNoise *noise, const guint8 *input)
{
  guint8 chain[TY_NOISE_HASH_BYTES], hash[TY_NOISE_HASH_BYTES];
  hkdf (noise->chain, input, TY_NOISE_KEY_BYTES, chain, hash, noise->cipher.key);
  memcpy (noise->chain, chain, sizeof chain);
  mix_hash (noise, hash, sizeof hash);
  sodium_memzero (chain, sizeof chain);
  sodium_memzero (hash, sizeof hash);
  noise->cipher.nonce = 0;
  noise->keyed = TRUE;
}

/* Appends it sealed, if there is a key yet. */
static void
encrypt_and_hash (TyNoise *noise, gconstpointer plain, gsize len_bytes, GByteArray *out)
{
  guint at = out->len;
  gsize all = len_bytes + (noise->keyed ? TY_NOISE_TAG_BYTES : 0);
  g_byte_array_set_size (out, at + (guint) all);
  if (len_bytes > 0)
    memcpy (out->data + at, plain, len_bytes);
  if (noise->keyed)
    encrypt (noise->cipher.key, noise->cipher.nonce++, noise->hash, sizeof noise->hash, out->data + at, len_bytes);
  mix_hash (noise, out->data + at, all);
}

/* `len_bytes` as they came; opened in place. */
static gboolean
decrypt_and_hash (TyNoise *noise, guint8 *data, gsize len_bytes)
{
  guint8 hash[TY_NOISE_HASH_BYTES];
  memcpy (hash, noise->hash, sizeof hash);
  mix_hash (noise, data, len_bytes);
  return !noise->keyed || decrypt (noise->cipher.key, noise->cipher.nonce++, hash, sizeof hash, data, len_bytes);
}

/* ---- HandshakeState ---- */

TyNoise *
ty_noise_new (const TyNoiseConfig *config)
{
  TyNoise *noise = locked_new (sizeof *noise);
  const char *name = patterns[config->pattern].name;
  gsize name_bytes = strlen (name);
  g_assert ((config->psk != NULL) == (config->pattern == TY_NOISE_XX_PSK3));
  noise->pattern = config->pattern;
  noise->initiator = config->initiator;
  if (name_bytes <= sizeof noise->hash)
    memcpy (noise->hash, name, name_bytes);
  else
    crypto_hash_sha256 (noise->hash, (const guint8 *) name, name_bytes);
  memcpy (noise->chain, noise->hash, sizeof noise->chain);
  mix_hash (noise, config->prologue, config->prologue_bytes);
  memcpy (noise->s.secret, config->secret, TY_NOISE_KEY_BYTES);
  memcpy (noise->e.secret, config->ephemeral, TY_NOISE_KEY_BYTES);
  noise->failed = crypto_scalarmult_base (noise->e.public, noise->e.secret) != 0;
  if (config->public != NULL)
    memcpy (noise->s.public, config->public, sizeof noise->s.public);
  else if (crypto_scalarmult_base (noise->s.public, noise->s.secret) != 0)
    noise->failed = TRUE;
  if (config->psk != NULL)
    memcpy (noise->psk, config->psk, sizeof noise->psk);
  return noise;
}

void
ty_noise_free (TyNoise *noise)
{
  sodium_free (noise); /* wipes it */
}

gboolean
ty_noise_writes_next (const TyNoise *noise)
{
  return noise->step < N_MESSAGES && noise->initiator == (noise->step % 2 == 0);
}

static const Token *
next_tokens (const TyNoise *noise)
{
  return patterns[noise->pattern].messages[noise->step];
}

/* A Diffie-Hellman of the pattern: its first letter is the initiator's key, its second the responder's. */
static gboolean
mix_shared (TyNoise *noise, Token token)
{
  gboolean initiators_e = token == EE || token == ES;
  gboolean responders_e = token == EE || token == SE;
  gboolean own_e = noise->initiator ? initiators_e : responders_e;
  gboolean their_e = noise->initiator ? responders_e : initiators_e;
  guint8 shared[TY_NOISE_KEY_BYTES];
  /* It fails if the result is all zeros. */
  gboolean good = crypto_scalarmult (shared, own_e ? noise->e.secret : noise->s.secret,
                                     their_e ? noise->re : noise->rs) == 0;
  if (good)
    mix_key (noise, shared);
  sodium_memzero (shared, sizeof shared);
  return good;
}

/* [NOISE] 9.2: with a psk in the pattern, ephemeral keys are mixed into the key too. */
static void
mix_ephemeral (TyNoise *noise, const guint8 *public)
{
  mix_hash (noise, public, TY_NOISE_KEY_BYTES);
  if (noise->pattern == TY_NOISE_XX_PSK3)
    mix_key (noise, public);
}

static gboolean
write_token (TyNoise *noise, Token token, GByteArray *out)
{
  switch (token)
    {
    case E:
      g_byte_array_append (out, noise->e.public, TY_NOISE_KEY_BYTES);
      mix_ephemeral (noise, noise->e.public);
      return TRUE;
    case S:
      encrypt_and_hash (noise, noise->s.public, TY_NOISE_KEY_BYTES, out);
      return TRUE;
    case PSK:
      mix_key_and_hash (noise, noise->psk);
      return TRUE;
    default:
      return mix_shared (noise, token);
    }
}

gboolean
ty_noise_write (TyNoise *noise, gconstpointer payload, gsize len_bytes, GByteArray *out)
{
  g_assert (ty_noise_writes_next (noise));
  g_assert (len_bytes + ty_noise_next_bytes (noise) <= TY_NOISE_MAX_BYTES);
  const Token *tokens = next_tokens (noise);
  guint at = out->len;
  for (guint i = 0; i < MAX_TOKENS && tokens[i] != END && !noise->failed; i++)
    noise->failed = !write_token (noise, tokens[i], out);
  if (!noise->failed)
    encrypt_and_hash (noise, payload, len_bytes, out);
  else
    g_byte_array_set_size (out, at);
  noise->step++;
  return !noise->failed;
}

/* What it takes of `at`, of which there is enough. */
static gboolean
read_token (TyNoise *noise, Token token, guint8 **at)
{
  gsize len_bytes = TY_NOISE_KEY_BYTES + (noise->keyed ? TY_NOISE_TAG_BYTES : 0);
  switch (token)
    {
    case E:
      memcpy (noise->re, *at, TY_NOISE_KEY_BYTES);
      *at += TY_NOISE_KEY_BYTES;
      mix_ephemeral (noise, noise->re);
      return TRUE;
    case S:
      if (!decrypt_and_hash (noise, *at, len_bytes))
        return FALSE;
      memcpy (noise->rs, *at, TY_NOISE_KEY_BYTES);
      *at += len_bytes;
      return TRUE;
    case PSK:
      mix_key_and_hash (noise, noise->psk);
      return TRUE;
    default:
      return mix_shared (noise, token);
    }
}

gboolean
ty_noise_read (TyNoise *noise, guint8 *message, gsize len_bytes, guint8 **payload, gsize *payload_bytes)
{
  g_assert (!ty_noise_writes_next (noise) && noise->step < N_MESSAGES);
  guint8 *at = message;
  if (len_bytes < ty_noise_next_bytes (noise) || len_bytes > TY_NOISE_MAX_BYTES)
    noise->failed = TRUE;
  const Token *tokens = next_tokens (noise);
  for (guint i = 0; i < MAX_TOKENS && tokens[i] != END && !noise->failed; i++)
    noise->failed = !read_token (noise, tokens[i], &at);
  gsize left = len_bytes - (gsize) (at - message);
  if (!noise->failed)
    noise->failed = !decrypt_and_hash (noise, at, left);
  noise->step++;
  *payload = noise->failed ? NULL : at;
  *payload_bytes = noise->failed ? 0 : left - (noise->keyed ? TY_NOISE_TAG_BYTES : 0);
  return !noise->failed;
}

const guint8 *
ty_noise_other (const TyNoise *noise)
{
  guint from = noise->initiator ? 2 : 3;
  return noise->step >= from && !noise->failed ? noise->rs : NULL;
}

guint
ty_noise_step (const TyNoise *noise)
{
  return noise->step;
}

gsize
ty_noise_next_bytes (const TyNoise *noise)
{
  g_assert (noise->step < N_MESSAGES);
  const Token *tokens = next_tokens (noise);
  gboolean keyed = noise->keyed;
  gsize n = 0;
  for (guint i = 0; i < MAX_TOKENS && tokens[i] != END; i++)
    {
      n += tokens[i] == E || tokens[i] == S ? TY_NOISE_KEY_BYTES : 0;
      n += tokens[i] == S && keyed ? TY_NOISE_TAG_BYTES : 0;
      keyed = keyed || tokens[i] > S || noise->pattern == TY_NOISE_XX_PSK3;
    }
  return n + (keyed ? TY_NOISE_TAG_BYTES : 0);
}

TySeal *
ty_noise_split (TyNoise *noise)
{
  if (noise->failed || noise->step < N_MESSAGES)
    return NULL;
  TySeal *seal = locked_new (sizeof *seal);
  TyCipher *from_initiator = noise->initiator ? &seal->out : &seal->in;
  TyCipher *from_responder = noise->initiator ? &seal->in : &seal->out;
  hkdf (noise->chain, (const guint8 *) "", 0, from_initiator->key, from_responder->key, NULL);
  seal->out.rekey_bytes = seal->in.rekey_bytes = TY_CIPHER_REKEY_BYTES;
  memcpy (seal->hash, noise->hash, sizeof seal->hash);
  memcpy (seal->other, noise->rs, sizeof seal->other);
  return seal;
}

void
ty_seal_free (TySeal *seal)
{
  sodium_free (seal); /* wipes it */
}
