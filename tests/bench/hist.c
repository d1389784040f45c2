/* tests/bench/hist.c: values in logarithmic buckets: 64 for each power of two.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <stdlib.h>

static guint
bucket_of (guint64 ns)
{
  if (ns < 64)
    return (guint) ns;
  guint power = 63 - (guint) __builtin_clzll (ns);
  return (power - 5) * 64 + (guint) ((ns >> (power - 6)) & 63);
}

/* The middle of what falls into it. */
static double
value_of (guint bucket)
{
  if (bucket < 64)
    return bucket;
  guint power = bucket / 64 + 5;
  return ((double) (64 + bucket % 64) + 0.5) * (double) (G_GUINT64_CONSTANT (1) << (power - 6));
}

void
bench_hist_add (BenchHist *hist, guint64 ns)
{
  hist->bucket[bucket_of (ns)]++;
  hist->count++;
  hist->max = MAX (hist->max, ns);
}

double
bench_hist_at (const BenchHist *hist, double q)
{
  guint64 upto = 0, wanted = (guint64) (q * (double) hist->count);
  for (guint i = 0; i < G_N_ELEMENTS (hist->bucket); i++)
    {
      upto += hist->bucket[i];
      if (upto > wanted)
        return MIN (value_of (i), (double) hist->max);
    }
  return (double) hist->max;
}

void
bench_hist_merge (BenchHist *into, const BenchHist *from)
{
  for (guint i = 0; i < G_N_ELEMENTS (into->bucket); i++)
    into->bucket[i] += from->bucket[i];
  into->count += from->count;
  into->max = MAX (into->max, from->max);
}

char *
bench_hist_write (const BenchHist *hist)
{
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT, hist->max);
  for (guint i = 0; i < G_N_ELEMENTS (hist->bucket); i++)
    if (hist->bucket[i] > 0)
      g_string_append_printf (text, " %u:%u", i, hist->bucket[i]);
  return g_string_free (text, FALSE);
}

gboolean
bench_hist_read (BenchHist *into, const char *text)
{
  char *at;
  into->max = MAX (into->max, g_ascii_strtoull (text, &at, 10));
  while (*at == ' ')
    {
      guint64 bucket = g_ascii_strtoull (at + 1, &at, 10);
      if (*at != ':' || bucket >= G_N_ELEMENTS (into->bucket))
        return FALSE;
      guint64 n = g_ascii_strtoull (at + 1, &at, 10);
      into->bucket[bucket] += (guint32) n;
      into->count += n;
    }
  return *at == '\0';
}
