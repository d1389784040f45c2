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
  g_assert (conn->state == TY_CONN_HELLO || conn->state == TY_CONN_INTRO || conn->state == TY_CONN_OPEN);
  g_assert (conn->peer == NULL || conn->peer->conn != conn);
  if (conn->dial != NULL)
    conn->dial->conn = NULL;
  conn->dial = NULL;
  conn->peer = NULL;
  conn->state = TY_CONN_LINGER;
  conn->deadline_us = ty_time_after (conn->hub->now_us, TY_LINGER_US);
  ty_remnant_clear (&conn->remnant);
  ty_conn_mark (conn);
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
  if (session != NULL && ty_session_mid_frame (session))
    {
      /* There is no place for a word in the middle of a frame. */
      ty_conn_close (conn);
      return;
    }
  ty_end_write (why, text, 0, conn->raw);
  if (conn->peer != NULL && conn->peer->conn == conn)
    conn->peer->conn = NULL;
  ty_conn_linger (conn);
}

void
ty_conn_malformed (TyConn *conn, const char *why)
{
  TyPeer *peer = conn->peer;
  g_autofree char *text = g_strdup_printf ("it sent what is not in the wire format: %s", why);
  conn->hub->stats.malformed++;
  ty_conn_end (conn, TY_END_MALFORMED, why);
  if (peer != NULL)
    ty_peer_lost (peer, text);
}

/* ---- Out ---- */

void
ty_conn_mark (TyConn *conn)
{
  if (conn->dirty || conn->state == TY_CONN_GONE)
    return;
  conn->dirty = TRUE;
  g_ptr_array_add (conn->hub->dirty, conn);
}

/* The session whose frames go out here, or NULL. */
static TySession *
conn_session (const TyConn *conn)
{
  if (conn->parting != NULL)
    return conn->parting;
  return conn->state == TY_CONN_OPEN ? conn->peer->session : NULL;
}

/* Something that is said when nothing else is. */
static void
say_alone (TyConn *conn, TySession *session)
{
  if (conn->parting != NULL)
    {
      ty_end_write (TY_END_CLOSED, "closed", ty_session_ack (session), conn->raw);
      g_clear_pointer (&conn->parting, ty_session_free);
      return;
    }
  guint8 head[TY_RECORD_HEAD_BYTES];
  ty_record_head_write (&(TyRecordHead){ .kind = TY_RECORD_ACK, .ack = ty_session_ack (session) }, head);
  g_byte_array_append (conn->raw, head, sizeof head);
  ty_session_ack_written (session);
  conn->ack_at_us = G_MAXINT64;
  conn->hub->stats.acks_alone++;
}

/* Whether there is a reason to. */
static gboolean
alone_due (const TyConn *conn, TySession *session)
{
  if (conn->parting != NULL)
    return TRUE;
  gint64 now_us = conn->hub->now_us;
  return ty_session_ack_due_bytes (session) >= TY_ACK_BYTES
         || (ty_session_ack_due (session) && now_us >= conn->ack_at_us)
         || now_us - conn->last_write_us >= conn->hub->config.heartbeat_us;
}

/* One writev () of what there is. FALSE: no more now. */
static gboolean
flush_once (TyConn *conn)
{
  TyHub *hub = conn->hub;
  TyGather *g = &hub->gather;
  TySession *session = conn_session (conn);
  gsize raw_left = conn->raw->len - conn->raw_offset;
  g->n_parts = g->n_heads = 0;
  g->n_bytes = 0;
  if (raw_left > 0)
    {
      /* Nothing is ever said while a frame is under way, so that this may go first. */
      g_assert (session == NULL || !ty_session_mid_frame (session));
      g->parts[g->n_parts++] = (struct iovec){ conn->raw->data + conn->raw_offset, raw_left };
      g->n_bytes = raw_left;
    }
  if (session != NULL)
    ty_session_gather (session, g);
  if (g->n_parts == 0)
    return FALSE;
  gssize n = hub->ops->writev (conn->link, g->parts, g->n_parts);
  hub->stats.writes++;
  if (n < (gssize) g->n_bytes)
    conn->blocked = TRUE;
  if (n <= 0)
    return FALSE;
  hub->stats.bytes_out += (gsize) n;
  conn->last_write_us = hub->now_us;
  gsize raw_written = MIN (raw_left, (gsize) n);
  conn->raw_offset += raw_written;
  if (conn->raw_offset == conn->raw->len)
    {
      g_byte_array_set_size (conn->raw, 0);
      conn->raw_offset = 0;
    }
  if ((gsize) n > raw_written)
    ty_session_wrote (session, (gsize) n - raw_written);
  return !conn->blocked;
}

void
ty_conn_flush (TyConn *conn)
{
  if (conn->state == TY_CONN_GONE || conn->state == TY_CONN_CONNECTING || conn->blocked || conn->hung_up)
    return;
  guint64 out_before = conn->hub->stats.bytes_out;
  for (;;)
    {
      TySession *session = conn_session (conn);
      gboolean idle = conn->raw->len == 0 && session != NULL && !ty_session_has_output (session);
      if (idle && alone_due (conn, session))
        say_alone (conn, session);
      else if (idle)
        break;
      if (!flush_once (conn))
        break;
    }
  TySession *session = conn->state == TY_CONN_OPEN ? conn->peer->session : NULL;
  if (session != NULL && !ty_session_ack_due (session))
    conn->ack_at_us = G_MAXINT64;
  else if (session != NULL && conn->ack_at_us == G_MAXINT64)
    conn->ack_at_us = ty_time_after (conn->hub->now_us, conn->hub->config.heartbeat_us / 2);
  /* A lingering one is given time as long as it gets on. */
  if (conn->state == TY_CONN_LINGER && conn->hub->stats.bytes_out != out_before)
    conn->deadline_us = ty_time_after (conn->hub->now_us, TY_LINGER_US);
}

/* ---- In ---- */

/* The other end has ended the session, or this connection. */
static void
on_end (TyConn *conn, const guint8 *body, gsize len_bytes)
{
  TyEnd end;
  TyPeer *peer = conn->peer;
  if (!ty_end_read (body, len_bytes, &end))
    {
      ty_conn_malformed (conn, "a malformed end");
      return;
    }
  g_autofree char *said = end.text;
  g_autofree char *text = end.why == TY_END_CLOSED
                              ? g_strdup ("the other end closed the session")
                              : g_strdup_printf ("the other end broke the session off: %s", said);
  peer->conn = NULL;
  conn->peer = NULL;
  ty_conn_close (conn);
  ty_peer_lost (peer, text);
}

static void
on_frame (TyConn *conn, const TyRecordHead *head, const guint8 *body)
{
  TyPeer *peer = conn->peer;
  TyHub *hub = conn->hub;
  GBytes *packet = NULL;
  const char *why = NULL;
  TyFrameOutcome outcome = ty_session_on_frame (peer->session, head, body, &packet, &why);
  hub->stats.frames_in++;
  if (outcome == TY_FRAME_BAD)
    ty_conn_malformed (conn, why);
  else if (outcome == TY_FRAME_IS_WHOLE)
    packet = ty_inbox_packet (&hub->inbox, body, head->body_bytes);
  if (packet == NULL)
    return;
  hub->stats.packets_in++;
  ty_hub_event_packet (hub, peer, packet);
}

/* One record of an open connection, if it is there whole: its length, or 0. */
static gsize
on_record (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  TyRecordHead head;
  const char *why;
  if (len_bytes < TY_RECORD_HEAD_BYTES)
    return 0;
  if (!ty_record_head_read (data, &head, &why))
    {
      ty_conn_malformed (conn, why);
      return 0;
    }
  gsize all = TY_RECORD_HEAD_BYTES + head.body_bytes;
  if (len_bytes < all)
    return 0;
  if (head.kind == TY_RECORD_INTRO)
    ty_conn_malformed (conn, "a second intro");
  else if (!ty_session_on_ack (conn->peer->session, head.ack))
    ty_conn_malformed (conn, "an acknowledgement of what was never sent");
  else if (head.kind == TY_RECORD_FRAME)
    on_frame (conn, &head, data + TY_RECORD_HEAD_BYTES);
  else if (head.kind == TY_RECORD_END)
    on_end (conn, data + TY_RECORD_HEAD_BYTES, head.body_bytes);
  return all;
}

static gsize
on_some (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  if (conn->state == TY_CONN_HELLO || conn->state == TY_CONN_INTRO)
    return ty_handshake_on_bytes (conn, data, len_bytes);
  if (conn->state == TY_CONN_OPEN)
    return on_record (conn, data, len_bytes);
  return len_bytes; /* nobody listens any more */
}

static void
conn_on_read (TyConn *conn, gsize len_bytes)
{
  TyHub *hub = conn->hub;
  gsize all, used = 0, n = 1;
  const guint8 *data = ty_inbox_filled (&hub->inbox, &conn->remnant, len_bytes, &all);
  guint64 packets = hub->stats.packets_in;
  hub->stats.bytes_in += len_bytes;
  hub->stats.reads++;
  conn->heard_bytes = TRUE;
  while (used < all && n > 0)
    {
      n = on_some (conn, data + used, all - used);
      used += n;
    }
  g_assert (used <= all);
  gboolean listens = conn->state != TY_CONN_GONE && conn->state != TY_CONN_LINGER;
  ty_inbox_keep (&hub->inbox, &conn->remnant, listens ? all - used : 0);
  if (conn->state == TY_CONN_OPEN && hub->stats.packets_in == packets)
    ty_hub_event (hub, TY_EVENT_PEER_HEARD, conn->peer, NULL);
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
  conn_on_read (conn_of (hub, link), len_bytes);
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
      conn_on_read (conn, n);
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
           && alone_due (conn, conn->peer->session))
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
