/* tests/transport/test-fds.h: whether file descriptors are given back.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dirent.h>
#include <glib.h>

/* How many file descriptors this process has open. */
static inline guint
test_count_fds (void)
{
  guint n = 0;
  DIR *dir = opendir ("/proc/self/fd");
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}
