/* examples/lab/scene-watch.c: has the oracles look while a scene plays (oracle.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include "core/view.h"

#include <string.h>

/* Everybody, as far as a group is concerned. */
static void
set_seats (Play *play, guint g)
{
  guint n = ty_sim_n_processes (play->world);
  g_array_set_size (play->seats, n);
  for (guint i = 0; i < n; i++)
    {
      TySimProcess *p = ty_sim_process (play->world, i);
      const Part *part = stage_part (p, g);
      g_array_index (play->seats, OracleSeat, i)
          = (OracleSeat){ .name = ty_sim_name (p),
                          .pid = *ty_sim_pid (p),
                          .group = part != NULL && ty_sim_is_alive (p) ? part->group : NULL,
                          .over = !play_takes_part (part),
                          .stopped = ty_sim_is_stopped (p),
                          .clock = ty_sim_clock (p) };
    }
}

#define SEATS(play) ((const OracleSeat *) (gconstpointer) (play)->seats->data), (play)->seats->len

static guint
place_of (const Play *play, const TySimProcess *p)
{
  guint i = ty_sim_n_processes (play->world);
  while (i > 0 && ty_sim_process (play->world, i - 1) != p)
    i--;
  g_assert (i > 0);
  return i - 1;
}

static void
stepped (TySimProcess *p, gpointer data)
{
  Play *play = data;
  guint64 n = ++play->n_steps;
  for (guint g = 0; g < play->scene->n_groups; g++)
    {
      Oracle *oracle = play->oracles[g];
      const Part *part = stage_part (p, g);
      gboolean leases = n % 8 == 0, values = n % 16 == 0, windows = n % 32 == 0;
      gboolean news = part != NULL && oracle_has_news (oracle, part->group, place_of (play, p));
      if (oracle_rule (oracle) != NULL || !(news || leases || values || windows))
        continue;
      set_seats (play, g);
      if (news)
        oracle_stepped (oracle, SEATS (play), place_of (play, p));
      if (leases)
        oracle_look_at_leases (oracle, SEATS (play));
      if (values)
        oracle_look_at_values (oracle, SEATS (play));
      /* One message of any size is taken beyond it, and batches have heads. */
      if (windows)
        oracle_look_at_windows (oracle, SEATS (play), play->stage->largest + 2000);
    }
}

/* V15: who has taken a state has what all others have, so that all begin each later view alike. */
void
play_watch_view (Play *play, const Part *part)
{
  guint g = 0;
  while (stage_part (part->p, g) != part)
    g++;
  gboolean knows = play->scene->with_state && (part->founded || part->n_views > 1);
  guint64 *state = g_hash_table_lookup (play->states[g], part->view->label);
  if (!knows)
    return;
  if (state == NULL)
    g_hash_table_insert (play->states[g], g_strdup (part->view->label), g_memdup2 (&part->state, sizeof part->state));
  else if (*state != part->state)
    oracle_complain (play->oracles[g], "V15", "a view begins in two states", ty_sim_name (part->p),
                     part->view->id.number);
}

void
play_watch (Play *play)
{
  static const TySimWitness witness = { .stepped = stepped };
  ty_sim_world_add_witness (play->world, &witness, play);
}

gboolean
play_is_at_rest (const Play *play, guint g)
{
  for (guint i = 0; i < play->sites->len; i++)
    {
      const Part *part = play_member_at (play, g, play->sites->pdata[i]);
      if (part != NULL && (!oracle_is_at_rest (part->group) || part->wants_room > part->n_rooms))
        return FALSE;
    }
  return TRUE;
}

void
play_watch_rest (Play *play, guint g)
{
  set_seats (play, g);
  oracle_look_at_values (play->oracles[g], SEATS (play));
  for (guint i = 0; i < play->sites->len; i++)
    {
      const PlaySite *site = play->sites->pdata[i];
      const Part *part = play_member_at (play, g, site);
      if (part == NULL)
        continue;
      oracle_look_at_rest (play->oracles[g], &g_array_index (play->seats, OracleSeat, place_of (play, site->newest)));
      if (part->wants_room > part->n_rooms)
        oracle_complain (play->oracles[g], "N2", "who waits for room in the window is not told of it",
                         ty_sim_name (part->p), part->view->id.number);
    }
}

void
play_watch_end (Play *play)
{
  for (guint i = 0; i < ty_sim_n_processes (play->world); i++)
    {
      const TySimProcess *p = ty_sim_process (play->world, i);
      if (ty_sim_is_alive (p) && ty_node_refused_packets (ty_sim_node (p)) > 0)
        oracle_complain (play->oracles[0], "N5", "an honest packet was refused", ty_sim_name (p), 0);
    }
}

const char *
play_broken_rule (const Play *play, const char **what)
{
  for (guint g = 0; g < play->scene->n_groups; g++)
    if (oracle_rule (play->oracles[g]) != NULL)
      {
        if (what != NULL)
          *what = oracle_what (play->oracles[g]);
        return oracle_rule (play->oracles[g]);
      }
  return NULL;
}
