/* core/tyet-group-effects.c: what the engine says, brought to the application.
 *
 * All of it runs between two steps, so whatever a handler asks for is a request of the next step (M8).  Handlers may
 * also let go of the group, or dispose of it: what is left of the effect is then dropped.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-group-private.h"

/* Whether anybody still cares. The one reference that is always there is that of whoever brought the effect
 * (runtime.c). */
static gboolean
group_is_wanted (TyetGroup *group)
{
  /* Asked for each message: a checked cast would cost as much as the rest of a delivery. */
  return group->engine != NULL && g_atomic_int_get (&((GObject *) group)->ref_count) > 1;
}

/* ---- Messages ---- */

static void
group_deliver (TyetGroup *group, const TyEffect *effect)
{
  /* Once a batch: asking GObject for each message would cost as much as delivering it. */
  gboolean heard = g_signal_has_handler_pending (group, ty_tyet_group_signals[TY_SIGNAL_DELIVERED], 0, TRUE);
  gsize offset = effect->offset;
  for (guint64 number = effect->number; number <= effect->last && group_is_wanted (group); number++)
    {
      TyBatchMessage m;
      ty_batch_at (effect->batch, offset, number, &m);
      offset = m.next;
      ty_batch_fetch_ahead (m.data, m.len);
      if (group->deliver != NULL)
        group->deliver (group, effect->view, effect->rank, (TyetService) m.service, m.data, m.len, group->deliver_data);
      if (heard && group_is_wanted (group))
        {
          g_autoptr (TyetMessage) message = ty_tyet_message_new (effect->view, effect->rank, effect->batch, &m);
          g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_DELIVERED], 0, message);
        }
    }
}

/* ---- Views ---- */

static void
group_view (TyetGroup *group, const TyEffect *effect)
{
  g_autoptr (TyetViewChange) change = ty_tyet_view_change_new (effect->change);
  g_free (group->rt->group_name);
  group->rt->group_name = g_strdup (group->name);
  ty_tyet_group_set_view (group, effect->view);
  ty_tyet_group_notify_state (group);
  if (group_is_wanted (group))
    g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_VIEW_CHANGED], 0, effect->view, change);
}

static void
group_blocked (TyetGroup *group, const TyEffect *effect)
{
  g_auto (GStrv) waiting_for = ty_tyet_group_waiting_for (group);
  g_autoptr (GError) error
      = g_error_new (TYET_ERROR, TYET_ERROR_BLOCKED, "The group %s is blocked: %s", group->name, effect->text);
  ty_tyet_group_notify_state (group);
  ty_tyet_group_fail_waiting_sends (group, error);
  if (group_is_wanted (group))
    g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_BLOCKED], 0, effect->text, waiting_for);
}

static void
group_unblocked (TyetGroup *group)
{
  ty_tyet_group_notify_state (group);
  if (group_is_wanted (group))
    g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_UNBLOCKED], 0);
}

static void
group_excluded (TyetGroup *group, const TyEffect *effect)
{
  g_autoptr (GError) error = g_error_new (TYET_ERROR, TYET_ERROR_EXCLUDED,
                                          "The group %s went on without this process: %s", group->name, effect->text);
  ty_tyet_group_notify_state (group);
  ty_tyet_group_entered (group, error);
  ty_tyet_group_left (group, error);
  if (group_is_wanted (group))
    g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_EXCLUDED], 0, effect->text);
}

static void
group_left (TyetGroup *group, const TyEffect *effect)
{
  /* A join that was cancelled too late to be stopped ends so. */
  g_autoptr (GError) error
      = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Joining %s was cancelled, and it was left again", group->name);
  g_autoptr (GError) late = NULL;
  if (ty_group_get_state (group->engine) == TY_GROUP_EXCLUDED)
    late = g_error_new (TYET_ERROR, TYET_ERROR_EXCLUDED, "The group %s went on without this process: %s", group->name,
                        effect->text != NULL ? effect->text : "before it could leave");
  ty_tyet_group_notify_state (group);
  ty_tyet_group_entered (group, error);
  ty_tyet_group_left (group, late);
}

/* ---- State transfer ---- */

static void
group_kick (gpointer user_data)
{
  TyRuntime *rt = user_data;
  if (!rt->closed)
    ty_runtime_kick (rt);
}

static TyStatePipe *
group_add_transfer (TyetGroup *group, guint64 id)
{
  TyStatePipe *pipe
      = ty_state_pipe_new (group->engine, id, group->rt->context, group->rt->state_buffer_bytes, group_kick, group->rt);
  for (guint i = group->transfers->len; i-- > 0;)
    if (ty_state_pipe_is_done (g_ptr_array_index (group->transfers, i)))
      g_ptr_array_remove_index_fast (group->transfers, i);
  g_ptr_array_add (group->transfers, ty_state_pipe_ref (pipe));
  return pipe;
}

/* (transfer full), because handlers may let go of the group, or NULL: nobody is interested any more. */
static TyStatePipe *
group_find_transfer (TyetGroup *group, guint64 id)
{
  for (guint i = 0; i < group->transfers->len; i++)
    if (ty_state_pipe_get_id (g_ptr_array_index (group->transfers, i)) == id)
      return ty_state_pipe_ref (g_ptr_array_index (group->transfers, i));
  return NULL;
}

static void
group_save_state (TyetGroup *group, guint64 id)
{
  g_autoptr (GOutputStream) stream = NULL;
  TyStatePipe *pipe;
  if (!g_signal_has_handler_pending (group, ty_tyet_group_signals[TY_SIGNAL_SAVE_STATE], 0, TRUE))
    {
      ty_group_state_saved (group->engine, id, NULL);
      ty_group_state_write_end (group->engine, id, NULL);
      ty_runtime_kick (group->rt);
      return;
    }
  pipe = group_add_transfer (group, id);
  stream = ty_state_output_new (pipe);
  g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_SAVE_STATE], 0, stream);
  ty_state_pipe_saved (pipe);
  ty_state_pipe_unref (pipe);
}

static void
group_load_state (TyetGroup *group, guint64 id)
{
  g_autoptr (GInputStream) stream = NULL;
  TyStatePipe *pipe;
  if (!g_signal_has_handler_pending (group, ty_tyet_group_signals[TY_SIGNAL_LOAD_STATE], 0, TRUE))
    {
      ty_group_state_loaded (group->engine, id, "the application has no handler that takes in the state", NULL);
      ty_runtime_kick (group->rt);
      return;
    }
  pipe = group_add_transfer (group, id);
  stream = ty_state_input_new (pipe);
  ty_state_pipe_unref (pipe);
  g_signal_emit (group, ty_tyet_group_signals[TY_SIGNAL_LOAD_STATE], 0, stream);
}

static void
group_transfer_effect (TyetGroup *group, const TyEffect *effect)
{
  TyStatePipe *pipe = group_find_transfer (group, effect->number);
  if (pipe == NULL)
    return;
  switch (effect->type)
    {
    case TY_EFFECT_STATE_ROOM:
      ty_state_pipe_on_room (pipe);
      break;
    case TY_EFFECT_STATE_BYTES:
      ty_state_pipe_on_bytes (pipe, effect->bytes);
      break;
    case TY_EFFECT_STATE_END:
      if (effect->error == NULL)
        ty_state_pipe_on_end (pipe);
      else
        ty_state_pipe_on_over (pipe, effect->error);
      break;
    case TY_EFFECT_SAVE_ENDED:
      ty_state_pipe_on_over (pipe, effect->error);
      break;
    default:
      g_assert_not_reached ();
    }
  ty_state_pipe_unref (pipe);
}

/* ---- All of it ---- */

void
ty_tyet_group_on_effect (TyetGroup *group, const TyEffect *effect)
{
  if (group->engine == NULL)
    return;
  switch (effect->type)
    {
    case TY_EFFECT_DELIVER:
      group_deliver (group, effect);
      break;
    case TY_EFFECT_VIEW:
      group_view (group, effect);
      break;
    case TY_EFFECT_ENTERED:
      ty_tyet_group_notify_state (group);
      ty_tyet_group_entered (group, effect->error);
      break;
    case TY_EFFECT_LEFT:
      group_left (group, effect);
      break;
    case TY_EFFECT_REKEYED:
      ty_tyet_group_rekeyed (group, effect);
      break;
    case TY_EFFECT_AUTHORIZE:
      ty_tyet_group_authorize (group, effect);
      break;
    case TY_EFFECT_BLOCKED:
      group_blocked (group, effect);
      break;
    case TY_EFFECT_UNBLOCKED:
      group_unblocked (group);
      break;
    case TY_EFFECT_EXCLUDED:
      group_excluded (group, effect);
      break;
    case TY_EFFECT_ROOM:
      ty_tyet_group_room (group);
      break;
    case TY_EFFECT_STABLE:
      ty_tyet_group_stable (group, effect->number);
      break;
    case TY_EFFECT_SAVE_STATE:
      group_save_state (group, effect->number);
      break;
    case TY_EFFECT_LOAD_STATE:
      group_load_state (group, effect->number);
      break;
    case TY_EFFECT_STATE_ROOM:
    case TY_EFFECT_STATE_BYTES:
    case TY_EFFECT_STATE_END:
    case TY_EFFECT_SAVE_ENDED:
      group_transfer_effect (group, effect);
      break;
    default:
      g_assert_not_reached ();
    }
}

static TyStatePipe *
group_pipe_of (GObject *stream)
{
  TyStatePipe *pipe = ty_state_output_get_pipe (stream);
  return pipe != NULL ? pipe : ty_state_input_get_pipe (stream);
}

/**
 * tyet_group_set_state_digest:
 * @group: a group
 * @stream: the stream that a state is saved to or loaded from
 * @digest: a digest of that state, as text
 *
 * Notes in the history what state was given or taken, so that `tyet check` can compare the two. When saving, call it
 * inside the handler of [signal@Tyet.Group::save-state]; when loading, before @stream is closed.
 */
void
tyet_group_set_state_digest (TyetGroup *group, GObject *stream, const char *digest)
{
  TyStatePipe *pipe;
  g_return_if_fail (TYET_IS_GROUP (group));
  g_return_if_fail (digest != NULL);
  TY_RETURN_UNLESS_HERE (group->rt);
  pipe = group_pipe_of (stream);
  g_return_if_fail (pipe != NULL);
  ty_state_pipe_set_digest (pipe, digest);
}

/**
 * tyet_group_fail_transfer:
 * @group: a group
 * @stream: the stream that a state is saved to or loaded from
 * @reason: why, as a sentence without a full stop
 *
 * Gives up a state transfer, because the state cannot be given or makes no sense. If it was being taken in, this
 * process leaves the group again. @stream fails from now on.
 */
void
tyet_group_fail_transfer (TyetGroup *group, GObject *stream, const char *reason)
{
  TyStatePipe *pipe;
  g_return_if_fail (TYET_IS_GROUP (group));
  g_return_if_fail (reason != NULL);
  TY_RETURN_UNLESS_HERE (group->rt);
  pipe = group_pipe_of (stream);
  g_return_if_fail (pipe != NULL);
  ty_state_pipe_fail (pipe, reason);
}
