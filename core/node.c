/* core/node.c: the step machine of a process: events in, effects out; peers; which packet is whose.
 *
 * One step: note the time and look for one's own stall; take the events in turn; then, until nothing is left that a
 * group has to say to itself, let every group's membership act; then let messages flow.  Packets to oneself never
 * recurse: they are queued and taken as any other, in the same step.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/plant.h"

/* Former groups beyond so many are forgotten, the first left first: who asks about one is then told what any process
 * tells that was never in it. */
#define MOST_PAST 256

/* A packet to oneself, or one that was kept for later. */
typedef struct
{
  TyId from;
  GBytes *packet;
} Local;

void
ty_node_config_init (TyNodeConfig *config)
{
  *config = (TyNodeConfig){
    .suspect_after_us = 1000000,
    .heartbeat_us = 100000,
    .lag_us = 60 * G_USEC_PER_SEC,
    .busy_poll_us = 50,
    .shm_bytes = 512 * 1024,
    .handshake_us = 5 * G_USEC_PER_SEC,
    .max_half_open = 128,
    .max_half_open_from = 64,
    .refusal_is_death = TRUE,
    .max_message_bytes = 64 << 20,
    .window_bytes = 1 << 19,
    .spill_bytes = 64 << 20,
  };
}

static void
known_free (TyKnown *known)
{
  g_free (known->name);
  g_free (known->address);
  g_free (known);
}

TyNode *
ty_node_new (const TyNodeConfig *config, const TyId *pid, const char *name, const TyModules *modules,
             const TyWorld *world)
{
  g_assert (config->max_message_bytes <= TY_MOST_MESSAGE_BYTES);
  g_assert (config->suspect_after_us > 0 && config->heartbeat_us > 0 && config->window_bytes > 0);
  TyNode *node = g_new0 (TyNode, 1);
  node->config = *config;
  node->pid = *pid;
  node->name = g_strdup (name);
  node->modules = modules;
  node->world = *world;
  node->known = g_hash_table_new (ty_id_hash, ty_id_equal_v);
  node->knowns = g_ptr_array_new_with_free_func ((GDestroyNotify) known_free);
  node->peers = g_ptr_array_new ();
  node->detector = modules->membership->detector_create (config);
  node->groups = g_ptr_array_new ();
  node->groups_by_id = g_hash_table_new_full (ty_id_hash, ty_id_equal_v, g_free, NULL);
  node->past = g_array_new (FALSE, FALSE, sizeof (TyPast));
  node->effects = g_array_new (FALSE, TRUE, sizeof (TyEffect));
  return node;
}

void
ty_node_free (TyNode *node)
{
  ty_node_effects_done (node);
  while (node->groups->len > 0)
    ty_group_free (node->groups->pdata[0]);
  Local *local;
  while ((local = g_queue_pop_head (&node->local)) != NULL)
    {
      g_bytes_unref (local->packet);
      g_free (local);
    }
  g_array_unref (node->effects);
  for (guint i = 0; i < node->past->len; i++)
    tyet_view_unref (g_array_index (node->past, TyPast, i).view);
  g_array_unref (node->past);
  g_hash_table_unref (node->groups_by_id);
  g_ptr_array_unref (node->groups);
  node->modules->membership->detector_free (node->detector);
  g_hash_table_unref (node->known);
  g_ptr_array_unref (node->peers);
  g_ptr_array_unref (node->knowns);
  g_clear_pointer (&node->history, ty_history_free);
  g_free (node->name);
  g_free (node->address);
  g_free (node);
}

void
ty_node_set_address (TyNode *node, const char *address)
{
  g_free (node->address);
  node->address = g_strdup (address);
}

const char *
ty_node_get_address (const TyNode *node)
{
  return node->address;
}

const char *
ty_node_get_name (const TyNode *node)
{
  return node->name;
}

const TyId *
ty_node_get_pid (const TyNode *node)
{
  return &node->pid;
}

const TyNodeConfig *
ty_node_get_config (const TyNode *node)
{
  return &node->config;
}

guint64
ty_node_refused_packets (const TyNode *node)
{
  return node->refused;
}

void
ty_node_set_history (TyNode *node, TyHistorySink sink, gpointer user_data)
{
  if (node->history == NULL)
    node->history = ty_history_new (node->name);
  node->sink = sink;
  node->sink_data = user_data;
}

void
ty_node_set_storage (TyNode *node, TyStorageSink sink, gpointer user_data)
{
  node->storage = sink;
  node->storage_data = user_data;
}

void
ty_node_end_history (TyNode *node, const char *group_name, gint64 now_us)
{
  g_assert (node->history != NULL);
  ty_history_end (node->history, group_name, now_us);
  ty_history_flush (node->history, node->sink, node->sink_data);
}

gboolean
ty_node_pending (const TyNode *node)
{
  return node->pending;
}

void
ty_node_kick (TyNode *node)
{
  g_assert (!node->stepping);
  node->pending = TRUE;
}

/* ---- effects ---- */

TyEffect *
ty_node_effect (TyNode *node, TyEffectType type)
{
  g_array_set_size (node->effects, node->effects->len + 1);
  TyEffect *effect = &g_array_index (node->effects, TyEffect, node->effects->len - 1);
  effect->type = type;
  return effect;
}

const TyEffect *
ty_node_effects (TyNode *node, guint *n_effects)
{
  *n_effects = node->effects->len;
  return (const TyEffect *) (gpointer) node->effects->data;
}

void
ty_effect_clear (TyEffect *effect)
{
  g_clear_pointer (&effect->bytes, g_bytes_unref);
  g_clear_pointer (&effect->batch, ty_batch_unref);
  g_clear_pointer (&effect->view, tyet_view_unref);
  g_clear_pointer (&effect->change, ty_view_change_free);
  g_clear_error (&effect->error);
  g_clear_pointer (&effect->text, g_free);
  g_clear_pointer (&effect->address, g_free);
}

void
ty_node_effects_done (TyNode *node)
{
  for (guint i = 0; i < node->effects->len; i++)
    ty_effect_clear (&g_array_index (node->effects, TyEffect, i));
  g_array_set_size (node->effects, 0);
}

void
ty_node_send (TyNode *node, guint peer, GBytes *packet, TyClass class, guint stream)
{
  TyEffect *effect = ty_node_effect (node, TY_EFFECT_SEND);
  effect->peer = peer;
  effect->class = class;
  effect->stream = stream;
  effect->bytes = g_bytes_ref (packet);
}

void
ty_node_send_local (TyNode *node, const TyId *from, GBytes *packet)
{
  Local *local = g_new (Local, 1);
  *local = (Local){ .from = *from, .packet = g_bytes_ref (packet) };
  g_queue_push_tail (&node->local, local);
}

/* ---- groups ---- */

void
ty_node_register (TyNode *node, TyGroup *group)
{
  g_assert (group->has_id);
  g_hash_table_insert (node->groups_by_id, g_memdup2 (&group->id, sizeof group->id), group);
}

void
ty_node_unregister (TyNode *node, TyGroup *group)
{
  const TyId *ids[] = { &group->id, &group->founding_id };
  for (guint i = 0; i < G_N_ELEMENTS (ids) && group->has_id; i++)
    if (g_hash_table_lookup (node->groups_by_id, ids[i]) == group)
      g_hash_table_remove (node->groups_by_id, ids[i]);
  if (group->view == NULL || group->view->id.number == 0)
    return;
  for (guint i = 0; i < node->past->len; i++)
    if (ty_id_equal (&g_array_index (node->past, TyPast, i).group, &group->id))
      return; /* the group has been left, and is freed now */
  TyPast past = { .group = group->id, .view = tyet_view_ref (group->view) };
  if (node->past->len == MOST_PAST)
    {
      tyet_view_unref (g_array_index (node->past, TyPast, 0).view);
      g_array_remove_index (node->past, 0);
    }
  g_array_append_val (node->past, past);
}

gboolean
ty_node_was_in (const TyNode *node, const char *group_name)
{
  for (guint i = 0; i < node->past->len; i++)
    if (g_str_equal (g_array_index (node->past, TyPast, i).view->group_name, group_name))
      return TRUE;
  return FALSE;
}

static TyGroup *
group_by_name (TyNode *node, const char *name, gboolean joining)
{
  for (guint i = 0; i < node->groups->len; i++)
    {
      TyGroup *group = node->groups->pdata[i];
      gboolean fits
          = joining ? group->state == TY_GROUP_JOINING
                    : group->state != TY_GROUP_JOINING && group->state != TY_GROUP_NEW && !ty_group_is_over (group);
      if (fits && g_str_equal (group->name, name))
        return group;
    }
  return NULL;
}

/* ---- peers ---- */

TyKnown *
ty_node_known (TyNode *node, const TyId *pid)
{
  return g_hash_table_lookup (node->known, pid);
}

static TyKnown *
known_of_peer (TyNode *node, guint peer)
{
  return peer < node->peers->len ? node->peers->pdata[peer] : NULL;
}

static void
tell_groups (TyNode *node, const TyKnown *known, gboolean fresh, const char *why)
{
  for (guint i = 0; i < node->groups->len; i++)
    ty_group_on_known (node->groups->pdata[i], known, fresh, why);
}

static void
on_peer_up (TyNode *node, const TyEvent *event)
{
  TyKnown *known = ty_node_known (node, &event->pid);
  for (guint i = 0; TY_PLANTED (former_incarnation) && known == NULL && i < node->knowns->len; i++)
    if (g_str_equal (((TyKnown *) node->knowns->pdata[i])->address, event->address))
      known = node->knowns->pdata[i];
  if (known == NULL)
    {
      known = g_new0 (TyKnown, 1);
      known->pid = event->pid;
      g_ptr_array_add (node->knowns, known);
      g_hash_table_insert (node->known, &known->pid, known);
    }
  else if (known->peer != TY_NO_PEER && known->peer < node->peers->len)
    node->peers->pdata[known->peer] = NULL;
  g_free (known->name);
  g_free (known->address);
  known->sealed = event->seal != NULL;
  if (known->sealed)
    memcpy (known->seal, event->seal, sizeof known->seal);
  known->name = g_strdup (event->name);
  known->address = g_strdup (event->address);
  known->peer = event->peer;
  known->reach = TY_REACH_UP;
  known->unwanted_since = node->now;
  if (event->peer >= node->peers->len)
    g_ptr_array_set_size (node->peers, (gint) event->peer + 1);
  node->peers->pdata[event->peer] = known;
  node->modules->membership->detector_watch (node->detector, event->peer, node->now);
  tell_groups (node, known, TRUE, event->text);
}

static void
on_peer_gone (TyNode *node, guint peer, TyReach reach, const char *why)
{
  TyKnown *known = known_of_peer (node, peer);
  if (known == NULL)
    return;
  node->modules->membership->detector_unwatch (node->detector, peer);
  node->peers->pdata[peer] = NULL;
  known->peer = TY_NO_PEER;
  known->reach = reach;
  tell_groups (node, known, FALSE, why);
}

void
ty_node_close (TyNode *node, TyKnown *known)
{
  if (known->peer == TY_NO_PEER)
    return;
  ty_node_effect (node, TY_EFFECT_PEER_CLOSE)->peer = known->peer;
  node->modules->membership->detector_unwatch (node->detector, known->peer);
  node->peers->pdata[known->peer] = NULL;
  known->peer = TY_NO_PEER;
  known->reach = TY_REACH_NONE;
}

static void
suspect_silent (TyNode *node)
{
  guint peer;
  while (node->modules->membership->detector_suspect (node->detector, node->now, &peer))
    {
      TyKnown *known = known_of_peer (node, peer);
      if (known == NULL || known->reach != TY_REACH_UP)
        continue;
      known->reach = TY_REACH_SUSPECT;
      TyEffect *effect = ty_node_effect (node, TY_EFFECT_PEER_SUSPECT);
      effect->peer = peer;
      tell_groups (node, known, FALSE, "silent for too long");
    }
}

/* Sessions that no group cares for end after a while; what is known of a process without a session is forgotten with
 * it. */
static void
sweep (TyNode *node)
{
  if (node->now < node->sweep_at)
    return;
  node->sweep_at = node->now + node->config.suspect_after_us;
  for (guint i = 0; i < node->knowns->len;)
    {
      TyKnown *known = node->knowns->pdata[i];
      gboolean wanted = FALSE;
      for (guint g = 0; g < node->groups->len && !wanted; g++)
        {
          TyGroup *group = node->groups->pdata[g];
          wanted = group->membership_ops->wants (group->membership, &known->pid);
        }
      if (wanted)
        known->unwanted_since = 0;
      else if (known->unwanted_since == 0)
        known->unwanted_since = node->now;
      if (wanted || node->now - known->unwanted_since < 2 * node->config.suspect_after_us)
        {
          i++;
          continue;
        }
      ty_node_close (node, known);
      g_hash_table_remove (node->known, &known->pid);
      g_ptr_array_remove_index (node->knowns, i);
    }
}

/* ---- packets ---- */

static void
refuse_packet (TyNode *node, const TyId *from, TyPacketType type)
{
  char who[9];
  node->refused++;
  g_debug ("refused a malformed packet of type %u from %s", (guint) type, ty_id_short (from, who));
}

static gboolean
on_join (TyNode *node, const TyId *from, TyReader *r)
{
  g_autofree char *name = ty_read_text (r, TY_MAX_NAME_BYTES);
  if (name == NULL)
    return FALSE;
  TyGroup *group = group_by_name (node, name, FALSE);
  /* Who stays behind for its last view may be the only one left to tell a newcomer that it is in the next (V7). */
  for (guint i = 0; group == NULL && i < node->groups->len; i++)
    {
      TyGroup *left = node->groups->pdata[i];
      group = left->lingers && g_str_equal (left->name, name) ? left : NULL;
    }
  if (group != NULL)
    return group->membership_ops->on_join (group->membership, from, r, group->name, group->ordering_ops->name);
  TyKnown *known = ty_node_known (node, from);
  if (known == NULL || known->peer == TY_NO_PEER)
    return TRUE;
  g_autoptr (GByteArray) w = g_byte_array_new ();
  g_autofree char *why = g_strdup_printf ("the process %s there is in no group \"%s\"", node->name, name);
  ty_write_u8 (w, TY_PACKET_WELCOME);
  ty_write_text (w, name);
  ty_write_u8 (w, 1);
  ty_write_reason (w, why);
  g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (g_steal_pointer (&w));
  ty_node_send (node, known->peer, packet, TY_CLASS_CONTROL, 0);
  return TRUE;
}

static gboolean
on_welcome (TyNode *node, const TyId *from, TyReader *r)
{
  g_autofree char *name = ty_read_text (r, TY_MAX_NAME_BYTES);
  TyGroup *group = name != NULL ? group_by_name (node, name, TRUE) : NULL;
  return group != NULL ? group->membership_ops->on_welcome (group->membership, from, r) : name != NULL;
}

/* Somebody takes this process for a member of a group that it is in no longer: it must not be waited for, and if the
 * group has moved on since, whoever asks is left behind. */
static void
answer_for_past (TyNode *node, const TyId *from, const TyId *group, guint64 view)
{
  const TyKnown *known = ty_node_known (node, from);
  guint64 last = 0;
  gboolean left_behind = FALSE;
  for (guint i = 0; i < node->past->len; i++)
    {
      const TyPast *past = &g_array_index (node->past, TyPast, i);
      if (!ty_id_equal (&past->group, group))
        continue;
      last = past->view->id.number;
      /* Whoever is in the later view has only not learned of it yet. */
      left_behind = last > view && ty_view_rank (past->view, from) == past->view->n_members;
    }
  if (known == NULL || known->peer == TY_NO_PEER)
    return;
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_u8 (w, left_behind ? TY_PACKET_EXCLUDED : TY_PACKET_GONE);
  ty_write_id (w, group);
  ty_write_varint (w, view);
  if (left_behind)
    ty_write_varint (w, last);
  g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (g_steal_pointer (&w));
  ty_node_send (node, known->peer, packet, TY_CLASS_CONTROL, 0);
}

static gboolean
on_group_packet (TyNode *node, const TyId *from, GBytes *packet, TyPacketType type, TyReader *r)
{
  TyId id;
  ty_read_id (r, &id);
  guint64 view = ty_read_bounded (r, G_MAXINT64 - 1);
  if (r->bad)
    return FALSE;
  TyGroup *group = g_hash_table_lookup (node->groups_by_id, &id);
  if (group != NULL)
    return ty_group_on_packet (group, from, packet, type, view, r);
  for (guint i = 0; i < node->groups->len; i++)
    {
      TyGroup *founding = node->groups->pdata[i];
      if (founding->state != TY_GROUP_JOINING || ty_id_is_null (&founding->founding_id))
        continue;
      if (view == 0)
        {
          /* In view 0 the id stands for the list: by another, two founders would wait for each other for ever. */
          if (type != TY_PACKET_GONE)
            founding->membership_ops->on_other_founding (founding->membership, from);
          continue;
        }
      /* A founder that has not learned the group's id yet may need it. */
      ty_group_keep_future (founding, from, view, packet);
      return TRUE;
    }
  if (type == TY_PACKET_PREPARE || type == TY_PACKET_PROPOSE || type == TY_PACKET_ALIVE || type == TY_PACKET_NEED
      || type == TY_PACKET_FOUNDER)
    answer_for_past (node, from, &id, view);
  return TRUE;
}

static void
on_packet (TyNode *node, const TyId *from, GBytes *packet)
{
  TyReader r = ty_reader_of_bytes (packet);
  TyPacketType type = (TyPacketType) ty_read_u8 (&r);
  gboolean fine;
  if (type == TY_PACKET_JOIN)
    fine = on_join (node, from, &r);
  else if (type == TY_PACKET_WELCOME)
    fine = on_welcome (node, from, &r);
  else
    fine = on_group_packet (node, from, packet, type, &r);
  if (!fine)
    refuse_packet (node, from, type);
}

static void
drain_local (TyNode *node)
{
  Local *local;
  while ((local = g_queue_pop_head (&node->local)) != NULL)
    {
      on_packet (node, &local->from, local->packet);
      g_bytes_unref (local->packet);
      g_free (local);
    }
}

/* A peer that sends what cannot be is not to be trusted with a session any longer. */
static void
on_peer_packet (TyNode *node, const TyEvent *event)
{
  TyKnown *known = known_of_peer (node, event->peer);
  if (known == NULL)
    return;
  node->modules->membership->detector_heard (node->detector, event->peer, node->now);
  TyId from = known->pid;
  guint64 refused = node->refused;
  on_packet (node, &from, event->packet);
  if (node->refused == refused || known->peer != event->peer)
    return;
  TyEffect *ended = ty_node_effect (node, TY_EFFECT_PEER_CLOSE);
  ended->peer = event->peer;
  ended->number = 1;
  on_peer_gone (node, event->peer, TY_REACH_SUSPECT, "it sent a malformed packet");
}

static void
take_event (TyNode *node, const TyEvent *event)
{
  TyKnown *known;
  switch (event->type)
    {
    case TY_EVENT_TIME:
      break;
    case TY_EVENT_PEER_UP:
      on_peer_up (node, event);
      break;
    case TY_EVENT_PEER_HEARD:
    case TY_EVENT_PEER_DOWN:
      if (event->type == TY_EVENT_PEER_HEARD)
        node->modules->membership->detector_heard (node->detector, event->peer, node->now);
      break;
    case TY_EVENT_PEER_RESUMED:
      known = known_of_peer (node, event->peer);
      node->modules->membership->detector_heard (node->detector, event->peer, node->now);
      if (known != NULL && known->reach == TY_REACH_SUSPECT)
        {
          known->reach = TY_REACH_UP;
          tell_groups (node, known, FALSE, "its session was resumed");
        }
      break;
    case TY_EVENT_PEER_LOST:
      on_peer_gone (node, event->peer, TY_REACH_SUSPECT, event->text != NULL ? event->text : "its session was lost");
      break;
    case TY_EVENT_PEER_DEAD:
      on_peer_gone (node, event->peer, TY_REACH_DEAD, event->text != NULL ? event->text : "its process is gone");
      break;
    case TY_EVENT_PACKET:
      on_peer_packet (node, event);
      break;
    case TY_EVENT_DIAL_FAILED:
      for (guint i = 0; i < node->groups->len; i++)
        {
          TyGroup *group = node->groups->pdata[i];
          group->membership_ops->on_dial_failed (group->membership, event->address, event->text,
                                                 event->dial_end);
        }
      break;
    }
}

static void
free_ended_groups (TyNode *node)
{
  for (guint i = 0; i < node->groups->len;)
    {
      TyGroup *group = node->groups->pdata[i];
      if (group->dropped && ty_group_is_over (group) && !group->leaving && !group->lingers)
        ty_group_free (group);
      else
        i++;
    }
}

void
ty_node_step (TyNode *node, const TyEvent *events, guint n_events, gint64 now_us)
{
  g_assert (!node->stepping && node->effects->len == 0);
  g_assert (now_us >= node->now);
  free_ended_groups (node);
  node->stepping = TRUE;
  node->pending = FALSE;
  node->now = now_us;
  node->modules->membership->detector_step (node->detector, now_us);
  for (guint i = 0; i < node->groups->len; i++)
    ty_group_take_requests (node->groups->pdata[i]);
  for (guint i = 0; i < n_events; i++)
    {
      take_event (node, &events[i]);
      drain_local (node);
    }
  suspect_silent (node);
  do
    {
      drain_local (node);
      for (guint i = 0; i < node->groups->len; i++)
        ty_group_tick (node->groups->pdata[i]);
    }
  while (!g_queue_is_empty (&node->local));
  for (guint i = 0; i < node->groups->len; i++)
    ty_group_flow (node->groups->pdata[i]);
  g_assert (g_queue_is_empty (&node->local));
  for (guint i = 0; i < node->groups->len && node->storage != NULL; i++)
    ty_group_keep_durable (node->groups->pdata[i]);
  sweep (node);
  node->stepping = FALSE;
  if (node->history != NULL && node->sink != NULL)
    ty_history_flush (node->history, node->sink, node->sink_data);
}

gint64
ty_node_deadline (const TyNode *node)
{
  gint64 at = node->modules->membership->detector_deadline (node->detector);
  for (guint i = 0; i < node->groups->len; i++)
    {
      gint64 of_group = ty_group_deadline (node->groups->pdata[i]);
      at = MIN (at, of_group);
    }
  return node->knowns->len > 0 ? MIN (at, node->sweep_at) : at;
}
