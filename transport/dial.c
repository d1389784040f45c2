/* transport/dial.c: who is dialed when, and what a dial that fails proves (N3, V14).
 *
 * A dial is a first contact, or is for a peer whose session is to be resumed.  A first contact ends when somebody
 * usable or unusable is found, or nobody; one for a session goes on until the session is resumed, lost, closed, or
 * its process is known to be dead.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

/* Before a process that dies is gone its port still takes connections, for a moment, and breaks them off: what is
 * dialed at once is dialed at once again if that happens, then soon, and only then after longer and longer waits. */
#define SOON_US 400

static gboolean
for_session (const TyDial *dial)
{
  return dial->peer != NULL && dial->peer->announced;
}

static TyDial *
dial_new (TyHub *hub, const char *address, const TyId *pid, TyPeer *peer)
{
  TyDial *dial = g_new0 (TyDial, 1);
  *dial = (TyDial){
    .hub = hub,
    .address = g_strdup (address),
    .pid = *pid,
    .peer = peer,
    .at_us = hub->now_us,
    .wait_us = hub->config.retry_min_us,
    .give_up_us = ty_time_after (hub->now_us, hub->config.dial_for_us),
  };
  g_ptr_array_add (hub->dials, dial);
  return dial;
}

void
ty_dial_free (TyDial *dial)
{
  g_assert (dial->done && dial->conn == NULL && dial->peer == NULL);
  g_free (dial->address);
  g_free (dial);
}

void
ty_dial_done (TyDial *dial)
{
  dial->done = TRUE;
  dial->hub->ended_any = TRUE;
  if (dial->peer != NULL && dial->peer->redial == dial)
    dial->peer->redial = NULL;
  dial->peer = NULL;
  if (dial->conn != NULL)
    ty_conn_close (dial->conn);
  g_assert (dial->conn == NULL);
}

/* The next attempt: after a wait that doubles each time, half of it drawn, so that two that dial each other fall out
 * of step. */
static void
schedule (TyDial *dial)
{
  TyHub *hub = dial->hub;
  guint32 drawn;
  hub->draw (hub->draw_data, &drawn, sizeof drawn);
  gint64 half = dial->wait_us / 2;
  dial->at_us = ty_time_after (hub->now_us, half + (gint64) (drawn % (guint32) (half + 1)));
  dial->wait_us = CLAMP (dial->wait_us * 2, SOON_US, hub->config.retry_max_us);
}

static void
attempt (TyDial *dial)
{
  TyHub *hub = dial->hub;
  g_autoptr (GError) error = NULL;
  g_assert (dial->conn == NULL && !dial->done);
  TyLink *link = hub->ops->dial (hub->net, dial->address, &error);
  if (link == NULL)
    ty_dial_unusable (dial, error != NULL ? error->message : "it cannot be dialed");
  else
    dial->conn = ty_conn_new (hub, link, dial);
}

void
ty_dial_on_time (TyDial *dial)
{
  if (!dial->done && dial->conn == NULL && dial->hub->now_us >= dial->at_us)
    attempt (dial);
}

gint64
ty_dial_deadline (const TyDial *dial)
{
  return dial->done || dial->conn != NULL ? G_MAXINT64 : dial->at_us;
}

/* ---- Who wants it ---- */

static TyPeer *
peer_at (TyHub *hub, const char *address, const TyId *pid)
{
  if (!ty_id_is_null (pid))
    return ty_peer_find (hub, pid);
  for (guint i = 0; i < hub->peers->len; i++)
    {
      TyPeer *peer = g_ptr_array_index (hub->peers, i);
      if (peer != NULL && g_str_equal (peer->address, address))
        return peer;
    }
  return NULL;
}

void
ty_dial_want (TyHub *hub, const char *address, const TyId *pid)
{
  TyPeer *peer = peer_at (hub, address, pid);
  if (peer != NULL && peer->conn != NULL && !peer->conn->hung_up)
    return; /* it is there already, as far as anyone can tell: no sign of life came of asking */
  if (peer != NULL && peer->redial != NULL)
    return;
  for (guint i = 0; i < hub->dials->len; i++)
    {
      TyDial *dial = g_ptr_array_index (hub->dials, i);
      if (dial->done || dial->peer != NULL || !g_str_equal (dial->address, address) || !ty_id_equal (&dial->pid, pid))
        continue;
      dial->give_up_us = ty_time_after (hub->now_us, hub->config.dial_for_us);
      return;
    }
  attempt (dial_new (hub, address, pid, NULL));
}

void
ty_dial_peer (TyPeer *peer, gboolean wait)
{
  g_assert (peer->redial == NULL);
  if (*peer->address == '\0')
    return; /* it listens nowhere: it has to come itself */
  peer->redial = dial_new (peer->hub, peer->address, &peer->pid, peer);
  guint brief = peer->brief_ends > TY_BRIEF_ENDS ? peer->brief_ends - TY_BRIEF_ENDS : 0;
  /* Somebody who breaks every connection does not make us spin. */
  peer->redial->wait_us = MIN (peer->redial->wait_us << MIN (brief, 10), peer->hub->config.retry_max_us);
  if (wait || brief > 0)
    {
      schedule (peer->redial);
      return;
    }
  peer->redial->wait_us = 0;
  attempt (peer->redial);
}

/* ---- What came of it ---- */

/* A first contact has failed for good. */
static void
fail (TyDial *dial, TyDialEnd end, const char *why)
{
  TyPeer *peer = dial->peer;
  g_assert (!for_session (dial));
  ty_hub_event_dial_failed (dial->hub, dial, end, why);
  ty_dial_done (dial);
  if (peer != NULL)
    ty_peer_drop (peer);
}

void
ty_dial_refused (TyDial *dial)
{
  if (!for_session (dial))
    {
      fail (dial, TY_DIAL_REFUSED, "nobody listens there");
      return;
    }
  if (!dial->hub->config.refusal_is_death)
    {
      schedule (dial);
      return;
    }
  g_autofree char *proof = g_strdup_printf ("its connection is closed, and %s refuses a new one", dial->address);
  ty_peer_dead (dial->peer, proof);
}

void
ty_dial_retry (TyDial *dial, const char *why)
{
  if (dial->done)
    return;
  if (!for_session (dial) && dial->hub->now_us >= dial->give_up_us)
    {
      fail (dial, TY_DIAL_UNREACHED, why != NULL ? why : "it cannot be reached");
      return;
    }
  schedule (dial);
  if (for_session (dial) || why == NULL)
    return;
  g_autofree char *text = g_strdup_printf ("%s (trying again)", why);
  ty_hub_event_dial_failed (dial->hub, dial, TY_DIAL_UNREACHED, text);
}

void
ty_dial_again (TyDial *dial)
{
  if (dial->done)
    return;
  dial->wait_us = dial->hub->config.retry_min_us;
  dial->at_us = dial->hub->now_us;
}

void
ty_dial_denied (TyDial *dial, const char *why)
{
  if (for_session (dial))
    schedule (dial);
  else
    fail (dial, TY_DIAL_DENIED, why);
}

void
ty_dial_unusable (TyDial *dial, const char *why)
{
  if (for_session (dial))
    schedule (dial);
  else
    fail (dial, TY_DIAL_UNUSABLE, why);
}

void
ty_dial_stranger (TyDial *dial, const TyId *pid)
{
  TyHub *hub = dial->hub;
  char other[9];
  TyPeer *peer = ty_peer_find (hub, &dial->pid);
  g_autofree char *proof
      = g_strdup_printf ("%s answers with another incarnation (%s)", dial->address, ty_id_short (pid, other));
  if (peer != NULL && peer->conn != NULL && !peer->conn->hung_up)
    fail (dial, TY_DIAL_UNUSABLE, proof); /* it is connected: so this is no address of its own */
  else if (peer != NULL && peer->announced)
    ty_peer_dead (peer, proof);
  else if (peer == NULL)
    {
      TyPeer nobody = { .hub = hub, .index = ty_hub_take_index (hub), .pid = dial->pid, .address = dial->address };
      ty_hub_event (hub, TY_EVENT_PEER_DEAD, &nobody, proof);
      ty_hub_release_index (hub, nobody.index);
      hub->stats.dead++;
    }
  if (!dial->done)
    ty_dial_done (dial);
}
