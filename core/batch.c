/* core/batch.c: see batch.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/batch.h"

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
  TyReader m = *r;
  for (guint64 i = 0; i < count; i++)
    {
      guint64 head = ty_read_varint (&m);
      guint64 len = head >> 2;
      if (m.bad || len > max_message_bytes || len > ty_reader_left (&m))
        return NULL;
      services |= 1u << (head & 3);
      m.at += len;
    }
  if (!ty_reader_done (&m))
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
  };
  r->at = r->end;
  return batch;
}

void
ty_batch_builder_init (TyBatchBuilder *b)
{
  b->bytes = NULL;
  b->count = 0;
  b->services = 0;
}

void
ty_batch_builder_clear (TyBatchBuilder *b)
{
  g_clear_pointer (&b->bytes, g_byte_array_unref);
  b->count = 0;
  b->services = 0;
}

void
ty_batch_builder_add (TyBatchBuilder *b, TyService service, gconstpointer data, gsize len_bytes)
{
  g_assert (service <= TY_SERVICE_SAFE);
  if (b->bytes == NULL)
    {
      b->bytes = g_byte_array_sized_new ((guint) (TY_BATCH_HEADROOM + 16 + len_bytes));
      g_byte_array_set_size (b->bytes, TY_BATCH_HEADROOM);
    }
  ty_write_varint (b->bytes, (guint64) len_bytes << 2 | (guint64) service);
  if (len_bytes > 0)
    g_byte_array_append (b->bytes, data, (guint) len_bytes);
  b->count++;
  b->services |= 1u << service;
}

TyBatch *
ty_batch_builder_seal (TyBatchBuilder *b, const TyId *group, guint64 view_number, guint64 first, gconstpointer stamp,
                       gsize stamp_len)
{
  g_assert (b->count > 0);
  g_autoptr (GByteArray) head = g_byte_array_sized_new (TY_BATCH_HEADROOM);
  ty_write_u8 (head, TY_PACKET_DATA);
  ty_write_id (head, group);
  ty_write_varint (head, view_number);
  guint after_view = head->len;
  ty_write_varint (head, first);
  ty_write_varint (head, b->count);
  ty_write_block (head, stamp, stamp_len);

  /* Rare: a stamp that does not fit the room left for it. */
  if (head->len > TY_BATCH_HEADROOM)
    {
      guint more = head->len - TY_BATCH_HEADROOM;
      guint len = b->bytes->len;
      g_byte_array_set_size (b->bytes, len + more);
      memmove (b->bytes->data + TY_BATCH_HEADROOM + more, b->bytes->data + TY_BATCH_HEADROOM, len - TY_BATCH_HEADROOM);
    }
  gsize start = head->len > TY_BATCH_HEADROOM ? 0 : TY_BATCH_HEADROOM - head->len;
  memcpy (b->bytes->data + start, head->data, head->len);

  g_autoptr (GBytes) whole = g_byte_array_free_to_bytes (g_steal_pointer (&b->bytes));
  g_autoptr (GBytes) packet = g_bytes_new_from_bytes (whole, start, g_bytes_get_size (whole) - start);
  b->count = 0;
  b->services = 0;
  TyReader r = ty_reader_of_bytes (packet);
  r.at += after_view;
  TyBatch *batch = ty_batch_parse (packet, &r, G_MAXSIZE >> 2);
  g_assert (batch != NULL);
  return batch;
}
