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
#define LAST_PX 130.0

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
          if ((int) p == m->sender || to == FILM_NEVER || from == FILM_NEVER || to <= from)
            continue;
          gint64 took = to - from;
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
  SvgStretch *last
      = clock->stretches->len > 0 ? &g_array_index (clock->stretches, SvgStretch, clock->stretches->len - 1) : NULL;
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
  double most = messages <= 12 ? 1250 : (messages <= 60 ? 1900 : (messages <= 400 ? 2200 : 3200));
  *idle_px = MIN (IDLE_PX, MAX (8, most * 0.35 / MAX (1, idle)));
  double room = most - idle * *idle_px;
  double natural = busy / (double) clock->flight_us * FLIGHT_PX;
  double least = 640 - idle * *idle_px;
  double width = CLAMP (natural, MIN (least, room), room);
  return busy > 0 ? width / busy : 1;
}

static double
even_x (const SvgClock *clock, gint64 us, guint *hint)
{
  while (*hint + 1 < clock->stretches->len && g_array_index (clock->stretches, SvgStretch, *hint).to_us < us)
    ++*hint;
  const SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, *hint);
  double part = s->to_us > s->from_us ? (double) (us - s->from_us) / (double) (s->to_us - s->from_us) : 0;
  return s->from_x + CLAMP (part, 0, 1) * (s->to_x - s->from_x);
}

/* ---- Room for what happens at once ---- */

typedef struct
{
  gint64 us;
  guint film, event;
} Happening;

typedef struct
{
  gint64 us; /* of the last event of a lane */
  double x;
  int message;
  FilmEventType type;
} Last;

static int
compare_happenings (gconstpointer a, gconstpointer b)
{
  const Happening *x = a, *y = b;
  return (x->us > y->us) - (x->us < y->us);
}

static GArray *
happenings_of (const Film *const *films, guint n_films)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Happening));
  for (guint i = 0; i < n_films; i++)
    for (guint k = 0; k < films[i]->events->len; k++)
      {
        Happening h = { film_event (films[i], k)->us, i, k };
        g_array_append_val (all, h);
      }
  g_array_sort (all, compare_happenings); /* stable */
  return all;
}

static gboolean
takes_room (const FilmEvent *e)
{
  return e->process >= 0
         && (e->type == FILM_ASK || e->type == FILM_SEND || e->type == FILM_RECEIVE || e->type == FILM_DELIVER
             || e->type == FILM_CRASH || e->type == FILM_OUT || e->type == FILM_EXCLUDED
             || (e->type == FILM_VIEW && e->us > 0));
}

/* A message that is delivered when it comes is one thing, not two. */
static gboolean
is_same_thing (const Last *last, const FilmEvent *e)
{
  return last->us == e->us && last->type == FILM_RECEIVE && e->type == FILM_DELIVER && last->message == e->message;
}

static void
add_knot (SvgClock *clock, gint64 us, double x)
{
  SvgKnot knot = { us, x };
  g_array_append_val (clock->knots, knot);
}

/* Events of one moment. All lanes share the clock: whoever needs room pushes everyone. */
static double
place_moment (SvgClock *clock, const Film *const *films, const Happening *h, guint n, Last *const *lanes, double at,
              double room)
{
  for (guint i = 0; i < n; i++)
    {
      const FilmEvent *e = film_event (films[h[i].film], h[i].event);
      if (takes_room (e))
        at = MAX (at, lanes[h[i].film][film_process (films[h[i].film], e->process)->lane].x + room);
    }
  for (guint i = 0; i < n; i++)
    {
      const FilmEvent *e = film_event (films[h[i].film], h[i].event);
      double *place = &g_array_index (g_array_index (clock->places, GArray *, h[i].film), double, h[i].event);
      *place = at;
      if (!takes_room (e))
        continue;
      Last *last = &lanes[h[i].film][film_process (films[h[i].film], e->process)->lane];
      *place = last->us != e->us ? at : (is_same_thing (last, e) ? last->x : last->x + room);
      *last = (Last){ e->us, *place, e->message, e->type };
    }
  return at;
}

/* How far everything was pushed. */
static double
place_all (SvgClock *clock, const Film *const *films, guint n_films, const GArray *all, double room)
{
  Last **lanes = g_new0 (Last *, n_films + 1);
  double push = 0;
  guint hint = 0, stretch = 0;
  for (guint i = 0; i < n_films; i++)
    {
      lanes[i] = g_new0 (Last, films[i]->n_lanes + 1);
      for (guint k = 0; k <= films[i]->n_lanes; k++)
        lanes[i][k] = (Last){ .us = FILM_NEVER, .x = -1e9 };
    }
  g_array_set_size (clock->knots, 0);
  for (guint i = 0, n; i < all->len; i += n)
    {
      const Happening *h = &g_array_index (all, Happening, i);
      for (n = 1; i + n < all->len && h[n].us == h->us; n++)
        ;
      for (; stretch < clock->stretches->len; stretch++) /* their ends keep their distance to what was before */
        {
          const SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, stretch);
          if (s->to_us >= h->us)
            break;
          add_knot (clock, s->to_us, s->to_x + push);
        }
      double even = even_x (clock, h->us, &hint);
      double at = place_moment (clock, films, h, n, lanes, even + push, room);
      push = at - even;
      add_knot (clock, h->us, at);
    }
  for (; stretch < clock->stretches->len; stretch++)
    {
      const SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, stretch);
      if (all->len == 0 || s->to_us > g_array_index (all, Happening, all->len - 1).us)
        add_knot (clock, s->to_us, s->to_x + push);
    }
  double right = clock->knots->len > 0 ? g_array_index (clock->knots, SvgKnot, clock->knots->len - 1).x : clock->left;
  for (guint i = 0; i < n_films; i++)
    {
      for (guint k = 0; k < films[i]->n_lanes; k++)
        right = MAX (right, lanes[i][k].x);
      g_free (lanes[i]);
    }
  g_free (lanes);
  clock->end = right;
  clock->right = right + EDGE_PX;
  for (guint i = 0; i < n_films; i++)
    if (film_has_transitional (films[i])) /* the last views' names stand in their bands */
      {
        clock->right += LAST_PX;
        break;
      }
  return push;
}

/* Side by side as wide as they are drawn; closer if that would push too far. */
static void
make_room (SvgClock *clock, const Film *const *films, guint n_films)
{
  g_autoptr (GArray) all = happenings_of (films, n_films);
  double even = g_array_index (clock->stretches, SvgStretch, clock->stretches->len - 1).to_x - clock->left;
  guint messages = films[0]->messages->len;
  double room = messages <= 12 ? 19 : messages <= 60 ? 12.5 : (messages <= 400 ? 7 : 3);
  while (place_all (clock, films, n_films, all, room) > even * 0.6 + 200 && room > 0.5)
    room *= 0.6;
  for (guint i = 0; i < clock->stretches->len; i++)
    {
      SvgStretch *s = &g_array_index (clock->stretches, SvgStretch, i);
      s->from_x = svg_clock_x (clock, s->from_us);
      s->to_x = svg_clock_x (clock, s->to_us);
    }
}

SvgClock *
svg_clock_new (const Film *const *films, guint n_films, double left)
{
  SvgClock *clock = g_new0 (SvgClock, 1);
  clock->stretches = g_array_new (FALSE, FALSE, sizeof (SvgStretch));
  clock->knots = g_array_new (FALSE, FALSE, sizeof (SvgKnot));
  clock->places = g_array_new (FALSE, FALSE, sizeof (GArray *));
  for (guint i = 0; i < n_films; i++)
    {
      GArray *places = g_array_sized_new (FALSE, TRUE, sizeof (double), films[i]->events->len);
      g_array_set_size (places, films[i]->events->len);
      g_array_append_val (clock->places, places);
    }
  clock->flight_us = usual_flight (films, n_films);
  g_autoptr (GArray) times = times_of (films, n_films);
  cut_into_stretches (clock, times);
  if (clock->stretches->len == 0)
    add_stretch (clock, 0, 1000, FALSE);
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
  make_room (clock, films, n_films);
  return clock;
}

void
svg_clock_free (SvgClock *clock)
{
  for (guint i = 0; i < clock->places->len; i++)
    g_array_unref (g_array_index (clock->places, GArray *, i));
  g_array_unref (clock->places);
  g_array_unref (clock->knots);
  g_array_unref (clock->stretches);
  g_free (clock);
}

double
svg_clock_x (const SvgClock *clock, gint64 us)
{
  const SvgKnot *knots = (gpointer) clock->knots->data;
  guint low = 0, high = clock->knots->len;
  if (high == 0)
    return clock->left + EDGE_PX;
  while (low < high) /* the first that is not before */
    {
      guint middle = (low + high) / 2;
      if (knots[middle].us < us)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == clock->knots->len)
    return clock->end;
  if (low == 0 || knots[low].us == us)
    return knots[low].x;
  const SvgKnot *a = &knots[low - 1], *b = &knots[low];
  return a->x + (b->x - a->x) * (double) (us - a->us) / (double) (b->us - a->us);
}

double
svg_clock_event_x (const SvgClock *clock, guint film, guint event)
{
  return g_array_index (g_array_index (clock->places, GArray *, film), double, event);
}
