/* membership/membership.c: the membership of one group as an object; what happens to sessions (V9, V12).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"

#include "core/group.h"
#include "core/plant.h"

/* Strangers that a blocked process asks whether the group went on. */
#define MOST_MET 256

/* ---- small things that all files of the folder use ---- */

gint64
ty_m_now (TyMembership *m)
{
  return m->host->now (m->host_data);
}

TyReach
ty_m_reach (TyMembership *m, const TyId *pid)
{
  return ty_id_equal (pid, &m->self) ? TY_REACH_UP : m->host->reach (m->host_data, pid);
}

guint
ty_m_rank (const TyMembership *m, const TyId *pid)
{
  return ty_view_rank (m->view, pid);
}

gboolean
ty_m_is_member (const TyMembership *m)
{
  return m->phase == TY_MEMBERSHIP_IN;
}

void
ty_m_read_ballot (const TyMembership *m, TyReader *r, TyBallot *out)
{
  ty_read_ballot (r, out);
  if (out->counter <= MAX (m->counter, m->promised.counter) + TY_MOST_ROUNDS)
    return;
  r->bad = TRUE;
  r->at = r->end;
}

GByteArray *
ty_m_packet_of (const TyMembership *m, TyPacketType type, guint64 number)
{
  GByteArray *w = g_byte_array_sized_new (128);
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, number == 0 ? &m->founding : &m->view->group);
  ty_write_varint (w, number);
  return w;
}

GByteArray *
ty_m_packet (const TyMembership *m, TyPacketType type)
{
  return ty_m_packet_of (m, type, m->view->id.number);
}

/* Takes the packet over. */
void
ty_m_send (TyMembership *m, const TyId *pid, GByteArray *packet)
{
  m->host->send (m->host_data, pid, packet);
  g_byte_array_unref (packet);
}

/* To the members of the current view. Takes the packet over. */
void
ty_m_send_all (TyMembership *m, GByteArray *packet, gboolean self_too)
{
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const TyId *pid = &m->view->members[i].pid;
      if (self_too || !ty_id_equal (pid, &m->self))
        m->host->send (m->host_data, pid, packet);
    }
  g_byte_array_unref (packet);
}

gboolean
ty_ids_contain (const GArray *ids, const TyId *id)
{
  for (guint i = 0; i < ids->len; i++)
    if (ty_id_equal (&g_array_index (ids, TyId, i), id))
      return TRUE;
  return FALSE;
}

void
ty_ids_add (GArray *ids, const TyId *id)
{
  if (!ty_ids_contain (ids, id))
    g_array_append_val (ids, *id);
}

gboolean
ty_ids_remove (GArray *ids, const TyId *id)
{
  for (guint i = 0; i < ids->len; i++)
    if (ty_id_equal (&g_array_index (ids, TyId, i), id))
      {
        g_array_remove_index (ids, i);
        return TRUE;
      }
  return FALSE;
}

gboolean
ty_m_quorum_in_reach (TyMembership *m)
{
  g_autofree gboolean *in = g_new0 (gboolean, MAX (m->view->n_members, 1));
  for (guint i = 0; i < m->view->n_members; i++)
    in[i] = !m->members[i].suspected;
  if (TY_PLANTED (joiners_counted) && m->joiners->len > 0)
    ty_plant_vote (in, m->view->n_members);
  return ty_members_quorum (m->view->members, m->view->n_members, in);
}

/* ---- the object ---- */

static TyMembership *
membership_create (const TyMembershipHost *host_ops, gpointer host, const TyNodeConfig *config, const TyId *self)
{
  TyMembership *m = g_new0 (TyMembership, 1);
  m->host = host_ops;
  m->host_data = host;
  m->config = *config;
  m->round_us = config->round_us > 0 ? config->round_us : config->suspect_after_us / 3;
  m->lease_us = config->lease_us > 0 ? config->lease_us : config->suspect_after_us / 2;
  m->config.gather_above = config->gather_above > 0 ? config->gather_above : TY_GATHER_ABOVE;
  m->self = *self;
  m->records = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_record_free);
  m->met = g_array_new (FALSE, FALSE, sizeof (TyId));
  m->joiners = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_joiner_free);
  m->kept = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_kept_free);
  return m;
}

/* Forgets everything about the agreement on the current view's successor. */
void
ty_m_drop_instance (TyMembership *m)
{
  ty_round_free (m);
  g_ptr_array_set_size (m->records, 0);
  m->pending = NULL;
  m->promised = (TyBallot){ 0 };
  m->accepted_ballot = (TyBallot){ 0 };
  g_clear_pointer (&m->accepted, ty_value_unref);
  g_clear_pointer (&m->decided, ty_value_unref);
  g_clear_pointer (&m->hearsay, ty_value_unref);
  m->frozen = FALSE;
  m->counter = 0;
  m->state_ballot = (TyBallot){ 0 };
  m->need_round = FALSE;
  m->back_off_until = 0;
  m->need_at = 0;
  m->barred_at = 0;
  m->ahead_at = 0;
  m->probe_until = 0;
}

/* A member's new view, or the view that a joiner has been asked about. */
void
ty_m_set_view (TyMembership *m, TyetView *view)
{
  ty_m_drop_instance (m);
  tyet_view_ref (view);
  Member *members = g_new0 (Member, MAX (view->n_members, 1));
  for (guint i = 0; m->view != NULL && i < m->view->n_members; i++)
    {
      guint rank = ty_view_rank (view, &m->view->members[i].pid);
      if (rank < view->n_members)
        members[rank].lasts = m->members[i].lasts;
    }
  g_clear_pointer (&m->view, tyet_view_unref);
  m->view = view;
  g_free (m->members);
  m->members = members;
  m->lease_sure_until = 0;
}

static void
membership_free (TyMembership *m)
{
  ty_m_drop_instance (m);
  g_clear_pointer (&m->view, tyet_view_unref);
  g_free (m->members);
  g_ptr_array_unref (m->records);
  g_ptr_array_unref (m->joiners);
  g_ptr_array_unref (m->kept);
  g_free (m->group_name);
  g_free (m->ordering);
  g_strfreev (m->contacts);
  g_strfreev (m->contact_why);
  g_free (m->contact_final);
  g_array_unref (m->met);
  ty_member_clear (&m->me);
  g_free (m);
}

/* V13: those that are not dead hold no quorum of the view, and never will again. */
static gboolean
membership_lost (TyMembership *m)
{
  if (m->phase != TY_MEMBERSHIP_IN || m->view->id.number == 0)
    return FALSE;
  g_autofree gboolean *in = g_new0 (gboolean, m->view->n_members);
  for (guint i = 0; i < m->view->n_members; i++)
    in[i] = !m->members[i].dead;
  return !ty_members_quorum (m->view->members, m->view->n_members, in);
}

/* V12. */
static void
check_block (TyMembership *m)
{
  if (m->phase != TY_MEMBERSHIP_IN || m->blocked || m->view->id.number == 0 || ty_m_quorum_in_reach (m))
    return;
  m->blocked = TRUE;
  m->host->blocked (m->host_data, membership_lost (m)
                                      ? "the quorum is lost for good: too many members are dead; only founding the "
                                        "group anew goes on"
                                      : "no quorum of the view is in reach");
}

static void bar_those (TyMembership *m);

static void
membership_begin (TyMembership *m, TyetView *view)
{
  g_assert (view->self < view->n_members);
  ty_m_set_view (m, view);
  m->phase = TY_MEMBERSHIP_IN;
  m->blocked = FALSE;
  m->quorum_since = 0;
  /* It may have loaded after its STATE: then the view does not know, and the others have to be told again. */
  m->self_loaded |= view->members[view->self].loaded;
  gint64 now = ty_m_now (m);
  m->begun_at = now;
  m->alive_at = now;
  for (guint i = 0; i < view->n_members; i++)
    {
      const TyMember *member = &view->members[i];
      if (i == view->self)
        continue;
      TyReach reach = ty_m_reach (m, &member->pid);
      if (reach == TY_REACH_NONE)
        m->host->dial (m->host_data, member->address, &member->pid);
      m->members[i].suspected = reach == TY_REACH_SUSPECT || reach == TY_REACH_DEAD;
      m->members[i].dead = reach == TY_REACH_DEAD;
      m->members[i].suspected_at = now;
      m->members[i].unreached_since = reach == TY_REACH_NONE ? now : 0;
    }
  m->dial_at = now + 2 * m->config.heartbeat_us;
  if (m->self_loaded && !view->members[view->self].loaded)
    ty_m_send_all (m, ty_m_packet (m, TY_PACKET_TRANSFER_LOADED), TRUE);
  if (m->leaving || m->takeout)
    ty_entry_say_leaving (m);
  if (m->rekey)
    ty_rekey_say (m);
  ty_entry_on_view (m);
  bar_those (m);
  check_block (m);
}

/* ---- founding together (V13) ---- */

static void
membership_write_durable (TyMembership *m, TyWriter *w)
{
  TyBallot promised = TY_PLANTED (founder_forgets) ? (TyBallot){ 0 } : m->promised;
  ty_write_ballot (w, &promised);
  ty_write_u8 (w, m->accepted != NULL && !TY_PLANTED (founder_forgets));
  if (m->accepted == NULL || TY_PLANTED (founder_forgets))
    return;
  ty_write_ballot (w, &m->accepted_ballot);
  ty_value_write (w, m->accepted);
}

static gboolean
read_durable (TyMembership *m, TyReader *r)
{
  ty_read_ballot (r, &m->promised);
  gboolean accepted = ty_read_u8 (r) == 1;
  if (accepted && !r->bad)
    {
      ty_read_ballot (r, &m->accepted_ballot);
      m->accepted = ty_value_read (r);
    }
  m->counter = m->promised.counter;
  return ty_reader_done (r) && (m->accepted == NULL || m->accepted->n_old == m->view->n_members);
}

/* View 0: everybody is frozen from the start, and has been met or not. */
static gboolean
membership_found (TyMembership *m, TyetView *founders, TyReader durable)
{
  ty_m_set_view (m, founders);
  m->founding = founders->group;
  m->phase = TY_MEMBERSHIP_IN;
  m->self_loaded = TRUE;
  if (ty_reader_left (&durable) > 0 && !read_durable (m, &durable))
    return FALSE;
  gint64 now = ty_m_now (m);
  m->frozen = TRUE;
  m->frozen_at = now;
  m->need_at = now + m->round_us;
  m->alive_at = m->dial_at = now;
  for (guint i = 0; i < founders->n_members; i++)
    m->members[i].unreached_since = i != founders->self ? now : 0;
  return TRUE;
}

static GByteArray *
suspect_packet (TyMembership *m, guint rank)
{
  GByteArray *w = ty_m_packet (m, TY_PACKET_SUSPECT);
  ty_write_varint (w, (guint64) rank << 1 | (m->members[rank].dead ? 1 : 0));
  return w;
}

/* Everyone tells everyone, or, in a large view, the coordinator, who alone tells everyone: a death then costs messages
 * in proportion to the members. Whoever comes to be the coordinator by this is told of all that are suspected. */
static void
say_suspect (TyMembership *m, guint rank)
{
  guint coordinator = ty_round_coordinator (m);
  gboolean large = m->view->n_members > m->config.gather_above && coordinator < m->view->n_members;
  if (!large || coordinator == m->view->self)
    {
      ty_m_send_all (m, suspect_packet (m, rank), FALSE);
      return;
    }
  for (guint i = 0; i < m->view->n_members; i++)
    if (i == rank || (rank < coordinator && m->members[i].suspected))
      {
        g_autoptr (GByteArray) w = suspect_packet (m, i);
        m->host->send (m->host_data, &m->view->members[coordinator].pid, w);
      }
}

static void
suspect_member (TyMembership *m, guint rank, gboolean dead)
{
  Member *member = &m->members[rank];
  if (member->suspected && (member->dead || !dead))
    return;
  if (!member->suspected)
    member->suspected_at = ty_m_now (m);
  member->suspected = TRUE;
  member->dead |= dead;
  if (ty_id_equal (&m->promised.pid, &m->view->members[rank].pid))
    m->back_off_until = 0;
  say_suspect (m, rank);
  if (m->round != NULL)
    {
      m->round->suspected[rank] = TRUE;
      ty_round_reconsider (m);
    }
}

/* It is gone, or has given up. */
static void
forget_joiner (TyMembership *m, const TyId *pid)
{
  guint index;
  if (ty_entry_find (m, pid, &index) == NULL)
    return;
  g_ptr_array_remove_index (m->joiners, index);
  if (m->round != NULL)
    ty_round_forget_joiner (m, pid);
}

static void
membership_on_reach (TyMembership *m, const TyId *pid, TyReach reach, gboolean fresh, const char *why)
{
  ty_late_on_reach (m, pid, reach, fresh);
  if (m->phase == TY_MEMBERSHIP_JOINING && reach != TY_REACH_UP)
    ty_ids_remove (m->met, pid);
  if (m->phase == TY_MEMBERSHIP_JOINING && reach == TY_REACH_UP)
    {
      ty_ids_add (m->met, pid);
      ty_entry_ask (m, pid);
      ty_entry_reached (m);
    }
  if (reach != TY_REACH_UP)
    forget_joiner (m, pid);
  if (m->phase != TY_MEMBERSHIP_IN)
    return;
  if (m->view->id.number == 0 && reach == TY_REACH_UP)
    ty_founders_reach (m, pid);
  guint rank = ty_m_rank (m, pid);
  if (rank == m->view->n_members && m->blocked && m->met->len < MOST_MET && reach == TY_REACH_UP)
    ty_ids_add (m->met, pid);
  if (rank == m->view->n_members)
    return;

  if (m->members[m->view->self].yielded)
    m->back_off_until = 0;
  for (guint i = 0; i < m->view->n_members; i++)
    m->members[i].yielded = FALSE;
  if (reach == TY_REACH_SUSPECT || reach == TY_REACH_DEAD)
    suspect_member (m, rank, reach == TY_REACH_DEAD);
  else if (reach == TY_REACH_UP)
    {
      /* V9: the suspicion ends (outside one's own running ballot: round->suspected stays), and a round repairs what was
       * lost.  A fresh session alone calls for one too. */
      if (m->members[rank].suspected || fresh)
        m->need_round = TRUE;
      m->members[rank].suspected = m->members[rank].dead = FALSE;
      m->members[rank].unreached_since = 0;
      bar_those (m);
      ty_round_reached (m, rank);
    }
  check_block (m);
}

static void
ask_whether_it_went_on (TyMembership *m, const TyId *pid)
{
  if (ty_m_rank (m, pid) == m->view->n_members && ty_m_reach (m, pid) == TY_REACH_UP)
    ty_lease_tell (m, pid, m->view->id.number);
}

/* V12: the blocked also ask their contacts: somebody there may know that the group went on; and so may who wanted to
 * be let in here, and was let in there. */
static void
ask_around (TyMembership *m)
{
  for (guint i = 0; m->contacts != NULL && m->contacts[i] != NULL; i++)
    m->host->dial (m->host_data, m->contacts[i], NULL);
  /* Where a member has died somebody else may listen by now, such as that member come back. */
  for (guint i = 0; i < m->view->n_members; i++)
    if (m->members[i].dead)
      m->host->dial (m->host_data, m->view->members[i].address, NULL);
  for (guint i = 0; i < m->met->len; i++)
    ask_whether_it_went_on (m, &g_array_index (m->met, TyId, i));
  for (guint i = 0; i < m->joiners->len; i++)
    ask_whether_it_went_on (m, &((const Joiner *) m->joiners->pdata[i])->as.pid);
}

/* Members without a session are dialed again and again; who cannot be reached for as long as silence is borne is
 * suspected. */
static void
reach_out (TyMembership *m)
{
  gint64 now = ty_m_now (m);
  if (now < m->dial_at)
    return;
  m->dial_at = now + 2 * m->config.heartbeat_us;
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const TyMember *member = &m->view->members[i];
      TyReach reach = ty_m_reach (m, &member->pid);
      if (reach == TY_REACH_UP || reach == TY_REACH_DEAD)
        continue;
      m->host->dial (m->host_data, member->address, &member->pid);
      gint64 since = m->members[i].unreached_since;
      if (since > 0 && now - since >= m->config.suspect_after_us)
        suspect_member (m, i, FALSE);
    }
  if (m->view->id.number == 0)
    ty_founders_tick (m);
  if (m->blocked)
    ask_around (m);
  check_block (m);
}

static void
membership_on_dial_failed (TyMembership *m, const char *address, const char *why, TyDialEnd end)
{
  if (m->phase == TY_MEMBERSHIP_JOINING)
    ty_entry_dial_failed (m, address, why, end);
  if (m->phase != TY_MEMBERSHIP_IN || end != TY_DIAL_REFUSED || !m->config.refusal_is_death)
    return;
  for (guint i = 0; i < m->view->n_members; i++)
    if (i != m->view->self && g_str_equal (m->view->members[i].address, address)
        && ty_m_reach (m, &m->view->members[i].pid) != TY_REACH_UP)
      {
        m->members[i].elsewhere = 0;
        suspect_member (m, i, m->view->id.number > 0); /* a founder may only not have started yet */
      }
  check_block (m);
}

/* V9: somebody suspects a member. */
static gboolean
on_suspect (TyMembership *m, TyReader *r)
{
  guint64 v = ty_read_varint (r);
  guint64 rank = v >> 1;
  if (!ty_reader_done (r) || rank >= m->view->n_members)
    return FALSE;
  if (rank == m->view->self || m->members[rank].suspected)
    return TRUE;
  m->host->probe (m->host_data, &m->view->members[rank].pid);
  if (m->probe_until == 0)
    m->probe_until = ty_m_now (m) + m->config.heartbeat_us;
  return TRUE;
}

static gboolean
on_loaded (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint rank = ty_m_rank (m, pid);
  if (!ty_reader_done (r) || rank == m->view->n_members)
    return FALSE;
  m->members[rank].loaded = TRUE;
  m->members[rank].takeout = FALSE;
  /* V10: it gets its weight in a view after it has loaded. */
  if (!m->view->members[rank].loaded && m->view->members[rank].weight == 0)
    m->need_round = TRUE;
  return TRUE;
}

/* V13: a founder that had not begun when it was asked has begun now. */
static void
founder_speaks (TyMembership *m, const TyId *pid)
{
  guint rank = ty_m_rank (m, pid);
  if (rank == m->view->n_members)
    return;
  m->members[rank].elsewhere = 0;
  if (!m->members[rank].suspected || ty_m_reach (m, pid) != TY_REACH_UP)
    return;
  m->members[rank].suspected = FALSE;
  m->need_round = TRUE;
  ty_round_reached (m, rank);
}

/* Everybody is told: whoever coordinates lets it go, itself or another. */
static void
membership_on_behind (TyMembership *m, guint rank)
{
  if (m->phase != TY_MEMBERSHIP_IN || rank == m->view->self)
    return;
  GByteArray *w = ty_m_packet (m, TY_PACKET_BEHIND);
  ty_write_varint (w, rank);
  ty_m_send_all (m, w, TRUE);
}

static gboolean
on_behind (TyMembership *m, TyReader *r)
{
  guint64 rank = ty_read_varint (r);
  if (!ty_reader_done (r) || rank >= m->view->n_members)
    return FALSE;
  m->members[rank].behind = TRUE;
  return TRUE;
}

/* ---- who may stay ---- */

/* A member that this process does not admit any more: the others are told, and whoever coordinates lets it go. */
static void
bar (TyMembership *m, guint rank)
{
  if (m->members[rank].barred)
    return;
  GByteArray *w = ty_m_packet (m, TY_PACKET_BARRED);
  ty_write_varint (w, rank);
  ty_m_send_all (m, w, TRUE);
}

static void
bar_those (TyMembership *m)
{
  for (guint i = 0; m->phase == TY_MEMBERSHIP_IN && m->view->id.number > 0 && i < m->view->n_members; i++)
    if (i != m->view->self && !m->host->may_stay (m->host_data, &m->view->members[i].pid))
      bar (m, i);
}

static void
membership_on_policy (TyMembership *m)
{
  bar_those (m);
  if (m->phase == TY_MEMBERSHIP_IN)
    ty_entry_recheck (m);
}

/* Nobody is left who has the state and whom all admit: these are not put out. (While a view is on its way, it may do
 * without one of them yet; and what follows it is said in it, again.) */
static void
say_who_stays (TyMembership *m)
{
  if (m->barred_at == 0 || m->frozen || ty_m_now (m) < m->barred_at + m->round_us)
    return;
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < m->view->n_members; i++)
    if (m->members[i].barred && !ty_bar_counts (m, i))
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", m->view->members[i].name);
  if (names->len == 0)
    return;
  m->barred_at = 0;
  g_message ("group %s: some member's list of keys lacks %s, but nobody else who stays has the state: none of them "
             "is excluded; mend the lists",
             m->view->group_name, names->str);
}

static gboolean
on_barred (TyMembership *m, TyReader *r)
{
  guint64 rank = ty_read_varint (r);
  if (!ty_reader_done (r) || rank >= m->view->n_members)
    return FALSE;
  m->barred_at = m->members[rank].barred ? m->barred_at : ty_m_now (m);
  m->members[rank].barred = !TY_PLANTED (barred_stays);
  return TRUE;
}

static gboolean
on_packet_now (TyMembership *m, const TyId *pid, TyPacketType type, TyReader *r)
{
  gboolean from_member = ty_m_rank (m, pid) < m->view->n_members;
  switch (type)
    {
    case TY_PACKET_ALIVE:
      return ty_lease_on_alive (m, pid, r);
    case TY_PACKET_LEAVE:
      return ty_entry_on_leave (m, pid, r);
    case TY_PACKET_GONE:
      if (!ty_reader_done (r))
        return FALSE;
      ty_founders_elsewhere (m, pid, FALSE);
      /* A joiner that has given up, or a contact that was asked and knows nothing of the group (V12). */
      if (!from_member)
        {
          forget_joiner (m, pid);
          return TRUE;
        }
      /* It delivers nothing and votes no more: as good as dead. But a founder may only not have begun yet. */
      suspect_member (m, ty_m_rank (m, pid), m->view->id.number > 0);
      check_block (m);
      return TRUE;
    case TY_PACKET_SUSPECT:
      return from_member && on_suspect (m, r);
    case TY_PACKET_BEHIND:
      return from_member && on_behind (m, r);
    case TY_PACKET_BARRED:
      return from_member && on_barred (m, r);
    case TY_PACKET_TRANSFER_LOADED:
      return on_loaded (m, pid, r);
    case TY_PACKET_STATE:
      return ty_round_on_state (m, pid, r);
    case TY_PACKET_NACK:
      return ty_round_on_nack (m, pid, r);
    case TY_PACKET_FLUSH:
      return ty_voter_on_flush (m, pid, r);
    case TY_PACKET_NEED:
      return ty_round_on_need (m, pid, r);
    default:
      return FALSE;
    }
}

static gboolean
membership_on_packet (TyMembership *m, const TyId *pid, TyPacketType type, guint64 number, TyReader *r)
{
  if (m->phase == TY_MEMBERSHIP_OVER || m->phase == TY_MEMBERSHIP_IDLE)
    return TRUE;
  if (type == TY_PACKET_FOUNDER)
    return ty_founders_on_packet (m, pid, r);
  /* V13: a founder that came back without what it had promised has no voice; but it does not know that. */
  gboolean founding = number == 0 && m->phase == TY_MEMBERSHIP_IN && m->view->id.number == 0;
  if (founding && type != TY_PACKET_GONE && type != TY_PACKET_DECIDED && type != TY_PACKET_EXCLUDED
      && ty_m_rank (m, pid) == m->view->n_members)
    return TRUE;
  /* What a joiner may get before it knows any view. */
  if (type == TY_PACKET_PREPARE)
    if (m->phase == TY_MEMBERSHIP_JOINING || (m->phase == TY_MEMBERSHIP_IN && number == m->view->id.number))
      return ty_voter_on_prepare (m, pid, number, r);
  if (type == TY_PACKET_DECIDED)
    return ty_late_on_decided (m, pid, r);
  if (type == TY_PACKET_EXCLUDED)
    return ty_late_on_excluded (m, pid, r);
  if (m->view == NULL)
    return TRUE;
  if (type == TY_PACKET_REKEY || type == TY_PACKET_WANT_KEYS || type == TY_PACKET_KEYS)
    return ty_rekey_on_packet (m, pid, type, number, r);
  if (TY_PLANTED (lease_by_stale_bytes) && ty_m_rank (m, pid) < m->view->n_members)
    m->members[ty_m_rank (m, pid)].echoed = ty_m_now (m);
  ty_late_closed (m, pid, number);
  if (type == TY_PACKET_GONE)
    ty_late_gone (m, pid);
  if (number == 0 && m->view->id.number == 0 && type != TY_PACKET_GONE)
    founder_speaks (m, pid);
  if (m->phase == TY_MEMBERSHIP_LINGERING || number < m->view->id.number)
    return ty_late_answer (m, pid, type, number, r);
  if (number > m->view->id.number)
    return TRUE;
  if (m->phase == TY_MEMBERSHIP_JOINING)
    {
      if (type == TY_PACKET_PROPOSE)
        return ty_voter_on_propose (m, pid, r);
      return type == TY_PACKET_FLUSH ? ty_voter_on_flush (m, pid, r) : TRUE;
    }
  return type == TY_PACKET_PROPOSE ? ty_voter_on_propose (m, pid, r) : on_packet_now (m, pid, type, r);
}

static void
membership_on_other_view (TyMembership *m, const TyId *pid, guint64 number)
{
  if (m->view == NULL)
    return;
  ty_late_closed (m, pid, number);
  if (m->phase == TY_MEMBERSHIP_IN && number > m->view->id.number)
    {
      /* Somebody is ahead: ask (V7), now and then: packets of a later view may come in numbers. */
      if (ty_m_now (m) < m->ahead_at)
        return;
      m->ahead_at = ty_m_now (m) + m->config.heartbeat_us;
      GByteArray *w = ty_m_packet (m, TY_PACKET_NEED);
      ty_write_ballot (w, &m->promised);
      m->host->write_receipts (m->host_data, w);
      ty_m_send (m, pid, w);
    }
  else if (m->phase == TY_MEMBERSHIP_JOINING)
    ty_entry_ask (m, pid);
  else if (number < m->view->id.number)
    {
      TyReader none = TY_READER (NULL, 0);
      ty_late_answer (m, pid, TY_PACKET_ALIVE, number, &none);
    }
}

static void
membership_on_other_founding (TyMembership *m, const TyId *pid)
{
  ty_founders_elsewhere (m, pid, TRUE);
}

static void
membership_leave (TyMembership *m)
{
  m->leaving = TRUE;
  if (m->phase == TY_MEMBERSHIP_IN)
    ty_entry_say_leaving (m);
}

static void
membership_stop (TyMembership *m)
{
  m->phase = TY_MEMBERSHIP_OVER;
  if (m->view != NULL)
    ty_round_free (m);
}

static void
membership_take_out (TyMembership *m)
{
  if (m->takeout)
    return;
  m->takeout = TRUE;
  if (m->phase == TY_MEMBERSHIP_IN)
    ty_entry_say_leaving (m);
}

static void
membership_loaded (TyMembership *m)
{
  if (m->phase != TY_MEMBERSHIP_IN)
    return;
  m->self_loaded = TRUE;
  m->takeout = FALSE;
  ty_m_send_all (m, ty_m_packet (m, TY_PACKET_TRANSFER_LOADED), TRUE);
}

static void
membership_join (TyMembership *m, const char *group_name, const char *ordering, const char *const *contacts,
                 const TyMember *me, gint64 deadline)
{
  g_assert (m->phase == TY_MEMBERSHIP_IDLE);
  m->phase = TY_MEMBERSHIP_JOINING;
  m->group_name = g_strdup (group_name);
  m->ordering = g_strdup (ordering);
  m->contacts = g_strdupv ((char **) contacts);
  guint n = g_strv_length (m->contacts);
  m->contact_why = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    m->contact_why[i] = g_strdup ("no answer yet");
  m->contact_final = g_new0 (gboolean, n + 1);
  ty_member_copy (&m->me, me);
  m->join_deadline = deadline;
  m->join_since = ty_m_now (m);
  m->ask_at = 0;
}

static void
membership_rekey (TyMembership *m)
{
  if (m->rekey)
    return;
  m->rekey = TRUE;
  if (m->phase == TY_MEMBERSHIP_IN)
    ty_rekey_say (m);
}

static void
membership_on_gap (TyMembership *m)
{
  m->need_round = TRUE;
}

static void
membership_tick (TyMembership *m)
{
  switch (m->phase)
    {
    case TY_MEMBERSHIP_JOINING:
      ty_entry_tick (m);
      ty_voter_tick (m);
      break;
    case TY_MEMBERSHIP_IN:
      reach_out (m);
      ty_late_recall (m);
      if (m->phase == TY_MEMBERSHIP_IN)
        ty_lease_tick (m);
      ty_voter_tick (m);
      if (m->phase == TY_MEMBERSHIP_IN)
        ty_round_tick (m);
      if (m->phase == TY_MEMBERSHIP_IN)
        say_who_stays (m);
      break;
    case TY_MEMBERSHIP_IDLE:
    case TY_MEMBERSHIP_LINGERING:
    case TY_MEMBERSHIP_OVER:
      break;
    }
  if (m->phase == TY_MEMBERSHIP_IN || m->phase == TY_MEMBERSHIP_LINGERING)
    ty_late_tick (m);
}

static gint64
soonest (gint64 now, gint64 a, gint64 b)
{
  /* What is over was seen to in the step that has just been made, or waits for something else than the time. */
  return b > now ? MIN (a, b) : a;
}

static gint64
membership_deadline (const TyMembership *m)
{
  gint64 at = G_MAXINT64, now = ty_m_now ((TyMembership *) m);
  if (m->phase == TY_MEMBERSHIP_JOINING)
    at = MIN (m->join_deadline, m->ask_at);
  if (m->phase == TY_MEMBERSHIP_LINGERING)
    at = m->alive_at;
  if (m->phase != TY_MEMBERSHIP_IN)
    return at;
  at = ty_lease_ticks (m) ? soonest (now, at, m->alive_at) : at;
  for (guint i = 0; i < m->view->n_members; i++)
    if (m->members[i].suspected || m->members[i].unreached_since > 0)
      at = soonest (now, at, m->dial_at);
  at = soonest (now, at, m->probe_until);
  at = soonest (now, at, m->back_off_until);
  if (m->frozen || m->need_round)
    at = soonest (now, at, m->need_at);
  at = soonest (now, at, m->keys_at);
  if (m->pending != NULL)
    at = soonest (now, at, ty_lease_bars_until ((TyMembership *) m, m->pending->value));
  if (m->round != NULL && m->round->joiner != NULL && !m->round->proposed)
    at = soonest (now, at, m->round->started + m->round_us);
  return at;
}

static gboolean
membership_wants (TyMembership *m, const TyId *pid)
{
  if (m->phase == TY_MEMBERSHIP_JOINING)
    return TRUE;
  if (m->blocked && ty_ids_contain (m->met, pid))
    return TRUE;
  if (m->phase == TY_MEMBERSHIP_IN && ty_m_rank (m, pid) < m->view->n_members)
    return TRUE;
  for (guint i = 0; i < m->joiners->len; i++)
    if (ty_id_equal (&((Joiner *) m->joiners->pdata[i])->as.pid, pid))
      return TRUE;
  for (guint i = 0; i < m->kept->len; i++)
    if (ty_ids_contain (((Kept *) m->kept->pdata[i])->awaited, pid))
      return TRUE;
  return FALSE;
}

static void
add_wait (GArray *waits, const char *what, const char *member, gint64 since, char *text)
{
  TyGroupWait wait = { .what = what, .text = text, .member = g_strdup (member), .since_us = since };
  g_array_append_val (waits, wait);
}

static void
waits_of_joiner (TyMembership *m, GArray *waits)
{
  for (guint i = 0; m->view == NULL && m->contacts[i] != NULL; i++)
    add_wait (waits, "contact", m->contacts[i], m->join_since,
              g_strdup_printf ("waits for contact %s to let it in: %s", m->contacts[i], m->contact_why[i]));
  for (guint i = 0; m->view != NULL && i < m->view->n_members; i++)
    if (ty_m_reach (m, &m->view->members[i].pid) != TY_REACH_UP)
      add_wait (waits, "contact", m->view->members[i].name, m->join_since,
                g_strdup_printf ("does not reach member %s at %s yet", m->view->members[i].name,
                                 m->view->members[i].address));
    else if (ty_entry_bars (m, &m->view->members[i], 1))
      add_wait (waits, "contact", m->view->members[i].name, m->join_since,
                g_strdup_printf ("member %s at %s is not on this process's own list of keys", m->view->members[i].name,
                                 m->view->members[i].address));
  if (m->view != NULL && waits->len == 0)
    add_wait (waits, "contact", NULL, m->join_since, g_strdup ("waits for the view that lets it in"));
}

static void
waits_of_flush (TyMembership *m, GArray *waits)
{
  const Round *round = m->round;
  const Record *record = m->records->len > 0 ? m->records->pdata[m->records->len - 1] : NULL;
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const TyMember *member = &m->view->members[i];
      char *elsewhere = m->view->id.number == 0 ? ty_founders_why (m, i) : NULL;
      if (elsewhere != NULL)
        {
          add_wait (waits, "founder", member->name, m->frozen_at, elsewhere);
          continue;
        }
      if (m->view->id.number == 0 && i != m->view->self && ty_m_reach (m, &member->pid) != TY_REACH_UP)
        add_wait (waits, "founder", member->name, m->frozen_at,
                  m->members[i].denied && ty_id_is_null (&member->pid)
                      ? g_strdup_printf ("the process that is there as founder %s is not admitted", member->name)
                      : g_strdup_printf ("does not reach founder %s at %s yet", member->name, member->address));
      if (round != NULL && !round->proposed && !round->suspected[i] && round->states[i] == NULL)
        add_wait (waits, "state", member->name, round->started,
                  g_strdup_printf ("waits for %s to say what it has received (STATE)", member->name));
      if (record != NULL && record->need != NULL && ty_ids_contain (record->need, &member->pid)
          && !ty_ids_contain (record->flushed, &member->pid))
        add_wait (waits, "flush", member->name, m->frozen_at,
                  g_strdup_printf ("waits for %s to hold every message of the view that ends (FLUSH)", member->name));
    }
  if (waits->len == 0 && m->frozen)
    {
      guint c = ty_round_coordinator (m);
      const char *name = c < m->view->n_members ? m->view->members[c].name : NULL;
      add_wait (waits, "flush", name, m->frozen_at,
                g_strdup_printf ("waits for the next view, which %s coordinates", name != NULL ? name : "nobody"));
    }
}

static void
membership_waits (TyMembership *m, GArray *waits)
{
  if (m->phase == TY_MEMBERSHIP_JOINING)
    waits_of_joiner (m, waits);
  if (m->phase != TY_MEMBERSHIP_IN)
    return;
  if (m->blocked)
    for (guint i = 0; i < m->view->n_members; i++)
      if (m->members[i].suspected)
        add_wait (waits, "quorum", m->view->members[i].name, m->members[i].suspected_at,
                  g_strdup_printf ("no quorum without %s, which %s", m->view->members[i].name,
                                   m->members[i].dead ? "is dead" : "is not in reach"));
  if (m->frozen || m->round != NULL)
    waits_of_flush (m, waits);
  else if (!ty_lease_holds (m))
    add_wait (waits, "lease", NULL, ty_lease_held_until (m),
              g_strdup ("waits for a quorum to echo a sign of life (lease)"));
}

static guint64
membership_rounds (const TyMembership *m)
{
  return m->rounds;
}

extern const TyMembershipOps ty_membership;
const TyMembershipOps ty_membership = {
  .detector_create = ty_detector_create,
  .detector_free = ty_detector_free,
  .detector_watch = ty_detector_watch,
  .detector_unwatch = ty_detector_unwatch,
  .detector_heard = ty_detector_heard,
  .detector_step = ty_detector_step,
  .detector_suspect = ty_detector_suspect,
  .detector_deadline = ty_detector_deadline,
  .create = membership_create,
  .free = membership_free,
  .begin = membership_begin,
  .loaded = membership_loaded,
  .found = membership_found,
  .write_durable = membership_write_durable,
  .join = membership_join,
  .leave = membership_leave,
  .stop = membership_stop,
  .take_out = membership_take_out,
  .on_reach = membership_on_reach,
  .on_dial_failed = membership_on_dial_failed,
  .on_packet = membership_on_packet,
  .on_join = ty_entry_on_join,
  .on_welcome = ty_entry_on_welcome,
  .on_other_view = membership_on_other_view,
  .on_other_founding = membership_on_other_founding,
  .on_progress = ty_voter_progress,
  .on_behind = membership_on_behind,
  .on_policy = membership_on_policy,
  .rekey = membership_rekey,
  .needs_keys = ty_rekey_needs,
  .on_gap = membership_on_gap,
  .tick = membership_tick,
  .deadline = membership_deadline,
  .lease = ty_lease_holds,
  .lost = membership_lost,
  .wants = membership_wants,
  .waits = membership_waits,
  .rounds = membership_rounds,
};
