/* transport/sealing.c: the seal of a connection: its handshake's bytes, and sealed records.  See noise.h and record.h.
 *
 *    SEALING, dialer:     ─► 1,  2 ─►  dialer_on_keys (): 3 with an intro or a probe ─►  INTRO
 *    SEALING, acceptor:   1 ─►  ─► 2,  3 ─►  INTRO, with the record that was in 3
 *
 * Nothing here trusts a length: of the two that come in the clear, one is bounded by what an intro can be, the other by
 * two bytes, and what they count stays in the inbox until it is there whole.  Opened and sealed in place: no record
 * costs an allocation, and bodies of frames are copied once, from what all peers share into this connection's own
 * bytes.
 *
 * A connection on which anything does not open is closed, never mended.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

#include <sodium.h>

#define LENGTH_BYTES 2
#define MAX_PLAIN_BYTES (TY_NOISE_MAX_BYTES - TY_NOISE_TAG_BYTES)
#define MIN_SEALED_BYTES (TY_RECORD_HEAD_BYTES + TY_NOISE_TAG_BYTES)
/* Of an intro, and perhaps an end right behind it. */
#define MAX_INTRO_BYTES (2 * (TY_RECORD_HEAD_BYTES + TY_INTRO_MAX_BODY) + TY_NOISE_TAG_BYTES)

/* The longest last message: a static key, an intro. */
#define LAST_BYTES (TY_NOISE_KEY_BYTES + 2 * TY_NOISE_TAG_BYTES + TY_RECORD_HEAD_BYTES + TY_INTRO_MAX_BODY)

/* A frame of any length fits; and the beginning of a hello, which may come in its place, is no length of an intro. */
G_STATIC_ASSERT (MAX_PLAIN_BYTES >= TY_RECORD_HEAD_BYTES + TY_RECORD_MAX_BODY);
G_STATIC_ASSERT (MAX_INTRO_BYTES < ('t' | 'y' << 8));

static gsize
get_length (const guint8 *data)
{
  return (gsize) data[0] | (gsize) data[1] << 8;
}

static void
put_length (guint8 *out, gsize len_bytes)
{
  g_assert (len_bytes <= TY_NOISE_MAX_BYTES);
  out[0] = (guint8) len_bytes;
  out[1] = (guint8) (len_bytes >> 8);
}

/* ---- Keys ---- */

TyHubKeys *
ty_hub_keys_new (const TyHubConfig *config, TyHubDraw draw, gpointer draw_data)
{
  if (sodium_init () < 0)
    g_error ("libsodium does not start");
  TyHubKeys *keys = sodium_malloc (sizeof *keys);
  if (keys == NULL)
    g_error ("no locked memory for keys");
  memset (keys, 0, sizeof *keys);
  keys->n_secrets = 1;
  memcpy (keys->secrets[0].psk, config->secret, sizeof keys->secrets[0].psk);
  if (config->identity != NULL)
    memcpy (keys->secret, config->identity, sizeof keys->secret);
  else
    draw (draw_data, keys->secret, sizeof keys->secret);
  if (crypto_scalarmult_base (keys->public, keys->secret) != 0)
    g_error ("the process's key is of no use");
  return keys;
}

void
ty_hub_keys_free (TyHubKeys *keys)
{
  sodium_free (keys); /* wipes them */
}

/* Nobody who has not come through with the former secret does any more. */
static void
end_unfinished (TyHub *hub)
{
  for (guint i = 0; i < hub->conns->len; i++)
    {
      TyConn *conn = g_ptr_array_index (hub->conns, i);
      if (conn->state != TY_CONN_HELLO && conn->state != TY_CONN_SEALING && conn->state != TY_CONN_INTRO)
        continue;
      if (conn->dial != NULL)
        ty_dial_retry (conn->dial, NULL);
      ty_conn_close (conn);
    }
}

static void
forget_secret (TyHubKeys *keys, guint i)
{
  keys->n_secrets--;
  memmove (&keys->secrets[i], &keys->secrets[i + 1], (keys->n_secrets - i) * sizeof keys->secrets[0]);
  sodium_memzero (&keys->secrets[keys->n_secrets], sizeof keys->secrets[0]);
}

/* It goes behind all others, and is known only so that those who have no newer one still come through. */
static void
retire_secret (TyHubKeys *keys, guint i)
{
  TyHubSecret last = keys->secrets[i];
  last.former = TRUE;
  forget_secret (keys, i);
  keys->secrets[keys->n_secrets++] = last;
  sodium_memzero (&last, sizeof last);
}

/* That of the group's own before, and the one that was given, are replaced; other groups' hold for their members. */
static void
retire_secrets (TyHubKeys *keys, const TyId *group)
{
  for (guint i = keys->n_secrets; i-- > 0;)
    if (keys->secrets[i].former && ty_id_equal (&keys->secrets[i].group, group))
      forget_secret (keys, i); /* all of them have had a newer one */
  for (guint i = 0, left = keys->n_secrets; left > 0; left--)
    {
      const TyHubSecret *secret = &keys->secrets[i];
      gboolean replaced = ty_id_equal (&secret->group, group) || ty_id_is_null (&secret->group);
      if (replaced && !secret->former)
        retire_secret (keys, i); /* the next one is in its place */
      else
        i++;
    }
}

void
ty_sealing_rekey (TyHub *hub, const TyId *group, GBytes *psk)
{
  gsize len;
  const guint8 *bytes = g_bytes_get_data (psk, &len);
  TyHubKeys *keys = hub->keys;
  g_assert (keys != NULL && len == sizeof keys->secrets[0].psk);
  retire_secrets (keys, group);
  if (keys->n_secrets == TY_HUB_MOST_SECRETS)
    forget_secret (keys, TY_HUB_MOST_SECRETS - 1);
  memmove (&keys->secrets[1], &keys->secrets[0], keys->n_secrets * sizeof keys->secrets[0]);
  keys->n_secrets++;
  keys->secrets[0].group = *group;
  keys->secrets[0].former = FALSE;
  memcpy (keys->secrets[0].psk, bytes, len);
  for (guint i = 0; i < hub->dials->len; i++)
    ((TyDial *) hub->dials->pdata[i])->secret = 0;
  end_unfinished (hub);
}

/* One of the two ends makes the new connection; the session goes over to it, and nothing is lost. */
void
ty_sealing_renew (TyHub *hub, const TyId *group, gboolean given_too)
{
  if (hub->keys == NULL)
    return;
  for (guint i = hub->keys->n_secrets; i-- > 0;)
    {
      const TyHubSecret *secret = &hub->keys->secrets[i];
      gboolean its = ty_id_equal (&secret->group, group) || (given_too && ty_id_is_null (&secret->group));
      if (secret->former && its)
        forget_secret (hub->keys, i);
    }
  for (guint i = 0; i < hub->dials->len; i++)
    ((TyDial *) hub->dials->pdata[i])->secret = 0;
  end_unfinished (hub);
  for (guint i = 0; i < hub->peers->len; i++)
    {
      TyPeer *peer = g_ptr_array_index (hub->peers, i);
      if (peer != NULL && peer->conn != NULL && ty_id_compare (&hub->config.pid, &peer->pid) < 0)
        ty_dial_renew (peer);
    }
}

gboolean
ty_sealing_has_former (const TyHub *hub)
{
  return hub->keys->n_secrets > 0 && hub->keys->secrets[hub->keys->n_secrets - 1].former;
}

/* A former one is of use for a session that there is. */
gboolean
ty_sealing_next_secret (TyDial *dial)
{
  const TyHubKeys *keys = dial->hub->keys;
  guint next = dial->secret + 1;
  gboolean good = next < keys->n_secrets
                  && (!keys->secrets[next].former || (dial->peer != NULL && dial->peer->announced));
  dial->secret = good ? next : 0;
  return good;
}

/* ---- The handshake ---- */

static void
make_noise (TyConn *conn)
{
  TyHub *hub = conn->hub;
  guint8 ephemeral[TY_NOISE_KEY_BYTES];
  g_assert (conn->noise == NULL && hub->keys != NULL);
  g_assert (conn->dial == NULL || conn->dial->secret < hub->keys->n_secrets);
  hub->draw (hub->draw_data, ephemeral, sizeof ephemeral);
  conn->noise = ty_noise_new (&(TyNoiseConfig){
      .pattern = TY_NOISE_XX_PSK3,
      .initiator = conn->dialed,
      .prologue = conn->hellos,
      .prologue_bytes = sizeof conn->hellos,
      .secret = hub->keys->secret,
      .public = hub->keys->public,
      .ephemeral = ephemeral,
      .psk = hub->keys->secrets[conn->dial != NULL ? conn->dial->secret : 0].psk,
  });
  sodium_memzero (ephemeral, sizeof ephemeral);
}

/* The other end is not who it should be, or someone tampers: nothing is said to whom nothing is known of. */
static void
not_genuine (TyConn *conn)
{
  conn->hub->stats.unproven++;
  if (conn->dialed)
    ty_dial_retry (conn->dial, "its handshake is not genuine: somebody between changes what is sent");
  ty_conn_close (conn);
}

static gboolean
write_message (TyConn *conn, const guint8 *payload, gsize len_bytes)
{
  gboolean good = ty_noise_write (conn->noise, payload, len_bytes, conn->raw);
  if (good)
    ty_conn_mark (conn);
  return good;
}

void
ty_sealing_begin (TyConn *conn)
{
  g_assert (conn->state == TY_CONN_HELLO);
  conn->state = TY_CONN_SEALING;
  if (!conn->dialed)
    return; /* an acceptor makes no keys before there is something to read */
  make_noise (conn);
  if (!write_message (conn, NULL, 0))
    not_genuine (conn);
}

static void
split (TyConn *conn)
{
  conn->seal = ty_noise_split (conn->noise);
  g_assert (conn->seal != NULL);
  g_clear_pointer (&conn->noise, ty_noise_free);
  conn->state = TY_CONN_INTRO;
}

gboolean
ty_sealing_finish (TyConn *conn, const GByteArray *record)
{
  g_assert (conn->dialed && conn->state == TY_CONN_SEALING);
  guint at = conn->raw->len;
  g_byte_array_set_size (conn->raw, at + LENGTH_BYTES);
  if (!write_message (conn, record->data, record->len))
    return FALSE;
  put_length (conn->raw->data + at, conn->raw->len - at - LENGTH_BYTES);
  split (conn);
  return TRUE;
}

/* A message 3 may be by any of the network secrets that hold, also by a former one while there are members that do not
 * have the new one. */
static gboolean
read_last (TyConn *conn, guint8 *message, gsize len_bytes, guint8 **payload, gsize *payload_bytes)
{
  const TyHubKeys *keys = conn->hub->keys;
  guint8 again[LAST_BYTES];
  gboolean good = FALSE;
  g_assert (len_bytes <= sizeof again);
  if (keys->n_secrets == 1)
    return ty_noise_read (conn->noise, message, len_bytes, payload, payload_bytes);
  memcpy (again, message, len_bytes);
  for (guint i = 0; i < keys->n_secrets && !good; i++)
    {
      TyNoise *noise = ty_noise_copy (conn->noise, keys->secrets[i].psk);
      memcpy (message, again, len_bytes);
      good = ty_noise_read (noise, message, len_bytes, payload, payload_bytes);
      conn->by_old = good && keys->secrets[i].former;
      if (good)
        {
          ty_noise_free (conn->noise);
          conn->noise = g_steal_pointer (&noise);
        }
      ty_noise_free (noise);
    }
  return good;
}

/* Message 3: who it is from is known if it opens. */
static gsize
on_last (TyConn *conn, guint8 *data, gsize len_bytes)
{
  guint8 *payload;
  gsize payload_bytes;
  if (len_bytes < LENGTH_BYTES)
    return 0;
  gsize n = get_length (data), least = ty_noise_next_bytes (conn->noise);
  if (n < least + TY_RECORD_HEAD_BYTES || n > least + TY_RECORD_HEAD_BYTES + TY_INTRO_MAX_BODY)
    {
      not_genuine (conn);
      return 0;
    }
  if (len_bytes < LENGTH_BYTES + n)
    return 0;
  if (!read_last (conn, data + LENGTH_BYTES, n, &payload, &payload_bytes))
    {
      conn->hub->stats.unproven++;
      ty_handshake_say_hello (conn, TY_HELLO_REFUSED_SECRET);
      ty_conn_linger (conn);
      return 0;
    }
  split (conn);
  gsize used = ty_conn_on_records (conn, payload, payload_bytes);
  if (conn->state == TY_CONN_INTRO)
    ty_handshake_bad_intro (conn, "an intro that is not whole");
  else if (conn->state == TY_CONN_OPEN && used != payload_bytes)
    ty_conn_malformed (conn, "more than an intro");
  return LENGTH_BYTES + n;
}

gsize
ty_sealing_on_handshake (TyConn *conn, guint8 *data, gsize len_bytes)
{
  guint8 *payload;
  gsize payload_bytes;
  if (conn->noise == NULL)
    make_noise (conn);
  if (ty_noise_step (conn->noise) == 2)
    return on_last (conn, data, len_bytes);
  gsize n = ty_noise_next_bytes (conn->noise);
  if (len_bytes < n)
    return 0;
  gboolean good = ty_noise_read (conn->noise, data, n, &payload, &payload_bytes);
  if (!good)
    not_genuine (conn);
  else if (conn->dialed)
    ty_handshake_dialer_on_keys (conn);
  else if (!write_message (conn, NULL, 0))
    not_genuine (conn);
  return n;
}

const guint8 *
ty_sealing_other (const TyConn *conn)
{
  if (conn->seal != NULL)
    return conn->seal->other;
  return conn->noise != NULL ? ty_noise_other (conn->noise) : NULL;
}

/* ---- Sealed records ---- */

static void
forged (TyConn *conn)
{
  TyPeer *peer = conn->state == TY_CONN_OPEN ? conn->peer : NULL;
  conn->hub->stats.forged++;
  if (conn->state == TY_CONN_INTRO && conn->dialed)
    ty_dial_retry (conn->dial, "its answer is not genuine: somebody between changes what is sent");
  ty_conn_close (conn);
  if (peer != NULL)
    ty_peer_disconnected (peer, "what came on the connection was not what the other end had sealed", TRUE);
}

gsize
ty_sealing_on_record (TyConn *conn, guint8 *data, gsize len_bytes)
{
  gsize most = conn->state == TY_CONN_OPEN ? TY_NOISE_MAX_BYTES : MAX_INTRO_BYTES;
  if (len_bytes < LENGTH_BYTES)
    return 0;
  gsize n = get_length (data);
  if (n > most && conn->state == TY_CONN_INTRO && data[0] == 't' && data[1] == 'y')
    {
      if (len_bytes < TY_HELLO_BYTES)
        return 0;
      ty_handshake_on_refusal (conn, data, len_bytes);
      return 0;
    }
  if (n < MIN_SEALED_BYTES || n > most)
    {
      forged (conn);
      return 0;
    }
  if (len_bytes < LENGTH_BYTES + n)
    return 0;
  guint8 *plain = data + LENGTH_BYTES;
  gsize left = n - TY_NOISE_TAG_BYTES;
  if (!ty_cipher_open (&conn->seal->in, plain, n))
    {
      forged (conn);
      return 0;
    }
  conn->opened_records++;
  while (left > 0 && (conn->state == TY_CONN_INTRO || conn->state == TY_CONN_OPEN))
    {
      gsize used = ty_conn_on_records (conn, plain, left);
      gboolean listens = conn->state == TY_CONN_INTRO || conn->state == TY_CONN_OPEN;
      if (used == 0 && listens && conn->state == TY_CONN_INTRO)
        ty_handshake_bad_intro (conn, "an intro that is not whole");
      else if (used == 0 && listens)
        ty_conn_malformed (conn, "a record that is not whole");
      if (used == 0)
        break;
      plain += used;
      left -= used;
    }
  return LENGTH_BYTES + n;
}

void
ty_sealing_fill (TyConn *conn, TySession *session)
{
  GByteArray *raw = conn->raw;
  TyGather *g = &conn->hub->gather;
  g_assert (raw->len == 0 && conn->raw_offset == 0);
  g->n_parts = g->n_heads = 0;
  g->n_bytes = 0;
  g->whole_bytes = MAX_PLAIN_BYTES;
  gboolean words = conn->said->len > 0;
  if (!words && session != NULL)
    ty_session_gather (session, g);
  gsize plain = words ? conn->said->len : g->n_bytes;
  if (plain == 0)
    return;
  g_assert (plain <= MAX_PLAIN_BYTES);
  g_byte_array_set_size (raw, (guint) (LENGTH_BYTES + plain + TY_NOISE_TAG_BYTES));
  guint8 *at = raw->data + LENGTH_BYTES;
  if (words)
    memcpy (at, conn->said->data, plain);
  for (guint i = 0; i < g->n_parts; i++)
    at = (guint8 *) memcpy (at, g->parts[i].iov_base, g->parts[i].iov_len) + g->parts[i].iov_len;
  put_length (raw->data, plain + TY_NOISE_TAG_BYTES);
  if (!ty_cipher_seal (&conn->seal->out, raw->data + LENGTH_BYTES, plain))
    g_error ("a connection has lasted for 2^64 records");
  if (words)
    g_byte_array_set_size (conn->said, 0);
  else
    ty_session_wrote (session, plain); /* as sealed, it is as good as gone: it can go on no other connection */
}
