/* transport/inbox.c: the memory that connections read into: see hub-private.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

#include "core/packet.h"

#include <sodium.h>

#define INBOX_BYTES (256 * 1024)
/* A read always finds room for a whole record, so that a remnant is moved at most once. */
#define ROOM_BYTES (64 * 1024 + 64)
G_STATIC_ASSERT (ROOM_BYTES >= 2 + TY_NOISE_MAX_BYTES && ROOM_BYTES >= TY_RECORD_HEAD_BYTES + TY_RECORD_MAX_BODY);
/* Below this, a copy costs less than what a slice keeps alive. */
#define COPY_BYTES 1024
/* From here on a copy costs more than a buffer that only one connection reads into. */
#define OWN_BYTES 4096
/* Buffers that nobody refers to any more and that are kept for the next time: to the kernel, fresh memory is a fault
 * a page. */
#define SPARE_BUFFERS 8

G_STATIC_ASSERT (INBOX_BYTES >= 2 * ROOM_BYTES);

/* Packets are handed to the application, which may let the last of a buffer go in any thread, and after the hub is
 * gone. */
struct _TyPool
{
  gatomicrefcount ref; /* the inbox's, and one for each buffer in use */
  GMutex lock;
  guint n_spare;
  guint8 *spare[SPARE_BUFFERS];
};

typedef struct
{
  TyPool *pool;
  guint8 *mem;
} Buffer;

static void
pool_unref (TyPool *pool)
{
  if (!g_atomic_ref_count_dec (&pool->ref))
    return;
  for (guint i = 0; i < pool->n_spare; i++)
    g_free (pool->spare[i]);
  g_mutex_clear (&pool->lock);
  g_free (pool);
}

static void
buffer_free (gpointer data)
{
  Buffer *buffer = data;
  TyPool *pool = buffer->pool;
  g_mutex_lock (&pool->lock);
  if (pool->n_spare < SPARE_BUFFERS)
    pool->spare[pool->n_spare++] = g_steal_pointer (&buffer->mem);
  g_mutex_unlock (&pool->lock);
  g_free (buffer->mem);
  g_free (buffer);
  pool_unref (pool);
}

static void
new_buffer (TyInbox *inbox)
{
  TyPool *pool = inbox->pool;
  if (pool == NULL)
    {
      inbox->pool = pool = g_new0 (TyPool, 1);
      g_atomic_ref_count_init (&pool->ref);
      g_mutex_init (&pool->lock);
    }
  g_clear_pointer (&inbox->now.bytes, g_bytes_unref);
  Buffer *buffer = g_new0 (Buffer, 1);
  g_mutex_lock (&pool->lock);
  if (pool->n_spare > 0)
    buffer->mem = pool->spare[--pool->n_spare];
  g_mutex_unlock (&pool->lock);
  if (buffer->mem == NULL)
    buffer->mem = g_malloc (INBOX_BYTES);
  buffer->pool = pool;
  g_atomic_ref_count_inc (&pool->ref);
  inbox->now.mem = buffer->mem;
  inbox->now.bytes = g_bytes_new_with_free_func (buffer->mem, INBOX_BYTES, buffer_free, buffer);
  inbox->now.fill = 0;
  inbox->now.shared = FALSE;
}

void
ty_inbox_clear (TyInbox *inbox)
{
  g_clear_pointer (&inbox->now.bytes, g_bytes_unref);
  g_clear_pointer (&inbox->other.bytes, g_bytes_unref);
  g_clear_pointer (&inbox->pool, pool_unref);
  *inbox = (TyInbox){ 0 };
}

void
ty_remnant_clear (TyRemnant *remnant)
{
  g_clear_pointer (&remnant->bytes, g_bytes_unref);
  *remnant = (TyRemnant){ 0 };
}

/* An inbox with at least `need_bytes` of room. */
static void
make_room (TyInbox *inbox, gsize need_bytes)
{
  if (inbox->now.bytes != NULL && !inbox->now.shared)
    inbox->now.fill = 0;
  if (inbox->now.bytes == NULL || INBOX_BYTES - inbox->now.fill < need_bytes)
    new_buffer (inbox);
}

/* The connection's own buffer is read into again. */
static void
bring_back (TyInbox *inbox, TyRemnant *remnant)
{
  g_clear_pointer (&inbox->other.bytes, g_bytes_unref);
  inbox->other = inbox->now;
  inbox->now = (TyInboxBuffer){
    .mem = remnant->mem,
    .bytes = g_bytes_ref (remnant->bytes),
    .fill = remnant->offset + remnant->len_bytes,
    .shared = TRUE,
  };
  remnant->mem = NULL;
}

guint8 *
ty_inbox_room (TyInbox *inbox, TyRemnant *remnant, gsize *room_bytes)
{
  if (remnant->mem != NULL && INBOX_BYTES - remnant->offset - remnant->len_bytes >= ROOM_BYTES)
    bring_back (inbox, remnant);
  gboolean in_place = remnant->bytes != NULL && remnant->bytes == inbox->now.bytes
                      && remnant->offset + remnant->len_bytes == inbox->now.fill
                      && INBOX_BYTES - inbox->now.fill >= ROOM_BYTES;
  if (!in_place)
    {
      make_room (inbox, remnant->len_bytes + ROOM_BYTES);
      if (remnant->len_bytes > 0)
        {
          const guint8 *from = (const guint8 *) g_bytes_get_data (remnant->bytes, NULL) + remnant->offset;
          memcpy (inbox->now.mem + inbox->now.fill, from, remnant->len_bytes);
          gsize offset = inbox->now.fill;
          inbox->now.fill += remnant->len_bytes;
          g_bytes_unref (remnant->bytes);
          remnant->mem = NULL;
          remnant->bytes = g_bytes_ref (inbox->now.bytes);
          remnant->offset = offset;
          inbox->now.shared = TRUE;
        }
    }
  *room_bytes = INBOX_BYTES - inbox->now.fill;
  return inbox->now.mem + inbox->now.fill;
}

const guint8 *
ty_inbox_filled (TyInbox *inbox, const TyRemnant *remnant, gsize len_bytes, gsize *all_bytes)
{
  g_assert (len_bytes <= INBOX_BYTES - inbox->now.fill);
  inbox->now.fill += len_bytes;
  *all_bytes = remnant->len_bytes + len_bytes;
  g_assert (*all_bytes <= inbox->now.fill);
  return inbox->now.mem + inbox->now.fill - *all_bytes;
}

void
ty_inbox_keep (TyInbox *inbox, TyRemnant *remnant, gsize len_bytes, gboolean apart)
{
  ty_remnant_clear (remnant);
  if (len_bytes == 0)
    return;
  g_assert (len_bytes <= inbox->now.fill);
  if (apart)
    {
      GBytes *bytes = g_bytes_new (inbox->now.mem + inbox->now.fill - len_bytes, len_bytes);
      *remnant = (TyRemnant){ .bytes = bytes, .len_bytes = len_bytes };
      return;
    }
  *remnant = (TyRemnant){
    .bytes = g_bytes_ref (inbox->now.bytes),
    .offset = inbox->now.fill - len_bytes,
    .len_bytes = len_bytes,
  };
  inbox->now.shared = TRUE;
  if (len_bytes < OWN_BYTES)
    return;
  remnant->mem = inbox->now.mem;
  g_bytes_unref (inbox->now.bytes);
  inbox->now = inbox->other;
  inbox->other = (TyInboxBuffer){ 0 };
}

GBytes *
ty_inbox_buffer (TyInbox *inbox, const guint8 *data, gsize len_bytes)
{
  g_assert (data >= inbox->now.mem && data + len_bytes <= inbox->now.mem + inbox->now.fill);
  inbox->now.shared = TRUE;
  return inbox->now.bytes;
}

/* New secrets: they go into locked memory, and stay nowhere else. */
static GBytes *
take_keys (guint8 *data, gsize len_bytes)
{
  guint8 *locked = sodium_init () < 0 ? NULL : sodium_malloc (len_bytes);
  if (locked == NULL)
    g_error ("no locked memory for keys");
  memcpy (locked, data, len_bytes);
  sodium_memzero (data, len_bytes);
  return g_bytes_new_with_free_func (locked, len_bytes, sodium_free, locked);
}

GBytes *
ty_inbox_packet (TyInbox *inbox, const guint8 *data, gsize len_bytes)
{
  /* What connections read into is the inbox's own memory, and nothing else refers to this part of it. */
  if (len_bytes > 0 && len_bytes <= COPY_BYTES && data[0] == TY_PACKET_KEYS)
    return take_keys ((guint8 *) data, len_bytes);
  if (len_bytes <= COPY_BYTES)
    return g_bytes_new (data, len_bytes);
  g_assert (data >= inbox->now.mem && data + len_bytes <= inbox->now.mem + inbox->now.fill);
  inbox->now.shared = TRUE;
  return g_bytes_new_from_bytes (inbox->now.bytes, (gsize) (data - inbox->now.mem), len_bytes);
}
