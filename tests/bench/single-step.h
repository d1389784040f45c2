/* tests/bench/single-step.h: how many instructions something takes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Does `work` in a copy of this process, instruction by instruction, and counts them: some 20,000 a second.  Nothing
 * else that the machine does has a part in it.  0 where a process may not be traced, and under a sanitizer, whose the
 * instructions would be. */
guint64 bench_count_instructions (void (*work) (gpointer data), gpointer data);
