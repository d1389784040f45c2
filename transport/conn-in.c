/* transport/conn-in.c: what comes in on a connection.  See hub-private.h, and record.h for the bytes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

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
  GBytes *buffer = head->part != TY_FRAME_WHOLE ? ty_inbox_buffer (&hub->inbox, body, head->body_bytes) : NULL;
  gsize between_bytes = ty_conn_opens (conn) ? TY_SEALED_BETWEEN_BYTES : 0;
  TyFrameOutcome outcome = ty_session_on_frame (peer->session, head, body, buffer, between_bytes, &packet, &why);
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
  else if (head.kind == TY_RECORD_SWITCH)
    ty_conn_shm_on_switch (conn);
  else if (head.kind == TY_RECORD_END)
    on_end (conn, data + TY_RECORD_HEAD_BYTES, head.body_bytes);
  return all;
}

gsize
ty_conn_on_records (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  if (conn->state == TY_CONN_INTRO)
    return ty_handshake_on_bytes (conn, data, len_bytes);
  if (conn->state == TY_CONN_OPEN)
    return on_record (conn, data, len_bytes);
  return len_bytes; /* nobody listens any more */
}

static gsize
on_some (TyConn *conn, const guint8 *data, gsize len_bytes)
{
  gboolean listens = conn->state == TY_CONN_INTRO || conn->state == TY_CONN_OPEN;
  if (conn->state == TY_CONN_HELLO)
    return ty_handshake_on_bytes (conn, data, len_bytes);
  /* What is opened in place is the inbox's memory: ours to write to. */
  if (conn->state == TY_CONN_SEALING)
    return ty_sealing_on_handshake (conn, (guint8 *) data, len_bytes);
  if (ty_conn_opens (conn) && listens)
    return ty_sealing_on_record (conn, (guint8 *) data, len_bytes);
  return ty_conn_on_records (conn, data, len_bytes);
}

void
ty_conn_on_read (TyConn *conn, gsize len_bytes)
{
  TyHub *hub = conn->hub;
  gsize all, used = 0, n = 1;
  const guint8 *data = ty_inbox_filled (&hub->inbox, &conn->remnant, len_bytes, &all);
  guint64 packets = hub->stats.packets_in, opened = conn->opened_records;
  hub->stats.bytes_in += len_bytes;
  hub->stats.reads++;
  conn->heard_bytes = TRUE;
  while (used < all && n > 0)
    {
      gboolean before = !conn->shm_in;
      n = on_some (conn, data + used, all - used);
      used += n;
      /* Nobody has sealed what follows: it would be taken for what comes through the shared memory. */
      if (before && conn->shm_in && used < all)
        ty_conn_shm_broken (conn, "something follows the switch");
    }
  g_assert (used <= all);
  gboolean listens = conn->state != TY_CONN_GONE && conn->state != TY_CONN_LINGER;
  ty_inbox_keep (&hub->inbox, &conn->remnant, listens ? all - used : 0, conn->half_open);
  /* Bytes that nobody has proved to be the other's are no sign of its life. */
  gboolean heard = !ty_conn_opens (conn) || conn->opened_records != opened;
  if (conn->state == TY_CONN_OPEN && heard && hub->stats.packets_in == packets)
    ty_hub_event (hub, TY_EVENT_PEER_HEARD, conn->peer, NULL);
}
