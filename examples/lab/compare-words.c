/* examples/lab/compare-words.c: the comparison in words: what the difference is, and when one would choose which.
 *
 * The words are made from the figures: what is said of an ordering was measured in this scene.  When to choose it
 * follows from what it promises.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include <string.h>

static gboolean
is_ordered (const Side *s)
{
  return sample_sum (&s->order) == 0;
}

static gboolean
is_causal (const Side *s)
{
  return sample_sum (&s->causal) == 0;
}

static gboolean
is_clean (const Side *s)
{
  return is_causal (s) && is_ordered (s);
}

static gboolean
has_deliveries (const Side *s)
{
  return sample_n (&s->latency) > 0;
}

/* The quickest of those that promise as much: of equal ones the first named. */
static const Side *
quickest (const Comparison *c, TyService promise)
{
  const Side *best = NULL;
  for (guint i = 0; i < c->sides->len; i++)
    {
      const Side *s = compare_side (c, i);
      if (s->promise < promise || !has_deliveries (s))
        continue;
      if (best == NULL || sample_mean (&s->latency) < sample_mean (&best->latency))
        best = s;
    }
  return best;
}

/* ---- The lead ---- */

/* "fifo", "fifo and causal", "fifo, causal and total": those of which it is true; NULL if it is of none. */
static char *
names_of (const Comparison *c, gboolean (*what) (const Side *), gboolean wanted)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint n = 0, of = 0;
  for (guint i = 0; i < c->sides->len; i++)
    n += what (compare_side (c, i)) == wanted;
  for (guint i = 0; i < c->sides->len; i++)
    if (what (compare_side (c, i)) == wanted)
      {
        g_string_append_printf (out, "%s%s", of == 0 ? "" : (of + 1 == n ? " and " : ", "), compare_side (c, i)->name);
        of++;
      }
  return n > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

static void
lead_on_order (GString *out, const Comparison *c)
{
  g_autofree char *overtook = names_of (c, is_causal, FALSE), *differed = names_of (c, is_ordered, FALSE);
  g_autofree char *clean = names_of (c, is_clean, TRUE);
  if (overtook == NULL && differed == NULL)
    {
      g_string_append (out, c->sides->len > 1 ? "Here nothing came out of order under any of them: what tells them "
                                                "apart is what they cost, and what they promise when the network is "
                                                "less kind."
                                              : "Nothing came out of order.");
      return;
    }
  if (overtook != NULL)
    g_string_append_printf (out, "Under %s a message was delivered before one that it follows from", overtook);
  if (differed != NULL)
    g_string_append_printf (out, "%s %s members delivered in different orders", overtook != NULL ? "; under" : "Under",
                            differed);
  if (clean != NULL)
    g_string_append_printf (out, "; under %s nothing came out of order", clean);
  g_string_append_c (out, '.');
}

static void
lead_on_cost (GString *out, const Comparison *c)
{
  const Side *least = quickest (c, TY_SERVICE_FIFO), *most = least;
  for (guint i = 0; i < c->sides->len; i++)
    if (has_deliveries (compare_side (c, i))
        && sample_mean (&compare_side (c, i)->latency) > sample_mean (&most->latency))
      most = compare_side (c, i);
  g_autofree char *a = compare_time (sample_mean (&least->latency));
  g_autofree char *b = compare_time (sample_mean (&most->latency));
  if (!g_str_equal (a, b))
    g_string_append_printf (out, " A message takes %s on average under %s, and %s under %s.", a, least->name, b,
                            most->name);
}

/* ---- Of one ordering ---- */

static char *
cost_of (const Comparison *c, const Side *s)
{
  g_autoptr (GString) out = g_string_new (NULL);
  if (!has_deliveries (s))
    return g_strdup ("nobody delivered a message of another.");
  const Side *quick = quickest (c, TY_SERVICE_FIFO);
  g_autofree char *for_order = compare_number (compare_per_message (s, s->packets[WIRE_ORDERING]));
  guint held = sample_n (&s->held);
  char times[32];
  g_ascii_formatd (times, sizeof times, "%.1f", sample_mean (&s->latency) / MAX (1, sample_mean (&quick->latency)));
  g_string_append (out, "from send to delivery");
  if (s == quick && c->sides->len > 1)
    g_string_append (out, ", the least here");
  else if (s != quick)
    g_string_append_printf (out, ", %s%s as %s", g_str_equal (times, "1.0") ? "about as much" : times,
                            g_str_equal (times, "1.0") ? "" : " times as much", quick->name);
  if (held > 0)
    {
      g_autofree char *how_long = compare_time (sample_mean (&s->held));
      g_string_append_printf (out, "; %u of %" G_GUINT64_FORMAT " deliveries held back, for %s", held, s->n_deliveries,
                              how_long);
    }
  else
    g_string_append (out, "; nothing held back");
  if (g_str_equal (for_order, "0.00"))
    g_string_append (out, "; no packets for the order itself.");
  else
    g_string_append_printf (out, "; %s packets a multicast for the order itself.", for_order);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *
seen_of (const Comparison *c, const Side *s)
{
  double causal = sample_sum (&s->causal), order = sample_sum (&s->order);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *unclean = names_of (c, is_clean, FALSE);
  if (causal > 0)
    g_string_append_printf (out, "%.0f deliver%s before what %s from", causal, causal == 1 ? "y" : "ies",
                            causal == 1 ? "it follows" : "they follow");
  if (order > 0)
    g_string_append_printf (out, "%s%.0f pair%s of messages in different orders", causal > 0 ? "; " : "", order,
                            order == 1 ? "" : "s");
  if (out->len > 0)
    g_string_append_c (out, '.');
  else
    g_string_append (out, "Nothing out of order.");
  /* Luck is no promise. */
  if (s->promise < TY_SERVICE_CAUSAL && is_causal (s) && !is_ordered (s) && unclean != NULL)
    g_string_append (out, " That nothing overtook what it follows from is this scene's doing: it is not promised.");
  else if (s->promise < TY_SERVICE_AGREED && is_clean (s) && unclean != NULL)
    g_string_append (out, " That all delivered in one order is this scene's doing: it is not promised.");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static const char *const when[] = {
  [TY_SERVICE_FIFO] = "where messages of different senders have nothing to do with each other",
  [TY_SERVICE_CAUSAL] = "where an answer must not come before its question, and what is sent at the same time may come "
                        "in any order",
  [TY_SERVICE_AGREED] = "where all must act in the same order, as copies of one state do",
  [TY_SERVICE_SAFE] = "where what was delivered has effects that nobody may contradict later: it waits until everyone "
                      "is known to have the message",
};

static char *
choose_of (const Comparison *c, const Side *s)
{
  /* Another that promises as much and is quicker is the better choice, as far as this scene goes. */
  const Side *best = quickest (c, s->promise);
  g_autofree char *gain = NULL;
  if (best != NULL && best != s && has_deliveries (s)
      && sample_mean (&best->latency) < 0.99 * sample_mean (&s->latency))
    gain = g_strdup_printf (" Here %s promises %s and was quicker.", best->name,
                            best->promise == s->promise ? "the same" : "more");
  return g_strdup_printf ("Choose it %s.%s", when[s->promise], gain != NULL ? gain : "");
}

/* ---- What is left ---- */

/* For which need there is nothing among them. */
static void
say_missing (GString *out, const Comparison *c)
{
  static const struct
  {
    TyService promise;
    const char *need;
  } needs[] = {
    { TY_SERVICE_CAUSAL, "Where an answer must not come before its question" },
    { TY_SERVICE_AGREED, "Where all must act in the same order" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (needs); i++)
    if (quickest (c, needs[i].promise) == NULL)
      g_string_append_printf (out, "%s, none of these will do. ", needs[i].need);
}

static void
say_views (GString *out, const Comparison *c)
{
  const Side *least = NULL, *most = NULL;
  for (guint i = 0; i < c->sides->len; i++)
    {
      const Side *s = compare_side (c, i);
      if (sample_n (&s->still) == 0)
        continue;
      if (least == NULL || sample_mean (&s->still) < sample_mean (&least->still))
        least = s;
      if (most == NULL || sample_mean (&s->still) > sample_mean (&most->still))
        most = s;
    }
  if (least == NULL)
    return;
  g_autofree char *a = compare_time (sample_mean (&least->still));
  g_autofree char *b = compare_time (sample_mean (&most->still));
  if (least == most || g_str_equal (a, b))
    g_string_append_printf (out,
                            "A change of views stopped each member for %s on average, whatever the ordering: what the "
                            "flush waits for is receipts, not order.",
                            a);
  else
    g_string_append_printf (out,
                            "A change of views stopped each member for %s (%s) to %s (%s) on average: it waits for "
                            "what is on the way when it begins.",
                            a, least->name, b, most->name);
}

CompareWords *
compare_words (const Comparison *c)
{
  CompareWords *words = g_new0 (CompareWords, 1);
  if (quickest (c, TY_SERVICE_FIFO) == NULL)
    {
      words->lead = g_strdup ("Nobody delivered a message of another: there is nothing to compare.");
      return words;
    }
  GString *lead = g_string_new (NULL), *more = g_string_new (NULL);
  lead_on_order (lead, c);
  lead_on_cost (lead, c);
  words->lead = g_string_free (lead, FALSE);
  words->n = c->sides->len;
  words->of = g_new0 (CompareAdvice, words->n);
  for (guint i = 0; i < words->n; i++)
    {
      Side *s = compare_side (c, i);
      words->of[i] = (CompareAdvice){ .side = s,
                                      .mean = compare_time (sample_mean (&s->latency)),
                                      .cost = cost_of (c, s),
                                      .seen = seen_of (c, s),
                                      .choose = choose_of (c, s) };
    }
  say_missing (more, c);
  say_views (more, c);
  words->more = g_strchomp (g_string_free (more, FALSE));
  if (words->more[0] == '\0')
    g_clear_pointer (&words->more, g_free);
  return words;
}

void
compare_words_free (CompareWords *words)
{
  for (guint i = 0; i < words->n; i++)
    {
      g_free (words->of[i].mean);
      g_free (words->of[i].cost);
      g_free (words->of[i].seen);
      g_free (words->of[i].choose);
    }
  g_free (words->of);
  g_free (words->lead);
  g_free (words->more);
  g_free (words);
}
