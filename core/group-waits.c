/* core/group-waits.c: what a process waits for, for whom, and since when.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"

void
ty_group_wait_clear (TyGroupWait *wait)
{
  g_clear_pointer (&wait->text, g_free);
  g_clear_pointer (&wait->member, g_free);
}

static char *
sentence (const TyGroup *group, guint sender, const TyWait *wait, const char **what)
{
  const TyMember *members = group->view->members;
  const char *of = members[sender].name;
  switch (wait->reason)
    {
    case TY_WAIT_PREDECESSOR:
      *what = "predecessor";
      return g_strdup_printf ("message %" G_GUINT64_FORMAT " of %s waits for message %" G_GUINT64_FORMAT
                              " of %s, which causally precedes it",
                              wait->message, of, wait->number, members[wait->member].name);
    case TY_WAIT_FLOOR:
      *what = "order";
      return g_strdup_printf ("message %" G_GUINT64_FORMAT " of %s waits for the first %" G_GUINT64_FORMAT
                              " messages of the total order, which its sender had delivered",
                              wait->message, of, wait->number);
    case TY_WAIT_ORDER:
      *what = "order";
      return g_strdup_printf ("message %" G_GUINT64_FORMAT " of %s waits for its place in the total order from %s",
                              wait->message, of, members[wait->member].name);
    case TY_WAIT_STABLE:
      *what = "stable";
      return g_strdup_printf ("safe message %" G_GUINT64_FORMAT " of %s waits: %s has not acknowledged it",
                              wait->message, of, members[wait->member].name);
    case TY_WAIT_MODE:
    case TY_WAIT_NOTHING:
      break;
    }
  return NULL;
}

static void
ordering_waits (TyGroup *group, GArray *waits)
{
  for (guint sender = 0; sender < group->view->n_members; sender++)
    {
      TyWait wait = { .reason = TY_WAIT_NOTHING };
      const char *what = NULL;
      group->ordering_ops->explain (group->ordering, sender, &wait);
      char *text = sentence (group, sender, &wait, &what);
      if (text == NULL)
        continue;
      gboolean names = wait.reason != TY_WAIT_FLOOR;
      TyGroupWait out = {
        .what = what,
        .text = text,
        .member = names ? g_strdup (group->view->members[wait.member].name) : NULL,
        .since_us = group->head_since[sender],
      };
      g_array_append_val (waits, out);
    }
}

void
ty_group_explain (const TyGroup *group, guint sender, TyWait *out)
{
  *out = (TyWait){ .reason = TY_WAIT_NOTHING };
  if (group->view != NULL && group->store != NULL && sender < group->view->n_members)
    group->ordering_ops->explain (group->ordering, sender, out);
}

GArray *
ty_group_waits (TyGroup *group, gint64 now_us)
{
  GArray *waits = g_array_new (FALSE, TRUE, sizeof (TyGroupWait));
  g_array_set_clear_func (waits, (GDestroyNotify) ty_group_wait_clear);
  group->membership_ops->waits (group->membership, waits);
  ty_group_transfer_waits (group, waits);
  if (group->view == NULL || group->store == NULL)
    return waits;
  ordering_waits (group, waits);
  if (group->refused > 0)
    {
      const char *laggard = group->view->members[group->flush_ops->laggard (group->store)].name;
      TyGroupWait wait = {
        .what = "window",
        .since_us = group->refused_since,
        .member = g_strdup (laggard),
        .text = g_strdup_printf ("sends wait for %s: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                                 " bytes are not yet acknowledged by all",
                                 laggard,
                                 group->flush_ops->window_used (group->store) + group->queued_bytes,
                                 group->node->config.window_bytes),
      };
      g_array_append_val (waits, wait);
    }
  return waits;
}
