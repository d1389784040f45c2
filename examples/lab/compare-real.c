/* examples/lab/compare-real.c: see the end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"
#include "lab.h"
int
compare_real (const RealOptions *options)
{
  return LAB_USAGE;
}
