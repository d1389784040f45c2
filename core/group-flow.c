/* core/group-flow.c: messages: numbering, sending, receiving, delivering, acknowledging, the window (M1, M8, N2).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/plant.h"

/* A batch is closed when it has grown to this. */
#define BATCH_BYTES (60 * 1024)
/* What is kept for a sender that has no window is bounded by so many of one's own, and of the longest messages.  One
 * with a window as large has two of them on its way, and what is stable, which this process may be told of late. */
#define MOST_WINDOWS 4

void
ty_group_send_packet (TyGroup *group, guint rank, GByteArray *w, TyClass class)
{
  g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (w);
  if (group->peer_of_rank[rank] != TY_NO_PEER)
    ty_node_send (group->node, group->peer_of_rank[rank], packet, class, group->stream);
}

static void
send_to_others (TyGroup *group, GBytes *packet, TyClass class)
{
  for (guint i = 0; i < group->view->n_members; i++)
    if (i != group->view->self && group->peer_of_rank[i] != TY_NO_PEER)
      ty_node_send (group->node, group->peer_of_rank[i], packet, class, group->stream);
}

static GByteArray *
begin_packet (const TyGroup *group, TyPacketType type)
{
  GByteArray *w = g_byte_array_sized_new (64);
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, &group->id);
  ty_write_varint (w, group->view->id.number);
  return w;
}

/* ---- sending ---- */

static gsize
window_used (const TyGroup *group)
{
  return group->queued_bytes + (group->store != NULL ? group->flush_ops->window_used (group->store) : 0);
}

/* Who met a full window has its turn before anybody smaller, or those who fit in at any time would keep it out for
 * ever: nothing is taken until there is room for it, and then nothing but itself, and what leaves room for it, until
 * the application has had the time to try again. */
static gboolean
has_room (TyGroup *group, gsize size)
{
  gsize window = group->node->config.window_bytes, used = window_used (group);
  gboolean fits = used == 0 || used + size <= window;
  if (TY_PLANTED (window_ignored))
    return TRUE;
  if (group->turn == 0)
    return group->refused == 0 && fits;
  if (size < group->turn)
    {
      group->node->pending = TRUE; /* the turn ends with the next step */
      return group->refused == 0 && used + size + group->turn <= window;
    }
  group->turn = fits ? 0 : group->turn;
  return fits;
}

static gboolean
may_send (TyGroup *group, TyService service, gsize len_bytes, GError **error)
{
  const TyNodeConfig *config = &group->node->config;
  if (group->state != TY_GROUP_MEMBER && group->state != TY_GROUP_FLUSHING && group->state != TY_GROUP_BLOCKED)
    g_set_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER, "This process is not in group \"%s\"", group->name);
  else if (group->leaving || group->leave_asked)
    g_set_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER, "This process is leaving group \"%s\"", group->name);
  else if (!group->loaded)
    g_set_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER, "The state of group \"%s\" has not been loaded yet",
                 group->name);
  else if (service > group->ordering_ops->strongest)
    g_set_error (error, TYET_ERROR, TYET_ERROR_SERVICE,
                 "Group \"%s\" is ordered \"%s\", which does not offer that service; nothing was sent", group->name,
                 group->ordering_ops->name);
  else if (len_bytes > config->max_message_bytes)
    g_set_error (error, TYET_ERROR, TYET_ERROR_TOO_LARGE,
                 "A message of %" G_GSIZE_FORMAT " bytes is longer than the limit of %" G_GSIZE_FORMAT
                 "; raise max-message-size at every member, or send it in parts",
                 len_bytes, config->max_message_bytes);
  else if (group->blocked && !TY_PLANTED (blocked_goes_on))
    g_set_error (error, TYET_ERROR, TYET_ERROR_BLOCKED,
                 "Group \"%s\" is blocked here: this part of it holds no quorum of the view", group->name);
  else
    {
      gsize size = ty_batch_message_size (len_bytes);
      if (has_room (group, size))
        return TRUE;
      if (group->refused == 0)
        group->refused_since = group->node->now;
      group->refused = MAX (group->refused, size);
      g_set_error (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK,
                   "The window of %" G_GSIZE_FORMAT
                   " bytes is full: members have not yet acknowledged what was sent before",
                   config->window_bytes);
    }
  return FALSE;
}

guint64
ty_group_send (TyGroup *group, TyService service, gconstpointer data, gsize len_bytes, GError **error)
{
  g_assert (!group->node->stepping);
  if (!may_send (group, service, len_bytes, error))
    return 0;
  gsize size = ty_batch_message_size (len_bytes);
  gsize in_open = group->open.len_bytes;
  if (in_open > 0 && in_open + size > BATCH_BYTES)
    {
      TyBatchBuilder *full = g_new (TyBatchBuilder, 1);
      ty_batch_builder_split (&group->open, full);
      g_queue_push_tail (&group->full, full);
    }
  ty_batch_builder_add (&group->open, service, data, len_bytes);
  group->queued_bytes += size;
  group->accepted++;
  group->stats.sent++;
  group->stats.sent_bytes += len_bytes;
  group->node->pending = TRUE;
  return group->accepted;
}

void
ty_group_want_stable (TyGroup *group, guint64 number)
{
  group->want_stable = MAX (group->want_stable, number);
  group->node->pending = TRUE;
}

static void
record_sends (TyGroup *group, const TyBatch *batch)
{
  TyBatchMessage message;
  gsize offset = 0;
  for (guint64 number = batch->first; number <= batch->last; number++, offset = message.next)
    {
      ty_batch_at (batch, offset, number, &message);
      ty_history_send (group->node->history, group->view, number, message.service, message.len, group->node->now);
    }
}

/* A send belongs to the view in which it is numbered (M8). */
static guint64
stamped_view (const TyGroup *group)
{
  guint64 view = group->view->id.number;
  return TY_PLANTED (send_of_old_view) && group->next_number == 1 && view > 1 ? view - 1 : view;
}

/* The messages of one builder get their numbers in the current view, and go out. */
static void
number (TyGroup *group, TyBatchBuilder *builder)
{
  g_autoptr (GByteArray) stamp = g_byte_array_new ();
  group->ordering_ops->stamp (group->ordering, builder->services, stamp);
  guint count = builder->count;
  g_autoptr (TyBatch) batch
      = ty_batch_builder_seal (builder, &group->id, stamped_view (group), group->next_number, stamp->data, stamp->len);
  guint self = group->view->self;
  TyReceipt receipt = group->flush_ops->add (group->store, self, batch);
  g_assert (receipt == TY_RECEIPT_NEXT);
  gboolean taken = group->ordering_ops->receive (group->ordering, self, batch);
  g_assert (taken);
  group->next_number += count;
  group->sent_numbered += count;
  TySentMark mark = { .last = batch->last, .send = group->sent_numbered };
  g_array_append_val (group->marks, mark);
  if (group->node->history != NULL)
    record_sends (group, batch);
  send_to_others (group, batch->packet, TY_CLASS_DATA);
}

static void
number_all (TyGroup *group)
{
  TyBatchBuilder *full;
  while ((full = g_queue_pop_head (&group->full)) != NULL)
    {
      number (group, full);
      g_free (full);
    }
  if (group->open.count > 0)
    number (group, &group->open);
  group->queued_bytes = 0;
}

/* ---- acknowledging ---- */

/* Unless it is done before. */
static void
receipts_soon (TyGroup *group)
{
  if (group->receipts_due == 0 && group->view->n_members > 1)
    group->receipts_due = group->node->now + group->node->config.heartbeat_us / 5;
}

/* A sender that has not been told that so much has been consumed is told at once: it may wait for its window, and that
 * is all its window waits for. */
static gsize
eager_bytes (const TyGroup *group)
{
  return MIN (group->node->config.window_bytes / 8, 256 * 1024);
}

static void
send_receipts (TyGroup *group, guint to)
{
  g_autoptr (GByteArray) gossip = g_byte_array_new ();
  g_autoptr (GByteArray) receipts = g_byte_array_new ();
  group->ordering_ops->gossip (group->ordering, to, gossip);
  gboolean news = group->flush_ops->write_receipts (group->store, to, receipts);
  if (!news && gossip->len == 0)
    return;
  GByteArray *w = begin_packet (group, TY_PACKET_RECEIPTS);
  ty_write_block (w, gossip->data, gossip->len);
  g_byte_array_append (w, receipts->data, receipts->len);
  ty_group_send_packet (group, to, w, TY_CLASS_CONTROL);
}

/* Those who wait for it are told what has come from them; what is stable, and all the rest, is told when there is much
 * of it, or after a while. */
static void
acknowledge (TyGroup *group)
{
  guint64 stable_bytes = group->flush_ops->stable_bytes (group->store);
  gboolean all = (group->receipts_due > 0 && group->node->now >= group->receipts_due)
                 || stable_bytes - group->told_stable_bytes >= 2 * eager_bytes (group);
  for (guint i = 0; i < group->creditors->len; i++)
    {
      guint to = g_array_index (group->creditors, guint, i);
      group->untold[to] = 0;
      if (!all)
        send_receipts (group, to);
    }
  g_array_set_size (group->creditors, 0);
  if (!all)
    return;
  group->receipts_due = 0;
  group->told_stable_bytes = stable_bytes;
  for (guint i = 0; i < group->view->n_members; i++)
    {
      group->untold[i] = 0;
      if (i != group->view->self)
        send_receipts (group, i);
    }
}

static void
note_consumed (TyGroup *group, guint sender, guint64 number, gsize bytes)
{
  gsize before = group->untold[sender], eager = eager_bytes (group);
  group->flush_ops->consumed (group->store, sender, number);
  if (sender == group->view->self)
    return;
  group->untold[sender] += bytes;
  if (before < eager && group->untold[sender] >= eager)
    g_array_append_val (group->creditors, sender);
}

/* RECEIPTS: block gossip of the ordering, then the store's. */
gboolean
ty_group_on_receipts (TyGroup *group, guint rank, TyReader *r)
{
  gsize len;
  const guint8 *gossip = ty_read_block (r, &len);
  guint64 stable_bytes = group->flush_ops->stable_bytes (group->store);
  if (r->bad || rank == group->view->self || !group->flush_ops->on_receipts (group->store, rank, r)
      || !ty_reader_done (r))
    return FALSE;
  /* What others do not know yet. */
  if (len > 0 || group->flush_ops->stable_bytes (group->store) > stable_bytes)
    receipts_soon (group);
  return len == 0 || group->ordering_ops->on_gossip (group->ordering, rank, gossip, len);
}

/* ---- receiving ---- */

/* N2: nobody sends again what is on its way, so whoever sent it has to know that it came to nothing; and only a round
 * mends it. */
void
ty_group_tell_gap (TyGroup *group, guint rank)
{
  if (!TY_PLANTED (gap_not_told))
    group->membership_ops->on_gap (group->membership);
  if (!TY_PLANTED (gap_not_told) && !group->told_gap[rank] && rank != group->view->self)
    ty_group_send_packet (group, rank, begin_packet (group, TY_PACKET_GAP), TY_CLASS_CONTROL);
  group->told_gap[rank] = TRUE;
}

/* Not even a member may fill one's memory. */
static gboolean
is_past_bounds (const TyGroup *group, guint sender, const TyBatch *batch, guint times)
{
  const TyNodeConfig *config = &group->node->config;
  guint64 kept = group->flush_ops->kept_of (group->store, sender) + g_bytes_get_size (batch->packet);
  return kept / times > MOST_WINDOWS * ((guint64) config->window_bytes + config->max_message_bytes);
}

/* `most`: whole bounds that it may fill. */
static gboolean
take_batch (TyGroup *group, guint sender, TyBatch *batch, guint most)
{
  guint64 received = group->flush_ops->received (group->store, sender);
  if (batch->last <= received)
    {
      group->stats.duplicate_batches++;
      if (TY_PLANTED (delivered_twice))
        ty_group_ordering_host.deliver (group, sender, batch, 0, batch->first, batch->last);
      return TRUE;
    }
  /* An honest sender may get there, if this process hears late that its messages are stable: a round mends it. */
  if (batch->first != received + 1 || is_past_bounds (group, sender, batch, most))
    {
      ty_group_tell_gap (group, sender);
      return TRUE;
    }
  if (!group->ordering_ops->receive (group->ordering, sender, batch))
    return FALSE;
  TyReceipt receipt = group->flush_ops->add (group->store, sender, batch);
  g_assert (receipt == TY_RECEIPT_NEXT);
  group->stats.received_batches++;
  if (group->ordering_ops->delivered (group->ordering, sender) + 1 == batch->first)
    group->head_since[sender] = group->node->now;
  receipts_soon (group);
  if (group->frozen)
    group->membership_ops->on_progress (group->membership);
  return TRUE;
}

gboolean
ty_group_on_data (TyGroup *group, guint rank, GBytes *packet, TyReader *r)
{
  /* V9: after STATE a suspect's own new data are not taken. */
  const TyKnown *known = ty_node_known (group->node, &group->view->members[rank].pid);
  if (group->frozen && (known == NULL || known->reach != TY_REACH_UP))
    return TRUE;
  g_autoptr (TyBatch) batch = ty_batch_parse (packet, r, group->node->config.max_message_bytes);
  return batch != NULL && rank != group->view->self && take_batch (group, rank, batch, 1);
}

/* FORWARD: varint rank of the sender, then the DATA packet as its sender made it. */
gboolean
ty_group_on_forward (TyGroup *group, GBytes *packet, TyReader *r)
{
  guint64 sender = ty_read_varint (r);
  gsize offset = g_bytes_get_size (packet) - ty_reader_left (r);
  if (r->bad || sender >= group->view->n_members)
    return FALSE;
  g_autoptr (GBytes) inner = g_bytes_new_from_bytes (packet, offset, ty_reader_left (r));
  TyReader in = ty_reader_of_bytes (inner);
  TyId id;
  guint8 type = ty_read_u8 (&in);
  ty_read_id (&in, &id);
  guint64 view = ty_read_varint (&in);
  if (in.bad || type != TY_PACKET_DATA || !ty_id_equal (&id, &group->id) || view != group->view->id.number)
    return FALSE;
  g_autoptr (TyBatch) batch = ty_batch_parse (inner, &in, group->node->config.max_message_bytes);
  /* That round's cut is within a window of what was taken: whoever gives more lies. */
  if (batch == NULL || is_past_bounds (group, (guint) sender, batch, 2))
    return FALSE;
  return sender == group->view->self || take_batch (group, (guint) sender, batch, 2);
}

/* ---- delivering ---- */

static gsize
run_bytes (const TyBatch *batch, gsize offset, guint64 first, guint64 last, guint64 *payload)
{
  TyBatchMessage message = { .next = offset };
  *payload = 0;
  /* As a rule a batch is delivered whole: then nobody has to walk through it to know. */
  if (first == batch->first && last == batch->last)
    {
      *payload = batch->payload_bytes;
      return batch->messages_len;
    }
  for (guint64 n = first; n <= last; n++)
    {
      ty_batch_at (batch, message.next, n, &message);
      *payload += message.len;
    }
  return message.next - offset;
}

static void
record (TyGroup *group, const TyEffect *effect)
{
  TyHistory *h = group->node->history;
  if (h == NULL)
    return;
  if (effect->type == TY_EFFECT_DELIVER)
    ty_history_deliver (h, effect->view, effect->rank, effect->number, effect->last, group->node->now);
  else if (effect->type == TY_EFFECT_VIEW)
    ty_history_conf (h, effect->view, effect->text, group->node->now);
  else if (effect->type == TY_EFFECT_BLOCKED)
    ty_history_block (h, group->view, group->node->now);
}

static void
tell_now (TyGroup *group, TyEffect effect)
{
  record (group, &effect);
  gboolean own = effect.type == TY_EFFECT_DELIVER && effect.rank == effect.view->self;
  if (group->dropped || (own && !group->deliver_own))
    {
      ty_effect_clear (&effect);
      return;
    }
  effect.group = group;
  *ty_node_effect (group->node, effect.type) = effect;
}

/* V15: while the state is being loaded, what the application will be told waits in a bounded spill. Takes over what the
 * effect holds. */
void
ty_group_tell (TyGroup *group, TyEffect effect)
{
  if (group->loaded || (TY_PLANTED (delivered_unloaded) && effect.type == TY_EFFECT_DELIVER))
    tell_now (group, effect);
  else
    {
      group->spill_bytes += sizeof effect;
      if (effect.type == TY_EFFECT_VIEW)
        group->spill_bytes += effect.view->n_members * sizeof (TyMember);
      g_array_append_val (group->spill, effect);
    }
}

static void
deliver (gpointer host, guint sender, TyBatch *batch, gsize offset, guint64 first, guint64 last)
{
  TyGroup *group = host;
  g_assert (sender < group->view->n_members && first <= last && last <= batch->last);
  guint64 payload;
  gsize bytes = run_bytes (batch, offset, first, last, &payload);
  group->stats.delivered += last - first + 1;
  group->stats.delivered_bytes += payload;
  group->head_since[sender] = group->node->now;
  if (!(TY_PLANTED (own_lost) && sender == group->view->self && group->frozen))
    ty_group_tell (group, (TyEffect){ .type = TY_EFFECT_DELIVER,
                                      .rank = sender,
                                      .batch = ty_batch_ref (batch),
                                      .view = tyet_view_ref (group->view),
                                      .offset = offset,
                                      .number = first,
                                      .last = last });
  if (!group->loaded)
    {
      /* What it costs to keep: the batch may hold more than these messages, but each batch is spilled whole. */
      group->spill_bytes += bytes + sizeof (TyBatch);
      group->spilled_to[sender] = last;
      /* The next step asks for this process to be taken out. */
      group->spill_full |= group->spill_bytes > group->node->config.spill_bytes;
      group->node->pending |= group->spill_full;
    }
  if (!group->spill_full)
    note_consumed (group, sender, last, bytes);
  receipts_soon (group);
}

static void
multicast (gpointer host, gconstpointer data, gsize len_bytes)
{
  TyGroup *group = host;
  GByteArray *w = begin_packet (group, TY_PACKET_ORDERING);
  g_byte_array_append (w, data, (guint) len_bytes);
  g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (w);
  send_to_others (group, packet, TY_CLASS_DATA);
}

const TyOrderingHost ty_group_ordering_host = {
  .deliver = deliver,
  .multicast = multicast,
};

void
ty_group_unspill (TyGroup *group)
{
  g_assert (group->loaded);
  for (guint i = 0; i < group->spill->len; i++)
    tell_now (group, g_array_index (group->spill, TyEffect, i));
  g_array_set_size (group->spill, 0);
  group->spill_bytes = 0;
  if (!group->spill_full)
    return;
  group->spill_full = FALSE;
  for (guint i = 0; i < group->view->n_members; i++)
    group->flush_ops->consumed (group->store, i, group->spilled_to[i]);
  /* Senders may stand still for that, and nothing else may come that would have it told. */
  receipts_soon (group);
}

void
ty_group_drop_spill (TyGroup *group)
{
  for (guint i = 0; i < group->spill->len; i++)
    ty_effect_clear (&g_array_index (group->spill, TyEffect, i));
  g_array_set_size (group->spill, 0);
  group->spill_bytes = 0;
}

/* ---- stability ---- */

/* Own messages that have become stable; `send_stable` counts in sends of this object. */
void
ty_group_settle_stable (TyGroup *group)
{
  guint64 stable = group->store != NULL ? group->flush_ops->stable (group->store) : 0;
  guint done = 0;
  while (done < group->marks->len && g_array_index (group->marks, TySentMark, done).last <= stable)
    group->sent_stable = g_array_index (group->marks, TySentMark, done++).send;
  if (done > 0)
    g_array_remove_range (group->marks, 0, done);
  if (group->want_stable == 0 || group->want_stable > group->sent_stable)
    return;
  group->want_stable = 0;
  TyEffect *effect = ty_group_effect (group, TY_EFFECT_STABLE);
  if (effect != NULL)
    effect->number = group->sent_stable;
}

/* ---- once a step ---- */

void
ty_group_set_modes (TyGroup *group)
{
  gboolean lease = group->membership_ops->lease (group->membership);
  gboolean promise = !group->frozen && !group->blocked && lease;
  promise |= TY_PLANTED (blocked_goes_on) && group->blocked;
  gboolean deliver_now = (promise || (TY_PLANTED (delivered_after_state) && group->frozen)) && !group->saving;
  if (deliver_now == group->may_deliver && promise == group->may_promise)
    return;
  group->may_deliver = deliver_now;
  group->may_promise = promise;
  group->ordering_ops->set_mode (group->ordering, deliver_now, promise);
}

/* Who stays behind past the limit is warned of, then suspected: its windows are everybody's.  Only the time counts in
 * which it could take something: of this view, and not frozen or blocked, when nobody can. */
void
ty_group_mind_laggard (TyGroup *group)
{
  const TyNodeConfig *config = &group->node->config;
  gint64 waited = group->node->now - group->refused_since;
  if (group->refused == 0 || config->lag_us == 0 || group->store == NULL || group->frozen
      || group->blocked || waited < config->lag_us / 2)
    return;
  guint laggard = group->flush_ops->laggard (group->store);
  if (!group->warned)
    g_message ("group %s: %s takes nothing, and the window is full; it is suspected after %" G_GINT64_FORMAT
               " ms of that",
               group->name, group->view->members[laggard].name, config->lag_us / 1000);
  group->warned = TRUE;
  if (waited < config->lag_us)
    return;
  group->membership_ops->on_behind (group->membership, laggard);
  group->refused_since = group->node->now;
}

void
ty_group_flow (TyGroup *group)
{
  gboolean in
      = group->state == TY_GROUP_MEMBER || group->state == TY_GROUP_FLUSHING || group->state == TY_GROUP_BLOCKED;
  if (!in)
    return;
  TyNode *node = group->node;
  ty_group_set_modes (group);
  if ((group->state == TY_GROUP_MEMBER || (TY_PLANTED (numbered_after_state) && group->state == TY_GROUP_FLUSHING)
       || (TY_PLANTED (blocked_goes_on) && group->state == TY_GROUP_BLOCKED))
      && !group->saving && group->queued_bytes > 0)
    {
      number_all (group);
      if (group->leave_asked)
        node->pending = TRUE;
    }
  group->ordering_ops->pump (group->ordering);
  acknowledge (group);
  ty_group_settle_stable (group);
  gsize used = window_used (group);
  group->turn = 0;
  if (group->refused > 0 && (used == 0 || used + group->refused <= node->config.window_bytes) && !group->blocked)
    {
      group->turn = group->refused;
      group->refused = 0;
      group->warned = FALSE;
      ty_group_effect (group, TY_EFFECT_ROOM);
    }
}

void
ty_group_begin_flow (TyGroup *group)
{
  guint n = group->view->n_members;
  g_assert (group->store == NULL);
  group->store = group->flush_ops->create (n, group->view->self);
  group->ordering_ops->begin (group->ordering, n, group->view->self);
  group->may_deliver = group->may_promise = TRUE;
  group->next_number = 1;
  group->refused_since = group->node->now;
  group->warned = FALSE;
  group->receipts_due = 0;
  group->told_stable_bytes = 0;
  g_array_set_size (group->creditors, 0);
  group->untold = g_new0 (gsize, n);
  group->head_since = g_new0 (gint64, n);
  group->told_gap = g_new0 (gboolean, n);
  group->future_of_rank = g_new0 (gsize, n);
  group->spilled_to = g_new0 (guint64, n);
  group->peer_of_rank = g_new0 (guint, n);
  group->broken = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    {
      const TyKnown *known = ty_node_known (group->node, &group->view->members[i].pid);
      group->peer_of_rank[i] = known != NULL ? known->peer : TY_NO_PEER;
    }
}

/* The arrays of the view that ends; the store is kept by others until nobody needs it. */
void
ty_group_end_flow (TyGroup *group)
{
  if (group->store != NULL)
    group->flush_ops->free (group->store);
  group->store = NULL;
  g_clear_pointer (&group->untold, g_free);
  g_clear_pointer (&group->head_since, g_free);
  g_clear_pointer (&group->told_gap, g_free);
  g_clear_pointer (&group->future_of_rank, g_free);
  g_clear_pointer (&group->spilled_to, g_free);
  g_clear_pointer (&group->peer_of_rank, g_free);
  g_clear_pointer (&group->broken, g_free);
}

gsize
ty_group_future_limit (const TyGroup *group)
{
  const TyNodeConfig *config = &group->node->config;
  guint n = group->view != NULL ? group->view->n_members + 1 : 16;
  return n * (config->window_bytes + config->max_message_bytes);
}
