/* examples/lab/run-report.c: see run-report.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run-report.h"

#include "examples/lab/out.h"
#include "timeline.h"

#include <string.h>

typedef struct
{
  gint64 us;
  char *p, *what, *text;
} Line;

struct _RunReport
{
  RunForm form;
  GArray *lines; /* Line */
};

static void
line_clear (gpointer data)
{
  Line *line = data;
  g_free (line->p);
  g_free (line->what);
  g_free (line->text);
}

RunReport *
run_report_new (RunForm form)
{
  RunReport *report = g_new0 (RunReport, 1);
  report->form = form;
  report->lines = g_array_new (FALSE, FALSE, sizeof (Line));
  g_array_set_clear_func (report->lines, line_clear);
  return report;
}

void
run_report_free (RunReport *report)
{
  g_array_unref (report->lines);
  g_free (report);
}

void
run_report_told (gint64 us, const char *p, const char *what, const char *text, gpointer data)
{
  RunReport *report = data;
  Line line = { us, g_strdup (p), g_strdup (what), g_strdup (text) };
  g_array_append_val (report->lines, line);
}

/* ---- As text ---- */

static void
put_timeline (GString *out, const Film *film)
{
  TimelineOptions options;
  timeline_options_init (&options);
  g_autofree char *text = timeline_of_film (film, &options);
  g_string_append (out, text);
  g_string_append_c (out, '\n');
}

static void
put_by_process (GString *out, const RunReport *report, const Play *play)
{
  for (guint k = 0; k < ty_sim_n_processes (play->world); k++)
    {
      const char *name = ty_sim_name (ty_sim_process (play->world, k));
      g_string_append_printf (out, "%s\n", name);
      for (guint i = 0; i < report->lines->len; i++)
        {
          const Line *line = &g_array_index (report->lines, Line, i);
          if (g_str_equal (line->p, name) && !g_str_equal (line->what, "traffic"))
            g_string_append_printf (out, "  %.*s\n", (int) strcspn (line->text, ":"), line->text); /* not why */
        }
    }
}

static char *
step_text (const PlayResult *result, const Play *play)
{
  return scene_step_to_string (result->step, play->scene, FALSE);
}

static void
put_results (GString *out, const Play *play)
{
  for (guint i = 0; i < play->results->len; i++)
    {
      const PlayResult *result = &g_array_index (play->results, PlayResult, i);
      g_autofree char *text = step_text (result, play);
      g_string_append_printf (out, "%s  %s:%u: %s%s%s\n", result->holds ? "holds" : "FAILS", play->scene->title,
                              result->step->line, text, result->why != NULL ? ": " : "",
                              result->why != NULL ? result->why : "");
    }
}

static void
put_verdict (GString *out, const RunReport *report, const Play *play, const Film *film)
{
  g_autofree char *said = ty_judge_report_to_string (play->report);
  g_autofree char *text = film_plain_text (film, play->report, said);
  const char *end = strchr (text, '\n');
  /* Without times there are no counts either: they depend on little things. */
  if (report->form == RUN_BY_PROCESS && play->report->legal)
    g_string_append (out, "legal");
  else
    g_string_append_len (out, text, play->report->legal && end != NULL ? end - text : (gssize) strlen (text));
  const char *what, *rule = play_broken_rule (play, &what);
  if (rule != NULL && play->report->legal)
    g_string_append (out, "\n");
  if (rule != NULL)
    g_string_append_printf (out, "%s (%s)\n", rule, what);
  else if (play->report->legal)
    g_string_append (out, play->settled ? "\n" : ", as far as it goes: something is still under way at the end\n");
}

/* ---- As JSON ---- */

static void
put_us (GString *out, const char *key, gint64 us)
{
  if (us != FILM_NEVER)
    g_string_append_printf (out, ",\"%s\":%" G_GINT64_FORMAT, key, us);
}

static void
put_waits (GString *out, const Film *film, int first)
{
  g_string_append (out, ",\"waits\":[");
  for (int i = first; i >= 0; i = film_wait (film, i)->next)
    {
      const FilmWait *wait = film_wait (film, i);
      g_autofree char *text = film_wait_text (film, wait);
      g_string_append_printf (out, "%s{\"from_us\":%" G_GINT64_FORMAT, i != first ? "," : "", wait->from_us);
      put_us (out, "to_us", wait->to_us);
      lab_json_field (out, "why", film_wait_word (wait->reason));
      if (wait->message >= 0)
        lab_json_field (out, "for", film_message (film, wait->message)->name);
      if (wait->member >= 0)
        lab_json_field (out, "of", film_process (film, wait->member)->name);
      lab_json_field (out, "text", text);
      g_string_append_c (out, '}');
    }
  g_string_append_c (out, ']');
}

static void
put_messages (GString *out, const Film *film)
{
  g_string_append (out, "],\n\"messages\":[");
  for (guint i = 0; i < film->messages->len; i++)
    {
      const FilmMessage *m = film_message (film, i);
      gboolean first = TRUE;
      g_string_append (out, i > 0 ? ",\n{\"name\":" : "\n{\"name\":");
      lab_json_string (out, m->name, -1);
      lab_json_field (out, "id", m->id);
      if (m->sender >= 0)
        lab_json_field (out, "from", film_process (film, m->sender)->name);
      lab_json_field (out, "service", film_service_name (m->service));
      put_us (out, "asked_us", m->asked_us);
      put_us (out, "sent_us", m->sent_us);
      g_string_append (out, ",\"at\":[");
      for (guint p = 0; p < m->n_at; p++)
        {
          const FilmArrival *at = film_at (film, (int) i, (int) p);
          if (at == NULL)
            continue;
          g_string_append (out, first ? "{\"p\":" : ",{\"p\":");
          lab_json_string (out, film_process (film, p)->name, -1);
          put_us (out, "received_us", at->received_us);
          put_us (out, "delivered_us", at->delivered_us);
          put_us (out, "dropped_us", at->dropped_us);
          if (at->via >= 0 && at->via != m->sender)
            lab_json_field (out, "via", film_process (film, at->via)->name);
          put_waits (out, film, at->first_wait);
          g_string_append_c (out, '}');
          first = FALSE;
        }
      g_string_append (out, "]}");
    }
}

static void
put_json (GString *out, const RunReport *report, const Play *play, const Film *film)
{
  g_string_append (out, "{\"scene\":");
  lab_json_string (out, play->scene->title, -1);
  g_string_append (out, ",\"events\":[");
  for (guint i = 0; i < report->lines->len; i++)
    {
      const Line *line = &g_array_index (report->lines, Line, i);
      g_string_append_printf (out, "%s\n{\"us\":%" G_GINT64_FORMAT, i > 0 ? "," : "", line->us);
      if (line->p[0] != '\0')
        lab_json_field (out, "p", line->p);
      lab_json_field (out, "what", line->what);
      lab_json_field (out, "text", line->text);
      g_string_append_c (out, '}');
    }
  put_messages (out, film);
  g_string_append (out, "],\n\"expectations\":[");
  for (guint i = 0; i < play->results->len; i++)
    {
      const PlayResult *result = &g_array_index (play->results, PlayResult, i);
      g_autofree char *text = step_text (result, play);
      g_string_append_printf (out, "%s\n{\"line\":%u,\"holds\":%s", i > 0 ? "," : "", result->step->line,
                              result->holds ? "true" : "false");
      lab_json_field (out, "text", text);
      if (result->why != NULL)
        lab_json_field (out, "why", result->why);
      g_string_append_c (out, '}');
    }
  g_autofree char *verdict = ty_judge_report_to_json (play->report);
  const char *what, *rule = play_broken_rule (play, &what);
  g_string_append_c (out, ']');
  if (rule != NULL)
    {
      lab_json_field (out, "rule", rule);
      lab_json_field (out, "broken", what);
    }
  g_string_append_printf (out, ",\n\"settled\":%s,\"good\":%s,\n\"verdict\":%s}\n", play->settled ? "true" : "false",
                          play_is_good (play) ? "true" : "false", g_strchomp (verdict));
}

char *
run_report_to_string (const RunReport *report, const Play *play, const Film *film)
{
  GString *out = g_string_new (NULL);
  if (report->form == RUN_JSON)
    put_json (out, report, play, film);
  else
    {
      if (report->form == RUN_TIMELINE)
        put_timeline (out, film);
      else
        put_by_process (out, report, play);
      put_results (out, play);
      put_verdict (out, report, play, film);
    }
  return g_string_free (out, FALSE);
}
