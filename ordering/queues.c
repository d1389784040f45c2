/* ordering/queues.c: see queues.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/queues.h"

#include "ordering/stamps.h"

void
ty_queues_init (TyQueues *q, guint n_members)
{
  q->n_members = n_members;
  q->senders = g_new0 (TySender, n_members);
}

void
ty_queues_clear (TyQueues *q)
{
  for (guint rank = 0; rank < q->n_members; rank++)
    {
      TySender *s = &q->senders[rank];
      ty_queues_forget (q, rank, s->end);
      g_free (s->items);
      g_free (s->needs);
      g_free (s->clock);
    }
  g_clear_pointer (&q->senders, g_free);
  q->n_members = 0;
}

/* Doubles a ring that is full. What lies in it is spread over the new one by its place. */
static gpointer
grow (gpointer ring, gsize *len, gsize first, gsize end, gsize size)
{
  g_assert (end - first <= *len);
  if (end - first < *len)
    return ring;
  gsize new_len = *len == 0 ? 8 : *len * 2;
  guint8 *bigger = g_malloc_n (new_len, size);
  for (gsize at = first; at < end; at++)
    memcpy (bigger + (at & (new_len - 1)) * size, (guint8 *) ring + (at & (*len - 1)) * size, size);
  g_free (ring);
  *len = new_len;
  return bigger;
}

static void
push_need (TySender *s, guint rank, guint64 number)
{
  s->needs = grow (s->needs, &s->needs_len, s->needs_first, s->needs_end, sizeof *s->needs);
  s->needs[s->needs_end++ & (s->needs_len - 1)] = (TyNeed){ .rank = rank, .number = number };
}

/* The clock of a stamp onto the ring of needs; FALSE if it is malformed. */
static gboolean
read_clock (TyQueues *q, guint sender, TyReader *r)
{
  TySender *s = &q->senders[sender];
  TyClockReader clock = { .n_members = q->n_members, .sender = sender, .stated = s->clock };
  TyNeed need;
  while (ty_clock_read (&clock, r, &need))
    push_need (s, need.rank, need.number);
  return ty_reader_done (r);
}

gboolean
ty_queues_take (TyQueues *q, guint sender, TyBatch *batch, gboolean floors)
{
  g_assert (sender < q->n_members);
  TySender *s = &q->senders[sender];
  g_assert (batch->first == s->received + 1);

  TyReader r = TY_READER (batch->stamp, batch->stamp_len);
  TyQueued item = { .batch = batch, .needs = s->needs_end };
  gboolean good;
  if (batch->services == TY_SERVICE_BIT (TY_SERVICE_FIFO))
    good = batch->stamp_len == 0;
  else
    {
      item.floor = s->floor + (floors ? ty_read_bounded (&r, TY_MAX_NUMBER - s->floor) : 0);
      good = read_clock (q, sender, &r);
    }
  if (!good)
    {
      s->needs_end = item.needs;
      return FALSE;
    }

  item.n_needs = (guint) (s->needs_end - item.needs);
  if (batch->services != TY_SERVICE_BIT (TY_SERVICE_FIFO))
    s->floor = item.floor;
  if (item.n_needs > 0 && s->clock == NULL)
    s->clock = g_new0 (guint64, q->n_members);
  for (guint i = 0; i < item.n_needs; i++)
    {
      const TyNeed *need = ty_queues_need (q, sender, &item, i);
      g_assert (need->number > s->clock[need->rank]);
      s->clock[need->rank] = need->number;
    }
  ty_batch_ref (batch);
  s->items = grow (s->items, &s->items_len, s->first, s->end, sizeof *s->items);
  s->items[s->end++ & (s->items_len - 1)] = item;
  s->received = batch->last;
  return TRUE;
}

void
ty_queues_forget (TyQueues *q, guint sender, gsize item)
{
  TySender *s = &q->senders[sender];
  g_assert (item <= s->end);
  for (; s->first < item; s->first++)
    {
      TyQueued *old = &s->items[s->first & (s->items_len - 1)];
      g_assert (old->needs == s->needs_first);
      s->needs_first += old->n_needs;
      ty_batch_unref (old->batch);
    }
}

guint64
ty_batch_count_sequenced (const TyBatch *batch)
{
  if ((batch->services & TY_SERVICES_SEQUENCED) == 0)
    return 0;
  if ((batch->services & ~TY_SERVICES_SEQUENCED) == 0)
    return batch->last - batch->first + 1;
  guint64 n = 0;
  TyBatchMessage m = { .next = 0 };
  for (guint64 number = batch->first; number <= batch->last; number++)
    {
      ty_batch_at (batch, m.next, number, &m);
      n += m.service >= TY_SERVICE_AGREED;
    }
  return n;
}

/* The whole rest of a batch at once, where its services allow to see without walking that all of it may pass. */
static gboolean
pass_whole (TyCursor *c, const TyQueued *item, const TyLimits *limits, TyPassed *out)
{
  const TyBatch *batch = item->batch;
  guint32 services = batch->services;
  if (limits->number < batch->last)
    return FALSE;
  if (services != TY_SERVICE_BIT (TY_SERVICE_FIFO) && !ty_cursor_is_open (c, item))
    return FALSE;

  if ((services & TY_SERVICES_SEQUENCED) == 0)
    out->last_plain = batch->last;
  else
    {
      gboolean safe = services == TY_SERVICE_BIT (TY_SERVICE_SAFE);
      if (!safe && services != TY_SERVICE_BIT (TY_SERVICE_AGREED))
        return FALSE;
      guint64 sequenced = c->sequenced + (batch->last - c->passed);
      if (sequenced > limits->sequenced || sequenced > limits->stop || (safe && sequenced > limits->safe))
        return FALSE;
      c->sequenced = sequenced;
      out->last_safe = safe ? sequenced : 0;
    }
  c->passed = batch->last;
  return TRUE;
}

/* One message after another. */
static void
pass_each (TyCursor *c, const TyQueued *item, const TyLimits *limits, TyPassed *out)
{
  gboolean open = ty_cursor_is_open (c, item);
  guint64 last = MIN (limits->number, item->batch->last);
  while (c->passed < last && c->sequenced < limits->stop)
    {
      TyBatchMessage m;
      ty_batch_at (item->batch, c->offset, c->passed + 1, &m);
      if (!open && m.service != TY_SERVICE_FIFO)
        break;
      if (m.service >= TY_SERVICE_AGREED)
        {
          if (c->sequenced >= limits->sequenced || (m.service == TY_SERVICE_SAFE && c->sequenced >= limits->safe))
            break;
          c->sequenced++;
          if (m.service == TY_SERVICE_SAFE)
            out->last_safe = c->sequenced;
        }
      else
        out->last_plain = m.number;
      c->passed = m.number;
      c->offset = m.next;
    }
}

gboolean
ty_cursor_pass (TyCursor *c, const TyQueued *item, const TyLimits *limits, TyPassed *out)
{
  TyBatch *batch = item->batch;
  g_assert (c->passed + 1 >= batch->first && c->passed < batch->last);
  g_assert (c->sequenced < limits->stop);
  *out = (TyPassed){ .batch = batch, .offset = c->offset, .first = c->passed + 1 };
  if (!pass_whole (c, item, limits, out))
    pass_each (c, item, limits, out);
  if (c->passed < out->first)
    return FALSE;
  out->last = c->passed;
  if (c->passed == batch->last)
    {
      c->item++;
      c->offset = 0;
      c->met = 0;
    }
  return TRUE;
}
