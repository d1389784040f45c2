/* tests/ordering/broken.h: orderings with a planted bug, which the kit must catch.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/ordering-port.h"

typedef struct
{
  const char *name;
  const char *victim;  /* the ordering that is made wrong */
  const char *finding; /* what the kit's finding must contain */
} Broken;

extern const Broken broken[];
extern const guint n_broken;

/* The ordering `of` with the bug `which` in it, valid until the next call. */
const TyOrderingOps *broken_make (const TyOrderingOps *of, const Broken *which);
