/* membership/rekey.c: new secrets, with a view.
 *
 *   who asks                     all others                    the coordinator
 *     │ draws secrets              │                             │
 *     │ REKEY (their name) ───────►│ ───────────────────────────►│ a round for it
 *     │                            │◄──── PROPOSE: the name in the value ── │
 *     │◄─────────── WANT_KEYS ─────│
 *     │ ── KEYS ──────────────────►│ accepts only now
 *
 * The value names the secrets by a digest; the secrets themselves go in KEYS alone, from member to member, inside their
 * channels.  A value names secrets only if every member of the view goes on and nobody is new; so:
 *
 *   invariant                                                       because
 *   who accepts such a value has its secrets                        it does not accept before
 *   every acceptor is a member of the next view                     nobody goes, and nobody is new
 *   once it can have been decided, a quorum of v has the secrets    a quorum has accepted
 *   who installs it has them                                        it does not install before, whoever tells it
 *   secrets are given to members of the giver's view only, and      looked at when they are asked for
 *   only such as a proposal for its successor, or what it follows
 *   from, names
 *   who is not to stay is not in the view that brings secrets,      no value names any while its coordinator knows of
 *   unless its coordinator did not know in time                     one
 *   secrets of a proposal that was not decided are never used       who wants them draws new ones in each view
 *   in the end secrets hold that were drawn after the last request  drawn once a view at most, for all who have asked;
 *                                                                   a later request waits until these hold, or the
 *                                                                   view ends, and is served by the next
 *   what may still come to hold, or be asked for, is kept           nothing else drops it than ty_rekey_needs ()
 *   what is kept is bounded, whatever members send, and wiped when  needed is what was drawn in this view, what the
 *   it is of no use any more                                        view has brought until all have closed the one
 *                                                                   before, and what is named by a proposal that is
 *                                                                   accepted, decided, or on record
 *
 *   step                              what a crash here leaves behind
 *   REKEY sent to some                a round for nothing, if its coordinator has heard of it: the secrets' only holder
 *                                     is suspected, so the next round has somebody to leave out, and names no secrets
 *   PROPOSE sent, KEYS to nobody      nobody else has accepted, so the next round proposes afresh
 *   KEYS at some, who have accepted   the next round may adopt the value: who has accepted has the secrets, and gives
 *                                     them
 *   decided, installed by some        they give them to who is late; the session of who has only the old network secret
 *                                     can still be resumed, until all have closed the view
 *   all have closed the view          the old network secret is forgotten, every connection is made anew
 *
 *   REKEY, WANT_KEYS, after the common head: 16 bytes, the name.  KEYS: core/group-rekey.c
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"
#include "core/plant.h"

void
ty_rekey_say (TyMembership *m)
{
  if (m->view->id.number == 0)
    return;
  m->host->draw_keys (m->host_data, &m->rekey_keys);
  GByteArray *w = ty_m_packet (m, TY_PACKET_REKEY);
  ty_write_id (w, &m->rekey_keys);
  ty_m_send_all (m, w, TRUE);
}

/* Nobody's while there is a member that may not stay: it is to be out first. */
const Member *
ty_rekey_wanted (const TyMembership *m)
{
  for (guint i = 0; i < m->view->n_members; i++)
    if (m->members[i].barred)
      return NULL;
  for (guint i = 0; m->view->id.number > 0 && i < m->view->n_members; i++)
    if (m->members[i].rekey && !m->members[i].suspected)
      return &m->members[i];
  return NULL;
}

gboolean
ty_rekey_lacks (TyMembership *m, const TyValue *value)
{
  if (!value->has_keys || TY_PLANTED (keys_not_awaited) || m->host->has_keys (m->host_data, &value->keys))
    return FALSE;
  if (ty_m_now (m) < m->keys_at)
    return TRUE;
  m->keys_at = ty_m_now (m) + m->config.heartbeat_us;
  GByteArray *w = ty_m_packet (m, TY_PACKET_WANT_KEYS);
  ty_write_id (w, &value->keys);
  ty_m_send_all (m, w, FALSE);
  return TRUE;
}

static gboolean
names (const TyValue *value, const TyId *keys)
{
  return value != NULL && value->has_keys && ty_id_equal (&value->keys, keys);
}

/* Some proposal for what follows the view names them. */
static gboolean
is_wanted (const TyMembership *m, const TyId *keys)
{
  gboolean wanted = names (m->decided, keys) || names (m->accepted, keys);
  for (guint i = 0; i < m->records->len; i++)
    wanted |= names (((const Record *) m->records->pdata[i])->value, keys);
  return wanted;
}

/* Also one that is not to stay gets them, if the next view has it in it: nobody is waited for in vain. */
static gboolean
may_have (const TyMembership *m, guint rank, const TyId *keys)
{
  if (TY_PLANTED (keys_not_for_barred) && rank < m->view->n_members && m->members[rank].barred)
    return FALSE;
  return rank < m->view->n_members && (is_wanted (m, keys) || ty_id_equal (keys, &m->keys_taken));
}

gboolean
ty_rekey_needs (const TyMembership *m, const TyId *keys)
{
  return is_wanted (m, keys) || ty_id_equal (keys, &m->keys_taken) || (m->rekey && ty_id_equal (keys, &m->rekey_keys));
}

gboolean
ty_rekey_on_packet (TyMembership *m, const TyId *pid, TyPacketType type, guint64 number, TyReader *r)
{
  TyId keys;
  ty_read_id (r, &keys);
  guint rank = ty_m_rank (m, pid);
  if (r->bad || (type != TY_PACKET_KEYS && !ty_reader_done (r)))
    return FALSE;
  gboolean member = m->phase == TY_MEMBERSHIP_IN && rank < m->view->n_members;
  if (type == TY_PACKET_REKEY)
    {
      if (!member || number != m->view->id.number)
        return m->phase != TY_MEMBERSHIP_IN || number != m->view->id.number;
      m->members[rank].rekey = TRUE;
      m->members[rank].keys = keys;
      return TRUE;
    }
  if (type == TY_PACKET_WANT_KEYS)
    {
      if (member && may_have (m, rank, &keys) && m->host->has_keys (m->host_data, &keys))
        m->host->give_keys (m->host_data, pid, number, &keys);
      return TRUE;
    }
  if (!member || !is_wanted (m, &keys) || m->host->has_keys (m->host_data, &keys))
    {
      r->at = r->end;
      return TRUE;
    }
  if (!m->host->take_keys (m->host_data, pid, &keys, r))
    return FALSE;
  m->keys_at = 0;
  ty_voter_progress (m);
  return TRUE;
}

/* All members have closed the view before this one: nobody asks for what came with it. */
void
ty_rekey_all_have (TyMembership *m)
{
  memset (&m->keys_taken, 0, sizeof m->keys_taken);
}

void
ty_rekey_installed (TyMembership *m, const TyValue *value)
{
  m->keys_at = 0;
  memset (&m->keys_taken, 0, sizeof m->keys_taken);
  if (!value->has_keys)
    return;
  m->keys_taken = value->keys;
  if (m->rekey && ty_id_equal (&m->rekey_keys, &value->keys))
    m->rekey = FALSE;
  /* Who was let in by the old secret, and is not in the view, has to prove itself by the new one. */
  if (!TY_PLANTED (strangers_kept))
    g_ptr_array_set_size (m->joiners, 0);
}
