/* tests/fuzz/small-group.h: the group whose second member is lied to by target-packets.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/engine/mesh.h"

/* Three in a view, and one who is not. The same for the same byte. */
Mesh *fuzz_small_group (guint8 how);
