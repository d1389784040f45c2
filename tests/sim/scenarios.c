/* tests/sim/scenarios.c: named situations, each played in the simulator under every ordering, and judged.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "examples/lab/stage.h"

#include "core/view.h"

typedef struct
{
  const char *name;
  void (*play) (const char *ordering);
} Scenario;

static Part *
part_of (Stage *stage, const char *name)
{
  return stage_part (stage_find (stage, name), 0);
}

static void
kill_it (Stage *stage, const char *name)
{
  ty_sim_kill (stage_find (stage, name), TY_SIM_KILLED);
}

/* A message of each service from each, to all: what a good group can do. */
static void
check_alive (Stage *stage, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, ",", -1);
  for (char **name = list; *name != NULL; name++)
    {
      Part *part = part_of (stage, *name);
      for (guint service = 0; service <= (guint) ty_group_get_ordering (part->group)->strongest; service++)
        stage_wait_has (stage, names, stage_send (part, (TyService) service, 20), SECONDS (5));
    }
}

static void
good_end (Stage *stage, const char *names)
{
  stage_traffic (stage, 0, 0);
  stage_wait_together (stage, names, SECONDS (20));
  check_alive (stage, names);
  ty_sim_run_for (stage->world, SECONDS (2));
  stage_assert_good_end (stage);
  stage_free (stage);
}

/* ---- Entering and leaving ---- */

static void
form (const char *ordering)
{
  Stage *stage = stage_new (NULL, 1, ordering);
  stage_form (stage, "a,b,c");
  good_end (stage, "a,b,c");
}

static void
joins_at_once (const char *ordering)
{
  static const char *const contacts[] = { "a", "a,b", "c", "b", "d,a" };
  Stage *stage = stage_new (NULL, 2, ordering);
  stage_form (stage, "a,b");
  stage_traffic (stage, 2000, 50);
  for (guint i = 0; i < G_N_ELEMENTS (contacts); i++)
    {
      const char name[] = { (char) ('c' + i), 0 };
      stage_join (stage_spawn (stage, name), 0, contacts[i]);
    }
  good_end (stage, "a,b,c,d,e,f,g");
}

static void
leaves_at_once (const char *ordering)
{
  Stage *stage = stage_new (NULL, 3, ordering);
  stage_form (stage, "a,b,c,d,e");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  stage_leave (part_of (stage, "a"));
  stage_leave (part_of (stage, "c"));
  stage_leave (part_of (stage, "d"));
  stage_wait_flag (stage, &part_of (stage, "a")->left, SECONDS (10));
  stage_wait_flag (stage, &part_of (stage, "c")->left, SECONDS (10));
  stage_wait_flag (stage, &part_of (stage, "d")->left, SECONDS (10));
  good_end (stage, "b,e");
}

static void
all_leave (const char *ordering)
{
  Stage *stage = stage_new (NULL, 4, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  for (const char *name = "abc"; *name != 0; name++)
    stage_leave (part_of (stage, (const char[]){ *name, 0 }));
  for (const char *name = "abc"; *name != 0; name++)
    stage_wait_flag (stage, &part_of (stage, (const char[]){ *name, 0 })->left, SECONDS (2));
  stage_assert_good_end (stage);
  stage_free (stage);
}

static void
joins_leaves_and_crashes (const char *ordering)
{
  for (guint seed = 0; seed < 8; seed++)
    {
      Stage *stage = stage_new (NULL, 50 + seed, ordering);
      stage_form (stage, "a,b,c,d,e");
      stage_traffic (stage, 2000, 50);
      ty_sim_run_for (stage->world, 50000 + 300 * seed);
      stage_join (stage_spawn (stage, "f"), 0, "a,b,c");
      stage_join (stage_spawn (stage, "g"), 0, "e,d");
      ty_sim_run_for (stage->world, 200 * seed);
      stage_leave (part_of (stage, "b"));
      ty_sim_run_for (stage->world, 200 * seed);
      kill_it (stage, "a");
      good_end (stage, "c,d,e,f,g");
    }
}

static void
join_during_flush (const char *ordering)
{
  for (guint wait = 0; wait < 6; wait++)
    {
      Stage *stage = stage_new (NULL, 60 + wait, ordering);
      stage_form (stage, "a,b,c");
      stage_traffic (stage, 2000, 50);
      ty_sim_run_for (stage->world, 50000);
      kill_it (stage, "c");
      ty_sim_run_for (stage->world, 300 * wait);
      stage_join (stage_spawn (stage, "d"), 0, "a,b");
      good_end (stage, "a,b,d");
    }
}

/* ---- Failures ---- */

static void
crash_in_traffic (const char *ordering)
{
  for (guint writes = 0; writes < 12; writes++)
    {
      Stage *stage = stage_new (NULL, 70 + writes, ordering);
      stage_form (stage, "a,b,c,d");
      stage_traffic (stage, 500, 400);
      ty_sim_run_for (stage->world, 20000);
      ty_sim_kill_after_writes (stage_find (stage, writes % 2 == 0 ? "a" : "c"), writes);
      good_end (stage, writes % 2 == 0 ? "b,c,d" : "a,b,d");
    }
}

/* One dies, and in the round that follows others do: each at every one of its steps. */
static void
crash_in_flush (const char *ordering, const char *second, const char *third, const char *rest)
{
  for (guint k = 0; k < 60; k += 1)
    {
      Stage *stage = stage_new (NULL, 80 + k, ordering);
      stage_form (stage, "a,b,c,d,e,f,g");
      stage_traffic (stage, 3000, 50);
      ty_sim_run_for (stage->world, 20000);
      stage_traffic (stage, 0, 0);
      kill_it (stage, "g");
      ty_sim_kill_after_effects (stage_find (stage, second), k);
      if (third != NULL)
        ty_sim_kill_after_effects (stage_find (stage, third), (k * 7) % 60);
      ty_sim_run_for (stage->world, SECONDS (1));
      /* It may have got through with fewer effects. */
      if (ty_sim_is_alive (stage_find (stage, second)))
        kill_it (stage, second);
      if (third != NULL && ty_sim_is_alive (stage_find (stage, third)))
        kill_it (stage, third);
      good_end (stage, rest);
    }
}

static void
flush_coordinator (const char *ordering)
{
  crash_in_flush (ordering, "a", NULL, "b,c,d,e,f");
}

static void
flush_participant (const char *ordering)
{
  crash_in_flush (ordering, "c", NULL, "a,b,d,e,f");
}

static void
flush_coordinator_and_successor (const char *ordering)
{
  crash_in_flush (ordering, "a", "b", "c,d,e,f");
}

static void
flush_coordinator_and_participant (const char *ordering)
{
  crash_in_flush (ordering, "a", "e", "b,c,d,f");
}

/* The machine is gone: nothing but silence. */
static void
vanish (const char *ordering)
{
  Stage *stage = stage_new (NULL, 5, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  ty_sim_kill (stage_find (stage, "a"), TY_SIM_VANISHED);
  stage_wait_together (stage, "b,c", SECONDS (5));
  stage_join (stage_spawn (stage, "a.1"), 0, "b,c");
  good_end (stage, "a.1,b,c");
}

/* A closed connection to a dead port is a fact, not a suspicion to be waited out. */
static void
death_is_known_at_once (const char *ordering)
{
  Stage *stage = stage_new (NULL, 6, ordering);
  stage_form (stage, "a,b,c");
  ty_sim_run_for (stage->world, SECONDS (1));
  kill_it (stage, "c");
  stage_wait_together (stage, "a,b", 100000);
  good_end (stage, "a,b");
}

static void
links_break (const char *ordering)
{
  Stage *stage = stage_new (NULL, 7, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 1000, 2000);
  guint views = part_of (stage, "a")->n_views;
  for (guint i = 0; i < 10; i++)
    {
      ty_sim_run_for (stage->world, 30000);
      ty_sim_break (ty_sim_world_net (stage->world), "sim:a", i % 2 == 0 ? "sim:b" : "sim:c");
    }
  stage_traffic (stage, 0, 0);
  ty_sim_run_for (stage->world, SECONDS (1));
  g_assert_cmpuint (part_of (stage, "a")->n_views, ==, views); /* the sessions outlive their connections */
  good_end (stage, "a,b,c");
}

/* ---- Partitions ---- */

static void
come_back (Stage *stage, const char *name, const char *contacts)
{
  g_autofree char *again = g_strdup_printf ("%s.1", name);
  ty_sim_quit (stage_find (stage, name));
  stage_join (stage_spawn (stage, again), 0, contacts);
}

static void
suspected_though_alive (const char *ordering)
{
  Stage *stage = stage_new (NULL, 8, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  stage_cut (stage, "a", "b,c"); /* rank 0, the sequencer */
  stage_wait_together (stage, "b,c", SECONDS (5));
  stage_wait_flag (stage, &part_of (stage, "a")->blocked, SECONDS (5));
  g_assert_cmpuint (stage_send (part_of (stage, "a"), TY_SERVICE_FIFO, 10), ==, 0);
  stage_heal (stage, "a", "b,c");
  stage_wait_flag (stage, &part_of (stage, "a")->excluded, SECONDS (10));
  come_back (stage, "a", "b,c");
  good_end (stage, "a.1,b,c");
}

/* Only what a says is lost: a hears all, and is told. */
static void
one_way (const char *ordering)
{
  Stage *stage = stage_new (NULL, 9, ordering);
  TySimNet *net = ty_sim_world_net (stage->world);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  ty_sim_cut (net, "sim:a", "sim:b");
  ty_sim_cut (net, "sim:a", "sim:c");
  stage_wait_together (stage, "b,c", SECONDS (10));
  ty_sim_run_for (stage->world, SECONDS (1));
  g_assert_cmpuint (stage_send (part_of (stage, "a"), TY_SERVICE_FIFO, 10), ==, 0);
  stage_heal_all (stage);
  stage_wait_flag (stage, &part_of (stage, "a")->excluded, SECONDS (10));
  come_back (stage, "a", "b,c");
  good_end (stage, "a.1,b,c");
}

static void
stopped_and_continued (const char *ordering)
{
  Stage *stage = stage_new (NULL, 10, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  ty_sim_stop (stage_find (stage, "b"));
  stage_wait_together (stage, "a,c", SECONDS (5));
  ty_sim_run_for (stage->world, SECONDS (2));
  ty_sim_continue (stage_find (stage, "b"));
  stage_wait_flag (stage, &part_of (stage, "b")->excluded, SECONDS (10));
  come_back (stage, "b", "a");
  good_end (stage, "a,b.1,c");
}

/* Shorter than the time after which silence is suspect: nothing comes of it. */
static void
stopped_for_a_moment (const char *ordering)
{
  Stage *stage = stage_new (NULL, 11, ordering);
  stage_form (stage, "a,b,c");
  guint views = part_of (stage, "a")->n_views;
  stage_traffic (stage, 2000, 50);
  for (const char *name = "abc"; *name != 0; name++)
    {
      TySimProcess *p = stage_find (stage, (const char[]){ *name, 0 });
      ty_sim_stop (p);
      ty_sim_run_for (stage->world, 400000);
      ty_sim_continue (p);
      ty_sim_run_for (stage->world, 400000);
    }
  g_assert_cmpuint (part_of (stage, "a")->n_views, ==, views);
  good_end (stage, "a,b,c");
}

/* a and b do not reach each other, both reach c: one of them must go, and is told. */
static void
partial_partition (const char *ordering)
{
  Stage *stage = stage_new (NULL, 12, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  stage_cut (stage, "a", "b");
  stage_wait_together (stage, "a,c", SECONDS (10));
  stage_wait_flag (stage, &part_of (stage, "b")->excluded, SECONDS (10));
  stage_heal (stage, "a", "b");
  come_back (stage, "b", "a,c");
  good_end (stage, "a,b.1,c");
}

/* a ring of cuts: nobody reaches all; the rule takes members greedily by rank */
static void
partial_partition_of_five (const char *ordering)
{
  Stage *stage = stage_new (NULL, 13, ordering);
  stage_form (stage, "a,b,c,d,e");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  stage_cut (stage, "a", "e");
  stage_cut (stage, "b", "d");
  stage_wait_together (stage, "a,b,c", SECONDS (10));
  stage_wait_flag (stage, &part_of (stage, "e")->excluded, SECONDS (10));
  stage_wait_flag (stage, &part_of (stage, "d")->excluded, SECONDS (10));
  stage_heal_all (stage);
  come_back (stage, "d", "a");
  come_back (stage, "e", "b");
  good_end (stage, "a,b,c,d.1,e.1");
}

static void
blocked_and_back (const char *ordering)
{
  Stage *stage = stage_new (NULL, 14, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  stage_cut (stage, "a", "b,c");
  stage_cut (stage, "b", "c");
  for (const char *name = "abc"; *name != 0; name++)
    {
      Part *part = part_of (stage, (const char[]){ *name, 0 });
      stage_wait_flag (stage, &part->blocked, SECONDS (5));
      g_assert_cmpuint (stage_send (part, TY_SERVICE_FIFO, 10), ==, 0);
    }
  stage_assert_legal (stage);
  /* All ways at once, so that nobody is left out while others have found each other already. */
  ty_sim_net_config (ty_sim_world_net (stage->world))->resend_max_us = 0;
  stage_heal_all (stage);
  good_end (stage, "a,b,c"); /* nobody went on without anyone: all are still themselves */
}

static void
two_two_one (const char *ordering)
{
  Stage *stage = stage_new (NULL, 15, ordering);
  stage_form (stage, "a,b,c,d,e");
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  stage_cut (stage, "a,b", "c,d,e");
  stage_cut (stage, "c,d", "e");
  for (const char *name = "abcde"; *name != 0; name++)
    stage_wait_flag (stage, &part_of (stage, (const char[]){ *name, 0 })->blocked, SECONDS (5));
  stage_heal (stage, "a,b", "c,d");
  stage_wait_together (stage, "a,b,c,d", SECONDS (10));
  stage_heal_all (stage);
  stage_wait_flag (stage, &part_of (stage, "e")->excluded, SECONDS (10));
  come_back (stage, "e", "d");
  good_end (stage, "a,b,c,d,e.1");
}

static void
three_two (const char *ordering)
{
  for (guint with_first = 0; with_first < 2; with_first++)
    {
      Stage *stage = stage_new (NULL, 16, ordering);
      const char *more = with_first ? "a,b,c" : "c,d,e";
      const char *fewer = with_first ? "d,e" : "a,b";
      stage_form (stage, "a,b,c,d,e");
      stage_traffic (stage, 2000, 50);
      ty_sim_run_for (stage->world, 50000);
      stage_cut (stage, more, fewer);
      stage_wait_together (stage, more, SECONDS (5));
      stage_wait_flag (stage, &part_of (stage, with_first ? "d" : "a")->blocked, SECONDS (5));
      stage_wait_flag (stage, &part_of (stage, with_first ? "e" : "b")->blocked, SECONDS (5));
      ty_sim_run_for (stage->world, SECONDS (1));
      stage_heal_all (stage);
      stage_wait_flag (stage, &part_of (stage, with_first ? "d" : "a")->excluded, SECONDS (10));
      stage_wait_flag (stage, &part_of (stage, with_first ? "e" : "b")->excluded, SECONDS (10));
      come_back (stage, with_first ? "d" : "a", more);
      come_back (stage, with_first ? "e" : "b", more);
      good_end (stage, with_first ? "a,b,c,d.1,e.1" : "a.1,b.1,c,d,e");
    }
}

static void
note_joined (Part *part, const TyEffect *e, gpointer data)
{
  guint *most = data;
  if (e->type == TY_EFFECT_VIEW && e->change->before != NULL)
    *most = MAX (*most, e->change->n_joined);
}

/* Three come back at once: the application sees them enter one at a time. */
static void
entry_one_at_a_time (const char *ordering)
{
  Stage *stage = stage_new (NULL, 17, ordering);
  guint most = 0;
  stage->with_state = TRUE;
  stage->on_effect = note_joined;
  stage->data = &most;
  stage_form (stage, "a,b,c,d,e,f,g");
  stage_traffic (stage, 2000, 50);
  stage_cut (stage, "a,b,c,d", "e,f,g");
  stage_wait_together (stage, "a,b,c,d", SECONDS (5));
  stage_heal_all (stage);
  for (const char *name = "efg"; *name != 0; name++)
    stage_wait_flag (stage, &part_of (stage, (const char[]){ *name, 0 })->excluded, SECONDS (10));
  come_back (stage, "e", "a");
  come_back (stage, "f", "b");
  come_back (stage, "g", "c");
  good_end (stage, "a,b,c,d,e.1,f.1,g.1");
  g_assert_cmpuint (most, ==, 1);
}

/* ---- Sends ---- */

static gboolean
is_flushing (gpointer data)
{
  return ty_group_get_state (data) == TY_GROUP_FLUSHING;
}

static void
queued_sends (const char *ordering)
{
  Stage *stage = stage_new (NULL, 18, ordering);
  stage_form (stage, "a,b,c");
  guint64 messages[20];
  kill_it (stage, "c");
  stage_wait (stage, is_flushing, part_of (stage, "b")->group, SECONDS (5));
  guint views = part_of (stage, "b")->n_views;
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    messages[i] = stage_send (part_of (stage, "b"), stage_service (part_of (stage, "b"), i), 1000);
  g_assert_cmpuint (part_of (stage, "b")->n_views, ==, views);
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    stage_wait_has (stage, "a,b", messages[i], SECONDS (5));
  g_assert_cmpuint (part_of (stage, "b")->n_views, ==, views + 1);
  good_end (stage, "a,b");
}

static gboolean
has_room (gpointer group)
{
  TyGroupStats now;
  ty_group_get_stats (group, &now);
  return now.window_used_bytes == 0;
}

static void
large_messages (const char *ordering)
{
  TySimWorldConfig config;
  stage_config_init (&config);
  config.node.window_bytes = 4 * 1024 * 1024;
  Stage *stage = stage_new (&config, 19, ordering);
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 2000, 50);
  stage_traffic (stage, 0, 0);
  stage_wait (stage, has_room, part_of (stage, "a")->group, SECONDS (5)); /* it takes the whole window */
  guint64 m = stage_send (part_of (stage, "a"), TY_SERVICE_FIFO, 3 * 1024 * 1024);
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 5000);
  kill_it (stage, "b"); /* in the middle of it */
  stage_wait_has (stage, "a,c", m, SECONDS (20));
  good_end (stage, "a,c");
}

/* One member stands still while another sends as fast as it can: what that may keep is bounded, and nothing is lost. */
static void
slow_member (const char *ordering)
{
  TySimWorldConfig config;
  stage_config_init (&config);
  config.node.suspect_after_us = SECONDS (20);
  Stage *stage = stage_new (&config, 20, ordering);
  stage_form (stage, "a,b,c");
  Part *a = part_of (stage, "a");
  gsize window = ty_node_get_config (ty_sim_node (a->p))->window_bytes;
  ty_sim_stop (stage_find (stage, "c"));
  guint refused = 0;
  for (guint i = 0; i < 4000; i++)
    {
      TyGroupStats of_a, of_b;
      refused += stage_send (a, stage_service (a, i), 10000) == 0;
      ty_sim_run_for (stage->world, 500);
      ty_group_get_stats (a->group, &of_a);
      ty_group_get_stats (part_of (stage, "b")->group, &of_b);
      g_assert_cmpuint (of_a.window_used_bytes, <=, window + 20000);
      g_assert_cmpuint (of_a.unstable_bytes, <=, 3 * window + 100000);
      g_assert_cmpuint (of_b.unstable_bytes, <=, 3 * window + 100000);
    }
  g_assert_cmpuint (refused, >, 0);
  g_assert_cmpuint (a->n_rooms, ==, 0);
  ty_sim_continue (stage_find (stage, "c"));
  ty_sim_run_for (stage->world, SECONDS (2));
  g_assert_cmpuint (a->n_rooms, ==, 1);
  g_assert_cmpuint (part_of (stage, "c")->delivered->len, ==, a->sent->len);
  good_end (stage, "a,b,c");
}

/* ---- State transfer ---- */

static Stage *
stage_with_state (guint64 seed, const char *ordering, const char *names)
{
  Stage *stage = stage_new (NULL, seed, ordering);
  stage->with_state = TRUE;
  stage_form (stage, names);
  stage->state_bytes = 4 * 1024 * 1024;
  stage_traffic (stage, 2000, 50);
  ty_sim_run_for (stage->world, 50000);
  return stage;
}

static void
state_transfer (const char *ordering)
{
  Stage *stage = stage_with_state (21, ordering, "a,b");
  stage_join (stage_spawn (stage, "c"), 0, "b");
  stage_wait_flag (stage, &part_of (stage, "c")->entered, SECONDS (20));
  g_assert_cmpuint (part_of (stage, "c")->n_loads, ==, 1);
  stage_traffic (stage, 0, 0);
  ty_sim_run_for (stage->world, SECONDS (1));
  g_assert_cmpuint (part_of (stage, "c")->state, ==, part_of (stage, "a")->state);
  good_end (stage, "a,b,c");
}

static TySimProcess *
wait_for_giver (Stage *stage, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, ",", -1);
  for (guint i = 0; i < 100000; i++)
    {
      ty_sim_run_for (stage->world, 100);
      for (char **name = list; *name != NULL; name++)
        if (part_of (stage, *name)->n_saves > 0 && part_of (stage, *name)->to_write > 0)
          return stage_find (stage, *name);
    }
  g_assert_not_reached ();
}

static void
provider_killed (const char *ordering)
{
  Stage *stage = stage_with_state (22, ordering, "a,b,c");
  stage_traffic (stage, 0, 0);
  ty_sim_run_for (stage->world, 50000);
  for (const char *name = "abc"; *name != 0; name++)
    part_of (stage, (const char[]){ *name, 0 })->n_saves = 0;
  stage_join (stage_spawn (stage, "d"), 0, "a,b,c");
  TySimProcess *giver = wait_for_giver (stage, "a,b,c");
  ty_sim_kill (giver, TY_SIM_KILLED);
  /* d is taken out with its giver (V15), and enters again. */
  stage_wait_flag (stage, &part_of (stage, "d")->failed, SECONDS (30));
  come_back (stage, "d", "a,b,c");
  g_autoptr (GString) rest = g_string_new ("d.1");
  for (const char *name = "abc"; *name != 0; name++)
    if (ty_sim_name (giver)[0] != *name)
      g_string_append_printf (rest, ",%c", *name);
  stage_wait_flag (stage, &part_of (stage, "d.1")->entered, SECONDS (30));
  ty_sim_run_for (stage->world, SECONDS (1));
  const char *other = strchr (rest->str, ',') + 1;
  g_assert_cmpuint (part_of (stage, "d.1")->state, ==, part_of (stage, (const char[]){ other[0], 0 })->state);
  good_end (stage, rest->str);
}

static void
joiner_killed (const char *ordering)
{
  Stage *stage = stage_with_state (23, ordering, "a,b,c");
  for (const char *name = "abc"; *name != 0; name++)
    part_of (stage, (const char[]){ *name, 0 })->n_saves = 0;
  stage_join (stage_spawn (stage, "d"), 0, "a,b,c");
  TySimProcess *giver = wait_for_giver (stage, "a,b,c");
  kill_it (stage, "d");
  stage_wait_together (stage, "a,b,c", SECONDS (5));
  g_assert_cmpuint (stage_part (giver, 0)->n_saves_failed, ==, 1);
  stage_join (stage_spawn (stage, "d.1"), 0, "a,b,c");
  good_end (stage, "a,b,c,d.1");
}

/* ---- The same twice ---- */

static GString *
play_once (guint64 seed, const char *ordering)
{
  GString *all = g_string_new (NULL);
  Stage *stage = stage_new (NULL, seed, ordering);
  stage->with_state = TRUE;
  stage_form (stage, "a,b,c");
  stage_traffic (stage, 700, 3000);
  ty_sim_run_for (stage->world, 30000);
  stage_cut (stage, "a", "b");
  ty_sim_run_for (stage->world, SECONDS (3));
  for (guint i = 0; i < ty_sim_n_processes (stage->world); i++)
    g_string_append (all, ty_sim_history (ty_sim_process (stage->world, i))->str);
  stage_free (stage);
  return all;
}

static void
same_seed_same_run (const char *ordering)
{
  GString *one = play_once (77, ordering), *two = play_once (77, ordering), *other = play_once (78, ordering);
  g_assert_cmpuint (one->len, >, 1000);
  g_assert_true (g_string_equal (one, two));
  g_assert_false (g_string_equal (one, other));
  g_string_free (one, TRUE);
  g_string_free (two, TRUE);
  g_string_free (other, TRUE);
}

static const Scenario scenarios[] = {
  { "form", form },
  { "same-seed-same-run", same_seed_same_run },
  { "joins-at-once", joins_at_once },
  { "leaves-at-once", leaves_at_once },
  { "all-leave", all_leave },
  { "joins-leaves-and-crashes", joins_leaves_and_crashes },
  { "join-during-flush", join_during_flush },
  { "crash-in-traffic", crash_in_traffic },
  { "flush/coordinator-dies", flush_coordinator },
  { "flush/participant-dies", flush_participant },
  { "flush/coordinator-and-successor-die", flush_coordinator_and_successor },
  { "flush/coordinator-and-participant-die", flush_coordinator_and_participant },
  { "vanish", vanish },
  { "death-is-known-at-once", death_is_known_at_once },
  { "links-break", links_break },
  { "suspected-though-alive", suspected_though_alive },
  { "one-way", one_way },
  { "stopped-and-continued", stopped_and_continued },
  { "stopped-for-a-moment", stopped_for_a_moment },
  { "partial-partition", partial_partition },
  { "partial-partition-of-five", partial_partition_of_five },
  { "blocked-and-back", blocked_and_back },
  { "two-two-one", two_two_one },
  { "three-two", three_two },
  { "entry-one-at-a-time", entry_one_at_a_time },
  { "queued-sends", queued_sends },
  { "large-messages", large_messages },
  { "slow-member", slow_member },
  { "state-transfer", state_transfer },
  { "state-transfer/provider-killed", provider_killed },
  { "state-transfer/joiner-killed", joiner_killed },
};

typedef struct
{
  const Scenario *scenario;
  const char *ordering;
} Play;

static void
play (gconstpointer data)
{
  const Play *p = data;
  p->scenario->play (p->ordering);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const TyOrderingOps *const *o = ty_modules.orderings; *o != NULL; o++)
    for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
      {
        Play *p = g_new (Play, 1);
        g_autofree char *path = g_strdup_printf ("/scenarios/%s/%s", (*o)->name, scenarios[i].name);
        *p = (Play){ &scenarios[i], (*o)->name };
        g_test_add_data_func_full (path, p, play, g_free);
      }
  return g_test_run ();
}
