/* transport/agree.c: after the hellos: who may have which session over which connection.
 *
 * The wire is in record.h, the states in hub-private.h.  The dialer decides, after both hellos: if both have the same
 * session it is resumed, else a fresh one is begun, and what either had is lost.
 *
 * Two processes that dial each other at once make two connections.  The one that the lesser incarnation dialed is
 * kept: it goes on with its own once the other's hello has come on it, and ends the other's; the greater one gives its
 * own up if the other has said hello on the other connection, which it has by then if the lesser goes on.  So an intro
 * that comes is always to be followed.  Neither gives up a connection for one that has not got as far as a hello:
 * there may be a way in one direction only.
 *
 * Sealed, nobody believes a hello: the connection that is one too many is found out by the acceptor, once the other has
 * proved itself.  The lesser incarnation answers the other's intro with an end if a dial of its own has got a hello;
 * the greater one gives its own dial up for an intro that comes.  A dialer to whom a hello says what would end a
 * session, or prove a death, sends a probe, and acts once that is answered.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plant.h"
#include "transport/address.h"
#include "transport/hub-private.h"

/* Another connection with `conn`'s other end whose intro is waited for, dialed or accepted, or NULL. */
static TyConn *
rival_of (const TyConn *conn, gboolean dialed)
{
  TyHub *hub = conn->hub;
  for (guint i = 0; i < hub->conns->len; i++)
    {
      TyConn *other = g_ptr_array_index (hub->conns, i);
      gboolean far = other->state == TY_CONN_INTRO && other->probe == TY_PROBE_NONE;
      if (other != conn && far && other->dialed == dialed && ty_id_equal (&other->pid, &conn->pid))
        return other;
    }
  return NULL;
}

static gboolean
wins (const TyConn *conn)
{
  return ty_id_compare (&conn->hub->config.pid, &conn->pid) < 0;
}

/* ---- The dialer ---- */

void
ty_handshake_unusable (TyConn *conn, const char *why)
{
  ty_dial_unusable (conn->dial, why);
  ty_conn_close (conn);
}

void
ty_handshake_denied (TyConn *conn, const char *why)
{
  ty_dial_denied (conn->dial, why);
  ty_conn_close (conn);
}

/* Not now: there is, or will be, another connection to the same process. */
void
ty_handshake_postpone (TyConn *conn)
{
  ty_dial_retry (conn->dial, NULL);
  ty_conn_close (conn);
}

/* The peer whose session `conn` is to carry: the one that both ends have, or a fresh one. */
static TyPeer *
agree_on_session (TyConn *conn, gboolean *resume)
{
  TyHub *hub = conn->hub;
  TyPeer *peer = ty_peer_find (hub, &conn->pid);
  *resume = peer != NULL && ty_id_equal (ty_session_id (peer->session), &conn->their_session);
  if (*resume)
    return peer;
  /* The dial goes on as a first contact, or it would end with the session that it was for. */
  if (peer != NULL && peer->redial == conn->dial)
    peer->redial = NULL;
  conn->dial->peer = NULL;
  if (peer != NULL)
    ty_peer_lost (peer, "the other end does not have the session any more");
  TyId session;
  hub->draw (hub->draw_data, &session, sizeof session);
  return ty_peer_new (hub, &conn->pid, &session);
}

static void
dialer_goes_on (TyConn *conn)
{
  gboolean resume;
  TyPeer *peer = agree_on_session (conn, &resume);
  /* Nothing may be received any more on a former connection once its successor has been told what comes next. */
  if (peer->conn != NULL)
    ty_conn_close (peer->conn);
  conn->peer = peer;
  conn->dial->pid = conn->pid;
  if (peer->redial == NULL)
    {
      peer->redial = conn->dial;
      conn->dial->peer = peer;
    }
  if (conn->hub->keys == NULL)
    conn->state = TY_CONN_INTRO;
  ty_handshake_say_intro (conn, peer, resume);
}

static gboolean
is_stranger (const TyConn *conn)
{
  return !ty_id_is_null (&conn->dial->pid) && !ty_id_equal (&conn->pid, &conn->dial->pid);
}

static gboolean
is_connected (const TyPeer *peer)
{
  return peer != NULL && peer->conn != NULL && !peer->conn->hung_up;
}

/* Whether the other end has the session that there is here. */
static gboolean
is_same_session (const TyConn *conn, const TyPeer *peer)
{
  return peer != NULL && ty_id_equal (ty_session_id (peer->session), &conn->their_session);
}

/* Another address of a process that is there already. */
static void
heard_again (TyConn *conn, TyPeer *peer)
{
  TyDial *dial = conn->dial;
  ty_hub_event (conn->hub, TY_EVENT_PEER_HEARD, peer, dial->address);
  ty_dial_done (dial);
  ty_conn_close (conn);
}

void
ty_handshake_dialer_on_hello (TyConn *conn)
{
  TyHub *hub = conn->hub;
  TyDial *dial = conn->dial;
  g_assert (hub->keys == NULL);
  if (is_stranger (conn))
    {
      ty_dial_stranger (dial, &conn->pid);
      ty_conn_close (conn);
      return;
    }
  if (ty_id_equal (&conn->pid, &hub->config.pid))
    {
      ty_handshake_unusable (conn, "that is this process itself");
      return;
    }
  TyPeer *peer = ty_peer_find (hub, &conn->pid);
  gboolean connected = is_connected (peer);
  if (connected && is_same_session (conn, peer))
    {
      heard_again (conn, peer);
      return;
    }
  /* A hello may be older than the session that came to stand over another connection meanwhile. */
  gboolean stale = connected && peer->conn->opened > conn->began;
  TyConn *theirs = rival_of (conn, FALSE);
  if (stale || rival_of (conn, TRUE) != NULL || (theirs != NULL && !wins (conn)))
    {
      ty_handshake_postpone (conn);
      return;
    }
  if (theirs != NULL)
    ty_conn_end (theirs, TY_END_DOUBLE, "we dialed each other at once, and the other connection stays");
  dialer_goes_on (conn);
}

/* Somebody else than who first came as this incarnation. */
static gboolean
is_false (const TyConn *conn)
{
  const guint8 *key = ty_sealing_other (conn);
  const TyPeer *peer = ty_peer_find (conn->hub, &conn->pid);
  if (key == NULL)
    return FALSE;
  return (peer != NULL && peer->has_key && memcmp (peer->key, key, sizeof peer->key) != 0)
         || ty_keyring_contradicts (&conn->hub->keyring, &conn->pid, key);
}

/* Somebody else than who gave the ticket answers there. */
static gboolean
is_impostor (const TyConn *conn)
{
  const TyHub *hub = conn->hub;
  return hub->pinned != NULL && ty_id_is_null (&conn->dial->pid)
         && g_strv_contains ((const char *const *) hub->pinned, conn->dial->address)
         && memcmp (hub->pin, ty_sealing_other (conn), sizeof hub->pin) != 0;
}

/* Message 2 has come: the hello is whole, and the other end has the key that it shows, but who knows who that is? */
void
ty_handshake_dialer_on_keys (TyConn *conn)
{
  TyHub *hub = conn->hub;
  TyPeer *peer = ty_peer_find (hub, &conn->pid);
  gboolean connected = is_connected (peer);
  gboolean stale = connected && peer->conn->opened > conn->began;
  if (ty_id_equal (&conn->pid, &hub->config.pid))
    {
      ty_handshake_unusable (conn, "that is this process itself");
      return;
    }
  if (is_false (conn))
    {
      ty_handshake_unusable (conn, "answers with another key than before");
      return;
    }
  if (is_impostor (conn))
    {
      ty_handshake_denied (conn, "has another key than the ticket says: it is not the process that gave the ticket");
      return;
    }
  if (is_stranger (conn))
    conn->probe = TY_PROBE_STRANGER;
  else if (conn->dial->renews && conn->dial->peer == peer && connected && !stale && is_same_session (conn, peer)
           && rival_of (conn, TRUE) == NULL)
    {
      dialer_goes_on (conn);
      return;
    }
  else if (connected && is_same_session (conn, peer))
    conn->probe = TY_PROBE_ALIAS;
  else if (stale || rival_of (conn, TRUE) != NULL)
    {
      ty_handshake_postpone (conn);
      return;
    }
  else if (peer != NULL && peer->announced && !is_same_session (conn, peer))
    conn->probe = TY_PROBE_LOST;
  if (conn->probe != TY_PROBE_NONE)
    ty_handshake_say_probe (conn);
  else
    dialer_goes_on (conn);
}

void
ty_handshake_probed (TyConn *conn)
{
  TyDial *dial = conn->dial;
  TyPeer *peer = ty_peer_find (conn->hub, &conn->pid);
  gboolean connected = is_connected (peer), same = is_same_session (conn, peer);
  gboolean stale = connected && peer->conn->opened > conn->began;
  if (is_false (conn))
    ty_handshake_unusable (conn, "answers with another key than before");
  else if (conn->probe == TY_PROBE_STRANGER)
    {
      ty_dial_stranger (dial, &conn->pid);
      ty_conn_close (conn);
    }
  else if (conn->probe == TY_PROBE_ALIAS && connected && same)
    heard_again (conn, peer);
  else if (conn->probe == TY_PROBE_LOST && peer != NULL && peer->announced && !same && !stale)
    {
      /* The dial goes on as a first contact, or it would end with the session that it was for. */
      if (peer->redial == dial)
        peer->redial = NULL;
      dial->peer = NULL;
      ty_conn_close (conn);
      ty_dial_again (dial);
      ty_peer_lost (peer, "the other end does not have the session any more");
    }
  else
    ty_handshake_postpone (conn); /* it is not as it was when this was asked */
}

void
ty_handshake_dialer_on_intro (TyConn *conn, const TyIntro *intro)
{
  TyPeer *peer = conn->peer;
  if (!ty_id_equal (&intro->session, ty_session_id (peer->session)))
    {
      conn->hub->stats.malformed++;
      ty_handshake_unusable (conn, "answers with a session that was not asked for");
      return;
    }
  if (ty_peer_connected (peer, conn, intro))
    ty_conn_shm_ask (conn, intro);
}

/* ---- The acceptor ---- */

void
ty_handshake_acceptor_on_hello (TyConn *conn, const TyHello *hello)
{
  if (hello->sealing != ty_hub_sealing (conn->hub))
    {
      ty_handshake_say_hello (conn, TY_HELLO_REFUSED_SEALING);
      ty_conn_linger (conn);
      return;
    }
  if (hello->what != TY_HELLO)
    {
      conn->hub->stats.alien++;
      ty_conn_close (conn);
      return;
    }
  conn->pid = hello->pid;
  ty_handshake_say_hello (conn, TY_HELLO);
  if (conn->hub->keys != NULL)
    ty_sealing_begin (conn);
  else if (ty_id_equal (&hello->pid, &conn->hub->config.pid))
    ty_conn_linger (conn);
  else
    conn->state = TY_CONN_INTRO;
}

/* A dial of one's own to the same process that goes on, and is the one to stay. */
static gboolean
own_dial_stays (const TyConn *conn)
{
  TyHub *hub = conn->hub;
  if (!wins (conn))
    return FALSE;
  for (guint i = 0; i < hub->conns->len; i++)
    {
      const TyConn *other = g_ptr_array_index (hub->conns, i);
      gboolean far = other->state == TY_CONN_SEALING || other->state == TY_CONN_INTRO;
      if (other->dialed && far && other->probe == TY_PROBE_NONE && ty_id_equal (&other->pid, &conn->pid))
        return TRUE;
    }
  return FALSE;
}

void
ty_handshake_acceptor_on_intro (TyConn *conn, const TyIntro *intro)
{
  TyHub *hub = conn->hub;
  if (ty_id_equal (&conn->pid, &hub->config.pid))
    {
      ty_conn_end (conn, TY_END_CLOSED, "that is this process itself");
      return;
    }
  /* What answers, or refuses, at such an address here is another process: no sign of this one's life or death. */
  if (hub->ops->from_afar != NULL && ty_address_is_local (intro->address) && hub->ops->from_afar (conn->link))
    {
      g_autofree char *why = g_strdup_printf (
          "it cannot be dialed at %s from another machine; let it listen where others reach it", intro->address);
      ty_conn_end (conn, TY_END_ADDRESS, why);
      return;
    }
  TyPeer *known = ty_peer_find (hub, &conn->pid);
  if (conn->by_old && !TY_PLANTED (old_network_taken)
      && !(intro->resume && known != NULL && known->has_key
           && ty_id_equal (ty_session_id (known->session), &intro->session)))
    {
      ty_conn_end (conn, TY_END_KEY, "the network secret has been changed");
      return;
    }
  if (hub->keys != NULL && own_dial_stays (conn))
    {
      ty_conn_end (conn, TY_END_DOUBLE, "we dialed each other at once, and the other connection stays");
      return;
    }
  TyPeer *peer = ty_peer_find (hub, &conn->pid);
  if (is_false (conn))
    {
      ty_conn_end (conn, TY_END_KEY, "that process is known here by another key");
      return;
    }
  gboolean same = peer != NULL && ty_id_equal (ty_session_id (peer->session), &intro->session);
  if (intro->resume != same)
    {
      ty_conn_end (conn, TY_END_UNKNOWN, "that session is not to be resumed here");
      return;
    }
  if (!same && peer != NULL)
    ty_peer_lost (peer, "the other end does not have the session any more");
  if (!same)
    peer = ty_peer_new (hub, &conn->pid, &intro->session);
  if (!same && conn->seal != NULL)
    memcpy (peer->binding, conn->seal->hash, sizeof peer->binding);
  if (peer->conn != NULL)
    {
      g_assert (peer->conn != conn);
      ty_conn_close (peer->conn);
    }
  /* Said before any frame; and after the last byte of a former connection has been heard. */
  ty_handshake_say_intro (conn, peer, intro->resume);
  ty_peer_connected (peer, conn, intro);
}
