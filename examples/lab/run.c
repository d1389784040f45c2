/* examples/lab/run.c: `tyet run SCENE`: plays a scene in the simulator.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"
#include "film-play.h"
#include "page.h"
#include "out.h"
#include "run-report.h"
#include "save.h"
#include "svg.h"

#include <stdio.h>

static char *option_history, *option_write, *option_svg, *option_html, *option_shiviz, *option_pcap;
static gboolean option_control, option_json, option_by_process, option_trace, option_check;

static const GOptionEntry entries[] = {
  { "history", 0, 0, G_OPTION_ARG_FILENAME, &option_history, "Write the history of all processes there", "FILE" },
  { "svg", 0, 0, G_OPTION_ARG_FILENAME, &option_svg, "Write the diagram there", "FILE" },
  { "html", 0, 0, G_OPTION_ARG_FILENAME, &option_html, "Write a page there that shows it step by step", "FILE" },
  { "shiviz", 0, 0, G_OPTION_ARG_FILENAME, &option_shiviz, "Write a log for ShiViz there", "FILE" },
  { "pcap", 0, 0, G_OPTION_ARG_FILENAME, &option_pcap, "Write the packets there, for Wireshark (doc/exports.md)",
    "FILE" },
  { "control", 0, 0, G_OPTION_ARG_NONE, &option_control, "Control packets too, in diagram and page", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "Print one JSON object", NULL },
  { "by-process", 0, 0, G_OPTION_ARG_NONE, &option_by_process,
    "Print what each process was told, in its order, without times", NULL },
  { "trace", 0, 0, G_OPTION_ARG_NONE, &option_trace, "Print every packet and event, on standard error", NULL },
  { "check", 0, 0, G_OPTION_ARG_NONE, &option_check, "Only read the scene, and say what is wrong with it", NULL },
  { "write", 0, 0, G_OPTION_ARG_FILENAME, &option_write, "Write the scene there as it was understood", "FILE" },
  { NULL },
};

static Scene *
read_scene (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("SCENE");
  g_autoptr (GError) error = NULL;
  g_option_context_set_summary (context, "Plays a scene in the simulator, and judges what happened.");
  g_option_context_set_description (
      context,
      "SCENE is a file, described in doc/scenes.md.\n"
      "Exit status: 0 all expectations hold and the run is legal, 1 not, 2 bad usage, an unreadable scene or an "
      "unwritable file.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  gboolean parsed = g_option_context_parse (context, &argc, &argv, &error);
  const char *files[] = { option_history, option_write, option_svg, option_html, option_shiviz, option_pcap };
  if (!parsed)
    lab_bad_usage ("%s", error->message);
  else if (option_json && option_by_process)
    lab_bad_usage ("--json and --by-process exclude each other");
  else if (argc != 2)
    lab_bad_usage (argc < 2 ? "no scene is named" : "one scene at a time");
  else if (!save_check_beside (files, G_N_ELEMENTS (files), (const char *[]){ argv[1], NULL }, &error))
    g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  else
    {
      Scene *scene = scene_read_file (argv[1], &error);
      if (scene == NULL)
        g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return scene;
    }
  return NULL;
}

static gboolean
save_as_understood (const Scene *scene)
{
  g_autofree char *text = scene_to_string (scene);
  g_autoptr (GError) error = NULL;
  if (option_write == NULL || save_text (option_write, text, -1, &error))
    return TRUE;
  g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  return FALSE;
}

int
lab_run (int argc, char **argv)
{
  g_autoptr (Scene) scene = read_scene (argc, argv);
  if (scene == NULL || !save_as_understood (scene))
    return LAB_USAGE;
  if (option_check)
    return LAB_GOOD;
  if (option_trace)
    g_setenv ("TYET_SIM_TRACE", "1", TRUE);
  g_autoptr (RunReport) report
      = run_report_new (option_json ? RUN_JSON : (option_by_process ? RUN_BY_PROCESS : RUN_TIMELINE));
  g_autoptr (Play) play = play_new (scene, run_report_told, report);
  g_autoptr (Capture) capture = capture_new ();
  Filming *filming = filming_new (play);
  filming_set_capture (filming, option_pcap != NULL ? capture : NULL);
  play_steps (play);
  play_end (play);
  g_autoptr (Film) film = filming_end (filming);
  g_autofree char *text = run_report_to_string (report, play, film);
  g_autoptr (GError) error = NULL;
  fputs (text, stdout);
  if (fflush (stdout) != 0)
    {
      g_printerr ("%s: standard output cannot be written\n", g_get_prgname ());
      return LAB_USAGE;
    }
  g_autofree char *history = option_history != NULL ? ty_sim_histories (play->world) : NULL;
  const Film *films[] = { film };
  const SvgOptions drawing = { .control = option_control };
  const PageOptions page = { .control = option_control };
  if ((history != NULL && !save_text (option_history, history, -1, &error))
      || (option_svg != NULL && !svg_write (option_svg, films, 1, &drawing, &error))
      || (option_html != NULL && !page_write (option_html, films, 1, &page, &error))
      || (option_shiviz != NULL && !shiviz_write (option_shiviz, film, &error))
      || (option_pcap != NULL && !capture_write (option_pcap, capture, &error)))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return LAB_USAGE;
    }
  return play_is_good (play) ? LAB_GOOD : LAB_FINDING;
}
