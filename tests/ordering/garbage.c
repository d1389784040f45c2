/* tests/ordering/garbage.c: bytes that no member sent.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kit.h"

/* Random bytes, or real ones with something done to them. */
static GByteArray *
make (World *w, const guint8 *real, gsize len)
{
  Rng *r = &w->garbage;
  GByteArray *bytes = g_byte_array_new ();
  if (real != NULL && rng_chance (r, 60))
    {
      g_byte_array_append (bytes, real, (guint) len);
      for (guint times = 1 + rng_below (r, 3); times > 0; times--)
        switch (rng_below (r, 4))
          {
          case 0:
            if (bytes->len > 0)
              bytes->data[rng_below (r, bytes->len)] ^= 1u << rng_below (r, 8);
            break;
          case 1:
            g_byte_array_set_size (bytes, rng_below (r, bytes->len + 1));
            break;
          case 2:
            {
              guint8 b = (guint8) rng_next (r);
              g_byte_array_append (bytes, &b, 1);
            }
            break;
          default:
            if (bytes->len > 0)
              bytes->data[rng_below (r, bytes->len)] = rng_chance (r, 50) ? 0xff : 0;
          }
      return bytes;
    }
  for (guint n = rng_below (r, 24); n > 0; n--)
    {
      guint8 b = rng_chance (r, 50) ? (guint8) rng_below (r, 4) : (guint8) rng_next (r);
      g_byte_array_append (bytes, &b, 1);
    }
  return bytes;
}

TyBatch *
garbage_stamp (World *w, TyBatch *real)
{
  g_autoptr (GByteArray) stamp = make (w, real->stamp, real->stamp_len);
  static const TyId group = { { 7 } };
  TyBatchBuilder builder;
  TyBatchMessage at = { .next = 0 };
  ty_batch_builder_init (&builder);
  for (guint64 number = real->first; number <= real->last; number++)
    {
      ty_batch_at (real, at.next, number, &at);
      TyService service = rng_chance (&w->garbage, 10) ? (TyService) rng_below (&w->garbage, 4) : at.service;
      ty_batch_builder_add (&builder, service, at.data, at.len);
    }
  return ty_batch_builder_seal (&builder, &group, 1, real->first, stamp->data, stamp->len);
}

static gboolean
throw_batch (World *w, Member *m)
{
  guint sender = rng_below (&w->garbage, w->n);
  guint64 at = m->n_batches[sender];
  if (sender == m->rank || at >= w->batches[sender]->len)
    return FALSE;
  g_autoptr (TyBatch) batch = garbage_stamp (w, g_ptr_array_index (w->batches[sender], at));
  if (!w->ops->receive (m->o, sender, batch))
    {
      if (batch->ref != 1)
        world_fail (w, "garbage: member %u keeps a batch that it has refused", m->rank);
      return FALSE;
    }
  m->n_batches[sender]++;
  m->received[sender] = batch->last;
  return TRUE;
}

/* The pure ones: they must not crash, and have no business changing anything. */
static void
throw_at_checks (World *w, Member *m)
{
  g_autoptr (GByteArray) digest = g_byte_array_new ();
  w->ops->digest (m->o, digest);
  g_autoptr (GByteArray) made = make (w, digest->data, digest->len);
  w->ops->check_order (m->o, made->data, made->len);

  TyReader digests[MAX_MEMBERS];
  guint faulty = MAX_MEMBERS;
  for (guint i = 0; i < w->n; i++)
    digests[i] = TY_READER (digest->data, rng_chance (&w->garbage, 50) ? digest->len : 0);
  guint liar = rng_below (&w->garbage, w->n);
  digests[liar] = TY_READER (made->data, made->len);
  g_autoptr (GByteArray) order = g_byte_array_new ();
  if (!w->ops->merge (m->o, digests, order, &faulty) && (order->len != 0 || faulty >= w->n))
    world_fail (w, "garbage: merge fails without a culprit");
}

void
garbage_throw (World *w)
{
  Member *m = &w->members[rng_below (&w->garbage, w->n)];
  if (!m->running || !rng_chance (&w->garbage, 40))
    return;
  guint from = rng_below (&w->garbage, w->n);
  gboolean accepted = FALSE;
  guint what = rng_below (&w->garbage, 4);
  if (what == 0)
    accepted = throw_batch (w, m);
  else if (what == 1)
    throw_at_checks (w, m);
  else if (from != m->rank)
    {
      gsize len = 0;
      const guint8 *real = NULL;
      if (w->seen_packets->len > 0)
        real = g_bytes_get_data (g_ptr_array_index (w->seen_packets, rng_below (&w->garbage, w->seen_packets->len)),
                                 &len);
      g_autoptr (GByteArray) bytes = make (w, real, len);
      if (what == 2)
        accepted = w->ops->on_packet (m->o, from, bytes->data, bytes->len);
      else
        accepted = bytes->len > 0 && w->ops->on_gossip (m->o, from, bytes->data, bytes->len);
    }
  if (accepted && w->play == PLAY_GARBAGE)
    w->stopped = TRUE;
}
