/* examples/lab/svg-clock.c: which moment is where: time runs evenly while something happens, and is cut short where
 * nothing does.
 *
 * A message takes a millisecond, a suspicion a second: on one even scale either everything that happens would be one
 * line, or the picture a hundred metres wide.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "svg-private.h"

#define FLIGHT_PX 58.0   /* what a usual flight of a message takes, if there is room */
#define IDLE_FLIGHTS 3.2 /* longer without an event is idle */
#define IDLE_PX 46.0
#define EDGE_PX 26.0

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;
  return (x > y) - (x < y);
}

static void
add_flights (GArray *flights, const Film *film)
{
  for (guint i = 0; i < film->messages->len; i++)
    {
      const FilmMessage *m = film_message (film, i);
      for (guint p = 0; p < m->n_at; p++)
        {
          const FilmArrival *at = &m->at[p];
          gint64 to = film->is_play ? at->received_us : at->delivered_us;
          gint64 from = film->is_play ? at->left_us : m->sent_us;
          gint64 took = to - from;
          if ((int) p != m->sender && to != FILM_NEVER && from != FILM_NEVER && took > 0)
            g_array_append_val (flights, took);
        }
    }
}

static gint64
usual_flight (const Film *const *films, guint n_films)
{
  g_autoptr (GArray) flights = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < n_films; i++)
    add_flights (flights, films[i]);
  if (flights->len == 0)
    return 1000;
  g_array_sort (flights, compare_times);
  return MAX (1, g_array_index (flights, gint64, flights->len / 2));
}

static GArray *
times_of (const Film *const *films, guint n_films)
{
  GArray *times = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 zero = 0;
  g_array_append_val (times, zero);
  for (guint i = 0; i < n_films; i++)
    {
      for (guint k = 0; k < films[i]->events->len; k++)
        g_array_append_val (times, film_event (films[i], k)->us);
      g_array_append_val (times, films[i]->end_us);
    }
  g_array_sort (times, compare_times);
  return times;
}

static void
add_stretch (SvgClock *clock, gint64 from, gint64 to, gboolean idle)
{
  SvgStretch *last = clock->stretches->len > 0
                         ? &g_array_index (clock->stretches, SvgStretch, clock->stretches->len - 1)
                         : NULL;
  if (last != NULL && !idle && !last->idle)
    {
      last->to_us = to;
      return;
    }
  SvgStretch stretch = { .from_us = from, .to_us = to, .idle = idle };
  g_array_append_val (clock->stretches, stretch);
}

/* What is idle is shown from a little after the last event to a little before the next. */
static void
cut_into_stretches (SvgClock *clock, const GArray *times)
{
  gint64 margin = clock->flight_us * 3 / 10 + 1;
  gint64 idle = (gint64) ((double) clock->flight_us * IDLE_FLIGHTS) + 1;
  for (guint i = 1; i < times->len; i++)
    {
      gint64 from = g_array_index (times, gint64, i - 1), to = g_array_index (times, gint64, i);
      if (to - from <= idle)
        {
          if (to > from)
            add_stretch (clock, from, to, FALSE);
          continue;
        }
      add_stretch (clock, from, from + margin, FALSE);
      add_stretch (clock, from + margin, to - margin, TRUE);
      add_stretch (clock, to - margin, to, FALSE);
    }
}

/* Wide enough to be read, not wider than anyone looks at. */
static double
scale_of (const SvgClock *clock, const Film *const *films, guint n_films, double *idle_px)
{
  double busy = 0;
  guint idle = 0, messages = 0;
  for (guint i = 0; i < clock->stretches->len; i++)
    {
      const SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, i);
      idle += s->idle;
      busy += s->idle ? 0 : (double) (s->to_us - s->from_us);
    }
  for (guint i = 0; i < n_films; i++)
    messages = MAX (messages, films[i]->messages->len);
  double most = messages <= 12 ? 1250 : (messages <= 60 ? 1900 : (messages <= 400 ? 3000 : 4200));
  *idle_px = MIN (IDLE_PX, MAX (8, most * 0.35 / MAX (1, idle)));
  double room = most - idle * *idle_px;
  double natural = busy / (double) clock->flight_us * FLIGHT_PX;
  double least = 640 - idle * *idle_px;
  double width = CLAMP (natural, MIN (least, room), room);
  return busy > 0 ? width / busy : 1;
}

SvgClock *
svg_clock_new (const Film *const *films, guint n_films, double left)
{
  SvgClock *clock = g_new0 (SvgClock, 1);
  clock->stretches = g_array_new (FALSE, FALSE, sizeof (SvgStretch));
  clock->flight_us = usual_flight (films, n_films);
  g_autoptr (GArray) times = times_of (films, n_films);
  cut_into_stretches (clock, times);
  double idle_px, scale = scale_of (clock, films, n_films, &idle_px);
  double x = left + EDGE_PX;
  for (guint i = 0; i < clock->stretches->len; i++)
    {
      SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, i);
      s->from_x = x;
      x += s->idle ? idle_px : (double) (s->to_us - s->from_us) * scale;
      s->to_x = x;
    }
  clock->left = left;
  clock->right = x + EDGE_PX;
  return clock;
}

void
svg_clock_free (SvgClock *clock)
{
  g_array_unref (clock->stretches);
  g_free (clock);
}

double
svg_clock_x (const SvgClock *clock, gint64 us)
{
  guint low = 0, high = clock->stretches->len;
  if (high == 0)
    return clock->left + EDGE_PX;
  while (high - low > 1)
    {
      guint middle = (low + high) / 2;
      if (g_array_index (clock->stretches, SvgStretch, middle).from_us <= us)
        low = middle;
      else
        high = middle;
    }
  const SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, low);
  double part = s->to_us > s->from_us ? (double) (us - s->from_us) / (double) (s->to_us - s->from_us) : 0;
  return s->from_x + CLAMP (part, 0, 1) * (s->to_x - s->from_x);
}
