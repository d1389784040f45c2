/* tests/judge/test-history.c: the recorder writes what the format says, and the judge reads it back.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/history-reader.h"
#include "core/history.h"
#include "core/judge.h"

#include <string.h>

static void
append (const char *lines, gsize len_bytes, gpointer user_data)
{
  g_assert_cmpint (lines[len_bytes - 1], ==, '\n');
  g_string_append_len (user_data, lines, (gssize) len_bytes);
}

static TyetView *
new_view (guint64 number, const char *group, const char *const *names, guint self)
{
  guint n = g_strv_length ((char **) names);
  TyMember *members = g_new0 (TyMember, n);
  TyId id = { { 1 } };
  TyViewId view_id = { .number = number, .ballot = { .counter = number, .pid = { { 0xab, 0xcd, 0xef, 1 } } } };
  for (guint i = 0; i < n; i++)
    members[i] = (TyMember){ .pid = { { (guint8) (i + 1) } }, .name = g_strdup (names[i]), .address = g_strdup ("") };
  return ty_view_new (&id, group, &view_id, members, n, &members[self].pid);
}

static void
test_lines (void)
{
  static const char *const names[] = { "a\"b", "c", NULL };
  g_autoptr (TyetView) view = new_view (1, "g\n", names, 0);
  g_autoptr (TyHistory) h = ty_history_new ("a\"b");
  g_autoptr (GString) out = g_string_new (NULL);
  ty_history_conf (h, view, "", 1);
  ty_history_conf (h, view, "0.1", 2);
  ty_history_conf (h, view, NULL, 2);
  ty_history_send (h, view, 1, TY_SERVICE_FIFO, 0, 3);
  ty_history_send (h, view, 18446744073709551615u, TY_SERVICE_SAFE, 1234567, 3);
  ty_history_deliver (h, view, 1, 9, 10, 0);
  ty_history_block (h, view, 5);
  ty_history_save (h, view, "d\\", 6);
  ty_history_load (h, view, NULL, 6);
  ty_history_fail (h, view, TY_HISTORY_CRASH, 7);
  ty_history_fail (h, view, TY_HISTORY_LEAVE, 7);
  ty_history_fail (h, view, TY_HISTORY_EXCLUDED, 7);
  ty_history_end (h, "", 8);
  ty_history_set_process (h, "a.1");
  ty_history_block (h, view, 5);
  ty_history_end (h, "", 8);
  ty_history_flush (h, append, out);
  ty_history_flush (h, append, out); /* nothing more */
#define HEAD(t, e) "{\"p\":\"a\\\"b\",\"g\":\"g\\u000a\",\"t\":" t ",\"e\":\"" e "\",\"c\":\"1.1.abcdef01\""
#define CONF ",\"kind\":\"regular\",\"members\":[\"a\\\"b\",\"c\"],\"primary\":true"
  g_assert_cmpstr (out->str, ==,
                   HEAD ("1000", "conf") CONF ",\"prev\":\"\"}\n"
                   HEAD ("2000", "conf") CONF ",\"prev\":\"0.1\"}\n"
                   HEAD ("2000", "conf") CONF "}\n"
                   HEAD ("3000", "send") ",\"m\":\"a\\\"b/g\\u000a/1.1.abcdef01/1\",\"service\":\"fifo\",\"len\":0}\n"
                   HEAD ("3000", "send")
                   ",\"m\":\"a\\\"b/g\\u000a/1.1.abcdef01/18446744073709551615\""
                   ",\"service\":\"safe\",\"len\":1234567}\n"
                   HEAD ("0", "deliver") ",\"m\":\"c/g\\u000a/1.1.abcdef01/9\"}\n"
                   HEAD ("0", "deliver") ",\"m\":\"c/g\\u000a/1.1.abcdef01/10\"}\n"
                   HEAD ("6000", "save") ",\"digest\":\"d\\\\\"}\n"
                   HEAD ("6000", "load") "}\n"
                   HEAD ("5000", "block") "}\n"
                   HEAD ("7000", "fail") ",\"why\":\"crash\"}\n"
                   HEAD ("7000", "fail") ",\"why\":\"leave\"}\n"
                   HEAD ("7000", "fail") ",\"why\":\"excluded\"}\n"
                   "{\"p\":\"a\\\"b\",\"g\":\"\",\"t\":8000,\"e\":\"end\"}\n"
                   "{\"p\":\"a.1\",\"g\":\"g\\u000a\",\"t\":5000,\"e\":\"block\",\"c\":\"1.1.abcdef01\"}\n"
                   "{\"p\":\"a.1\",\"g\":\"\",\"t\":8000,\"e\":\"end\"}\n");
}

/* Where the line of a block goes. */
static void
test_blocks (void)
{
  static const char *const names[] = { "a", "b", NULL };
  g_autoptr (TyetView) one = new_view (1, "g", names, 0);
  g_autoptr (TyetView) two = new_view (2, "g", names, 0);
  g_autoptr (TyHistory) h = ty_history_new ("a");
  g_autoptr (GString) out = g_string_new (NULL);
#define EVENT(e, view, rest) "{\"p\":\"a\",\"g\":\"g\",\"t\":0,\"e\":\"" e "\",\"c\":\"" view ".abcdef01\"" rest "}\n"
#define MEMBERS ",\"kind\":\"regular\",\"members\":[\"a\",\"b\"],\"primary\":true"
  /* The closing of a blocked view, in one step with its end. */
  ty_history_block (h, one, 0);
  ty_history_flush (h, append, out);
  g_assert_cmpstr (out->str, ==, "");
  ty_history_deliver (h, one, 0, 1, 1, 0);
  ty_history_conf (h, two, NULL, 0);
  ty_history_flush (h, append, out);
  g_assert_cmpstr (out->str, ==,
                   EVENT ("deliver", "1.1", ",\"m\":\"a/g/1.1.abcdef01/1\"") EVENT ("block", "1.1", "")
                     EVENT ("conf", "2.2", MEMBERS));
  /* What should not be: a delivery in the midst of a block. It must come to light. */
  g_string_truncate (out, 0);
  ty_history_block (h, two, 0);
  ty_history_flush (h, append, out);
  ty_history_deliver (h, two, 0, 1, 1, 0);
  ty_history_flush (h, append, out);
  ty_history_fail (h, two, TY_HISTORY_EXCLUDED, 0);
  ty_history_flush (h, append, out);
  g_assert_cmpstr (out->str, ==,
                   EVENT ("block", "2.2", "") EVENT ("deliver", "2.2", ",\"m\":\"a/g/2.2.abcdef01/1\"")
                     EVENT ("fail", "2.2", ",\"why\":\"excluded\""));
  /* Excluded while blocked. */
  g_string_truncate (out, 0);
  ty_history_block (h, two, 0);
  ty_history_fail (h, two, TY_HISTORY_EXCLUDED, 0);
  ty_history_flush (h, append, out);
  g_assert_cmpstr (out->str, ==, EVENT ("block", "2.2", "") EVENT ("fail", "2.2", ",\"why\":\"excluded\""));
}

/* Two processes in two groups, with names that need escapes: the judge takes it, and takes nothing for another. */
static void
test_round_trip (void)
{
  static const char *const names[] = { "\\é\t", "b", NULL };
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint p = 0; p < 2; p++)
    {
      g_autoptr (TyHistory) h = ty_history_new (names[p]);
      for (guint g = 0; g < 2; g++)
        {
          g_autoptr (TyetView) view = new_view (1, g == 0 ? "one" : "two", names, p);
          ty_history_conf (h, view, "", 0);
          ty_history_send (h, view, 1, TY_SERVICE_AGREED, 1, 0);
          ty_history_deliver (h, view, 0, 1, 1, 0);
          ty_history_deliver (h, view, 1, 1, 1, 0);
        }
      ty_history_end (h, "", 0);
      ty_history_flush (h, append, out);
    }
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY };
  g_autoptr (GError) error = NULL;
  g_autoptr (TyJudge) judge = ty_judge_new (&options, &error);
  ty_judge_read (judge, "recorded", out->str, out->len, &error);
  g_assert_no_error (error);
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  g_autofree char *text = ty_judge_report_to_string (report);
  g_assert_cmpstr (text, ==,
                   "legal: 18 events, 2 processes, 2 groups, 2 views, 4 messages, 8 deliveries, 0 blocks, "
                   "0 failures\n");
}

/* For display: what does not fit is as if it were not there, and the line is read all the same. */
static void
test_numbers (void)
{
  static const struct
  {
    const char *t;
    gint64 wanted;
  } cases[] = {
    { "0", 0 },   { "51200310", 51200310 },       { "9223372036854775799", G_GINT64_CONSTANT (9223372036854775799) },
    { "-1", -1 }, { "99999999999999999999", -1 }, { "\"7\"", -1 },
    { "[1]", -1 }, { "1.5", -1 },                 { "1e3", -1 },
  };
  TyHistoryReader reader = { 0 };
  ty_history_reader_init (&reader);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      TyRecord record;
      const char *why = NULL;
      g_autofree char *line = g_strdup_printf ("{\"t\":%s,\"len\":%s,\"p\":\"a\",\"e\":\"send\",\"c\":\"1\","
                                               "\"m\":\"m\",\"service\":\"fifo\"}",
                                               cases[i].t, cases[i].t);
      g_assert_true (ty_history_reader_line (&reader, line, strlen (line), &record, &why));
      g_assert_cmpint (record.t, ==, cases[i].wanted);
      g_assert_cmpint (record.len, ==, cases[i].wanted);
    }
  ty_history_reader_clear (&reader);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/history/lines", test_lines);
  g_test_add_func ("/history/blocks", test_blocks);
  g_test_add_func ("/history/round-trip", test_round_trip);
  g_test_add_func ("/history/numbers", test_numbers);
  return g_test_run ();
}
