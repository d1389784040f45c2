/* examples/lab/check.h: what is often meant by histories that are not legal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/judge.h"

/* One history given twice, two processes of one name, a member whose history is missing: told on standard error, where
 * it is likely. */
void check_say_what_is_meant (char **files, const TyJudgeReport *report);
