/* examples/lab/svg-lanes.c: what lies behind the messages: views as bands, the lines of the processes, flush and
 * block, what befalls processes and links, and the axis of time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "svg-private.h"

#include <math.h>
#include <string.h>

#define MARK_ROWS 3
#define MARK_PX 14.0
#define VIEW_PX 18.0

/* ---- Marks: the hand of the scene ---- */

/* Sends are there to be seen anyway. */
static gboolean
is_mark (const FilmEvent *e)
{
  return e->type == FILM_STEP && strstr (e->text, " sends ") == NULL;
}

/* What is too long ends in three dots. */
static char *
shortened (const char *text, guint n)
{
  if (g_utf8_strlen (text, -1) <= (glong) n)
    return g_strdup (text);
  g_autofree char *head = g_utf8_substring (text, 0, (glong) n - 1);
  return g_strdup_printf ("%s…", head);
}

/* Which row each mark goes to; -1: there is no room for its words. */
static guint
place_marks (const SvgDraw *d, GArray *rows)
{
  SvgRow row[MARK_ROWS];
  guint used = 0;
  for (guint i = 0; i < MARK_ROWS; i++)
    svg_row_init (&row[i]);
  for (guint i = 0; i < d->film->events->len; i++)
    {
      const FilmEvent *e = film_event (d->film, i);
      int at = -1;
      if (!is_mark (e))
        continue;
      g_autofree char *text = shortened (e->text, 48);
      double x = svg_x (d, e->us), width = svg_text_width (text, 10) + 12;
      for (int r = 0; r < MARK_ROWS && at < 0; r++)
        if (svg_row_take (&row[r], x - 2, x + width))
          at = r;
      used = MAX (used, (guint) (at + 1));
      g_array_append_val (rows, at);
    }
  for (guint i = 0; i < MARK_ROWS; i++)
    svg_row_clear (&row[i]);
  return used;
}

/* Each group has a part of the height of a lane, and a row for the names of its views. */
static guint
n_slabs (const SvgDraw *d)
{
  return MAX (1, d->film->groups->len);
}

double
svg_marks_height (SvgDraw *d)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (int));
  return VIEW_PX * n_slabs (d) + place_marks (d, rows) * MARK_PX + 4;
}

void
svg_draw_marks (SvgDraw *d)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (int));
  guint used = place_marks (d, rows), n = 0;
  for (guint i = 0; i < d->film->events->len; i++)
    {
      const FilmEvent *e = film_event (d->film, i);
      if (!is_mark (e))
        continue;
      int row = g_array_index (rows, int, n++);
      const char *x = svg_n (svg_x (d, e->us));
      double y = d->top - VIEW_PX * n_slabs (d) - MARK_PX * (used - MAX (row, 0)) + 10;
      g_string_append (d->out, "<g>");
      svg_title (d->out, "%s", e->text);
      g_string_append_printf (d->out, "<path class=\"thin\" stroke-dasharray=\"2 3\" d=\"M%s %sV%s\"/>", x,
                              svg_n (y - 8), svg_n (d->bottom));
      if (row >= 0)
        {
          g_autofree char *text = shortened (e->text, 48);
          g_string_append_printf (d->out, "<text class=\"small soft\" x=\"%s\" y=\"%s\">", svg_n (svg_x (d, e->us) + 4),
                                  svg_n (y));
          svg_text (d->out, text);
          g_string_append (d->out, "</text>");
        }
      g_string_append (d->out, "</g>\n");
    }
}

/* ---- Views ---- */

typedef struct
{
  gboolean in;
  double from, to;
} Stay; /* of one lane in one view */

static double
end_x (const SvgDraw *d, int process)
{
  const FilmProcess *p = film_process (d->film, process);
  return p->end_us == FILM_NEVER ? d->right : (double) d->at.ended[process];
}

/* Where the process goes from this view to another, or ends. */
static double
leaves_at (const SvgDraw *d, int process, int view)
{
  const GArray *views = film_process (d->film, process)->views;
  gboolean after = FALSE;
  for (guint i = 0; i < views->len; i++)
    {
      int other = g_array_index (views, int, i);
      if (after && film_view (d->film, other)->group == film_view (d->film, view)->group)
        return (double) d->at.installed[(gsize) other * d->at.n + (guint) process];
      after |= other == view;
    }
  double left = (double) d->at.left[(gsize) film_view (d->film, view)->group * d->at.n + (guint) process];
  return left > 0 ? left : end_x (d, process);
}

static Stay *
stays_of (const SvgDraw *d, int view)
{
  const FilmView *v = film_view (d->film, view);
  Stay *stays = g_new0 (Stay, d->film->n_lanes + 1);
  for (guint rank = 0; rank < v->n_members; rank++)
    {
      int process = v->members[rank];
      if (v->installed[rank] == FILM_NEVER)
        continue;
      double x = (double) d->at.installed[(gsize) view * d->at.n + (guint) process];
      stays[film_process (d->film, process)->lane]
          = (Stay){ TRUE, v->installed[rank] <= 0 ? d->left + 4 : x, leaves_at (d, process, view) };
    }
  return stays;
}

/* One side of a run of lanes, from lane `from` on: down, or up. */
static void
put_side (const SvgDraw *d, const Stay *stays, guint first, guint last, gboolean right, gboolean down)
{
  double half = d->pitch / 2 - 1.5;
  for (guint k = 0; k <= last - first; k++)
    {
      guint lane = down ? first + k : last - k;
      double x = right ? stays[lane].to : stays[lane].from, y = svg_lane_y (d, lane);
      double a = lane == (down ? first : last) ? half : d->pitch * 0.18;
      double b = lane == (down ? last : first) ? half : d->pitch * 0.18;
      g_string_append_printf (d->out, "L%s %sL%s %s", svg_n (x), svg_n (down ? y - a : y + a), svg_n (x),
                              svg_n (down ? y + b : y - b));
    }
}

/* Neighbours in time have different colours, and so have groups. */
static guint
tint_of (const SvgDraw *d, int view)
{
  guint tint = 0, group = (guint) film_view (d->film, view)->group;
  for (int i = 0; i < view; i++)
    tint += film_view (d->film, i)->group == (int) group;
  return tint % 3 + group % 2 * 3;
}

/* Where a lane has the view of one group above that of another, the view is a slab on each lane, and what belongs
 * together is tied by a dashed line where it begins. */
static void
draw_slabs (const SvgDraw *d, const Stay *stays, guint first, guint last, int view)
{
  guint group = (guint) film_view (d->film, view)->group, n = n_slabs (d), tint = tint_of (d, view);
  double half = d->pitch / 2 - 1.5, height = 2 * half / n;
  for (guint lane = first; lane <= last; lane++)
    {
      double y = svg_lane_y (d, lane) - half + height * group;
      g_string_append_printf (d->out, "<rect class=\"band%u\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>", tint,
                              svg_n (stays[lane].from), svg_n (y), svg_n (MAX (1, stays[lane].to - stays[lane].from)),
                              svg_n (height - 1));
      g_string_append_printf (d->out, "<path class=\"edge\" d=\"M%s %sv%s\"/>", svg_n (stays[lane].from), svg_n (y),
                              svg_n (height - 1));
      if (lane < last)
        g_string_append_printf (d->out, "<path class=\"thin tie\" d=\"M%s %sL%s %s\"/>", svg_n (stays[lane].from),
                                svg_n (y + height - 1), svg_n (stays[lane + 1].from),
                                svg_n (svg_lane_y (d, lane + 1) - half + height * group));
      g_string_append_c (d->out, '\n');
    }
}

/* The name of the group, where the process enters it. */
static void
name_slabs_of (const SvgDraw *d, int view, const Stay *stays, guint8 *named)
{
  guint group = (guint) film_view (d->film, view)->group, n = n_slabs (d);
  double half = d->pitch / 2 - 1.5, height = 2 * half / n;
  g_autofree char *name = shortened (g_array_index (d->film->groups, FilmGroup, group).name, 14);
  for (guint lane = 0; lane < d->film->n_lanes && height >= 12; lane++)
    {
      if (!stays[lane].in || named[group * d->film->n_lanes + lane])
        continue;
      named[group * d->film->n_lanes + lane] = TRUE;
      g_string_append_printf (d->out, "<text class=\"tiny soft\" x=\"%s\" y=\"%s\">", svg_n (stays[lane].from + 4),
                              svg_n (svg_lane_y (d, lane) - half + height * group + (group * 2 < n ? 9 : height - 4)));
      svg_text (d->out, name);
      g_string_append (d->out, "</text>\n");
    }
}

static void
draw_run (const SvgDraw *d, const Stay *stays, guint first, guint last, int view)
{
  double half = d->pitch / 2 - 1.5;
  if (n_slabs (d) > 1)
    {
      draw_slabs (d, stays, first, last, view);
      return;
    }
  g_string_append_printf (d->out, "<path class=\"band%u\" d=\"M%s %s", tint_of (d, view), svg_n (stays[first].from),
                          svg_n (svg_lane_y (d, first) - half));
  put_side (d, stays, first, last, FALSE, TRUE);
  put_side (d, stays, first, last, TRUE, FALSE);
  g_string_append (d->out, "Z\"/>");
  if (film_view (d->film, view)->transitional)
    {
      g_string_append_printf (d->out, "<path fill=\"url(#between)\" d=\"M%s %s", svg_n (stays[first].from),
                              svg_n (svg_lane_y (d, first) - half));
      put_side (d, stays, first, last, FALSE, TRUE);
      put_side (d, stays, first, last, TRUE, FALSE);
      g_string_append (d->out, "Z\"/>");
    }
  g_string_append_printf (d->out, "<path class=\"edge\" d=\"M%s %s", svg_n (stays[first].from),
                          svg_n (svg_lane_y (d, first) - half));
  put_side (d, stays, first, last, FALSE, TRUE);
  g_string_append (d->out, "\"/>\n");
}

static char *
members_text (const Film *film, const FilmView *view)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < view->n_members; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", film_process (film, view->members[i])->name);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* From x on, to the right as far as the band goes, until there is room. */
static gboolean
find_room (SvgRow *row, double width, double x, double last, double *at)
{
  for (*at = x; *at <= MAX (x, last - width); *at += 6)
    if (svg_row_take (row, *at - 2, *at + width + 6))
      return TRUE;
  return FALSE;
}

/* As much as there is room for: with members, without, the number alone. */
static void
label_view (const SvgDraw *d, SvgRow *row, int view, double x, double last)
{
  const FilmView *v = film_view (d->film, view);
  const char *group = g_array_index (d->film->groups, FilmGroup, v->group).name;
  gboolean many = d->film->groups->len > 1;
  g_autofree char *members = members_text (d->film, v);
  const char *kind = v->transitional ? "transitional " : "";
  char *texts[3] = {
    g_strdup_printf ("%s%s%sview %s · %s", many ? group : "", many ? ": " : "", kind, v->text, members),
    g_strdup_printf ("%sview %s", kind, v->text),
    g_strdup (v->text),
  };
  for (guint i = 0; i < 3; i++)
    {
      double width = svg_text_width (texts[i], 11);
      double at, from = MAX (d->left, MIN (x, d->right + 10 - width)); /* not over the edge */
      if (!find_room (row, width, from, MIN (last, from + 400), &at))
        continue;
      g_string_append_printf (d->out, "<text class=\"%s\" x=\"%s\" y=\"%s\">", i == 2 ? "tiny soft" : "soft",
                              svg_n (at), svg_n (d->top - 5 - VIEW_PX * (n_slabs (d) - 1 - (guint) v->group)));
      svg_text (d->out, texts[i]);
      g_string_append (d->out, "</text>\n");
      break;
    }
  for (guint i = 0; i < 3; i++)
    g_free (texts[i]);
}

/* Where several parts go on beside each other, a row above them all does not say which is which: each view is named in
 * its band, as far as there is room. */
static void
name_run (const SvgDraw *d, const Stay *stays, guint first, int view)
{
  const FilmView *v = film_view (d->film, view);
  g_autofree char *members = members_text (d->film, v);
  const char *kind = v->transitional ? "transitional " : "";
  g_autofree char *all = g_strdup_printf ("%sview %s · %s", kind, v->text, members);
  g_autofree char *some = g_strdup_printf ("%s%s", kind, v->text), *few = g_strdup (v->text);
  const char *texts[] = { all, some, few };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (svg_text_width (texts[i], 10) + 8 <= stays[first].to - stays[first].from)
      {
        g_string_append_printf (d->out, "<text class=\"small soft\" x=\"%s\" y=\"%s\">", svg_n (stays[first].from + 5),
                                svg_n (svg_lane_y (d, first) - d->pitch / 2 + 12));
        svg_text (d->out, texts[i]);
        g_string_append (d->out, "</text>");
        return;
      }
}

static void
draw_band (const SvgDraw *d, int view, double *label_x, double *last_x)
{
  g_autofree Stay *stays = stays_of (d, view);
  const FilmView *v = film_view (d->film, view);
  g_autofree char *members = members_text (d->film, v);
  *label_x = *last_x = -1;
  g_string_append (d->out, "<g>");
  svg_title (d->out, "%s%sview %s (%s) of %s",
             n_slabs (d) > 1 ? g_array_index (d->film->groups, FilmGroup, v->group).name : "",
             n_slabs (d) > 1 ? ": " : "", v->text, v->label, members);
  for (guint first = 0; first < d->film->n_lanes;)
    {
      guint last = first;
      if (!stays[first++].in)
        continue;
      while (last + 1 < d->film->n_lanes && stays[last + 1].in)
        last++;
      draw_run (d, stays, first - 1, last, view);
      if (d->parts && n_slabs (d) == 1)
        name_run (d, stays, first - 1, view);
      for (guint lane = first - 1; lane <= last; lane++)
        {
          *label_x = *label_x < 0 ? stays[lane].from : MIN (*label_x, stays[lane].from);
          *last_x = MAX (*last_x, stays[lane].to);
        }
      first = last + 1;
    }
  g_string_append (d->out, "</g>\n");
}

void
svg_draw_bands (SvgDraw *d)
{
  g_autofree SvgRow *rows = g_new (SvgRow, n_slabs (d));
  for (guint i = 0; i < n_slabs (d); i++)
    svg_row_init (&rows[i]);
  g_autofree double *xs = g_new (double, d->film->views->len + 1);
  g_autofree double *lasts = g_new (double, d->film->views->len + 1);
  for (guint i = 0; i < d->film->views->len; i++)
    draw_band (d, (int) i, &xs[i], &lasts[i]);
  for (guint i = 0; i < d->film->views->len; i++)
    if (xs[i] >= 0 && !(d->parts && n_slabs (d) == 1))
      label_view (d, &rows[film_view (d->film, i)->group], (int) i, xs[i] + 2, lasts[i]);
  for (guint i = 0; i < n_slabs (d); i++)
    svg_row_clear (&rows[i]);
}

/* ---- Lines ---- */

/* What a view ends, ends where that view is drawn. */
static double
span_end (const SvgDraw *d, const FilmSpan *span)
{
  const GArray *views = film_process (d->film, span->process)->views;
  if (span->to_us == FILM_NEVER || span->to_us == film_process (d->film, span->process)->end_us)
    return end_x (d, span->process);
  for (guint i = 0; i < views->len; i++)
    {
      gsize view = (gsize) g_array_index (views, int, i);
      for (guint rank = 0; rank < film_view (d->film, view)->n_members; rank++)
        if (film_view (d->film, view)->members[rank] == span->process
            && film_view (d->film, view)->installed[rank] == span->to_us)
          return (double) d->at.installed[view * d->at.n + (guint) span->process];
    }
  return svg_x (d, span->to_us);
}

static void
draw_spans (const SvgDraw *d)
{
  static const char *const fills[] = { "flush", "blocked", NULL, "loading" };
  static const char *const words[]
      = { "flush: sends wait, nothing is delivered", "blocked: no quorum", "stands still", "takes the state" };
  for (guint i = 0; i < d->film->spans->len; i++)
    {
      const FilmSpan *span = &g_array_index (d->film->spans, FilmSpan, i);
      const FilmProcess *p = film_process (d->film, span->process);
      gint64 to = span->to_us != FILM_NEVER ? span->to_us : svg_process_end (d->film, p);
      double x = svg_x (d, span->from_us), width = MAX (1.5, span_end (d, span) - x);
      double y = svg_process_y (d, span->process);
      if (fills[span->type] == NULL)
        continue;
      double half = span->type == FILM_SPAN_BLOCKED ? 7 : 9;
      if (n_slabs (d) > 1 && span->group >= 0) /* on its group's side of the line */
        {
          y += 2 * half * ((span->group + 0.5) / n_slabs (d) - 0.5);
          half /= n_slabs (d);
        }
      g_autofree char *took = film_time_text (to - span->from_us);
      g_string_append (d->out, "<g>");
      svg_title (d->out, "%s: %s (%s)", p->name, words[span->type], took);
      g_string_append_printf (d->out,
                              "<rect class=\"%s\" fill-opacity=\".%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>"
                              "<rect fill=\"url(#%s)\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/></g>\n",
                              span->type == FILM_SPAN_BLOCKED ? "badfill" : "edgefill",
                              span->type == FILM_SPAN_BLOCKED ? "12" : "18", svg_n (x), svg_n (y - half), svg_n (width),
                              svg_n (2 * half), fills[span->type], svg_n (x), svg_n (y - half), svg_n (width),
                              svg_n (2 * half));
    }
}

/* The stretches of its life in which it stands still are left out of its line. */
static void
draw_line (const SvgDraw *d, int process)
{
  const FilmProcess *p = film_process (d->film, process);
  double y = svg_process_y (d, process);
  double x = p->born_us <= 0 ? d->left : svg_x (d, p->born_us);
  double end = end_x (d, process);
  g_string_append_printf (d->out, "<path class=\"line\" d=\"M%s %s", svg_n (x), svg_n (y));
  for (guint i = 0; i < d->film->spans->len; i++)
    {
      const FilmSpan *span = &g_array_index (d->film->spans, FilmSpan, i);
      if (span->process != process || span->type != FILM_SPAN_STOPPED)
        continue;
      double to = span->to_us == FILM_NEVER ? end : svg_x (d, span->to_us);
      g_string_append_printf (d->out, "H%sM%s %s", svg_n (svg_x (d, span->from_us)), svg_n (to), svg_n (y));
    }
  g_string_append_printf (d->out, "H%s\"/>\n", svg_n (MAX (x, end)));
  for (guint i = 0; i < d->film->spans->len; i++)
    {
      const FilmSpan *span = &g_array_index (d->film->spans, FilmSpan, i);
      if (span->process != process || span->type != FILM_SPAN_STOPPED)
        continue;
      double from = svg_x (d, span->from_us), to = span->to_us == FILM_NEVER ? end : svg_x (d, span->to_us);
      g_string_append_printf (d->out,
                              "<g><title>%s</title><path class=\"line\" d=\"M%s %sv12m3 0v-12M%s %sv12m-3 0v-12\"/>"
                              "<path class=\"line gone\" d=\"M%s %sH%s\"/></g>\n",
                              "stands still", svg_n (from), svg_n (y - 6), svg_n (to), svg_n (y - 6), svg_n (from),
                              svg_n (y), svg_n (to));
    }
}

static void
name_slabs (const SvgDraw *d)
{
  g_autofree guint8 *named = g_new0 (guint8, n_slabs (d) * d->film->n_lanes + 1);
  for (guint i = 0; i < d->film->views->len && n_slabs (d) > 1; i++)
    {
      g_autofree Stay *stays = stays_of (d, (int) i);
      name_slabs_of (d, (int) i, stays, named);
    }
}

void
svg_draw_lines (SvgDraw *d)
{
  g_autofree gboolean *named = g_new0 (gboolean, d->film->n_lanes + 1);
  name_slabs (d);
  draw_spans (d);
  for (guint i = 0; i < d->film->processes->len; i++)
    {
      const FilmProcess *p = film_process (d->film, i);
      draw_line (d, (int) i);
      if (named[p->lane])
        continue;
      named[p->lane] = TRUE;
      g_autofree char *name = shortened (p->site, 15);
      g_string_append_printf (d->out, "<text class=\"name\" x=\"%s\" y=\"%s\" text-anchor=\"end\">",
                              svg_n (d->left - 9), svg_n (svg_process_y (d, (int) i) + 5));
      svg_text (d->out, name);
      g_string_append (d->out, "</text>\n");
    }
}

/* ---- Fates: in front of everything ---- */

static void
draw_end (const SvgDraw *d, int process)
{
  const FilmProcess *p = film_process (d->film, process);
  if (p->end_us == FILM_NEVER)
    return;
  const char *x = svg_n (end_x (d, process)), *y = svg_n (svg_process_y (d, process));
  g_string_append (d->out, "<g>");
  if (p->end == FILM_END_CRASHED)
    {
      svg_title (d->out, "%s crashes", p->name);
      g_string_append_printf (
          d->out, "<path class=\"bad\" style=\"stroke-width:3\" d=\"M%s %sm-7-7l14 14m0-14l-14 14\"/>", x, y);
    }
  else if (p->end == FILM_END_EXCLUDED)
    {
      svg_title (d->out, "%s is excluded: the group went on without it", p->name);
      g_string_append_printf (d->out,
                              "<g transform=\"translate(%s %s)\" class=\"bad\"><circle class=\"halo\" r=\"7\"/>"
                              "<circle r=\"7\" class=\"bad\"/><path class=\"bad\" d=\"M-5 5L5-5\"/></g>",
                              x, y);
    }
  else
    {
      svg_title (d->out, "%s has left", p->name);
      g_string_append_printf (d->out, "<path class=\"line\" style=\"stroke-width:2.4\" d=\"M%s %sm0-8v16\"/>", x, y);
    }
  g_string_append (d->out, "</g>\n");
}

/* Who lives at a place after another is named where its line begins. */
static void
draw_birth (const SvgDraw *d, int process)
{
  const FilmProcess *p = film_process (d->film, process);
  if (p->born_us <= 0)
    return;
  double x = svg_x (d, p->born_us), y = svg_process_y (d, process);
  g_string_append_printf (d->out, "<path class=\"line\" style=\"stroke-width:2.4\" d=\"M%s %sv12\"/>", svg_n (x),
                          svg_n (y - 6));
  if (!g_str_equal (p->name, p->site))
    {
      g_string_append_printf (d->out, "<text class=\"name small\" x=\"%s\" y=\"%s\">", svg_n (x + 5), svg_n (y - 5));
      svg_text (d->out, p->name);
      g_string_append (d->out, "</text>");
    }
  g_string_append_c (d->out, '\n');
}

static gboolean
is_cut_at (const Film *film, const char *from, const char *to, gint64 us)
{
  for (guint i = 0; i < film->cuts->len; i++)
    {
      const FilmCut *cut = &g_array_index (film->cuts, FilmCut, i);
      if (cut->from_us <= us && (cut->to_us == FILM_NEVER || us < cut->to_us) && g_str_equal (cut->from, from)
          && g_str_equal (cut->to, to))
        return TRUE;
    }
  return FALSE;
}

/* Whether nothing passes between the lanes up to this one and those below it. */
static gboolean
is_wall (const Film *film, guint lane, gint64 us)
{
  for (guint a = 0; a < film->processes->len; a++)
    for (guint b = 0; b < film->processes->len; b++)
      {
        const FilmProcess *p = film_process (film, a), *q = film_process (film, b);
        if (p->lane > lane || q->lane <= lane)
          continue;
        if (!is_cut_at (film, p->site, q->site, us) || !is_cut_at (film, q->site, p->site, us))
          return FALSE;
      }
  return TRUE;
}

static void
draw_wall (const SvgDraw *d, guint lane, gint64 from_us, gint64 to_us)
{
  double x = svg_x (d, from_us), to = to_us == FILM_NEVER ? d->right : svg_x (d, to_us);
  g_string_append_printf (d->out,
                          "<g><title>cut: nothing passes</title><path class=\"bad\" style=\"stroke-width:1.6\" "
                          "d=\"M%s %s",
                          svg_n (x), svg_n (d->top + d->pitch * (lane + 1) + 2));
  for (guint up = 0; x < to - 2; x += 4)
    g_string_append_printf (d->out, "l4 %s", up++ % 2 == 0 ? "-4" : "4");
  g_string_append (d->out, "\"/></g>\n");
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;
  return (x > y) - (x < y);
}

static void
draw_walls (const SvgDraw *d)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (d->film->cuts->len == 0 || d->film->processes->len > 40)
    return;
  for (guint i = 0; i < d->film->cuts->len; i++)
    {
      const FilmCut *cut = &g_array_index (d->film->cuts, FilmCut, i);
      g_array_append_val (times, cut->from_us);
      if (cut->to_us != FILM_NEVER)
        g_array_append_val (times, cut->to_us);
    }
  g_array_sort (times, compare_times);
  for (guint lane = 0; lane + 1 < d->film->n_lanes; lane++)
    {
      gint64 since = FILM_NEVER;
      for (guint i = 0; i < times->len; i++)
        {
          gint64 us = g_array_index (times, gint64, i);
          gboolean wall = is_wall (d->film, lane, us);
          if (wall && since == FILM_NEVER)
            since = us;
          else if (!wall && since != FILM_NEVER)
            {
              draw_wall (d, lane, since, us);
              since = FILM_NEVER;
            }
        }
      if (since != FILM_NEVER)
        draw_wall (d, lane, since, FILM_NEVER);
    }
}

void
svg_draw_fates (SvgDraw *d)
{
  draw_walls (d);
  for (guint i = 0; i < d->film->processes->len; i++)
    {
      draw_birth (d, (int) i);
      draw_end (d, (int) i);
    }
}

/* ---- The axis ---- */

/* 1, 2 or 5 times a power of ten, at least so many microseconds. */
static gint64
nice_step (double least_us)
{
  gint64 step = 1;
  for (guint i = 0; (double) step < least_us && step < G_MAXINT64 / 10; i++)
    step = step / (i % 3 == 0 ? 1 : (i % 3 == 1 ? 2 : 5)) * (i % 3 == 0 ? 2 : (i % 3 == 1 ? 5 : 10));
  return step;
}

/* As many digits as it takes to tell one tick from the next. */
static char *
tick_text (gint64 us, gint64 step)
{
  if (us == 0)
    return g_strdup ("0");
  if (step >= 100000)
    return g_strdup_printf ("%d.%d s", (int) (us / 1000000), (int) (us % 1000000 / 100000));
  if (step >= 1000)
    return g_strdup_printf ("%d ms", (int) (us / 1000));
  if (step >= 100)
    return g_strdup_printf ("%d.%d ms", (int) (us / 1000), (int) (us % 1000 / 100));
  if (step >= 10)
    return g_strdup_printf ("%d.%02d ms", (int) (us / 1000), (int) (us % 1000 / 10));
  return g_strdup_printf ("%d.%03d ms", (int) (us / 1000), (int) (us % 1000));
}

static void
draw_tick (const SvgDraw *d, SvgRow *row, gint64 us, gint64 step)
{
  double x = svg_x (d, us), y = d->bottom + 8;
  g_autofree char *text = tick_text (us, step);
  double half = svg_text_width (text, 10) / 2 + 5;
  if (!svg_row_take (row, x - half, x + half))
    return;
  g_string_append_printf (d->out,
                          "<path class=\"thin\" d=\"M%s %sv5\"/><text class=\"small soft\" x=\"%s\" y=\"%s\" "
                          "text-anchor=\"middle\">%s</text>\n",
                          svg_n (x), svg_n (y), svg_n (x), svg_n (y + 16), text);
}

void
svg_draw_axis (SvgDraw *d)
{
  SvgRow row;
  double y = d->bottom + 8;
  svg_row_init (&row);
  for (guint i = 0; i < d->clock->stretches->len; i++)
    {
      const SvgStretch *s = &g_array_index (d->clock->stretches, SvgStretch, i);
      if (s->idle)
        {
          g_autofree char *text = film_time_text (s->to_us - s->from_us);
          double middle = (s->from_x + s->to_x) / 2;
          g_string_append_printf (d->out, "<g>");
          svg_title (d->out, "%s in which nothing happens, drawn short", text);
          g_string_append_printf (d->out,
                                  "<path class=\"paper\" fill-opacity=\".55\" d=\"M%s %sH%sV%sH%sZ\"/>"
                                  "<path class=\"thin\" d=\"M%s %sH%sm0 4l4-8m4 0l-4 8m2-4H%s\"/></g>\n",
                                  svg_n (s->from_x), svg_n (d->top), svg_n (s->to_x), svg_n (d->bottom),
                                  svg_n (s->from_x), svg_n (s->from_x), svg_n (y), svg_n (middle - 4), svg_n (s->to_x));
          continue;
        }
      g_string_append_printf (d->out, "<path class=\"thin\" d=\"M%s %sH%s\"/>\n", svg_n (s->from_x), svg_n (y),
                              svg_n (s->to_x));
      if (s->to_x - s->from_x < 1 || s->to_us <= s->from_us)
        {
          draw_tick (d, &row, s->from_us, 1);
          continue;
        }
      double scale = (s->to_x - s->from_x) / (double) (s->to_us - s->from_us);
      gint64 step = nice_step (70 / scale);
      gint64 first = (s->from_us + step - 1) / step * step;
      if (first > s->to_us) /* so short that no round number falls into it */
        draw_tick (d, &row,
                   first - step + step / 2 > s->from_us ? first - step + step / 2 : (s->from_us + s->to_us) / 2,
                   step / 10);
      for (gint64 us = first; us <= s->to_us; us += step)
        draw_tick (d, &row, us, step);
    }
  svg_row_clear (&row);
}
