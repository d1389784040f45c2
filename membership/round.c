/* membership/round.c: the coordinator of a round: PREPARE, STATEs, PROPOSE (V2-V4).
 *
 *   step                          invariant                                    what a crash here leaves behind
 *   PREPARE sent                  the ballot is above any that it has seen     members that promised it; the next
 *                                                                              coordinator goes above
 *   STATEs collected              one for this ballot from each                nothing but promises
 *   a quorum of v has answered    an accepted value among them is adopted,     nothing
 *   and everyone waited for       of the highest ballot, unedited
 *   PROPOSE sent (to some)        one value a ballot                           some accept: the next round finds it
 *                                                                              and adopts it
 *
 * Nobody is left out because a timer ran out: the coordinator waits for every member that it does not suspect.
 *
 *   PREPARE, after the common head               NACK
 *   size    field                                1       1: found no set to propose, yields
 *   varint  counter, 16 bytes process: ballot    varint  counter, 16 bytes process: promised ballot
 *   1       1: a joiner is asked too
 *   member  the joiner, if any                   NEED
 *   1       1: what follows is there (to the     varint  counter, 16 bytes process: promised ballot
 *           joiner)                              ...     receipts, as in the store's digest
 *   varint  counter, 16 bytes: the view's
 *           ballot
 *   varint  members of the view
 *
 *   STATE                                        PROPOSE
 *   varint  counter, 16 bytes: ballot            varint  counter, 16 bytes process: ballot
 *   1       flags: 1 loaded, 2 leaves,           1       1: FLUSHes are gathered
 *           4 to be taken out, 8 reaches the     value   (value.h)
 *           joiner, 16 has accepted              varint  whom the round waits for, 16 bytes each
 *   varint  weight that it is to have
 *   block   bit by rank: reaches                 varint  acceptors, 16 bytes each
 *   varint  counter, 16 bytes, value: accepted   varint  forwarding plan, each: varint holder, to, sender
 *   block   receipts                                     (ranks), number after which messages are lacking
 *   block   order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"
#include "core/plant.h"

void
ty_state_free (State *state)
{
  if (state == NULL)
    return;
  g_free (state->bytes);
  g_free (state->reaches);
  g_clear_pointer (&state->accepted, ty_value_unref);
  g_free (state);
}

void
ty_round_free (TyMembership *m)
{
  Round *round = m->round;
  if (round == NULL)
    return;
  for (guint i = 0; i < m->view->n_members; i++)
    ty_state_free (round->states[i]);
  ty_state_free (round->joiner_state);
  g_clear_pointer (&round->joiner, ty_joiner_free);
  g_free (round->states);
  g_free (round->suspected);
  g_free (round);
  m->round = NULL;
}

/* The joiner that is asked with the round is gone, or does not answer: it goes on without it. */
void
ty_round_drop_joiner (TyMembership *m)
{
  Round *round = m->round;
  g_clear_pointer (&round->joiner, ty_joiner_free);
  g_clear_pointer (&round->joiner_state, ty_state_free);
  ty_round_reconsider (m);
}

/* A process that wanted in is gone: the round goes on without it, or, if it is proposed already, will not end. */
void
ty_round_forget_joiner (TyMembership *m, const TyId *pid)
{
  Round *round = m->round;
  if (!round->proposed && round->joiner != NULL && ty_id_equal (&round->joiner->as.pid, pid))
    ty_round_drop_joiner (m);
  else if (round->record != NULL && ty_ids_contain (round->record->need, pid))
    round->stuck = TRUE;
}

/* Who is behind, or barred, is done without only if a quorum is left without those who are (V9). Who is barred and
 * cannot be done without votes for the view that it is not in (select.c). */
static gboolean
left_behind (const TyMembership *m, guint rank)
{
  if (!m->members[rank].behind && !m->members[rank].barred)
    return FALSE;
  g_autofree gboolean *in = g_new0 (gboolean, m->view->n_members);
  for (guint i = 0; i < m->view->n_members; i++)
    in[i] = !m->members[i].suspected && !m->members[i].behind && !m->members[i].barred;
  return ty_members_quorum (m->view->members, m->view->n_members, in);
}

/* V2: the lowest-ranked member that this process does not suspect, and that has not yielded. */
guint
ty_round_coordinator (const TyMembership *m)
{
  for (guint i = 0; i < m->view->n_members; i++)
    if (!m->members[i].suspected && !left_behind (m, i) && !m->members[i].yielded)
      return i;
  for (guint i = 0; i < m->view->n_members; i++)
    if (!m->members[i].suspected)
      return i;
  return m->view->n_members;
}

gboolean
ty_round_is_coordinator (const TyMembership *m)
{
  return m->phase == TY_MEMBERSHIP_IN && ty_round_coordinator (m) == m->view->self;
}

static void
send_prepare (TyMembership *m, const TyId *pid, gboolean to_joiner)
{
  const Round *round = m->round;
  GByteArray *w = ty_m_packet (m, TY_PACKET_PREPARE);
  ty_write_ballot (w, &round->ballot);
  ty_write_u8 (w, round->joiner != NULL);
  if (round->joiner != NULL)
    ty_member_write (w, &round->joiner->as);
  ty_write_u8 (w, to_joiner);
  if (to_joiner)
    {
      ty_write_ballot (w, &m->view->id.ballot);
      ty_write_varint (w, m->view->n_members);
      for (guint i = 0; i < m->view->n_members; i++)
        ty_member_write (w, &m->view->members[i]);
    }
  ty_m_send (m, pid, w);
}

static void
begin_round (TyMembership *m)
{
  guint n = m->view->n_members;
  ty_round_free (m);
  m->counter = MAX (m->counter, m->promised.counter) + (TY_PLANTED (ballot_not_raised) ? 0 : 1);
  Round *round = g_new0 (Round, 1);
  m->round = round;
  m->rounds++;
  m->need_round = FALSE;
  m->probe_until = 0;
  m->back_off_until = 0;
  round->ballot = (TyBallot){ .counter = m->counter, .pid = m->self };
  round->suspected = g_new0 (gboolean, n);
  round->states = g_new0 (State *, n);
  round->started = ty_m_now (m);
  for (guint i = 0; i < n; i++)
    round->suspected[i] = m->members[i].suspected || left_behind (m, i);
  /* New secrets are for those who are in: whoever wants in comes after that. */
  const Joiner *joiner = ty_rekey_wanted (m) == NULL ? ty_entry_next (m) : NULL;
  if (joiner != NULL)
    {
      round->joiner = g_new0 (Joiner, 1);
      ty_member_copy (&round->joiner->as, &joiner->as);
    }
  for (guint i = 0; i < n; i++)
    if (ty_m_reach (m, &m->view->members[i].pid) == TY_REACH_UP)
      send_prepare (m, &m->view->members[i].pid, FALSE);
  if (round->joiner != NULL)
    send_prepare (m, &round->joiner->as.pid, TRUE);
}

/* A member has come into reach while its STATE is waited for, or could be a vote. */
void
ty_round_reached (TyMembership *m, guint rank)
{
  const Round *round = m->round;
  if (round != NULL && !round->proposed && round->states[rank] == NULL)
    send_prepare (m, &m->view->members[rank].pid, FALSE);
}

/* V10: when nobody who goes on has loaded, the first leaver that has stays; a round for its sake would change nothing.
 */
static gboolean
leaver_must_stay (TyMembership *m, guint rank)
{
  gboolean anyone = FALSE;
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const Member *member = &m->members[i];
      gboolean loaded = member->loaded || m->view->members[i].loaded;
      if (member->suspected || member->takeout)
        continue;
      if (member->leaving && loaded && i < rank)
        return FALSE;
      if (!member->leaving && loaded)
        return FALSE;
      anyone |= !member->leaving;
    }
  return anyone && (m->members[rank].loaded || m->view->members[rank].loaded);
}

static gboolean
change_wanted (TyMembership *m)
{
  if (m->need_round || (m->frozen && !TY_PLANTED (round_not_restarted)) || ty_entry_next (m) != NULL
      || ty_rekey_wanted (m) != NULL)
    return TRUE;
  for (guint i = 0; i < m->view->n_members; i++)
    if (m->members[i].suspected || left_behind (m, i) || m->members[i].takeout || ty_bar_counts (m, i)
        || (m->members[i].leaving && !leaver_must_stay (m, i)))
      return TRUE;
  return FALSE;
}

/* Someone whom the proposed round waits for has come to be suspected: it will not end. */
static gboolean
proposal_is_stuck (TyMembership *m)
{
  const Round *round = m->round;
  if (round->record == NULL || round->stuck)
    return round->stuck;
  for (guint i = 0; i < m->view->n_members; i++)
    if (round->suspected[i] && ty_ids_contain (round->record->need, &m->view->members[i].pid))
      return TRUE;
  for (guint i = 0; i < round->record->need->len; i++)
    {
      const TyId *pid = &g_array_index (round->record->need, TyId, i);
      if (ty_m_rank (m, pid) == m->view->n_members && ty_m_reach (m, pid) != TY_REACH_UP)
        return TRUE;
    }
  return FALSE;
}

static guint
count_barred (const TyMembership *m)
{
  guint n = 0;
  for (guint i = 0; i < m->view->n_members; i++)
    n += m->members[i].barred;
  return n;
}

/* Who has come to be barred since would go on into the next view. A proposal that this process has not accepted is
 * given up for one without it; if somebody else has, it is adopted all the same, and the change comes after it (V4). */
static gboolean
proposal_keeps_barred (const TyMembership *m)
{
  const Record *record = m->round->record;
  if (record == NULL || record->accepted || count_barred (m) == m->round->n_barred)
    return FALSE;
  for (guint i = 0; i < m->view->n_members; i++)
    if (ty_bar_counts (m, i) && ty_value_rank (record->value, &m->view->members[i].pid) < record->value->n_members)
      return TRUE;
  return FALSE;
}

/* A partition heals piece by piece, and founders start one by one: who was blocked anyway gives the others a moment to
 * come back into reach, rather than go on without them. */
static gboolean
settled (TyMembership *m)
{
  if (!m->blocked && m->view->id.number > 0)
    return TRUE;
  gint64 now = ty_m_now (m);
  if (m->quorum_since == 0)
    m->quorum_since = now;
  gint64 patience = m->view->id.number > 0 ? m->config.suspect_after_us / 2 : m->config.suspect_after_us;
  gboolean all = TRUE;
  for (guint i = 0; i < m->view->n_members; i++)
    all &= m->members[i].dead || ty_m_reach (m, &m->view->members[i].pid) == TY_REACH_UP;
  if (all || now >= m->quorum_since + patience)
    return TRUE;
  m->back_off_until = MIN (now + m->config.heartbeat_us, m->quorum_since + patience);
  return FALSE;
}

/* The same when someone would be left out because not all reach all yet: asked again after a heartbeat, for a while. */
static gboolean
wait_for_reach (TyMembership *m, const Selection *s)
{
  gint64 now = ty_m_now (m);
  gboolean left_out = FALSE;
  for (guint i = 0; i < m->view->n_members; i++)
    left_out |= m->round->states[i] != NULL && !m->round->suspected[i] && !s->next[i] && !s->leaves[i] && !s->out[i];
  if ((!m->blocked && m->view->id.number > 0) || !left_out || now >= m->quorum_since + 2 * m->config.suspect_after_us)
    return FALSE;
  ty_round_free (m);
  m->need_round = TRUE;
  m->back_off_until = now + m->config.heartbeat_us;
  return TRUE;
}

void
ty_round_tick (TyMembership *m)
{
  gint64 now = ty_m_now (m);
  if (m->probe_until > 0 && now >= m->probe_until)
    {
      m->probe_until = 0;
      m->need_round = TRUE;
    }
  if (m->back_off_until > 0 && now < m->back_off_until)
    return;
  Round *round = m->round;
  if (round != NULL && !round->proposed && round->joiner != NULL && round->joiner_state == NULL
      && now >= round->started + m->round_us)
    {
      Joiner *joiner = ty_entry_find (m, &round->joiner->as.pid, NULL);
      if (joiner != NULL)
        joiner->not_before = now + m->config.suspect_after_us;
      ty_round_drop_joiner (m);
      round = m->round;
    }
  if (!ty_round_is_coordinator (m) || !ty_m_quorum_in_reach (m))
    {
      m->quorum_since = 0;
      return;
    }
  if (round == NULL && !settled (m))
    return;
  if (round == NULL ? change_wanted (m) : round->proposed && (proposal_is_stuck (m) || proposal_keeps_barred (m)))
    begin_round (m);
}

/* ---- STATEs ---- */

static gboolean
read_state (TyMembership *m, State *state, TyReader *r)
{
  guint n = m->view->n_members;
  guint8 flags = ty_read_u8 (r);
  state->loaded = (flags & 1) != 0;
  state->leaving = (flags & 2) != 0;
  state->takeout = (flags & 4) != 0;
  state->reaches_joiner = (flags & 8) != 0;
  state->weight = (guint32) ty_read_bounded (r, TY_MAX_WEIGHT);
  gsize len;
  const guint8 *bits = ty_read_block (r, &len);
  if (r->bad || flags > 31 || len != (n + 7) / 8)
    return FALSE;
  state->reaches = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    state->reaches[i] = (bits[i / 8] >> (i % 8) & 1) != 0;
  if ((flags & 16) != 0)
    {
      ty_read_ballot (r, &state->accepted_ballot);
      state->accepted = ty_value_read (r);
    }
  state->receipts = ty_read_sub (r);
  state->order = ty_read_sub (r);
  return ty_reader_done (r) && (state->accepted == NULL || ty_voter_fits (m, state->accepted));
}

/* Of a member: what it says of receipts and order must be such that a proposal can be made of it. It cannot have
 * received what this process never sent. */
static gboolean
state_adds_up (TyMembership *m, const State *state, guint rank)
{
  TyDigest digest = { .rank = rank, .receipts = state->receipts, .order = state->order };
  g_autofree guint64 *cut = NULL;
  g_autoptr (GBytes) order = NULL;
  guint faulty;
  /* What it has accepted, it had accepted before it promised this ballot. */
  if (state->accepted != NULL && ty_ballot_compare (&state->accepted_ballot, &m->round->ballot) >= 0)
    return FALSE;
  return m->host->merge (m->host_data, &digest, 1, &cut, &order, &faulty) && m->host->check_order (m->host_data, order)
         && cut[m->view->self] <= m->host->received (m->host_data, m->view->self);
}

gboolean
ty_round_on_state (TyMembership *m, const TyId *pid, TyReader *r)
{
  TyBallot ballot;
  ty_read_ballot (r, &ballot);
  State *state = g_new0 (State, 1);
  gsize len = ty_reader_left (r);
  state->bytes = g_memdup2 (r->at, len);
  TyReader own = TY_READER (state->bytes, len);
  if (r->bad || !read_state (m, state, &own))
    {
      ty_state_free (state);
      return FALSE;
    }
  r->at = r->end;
  Round *round = m->round;
  guint rank = ty_m_rank (m, pid);
  State **slot = NULL;
  if (round != NULL && !round->proposed && ty_ballot_compare (&round->ballot, &ballot) == 0)
    {
      if (rank < m->view->n_members)
        slot = &round->states[rank];
      else if (round->joiner != NULL && ty_id_equal (&round->joiner->as.pid, pid))
        slot = &round->joiner_state;
    }
  if (slot == NULL || *slot != NULL)
    {
      ty_state_free (state);
      return TRUE;
    }
  if (rank < m->view->n_members && !state_adds_up (m, state, rank))
    {
      ty_state_free (state);
      return FALSE;
    }
  *slot = state;
  ty_round_reconsider (m);
  return TRUE;
}

/* ---- proposing ---- */

typedef struct
{
  guint holder, to, sender;
  guint64 after;
} PlanEntry;

static gboolean
in_touch (const Round *round, guint a, guint b)
{
  return a == b || (round->states[a]->reaches[b] && round->states[b]->reaches[a]);
}

/* Who gives `to` what it lacks of `sender`: the sender itself if it is there (it knows what is still on its way, N2),
 * else the first that holds everything and is in touch. */
static guint
find_holder (TyMembership *m, const Round *round, guint64 *const *received, guint to, guint sender, guint64 cut)
{
  guint n = m->view->n_members;
  if (round->states[sender] != NULL && !round->suspected[sender] && in_touch (round, sender, to)
      && received[sender][sender] >= cut)
    return sender;
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < n; i++)
      if (i != to && received[i] != NULL && received[i][sender] >= cut
          && (pass == 1 || (!round->suspected[i] && in_touch (round, i, to))))
        return i;
  return n;
}

static GArray *
make_plan (TyMembership *m, const Round *round, const TyValue *value)
{
  guint n = m->view->n_members;
  GArray *plan = g_array_new (FALSE, FALSE, sizeof (PlanEntry));
  g_autofree guint64 **received = g_new0 (guint64 *, n);
  for (guint i = 0; i < n; i++)
    if (round->states[i] != NULL)
      {
        received[i] = g_new0 (guint64, n);
        if (!m->host->read_receipts (m->host_data, round->states[i]->receipts, received[i]))
          g_clear_pointer (&received[i], g_free);
      }
  for (guint to = 0; to < n; to++)
    for (guint sender = 0; received[to] != NULL && sender < n; sender++)
      {
        if (received[to][sender] >= value->cut[sender])
          continue;
        guint holder = find_holder (m, round, received, to, sender, value->cut[sender]);
        if (holder == n)
          continue;
        PlanEntry entry = { .holder = holder, .to = to, .sender = sender, .after = received[to][sender] };
        g_array_append_val (plan, entry);
      }
  for (guint i = 0; i < n; i++)
    g_free (received[i]);
  return plan;
}

static void
write_ids (GByteArray *w, const GArray *ids)
{
  ty_write_varint (w, ids->len);
  for (guint i = 0; i < ids->len; i++)
    ty_write_id (w, &g_array_index (ids, TyId, i));
}

static void
send_proposal (TyMembership *m, const TyValue *value, const GArray *need, const GArray *acceptors)
{
  Round *round = m->round;
  g_autoptr (GArray) plan = make_plan (m, round, value);
  GByteArray *w = ty_m_packet (m, TY_PACKET_PROPOSE);
  ty_write_ballot (w, &round->ballot);
  ty_write_u8 (w, m->view->n_members > m->config.gather_above);
  ty_value_write (w, value);
  write_ids (w, need);
  write_ids (w, acceptors);
  ty_write_varint (w, plan->len);
  for (guint i = 0; i < plan->len; i++)
    {
      const PlanEntry *entry = &g_array_index (plan, PlanEntry, i);
      ty_write_varint (w, entry->holder);
      ty_write_varint (w, entry->to);
      ty_write_varint (w, entry->sender);
      ty_write_varint (w, entry->after);
    }
  g_autoptr (GArray) to = g_array_copy ((GArray *) acceptors);
  for (guint i = 0; i < value->n_members; i++)
    ty_ids_add (to, &value->members[i].pid);
  for (guint i = 0; i < to->len; i++)
    m->host->send (m->host_data, &g_array_index (to, TyId, i), w);
  g_byte_array_unref (w);
}

static const State *
highest_accepted (TyMembership *m, const Round *round)
{
  const State *best = NULL;
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const State *state = round->states[i];
      if (state != NULL && state->accepted != NULL
          && (best == NULL
              || (ty_ballot_compare (&state->accepted_ballot, &best->accepted_ballot) > 0
                  && !TY_PLANTED (lowest_adopted))))
        best = state;
    }
  if (TY_PLANTED (joiner_adopted) && best == NULL && round->joiner_state != NULL
      && round->joiner_state->accepted != NULL)
    best = round->joiner_state;
  return best;
}

/* V2: no set to propose: the turn goes to the next rank, until reach changes. */
static void
yield (TyMembership *m)
{
  ty_round_free (m);
  m->members[m->view->self].yielded = TRUE;
  /* Should the turn come round with nobody having found one, there is no hurry. */
  m->back_off_until = ty_m_now (m) + m->round_us;
  GByteArray *w = ty_m_packet (m, TY_PACKET_NACK);
  ty_write_u8 (w, 1);
  ty_write_ballot (w, &m->promised);
  ty_m_send_all (m, w, FALSE);
}

static void
propose (TyMembership *m)
{
  Round *round = m->round;
  guint n = m->view->n_members;
  g_autoptr (TyValue) value = NULL;
  const State *adopted = TY_PLANTED (no_adoption) ? NULL : highest_accepted (m, round);
  if (adopted != NULL)
    {
      value = ty_value_ref (adopted->accepted);
      for (guint i = 0; TY_PLANTED (adopted_edited) && i < n; i++)
        value->cut[i] = MAX (value->cut[i], m->host->received (m->host_data, i));
    }
  else
    {
      gboolean again;
      do
        {
          Selection selection;
          gboolean found = ty_select (m, round, &selection), waits = wait_for_reach (m, &selection);
          if (found && !waits)
            value = ty_select_value (m, round, &selection);
          Joiner *joiner = !waits && round->joiner != NULL ? ty_entry_find (m, &round->joiner->as.pid, NULL) : NULL;
          if (joiner != NULL && !selection.joiner)
            joiner->not_before = ty_m_now (m) + m->config.suspect_after_us / 2;
          ty_selection_clear (&selection);
          if (waits)
            return;
          /* Whose STATE does not go with the others' is suspected now: the rest may do without it. */
          again = found && value == NULL;
        }
      while (again);
    }
  if (value == NULL)
    {
      yield (m);
      return;
    }
  /* V6: fresh, the round waits for all next members; adopted, for those of them that answered this ballot. */
  g_autoptr (GArray) need = g_array_new (FALSE, FALSE, sizeof (TyId));
  g_autoptr (GArray) acceptors = g_array_new (FALSE, FALSE, sizeof (TyId));
  for (guint i = 0; i < n; i++)
    if (round->states[i] != NULL)
      ty_ids_add (acceptors, &m->view->members[i].pid);
  for (guint i = 0; i < value->n_members; i++)
    {
      const TyId *pid = &value->members[i].pid;
      gboolean answered = ty_ids_contain (acceptors, pid)
                          || (round->joiner_state != NULL && ty_id_equal (pid, &round->joiner->as.pid));
      if (adopted == NULL)
        g_assert (answered);
      if (answered)
        ty_ids_add (need, pid);
    }
  round->proposed = TRUE;
  round->n_barred = count_barred (m);
  round->record = NULL; /* found when the PROPOSE to oneself comes back */
  send_proposal (m, value, need, acceptors);
}

/* Something has changed that the round may have waited for. */
void
ty_round_reconsider (TyMembership *m)
{
  Round *round = m->round;
  if (round == NULL || round->proposed)
    return;
  guint n = m->view->n_members;
  g_autofree gboolean *answered = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    {
      answered[i] = round->states[i] != NULL;
      if (!answered[i] && !round->suspected[i])
        return;
    }
  if (round->joiner != NULL && round->joiner_state == NULL)
    return;
  if (TY_PLANTED (joiners_counted) && round->joiner != NULL)
    ty_plant_vote (answered, n);
  if (ty_members_quorum (m->view->members, n, answered))
    propose (m);
}

/* ---- rivals, and those who wait ---- */

gboolean
ty_round_on_nack (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint8 yields = ty_read_u8 (r);
  TyBallot promised;
  ty_m_read_ballot (m, r, &promised);
  guint rank = ty_m_rank (m, pid);
  if (!ty_reader_done (r) || yields > 1 || (yields == 1 && rank == m->view->n_members))
    return FALSE;
  /* A joiner refuses too, having been asked by a rival; of one that is not asked now the word has no effect. */
  gboolean asked = m->round != NULL && m->round->joiner != NULL && ty_id_equal (&m->round->joiner->as.pid, pid);
  if (rank == m->view->n_members && !asked)
    return TRUE;
  m->counter = MAX (m->counter, promised.counter);
  if (yields == 1)
    {
      m->members[rank].yielded = TRUE;
      if (m->frozen)
        m->need_at = ty_m_now (m);
      return TRUE;
    }
  if (m->round == NULL || ty_ballot_compare (&promised, &m->round->ballot) <= 0)
    return TRUE;
  guint rival = ty_m_rank (m, &promised.pid);
  gint64 back_off = rival < m->view->self && !m->members[rival].suspected ? m->round_us * (1 + m->view->self) / 2 : 0;
  ty_round_free (m);
  m->back_off_until = back_off > 0 ? ty_m_now (m) + back_off : 0;
  m->need_round = TRUE;
  return TRUE;
}

gboolean
ty_round_on_need (TyMembership *m, const TyId *pid, TyReader *r)
{
  TyBallot highest;
  ty_m_read_ballot (m, r, &highest);
  if (r->bad || ty_m_rank (m, pid) == m->view->n_members)
    return FALSE;
  r->at = r->end;
  m->counter = MAX (m->counter, highest.counter);
  gboolean running = m->round != NULL && ty_m_now (m) < m->round->started + 2 * m->round_us;
  if (running && ty_ballot_compare (&m->round->ballot, &highest) >= 0)
    return TRUE;
  m->need_round = !TY_PLANTED (round_not_restarted);
  if (m->round != NULL && !TY_PLANTED (round_not_restarted)
      && (m->round->proposed || ty_ballot_compare (&m->round->ballot, &highest) < 0))
    ty_round_free (m);
  if (m->members[m->view->self].yielded && !ty_round_is_coordinator (m))
    {
      GByteArray *w = ty_m_packet (m, TY_PACKET_NACK);
      ty_write_u8 (w, 1);
      ty_write_ballot (w, &m->promised);
      ty_m_send (m, pid, w);
    }
  return TRUE;
}
