/* core/tyet-view-change.c: what is new in a view, as the application sees it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/api.h"
#include "core/view.h"

struct _TyetViewChange
{
  gatomicrefcount ref;
  TyetView *view;
  TyetView *before; /* NULL in this process's first view */
  guint n_joined;
  guint n_left;
  guint *joined; /* ranks in `view` */
  guint *left;   /* ranks in `before` */
  TyetLeftReason *why;
};

G_DEFINE_BOXED_TYPE (TyetViewChange, tyet_view_change, tyet_view_change_ref, tyet_view_change_unref)

TyetViewChange *
ty_tyet_view_change_new (const TyViewChange *from)
{
  TyetViewChange *change = g_new0 (TyetViewChange, 1);
  g_assert (from->before != NULL || from->n_left == 0);
  g_atomic_ref_count_init (&change->ref);
  change->view = tyet_view_ref (from->view);
  change->before = from->before != NULL ? tyet_view_ref (from->before) : NULL;
  change->n_joined = from->n_joined;
  change->n_left = from->n_left;
  change->joined = g_memdup2 (from->joined, from->n_joined * sizeof *from->joined);
  change->left = g_memdup2 (from->left, from->n_left * sizeof *from->left);
  change->why = g_new0 (TyetLeftReason, from->n_left);
  for (guint i = 0; i < from->n_joined; i++)
    g_assert (from->joined[i] < from->view->n_members);
  for (guint i = 0; i < from->n_left; i++)
    {
      g_assert (from->left[i] < from->before->n_members);
      change->why[i] = (TyetLeftReason) from->why[i];
    }
  return change;
}

/**
 * tyet_view_change_ref:
 * @change: a view change
 *
 * Takes a reference. Any thread may.
 *
 * Returns: (transfer full): @change
 */
TyetViewChange *
tyet_view_change_ref (TyetViewChange *change)
{
  g_return_val_if_fail (change != NULL, NULL);
  g_atomic_ref_count_inc (&change->ref);
  return change;
}

/**
 * tyet_view_change_unref:
 * @change: (transfer full): a view change
 *
 * Releases a reference; the last one frees @change. Any thread may.
 */
void
tyet_view_change_unref (TyetViewChange *change)
{
  g_return_if_fail (change != NULL);
  if (!g_atomic_ref_count_dec (&change->ref))
    return;
  tyet_view_unref (change->view);
  g_clear_pointer (&change->before, tyet_view_unref);
  g_free (change->joined);
  g_free (change->left);
  g_free (change->why);
  g_free (change);
}

/**
 * tyet_view_change_get_view:
 * @change: a view change
 *
 * The view that begins.
 *
 * Returns: (transfer none): the new view
 */
TyetView *
tyet_view_change_get_view (TyetViewChange *change)
{
  g_return_val_if_fail (change != NULL, NULL);
  return change->view;
}

/**
 * tyet_view_change_get_before:
 * @change: a view change
 *
 * The view that ended.
 *
 * Returns: (transfer none) (nullable): the view before, or %NULL if this process was in none
 */
TyetView *
tyet_view_change_get_before (TyetViewChange *change)
{
  g_return_val_if_fail (change != NULL, NULL);
  return change->before;
}

/**
 * tyet_view_change_get_n_joined:
 * @change: a view change
 *
 * How many members are new.
 *
 * Returns: their number
 */
guint
tyet_view_change_get_n_joined (TyetViewChange *change)
{
  g_return_val_if_fail (change != NULL, 0);
  return change->n_joined;
}

/**
 * tyet_view_change_get_joined_rank:
 * @change: a view change
 * @i: which of the new members, from 0
 *
 * The rank of a new member in the new view.
 *
 * Returns: its rank
 */
guint
tyet_view_change_get_joined_rank (TyetViewChange *change, guint i)
{
  g_return_val_if_fail (change != NULL, 0);
  g_return_val_if_fail (i < change->n_joined, 0);
  return change->joined[i];
}

/**
 * tyet_view_change_get_joined_name:
 * @change: a view change
 * @i: which of the new members, from 0
 *
 * The name of a new member.
 *
 * Returns: (transfer none): its name
 */
const char *
tyet_view_change_get_joined_name (TyetViewChange *change, guint i)
{
  g_return_val_if_fail (change != NULL, NULL);
  g_return_val_if_fail (i < change->n_joined, NULL);
  return tyet_view_get_member_name (change->view, change->joined[i]);
}

/**
 * tyet_view_change_get_n_left:
 * @change: a view change
 *
 * How many members of the view before are not in the new one.
 *
 * Returns: their number
 */
guint
tyet_view_change_get_n_left (TyetViewChange *change)
{
  g_return_val_if_fail (change != NULL, 0);
  return change->n_left;
}

/**
 * tyet_view_change_get_left_rank:
 * @change: a view change
 * @i: which of those that are gone, from 0
 *
 * The rank, in the view before, of a member that is gone.
 *
 * Returns: its rank in [method@Tyet.ViewChange.get_before]
 */
guint
tyet_view_change_get_left_rank (TyetViewChange *change, guint i)
{
  g_return_val_if_fail (change != NULL, 0);
  g_return_val_if_fail (i < change->n_left, 0);
  return change->left[i];
}

/**
 * tyet_view_change_get_left_name:
 * @change: a view change
 * @i: which of those that are gone, from 0
 *
 * The name of a member that is gone.
 *
 * Returns: (transfer none): its name
 */
const char *
tyet_view_change_get_left_name (TyetViewChange *change, guint i)
{
  g_return_val_if_fail (change != NULL, NULL);
  g_return_val_if_fail (i < change->n_left, NULL);
  return tyet_view_get_member_name (change->before, change->left[i]);
}

/**
 * tyet_view_change_get_left_reason:
 * @change: a view change
 * @i: which of those that are gone, from 0
 *
 * Why a member is gone.
 *
 * Returns: the reason
 */
TyetLeftReason
tyet_view_change_get_left_reason (TyetViewChange *change, guint i)
{
  g_return_val_if_fail (change != NULL, TYET_LEFT_REASON_LEAVE);
  g_return_val_if_fail (i < change->n_left, TYET_LEFT_REASON_LEAVE);
  return change->why[i];
}
