/* tests/sim/rekey.c: new secrets in the simulator, sealed: while a process crashes at every one of its steps, messages
 * flow, and one who knows only the old secret knocks.
 *
 * The invariants are those of membership/rekey.c: whoever goes on has the same secrets, and the same number of them, no
 * message is lost, and the old secret lets nobody in.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "examples/lab/stage.h"

#include <sodium.h>
#include <string.h>

#define MOST 16

/* What holds at each process, in the order of their birth. */
typedef struct
{
  guint8 secret[MOST][64];
  guint n_rekeyed[MOST];
} Seen;

static void
on_effect (TySimProcess *p, const TyEffect *effect, gpointer data)
{
  Seen *seen = data;
  TySimWorld *world = ty_sim_process_world (p);
  if (effect->type != TY_EFFECT_REKEYED)
    return;
  for (guint i = 0; i < ty_sim_n_processes (world); i++)
    if (ty_sim_process (world, i) == p)
      {
        gsize len;
        const guint8 *bytes = g_bytes_get_data (effect->bytes, &len);
        g_assert_cmpuint (len, ==, sizeof seen->secret[i]);
        memcpy (seen->secret[i], bytes, len);
        seen->n_rekeyed[i]++;
      }
}

static Stage *
sealed_stage (guint64 seed, Seen *seen)
{
  TySimWorldConfig config;
  stage_config_init (&config);
  config.sealed = TRUE;
  Stage *stage = stage_new (&config, seed, "total");
  ty_sim_world_set_watch (stage->world, on_effect, seen);
  return stage;
}

static TyGroup *
group_of (Stage *stage, const char *name)
{
  return stage_part (stage_find (stage, name), 0)->group;
}

static void
ask (Stage *stage, const char *name)
{
  g_autoptr (GError) error = NULL;
  ty_group_rekey (group_of (stage, name), TRUE, &error);
  g_assert_no_error (error);
}

typedef struct
{
  Stage *stage;
  Seen *seen;
  const char *names;
  guint at_least;
} Wait;

static guint
index_of (Stage *stage, const char *name)
{
  for (guint i = 0; i < ty_sim_n_processes (stage->world); i++)
    if (g_str_equal (ty_sim_name (ty_sim_process (stage->world, i)), name))
      return i;
  g_assert_not_reached ();
}

/* Everybody has as many changes behind it, that many at least, and the same secrets. */
static gboolean
all_have (gpointer data)
{
  Wait *w = data;
  g_auto (GStrv) list = g_strsplit (w->names, ",", -1);
  guint first = index_of (w->stage, list[0]);
  for (char **name = list; *name != NULL; name++)
    {
      guint i = index_of (w->stage, *name);
      if (w->seen->n_rekeyed[i] < w->at_least || w->seen->n_rekeyed[i] != w->seen->n_rekeyed[first]
          || memcmp (w->seen->secret[i], w->seen->secret[first], 64) != 0)
        return FALSE;
    }
  return TRUE;
}

static void
wait_all_have (Stage *stage, Seen *seen, const char *names, guint at_least)
{
  Wait w = { stage, seen, names, at_least };
  stage_wait (stage, all_have, &w, SECONDS (20));
}

static gboolean
nobody_keeps_any (gpointer data)
{
  Wait *w = data;
  g_auto (GStrv) list = g_strsplit (w->names, ",", -1);
  guint n = 0;
  for (char **name = list; *name != NULL; name++)
    n += group_of (w->stage, *name)->keys->len;
  return n == 0;
}

/* A message from each reaches all; no secrets lie about; and who only knows the first secret is not let in. */
static void
good_end (Stage *stage, const char *names)
{
  static guint n;
  g_auto (GStrv) list = g_strsplit (names, ",", -1);
  stage_traffic (stage, 0, 0);
  stage_wait_together (stage, names, SECONDS (20));
  for (char **name = list; *name != NULL; name++)
    stage_wait_has (stage, names, stage_send (stage_part (stage_find (stage, *name), 0), TY_SERVICE_SAFE, 20),
                    SECONDS (5));
  Wait w = { .stage = stage, .names = names };
  stage_wait (stage, nobody_keeps_any, &w, SECONDS (5));
  g_autofree char *late = g_strdup_printf ("late%u", ++n);
  Part *part = stage_join (stage_spawn (stage, late), 0, names);
  ty_sim_run_for (stage->world, SECONDS (3));
  g_assert_false (part->entered);
  g_assert_null (part->view);
  g_assert_true (stage_together (stage, 0, names));
  stage_assert_good_end (stage);
  stage_free (stage);
}

static void
test_calm (void)
{
  Seen seen = { 0 };
  Stage *stage = sealed_stage (1, &seen);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 3000, 50);
  ty_sim_run_for (stage->world, 50000);
  static const char *const who[] = { "a", "c", "b", "b" };
  for (guint i = 0; i < G_N_ELEMENTS (who); i++)
    {
      ask (stage, who[i]);
      wait_all_have (stage, &seen, "a,b,c", i + 1);
      ty_sim_run_for (stage->world, SECONDS (1));
    }
  /* Every connection was made anew, and carries the session on. */
  for (guint i = 0; i < 3; i++)
    {
      TyHubStats stats;
      ty_hub_get_stats (ty_sim_hub (ty_sim_process (stage->world, i)), &stats);
      g_assert_cmpuint (stats.resumed, >=, 2 * G_N_ELEMENTS (who));
      g_assert_cmpuint (stats.lost + stats.dead, ==, 0);
    }
  good_end (stage, "a,b,c");
}

static void
test_two_ask (void)
{
  Seen seen = { 0 };
  Stage *stage = sealed_stage (2, &seen);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 3000, 50);
  ask (stage, "b");
  ask (stage, "c");
  wait_all_have (stage, &seen, "a,b,c", 2);
  good_end (stage, "a,b,c");
}

/* `who` asks, and asks on and on in the same view, which does not end: packets of `kind` are late. None of the secrets
 * that a proposal names may be forgotten for it; and in the end those hold that were drawn after the last request. */
static void
burst (const char *who, guint64 kinds_to_others, guint64 kinds_to_who)
{
  Seen seen = { 0 };
  Stage *stage = sealed_stage (3, &seen);
  stage_form (stage, "a,b,c");
  ty_sim_run_for (stage->world, SECONDS (1));
  TySimProcess *asker = stage_find (stage, who);
  static const char *const names[] = { "a", "b", "c" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      TySimProcess *other = stage_find (stage, names[i]);
      if (other == asker)
        continue;
      ty_sim_hold (other, asker, kinds_to_others, SECONDS (1));
      ty_sim_hold (asker, other, kinds_to_who, SECONDS (1));
    }
  guint64 view = group_of (stage, who)->view->id.number;
  for (guint i = 0; i < 40; i++)
    {
      ask (stage, who);
      ty_sim_run_for (stage->world, 5000);
      g_assert_cmpuint (group_of (stage, who)->keys->len, ==, 1);
    }
  g_assert_cmpuint (group_of (stage, who)->view->id.number, ==, view);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    ty_sim_hold_nothing (stage_find (stage, names[i]));
  wait_all_have (stage, &seen, "a,b,c", 2);
  ty_sim_run_for (stage->world, SECONDS (2));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpuint (seen.n_rekeyed[index_of (stage, names[i])], ==, 2);
  good_end (stage, "a,b,c");
}

#define KIND(type) ((guint64) 1 << (type))

/* All have accepted the first, and who asks does not know that yet. */
static void
test_burst_while_it_is_decided (void)
{
  burst ("b", 0, KIND (TY_PACKET_FLUSH));
}

/* Who asks and coordinates has accepted the first, and nobody else has them yet. */
static void
test_burst_before_they_are_given (void)
{
  burst ("a", 0, KIND (TY_PACKET_WANT_KEYS));
}

static void
test_burst_while_they_are_given (void)
{
  burst ("a", KIND (TY_PACKET_KEYS), 0);
}

/* A new network secret, asked for while one for the group alone is under way, is not forgotten, nor drawn twice. */
static void
test_network_too (void)
{
  static const guint8 secret[TY_KEY_BYTES] = { 7 };
  Seen seen = { 0 };
  Stage *stage = sealed_stage (4, &seen);
  stage_form (stage, "a,b,c");
  TyGroup *b = group_of (stage, "b");
  ty_group_set_secret (b, secret);
  ty_group_set_secret (group_of (stage, "a"), secret);
  ty_group_set_secret (group_of (stage, "c"), secret);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (ty_group_rekey (b, i == 1, NULL));
      ty_sim_run_for (stage->world, i == 2 ? SECONDS (2) : 200);
    }
  wait_all_have (stage, &seen, "a,b,c", 2);
  g_assert_cmpuint (seen.n_rekeyed[1], ==, 2);
  g_assert_false (sodium_is_zero (seen.secret[1] + TY_KEY_BYTES, TY_KEY_BYTES));
  ask (stage, "c");
  wait_all_have (stage, &seen, "a,b,c", 3);
  good_end (stage, "a,b,c");
}

/* `victim` dies after `k` effects; the others go on, with the new secrets or the old ones, the same everywhere, and
 * come to new ones. */
static void
crash_at (const char *victim, const char *rest, guint k)
{
  Seen seen = { 0 };
  Stage *stage = sealed_stage (1000 + k, &seen);
  stage_form (stage, "a,b,c,d");
  stage_traffic (stage, 3000, 50);
  ty_sim_run_for (stage->world, 20000);
  stage_traffic (stage, 0, 0);
  ask (stage, "c");
  ty_sim_kill_after_effects (stage_find (stage, victim), k);
  ty_sim_run_for (stage->world, SECONDS (1));
  if (ty_sim_is_alive (stage_find (stage, victim)))
    ty_sim_kill (stage_find (stage, victim), TY_SIM_KILLED);
  stage_wait_together (stage, rest, SECONDS (20));
  wait_all_have (stage, &seen, rest, g_str_equal (victim, "c") ? 0 : 1);
  guint before = seen.n_rekeyed[index_of (stage, "b")];
  ask (stage, g_str_equal (victim, "b") ? "a" : "b");
  wait_all_have (stage, &seen, rest, (g_str_equal (victim, "b") ? seen.n_rekeyed[index_of (stage, "a")] : before) + 1);
  good_end (stage, rest);
}

static void
test_asker_crashes (void)
{
  for (guint k = 0; k < 60; k++)
    crash_at ("c", "a,b,d", k);
}

static void
test_coordinator_crashes (void)
{
  for (guint k = 0; k < 60; k++)
    crash_at ("a", "b,c,d", k);
}

static void
test_member_crashes (void)
{
  for (guint k = 0; k < 60; k++)
    crash_at ("b", "a,c,d", k);
}

/* One is cut off for a moment while secrets change, and is still a member after it: it comes to them. */
static void
test_cut_off_for_a_moment (void)
{
  for (guint k = 0; k < 30; k++)
    {
      Seen seen = { 0 };
      Stage *stage = sealed_stage (2000 + k, &seen);
      stage_form (stage, "a,b,c,d");
      stage_traffic (stage, 1000, 50);
      ty_sim_run_for (stage->world, 20000);
      ask (stage, "c");
      ty_sim_run_for (stage->world, 100 * k);
      for (const char *other = "acd"; *other != 0; other++)
        ty_sim_break (ty_sim_world_net (stage->world), "b", (const char[]){ *other, 0 });
      wait_all_have (stage, &seen, "a,b,c,d", 1);
      good_end (stage, "a,b,c,d");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/rekey/calm", test_calm);
  g_test_add_func ("/sim/rekey/two-ask", test_two_ask);
  g_test_add_func ("/sim/rekey/burst-while-it-is-decided", test_burst_while_it_is_decided);
  g_test_add_func ("/sim/rekey/burst-before-they-are-given", test_burst_before_they_are_given);
  g_test_add_func ("/sim/rekey/burst-while-they-are-given", test_burst_while_they_are_given);
  g_test_add_func ("/sim/rekey/network-too", test_network_too);
  g_test_add_func ("/sim/rekey/asker-crashes", test_asker_crashes);
  g_test_add_func ("/sim/rekey/coordinator-crashes", test_coordinator_crashes);
  g_test_add_func ("/sim/rekey/member-crashes", test_member_crashes);
  g_test_add_func ("/sim/rekey/cut-off-for-a-moment", test_cut_off_for_a_moment);
  return g_test_run ();
}
