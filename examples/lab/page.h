/* examples/lab/page.h: runs as one page that explains itself: a file that needs nothing else, and no network.
 *
 * What draws and answers in the browser is in page/; it is built into the program.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"

typedef struct
{
  const char *title;           /* NULL: that of the first film */
  const char *const *captions; /* one for each film; NULL: their titles */
  gboolean control;            /* control packets are shown, until the reader hides them */
  /* Between the heading and the diagrams, as it is: what it holds of others must be escaped. NULL: nothing. */
  const char *before_html;
  const char *after_html; /* the same, at the end */
} PageOptions;

/* One document. `options` may be NULL. (transfer full) */
char *page_of_films (const Film *const *films, guint n_films, const PageOptions *options);
/* The same, written. FALSE: it could not be. */
gboolean page_write (const char *path, const Film *const *films, guint n_films, const PageOptions *options,
                     GError **error);
