/* tests/fuzz/target-records.c: the bytes of connections, each kind by itself: hello, the head of a record, intro, end.
 *
 * The input's first byte says which; the rest is read.  What is taken is what would be written.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/targets.h"
#include "transport/link.h"
#include "transport/record.h"

static void
read_hello (const guint8 *data, gsize len_bytes)
{
  TyHello hello;
  guint8 again[TY_HELLO_BYTES];
  if (ty_hello_read (data, len_bytes, &hello) != TY_HELLO_GOOD || hello.version != TY_WIRE_VERSION)
    return;
  ty_hello_write (&hello, again);
  g_assert (memcmp (again, data, sizeof again) == 0);
}

static void
read_head (const guint8 *data, gsize len_bytes)
{
  TyRecordHead head;
  guint8 again[TY_RECORD_HEAD_BYTES];
  const char *why = NULL;
  if (len_bytes < TY_RECORD_HEAD_BYTES)
    return;
  if (!ty_record_head_read (data, &head, &why))
    {
      g_assert (why != NULL);
      return;
    }
  g_assert (head.body_bytes <= TY_RECORD_MAX_BODY);
  ty_record_head_write (&head, again);
  g_assert (memcmp (again, data, sizeof again) == 0);
}

static void
read_intro (const guint8 *data, gsize len_bytes)
{
  TyIntro intro;
  if (!ty_intro_read (data, len_bytes, &intro))
    return;
  g_assert (intro.name != NULL && intro.address != NULL && intro.next > 0);
  if (intro.shm_place != NULL)
    {
      /* An offer that was understood is a whole one. */
      gsize n = strlen (intro.shm_place);
      g_assert (n > 0 && n < TY_SHM_PLACE_BYTES);
      g_autoptr (GByteArray) again = g_byte_array_new ();
      TyIntro same;
      ty_intro_write (&intro, again);
      g_assert (ty_intro_read (again->data + TY_RECORD_HEAD_BYTES, again->len - TY_RECORD_HEAD_BYTES, &same));
      g_assert (g_strcmp0 (same.shm_place, intro.shm_place) == 0);
      g_assert (memcmp (same.shm_token, intro.shm_token, sizeof same.shm_token) == 0);
      ty_intro_clear (&same);
    }
  ty_intro_clear (&intro);
}

static void
read_end (const guint8 *data, gsize len_bytes)
{
  TyEnd end;
  if (!ty_end_read (data, len_bytes, &end))
    return;
  g_autoptr (GByteArray) again = g_byte_array_new ();
  ty_end_write ((TyEndWhy) end.why, end.text, 0, again);
  g_assert (again->len == TY_RECORD_HEAD_BYTES + len_bytes);
  g_assert (memcmp (again->data + TY_RECORD_HEAD_BYTES, data, len_bytes) == 0);
  g_free (end.text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  if (len_bytes == 0)
    return 0;
  switch (data[0] % 4)
    {
    case 0:
      read_hello (data + 1, len_bytes - 1);
      break;
    case 1:
      read_head (data + 1, len_bytes - 1);
      break;
    case 2:
      read_intro (data + 1, len_bytes - 1);
      break;
    default:
      read_end (data + 1, len_bytes - 1);
    }
  return 0;
}
