/* tests/fuzz/target-sealed.c: sealed records of a session that stands.
 *
 * The input: a byte of flags (1 he dials, 2 he goes on with a peer's session, 4 bytes come one by one), then
 * operations: a byte that says what (see operate ()), two of length, that many bytes.
 *
 * Nothing comes out of what he did not seal himself, nor of anything after it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/half.h"
#include "tests/fuzz/targets.h"

typedef struct
{
  Half *half;
  guint32 number;   /* the frame's that would be right */
  gboolean foul;    /* something went that was not sealed just so */
  GByteArray *last; /* what went last */
} Talk;

static void
send (Talk *t, GByteArray *message)
{
  half_write (t->half, message->data, message->len);
  g_byte_array_set_size (t->last, 0);
  g_byte_array_append (t->last, message->data, message->len);
}

/* A frame as it should be, with that body. */
static void
send_frame (Talk *t, guint8 how, const guint8 *data, gsize len_bytes)
{
  static const guint8 parts[] = { TY_FRAME_WHOLE, TY_FRAME_FIRST, TY_FRAME_LAST, 0 };
  g_autoptr (GByteArray) record = g_byte_array_new ();
  TyRecordHead head = { .body_bytes = (guint32) len_bytes, .kind = TY_RECORD_FRAME, .number = t->number++, .ack = 1 };
  head.class = (guint8) ((how >> 3) % TY_N_CLASSES);
  head.part = parts[how >> 5 & 3];
  head.stream = how >> 7;
  if (len_bytes == 0)
    return;
  g_byte_array_set_size (record, TY_RECORD_HEAD_BYTES);
  ty_record_head_write (&head, record->data);
  g_byte_array_append (record, data, (guint) len_bytes);
  g_autoptr (GByteArray) message = half_seal (t->half, record->data, record->len);
  send (t, message);
}

static void
operate (Talk *t, guint8 what, const guint8 *data, gsize len_bytes)
{
  switch (what & 7)
    {
    case 0: /* records that are what they are */
      {
        g_autoptr (GByteArray) message = half_seal (t->half, data, len_bytes);
        send (t, message);
        break;
      }
    case 1:
    case 2:
      send_frame (t, what, data, len_bytes);
      break;
    case 3: /* nobody sealed it */
      t->foul = t->foul || len_bytes > 0;
      half_write (t->half, data, len_bytes);
      break;
    case 4: /* the last one again */
      t->foul = t->foul || t->last->len > 0;
      half_write (t->half, t->last->data, t->last->len);
      break;
    case 5: /* one is left out */
      g_byte_array_unref (half_seal (t->half, data, len_bytes));
      t->foul = TRUE;
      break;
    case 6: /* a bit of it is another */
      {
        g_autoptr (GByteArray) message = half_seal (t->half, data, len_bytes);
        message->data[(len_bytes > 0 ? data[0] : 0) % message->len] ^= (guint8) (1 << (what >> 5));
        t->foul = TRUE;
        send (t, message);
        break;
      }
    default: /* time; and the hub has something to say */
      {
        g_autoptr (GBytes) bytes = g_bytes_new ("something", 9);
        test_node_send (t->half->node, what >> 5, TY_CLASS_DATA, 1, bytes);
        test_net_pass (t->half->net, (gint64) len_bytes * 1000);
      }
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  TyReader r = TY_READER (data, len_bytes);
  guint8 flags = ty_read_u8 (&r);
  HalfConfig config = { .knows = TRUE };
  config.dials = (flags & 1) != 0;
  config.as_peer = config.resumes = (flags & 3) == 3;
  Talk t = { .half = half_new (&config), .number = 1, .last = g_byte_array_new () };
  t.half->net->piece = (flags & 4) != 0 ? 1 : 70000;
  gboolean stands = half_shake (t.half, NULL, NULL, NULL);
  g_assert (stands);
  g_assert (test_node_told (t.half->node, config.resumes ? TY_EVENT_PEER_RESUMED : TY_EVENT_PEER_UP) == 1);
  while (ty_reader_left (&r) > 3)
    {
      guint8 what = ty_read_u8 (&r);
      guint said = ty_read_u16 (&r);
      gsize n = MIN (MIN (said, ty_reader_left (&r)), TY_RECORD_MAX_BODY);
      gboolean was_foul = t.foul;
      guint before = test_node_told (t.half->node, TY_EVENT_PACKET);
      operate (&t, what, r.at, n);
      r.at += n;
      if (was_foul)
        g_assert (test_node_told (t.half->node, TY_EVENT_PACKET) == before);
    }
  test_net_pass (t.half->net, 2 * G_USEC_PER_SEC);
  g_byte_array_unref (t.last);
  half_free (t.half);
  return 0;
}
