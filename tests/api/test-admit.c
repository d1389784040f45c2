/* tests/api/test-admit.c: who is let in, as the application sets it; secrets, tickets and clear text.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include <string.h>

static gboolean
on_authorize (TyetGroup *group, const char *public_key, const char *name, const char *address, Member *m)
{
  g_assert_cmpuint (strlen (public_key), ==, 43);
  g_assert_true (g_str_has_prefix (address, "tcp://127.0.0.1:"));
  g_ptr_array_add (m->said, g_strconcat ("asked ", name, NULL));
  return !g_str_equal (name, "no");
}

static void
test_authorize (void)
{
  Member *a = member_new ("a", "total", NULL, 0), *b = member_new ("b", "total", NULL, 0);
  Member *no = member_new ("no", "total", NULL, 0);
  g_signal_connect (a->group, "authorize", G_CALLBACK (on_authorize), a);
  member_found (a);
  member_join (b, a);
  g_assert_true (member_said (a, "asked b"));
  member_join_async (no, tyet_process_get_address (a->process), NULL);
  until (no->done);
  g_assert_error (no->error, TYET_ERROR, TYET_ERROR_REFUSED);
  g_assert_true (member_said (a, "asked no"));
  g_assert_cmpuint (member_size (a), ==, 2);
  member_free (no);
  member_free (b);
  member_free (a);
}

static void
on_rekeyed (TyetGroup *group, gboolean network_too, Member *m)
{
  g_ptr_array_add (m->said, g_strdup (network_too ? "rekeyed both" : "rekeyed"));
}

static void
test_rekey (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetSecret) secret = tyet_secret_new ();
  Member *a = member_new ("a", "total", NULL, 0), *b = member_new ("b", "total", NULL, 0);
  g_assert_false (tyet_group_rekey (a->group, TRUE, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER);
  g_clear_error (&error);
  g_signal_connect (a->group, "rekeyed", G_CALLBACK (on_rekeyed), a);
  g_signal_connect (b->group, "rekeyed", G_CALLBACK (on_rekeyed), b);
  g_assert_true (tyet_group_set_secret (a->group, secret, NULL));
  g_assert_true (tyet_group_set_secret (b->group, secret, NULL));
  member_found (a);
  member_join (b, a);
  g_assert_false (tyet_group_set_secret (a->group, NULL, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  g_assert_true (tyet_group_rekey (b->group, FALSE, &error));
  until (member_said (a, "rekeyed") && member_said (b, "rekeyed"));
  g_assert_true (tyet_secret_equal (tyet_group_get_secret (a->group), tyet_group_get_secret (b->group)));
  g_assert_false (tyet_secret_equal (tyet_group_get_secret (a->group), secret));
  g_assert_true (tyet_group_rekey (a->group, TRUE, &error));
  until (member_said (a, "rekeyed both") && member_said (b, "rekeyed both"));
  g_assert_true (tyet_secret_equal (tyet_process_get_secret (a->process), tyet_process_get_secret (b->process)));
  member_free (b);
  member_free (a);
}

static void
test_ticket (void)
{
  g_autoptr (GError) error = NULL;
  Member *a = member_new ("a", "total", NULL, 0);
  member_found (a);
  g_autoptr (TyetTicket) ticket = tyet_process_make_ticket (a->process, &error);
  g_autofree char *text = tyet_ticket_to_text (ticket);
  g_autoptr (TyetTicket) again = tyet_ticket_parse (text, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (tyet_ticket_get_addresses (again)[0], ==, tyet_process_get_address (a->process));
  g_assert_cmpstr (tyet_ticket_get_public_key (again), ==,
                   tyet_identity_get_public_key (tyet_process_get_identity (a->process)));
  g_autoptr (TyetProcess) b
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "ticket", again, "suspect-after", 20000u, NULL);
  g_autoptr (TyetGroup) group = tyet_group_new (b, "g", "total");
  gboolean joined = tyet_group_join (group, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (joined);
  g_object_run_dispose (G_OBJECT (b));
  member_free (a);
}

static void
test_plain (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetSecret) secret = tyet_secret_new ();
  g_autoptr (TyetProcess) with_secret
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "security", TYET_SECURITY_PLAIN, "secret", secret, NULL);
  g_assert_null (with_secret);
  g_assert_error (error, TYET_ERROR, TYET_ERROR_PLAIN);
  g_clear_error (&error);
  g_autoptr (TyetProcess) process
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "security", TYET_SECURITY_PLAIN, NULL);
  g_assert_no_error (error);
  g_assert_null (tyet_process_get_secret (process));
  g_assert_null (tyet_process_make_ticket (process, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_PLAIN);
  g_clear_error (&error);
  g_autoptr (TyetGroup) group = tyet_group_new (process, "g", "total");
  g_assert_false (tyet_group_set_secret (group, secret, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_PLAIN);
  g_clear_error (&error);
  g_assert_false (tyet_group_set_admit_file (group, "/dev/null", &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_PLAIN);
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/admit/authorize", test_authorize);
  g_test_add_func ("/api/admit/rekey", test_rekey);
  g_test_add_func ("/api/admit/ticket", test_ticket);
  g_test_add_func ("/api/admit/plain", test_plain);
  return g_test_run ();
}
