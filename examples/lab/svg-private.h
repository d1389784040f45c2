/* examples/lab/svg-private.h: what the files that draw share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "svg.h"

/* ---- The clock: which moment is where (svg-clock.c) ---- */

typedef struct
{
  gint64 from_us, to_us;
  double from_x, to_x;
  gboolean idle; /* nothing happens in it: it is drawn short, and marked as broken */
} SvgStretch;

/* A moment at which something happens. */
typedef struct
{
  gint64 us;
  double x;
} SvgKnot;

typedef struct
{
  GArray *stretches; /* SvgStretch, without gaps */
  GArray *knots;     /* SvgKnot, in order; even in between */
  GArray *places;    /* for each film a GArray of double: the place of each of its events */
  double left, right;
  double end;       /* of the last that happens */
  gint64 flight_us; /* what a message takes, usually */
} SvgClock;

SvgClock *svg_clock_new (const Film *const *films, guint n_films, double left);
void svg_clock_free (SvgClock *clock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SvgClock, svg_clock_free)
double svg_clock_x (const SvgClock *clock, gint64 us);
/* Of an event: what one process does at one time, or nearly, stands side by side, in its order. */
double svg_clock_event_x (const SvgClock *clock, guint film, guint event);

/* ---- One diagram ---- */

/* How crowded it is decides what is drawn. */
typedef enum
{
  SVG_ROOMY,  /* everything, with labels wherever they fit */
  SVG_DENSE,  /* smaller, few labels, no arrow heads */
  SVG_CROWDED /* one path for all arrows of a colour */
} SvgDensity;

/* Where each event stands, to be found by what it is about; 0 if there is none. */
typedef struct
{
  guint n;          /* processes */
  float *sent;      /* by message */
  float *received;  /* by message * n + process */
  float *delivered; /* the same */
  float *installed; /* by view * n + process */
  float *ended;     /* by process */
  float *left;      /* by group * n + process: where its time in that group ends */
} SvgPlaces;

typedef struct
{
  const Film *film;
  const SvgClock *clock;
  SvgPlaces at;
  const SvgOptions *options;
  SvgDensity density;
  GString *out;
  double left, right;
  double top;     /* of the first lane's strip */
  double pitch;   /* between lanes */
  double bottom;  /* of the last lane's strip */
  double radius;  /* of what stands for an event */
  gboolean parts; /* several parts of a group go on: views are named in their bands */
  guint number;   /* of this diagram in the document */
} SvgDraw;

double svg_lane_y (const SvgDraw *d, guint lane);
double svg_process_y (const SvgDraw *d, int process);
double svg_x (const SvgDraw *d, gint64 us);
/* Until when a process is drawn. */
gint64 svg_process_end (const Film *film, const FilmProcess *p);

/* Escaped. */
void svg_text (GString *out, const char *text);
void svg_title (GString *out, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* How wide a text will be, roughly; `size` of the font. */
double svg_text_width (const char *text, double size);

/* Room for labels of one height, so that they never overlap. */
typedef struct
{
  GArray *taken; /* from, to: pairs of doubles */
} SvgRow;
void svg_row_init (SvgRow *row);
void svg_row_clear (SvgRow *row);
gboolean svg_row_take (SvgRow *row, double from, double to);

/* svg-lanes.c: what lies behind, and what befalls processes. Returns the height that marks above the lanes need. */
double svg_marks_height (SvgDraw *d);
void svg_draw_marks (SvgDraw *d);
void svg_draw_bands (SvgDraw *d);
void svg_draw_lines (SvgDraw *d);
void svg_draw_fates (SvgDraw *d);
void svg_draw_axis (SvgDraw *d);

/* svg-messages.c */
void svg_draw_control (SvgDraw *d);
void svg_draw_arrows (SvgDraw *d);
void svg_draw_holds (SvgDraw *d);
void svg_draw_events (SvgDraw *d);
