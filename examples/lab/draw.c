/* examples/lab/draw.c: `tyet draw`: the diagram of a recorded run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"
#include "export.h"
#include "lab.h"
#include "page.h"
#include "save.h"
#include "svg.h"
#include "timeline.h"

#include <stdio.h>

#define EXTENDED_HINT                                                                                                  \
  "There are transitional views in it, which the primary model does not have: --model extended judges them."

typedef struct
{
  char **files;
  GPtrArray *contents; /* GBytes, of each */
  char *svg, *html, *shiviz, *model;
  gboolean open_end;
} Draw;

static gboolean
parse (Draw *draw, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "svg", 0, 0, G_OPTION_ARG_FILENAME, &draw->svg, "Write the diagram there", "FILE" },
    { "html", 0, 0, G_OPTION_ARG_FILENAME, &draw->html, "Write a page there that shows it step by step", "FILE" },
    { "shiviz", 0, 0, G_OPTION_ARG_FILENAME, &draw->shiviz, "Write a log for ShiViz there", "FILE" },
    { "model", 'm', 0, G_OPTION_ARG_STRING, &draw->model,
      "What it is judged by: primary (unless said: one part of a group at most goes on) or extended (every part does)",
      "MODEL" },
    { "open-end", 0, 0, G_OPTION_ARG_NONE, &draw->open_end, "The run was cut off: nothing is owed at its end", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &draw->files, NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("HISTORY...");
  g_option_context_set_summary (context, "Draws the run that these histories record, and judges it.");
  g_option_context_set_description (
      context, "HISTORY is what tyet cat, tyet run and the library record (doc/history-format.md).\n"
               "Without --svg, --html and --shiviz, the timeline is printed.\n"
               "Exit status: 0 drawn and legal, 1 drawn and not legal, 2 bad usage or unreadable input.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (draw->model != NULL && !g_str_equal (draw->model, "primary") && !g_str_equal (draw->model, "extended"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "There is no model \"%s\"; there are primary, extended", draw->model);
      return FALSE;
    }
  if (draw->files != NULL)
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "No history is named");
  return FALSE;
}

/* A verdict is worth as much as the promises by which it was found. */
static void
note_model (Film *film, const Draw *draw)
{
  gboolean extended = g_strcmp0 (draw->model, "extended") == 0;
  film->model = extended ? "extended" : "primary";
  g_autofree char *note = g_steal_pointer (&film->note);
  film->note = g_strdup_printf ("%s Judged by the %s model: %s.%s", note, extended ? "extended" : "primary",
                                extended ? "every part of a group goes on" : "one part of a group at most goes on",
                                !extended && film_has_transitional (film) ? " " EXTENDED_HINT : "");
  if (!extended && draw->model == NULL && film_has_transitional (film))
    g_printerr ("%s: %s\n", g_get_prgname (), EXTENDED_HINT);
}

/* Once: what comes from a pipe is there once. */
static gboolean
read_files (const Draw *draw, GError **error)
{
  for (char **file = draw->files; *file != NULL; file++)
    {
      char *data = NULL;
      gsize len;
      g_autoptr (GMappedFile) mapped = NULL;
      if (g_file_test (*file, G_FILE_TEST_IS_REGULAR))
        mapped = g_mapped_file_new (*file, FALSE, error);
      else if (!g_file_get_contents (*file, &data, &len, error))
        return FALSE;
      if (data == NULL && mapped == NULL)
        return FALSE;
      g_ptr_array_add (draw->contents,
                       mapped != NULL ? g_mapped_file_get_bytes (mapped) : g_bytes_new_take (data, len));
    }
  return TRUE;
}

static gboolean
judge (Film *film, const Draw *draw, GError **error)
{
  gboolean extended = g_strcmp0 (draw->model, "extended") == 0;
  const TyJudgeOptions options
      = { .model = extended ? TY_JUDGE_EXTENDED : TY_JUDGE_PRIMARY, .open_end = draw->open_end };
  g_autoptr (TyJudge) of = ty_judge_new (&options, error);
  for (guint i = 0; of != NULL && i < draw->contents->len; i++)
    {
      gsize len;
      const char *data = g_bytes_get_data (draw->contents->pdata[i], &len);
      if (!ty_judge_read (of, draw->files[i], data, len, error))
        return FALSE;
    }
  if (of == NULL)
    return FALSE;
  g_autoptr (TyJudgeReport) report = ty_judge_report (of);
  film_add_report (film, report);
  check_say_what_is_meant (draw->files, report);
  note_model (film, draw);
  return TRUE;
}

static gboolean
print_timeline (const Film *film, GError **error)
{
  TimelineOptions options;
  timeline_options_init (&options);
  g_autofree char *text = timeline_of_film (film, &options);
  if (printf ("%s\n%s\n%s\n", text, film->note, film->verdict) >= 0 && fflush (stdout) == 0)
    return TRUE;
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, "Standard output cannot be written");
  return FALSE;
}

static int
run (const Draw *draw, GError **error)
{
  const char *files[] = { draw->svg, draw->html, draw->shiviz };
  g_autoptr (Film) film = NULL;
  if (!save_check_beside (files, G_N_ELEMENTS (files), (const char *const *) draw->files, error)
      || !read_files (draw, error)
      || (film = film_of_histories (draw->files, (GBytes *const *) draw->contents->pdata, error)) == NULL
      || !judge (film, draw, error))
    return LAB_USAGE;
  const Film *films[] = { film };
  if ((draw->svg != NULL && !svg_write (draw->svg, films, 1, NULL, error))
      || (draw->html != NULL && !page_write (draw->html, films, 1, NULL, error))
      || (draw->shiviz != NULL && !shiviz_write (draw->shiviz, film, error))
      || (draw->svg == NULL && draw->html == NULL && draw->shiviz == NULL && !print_timeline (film, error)))
    return LAB_USAGE;
  /* The timeline has the verdict in it; whoever only wanted files is told of a bad one. */
  if (!film->legal && (draw->svg != NULL || draw->html != NULL || draw->shiviz != NULL))
    g_printerr ("%s\n", film->verdict);
  return film->legal ? LAB_GOOD : LAB_FINDING;
}

int
lab_draw (int argc, char **argv)
{
  Draw draw = { .contents = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref) };
  int status = LAB_USAGE;
  g_autoptr (GError) error = NULL;
  if (!parse (&draw, &argc, &argv, &error))
    g_printerr ("%s: %s\nTry --help.\n", g_get_prgname (), error->message);
  else
    {
      status = run (&draw, &error);
      if (error != NULL)
        g_printerr ("%s: %s\n", g_get_prgname (), error->message);
    }
  g_strfreev (draw.files);
  g_ptr_array_unref (draw.contents);
  g_free (draw.svg);
  g_free (draw.html);
  g_free (draw.shiviz);
  g_free (draw.model);
  return status;
}
