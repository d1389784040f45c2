/* tests/keys/outsider.c: one who was never a member, or is no longer, knows the network secret and the group's id, and
 * says to a member whatever he likes: the member stays in its group, and he stays out of it; and who joins by the
 * group's secret comes to those who know it, whoever answers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/lies.h"
#include "tests/fuzz/small-group.h"

#include "core/group-private.h"
#include "core/view.h"
#include "membership/membership.h"

#define VICTIM 1
#define LIAR 3
#define LIES 300

static void
say (Mesh *mesh, GBytes *packet)
{
  mesh->calm = TRUE;
  mesh_meet (mesh, LIAR, VICTIM);
  g_queue_push_tail (mesh_queue (mesh, LIAR, VICTIM, TY_CLASS_CONTROL), packet);
  mesh_run (mesh, 1000);
}

static void
check (Mesh *mesh, const char *what)
{
  const Proc *victim = mesh->procs->pdata[VICTIM], *liar = mesh->procs->pdata[LIAR];
  if (victim->excluded || victim->failed || victim->left)
    g_error ("the member is out: %s", what);
  g_assert_nonnull (victim->group);
  TyetView *view = ty_group_get_view (victim->group);
  g_assert_nonnull (view);
  if (view->n_members != 3 || ty_view_rank (view, &liar->pid) < view->n_members)
    {
      g_autoptr (GString) members = g_string_new (NULL);
      for (guint i = 0; i < view->n_members; i++)
        g_string_append_printf (members, " %s", view->members[i].name);
      g_error ("the view is another, of%s: %s", members->str, what);
    }
}

/* Everybody still hears everybody. */
static void
end (Mesh *mesh)
{
  Proc *a = mesh->procs->pdata[0], *victim = mesh->procs->pdata[VICTIM];
  guint64 before = victim->delivered;
  mesh_run (mesh, 2000000);
  check (mesh, "in the end");
  g_assert_cmpuint (ty_group_send (a->group, TY_SERVICE_FIFO, "here", 4, NULL), !=, 0);
  mesh_run (mesh, 2000000);
  g_assert_cmpuint (victim->delivered, >, before);
  mesh_free (mesh);
}

static void
test_excluded (void)
{
  Mesh *mesh = fuzz_small_group (64 | 2);
  const Proc *victim = mesh->procs->pdata[VICTIM];
  guint64 number = ty_group_get_view (victim->group)->id.number;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GByteArray) w = g_byte_array_new ();
      ty_write_u8 (w, TY_PACKET_EXCLUDED);
      ty_write_id (w, &victim->group->id);
      ty_write_varint (w, number + i - 1);
      ty_write_varint (w, number + 1 + i);
      say (mesh, g_byte_array_free_to_bytes (g_steal_pointer (&w)));
      check (mesh, "EXCLUDED");
    }
  end (mesh);
}

/* A view that follows, with him in it. */
static void
test_decided (void)
{
  Mesh *mesh = fuzz_small_group (64 | 2);
  const Proc *victim = mesh->procs->pdata[VICTIM], *liar = mesh->procs->pdata[LIAR];
  const TyetView *view = ty_group_get_view (victim->group);
  g_autoptr (TyValue) value = ty_value_new ();
  value->group = view->group;
  value->group_name = g_strdup (view->group_name);
  value->old = view->id;
  value->id = (TyViewId){ .number = view->id.number + 1, .ballot = { .counter = 9, .pid = liar->pid } };
  value->n_old = value->n_members = view->n_members;
  value->cut = g_new0 (guint64, view->n_members);
  value->members = g_new0 (TyMember, view->n_members + 1);
  value->gone = g_new0 (TyGone, view->n_members);
  for (guint i = 0; i < view->n_members; i++)
    ty_member_copy (&value->members[i], &view->members[i]);
  ty_member_copy (&value->members[value->n_members], &view->members[0]);
  TyMember *self = &value->members[value->n_members++];
  self->pid = liar->pid;
  self->since = value->id.number;
  self->weight = 100;
  g_autoptr (GByteArray) order = g_byte_array_new ();
  value->order = g_byte_array_free_to_bytes (g_steal_pointer (&order));
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_u8 (w, TY_PACKET_DECIDED);
  ty_write_id (w, &victim->group->id);
  ty_write_varint (w, view->id.number);
  ty_value_write (w, value);
  say (mesh, g_byte_array_free_to_bytes (g_steal_pointer (&w)));
  check (mesh, "DECIDED");
  end (mesh);
}

static void
test_whatever (void)
{
  for (guint seed = 0; seed < 6; seed++)
    {
      Mesh *mesh = fuzz_small_group ((guint8) (64 | seed % 3));
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      for (guint i = 0; i < LIES; i++)
        {
          Proc *liar = mesh->procs->pdata[LIAR], *victim = mesh->procs->pdata[VICTIM];
          GBytes *lie = lie_make (rand, liar, victim);
          g_autofree char *what = g_strdup_printf ("type %u", ((const guint8 *) g_bytes_get_data (lie, NULL))[0]);
          say (mesh, lie);
          check (mesh, what);
        }
      end (mesh);
    }
}

/* Who joins knows the group's secret; the first contact that it has is the liar. */
static Proc *
join_by_liar (Mesh *mesh)
{
  const Proc *liar = mesh->procs->pdata[LIAR];
  Proc *joiner = mesh_spawn (mesh, "j", "total", FALSE);
  const char *contacts[] = { liar->address, "sim://0", NULL };
  ty_group_set_secret (joiner->group, (const guint8 *) "the secret of the group, 32 long");
  g_assert_true (ty_group_join (joiner->group, contacts, 5000000, NULL));
  mesh_step (joiner);
  return joiner;
}

static void
say_first (Mesh *mesh, Proc *to, GByteArray *w)
{
  mesh_meet (mesh, LIAR, to->index);
  g_queue_push_head (mesh_queue (mesh, LIAR, to->index, TY_CLASS_CONTROL), g_byte_array_free_to_bytes (w));
  mesh_run (mesh, 1000);
}

static void
write_liars_view (TyWriter *w, const Proc *liar)
{
  TyMember self = { .pid = liar->pid, .name = liar->name, .address = liar->address, .weight = 1, .loaded = TRUE };
  self.since = 1;
  ty_write_varint (w, 1);
  ty_member_write (w, &self);
}

static void
assert_comes_in (Mesh *mesh, Proc *joiner)
{
  Proc *a = mesh->procs->pdata[0];
  mesh_run (mesh, 3000000);
  g_assert_true (joiner->entered);
  g_assert_cmpuint (ty_group_get_view (joiner->group)->n_members, ==, 4);
  g_assert_true (ty_id_equal (&ty_group_get_view (joiner->group)->group, &a->group->id));
  mesh_free (mesh);
}

/* He answers in the group's name: as the group, or as another of its name; with no proof, or with the joiner's own. */
static void
test_answers_a_joiner (void)
{
  for (guint how = 0; how < 4; how++)
    {
      Mesh *mesh = fuzz_small_group (64 | 2);
      const Proc *liar = mesh->procs->pdata[LIAR], *a = mesh->procs->pdata[0];
      Proc *joiner = join_by_liar (mesh);
      TyViewId id = { .number = 99, .ballot = { .counter = 1, .pid = liar->pid } };
      GByteArray *w = g_byte_array_new ();
      ty_write_u8 (w, TY_PACKET_WELCOME);
      ty_write_text (w, joiner->group->name);
      ty_write_u8 (w, 0);
      ty_write_reason (w, "");
      ty_write_id (w, how % 2 == 0 ? &a->group->id : &liar->pid);
      ty_write_view_id (w, &id);
      write_liars_view (w, liar);
      mesh_meet (mesh, LIAR, joiner->index);
      mesh_step (joiner);
      if (how >= 2)
        ty_group_write_proof (joiner->group, &liar->pid, TY_PROOF_STRANGER, w);
      say_first (mesh, joiner, w);
      g_assert_cmpuint (ty_node_refused_packets (joiner->node), ==, 0);
      g_assert_true (joiner->group->membership->view == NULL || joiner->group->membership->view->id.number < 99);
      assert_comes_in (mesh, joiner);
    }
}

/* He begins a round of a view that nobody has told the joiner of. */
static void
test_asks_a_joiner (void)
{
  Mesh *mesh = fuzz_small_group (64 | 2);
  const Proc *liar = mesh->procs->pdata[LIAR];
  Proc *joiner = join_by_liar (mesh);
  while (joiner->group->membership->view == NULL)
    mesh_move (mesh);
  GByteArray *w = g_byte_array_new ();
  TyBallot ballot = { .counter = 9, .pid = liar->pid };
  ty_write_u8 (w, TY_PACKET_PREPARE);
  ty_write_id (w, &joiner->group->id);
  ty_write_varint (w, 99);
  ty_write_ballot (w, &ballot);
  ty_write_u8 (w, 0);
  ty_write_u8 (w, 1);
  ty_write_ballot (w, &ballot);
  write_liars_view (w, liar);
  say_first (mesh, joiner, w);
  g_assert_cmpuint (ty_node_refused_packets (joiner->node), ==, 0);
  g_assert_cmpuint (joiner->group->membership->view->id.number, <, 99);
  assert_comes_in (mesh, joiner);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/outsider/excluded", test_excluded);
  g_test_add_func ("/keys/outsider/decided", test_decided);
  g_test_add_func ("/keys/outsider/whatever", test_whatever);
  g_test_add_func ("/keys/outsider/answers-a-joiner", test_answers_a_joiner);
  g_test_add_func ("/keys/outsider/asks-a-joiner", test_asks_a_joiner);
  return g_test_run ();
}
