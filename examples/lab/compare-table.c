/* examples/lab/compare-table.c: the figures of the orderings beside each other, and what came out of order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include <math.h>

/* ---- Numbers ---- */

char *
compare_time (double us)
{
  return film_time_text ((gint64) floor (us + 0.5));
}

char *
compare_number (double v)
{
  char digits[32];
  g_ascii_formatd (digits, sizeof digits, v >= 100 ? "%.0f" : (v >= 10 ? "%.1f" : "%.2f"), v);
  return g_strdup (digits);
}

double
compare_per_message (const Side *s, guint64 what)
{
  return s->n_messages > 0 ? (double) what / (double) s->n_messages : 0;
}

double
sample_sum (const Sample *s)
{
  return sample_mean (s) * sample_n (s);
}

/* ---- The table ---- */

static char *
time_or_dash (const Sample *s, double us)
{
  return sample_n (s) > 0 ? compare_time (us) : g_strdup ("–");
}

typedef enum
{
  FIG_MESSAGES,
  FIG_DELIVERIES,
  FIG_MEAN,
  FIG_P50,
  FIG_P99,
  FIG_WORST,
  FIG_OWN,
  FIG_HELD,
  FIG_HELD_MEAN,
  FIG_HELD_WORST,
  FIG_PACKETS,
  FIG_PACKETS_ORDERING,
  FIG_BYTES,
  FIG_VIEWS,
  FIG_STILL,
  FIG_STILL_WORST,
  FIG_BLOCKED,
  FIG_CAUSAL,
  FIG_ORDER,
  FIG_KEPT,
  FIG_LEGAL,
  N_FIGURES
} Figure;

static const struct
{
  const char *group, *name;
} figures[N_FIGURES] = {
  [FIG_MESSAGES] = { "in all", "messages sent" },
  [FIG_DELIVERIES] = { NULL, "deliveries at others" },
  [FIG_MEAN] = { "from send to delivery", "mean" },
  [FIG_P50] = { NULL, "half are faster than" },
  [FIG_P99] = { NULL, "99 of 100" },
  [FIG_WORST] = { NULL, "worst" },
  [FIG_OWN] = { NULL, "at the sender itself, mean" },
  [FIG_HELD] = { "held back after receipt", "deliveries" },
  [FIG_HELD_MEAN] = { NULL, "mean of those" },
  [FIG_HELD_WORST] = { NULL, "worst" },
  [FIG_PACKETS] = { "on the wire, a multicast", "packets" },
  [FIG_PACKETS_ORDERING] = { NULL, "of these for the order" },
  [FIG_BYTES] = { NULL, "bytes" },
  [FIG_VIEWS] = { "view changes", "views installed" },
  [FIG_STILL] = { NULL, "a member stood still, mean" },
  [FIG_STILL_WORST] = { NULL, "worst" },
  [FIG_BLOCKED] = { NULL, "blocked, all together" },
  [FIG_CAUSAL] = { "out of order", "before what it follows from" },
  [FIG_ORDER] = { NULL, "pairs in different orders" },
  [FIG_KEPT] = { "as it should be", "expectations of the scene" },
  [FIG_LEGAL] = { NULL, "legal, for what was promised" },
};

static char *
figure_of (const Comparison *c, Side *s, Figure figure)
{
  switch (figure)
    {
    case FIG_MESSAGES:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, s->n_messages);
    case FIG_DELIVERIES:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, s->n_deliveries);
    case FIG_MEAN:
      return time_or_dash (&s->latency, sample_mean (&s->latency));
    case FIG_P50:
      return time_or_dash (&s->latency, (double) sample_percentile (&s->latency, 50));
    case FIG_P99:
      return time_or_dash (&s->latency, (double) sample_percentile (&s->latency, 99));
    case FIG_WORST:
      return time_or_dash (&s->latency, (double) sample_max (&s->latency));
    case FIG_OWN:
      return time_or_dash (&s->own, sample_mean (&s->own));
    case FIG_HELD:
      return g_strdup_printf ("%u", sample_n (&s->held));
    case FIG_HELD_MEAN:
      return time_or_dash (&s->held, sample_mean (&s->held));
    case FIG_HELD_WORST:
      return time_or_dash (&s->held, (double) sample_max (&s->held));
    case FIG_PACKETS:
      return compare_number (
          compare_per_message (s, s->packets[WIRE_DATA] + s->packets[WIRE_ORDERING] + s->packets[WIRE_OTHER]));
    case FIG_PACKETS_ORDERING:
      return compare_number (compare_per_message (s, s->packets[WIRE_ORDERING]));
    case FIG_BYTES:
      return compare_number (
          compare_per_message (s, s->bytes[WIRE_DATA] + s->bytes[WIRE_ORDERING] + s->bytes[WIRE_OTHER]));
    case FIG_VIEWS:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, s->n_views);
    case FIG_STILL:
      return time_or_dash (&s->still, sample_mean (&s->still));
    case FIG_STILL_WORST:
      return time_or_dash (&s->still, (double) sample_max (&s->still));
    case FIG_BLOCKED:
      return s->blocked_us > 0 ? compare_time ((double) s->blocked_us) : g_strdup ("–");
    case FIG_CAUSAL:
      return g_strdup_printf ("%.0f", sample_sum (&s->causal));
    case FIG_ORDER:
      return g_strdup_printf ("%.0f%s", sample_sum (&s->order), s->order_part ? " or more" : "");
    case FIG_KEPT:
      return s->n_expected == 0 ? g_strdup ("–")
             : s->is_own        ? g_strdup_printf ("%u of %u", s->n_kept, s->n_expected)
                                : g_strdup_printf ("%u differ", s->n_expected - s->n_kept);
    case FIG_LEGAL:
    default:
      return s->n_illegal == 0 ? g_strdup ("yes")
             : c->n_seeds == 1 ? g_strdup ("NO")
                               : g_strdup_printf ("NOT %u", s->n_illegal);
    }
}

static void
row_clear (gpointer data)
{
  CompareRow *row = data;
  for (guint i = 0; i < G_N_ELEMENTS (row->cells); i++)
    g_free (row->cells[i]);
}

GArray *
compare_rows (const Comparison *c)
{
  GArray *rows = g_array_new (FALSE, TRUE, sizeof (CompareRow));
  g_array_set_clear_func (rows, row_clear);
  for (guint f = 0; f < N_FIGURES; f++)
    {
      CompareRow row = { .group = figures[f].group, .name = figures[f].name };
      for (guint i = 0; i < c->sides->len && i < G_N_ELEMENTS (row.cells); i++)
        row.cells[i] = figure_of (c, compare_side (c, i), (Figure) f);
      g_array_append_val (rows, row);
    }
  return rows;
}

/* ---- Anomalies ---- */

char **
compare_anomalies (const Comparison *c)
{
  GStrvBuilder *lines = g_strv_builder_new ();
  for (guint i = 0; i < c->sides->len; i++)
    {
      const Side *s = compare_side (c, i);
      const char *texts[] = { s->causal_first, s->order_first, s->finding, s->missed };
      const char *before[] = { "", "", "not legal: ", s->is_own ? "expected, and not so: " : "differs here: \"" };
      /* What a scene expects, it expects of its own ordering. */
      g_autofree char *own
          = s->is_own ? g_strdup ("") : g_strdup_printf ("\" does not hold, as it does under %s", c->own);
      const char *after[] = { "", "", "", own };
      for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
        if (texts[k] != NULL)
          {
            g_autofree char *line = g_strdup_printf ("%s: %s%s%s", s->name, before[k], texts[k], after[k]);
            g_strv_builder_add (lines, line);
          }
    }
  char **out = g_strv_builder_end (lines);
  g_strv_builder_unref (lines);
  return out;
}
