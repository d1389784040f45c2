/* membership/lease.c: keepalives, echoes and the lease (V7, V14).
 *
 * Every heartbeat each member sends each other one an ALIVE with a stamp of its own clock, and echoes the newest stamp
 * that it had from that member in this view.  A member's lease runs from the newest stamp that a quorum of the view has
 * echoed, itself counted at any time.  An echo is a promise: no view without that member is accepted until a lease, and
 * the drift that two clocks may have, has passed since the echo was given.  The stamp was made before the echo, so
 * whoever lets a view without a member be decided knows that this member's lease is over.  That is why at any moment at
 * most one view acts.
 *
 *   ALIVE
 *   offset  size    field
 *   0       1       packet type
 *   1       16      group id
 *   17      varint  number of the sender's view (or of the one after the last that it has closed)
 *           varint  stamp: microseconds on the sender's clock, 0 for none
 *           varint  echo of the receiver's stamp, 0 for none
 *           varint  microseconds for which an echo of the sender's promises
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"
#include "core/plant.h"

/* Two clocks are taken to run alike within a sixteenth. */
static gint64
promise (const TyMembership *m)
{
  return m->lease_us + m->lease_us / 16;
}

/* V14: an echo is given only by a member that has not sent STATE of the view. */
static void
send_alive (TyMembership *m, guint rank)
{
  Member *member = &m->members[rank];
  gint64 now = ty_m_now (m);
  gboolean may_echo = (!m->frozen || TY_PLANTED (echo_after_state)) && member->stamp > 0;
  GByteArray *w = ty_m_packet (m, TY_PACKET_ALIVE);
  ty_write_varint (w, (guint64) now);
  ty_write_varint (w, may_echo ? (guint64) member->stamp : 0);
  ty_write_varint (w, (guint64) m->lease_us);
  if (may_echo)
    member->promise_until = now + promise (m);
  ty_m_send (m, &m->view->members[rank].pid, w);
}

/* Tells a process that is in no view with this one how far this one is: view `number` is begun, or the one before
 * closed. */
void
ty_lease_tell (TyMembership *m, const TyId *pid, guint64 number)
{
  GByteArray *w = ty_m_packet_of (m, TY_PACKET_ALIVE, number);
  ty_write_varint (w, 0);
  ty_write_varint (w, 0);
  ty_write_varint (w, (guint64) m->lease_us);
  ty_m_send (m, pid, w);
}

/* The FLUSH for this view counted as its sender's first echo in it: of this process's STATE of that ballot.  And what
 * this process said by its own FLUSH it has promised, also when it was told of the decision by DECIDED: whoever counted
 * the FLUSH has a lease from it. */
void
ty_lease_begin (TyMembership *m, const Record *decided_by, gboolean flushed)
{
  gint64 now = ty_m_now (m);
  m->lease_sure_until = 0;
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const TyId *pid = &m->view->members[i].pid;
      /* Also when this process learned of the decision otherwise: others may have decided by its FLUSH. */
      if (flushed)
        m->members[i].promise_until = now + promise (m);
      if (decided_by != NULL && m->state_at > 0 && ty_ids_contain (decided_by->flushed, pid))
        m->members[i].echoed = m->state_at;
    }
}

/* Somebody is there to be told anything. */
gboolean
ty_lease_ticks (const TyMembership *m)
{
  return m->view->n_members > 1 || ty_late_awaits (m);
}

void
ty_lease_tick (TyMembership *m)
{
  gint64 now = ty_m_now (m);
  if (now < m->alive_at || !ty_lease_ticks (m))
    return;
  m->alive_at = now + m->config.heartbeat_us;
  ty_late_remind (m);
  for (guint i = 0; i < m->view->n_members; i++)
    if (i != m->view->self && ty_m_reach (m, &m->view->members[i].pid) == TY_REACH_UP)
      send_alive (m, i);
}

gboolean
ty_lease_on_alive (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint64 stamp = ty_read_bounded (r, G_MAXINT64);
  guint64 echo = ty_read_bounded (r, G_MAXINT64);
  guint64 lasts = ty_read_bounded (r, G_MAXINT64 / 4);
  guint rank = ty_m_rank (m, pid);
  if (!ty_reader_done (r) || (gint64) echo > ty_m_now (m))
    return FALSE;
  /* Who left, or was left out, tells that it has closed the view before this one, and wants to know the same. */
  if (rank == m->view->n_members)
    {
      if (stamp == 0 && echo == 0)
        ty_lease_tell (m, pid, m->view->id.number);
      return TRUE;
    }
  Member *member = &m->members[rank];
  gboolean first = member->stamp == 0;
  member->stamp = MAX (member->stamp, (gint64) stamp);
  member->echoed = MAX (member->echoed, (gint64) echo);
  if ((gint64) lasts < member->lasts)
    m->lease_sure_until = 0;
  member->lasts = (gint64) lasts;
  /* Whoever has just come into the view should not wait a heartbeat for its lease. */
  if (first && stamp > 0 && echo == 0 && !m->frozen && rank != m->view->self)
    send_alive (m, rank);
  return TRUE;
}

/* Until when a member's echo is good. Members may be set up with different times: nobody's promise is taken for longer
 * than it was given. */
static gint64
good_until (const TyMembership *m, guint rank)
{
  const Member *member = &m->members[rank];
  if (rank == m->view->self)
    return G_MAXINT64;
  return member->echoed > 0 ? member->echoed + MIN (m->lease_us, member->lasts) : 0;
}

static int
latest_first (gconstpointer a, gconstpointer b, gpointer m)
{
  gint64 until_a = good_until (m, *(const guint *) a), until_b = good_until (m, *(const guint *) b);
  return until_a > until_b ? -1 : until_a < until_b;
}

/* Until when a quorum's echoes are good: the members in the order in which theirs end, last first, and of these the one
 * who makes up the quorum. */
static gint64
sure_until (TyMembership *m)
{
  guint n = m->view->n_members, low = 1, high = n;
  g_autofree guint *ranks = g_new (guint, n);
  g_autofree gboolean *in = g_new (gboolean, n);
  for (guint i = 0; i < n; i++)
    ranks[i] = i;
  g_qsort_with_data (ranks, (int) n, sizeof *ranks, latest_first, m);
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      for (guint i = 0; i < n; i++)
        in[ranks[i]] = i < middle;
      if (ty_members_quorum (m->view->members, n, in))
        high = middle;
      else
        low = middle + 1;
    }
  return good_until (m, ranks[low - 1]);
}

/* This is asked in every step. What it was sure of once stays true, as echoes only grow: members are looked at again
 * only when that is over, or when one says that its echoes are good for less (ty_lease_on_alive ()). */
gboolean
ty_lease_holds (TyMembership *m)
{
  if (m->phase != TY_MEMBERSHIP_IN || m->view->n_members == 1 || TY_PLANTED (no_lease))
    return TRUE;
  gint64 now = ty_m_now (m);
  if (now >= m->lease_sure_until)
    m->lease_sure_until = sure_until (m);
  return now < m->lease_sure_until;
}

gint64
ty_lease_held_until (TyMembership *m)
{
  guint n = m->view->n_members;
  gint64 until = m->begun_at;
  g_autofree gboolean *in = g_new0 (gboolean, n);
  for (guint last = 0; last < n; last++)
    {
      gint64 ends = m->members[last].echoed;
      for (guint i = 0; i < n; i++)
        in[i] = i == m->view->self || (m->members[i].echoed > 0 && m->members[i].echoed >= ends);
      if (ends > 0 && ty_members_quorum (m->view->members, n, in))
        until = MAX (until, ends + m->lease_us);
    }
  return until;
}

gint64
ty_lease_bars_until (TyMembership *m, const TyValue *value)
{
  if (m->phase != TY_MEMBERSHIP_IN || value == NULL || TY_PLANTED (echo_forgotten))
    return 0;
  gint64 now = ty_m_now (m), until = 0;
  for (guint i = 0; i < value->n_gone; i++)
    {
      const TyGone *gone = &value->gone[i];
      const Member *member = &m->members[gone->rank];
      gboolean by_itself = gone->why == TY_LEFT_LEAVE || gone->why == TY_LEFT_LOADING;
      gboolean self = gone->rank == m->view->self;
      if (!by_itself && !self && !member->dead && member->promise_until > now)
        until = MAX (until, member->promise_until);
    }
  return until;
}
