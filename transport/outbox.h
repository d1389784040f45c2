/* transport/outbox.h: what waits to be sent to one peer, and what of it goes next (N2).
 *
 * Control goes strictly ahead of data and bulk, which take turns.  Inside a class the streams take turns, frame by
 * frame; inside a stream packets keep their order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/record.h"

typedef struct _TyOutbox TyOutbox;

/* A piece of a packet that fits into one record. */
typedef struct
{
  GBytes *bytes; /* the whole packet, held */
  gsize offset;
  guint32 len_bytes;
  guint32 stream;
  guint8 class;
  guint8 part; /* TY_FRAME_FIRST, TY_FRAME_LAST */
} TyFrame;

TyOutbox *ty_outbox_new (void);
void ty_outbox_free (TyOutbox *outbox);

/* `bytes` is referenced; it is not empty. */
void ty_outbox_push (TyOutbox *outbox, TyClass class, guint32 stream, GBytes *bytes);

/* The next frame to go; FALSE if there is none. `out->bytes` is (transfer full). */
gboolean ty_outbox_pop (TyOutbox *outbox, TyFrame *out);

gsize ty_outbox_waiting_bytes (const TyOutbox *outbox);
