/* tests/engine/directed.c: schedules that once broke a rule of the protocol, or could, step by step on the mesh.
 *
 * What is not laid down by a test (which packet goes first) is drawn by a seed; each schedule is played under several.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "core/judge.h"
#include "core/packet.h"
#include "core/view.h"
#include "tests/engine/mesh.h"

#include <string.h>

#define SEEDS 12

/* Where a packet of a group has the number of the view: one byte, in these small runs. */
#define VIEW_AT 17

static guint64 number_before;

static Proc *
at (Mesh *mesh, guint i)
{
  return mesh->procs->pdata[i];
}

static TyetView *
view_of (Mesh *mesh, guint i)
{
  return at (mesh, i)->group != NULL ? ty_group_get_view (at (mesh, i)->group) : NULL;
}

static guint64
number_of (Mesh *mesh, guint i)
{
  return view_of (mesh, i) != NULL ? view_of (mesh, i)->id.number : 0;
}

static gboolean
is_member (Mesh *mesh, guint i, guint n_members)
{
  return at (mesh, i)->alive && at (mesh, i)->group != NULL && at (mesh, i)->entered
         && ty_group_get_state (at (mesh, i)->group) == TY_GROUP_MEMBER && view_of (mesh, i)->n_members == n_members;
}

static void
join (Mesh *mesh, Proc *p, guint contact)
{
  GError *error = NULL;
  const char *contacts[] = { at (mesh, contact)->address, NULL };
  ty_group_join (p->group, contacts, G_MAXINT64, &error);
  g_assert_no_error (error);
}

static Proc *
spawn (Mesh *mesh, const char *ordering, gboolean takes_state)
{
  g_autofree char *name = g_strdup_printf ("p%u", mesh->procs->len);
  return mesh_spawn (mesh, name, ordering, takes_state);
}

/* `n` processes of `mesh` in one view. */
static Mesh *
form_in (Mesh *mesh, guint n, const char *ordering)
{
  GError *error = NULL;
  ty_group_found (spawn (mesh, ordering, FALSE)->group, &error);
  g_assert_no_error (error);
  mesh_run (mesh, 10000);
  for (guint i = 1; i < n; i++)
    {
      join (mesh, spawn (mesh, ordering, FALSE), 0);
      for (guint tries = 0; tries < 1000 && !is_member (mesh, i, i + 1); tries++)
        mesh_run (mesh, 5000);
    }
  mesh_run (mesh, 300000);
  for (guint i = 0; i < n; i++)
    g_assert_true (is_member (mesh, i, n));
  return mesh;
}

static Mesh *
form (guint32 seed, guint n, const char *ordering)
{
  return form_in (mesh_new (seed), n, ordering);
}

static Mesh *
form_gathering (guint32 seed, guint n)
{
  Mesh *mesh = mesh_new (seed);
  mesh->config.gather_above = 1;
  return form_in (mesh, n, "total");
}

typedef gboolean (*Condition) (Mesh *mesh);

static gboolean
run_until (Mesh *mesh, gint64 at_most_us, Condition met)
{
  gint64 until = mesh->now + at_most_us;
  while (mesh->now < until && !met (mesh))
    mesh_move (mesh);
  return met (mesh);
}

/* Nothing broke a rule, and nobody was taken for a liar. */
static void
end (Mesh *mesh)
{
  GError *error = NULL;
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .open_end = TRUE };
  g_autoptr (TyJudge) judge = ty_judge_new (&options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (mesh_refused (mesh), ==, 0);
  for (guint i = 0; i < mesh->procs->len; i++)
    g_assert_true (
        ty_judge_read (judge, at (mesh, i)->name, at (mesh, i)->history->str, at (mesh, i)->history->len, &error));
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  g_autofree char *text = ty_judge_report_to_string (report);
  if (!report->legal)
    g_test_message ("%s", text);
  g_assert_true (report->legal);
  mesh_free (mesh);
}

static guint64
rounds (Mesh *mesh)
{
  guint64 sum = 0;
  for (guint i = 0; i < mesh->procs->len; i++)
    if (at (mesh, i)->alive && at (mesh, i)->group != NULL)
      {
        TyGroupStats stats;
        ty_group_get_stats (at (mesh, i)->group, &stats);
        sum += stats.rounds;
      }
  return sum;
}

/* ---- nothing happens without a cause ---- */

static void
quiet (void)
{
  for (guint32 seed = 0; seed < 3; seed++)
    {
      Mesh *mesh = form (seed, 5, "total");
      mesh_run (mesh, 2000000);
      guint64 before = rounds (mesh), number = number_of (mesh, 0);
      mesh_run (mesh, 60000000);
      g_assert_cmpuint (rounds (mesh), ==, before);
      g_assert_cmpuint (number_of (mesh, 3), ==, number);
      end (mesh);
    }
}

/* V2: everybody reaches a quorum, and no quorum reaches one another: a ring of five. */
static void
no_set_to_propose (void)
{
  for (guint32 seed = 0; seed < 4; seed++)
    {
      Mesh *mesh = form (seed, 5, "fifo");
      for (guint i = 0; i < 5; i++)
        mesh_cut (mesh, i, (i + 2) % 5);
      mesh_run (mesh, 3000000);
      guint64 before = rounds (mesh);
      mesh_run (mesh, 10000000);
      /* Whose turn it is asks three times a second at most. */
      g_assert_cmpuint (rounds (mesh) - before, <, 5 * 3 * 10);
      mesh_heal_all (mesh);
      mesh_run (mesh, 5000000);
      for (guint i = 0; i < 5; i++)
        g_assert_true (is_member (mesh, i, view_of (mesh, i)->n_members) || at (mesh, i)->excluded);
      end (mesh);
    }
}

/* ---- two groups of one process ---- */

static gboolean
second_of_three (Mesh *mesh)
{
  for (guint i = 0; i < 3; i++)
    {
      TyetView *view = ty_group_get_view (at (mesh, i)->second);
      if (!at (mesh, i)->second_entered || view == NULL || view->n_members != 3
          || ty_group_get_state (at (mesh, i)->second) != TY_GROUP_MEMBER)
        return FALSE;
    }
  return TRUE;
}

static void
leaves_one_of_two_groups (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 3, "total");
      GError *error = NULL;
      const char *contacts[] = { at (mesh, 0)->address, NULL };
      for (guint i = 0; i < 3; i++)
        {
          at (mesh, i)->second = ty_group_new (at (mesh, i)->node, "h", "fifo", &error);
          g_assert_no_error (error);
          if (i == 0)
            ty_group_found (at (mesh, i)->second, &error);
          else
            ty_group_join (at (mesh, i)->second, contacts, G_MAXINT64, &error);
          g_assert_no_error (error);
          mesh_run (mesh, 500000);
        }
      g_assert_true (run_until (mesh, 5000000, second_of_three));
      guint64 number = ty_group_get_view (at (mesh, 0)->second)->id.number;
      for (guint i = 2; i > 0; i--)
        {
          ty_group_leave (at (mesh, i)->group, &error);
          g_assert_no_error (error);
          mesh_run (mesh, 900000);
          g_assert_true (at (mesh, i)->left);
        }
      mesh_run (mesh, 3000000);
      g_assert_true (second_of_three (mesh));
      g_assert_cmpuint (ty_group_get_view (at (mesh, 0)->second)->id.number, ==, number);
      end (mesh);
    }
}

/* ---- leaving (V10, V11) ---- */

static gboolean
holds_flush_of_1 (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return !(from == 1 && to != 1 && packet[0] == TY_PACKET_FLUSH);
}

static gboolean
zero_flushes (Mesh *mesh)
{
  return ty_group_get_state (at (mesh, 0)->group) == TY_GROUP_FLUSHING;
}

static gboolean
one_is_in (Mesh *mesh)
{
  return number_of (mesh, 1) > 0;
}

/* The only one that has the state leaves while the first to take it is let in: it stays, quietly, until that has
 * loaded. */
static void
leaver_gives_first (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 1, "total");
      Proc *b = spawn (mesh, "total", TRUE);
      GError *error = NULL;
      b->hold_load = TRUE;
      mesh->pass = holds_flush_of_1;
      join (mesh, b, 0);
      g_assert_true (run_until (mesh, 5000000, zero_flushes));
      ty_group_leave (at (mesh, 0)->group, &error);
      g_assert_no_error (error);
      mesh_run (mesh, 10000);
      mesh->pass = NULL;
      g_assert_true (run_until (mesh, 2000000, one_is_in));
      mesh_run (mesh, 500000);
      guint64 number = number_of (mesh, 1);
      mesh_run (mesh, 1500000);
      g_assert_cmpuint (number_of (mesh, 1), ==, number);
      g_assert_false (at (mesh, 0)->left);
      mesh_load (b);
      mesh_run (mesh, 1000000);
      g_assert_true (at (mesh, 0)->left);
      g_assert_true (is_member (mesh, 1, 1));
      end (mesh);
    }
}

/* The object is dropped after leave () was called and before it could be said: it must not stay as a ghost. */
static void
dropped_while_it_leaves (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 2, "total");
      GError *error = NULL;
      mesh->pass = holds_flush_of_1;
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 1000000, zero_flushes));
      ty_group_send (at (mesh, 0)->group, TY_SERVICE_AGREED, "x", 1, &error);
      g_assert_no_error (error);
      ty_group_leave (at (mesh, 0)->group, &error);
      g_assert_no_error (error);
      ty_group_drop (at (mesh, 0)->group);
      at (mesh, 0)->group = NULL;
      mesh->pass = NULL;
      mesh_run (mesh, 3000000);
      g_assert_true (is_member (mesh, 1, 2) && is_member (mesh, 2, 2));
      mesh_free (mesh);
    }
}

/* ---- loading (V10, V15) ---- */

static gboolean
holds_flushes (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return packet[0] != TY_PACKET_FLUSH || from == to;
}

static gboolean
two_flush (Mesh *mesh)
{
  return ty_group_get_state (at (mesh, 0)->group) == TY_GROUP_FLUSHING
         && ty_group_get_state (at (mesh, 1)->group) == TY_GROUP_FLUSHING;
}

/* A joiner whose weight would tip the loaded ones' quorum has none until it has loaded, and then its own: also when it
 * loads after its STATE of the view that ends. */
static void
weight_after_loading (gconstpointer data)
{
  gboolean in_a_flush = GPOINTER_TO_INT (data);
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 1, "total");
      Proc *b = spawn (mesh, "total", TRUE);
      b->hold_load = TRUE;
      ty_group_set_weight (b->group, 3);
      join (mesh, b, 0);
      g_assert_true (run_until (mesh, 5000000, one_is_in));
      mesh_run (mesh, 500000);
      g_assert_cmpuint (view_of (mesh, 0)->members[1].weight, ==, 0);
      if (in_a_flush)
        {
          mesh->pass = holds_flushes;
          join (mesh, spawn (mesh, "total", FALSE), 0);
          g_assert_true (run_until (mesh, 5000000, two_flush));
          mesh_run (mesh, 20000);
        }
      mesh_load (b);
      mesh_run (mesh, 20000);
      mesh->pass = NULL;
      mesh_run (mesh, 3000000);
      g_assert_cmpuint (view_of (mesh, 0)->members[1].weight, ==, 3);
      g_assert_true (view_of (mesh, 0)->members[1].loaded);
      end (mesh);
    }
}

/* ---- entering (V10) ---- */

static gboolean
holds_prepare_to_joiner (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return !(to == 3 && packet[0] == TY_PACKET_PREPARE);
}

/* A member does not reach the joiner, which does not know it yet: the group does not change views for that. */
static void
joiner_out_of_reach (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 3, "total");
      Proc *p = spawn (mesh, "total", FALSE);
      mesh->pass = holds_prepare_to_joiner;
      join (mesh, p, 0);
      g_assert_true (run_until (mesh, 5000000, zero_flushes));
      mesh_cut (mesh, 2, 3);
      mesh_lose_at (mesh, 2, 3);
      mesh_run (mesh, 10000);
      mesh->pass = NULL;
      guint64 before = number_of (mesh, 0);
      mesh_run (mesh, 900000);
      g_assert_cmpuint (number_of (mesh, 0) - before, <, 6);
      mesh_heal_all (mesh);
      mesh_run (mesh, 5000000);
      g_assert_true (is_member (mesh, 3, 4));
      end (mesh);
    }
}

static gboolean
holds_propose_to_joiner (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return !(to == 2 && packet[0] == TY_PACKET_PROPOSE);
}

/* A joiner gives up in mid-round; its process lives on. Nobody waits for it longer than it takes to say so. */
static void
joiner_gives_up (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 2, "total");
      Proc *p = spawn (mesh, "total", FALSE);
      mesh->pass = holds_propose_to_joiner;
      join (mesh, p, 0);
      g_assert_true (run_until (mesh, 5000000, two_flush));
      mesh_run (mesh, 20000);
      ty_group_cancel_join (p->group);
      mesh_run (mesh, 5000);
      mesh->pass = NULL;
      gint64 since = mesh->now;
      mesh_run (mesh, 150000);
      g_assert_cmpint (mesh->now - since, <, 300000);
      g_assert_true (is_member (mesh, 0, 2) && is_member (mesh, 1, 2));
      end (mesh);
    }
}

/* ---- who is late (V7) ---- */

static gboolean
holds_data_to_4 (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return !(to == 4 && (packet[0] == TY_PACKET_DATA || packet[0] == TY_PACKET_FORWARD));
}

/* Keeps those that have gone on from the view after that, and 1 from handing over what 4 lacks. */
static gboolean
holds_next_round (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  if (packet[0] == TY_PACKET_PREPARE && packet[VIEW_AT] > number_before)
    return FALSE;
  return !(to == 4 && from == 1 && packet[0] == TY_PACKET_FORWARD);
}

static gboolean
others_went_on (Mesh *mesh)
{
  guint64 number = number_of (mesh, 4);
  return number_of (mesh, 1) > number && number_of (mesh, 2) > number && number_of (mesh, 3) > number
         && number_of (mesh, 5) > number;
}

/* 4 is in the next view, adopted and decided without it; it lacks messages; who tells it of the decision dies before it
 * has handed them over; and the others are no quorum of the next view without 4. */
static void
teller_of_decision_dies (void)
{
  guint played = 0;
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 5, "total");
      GError *error = NULL;
      mesh->pass = holds_data_to_4;
      ty_group_send (at (mesh, 0)->group, TY_SERVICE_AGREED, "x", 1, &error);
      g_assert_no_error (error);
      mesh_run (mesh, 50000);
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 5000000, zero_flushes));
      mesh_run (mesh, 20000);
      number_before = number_of (mesh, 4);
      for (guint i = 1; i < 6; i++)
        if (i != 4)
          mesh_cut (mesh, i, 4);
      mesh_crash (at (mesh, 0));
      mesh_lose (mesh, 0, 4);
      mesh->pass = holds_next_round;
      if (!run_until (mesh, 10000000, others_went_on)
          || ty_view_rank (view_of (mesh, 1), &at (mesh, 4)->pid) == view_of (mesh, 1)->n_members)
        {
          /* The seed had them decide something else: nothing to see here. */
          mesh_free (mesh);
          continue;
        }
      mesh_heal (mesh, 1, 4);
      mesh_run (mesh, 600000);
      mesh_crash (at (mesh, 1));
      mesh_lose (mesh, 1, 4);
      mesh_heal_all (mesh);
      mesh->pass = NULL;
      mesh_run (mesh, 8000000);
      g_assert_true (is_member (mesh, 2, 4));
      g_assert_true (is_member (mesh, 4, 4));
      end (mesh);
      played++;
    }
  g_assert_cmpuint (played, >, 0);
}

static gboolean
holds_flush_to_2 (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return !(to == 2 && from != 2 && packet[0] == TY_PACKET_FLUSH);
}

static gboolean
all_but_2_went_on (Mesh *mesh)
{
  guint64 number = number_of (mesh, 2);
  return number_of (mesh, 0) > number && number_of (mesh, 1) > number && number_of (mesh, 3) > number;
}

static gboolean
one_is_gone (Mesh *mesh)
{
  return at (mesh, 1)->left;
}

static gboolean
zero_and_one_went_on (Mesh *mesh)
{
  return number_of (mesh, 0) > number_before && number_of (mesh, 1) > number_before
         && number_of (mesh, 3) > number_before;
}

/* 2 is behind, and cannot keep all that the others say in the next view: what it loses is made good. */
static void
too_much_of_a_later_view (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 2, "total");
      GError *error = NULL;
      /* Too little for all of them in the next view, and enough for them once it is there. */
      mesh->config.window_bytes = 1;
      mesh->config.max_message_bytes = 200;
      join (mesh, spawn (mesh, "total", FALSE), 0);
      mesh_run (mesh, 1000000);
      g_assert_true (is_member (mesh, 2, 3));
      ty_node_config_init (&mesh->config);
      number_before = number_of (mesh, 2);
      mesh->pass = holds_flush_to_2;
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 1000000, zero_and_one_went_on));
      for (guint i = 0; i < 30; i++)
        {
          ty_group_send (at (mesh, i % 2)->group, TY_SERVICE_AGREED, "0123456789012345678901234567890123456789", 40,
                         &error);
          g_assert_no_error (error);
          mesh_run (mesh, 1000);
        }
      mesh->pass = NULL;
      mesh_run (mesh, 8000000);
      guint there = 0;
      for (guint i = 0; i < 4; i++)
        {
          TyGroupStats stats;
          ty_group_get_stats (at (mesh, i)->group, &stats);
          g_assert_cmpuint (stats.unstable_bytes, ==, 0);
          there += !at (mesh, i)->excluded;
          g_assert_cmpint (ty_group_get_state (at (mesh, i)->group), !=, TY_GROUP_FLUSHING);
        }
      g_assert_cmpuint (there, >=, 3);
      mesh_free (mesh);
    }
}

/* Who has left in despair knows of a view that the asker is in, and has not learned of: that is no exclusion. */
static void
gone_is_no_exclusion (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 3, "total");
      GError *error = NULL;
      mesh->pass = holds_flush_to_2;
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 5000000, all_but_2_went_on));
      at (mesh, 0)->stopped = at (mesh, 3)->stopped = TRUE;
      for (guint i = 0; i < 4; i++)
        mesh_cut (mesh, i, 2);
      mesh_run (mesh, 1500000);
      ty_group_leave (at (mesh, 1)->group, &error);
      g_assert_true (run_until (mesh, 8000000, one_is_gone));
      mesh_lose (mesh, 1, 2);
      mesh_heal (mesh, 1, 2);
      mesh_run (mesh, 1500000);
      g_assert_false (at (mesh, 2)->excluded);
      at (mesh, 0)->stopped = at (mesh, 3)->stopped = FALSE;
      mesh->pass = NULL;
      mesh_heal_all (mesh);
      mesh_run (mesh, 5000000);
      g_assert_true (is_member (mesh, 0, 3));
      g_assert_true (is_member (mesh, 2, 3));
      end (mesh);
    }
}

/* ---- the lease (V14) ---- */

static gboolean
holds_lease (Mesh *mesh, guint i)
{
  Proc *p = at (mesh, i);
  gint64 then = p->node->now;
  p->node->now = mesh_clock (p);
  gboolean lease = p->group->membership_ops->lease (p->group->membership);
  p->node->now = then;
  return lease && ty_group_get_state (p->group) == TY_GROUP_MEMBER;
}

static gboolean
all_went_on (Mesh *mesh)
{
  for (guint i = 0; i < mesh->procs->len; i++)
    if (number_of (mesh, i) <= number_before)
      return FALSE;
  return TRUE;
}

static gboolean
holds_new_echoes (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return packet[0] != TY_PACKET_ALIVE || packet[VIEW_AT] <= number_before;
}

static gboolean
others_left_0_behind (Mesh *mesh)
{
  return is_member (mesh, 1, 3) && is_member (mesh, 2, 3) && is_member (mesh, 3, 3);
}

/* FLUSHes are gathered: 0 decides by those of the others, which are their first echoes in the new view; they learn of
 * the decision from it, and have promised all the same. */
static void
flush_promises (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form_gathering (seed, 3);
      number_before = number_of (mesh, 0);
      mesh->pass = holds_new_echoes;
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 1000000, all_went_on));
      for (guint i = 1; i < 4; i++)
        {
          mesh_cut (mesh, 0, i);
          mesh_lose_at (mesh, i, 0);
        }
      mesh->pass = NULL;
      g_assert_true (run_until (mesh, 3000000, others_left_0_behind));
      g_assert_false (holds_lease (mesh, 0));
      end (mesh);
    }
}

static gboolean
zero_and_one_left_2_behind (Mesh *mesh)
{
  return is_member (mesh, 0, 2) && is_member (mesh, 1, 2) && number_of (mesh, 0) > number_before + 1;
}

static gboolean
holds_data_and_propose (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return holds_propose_to_joiner (mesh, from, to, packet, len) && packet[0] != TY_PACKET_DATA;
}

static gboolean
holds_welcome_to_2 (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return to != 2 || packet[0] != TY_PACKET_WELCOME;
}

/* The round that lets 2 in is adopted by one that 2 has not answered, and 2 is gone again before it wakes up and hears
 * all that was said: FLUSHes that were given before its STATE echo nothing. */
static void
old_flushes_echo_nothing (void)
{
  guint played = 0;
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form (seed, 2, "total");
      GError *error = NULL;
      number_before = number_of (mesh, 0);
      mesh->pass = holds_data_and_propose;
      ty_group_send (at (mesh, 0)->group, TY_SERVICE_AGREED, "x", 1, &error);
      g_assert_no_error (error);
      mesh_run (mesh, 1000);
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 1000000, two_flush));
      mesh_run (mesh, 20000);
      at (mesh, 2)->stopped = TRUE;
      mesh_run (mesh, 900000); /* 0 has accepted, 1 lacks a message, and a second round has begun */
      mesh->pass = holds_propose_to_joiner;
      if (!run_until (mesh, 8000000, zero_and_one_left_2_behind))
        {
          /* It stopped before its STATE was there: it was not let in at all. */
          g_assert_true (is_member (mesh, 0, 2));
          mesh_free (mesh);
          continue;
        }
      mesh->pass = holds_welcome_to_2;
      at (mesh, 2)->stopped = FALSE;
      for (gint64 until = mesh->now + 1000000; mesh->now < until; mesh_move (mesh))
        if (number_of (mesh, 2) == number_before + 1)
          {
            played++;
            g_assert_false (holds_lease (mesh, 2));
          }
      end (mesh);
    }
  g_assert_cmpuint (played, >, 0);
}

static gboolean
one_and_two_are_two (Mesh *mesh)
{
  return is_member (mesh, 1, 2) && is_member (mesh, 2, 2);
}

/* Members are set up with different times: no lease outlasts what the others have promised. */
static void
unlike_times (void)
{
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = mesh_new (seed);
      mesh->config.suspect_after_us = 8000000;
      Proc *first = spawn (mesh, "total", FALSE);
      GError *error = NULL;
      ty_group_found (first->group, &error);
      mesh_run (mesh, 10000);
      mesh->config.suspect_after_us = 400000;
      for (guint i = 1; i < 3; i++)
        {
          join (mesh, spawn (mesh, "total", FALSE), 0);
          mesh_run (mesh, 500000);
        }
      g_assert_true (is_member (mesh, 0, 3) && is_member (mesh, 2, 3));
      g_assert_true (holds_lease (mesh, 0));
      mesh_cut (mesh, 0, 1);
      mesh_cut (mesh, 0, 2);
      g_assert_true (run_until (mesh, 4000000, one_and_two_are_two));
      g_assert_false (holds_lease (mesh, 0));
      end (mesh);
    }
}

/* ---- FLUSHes are gathered (V5) ---- */

static gboolean
holds_decided (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  return packet[0] != TY_PACKET_DECIDED || to == 2 || from != 0;
}

static gboolean
zero_went_on (Mesh *mesh)
{
  return number_of (mesh, 0) > number_before;
}

/* The coordinator dies before anyone, or all but one, has been told of its decision. */
static void
gatherer_dies (gconstpointer data)
{
  gboolean told_one = GPOINTER_TO_INT (data);
  for (guint32 seed = 0; seed < SEEDS; seed++)
    {
      Mesh *mesh = form_gathering (seed, 4);
      GError *error = NULL;
      number_before = number_of (mesh, 0);
      mesh->pass = holds_decided;
      for (guint i = 0; i < 4; i++)
        ty_group_send (at (mesh, i)->group, TY_SERVICE_SAFE, "x", 1, &error);
      g_assert_no_error (error);
      join (mesh, spawn (mesh, "total", FALSE), 0);
      g_assert_true (run_until (mesh, 1000000, zero_went_on));
      if (told_one)
        mesh_run (mesh, 20000);
      mesh_crash (at (mesh, 0));
      for (guint i = told_one ? 1 : 0; i < 5; i++)
        if (i != 0 && !(told_one && i == 2))
          mesh_lose (mesh, 0, i);
      mesh->pass = NULL;
      mesh_run (mesh, 5000000);
      for (guint i = 1; i < 5; i++)
        g_assert_true (is_member (mesh, i, 4));
      end (mesh);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/directed/quiet", quiet);
  g_test_add_func ("/directed/no-set-to-propose", no_set_to_propose);
  g_test_add_func ("/directed/leaves-one-of-two-groups", leaves_one_of_two_groups);
  g_test_add_func ("/directed/leaver-gives-first", leaver_gives_first);
  g_test_add_func ("/directed/dropped-while-it-leaves", dropped_while_it_leaves);
  g_test_add_data_func ("/directed/weight-after-loading", GINT_TO_POINTER (FALSE), weight_after_loading);
  g_test_add_data_func ("/directed/weight-after-loading-in-a-flush", GINT_TO_POINTER (TRUE), weight_after_loading);
  g_test_add_func ("/directed/joiner-out-of-reach", joiner_out_of_reach);
  g_test_add_func ("/directed/joiner-gives-up", joiner_gives_up);
  g_test_add_func ("/directed/teller-of-decision-dies", teller_of_decision_dies);
  g_test_add_func ("/directed/too-much-of-a-later-view", too_much_of_a_later_view);
  g_test_add_func ("/directed/gone-is-no-exclusion", gone_is_no_exclusion);
  g_test_add_func ("/directed/flush-promises", flush_promises);
  g_test_add_func ("/directed/unlike-times", unlike_times);
  g_test_add_func ("/directed/old-flushes-echo-nothing", old_flushes_echo_nothing);
  g_test_add_data_func ("/directed/gatherer-dies", GINT_TO_POINTER (FALSE), gatherer_dies);
  g_test_add_data_func ("/directed/gatherer-dies-having-told-one", GINT_TO_POINTER (TRUE), gatherer_dies);
  return g_test_run ();
}
