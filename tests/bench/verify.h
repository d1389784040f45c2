/* tests/bench/verify.h: what every receiver checks of every message, member or bare peer alike.
 *
 * The head says who sent it and how many it sent before: nothing lost, nothing doubled, nothing out of a sender's
 * order. Heads also go into a hash: one of the whole sequence where the order is total, one a sender where it is not.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench.h"

#include <string.h>

typedef struct
{
  guint64 size;
  gboolean total;
  gboolean full;
  gboolean late;                   /* came into a running group: a sender's first number is what it is */
  guint64 next[BENCH_MAX_MEMBERS]; /* 0: nothing yet */
  guint64 hash[BENCH_MAX_MEMBERS];
  guint64 delivered;
} BenchVerify;

static inline guint64
bench_payload_word (guint64 sender, guint64 number)
{
  return (number * 0x9e3779b97f4a7c15u) ^ (sender << 56) ^ 0x5bd1e995u;
}

/* The bytes behind the head. */
static inline void
bench_payload_fill (guint8 *data, gsize from, gsize len, guint64 sender, guint64 number)
{
  guint64 word = bench_payload_word (sender, number);
  for (gsize i = from; i < len; i += 8, word += 0x0101010101010101u)
    memcpy (data + i, &word, MIN (8, len - i));
}

static inline gboolean
bench_payload_check (const guint8 *data, gsize from, gsize len, guint64 sender, guint64 number)
{
  guint64 word = bench_payload_word (sender, number);
  for (gsize i = from; i < len; i += 8, word += 0x0101010101010101u)
    if (memcmp (data + i, &word, MIN (8, len - i)) != 0)
      return FALSE;
  return TRUE;
}

/* FALSE: something is wrong with it. */
static inline gboolean
bench_verify (BenchVerify *v, const guint8 *data, gsize len)
{
  guint64 head[2];
  if (G_UNLIKELY (len != v->size))
    return FALSE;
  memcpy (head, data, sizeof head);
  if (G_UNLIKELY (head[0] >= BENCH_MAX_MEMBERS))
    return FALSE;
  guint64 *next = &v->next[head[0]];
  if (G_UNLIKELY (*next == 0))
    *next = v->late ? head[1] : 1;
  if (G_UNLIKELY (head[1] != *next))
    return FALSE;
  (*next)++;
  guint64 *hash = &v->hash[v->total ? 0 : head[0]];
  *hash = (*hash ^ (head[1] << 8 ^ head[0])) * 0x9e3779b97f4a7c15u;
  v->delivered++;
  return !v->full || bench_payload_check (data, BENCH_TIMED_BYTES, len, head[0], head[1]);
}

/* One number for all. */
static inline guint64
bench_verify_hash (const BenchVerify *v)
{
  guint64 all = 0;
  for (guint i = 0; i < BENCH_MAX_MEMBERS; i++)
    all = (all ^ v->hash[i]) * 0xff51afd7ed558ccdu + (all >> 29);
  return all;
}
