/* examples/lab/explore-shrink.c: makes a failing scene small: delta debugging over its steps, then over processes,
 * messages, the head, and times.
 *
 * Every candidate is played in a process of its own, which tells by a pipe how it fails.  A candidate is taken if it
 * fails in the same way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explore-work.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A candidate is smaller than the seed: it is given no more time than this. */
#define HANG_S 10

typedef struct
{
  Scene *best;
  const char *wrong;
  gboolean live; /* it fails to go on, rather than to be legal */
  gint64 until_us;
  guint hang_s;
  guint plays, most_plays; /* 0: no limit */
} Shrink;

/* ---- In a process of its own ---- */

typedef struct
{
  const Scene *scene; /* or NULL: */
  guint64 seed;
  const ExploreOptions *options;
  int log;
  guint hang_s;
} Job;

static char *
do_job (const Job *job)
{
  if (job->scene == NULL)
    {
      ExploreOutcome out;
      scene_free (explore_seed (job->seed, job->options, job->log, &out));
      return out.wrong;
    }
  /* As it will be written, and read again: what is found is to be found there. */
  g_autofree char *text = scene_to_string (job->scene);
  g_autoptr (Scene) scene = scene_read ("", text, NULL);
  if (scene == NULL)
    return NULL;
  g_autoptr (Play) play = play_new (scene, NULL, NULL);
  play_steps (play);
  play_end (play);
  return explore_wrong (play);
}

static void
write_all (int fd, const char *text)
{
  gsize len = strlen (text);
  if (write (fd, text, len) != (gssize) len)
    _exit (1);
}

static char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char some[256];
  for (gssize n; (n = read (fd, some, sizeof some)) > 0 || (n < 0 && errno == EINTR);)
    if (n > 0)
      g_string_append_len (text, some, n);
  return g_string_free (text, FALSE);
}

/* How it fails; NULL: it does not. */
static char *
fails (const Job *job)
{
  int ends[2];
  if (pipe (ends) != 0)
    return NULL;
  pid_t child = fork ();
  if (child == 0)
    {
      close (ends[0]);
      close (STDERR_FILENO);
      dup2 (ends[1], STDOUT_FILENO); /* what a broken invariant has to say comes here, too */
      explore_set_alarm (job->hang_s);
      g_autofree char *wrong = do_job (job);
      write_all (ends[1], wrong != NULL ? wrong : "");
      _exit (0);
    }
  close (ends[1]);
  g_autofree char *wrong = child > 0 ? read_all (ends[0]) : g_strdup ("");
  close (ends[0]);
  int status = 0;
  while (child > 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFSIGNALED (status) && WTERMSIG (status) == EXPLORE_ALARM)
    return g_strdup ("it does not end");
  if (WIFSIGNALED (status))
    return g_strdup_printf ("signal %d%s%s", WTERMSIG (status), wrong[0] != '\0' ? ": " : "", g_strchomp (wrong));
  return wrong[0] != '\0' ? g_steal_pointer (&wrong) : NULL;
}

/* ---- Candidates ---- */

static gboolean
is_time_over (const Shrink *s)
{
  return g_get_monotonic_time () >= s->until_us || (s->most_plays > 0 && s->plays >= s->most_plays);
}

/* Takes `candidate` (transfer full) if it fails alike. */
static gboolean
take_if_alike (Shrink *s, Scene *candidate)
{
  g_autofree char *wrong = is_time_over (s) ? NULL : fails (&(Job){ .scene = candidate, .hang_s = s->hang_s });
  gboolean alike = g_strcmp0 (wrong, s->wrong) == 0;
  s->plays++;
  Scene *loser = alike ? s->best : candidate;
  if (alike)
    s->best = candidate;
  scene_free (loser);
  return alike;
}

/* Without these, nobody promises that things go on: who is there to be asked, and that faults are over. */
static gboolean
is_needed (const Shrink *s, const SceneStep *step)
{
  return s->live && (step->what == DO_START || step->what == DO_CALM || step->what == DO_EXPECT);
}

/* Without the steps from..from+n. */
static gboolean
drop_steps (Shrink *s, guint from, guint n)
{
  Scene *candidate = scene_copy (s->best);
  guint before = candidate->steps->len;
  for (guint i = MIN (from + n, before); i > from; i--)
    if (!is_needed (s, candidate->steps->pdata[i - 1]))
      g_ptr_array_remove_index (candidate->steps, i - 1);
  if (candidate->steps->len < before)
    return take_if_alike (s, candidate);
  scene_free (candidate);
  return FALSE;
}

/* Halves, quarters, ... until no single step can go. */
static gboolean
shrink_steps (Shrink *s)
{
  gboolean any = FALSE;
  for (guint n = MAX (1, s->best->steps->len / 2);;)
    {
      gboolean dropped = FALSE;
      /* From the end: what happens late seldom matters. */
      for (guint end = s->best->steps->len; end > 0 && !is_time_over (s);)
        {
          guint from = end > n ? end - n : 0;
          dropped |= drop_steps (s, from, end - from);
          end = MIN (from, s->best->steps->len);
        }
      any |= dropped;
      if (is_time_over (s) || (n == 1 && !dropped))
        return any;
      if (n > 1)
        n = (n + 1) / 2;
    }
}

/* A list of names without one. */
static gboolean
shrink_list (Shrink *s, guint step, gboolean others)
{
  gboolean any = FALSE;
  for (guint i = 0;;)
    {
      Scene *candidate = scene_copy (s->best);
      SceneStep *at = candidate->steps->pdata[step];
      char ***list = others ? &at->others : &at->who;
      guint n = *list != NULL ? g_strv_length (*list) : 0;
      if (n < 2 || i >= n || is_time_over (s))
        {
          scene_free (candidate);
          return any;
        }
      g_free ((*list)[i]);
      memmove (*list + i, *list + i + 1, (n - i) * sizeof (char *));
      gboolean taken = take_if_alike (s, candidate);
      any |= taken;
      i += !taken;
    }
}

static gboolean
shrink_lists (Shrink *s)
{
  gboolean any = FALSE;
  for (guint i = 0; i < s->best->steps->len; i++)
    if (!is_needed (s, s->best->steps->pdata[i]))
      {
        any |= shrink_list (s, i, FALSE);
        /* Founders name one list. */
        if (((const SceneStep *) s->best->steps->pdata[i])->what != DO_FOUND)
          any |= shrink_list (s, i, TRUE);
      }
  return any;
}

static void
drop_name (char **names, const char *name)
{
  guint kept = 0;
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (g_str_equal (names[i], name))
      g_free (names[i]);
    else
      names[kept++] = names[i];
  if (names != NULL)
    names[kept] = NULL;
}

/* Without a process: each step that is about it alone goes. */
static Scene *
without (const Scene *scene, const char *name)
{
  Scene *candidate = scene_copy (scene);
  for (guint i = candidate->steps->len; i > 0; i--)
    {
      SceneStep *step = candidate->steps->pdata[i - 1];
      gboolean had_who = step->who != NULL, had_others = step->others != NULL;
      drop_name (step->who, name);
      if (step->what != DO_SEND)
        drop_name (step->others, name);
      if ((had_who && step->who[0] == NULL) || (had_others && step->others[0] == NULL))
        g_ptr_array_remove_index (candidate->steps, i - 1);
    }
  g_hash_table_remove (candidate->weights, name);
  return candidate;
}

static gboolean
shrink_processes (Shrink *s)
{
  gboolean any = FALSE;
  for (guint i = 32; i > 0 && !is_time_over (s); i--)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i - 1);
      gboolean there = FALSE;
      for (guint k = 0; k < s->best->steps->len && !there; k++)
        {
          const SceneStep *step = s->best->steps->pdata[k];
          there = (step->what == DO_JOIN || step->what == DO_FOUND) && step->who[0] != NULL
                  && g_str_equal (step->who[0], name);
        }
      any |= there && take_if_alike (s, without (s->best, name));
    }
  return any;
}

/* ---- The head ---- */

static gboolean
shrink_head (Shrink *s)
{
  gboolean any = FALSE;
  for (gsize i = 0; explore_simpler[i] != NULL && !is_time_over (s); i++)
    {
      g_autofree char *before = scene_to_string (s->best);
      Scene *candidate = scene_copy (s->best);
      explore_simpler[i](candidate);
      g_autofree char *after = scene_to_string (candidate);
      if (g_str_equal (before, after))
        scene_free (candidate);
      else
        any |= take_if_alike (s, candidate);
    }
  return any;
}

/* ---- Steps, each by itself ---- */

/* The time, and everything after it by as much, is rounded down to so many microseconds. */
static gboolean
round_time (Shrink *s, guint step, gint64 to_us)
{
  const SceneStep *at = s->best->steps->pdata[step];
  gint64 before = step > 0 ? ((const SceneStep *) s->best->steps->pdata[step - 1])->when_us : 0;
  gint64 rounded = MAX (before, at->when_us / to_us * to_us);
  if (at->when_kind != WHEN_AT || rounded == at->when_us)
    return FALSE;
  Scene *candidate = scene_copy (s->best);
  for (guint i = step; i < candidate->steps->len; i++)
    ((SceneStep *) candidate->steps->pdata[i])->when_us -= at->when_us - rounded;
  return take_if_alike (s, candidate);
}

static gboolean
shrink_each (Shrink *s)
{
  gboolean any = FALSE;
  for (guint i = 0; i < s->best->steps->len && !is_time_over (s); i++)
    {
      const SceneStep *step = s->best->steps->pdata[i];
      if (step->what == DO_SEND && step->number > 0)
        {
          Scene *candidate = scene_copy (s->best);
          ((SceneStep *) candidate->steps->pdata[i])->number = 0;
          any |= take_if_alike (s, candidate);
        }
      if (!round_time (s, i, 1000000) && !round_time (s, i, 100000) && !round_time (s, i, 10000))
        round_time (s, i, 1000);
    }
  return any;
}

/* ---- The whole ---- */

static Scene *
scene_of_seed (guint64 seed, const ExploreOptions *options, char **wrong)
{
  char path[] = "/tmp/tyet-explore-XXXXXX";
  int log = g_mkstemp (path);
  if (log < 0)
    return NULL;
  unlink (path);
  *wrong = fails (&(Job){ .seed = seed, .options = options, .log = log, .hang_s = options->hang_s });
  g_autofree char *text = lseek (log, 0, SEEK_SET) == 0 ? read_all (log) : NULL;
  close (log);
  g_autofree char *name = g_strdup_printf ("seed-%" G_GUINT64_FORMAT ".scene", seed);
  g_autoptr (GError) error = NULL;
  Scene *scene = *wrong != NULL && text != NULL ? scene_read (name, text, &error) : NULL;
  if (error != NULL)
    g_printerr ("tyet explore: %s\n", error->message);
  return scene;
}

Scene *
explore_shrink (guint64 seed, const ExploreOptions *options, gint64 seconds, char **wrong)
{
  Scene *scene = scene_of_seed (seed, options, wrong);
  if (scene == NULL)
    return NULL;
  gboolean illegal = (*wrong)[0] == 'P' && g_ascii_isdigit ((*wrong)[1]);
  gboolean live = !illegal && !g_str_has_prefix (*wrong, "signal ") && !g_str_has_prefix (*wrong, "it does not end");
  Shrink s = { .best = scene,
               .wrong = *wrong,
               .live = live,
               .most_plays = options->tries,
               .hang_s = MIN (options->hang_s, HANG_S),
               .until_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC };
  if (!take_if_alike (&s, scene_copy (scene)))
    {
      g_printerr ("tyet explore: seed %" G_GUINT64_FORMAT " fails in another way when it is played as a scene\n", seed);
      return s.best;
    }
  for (gboolean again = TRUE; again && !is_time_over (&s);)
    {
      again = shrink_processes (&s);
      again |= shrink_steps (&s);
      again |= shrink_lists (&s);
      again |= shrink_head (&s);
      again |= shrink_each (&s);
    }
  return s.best;
}
