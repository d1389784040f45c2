/* core/tyet-group.c: TyetGroup: the object, its properties and signals, and what can be seen of it.
 *
 * Entering and leaving are in tyet-group-enter.c, sending in tyet-group-send.c, what the engine says in
 * tyet-group-effects.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-group-private.h"
#include "core/view.h"

/**
 * TyetGroup:
 *
 * A process's membership in a named group.
 *
 * A group object is made, its handlers are connected, and then the group is founded ([method@Tyet.Group.found]) or
 * joined ([method@Tyet.Group.join_async]), so that no event is missed. From then on the application is told of one
 * view after another ([signal@Tyet.Group::view-changed]) and, within each, of its messages
 * ([signal@Tyet.Group::delivered], or a C callback, [method@Tyet.Group.set_deliver_func]). Members that go on from
 * one view to the next together have had the same messages in it: that is virtual synchrony ([BJ87]).
 *
 * ```c
 * g_autoptr(TyetProcess) me = tyet_process_new ("tcp://127.0.0.1:7001", &error);
 * g_autoptr(TyetGroup) group = tyet_group_new (me, "orders", "total");
 * g_signal_connect (group, "view-changed", G_CALLBACK (on_view), NULL);
 * g_signal_connect (group, "delivered", G_CALLBACK (on_message), NULL);
 * tyet_group_join_async (group, contacts, NULL, on_joined, NULL);
 * ```
 *
 * Which order messages are delivered in is the choice of the group's ordering, `fifo`, `causal` or `total`
 * ([func@Tyet.list_orderings]), and below it of each message's [enum@Tyet.Service].
 *
 * A part of a group that holds no quorum of its last view is blocked: it delivers nothing and refuses sends, until it
 * is reunited or the application learns that the others went on without it ([signal@Tyet.Group::excluded]). Whoever
 * was excluded, or has left, comes back with a new group object of a new [class@Tyet.Process]: everything that it was
 * is over.
 *
 * Letting go of the last reference leaves the group without waiting, which the others may see as a crash; prefer
 * [method@Tyet.Group.leave].
 */

enum
{
  PROP_PROCESS = 1,
  PROP_NAME,
  PROP_ORDERING,
  PROP_STATE,
  PROP_VIEW,
  PROP_WEIGHT,
  PROP_DELIVER_OWN,
  PROP_TAKES_STATE,
  PROP_JOIN_TIMEOUT,
  PROP_STATISTICS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
guint ty_tyet_group_signals[TY_N_SIGNALS];

G_DEFINE_FINAL_TYPE (TyetGroup, tyet_group, G_TYPE_OBJECT)

/* ---- Life ---- */

static void
group_drop_engine (TyetGroup *self)
{
  TyGroup *engine = g_steal_pointer (&self->engine);
  for (guint i = 0; i < self->transfers->len; i++)
    ty_state_pipe_detach (g_ptr_array_index (self->transfers, i));
  g_ptr_array_set_size (self->transfers, 0);
  if (engine == NULL || self->rt->fork_generation != ty_fork_generation ())
    return;
  ty_group_set_user_data (engine, NULL);
  ty_group_drop (engine);
  if (!self->rt->closed)
    ty_runtime_kick (self->rt);
}

void
ty_tyet_group_make_engine (TyetGroup *self)
{
  if (self->engine != NULL)
    group_drop_engine (self);
  g_clear_error (&self->broken);
  if (!ty_runtime_check (self->rt, &self->broken) || !ty_check_name (self->name, "group", &self->broken))
    return;
  self->engine = ty_group_new (self->rt->node, self->name, self->ordering, &self->broken);
  g_assert ((self->engine != NULL) == (self->broken == NULL));
  if (self->engine != NULL)
    ty_group_set_user_data (self->engine, self);
}

static void
group_constructed (GObject *object)
{
  TyetGroup *self = TYET_GROUP (object);
  G_OBJECT_CLASS (tyet_group_parent_class)->constructed (object);
  self->rt = ty_runtime_ref (ty_tyet_process_get_runtime (self->process));
  if (!self->rt->closed)
    g_ptr_array_add (self->rt->groups, self);
  ty_tyet_group_make_engine (self);
}

/* The process was disposed of under the group, or the group itself is. */
void
ty_tyet_group_detach (TyetGroup *self)
{
  g_autoptr (GError) gone = NULL;
  TyetGroupState state = tyet_group_get_state (self);
  if (self->rt == NULL)
    return;
  g_ptr_array_remove_fast (self->rt->groups, self);
  if (state == TYET_GROUP_STATE_MEMBER || state == TYET_GROUP_STATE_FLUSHING || state == TYET_GROUP_STATE_BLOCKED)
    self->rt->torn = TRUE;
  group_drop_engine (self);
  if (state != TYET_GROUP_STATE_LEFT && state != TYET_GROUP_STATE_EXCLUDED)
    self->last_state = TYET_GROUP_STATE_FAILED;
  g_set_error_literal (&gone, TYET_ERROR, TYET_ERROR_STATE, "The group was disposed of");
  if (self->broken == NULL)
    self->broken = g_error_copy (gone);
  ty_tyet_group_entered (self, gone);
  ty_tyet_group_left (self, gone);
}

static void
group_dispose (GObject *object)
{
  TyetGroup *self = TYET_GROUP (object);
  ty_tyet_group_detach (self);
  tyet_group_set_deliver_func (self, NULL, NULL, NULL);
  G_OBJECT_CLASS (tyet_group_parent_class)->dispose (object);
}

static void
group_finalize (GObject *object)
{
  TyetGroup *self = TYET_GROUP (object);
  g_assert (self->leaving.length == 0 && self->sending.length == 0 && self->stabilizing.length == 0);
  g_assert (self->engine == NULL && self->joining == NULL);
  g_ptr_array_unref (self->transfers);
  g_clear_pointer (&self->last_view, tyet_view_unref);
  g_clear_error (&self->broken);
  g_clear_pointer (&self->rt, ty_runtime_unref);
  g_clear_object (&self->process);
  g_clear_pointer (&self->secret, tyet_secret_unref);
  g_clear_pointer (&self->admit, ty_admit_list_unref);
  g_free (self->admit_path);
  g_free (self->name);
  g_free (self->ordering);
  G_OBJECT_CLASS (tyet_group_parent_class)->finalize (object);
}

/* ---- Properties and signals ---- */

static void
group_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  TyetGroup *self = TYET_GROUP (object);
  switch (id)
    {
    case PROP_PROCESS:
      self->process = g_value_dup_object (value);
      break;
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_ORDERING:
      self->ordering = g_value_dup_string (value);
      break;
    case PROP_WEIGHT:
      tyet_group_set_weight (self, g_value_get_uint (value));
      break;
    case PROP_DELIVER_OWN:
      tyet_group_set_deliver_own (self, g_value_get_boolean (value));
      break;
    case PROP_TAKES_STATE:
      tyet_group_set_takes_state (self, g_value_get_boolean (value));
      break;
    case PROP_JOIN_TIMEOUT:
      tyet_group_set_join_timeout (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
group_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  TyetGroup *self = TYET_GROUP (object);
  switch (id)
    {
    case PROP_PROCESS:
      g_value_set_object (value, self->process);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_ORDERING:
      g_value_set_string (value, self->ordering);
      break;
    case PROP_STATE:
      g_value_set_enum (value, tyet_group_get_state (self));
      break;
    case PROP_VIEW:
      g_value_set_boxed (value, self->last_view);
      break;
    case PROP_WEIGHT:
      g_value_set_uint (value, self->weight);
      break;
    case PROP_DELIVER_OWN:
      g_value_set_boolean (value, self->deliver_own);
      break;
    case PROP_TAKES_STATE:
      g_value_set_boolean (value, self->takes_state);
      break;
    case PROP_JOIN_TIMEOUT:
      g_value_set_uint (value, self->join_timeout_ms);
      break;
    case PROP_STATISTICS:
      g_value_take_variant (value, tyet_group_get_statistics (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
group_install_settings (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * TyetGroup:weight:
   *
   * What this member counts towards a quorum: 0 to 1,000,000. To be set before entering. Give two machines of three
   * weight 0 and the group lives as long as the third does.
   */
  props[PROP_WEIGHT] = g_param_spec_uint ("weight", NULL, NULL, 0, 1000000, 1, flags);
  /**
   * TyetGroup:deliver-own:
   *
   * Whether own messages are delivered to this process too, in their place among the others.
   */
  props[PROP_DELIVER_OWN] = g_param_spec_boolean ("deliver-own", NULL, NULL, TRUE, flags);
  /**
   * TyetGroup:takes-state:
   *
   * Whether this process takes in the group's state when it joins. Connecting to [signal@Tyet.Group::load-state] before
   * joining says so as well.
   */
  props[PROP_TAKES_STATE] = g_param_spec_boolean ("takes-state", NULL, NULL, FALSE, flags);
  /**
   * TyetGroup:join-timeout:
   *
   * How long a join goes on trying, in milliseconds; 0: until it is cancelled. Running out of it gives up joining, it
   * never hurts a member.
   */
  props[PROP_JOIN_TIMEOUT] = g_param_spec_uint ("join-timeout", NULL, NULL, 0, G_MAXUINT, 30000, flags);
}

static void
group_install_properties (GObjectClass *object_class)
{
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * TyetGroup:process:
   *
   * The process that this is the membership of.
   */
  props[PROP_PROCESS] = g_param_spec_object ("process", NULL, NULL, TYET_TYPE_PROCESS, construct);
  /**
   * TyetGroup:name:
   *
   * The group's name: 1 to 255 bytes of UTF-8.
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "", construct);
  /**
   * TyetGroup:ordering:
   *
   * The name of the group's ordering, the same at all members.
   */
  props[PROP_ORDERING] = g_param_spec_string ("ordering", NULL, NULL, "total", construct);
  /**
   * TyetGroup:state:
   *
   * Where the group is in its life. Notified whenever the application is told something; a change to
   * %TYET_GROUP_STATE_FLUSHING alone is not.
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, TYET_TYPE_GROUP_STATE, TYET_GROUP_STATE_NEW, readable);
  /**
   * TyetGroup:view:
   *
   * The view that the application was last told of; %NULL before the first.
   */
  props[PROP_VIEW] = g_param_spec_boxed ("view", NULL, NULL, TYET_TYPE_VIEW, readable);
  /**
   * TyetGroup:statistics:
   *
   * Counters; see [method@Tyet.Group.get_statistics]. Not notified.
   */
  props[PROP_STATISTICS] = g_param_spec_variant ("statistics", NULL, NULL, G_VARIANT_TYPE ("a{st}"), NULL, readable);
  group_install_settings ();
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static guint
group_signal (const char *name, guint n_types, GType a, GType b)
{
  return g_signal_new (name, TYET_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, n_types, a, b);
}

static void
group_install_traffic_signals (void)
{
  /**
   * TyetGroup::view-changed:
   * @group: the group
   * @view: the view that begins
   * @change: who joined, who left, and why
   *
   * A view is installed: all messages of the view before have been delivered, all that follow are of @view.
   */
  ty_tyet_group_signals[TY_SIGNAL_VIEW_CHANGED]
      = group_signal ("view-changed", 2, TYET_TYPE_VIEW, TYET_TYPE_VIEW_CHANGE);
  /**
   * TyetGroup::delivered:
   * @group: the group
   * @message: the message
   *
   * A message is delivered, in the view that the application was last told of, after everything that its service says
   * must come first. Where each message counts, [method@Tyet.Group.set_deliver_func] is faster.
   */
  ty_tyet_group_signals[TY_SIGNAL_DELIVERED] = group_signal ("delivered", 1, TYET_TYPE_MESSAGE, 0);
  /**
   * TyetGroup::writable:
   * @group: the group
   *
   * The window has room again, after a send failed with %TYET_ERROR_WOULD_BLOCK.
   */
  ty_tyet_group_signals[TY_SIGNAL_WRITABLE] = group_signal ("writable", 0, 0, 0);
}

static void
group_install_life_signals (void)
{
  /**
   * TyetGroup::blocked:
   * @group: the group
   * @reason: why, as a sentence
   * @waiting_for: (array zero-terminated=1): the names of the members that are waited for
   *
   * This part of the group holds no quorum of its view, or cannot decide: nothing is delivered and sends are refused
   * until [signal@Tyet.Group::unblocked], or [signal@Tyet.Group::excluded].
   */
  ty_tyet_group_signals[TY_SIGNAL_BLOCKED] = group_signal ("blocked", 2, G_TYPE_STRING, G_TYPE_STRV);
  /**
   * TyetGroup::unblocked:
   * @group: the group
   *
   * The block has ended, in a view that this process is in.
   */
  ty_tyet_group_signals[TY_SIGNAL_UNBLOCKED] = group_signal ("unblocked", 0, 0, 0);
  /**
   * TyetGroup::excluded:
   * @group: the group
   * @reason: why, as a sentence
   *
   * The group went on without this process. What was sent last may be lost; nothing more is delivered. To come back,
   * join with a new [class@Tyet.Process].
   */
  ty_tyet_group_signals[TY_SIGNAL_EXCLUDED] = group_signal ("excluded", 1, G_TYPE_STRING, 0);
  /**
   * TyetGroup::save-state:
   * @group: the group
   * @stream: where to write the state to
   *
   * A member joins that takes in the group's state, and this process is to give it: as it is when the handler is
   * called, at the beginning of the view that it was just told of. No message of that view is delivered before the
   * handler has returned.
   *
   * A small state is written at once; up to [property@Tyet.Process:state-buffer-size] fits. For a larger one take a
   * snapshot, keep a reference to @stream and write it with the async calls, or in another thread; the group goes on
   * meanwhile. Closing the stream ends the state. Letting go of it without closing it fails the transfer. Without a
   * handler the state given is empty.
   */
  ty_tyet_group_signals[TY_SIGNAL_SAVE_STATE] = group_signal ("save-state", 1, G_TYPE_OUTPUT_STREAM, 0);
  /**
   * TyetGroup::load-state:
   * @group: the group
   * @stream: where to read the state from
   *
   * This process has been let in, and the group's state comes: what the application had is to be replaced by it. Keep a
   * reference to @stream and read it to its end with the async calls, or in another thread; then close it. Only then
   * come the first view, the end of joining, and the messages that follow on that state. Closing it earlier, or
   * letting go of it, means that the state could not be taken in: this process then leaves the group again, with a
   * reason.
   *
   * If the transfer breaks off, reading fails with %TYET_ERROR_TRANSFER; the process is out of the group again, and
   * may come back as a new one.
   */
  ty_tyet_group_signals[TY_SIGNAL_LOAD_STATE] = group_signal ("load-state", 1, G_TYPE_INPUT_STREAM, 0);
}

/* One handler that says no is enough. */
static gboolean
all_of_them (GSignalInvocationHint *hint, GValue *all, const GValue *one, gpointer unused)
{
  g_value_set_boolean (all, g_value_get_boolean (one));
  return g_value_get_boolean (one);
}

static void
group_install_authorize (void)
{
  /**
   * TyetGroup::authorize:
   * @group: the group
   * @public_key: (nullable): the public key of a process that wants to join, %NULL if channels are in the clear
   * @name: what it calls itself
   * @address: where it listens
   *
   * A process asks to be let in, and everything else that was set for the group admits it. To be connected before the
   * group is entered; every member that the process asks is asked.
   *
   * Returns: %TRUE to let it in; one handler that returns %FALSE is enough to keep it out
   */
  ty_tyet_group_signals[TY_SIGNAL_AUTHORIZE]
      = g_signal_new ("authorize", TYET_TYPE_GROUP, G_SIGNAL_RUN_LAST, 0, all_of_them, NULL, NULL, G_TYPE_BOOLEAN, 3,
                      G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * TyetGroup::rekeyed:
   * @group: the group
   * @network_too: whether the network's secret is new, too
   *
   * New secrets hold since the view that was told of right before ([method@Tyet.Group.rekey], here or at another
   * member): [method@Tyet.Group.get_secret] and [method@Tyet.Process.get_secret] give them. Whoever keeps secrets in
   * files writes them now; tickets that were given out before are of no use any more.
   */
  ty_tyet_group_signals[TY_SIGNAL_REKEYED] = group_signal ("rekeyed", 1, G_TYPE_BOOLEAN, 0);
}

static void
tyet_group_class_init (TyetGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->constructed = group_constructed;
  object_class->set_property = group_set_property;
  object_class->get_property = group_get_property;
  object_class->dispose = group_dispose;
  object_class->finalize = group_finalize;
  group_install_properties (object_class);
  group_install_traffic_signals ();
  group_install_life_signals ();
  group_install_authorize ();
}

static void
tyet_group_init (TyetGroup *self)
{
  self->weight = 1;
  self->deliver_own = TRUE;
  self->join_timeout_ms = 30000;
  self->transfers = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_state_pipe_unref);
  g_queue_init (&self->leaving);
  g_queue_init (&self->sending);
  g_queue_init (&self->stabilizing);
}

/**
 * tyet_group_new:
 * @process: the process that is to be a member
 * @name: the group's name
 * @ordering: the name of its ordering: `fifo`, `causal` or `total`
 *
 * A group that can be founded or joined. Nothing happens until then: that a name or an ordering is not possible is
 * told by [method@Tyet.Group.found] and [method@Tyet.Group.join].
 *
 * Returns: (transfer full): a new group
 */
TyetGroup *
tyet_group_new (TyetProcess *process, const char *name, const char *ordering)
{
  TyRuntime *rt;
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (ordering != NULL, NULL);
  rt = ty_tyet_process_get_runtime (process);
  g_return_val_if_fail (rt != NULL, NULL);
  TY_RETURN_VAL_UNLESS_HERE (rt, NULL);
  return g_object_new (TYET_TYPE_GROUP, "process", process, "name", name, "ordering", ordering, NULL);
}

gboolean
ty_tyet_group_check (TyetGroup *self, GError **error)
{
  if (!ty_runtime_check (self->rt, error))
    return FALSE;
  if (self->engine != NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->broken));
  return FALSE;
}

void
ty_tyet_group_notify_state (TyetGroup *self)
{
  TyetGroupState state = tyet_group_get_state (self);
  if (state == self->last_state)
    return;
  self->last_state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

void
ty_tyet_group_set_view (TyetGroup *self, TyetView *view)
{
  g_clear_pointer (&self->last_view, tyet_view_unref);
  self->last_view = tyet_view_ref (view);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VIEW]);
}

/* ---- What can be set ---- */

/**
 * tyet_group_set_deliver_func:
 * @group: a group
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): what to call, or %NULL for nothing
 * @user_data: what to give it
 * @destroy: (nullable): what to call with @user_data when it is not needed any more
 *
 * Sets the callback for delivered messages, beside [signal@Tyet.Group::delivered] and called before it. If nobody is
 * connected to the signal, nothing is allocated for a message.
 */
void
tyet_group_set_deliver_func (TyetGroup *group, TyetDeliverFunc func, gpointer user_data, GDestroyNotify destroy)
{
  GDestroyNotify former;
  gpointer former_data;
  g_return_if_fail (TYET_IS_GROUP (group));
  TY_RETURN_UNLESS_HERE (group->rt);
  former = group->deliver_destroy;
  former_data = group->deliver_data;
  group->deliver = func;
  group->deliver_data = user_data;
  group->deliver_destroy = destroy;
  if (former != NULL)
    former (former_data);
}

/**
 * tyet_group_set_weight: (set-property weight)
 * @group: a group
 * @weight: 0 to 1,000,000
 *
 * Sets what this member counts towards a quorum ([property@Tyet.Group:weight]), before entering.
 */
void
tyet_group_set_weight (TyetGroup *group, guint weight)
{
  g_return_if_fail (TYET_IS_GROUP (group));
  g_return_if_fail (weight <= 1000000);
  TY_RETURN_UNLESS_HERE (group->rt);
  if (group->weight == weight)
    return;
  group->weight = weight;
  g_object_notify_by_pspec (G_OBJECT (group), props[PROP_WEIGHT]);
}

/**
 * tyet_group_get_weight: (get-property weight)
 * @group: a group
 *
 * What this member counts towards a quorum.
 *
 * Returns: the weight that was set
 */
guint
tyet_group_get_weight (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), 0);
  return group->weight;
}

/**
 * tyet_group_set_deliver_own: (set-property deliver-own)
 * @group: a group
 * @deliver_own: whether own messages are delivered
 *
 * Sets whether own messages are delivered to this process too. May be changed at any time.
 */
void
tyet_group_set_deliver_own (TyetGroup *group, gboolean deliver_own)
{
  g_return_if_fail (TYET_IS_GROUP (group));
  TY_RETURN_UNLESS_HERE (group->rt);
  if (group->deliver_own == !!deliver_own)
    return;
  group->deliver_own = !!deliver_own;
  if (group->engine != NULL)
    ty_group_set_deliver_own (group->engine, group->deliver_own);
  g_object_notify_by_pspec (G_OBJECT (group), props[PROP_DELIVER_OWN]);
}

/**
 * tyet_group_get_deliver_own: (get-property deliver-own)
 * @group: a group
 *
 * Whether own messages are delivered to this process too.
 *
 * Returns: %TRUE if they are
 */
gboolean
tyet_group_get_deliver_own (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  return group->deliver_own;
}

/**
 * tyet_group_set_takes_state: (set-property takes-state)
 * @group: a group
 * @takes_state: whether it does
 *
 * Sets whether this process takes in the group's state when it joins; before joining. Not needed where a handler of
 * [signal@Tyet.Group::load-state] is connected by then.
 */
void
tyet_group_set_takes_state (TyetGroup *group, gboolean takes_state)
{
  g_return_if_fail (TYET_IS_GROUP (group));
  TY_RETURN_UNLESS_HERE (group->rt);
  if (group->takes_state == !!takes_state)
    return;
  group->takes_state = !!takes_state;
  g_object_notify_by_pspec (G_OBJECT (group), props[PROP_TAKES_STATE]);
}

/**
 * tyet_group_get_takes_state: (get-property takes-state)
 * @group: a group
 *
 * Whether this process was set to take in the group's state.
 *
 * Returns: %TRUE if it was
 */
gboolean
tyet_group_get_takes_state (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  return group->takes_state;
}

/**
 * tyet_group_set_join_timeout: (set-property join-timeout)
 * @group: a group
 * @timeout_ms: in milliseconds; 0: no limit
 *
 * Sets how long the next join goes on trying.
 */
void
tyet_group_set_join_timeout (TyetGroup *group, guint timeout_ms)
{
  g_return_if_fail (TYET_IS_GROUP (group));
  TY_RETURN_UNLESS_HERE (group->rt);
  if (group->join_timeout_ms == timeout_ms)
    return;
  group->join_timeout_ms = timeout_ms;
  g_object_notify_by_pspec (G_OBJECT (group), props[PROP_JOIN_TIMEOUT]);
}

/**
 * tyet_group_get_join_timeout: (get-property join-timeout)
 * @group: a group
 *
 * How long a join goes on trying.
 *
 * Returns: milliseconds; 0: no limit
 */
guint
tyet_group_get_join_timeout (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), 0);
  return group->join_timeout_ms;
}

/* ---- What can be seen ---- */

/**
 * tyet_group_get_process: (get-property process)
 * @group: a group
 *
 * The process that this is the membership of.
 *
 * Returns: (transfer none): the process
 */
TyetProcess *
tyet_group_get_process (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  return group->process;
}

/**
 * tyet_group_get_name: (get-property name)
 * @group: a group
 *
 * The group's name.
 *
 * Returns: (transfer none): the name
 */
const char *
tyet_group_get_name (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  return group->name;
}

/**
 * tyet_group_get_ordering: (get-property ordering)
 * @group: a group
 *
 * The name of the group's ordering.
 *
 * Returns: (transfer none): the name
 */
const char *
tyet_group_get_ordering (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  return group->ordering;
}

/**
 * tyet_group_get_strongest_service:
 * @group: a group
 *
 * The strongest service that the group's ordering offers, and with it all weaker ones: what %TYET_SERVICE_DEFAULT
 * stands for may be less.
 *
 * Returns: the service; %TYET_SERVICE_DEFAULT if there is no ordering of that name
 */
TyetService
tyet_group_get_strongest_service (TyetGroup *group)
{
  const TyOrderingOps *ops;
  g_return_val_if_fail (TYET_IS_GROUP (group), TYET_SERVICE_DEFAULT);
  ops = ty_modules_find_ordering (&ty_modules, group->ordering);
  return ops != NULL ? (TyetService) ops->strongest : TYET_SERVICE_DEFAULT;
}

/**
 * tyet_group_get_state: (get-property state)
 * @group: a group
 *
 * Where the group is in its life.
 *
 * Returns: the state
 */
TyetGroupState
tyet_group_get_state (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), TYET_GROUP_STATE_FAILED);
  return group->engine != NULL ? (TyetGroupState) ty_group_get_state (group->engine) : group->last_state;
}

/**
 * tyet_group_get_view: (get-property view)
 * @group: a group
 *
 * The view that the application was last told of.
 *
 * Returns: (transfer none) (nullable): the view, which lives until the next one at least; %NULL before the first
 */
TyetView *
tyet_group_get_view (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  return group->last_view;
}

/**
 * tyet_group_is_loaded:
 * @group: a group
 *
 * Whether this process has taken in the group's state, or needs none.
 *
 * Returns: %TRUE if it has; %FALSE before it is a member
 */
gboolean
tyet_group_is_loaded (TyetGroup *group)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), FALSE);
  return group->engine != NULL && group->last_view != NULL && ty_group_is_loaded (group->engine);
}

/**
 * tyet_group_get_channel:
 * @group: a group
 * @rank: the rank of a member in the current view
 *
 * How messages reach that member at the moment: `tcp`, `unix` (a Unix socket), `shm` (memory that the two share), or
 * `self` for this process. A connection begins as one of the first two; where both ends are of one user on one machine
 * it goes over to `shm` soon after.
 *
 * Returns: (nullable): a static string, or %NULL if there is no connection now, or no view
 */
const char *
tyet_group_get_channel (TyetGroup *group, guint rank)
{
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, NULL);
  const TyetView *view = group->engine != NULL ? ty_group_get_view (group->engine) : NULL;
  if (view == NULL || group->rt->closed)
    return NULL;
  g_return_val_if_fail (rank < view->n_members, NULL);
  return rank == view->self ? "self" : group->rt->ops->channel (group->rt->driver, &view->members[rank].pid);
}

/**
 * tyet_group_get_statistics: (get-property statistics)
 * @group: a group
 *
 * Counters of this membership, as a dictionary of type `a{st}`: `sent`, `sent-bytes`, `delivered`, `delivered-bytes`,
 * `received-batches`, `forwarded-batches`, `duplicate-batches`, `views`, `rounds`, `dropped` (messages whose
 * predecessors were lost), `unstable-bytes`, `window-used-bytes`, `queued-bytes`, `spilled-bytes` (as they are now),
 * `stood-still-us` (in all view changes together, in microseconds). Later versions may add to them.
 *
 * Returns: (transfer full): the counters
 */
GVariant *
tyet_group_get_statistics (TyetGroup *group)
{
  TyGroupStats stats = { 0 };
  GVariantBuilder builder;
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, NULL);
  if (group->engine != NULL)
    ty_group_get_stats (group->engine, &stats);
  const struct
  {
    const char *name;
    guint64 value;
  } rows[] = {
    { "sent", stats.sent },
    { "sent-bytes", stats.sent_bytes },
    { "delivered", stats.delivered },
    { "delivered-bytes", stats.delivered_bytes },
    { "received-batches", stats.received_batches },
    { "forwarded-batches", stats.forwarded_batches },
    { "duplicate-batches", stats.duplicate_batches },
    { "views", stats.views },
    { "rounds", stats.rounds },
    { "dropped", stats.dropped },
    { "unstable-bytes", stats.unstable_bytes },
    { "window-used-bytes", stats.window_used_bytes },
    { "queued-bytes", stats.queued_bytes },
    { "spilled-bytes", stats.spilled_bytes },
    { "stood-still-us", (guint64) stats.stood_still_us },
  };
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_variant_builder_add (&builder, "{st}", rows[i].name, rows[i].value);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/**
 * tyet_group_get_waits:
 * @group: a group
 *
 * What the group waits for at this moment: for whom, and for how long already. Most of it is the normal course of
 * things; what has lasted long says where to look.
 *
 * Returns: (transfer full) (element-type TyetWait): a new array, empty if nothing is waited for
 */
GPtrArray *
tyet_group_get_waits (TyetGroup *group)
{
  GPtrArray *waits;
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, NULL);
  waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tyet_wait_unref);
  if (group->engine != NULL && ty_runtime_check (group->rt, NULL))
    {
      gint64 now_us = group->rt->ops->now ();
      g_autoptr (GArray) raw = ty_group_waits (group->engine, now_us);
      for (guint i = 0; i < raw->len; i++)
        g_ptr_array_add (waits, ty_tyet_wait_new (&g_array_index (raw, TyGroupWait, i), now_us));
    }
  return waits;
}

char **
ty_tyet_group_waiting_for (TyetGroup *group)
{
  g_autoptr (GPtrArray) waits = tyet_group_get_waits (group);
  GPtrArray *names = g_ptr_array_new ();
  for (guint i = 0; i < waits->len; i++)
    {
      const char *member = tyet_wait_get_member (g_ptr_array_index (waits, i));
      if (member != NULL && !g_ptr_array_find_with_equal_func (names, member, g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (member));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

void
ty_tyet_group_append_waits (TyetGroup *group, GString *text)
{
  g_autoptr (GPtrArray) waits = tyet_group_get_waits (group);
  for (guint i = 0; i < waits->len; i++)
    {
      TyetWait *wait = g_ptr_array_index (waits, i);
      g_string_append_printf (text, "%s: %s: %s, since %.1f s\n", group->name, tyet_wait_get_what (wait),
                              tyet_wait_get_text (wait), (double) tyet_wait_get_waited_us (wait) / 1e6);
    }
}

/**
 * tyet_group_describe_waits:
 * @group: a group
 *
 * What [method@Tyet.Group.get_waits] gives, as text for people: a line for each.
 *
 * Returns: (transfer full): the text, empty if nothing is waited for
 */
char *
tyet_group_describe_waits (TyetGroup *group)
{
  GString *text;
  g_return_val_if_fail (TYET_IS_GROUP (group), NULL);
  TY_RETURN_VAL_UNLESS_HERE (group->rt, NULL);
  text = g_string_new (NULL);
  ty_tyet_group_append_waits (group, text);
  return g_string_free (text, FALSE);
}
