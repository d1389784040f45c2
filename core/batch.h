/* core/batch.h: a batch of messages, the unit that is sent, received, stored, stamped and forwarded.
 *
 * What one process multicasts to one group within one step of the machine goes out as one batch (a few, when they are
 * large): consecutive numbers of one sender in one view, one stamp for all of them.  One stamp is enough because a
 * sender delivers nothing between two messages of a batch, so that all of them have the same causal past but for
 * each other.  A batch is never taken apart: receivers keep it, and forwarders pass it on, byte for byte (M3).
 *
 *   DATA packet
 *   offset  size    field
 *   0       1       packet type, TY_PACKET_DATA
 *   1       16      group id
 *   17      varint  number of the view
 *           varint  number of the first message in (sender, view), from 1
 *           varint  how many messages, from 1
 *           varint  length of the stamp, and the stamp (the ordering's business)
 *           ...     the messages, each: varint (length of the payload * 4 + service), payload
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/wire.h"

/* The order is that of strength.  The values are those of TyetService. */
typedef enum
{
  TY_SERVICE_FIFO,
  TY_SERVICE_CAUSAL,
  TY_SERVICE_AGREED,
  TY_SERVICE_SAFE
} TyService;

/* The room that a batch's head may take in front of its messages without moving them. */
#define TY_BATCH_HEADROOM 192

typedef struct
{
  int ref;
  GBytes *packet; /* the whole DATA packet, as its sender encoded it */
  guint64 first;  /* numbers of the first and the last message */
  guint64 last;
  const guint8 *stamp; /* inside `packet` */
  guint32 stamp_len;
  guint32 services;       /* bit (1 << TyService) for each service that occurs */
  const guint8 *messages; /* inside `packet`: from the head of the first message to the end of the last */
  gsize messages_len;
  gsize payload_bytes; /* of all messages together */
} TyBatch;

/* One message of a batch, while walking over it. */
typedef struct
{
  guint64 number;
  TyService service;
  const guint8 *data;
  gsize len;
  gsize offset; /* of this message's head in batch->messages */
  gsize next;   /* of the next message's head; messages_len after the last */
} TyBatchMessage;

/* Decodes what follows the group id and the view number of a DATA packet. `r` stands there; `packet` is what it reads
 * from and is referenced. Every message is looked at: NULL if any is malformed, longer than `max_message_bytes`, or of
 * no known service. (transfer full) */
TyBatch *ty_batch_parse (GBytes *packet, TyReader *r, gsize max_message_bytes);

TyBatch *ty_batch_ref (TyBatch *batch);
void ty_batch_unref (TyBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyBatch, ty_batch_unref)

/* Where a message stands is known once the one before it has been read, so that of a batch that has just come from
 * another processor's cache each would be waited for alone.  Most are as long as the one before: the place of the next
 * but three is guessed.  A wrong guess costs nothing, whatever is there. */
static inline void
ty_batch_fetch_ahead (const guint8 *data, gsize len_bytes)
{
  __builtin_prefetch ((const void *) ((guintptr) data + 4 * len_bytes));
}

/* The message whose head is at `offset`; its number must be known: walking starts at offset 0, number batch->first. */
static inline void
ty_batch_at (const TyBatch *batch, gsize offset, guint64 number, TyBatchMessage *out)
{
  const guint8 *p = batch->messages + offset;
  guint64 head = 0;
  guint shift = 0;
  /* Checked by ty_batch_parse (): the varint ends inside the batch. */
  for (; (*p & 0x80) != 0; shift += 7)
    head |= (guint64) (*p++ & 0x7f) << shift;
  head |= (guint64) *p++ << shift;
  out->number = number;
  out->service = (TyService) (head & 3);
  out->data = p;
  out->len = (gsize) (head >> 2);
  out->offset = offset;
  out->next = (gsize) (p - batch->messages) + out->len;
}

/* A batch under construction: payloads are copied once, here, before the head is known. */
typedef struct
{
  guint8 *mem;     /* TY_BATCH_HEADROOM bytes of room, then messages; NULL: none yet */
  gsize len_bytes; /* of the room and the messages */
  gsize capacity;
  gsize payload_bytes;
  guint count;
  guint32 services; /* bit (1 << TyService) for each that occurs */
  gboolean many;    /* the batch before held more than one: this one gets room for as much at once */
} TyBatchBuilder;

void ty_batch_builder_init (TyBatchBuilder *b);
/* What has been built so far goes to `full`, and `b` goes on with the next batch. */
void ty_batch_builder_split (TyBatchBuilder *b, TyBatchBuilder *full);
void ty_batch_builder_clear (TyBatchBuilder *b);
void ty_batch_builder_add (TyBatchBuilder *b, TyService service, gconstpointer data, gsize len_bytes);

/* Gives the messages their numbers (from `first`), their stamp and their head; the builder is empty afterwards.
 * (transfer full) */
TyBatch *ty_batch_builder_seal (TyBatchBuilder *b, const TyId *group, guint64 view_number, guint64 first,
                                gconstpointer stamp, gsize stamp_len);

/* Bytes that a message of this length takes in a batch. */
static inline gsize
ty_batch_message_size (gsize len_bytes)
{
  return ty_varint_size ((guint64) len_bytes << 2) + len_bytes;
}
