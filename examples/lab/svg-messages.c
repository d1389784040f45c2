/* examples/lab/svg-messages.c: messages: arrows, what is held back, sends, receipts and deliveries.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "svg-private.h"

#include "core/packet.h"

#include <math.h>

/* An arrow from where a message left to where it came; with histories alone, to where it was delivered. */
typedef struct
{
  double x1, y1, x2, y2;
} Arrow;

static gboolean
arrow_of (const SvgDraw *d, guint message, guint process, Arrow *out)
{
  const FilmMessage *m = film_message (d->film, message);
  const FilmArrival *at = &m->at[process];
  gboolean seen = at->received_us != FILM_NEVER;
  if ((int) process == m->sender || m->sender < 0 || (!seen && at->delivered_us == FILM_NEVER))
    return FALSE;
  int via = seen && at->via >= 0 ? at->via : m->sender;
  gsize key = (gsize) message * d->at.n + process;
  if (m->sent_us == FILM_NEVER)
    return FALSE;
  gboolean own = via == m->sender || at->left_us == FILM_NEVER;
  out->x1 = own ? (double) d->at.sent[message] : svg_x (d, at->left_us);
  out->y1 = svg_process_y (d, via);
  out->x2 = (double) (seen ? d->at.received[key] : d->at.delivered[key]);
  out->y2 = svg_process_y (d, (int) process);
  return TRUE;
}

static const char *
class_of (guint message)
{
  static char buffer[16];
  g_snprintf (buffer, sizeof buffer, "c%u d%u", message % SVG_COLOURS, message % SVG_DASHES);
  return buffer;
}

/* ---- Arrows ---- */

static void
put_arrow (const SvgDraw *d, const Arrow *a, guint message)
{
  double dx = a->x2 - a->x1, dy = a->y2 - a->y1, len = sqrt (dx * dx + dy * dy);
  if (len < 1)
    return;
  double ux = dx / len, uy = dy / len, gap = d->radius + 0.5;
  double tip_x = a->x2 - ux * gap, tip_y = a->y2 - uy * gap;
  g_string_append_printf (d->out, "<path class=\"a d%u\" d=\"M%s %sL%s %s\"/>", message % SVG_DASHES, svg_n (a->x1),
                          svg_n (a->y1), svg_n (tip_x), svg_n (tip_y));
  if (d->density != SVG_ROOMY)
    return;
  g_string_append_printf (d->out, "<path class=\"h\" d=\"M%s %sL%s %sL%s %sZ\"/>", svg_n (tip_x), svg_n (tip_y),
                          svg_n (tip_x - 7 * ux - 2.8 * uy), svg_n (tip_y - 7 * uy + 2.8 * ux),
                          svg_n (tip_x - 7 * ux + 2.8 * uy), svg_n (tip_y - 7 * uy - 2.8 * ux));
}

/* A packet that nobody took: a stub that ends in a cross. */
static void
draw_lost (const SvgDraw *d)
{
  for (guint i = 0; i < d->film->packets->len; i++)
    {
      const FilmPacket *packet = &g_array_index (d->film->packets, FilmPacket, i);
      if ((packet->type != TY_PACKET_DATA && packet->type != TY_PACKET_FORWARD) || packet->arrived_us != FILM_NEVER
          || packet->sent_us > d->film->end_us)
        continue;
      double x = svg_x (d, packet->sent_us), y = svg_process_y (d, packet->from);
      double way = svg_process_y (d, packet->to) > y ? 1 : -1, reach = d->pitch * 0.36;
      g_string_append (d->out, "<g>");
      svg_title (d->out, "does not arrive at %s", film_process (d->film, packet->to)->name);
      g_string_append_printf (d->out,
                              "<path class=\"k\" d=\"M%s %sl%s %s\"/>"
                              "<path class=\"bad\" style=\"stroke-width:1.3\" d=\"M%s %sm-3-3l6 6m0-6l-6 6\"/></g>\n",
                              svg_n (x), svg_n (y), svg_n (reach * 0.5), svg_n (way * reach), svg_n (x + reach * 0.5),
                              svg_n (y + way * reach));
    }
}

static void
draw_all_arrows_at_once (const SvgDraw *d)
{
  for (guint colour = 0; colour < SVG_COLOURS; colour++)
    {
      g_string_append_printf (d->out, "<g class=\"c%u\"><path class=\"a\" d=\"", colour);
      for (guint i = colour; i < d->film->messages->len; i += SVG_COLOURS)
        for (guint p = 0; p < film_message (d->film, i)->n_at; p++)
          {
            Arrow a;
            if (arrow_of (d, i, p, &a))
              g_string_append_printf (d->out, "M%s %sL%s %s", svg_n (a.x1), svg_n (a.y1), svg_n (a.x2), svg_n (a.y2));
          }
      g_string_append (d->out, "\"/></g>\n");
    }
}

void
svg_draw_arrows (SvgDraw *d)
{
  draw_lost (d);
  if (d->density == SVG_CROWDED)
    {
      draw_all_arrows_at_once (d);
      return;
    }
  for (guint i = 0; i < d->film->messages->len; i++)
    {
      const FilmMessage *m = film_message (d->film, i);
      g_string_append_printf (d->out, "<g class=\"%s\">", class_of (i));
      if (m->sender >= 0)
        svg_title (d->out, "%s of %s (%s)", m->name, film_process (d->film, m->sender)->name,
                   film_service_name (m->service));
      for (guint p = 0; p < m->n_at; p++)
        {
          Arrow a;
          if (arrow_of (d, i, p, &a))
            put_arrow (d, &a, i);
        }
      g_string_append (d->out, "</g>\n");
    }
}

void
svg_draw_control (SvgDraw *d)
{
  SvgRow row;
  svg_row_init (&row);
  guint drawn = 0;
  for (guint i = 0; i < d->film->packets->len && drawn < 20000; i++)
    {
      const FilmPacket *packet = &g_array_index (d->film->packets, FilmPacket, i);
      if (packet->type == TY_PACKET_DATA || packet->sent_us < 0 || packet->sent_us > d->film->end_us
          || packet->arrived_us == FILM_NEVER || packet->from == packet->to)
        continue;
      double x1 = svg_x (d, packet->sent_us), y1 = svg_process_y (d, packet->from);
      double x2 = svg_x (d, packet->arrived_us), y2 = svg_process_y (d, packet->to);
      drawn++;
      g_string_append (d->out, "<g>");
      svg_title (d->out, "%s from %s to %s, %u bytes", film_packet_name (packet->type),
                 film_process (d->film, packet->from)->name, film_process (d->film, packet->to)->name, packet->len);
      g_string_append_printf (d->out, "<path class=\"k\" d=\"M%s %sL%s %s\"/>", svg_n (x1), svg_n (y1), svg_n (x2),
                              svg_n (y2));
      double mx = x1 + (x2 - x1) * 0.3, my = y1 + (y2 - y1) * 0.3;
      g_autofree char *lower = g_ascii_strdown (film_packet_name (packet->type), -1);
      double half = svg_text_width (lower, 9) / 2;
      /* One row for all: crude, but labels never lie on each other. */
      if (d->density == SVG_ROOMY && svg_row_take (&row, mx - half, mx + half))
        g_string_append_printf (d->out, "<text class=\"tiny kfill\" text-anchor=\"middle\" x=\"%s\" y=\"%s\">%s</text>",
                                svg_n (mx), svg_n (my), lower);
      g_string_append (d->out, "</g>\n");
    }
  svg_row_clear (&row);
}

/* ---- Held back ---- */

#define TRACK_PX 7.0

/* The first of the tracks under a lane that is free. */
static guint
free_track (double *ends, guint n, double from, double to)
{
  for (guint i = 0; i < n; i++)
    if (ends[i] <= from)
      {
        ends[i] = to + 2;
        return i;
      }
  return n;
}

static char *
why_held (const Film *film, const FilmArrival *at)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = 0;
  for (int i = at->first_wait; i >= 0; i = film_wait (film, i)->next)
    {
      if (++n > 2 && film_wait (film, i)->next >= 0) /* the first and the last of many */
        continue;
      g_autofree char *one = film_wait_text (film, film_wait (film, i));
      g_string_append_printf (text, "%s%s", text->len > 0 ? (n > 3 ? "; then …; then " : "; then ") : "", one);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* A text over what is drawn there: its outline first, in the colour of the paper. */
static void
put_over (const SvgDraw *d, const char *classes, const char *text, double x, double y, const char *anchor)
{
  for (guint i = 0; i < 2; i++)
    {
      g_string_append_printf (d->out, "<text class=\"%s%s\"%s text-anchor=\"%s\" x=\"%s\" y=\"%s\">", classes,
                              i == 0 ? " halo" : "", i == 0 ? " aria-hidden=\"true\"" : "", anchor, svg_n (x),
                              svg_n (y));
      svg_text (d->out, text);
      g_string_append (d->out, "</text>");
    }
}

static void
draw_hold (const SvgDraw *d, guint message, guint process, double *ends, guint tracks, SvgRow *words)
{
  const FilmMessage *m = film_message (d->film, message);
  const FilmArrival *at = &m->at[process];
  const FilmProcess *p = film_process (d->film, process);
  gsize key = (gsize) message * d->at.n + process;
  gboolean dropped = at->delivered_us == FILM_NEVER;
  gint64 until = at->delivered_us;
  if (dropped)
    until = at->dropped_us != FILM_NEVER ? at->dropped_us : MIN (svg_process_end (d->film, p), d->film->end_us);
  double from = (double) ((int) process == m->sender ? d->at.sent[message] : d->at.received[key]);
  double to = dropped ? svg_x (d, until) : (double) d->at.delivered[key];
  if (to - from < 2.5 || until <= at->received_us)
    return;
  guint track = free_track (ends, tracks, from, to);
  double y = svg_process_y (d, (int) process) + d->radius + 3.5 + MIN (track, tracks - 1) * TRACK_PX;
  g_autofree char *why = why_held (d->film, at);
  g_autofree char *took = film_time_text (until - at->received_us);
  g_string_append_printf (d->out, "<g class=\"%s\">", class_of (message));
  svg_title (d->out, "%s at %s: held back for %s%s%s%s", m->name, p->name, took, dropped ? ", never delivered" : "",
             why[0] != '\0' ? ": " : "", why);
  g_string_append_printf (d->out, "<rect class=\"r hold f%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"5\" rx=\"2.5\"/>",
                          dropped ? " d2" : "", svg_n (from), svg_n (y), svg_n (to - from));
  if (d->density == SVG_ROOMY && at->first_wait >= 0)
    {
      const FilmWait *wait = film_wait (d->film, at->first_wait);
      g_autofree char *first = film_wait_text (d->film, wait);
      g_autofree char *text = g_strdup_printf ("%s %s%s", m->name, first, wait->next >= 0 ? " …" : "");
      double width = svg_text_width (text, 9);
      double x = MIN (from, d->right - width);
      if (svg_row_take (words, x - 2, x + width + 6))
        {
          put_over (d, "tiny soft", text, x, svg_process_y (d, (int) process) + d->pitch / 2 - 5, "start");
        }
    }
  g_string_append (d->out, "</g>\n");
}

void
svg_draw_holds (SvgDraw *d)
{
  guint tracks = (guint) MAX (1, (d->pitch / 2 - d->radius - (d->density == SVG_ROOMY ? 16 : 6)) / TRACK_PX);
  if (!d->film->is_play)
    return;
  for (guint p = 0; p < d->film->processes->len; p++)
    {
      g_autofree double *ends = g_new0 (double, tracks + 1);
      SvgRow words;
      svg_row_init (&words);
      for (guint i = 0; i < d->film->messages->len; i++)
        {
          const FilmMessage *m = film_message (d->film, i);
          if (p < m->n_at && m->at[p].received_us != FILM_NEVER)
            draw_hold (d, i, p, ends, tracks, &words);
        }
      svg_row_clear (&words);
    }
}

/* ---- Events ---- */

/* Labels above a lane. */
static void
label_message (const SvgDraw *d, SvgRow *row, const FilmEvent *e, double x, double y)
{
  const FilmMessage *m = film_message (d->film, e->message);
  double half = svg_text_width (m->name, 10) / 2 + 3;
  if (d->density == SVG_CROWDED || !svg_row_take (row, x - half, x + half))
    return;
  put_over (d, "m small", m->name, x, y - d->radius - 4, "middle");
}

static void
put_symbol (const SvgDraw *d, const FilmEvent *e, double x, double y)
{
  double r = d->radius;
  if (e->type == FILM_ASK) /* up to where it is sent at last */
    g_string_append_printf (d->out,
                            "<circle class=\"r\" stroke-dasharray=\"2 1.5\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>"
                            "<path class=\"a d2\" d=\"M%s %sH%s\"/>",
                            svg_n (x), svg_n (y), svg_n (r), svg_n (x + r), svg_n (y - 3),
                            svg_n ((double) d->at.sent[e->message]));
  else if (e->type == FILM_SEND)
    g_string_append_printf (d->out, "<circle class=\"f\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>", svg_n (x), svg_n (y),
                            svg_n (r + 0.6));
  else if (e->type == FILM_RECEIVE)
    g_string_append_printf (d->out, "<circle class=\"r\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>", svg_n (x), svg_n (y),
                            svg_n (r - 0.6));
  else
    g_string_append_printf (d->out, "<path class=\"f\" d=\"M%s %sl%s %s %s %sZ\"/>", svg_n (x - r * 1.25),
                            svg_n (y + r), svg_n (r * 1.25), svg_n (-r * 2.1), svg_n (r * 1.25), svg_n (r * 2.1));
}

static void
draw_event (const SvgDraw *d, SvgRow *row, guint index)
{
  const FilmEvent *e = film_event (d->film, index);
  static const char *const verbs[]
      = { [FILM_ASK] = "queues", [FILM_SEND] = "sends", [FILM_RECEIVE] = "receives", [FILM_DELIVER] = "delivers" };
  double x = svg_clock_event_x (d->clock, d->number, index), y = svg_process_y (d, e->process);
  const FilmMessage *m = film_message (d->film, e->message);
  const FilmArrival *at = film_at (d->film, e->message, e->process);
  gboolean late = e->type == FILM_RECEIVE && at != NULL && at->dropped_us == e->us;
  gsize key = (gsize) e->message * d->at.n + (guint) e->process;
  if (e->type == FILM_RECEIVE && d->at.delivered[key] > 0 && d->at.delivered[key] <= d->at.received[key])
    return; /* at once: the delivery says it all */
  if (d->density != SVG_CROWDED)
    {
      g_autofree char *when = film_time_text (e->us);
      g_string_append_printf (d->out, "<g class=\"c%u\">", (guint) e->message % SVG_COLOURS);
      svg_title (d->out, "%s: %s %s %s (%s)%s", when, film_process (d->film, e->process)->name, verbs[e->type], m->name,
                 film_service_name (m->service), late ? ": too late, its view is over" : "");
    }
  if (late)
    g_string_append_printf (d->out, "<path class=\"bad\" style=\"stroke-width:1.6\" d=\"M%s %sm-4-4l8 8m0-8l-8 8\"/>",
                            svg_n (x), svg_n (y));
  else
    put_symbol (d, e, x, y);
  if (e->type != FILM_RECEIVE)
    label_message (d, row, e, x, y);
  if (d->density != SVG_CROWDED)
    g_string_append (d->out, "</g>\n");
}

static void
draw_views (const SvgDraw *d)
{
  for (guint i = 0; i < d->film->events->len; i++)
    {
      const FilmEvent *e = film_event (d->film, i);
      if (e->type != FILM_VIEW || e->us <= 0)
        continue;
      g_string_append (d->out, "<g>");
      svg_title (d->out, "%s installs view %s", film_process (d->film, e->process)->name,
                 film_view (d->film, e->view)->text);
      g_string_append_printf (d->out, "<path class=\"edge\" style=\"stroke-width:2\" d=\"M%s %sv16m3 0v-16\"/></g>\n",
                              svg_n (svg_clock_event_x (d->clock, d->number, i)),
                              svg_n (svg_process_y (d, e->process) - 8));
    }
}

void
svg_draw_events (SvgDraw *d)
{
  static const FilmEventType order[] = { FILM_ASK, FILM_RECEIVE, FILM_SEND, FILM_DELIVER };
  SvgRow *rows = g_new (SvgRow, d->film->n_lanes + 1);
  for (guint i = 0; i <= d->film->n_lanes; i++)
    svg_row_init (&rows[i]);
  draw_views (d);
  for (guint k = 0; k < G_N_ELEMENTS (order); k++)
    for (guint colour = 0; colour < (d->density == SVG_CROWDED ? SVG_COLOURS : 1); colour++)
      {
        g_string_append_printf (d->out, d->density == SVG_CROWDED ? "<g class=\"c%u\">" : "<g>", colour);
        for (guint i = 0; i < d->film->events->len; i++)
          {
            const FilmEvent *e = film_event (d->film, i);
            if (e->type == order[k] && (d->density != SVG_CROWDED || (guint) e->message % SVG_COLOURS == colour))
              draw_event (d, &rows[film_process (d->film, e->process)->lane], i);
          }
        g_string_append (d->out, "</g>\n");
      }
  for (guint i = 0; i <= d->film->n_lanes; i++)
    svg_row_clear (&rows[i]);
  g_free (rows);
}
