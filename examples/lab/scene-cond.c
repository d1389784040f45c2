/* examples/lab/scene-cond.c: whether something holds in a play.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include "core/packet.h"
#include "core/view.h"

guint
play_count_packets (const Play *play, const SceneCond *cond)
{
  if (cond->kind != COND_SENT)
    return 0;
  guint sum = 0;
  for (char **who = cond->who; who != NULL && *who != NULL; who++)
    {
      const guint *counts = g_hash_table_lookup (play->packets, play_find (play, *who));
      if (counts != NULL)
        sum += counts[ty_packet_find (cond->names[0])];
    }
  return sum;
}

/* ---- Of one process ---- */

static gint
place_of (const Part *part, guint64 message)
{
  for (guint i = 0; message != 0 && i < part->delivered->len; i++)
    if (g_array_index (part->delivered, guint64, i) == message)
      return (gint) i;
  return -1;
}

/* In whatever group it was sent. */
static gint
place_at (TySimProcess *p, guint64 message)
{
  for (guint g = 0; p != NULL && g < STAGE_MAX_GROUPS; g++)
    {
      const Part *part = stage_part (p, g);
      gint place = part != NULL ? place_of (part, message) : -1;
      if (place >= 0)
        return place;
    }
  return -1;
}

static gboolean
is_view_of (const TyetView *view, char **names)
{
  if (view == NULL || view->n_members != g_strv_length (names))
    return FALSE;
  for (guint i = 0; i < view->n_members; i++)
    if (!g_str_equal (view->members[i].name, names[i]))
      return FALSE;
  return TRUE;
}

static gboolean
was_in_view (const Part *part, char **names)
{
  for (guint i = 0; part != NULL && i < part->views->len; i++)
    if (is_view_of (part->views->pdata[i], names))
      return TRUE;
  return FALSE;
}

static gboolean
is_flag (TySimProcess *p, const Part *part, SceneFlag flag)
{
  gboolean alive = p != NULL && ty_sim_is_alive (p);
  switch (flag)
    {
    case FLAG_BLOCKED:
      return alive && part != NULL && part->blocked && !part->excluded;
    case FLAG_EXCLUDED:
      return part != NULL && part->excluded;
    case FLAG_OUT:
      return part != NULL && part->left;
    case FLAG_DEAD:
      return p != NULL && !alive;
    case FLAG_STOPPED:
      return alive && ty_sim_is_stopped (p);
    case FLAG_IN:
      return alive && part != NULL && part->entered && !part->left && !part->excluded && !part->blocked;
    case FLAG_TURNED_AWAY:
      return part != NULL && part->failed;
    case N_FLAGS:
    default:
      g_assert_not_reached ();
    }
}

static gboolean
holds_at (Play *play, const SceneCond *cond, const char *name)
{
  TySimProcess *p = play_find (play, name);
  const Part *part = p != NULL ? stage_part (p, cond->group) : NULL;
  switch (cond->kind)
    {
    case COND_HAS:
    case COND_LACKS:
      for (char **m = cond->names; *m != NULL; m++)
        if ((place_at (p, play_message (play, *m)) >= 0) != (cond->kind == COND_HAS))
          return FALSE;
      return TRUE;
    case COND_IN_VIEW:
      return is_flag (p, part, FLAG_IN) && is_view_of (part->view, cond->names);
    case COND_WAS_IN_VIEW:
      return was_in_view (part, cond->names);
    case COND_IS:
      return is_flag (p, part, cond->flag) != cond->negated;
    case COND_BEFORE:
      {
        gint first = place_at (p, play_message (play, cond->names[0]));
        gint second = place_at (p, play_message (play, cond->names[1]));
        return first >= 0 && second >= 0 && first < second;
      }
    default:
      g_assert_not_reached ();
    }
}

/* ---- Of several ---- */

/* Everyone who lives and is in the group, or wants to be. */
static char **
everyone (const Play *play, guint g)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      if (play_takes_part (stage_part (site->newest, g)))
        g_strv_builder_add (names, site->name);
    }
  return g_strv_builder_end (names);
}

static gboolean
is_in_other (const Part *part, guint64 message)
{
  return place_of (part, message) >= 0;
}

/* What both have delivered is in the same order at both. */
static gboolean
is_same_order (const Part *a, const Part *b)
{
  guint k = 0;
  for (guint i = 0; i < a->delivered->len; i++)
    {
      guint64 message = g_array_index (a->delivered, guint64, i);
      if (!is_in_other (b, message))
        continue;
      while (k < b->delivered->len && !is_in_other (a, g_array_index (b->delivered, guint64, k)))
        k++;
      if (g_array_index (b->delivered, guint64, k++) != message)
        return FALSE;
    }
  return TRUE;
}

static gboolean
are_same_order (Play *play, char **who, guint g)
{
  for (char **a = who; *a != NULL; a++)
    for (char **b = who; b < a; b++)
      {
        TySimProcess *p = play_find (play, *a), *q = play_find (play, *b);
        if (p == NULL || q == NULL || stage_part (p, g) == NULL || stage_part (q, g) == NULL
            || !is_same_order (stage_part (p, g), stage_part (q, g)))
          return FALSE;
      }
  return TRUE;
}

static gboolean
is_legal_so_far (Play *play)
{
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .open_end = TRUE };
  g_autoptr (GError) error = NULL;
  g_autoptr (TyJudgeReport) report = ty_sim_judge (play->world, &options, &error);
  g_assert_no_error (error);
  return report->legal;
}

gboolean
play_holds (Play *play, const SceneCond *cond)
{
  g_auto (GStrv) all = cond->all ? everyone (play, cond->group) : NULL;
  char **who = cond->all ? all : cond->who;
  switch (cond->kind)
    {
    case COND_LEGAL:
      return is_legal_so_far (play);
    case COND_SETTLED:
      play->dirty = TRUE;
      return play_is_settled (play);
    case COND_LIVE:
      return play_is_settled (play);
    case COND_REFUSED:
      for (char **m = cond->names; *m != NULL; m++)
        if (!g_hash_table_contains (play->refused, *m))
          return FALSE;
      return TRUE;
    case COND_SENT:
      return play_count_packets (play, cond) >= cond->number;
    case COND_SAME_ORDER:
      return are_same_order (play, who, cond->group);
    default:
      break;
    }
  if (who[0] == NULL)
    return FALSE;
  for (char **name = who; *name != NULL; name++)
    if (!holds_at (play, cond, *name))
      return FALSE;
  return TRUE;
}
