/* tests/fuzz/target-history.c: libFuzzer: a history.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge.h"
#include "tests/fuzz/targets.h"

static void
judge (TyJudgeModel model, const guint8 *data, gsize len_bytes)
{
  TyJudgeOptions options = { .model = model, .open_end = TRUE };
  g_autoptr (GError) error = NULL;
  g_autoptr (TyJudge) judge = ty_judge_new (&options, &error);
  if (!ty_judge_read (judge, "input", (const char *) data, len_bytes, &error))
    return;
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  g_free (ty_judge_report_to_string (report));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  judge (TY_JUDGE_PRIMARY, data, len_bytes);
  judge (TY_JUDGE_EXTENDED, data, len_bytes);
  return 0;
}
