/* ordering/holdback.c: see holdback.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/holdback.h"

void
ty_holdback_begin (TyHoldback *h, guint n_members, guint self, const TyRuns *order)
{
  g_assert (n_members > 0 && self < n_members);
  ty_holdback_clear (h);
  h->n_members = n_members;
  h->self = self;
  h->deliver = TRUE;
  h->ended = FALSE;
  ty_queues_init (&h->queues, n_members);
  ty_front_init (&h->out, &h->queues, order);
}

void
ty_holdback_clear (TyHoldback *h)
{
  if (h->n_members == 0)
    return;
  ty_front_clear (&h->out);
  ty_queues_clear (&h->queues);
  h->n_members = 0;
}

void
ty_holdback_deliver (TyHoldback *h, guint sender, const TyPassed *passed)
{
  h->host_ops->deliver (h->host, sender, passed->batch, passed->offset, passed->first, passed->last);
  ty_queues_forget (&h->queues, sender, h->out.at[sender].item);
}

void
ty_holdback_set_deliver (TyOrdering *base, gboolean deliver, gboolean promise)
{
  ((TyHoldback *) base)->deliver = deliver;
}

guint64
ty_holdback_delivered (TyOrdering *base, guint sender)
{
  TyHoldback *h = (TyHoldback *) base;
  g_assert (sender < h->n_members);
  return h->out.at[sender].passed;
}

gboolean
ty_holdback_within (const TyHoldback *h, const guint64 *cut)
{
  for (guint sender = 0; sender < h->n_members; sender++)
    if (h->out.at[sender].passed > cut[sender])
      return FALSE;
  return TRUE;
}

void
ty_holdback_explain (TyOrdering *base, guint sender, TyWait *out)
{
  TyHoldback *h = (TyHoldback *) base;
  g_assert (sender < h->n_members);
  *out = (TyWait){ .reason = TY_WAIT_NOTHING };
  const TyCursor *c = &h->out.at[sender];
  if (h->ended || c->passed == h->queues.senders[sender].received)
    return;

  const TyQueued *item = ty_queues_item (&h->queues, sender, c->item);
  out->service = ty_cursor_service (c, item);
  out->message = c->passed + 1;
  TyNeed missing;
  if (out->service != TY_SERVICE_FIFO && !ty_cursor_is_open (c, item) && ty_front_missing (&h->out, sender, &missing))
    {
      gboolean floor = missing.rank == h->n_members;
      out->reason = floor ? TY_WAIT_FLOOR : TY_WAIT_PREDECESSOR;
      out->member = floor ? 0 : missing.rank;
      out->number = missing.number;
    }
  else if (!h->deliver)
    out->reason = TY_WAIT_MODE;
}

gboolean
ty_unordered_on_packet (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes)
{
  return FALSE;
}

void
ty_unordered_pump (TyOrdering *base)
{
  TyHoldback *h = (TyHoldback *) base;
  if (h->deliver && !h->ended)
    ty_front_run (&h->out);
}

void
ty_unordered_gossip (TyOrdering *base, guint to, TyWriter *w)
{
}

gboolean
ty_unordered_on_gossip (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes)
{
  return len_bytes == 0;
}

void
ty_unordered_digest (TyOrdering *base, TyWriter *w)
{
}

gboolean
ty_unordered_merge (TyOrdering *base, const TyReader *digests, TyWriter *order, guint *faulty)
{
  TyHoldback *h = (TyHoldback *) base;
  for (guint rank = 0; rank < h->n_members; rank++)
    if (ty_reader_left (&digests[rank]) > 0)
      {
        *faulty = rank;
        return FALSE;
      }
  return TRUE;
}

gboolean
ty_unordered_check_order (TyOrdering *base, const guint8 *order, gsize order_len)
{
  return order_len == 0;
}

gboolean
ty_unordered_may_close (TyOrdering *base, const TyClosing *closing)
{
  return closing->order_len == 0 && ty_holdback_within ((TyHoldback *) base, closing->cut);
}

void
ty_unordered_close (TyOrdering *base, const TyClosing *closing)
{
  static const TyRuns none;
  g_assert (closing->order_len == 0);
  ty_holdback_close ((TyHoldback *) base, closing->cut, &none);
}
