/* examples/lab/compare-words.c: the comparison in figures and words.
 *
 * The words are made from the figures: what is said of an ordering was measured in this scene.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"
#include "out.h"

#include <math.h>
#include <string.h>

/* ---- The table ---- */

static char *
ms (double us)
{
  return film_time_text ((gint64) floor (us + 0.5));
}

static char *
time_or_dash (const Sample *s, double us)
{
  return sample_n (s) > 0 ? ms (us) : g_strdup ("–");
}

static char *
number (double v)
{
  char digits[32];
  g_ascii_formatd (digits, sizeof digits, v >= 100 ? "%.0f" : (v >= 10 ? "%.1f" : "%.2f"), v);
  return g_strdup (digits);
}

static double
per_message (const Side *s, guint64 what)
{
  return s->n_messages > 0 ? (double) what / (double) s->n_messages : 0;
}

static double
sum_of (const Sample *s)
{
  return sample_mean (s) * sample_n (s);
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
      return number (per_message (s, s->packets[WIRE_DATA] + s->packets[WIRE_ORDERING] + s->packets[WIRE_OTHER]));
    case FIG_PACKETS_ORDERING:
      return number (per_message (s, s->packets[WIRE_ORDERING]));
    case FIG_BYTES:
      return number (per_message (s, s->bytes[WIRE_DATA] + s->bytes[WIRE_ORDERING] + s->bytes[WIRE_OTHER]));
    case FIG_VIEWS:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, s->n_views);
    case FIG_STILL:
      return time_or_dash (&s->still, sample_mean (&s->still));
    case FIG_STILL_WORST:
      return time_or_dash (&s->still, (double) sample_max (&s->still));
    case FIG_BLOCKED:
      return s->blocked_us > 0 ? ms ((double) s->blocked_us) : g_strdup ("–");
    case FIG_CAUSAL:
      return g_strdup_printf ("%.0f", sum_of (&s->causal));
    case FIG_ORDER:
      return g_strdup_printf ("%.0f%s", sum_of (&s->order), s->order_part ? " or more" : "");
    case FIG_KEPT:
      return s->n_expected > 0 ? g_strdup_printf ("%u of %u", s->n_kept, s->n_expected) : g_strdup ("–");
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
      const char *what[] = { "", "", "not legal: ", "expected, and not so: " };
      for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
        if (texts[k] != NULL)
          {
            g_autofree char *line = g_strdup_printf ("%s: %s%s", s->name, what[k], texts[k]);
            g_strv_builder_add (lines, line);
          }
    }
  char **out = g_strv_builder_end (lines);
  g_strv_builder_unref (lines);
  return out;
}

/* ---- Words ---- */

static gboolean
is_ordered (const Side *s)
{
  return sum_of (&s->order) == 0;
}

static gboolean
is_causal (const Side *s)
{
  return sum_of (&s->causal) == 0;
}

static char *
times_as (double a, double b)
{
  char digits[32];
  if (b <= 0)
    return g_strdup ("");
  g_ascii_formatd (digits, sizeof digits, a / b < 10 ? "%.1f" : "%.0f", a / b);
  return g_strdup_printf (", %s times as long", digits);
}

static void
say_order (GString *out, const Side *s)
{
  guint n = sample_n (&s->held);
  g_autofree char *mean = ms (sample_mean (&s->latency));
  g_string_append_printf (out, "Under %s a message took %s on average", s->name, mean);
  if (n > 0)
    {
      g_autofree char *held = ms (sample_mean (&s->held));
      g_string_append_printf (out, "; %u of %" G_GUINT64_FORMAT " deliveries were held back after receipt, for %s", n,
                              s->n_deliveries, held);
    }
  else
    g_string_append (out, "; nothing was held back");
  double causal = sum_of (&s->causal), order = sum_of (&s->order);
  if (causal > 0)
    g_string_append_printf (out, "; %.0f %s delivered before something that its sender had seen", causal,
                            causal == 1 ? "was" : "were");
  if (order > 0)
    g_string_append_printf (out, "; %.0f %s of messages came in different orders", order,
                            order == 1 ? "pair" : "pairs");
  if (causal == 0 && order == 0)
    g_string_append (out, "; all delivered in one order, and nothing before what it follows from");
  g_string_append (out, ". ");
}

/* The quickest of those that promise as much: of equal ones the first named. */
static const Side *
quickest (const Comparison *c, TyService promise)
{
  const Side *best = NULL;
  for (guint i = 0; i < c->sides->len; i++)
    {
      const Side *s = compare_side (c, i);
      if (s->promise < promise || sample_n (&s->latency) == 0)
        continue;
      if (best == NULL || sample_mean (&s->latency) < sample_mean (&best->latency))
        best = s;
    }
  return best;
}

static gboolean
all_are (const Comparison *c, gboolean (*what) (const Side *))
{
  for (guint i = 0; i < c->sides->len; i++)
    if (!what (compare_side (c, i)))
      return FALSE;
  return TRUE;
}

/* "who needs that takes this, and pays so much" */
static void
say_choice (GString *out, const char *need, const Side *s, const Side *quick)
{
  g_autofree char *more = s != NULL ? times_as (sample_mean (&s->latency), sample_mean (&quick->latency)) : NULL;
  if (s == NULL)
    g_string_append_printf (out, "%s, none of these will do. ", need);
  else
    g_string_append_printf (out, "%s, take %s: the quickest here that promises it%s. ", need, s->name,
                            s != quick ? more : "");
}

static char *
choice (const Comparison *c)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const Side *quick = quickest (c, TY_SERVICE_FIFO), *causal = quickest (c, TY_SERVICE_CAUSAL);
  const Side *agreed = quickest (c, TY_SERVICE_AGREED), *safe = quickest (c, TY_SERVICE_SAFE);
  if (all_are (c, is_causal) && all_are (c, is_ordered))
    g_string_append (out,
                     "Here nothing came out of order under any of them, so what tells them apart is what they cost, "
                     "and what they promise when the network is less kind. ");
  if (quick != causal)
    g_string_append_printf (out,
                            "Take %s where messages of different senders have nothing to do with each other: it is the "
                            "quickest here. ",
                            quick->name);
  say_choice (out, "Where an answer must not come before its question", causal, quick);
  say_choice (out, "Where all must act in the same order, as copies of one state do", agreed, quick);
  if (causal != NULL && causal->promise < TY_SERVICE_AGREED && is_ordered (causal) && !all_are (c, is_ordered))
    g_string_append_printf (
        out, "That all delivered in one order under %s too is this scene's doing: it is not promised. ", causal->name);
  if (agreed != NULL && safe != NULL && safe != agreed)
    {
      g_autofree char *more = ms (sample_mean (&safe->latency) - sample_mean (&agreed->latency));
      g_string_append_printf (
          out,
          "Where what was delivered has effects that nobody may contradict later, take %s: %s more, "
          "because everyone must be known to have the message first. ",
          safe->name, more);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *
about_views (const Comparison *c)
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
    return NULL;
  g_autofree char *a = ms (sample_mean (&least->still));
  g_autofree char *b = ms (sample_mean (&most->still));
  if (least == most || g_str_equal (a, b))
    return g_strdup_printf ("A change of views stopped each member for %s on average, whatever the ordering: what the "
                            "flush waits for is receipts, not order.",
                            a);
  return g_strdup_printf (
      "A change of views stopped each member for %s (%s) to %s (%s) on average: it waits for what is "
      "on the way when it begins.",
      a, least->name, b, most->name);
}

static char *
about_wire (const Comparison *c)
{
  const Side *least = NULL, *most = NULL;
  for (guint i = 0; i < c->sides->len; i++)
    {
      const Side *s = compare_side (c, i);
      if (s->n_messages == 0)
        return NULL;
      if (least == NULL
          || per_message (s, s->packets[WIRE_ORDERING]) < per_message (least, least->packets[WIRE_ORDERING]))
        least = s;
      if (most == NULL || per_message (s, s->packets[WIRE_ORDERING]) > per_message (most, most->packets[WIRE_ORDERING]))
        most = s;
    }
  if (least == NULL || least == most)
    return NULL;
  g_autofree char *a = number (per_message (least, least->packets[WIRE_ORDERING]));
  g_autofree char *b = number (per_message (most, most->packets[WIRE_ORDERING]));
  return g_strdup_printf ("For the order itself, a multicast cost %s packets under %s and %s under %s.",
                          g_str_equal (a, "0.00") ? "no" : a, least->name, b, most->name);
}

char **
compare_words (const Comparison *c)
{
  GStrvBuilder *out = g_strv_builder_new ();
  g_autoptr (GString) what = g_string_new (NULL);
  for (guint i = 0; i < c->sides->len; i++)
    if (sample_n (&compare_side (c, i)->latency) > 0)
      say_order (what, compare_side (c, i));
  if (what->len == 0)
    g_string_append (what, "Nobody delivered a message of another: there is nothing to compare.");
  else
    {
      g_autofree char *chosen = choice (c);
      g_autofree char *wire = about_wire (c);
      g_autofree char *views = about_views (c);
      g_strv_builder_add (out, g_strchomp (what->str));
      g_strv_builder_add (out, g_strchomp (chosen));
      g_string_truncate (what, 0);
      g_string_append_printf (what, "%s%s%s", wire != NULL ? wire : "", wire != NULL && views != NULL ? " " : "",
                              views != NULL ? views : "");
    }
  if (what->len > 0)
    g_strv_builder_add (out, what->str);
  char **words = g_strv_builder_end (out);
  g_strv_builder_unref (out);
  return words;
}

/* ---- As text ---- */

static void
put_padded (GString *out, const char *text, glong width, gboolean right)
{
  glong pad = width - g_utf8_strlen (text, -1);
  for (glong i = 0; right && i < pad; i++)
    g_string_append_c (out, ' ');
  g_string_append (out, text);
  for (glong i = 0; !right && i < pad; i++)
    g_string_append_c (out, ' ');
}

static void
put_wrapped (GString *out, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  glong at = 0;
  for (guint i = 0; words[i] != NULL; i++)
    {
      glong len = g_utf8_strlen (words[i], -1);
      if (at > 0 && at + 1 + len > 100)
        {
          g_string_append_c (out, '\n');
          at = 0;
        }
      g_string_append_printf (out, "%s%s", at > 0 ? " " : "", words[i]);
      at += len + (at > 0);
    }
  g_string_append (out, "\n");
}

char *
compare_to_text (const Comparison *c)
{
  g_autoptr (GArray) rows = compare_rows (c);
  g_auto (GStrv) anomalies = compare_anomalies (c);
  g_auto (GStrv) words = compare_words (c);
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%s, seed %" G_GUINT64_FORMAT, c->title, c->seed);
  if (c->n_seeds > 1)
    g_string_append_printf (out, " to %" G_GUINT64_FORMAT, c->seed + c->n_seeds - 1);
  g_string_append (out, "\n\n");
  put_padded (out, "", 55, FALSE);
  for (guint i = 0; i < c->sides->len; i++)
    {
      g_string_append (out, "  ");
      put_padded (out, compare_side (c, i)->name, 11, TRUE);
    }
  g_string_append_c (out, '\n');
  for (guint r = 0; r < rows->len; r++)
    {
      const CompareRow *row = &g_array_index (rows, CompareRow, r);
      put_padded (out, row->group != NULL ? row->group : "", 26, FALSE);
      put_padded (out, row->name, 29, FALSE);
      for (guint i = 0; i < c->sides->len; i++)
        {
          g_string_append (out, "  ");
          put_padded (out, row->cells[i], 11, TRUE);
        }
      g_string_append_c (out, '\n');
    }
  g_string_append_c (out, '\n');
  for (guint i = 0; anomalies[i] != NULL; i++)
    g_string_append_printf (out, "%s\n%s", anomalies[i], anomalies[i + 1] == NULL ? "\n" : "");
  for (guint i = 0; words[i] != NULL; i++)
    {
      put_wrapped (out, words[i]);
      if (words[i + 1] != NULL)
        g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

/* ---- As JSON ---- */

static void
put_number (GString *out, const char *key, double v)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (digits, sizeof digits, "%.3f", v);
  g_string_append_printf (out, ",\"%s\":%s", key, digits);
}

static void
put_sample (GString *out, const char *key, Sample *s)
{
  g_string_append_printf (out, ",\n   \"%s\":{\"n\":%u", key, sample_n (s));
  put_number (out, "mean", sample_mean (s));
  g_string_append_printf (out,
                          ",\"p50\":%" G_GINT64_FORMAT ",\"p99\":%" G_GINT64_FORMAT ",\"worst\":%" G_GINT64_FORMAT "}",
                          sample_percentile (s, 50), sample_percentile (s, 99), sample_max (s));
}

static void
put_side (GString *out, Side *s)
{
  static const char *const wires[N_WIRE] = { "data", "ordering", "other" };
  g_string_append (out, "{\"name\":");
  lab_json_string (out, s->name, -1);
  lab_json_field (out, "ordering", s->ordering);
  g_string_append_printf (out, ",\"seeds\":%u,\"messages\":%" G_GUINT64_FORMAT ",\"deliveries\":%" G_GUINT64_FORMAT,
                          s->n_seeds, s->n_messages, s->n_deliveries);
  put_sample (out, "latency_us", &s->latency);
  put_sample (out, "own_us", &s->own);
  put_sample (out, "held_us", &s->held);
  put_sample (out, "still_us", &s->still);
  g_string_append (out, ",\n   \"wire\":{");
  for (guint i = 0; i < N_WIRE; i++)
    g_string_append_printf (out, "%s\"%s\":{\"packets\":%" G_GUINT64_FORMAT ",\"bytes\":%" G_GUINT64_FORMAT "}",
                            i > 0 ? "," : "", wires[i], s->packets[i], s->bytes[i]);
  g_string_append_printf (out, "},\n   \"views\":%" G_GUINT64_FORMAT ",\"blocked_us\":%" G_GUINT64_FORMAT, s->n_views,
                          s->blocked_us);
  g_string_append_printf (out, ",\"causal_violations\":%.0f,\"order_differences\":%.0f,\"legal\":%s",
                          sum_of (&s->causal), sum_of (&s->order), s->n_illegal == 0 ? "true" : "false");
  g_string_append_printf (out, ",\"expected\":%u,\"kept\":%u", s->n_expected, s->n_kept);
  if (s->causal_first != NULL)
    lab_json_field (out, "causal_first", s->causal_first);
  if (s->order_first != NULL)
    lab_json_field (out, "order_first", s->order_first);
  if (s->finding != NULL)
    lab_json_field (out, "finding", s->finding);
  g_string_append_c (out, '}');
}

char *
compare_to_json (const Comparison *c)
{
  GString *out = g_string_new ("{\"scene\":");
  lab_json_string (out, c->title, -1);
  g_string_append_printf (out, ",\"seed\":%" G_GUINT64_FORMAT ",\"seeds\":%u,\"sides\":[\n  ", c->seed, c->n_seeds);
  for (guint i = 0; i < c->sides->len; i++)
    {
      if (i > 0)
        g_string_append (out, ",\n  ");
      put_side (out, compare_side (c, i));
    }
  g_auto (GStrv) words = compare_words (c);
  g_string_append (out, "],\n \"words\":[");
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      lab_json_string (out, words[i], -1);
    }
  g_string_append (out, "]}\n");
  return g_string_free (out, FALSE);
}
