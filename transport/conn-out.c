/* transport/conn-out.c: what goes out on a connection, and when.  See hub-private.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

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
      ty_end_write (TY_END_CLOSED, "closed", ty_session_ack (session), ty_conn_words (conn));
      g_clear_pointer (&conn->parting, ty_session_free);
      return;
    }
  guint8 head[TY_RECORD_HEAD_BYTES];
  ty_record_head_write (&(TyRecordHead){ .kind = TY_RECORD_ACK, .ack = ty_session_ack (session) }, head);
  g_byte_array_append (ty_conn_words (conn), head, sizeof head);
  ty_session_ack_written (session);
  conn->ack_at_us = G_MAXINT64;
  conn->hub->stats.acks_alone++;
}

gboolean
ty_conn_alone_due (const TyConn *conn, TySession *session)
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
  gboolean switching = conn->shm_out == TY_SHM_SAID;
  if (ty_conn_seals (conn) && conn->raw->len == 0)
    ty_sealing_fill (conn, session);
  gsize raw_left = conn->raw->len - conn->raw_offset;
  g->n_parts = g->n_heads = 0;
  g->n_bytes = g->whole_bytes = 0;
  if (raw_left > 0)
    {
      /* Nothing is ever said while a frame is under way, so that this may go first. */
      g_assert (session == NULL || !ty_session_mid_frame (session));
      g->parts[g->n_parts++] = (struct iovec){ conn->raw->data + conn->raw_offset, raw_left };
      g->n_bytes = raw_left;
    }
  if (session != NULL && !ty_conn_seals (conn) && !switching)
    {
      /* The switch waits for the end of the frame that is under way, and only for that. */
      if (conn->shm_out == TY_SHM_DUE && ty_session_mid_frame (session))
        g->n_heads = TY_GATHER_FRAMES - 1;
      ty_session_gather (session, g);
    }
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
  if (switching && conn->raw->len == 0)
    ty_conn_shm_go (conn);
  return !conn->blocked && conn->state != TY_CONN_GONE;
}

void
ty_conn_flush (TyConn *conn)
{
  if (conn->state == TY_CONN_GONE || conn->state == TY_CONN_CONNECTING || conn->blocked || conn->hung_up)
    return;
  guint64 out_before = conn->hub->stats.bytes_out;
  for (;;)
    {
      ty_conn_shm_say (conn);
      TySession *session = conn_session (conn);
      gboolean mute = conn->raw->len == 0 && (conn->said == NULL || conn->said->len == 0);
      gboolean idle = mute && session != NULL && !ty_session_has_output (session);
      if (idle && ty_conn_alone_due (conn, session))
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
