/* examples/lab/page.c: see page.h: what a film is, as JSON, in the page that draws it.
 *
 * Texts of a run (names, titles, why something was refused) come from anywhere.  In the JSON every "<" and "&" is
 * escaped, so that nothing in it can end the element that holds it, and the page's code only ever makes text of them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "page.h"

#include "core/packet.h"
#include "examples/lab/out.h"
#include "page-parts.h"
#include "save.h"
#include "svg-private.h"

#include <string.h>

/* Control packets are shown on demand, so many at most. */
#define MAX_PACKETS 30000

static void
put_text (GString *out, const char *text)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  lab_json_string (json, valid, -1);
  g_string_replace (json, "<", "\\u003c", 0);
  g_string_replace (json, "&", "\\u0026", 0);
  g_string_replace (json, "\342\200\250", "\\u2028", 0);
  g_string_replace (json, "\342\200\251", "\\u2029", 0);
  g_string_append_len (out, json->str, (gssize) json->len);
}

/* A number, after a comma; nothing between two commas is null to nobody: so it is said. */
static void
put_us (GString *out, gint64 us)
{
  if (us == FILM_NEVER)
    g_string_append (out, ",null");
  else
    g_string_append_printf (out, ",%" G_GINT64_FORMAT, us);
}

static void
put_key (GString *out, const char *key, const char *text)
{
  g_string_append_printf (out, ",\"%s\":", key);
  put_text (out, text);
}

static void
put_indices (GString *out, const char *key, const GArray *indices)
{
  g_string_append_printf (out, ",\"%s\":[", key);
  for (guint i = 0; i < indices->len; i++)
    g_string_append_printf (out, "%s%d", i > 0 ? "," : "", g_array_index (indices, int, i));
  g_string_append_c (out, ']');
}

static void
put_processes (GString *out, const Film *film)
{
  static const char *const ends[] = { "", "crashed", "left", "excluded" };
  g_string_append (out, ",\"processes\":[");
  for (guint i = 0; i < film->processes->len; i++)
    {
      const FilmProcess *p = film_process (film, i);
      g_string_append_printf (out, "%s{\"lane\":%u", i > 0 ? "," : "", p->lane);
      put_key (out, "name", p->name);
      put_key (out, "site", p->site);
      put_key (out, "end", ends[p->end]);
      g_string_append (out, ",\"life\":[0");
      put_us (out, p->born_us);
      put_us (out, p->end_us);
      g_string_append (out, "]");
      put_indices (out, "delivered", p->delivered);
      put_indices (out, "views", p->views);
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]\n");
}

static void
put_views (GString *out, const Film *film)
{
  g_string_append (out, ",\"groups\":[");
  for (guint i = 0; i < film->groups->len; i++)
    {
      const FilmGroup *g = &g_array_index (film->groups, FilmGroup, i);
      g_string_append (out, i > 0 ? ",{\"n\":0" : "{\"n\":0");
      put_key (out, "name", g->name);
      put_key (out, "ordering", g->ordering);
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]\n,\"views\":[");
  for (guint i = 0; i < film->views->len; i++)
    {
      const FilmView *v = film_view (film, i);
      g_string_append_printf (out, "%s{\"group\":%d,\"transitional\":%s", i > 0 ? "," : "", v->group,
                              v->transitional ? "true" : "false");
      put_key (out, "text", v->text);
      put_key (out, "label", v->label);
      g_string_append (out, ",\"members\":[");
      for (guint k = 0; k < v->n_members; k++)
        g_string_append_printf (out, "%s%d", k > 0 ? "," : "", v->members[k]);
      g_string_append (out, "],\"installed\":[0");
      for (guint k = 0; k < v->n_members; k++)
        put_us (out, v->installed[k]);
      g_string_append (out, "]}");
    }
  g_string_append (out, "]\n");
}

/* name, sender, group, view, service, length, asked, sent, then arrivals: process, via, left, received, delivered,
 * dropped, place, first wait. */
static void
put_messages (GString *out, const Film *film)
{
  g_string_append (out, ",\"messages\":[");
  for (guint i = 0; i < film->messages->len; i++)
    {
      const FilmMessage *m = film_message (film, i);
      gboolean first = TRUE;
      g_string_append (out, i > 0 ? ",\n[" : "[");
      put_text (out, m->name);
      g_string_append_printf (out, ",%d,%d,%d,%d,%" G_GINT64_FORMAT, m->sender, m->group, m->view, (int) m->service,
                              m->len);
      put_us (out, m->asked_us);
      put_us (out, m->sent_us);
      g_string_append (out, ",[");
      for (guint p = 0; p < m->n_at; p++)
        {
          const FilmArrival *at = film_at (film, (int) i, (int) p);
          if (at == NULL)
            continue;
          g_string_append_printf (out, "%s[%u,%d", first ? "" : ",", p, at->via);
          put_us (out, at->left_us);
          put_us (out, at->received_us);
          put_us (out, at->delivered_us);
          put_us (out, at->dropped_us);
          g_string_append_printf (out, ",%d,%d]", at->place, at->first_wait);
          first = FALSE;
        }
      g_string_append (out, "]]");
    }
  g_string_append (out, "]\n,\"waits\":[");
  for (guint i = 0; i < film->waits->len; i++)
    {
      const FilmWait *w = film_wait (film, i);
      g_autofree char *text = film_wait_text (film, w);
      g_string_append_printf (out, "%s[%d,%d", i > 0 ? "," : "", w->of, w->at);
      put_us (out, w->from_us);
      put_us (out, w->to_us);
      g_string_append_printf (out, ",%d,", w->next);
      put_text (out, text);
      g_string_append_printf (out, ",%d]", w->message);
    }
  g_string_append (out, "]\n");
}

/* time, kind, process, message, view, other, place in the picture, group, text. */
static void
put_events (GString *out, const Film *film, const SvgClock *clock, guint number)
{
  static const char *const kinds[FILM_N_EVENTS]
      = { "step",  "start", "crash", "stop",    "continue", "ask",      "send",    "receive", "deliver",
          "flush", "view",  "block", "unblock", "out",      "excluded", "refused", "save",    "load" };
  g_string_append (out, ",\"events\":[");
  for (guint i = 0; i < film->events->len; i++)
    {
      const FilmEvent *e = film_event (film, i);
      g_string_append_printf (out, "%s[%" G_GINT64_FORMAT ",\"%s\",%d,%d,%d,%d,%s,%d", i > 0 ? ",\n" : "", e->us,
                              kinds[e->type], e->process, e->message, e->view, e->other,
                              svg_n (svg_clock_event_x (clock, number, i)), e->group);
      if (e->text != NULL)
        {
          g_autofree char *text
              = e->name != NULL ? g_strdup_printf ("%s: %s", e->name, e->text) : g_strdup (e->text);
          g_string_append_c (out, ',');
          put_text (out, text);
        }
      g_string_append_c (out, ']');
    }
  g_string_append (out, "]\n");
}

static void
put_faults (GString *out, const Film *film)
{
  static const char *const spans[] = { "flush", "blocked", "stopped", "loading" };
  guint kept = 0;
  g_string_append (out, ",\"spans\":[");
  for (guint i = 0; i < film->spans->len; i++)
    {
      const FilmSpan *s = &g_array_index (film->spans, FilmSpan, i);
      g_string_append_printf (out, "%s[\"%s\",%d", i > 0 ? "," : "", spans[s->type], s->process);
      put_us (out, s->from_us);
      put_us (out, s->to_us);
      g_string_append_printf (out, ",%d]", s->group);
    }
  g_string_append (out, "]\n,\"cuts\":[");
  for (guint i = 0; i < film->cuts->len; i++)
    {
      const FilmCut *c = &g_array_index (film->cuts, FilmCut, i);
      g_string_append (out, i > 0 ? ",[" : "[");
      put_text (out, c->from);
      g_string_append_c (out, ',');
      put_text (out, c->to);
      put_us (out, c->from_us);
      put_us (out, c->to_us);
      g_string_append_c (out, ']');
    }
  g_string_append (out, "]\n,\"packets\":[");
  for (guint i = 0; i < film->packets->len && kept < MAX_PACKETS; i++)
    {
      const FilmPacket *p = &g_array_index (film->packets, FilmPacket, i);
      gboolean lost = p->arrived_us == FILM_NEVER || p->arrived_us > film->end_us;
      if (p->sent_us < 0 || p->sent_us > film->end_us || (p->type == TY_PACKET_DATA && !lost))
        continue;
      g_string_append_printf (out, "%s[\"%s\",%d,%d,%u", kept++ > 0 ? "," : "", film_packet_name (p->type), p->from,
                              p->to, p->len);
      put_us (out, p->sent_us);
      put_us (out, lost ? FILM_NEVER : p->arrived_us);
      g_string_append_c (out, ']');
    }
  g_string_append (out, "]\n");
}

static void
put_findings (GString *out, const Film *film)
{
  g_string_append (out, ",\"findings\":[");
  for (guint i = 0; i < film->findings->len; i++)
    {
      const FilmFinding *f = &g_array_index (film->findings, FilmFinding, i);
      g_string_append_printf (out, "%s{\"kind\":%d", i > 0 ? "," : "", (int) f->kind);
      put_key (out, "rule", f->rule);
      put_key (out, "text", f->text);
      put_indices (out, "processes", f->processes);
      put_indices (out, "messages", f->messages);
      put_indices (out, "views", f->views);
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]\n");
}

static void
put_film (GString *out, const Film *film, const SvgClock *clock, guint number, const char *caption)
{
  g_string_append_printf (out, "{\"lanes\":%u,\"end\":%" G_GINT64_FORMAT ",\"play\":%s,\"legal\":%s", film->n_lanes,
                          film->end_us, film->is_play ? "true" : "false", film->legal ? "true" : "false");
  put_key (out, "title", caption != NULL ? caption : film->title);
  put_key (out, "verdict", film->verdict);
  put_key (out, "note", film->note);
  put_key (out, "model", film->model);
  put_processes (out, film);
  put_views (out, film);
  put_messages (out, film);
  put_events (out, film, clock, number);
  put_faults (out, film);
  put_findings (out, film);
  g_string_append_c (out, '}');
}

static void
put_clock (GString *out, const SvgClock *clock)
{
  g_string_append_printf (out, "\"clock\":{\"left\":%s,\"right\":%s,\"knots\":[", svg_n (clock->left),
                          svg_n (clock->right));
  for (guint i = 0; i < clock->knots->len; i++)
    {
      const SvgKnot *k = &g_array_index (clock->knots, SvgKnot, i);
      g_string_append_printf (out, "%s%" G_GINT64_FORMAT ",%s", i > 0 ? "," : "", k->us, svg_n (k->x));
    }
  g_string_append (out, "],\"idle\":[");
  for (guint i = 0, n = 0; i < clock->stretches->len; i++)
    {
      const SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, i);
      if (s->idle)
        g_string_append_printf (out, "%s%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT, n++ > 0 ? "," : "", s->from_us,
                                s->to_us);
    }
  g_string_append (out, "]}");
}

static char *
data_of (const Film *const *films, guint n_films, const PageOptions *options)
{
  g_autoptr (SvgClock) clock = svg_clock_new (films, n_films, 0);
  GString *out = g_string_new ("{");
  g_string_append_printf (out, "\"control\":%s,", options != NULL && options->control ? "true" : "false");
  put_clock (out, clock);
  g_string_append (out, ",\"films\":[\n");
  for (guint i = 0; i < n_films; i++)
    {
      if (i > 0)
        g_string_append (out, ",\n");
      put_film (out, films[i], clock, i, options != NULL && options->captions != NULL ? options->captions[i] : NULL);
    }
  g_string_append (out, "]}");
  return g_string_free (out, FALSE);
}

/* The palette is that of the diagrams. */
static char *
style_of_page (void)
{
  GString *out = g_string_new (":root {");
  for (guint i = 0; i < SVG_COLOURS; i++)
    g_string_append_printf (out, " --c%u: %s;", i, svg_light[i]);
  g_string_append (out, " }\n@media (prefers-color-scheme: dark) { :root {");
  for (guint i = 0; i < SVG_COLOURS; i++)
    g_string_append_printf (out, " --c%u: %s;", i, svg_dark[i]);
  g_string_append_printf (out, " } }\n%s", page_part_css);
  return g_string_free (out, FALSE);
}

char *
page_of_films (const Film *const *films, guint n_films, const PageOptions *options)
{
  const char *name = options != NULL && options->title != NULL ? options->title : films[0]->title;
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autofree char *title = g_markup_escape_text (valid, -1);
  g_autofree char *data = data_of (films, n_films, options);
  g_autofree char *style = style_of_page ();
  const struct
  {
    const char *mark, *text;
  } parts[] = {
    { "@TITLE@", title },
    { "@STYLE@", style },
    { "@BEFORE@", options != NULL && options->before_html != NULL ? options->before_html : "" },
    { "@AFTER@", options != NULL && options->after_html != NULL ? options->after_html : "" },
    { "@DATA@", data },
    { "@SCRIPT@", page_part_js },
  };
  GString *out = g_string_new (NULL);
  for (const char *at = page_part_html; *at != '\0';)
    {
      const char *mark = strchr (at, '@');
      gboolean found = FALSE;
      g_string_append_len (out, at, mark != NULL ? mark - at : (gssize) strlen (at));
      if (mark == NULL)
        break;
      for (gsize i = 0; i < G_N_ELEMENTS (parts) && !found; i++)
        if (g_str_has_prefix (mark, parts[i].mark))
          {
            g_string_append (out, parts[i].text);
            at = mark + strlen (parts[i].mark);
            found = TRUE;
          }
      if (!found)
        {
          g_string_append_c (out, '@');
          at = mark + 1;
        }
    }
  return g_string_free (out, FALSE);
}

gboolean
page_write (const char *path, const Film *const *films, guint n_films, const PageOptions *options, GError **error)
{
  for (guint i = 0; i < n_films; i++)
    if (!film_is_drawable (films[i], error))
      return FALSE;
  g_autofree char *text = page_of_films (films, n_films, options);
  return save_text (path, text, -1, error);
}
