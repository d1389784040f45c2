/* tests/ordering/examples/test-register.c: registering an ordering: what is refused and why, and a group of processes
 * that uses one.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/tyet-ordering.h"

extern const TyetOrderingClass lamport_ordering;

static void
no_digest (gpointer o, GByteArray *digest)
{
}

static void
refused (const TyetOrderingClass *ordering, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (tyet_ordering_register (ordering, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_ORDERING);
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_refused (void)
{
  TyetOrderingClass c = lamport_ordering;
  c.name = "other";
  c.api = TYET_ORDERING_API + 1;
  refused (&c, "version");
  c.api = TYET_ORDERING_API;
  c.size = 8;
  refused (&c, "size");
  c.size = sizeof c;
  c.name = "";
  refused (&c, "name");
  c.name = "a\nb";
  refused (&c, "name");
  c.name = NULL;
  refused (&c, "name");
  c.name = "total";
  refused (&c, "\"total\" already");
  c.name = "other";
  c.strongest = TYET_SERVICE_FIFO;
  refused (&c, "standard");
  c.strongest = TYET_SERVICE_SAFE;
  c.close = NULL;
  refused (&c, "missing");
  c.close = lamport_ordering.close;
  c.digest = no_digest;
  refused (&c, "lacks others");
  g_assert_false (g_strv_contains (tyet_list_orderings (), "other"));
}

static void
on_message (TyetGroup *group, TyetMessage *message, GString *text)
{
  gsize len;
  const char *data = (const char *) tyet_message_get_data (message, &len);
  g_string_append_len (text, data, (gssize) len);
}

static void
test_registered (void)
{
  g_autoptr (GError) error = NULL;
  const char *const *before = tyet_list_orderings ();
  guint n = g_strv_length ((char **) before);
  g_assert_true (tyet_ordering_register (&lamport_ordering, &error));
  g_assert_no_error (error);
  refused (&lamport_ordering, "\"lamport\" already");
  g_assert_true (g_strv_contains (tyet_list_orderings (), "lamport"));
  g_assert_cmpuint (g_strv_length ((char **) tyet_list_orderings ()), ==, n + 1);
  g_assert_cmpuint (g_strv_length ((char **) before), ==, n);

  g_autoptr (TyetSecret) secret = tyet_secret_new ();
  g_autoptr (TyetProcess) p
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "address", "tcp://127.0.0.1:0", "secret", secret, NULL);
  g_autoptr (TyetProcess) q
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "address", "tcp://127.0.0.1:0", "secret", secret, NULL);
  g_assert_no_error (error);
  g_autoptr (TyetGroup) at_p = tyet_group_new (p, "g", "lamport");
  g_autoptr (TyetGroup) at_q = tyet_group_new (q, "g", "lamport");
  g_autoptr (GString) p_said = g_string_new (NULL);
  g_autoptr (GString) q_said = g_string_new (NULL);
  g_signal_connect (at_p, "delivered", G_CALLBACK (on_message), p_said);
  g_signal_connect (at_q, "delivered", G_CALLBACK (on_message), q_said);
  g_assert_cmpint (tyet_group_get_strongest_service (at_p), ==, TYET_SERVICE_SAFE);
  const char *contacts[] = { tyet_process_get_address (p), NULL };
  g_assert_true (tyet_group_found (at_p, &error));
  g_assert_true (tyet_group_join (at_q, contacts, NULL, &error));
  for (char c = 'a'; c < 'k'; c++)
    {
      g_assert_true (tyet_group_abcast (c % 2 != 0 ? at_p : at_q, &c, 1, &error));
      g_main_context_iteration (NULL, FALSE);
    }
  while (p_said->len < 10 || q_said->len < 10)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (p_said->str, ==, q_said->str);
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/register/refused", test_refused);
  g_test_add_func ("/register/registered", test_registered);
  return g_test_run ();
}
