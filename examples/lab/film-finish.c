/* examples/lab/film-finish.c: what follows from the rest of a film: names, lanes, the end, the judge's findings.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film.h"

#include <string.h>

/* Messages that the scene does not name are called by their sender and their number there. */
static void
name_messages (Film *film)
{
  g_autofree guint *sent = g_new0 (guint, film->processes->len);
  for (guint i = 0; i < film->messages->len; i++)
    {
      FilmMessage *m = film_message (film, i);
      guint number = m->sender >= 0 ? ++sent[m->sender] : 0;
      /* What the recorder writes has slashes; what somebody wrote by hand is a name. */
      gboolean by_hand = m->name == NULL && strchr (m->id, '/') == NULL && strlen (m->id) <= 12;
      if (m->name == NULL && m->sender >= 0 && !by_hand)
        m->name = g_strdup_printf ("%s:%u", film_process (film, m->sender)->name, number);
      else if (m->name == NULL)
        m->name = film_clean (m->id);
    }
}

/* Two views of one number can only be in an illegal run, or in one of many parts: then they get letters. */
static void
name_views (Film *film)
{
  for (guint i = 0; i < film->views->len; i++)
    {
      FilmView *view = film_view (film, i);
      guint same = 0;
      for (guint k = i > 64 ? i - 64 : 0; k < i; k++)
        {
          const FilmView *other = film_view (film, k);
          gsize n = strlen (view->text);
          same += other->group == view->group && strncmp (other->text, view->text, n) == 0
                  && (other->text[n] == '\0' || (g_ascii_isalpha (other->text[n]) && other->text[n + 1] == '\0'));
        }
      if (same == 0 || same > 25)
        continue;
      char *text = g_strdup_printf ("%s%c", view->text, (char) ('a' + same));
      g_free (view->text);
      view->text = text;
    }
}

/* The moment from which a process's place is free for another. */
static gint64
free_from (const FilmProcess *p)
{
  return p->end_us == FILM_NEVER ? G_MAXINT64 : p->end_us;
}

/* One line for all who lived at one place, unless two did at once. */
static void
lay_lanes (Film *film)
{
  film->n_lanes = 0;
  for (guint i = 0; i < film->processes->len; i++)
    {
      FilmProcess *p = film_process (film, i);
      const FilmProcess *before = NULL;
      for (guint k = 0; k < i; k++)
        if (g_str_equal (film_process (film, k)->site, p->site))
          before = film_process (film, k);
      if (before != NULL && free_from (before) <= p->born_us)
        p->lane = before->lane;
      else
        p->lane = film->n_lanes++;
    }
}

static int
compare_events (gconstpointer a, gconstpointer b)
{
  const FilmEvent *x = a, *y = b;
  return (x->us > y->us) - (x->us < y->us);
}

static void
close_what_is_open (Film *film)
{
  film->end_us = 0;
  for (guint i = 0; i < film->events->len; i++)
    film->end_us = MAX (film->end_us, film_event (film, i)->us);
  for (guint i = 0; i < film->processes->len; i++)
    if (film_process (film, i)->born_us == FILM_NEVER)
      film_process (film, i)->born_us = film->end_us; /* a member that nobody has heard of */
}

/* Asked for during a flush: it gets its number in the next view. */
static void
add_asks (Film *film)
{
  for (guint i = 0; i < film->messages->len; i++)
    {
      const FilmMessage *m = film_message (film, i);
      for (guint k = 0; k < film->spans->len && m->asked_us < m->sent_us; k++)
        {
          const FilmSpan *span = &g_array_index (film->spans, FilmSpan, k);
          if (span->type != FILM_SPAN_FLUSH || span->process != m->sender || span->group != m->group
              || m->asked_us < span->from_us || (span->to_us != FILM_NEVER && m->asked_us >= span->to_us))
            continue;
          film_add_event (film, m->asked_us, FILM_ASK, m->sender, (int) i, -1, NULL);
          break;
        }
    }
}

void
film_finish (Film *film)
{
  add_asks (film);
  for (guint i = 1; i < film->events->len; i++)
    if (film_event (film, i)->us < film_event (film, i - 1)->us)
      {
        g_array_sort (film->events, compare_events); /* stable: GLib sorts arrays by merging */
        break;
      }
  close_what_is_open (film);
  name_messages (film);
  name_views (film);
  lay_lanes (film);
}

static GArray *
indices (Film *film, char **names, GHashTable *table)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (int));
  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      int index = GPOINTER_TO_INT (g_hash_table_lookup (table, *name)) - 1;
      if (index >= 0)
        g_array_append_val (out, index);
    }
  return out;
}

static GArray *
view_indices (Film *film, const char *group, char **labels)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();
  for (char **label = labels; label != NULL && *label != NULL; label++)
    {
      g_autofree char *key = g_strdup_printf ("%s/%s", group != NULL ? group : "", *label);
      g_strv_builder_add (keys, key);
    }
  g_auto (GStrv) list = g_strv_builder_end (keys);
  return indices (film, list, film->by_label);
}

/* Not where it is the beginning of a longer one. */
static void
replace_word (GString *text, const char *word, const char *by)
{
  gsize len = strlen (word);
  for (char *at = text->str; (at = strstr (at, word)) != NULL;)
    {
      gsize pos = (gsize) (at - text->str);
      gboolean whole = !g_ascii_isalnum (at[len]) && (pos == 0 || !g_ascii_isalnum (at[-1]));
      if (whole && at[len] == '.')
        whole = !g_ascii_isalnum (at[len + 1]);
      if (whole)
        {
          g_string_erase (text, (gssize) pos, (gssize) len);
          g_string_insert (text, (gssize) pos, by);
        }
      at = text->str + pos + (whole ? strlen (by) : len);
    }
}

char *
film_plain_text (const Film *film, const TyJudgeReport *report, const char *text)
{
  GString *out = g_string_new (text);
  for (guint i = 0; i < report->violations->len; i++)
    {
      const TyJudgeViolation *v = report->violations->pdata[i];
      for (char **id = v->messages; *id != NULL; id++)
        {
          int message = film_find_message (film, *id);
          if (message >= 0 && !g_str_equal (film_message (film, message)->name, *id))
            replace_word (out, *id, film_message (film, message)->name);
        }
      for (char **label = v->views; *label != NULL; label++)
        {
          g_autofree char *key = g_strdup_printf ("%s/%s", v->group, *label);
          int view = GPOINTER_TO_INT (g_hash_table_lookup (film->by_label, key)) - 1;
          if (view >= 0 && !g_str_equal (film_view (film, view)->text, *label))
            replace_word (out, *label, film_view (film, view)->text);
        }
    }
  return g_string_free (out, FALSE);
}

void
film_add_report (Film *film, const TyJudgeReport *report)
{
  g_autofree char *said = ty_judge_report_to_string (report);
  g_autofree char *text = film_plain_text (film, report, said);
  film->legal = report->legal;
  g_free (film->verdict);
  film->verdict = g_strndup (text, strcspn (text, "\n"));
  for (guint i = 0; i < report->violations->len; i++)
    {
      const TyJudgeViolation *v = report->violations->pdata[i];
      g_autofree char *plain = film_plain_text (film, report, v->text);
      FilmFinding finding = {
        .rule = g_strdup_printf ("%s %s", ty_judge_rule_number (v->rule), ty_judge_rule_name (v->rule)),
        .text = film_clean (plain),
        .processes = indices (film, v->processes, film->by_name),
        .messages = indices (film, v->messages, film->by_id),
        .views = view_indices (film, v->group, v->views),
      };
      g_array_append_val (film->findings, finding);
    }
}
