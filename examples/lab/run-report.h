/* examples/lab/run-report.h: what `tyet run` prints of a play.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "film.h"
#include "scene-play.h"

typedef enum
{
  RUN_TIMELINE,   /* all that happens, with the time */
  RUN_BY_PROCESS, /* what each process was told, without times: the same as long as nobody is told anything else */
  RUN_JSON
} RunForm;

typedef struct _RunReport RunReport;

RunReport *run_report_new (RunForm form);
void run_report_free (RunReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunReport, run_report_free)

/* For play_new (); `data` is the report. */
void run_report_told (gint64 us, const char *p, const char *what, const char *text, gpointer data);

/* All of it, once the play has ended. (transfer full) */
char *run_report_to_string (const RunReport *report, const Play *play, const Film *film);
