/* tests/fuzz/target-handshake.c: the handshake of sealed connections, from either end, with what the input makes of it.
 *
 * The input: a byte of flags (1 he dials, 2 he knows the secret, 4 he speaks in a peer's name, 8 he says that he has
 * the peer's session, 16 bytes come one by one), then edits, one after the other, and the bytes of his intro, which
 * are put in as they are (none: the right one).  An edit is a byte for the message (0 his hello, 1 and 2 the next
 * ones), one for what happens (see do_edit ()), two for where, one for how much, and that many bytes; a message of 255
 * ends the edits.
 *
 * Who does not know the secret brings about no event at all.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/half.h"
#include "tests/fuzz/targets.h"

#define MAX_EDITS 8

typedef struct
{
  guint message;
  guint8 what;
  guint16 at;
  const guint8 *bytes;
  guint8 n_bytes;
} Edit;

typedef struct
{
  Edit edits[MAX_EDITS];
  guint n_edits;
  guint message; /* the one that goes next */
} Script;

static void
do_edit (GByteArray *message, const Edit *edit)
{
  guint at = edit->at % (message->len + 1);
  guint left = message->len - at, n = MIN (left, edit->n_bytes);
  switch (edit->what % 6)
    {
    case 0: /* other bits */
      for (guint i = 0; i < n; i++)
        message->data[at + i] ^= edit->bytes[i];
      break;
    case 1: /* cut off */
      g_byte_array_set_size (message, at);
      break;
    case 2: /* a piece is missing */
      if (n > 0)
        g_byte_array_remove_range (message, at, n);
      break;
    case 3: /* something else instead, from there on */
      g_byte_array_set_size (message, at);
      g_byte_array_append (message, edit->bytes, edit->n_bytes);
      break;
    case 4: /* more at the end */
      g_byte_array_append (message, edit->bytes, edit->n_bytes);
      break;
    default: /* other bytes */
      if (n > 0)
        memcpy (message->data + at, edit->bytes, n);
    }
}

static void
edit (GByteArray *message, gpointer data)
{
  Script *script = data;
  for (guint i = 0; i < script->n_edits; i++)
    if (script->edits[i].message == script->message)
      do_edit (message, &script->edits[i]);
  script->message++;
}

static void
read_script (TyReader *r, Script *script)
{
  while (ty_reader_left (r) > 5 && script->n_edits < MAX_EDITS)
    {
      Edit *one = &script->edits[script->n_edits++];
      one->message = ty_read_u8 (r);
      if (one->message == 255)
        {
          script->n_edits--;
          return;
        }
      one->message %= 3;
      one->what = ty_read_u8 (r);
      one->at = ty_read_u16 (r);
      one->n_bytes = ty_read_u8 (r);
      one->n_bytes = (guint8) MIN (one->n_bytes, ty_reader_left (r));
      one->bytes = r->at;
      r->at += one->n_bytes;
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  Script script = { .n_edits = 0 };
  TyReader r = TY_READER (data, len_bytes);
  guint8 flags = ty_read_u8 (&r);
  HalfConfig config = {
    .dials = (flags & 1) != 0,
    .knows = (flags & 2) != 0,
    .as_peer = (flags & 4) != 0,
    .resumes = (flags & 8) != 0,
  };
  read_script (&r, &script);
  Half *half = half_new (&config);
  half->net->piece = (flags & 16) != 0 ? 1 : 70000;
  gsize left = MIN (ty_reader_left (&r), 8192);
  g_autoptr (GBytes) intro = left > 0 ? g_bytes_new (r.at, left) : NULL;
  half_shake (half, intro, edit, &script);
  test_net_pass (half->net, 2 * G_USEC_PER_SEC);
  for (guint i = 0; i < half->node->told->len && !config.knows; i++)
    {
      const Told *told = half->node->told->pdata[i];
      g_assert (told->type == TY_EVENT_DIAL_FAILED || told->type == TY_EVENT_PEER_HEARD);
    }
  half_free (half);
  return 0;
}
