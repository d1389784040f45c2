/* core/wire.c: see wire.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/wire.h"

static const guint8 *
take (TyReader *r, gsize n)
{
  if (r->bad || ty_reader_left (r) < n)
    {
      r->bad = TRUE;
      r->at = r->end;
      return NULL;
    }
  const guint8 *at = r->at;
  r->at += n;
  return at;
}

static guint64
fixed (TyReader *r, guint n)
{
  const guint8 *at = take (r, n);
  guint64 v = 0;
  if (at != NULL)
    for (guint i = 0; i < n; i++)
      v |= (guint64) at[i] << (8 * i);
  return v;
}

guint8
ty_read_u8 (TyReader *r)
{
  return (guint8) fixed (r, 1);
}

guint16
ty_read_u16 (TyReader *r)
{
  return (guint16) fixed (r, 2);
}

guint32
ty_read_u32 (TyReader *r)
{
  return (guint32) fixed (r, 4);
}

guint64
ty_read_u64 (TyReader *r)
{
  return fixed (r, 8);
}

guint64
ty_read_varint (TyReader *r)
{
  guint64 v = 0;
  for (guint shift = 0; shift < 64; shift += 7)
    {
      const guint8 *at = take (r, 1);
      if (at == NULL)
        return 0;
      guint8 low = *at & 0x7f;
      gboolean overflow = shift == 63 && low > 1;
      gboolean padded = *at == 0 && shift > 0;
      if (overflow || padded)
        break;
      v |= (guint64) low << shift;
      if ((*at & 0x80) == 0)
        return v;
    }
  r->bad = TRUE;
  r->at = r->end;
  return 0;
}

guint64
ty_read_bounded (TyReader *r, guint64 max)
{
  guint64 v = ty_read_varint (r);
  if (v <= max)
    return v;
  r->bad = TRUE;
  r->at = r->end;
  return 0;
}

void
ty_read_id (TyReader *r, TyId *out)
{
  const guint8 *at = take (r, sizeof out->b);
  if (at != NULL)
    memcpy (out->b, at, sizeof out->b);
  else
    memset (out, 0, sizeof *out);
}

void
ty_read_ballot (TyReader *r, TyBallot *out)
{
  out->counter = ty_read_bounded (r, G_MAXINT64 - 1);
  ty_read_id (r, &out->pid);
}

void
ty_read_view_id (TyReader *r, TyViewId *out)
{
  out->number = ty_read_bounded (r, G_MAXINT64 - 1);
  ty_read_ballot (r, &out->ballot);
}

const guint8 *
ty_read_block (TyReader *r, gsize *len_bytes)
{
  gsize n = ty_read_bounded (r, ty_reader_left (r));
  const guint8 *at = r->bad ? NULL : take (r, n);
  *len_bytes = at != NULL ? n : 0;
  return at;
}

TyReader
ty_read_sub (TyReader *r)
{
  gsize n;
  const guint8 *at = ty_read_block (r, &n);
  if (at != NULL)
    return TY_READER (at, n);
  return (TyReader){ .at = r->end, .end = r->end, .bad = TRUE };
}

char *
ty_read_text (TyReader *r, gsize max_bytes)
{
  gsize n;
  const guint8 *at = ty_read_block (r, &n);
  gboolean fine = at != NULL && n <= max_bytes && g_utf8_validate ((const char *) at, (gssize) n, NULL);
  for (gsize i = 0; fine && i < n; i++)
    fine = at[i] >= 0x20 && at[i] != 0x7f;
  if (fine)
    return g_strndup ((const char *) at, n);
  r->bad = TRUE;
  r->at = r->end;
  return NULL;
}

gsize
ty_read_count (TyReader *r, gsize least_bytes)
{
  g_assert (least_bytes > 0);
  gsize n = ty_read_varint (r);
  if (!r->bad && n <= ty_reader_left (r) / least_bytes)
    return n;
  r->bad = TRUE;
  r->at = r->end;
  return 0;
}

static void
put_fixed (TyWriter *w, guint64 v, guint n)
{
  guint8 b[8];
  for (guint i = 0; i < n; i++)
    b[i] = (guint8) (v >> (8 * i));
  g_byte_array_append (w, b, n);
}

void
ty_write_u8 (TyWriter *w, guint8 v)
{
  put_fixed (w, v, 1);
}

void
ty_write_u16 (TyWriter *w, guint16 v)
{
  put_fixed (w, v, 2);
}

void
ty_write_u32 (TyWriter *w, guint32 v)
{
  put_fixed (w, v, 4);
}

void
ty_write_u64 (TyWriter *w, guint64 v)
{
  put_fixed (w, v, 8);
}

void
ty_write_varint (TyWriter *w, guint64 v)
{
  guint8 b[10];
  gsize n = ty_varint_put (b, v);
  g_byte_array_append (w, b, (guint) n);
}

void
ty_write_id (TyWriter *w, const TyId *id)
{
  g_byte_array_append (w, id->b, sizeof id->b);
}

static gsize
put_ballot (guint8 *out, const TyBallot *b)
{
  gsize n = ty_varint_put (out, b->counter);
  memcpy (out + n, b->pid.b, sizeof b->pid.b);
  return n + sizeof b->pid.b;
}

void
ty_write_ballot (TyWriter *w, const TyBallot *b)
{
  guint8 at[10 + sizeof b->pid.b];
  g_byte_array_append (w, at, (guint) put_ballot (at, b));
}

void
ty_write_view_id (TyWriter *w, const TyViewId *v)
{
  guint8 at[20 + sizeof v->ballot.pid.b];
  gsize n = ty_varint_put (at, v->number);
  g_byte_array_append (w, at, (guint) (n + put_ballot (at + n, &v->ballot)));
}

void
ty_write_block (TyWriter *w, gconstpointer data, gsize len_bytes)
{
  g_assert (len_bytes <= G_MAXUINT - w->len - 16);
  ty_write_varint (w, len_bytes);
  if (len_bytes > 0)
    g_byte_array_append (w, data, (guint) len_bytes);
}

void
ty_write_text (TyWriter *w, const char *text)
{
  ty_write_block (w, text, strlen (text));
}

void
ty_write_reason (TyWriter *w, const char *reason)
{
  g_autofree char *text = g_utf8_make_valid (reason, -1);
  for (char *at = text; *at != '\0'; at++)
    if ((guint8) *at < 0x20 || *at == 0x7f)
      *at = ' ';
  gsize len = strlen (text);
  if (len > TY_MAX_REASON_BYTES)
    len = (gsize) (g_utf8_find_prev_char (text, text + TY_MAX_REASON_BYTES + 1) - text);
  ty_write_block (w, text, len);
}
