/* tests/fuzz/lies.h: packets that are well formed, or nearly, and that no honest process would send.
 *
 * They are made from what the victim itself knows (its view, its receipts, its ballots), so that they get past
 * everything that only looks at the form.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/engine/mesh.h"

/* A packet of a random type for `victim`, as if from `liar`. (transfer full) */
GBytes *lie_make (GRand *rand, const Proc *liar, const Proc *victim);
/* Of that type. */
GBytes *lie_of_type (GRand *rand, const Proc *liar, const Proc *victim, guint8 type);
