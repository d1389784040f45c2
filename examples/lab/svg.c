/* examples/lab/svg.c: see svg.h: the document around the diagrams: size, style, legend.
 *
 * Colours are those of Okabe and Ito, which most colour-blind people tell apart; dashes differ too, so that two
 * messages near each other are told apart in grey.  What can be is said twice in the style sheet, with and without
 * variables: a page sets the variables, and a viewer that knows none falls back.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "svg-private.h"

#include "save.h"

#include <math.h>
#include <string.h>

#define TITLE_PX 46.0
#define CAPTION_PX 24.0
#define AXIS_PX 34.0
#define MARGIN_PX 16.0
#define LEGEND_LINE_PX 18.0
#define BELOW_PX 28.0
#define BETWEEN_PX 26.0

const char *const svg_light[SVG_COLOURS]
    = { "#0072b2", "#d55e00", "#007d5a", "#a8407d", "#b07800", "#2b8cc4", "#5b4a9e" };
const char *const svg_dark[SVG_COLOURS]
    = { "#5cb3ea", "#ff9152", "#3ecfa0", "#e796c3", "#f0b640", "#8fd3ff", "#b3a4f2" };
const char *const svg_dashes[SVG_DASHES] = { "none", "7 3", "2 2.5", "9 3 2 3", "4 2" };

/* ---- Helpers ---- */

const char *
svg_n (double v)
{
  static char buffers[16][32];
  static guint next;
  char *out = buffers[next++ % G_N_ELEMENTS (buffers)];
  double tenths = floor (v * 10 + 0.5);
  gint64 t = (gint64) tenths;
  const char *sign = t < 0 ? "-" : "";
  t = ABS (t);
  if (t % 10 == 0)
    g_snprintf (out, 32, "%s%" G_GINT64_FORMAT, sign, t / 10);
  else
    g_snprintf (out, 32, "%s%" G_GINT64_FORMAT ".%d", sign, t / 10, (int) (t % 10));
  return out;
}

void
svg_text (GString *out, const char *text)
{
  g_autofree char *clean = film_clean (text); /* XML has no way to write control characters */
  g_autofree char *escaped = g_markup_escape_text (clean, -1);
  g_string_append (out, escaped);
}

void
svg_title (GString *out, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_string_append (out, "<title>");
  svg_text (out, text);
  g_string_append (out, "</title>");
}

double
svg_text_width (const char *text, double size)
{
  return (double) g_utf8_strlen (text, -1) * size * 0.58;
}

void
svg_row_init (SvgRow *row)
{
  row->taken = g_array_new (FALSE, FALSE, 2 * sizeof (double));
}

void
svg_row_clear (SvgRow *row)
{
  g_array_unref (row->taken);
}

gboolean
svg_row_take (SvgRow *row, double from, double to)
{
  double pair[2] = { from, to };
  guint i = row->taken->len;
  const double (*all)[2] = (gpointer) row->taken->data;
  while (i > 0 && all[i - 1][0] >= to) /* in order, as labels nearly are */
    i--;
  if (i > 0 && all[i - 1][1] > from)
    return FALSE;
  g_array_insert_val (row->taken, i, pair);
  return TRUE;
}

double
svg_lane_y (const SvgDraw *d, guint lane)
{
  return d->top + d->pitch * ((double) lane + 0.5);
}

double
svg_process_y (const SvgDraw *d, int process)
{
  return svg_lane_y (d, film_process (d->film, process)->lane);
}

double
svg_x (const SvgDraw *d, gint64 us)
{
  return svg_clock_x (d->clock, us);
}

gint64
svg_process_end (const Film *film, const FilmProcess *p)
{
  return p->end_us != FILM_NEVER ? p->end_us : film->end_us;
}

/* ---- Style ---- */

static void
put_palette (GString *out, const char *const *colours, gboolean is_dark)
{
  for (guint i = 0; i < SVG_COLOURS; i++)
    g_string_append_printf (out,
                            ".c%u{color:%s;color:var(--c%u,%s)}"
                            ".c%u .a,.c%u .h,.c%u .r{stroke:%s;stroke:var(--c%u,%s)}"
                            ".c%u .f,.c%u .h{fill:%s;fill:var(--c%u,%s)}\n",
                            i, colours[i], i, colours[i], i, i, i, colours[i], i, colours[i], i, i, colours[i], i,
                            colours[i]);
  static const struct
  {
    const char *rule, *property, *variable, *light, *dark;
  } rules[] = {
    { ".paper", "fill", "--paper", "#ffffff", "#14171c" },   { ".r,.halo", "fill", "--paper", "#ffffff", "#14171c" },
    { ".halo", "stroke", "--paper", "#ffffff", "#14171c" },  { ".ink,text", "fill", "--ink", "#1c2530", "#e8ecf1" },
    { ".soft", "fill", "--soft", "#5c6773", "#9aa7b5" },     { ".line", "stroke", "--line", "#46525f", "#a9b4c0" },
    { ".thin", "stroke", "--thin", "#b9c2cb", "#46515d" },   { ".thinfill", "fill", "--thin", "#b9c2cb", "#46515d" },
    { ".band0", "fill", "--band0", "#eef4fa", "#1b2530" },   { ".band1", "fill", "--band1", "#fbf3e4", "#2a2519" },
    { ".band2", "fill", "--band2", "#eaf6f0", "#182a24" },   { ".edge", "stroke", "--edge", "#8492a1", "#7f8d9c" },
    { ".edgefill", "fill", "--edge", "#8492a1", "#7f8d9c" }, { ".bad", "stroke", "--bad", "#b3161d", "#ff6f6f" },
    { ".badfill", "fill", "--bad", "#b3161d", "#ff6f6f" },   { ".k", "stroke", "--control", "#7a8794", "#8593a2" },
    { ".kfill", "fill", "--control", "#6a7784", "#93a1b0" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      const char *value = is_dark ? rules[i].dark : rules[i].light;
      g_string_append_printf (out, "%s{%s:%s;%s:var(%s,%s)}", rules[i].rule, rules[i].property, value,
                              rules[i].property, rules[i].variable, value);
    }
  g_string_append_c (out, '\n');
}

static void
put_style (GString *out, gboolean groups, gboolean parts)
{
  g_string_append (out, "<style>\n"
                        "text{font:11px system-ui,'DejaVu Sans','Segoe UI',Roboto,sans-serif}"
                        ".t1{font-size:17px;font-weight:600}.t2{font-size:13px;font-weight:600}"
                        ".name{font-size:14px;font-weight:600}.small{font-size:10px}.tiny{font-size:9px}"
                        ".m{font-weight:600}.a,.line,.thin,.edge,.bad,.k{fill:none}"
                        ".a{stroke-width:1.5}.d .a{stroke-width:1}.z .a{stroke-width:.8;stroke-opacity:.45}"
                        ".d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 2.5}.d3{stroke-dasharray:9 3 2 3}"
                        ".d4{stroke-dasharray:4 2}.h{stroke:none}.r{stroke-width:1.6}"
                        ".hold{fill-opacity:.22;stroke-width:1}.halo{stroke-width:3.5;stroke-linejoin:round}"
                        ".line{stroke-width:1.6}.thin{stroke-width:1}.edge{stroke-width:1.4}.bad{stroke-width:2.2}"
                        ".k{stroke-width:.8;stroke-dasharray:1.5 2}.gone{stroke-dasharray:1 5;stroke-opacity:.7}\n");
  put_palette (out, svg_light, FALSE);
  if (groups)
    g_string_append (out, ".band3{fill:#f1ecfa;fill:var(--band3,#f1ecfa)}.band4{fill:#fbecf1;fill:var(--band4,#fbecf1)}"
                          ".band5{fill:#e6f4f6;fill:var(--band5,#e6f4f6)}.tie{stroke-dasharray:2 3}\n");
  g_string_append (out, "@media (prefers-color-scheme:dark){\n");
  put_palette (out, svg_dark, TRUE);
  if (groups)
    g_string_append (out, ".band3{fill:#241f33;fill:var(--band3,#241f33)}.band4{fill:#2e1d26;fill:var(--band4,#2e1d26)}"
                          ".band5{fill:#16292d;fill:var(--band5,#16292d)}\n");
  g_string_append (out, "}\n@media print{.a{stroke-opacity:1!important}}\n</style>\n");
  g_string_append (out, "<defs>"
                        "<pattern id=\"flush\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
                        "patternTransform=\"rotate(45)\"><path class=\"edge\" stroke-opacity=\".8\" d=\"M1.5 0V6\"/>"
                        "</pattern>"
                        "<pattern id=\"blocked\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
                        "patternTransform=\"rotate(45)\"><path class=\"bad\" style=\"stroke-width:1\" "
                        "d=\"M0 1H5M1 0V5\"/></pattern>"
                        "<pattern id=\"loading\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
                        "<circle class=\"edgefill\" cx=\"2\" cy=\"2\" r=\"1\"/></pattern>");
  if (parts)
    g_string_append (out, "<pattern id=\"between\" width=\"12\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
                          "<path class=\"edge\" stroke-opacity=\".45\" style=\"stroke-width:1\" d=\"M0 2H5M6 6H11\"/>"
                          "</pattern>");
  g_string_append (out, "</defs>\n");
}

/* ---- Legend ---- */

typedef struct
{
  GString *out;
  double x, y, left, right;
} Legend;

static void
legend_item (Legend *l, const char *symbol, double symbol_width, const char *text)
{
  double width = symbol_width + 5 + svg_text_width (text, 10);
  if (l->x > l->left && l->x + width > l->right)
    {
      l->x = l->left;
      l->y += LEGEND_LINE_PX;
    }
  g_string_append_printf (l->out, "<g transform=\"translate(%s %s)\">%s<text class=\"small soft\" x=\"%s\" y=\"3.5\">",
                          svg_n (l->x), svg_n (l->y), symbol, svg_n (symbol_width + 5));
  svg_text (l->out, text);
  g_string_append (l->out, "</text></g>\n");
  l->x += width + 18;
}

static gboolean
has_span (const Film *const *films, guint n, FilmSpanType type)
{
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < films[i]->spans->len; k++)
      if (g_array_index (films[i]->spans, FilmSpan, k).type == type)
        return TRUE;
  return FALSE;
}

static gboolean
has_event (const Film *const *films, guint n, FilmEventType type)
{
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < films[i]->events->len; k++)
      if (film_event (films[i], k)->type == type)
        return TRUE;
  return FALSE;
}

/* Whether something was received and not delivered at once: else receipts are not drawn. */
static gboolean
has_holds (const Film *const *films, guint n)
{
  for (guint i = 0; i < n; i++)
    for (guint m = 0; m < films[i]->messages->len; m++)
      for (guint p = 0; p < film_message (films[i], m)->n_at; p++)
        {
          const FilmArrival *at = film_at (films[i], (int) m, (int) p);
          if (at != NULL && at->received_us != FILM_NEVER && at->delivered_us != at->received_us)
            return TRUE;
        }
  return FALSE;
}

/* In as many lines as it takes; returns where the last one is. */
static double
put_legend (GString *out, const Film *const *films, guint n, double y, double width, gboolean control)
{
  Legend l = { out, MARGIN_PX, y, MARGIN_PX, width - MARGIN_PX / 2 };
  g_string_append (out, "<g class=\"c0\" role=\"presentation\">\n");
  legend_item (&l, "<circle class=\"f\" cx=\"5\" r=\"5\"/>", 10, "sent");
  if (has_holds (films, n))
    legend_item (&l, "<circle class=\"r\" cx=\"5\" r=\"4.2\"/>", 10, "received");
  legend_item (&l, "<path class=\"f\" d=\"M0 4.5L5.5-5 11 4.5Z\"/>", 11, "delivered");
  if (has_holds (films, n))
    legend_item (&l, "<rect class=\"r hold f\" y=\"-3\" width=\"26\" height=\"6\" rx=\"3\"/>", 26, "held back");
  legend_item (&l, "<path class=\"edge\" d=\"M1-7V7M4-7V7\"/>", 5, "view installed");
  for (guint i = 0; i < n; i++)
    if (film_has_transitional (films[i]))
      {
        legend_item (&l,
                     "<rect class=\"band0\" y=\"-6\" width=\"26\" height=\"12\"/><rect fill=\"url(#between)\" "
                     "y=\"-6\" width=\"26\" height=\"12\"/>",
                     26, "transitional view");
        break;
      }
  if (has_span (films, n, FILM_SPAN_FLUSH))
    legend_item (&l, "<rect fill=\"url(#flush)\" y=\"-6\" width=\"26\" height=\"12\"/>", 26, "flush");
  if (has_span (films, n, FILM_SPAN_BLOCKED))
    legend_item (&l, "<rect fill=\"url(#blocked)\" y=\"-6\" width=\"26\" height=\"12\"/>", 26, "blocked: no quorum");
  if (has_span (films, n, FILM_SPAN_LOADING))
    legend_item (&l, "<rect fill=\"url(#loading)\" y=\"-6\" width=\"26\" height=\"12\"/>", 26, "takes the state");
  if (has_event (films, n, FILM_CRASH))
    legend_item (&l, "<path class=\"bad\" d=\"M0-5L10 5M10-5L0 5\"/>", 10, "crash");
  if (has_event (films, n, FILM_EXCLUDED))
    legend_item (&l, "<g class=\"bad\"><circle cx=\"6\" r=\"5\"/><path d=\"M2.5 3.5L9.5-3.5\"/></g>", 12, "excluded");
  for (guint i = 0; i < n; i++)
    if (films[i]->cuts->len > 0)
      {
        legend_item (&l, "<path class=\"bad\" d=\"M0 2l4-4 4 4 4-4 4 4 4-4 4 4\"/>", 24, "cut");
        break;
      }
  if (control)
    legend_item (&l, "<path class=\"k\" d=\"M0 0H22\"/>", 22, "control packet");
  g_string_append (out, "</g>\n");
  return l.y;
}

/* ---- The document ---- */

static SvgDensity
density_of (const Film *film)
{
  guint64 arrivals = 0;
  for (guint i = 0; i < film->messages->len; i++)
    arrivals += film_message (film, i)->n_at;
  return arrivals <= 420 ? SVG_ROOMY : (arrivals <= 4000 ? SVG_DENSE : SVG_CROWDED);
}

static double
left_of (const Film *const *films, guint n)
{
  double widest = 20;
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < films[i]->processes->len; k++)
      widest = MAX (widest, svg_text_width (film_process (films[i], k)->site, 14));
  return 16 + MIN (widest, 150) + 10;
}

/* Lanes need room for the bars below them. */
static double
pitch_of (const SvgDraw *d)
{
  if (d->film->n_lanes <= 4)
    return d->density == SVG_CROWDED ? 110 : 92;
  return d->film->n_lanes <= 8 ? 72 : (d->film->n_lanes <= 20 ? 54 : 40);
}

static void
find_places (SvgDraw *d)
{
  const Film *film = d->film;
  SvgPlaces *at = &d->at;
  at->n = film->processes->len;
  at->sent = g_new0 (float, film->messages->len + 1);
  at->received = g_new0 (float, (gsize) film->messages->len * at->n + 1);
  at->delivered = g_new0 (float, (gsize) film->messages->len * at->n + 1);
  at->installed = g_new0 (float, (gsize) film->views->len * at->n + 1);
  at->ended = g_new0 (float, at->n + 1);
  at->left = g_new0 (float, (gsize) film->groups->len * at->n + 1);
  for (guint i = 0; i < film->events->len; i++)
    {
      const FilmEvent *e = film_event (film, i);
      float x = (float) svg_clock_event_x (d->clock, d->number, i);
      if (e->type == FILM_SEND)
        at->sent[e->message] = x;
      else if (e->type == FILM_RECEIVE)
        at->received[(gsize) e->message * at->n + (guint) e->process] = x;
      else if (e->type == FILM_DELIVER)
        at->delivered[(gsize) e->message * at->n + (guint) e->process] = x;
      else if (e->type == FILM_VIEW)
        at->installed[(gsize) e->view * at->n + (guint) e->process] = x;
      else if (e->type == FILM_CRASH || e->type == FILM_OUT || e->type == FILM_EXCLUDED)
        {
          at->ended[e->process] = x;
          if (e->group >= 0)
            at->left[(gsize) e->group * at->n + (guint) e->process] = x;
        }
    }
}

static void
forget_places (SvgDraw *d)
{
  g_free (d->at.sent);
  g_free (d->at.received);
  g_free (d->at.delivered);
  g_free (d->at.installed);
  g_free (d->at.ended);
  g_free (d->at.left);
}

static double
draw_film (GString *out, const Film *film, const SvgClock *clock, const SvgOptions *options, guint number,
           const char *caption, double y)
{
  static const char *const classes[] = { "", " d", " d z" };
  SvgDraw d = { .film = film,
                .clock = clock,
                .options = options,
                .density = density_of (film),
                .out = out,
                .left = clock->left,
                .right = clock->right,
                .parts = film_has_transitional (film),
                .number = number };
  d.pitch = pitch_of (&d);
  d.radius = d.density == SVG_ROOMY ? 4.6 : (d.density == SVG_DENSE ? 3 : 1.8);
  g_string_append_printf (out, "<g class=\"film%s\" id=\"film%u\">\n", classes[d.density], number);
  if (caption != NULL)
    {
      g_string_append_printf (out, "<text class=\"t2\" x=\"16\" y=\"%s\">", svg_n (y + 15));
      svg_text (out, caption);
      g_string_append (out, "</text>\n");
      y += CAPTION_PX;
    }
  d.top = y;
  d.top = y + svg_marks_height (&d);
  d.bottom = d.top + d.pitch * film->n_lanes;
  find_places (&d);
  svg_draw_bands (&d);
  svg_draw_marks (&d);
  svg_draw_axis (&d);
  svg_draw_lines (&d);
  if (options != NULL && options->control)
    svg_draw_control (&d);
  svg_draw_arrows (&d);
  svg_draw_holds (&d);
  svg_draw_events (&d);
  svg_draw_fates (&d);
  forget_places (&d);
  g_string_append (out, "</g>\n");
  return d.bottom + AXIS_PX;
}

static char *
orderings_of (const Film *film)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < film->groups->len; i++)
    {
      const FilmGroup *g = &g_array_index (film->groups, FilmGroup, i);
      if (g->ordering == NULL)
        continue;
      g_string_append_printf (text, "%s%s%s%s order", text->len > 0 ? ", " : "", film->groups->len > 1 ? g->name : "",
                              film->groups->len > 1 ? ": " : "", g->ordering);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
put_head (GString *out, const Film *film, const char *title)
{
  g_autofree char *orderings = orderings_of (film);
  g_string_append (out, "<text class=\"t1\" x=\"16\" y=\"28\">");
  svg_text (out, title);
  g_string_append_printf (out, "</text><text class=\"soft\" x=\"%s\" y=\"28\">",
                          svg_n (16 + svg_text_width (title, 17) * 1.15 + 14));
  svg_text (out, orderings);
  g_string_append_printf (
      out, "%s%u process%s, %u message%s%s", orderings[0] != '\0' ? " · " : "", film->processes->len,
      film->processes->len == 1 ? "" : "es", film->messages->len, film->messages->len == 1 ? "" : "s",
      film->verdict == NULL ? "" : (film->legal ? " · legal" : " · <tspan class=\"badfill\">NOT LEGAL</tspan>"));
  if (film->model != NULL)
    g_string_append_printf (out, " (%s model)", film->model);
  g_string_append (out, "</text>\n");
}

char *
svg_of_films (const Film *const *films, guint n_films, const SvgOptions *options)
{
  g_autoptr (SvgClock) clock = svg_clock_new (films, n_films, left_of (films, n_films));
  g_autoptr (GString) body = g_string_new (NULL);
  const char *title = options != NULL && options->title != NULL ? options->title : films[0]->title;
  double y = TITLE_PX, width = clock->right + 16;
  for (guint i = 0; i < n_films; i++)
    {
      const char *caption = options != NULL && options->captions != NULL ? options->captions[i] : NULL;
      if (caption == NULL && n_films > 1)
        caption = films[i]->title;
      y = draw_film (body, films[i], clock, options, i, caption, y) + (i + 1 < n_films ? BETWEEN_PX : 0);
    }
  GString *out = g_string_new (NULL);
  double height
      = put_legend (body, films, n_films, y + LEGEND_LINE_PX, width, options != NULL && options->control) + BELOW_PX;
  g_string_append_printf (out,
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %s %s\" "
                          "role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">",
                          svg_n (width), svg_n (height), svg_n (width), svg_n (height));
  svg_text (out, title);
  g_string_append (out,
                   "</title>\n<desc id=\"desc\">Space-time diagram: a line for each process, time to the right, an "
                   "arrow for each message.</desc>\n");
  gboolean groups = FALSE, parts = FALSE;
  for (guint i = 0; i < n_films; i++)
    {
      groups = groups || films[i]->groups->len > 1;
      parts = parts || film_has_transitional (films[i]);
    }
  put_style (out, groups, parts);
  g_string_append_printf (out, "<rect class=\"paper\" width=\"%s\" height=\"%s\"/>\n", svg_n (width), svg_n (height));
  put_head (out, films[0], title);
  g_string_append_len (out, body->str, (gssize) body->len);
  g_string_append (out, "</svg>\n");
  return g_string_free (out, FALSE);
}

gboolean
svg_write (const char *path, const Film *const *films, guint n_films, const SvgOptions *options, GError **error)
{
  for (guint i = 0; i < n_films; i++)
    if (!film_is_drawable (films[i], error))
      return FALSE;
  g_autofree char *text = svg_of_films (films, n_films, options);
  return save_text (path, text, -1, error);
}
