/* ordering/runs.c: see runs.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/runs.h"

#include "ordering/queues.h"
#include "core/plant.h"

void
ty_runs_clear (TyRuns *runs)
{
  g_free (runs->ring);
  *runs = (TyRuns){ 0 };
}

void
ty_runs_append (TyRuns *runs, guint rank, guint64 count)
{
  g_assert (count > 0 && count <= TY_MAX_NUMBER - runs->known);
  runs->known += count;
  if (runs->end > runs->first && ty_runs_at (runs, runs->end - 1)->rank == rank)
    {
      ty_runs_at (runs, runs->end - 1)->count += count;
      return;
    }
  if (runs->end - runs->first == runs->ring_len)
    {
      gsize len = runs->ring_len == 0 ? 8 : runs->ring_len * 2;
      TyRun *ring = g_new (TyRun, len);
      for (gsize at = runs->first; at < runs->end; at++)
        ring[at & (len - 1)] = *ty_runs_at (runs, at);
      g_free (runs->ring);
      runs->ring = ring;
      runs->ring_len = len;
    }
  runs->ring[runs->end++ & (runs->ring_len - 1)] = (TyRun){ .rank = rank, .count = count };
}

void
ty_runs_trim (TyRuns *runs, guint64 ordinal)
{
  g_assert (ordinal <= runs->known);
  while (runs->first < runs->end && ordinal - runs->base >= ty_runs_at (runs, runs->first)->count)
    {
      runs->base += ty_runs_at (runs, runs->first)->count;
      runs->first++;
    }
  g_assert (runs->first < runs->end || runs->base == runs->known);
}

void
ty_runs_write (const TyRuns *runs, TyWriter *w)
{
  for (gsize at = runs->first; at < runs->end; at++)
    {
      ty_write_varint (w, ty_runs_at (runs, at)->rank);
      ty_write_varint (w, ty_runs_at (runs, at)->count);
    }
}

void
ty_runs_write_order (const TyRuns *runs, TyWriter *w)
{
  ty_write_varint (w, runs->base);
  ty_write_varint (w, runs->end - runs->first);
  ty_runs_write (runs, w);
}

/* One run; FALSE at the end, or when the reader has gone bad. */
static gboolean
read_run (TyReader *r, guint n_members, TyRun *out)
{
  if (r->bad || ty_reader_left (r) == 0)
    return FALSE;
  out->rank = (guint) ty_read_bounded (r, n_members - 1);
  out->count = ty_read_bounded (r, TY_MAX_NUMBER);
  if (!r->bad && out->count == 0)
    r->bad = TRUE;
  return !r->bad;
}

gboolean
ty_runs_check (TyReader r, guint n_members, guint64 *total)
{
  TyRun run;
  *total = 0;
  while (read_run (&r, n_members, &run))
    {
      if (run.count > TY_MAX_NUMBER - *total)
        return FALSE;
      *total += run.count;
    }
  return ty_reader_done (&r);
}

gboolean
ty_order_read (TyReader r, guint n_members, gboolean digest, TyOrderRead *out)
{
  *out = (TyOrderRead){ .order = r };
  out->base = ty_read_bounded (&r, TY_MAX_NUMBER);
  gsize n = ty_read_count (&r, 2);
  const guint8 *begin = r.at;
  TyRun run;
  for (gsize i = 0; i < n; i++)
    if (!read_run (&r, n_members, &run))
      return FALSE;
  if (r.bad)
    return FALSE;
  out->runs = (TyReader){ .at = begin, .end = r.at };
  guint64 total;
  if (!ty_runs_check (out->runs, n_members, &total) || total > TY_MAX_NUMBER - out->base)
    return FALSE;
  out->known = out->base + total;
  out->order.end = r.at;
  if (digest)
    out->acknowledged = ty_read_bounded (&r, out->known);
  return ty_reader_done (&r);
}

/* Steps through checked runs by ordinals. */
typedef struct
{
  TyReader r;
  TyRun run; /* what is left of the current one */
} Steps;

/* The rank that the next ordinal belongs to, and for how many ordinals on: FALSE at the end. */
static gboolean
steps_peek (Steps *s, TyRun *out)
{
  if (s->run.count == 0 && !read_run (&s->r, G_MAXUINT, &s->run))
    return FALSE;
  *out = s->run;
  return TRUE;
}

static void
steps_skip (Steps *s, guint64 ordinals)
{
  TyRun run;
  while (ordinals > 0 && steps_peek (s, &run))
    {
      guint64 k = MIN (ordinals, run.count);
      s->run.count -= k;
      ordinals -= k;
    }
}

gboolean
ty_runs_learn (TyRuns *runs, guint64 base, TyReader foreign)
{
  g_assert (base <= runs->known);
  Steps steps = { .r = foreign };
  TyRun theirs;
  /* What is no longer kept cannot be compared. */
  if (base < runs->base)
    steps_skip (&steps, runs->base - base);
  guint64 at = MAX (base, runs->base);

  gsize place = runs->first;
  guint64 begin = runs->base;
  while (at < runs->known && steps_peek (&steps, &theirs))
    {
      TyRun *ours = ty_runs_at (runs, place);
      if (begin + ours->count > at)
        {
          if (ours->rank != theirs.rank)
            return FALSE;
          guint64 k = MIN (theirs.count, begin + ours->count - at);
          steps_skip (&steps, k);
          at += k;
        }
      if (at >= begin + ours->count)
        {
          begin += ours->count;
          place++;
        }
    }

  while (steps_peek (&steps, &theirs))
    {
      ty_runs_append (runs, theirs.rank, theirs.count);
      steps_skip (&steps, theirs.count);
    }
  return TRUE;
}

/* Whether two orders say the same where both speak. */
gboolean
ty_orders_agree (const TyOrderRead *a, const TyOrderRead *b)
{
  Steps x = { .r = a->runs }, y = { .r = b->runs };
  guint64 begin = MAX (a->base, b->base);
  steps_skip (&x, begin - a->base);
  steps_skip (&y, begin - b->base);
  TyRun mine, theirs;
  while (steps_peek (&x, &mine) && steps_peek (&y, &theirs))
    {
      if (mine.rank != theirs.rank)
        return FALSE;
      guint64 k = MIN (mine.count, theirs.count);
      steps_skip (&x, k);
      steps_skip (&y, k);
    }
  return TRUE;
}

gboolean
ty_orders_merge (guint n_members, const TyReader *digests, TyWriter *order, guint *faulty)
{
  g_autofree TyOrderRead *read = g_new0 (TyOrderRead, n_members);
  const TyOrderRead *longest = NULL;
  for (guint rank = 0; rank < n_members; rank++)
    {
      if (ty_reader_left (&digests[rank]) == 0)
        continue;
      *faulty = rank;
      if (!ty_order_read (digests[rank], n_members, TRUE, &read[rank]))
        return FALSE;
      if (longest == NULL || (read[rank].known > longest->known) != TY_PLANTED (shortest_order))
        longest = &read[rank];
    }
  for (guint rank = 0; rank < n_members; rank++)
    {
      *faulty = rank;
      if (ty_reader_left (&digests[rank]) > 0 && !ty_orders_agree (longest, &read[rank]))
        return FALSE;
    }
  static const TyRuns none;
  if (longest == NULL)
    ty_runs_write_order (&none, order);
  else
    g_byte_array_append (order, longest->order.at, (guint) ty_reader_left (&longest->order));
  return TRUE;
}

void
ty_least_init (TyLeast *l, guint n_members)
{
  *l = (TyLeast){ .n_members = n_members, .values = g_new0 (guint64, n_members), .n_least = n_members };
}

void
ty_least_clear (TyLeast *l)
{
  g_clear_pointer (&l->values, g_free);
}

gboolean
ty_least_raise (TyLeast *l, guint rank, guint64 value)
{
  g_assert (rank < l->n_members);
  guint64 was = l->values[rank];
  if (value <= was)
    return FALSE;
  l->values[rank] = value;
  if (was > l->least || --l->n_least > 0)
    return FALSE;
  l->least = G_MAXUINT64;
  for (guint i = 0; i < l->n_members; i++)
    {
      if (l->values[i] < l->least)
        {
          l->least = l->values[i];
          l->n_least = 0;
        }
      l->n_least += l->values[i] == l->least;
    }
  return TRUE;
}
