/* examples/lab/compare-plot.c: distributions and curves, as SVG.
 *
 * A distribution is drawn as a hill over a logarithmic axis of times, with its median, its 99 of 100 and its worst
 * marked and named, so that the figures of the table can be found again. Colours and dashes are those of the diagrams;
 * every row and line has its name beside it, so that nothing hangs on colour.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"
#include "svg.h"

#include <math.h>
#include <string.h>

#define WIDTH 920.0
#define LEFT 120.0
#define RIGHT 820.0
#define TOP 34.0
#define ROW 62.0
#define HILL 40.0
#define BINS 140
const char *
plot_style (void)
{
  static char *style;
  if (style != NULL)
    return style;
  GString *out = g_string_new (".plot text{font:12px system-ui,'DejaVu Sans',sans-serif;fill:#1c2530}"
                               ".plot .pt{font-size:14px;font-weight:600}.plot .ps{fill:#5c6773;font-size:11px}"
                               ".plot .pg{stroke:#dde3e9;fill:none}.plot .pa{stroke:#8492a1;fill:none}"
                               ".plot .pl{fill:none;stroke-width:2.2}.plot .ph{fill-opacity:.28;stroke-width:1.5}"
                               ".plot .pm{stroke-width:2;fill:none}\n");
  for (guint i = 0; i < SVG_COLOURS; i++)
    g_string_append_printf (out, ".plot .p%u{stroke:%s}.plot .ph.p%u,.plot .pd.p%u{fill:%s}\n", i, svg_light[i], i, i,
                            svg_light[i]);
  g_string_append (out, "@media (prefers-color-scheme:dark){.plot text{fill:#e8ecf1}.plot .ps{fill:#9aa7b5}"
                        ".plot .pg{stroke:#2b333d}.plot .pa{stroke:#7f8d9c}\n");
  for (guint i = 0; i < SVG_COLOURS; i++)
    g_string_append_printf (out, ".plot .p%u{stroke:%s}.plot .ph.p%u,.plot .pd.p%u{fill:%s}\n", i, svg_dark[i], i, i,
                            svg_dark[i]);
  g_string_append (out, "}\n");
  style = g_string_free (out, FALSE);
  return style;
}

static void
put_text (GString *out, const char *class, double x, double y, const char *anchor, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append_printf (out, "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n", class, svg_n (x),
                          svg_n (y), anchor, escaped);
}

static GString *
begin (const char *title, double height)
{
  GString *out = g_string_new (NULL);
  g_autofree char *escaped = g_markup_escape_text (title, -1);
  g_string_append_printf (out,
                          "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%s\" "
                          "height=\"%s\" role=\"img\" aria-label=\"%s\">\n<style>%s</style>\n",
                          svg_n (WIDTH), svg_n (height), svg_n (WIDTH), svg_n (height), escaped, plot_style ());
  put_text (out, "pt", 8, 20, "start", title);
  return out;
}

static char *
end (GString *out)
{
  g_string_append (out, "</svg>\n");
  return g_string_free (out, FALSE);
}

/* ---- A logarithmic axis ---- */

typedef struct
{
  double low, high; /* powers of ten */
} Axis;

static double
place (const Axis *a, double v)
{
  double at = log10 (MAX (v, 1e-9));
  return LEFT + (at - a->low) / (a->high - a->low) * (RIGHT - LEFT);
}

/* The axis begins and ends at 1, 2 or 5 times a power of ten. */
static Axis
axis_for (double low, double high)
{
  static const double steps[] = { 0.0, 0.30103, 0.69897, 1.0 };
  Axis a = { floor (log10 (low)), ceil (log10 (high)) };
  double base = floor (log10 (low)), top = floor (log10 (high));
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (base + steps[i] <= log10 (low) + 1e-4)
      a.low = base + steps[i];
  for (guint i = G_N_ELEMENTS (steps); i > 0; i--)
    if (top + steps[i - 1] >= log10 (high) - 1e-4)
      a.high = top + steps[i - 1];
  if (a.high - a.low < 0.5)
    {
      a.low -= 0.30103;
      a.high += 0.30103;
    }
  return a;
}

static char *
plain_number (double v)
{
  return v >= 1e6   ? g_strdup_printf ("%.0fM", v / 1e6)
         : v >= 1e4 ? g_strdup_printf ("%.0fk", v / 1e3)
         : v >= 1   ? g_strdup_printf ("%.0f", v)
                    : g_strdup (svg_n (v));
}

static void
put_axis (GString *out, const Axis *a, double top, double bottom)
{
  static const double parts[] = { 1, 2, 5 };
  for (double power = floor (a->low); power <= a->high; power++)
    for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
      {
        double v = pow (10, power) * parts[i];
        if (log10 (v) < a->low - 1e-6 || log10 (v) > a->high + 1e-6)
          continue;
        double x = place (a, v);
        g_string_append_printf (out, "<path class=\"pg\" d=\"M%s %sV%s\"/>\n", svg_n (x), svg_n (top), svg_n (bottom));
        if (i > 0 && a->high - a->low > 3)
          continue;
        g_autofree char *text = film_time_text ((gint64) (v + 0.5));
        put_text (out, "ps", x, bottom + 15, "middle", text);
      }
  g_string_append_printf (out, "<path class=\"pa\" d=\"M%s %sH%s\"/>\n", svg_n (LEFT), svg_n (bottom), svg_n (RIGHT));
}

/* ---- Hills ---- */

static void
put_hill (GString *out, const Axis *a, Sample *s, guint colour, double base)
{
  double bins[BINS + 1] = { 0 }, smooth[BINS + 1] = { 0 }, most = 0;
  for (guint i = 0; i < s->values->len; i++)
    {
      double x = place (a, (double) MAX (g_array_index (s->values, gint64, i), 1));
      gint bin = (gint) ((x - LEFT) / (RIGHT - LEFT) * BINS);
      bins[CLAMP (bin, 0, BINS)]++;
    }
  for (gint i = 0; i <= BINS; i++)
    {
      static const double kernel[] = { 0.4, 0.24, 0.06 };
      for (gint k = -2; k <= 2; k++)
        if (i + k >= 0 && i + k <= BINS)
          smooth[i] += bins[i + k] * kernel[ABS (k)];
      most = MAX (most, smooth[i]);
    }
  g_string_append_printf (out, "<path class=\"ph p%u\" d=\"M%s %s", colour, svg_n (LEFT), svg_n (base));
  for (gint i = 0; i <= BINS; i++)
    g_string_append_printf (out, "L%s %s", svg_n (LEFT + (RIGHT - LEFT) * i / BINS),
                            svg_n (base - (most > 0 ? smooth[i] / most * HILL : 0)));
  g_string_append_printf (out, "L%s %sZ\"/>\n", svg_n (RIGHT), svg_n (base));
}

static void
put_mark (GString *out, const Axis *a, gint64 us, const char *name, guint colour, double base, double *last)
{
  double x = place (a, (double) MAX (us, 1));
  g_autofree char *time = film_time_text (us);
  g_autofree char *text = g_strdup_printf ("%s %s", name, time);
  double half = (double) g_utf8_strlen (text, -1) * 3.1;
  g_string_append_printf (out, "<path class=\"pm p%u\" d=\"M%s %sV%s\"/>\n", colour, svg_n (x), svg_n (base - 9),
                          svg_n (base + 4));
  double at = CLAMP (x, MAX (LEFT + half, *last + half + 8), WIDTH - 4 - half);
  if (at - half < *last + 4)
    return;
  put_text (out, "ps", at, base + 16, "middle", text);
  *last = at + half;
}

char *
plot_times (const char *title, const PlotRow *rows, guint n)
{
  double low = G_MAXDOUBLE, high = 0;
  for (guint i = 0; i < n; i++)
    if (sample_n (rows[i].sample) > 0)
      {
        low = MIN (low, (double) MAX (sample_percentile (rows[i].sample, 0), 1));
        high = MAX (high, (double) MAX (sample_max (rows[i].sample), 1));
      }
  if (high <= 0)
    low = 1000, high = 1000;
  Axis axis = axis_for (low, high);
  double bottom = TOP + ROW * n + 6;
  GString *out = begin (title, bottom + 26);
  put_axis (out, &axis, TOP, bottom);
  for (guint i = 0; i < n; i++)
    {
      double base = TOP + ROW * (i + 1) - 18, last = 0;
      Sample *s = rows[i].sample;
      put_text (out, "", 8, base - 8, "start", rows[i].name);
      g_autofree char *count = rows[i].n_zero > 0 ? g_strdup_printf ("%u of %" G_GUINT64_FORMAT, sample_n (s),
                                                                     sample_n (s) + rows[i].n_zero)
                                                  : g_strdup_printf ("%u", sample_n (s));
      put_text (out, "ps", 8, base + 6, "start", count);
      if (sample_n (s) == 0)
        {
          put_text (out, "ps", LEFT + 8, base - 4, "start", "none");
          continue;
        }
      put_hill (out, &axis, s, i % SVG_COLOURS, base);
      put_mark (out, &axis, sample_percentile (s, 50), "half", i % SVG_COLOURS, base, &last);
      put_mark (out, &axis, sample_percentile (s, 99), "99 %", i % SVG_COLOURS, base, &last);
      put_mark (out, &axis, sample_max (s), "worst", i % SVG_COLOURS, base, &last);
    }
  return end (out);
}

/* ---- Counts ---- */

static gint64
bin_of (gint64 count, gint64 width)
{
  return count == 0 ? 0 : 1 + (count - 1) / width;
}

char *
plot_counts (const char *title, const PlotRow *rows, guint n)
{
  gint64 most = 1;
  for (guint i = 0; i < n; i++)
    most = MAX (most, sample_max (rows[i].sample));
  gint64 width = (most - 1) / 20 + 1, n_bins = (most - 1) / width + 2; /* none at all is a bin of its own */
  double bottom = TOP + ROW * n, step = (RIGHT - LEFT) / (double) n_bins;
  GString *out = begin (title, bottom + 24);
  for (guint i = 0; i < n; i++)
    {
      double base = TOP + ROW * (i + 1) - 10;
      Sample *s = rows[i].sample;
      put_text (out, "", 8, base - 8, "start", rows[i].name);
      g_string_append_printf (out, "<path class=\"pa\" d=\"M%s %sH%s\"/>\n", svg_n (LEFT), svg_n (base), svg_n (RIGHT));
      for (gint64 bin = 0; bin < n_bins; bin++)
        {
          guint count = 0;
          for (guint k = 0; k < s->values->len; k++)
            count += bin_of (g_array_index (s->values, gint64, k), width) == bin;
          if (count == 0)
            continue;
          double height = HILL * count / s->values->len, x = LEFT + step * (double) bin;
          g_string_append_printf (out, "<rect class=\"ph p%u\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>\n",
                                  i % SVG_COLOURS, svg_n (x + step * 0.12), svg_n (base - height), svg_n (step * 0.76),
                                  svg_n (height));
          g_autofree char *text = g_strdup_printf ("%u", count);
          put_text (out, "ps", x + step / 2, base - height - 3, "middle", text);
        }
    }
  for (gint64 bin = 0; bin < n_bins; bin++)
    {
      gint64 from = bin == 0 ? 0 : (bin - 1) * width + 1, to = bin * width;
      g_autofree char *text = from == to ? g_strdup_printf ("%" G_GINT64_FORMAT, from)
                                         : g_strdup_printf ("%" G_GINT64_FORMAT "–%" G_GINT64_FORMAT, from, to);
      if (n_bins <= 12 || bin % 2 == 0)
        put_text (out, "ps", LEFT + step * ((double) bin + 0.5), bottom + 8, "middle", text);
    }
  return end (out);
}

/* ---- Curves ---- */

static void
line_bounds (const PlotLine *lines, guint n, double *low_x, double *high_x, double *low_y, double *high_y)
{
  *low_x = *low_y = G_MAXDOUBLE;
  *high_x = *high_y = 0;
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < lines[i].n; k++)
      {
        *low_x = MIN (*low_x, lines[i].x[k]);
        *high_x = MAX (*high_x, lines[i].x[k]);
        *low_y = MIN (*low_y, lines[i].y[k]);
        *high_y = MAX (*high_y, lines[i].y[k]);
      }
}

static double
height_of (const Axis *y, double v, double bottom, double height)
{
  return bottom - (log10 (MAX (v, 1e-6)) - y->low) / (y->high - y->low) * height;
}

/* Beside the ends of the lines, from the top down, one below another where the ends are near each other, and the last
 * no lower than the axis. */
static void
put_labels (GString *out, const PlotLine *lines, const double *ends, guint n, double x, double bottom)
{
  double last = -100;
  g_autofree guint8 *put = g_new0 (guint8, n + 1);
  for (guint done = 0; done < n; done++)
    {
      guint next = n;
      for (guint i = 0; i < n; i++)
        if (!put[i] && (next == n || ends[i] < ends[next]))
          next = i;
      put[next] = TRUE;
      last = MAX (MIN (ends[next], bottom - 14 * (n - 1 - done)), last + 14);
      g_string_append_printf (out, "<path class=\"pl p%u\" stroke-width=\"1\" d=\"M%s %sL%s %s\"/>\n",
                              next % SVG_COLOURS, svg_n (x + 4), svg_n (ends[next]), svg_n (x + 16), svg_n (last));
      put_text (out, "", x + 20, last + 4, "start", lines[next].name);
    }
}

/* What was measured is marked, and nothing else is known. */
static void
put_measured (GString *out, const Axis *a, const PlotLine *line, double bottom)
{
  for (guint k = 0; k < line->n; k++)
    {
      double x = place (a, line->x[k]);
      g_autofree char *text = plain_number (line->x[k]);
      g_string_append_printf (out, "<path class=\"pg\" d=\"M%s %sV%s\"/>\n", svg_n (x), svg_n (TOP + 20),
                              svg_n (bottom));
      put_text (out, "ps", x, bottom + 15, "middle", text);
    }
  g_string_append_printf (out, "<path class=\"pa\" d=\"M%s %sH%s\"/>\n", svg_n (LEFT), svg_n (bottom), svg_n (RIGHT));
}

char *
plot_lines (const char *title, const char *x_name, const char *y_name, const PlotLine *lines, guint n)
{
  double low_x, high_x, low_y, high_y, height = 240, bottom = TOP + 20 + height;
  line_bounds (lines, n, &low_x, &high_x, &low_y, &high_y);
  double from = log10 (MAX (low_x, 1e-6)), to = log10 (MAX (high_x, 1e-6)), margin = MAX (0.06 * (to - from), 0.02);
  Axis x = { from - margin, to + margin }, y = axis_for (MAX (low_y, 1e-6), MAX (high_y, 1e-6));
  GString *out = begin (title, bottom + 44);
  put_measured (out, &x, &lines[0], bottom);
  put_text (out, "ps", (LEFT + RIGHT) / 2, bottom + 34, "middle", x_name);
  put_text (out, "ps", 8, TOP + 10, "start", y_name);
  for (double power = floor (y.low); power <= y.high; power++)
    for (guint i = 0; i < 3; i++)
      {
        static const double parts[] = { 1, 2, 5 };
        double v = pow (10, power) * parts[i], at = log10 (v);
        if (at < y.low - 1e-6 || at > y.high + 1e-6)
          continue;
        double py = bottom - (at - y.low) / (y.high - y.low) * height;
        g_autofree char *text = plain_number (v);
        g_string_append_printf (out, "<path class=\"pg\" d=\"M%s %sH%s\"/>\n", svg_n (LEFT), svg_n (py), svg_n (RIGHT));
        put_text (out, "ps", LEFT - 8, py + 4, "end", text);
      }
  g_autofree double *labels = g_new0 (double, n + 1);
  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (out, "<path class=\"pl p%u\" stroke-dasharray=\"%s\" d=\"", i % SVG_COLOURS,
                              svg_dashes[i % SVG_DASHES]);
      for (guint k = 0; k < lines[i].n; k++)
        {
          labels[i] = height_of (&y, lines[i].y[k], bottom, height);
          g_string_append_printf (out, "%s%s %s", k == 0 ? "M" : "L", svg_n (place (&x, lines[i].x[k])),
                                  svg_n (labels[i]));
        }
      g_string_append (out, "\"/>\n");
      for (guint k = 0; k < lines[i].n; k++)
        g_string_append_printf (out, "<circle class=\"pd p%u\" cx=\"%s\" cy=\"%s\" r=\"3.5\"/>\n", i % SVG_COLOURS,
                                svg_n (place (&x, lines[i].x[k])),
                                svg_n (height_of (&y, lines[i].y[k], bottom, height)));
    }
  put_labels (out, lines, labels, n, place (&x, high_x), bottom);
  return end (out);
}
