/* tests/fuzz/targets.h: what libFuzzer calls.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/wire.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes);
