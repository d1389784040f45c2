/* tests/judge/bench-judge.c: how fast histories are recorded and judged: 16 processes, a million events, all services
 * mixed, a new view every so often.  Prints; asserts only that the history is legal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/history.h"
#include "core/judge.h"

#define N_PROCESSES 16
#define ROUNDS_A_VIEW 50

static void
append (const char *lines, gsize len_bytes, gpointer user_data)
{
  g_string_append_len (user_data, lines, (gssize) len_bytes);
}

static TyetView *
new_view (guint64 number, guint self)
{
  TyMember *members = g_new0 (TyMember, N_PROCESSES);
  TyId id = { { 1 } };
  TyViewId view_id = { .number = number, .ballot = { .counter = number } };
  for (guint i = 0; i < N_PROCESSES; i++)
    members[i] = (TyMember){ .pid = { { (guint8) (i + 1) } },
                             .name = g_strdup_printf ("process-%u", i),
                             .address = g_strdup ("") };
  return ty_view_new (&id, "bench", &view_id, members, N_PROCESSES, &members[self].pid);
}

int
main (int argc, char **argv)
{
  guint n_events = argc > 1 ? (guint) g_ascii_strtoull (argv[1], NULL, 10) : 1000000;
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  gsize bytes = 0;
  gint64 start = g_get_monotonic_time ();
  for (guint p = 0; p < N_PROCESSES; p++)
    {
      g_autofree char *name = g_strdup_printf ("process-%u", p);
      g_autoptr (TyHistory) h = ty_history_new (name);
      GString *out = g_string_new (NULL);
      TyetView *view = NULL;
      guint64 number = 0, prev = 0;
      char label[64] = "";
      for (guint event = 0, round = 0; event < n_events / N_PROCESSES; event += N_PROCESSES + 1, round++)
        {
          if (round % ROUNDS_A_VIEW == 0)
            {
              g_clear_pointer (&view, tyet_view_unref);
              view = new_view (++prev, p);
              ty_history_conf (h, view, label, event);
              g_strlcpy (label, view->label, sizeof label);
              number = 0;
            }
          number++;
          ty_history_send (h, view, number, (TyService) (round % 4), 100, event);
          for (guint from = 0; from < N_PROCESSES; from++)
            ty_history_deliver (h, view, from, number, number, event);
          ty_history_flush (h, append, out);
        }
      g_clear_pointer (&view, tyet_view_unref);
      ty_history_end (h, "bench", n_events);
      ty_history_flush (h, append, out);
      bytes += out->len;
      g_ptr_array_add (files, out);
    }
  gint64 recorded = g_get_monotonic_time ();

  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY };
  g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
  for (guint p = 0; p < N_PROCESSES; p++)
    {
      const GString *file = files->pdata[p];
      if (!ty_judge_read (judge, "bench", file->str, file->len, NULL))
        g_assert_not_reached ();
    }
  gint64 collected = g_get_monotonic_time ();
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  gint64 judged = g_get_monotonic_time ();
  g_autofree char *text = ty_judge_report_to_string (report);
  g_print ("%s%.1f MB; recorded in %.2f s, read in %.2f s, judged in %.2f s\n", text, (double) bytes / 1e6,
           (double) (recorded - start) / 1e6, (double) (collected - recorded) / 1e6,
           (double) (judged - collected) / 1e6);
  g_assert_true (report->legal);
  for (guint p = 0; p < N_PROCESSES; p++)
    g_string_free (files->pdata[p], TRUE);
  return 0;
}
