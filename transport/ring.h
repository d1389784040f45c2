/* transport/ring.h: a queue of small elements in one growing array.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct
{
  guint8 *mem;
  guint element_bytes;
  guint capacity; /* 0 or a power of two */
  guint first;
  guint n;
} TyRing;

/* An empty ring that has once grown larger than this gives its memory back. */
#define TY_RING_KEEP 1024

static inline void
ty_ring_init (TyRing *r, guint element_bytes)
{
  *r = (TyRing){ .element_bytes = element_bytes };
}

static inline void
ty_ring_clear (TyRing *r)
{
  g_free (r->mem);
  ty_ring_init (r, r->element_bytes);
}

/* Valid until the next push or pop. */
static inline gpointer
ty_ring_at (const TyRing *r, guint i)
{
  g_assert (i < r->n);
  return r->mem + (gsize) ((r->first + i) & (r->capacity - 1)) * r->element_bytes;
}

static inline void
ty_ring_grow (TyRing *r)
{
  g_assert (r->capacity <= G_MAXUINT / 4);
  guint capacity = MAX (16, r->capacity * 2);
  guint8 *mem = g_malloc_n (capacity, r->element_bytes);
  guint tail = MIN (r->n, r->capacity - r->first);
  if (r->n > 0)
    {
      memcpy (mem, r->mem + (gsize) r->first * r->element_bytes, (gsize) tail * r->element_bytes);
      memcpy (mem + (gsize) tail * r->element_bytes, r->mem, (gsize) (r->n - tail) * r->element_bytes);
    }
  g_free (r->mem);
  r->mem = mem;
  r->capacity = capacity;
  r->first = 0;
}

/* A new last element, to be filled in. */
static inline gpointer
ty_ring_push (TyRing *r)
{
  if (r->n == r->capacity)
    ty_ring_grow (r);
  r->n++;
  return ty_ring_at (r, r->n - 1);
}

/* Drops the first element. */
static inline void
ty_ring_pop (TyRing *r)
{
  g_assert (r->n > 0);
  r->n--;
  r->first = (r->first + 1) & (r->capacity - 1);
  if (r->n == 0 && r->capacity > TY_RING_KEEP)
    ty_ring_clear (r);
}
