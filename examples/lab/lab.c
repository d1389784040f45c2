/* examples/lab/lab.c: picks the subcommand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <tyet.h>
#include <unistd.h>

static const struct
{
  const char *name;
  const char *what;
  LabCommand run;
} commands[] = {
  { "cat", "join a group from a shell: lines in are multicast, events come out", lab_cat },
  { "check", "judge the histories of a run: was all that was promised kept?", lab_check },
  { "compare", "play a scene under several orderings, and say what the difference is", lab_compare },
  { "draw", "draw the diagram of a recorded run, and judge it", lab_draw },
  { "explore", "sweep seeds of random faults, and shrink what fails to a scene", lab_explore },
  { "key", "make and show the keys of processes, and secrets", lab_key },
  { "run", "play a scene in the simulator, and judge what happened", lab_run },
};

static gboolean looked_at;

/* Standard output is a result: what was printed and did not get there is none. Who has said so already is let be. */
static int
printed (int status)
{
  gboolean good = fflush (stdout) == 0 && !ferror (stdout);
  looked_at = TRUE;
  if (good || status == LAB_USAGE)
    return status;
  g_printerr ("%s: standard output cannot be written\n", g_get_prgname () != NULL ? g_get_prgname () : "tyet");
  return LAB_USAGE;
}

/* GLib ends the process itself when it has printed the help of a command. */
static void
look_at_help (void)
{
  if (!looked_at && printed (LAB_GOOD) != LAB_GOOD)
    _exit (LAB_USAGE);
}

static void
usage (FILE *to)
{
  fprintf (to, "usage: tyet COMMAND [OPTION...]\n\n");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-10s %s\n", commands[i].name, commands[i].what);
  fprintf (to, "\nEach has its own --help. Exit status: 0 good, 1 a finding, 2 bad usage or unreadable input.\n");
}

int
lab_main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  atexit (look_at_help);
  if (argc < 2)
    {
      usage (stderr);
      return LAB_USAGE;
    }
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help"))
    {
      usage (stdout);
      return printed (LAB_GOOD);
    }
  if (g_str_equal (argv[1], "--version"))
    {
      printf ("tyet %s\n", TYET_VERSION_S);
      return printed (LAB_GOOD);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i].name))
      {
        g_autofree char *program = g_path_get_basename (argv[0]);
        g_autofree char *name = g_strdup_printf ("%s %s", program, commands[i].name);
        g_set_prgname (name);
        argv[1] = name;
        return printed (commands[i].run (argc - 1, argv + 1));
      }
  fprintf (stderr, "tyet: there is no command \"%s\"\n\n", argv[1]);
  usage (stderr);
  return LAB_USAGE;
}
