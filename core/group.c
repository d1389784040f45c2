/* core/group.c: a group of one process: the application's requests, and the one writer of its state.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/plant.h"

#include <gio/gio.h>

/* ---- state ---- */

static const char *const state_names[] = {
  [TY_GROUP_NEW] = "new",           [TY_GROUP_JOINING] = "joining", [TY_GROUP_MEMBER] = "member",
  [TY_GROUP_FLUSHING] = "flushing", [TY_GROUP_BLOCKED] = "blocked", [TY_GROUP_LEFT] = "left",
  [TY_GROUP_EXCLUDED] = "excluded", [TY_GROUP_FAILED] = "failed",
};

/* What may follow what (the picture in group.h). */
static const guint may_follow[] = {
  [TY_GROUP_NEW] = 1u << TY_GROUP_JOINING | 1u << TY_GROUP_MEMBER | 1u << TY_GROUP_FAILED,
  [TY_GROUP_JOINING] = 1u << TY_GROUP_MEMBER | 1u << TY_GROUP_FAILED | 1u << TY_GROUP_EXCLUDED,
  [TY_GROUP_MEMBER] = 1u << TY_GROUP_FLUSHING | 1u << TY_GROUP_BLOCKED | 1u << TY_GROUP_LEFT | 1u << TY_GROUP_EXCLUDED
                      | 1u << TY_GROUP_FAILED,
  [TY_GROUP_FLUSHING] = 1u << TY_GROUP_MEMBER | 1u << TY_GROUP_BLOCKED | 1u << TY_GROUP_LEFT | 1u << TY_GROUP_EXCLUDED
                        | 1u << TY_GROUP_FAILED,
  [TY_GROUP_BLOCKED] = 1u << TY_GROUP_MEMBER | 1u << TY_GROUP_LEFT | 1u << TY_GROUP_EXCLUDED | 1u << TY_GROUP_FAILED,
  [TY_GROUP_LEFT] = 0,
  [TY_GROUP_EXCLUDED] = 0,
  [TY_GROUP_FAILED] = 0,
};

void
ty_group_enter_state (TyGroup *group, TyGroupState to)
{
  if (group->state == to)
    return;
  if ((may_follow[group->state] & 1u << to) == 0)
    g_error ("group %s: no way from %s to %s", group->name, state_names[group->state], state_names[to]);
  group->state = to;
}

gboolean
ty_group_is_over (const TyGroup *group)
{
  return group->state == TY_GROUP_LEFT || group->state == TY_GROUP_EXCLUDED || group->state == TY_GROUP_FAILED;
}

TyEffect *
ty_group_effect (TyGroup *group, TyEffectType type)
{
  if (group->dropped)
    return NULL;
  TyEffect *effect = ty_node_effect (group->node, type);
  effect->group = group;
  return effect;
}

/* found () or join () has failed. (transfer full) */
void
ty_group_fail_entry (TyGroup *group, GError *error)
{
  if (!ty_group_is_over (group))
    ty_group_enter_state (group, TY_GROUP_FAILED);
  TyEffect *effect = group->entering ? ty_group_effect (group, TY_EFFECT_ENTERED) : NULL;
  group->entering = FALSE;
  if (effect != NULL)
    effect->error = error;
  else
    g_error_free (error);
}

/* ---- making and ending one ---- */

/* What the others' readers take for a text (core/wire.h). */
static gboolean
name_fits (const char *name)
{
  gsize len = strlen (name);
  gboolean fine = len > 0 && len <= TY_MAX_NAME_BYTES && g_utf8_validate (name, -1, NULL);
  for (gsize i = 0; fine && i < len; i++)
    fine = (guint8) name[i] >= 0x20 && name[i] != 0x7f;
  return fine;
}

TyGroup *
ty_group_new (TyNode *node, const char *name, const char *ordering, GError **error)
{
  const TyOrderingOps *ops = ty_modules_find_ordering (node->modules, ordering);
  if (ops == NULL)
    {
      g_autoptr (GString) list = g_string_new (NULL);
      for (const TyOrderingOps *const *o = node->modules->orderings; *o != NULL; o++)
        g_string_append_printf (list, "%s\"%s\"", list->len > 0 ? ", " : "", (*o)->name);
      g_set_error (error, TYET_ERROR, TYET_ERROR_ORDERING, "There is no ordering \"%s\"; choose one of %s", ordering,
                   list->str);
      return NULL;
    }
  if (!name_fits (name))
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_NAME,
                   "A group's name is 1 to %d bytes of UTF-8 without control characters", TY_MAX_NAME_BYTES);
      return NULL;
    }
  TyGroup *group = g_new0 (TyGroup, 1);
  group->node = node;
  group->name = g_strdup (name);
  group->ordering_ops = ops;
  group->flush_ops = node->modules->flush;
  group->membership_ops = node->modules->membership;
  group->ordering = ops->create (ops, &ty_group_ordering_host, group);
  group->membership = node->modules->membership->create (&ty_group_membership_host, group, &node->config, &node->pid);
  group->weight = 1;
  group->deliver_own = TRUE;
  group->loaded = TRUE;
  group->stream = 2 * ++node->next_stream;
  group->kept = g_array_new (FALSE, FALSE, sizeof (TyKeptStore));
  group->marks = g_array_new (FALSE, FALSE, sizeof (TySentMark));
  group->creditors = g_array_new (FALSE, FALSE, sizeof (guint));
  group->spill = g_array_new (FALSE, TRUE, sizeof (TyEffect));
  group->transfers = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_transfer_free);
  group->keys = g_ptr_array_new_with_free_func (ty_keys_free);
  group->judged = g_array_new (FALSE, FALSE, sizeof (TyJudged));
  ty_batch_builder_init (&group->open);
  g_ptr_array_add (node->groups, group);
  return group;
}

static void
free_builder (gpointer builder)
{
  ty_batch_builder_clear (builder);
  g_free (builder);
}

void
ty_group_free (TyGroup *group)
{
  TyNode *node = group->node;
  ty_node_unregister (node, group);
  g_ptr_array_remove (node->groups, group);
  ty_group_drop_spill (group);
  ty_group_end_flow (group);
  ty_group_free_kept (group);
  group->ordering_ops->free (group->ordering);
  group->membership_ops->free (group->membership);
  g_ptr_array_unref (group->transfers);
  g_array_unref (group->kept);
  g_array_unref (group->marks);
  g_array_unref (group->creditors);
  g_array_unref (group->spill);
  ty_batch_builder_clear (&group->open);
  g_queue_clear_full (&group->full, free_builder);
  g_clear_pointer (&group->view, tyet_view_unref);
  g_clear_pointer (&group->founders, tyet_view_unref);
  g_clear_pointer (&group->founding, g_bytes_unref);
  g_strfreev (group->contacts);
  g_free (group->name);
  g_free (group->asked_out);
  ty_group_free_admit (group);
  g_ptr_array_unref (group->keys);
  g_free (group);
}

void
ty_group_set_user_data (TyGroup *group, gpointer user_data)
{
  group->user_data = user_data;
}

gpointer
ty_group_get_user_data (const TyGroup *group)
{
  return group->user_data;
}

void
ty_group_set_takes_state (TyGroup *group, gboolean takes)
{
  group->takes_state = takes;
}

void
ty_group_set_gives_state (TyGroup *group, gboolean gives)
{
  group->gives_state = gives;
}

void
ty_group_set_weight (TyGroup *group, guint32 weight)
{
  g_assert (weight <= TY_MAX_WEIGHT);
  group->weight = weight;
}

void
ty_group_set_deliver_own (TyGroup *group, gboolean deliver_own)
{
  group->deliver_own = deliver_own;
}

/* ---- requests ---- */

gboolean
ty_group_may_enter (TyGroup *group, GError **error)
{
  TyNode *node = group->node;
  gboolean was_in = ty_node_was_in (node, group->name);
  if (group->state != TY_GROUP_NEW || group->entering)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                   "Group \"%s\" has been founded or joined before; make a new object to enter again", group->name);
      return FALSE;
    }
  for (guint i = 0; i < node->groups->len; i++)
    {
      const TyGroup *other = node->groups->pdata[i];
      was_in |= other != group && g_str_equal (other->name, group->name)
                && (other->state != TY_GROUP_NEW || other->entering) && other->state != TY_GROUP_FAILED;
    }
  if (was_in)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE,
                   "This process is or was in group \"%s\"; it comes back as a new process", group->name);
      return FALSE;
    }
  if (node->address == NULL)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE, "The process has no address yet at which others can reach it");
      return FALSE;
    }
  return TRUE;
}

gboolean
ty_group_found (TyGroup *group, GError **error)
{
  if (!ty_group_may_enter (group, error))
    return FALSE;
  group->found_asked = TRUE;
  group->entering = TRUE;
  ty_node_kick (group->node);
  return TRUE;
}

gboolean
ty_group_join (TyGroup *group, const char *const *contacts, gint64 timeout_us, GError **error)
{
  if (!ty_group_may_enter (group, error))
    return FALSE;
  if (contacts == NULL || contacts[0] == NULL)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_ADDRESS,
                   "Joining group \"%s\" needs the address of at least one member as a contact", group->name);
      return FALSE;
    }
  group->contacts = g_strdupv ((char **) contacts);
  group->join_timeout = timeout_us;
  group->join_asked = TRUE;
  group->entering = TRUE;
  ty_node_kick (group->node);
  return TRUE;
}

void
ty_group_cancel_join (TyGroup *group)
{
  if (!group->entering)
    return;
  group->cancel_asked = TRUE;
  ty_node_kick (group->node);
}

gboolean
ty_group_in_view (const TyGroup *group)
{
  return group->state == TY_GROUP_MEMBER || group->state == TY_GROUP_FLUSHING || group->state == TY_GROUP_BLOCKED;
}

gboolean
ty_group_leave (TyGroup *group, GError **error)
{
  if (!ty_group_in_view (group) || group->leaving)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER,
                   "This process is not in group \"%s\", or is leaving already", group->name);
      return FALSE;
    }
  group->leave_asked = TRUE;
  group->leaving = TRUE;
  ty_node_kick (group->node);
  return TRUE;
}

void
ty_group_drop (TyGroup *group)
{
  group->dropped = TRUE;
  group->user_data = NULL;
  group->leave_asked = ty_group_in_view (group);
  group->cancel_asked = group->entering;
  if (group->state == TY_GROUP_NEW && !group->entering)
    ty_group_enter_state (group, TY_GROUP_FAILED);
  group->leaving = FALSE;
  if (!group->node->stepping)
    ty_node_kick (group->node);
}

static void
found (TyGroup *group)
{
  group->found_asked = FALSE;
  ty_group_install_first (group);
}

static void
join (TyGroup *group)
{
  TyNode *node = group->node;
  group->join_asked = FALSE;
  TyMember me = {
    .pid = node->pid,
    .name = node->name,
    .address = node->address,
    .weight = group->weight,
    .loaded = !group->takes_state,
  };
  gint64 deadline = group->join_timeout < G_MAXINT64 - node->now ? node->now + group->join_timeout : G_MAXINT64;
  ty_group_enter_state (group, TY_GROUP_JOINING);
  group->membership_ops->join (group->membership, group->name, group->ordering_ops->name,
                               (const char *const *) group->contacts, &me, deadline);
  /* A contact that this process has a session with already will not come up a second time. */
  for (guint i = 0; i < node->knowns->len; i++)
    {
      const TyKnown *known = node->knowns->pdata[i];
      if (known->reach == TY_REACH_UP && g_strv_contains ((const char *const *) group->contacts, known->address))
        group->membership_ops->on_reach (group->membership, &known->pid, TY_REACH_UP, FALSE, NULL);
    }
}

static void
cancel (TyGroup *group)
{
  group->cancel_asked = FALSE;
  if (group->state == TY_GROUP_NEW || group->state == TY_GROUP_JOINING)
    {
      g_clear_pointer (&group->founders, tyet_view_unref);
      group->join_asked = group->found_asked = FALSE;
      ty_group_fail_entry (group, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Joining was cancelled"));
      group->membership_ops->stop (group->membership);
      ty_node_unregister (group->node, group);
    }
  else if (group->entering)
    {
      TyEffect *effect = ty_group_effect (group, TY_EFFECT_ENTERED);
      group->entering = FALSE;
      group->leave_asked = TRUE;
      if (effect != NULL)
        effect->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Joining was cancelled");
    }
}

/* V11: a leaver's messages go first, and the states that it gives; then it asks to go. Without a quorum there is nobody
 * to agree with: it just goes, and the others will find it gone. */
static void
say_leave (TyGroup *group)
{
  TyNode *node = group->node;
  if (group->leave_until == 0)
    group->leave_until = node->now + 4 * node->config.suspect_after_us;
  gboolean hopeless = group->blocked || node->now >= group->leave_until;
  if (hopeless && ty_group_in_view (group))
    {
      group->leave_asked = FALSE;
      if (node->history != NULL && group->loaded)
        ty_history_fail (node->history, group->view, TY_HISTORY_LEAVE, node->now);
      ty_group_enter_state (group, TY_GROUP_LEFT);
      group->membership_ops->stop (group->membership);
      ty_group_end_transfers (group, "the giver left");
      ty_node_unregister (node, group);
      TyEffect *effect = group->leaving ? ty_group_effect (group, TY_EFFECT_LEFT) : NULL;
      if (effect != NULL)
        effect->text = g_strdup ("left without agreement");
      group->leaving = FALSE;
      return;
    }
  if (group->leave_said || group->queued_bytes > 0 || ty_group_gives_now (group))
    return;
  group->leave_said = TRUE;
  group->membership_ops->leave (group->membership);
}

void
ty_group_take_requests (TyGroup *group)
{
  if (group->cancel_asked)
    cancel (group);
  if (group->found_asked)
    found (group);
  if (group->founders != NULL)
    ty_group_begin_founding (group);
  if (group->join_asked)
    join (group);
  if (group->rekey_asked)
    ty_group_take_rekey (group);
  if (group->policy_changed)
    ty_group_take_policy (group);
  ty_group_take_transfer_requests (group);
}

static void
give_up_entry (TyGroup *group, const char *failure)
{
  GError *error = g_error_new (TYET_ERROR, TYET_ERROR_TRANSFER,
                               "Group \"%s\" was lost while its state was being taken: %s, and no quorum is left",
                               group->name, failure);
  group->membership_ops->stop (group->membership);
  ty_node_unregister (group->node, group);
  ty_group_drop_spill (group);
  ty_group_fail_entry (group, error);
  ty_group_end_transfers (group, "the group was lost");
}

void
ty_group_tick (TyGroup *group)
{
  if (group->leave_asked && ty_group_in_view (group))
    say_leave (group);
  if (!group->loaded && group->spill_bytes > group->node->config.spill_bytes)
    ty_group_ask_out (group, "more came in while it was being loaded than may be kept: its spill is full");
  /* V13: the members that had the state are gone, and with them the quorum: nobody can let this process in. */
  const char *failure = group->entering && group->blocked ? ty_group_taking_failure (group) : NULL;
  if (failure != NULL && group->membership_ops->lost (group->membership))
    give_up_entry (group, failure);
  if (ty_group_in_view (group))
    ty_group_mind_laggard (group);
  group->membership_ops->tick (group->membership);
}

gint64
ty_group_deadline (TyGroup *group)
{
  gint64 at = group->membership_ops->deadline (group->membership);
  if (group->leave_asked && group->leave_until > 0 && ty_group_in_view (group))
    at = MIN (at, group->leave_until);
  gint64 lag = group->node->config.lag_us;
  if (group->refused > 0 && lag > 0 && ty_group_in_view (group) && !group->frozen && !group->blocked)
    at = MIN (at, group->refused_since + (group->warned ? lag : lag / 2));
  return group->receipts_due > 0 && ty_group_in_view (group) ? MIN (at, group->receipts_due) : at;
}

/* ---- packets and peers ---- */

static guint
rank_of (const TyGroup *group, const TyId *pid)
{
  return group->view != NULL ? ty_view_rank (group->view, pid) : G_MAXUINT;
}

static gboolean
on_current (TyGroup *group, guint rank, GBytes *packet, TyPacketType type, TyReader *r)
{
  gboolean member = rank < group->view->n_members;
  switch (type)
    {
    case TY_PACKET_DATA:
      return member && ty_group_on_data (group, rank, packet, r);
    case TY_PACKET_FORWARD:
      /* Who holds messages of the view is, or was, one of its members. */
      return member && ty_group_on_forward (group, packet, r);
    case TY_PACKET_RECEIPTS:
      return member && ty_group_on_receipts (group, rank, r);
    case TY_PACKET_GAP:
      if (member && ty_reader_done (r))
        group->broken[rank] = TRUE;
      return member && ty_reader_done (r);
    case TY_PACKET_ORDERING:
      if (!member)
        return FALSE;
      /* V9: a suspect's order runs are not taken after STATE. */
      {
        const TyKnown *known = ty_node_known (group->node, &group->view->members[rank].pid);
        if (group->frozen && (known == NULL || known->reach != TY_REACH_UP))
          return TRUE;
        /* N1: what came before may be lost with a session, or with what was kept of this view before it began. A round
         * follows, and makes it good; until then order would have a gap. */
        if (group->broken[rank] || group->told_gap[rank])
          return TRUE;
      }
      return group->ordering_ops->on_packet (group->ordering, rank, r->at, ty_reader_left (r));
    default:
      return FALSE;
    }
}

gboolean
ty_group_on_packet (TyGroup *group, const TyId *from, GBytes *packet, TyPacketType type, guint64 view, TyReader *r)
{
  gboolean message = type == TY_PACKET_DATA || type == TY_PACKET_FORWARD || type == TY_PACKET_RECEIPTS
                     || type == TY_PACKET_ORDERING || type == TY_PACKET_GAP;
  gboolean transfer = type >= TY_PACKET_TRANSFER_DATA && type <= TY_PACKET_TRANSFER_FAILED;
  if (ty_group_is_over (group) && group->state != TY_GROUP_LEFT && group->state != TY_GROUP_EXCLUDED)
    return TRUE;
  if (transfer && (group->view == NULL || view > group->view->id.number))
    {
      ty_group_keep_future (group, from, view, packet);
      return TRUE;
    }
  if (transfer)
    return ty_group_on_transfer (group, from, type, view, r);
  guint64 current = group->view != NULL ? group->view->id.number : 0;
  if (view > current && !ty_group_is_over (group))
    {
      /* V7: not stale, but ahead: kept, and the sender is asked. A joiner takes part in rounds of views that it is not
       * in. */
      ty_group_keep_future (group, from, view, packet);
      if (message || group->view != NULL)
        {
          group->membership_ops->on_other_view (group->membership, from, view);
          return TRUE;
        }
    }
  if (!message)
    return group->membership_ops->on_packet (group->membership, from, type, view, r);
  /* A joiner is in no view, and view 0 (V13) has no messages. */
  if (group->view == NULL && !ty_group_is_over (group))
    return FALSE;
  if ((view < current && !TY_PLANTED (late_taken)) || ty_group_is_over (group))
    {
      group->membership_ops->on_other_view (group->membership, from, view);
      return TRUE;
    }
  return on_current (group, rank_of (group, from), packet, type, r);
}

void
ty_group_on_known (TyGroup *group, const TyKnown *known, gboolean fresh, const char *why)
{
  guint rank = rank_of (group, &known->pid);
  if (group->view != NULL && rank < group->view->n_members && group->peer_of_rank != NULL)
    {
      group->peer_of_rank[rank] = known->peer;
      if (fresh && !TY_PLANTED (loss_ignored))
        group->broken[rank] = TRUE;
    }
  if (known->reach != TY_REACH_UP)
    ty_group_forget_judged (group, &known->pid);
  group->membership_ops->on_reach (group->membership, &known->pid, known->reach, fresh, why);
  ty_group_check_transfers (group, fresh ? &known->pid : NULL);
}

/* ---- what can be seen ---- */

TyGroupState
ty_group_get_state (const TyGroup *group)
{
  return group->state;
}

const char *
ty_group_get_name (const TyGroup *group)
{
  return group->name;
}

const TyOrderingOps *
ty_group_get_ordering (const TyGroup *group)
{
  return group->ordering_ops;
}

TyetView *
ty_group_get_view (const TyGroup *group)
{
  return group->view != NULL && group->view->id.number > 0 ? group->view : NULL;
}

gboolean
ty_group_is_loaded (const TyGroup *group)
{
  return group->loaded;
}

void
ty_group_get_stats (const TyGroup *group, TyGroupStats *out)
{
  *out = group->stats;
  out->rounds = group->membership_ops->rounds (group->membership);
  out->queued_bytes = group->queued_bytes;
  out->spilled_bytes = group->spill_bytes;
  if (group->store == NULL)
    return;
  out->unstable_bytes = group->flush_ops->kept_bytes (group->store);
  out->window_used_bytes = group->flush_ops->window_used (group->store) + group->queued_bytes;
}
