/* examples/lab/explore-work.c: one worker of `tyet explore`: seed after seed, a line each on standard output.
 *
 *   SEED good|BAD simulated_us messages views processes fault,fault,... [what is wrong]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-work.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static void
print_line (guint64 seed, const ExploreOutcome *out)
{
  g_autoptr (GString) line = g_string_new (NULL);
  g_string_append_printf (line,
                          "%" G_GUINT64_FORMAT " %s %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                          " %" G_GUINT64_FORMAT,
                          seed, out->good ? "good" : "BAD", out->simulated_us, out->messages, out->views,
                          out->processes);
  for (guint i = 0; i < N_FAULTS; i++)
    g_string_append_printf (line, "%c%" G_GUINT64_FORMAT, i == 0 ? ' ' : ',', out->faults[i]);
  g_string_append_printf (line, " %s\n", out->wrong != NULL ? out->wrong : "");
  fputs (line->str, stdout);
  fflush (stdout);
}

/* TRUE: the line is one. */
gboolean
explore_parse_line (const char *line, guint64 *seed, ExploreOutcome *out)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 8);
  if (g_strv_length (words) != 8)
    return FALSE;
  g_auto (GStrv) faults = g_strsplit (words[6], ",", -1);
  if (g_strv_length (faults) != N_FAULTS)
    return FALSE;
  *seed = g_ascii_strtoull (words[0], NULL, 10);
  *out = (ExploreOutcome){ .good = g_str_equal (words[1], "good"),
                           .simulated_us = g_ascii_strtoll (words[2], NULL, 10),
                           .messages = g_ascii_strtoull (words[3], NULL, 10),
                           .views = g_ascii_strtoull (words[4], NULL, 10),
                           .processes = g_ascii_strtoull (words[5], NULL, 10) };
  for (guint i = 0; i < N_FAULTS; i++)
    out->faults[i] = g_ascii_strtoull (faults[i], NULL, 10);
  out->wrong = out->good ? NULL : g_strdup (words[7]);
  return TRUE;
}

/* Of the processor, not of the clock: others may be at work, too. */
void
explore_set_alarm (guint seconds)
{
  struct itimerval timer = { .it_value.tv_sec = seconds };
  setitimer (ITIMER_PROF, &timer, NULL);
}

void
explore_work (const ExploreOptions *options, guint64 from, guint64 to, guint64 step, gint64 until_us)
{
#ifdef M_TRIM_THRESHOLD
  /* The next seed wants the same memory again. */
  mallopt (M_TRIM_THRESHOLD, 256 * 1024 * 1024);
  mallopt (M_MMAP_THRESHOLD, 64 * 1024 * 1024);
  mallopt (M_TOP_PAD, 8 * 1024 * 1024);
#endif
  for (guint64 seed = from;; seed += step)
    {
      ExploreOutcome out;
      explore_set_alarm (options->hang_s);
      Scene *scene = explore_seed (seed, options, -1, &out);
      print_line (seed, &out);
      explore_outcome_clear (&out);
      scene_free (scene);
      if (to - seed < step || (until_us >= 0 && g_get_monotonic_time () >= until_us))
        return;
    }
}
