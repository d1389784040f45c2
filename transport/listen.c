/* transport/listen.c: listening sockets.  See socket.h.
 *
 * The file of a Unix socket outlives its process.  One that nobody listens on any more is replaced; two processes that
 * find the same one at once are kept apart by a lock on its directory.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/socket-private.h"
#include "core/tyet-error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections accepted in one turn. A handshake takes four turns, in which a crowd must not have come that pushes an
 * honest one out: it is far below the bounds of those who have not shaken hands. */
#define ACCEPTS 4
#define BACKLOG 128
/* How long accepting rests when there are no file descriptors left. */
#define REST_US (100 * 1000)

/* ---- Accepting ---- */

void
ty_listener_on_ready (TyListener *listener)
{
  TySockets *sockets = listener->sockets;
  for (guint i = 0; i < ACCEPTS && !listener->paused; i++)
    {
      int fd = accept4 (listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0 && !ty_socket_same_user (fd))
        {
          g_debug ("turned away a process of another user on a Unix socket");
          close (fd);
          continue;
        }
      if (fd >= 0)
        {
          ty_socket_tune (fd, listener->path != NULL);
          ty_hub_on_accepted (sockets->hub, ty_socket_link_new (sockets, fd, TY_SOCKET_OPEN));
          continue;
        }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        {
          /* Whoever wants in waits in the kernel's queue. Watching on would make the loop spin. */
          listener->paused = TRUE;
          ty_sockets_watch (sockets, listener->fd, listener, 0, FALSE);
          sockets->resume_us = MIN (sockets->resume_us, sockets->now_us + REST_US);
        }
      if (errno != ECONNABORTED && errno != EINTR)
        return;
    }
}

void
ty_listener_resume (TyListener *listener)
{
  if (!listener->paused)
    return;
  listener->paused = FALSE;
  ty_sockets_watch (listener->sockets, listener->fd, listener, EPOLLIN, FALSE);
}

void
ty_listener_free (gpointer data)
{
  TyListener *listener = data;
  struct stat st;
  /* The file may be another's by now. */
  if (listener->path != NULL && lstat (listener->path, &st) == 0 && st.st_dev == listener->device
      && st.st_ino == listener->inode)
    unlink (listener->path);
  close (listener->fd);
  g_free (listener->path);
  g_free (listener);
}

/* ---- Listening ---- */

static gboolean
fail (GError **error, const char *address, int code, const char *what)
{
  g_set_error (error, TYET_ERROR, code, "%s: %s", address, what);
  return FALSE;
}

static gboolean
bind_failed (GError **error, const char *address, int reason)
{
  if (reason == EADDRINUSE)
    return fail (error, address, TYET_ERROR_ADDRESS_IN_USE, "something else listens there already");
  if (reason == EEXIST)
    return fail (error, address, TYET_ERROR_ADDRESS, "there is a file already that is no socket; give another path");
  if (reason == EADDRNOTAVAIL)
    return fail (error, address, TYET_ERROR_ADDRESS, "that is no address of this machine");
  g_autofree char *what = g_strdup_printf ("cannot listen there: %s", g_strerror (reason));
  return fail (error, address, TYET_ERROR_ADDRESS, what);
}

/* The address to bind to. */
static gboolean
find_own (const TyAddress *address, const char *text, TySockaddr *out, GError **error)
{
  g_autoptr (GError) why = NULL;
  if (!ty_address_numeric (address, out))
    {
      g_autoptr (GResolver) resolver = g_resolver_get_default ();
      GList *found = g_resolver_lookup_by_name (resolver, address->host, NULL, &why);
      gboolean good = found != NULL && ty_address_found (address, found->data, out);
      if (found != NULL)
        g_resolver_free_addresses (found);
      if (!good)
        return fail (error, text, TYET_ERROR_ADDRESS, why != NULL ? why->message : "that name has no address");
    }
  if (ty_sockaddr_is_any (out))
    return fail (error, text, TYET_ERROR_ADDRESS,
                 "others have to dial this address, and that one means \"any\"; give the address or the name that they "
                 "reach this machine by, such as 127.0.0.1 if all run here");
  return TRUE;
}

/* Whether somebody answers at a Unix socket's file. */
static gboolean
somebody_listens (const TySockaddr *sockaddr)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return TRUE;
  int rc = connect (fd, (const struct sockaddr *) &sockaddr->addr, sockaddr->len);
  gboolean refused = rc != 0 && errno == ECONNREFUSED;
  close (fd);
  return !refused;
}

static int
bind_path (int fd, const char *path, const TySockaddr *sockaddr)
{
  struct stat st;
  if (bind (fd, (const struct sockaddr *) &sockaddr->addr, sockaddr->len) == 0)
    return 0;
  if (errno != EADDRINUSE)
    return errno;
  if (lstat (path, &st) != 0)
    return EADDRINUSE; /* gone meanwhile: somebody comes and goes there */
  if (!S_ISSOCK (st.st_mode))
    return EEXIST;
  g_autofree char *folder = g_path_get_dirname (path);
  int lock = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock >= 0)
    flock (lock, LOCK_EX);
  int reason = EADDRINUSE;
  if (!somebody_listens (sockaddr))
    {
      unlink (path);
      reason = bind (fd, (const struct sockaddr *) &sockaddr->addr, sockaddr->len) == 0 ? 0 : errno;
      /* Before the lock is given back, so that the next one finds it answering. */
      if (reason == 0 && listen (fd, BACKLOG) != 0)
        reason = errno;
    }
  if (lock >= 0)
    close (lock);
  return reason;
}

static int
bind_and_listen (int fd, const TyAddress *address, const TySockaddr *sockaddr)
{
  int on = 1, reason = 0;
  if (address->is_unix && !address->abstract)
    reason = bind_path (fd, address->host, sockaddr);
  else
    {
      setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      if (sockaddr->addr.ss_family == AF_INET6)
        setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
      if (bind (fd, (const struct sockaddr *) &sockaddr->addr, sockaddr->len) != 0)
        reason = errno;
    }
  if (reason == 0 && listen (fd, BACKLOG) != 0)
    reason = errno;
  return reason;
}

static void
listener_add (TySockets *sockets, int fd, const TyAddress *address)
{
  TyListener *listener = g_new0 (TyListener, 1);
  struct stat st;
  *listener = (TyListener){ .kind = TY_ENTRY_LISTENER, .sockets = sockets, .fd = fd };
  if (address->is_unix && !address->abstract && lstat (address->host, &st) == 0)
    {
      listener->path = g_strdup (address->host);
      listener->device = st.st_dev;
      listener->inode = st.st_ino;
    }
  g_ptr_array_add (sockets->listeners, listener);
  ty_sockets_watch (sockets, fd, listener, EPOLLIN, TRUE);
}

static gboolean
may_listen (const TySockets *sockets, const char *text, const TySockaddr *sockaddr, GError **error)
{
  return !sockets->plain || ty_sockaddr_is_local (sockaddr)
         || fail (
             error, text, TYET_ERROR_PLAIN,
             "clear text was asked for, and that is for loopback addresses and Unix sockets only: others could read "
             "and forge all that passes; seal the connections, or listen at 127.0.0.1");
}

char *
ty_sockets_listen (TySockets *sockets, const char *text, GError **error)
{
  TyAddress address;
  TySockaddr sockaddr;
  char *real = NULL;
  if (sockets->unusable != 0)
    {
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (sockets->unusable),
                   "Nothing to wait for sockets with can be had from the system: %s", g_strerror (sockets->unusable));
      return NULL;
    }
  if (!ty_address_parse (text, &address, error))
    return NULL;
  if (find_own (&address, text, &sockaddr, error) && may_listen (sockets, text, &sockaddr, error))
    {
      int fd = socket (sockaddr.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      int reason = fd < 0 ? errno : bind_and_listen (fd, &address, &sockaddr);
      if (reason == 0)
        {
          sockaddr.len = sizeof sockaddr.addr;
          if (!address.is_unix && getsockname (fd, (struct sockaddr *) &sockaddr.addr, &sockaddr.len) == 0)
            address.port = ty_sockaddr_port (&sockaddr);
          listener_add (sockets, fd, &address);
          ty_shm_net_listen (sockets);
          real = ty_address_print (&address);
        }
      else
        {
          bind_failed (error, text, reason);
          if (fd >= 0)
            close (fd);
        }
    }
  ty_address_clear (&address);
  return real;
}
