/* core/block.h: blocks of memory for batches, which come and go by the thousand a second.
 *
 * What is given back is kept for the next time, up to a bound: to the kernel fresh memory is a fault a page, and
 * to the processor it is cold.  Blocks may be given back in any thread, by whoever lets the last message in them go.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A block of at least `need_bytes`; `capacity_bytes` is what it really has. */
gpointer ty_block_new (gsize need_bytes, gsize *capacity_bytes);
/* NULL is allowed. */
void ty_block_free (gpointer block);
/* What ty_block_new () would give for that need. */
gsize ty_block_capacity (gsize need_bytes);
