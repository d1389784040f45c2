/* tests/fuzz/drive.h: what every fuzzer's command line has in common: which seeds, and what is said of one that fails.
 *
 *    PROGRAM [--seeds A..B] [--seed N] [--seconds S] [options of its own]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct
{
  const char *name;
  guint64 last_seed;           /* seeds 0 to this one, unless told otherwise */
  guint seconds;               /* a seed that takes longer hangs */
  const GOptionEntry *options; /* further ones, or NULL */
  /* Once, when the options are known. FALSE: nothing is to be run, and `status` is what the program ends with. NULL:
   * nothing to prepare. */
  gboolean (*prepare) (int *status);
  void (*run) (guint64 seed);
} FuzzProgram;

/* What main () returns. */
int fuzz_drive (const FuzzProgram *program, int argc, char **argv);
/* If it fails or hangs from here on, `text` says how to have that again. */
void fuzz_begin (const char *text, guint seconds);
