/* transport/hub.c: the hub: its making, its events and effects.  See hub.h and hub-private.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

void
ty_hub_config_init (TyHubConfig *config)
{
  *config = (TyHubConfig){
    .heartbeat_us = 100 * 1000,
    .handshake_us = 5 * G_USEC_PER_SEC,
    .retry_min_us = 20 * 1000,
    .retry_max_us = G_USEC_PER_SEC,
    .dial_for_us = 60 * G_USEC_PER_SEC,
    .max_half_open = 128,
    .max_half_open_from = 64,
    .max_packet_bytes = 65 * 1024 * 1024,
    .keep_bytes = 64 * 1024 * 1024,
    .refusal_is_death = TRUE,
  };
}

static void
event_clear (TyEvent *event)
{
  g_free ((char *) event->name);
  g_free ((char *) event->address);
  g_free ((char *) event->text);
  g_free ((guint8 *) event->seal);
  if (event->packet != NULL)
    g_bytes_unref (event->packet);
}

static void
queue_empty (TyEventQueue *queue)
{
  if (queue->events->len == 0)
    return;
  for (guint i = 0; i < queue->events->len; i++)
    event_clear (&g_array_index (queue->events, TyEvent, i));
  g_array_set_size (queue->events, 0);
}

TyHub *
ty_hub_new (const TyHubConfig *config, const TyNetOps *ops, gpointer net, TyHubDraw draw, gpointer draw_data)
{
  g_assert (!ty_id_is_null (&config->pid) && config->name != NULL);
  g_assert (config->heartbeat_us > 0 && config->handshake_us > 0 && config->max_half_open > 0);
  g_assert (config->max_half_open_from > 0);
  g_assert (config->retry_min_us > 0 && config->retry_max_us >= config->retry_min_us);
  TyHub *hub = g_new0 (TyHub, 1);
  hub->config = *config;
  hub->name = g_strdup (config->name);
  hub->address = g_strdup (config->address != NULL ? config->address : "");
  hub->config.name = hub->config.address = NULL;
  if (config->secret != NULL)
    hub->keys = ty_hub_keys_new (config, draw, draw_data);
  if (config->pin != NULL && config->pinned != NULL)
    {
      hub->pinned = g_strdupv ((char **) config->pinned);
      memcpy (hub->pin, config->pin, sizeof hub->pin);
    }
  hub->config.secret = hub->config.identity = hub->config.pin = NULL;
  hub->config.pinned = NULL;
  hub->ops = ops;
  hub->net = net;
  hub->draw = draw;
  hub->draw_data = draw_data;
  hub->conns = g_ptr_array_new ();
  hub->dials = g_ptr_array_new ();
  hub->peers = g_ptr_array_new ();
  hub->dirty = g_ptr_array_new ();
  hub->reserved = g_array_new (FALSE, TRUE, sizeof (gboolean));
  ty_keyring_init (&hub->keyring);
  hub->by_pid = g_hash_table_new (ty_id_hash, ty_id_equal_v);
  for (guint i = 0; i < 2; i++)
    {
      hub->queues[i].events = g_array_new (FALSE, FALSE, sizeof (TyEvent));
      hub->queues[i].released = g_array_new (FALSE, FALSE, sizeof (guint));
    }
  return hub;
}

void
ty_hub_free (TyHub *hub)
{
  for (guint i = 0; i < hub->peers->len; i++)
    if (g_ptr_array_index (hub->peers, i) != NULL)
      ty_peer_drop (g_ptr_array_index (hub->peers, i));
  for (guint i = 0; i < hub->dials->len; i++)
    ty_dial_done (g_ptr_array_index (hub->dials, i));
  for (guint i = 0; i < hub->conns->len; i++)
    ty_conn_close (g_ptr_array_index (hub->conns, i));
  ty_hub_leave (hub);
  g_assert (hub->conns->len == 0 && hub->dials->len == 0);
  for (guint i = 0; i < 2; i++)
    {
      queue_empty (&hub->queues[i]);
      g_array_unref (hub->queues[i].events);
      g_array_unref (hub->queues[i].released);
    }
  ty_hub_keys_free (hub->keys);
  ty_inbox_clear (&hub->inbox);
  g_ptr_array_unref (hub->conns);
  g_ptr_array_unref (hub->dials);
  g_ptr_array_unref (hub->peers);
  g_ptr_array_unref (hub->dirty);
  g_array_unref (hub->reserved);
  g_hash_table_unref (hub->by_pid);
  ty_keyring_clear (&hub->keyring);
  g_strfreev (hub->pinned);
  g_free (hub->name);
  g_free (hub->address);
  g_free (hub);
}

void
ty_hub_set_address (TyHub *hub, const char *address)
{
  g_free (hub->address);
  hub->address = g_strdup (address);
}

void
ty_hub_leave (TyHub *hub)
{
  if (!hub->ended_any)
    return;
  hub->ended_any = FALSE;
  guint n = 0;
  for (guint i = 0; i < hub->conns->len; i++)
    {
      TyConn *conn = g_ptr_array_index (hub->conns, i);
      if (conn->state == TY_CONN_GONE)
        ty_conn_free (conn);
      else
        g_ptr_array_index (hub->conns, n++) = conn;
    }
  g_ptr_array_set_size (hub->conns, (gint) n);
  n = 0;
  for (guint i = 0; i < hub->dials->len; i++)
    {
      TyDial *dial = g_ptr_array_index (hub->dials, i);
      if (dial->done)
        ty_dial_free (dial);
      else
        g_ptr_array_index (hub->dials, n++) = dial;
    }
  g_ptr_array_set_size (hub->dials, (gint) n);
}

/* ---- Indexes of peers ---- */

guint
ty_hub_take_index (TyHub *hub)
{
  guint i = 0;
  while (i < hub->peers->len
         && (g_ptr_array_index (hub->peers, i) != NULL || g_array_index (hub->reserved, gboolean, i)))
    i++;
  if (i == hub->peers->len)
    {
      g_ptr_array_add (hub->peers, NULL);
      g_array_set_size (hub->reserved, i + 1);
    }
  g_array_index (hub->reserved, gboolean, i) = TRUE;
  return i;
}

void
ty_hub_release_index (TyHub *hub, guint index)
{
  g_assert (g_array_index (hub->reserved, gboolean, index));
  g_ptr_array_index (hub->peers, index) = NULL;
  g_array_append_val (hub->queues[hub->filling].released, index);
}

/* ---- Events ---- */

static TyEvent *
event_new (TyHub *hub, TyEventType type)
{
  GArray *events = hub->queues[hub->filling].events;
  g_array_set_size (events, events->len + 1);
  TyEvent *event = &g_array_index (events, TyEvent, events->len - 1);
  *event = (TyEvent){ .type = type };
  return event;
}

void
ty_hub_event (TyHub *hub, TyEventType type, TyPeer *peer, const char *text)
{
  TyEvent *event = event_new (hub, type);
  event->peer = peer->index;
  event->pid = peer->pid;
  event->text = g_strdup (text);
  if (type == TY_EVENT_PEER_HEARD)
    return;
  if (type == TY_EVENT_PEER_UP && peer->has_key)
    {
      guint8 *seal = g_malloc (TY_SEAL_BYTES);
      memcpy (seal, peer->key, TY_SEAL_KEY_BYTES);
      memcpy (seal + TY_SEAL_KEY_BYTES, peer->binding, TY_SEAL_KEY_BYTES);
      event->seal = seal;
    }
  event->name = g_strdup (peer->name);
  event->address = g_strdup (peer->address);
}

void
ty_hub_event_packet (TyHub *hub, TyPeer *peer, GBytes *packet)
{
  TyEvent *event = event_new (hub, TY_EVENT_PACKET);
  event->peer = peer->index;
  event->pid = peer->pid;
  event->packet = packet;
}

void
ty_hub_event_dial_failed (TyHub *hub, const TyDial *dial, TyDialEnd end, const char *text)
{
  TyEvent *event = event_new (hub, TY_EVENT_DIAL_FAILED);
  event->pid = dial->pid;
  event->address = g_strdup (dial->address);
  event->dial_end = end;
  event->text = g_strdup_printf ("%s: %s", dial->address, text);
}

gboolean
ty_hub_has_events (const TyHub *hub)
{
  return hub->queues[hub->filling].events->len > 0;
}

const TyEvent *
ty_hub_events (TyHub *hub, guint *n_events)
{
  g_assert (!hub->stepping);
  hub->stepping = TRUE;
  GArray *events = hub->queues[hub->filling].events;
  hub->filling = 1 - hub->filling;
  g_assert (hub->queues[hub->filling].events->len == 0);
  *n_events = events->len;
  return (const TyEvent *) events->data;
}

void
ty_hub_events_done (TyHub *hub)
{
  g_assert (hub->stepping);
  hub->stepping = FALSE;
  TyEventQueue *taken = &hub->queues[1 - hub->filling];
  queue_empty (taken);
  for (guint i = 0; i < taken->released->len; i++)
    g_array_index (hub->reserved, gboolean, g_array_index (taken->released, guint, i)) = FALSE;
  g_array_set_size (taken->released, 0);
  for (guint i = 0; i < hub->peers->len; i++)
    {
      TyPeer *peer = g_ptr_array_index (hub->peers, i);
      if (peer == NULL || ty_session_ack (peer->session) == ty_session_receive_next (peer->session))
        continue;
      ty_session_taken (peer->session);
      if (peer->conn != NULL)
        ty_conn_mark (peer->conn);
    }
}

/* What is queued about `index` is not told: the node itself has ended it. */
static void
forget_events (TyHub *hub, guint index)
{
  GArray *events = hub->queues[hub->filling].events;
  for (guint i = 0; i < events->len; i++)
    {
      TyEvent *event = &g_array_index (events, TyEvent, i);
      if (event->type == TY_EVENT_DIAL_FAILED || event->type == TY_EVENT_TIME || event->peer != index)
        continue;
      event_clear (event);
      *event = (TyEvent){ .type = TY_EVENT_TIME };
    }
}

/* ---- Effects ---- */

gboolean
ty_hub_handles (TyEffectType type)
{
  return type == TY_EFFECT_SEND || type == TY_EFFECT_DIAL || type == TY_EFFECT_PEER_CLOSE
         || type == TY_EFFECT_PEER_SUSPECT || type == TY_EFFECT_REKEY || type == TY_EFFECT_RENEW;
}

static void
peer_close (TyPeer *peer)
{
  TyConn *conn = peer->conn;
  if (conn != NULL && !conn->hung_up)
    {
      conn->parting = g_steal_pointer (&peer->session);
      conn->peer = NULL;
      peer->conn = NULL;
      ty_conn_linger (conn);
    }
  forget_events (peer->hub, peer->index);
  ty_keyring_forget (&peer->hub->keyring, &peer->pid);
  ty_peer_drop (peer);
}

static void
peer_suspect (TyPeer *peer)
{
  peer->down = TRUE;
  if (peer->conn != NULL)
    ty_conn_close (peer->conn);
  if (ty_peer_over_limit (peer))
    ty_peer_lost (peer, "more waits for it than is kept");
  else if (peer->redial == NULL)
    ty_dial_peer (peer, TRUE);
}

/* Who is connected, and slow, is given time, and is waited for by those above; but who takes nothing at all, and goes
 * on asking, does not get all the memory there is. */
#define CONNECTED_LIMITS 16

static gboolean
takes_nothing (const TyPeer *peer)
{
  gsize limit = peer->hub->config.keep_bytes + 2 * TY_GATHER_BYTES;
  return ty_session_waiting_bytes (peer->session) > CONNECTED_LIMITS * limit;
}

static void
peer_send (TyPeer *peer, const TyEffect *effect)
{
  ty_session_push (peer->session, effect->class, effect->stream, effect->bytes);
  if (peer->conn != NULL && !takes_nothing (peer))
    ty_conn_mark (peer->conn);
  else if (ty_peer_over_limit (peer))
    ty_peer_lost (peer, "more waits for it than is kept");
}

void
ty_hub_effect (TyHub *hub, const TyEffect *effect)
{
  g_assert (!hub->stepping);
  if (effect->type == TY_EFFECT_REKEY)
    ty_sealing_rekey (hub, &effect->pid, effect->bytes);
  else if (effect->type == TY_EFFECT_RENEW)
    ty_sealing_renew (hub, &effect->pid, effect->number == 1);
  else if (effect->type == TY_EFFECT_DIAL)
    ty_dial_want (hub, effect->address, &effect->pid);
  else
    {
      /* A peer whose end is queued as an event, and that the node does not know of yet, swallows what is sent to it. */
      TyPeer *peer = effect->peer < hub->peers->len ? g_ptr_array_index (hub->peers, effect->peer) : NULL;
      if (peer == NULL && effect->type == TY_EFFECT_PEER_CLOSE)
        forget_events (hub, effect->peer);
      else if (peer == NULL || !peer->announced)
        return;
      else if (effect->type == TY_EFFECT_SEND)
        peer_send (peer, effect);
      else if (effect->type == TY_EFFECT_PEER_CLOSE)
        peer_close (peer);
      else if (effect->type == TY_EFFECT_PEER_SUSPECT)
        peer_suspect (peer);
    }
  ty_hub_leave (hub);
}

gboolean
ty_hub_lose (TyHub *hub, const TyId *pid)
{
  g_assert (!hub->stepping);
  TyPeer *peer = ty_peer_find (hub, pid);
  if (peer == NULL || !peer->announced)
    return FALSE;
  ty_peer_lost (peer, "the session is lost");
  ty_hub_leave (hub);
  return TRUE;
}

void
ty_hub_flush (TyHub *hub)
{
  g_assert (!hub->stepping);
  for (guint i = 0; i < hub->dirty->len; i++)
    {
      TyConn *conn = g_ptr_array_index (hub->dirty, i);
      conn->dirty = FALSE;
      ty_conn_flush (conn);
    }
  g_ptr_array_set_size (hub->dirty, 0);
  ty_hub_leave (hub);
}

/* ---- Time ---- */

void
ty_hub_on_time (TyHub *hub, gint64 now_us)
{
  g_assert (now_us >= hub->now_us && !hub->stepping);
  hub->now_us = now_us;
  /* What is added meanwhile comes last, and is looked at too: harmless. */
  for (guint i = 0; i < hub->conns->len; i++)
    ty_conn_on_time (g_ptr_array_index (hub->conns, i));
  for (guint i = 0; i < hub->dials->len; i++)
    ty_dial_on_time (g_ptr_array_index (hub->dials, i));
  ty_hub_leave (hub);
}

gint64
ty_hub_deadline (TyHub *hub)
{
  gint64 deadline = hub->dirty->len > 0 || ty_hub_has_events (hub) ? hub->now_us : G_MAXINT64;
  for (guint i = 0; i < hub->conns->len; i++)
    {
      gint64 of_conn = ty_conn_deadline (g_ptr_array_index (hub->conns, i));
      deadline = MIN (deadline, of_conn);
    }
  for (guint i = 0; i < hub->dials->len; i++)
    {
      gint64 of_dial = ty_dial_deadline (g_ptr_array_index (hub->dials, i));
      deadline = MIN (deadline, of_dial);
    }
  return deadline;
}

/* ---- What can be seen ---- */

void
ty_hub_get_stats (const TyHub *hub, TyHubStats *out)
{
  *out = hub->stats;
}

gsize
ty_hub_waiting_bytes (const TyHub *hub, guint peer)
{
  TyPeer *p = peer < hub->peers->len ? g_ptr_array_index (hub->peers, peer) : NULL;
  return p != NULL ? ty_session_waiting_bytes (p->session) : 0;
}

const char *
ty_hub_peer_name (const TyHub *hub, guint peer)
{
  const TyPeer *p = peer < hub->peers->len ? g_ptr_array_index (hub->peers, peer) : NULL;
  return p != NULL ? p->name : NULL;
}
