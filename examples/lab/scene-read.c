/* examples/lab/scene-read.c: reads scenes: lines, the head, and when a step happens.
 *
 *   at TIME, STEP     [then,] STEP     TIME later, STEP     when CONDITION, STEP     # a remark
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-private.h"

#include <string.h>

/* ---- The head ---- */

static gboolean
is_ordering (const char *name)
{
  return ty_modules_find_ordering (&ty_modules, name) != NULL;
}

static gboolean
want_ordering (SceneReader *r, char **out)
{
  const char *word = scene_peek (r);
  if (word == NULL)
    return scene_wrong (r, r->at, "the line ends where an ordering should follow");
  if (!is_ordering (word))
    {
      g_autoptr (GString) known = g_string_new (NULL);
      const TyOrderingOps *ops;
      for (guint i = 0; (ops = ty_modules_nth_ordering (&ty_modules, i)) != NULL; i++)
        g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", ops->name);
      return scene_wrong (r, r->at, "there is no ordering \"%s\"; there are %s", word, known->str);
    }
  r->at++;
  g_free (*out);
  *out = g_strdup (word);
  return TRUE;
}

static gboolean
want_new_group (SceneReader *r)
{
  Scene *scene = r->scene;
  const char *word = scene_peek (r);
  if (word == NULL)
    return scene_wrong (r, r->at, "the line ends where the group's name should follow");
  if (!g_ascii_isalpha (word[0]) || g_str_equal (word, "view"))
    return scene_wrong (r, r->at, "\"%s\" is no name for a group", word);
  for (guint g = 0; g < scene->n_groups; g++)
    if (g_str_equal (scene->group[g], word))
      return scene_wrong (r, r->at, "there is a group \"%s\" already", word);
  if (scene->n_groups == STAGE_MAX_GROUPS)
    return scene_wrong (r, r->at, "there are at most %d groups", STAGE_MAX_GROUPS);
  guint g = scene->n_groups;
  r->at++;
  if (!want_ordering (r, &scene->ordering[g]))
    return FALSE;
  g_free (scene->group[g]);
  scene->group[g] = g_strdup (word);
  scene->n_groups++;
  return TRUE;
}

static gboolean
want_range (SceneReader *r, gint64 *low, gint64 *high)
{
  if (!scene_want_time (r, low))
    return FALSE;
  *high = *low;
  if (!scene_take (r, "to"))
    return TRUE;
  if (!scene_want_time (r, high))
    return FALSE;
  return *high >= *low || scene_wrong (r, r->at - 1, "the longer time comes second");
}

static gboolean
want_positive (SceneReader *r, gint64 *out)
{
  return scene_want_time (r, out) && (*out > 0 || scene_wrong (r, r->at - 1, "a time above zero is needed here"));
}

/* To be looked at when all is read; call before the word is taken. */
static SceneLater
later (SceneReader *r)
{
  const SceneWord *word = r->at < r->words->len ? &g_array_index (r->words, SceneWord, r->at) : NULL;
  return word != NULL ? (SceneLater){ g_strdup (word->text), r->line, word->column } : (SceneLater){ 0 };
}

static void
later_clear (gpointer data)
{
  g_clear_pointer (&((SceneLater *) data)->text, g_free);
}

static gboolean
want_heartbeat (SceneReader *r)
{
  later_clear (&r->heartbeat); /* a second line is an error, but it is read first */
  r->heartbeat = later (r);
  return want_positive (r, &r->scene->config.node.heartbeat_us);
}

static gboolean
want_weight (SceneReader *r)
{
  gint64 weight;
  g_autofree char *name = g_strdup (scene_peek (r));
  SceneLater whose = later (r);
  if (name != NULL)
    g_array_append_val (r->weights, whose);
  r->at += name != NULL;
  if (!scene_want_number (r, 0, 1000000, &weight))
    return FALSE;
  g_hash_table_insert (r->scene->weights, g_steal_pointer (&name), GUINT_TO_POINTER ((guint) weight));
  return TRUE;
}

static gboolean
want_seed (SceneReader *r)
{
  const char *word = scene_peek (r);
  if (word == NULL || !g_ascii_string_to_unsigned (word, 10, 0, G_MAXUINT64, &r->scene->seed, NULL))
    return scene_wrong (r, r->at, "a seed is a number from 0 to 18446744073709551615");
  r->at++;
  return TRUE;
}

static gboolean
want_size (SceneReader *r, gsize *out, gint64 most)
{
  gint64 n;
  if (!scene_want_number (r, 1, most, &n) || !scene_want (r, "bytes"))
    return FALSE;
  *out = (gsize) n;
  return TRUE;
}

static gboolean
want_split (SceneReader *r)
{
  gint64 n;
  if (!scene_want (r, "one") || !scene_want (r, "in") || !scene_want_number (r, 0, 1000000, &n))
    return FALSE;
  r->scene->config.net.split_one_in = (guint) n;
  return TRUE;
}

/* TRUE and `*found` if the line belongs to the head. */
static gboolean
want_head (SceneReader *r, gboolean *found)
{
  Scene *scene = r->scene;
  TySimWorldConfig *c = &scene->config;
  *found = TRUE;
  if (scene_take (r, "ordering"))
    return want_ordering (r, &scene->ordering[0]);
  if (scene_take (r, "group"))
    return want_new_group (r);
  if (scene_take (r, "processes"))
    return scene_want_new_names (r, &scene->processes);
  if (scene_take (r, "seed"))
    return want_seed (r);
  if (scene_take (r, "delays"))
    return want_range (r, &c->net.delay_min_us, &c->net.delay_max_us);
  if (scene_take (r, "turns"))
    return want_range (r, &c->turn_min_us, &c->turn_max_us);
  if (scene_take (r, "suspect"))
    return scene_want (r, "after") && want_positive (r, &c->node.suspect_after_us);
  if (scene_take (r, "heartbeat"))
    return want_heartbeat (r);
  if (scene_take (r, "lease"))
    return want_positive (r, &c->node.lease_us);
  if (scene_take (r, "messages"))
    return scene_want (r, "up") && scene_want (r, "to") && want_size (r, &c->node.max_message_bytes, 64 * 1024 * 1024);
  if (scene_take (r, "sealed"))
    {
      c->sealed = TRUE;
      return TRUE;
    }
  if (scene_take (r, "window"))
    return want_size (r, &c->node.window_bytes, 64 * 1024 * 1024);
  if (scene_take (r, "weight"))
    return want_weight (r);
  if (scene_take (r, "split"))
    return want_split (r);
  if (scene_take (r, "refusal"))
    {
      c->node.refusal_is_death = FALSE;
      return scene_want (r, "is") && scene_want (r, "no") && scene_want (r, "death");
    }
  if (scene_take (r, "state"))
    {
      scene->with_state = TRUE;
      if (!scene_want (r, "of") || !want_size (r, &scene->state_bytes, 256 * 1024 * 1024))
        return FALSE;
      return !scene_take (r, "loaded") || (scene_want (r, "within") && want_positive (r, &scene->load_us));
    }
  if (scene_take (r, "the"))
    {
      scene->returns = TRUE;
      return scene_want (r, "excluded") && scene_want (r, "return") && scene_want (r, "after")
             && want_range (r, &scene->return_min_us, &scene->return_max_us);
    }
  if (scene_take (r, "steps"))
    {
      scene->where_possible = TRUE;
      return scene_want (r, "where") && scene_want (r, "possible");
    }
  if (scene_take (r, "open"))
    {
      scene->open_end = TRUE;
      return scene_want (r, "end");
    }
  *found = FALSE;
  return TRUE;
}

/* ---- Lines ---- */

/* A second line would undo the first; of groups and weights there are several. */
static gboolean
say_once (SceneReader *r)
{
  const char *first = g_array_index (r->words, SceneWord, 0).text;
  gboolean is_group = g_str_equal (first, "group"), is_weight = g_str_equal (first, "weight");
  const char *instead = is_group ? "ordering" : g_str_equal (first, "ordering") ? "group" : NULL;
  guint line = instead != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (r->said, instead)) : 0;
  if (line > 0)
    return scene_wrong (r, 0, "\"%s\" beside the \"%s\" of line %u: a group is given its ordering with its name", first,
                        instead, line);
  g_autofree char *key
      = is_weight ? g_strdup_printf ("weight %s", g_array_index (r->words, SceneWord, 1).text) : g_strdup (first);
  line = is_group ? 0 : GPOINTER_TO_UINT (g_hash_table_lookup (r->said, key));
  if (line > 0)
    return scene_wrong (r, 0, "line %u says this already: \"%s\"", line, key);
  g_hash_table_insert (r->said, g_steal_pointer (&key), GUINT_TO_POINTER (r->line));
  return TRUE;
}

/* What only the whole scene can show to be wrong. */
static gboolean
check_head (SceneReader *r)
{
  const TyNodeConfig *times = &r->scene->config.node;
  gint64 most = times->suspect_after_us / SCENE_HEARTBEATS;
  if (r->heartbeat.line > 0 && times->heartbeat_us > most)
    {
      g_autofree char *suspect = scene_time_to_string (times->suspect_after_us);
      g_autofree char *text
          = g_strdup_printf ("a heartbeat of %s is too slow where silence is suspect after %s: a third of that at most",
                             r->heartbeat.text, suspect);
      return scene_wrong_at (r, r->heartbeat.line, r->heartbeat.column, text);
    }
  for (guint i = 0; i < r->weights->len; i++)
    {
      const SceneLater *whose = &g_array_index (r->weights, SceneLater, i);
      if (g_hash_table_contains (r->known_processes, whose->text))
        continue;
      g_autofree char *text = g_strdup_printf ("there is no process \"%s\" in this scene", whose->text);
      return scene_wrong_at (r, whose->line, whose->column, text);
    }
  return TRUE;
}

/* Without a group, there is one, called "g". */
static void
end_head (SceneReader *r)
{
  Scene *scene = r->scene;
  if (r->begun)
    return;
  r->begun = TRUE;
  if (scene->n_groups == 0)
    {
      scene->group[0] = g_strdup ("g");
      if (scene->ordering[0] == NULL)
        scene->ordering[0] = g_strdup ("total");
      scene->n_groups = 1;
    }
}

static gboolean
want_when (SceneReader *r, SceneStep *step)
{
  const char *second = r->at + 1 < r->words->len ? g_array_index (r->words, SceneWord, r->at + 1).text : NULL;
  if (scene_take (r, "at"))
    {
      guint index = r->at;
      step->when_kind = WHEN_AT;
      if (!scene_want_time (r, &step->when_us))
        return FALSE;
      if (step->when_us < r->last_at_us)
        return scene_wrong (r, index, "time goes back: an earlier line is at %" G_GINT64_FORMAT "us", r->last_at_us);
      r->last_at_us = step->when_us;
      scene_take (r, ",");
    }
  else if (scene_take (r, "when"))
    {
      step->when_kind = WHEN_COND;
      step->when = scene_cond_new (COND_LEGAL);
      return scene_want_cond (r, step->when) && scene_want (r, ",");
    }
  else if (scene_take (r, "then"))
    scene_take (r, ",");
  else if (second != NULL && g_str_equal (second, "later"))
    {
      step->when_kind = WHEN_LATER;
      if (!scene_want_time (r, &step->when_us))
        return FALSE;
      r->at++;
      scene_take (r, ",");
    }
  return TRUE;
}

static gboolean
read_words (SceneReader *r)
{
  gboolean head;
  if (!want_head (r, &head))
    return FALSE;
  if (head && r->begun)
    return scene_wrong (r, 0, "this belongs to the head, before the first step");
  if (head)
    return scene_want_end (r) && say_once (r);
  end_head (r);
  g_autoptr (SceneStep) step = scene_step_new (DO_START);
  step->line = r->line;
  step->column = g_array_index (r->words, SceneWord, 0).column;
  if (!want_when (r, step) || !scene_want_step (r, step))
    return FALSE;
  if (step->when_kind == WHEN_COND
      && (step->what == DO_WAIT || step->what == DO_SETTLE || (step->what == DO_EXPECT && step->within_us >= 0)))
    return scene_wrong (r, 0, "what happens as soon as something holds cannot wait");
  g_ptr_array_add (r->scene->steps, g_steal_pointer (&step));
  return TRUE;
}

static void
clear_words (GArray *words)
{
  for (guint i = 0; i < words->len; i++)
    g_free (g_array_index (words, SceneWord, i).text);
  g_array_set_size (words, 0);
}

/* Words are parted by blanks; a comma is a word. */
static void
split_words (GArray *words, const char *line)
{
  const char *at = line;
  while (*at != '\0' && *at != '#')
    {
      if (*at == ' ' || *at == '\t' || *at == '\r')
        {
          at++;
          continue;
        }
      const char *end = at + 1;
      if (*at != ',')
        end = at + strcspn (at, " \t\r,#");
      SceneWord word = { g_strndup (at, (gsize) (end - at)), (guint) g_utf8_strlen (line, at - line) + 1 };
      g_array_append_val (words, word);
      at = end;
    }
}

Scene *
scene_read (const char *name, const char *text, GError **error)
{
  g_autoptr (Scene) scene = scene_new ();
  g_auto (GStrv) lines = NULL;
  SceneReader r = { .name = name, .scene = scene, .error = error };
  const char *bad;
  scene->title = g_path_get_basename (name);
  if (!g_utf8_validate (text, -1, &bad))
    {
      guint line = 1;
      for (const char *c = text; c < bad; c++)
        line += *c == '\n';
      g_set_error (error, SCENE_ERROR, 0, "%s:%u: this is not UTF-8 text", name, line);
      return NULL;
    }
  lines = g_strsplit (text, "\n", -1);
  r.known_processes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  r.known_messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  r.said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  r.weights = g_array_new (FALSE, TRUE, sizeof (SceneLater));
  g_array_set_clear_func (r.weights, later_clear);
  r.words = g_array_new (FALSE, TRUE, sizeof (SceneWord));
  gboolean good = TRUE;
  for (guint i = 0; good && lines[i] != NULL; i++)
    {
      r.line = i + 1;
      r.at = 0;
      clear_words (r.words);
      split_words (r.words, lines[i]);
      good = r.words->len == 0 || read_words (&r);
    }
  clear_words (r.words);
  end_head (&r);
  if (good && scene->processes == NULL && scene->steps->len == 0)
    {
      r.line = MAX (r.line, 1);
      good = scene_wrong (&r, 0, "there is no step in this scene");
    }
  good = good && check_head (&r);
  later_clear (&r.heartbeat);
  g_array_unref (r.weights);
  g_array_unref (r.words);
  g_hash_table_unref (r.said);
  g_hash_table_unref (r.known_processes);
  g_hash_table_unref (r.known_messages);
  return good ? g_steal_pointer (&scene) : NULL;
}

Scene *
scene_read_file (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize len;
  if (g_str_equal (path, "-"))
    path = "/dev/stdin";
  if (!g_file_get_contents (path, &text, &len, error))
    return NULL;
  if (strlen (text) != len)
    {
      g_set_error (error, SCENE_ERROR, 0, "%s: this is not a text", path);
      return NULL;
    }
  return scene_read (path, text, error);
}
