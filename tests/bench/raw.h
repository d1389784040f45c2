/* tests/bench/raw.h: a bare peer: what its files share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench.h"
#include "verify.h"

#include <sys/epoll.h>

typedef struct
{
  int fd;
  gboolean readable;
  gboolean writable;
  guint64 written;  /* of the ring of what is sent */
  guint8 *in;       /* ring */
  guint64 received; /* bytes */
  guint64 taken;
  GByteArray *late; /* of one record at a time: what there was no room for at once; or NULL */
  gsize late_gone;
} Peer;

typedef struct
{
  const BenchOptions *options;
  guint index;
  int epoll, listener;
  guint n;
  Peer peers[BENCH_MAX_MEMBERS];
  guint8 *out;
  guint64 window; /* bytes of each ring */
  guint64 copied; /* bytes, into `out` */
  guint8 *record; /* the application's */
  guint64 sent;
  gboolean sending;
  gboolean draining;
  guint64 wanted[BENCH_MAX_MEMBERS];
  gboolean pinging;
  gboolean to_all;    /* a ping goes to all, and who answers it answers all */
  gboolean by_all;    /* and the others then tell all that they have it */
  guint told;         /* who have, and the answer itself */
  guint64 pings_left; /* of who asks */
  gint64 pinged_at;
  BenchVerify verify;
  BenchHist round_trip, one_way;
  char line[8192];
  gsize line_len;
  gboolean quit;
} Raw;

G_NORETURN void raw_die (const char *what);
void raw_say (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* ---- raw-ping.c ---- */

/* What the parent says: "ping HOW COUNT", to "one", "all" or "all-by-all"; who only answers gets 0. */
void raw_begin_pings (Raw *raw, const char *how, guint64 count);
/* There may be room for what there was none for. */
void raw_ping_on (Raw *raw, Peer *peer);
/* Something of that has come from `peer`. */
void raw_pinged (Raw *raw, Peer *peer);
/* Waits for events, as a member of the library's does: first it looks out for them. */
int raw_wait (Raw *raw, struct epoll_event *events, int n_events);
