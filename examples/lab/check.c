/* examples/lab/check.c: `tyet check`: judges the histories of a run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "core/history-reader.h"
#include "lab.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* More of one rule than that help nobody, and a run gone wrong may have a million. */
#define DETAILS 1000
/* So many of those who are missing are named. */
#define MAX_NAMED 5

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

/* ---- What may be meant ---- */

static gboolean
are_same (const char *a, const char *b)
{
  g_autoptr (GMappedFile) x = g_mapped_file_new (a, FALSE, NULL), y = g_mapped_file_new (b, FALSE, NULL);
  gsize len = x != NULL ? g_mapped_file_get_length (x) : 0;
  return len > 0 && y != NULL && g_mapped_file_get_length (y) == len
         && memcmp (g_mapped_file_get_contents (x), g_mapped_file_get_contents (y), len) == 0;
}

/* One history twice is a run in which everything happens after its end. */
static gboolean
tell_of_twins (char **files)
{
  for (char **a = files; *a != NULL; a++)
    for (char **b = a + 1; *b != NULL; b++)
      if (are_same (*a, *b))
        {
          g_printerr ("%s: %s and %s are the same history: each is to be given once.\n", g_get_prgname (), *a, *b);
          return TRUE;
        }
  return FALSE;
}

typedef struct
{
  GHashTable *members;  /* names in views */
  GHashTable *speaking; /* whose history there is */
} Census;

static void
count_record (const TyRecord *r, gpointer data)
{
  Census *census = data;
  g_hash_table_add (census->speaking, g_strndup (r->p.text, r->p.len));
  for (guint i = 0; r->event == TY_RECORD_CONF && i < r->n_members; i++)
    g_hash_table_add (census->members, g_strndup (r->members[i].text, r->members[i].len));
}

/* FALSE: it cannot be read a second time, as a pipe cannot. */
static gboolean
count_file (Census *census, const char *path)
{
  guint64 bad_line;
  const char *why;
  g_autoptr (GMappedFile) file
      = g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_mapped_file_new (path, FALSE, NULL) : NULL;
  if (file == NULL)
    return FALSE;
  TyHistoryReader reader;
  ty_history_reader_init (&reader);
  gboolean good = g_mapped_file_get_length (file) == 0
                  || ty_history_reader_all (&reader, g_mapped_file_get_contents (file), g_mapped_file_get_length (file),
                                            count_record, census, &bad_line, &why);
  ty_history_reader_clear (&reader);
  return good;
}

/* The first few of those of whom others tell, in the order of their names; NULL: there are none. (transfer full) */
static char *
names_of_silent (const Census *census)
{
  GString *names = g_string_new (NULL);
  guint n = 0;
  g_autoptr (GList) members = g_list_sort (g_hash_table_get_keys (census->members), (GCompareFunc) strcmp);
  for (GList *l = members; l != NULL; l = l->next)
    if (!g_hash_table_contains (census->speaking, l->data) && ++n <= MAX_NAMED)
      g_string_append_printf (names, "%s%s", n > 1 ? ", " : "", (const char *) l->data);
  if (n > MAX_NAMED)
    g_string_append_printf (names, " and %u more", n - MAX_NAMED);
  return g_string_free (names, n == 0);
}

/* What a process sent is known from its own history alone. */
static gboolean
tell_of_silent (char **files, const TyJudgeReport *report)
{
  gboolean good = report->by_rule[TY_RULE_SENT] + report->by_rule[TY_RULE_E_SENT] > 0;
  Census census = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  for (char **file = files; good && *file != NULL; file++)
    good = count_file (&census, *file);
  g_autofree char *silent = good ? names_of_silent (&census) : NULL;
  if (silent != NULL)
    g_printerr ("%s: No history is given of %s, though members of views: what only they have on record, such as "
                "what they sent,\ncounts as not done. Give the histories of all.\n",
                g_get_prgname (), silent);
  g_hash_table_unref (census.members);
  g_hash_table_unref (census.speaking);
  return silent != NULL;
}

/* Two processes of one name are taken for one, that comes back after its end, or leaves out views. */
static void
tell_of_namesakes (const TyJudgeReport *report)
{
  for (guint i = 0; i < report->violations->len; i++)
    {
      const TyJudgeViolation *v = report->violations->pdata[i];
      gboolean likely = v->rule == TY_RULE_NEXT || v->rule == TY_RULE_SKIP || v->rule == TY_RULE_AFTER;
      if (!likely || v->processes[0] == NULL)
        continue;
      g_autofree char *who = g_strjoinv (" or ", v->processes);
      g_printerr ("%s: Histories know processes by their names. If %s was ended and started again, that is "
                  "another process: give it\nanother name (tyet cat --rejoin numbers them), or both count as one.\n",
                  g_get_prgname (), who);
      return;
    }
}

void
check_say_what_is_meant (char **files, const TyJudgeReport *report)
{
  if (!report->legal && !tell_of_twins (files) && !tell_of_silent (files, report))
    tell_of_namesakes (report);
}

static void
advise (const Check *check, const TyJudgeReport *report)
{
  if (report->events == 0)
    g_printerr ("%s: Nothing is recorded there.\n", g_get_prgname ());
  if (check->model == NULL && report->by_rule[TY_RULE_PRIMARY] > 0)
    g_printerr (
        "%s: There are views in it that are not primary. If every part of the group was to go on, judge it with "
        "--model extended.\n",
        g_get_prgname ());
  check_say_what_is_meant (check->files, report);
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
  advise (check, report);
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
