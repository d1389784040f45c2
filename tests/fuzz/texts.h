/* tests/fuzz/texts.h: histories, values, batches and key files, damaged and read.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* One of each. */
void fuzz_texts (GRand *rand);
