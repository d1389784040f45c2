/* examples/lab/svg.h: a space-time diagram of a run, as SVG; or of several runs, one above another on the same clock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"

/* The palette: colours that most colour-blind people tell apart (Okabe and Ito's), on light and on dark paper; dashes
 * go with them, for grey. */
#define SVG_COLOURS 7
#define SVG_DASHES 5
extern const char *const svg_light[SVG_COLOURS], *const svg_dark[SVG_COLOURS];
extern const char *const svg_dashes[SVG_DASHES]; /* stroke-dasharray */

/* "12.3", whatever the locale; valid for the next dozen of calls. */
const char *svg_n (double v);

typedef struct
{
  gboolean control;            /* control packets too */
  const char *title;           /* NULL: that of the first film */
  const char *const *captions; /* one for each film; NULL: their titles */
} SvgOptions;

/* One document. (transfer full) */
char *svg_of_films (const Film *const *films, guint n_films, const SvgOptions *options);
/* The same, written. FALSE: it could not be. */
gboolean svg_write (const char *path, const Film *const *films, guint n_films, const SvgOptions *options,
                    GError **error);
