/* tests/bench/raw.c: a bare peer: what the same sockets carry with no protocol, the denominator of all ratios.
 *
 * Each record is copied once from the application into a ring that all peers are written from; received bytes stay
 * where they were read to for a window of 1 MiB; the head of each record is checked, and so are one's own. Gathered
 * writes, large reads, one epoll. The rings are mapped twice in a row, so that no record is ever in two pieces.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "raw.h"
#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define WINDOW_BYTES (1024 * 1024)
/* Copied in before the sockets are tried again, and taken out at once. */
#define TURN_BYTES (256 * 1024)

void
raw_die (const char *what)
{
  g_print ("fail %s: %s\n", what, g_strerror (errno));
  exit (1);
}

void
raw_say (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  if (write (STDOUT_FILENO, line, strlen (line)) < 0)
    exit (1);
}

static guint8 *
ring_new (gsize len)
{
  int fd = memfd_create ("ring", MFD_CLOEXEC);
  if (fd < 0 || ftruncate (fd, (off_t) len) != 0)
    raw_die ("a ring");
  guint8 *at = mmap (NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED
      || mmap (at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED
      || mmap (at + len, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED)
    raw_die ("a ring");
  close (fd);
  return at;
}

/* ---- The mesh ---- */

static void
raw_listen (Raw *raw)
{
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof at;
  raw->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (raw->listener < 0 || bind (raw->listener, (struct sockaddr *) &at, len) != 0 || listen (raw->listener, 64) != 0
      || getsockname (raw->listener, (struct sockaddr *) &at, &len) != 0)
    raw_die ("listening");
  raw_say ("at %u", ntohs (at.sin_port));
}

static void
peer_begin (Raw *raw, guint i, int fd)
{
  int on = 1;
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = i };
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (fcntl (fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl (raw->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    raw_die ("a peer");
  raw->peers[i] = (Peer){ .fd = fd, .readable = TRUE, .writable = TRUE, .in = ring_new (raw->window) };
}

/* Dials those before it and lets in those behind; the first byte says who it is. */
static void
raw_meet (Raw *raw, char **ports)
{
  raw->n = g_strv_length (ports);
  for (guint i = 0; i < raw->index; i++)
    {
      struct sockaddr_in to = { .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                .sin_port = htons ((guint16) atoi (ports[i])) };
      guint8 who = (guint8) raw->index;
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0 || connect (fd, (struct sockaddr *) &to, sizeof to) != 0 || write (fd, &who, 1) != 1)
        raw_die ("dialing");
      peer_begin (raw, i, fd);
    }
  for (guint i = raw->index + 1; i < raw->n; i++)
    {
      guint8 who;
      int fd = accept4 (raw->listener, NULL, NULL, SOCK_CLOEXEC);
      if (fd < 0 || read (fd, &who, 1) != 1 || who >= raw->n)
        raw_die ("letting in");
      peer_begin (raw, who, fd);
    }
  raw_say ("in %u", raw->n);
}

/* ---- Sending ---- */

static guint64
raw_room (const Raw *raw)
{
  guint64 slowest = raw->copied;
  for (guint i = 0; i < raw->n; i++)
    if (i != raw->index)
      slowest = MIN (slowest, raw->peers[i].written);
  return raw->window - (raw->copied - slowest);
}

static void
raw_fill (Raw *raw)
{
  guint64 size = raw->options->size, room = raw_room (raw), turn = MAX (TURN_BYTES, size);
  for (; size <= room && size <= turn; room -= size, turn -= size)
    {
      guint64 head[2] = { raw->index, ++raw->sent };
      memcpy (raw->record, head, sizeof head);
      if (raw->verify.full)
        bench_payload_fill (raw->record, BENCH_TIMED_BYTES, size, raw->index, raw->sent);
      guint8 *at = raw->out + raw->copied % raw->window;
      memcpy (at, raw->record, size);
      raw->copied += size;
      if (!bench_verify (&raw->verify, at, size))
        raw_die ("a record of its own is wrong");
    }
}

static void
peer_write (Raw *raw, Peer *peer)
{
  while (peer->writable && peer->written < raw->copied)
    {
      gssize n = write (peer->fd, raw->out + peer->written % raw->window, raw->copied - peer->written);
      if (n < 0 && errno == EAGAIN)
        peer->writable = FALSE;
      else if (n < 0)
        raw_die ("writing");
      else
        peer->written += (guint64) n;
    }
}

/* ---- Receiving ---- */

static void
peer_take (Raw *raw, Peer *peer)
{
  guint64 size = raw->options->size;
  if (raw->pinging)
    {
      raw_pinged (raw, peer);
      return;
    }
  for (; peer->received - peer->taken >= size; peer->taken += size)
    if (!bench_verify (&raw->verify, peer->in + peer->taken % raw->window, size))
      {
        errno = EBADMSG;
        raw_die ("a record is wrong");
      }
}

/* TRUE if there may be more. */
static gboolean
peer_read (Raw *raw, Peer *peer)
{
  gsize room = MIN (raw->window - (peer->received - peer->taken), MAX (TURN_BYTES, raw->options->size));
  gssize n = read (peer->fd, peer->in + peer->received % raw->window, room);
  if (n < 0 && errno == EAGAIN)
    {
      peer->readable = FALSE;
      return FALSE;
    }
  if (n <= 0)
    exit (0); /* the others are being ended */
  peer->received += (guint64) n;
  peer_take (raw, peer);
  /* Less than asked for: there was no more. */
  peer->readable = (gsize) n == room;
  return peer->readable;
}

/* ---- What the parent says ---- */

static void
raw_drained (Raw *raw)
{
  if (!raw->draining)
    return;
  for (guint i = 0; i < raw->n; i++)
    if ((raw->verify.next[i] == 0 ? 0 : raw->verify.next[i] - 1) != raw->wanted[i])
      return;
  raw->draining = FALSE;
  raw_say ("done %016" G_GINT64_MODIFIER "x", bench_verify_hash (&raw->verify));
}

static void
raw_command (Raw *raw, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 0);
  if (g_str_equal (words[0], "peers"))
    raw_meet (raw, words + 1);
  else if (g_str_equal (words[0], "go"))
    raw->sending = raw->index < raw->options->senders;
  else if (g_str_equal (words[0], "mark"))
    raw_say ("mark %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " 0",
         bench_now_ns (), raw->verify.delivered, bench_cpu_us (), bench_rss_bytes ());
  else if (g_str_equal (words[0], "clear"))
    raw_say ("cleared"); /* no latency is measured beside the throughput */
  else if (g_str_equal (words[0], "stop"))
    {
      raw->sending = FALSE;
      raw_say ("sent %" G_GUINT64_FORMAT, raw->sent);
    }
  else if (g_str_equal (words[0], "drain"))
    {
      for (guint i = 0; i < raw->n && words[i + 1] != NULL; i++)
        raw->wanted[i] = g_ascii_strtoull (words[i + 1], NULL, 10);
      raw->draining = TRUE;
      raw_drained (raw);
    }
  else if (g_str_equal (words[0], "ping"))
    raw_begin_pings (raw, words[1], g_ascii_strtoull (words[2], NULL, 10));
  else if (g_str_equal (words[0], "hist"))
    {
      g_autofree char *text = bench_hist_write (g_str_equal (words[1], "one-way") ? &raw->one_way : &raw->round_trip);
      raw_say ("hist %s", text);
    }
}

static void
raw_listen_to_parent (Raw *raw)
{
  gssize n = read (STDIN_FILENO, raw->line + raw->line_len, sizeof raw->line - raw->line_len - 1);
  char *end;
  if (n <= 0)
    {
      raw->quit = TRUE;
      return;
    }
  raw->line_len += (gsize) n;
  while ((end = memchr (raw->line, '\n', raw->line_len)) != NULL)
    {
      gsize len = (gsize) (end - raw->line) + 1;
      *end = '\0';
      raw_command (raw, raw->line);
      memmove (raw->line, raw->line + len, raw->line_len - len);
      raw->line_len -= len;
    }
}

/* ---- The loop ---- */

static void
raw_turn (Raw *raw, gboolean busy)
{
  struct epoll_event events[BENCH_MAX_MEMBERS + 1];
  int n = busy ? epoll_wait (raw->epoll, events, G_N_ELEMENTS (events), 0)
               : raw_wait (raw, events, G_N_ELEMENTS (events));
  gboolean parent = FALSE;
  for (int i = 0; i < n; i++)
    if (events[i].data.u32 == G_MAXUINT32)
      parent = TRUE;
    else
      {
        Peer *peer = &raw->peers[events[i].data.u32];
        peer->readable |= (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
        peer->writable |= (events[i].events & EPOLLOUT) != 0;
      }
  if (parent)
    raw_listen_to_parent (raw);
}

int
bench_raw_main (const BenchOptions *options, guint index)
{
  Raw *raw = g_new0 (Raw, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.u32 = G_MAXUINT32 };
  raw->options = options;
  raw->index = index;
  raw->verify.size = options->size;
  raw->verify.full = g_str_equal (options->verify, "full");
  raw->window = MAX (options->window > 0 ? options->window : WINDOW_BYTES, 2 * options->size);
  raw->window = (raw->window + 65535) & ~(guint64) 65535;
  raw->out = ring_new (raw->window);
  raw->record = g_malloc0 (options->size + 8);
  raw->epoll = epoll_create1 (EPOLL_CLOEXEC);
  epoll_ctl (raw->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  raw_listen (raw);
  while (!raw->quit)
    {
      gboolean busy = FALSE;
      if (raw->sending)
        raw_fill (raw);
      for (guint i = 0; i < raw->n; i++)
        if (i != raw->index)
          {
            if (raw->pinging)
              raw_ping_on (raw, &raw->peers[i]);
            else
              peer_write (raw, &raw->peers[i]);
            if (raw->peers[i].readable)
              busy |= peer_read (raw, &raw->peers[i]);
          }
      raw_drained (raw);
      /* What has just been written has made room, and nothing else will wake it. */
      raw_turn (raw, busy || (raw->sending && raw_room (raw) >= options->size));
    }
  return 0;
}
