/* tests/engine/founders.c: founding a group together (V13): a quorum of the list suffices; promises outlive a restart;
 * two first views never come about, whatever crashes when.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/founding.h"
#include "core/tyet-error.h"
#include "core/view.h"
#include "tests/engine/mesh.h"

#define N 5

static const char *const names[N + 1] = { "a", "b", "c", "d", "e", NULL };

static void
found (Proc *p, guint n)
{
  const char *list[N + 1] = { NULL }, *addresses[N + 1] = { NULL };
  static const char *const all[N] = { "sim://0", "sim://1", "sim://2", "sim://3", "sim://4" };
  GError *error = NULL;
  for (guint i = 0; i < n; i++)
    {
      list[i] = names[i];
      addresses[i] = all[i];
    }
  ty_group_found_with (p->group, list, addresses, p->storage->data, p->storage->len, &error);
  g_assert_no_error (error);
}

static Mesh *
founders (guint32 seed, guint n)
{
  Mesh *mesh = mesh_new (seed);
  for (guint i = 0; i < n; i++)
    mesh_spawn (mesh, names[i], "total", FALSE);
  return mesh;
}

static Proc *
proc (Mesh *mesh, guint i)
{
  return mesh->procs->pdata[i];
}

static guint
entered (Mesh *mesh)
{
  guint n = 0;
  for (guint i = 0; i < mesh->procs->len; i++)
    n += proc (mesh, i)->alive && proc (mesh, i)->entered;
  return n;
}

static void
wait_entered (Mesh *mesh, guint n)
{
  for (guint i = 0; i < 200 && entered (mesh) < n; i++)
    mesh_run (mesh, 50000);
  g_assert_cmpuint (entered (mesh), ==, n);
}

/* All first views that anyone was told of are one. */
static void
check_one_birth (Mesh *mesh)
{
  g_autofree char *first = NULL;
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      const char *at = strstr (proc (mesh, i)->history->str, "\"c\":\"1.");
      g_autofree char *label = at != NULL ? g_strndup (at, 24) : NULL;
      if (label != NULL && first != NULL)
        g_assert_cmpstr (label, ==, first);
      if (first == NULL)
        first = g_steal_pointer (&label);
    }
}

static void
all_found (void)
{
  Mesh *mesh = founders (1, 3);
  for (guint i = 0; i < 3; i++)
    found (proc (mesh, i), 3);
  wait_entered (mesh, 3);
  g_assert_cmpuint (ty_group_get_view (proc (mesh, 0)->group)->n_members, ==, 3);
  g_assert_cmpuint (proc (mesh, 0)->storage->len, ==, 0);
  g_assert_cmpuint (ty_group_send (proc (mesh, 1)->group, TY_SERVICE_SAFE, "x", 1, NULL), ==, 1);
  mesh_run (mesh, 1000000);
  g_assert_cmpuint (proc (mesh, 2)->delivered, ==, 1);
  check_one_birth (mesh);
  mesh_free (mesh);
}

static void
minority_does_not_found (void)
{
  Mesh *mesh = founders (2, 5);
  found (proc (mesh, 3), 5);
  found (proc (mesh, 4), 5);
  mesh_run (mesh, 5000000);
  g_assert_cmpuint (entered (mesh), ==, 0);
  found (proc (mesh, 1), 5);
  wait_entered (mesh, 3);
  check_one_birth (mesh);
  /* Who comes when the group stands already is told so. */
  found (proc (mesh, 0), 5);
  for (guint i = 0; i < 100 && !proc (mesh, 0)->failed; i++)
    mesh_run (mesh, 50000);
  g_assert_true (proc (mesh, 0)->failed);
  mesh_free (mesh);
}

/* A founder restarts at every point of the birth: it is the same voter. */
static void
restarts (void)
{
  for (guint32 seed = 0; seed < 300; seed++)
    {
      Mesh *mesh = founders (seed, 3);
      for (guint i = 0; i < 3; i++)
        found (proc (mesh, i), 3);
      proc (mesh, seed % 3)->crash_after = (gint) (seed / 3 % 40);
      if (seed % 5 == 0)
        proc (mesh, (seed + 1) % 3)->crash_after = (gint) (seed % 37);
      mesh_run (mesh, 100000 + seed * 20000);
      for (guint i = 0; i < 3; i++)
        if (!proc (mesh, i)->alive && proc (mesh, i)->storage->len > 0)
          found (mesh_restart (proc (mesh, i)), 3);
      mesh_run (mesh, 8000000);
      check_one_birth (mesh);
      g_assert_cmpuint (entered (mesh), >=, 1);
      mesh_free (mesh);
    }
}

/* a and b found without c, b falls at every point of it, and a, who may have the first view, is cut off: what b and c
 * then found must be the same view, or none. Without what b has kept, they would found another. */
static void
forgets_nothing (void)
{
  guint decided = 0;
  for (guint32 i = 0; i < 600; i++)
    {
      Mesh *mesh = founders (1000 + i, 3);
      mesh_cut (mesh, 0, 2);
      mesh_cut (mesh, 1, 2);
      for (guint f = 0; f < 3; f++)
        found (proc (mesh, f), 3);
      proc (mesh, 1)->crash_after = (gint) (12 + i % 24); /* around its STATE and its FLUSH */
      mesh_run (mesh, 4000000);
      decided += proc (mesh, 0)->entered && !proc (mesh, 1)->alive && proc (mesh, 1)->storage->len > 0;
      mesh_cut (mesh, 0, 1);
      Proc *b = proc (mesh, 1);
      if (!b->alive && b->storage->len > 0)
        {
          b = mesh_restart (b);
          mesh_cut (mesh, 0, b->index);
          found (b, 3);
        }
      mesh_heal (mesh, 1, 2);
      mesh_run (mesh, 8000000);
      check_one_birth (mesh);
      mesh_free (mesh);
    }
  g_assert_cmpuint (decided, >, 0);
}

static void
refusals (void)
{
  Mesh *mesh = founders (4, 3);
  Proc *a = proc (mesh, 0);
  const char *const without[] = { "b", "c", NULL }, *const two[] = { "x", "y", NULL };
  const char *const twice[] = { "a", "a", NULL };
  const char *const self[] = { "a", "b", NULL };
  GError *error = NULL;
  g_assert_false (ty_group_found_with (a->group, without, two, NULL, 0, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (ty_group_found_with (a->group, twice, two, NULL, 0, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (ty_group_found_with (a->group, self, two, (const guint8 *) "\1junk", 5, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  ty_node_set_storage (a->node, NULL, NULL);
  g_assert_false (ty_group_found_with (a->group, self, two, NULL, 0, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_clear_error (&error);
  mesh_free (mesh);
}

/* A founder whose storage fails votes no more, and says so; the others can do without it. */
static void
full_disk (void)
{
  Mesh *mesh = founders (5, 3);
  proc (mesh, 1)->disk_full = TRUE;
  for (guint i = 0; i < 3; i++)
    found (proc (mesh, i), 3);
  wait_entered (mesh, 2);
  g_assert_true (proc (mesh, 1)->failed);
  check_one_birth (mesh);
  mesh_free (mesh);
}

/* One that comes back without what it had promised is no founder any more; it does not know that, and is not taken for
 * one who sends nonsense. */
static void
has_forgotten (void)
{
  Mesh *mesh = founders (7, N);
  mesh_crash (proc (mesh, 3));
  mesh_crash (proc (mesh, 4));
  for (guint i = 0; i < 3; i++)
    found (proc (mesh, i), N);
  /* They have met, and wait a moment for the others. */
  mesh_run (mesh, 100000);
  mesh_crash (proc (mesh, 2));
  g_byte_array_set_size (proc (mesh, 2)->storage, 0);
  found (mesh_restart (proc (mesh, 2)), N);
  mesh_run (mesh, 3000000);
  g_assert_cmpuint (entered (mesh), ==, 0);
  g_assert_cmpuint (mesh_refused (mesh), ==, 0);
  mesh_free (mesh);
}

static void
found_by (Proc *p, const char *list)
{
  g_auto (GStrv) of = g_strsplit (list, " ", -1);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  for (guint i = 0; of[i] != NULL; i++)
    g_ptr_array_add (addresses, g_strdup_printf ("sim://%d", of[i][0] - 'a'));
  g_ptr_array_add (addresses, NULL);
  ty_group_found_with (p->group, (const char *const *) of, (const char *const *) addresses->pdata, NULL, 0, &error);
  g_assert_no_error (error);
}

/* What `p` says of why it waits for `name`, or "". (transfer full) */
static char *
why_of (Mesh *mesh, Proc *p, const char *name)
{
  g_autoptr (GArray) waits = ty_group_waits (p->group, mesh->now);
  char *text = NULL;
  for (guint i = 0; i < waits->len; i++)
    {
      TyGroupWait *wait = &g_array_index (waits, TyGroupWait, i);
      if (text == NULL && g_strcmp0 (wait->member, name) == 0)
        text = g_strdup (wait->text);
      ty_group_wait_clear (wait);
    }
  return text != NULL ? text : g_strdup ("");
}

static void
assert_says (Mesh *mesh, guint who, const char *of, const char *what)
{
  g_autofree char *why = why_of (mesh, proc (mesh, who), of);
  if (strstr (why, what) == NULL)
    g_error ("%s says of %s \"%s\", not \"%s\"", names[who], of, why, what);
}

/* Founders that were given different lists do not wait for each other without a word, nor those for them that agree. */
static void
lists_differ (void)
{
  Mesh *mesh = founders (8, 3);
  found_by (proc (mesh, 0), "a b c");
  found_by (proc (mesh, 1), "b a c");
  mesh_run (mesh, 3000000);
  assert_says (mesh, 0, "b", "founder b founds by another list of founders");
  assert_says (mesh, 1, "a", "founder a founds by another list of founders");
  assert_says (mesh, 0, "c", "founder c is there and does not found this group: it has not begun");
  /* It begins, and nothing of the kind is said of it any more. */
  found_by (proc (mesh, 2), "a b c");
  wait_entered (mesh, 2);
  g_assert_false (proc (mesh, 1)->entered);
  mesh_run (mesh, 3000000);
  assert_says (mesh, 1, "a", "founder a");
  g_assert_cmpuint (mesh_refused (mesh), ==, 0);
  check_one_birth (mesh);
  mesh_free (mesh);
}

/* The first of two founds alone: the other learns why it waits. */
static void
list_is_shorter (void)
{
  Mesh *mesh = founders (9, 2);
  Proc *b = proc (mesh, 1);
  found_by (proc (mesh, 0), "a b");
  wait_entered (mesh, 1);
  found_by (b, "a b c");
  mesh_run (mesh, 3000000);
  assert_says (mesh, 1, "a", "founder a is there and does not found this group");
  assert_says (mesh, 1, "c", "does not reach founder c");
  mesh_free (mesh);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/founders/all", all_found);
  g_test_add_func ("/founders/minority", minority_does_not_found);
  g_test_add_func ("/founders/restarts", restarts);
  g_test_add_func ("/founders/forgets-nothing", forgets_nothing);
  g_test_add_func ("/founders/has-forgotten", has_forgotten);
  g_test_add_func ("/founders/refusals", refusals);
  g_test_add_func ("/founders/full-disk", full_disk);
  g_test_add_func ("/founders/lists-differ", lists_differ);
  g_test_add_func ("/founders/list-is-shorter", list_is_shorter);
  return g_test_run ();
}
