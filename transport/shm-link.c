/* transport/shm-link.c: what passes through the shared memory of a link.  See shm-ring.h for the memory, shm-net.c for
 * how a link comes by it.
 *
 * The socket stays beside it, and says nothing more but that it has ended: which counts once all is read, since whoever
 * has closed it has said all before.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/shm-private.h"

#include <errno.h>
#include <sys/epoll.h>

#define READS_PER_LINK 4

TyShmLink *
ty_shm_attach (TyLink *link, TyShm *ring)
{
  TySockets *sockets = link->sockets;
  TyShmLink *shm = g_new0 (TyShmLink, 1);
  g_assert (link->shm == NULL && link->state == TY_SOCKET_OPEN);
  *shm = (TyShmLink){ .kind = TY_ENTRY_SHM_BELL, .link = link, .ring = ring };
  link->shm = shm;
  sockets->shm->n_rings++;
  ty_sockets_watch (sockets, ty_shm_bell (ring), shm, EPOLLIN | EPOLLET, TRUE);
  return shm;
}

/* The bell is the other end's too: its being closed here takes it out of no epoll. */
void
ty_shm_let_go (TyShmLink *shm)
{
  if (shm->ring == NULL)
    return;
  epoll_ctl (shm->link->sockets->epoll_fd, EPOLL_CTL_DEL, ty_shm_bell (shm->ring), NULL);
  g_clear_pointer (&shm->ring, ty_shm_free);
  shm->link->sockets->shm->n_rings--;
}

void
ty_shm_link_ended (TyLink *link)
{
  if (link->shm == NULL)
    return;
  if (link->shm->caller != NULL)
    ty_shm_caller_done (link->shm->caller);
  ty_shm_let_go (link->shm);
  link->shm->write = link->shm->read = FALSE;
}

gboolean
ty_shm_link_writes (const TyLink *link)
{
  return link->shm != NULL && link->shm->write;
}

gboolean
ty_shm_link_reads (const TyLink *link)
{
  return link->shm != NULL && link->shm->read;
}

gssize
ty_shm_link_writev (TyLink *link, const struct iovec *parts, guint n_parts)
{
  gsize all = 0;
  for (guint i = 0; i < n_parts; i++)
    all += parts[i].iov_len;
  gssize n = ty_shm_writev (link->shm->ring, parts, n_parts);
  if (n < 0)
    ty_socket_link_fail (link, TY_LINK_SHM_BROKEN, "the other end has read what was never written");
  else if ((gsize) n < all)
    link->want_write = TRUE;
  return n;
}

/* The connection says nothing any more but its end. */
static void
look_at_socket (TyLink *link)
{
  TyShmLink *shm = link->shm;
  char byte;
  gssize n = shm->over ? 0 : recv (link->fd, &byte, 1, MSG_DONTWAIT);
  if (n > 0)
    ty_socket_tell_ended (link, TY_LINK_RESET, "something came beside the shared memory");
  else if (!shm->over && (n == 0 || (errno != EAGAIN && errno != EINTR)))
    {
      shm->end = n == 0 ? TY_LINK_EOF : TY_LINK_RESET;
      shm->over = TRUE;
    }
  /* Whoever has closed it has said all before. */
  if (link->state == TY_SOCKET_OPEN && shm->over && !ty_shm_readable (shm->ring))
    ty_socket_tell_ended (link, shm->end, NULL);
}

void
ty_shm_link_read (TyLink *link, gboolean look)
{
  TyShmLink *shm = link->shm;
  TyHub *hub = link->sockets->hub;
  for (guint i = 0; i < READS_PER_LINK && link->state == TY_SOCKET_OPEN && link->reading; i++)
    {
      gsize room;
      if (!ty_shm_readable (shm->ring))
        break;
      guint8 *to = ty_hub_room (hub, link, &room);
      gssize n = ty_shm_read (shm->ring, to, room);
      if (n > 0)
        ty_hub_on_read (hub, link, (gsize) n);
      else if (n < 0)
        ty_socket_tell_ended (link, TY_LINK_SHM_BROKEN, "the other end says it has written more than goes in");
    }
  if (look && link->state == TY_SOCKET_OPEN)
    look_at_socket (link);
}

static gboolean
is_up (const TyLink *link)
{
  return link->shm != NULL && link->shm->ring != NULL && link->state == TY_SOCKET_OPEN && !link->outcome_due;
}

static gboolean
has_bytes (const TyLink *link)
{
  return link->shm->read && link->reading && ty_shm_readable (link->shm->ring);
}

static gboolean
has_room (const TyLink *link)
{
  return link->shm->write && link->want_write && ty_shm_writable (link->shm->ring);
}

void
ty_shm_net_turn (TySockets *sockets)
{
  TyShmNet *net = sockets->shm;
  if (net == NULL)
    return;
  for (guint i = 0; i < sockets->links->len && net->n_rings > 0; i++)
    {
      TyLink *link = g_ptr_array_index (sockets->links, i);
      if (is_up (link) && link->shm->read)
        ty_shm_awake (link->shm->ring);
      if (is_up (link) && has_bytes (link))
        ty_shm_link_read (link, FALSE);
      if (!is_up (link) || !has_room (link))
        continue;
      link->want_write = FALSE;
      ty_hub_on_writable (sockets->hub, link);
    }
  if (net->any_done)
    ty_shm_callers_free (net);
}

gboolean
ty_shm_net_sleep (TySockets *sockets)
{
  gboolean quiet = TRUE;
  if (sockets->shm == NULL || sockets->shm->n_rings == 0)
    return TRUE;
  for (guint i = 0; i < sockets->links->len && quiet; i++)
    {
      TyLink *link = g_ptr_array_index (sockets->links, i);
      if (!is_up (link))
        continue;
      quiet = !(link->shm->read && link->reading) || ty_shm_sleep (link->shm->ring);
      quiet = quiet && !has_room (link);
    }
  return quiet;
}

/* ---- Going over ---- */

gboolean
ty_shm_write (TyLink *link)
{
  if (link->shm == NULL || link->shm->ring == NULL)
    return FALSE;
  link->shm->write = TRUE;
  return TRUE;
}

gboolean
ty_shm_link_start_reading (TyLink *link)
{
  if (link->shm == NULL || link->shm->ring == NULL)
    return FALSE;
  link->shm->read = TRUE;
  return TRUE;
}
