/* examples/lab/compare.h: what the files of `tyet compare` share.
 *
 *     scene ─► one play for each side and seed ─► film ─► compare_measure () ─► Side ─► text, JSON, plots, page
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"

/* Numbers, added one by one; sorted when first asked for. */
typedef struct
{
  GArray *values; /* gint64 */
  gboolean sorted;
} Sample;

void sample_init (Sample *s);
void sample_clear (Sample *s);
void sample_add (Sample *s, gint64 value);
guint sample_n (const Sample *s);
double sample_mean (const Sample *s);
/* The least value that `percent` of all do not exceed; 0 of none. */
gint64 sample_percentile (Sample *s, double percent);
gint64 sample_max (Sample *s);
double sample_sum (const Sample *s);

/* Classes of packets. Keepalives are in none: they are sent when nothing is. */
typedef enum
{
  WIRE_DATA,     /* messages, forwarded ones too */
  WIRE_ORDERING, /* the ordering's own: order, acknowledgements */
  WIRE_OTHER,    /* receipts, and all that changes views */
  N_WIRE
} Wire;

/* One ordering, over all seeds. */
typedef struct
{
  char *name;     /* "total/safe" */
  char *ordering; /* "total" */
  gboolean forced;
  TyService service; /* of all messages, if forced */
  TyService promise; /* of those that ask for nothing */

  gboolean is_own; /* the scene is written for it: its expectations are of this one */

  guint n_seeds;
  guint n_illegal;
  char *finding; /* the first: "seed 7: ..." */
  guint n_expected, n_kept;
  char *missed; /* the first expectation that was not kept */

  guint64 n_messages, n_refused;
  guint64 n_deliveries; /* at others than the sender */
  Sample latency;       /* of each: from the application's send to the delivery, microseconds */
  Sample own;           /* the same, at the sender itself */
  Sample held;          /* of each that was: from receipt to delivery */
  Sample still;         /* of each member and view change: how long it delivered nothing */
  guint64 n_views;      /* installed after the beginning */
  guint64 blocked_us;   /* of all members together */
  guint64 packets[N_WIRE], bytes[N_WIRE];

  Sample causal; /* by seed: deliveries that came before something that they follow from */
  char *causal_first;
  Sample order; /* by seed: pairs of messages that two members delivered in different orders */
  char *order_first;
  gboolean order_part; /* not all pairs were looked at */

  Film *film; /* of the first seed */
} Side;

void side_free (Side *side);
/* Adds what a film shows. `seed`: for the texts. */
void compare_measure (Side *side, const Film *film, guint64 seed);

typedef struct
{
  char *title;
  guint64 seed;
  guint n_seeds;
  const char *own;  /* what the scene is written for: "total" */
  GPtrArray *sides; /* Side */
} Comparison;

#define compare_side(c, i) ((Side *) g_ptr_array_index ((c)->sides, (i)))

/* The table, a row a figure; NULL at the end. */
typedef struct
{
  const char *group; /* NULL: as the row before */
  const char *name;
  char *cells[16];
} CompareRow;
GArray *compare_rows (const Comparison *c); /* CompareRow */

/* What the difference is, and when one would choose which, from the figures. */
typedef struct
{
  Side *side;
  char *mean;   /* "5.39 ms" */
  char *cost;   /* it goes on: "from send to delivery, 1.1 times fifo; ..." */
  char *seen;   /* what came out of order */
  char *choose; /* "Choose it where ..." */
} CompareAdvice;

typedef struct
{
  char *lead;
  guint n;
  CompareAdvice *of; /* by side */
  char *more;        /* what is left to be said; NULL */
} CompareWords;

CompareWords *compare_words (const Comparison *c);
void compare_words_free (CompareWords *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CompareWords, compare_words_free)
/* The first anomaly of each kind and side, a line each. (transfer full) */
char **compare_anomalies (const Comparison *c);

/* For people: a time; a number of three digits or so; so much a multicast. (transfer full) */
char *compare_time (double us);
char *compare_number (double v);
double compare_per_message (const Side *s, guint64 what);

/* What is wrong with the call, on standard error. Returns FALSE. */
gboolean compare_wrong (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* In so many columns at most, where that can be: 0: as it likes. */
char *compare_to_text (const Comparison *c, guint width);
/* A table as text: beside each other, where there is room. */
void compare_put_table (GString *out, const GArray *rows, char *const *heads, guint n, guint width);
char *compare_to_json (const Comparison *c);
/* HTML with everything in it. `control`: with control packets. */
char *compare_to_page (const Comparison *c, gboolean control);

/* ---- Plots (compare-plot.c) ---- */

/* The style of all plots, for the page or inside one. */
const char *plot_style (void);

typedef struct
{
  const char *name;
  Sample *sample;
  guint64 n_zero; /* not in the sample: those that took no time */
} PlotRow;

/* A row a distribution, on one logarithmic axis of times. (transfer full), an <svg>. */
char *plot_times (const char *title, const PlotRow *rows, guint n);
/* A row a distribution of small counts. */
char *plot_counts (const char *title, const PlotRow *rows, guint n);

typedef struct
{
  const char *name;
  guint n;
  const double *x, *y;
} PlotLine;

/* Lines over two logarithmic axes. */
char *plot_lines (const char *title, const char *x_name, const char *y_name, const PlotLine *lines, guint n);

/* ---- The page's frame, for compare-real.c too ---- */
void page_begin (GString *out, const char *title);
void page_end (GString *out);
void page_plot (GString *out, const char *svg);
void page_table (GString *out, const GArray *rows, char *const *heads, guint n);
void page_text (GString *out, const char *tag, const char *text);

/* `tyet compare --real` */
typedef struct
{
  GPtrArray *sides;    /* Side */
  const char *members; /* "2,3,5"; NULL */
  const char *sizes;   /* "100,1000"; NULL */
  double seconds;      /* of each measurement */
  gboolean plain;      /* channels in clear text */
  const char *html;
  gboolean json;
} RealOptions;
int compare_real (const RealOptions *options);
