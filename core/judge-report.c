/* core/judge-report.c: what the judge found, as text for people and as JSON for machines.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/judge.h"

static void
add_count (GString *out, guint64 n, const char *one, const char *many)
{
  g_string_append_printf (out, "%s%" G_GUINT64_FORMAT " %s", out->str[out->len - 1] == ':' ? " " : ", ", n,
                          n == 1 ? one : many);
}

static void
add_names (GString *out, const char *one, const char *many, char *const *names)
{
  if (names[0] == NULL)
    return;
  g_string_append_printf (out, "%s%s ", out->str[out->len - 1] == '(' ? "" : "; ", names[1] == NULL ? one : many);
  for (guint i = 0; names[i] != NULL; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? ", " : "", names[i]);
}

/* A name may hold anything, a line of this report is one line. */
static void
end_line (GString *out, gsize from)
{
  for (gsize i = from; i < out->len; i++)
    if ((guchar) out->str[i] < 0x20 || out->str[i] == 0x7f)
      out->str[i] = '?';
  g_string_append_c (out, '\n');
}

char *
ty_judge_report_to_string (const TyJudgeReport *r)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < r->violations->len; i++)
    {
      const TyJudgeViolation *v = r->violations->pdata[i];
      gsize from = out->len;
      g_string_append_printf (out, "%s %s: ", ty_judge_rule_number (v->rule), ty_judge_rule_name (v->rule));
      if (v->group[0] != '\0')
        g_string_append_printf (out, "group %s: ", v->group);
      g_string_append_printf (out, "%s (", v->text);
      add_names (out, "process", "processes", v->processes);
      add_names (out, "message", "messages", v->messages);
      add_names (out, "view", "views", v->views);
      g_string_append_c (out, ')');
      end_line (out, from);
    }
  for (guint rule = 0; rule < TY_N_RULES; rule++)
    {
      guint64 shown = 0;
      for (guint i = 0; i < r->violations->len; i++)
        shown += ((const TyJudgeViolation *) r->violations->pdata[i])->rule == rule;
      if (r->by_rule[rule] > shown)
        g_string_append_printf (out, "%s %s: and %" G_GUINT64_FORMAT " more\n", ty_judge_rule_number (rule),
                                ty_judge_rule_name (rule), r->by_rule[rule] - shown);
    }
  g_string_append (out, r->legal ? "legal:" : "not legal:");
  if (!r->legal)
    add_count (out, r->n_violations, "violation", "violations");
  add_count (out, r->events, "event", "events");
  add_count (out, r->processes, "process", "processes");
  add_count (out, r->groups, "group", "groups");
  add_count (out, r->views, "view", "views");
  add_count (out, r->messages, "message", "messages");
  add_count (out, r->deliveries, "delivery", "deliveries");
  add_count (out, r->blocks, "block", "blocks");
  add_count (out, r->failures, "failure", "failures");
  return g_string_free (g_string_append_c (out, '\n'), FALSE);
}

static void
add_text (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (out, "\\%c", *text);
    else if ((guchar) *text < 0x20)
      g_string_append_printf (out, "\\u%04x", (guint) *text);
    else
      g_string_append_c (out, *text);
  g_string_append_c (out, '"');
}

static void
add_texts (GString *out, const char *field, char *const *texts)
{
  g_string_append_printf (out, ",\"%s\":[", field);
  for (guint i = 0; texts[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      add_text (out, texts[i]);
    }
  g_string_append_c (out, ']');
}

char *
ty_judge_report_to_json (const TyJudgeReport *r)
{
  const struct
  {
    const char *name;
    guint64 n;
  } counts[] = { { "events", r->events }, { "processes", r->processes }, { "groups", r->groups },
                 { "views", r->views },   { "messages", r->messages },   { "deliveries", r->deliveries },
                 { "blocks", r->blocks }, { "failures", r->failures } };
  GString *out = g_string_new ("{\"legal\":");
  g_string_append (out, r->legal ? "true" : "false");
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    g_string_append_printf (out, ",\"%s\":%" G_GUINT64_FORMAT, counts[i].name, counts[i].n);
  g_string_append_printf (out, ",\"violation_count\":%" G_GUINT64_FORMAT ",\"violations\":[", r->n_violations);
  for (guint i = 0; i < r->violations->len; i++)
    {
      const TyJudgeViolation *v = r->violations->pdata[i];
      g_string_append_printf (out, "%s{\"rule\":\"%s\",\"name\":\"%s\",\"group\":", i > 0 ? "," : "",
                              ty_judge_rule_number (v->rule), ty_judge_rule_name (v->rule));
      add_text (out, v->group);
      g_string_append (out, ",\"text\":");
      add_text (out, v->text);
      add_texts (out, "processes", v->processes);
      add_texts (out, "messages", v->messages);
      add_texts (out, "views", v->views);
      g_string_append_c (out, '}');
    }
  return g_string_free (g_string_append (out, "]}"), FALSE);
}
