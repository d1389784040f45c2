/* transport/shm-hub.c: how a connection goes over to shared memory, as the hub sees it.
 *
 *     dialer                                                   acceptor
 *       ◄───────────────────────── connection: intro, with an offer      where it can be asked, and a token
 *       makes the memory
 *       ─── its descriptors, proof by the token: at that place ───►      ty_hub_shm_asked (), ty_hub_on_shm ()
 *       ◄──────────────────────────────── connection: switch             what follows comes through the memory
 *       connection: switch ────────────────────────────────────►         likewise
 *
 * The proof is a MAC, by the token, over both incarnations, the session, and the hash of the handshake: it shows that
 * who passes the memory is who is at the other end of the connection.  That both are on one machine and of one user is
 * what the kernel says (shm-net.c).
 *
 * A direction goes over at one place of its stream: all before the switch came by the connection, all behind it comes
 * through the memory, and nothing follows the switch on the connection.  So nothing is lost, doubled or exchanged by
 * it, and a session does not notice.  The connection stays: its end is the end of both, and proves as much as before.
 *
 * What goes through the memory is not sealed: only processes of the same user can reach it, and those could read
 * the keys.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

#include <sodium.h>

/* A process whose memory held nonsense is not asked for any for so long. */
#define REST_US (60 * G_USEC_PER_SEC)

G_STATIC_ASSERT (TY_SHM_TOKEN_BYTES >= crypto_generichash_KEYBYTES_MIN);
G_STATIC_ASSERT (TY_SHM_TOKEN_BYTES <= crypto_generichash_KEYBYTES_MAX);

static void
prove (const TyConn *conn, const TyPeer *peer, const guint8 *token, guint8 out[TY_SHM_PROOF_BYTES])
{
  static const char label[] = "tyet shared memory 1";
  const TyId *own = &conn->hub->config.pid;
  const TyId *both[2] = { conn->dialed ? own : &peer->pid, conn->dialed ? &peer->pid : own };
  guint8 hash[TY_NOISE_HASH_BYTES] = { 0 };
  crypto_generichash_state state;
  if (conn->seal != NULL)
    memcpy (hash, conn->seal->hash, sizeof hash);
  if (sodium_init () < 0)
    g_error ("libsodium does not start");
  crypto_generichash_init (&state, token, TY_SHM_TOKEN_BYTES, TY_SHM_PROOF_BYTES);
  crypto_generichash_update (&state, (const guint8 *) label, sizeof label);
  crypto_generichash_update (&state, both[0]->b, sizeof both[0]->b);
  crypto_generichash_update (&state, both[1]->b, sizeof both[1]->b);
  crypto_generichash_update (&state, ty_session_id (peer->session)->b, sizeof (TyId));
  crypto_generichash_update (&state, hash, sizeof hash);
  crypto_generichash_final (&state, out, TY_SHM_PROOF_BYTES);
  sodium_memzero (&state, sizeof state);
}

static gboolean
rests (const TyConn *conn)
{
  const TyPeer *peer = ty_peer_find (conn->hub, &conn->pid);
  return peer != NULL && conn->hub->now_us < peer->shm_after_us;
}

void
ty_peer_shm_rests (TyPeer *peer)
{
  peer->hub->stats.shm_broken++;
  peer->shm_after_us = ty_time_after (peer->hub->now_us, REST_US);
}

/* ---- Agreeing ---- */

void
ty_conn_shm_offer (TyConn *conn, TyIntro *intro, char place[TY_SHM_PLACE_BYTES])
{
  TyHub *hub = conn->hub;
  g_assert (!conn->dialed);
  if (hub->ops->shm_place == NULL || rests (conn) || !hub->ops->shm_place (conn->link, place))
    return;
  hub->draw (hub->draw_data, conn->shm_token, sizeof conn->shm_token);
  conn->shm_offered = TRUE;
  intro->shm_place = place;
  memcpy (intro->shm_token, conn->shm_token, sizeof intro->shm_token);
}

void
ty_conn_shm_ask (TyConn *conn, const TyIntro *intro)
{
  TyHub *hub = conn->hub;
  TyShmAsk ask = { .pid = hub->config.pid };
  g_assert (conn->dialed && conn->state == TY_CONN_OPEN);
  if (intro->shm_place == NULL || hub->ops->shm_ask == NULL || rests (conn))
    return;
  prove (conn, conn->peer, intro->shm_token, ask.proof);
  hub->ops->shm_ask (conn->link, intro->shm_place, &ask);
}

TyLink *
ty_hub_shm_asked (TyHub *hub, const TyShmAsk *ask)
{
  guint8 proof[TY_SHM_PROOF_BYTES];
  TyPeer *peer = ty_peer_find (hub, &ask->pid);
  TyConn *conn = peer != NULL ? peer->conn : NULL;
  g_assert (!hub->stepping);
  if (conn == NULL || conn->link == NULL || !conn->shm_offered)
    return NULL;
  prove (conn, peer, conn->shm_token, proof);
  if (sodium_memcmp (proof, ask->proof, sizeof proof) != 0)
    return NULL;
  sodium_memzero (conn->shm_token, sizeof conn->shm_token);
  conn->shm_offered = FALSE;
  return conn->link;
}

void
ty_hub_on_shm (TyHub *hub, TyLink *link)
{
  TyConn *conn = hub->ops->get_user (link);
  g_assert (conn != NULL && conn->state == TY_CONN_OPEN && conn->shm_out == TY_SHM_OFF);
  conn->shm_out = TY_SHM_DUE;
  ty_conn_mark (conn);
}

/* ---- Going over ---- */

void
ty_conn_shm_say (TyConn *conn)
{
  guint8 head[TY_RECORD_HEAD_BYTES];
  gboolean mute = conn->raw->len == 0 && (conn->said == NULL || conn->said->len == 0);
  if (conn->shm_out != TY_SHM_DUE || conn->state != TY_CONN_OPEN || !mute || ty_session_mid_frame (conn->peer->session))
    return;
  TySession *session = conn->peer->session;
  ty_record_head_write (&(TyRecordHead){ .kind = TY_RECORD_SWITCH, .ack = ty_session_ack (session) }, head);
  g_byte_array_append (ty_conn_words (conn), head, sizeof head);
  ty_session_ack_written (session);
  conn->shm_out = TY_SHM_SAID;
}

void
ty_conn_shm_go (TyConn *conn)
{
  g_assert (conn->shm_out == TY_SHM_SAID && conn->raw->len == 0);
  g_assert (conn->said == NULL || conn->said->len == 0);
  conn->shm_out = TY_SHM_ON;
  if (!conn->hub->ops->shm_write (conn->link))
    g_error ("the shared memory of a connection is gone before its end");
}

void
ty_conn_shm_on_switch (TyConn *conn)
{
  TyHub *hub = conn->hub;
  g_assert (conn->state == TY_CONN_OPEN);
  if (conn->shm_in || hub->ops->shm_read == NULL || !hub->ops->shm_read (conn->link))
    {
      ty_conn_shm_broken (conn, "a switch to shared memory that there is not");
      return;
    }
  conn->shm_in = TRUE;
  hub->stats.shm++;
  g_debug ("%s and %s go over to shared memory", hub->name, conn->peer->name);
  if (conn->shm_out != TY_SHM_OFF)
    return;
  conn->shm_out = TY_SHM_DUE;
  ty_conn_mark (conn);
}

/* ---- Trouble ---- */

void
ty_conn_shm_broken (TyConn *conn, const char *why)
{
  TyPeer *peer = conn->state == TY_CONN_OPEN ? conn->peer : NULL;
  g_autofree char *text = g_strdup_printf ("what is in the shared memory cannot be: %s", why);
  ty_conn_close (conn);
  if (peer == NULL)
    return;
  ty_peer_shm_rests (peer);
  ty_peer_disconnected (peer, text, TRUE);
}

/* ---- Which it is ---- */

const char *
ty_hub_channel (TyHub *hub, const TyId *pid)
{
  guint8 origin[TY_ORIGIN_BYTES];
  TyPeer *peer = ty_peer_find (hub, pid);
  if (peer == NULL || peer->conn == NULL)
    return NULL;
  if (peer->conn->shm_out == TY_SHM_ON)
    return "shm";
  return hub->ops->origin (peer->conn->link, origin) ? "tcp" : "unix";
}
