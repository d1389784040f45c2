/* tests/judge/cases.c: see cases.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cases.h"

#include <string.h>

#include "brief.h"

static TyJudgeReport *
judge_case (const Case *c, TyJudgeModel model)
{
  TyJudgeOptions options = { .model = model, .open_end = c->open_end, .strict = c->strict };
  g_autoptr (GError) error = NULL;
  g_autoptr (TyJudge) judge = ty_judge_new (&options, &error);
  g_auto (GStrv) files = g_strsplit (c->brief, "\n-\n", -1);
  g_assert_no_error (error);
  for (char **file = files; *file != NULL; file++)
    {
      g_autofree char *json = brief_to_json (*file);
      ty_judge_read (judge, "brief", json, strlen (json), &error);
      g_assert_no_error (error);
    }
  return ty_judge_report (judge);
}

static void
test_case (const Case *c, TyJudgeModel model)
{
  g_autoptr (TyJudgeReport) report = judge_case (c, model);
  g_autoptr (GString) found = g_string_new (NULL);
  g_autofree char *text = ty_judge_report_to_string (report);
  for (guint rule = 0; rule < TY_N_RULES; rule++)
    if (report->by_rule[rule] > 0)
      g_string_append_printf (found, "%s%s", found->len > 0 ? " " : "", ty_judge_rule_number (rule));
  g_autofree char *shown = g_utf8_make_valid (text, -1);
  g_test_message ("%s", shown);
  g_assert_cmpstr (found->str, ==, c->broken);
  g_assert_cmpint (report->legal, ==, found->len == 0);
}

static void
test_primary (gconstpointer data)
{
  test_case (data, TY_JUDGE_PRIMARY);
}

static void
test_extended (gconstpointer data)
{
  test_case (data, TY_JUDGE_EXTENDED);
}

void
cases_add (const char *prefix, TyJudgeModel model, const Case *cases, gsize n_cases)
{
  for (gsize i = 0; i < n_cases; i++)
    {
      g_autofree char *path = g_strdup_printf ("/%s/%s", prefix, cases[i].name);
      g_test_add_data_func (path, &cases[i], model == TY_JUDGE_PRIMARY ? test_primary : test_extended);
    }
}
