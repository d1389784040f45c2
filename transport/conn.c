/* transport/conn.c: one connection: its bytes in, its bytes out, its end.  See hub-private.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

TyConn *
ty_conn_new (TyHub *hub, TyLink *link, TyDial *dial)
{
  TyConn *conn = g_new0 (TyConn, 1);
  *conn = (TyConn){
    .hub = hub,
    .link = link,
    .dial = dial,
    .dialed = dial != NULL,
    .state = TY_CONN_CONNECTING,
    .began = ++hub->turn,
    .deadline_us = ty_time_after (hub->now_us, hub->config.handshake_us),
    .last_write_us = hub->now_us,
    .ack_at_us = G_MAXINT64,
    .raw = g_byte_array_new (),
  };
  if (hub->keys != NULL)
    conn->said = g_byte_array_new ();
  hub->ops->set_user (link, conn);
  g_ptr_array_add (hub->conns, conn);
  return conn;
}

void
ty_conn_free (TyConn *conn)
{
  g_assert (conn->state == TY_CONN_GONE && conn->link == NULL && conn->dial == NULL && conn->peer == NULL);
  if (conn->dirty)
    g_ptr_array_remove (conn->hub->dirty, conn);
  g_byte_array_unref (conn->raw);
  g_clear_pointer (&conn->said, g_byte_array_unref);
  ty_remnant_clear (&conn->remnant);
  g_free (conn);
}

/* Lets go of everything but the link. */
static void
conn_gone (TyConn *conn)
{
  conn->state = TY_CONN_GONE;
  conn->hub->ended_any = TRUE;
  if (conn->half_open)
    conn->hub->n_half_open--;
  conn->half_open = FALSE;
  if (conn->dial != NULL)
    conn->dial->conn = NULL;
  conn->dial = NULL;
  if (conn->peer != NULL && conn->peer->conn == conn)
    conn->peer->conn = NULL;
  conn->peer = NULL;
  g_clear_pointer (&conn->parting, ty_session_free);
  g_clear_pointer (&conn->noise, ty_noise_free);
  g_clear_pointer (&conn->seal, ty_seal_free);
}

void
ty_conn_close (TyConn *conn)
{
  if (conn->state == TY_CONN_GONE)
    return;
  if (conn->link != NULL)
    {
      conn->hub->ops->set_user (conn->link, NULL);
      conn->hub->ops->close (conn->link);
    }
  conn->link = NULL;
  conn_gone (conn);
}

void
ty_conn_linger (TyConn *conn)
{
  g_assert (conn->state >= TY_CONN_HELLO && conn->state <= TY_CONN_OPEN);
  g_assert (conn->peer == NULL || conn->peer->conn != conn);
  if (conn->dial != NULL)
    conn->dial->conn = NULL;
  conn->dial = NULL;
  conn->peer = NULL;
  conn->state = TY_CONN_LINGER;
  conn->deadline_us = ty_time_after (conn->hub->now_us, TY_LINGER_US);
  ty_remnant_clear (&conn->remnant);
  g_clear_pointer (&conn->noise, ty_noise_free);
  ty_conn_mark (conn);
}

GByteArray *
ty_conn_words (TyConn *conn)
{
  g_assert (conn->hub->keys == NULL || conn->seal != NULL);
  return ty_conn_seals (conn) ? conn->said : conn->raw;
}

void
ty_conn_say (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  g_byte_array_append (conn->raw, data, (guint) len_bytes);
  ty_conn_mark (conn);
}

void
ty_conn_end (TyConn *conn, TyEndWhy why, const char *text)
{
  TySession *session = conn->state == TY_CONN_OPEN && conn->peer != NULL ? conn->peer->session : NULL;
  gboolean mute = conn->hub->keys != NULL && conn->seal == NULL;
  gboolean mid_frame = session != NULL && ty_session_mid_frame (session);
  if (mute || mid_frame || conn->shm_out == TY_SHM_SAID)
    {
      /* There is no place for a word before the seal, in the middle of a frame, or behind the switch. */
      ty_conn_close (conn);
      return;
    }
  ty_end_write (why, text, 0, ty_conn_words (conn));
  if (conn->peer != NULL && conn->peer->conn == conn)
    conn->peer->conn = NULL;
  ty_conn_linger (conn);
}

void
ty_conn_malformed (TyConn *conn, const char *why)
{
  TyPeer *peer = conn->peer;
  if (conn->shm_in)
    {
      ty_conn_shm_broken (conn, why);
      return;
    }
  g_autofree char *text = g_strdup_printf ("it sent what is not in the wire format: %s", why);
  conn->hub->stats.malformed++;
  ty_conn_end (conn, TY_END_MALFORMED, why);
  if (peer != NULL)
    ty_peer_lost (peer, text);
}

/* ---- From the net ---- */

static TyConn *
conn_of (TyHub *hub, TyLink *link)
{
  TyConn *conn = hub->ops->get_user (link);
  g_assert (!hub->stepping);
  g_assert (conn != NULL && conn->link == link && conn->state != TY_CONN_GONE);
  return conn;
}

guint8 *
ty_hub_room (TyHub *hub, TyLink *link, gsize *room_bytes)
{
  TyConn *conn = conn_of (hub, link);
  return ty_inbox_room (&hub->inbox, &conn->remnant, room_bytes);
}

void
ty_hub_on_read (TyHub *hub, TyLink *link, gsize len_bytes)
{
  ty_conn_on_read (conn_of (hub, link), len_bytes);
  ty_hub_leave (hub);
}

void
ty_hub_on_bytes (TyHub *hub, TyLink *link, gconstpointer data, gsize len_bytes)
{
  TyConn *conn = conn_of (hub, link);
  const guint8 *at = data;
  while (len_bytes > 0 && conn->state != TY_CONN_GONE)
    {
      gsize room;
      guint8 *to = ty_inbox_room (&hub->inbox, &conn->remnant, &room);
      gsize n = MIN (room, len_bytes);
      memcpy (to, at, n);
      ty_conn_on_read (conn, n);
      at += n;
      len_bytes -= n;
    }
  ty_hub_leave (hub);
}

void
ty_hub_on_writable (TyHub *hub, TyLink *link)
{
  TyConn *conn = conn_of (hub, link);
  conn->blocked = FALSE;
  ty_conn_mark (conn);
}

void
ty_hub_on_hangup (TyHub *hub, TyLink *link)
{
  TyConn *conn = conn_of (hub, link);
  if (conn->state == TY_CONN_OPEN && !conn->hung_up)
    {
      conn->hung_up = TRUE;
      ty_peer_disconnected (conn->peer, "the other end closed the connection", TRUE);
    }
  ty_hub_leave (hub);
}

static const char *
end_text (TyLinkEnd why)
{
  switch (why)
    {
    case TY_LINK_EOF:
      return "the other end closed the connection";
    case TY_LINK_RESET:
      return "the connection broke";
    case TY_LINK_REFUSED:
      return "nobody listens there";
    case TY_LINK_UNREACHABLE:
      return "there is no way there";
    case TY_LINK_BAD_ADDRESS:
      return "that is no address";
    case TY_LINK_SHM_BROKEN:
      return "what is in the shared memory cannot be";
    }
  return "the connection ended";
}

void
ty_hub_on_ended (TyHub *hub, TyLink *link, TyLinkEnd why, const char *text)
{
  TyConn *conn = conn_of (hub, link);
  TyPeer *peer = conn->state == TY_CONN_OPEN ? conn->peer : NULL;
  if (text == NULL)
    text = end_text (why);
  hub->ops->set_user (link, NULL);
  conn->link = NULL;
  if (conn->state < TY_CONN_OPEN)
    ty_handshake_failed (conn, why, text);
  ty_conn_close (conn);
  if (peer != NULL && why == TY_LINK_SHM_BROKEN)
    ty_peer_shm_rests (peer);
  if (peer != NULL)
    ty_peer_disconnected (peer, text, TRUE);
  ty_hub_leave (hub);
}

/* ---- Time ---- */

void
ty_conn_on_time (TyConn *conn)
{
  TyHub *hub = conn->hub;
  if (conn->state == TY_CONN_GONE)
    return;
  if (hub->now_us >= conn->deadline_us)
    {
      conn->deadline_us = G_MAXINT64;
      TyPeer *peer = conn->state == TY_CONN_OPEN ? conn->peer : NULL;
      if (conn->state < TY_CONN_OPEN)
        ty_handshake_timed_out (conn);
      ty_conn_close (conn);
      if (peer != NULL)
        ty_peer_disconnected (peer, "the rest of the connection never came", TRUE);
    }
  else if (conn->state == TY_CONN_OPEN && !conn->blocked && !conn->hung_up
           && ty_conn_alone_due (conn, conn->peer->session))
    ty_conn_mark (conn);
}

gint64
ty_conn_deadline (const TyConn *conn)
{
  gint64 deadline = conn->deadline_us;
  if (conn->state == TY_CONN_OPEN && !conn->blocked && !conn->hung_up)
    {
      gint64 heartbeat_us = ty_time_after (conn->last_write_us, conn->hub->config.heartbeat_us);
      deadline = MIN (deadline, MIN (conn->ack_at_us, heartbeat_us));
    }
  return deadline;
}
