/* tests/break/test-api.c: an application that does what it may at moments when nobody does it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/api/lab.h"

#include <glib/gstdio.h>

/* ---- A state that is not given ---- */

typedef struct
{
  const char *reason; /* why it is not given; NULL: the giver is let go of, */
  Member *giver;
  gboolean disposed;   /* disposed of at once, */
  GOutputStream *kept; /* or with its stream still held */
} Refusal;

static void
on_save_state (TyetGroup *group, GOutputStream *out, Refusal *r)
{
  if (r->reason != NULL)
    tyet_group_fail_transfer (group, G_OBJECT (out), r->reason);
  else if (r->disposed)
    g_object_run_dispose (G_OBJECT (group));
  else
    r->kept = g_object_ref (out);
  if (r->giver != NULL)
    g_clear_object (&r->giver->group);
}

static void
on_load_state (TyetGroup *group, GInputStream *in, GInputStream **kept)
{
  *kept = g_object_ref (in);
}

/* The reason is the application's: whatever is in it, nobody takes it for a malformed packet, and no session ends. */
static void
one_reason (const char *reason)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (Member) c = member_new ("c", "total", NULL, 0);
  g_autoptr (GInputStream) in = NULL;
  Refusal r = { .reason = reason };
  g_signal_connect (a->group, "save-state", G_CALLBACK (on_save_state), &r);
  g_signal_connect (b->group, "save-state", G_CALLBACK (on_save_state), &r);
  g_signal_connect (c->group, "load-state", G_CALLBACK (on_load_state), &in);
  member_found (a);
  member_join (b, a);
  member_join_async (c, tyet_process_get_address (a->process), NULL);
  until (c->done);
  g_assert_error (c->error, TYET_ERROR, TYET_ERROR_EXCLUDED);
  g_assert_cmpuint (tyet_process_get_refused_packets (a->process), ==, 0);
  g_assert_cmpuint (tyet_process_get_refused_packets (b->process), ==, 0);
  g_assert_cmpuint (tyet_process_get_refused_packets (c->process), ==, 0);
  g_assert_true (g_utf8_validate (c->error->message, -1, NULL));
  until (member_size (a) == 2 && member_size (b) == 2);
}

static void
test_reasons (void)
{
  g_autofree char *lengthy = g_strnfill (5000, 'y');
  one_reason ("there is none");
  one_reason ("");
  one_reason ("there is none:\n\tit is\x7f gone");
  one_reason ("there \xff is none");
  one_reason (lengthy);
}

/* Whoever is let go of in the handler gives nothing: the joiner is told at once, and the others go on. */
static void
giver_is_let_go_of (gboolean disposed)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) c = member_new ("c", "total", NULL, 0);
  Member *b = member_new ("b", "total", NULL, 0);
  g_autoptr (GInputStream) in = NULL;
  Refusal r = { .giver = b, .disposed = disposed };
  g_signal_connect (b->group, "save-state", G_CALLBACK (on_save_state), &r);
  g_signal_connect (c->group, "load-state", G_CALLBACK (on_load_state), &in);
  member_found (a);
  member_join (b, a);
  gint64 began_us = g_get_monotonic_time ();
  member_join_async (c, tyet_process_get_address (a->process), NULL);
  until (c->done);
  g_assert_error (c->error, TYET_ERROR, TYET_ERROR_EXCLUDED);
  until (member_size (a) == 1);
  /* Not because time ran out, a minute later. */
  g_assert_cmpint (g_get_monotonic_time () - began_us, <, 20 * G_USEC_PER_SEC);
  g_clear_object (&r.kept);
  g_clear_object (&b->process);
  g_ptr_array_unref (b->said);
  g_free (b);
}

/* The giver is let go of when the view that it is to give its state in is on its way. */
static void
test_giver_let_go_of_before (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) c = member_new ("c", "total", NULL, 0);
  Member *b = member_new ("b", "total", NULL, 0);
  g_autoptr (GInputStream) in = NULL;
  g_signal_connect (c->group, "load-state", G_CALLBACK (on_load_state), &in);
  member_found (a);
  member_join (b, a);
  member_join_async (c, tyet_process_get_address (a->process), NULL);
  until (tyet_group_get_state (b->group) == TYET_GROUP_STATE_FLUSHING);
  g_clear_object (&b->group);
  until (in != NULL || c->done);
  while (!c->done)
    {
      guint8 byte;
      gssize n = g_input_stream_read (in, &byte, 1, NULL, NULL);
      g_assert_cmpint (n, <, 0); /* no state is not an empty state */
      g_main_context_iteration (NULL, TRUE);
    }
  g_assert_error (c->error, TYET_ERROR, TYET_ERROR_EXCLUDED);
  until (member_size (a) == 1);
  g_clear_object (&b->process);
  g_ptr_array_unref (b->said);
  g_free (b);
}

typedef struct
{
  Member *member;
  guint tries;
} Again;

static void
on_state_again (TyetGroup *group, GParamSpec *pspec, Again *again)
{
  g_autoptr (GError) error = NULL;
  if (tyet_group_get_state (group) != TYET_GROUP_STATE_FAILED)
    return;
  again->tries++;
  g_assert_false (tyet_group_found (group, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
}

/* A join that has failed, as its state says, has not come to its end before it is told: only then another begins. */
static void
test_again_too_soon (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Again again = { .member = a };
  gulong handler = g_signal_connect (a->group, "notify::state", G_CALLBACK (on_state_again), &again);
  member_join_async (a, "tcp://127.0.0.1:9", cancellable);
  g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  until (a->done);
  g_assert_error (a->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (again.tries, ==, 1);
  g_signal_handler_disconnect (a->group, handler);
  member_found (a);
}

static void
on_sent_cancel (GObject *source, GAsyncResult *result, gpointer data)
{
  GCancellable *cancellable = data;
  g_assert_true (tyet_group_send_finish (TYET_GROUP (source), result, NULL));
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A callback may run the loop, and cancel there what it is called for: that has come to its end. */
static void
test_cancel_what_is_done (void)
{
  g_autoptr (Member) a = member_new ("a", "total", "window-size", 2000);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (1900), 1900);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  member_found (a);
  g_assert_true (tyet_group_send_bytes (a->group, TYET_SERVICE_DEFAULT, bytes, NULL));
  tyet_group_send_async (a->group, TYET_SERVICE_DEFAULT, bytes, TYET_SEND_NONE, cancellable, on_sent_cancel,
                         cancellable);
  until (member_count (a, "a: ") == 2 && g_cancellable_is_cancelled (cancellable));
  tyet_group_send_async (a->group, TYET_SERVICE_DEFAULT, bytes, TYET_SEND_NONE, NULL, member_on_sent, a);
  until (a->done);
  g_assert_no_error (a->error);
}

/* What a process takes as its longest message its channels carry. */
static void
test_longest (void)
{
  g_autoptr (GTypeClass) class = g_type_class_ref (TYET_TYPE_PROCESS);
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_CLASS (class), "max-message-size");
  g_assert_cmpuint (G_PARAM_SPEC_UINT (spec)->maximum, ==, (1u << 30) - 1);
}

/* A list of founders with a name or an address that no view could carry. */
static void
test_founders_that_cannot_be (void)
{
  g_autofree char *name = g_strnfill (256, 'n'), *lengthy = g_strconcat (name, "=tcp://127.0.0.1:1", NULL);
  g_autofree char *far = g_strconcat ("b=tcp://", name, ":1", NULL);
  const char *const wrong[] = { "b", "=tcp://127.0.0.1:1", "b=", "b\n=tcp://127.0.0.1:1", "\xff=tcp://127.0.0.1:1",
                                lengthy, far };
  g_autofree char *directory = g_dir_make_tmp ("tyet-XXXXXX", NULL);
  g_autofree char *identity = g_build_filename (directory, "identity", NULL);
  g_autofree char *lock = g_build_filename (directory, "lock", NULL);
  g_autoptr (TyetProcess) process
      = g_initable_new (TYET_TYPE_PROCESS, NULL, NULL, "name", "a", "storage", directory, NULL);
  g_autofree char *self = g_strconcat ("a=", tyet_process_get_address (process), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *founders[] = { self, wrong[i], NULL };
      g_autoptr (TyetGroup) group = tyet_group_new (process, "g", "total");
      g_autoptr (GError) error = NULL;
      g_assert_false (tyet_group_found_with (group, founders, NULL, &error));
      g_assert_error (error, TYET_ERROR, TYET_ERROR_ADDRESS);
    }
  g_clear_object (&process);
  g_remove (identity);
  g_remove (lock);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
on_new_again (TyetGroup *group, GParamSpec *pspec, Member *a)
{
  if (a->joining && tyet_group_get_state (group) == TYET_GROUP_STATE_NEW)
    g_object_run_dispose (G_OBJECT (a->process));
}

/* The state changes in the call that joins again, and whoever hears of it has enough. */
static void
test_disposed_in_a_call (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  tyet_group_set_join_timeout (a->group, 1);
  member_join_async (a, "tcp://127.0.0.1:9", NULL);
  until (a->done);
  g_clear_error (&a->error);
  g_signal_connect (a->group, "notify::state", G_CALLBACK (on_new_again), a);
  member_join_async (a, "tcp://127.0.0.1:9", NULL);
  until (a->done);
  g_assert_error (a->error, TYET_ERROR, TYET_ERROR_STATE);
}

/* ---- Excluded before it could leave ---- */

typedef struct
{
  const char *contact;
  gint in, out, left; /* atomic */
} Late;

static gpointer
leave_late (gpointer data)
{
  Late *late = data;
  const char *contacts[] = { late->contact, NULL };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  g_autoptr (GError) error = NULL;
  TyetProcess *process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "name", "b", "suspect-after", 500u, NULL);
  g_assert_no_error (error);
  TyetGroup *group = tyet_group_new (process, "g", "total");
  gboolean joined = tyet_group_join (group, contacts, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (joined);
  /* It stands still, until the other has gone on without it. */
  g_atomic_int_set (&late->in, 1);
  g_main_context_wakeup (NULL);
  while (!g_atomic_int_get (&late->out))
    g_usleep (1000);
  g_assert_false (tyet_group_leave (group, NULL, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_EXCLUDED);
  g_assert_cmpint (tyet_group_get_state (group), ==, TYET_GROUP_STATE_EXCLUDED);
  g_object_unref (group);
  g_object_unref (process);
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&late->left, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_leave_late (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) process
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "name", "a", "suspect-after", 500u, NULL);
  g_assert_no_error (error);
  g_autoptr (TyetGroup) group = tyet_group_new (process, "g", "total");
  Late late = { .contact = tyet_process_get_address (process) };
  g_assert_true (tyet_group_found (group, NULL));
  until (tyet_group_get_view (group) != NULL);
  GThread *thread = g_thread_new ("b", leave_late, &late);
  until (g_atomic_int_get (&late.in) && tyet_view_get_n_members (tyet_group_get_view (group)) == 2);
  until (tyet_view_get_n_members (tyet_group_get_view (group)) == 1);
  g_atomic_int_set (&late.out, 1);
  until (g_atomic_int_get (&late.left));
  g_thread_join (thread);
}

static void
test_giver_let_go_of (void)
{
  giver_is_let_go_of (FALSE);
  giver_is_let_go_of (TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_add_func ("/break/reasons", test_reasons);
  g_test_add_func ("/break/giver-let-go-of", test_giver_let_go_of);
  g_test_add_func ("/break/giver-let-go-of-before", test_giver_let_go_of_before);
  g_test_add_func ("/break/again-too-soon", test_again_too_soon);
  g_test_add_func ("/break/cancel-what-is-done", test_cancel_what_is_done);
  g_test_add_func ("/break/longest", test_longest);
  g_test_add_func ("/break/founders-that-cannot-be", test_founders_that_cannot_be);
  g_test_add_func ("/break/disposed-in-a-call", test_disposed_in_a_call);
  g_test_add_func ("/break/leave-late", test_leave_late);
  return g_test_run ();
}
