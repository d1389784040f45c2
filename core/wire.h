/* core/wire.h: reading and writing packets.
 *
 * A writer grows a byte array; a reader walks over foreign bytes and can never leave them.  A reader that meets
 * something malformed goes bad, stays bad, and from then on returns zeros: a decoder checks once, at its end.
 * Integers of a fixed size are little-endian; a varint is LEB128, at most ten bytes, in its shortest form only.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/id.h"

typedef struct
{
  const guint8 *at;
  const guint8 *end;
  gboolean bad;
} TyReader;

/* `data` may be NULL when there is nothing. */
static inline TyReader
ty_reader_of (gconstpointer data, gsize len_bytes)
{
  const guint8 *at = data != NULL ? data : (gconstpointer) "";
  g_assert (data != NULL || len_bytes == 0);
  return (TyReader){ .at = at, .end = at + len_bytes };
}
#define TY_READER(data, len) (ty_reader_of ((data), (len)))

static inline TyReader
ty_reader_of_bytes (GBytes *bytes)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  return TY_READER (data, len);
}

static inline gsize
ty_reader_left (const TyReader *r)
{
  return (gsize) (r->end - r->at);
}

guint8 ty_read_u8 (TyReader *r);
guint16 ty_read_u16 (TyReader *r);
guint32 ty_read_u32 (TyReader *r);
guint64 ty_read_u64 (TyReader *r);
guint64 ty_read_varint (TyReader *r);
void ty_read_id (TyReader *r, TyId *out);
/* The counter of a ballot and the number of a view leave room to count on. */
void ty_read_ballot (TyReader *r, TyBallot *out);
void ty_read_view_id (TyReader *r, TyViewId *out);

/* A varint that must not exceed `max`; more is malformed. */
guint64 ty_read_bounded (TyReader *r, guint64 max);

/* A varint length and that many bytes: a pointer into the packet (NULL when bad). */
const guint8 *ty_read_block (TyReader *r, gsize *len_bytes);

/* The same as a reader of its own. */
TyReader ty_read_sub (TyReader *r);

/* A block of at most `max_bytes`, valid UTF-8 with no NUL and no control characters. (transfer full), NULL when bad. */
char *ty_read_text (TyReader *r, gsize max_bytes);

/* A count that is followed by at least `least_bytes` (>= 1) for each of its elements: never more than the bytes left
 * allow, so that it may be allocated. */
gsize ty_read_count (TyReader *r, gsize least_bytes);

/* TRUE if nothing was malformed and nothing is left over. */
static inline gboolean
ty_reader_done (const TyReader *r)
{
  return !r->bad && r->at == r->end;
}

typedef GByteArray TyWriter;

void ty_write_u8 (TyWriter *w, guint8 v);
void ty_write_u16 (TyWriter *w, guint16 v);
void ty_write_u32 (TyWriter *w, guint32 v);
void ty_write_u64 (TyWriter *w, guint64 v);
void ty_write_varint (TyWriter *w, guint64 v);
void ty_write_id (TyWriter *w, const TyId *id);
void ty_write_ballot (TyWriter *w, const TyBallot *b);
void ty_write_view_id (TyWriter *w, const TyViewId *v);
void ty_write_block (TyWriter *w, gconstpointer data, gsize len_bytes);
void ty_write_text (TyWriter *w, const char *text);

/* What a person is told, as somebody else's words may be: at most this long (ty_read_text ()). */
#define TY_MAX_REASON_BYTES 1000
/* As a text: what ty_read_text () would not take is replaced, and what is too long cut off. */
void ty_write_reason (TyWriter *w, const char *reason);

/* How many bytes it takes: seven bits each. */
static inline gsize
ty_varint_size (guint64 v)
{
  return (gsize) (70 - __builtin_clzll (v | 1)) / 7;
}

/* Encodes into at most ten bytes, returns how many. */
static inline gsize
ty_varint_put (guint8 *out, guint64 v)
{
  gsize n = 0;
  for (; v >= 0x80; v >>= 7)
    out[n++] = (guint8) (v | 0x80);
  out[n++] = (guint8) v;
  return n;
}
