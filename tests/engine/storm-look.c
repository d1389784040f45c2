/* tests/engine/storm-look.c: what is wrong: the judge, and what is looked at in the step machines.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm-private.h"

#include "core/judge.h"

static void
find (Storm *s, const char *rule, char *text)
{
  if (s->finding != NULL)
    {
      g_free (text);
      return;
    }
  s->finding = g_new (StormFinding, 1);
  *s->finding = (StormFinding){ .rule = rule, .text = text };
}

void
storm_finding_free (StormFinding *finding)
{
  g_free (finding->text);
  g_free (finding);
}

void
storm_judge (Storm *s, gboolean open_end)
{
  GError *error = NULL;
  TyJudgeOptions judge_options = { .model = TY_JUDGE_PRIMARY, .open_end = open_end };
  g_autoptr (TyJudge) judge = ty_judge_new (&judge_options, &error);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      if (!ty_judge_read (judge, p->name, p->history->str, p->history->len, &error))
        g_error ("%s", error->message);
    }
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  if (!report->legal)
    find (s, ty_judge_rule_number (((const TyJudgeViolation *) report->violations->pdata[0])->rule),
          ty_judge_report_to_string (report));
}

static void
describe (const Storm *s, const Proc *p, gboolean second, GString *out)
{
  static const char *const states[]
      = { "new", "joining", "member", "flushing", "blocked", "left", "excluded", "failed" };
  TyGroup *group = second ? p->second : p->group;
  if (group == NULL)
    return;
  TyGroupStats stats = { 0 };
  TyetView *view = ty_group_get_view (group);
  ty_group_get_stats (group, &stats);
  g_string_append_printf (out, "\n  %s %s: %s%s%s%s, view %s of %u", p->name, second ? "second group" : "group",
                          states[ty_group_get_state (group)], storm_seat (p, second).entered ? "" : ", not entered",
                          group->lingers ? ", lingers" : "", p->stopped ? ", stopped" : "",
                          view != NULL ? view->label : "-", view != NULL ? view->n_members : 0);
  if (stats.unstable_bytes > 0 || stats.window_used_bytes > 0 || stats.spilled_bytes > 0)
    g_string_append_printf (out,
                            "\n      unstable %" G_GUINT64_FORMAT " window %" G_GUINT64_FORMAT
                            " queued %" G_GUINT64_FORMAT " spilled %" G_GUINT64_FORMAT,
                            stats.unstable_bytes, stats.window_used_bytes, stats.queued_bytes, stats.spilled_bytes);
  g_autoptr (GArray) waits = ty_group_waits (group, s->mesh->now);
  for (guint w = 0; w < waits->len; w++)
    g_string_append_printf (out, "\n      %s: %s", g_array_index (waits, TyGroupWait, w).what,
                            g_array_index (waits, TyGroupWait, w).text);
}

void
storm_complain (Storm *s, const char *rule, const char *what)
{
  if (s->finding != NULL)
    return;
  GString *text = g_string_new (what);
  g_string_append_printf (text, " (%s)", s->ordering);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *p = s->mesh->procs->pdata[i];
      for (guint second = 0; p->alive && second < 2; second++)
        describe (s, p, second == 1, text);
    }
  find (s, rule, g_string_free (text, FALSE));
}

/* ---- The oracles ---- */

/* Everybody, as far as one of the two groups is concerned. */
static GArray *
seats_of (const Storm *s, gboolean second)
{
  GArray *seats = g_array_sized_new (FALSE, FALSE, sizeof (OracleSeat), s->mesh->procs->len);
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      const Proc *p = s->mesh->procs->pdata[i];
      Seat mine = storm_seat (p, second);
      OracleSeat as = { .name = p->name,
                        .pid = p->pid,
                        .group = second ? p->second : p->group,
                        .over = mine.over,
                        .stopped = p->stopped,
                        .clock = mesh_clock (p) };
      g_array_append_val (seats, as);
    }
  return seats;
}

#define SEATS(array) ((const OracleSeat *) (gconstpointer) (array)->data), (array)->len

static void
take_finding (Storm *s, const Oracle *oracle)
{
  if (oracle_rule (oracle) != NULL)
    storm_complain (s, oracle_rule (oracle), oracle_text (oracle));
}

void
storm_stepped (Proc *p, gpointer user_data)
{
  Storm *s = user_data;
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      oracle_stepped (s->oracles[second], SEATS (seats), p->index);
      take_finding (s, s->oracles[second]);
    }
}

void
storm_look (Storm *s, StormLook at)
{
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      at (s->oracles[second], SEATS (seats));
      take_finding (s, s->oracles[second]);
    }
}

void
storm_each_is_sound (Storm *s)
{
  for (guint second = 0; second < (s->seconds ? 2 : 1); second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      /* One message of any size is taken; and batches have heads. */
      oracle_look_at_windows (s->oracles[second], SEATS (seats), s->largest + 2000);
      take_finding (s, s->oracles[second]);
    }
  if (s->mesh->unlike != NULL)
    storm_complain (s, "V15", s->mesh->unlike);
}

void
storm_nothing_kept (Storm *s)
{
  for (guint second = 0; second < 2; second++)
    {
      g_autoptr (GArray) seats = seats_of (s, second == 1);
      for (guint i = 0; i < seats->len; i++)
        {
          const OracleSeat *mine = &g_array_index (seats, OracleSeat, i);
          if (!mine->over && ty_group_get_view (mine->group) != NULL && storm_may_go_on (s, second == 1)
              && !storm_stranded (s, s->mesh->procs->pdata[i], second == 1))
            oracle_look_at_rest (s->oracles[second], mine);
        }
      take_finding (s, s->oracles[second]);
    }
}

void
storm_none_refused (Storm *s)
{
  if (mesh_refused (s->mesh) > 0)
    storm_complain (s, "N5", "honest packets were refused");
}
