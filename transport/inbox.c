/* transport/inbox.c: the memory that connections read into: see hub-private.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/hub-private.h"

#define INBOX_BYTES (256 * 1024)
/* A read always finds room for a whole record, so that a remnant is moved at most once. */
#define ROOM_BYTES (TY_RECORD_HEAD_BYTES + TY_RECORD_MAX_BODY)
/* Below this, a copy costs less than what a slice keeps alive. */
#define COPY_BYTES 1024

G_STATIC_ASSERT (INBOX_BYTES >= 2 * ROOM_BYTES);

void
ty_inbox_clear (TyInbox *inbox)
{
  g_clear_pointer (&inbox->bytes, g_bytes_unref);
  *inbox = (TyInbox){ 0 };
}

void
ty_remnant_clear (TyRemnant *remnant)
{
  g_clear_pointer (&remnant->bytes, g_bytes_unref);
  *remnant = (TyRemnant){ 0 };
}

/* An inbox with at least `need_bytes` of room. */
static void
make_room (TyInbox *inbox, gsize need_bytes)
{
  if (inbox->bytes != NULL && !inbox->shared)
    inbox->fill = 0;
  if (inbox->bytes != NULL && INBOX_BYTES - inbox->fill >= need_bytes)
    return;
  g_clear_pointer (&inbox->bytes, g_bytes_unref);
  inbox->mem = g_malloc (INBOX_BYTES);
  inbox->bytes = g_bytes_new_take (inbox->mem, INBOX_BYTES);
  inbox->fill = 0;
  inbox->shared = FALSE;
}

guint8 *
ty_inbox_room (TyInbox *inbox, TyRemnant *remnant, gsize *room_bytes)
{
  gboolean in_place = remnant->bytes != NULL && remnant->bytes == inbox->bytes
                      && remnant->offset + remnant->len_bytes == inbox->fill
                      && INBOX_BYTES - inbox->fill >= ROOM_BYTES;
  if (!in_place)
    {
      make_room (inbox, remnant->len_bytes + ROOM_BYTES);
      if (remnant->len_bytes > 0)
        {
          const guint8 *from = (const guint8 *) g_bytes_get_data (remnant->bytes, NULL) + remnant->offset;
          memcpy (inbox->mem + inbox->fill, from, remnant->len_bytes);
          gsize offset = inbox->fill;
          inbox->fill += remnant->len_bytes;
          g_bytes_unref (remnant->bytes);
          remnant->bytes = g_bytes_ref (inbox->bytes);
          remnant->offset = offset;
          inbox->shared = TRUE;
        }
    }
  *room_bytes = INBOX_BYTES - inbox->fill;
  return inbox->mem + inbox->fill;
}

const guint8 *
ty_inbox_filled (TyInbox *inbox, const TyRemnant *remnant, gsize len_bytes, gsize *all_bytes)
{
  g_assert (len_bytes <= INBOX_BYTES - inbox->fill);
  inbox->fill += len_bytes;
  *all_bytes = remnant->len_bytes + len_bytes;
  g_assert (*all_bytes <= inbox->fill);
  return inbox->mem + inbox->fill - *all_bytes;
}

void
ty_inbox_keep (TyInbox *inbox, TyRemnant *remnant, gsize len_bytes)
{
  ty_remnant_clear (remnant);
  if (len_bytes == 0)
    return;
  g_assert (len_bytes <= inbox->fill);
  *remnant = (TyRemnant){
    .bytes = g_bytes_ref (inbox->bytes),
    .offset = inbox->fill - len_bytes,
    .len_bytes = len_bytes,
  };
  inbox->shared = TRUE;
}

GBytes *
ty_inbox_packet (TyInbox *inbox, const guint8 *data, gsize len_bytes)
{
  if (len_bytes <= COPY_BYTES)
    return g_bytes_new (data, len_bytes);
  g_assert (data >= inbox->mem && data + len_bytes <= inbox->mem + inbox->fill);
  inbox->shared = TRUE;
  return g_bytes_new_from_bytes (inbox->bytes, (gsize) (data - inbox->mem), len_bytes);
}
