/* core/runtime.c: the node and the driver under a TyetProcess, and the rules of threads, forks and main loops.
 *
 *   TyetProcess ──► TyRuntime ──► TyNode
 *        ▲              │   └───► TyDriver, which calls back with the effects for the application
 *   TyetGroup ──────────┘
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/api.h"
#include "core/key-file.h"
#include "core/storage.h"
#include "core/group-private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* ---- Forks ---- */

static guint fork_generation = 1;

static void
on_fork_in_child (void)
{
  fork_generation++;
}

guint
ty_fork_generation (void)
{
  static gsize once;
  /* Counting in the child costs nothing per call, where getpid () would be a system call for each message. */
  if (g_once_init_enter (&once))
    {
      pthread_atfork (NULL, NULL, on_fork_in_child);
      g_once_init_leave (&once, 1);
    }
  return fork_generation;
}

/* ---- Names ---- */

gboolean
ty_check_name (const char *name, const char *whose, GError **error)
{
  const char *why = NULL;
  gsize len = strlen (name);
  if (len == 0)
    why = "is empty";
  else if (len > 255)
    why = "is longer than 255 bytes";
  else if (!g_utf8_validate (name, -1, NULL))
    why = "is not UTF-8";
  else
    for (const char *p = name; *p != '\0' && why == NULL; p = g_utf8_next_char (p))
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        why = "has control characters";
  if (why == NULL)
    return TRUE;
  g_set_error (error, TYET_ERROR, TYET_ERROR_NAME, "The name of the %s %s", whose, why);
  return FALSE;
}

/* ---- The history ---- */

static gboolean
runtime_tell_history_error (gpointer data)
{
  TyRuntime *rt = data;
  if (rt->process != NULL && rt->history_error != NULL)
    {
      g_autoptr (TyetProcess) process = g_object_ref (rt->process);
      g_autoptr (GError) error = g_steal_pointer (&rt->history_error);
      g_signal_emit_by_name (process, "history-error", error);
    }
  return G_SOURCE_REMOVE;
}

static void
runtime_lose_history (TyRuntime *rt, int saved_errno)
{
  GSource *source;
  close (rt->history_fd);
  rt->history_fd = -1;
  g_clear_error (&rt->history_error);
  g_set_error (&rt->history_error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               "The history cannot be written to %s: %s; it ends here", rt->history_path, g_strerror (saved_errno));
  /* The sink is called inside a step, where nothing may be asked of the node. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "tyet history error");
  g_source_set_callback (source, runtime_tell_history_error, ty_runtime_ref (rt), (GDestroyNotify) ty_runtime_unref);
  g_source_attach (source, rt->context);
  g_source_unref (source);
}

static void
runtime_on_history (const char *lines, gsize len_bytes, gpointer user_data)
{
  TyRuntime *rt = user_data;
  /* Usually one write () for all lines of a step; a rest is tried again so that the reason it fails for is known. */
  while (len_bytes > 0 && rt->history_fd >= 0)
    {
      gssize n = write (rt->history_fd, lines, len_bytes);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          runtime_lose_history (rt, n < 0 ? errno : ENOSPC);
          return;
        }
      lines += n;
      len_bytes -= (gsize) n;
    }
}

gboolean
ty_runtime_set_history (TyRuntime *rt, const char *path, GError **error)
{
  int fd = -1;
  if (path != NULL)
    {
      fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
      if (fd < 0)
        {
          int saved_errno = errno;
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                       "The history file %s cannot be opened: %s", path, g_strerror (saved_errno));
          return FALSE;
        }
    }
  if (rt->history_fd >= 0)
    close (rt->history_fd);
  rt->history_fd = fd;
  g_free (rt->history_path);
  rt->history_path = g_strdup (path);
  /* A node records from the first time that it is given a sink, and then needs one, if only to throw its records
   * away. */
  if (fd >= 0)
    ty_node_set_history (rt->node, runtime_on_history, rt);
  return TRUE;
}

/* A process that is in no view any more has stopped in good order, and its record says so. */
static void
runtime_end_history (TyRuntime *rt)
{
  TyNode *node = rt->node;
  if (node->history == NULL || rt->history_fd < 0 || rt->group_name == NULL || rt->torn)
    return;
  ty_history_end (node->history, rt->group_name, node->now);
  ty_history_flush (node->history, runtime_on_history, rt);
}

/* ---- Life ---- */

static void
runtime_draw (gpointer world, gpointer out, gsize len_bytes)
{
  const TyDriverOps *ops = world;
  ops->draw (out, len_bytes);
}

static void
runtime_on_effect (const TyEffect *effect, gpointer user_data)
{
  TyRuntime *rt = user_data;
  g_autoptr (TyetProcess) process = NULL;
  g_autoptr (TyetGroup) group = NULL;
  if (rt->process == NULL || effect->group == NULL)
    return;
  group = ty_group_get_user_data (effect->group);
  if (group == NULL)
    return;
  /* Whatever the handlers do, nothing that is in use here goes away before they have returned. */
  process = g_object_ref (rt->process);
  group = g_object_ref (group);
  ty_runtime_ref (rt);
  rt->depth++;
  ty_tyet_group_on_effect (group, effect);
  g_clear_object (&group);
  g_clear_object (&process);
  rt->depth--;
  ty_runtime_unref (rt);
}

static gboolean
runtime_on_storage (const char *group, const guint8 *record, gsize len_bytes, gpointer user_data, GError **error)
{
  TyRuntime *rt = user_data;
  return ty_storage_keep (rt->storage, group, record, len_bytes, error);
}

/* The driver, with the keys that it copies. */
static TyDriver *
make_driver (TyRuntime *rt, const TyRuntimeKeys *keys)
{
  if (keys->secret == NULL)
    return rt->ops->create (rt->node, NULL, runtime_on_effect, rt);
  rt->secret = tyet_secret_ref (keys->secret);
  rt->identity = tyet_identity_ref (keys->identity);
  rt->ticket = keys->ticket != NULL ? tyet_ticket_ref (keys->ticket) : NULL;
  rt->secret_alone = keys->secret_alone;
  TyDriverKeys seal
      = { .secret = ty_tyet_secret_bytes (keys->secret), .identity = ty_identity_secret (keys->identity) };
  if (keys->ticket != NULL)
    {
      seal.pin = ty_tyet_ticket_inner (keys->ticket)->key;
      seal.pinned = tyet_ticket_get_addresses (keys->ticket);
    }
  return rt->ops->create (rt->node, &seal, runtime_on_effect, rt);
}

TyRuntime *
ty_runtime_new (TyetProcess *process, const TyNodeConfig *config, const TyRuntimeKeys *keys, const char *name,
                const char *address, const char *storage, int *storage_lock, GError **error)
{
  TyRuntime *rt = g_new0 (TyRuntime, 1);
  const TyDriverOps *ops = ty_modules.driver;
  g_autofree char *real = NULL;
  TyWorld world = { .draw = runtime_draw, .world = (gpointer) ops };
  char short_id[9];
  TyId pid;
  gboolean kept = FALSE;

  g_assert (ops != NULL);
  if (storage != NULL && !ty_storage_pid (storage, &pid, &kept, error))
    {
      g_free (rt);
      return NULL;
    }
  rt->ref = 1;
  rt->storage_lock = *storage_lock;
  *storage_lock = -1;
  rt->ops = ops;
  rt->history_fd = -1;
  rt->process = process;
  rt->context = g_main_context_ref_thread_default ();
  rt->thread = pthread_self ();
  rt->fork_generation = ty_fork_generation ();
  rt->groups = g_ptr_array_new ();

  /* V13: a founder that restarts before the first view is decided is the same voter. */
  if (!kept)
    ops->draw (&pid, sizeof pid);
  rt->node = ty_node_new (config, &pid, name != NULL ? name : ty_id_short (&pid, short_id), &ty_modules, &world);
  if (storage != NULL)
    {
      rt->storage = g_strdup (storage);
      ty_node_set_storage (rt->node, runtime_on_storage, rt);
    }
  rt->driver = make_driver (rt, keys);
  real = ops->listen (rt->driver, address, error);
  if (real == NULL)
    {
      ty_runtime_close (rt);
      ty_runtime_unref (rt);
      return NULL;
    }
  ty_node_set_address (rt->node, real);
  return rt;
}

TyRuntime *
ty_runtime_ref (TyRuntime *rt)
{
  g_assert (rt->ref > 0);
  rt->ref++;
  return rt;
}

void
ty_runtime_unref (TyRuntime *rt)
{
  g_assert (rt->ref > 0);
  if (--rt->ref > 0)
    return;
  g_assert (rt->closed);
  g_assert (rt->groups->len == 0);
  g_clear_pointer (&rt->node, ty_node_free);
  g_clear_error (&rt->history_error);
  g_free (rt->history_path);
  g_free (rt->group_name);
  g_free (rt->storage);
  g_clear_pointer (&rt->secret, tyet_secret_unref);
  g_clear_pointer (&rt->identity, tyet_identity_unref);
  g_clear_pointer (&rt->ticket, tyet_ticket_unref);
  g_ptr_array_unref (rt->groups);
  g_main_context_unref (rt->context);
  g_free (rt);
}

static gboolean
runtime_free_later (gpointer data)
{
  return G_SOURCE_REMOVE; /* the source's reference goes with it */
}

void
ty_runtime_close (TyRuntime *rt)
{
  if (rt->closed)
    return;
  rt->closed = TRUE;
  rt->process = NULL;
  while (rt->groups->len > 0)
    {
      g_autoptr (TyetGroup) group = g_object_ref (g_ptr_array_index (rt->groups, rt->groups->len - 1));
      guint before = rt->groups->len;
      ty_tyet_group_detach (group);
      g_assert (rt->groups->len < before);
    }
  if (rt->fork_generation != ty_fork_generation ())
    {
      /* The sockets are the parent's: a byte sent, or a connection shut, from here would be taken for its doing. */
      rt->node = NULL;
      rt->driver = NULL;
      if (rt->storage_lock >= 0)
        close (rt->storage_lock);
    }
  else
    {
      ty_storage_unlock (rt->storage_lock);
      runtime_end_history (rt);
      rt->ops->free (rt->driver);
      rt->driver = NULL;
    }
  rt->storage_lock = -1;
  if (rt->history_fd >= 0)
    close (rt->history_fd);
  rt->history_fd = -1;
  if (rt->depth > 0)
    {
      /* Inside the effects of a step of this very node: it may go once the driver has come back from it. */
      GSource *source = g_idle_source_new ();
      g_source_set_priority (source, G_PRIORITY_HIGH);
      g_source_set_static_name (source, "tyet end");
      g_source_set_callback (source, runtime_free_later, ty_runtime_ref (rt), (GDestroyNotify) ty_runtime_unref);
      g_source_attach (source, rt->context);
      g_source_unref (source);
    }
}

/* ---- The rules ---- */

gboolean
ty_runtime_is_here (const TyRuntime *rt)
{
  return rt == NULL || pthread_equal (rt->thread, pthread_self ());
}

gboolean
ty_runtime_check (const TyRuntime *rt, GError **error)
{
  if (rt == NULL || rt->closed)
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_STATE, "The process has been disposed of");
      return FALSE;
    }
  if (rt->fork_generation != ty_fork_generation ())
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_FORKED,
                           "This is a fork of the process that the group belongs to: only the parent can use it; "
                           "make a new TyetProcess here");
      return FALSE;
    }
  return TRUE;
}

gboolean
ty_runtime_can_wait (TyRuntime *rt, GError **error)
{
  if (!ty_runtime_check (rt, error))
    return FALSE;
  if (rt->depth > 0)
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_STATE,
                           "A call that waits cannot be made inside a callback of the library; use its async form");
      return FALSE;
    }
  if (!g_main_context_acquire (rt->context))
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_STATE,
                           "The process's main context is run by another thread; use the async form there");
      return FALSE;
    }
  g_main_context_release (rt->context);
  return TRUE;
}

void
ty_runtime_waited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **to = user_data;
  g_assert (*to == NULL);
  *to = g_object_ref (result);
}

void
ty_runtime_wait (TyRuntime *rt, GAsyncResult **result)
{
  ty_runtime_ref (rt);
  while (*result == NULL)
    g_main_context_iteration (rt->context, TRUE);
  ty_runtime_unref (rt);
}

void
ty_runtime_kick (TyRuntime *rt)
{
  g_assert (!rt->closed);
  rt->ops->kick (rt->driver);
}
