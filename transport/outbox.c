/* transport/outbox.c: see outbox.h.
 *
 * Each class has a queue of the streams that have something to send.  The first stream gives one frame and goes to
 * the end of the queue, if it has more.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/outbox.h"
#include "transport/ring.h"

/* Streams that are empty are kept, to spare their memory coming and going, until there are more than this. */
#define STREAMS_KEPT 64

typedef struct _Stream Stream;
struct _Stream
{
  guint32 id;
  TyRing packets; /* of GBytes * */
  gsize offset;   /* what of the first packet has gone */
  Stream *next;   /* in the class's queue */
};

typedef struct
{
  GHashTable *streams; /* by id; looked up only, never walked */
  Stream *last_used;
  Stream *head, *tail;
} Class;

struct _TyOutbox
{
  Class classes[TY_N_CLASSES];
  gboolean bulk_turn;
  gsize waiting_bytes;
};

static void
stream_free (gpointer data)
{
  Stream *stream = data;
  for (guint i = 0; i < stream->packets.n; i++)
    g_bytes_unref (*(GBytes **) ty_ring_at (&stream->packets, i));
  ty_ring_clear (&stream->packets);
  g_free (stream);
}

TyOutbox *
ty_outbox_new (void)
{
  TyOutbox *outbox = g_new0 (TyOutbox, 1);
  for (guint i = 0; i < TY_N_CLASSES; i++)
    outbox->classes[i].streams = g_hash_table_new_full (NULL, NULL, NULL, stream_free);
  return outbox;
}

void
ty_outbox_free (TyOutbox *outbox)
{
  for (guint i = 0; i < TY_N_CLASSES; i++)
    g_hash_table_unref (outbox->classes[i].streams);
  g_free (outbox);
}

static Stream *
class_stream (Class *class, guint32 id)
{
  if (class->last_used != NULL && class->last_used->id == id)
    return class->last_used;
  Stream *stream = g_hash_table_lookup (class->streams, GUINT_TO_POINTER (id));
  if (stream == NULL)
    {
      stream = g_new0 (Stream, 1);
      stream->id = id;
      ty_ring_init (&stream->packets, sizeof (GBytes *));
      g_hash_table_insert (class->streams, GUINT_TO_POINTER (id), stream);
    }
  class->last_used = stream;
  return stream;
}

static void
class_queue (Class *class, Stream *stream)
{
  stream->next = NULL;
  if (class->tail != NULL)
    class->tail->next = stream;
  else
    class->head = stream;
  class->tail = stream;
}

static Stream *
class_unqueue (Class *class)
{
  Stream *stream = class->head;
  class->head = stream->next;
  if (class->head == NULL)
    class->tail = NULL;
  stream->next = NULL;
  return stream;
}

void
ty_outbox_push (TyOutbox *outbox, TyClass class_id, guint32 stream_id, GBytes *bytes)
{
  g_assert (class_id < TY_N_CLASSES);
  g_assert (g_bytes_get_size (bytes) > 0);
  Class *class = &outbox->classes[class_id];
  Stream *stream = class_stream (class, stream_id);
  *(GBytes **) ty_ring_push (&stream->packets) = g_bytes_ref (bytes);
  if (stream->packets.n == 1)
    class_queue (class, stream);
  outbox->waiting_bytes += g_bytes_get_size (bytes);
}

/* The class whose turn it is, or NULL. */
static Class *
choose_class (TyOutbox *outbox)
{
  Class *data = &outbox->classes[TY_CLASS_DATA];
  Class *bulk = &outbox->classes[TY_CLASS_BULK];
  if (outbox->classes[TY_CLASS_CONTROL].head != NULL)
    return &outbox->classes[TY_CLASS_CONTROL];
  gboolean take_bulk = bulk->head != NULL && (data->head == NULL || outbox->bulk_turn);
  if (take_bulk || data->head != NULL)
    outbox->bulk_turn = !take_bulk;
  return take_bulk ? bulk : data->head != NULL ? data : NULL;
}

gboolean
ty_outbox_pop (TyOutbox *outbox, TyFrame *out)
{
  Class *class = choose_class (outbox);
  if (class == NULL)
    return FALSE;
  Stream *stream = class_unqueue (class);
  GBytes *bytes = *(GBytes **) ty_ring_at (&stream->packets, 0);
  gsize left = g_bytes_get_size (bytes) - stream->offset;
  guint32 take = (guint32) MIN (left, TY_RECORD_MAX_BODY);
  g_assert (take > 0 && outbox->waiting_bytes >= take);
  *out = (TyFrame){
    .bytes = g_bytes_ref (bytes),
    .offset = stream->offset,
    .len_bytes = take,
    .stream = stream->id,
    .class = (guint8) (class - outbox->classes),
    .part = (guint8) ((stream->offset == 0 ? TY_FRAME_FIRST : 0) | (take == left ? TY_FRAME_LAST : 0)),
  };
  outbox->waiting_bytes -= take;
  stream->offset += take;
  if (take == left)
    {
      ty_ring_pop (&stream->packets);
      g_bytes_unref (bytes);
      stream->offset = 0;
    }
  if (stream->packets.n > 0)
    class_queue (class, stream);
  else if (g_hash_table_size (class->streams) > STREAMS_KEPT)
    {
      if (class->last_used == stream)
        class->last_used = NULL;
      g_hash_table_remove (class->streams, GUINT_TO_POINTER (stream->id));
    }
  return TRUE;
}

gsize
ty_outbox_waiting_bytes (const TyOutbox *outbox)
{
  return outbox->waiting_bytes;
}
