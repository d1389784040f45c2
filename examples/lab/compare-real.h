/* examples/lab/compare-real.h: one measurement of a group of real processes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "compare.h"

#include <tyet.h>

typedef struct
{
  const Side *side;
  const char *ordering;
  TyetService service;
  guint members;
  gsize size; /* of a message; at least the eight bytes of a time are sent */
  double seconds;
  TyetSecret *secret; /* NULL: channels in clear text */

  Sample latency; /* microseconds, at others than the sender */
  double rate;    /* messages that a member delivered in a second, its own too */
} RealRun;

/* FALSE: a member failed, or could not be started. */
gboolean real_measure (RealRun *run, GError **error);
