/* transport/keyring.c: see keyring.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/keyring.h"

typedef struct
{
  TyId pid;
  guint8 key[32];
} Entry;

void
ty_keyring_init (TyKeyring *ring)
{
  ring->by_pid = g_hash_table_new (ty_id_hash, ty_id_equal_v);
  g_queue_init (&ring->entries);
}

void
ty_keyring_clear (TyKeyring *ring)
{
  g_hash_table_unref (ring->by_pid);
  g_queue_clear_full (&ring->entries, g_free);
}

gboolean
ty_keyring_contradicts (const TyKeyring *ring, const TyId *pid, const guint8 key[32])
{
  const GList *link = g_hash_table_lookup (ring->by_pid, pid);
  const Entry *entry = link != NULL ? link->data : NULL;
  return entry != NULL && memcmp (entry->key, key, sizeof entry->key) != 0;
}

static void
forget_link (TyKeyring *ring, GList *link)
{
  Entry *entry = link->data;
  g_hash_table_remove (ring->by_pid, &entry->pid);
  g_queue_delete_link (&ring->entries, link);
  g_free (entry);
}

void
ty_keyring_learn (TyKeyring *ring, const TyId *pid, const guint8 key[32])
{
  g_assert (!ty_keyring_contradicts (ring, pid, key));
  if (g_hash_table_contains (ring->by_pid, pid))
    return;
  if (g_queue_get_length (&ring->entries) == TY_KEYRING_MOST)
    forget_link (ring, ring->entries.head);
  Entry *entry = g_new (Entry, 1);
  entry->pid = *pid;
  memcpy (entry->key, key, sizeof entry->key);
  g_queue_push_tail (&ring->entries, entry);
  g_hash_table_insert (ring->by_pid, &entry->pid, ring->entries.tail);
}

void
ty_keyring_forget (TyKeyring *ring, const TyId *pid)
{
  GList *link = g_hash_table_lookup (ring->by_pid, pid);
  if (link != NULL)
    forget_link (ring, link);
}
