/* examples/lab/svg.h: a space-time diagram of a run, as SVG; or of several runs, one above another on the same clock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"

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
