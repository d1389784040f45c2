/* tests/core/rig.c: see rig.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/rig.h"

static void
draw (gpointer world, gpointer out, gsize len)
{
  memset (out, 0x67, len);
}

Rig *
rig_new (void)
{
  Rig *rig = g_new0 (Rig, 1);
  rig->now = 1000000;
  ty_node_config_init (&rig->config);
  rig->log = g_ptr_array_new ();
  return rig;
}

static void
carried_free (Carried *carried)
{
  g_bytes_unref (carried->bytes);
  g_free (carried);
}

static void
clear_events (GArray *events)
{
  for (guint i = 0; i < events->len; i++)
    g_clear_pointer (&g_array_index (events, TyEvent, i).packet, g_bytes_unref);
  g_array_set_size (events, 0);
}

void
rig_free (Rig *rig)
{
  for (guint i = 0; i < rig->n_boxes; i++)
    {
      Box *box = &rig->boxes[i];
      ty_node_free (box->node);
      clear_events (box->events);
      g_array_unref (box->events);
      g_string_free (box->told, TRUE);
    }
  g_queue_clear_full (&rig->queue, (GDestroyNotify) carried_free);
  for (guint i = 0; i < rig->log->len; i++)
    carried_free (rig->log->pdata[i]);
  g_ptr_array_unref (rig->log);
  g_free (rig);
}

static const char *const names[MAX_BOXES] = { "a", "b", "c", "d", "e", "f" };
static const char *const addresses[MAX_BOXES] = { "t://a", "t://b", "t://c", "t://d", "t://e", "t://f" };

Box *
rig_box (Rig *rig)
{
  g_assert (rig->n_boxes < MAX_BOXES);
  Box *box = &rig->boxes[rig->n_boxes];
  TyWorld world = { .draw = draw };
  box->rig = rig;
  box->index = rig->n_boxes++;
  memset (box->pid.b, (int) (0xa0 + 0x10 * box->index), sizeof box->pid.b);
  box->events = g_array_new (FALSE, TRUE, sizeof (TyEvent));
  box->told = g_string_new (NULL);
  box->node = ty_node_new (&rig->config, &box->pid, names[box->index], &ty_modules, &world);
  ty_node_set_address (box->node, addresses[box->index]);
  return box;
}

TyGroup *
rig_group (Box *box, const char *name, const char *ordering)
{
  GError *error = NULL;
  TyGroup *group = ty_group_new (box->node, name, ordering, &error);
  g_assert_no_error (error);
  if (box->group == NULL)
    box->group = group;
  return group;
}

void
rig_event (Box *box, TyEvent event)
{
  g_array_append_val (box->events, event);
}

void
rig_session (Rig *rig, guint a, guint b)
{
  Box *ba = &rig->boxes[a], *bb = &rig->boxes[b];
  if (a == b || ba->session[b] || ba->gone || bb->gone)
    return;
  ba->session[b] = bb->session[a] = TRUE;
  rig_event (
      ba, (TyEvent){ .type = TY_EVENT_PEER_UP, .peer = b, .pid = bb->pid, .name = names[b], .address = addresses[b] });
  rig_event (
      bb, (TyEvent){ .type = TY_EVENT_PEER_UP, .peer = a, .pid = ba->pid, .name = names[a], .address = addresses[a] });
}

void
rig_kill (Rig *rig, guint dead)
{
  rig->boxes[dead].gone = TRUE;
  for (guint i = 0; i < rig->n_boxes; i++)
    if (rig->boxes[i].session[dead])
      {
        rig->boxes[i].session[dead] = rig->boxes[dead].session[i] = FALSE;
        rig_event (&rig->boxes[i], (TyEvent){ .type = TY_EVENT_PEER_DEAD, .peer = dead, .text = "refused" });
      }
}

/* ---- effects ---- */

static Carried *
carried_new (const Box *box, const TyEffect *effect)
{
  Carried *carried = g_new0 (Carried, 1);
  *carried = (Carried){ .from = box->index, .to = effect->peer, .class = effect->class };
  carried->bytes = g_bytes_ref (effect->bytes);
  carried->type = (TyPacketType) * (const guint8 *) g_bytes_get_data (effect->bytes, NULL);
  return carried;
}

static void
tell (Box *box, const TyEffect *effect)
{
  static const char *const words[] = {
    [TY_EFFECT_LEFT] = "left",
    [TY_EFFECT_BLOCKED] = "blocked",
    [TY_EFFECT_UNBLOCKED] = "unblocked",
    [TY_EFFECT_EXCLUDED] = "excluded",
    [TY_EFFECT_ROOM] = "room",
    [TY_EFFECT_SAVE_STATE] = "save",
    [TY_EFFECT_STATE_ROOM] = "state-room",
    [TY_EFFECT_SAVE_ENDED] = "save-ended",
    [TY_EFFECT_LOAD_STATE] = "load",
    [TY_EFFECT_STATE_BYTES] = "bytes",
    [TY_EFFECT_STATE_END] = "end",
    [TY_EFFECT_ENTERED] = "entered",
  };
  if (effect->type == TY_EFFECT_ROOM && box->rig->on_room != NULL)
    box->rig->on_room (box);
  const char *failed = effect->error != NULL ? " failed" : "";
  if (effect->type == TY_EFFECT_DELIVER)
    g_string_append_printf (box->told, "deliver %u:%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT ", ", effect->rank,
                            effect->number, effect->last);
  else if (effect->type == TY_EFFECT_VIEW)
    g_string_append_printf (box->told, "view %" G_GUINT64_FORMAT " of %u, ", effect->view->id.number,
                            effect->view->n_members);
  else if (effect->type == TY_EFFECT_STABLE)
    g_string_append_printf (box->told, "stable %" G_GUINT64_FORMAT ", ", effect->number);
  else
    g_string_append_printf (box->told, "%s%s, ", words[effect->type], failed);
  if (effect->type == TY_EFFECT_SAVE_STATE || effect->type == TY_EFFECT_LOAD_STATE)
    box->transfer = effect->number;
}

static void
carry_out (Box *box, const TyEffect *effect)
{
  Rig *rig = box->rig;
  if (effect->type == TY_EFFECT_SEND)
    {
      if (!box->session[effect->peer])
        return;
      g_ptr_array_add (rig->log, carried_new (box, effect));
      g_queue_push_tail (&rig->queue, carried_new (box, effect));
    }
  else if (effect->type == TY_EFFECT_DIAL)
    {
      for (guint i = 0; i < rig->n_boxes; i++)
        if (g_str_equal (addresses[i], effect->address))
          rig_session (rig, box->index, i);
    }
  else if (effect->type == TY_EFFECT_PEER_CLOSE)
    {
      box->session[effect->peer] = rig->boxes[effect->peer].session[box->index] = FALSE;
      rig_event (&rig->boxes[effect->peer], (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = box->index });
    }
  else if (effect->type != TY_EFFECT_PEER_SUSPECT)
    tell (box, effect);
}

void
rig_step (Box *box)
{
  if (box->gone || box->stopped)
    return;
  do
    {
      guint n;
      GArray *events = box->events;
      box->events = g_array_new (FALSE, TRUE, sizeof (TyEvent));
      ty_node_step (box->node, (const TyEvent *) (gpointer) events->data, events->len, box->rig->now);
      const TyEffect *effects = ty_node_effects (box->node, &n);
      for (guint i = 0; i < n; i++)
        carry_out (box, &effects[i]);
      ty_node_effects_done (box->node);
      clear_events (events);
      g_array_unref (events);
    }
  while (ty_node_pending (box->node));
}

static gboolean
move (Rig *rig)
{
  for (guint i = 0; i < rig->n_boxes; i++)
    {
      Box *box = &rig->boxes[i];
      if (box->gone || box->stopped || (box->events->len == 0 && !ty_node_pending (box->node)))
        continue;
      rig_step (box);
      return TRUE;
    }
  Carried *carried = g_queue_pop_head (&rig->queue);
  if (carried == NULL)
    return FALSE;
  Box *to = &rig->boxes[carried->to];
  if (!to->gone && to->session[carried->from] && (rig->lose == NULL || !rig->lose (rig, carried)))
    {
      rig_event (to,
                 (TyEvent){ .type = TY_EVENT_PACKET, .peer = carried->from, .packet = g_bytes_ref (carried->bytes) });
      rig_step (to);
    }
  carried_free (carried);
  return TRUE;
}

void
rig_run (Rig *rig)
{
  for (guint moves = 0; move (rig); moves++)
    g_assert (moves < 100000);
}

void
rig_advance (Rig *rig, gint64 us)
{
  for (gint64 until = rig->now + us; rig->now < until;)
    {
      rig->now = MIN (rig->now + 10000, until);
      for (guint i = 0; i < rig->n_boxes; i++)
        rig_step (&rig->boxes[i]);
      rig_run (rig);
    }
}

/* ---- what tests ask for ---- */

void
rig_join (Box *box, Box *contact)
{
  const char *contacts[] = { addresses[contact->index], NULL };
  GError *error = NULL;
  ty_group_join (box->group, contacts, 10 * G_USEC_PER_SEC, &error);
  g_assert_no_error (error);
}

void
rig_form (Rig *rig, guint n, const char *ordering)
{
  GError *error = NULL;
  for (guint i = 0; i < n; i++)
    {
      Box *box = rig_box (rig);
      rig_group (box, "g", ordering);
      if (i == 0)
        ty_group_found (box->group, &error);
      else
        rig_join (box, &rig->boxes[0]);
      g_assert_no_error (error);
      for (guint tries = 0; tries < 100 && ty_group_get_state (box->group) != TY_GROUP_MEMBER; tries++)
        rig_advance (rig, 10000);
      g_assert_cmpint (ty_group_get_state (box->group), ==, TY_GROUP_MEMBER);
    }
  rig_advance (rig, 300000);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (ty_group_get_view (rig->boxes[i].group)->n_members, ==, n);
      g_free (rig_told (&rig->boxes[i]));
    }
}

void
rig_feed (Rig *rig, guint from, guint to, GByteArray *packet)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (packet);
  rig_event (&rig->boxes[to], (TyEvent){ .type = TY_EVENT_PACKET, .peer = from, .packet = g_bytes_ref (bytes) });
  rig_step (&rig->boxes[to]);
}

GBytes *
rig_packet (Rig *rig, guint from, guint to, TyPacketType type, gint nth)
{
  guint n = 0, i = 0;
  for (guint k = 0; k < rig->log->len; k++)
    {
      const Carried *carried = rig->log->pdata[k];
      n += carried->from == from && carried->to == to && carried->type == type;
    }
  gint wanted = nth >= 0 ? nth : (gint) n + nth;
  for (guint k = 0; k < rig->log->len; k++)
    {
      const Carried *carried = rig->log->pdata[k];
      if (carried->from == from && carried->to == to && carried->type == type && (gint) i++ == wanted)
        return carried->bytes;
    }
  return NULL;
}

char *
rig_told (Box *box)
{
  char *text = g_strdup (box->told->str);
  g_string_truncate (box->told, 0);
  return text;
}
