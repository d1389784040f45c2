/* tests/teeth/plants.c: which of the planted bugs are switched on (core/plant.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plant.h"

gboolean ty_plants[TY_N_PLANTS];
