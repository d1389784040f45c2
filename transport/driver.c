/* transport/driver.c: runs one TyNode in a GMainContext: see core/driver-port.h.
 *
 *   one dispatch:  time, sockets ─► events ─► step ─► channels' effects ─► one write a peer ─► application's effects
 *                                               ▲                                                  │ asked for more
 *                                               └──────────────────────────────────────────────────┘ (a few times)
 *
 * All that has come, from all sockets, goes into one step, and all that a step sends goes out before the application
 * is told anything: what the application does meanwhile costs the others nothing.  What it asks for in its callbacks
 * is taken up by another step of the same dispatch, so that answers are batched with no waiting.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/driver-port.h"
#include "transport/socket.h"

#include <errno.h>
#include <sched.h>
#include <sys/random.h>
#include <time.h>

/* Steps in one turn, and how long turns may follow each other, before the loop's other sources have theirs. */
#define STEPS 8
#define TURNS_US 200
/* Where looking out for more was in vain so many times more than it was not, it is done once in so many turns only. */
#define LINGER_CREDIT 8
#define LINGER_PROBE 32
/* A packet may be longer than the largest message by what stands around it. */
#define PACKET_OVERHEAD_BYTES (1024 * 1024)

typedef struct
{
  GSource source;
  TyDriver *driver; /* NULL: freed */
} DriverSource;

struct _TyDriver
{
  int ref; /* the owner's, and that of a dispatch under way */
  gboolean ended;
  gboolean kicked;
  gboolean dispatching;
  gboolean muted; /* the file descriptor is not polled: a callback runs the loop */
  gpointer fd_tag;
  gint64 linger_us;     /* how long more is looked out for before going to sleep; 0: not at all */
  guint linger_credit;  /* 0: it is not worth while */
  guint linger_skipped; /* turns since, then */
  gint64 look_until_us; /* the loop does not sleep before; 0: it may */
  TyNode *node;
  TyDriverApp app;
  gpointer user_data;
  TySockets *sockets;
  TyHub *hub;
  DriverSource *source;
};

/* ---- The world ---- */

static void
driver_draw (gpointer out, gsize len_bytes)
{
  guint8 *at = out;
  while (len_bytes > 0)
    {
      gssize n = getrandom (at, len_bytes, 0);
      if (n < 0 && errno != EINTR)
        g_error ("getrandom: %s", g_strerror (errno));
      at += MAX (n, 0);
      len_bytes -= (gsize) MAX (n, 0);
    }
}

static void
hub_draw (gpointer data, gpointer out, gsize len_bytes)
{
  driver_draw (out, len_bytes);
}

static gint64
driver_now (void)
{
  struct timespec ts;
  if (clock_gettime (CLOCK_BOOTTIME, &ts) != 0)
    g_error ("clock_gettime: %s", g_strerror (errno));
  return (gint64) ts.tv_sec * G_USEC_PER_SEC + ts.tv_nsec / 1000;
}

/* ---- One dispatch ---- */

static void
carry_out_channels (TyDriver *driver, const TyEffect *effects, guint n)
{
  for (guint i = 0; i < n; i++)
    if (ty_hub_handles (effects[i].type))
      ty_hub_effect (driver->hub, &effects[i]);
  ty_hub_flush (driver->hub);
}

/* The application may free the driver in any of these calls, and the node right after it. */
static void
carry_out_app (TyDriver *driver, const TyEffect *effects, guint n)
{
  for (guint i = 0; i < n && !driver->ended; i++)
    if (!ty_hub_handles (effects[i].type))
      driver->app (&effects[i], driver->user_data);
}

static void
step_once (TyDriver *driver, gint64 now_us)
{
  guint n_events, n_effects;
  driver->kicked = FALSE;
  const TyEvent *events = ty_hub_events (driver->hub, &n_events);
  ty_node_step (driver->node, events, n_events, now_us);
  ty_hub_events_done (driver->hub);
  const TyEffect *effects = ty_node_effects (driver->node, &n_effects);
  carry_out_channels (driver, effects, n_effects);
  carry_out_app (driver, effects, n_effects);
  if (!driver->ended)
    ty_node_effects_done (driver->node);
}

static gboolean
step_due (TyDriver *driver, gint64 now_us)
{
  return ty_hub_has_events (driver->hub) || ty_node_pending (driver->node) || now_us >= ty_node_deadline (driver->node);
}

static void
driver_unref (TyDriver *driver)
{
  if (--driver->ref == 0)
    g_free (driver);
}

/* ---- The source ----
 *
 * A source that may not recurse has its file descriptors taken out of the poll and put back around each dispatch, and
 * one that sets its ready time wakes the loop: each costs two more system calls, and a turn of the loop for nothing.
 * So this one may recurse, refuses to, and tells its deadline when it is asked. */

static gint64
deadline (TyDriver *driver)
{
  gint64 hub_us = ty_hub_deadline (driver->hub), sockets_us = ty_sockets_deadline (driver->sockets);
  gint64 node_us = ty_node_deadline (driver->node);
  return MIN (node_us, MIN (hub_us, sockets_us));
}

/* Turns have followed each other for so long that the loop's other sources have theirs, those of lower priority too.
 * Meanwhile, and once at the least, the loop looks out instead of lingering (see below). */
static gboolean
looks_out (TyDriver *driver)
{
  if (driver->look_until_us == 0)
    return FALSE;
  if (driver_now () >= driver->look_until_us)
    driver->look_until_us = 0;
  else
    sched_yield ();
  return TRUE;
}

/* The node's clock runs on while the machine sleeps, the loop's does not: after a sleep it comes late, and the step
 * learns how late. */
static gboolean
source_prepare (GSource *source, int *timeout_ms)
{
  TyDriver *driver = ((DriverSource *) source)->driver;
  *timeout_ms = -1;
  if (driver == NULL)
    return FALSE;
  if (driver->dispatching)
    {
      if (!driver->muted)
        g_source_modify_unix_fd (source, driver->fd_tag, 0);
      driver->muted = TRUE;
      return FALSE;
    }
  if (driver->kicked || ty_node_pending (driver->node))
    return TRUE;
  if (looks_out (driver))
    {
      *timeout_ms = 0;
      return FALSE;
    }
  gint64 deadline_us = deadline (driver);
  if (!ty_sockets_sleep (driver->sockets))
    {
      *timeout_ms = 0;
      return TRUE;
    }
  if (deadline_us == G_MAXINT64)
    return FALSE;
  gint64 wait_us = deadline_us - driver_now ();
  *timeout_ms = (int) CLAMP ((wait_us + 999) / 1000, 0, G_MAXINT);
  return wait_us <= 0;
}

static gboolean
source_check (GSource *source)
{
  TyDriver *driver = ((DriverSource *) source)->driver;
  if (driver == NULL || driver->dispatching)
    return FALSE;
  return g_source_query_unix_fd (source, driver->fd_tag) != 0 || driver->kicked || ty_node_pending (driver->node)
         || driver_now () >= deadline (driver);
}

/* What there is to do now. FALSE: nothing called for a step, or the driver has been freed. */
static gboolean
take_turn (TyDriver *driver, gint64 *now_us)
{
  gboolean stepped = FALSE;
  ty_sockets_dispatch (driver->sockets, *now_us);
  for (guint i = 0; i < STEPS && step_due (driver, *now_us); i++)
    {
      stepped = TRUE;
      step_once (driver, *now_us);
      if (driver->ended)
        return FALSE;
      *now_us = driver_now ();
      ty_hub_on_time (driver->hub, *now_us);
    }
  /* Answers of a handshake, though nothing called for a step. */
  ty_hub_flush (driver->hub);
  return stepped;
}

/* ---- Lingering ----
 *
 * What a process says is often answered within microseconds, in less time than it takes to go to sleep in the loop's
 * poll () and to be woken.  So after a turn in which something happened the sockets are looked at for a moment longer,
 * with the processor left to whoever else wants it (that may be who answers).  A process for which nothing comes so
 * soon stops doing that, and tries it now and then. */

static gboolean
may_linger (TyDriver *driver)
{
  if (driver->linger_credit > 0 || driver->linger_us == 0)
    return driver->linger_us > 0;
  driver->linger_skipped = (driver->linger_skipped + 1) % LINGER_PROBE;
  return driver->linger_skipped == 0;
}

/* Another turn, with whatever comes soon. FALSE: nothing did, or the driver has been freed. */
static gboolean
linger (TyDriver *driver, gint64 *now_us)
{
  gint64 until_us = *now_us + driver->linger_us;
  if (!may_linger (driver))
    return FALSE;
  for (gboolean last = FALSE;; last = *now_us >= until_us)
    {
      if (take_turn (driver, now_us))
        {
          driver->linger_credit = MIN (driver->linger_credit + 1, LINGER_CREDIT);
          return TRUE;
        }
      if (driver->ended || last)
        break;
      /* Others may have had the processor for long: what came meanwhile is looked for in any case. */
      sched_yield ();
      *now_us = driver_now ();
      ty_hub_on_time (driver->hub, *now_us);
    }
  driver->linger_credit -= MIN (driver->linger_credit, 1);
  return FALSE;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  TyDriver *driver = ((DriverSource *) source)->driver;
  if (driver == NULL)
    return G_SOURCE_REMOVE;
  g_assert (!driver->dispatching);
  driver->ref++;
  driver->dispatching = TRUE;
  driver->kicked = FALSE; /* asked for, and done here whether there is a step or not */
  gint64 now_us = driver_now (), until_us = now_us + TURNS_US;
  ty_hub_on_time (driver->hub, now_us);
  gboolean more = take_turn (driver, &now_us);
  while (more && now_us < until_us)
    more = linger (driver, &now_us);
  gboolean looks = more && driver->linger_us > 0 && driver->linger_credit > 0;
  driver->look_until_us = looks ? now_us + driver->linger_us : 0;
  if (!driver->ended && driver->muted)
    g_source_modify_unix_fd (source, driver->fd_tag, G_IO_IN);
  driver->muted = FALSE;
  driver->dispatching = FALSE;
  gboolean ended = driver->ended;
  driver_unref (driver);
  return ended ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
};

/* ---- The table ---- */

static void
driver_kick (TyDriver *driver)
{
  driver->kicked = TRUE;
}

static void
sockets_wake (gpointer data)
{
  driver_kick (data);
}

static TyDriver *
driver_create (TyNode *node, const TyDriverKeys *keys, TyDriverApp app, gpointer user_data)
{
  const TyNodeConfig *with = ty_node_get_config (node);
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.pid = *ty_node_get_pid (node);
  config.name = ty_node_get_name (node);
  config.heartbeat_us = with->heartbeat_us;
  config.refusal_is_death = with->refusal_is_death;
  config.handshake_us = with->handshake_us;
  config.max_half_open = with->max_half_open;
  config.max_half_open_from = with->max_half_open_from;
  config.max_packet_bytes = with->max_message_bytes + PACKET_OVERHEAD_BYTES;
  config.keep_bytes = config.max_packet_bytes + 4 * with->window_bytes;

  if (keys != NULL)
    {
      config.secret = keys->secret;
      config.identity = keys->identity;
      config.pin = keys->pin;
      config.pinned = keys->pinned;
    }

  TyDriver *driver = g_new0 (TyDriver, 1);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  driver->ref = 1;
  driver->node = node;
  driver->app = app;
  driver->linger_us = with->busy_poll_us;
  driver->linger_credit = LINGER_CREDIT;
  driver->user_data = user_data;
  driver->source = (DriverSource *) g_source_new (&source_funcs, sizeof (DriverSource));
  driver->source->driver = driver;
  driver->sockets = ty_sockets_new (context, sockets_wake, driver);
  ty_sockets_set_plain (driver->sockets, keys == NULL);
  driver->hub = ty_hub_new (&config, &ty_socket_ops, driver->sockets, hub_draw, NULL);
  ty_hub_on_time (driver->hub, driver_now ());
  ty_sockets_set_hub (driver->sockets, driver->hub);
  GSource *source = &driver->source->source;
  g_source_set_static_name (source, "tyet");
  g_source_set_can_recurse (source, TRUE);
  driver->fd_tag = g_source_add_unix_fd (source, ty_sockets_fd (driver->sockets), G_IO_IN);
  g_source_attach (source, context);
  return driver;
}

static char *
driver_listen (TyDriver *driver, const char *address, GError **error)
{
  char *real = ty_sockets_listen (driver->sockets, address, error);
  if (real != NULL)
    ty_hub_set_address (driver->hub, real);
  return real;
}

static void
driver_free (TyDriver *driver)
{
  g_assert (!driver->ended);
  driver->ended = TRUE;
  driver->source->driver = NULL;
  g_source_destroy (&driver->source->source);
  g_source_unref (&driver->source->source);
  ty_hub_flush (driver->hub);
  ty_hub_free (driver->hub);
  ty_sockets_free (driver->sockets);
  driver_unref (driver);
}

const TyDriverOps ty_driver = {
  .draw = driver_draw,
  .now = driver_now,
  .create = driver_create,
  .listen = driver_listen,
  .kick = driver_kick,
  .free = driver_free,
};
