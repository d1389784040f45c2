/* examples/lab/compare-real-report.c: `tyet compare --real`: which groups, and what came out.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare-real.h"
#include "lab.h"
#include "out.h"
#include "save.h"
#include "timeline.h"

#include <stdio.h>
#include <string.h>

#define MAX_VALUES 8

typedef struct
{
  const RealOptions *options;
  guint64 members[MAX_VALUES], sizes[MAX_VALUES];
  guint n_members, n_sizes;
  TyetSecret *secret;
  RealRun *runs; /* by side, members, size */
} Real;

static RealRun *
run_at (const Real *real, guint side, guint m, guint s)
{
  return &real->runs[(side * real->n_members + m) * real->n_sizes + s];
}

static gboolean
read_list (const char *option, const char *text, guint64 least, guint64 most, guint64 *out, guint *n)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  *n = g_strv_length (parts);
  if (*n == 0 || *n > MAX_VALUES)
    return compare_wrong ("%s wants 1 to %d numbers", option, MAX_VALUES);
  for (guint i = 0; i < *n; i++)
    if (!g_ascii_string_to_unsigned (parts[i], 10, least, most, &out[i], NULL) || (i > 0 && out[i] <= out[i - 1]))
      return compare_wrong ("%s wants numbers from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                            ", in rising order, not \"%s\"",
                            option, least, most, parts[i]);
  return TRUE;
}

/* ---- Output ---- */

static char *
rate_text (double rate)
{
  return rate >= 1e6   ? g_strdup_printf ("%.2f M/s", rate / 1e6)
         : rate >= 1e4 ? g_strdup_printf ("%.0f k/s", rate / 1e3)
                       : g_strdup_printf ("%.0f/s", rate);
}

static void
row_clear (gpointer data)
{
  CompareRow *row = data;
  for (guint i = 0; i < G_N_ELEMENTS (row->cells); i++)
    g_free (row->cells[i]);
}

static GArray *
rows_of (const Real *real)
{
  GArray *rows = g_array_new (FALSE, TRUE, sizeof (CompareRow));
  g_array_set_clear_func (rows, row_clear);
  for (guint m = 0; m < real->n_members; m++)
    for (guint s = 0; s < real->n_sizes; s++)
      for (guint what = 0; what < 3; what++)
        {
          static const char *const names[] = { "messages delivered", "half are there after", "99 of 100" };
          CompareRow row = { .name = names[what] };
          g_autofree char *group
              = g_strdup_printf ("%u members, %" G_GUINT64_FORMAT " bytes", (guint) real->members[m], real->sizes[s]);
          if (what == 0)
            row.group = g_intern_string (group);
          for (guint i = 0; i < real->options->sides->len; i++)
            {
              RealRun *run = run_at (real, i, m, s);
              row.cells[i] = what == 0 ? rate_text (run->rate)
                                       : film_time_text (sample_percentile (&run->latency, what == 1 ? 50 : 99));
            }
          g_array_append_val (rows, row);
        }
  return rows;
}

static void
heads_of (const Real *real, char **heads)
{
  for (guint i = 0; i < real->options->sides->len; i++)
    heads[i] = ((Side *) g_ptr_array_index (real->options->sides, i))->name;
}

static void
put_text (const Real *real, const GArray *rows)
{
  g_autoptr (GString) out = g_string_new (NULL);
  char *heads[G_N_ELEMENTS (((CompareRow *) NULL)->cells)];
  TimelineOptions options;
  timeline_options_init (&options);
  heads_of (real, heads);
  compare_put_table (out, rows, heads, real->options->sides->len, options.width);
  fputs (out->str, stdout);
}

static void
put_json (const Real *real)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_string_append_printf (out, "{\"processors\":%u,\"seconds\":%g,\"runs\":[", g_get_num_processors (),
                          real->options->seconds);
  for (guint i = 0; i < real->options->sides->len; i++)
    for (guint m = 0; m < real->n_members; m++)
      for (guint s = 0; s < real->n_sizes; s++)
        {
          RealRun *run = run_at (real, i, m, s);
          g_string_append_printf (out, "%s\n{\"name\":", i + m + s > 0 ? "," : "");
          lab_json_string (out, run->side->name, -1);
          g_string_append_printf (out,
                                  ",\"members\":%u,\"size\":%" G_GSIZE_FORMAT ",\"rate\":%.0f,\"latency_us\":{\"n\":%u,"
                                  "\"p50\":%" G_GINT64_FORMAT ",\"p99\":%" G_GINT64_FORMAT "}}",
                                  run->members, run->size, run->rate, sample_n (&run->latency),
                                  sample_percentile (&run->latency, 50), sample_percentile (&run->latency, 99));
        }
  printf ("%s]}\n", out->str);
}

/* ---- The page ---- */

typedef enum
{
  AXIS_MEMBERS,
  AXIS_SIZE
} Which;

static void
put_plot (GString *out, const Real *real, Which axis, guint fixed, gboolean rate)
{
  guint n_sides = real->options->sides->len, n = axis == AXIS_MEMBERS ? real->n_members : real->n_sizes;
  if (n < 2)
    return;
  g_autofree PlotLine *lines = g_new0 (PlotLine, n_sides);
  g_autofree double *numbers = g_new0 (double, (gsize) n_sides *n * 2);
  for (guint i = 0; i < n_sides; i++)
    {
      double *x = &numbers[i * n * 2], *y = x + n;
      for (guint k = 0; k < n; k++)
        {
          RealRun *run = axis == AXIS_MEMBERS ? run_at (real, i, k, fixed) : run_at (real, i, fixed, k);
          x[k] = (double) (axis == AXIS_MEMBERS ? run->members : run->size);
          y[k] = rate ? run->rate : (double) sample_percentile (&run->latency, 50);
        }
      lines[i] = (PlotLine){ run_at (real, i, 0, 0)->side->name, n, x, y };
    }
  g_autofree char *title = axis == AXIS_MEMBERS
                               ? g_strdup_printf ("%s by group size, messages of %" G_GUINT64_FORMAT " bytes",
                                                  rate ? "Throughput" : "Latency", real->sizes[fixed])
                               : g_strdup_printf ("%s by message size, %" G_GUINT64_FORMAT " members",
                                                  rate ? "Throughput" : "Latency", real->members[fixed]);
  g_autofree char *plot
      = plot_lines (title, axis == AXIS_MEMBERS ? "members" : "bytes in a message",
                    rate ? "messages a second, at each member" : "µs, half are there after", lines, n_sides);
  page_plot (out, plot);
}

/* What processes of one user on one machine speak through (doc/modules/shared-memory.md). */
static const char *
real_channels (const Real *real)
{
  gboolean shared = g_strcmp0 (g_getenv ("TYET_SHM"), "0") != 0;
  return real->options->plain
             ? (shared ? "shared memory, set up in clear text" : "TCP on its loopback interface, in clear text")
         : shared ? "shared memory, set up over sealed connections, as by default"
                  : "TCP on its loopback interface, sealed";
}

static gboolean
put_page (const Real *real, const GArray *rows, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  char *heads[G_N_ELEMENTS (((CompareRow *) NULL)->cells)];
  heads_of (real, heads);
  page_begin (out, "Orderings, by real processes");
  g_string_append_printf (
      out,
      "<p class=\"dim\">Groups of real processes on this machine (%u processors), over %s. Latency: everybody sends a "
      "message every 4 ms. Throughput: everybody sends as much as goes. %g s each.</p>\n",
      g_get_num_processors (), real_channels (real), real->options->seconds);
  put_plot (out, real, AXIS_MEMBERS, 0, FALSE);
  put_plot (out, real, AXIS_MEMBERS, 0, TRUE);
  put_plot (out, real, AXIS_SIZE, real->n_members / 2, FALSE);
  put_plot (out, real, AXIS_SIZE, real->n_members / 2, TRUE);
  page_text (out, "h2", "Figures");
  page_table (out, rows, heads, real->options->sides->len);
  page_end (out);
  return save_text (real->options->html, out->str, (gssize) out->len, error);
}

/* ---- The whole ---- */

static gboolean
measure_all (Real *real, GError **error)
{
  guint n_sides = real->options->sides->len, done = 0, all = n_sides * real->n_members * real->n_sizes;
  for (guint i = 0; i < n_sides; i++)
    for (guint m = 0; m < real->n_members; m++)
      for (guint s = 0; s < real->n_sizes; s++)
        {
          const Side *side = g_ptr_array_index (real->options->sides, i);
          RealRun *run = run_at (real, i, m, s);
          run->side = side;
          run->ordering = side->ordering;
          run->service = side->forced ? (TyetService) side->service : TYET_SERVICE_DEFAULT;
          run->members = (guint) real->members[m];
          run->size = real->sizes[s];
          run->seconds = real->options->seconds;
          run->secret = real->secret;
          g_autofree char *text = g_strdup_printf ("%u of %u: %s, %u members, %" G_GSIZE_FORMAT " bytes", ++done, all,
                                                   side->name, run->members, run->size);
          lab_progress (text);
          gboolean good = real_measure (run, error);
          if (!good || done == all)
            lab_progress (NULL);
          if (!good)
            return FALSE;
        }
  return TRUE;
}

int
compare_real (const RealOptions *options)
{
  Real real = { .options = options };
  g_autoptr (GError) error = NULL;
  if (!read_list ("--members", options->members != NULL ? options->members : "2,3,5", 2, 32, real.members,
                  &real.n_members)
      || !read_list ("--sizes", options->sizes != NULL ? options->sizes : "100,1000,10000", 1, 1 << 20, real.sizes,
                     &real.n_sizes))
    return LAB_USAGE;
  if (!(options->seconds >= 0.05 && options->seconds <= 600))
    {
      compare_wrong ("--seconds wants a number from 0.05 to 600");
      return LAB_USAGE;
    }
  guint n = options->sides->len * real.n_members * real.n_sizes;
  real.runs = g_new0 (RealRun, n);
  for (guint i = 0; i < n; i++)
    sample_init (&real.runs[i].latency);
  int status = LAB_GOOD;
  real.secret = options->plain ? NULL : tyet_secret_new ();
  if (!measure_all (&real, &error))
    status = LAB_FINDING;
  else
    {
      g_autoptr (GArray) rows = rows_of (&real);
      if (options->json)
        put_json (&real);
      else
        put_text (&real, rows);
      if ((options->html != NULL && !put_page (&real, rows, &error)))
        status = LAB_USAGE;
      if (fflush (stdout) != 0)
        {
          g_printerr ("tyet compare: standard output cannot be written\n");
          status = LAB_USAGE;
        }
    }
  if (error != NULL)
    g_printerr ("tyet compare: %s\n", error->message);
  for (guint i = 0; i < n; i++)
    sample_clear (&real.runs[i].latency);
  g_clear_pointer (&real.secret, tyet_secret_unref);
  g_free (real.runs);
  return status;
}
