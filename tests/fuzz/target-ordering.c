/* tests/fuzz/target-ordering.c: libFuzzer: stamps, packets, gossip, digests and closing orders for the orderings.
 *
 * The input: a byte for the ordering and how many members, then operations, each two bytes that say what, one of
 * length, bytes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/modules.h"
#include "tests/fuzz/targets.h"

#define MAX_MEMBERS 5

typedef struct
{
  const TyOrderingOps *ops;
  TyOrdering *o;
  guint n;
  guint64 received[MAX_MEMBERS];
} Seat;

static void
deliver (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 number, guint64 last)
{
  const Seat *seat = host;
  g_assert (sender < seat->n && number <= last && last <= seat->received[sender]);
}

static void
multicast (gpointer host, gconstpointer data, gsize len_bytes)
{
  g_assert (len_bytes > 0);
}

static const TyOrderingHost host_ops = { .deliver = deliver, .multicast = multicast };

static void
receive (Seat *s, guint sender, guint8 how, const guint8 *stamp, gsize len)
{
  static const TyId group;
  TyBatchBuilder builder;
  ty_batch_builder_init (&builder);
  for (guint n = 1 + (how >> 6); n > 0; n--)
    ty_batch_builder_add (&builder, (TyService) (how >> 4 & 3), "x", 1);
  g_autoptr (TyBatch) batch = ty_batch_builder_seal (&builder, &group, 1, s->received[sender] + 1, stamp, len);
  s->received[sender] = batch->last;
  if (!s->ops->receive (s->o, sender, batch))
    s->received[sender] = batch->first - 1;
}

static void
merge (Seat *s, guint liar, const guint8 *data, gsize len)
{
  TyReader digests[MAX_MEMBERS];
  g_autoptr (GByteArray) own = g_byte_array_new ();
  g_autoptr (GByteArray) order = g_byte_array_new ();
  guint faulty = s->n;
  s->ops->digest (s->o, own);
  for (guint i = 0; i < s->n; i++)
    digests[i] = i == liar ? TY_READER (data, len) : TY_READER (own->data, own->len);
  if (!s->ops->merge (s->o, digests, order, &faulty))
    g_assert (faulty < s->n);
}

static gboolean
end (Seat *s, const guint8 *data, gsize len)
{
  TyClosing closing = { .cut = s->received, .order = data, .order_len = len };
  if (!s->ops->check_order (s->o, data, len) || !s->ops->may_close (s->o, &closing))
    return FALSE;
  s->ops->close (s->o, &closing);
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  TyReader r = TY_READER (data, len_bytes);
  guint8 first = ty_read_u8 (&r);
  Seat s = { .n = 2 + (first >> 4) % (MAX_MEMBERS - 1) };
  guint n_orderings = 0;
  while (ty_modules.orderings[n_orderings] != NULL)
    n_orderings++;
  s.ops = ty_modules.orderings[(first & 7) % n_orderings];
  s.o = s.ops->create (s.ops, &host_ops, &s);
  s.ops->begin (s.o, s.n, (first >> 3 & 1) % s.n);
  while (ty_reader_left (&r) > 3)
    {
      guint8 what = ty_read_u8 (&r), how = ty_read_u8 (&r), said = ty_read_u8 (&r);
      gsize n = MIN (said, ty_reader_left (&r));
      guint self = first >> 3 & 1, from = how % s.n;
      const guint8 *at = r.at;
      r.at += n;
      if (from == self)
        from = (from + 1) % s.n;
      switch (what % 6)
        {
        case 0:
          receive (&s, from, how, at, n);
          break;
        case 1:
          s.ops->on_packet (s.o, from, at, n);
          break;
        case 2:
          s.ops->on_gossip (s.o, from, at, n);
          break;
        case 3:
          s.ops->pump (s.o);
          break;
        case 4:
          merge (&s, from, at, n);
          break;
        default:
          if (end (&s, at, n))
            goto done;
        }
    }
done:
  s.ops->free (s.o);
  return 0;
}
