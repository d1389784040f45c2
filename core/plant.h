/* core/plant.h: bugs planted on purpose, for the tests of the tests (core/plants.def, core/plants-keys.def).
 *
 * In what is installed TY_PLANTED () is FALSE, nothing more, and no trace of the list is left. Test builds
 * (-DTYET_PLANTS) switch each on by name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#ifdef TYET_PLANTS
typedef enum
{
#define TY_PLANT(name, rule, what) TY_PLANT_##name,
#include "core/plants.def"
#include "core/plants-keys.def"
#undef TY_PLANT
  TY_N_PLANTS
} TyPlant;

/* Set by tests alone. */
extern gboolean ty_plants[TY_N_PLANTS];

#define TY_PLANTED(name) (G_UNLIKELY (ty_plants[TY_PLANT_##name]))

/* One who does not vote votes. */
static inline void
ty_plant_vote (gboolean *in, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!in[i])
      {
        in[i] = TRUE;
        return;
      }
}
#else
#define TY_PLANTED(name) FALSE
#define ty_plant_vote(in, n) ((void) (in))
#endif
