/* core/tyet-view.c: views (design: immutable, shared by everyone who was told of them).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/view.h"

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
    return n_members > 0 && in[0];
  return 2 * have > all;
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
  g_free (view->group_name);
  g_free (view->label);
  g_free (view);
}
