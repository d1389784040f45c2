/* examples/lab/scene-do.c: what a step does to the world.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include <string.h>

typedef void (*WayFunc) (TySimNet *net, const char *from, const char *to);

/* Says why a step cannot be done. */
static gboolean cannot (Play *play, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
cannot (Play *play, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_string_vprintf (play->trouble, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
wants_living (Play *play, const char *name, TySimProcess **out)
{
  *out = play_find (play, name);
  if (*out == NULL)
    return cannot (play, "%s has not been started", name);
  if (!ty_sim_is_alive (*out))
    return cannot (play, "%s is dead", ty_sim_name (*out));
  return TRUE;
}

/* ---- Processes ---- */

static gboolean
enter (Play *play, const SceneStep *step, const char *name)
{
  TySimProcess *p = play_find (play, name);
  if (p == NULL)
    p = play_spawn (play, name)->newest;
  if (!ty_sim_is_alive (p))
    return cannot (play, "%s is dead", name);
  if (stage_part (p, step->group) != NULL)
    return cannot (play, "%s has entered before", name);
  if (step->what == DO_FOUND && step->others != NULL)
    {
      if (play->scene->n_groups > 1 || !g_strv_contains ((const char *const *) step->others, name))
        return cannot (play, "%s is no founder of the one group", name);
      play_found_with (play, p, step->group, step->others);
    }
  else if (step->what == DO_FOUND)
    stage_found (p, step->group);
  else if (!play_join (play, p, step->group, step->others))
    return cannot (play, "there is nobody whom %s could ask", name);
  return TRUE;
}

static gboolean
restart (Play *play, const char *name)
{
  PlaySite *site = play_site (play, name);
  if (site == NULL)
    return cannot (play, "%s has not been started", name);
  if (ty_sim_is_alive (site->newest))
    ty_sim_kill (site->newest, TY_SIM_KILLED);
  play_restart (play, site);
  return TRUE;
}

static gboolean
leave (Play *play, const SceneStep *step, TySimProcess *p)
{
  Part *part = stage_part (p, step->group);
  if (part == NULL || !part->entered || part->leaving || part->excluded || !stage_leave (part))
    return cannot (play, "%s is not in the group", ty_sim_name (p));
  return TRUE;
}

static gboolean
stop_or_continue (Play *play, TySimProcess *p, gboolean stop)
{
  if (ty_sim_is_stopped (p) == stop)
    return cannot (play, "%s is %s", ty_sim_name (p), stop ? "stopped already" : "not stopped");
  if (stop)
    ty_sim_stop (p);
  else
    ty_sim_continue (p);
  return TRUE;
}

static void
crash (const SceneStep *step, TySimProcess *p)
{
  if (step->unit == UNIT_EFFECTS)
    ty_sim_kill_after_effects (p, (guint64) step->number);
  else if (step->unit == UNIT_WRITES)
    ty_sim_kill_after_writes (p, (guint) step->number);
  else
    ty_sim_kill (p, step->what == DO_UNPLUG ? TY_SIM_VANISHED : TY_SIM_KILLED);
}

/* What befalls one living process. */
static gboolean
befall (Play *play, const SceneStep *step, const char *name)
{
  TySimProcess *p;
  if (!wants_living (play, name, &p))
    return FALSE;
  switch (step->what)
    {
    case DO_CRASH:
    case DO_UNPLUG:
      crash (step, p);
      return TRUE;
    case DO_LEAVE:
      return leave (play, step, p);
    case DO_STOP:
    case DO_CONTINUE:
      return stop_or_continue (play, p, step->what == DO_STOP);
    case DO_SLOW:
      ty_sim_set_slow (p, step->us);
      return TRUE;
    case DO_CHOKE:
      ty_sim_set_reads (p, (gsize) step->number);
      return TRUE;
    case DO_CLOCK:
      ty_sim_set_clock (p, step->number);
      return TRUE;
    case DO_NOISE:
      play_noise (play, p, (gsize) step->number);
      return TRUE;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
for_each (Play *play, const SceneStep *step)
{
  gboolean any = FALSE;
  for (char **name = step->who; *name != NULL; name++)
    {
      if (step->what == DO_START && play_site (play, *name) == NULL)
        any = play_spawn (play, *name) != NULL;
      else if (step->what == DO_START)
        any |= cannot (play, "%s was started before", *name);
      else if (step->what == DO_FOUND || step->what == DO_JOIN)
        any |= enter (play, step, *name);
      else if (step->what == DO_RESTART)
        any |= restart (play, *name);
      else
        any |= befall (play, step, *name);
    }
  return any;
}

/* ---- Messages ---- */

static void
label (Play *play, guint64 message, const char *name)
{
  g_ptr_array_set_size (play->labels, (gint) MAX (play->labels->len, message));
  play->labels->pdata[message - 1] = g_strdup (name);
}

static void
send_one (Play *play, const SceneStep *step, Part *part, const char *name)
{
  g_autoptr (GError) error = NULL;
  TyService strongest = (TyService) ty_group_get_ordering (part->group)->strongest;
  TyService usual = MIN (strongest, TY_SERVICE_AGREED);
  guint64 message = stage_try_send (part, step->has_service ? step->service : usual, (gsize) step->number, &error);
  if (message != 0)
    {
      label (play, message, name);
      play->n_messages++;
      return;
    }
  g_hash_table_add (play->refused, g_strdup (name));
  play_tell (play, ty_sim_name (part->p), "refused", "cannot send %s: %s", name, error->message);
  if (play->refuses != NULL)
    play->refuses (play, part, name, error->message, play->acts_data);
}

static gboolean
send_all (Play *play, const SceneStep *step)
{
  for (char **who = step->who; *who != NULL; who++)
    {
      TySimProcess *p;
      if (!wants_living (play, *who, &p))
        return FALSE;
      if (ty_sim_is_stopped (p))
        return cannot (play, "%s is stopped", *who);
      Part *part = stage_part (p, step->group);
      if (part == NULL)
        return cannot (play, "%s is not in the group", *who);
      for (char **name = step->others; *name != NULL; name++)
        send_one (play, step, part, *name);
    }
  return TRUE;
}

/* ---- Ways ---- */

static void
for_ways (Play *play, const SceneStep *step, WayFunc func, gboolean both)
{
  for (char **a = step->who; *a != NULL; a++)
    for (char **b = step->others; *b != NULL; b++)
      {
        g_autofree char *from = g_strdup_printf ("sim:%s", *a);
        g_autofree char *to = g_strdup_printf ("sim:%s", *b);
        if (g_str_equal (from, to))
          continue;
        func (play->net, from, to);
        if (both)
          func (play->net, to, from);
      }
}

static void
delay (Play *play, const SceneStep *step)
{
  for (char **a = step->who; *a != NULL; a++)
    for (char **b = step->others; *b != NULL; b++)
      {
        g_autofree char *from = g_strdup_printf ("sim:%s", *a);
        g_autofree char *to = g_strdup_printf ("sim:%s", *b);
        ty_sim_slow (play->net, from, to, step->us);
      }
}

/* Of sessions. FALSE: there was none. */
static gboolean
lose (Play *play, const SceneStep *step)
{
  gboolean any = FALSE;
  for (char **a = step->who; *a != NULL; a++)
    for (char **b = step->others; *b != NULL; b++)
      {
        TySimProcess *p, *other = play_find (play, *b);
        if (!wants_living (play, *a, &p))
          return FALSE;
        any |= other != NULL && ty_sim_lose (p, other);
      }
  return any || cannot (play, "there is no session");
}

static gboolean
hold (Play *play, const SceneStep *step)
{
  for (char **a = step->who; *a != NULL; a++)
    for (char **b = step->others; *b != NULL; b++)
      {
        TySimProcess *p, *from = play_find (play, *a);
        if (from == NULL)
          return cannot (play, "%s has not been started", *a);
        if (!wants_living (play, *b, &p))
          return FALSE;
        if (from != p)
          ty_sim_hold (p, from, (guint64) step->number, step->us);
      }
  return TRUE;
}

static void
heal_all (Play *play)
{
  for (guint a = 0; a < play->sites->len; a++)
    for (guint b = 0; b < play->sites->len; b++)
      if (a != b)
        ty_sim_heal (play->net, ty_sim_address (((PlaySite *) play->sites->pdata[a])->newest),
                     ty_sim_address (((PlaySite *) play->sites->pdata[b])->newest));
}

gboolean
play_act (Play *play, const SceneStep *step)
{
  switch (step->what)
    {
    case DO_SEND:
      return send_all (play, step);
    case DO_CUT:
    case DO_CUT_TOWARDS:
      for_ways (play, step, ty_sim_cut, step->what == DO_CUT);
      return TRUE;
    case DO_HEAL:
    case DO_HEAL_TOWARDS:
      for_ways (play, step, ty_sim_heal, step->what == DO_HEAL);
      return TRUE;
    case DO_HEAL_ALL:
      heal_all (play);
      return TRUE;
    case DO_BREAK:
      for_ways (play, step, ty_sim_break, FALSE);
      return TRUE;
    case DO_LOSE:
      return lose (play, step);
    case DO_HOLD:
      return hold (play, step);
    case DO_DELAY:
      delay (play, step);
      return TRUE;
    case DO_TRAFFIC:
      stage_traffic (play->stage, step->us, (gsize) step->number);
      return TRUE;
    case DO_CALM:
      play_calm (play, step->who);
      return TRUE;
    case DO_WAIT:
    case DO_SETTLE:
    case DO_EXPECT:
    case N_DO:
      g_assert_not_reached ();
    default:
      return for_each (play, step);
    }
}
