/* examples/lab/oracle.c: see oracle.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oracle.h"

#include "core/group-private.h"
#include "core/view.h"
#include "membership/membership.h"

/* Somebody has accepted a value, in a ballot. */
typedef struct
{
  guint64 view;
  TyBallot ballot;
  TyViewId value;
  TyId who;
} Accept;

struct _Oracle
{
  GArray *accepts;  /* of Accept */
  GArray *decided;  /* of TyId: the digest of what followed each view, by its number; null: nothing yet */
  GArray *checked;  /* of gboolean, by number of a view: somebody's decision has been looked at */
  GArray *lately;   /* of Accept: the last of each process, by its place */
  const char *rule; /* the first finding */
  char *text;
};

Oracle *
oracle_new (void)
{
  Oracle *oracle = g_new0 (Oracle, 1);
  oracle->accepts = g_array_new (FALSE, FALSE, sizeof (Accept));
  oracle->decided = g_array_new (FALSE, TRUE, sizeof (TyId));
  oracle->checked = g_array_new (FALSE, TRUE, sizeof (gboolean));
  oracle->lately = g_array_new (FALSE, TRUE, sizeof (Accept));
  return oracle;
}

void
oracle_free (Oracle *oracle)
{
  g_array_unref (oracle->accepts);
  g_array_unref (oracle->decided);
  g_array_unref (oracle->checked);
  g_array_unref (oracle->lately);
  g_free (oracle->text);
  g_free (oracle);
}

const char *
oracle_rule (const Oracle *oracle)
{
  return oracle->rule;
}

const char *
oracle_text (const Oracle *oracle)
{
  return oracle->text;
}

static void
complain (Oracle *oracle, const char *rule, char *text)
{
  if (oracle->rule != NULL)
    {
      g_free (text);
      return;
    }
  oracle->rule = rule;
  oracle->text = text;
}

static const TyMembership *
membership_of (const OracleSeat *seat)
{
  const TyMembership *m = seat->group != NULL ? seat->group->membership : NULL;
  return m != NULL && m->view != NULL ? m : NULL;
}

/* ---- V6 ---- */

static gboolean
same_accept (const Accept *a, const Accept *b)
{
  return a->view == b->view && ty_id_equal (&a->who, &b->who) && ty_ballot_compare (&a->ballot, &b->ballot) == 0;
}

static void
note_accept (Oracle *oracle, const OracleSeat *seat, guint who, const TyMembership *m)
{
  Accept accept
      = { .view = m->view->id.number, .ballot = m->accepted_ballot, .value = m->accepted->id, .who = seat->pid };
  if (oracle->lately->len <= who)
    g_array_set_size (oracle->lately, who + 1);
  Accept *last = &g_array_index (oracle->lately, Accept, who);
  if (same_accept (last, &accept))
    return;
  *last = accept;
  g_array_append_val (oracle->accepts, accept);
}

/* Whether a quorum of the view has accepted what `who` takes for decided, in `ballot`. `who` itself has, in the same
 * step; so may have whoever is in the next view already. */
static gboolean
quorum_accepted (const Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who, const Kept *kept,
                 const TyBallot *ballot)
{
  const TyetView *view = kept->view;
  g_autofree gboolean *in = g_new0 (gboolean, view->n_members + 1);
  in[ty_view_rank (view, &seats[who].pid)] = TRUE;
  for (guint i = 0; ballot != NULL && i < oracle->accepts->len; i++)
    {
      const Accept *a = &g_array_index (oracle->accepts, Accept, i);
      if (a->view == kept->number && ty_view_id_equal (&a->value, &kept->value->id)
          && ty_ballot_compare (&a->ballot, ballot) == 0)
        in[ty_view_rank (view, &a->who)] = TRUE;
    }
  for (guint i = 0; i < n_seats; i++)
    {
      const TyetView *its = seats[i].group != NULL ? ty_group_get_view (seats[i].group) : NULL;
      in[ty_view_rank (view, &seats[i].pid)] |= its != NULL && its->id.number > kept->number;
    }
  return ty_members_quorum (view->members, view->n_members, in);
}

static void
check_decision (Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who, const Kept *kept)
{
  gboolean good = quorum_accepted (oracle, seats, n_seats, who, kept, NULL);
  for (guint i = 0; !good && i < oracle->accepts->len; i++)
    {
      const Accept *a = &g_array_index (oracle->accepts, Accept, i);
      good = a->view == kept->number && quorum_accepted (oracle, seats, n_seats, who, kept, &a->ballot);
    }
  if (!good)
    complain (oracle, "V6",
              g_strdup_printf ("%s takes for decided, after view %" G_GUINT64_FORMAT
                               ", what no quorum of it has accepted in one ballot",
                               seats[who].name, kept->number));
}

void
oracle_stepped (Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who)
{
  const TyMembership *m = membership_of (&seats[who]);
  if (m == NULL)
    return;
  if (m->accepted != NULL)
    note_accept (oracle, &seats[who], who, m);
  for (guint k = 0; k < m->kept->len; k++)
    {
      const Kept *kept = m->kept->pdata[k];
      if (oracle->checked->len <= kept->number)
        g_array_set_size (oracle->checked, (guint) kept->number + 1);
      gboolean *checked = &g_array_index (oracle->checked, gboolean, kept->number);
      if (kept->number > 0 && !*checked)
        check_decision (oracle, seats, n_seats, who, kept);
      *checked = TRUE;
    }
}

/* V6: whatever follows a view, a next one or the end of the group, everybody who knows it knows the same. */
void
oracle_look_at_values (Oracle *oracle, const OracleSeat *seats, guint n_seats)
{
  static const TyId nothing;
  for (guint i = 0; i < n_seats; i++)
    {
      const TyMembership *m = membership_of (&seats[i]);
      for (guint k = 0; m != NULL && k < m->kept->len; k++)
        {
          const Kept *kept = m->kept->pdata[k];
          TyId digest;
          if (oracle->decided->len <= kept->number)
            g_array_set_size (oracle->decided, (guint) kept->number + 1);
          TyId *known = &g_array_index (oracle->decided, TyId, kept->number);
          ty_value_digest (kept->value, &digest);
          if (ty_id_equal (known, &nothing))
            *known = digest;
          else if (!ty_id_equal (known, &digest))
            complain (oracle, "V6",
                      g_strdup_printf ("%s knows another successor of view %" G_GUINT64_FORMAT " than others",
                                       seats[i].name, kept->number));
        }
    }
}

/* ---- V10, V14, N2 ---- */

/* V14: whoever holds a lease and is not stopped is in the only view that acts. */
void
oracle_look_at_leases (Oracle *oracle, const OracleSeat *seats, guint n_seats)
{
  guint64 acts = 0;
  for (guint i = 0; i < n_seats; i++)
    {
      const OracleSeat *seat = &seats[i];
      if (seat->over || seat->stopped || seat->group == NULL || ty_group_get_state (seat->group) != TY_GROUP_MEMBER)
        continue;
      TyNode *node = seat->group->node;
      gint64 then = node->now;
      node->now = seat->clock;
      gboolean lease = seat->group->membership_ops->lease (seat->group->membership);
      node->now = then;
      guint64 number = ty_group_get_view (seat->group)->id.number;
      if (lease && acts != 0 && acts != number)
        complain (oracle, "V14",
                  g_strdup_printf ("two views act at once: %" G_GUINT64_FORMAT ", and %" G_GUINT64_FORMAT " at %s", acts,
                                   number, seat->name));
      if (lease)
        acts = number;
    }
}

static void
loaded_hold_quorum (Oracle *oracle, const OracleSeat *seat, const TyetView *view)
{
  g_autofree gboolean *loaded = g_new0 (gboolean, view->n_members);
  for (guint m = 0; m < view->n_members; m++)
    loaded[m] = view->members[m].loaded;
  if (!ty_members_quorum (view->members, view->n_members, loaded))
    complain (oracle, "V10", g_strdup_printf ("the loaded members of %s at %s hold no quorum", view->label, seat->name));
}

void
oracle_look_at_windows (Oracle *oracle, const OracleSeat *seats, guint n_seats, gsize slack_bytes)
{
  for (guint i = 0; i < n_seats; i++)
    {
      const TyetView *view
          = !seats[i].over && seats[i].group != NULL ? ty_group_get_view (seats[i].group) : NULL;
      if (view == NULL)
        continue;
      TyGroupStats stats;
      loaded_hold_quorum (oracle, &seats[i], view);
      ty_group_get_stats (seats[i].group, &stats);
      if (stats.window_used_bytes > 2 * seats[i].group->node->config.window_bytes + slack_bytes)
        complain (oracle, "N2", g_strdup_printf ("%s has more under way than its window allows", seats[i].name));
    }
}

/* ---- V7, V15 ---- */

void
oracle_look_at_rest (Oracle *oracle, const OracleSeat *seat)
{
  const TyGroup *group = seat->group;
  if (group->kept->len > 0)
    complain (oracle, "V7", g_strdup_printf ("%s keeps messages of a view that all have closed", seat->name));
  if (group->future_bytes > 0)
    complain (oracle, "V7", g_strdup_printf ("%s keeps packets of later views", seat->name));
  if (group->transfers->len > 0 || group->saving)
    complain (oracle, "V15", g_strdup_printf ("at %s, a transfer is still going on", seat->name));
}
