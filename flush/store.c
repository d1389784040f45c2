/* flush/store.c: the store of unstable messages of one view: receipts, stability, and what others lack (V5, V7, M6).
 *
 * Invariants, checked throughout:
 *  - what is received of a sender is a gap-free prefix: numbers 1..received[self][sender];
 *  - a batch is kept from its receipt until every member of the view has said that it received it, so that while
 *    anyone may lack it, each member that has it can forward it;
 *  - what a member says of its receipts only grows.
 * A crash at any point leaves behind only what the others hold themselves.
 *
 *   receipts, what a member says of each sender of whom it has something new to say
 *   size    field
 *   varint  how many entries, in ascending order of rank, each:
 *     varint  rank of the sender
 *     varint  last number received
 *     varint  of these, how many still need memory at the member (received - consumed)
 *
 *   digest
 *   varint  last number received, one for each rank
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/flush-port.h"
#include "core/plant.h"

/* An own batch that the window still counts. */
typedef struct
{
  guint64 last;
  gsize bytes;
} Charge;

typedef struct
{
  GQueue batches; /* of TyBatch, number order: received, not yet stable */
  guint64 consumed;
  guint64 stable;
  guint64 others; /* what every other member has received */
  guint64 told_received; /* in the last acknowledgement written */
  guint64 told_consumed;
  gsize untold; /* bytes received since */
} Sender;

struct _TyStore
{
  guint members;
  guint self;
  Sender *senders;
  guint64 **received; /* [sender][member]; own: the truth, others: as they say; NULL: nothing of that sender's yet */
  guint64 *consumed; /* the same, of own messages only: [member] */
  GArray *charges;   /* of Charge, from charges_head on */
  guint charges_head;
  gsize window_used;
  gsize kept_bytes;
  gsize untold;
};

static guint64
received_by (const TyStore *store, guint member, guint sender)
{
  g_assert (member < store->members && sender < store->members);
  return store->received[sender] != NULL ? store->received[sender][member] : 0;
}

/* Who sends nothing takes no memory: in a large view most do. */
static guint64 *
cell (TyStore *store, guint member, guint sender)
{
  g_assert (member < store->members && sender < store->members);
  if (store->received[sender] == NULL)
    store->received[sender] = g_new0 (guint64, store->members);
  return &store->received[sender][member];
}

/* Another member's row has changed. */
static void
count_others (TyStore *store, guint sender)
{
  guint64 others = G_MAXUINT64;
  for (guint m = 0; m < store->members; m++)
    if (m != store->self && !(TY_PLANTED (stable_early) && m + 1 == store->members && m > 1))
      others = MIN (others, received_by (store, m, sender));
  store->senders[sender].others = others;
}

static TyStore *
store_create (guint members, guint self)
{
  g_assert (members > 0 && self < members);
  TyStore *store = g_new0 (TyStore, 1);
  store->members = members;
  store->self = self;
  store->senders = g_new0 (Sender, members);
  store->received = g_new0 (guint64 *, members);
  store->consumed = g_new0 (guint64, members);
  store->charges = g_array_new (FALSE, FALSE, sizeof (Charge));
  for (guint i = 0; i < members; i++)
    store->senders[i].others = members > 1 ? 0 : G_MAXUINT64;
  return store;
}

static void
store_free (TyStore *store)
{
  for (guint i = 0; i < store->members; i++)
    {
      g_queue_clear_full (&store->senders[i].batches, (GDestroyNotify) ty_batch_unref);
      g_free (store->received[i]);
    }
  g_free (store->senders);
  g_free (store->received);
  g_free (store->consumed);
  g_array_unref (store->charges);
  g_free (store);
}

static gsize
batch_bytes (const TyBatch *batch)
{
  return g_bytes_get_size (batch->packet);
}

static void
free_stable (TyStore *store, guint sender)
{
  Sender *s = &store->senders[sender];
  guint64 stable = MIN (s->others, received_by (store, store->self, sender));
  g_assert (stable >= s->stable);
  s->stable = stable;
  TyBatch *head;
  while ((head = g_queue_peek_head (&s->batches)) != NULL && head->last <= stable)
    {
      g_queue_pop_head (&s->batches);
      store->kept_bytes -= batch_bytes (head);
      ty_batch_unref (head);
    }
}

/* The window counts an own message until every member has received it and needs memory for it no longer: stability
 * alone would let a member that cannot deliver yet pile up messages without bound. */
static void
open_window (TyStore *store)
{
  guint64 done = G_MAXUINT64;
  for (guint m = 0; m < store->members; m++)
    done = MIN (done, store->consumed[m]);
  while (store->charges_head < store->charges->len)
    {
      Charge *charge = &g_array_index (store->charges, Charge, store->charges_head);
      if (charge->last > done)
        break;
      g_assert (store->window_used >= charge->bytes);
      store->window_used -= charge->bytes;
      store->charges_head++;
    }
  if (store->charges_head > 64 && store->charges_head * 2 > store->charges->len)
    {
      g_array_remove_range (store->charges, 0, store->charges_head);
      store->charges_head = 0;
    }
}

static TyReceipt
store_add (TyStore *store, guint sender, TyBatch *batch)
{
  guint64 *received = cell (store, store->self, sender);
  if (batch->last <= *received)
    return TY_RECEIPT_DUPLICATE;
  if (batch->first != *received + 1)
    return TY_RECEIPT_GAP;
  Sender *s = &store->senders[sender];
  *received = batch->last;
  if (sender == store->self)
    {
      Charge charge = { .last = batch->last, .bytes = batch_bytes (batch) };
      g_array_append_val (store->charges, charge);
      store->window_used += charge.bytes;
    }
  else
    {
      s->untold += batch_bytes (batch);
      store->untold += batch_bytes (batch);
    }
  g_queue_push_tail (&s->batches, ty_batch_ref (batch));
  store->kept_bytes += batch_bytes (batch);
  /* The last to receive a message: the others have spoken of it already. */
  if (s->others > s->stable)
    free_stable (store, sender);
  return TY_RECEIPT_NEXT;
}

static guint64
store_received (const TyStore *store, guint sender)
{
  return received_by (store, store->self, sender);
}

static void
store_consumed (TyStore *store, guint sender, guint64 number)
{
  Sender *s = &store->senders[sender];
  g_assert (number <= store_received (store, sender));
  if (number <= s->consumed)
    return;
  s->consumed = number;
  if (sender == store->self)
    {
      store->consumed[store->self] = number;
      open_window (store);
    }
}

static gsize
store_untold (const TyStore *store)
{
  return store->untold;
}

static gboolean
news (const TyStore *store, guint sender)
{
  const Sender *s = &store->senders[sender];
  return store_received (store, sender) != s->told_received || s->consumed != s->told_consumed;
}

static gboolean
store_write_receipts (TyStore *store, TyWriter *w)
{
  guint n = 0;
  for (guint i = 0; i < store->members; i++)
    n += news (store, i) ? 1 : 0;
  if (n == 0)
    return FALSE;
  ty_write_varint (w, n);
  for (guint i = 0; i < store->members; i++)
    {
      Sender *s = &store->senders[i];
      guint64 received = store_received (store, i);
      if (!news (store, i))
        continue;
      ty_write_varint (w, i);
      ty_write_varint (w, received);
      ty_write_varint (w, received - s->consumed);
      s->told_received = received;
      s->told_consumed = s->consumed;
      s->untold = 0;
    }
  store->untold = 0;
  return TRUE;
}

static gboolean
store_on_receipts (TyStore *store, guint from, TyReader *r)
{
  /* Twice over the bytes: first whether they are sound, then the change. */
  for (guint pass = 0; pass < 2; pass++)
    {
      TyReader at = *r;
      gsize n = ty_read_count (&at, 3);
      guint64 least = 0;
      for (gsize i = 0; i < n; i++)
        {
          guint64 sender = ty_read_varint (&at);
          guint64 received = ty_read_bounded (&at, G_MAXINT64);
          guint64 held = ty_read_bounded (&at, received);
          /* Once each: the first pass looks at every entry against what was known before any of them. */
          if (at.bad || sender >= store->members || sender < least)
            return FALSE;
          least = sender + 1;
          guint64 known = received_by (store, from, (guint) sender);
          /* Nobody can have received more of this process's messages than there are; receipts never shrink. */
          if (received < known || (sender == store->self && received > store_received (store, store->self)))
            return FALSE;
          if (pass == 0)
            continue;
          if (received > known)
            *cell (store, from, (guint) sender) = received;
          count_others (store, (guint) sender);
          free_stable (store, (guint) sender);
          if (sender == store->self)
            {
              store->consumed[from] = MAX (store->consumed[from], received - held);
              open_window (store);
            }
        }
      if (!ty_reader_done (&at))
        return FALSE;
      if (pass == 1)
        *r = at;
    }
  return TRUE;
}

static guint64
store_stable (const TyStore *store)
{
  return store->senders[store->self].stable;
}

static gsize
store_window_used (const TyStore *store)
{
  return store->window_used;
}

static guint
store_laggard (const TyStore *store)
{
  guint laggard = store->self == 0 && store->members > 1 ? 1 : 0;
  for (guint m = 0; m < store->members; m++)
    if (m != store->self && store->consumed[m] < store->consumed[laggard])
      laggard = m;
  return laggard;
}

static gsize
store_kept_bytes (const TyStore *store)
{
  return store->kept_bytes;
}

static void
store_digest (const TyStore *store, TyWriter *w)
{
  for (guint i = 0; i < store->members; i++)
    ty_write_varint (w, store_received (store, i));
}

static gboolean
store_read_digest (const TyStore *store, TyReader *r, guint64 *received)
{
  for (guint i = 0; i < store->members; i++)
    received[i] = ty_read_bounded (r, G_MAXINT64);
  return !r->bad;
}

static gboolean
store_holds (const TyStore *store, const guint64 *cut)
{
  for (guint i = 0; i < store->members; i++)
    if (store_received (store, i) < cut[i])
      return FALSE;
  return TRUE;
}

static void
store_give (const TyStore *store, guint sender, guint64 after, guint64 upto, TyStoreGive give, gpointer user_data)
{
  for (GList *l = store->senders[sender].batches.head; l != NULL; l = l->next)
    {
      TyBatch *batch = l->data;
      if (batch->first > upto)
        break;
      if (batch->last > after)
        give (user_data, sender, batch);
    }
}

extern const TyFlushOps ty_flush;
const TyFlushOps ty_flush = {
  .create = store_create,
  .free = store_free,
  .add = store_add,
  .received = store_received,
  .consumed = store_consumed,
  .untold = store_untold,
  .write_receipts = store_write_receipts,
  .on_receipts = store_on_receipts,
  .stable = store_stable,
  .window_used = store_window_used,
  .laggard = store_laggard,
  .kept_bytes = store_kept_bytes,
  .digest = store_digest,
  .read_digest = store_read_digest,
  .holds = store_holds,
  .give = store_give,
};
