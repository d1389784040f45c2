/* tests/judge/cases.h: small histories, and which rules they break.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/judge.h"

typedef struct
{
  const char *name;
  const char *broken; /* numbers of the rules broken, all of them, in order; "" if legal */
  const char *brief;  /* brief.h; a line "-" begins another file */
  gboolean open_end, strict;
} Case;

/* A test each, "/PREFIX/NAME". */
void cases_add (const char *prefix, TyJudgeModel model, const Case *cases, gsize n_cases);
