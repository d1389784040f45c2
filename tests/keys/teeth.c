/* tests/keys/teeth.c: the storm of secrets catches every bug of core/plants-keys.def.
 *
 *   keys-teeth                 the test
 *   keys-teeth NAME [A..B]     looks for one, and tells what it finds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/keys/storm.h"

#include "core/plant.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_SEEDS 300
#define MOST_CPU_SECONDS 200

gboolean ty_plants[TY_N_PLANTS];

static const struct
{
  const char *name, *rule, *what;
  guint plant;
} plants[] = {
#define TY_PLANT(name, rule, what) { #name, rule, what, TY_PLANT_##name },
#include "core/plants-keys.def"
#undef TY_PLANT
};

/* In the child: what it finds is said on its standard output. */
static void
look (guint n, guint64 from, guint64 to)
{
  struct rlimit cpu = { MOST_CPU_SECONDS, MOST_CPU_SECONDS }, core = { 0, 0 };
  KeysCounts counts = { 0 };
  setrlimit (RLIMIT_CPU, &cpu);
  setrlimit (RLIMIT_CORE, &core);
  dup2 (STDOUT_FILENO, STDERR_FILENO);
  ty_plants[plants[n].plant] = TRUE;
  for (guint64 seed = from; seed <= to; seed++)
    {
      printf ("# seed %" G_GUINT64_FORMAT ": ", seed);
      fflush (stdout);
      KeysFinding *finding = keys_storm_run (seed, FALSE, &counts);
      if (finding == NULL)
        continue;
      printf ("%s: %.100s\n", finding->rule, finding->text);
      fflush (stdout);
      _exit (1);
    }
  _exit (0);
}

/* What it said last, if it found something; NULL if it did not. */
static char *
run (guint n, guint64 from, guint64 to)
{
  int ends[2], status;
  char buffer[4096];
  gssize len;
  g_autoptr (GString) said = g_string_new (NULL);
  g_assert_no_errno (pipe (ends));
  fflush (NULL);
  pid_t child = fork ();
  g_assert_no_errno (child);
  if (child == 0)
    {
      dup2 (ends[1], STDOUT_FILENO);
      close (ends[0]);
      look (n, from, to);
    }
  close (ends[1]);
  while ((len = read (ends[0], buffer, sizeof buffer)) > 0 || (len < 0 && errno == EINTR))
    g_string_append_len (said, buffer, MAX (len, 0));
  close (ends[0]);
  while (waitpid (child, &status, 0) < 0)
    g_assert (errno == EINTR);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return NULL;
  const char *last = g_strrstr (said->str, "# seed");
  return g_strdup (last != NULL ? last : said->str);
}

static gboolean
test (guint n, guint64 from, guint64 to)
{
  g_autofree char *found = run (n, from, to);
  printf ("%sok %u - %s (%s): %s\n", found != NULL ? "" : "not ", n + 1, plants[n].name, plants[n].rule,
          plants[n].what);
  g_auto (GStrv) lines = g_strsplit (found != NULL ? found : "", "\n", 4);
  for (guint i = 0; i < 3 && lines[i] != NULL && *lines[i] != '\0'; i++)
    printf ("%s%s\n", i > 0 ? "# " : "", lines[i]);
  fflush (stdout);
  return found != NULL;
}

int
main (int argc, char **argv)
{
  guint64 from = 0, to = MOST_SEEDS;
  gboolean all = TRUE;
  if (argc > 2 && sscanf (argv[2], "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, &from, &to) != 2)
    return 2;
  if (argc == 1)
    printf ("1..%u\n", (guint) G_N_ELEMENTS (plants));
  for (guint n = 0; n < G_N_ELEMENTS (plants); n++)
    if (argc == 1 || g_str_equal (argv[1], plants[n].name))
      all &= test (n, from, to);
  return all ? 0 : 1;
}
