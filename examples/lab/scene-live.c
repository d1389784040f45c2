/* examples/lab/scene-live.c: whether what can go on does go on: a group whose quorum lives and can talk becomes one
 * view of all who take part, delivers what is pending, and takes new messages.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include "core/view.h"

#include <string.h>

/* Lives, and is in the group, or wants to be. */
gboolean
play_takes_part (const Part *part)
{
  return part != NULL && ty_sim_is_alive (part->p) && !part->left && !part->excluded && !part->failed;
}

static gboolean
is_inside (const Play *play, const TySimProcess *p)
{
  const char *site = ty_sim_address (p) + strlen ("sim:");
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *s = play->sites->pdata[i];
      if (g_str_equal (s->name, site))
        return !s->outside;
    }
  return FALSE;
}

/* One of a list of founders has a vote on the first view, and will be in it, whether it knows that view or not. */
static gboolean
has_vote (const Part *part)
{
  return play_takes_part (part) && (part->entered || part->founded);
}

static gboolean
view_has_quorum (const Play *play, guint g, const TyetView *view, const TySimProcess *but)
{
  g_autofree gboolean *in = g_new0 (gboolean, view->n_members);
  for (guint rank = 0; rank < view->n_members; rank++)
    {
      TySimProcess *p = stage_find (play->stage, view->members[rank].name);
      in[rank] = p != NULL && p != but && is_inside (play, p) && has_vote (stage_part (p, g));
    }
  return ty_members_quorum (view->members, view->n_members, in);
}

static gboolean
has_founders (const Play *play, guint g)
{
  for (guint i = 0; i < play->sites->len; i++)
    if (((const PlaySite *) play->sites->pdata[i])->founders[g] != NULL)
      return TRUE;
  return FALSE;
}

/* Before the first view: more than half of those who found the group live, and can. */
static gboolean
founders_have_quorum (const Play *play, guint g, const TySimProcess *but)
{
  guint all = 0, have = 0;
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      const Part *part = stage_part (site->newest, g);
      if (site->founders[g] == NULL)
        continue;
      guint rank = 0;
      while (!g_str_equal (site->founders[g][rank], site->name))
        rank++;
      all = g_strv_length (site->founders[g]);
      /* Exactly half is enough with the first of them. */
      if (!site->outside && site->newest != but && play_takes_part (part) && part->founded)
        have += rank == 0 ? 3 : 2;
    }
  return have > all;
}

/* Somebody inside is in a view, and so can tell those who voted for it that it came about. */
static gboolean
anybody_is_in (const Play *play, guint g, const TySimProcess *but)
{
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      const Part *part = stage_part (site->newest, g);
      if (!site->outside && site->newest != but && play_takes_part (part) && part->view != NULL)
        return TRUE;
    }
  return FALSE;
}

/* That anybody is in, or was when it died; or NULL. */
static const TyetView *
newest_view (const Play *play, guint g)
{
  const TyetView *newest = NULL;
  for (guint i = 0; i < ty_sim_n_processes (play->world); i++)
    {
      const Part *part = stage_part (ty_sim_process (play->world, i), g);
      if (part != NULL && part->view != NULL && (newest == NULL || part->view->id.number > newest->id.number))
        newest = part->view;
    }
  return newest;
}

static gboolean
has_member (const TyetView *view, const TySimProcess *p)
{
  for (guint rank = 0; rank < view->n_members; rank++)
    if (g_str_equal (view->members[rank].name, ty_sim_name (p)))
      return TRUE;
  return FALSE;
}

/* A founder that the group was founded without, and that knows nobody who could tell it so. */
static gboolean
is_unmet (const Play *play, guint g, const Part *part)
{
  if (!part->founded || part->entered)
    return FALSE;
  gboolean began = FALSE;
  for (guint i = 0; i < ty_sim_n_processes (play->world); i++)
    {
      const Part *other = stage_part (ty_sim_process (play->world, i), g);
      began |= other != NULL && other->view != NULL;
      if (other != NULL && other->founded && other->entered && play_takes_part (other) && is_inside (play, other->p))
        return FALSE;
    }
  return began;
}

/* The group went on without it, and all of its view who know that are gone: nobody who knows this process does. */
static gboolean
is_left_behind (const Play *play, guint g, const Part *part)
{
  const TyetView *view = part->view, *newest = newest_view (play, g);
  if (view->id.number >= newest->id.number || has_member (newest, part->p))
    return FALSE;
  for (guint rank = 0; rank < view->n_members; rank++)
    {
      TySimProcess *p = stage_find (play->stage, view->members[rank].name);
      const Part *other = p != NULL ? stage_part (p, g) : NULL;
      if (other == NULL || other == part || !ty_sim_is_alive (p) || !is_inside (play, p) || !other->entered)
        continue;
      gboolean went_on = other->view != NULL && other->view->id.number > view->id.number;
      if (went_on || other->left || other->excluded)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_stranded (const Play *play, guint g, const Part *part)
{
  return part->view != NULL ? is_left_behind (play, g, part) : is_unmet (play, g, part);
}

static gboolean
anybody_is_stranded (const Play *play, guint g)
{
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      const Part *part = stage_part (site->newest, g);
      if (!site->outside && play_takes_part (part) && is_stranded (play, g, part))
        return TRUE;
    }
  return FALSE;
}

Part *
play_member_at (const Play *play, guint g, const PlaySite *site)
{
  Part *part = stage_part (site->newest, g);
  gboolean member = !site->outside && play_takes_part (part) && part->entered && !is_stranded (play, g, part);
  return member ? part : NULL;
}

gboolean
play_has_quorum (const Play *play, guint g, const TySimProcess *but)
{
  guint n = ty_sim_n_processes (play->world);
  const TyetView *last = newest_view (play, g);
  guint64 newest = last != NULL ? last->id.number : 0;
  /* V13: a first view that has reached only those who are gone is decided once more, by those who voted. */
  gboolean founding = newest == 0 || (newest == 1 && has_founders (play, g) && !anybody_is_in (play, g, but));
  if (founding && !founders_have_quorum (play, g, but))
    return FALSE;
  if (newest == 0)
    return TRUE;
  g_autoptr (GPtrArray) seen = g_ptr_array_new (); /* one view is looked at once */
  for (guint i = 0; i < n; i++)
    {
      const Part *part = stage_part (ty_sim_process (play->world, i), g);
      if (part == NULL || part->view == NULL || (!play_takes_part (part) && part->view->id.number < newest)
          || g_ptr_array_find_with_equal_func (seen, part->view->label, g_str_equal, NULL)
          || is_stranded (play, g, part))
        continue;
      /* A view that only others outside are left in does not bind those inside. */
      if (!is_inside (play, part->p) && part->view->id.number < newest)
        continue;
      g_ptr_array_add (seen, part->view->label);
      if (!view_has_quorum (play, g, part->view, but))
        return FALSE;
    }
  return TRUE;
}

/* Everyone inside who takes part in the group is in one view of just these. */
static gboolean
is_whole (const Play *play, guint g)
{
  const TyetView *view = NULL;
  guint n = 0;
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      const Part *part = stage_part (site->newest, g);
      if (site->outside || !play_takes_part (part) || is_stranded (play, g, part))
        continue;
      if (part->leaving || !part->entered || part->blocked || part->view == NULL
          || ty_group_get_state (part->group) != TY_GROUP_MEMBER)
        return FALSE;
      if (view == NULL)
        view = part->view;
      if (!g_str_equal (view->label, part->view->label))
        return FALSE;
      n++;
    }
  return n == 0 || view->n_members == n;
}

/* Nobody can go on, and all who are left know it. */
static gboolean
is_stuck (const Play *play, guint g)
{
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      const Part *part = stage_part (site->newest, g);
      if (!site->outside && play_takes_part (part) && part->entered && !part->blocked)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_settled (const Play *play)
{
  if (play->returning > 0)
    return FALSE;
  for (guint g = 0; g < play->scene->n_groups; g++)
    if (!(play_has_quorum (play, g, NULL) ? is_whole (play, g) : is_stuck (play, g)))
      return FALSE;
  return TRUE;
}

/* It can become true only by something that an application is told, or by a step. */
gboolean
play_is_settled (Play *play)
{
  if (!play->dirty)
    return FALSE;
  play->dirty = FALSE;
  gboolean settled = is_settled (play);
  play->dirty = settled;
  return settled;
}

/* ---- Calm ---- */

static gboolean
is_named (char **names, const char *name)
{
  return names == NULL || g_strv_contains ((const char *const *) names, name);
}

void
play_calm (Play *play, char **names)
{
  play->calm = TRUE;
  stage_traffic (play->stage, 0, 0);
  for (guint i = 0; i < play->sites->len; i++)
    {
      PlaySite *site = play->sites->pdata[i];
      TySimProcess *p = site->newest;
      site->outside = !is_named (names, site->name);
      if (site->outside || !ty_sim_is_alive (p))
        continue;
      ty_sim_set_slow (p, 0);
      ty_sim_set_reads (p, 0);
      ty_sim_spare (p);
      ty_sim_hold_nothing (p);
      if (ty_sim_is_stopped (p))
        ty_sim_continue (p);
    }
  for (guint a = 0; a < play->sites->len; a++)
    for (guint b = 0; b < play->sites->len; b++)
      {
        const PlaySite *from = play->sites->pdata[a], *to = play->sites->pdata[b];
        if (a == b)
          continue;
        if (from->outside != to->outside)
          ty_sim_cut (play->net, ty_sim_address (from->newest), ty_sim_address (to->newest));
        else if (!from->outside)
          {
            ty_sim_slow (play->net, ty_sim_address (from->newest), ty_sim_address (to->newest), 0);
            ty_sim_heal (play->net, ty_sim_address (from->newest), ty_sim_address (to->newest));
          }
      }
}

/* ---- Live ---- */

typedef struct
{
  Play *play;
  guint g;
  guint64 message;
} Last;

static gboolean
all_have (gpointer data)
{
  const Last *last = data;
  for (guint i = 0; i < last->play->sites->len; i++)
    {
      const Part *part = play_member_at (last->play, last->g, last->play->sites->pdata[i]);
      if (part != NULL && !stage_has (part, last->message))
        return FALSE;
    }
  return TRUE;
}

static gboolean
settled (gpointer data)
{
  return play_is_settled (data);
}

static gboolean
at_rest (gpointer data)
{
  const Last *last = data;
  return play_is_at_rest (last->play, last->g);
}

/* A message of each service from each member gets through to all. */
static const char *
try_messages (Play *play, guint g)
{
  for (guint i = 0; i < play->sites->len; i++)
    {
      Part *part = play_member_at (play, g, play->sites->pdata[i]);
      if (part == NULL)
        continue;
      Last last = { play, g, 0 };
      for (guint s = 0; s <= (guint) ty_group_get_ordering (part->group)->strongest; s++)
        {
          last.message = 0;
          for (guint tries = 0; tries < 1000 && last.message == 0; tries++)
            {
              last.message = stage_send (part, (TyService) s, 10);
              if (last.message == 0)
                ty_sim_run_for (play->world, 10000);
            }
          if (last.message == 0)
            return "a whole group takes no message";
        }
      /* One sender's messages come in order: the last stands for all. */
      if (!ty_sim_run_until (play->world, all_have, &last, SECONDS (20)))
        return "a message does not get through in a whole group";
    }
  return NULL;
}

const char *
play_live (Play *play, gint64 within_us)
{
  gint64 limit = ty_sim_now (play->net) + (within_us >= 0 ? within_us : SECONDS (90));
  /* For as long as it takes to suspect somebody, and to do without. */
  const TyNodeConfig *config = &play->scene->config.node;
  gint64 while_us = MAX (3 * config->suspect_after_us / 2, config->suspect_after_us + 2 * config->lease_us);
  play->dirty = TRUE;
  /* What was suspected before may still come out: it is whole when it stays so for a while.  What was stuck may come
   * loose, when one that could not go on learns that it is out: then there is more to wait for. */
  for (guint64 views = G_MAXUINT64; views != play->n_views || !is_settled (play);)
    {
      views = play->n_views;
      if (!ty_sim_run_until (play->world, settled, play, MAX (0, limit - ty_sim_now (play->net))) && !is_settled (play))
        return "the groups did not become whole in time";
      ty_sim_run_for (play->world, while_us);
    }
  for (guint g = 0; g < play->scene->n_groups; g++)
    {
      const char *wrong = play_has_quorum (play, g, NULL) ? try_messages (play, g) : NULL;
      if (wrong != NULL)
        return wrong;
    }
  /* What nobody could go on from may still come loose, such as founders who are few when one of them crashes; and so
   * may who nobody had to tell that the group went on. */
  gboolean loose = FALSE;
  for (guint g = 0; g < play->scene->n_groups; g++)
    loose |= !play_has_quorum (play, g, NULL) || anybody_is_stranded (play, g);
  guint64 views = play->n_views;
  ty_sim_run_for (play->world, while_us);
  for (guint g = 0; g < play->scene->n_groups; g++)
    if (play_has_quorum (play, g, NULL))
      {
        Last last = { play, g, 0 };
        ty_sim_run_until (play->world, at_rest, &last, SECONDS (10));
        play_watch_rest (play, g);
      }
  /* Those may find that the first view was decided, and that all others in it are gone: then they are stuck again. */
  if (loose)
    ty_sim_run_until (play->world, settled, play, MAX (0, limit - ty_sim_now (play->net)));
  if (!is_settled (play) || (play->n_views != views && !loose))
    return "the groups fell apart again, without a fault";
  return NULL;
}
