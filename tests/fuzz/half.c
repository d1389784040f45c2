/* tests/fuzz/half.c: see half.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/half.h"

#define HIS_PID 9

static const guint8 his_secret[TY_NOISE_KEY_BYTES] = { 4, 4, 4 };
static const guint8 his_ephemeral[TY_NOISE_KEY_BYTES] = { 3, 3, 3 };
static const guint8 no_secret[TY_NOISE_KEY_BYTES] = { 1 };

Half *
half_new (const HalfConfig *config)
{
  TyHubConfig hub_config;
  Half *half = g_new0 (Half, 1);
  half->config = *config;
  half->net = test_net_new ();
  ty_hub_config_init (&hub_config);
  hub_config.secret = test_secret;
  hub_config.max_packet_bytes = 256 * 1024;
  hub_config.keep_bytes = 64 * 1024;
  half->node = test_node_new_with (half->net, 1, "a", &hub_config);
  hub_config.identity = his_secret; /* the peer, in whose name he may speak, has the same key */
  TestNode *peer = test_node_new_with (half->net, 2, "b", &hub_config);
  half->alien = test_alien_new (half->net, "x");
  if (config->as_peer)
    {
      test_node_dial (half->node, "b", NULL);
      test_net_pump (half->net);
      g_assert (test_node_told (half->node, TY_EVENT_PEER_UP) == 1);
      test_node_forget (half->node);
      test_node_link (peer)->frozen = TRUE; /* he learns of nothing, and does not come back for his session */
    }
  if (config->dials)
    half->link = test_alien_dial (half->alien, half->node);
  else
    {
      test_node_dial (half->node, "x", NULL);
      test_net_pump (half->net);
      half->link = test_node_link (half->alien);
    }
  test_net_pump (half->net);
  memset (half->session.b, 7, sizeof half->session.b);
  return half;
}

void
half_free (Half *half)
{
  ty_noise_free (half->noise);
  ty_seal_free (half->seal);
  test_net_free (half->net);
  g_free (half);
}

void
half_write (Half *half, const guint8 *data, gsize len_bytes)
{
  gboolean open = half->link->other != NULL && !half->link->closed && !half->link->cut && !half->link->ended;
  if (open && len_bytes > 0)
    test_link_write (half->link, data, len_bytes);
  test_net_pump (half->net);
}

/* The next `len_bytes` that came; NULL: they are not there. */
static guint8 *
half_take (Half *half, gsize len_bytes)
{
  GByteArray *in = half->link->in;
  if (in->len < half->taken + len_bytes)
    return NULL;
  half->taken += (guint) len_bytes;
  return in->data + half->taken - len_bytes;
}

static void
say (Half *half, GByteArray *message, HalfEdit edit, gpointer data)
{
  if (edit != NULL)
    edit (message, data);
  half_write (half, message->data, message->len);
}

static void
say_hello (Half *half, HalfEdit edit, gpointer data)
{
  TyHello hello = { .version = TY_WIRE_VERSION, .what = TY_HELLO, .sealing = TY_SEALING_NOISE };
  memset (hello.pid.b, half->config.as_peer ? 2 : HIS_PID, sizeof hello.pid.b);
  if (half->config.resumes)
    hello.session = half->session;
  g_autoptr (GByteArray) message = g_byte_array_new ();
  g_byte_array_set_size (message, TY_HELLO_BYTES);
  ty_hello_write (&hello, message->data);
  if (edit != NULL)
    edit (message, data);
  /* The prologue is what was said. */
  memcpy (half->hellos + (half->config.dials ? 0 : TY_HELLO_BYTES), message->data, MIN (message->len, TY_HELLO_BYTES));
  half_write (half, message->data, message->len);
}

static gboolean
hear_hello (Half *half)
{
  const guint8 *theirs = half_take (half, TY_HELLO_BYTES);
  TyHello hello;
  if (theirs == NULL || ty_hello_read (theirs, TY_HELLO_BYTES, &hello) != TY_HELLO_GOOD || hello.what != TY_HELLO)
    return FALSE;
  memcpy (half->hellos + (half->config.dials ? TY_HELLO_BYTES : 0), theirs, TY_HELLO_BYTES);
  if (!ty_id_is_null (&hello.session))
    half->session = hello.session;
  return TRUE;
}

static gboolean
hellos (Half *half, HalfEdit edit, gpointer data)
{
  /* Who dials knows of a session by himself, if he is whom he says he is. */
  if (half->config.dials)
    say_hello (half, edit, data);
  if (!hear_hello (half))
    return FALSE;
  if (!half->config.dials)
    say_hello (half, edit, data);
  half->noise = ty_noise_new (&(TyNoiseConfig){
      .pattern = TY_NOISE_XX_PSK3,
      .initiator = half->config.dials,
      .prologue = half->hellos,
      .prologue_bytes = sizeof half->hellos,
      .secret = his_secret,
      .ephemeral = his_ephemeral,
      .psk = half->config.knows ? test_secret : no_secret,
  });
  return TRUE;
}

static gboolean
say_message (Half *half, GBytes *payload, HalfEdit edit, gpointer data)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  gsize len_bytes = 0;
  const guint8 *bytes = payload != NULL ? g_bytes_get_data (payload, &len_bytes) : NULL;
  if (payload != NULL)
    ty_write_u16 (message, 0);
  if (!ty_noise_write (half->noise, bytes, len_bytes, message))
    return FALSE;
  if (payload != NULL)
    {
      message->data[0] = (guint8) (message->len - 2);
      message->data[1] = (guint8) ((message->len - 2) >> 8);
    }
  say (half, message, edit, data);
  return TRUE;
}

static gboolean
hear_message (Half *half, gsize len_bytes)
{
  guint8 *said = half_take (half, len_bytes), *payload;
  gsize payload_bytes;
  TyIntro intro;
  if (said == NULL)
    return FALSE;
  g_autofree guint8 *copy = g_memdup2 (said, len_bytes);
  if (!ty_noise_read (half->noise, copy, len_bytes, &payload, &payload_bytes))
    return FALSE;
  if (payload_bytes > TY_RECORD_HEAD_BYTES
      && ty_intro_read (payload + TY_RECORD_HEAD_BYTES, payload_bytes - TY_RECORD_HEAD_BYTES, &intro))
    {
      half->session = intro.session;
      half->config.resumes = intro.resume;
      ty_intro_clear (&intro);
    }
  return TRUE;
}

/* The hub's last message, with its length in front. */
static gboolean
hear_last (Half *half)
{
  const guint8 *head = half_take (half, 2);
  return head != NULL && hear_message (half, (gsize) head[0] | (gsize) head[1] << 8);
}

/* The one that is right by now. */
static GBytes *
make_intro (const Half *half)
{
  TyIntro intro = { .resume = half->config.resumes, .session = half->session, .next = 1 };
  intro.name = (char *) "x";
  intro.address = (char *) "x";
  g_autoptr (GByteArray) record = g_byte_array_new ();
  ty_intro_write (&intro, record);
  return g_byte_array_free_to_bytes (g_steal_pointer (&record));
}

gboolean
half_shake (Half *half, GBytes *intro, HalfEdit edit, gpointer data)
{
  if (!hellos (half, edit, data))
    return FALSE;
  if (half->config.dials)
    {
      g_autoptr (GBytes) right = intro == NULL ? make_intro (half) : g_bytes_ref (intro);
      if (!say_message (half, NULL, edit, data) || !hear_message (half, ty_noise_next_bytes (half->noise))
          || !say_message (half, right, edit, data))
        return FALSE;
    }
  else if (!hear_message (half, ty_noise_next_bytes (half->noise)) || !say_message (half, NULL, edit, data)
           || !hear_last (half))
    return FALSE;
  half->seal = ty_noise_split (half->noise);
  if (!half->config.dials && half->seal != NULL)
    {
      gsize len_bytes;
      g_autoptr (GBytes) right = intro == NULL ? make_intro (half) : g_bytes_ref (intro);
      const guint8 *bytes = g_bytes_get_data (right, &len_bytes);
      g_autoptr (GByteArray) message = half_seal (half, bytes, len_bytes);
      say (half, message, edit, data);
    }
  return half->seal != NULL;
}

GByteArray *
half_seal (Half *half, const guint8 *data, gsize len_bytes)
{
  GByteArray *message = g_byte_array_new ();
  gsize all = len_bytes + TY_NOISE_TAG_BYTES;
  g_assert (all <= TY_NOISE_MAX_BYTES && half->seal != NULL);
  ty_write_u16 (message, (guint16) all);
  g_byte_array_append (message, data, (guint) len_bytes);
  g_byte_array_set_size (message, (guint) (2 + all));
  ty_cipher_seal (&half->seal->out, message->data + 2, len_bytes);
  return message;
}
