/* tests/bench/member.h: a member of the group that is measured: what its files share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench.h"
#include "verify.h"

#include <tyet.h>

/* Under load only one message in so many is timed, lest that be what is measured. */
#define MEMBER_STRIDE 32
#define MEMBER_TIMES (1 << 18)

typedef struct
{
  const BenchOptions *options;
  guint index;
  GMainLoop *loop;
  TyetProcess *process;
  TyetGroup *group;
  TyetService service;

  /* Sending (member-send.c) */
  guint8 *record;
  guint64 sent;
  gboolean sending;
  gboolean single;    /* one at a time */
  gboolean one_waits; /* for room */
  guint stride;
  gint64 *times; /* of every stride-th message, when it was sent */
  gint64 *dues;  /* and, at a rate, when it should have been; or NULL */
  gint64 began_ns;
  guint64 ticks, at_rate; /* since, and messages */
  int timer;     /* of a steady rate; -1 */
  gint64 tick_ns;
  guint64 pings_left;
  guint64 locks;
  guint64 full_at; /* `sent` when the window was full; 0 */
  gboolean tell_full;

  /* Receiving */
  BenchVerify verify;
  gboolean one_way_timed;
  gboolean draining;
  guint64 wanted[BENCH_MAX_MEMBERS];
  BenchHist latency, from_due;
  BenchHist one_way;

  /* Views */
  guint expected; /* how many members are waited for; 0 */
  gint64 view_at_ns;
  gint64 asked_at_ns; /* to join, or to leave */
  guint64 closed_hash;
  guint64 closed_count;
  guint64 delivered_before;
  GPtrArray *more; /* processes and groups made to be weighed */
  GString *heard;
} Member;

void member_say (const char *format, ...) G_GNUC_PRINTF (1, 2);
G_NORETURN void member_fail (const char *format, ...) G_GNUC_PRINTF (1, 2);

void member_begin_sending (Member *m);
void member_go (Member *m);
void member_send_one (Member *m);
void member_on_own (Member *m, guint64 number, gint64 sent_at_ns);
guint64 member_weigh (Member *m, const char *what, guint n);
