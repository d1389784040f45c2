/* tests/judge/bench-judge.c: how fast histories are recorded and judged: 16 processes, a million events, all services
 * mixed, a new view every so often.  Under the extended model they also part into halves and come together again.
 * Prints; asserts only that the histories are legal.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/history.h"
#include "core/judge.h"

#define N_PROCESSES 16
#define ROUNDS_A_VIEW 50

static double
seconds (gint64 from_us, gint64 to_us)
{
  return (double) (to_us - from_us) / 1e6;
}

static void
judge (const char *what, TyJudgeModel model, const GPtrArray *files)
{
  TyJudgeOptions options = { .model = model };
  g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
  gsize bytes = 0;
  gint64 start = g_get_monotonic_time ();
  for (guint p = 0; p < files->len; p++)
    {
      const GString *file = files->pdata[p];
      bytes += file->len;
      if (!ty_judge_read (judge, "bench", file->str, file->len, NULL))
        g_assert_not_reached ();
    }
  gint64 collected = g_get_monotonic_time ();
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  gint64 judged = g_get_monotonic_time ();
  g_autofree char *text = ty_judge_report_to_string (report);
  g_print ("%s: %s%.1f MB; read in %.2f s, judged in %.2f s\n", what, text, (double) bytes / 1e6,
           seconds (start, collected), seconds (collected, judged));
  g_assert_true (report->legal);
}

static void
free_file (gpointer file)
{
  g_string_free (file, TRUE);
}

/* ---- Primary: what the recorder writes ---- */

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

static GString *
record_primary (guint p, guint n_events)
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
  return out;
}

/* ---- Extended: all together, then the lower and the upper half ---- */

typedef struct
{
  GString *out;
  guint p;
  guint n_events;
} Writer;

static void
write_event (Writer *w, const char *event, const char *view)
{
  w->n_events++;
  g_string_append_printf (w->out, "{\"p\":\"process-%u\",\"g\":\"bench\",\"t\":%u,\"e\":\"%s\",\"c\":\"%s\"", w->p,
                          w->n_events, event, view);
}

static void
write_conf (Writer *w, const char *kind, const char *view, guint from, guint to)
{
  write_event (w, "conf", view);
  g_string_append_printf (w->out, ",\"kind\":\"%s\",\"primary\":%s,\"members\":[", kind,
                          to - from == N_PROCESSES && kind[0] == 'r' ? "true" : "false");
  for (guint i = from; i < to; i++)
    g_string_append_printf (w->out, "%s\"process-%u\"", i > from ? "," : "", i);
  g_string_append (w->out, "]}\n");
}

/* Each sends, then each delivers all. */
static void
write_round (Writer *w, const char *view, const char *deliver_in, guint round, guint from, guint to)
{
  static const char *const services[] = { "fifo", "causal", "agreed", "safe" };
  if (view == deliver_in)
    {
      write_event (w, "send", view);
      g_string_append_printf (w->out, ",\"m\":\"process-%u/bench/%s/%u\",\"service\":\"%s\",\"len\":100}\n", w->p, view,
                              round, services[round % 4]);
    }
  for (guint i = from; i < to; i++)
    {
      write_event (w, "deliver", deliver_in);
      g_string_append_printf (w->out, ",\"m\":\"process-%u/bench/%s/%u\"}\n", i, view, round);
    }
}

static void
write_stage (Writer *w, guint stage, guint from, guint to, guint next_from, guint next_to)
{
  g_autofree char *view = g_strdup_printf ("r%u.%u", stage, from);
  g_autofree char *behind = g_strdup_printf ("t%u.%u", stage, next_from);
  write_conf (w, "regular", view, from, to);
  for (guint round = 1; round <= ROUNDS_A_VIEW; round++)
    write_round (w, view, view, round, from, to);
  /* The messages of the last round are delivered by each half for itself. */
  write_event (w, "send", view);
  g_string_append_printf (w->out, ",\"m\":\"process-%u/bench/%s/%u\",\"service\":\"safe\",\"len\":100}\n", w->p, view,
                          ROUNDS_A_VIEW + 1);
  write_conf (w, "transitional", behind, MAX (from, next_from), MIN (to, next_to));
  write_round (w, view, behind, ROUNDS_A_VIEW + 1, MAX (from, next_from), MIN (to, next_to));
}

static GString *
write_extended (guint p, guint n_events)
{
  const guint half = N_PROCESSES / 2, low = p < half ? 0 : half;
  Writer w = { .out = g_string_new (NULL), .p = p };
  for (guint stage = 1; w.n_events < n_events / N_PROCESSES; stage++)
    if (stage % 2 == 1)
      write_stage (&w, stage, 0, N_PROCESSES, low, low + half);
    else
      write_stage (&w, stage, low, low + half, low, low + half);
  g_string_append_printf (w.out, "{\"p\":\"process-%u\",\"g\":\"bench\",\"t\":0,\"e\":\"end\"}\n", p);
  return w.out;
}

int
main (int argc, char **argv)
{
  guint n_events = argc > 1 ? (guint) g_ascii_strtoull (argv[1], NULL, 10) : 1000000;
  g_autoptr (GPtrArray) primary = g_ptr_array_new_with_free_func (free_file);
  g_autoptr (GPtrArray) extended = g_ptr_array_new_with_free_func (free_file);
  gint64 start = g_get_monotonic_time ();
  for (guint p = 0; p < N_PROCESSES; p++)
    g_ptr_array_add (primary, record_primary (p, n_events));
  g_print ("recorded in %.2f s\n", seconds (start, g_get_monotonic_time ()));
  judge ("primary", TY_JUDGE_PRIMARY, primary);
  judge ("primary run under extended", TY_JUDGE_EXTENDED, primary);
  for (guint p = 0; p < N_PROCESSES; p++)
    g_ptr_array_add (extended, write_extended (p, n_events));
  judge ("extended", TY_JUDGE_EXTENDED, extended);
  return 0;
}
