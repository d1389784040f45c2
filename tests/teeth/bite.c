/* tests/teeth/bite.c: see bite.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/teeth/bite.h"

#include "core/plant.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A bug may make a step go on for ever. */
#define MOST_CPU_SECONDS 120

const Plant plants[] = {
#define TY_PLANT(name, rule, what) { #name, rule, what },
#include "core/plants.def"
#undef TY_PLANT
};
const guint n_plants = G_N_ELEMENTS (plants);

guint
plant_find (const char *name)
{
  guint i = 0;
  while (i < n_plants && !g_str_equal (plants[i].name, name))
    i++;
  return i;
}

/* In the child: what is written is a line "SEED" before each run, and "! RULE" and the text after the one that found
 * something. */
static void
run_seeds (guint plant, StormRun storm, guint32 from, guint32 upto, int out)
{
  struct rlimit cpu = { MOST_CPU_SECONDS, MOST_CPU_SECONDS }, core = { 0, 0 };
  setrlimit (RLIMIT_CPU, &cpu);
  setrlimit (RLIMIT_CORE, &core);
  dup2 (out, STDOUT_FILENO);
  dup2 (out, STDERR_FILENO);
  setvbuf (stdout, NULL, _IONBF, 0);
  if (plant < n_plants)
    ty_plants[plant] = TRUE;
  for (guint64 seed = from; seed <= upto; seed++)
    {
      printf ("\nseed %" G_GUINT64_FORMAT "\n", seed);
      StormFinding *finding = storm ((guint32) seed, FALSE);
      if (finding == NULL)
        continue;
      printf ("! %s\n%s", finding->rule, finding->text);
      _exit (1);
    }
  _exit (0);
}

static char *
read_all (int fd)
{
  GString *all = g_string_new (NULL);
  char buffer[4096];
  gssize n;
  while ((n = read (fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
    g_string_append_len (all, buffer, MAX (n, 0));
  return g_string_free (all, FALSE);
}

static Bite *
read_bite (const char *said, int status)
{
  const char *last = g_strrstr (said, "\nseed ");
  Bite *found = g_new0 (Bite, 1);
  g_assert (last != NULL);
  found->seed = (guint32) g_ascii_strtoull (last + 6, NULL, 10);
  const char *rest = strchr (last + 1, '\n') + 1, *verdict = strstr (rest, "! ");
  if (WIFEXITED (status) && verdict != NULL)
    {
      gsize len = strcspn (verdict + 2, "\n");
      found->rule = g_strndup (verdict + 2, len);
      found->text = g_strdup (verdict + 2 + len + 1);
      return found;
    }
  gboolean endless = WIFSIGNALED (status) && (WTERMSIG (status) == SIGXCPU || WTERMSIG (status) == SIGKILL);
  const char *failed = strstr (rest, "ERROR");
  found->rule = g_strdup (endless ? "liveness" : "invariant");
  found->text = g_strdup (endless ? "a run that does not end" : failed != NULL ? failed : rest);
  return found;
}

static Bite *
run (guint plant, StormRun storm, guint32 from, guint32 upto)
{
  int ends[2], status;
  g_assert_no_errno (pipe (ends));
  fflush (NULL);
  pid_t child = fork ();
  g_assert_no_errno (child);
  if (child == 0)
    {
      close (ends[0]);
      run_seeds (plant, storm, from, upto, ends[1]);
    }
  close (ends[1]);
  g_autofree char *said = read_all (ends[0]);
  close (ends[0]);
  while (waitpid (child, &status, 0) < 0)
    g_assert (errno == EINTR);
  return WIFEXITED (status) && WEXITSTATUS (status) == 0 ? NULL : read_bite (said, status);
}

Bite *
bite (guint plant, StormRun storm, guint32 from, guint32 upto)
{
  Bite *found;
  while ((found = run (plant, storm, from, upto)) != NULL && plant < n_plants)
    {
      /* It counts only if the same seed finds nothing without the bug. */
      Bite *without = run (n_plants, storm, found->seed, found->seed);
      if (without == NULL)
        break;
      from = found->seed + 1;
      bite_free (without);
      g_clear_pointer (&found, bite_free);
      if (from > upto)
        break;
    }
  return found;
}

void
bite_free (Bite *found)
{
  g_free (found->rule);
  g_free (found->text);
  g_free (found);
}
