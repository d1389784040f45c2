/* tests/bench/budget.c: what a message costs in allocations, system calls and bytes copied, held at a budget.
 *
 * These figures do not depend on what else the machine does.  Three processes live in this one, over loopback TCP, and
 * each multicasts as much as its window takes; malloc, the system calls of the main loop and of sockets, and copies are
 * counted by functions that stand in front of the C library's.  Copies that the compiler made itself, of a few bytes,
 * are not counted, nor is what the kernel copies.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <tyet.h>

#include <dlfcn.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static struct
{
  gboolean on;
  guint64 allocations, syscalls, copied;
} count;

/* ---- In front of the C library ---- */

void *__libc_malloc (size_t n);
void *__libc_calloc (size_t n, size_t m);
void *__libc_realloc (void *p, size_t n);

void *
malloc (size_t n)
{
  count.allocations += count.on;
  return __libc_malloc (n);
}

void *
calloc (size_t n, size_t m)
{
  count.allocations += count.on;
  return __libc_calloc (n, m);
}

void *
realloc (void *p, size_t n)
{
  count.allocations += count.on;
  return __libc_realloc (p, n);
}

/* Byte by byte they would become calls of themselves: the C library has its own under other names. */
void *
memcpy (void *restrict to, const void *restrict from, size_t n)
{
  static void *(*next) (void *, const void *, size_t);
  if (next == NULL)
    next = (void *(*) (void *, const void *, size_t)) dlsym (RTLD_NEXT, "memcpy");
  count.copied += count.on ? n : 0;
  return next (to, from, n);
}

void *
memmove (void *to, const void *from, size_t n)
{
  static void *(*next) (void *, const void *, size_t);
  if (next == NULL)
    next = (void *(*) (void *, const void *, size_t)) dlsym (RTLD_NEXT, "memmove");
  count.copied += count.on ? n : 0;
  return next (to, from, n);
}

#define COUNTED(type, name, parameters, arguments) \
  type name parameters \
  { \
    static type (*next) parameters; \
    if (next == NULL) \
      next = (type (*) parameters) dlsym (RTLD_NEXT, #name); \
    count.syscalls += count.on; \
    return next arguments; \
  }

COUNTED (ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
COUNTED (ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
COUNTED (ssize_t, read, (int fd, void *to, size_t n), (fd, to, n))
COUNTED (ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n))
COUNTED (int, epoll_wait, (int fd, struct epoll_event *events, int n, int ms), (fd, events, n, ms))
COUNTED (int, epoll_ctl, (int fd, int op, int of, struct epoll_event *event), (fd, op, of, event))
COUNTED (int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))

/* ---- Three members ---- */

#define MEMBERS 3

typedef struct
{
  TyetProcess *process;
  TyetGroup *group;
  guint64 sent, delivered;
  gboolean full;
} Member;

static Member members[MEMBERS];

static void
on_deliver (TyetGroup *group, TyetView *view, guint sender_rank, TyetService service, const guint8 *data, gsize len,
            gpointer user_data)
{
  ((Member *) user_data)->delivered++;
}

static void
on_writable (TyetGroup *group, gpointer user_data)
{
  ((Member *) user_data)->full = FALSE;
}

static void
on_joined (GObject *group, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  tyet_group_join_finish (TYET_GROUP (group), result, &error);
  g_assert_no_error (error);
}

static void
begin (void)
{
  for (guint i = 0; i < MEMBERS; i++)
    {
      g_autoptr (GError) error = NULL;
      Member *m = &members[i];
      m->process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "address", "tcp://127.0.0.1:0", "security",
                                   TYET_SECURITY_PLAIN, "suspect-after", 60000, NULL);
      g_assert_no_error (error);
      m->group = tyet_group_new (m->process, "budget", "total");
      tyet_group_set_deliver_func (m->group, on_deliver, m, NULL);
      g_signal_connect (m->group, "writable", G_CALLBACK (on_writable), m);
      const char *contacts[] = { tyet_process_get_address (members[0].process), NULL };
      if (i == 0)
        tyet_group_found (m->group, &error);
      else
        tyet_group_join_async (m->group, contacts, NULL, on_joined, NULL);
      g_assert_no_error (error);
      while (tyet_group_get_view (members[0].group) == NULL
             || tyet_view_get_n_members (tyet_group_get_view (members[0].group)) != i + 1)
        g_main_context_iteration (NULL, TRUE);
    }
  for (guint i = 0; i < MEMBERS; i++)
    while (tyet_group_get_view (members[i].group) == NULL
           || tyet_view_get_n_members (tyet_group_get_view (members[i].group)) != MEMBERS)
      g_main_context_iteration (NULL, TRUE);
}

static gboolean
all_have (guint64 upto)
{
  for (guint i = 0; i < MEMBERS; i++)
    if (members[i].delivered < upto)
      return FALSE;
  return TRUE;
}

/* Each member multicasts `n` of that size, and everyone gets them all. */
static void
run (TyetService service, gsize size, guint64 n)
{
  g_autofree guint8 *data = g_malloc0 (size);
  guint64 upto = members[0].delivered + MEMBERS * n;
  for (guint i = 0; i < MEMBERS; i++)
    members[i].sent = 0;
  while (!all_have (upto))
    {
      for (guint i = 0; i < MEMBERS; i++)
        while (members[i].sent < n && !members[i].full)
          {
            g_autoptr (GError) error = NULL;
            if (tyet_group_send (members[i].group, service, data, size, &error))
              members[i].sent++;
            else
              {
                g_assert_error (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK);
                members[i].full = TRUE;
              }
          }
      g_main_context_iteration (NULL, TRUE);
    }
}

typedef struct
{
  TyetService service;
  gsize size;
  guint64 n;
  /* A multicast, at all members together: */
  double allocations, syscalls;
  double copied; /* in payloads */
} Budget;

static const Budget budgets[] = {
  { TYET_SERVICE_AGREED, 64, 100000, 0.015, 0.004, 1.4 },
  { TYET_SERVICE_SAFE, 64, 100000, 0.02, 0.005, 1.4 },
  { TYET_SERVICE_CAUSAL, 64, 100000, 0.015, 0.004, 1.4 },
  { TYET_SERVICE_FIFO, 64, 100000, 0.015, 0.004, 1.4 },
  { TYET_SERVICE_AGREED, 1024, 20000, 0.2, 0.05, 1.4 },
  { TYET_SERVICE_AGREED, 8192, 4000, 1.6, 0.4, 1.4 },
  { TYET_SERVICE_AGREED, 65536, 1000, 17, 3, 1.6 },
};

static void
test_budget (gconstpointer data)
{
  const Budget *budget = data;
  run (budget->service, budget->size, budget->n / 4); /* what is kept for the next time is there then */
  memset (&count, 0, sizeof count);
  count.on = TRUE;
  run (budget->service, budget->size, budget->n);
  count.on = FALSE;
  double all = (double) budget->n * MEMBERS;
  double allocations = (double) count.allocations / all, syscalls = (double) count.syscalls / all;
  double copied = (double) count.copied / all / (double) budget->size;
  g_test_message ("a multicast of %" G_GSIZE_FORMAT " bytes: %.4f allocations, %.4f system calls, %.3f payloads copied",
                  budget->size, allocations, syscalls, copied);
  g_assert_cmpfloat (allocations, <=, budget->allocations);
  g_assert_cmpfloat (syscalls, <=, budget->syscalls);
  g_assert_cmpfloat (copied, <=, budget->copied);
  /* Or something does not count. */
  g_assert_cmpuint (count.allocations, >, 0);
  g_assert_cmpuint (count.syscalls, >, 0);
  g_assert_cmpfloat (copied, >=, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("TYET_SHM", "0", TRUE); /* what is counted is calls to sockets */
  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (budgets); i++)
    {
      static const char *const names[] = { "fifo", "causal", "agreed", "safe" };
      g_autofree char *path = g_strdup_printf ("/bench/budget/%s/%" G_GSIZE_FORMAT, names[budgets[i].service],
                                               budgets[i].size);
      g_test_add_data_func (path, &budgets[i], test_budget);
    }
  return g_test_run ();
}
