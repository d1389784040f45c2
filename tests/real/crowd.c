/* tests/real/crowd.c: a crowd of strangers at a port: thousands of connections that say nothing, say nonsense, or begin
 * to shake hands and never end it.
 *
 *    crowd [--plain] [--one-host] PORT COUNT
 *
 * Connects COUNT times to 127.0.0.1:PORT, from addresses 127.0.0.2 and up (--one-host: all from 127.0.0.1), and says
 * "N" on a line whenever a thousand more have been let in by the kernel.  Who is thrown out comes again, until the end
 * of standard input: the crowd stays as large as it was.  At the end: "N let in, N thrown out".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/noise.h"
#include "transport/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* How many connections are begun at once, and to how many hosts the crowd belongs. */
#define AT_ONCE 100
#define HOSTS 100
#define STEP 1000

typedef enum
{
  SILENT,
  NONSENSE, /* of another protocol */
  DRIBBLES, /* a hello, a byte at a time */
  HELLO,    /* and no more */
  BEGINS,   /* all of the handshake that somebody can do who does not know the secret */
  CHATTERS, /* random bytes after a hello, without end */
  N_WAYS
} Way;

typedef struct
{
  int fd; /* -1: none */
  Way way;
  gboolean connected;
  guint said;
  guint8 hellos[2 * TY_HELLO_BYTES];
  guint heard;
  gboolean begun;
} Stranger;

static gboolean plain_arg, one_host_arg;
static GOptionEntry options[] = {
  { "plain", 0, 0, G_OPTION_ARG_NONE, &plain_arg, "Hellos of connections that are not sealed", NULL },
  { "one-host", 0, 0, G_OPTION_ARG_NONE, &one_host_arg, "All from one address", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static int epoll_fd;
static guint16 port;
static guint64 let_in, thrown_out, beginning;
static GQueue outside; /* of Stranger without a connection */

static void
draw (gpointer out, gsize len_bytes)
{
  if (getrandom (out, len_bytes, 0) != (gssize) len_bytes)
    exit (3);
}

static void
leave (Stranger *s)
{
  beginning -= s->connected ? 0 : 1;
  thrown_out += s->connected ? 1 : 0;
  close (s->fd);
  s->fd = -1;
  g_queue_push_tail (&outside, s);
}

static void
come (Stranger *s, guint i)
{
  struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET, .sin_port = htons (port) };
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.ptr = s };
  int on = 1;
  *s = (Stranger){ .fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .way = i % N_WAYS };
  if (s->fd < 0)
    {
      fprintf (stderr, "crowd: %s\n", g_strerror (errno));
      exit (3);
    }
  from.sin_addr.s_addr = htonl (INADDR_LOOPBACK + (one_host_arg ? 0 : 1 + i % HOSTS));
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  setsockopt (s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind (s->fd, (const struct sockaddr *) &from, sizeof from) != 0)
    exit (3);
  beginning++;
  if (connect (s->fd, (const struct sockaddr *) &to, sizeof to) != 0 && errno != EINPROGRESS)
    leave (s);
  else
    epoll_ctl (epoll_fd, EPOLL_CTL_ADD, s->fd, &event);
}

static gboolean
say (Stranger *s, gconstpointer data, gsize len_bytes)
{
  return send (s->fd, data, len_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) == (gssize) len_bytes;
}

static void
make_hello (Stranger *s)
{
  TyHello hello = { .version = TY_WIRE_VERSION, .sealing = plain_arg ? TY_SEALING_NONE : TY_SEALING_NOISE };
  draw (&hello.pid, sizeof hello.pid);
  ty_hello_write (&hello, s->hellos);
}

/* The first message, as good as anybody's: it costs the other end what a handshake costs before the secret matters. */
static void
begin (Stranger *s)
{
  guint8 secret[TY_NOISE_KEY_BYTES], ephemeral[TY_NOISE_KEY_BYTES], psk[TY_NOISE_KEY_BYTES];
  g_autoptr (GByteArray) message = g_byte_array_new ();
  draw (secret, sizeof secret);
  draw (ephemeral, sizeof ephemeral);
  draw (psk, sizeof psk);
  TyNoise *noise = ty_noise_new (&(TyNoiseConfig){
      .pattern = TY_NOISE_XX_PSK3,
      .initiator = TRUE,
      .prologue = s->hellos,
      .prologue_bytes = sizeof s->hellos,
      .secret = secret,
      .ephemeral = ephemeral,
      .psk = psk,
  });
  if (ty_noise_write (noise, NULL, 0, message))
    say (s, message->data, message->len);
  ty_noise_free (noise);
  s->begun = TRUE;
}

/* There is room to say something, once. */
static void
speak (Stranger *s)
{
  static const char nonsense[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
  guint8 noise[512];
  if (s->way != SILENT && s->said == 0)
    make_hello (s);
  if (s->way == NONSENSE && s->said == 0)
    say (s, nonsense, sizeof nonsense - 1);
  else if (s->way == DRIBBLES && s->said < TY_HELLO_BYTES - 1)
    say (s, s->hellos + s->said, 1);
  else if (s->way >= HELLO && s->said == 0)
    say (s, s->hellos, TY_HELLO_BYTES);
  else if (s->way == CHATTERS)
    {
      draw (noise, sizeof noise);
      say (s, noise, sizeof noise);
    }
  s->said++;
}

static void
listen_to (Stranger *s)
{
  guint8 bytes[4096];
  gssize n = recv (s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN))
    {
      leave (s);
      return;
    }
  for (gssize i = 0; i < n && s->heard < TY_HELLO_BYTES; i++)
    s->hellos[TY_HELLO_BYTES + s->heard++] = bytes[i];
  if (s->way == BEGINS && s->heard == TY_HELLO_BYTES && !s->begun)
    begin (s);
}

static void
on_event (Stranger *s, guint32 events)
{
  struct epoll_event next = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = s };
  if (!s->connected && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0)
    {
      s->connected = TRUE;
      beginning--;
      if (++let_in % STEP == 0)
        printf ("%" G_GUINT64_FORMAT "\n", let_in);
    }
  if (s->connected && (events & EPOLLOUT) != 0)
    {
      speak (s);
      gboolean more = s->way == CHATTERS || (s->way == DRIBBLES && s->said < TY_HELLO_BYTES);
      next.events |= more ? EPOLLOUT : 0;
      epoll_ctl (epoll_fd, EPOLL_CTL_MOD, s->fd, &next);
    }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    listen_to (s);
}

/* FALSE: standard input has ended. */
static gboolean
turn (Stranger *crowd)
{
  struct epoll_event events[64];
  while (beginning < AT_ONCE && !g_queue_is_empty (&outside))
    {
      Stranger *s = g_queue_pop_head (&outside);
      come (s, (guint) (s - crowd));
    }
  int n = epoll_wait (epoll_fd, events, G_N_ELEMENTS (events), -1);
  for (int i = 0; i < n; i++)
    {
      if (events[i].data.ptr == NULL)
        return FALSE;
      on_event (events[i].data.ptr, events[i].events);
    }
  fflush (stdout);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("PORT COUNT");
  struct rlimit files;
  struct epoll_event input = { .events = EPOLLIN | EPOLLHUP };
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc != 3)
    return 2;
  port = (guint16) atoi (argv[1]);
  guint count = (guint) atoi (argv[2]);
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  if (files.rlim_cur < count + 16)
    {
      fprintf (stderr, "crowd: %u connections are more than this process may have\n", count);
      return 2;
    }
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &input);
  g_autofree Stranger *crowd = g_new0 (Stranger, count);
  for (guint i = 0; i < count; i++)
    g_queue_push_tail (&outside, &crowd[i]);
  while (turn (crowd))
    ;
  printf ("%" G_GUINT64_FORMAT " let in, %" G_GUINT64_FORMAT " thrown out\n", let_in, thrown_out);
  return 0;
}
