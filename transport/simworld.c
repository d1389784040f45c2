/* transport/simworld.c: see simworld.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simworld.h"

#include "core/packet.h"
#include "core/view.h"
#include "transport/noise.h"
#include "transport/simgate.h"

#define MAX_SPINS 1000
#define BOOKED 8

typedef struct
{
  const TySimWitness *tell;
  gpointer data;
} Witness;

struct _TySimWorld
{
  TySimWorldConfig config;
  const TyModules *modules;
  TySimNet *net;
  TySimRand ids; /* so that what processes draw does not disturb the net's draws */
  TySimApp app;
  gpointer data;
  TySimTrace trace;
  gpointer trace_data;
  TySimApp watch;
  gpointer watch_data;
  GArray *witnesses;                   /* Witness */
  guint8 secret[TY_NOISE_KEY_BYTES];   /* of those to be started */
  guint8 identity[TY_NOISE_KEY_BYTES]; /* the same; zeros: one that belongs to the incarnation */
  GPtrArray *processes;
  guint64 turns;
};

struct _TySimProcess
{
  TySimWorld *world;
  TyId pid;
  char *name;
  char *address;
  TySimPort *port; /* these four NULL once it is dead */
  TyHub *hub;
  TyNode *node;
  TySimGate *gate; /* between the two */
  GString *history;
  gpointer data;

  guint spins;    /* turns on end that left a deadline in the past */
  gint64 turn_at; /* of its next turn; G_MAXINT64: none is set */
  gint64 booked[BOOKED]; /* times for which turn () is asked for, some of the last; -1: none */
  guint n_booked;
  gboolean in_turn;
  gboolean kicked; /* a turn is set because its application asked for something */
  gboolean stopped;
  gint64 slow_us;

  gint64 clock_base, clock_from; /* its clock showed `base` at `from` */
  gint64 ppm;

  gboolean dying;
  TySimDeath death;
  gboolean limited; /* dies when its writes are spent */
  guint64 effects_done;
  guint64 die_at; /* effects_done */
};

void
ty_sim_world_config_init (TySimWorldConfig *config)
{
  *config = (TySimWorldConfig){ .turn_min_us = 10, .turn_max_us = 100 };
  ty_sim_net_config_init (&config->net);
  ty_node_config_init (&config->node);
}

void
ty_sim_world_set_keys (TySimWorld *world, const guint8 *secret, const guint8 *identity)
{
  static const guint8 common[TY_NOISE_KEY_BYTES] = "known to all of this world", none[TY_NOISE_KEY_BYTES];
  memcpy (world->secret, secret != NULL ? secret : common, sizeof world->secret);
  memcpy (world->identity, identity != NULL ? identity : none, sizeof world->identity);
}

TySimWorld *
ty_sim_world_new (const TySimWorldConfig *config, const TyModules *modules, guint64 seed, TySimApp app, gpointer data)
{
  TySimWorld *world = g_new0 (TySimWorld, 1);
  world->config = *config;
  world->modules = modules;
  world->net = ty_sim_net_new (&config->net, seed);
  ty_sim_rand_init (&world->ids, ~seed);
  ty_sim_world_set_keys (world, NULL, NULL);
  world->app = app;
  world->data = data;
  world->processes = g_ptr_array_new ();
  world->witnesses = g_array_new (FALSE, FALSE, sizeof (Witness));
  return world;
}

static void
free_insides (TySimProcess *p)
{
  g_clear_pointer (&p->hub, ty_hub_free);
  g_clear_pointer (&p->node, ty_node_free);
  g_clear_pointer (&p->gate, ty_sim_gate_free);
}

void
ty_sim_world_free (TySimWorld *world)
{
  for (guint i = 0; i < world->processes->len; i++)
    {
      TySimProcess *p = world->processes->pdata[i];
      free_insides (p);
      g_string_free (p->history, TRUE);
      g_free (p->name);
      g_free (p->address);
      g_free (p);
    }
  g_ptr_array_unref (world->processes);
  g_array_unref (world->witnesses);
  ty_sim_net_free (world->net);
  g_free (world);
}

TySimNet *
ty_sim_world_net (TySimWorld *world)
{
  return world->net;
}

gpointer
ty_sim_world_data (const TySimWorld *world)
{
  return world->data;
}

/* ---- The trace ---- */

void
ty_sim_world_set_trace (TySimWorld *world, TySimTrace trace, gpointer data)
{
  world->trace = trace;
  world->trace_data = data;
}

void
ty_sim_world_set_watch (TySimWorld *world, TySimApp watch, gpointer data)
{
  world->watch = watch;
  world->watch_data = data;
}

void
ty_sim_world_add_witness (TySimWorld *world, const TySimWitness *witness, gpointer data)
{
  Witness w = { witness, data };
  g_assert (witness != NULL);
  g_array_append_val (world->witnesses, w);
}

void
ty_sim_world_remove_witness (TySimWorld *world, gconstpointer data)
{
  guint i = 0;
  while (i < world->witnesses->len && g_array_index (world->witnesses, Witness, i).data != data)
    i++;
  g_assert (i < world->witnesses->len);
  g_array_remove_index (world->witnesses, i);
}

/* Tells all who want to know. */
#define TELL(p, what, ...)                                                                                             \
  for (guint w_ = 0; w_ < (p)->world->witnesses->len; w_++)                                                            \
    {                                                                                                                  \
      const Witness *w = &g_array_index ((p)->world->witnesses, Witness, w_);                                          \
      if (w->tell->what != NULL)                                                                                       \
        w->tell->what ((p), ##__VA_ARGS__, w->data);                                                                   \
    }

void
ty_sim_trace (TySimWorld *world, const char *format, ...)
{
  if (world->trace == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  gint64 now = ty_sim_now (world->net);
  g_autofree char *line
      = g_strdup_printf ("%5" G_GINT64_FORMAT ".%06d  %s", now / 1000000, (int) (now % 1000000), text);
  world->trace (line, world->trace_data);
}

static const char *
packet_name (GBytes *packet)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (packet, &len);
  const char *name = len > 0 ? ty_packet_name (data[0]) : NULL;
  return name != NULL ? name : "?";
}

static void
trace_event (TySimProcess *p, const TyEvent *e)
{
  static const char *const names[] = {
    [TY_EVENT_TIME] = "time",
    [TY_EVENT_PEER_UP] = "peer up",
    [TY_EVENT_PEER_HEARD] = "heard",
    [TY_EVENT_PEER_DOWN] = "peer down",
    [TY_EVENT_PEER_RESUMED] = "peer resumed",
    [TY_EVENT_PEER_LOST] = "peer lost",
    [TY_EVENT_PEER_DEAD] = "peer dead",
    [TY_EVENT_PACKET] = "packet",
    [TY_EVENT_DIAL_FAILED] = "dial failed",
  };
  if (p->world->trace == NULL || e->type == TY_EVENT_TIME || e->type == TY_EVENT_PEER_HEARD)
    return;
  if (e->type == TY_EVENT_PACKET)
    ty_sim_trace (p->world, "%s <- peer %u: %s, %" G_GSIZE_FORMAT " bytes", p->name, e->peer, packet_name (e->packet),
                  g_bytes_get_size (e->packet));
  else
    ty_sim_trace (p->world, "%s: %s: peer %u %s %s", p->name, names[e->type], e->peer,
                  e->name != NULL ? e->name : (e->address != NULL ? e->address : ""), e->text != NULL ? e->text : "");
}

static void
trace_effect (TySimProcess *p, const TyEffect *e)
{
  static const char *const names[] = {
    [TY_EFFECT_NONE] = "nothing",
    [TY_EFFECT_SEND] = "send",
    [TY_EFFECT_DIAL] = "dial",
    [TY_EFFECT_PEER_CLOSE] = "peer close",
    [TY_EFFECT_PEER_SUSPECT] = "suspect",
    [TY_EFFECT_DELIVER] = "deliver",
    [TY_EFFECT_VIEW] = "view",
    [TY_EFFECT_ENTERED] = "entered",
    [TY_EFFECT_LEFT] = "left",
    [TY_EFFECT_BLOCKED] = "blocked",
    [TY_EFFECT_UNBLOCKED] = "unblocked",
    [TY_EFFECT_EXCLUDED] = "excluded",
    [TY_EFFECT_ROOM] = "room",
    [TY_EFFECT_STABLE] = "stable",
    [TY_EFFECT_SAVE_STATE] = "save state",
    [TY_EFFECT_STATE_ROOM] = "state room",
    [TY_EFFECT_SAVE_ENDED] = "save ended",
    [TY_EFFECT_LOAD_STATE] = "load state",
    [TY_EFFECT_STATE_BYTES] = "state bytes",
    [TY_EFFECT_STATE_END] = "state end",
    [TY_EFFECT_AUTHORIZE] = "authorize",
    [TY_EFFECT_REKEY] = "network secret",
    [TY_EFFECT_RENEW] = "connections anew",
    [TY_EFFECT_REKEYED] = "rekeyed",
  };
  if (p->world->trace == NULL)
    return;
  const char *name = (guint) e->type < G_N_ELEMENTS (names) ? names[e->type] : "?";
  if (e->type == TY_EFFECT_SEND)
    ty_sim_trace (p->world, "%s -> peer %u: %s, %" G_GSIZE_FORMAT " bytes", p->name, e->peer, packet_name (e->bytes),
                  g_bytes_get_size (e->bytes));
  else if (e->type == TY_EFFECT_DELIVER)
    ty_sim_trace (p->world, "%s: deliver %s %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT " in %s", p->name,
                  e->view->members[e->rank].name, e->number, e->last, e->view->label);
  else if (e->type == TY_EFFECT_VIEW)
    {
      g_autoptr (GString) members = g_string_new (NULL);
      for (guint i = 0; i < e->view->n_members; i++)
        g_string_append_printf (members, " %s", e->view->members[i].name);
      ty_sim_trace (p->world, "%s: view %s of%s", p->name, e->view->label, members->str);
    }
  else
    ty_sim_trace (p->world, "%s: %s %s%s%s", p->name, name, e->address != NULL ? e->address : "",
                  e->text != NULL ? e->text : "", e->error != NULL ? e->error->message : "");
}

/* ---- Turns ---- */

static gint64
local_time (const TySimProcess *p)
{
  gint64 passed = ty_sim_now (p->world->net) - p->clock_from;
  return p->clock_base + passed + passed * p->ppm / 1000000;
}

/* When its clock shows that much, at the latest a moment after. */
static gint64
world_time (const TySimProcess *p, gint64 local)
{
  if (local == G_MAXINT64)
    return G_MAXINT64;
  gint64 passed = MAX (0, local - p->clock_base);
  gint64 real = (gint64) ((double) passed * 1e6 / (double) (1000000 + p->ppm));
  return p->clock_from + real + (p->ppm != 0);
}

static void turn (gpointer data);

static void
set_turn (TySimProcess *p, gint64 at)
{
  if (p->node == NULL || p->stopped || p->in_turn || at >= p->turn_at)
    return;
  p->turn_at = at;
  /* It is often put off from one time, and then again to that. */
  for (guint i = 0; i < BOOKED; i++)
    if (p->booked[i] == at)
      return;
  p->booked[p->n_booked++ % BOOKED] = at;
  ty_sim_at (p->world->net, at, turn, p);
}

static gint64
soon (TySimProcess *p)
{
  const TySimWorldConfig *c = &p->world->config;
  return ty_sim_now (p->world->net) + p->slow_us
         + (gint64) ty_sim_rand_range (ty_sim_net_rand (p->world->net), (guint64) c->turn_min_us,
                                       (guint64) c->turn_max_us);
}

static void
wake (gpointer data)
{
  set_turn (data, soon (data));
}

static void
die (TySimProcess *p)
{
  ty_sim_trace (p->world, "%s: dies (%s)", p->name, p->death == TY_SIM_KILLED ? "killed" : "vanished");
  TySimPort *port = p->port;
  p->port = NULL;
  TELL (p, died, p->death);
  /* Not a word leaves that was not written: what the hub says while it is freed goes nowhere. */
  ty_sim_port_close (port, p->death);
  p->turn_at = G_MAXINT64;
  free_insides (p);
}

static void
carry_out (TySimProcess *p)
{
  guint n;
  const TyEffect *effects = ty_node_effects (p->node, &n);
  for (guint i = 0; i < n && !p->dying; i++)
    {
      if (effects[i].type == TY_EFFECT_NONE)
        continue;
      if (p->effects_done++ == p->die_at)
        {
          p->dying = TRUE;
          p->death = TY_SIM_KILLED;
          break;
        }
      trace_effect (p, &effects[i]);
      TELL (p, effect, &effects[i]);
      if (effects[i].type == TY_EFFECT_PEER_CLOSE)
        ty_sim_gate_close (p->gate, effects[i].peer);
      if (effects[i].type == TY_EFFECT_PEER_SUSPECT)
        ty_sim_gate_set_down (p->gate, effects[i].peer, TRUE);
      if (ty_hub_handles (effects[i].type))
        ty_hub_effect (p->hub, &effects[i]);
      else if (p->world->app != NULL)
        p->world->app (p, &effects[i], p->world->data);
      if (p->world->watch != NULL)
        p->world->watch (p, &effects[i], p->world->watch_data);
    }
  ty_node_effects_done (p->node);
}

static void
step (TySimProcess *p, gint64 local)
{
  guint n;
  const TyEvent *events = ty_hub_events (p->hub, &n);
  events = ty_sim_gate_pass (p->gate, events, &n, ty_sim_now (p->world->net));
  if (n > 0 || ty_node_pending (p->node) || ty_node_deadline (p->node) <= local)
    {
      for (guint i = 0; i < n; i++)
        trace_event (p, &events[i]);
      for (guint i = 0; i < n; i++)
        TELL (p, event, &events[i]);
      ty_node_step (p->node, events, n, local);
      ty_hub_events_done (p->hub);
      TELL (p, stepped);
      carry_out (p);
      TELL (p, turned);
    }
  else
    ty_hub_events_done (p->hub);
}

static void
turn (gpointer data)
{
  TySimProcess *p = data;
  gint64 now = ty_sim_now (p->world->net);
  for (guint i = 0; i < BOOKED; i++)
    if (p->booked[i] == now)
      p->booked[i] = -1;
  if (p->turn_at != now || p->node == NULL || p->stopped)
    return; /* it was set to another time since */
  p->turn_at = G_MAXINT64;
  p->kicked = FALSE;
  p->in_turn = TRUE;
  p->world->turns++;
  gint64 local = local_time (p);
  ty_hub_on_time (p->hub, local);
  ty_sim_port_pump (p->port, p->hub);
  step (p, local);
  ty_hub_flush (p->hub);
  p->in_turn = FALSE;
  if (p->limited && ty_sim_port_writes_spent (p->port))
    p->dying = TRUE;
  if (p->dying)
    {
      die (p);
      return;
    }
  if (ty_sim_port_has_something (p->port) || ty_hub_has_events (p->hub) || ty_node_pending (p->node))
    set_turn (p, soon (p));
  gint64 hub_due = ty_hub_deadline (p->hub), node_due = ty_node_deadline (p->node);
  gint64 gate_due = ty_sim_gate_deadline (p->gate);
  gint64 due = MIN (gate_due, world_time (p, MIN (hub_due, node_due)));
  /* A deadline that is over was seen to in this turn. One that stays over would keep a real driver busy for nothing. */
  p->spins = due <= ty_sim_now (p->world->net) ? p->spins + 1 : 0;
  g_assert (p->spins < MAX_SPINS);
  if (due != G_MAXINT64)
    set_turn (p, MAX (due, ty_sim_now (p->world->net) + 1) + p->slow_us);
}

/* ---- Processes ---- */

static void
draw (gpointer data, gpointer out, gsize len_bytes)
{
  TySimWorld *world = data;
  for (guint8 *at = out; len_bytes > 0;)
    {
      guint64 bits = ty_sim_rand_next (&world->ids);
      gsize n = MIN (len_bytes, sizeof bits);
      memcpy (at, &bits, n);
      at += n;
      len_bytes -= n;
    }
}

static void
keep_lines (const char *lines, gsize len_bytes, gpointer data)
{
  g_string_append_len (data, lines, (gssize) len_bytes);
}

TySimProcess *
ty_sim_spawn (TySimWorld *world, const char *name, const char *site)
{
  return ty_sim_spawn_as (world, name, site, NULL);
}

TySimProcess *
ty_sim_spawn_as (TySimWorld *world, const char *name, const char *site, const TyId *as)
{
  TySimProcess *p = g_new0 (TySimProcess, 1);
  p->world = world;
  p->name = g_strdup (name);
  p->address = g_strdup_printf ("sim:%s", site);
  p->history = g_string_new (NULL);
  p->turn_at = G_MAXINT64;
  for (guint i = 0; i < BOOKED; i++)
    p->booked[i] = -1;
  p->die_at = G_MAXUINT64;
  p->clock_from = ty_sim_now (world->net);
  p->clock_base = 1000000 + (gint64) ty_sim_rand_range (&world->ids, 0, 1000000000);
  p->port = ty_sim_port_open (world->net, p->address, wake, p);
  g_assert (p->port != NULL);

  TyId pid;
  TyWorld of_node = { .draw = draw, .world = world };
  if (as != NULL)
    pid = *as;
  else
    draw (world, &pid, sizeof pid);
  p->pid = pid;
  p->node = ty_node_new (&world->config.node, &pid, name, world->modules, &of_node);
  p->gate = ty_sim_gate_new ();
  ty_node_set_address (p->node, p->address);
  ty_node_set_history (p->node, keep_lines, p->history);

  static const guint8 none[TY_NOISE_KEY_BYTES];
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.secret = world->config.sealed ? world->secret : NULL;
  /* An incarnation is known by its key: a founder that comes back as itself (V13) has kept both. */
  guint8 identity[2 * sizeof pid.b];
  memcpy (identity, pid.b, sizeof pid.b);
  memcpy (identity + sizeof pid.b, pid.b, sizeof pid.b);
  config.identity = memcmp (world->identity, none, sizeof none) != 0 ? world->identity : identity;
  config.pid = pid;
  config.name = p->name;
  config.address = p->address;
  config.heartbeat_us = world->config.node.heartbeat_us;
  config.refusal_is_death = world->config.node.refusal_is_death;
  config.max_packet_bytes = world->config.node.max_message_bytes + 1024 * 1024;
  config.keep_bytes = config.max_packet_bytes + 4 * world->config.node.window_bytes;
  p->hub = ty_hub_new (&config, &ty_sim_net_ops, p->port, draw, world);

  ty_hub_on_time (p->hub, p->clock_base);
  g_ptr_array_add (world->processes, p);
  ty_sim_trace (world, "%s: starts at %s", name, p->address);
  set_turn (p, soon (p));
  return p;
}

gint64
ty_sim_clock (const TySimProcess *p)
{
  return local_time (p);
}

const TyId *
ty_sim_pid (const TySimProcess *p)
{
  return &p->pid;
}

guint
ty_sim_n_processes (const TySimWorld *world)
{
  return world->processes->len;
}

TySimProcess *
ty_sim_process (const TySimWorld *world, guint i)
{
  g_assert (i < world->processes->len);
  return world->processes->pdata[i];
}

TySimWorld *
ty_sim_process_world (const TySimProcess *p)
{
  return p->world;
}

TyNode *
ty_sim_node (const TySimProcess *p)
{
  return p->node;
}

TyHub *
ty_sim_hub (const TySimProcess *p)
{
  return p->hub;
}

const char *
ty_sim_name (const TySimProcess *p)
{
  return p->name;
}

const char *
ty_sim_address (const TySimProcess *p)
{
  return p->address;
}

gboolean
ty_sim_is_alive (const TySimProcess *p)
{
  return p->node != NULL && !p->dying;
}

gboolean
ty_sim_is_stopped (const TySimProcess *p)
{
  return p->stopped;
}

void
ty_sim_set_data (TySimProcess *p, gpointer data)
{
  p->data = data;
}

gpointer
ty_sim_get_data (const TySimProcess *p)
{
  return p->data;
}

/* ---- What befalls them ---- */

void
ty_sim_kill (TySimProcess *p, TySimDeath death)
{
  g_assert (ty_sim_is_alive (p));
  p->dying = TRUE;
  p->death = death;
  if (!p->in_turn)
    die (p);
}

static void
record_end (TySimProcess *p)
{
  ty_node_end_history (p->node, "", local_time (p));
}

void
ty_sim_quit (TySimProcess *p)
{
  record_end (p);
  ty_sim_kill (p, TY_SIM_KILLED);
}

void
ty_sim_kill_after_effects (TySimProcess *p, guint64 n)
{
  p->die_at = p->effects_done + n;
}

void
ty_sim_kill_after_writes (TySimProcess *p, guint n)
{
  p->limited = TRUE;
  ty_sim_port_limit_writes (p->port, n);
}

void
ty_sim_spare (TySimProcess *p)
{
  p->die_at = G_MAXUINT64;
  p->limited = FALSE;
  ty_sim_port_limit_writes (p->port, G_MAXUINT);
}

guint64
ty_sim_effects_done (const TySimProcess *p)
{
  return p->effects_done;
}

void
ty_sim_stop (TySimProcess *p)
{
  p->stopped = TRUE;
  p->kicked = FALSE;
  p->turn_at = G_MAXINT64;
  ty_sim_trace (p->world, "%s: stops", p->name);
}

void
ty_sim_continue (TySimProcess *p)
{
  p->stopped = FALSE;
  ty_sim_trace (p->world, "%s: continues", p->name);
  if (p->node != NULL)
    set_turn (p, soon (p));
}

void
ty_sim_set_clock (TySimProcess *p, gint64 ppm)
{
  p->clock_base = local_time (p);
  p->clock_from = ty_sim_now (p->world->net);
  p->ppm = ppm;
}

void
ty_sim_set_slow (TySimProcess *p, gint64 turn_us)
{
  p->slow_us = turn_us;
}

void
ty_sim_set_reads (TySimProcess *p, gsize len_bytes)
{
  if (p->port != NULL)
    ty_sim_port_limit_reads (p->port, len_bytes);
}

void
ty_sim_hold (TySimProcess *p, const TySimProcess *from, guint64 kinds, gint64 us)
{
  if (p->gate != NULL)
    ty_sim_gate_hold (p->gate, &from->pid, kinds, ty_sim_now (p->world->net) + us);
}

void
ty_sim_hold_nothing (TySimProcess *p)
{
  if (p->gate == NULL)
    return;
  gboolean waits = ty_sim_gate_deadline (p->gate) != G_MAXINT64;
  ty_sim_gate_open (p->gate);
  if (waits)
    set_turn (p, soon (p));
}

gboolean
ty_sim_lose (TySimProcess *p, const TySimProcess *other)
{
  if (!ty_sim_is_alive (p) || !ty_hub_lose (p->hub, &other->pid))
    return FALSE;
  set_turn (p, soon (p));
  return TRUE;
}

/* ---- Running ---- */

/* What was asked of a process from outside of its turns. */
static void
kick_pending (TySimWorld *world)
{
  for (guint i = 0; i < world->processes->len; i++)
    {
      TySimProcess *p = world->processes->pdata[i];
      if (p->node == NULL || p->kicked || !ty_node_pending (p->node))
        continue;
      p->kicked = TRUE; /* once, however often somebody looks: each draws */
      set_turn (p, soon (p));
    }
}

gboolean
ty_sim_run_until (TySimWorld *world, TySimCondition condition, gpointer data, gint64 limit_us)
{
  gint64 limit = ty_sim_now (world->net) + limit_us;
  if (condition != NULL && condition (data))
    return TRUE;
  kick_pending (world);
  for (;;)
    {
      guint64 turns = world->turns;
      do
        {
          if (ty_sim_next (world->net) > limit)
            {
              ty_sim_skip_to (world->net, limit);
              return condition != NULL && condition (data); /* it may hold for something else than a turn */
            }
          ty_sim_advance (world->net);
          if (!ty_sim_was_inside (world->net))
            kick_pending (world);
        }
      while (world->turns == turns);
      if (condition != NULL && condition (data))
        return TRUE;
    }
}

void
ty_sim_run_for (TySimWorld *world, gint64 us)
{
  ty_sim_run_until (world, NULL, NULL, us);
}

guint64
ty_sim_turns (const TySimWorld *world)
{
  return world->turns;
}

/* ---- Judging ---- */

const GString *
ty_sim_history (const TySimProcess *p)
{
  return p->history;
}

void
ty_sim_world_end (TySimWorld *world)
{
  for (guint i = 0; i < world->processes->len; i++)
    if (ty_sim_is_alive (world->processes->pdata[i]))
      record_end (world->processes->pdata[i]);
}

TyJudgeReport *
ty_sim_judge (TySimWorld *world, const TyJudgeOptions *options, GError **error)
{
  g_autoptr (TyJudge) judge = ty_judge_new (options, error);
  if (judge == NULL)
    return NULL;
  for (guint i = 0; i < world->processes->len; i++)
    {
      const TySimProcess *p = world->processes->pdata[i];
      if (!ty_judge_read (judge, p->name, p->history->str, p->history->len, error))
        return NULL;
    }
  return ty_judge_report (judge);
}

char *
ty_sim_histories (const TySimWorld *world)
{
  GString *all = g_string_new (NULL);
  for (guint i = 0; i < world->processes->len; i++)
    {
      const TySimProcess *p = world->processes->pdata[i];
      g_string_append_len (all, p->history->str, (gssize) p->history->len);
    }
  return g_string_free (all, FALSE);
}
