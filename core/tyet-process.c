/* core/tyet-process.c: TyetProcess, the endpoint that groups belong to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/api.h"

#include <errno.h>

/**
 * TyetProcess:
 *
 * A process: one endpoint with an identity and an incarnation, at which others reach it.
 *
 * A process may be in many groups at once ([class@Tyet.Group]); all share its channels. Making one starts to listen. A
 * program may have several, each then another process to everybody.
 *
 * ## Threads, forks, and the main loop
 *
 * A process and everything that belongs to it live in the thread-default [struct@GLib.MainContext] of the thread that
 * made it, and are used by that thread only; a call from another is refused with a critical warning. (Views, view
 * changes, messages and waits are immutable and may go anywhere; the streams of a state transfer may be read and
 * written by another thread.)
 *
 * The protocol runs whenever that context does. If it stands still, because a callback takes long or the loop was
 * left, the process says nothing, and after the time that the others have set ([property@Tyet.Process:suspect-after])
 * they go on without it; when the loop runs again the process learns of that before it delivers anything more.
 *
 * After fork() the objects belong to the parent. In the child every call fails with %TYET_ERROR_FORKED and releasing
 * them sends nothing; the child must not run the main context that they live in. It can make a process of its own, in
 * another context.
 *
 * Everything may be called, and any object let go of, inside any callback and signal handler of the library; only
 * calls that wait (such as [method@Tyet.Group.join]) fail there with %TYET_ERROR_STATE.
 *
 * ## Options
 *
 * [ctor@Tyet.Process.new] takes the defaults; g_initable_new() takes properties as well:
 *
 * ```c
 * me = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "address", "tcp://127.0.0.1:0", "name", "alice",
 *                      "suspect-after", 500u, NULL);
 * ```
 */
struct _TyetProcess
{
  GObject parent_instance;

  TyRuntime *rt; /* NULL before it listens, closed once disposed of */
  char *address; /* as asked for */
  char *name;    /* as asked for, or NULL */
  char *id;
  char *history; /* as asked for, or NULL */
  char *storage; /* as asked for, or NULL */
  guint suspect_after_ms;
  guint heartbeat_ms;
  guint window_bytes;
  guint max_message_bytes;
  guint spill_bytes;
  guint lag_ms;
  guint state_buffer_bytes;
  guint busy_poll_us;
  guint shm_bytes;
  guint handshake_ms;
  guint max_strangers;
  guint max_strangers_of_host;
  gboolean refusal_is_death;
  TyetSecurity security;
  TyetIdentity *identity; /* as asked for, or NULL */
  TyetSecret *secret;     /* likewise */
  TyetTicket *ticket;     /* likewise */
};

enum
{
  PROP_ADDRESS = 1,
  PROP_NAME,
  PROP_ID,
  PROP_SUSPECT_AFTER,
  PROP_HEARTBEAT,
  PROP_WINDOW_SIZE,
  PROP_MAX_MESSAGE_SIZE,
  PROP_SPILL_SIZE,
  PROP_LAG_LIMIT,
  PROP_STATE_BUFFER_SIZE,
  PROP_BUSY_POLL,
  PROP_SHARED_MEMORY_SIZE,
  PROP_HANDSHAKE_TIMEOUT,
  PROP_MAX_STRANGERS,
  PROP_MAX_STRANGERS_OF_HOST,
  PROP_REFUSAL_IS_DEATH,
  PROP_SECURITY,
  PROP_IDENTITY,
  PROP_SECRET,
  PROP_TICKET,
  PROP_HISTORY,
  PROP_STORAGE,
  N_PROPS
};

enum
{
  SIGNAL_HISTORY_ERROR,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

static void process_initable_iface_init (GInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TyetProcess, tyet_process, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, process_initable_iface_init))

static void
process_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  TyetProcess *self = TYET_PROCESS (object);
  switch (id)
    {
    case PROP_ADDRESS:
      self->address = g_value_dup_string (value);
      break;
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_SUSPECT_AFTER:
      self->suspect_after_ms = g_value_get_uint (value);
      break;
    case PROP_HEARTBEAT:
      self->heartbeat_ms = g_value_get_uint (value);
      break;
    case PROP_WINDOW_SIZE:
      self->window_bytes = g_value_get_uint (value);
      break;
    case PROP_MAX_MESSAGE_SIZE:
      self->max_message_bytes = g_value_get_uint (value);
      break;
    case PROP_SPILL_SIZE:
      self->spill_bytes = g_value_get_uint (value);
      break;
    case PROP_LAG_LIMIT:
      self->lag_ms = g_value_get_uint (value);
      break;
    case PROP_STATE_BUFFER_SIZE:
      self->state_buffer_bytes = g_value_get_uint (value);
      break;
    case PROP_BUSY_POLL:
      self->busy_poll_us = g_value_get_uint (value);
      break;
    case PROP_SHARED_MEMORY_SIZE:
      self->shm_bytes = g_value_get_uint (value);
      break;
    case PROP_HANDSHAKE_TIMEOUT:
      self->handshake_ms = g_value_get_uint (value);
      break;
    case PROP_MAX_STRANGERS:
      self->max_strangers = g_value_get_uint (value);
      break;
    case PROP_MAX_STRANGERS_OF_HOST:
      self->max_strangers_of_host = g_value_get_uint (value);
      break;
    case PROP_REFUSAL_IS_DEATH:
      self->refusal_is_death = g_value_get_boolean (value);
      break;
    case PROP_SECURITY:
      self->security = (TyetSecurity) g_value_get_enum (value);
      break;
    case PROP_IDENTITY:
      self->identity = g_value_dup_boxed (value);
      break;
    case PROP_SECRET:
      self->secret = g_value_dup_boxed (value);
      break;
    case PROP_TICKET:
      self->ticket = g_value_dup_boxed (value);
      break;
    case PROP_HISTORY:
      self->history = g_value_dup_string (value);
      break;
    case PROP_STORAGE:
      self->storage = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
process_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  TyetProcess *self = TYET_PROCESS (object);
  switch (id)
    {
    case PROP_ADDRESS:
      g_value_set_string (value, tyet_process_get_address (self));
      break;
    case PROP_NAME:
      g_value_set_string (value, tyet_process_get_name (self));
      break;
    case PROP_ID:
      g_value_set_string (value, tyet_process_get_id (self));
      break;
    case PROP_SUSPECT_AFTER:
      g_value_set_uint (value, self->suspect_after_ms);
      break;
    case PROP_HEARTBEAT:
      g_value_set_uint (value, self->heartbeat_ms);
      break;
    case PROP_WINDOW_SIZE:
      g_value_set_uint (value, self->window_bytes);
      break;
    case PROP_MAX_MESSAGE_SIZE:
      g_value_set_uint (value, self->max_message_bytes);
      break;
    case PROP_SPILL_SIZE:
      g_value_set_uint (value, self->spill_bytes);
      break;
    case PROP_LAG_LIMIT:
      g_value_set_uint (value, self->lag_ms);
      break;
    case PROP_STATE_BUFFER_SIZE:
      g_value_set_uint (value, self->state_buffer_bytes);
      break;
    case PROP_BUSY_POLL:
      g_value_set_uint (value, self->busy_poll_us);
      break;
    case PROP_SHARED_MEMORY_SIZE:
      g_value_set_uint (value, self->shm_bytes);
      break;
    case PROP_HANDSHAKE_TIMEOUT:
      g_value_set_uint (value, self->handshake_ms);
      break;
    case PROP_MAX_STRANGERS:
      g_value_set_uint (value, self->max_strangers);
      break;
    case PROP_MAX_STRANGERS_OF_HOST:
      g_value_set_uint (value, self->max_strangers_of_host);
      break;
    case PROP_REFUSAL_IS_DEATH:
      g_value_set_boolean (value, self->refusal_is_death);
      break;
    case PROP_SECURITY:
      g_value_set_enum (value, self->security);
      break;
    case PROP_IDENTITY:
      g_value_set_boxed (value, tyet_process_get_identity (self));
      break;
    case PROP_SECRET:
      g_value_set_boxed (value, tyet_process_get_secret (self));
      break;
    case PROP_TICKET:
      g_value_set_boxed (value, self->ticket);
      break;
    case PROP_HISTORY:
      g_value_set_string (value, tyet_process_get_history (self));
      break;
    case PROP_STORAGE:
      g_value_set_string (value, self->storage);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
process_dispose (GObject *object)
{
  TyetProcess *self = TYET_PROCESS (object);
  if (self->rt != NULL)
    ty_runtime_close (self->rt);
  G_OBJECT_CLASS (tyet_process_parent_class)->dispose (object);
}

static void
process_finalize (GObject *object)
{
  TyetProcess *self = TYET_PROCESS (object);
  g_clear_pointer (&self->rt, ty_runtime_unref);
  g_free (self->address);
  g_free (self->name);
  g_free (self->id);
  g_free (self->history);
  g_free (self->storage);
  g_clear_pointer (&self->identity, tyet_identity_unref);
  g_clear_pointer (&self->secret, tyet_secret_unref);
  g_clear_pointer (&self->ticket, tyet_ticket_unref);
  G_OBJECT_CLASS (tyet_process_parent_class)->finalize (object);
}

static gboolean
process_make_config (TyetProcess *self, TyNodeConfig *config, GError **error)
{
  ty_node_config_init (config);
  if (self->heartbeat_ms == 0)
    self->heartbeat_ms = MAX (self->suspect_after_ms / 10, 1);
  /* A lease lasts for half of suspect-after, and is two heartbeats and a round trip old when it is renewed (V14): were
   * that longer, deliveries would stop again and again though nothing is wrong. */
  if (self->heartbeat_ms > self->suspect_after_ms / 5)
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "A heartbeat of %u ms is too slow: it must be at most a fifth of the %u ms after which silence is suspect",
          self->heartbeat_ms, self->suspect_after_ms);
      return FALSE;
    }
  config->suspect_after_us = (gint64) self->suspect_after_ms * 1000;
  config->heartbeat_us = (gint64) self->heartbeat_ms * 1000;
  config->window_bytes = self->window_bytes;
  config->max_message_bytes = self->max_message_bytes;
  config->spill_bytes = self->spill_bytes;
  config->lag_us = (gint64) self->lag_ms * 1000;
  config->busy_poll_us = self->busy_poll_us;
  config->shm_bytes = self->shm_bytes;
  config->handshake_us = (gint64) self->handshake_ms * 1000;
  config->max_half_open = self->max_strangers;
  config->max_half_open_from = self->max_strangers_of_host;
  config->refusal_is_death = self->refusal_is_death;
  return TRUE;
}

/* A founder that starts again is the same incarnation, and an incarnation has one key: it is kept with its promises. */
static TyetIdentity *
process_find_identity (TyetProcess *self, GError **error)
{
  if (self->identity != NULL)
    return tyet_identity_ref (self->identity);
  if (self->storage == NULL)
    return tyet_identity_new ();
  g_autofree char *path = g_build_filename (self->storage, "identity", NULL);
  if (g_mkdir_with_parents (self->storage, 0700) != 0)
    {
      int saved_errno = errno;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "The storage directory %s cannot be made: %s", self->storage, g_strerror (saved_errno));
      return NULL;
    }
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return tyet_identity_load (path, error);
  g_autoptr (TyetIdentity) identity = tyet_identity_new ();
  return tyet_identity_save (identity, path, error) ? g_steal_pointer (&identity) : NULL;
}

/* Where the network secret comes from: what was given, else the environment, else it is made. */
static gboolean
process_find_secret (TyetProcess *self, TyetSecret **secret, gboolean *alone, GError **error)
{
  *alone = FALSE;
  *secret = NULL;
  if (self->secret != NULL)
    *secret = tyet_secret_ref (self->secret);
  else if (self->ticket != NULL)
    *secret = tyet_secret_ref (tyet_ticket_get_secret (self->ticket));
  else if (!ty_tyet_secret_find (secret, error))
    return FALSE;
  if (*secret == NULL)
    {
      *secret = tyet_secret_new ();
      *alone = TRUE;
    }
  if (self->secret == NULL || self->ticket == NULL
      || tyet_secret_equal (self->secret, tyet_ticket_get_secret (self->ticket)))
    return TRUE;
  g_set_error_literal (error, TYET_ERROR, TYET_ERROR_SECRET,
                       "A secret and a ticket with another one were given; one of the two will do");
  return FALSE;
}

static TyRuntime *
process_make_runtime (TyetProcess *self, const TyNodeConfig *config, GError **error)
{
  g_autoptr (TyetSecret) secret = NULL;
  g_autoptr (TyetIdentity) identity = NULL;
  TyRuntimeKeys keys = { 0 };
  gboolean plain = self->security == TYET_SECURITY_PLAIN;
  if (plain && (self->identity != NULL || self->secret != NULL || self->ticket != NULL))
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_PLAIN,
                           "Clear text was asked for, and keys were given: they would protect nothing");
      return NULL;
    }
  if (!plain)
    {
      if (!process_find_secret (self, &secret, &keys.secret_alone, error))
        return NULL;
      identity = process_find_identity (self, error);
      if (identity == NULL)
        return NULL;
      keys.secret = secret;
      keys.identity = identity;
      keys.ticket = self->ticket;
    }
  return ty_runtime_new (self, config, &keys, self->name, self->address != NULL ? self->address : "tcp://127.0.0.1:0",
                         self->storage, error);
}

static gboolean
process_init_initable (GInitable *initable, GCancellable *cancellable, GError **error)
{
  TyetProcess *self = TYET_PROCESS (initable);
  TyNodeConfig config;
  const TyId *pid;
  GString *id;

  g_return_val_if_fail (self->rt == NULL, FALSE);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->name != NULL && !ty_check_name (self->name, "process", error))
    return FALSE;
  if (!process_make_config (self, &config, error))
    return FALSE;
  self->rt = process_make_runtime (self, &config, error);
  if (self->rt == NULL)
    return FALSE;
  self->rt->state_buffer_bytes = self->state_buffer_bytes;
  pid = ty_node_get_pid (self->rt->node);
  id = g_string_sized_new (2 * sizeof *pid);
  for (gsize i = 0; i < sizeof pid->b; i++)
    g_string_append_printf (id, "%02x", pid->b[i]);
  self->id = g_string_free (id, FALSE);
  return self->history == NULL || ty_runtime_set_history (self->rt, self->history, error);
}

static void
process_initable_iface_init (GInitableIface *iface)
{
  iface->init = process_init_initable;
}

static void
process_install_limits (TyNodeConfig *defaults)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * TyetProcess:window-size:
   *
   * How many bytes of own messages may be on their way in a group before a send finds the window full, in bytes. A
   * message larger than that still goes when nothing else is on its way.
   *
   * A sender can send one window in the time that a message takes to all members and word of it back: over long
   * distances it has to be larger than the default of 512 KiB, which is what the caches of a processor hold.
   *
   * All members of a group should agree on it. What comes from who sends as if it had none is not taken: no member
   * keeps more for another than four times the sum of its own window and [property@Tyet.Process:max-message-size].
   */
  props[PROP_WINDOW_SIZE]
      = g_param_spec_uint ("window-size", NULL, NULL, 1024, G_MAXUINT, (guint) defaults->window_bytes, flags);
  /**
   * TyetProcess:max-message-size:
   *
   * The longest message that this process sends or accepts, in bytes: less than 1 GiB. All members of a group should
   * agree on it: a longer message from a member that does not is refused with its channel.
   */
  props[PROP_MAX_MESSAGE_SIZE]
      = g_param_spec_uint ("max-message-size", NULL, NULL, 1, (guint) TY_MOST_MESSAGE_BYTES,
                           (guint) defaults->max_message_bytes, flags);
  /**
   * TyetProcess:spill-size:
   *
   * How many bytes of messages are kept while this process takes in the state of a group that it joins, in bytes.
   * Past that it is taken out of the group and must join anew.
   */
  props[PROP_SPILL_SIZE]
      = g_param_spec_uint ("spill-size", NULL, NULL, 1024, G_MAXUINT, (guint) defaults->spill_bytes, flags);
  /**
   * TyetProcess:lag-limit:
   *
   * How long one member may hold everybody's window full by taking nothing, before it is suspected and the group goes
   * on without it; in milliseconds, 0 for ever. After half of it a warning is logged.
   */
  props[PROP_LAG_LIMIT]
      = g_param_spec_uint ("lag-limit", NULL, NULL, 0, 24 * 3600 * 1000, (guint) (defaults->lag_us / 1000), flags);
  /**
   * TyetProcess:busy-poll:
   *
   * How long the sockets are looked at for more before the main loop sleeps, in microseconds; 0 not at all. It is done
   * only while it pays: an answer that comes within that time comes sooner than a sleeper is woken. A process for which
   * nothing comes so soon stops it after a few times, and tries it again now and then.
   */
  props[PROP_BUSY_POLL]
      = g_param_spec_uint ("busy-poll", NULL, NULL, 0, 1000, (guint) defaults->busy_poll_us, flags);
  /**
   * TyetProcess:shared-memory-size:
   *
   * How much memory this process makes to exchange messages with another of the same user on the same machine: so many
   * bytes each way, from 4 KiB, rounded up to a power of two; 0: none, nor does it take what others make. With
   * `TYET_SHM=0` in the environment there is none either, whatever this says. [method@Tyet.Group.get_channel] says who
   * is reached by it.
   */
  props[PROP_SHARED_MEMORY_SIZE]
      = g_param_spec_uint ("shared-memory-size", NULL, NULL, 0, 16 * 1024 * 1024, (guint) defaults->shm_bytes, flags);
  /**
   * TyetProcess:state-buffer-size:
   *
   * How many bytes the stream of [signal@Tyet.Group::save-state] takes before its writer has to wait, in bytes.
   */
  props[PROP_STATE_BUFFER_SIZE]
      = g_param_spec_uint ("state-buffer-size", NULL, NULL, 1024, G_MAXUINT, 1024 * 1024, flags);
}

/* What somebody costs who has connected and not proved anything. */
static void
process_install_strangers (TyNodeConfig *defaults)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * TyetProcess:handshake-timeout:
   *
   * How long somebody who connects may take to shake hands before he is thrown out, and somebody who is connected to
   * before he is given up; in milliseconds.
   */
  props[PROP_HANDSHAKE_TIMEOUT] = g_param_spec_uint ("handshake-timeout", NULL, NULL, 10, 3600 * 1000,
                                                     (guint) (defaults->handshake_us / 1000), flags);
  /**
   * TyetProcess:max-strangers:
   *
   * How many may be connected to this process at one time who have not shaken hands yet. One more, and the one that
   * has been so for the longest is thrown out: to shake hands takes a few round trips only. Each costs some kilobytes.
   */
  props[PROP_MAX_STRANGERS]
      = g_param_spec_uint ("max-strangers", NULL, NULL, 1, 65536, defaults->max_half_open, flags);
  /**
   * TyetProcess:max-strangers-of-host:
   *
   * The same, of one host: an address of IPv4, a net of 64 bits of IPv6.
   */
  props[PROP_MAX_STRANGERS_OF_HOST]
      = g_param_spec_uint ("max-strangers-of-host", NULL, NULL, 1, 65536, defaults->max_half_open_from, flags);
}

static void
tyet_process_class_init (TyetProcessClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  TyNodeConfig defaults;
  ty_node_config_init (&defaults);
  /* The first task of a program has GLib start threads, which takes longer than a change of view: not when it joins. */
  g_type_ensure (G_TYPE_TASK);

  object_class->set_property = process_set_property;
  object_class->get_property = process_get_property;
  object_class->dispose = process_dispose;
  object_class->finalize = process_finalize;

  /**
   * TyetProcess:address:
   *
   * Where others reach this process: `tcp://HOST:PORT`, `tcp://[IPV6]:PORT`, `unix:///PATH` or `unix:@NAME`. Set port
   * 0 for any free one; read, it is the real one.
   */
  props[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, "tcp://127.0.0.1:0", flags);
  /**
   * TyetProcess:name:
   *
   * What this process is called in views and in the history: 1 to 255 bytes of UTF-8. No two members of a group may
   * have the same: the later is refused. If not set, a short random one is made.
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * TyetProcess:id:
   *
   * The identity of this incarnation: 32 hexadecimal digits, drawn at random.
   */
  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * TyetProcess:suspect-after:
   *
   * How long another member may be silent before it is suspected, and the group goes on without it; in milliseconds.
   */
  props[PROP_SUSPECT_AFTER] = g_param_spec_uint ("suspect-after", NULL, NULL, 10, 24 * 3600 * 1000,
                                                 (guint) (defaults.suspect_after_us / 1000), flags);
  /**
   * TyetProcess:heartbeat:
   *
   * How long this process is silent at most, in milliseconds; 0 for a tenth of [property@Tyet.Process:suspect-after].
   * It must be at most a fifth of [property@Tyet.Process:suspect-after], and at most half of the time after which any
   * other member suspects.
   */
  props[PROP_HEARTBEAT] = g_param_spec_uint ("heartbeat", NULL, NULL, 0, 24 * 3600 * 1000, 0, flags);
  process_install_limits (&defaults);
  process_install_strangers (&defaults);
  /**
   * TyetProcess:refusal-is-death:
   *
   * Whether a connection that is closed, with a port behind it that refuses, proves that a member's process is dead.
   * If set, a member that was killed is gone at once; it assumes that nothing between the members forges resets. If
   * not, only silence tells.
   */
  props[PROP_REFUSAL_IS_DEATH]
      = g_param_spec_boolean ("refusal-is-death", NULL, NULL, defaults.refusal_is_death, flags);
  /**
   * TyetProcess:security:
   *
   * How channels are protected: sealed, unless %TYET_SECURITY_PLAIN is asked for, which is refused
   * (%TYET_ERROR_PLAIN) but at a loopback address or a Unix socket, and connects to such only.
   */
  props[PROP_SECURITY] = g_param_spec_enum ("security", NULL, NULL, TYET_TYPE_SECURITY, TYET_SECURITY_SEALED, flags);
  /**
   * TyetProcess:identity:
   *
   * The pair of keys that the process proves itself with. If none is given it is the one kept in
   * [property@Tyet.Process:storage], and if there is none either, a fresh one is made. %NULL when channels are in the
   * clear.
   */
  props[PROP_IDENTITY] = g_param_spec_boxed ("identity", NULL, NULL, TYET_TYPE_IDENTITY, flags);
  /**
   * TyetProcess:secret:
   *
   * The network secret: whoever has it may speak to the process at all, and nobody else. If none is given, it is that
   * of the [property@Tyet.Process:ticket]; else that in the file which the environment variable `TYET_SECRET_FILE`
   * names, or `TYET_SECRET` itself ([func@Tyet.Secret.load] has the format; `TYET_SECRET` has its second line alone);
   * else a fresh one is made, which others get with a ticket ([method@Tyet.Process.make_ticket]). %NULL when channels
   * are in the clear.
   */
  props[PROP_SECRET] = g_param_spec_boxed ("secret", NULL, NULL, TYET_TYPE_SECRET, flags);
  /**
   * TyetProcess:ticket:
   *
   * A ticket of a member of the group that is to be joined. It brings the network secret, the process that answers at
   * its addresses must have its public key, and [method@Tyet.Group.join] needs no other contacts.
   */
  props[PROP_TICKET] = g_param_spec_boxed ("ticket", NULL, NULL, TYET_TYPE_TICKET, flags);
  /**
   * TyetProcess:history: (type filename)
   *
   * The file that the history of this process is appended to; see [method@Tyet.Process.set_history].
   */
  props[PROP_HISTORY] = g_param_spec_string ("history", NULL, NULL, NULL, flags);
  /**
   * TyetProcess:storage: (type filename)
   *
   * The directory in which the process keeps what it must not forget, made if it does not exist; %NULL for none. Only a
   * process that founds a group together with others needs one ([method@Tyet.Group.found_with]): its own, the same at
   * each start.
   */
  props[PROP_STORAGE] = g_param_spec_string ("storage", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * TyetProcess::history-error:
   * @process: the process
   * @error: what went wrong: the code is of [error@Gio.IOErrorEnum], `NO_SPACE` when the disk is full
   *
   * The history could not be written. It has ended there, perhaps within a line; the process goes on without it.
   * Whoever cannot do without leaves the groups; [method@Tyet.Process.set_history] begins another file.
   */
  signals[SIGNAL_HISTORY_ERROR] = g_signal_new ("history-error", TYET_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                                NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
tyet_process_init (TyetProcess *self)
{
  /* What GLib refuses as out of range, with a warning, it does not set at all. */
  for (guint i = 1; i < N_PROPS; i++)
    if (G_IS_PARAM_SPEC_UINT (props[i]) && (props[i]->flags & G_PARAM_CONSTRUCT_ONLY) != 0)
      process_set_property (G_OBJECT (self), i, g_param_spec_get_default_value (props[i]), props[i]);
}

/**
 * tyet_process_new:
 * @address: (nullable): where to listen, as in [property@Tyet.Process:address]; %NULL for any free port of 127.0.0.1
 * @error: return location for an error
 *
 * A process with the default options, which listens from now on, in the thread-default main context. Its channels are
 * sealed: see [property@Tyet.Process:secret] for where the secret comes from.
 *
 * Fails with %TYET_ERROR_ADDRESS if @address does not parse or is none of this machine, and with
 * %TYET_ERROR_ADDRESS_IN_USE if something else listens there.
 *
 * Returns: (transfer full): a new process, or %NULL
 */
TyetProcess *
tyet_process_new (const char *address, GError **error)
{
  return g_initable_new (TYET_TYPE_PROCESS, NULL, error, "address", address, NULL);
}

/**
 * tyet_process_get_address:
 * @process: a process
 *
 * Where others reach the process, with the real port.
 *
 * Returns: (transfer none): the address
 */
const char *
tyet_process_get_address (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  if (process->rt == NULL || process->rt->node == NULL)
    return process->address;
  return ty_node_get_address (process->rt->node);
}

/**
 * tyet_process_get_name:
 * @process: a process
 *
 * What the process is called ([property@Tyet.Process:name]).
 *
 * Returns: (transfer none): the name
 */
const char *
tyet_process_get_name (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  if (process->rt == NULL || process->rt->node == NULL)
    return process->name;
  return ty_node_get_name (process->rt->node);
}

/**
 * tyet_process_get_id:
 * @process: a process
 *
 * The identity of this incarnation ([property@Tyet.Process:id]).
 *
 * Returns: (transfer none): 32 hexadecimal digits
 */
const char *
tyet_process_get_id (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  return process->id;
}

/**
 * tyet_process_get_security:
 * @process: a process
 *
 * How the process's channels are protected ([property@Tyet.Process:security]).
 *
 * Returns: sealed or plain
 */
TyetSecurity
tyet_process_get_security (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), TYET_SECURITY_SEALED);
  return process->security;
}

/**
 * tyet_process_get_identity:
 * @process: a process
 *
 * The process's identity ([property@Tyet.Process:identity]).
 *
 * Returns: (transfer none) (nullable): the identity, or %NULL if channels are in the clear
 */
TyetIdentity *
tyet_process_get_identity (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  return process->rt != NULL ? process->rt->identity : process->identity;
}

/**
 * tyet_process_get_secret:
 * @process: a process
 *
 * The network secret that the process goes by now ([property@Tyet.Process:secret]).
 *
 * Returns: (transfer none) (nullable): the secret, or %NULL if channels are in the clear
 */
TyetSecret *
tyet_process_get_secret (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  if (process->rt == NULL)
    return process->secret;
  process->rt->secret_alone = FALSE; /* whoever asks can pass it on */
  return process->rt->secret;
}

/**
 * tyet_process_make_ticket:
 * @process: a process
 * @error: return location for an error
 *
 * A ticket with which others can join groups that this process is in: its address, its public key, the network secret.
 *
 * Fails with %TYET_ERROR_PLAIN if channels are in the clear: then the address is enough.
 *
 * Returns: (transfer full): a new ticket, or %NULL
 */
TyetTicket *
tyet_process_make_ticket (TyetProcess *process, GError **error)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  TY_RETURN_VAL_UNLESS_HERE (process->rt, NULL);
  if (!ty_runtime_check (process->rt, error))
    return NULL;
  if (process->rt->secret == NULL)
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_PLAIN,
                           "Channels are in the clear: there is no secret, and whoever knows the address may join");
      return NULL;
    }
  TyTicket *ticket = ty_ticket_new ();
  memcpy (ticket->secret, ty_tyet_secret_bytes (tyet_process_get_secret (process)), TY_KEY_BYTES);
  ty_key_public (ty_identity_secret (process->rt->identity), ticket->key);
  if (ty_ticket_add_address (ticket, tyet_process_get_address (process)))
    return ty_tyet_ticket_new (ticket);
  g_set_error (error, TYET_ERROR, TYET_ERROR_ADDRESS, "The address %s does not fit into a ticket",
               tyet_process_get_address (process));
  ty_ticket_free (ticket);
  return NULL;
}

/**
 * tyet_process_get_refused_packets:
 * @process: a process
 *
 * How many packets were refused as malformed since the start. Each costs its sender the channel.
 *
 * Returns: their number
 */
guint64
tyet_process_get_refused_packets (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), 0);
  if (process->rt == NULL || process->rt->node == NULL)
    return 0;
  return ty_node_refused_packets (process->rt->node);
}

/**
 * tyet_process_set_history:
 * @process: a process
 * @path: (type filename) (nullable): the file, made if it does not exist; %NULL to stop recording
 * @error: return location for an error
 *
 * Records what happens in the process's groups, for `tyet check`: a JSON object a line, in the order in which this
 * process sees it, appended at the latest before the application is told. To be set before groups are entered.
 * Several processes may append to one file.
 *
 * Fails with a code of [error@Gio.IOErrorEnum] if the file cannot be opened; what goes wrong later is told by
 * [signal@Tyet.Process::history-error].
 *
 * Returns: %TRUE if it will be recorded
 */
gboolean
tyet_process_set_history (TyetProcess *process, const char *path, GError **error)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  TY_RETURN_VAL_UNLESS_HERE (process->rt, FALSE);
  return ty_runtime_check (process->rt, error) && ty_runtime_set_history (process->rt, path, error);
}

/**
 * tyet_process_get_history:
 * @process: a process
 *
 * The file that the history is appended to.
 *
 * Returns: (transfer none) (type filename) (nullable): its path, or %NULL if nothing is, or can any longer be, recorded
 */
const char *
tyet_process_get_history (TyetProcess *process)
{
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  if (process->rt == NULL || process->rt->history_fd < 0)
    return NULL;
  return process->rt->history_path;
}

/**
 * tyet_process_describe_waits:
 * @process: a process
 *
 * What the process waits for in each of its groups, for whom, and since when, as text for people: a line for each.
 *
 * Returns: (transfer full): the text, empty if nothing is waited for
 */
char *
tyet_process_describe_waits (TyetProcess *process)
{
  GString *text;
  g_return_val_if_fail (TYET_IS_PROCESS (process), NULL);
  TY_RETURN_VAL_UNLESS_HERE (process->rt, NULL);
  text = g_string_new (NULL);
  if (ty_runtime_check (process->rt, NULL))
    for (guint i = 0; i < process->rt->groups->len; i++)
      ty_tyet_group_append_waits (g_ptr_array_index (process->rt->groups, i), text);
  return g_string_free (text, FALSE);
}

/**
 * tyet_list_orderings:
 *
 * The names of the orderings that a group can be made with, those that the program has registered included.
 *
 * Returns: (transfer none) (array zero-terminated=1): a static array
 */
const char *const *
tyet_list_orderings (void)
{
  /* A list that was given away stays; orderings are added a few times at most (tyet_ordering_register ()). */
  static GPtrArray *newest;
  static GSList *lists;
  static GMutex mutex;
  const TyOrderingOps *ops;
  g_mutex_lock (&mutex);
  if (newest == NULL || ty_modules_nth_ordering (&ty_modules, newest->len - 1) != NULL)
    {
      lists = g_slist_prepend (lists, newest);
      newest = g_ptr_array_new ();
      while ((ops = ty_modules_nth_ordering (&ty_modules, newest->len)) != NULL)
        g_ptr_array_add (newest, (gpointer) ops->name);
      g_ptr_array_add (newest, NULL);
    }
  const char *const *names = (const char *const *) newest->pdata;
  g_mutex_unlock (&mutex);
  return names;
}

TyRuntime *
ty_tyet_process_get_runtime (TyetProcess *process)
{
  return process->rt;
}
