/* examples/enter.h: how the examples come into their groups, by a ticket in a file, and out of them.
 *
 * Whoever starts first founds the group, and leaves a ticket in the file; whoever finds it there joins. A ticket says
 * who is to be asked, so the oldest member sees to it that it is its own; and the last to leave takes it away.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <tyet.h>

/* Whether it was called with so many words, none of them an option. Else what it is and how it is called is printed,
 * and `status` is what to end with: 0 if that was asked for (--help), 2 if not. */
gboolean enter_check_call (int argc, char **argv, int n_words, const char *usage, int *status);
/* `name` may be NULL. */
TyetProcess *enter_new_process (const char *name, const char *ticket_file, GError **error);
/* Waits until it is in. From then on SIGINT and SIGTERM leave. */
gboolean enter_group (TyetGroup *group, const char *ticket_file, GMainLoop *loop, GError **error);
/* Leaves in good order, then quits the loop. */
void enter_leave (TyetGroup *group);
