/* transport/simgate.c: see simgate.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simgate.h"

#include "core/packet.h"

#define N_CLASSES (TY_CLASS_BULK + 1)

typedef struct
{
  TyId from;
  guint64 kinds;
  gint64 until_us;
} Hold;

/* By the number that the hub gave it. */
typedef struct
{
  TyId pid;                  /* null: there is none */
  GQueue waiting[N_CLASSES]; /* of GBytes */
  gboolean down;             /* no connection: what waits is still under way, and comes once the session is resumed */
} Peer;

struct _TySimGate
{
  GArray *holds;     /* of Hold */
  GPtrArray *peers;  /* of Peer; NULL: none had that number yet */
  guint n_waiting;   /* packets */
  GArray *passing;   /* of TyEvent */
  GPtrArray *passed; /* of GBytes: what `passing` holds of those that waited */
};

TySimGate *
ty_sim_gate_new (void)
{
  TySimGate *gate = g_new0 (TySimGate, 1);
  gate->holds = g_array_new (FALSE, FALSE, sizeof (Hold));
  gate->peers = g_ptr_array_new_with_free_func (g_free);
  gate->passing = g_array_new (FALSE, FALSE, sizeof (TyEvent));
  gate->passed = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return gate;
}

void
ty_sim_gate_free (TySimGate *gate)
{
  for (guint i = 0; i < gate->peers->len; i++)
    ty_sim_gate_close (gate, i);
  g_array_unref (gate->holds);
  g_ptr_array_unref (gate->peers);
  g_array_unref (gate->passing);
  g_ptr_array_unref (gate->passed);
  g_free (gate);
}

void
ty_sim_gate_hold (TySimGate *gate, const TyId *from, guint64 kinds, gint64 until_us)
{
  Hold hold = { .from = *from, .kinds = kinds, .until_us = until_us };
  g_array_append_val (gate->holds, hold);
}

void
ty_sim_gate_open (TySimGate *gate)
{
  g_array_set_size (gate->holds, 0);
}

void
ty_sim_gate_close (TySimGate *gate, guint number)
{
  Peer *peer = number < gate->peers->len ? gate->peers->pdata[number] : NULL;
  for (guint c = 0; peer != NULL && c < N_CLASSES; c++)
    {
      gate->n_waiting -= peer->waiting[c].length;
      g_queue_clear_full (&peer->waiting[c], (GDestroyNotify) g_bytes_unref);
    }
}

/* As those who send them choose it. */
static TyClass
class_of (guint kind)
{
  if (kind == TY_PACKET_DATA || kind == TY_PACKET_ORDERING)
    return TY_CLASS_DATA;
  return kind == TY_PACKET_TRANSFER_DATA || kind == TY_PACKET_TRANSFER_FAILED ? TY_CLASS_BULK : TY_CLASS_CONTROL;
}

static guint
kind_of (GBytes *packet)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (packet, &len);
  return len > 0 && data[0] < 64 ? data[0] : 0;
}

/* Until when a packet of that kind may not pass; 0: it may. */
static gint64
held_until (const TySimGate *gate, const Peer *peer, guint kind, gint64 now_us)
{
  gint64 until = 0;
  for (guint i = 0; i < gate->holds->len; i++)
    {
      const Hold *hold = &g_array_index (gate->holds, Hold, i);
      if ((hold->kinds >> kind & 1) != 0 && hold->until_us > now_us && ty_id_equal (&hold->from, &peer->pid))
        until = MAX (until, hold->until_us);
    }
  return until;
}

static void
note_peer (TySimGate *gate, const TyEvent *event)
{
  if (event->peer >= gate->peers->len)
    g_ptr_array_set_size (gate->peers, (gint) event->peer + 1);
  if (gate->peers->pdata[event->peer] == NULL)
    gate->peers->pdata[event->peer] = g_new0 (Peer, 1);
  ((Peer *) gate->peers->pdata[event->peer])->pid = event->pid;
  ((Peer *) gate->peers->pdata[event->peer])->down = FALSE;
}

void
ty_sim_gate_set_down (TySimGate *gate, guint number, gboolean down)
{
  Peer *peer = number < gate->peers->len ? gate->peers->pdata[number] : NULL;
  if (peer != NULL)
    peer->down = down;
}

/* TRUE: it waits. */
static gboolean
stays_behind (TySimGate *gate, const TyEvent *event, gint64 now_us)
{
  Peer *peer = event->peer < gate->peers->len ? gate->peers->pdata[event->peer] : NULL;
  if (peer == NULL || event->packet == NULL)
    return FALSE;
  guint kind = kind_of (event->packet);
  GQueue *waiting = &peer->waiting[class_of (kind)];
  if (waiting->length == 0 && held_until (gate, peer, kind, now_us) == 0)
    return FALSE;
  g_queue_push_tail (waiting, g_bytes_ref (event->packet));
  gate->n_waiting++;
  return TRUE;
}

static void
let_pass (TySimGate *gate, guint number, gint64 now_us)
{
  Peer *peer = gate->peers->pdata[number];
  for (guint c = 0; peer != NULL && !peer->down && c < N_CLASSES; c++)
    while (peer->waiting[c].length > 0
           && held_until (gate, peer, kind_of (g_queue_peek_head (&peer->waiting[c])), now_us) == 0)
      {
        TyEvent event = { .type = TY_EVENT_PACKET, .peer = number, .packet = g_queue_pop_head (&peer->waiting[c]) };
        g_ptr_array_add (gate->passed, event.packet);
        g_array_append_val (gate->passing, event);
        gate->n_waiting--;
      }
}

const TyEvent *
ty_sim_gate_pass (TySimGate *gate, const TyEvent *events, guint *n, gint64 now_us)
{
  for (guint i = gate->holds->len; i > 0; i--)
    if (g_array_index (gate->holds, Hold, i - 1).until_us <= now_us)
      g_array_remove_index (gate->holds, i - 1);
  gboolean open = gate->holds->len == 0 && gate->n_waiting == 0;
  g_array_set_size (gate->passing, 0);
  g_ptr_array_set_size (gate->passed, 0);
  for (guint i = 0; gate->n_waiting > 0 && i < gate->peers->len; i++)
    let_pass (gate, i, now_us);
  for (guint i = 0; i < *n; i++)
    {
      const TyEvent *event = &events[i];
      if (event->type == TY_EVENT_PEER_UP)
        note_peer (gate, event);
      if (event->type == TY_EVENT_PEER_LOST || event->type == TY_EVENT_PEER_DEAD)
        ty_sim_gate_close (gate, event->peer);
      if (event->type == TY_EVENT_PEER_DOWN || event->type == TY_EVENT_PEER_RESUMED)
        ty_sim_gate_set_down (gate, event->peer, event->type == TY_EVENT_PEER_DOWN);
      if (!open && (event->type != TY_EVENT_PACKET || !stays_behind (gate, event, now_us)))
        g_array_append_val (gate->passing, *event);
    }
  if (open)
    return events;
  for (guint i = 0; gate->n_waiting > 0 && i < gate->peers->len; i++)
    let_pass (gate, i, now_us);
  *n = gate->passing->len;
  return (const TyEvent *) (gconstpointer) gate->passing->data;
}

gint64
ty_sim_gate_deadline (const TySimGate *gate)
{
  gint64 at = G_MAXINT64;
  for (guint i = 0; gate->n_waiting > 0 && i < gate->peers->len; i++)
    {
      const Peer *peer = gate->peers->pdata[i];
      for (guint c = 0; peer != NULL && !peer->down && c < N_CLASSES; c++)
        if (peer->waiting[c].length > 0)
          at = MIN (at, held_until (gate, peer, kind_of (g_queue_peek_head ((GQueue *) &peer->waiting[c])), 0));
    }
  return at;
}
