/* examples/lab/lab.h: what the subcommands of `tyet` share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Exit statuses. */
enum
{
  LAB_GOOD = 0,
  LAB_FINDING = 1, /* it did what it could, and something is not as it should be */
  LAB_USAGE = 2    /* bad usage, or unreadable input */
};

/* A subcommand: argv[0] is "tyet NAME". Returns an exit status. */
typedef int (*LabCommand) (int argc, char **argv);

/* The command as a whole; for programs that register orderings of their own first (examples/orderings/). */
int lab_main (int argc, char **argv);

int lab_cat (int argc, char **argv);
int lab_key (int argc, char **argv);
int lab_check (int argc, char **argv);
int lab_compare (int argc, char **argv);
int lab_draw (int argc, char **argv);
int lab_run (int argc, char **argv);
int lab_explore (int argc, char **argv);
