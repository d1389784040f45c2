/* examples/lab/film-record.c: from the lines of a history to a film: what every film is made of.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film.h"

#include <string.h>

static char *
text_of (const TyText *text)
{
  return g_strndup (text->text != NULL ? text->text : "", text->len);
}

static int
view_of (Film *film, const TyText *group, const TyText *label)
{
  g_autofree char *key = g_strdup_printf ("%.*s/%.*s", (int) group->len, group->text, (int) label->len, label->text);
  return GPOINTER_TO_INT (g_hash_table_lookup (film->by_label, key)) - 1;
}

/* "2" of "2.6f1d09ab". */
static char *
short_label (const char *label)
{
  gsize digits = strspn (label, "0123456789");
  return digits > 0 && label[digits] == '.' ? g_strndup (label, digits) : g_strdup (label);
}

static guint64
group_bit (int group)
{
  return G_GUINT64_CONSTANT (1) << MIN (group, 63);
}

static int
add_view (Film *film, const TyRecord *r)
{
  int found = view_of (film, &r->g, &r->c);
  if (found >= 0)
    return found;
  g_autofree char *group = text_of (&r->g);
  FilmView view = {
    .label = text_of (&r->c),
    .group = film_add_group (film, group),
    .transitional = r->transitional,
    .primary = r->primary,
    .n_members = r->n_members,
    .members = g_new (int, MAX (1, r->n_members)),
    .installed = g_new (gint64, MAX (1, r->n_members)),
    .first_us = FILM_NEVER,
    .last_us = FILM_NEVER,
  };
  g_autofree char *clean = film_clean (view.label);
  view.text = short_label (clean);
  for (guint i = 0; i < r->n_members; i++)
    {
      g_autofree char *name = text_of (&r->members[i]);
      view.members[i] = film_add_process (film, name, FILM_NEVER);
      view.installed[i] = FILM_NEVER;
    }
  g_array_append_val (film->views, view);
  found = (int) film->views->len - 1;
  g_hash_table_insert (film->by_label, g_strdup_printf ("%s/%s", group, view.label), GINT_TO_POINTER (found + 1));
  return found;
}

static void
take_conf (Film *film, const TyRecord *r, int process, gint64 us)
{
  int index = add_view (film, r);
  FilmView *view = film_view (film, index);
  for (guint i = 0; i < view->n_members; i++)
    if (view->members[i] == process && view->installed[i] == FILM_NEVER)
      view->installed[i] = us;
  if (view->first_us == FILM_NEVER)
    view->first_us = us;
  view->last_us = us;
  g_array_append_val (film_process (film, process)->views, index);
  film_process (film, process)->groups |= group_bit (view->group);
  film_close_span (film, FILM_SPAN_FLUSH, process, view->group, us);
  film_close_span (film, FILM_SPAN_BLOCKED, process, view->group, us);
  film_add_event (film, us, FILM_VIEW, process, -1, index, NULL);
}

static int
find_or_add_message (Film *film, const TyText *text)
{
  g_autofree char *id = text_of (text);
  int found = GPOINTER_TO_INT (g_hash_table_lookup (film->by_id, id)) - 1;
  if (found >= 0)
    return found;
  FilmMessage m = { .sender = -1, .group = -1, .view = -1, .len = -1, .asked_us = FILM_NEVER, .sent_us = FILM_NEVER };
  m.id = g_strdup (id);
  g_array_append_val (film->messages, m);
  found = (int) film->messages->len - 1;
  g_hash_table_insert (film->by_id, g_steal_pointer (&id), GINT_TO_POINTER (found + 1));
  return found;
}

static void
take_send (Film *film, const TyRecord *r, int process, gint64 us, const char *name, gint64 asked_us)
{
  g_autofree char *group = text_of (&r->g);
  int index = find_or_add_message (film, &r->m);
  FilmMessage *m = film_message (film, index);
  if (m->sent_us != FILM_NEVER)
    return; /* the judge says what there is to say of it */
  m->name = g_strdup (name);
  m->sender = process;
  m->group = film_add_group (film, group);
  m->view = view_of (film, &r->g, &r->c);
  m->service = r->service;
  m->len = r->len;
  m->asked_us = asked_us == FILM_NEVER ? us : asked_us;
  m->sent_us = us;
  FilmArrival *at = film_at_rw (film, index, process);
  at->left_us = at->received_us = us;
  at->via = process;
  film_add_event (film, us, FILM_SEND, process, index, m->view, NULL);
}

static void
take_delivery (Film *film, const TyRecord *r, int process, gint64 us)
{
  int index = find_or_add_message (film, &r->m);
  FilmArrival *at = film_at_rw (film, index, process);
  if (at->delivered_us != FILM_NEVER)
    return;
  at->delivered_us = us;
  at->place = (int) film_process (film, process)->delivered->len;
  g_array_append_val (film_process (film, process)->delivered, index);
  film_end_wait (film, index, process, us);
  film_add_event (film, us, FILM_DELIVER, process, index, view_of (film, &r->g, &r->c), NULL);
}

static void
take_end (Film *film, const TyRecord *r, int process, gint64 us, FilmEnd end, FilmEventType type)
{
  g_autofree char *group = text_of (&r->g);
  int index = film_add_group (film, group);
  FilmProcess *p = film_process (film, process);
  if (p->end != FILM_END_NONE)
    return;
  p->groups &= ~group_bit (index);
  if (p->groups == 0)
    {
      p->end = end;
      p->end_us = us;
    }
  film_close_span (film, FILM_SPAN_FLUSH, process, index, us);
  film_close_span (film, FILM_SPAN_BLOCKED, process, index, us);
  film_add_event (film, us, type, process, -1, -1, NULL)->group = index;
}

static int
group_of (Film *film, const TyRecord *r)
{
  g_autofree char *group = text_of (&r->g);
  return film_add_group (film, group);
}

void
film_take_record (Film *film, const TyRecord *r, gint64 us, const char *name, gint64 asked_us)
{
  g_autofree char *who = text_of (&r->p);
  int process = film_add_process (film, who, us);
  if (film_process (film, process)->born_us == FILM_NEVER)
    film_process (film, process)->born_us = us;
  switch (r->event)
    {
    case TY_RECORD_CONF:
      take_conf (film, r, process, us);
      return;
    case TY_RECORD_SEND:
      take_send (film, r, process, us, name, asked_us);
      return;
    case TY_RECORD_DELIVER:
      take_delivery (film, r, process, us);
      return;
    case TY_RECORD_FAIL:
      if (r->why.text != NULL && r->why.len == 5 && memcmp (r->why.text, "leave", 5) == 0)
        take_end (film, r, process, us, FILM_END_LEFT, FILM_OUT);
      else if (r->why.text != NULL && r->why.len == 8 && memcmp (r->why.text, "excluded", 8) == 0)
        take_end (film, r, process, us, FILM_END_EXCLUDED, FILM_EXCLUDED);
      else
        take_end (film, r, process, us, FILM_END_CRASHED, FILM_CRASH);
      return;
    case TY_RECORD_BLOCK: /* of a play, known since it began: the line comes when it ends */
      if (!film->is_play)
        film_add_event (film, us, FILM_BLOCK, process, -1, -1, NULL)->group = group_of (film, r);
      return;
    case TY_RECORD_SAVE:
      film_add_event (film, us, FILM_SAVE, process, -1, -1, NULL);
      return;
    case TY_RECORD_LOAD:
      film_close_span (film, FILM_SPAN_LOADING, process, group_of (film, r), us);
      film_add_event (film, us, FILM_LOAD, process, -1, -1, NULL);
      return;
    case TY_RECORD_END:
    default:
      return;
    }
}
