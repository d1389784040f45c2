/* tests/ordering/broken.c: see broken.h. Each bug is a wrapper round a good module: it spoils what goes in or comes
 * out.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broken.h"

#include "kit.h"

#define PACKET_ORDER 1
#define PACKET_ACK 2

typedef struct
{
  TyOrdering base;
  TyOrdering *inner;
  const TyOrderingHost *host_ops;
  gpointer host;
  guint n_members;
  guint self;
  gboolean frozen;
  guint64 received[9];
  GPtrArray *batches[9];
  gboolean closed_by_rank;
  guint64 cut[9];
} Wrap;

static const TyOrderingOps *inner_ops;
static TyOrderingOps outer_ops;
static const Broken *bug;
static guint n_calls; /* outlives a run: what a module must not have */

static gboolean
has (const char *name)
{
  return g_str_equal (bug->name, name);
}

/* ---- towards the host ---- */

static void
wrap_deliver (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 first, guint64 last)
{
  Wrap *w = host;
  if (has ("swaps messages") && first < last)
    {
      TyBatchMessage m;
      ty_batch_at (batch, offset, first, &m);
      w->host_ops->deliver (w->host, sender, batch, m.next, first + 1, last);
      w->host_ops->deliver (w->host, sender, batch, offset, first, first);
      return;
    }
  if (has ("loses own messages") && sender == w->self && first == 3)
    return;
  w->host_ops->deliver (w->host, sender, batch, offset, first, last);
  if (has ("delivers twice") && last % 7 == 0)
    w->host_ops->deliver (w->host, sender, batch, offset, first, last);
}

static void
wrap_multicast (gpointer host, gconstpointer data, gsize len)
{
  Wrap *w = host;
  w->host_ops->multicast (w->host, data, len);
}

static const TyOrderingHost wrap_host = { .deliver = wrap_deliver, .multicast = wrap_multicast };

/* ---- the table ---- */

static TyOrdering *
wrap_create (const TyOrderingOps *ops, const TyOrderingHost *host_ops, gpointer host)
{
  Wrap *w = g_new0 (Wrap, 1);
  w->base.ops = &outer_ops;
  w->host_ops = host_ops;
  w->host = host;
  w->inner = inner_ops->create (inner_ops, &wrap_host, w);
  return &w->base;
}

static void
forget (Wrap *w)
{
  w->closed_by_rank = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (w->batches); i++)
    g_clear_pointer (&w->batches[i], g_ptr_array_unref);
  memset (w->received, 0, sizeof w->received);
}

static void
wrap_free (TyOrdering *base)
{
  Wrap *w = (Wrap *) base;
  forget (w);
  inner_ops->free (w->inner);
  g_free (w);
}

static void
wrap_begin (TyOrdering *base, guint members, guint self)
{
  Wrap *w = (Wrap *) base;
  forget (w);
  w->n_members = members;
  w->self = self;
  w->frozen = FALSE;
  for (guint i = 0; i < members; i++)
    w->batches[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_batch_unref);
  inner_ops->begin (w->inner, members, self);
}

static void
wrap_stamp (TyOrdering *base, guint32 services, TyWriter *stamp)
{
  Wrap *w = (Wrap *) base;
  gboolean total = inner_ops->strongest > TY_SERVICE_CAUSAL;
  if (services == 1u << TY_SERVICE_FIFO)
    return;
  if (has ("states nothing"))
    {
      if (total)
        ty_write_u8 (stamp, 0);
      return;
    }
  inner_ops->stamp (w->inner, services, stamp);
  if (has ("states no floor"))
    {
      TyReader r = TY_READER (stamp->data, stamp->len);
      ty_read_varint (&r);
      g_byte_array_remove_range (stamp, 0, stamp->len - (guint) ty_reader_left (&r));
      g_byte_array_prepend (stamp, (const guint8 *) "", 1);
    }
  else if (has ("states no clock"))
    {
      TyReader r = TY_READER (stamp->data, stamp->len);
      ty_read_varint (&r);
      g_byte_array_set_size (stamp, stamp->len - (guint) ty_reader_left (&r));
    }
}

static gboolean
wrap_receive (TyOrdering *base, guint sender, TyBatch *batch)
{
  Wrap *w = (Wrap *) base;
  if (!inner_ops->receive (w->inner, sender, batch))
    {
      if (has ("stumbles over garbage"))
        inner_ops->set_mode (w->inner, FALSE, TRUE);
      return FALSE;
    }
  if (has ("leaks batches") || has ("closes by rank"))
    g_ptr_array_add (w->batches[sender], ty_batch_ref (batch));
  w->received[sender] = batch->last;
  return TRUE;
}

static void
multicast_ack (Wrap *w, guint64 ordinal)
{
  g_autoptr (GByteArray) ack = g_byte_array_new ();
  ty_write_u8 (ack, PACKET_ACK);
  ty_write_varint (ack, ordinal);
  w->host_ops->multicast (w->host, ack->data, ack->len);
}

static gboolean
wrap_on_packet (TyOrdering *base, guint from, const guint8 *data, gsize len)
{
  Wrap *w = (Wrap *) base;
  if (!inner_ops->on_packet (w->inner, from, data, len))
    {
      if (has ("stumbles over garbage"))
        inner_ops->set_mode (w->inner, FALSE, TRUE);
      return FALSE;
    }
  TyReader r = TY_READER (data, len);
  gboolean order = len > 0 && ty_read_u8 (&r) == PACKET_ORDER;
  if (has ("acknowledges the order") && order && !w->frozen)
    {
      guint64 last = ty_read_varint (&r) - 1;
      while (!r.bad && ty_reader_left (&r) > 0)
        {
          ty_read_varint (&r);
          last += ty_read_varint (&r);
        }
      multicast_ack (w, last);
    }
  return TRUE;
}

static void
wrap_pump (TyOrdering *base)
{
  Wrap *w = (Wrap *) base;
  if (has ("counts its calls") && ++n_calls % 997 == 0)
    return;
  if (has ("takes safe for agreed"))
    for (guint from = 0; from < w->n_members; from++)
      {
        const guint8 ack[] = { PACKET_ACK, 0xff, 0xff, 0x03 };
        if (from != w->self)
          inner_ops->on_packet (w->inner, from, ack, sizeof ack);
      }
  inner_ops->pump (w->inner);
  for (guint s = 0; has ("closes by rank") && s < w->n_members; s++)
    while (w->batches[s]->len > 0
           && ((TyBatch *) g_ptr_array_index (w->batches[s], 0))->last <= inner_ops->delivered (w->inner, s))
      g_ptr_array_remove_index (w->batches[s], 0);
}

static void
wrap_set_mode (TyOrdering *base, gboolean deliver, gboolean promise)
{
  Wrap *w = (Wrap *) base;
  w->frozen = !promise;
  if (has ("delivers while it must not"))
    deliver = TRUE;
  if (has ("promises after STATE"))
    promise = TRUE;
  inner_ops->set_mode (w->inner, deliver, promise);
}

static guint64
wrap_delivered (TyOrdering *base, guint sender)
{
  Wrap *w = (Wrap *) base;
  return w->closed_by_rank ? w->cut[sender] : inner_ops->delivered (w->inner, sender);
}

static void
wrap_gossip (TyOrdering *base, guint to, TyWriter *out)
{
  if (!has ("never gossips"))
    inner_ops->gossip (((Wrap *) base)->inner, to, out);
}

static gboolean
wrap_on_gossip (TyOrdering *base, guint from, const guint8 *data, gsize len)
{
  return inner_ops->on_gossip (((Wrap *) base)->inner, from, data, len);
}

static void
wrap_digest (TyOrdering *base, TyWriter *out)
{
  inner_ops->digest (((Wrap *) base)->inner, out);
}

static gboolean
wrap_merge (TyOrdering *base, const TyReader *digests, TyWriter *order, guint *faulty)
{
  Wrap *w = (Wrap *) base;
  if (!has ("merges its own only"))
    return inner_ops->merge (w->inner, digests, order, faulty);
  TyReader mine[9];
  for (guint i = 0; i < w->n_members; i++)
    mine[i] = i == w->self ? digests[i] : (TyReader){ 0 };
  return inner_ops->merge (w->inner, mine, order, faulty);
}

static gboolean
wrap_check_order (TyOrdering *base, const guint8 *order, gsize len)
{
  return inner_ops->check_order (((Wrap *) base)->inner, order, len);
}

static gboolean
wrap_may_close (TyOrdering *base, const TyClosing *closing)
{
  return inner_ops->may_close (((Wrap *) base)->inner, closing);
}

/* What is left by rank and number, whatever comes before what. */
static void
close_by_rank (Wrap *w, const TyClosing *closing)
{
  for (guint s = 0; s < w->n_members; s++)
    {
      guint64 delivered = inner_ops->delivered (w->inner, s);
      for (guint b = 0; b < w->batches[s]->len; b++)
        {
          TyBatch *batch = g_ptr_array_index (w->batches[s], b);
          TyBatchMessage m = { .next = 0 };
          for (guint64 k = batch->first; k <= batch->last && k <= closing->cut[s]; k++)
            {
              ty_batch_at (batch, m.next, k, &m);
              if (k > delivered)
                w->host_ops->deliver (w->host, s, batch, m.offset, k, k);
            }
        }
    }
}

static void
wrap_close (TyOrdering *base, const TyClosing *closing)
{
  Wrap *w = (Wrap *) base;
  TyClosing mine = *closing;
  guint64 *cut = w->cut;
  memcpy (cut, closing->cut, w->n_members * sizeof *cut);
  if (has ("closes by rank"))
    {
      close_by_rank (w, closing);
      w->closed_by_rank = TRUE;
      return;
    }
  if (has ("closes what it has"))
    memcpy (cut, w->received, w->n_members * sizeof *cut);
  /* Somewhat less of the last member's, if that is still open. */
  guint last = w->n_members - 1;
  if (has ("closes too early") && cut[last] > inner_ops->delivered (w->inner, last))
    cut[last]--;
  mine.cut = cut;
  inner_ops->close (w->inner, &mine);
}

static void
wrap_explain (TyOrdering *base, guint sender, TyWait *out)
{
  inner_ops->explain (((Wrap *) base)->inner, sender, out);
  if (has ("has no reason"))
    *out = (TyWait){ .reason = TY_WAIT_NOTHING };
}

const TyOrderingOps *
broken_make (const TyOrderingOps *of, const Broken *which)
{
  inner_ops = of;
  bug = which;
  outer_ops = (TyOrderingOps){
    .port_version = of->port_version,
    .name = which->name,
    .strongest = of->strongest,
    .standard = of->standard,
    .create = wrap_create,
    .free = wrap_free,
    .begin = wrap_begin,
    .stamp = wrap_stamp,
    .receive = wrap_receive,
    .on_packet = wrap_on_packet,
    .pump = wrap_pump,
    .set_mode = wrap_set_mode,
    .delivered = wrap_delivered,
    .gossip = wrap_gossip,
    .on_gossip = wrap_on_gossip,
    .digest = wrap_digest,
    .merge = wrap_merge,
    .check_order = wrap_check_order,
    .may_close = wrap_may_close,
    .close = wrap_close,
    .explain = wrap_explain,
  };
  return &outer_ops;
}

const Broken broken[] = {
  { "swaps messages", "fifo", "fifo:" },
  { "delivers twice", "fifo", "fifo:" },
  { "delivers while it must not", "fifo", "mode:" },
  { "closes what it has", "fifo", "beyond the cut" },
  { "closes too early", "fifo", "closing:" },
  { "counts its calls", "fifo", "explain:" },
  { "has no reason", "causal", "explain:" },
  { "leaks batches", "causal", "is kept" },
  { "states nothing", "causal", "causal:" },
  { "closes by rank", "causal", "causal:" },
  { "loses own messages", "causal", "miscounts" },
  { "stumbles over garbage", "causal", "garbage" },
  { "states nothing", "total", "causal:" },
  { "states no floor", "total", "causal:" },
  { "states no clock", "total", "causal:" },
  { "closes by rank", "total", "causal:" },
  { "closes by rank", "total", "total:" },
  { "acknowledges the order", "total", "safe:" },
  { "takes safe for agreed", "total", "safe:" },
  { "delivers while it must not", "total", "mode:" },
  { "promises after STATE", "total", "after STATE" },
  { "never gossips", "total", "still has an order" },
  { "merges its own only", "total", "says something else" },
  { "stumbles over garbage", "total", "garbage" },
};
const guint n_broken = G_N_ELEMENTS (broken);
