/* tests/ordering/world.c: members, channels, and what happens between them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kit.h"

guint64
rng_next (Rng *r)
{
  guint64 z = r->state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

guint
rng_below (Rng *r, guint n)
{
  return (guint) (rng_next (r) % n);
}

gboolean
rng_chance (Rng *r, guint percent)
{
  return rng_below (r, 100) < percent;
}

void
world_fail (World *w, const char *format, ...)
{
  if (w->error != NULL || w->play == PLAY_CHAOS || w->stopped)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  w->error = g_strdup_printf ("%s: seed %" G_GUINT64_FORMAT ", view %u: %s", w->ops->name, w->seed, w->view, text);
}

void
world_hash (World *w, gconstpointer data, gsize len)
{
  for (gsize i = 0; i < len && !w->stopped; i++)
    w->hash = (w->hash ^ ((const guint8 *) data)[i]) * 0x100000001b3;
}

void
world_hash_number (World *w, guint64 v)
{
  if (w->stopped)
    return;
  w->hash = (w->hash ^ v) * 0x9e3779b97f4a7c15;
  w->hash ^= w->hash >> 29;
}

/* ---- the host ---- */

static void
on_deliver (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 number, guint64 last)
{
  World *w = ((Seat *) host)->world;
  Member *m = &w->members[((Seat *) host)->rank];
  world_hash_number (w, (guint64) m->rank << 56 ^ (guint64) sender << 48 ^ number << 24 ^ last);
  if (sender >= w->n)
    {
      world_fail (w, "member %u delivers for rank %u", m->rank, sender);
      return;
    }
  judge_delivered (w, m, sender, batch, offset, number, last);
  if (!m->frozen && rng_chance (&w->rng, w->reply_percent))
    m->wants++;
}

static void
on_multicast (gpointer host, gconstpointer data, gsize len)
{
  World *w = ((Seat *) host)->world;
  Member *m = &w->members[((Seat *) host)->rank];
  if (m->frozen)
    world_fail (w, "member %u multicasts after STATE", m->rank);
  world_hash_number (w, m->rank);
  world_hash (w, data, len);
  GBytes *packet = g_bytes_new (data, len);
  for (guint to = 0; to < w->n; to++)
    if (to != m->rank && !w->channels[m->rank][to].cut)
      g_queue_push_tail (&w->channels[m->rank][to].packets, g_bytes_ref (packet));
  g_ptr_array_add (w->seen_packets, packet);
}

const TyOrderingHost world_host = { .deliver = on_deliver, .multicast = on_multicast };

/* ---- events ---- */

static void
send_batch (World *w, Member *m)
{
  guint count = 1 + rng_below (&w->rng, w->max_batch);
  guint32 services = 0;
  TyBatchBuilder builder;
  ty_batch_builder_init (&builder);
  guint64 first = m->received[m->rank] + 1;
  for (guint i = 0; i < count; i++)
    {
      guint total = 0, pick;
      for (guint s = 0; s <= (guint) w->ops->strongest; s++)
        total += w->services[s];
      pick = rng_below (&w->rng, total);
      TyService service = TY_SERVICE_FIFO;
      while (pick >= w->services[service])
        pick -= w->services[service++];
      guint64 payload = (guint64) m->rank << 32 ^ (first + i);
      ty_batch_builder_add (&builder, service, &payload, rng_chance (&w->rng, 80) ? sizeof payload : 0);
      services |= 1u << service;
    }
  g_autoptr (GByteArray) stamp = g_byte_array_new ();
  w->ops->stamp (m->o, services, stamp);
  world_hash (w, stamp->data, stamp->len);
  static const TyId group = { { 7 } };
  TyBatch *batch = ty_batch_builder_seal (&builder, &group, w->view, first, stamp->data, stamp->len);
  judge_sent (w, m, batch);
  g_ptr_array_add (w->batches[m->rank], batch);
  w->n_messages += count;
  m->n_batches[m->rank]++;
  m->received[m->rank] = batch->last;
  if (!w->ops->receive (m->o, m->rank, batch))
    world_fail (w, "member %u refuses its own batch", m->rank);
}

void
world_pump (World *w, Member *m)
{
  w->ops->pump (m->o);
  judge_progress (w, m);
  /* What the application asked for within its callbacks (M8). */
  while (m->wants > 0 && w->error == NULL)
    {
      m->wants--;
      if (w->n_messages >= w->max_messages || m->frozen)
        continue;
      send_batch (w, m);
      w->ops->pump (m->o);
      judge_progress (w, m);
    }
}

static void
maybe_pump (World *w, Member *m)
{
  if (!rng_chance (&w->rng, w->lazy_percent))
    world_pump (w, m);
}

/* The next batch of `sender` arrives, or is forwarded. */
gboolean
world_receive_batch (World *w, Member *m, guint sender)
{
  guint64 at = m->n_batches[sender];
  if (at >= w->batches[sender]->len)
    return FALSE;
  TyBatch *batch = g_ptr_array_index (w->batches[sender], at);
  if (w->play == PLAY_CHAOS && rng_chance (&w->garbage, 5))
    {
      g_autoptr (TyBatch) other = garbage_stamp (w, batch);
      if (!w->ops->receive (m->o, sender, other) && !w->ops->receive (m->o, sender, batch))
        {
          w->channels[sender][m->rank].batches_to_come = at; /* who lies is not listened to */
          return FALSE;
        }
    }
  else if (!w->ops->receive (m->o, sender, batch))
    {
      w->channels[sender][m->rank].batches_to_come = at;
      world_fail (w, "member %u refuses a batch of %u", m->rank, sender);
      return FALSE;
    }
  m->n_batches[sender]++;
  m->received[sender] = batch->last;
  return TRUE;
}

static gboolean
has_batch (World *w, guint from, Member *to)
{
  guint64 sent = MIN (w->batches[from]->len, w->channels[from][to->rank].batches_to_come);
  return to->n_batches[from] < sent;
}

static gboolean
channel_busy (World *w, guint from, guint to)
{
  const Channel *c = &w->channels[from][to];
  return from != to && w->members[to].running
         && (has_batch (w, from, &w->members[to]) || !g_queue_is_empty ((GQueue *) &c->packets) || c->gossip != NULL);
}

static void
run_channel (World *w, guint from, guint to)
{
  Channel *c = &w->channels[from][to];
  Member *m = &w->members[to];
  guint burst = 1 + rng_below (&w->rng, 3);
  while (burst-- > 0)
    {
      guint what = rng_below (&w->rng, 3);
      if (what == 0 && c->gossip != NULL)
        {
          gsize len;
          const guint8 *data = g_bytes_get_data (c->gossip, &len);
          if (!w->ops->on_gossip (m->o, from, data, len))
            world_fail (w, "member %u refuses gossip of %u", to, from);
          g_clear_pointer (&c->gossip, g_bytes_unref);
        }
      else if (what == 1 && !g_queue_is_empty (&c->packets))
        {
          g_autoptr (GBytes) packet = g_queue_pop_head (&c->packets);
          gsize len;
          const guint8 *data = g_bytes_get_data (packet, &len);
          if (!w->ops->on_packet (m->o, from, data, len))
            world_fail (w, "member %u refuses a packet of %u", to, from);
        }
      else if (has_batch (w, from, m))
        world_receive_batch (w, m, from);
    }
  maybe_pump (w, m);
}

static void
gossip (World *w, Member *m)
{
  for (guint to = 0; to < w->n; to++)
    {
      Channel *c = &w->channels[m->rank][to];
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      if (to == m->rank || c->cut)
        continue;
      w->ops->gossip (m->o, to, bytes);
      world_hash (w, bytes->data, bytes->len);
      if (bytes->len == 0)
        continue;
      g_clear_pointer (&c->gossip, g_bytes_unref);
      c->gossip = g_bytes_new (bytes->data, bytes->len);
    }
}

/* One thing happens. FALSE if nothing could. */
gboolean
world_step (World *w)
{
  if (w->play != PLAY_CLEAN)
    garbage_throw (w);
  if (w->stopped)
    return FALSE;
  g_array_append_val (w->hashes, w->hash);

  Member *m = &w->members[rng_below (&w->rng, w->n)];
  if (m->running && !m->frozen)
    {
      if (w->n_messages < w->max_messages && rng_chance (&w->rng, 12))
        {
          send_batch (w, m);
          maybe_pump (w, m);
          return TRUE;
        }
      if (rng_chance (&w->rng, w->mode_percent))
        {
          m->deliver = !m->deliver;
          w->ops->set_mode (m->o, m->deliver, TRUE);
          maybe_pump (w, m);
        }
    }
  if (m->running && rng_chance (&w->rng, w->gossip_percent))
    gossip (w, m);

  guint total = 0;
  for (guint from = 0; from < w->n; from++)
    for (guint to = 0; to < w->n; to++)
      if (channel_busy (w, from, to))
        total += w->channels[from][to].weight;
  if (total == 0)
    return FALSE;
  guint pick = rng_below (&w->rng, total);
  for (guint from = 0; from < w->n; from++)
    for (guint to = 0; to < w->n; to++)
      if (channel_busy (w, from, to))
        {
          if (pick < w->channels[from][to].weight)
            {
              run_channel (w, from, to);
              return TRUE;
            }
          pick -= w->channels[from][to].weight;
        }
  g_assert_not_reached ();
}
