/* tests/api/lab.c: see lab.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

static void
say (Member *m, char *word)
{
  g_ptr_array_add (m->said, word);
}

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, Member *m)
{
  g_auto (GStrv) names = tyet_view_dup_member_names (view);
  g_autofree char *all = g_strjoinv (" ", names);
  g_assert_true (tyet_group_get_view (group) == view);
  g_assert_true (tyet_view_change_get_view (change) == view);
  say (m, g_strconcat ("view ", all, NULL));
}

static void
on_delivered (TyetGroup *group, TyetMessage *message, Member *m)
{
  gsize len;
  const guint8 *data = tyet_message_get_data (message, &len);
  g_autofree char *text = g_strndup ((const char *) data, len);
  say (m, g_strdup_printf ("%s: %s", tyet_message_get_sender_name (message), text));
}

static void
on_blocked (TyetGroup *group, const char *reason, const char *const *waiting_for, Member *m)
{
  g_autofree char *all = g_strjoinv (" ", (char **) waiting_for);
  say (m, g_strconcat ("blocked ", all, NULL));
}

static void
on_unblocked (TyetGroup *group, Member *m)
{
  say (m, g_strdup ("unblocked"));
}

static void
on_excluded (TyetGroup *group, const char *reason, Member *m)
{
  say (m, g_strdup ("excluded"));
}

static void
on_writable (TyetGroup *group, Member *m)
{
  say (m, g_strdup ("writable"));
}

Member *
member_new (const char *name, const char *ordering, const char *property, guint value)
{
  Member *m = g_new0 (Member, 1);
  g_autoptr (GError) error = NULL;
  m->said = g_ptr_array_new_with_free_func (g_free);
  /* Nobody is suspected here for being slow: all share one main loop, and perhaps a slow checker. */
  m->process
      = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "name", name, "suspect-after", 20000u, property, value, NULL);
  g_assert_no_error (error);
  m->group = tyet_group_new (m->process, "g", ordering);
  g_signal_connect (m->group, "view-changed", G_CALLBACK (on_view), m);
  g_signal_connect (m->group, "delivered", G_CALLBACK (on_delivered), m);
  g_signal_connect (m->group, "blocked", G_CALLBACK (on_blocked), m);
  g_signal_connect (m->group, "unblocked", G_CALLBACK (on_unblocked), m);
  g_signal_connect (m->group, "excluded", G_CALLBACK (on_excluded), m);
  g_signal_connect (m->group, "writable", G_CALLBACK (on_writable), m);
  return m;
}

void
member_free (Member *m)
{
  g_signal_handlers_disconnect_by_data (m->group, m);
  /* At once, as a crash would be, though a join under way holds the objects. */
  g_object_run_dispose (G_OBJECT (m->process));
  until (!m->joining);
  g_clear_object (&m->group);
  g_clear_object (&m->process);
  g_ptr_array_unref (m->said);
  g_clear_error (&m->error);
  g_free (m);
}

void
member_found (Member *m)
{
  g_autoptr (GError) error = NULL;
  tyet_group_found (m->group, &error);
  g_assert_no_error (error);
  until (m->said->len > 0);
}

void
member_on_joined (GObject *source, GAsyncResult *result, gpointer data)
{
  Member *m = data;
  tyet_group_join_finish (TYET_GROUP (source), result, &m->error);
  m->done = TRUE;
  m->joining = FALSE;
}

void
member_on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  Member *m = data;
  tyet_group_leave_finish (TYET_GROUP (source), result, &m->error);
  m->done = TRUE;
}

void
member_on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  Member *m = data;
  tyet_group_send_finish (TYET_GROUP (source), result, &m->error);
  m->done = TRUE;
}

void
member_join_async (Member *m, const char *contact, GCancellable *cancellable)
{
  const char *contacts[] = { contact, NULL };
  m->done = FALSE;
  m->joining = TRUE;
  tyet_group_join_async (m->group, contacts, cancellable, member_on_joined, m);
}

void
member_join (Member *m, Member *contact)
{
  member_join_async (m, tyet_process_get_address (contact->process), NULL);
  until (m->done);
  g_assert_no_error (m->error);
}

gboolean
member_said (Member *m, const char *word)
{
  return g_ptr_array_find_with_equal_func (m->said, word, g_str_equal, NULL);
}

guint
member_count (Member *m, const char *prefix)
{
  guint n = 0;
  for (guint i = 0; i < m->said->len; i++)
    n += g_str_has_prefix (g_ptr_array_index (m->said, i), prefix);
  return n;
}

guint
member_size (Member *m)
{
  TyetView *view = tyet_group_get_view (m->group);
  return view != NULL ? tyet_view_get_n_members (view) : 0;
}
