/* membership/founders.c: founders meet (V13).
 *
 * A founder is known by its name until it is met; from then on by its incarnation.  Whoever has that name is not
 * believed: it must be on the list of keys, and if the group has a secret, or the application is asked, the two prove
 * themselves to each other first:
 *
 *   FOUNDER, after the common head (view 0, and the group's id is what stands for it until it is founded)
 *   size    field
 *   1       1: the receiver is to do the same
 *   block   proof that the sender knows the group's secret, or empty
 *
 * Founders that were given different lists, or orderings, found different groups: each gets packets of a view 0 that it
 * does not know, or GONE (core/node.c).  It cannot be told from one that has not begun, or from another group's founder
 * as well; so nothing follows from it but a word of why there is a wait.
 *
 * It is sent when a founder is reached, and again until it is met: it may not have begun yet, or the application may
 * still be thinking.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"

/* More than this many strangers with founders' names are not remembered. */
#define MOST_REACHED 64

/* The rank of the founder that has the name of that process and has not been met, or the number of founders. */
static guint
unmet (TyMembership *m, const TyId *pid)
{
  const char *name = m->host->name_of (m->host_data, pid);
  guint i = 0;
  while (i < m->view->n_members
         && (name == NULL || !ty_id_is_null (&m->view->members[i].pid)
             || !g_str_equal (m->view->members[i].name, name)))
    i++;
  return i;
}

void
ty_founders_elsewhere (TyMembership *m, const TyId *pid, gboolean founds)
{
  if (m->phase != TY_MEMBERSHIP_IN || m->view->id.number > 0)
    return;
  guint rank = ty_m_rank (m, pid);
  if (rank == m->view->n_members)
    rank = unmet (m, pid);
  if (rank < m->view->n_members && m->members[rank].elsewhere < 1 + founds)
    m->members[rank].elsewhere = (guint8) (1 + founds);
}

char *
ty_founders_why (const TyMembership *m, guint rank)
{
  const char *name = m->view->members[rank].name;
  if (m->members[rank].elsewhere == 2)
    return g_strdup_printf ("founder %s founds by another list of founders, by another order of it or with another "
                            "ordering (or another group): give all the same",
                            name);
  if (m->members[rank].elsewhere == 1)
    return g_strdup_printf ("founder %s is there and does not found this group: it has not begun, or was given another "
                            "list of founders, another order of it or another ordering: give all the same",
                            name);
  return NULL;
}

static void
say_founder (TyMembership *m, const TyId *pid, gboolean in_turn)
{
  GByteArray *w = ty_m_packet (m, TY_PACKET_FOUNDER);
  ty_write_u8 (w, in_turn ? 0 : 1);
  m->host->write_proof (m->host_data, pid, TY_PROOF_FOUNDER, w);
  ty_m_send (m, pid, w);
}

void
ty_founders_reach (TyMembership *m, const TyId *pid)
{
  guint rank = unmet (m, pid);
  if (rank == m->view->n_members)
    return;
  m->members[rank].denied = !m->host->may_stay (m->host_data, pid);
  if (m->members[rank].denied)
    return;
  if (!m->host->asks_proof (m->host_data))
    {
      /* One that comes back with another incarnation has forgotten what it promised, and is no voter. */
      m->view->members[rank].pid = *pid;
      return;
    }
  if (m->met->len < MOST_REACHED)
    ty_ids_add (m->met, pid);
  say_founder (m, pid, FALSE);
}

/* Those that have been reached and not met are asked again. */
void
ty_founders_tick (TyMembership *m)
{
  for (guint i = m->met->len; i-- > 0;)
    {
      TyId pid = g_array_index (m->met, TyId, i);
      if (unmet (m, &pid) == m->view->n_members || ty_m_reach (m, &pid) != TY_REACH_UP)
        g_array_remove_index (m->met, i);
      else
        say_founder (m, &pid, FALSE);
    }
}

gboolean
ty_founders_on_packet (TyMembership *m, const TyId *pid, TyReader *r)
{
  guint8 asks = ty_read_u8 (r);
  gsize proof_len;
  const guint8 *proof = ty_read_block (r, &proof_len);
  if (r->bad || asks > 1 || proof_len > TY_PROOF_BYTES || !ty_reader_done (r))
    return FALSE;
  /* It may be behind: in the first view nobody needs a proof of it. */
  if (m->phase != TY_MEMBERSHIP_IN || m->view->id.number > 0)
    return TRUE;
  guint rank = unmet (m, pid);
  gboolean met = FALSE;
  if (rank < m->view->n_members)
    {
      TyMember as = { .pid = *pid, .name = m->view->members[rank].name, .address = m->view->members[rank].address };
      TyAdmission admission = m->host->admits (m->host_data, &as, TY_PROOF_FOUNDER, proof, proof_len);
      met = admission == TY_ADMISSION_YES;
      m->members[rank].denied = admission == TY_ADMISSION_NO;
    }
  if (met)
    {
      m->view->members[rank].pid = *pid;
      m->members[rank].elsewhere = 0;
      m->members[rank].suspected = m->members[rank].dead = FALSE;
      m->members[rank].unreached_since = 0;
      m->need_round = TRUE;
    }
  if (asks == 1)
    say_founder (m, pid, TRUE);
  /* What it was asked before it knew who asked, it has not answered. */
  rank = ty_m_rank (m, pid);
  if (rank < m->view->n_members)
    ty_round_reached (m, rank);
  return TRUE;
}
