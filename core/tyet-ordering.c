/* core/tyet-ordering.c: orderings that programs bring along, behind the port of the built-in ones.
 *
 *     core ──► TyOrderingOps (ordering-port.h) ──► this file ──► TyetOrderingClass: the module
 *                                                     ▲                 │
 *                                                     └── TyetOrderingHost ◄┘
 *
 * The module sees messages as numbers of senders. Batches, the places of messages in them, and whether it is the time
 * for deliveries and promises are kept here, so that a module cannot get them wrong: what it hands over is always the
 * next of a sender. A module that breaks its contract is stopped at once, with the sentence that it has broken.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-ordering.h"

#include "core/api.h"
#include "core/modules.h"

typedef struct
{
  TyOrderingOps ops; /* first: what an object's `ops` points to */
  TyetOrderingClass klass;
} Registered;

/* The batches of one sender that are not delivered to their end. */
typedef struct
{
  GQueue batches; /* TyBatch */
  guint64 received;
  guint64 delivered;
  gsize offset; /* of the next message in the first batch */
} Queue;

/* What the module may do at the moment. */
typedef enum
{
  DOING_NOTHING,
  DOING_SPEAK,
  DOING_DELIVER,
  DOING_CLOSE
} Doing;

struct _TyetOrderingHost
{
  TyOrdering base; /* first */
  const TyetOrderingClass *klass;
  gpointer o;
  const TyOrderingHost *host_ops;
  gpointer host;
  guint n_members;
  Queue *queues; /* by rank */
  const guint64 *cut;
  Doing doing;
  gboolean may_deliver;
  gboolean may_promise;
  gboolean ended;
};

static TyetOrderingHost *
host_of (TyOrdering *base)
{
  return (TyetOrderingHost *) base;
}

static void G_GNUC_NORETURN
broken (const TyetOrderingHost *host, const char *what)
{
  g_error ("the ordering \"%s\" breaks its contract: %s", host->klass->name, what);
  abort ();
}

/* ---- What the module calls ---- */

/**
 * tyet_ordering_host_get_received:
 * @host: the host
 * @sender: a rank
 *
 * How many messages of @sender have been received in this view: the number of the last one.
 *
 * Returns: the number
 */
guint64
tyet_ordering_host_get_received (const TyetOrderingHost *host, guint sender)
{
  g_return_val_if_fail (host != NULL && sender < host->n_members, 0);
  return host->queues[sender].received;
}

/**
 * tyet_ordering_host_get_delivered:
 * @host: the host
 * @sender: a rank
 *
 * How many messages of @sender have been delivered in this view: the number of the last one.
 *
 * Returns: the number
 */
guint64
tyet_ordering_host_get_delivered (const TyetOrderingHost *host, guint sender)
{
  g_return_val_if_fail (host != NULL && sender < host->n_members, 0);
  return host->queues[sender].delivered;
}

/**
 * tyet_ordering_host_get_service:
 * @host: the host
 * @sender: a rank
 * @number: of a message that has been received and not delivered
 *
 * The service of a message.
 *
 * Returns: the service
 */
TyetService
tyet_ordering_host_get_service (const TyetOrderingHost *host, guint sender, guint64 number)
{
  g_return_val_if_fail (host != NULL && sender < host->n_members, TYET_SERVICE_DEFAULT);
  const Queue *q = &host->queues[sender];
  g_return_val_if_fail (number > q->delivered && number <= q->received, TYET_SERVICE_DEFAULT);
  gsize offset = q->offset;
  guint64 at = q->delivered + 1;
  for (GList *l = q->batches.head; l != NULL; l = l->next, offset = 0)
    {
      const TyBatch *batch = l->data;
      TyBatchMessage message = { .next = offset };
      if (number > batch->last)
        {
          at = batch->last + 1;
          continue;
        }
      for (; at <= number; at++)
        ty_batch_at (batch, message.next, at, &message);
      return (TyetService) message.service;
    }
  g_assert_not_reached ();
}

/**
 * tyet_ordering_host_deliver:
 * @host: the host
 * @sender: a rank
 * @upto: the number of a message that has been received
 *
 * Delivers what is not delivered yet of @sender's messages, up to that number. To be called in `deliver ()` and
 * `close ()` only.
 */
void
tyet_ordering_host_deliver (TyetOrderingHost *host, guint sender, guint64 upto)
{
  g_return_if_fail (host != NULL);
  if (host->doing != DOING_DELIVER && host->doing != DOING_CLOSE)
    broken (host, "it delivers when it was not asked to");
  if (sender >= host->n_members)
    broken (host, "it delivers a message of nobody");
  Queue *q = &host->queues[sender];
  if (upto > q->received)
    broken (host, "it delivers a message that has not been received");
  if (host->cut != NULL && upto > host->cut[sender])
    broken (host, "it delivers a message beyond the cut");
  while (q->delivered < upto)
    {
      TyBatch *batch = g_queue_peek_head (&q->batches);
      guint64 first = q->delivered + 1, last = MIN (upto, batch->last);
      gsize offset = q->offset;
      TyBatchMessage message = { .next = offset };
      for (guint64 number = first; number <= last; number++)
        ty_batch_at (batch, message.next, number, &message);
      q->delivered = last;
      q->offset = last == batch->last ? 0 : message.next;
      if (last == batch->last)
        g_queue_pop_head (&q->batches);
      host->host_ops->deliver (host->host, sender, batch, offset, first, last);
      if (last == batch->last)
        ty_batch_unref (batch);
    }
}

/**
 * tyet_ordering_host_multicast:
 * @host: the host
 * @data: (array length=len): bytes; copied
 * @len: how many, at least 1
 *
 * Says something to the same ordering at all other members, whose `on_packet ()` it reaches. To be called in `speak ()`
 * only.
 */
void
tyet_ordering_host_multicast (TyetOrderingHost *host, const void *data, gsize len)
{
  g_return_if_fail (host != NULL && len > 0);
  if (host->doing != DOING_SPEAK)
    broken (host, "it speaks when it was not asked to");
  if (host->n_members > 1)
    host->host_ops->multicast (host->host, data, len);
}

/**
 * tyet_ordering_put_number:
 * @to: what is being written
 * @number: a number
 *
 * Appends a number, in as few bytes as it takes: one to ten.
 */
void
tyet_ordering_put_number (GByteArray *to, guint64 number)
{
  g_return_if_fail (to != NULL);
  ty_write_varint (to, number);
}

/**
 * tyet_ordering_take_number:
 * @at: (inout): where the next number begins; moved behind it
 * @end: the end of the bytes
 * @number: (out): the number
 *
 * Reads what tyet_ordering_put_number () has written.
 *
 * Returns: %FALSE if there is no number; then nothing has changed
 */
gboolean
tyet_ordering_take_number (const guint8 **at, const guint8 *end, guint64 *number)
{
  g_return_val_if_fail (at != NULL && number != NULL && *at <= end, FALSE);
  TyReader r = ty_reader_of (*at, (gsize) (end - *at));
  guint64 value = ty_read_varint (&r);
  if (r.bad)
    return FALSE;
  *at = r.at;
  *number = value;
  return TRUE;
}

/* ---- The port ---- */

static TyOrdering *
host_create (const TyOrderingOps *ops, const TyOrderingHost *host_ops, gpointer host)
{
  TyetOrderingHost *h = g_new0 (TyetOrderingHost, 1);
  h->base.ops = ops;
  h->klass = &((const Registered *) ops)->klass;
  h->host_ops = host_ops;
  h->host = host;
  h->ended = TRUE;
  h->o = h->klass->create (h);
  return &h->base;
}

static void
clear_queues (TyetOrderingHost *h)
{
  for (guint i = 0; i < h->n_members; i++)
    g_queue_clear_full (&h->queues[i].batches, (GDestroyNotify) ty_batch_unref);
  g_clear_pointer (&h->queues, g_free);
  h->n_members = 0;
}

static void
host_free (TyOrdering *base)
{
  TyetOrderingHost *h = host_of (base);
  h->klass->free (h->o);
  clear_queues (h);
  g_free (h);
}

static void
host_begin (TyOrdering *base, guint members, guint self)
{
  TyetOrderingHost *h = host_of (base);
  clear_queues (h);
  h->n_members = members;
  h->queues = g_new0 (Queue, members);
  h->may_deliver = h->may_promise = TRUE;
  h->ended = FALSE;
  h->klass->begin (h->o, members, self);
}

static void
host_stamp (TyOrdering *base, guint32 services, TyWriter *stamp)
{
  TyetOrderingHost *h = host_of (base);
  if (h->klass->stamp != NULL)
    h->klass->stamp (h->o, services, stamp);
}

static gboolean
host_receive (TyOrdering *base, guint sender, TyBatch *batch)
{
  TyetOrderingHost *h = host_of (base);
  Queue *q = &h->queues[sender];
  g_assert (!h->ended && sender < h->n_members && batch->first == q->received + 1);
  TyetOrderingBatch seen = { .first = batch->first,
                             .last = batch->last,
                             .services = batch->services,
                             .stamp = batch->stamp,
                             .stamp_len = batch->stamp_len };
  if (batch->services >> (h->klass->strongest + 1) != 0 || (h->klass->stamp == NULL && batch->stamp_len > 0)
      || !h->klass->receive (h->o, sender, &seen))
    return FALSE;
  q->received = batch->last;
  g_queue_push_tail (&q->batches, ty_batch_ref (batch));
  return TRUE;
}

static gboolean
host_on_packet (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes)
{
  TyetOrderingHost *h = host_of (base);
  g_assert (from < h->n_members);
  return h->klass->on_packet != NULL && h->klass->on_packet (h->o, from, data, len_bytes);
}

static void
host_pump (TyOrdering *base)
{
  TyetOrderingHost *h = host_of (base);
  if (h->ended)
    return;
  h->doing = DOING_SPEAK;
  if (h->may_promise && h->klass->speak != NULL)
    h->klass->speak (h->o);
  h->doing = DOING_DELIVER;
  if (h->may_deliver)
    h->klass->deliver (h->o);
  h->doing = DOING_NOTHING;
}

static void
host_set_mode (TyOrdering *base, gboolean deliver, gboolean promise)
{
  TyetOrderingHost *h = host_of (base);
  h->may_deliver = deliver;
  h->may_promise = promise;
}

static guint64
host_delivered (TyOrdering *base, guint sender)
{
  return tyet_ordering_host_get_delivered (host_of (base), sender);
}

static void
host_gossip (TyOrdering *base, guint to, TyWriter *w)
{
}

static gboolean
host_on_gossip (TyOrdering *base, guint from, const guint8 *data, gsize len_bytes)
{
  return len_bytes == 0;
}

static void
host_digest (TyOrdering *base, TyWriter *w)
{
  TyetOrderingHost *h = host_of (base);
  if (h->klass->digest != NULL)
    h->klass->digest (h->o, w);
}

static gboolean
host_merge (TyOrdering *base, const TyReader *digests, TyWriter *order, guint *faulty)
{
  TyetOrderingHost *h = host_of (base);
  g_autofree const guint8 **bytes = g_new (const guint8 *, h->n_members);
  g_autofree gsize *lens = g_new (gsize, h->n_members);
  for (guint i = 0; i < h->n_members; i++)
    {
      bytes[i] = digests[i].at;
      lens[i] = digests[i].at != NULL ? ty_reader_left (&digests[i]) : 0;
      if (h->klass->merge == NULL && lens[i] > 0)
        {
          *faulty = i;
          return FALSE;
        }
    }
  return h->klass->merge == NULL || h->klass->merge (h->o, bytes, lens, order, faulty);
}

static gboolean
host_check_order (TyOrdering *base, const guint8 *order, gsize order_len)
{
  TyetOrderingHost *h = host_of (base);
  return h->klass->check_order != NULL ? h->klass->check_order (h->o, order, order_len) : order_len == 0;
}

static gboolean
host_may_close (TyOrdering *base, const TyClosing *closing)
{
  TyetOrderingHost *h = host_of (base);
  for (guint i = 0; i < h->n_members; i++)
    if (h->queues[i].delivered > closing->cut[i])
      return FALSE;
  return h->klass->may_close == NULL || h->klass->may_close (h->o, closing->cut, closing->order, closing->order_len);
}

static void
host_close (TyOrdering *base, const TyClosing *closing)
{
  TyetOrderingHost *h = host_of (base);
  g_assert (!h->ended);
  h->doing = DOING_CLOSE;
  h->cut = closing->cut;
  h->klass->close (h->o, closing->cut, closing->order, closing->order_len);
  h->cut = NULL;
  h->doing = DOING_NOTHING;
  h->ended = TRUE;
  for (guint i = 0; i < h->n_members; i++)
    g_queue_clear_full (&h->queues[i].batches, (GDestroyNotify) ty_batch_unref);
}

static void
host_explain (TyOrdering *base, guint sender, TyWait *out)
{
  static const TyWaitReason reasons[] = {
    [TYET_ORDERING_REASON_PREDECESSOR] = TY_WAIT_PREDECESSOR,
    [TYET_ORDERING_REASON_ORDER] = TY_WAIT_ORDER,
    [TYET_ORDERING_REASON_STABLE] = TY_WAIT_STABLE,
  };
  TyetOrderingHost *h = host_of (base);
  g_assert (sender < h->n_members);
  const Queue *q = &h->queues[sender];
  *out = (TyWait){ .reason = TY_WAIT_NOTHING };
  if (h->ended || q->delivered == q->received)
    return;
  out->message = q->delivered + 1;
  out->service = (TyService) tyet_ordering_host_get_service (h, sender, out->message);
  out->reason = TY_WAIT_MODE;
  if (!h->may_deliver)
    return;
  TyetOrderingWait wait = { .reason = TYET_ORDERING_REASON_ORDER };
  h->klass->explain (h->o, sender, &wait);
  if (wait.reason > TYET_ORDERING_REASON_STABLE || wait.member >= h->n_members)
    broken (h, "it explains a wait by nothing that there is");
  out->reason = reasons[wait.reason];
  out->member = wait.member;
  out->number = wait.number;
}

static const TyOrderingOps template = {
  .port_version = TY_ORDERING_PORT_VERSION,
  .create = host_create,
  .free = host_free,
  .begin = host_begin,
  .stamp = host_stamp,
  .receive = host_receive,
  .on_packet = host_on_packet,
  .pump = host_pump,
  .set_mode = host_set_mode,
  .delivered = host_delivered,
  .gossip = host_gossip,
  .on_gossip = host_on_gossip,
  .digest = host_digest,
  .merge = host_merge,
  .check_order = host_check_order,
  .may_close = host_may_close,
  .close = host_close,
  .explain = host_explain,
};

/* ---- Registering ---- */

static const char *
what_is_wrong (const TyetOrderingClass *c)
{
  if (c->size < sizeof *c)
    return "its size is not that of a TyetOrderingClass";
  if (c->name == NULL || !ty_check_name (c->name, "an ordering", NULL))
    return "it has no name that a group could be made with";
  if (c->strongest < TYET_SERVICE_FIFO || c->strongest > TYET_SERVICE_SAFE || c->standard < TYET_SERVICE_FIFO
      || c->standard > c->strongest)
    return "its standard service is none that it offers";
  if (c->create == NULL || c->free == NULL || c->begin == NULL || c->receive == NULL || c->deliver == NULL
      || c->close == NULL || c->explain == NULL)
    return "one of create, free, begin, receive, deliver, close and explain is missing";
  if ((c->digest == NULL) != (c->merge == NULL) || (c->digest == NULL) != (c->check_order == NULL))
    return "of digest, merge and check_order it has some and lacks others";
  if (c->may_close != NULL && c->digest == NULL)
    return "it has may_close, but no closing order to judge";
  return NULL;
}

/**
 * tyet_ordering_register:
 * @ordering: the module; copied, but for its name, which must stay
 * @error: return location for an error
 *
 * Makes an ordering known by its name, for as long as the program runs: from now on groups can be made with it. To be
 * called when the program starts, before there are groups.
 *
 * Every member of a group must have registered the same module: whoever has not, or has another by that name, is not
 * let in or is taken for a liar.
 *
 * Returns: %TRUE, or %FALSE with %TYET_ERROR_ORDERING if the module is for another version of the interface, is not
 *   complete, or has a name that is taken
 */
gboolean
tyet_ordering_register (const TyetOrderingClass *ordering, GError **error)
{
  g_return_val_if_fail (ordering != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  if (ordering->api != TYET_ORDERING_API)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_ORDERING,
                   "an ordering for version %u of the interface cannot be used: this library has version %u",
                   ordering->api, TYET_ORDERING_API);
      return FALSE;
    }
  const char *wrong = what_is_wrong (ordering);
  if (wrong != NULL)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_ORDERING, "an ordering cannot be registered: %s", wrong);
      return FALSE;
    }
  Registered *r = g_new0 (Registered, 1);
  r->klass = *ordering;
  r->ops = template;
  r->ops.name = ordering->name;
  r->ops.strongest = (TyService) ordering->strongest;
  r->ops.standard = (TyService) ordering->standard;
  if (ty_modules_add_ordering (&ty_modules, &r->ops))
    return TRUE;
  g_free (r);
  g_set_error (error, TYET_ERROR, TYET_ERROR_ORDERING, "there is an ordering \"%s\" already", ordering->name);
  return FALSE;
}
