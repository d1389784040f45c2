/* transport/socket.c: connections over real sockets.  See socket.h; listening is in listen.c.
 *
 * Everything is told to the hub from ty_sockets_dispatch (): what comes to be known elsewhere (a connect () that
 * fails at once, a name that is not found) waits in a list until then.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/socket-private.h"
#include "core/tyet-error.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

/* Events and reads of one dispatch. The loop belongs to others too. */
#define EVENTS 64
#define READS_PER_LINK 4
/* What the kernel may hold unsent, so that control need not wait behind more data than that (N2). */
#define UNSENT_BYTES (512 * 1024)

/* ---- Links ---- */

void
ty_sockets_watch (TySockets *sockets, int fd, gpointer entry, guint32 events, gboolean is_new)
{
  struct epoll_event event = { .events = events, .data.ptr = entry };
  if (epoll_ctl (sockets->epoll_fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0)
    g_error ("epoll_ctl: %s", g_strerror (errno));
}

/* Watches for what is wanted now. */
static void
link_watch (TyLink *link)
{
  guint32 events = 0;
  if (link->state == TY_SOCKET_CONNECTING)
    events = EPOLLOUT;
  else if (link->state == TY_SOCKET_OPEN)
    events = (link->reading ? EPOLLIN : 0) | (link->hangup_told ? 0 : EPOLLRDHUP) | (link->watch_write ? EPOLLOUT : 0);
  if (events == link->interest || link->fd < 0)
    return;
  link->interest = events;
  ty_sockets_watch (link->sockets, link->fd, link, events, FALSE);
}

TyLink *
ty_socket_link_new (TySockets *sockets, int fd, TySocketState state)
{
  TyLink *link = g_new0 (TyLink, 1);
  link->kind = TY_ENTRY_LINK;
  link->sockets = sockets;
  link->fd = fd;
  link->state = state;
  link->reading = TRUE;
  g_ptr_array_add (sockets->links, link);
  if (fd >= 0)
    {
      link->interest = EPOLLIN | EPOLLRDHUP;
      ty_sockets_watch (sockets, fd, link, link->interest, TRUE);
      link_watch (link);
    }
  return link;
}

static void
link_free (gpointer data)
{
  TyLink *link = data;
  g_assert (link->fd < 0);
  ty_address_clear (&link->address);
  g_clear_pointer (&link->candidates, g_array_unref);
  g_free (link->text);
  g_free (link->shm);
  g_free (link);
}

void
ty_socket_link_close_fd (TyLink *link)
{
  if (link->fd >= 0)
    close (link->fd);
  link->fd = -1;
  link->interest = 0;
}

static void
link_ended (TyLink *link)
{
  link->state = TY_SOCKET_ENDED;
  link->sockets->ended_any = TRUE;
  ty_shm_link_ended (link);
  ty_socket_link_close_fd (link);
  if (link->lookup != NULL)
    {
      link->lookup->link = NULL;
      g_cancellable_cancel (link->lookup->cancellable);
      link->lookup = NULL;
    }
  if (link->outcome_due)
    g_ptr_array_remove (link->sockets->due, link);
  link->outcome_due = FALSE;
}

/* To be told to the hub soon. */
void
ty_socket_link_due (TyLink *link)
{
  TySockets *sockets = link->sockets;
  if (link->outcome_due)
    return;
  link->outcome_due = TRUE;
  g_ptr_array_add (sockets->due, link);
  sockets->wake (sockets->wake_data);
}

void
ty_socket_link_fail (TyLink *link, TyLinkEnd end, const char *text)
{
  link->failed = TRUE;
  link->end = end;
  g_free (link->text);
  link->text = g_strdup (text);
  ty_socket_link_due (link);
}

gboolean
ty_socket_same_user (int fd)
{
  int domain = 0;
  struct ucred other;
  socklen_t len = sizeof domain, other_len = sizeof other;
  if (getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0)
    return FALSE;
  return domain != AF_UNIX
         || (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &other, &other_len) == 0 && other.uid == geteuid ());
}

void
ty_socket_tune (int fd, gboolean is_unix)
{
  int on = 1, unsent = UNSENT_BYTES;
  if (is_unix)
    return;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

/* ---- The other calls of a net ---- */

static gssize
socket_writev (TyLink *link, const struct iovec *parts, guint n_parts)
{
  gsize all = 0;
  struct msghdr message = { .msg_iov = (struct iovec *) parts, .msg_iovlen = n_parts };
  g_assert (link->state == TY_SOCKET_OPEN);
  if (link->outcome_due)
    return -1;
  if (ty_shm_link_writes (link))
    return ty_shm_link_writev (link, parts, n_parts);
  for (guint i = 0; i < n_parts; i++)
    all += parts[i].iov_len;
  gssize n;
  do
    n = sendmsg (link->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
    {
      ty_socket_link_fail (link, TY_LINK_RESET, g_strerror (errno));
      return -1;
    }
  n = MAX (n, 0);
  if ((gsize) n < all)
    {
      link->want_write = link->watch_write = TRUE;
      link_watch (link);
    }
  return n;
}

static void
socket_set_reading (TyLink *link, gboolean reading)
{
  link->reading = reading;
  link_watch (link);
}

/* Closing with bytes unread makes the kernel throw away what the other end has not read either: a few are read first.
 * */
static void
drain (int fd)
{
  char scratch[4096];
  shutdown (fd, SHUT_WR);
  for (guint i = 0; i < 256 && recv (fd, scratch, sizeof scratch, MSG_DONTWAIT) > 0; i++)
    ;
}

static void
socket_close (TyLink *link)
{
  g_assert (link->state != TY_SOCKET_ENDED);
  if (link->state == TY_SOCKET_OPEN)
    drain (link->fd);
  link_ended (link);
}

static GInetAddress *
end_of (TyLink *link, int (*get) (int, struct sockaddr *, socklen_t *))
{
  struct sockaddr_storage at;
  socklen_t len = sizeof at;
  if (get (link->fd, (struct sockaddr *) &at, &len) != 0)
    return NULL;
  g_autoptr (GSocketAddress) address = g_socket_address_new_from_native (&at, len);
  return G_IS_INET_SOCKET_ADDRESS (address)
             ? g_object_ref (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)))
             : NULL;
}

/* A connection within a machine has the same host at both ends. */
static gboolean
socket_from_afar (TyLink *link)
{
  g_autoptr (GInetAddress) here = end_of (link, getsockname);
  g_autoptr (GInetAddress) there = end_of (link, getpeername);
  return here != NULL && there != NULL && !g_inet_address_equal (here, there);
}

/* An IPv6 host has a whole net of /64 to itself. */
static gboolean
socket_origin (TyLink *link, guint8 out[TY_ORIGIN_BYTES])
{
  g_autoptr (GInetAddress) there = end_of (link, getpeername);
  if (there == NULL)
    return FALSE;
  gsize n = g_inet_address_get_native_size (there);
  memset (out, 0, TY_ORIGIN_BYTES);
  memcpy (out, g_inet_address_to_bytes (there), n == TY_ORIGIN_BYTES ? 8 : n);
  return TRUE;
}

static void
socket_set_user (TyLink *link, gpointer user)
{
  link->user = user;
}

static gpointer
socket_get_user (TyLink *link)
{
  return link->user;
}

const TyNetOps ty_socket_ops = {
  .dial = ty_socket_dial,
  .writev = socket_writev,
  .set_reading = socket_set_reading,
  .close = socket_close,
  .from_afar = socket_from_afar,
  .origin = socket_origin,
  .set_user = socket_set_user,
  .get_user = socket_get_user,
  .shm_place = ty_shm_place,
  .shm_ask = ty_shm_ask,
  .shm_write = ty_shm_write,
  .shm_read = ty_shm_link_start_reading,
};

/* ---- What happens ---- */

void
ty_socket_tell_ended (TyLink *link, TyLinkEnd end, const char *text)
{
  link_ended (link);
  ty_hub_on_ended (link->sockets->hub, link, end, text);
}

static void
on_connected (TyLink *link)
{
  int error = 0;
  socklen_t len = sizeof error;
  getsockopt (link->fd, SOL_SOCKET, SO_ERROR, &error, &len);
  if (error != 0)
    {
      ty_socket_note_failure (link, error);
      ty_socket_link_close_fd (link);
      ty_socket_connect_next (link);
      return;
    }
  if (!ty_socket_same_user (link->fd))
    {
      ty_socket_tell_ended (link, TY_LINK_BAD_ADDRESS, "that Unix socket belongs to a process of another user");
      return;
    }
  link->failed = FALSE;
  link->state = TY_SOCKET_OPEN;
  link_watch (link);
  ty_hub_on_dialed (link->sockets->hub, link);
}

/* Reads until there is no more, or enough for one turn. */
static void
read_some (TyLink *link)
{
  TyHub *hub = link->sockets->hub;
  if (ty_shm_link_reads (link))
    {
      ty_shm_link_read (link, TRUE);
      return;
    }
  for (guint i = 0; i < READS_PER_LINK && link->state == TY_SOCKET_OPEN && link->reading; i++)
    {
      gsize room;
      guint8 *to = ty_hub_room (hub, link, &room);
      gssize n = recv (link->fd, to, room, MSG_DONTWAIT);
      if (n > 0)
        ty_hub_on_read (hub, link, (gsize) n);
      else if (n == 0)
        ty_socket_tell_ended (link, TY_LINK_EOF, NULL);
      else if (errno != EAGAIN && errno != EINTR)
        ty_socket_tell_ended (link, TY_LINK_RESET, g_strerror (errno));
      if (n <= 0 || (gsize) n < room || ty_shm_link_reads (link))
        return;
    }
}

static void
on_ready (TyLink *link, guint32 events)
{
  TyHub *hub = link->sockets->hub;
  if (link->state == TY_SOCKET_CONNECTING)
    {
      on_connected (link);
      return;
    }
  if (link->state != TY_SOCKET_OPEN || link->outcome_due)
    return;
  gboolean over = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if ((events & EPOLLIN) != 0 || (over && link->reading))
    {
      read_some (link);
      /* A short read does not tell the end: what follows the last byte does. */
      if (over && link->state == TY_SOCKET_OPEN)
        read_some (link);
    }
  if (over && link->state == TY_SOCKET_OPEN && !link->hangup_told)
    {
      /* More is unread than one turn takes: the end is known ahead of it (N3). */
      link->hangup_told = TRUE;
      link_watch (link);
      ty_hub_on_hangup (hub, link);
    }
  if ((events & EPOLLOUT) != 0 && link->state == TY_SOCKET_OPEN && ty_shm_link_writes (link))
    {
      link->watch_write = FALSE;
      link_watch (link);
    }
  else if ((events & EPOLLOUT) != 0 && link->state == TY_SOCKET_OPEN)
    {
      /* Watched on until there has been room for nothing: who writes much is stopped again at once. */
      link->watch_write = link->want_write;
      link_watch (link);
      if (link->want_write)
        ty_hub_on_writable (hub, link);
      link->want_write = FALSE;
    }
}

/* Outcomes that came to be known outside of a dispatch. */
static void
tell_due (TySockets *sockets)
{
  while (sockets->due->len > 0)
    {
      TyLink *link = g_ptr_array_index (sockets->due, 0);
      g_ptr_array_remove_index (sockets->due, 0);
      link->outcome_due = FALSE;
      g_assert (link->failed);
      /* What could not be written to may still hold the last words of the other end. */
      if (link->state == TY_SOCKET_OPEN)
        read_some (link);
      g_autofree char *text = g_steal_pointer (&link->text);
      if (link->state != TY_SOCKET_ENDED)
        ty_socket_tell_ended (link, link->end, text);
    }
}

static void
free_ended (TySockets *sockets)
{
  guint n = 0;
  if (!sockets->ended_any)
    return;
  sockets->ended_any = FALSE;
  for (guint i = 0; i < sockets->links->len; i++)
    {
      TyLink *link = g_ptr_array_index (sockets->links, i);
      if (link->state == TY_SOCKET_ENDED)
        link_free (link);
      else
        g_ptr_array_index (sockets->links, n++) = link;
    }
  g_ptr_array_set_size (sockets->links, (gint) n);
}

void
ty_sockets_dispatch (TySockets *sockets, gint64 now_us)
{
  struct epoll_event events[EVENTS];
  sockets->now_us = now_us;
  tell_due (sockets);
  if (now_us >= sockets->resume_us)
    {
      sockets->resume_us = G_MAXINT64;
      for (guint i = 0; i < sockets->listeners->len; i++)
        ty_listener_resume (g_ptr_array_index (sockets->listeners, i));
    }
  int n = epoll_wait (sockets->epoll_fd, events, EVENTS, 0);
  for (int i = 0; i < n; i++)
    {
      /* What is ended meanwhile is freed below only: the pointers of this round stay good. */
      TyEntryKind *kind = events[i].data.ptr;
      if (*kind == TY_ENTRY_LISTENER)
        ty_listener_on_ready (events[i].data.ptr);
      else if (*kind != TY_ENTRY_LINK)
        ty_shm_net_on_ready (events[i].data.ptr);
      else
        on_ready (events[i].data.ptr, events[i].events);
    }
  ty_shm_net_turn (sockets);
  free_ended (sockets);
}

gboolean
ty_sockets_sleep (TySockets *sockets)
{
  return ty_shm_net_sleep (sockets);
}

gint64
ty_sockets_deadline (const TySockets *sockets)
{
  return sockets->due->len > 0 ? sockets->now_us : sockets->resume_us;
}

int
ty_sockets_fd (const TySockets *sockets)
{
  return sockets->epoll_fd;
}

/* ---- Making ---- */

TySockets *
ty_sockets_new (GMainContext *context, TySocketsWake wake, gpointer wake_data)
{
  TySockets *sockets = g_new0 (TySockets, 1);
  sockets->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (sockets->epoll_fd < 0)
    sockets->unusable = errno;
  sockets->context = g_main_context_ref (context);
  sockets->wake = wake;
  sockets->wake_data = wake_data;
  sockets->resume_us = G_MAXINT64;
  sockets->links = g_ptr_array_new ();
  sockets->due = g_ptr_array_new ();
  sockets->listeners = g_ptr_array_new_with_free_func (ty_listener_free);
  sockets->shm = ty_shm_net_new (sockets);
  return sockets;
}

void
ty_sockets_set_plain (TySockets *sockets, gboolean plain)
{
  sockets->plain = plain;
}

void
ty_sockets_set_hub (TySockets *sockets, TyHub *hub)
{
  sockets->hub = hub;
}

void
ty_sockets_free (TySockets *sockets)
{
  for (guint i = 0; i < sockets->links->len; i++)
    {
      TyLink *link = g_ptr_array_index (sockets->links, i);
      g_assert (link->state == TY_SOCKET_ENDED);
      link_free (link);
    }
  ty_shm_net_free (sockets->shm);
  g_ptr_array_unref (sockets->links);
  g_ptr_array_unref (sockets->due);
  g_ptr_array_unref (sockets->listeners);
  if (sockets->epoll_fd >= 0)
    close (sockets->epoll_fd);
  g_main_context_unref (sockets->context);
  g_free (sockets);
}
