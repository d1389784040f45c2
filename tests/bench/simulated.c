/* tests/bench/simulated.c: what a change of view and a multicast cost, in messages, bytes and rounds, by simulation.
 *
 * The step machines themselves, without sessions and sockets: every packet takes one unit of time, a step none, so that
 * a *round* is a unit. All members found the group together; then one multicasts; then it is killed, and everybody is
 * told at once. Keepalives are not counted. What a message costs who receives it is counted in instructions. A program
 * of its own: it needs the inside of the library.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group.h"
#include "core/node.h"
#include "core/packet.h"
#include "core/view.h"
#include "single-step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_US 1000
#define MOST_MEMBERS 2048
/* In larger groups not everyone talks at once. */
#define MOST_TALKERS 128
/* Messages whose instructions are counted, and how many packets a step takes in then. */
#define COUNTED 16
#define PACKETS_A_STEP 16
/* Nothing but what is looked at shall happen meanwhile. */
#define SILENCE_US (G_GINT64_CONSTANT (40000) * G_USEC_PER_SEC)

typedef struct
{
  gint64 at;
  guint from, to;
  GBytes *bytes; /* NULL: that a session stands */
} Flying;

typedef struct
{
  TyNode *node;
  TyGroup *group;
  TyId pid;
  char name[16], address[16];
  GArray *events; /* of TyEvent */
  gboolean alive, due, held; /* held: what comes waits */
  guint delivered, views;
} Proc;

typedef struct
{
  guint64 messages, bytes;
} Count;

typedef struct
{
  guint n;
  Proc *procs;
  GQueue flying; /* of Flying: all take as long, so that this is their order */
  guint8 *session; /* n * n bits would do */
  gint64 now;
  GRand *rand;
  GArray *due; /* guint: procs with events */
  Count count[256]; /* by type of packet */
  guint64 stamps, stamp_bytes; /* of batches, once each receiver */
} Sim;

static void
draw (gpointer world, gpointer out, gsize len_bytes)
{
  for (gsize i = 0; i < len_bytes; i++)
    ((guint8 *) out)[i] = (guint8) g_rand_int (((Sim *) world)->rand);
}

static gboolean
store (const char *group, const guint8 *record, gsize len_bytes, gpointer user_data, GError **error)
{
  return TRUE;
}

static Sim *
sim_new (guint n, guint gather_above, const char *ordering)
{
  Sim *sim = g_new0 (Sim, 1);
  TyNodeConfig config;
  TyWorld world = { .draw = draw, .world = sim };
  ty_node_config_init (&config);
  config.suspect_after_us = SILENCE_US;
  config.heartbeat_us = SILENCE_US / 4;
  config.gather_above = gather_above;
  sim->n = n;
  sim->procs = g_new0 (Proc, n);
  sim->session = g_new0 (guint8, (gsize) n * n);
  sim->rand = g_rand_new_with_seed (n);
  sim->due = g_array_new (FALSE, FALSE, sizeof (guint));
  sim->now = 1000000;
  for (guint i = 0; i < n; i++)
    {
      Proc *p = &sim->procs[i];
      draw (sim, &p->pid, sizeof p->pid);
      g_snprintf (p->name, sizeof p->name, "p%u", i);
      g_snprintf (p->address, sizeof p->address, "sim://%u", i);
      p->events = g_array_new (FALSE, TRUE, sizeof (TyEvent));
      p->alive = TRUE;
      p->node = ty_node_new (&config, &p->pid, p->name, &ty_modules, &world);
      ty_node_set_address (p->node, p->address);
      ty_node_set_storage (p->node, store, p);
      p->group = ty_group_new (p->node, "g", ordering, NULL);
    }
  return sim;
}

static void
proc_clear (Proc *p)
{
  for (guint e = 0; e < p->events->len; e++)
    g_clear_pointer (&g_array_index (p->events, TyEvent, e).packet, g_bytes_unref);
  g_array_set_size (p->events, 0);
  g_clear_pointer (&p->node, ty_node_free);
  p->group = NULL;
  p->alive = FALSE;
}

static void
sim_free (Sim *sim)
{
  Flying *f;
  while ((f = g_queue_pop_head (&sim->flying)) != NULL)
    {
      g_clear_pointer (&f->bytes, g_bytes_unref);
      g_free (f);
    }
  for (guint i = 0; i < sim->n; i++)
    {
      proc_clear (&sim->procs[i]);
      g_array_unref (sim->procs[i].events);
    }
  g_array_unref (sim->due);
  g_rand_free (sim->rand);
  g_free (sim->session);
  g_free (sim->procs);
  g_free (sim);
}

/* ---- The net ---- */

static void
due (Sim *sim, guint i)
{
  Proc *p = &sim->procs[i];
  if (!p->due && p->alive)
    g_array_append_val (sim->due, i);
  p->due = TRUE;
}

static void
event (Sim *sim, guint i, TyEvent what)
{
  if (sim->procs[i].alive)
    g_array_append_val (sim->procs[i].events, what);
  else
    g_clear_pointer (&what.packet, g_bytes_unref);
  due (sim, i);
}

static void
fly (Sim *sim, guint from, guint to, GBytes *bytes)
{
  Flying *f = g_new (Flying, 1);
  *f = (Flying){ .at = sim->now + UNIT_US, .from = from, .to = to, .bytes = bytes };
  g_queue_push_tail (&sim->flying, f);
}

/* What a batch says of its causal past. */
static void
count_stamp (Sim *sim, const guint8 *data, gsize len)
{
  TyReader r = TY_READER (data, len);
  TyId group;
  gsize stamp_len;
  ty_read_u8 (&r);
  ty_read_id (&r, &group);
  ty_read_varint (&r); /* view, first, how many */
  ty_read_varint (&r);
  ty_read_varint (&r);
  ty_read_block (&r, &stamp_len);
  g_assert (!r.bad);
  sim->stamps++;
  sim->stamp_bytes += stamp_len;
}

static void
send_packet (Sim *sim, guint from, const TyEffect *effect)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (effect->bytes, &len);
  Count *count = &sim->count[data[0]];
  count->messages++;
  count->bytes += len;
  if (data[0] == TY_PACKET_DATA)
    count_stamp (sim, data, len);
  fly (sim, from, effect->peer, g_bytes_ref (effect->bytes));
}

static void
dial (Sim *sim, guint from, const char *address)
{
  guint to = (guint) atoi (address + strlen ("sim://"));
  if (to == from || !sim->procs[to].alive || sim->session[(gsize) from * sim->n + to])
    return;
  sim->session[(gsize) from * sim->n + to] = sim->session[(gsize) to * sim->n + from] = TRUE;
  fly (sim, from, to, NULL);
  fly (sim, to, from, NULL);
}

static void
land (Sim *sim, Flying *f)
{
  const Proc *from = &sim->procs[f->from];
  TyEvent what = { .type = TY_EVENT_PACKET, .peer = f->from, .pid = from->pid, .packet = f->bytes };
  if (f->bytes == NULL)
    what = (TyEvent){
      .type = TY_EVENT_PEER_UP, .peer = f->from, .pid = from->pid, .name = from->name, .address = from->address
    };
  event (sim, f->to, what);
  g_free (f);
}

static void
step (Sim *sim, guint i)
{
  Proc *p = &sim->procs[i];
  guint n;
  p->due = FALSE;
  if (!p->alive || p->held)
    return;
  ty_node_step (p->node, (const TyEvent *) (gpointer) p->events->data, p->events->len, sim->now);
  for (guint e = 0; e < p->events->len; e++)
    g_clear_pointer (&g_array_index (p->events, TyEvent, e).packet, g_bytes_unref);
  g_array_set_size (p->events, 0);
  const TyEffect *effects = ty_node_effects (p->node, &n);
  for (guint e = 0; e < n; e++)
    if (effects[e].type == TY_EFFECT_SEND)
      send_packet (sim, i, &effects[e]);
    else if (effects[e].type == TY_EFFECT_DIAL)
      dial (sim, i, effects[e].address);
    else if (effects[e].type == TY_EFFECT_DELIVER)
      p->delivered++;
    else if (effects[e].type == TY_EFFECT_VIEW)
      p->views++;
  ty_node_effects_done (p->node);
  if (ty_node_pending (p->node))
    due (sim, i);
}

static void
settle (Sim *sim)
{
  for (guint k = 0; k < sim->due->len; k++)
    step (sim, g_array_index (sim->due, guint, k));
  g_array_set_size (sim->due, 0);
}

/* What lands next, or, if nothing is under way, the time. FALSE: not before `until`. */
static gboolean
move (Sim *sim, gint64 until)
{
  Flying *f = g_queue_peek_head (&sim->flying);
  gint64 at = f != NULL ? f->at : G_MAXINT64;
  for (guint i = 0; i < sim->n && f == NULL; i++)
    if (sim->procs[i].alive)
      at = MIN (at, ty_node_deadline (sim->procs[i].node));
  if (at > until)
    return FALSE;
  sim->now = MAX (sim->now, at);
  while ((f = g_queue_peek_head (&sim->flying)) != NULL && f->at <= sim->now)
    land (sim, g_queue_pop_head (&sim->flying));
  for (guint i = 0; i < sim->n; i++)
    if (sim->procs[i].alive && ty_node_deadline (sim->procs[i].node) <= sim->now)
      due (sim, i);
  return TRUE;
}

/* ---- What is measured ---- */

static Count
counted (const Sim *sim)
{
  Count all = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (sim->count); i++)
    if (i != TY_PACKET_ALIVE && i != TY_PACKET_RECEIPTS)
      {
        all.messages += sim->count[i].messages;
        all.bytes += sim->count[i].bytes;
      }
  return all;
}

static gboolean
all_are (const Sim *sim, guint views, guint delivered, guint members)
{
  for (guint i = 0; i < sim->n; i++)
    {
      const Proc *p = &sim->procs[i];
      if (p->alive
          && (p->views < views || p->delivered < delivered || ty_group_get_view (p->group) == NULL
              || ty_group_get_view (p->group)->n_members != members))
        return FALSE;
    }
  return TRUE;
}

/* Until that is so: rounds it took, or -1 if it never came to be. Counts from zero. */
static int
run_until (Sim *sim, guint views, guint delivered, guint members)
{
  gint64 from = sim->now;
  memset (sim->count, 0, sizeof sim->count);
  for (settle (sim); !all_are (sim, views, delivered, members); settle (sim))
    if (!move (sim, from + 4 * SILENCE_US))
      return -1;
  return (int) ((sim->now - from) / UNIT_US);
}

static gboolean
found (Sim *sim)
{
  g_autofree const char **names = g_new0 (const char *, sim->n + 1);
  g_autofree const char **addresses = g_new0 (const char *, sim->n + 1);
  for (guint i = 0; i < sim->n; i++)
    {
      names[i] = sim->procs[i].name;
      addresses[i] = sim->procs[i].address;
    }
  for (guint i = 0; i < sim->n; i++)
    {
      if (!ty_group_found_with (sim->procs[i].group, names, addresses, NULL, 0, NULL))
        return FALSE;
      due (sim, i);
    }
  return run_until (sim, 1, 0, sim->n) >= 0;
}

static void
quiet (Sim *sim)
{
  gint64 until = sim->now + SILENCE_US / 8;
  for (settle (sim); move (sim, until); settle (sim))
    ;
}

/* Bytes of a causal stamp where everyone sends one message at a time, each in half of all rounds, drawn by lot; and
 * receipts a member after that. Messages in one batch share a stamp. */
static gboolean
measure_traffic (guint n, double *stamp_bytes, double *receipts)
{
  Sim *sim = sim_new (n, 16, "causal");
  guint8 payload[64] = { 0 };
  gboolean stands = found (sim);
  quiet (sim);
  memset (sim->count, 0, sizeof sim->count);
  for (guint round = 0; stands && round < 64; round++)
    {
      if (round == 16)
        sim->stamps = sim->stamp_bytes = 0;
      for (guint i = 0; i < n; i++)
        if (g_rand_boolean (sim->rand))
          {
            ty_group_send (sim->procs[i].group, TY_SERVICE_CAUSAL, payload, sizeof payload, NULL);
            due (sim, i);
          }
      settle (sim);
      move (sim, sim->now + UNIT_US);
      settle (sim);
    }
  quiet (sim);
  *stamp_bytes = (double) sim->stamp_bytes / (double) MAX (sim->stamps, 1);
  *receipts = (double) sim->count[TY_PACKET_RECEIPTS].messages / n;
  sim_free (sim);
  return stands;
}

/* ---- What a message costs who receives it ---- */

static void
take_all (gpointer data)
{
  Sim *sim = data;
  Proc *p = &sim->procs[sim->n - 1];
  for (guint e = 0; e < p->events->len; e += PACKETS_A_STEP)
    {
      const TyEvent *events = &g_array_index (p->events, TyEvent, e);
      ty_node_step (p->node, events, MIN (PACKETS_A_STEP, p->events->len - e), sim->now);
      ty_node_effects_done (p->node);
    }
}

/* Instructions an agreed message takes at one that sends nothing itself: of the same number of messages of 64 bytes,
 * each a batch of its own, from all the others in turn. */
static double
count_instructions (guint n)
{
  Sim *sim = sim_new (n, 16, "total");
  Proc *last = &sim->procs[n - 1];
  guint8 payload[64] = { 0 };
  guint64 instructions = 0;
  if (found (sim))
    {
      quiet (sim);
      last->held = TRUE;
      for (guint i = 0; i < COUNTED; i++)
        {
          ty_group_send (sim->procs[i % (n - 1)].group, TY_SERVICE_AGREED, payload, sizeof payload, NULL);
          due (sim, i % (n - 1));
          settle (sim);
          move (sim, sim->now + UNIT_US);
          settle (sim);
        }
      instructions = bench_count_instructions (take_all, sim);
    }
  sim_free (sim);
  return (double) instructions / COUNTED;
}

static void
print_row (guint n, gboolean gathered, const Count *cast, int cast_rounds, guint64 receipts, const Count *change,
           int rounds, double stamp_bytes, double traffic_receipts, double instructions, gboolean table)
{
  static gboolean headed;
  if (table && !headed)
    g_print ("members  FLUSHes   multicast: messages  bytes      rounds  receipts  "
             "change of view: messages  bytes        rounds  a member  stamp    receipts a member  "
             "instructions a message\n");
  headed = TRUE;
  if (table)
    g_print ("%-8u %-9s %-20" G_GUINT64_FORMAT " %-10" G_GUINT64_FORMAT " %-7d %-9" G_GUINT64_FORMAT
             " %-24" G_GUINT64_FORMAT " %-12" G_GUINT64_FORMAT " %-7d %-9.2f %-8.2f %-18.1f %.0f\n",
             n, gathered ? "gathered" : "to all", cast->messages, cast->bytes, cast_rounds, receipts, change->messages,
             change->bytes, rounds, (double) change->messages / n, stamp_bytes, traffic_receipts, instructions);
  else
    g_print ("{\"bench\":\"scale\",\"simulated\":true,\"members\":%u,\"gathered\":%s,\"multicast_messages\":"
             "%" G_GUINT64_FORMAT ",\"multicast_bytes\":%" G_GUINT64_FORMAT ",\"multicast_rounds\":%d,"
             "\"receipt_messages\":%" G_GUINT64_FORMAT ",\"view_change_messages\":%" G_GUINT64_FORMAT
             ",\"view_change_bytes\":%" G_GUINT64_FORMAT ",\"view_change_rounds\":%d"
             ",\"causal_stamp_bytes\":%.2f,\"traffic_receipts\":%.1f,\"instructions_per_message\":%.0f}\n",
             n, gathered ? "true" : "false", cast->messages, cast->bytes, cast_rounds, receipts, change->messages,
             change->bytes, rounds, stamp_bytes, traffic_receipts, instructions);
}

/* FALSE: something that had to come never came. */
static gboolean
measure (guint n, gboolean table, gboolean count)
{
  guint gather_above = 16; /* as the library has it */
  Sim *sim = sim_new (n, gather_above, "total");
  guint8 payload[64] = { 0 };
  int cast_rounds = -1, change_rounds = -1;
  Count cast = { 0 }, change = { 0 };
  guint64 receipts = 0;
  double stamp_bytes = 0, traffic_receipts = 0;
  gboolean stands = found (sim);
  if (stands)
    {
      quiet (sim);
      ty_group_send (sim->procs[n - 1].group, TY_SERVICE_AGREED, payload, sizeof payload, NULL);
      due (sim, n - 1);
      cast_rounds = run_until (sim, 1, 1, n);
      cast = counted (sim);
      quiet (sim);
      receipts = sim->count[TY_PACKET_RECEIPTS].messages;
      proc_clear (&sim->procs[n - 1]);
      for (guint i = 0; i + 1 < n; i++)
        event (sim, i, (TyEvent){ .type = TY_EVENT_PEER_DEAD, .peer = n - 1, .text = "killed" });
      change_rounds = run_until (sim, 2, 1, n - 1);
      change = counted (sim);
    }
  if (n <= MOST_TALKERS && stands)
    stands = measure_traffic (n, &stamp_bytes, &traffic_receipts);
  if (cast_rounds >= 0 && change_rounds >= 0)
    print_row (n, n > gather_above, &cast, cast_rounds, receipts, &change, change_rounds, stamp_bytes,
               traffic_receipts, count && n <= MOST_TALKERS ? count_instructions (n) : 0, table);
  else
    g_printerr ("tyet-bench: %u simulated members %s\n", n,
                !stands               ? "do not found their group"
                : cast_rounds < 0     ? "do not deliver"
                                      : "do not change their view");
  sim_free (sim);
  return cast_rounds >= 0 && change_rounds >= 0;
}

/* Arguments: "N" or "FROM..TO" (doubling), whether as a table, and, if instructions are to be counted, one more. */
int
main (int argc, char **argv)
{
  char *end = NULL;
  guint64 from = argc > 1 ? g_ascii_strtoull (argv[1], &end, 10) : 0, to = from;
  if (end != NULL && g_str_has_prefix (end, ".."))
    to = g_ascii_strtoull (end + 2, &end, 10);
  if (end == NULL || *end != '\0' || from < 2 || to < from || to > MOST_MEMBERS)
    {
      g_printerr ("tyet-bench: --simulated is a number of members, or FROM..TO, from 2 to %u\n", MOST_MEMBERS);
      return 2;
    }
  for (guint64 n = from;; n = MIN (n * 2, to))
    {
      if (!measure ((guint) n, argc > 2 && g_str_equal (argv[2], "table"), argc > 3))
        return 1;
      if (n != to)
        continue;
      if (fflush (stdout) == 0 && !ferror (stdout))
        return 0;
      g_printerr ("tyet-bench: standard output cannot be written\n");
      return 1;
    }
}
