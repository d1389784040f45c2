/* examples/lab/scene-words.c: the words of a line: names, numbers, times, and what is wrong with them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-private.h"

#include <errno.h>
#include <string.h>

#define NAME_LETTERS 40

/* Words that a name cannot be. */
static const char *const kept[]
    = { "after", "all", "and", "are", "as", "at", "before", "break", "by", "calm", "choke", "clock", "continue",
        "crash", "cut", "delay", "delays", "every", "expect", "for", "found", "founds", "from", "group", "has", "have",
        "heal", "heartbeat", "hold", "in", "is", "join", "joins", "lack", "lacks", "later", "lease", "leave",
        "leaves", "legal", "live", "lose", "message", "messages", "noise", "not", "of", "open", "order", "ordering",
        "processes", "refusal", "refused", "restart", "same", "sealed", "seed", "send", "sends", "sent", "settle",
        "settled", "slow", "split", "start", "state", "steps", "stop", "stops", "suspect", "the", "then", "through",
        "to", "towards", "traffic", "turns", "unplug", "until", "view", "wait", "was", "weight", "were", "when",
        "window", "with", "within" };

gboolean
scene_wrong (SceneReader *r, guint index, const char *format, ...)
{
  guint column = 1;
  if (index < r->words->len)
    column = g_array_index (r->words, SceneWord, index).column;
  else if (r->words->len > 0)
    {
      const SceneWord *last = &g_array_index (r->words, SceneWord, r->words->len - 1);
      column = last->column + (guint) g_utf8_strlen (last->text, -1);
    }
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  return scene_wrong_at (r, r->line, column, text);
}

gboolean
scene_wrong_at (SceneReader *r, guint line, guint column, const char *text)
{
  g_set_error (r->error, SCENE_ERROR, 0, "%s:%u:%u: %s", r->name, line, column, text);
  return FALSE;
}

const char *
scene_peek (SceneReader *r)
{
  return r->at < r->words->len ? g_array_index (r->words, SceneWord, r->at).text : NULL;
}

gboolean
scene_take (SceneReader *r, const char *word)
{
  const char *next = scene_peek (r);
  if (next == NULL || !g_str_equal (next, word))
    return FALSE;
  r->at++;
  return TRUE;
}

gboolean
scene_want (SceneReader *r, const char *word)
{
  if (scene_take (r, word))
    return TRUE;
  const char *next = scene_peek (r);
  if (next == NULL)
    return scene_wrong (r, r->at, "the line ends where \"%s\" should follow", word);
  return scene_wrong (r, r->at, "\"%s\" where \"%s\" should be", next, word);
}

/* ---- Names, and the end ---- */

static gboolean
is_kept (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (g_str_equal (kept[i], word))
      return TRUE;
  return FALSE;
}

/* Why this cannot be a name, to be said behind a sentence: NULL if it can. */
static const char *
trouble_with_name (const char *word)
{
  gboolean plain = g_ascii_isalpha (word[0]);
  for (const char *c = word; *c != '\0'; c++)
    plain = plain && (g_ascii_isalnum (*c) || *c == '.' || *c == '-' || *c == '_');
  if (!plain)
    return "; a name is letters from a to z, digits, \".\", \"-\" and \"_\", and begins with a letter";
  if (strlen (word) > NAME_LETTERS)
    return "; a name has " G_STRINGIFY (NAME_LETTERS) " letters at most";
  return is_kept (word) ? "; that is a word of scenes, and cannot be a name" : NULL;
}

static gboolean
is_name (const char *word)
{
  return trouble_with_name (word) == NULL;
}

gboolean
scene_want_end (SceneReader *r)
{
  const char *next = scene_peek (r);
  if (next == NULL)
    return TRUE;
  const char *trouble = is_kept (next) ? NULL : trouble_with_name (next);
  return scene_wrong (r, r->at, "\"%s\" is too much here%s", next, trouble != NULL ? trouble : "");
}

gboolean
scene_want_time (SceneReader *r, gint64 *out_us)
{
  static const struct
  {
    const char *unit;
    double us;
  } units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };
  const char *word = scene_peek (r);
  if (word == NULL)
    return scene_wrong (r, r->at, "a time is missing, such as 20ms");
  char *end;
  double value = g_ascii_strtod (word, &end);
  for (gsize i = 0; end != word && g_ascii_isdigit (word[0]) && i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (end, units[i].unit))
      {
        if (value * units[i].us > 3600e6)
          return scene_wrong (r, r->at, "%s is longer than an hour", word);
        *out_us = (gint64) (value * units[i].us + 0.5);
        r->at++;
        return TRUE;
      }
  return scene_wrong (r, r->at, "\"%s\" is no time, such as 20ms, 300us or 2s", word);
}

gboolean
scene_want_number (SceneReader *r, gint64 low, gint64 high, gint64 *out)
{
  const char *word = scene_peek (r);
  g_autoptr (GError) error = NULL;
  if (word == NULL)
    return scene_wrong (r, r->at, "a number is missing");
  if (!g_ascii_string_to_signed (word[0] == '+' ? word + 1 : word, 10, low, high, out, &error))
    return scene_wrong (r, r->at, "\"%s\" is no number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, word, low,
                        high);
  r->at++;
  return TRUE;
}

gboolean
scene_want_bytes (SceneReader *r, gint64 *out)
{
  return scene_want_number (r, 1, 4 * 1024 * 1024, out) && scene_want (r, "bytes");
}

/* ---- Lists of names ---- */

typedef gboolean (*CheckName) (SceneReader *r, const char *name);

/* Names up to the first word that is none; "and" may stand between them. */
static gboolean
want_list (SceneReader *r, const char *what, CheckName check, char ***out)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  guint n = 0;
  for (const char *word = scene_peek (r); word != NULL && (is_name (word) || g_str_equal (word, "and"));
       word = scene_peek (r))
    {
      if (g_str_equal (word, "and") && n > 0)
        {
          r->at++;
          continue;
        }
      if (!is_name (word))
        break;
      if (!check (r, word))
        return FALSE;
      g_strv_builder_add (names, word);
      n++;
      r->at++;
    }
  if (n == 0)
    {
      const char *word = scene_peek (r);
      if (word == NULL)
        return scene_wrong (r, r->at, "the line ends where %s should follow", what);
      const char *trouble = trouble_with_name (word);
      return scene_wrong (r, r->at, "\"%s\" where %s should be%s", word, what, trouble != NULL ? trouble : "");
    }
  g_strfreev (*out);
  *out = g_strv_builder_end (names);
  return TRUE;
}

static gboolean
check_new_process (SceneReader *r, const char *name)
{
  if (strchr (name, '.') != NULL)
    return scene_wrong (r, r->at, "\"%s\": a process that comes back is given its number by itself; use \"restart\"",
                        name);
  if (!g_hash_table_add (r->known_processes, g_strdup (name)))
    return scene_wrong (r, r->at, "there is a process \"%s\" already", name);
  if (g_hash_table_size (r->known_processes) > SCENE_MAX_PROCESSES)
    return scene_wrong (r, r->at, "there are at most %d processes", SCENE_MAX_PROCESSES);
  return TRUE;
}

/* How many letters must be put in, left out or changed; words are short. */
static guint
distance (const char *a, const char *b)
{
  guint row[32], n = (guint) strlen (b);
  if (n >= G_N_ELEMENTS (row) || strlen (a) >= G_N_ELEMENTS (row))
    return G_MAXUINT;
  for (guint j = 0; j <= n; j++)
    row[j] = j;
  for (guint i = 1; a[i - 1] != '\0'; i++)
    {
      guint before = row[0];
      row[0] = i;
      for (guint j = 1; j <= n; j++)
        {
          guint change = before + (a[i - 1] != b[j - 1]);
          before = row[j];
          row[j] = MIN (MIN (row[j], row[j - 1]) + 1, change);
        }
    }
  return row[n];
}

/* "; did you mean "sends"?", or what to do. (transfer full) */
static char *
advice (SceneReader *r, const char *name)
{
  const char *best = NULL;
  guint least = strlen (name) > 3 ? 3 : 2;
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    if (distance (name, kept[i]) < least)
      least = distance (name, best = kept[i]);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, r->known_processes);
  while (strlen (name) > 2 && g_hash_table_iter_next (&iter, &key, NULL))
    if (distance (name, key) < least || (distance (name, key) == least && best != NULL && strcmp (key, best) < 0))
      least = distance (name, best = key);
  return best != NULL ? g_strdup_printf ("; did you mean \"%s\"?", best)
                      : g_strdup ("; name it in \"processes\", or start it first");
}

static gboolean
check_process (SceneReader *r, const char *name)
{
  const char *dot = strchr (name, '.');
  g_autofree char *site = dot != NULL ? g_strndup (name, (gsize) (dot - name)) : g_strdup (name);
  if (!g_hash_table_contains (r->known_processes, site))
    {
      g_autofree char *hint = advice (r, name);
      return scene_wrong (r, r->at, "there is no process \"%s\" so far%s", name, hint);
    }
  return TRUE;
}

static gboolean
check_new_message (SceneReader *r, const char *name)
{
  if (!g_hash_table_add (r->known_messages, g_strdup (name)))
    return scene_wrong (r, r->at, "a message \"%s\" was sent before", name);
  return TRUE;
}

static gboolean
check_message (SceneReader *r, const char *name)
{
  if (!g_hash_table_contains (r->known_messages, name))
    return scene_wrong (r, r->at, "no message \"%s\" was sent so far", name);
  return TRUE;
}

gboolean
scene_want_new_names (SceneReader *r, char ***out)
{
  return want_list (r, "a new process", check_new_process, out);
}

gboolean
scene_want_names (SceneReader *r, char ***out)
{
  return want_list (r, "a process", check_process, out);
}

gboolean
scene_want_all_or_names (SceneReader *r, char ***out)
{
  g_clear_pointer (out, g_strfreev);
  return scene_take (r, "all") || want_list (r, "\"all\" or a process", check_process, out);
}

gboolean
scene_want_messages (SceneReader *r, gboolean new_ones, char ***out)
{
  return want_list (r, "a message", new_ones ? check_new_message : check_message, out);
}

gboolean
scene_want_group (SceneReader *r, guint *out)
{
  *out = 0;
  if (!scene_take (r, "in"))
    return TRUE;
  const char *name = scene_peek (r);
  for (guint g = 0; name != NULL && g < r->scene->n_groups; g++)
    if (g_str_equal (r->scene->group[g], name))
      {
        *out = g;
        r->at++;
        return TRUE;
      }
  if (name == NULL)
    return scene_wrong (r, r->at, "the line ends where a group should follow");
  return scene_wrong (r, r->at, "there is no group \"%s\"", name);
}
