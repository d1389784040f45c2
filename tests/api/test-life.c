/* tests/api/test-life.c: objects let go of in callbacks, calls from where they must not come, forks, and a history
 * that cannot be written.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Letting go, inside any callback ---- */

typedef struct
{
  const char *when; /* the signal */
  TyetProcess *process;
  TyetGroup *group;
  guint called;
} Victim;

static void
let_go (Victim *v)
{
  v->called++;
  g_clear_object (&v->group);
  g_clear_object (&v->process);
}

static void
dispose (Victim *v)
{
  v->called++;
  g_object_run_dispose (G_OBJECT (v->process));
}

static void
on_any (TyetGroup *group, TyetView *view, guint rank, TyetService service, const guint8 *data, gsize len, gpointer v)
{
  let_go (v);
}

static void
one_life (const char *signal, gboolean in_func, void (*what) (Victim *))
{
  Victim v = { .when = signal };
  v.process = tyet_process_new (NULL, NULL);
  v.group = tyet_group_new (v.process, "g", "total");
  if (in_func)
    tyet_group_set_deliver_func (v.group, on_any, &v, NULL);
  else
    g_signal_connect_swapped (v.group, signal, G_CALLBACK (what), &v);
  g_assert_true (tyet_group_found (v.group, NULL));
  while (v.called == 0)
    {
      if (v.group != NULL && tyet_group_get_state (v.group) == TYET_GROUP_STATE_MEMBER)
        for (guint i = 0; i < 5; i++)
          tyet_group_abcast (v.group, "x", 1, NULL);
      g_main_context_iteration (NULL, TRUE);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (v.called, ==, 1); /* whatever was still to be told is not */
  let_go (&v);
}

static void
test_let_go (void)
{
  one_life ("view-changed", FALSE, let_go);
  one_life ("delivered", FALSE, let_go);
  one_life ("notify::state", FALSE, let_go);
  one_life ("notify::view", FALSE, let_go);
  one_life (NULL, TRUE, let_go);
  one_life ("view-changed", FALSE, dispose);
  one_life ("delivered", FALSE, dispose);
}

static void
test_disposed (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) waits = NULL;
  g_autoptr (GVariant) statistics = NULL;
  g_autofree char *text = NULL;
  g_autofree char *address = g_strdup (tyet_process_get_address (a->process));
  member_found (a);
  g_object_run_dispose (G_OBJECT (a->process));
  g_assert_cmpint (tyet_group_get_state (a->group), ==, TYET_GROUP_STATE_FAILED);
  g_assert_false (tyet_group_abcast (a->group, "x", 1, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (tyet_group_leave (a->group, NULL, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (tyet_group_found (a->group, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  waits = tyet_group_get_waits (a->group);
  g_assert_cmpuint (waits->len, ==, 0);
  statistics = tyet_group_get_statistics (a->group);
  text = tyet_process_describe_waits (a->process);
  g_assert_cmpstr (text, ==, "");
  g_assert_cmpstr (tyet_process_get_address (a->process), ==, address);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer count)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (g_task_propagate_boolean (G_TASK (result), &error));
  g_assert_nonnull (error);
  ++*(guint *) count;
}

static void
test_dispose_ends_what_waits (void)
{
  Member *a = member_new ("a", "total", "window-size", 2000);
  Member *b = member_new ("b", "total", NULL, 0);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (1900), 1900);
  const char *contacts[] = { "tcp://127.0.0.1:1", NULL };
  guint count = 0;
  member_found (a);
  for (guint i = 0; i < 3; i++)
    tyet_group_send_async (a->group, TYET_SERVICE_SAFE, bytes, TYET_SEND_STABLE, NULL, on_result, &count);
  tyet_group_join_async (b->group, contacts, NULL, on_result, &count);
  g_object_run_dispose (G_OBJECT (a->group));
  g_object_run_dispose (G_OBJECT (b->process));
  until (count == 4);
  member_free (a);
  member_free (b);
}

/* ---- Calls that cannot be ---- */

typedef struct
{
  Member *member;
  GError *errors[3];
  gboolean done;
} Inside;

static void
on_inside (TyetGroup *group, TyetMessage *message, Inside *in)
{
  const char *contacts[] = { "tcp://127.0.0.1:1", NULL };
  if (in->done)
    return;
  in->done = TRUE;
  g_assert_false (tyet_group_join (group, contacts, NULL, &in->errors[0]));
  g_assert_false (tyet_group_leave (group, NULL, &in->errors[1]));
  g_assert_false (tyet_group_send_sync (group, TYET_SERVICE_DEFAULT, tyet_message_get_bytes (message), TYET_SEND_NONE,
                                        NULL, &in->errors[2]));
  /* But anything else can be asked for. */
  g_assert_true (tyet_group_abcast (group, "again", 5, NULL));
  tyet_group_leave_async (group, NULL, NULL, NULL);
}

static void
test_waiting_inside (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  Inside in = { .member = a };
  g_signal_connect (a->group, "delivered", G_CALLBACK (on_inside), &in);
  member_found (a);
  tyet_group_abcast (a->group, "x", 1, NULL);
  until (tyet_group_get_state (a->group) == TYET_GROUP_STATE_LEFT);
  g_assert_true (member_said (a, "a: again"));
  for (guint i = 0; i < G_N_ELEMENTS (in.errors); i++)
    {
      g_assert_error (in.errors[i], TYET_ERROR, TYET_ERROR_STATE);
      g_clear_error (&in.errors[i]);
    }
  g_signal_handlers_disconnect_by_data (a->group, &in);
}

static gpointer
call_from_thread (gpointer group)
{
  GError *error = NULL;
  g_assert_false (tyet_group_abcast (group, "x", 1, &error));
  g_assert_no_error (error); /* as with all programming errors */
  return NULL;
}

static void
other_thread (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  member_found (a);
  g_thread_join (g_thread_new ("other", call_from_thread, a->group));
  tyet_group_abcast (a->group, "y", 1, NULL);
  until (member_said (a, "a: y"));
  g_assert_cmpuint (member_count (a, "a: "), ==, 1);
}

static void
test_other_thread (void)
{
  if (g_test_subprocess ())
    {
      other_thread ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*tyet_group_send: called from another thread*");
}

static gpointer
live_in_thread (gpointer done)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  {
    g_autoptr (TyetProcess) process = tyet_process_new (NULL, NULL);
    g_autoptr (TyetGroup) group = tyet_group_new (process, "g", "total");
    g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
    g_autoptr (GError) error = NULL;
    g_assert_true (tyet_group_found (group, &error));
    while (tyet_group_get_view (group) == NULL)
      g_main_context_iteration (context, TRUE);
    g_assert_true (tyet_group_send_sync (group, TYET_SERVICE_SAFE, bytes, TYET_SEND_STABLE, NULL, &error));
    g_assert_true (tyet_group_leave (group, NULL, &error));
  }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_own_context (void)
{
  g_thread_join (g_thread_new ("life", live_in_thread, NULL));
}

/* ---- Forks ---- */

static int
in_child (Member *a)
{
  g_autoptr (GError) error = NULL;
  if (tyet_group_abcast (a->group, "child", 5, &error) || !g_error_matches (error, TYET_ERROR, TYET_ERROR_FORKED))
    return 1;
  g_clear_error (&error);
  if (tyet_group_leave (a->group, NULL, &error) || !g_error_matches (error, TYET_ERROR, TYET_ERROR_FORKED))
    return 2;
  g_clear_error (&error);
  g_clear_object (&a->group);
  g_clear_object (&a->process);
  return 0;
}

static void
test_fork (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  int status = -1;
  pid_t child;
  member_found (a);
  member_join (b, a);
  until (member_size (a) == 2);
  tyet_group_abcast (a->group, "before", 6, NULL);
  child = fork ();
  if (child == 0)
    _exit (in_child (a));
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  /* The parent has not noticed. */
  tyet_group_abcast (a->group, "after", 5, NULL);
  until (member_said (b, "a: after"));
  g_assert_true (member_said (b, "a: before"));
  g_assert_false (member_said (b, "a: child"));
  g_assert_cmpuint (member_count (b, "view"), ==, 1);
}

/* ---- The history ---- */

static void
on_history_error (TyetProcess *process, const GError *error, GError **to)
{
  g_assert_null (*to);
  *to = g_error_copy (error);
}

static void
test_full_disk (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (GError) error = NULL;
  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("there is no /dev/full");
      return;
    }
  g_signal_connect (a->process, "history-error", G_CALLBACK (on_history_error), &error);
  g_assert_true (tyet_process_set_history (a->process, "/dev/full", NULL));
  g_assert_cmpstr (tyet_process_get_history (a->process), ==, "/dev/full");
  member_found (a);
  until (error != NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "/dev/full"));
  g_assert_null (tyet_process_get_history (a->process));
  tyet_group_abcast (a->group, "on", 2, NULL);
  until (member_said (a, "a: on"));
}

static void
test_history (void)
{
  g_autofree char *folder = g_dir_make_tmp ("tyet-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "history", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  {
    g_autoptr (TyetProcess) process
        = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "name", "a", "history", path, NULL);
    g_autoptr (TyetGroup) group = tyet_group_new (process, "g", "fifo");
    g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
    g_assert_true (tyet_group_found (group, &error));
    until (tyet_group_get_view (group) != NULL);
    g_assert_true (tyet_group_send_sync (group, TYET_SERVICE_FIFO, bytes, TYET_SEND_STABLE, NULL, &error));
    g_assert_true (tyet_group_leave (group, NULL, &error));
  }
  g_assert_true (g_file_get_contents (path, &text, NULL, &error));
  {
    const char *events[] = { "\"conf\"", "\"send\"", "\"deliver\"", "\"fail\"", "\"end\"", NULL };
    g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
    g_assert_cmpuint (g_strv_length (lines), ==, 6);
    for (guint i = 0; events[i] != NULL; i++)
      g_assert_nonnull (strstr (lines[i], events[i]));
  }
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/life/let-go", test_let_go);
  g_test_add_func ("/api/life/disposed", test_disposed);
  g_test_add_func ("/api/life/dispose-ends-what-waits", test_dispose_ends_what_waits);
  g_test_add_func ("/api/life/waiting-inside", test_waiting_inside);
  g_test_add_func ("/api/life/other-thread", test_other_thread);
  g_test_add_func ("/api/life/own-context", test_own_context);
  g_test_add_func ("/api/life/fork", test_fork);
  g_test_add_func ("/api/life/full-disk", test_full_disk);
  g_test_add_func ("/api/life/history", test_history);
  return g_test_run ();
}
