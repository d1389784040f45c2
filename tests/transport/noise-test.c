/* tests/transport/noise-test.c: the handshake and the ciphers, against published vectors and against whoever tampers.
 *
 * The vectors are those of the Noise framework's community format for the two patterns.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/hex.h"
#include "transport/noise.h"

typedef struct
{
  const char *payload, *text;
} Message;

typedef struct
{
  TyNoisePattern pattern;
  const char *prologue, *psk, *hash;
  const char *initiator_static, *initiator_ephemeral, *responder_static, *responder_ephemeral;
  Message messages[6];
} Vector;

static const Vector vectors[] = {
  {
    .pattern = TY_NOISE_XX,
    .prologue = "4a6f686e2047616c74",
    .initiator_static = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    .initiator_ephemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
    .responder_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
    .responder_ephemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
    .hash = "c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e",
    .messages = {
      { "4c756477696720766f6e204d69736573",
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573" },
      { "4d757272617920526f746862617264",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e038c48378ffce2b65285"
        "e08d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09be9b5c412f8a0db50f"
        "8814c7194e83f23dbd8d162c9326ad" },
      { "462e20412e20486179656b",
        "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f169ae80a89be0865b57f"
        "58c9fea0d4ec82a286427402f113e4b6ae769a1d95941d49b25030" },
      { "4361726c204d656e676572",
        "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df" },
      { "4a65616e2d426170746973746520536179",
        "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5" },
      { "457567656e2042f6686d20766f6e2042617765726b",
        "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f" },
    },
  },
  {
    .pattern = TY_NOISE_XX_PSK3,
    .prologue = "4a6f686e2047616c74",
    .initiator_static = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    .initiator_ephemeral = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
    .responder_static = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
    .responder_ephemeral = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
    .hash = "a477edf6a131bbdb54707f6ea30eab6cd935d9b560f0e5fd1f053a95a99669fb",
    .psk = "54686973206973206d7920417573747269616e20706572737065637469766521",
    .messages = {
      { "4c756477696720766f6e204d69736573",
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944c9f5ff0e8079630cb7e270c20bbf4808"
        "21b77a384a645c71a2fd9b3db1c16a5f" },
      { "4d757272617920526f746862617264",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843b123def17f71e6ae8e57e0e1dec5949c"
        "5f7415c6f33517398747d821a06dc23ad430aa1fd7381d46195c378a819fd574425462cbb2d4ca339e738a0b7001dc91"
        "423fbf55a99af0c6f1df21012ceb2f" },
      { "462e20412e20486179656b",
        "52187316111b118d4c060364f7b975dc0809b2590779aff2d63113c564f11744493384db7bf32d5ae6686df6ab06d508"
        "d2e07caaf1d6afc010b978735fc78900e71ae1d314130d042e729a" },
      { "4361726c204d656e676572",
        "eaedc672d4c21e0e2955758756fb98f194c4e90d5deb5b6cf30b27" },
      { "4a65616e2d426170746973746520536179",
        "522d543c5fe799d09a3d9da7ff54d0dc03c8af1dc7751d2ff708339d2290943e98" },
      { "457567656e2042f6686d20766f6e2042617765726b",
        "7d4e2c3873eef6a213b04e72f9df60a91666072d3544c5d96c34a09e2329b5030bee796741" },
    },
  },
};

typedef struct
{
  TyNoise *ends[2]; /* initiator, responder */
} Both;

static TyNoise *
end_new (const Vector *v, gboolean initiator, const char *prologue, const char *psk)
{
  g_autoptr (GByteArray) before = hex_bytes (prologue);
  g_autoptr (GByteArray) secret = hex_bytes (initiator ? v->initiator_static : v->responder_static);
  g_autoptr (GByteArray) ephemeral = hex_bytes (initiator ? v->initiator_ephemeral : v->responder_ephemeral);
  g_autoptr (GByteArray) shared = hex_bytes (psk != NULL ? psk : "");
  return ty_noise_new (&(TyNoiseConfig){
      .pattern = v->pattern,
      .initiator = initiator,
      .prologue = before->data,
      .prologue_bytes = before->len,
      .secret = secret->data,
      .ephemeral = ephemeral->data,
      .psk = psk != NULL ? shared->data : NULL,
  });
}

static Both
both_new (const Vector *v)
{
  return (Both){ { end_new (v, TRUE, v->prologue, v->psk), end_new (v, FALSE, v->prologue, v->psk) } };
}

static void
both_free (Both *both)
{
  ty_noise_free (both->ends[0]);
  ty_noise_free (both->ends[1]);
}

/* One message of the handshake, from the one whose turn it is; FALSE: the other does not take it. */
static gboolean
pass (Both *both, guint i, GByteArray *message)
{
  guint8 *payload;
  gsize payload_bytes;
  return ty_noise_read (both->ends[1 - i % 2], message->data, message->len, &payload, &payload_bytes);
}

static void
check_sealed (TySeal *from, TySeal *to, const Message *m)
{
  g_autoptr (GByteArray) plain = hex_bytes (m->payload);
  gsize len_bytes = plain->len;
  g_byte_array_set_size (plain, (guint) len_bytes + TY_NOISE_TAG_BYTES);
  g_assert_true (ty_cipher_seal (&from->out, plain->data, len_bytes));
  assert_hex (plain->data, plain->len, m->text);
  g_assert_true (ty_cipher_open (&to->in, plain->data, plain->len));
  assert_hex (plain->data, len_bytes, m->payload);
}

static void
test_vector (gconstpointer data)
{
  const Vector *v = data;
  Both both = both_new (v);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GByteArray) payload = hex_bytes (v->messages[i].payload);
      g_autoptr (GByteArray) out = g_byte_array_new ();
      guint8 *got;
      gsize got_bytes;
      g_assert_true (ty_noise_writes_next (both.ends[i % 2]));
      g_assert_false (ty_noise_writes_next (both.ends[1 - i % 2]));
      gsize expected = ty_noise_next_bytes (both.ends[i % 2]) + payload->len;
      g_assert_null (ty_noise_split (both.ends[0]));
      g_assert_true (ty_noise_write (both.ends[i % 2], payload->data, payload->len, out));
      g_assert_cmpuint (out->len, ==, expected);
      assert_hex (out->data, out->len, v->messages[i].text);
      g_assert_true (ty_noise_read (both.ends[1 - i % 2], out->data, out->len, &got, &got_bytes));
      assert_hex (got, got_bytes, v->messages[i].payload);
    }
  TySeal *initiator = ty_noise_split (both.ends[0]);
  TySeal *responder = ty_noise_split (both.ends[1]);
  assert_hex (initiator->hash, sizeof initiator->hash, v->hash);
  assert_hex (responder->hash, sizeof responder->hash, v->hash);
  for (guint i = 3; i < 6; i++)
    check_sealed (i % 2 == 0 ? initiator : responder, i % 2 == 0 ? responder : initiator, &v->messages[i]);
  ty_seal_free (initiator);
  ty_seal_free (responder);
  both_free (&both);
}

/* The handshake up to message `n`, which is in `out` and not read yet. */
static Both
upto (const Vector *v, guint n, GByteArray *out)
{
  Both both = both_new (v);
  for (guint i = 0; i <= n; i++)
    {
      g_byte_array_set_size (out, 0);
      g_assert_true (ty_noise_write (both.ends[i % 2], "intro", i == 2 ? 5 : 0, out));
      if (i < n)
        g_assert_true (pass (&both, i, out));
    }
  return both;
}

/* Whatever bit of a message is another, its reader fails, and has no keys. In XX, message 1 is in the clear: it is the
 * reader of message 2 who finds out. */
static void
test_tampered (void)
{
  const Vector *v = &vectors[1];
  g_autoptr (GByteArray) message = g_byte_array_new ();
  for (guint n = 0; n < 3; n++)
    {
      Both first = upto (v, n, message);
      guint len_bytes = message->len;
      both_free (&first);
      for (guint bit = 0; bit < 8 * len_bytes; bit++)
        {
          Both both = upto (v, n, message);
          message->data[bit / 8] ^= (guint8) (1 << (bit % 8));
          /* The highest bit of a public key is none of it ([RFC 7748] 5): only the transcript tells. */
          g_assert_false (pass (&both, n, message));
          g_assert_null (ty_noise_split (both.ends[1 - n % 2]));
          both_free (&both);
        }
      for (guint cut = 0; cut < len_bytes; cut++)
        {
          Both both = upto (v, n, message);
          g_byte_array_set_size (message, cut);
          g_assert_false (pass (&both, n, message));
          both_free (&both);
        }
      Both both = upto (v, n, message);
      g_byte_array_append (message, (const guint8 *) "", 1);
      g_assert_false (pass (&both, n, message));
      both_free (&both);
    }
}

/* Another secret, or another prologue: message 3, or already 1, is not taken. */
static void
test_other_secret (void)
{
  const Vector *v = &vectors[1];
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_autofree char *psk = g_strdup (v->psk);
  psk[0] = psk[0] == '0' ? '1' : '0';
  Both both = { { end_new (v, TRUE, v->prologue, v->psk), end_new (v, FALSE, v->prologue, psk) } };
  for (guint i = 0; i < 3; i++)
    {
      g_byte_array_set_size (message, 0);
      g_assert_true (ty_noise_write (both.ends[i % 2], NULL, 0, message));
      g_assert_true (pass (&both, i, message) == (i < 2));
    }
  g_assert_null (ty_noise_split (both.ends[1]));
  both_free (&both);

  both = (Both){ { end_new (v, TRUE, v->prologue, v->psk), end_new (v, FALSE, "00", v->psk) } };
  g_byte_array_set_size (message, 0);
  g_assert_true (ty_noise_write (both.ends[0], NULL, 0, message));
  g_assert_false (pass (&both, 0, message));
  both_free (&both);
}

/* Public keys of small order make zeros of every secret: nobody goes on with them. */
static void
test_small_order (void)
{
  static const char *const points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };
  const Vector *v = &vectors[0]; /* its message 1 is in the clear: the point is taken, and only then refused */
  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    {
      g_autoptr (GByteArray) message = hex_bytes (points[i]);
      g_autoptr (GByteArray) answer = g_byte_array_new ();
      Both both = both_new (v);
      g_assert_true (pass (&both, 0, message));
      g_assert_false (ty_noise_write (both.ends[1], NULL, 0, answer));
      g_assert_cmpuint (answer->len, ==, 0);
      g_assert_null (ty_noise_split (both.ends[1]));
      both_free (&both);
    }
}

static void
make_seals (TySeal *seals[2])
{
  const Vector *v = &vectors[1];
  g_autoptr (GByteArray) message = g_byte_array_new ();
  Both both = upto (v, 2, message);
  g_assert_true (pass (&both, 2, message));
  seals[0] = ty_noise_split (both.ends[0]);
  seals[1] = ty_noise_split (both.ends[1]);
  both_free (&both);
}

/* What was sealed opens once, in order, in its own direction; who gets something else can still get the right one. */
static void
test_order (void)
{
  TySeal *seals[2];
  guint8 first[8 + TY_NOISE_TAG_BYTES] = "message";
  guint8 second[8 + TY_NOISE_TAG_BYTES] = "message";
  guint8 copy[sizeof first];
  make_seals (seals);
  g_assert_true (ty_cipher_seal (&seals[0]->out, first, 8));
  g_assert_true (ty_cipher_seal (&seals[0]->out, second, 8));
  g_assert_cmpint (memcmp (first, second, sizeof first), !=, 0);
  memcpy (copy, second, sizeof copy);
  g_assert_false (ty_cipher_open (&seals[1]->in, copy, sizeof copy)); /* out of order */
  memcpy (copy, first, sizeof copy);
  g_assert_false (ty_cipher_open (&seals[0]->in, copy, sizeof copy)); /* reflected */
  for (gsize cut = 0; cut < sizeof copy; cut++)
    {
      memcpy (copy, first, sizeof copy);
      g_assert_false (ty_cipher_open (&seals[1]->in, copy, cut)); /* cut short */
    }
  memcpy (copy, first, sizeof copy);
  g_assert_true (ty_cipher_open (&seals[1]->in, copy, sizeof copy));
  g_assert_cmpstr ((char *) copy, ==, "message");
  memcpy (copy, first, sizeof copy);
  g_assert_false (ty_cipher_open (&seals[1]->in, copy, sizeof copy)); /* again */
  g_assert_true (ty_cipher_open (&seals[1]->in, second, sizeof second));
  g_assert_cmpstr ((char *) second, ==, "message");
  ty_seal_free (seals[0]);
  ty_seal_free (seals[1]);
}

/* After a set number of bytes both ends go on with another key; the nonce counts on. */
static void
test_rekey (void)
{
  TySeal *seals[2];
  guint8 before[TY_NOISE_KEY_BYTES];
  guint changes = 0;
  make_seals (seals);
  g_assert_cmpuint (seals[0]->out.rekey_bytes, ==, TY_CIPHER_REKEY_BYTES);
  seals[0]->out.rekey_bytes = seals[1]->in.rekey_bytes = 1000;
  for (guint i = 0; i < 100; i++)
    {
      guint8 data[100 + TY_NOISE_TAG_BYTES];
      memset (data, (int) i, 100);
      memcpy (before, seals[0]->out.key, sizeof before);
      g_assert_true (ty_cipher_seal (&seals[0]->out, data, 100));
      changes += memcmp (before, seals[0]->out.key, sizeof before) != 0;
      g_assert_true (ty_cipher_open (&seals[1]->in, data, sizeof data));
      g_assert_cmpuint (data[99], ==, i);
      g_assert_cmpuint (seals[0]->out.nonce, ==, i + 1);
    }
  g_assert_cmpuint (changes, ==, 100 / 9); /* nine of 116 bytes are the first over 1000 */
  ty_seal_free (seals[0]);
  ty_seal_free (seals[1]);
}

static void
test_last_nonce (void)
{
  TySeal *seals[2];
  guint8 data[1 + TY_NOISE_TAG_BYTES] = { 0 };
  make_seals (seals);
  seals[0]->out.nonce = G_MAXUINT64 - 1;
  g_assert_true (ty_cipher_seal (&seals[0]->out, data, 1));
  g_assert_false (ty_cipher_seal (&seals[0]->out, data, 1));
  ty_seal_free (seals[0]);
  ty_seal_free (seals[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/transport/noise/vector-xx", &vectors[0], test_vector);
  g_test_add_data_func ("/transport/noise/vector-xxpsk3", &vectors[1], test_vector);
  g_test_add_func ("/transport/noise/tampered", test_tampered);
  g_test_add_func ("/transport/noise/other-secret", test_other_secret);
  g_test_add_func ("/transport/noise/small-order", test_small_order);
  g_test_add_func ("/transport/noise/order", test_order);
  g_test_add_func ("/transport/noise/rekey", test_rekey);
  g_test_add_func ("/transport/noise/last-nonce", test_last_nonce);
  return g_test_run ();
}
