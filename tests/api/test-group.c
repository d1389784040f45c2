/* tests/api/test-group.c: groups, as a program on the public API sees them: entering, sending, leaving, and being
 * refused.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

static void
test_views_and_messages (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (GError) error = NULL;
  TyetView *view;
  guint rank = 99;
  member_found (a);
  g_assert_cmpint (tyet_group_get_state (a->group), ==, TYET_GROUP_STATE_MEMBER);
  member_join (b, a);
  until (member_size (a) == 2);

  view = tyet_group_get_view (b->group);
  g_assert_cmpstr (tyet_view_get_id (view), ==, tyet_view_get_id (tyet_group_get_view (a->group)));
  g_assert_cmpuint (tyet_view_get_number (view), ==, tyet_view_get_number (tyet_group_get_view (a->group)));
  g_assert_cmpuint (tyet_view_get_rank (view), ==, 1);
  g_assert_true (tyet_view_is_primary (view));
  g_assert_cmpstr (tyet_view_get_group_name (view), ==, "g");
  g_assert_cmpstr (tyet_view_get_member_name (view, 0), ==, "a");
  g_assert_cmpstr (tyet_view_get_member_address (view, 0), ==, tyet_process_get_address (a->process));
  g_assert_cmpstr (tyet_view_get_member_id (view, 1), ==, tyet_process_get_id (b->process));
  g_assert_cmpuint (tyet_view_get_member_weight (view, 0), ==, 1);
  g_assert_true (tyet_view_is_member_loaded (view, 0));
  g_assert_true (tyet_view_find_member (view, "b", &rank));
  g_assert_cmpuint (rank, ==, 1);
  g_assert_false (tyet_view_find_member (view, "nobody", &rank));

  g_assert_true (tyet_group_fbcast (a->group, "f", 1, &error));
  g_assert_true (tyet_group_cbcast (a->group, "c", 1, &error));
  g_assert_true (tyet_group_abcast (b->group, "t", 1, &error));
  g_assert_true (tyet_group_safe (b->group, "s", 1, &error));
  g_assert_true (tyet_group_send (a->group, TYET_SERVICE_DEFAULT, NULL, 0, &error));
  until (member_count (a, "a: ") == 3 && member_count (a, "b: ") == 2);
  until (member_count (b, "a: ") == 3 && member_count (b, "b: ") == 2);
  g_assert_true (member_said (b, "a: f") && member_said (b, "a: c") && member_said (a, "b: t")
                 && member_said (a, "b: s"));
  g_assert_true (member_said (b, "a: "));

  tyet_group_leave (b->group, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tyet_group_get_state (b->group), ==, TYET_GROUP_STATE_LEFT);
  until (member_size (a) == 1);
  g_assert_false (tyet_group_abcast (b->group, "x", 1, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER);
}

typedef struct
{
  Member *member;
  char *joined, *left;
  TyetLeftReason reason;
} Change;

static void
on_change (TyetGroup *group, TyetView *view, TyetViewChange *change, Change *c)
{
  if (tyet_view_change_get_n_joined (change) > 0)
    {
      g_free (c->joined);
      c->joined = g_strdup (tyet_view_change_get_joined_name (change, 0));
      g_assert_cmpstr (tyet_view_get_member_name (view, tyet_view_change_get_joined_rank (change, 0)), ==, c->joined);
    }
  if (tyet_view_change_get_n_left (change) > 0)
    {
      g_free (c->left);
      c->left = g_strdup (tyet_view_change_get_left_name (change, 0));
      c->reason = tyet_view_change_get_left_reason (change, 0);
      g_assert_cmpstr (tyet_view_get_member_name (tyet_view_change_get_before (change),
                                                  tyet_view_change_get_left_rank (change, 0)),
                       ==, c->left);
    }
}

static void
test_who_and_why (void)
{
  g_autoptr (Member) a = member_new ("a", "fifo", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "fifo", NULL, 0);
  Member *c = member_new ("c", "fifo", NULL, 0);
  Change change = { .member = a };
  g_signal_connect (a->group, "view-changed", G_CALLBACK (on_change), &change);
  member_found (a);
  g_assert_cmpstr (change.joined, ==, "a");
  member_join (b, a);
  member_join (c, b);
  until (member_size (a) == 3);
  g_assert_cmpstr (change.joined, ==, "c");
  /* Let go of without a word, its port refuses: the others know that it is dead. */
  member_free (c);
  until (member_size (a) == 2);
  g_assert_cmpstr (change.left, ==, "c");
  g_assert_true (change.reason == TYET_LEFT_REASON_DEAD || change.reason == TYET_LEFT_REASON_LEAVE);
  tyet_group_leave_async (b->group, NULL, member_on_left, b);
  b->done = FALSE;
  until (b->done && member_size (a) == 1);
  g_assert_no_error (b->error);
  g_assert_cmpstr (change.left, ==, "b");
  g_assert_cmpint (change.reason, ==, TYET_LEFT_REASON_LEAVE);
  g_signal_handlers_disconnect_by_data (a->group, &change);
  g_free (change.joined);
  g_free (change.left);
}

typedef struct
{
  GString *text;
  guint n;
} Fast;

static void
on_fast (TyetGroup *group, TyetView *view, guint rank, TyetService service, const guint8 *data, gsize len, gpointer to)
{
  Fast *fast = to;
  fast->n++;
  g_string_append_printf (fast->text, "%s/%d:", tyet_view_get_member_name (view, rank), (int) service);
  g_string_append_len (fast->text, (const char *) data, (gssize) len);
}

static void
on_fast_gone (gpointer to)
{
  ((Fast *) to)->n = 1000;
}

static void
test_deliver_func (void)
{
  g_autoptr (Member) a = member_new ("a", "causal", NULL, 0);
  Fast fast = { .text = g_string_new (NULL) };
  tyet_group_set_deliver_func (a->group, on_fast, &fast, on_fast_gone);
  member_found (a);
  tyet_group_cbcast (a->group, "one", 3, NULL);
  tyet_group_fbcast (a->group, "two", 3, NULL);
  until (fast.n == 2);
  g_assert_cmpstr (fast.text->str, ==, "a/1:onea/0:two");
  g_assert_cmpuint (member_count (a, "a: "), ==, 2); /* beside the signal */
  tyet_group_set_deliver_own (a->group, FALSE);
  tyet_group_cbcast (a->group, "three", 5, NULL);
  tyet_group_set_deliver_func (a->group, NULL, NULL, NULL);
  g_assert_cmpuint (fast.n, ==, 1000);
  g_string_free (fast.text, TRUE);
}

static void
keep (TyetGroup *group, TyetMessage *message, TyetMessage **to)
{
  *to = tyet_message_ref (message);
}

static void
test_message (void)
{
  Member *a = member_new ("a", "total", NULL, 0);
  TyetMessage *kept = NULL;
  GBytes *bytes;
  gsize len;
  const guint8 *data;
  member_found (a);
  g_signal_connect (a->group, "delivered", G_CALLBACK (keep), &kept);
  g_assert_true (tyet_group_safe (a->group, "payload", 7, NULL));
  until (kept != NULL);
  member_free (a); /* the message lives on by itself */
  data = tyet_message_get_data (kept, &len);
  g_assert_cmpmem (data, len, "payload", 7);
  bytes = tyet_message_get_bytes (kept);
  g_assert_true (g_bytes_get_data (bytes, NULL) == data); /* no copy */
  g_assert_true (tyet_message_get_bytes (kept) == bytes);
  g_assert_cmpstr (tyet_message_get_sender_name (kept), ==, "a");
  g_assert_cmpuint (tyet_message_get_sender_rank (kept), ==, 0);
  g_assert_cmpint (tyet_message_get_service (kept), ==, TYET_SERVICE_SAFE);
  g_assert_cmpuint (tyet_message_get_number (kept), ==, 1);
  g_assert_cmpuint (tyet_view_get_n_members (tyet_message_get_view (kept)), ==, 1);
  tyet_message_unref (kept);
}

/* ---- What is refused ---- */

static void
expect_found_error (TyetProcess *process, const char *name, const char *ordering, TyetError code, const char *word)
{
  g_autoptr (TyetGroup) group = tyet_group_new (process, name, ordering);
  g_autoptr (GError) error = NULL;
  g_assert_false (tyet_group_found (group, &error));
  g_assert_error (error, TYET_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, word));
  g_clear_error (&error);
  g_assert_false (tyet_group_abcast (group, "x", 1, &error));
  g_assert_nonnull (error);
}

static void
test_bad_arguments (void)
{
  g_autoptr (Member) a = member_new ("a", "fifo", "max-message-size", 1000);
  g_autoptr (GError) error = NULL;
  g_autofree char *big = g_malloc0 (1001);
  g_autofree char *long_name = g_strnfill (256, 'x');
  const char *none[] = { NULL };
  expect_found_error (a->process, "h", "lexicographic", TYET_ERROR_ORDERING, "lexicographic");
  expect_found_error (a->process, "", "fifo", TYET_ERROR_NAME, "empty");
  expect_found_error (a->process, long_name, "fifo", TYET_ERROR_NAME, "255");
  expect_found_error (a->process, "a\nb", "fifo", TYET_ERROR_NAME, "control");
  expect_found_error (a->process, "\xff", "fifo", TYET_ERROR_NAME, "UTF-8");

  g_assert_false (tyet_group_fbcast (a->group, "x", 1, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER);
  g_clear_error (&error);
  g_assert_false (tyet_group_join (a->group, none, NULL, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_ADDRESS);
  g_clear_error (&error);
  g_assert_false (tyet_group_leave (a->group, NULL, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER);
  g_clear_error (&error);

  member_found (a);
  g_assert_false (tyet_group_found (a->group, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (tyet_group_safe (a->group, "x", 1, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_SERVICE);
  g_clear_error (&error);
  g_assert_cmpint (tyet_group_get_strongest_service (a->group), ==, TYET_SERVICE_FIFO);
  g_assert_false (tyet_group_fbcast (a->group, big, 1001, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_true (tyet_group_fbcast (a->group, big, 1000, &error));
}

static void
expect_no_process (const char *property, const char *text, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, property, text, NULL);
  g_assert_null (process);
  g_assert_error (error, domain, code);
}

static void
test_bad_processes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) a = tyet_process_new (NULL, &error);
  TyetProcess *b;
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (tyet_process_get_address (a), "tcp://127.0.0.1:"));
  g_assert_false (g_str_has_suffix (tyet_process_get_address (a), ":0"));
  expect_no_process ("address", tyet_process_get_address (a), TYET_ERROR, TYET_ERROR_ADDRESS_IN_USE);
  expect_no_process ("address", "nonsense", TYET_ERROR, TYET_ERROR_ADDRESS);
  expect_no_process ("name", "", TYET_ERROR, TYET_ERROR_NAME);
  expect_no_process ("history", "/no/such/folder/h", G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  b = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "suspect-after", 100u, "heartbeat", 21u, NULL);
  g_assert_null (b);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* GLib warns of a value out of range, and leaves it: it is then what it is for everybody. */
static void
test_out_of_range (void)
{
  static const struct
  {
    const char *name;
    guint value;
  } cases[] = { { "window-size", 1 },         { "handshake-timeout", 1 },           { "max-strangers", 0 },
                { "max-strangers", 99999 },   { "max-strangers-of-host", 0 },       { "suspect-after", 5 },
                { "busy-poll", 5000 },        { "shared-memory-size", 99999999 },   { "spill-size", 1 },
                { "state-buffer-size", 100 }, { "max-message-size", G_MAXUINT32 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);
      g_autoptr (TyetProcess) process
          = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, cases[i].name, cases[i].value, NULL);
      g_log_set_always_fatal (fatal);
      g_assert_no_error (error);
      GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (process), cases[i].name);
      guint value;
      g_object_get (process, cases[i].name, &value, NULL);
      g_assert_cmpuint (value, ==, G_PARAM_SPEC_UINT (spec)->default_value);
    }
}

static void
test_turned_away (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) other = member_new ("x", "fifo", NULL, 0);
  g_autoptr (Member) twin = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) lost = member_new ("y", "total", NULL, 0);
  g_autoptr (Member) late = member_new ("z", "total", NULL, 0);
  g_autofree char *gone = NULL;
  member_found (a);
  member_join_async (other, tyet_process_get_address (a->process), NULL);
  until (other->done);
  g_assert_error (other->error, TYET_ERROR, TYET_ERROR_REFUSED);
  g_assert_nonnull (strstr (other->error->message, "total"));
  g_assert_cmpint (tyet_group_get_state (other->group), ==, TYET_GROUP_STATE_FAILED);

  member_join_async (twin, tyet_process_get_address (a->process), NULL);
  until (twin->done);
  g_assert_error (twin->error, TYET_ERROR, TYET_ERROR_NAME);

  /* Who was turned away may try elsewhere: x is a member of nothing, and has no such group; later it is let in by a. */
  tyet_group_set_join_timeout (lost->group, 300);
  member_join_async (lost, tyet_process_get_address (other->process), NULL);
  until (lost->done);
  g_assert_nonnull (lost->error);
  g_clear_error (&lost->error);
  tyet_group_set_join_timeout (lost->group, 0);
  member_join (lost, a);

  {
    g_autoptr (TyetProcess) short_lived = tyet_process_new (NULL, NULL);
    gone = g_strdup (tyet_process_get_address (short_lived));
  }
  tyet_group_set_join_timeout (late->group, 300);
  member_join_async (late, gone, NULL);
  until (late->done);
  g_assert_error (late->error, TYET_ERROR, TYET_ERROR_UNREACHABLE);
  g_assert_cmpuint (member_size (a), ==, 2);
}

static void
test_cancelled_join (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (GCancellable) before = g_cancellable_new ();
  g_autoptr (GCancellable) during = g_cancellable_new ();
  g_cancellable_cancel (before);
  member_join_async (b, "tcp://127.0.0.1:1", before);
  until (b->done);
  g_assert_error (b->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&b->error);
  member_join_async (b, "tcp://127.0.0.1:1", during);
  g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (during);
  until (b->done);
  g_assert_error (b->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&b->error);
  member_found (a);
  member_join (b, a);
  until (member_size (a) == 2);
}

/* ---- The window ---- */

static void
test_window (void)
{
  g_autoptr (Member) a = member_new ("a", "total", "window-size", 10000);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (GError) error = NULL;
  char block[1000] = "queued";
  g_autoptr (GBytes) bytes = g_bytes_new (block, sizeof block);
  guint n = 0;
  strcpy (block, "block");
  member_found (a);
  member_join (b, a);
  while (tyet_group_abcast (a->group, block, sizeof block, &error))
    n++;
  g_assert_error (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_cmpuint (n, ==, 9);
  a->done = FALSE;
  tyet_group_send_async (a->group, TYET_SERVICE_DEFAULT, bytes, TYET_SEND_STABLE, NULL, member_on_sent, a);
  /* None overtakes one that waits, however small. */
  g_assert_false (tyet_group_abcast (a->group, "x", 1, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  until (member_said (a, "writable"));
  g_assert_true (tyet_group_abcast (a->group, "last", 4, &error));
  until (a->done);
  g_assert_no_error (a->error);
  until (member_said (b, "a: last"));
  g_assert_cmpuint (member_count (b, "a: "), ==, n + 2);
  g_assert_true (g_str_equal (g_ptr_array_index (b->said, b->said->len - 2), "a: queued"));
}

static void
on_count (GObject *source, GAsyncResult *result, gpointer count)
{
  g_autoptr (GError) error = NULL;
  tyet_group_send_finish (TYET_GROUP (source), result, &error);
  if (error == NULL)
    ++*(guint *) count;
  else
    *(guint *) count += 1000;
}

static void
test_many_async (void)
{
  g_autoptr (Member) a = member_new ("a", "total", "window-size", 10000);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint accepted = 0, stable = 0, cancelled = 0;
  member_found (a);
  member_join (b, a);
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *text = g_strdup_printf ("%04u", i);
      g_autoptr (GBytes) bytes = g_bytes_new (text, 4);
      tyet_group_send_async (a->group, TYET_SERVICE_SAFE, bytes, i % 2 == 0 ? TYET_SEND_STABLE : TYET_SEND_NONE, NULL,
                             on_count, i % 2 == 0 ? &stable : &accepted);
      if (i == 400)
        tyet_group_send_async (a->group, TYET_SERVICE_SAFE, bytes, TYET_SEND_STABLE, cancellable, on_count, &cancelled);
    }
  g_cancellable_cancel (cancellable);
  until (accepted == 250 && stable == 250);
  until (cancelled == 1 || cancelled == 1000);
  until (member_count (b, "a: ") >= 500);
  for (guint i = 0, at = 1; i < 500; at++)
    {
      const char *said = g_ptr_array_index (b->said, at);
      g_assert_true (g_str_has_prefix (said, "a: "));
      if (atoi (said + 3) == (int) i)
        i++;
    }
}

static void
test_send_sync (void)
{
  g_autoptr (Member) a = member_new ("a", "total", "window-size", 2000);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (1500), 1500);
  g_autoptr (GError) error = NULL;
  member_found (a);
  for (guint i = 0; i < 5; i++)
    {
      g_assert_true (tyet_group_send_sync (a->group, TYET_SERVICE_AGREED, bytes,
                                           i == 4 ? TYET_SEND_STABLE : TYET_SEND_NONE, NULL, &error));
      g_assert_no_error (error);
    }
}

/* ---- What can be seen ---- */

static void
test_seen (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (GVariant) statistics = NULL;
  g_autoptr (GPtrArray) waits = NULL;
  g_autofree char *text = NULL;
  g_autofree char *all = NULL;
  guint64 sent = 0, views = 0;
  member_join_async (b, "tcp://127.0.0.1:1", NULL);
  until (tyet_group_get_state (b->group) == TYET_GROUP_STATE_JOINING);
  waits = tyet_group_get_waits (b->group);
  g_assert_cmpuint (waits->len, >, 0);
  g_assert_cmpstr (tyet_wait_get_what (waits->pdata[0]), ==, "contact");
  g_assert_nonnull (tyet_wait_get_text (waits->pdata[0]));
  g_assert_cmpint (tyet_wait_get_waited_us (waits->pdata[0]), >=, 0);
  text = tyet_group_describe_waits (b->group);
  g_assert_nonnull (strstr (text, "contact"));
  all = tyet_process_describe_waits (b->process);
  g_assert_nonnull (strstr (all, "g: contact"));

  member_found (a);
  tyet_group_abcast (a->group, "x", 1, NULL);
  until (member_said (a, "a: x"));
  statistics = tyet_group_get_statistics (a->group);
  g_assert_true (g_variant_lookup (statistics, "sent", "t", &sent) && sent == 1);
  g_assert_true (g_variant_lookup (statistics, "views", "t", &views) && views == 1);
  g_assert_true (g_strv_contains (tyet_list_orderings (), "total"));
}

static void
test_two_groups (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  g_autoptr (TyetGroup) second_a = tyet_group_new (a->process, "second", "fifo");
  g_autoptr (TyetGroup) second_b = tyet_group_new (b->process, "second", "fifo");
  g_autoptr (GError) error = NULL;
  const char *contacts[] = { tyet_process_get_address (b->process), NULL };
  Fast fast = { .text = g_string_new (NULL) };
  tyet_group_set_deliver_func (second_a, on_fast, &fast, NULL);
  member_found (a);
  member_join (b, a);
  g_assert_true (tyet_group_found (second_b, &error));
  tyet_group_join (second_a, contacts, NULL, &error);
  g_assert_no_error (error);
  tyet_group_fbcast (second_b, "across", 6, &error);
  tyet_group_abcast (b->group, "first", 5, &error);
  until (fast.n == 1 && member_said (a, "b: first"));
  g_assert_cmpstr (fast.text->str, ==, "b/0:across");
  g_assert_cmpuint (member_count (a, "b: "), ==, 1);
  g_string_free (fast.text, TRUE);
}

/* What has come, message by message: each is of bytes of its length's low ones. */
static void
on_sized (TyetGroup *group, TyetMessage *message, GArray *sizes)
{
  gsize len;
  const guint8 *data = tyet_message_get_data (message, &len);
  for (gsize i = 0; i < len; i++)
    if (data[i] != (guint8) len)
      g_error ("byte %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " is another", i, len);
  g_array_append_val (sizes, len);
}

/* Around the length of a frame, and of several, and up to the limit, which is exact. */
static void
test_sizes (void)
{
  const gsize frame = 65472, most = 3 * frame;
  g_autoptr (Member) a = member_new ("a", "total", "max-message-size", (guint) most);
  g_autoptr (Member) b = member_new ("b", "total", "max-message-size", (guint) most);
  g_autoptr (GArray) sent = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autoptr (GArray) got = g_array_new (FALSE, FALSE, sizeof (gsize));
  g_autofree guint8 *data = g_malloc (most + 1);
  g_autoptr (GError) error = NULL;
  member_found (a);
  member_join (b, a);
  g_signal_connect (b->group, "delivered", G_CALLBACK (on_sized), got);
  for (gsize size = 0; size <= most; size++)
    {
      /* (A packet is longer than its message by some tens of bytes.) */
      gboolean near = size % frame > frame - 100 || size % frame < 5;
      if (!near)
        continue;
      memset (data, (guint8) size, size);
      TyetService service = size % 3 == 0 ? TYET_SERVICE_FIFO : TYET_SERVICE_AGREED;
      until (tyet_group_send (a->group, service, data, size, NULL) != 0);
      g_array_append_val (sent, size);
    }
  until (got->len == sent->len);
  for (guint i = 0; i < sent->len; i++)
    g_assert_cmpuint (g_array_index (got, gsize, i), ==, g_array_index (sent, gsize, i));
  g_assert_cmpuint (g_array_index (got, gsize, got->len - 1), ==, most);
  g_assert_cmpuint (tyet_group_send (a->group, TYET_SERVICE_FIFO, data, most + 1, &error), ==, 0);
  g_assert_error (error, TYET_ERROR, TYET_ERROR_TOO_LARGE);
  g_signal_handlers_disconnect_by_data (b->group, got);
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/group/views-and-messages", test_views_and_messages);
  g_test_add_func ("/api/group/who-and-why", test_who_and_why);
  g_test_add_func ("/api/group/deliver-func", test_deliver_func);
  g_test_add_func ("/api/group/message", test_message);
  g_test_add_func ("/api/group/bad-arguments", test_bad_arguments);
  g_test_add_func ("/api/group/bad-processes", test_bad_processes);
  g_test_add_func ("/api/group/out-of-range", test_out_of_range);
  g_test_add_func ("/api/group/turned-away", test_turned_away);
  g_test_add_func ("/api/group/cancelled-join", test_cancelled_join);
  g_test_add_func ("/api/group/window", test_window);
  g_test_add_func ("/api/group/sizes", test_sizes);
  g_test_add_func ("/api/group/many-async", test_many_async);
  g_test_add_func ("/api/group/send-sync", test_send_sync);
  g_test_add_func ("/api/group/seen", test_seen);
  g_test_add_func ("/api/group/two-groups", test_two_groups);
  return g_test_run ();
}
