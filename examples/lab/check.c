/* examples/lab/check.c: `tyet check`: judges the histories of a run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include "core/judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* More of one rule than that help nobody, and a run gone wrong may have a million. */
#define DETAILS 1000

typedef struct
{
  char *model;
  char **files;
  gboolean open_end, strict, json;
} Check;

static gboolean
parse (Check *check, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[]
      = { { "model", 'm', 0, G_OPTION_ARG_STRING, &check->model,
            "What was promised: primary (the default: one chain of views) or extended (every part of a group goes on)",
            "MODEL" },
          { "open-end", 0, 0, G_OPTION_ARG_NONE, &check->open_end,
            "The run was cut off: what is still owed in the last view is not held against it", NULL },
          { "strict", 0, 0, G_OPTION_ARG_NONE, &check->strict,
            "What a process delivered in the view that it did not go on from counts in the total order, too", NULL },
          { "json", 'j', 0, G_OPTION_ARG_NONE, &check->json, "Write the verdict as one JSON object", NULL },
          { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &check->files, "Histories", "FILE..." },
          G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new ("- judge the histories of a run");
  g_option_context_set_summary (
      context, "Reads the histories that the processes of a run have written, all of them together, and says\n"
               "whether the run is legal: \"legal\" and what was counted, or a line for each violation, with the\n"
               "number of the rule, what happened, and where. Several files of one process are given in the order\n"
               "of their writing.");
  g_option_context_set_description (context,
                                    "Exit status: 0 legal, 1 not legal, 2 a file cannot be read or is no history.\n\n"
                                    "Example:\n"
                                    "  tyet cat --group tea --ordering total --history a.history --found ...\n"
                                    "  tyet check a.history b.history\n");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static gboolean
find_model (const Check *check, TyJudgeModel *model, GError **error)
{
  *model = TY_JUDGE_PRIMARY;
  if (g_strcmp0 (check->model, "extended") == 0)
    *model = TY_JUDGE_EXTENDED;
  else if (check->model != NULL && !g_str_equal (check->model, "primary"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "There is no model \"%s\"; there are primary, extended", check->model);
      return FALSE;
    }
  if (check->files != NULL)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "No history is named");
  return FALSE;
}

static int
run (const Check *check, TyJudgeModel model, GError **error)
{
  const TyJudgeOptions options
      = { .model = model, .open_end = check->open_end, .strict = check->strict, .max_details = DETAILS };
  g_autoptr (TyJudge) judge = ty_judge_new (&options, error);
  if (judge == NULL)
    return LAB_USAGE;
  for (char **file = check->files; *file != NULL; file++)
    if (!ty_judge_read_file (judge, *file, error))
      return LAB_USAGE;
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  g_autofree char *text = check->json ? ty_judge_report_to_json (report) : ty_judge_report_to_string (report);
  if (check->model == NULL && report->by_rule[TY_RULE_PRIMARY] > 0)
    g_printerr (
        "%s: There are views in it that are not primary. If every part of the group was to go on, judge it with "
        "--model extended.\n",
        g_get_prgname ());
  if (fputs (text, stdout) < 0 || (check->json && putchar ('\n') < 0) || fflush (stdout) != 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "Standard output cannot be written: %s",
                   g_strerror (errno));
      return LAB_USAGE;
    }
  return report->legal ? LAB_GOOD : LAB_FINDING;
}

int
lab_check (int argc, char **argv)
{
  Check check = { 0 };
  TyJudgeModel model;
  g_autoptr (GError) error = NULL;
  int status = LAB_USAGE;
  if (!parse (&check, &argc, &argv, &error) || !find_model (&check, &model, &error))
    g_printerr ("%s: %s\nTry --help.\n", g_get_prgname (), error->message);
  else
    {
      status = run (&check, model, &error);
      if (error != NULL)
        g_printerr ("%s: %s\n", g_get_prgname (), error->message);
    }
  g_free (check.model);
  g_strfreev (check.files);
  return status;
}
