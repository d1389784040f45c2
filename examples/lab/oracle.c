/* examples/lab/oracle.c: see oracle.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oracle.h"

#include "core/group-private.h"
#include "core/packet.h"
#include "core/view.h"
#include "membership/membership.h"

/* Somebody has said that it has accepted a value, in a ballot. */
typedef struct
{
  guint64 view;
  TyBallot ballot;
  TyId value; /* its digest */
  TyId who;
} Accept;

/* Who has closed its last view, and stays for the others. */
typedef struct
{
  gboolean begun, over;
  GArray *reached; /* of TyId: all the time since */
} Staying;

struct _Oracle
{
  GArray *accepts;         /* of Accept */
  GArray *decided;         /* of TyId: the digest of what followed each view, by its number; null: nothing yet */
  GArray *checked;         /* of gboolean, by number of a view: somebody's decision has been looked at */
  GArray *staying;         /* of Staying: by its place */
  GArray *seen;            /* of guint64: the last view whose successor has been looked at, plus one; by place */
  const char *rule, *what; /* the first finding */
  char *text;
};

Oracle *
oracle_new (void)
{
  Oracle *oracle = g_new0 (Oracle, 1);
  oracle->accepts = g_array_new (FALSE, FALSE, sizeof (Accept));
  oracle->decided = g_array_new (FALSE, TRUE, sizeof (TyId));
  oracle->checked = g_array_new (FALSE, TRUE, sizeof (gboolean));
  oracle->staying = g_array_new (FALSE, TRUE, sizeof (Staying));
  oracle->seen = g_array_new (FALSE, TRUE, sizeof (guint64));
  return oracle;
}

void
oracle_free (Oracle *oracle)
{
  g_array_unref (oracle->accepts);
  g_array_unref (oracle->decided);
  g_array_unref (oracle->checked);
  for (guint i = 0; i < oracle->staying->len; i++)
    g_clear_pointer (&g_array_index (oracle->staying, Staying, i).reached, g_array_unref);
  g_array_unref (oracle->staying);
  g_array_unref (oracle->seen);
  g_free (oracle->text);
  g_free (oracle);
}

const char *
oracle_rule (const Oracle *oracle)
{
  return oracle->rule;
}

const char *
oracle_what (const Oracle *oracle)
{
  return oracle->what;
}

const char *
oracle_text (const Oracle *oracle)
{
  return oracle->text;
}

void
oracle_complain (Oracle *oracle, const char *rule, const char *what, const char *who, guint64 view)
{
  if (oracle->rule != NULL)
    return;
  oracle->rule = rule;
  oracle->what = what;
  oracle->text = g_strdup_printf ("%s: at %s, view %" G_GUINT64_FORMAT, what, who, view);
}

static const TyMembership *
membership_of (const TyGroup *group)
{
  const TyMembership *m = group != NULL ? group->membership : NULL;
  return m != NULL && m->view != NULL ? m : NULL;
}

/* ---- V6 ---- */

static gboolean
same_accept (const Accept *a, const Accept *b)
{
  return a->view == b->view && ty_id_equal (&a->who, &b->who) && ty_id_equal (&a->value, &b->value)
         && ty_ballot_compare (&a->ballot, &b->ballot) == 0;
}

/* The FLUSH that is sent there, if that is one of the group, but for who sends it. */
static gboolean
read_flush (const TyEffect *e, const TyMembership *m, Accept *out)
{
  if (e->type != TY_EFFECT_SEND)
    return FALSE;
  TyId group;
  TyReader r = ty_reader_of_bytes (e->bytes);
  if (ty_read_u8 (&r) != TY_PACKET_FLUSH)
    return FALSE;
  ty_read_id (&r, &group);
  out->view = ty_read_varint (&r);
  ty_read_ballot (&r, &out->ballot);
  ty_read_id (&r, &out->value);
  return ty_id_equal (&group, out->view == 0 ? &m->founding : &m->view->group);
}

/* What it has accepted is what it says so of: in one step that may be more than one ballot, of which only the last can
 * be seen in the machine afterwards. */
static void
note_accepts (Oracle *oracle, const OracleSeat *seat, const TyMembership *m)
{
  guint n;
  const TyEffect *effects = ty_node_effects (seat->group->node, &n);
  for (guint i = 0; i < n; i++)
    {
      Accept accept;
      if (!read_flush (&effects[i], m, &accept))
        continue;
      accept.who = seat->pid;
      if (oracle->accepts->len == 0
          || !same_accept (&g_array_index (oracle->accepts, Accept, oracle->accepts->len - 1), &accept))
        g_array_append_val (oracle->accepts, accept);
    }
}

/* Whether a quorum of the view has accepted what `who` takes for decided, in `ballot`. `who` itself has, in the same
 * step; so may have whoever is in the next view already. */
static gboolean
quorum_accepted (const Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who, const Kept *kept,
                 const TyBallot *ballot)
{
  const TyetView *view = kept->view;
  g_autofree gboolean *in = g_new0 (gboolean, view->n_members + 1);
  TyId value;
  ty_value_digest (kept->value, &value);
  in[ty_view_rank (view, &seats[who].pid)] = TRUE;
  for (guint i = 0; ballot != NULL && i < oracle->accepts->len; i++)
    {
      const Accept *a = &g_array_index (oracle->accepts, Accept, i);
      if (a->view == kept->number && ty_id_equal (&a->value, &value)
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
    oracle_complain (oracle, "V6", "a value is decided that no quorum has accepted in one ballot", seats[who].name,
                     kept->number);
}

/* ---- V11 ---- */

static gboolean
is_staying (const Oracle *oracle, const TyMembership *m, guint who)
{
  gboolean out = m->phase == TY_MEMBERSHIP_LINGERING || m->phase == TY_MEMBERSHIP_OVER;
  const Kept *last = m->kept->len > 0 ? m->kept->pdata[m->kept->len - 1] : NULL;
  return out && last != NULL && last->number == m->view->id.number
         && !(who < oracle->staying->len && g_array_index (oracle->staying, Staying, who).over);
}

static gboolean
has_closed (const OracleSeat *seats, guint n_seats, const TyId *pid, guint64 number)
{
  for (guint i = n_seats; i > 0; i--)
    {
      const OracleSeat *seat = &seats[i - 1];
      if (!ty_id_equal (&seat->pid, pid))
        continue;
      const TyMembership *m = membership_of (seat->group);
      return seat->over || m == NULL || m->view->id.number > number || m->phase != TY_MEMBERSHIP_IN;
    }
  return TRUE;
}

/* Those whom it has reached ever since it closed the view have closed it, too, when it goes. */
static void
watch_leaver (Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who, const TyMembership *m)
{
  if (oracle->staying->len <= who)
    g_array_set_size (oracle->staying, who + 1);
  Staying *staying = &g_array_index (oracle->staying, Staying, who);
  const Kept *kept = m->kept->pdata[m->kept->len - 1];
  if (!staying->begun)
    {
      staying->begun = TRUE;
      staying->reached = g_array_new (FALSE, FALSE, sizeof (TyId));
      for (guint i = 0; i < kept->value->n_members; i++)
        if (ty_view_rank (kept->view, &kept->value->members[i].pid) < kept->view->n_members)
          ty_ids_add (staying->reached, &kept->value->members[i].pid);
    }
  for (guint i = staying->reached->len; i > 0; i--)
    if (m->host->reach (m->host_data, &g_array_index (staying->reached, TyId, i - 1)) != TY_REACH_UP)
      g_array_remove_index (staying->reached, i - 1);
  if (m->phase != TY_MEMBERSHIP_OVER)
    return;
  staying->over = TRUE;
  for (guint i = 0; i < staying->reached->len; i++)
    if (!has_closed (seats, n_seats, &g_array_index (staying->reached, TyId, i), kept->number))
      oracle_complain (oracle, "V11", "a leaver has gone before others have closed its view", seats[who].name,
                       kept->number);
}

gboolean
oracle_has_news (const Oracle *oracle, const TyGroup *group, guint who)
{
  const TyMembership *m = membership_of (group);
  if (m == NULL || oracle->rule != NULL)
    return FALSE;
  guint n;
  Accept accept;
  const TyEffect *effects = ty_node_effects (group->node, &n);
  for (guint i = 0; i < n; i++)
    if (read_flush (&effects[i], m, &accept))
      return TRUE;
  if (is_staying (oracle, m, who))
    return TRUE;
  const Kept *kept = m->kept->len > 0 ? m->kept->pdata[m->kept->len - 1] : NULL;
  return kept != NULL
         && (kept->number >= oracle->checked->len || !g_array_index (oracle->checked, gboolean, kept->number));
}

void
oracle_stepped (Oracle *oracle, const OracleSeat *seats, guint n_seats, guint who)
{
  const TyMembership *m = membership_of (seats[who].group);
  if (m == NULL)
    return;
  note_accepts (oracle, &seats[who], m);
  if (is_staying (oracle, m, who))
    watch_leaver (oracle, seats, n_seats, who, m);
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
  if (oracle->seen->len < n_seats)
    g_array_set_size (oracle->seen, n_seats);
  for (guint i = 0; i < n_seats; i++)
    {
      const TyMembership *m = membership_of (seats[i].group);
      guint64 *seen = &g_array_index (oracle->seen, guint64, i);
      for (guint k = 0; m != NULL && k < m->kept->len; k++)
        {
          const Kept *kept = m->kept->pdata[k];
          TyId digest;
          if (kept->number < *seen)
            continue;
          *seen = kept->number + 1;
          if (oracle->decided->len <= kept->number)
            g_array_set_size (oracle->decided, (guint) kept->number + 1);
          TyId *known = &g_array_index (oracle->decided, TyId, kept->number);
          ty_value_digest (kept->value, &digest);
          if (ty_id_equal (known, &nothing))
            *known = digest;
          else if (!ty_id_equal (known, &digest))
            oracle_complain (oracle, "V6", "two know two successors of a view", seats[i].name, kept->number);
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
        oracle_complain (oracle, "V14", "two views act at once", seat->name, number);
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
    oracle_complain (oracle, "V10", "the loaded members hold no quorum", seat->name, view->id.number);
}

void
oracle_look_at_windows (Oracle *oracle, const OracleSeat *seats, guint n_seats, gsize slack_bytes)
{
  for (guint i = 0; i < n_seats; i++)
    {
      const TyetView *view = !seats[i].over && seats[i].group != NULL ? ty_group_get_view (seats[i].group) : NULL;
      if (view == NULL)
        continue;
      TyGroupStats stats;
      loaded_hold_quorum (oracle, &seats[i], view);
      ty_group_get_stats (seats[i].group, &stats);
      if (stats.window_used_bytes > 2 * seats[i].group->node->config.window_bytes + slack_bytes)
        oracle_complain (oracle, "N2", "more is under way than the window allows", seats[i].name, view->id.number);
    }
}

/* ---- V7, V15 ---- */

gboolean
oracle_is_at_rest (const TyGroup *group)
{
  return group->kept->len == 0 && group->future_bytes == 0 && group->transfers->len == 0 && !group->saving;
}

void
oracle_look_at_rest (Oracle *oracle, const OracleSeat *seat)
{
  const TyGroup *group = seat->group;
  guint64 view = group->view != NULL ? group->view->id.number : 0;
  if (group->kept->len > 0)
    oracle_complain (oracle, "V7", "messages of a view that all have closed are kept", seat->name, view);
  if (group->future_bytes > 0)
    oracle_complain (oracle, "V7", "packets of later views are kept", seat->name, view);
  if (group->transfers->len > 0 || group->saving)
    oracle_complain (oracle, "V15", "a transfer is still going on", seat->name, view);
}
