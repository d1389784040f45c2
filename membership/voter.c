/* membership/voter.c: what every member, and a joiner, does in a round: STATE, accepting, FLUSH, deciding (V3, V5, V6).
 *
 *   PREPARE(b) ── b >= promised ──► promised = b, frozen ──► STATE(b)
 *   PROPOSE(b) ── b >= promised ──► pending ── holds the cut, no promise bars ──► accepted (b, value)
 *              ──► FLUSH(b) to all
 *   FLUSH(b) from a quorum of v and all whom the round waits for, and own
 *              ──► decided: the view is closed, the next begins
 *
 *   step               invariant                                                 what a crash here leaves behind
 *   STATE sent         nothing of v is delivered, acknowledged, numbered since   a voter fewer
 *   accepted           it holds everything up to the cut; promised >= b          FLUSHes at some: they count, and the
 *                                                                                value may be decided
 *   decided            a quorum of v has accepted (b, value)                     whoever asks a member of that quorum
 *                                                                                adopts this value
 *
 * Two values cannot both be decided in v: the second's coordinator had STATEs of a quorum, which meets the first's
 * quorum in a process that had accepted (or then could no longer accept), and it adopted the highest that it saw.
 *
 *   FLUSH, after the common head:  varint counter, 16 bytes process: ballot;  16 bytes digest of the value
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"
#include "core/plant.h"

/* Ballots of one view of which FLUSHes are remembered at a time. */
#define MAX_RECORDS 64
/* Of these, such of which only one process has spoken, and no PROPOSE has come. */
#define MOST_ALONE 8
/* Who is asked in vain for what a decision takes, before it is doubted. */
#define MANY_ASKED 4

void
ty_record_free (Record *record)
{
  g_clear_pointer (&record->value, ty_value_unref);
  g_clear_pointer (&record->need, g_array_unref);
  g_clear_pointer (&record->acceptors, g_array_unref);
  g_array_unref (record->flushed);
  g_free (record);
}

static void
forget_oldest (TyMembership *m)
{
  guint lowest = 0;
  for (guint i = 1; i < m->records->len; i++)
    {
      const Record *a = m->records->pdata[i], *b = m->records->pdata[lowest];
      if (ty_ballot_compare (&a->ballot, &b->ballot) < 0)
        lowest = i;
    }
  if (m->pending == m->records->pdata[lowest])
    m->pending = NULL;
  if (m->round != NULL && m->round->record == m->records->pdata[lowest])
    ty_round_free (m);
  g_ptr_array_remove_index (m->records, lowest);
}

static Record *
find_record (TyMembership *m, const TyBallot *ballot)
{
  for (guint i = 0; i < m->records->len; i++)
    {
      Record *record = m->records->pdata[i];
      if (ty_ballot_compare (&record->ballot, ballot) == 0)
        return record;
    }
  return NULL;
}

static Record *
record_of (TyMembership *m, const TyBallot *ballot)
{
  Record *record = find_record (m, ballot);
  if (record != NULL)
    return record;
  if (m->records->len >= MAX_RECORDS)
    forget_oldest (m);
  record = g_new0 (Record, 1);
  record->ballot = *ballot;
  record->flushed = g_array_new (FALSE, FALSE, sizeof (TyId));
  g_ptr_array_add (m->records, record);
  return record;
}

static void
send_nack (TyMembership *m, const TyId *pid)
{
  GByteArray *w = ty_m_packet (m, TY_PACKET_NACK);
  ty_write_u8 (w, 0);
  ty_write_ballot (w, &m->promised);
  ty_m_send (m, pid, w);
}

/* ---- STATE ---- */

static void
freeze (TyMembership *m)
{
  if (m->frozen)
    return;
  m->frozen = TRUE;
  m->frozen_at = ty_m_now (m);
  m->need_at = m->frozen_at + m->round_us;
  if (m->phase == TY_MEMBERSHIP_IN)
    m->host->freeze (m->host_data);
}

static void
promise_ballot (TyMembership *m, const TyBallot *ballot)
{
  if (ty_ballot_compare (ballot, &m->promised) > 0)
    {
      m->pending = NULL;
      if (m->round != NULL && ty_ballot_compare (&m->round->ballot, ballot) < 0)
        ty_round_free (m);
    }
  /* V2: a rival's round is given its time, by the larger rank a longer one, unless its coordinator comes to be
   * suspected. */
  if (!ty_id_equal (&ballot->pid, &m->self) && m->phase == TY_MEMBERSHIP_IN)
    m->back_off_until = ty_m_now (m) + m->round_us * (1 + m->view->self);
  m->promised = *ballot;
  m->counter = MAX (m->counter, ballot->counter);
  if (m->view->id.number == 0 && m->phase == TY_MEMBERSHIP_IN)
    m->host->keep_durable (m->host_data);
  freeze (m);
}

static void
write_sub (GByteArray *w, TyMembership *m, void (*write) (gpointer, TyWriter *))
{
  g_autoptr (GByteArray) sub = g_byte_array_new ();
  if (m->phase == TY_MEMBERSHIP_IN)
    write (m->host_data, sub);
  ty_write_block (w, sub->data, sub->len);
}

static void
send_state (TyMembership *m, const TyId *pid, const TyBallot *ballot, const TyId *joiner)
{
  guint n = m->view->n_members;
  gboolean self_loaded = m->phase == TY_MEMBERSHIP_IN && m->self_loaded;
  /* Every member has a say in who enters: it does not reach whom it does not admit. */
  gboolean reaches_joiner = joiner != NULL && ty_m_reach (m, joiner) == TY_REACH_UP
                            && (m->phase != TY_MEMBERSHIP_IN || TY_PLANTED (list_not_asked)
                                || m->host->may_stay (m->host_data, joiner));
  guint8 flags = (guint8) ((self_loaded ? 1 : 0) | (m->leaving ? 2 : 0) | (m->takeout ? 4 : 0)
                           | (reaches_joiner ? 8 : 0) | (m->accepted != NULL ? 16 : 0));
  GByteArray *w = ty_m_packet (m, TY_PACKET_STATE);
  ty_write_ballot (w, ballot);
  ty_write_u8 (w, flags);
  ty_write_varint (w, m->me.name != NULL ? m->me.weight : 1);
  g_autofree guint8 *bits = g_malloc0 ((n + 7) / 8);
  for (guint i = 0; i < n; i++)
    {
      gboolean suspected = m->phase == TY_MEMBERSHIP_IN && m->members[i].suspected;
      const TyId *member = &m->view->members[i].pid;
      gboolean in = m->phase == TY_MEMBERSHIP_IN;
      if (!suspected && (in ? ty_m_reach (m, member) == TY_REACH_UP : ty_entry_reaches (m, member)))
        bits[i / 8] |= (guint8) (1u << (i % 8));
    }
  ty_write_block (w, bits, (n + 7) / 8);
  if (m->accepted != NULL)
    {
      ty_write_ballot (w, &m->accepted_ballot);
      ty_value_write (w, m->accepted);
    }
  write_sub (w, m, m->host->write_receipts);
  write_sub (w, m, m->host->write_order);
  /* Asked twice, it cannot know which of the answers a FLUSH of that ballot echoes: the first, at worst. */
  if (ty_ballot_compare (ballot, &m->state_ballot) != 0)
    m->state_at = ty_m_now (m);
  m->state_ballot = *ballot;
  ty_m_send (m, pid, w);
}

/* The view that a joiner is asked about: its own idea may be older. FALSE: there is nothing to answer. */
static gboolean
joiner_takes_view (TyMembership *m, const TyId *pid, guint64 number, const TyViewId *id, TyMember *members, guint n)
{
  if (m->view == NULL || number < m->view->id.number)
    {
      ty_members_free (members, n);
      return FALSE;
    }
  /* Who came into the group since proves by a welcome that it is of the group. */
  if (!ty_entry_trusts (m, pid))
    {
      ty_members_free (members, n);
      ty_entry_ask (m, pid);
      return FALSE;
    }
  g_autoptr (TyetView) view = ty_view_new (&m->view->group, m->group_name, id, members, n, &m->self);
  if (view->self < view->n_members)
    {
      /* A member of that view already, which it has not learned (V7). */
      ty_entry_ask (m, pid);
      return FALSE;
    }
  if (number > m->view->id.number || m->view->n_members != n)
    ty_m_set_view (m, view);
  return TRUE;
}

gboolean
ty_voter_on_prepare (TyMembership *m, const TyId *pid, guint64 number, TyReader *r)
{
  TyBallot ballot, view_ballot = { 0 };
  TyMember joiner = { 0 };
  TyMember *members = NULL;
  guint n = 0;
  ty_m_read_ballot (m, r, &ballot);
  gboolean with_joiner = ty_read_u8 (r) == 1;
  if (with_joiner)
    ty_member_read (r, &joiner);
  gboolean with_view = ty_read_u8 (r) == 1;
  if (!r->bad && with_view)
    {
      ty_read_ballot (r, &view_ballot);
      members = ty_members_read (r, &n);
    }
  TyId joiner_pid = joiner.pid;
  ty_member_clear (&joiner);
  gboolean as_joiner = m->phase == TY_MEMBERSHIP_JOINING;
  if (!ty_reader_done (r) || !ty_id_equal (&ballot.pid, pid) || as_joiner != (members != NULL))
    {
      if (members != NULL)
        ty_members_free (members, n);
      /* A joiner may be asked as the member that it does not know it is. */
      if (as_joiner && ty_reader_done (r) && m->view != NULL)
        ty_entry_ask (m, pid);
      return ty_reader_done (r);
    }
  TyViewId id = { .number = number, .ballot = view_ballot };
  if (as_joiner && !joiner_takes_view (m, pid, number, &id, members, n))
    return TRUE;
  if (ty_m_rank (m, pid) == m->view->n_members)
    return FALSE;
  if (ty_ballot_compare (&ballot, &m->promised) < 0)
    send_nack (m, pid);
  else
    {
      promise_ballot (m, &ballot);
      send_state (m, pid, &ballot, with_joiner ? &joiner_pid : NULL);
    }
  return TRUE;
}

/* ---- accepting ---- */

static void
send_flush (TyMembership *m, const Record *record)
{
  GByteArray *w = ty_m_packet (m, TY_PACKET_FLUSH);
  ty_write_ballot (w, &record->ballot);
  ty_write_id (w, &record->digest);
  g_autoptr (GArray) to = NULL;
  if (record->gather)
    {
      to = g_array_new (FALSE, FALSE, sizeof (TyId));
      ty_ids_add (to, &record->ballot.pid);
      ty_ids_add (to, &m->self);
    }
  else
    {
      to = g_array_copy (record->acceptors);
      for (guint i = 0; i < record->value->n_members; i++)
        ty_ids_add (to, &record->value->members[i].pid);
    }
  for (guint i = 0; i < to->len; i++)
    m->host->send (m->host_data, &g_array_index (to, TyId, i), w);
  g_byte_array_unref (w);
}

/* V5: nobody accepts without holding everything up to the cut; a joiner holds nothing of v, and is only ready. */
static void
try_accept (TyMembership *m)
{
  Record *record = m->pending;
  if (record == NULL)
    return;
  g_assert (record->value != NULL);
  if (ty_ballot_compare (&record->ballot, &m->promised) < 0 && !TY_PLANTED (stale_ballot_taken))
    {
      m->pending = NULL;
      return;
    }
  gboolean member = m->phase == TY_MEMBERSHIP_IN;
  if (member && !TY_PLANTED (accepted_without_cut) && !m->host->holds (m->host_data, record->value->cut))
    return;
  if (member && ty_rekey_lacks (m, record->value))
    return;
  /* Its list has become narrower since its STATE: it gives up (entry.c). */
  if (!member && ty_entry_bars (m, record->value->members, record->value->n_members))
    return;
  if (ty_lease_bars_until (m, record->value) > ty_m_now (m))
    return;
  m->pending = NULL;
  m->promised = record->ballot;
  record->accepted = TRUE;
  if (member || TY_PLANTED (joiner_adopted))
    {
      m->accepted_ballot = record->ballot;
      g_clear_pointer (&m->accepted, ty_value_unref);
      m->accepted = ty_value_ref (record->value);
      if (m->view->id.number == 0)
        m->host->keep_durable (m->host_data);
    }
  send_flush (m, record);
}

static GArray *
read_ids (TyReader *r)
{
  gsize n = ty_read_count (r, 16);
  GArray *ids = g_array_sized_new (FALSE, FALSE, sizeof (TyId), (guint) n);
  for (gsize i = 0; i < n; i++)
    {
      TyId id;
      ty_read_id (r, &id);
      g_array_append_val (ids, id);
    }
  return ids;
}

/* This process's share of the forwarding plan; `check` only looks whether the plan is sound. */
static gboolean
walk_plan (TyMembership *m, TyReader *r, const TyValue *value, gboolean check)
{
  guint n = m->view->n_members;
  gsize entries = ty_read_count (r, 4);
  guint64 before = 0;
  for (gsize i = 0; i < entries; i++)
    {
      guint64 holder = ty_read_varint (r), to = ty_read_varint (r), sender = ty_read_varint (r);
      guint64 after = ty_read_varint (r);
      if (r->bad || holder >= n || to >= n || sender >= n)
        return FALSE;
      /* Each sender once for each who lacks something, in order: nobody is made to send the same again and again. */
      if (i > 0 && to * n + sender <= before)
        return FALSE;
      before = to * n + sender;
      if (!check && holder == m->view->self && m->phase == TY_MEMBERSHIP_IN && to != holder)
        m->host->forward (m->host_data, m->view->id.number, &m->view->members[to].pid, (guint) sender, after,
                          value->cut[sender]);
    }
  return ty_reader_done (r);
}

/* It ends the view with this process: as one that goes on, or as a leaver. */
static gboolean
closes_here (TyMembership *m, const TyValue *value)
{
  TyLeftWhy why;
  return ty_value_rank (value, &m->self) < value->n_members
         || (ty_value_gone (value, m->view->self, &why) && why == TY_LEFT_LEAVE);
}

/* A joiner is let in as what it asked to be let in as; and no view that lets somebody in brings secrets. */
static gboolean
lets_in (TyMembership *m, const TyValue *value)
{
  guint rank = ty_value_rank (value, &m->self);
  if (rank == value->n_members || value->has_keys)
    return FALSE;
  const TyMember *as = &value->members[rank];
  return as->since == value->id.number && as->loaded == m->me.loaded && g_str_equal (as->name, m->me.name)
         && g_str_equal (as->address, m->me.address);
}

/* Nobody knows better than this process whether it leaves (V4), what it has loaded, and how much it has sent. */
static gboolean
true_of_self (TyMembership *m, const TyValue *value)
{
  guint self = m->view->self, next = ty_value_rank (value, &m->self);
  TyLeftWhy why;
  if (ty_value_gone (value, self, &why) && why == TY_LEFT_LEAVE && !m->leaving)
    return FALSE;
  if (next < value->n_members && value->members[next].loaded && !m->self_loaded)
    return FALSE;
  return value->cut[self] <= m->host->received (m->host_data, self);
}

gboolean
ty_voter_fits (TyMembership *m, const TyValue *value)
{
  if (m->phase == TY_MEMBERSHIP_JOINING)
    return lets_in (m, value);
  return ty_value_follows (value, m->view) && true_of_self (m, value)
         && m->host->check_order (m->host_data, value->order)
         && (!closes_here (m, value) || m->host->may_close (m->host_data, value->cut, value->order));
}

/* Whom a round waits for, and who votes in it, are of its value and of its view; of the founders (V13), some may never
 * have been met here: of them only the names are known. */
static gboolean
parties_fit (TyMembership *m, const TyValue *value, const GArray *need, const GArray *acceptors)
{
  if (need->len > value->n_members || acceptors->len > m->view->n_members)
    return FALSE;
  for (guint i = 0; i < need->len; i++)
    if (ty_value_rank (value, &g_array_index (need, TyId, i)) == value->n_members)
      return FALSE;
  for (guint i = 0; i < acceptors->len && m->view->id.number > 0; i++)
    if (ty_m_rank (m, &g_array_index (acceptors, TyId, i)) == m->view->n_members)
      return FALSE;
  return TRUE;
}

gboolean
ty_voter_on_propose (TyMembership *m, const TyId *pid, TyReader *r)
{
  TyBallot ballot;
  ty_m_read_ballot (m, r, &ballot);
  gboolean gather = ty_read_u8 (r) == 1;
  g_autoptr (TyValue) value = r->bad ? NULL : ty_value_read (r);
  if (value == NULL)
    return FALSE;
  g_autoptr (GArray) need = read_ids (r);
  g_autoptr (GArray) acceptors = read_ids (r);
  TyReader plan = *r;
  /* A member coordinates, and nobody else. */
  if (r->bad || !ty_id_equal (&ballot.pid, pid) || ty_m_rank (m, pid) == m->view->n_members
      || !ty_value_follows (value, m->view) || !ty_voter_fits (m, value)
      || !parties_fit (m, value, need, acceptors) || !walk_plan (m, r, value, TRUE))
    return FALSE;
  if (ty_ballot_compare (&ballot, &m->promised) < 0 && !TY_PLANTED (stale_ballot_taken))
    {
      send_nack (m, pid);
      return TRUE;
    }
  promise_ballot (m, &ballot);
  Record *record = record_of (m, &ballot);
  if (record->value != NULL)
    return TRUE;
  record->value = g_steal_pointer (&value);
  record->need = g_steal_pointer (&need);
  record->acceptors = g_steal_pointer (&acceptors);
  record->gather = gather;
  ty_value_digest (record->value, &record->digest);
  if (m->round != NULL && ty_ballot_compare (&m->round->ballot, &ballot) == 0)
    m->round->record = record;
  m->pending = record;
  m->need_at = ty_m_now (m) + m->round_us;
  walk_plan (m, &plan, record->value, FALSE);
  ty_voter_progress (m);
  return TRUE;
}

/* ---- deciding ---- */

#ifdef TYET_PLANTS
static gboolean
suspect_is_back (TyMembership *m, const TyValue *value)
{
  for (guint i = 0; i < value->n_gone; i++)
    if (value->gone[i].why == TY_LEFT_SUSPECT
        && ty_m_reach (m, &m->view->members[value->gone[i].rank].pid) == TY_REACH_UP)
      return TRUE;
  return FALSE;
}

static gboolean
next_view_quorum (const Record *record)
{
  const TyValue *value = record->value;
  g_autofree gboolean *in = g_new0 (gboolean, value->n_members + 1);
  for (guint i = 0; i < value->n_members; i++)
    in[i] = ty_ids_contain (record->flushed, &value->members[i].pid);
  return value->n_members == 0 || ty_members_quorum (value->members, value->n_members, in);
}
#else
#define next_view_quorum(record) FALSE
#define suspect_is_back(m, value) FALSE
#endif

/* V6: FLUSHes of different ballots are never added up. */
static gboolean
counts (const TyMembership *m, const Record *record, const TyId *pid)
{
  gboolean in = ty_ids_contain (record->flushed, pid);
  for (guint i = 0; TY_PLANTED (ballots_added_up) && i < m->records->len; i++)
    {
      const Record *other = m->records->pdata[i];
      in |= ty_id_equal (&other->digest, &record->digest) && ty_ids_contain (other->flushed, pid);
    }
  return in;
}

static gboolean
is_decided (TyMembership *m, const Record *record)
{
  if (record->value == NULL || !record->accepted || !ty_ids_contain (record->flushed, &m->self))
    return FALSE;
  if (TY_PLANTED (accepted_without_cut) && ty_m_is_member (m) && !m->host->holds (m->host_data, record->value->cut))
    return FALSE;
  if (TY_PLANTED (suspicion_revoked) && suspect_is_back (m, record->value))
    return FALSE;
  guint n = m->view->n_members;
  g_autofree gboolean *in = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    in[i] = counts (m, record, &m->view->members[i].pid);
  if (TY_PLANTED (joiners_counted) && record->value->n_members + record->value->n_gone > n)
    ty_plant_vote (in, n);
  if (TY_PLANTED (quorum_of_next_view))
    return next_view_quorum (record);
  if (!ty_members_quorum (m->view->members, n, in) && !TY_PLANTED (decided_without_quorum))
    return FALSE;
  for (guint i = 0; i < record->need->len; i++)
    if (!counts (m, record, &g_array_index (record->need, TyId, i)))
      return FALSE;
  return TRUE;
}

static void
announce (TyMembership *m, const Record *record)
{
  GByteArray *w = ty_m_packet (m, TY_PACKET_DECIDED);
  ty_value_write (w, record->value);
  g_autoptr (GArray) to = g_array_copy (record->acceptors);
  for (guint i = 0; i < record->value->n_members; i++)
    ty_ids_add (to, &record->value->members[i].pid);
  for (guint i = 0; i < to->len; i++)
    if (!ty_id_equal (&g_array_index (to, TyId, i), &m->self))
      m->host->send (m->host_data, &g_array_index (to, TyId, i), w);
  g_byte_array_unref (w);
}

/* Of ballots that nobody else speaks of, the FLUSHes of one process displace each other, and nothing else. */
static void
forget_own (TyMembership *m, const TyId *pid)
{
  guint n = 0, lowest = m->records->len;
  for (guint i = 0; i < m->records->len; i++)
    {
      const Record *record = m->records->pdata[i];
      if (record->value != NULL || record->flushed->len != 1 || !ty_ids_contain (record->flushed, pid))
        continue;
      n++;
      if (lowest == m->records->len
          || ty_ballot_compare (&record->ballot, &((const Record *) m->records->pdata[lowest])->ballot) < 0)
        lowest = i;
    }
  if (n >= MOST_ALONE)
    g_ptr_array_remove_index (m->records, lowest);
}

gboolean
ty_voter_on_flush (TyMembership *m, const TyId *pid, TyReader *r)
{
  TyBallot ballot;
  TyId digest;
  ty_m_read_ballot (m, r, &ballot);
  ty_read_id (r, &digest);
  if (!ty_reader_done (r))
    return FALSE;
  /* A joiner's may come before the PROPOSE; but only members' displace anything. */
  gboolean member = ty_m_rank (m, pid) < m->view->n_members;
  if (!member && m->records->len >= MAX_RECORDS / 2 && find_record (m, &ballot) == NULL)
    return TRUE;
  if (find_record (m, &ballot) == NULL)
    forget_own (m, pid);
  Record *record = record_of (m, &ballot);
  if (record->value != NULL && !ty_id_equal (&record->digest, &digest))
    return FALSE;
  ty_ids_add (record->flushed, pid);
  if (TY_PLANTED (ballots_added_up))
    record->digest = digest;
  ty_voter_progress (m);
  return TRUE;
}

/* Whether this process has all that the value that it was told of takes. */
static gboolean
can_install_decided (TyMembership *m)
{
  return (!closes_here (m, m->decided) || m->host->holds (m->host_data, m->decided->cut))
         && (m->phase != TY_MEMBERSHIP_IN || !ty_rekey_lacks (m, m->decided));
}

/* What a FLUSH can be too late for is remembered by the ballot; what is told by DECIDED overrides everything (V6).
 * Until it can be installed rounds go on: they can only come to the same, if what was told is so, and to an end if
 * not. */
void
ty_voter_progress (TyMembership *m)
{
  if (m->phase != TY_MEMBERSHIP_IN && m->phase != TY_MEMBERSHIP_JOINING)
    return;
  if (m->decided != NULL && can_install_decided (m))
    {
      g_autoptr (TyValue) value = g_steal_pointer (&m->decided);
      ty_voter_install (m, value, NULL);
      return;
    }
  try_accept (m);
  for (guint i = 0; i < m->records->len; i++)
    {
      Record *record = m->records->pdata[i];
      if (!is_decided (m, record))
        continue;
      if (record->gather)
        announce (m, record);
      g_autoptr (TyValue) value = ty_value_ref (record->value);
      ty_voter_install (m, value, record);
      return;
    }
}

static Record *
steal_record (TyMembership *m, const Record *record)
{
  guint index;
  if (record == NULL || !g_ptr_array_find (m->records, record, &index))
    return NULL;
  if (m->pending == record)
    m->pending = NULL;
  if (m->round != NULL && m->round->record == record)
    m->round->record = NULL;
  return g_ptr_array_steal_index (m->records, index);
}

/* Whether others may have counted a FLUSH of this process for `value`: a joiner's count too, which accept nothing. */
static gboolean
has_flushed (const TyMembership *m, const TyValue *value)
{
  gboolean flushed = m->accepted != NULL && ty_view_id_equal (&m->accepted->id, &value->id);
  for (guint i = 0; i < m->records->len; i++)
    {
      const Record *record = m->records->pdata[i];
      flushed |= record->accepted && record->value != NULL && ty_view_id_equal (&record->value->id, &value->id);
    }
  return flushed;
}

void
ty_voter_install (TyMembership *m, TyValue *value, const Record *record)
{
  gboolean was_member = m->phase == TY_MEMBERSHIP_IN;
  gboolean goes_on = ty_value_rank (value, &m->self) < value->n_members;
  g_autoptr (TyetView) old = tyet_view_ref (m->view);
  /* Only a round that had this process's STATE before it was proposed: then every FLUSH of it was given after that. */
  gboolean echoes = record != NULL && ty_ballot_compare (&record->ballot, &m->state_ballot) == 0
                    && ty_ids_contain (record->need, &m->self);
  gboolean flushed = has_flushed (m, value);
  Record *decided_by = steal_record (m, record);
  flushed |= decided_by != NULL;
  g_assert (goes_on || was_member);

  /* A joiner may have been told of another view than the one that this follows: it cannot speak for that. */
  if (ty_value_follows (value, old))
    ty_late_keep (m, old, value);
  if (!goes_on)
    {
      m->phase = TY_MEMBERSHIP_LINGERING;
      m->alive_at = ty_m_now (m) + m->config.heartbeat_us;
      ty_round_free (m);
    }
  ty_rekey_installed (m, value);
  m->host->install (m->host_data, value);
  if (goes_on)
    {
      if (!echoes)
        m->state_at = 0;
      ty_lease_begin (m, decided_by, flushed);
    }
  else
    for (guint i = 0; i < old->n_members; i++)
      if (!ty_id_equal (&old->members[i].pid, &m->self))
        ty_lease_tell (m, &old->members[i].pid, old->id.number + 1);
  if (goes_on && was_member)
    ty_late_shut_out (m, old, value);
  if (decided_by != NULL)
    ty_record_free (decided_by);
}

/* Whom to ask for what is lacking up to the decided cut (V7): who told of the decision, then each of the others in
 * turn: any may have gone, or keep nothing any more. */
static const TyId *
next_holder (TyMembership *m)
{
  guint n_old = m->view->n_members, n = n_old + m->decided->n_members;
  for (guint tries = 0; m->asked > 0 && tries < n; tries++)
    {
      guint i = m->asked++ % n;
      const TyId *pid = i < n_old ? &m->view->members[i].pid : &m->decided->members[i - n_old].pid;
      if (!ty_id_equal (pid, &m->self) && ty_m_reach (m, pid) == TY_REACH_UP)
        return pid;
    }
  m->asked = 1;
  return &m->decided_by;
}

/* V2: who has sent STATE and sees no decision, or has lost something that only a round repairs (V9), tells whom it
 * takes for coordinator, again and again. */
void
ty_voter_tick (TyMembership *m)
{
  gint64 now = ty_m_now (m);
  if (m->pending != NULL || (m->decided != NULL && m->decided->has_keys))
    ty_voter_progress (m);
  gboolean needs = m->frozen || (m->need_round && !ty_round_is_coordinator (m));
  if (m->phase != TY_MEMBERSHIP_IN || !needs || now < m->need_at)
    return;
  m->need_at = now + m->round_us;
  GByteArray *w = ty_m_packet (m, TY_PACKET_NEED);
  ty_write_ballot (w, &m->promised);
  m->host->write_receipts (m->host_data, w);
  guint coordinator = ty_round_coordinator (m);
  if (m->decided != NULL)
    m->host->send (m->host_data, next_holder (m), w);
  /* Nobody has what is lacking: it may never have been decided. */
  if ((m->decided == NULL || m->asked > MANY_ASKED) && coordinator < m->view->n_members)
    m->host->send (m->host_data, &m->view->members[coordinator].pid, w);
  g_byte_array_unref (w);
}
