/* core/group-admit.c: who may enter a group, and who may stay in it.
 *
 * Whoever speaks to a process at all knows the network secret.  A group may ask for more, and every member that is
 * asked (JOIN) looks at all of it, in this order: the list of keys, the proof of the group's secret, the application.
 * The coordinator takes into a round only whom it has let in itself, and every other member says in its STATE that it
 * does not reach a joiner whose key is not on its list: so one member's list is enough to keep a key out.
 *
 * The proof is HMAC-SHA256, by the group's secret, over
 *
 *    "tyet join 1"   11 bytes
 *    role            1: the joiner proves, 2: one founder to another, 3: a member to a joiner, in WELCOME
 *    binding         32: the hash of the handshake that the session began with, the same at its two ends and nowhere
 *                    else
 *    group id        16: zero as long as the joiner has not been told it; founders: what stands for it until then
 *    group name
 *
 * so it is of use on this session, for this group, and to nobody else.  A joiner that knows a secret takes a view from
 * nobody who does not prove that he knows the same: the network secret alone makes nobody a group.
 *
 *   step                            invariant                                  what a crash here leaves behind
 *   a list is set (a file read)     the members that it bars are named to all  the others go on with their own lists
 *   BARRED sent to some             who is barred stays so for the view; who   some know; whoever of them coordinates
 *                                   has the list says it again in the next     lets it go
 *   the next view decided           the barred one is not in it; all who go    as any view change: whoever has not
 *                                   on tell it, and shut their channels to it  closed it yet shuts them later
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "core/group-private.h"
#include "core/private-file.h"

/* How many processes the application is asked about at a time. */
#define MOST_JUDGED 256

G_STATIC_ASSERT (crypto_auth_hmacsha256_BYTES == TY_PROOF_BYTES);
G_STATIC_ASSERT (TY_SEAL_KEY_BYTES == TY_KEY_BYTES);

static void
make_proof (const TyGroup *group, const guint8 *binding, TyProofRole role, const TyId *id, guint8 out[TY_PROOF_BYTES])
{
  static const TyId nobody;
  guint8 said = role == TY_PROOF_MEMBER ? 3 : role == TY_PROOF_FOUNDER ? 2 : 1;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init (&state, group->secret, TY_KEY_BYTES);
  crypto_auth_hmacsha256_update (&state, (const guint8 *) "tyet join 1", 11);
  crypto_auth_hmacsha256_update (&state, &said, 1);
  crypto_auth_hmacsha256_update (&state, binding, TY_SEAL_KEY_BYTES);
  crypto_auth_hmacsha256_update (&state, role != TY_PROOF_STRANGER ? id->b : nobody.b, sizeof nobody.b);
  crypto_auth_hmacsha256_update (&state, (const guint8 *) group->name, strlen (group->name));
  crypto_auth_hmacsha256_final (&state, out);
  sodium_memzero (&state, sizeof state);
}

/* ---- at the joiner, or a founder ---- */

void
ty_group_write_proof (gpointer host, const TyId *to, TyProofRole role, TyWriter *w)
{
  TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, to);
  guint8 proof[TY_PROOF_BYTES];
  gboolean can = group->secret != NULL && known != NULL && known->sealed;
  if (can)
    make_proof (group, known->seal + TY_SEAL_KEY_BYTES, role, &group->id, proof);
  ty_write_block (w, proof, can ? sizeof proof : 0);
}

static gboolean
has_proved (const TyGroup *group, const TyKnown *known, TyProofRole role, const TyId *id, const guint8 *proof,
            gsize proof_len)
{
  guint8 right[TY_PROOF_BYTES];
  if (!known->sealed || proof_len != sizeof right)
    return FALSE;
  make_proof (group, known->seal + TY_SEAL_KEY_BYTES, role, id, right);
  return sodium_memcmp (right, proof, sizeof right) == 0;
}

gboolean
ty_group_proves (gpointer host, const TyId *from, const TyId *group_id, const guint8 *proof, gsize proof_len)
{
  const TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, from);
  return group->secret == NULL
         || (known != NULL && has_proved (group, known, TY_PROOF_MEMBER, group_id, proof, proof_len));
}

/* ---- at a member ---- */

static TyJudged *
find_judged (TyGroup *group, const TyId *pid)
{
  for (guint i = 0; i < group->judged->len; i++)
    if (ty_id_equal (&g_array_index (group->judged, TyJudged, i).pid, pid))
      return &g_array_index (group->judged, TyJudged, i);
  return NULL;
}

void
ty_group_forget_judged (TyGroup *group, const TyId *pid)
{
  for (guint i = group->judged->len; i-- > 0;)
    if (ty_id_equal (&g_array_index (group->judged, TyJudged, i).pid, pid))
      g_array_remove_index (group->judged, i);
}

/* A process is asked about once; a refusal is told once, and whoever asks after that is asked about again. */
static TyAdmission
ask (TyGroup *group, const TyKnown *known, const TyMember *as)
{
  TyJudged *judged = find_judged (group, &as->pid);
  if (judged != NULL && judged->answered)
    {
      gboolean may = judged->may;
      if (!may)
        ty_group_forget_judged (group, &as->pid);
      return may ? TY_ADMISSION_YES : TY_ADMISSION_NO;
    }
  if (judged != NULL || group->judged->len >= MOST_JUDGED)
    return TY_ADMISSION_LATER;
  TyJudged fresh = { .pid = as->pid };
  TyEffect *effect = ty_group_effect (group, TY_EFFECT_AUTHORIZE);
  if (effect == NULL)
    return TY_ADMISSION_NO;
  g_array_append_val (group->judged, fresh);
  effect->pid = as->pid;
  effect->text = g_strdup (as->name);
  effect->address = g_strdup (as->address);
  effect->bytes = known->sealed ? g_bytes_new (known->seal, TY_SEAL_KEY_BYTES) : NULL;
  return TY_ADMISSION_LATER;
}

TyAdmission
ty_group_admits (gpointer host, const TyMember *as, TyProofRole role, const guint8 *proof, gsize proof_len)
{
  TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, &as->pid);
  if (known == NULL)
    return TY_ADMISSION_NO;
  if (group->admit != NULL && !(known->sealed && ty_admit_list_has (group->admit, known->seal)))
    return TY_ADMISSION_NO;
  if (group->secret != NULL && !has_proved (group, known, role, &group->id, proof, proof_len))
    return TY_ADMISSION_NO;
  return group->asks ? ask (group, known, as) : TY_ADMISSION_YES;
}

gboolean
ty_group_may_stay (gpointer host, const TyId *pid)
{
  TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, pid);
  if (group->admit == NULL || known == NULL || known->peer == TY_NO_PEER)
    return TRUE;
  return known->sealed && ty_admit_list_has (group->admit, known->seal);
}

/* Its channel is closed, unless another group that it may stay in has it, too. */
void
ty_group_shut_out (gpointer host, const TyId *pid)
{
  TyGroup *group = host;
  TyNode *node = group->node;
  TyKnown *known = ty_node_known (node, pid);
  for (guint i = 0; i < node->groups->len && known != NULL; i++)
    {
      TyGroup *other = node->groups->pdata[i];
      if (other != group && other->membership_ops->wants (other->membership, pid))
        return;
    }
  if (known != NULL)
    ty_node_close (node, known);
}

gboolean
ty_group_asks_proof (gpointer host)
{
  const TyGroup *group = host;
  return group->secret != NULL || group->asks;
}

/* ---- requests ---- */

void
ty_group_set_secret (TyGroup *group, const guint8 *secret)
{
  sodium_free (group->secret);
  group->secret = NULL;
  if (secret == NULL)
    return;
  group->secret = ty_locked_new (TY_KEY_BYTES);
  memcpy (group->secret, secret, TY_KEY_BYTES);
}

void
ty_group_set_admit (TyGroup *group, TyAdmitList *list)
{
  if (list != NULL)
    ty_admit_list_ref (list);
  g_clear_pointer (&group->admit, ty_admit_list_unref);
  group->admit = list;
  group->policy_changed = TRUE;
  ty_node_kick (group->node);
}

void
ty_group_set_asks (TyGroup *group, gboolean asks)
{
  group->asks = asks;
}

void
ty_group_authorized (TyGroup *group, const TyId *pid, gboolean may)
{
  TyJudged *judged = find_judged (group, pid);
  if (judged == NULL)
    return;
  judged->answered = TRUE;
  judged->may = may;
}

void
ty_group_take_policy (TyGroup *group)
{
  group->policy_changed = FALSE;
  group->membership_ops->on_policy (group->membership);
}

void
ty_group_free_admit (TyGroup *group)
{
  sodium_free (group->secret);
  g_clear_pointer (&group->admit, ty_admit_list_unref);
  g_array_unref (group->judged);
}
