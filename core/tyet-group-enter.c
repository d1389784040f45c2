/* core/tyet-group-enter.c: founding, joining and leaving.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/storage.h"
#include "core/tyet-group-private.h"

/* Brings the engine up to what was set, right before it enters. */
static gboolean
group_prepare (TyetGroup *group, GError **error)
{
  TyetGroupState state = tyet_group_get_state (group);
  if (!ty_runtime_check (group->rt, error))
    return FALSE;
  /* It may have failed already, and its end be told next. */
  if (group->joining != NULL)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE, "The group %s is being entered; wait for the end of that",
                   group->name);
      return FALSE;
    }
  /* Who failed to enter may try again; the engine's object is of one attempt only. */
  if (group->engine != NULL && state == TYET_GROUP_STATE_FAILED)
    ty_tyet_group_make_engine (group);
  if (!ty_tyet_group_check (group, error))
    return FALSE;
  state = tyet_group_get_state (group);
  if (state != TYET_GROUP_STATE_NEW)
    {
      g_set_error (error, TYET_ERROR, TYET_ERROR_STATE, "The group %s has been entered before, and cannot be again",
                   group->name);
      return FALSE;
    }
  ty_group_set_weight (group->engine, group->weight);
  ty_group_set_deliver_own (group->engine, group->deliver_own);
  ty_group_set_gives_state (group->engine, TRUE);
  ty_group_set_takes_state (
      group->engine,
      group->takes_state || g_signal_has_handler_pending (group, ty_tyet_group_signals[TY_SIGNAL_LOAD_STATE], 0, TRUE));
  return ty_tyet_group_prepare_admission (group, error);
}

/* Whoever would be asked, or waited for, cannot know a secret that was made here and told to nobody. */
static gboolean
group_can_be_known (TyetGroup *group, GError **error)
{
  if (!group->rt->secret_alone)
    return TRUE;
  g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET,
               "No network secret was given, and joining the group %s takes the one that its members have: give this "
               "process a ticket of one of them, or the secret in a file, or in TYET_SECRET_FILE",
               group->name);
  return FALSE;
}

/**
 * tyet_group_found:
 * @group: a group
 * @error: return location for an error
 *
 * Founds the group, with this process as its only member. The first view comes by [signal@Tyet.Group::view-changed]
 * as soon as the main context runs.
 *
 * Nothing keeps two processes from founding two groups of one name; they never become one.
 *
 * Fails with %TYET_ERROR_ORDERING if there is no ordering of the name that the group was made with, %TYET_ERROR_NAME
 * if the group's name is not possible, and %TYET_ERROR_STATE if the group has been entered before.
 *
 * Returns: %TRUE if the group is founded
 */
gboolean
tyet_group_found (TyetGroup *group, GError **error)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!group_prepare (group, error) || !ty_group_found (group->engine, error))
    return FALSE;
  group->rt->secret_alone = FALSE; /* the founder's secret is the others' business */
  ty_runtime_kick (group->rt);
  return TRUE;
}

/* ---- Joining ---- */

static gboolean
group_on_join_cancelled (GCancellable *cancellable, gpointer user_data)
{
  TyetGroup *group = user_data;
  g_clear_pointer (&group->join_cancel, g_source_unref);
  if (group->joining != NULL && group->engine != NULL)
    {
      ty_group_cancel_join (group->engine);
      ty_runtime_kick (group->rt);
    }
  return G_SOURCE_REMOVE;
}

void
ty_tyet_group_entered (TyetGroup *group, const GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&group->joining);
  if (group->join_cancel != NULL)
    g_source_destroy (group->join_cancel);
  g_clear_pointer (&group->join_cancel, g_source_unref);
  if (task == NULL)
    return;
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

/* The request is made, or `error` (taken over) says why not; `task` ends with ENTERED. */
static void
group_begin_entering (TyetGroup *group, GTask *owned, GCancellable *cancellable, GError *error)
{
  g_autoptr (GTask) task = owned;
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_assert (group->joining == NULL);
  group->joining = g_steal_pointer (&task);
  if (cancellable != NULL)
    {
      group->join_cancel = g_cancellable_source_new (cancellable);
      g_source_set_static_name (group->join_cancel, "tyet join");
      g_source_set_callback (group->join_cancel, G_SOURCE_FUNC (group_on_join_cancelled), group, NULL);
      g_source_attach (group->join_cancel, group->rt->context);
    }
  ty_runtime_kick (group->rt);
  /* Last: whoever hears of it may dispose of everything. */
  ty_tyet_group_notify_state (group);
}

/**
 * tyet_group_join_async:
 * @group: a group
 * @contacts: (array zero-terminated=1) (nullable): addresses of members; all are tried, and one that answers is
 *   enough; %NULL for those of the process's [property@Tyet.Process:ticket]
 * @cancellable: (nullable): a way to end it early
 * @callback: (nullable): what to call when this process is a member, or will not be
 * @user_data: what to give it
 *
 * Joins the group: asks to be let in by any of its members, and goes on asking for as long as
 * [property@Tyet.Group:join-timeout] says. A state, if this process takes one ([signal@Tyet.Group::load-state]), comes
 * first, then the first view, and then @callback is called.
 *
 * Cancelling it after this process was let in makes it leave again.
 */
void
tyet_group_join_async (TyetGroup *group, const char *const *contacts, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  g_return_if_fail (TYET_IS_GROUP (group));
  TY_RETURN_UNLESS_HERE (group->rt);

  static const char *const nobody[] = { NULL };
  if (contacts == NULL || contacts[0] == NULL)
    contacts = group->rt->ticket != NULL ? tyet_ticket_get_addresses (group->rt->ticket) : nobody;
  task = g_task_new (group, cancellable, callback, user_data);
  g_task_set_source_tag (task, tyet_group_join_async);
  /* Being a member is a fact, cancelled or not. */
  g_task_set_check_cancellable (task, FALSE);
  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    ;
  else if (contacts[0] == NULL)
    g_set_error (&error, TYET_ERROR, TYET_ERROR_ADDRESS, "No member to ask was given for joining %s", group->name);
  else if (group_prepare (group, &error) && group_can_be_known (group, &error))
    ty_group_join (group->engine, contacts,
                   group->join_timeout_ms == 0 ? G_MAXINT64 : (gint64) group->join_timeout_ms * 1000, &error);
  group_begin_entering (group, g_steal_pointer (&task), cancellable, error);
}

/**
 * tyet_group_join_finish:
 * @group: a group
 * @result: what the callback was given
 * @error: return location for an error
 *
 * How joining went.
 *
 * Fails with %TYET_ERROR_UNREACHABLE if no contact was reached in the time given, %TYET_ERROR_TIMED_OUT if nobody let
 * this process in in that time (the message says what became of each contact), %TYET_ERROR_REFUSED if the group did
 * not let it in (the message says why: another network secret, not admitted, another group name or ordering, or not
 * reaching every member), %TYET_ERROR_NAME if a member has its name, %TYET_ERROR_SECRET if it was given no secret,
 * %TYET_ERROR_PROTOCOL if all contacts speak something else, %TYET_ERROR_EXCLUDED if it was let in but the state could
 * not be taken in, `G_IO_ERROR_CANCELLED`, and as [method@Tyet.Group.found]. Joining may then be tried again, but for
 * %TYET_ERROR_EXCLUDED: then only as a new process.
 *
 * Returns: %TRUE if this process is a member
 */
gboolean
tyet_group_join_finish (TyetGroup *group, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tyet_group_join:
 * @group: a group
 * @contacts: (array zero-terminated=1) (nullable): addresses of members; all are tried, and one that answers is
 *   enough; %NULL for those of the process's [property@Tyet.Process:ticket]
 * @cancellable: (nullable): a way to end it early
 * @error: return location for an error
 *
 * Joins the group and waits until it is done: [method@Tyet.Group.join_async] for programs that have nothing else to
 * do. It runs the main context meanwhile, so callbacks are called; it cannot be used inside one of the library.
 *
 * Fails as [method@Tyet.Group.join_finish] says.
 *
 * Returns: %TRUE if this process is a member
 */
gboolean
tyet_group_join (TyetGroup *group, const char *const *contacts, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!ty_runtime_can_wait (group->rt, error))
    return FALSE;
  g_main_context_push_thread_default (group->rt->context);
  tyet_group_join_async (group, contacts, cancellable, ty_runtime_waited, &result);
  ty_runtime_wait (group->rt, &result);
  g_main_context_pop_thread_default (group->rt->context);
  return tyet_group_join_finish (group, result, error);
}

/* ---- Founding together ---- */

static gboolean
group_ask_to_found_with (TyetGroup *group, const char *const *founders, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) record = NULL;
  for (guint i = 0; founders[i] != NULL; i++)
    {
      const char *equals = strchr (founders[i], '=');
      if (equals == NULL || equals == founders[i] || equals[1] == '\0')
        {
          g_set_error (error, TYET_ERROR, TYET_ERROR_ADDRESS,
                       "A founder is given as NAME=ADDRESS (such as a=tcp://10.0.0.1:7001), not as \"%s\"",
                       founders[i]);
          return FALSE;
        }
      g_ptr_array_add (names, g_strndup (founders[i], (gsize) (equals - founders[i])));
      g_ptr_array_add (addresses, g_strdup (equals + 1));
    }
  g_ptr_array_add (names, NULL);
  g_ptr_array_add (addresses, NULL);
  /* Without storage it may not. */
  if (!ty_group_may_found_with (group->engine, (const char *const *) names->pdata,
                                (const char *const *) addresses->pdata, error)
      || !ty_storage_remember (group->rt->storage, group->name, group->ordering, (const char *const *) names->pdata,
                               (const char *const *) addresses->pdata, error))
    return FALSE;
  record = ty_storage_load (group->rt->storage, group->name, error);
  if (record == NULL)
    return FALSE;
  return ty_group_found_with (group->engine, (const char *const *) names->pdata, (const char *const *) addresses->pdata,
                              g_bytes_get_data (record, NULL), g_bytes_get_size (record), error);
}

/**
 * tyet_group_found_with_async:
 * @group: a group
 * @founders: (array zero-terminated=1): the founders, this process among them, each as `NAME=ADDRESS`
 * @cancellable: (nullable): a way to end it early
 * @callback: (nullable): what to call when this process is a member, or will not be
 * @user_data: what to give it
 *
 * Founds the group together with others, all of which are given the same list, in the same order. The first view is
 * agreed on by more than half of the list (or half with the first of it), so that the group comes about once, whichever
 * of them are there, and whoever restarts meanwhile: that is what the process's [property@Tyet.Process:storage] is for,
 * without which a process cannot be a founder. A founder that comes when the group stands already is told so
 * (%TYET_ERROR_EXCLUDED), and joins it like any other process.
 *
 * The storage remembers by which ordering and which list, in which order, the group was founded first, and another is
 * refused (%TYET_ERROR_STATE): with another list a second group of the same name could come about beside the first. To
 * found another group of that name, give the process another storage.
 *
 * With two founders, the first can found the group alone, and the second cannot found it without the first.
 *
 * Waits for as long as it takes; a founder that does not start is waited for only until the others are enough.
 */
void
tyet_group_found_with_async (TyetGroup *group, const char *const *founders, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  g_return_if_fail (TYET_IS_GROUP (group));
  g_return_if_fail (founders != NULL);
  TY_RETURN_UNLESS_HERE (group->rt);

  task = g_task_new (group, cancellable, callback, user_data);
  g_task_set_source_tag (task, tyet_group_found_with_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!g_cancellable_set_error_if_cancelled (cancellable, &error) && group_prepare (group, &error)
      && group_can_be_known (group, &error))
    group_ask_to_found_with (group, founders, &error);
  group_begin_entering (group, g_steal_pointer (&task), cancellable, error);
}

/**
 * tyet_group_found_with_finish:
 * @group: a group
 * @result: what the callback was given
 * @error: return location for an error
 *
 * How founding together went.
 *
 * Fails with %TYET_ERROR_ADDRESS if a founder is not given as `NAME=ADDRESS`, %TYET_ERROR_STATE if this process is not
 * in the list, two founders have one name or address, there is no storage or it is damaged or full, or it remembers
 * another list of founders or another ordering for a group of this name,
 * %TYET_ERROR_EXCLUDED if the others have founded the group without this process, `G_IO_ERROR_CANCELLED`, and as
 * [method@Tyet.Group.found].
 *
 * Returns: %TRUE if this process is a member
 */
gboolean
tyet_group_found_with_finish (TyetGroup *group, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tyet_group_found_with:
 * @group: a group
 * @founders: (array zero-terminated=1): the founders, this process among them, each as `NAME=ADDRESS`
 * @cancellable: (nullable): a way to end it early
 * @error: return location for an error
 *
 * Founds the group together with others and waits until it stands: [method@Tyet.Group.found_with_async] for programs
 * that have nothing else to do. It runs the main context meanwhile, so callbacks are called; it cannot be used inside
 * one of the library.
 *
 * Fails as [method@Tyet.Group.found_with_finish] says.
 *
 * Returns: %TRUE if this process is a member
 */
gboolean
tyet_group_found_with (TyetGroup *group, const char *const *founders, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (founders != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!ty_runtime_can_wait (group->rt, error))
    return FALSE;
  g_main_context_push_thread_default (group->rt->context);
  tyet_group_found_with_async (group, founders, cancellable, ty_runtime_waited, &result);
  ty_runtime_wait (group->rt, &result);
  g_main_context_pop_thread_default (group->rt->context);
  return tyet_group_found_with_finish (group, result, error);
}

/* ---- Leaving ---- */

void
ty_tyet_group_left (TyetGroup *group, const GError *error)
{
  g_autoptr (GError) left = NULL;
  GTask *task;
  while ((task = g_queue_pop_head (&group->leaving)) != NULL)
    {
      /* Answered: a cancellation comes too late, though the task may live on until its callback was called. */
      g_task_set_task_data (task, NULL, NULL);
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  if (error == NULL)
    g_set_error (&left, TYET_ERROR, TYET_ERROR_NOT_MEMBER, "The group %s has been left", group->name);
  ty_tyet_group_fail_sends (group, error != NULL ? error : left);
}

static void
group_end_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static gboolean
group_on_leave_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  TyetGroup *group = g_task_get_source_object (task);
  gboolean found = g_queue_remove (&group->leaving, task);
  g_assert (found);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "No longer waiting for having left %s", group->name);
  return G_SOURCE_REMOVE;
}

/**
 * tyet_group_leave_async:
 * @group: a group
 * @cancellable: (nullable): a way to stop waiting; this process leaves all the same
 * @callback: (nullable): what to call when this process has left
 * @user_data: what to give it
 *
 * Leaves the group in good order: what was sent before is delivered to the others first. @callback is called when the
 * view without this process is decided and the others can do without it, or the group is dissolved because nobody
 * stays. A blocked group is left at once, without agreement: there is nobody to agree with.
 */
void
tyet_group_leave_async (TyetGroup *group, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  TyetGroupState state;
  g_return_if_fail (TYET_IS_GROUP (group));
  TY_RETURN_UNLESS_HERE (group->rt);

  task = g_task_new (group, cancellable, callback, user_data);
  g_task_set_source_tag (task, tyet_group_leave_async);
  state = tyet_group_get_state (group);
  if (!ty_tyet_group_check (group, &error))
    ;
  else if (state == TYET_GROUP_STATE_EXCLUDED)
    g_set_error (&error, TYET_ERROR, TYET_ERROR_EXCLUDED, "The group %s went on without this process", group->name);
  else if (state != TYET_GROUP_STATE_MEMBER && state != TYET_GROUP_STATE_FLUSHING && state != TYET_GROUP_STATE_BLOCKED)
    g_set_error (&error, TYET_ERROR, TYET_ERROR_NOT_MEMBER, "This process is not a member of %s", group->name);
  else if (!group->leave_asked)
    group->leave_asked = ty_group_leave (group->engine, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (cancellable != NULL)
    {
      GSource *source = g_cancellable_source_new (cancellable);
      g_source_set_static_name (source, "tyet leave");
      g_source_set_callback (source, G_SOURCE_FUNC (group_on_leave_cancelled), task, NULL);
      g_source_attach (source, group->rt->context);
      g_task_set_task_data (task, source, group_end_source);
    }
  g_queue_push_tail (&group->leaving, g_steal_pointer (&task));
  ty_runtime_kick (group->rt);
}

/**
 * tyet_group_leave_finish:
 * @group: a group
 * @result: what the callback was given
 * @error: return location for an error
 *
 * How leaving went.
 *
 * Fails with %TYET_ERROR_NOT_MEMBER if this process is in no view of the group, and %TYET_ERROR_EXCLUDED if the group
 * went on without it before it could leave.
 *
 * Returns: %TRUE if this process has left in good order
 */
gboolean
tyet_group_leave_finish (TyetGroup *group, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tyet_group_leave:
 * @group: a group
 * @cancellable: (nullable): a way to stop waiting; this process leaves all the same
 * @error: return location for an error
 *
 * Leaves the group and waits until it is done, as [method@Tyet.Group.leave_async] does, running the main context
 * meanwhile.
 *
 * Fails as [method@Tyet.Group.leave_finish] says.
 *
 * Returns: %TRUE if this process has left in good order
 */
gboolean
tyet_group_leave (TyetGroup *group, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, FALSE);
  if (!ty_runtime_can_wait (group->rt, error))
    return FALSE;
  g_main_context_push_thread_default (group->rt->context);
  tyet_group_leave_async (group, cancellable, ty_runtime_waited, &result);
  ty_runtime_wait (group->rt, &result);
  g_main_context_pop_thread_default (group->rt->context);
  return tyet_group_leave_finish (group, result, error);
}
