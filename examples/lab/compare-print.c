/* examples/lab/compare-print.c: the comparison as text, and as JSON.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"
#include "out.h"

#include <string.h>

#define MOST_WIDTH 100
#define CELL 13 /* with the room before it; where it is narrow, as much as is needed */

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

/* Further lines from column `indent` on, where the first line stands already. */
static void
put_wrapped (GString *out, const char *text, guint indent, guint width)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  glong at = 0;
  for (guint i = 0; words[i] != NULL; i++)
    {
      glong len = g_utf8_strlen (words[i], -1);
      if (at > 0 && indent + at + 1 + len > width)
        {
          g_string_append_printf (out, "\n%*s", (int) indent, "");
          at = 0;
        }
      g_string_append_printf (out, "%s%s", at > 0 ? " " : "", words[i]);
      at += len + (at > 0);
    }
  g_string_append (out, "\n");
}

/* A short lead, then for each ordering what it cost here and when to choose it. */
static void
put_words (GString *out, const Comparison *c, guint width)
{
  g_autoptr (CompareWords) words = compare_words (c);
  guint widest = 0;
  for (guint i = 0; i < words->n; i++)
    widest = MAX (widest, (guint) g_utf8_strlen (words->of[i].side->name, -1));
  put_wrapped (out, words->lead, 0, width);
  for (guint i = 0; i < words->n; i++)
    {
      const CompareAdvice *of = &words->of[i];
      g_autofree char *cost = g_strdup_printf ("%s %s", of->mean, of->cost);
      const char *lines[] = { cost, of->seen, of->choose };
      g_string_append_c (out, '\n');
      for (guint k = 0; k < G_N_ELEMENTS (lines); k++)
        {
          put_padded (out, k == 0 ? of->side->name : "", widest + 3, FALSE);
          put_wrapped (out, lines[k], widest + 3, width);
        }
    }
  if (words->more != NULL)
    {
      g_string_append_c (out, '\n');
      put_wrapped (out, words->more, 0, width);
    }
}

/* With no room for columns: each figure, and under it what it is of whom. */
static void
put_list (GString *out, const CompareRow *row, char *const *heads, guint n, guint width)
{
  g_autoptr (GString) cells = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (cells, "%s%s %s", i > 0 ? ", " : "", heads[i], row->cells[i]);
  if (row->group != NULL)
    g_string_append_printf (out, "%s\n", row->group);
  g_string_append_printf (out, "  %s\n    ", row->name);
  put_wrapped (out, cells->str, 4, width);
}

void
compare_put_table (GString *out, const GArray *rows, char *const *heads, guint n, guint width)
{
  guint group = 0, name = 0, cell = 0;
  for (guint r = 0; r < rows->len; r++)
    {
      const CompareRow *row = &g_array_index (rows, CompareRow, r);
      group = MAX (group, row->group != NULL ? (guint) g_utf8_strlen (row->group, -1) + 2 : 0);
      name = MAX (name, (guint) g_utf8_strlen (row->name, -1) + 1);
      for (guint i = 0; i < n; i++)
        cell = MAX (cell, MAX ((guint) g_utf8_strlen (row->cells[i], -1), (guint) g_utf8_strlen (heads[i], -1)) + 2);
    }
  gboolean beside = width == 0 || group + name + n * CELL <= width, columns = beside || 2 + name + n * cell <= width;
  if (beside)
    cell = CELL;
  else
    group = 2;
  if (columns)
    put_padded (out, "", group + name, FALSE);
  for (guint i = 0; i < n && columns; i++)
    put_padded (out, heads[i], (glong) cell, TRUE);
  g_string_append (out, columns ? "\n" : "");
  for (guint r = 0; r < rows->len; r++)
    {
      const CompareRow *row = &g_array_index (rows, CompareRow, r);
      if (!columns)
        {
          put_list (out, row, heads, n, width);
          continue;
        }
      if (!beside && row->group != NULL)
        g_string_append_printf (out, "%s\n", row->group);
      put_padded (out, beside && row->group != NULL ? row->group : "", group, FALSE);
      put_padded (out, row->name, name, FALSE);
      for (guint i = 0; i < n; i++)
        put_padded (out, row->cells[i], (glong) cell, TRUE);
      g_string_append_c (out, '\n');
    }
}

char *
compare_to_text (const Comparison *c, guint width)
{
  g_autoptr (GArray) rows = compare_rows (c);
  g_auto (GStrv) anomalies = compare_anomalies (c);
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%s, seed %" G_GUINT64_FORMAT, c->title, c->seed);
  if (c->n_seeds > 1)
    g_string_append_printf (out, " to %" G_GUINT64_FORMAT, c->seed + c->n_seeds - 1);
  g_string_append (out, "\n\n");
  g_autofree char **heads = g_new0 (char *, c->sides->len + 1);
  for (guint i = 0; i < c->sides->len; i++)
    heads[i] = compare_side (c, i)->name;
  compare_put_table (out, rows, heads, c->sides->len, width);
  g_string_append_c (out, '\n');
  for (guint i = 0; anomalies[i] != NULL; i++)
    {
      put_wrapped (out, anomalies[i], 2, width != 0 ? width : G_MAXUINT);
      g_string_append (out, anomalies[i + 1] == NULL ? "\n" : "");
    }
  put_words (out, c, width != 0 ? MIN (width, MOST_WIDTH) : MOST_WIDTH);
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
                          sample_sum (&s->causal), sample_sum (&s->order), s->n_illegal == 0 ? "true" : "false");
  g_string_append_printf (out, ",\"own\":%s,\"expected\":%u,\"kept\":%u", s->is_own ? "true" : "false", s->n_expected,
                          s->n_kept);
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
  g_autoptr (CompareWords) words = compare_words (c);
  g_string_append (out, "],\n \"lead\":");
  lab_json_string (out, words->lead, -1);
  g_string_append (out, ",\"advice\":[");
  for (guint i = 0; i < words->n; i++)
    {
      g_string_append (out, i > 0 ? ",\n  {\"name\":" : "\n  {\"name\":");
      lab_json_string (out, words->of[i].side->name, -1);
      lab_json_field (out, "mean", words->of[i].mean);
      lab_json_field (out, "cost", words->of[i].cost);
      lab_json_field (out, "seen", words->of[i].seen);
      lab_json_field (out, "choose", words->of[i].choose);
      g_string_append_c (out, '}');
    }
  g_string_append_c (out, ']');
  if (words->more != NULL)
    lab_json_field (out, "more", words->more);
  g_string_append (out, "}\n");
  return g_string_free (out, FALSE);
}
