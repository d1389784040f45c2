/* tests/bench/single-step.c: see single-step.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "single-step.h"

#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static G_NORETURN void
child (void (*work) (gpointer data), gpointer data)
{
  if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) != 0)
    _exit (1);
  raise (SIGSTOP);
  work (data);
  raise (SIGSTOP);
  _exit (0);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED TRUE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED TRUE
#endif
#endif
#ifndef SANITIZED
#define SANITIZED FALSE
#endif

guint64
bench_count_instructions (void (*work) (gpointer data), gpointer data)
{
  guint64 n = 0;
  int status = 0;
  cpu_set_t all, one;
  /* On one processor the two take turns; from one to another each would have to wake the other, a hundred times as
   * long. */
  if (SANITIZED)
    return 0;
  gboolean pinned = sched_getaffinity (0, sizeof all, &all) == 0;
  CPU_ZERO (&one);
  CPU_SET (sched_getcpu (), &one);
  if (pinned)
    sched_setaffinity (0, sizeof one, &one);
  pid_t pid = fork ();
  if (pid == 0)
    child (work, data);
  gboolean traced = pid > 0 && waitpid (pid, &status, 0) == pid && WIFSTOPPED (status);
  while (traced && ptrace (PTRACE_SINGLESTEP, pid, NULL, NULL) == 0 && waitpid (pid, &status, 0) == pid
         && WIFSTOPPED (status) && WSTOPSIG (status) == SIGTRAP)
    n++;
  gboolean done = traced && WIFSTOPPED (status) && WSTOPSIG (status) == SIGSTOP;
  if (pid > 0 && (!traced || WIFSTOPPED (status)))
    {
      kill (pid, SIGKILL);
      waitpid (pid, &status, 0);
    }
  if (pinned)
    sched_setaffinity (0, sizeof all, &all);
  return done ? n : 0;
}
