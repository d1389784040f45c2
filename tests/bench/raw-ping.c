/* tests/bench/raw-ping.c: one record at a time between bare peers: to and fro; or from one to all and from the first
 * to all, which are the packets of a message in agreed order with nothing else about them; or then also from all the
 * others to all, which are those of a safe one.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "raw.h"
#include "clock.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

/* What a record is. */
enum
{
  ASK,
  ANSWER, /* the first's */
  TOLD    /* one's of the others, who has the answer */
};

/* How much of it went. */
static gsize
write_some (Peer *peer, const guint8 *at, gsize len)
{
  gssize n = write (peer->fd, at, len);
  if (n < 0 && errno != EAGAIN)
    raw_die ("pinging");
  return (gsize) MAX (n, 0);
}

static void
write_record (Raw *raw, guint to)
{
  guint64 size = raw->options->size;
  Peer *peer = &raw->peers[to];
  gboolean waits = peer->late != NULL && peer->late->len > 0;
  gsize n = waits ? 0 : write_some (peer, raw->record, size);
  if (n == size)
    return;
  if (peer->late == NULL)
    peer->late = g_byte_array_new ();
  g_byte_array_append (peer->late, raw->record + n, (guint) (size - n));
}

void
raw_ping_on (Raw *raw, Peer *peer)
{
  if (peer->late == NULL || peer->late->len == 0)
    return;
  peer->late_gone += write_some (peer, peer->late->data + peer->late_gone, peer->late->len - peer->late_gone);
  if (peer->late_gone < peer->late->len)
    return;
  g_byte_array_set_size (peer->late, 0);
  peer->late_gone = 0;
}

/* To `first` before anybody else. */
static void
say_to_all (Raw *raw, guint first, guint64 what)
{
  guint64 head[3] = { raw->index, what, (guint64) bench_now_ns () };
  memcpy (raw->record, head, MIN (raw->options->size, sizeof head));
  write_record (raw, first);
  for (guint i = 0; raw->to_all && i < raw->n; i++)
    if (i != raw->index && i != first)
      write_record (raw, i);
}

static void
ping (Raw *raw)
{
  raw->told = 0;
  raw->pinged_at = bench_now_ns ();
  say_to_all (raw, 0, ASK);
}

void
raw_begin_pings (Raw *raw, const char *how, guint64 count)
{
  raw->pinging = TRUE;
  raw->to_all = !g_str_equal (how, "one");
  raw->by_all = g_str_equal (how, "all-by-all");
  raw->pings_left = count;
  if (count > 0)
    ping (raw);
  else
    raw_say ("pinged");
}

static void
on_all_told (Raw *raw)
{
  bench_hist_add (&raw->round_trip, (guint64) (bench_now_ns () - raw->pinged_at));
  /* Nobody else has anything to say meanwhile. */
  if (--raw->pings_left > 0 && raw->options->gap_ms > 0)
    g_usleep ((gulong) (raw->options->gap_ms * 1000));
  if (raw->pings_left > 0)
    ping (raw);
  else
    raw_say ("pinged");
}

/* Who asks is the last, or the only one of those behind the first. */
static void
on_record (Raw *raw, guint from)
{
  guint64 size = raw->options->size, head[3];
  Peer *peer = &raw->peers[from];
  memcpy (head, peer->in + peer->taken % raw->window, MIN (size, sizeof head));
  if (head[1] == ASK && size >= sizeof head)
    bench_hist_add (&raw->one_way, (guint64) MAX (bench_now_ns () - (gint64) head[2], 0));
  if (head[1] == ASK && raw->index == 0)
    say_to_all (raw, from, ANSWER);
  else if (head[1] == ANSWER && raw->by_all)
    say_to_all (raw, raw->n - 1 != raw->index ? raw->n - 1 : 0, TOLD);
  /* The first tells all with its answer. */
  raw->told += head[1] != ASK;
  if (head[1] != ASK && raw->pings_left > 0 && raw->told == (raw->by_all ? raw->n - 1 : 1))
    on_all_told (raw);
}

void
raw_pinged (Raw *raw, Peer *peer)
{
  guint64 size = raw->options->size;
  for (; peer->received - peer->taken >= size; peer->taken += size)
    on_record (raw, (guint) (peer - raw->peers));
}

int
raw_wait (Raw *raw, struct epoll_event *events, int n_events)
{
  gint64 until_ns = bench_now_ns () + (gint64) raw->options->busy_poll_us * 1000;
  while (raw->options->busy_poll_us > 0)
    {
      int n = epoll_wait (raw->epoll, events, n_events, 0);
      if (n != 0 || bench_now_ns () >= until_ns)
        return n != 0 ? n : epoll_wait (raw->epoll, events, n_events, -1);
      sched_yield ();
    }
  return epoll_wait (raw->epoll, events, n_events, -1);
}
