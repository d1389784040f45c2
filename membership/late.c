/* membership/late.c: who is behind, and who stays behind for them (V7, V11).
 *
 * Invariant: whoever knows how a view ended can tell, until all who are to know it do.
 *
 * A process that has closed a view keeps the value that ended it, and the view's messages up to the cut, until every
 * member of the next view and every leaver has closed it too, or is suspected.  Whoever still asks about the old view
 * is told what was decided (DECIDED, with the messages that it says it lacks), or, if nothing is kept, that the group
 * went on without it (EXCLUDED).  A leaver, and a voter that was left out, keep the same and answer in the same way
 * until nobody needs them.  Who came in with the next view keeps the value alone: it may be the only one left that
 * knows.
 *
 *   DECIDED, after the common head (of the old view):  value
 *   EXCLUDED, after the common head (of the asker's view):  varint number of the current view
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"
#include "core/plant.h"

void
ty_kept_free (Kept *kept)
{
  tyet_view_unref (kept->view);
  ty_value_unref (kept->value);
  g_array_unref (kept->awaited);
  g_array_unref (kept->answered);
  g_array_unref (kept->given);
  g_free (kept);
}

void
ty_late_keep (TyMembership *m, TyetView *old, TyValue *value)
{
  Kept *kept = g_new0 (Kept, 1);
  gboolean goes_on = ty_value_rank (value, &m->self) < value->n_members;
  kept->number = old->id.number;
  kept->view = tyet_view_ref (old);
  kept->value = ty_value_ref (value);
  kept->awaited = g_array_new (FALSE, FALSE, sizeof (TyId));
  kept->answered = g_array_new (FALSE, FALSE, sizeof (TyId));
  kept->given = g_array_new (FALSE, FALSE, sizeof (TyId));
  for (guint i = 0; i < value->n_members; i++)
    {
      TyReach reach = ty_m_reach (m, &value->members[i].pid);
      if (reach == TY_REACH_UP || (goes_on && reach != TY_REACH_DEAD))
        ty_ids_add (kept->awaited, &value->members[i].pid);
    }
  for (guint i = 0; i < value->n_gone; i++)
    {
      const TyMember *member = &old->members[value->gone[i].rank];
      if (value->gone[i].why == TY_LEFT_LEAVE && ty_m_reach (m, &member->pid) == TY_REACH_UP)
        ty_ids_add (kept->awaited, &member->pid);
    }
  ty_ids_remove (kept->awaited, &m->self);
  g_ptr_array_add (m->kept, kept);
}

/* `pid` is in view `number` by now, or beyond: it has closed what came before. */
void
ty_late_closed (TyMembership *m, const TyId *pid, guint64 number)
{
  for (guint i = 0; i < m->kept->len; i++)
    {
      Kept *kept = m->kept->pdata[i];
      if (number > kept->number)
        ty_ids_remove (kept->awaited, pid);
    }
}

/* Who is to know how the kept view ended: a member of the next one, or a leaver. */
static gboolean
is_to_know (const Kept *kept, const TyId *pid)
{
  guint rank = ty_view_rank (kept->view, pid);
  if (ty_value_rank (kept->value, pid) < kept->value->n_members)
    return TRUE;
  for (guint i = 0; rank < kept->view->n_members && i < kept->value->n_gone; i++)
    if (kept->value->gone[i].rank == rank)
      return kept->value->gone[i].why == TY_LEFT_LEAVE;
  return FALSE;
}

void
ty_late_on_reach (TyMembership *m, const TyId *pid, TyReach reach, gboolean fresh)
{
  for (guint i = 0; i < m->kept->len; i++)
    {
      Kept *kept = m->kept->pdata[i];
      /* A suspect that is still a member may be heard of again before a view without it is decided. */
      gboolean member = m->phase == TY_MEMBERSHIP_IN && ty_m_rank (m, pid) < m->view->n_members;
      if (reach == TY_REACH_DEAD || (reach == TY_REACH_SUSPECT && !member))
        ty_ids_remove (kept->awaited, pid);
      if (fresh)
        {
          ty_ids_remove (kept->answered, pid);
          ty_ids_remove (kept->given, pid);
        }
      /* Who stays behind waited for nobody that it suspected.  One that it hears of again may not know yet, and
       * there may be nobody else to tell it; if it does know, it says so when it is reminded. */
      if (reach == TY_REACH_UP && m->phase == TY_MEMBERSHIP_LINGERING && is_to_know (kept, pid))
        ty_ids_add (kept->awaited, pid);
    }
}

/* Somebody may still lack what is kept. */
gboolean
ty_late_awaits (const TyMembership *m)
{
  for (guint i = 0; i < m->kept->len; i++)
    if (((const Kept *) m->kept->pdata[i])->awaited->len > 0)
      return TRUE;
  return FALSE;
}

/* Keepalives go to members; a leaver that has not closed its last view gets one too: it asks then, or says that it is
 * gone. */
void
ty_late_remind (TyMembership *m)
{
  for (guint i = 0; i < m->kept->len; i++)
    {
      const Kept *kept = m->kept->pdata[i];
      for (guint a = 0; a < kept->awaited->len; a++)
        {
          const TyId *pid = &g_array_index (kept->awaited, TyId, a);
          if (ty_m_rank (m, pid) == m->view->n_members && ty_m_reach (m, pid) == TY_REACH_UP)
            ty_lease_tell (m, pid, m->view->id.number);
        }
    }
}

/* It is in the group no longer, and closes nothing any more. */
void
ty_late_gone (TyMembership *m, const TyId *pid)
{
  for (guint i = 0; i < m->kept->len; i++)
    ty_ids_remove (((Kept *) m->kept->pdata[i])->awaited, pid);
}

/* A view without it has been decided since: it can only be told that it is excluded. */
static gboolean
given_up (TyMembership *m, const Kept *kept, const TyId *pid)
{
  return m->phase == TY_MEMBERSHIP_IN && kept->number + 1 < m->view->id.number
         && ty_value_rank (kept->value, pid) < kept->value->n_members && ty_m_rank (m, pid) == m->view->n_members;
}

/* Who has left the view, or was left out of it, tells those that it waits for; they answer that they have closed it
 * as well, or ask for what they lack, or say that they are in the group no longer. */
static void
remind_next (TyMembership *m, const Kept *last)
{
  if (ty_m_now (m) < m->alive_at)
    return;
  m->alive_at = ty_m_now (m) + m->config.heartbeat_us;
  for (guint i = 0; i < last->awaited->len; i++)
    ty_lease_tell (m, &g_array_index (last->awaited, TyId, i), last->number + 1);
}

void
ty_late_tick (TyMembership *m)
{
  /* The newest stays as long as the view does: it costs its value only, once its messages are released. */
  for (guint i = 0; i < m->kept->len;)
    {
      Kept *kept = m->kept->pdata[i];
      for (guint a = kept->awaited->len; a-- > 0;)
        if (given_up (m, kept, &g_array_index (kept->awaited, TyId, a)))
          g_array_remove_index (kept->awaited, a);
      gboolean done = kept->awaited->len == 0;
      if (done && kept->number + 1 == m->view->id.number)
        ty_rekey_all_have (m);
      if (done || TY_PLANTED (freed_early))
        m->host->release (m->host_data, kept->number);
      if (done && i + 1 < m->kept->len)
        g_ptr_array_remove_index (m->kept, i);
      else
        i++;
    }
  if (m->phase != TY_MEMBERSHIP_LINGERING)
    return;
  const Kept *last = m->kept->len > 0 ? m->kept->pdata[m->kept->len - 1] : NULL;
  if (last == NULL || last->awaited->len == 0 || TY_PLANTED (leaver_gone_early))
    {
      m->phase = TY_MEMBERSHIP_OVER;
      m->host->gone (m->host_data);
      return;
    }
  remind_next (m, last);
}

static Kept *
find_kept (TyMembership *m, guint64 number)
{
  for (guint i = 0; i < m->kept->len; i++)
    {
      Kept *kept = m->kept->pdata[i];
      if (kept->number == number)
        return kept;
    }
  return NULL;
}

static void
send_decided (TyMembership *m, Kept *kept, const TyId *pid)
{
  if (ty_ids_contain (kept->answered, pid))
    return;
  ty_ids_add (kept->answered, pid);
  if (TY_PLANTED (late_not_answered))
    return;
  GByteArray *w = ty_m_packet_of (m, TY_PACKET_DECIDED, kept->number);
  ty_value_write (w, kept->value);
  ty_m_send (m, pid, w);
}

void
ty_late_shut_out (TyMembership *m, const TyetView *old, const TyValue *value)
{
  Kept *kept = find_kept (m, old->id.number);
  for (guint i = 0; i < value->n_gone; i++)
    {
      if (value->gone[i].why != TY_LEFT_REVOKED)
        continue;
      const TyId *pid = &old->members[value->gone[i].rank].pid;
      if (kept != NULL)
        send_decided (m, kept, pid);
      if (!TY_PLANTED (barred_not_shut))
        m->host->shut_out (m->host_data, pid);
    }
}

/* The messages that NEED's or STATE's sender lacks, as far as they are kept: once a session, which loses nothing; who
 * goes on asking waits for what is under way, and is not to be sent it again and again. */
static void
send_lacking (TyMembership *m, Kept *kept, const TyId *pid, TyPacketType type, TyReader *r)
{
  if (ty_ids_contain (kept->given, pid))
    return;
  guint n = kept->view->n_members;
  TyReader receipts = *r;
  if (type == TY_PACKET_STATE)
    {
      TyBallot ballot;
      G_GNUC_UNUSED g_autoptr (TyValue) passed_over = NULL;
      ty_read_ballot (r, &ballot);
      guint8 flags = ty_read_u8 (r);
      gsize len;
      ty_read_varint (r);
      ty_read_block (r, &len);
      if ((flags & 16) != 0)
        {
          ty_read_ballot (r, &ballot);
          passed_over = ty_value_read (r);
        }
      receipts = ty_read_sub (r);
    }
  else
    {
      TyBallot ballot;
      ty_read_ballot (&receipts, &ballot);
    }
  g_autofree guint64 *received = g_new0 (guint64, n);
  for (guint i = 0; i < n; i++)
    received[i] = ty_read_bounded (&receipts, G_MAXINT64);
  if (receipts.bad)
    return;
  ty_ids_add (kept->given, pid);
  for (guint i = 0; i < n; i++)
    if (received[i] < kept->value->cut[i])
      m->host->forward (m->host_data, kept->number, pid, i, received[i], kept->value->cut[i]);
}

gboolean
ty_late_answer (TyMembership *m, const TyId *pid, TyPacketType type, guint64 number, TyReader *r)
{
  Kept *kept = find_kept (m, number);
  /* A leaver or one left out knows nothing of the views after its last. */
  if (m->phase == TY_MEMBERSHIP_LINGERING && type == TY_PACKET_JOIN && m->kept->len > 0)
    kept = m->kept->pdata[m->kept->len - 1];
  gboolean in_value = kept != NULL
                      && (ty_view_rank (kept->view, pid) < kept->view->n_members
                          || ty_value_rank (kept->value, pid) < kept->value->n_members);
  if (in_value)
    {
      gboolean told = type != TY_PACKET_FLUSH || !ty_ids_contain (kept->awaited, pid);
      gboolean asks = type != TY_PACKET_ALIVE || ty_ids_contain (kept->awaited, pid)
                      || ty_value_rank (kept->value, pid) == kept->value->n_members;
      if (told && asks)
        send_decided (m, kept, pid);
      if (type == TY_PACKET_NEED || type == TY_PACKET_STATE)
        send_lacking (m, kept, pid, type, r);
    }
  else if (m->phase == TY_MEMBERSHIP_IN && ty_m_rank (m, pid) == m->view->n_members && type != TY_PACKET_JOIN
           && !TY_PLANTED (excluded_not_told))
    {
      GByteArray *w = ty_m_packet_of (m, TY_PACKET_EXCLUDED, number);
      ty_write_varint (w, m->view->id.number);
      ty_m_send (m, pid, w);
    }
  return TRUE;
}

/* How the view ended, and that it did, is known to its members. Somebody else may have come into a later one, and know,
 * too: that is believed only where no member can say it, and of nobody who is not admitted. */
static gboolean
may_know (TyMembership *m, const TyId *pid)
{
  if (ty_m_rank (m, pid) < m->view->n_members)
    return TRUE;
  gboolean needed = m->view->id.number == 0 ? !m->host->asks_proof (m->host_data) : m->blocked;
  return needed && m->host->may_stay (m->host_data, pid);
}

static void
believe (TyMembership *m, TyValue *value, const TyId *pid)
{
  m->decided = ty_value_ref (value);
  m->decided_by = *pid;
  m->asked = 0;
  if (!m->frozen)
    {
      m->frozen = TRUE;
      m->frozen_at = ty_m_now (m);
      m->host->freeze (m->host_data);
    }
  /* What is lacking is asked for at once: NEED says what has been received. */
  m->need_at = ty_m_now (m);
  ty_voter_progress (m);
}

/* A newcomer has said how the view ended, and it turns out that no member can. */
void
ty_late_recall (TyMembership *m)
{
  if (m->phase != TY_MEMBERSHIP_IN || m->hearsay == NULL || m->decided != NULL || !may_know (m, &m->hearsay_of))
    return;
  g_autoptr (TyValue) value = g_steal_pointer (&m->hearsay);
  /* It was so when it was said; there may have been deliveries since. */
  if (ty_voter_fits (m, value))
    believe (m, value, &m->hearsay_of);
}

gboolean
ty_late_on_decided (TyMembership *m, const TyId *pid, TyReader *r)
{
  g_autoptr (TyValue) value = ty_value_read (r);
  if (value == NULL || !ty_reader_done (r))
    return FALSE;
  gboolean mine = ty_value_rank (value, &m->self) < value->n_members;
  if (m->phase == TY_MEMBERSHIP_JOINING)
    {
      if (!mine || m->view == NULL || !ty_id_equal (&value->group, &m->view->group) || !ty_entry_trusts (m, pid))
        return TRUE;
      if (!ty_voter_fits (m, value))
        return FALSE;
      ty_voter_install (m, value, NULL);
      return TRUE;
    }
  if (m->phase != TY_MEMBERSHIP_IN || !ty_view_id_equal (&value->old, &m->view->id) || m->decided != NULL)
    return TRUE;
  /* Only who was in the view, or came into the next, can know how it ended. */
  gboolean knows = ty_m_rank (m, pid) < m->view->n_members || ty_value_rank (value, pid) < value->n_members;
  if (!knows || !ty_voter_fits (m, value))
    return FALSE;
  if (may_know (m, pid))
    {
      believe (m, value, pid);
      return TRUE;
    }
  /* It is said once a session: whom only a newcomer can tell may not know yet that it is so. */
  g_clear_pointer (&m->hearsay, ty_value_unref);
  m->hearsay = g_steal_pointer (&value);
  m->hearsay_of = *pid;
  return TRUE;
}

gboolean
ty_late_on_excluded (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint64 current = ty_read_varint (r);
  if (!ty_reader_done (r))
    return FALSE;
  ty_late_closed (m, pid, current);
  if (m->phase != TY_MEMBERSHIP_IN || current <= m->view->id.number || !may_know (m, pid))
    return TRUE;
  /* V14: while a quorum of the view has promised to accept none without this process, there is none. Members know that;
   * who is not in the view may say anything, and says it again if it is so. */
  if (ty_m_rank (m, pid) == m->view->n_members && ty_lease_holds (m))
    return TRUE;
  m->phase = TY_MEMBERSHIP_OVER;
  ty_round_free (m);
  m->host->excluded (m->host_data, "the group went on without this process while it was not in reach");
  return TRUE;
}
