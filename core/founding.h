/* core/founding.h: what a founder keeps on stable storage until the first view is decided (V13).
 *
 *   offset  size    field
 *   0       1       1: version of this record
 *   1       16      the founder's incarnation, used again after a restart
 *   17      16      digest of the founding: group name, ordering, founders
 *   33      ...     promised and accepted, as membership writes them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/node.h"

/* The incarnation that a process must take on that has kept this record. FALSE if it is malformed. */
gboolean ty_founding_read_pid (const guint8 *record, gsize len_bytes, TyId *pid);
