/* ordering/stamps.c: see stamps.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/stamps.h"
#include "core/plant.h"

#include <stdlib.h>

/* No number takes more bits. */
#define MAX_WIDTH 63

static gboolean
malformed (TyReader *r)
{
  r->bad = TRUE;
  r->at = r->end;
  return FALSE;
}

/* ---- reading ---- */

static gboolean
take_bit (TyClockReader *clock, TyReader *r)
{
  if (clock->n_bits == 0)
    {
      clock->bits = ty_read_u8 (r);
      clock->n_bits = 8;
    }
  clock->n_bits--;
  return (clock->bits >> clock->n_bits & 1) != 0;
}

/* Ones up to a zero: as many as the bytes left may hold at most. */
static guint64
take_unary (TyClockReader *clock, TyReader *r)
{
  guint64 ones = 0;
  while (!r->bad && take_bit (clock, r))
    ones++;
  return ones;
}

static guint64
take_fixed (TyClockReader *clock, TyReader *r)
{
  guint64 value = 0;
  for (guint i = 0; i < clock->width; i++)
    value = value << 1 | (take_bit (clock, r) ? 1 : 0);
  return value;
}

/* What was added to the number of a member. */
static guint64
take_entry (TyClockReader *clock, TyReader *r)
{
  if (clock->width > 0)
    return take_fixed (clock, r);
  guint64 coded = take_unary (clock, r);
  return coded < 2 ? 1 - coded : coded;
}

static gboolean
read_dense (TyClockReader *clock, TyReader *r, TyNeed *out)
{
  while (!r->bad && clock->next < clock->n_members)
    {
      guint rank = clock->next++;
      guint64 more = rank != clock->sender ? take_entry (clock, r) : 0;
      guint64 stated = clock->stated != NULL ? clock->stated[rank] : 0;
      if (r->bad || more > TY_MAX_NUMBER - stated)
        return malformed (r);
      if (more == 0)
        continue;
      *out = (TyNeed){ .rank = rank, .number = stated + more };
      return TRUE;
    }
  while (!r->bad && clock->n_bits > 0)
    if (take_bit (clock, r))
      return malformed (r);
  return !r->bad && ty_reader_left (r) == 0 ? FALSE : malformed (r);
}

gboolean
ty_clock_read (TyClockReader *clock, TyReader *r, TyNeed *out)
{
  if (clock->dense)
    return read_dense (clock, r, out);
  if (r->bad || ty_reader_left (r) == 0)
    return FALSE;
  if (clock->next >= clock->n_members)
    return malformed (r);
  gboolean first = clock->next == 0;
  guint most = first ? clock->n_members + MAX_WIDTH : clock->n_members - 1 - clock->next;
  guint further = (guint) ty_read_bounded (r, most);
  if (!r->bad && first && further >= clock->n_members)
    {
      clock->dense = TRUE;
      clock->width = further - clock->n_members;
      return read_dense (clock, r, out);
    }
  guint rank = clock->next + further;
  if (r->bad || rank == clock->sender)
    return malformed (r);
  guint64 stated = clock->stated != NULL ? clock->stated[rank] : 0;
  guint64 more = ty_read_bounded (r, TY_MAX_NUMBER - stated);
  if (more == 0)
    return malformed (r);
  clock->next = rank + 1;
  *out = (TyNeed){ .rank = rank, .number = stated + more };
  return TRUE;
}

/* ---- writing ---- */

void
ty_past_init (TyPast *p, guint n_members, guint self)
{
  g_assert (self < n_members);
  p->n_members = n_members;
  p->self = self;
  p->delivered = g_new0 (guint64, n_members);
  p->changed = g_new (guint, n_members);
  p->is_changed = g_new0 (guint8, n_members);
  p->n_changed = 0;
}

void
ty_past_clear (TyPast *p)
{
  g_clear_pointer (&p->delivered, g_free);
  g_clear_pointer (&p->changed, g_free);
  g_clear_pointer (&p->is_changed, g_free);
  p->n_changed = 0;
}

static int
by_rank (const void *a, const void *b)
{
  guint x = *(const guint *) a, y = *(const guint *) b;
  return (x > y) - (x < y);
}

static void
write_sparse (const TyPast *p, const guint64 *stated, TyWriter *w)
{
  guint next = 0;
  for (guint i = 0; i < p->n_changed; i++)
    {
      guint rank = p->changed[i];
      guint64 before = stated != NULL ? stated[rank] : 0;
      guint64 upto = p->delivered[rank] - (TY_PLANTED (clock_off_by_one) ? 1 : 0);
      if (upto <= before)
        continue;
      ty_write_varint (w, rank - next);
      ty_write_varint (w, upto - (TY_PLANTED (clock_wrong_base) ? 0 : before));
      next = rank + 1;
    }
}

static void
put_bit (TyWriter *w, gsize from, guint64 *n_bits, gboolean one)
{
  if (*n_bits % 8 == 0)
    ty_write_u8 (w, 0);
  if (one)
    w->data[from + *n_bits / 8] |= (guint8) (0x80 >> *n_bits % 8);
  ++*n_bits;
}

static void
put_entry (TyWriter *w, gsize from, guint64 *n_bits, guint width, guint64 more)
{
  guint64 ones = width > 0 ? 0 : more < 2 ? 1 - more : more;
  for (guint i = width; i > 0; i--)
    put_bit (w, from, n_bits, (more >> (i - 1) & 1) != 0);
  for (; ones > 0; ones--)
    put_bit (w, from, n_bits, TRUE);
  if (width == 0)
    put_bit (w, from, n_bits, FALSE);
}

static void
write_dense (const TyPast *p, const guint64 *stated, guint width, TyWriter *w)
{
  guint64 n_bits = 0;
  ty_write_varint (w, p->n_members + width);
  gsize from = w->len;
  for (guint rank = 0; rank < p->n_members; rank++)
    {
      guint64 before = stated != NULL ? stated[rank] : 0;
      guint64 more = p->is_changed[rank] && p->delivered[rank] > before ? p->delivered[rank] - before : 0;
      if (rank != p->self)
        put_entry (w, from, &n_bits, width, more);
    }
}

/* The shortest way to write it: a width, or -1 for entry by entry.  By the entries that have changed alone: the others
 * cost two bits each, or the width. */
static int
shortest (const TyPast *p, const guint64 *stated)
{
  guint64 sparse = 0, unary = 2 * (guint64) (p->n_members - 1), all = 0;
  guint next = 0;
  for (guint i = 0; i < p->n_changed; i++)
    {
      guint rank = p->changed[i];
      guint64 before = stated != NULL ? stated[rank] : 0;
      if (p->delivered[rank] <= before)
        continue;
      guint64 more = p->delivered[rank] - before;
      sparse += ty_varint_size (rank - next) + ty_varint_size (more);
      unary = unary - 2 + (more == 1 ? 1 : MIN (more, TY_MAX_NUMBER / p->n_members / 2) + 1);
      all |= more;
      next = rank + 1;
    }
  guint width = 64 - (guint) __builtin_clzll (all | 1);
  guint64 fixed = (guint64) width * (p->n_members - 1);
  if (fixed >= unary)
    width = 0;
  guint64 dense = ty_varint_size (p->n_members + width) + (MIN (fixed, unary) + 7) / 8;
  return dense < sparse ? (int) width : -1;
}

void
ty_past_write (TyPast *p, const guint64 *stated, TyWriter *w)
{
  gboolean planted = TY_PLANTED (clock_off_by_one) || TY_PLANTED (clock_wrong_base);
  if (p->n_changed > 1)
    qsort (p->changed, p->n_changed, sizeof *p->changed, by_rank);
  int width = p->n_changed > 1 && !planted ? shortest (p, stated) : -1;
  if (width >= 0)
    write_dense (p, stated, (guint) width, w);
  else
    write_sparse (p, stated, w);
}

void
ty_past_stated (TyPast *p, const guint64 *stated)
{
  guint kept = 0;
  for (guint i = 0; i < p->n_changed; i++)
    {
      guint rank = p->changed[i];
      if (stated == NULL || p->delivered[rank] > stated[rank])
        p->changed[kept++] = rank;
      else
        p->is_changed[rank] = FALSE;
    }
  p->n_changed = kept;
}
