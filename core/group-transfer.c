/* core/group-transfer.c: state transfer (V15).
 *
 *   giver (the youngest loaded member that came from the old view)      joiner
 *     installs the view
 *     SAVE_STATE to the application, before any delivery of the view      LOAD_STATE
 *     TRANSFER_DATA ...  ──────────────────────────────────────────────►  STATE_BYTES ...
 *     ◄───────────────────────────────────────────────  TRANSFER_ACK      taken by the application
 *     TRANSFER_DATA, end ──────────────────────────────────────────────►  STATE_END
 *     SAVE_ENDED ◄────────────────────────────────  TRANSFER_LOADED       loaded: the spill goes to the application
 *
 * At most TRANSFER_WINDOW bytes are under way and not yet taken, so that neither side holds more than that.  The joiner
 * takes part in views, acknowledges and spills meanwhile; nobody waits for it.  If its giver goes, it asks to be taken
 * out; if it goes itself, the giver's application is told, and nothing else happens.
 *
 *   TRANSFER_DATA, after the common head (number of the view in which the joiner entered)
 *   1       1: this is the end
 *   varint  offset of the bytes in the state
 *   ...     bytes
 *   TRANSFER_ACK:     varint bytes taken so far
 *   TRANSFER_FAILED:  block why
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/plant.h"

#define TRANSFER_WINDOW (1024 * 1024)
#define CHUNK (60 * 1024)

struct _TyTransfer
{
  guint64 id; /* number of the view in which the joiner entered */
  gboolean giving;
  TyId other;
  char *name;
  gint64 since;
  GQueue chunks;    /* giving: of GBytes, not yet sent */
  guint64 moved;    /* giving: written by the application; taking: received */
  guint64 sent;     /* giving */
  guint64 taken;    /* giving: acknowledged; taking: by the application */
  guint64 told;     /* taking: in the last acknowledgement */
  gboolean wants_room;
  gboolean saved, end_asked, end_sent, ended;
  gboolean loaded_asked;
  char *failed;   /* why */
  char *given_up; /* taking: why, if the application said so and the next step is to take it up */
  char *digest;
};

void
ty_transfer_free (TyTransfer *transfer)
{
  g_queue_clear_full (&transfer->chunks, (GDestroyNotify) g_bytes_unref);
  g_free (transfer->name);
  g_free (transfer->failed);
  g_free (transfer->given_up);
  g_free (transfer->digest);
  g_free (transfer);
}

static TyTransfer *
find (TyGroup *group, guint64 id, gboolean giving)
{
  for (guint i = 0; i < group->transfers->len; i++)
    {
      TyTransfer *transfer = group->transfers->pdata[i];
      if (transfer->id == id && transfer->giving == giving)
        return transfer;
    }
  return NULL;
}

gboolean
ty_group_gives_now (const TyGroup *group)
{
  for (guint i = 0; i < group->transfers->len; i++)
    if (((TyTransfer *) group->transfers->pdata[i])->giving)
      return TRUE;
  return FALSE;
}

static TyTransfer *
add_transfer (TyGroup *group, gboolean giving, const TyMember *other)
{
  TyTransfer *transfer = g_new0 (TyTransfer, 1);
  transfer->id = group->view->id.number;
  transfer->giving = giving;
  transfer->other = other->pid;
  transfer->name = g_strdup (other->name);
  transfer->since = group->node->now;
  g_ptr_array_add (group->transfers, transfer);
  return transfer;
}

static void
send_packet (TyGroup *group, const TyTransfer *transfer, TyPacketType type, GByteArray *body, TyClass class)
{
  const TyKnown *known = ty_node_known (group->node, &transfer->other);
  if (known == NULL || known->peer == TY_NO_PEER)
    return;
  GByteArray *w = g_byte_array_sized_new (32 + (body != NULL ? body->len : 0));
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, &group->id);
  ty_write_varint (w, transfer->id);
  if (body != NULL)
    g_byte_array_append (w, body->data, body->len);
  g_autoptr (GBytes) packet = g_byte_array_free_to_bytes (w);
  ty_node_send (group->node, known->peer, packet, class, group->stream);
}

static void
tell_failed (TyGroup *group, const TyTransfer *transfer, const char *why)
{
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_reason (w, why);
  send_packet (group, transfer, TY_PACKET_TRANSFER_FAILED, w, TY_CLASS_BULK);
}

/* Whether a state is still being taken: nothing is delivered meanwhile. */
static void
look_if_saving (TyGroup *group)
{
  group->saving = FALSE;
  for (guint i = 0; i < group->transfers->len; i++)
    {
      const TyTransfer *transfer = group->transfers->pdata[i];
      group->saving |= transfer->giving && !transfer->saved;
    }
}

/* Ends a transfer on the giver's side. */
static void
end_giving (TyGroup *group, TyTransfer *transfer, const char *why)
{
  TyEffect *effect = group->gives_state ? ty_group_effect (group, TY_EFFECT_SAVE_ENDED) : NULL;
  if (effect != NULL)
    {
      effect->number = transfer->id;
      if (why != NULL)
        effect->error = g_error_new (TYET_ERROR, TYET_ERROR_TRANSFER, "The state was not given to %s: %s",
                                     transfer->name, why);
    }
  g_ptr_array_remove (group->transfers, transfer);
  look_if_saving (group);
}

/* The joiner's side: asks to be taken out; it may load all the same before that is done, and stays then. */
void
ty_group_ask_out (TyGroup *group, const char *why)
{
  if (group->asked_out == NULL)
    group->asked_out = g_strdup (why);
  group->membership_ops->take_out (group->membership);
}

/* The joiner's side: what has come is of no use; it has to enter again (V15). */
static void
fail_taking (TyGroup *group, TyTransfer *transfer, const char *why)
{
  if (transfer->failed != NULL)
    return;
  transfer->failed = g_strdup (why);
  TyEffect *effect = ty_group_effect (group, TY_EFFECT_STATE_END);
  if (effect != NULL)
    {
      effect->number = transfer->id;
      effect->error
          = g_error_new (TYET_ERROR, TYET_ERROR_TRANSFER, "The state of group \"%s\" did not come whole from %s: %s",
                         group->name, transfer->name, why);
    }
  ty_group_ask_out (group, why);
}

const char *
ty_group_taking_failure (const TyGroup *group)
{
  for (guint i = 0; i < group->transfers->len; i++)
    {
      const TyTransfer *transfer = group->transfers->pdata[i];
      if (!transfer->giving && transfer->failed != NULL)
        return transfer->failed;
    }
  return NULL;
}

/* ---- a new view ---- */

static guint
giver_of (const TyetView *view)
{
  guint giver = view->n_members;
  for (guint i = 0; i < view->n_members; i++)
    if (view->members[i].loaded && view->members[i].since < view->id.number)
      giver = i;
  return giver;
}

void
ty_group_begin_transfers (TyGroup *group, gboolean first_view)
{
  const TyetView *view = group->view;
  guint giver = giver_of (view);
  ty_group_check_transfers (group, NULL);
  for (guint i = 0; i < view->n_members && giver < view->n_members; i++)
    {
      const TyMember *member = &view->members[i];
      if (member->loaded || member->since != view->id.number)
        continue;
      if (i == view->self && first_view)
        {
          /* The giver is told that it is expected to give: it may have had no session when it began. */
          TyTransfer *transfer = add_transfer (group, FALSE, &view->members[giver]);
          g_autoptr (GByteArray) w = g_byte_array_new ();
          ty_write_varint (w, 0);
          send_packet (group, transfer, TY_PACKET_TRANSFER_ACK, w, TY_CLASS_CONTROL);
          ty_group_effect (group, TY_EFFECT_LOAD_STATE)->number = view->id.number;
        }
      else if (giver == view->self)
        {
          TyTransfer *transfer = add_transfer (group, TRUE, member);
          if (TY_PLANTED (state_late))
            continue;
          TyEffect *effect = group->gives_state ? ty_group_effect (group, TY_EFFECT_SAVE_STATE) : NULL;
          if (effect != NULL)
            {
              effect->number = view->id.number;
              group->saving = TRUE;
            }
          else
            {
              /* An empty state, unless there was one and nobody is left who would give it: the next step says so. */
              transfer->saved = TRUE;
              transfer->end_asked = !group->gives_state;
              group->node->pending = TRUE;
            }
        }
    }
  ty_group_check_transfers (group, NULL);
}

/* Who gives to, or takes from, a process that is no longer there; or with whom a new session has begun (`anew`, or
 * NULL), so that what was under way is lost. */
void
ty_group_check_transfers (TyGroup *group, const TyId *anew)
{
  for (guint i = group->transfers->len; i-- > 0;)
    {
      TyTransfer *transfer = group->transfers->pdata[i];
      const TyKnown *known = ty_node_known (group->node, &transfer->other);
      gboolean member = group->view != NULL && ty_view_rank (group->view, &transfer->other) < group->view->n_members;
      gboolean lost = anew != NULL && ty_id_equal (anew, &transfer->other);
      gboolean there = !lost && member && known != NULL && known->peer != TY_NO_PEER && known->reach != TY_REACH_DEAD;
      if (there)
        continue;
      if (transfer->giving)
        {
          tell_failed (group, transfer, "the session was lost");
          end_giving (group, transfer, "it is gone, or its session was lost");
        }
      else if (!transfer->ended && !TY_PLANTED (provider_gone))
        fail_taking (group, transfer, "the member that gave the state is gone, or its session was lost");
    }
}

void
ty_group_end_transfers (TyGroup *group, const char *why)
{
  while (group->transfers->len > 0)
    {
      TyTransfer *transfer = group->transfers->pdata[group->transfers->len - 1];
      if (transfer->giving)
        {
          tell_failed (group, transfer, why);
          end_giving (group, transfer, why);
        }
      else
        {
          if (!transfer->ended)
            fail_taking (group, transfer, why);
          g_ptr_array_remove (group->transfers, transfer);
        }
    }
}

/* ---- packets ---- */

static gboolean
on_data (TyGroup *group, TyTransfer *transfer, TyReader *r)
{
  gboolean end = ty_read_u8 (r) == 1;
  guint64 offset = ty_read_varint (r);
  if (r->bad || transfer->ended)
    return !r->bad;
  if (offset != transfer->moved || offset + ty_reader_left (r) - transfer->taken > TRANSFER_WINDOW)
    {
      fail_taking (group, transfer, "a part of it is missing");
      return TRUE;
    }
  gsize len = ty_reader_left (r);
  transfer->moved += len;
  TyEffect *effect = len > 0 && transfer->failed == NULL ? ty_group_effect (group, TY_EFFECT_STATE_BYTES) : NULL;
  if (effect != NULL)
    {
      effect->number = transfer->id;
      effect->bytes = g_bytes_new (r->at, len);
    }
  r->at = r->end;
  transfer->ended = end;
  effect = end && transfer->failed == NULL ? ty_group_effect (group, TY_EFFECT_STATE_END) : NULL;
  if (effect != NULL)
    effect->number = transfer->id;
  return TRUE;
}

static gboolean
on_ack (TyGroup *group, TyTransfer *transfer, TyReader *r)
{
  guint64 taken = ty_read_varint (r);
  if (!ty_reader_done (r) || taken < transfer->taken || taken > transfer->sent)
    return FALSE;
  transfer->taken = taken;
  TyEffect *effect = transfer->wants_room ? ty_group_effect (group, TY_EFFECT_STATE_ROOM) : NULL;
  transfer->wants_room = FALSE;
  if (effect != NULL)
    effect->number = transfer->id;
  if (transfer->end_sent && transfer->taken == transfer->moved)
    end_giving (group, transfer, NULL);
  return TRUE;
}

gboolean
ty_group_on_transfer (TyGroup *group, const TyId *from, TyPacketType type, guint64 number, TyReader *r)
{
  TyTransfer *transfer = find (group, number, type == TY_PACKET_TRANSFER_ACK);
  if (transfer == NULL && type == TY_PACKET_TRANSFER_ACK)
    {
      TyTransfer none = { .id = number, .other = *from };
      tell_failed (group, &none, "the member that was to give the state has no such transfer, or has ended it");
    }
  if (transfer == NULL || !ty_id_equal (&transfer->other, from))
    return TRUE;
  if (type == TY_PACKET_TRANSFER_DATA)
    return on_data (group, transfer, r);
  if (type == TY_PACKET_TRANSFER_ACK)
    return on_ack (group, transfer, r);
  g_autofree char *why = ty_read_text (r, TY_MAX_REASON_BYTES);
  if (why == NULL)
    return FALSE;
  /* What is whole needs its giver no longer: one of an empty state has ended before it hears that it is to give. */
  if (!transfer->ended)
    fail_taking (group, transfer, why);
  return TRUE;
}

/* ---- requests ---- */

gboolean
ty_group_state_write (TyGroup *group, guint64 id, gconstpointer data, gsize len_bytes, gsize *written)
{
  TyTransfer *transfer = find (group, id, TRUE);
  *written = 0;
  if (transfer == NULL || transfer->end_asked)
    return FALSE;
  gsize room = TRANSFER_WINDOW - (gsize) (transfer->moved - transfer->taken);
  gsize take = MIN (room, len_bytes);
  for (gsize at = 0; at < take; at += CHUNK)
    g_queue_push_tail (&transfer->chunks, g_bytes_new ((const guint8 *) data + at, MIN (CHUNK, take - at)));
  transfer->moved += take;
  transfer->wants_room |= take < len_bytes;
  *written = take;
  ty_node_kick (group->node);
  return TRUE;
}

gboolean
ty_group_state_write_end (TyGroup *group, guint64 id, const char *failed)
{
  TyTransfer *transfer = find (group, id, TRUE);
  if (transfer == NULL || transfer->end_asked)
    return FALSE;
  transfer->end_asked = TRUE;
  transfer->failed = g_strdup (failed);
  ty_node_kick (group->node);
  return TRUE;
}

void
ty_group_state_saved (TyGroup *group, guint64 id, const char *digest)
{
  TyTransfer *transfer = find (group, id, TRUE);
  if (transfer == NULL || transfer->saved)
    return;
  transfer->saved = TRUE;
  transfer->digest = g_strdup (digest);
  if (group->node->history != NULL)
    ty_history_save (group->node->history, group->view, digest, group->node->now);
  look_if_saving (group);
  ty_node_kick (group->node);
}

void
ty_group_state_taken (TyGroup *group, guint64 id, gsize len_bytes)
{
  TyTransfer *transfer = find (group, id, FALSE);
  if (transfer == NULL)
    return;
  transfer->taken = MIN (transfer->taken + len_bytes, transfer->moved);
  ty_node_kick (group->node);
}

void
ty_group_state_loaded (TyGroup *group, guint64 id, const char *failed, const char *digest)
{
  TyTransfer *transfer = find (group, id, FALSE);
  if (transfer == NULL || transfer->loaded_asked)
    return;
  transfer->loaded_asked = TRUE;
  transfer->digest = g_strdup (digest);
  transfer->given_up = g_strdup (failed);
  ty_node_kick (group->node);
}

static void
send_chunks (TyGroup *group, TyTransfer *transfer)
{
  GBytes *chunk;
  while ((chunk = g_queue_pop_head (&transfer->chunks)) != NULL)
    {
      gsize len;
      const guint8 *data = g_bytes_get_data (chunk, &len);
      g_autoptr (GByteArray) w = g_byte_array_sized_new ((guint) len + 16);
      ty_write_u8 (w, 0);
      ty_write_varint (w, transfer->sent);
      g_byte_array_append (w, data, (guint) len);
      send_packet (group, transfer, TY_PACKET_TRANSFER_DATA, w, TY_CLASS_BULK);
      transfer->sent += len;
      g_bytes_unref (chunk);
    }
  if (!transfer->end_asked || transfer->end_sent)
    return;
  g_autoptr (GByteArray) w = g_byte_array_new ();
  transfer->end_sent = TRUE;
  if (transfer->failed != NULL)
    {
      tell_failed (group, transfer, transfer->failed);
      end_giving (group, transfer, transfer->failed);
      return;
    }
  ty_write_u8 (w, 1);
  ty_write_varint (w, transfer->sent);
  send_packet (group, transfer, TY_PACKET_TRANSFER_DATA, w, TY_CLASS_BULK);
  if (transfer->taken == transfer->moved)
    end_giving (group, transfer, NULL);
}

/* The state is in: the application learns of the view that it entered in, that it is in, and of all that came since. */
static void
finish_taking (TyGroup *group, TyTransfer *transfer)
{
  TyNode *node = group->node;
  group->loaded = TRUE;
  g_clear_pointer (&group->asked_out, g_free);
  g_assert (group->spill->len > 0);
  TyEffect first = g_array_index (group->spill, TyEffect, 0);
  g_assert (first.type == TY_EFFECT_VIEW);
  g_array_remove_index (group->spill, 0);
  g_autoptr (TyetView) entered = tyet_view_ref (first.view);
  ty_group_tell (group, first);
  if (node->history != NULL)
    ty_history_load (node->history, entered, transfer->digest, node->now);
  /* Unless joining was cancelled meanwhile: then it has come to its end, and this process leaves again. */
  if (group->entering)
    ty_group_effect (group, TY_EFFECT_ENTERED);
  group->entering = FALSE;
  ty_group_unspill (group);
  if (group->blocked)
    ty_group_tell (group,
                   (TyEffect){ .type = TY_EFFECT_BLOCKED, .text = g_strdup ("no quorum of the view is in reach") });
  g_ptr_array_remove (group->transfers, transfer);
  group->membership_ops->loaded (group->membership);
}

static void
acknowledge (TyGroup *group, TyTransfer *transfer)
{
  gboolean all = transfer->taken == transfer->moved;
  if (transfer->taken == transfer->told || (!all && transfer->taken - transfer->told < TRANSFER_WINDOW / 8))
    return;
  g_autoptr (GByteArray) w = g_byte_array_new ();
  transfer->told = transfer->taken;
  ty_write_varint (w, transfer->taken);
  send_packet (group, transfer, TY_PACKET_TRANSFER_ACK, w, TY_CLASS_CONTROL);
}

void
ty_group_take_transfer_requests (TyGroup *group)
{
  for (guint i = group->transfers->len; i-- > 0;)
    {
      TyTransfer *transfer = group->transfers->pdata[i];
      if (TY_PLANTED (state_late) && transfer->giving && !transfer->saved)
        ty_group_effect (group, TY_EFFECT_SAVE_STATE)->number = transfer->id;
      else if (transfer->giving && group->dropped && !transfer->end_asked)
        {
          /* Nobody is left who would give the rest. */
          tell_failed (group, transfer, "the giver left");
          end_giving (group, transfer, NULL);
        }
      else if (transfer->giving)
        send_chunks (group, transfer);
      else
        {
          acknowledge (group, transfer);
          if (transfer->given_up != NULL && transfer->failed == NULL)
            {
              transfer->failed = g_steal_pointer (&transfer->given_up);
              ty_group_ask_out (group, transfer->failed);
            }
          if (transfer->loaded_asked && transfer->failed == NULL && transfer->ended)
            finish_taking (group, transfer);
        }
    }
}

void
ty_group_transfer_waits (TyGroup *group, GArray *waits)
{
  for (guint i = 0; i < group->transfers->len; i++)
    {
      const TyTransfer *transfer = group->transfers->pdata[i];
      TyGroupWait wait = {
        .what = "transfer",
        .member = g_strdup (transfer->name),
        .since_us = transfer->since,
        .text = g_strdup_printf (transfer->giving ? "gives the state to %s: %" G_GUINT64_FORMAT " bytes taken so far"
                                                  : "takes the state from %s: %" G_GUINT64_FORMAT " bytes so far",
                                 transfer->name, transfer->giving ? transfer->taken : transfer->moved),
      };
      g_array_append_val (waits, wait);
    }
}
