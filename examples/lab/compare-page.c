/* examples/lab/compare-page.c: the comparison as one page, with everything in it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"
#include "page.h"
#include "svg.h"

#include <string.h>

void
page_text (GString *out, const char *tag, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append_printf (out, "<%s>%s</%.*s>\n", tag, escaped, (int) strcspn (tag, " "), tag);
}

static const char style[]
    = ".compare{--rule:#dde3e9;--zebra:#f5f8fb;--wrong:#b3161d;--dim:#5c6773;--card:#fff}\n"
      "@media "
      "(prefers-color-scheme:dark){.compare{--rule:#2b333d;--zebra:#1a1f26;--wrong:#ff6f6f;--dim:#9aa7b5;--card:#"
      "14171c}}\n"
      ".compare{font-size:15px;line-height:1.55}.compare h2{font-size:1.12rem;margin:2rem 0 .5rem}"
      ".compare p,.compare ul{max-width:52rem}.compare .dim{color:var(--dim)}"
      ".compare "
      "table{width:auto;min-width:min(100%,46rem);border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:"
      "14px}"
      ".compare th,.compare td{padding:.26rem .8rem;text-align:right;white-space:nowrap}"
      ".compare thead th{border-bottom:2px solid var(--rule)}"
      ".compare tbody th{text-align:left;font-weight:400}.compare tbody th.g{font-weight:600}"
      ".compare tr.first>*{border-top:1px solid var(--rule)}"
      ".compare tbody tr:nth-child(even){background:var(--zebra)}"
      ".compare td.wrong{color:var(--wrong);font-weight:600}"
      ".compare .wide{overflow-x:auto;padding:.3rem 0}.compare .wide>svg{display:block}"
      ".compare .lead{font-size:1.08rem;max-width:60rem}"
      ".compare .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.8rem;margin:1rem 0}"
      ".compare .card{background:var(--card);border:1px solid var(--rule);border-top:4px solid var(--k);"
      "border-radius:.6rem;padding:.7rem 1rem .8rem}.compare .card h2{margin:0;color:var(--k)}"
      ".compare .card p{margin:.35rem 0 0;font-size:.92rem}"
      ".compare .card .big{font-size:1.7rem;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}"
      ".compare .card .seen{color:var(--wrong)}.compare .card .choose{border-top:1px solid var(--rule);"
      "padding-top:.45rem;margin-top:.6rem}"
      ".plot{max-width:100%;height:auto}.compare li{margin:.2rem 0}"
      /* Where it is narrow, a row's group stands above it, and a plot is wider than the page, and moves. */
      "@media screen and (max-width:640px){.compare table{display:block;font-size:12px;min-width:0}"
      ".compare thead,.compare tbody{display:block}.compare tr{display:grid;"
      "column-gap:.35rem;grid-template-columns:minmax(0,1.5fr) repeat(var(--n),minmax(0,1fr))}"
      ".compare th,.compare td{padding:.2rem .15rem;overflow-wrap:anywhere}.compare tbody th{white-space:normal}"
      ".compare thead th{font-size:10.5px;white-space:normal}"
      ".compare thead td:first-child,.compare tr:not(.first)>th.g{display:none}.compare tr.first>th.g{grid-column:1/-1}"
      ".compare tr.first>:not(.g){border-top:0}.compare .wide>svg{max-width:none;width:46rem}}\n"
      "@media print{.compare .wide{overflow:visible}}\n";

void
page_begin (GString *out, const char *title)
{
  g_autofree char *escaped = g_markup_escape_text (title, -1);
  g_string_append_printf (out,
                          "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>\n"
                          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                          "<meta name=\"color-scheme\" content=\"light dark\">\n<style>\n"
                          "body{margin:0 auto;padding:1.6rem 1.4rem 4rem;max-width:70rem;background:#fff;color:#1c2530;"
                          "font-family:system-ui,'DejaVu Sans','Segoe UI',Roboto,sans-serif}h1{font-size:1.5rem}\n"
                          "@media (prefers-color-scheme:dark){body{background:#14171c;color:#e8ecf1}}\n%s"
                          "</style></head><body><div class=\"compare\">\n",
                          escaped, style);
  page_text (out, "h1", title);
}

void
page_end (GString *out)
{
  g_string_append (out, "</div></body></html>\n");
}

void
page_plot (GString *out, const char *svg)
{
  g_string_append_printf (out, "<div class=\"wide\" tabindex=\"0\" role=\"group\">%s</div>\n", svg);
}

static gboolean
is_bad (const char *row, const char *cell)
{
  if (g_str_has_prefix (row, "before what") || g_str_has_prefix (row, "pairs in"))
    return !g_str_equal (cell, "0");
  return g_str_has_prefix (cell, "NO");
}

void
page_table (GString *out, const GArray *rows, char *const *heads, guint n)
{
  /* A table by its roles too: where it is narrow it is laid out as none. */
  g_string_append_printf (out,
                          "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"figures\">"
                          "<table role=\"table\" style=\"--n:%u\">\n<thead role=\"rowgroup\"><tr role=\"row\">"
                          "<td role=\"cell\"></td><td role=\"cell\"></td>",
                          n);
  for (guint i = 0; i < n; i++)
    page_text (out, "th scope=\"col\" role=\"columnheader\"", heads[i]);
  g_string_append (out, "</tr></thead><tbody role=\"rowgroup\">\n");
  for (guint r = 0; r < rows->len; r++)
    {
      const CompareRow *row = &g_array_index (rows, CompareRow, r);
      g_string_append_printf (out, "<tr role=\"row\"%s>", row->group != NULL ? " class=\"first\"" : "");
      page_text (out, "th class=\"g\" role=\"rowheader\"", row->group != NULL ? row->group : "");
      page_text (out, "th scope=\"row\" role=\"rowheader\"", row->name);
      for (guint i = 0; i < n; i++)
        page_text (out, is_bad (row->name, row->cells[i]) ? "td class=\"wrong\" role=\"cell\"" : "td role=\"cell\"",
                   row->cells[i]);
      g_string_append (out, "</tr>\n");
    }
  g_string_append (out, "</tbody></table></div>\n");
}

static void
put_head (GString *out, const Comparison *c)
{
  const Film *film = compare_side (c, 0)->film;
  g_string_append_printf (out,
                          "<p class=\"dim\">The same scene, with the same seed, under %u orderings: %u processes, %u "
                          "messages, %s%" G_GUINT64_FORMAT,
                          c->sides->len, film->processes->len, film->messages->len, c->n_seeds > 1 ? "seeds " : "seed ",
                          c->seed);
  if (c->n_seeds > 1)
    g_string_append_printf (out, " to %" G_GUINT64_FORMAT, c->seed + c->n_seeds - 1);
  g_string_append (out, ". Times are those of the simulated network.</p>\n");
}

/* A card for each ordering: what it took, what came of it, and when to choose it. */
static void
put_words (GString *out, const CompareWords *words)
{
  page_text (out, "p class=\"lead\"", words->lead);
  if (words->n == 0)
    return;
  g_string_append (out, "<div class=\"cards\">\n");
  for (guint i = 0; i < words->n; i++)
    {
      const CompareAdvice *of = &words->of[i];
      g_string_append_printf (out, "<article class=\"card k%u\">\n", i % SVG_COLOURS);
      page_text (out, "h2", of->side->name);
      page_text (out, "p class=\"big\"", of->mean);
      page_text (out, "p class=\"dim\"", of->cost);
      page_text (out, sample_sum (&of->side->causal) + sample_sum (&of->side->order) > 0 ? "p class=\"seen\"" : "p",
                 of->seen);
      page_text (out, "p class=\"choose\"", of->choose);
      g_string_append (out, "</article>\n");
    }
  g_string_append (out, "</div>\n");
  if (words->more != NULL)
    page_text (out, "p", words->more);
}

static void
put_plots (GString *out, const Comparison *c)
{
  guint n = c->sides->len;
  g_autofree PlotRow *rows = g_new0 (PlotRow, n);
  page_text (out, "h2", c->n_seeds > 1 ? "Distributions, over all seeds" : "Distributions");
  for (guint i = 0; i < n; i++)
    rows[i] = (PlotRow){ compare_side (c, i)->name, &compare_side (c, i)->latency, 0 };
  g_autofree char *latency = plot_times ("From send to delivery, at the others", rows, n);
  gboolean held = FALSE, still = FALSE;
  for (guint i = 0; i < n; i++)
    {
      Side *s = compare_side (c, i);
      rows[i] = (PlotRow){ s->name, &s->held, s->n_deliveries - sample_n (&s->held) };
      held = held || sample_n (&s->held) > 0;
      still = still || sample_n (&s->still) > 0;
    }
  g_autofree char *hold = plot_times ("Held back after receipt, of those that were", rows, n);
  for (guint i = 0; i < n; i++)
    rows[i] = (PlotRow){ compare_side (c, i)->name, &compare_side (c, i)->still, 0 };
  g_autofree char *stood = plot_times ("How long a member stood still in a change of views", rows, n);
  page_plot (out, latency);
  if (held)
    page_plot (out, hold);
  if (still)
    page_plot (out, stood);
  if (c->n_seeds == 1)
    return;
  for (guint i = 0; i < n; i++)
    rows[i] = (PlotRow){ compare_side (c, i)->name, &compare_side (c, i)->causal, 0 };
  g_autofree char *causal
      = plot_counts ("Deliveries before something they follow from: in how many runs so many", rows, n);
  for (guint i = 0; i < n; i++)
    rows[i] = (PlotRow){ compare_side (c, i)->name, &compare_side (c, i)->order, 0 };
  g_autofree char *order = plot_counts ("Pairs of messages in different orders: in how many runs so many", rows, n);
  page_plot (out, causal);
  page_plot (out, order);
}

/* What stands above the diagrams. */
static char *
before_diagrams (const Comparison *c)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GArray) rows = compare_rows (c);
  g_autoptr (CompareWords) words = compare_words (c);
  g_auto (GStrv) anomalies = compare_anomalies (c);
  char *heads[G_N_ELEMENTS (((CompareRow *) NULL)->cells)];
  for (guint i = 0; i < c->sides->len; i++)
    heads[i] = compare_side (c, i)->name;
  g_string_append_printf (out, "<style>%s", style);
  for (guint i = 0; i < SVG_COLOURS; i++)
    g_string_append_printf (out, ".k%u{--k:var(--c%u)}", i, i);
  g_string_append (out, "</style><div class=\"compare\">\n");
  put_head (out, c);
  put_words (out, words);
  if (anomalies[0] != NULL)
    {
      g_string_append (out, "<ul>\n");
      for (guint i = 0; anomalies[i] != NULL; i++)
        page_text (out, "li", anomalies[i]);
      g_string_append (out, "</ul>\n");
    }
  page_text (out, "h2", "Figures");
  page_table (out, rows, heads, c->sides->len);
  page_text (out, "h2", "What happened, on one clock");
  if (c->n_seeds > 1)
    g_string_append_printf (out, "<p class=\"dim\">Seed %" G_GUINT64_FORMAT ".</p>\n", c->seed);
  g_string_append (out, "</div>\n");
  return g_string_free (out, FALSE);
}

/* And below them. */
static char *
after_diagrams (const Comparison *c)
{
  GString *out = g_string_new ("<div class=\"compare\" id=\"plots\">\n");
  put_plots (out, c);
  g_string_append (out, "</div>\n");
  return g_string_free (out, FALSE);
}

char *
compare_to_page (const Comparison *c, gboolean control)
{
  g_autofree const Film **films = g_new (const Film *, c->sides->len);
  g_autofree const char **captions = g_new0 (const char *, c->sides->len + 1);
  for (guint i = 0; i < c->sides->len; i++)
    {
      films[i] = compare_side (c, i)->film;
      captions[i] = compare_side (c, i)->name;
    }
  g_autofree char *before = before_diagrams (c), *after = after_diagrams (c);
  PageOptions options
      = { .title = c->title, .captions = captions, .control = control, .before_html = before, .after_html = after };
  return page_of_films (films, c->sides->len, &options);
}
