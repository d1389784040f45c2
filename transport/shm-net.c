/* transport/shm-net.c: shared memory between processes of one machine and one user, as sockets see it: how two come by
 * it.  See shm-ring.h for the memory, shm-hub.c for what is agreed on, shm-link.c for what passes through it.
 *
 * A process that listens has a *place* besides, a Unix socket in the abstract namespace, where it can be asked.  Who
 * asks makes the memory and passes its descriptors there in one message, which is answered by one byte, or by the end:
 *
 *   offset  size  field
 *   0       8     "tyetshm1"
 *   8       8     bytes of a ring, little-endian
 *   16      16    incarnation of who asks
 *   32      32    proof (shm-hub.c)
 *           3     descriptors: memory, the bell of who asks, the bell of who is asked
 *
 * Both ends ask the kernel whether the other is of the same user, before either says or reads anything.  Namespaces of
 * the network keep places apart, as they do machines; whatever fails, the connection goes on as it is.
 *
 * TYET_SHM=0 in the environment: there is none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "transport/shm-private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_BYTES (512 * 1024)
#define PLACE_PREFIX "tyet-shm-"
#define BACKLOG 64
/* Who has come to a place and not said what for; the oldest makes room. */
#define MAX_CALLERS 16
#define MESSAGE_BYTES 64

static const guint8 magic[8] = "tyetshm1";

/* ---- Callers ---- */

void
ty_shm_caller_done (TyShmCaller *caller)
{
  if (caller->fd < 0)
    return;
  close (caller->fd);
  caller->fd = -1;
  if (caller->link != NULL)
    caller->link->shm->caller = NULL;
  caller->link = NULL;
  caller->sockets->shm->any_done = TRUE;
}

static TyShmCaller *
caller_new (TySockets *sockets, int fd, TyLink *link)
{
  TyShmCaller *caller = g_new0 (TyShmCaller, 1);
  *caller = (TyShmCaller){ .kind = TY_ENTRY_SHM_CALLER, .sockets = sockets, .fd = fd, .link = link };
  g_ptr_array_add (sockets->shm->callers, caller);
  ty_sockets_watch (sockets, fd, caller, EPOLLIN, TRUE);
  return caller;
}

void
ty_shm_callers_free (TyShmNet *net)
{
  guint n = 0;
  net->any_done = FALSE;
  for (guint i = 0; i < net->callers->len; i++)
    {
      TyShmCaller *caller = g_ptr_array_index (net->callers, i);
      if (caller->fd < 0)
        g_free (caller);
      else
        g_ptr_array_index (net->callers, n++) = caller;
    }
  g_ptr_array_set_size (net->callers, (gint) n);
}

/* ---- The place ---- */

static gboolean
within_machine (TyLink *link)
{
  return !ty_socket_ops.from_afar (link);
}

gboolean
ty_shm_place (TyLink *link, char place[TY_SHM_PLACE_BYTES])
{
  TyShmNet *net = link->sockets->shm;
  if (net == NULL || net->fd < 0 || !within_machine (link))
    return FALSE;
  memcpy (place, net->place, TY_SHM_PLACE_BYTES);
  return TRUE;
}

/* ---- Asking ---- */

static socklen_t
place_address (const char *place, struct sockaddr_un *out)
{
  gsize n = strlen (place);
  *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
  g_assert (n + 1 < sizeof out->sun_path);
  memcpy (out->sun_path + 1, place, n);
  return (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + 1 + n);
}

static void
put_message (guint8 out[MESSAGE_BYTES], gsize ring_bytes, const TyShmAsk *ask)
{
  memcpy (out, magic, sizeof magic);
  for (guint i = 0; i < 8; i++)
    out[8 + i] = (guint8) ((guint64) ring_bytes >> (8 * i));
  memcpy (out + 16, ask->pid.b, sizeof ask->pid.b);
  memcpy (out + 32, ask->proof, sizeof ask->proof);
}

static gboolean
get_message (const guint8 message[MESSAGE_BYTES], gsize *ring_bytes, TyShmAsk *ask)
{
  *ring_bytes = 0;
  for (guint i = 0; i < 8; i++)
    *ring_bytes |= (gsize) message[8 + i] << (8 * i);
  memcpy (ask->pid.b, message + 16, sizeof ask->pid.b);
  memcpy (ask->proof, message + 32, sizeof ask->proof);
  return memcmp (message, magic, sizeof magic) == 0 && *ring_bytes <= TY_SHM_MAX_BYTES;
}

/* Room for the descriptors, as sendmsg () and recvmsg () want it. */
typedef union
{
  struct cmsghdr head;
  char room[CMSG_SPACE (TY_SHM_N_FDS * sizeof (int))];
} Passed;

static gboolean
pass (int fd, const guint8 message[MESSAGE_BYTES], const int fds[TY_SHM_N_FDS])
{
  Passed passed = { 0 };
  struct iovec part = { (void *) message, MESSAGE_BYTES };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = passed.room };
  header.msg_controllen = sizeof passed.room;
  struct cmsghdr *head = CMSG_FIRSTHDR (&header);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN (TY_SHM_N_FDS * sizeof (int));
  memcpy (CMSG_DATA (head), fds, TY_SHM_N_FDS * sizeof (int));
  return sendmsg (fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == MESSAGE_BYTES;
}

/* At a place, where a process of the same user listens: or -1. */
static int
call_at (const char *place)
{
  struct sockaddr_un address;
  socklen_t len = place_address (place, &address);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect (fd, (const struct sockaddr *) &address, len) == 0 && ty_socket_same_user (fd))
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

gboolean
ty_shm_ask (TyLink *link, const char *place, const TyShmAsk *ask)
{
  TyShmNet *net = link->sockets->shm;
  g_autoptr (GError) error = NULL;
  guint8 message[MESSAGE_BYTES];
  int fds[TY_SHM_N_FDS];
  if (net == NULL || link->shm != NULL || !g_str_has_prefix (place, PLACE_PREFIX) || !within_machine (link))
    return FALSE;
  int fd = call_at (place);
  if (fd < 0)
    {
      g_debug ("no shared memory: nobody of this user is at \"%s\" on this machine", place);
      return FALSE;
    }
  TyShm *ring = ty_shm_new (net->ring_bytes, fds, &error);
  if (ring == NULL)
    g_debug ("no shared memory: %s", error->message);
  put_message (message, net->ring_bytes, ask);
  gboolean good = ring != NULL && pass (fd, message, fds);
  if (ring != NULL)
    close (fds[TY_SHM_MEMORY]);
  if (!good)
    {
      g_clear_pointer (&ring, ty_shm_free);
      close (fd);
      return FALSE;
    }
  ty_shm_attach (link, ring)->caller = caller_new (link->sockets, fd, link);
  return TRUE;
}

/* The answer. What is still to come by the connection decides: an answer says only whether to wait for it. */
static void
on_answer (TyShmCaller *caller)
{
  TyShmLink *shm = caller->link->shm;
  char byte = 0;
  gssize n = recv (caller->fd, &byte, 1, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  ty_shm_caller_done (caller);
  if (n == 1 && byte == 'y')
    return;
  g_debug ("no shared memory: the other process did not take it");
  if (!shm->read && !shm->write)
    ty_shm_let_go (shm);
}

/* ---- Being asked ---- */

/* How many descriptors came; those that are too many are closed. */
static guint
take_descriptors (struct msghdr *header, int fds[TY_SHM_N_FDS])
{
  guint n = 0;
  for (struct cmsghdr *head = CMSG_FIRSTHDR (header); head != NULL; head = CMSG_NXTHDR (header, head))
    {
      if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        continue;
      gsize count = (head->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (gsize i = 0; i < count; i++)
        {
          int fd;
          memcpy (&fd, CMSG_DATA (head) + i * sizeof fd, sizeof fd);
          if (n < TY_SHM_N_FDS)
            fds[n++] = fd;
          else
            close (fd);
        }
    }
  return n;
}

static gboolean
accept_ring (TySockets *sockets, const guint8 *message, const int fds[TY_SHM_N_FDS], int answer_to)
{
  g_autoptr (GError) error = NULL;
  TyShmAsk ask;
  gsize ring_bytes;
  TyLink *link = get_message (message, &ring_bytes, &ask) ? ty_hub_shm_asked (sockets->hub, &ask) : NULL;
  gboolean good = link != NULL && link->state == TY_SOCKET_OPEN && !link->outcome_due && link->shm == NULL;
  if (!good)
    {
      for (guint i = 0; i < TY_SHM_N_FDS; i++)
        close (fds[i]);
      return FALSE;
    }
  TyShm *ring = ty_shm_open (ring_bytes, fds, &error);
  if (ring == NULL)
    {
      g_debug ("no shared memory: %s", error->message);
      return FALSE;
    }
  if (send (answer_to, "y", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
    {
      ty_shm_free (ring);
      return FALSE;
    }
  ty_shm_attach (link, ring);
  ty_hub_on_shm (sockets->hub, link);
  return TRUE;
}

static void
on_asked (TyShmCaller *caller)
{
  guint8 message[MESSAGE_BYTES];
  Passed passed = { 0 };
  struct iovec part = { message, sizeof message };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = passed.room };
  int fds[TY_SHM_N_FDS];
  header.msg_controllen = sizeof passed.room;
  gssize n = recvmsg (caller->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  guint n_fds = n >= 0 ? take_descriptors (&header, fds) : 0;
  gboolean whole = n == MESSAGE_BYTES && n_fds == TY_SHM_N_FDS && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  if (whole)
    accept_ring (caller->sockets, message, fds, caller->fd);
  for (guint i = 0; i < n_fds && !whole; i++)
    close (fds[i]);
  ty_shm_caller_done (caller);
}

static void
make_room (TyShmNet *net)
{
  guint waiting = 0;
  TyShmCaller *oldest = NULL;
  for (guint i = 0; i < net->callers->len; i++)
    {
      TyShmCaller *caller = g_ptr_array_index (net->callers, i);
      if (caller->fd < 0 || caller->link != NULL)
        continue;
      waiting++;
      oldest = oldest != NULL ? oldest : caller;
    }
  if (waiting >= MAX_CALLERS)
    ty_shm_caller_done (oldest);
}

/* Watched for edges: a descriptor that cannot be had is not waited for. Who asked then stays with its connection. */
static void
on_place (TyShmNet *net)
{
  for (guint i = 0; i < 2 * BACKLOG; i++)
    {
      int fd = accept4 (net->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
        continue;
      if (fd < 0)
        return;
      if (!ty_socket_same_user (fd))
        {
          g_debug ("no shared memory for a process of another user");
          close (fd);
          continue;
        }
      make_room (net);
      on_asked (caller_new (net->sockets, fd, NULL));
    }
}

void
ty_shm_net_on_ready (gpointer entry)
{
  TyEntryKind kind = *(TyEntryKind *) entry;
  TyShmCaller *caller = entry;
  if (kind == TY_ENTRY_SHM_PLACE)
    on_place (entry);
  else if (kind == TY_ENTRY_SHM_CALLER && caller->fd >= 0 && caller->link != NULL)
    on_answer (caller);
  else if (kind == TY_ENTRY_SHM_CALLER && caller->fd >= 0)
    on_asked (caller);
  /* A bell: what it rings for is looked at in each turn. */
}

/* ---- Making ---- */

void
ty_shm_net_listen (TySockets *sockets)
{
  TyShmNet *net = sockets->shm;
  struct sockaddr_un address;
  guint64 drawn[2];
  if (net == NULL || net->fd >= 0)
    return;
  if (getrandom (drawn, sizeof drawn, 0) != sizeof drawn)
    return;
  g_snprintf (net->place, sizeof net->place, PLACE_PREFIX "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
              drawn[0], drawn[1]);
  socklen_t len = place_address (net->place, &address);
  net->fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (net->fd >= 0 && bind (net->fd, (const struct sockaddr *) &address, len) == 0 && listen (net->fd, BACKLOG) == 0)
    {
      ty_sockets_watch (sockets, net->fd, net, EPOLLIN | EPOLLET, TRUE);
      return;
    }
  g_debug ("no shared memory: %s", g_strerror (errno));
  if (net->fd >= 0)
    close (net->fd);
  net->fd = -1;
}

TyShmNet *
ty_shm_net_new (TySockets *sockets)
{
  if (g_strcmp0 (g_getenv ("TYET_SHM"), "0") == 0)
    return NULL;
  TyShmNet *net = g_new0 (TyShmNet, 1);
  *net = (TyShmNet){ .kind = TY_ENTRY_SHM_PLACE, .sockets = sockets, .fd = -1 };
  net->ring_bytes = DEFAULT_BYTES;
  net->callers = g_ptr_array_new ();
  return net;
}

void
ty_sockets_set_shm (TySockets *sockets, gsize ring_bytes)
{
  TyShmNet *net = sockets->shm;
  if (net == NULL)
    return;
  g_assert (net->fd < 0 && net->n_rings == 0);
  net->ring_bytes = TY_SHM_MIN_BYTES;
  while (net->ring_bytes < ring_bytes && net->ring_bytes < TY_SHM_MAX_BYTES)
    net->ring_bytes *= 2;
  if (ring_bytes == 0)
    g_clear_pointer (&sockets->shm, ty_shm_net_free);
}

void
ty_shm_net_free (TyShmNet *net)
{
  if (net == NULL)
    return;
  g_assert (net->n_rings == 0);
  for (guint i = 0; i < net->callers->len; i++)
    ty_shm_caller_done (g_ptr_array_index (net->callers, i));
  ty_shm_callers_free (net);
  g_ptr_array_unref (net->callers);
  if (net->fd >= 0)
    close (net->fd);
  g_free (net);
}
