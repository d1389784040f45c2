/* tests/break/test-api.c: an application that does what it may at moments when nobody does it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/api/lab.h"

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
  return g_test_run ();
}
