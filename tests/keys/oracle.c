/* tests/keys/oracle.c: what must hold at every step of the storm of secrets: see storm.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/keys/storm.h"

#include "core/view.h"

#include <string.h>

void
keys_found (Keys *keys, const char *rule, const char *format, ...)
{
  if (keys->finding != NULL)
    return;
  va_list args;
  va_start (args, format);
  keys->finding = g_new0 (KeysFinding, 1);
  keys->finding->rule = rule;
  keys->finding->text = g_strdup_vprintf (format, args);
  va_end (args);
  ty_sim_trace (keys->stage->world, "!!! %s: %s", rule, keys->finding->text);
}

void
keys_finding_free (KeysFinding *finding)
{
  g_free (finding->text);
  g_free (finding);
}

guint
keys_secret (Keys *keys, const guint8 bytes[32])
{
  KeysSecret fresh;
  for (guint i = 0; i < keys->secrets->len; i++)
    if (memcmp (g_array_index (keys->secrets, KeysSecret, i).bytes, bytes, 32) == 0)
      return i;
  memcpy (fresh.bytes, bytes, sizeof fresh.bytes);
  g_array_append_val (keys->secrets, fresh);
  return keys->secrets->len - 1;
}

/* ---- who has what ---- */

guint
keys_pair (const KeysHolder *h)
{
  return h->net << 16 | (h->group & 0xffff);
}

KeysHolder *
keys_holder (Keys *keys, TySimProcess *p, guint site, guint net, guint group)
{
  KeysHolder *h = g_new0 (KeysHolder, 1);
  h->p = p;
  h->site = site;
  h->net = net;
  h->group = group;
  h->came_by = keys_pair (h);
  h->held = g_array_new (FALSE, FALSE, sizeof (guint));
  g_array_append_val (h->held, net);
  h->up = g_array_new (FALSE, FALSE, sizeof (KeysSession));
  h->out = g_array_new (FALSE, FALSE, sizeof (TyId));
  g_ptr_array_add (keys->holders, h);
  return h;
}

static void
holder_free (gpointer data)
{
  KeysHolder *h = data;
  g_array_unref (h->held);
  g_array_unref (h->up);
  g_array_unref (h->out);
  g_free (h);
}

KeysHolder *
keys_holder_of (Keys *keys, const TySimProcess *p)
{
  for (guint i = 0; i < keys->holders->len; i++)
    if (((KeysHolder *) keys->holders->pdata[i])->p == p)
      return keys->holders->pdata[i];
  g_assert_not_reached ();
}

KeysHolder *
keys_holder_by_pid (Keys *keys, const TyId *pid)
{
  for (guint i = 0; i < keys->holders->len; i++)
    if (ty_id_equal (ty_sim_pid (((KeysHolder *) keys->holders->pdata[i])->p), pid))
      return keys->holders->pdata[i];
  return NULL;
}

static gboolean
has_held (const KeysHolder *h, guint net)
{
  for (guint i = 0; i < h->held->len; i++)
    if (g_array_index (h->held, guint, i) == net)
      return TRUE;
  return FALSE;
}

gboolean
keys_has_session (const KeysHolder *h, const TyId *pid)
{
  for (guint i = 0; i < h->up->len; i++)
    if (ty_id_equal (&g_array_index (h->up, KeysSession, i).pid, pid))
      return TRUE;
  return FALSE;
}

/* ---- what the application is told ---- */

/* All say the same of that view. */
static void
agree (Keys *keys, GHashTable *said, const TyetView *view, guint value, const Part *part, const char *what)
{
  gpointer before;
  if (!g_hash_table_lookup_extended (said, view->label, NULL, &before))
    g_hash_table_insert (said, g_strdup (view->label), GUINT_TO_POINTER (value + 1));
  else if (GPOINTER_TO_UINT (before) != value + 1)
    keys_found (keys, "same-secrets", "%s %s view %s: %x here, %x at another", ty_sim_name (part->p), what, view->label,
                value, GPOINTER_TO_UINT (before) - 1);
}

static void
on_joiner (Keys *keys, const KeysHolder *h, const Part *part, const TyMember *member)
{
  const KeysHolder *joiner = keys_holder_by_pid (keys, &member->pid);
  g_assert (joiner != NULL && part->view != NULL);
  if (joiner == h)
    return;
  if (joiner->came_by != keys_pair (h))
    keys_found (keys, "old-secret", "%s enters view %s of %s with secrets %x, and those of the group are %x",
                ty_sim_name (joiner->p), part->view->label, ty_sim_name (part->p), joiner->came_by, keys_pair (h));
  /* It was off the list already when the view before this one began: so this process has not let it pass. */
  if ((h->list >> joiner->site & 1) == 0 && h->list_views < part->n_views - 1)
    keys_found (keys, "not-on-list", "%s enters view %s, and is not on the list of %s", ty_sim_name (joiner->p),
                part->view->label, ty_sim_name (part->p));
}

static void
on_view (Keys *keys, const KeysHolder *h, const Part *part, const TyViewChange *change)
{
  const TyetView *view = part->view;
  for (guint i = 0; i < change->n_left; i++)
    if (change->why[i] == TY_LEFT_REVOKED)
      g_array_append_val (h->out, change->before->members[change->left[i]].pid);
  if (part->n_views > 1)
    agree (keys, keys->closed, part->views->pdata[part->n_views - 2], keys_pair (h), part, "leaves");
  for (guint i = 0; i < view->n_members && part->n_views > 1; i++)
    if (view->members[i].since == view->id.number)
      on_joiner (keys, h, part, &view->members[i]);
}

static void
on_rekeyed (Keys *keys, KeysHolder *h, const Part *part, const TyEffect *effect)
{
  gsize len;
  const guint8 *bytes = g_bytes_get_data (effect->bytes, &len);
  g_assert (len == 64 && effect->number >= 1 && effect->number <= 3);
  if ((effect->number & 1) != 0)
    h->group = keys_secret (keys, bytes);
  if ((effect->number & 2) != 0)
    {
      h->net = keys_secret (keys, bytes + 32);
      g_array_append_val (h->held, h->net);
    }
  agree (keys, keys->rekeyed, part->view, keys_pair (h), part, "has new secrets with");
  if (part->view->id.number <= keys->newest)
    return;
  keys->newest = part->view->id.number;
  keys->net = h->net;
  keys->group = h->group;
  keys->counts->rekeys++;
  keys->counts->network_rekeys += (effect->number & 2) != 0;
}

static void
on_effect (Part *part, const TyEffect *effect, gpointer data)
{
  Keys *keys = data;
  KeysHolder *h = keys_holder_of (keys, part->p);
  if (effect->type == TY_EFFECT_VIEW)
    on_view (keys, h, part, effect->change);
  else if (effect->type == TY_EFFECT_REKEYED)
    on_rekeyed (keys, h, part, effect);
  else if (effect->type == TY_EFFECT_ENTERED)
    keys->counts->entered += effect->error == NULL;
}

/* ---- sessions ---- */

static void
forget (KeysHolder *h, guint peer)
{
  for (guint i = h->up->len; i-- > 0;)
    if (g_array_index (h->up, KeysSession, i).peer == peer)
      g_array_remove_index_fast (h->up, i);
}

static void
on_event (TySimProcess *p, const TyEvent *event, gpointer data)
{
  Keys *keys = data;
  KeysHolder *h = keys_holder_of (keys, p);
  if (event->type == TY_EVENT_PEER_LOST || event->type == TY_EVENT_PEER_DEAD)
    forget (h, event->peer);
  if (event->type != TY_EVENT_PEER_UP)
    return;
  const KeysHolder *other = keys_holder_by_pid (keys, &event->pid);
  g_assert (other != NULL);
  KeysSession session = { event->peer, event->pid };
  forget (h, event->peer);
  g_array_append_val (h->up, session);
  /* The other may have come by a newer one since it answered. */
  if (!has_held (other, h->net))
    keys_found (keys, "old-network", "%s begins a session with %s, which does not know network secret %u",
                ty_sim_name (p), ty_sim_name (other->p), h->net);
}

static void
on_witnessed (TySimProcess *p, const TyEffect *effect, gpointer data)
{
  if (effect->type == TY_EFFECT_PEER_CLOSE)
    forget (keys_holder_of (data, p), effect->peer);
}

/* With the view that does without it, its channels go. */
static void
on_turned (TySimProcess *p, gpointer data)
{
  Keys *keys = data;
  const KeysHolder *h = keys_holder_of (keys, p);
  for (guint i = 0; i < h->out->len; i++)
    if (keys_has_session (h, &g_array_index (h->out, TyId, i)))
      keys_found (keys, "revoked", "%s still has a session with %s, which it has left out", ty_sim_name (p),
                  ty_sim_name (keys_holder_by_pid (keys, &g_array_index (h->out, TyId, i))->p));
  g_array_set_size (h->out, 0);
}

void
keys_oracle_init (Keys *keys)
{
  static const TySimWitness witness = { .event = on_event, .effect = on_witnessed, .turned = on_turned };
  keys->holders = g_ptr_array_new_with_free_func (holder_free);
  keys->secrets = g_array_new (FALSE, FALSE, sizeof (KeysSecret));
  keys->closed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  keys->rekeyed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  keys->stage->on_effect = on_effect;
  keys->stage->data = keys;
  ty_sim_world_add_witness (keys->stage->world, &witness, keys);
}

void
keys_oracle_clear (Keys *keys)
{
  g_ptr_array_unref (keys->holders);
  g_array_unref (keys->secrets);
  g_hash_table_unref (keys->closed);
  g_hash_table_unref (keys->rekeyed);
}
