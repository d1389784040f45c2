/* tests/bench/member-send.c: a member's sending: as much as goes, at a rate, one at a time, or as requests of a lock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clock.h"
#include "member.h"

#include <glib-unix.h>
#include <math.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Often enough for the rate, and no oftener: at low rates the ticks are what is measured. */
#define TICK_NS 500000
#define SLOWEST_TICK_NS 100000000
/* Of a sender, at a rate. */
#define TIMED_A_SECOND 5000

/* Messages a second of each sender. */
static double
share_of_rate (const BenchOptions *o)
{
  gboolean view_change = g_str_equal (o->command, "view-change");
  return view_change ? (double) o->load / o->members : (double) o->rate / o->senders;
}

/* Messages a tick. */
static double
share_of_tick (const Member *m)
{
  return share_of_rate (m->options) * (double) m->tick_ns / 1e9;
}

/* When the next message at a rate is to be sent: at the end of the tick that it belongs to, however late that is come
 * to. */
static gint64
due_ns (const Member *m)
{
  return m->began_ns + (gint64) ceil ((double) (m->at_rate + 1) / share_of_tick (m)) * m->tick_ns;
}

/* FALSE if there is no room. */
static gboolean
send_next (Member *m)
{
  g_autoptr (GError) error = NULL;
  guint64 head[3] = { m->index, m->sent + 1, 0 };
  gboolean timed = head[1] % m->stride == 0;
  gsize size = m->options->size;
  if (m->verify.full)
    bench_payload_fill (m->record, BENCH_TIMED_BYTES, size, head[0], head[1]);
  if (timed)
    head[2] = (guint64) bench_now_ns ();
  memcpy (m->record, head, MIN (size, sizeof head));
  if (!tyet_group_send (m->group, m->service, m->record, size, &error))
    {
      if (g_error_matches (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
        return FALSE;
      member_fail ("sending: %s", error->message);
    }
  m->sent++;
  if (timed)
    m->times[m->sent / m->stride % MEMBER_TIMES] = (gint64) head[2];
  if (timed && m->dues != NULL)
    m->dues[m->sent / m->stride % MEMBER_TIMES] = due_ns (m);
  return TRUE;
}

/* If some member has had no processor for long, there is no room; then it goes when there is. */
void
member_send_one (Member *m)
{
  m->one_waits = !send_next (m);
}

static void
pump (Member *m)
{
  while (m->sending && send_next (m))
    ;
  if (!m->sending)
    return;
  m->full_at = m->sent;
  if (m->tell_full)
    member_say ("full %" G_GUINT64_FORMAT, m->sent);
  m->tell_full = FALSE;
}

static void
on_writable (TyetGroup *group, gpointer user_data)
{
  Member *m = user_data;
  m->full_at = 0;
  if (m->one_waits)
    member_send_one (m);
  else if (m->timer < 0 && !m->single)
    pump (m);
}

static gboolean
on_tick (int fd, GIOCondition condition, gpointer user_data)
{
  Member *m = user_data;
  guint64 ticks;
  if (read (fd, &ticks, sizeof ticks) != sizeof ticks || !m->sending)
    return G_SOURCE_CONTINUE;
  m->ticks += ticks;
  for (; (double) (m->at_rate + 1) <= (double) m->ticks * share_of_tick (m) && send_next (m); m->at_rate++)
    ;
  return G_SOURCE_CONTINUE;
}

static void
begin_ticking (Member *m)
{
  if (m->timer >= 0)
    return;
  m->tick_ns = (gint64) CLAMP (0.5e9 / share_of_rate (m->options), TICK_NS, SLOWEST_TICK_NS);
  struct itimerspec every = { .it_interval.tv_nsec = m->tick_ns, .it_value.tv_nsec = m->tick_ns };
  m->timer = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (m->options->rate > 0)
    m->dues = g_new0 (gint64, MEMBER_TIMES);
  m->began_ns = bench_now_ns ();
  timerfd_settime (m->timer, 0, &every, NULL);
  g_unix_fd_add (m->timer, G_IO_IN, on_tick, m);
}

/* Two looks at the clock cost as much as a small message itself: at high rates not every message has them. */
static guint
stride_at (double rate)
{
  return (guint) CLAMP (rate / TIMED_A_SECOND, 1, MEMBER_STRIDE);
}

void
member_begin_sending (Member *m)
{
  const BenchOptions *o = m->options;
  m->single = g_str_equal (o->command, "latency") || g_str_equal (o->command, "locks");
  m->record = g_malloc0 (MAX (o->size, BENCH_TIMED_BYTES) + 8);
  m->stride = m->single ? 1 : o->rate > 0 ? stride_at (share_of_rate (o)) : o->size >= 8192 ? 4 : MEMBER_STRIDE;
  m->times = g_new0 (gint64, MEMBER_TIMES);
  m->timer = -1;
  g_signal_connect (m->group, "writable", G_CALLBACK (on_writable), m);
}

void
member_go (Member *m)
{
  const BenchOptions *o = m->options;
  m->sending = TRUE;
  if (g_str_equal (o->command, "locks"))
    {
      m->sending = g_str_equal (o->who, "all") || m->index == o->from;
      if (m->sending)
        member_send_one (m);
    }
  else if (g_str_equal (o->command, "view-change") || o->rate > 0)
    {
      m->sending = g_str_equal (o->command, "view-change") ? o->load > 0 : m->index < o->senders;
      if (m->sending)
        begin_ticking (m);
    }
  else
    {
      m->sending = m->index < o->senders;
      pump (m);
    }
}

/* ---- One's own message is back ---- */

static gboolean
on_gap_over (gpointer user_data)
{
  member_send_one (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_ping_back (Member *m)
{
  if (m->pings_left == 0)
    return;
  if (--m->pings_left == 0)
    member_say ("pinged");
  else if (m->options->gap_ms >= 1)
    g_timeout_add ((guint) m->options->gap_ms, on_gap_over, m);
  else
    member_send_one (m);
}

void
member_on_own (Member *m, guint64 number, gint64 now_ns)
{
  if (number % m->stride == 0)
    {
      guint64 at = number / m->stride % MEMBER_TIMES;
      bench_hist_add (&m->latency, (guint64) (now_ns - m->times[at]));
      if (m->dues != NULL)
        bench_hist_add (&m->from_due, (guint64) MAX (now_ns - m->dues[at], 0));
    }
  if (m->pings_left > 0)
    on_ping_back (m);
  else if (m->sending && g_str_equal (m->options->command, "locks"))
    {
      m->locks++;
      member_send_one (m);
    }
}
