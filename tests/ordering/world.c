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

static const TyOrderingHost host_ops = { .deliver = on_deliver, .multicast = on_multicast };

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
        return FALSE;
    }
  else if (!w->ops->receive (m->o, sender, batch))
    {
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
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  w->ops->gossip (m->o, bytes);
  world_hash (w, bytes->data, bytes->len);
  for (guint to = 0; to < w->n; to++)
    {
      Channel *c = &w->channels[m->rank][to];
      if (to == m->rank || c->cut || bytes->len == 0)
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

/* ---- views ---- */

static void
clear_view (World *w)
{
  for (guint i = 0; i < MAX_MEMBERS; i++)
    {
      g_clear_pointer (&w->batches[i], g_ptr_array_unref);
      g_clear_pointer (&w->messages[i], g_array_unref);
      g_clear_pointer (&w->members[i].sequenced, g_array_unref);
      g_clear_pointer (&w->members[i].closed, g_array_unref);
      g_clear_pointer (&w->members[i].digest, g_byte_array_unref);
      for (guint to = 0; to < MAX_MEMBERS; to++)
        {
          g_queue_clear_full (&w->channels[i][to].packets, (GDestroyNotify) g_bytes_unref);
          g_clear_pointer (&w->channels[i][to].gossip, g_bytes_unref);
        }
    }
}

static void
free_member (World *w, Member *m)
{
  w->ops->free (m->o);
  g_free (m->seat);
}

/* Who went on keeps its object and may get another rank; others come new. */
static void
begin_view (World *w)
{
  Member kept[MAX_MEMBERS];
  guint n_kept = 0;
  for (guint i = 0; i < w->n; i++)
    if (w->members[i].goes_on)
      kept[n_kept++] = w->members[i];
    else
      free_member (w, &w->members[i]);
  clear_view (w);
  w->view++;
  guint drawn = 1 + rng_below (&w->rng, MAX_MEMBERS);
  w->n = MAX (n_kept, drawn);
  w->n_messages = 0;
  memset (w->members, 0, sizeof w->members);
  memset (w->channels, 0, sizeof w->channels);
  for (guint i = 0; i < w->n; i++)
    {
      Member *m = &w->members[i];
      m->rank = i;
      m->running = TRUE;
      m->deliver = TRUE;
      m->sequenced = g_array_new (FALSE, FALSE, sizeof (guint64));
      m->closed = g_array_new (FALSE, FALSE, sizeof (guint64));
      w->batches[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_batch_unref);
      w->messages[i] = g_array_new (FALSE, FALSE, sizeof (Message));
      for (guint to = 0; to < w->n; to++)
        {
          w->channels[i][to].batches_to_come = G_MAXUINT64;
          w->channels[i][to].weight = rng_chance (&w->rng, 30) ? 1 : 5 + rng_below (&w->rng, 20);
        }
      if (i < n_kept)
        {
          m->o = kept[i].o;
          m->seat = kept[i].seat;
          m->seat->rank = i;
        }
      else
        {
          m->seat = g_new (Seat, 1);
          *m->seat = (Seat){ .world = w, .rank = i };
          m->o = w->ops->create (&host_ops, m->seat);
        }
      if (rng_chance (&w->rng, 10))
        w->ops->begin (m->o, 1 + rng_below (&w->rng, 9), 0); /* a view that is abandoned at once */
      w->ops->begin (m->o, w->n, i);
    }
}

static void
pick_habits (World *w)
{
  Rng *r = &w->rng;
  w->max_messages = 5 + rng_below (r, rng_chance (r, 20) ? 300 : 60);
  w->max_batch = rng_chance (r, 50) ? 1 : 1 + rng_below (r, 6);
  for (guint s = 0; s < 4; s++)
    w->services[s] = rng_chance (r, 30) ? 0 : 1 + rng_below (r, 5);
  w->services[rng_below (r, (guint) w->ops->strongest + 1)] = 3;
  w->reply_percent = rng_below (r, 60);
  w->lazy_percent = rng_chance (r, 50) ? 0 : rng_below (r, 60);
  w->mode_percent = rng_chance (r, 70) ? 0 : 3;
  w->gossip_percent = rng_below (r, 20);
}

World *
world_play (const TyOrderingOps *ops, guint64 seed, Play play)
{
  World *w = g_new0 (World, 1);
  w->ops = ops;
  w->seed = seed;
  w->play = play;
  w->rng.state = seed * 0x2545f4914f6cdd1d + 1;
  w->garbage.state = seed ^ 0xabcdef;
  w->hash = 0xcbf29ce484222325;
  w->hashes = g_array_new (FALSE, FALSE, sizeof (guint64));
  w->seen_packets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint views = 1 + rng_below (&w->rng, 3);
  for (guint v = 0; v < views && w->error == NULL && !w->stopped; v++)
    {
      begin_view (w);
      pick_habits (w);
      guint steps = 10 + rng_below (&w->rng, 40 + w->max_messages * w->n);
      for (guint i = 0; i < steps && w->error == NULL && !w->stopped; i++)
        world_step (w);
      if (w->error == NULL && !w->stopped)
        world_end_view (w);
    }
  return w;
}

void
world_free (World *w)
{
  for (guint i = 0; i < w->n; i++)
    free_member (w, &w->members[i]);
  clear_view (w);
  g_array_unref (w->hashes);
  g_ptr_array_unref (w->seen_packets);
  g_free (w->error);
  g_free (w);
}

char *
kit_check_seed (const TyOrderingOps *ops, guint64 seed)
{
  World *clean = world_play (ops, seed, PLAY_CLEAN);
  char *error = g_strdup (clean->error);
  if (error == NULL)
    {
      World *again = world_play (ops, seed, PLAY_CLEAN);
      if (again->error != NULL || again->hash != clean->hash)
        error = g_strdup_printf ("%s: seed %" G_GUINT64_FORMAT ": not the same when played again", ops->name, seed);
      world_free (again);
    }
  if (error == NULL)
    {
      World *dirty = world_play (ops, seed, PLAY_GARBAGE);
      g_array_append_val (clean->hashes, clean->hash);
      gboolean same = dirty->error == NULL && dirty->hashes->len < clean->hashes->len
                      && dirty->hash == g_array_index (clean->hashes, guint64, dirty->hashes->len);
      if (!same)
        error = g_strdup_printf ("%s: seed %" G_GUINT64_FORMAT ": garbage that was refused has changed something%s%s",
                                 ops->name, seed, dirty->error != NULL ? ": " : "",
                                 dirty->error != NULL ? dirty->error : "");
      world_free (dirty);
    }
  if (error == NULL)
    world_free (world_play (ops, seed, PLAY_CHAOS));
  world_free (clean);
  return error;
}
