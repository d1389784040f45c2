/* tests/transport/driver-test.c: the driver, with real sockets and a process that the test makes up.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/driver-port.h"
#include "core/tyet-error.h"
#include "stub-node.h"

/* As in the table of modules. */
extern const TyDriverOps ty_driver;

#define LONGEST_S 20

typedef struct
{
  TyNode *node;
  TyDriver *driver;
  char *address;
  guint ups, packets, deaths, app_effects, packet_steps;
  guint peer;
  guint dial_in_next_step;
  const char *dial;
  GQueue to_send; /* of GBytes */
  guint pending_from_app; /* how often the application asks for more */
  gint64 slow_us;         /* how long each step takes */
  gboolean free_from_app;
  gboolean loop_from_app;
} Proc;

static void
on_event (Proc *p, const TyEvent *event)
{
  p->ups += event->type == TY_EVENT_PEER_UP;
  p->deaths += event->type == TY_EVENT_PEER_DEAD;
  p->packets += event->type == TY_EVENT_PACKET;
  if (event->type == TY_EVENT_PEER_UP)
    p->peer = event->peer;
  /* Each packet is a delivery. */
  if (event->type == TY_EVENT_PACKET)
    stub_node_effect (p->node, &(TyEffect){ .type = TY_EFFECT_DELIVER });
}

static void
on_step (TyNode *node, const TyEvent *events, guint n_events, gint64 now_us, gpointer data)
{
  Proc *p = data;
  guint before = p->packets;
  gint64 until_us = g_get_monotonic_time () + p->slow_us;
  while (g_get_monotonic_time () < until_us)
    ;
  for (guint i = 0; i < n_events; i++)
    on_event (p, &events[i]);
  p->packet_steps += p->packets > before;
  if (p->dial != NULL)
    stub_node_effect (node, &(TyEffect){ .type = TY_EFFECT_DIAL, .address = (char *) p->dial });
  p->dial = NULL;
  while (p->ups > 0 && !g_queue_is_empty (&p->to_send))
    {
      g_autoptr (GBytes) bytes = g_queue_pop_head (&p->to_send);
      TyEffect effect = { .type = TY_EFFECT_SEND, .peer = p->peer, .class = TY_CLASS_DATA, .bytes = bytes };
      stub_node_effect (node, &effect);
    }
}

static void
mark (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
on_effect (const TyEffect *effect, gpointer data)
{
  Proc *p = data;
  p->app_effects++;
  if (p->pending_from_app > 0)
    {
      p->pending_from_app--;
      stub_node_set_pending (p->node, TRUE);
    }
  if (p->loop_from_app)
    {
      p->loop_from_app = FALSE;
      guint steps = stub_node_steps (p->node);
      guint turns = 0;
      gboolean over = FALSE;
      g_timeout_add_once (20, mark, &over);
      while (!over)
        {
          turns++;
          g_main_context_iteration (NULL, TRUE);
        }
      /* Not entered; nor does what waits for the driver make the inner loop spin. */
      g_assert_cmpuint (stub_node_steps (p->node), ==, steps);
      g_assert_cmpuint (turns, <, 20);
    }
  if (p->free_from_app)
    {
      g_clear_pointer (&p->driver, ty_driver.free);
      g_clear_pointer (&p->node, ty_node_free);
    }
}

static Proc *
proc_new (void)
{
  Proc *p = g_new0 (Proc, 1);
  g_autoptr (GError) error = NULL;
  TyNodeConfig config;
  TyId pid;
  ty_node_config_init (&config);
  ty_driver.draw (&pid, sizeof pid);
  p->node = ty_node_new (&config, &pid, "p", NULL, NULL);
  stub_node_set_step (p->node, on_step, p);
  p->driver = ty_driver.create (p->node, NULL, on_effect, p);
  p->address = ty_driver.listen (p->driver, "tcp://127.0.0.1:0", &error);
  g_assert_no_error (error);
  return p;
}

static void
proc_free (Proc *p)
{
  g_clear_pointer (&p->driver, ty_driver.free);
  g_clear_pointer (&p->node, ty_node_free);
  g_queue_clear_full (&p->to_send, (GDestroyNotify) g_bytes_unref);
  g_free (p->address);
  g_free (p);
}

/* Turns the main loop until `*counter` is at least `wanted`. */
static void
run_until (const guint *counter, guint wanted)
{
  gint64 end_us = g_get_monotonic_time () + LONGEST_S * G_USEC_PER_SEC;
  while (*counter < wanted)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end_us);
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
connect_procs (Proc *a, Proc *b)
{
  a->dial = b->address;
  stub_node_set_pending (a->node, TRUE);
  ty_driver.kick (a->driver);
  run_until (&a->ups, 1);
  run_until (&b->ups, 1);
}

static void
send_packets (Proc *p, guint n, gsize len_bytes)
{
  for (guint i = 0; i < n; i++)
    g_queue_push_tail (&p->to_send, g_bytes_new_take (g_malloc0 (len_bytes), len_bytes));
  stub_node_set_pending (p->node, TRUE);
  ty_driver.kick (p->driver);
}

static void
test_exchange (void)
{
  Proc *a = proc_new (), *b = proc_new ();
  connect_procs (a, b);
  send_packets (a, 100, 64);
  run_until (&b->packets, 100);
  g_assert_cmpuint (b->app_effects, ==, 100);
  /* What was written together is stepped together. */
  g_assert_cmpuint (b->packet_steps, ==, 1);
  proc_free (b);
  run_until (&a->deaths, 1);
  proc_free (a);
}

static void
test_kick_and_deadline (void)
{
  Proc *a = proc_new ();
  guint steps = stub_node_steps (a->node);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (stub_node_steps (a->node), ==, steps); /* nothing to do: no step */
  stub_node_set_pending (a->node, TRUE);
  ty_driver.kick (a->driver);
  g_assert_cmpuint (stub_node_steps (a->node), ==, steps); /* not from inside */
  while (stub_node_steps (a->node) == steps)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (stub_node_steps (a->node), ==, steps + 1);
  stub_node_set_deadline (a->node, ty_driver.now () + 20 * 1000);
  ty_driver.kick (a->driver);
  while (stub_node_steps (a->node) == steps + 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (ty_node_deadline (a->node), ==, G_MAXINT64);
  proc_free (a);
}

/* What the application asks for while it is told something is taken up in the same turn of the loop, a few times. */
static void
test_asks_for_more (void)
{
  Proc *a = proc_new (), *b = proc_new ();
  connect_procs (a, b);
  guint steps = stub_node_steps (b->node);
  b->pending_from_app = 1;
  send_packets (a, 1, 10);
  run_until (&b->app_effects, 1);
  g_assert_cmpuint (stub_node_steps (b->node) - steps, ==, 2);
  g_assert_false (ty_node_pending (b->node));
  proc_free (a);
  proc_free (b);
}

static void
test_free_in_callback (void)
{
  Proc *a = proc_new (), *b = proc_new ();
  connect_procs (a, b);
  b->free_from_app = TRUE;
  send_packets (a, 10, 10);
  run_until (&b->app_effects, 1);
  g_assert_null (b->driver);
  g_assert_cmpuint (b->app_effects, ==, 1);
  run_until (&a->deaths, 1);
  proc_free (a);
  proc_free (b);
}

/* A callback may run the loop: the driver is not entered again, and goes on afterwards. */
static void
test_loop_in_callback (void)
{
  Proc *a = proc_new (), *b = proc_new ();
  connect_procs (a, b);
  b->loop_from_app = TRUE;
  send_packets (a, 2, 10);
  ty_driver.kick (b->driver);
  run_until (&b->app_effects, 2);
  g_assert_false (b->loop_from_app);
  send_packets (a, 1, 10);
  run_until (&b->app_effects, 3);
  proc_free (a);
  proc_free (b);
}

/* The driver belongs to the thread-default context that it was made in. */
static void
test_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  Proc *a = proc_new ();
  g_main_context_pop_thread_default (context);
  stub_node_set_pending (a->node, TRUE);
  ty_driver.kick (a->driver);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (stub_node_steps (a->node), ==, 0);
  while (stub_node_steps (a->node) == 0)
    g_main_context_iteration (context, TRUE);
  proc_free (a);
}

static void
test_listen_errors (void)
{
  Proc *a = proc_new (), *b = proc_new ();
  g_autoptr (GError) error = NULL;
  g_assert_null (ty_driver.listen (b->driver, a->address, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_ADDRESS_IN_USE);
  proc_free (a);
  proc_free (b);
}

static int polled_ms;

/* Tells how long the loop would sleep. */
static int
poll_noting (GPollFD *fds, guint n_fds, int timeout_ms)
{
  polled_ms = timeout_ms;
  return g_poll (fds, n_fds, 0);
}

/* What takes long leaves the loop to other sources, those that are only there when nothing else is to be done, too; but
 * it does not go to sleep before somebody has looked out for more. */
static void
test_looks_before_it_sleeps (void)
{
  Proc *a = proc_new ();
  guint steps = stub_node_steps (a->node);
  gboolean idle = FALSE;
  g_main_context_set_poll_func (NULL, poll_noting);
  a->slow_us = 2000;
  for (guint i = 1; i <= 2; i++)
    {
      stub_node_set_pending (a->node, TRUE);
      ty_driver.kick (a->driver);
      while (stub_node_steps (a->node) < steps + i)
        g_main_context_iteration (NULL, TRUE);
      if (i == 2)
        g_idle_add_once (mark, &idle);
      polled_ms = -2;
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (polled_ms, ==, 0);
      g_assert_cmpint (idle, ==, i == 2);
      while (polled_ms == 0)
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpuint (stub_node_steps (a->node), ==, steps + 2);
  g_main_context_set_poll_func (NULL, NULL);
  proc_free (a);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/driver/exchange", test_exchange);
  g_test_add_func ("/transport/driver/kick-and-deadline", test_kick_and_deadline);
  g_test_add_func ("/transport/driver/asks-for-more", test_asks_for_more);
  g_test_add_func ("/transport/driver/free-in-callback", test_free_in_callback);
  g_test_add_func ("/transport/driver/loop-in-callback", test_loop_in_callback);
  g_test_add_func ("/transport/driver/context", test_context);
  g_test_add_func ("/transport/driver/looks-before-it-sleeps", test_looks_before_it_sleeps);
  g_test_add_func ("/transport/driver/listen-errors", test_listen_errors);
  return g_test_run ();
}
