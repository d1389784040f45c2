/* core/group-view.c: what membership asks of the group: freezing, merging, forwarding, and the step from one view to
 * the next.
 *
 * The step from v to v+1 is one call of install (): close v from the decided value alone (V8), hand v's store over to
 * those who may still ask (V7), tell the application, begin v+1.  A crash before it leaves a voter that asks again; a
 * crash after it leaves a member of v+1 that died.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/plant.h"

char *
ty_view_id_label (const TyViewId *id)
{
  char proposer[9];
  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ".%s", id->number, id->ballot.counter,
                          ty_id_short (&id->ballot.pid, proposer));
}

void
ty_view_change_free (TyViewChange *change)
{
  g_clear_pointer (&change->view, tyet_view_unref);
  g_clear_pointer (&change->before, tyet_view_unref);
  g_free (change->joined);
  g_free (change->left);
  g_free (change->why);
  g_free (change);
}

/* ---- the world ---- */

static gint64
host_now (gpointer host)
{
  return ((TyGroup *) host)->node->now;
}

static void
host_draw (gpointer host, gpointer out, gsize len_bytes)
{
  TyNode *node = ((TyGroup *) host)->node;
  node->world.draw (node->world.world, out, len_bytes);
}

static TyReach
host_reach (gpointer host, const TyId *pid)
{
  const TyKnown *known = ty_node_known (((TyGroup *) host)->node, pid);
  return known != NULL ? known->reach : TY_REACH_NONE;
}

static void
host_send (gpointer host, const TyId *pid, GByteArray *packet)
{
  TyGroup *group = host;
  g_autoptr (GBytes) bytes = g_bytes_new (packet->data, packet->len);
  if (ty_id_equal (pid, &group->node->pid))
    {
      ty_node_send_local (group->node, pid, bytes);
      return;
    }
  const TyKnown *known = ty_node_known (group->node, pid);
  if (known != NULL && known->peer != TY_NO_PEER)
    ty_node_send (group->node, known->peer, bytes, TY_CLASS_CONTROL, group->stream);
}

static void
host_dial (gpointer host, const char *address, const TyId *pid)
{
  TyNode *node = ((TyGroup *) host)->node;
  TyEffect *effect = ty_node_effect (node, TY_EFFECT_DIAL);
  effect->address = g_strdup (address);
  if (pid != NULL)
    effect->pid = *pid;
}

/* A dial finds out whether somebody is there: a live session takes no harm from it. */
static void
host_probe (gpointer host, const TyId *pid)
{
  const TyKnown *known = ty_node_known (((TyGroup *) host)->node, pid);
  if (known != NULL)
    host_dial (host, known->address, pid);
}

/* ---- the view that ends ---- */

static void
host_freeze (gpointer host)
{
  TyGroup *group = host;
  g_assert (group->view != NULL && !group->frozen);
  group->frozen = TRUE;
  group->frozen_since = group->node->now;
  if (group->state == TY_GROUP_MEMBER)
    ty_group_enter_state (group, TY_GROUP_FLUSHING);
  ty_group_set_modes (group);
}

static void
host_write_receipts (gpointer host, TyWriter *w)
{
  TyGroup *group = host;
  group->flush_ops->digest (group->store, w);
}

static void
host_write_order (gpointer host, TyWriter *w)
{
  TyGroup *group = host;
  group->ordering_ops->digest (group->ordering, w);
}

static gboolean
host_merge (gpointer host, const TyDigest *digests, guint n_digests, guint64 **cut, GBytes **order, guint *faulty)
{
  TyGroup *group = host;
  guint n = group->view->n_members;
  g_autofree guint64 *highest = g_new0 (guint64, n);
  g_autofree guint64 *one = g_new0 (guint64, n);
  g_autofree TyReader *orders = g_new0 (TyReader, n);
  for (guint i = 0; i < n_digests; i++)
    {
      TyReader r = digests[i].receipts;
      if (!group->flush_ops->read_digest (group->store, &r, one) || !ty_reader_done (&r))
        {
          *faulty = digests[i].rank;
          return FALSE;
        }
      for (guint s = 0; s < n; s++)
        highest[s] = TY_PLANTED (cut_is_lowest) && i > 0 ? MIN (highest[s], one[s]) : MAX (highest[s], one[s]);
      orders[digests[i].rank] = digests[i].order;
    }
  g_autoptr (GByteArray) merged = g_byte_array_new ();
  if (!group->ordering_ops->merge (group->ordering, orders, merged, faulty))
    return FALSE;
  *cut = g_steal_pointer (&highest);
  *order = g_byte_array_free_to_bytes (g_steal_pointer (&merged));
  return TRUE;
}

static gboolean
host_read_receipts (gpointer host, TyReader r, guint64 *received)
{
  TyGroup *group = host;
  return group->flush_ops->read_digest (group->store, &r, received) && ty_reader_done (&r);
}

static guint64
host_received (gpointer host, guint rank)
{
  TyGroup *group = host;
  return group->flush_ops->received (group->store, rank);
}

static gboolean
host_check_order (gpointer host, GBytes *order)
{
  TyGroup *group = host;
  gsize len;
  const guint8 *data = g_bytes_get_data (order, &len);
  return group->ordering_ops->check_order (group->ordering, data, len);
}

static gboolean
host_may_close (gpointer host, const guint64 *cut, GBytes *order)
{
  TyGroup *group = host;
  TyClosing closing = { .cut = cut };
  closing.order = g_bytes_get_data (order, &closing.order_len);
  return group->ordering_ops->may_close (group->ordering, &closing);
}

static gboolean
host_holds (gpointer host, const guint64 *cut)
{
  TyGroup *group = host;
  return TY_PLANTED (no_flush) || group->flush_ops->holds (group->store, cut);
}

/* ---- forwarding (V5, V7, N2) ---- */

typedef struct
{
  TyGroup *group;
  guint peer;
  guint64 view;
} Forward;

static void
give (gpointer user_data, guint sender, TyBatch *batch)
{
  Forward *forward = user_data;
  TyGroup *group = forward->group;
  GByteArray *w = g_byte_array_sized_new (64);
  ty_write_u8 (w, TY_PACKET_FORWARD);
  ty_write_id (w, &group->id);
  ty_write_varint (w, forward->view);
  ty_write_varint (w, sender);
  gsize len;
  const guint8 *data = g_bytes_get_data (batch->packet, &len);
  g_byte_array_append (w, data, (guint) len);
  g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (w);
  ty_node_send (group->node, forward->peer, packet, TY_CLASS_CONTROL, group->stream + 1);
  group->stats.forwarded_batches++;
}

static void
host_forward (gpointer host, guint64 view, const TyId *to, guint sender, guint64 after, guint64 upto)
{
  TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, to);
  if (known == NULL || known->peer == TY_NO_PEER || TY_PLANTED (not_forwarded))
    return;
  Forward forward = { .group = group, .peer = known->peer, .view = view };
  if (group->view != NULL && group->store != NULL && view == group->view->id.number)
    {
      /* N2: what its living sender has in flight to a member is not sent again, unless the session began anew. */
      guint rank = ty_view_rank (group->view, to);
      gboolean on_its_way = sender == group->view->self && rank < group->view->n_members && !group->broken[rank];
      if (!on_its_way)
        group->flush_ops->give (group->store, sender, after, upto, give, &forward);
      return;
    }
  for (guint i = 0; i < group->kept->len; i++)
    {
      const TyKeptStore *kept = &g_array_index (group->kept, TyKeptStore, i);
      if (kept->view == view)
        group->flush_ops->give (kept->store, sender, after, upto, give, &forward);
    }
}

static void
host_release (gpointer host, guint64 view)
{
  TyGroup *group = host;
  ty_group_all_have_keys (group, view);
  for (guint i = 0; i < group->kept->len; i++)
    {
      TyKeptStore *kept = &g_array_index (group->kept, TyKeptStore, i);
      if (kept->view != view)
        continue;
      group->flush_ops->free (kept->store);
      g_array_remove_index (group->kept, i);
      return;
    }
}

void
ty_group_free_kept (TyGroup *group)
{
  for (guint i = 0; i < group->kept->len; i++)
    group->flush_ops->free (g_array_index (group->kept, TyKeptStore, i).store);
  g_array_set_size (group->kept, 0);
  TyFuture *future;
  while ((future = g_queue_pop_head (&group->future)) != NULL)
    {
      g_bytes_unref (future->packet);
      g_free (future);
    }
}

/* ---- packets of a later view (V7) ---- */

void
ty_group_keep_future (TyGroup *group, const TyId *from, guint64 view, GBytes *packet)
{
  gsize size = g_bytes_get_size (packet) + sizeof (TyFuture);
  if (TY_PLANTED (early_dropped))
    return;
  gboolean strange = group->view != NULL && ty_view_rank (group->view, from) == group->view->n_members;
  /* Who came into the later view is not known here yet, and has little to say in it before this process follows. */
  const TyNodeConfig *config = &group->node->config;
  gsize strange_limit = config->window_bytes + config->max_message_bytes;
  gsize limit = ty_group_future_limit (group);
  gsize *share = group->future_of_rank != NULL && !strange ? &group->future_of_rank[ty_view_rank (group->view, from)]
                                                           : NULL;
  /* Nobody takes the room of all others. */
  if (group->future_bytes + size > limit || (strange && group->strange_bytes + size > strange_limit)
      || (share != NULL && *share + size > limit / 2))
    {
      group->lost_future = TRUE;
      return;
    }
  group->strange_bytes += strange ? size : 0;
  if (share != NULL)
    *share += size;
  TyFuture *future = g_new (TyFuture, 1);
  *future = (TyFuture){ .from = *from, .view = view, .packet = g_bytes_ref (packet) };
  g_queue_push_tail (&group->future, future);
  group->future_bytes += size;
}

/* Those of the view just begun are taken now, those of later ones stay. */
void
ty_group_replay_future (TyGroup *group)
{
  GQueue queue = group->future;
  g_queue_init (&group->future);
  group->future_bytes = group->strange_bytes = 0;
  guint64 current = group->view->id.number;
  TyFuture *future;
  while ((future = g_queue_pop_head (&queue)) != NULL)
    {
      if (future->view > current)
        ty_group_keep_future (group, &future->from, future->view, future->packet);
      else if (future->view == current)
        ty_node_send_local (group->node, &future->from, future->packet);
      g_bytes_unref (future->packet);
      g_free (future);
    }
  for (guint i = 0; group->lost_future && i < group->view->n_members; i++)
    ty_group_tell_gap (group, i);
  group->lost_future = FALSE;
}

/* ---- the next view ---- */

static TyViewChange *
describe_change (const TyGroup *group, TyetView *view, TyetView *before, const TyValue *value)
{
  TyViewChange *change = g_new0 (TyViewChange, 1);
  change->view = tyet_view_ref (view);
  change->before = before != NULL ? tyet_view_ref (before) : NULL;
  change->joined = g_new0 (guint, view->n_members);
  for (guint i = 0; i < view->n_members; i++)
    if (view->members[i].since == view->id.number)
      change->joined[change->n_joined++] = i;
  guint n = before != NULL && value != NULL ? value->n_gone : 0;
  change->left = g_new0 (guint, MAX (n, 1));
  change->why = g_new0 (TyLeftWhy, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    {
      change->left[i] = value->gone[i].rank;
      change->why[i] = value->gone[i].why;
    }
  change->n_left = n;
  return change;
}

/* Begins `view`, the first of a group or the one that `value` decided. */
static void
begin_view (TyGroup *group, TyetView *view, const TyValue *value)
{
  TyNode *node = group->node;
  g_autoptr (TyetView) before = g_steal_pointer (&group->view);
  if (before != NULL && before->id.number == 0)
    g_clear_pointer (&before, tyet_view_unref);
  gboolean first = before == NULL;
  group->view = tyet_view_ref (view);
  group->stats.views++;
  group->frozen = group->blocked = group->saving = FALSE;
  if (first)
    group->loaded = view->members[view->self].loaded;
  ty_group_begin_flow (group);
  if (TY_PLANTED (credit_lost))
    group->refused = 0;
  ty_group_enter_state (group, TY_GROUP_MEMBER);
  ty_group_tell (group, (TyEffect){ .type = TY_EFFECT_VIEW,
                                    .view = tyet_view_ref (view),
                                    .change = describe_change (group, view, before, value),
                                    .text = value != NULL && value->old.number > 0 ? ty_view_id_label (&value->old)
                                                                                   : g_strdup ("") });
  if (group->entering && group->loaded)
    {
      ty_group_effect (group, TY_EFFECT_ENTERED);
      group->entering = FALSE;
    }
  group->membership_ops->begin (group->membership, view);
  ty_group_begin_transfers (group, first);
  ty_group_replay_future (group);
  node->pending |= group->leave_asked;
}

/* V13: an explicit birth: a view of one, with 128 random bits of group id. */
void
ty_group_install_first (TyGroup *group)
{
  TyNode *node = group->node;
  host_draw (group, &group->id, sizeof group->id);
  group->has_id = TRUE;
  ty_node_register (node, group);
  TyMember *members = g_new0 (TyMember, 1);
  *members = (TyMember){
    .pid = node->pid,
    .name = g_strdup (node->name),
    .address = g_strdup (node->address),
    .weight = MAX (group->weight, 1),
    .loaded = TRUE,
    .since = 1,
  };
  TyViewId id = { .number = 1, .ballot = { .counter = 0, .pid = node->pid } };
  g_autoptr (TyetView) view = ty_view_new (&group->id, group->name, &id, members, 1, &node->pid);
  begin_view (group, view, NULL);
}

static void
close_view (TyGroup *group, const TyValue *value)
{
  g_assert (value->n_old == group->view->n_members);
  for (guint i = 0; TY_PLANTED (no_flush) && i < value->n_old; i++)
    value->cut[i] = group->flush_ops->received (group->store, i);
  g_assert (group->flush_ops->holds (group->store, value->cut));
  TyClosing closing = { .cut = value->cut };
  closing.order = g_bytes_get_data (value->order, &closing.order_len);
  group->ordering_ops->close (group->ordering, &closing);
  for (guint i = 0; i < value->n_old; i++)
    {
      guint64 delivered = group->ordering_ops->delivered (group->ordering, i);
      g_assert (delivered <= value->cut[i]);
      group->stats.dropped += value->cut[i] - delivered;
    }
  /* All who go on hold everything up to the cut. */
  if (group->marks->len > 0)
    group->sent_stable = g_array_index (group->marks, TySentMark, group->marks->len - 1).send;
  g_array_set_size (group->marks, 0);
  group->spill_full = FALSE;
}

static void
keep_store (TyGroup *group)
{
  TyKeptStore kept = { .view = group->view->id.number, .self = group->view->self, .store = group->store };
  g_array_append_val (group->kept, kept);
  group->store = NULL;
  ty_group_end_flow (group);
}

/* Leaving, or left out: the end of the group for this process. */
static void
end_here (TyGroup *group, gboolean left, const char *why)
{
  TyNode *node = group->node;
  if (!ty_id_is_null (&group->founding_id))
    group->durable_dirty = TRUE;
  if (node->history != NULL && group->loaded && group->view->id.number > 0)
    ty_history_fail (node->history, group->view, left ? TY_HISTORY_LEAVE : TY_HISTORY_EXCLUDED, node->now);
  g_autofree char *failure = g_strdup (ty_group_taking_failure (group));
  ty_group_end_transfers (group, why);
  ty_group_drop_spill (group);
  ty_group_enter_state (group, left ? TY_GROUP_LEFT : TY_GROUP_EXCLUDED);
  if (left)
    return;
  if (group->entering)
    {
      ty_group_fail_entry (group, g_error_new (TYET_ERROR, TYET_ERROR_EXCLUDED,
                                               "Not in group \"%s\" any more before it was quite in: %s; join it again",
                                               group->name, failure != NULL ? failure : why));
      if (!group->leaving)
        return;
    }
  TyEffect *effect = ty_group_effect (group, group->leaving ? TY_EFFECT_LEFT : TY_EFFECT_EXCLUDED);
  if (effect != NULL)
    effect->text = g_strdup (why);
  group->leaving = FALSE;
}

static const char *
why_left (TyLeftWhy why)
{
  switch (why)
    {
    case TY_LEFT_LEAVE:
      return "it left";
    case TY_LEFT_DEAD:
      return "its process was taken for dead";
    case TY_LEFT_SUSPECT:
      return "it was silent for too long, or its session was lost";
    case TY_LEFT_REACH:
      return "it did not reach all the others";
    case TY_LEFT_LOADING:
      return "its state could not be loaded";
    case TY_LEFT_REVOKED:
      return "its key is not on the list of those who are admitted any more";
    }
  return "";
}

static void
host_install (gpointer host, TyValue *value)
{
  TyGroup *group = host;
  TyNode *node = group->node;
  TyetView *old = group->view;
  guint rank = ty_value_rank (value, &node->pid);
  gboolean goes_on = rank < value->n_members;
  TyLeftWhy why = TY_LEFT_LEAVE;
  gboolean leaves = old != NULL && ty_value_gone (value, old->self, &why) && why == TY_LEFT_LEAVE;
  gboolean was_blocked = group->blocked;
  g_assert (goes_on || old != NULL);

  if (was_blocked && goes_on)
    ty_group_effect (group, TY_EFFECT_UNBLOCKED);
  if (old != NULL && (goes_on || leaves))
    close_view (group, value);
  if (old != NULL)
    {
      group->stats.stood_still_us += group->frozen ? node->now - group->frozen_since : 0;
      keep_store (group);
    }
  if (!goes_on)
    {
      group->lingers = TRUE;
      end_here (group, leaves, why == TY_LEFT_LOADING && group->asked_out != NULL ? group->asked_out : why_left (why));
      return;
    }
  if (value->old.number == 0)
    {
      /* V13: now the group has its own id; who is still in view 0 asks by the founding's. */
      group->id = value->group;
      ty_node_register (node, group);
      group->durable_dirty = TRUE;
    }
  TyMember *members = g_new0 (TyMember, value->n_members);
  for (guint i = 0; i < value->n_members; i++)
    ty_member_copy (&members[i], &value->members[i]);
  g_autoptr (TyetView) view
      = ty_view_new (&value->group, group->name, &value->id, members, value->n_members, &node->pid);
  begin_view (group, view, value);
  ty_group_begin_keys (group, value);
}

static void
host_blocked (gpointer host, const char *why)
{
  TyGroup *group = host;
  group->blocked = TRUE;
  group->blocked_since = group->node->now;
  ty_group_enter_state (group, TY_GROUP_BLOCKED);
  ty_group_set_modes (group);
  if (group->loaded)
    ty_group_tell (group, (TyEffect){ .type = TY_EFFECT_BLOCKED, .text = g_strdup (why) });
}

static void
host_excluded (gpointer host, const char *why)
{
  TyGroup *group = host;
  end_here (group, FALSE, why);
  ty_node_unregister (group->node, group);
}

/* The others can do without this process: the object may go. */
static void
host_gone (gpointer host)
{
  TyGroup *group = host;
  group->lingers = FALSE;
  ty_node_unregister (group->node, group);
  if (group->state == TY_GROUP_LEFT && group->leaving)
    ty_group_effect (group, TY_EFFECT_LEFT);
  group->leaving = FALSE;
}

static const char *
host_name_of (gpointer host, const TyId *pid)
{
  const TyKnown *known = ty_node_known (((TyGroup *) host)->node, pid);
  return known != NULL ? known->name : NULL;
}

static void
host_keep_durable (gpointer host)
{
  ((TyGroup *) host)->durable_dirty = TRUE;
}

static gboolean
host_found_group (gpointer host, const TyId *id)
{
  TyGroup *group = host;
  if (group->has_id)
    return ty_id_equal (&group->id, id);
  if (g_hash_table_contains (group->node->groups_by_id, id))
    return FALSE;
  group->id = *id;
  group->has_id = TRUE;
  ty_node_register (group->node, group);
  return TRUE;
}

static void
host_join_failed (gpointer host, GError *error)
{
  TyGroup *group = host;
  ty_node_unregister (group->node, group);
  ty_group_fail_entry (group, error);
}

const TyMembershipHost ty_group_membership_host = {
  .now = host_now,
  .draw = host_draw,
  .reach = host_reach,
  .send = host_send,
  .dial = host_dial,
  .probe = host_probe,
  .name_of = host_name_of,
  .admits = ty_group_admits,
  .asks_proof = ty_group_asks_proof,
  .proves = ty_group_proves,
  .draw_keys = ty_group_draw_keys,
  .has_keys = ty_group_has_keys,
  .give_keys = ty_group_give_keys,
  .take_keys = ty_group_take_keys,
  .may_stay = ty_group_may_stay,
  .write_proof = ty_group_write_proof,
  .shut_out = ty_group_shut_out,
  .keep_durable = host_keep_durable,
  .freeze = host_freeze,
  .write_receipts = host_write_receipts,
  .write_order = host_write_order,
  .merge = host_merge,
  .read_receipts = host_read_receipts,
  .received = host_received,
  .check_order = host_check_order,
  .holds = host_holds,
  .may_close = host_may_close,
  .forward = host_forward,
  .install = host_install,
  .release = host_release,
  .blocked = host_blocked,
  .excluded = host_excluded,
  .gone = host_gone,
  .found_group = host_found_group,
  .join_failed = host_join_failed,
};
