/* tests/transport/test-proc.c: test-proc.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-proc.h"

#include <string.h>
#include <unistd.h>

static void
wake (gpointer data)
{
}

static void
draw (gpointer data, gpointer out, gsize len_bytes)
{
  TestProc *p = data;
  for (gsize i = 0; i < len_bytes; i++)
    ((guint8 *) out)[i] = p->seed++;
}

TestProc *
test_proc_new (guint8 id, const guint8 *secret, gint64 heartbeat_us)
{
  TestProc *p = g_new0 (TestProc, 1);
  TyHubConfig config;
  ty_hub_config_init (&config);
  memset (p->pid.b, id, sizeof p->pid.b);
  config.pid = p->pid;
  config.name = "p";
  config.secret = secret;
  if (heartbeat_us > 0)
    config.heartbeat_us = heartbeat_us;
  p->seed = id;
  p->sockets = ty_sockets_new (g_main_context_default (), wake, NULL);
  p->hub = ty_hub_new (&config, &ty_socket_ops, p->sockets, draw, p);
  ty_hub_on_time (p->hub, g_get_monotonic_time ());
  ty_sockets_set_hub (p->sockets, p->hub);
  return p;
}

void
test_proc_free (TestProc *p)
{
  ty_hub_free (p->hub);
  ty_sockets_free (p->sockets);
  g_free (p->address);
  g_free (p);
}

void
test_proc_listen (TestProc *p, const char *address)
{
  g_autoptr (GError) error = NULL;
  p->address = ty_sockets_listen (p->sockets, address, &error);
  g_assert_no_error (error);
  ty_hub_set_address (p->hub, p->address);
}

static void
take (TestProc *p, const TyEvent *e)
{
  p->ups += e->type == TY_EVENT_PEER_UP;
  p->downs += e->type == TY_EVENT_PEER_DOWN;
  p->deads += e->type == TY_EVENT_PEER_DEAD;
  p->resumed += e->type == TY_EVENT_PEER_RESUMED;
  p->lost += e->type == TY_EVENT_PEER_LOST;
  p->failed += e->type == TY_EVENT_DIAL_FAILED;
  p->packets += e->type == TY_EVENT_PACKET;
  if (e->type == TY_EVENT_PEER_UP)
    p->peer = e->peer;
  if (p->took != NULL)
    p->took (p, e);
}

void
test_proc_turn (TestProc *p)
{
  guint n;
  ty_hub_on_time (p->hub, g_get_monotonic_time ());
  ty_sockets_dispatch (p->sockets, g_get_monotonic_time ());
  const TyEvent *events = ty_hub_events (p->hub, &n);
  for (guint i = 0; i < n; i++)
    take (p, &events[i]);
  ty_hub_events_done (p->hub);
  ty_hub_flush (p->hub);
}

void
test_proc_dial (TestProc *p, const char *address)
{
  ty_hub_effect (p->hub, &(TyEffect){ .type = TY_EFFECT_DIAL, .address = (char *) address });
}

void
test_proc_send (TestProc *p, GBytes *bytes)
{
  ty_hub_effect (p->hub,
                 &(TyEffect){ .type = TY_EFFECT_SEND, .peer = p->peer, .class = TY_CLASS_DATA, .bytes = bytes });
}

char *
test_abstract (const char *name)
{
  return g_strdup_printf ("unix:@tyet-test-%d-%s", (int) getpid (), name);
}
