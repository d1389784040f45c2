/* core/judge.c: the judge's outside: reading, judging, reporting. Rules are in judge-*.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

G_DEFINE_QUARK (ty - judge - error, ty_judge_error)

static const char *const rule_names[TY_N_RULES] = {
  [TY_RULE_PRIMARY] = "primary",   [TY_RULE_MEMBER] = "member",
  [TY_RULE_RANKS] = "ranks",       [TY_RULE_ONCE] = "once",
  [TY_RULE_NEXT] = "next",         [TY_RULE_FORK] = "fork",
  [TY_RULE_SKIP] = "skip",         [TY_RULE_CHAIN] = "chain",
  [TY_RULE_INSIDE] = "inside",     [TY_RULE_AFTER] = "after",
  [TY_RULE_BLOCKED] = "blocked",   [TY_RULE_UNIQUE] = "unique",
  [TY_RULE_SENT] = "sent",         [TY_RULE_VIEW] = "view",
  [TY_RULE_TWICE] = "twice",       [TY_RULE_TIME] = "time",
  [TY_RULE_FIFO] = "fifo",         [TY_RULE_CAUSAL] = "causal",
  [TY_RULE_ORDER] = "order",       [TY_RULE_HOLE] = "hole",
  [TY_RULE_SELF] = "self",         [TY_RULE_SET] = "set",
  [TY_RULE_SAFE] = "safe",         [TY_RULE_LOAD] = "load",
  [TY_RULE_DIGEST] = "digest",

  [TY_RULE_E_CAUSE] = "cause",     [TY_RULE_E_SEQUENCE] = "sequence",
  [TY_RULE_E_SENT] = "sent",       [TY_RULE_E_UNIQUE] = "unique",
  [TY_RULE_E_STAY] = "stay",       [TY_RULE_E_INSIDE] = "inside",
  [TY_RULE_E_FOLLOWS] = "follows", [TY_RULE_E_PRECEDES] = "precedes",
  [TY_RULE_E_SELF] = "self",       [TY_RULE_E_SET] = "set",
  [TY_RULE_E_CAUSAL] = "causal",   [TY_RULE_E_ORDER] = "order",
  [TY_RULE_E_AGREE] = "agree",     [TY_RULE_E_GAP] = "gap",
  [TY_RULE_E_SAFE] = "safe",       [TY_RULE_E_INSTALLED] = "installed",
  [TY_RULE_E_ONE] = "one",         [TY_RULE_E_CHAIN] = "chain",
  [TY_RULE_E_MEMBER] = "member",   [TY_RULE_E_SAME] = "same",
  [TY_RULE_E_BRIDGE] = "bridge",   [TY_RULE_E_RECOVERY] = "recovery",
  [TY_RULE_E_BLOCKED] = "blocked", [TY_RULE_E_LOAD] = "load",
  [TY_RULE_E_DIGEST] = "digest",
};

static const char *const rule_numbers[TY_N_RULES] = {
  "P1",  "P2",  "P3",  "P4",  "P5",  "P6",  "P7",  "P8",  "P9",  "P10", "P11", "P12", "P13",
  "P14", "P15", "P16", "P17", "P18", "P19", "P20", "P21", "P22", "P23", "P24", "P25",

  "1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "2.3", "2.4", "3",   "4",   "5",   "6.1", "6.2",
  "6.3", "7.1", "7.2", "H1",  "H2",  "F1",  "F2",  "F3",  "F4",  "F5",  "F6",  "F7",
};

const char *
ty_judge_rule_number (TyJudgeRule rule)
{
  g_assert ((guint) rule < TY_N_RULES);
  return rule_numbers[rule];
}

const char *
ty_judge_rule_name (TyJudgeRule rule)
{
  g_assert ((guint) rule < TY_N_RULES);
  return rule_names[rule];
}

static void
violation_free (gpointer data)
{
  TyJudgeViolation *v = data;
  g_free (v->group);
  g_free (v->text);
  g_strfreev (v->processes);
  g_strfreev (v->messages);
  g_strfreev (v->views);
  g_free (v);
}

/* A table whose row 0 stands for none. */
static GArray *
new_table (guint row_bytes)
{
  GArray *table = g_array_new (FALSE, TRUE, row_bytes);
  return g_array_set_size (table, 1);
}

TyJudge *
ty_judge_new (const TyJudgeOptions *options, GError **error)
{
  if (options->model != TY_JUDGE_PRIMARY && options->model != TY_JUDGE_EXTENDED)
    {
      g_set_error (error, TY_JUDGE_ERROR, TY_JUDGE_ERROR_MODEL, "there is no model %d", (int) options->model);
      return NULL;
    }
  TyJudge *j = g_new0 (TyJudge, 1);
  j->options = *options;
  if (j->options.max_details == 0)
    j->options.max_details = 20;
  ty_history_reader_init (&j->reader);
  ty_names_init (&j->processes);
  ty_names_init (&j->groups);
  ty_names_init (&j->views);
  ty_names_init (&j->messages);
  ty_names_init (&j->digests);
  j->process = new_table (sizeof (TyJudgeProcess));
  j->view = new_table (sizeof (TyJudgeView));
  j->message = new_table (sizeof (TyJudgeMessage));
  j->track = new_table (sizeof (TyTrack));
  j->stay = new_table (sizeof (TyStay));
  j->tracks = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  j->key = g_string_new (NULL);
  j->members = g_array_new (FALSE, FALSE, sizeof (guint32));
  j->violations = g_ptr_array_new_with_free_func (violation_free);
  return j;
}

void
ty_judge_free (TyJudge *j)
{
  for (guint32 i = 1; i < j->view->len; i++)
    {
      g_free (TY_VIEW (j, i)->members);
      g_array_unref (TY_VIEW (j, i)->stays);
    }
  for (guint32 i = 1; i < j->stay->len; i++)
    {
      g_clear_pointer (&TY_STAY (j, i)->events, g_array_unref);
      g_clear_pointer (&TY_STAY (j, i)->sent, g_array_unref);
    }
  ty_history_reader_clear (&j->reader);
  ty_names_clear (&j->processes);
  ty_names_clear (&j->groups);
  ty_names_clear (&j->views);
  ty_names_clear (&j->messages);
  ty_names_clear (&j->digests);
  g_array_unref (j->process);
  g_array_unref (j->view);
  g_array_unref (j->message);
  g_array_unref (j->track);
  g_array_unref (j->stay);
  g_hash_table_unref (j->tracks);
  g_string_free (j->key, TRUE);
  g_array_unref (j->members);
  g_clear_pointer (&j->violations, g_ptr_array_unref);
  g_free (j);
}

gboolean
ty_judge_read (TyJudge *j, const char *source, const char *data, gsize len_bytes, GError **error)
{
  guint64 line;
  const char *why;
  j->sources++;
  if (ty_history_reader_all (&j->reader, data, len_bytes, ty_judge_collect, j, &line, &why))
    return TRUE;
  g_set_error (error, TY_JUDGE_ERROR, TY_JUDGE_ERROR_UNREADABLE, "%s:%" G_GUINT64_FORMAT ": %s", source, line, why);
  return FALSE;
}

gboolean
ty_judge_read_file (TyJudge *j, const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize len_bytes;
  /* Mapping takes regular files only; pipes are histories, too. */
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return g_file_get_contents (path, &data, &len_bytes, error) && ty_judge_read (j, path, data, len_bytes, error);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, error);
  if (file == NULL)
    return FALSE;
  return ty_judge_read (j, path, g_mapped_file_get_contents (file), g_mapped_file_get_length (file), error);
}

/* The names of up to three, without zeros and repetitions. */
static char **
names_of (TyJudge *j, const guint32 *of, const char *(*text) (TyJudge *, guint32))
{
  g_autoptr (GStrvBuilder) b = g_strv_builder_new ();
  for (guint i = 0; i < 3; i++)
    if (of[i] != 0 && (i < 1 || of[i] != of[0]) && (i < 2 || of[i] != of[1]))
      g_strv_builder_add (b, text (j, of[i]));
  return g_strv_builder_end (b);
}

void
ty_judge_violation (TyJudge *j, TyJudgeRule rule, TyConcerned who, const char *format, ...)
{
  j->n_violations++;
  if (j->by_rule[rule]++ >= j->options.max_details)
    return;
  TyJudgeViolation *v = g_new (TyJudgeViolation, 1);
  va_list args;
  va_start (args, format);
  *v = (TyJudgeViolation){
    .rule = rule,
    .group = g_strdup (ty_names_text (&j->groups, who.group)),
    .text = g_strdup_vprintf (format, args),
    .processes = names_of (j, who.processes, ty_judge_process_text),
    .messages = names_of (j, who.messages, ty_judge_message_text),
    .views = names_of (j, who.views, ty_judge_view_text),
  };
  va_end (args);
  g_ptr_array_add (j->violations, v);
}

static gint
by_rule (gconstpointer a, gconstpointer b)
{
  const TyJudgeViolation *v = *(const TyJudgeViolation *const *) a, *w = *(const TyJudgeViolation *const *) b;
  return (gint) v->rule - (gint) w->rule;
}

static void
count (TyJudge *j, TyJudgeReport *report)
{
  g_autofree gboolean *processes = g_new0 (gboolean, j->process->len);
  g_autofree gboolean *groups = g_new0 (gboolean, j->groups.n + 1);
  for (guint32 i = 1; i < j->track->len; i++)
    {
      const TyTrack *t = TY_TRACK (j, i);
      report->processes += !processes[t->process];
      processes[t->process] = TRUE;
      report->groups += t->stay != 0 && !groups[t->group];
      groups[t->group] |= t->stay != 0;
    }
  for (guint32 i = 1; i < j->view->len; i++)
    report->views += TY_VIEW (j, i)->stays->len > 0;
  for (guint32 i = 1; i < j->message->len; i++)
    report->messages += TY_MESSAGE (j, i)->stay != 0;
}

TyJudgeReport *
ty_judge_report (TyJudge *j)
{
  g_assert (j->violations != NULL);
  if (j->options.model == TY_JUDGE_PRIMARY)
    ty_judge_chain (j);
  else
    {
      ty_judge_configs (j);
      ty_judge_stays (j);
      ty_judge_once (j);
    }
  ty_judge_views (j);

  TyJudgeReport *report = g_new (TyJudgeReport, 1);
  *report = (TyJudgeReport){
    .legal = j->n_violations == 0,
    .events = j->events,
    .deliveries = j->deliveries,
    .blocks = j->blocks,
    .failures = j->failures,
    .n_violations = j->n_violations,
  };
  memcpy (report->by_rule, j->by_rule, sizeof report->by_rule);
  count (j, report);
  g_ptr_array_sort (j->violations, by_rule); /* stable */
  report->violations = g_steal_pointer (&j->violations);
  return report;
}

void
ty_judge_report_free (TyJudgeReport *report)
{
  g_ptr_array_unref (report->violations);
  g_free (report);
}
