/* examples/lab/compare.c: `tyet compare SCENE`: the same scene under several orderings.
 *
 * Every side plays the same scene with the same seed: the same sends, faults and delays. What the network draws is the
 * same too, but falls on other packets once an ordering has sent one that another has not; a scene with one fixed
 * delay, or many seeds, make up for that.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include "core/modules.h"
#include "film-play.h"
#include "lab.h"
#include "out.h"
#include "save.h"
#include "svg.h"
#include "timeline.h"

#include <stdio.h>
#include <string.h>

#define MAX_SEEDS 100000
#define UNSET (-G_MAXDOUBLE)
#define MAX_SIDES G_N_ELEMENTS (((CompareRow *) NULL)->cells)

static char *option_orderings, *option_html, *option_svg, *option_sizes, *option_members;
static gint64 option_seeds = 1;
static double option_seconds = UNSET;
static gboolean option_control, option_json, option_real, option_plain;

static const GOptionEntry entries[] = {
  { "orderings", 0, 0, G_OPTION_ARG_STRING, &option_orderings,
    "Under these, with commas; ORDERING/SERVICE: all messages with that service. All orderings, and total/safe",
    "LIST" },
  { "seeds", 0, 0, G_OPTION_ARG_INT64, &option_seeds, "With so many seeds, from that of the scene on (1)", "N" },
  { "html", 0, 0, G_OPTION_ARG_FILENAME, &option_html, "Write a page there: table, words, plots, diagrams", "FILE" },
  { "svg", 0, 0, G_OPTION_ARG_FILENAME, &option_svg, "Draw the diagrams there, one above another on one clock",
    "FILE" },
  { "control", 0, 0, G_OPTION_ARG_NONE, &option_control, "Control packets too, in diagrams and page", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "Print one JSON object", NULL },
  { "real", 0, 0, G_OPTION_ARG_NONE, &option_real,
    "No scene: measures real processes on this machine, by group and message size", NULL },
  { "members", 0, 0, G_OPTION_ARG_STRING, &option_members, "With --real: sizes of groups (2,3,5)", "LIST" },
  { "sizes", 0, 0, G_OPTION_ARG_STRING, &option_sizes, "With --real: bytes in a message (100,1000,10000)", "LIST" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &option_seconds, "With --real: how long each measurement takes (0.5)", "S" },
  { "plain", 0, 0, G_OPTION_ARG_NONE, &option_plain, "With --real: channels in clear text, instead of sealed ones",
    NULL },
  { NULL },
};

/* ---- What is asked for ---- */

gboolean
compare_wrong (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  lab_bad_usage ("%s", text);
  return FALSE;
}

static char *
known_orderings (const char *between)
{
  g_autoptr (GString) known = g_string_new (NULL);
  const TyOrderingOps *ops;
  for (guint i = 0; (ops = ty_modules_nth_ordering (&ty_modules, i)) != NULL; i++)
    g_string_append_printf (known, "%s%s", i > 0 ? between : "", ops->name);
  return g_string_free (g_steal_pointer (&known), FALSE);
}

static Side *
side_new (const char *name)
{
  Side *side = g_new0 (Side, 1);
  side->name = g_strdup (name);
  sample_init (&side->latency);
  sample_init (&side->own);
  sample_init (&side->held);
  sample_init (&side->still);
  sample_init (&side->causal);
  sample_init (&side->order);
  return side;
}

/* "total", "total/safe" */
static gboolean
read_side (Side *side)
{
  g_auto (GStrv) parts = g_strsplit (side->name, "/", 2);
  const TyOrderingOps *ops = ty_modules_find_ordering (&ty_modules, parts[0]);
  if (ops == NULL)
    {
      g_autofree char *known = known_orderings (", ");
      return compare_wrong ("there is no ordering \"%s\"; there are %s", parts[0], known);
    }
  side->ordering = g_strdup (parts[0]);
  side->promise = ops->standard;
  if (parts[1] == NULL)
    return TRUE;
  for (TyService s = TY_SERVICE_FIFO; s <= TY_SERVICE_SAFE; s++)
    if (g_str_equal (film_service_name (s), parts[1]))
      {
        if (s > ops->strongest)
          return compare_wrong ("%s does not offer the service %s; %s at most", ops->name, parts[1],
                                film_service_name (ops->strongest));
        side->forced = TRUE;
        side->service = side->promise = s;
        return TRUE;
      }
  return compare_wrong ("there is no service \"%s\"; there are fifo, causal, agreed, safe", parts[1]);
}

static gboolean
read_sides (Comparison *c)
{
  g_autofree char *all = known_orderings (",");
  g_autofree char *standard = g_strdup_printf ("%s,total/safe", all);
  g_auto (GStrv) names = g_strsplit (option_orderings != NULL ? option_orderings : standard, ",", -1);
  if (g_strv_length (names) > MAX_SIDES)
    return compare_wrong ("--orderings: %u at most", (guint) MAX_SIDES);
  for (guint i = 0; names[i] != NULL; i++)
    {
      for (guint k = 0; k < i; k++)
        if (g_str_equal (names[i], names[k]))
          return compare_wrong ("--orderings: \"%s\" stands there twice", names[i]);
      if (names[i][0] == '\0')
        return compare_wrong ("--orderings: there is none before or after a comma in \"%s\"", option_orderings);
      Side *side = side_new (names[i]);
      g_ptr_array_add (c->sides, side);
      if (!read_side (side))
        return FALSE;
    }
  return c->sides->len > 0 || compare_wrong ("--orderings: there is none");
}

/* ---- Playing ---- */

/* What a message asks for is given as far as the ordering goes. Under its own ordering the scene is played as it is
 * written: a message that this does not take is refused, and the scene may expect that. */
static Scene *
scene_under (const Scene *scene, const Side *side, guint64 seed)
{
  Scene *copy = scene_copy (scene);
  const TyOrderingOps *ops = ty_modules_find_ordering (&ty_modules, side->ordering);
  copy->seed = seed;
  for (guint g = 0; g < copy->n_groups; g++)
    {
      g_free (copy->ordering[g]);
      copy->ordering[g] = g_strdup (side->ordering);
    }
  for (guint i = 0; i < copy->steps->len; i++)
    {
      SceneStep *step = g_ptr_array_index (copy->steps, i);
      if (step->what != DO_SEND)
        continue;
      if (side->forced)
        {
          step->has_service = TRUE;
          step->service = side->service;
        }
      if (step->has_service && !side->is_own)
        step->service = MIN (step->service, ops->strongest);
    }
  return copy;
}

static void
note_results (Side *side, const Play *play, guint64 seed)
{
  for (guint i = 0; i < play->results->len; i++)
    {
      const PlayResult *result = &g_array_index (play->results, PlayResult, i);
      side->n_expected++;
      side->n_kept += result->holds;
      if (result->holds || side->missed != NULL)
        continue;
      g_autofree char *text = scene_step_to_string (result->step, play->scene, FALSE);
      side->missed = g_strdup (g_str_has_prefix (text, "expect ") ? text + strlen ("expect ") : text);
    }
  if (play->report->legal)
    return;
  side->n_illegal++;
  if (side->finding == NULL)
    {
      g_autofree char *text = ty_judge_report_to_string (play->report);
      text[strcspn (text, "\n")] = '\0';
      side->finding = g_strdup_printf ("seed %" G_GUINT64_FORMAT ": %s", seed, text);
    }
}

static void
play_side (Side *side, const Scene *scene, guint64 seed)
{
  g_autoptr (Scene) under = scene_under (scene, side, seed);
  g_autoptr (Play) play = play_new (under, NULL, NULL);
  play->stage->traffic_same = TRUE;
  play->stage->traffic_service = side->promise;
  Filming *filming = filming_new (play);
  play_steps (play);
  play_end (play);
  Film *film = filming_end (filming);
  for (guint i = 0; i < film->findings->len && !side->is_own; i++)
    {
      FilmFinding *finding = &g_array_index (film->findings, FilmFinding, i);
      if (finding->kind == FILM_FINDING_EXPECTED)
        finding->kind = FILM_FINDING_DIFFERS;
    }
  compare_measure (side, film, seed);
  note_results (side, play, seed);
  if (side->film == NULL)
    side->film = film;
  else
    film_free (film);
}

/* ---- Writing ---- */

static gboolean
write_svg (const Comparison *c, GError **error)
{
  g_autofree const Film **films = g_new (const Film *, c->sides->len);
  g_autofree const char **captions = g_new0 (const char *, c->sides->len + 1);
  for (guint i = 0; i < c->sides->len; i++)
    {
      films[i] = compare_side (c, i)->film;
      captions[i] = compare_side (c, i)->name;
    }
  SvgOptions options = { .title = c->title, .captions = captions, .control = option_control };
  return svg_write (option_svg, films, c->sides->len, &options, error);
}

static gboolean
write_all (const Comparison *c, GError **error)
{
  TimelineOptions options;
  timeline_options_init (&options);
  g_autofree char *text = option_json ? compare_to_json (c) : compare_to_text (c, options.width);
  if (option_svg != NULL && !write_svg (c, error))
    return FALSE;
  if (option_html != NULL)
    {
      g_autofree char *page = compare_to_page (c, option_control);
      if (!save_text (option_html, page, -1, error))
        return FALSE;
    }
  fputs (text, stdout);
  if (fflush (stdout) == 0)
    return TRUE;
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_IO, "Standard output cannot be written");
  return FALSE;
}

static int
fail (const GError *error)
{
  g_printerr ("%s: %s\n", g_get_prgname (), error->message);
  return LAB_USAGE;
}

/* Whatever a scene expects, it expects of the ordering that it is written for. */
static void
find_own (Comparison *c, const Scene *scene)
{
  gboolean one = TRUE;
  for (guint g = 1; g < scene->n_groups; g++)
    one = one && g_str_equal (scene->ordering[g], scene->ordering[0]);
  c->own = one ? scene->ordering[0] : "the orderings of its groups";
  for (guint i = 0; i < c->sides->len; i++)
    {
      Side *side = compare_side (c, i);
      side->is_own = one && !side->forced && g_str_equal (side->ordering, scene->ordering[0]);
    }
}

/* An expectation that does not hold where it should, in the scene as it is written. */
static gboolean
is_as_expected (const Side *side)
{
  for (guint i = 0; side->is_own && i < side->film->findings->len; i++)
    if (g_array_index (side->film->findings, FilmFinding, i).kind == FILM_FINDING_EXPECTED)
      return FALSE;
  return TRUE;
}

static int
compare_scene (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Scene) scene = NULL;
  const char *files[] = { option_html, option_svg };
  if (!save_check_beside (files, G_N_ELEMENTS (files), (const char *[]){ path, NULL }, &error)
      || (scene = scene_read_file (path, &error)) == NULL)
    return fail (error);
  g_autoptr (GPtrArray) sides = g_ptr_array_new_with_free_func ((GDestroyNotify) side_free);
  Comparison c = { .title = scene->title, .seed = scene->seed, .n_seeds = (guint) option_seeds, .sides = sides };
  if (!read_sides (&c))
    return LAB_USAGE;
  find_own (&c, scene);
  gboolean good = TRUE;
  for (guint i = 0; i < sides->len; i++)
    for (guint k = 0; k < c.n_seeds; k++)
      {
        g_autofree char *text = g_strdup_printf ("%u of %u runs: %s, seed %" G_GUINT64_FORMAT, i * c.n_seeds + k + 1,
                                                 sides->len * c.n_seeds, compare_side (&c, i)->name, scene->seed + k);
        lab_progress (text);
        play_side (compare_side (&c, i), scene, scene->seed + k);
      }
  lab_progress (NULL);
  for (guint i = 0; i < sides->len; i++)
    good = good && compare_side (&c, i)->n_illegal == 0 && is_as_expected (compare_side (&c, i));
  if (!write_all (&c, &error))
    return fail (error);
  return good ? LAB_GOOD : LAB_FINDING;
}

static int
measure_real (void)
{
  g_autoptr (GPtrArray) sides = g_ptr_array_new_with_free_func ((GDestroyNotify) side_free);
  Comparison c = { .sides = sides };
  RealOptions options = { sides,        option_members, option_sizes, option_seconds == UNSET ? 0.5 : option_seconds,
                          option_plain, option_html,    option_json };
  g_autoptr (GError) error = NULL;
  if (!read_sides (&c))
    return LAB_USAGE;
  return save_check ((const char *const *) &option_html, 1, &error) ? compare_real (&options) : fail (error);
}

int
lab_compare (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("SCENE");
  g_autoptr (GError) error = NULL;
  g_option_context_set_summary (context,
                                "Plays the same scene under several orderings, and says what the difference is.");
  g_option_context_set_description (
      context, "A message that asks for more than an ordering offers gets what it offers; under the scene's own\n"
               "ordering it is refused, as by tyet run.\n"
               "What the scene expects is expected of its own ordering; under another it may differ.\n"
               "Exit status: 0 every run is legal, and the scene as it should be under its own ordering; 1 not;\n"
               "2 bad usage, an unreadable scene or an unwritable file.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    compare_wrong ("%s", error->message);
  else if (argc != (option_real ? 1 : 2))
    compare_wrong ("%s", option_real ? "--real takes no scene"
                         : argc < 2  ? "no scene is named"
                                     : "one scene at a time");
  else if (option_real && (option_control || option_svg != NULL || option_seeds != 1))
    compare_wrong ("--real goes with --orderings, --members, --sizes, --seconds, --plain, --html and --json only");
  else if (!option_real && (option_members != NULL || option_sizes != NULL || option_seconds != UNSET || option_plain))
    compare_wrong ("--members, --sizes, --seconds and --plain go with --real only");
  else if (option_seeds < 1 || option_seeds > MAX_SEEDS)
    compare_wrong ("--seeds wants a number from 1 to %d", MAX_SEEDS);
  else
    return option_real ? measure_real () : compare_scene (argv[1]);
  return LAB_USAGE;
}
