/* tests/transport/violence.h: what somebody between two processes does to a byte of what they say.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum
{
  FLIP,
  DROP,
  REPEAT,
  SWAP,
  CUT_OFF,
  REFLECT,
  INSERT,
  N_WAYS
} Way;

extern const char *const way_names[N_WAYS];

/* Does it to byte `at` of `bytes`, which are on their way, as the byte numbered `number` of its direction; what is
 * reflected is appended to `back`. */
void do_violence (Way way, guint64 number, GByteArray *bytes, guint at, GByteArray *back);
