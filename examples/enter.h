/* examples/enter.h: how the examples come into their groups: by a ticket in a file.
 *
 * Whoever starts first founds the group, and leaves a ticket in the file; whoever finds it there joins.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <tyet.h>

/* `name` may be NULL. */
TyetProcess *enter_new_process (const char *name, const char *ticket_file, GError **error);
/* Waits until it is in. */
gboolean enter_group (TyetGroup *group, const char *ticket_file, GError **error);
