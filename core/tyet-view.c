/* core/tyet-view.c: views (design: immutable, shared by everyone who was told of them).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/view.h"
#include "core/plant.h"

G_DEFINE_BOXED_TYPE (TyetView, tyet_view, tyet_view_ref, tyet_view_unref)

void
ty_member_copy (TyMember *to, const TyMember *from)
{
  *to = *from;
  to->name = g_strdup (from->name);
  to->address = g_strdup (from->address);
}

void
ty_member_clear (TyMember *member)
{
  g_clear_pointer (&member->name, g_free);
  g_clear_pointer (&member->address, g_free);
}

gboolean
ty_members_quorum (const TyMember *members, guint n_members, const gboolean *in)
{
  guint64 all = 0, have = 0;
  for (guint i = 0; i < n_members; i++)
    {
      all += members[i].weight;
      if (in[i])
        have += members[i].weight;
    }
  if (2 * have == all)
    return n_members > 0 && (in[0] || TY_PLANTED (tie_without_first));
  return 2 * have > all || TY_PLANTED (no_quorum);
}

TyetView *
ty_view_new (const TyId *group, const char *group_name, const TyViewId *id, TyMember *members, guint n_members,
             const TyId *self)
{
  TyetView *view = g_new0 (TyetView, 1);
  char proposer[9];
  g_atomic_ref_count_init (&view->ref);
  view->group = *group;
  view->group_name = g_strdup (group_name);
  view->id = *id;
  view->label = g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ".%s", id->number, id->ballot.counter,
                                 ty_id_short (&id->ballot.pid, proposer));
  view->members = members;
  view->n_members = n_members;
  view->self = self != NULL ? ty_view_rank (view, self) : n_members;
  return view;
}

guint
ty_view_rank (const TyetView *view, const TyId *pid)
{
  guint rank = 0;
  while (rank < view->n_members && !ty_id_equal (&view->members[rank].pid, pid))
    rank++;
  return rank;
}

/**
 * tyet_view_ref:
 * @view: a view
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @view
 */
TyetView *
tyet_view_ref (TyetView *view)
{
  g_return_val_if_fail (view != NULL, NULL);
  g_atomic_ref_count_inc (&view->ref);
  return view;
}

/**
 * tyet_view_unref:
 * @view: (transfer full): a view
 *
 * Releases a reference; the last one frees the view. Any thread may.
 */
void
tyet_view_unref (TyetView *view)
{
  g_return_if_fail (view != NULL);
  if (!g_atomic_ref_count_dec (&view->ref))
    return;
  for (guint i = 0; i < view->n_members; i++)
    ty_member_clear (&view->members[i]);
  g_free (view->members);
  g_strfreev (view->ids);
  g_free (view->group_name);
  g_free (view->label);
  g_free (view);
}

/**
 * tyet_view_get_id:
 * @view: a view
 *
 * The id of the view, a short string unique in its group's whole history.
 *
 * It may serve as a fencing token: two views with different ids never both let through what only one may do, if the
 * guarded resource keeps to the highest [method@Tyet.View.get_number] that it has seen.
 *
 * Returns: (transfer none): the id
 */
const char *
tyet_view_get_id (TyetView *view)
{
  g_return_val_if_fail (view != NULL, NULL);
  return view->label;
}

/**
 * tyet_view_get_group_name:
 * @view: a view
 *
 * The name of the group that this is a view of.
 *
 * Returns: (transfer none): the name
 */
const char *
tyet_view_get_group_name (TyetView *view)
{
  g_return_val_if_fail (view != NULL, NULL);
  return view->group_name;
}

/**
 * tyet_view_get_number:
 * @view: a view
 *
 * The place of the view in its group's chain of views: each is one more than the view that it follows.
 *
 * Returns: the number
 */
guint64
tyet_view_get_number (TyetView *view)
{
  g_return_val_if_fail (view != NULL, 0);
  return view->id.number;
}

/**
 * tyet_view_get_n_members:
 * @view: a view
 *
 * How many members the view has. Ranks run from 0, the oldest member, to one less than that.
 *
 * Returns: the number of members, at least 1
 */
guint
tyet_view_get_n_members (TyetView *view)
{
  g_return_val_if_fail (view != NULL, 0);
  return view->n_members;
}

/**
 * tyet_view_get_rank:
 * @view: a view
 *
 * The rank of the process that was told of this view.
 *
 * Returns: its rank, or the number of members if it is none of them
 */
guint
tyet_view_get_rank (TyetView *view)
{
  g_return_val_if_fail (view != NULL, 0);
  return view->self;
}

/**
 * tyet_view_is_primary:
 * @view: a view
 *
 * Whether this is a view of the group's primary component: the one part of a partitioned group that goes on ([YKD97]
 * §1). Under the policy that this version offers no other view is ever shown to the application.
 *
 * Returns: %TRUE if it is
 */
gboolean
tyet_view_is_primary (TyetView *view)
{
  g_return_val_if_fail (view != NULL, FALSE);
  return TRUE;
}

/**
 * tyet_view_get_member_name:
 * @view: a view
 * @rank: a rank in @view
 *
 * The name that a member was given ([property@Tyet.Process:name]); no two members of a view share one.
 *
 * Returns: (transfer none): the name
 */
const char *
tyet_view_get_member_name (TyetView *view, guint rank)
{
  g_return_val_if_fail (view != NULL, NULL);
  g_return_val_if_fail (rank < view->n_members, NULL);
  return view->members[rank].name;
}

/**
 * tyet_view_get_member_address:
 * @view: a view
 * @rank: a rank in @view
 *
 * The address at which a member can be reached, and at which it lets others join.
 *
 * Returns: (transfer none): the address, such as `tcp://127.0.0.1:7001`
 */
const char *
tyet_view_get_member_address (TyetView *view, guint rank)
{
  g_return_val_if_fail (view != NULL, NULL);
  g_return_val_if_fail (rank < view->n_members, NULL);
  return view->members[rank].address;
}

static char **
view_make_ids (TyetView *view)
{
  char **ids = g_new0 (char *, view->n_members + 1);
  for (guint i = 0; i < view->n_members; i++)
    {
      GString *text = g_string_sized_new (2 * sizeof (TyId));
      for (gsize b = 0; b < sizeof (TyId); b++)
        g_string_append_printf (text, "%02x", view->members[i].pid.b[b]);
      ids[i] = g_string_free (text, FALSE);
    }
  return ids;
}

/**
 * tyet_view_get_member_id:
 * @view: a view
 * @rank: a rank in @view
 *
 * The identity of a member's incarnation: 32 hexadecimal digits, drawn at random when it started.
 *
 * Returns: (transfer none): the identity
 */
const char *
tyet_view_get_member_id (TyetView *view, guint rank)
{
  g_return_val_if_fail (view != NULL, NULL);
  g_return_val_if_fail (rank < view->n_members, NULL);
  if (g_atomic_pointer_get (&view->ids) == NULL)
    {
      char **ids = view_make_ids (view);
      if (!g_atomic_pointer_compare_and_exchange (&view->ids, NULL, ids))
        g_strfreev (ids);
    }
  return view->ids[rank];
}

/**
 * tyet_view_get_member_weight:
 * @view: a view
 * @rank: a rank in @view
 *
 * A member's weight in this view: more than half of the sum of all, or exactly half with rank 0 among them, is a
 * quorum. A member that joined counts nothing until the view after it has taken in its state, if it alone could tip
 * that.
 *
 * Returns: the weight, 0 to 1,000,000
 */
guint
tyet_view_get_member_weight (TyetView *view, guint rank)
{
  g_return_val_if_fail (view != NULL, 0);
  g_return_val_if_fail (rank < view->n_members, 0);
  return view->members[rank].weight;
}

/**
 * tyet_view_is_member_loaded:
 * @view: a view
 * @rank: a rank in @view
 *
 * Whether a member had taken in the group's state when the view was agreed on (or takes none).
 *
 * Returns: %TRUE if it had
 */
gboolean
tyet_view_is_member_loaded (TyetView *view, guint rank)
{
  g_return_val_if_fail (view != NULL, FALSE);
  g_return_val_if_fail (rank < view->n_members, FALSE);
  return view->members[rank].loaded;
}

/**
 * tyet_view_dup_member_names:
 * @view: a view
 *
 * The names of all members, by rank.
 *
 * Returns: (transfer full) (array zero-terminated=1): a new array; free it with g_strfreev()
 */
char **
tyet_view_dup_member_names (TyetView *view)
{
  char **names;
  g_return_val_if_fail (view != NULL, NULL);
  names = g_new0 (char *, view->n_members + 1);
  for (guint i = 0; i < view->n_members; i++)
    names[i] = g_strdup (view->members[i].name);
  return names;
}

/**
 * tyet_view_find_member:
 * @view: a view
 * @name: a member's name
 * @rank: (out) (optional): where to put its rank; left alone if there is none
 *
 * Looks for the member of that name.
 *
 * Returns: %TRUE if there is one
 */
gboolean
tyet_view_find_member (TyetView *view, const char *name, guint *rank)
{
  g_return_val_if_fail (view != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  for (guint i = 0; i < view->n_members; i++)
    if (g_str_equal (view->members[i].name, name))
      {
        if (rank != NULL)
          *rank = i;
        return TRUE;
      }
  return FALSE;
}
