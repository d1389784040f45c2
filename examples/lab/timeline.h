/* examples/lab/timeline.h: a film as text: time down the page, a column for each process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"

typedef struct
{
  guint width;     /* of the page, in characters; 0: what suits a terminal, or 100 */
  gboolean colour; /* escape sequences */
  gboolean ascii;  /* nothing but ASCII of its own; names stay as they are */
} TimelineOptions;

/* What standard output wants: its width, colour (not if NO_COLOR is set), the characters of the locale. */
void timeline_options_init (TimelineOptions *options);

/* (transfer full) */
char *timeline_of_film (const Film *film, const TimelineOptions *options);
