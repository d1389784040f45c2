/* ordering/stamps.c: see stamps.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/stamps.h"
#include "core/plant.h"

#include <stdlib.h>

static gboolean
malformed (TyReader *r)
{
  r->bad = TRUE;
  r->at = r->end;
  return FALSE;
}

gboolean
ty_clock_read (TyClockReader *clock, TyReader *r, TyNeed *out)
{
  if (r->bad || ty_reader_left (r) == 0)
    return FALSE;
  if (clock->next >= clock->n_members)
    return malformed (r);
  guint rank = clock->next + (guint) ty_read_bounded (r, clock->n_members - 1 - clock->next);
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

void
ty_past_init (TyPast *p, guint n_members)
{
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

void
ty_past_write (TyPast *p, const guint64 *stated, TyWriter *w)
{
  if (p->n_changed > 1)
    qsort (p->changed, p->n_changed, sizeof *p->changed, by_rank);
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
