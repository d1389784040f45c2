/* tests/keys/two-groups.c: two groups that share some of their members replace the network secret at once.
 *
 *      g0: a b c       g1: a b d
 *
 * Each goes on: its members speak to each other by the secret that it has agreed on, also when every connection has
 * broken since; whoever has that secret comes in, by any member; whoever has the first one only comes in nowhere.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "examples/lab/stage.h"

#include <string.h>

typedef struct
{
  guint8 network[2][32]; /* of each group, at whoever was told last */
  guint n_rekeyed[2];    /* all members together */
} Told;

static void
on_effect (Part *part, const TyEffect *effect, gpointer data)
{
  Told *told = data;
  guint g = g_str_equal (part->name, "g1");
  if (effect->type != TY_EFFECT_REKEYED)
    return;
  g_assert_cmpuint (effect->number, ==, 2);
  memcpy (told->network[g], (const guint8 *) g_bytes_get_data (effect->bytes, NULL) + 32, 32);
  told->n_rekeyed[g]++;
}

static TyGroup *
group_of (Stage *stage, const char *name, guint g)
{
  return stage_part (stage_find (stage, name), g)->group;
}

typedef struct
{
  Stage *stage;
  guint g;
  const char *names;
  guint64 message;
  const Told *told;
} Wait;

static gboolean
is_together (gpointer data)
{
  const Wait *w = data;
  return stage_together (w->stage, w->g, w->names);
}

static gboolean
all_have (gpointer data)
{
  const Wait *w = data;
  for (const char *at = w->names; *at != '\0'; at += at[1] != '\0' ? 2 : 1)
    if (!stage_has (stage_part (stage_find (w->stage, (const char[]){ *at, 0 }), w->g), w->message))
      return FALSE;
  return TRUE;
}

static gboolean
both_have_changed (gpointer data)
{
  const Told *told = ((const Wait *) data)->told;
  return told->n_rekeyed[0] == 3 && told->n_rekeyed[1] == 3;
}

static void
wait_together (Stage *stage, guint g, const char *names)
{
  Wait w = { .stage = stage, .g = g, .names = names };
  stage_wait (stage, is_together, &w, SECONDS (20));
}

/* A message of each to all. */
static void
talk (Stage *stage, guint g, const char *names)
{
  for (const char *at = names; *at != '\0'; at += at[1] != '\0' ? 2 : 1)
    {
      Part *part = stage_part (stage_find (stage, (const char[]){ *at, 0 }), g);
      Wait w = { .stage = stage, .g = g, .names = names, .message = stage_send (part, TY_SERVICE_SAFE, 30) };
      g_assert_cmpuint (w.message, !=, 0);
      stage_wait (stage, all_have, &w, SECONDS (10));
    }
}

static void
break_all (Stage *stage)
{
  for (const char *x = "abcd"; *x != '\0'; x++)
    for (const char *y = x + 1; *y != '\0'; y++)
      {
        g_autofree char *from = g_strdup_printf ("sim:%c", *x), *to = g_strdup_printf ("sim:%c", *y);
        ty_sim_break (ty_sim_world_net (stage->world), from, to);
      }
}

static void
comes_in (Stage *stage, const char *name, const guint8 *secret, guint g, const char *contact, gboolean may)
{
  ty_sim_world_set_keys (stage->world, secret, NULL);
  Part *part = stage_join (stage_spawn (stage, name), g, contact);
  if (may)
    stage_wait_flag (stage, &part->entered, SECONDS (10));
  else
    ty_sim_run_for (stage->world, SECONDS (2));
  g_assert_true (part->entered == may);
  ty_sim_kill (stage_find (stage, name), TY_SIM_KILLED);
}

static void
form (Stage *stage)
{
  static const char *const names[] = { "a", "b", "c", "d" };
  for (guint i = 0; i < 4; i++)
    stage_spawn (stage, names[i]);
  stage_found (stage_find (stage, "a"), 0);
  stage_found (stage_find (stage, "a"), 1);
  stage_join (stage_find (stage, "b"), 0, "a");
  stage_join (stage_find (stage, "b"), 1, "a");
  stage_join (stage_find (stage, "c"), 0, "a");
  stage_join (stage_find (stage, "d"), 1, "a");
  wait_together (stage, 0, "a,b,c");
  wait_together (stage, 1, "a,b,d");
}

static void
run (guint seed)
{
  TySimWorldConfig config;
  Told told = { 0 };
  g_autoptr (GError) error = NULL;
  static const char *const askers[][2] = { { "a", "a" }, { "a", "b" }, { "b", "a" }, { "c", "d" } };
  stage_config_init (&config);
  config.sealed = TRUE;
  Stage *stage = stage_new (&config, seed, "total");
  stage->on_effect = on_effect;
  stage->data = &told;
  form (stage);
  stage_traffic (stage, 2000, 100);
  ty_sim_run_for (stage->world, 20000);
  for (guint g = 0; g < 2; g++)
    {
      ty_group_rekey (group_of (stage, askers[seed % 4][g], g), TRUE, &error);
      g_assert_no_error (error);
      ty_sim_run_for (stage->world, g == 0 ? 150 * (seed % 20) : 0);
    }
  if (seed % 3 == 0)
    break_all (stage);
  Wait w = { .stage = stage, .told = &told };
  stage_wait (stage, both_have_changed, &w, SECONDS (20));
  ty_sim_run_for (stage->world, SECONDS (1));
  break_all (stage);
  stage_traffic (stage, 0, 0);
  wait_together (stage, 0, "a,b,c");
  wait_together (stage, 1, "a,b,d");
  talk (stage, 0, "a,b,c");
  talk (stage, 1, "a,b,d");
  for (guint i = 0; i < 4; i++)
    {
      TyHubStats stats;
      ty_hub_get_stats (ty_sim_hub (ty_sim_process (stage->world, i)), &stats);
      g_assert_cmpuint (stats.lost + stats.dead, ==, 0);
    }
  comes_in (stage, "e", told.network[0], 0, "a", TRUE);
  comes_in (stage, "f", told.network[1], 1, "d", TRUE);
  comes_in (stage, "x", NULL, 0, "a,b,c", FALSE);
  comes_in (stage, "y", NULL, 1, "a,b,d", FALSE);
  /* One has changed it for the other's members, too: its own later change takes away its own only. */
  told.n_rekeyed[0] = 0;
  guint8 before[32];
  memcpy (before, told.network[0], sizeof before);
  ty_sim_run_for (stage->world, SECONDS (3));
  ty_group_rekey (group_of (stage, "c", 0), TRUE, &error);
  g_assert_no_error (error);
  stage_wait (stage, both_have_changed, &w, SECONDS (20));
  ty_sim_run_for (stage->world, SECONDS (1));
  break_all (stage);
  talk (stage, 0, "a,b,c");
  talk (stage, 1, "a,b,d");
  comes_in (stage, "z", before, 0, "a,b,c", FALSE);
  comes_in (stage, "h", told.network[0], 0, "b", TRUE);
  comes_in (stage, "i", told.network[1], 1, "b", TRUE);
  ty_sim_run_for (stage->world, SECONDS (3));
  stage_assert_good_end (stage);
  stage_free (stage);
}

static void
test_at_once (void)
{
  for (guint seed = 0; seed < 40; seed++)
    run (seed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/two-groups/at-once", test_at_once);
  return g_test_run ();
}
