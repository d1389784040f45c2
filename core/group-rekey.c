/* core/group-rekey.c: the secrets that a view brings.  The agreement on them, its invariants, and what a crash leaves
 * behind: membership/rekey.c.
 *
 *   KEYS, after the common head
 *   size    field
 *   16      name: BLAKE2b of the rest, under the group's id as key
 *   1       1 the group's secret is new, 2 the network's is, 3 both
 *   32      the group's secret, or zeros
 *   32      the network's secret, or zeros
 *
 * It is in locked memory as soon as it has been opened, and at the one who gives it, and wiped with that (see
 * transport/inbox.c).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "core/group-private.h"
#include "core/plant.h"
#include "core/private-file.h"

#define NEW_GROUP 1
#define NEW_NETWORK 2
#define BODY_BYTES (1 + 2 * TY_KEY_BYTES)

typedef struct
{
  TyId name;
  guint8 body[BODY_BYTES];
} TyKeys; /* in locked memory */

void
ty_keys_free (gpointer keys)
{
  sodium_free (keys);
}

static void
name_of (const TyGroup *group, const guint8 body[BODY_BYTES], TyId *out)
{
  crypto_generichash (out->b, sizeof out->b, body, BODY_BYTES, group->id.b, sizeof group->id.b);
}

static const TyKeys *
find (const TyGroup *group, const TyId *name)
{
  for (guint i = 0; i < group->keys->len; i++)
    {
      const TyKeys *keys = group->keys->pdata[i];
      if (ty_id_equal (&keys->name, name))
        return keys;
    }
  return NULL;
}

static void
drop_needless (TyGroup *group)
{
  for (guint i = group->keys->len; i-- > 0;)
    if (!group->membership_ops->needs_keys (group->membership, &((const TyKeys *) group->keys->pdata[i])->name))
      g_ptr_array_remove_index (group->keys, i);
}

/* Never by number: a proposal that this process has accepted may name any of them. What is needed is bounded. */
static void
add (TyGroup *group, TyKeys *keys)
{
  drop_needless (group);
  g_ptr_array_add (group->keys, keys);
}

static GBytes *
locked_bytes (const guint8 *data, gsize len_bytes)
{
  guint8 *memory = ty_locked_new (len_bytes);
  memcpy (memory, data, len_bytes);
  return g_bytes_new_with_free_func (memory, len_bytes, sodium_free, memory);
}

/* ---- for membership ---- */

void
ty_group_draw_keys (gpointer host, TyId *name)
{
  TyGroup *group = host;
  TyWorld *world = &group->node->world;
  /* These are for all who have asked so far. */
  group->rekey_network |= group->rekey_asked_network;
  group->rekey_asked = group->rekey_asked_network = FALSE;
  TyKeys *keys = ty_locked_new (sizeof *keys);
  memset (keys, 0, sizeof *keys);
  keys->body[0] = (guint8) ((group->secret != NULL ? NEW_GROUP : 0) | (group->rekey_network ? NEW_NETWORK : 0));
  g_assert (keys->body[0] != 0);
  if (group->secret != NULL)
    world->draw (world->world, keys->body + 1, TY_KEY_BYTES);
  if (group->rekey_network)
    world->draw (world->world, keys->body + 1 + TY_KEY_BYTES, TY_KEY_BYTES);
  name_of (group, keys->body, &keys->name);
  *name = group->rekey_drawn = keys->name;
  add (group, keys);
}

gboolean
ty_group_has_keys (gpointer host, const TyId *name)
{
  return find (host, name) != NULL;
}

void
ty_group_give_keys (gpointer host, const TyId *to, guint64 number, const TyId *name)
{
  TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, to);
  const TyKeys *keys = find (group, name);
  if (known == NULL || known->peer == TY_NO_PEER || !known->sealed)
    return;
  g_autoptr (GByteArray) head = g_byte_array_new ();
  ty_write_u8 (head, TY_PACKET_KEYS);
  ty_write_id (head, &group->id);
  ty_write_varint (head, number);
  ty_write_id (head, name);
  gsize len = head->len + BODY_BYTES;
  guint8 *memory = ty_locked_new (len);
  memcpy (memory, head->data, head->len);
  memcpy (memory + head->len, keys->body, BODY_BYTES);
  g_autoptr (GBytes) packet = g_bytes_new_with_free_func (memory, len, sodium_free, memory);
  ty_node_send (group->node, known->peer, packet, TY_CLASS_CONTROL, group->stream);
}

gboolean
ty_group_take_keys (gpointer host, const TyId *from, const TyId *name, TyReader *r)
{
  TyGroup *group = host;
  const TyKnown *known = ty_node_known (group->node, from);
  TyId right;
  const guint8 *body = r->at;
  if (known == NULL || !known->sealed || ty_reader_left (r) != BODY_BYTES || body[0] < NEW_GROUP
      || body[0] > (NEW_GROUP | NEW_NETWORK))
    return FALSE;
  r->at = r->end;
  name_of (group, body, &right);
  gboolean good = ty_id_equal (&right, name);
  if (good)
    {
      TyKeys *keys = ty_locked_new (sizeof *keys);
      keys->name = *name;
      memcpy (keys->body, body, BODY_BYTES);
      add (group, keys);
    }
  return good;
}

/* ---- when they hold ---- */

/* Sessions that stand by the old network secret, with processes that nobody here has anything to do with. */
static void
close_strangers (TyGroup *group)
{
  TyNode *node = group->node;
  for (guint i = 0; i < node->knowns->len; i++)
    {
      TyKnown *known = node->knowns->pdata[i];
      gboolean wanted = FALSE;
      for (guint g = 0; g < node->groups->len && !wanted; g++)
        {
          TyGroup *other = node->groups->pdata[g];
          wanted = other->membership_ops->wants (other->membership, &known->pid);
        }
      if (!wanted)
        ty_node_close (node, known);
    }
}

static void
use_keys (TyGroup *group, const TyValue *value)
{
  const TyKeys *keys = find (group, &value->keys);
  g_assert (keys != NULL);
  group->rekeyed = value->old.number;
  /* Others' do not stand for those that are asked for here, and are drawn again in the next view. */
  if (ty_id_equal (&value->keys, &group->rekey_drawn))
    group->rekey_network = FALSE;
  if (TY_PLANTED (own_secrets_kept) && group->node->pid.b[0] % 3 == 0)
    return;
  if ((keys->body[0] & NEW_GROUP) != 0 && !TY_PLANTED (group_secret_kept))
    ty_group_set_secret (group, keys->body + 1);
  if ((keys->body[0] & NEW_NETWORK) != 0)
    {
      group->own_network = TRUE;
      TyEffect *rekey = ty_node_effect (group->node, TY_EFFECT_REKEY);
      rekey->pid = group->id;
      rekey->bytes = locked_bytes (keys->body + 1 + TY_KEY_BYTES, TY_KEY_BYTES);
      if (!TY_PLANTED (strangers_kept))
        close_strangers (group);
    }
  TyEffect *effect = ty_group_effect (group, TY_EFFECT_REKEYED);
  if (effect == NULL)
    return;
  effect->bytes = locked_bytes (keys->body + 1, 2 * TY_KEY_BYTES);
  effect->number = keys->body[0];
}

void
ty_group_begin_keys (TyGroup *group, const TyValue *value)
{
  if (value->has_keys)
    use_keys (group, value);
  drop_needless (group);
  /* Asked for while others were on their way. */
  if (group->rekey_asked)
    ty_group_take_rekey (group);
}

/* No group of this process goes by the network secret that it was given. */
static gboolean
others_have_changed (const TyGroup *group)
{
  const TyNode *node = group->node;
  for (guint i = 0; i < node->groups->len; i++)
    {
      const TyGroup *other = node->groups->pdata[i];
      if (other != group && ty_group_in_view (other) && !other->own_network)
        return FALSE;
    }
  return TRUE;
}

/* Everybody who is to have closed that view has: nobody will ask for the secrets, or come by the old ones. */
void
ty_group_all_have_keys (TyGroup *group, guint64 view)
{
  if (group->rekeyed == 0 || view < group->rekeyed)
    return;
  group->rekeyed = 0;
  drop_needless (group);
  TyEffect *renew = ty_node_effect (group->node, TY_EFFECT_RENEW);
  renew->pid = group->id;
  renew->number = others_have_changed (group) ? 1 : 0;
}

/* ---- requests ---- */

/* What is asked for stays so until something is drawn for it. */
void
ty_group_take_rekey (TyGroup *group)
{
  if (ty_group_in_view (group))
    group->membership_ops->rekey (group->membership);
  else
    group->rekey_asked = group->rekey_asked_network = FALSE;
}

gboolean
ty_group_rekey (TyGroup *group, gboolean network, GError **error)
{
  if (!ty_group_in_view (group))
    g_set_error (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER, "This process is not in group \"%s\"", group->name);
  else if (!network && group->secret == NULL)
    g_set_error (error, TYET_ERROR, TYET_ERROR_SECRET,
                 "Group \"%s\" has no secret of its own that could be replaced; replace the network's", group->name);
  else
    {
      group->rekey_asked = TRUE;
      group->rekey_asked_network |= network;
      ty_node_kick (group->node);
      return TRUE;
    }
  return FALSE;
}
