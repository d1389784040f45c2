/* examples/lab/explore-tally.h: what was explored so far, in a file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "explore-jobs.h"

/* Where to go on: 1 if there is no file yet. FALSE: it cannot be read, or is of runs with other options. */
gboolean explore_tally_next (const char *path, const char *options, guint64 *next, GError **error);
/* Adds a run that began there. */
gboolean explore_tally_add (const char *path, const char *options, const ExploreTotals *totals, GError **error);
