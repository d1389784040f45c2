/* tests/teeth/bite.h: looks for seeds with which the storm catches a planted bug.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/engine/storm.h"

#include <glib.h>

typedef struct
{
  const char *name; /* as in core/plants.def */
  const char *rule; /* that it breaks */
  const char *what;
} Plant;

extern const Plant plants[];
extern const guint n_plants;

/* Its place in `plants`, or n_plants. */
guint plant_find (const char *name);

typedef struct
{
  guint32 seed;
  char *rule; /* found to be broken: the judge's, the protocol's, "liveness", or "invariant" */
  char *text;
} Bite;

/* Runs seeds from..upto of a kind of storm, in a process of their own since a bug may break an invariant, until one
 * finds something; plant n_plants: with no bug at all. NULL if none does. (transfer full) */
Bite *bite (guint plant, StormRun storm, guint32 from, guint32 upto);
void bite_free (Bite *bite);
