/* membership/entry.c: joining, leaving, being taken out (V10, V11, V13, V15).
 *
 *   joiner                       a member                     the others
 *     │ JOIN (by name) ──────────►│
 *     │◄────────── WELCOME (view) │          the joiner dials every member of that view
 *     │ JOIN (whom it reaches) ──►│ ────────────────────────► (to each of them)
 *                                 the coordinator starts a round when the joiner reaches all
 *
 * One process enters a view at a time ([EVS94] §5 rule 3): a herd enters in as many rounds.  A joiner repeats JOIN
 * until it is in, so that a coordinator that dies takes nothing with it; a joiner that dies is forgotten with its
 * session.
 *
 *   JOIN                                         WELCOME
 *   size    field                                size    field
 *   1       packet type                          1       packet type
 *   block   the group's name                     block   the group's name
 *   block   the ordering's name                  1       answer: 0 welcome, 1 no such group here, 2 refused, 3 wait,
 *   member  how it would be a member                     4 its name is another member's
 *   1       1: it takes a state                  block   why, for a person
 *   varint  heartbeat, microseconds              16      group id            (these only with answer 0)
 *   varint  suspect-after, microseconds          ...     id of the view
 *   varint  number of the view that it was       varint  members, each as in a value
 *           told of, 0 for none                  block   proof that the sender knows the group's secret; if there
 *   varint  how many of its members it                   is none, nothing
 *           reaches, each 16 bytes
 *   block   proof that it knows the
 *           group's secret, or empty
 *
 *   LEAVE   after the common head: 1 byte: 0 leaves, 1 asks to be taken out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"

#include <gio/gio.h>

enum
{
  WELCOME_VIEW,
  WELCOME_NO_GROUP,
  WELCOME_REFUSED,
  WELCOME_WAIT,
  WELCOME_NAME_TAKEN
};

void
ty_joiner_free (Joiner *joiner)
{
  ty_member_clear (&joiner->as);
  g_free (joiner);
}

/* ---- at the joiner ---- */

gboolean
ty_entry_reaches (TyMembership *m, const TyId *pid)
{
  return ty_m_reach (m, pid) == TY_REACH_UP && m->host->may_stay (m->host_data, pid);
}

gboolean
ty_entry_bars (TyMembership *m, const TyMember *members, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!ty_id_equal (&members[i].pid, &m->self) && !m->host->may_stay (m->host_data, &members[i].pid))
      return TRUE;
  return FALSE;
}

void
ty_entry_ask (TyMembership *m, const TyId *pid)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_u8 (w, TY_PACKET_JOIN);
  ty_write_text (w, m->group_name);
  ty_write_text (w, m->ordering);
  ty_member_write (w, &m->me);
  ty_write_u8 (w, m->me.loaded ? 0 : 1);
  ty_write_varint (w, (guint64) m->config.heartbeat_us);
  ty_write_varint (w, (guint64) m->config.suspect_after_us);
  ty_write_varint (w, m->view != NULL ? m->view->id.number : 0);
  guint n = m->view != NULL ? m->view->n_members : 0, reached = 0;
  for (guint i = 0; i < n; i++)
    reached += ty_entry_reaches (m, &m->view->members[i].pid);
  ty_write_varint (w, reached);
  for (guint i = 0; i < n; i++)
    if (ty_entry_reaches (m, &m->view->members[i].pid))
      ty_write_id (w, &m->view->members[i].pid);
  m->host->write_proof (m->host_data, pid, m->view != NULL ? TY_PROOF_JOINER : TY_PROOF_STRANGER, w);
  ty_m_send (m, pid, w);
}

static void
ask_all (TyMembership *m)
{
  for (guint i = 0; m->view != NULL && i < m->view->n_members; i++)
    {
      const TyMember *member = &m->view->members[i];
      TyReach reach = ty_m_reach (m, &member->pid);
      if (reach == TY_REACH_UP)
        ty_ids_add (m->met, &member->pid);
      else
        m->host->dial (m->host_data, member->address, &member->pid);
    }
  /* Contacts too: the view that this process was told of may be long past. */
  for (guint i = 0; i < m->met->len; i++)
    ty_entry_ask (m, &g_array_index (m->met, TyId, i));
}

/* One more is in reach: with the last of them, all are told at once that they are all reached. */
void
ty_entry_reached (TyMembership *m)
{
  gboolean all = m->view != NULL;
  for (guint i = 0; all && i < m->view->n_members; i++)
    all = ty_entry_reaches (m, &m->view->members[i].pid);
  if (all)
    m->ask_at = ty_m_now (m);
}

static void
fail_join (TyMembership *m, GError *error)
{
  m->phase = TY_MEMBERSHIP_OVER;
  m->host->join_failed (m->host_data, error);
}

static char *
reasons (TyMembership *m)
{
  GString *s = g_string_new (NULL);
  for (guint i = 0; m->contacts[i] != NULL; i++)
    g_string_append_printf (s, "%s%s: %s", i > 0 ? "; " : "", m->contacts[i], m->contact_why[i]);
  for (guint i = 0; m->view != NULL && i < m->view->n_members; i++)
    if (ty_m_reach (m, &m->view->members[i].pid) != TY_REACH_UP)
      g_string_append_printf (s, "; does not reach member %s at %s", m->view->members[i].name,
                              m->view->members[i].address);
    else if (ty_entry_bars (m, &m->view->members[i], 1))
      g_string_append_printf (s, "; member %s at %s is not on this process's own list of keys",
                              m->view->members[i].name, m->view->members[i].address);
  return g_string_free (s, FALSE);
}

gboolean
ty_entry_fail_if_hopeless (TyMembership *m)
{
  gboolean all = TRUE;
  for (guint i = 0; m->contacts[i] != NULL; i++)
    all &= m->contact_final[i];
  gboolean late = ty_m_now (m) >= m->join_deadline;
  if (!(all && m->view == NULL) && !late)
    return FALSE;
  g_autofree char *why = reasons (m);
  gint code = m->met->len > 0 ? TYET_ERROR_TIMED_OUT : TYET_ERROR_UNREACHABLE;
  if (all)
    code = m->denied ? TYET_ERROR_REFUSED : TYET_ERROR_PROTOCOL;
  fail_join (m, g_error_new (TYET_ERROR, code, "Could not join group \"%s\"%s: %s", m->group_name,
                             late && !all ? " in the time given" : "", why));
  return TRUE;
}

void
ty_entry_dial_failed (TyMembership *m, const char *address, const char *why, TyDialEnd end)
{
  if (m->phase != TY_MEMBERSHIP_JOINING)
    return;
  /* It may begin with the address, which is said here before it in any case. */
  gsize len = strlen (address);
  if (g_str_has_prefix (why, address) && g_str_has_prefix (why + len, ": "))
    why += len + 2;
  for (guint i = 0; m->contacts[i] != NULL; i++)
    if (g_str_equal (m->contacts[i], address))
      {
        g_free (m->contact_why[i]);
        m->contact_why[i] = g_strdup (why);
        /* Who does not answer now may in a moment; who speaks something else will go on doing so. */
        m->contact_final[i] = end == TY_DIAL_UNUSABLE || end == TY_DIAL_DENIED;
        m->denied |= end == TY_DIAL_DENIED;
      }
  ty_entry_fail_if_hopeless (m);
}

/* Whom a member does not admit is put out of the group, and one who comes is not to put out those who are there. They
 * may be on their way out, though, by the members' lists: so they are given the time that it takes to miss one. */
static gboolean
fail_if_unlisted (TyMembership *m)
{
  gint64 now = ty_m_now (m);
  if (m->view == NULL || !ty_entry_bars (m, m->view->members, m->view->n_members))
    {
      m->unlisted_at = 0;
      return FALSE;
    }
  if (m->unlisted_at == 0)
    m->unlisted_at = now;
  if (m->pending == NULL && now < m->unlisted_at + m->config.suspect_after_us)
    return FALSE;
  GString *s = g_string_new (NULL);
  guint n = 0;
  for (guint i = 0; i < m->view->n_members; i++)
    if (ty_entry_bars (m, &m->view->members[i], 1))
      g_string_append_printf (s, "%s%s at %s", n++ > 0 ? ", " : "", m->view->members[i].name,
                              m->view->members[i].address);
  fail_join (m, g_error_new (TYET_ERROR, TYET_ERROR_REFUSED,
                             "Did not join group \"%s\": member%s %s %s not on this process's own list of keys; add %s "
                             "to it, or have the group exclude %s first",
                             m->group_name, n == 1 ? "" : "s", s->str, n == 1 ? "is" : "are",
                             n == 1 ? "that member's key" : "those members' keys", n == 1 ? "it" : "them"));
  g_string_free (s, TRUE);
  return TRUE;
}

void
ty_entry_tick (TyMembership *m)
{
  gint64 now = ty_m_now (m);
  if (ty_entry_fail_if_hopeless (m) || ((now >= m->ask_at || m->pending != NULL) && fail_if_unlisted (m))
      || now < m->ask_at)
    return;
  m->ask_at = now + 2 * m->config.heartbeat_us;
  for (guint i = 0; m->contacts[i] != NULL; i++)
    if (!m->contact_final[i])
      m->host->dial (m->host_data, m->contacts[i], NULL);
  ask_all (m);
}

gboolean
ty_entry_trusts (TyMembership *m, const TyId *pid)
{
  g_assert (m->phase == TY_MEMBERSHIP_JOINING && m->view != NULL);
  return ty_m_rank (m, pid) < m->view->n_members || m->host->proves (m->host_data, pid, &m->view->group, NULL, 0);
}

/* Why nobody has let it in yet. */
static void
note_why (TyMembership *m, const char *why)
{
  for (guint i = 0; m->contacts[i] != NULL && m->view == NULL; i++)
    {
      g_free (m->contact_why[i]);
      m->contact_why[i] = g_strdup (why);
    }
}

static gboolean
read_welcome_view (TyMembership *m, const TyId *pid, TyReader *r)
{
  TyId group;
  TyViewId id;
  guint n = 0;
  gsize proof_len = 0;
  ty_read_id (r, &group);
  ty_read_view_id (r, &id);
  TyMember *members = ty_members_read (r, &n);
  const guint8 *proof = members != NULL && ty_reader_left (r) > 0 ? ty_read_block (r, &proof_len) : NULL;
  if (members == NULL || !ty_reader_done (r))
    {
      if (members != NULL)
        ty_members_free (members, n);
      return FALSE;
    }
  if (!m->host->proves (m->host_data, pid, &group, proof, proof_len))
    {
      note_why (m, "the process there does not prove that it knows the group's secret");
      ty_members_free (members, n);
      return TRUE;
    }
  gboolean other = m->view != NULL && !ty_id_equal (&m->view->group, &group);
  if (other || (m->view != NULL && id.number <= m->view->id.number))
    {
      ty_members_free (members, n);
      return TRUE;
    }
  g_autoptr (TyetView) view = ty_view_new (&group, m->group_name, &id, members, n, &m->self);
  if (n == 0 || !m->host->found_group (m->host_data, &group))
    return FALSE;
  ty_m_set_view (m, view);
  ask_all (m);
  return TRUE;
}

/* Who has the name may be the former incarnation of this very process, killed a moment ago and not yet missed: only a
 * name that is still taken at the next asking is taken. */
static gboolean
name_is_taken (TyMembership *m)
{
  if (m->name_taken_at == 0)
    m->name_taken_at = ty_m_now (m);
  return ty_m_now (m) - m->name_taken_at >= m->config.heartbeat_us;
}

gboolean
ty_entry_on_welcome (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint8 what = ty_read_u8 (r);
  g_autofree char *why = ty_read_text (r, TY_MAX_REASON_BYTES);
  if (r->bad || what > WELCOME_NAME_TAKEN)
    return FALSE;
  if (m->phase != TY_MEMBERSHIP_JOINING)
    return TRUE;
  if (what == WELCOME_VIEW)
    return read_welcome_view (m, pid, r);
  if (!ty_reader_done (r))
    return FALSE;
  if (what == WELCOME_REFUSED || (what == WELCOME_NAME_TAKEN && name_is_taken (m)))
    fail_join (m, g_error_new (TYET_ERROR, what == WELCOME_REFUSED ? TYET_ERROR_REFUSED : TYET_ERROR_NAME,
                               "Not let into group \"%s\": %s", m->group_name, why));
  else
    note_why (m, why);
  return TRUE;
}

/* ---- at a member ---- */

static void
answer (TyMembership *m, const TyId *pid, guint8 what, const char *why)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_u8 (w, TY_PACKET_WELCOME);
  ty_write_text (w, m->view->group_name);
  ty_write_u8 (w, what);
  ty_write_reason (w, why);
  if (what == WELCOME_VIEW)
    {
      ty_write_id (w, &m->view->group);
      ty_write_view_id (w, &m->view->id);
      ty_write_varint (w, m->view->n_members);
      for (guint i = 0; i < m->view->n_members; i++)
        ty_member_write (w, &m->view->members[i]);
      g_autoptr (GByteArray) proof = g_byte_array_new ();
      m->host->write_proof (m->host_data, pid, TY_PROOF_MEMBER, proof);
      if (proof->len > 1)
        g_byte_array_append (w, proof->data, proof->len);
    }
  ty_m_send (m, pid, w);
}

Joiner *
ty_entry_find (TyMembership *m, const TyId *pid, guint *index)
{
  for (guint i = 0; i < m->joiners->len; i++)
    {
      Joiner *joiner = m->joiners->pdata[i];
      if (!ty_id_equal (&joiner->as.pid, pid))
        continue;
      if (index != NULL)
        *index = i;
      return joiner;
    }
  return NULL;
}

static void
forget (TyMembership *m, const TyId *pid)
{
  guint index;
  if (ty_entry_find (m, pid, &index) == NULL)
    return;
  g_ptr_array_remove_index (m->joiners, index);
  if (m->round != NULL)
    ty_round_forget_joiner (m, pid);
}

void
ty_entry_recheck (TyMembership *m)
{
  for (guint i = m->joiners->len; i-- > 0;)
    {
      TyId pid = ((const Joiner *) m->joiners->pdata[i])->as.pid;
      if (!m->host->may_stay (m->host_data, &pid))
        forget (m, &pid);
    }
}

/* The first joiner that may go into a round. */
Joiner *
ty_entry_next (TyMembership *m)
{
  for (guint i = 0; i < m->joiners->len; i++)
    {
      Joiner *joiner = m->joiners->pdata[i];
      if (joiner->ready && ty_m_now (m) >= joiner->not_before)
        return joiner;
    }
  return NULL;
}

/* Two that would suspect each other though nothing is wrong; NULL if they would not. */
static char *
times_clash (TyMembership *m, const char *name, gint64 heartbeat_us, gint64 suspect_after_us)
{
  const char *own = m->view->members[m->view->self].name;
  gboolean its = heartbeat_us > m->config.suspect_after_us / 2, ours = m->config.heartbeat_us > suspect_after_us / 2;
  if (!its && !ours)
    return NULL;
  return g_strdup_printf ("%s may be silent for %" G_GINT64_FORMAT " ms, and %s suspects after %" G_GINT64_FORMAT
                          " ms; give all members the same suspect-after and heartbeat",
                          its ? name : own, (its ? heartbeat_us : m->config.heartbeat_us) / 1000, its ? own : name,
                          (its ? m->config.suspect_after_us : suspect_after_us) / 1000);
}

/* Why a process with that name and address may not enter, and the answer to it; NULL if it may. */
static char *
objection (TyMembership *m, const TyMember *as, const char *group_name, const char *ordering,
           const char *asked_ordering, guint8 *kind)
{
  *kind = WELCOME_REFUSED;
  if (!g_str_equal (asked_ordering, ordering))
    return g_strdup_printf (
        "group \"%s\" is ordered \"%s\", not \"%s\"; join with --ordering %s or that ordering's name", group_name,
        ordering, asked_ordering, ordering);
  for (guint i = 0; i < m->view->n_members; i++)
    {
      const TyMember *member = &m->view->members[i];
      gboolean same_address = g_str_equal (member->address, as->address);
      if (!same_address && !g_str_equal (member->name, as->name))
        continue;
      /* The former incarnation of a process that came back: it is on its way out. */
      gboolean gone = same_address || m->members[i].suspected;
      *kind = gone ? WELCOME_WAIT : WELCOME_NAME_TAKEN;
      if (gone)
        return g_strdup_printf ("member %s at %s, which was there before, has not been excluded yet", member->name,
                                member->address);
      return g_strdup_printf ("a member named \"%s\" is in the group already, at %s; choose another name", member->name,
                              member->address);
    }
  for (guint i = 0; i < m->joiners->len; i++)
    {
      const Joiner *other = m->joiners->pdata[i];
      if (!g_str_equal (other->as.name, as->name) || ty_id_equal (&other->as.pid, &as->pid))
        continue;
      *kind = WELCOME_WAIT;
      return g_strdup_printf ("another process named \"%s\" is being let in", as->name);
    }
  return NULL;
}

/* All unsuspected members are among those that the joiner reaches. */
static gboolean
reaches_all (TyMembership *m, const GArray *reached)
{
  for (guint i = 0; i < m->view->n_members; i++)
    if (!m->members[i].suspected && !ty_ids_contain (reached, &m->view->members[i].pid))
      return FALSE;
  return TRUE;
}

static void
admit (TyMembership *m, TyMember *as, gboolean takes_state, guint64 told, const GArray *reached)
{
  guint index;
  Joiner *joiner = ty_entry_find (m, &as->pid, &index);
  if (joiner == NULL)
    {
      joiner = g_new0 (Joiner, 1);
      joiner->asked_at = ty_m_now (m);
      g_ptr_array_add (m->joiners, joiner);
    }
  ty_member_clear (&joiner->as);
  ty_member_copy (&joiner->as, as);
  joiner->as.loaded = !takes_state;
  joiner->ready = told == m->view->id.number && reaches_all (m, reached);
  if (told != m->view->id.number)
    answer (m, &as->pid, WELCOME_VIEW, "");
}

gboolean
ty_entry_on_join (TyMembership *m, const TyId *pid, TyReader *r, const char *group_name, const char *ordering)
{
  g_autofree char *asked_ordering = ty_read_text (r, TY_MAX_NAME_BYTES);
  TyMember as = { 0 };
  gboolean fine = !r->bad && ty_member_read (r, &as);
  guint8 takes_state = ty_read_u8 (r);
  gint64 heartbeat_us = (gint64) ty_read_bounded (r, G_MAXINT64);
  gint64 suspect_after_us = (gint64) ty_read_bounded (r, G_MAXINT64);
  guint64 told = ty_read_varint (r);
  gsize n = ty_read_count (r, 16);
  r->bad |= n > TY_MAX_MEMBERS;
  g_autoptr (GArray) reached = g_array_new (FALSE, FALSE, sizeof (TyId));
  for (gsize i = 0; i < n && !r->bad; i++)
    {
      TyId id;
      ty_read_id (r, &id);
      g_array_append_val (reached, id);
    }
  gsize proof_len;
  const guint8 *proof = ty_read_block (r, &proof_len);
  fine = fine && !r->bad && proof_len <= TY_PROOF_BYTES && ty_reader_done (r) && takes_state <= 1
         && ty_id_equal (&as.pid, pid);
  if (!fine)
    {
      ty_member_clear (&as);
      return FALSE;
    }

  guint8 objected;
  g_autofree char *why = NULL;
  TyAdmission admission = TY_ADMISSION_NO;
  if (m->phase != TY_MEMBERSHIP_IN)
    {
      g_autofree char *no = g_strdup_printf ("the process there is not in group \"%s\" (yet, or any more)", group_name);
      if (m->phase == TY_MEMBERSHIP_LINGERING)
        {
          TyReader none = TY_READER (NULL, 0);
          ty_late_answer (m, pid, TY_PACKET_JOIN, m->view->id.number, &none);
        }
      answer (m, pid, WELCOME_NO_GROUP, no);
    }
  else if (ty_m_rank (m, pid) < m->view->n_members)
    {
      /* A joiner that is a member by now, and does not know it (V7). */
      TyReader none = TY_READER (NULL, 0);
      ty_late_answer (m, pid, TY_PACKET_JOIN, m->view->id.number - 1, &none);
    }
  else if ((admission = m->host->admits (m->host_data, &as, told > 0 ? TY_PROOF_JOINER : TY_PROOF_STRANGER, proof,
                                             proof_len)) == TY_ADMISSION_NO)
    {
      /* Nothing more: not who is in it, nor how it is ordered. */
      forget (m, pid);
      answer (m, pid, WELCOME_REFUSED, "this process is not admitted to the group");
    }
  else if (admission == TY_ADMISSION_LATER)
    answer (m, pid, WELCOME_WAIT, "whether this process is admitted is being looked at");
  else if ((why = objection (m, &as, group_name, ordering, asked_ordering, &objected)) != NULL)
    answer (m, pid, objected, why);
  else if ((why = times_clash (m, as.name, heartbeat_us, suspect_after_us)) != NULL)
    answer (m, pid, WELCOME_REFUSED, why);
  else
    admit (m, &as, takes_state == 1, told, reached);
  ty_member_clear (&as);
  return TRUE;
}

/* A new view: who still wants in is told of it, by the coordinator. */
void
ty_entry_on_view (TyMembership *m)
{
  for (guint i = 0; i < m->joiners->len;)
    {
      Joiner *joiner = m->joiners->pdata[i];
      joiner->ready = FALSE;
      if (ty_m_rank (m, &joiner->as.pid) < m->view->n_members)
        g_ptr_array_remove_index (m->joiners, i);
      else
        i++;
    }
  for (guint i = 0; i < m->joiners->len && ty_round_is_coordinator (m); i++)
    answer (m, &((Joiner *) m->joiners->pdata[i])->as.pid, WELCOME_VIEW, "");
}

void
ty_entry_say_leaving (TyMembership *m)
{
  GByteArray *w = ty_m_packet (m, TY_PACKET_LEAVE);
  ty_write_u8 (w, m->leaving ? 0 : 1);
  ty_m_send_all (m, w, TRUE);
}

gboolean
ty_entry_on_leave (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint8 what = ty_read_u8 (r);
  guint rank = ty_m_rank (m, pid);
  if (!ty_reader_done (r) || what > 1 || rank == m->view->n_members)
    return FALSE;
  if (what == 0)
    m->members[rank].leaving = TRUE;
  else
    m->members[rank].takeout = TRUE;
  return TRUE;
}
