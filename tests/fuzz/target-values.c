/* tests/fuzz/target-values.c: what the decoders of packets share, each by itself: batches, agreed values, members, a
 * founder's record.
 *
 * The input's first byte says which; the rest is read.  No value has two encodings: what was read and is written again
 * is the same bytes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/batch.h"
#include "core/founding.h"
#include "core/value.h"
#include "tests/fuzz/targets.h"

#define MAX_MESSAGE_BYTES 100

static void
read_batch (const guint8 *data, gsize len_bytes)
{
  g_autoptr (GBytes) packet = g_bytes_new_static (data, len_bytes);
  TyReader r = TY_READER (data, len_bytes);
  g_autoptr (TyBatch) batch = ty_batch_parse (packet, &r, MAX_MESSAGE_BYTES);
  TyBatchMessage message = { .next = 0 };
  if (batch == NULL)
    return;
  gsize payload_bytes = 0;
  for (guint64 number = batch->first; number <= batch->last; number++)
    {
      ty_batch_at (batch, message.next, number, &message);
      payload_bytes += message.len;
      g_assert (message.next <= batch->messages_len && message.len <= MAX_MESSAGE_BYTES);
      g_assert ((batch->services & (1u << message.service)) != 0);
    }
  g_assert (message.next == batch->messages_len && payload_bytes == batch->payload_bytes);
}

static void
assert_same (GByteArray *again, const guint8 *data, gsize len_bytes)
{
  g_assert (again->len == len_bytes && memcmp (again->data, data, len_bytes) == 0);
}

static void
read_value (const guint8 *data, gsize len_bytes)
{
  TyReader r = TY_READER (data, len_bytes);
  g_autoptr (TyValue) value = ty_value_read (&r);
  TyId digest;
  if (value == NULL || !ty_reader_done (&r))
    return;
  g_autoptr (GByteArray) again = g_byte_array_new ();
  ty_value_write (again, value);
  assert_same (again, data, len_bytes);
  ty_value_digest (value, &digest);
  for (guint i = 0; i < value->n_members; i++)
    g_assert (ty_value_rank (value, &value->members[i].pid) <= i);
}

static void
read_members (const guint8 *data, gsize len_bytes)
{
  TyReader r = TY_READER (data, len_bytes);
  guint n_members = 0;
  TyMember *members = ty_members_read (&r, &n_members);
  if (members != NULL && ty_reader_done (&r))
    {
      g_autoptr (GByteArray) again = g_byte_array_new ();
      ty_write_varint (again, n_members);
      for (guint i = 0; i < n_members; i++)
        ty_member_write (again, &members[i]);
      assert_same (again, data, len_bytes);
    }
  if (members != NULL)
    ty_members_free (members, n_members);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  TyId pid;
  if (len_bytes == 0)
    return 0;
  switch (data[0] % 4)
    {
    case 0:
      read_batch (data + 1, len_bytes - 1);
      break;
    case 1:
      read_value (data + 1, len_bytes - 1);
      break;
    case 2:
      read_members (data + 1, len_bytes - 1);
      break;
    default:
      ty_founding_read_pid (data + 1, len_bytes - 1, &pid);
    }
  return 0;
}
