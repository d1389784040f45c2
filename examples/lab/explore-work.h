/* examples/lab/explore-work.h: the workers of `tyet explore`.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "explore.h"

#include <signal.h>

/* Seeds from, from + step, ... up to `to`, or until the clock shows `until_us` (-1: no limit). */
void explore_work (const ExploreOptions *options, guint64 from, guint64 to, guint64 step, gint64 until_us);

/* After so many seconds of the processor, this process ends by EXPLORE_ALARM. */
#define EXPLORE_ALARM SIGPROF
void explore_set_alarm (guint seconds);

/* What a worker has printed. FALSE: it is something else. */
gboolean explore_parse_line (const char *line, guint64 *seed, ExploreOutcome *out);
