/* transport/record.c: see record.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/record.h"
#include "core/view.h"
#include "transport/link.h"

static const guint8 magic[8] = { 't', 'y', 'e', 't', '\r', '\n', '\r', '\n' };

static void
put (guint8 *out, guint64 v, guint n)
{
  for (guint i = 0; i < n; i++)
    out[i] = (guint8) (v >> (8 * i));
}

static guint64
get (const guint8 *at, guint n)
{
  guint64 v = 0;
  for (guint i = 0; i < n; i++)
    v |= (guint64) at[i] << (8 * i);
  return v;
}

/* ---- Hello ---- */

void
ty_hello_write (const TyHello *hello, guint8 out[TY_HELLO_BYTES])
{
  memcpy (out, magic, sizeof magic);
  put (out + 8, hello->version, 2);
  out[10] = hello->what;
  out[11] = hello->sealing;
  memset (out + 12, 0, 4);
  memcpy (out + 16, hello->pid.b, 16);
  memcpy (out + 32, hello->session.b, 16);
}

TyHelloOutcome
ty_hello_read (const guint8 *data, gsize len_bytes, TyHello *out)
{
  /* What is not ours is known at its first wrong byte: nobody waits for a server that has said all it has to say. */
  if (memcmp (data, magic, MIN (len_bytes, sizeof magic)) != 0)
    return TY_HELLO_ALIEN;
  if (len_bytes < TY_HELLO_PREFIX_BYTES)
    return TY_HELLO_MORE;
  *out = (TyHello){ .version = (guint16) get (data + 8, 2), .what = data[10], .sealing = data[11] };
  if (out->version != TY_WIRE_VERSION)
    return TY_HELLO_GOOD;
  if (len_bytes < TY_HELLO_BYTES)
    return TY_HELLO_MORE;
  if (get (data + 12, 4) != 0 || out->what > TY_HELLO_REFUSED_SECRET)
    return TY_HELLO_ALIEN;
  memcpy (out->pid.b, data + 16, 16);
  memcpy (out->session.b, data + 32, 16);
  return ty_id_is_null (&out->pid) ? TY_HELLO_ALIEN : TY_HELLO_GOOD;
}

/* ---- Record ---- */

void
ty_record_head_write (const TyRecordHead *head, guint8 out[TY_RECORD_HEAD_BYTES])
{
  g_assert (head->body_bytes <= TY_RECORD_MAX_BODY);
  g_assert (head->class < TY_N_CLASSES);
  put (out, head->body_bytes, 4);
  out[4] = head->kind;
  out[5] = head->class | head->part;
  put (out + 6, 0, 2);
  put (out + 8, head->stream, 4);
  put (out + 12, head->number, 4);
  put (out + 16, head->ack, 8);
}

static const char *
head_wrong (const guint8 *data, const TyRecordHead *head)
{
  gboolean body = head->body_bytes > 0;
  if (head->body_bytes > TY_RECORD_MAX_BODY)
    return "a record that is too long";
  if (head->kind > TY_RECORD_SWITCH)
    return "a record of no known kind";
  if (body != (head->kind != TY_RECORD_ACK && head->kind != TY_RECORD_SWITCH))
    return "a record with the wrong length for its kind";
  if (get (data + 6, 2) != 0)
    return "a record with a field that is not zero";
  if (head->kind == TY_RECORD_FRAME)
    return head->class < TY_N_CLASSES && (data[5] & ~(3 | TY_FRAME_WHOLE)) == 0 ? NULL : "a frame of no known class";
  return data[5] == 0 && head->stream == 0 && head->number == 0 ? NULL : "a record with a field that is not zero";
}

gboolean
ty_record_head_read (const guint8 data[TY_RECORD_HEAD_BYTES], TyRecordHead *out, const char **why)
{
  *out = (TyRecordHead){
    .body_bytes = (guint32) get (data, 4),
    .kind = data[4],
    .class = data[5] & 3,
    .part = data[5] & TY_FRAME_WHOLE,
    .stream = (guint32) get (data + 8, 4),
    .number = (guint32) get (data + 12, 4),
    .ack = get (data + 16, 8),
  };
  *why = head_wrong (data, out);
  return *why == NULL;
}

/* Appends a head for the body that follows it in `w` from `at` + TY_RECORD_HEAD_BYTES to its end. */
static void
finish_record (TyWriter *w, guint at, TyRecordKind kind, guint64 ack)
{
  guint32 body_bytes = w->len - at - TY_RECORD_HEAD_BYTES;
  ty_record_head_write (&(TyRecordHead){ .body_bytes = body_bytes, .kind = kind, .ack = ack }, w->data + at);
}

static guint
begin_record (TyWriter *w)
{
  guint at = w->len;
  g_byte_array_set_size (w, at + TY_RECORD_HEAD_BYTES);
  return at;
}

/* ---- Intro ---- */

#define OFFER 1

static void
write_offer (const TyIntro *intro, TyWriter *w)
{
  guint8 offer[1 + TY_SHM_TOKEN_BYTES + TY_SHM_PLACE_BYTES] = { OFFER };
  gsize n = intro->shm_place != NULL ? strlen (intro->shm_place) : 0;
  g_assert (n < TY_SHM_PLACE_BYTES);
  memcpy (offer + 1, intro->shm_token, TY_SHM_TOKEN_BYTES);
  if (n > 0)
    memcpy (offer + 1 + TY_SHM_TOKEN_BYTES, intro->shm_place, n);
  ty_write_block (w, offer, n > 0 ? 1 + TY_SHM_TOKEN_BYTES + n : 0);
}

/* What is not understood is no offer, and nothing more: it may be a later one. */
static void
read_offer (const guint8 *offer, gsize len_bytes, TyIntro *out)
{
  const gsize before = 1 + TY_SHM_TOKEN_BYTES;
  if (len_bytes <= before || len_bytes >= before + TY_SHM_PLACE_BYTES || offer[0] != OFFER)
    return;
  for (gsize i = before; i < len_bytes; i++)
    if (!g_ascii_isgraph ((char) offer[i]))
      return;
  memcpy (out->shm_token, offer + 1, TY_SHM_TOKEN_BYTES);
  out->shm_place = g_strndup ((const char *) offer + before, len_bytes - before);
}

void
ty_intro_write (const TyIntro *intro, TyWriter *w)
{
  guint at = begin_record (w);
  ty_write_u8 (w, intro->resume ? 1 : 0);
  ty_write_id (w, &intro->session);
  ty_write_u64 (w, intro->next);
  ty_write_text (w, intro->name);
  ty_write_text (w, intro->address);
  write_offer (intro, w);
  g_assert (w->len - at <= TY_RECORD_HEAD_BYTES + TY_INTRO_MAX_BODY);
  finish_record (w, at, TY_RECORD_INTRO, 0);
}

gboolean
ty_intro_read (const guint8 *body, gsize len_bytes, TyIntro *out)
{
  TyReader r = TY_READER (body, len_bytes);
  gsize offer_bytes;
  *out = (TyIntro){ 0 };
  guint8 resume = ty_read_u8 (&r);
  out->resume = resume == 1;
  ty_read_id (&r, &out->session);
  out->next = ty_read_u64 (&r);
  out->name = ty_read_text (&r, TY_MAX_NAME_BYTES);
  out->address = ty_read_text (&r, TY_MAX_ADDRESS_BYTES);
  const guint8 *offer = ty_read_block (&r, &offer_bytes);
  gboolean fresh_from_one = out->resume || out->next == 1;
  if (ty_reader_done (&r) && resume <= 1 && !ty_id_is_null (&out->session) && out->next > 0 && fresh_from_one
      && offer_bytes <= TY_INTRO_MAX_OFFER)
    {
      read_offer (offer, offer_bytes, out);
      return TRUE;
    }
  ty_intro_clear (out);
  return FALSE;
}

void
ty_intro_clear (TyIntro *intro)
{
  g_clear_pointer (&intro->name, g_free);
  g_clear_pointer (&intro->address, g_free);
  g_clear_pointer (&intro->shm_place, g_free);
}

/* ---- End ---- */

void
ty_end_write (TyEndWhy why, const char *text, guint64 ack, TyWriter *w)
{
  guint at = begin_record (w);
  ty_write_u8 (w, (guint8) why);
  ty_write_text (w, text);
  finish_record (w, at, TY_RECORD_END, ack);
}

gboolean
ty_end_read (const guint8 *body, gsize len_bytes, TyEnd *out)
{
  TyReader r = TY_READER (body, len_bytes);
  out->why = ty_read_u8 (&r);
  out->text = ty_read_text (&r, 255);
  if (ty_reader_done (&r))
    return TRUE;
  g_clear_pointer (&out->text, g_free);
  return FALSE;
}
