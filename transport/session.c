/* transport/session.c: see session.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/session.h"
#include "transport/ring.h"

/* Packets that a peer may have begun and not finished. */
#define MAX_PARTIAL 1024
/* What all of them together may take, in packets of the largest size. */
#define MAX_PARTIAL_PACKETS 8

/* A fragment shorter than that is not worth keeping its buffer for: an honest peer sends only the last one so. */
#define MIN_IN_PLACE_BYTES (TY_RECORD_MAX_BODY / 2)

/* A packet that has begun and not ended. Where its fragments come one right behind the other, each is moved to the end
 * of what is there, over its own head: nothing but the last, which is short, costs a copy then. */
typedef struct
{
  GBytes *buffer; /* in place; or NULL, and then: */
  guint8 *at;
  const guint8 *behind; /* what came last: where that ended */
  gsize len_bytes;
  GByteArray *copied;
} Partial;

struct _TySession
{
  TyId id;
  gsize max_packet_bytes;

  /* Sending. Numbers as in the picture of session.h. */
  TyOutbox *outbox;
  TyRing kept; /* of TyFrame: first_kept .. send_next - 1 */
  guint64 first_kept;
  guint64 write_next;
  guint64 send_next;
  gsize kept_bytes;
  gsize write_offset; /* what of frame write_next, head and body, has been written on this connection */
  guint8 write_head[TY_RECORD_HEAD_BYTES]; /* its head as it was written, if write_offset > 0 */

  /* Receiving. */
  guint64 receive_next;
  guint64 taken;
  guint64 acked;
  gsize received_bytes, taken_bytes, acked_bytes; /* the same three in bytes, wrapping around */
  GHashTable *partial; /* of Partial, by class and stream; looked up only */
  gsize partial_bytes;
};

static void
partial_free (gpointer data)
{
  Partial *partial = data;
  g_clear_pointer (&partial->buffer, g_bytes_unref);
  g_clear_pointer (&partial->copied, g_byte_array_unref);
  g_free (partial);
}

TySession *
ty_session_new (const TyId *id, gsize max_packet_bytes)
{
  g_assert (max_packet_bytes >= TY_RECORD_MAX_BODY && max_packet_bytes < G_MAXUINT / 2);
  TySession *s = g_new0 (TySession, 1);
  s->id = *id;
  s->max_packet_bytes = max_packet_bytes;
  s->outbox = ty_outbox_new ();
  ty_ring_init (&s->kept, sizeof (TyFrame));
  s->first_kept = s->write_next = s->send_next = 1;
  s->receive_next = s->taken = s->acked = 1;
  s->partial = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, partial_free);
  return s;
}

void
ty_session_free (TySession *s)
{
  for (guint i = 0; i < s->kept.n; i++)
    g_bytes_unref (((TyFrame *) ty_ring_at (&s->kept, i))->bytes);
  ty_ring_clear (&s->kept);
  ty_outbox_free (s->outbox);
  g_hash_table_unref (s->partial);
  g_free (s);
}

const TyId *
ty_session_id (const TySession *s)
{
  return &s->id;
}

/* ---- Connections ---- */

guint64
ty_session_receive_next (const TySession *s)
{
  return s->receive_next;
}

/* Forgets the frames before `next`. */
static void
drop_kept (TySession *s, guint64 next)
{
  g_assert (next <= s->send_next);
  for (; s->first_kept < next; s->first_kept++)
    {
      TyFrame *frame = ty_ring_at (&s->kept, 0);
      s->kept_bytes -= frame->len_bytes;
      g_bytes_unref (frame->bytes);
      ty_ring_pop (&s->kept);
    }
  g_assert (s->kept.n == s->send_next - s->first_kept);
}

gboolean
ty_session_connect (TySession *s, guint64 next)
{
  if (next < s->first_kept || next > s->send_next)
    return FALSE;
  drop_kept (s, next);
  s->write_next = next;
  s->write_offset = 0;
  return TRUE;
}

/* ---- Sending ---- */

void
ty_session_push (TySession *s, TyClass class, guint32 stream, GBytes *bytes)
{
  ty_outbox_push (s->outbox, class, stream, bytes);
}

gsize
ty_session_waiting_bytes (const TySession *s)
{
  return s->kept_bytes + ty_outbox_waiting_bytes (s->outbox);
}

/* Numbers one more frame. */
static gboolean
number_frame (TySession *s)
{
  TyFrame frame;
  if (!ty_outbox_pop (s->outbox, &frame))
    return FALSE;
  *(TyFrame *) ty_ring_push (&s->kept) = frame;
  s->send_next++;
  s->kept_bytes += frame.len_bytes;
  return TRUE;
}

static const TyFrame *
kept_frame (const TySession *s, guint64 number)
{
  g_assert (number >= s->first_kept && number < s->send_next);
  return ty_ring_at (&s->kept, (guint) (number - s->first_kept));
}

static void
encode_head (const TySession *s, const TyFrame *frame, guint64 number, guint8 *out)
{
  ty_record_head_write (
      &(TyRecordHead){
          .body_bytes = frame->len_bytes,
          .kind = TY_RECORD_FRAME,
          .class = frame->class,
          .part = frame->part,
          .stream = frame->stream,
          .number = (guint32) number,
          .ack = s->taken,
      },
      out);
}

static void
gather_part (TyGather *g, const guint8 *data, gsize len_bytes)
{
  if (len_bytes == 0)
    return;
  g_assert (g->n_parts < TY_GATHER_PARTS);
  g->parts[g->n_parts++] = (struct iovec){ .iov_base = (void *) data, .iov_len = len_bytes };
  g->n_bytes += len_bytes;
}

void
ty_session_gather (TySession *s, TyGather *g)
{
  guint64 number = s->write_next;
  gsize skip = s->write_offset;
  while (g->n_parts + 2 <= TY_GATHER_PARTS && g->n_heads < TY_GATHER_FRAMES && g->n_bytes < TY_GATHER_BYTES)
    {
      if (number == s->send_next && !number_frame (s))
        break;
      const TyFrame *frame = kept_frame (s, number);
      if (g->whole_bytes > 0 && g->n_bytes + TY_RECORD_HEAD_BYTES + frame->len_bytes > g->whole_bytes)
        break;
      guint8 *head = g->heads[g->n_heads++];
      if (skip > 0)
        memcpy (head, s->write_head, TY_RECORD_HEAD_BYTES);
      else
        encode_head (s, frame, number, head);
      gsize skip_head = MIN (skip, TY_RECORD_HEAD_BYTES);
      gsize skip_body = skip - skip_head;
      g_assert (skip_body < frame->len_bytes);
      const guint8 *body = g_bytes_get_data (frame->bytes, NULL);
      gather_part (g, head + skip_head, TY_RECORD_HEAD_BYTES - skip_head);
      gather_part (g, body + frame->offset + skip_body, frame->len_bytes - skip_body);
      number++;
      skip = 0;
    }
}

void
ty_session_wrote (TySession *s, gsize len_bytes)
{
  while (len_bytes > 0)
    {
      const TyFrame *frame = kept_frame (s, s->write_next);
      gsize left = TY_RECORD_HEAD_BYTES + frame->len_bytes - s->write_offset;
      gsize n = MIN (left, len_bytes);
      if (s->write_offset == 0)
        ty_session_ack_written (s);
      /* Broken off in mid-frame: its head stays as it was gathered, whatever is taken until the rest can go. */
      if (s->write_offset == 0 && n < left)
        encode_head (s, frame, s->write_next, s->write_head);
      len_bytes -= n;
      s->write_offset += n;
      if (n == left)
        {
          s->write_next++;
          s->write_offset = 0;
        }
    }
}

gboolean
ty_session_mid_frame (const TySession *s)
{
  return s->write_offset > 0;
}

gboolean
ty_session_has_output (const TySession *s)
{
  return s->write_next < s->send_next || ty_outbox_waiting_bytes (s->outbox) > 0;
}

/* ---- Receiving ---- */

/* One more fragment. `buffer` and `between_bytes` as in session.h. */
static void
partial_add (Partial *p, const guint8 *body, gsize len_bytes, GBytes *buffer, gsize between_bytes)
{
  if (p->len_bytes == 0 && buffer != NULL && len_bytes >= MIN_IN_PLACE_BYTES)
    {
      p->buffer = g_bytes_ref (buffer);
      p->at = (guint8 *) body;
      p->behind = body + len_bytes;
      p->len_bytes = len_bytes;
      return;
    }
  /* What is between is the head of this frame, and what the seal has put there: nobody's any more. */
  if (p->buffer != NULL && p->buffer == buffer
      && (body == p->behind + TY_RECORD_HEAD_BYTES || body == p->behind + TY_RECORD_HEAD_BYTES + between_bytes))
    {
      memmove (p->at + p->len_bytes, body, len_bytes);
      p->behind = body + len_bytes;
      p->len_bytes += len_bytes;
      return;
    }
  if (p->copied == NULL)
    p->copied = g_byte_array_sized_new ((guint) (p->len_bytes + len_bytes));
  if (p->buffer != NULL)
    g_byte_array_append (p->copied, p->at, (guint) p->len_bytes);
  g_clear_pointer (&p->buffer, g_bytes_unref);
  g_byte_array_append (p->copied, body, (guint) len_bytes);
  p->len_bytes += len_bytes;
}

static GBytes *
partial_packet (Partial *p)
{
  if (p->buffer == NULL)
    return g_byte_array_free_to_bytes (g_steal_pointer (&p->copied));
  const guint8 *mem = g_bytes_get_data (p->buffer, NULL);
  return g_bytes_new_from_bytes (p->buffer, (gsize) (p->at - mem), p->len_bytes);
}

/* A fragment. Memory grows with what has arrived: nothing is believed of what a peer says will come. */
static TyFrameOutcome
on_fragment (TySession *s, const TyRecordHead *head, const guint8 *body, GBytes *buffer, gsize between_bytes,
             GBytes **packet, const char **why)
{
  gint64 key = ((gint64) head->class << 32) | head->stream;
  Partial *so_far = g_hash_table_lookup (s->partial, &key);
  gboolean first = (head->part & TY_FRAME_FIRST) != 0;
  if (first == (so_far != NULL))
    {
      *why = first ? "a packet that begins inside another" : "a fragment of a packet that never began";
      return TY_FRAME_BAD;
    }
  if (so_far == NULL)
    {
      if (g_hash_table_size (s->partial) >= MAX_PARTIAL)
        {
          *why = "too many packets begun and not ended";
          return TY_FRAME_BAD;
        }
      so_far = g_new0 (Partial, 1);
      g_hash_table_insert (s->partial, g_memdup2 (&key, sizeof key), so_far);
    }
  if (head->body_bytes > s->max_packet_bytes - so_far->len_bytes)
    {
      *why = "a packet over the limit";
      return TY_FRAME_BAD;
    }
  if (head->body_bytes > MAX_PARTIAL_PACKETS * s->max_packet_bytes - s->partial_bytes)
    {
      *why = "too much of packets begun and not ended";
      return TY_FRAME_BAD;
    }
  s->partial_bytes += head->body_bytes;
  partial_add (so_far, body, head->body_bytes, buffer, between_bytes);
  if ((head->part & TY_FRAME_LAST) == 0)
    return TY_FRAME_STORED;
  s->partial_bytes -= so_far->len_bytes;
  *packet = partial_packet (so_far);
  g_hash_table_remove (s->partial, &key);
  return TY_FRAME_COMPLETE;
}

TyFrameOutcome
ty_session_on_frame (TySession *s, const TyRecordHead *head, const guint8 *body, GBytes *buffer, gsize between_bytes,
                     GBytes **packet, const char **why)
{
  gint64 key = ((gint64) head->class << 32) | head->stream;
  g_assert (head->kind == TY_RECORD_FRAME);
  if (head->number != (guint32) s->receive_next)
    {
      *why = "a frame out of order";
      return TY_FRAME_BAD;
    }
  TyFrameOutcome outcome;
  if (head->part != TY_FRAME_WHOLE)
    outcome = on_fragment (s, head, body, buffer, between_bytes, packet, why);
  else if (g_hash_table_size (s->partial) > 0 && g_hash_table_contains (s->partial, &key))
    {
      *why = "a packet inside another";
      outcome = TY_FRAME_BAD;
    }
  else
    outcome = TY_FRAME_IS_WHOLE;
  if (outcome != TY_FRAME_BAD)
    {
      s->receive_next++;
      s->received_bytes += head->body_bytes;
    }
  return outcome;
}

gboolean
ty_session_on_ack (TySession *s, guint64 ack)
{
  if (ack > s->write_next)
    return FALSE;
  /* It may be behind what the other end said when the connection began: that was what it had received, not what its
   * step had taken. */
  if (ack > s->first_kept)
    drop_kept (s, ack);
  return TRUE;
}

void
ty_session_taken (TySession *s)
{
  s->taken = s->receive_next;
  s->taken_bytes = s->received_bytes;
}

guint64
ty_session_ack (const TySession *s)
{
  return s->taken;
}

gboolean
ty_session_ack_due (const TySession *s)
{
  return s->acked != s->taken;
}

gsize
ty_session_ack_due_bytes (const TySession *s)
{
  return s->taken_bytes - s->acked_bytes;
}

void
ty_session_ack_written (TySession *s)
{
  s->acked = s->taken;
  s->acked_bytes = s->taken_bytes;
}

guint64
ty_session_frames_in (const TySession *s)
{
  return s->receive_next - 1;
}

guint64
ty_session_frames_out (const TySession *s)
{
  return s->send_next - 1;
}
