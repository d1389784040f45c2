/* transport/peer.c: peers and what becomes of their sessions.
 *
 *                 intro sent            both intros                 connection lost
 *   (no peer) ────────────► unannounced ──────────► UP ────────────────────────────────► DOWN ─── redial ──┐
 *                                                    ▲  PEER_UP                            │  PEER_DOWN      │
 *                                                    └──────────── PEER_RESUMED ◄──────────┼─────────────────┘
 *   LOST: the other end lacks the session, too much waits, bytes out of the format.        ▼
 *   DEAD: its address refuses, or answers with another incarnation.                 (no peer) PEER_LOST, PEER_DEAD
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

TyPeer *
ty_peer_find (TyHub *hub, const TyId *pid)
{
  return g_hash_table_lookup (hub->by_pid, pid);
}

TyPeer *
ty_peer_new (TyHub *hub, const TyId *pid, const TyId *session)
{
  g_assert (ty_peer_find (hub, pid) == NULL);
  TyPeer *peer = g_new0 (TyPeer, 1);
  *peer = (TyPeer){
    .hub = hub,
    .index = ty_hub_take_index (hub),
    .pid = *pid,
    .name = g_strdup (""),
    .address = g_strdup (""),
    .session = ty_session_new (session, hub->config.max_packet_bytes),
  };
  g_ptr_array_index (hub->peers, peer->index) = peer;
  g_hash_table_insert (hub->by_pid, &peer->pid, peer);
  return peer;
}

void
ty_peer_drop (TyPeer *peer)
{
  TyHub *hub = peer->hub;
  if (peer->redial != NULL)
    ty_dial_done (peer->redial);
  for (guint i = 0; i < hub->conns->len; i++)
    {
      TyConn *conn = g_ptr_array_index (hub->conns, i);
      if (conn->peer != peer)
        continue;
      /* A dial of its own, that only came to the same process. */
      if (conn->dial != NULL)
        ty_dial_retry (conn->dial, NULL);
      ty_conn_close (conn);
    }
  g_hash_table_remove (hub->by_pid, &peer->pid);
  ty_hub_release_index (hub, peer->index);
  g_clear_pointer (&peer->session, ty_session_free);
  g_free (peer->name);
  g_free (peer->address);
  g_free (peer->dead);
  g_free (peer);
}

void
ty_peer_lost (TyPeer *peer, const char *why)
{
  /* From here on the keyring alone remembers: nobody who comes and goes by the thousand makes it forget so soon. */
  if (peer->has_key)
    {
      ty_keyring_forget (&peer->hub->keyring, &peer->pid);
      ty_keyring_learn (&peer->hub->keyring, &peer->pid, peer->key);
    }
  if (peer->announced)
    {
      ty_hub_event (peer->hub, TY_EVENT_PEER_LOST, peer, why);
      peer->hub->stats.lost++;
    }
  ty_peer_drop (peer);
}

void
ty_peer_dead (TyPeer *peer, const char *why)
{
  g_assert (peer->announced);
  if (peer->conn != NULL)
    {
      /* What it still said is in the connection: nothing of it is thrown away for knowing too early. */
      g_assert (peer->conn->hung_up);
      peer->dead = g_strdup (why);
      peer->conn->deadline_us = ty_time_after (peer->hub->now_us, TY_DRAIN_US);
      if (peer->redial != NULL)
        ty_dial_done (peer->redial);
      return;
    }
  ty_hub_event (peer->hub, TY_EVENT_PEER_DEAD, peer, why);
  peer->hub->stats.dead++;
  ty_keyring_forget (&peer->hub->keyring, &peer->pid);
  ty_peer_drop (peer);
}

gboolean
ty_peer_over_limit (const TyPeer *peer)
{
  return ty_session_waiting_bytes (peer->session) > peer->hub->config.keep_bytes;
}

void
ty_peer_disconnected (TyPeer *peer, const char *why, gboolean at_once)
{
  g_assert (peer->conn == NULL || peer->conn->hung_up);
  if (peer->dead != NULL && peer->conn == NULL)
    {
      g_autofree char *proof = g_steal_pointer (&peer->dead);
      ty_peer_dead (peer, proof);
      return;
    }
  if (peer->hub->now_us - peer->opened_us >= TY_BRIEF_US)
    peer->brief_ends = 0;
  else if (peer->conn == NULL)
    peer->brief_ends++;
  if (!peer->down)
    ty_hub_event (peer->hub, TY_EVENT_PEER_DOWN, peer, why);
  peer->down = TRUE;
  if (ty_peer_over_limit (peer))
    ty_peer_lost (peer, "more waits for it than is kept");
  else if (peer->redial == NULL)
    ty_dial_peer (peer, !at_once);
}

/* Whoever else was on the way to `peer` need not go on. */
static void
call_off_others (TyPeer *peer, const TyConn *conn)
{
  TyHub *hub = peer->hub;
  for (guint i = 0; i < hub->dials->len; i++)
    {
      TyDial *dial = g_ptr_array_index (hub->dials, i);
      gboolean there = ty_id_is_null (&dial->pid) && g_str_equal (dial->address, peer->address);
      if (!dial->done && (dial->peer == peer || ty_id_equal (&dial->pid, &peer->pid) || there))
        ty_dial_done (dial);
    }
  for (guint i = 0; i < hub->conns->len; i++)
    {
      TyConn *other = g_ptr_array_index (hub->conns, i);
      gboolean shaking = other->state >= TY_CONN_HELLO && other->state <= TY_CONN_INTRO;
      if (other != conn && shaking && ty_id_equal (&other->pid, &peer->pid))
        {
          if (other->dial != NULL)
            ty_dial_done (other->dial);
          ty_conn_close (other);
        }
    }
}

static void
announce (TyPeer *peer, const char *dialed)
{
  TyHub *hub = peer->hub;
  gboolean resumed = peer->announced;
  if (resumed && !peer->down)
    ty_hub_event (hub, TY_EVENT_PEER_DOWN, peer, "the other end made another connection");
  peer->announced = TRUE;
  peer->down = FALSE;
  g_clear_pointer (&peer->dead, g_free);
  ty_hub_event (hub, resumed ? TY_EVENT_PEER_RESUMED : TY_EVENT_PEER_UP, peer, resumed ? NULL : dialed);
  if (resumed)
    hub->stats.resumed++;
  else
    hub->stats.sessions++;
}

gboolean
ty_peer_connected (TyPeer *peer, TyConn *conn, const TyIntro *intro)
{
  TyHub *hub = peer->hub;
  g_assert (conn->state == TY_CONN_INTRO && peer->conn == NULL);
  if (!ty_session_connect (peer->session, intro->next))
    {
      conn->hub->stats.malformed++;
      if (conn->dial != NULL)
        ty_dial_retry (conn->dial, NULL);
      ty_conn_end (conn, TY_END_MALFORMED, "a frame that was never sent is expected");
      ty_peer_lost (peer, "the other end expects a frame that was never sent, or is not kept any more");
      return FALSE;
    }
  g_free (peer->name);
  g_free (peer->address);
  if (conn->seal != NULL)
    {
      ty_keyring_learn (&hub->keyring, &peer->pid, conn->seal->other);
      memcpy (peer->key, conn->seal->other, sizeof peer->key);
      peer->has_key = TRUE;
    }
  peer->name = g_strdup (intro->name);
  peer->address = g_strdup (intro->address);
  g_autofree char *dialed = conn->dial != NULL ? g_strdup (conn->dial->address) : NULL;
  if (conn->dial != NULL)
    {
      /* The attempt has come to its end; the connection stays. */
      TyDial *dial = g_steal_pointer (&conn->dial);
      dial->conn = NULL;
      ty_dial_done (dial);
    }
  conn->state = TY_CONN_OPEN;
  conn->deadline_us = G_MAXINT64;
  conn->opened = ++hub->turn;
  peer->opened_us = hub->now_us;
  if (conn->half_open)
    hub->n_half_open--;
  conn->half_open = FALSE;
  conn->peer = peer;
  peer->conn = conn;
  call_off_others (peer, conn);
  announce (peer, dialed);
  ty_conn_mark (conn);
  return TRUE;
}
