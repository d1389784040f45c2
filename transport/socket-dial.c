/* transport/socket-dial.c: dialing: a name is looked up, its addresses are tried one after the other.  See socket.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/socket-private.h"

#include <errno.h>
#include <sys/epoll.h>

/* One candidate could not be connected to. A dial is refused only if all of them refuse: that may be taken for a
 * death. */
void
ty_socket_note_failure (TyLink *link, int error)
{
  gboolean refused = error == ECONNREFUSED || (link->address.is_unix && error == ENOENT);
  link->all_refused = link->all_refused && refused;
  link->failed = TRUE;
  link->end = link->all_refused ? TY_LINK_REFUSED : TY_LINK_UNREACHABLE;
  g_free (link->text);
  link->text = g_strdup (g_strerror (error));
}

/* Tries the candidates from the next one on, until one is under way. */
void
ty_socket_connect_next (TyLink *link)
{
  TySockets *sockets = link->sockets;
  for (; link->next_candidate < link->candidates->len; ty_socket_link_close_fd (link))
    {
      const TySockaddr *to = &g_array_index (link->candidates, TySockaddr, link->next_candidate++);
      if (sockets->plain && !ty_sockaddr_is_local (to))
        {
          link->all_refused = FALSE;
          ty_socket_link_fail (link, TY_LINK_BAD_ADDRESS,
                               "it is on another machine, and this process speaks in clear text, which does not leave "
                               "this one: seal its connections");
          return;
        }
      link->fd = socket (to->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (link->fd < 0)
        {
          ty_socket_note_failure (link, errno);
          continue;
        }
      ty_socket_tune (link->fd, link->address.is_unix);
      int rc = connect (link->fd, (const struct sockaddr *) &to->addr, to->len);
      if (rc != 0 && errno != EINPROGRESS)
        {
          ty_socket_note_failure (link, errno);
          continue;
        }
      link->state = TY_SOCKET_CONNECTING;
      link->interest = EPOLLOUT;
      ty_sockets_watch (sockets, link->fd, link, link->interest, TRUE);
      return;
    }
  g_assert (link->failed);
  ty_socket_link_due (link);
}

static void
on_found (GObject *resolver, GAsyncResult *result, gpointer data)
{
  TyLookup *lookup = data;
  TyLink *link = lookup->link;
  g_autoptr (GError) error = NULL;
  GList *found = g_resolver_lookup_by_name_finish (G_RESOLVER (resolver), result, &error);
  g_object_unref (lookup->cancellable);
  g_free (lookup);
  for (GList *l = found; l != NULL && link != NULL; l = l->next)
    {
      TySockaddr to;
      if (ty_address_found (&link->address, l->data, &to))
        g_array_append_val (link->candidates, to);
    }
  if (found != NULL)
    g_resolver_free_addresses (found);
  if (link == NULL)
    return;
  link->lookup = NULL;
  if (link->candidates->len > 0)
    ty_socket_connect_next (link);
  else
    ty_socket_link_fail (link, TY_LINK_UNREACHABLE, error != NULL ? error->message : "that name has no address");
}

static void
look_up (TyLink *link)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  link->lookup = g_new0 (TyLookup, 1);
  *link->lookup = (TyLookup){ .link = link, .cancellable = g_cancellable_new () };
  g_main_context_push_thread_default (link->sockets->context);
  g_resolver_lookup_by_name_async (resolver, link->address.host, link->lookup->cancellable, on_found, link->lookup);
  g_main_context_pop_thread_default (link->sockets->context);
}

TyLink *
ty_socket_dial (gpointer net, const char *text, GError **error)
{
  TySockets *sockets = net;
  TyAddress address;
  TySockaddr to;
  if (!ty_address_parse (text, &address, error))
    return NULL;
  TyLink *link = ty_socket_link_new (sockets, -1, TY_SOCKET_RESOLVING);
  link->address = address;
  link->all_refused = TRUE;
  link->candidates = g_array_new (FALSE, FALSE, sizeof (TySockaddr));
  if (ty_address_numeric (&address, &to))
    {
      g_array_append_val (link->candidates, to);
      ty_socket_connect_next (link);
    }
  else
    look_up (link);
  return link;
}
