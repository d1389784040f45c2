/* examples/lab/film.c: see film.h: the film itself, and how it grows.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film.h"

#include <string.h>

static void
process_clear (gpointer data)
{
  FilmProcess *p = data;
  g_free (p->name);
  g_free (p->site);
  g_array_unref (p->delivered);
  g_array_unref (p->views);
}

static void
group_clear (gpointer data)
{
  FilmGroup *g = data;
  g_free (g->name);
  g_free (g->ordering);
}

static void
view_clear (gpointer data)
{
  FilmView *v = data;
  g_free (v->label);
  g_free (v->text);
  g_free (v->members);
  g_free (v->installed);
}

static void
message_clear (gpointer data)
{
  FilmMessage *m = data;
  g_free (m->name);
  g_free (m->id);
  g_free (m->at);
}

static void
event_clear (gpointer data)
{
  FilmEvent *e = data;
  g_free (e->text);
  g_free (e->name);
}

static void
cut_clear (gpointer data)
{
  FilmCut *cut = data;
  g_free (cut->from);
  g_free (cut->to);
}

static void
finding_clear (gpointer data)
{
  FilmFinding *f = data;
  g_free (f->rule);
  g_free (f->text);
  g_array_unref (f->processes);
  g_array_unref (f->messages);
  g_array_unref (f->views);
}

static GArray *
new_array (guint size, GDestroyNotify clear)
{
  GArray *array = g_array_new (FALSE, TRUE, size);
  if (clear != NULL)
    g_array_set_clear_func (array, clear);
  return array;
}

Film *
film_new (const char *title)
{
  Film *film = g_new0 (Film, 1);
  film->title = film_clean (title);
  film->legal = TRUE;
  film->groups = new_array (sizeof (FilmGroup), group_clear);
  film->processes = new_array (sizeof (FilmProcess), process_clear);
  film->views = new_array (sizeof (FilmView), view_clear);
  film->messages = new_array (sizeof (FilmMessage), message_clear);
  film->waits = new_array (sizeof (FilmWait), NULL);
  film->events = new_array (sizeof (FilmEvent), event_clear);
  film->spans = new_array (sizeof (FilmSpan), NULL);
  film->cuts = new_array (sizeof (FilmCut), cut_clear);
  film->packets = new_array (sizeof (FilmPacket), NULL);
  film->findings = new_array (sizeof (FilmFinding), finding_clear);
  film->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  film->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  film->by_label = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return film;
}

void
film_free (Film *film)
{
  g_array_unref (film->groups);
  g_array_unref (film->processes);
  g_array_unref (film->views);
  g_array_unref (film->messages);
  g_array_unref (film->waits);
  g_array_unref (film->events);
  g_array_unref (film->spans);
  g_array_unref (film->cuts);
  g_array_unref (film->packets);
  g_array_unref (film->findings);
  g_hash_table_unref (film->by_id);
  g_hash_table_unref (film->by_name);
  g_hash_table_unref (film->by_label);
  g_free (film->title);
  g_free (film->note);
  g_free (film->verdict);
  g_free (film);
}

/* ---- Looking ---- */

int
film_find_process (const Film *film, const char *name)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (film->by_name, name)) - 1;
}

int
film_find_message (const Film *film, const char *id_or_name)
{
  int found = GPOINTER_TO_INT (g_hash_table_lookup (film->by_id, id_or_name)) - 1;
  for (guint i = 0; found < 0 && i < film->messages->len; i++)
    if (g_strcmp0 (film_message (film, i)->name, id_or_name) == 0)
      found = (int) i;
  return found;
}

const FilmArrival *
film_at (const Film *film, int message, int process)
{
  const FilmMessage *m = film_message (film, message);
  if (process < 0 || (guint) process >= m->n_at)
    return NULL;
  const FilmArrival *at = &m->at[process];
  return at->received_us != FILM_NEVER || at->delivered_us != FILM_NEVER ? at : NULL;
}

/* ---- Growing ---- */

FilmArrival *
film_at_rw (Film *film, int message, int process)
{
  FilmMessage *m = film_message (film, message);
  if ((guint) process >= m->n_at)
    {
      guint n = MAX ((guint) process + 1, film->processes->len);
      m->at = g_renew (FilmArrival, m->at, n);
      for (; m->n_at < n; m->n_at++)
        m->at[m->n_at] = (FilmArrival){ FILM_NEVER, FILM_NEVER, FILM_NEVER, FILM_NEVER, -1, -1, -1 };
    }
  return &m->at[process];
}

int
film_add_process (Film *film, const char *name, gint64 us)
{
  int found = film_find_process (film, name);
  if (found >= 0)
    return found;
  const char *dot = strchr (name, '.');
  g_autofree char *site = dot != NULL && dot > name ? g_strndup (name, (gsize) (dot - name)) : g_strdup (name);
  FilmProcess p = {
    .name = film_clean (name),
    .site = film_clean (site),
    .born_us = us,
    .end_us = FILM_NEVER,
    .delivered = g_array_new (FALSE, FALSE, sizeof (int)),
    .views = g_array_new (FALSE, FALSE, sizeof (int)),
  };
  g_array_append_val (film->processes, p);
  found = (int) film->processes->len - 1;
  g_hash_table_insert (film->by_name, g_strdup (name), GINT_TO_POINTER (found + 1));
  return found;
}

int
film_add_group (Film *film, const char *name)
{
  for (guint i = 0; i < film->groups->len; i++)
    if (g_str_equal (g_array_index (film->groups, FilmGroup, i).name, name))
      return (int) i;
  FilmGroup g = { .name = g_strdup (name) };
  g_array_append_val (film->groups, g);
  return (int) film->groups->len - 1;
}

FilmEvent *
film_add_event (Film *film, gint64 us, FilmEventType type, int process, int message, int view, const char *text)
{
  FilmEvent e = { us, type, process, message, view, -1, -1, text != NULL ? film_clean (text) : NULL, NULL };
  g_array_append_val (film->events, e);
  return film_event (film, film->events->len - 1);
}

/* Back to front: what is open is new. */
static FilmSpan *
open_span (Film *film, FilmSpanType type, int process, int group)
{
  for (guint i = film->spans->len; i > 0; i--)
    {
      FilmSpan *span = &g_array_index (film->spans, FilmSpan, i - 1);
      if (span->type == type && span->process == process && (group < 0 || span->group == group)
          && span->to_us == FILM_NEVER)
        return span;
    }
  return NULL;
}

void
film_open_span (Film *film, FilmSpanType type, int process, int group, gint64 us)
{
  FilmSpan span = { type, process, group, us, FILM_NEVER };
  if (open_span (film, type, process, group) == NULL)
    g_array_append_val (film->spans, span);
}

void
film_close_span (Film *film, FilmSpanType type, int process, int group, gint64 us)
{
  FilmSpan *span;
  while ((span = open_span (film, type, process, group)) != NULL)
    span->to_us = us;
}

gboolean
film_has_transitional (const Film *film)
{
  for (guint i = 0; i < film->views->len; i++)
    if (film_view (film, i)->transitional)
      return TRUE;
  return FALSE;
}

/* ---- Waits ---- */

static FilmWait *
last_wait (Film *film, int message, int process)
{
  FilmWait *wait = NULL;
  for (int i = film_at_rw (film, message, process)->first_wait; i >= 0; i = wait->next)
    wait = film_wait (film, i);
  return wait;
}

void
film_note_wait (Film *film, const FilmWait *wait)
{
  FilmWait *last = last_wait (film, wait->of, wait->at);
  if (last != NULL && last->to_us == FILM_NEVER && last->reason == wait->reason && last->message == wait->message
      && last->member == wait->member)
    return;
  FilmWait copy = *wait;
  copy.to_us = FILM_NEVER;
  copy.next = -1;
  if (last != NULL && last->to_us == FILM_NEVER)
    last->to_us = wait->from_us;
  if (last != NULL)
    last->next = (int) film->waits->len;
  else
    film_at_rw (film, wait->of, wait->at)->first_wait = (int) film->waits->len;
  g_array_append_val (film->waits, copy);
}

void
film_end_wait (Film *film, int message, int process, gint64 us)
{
  FilmWait *last = last_wait (film, message, process);
  if (last != NULL && last->to_us == FILM_NEVER)
    last->to_us = us;
}
