/* flush/store.c: the store of unstable messages of one view: receipts, stability, and what others lack (V5, V7, M6).
 *
 * Invariants, checked throughout:
 *  - what is received of a sender is a gap-free prefix: numbers 1..received;
 *  - a batch is kept from its receipt until every member of the view has said that it received it, so that while
 *    anyone may lack it, each member that has it can forward it;
 *  - what a member says of its receipts only grows.
 * A crash at any point leaves behind only what the others hold themselves.
 *
 * Receipts of a sender's messages go to that sender, who counts, and tells everybody how far all have come: what is
 * said in a view grows with its members, not with their square.  If the sender dies between the two, the others keep
 * what they need not keep until the view ends: at most its window.
 *
 *   receipts, what a member says to another
 *   size    field
 *   varint  of its own messages: the last that every member has received
 *   varint  of the other's messages: the last that it has received
 *   varint  of these, how many still need memory at the member (received - consumed)
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
  GQueue batches; /* of TyBatch, number order: received, not known to be stable */
  guint64 received;
  guint64 consumed;
  guint64 stable;
  gsize kept_bytes;
} Sender;

/* What a member was told last. */
typedef struct
{
  guint64 received;
  guint64 consumed;
  guint64 stable;
} Told;

/* What each member says of one thing, and the least of that. */
typedef struct
{
  guint64 *of; /* by rank */
  guint64 least;
  guint n_least; /* members at the least */
} Least;

struct _TyStore
{
  guint members;
  guint self;
  Sender *senders;
  Told *told;
  Least received; /* of own messages */
  Least consumed;
  GArray *charges; /* of Charge, from charges_head on */
  guint charges_head;
  gsize window_used;
  gsize kept_bytes;
  guint64 stable_bytes;
};

static void
least_init (Least *least, guint members)
{
  *least = (Least){ .of = g_new0 (guint64, members), .n_least = members };
}

/* Members are counted again only when the last of those behind has come on: hardly ever, and in a large view rarer. */
static void
least_raise (Least *least, guint members, guint member, guint64 value)
{
  g_assert (member < members && value >= least->of[member]);
  gboolean was_least = least->of[member] == least->least && value > least->least;
  least->of[member] = value;
  if (!was_least || --least->n_least > 0)
    return;
  least->least = G_MAXUINT64;
  for (guint m = 0; m < members; m++)
    if (least->of[m] < least->least)
      {
        least->least = least->of[m];
        least->n_least = 1;
      }
    else if (least->of[m] == least->least)
      least->n_least++;
}

static TyStore *
store_create (guint members, guint self)
{
  g_assert (members > 0 && self < members);
  TyStore *store = g_new0 (TyStore, 1);
  store->members = members;
  store->self = self;
  store->senders = g_new0 (Sender, members);
  store->told = g_new0 (Told, members);
  least_init (&store->received, members);
  least_init (&store->consumed, members);
  store->charges = g_array_new (FALSE, FALSE, sizeof (Charge));
  return store;
}

static void
store_free (TyStore *store)
{
  for (guint i = 0; i < store->members; i++)
    g_queue_clear_full (&store->senders[i].batches, (GDestroyNotify) ty_batch_unref);
  g_free (store->senders);
  g_free (store->told);
  g_free (store->received.of);
  g_free (store->consumed.of);
  g_array_unref (store->charges);
  g_free (store);
}

static gsize
batch_bytes (const TyBatch *batch)
{
  return g_bytes_get_size (batch->packet);
}

static void
free_stable (TyStore *store, guint sender, guint64 stable)
{
  Sender *s = &store->senders[sender];
  g_assert (stable >= s->stable && stable <= s->received);
  s->stable = stable;
  TyBatch *head;
  while ((head = g_queue_peek_head (&s->batches)) != NULL && head->last <= stable)
    {
      g_queue_pop_head (&s->batches);
      s->kept_bytes -= batch_bytes (head);
      store->kept_bytes -= batch_bytes (head);
      if (sender == store->self)
        store->stable_bytes += batch_bytes (head);
      ty_batch_unref (head);
    }
}

/* Another member, or this one, has received own messages. */
static void
count_received (TyStore *store, guint member, guint64 received)
{
  least_raise (&store->received, store->members, member, received);
  guint64 stable = store->received.least;
  if (TY_PLANTED (stable_early) && store->members > 2)
    for (guint m = 0; m + 1 < store->members; m++)
      stable = m == 0 ? store->received.of[m] : MIN (stable, store->received.of[m]);
  free_stable (store, store->self, MAX (stable, store->senders[store->self].stable));
}

/* The window counts an own message until every member has received it and needs memory for it no longer: stability
 * alone would let a member that cannot deliver yet pile up messages without bound. */
static void
open_window (TyStore *store)
{
  guint64 done = store->consumed.least;
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
  g_assert (sender < store->members);
  Sender *s = &store->senders[sender];
  if (batch->last <= s->received)
    return TY_RECEIPT_DUPLICATE;
  if (batch->first != s->received + 1)
    return TY_RECEIPT_GAP;
  s->received = batch->last;
  g_queue_push_tail (&s->batches, ty_batch_ref (batch));
  s->kept_bytes += batch_bytes (batch);
  store->kept_bytes += batch_bytes (batch);
  if (sender == store->self)
    {
      Charge charge = { .last = batch->last, .bytes = batch_bytes (batch) };
      g_array_append_val (store->charges, charge);
      store->window_used += charge.bytes;
      count_received (store, store->self, batch->last);
    }
  return TY_RECEIPT_NEXT;
}

static guint64
store_received (const TyStore *store, guint sender)
{
  g_assert (sender < store->members);
  return store->senders[sender].received;
}

static void
store_consumed (TyStore *store, guint sender, guint64 number)
{
  Sender *s = &store->senders[sender];
  g_assert (number <= s->received);
  if (number <= s->consumed)
    return;
  s->consumed = number;
  if (sender == store->self)
    {
      least_raise (&store->consumed, store->members, store->self, number);
      open_window (store);
    }
}

static guint64
store_stable_bytes (const TyStore *store)
{
  return store->stable_bytes;
}

static gboolean
store_write_receipts (TyStore *store, guint to, TyWriter *w)
{
  g_assert (to < store->members && to != store->self);
  Sender *s = &store->senders[to];
  Told *told = &store->told[to], now = { s->received, s->consumed, store->senders[store->self].stable };
  gboolean news
      = now.received != told->received || now.consumed != told->consumed || now.stable != told->stable;
  ty_write_varint (w, now.stable);
  ty_write_varint (w, now.received);
  ty_write_varint (w, now.received - now.consumed);
  *told = now;
  return news;
}

static gboolean
store_on_receipts (TyStore *store, guint from, TyReader *r)
{
  g_assert (from < store->members && from != store->self);
  guint64 stable = ty_read_bounded (r, G_MAXINT64);
  guint64 received = ty_read_bounded (r, G_MAXINT64);
  guint64 held = ty_read_bounded (r, received);
  /* All have received what is stable, this process too; nobody can have received more of this one's messages than there
   * are; and neither ever shrinks. */
  if (!ty_reader_done (r) || stable > store->senders[from].received || stable < store->senders[from].stable
      || received > store->senders[store->self].received || received < store->received.of[from])
    return FALSE;
  free_stable (store, from, stable);
  count_received (store, from, received);
  if (received - held > store->consumed.of[from])
    {
      least_raise (&store->consumed, store->members, from, received - held);
      open_window (store);
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

/* Nobody can consume what one of them has not received and acknowledged, such as a safe message: so among those who
 * have consumed as little it is who has received least. */
static guint
store_laggard (const TyStore *store)
{
  guint laggard = store->self == 0 && store->members > 1 ? 1 : 0;
  const guint64 *consumed = store->consumed.of, *received = store->received.of;
  for (guint m = 0; m < store->members; m++)
    if (m != store->self
        && (consumed[m] < consumed[laggard]
            || (consumed[m] == consumed[laggard] && received[m] < received[laggard])))
      laggard = m;
  return laggard;
}

static gsize
store_kept_bytes (const TyStore *store)
{
  return store->kept_bytes;
}

static gsize
store_kept_of (const TyStore *store, guint sender)
{
  g_assert (sender < store->members);
  return store->senders[sender].kept_bytes;
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
  .stable_bytes = store_stable_bytes,
  .write_receipts = store_write_receipts,
  .on_receipts = store_on_receipts,
  .stable = store_stable,
  .window_used = store_window_used,
  .laggard = store_laggard,
  .kept_bytes = store_kept_bytes,
  .kept_of = store_kept_of,
  .digest = store_digest,
  .read_digest = store_read_digest,
  .holds = store_holds,
  .give = store_give,
};
