/* core/batch.c: see batch.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/batch.h"

#include "core/block.h"
#include "core/packet.h"

TyBatch *
ty_batch_ref (TyBatch *batch)
{
  g_assert (batch->ref > 0);
  batch->ref++;
  return batch;
}

void
ty_batch_unref (TyBatch *batch)
{
  g_assert (batch->ref > 0);
  if (--batch->ref > 0)
    return;
  g_bytes_unref (batch->packet);
  g_free (batch);
}

/* The head of a message, moved behind: nearly all of them are two bytes or one. FALSE if it is malformed. */
static inline gboolean
read_head (const guint8 **at, const guint8 *end, guint64 *head)
{
  const guint8 *p = *at;
  if (G_LIKELY (end - p >= 2))
    {
      if (p[0] < 0x80)
        {
          *at = p + 1;
          *head = p[0];
          return TRUE;
        }
      if (G_LIKELY (p[1] < 0x80 && p[1] != 0))
        {
          *at = p + 2;
          *head = (guint64) (p[0] & 0x7f) | (guint64) p[1] << 7;
          return TRUE;
        }
    }
  TyReader r = TY_READER (p, (gsize) (end - p));
  *head = ty_read_varint (&r);
  *at = r.at;
  return !r.bad;
}

TyBatch *
ty_batch_parse (GBytes *packet, TyReader *r, gsize max_message_bytes)
{
  guint64 first = ty_read_varint (r);
  guint64 count = ty_read_varint (r);
  gsize stamp_len;
  const guint8 *stamp = ty_read_block (r, &stamp_len);
  if (r->bad || first == 0 || count == 0 || count > ty_reader_left (r) || first > G_MAXINT64 - count)
    return NULL;

  guint32 services = 0;
  gsize payload_bytes = 0;
  const guint8 *at = r->at, *end = r->end;
  for (guint64 i = 0; i < count; i++)
    {
      guint64 head;
      if (!read_head (&at, end, &head) || head >> 2 > MIN (max_message_bytes, (gsize) (end - at)))
        return NULL;
      gsize len = (gsize) (head >> 2);
      services |= 1u << (head & 3);
      payload_bytes += len;
      at += len;
      ty_batch_fetch_ahead (at, len);
    }
  if (at != end)
    return NULL;

  TyBatch *batch = g_new (TyBatch, 1);
  *batch = (TyBatch){
    .ref = 1,
    .packet = g_bytes_ref (packet),
    .first = first,
    .last = first + count - 1,
    .stamp = stamp,
    .stamp_len = (guint32) stamp_len,
    .services = services,
    .messages = r->at,
    .messages_len = ty_reader_left (r),
    .payload_bytes = payload_bytes,
  };
  r->at = r->end;
  return batch;
}

/* ---- Building ---- */

/* What a batch of more than one message has room for at once, so that it is copied while it is short, and never again:
 * it is closed before it is that long. */
#define FULL_BYTES (64 * 1024)
/* Shorter ones get memory of just their size in the end: many may be under way. */
#define SMALL_BYTES 2048

void
ty_batch_builder_init (TyBatchBuilder *b)
{
  *b = (TyBatchBuilder){ 0 };
}

void
ty_batch_builder_split (TyBatchBuilder *b, TyBatchBuilder *full)
{
  *full = *b;
  *b = (TyBatchBuilder){ .many = full->count > 1 };
}

void
ty_batch_builder_clear (TyBatchBuilder *b)
{
  ty_block_free (b->mem);
  *b = (TyBatchBuilder){ 0 };
}

static void
builder_reserve (TyBatchBuilder *b, gsize need_bytes)
{
  if (b->capacity - b->len_bytes >= need_bytes)
    return;
  /* The first message gets what it needs, unless others are to be expected: it may stay alone. */
  gsize wanted = b->count == 0 && !b->many ? 0 : FULL_BYTES;
  guint8 *mem = ty_block_new (MAX (wanted, b->len_bytes + need_bytes), &b->capacity);
  if (b->len_bytes > 0)
    memcpy (mem, b->mem, b->len_bytes);
  ty_block_free (b->mem);
  b->mem = mem;
}

void
ty_batch_builder_add (TyBatchBuilder *b, TyService service, gconstpointer data, gsize len_bytes)
{
  g_assert (service <= TY_SERVICE_SAFE);
  if (b->mem == NULL)
    {
      builder_reserve (b, TY_BATCH_HEADROOM + 10 + len_bytes);
      b->len_bytes = TY_BATCH_HEADROOM;
    }
  builder_reserve (b, 10 + len_bytes);
  b->len_bytes += ty_varint_put (b->mem + b->len_bytes, (guint64) len_bytes << 2 | (guint64) service);
  if (len_bytes > 0)
    memcpy (b->mem + b->len_bytes, data, len_bytes);
  b->len_bytes += len_bytes;
  b->payload_bytes += len_bytes;
  b->count++;
  b->services |= 1u << service;
  g_assert (b->len_bytes <= b->capacity);
}

/* Moves the messages to where they take no more memory than they need; how that is freed. */
static GDestroyNotify
builder_fit (TyBatchBuilder *b)
{
  gboolean small = b->len_bytes <= SMALL_BYTES;
  if (!small && ty_block_capacity (b->len_bytes) >= b->capacity)
    return ty_block_free;
  guint8 *mem = small ? g_malloc (b->len_bytes) : ty_block_new (b->len_bytes, &b->capacity);
  memcpy (mem, b->mem, b->len_bytes);
  ty_block_free (b->mem);
  b->mem = mem;
  return small ? g_free : ty_block_free;
}

TyBatch *
ty_batch_builder_seal (TyBatchBuilder *b, const TyId *group, guint64 view_number, guint64 first, gconstpointer stamp,
                       gsize stamp_len)
{
  g_assert (b->count > 0 && first > 0);
  g_autoptr (GByteArray) head = g_byte_array_sized_new (TY_BATCH_HEADROOM);
  ty_write_u8 (head, TY_PACKET_DATA);
  ty_write_id (head, group);
  ty_write_varint (head, view_number);
  ty_write_varint (head, first);
  ty_write_varint (head, b->count);
  ty_write_block (head, stamp, stamp_len);

  /* Rare: a stamp that does not fit the room left for it. */
  gsize messages_len = b->len_bytes - TY_BATCH_HEADROOM, room = MAX (TY_BATCH_HEADROOM, head->len);
  if (room > TY_BATCH_HEADROOM)
    {
      builder_reserve (b, room - TY_BATCH_HEADROOM);
      memmove (b->mem + room, b->mem + TY_BATCH_HEADROOM, messages_len);
      b->len_bytes += room - TY_BATCH_HEADROOM;
    }
  GDestroyNotify free_mem = builder_fit (b);
  guint8 *start = b->mem + room - head->len;
  memcpy (start, head->data, head->len);

  TyBatch *batch = g_new (TyBatch, 1);
  *batch = (TyBatch){
    .ref = 1,
    .packet = g_bytes_new_with_free_func (start, head->len + messages_len, free_mem, b->mem),
    .first = first,
    .last = first + b->count - 1,
    .stamp = start + head->len - stamp_len,
    .stamp_len = (guint32) stamp_len,
    .services = b->services,
    .messages = start + head->len,
    .messages_len = messages_len,
    .payload_bytes = b->payload_bytes,
  };
  *b = (TyBatchBuilder){ .many = b->count > 1 };
  return batch;
}
