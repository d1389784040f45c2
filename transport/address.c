/* transport/address.c: see address.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/address.h"
#include "core/tyet-error.h"
#include "core/view.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#define GOOD_ONES "a good address is tcp://HOST:PORT, tcp://[IPV6]:PORT, unix:///path or unix:@name"

static gboolean
bad (GError **error, const char *text, const char *what)
{
  g_autofree char *shown = g_utf8_make_valid (text, MIN ((gssize) strlen (text), 80));
  g_set_error (error, TYET_ERROR, TYET_ERROR_ADDRESS, "\"%s\" is no address: %s; " GOOD_ONES, shown, what);
  return FALSE;
}

static gboolean
parse_port (const char *text, const char *port, TyAddress *out, GError **error)
{
  guint64 value;
  if (!g_ascii_string_to_unsigned (port, 10, 0, 65535, &value, NULL))
    return bad (error, text, "the port is not a number from 0 to 65535");
  out->port = (guint16) value;
  return TRUE;
}

static gboolean
parse_tcp (const char *text, const char *rest, TyAddress *out, GError **error)
{
  const char *colon = strrchr (rest, ':');
  const char *end;
  if (*rest == '[')
    {
      end = strchr (rest, ']');
      if (end == NULL || end[1] != ':')
        return bad (error, text, "an IPv6 address is followed by \"]:\" and the port");
      rest++;
      colon = end + 1;
    }
  else
    {
      end = colon;
      if (colon == NULL)
        return bad (error, text, "there is no port");
      if (memchr (rest, ':', (gsize) (colon - rest)) != NULL)
        return bad (error, text, "an IPv6 address belongs in brackets");
    }
  if (end == rest)
    return bad (error, text, "there is no host");
  for (const char *at = rest; at < end; at++)
    if (!g_ascii_isgraph (*at) || strchr ("/[]@\\\"", *at) != NULL)
      return bad (error, text, "the host has a character that none has");
  if (!parse_port (text, colon + 1, out, error))
    return FALSE;
  out->host = g_strndup (rest, (gsize) (end - rest));
  return TRUE;
}

static gboolean
parse_unix (const char *text, const char *rest, TyAddress *out, GError **error)
{
  out->is_unix = TRUE;
  out->abstract = *rest == '@';
  if (!out->abstract && !g_str_has_prefix (rest, "///"))
    return bad (error, text, "a Unix address is unix:///absolute/path or unix:@name");
  const char *name = out->abstract ? rest + 1 : rest + 2;
  if (strlen (name) < (out->abstract ? 1 : 2))
    return bad (error, text, "there is no name");
  if (strlen (name) + 1 > sizeof ((struct sockaddr_un *) NULL)->sun_path)
    return bad (error, text, "the system allows a Unix socket no name as long as that (107 bytes)");
  out->host = g_strdup (name);
  return TRUE;
}

gboolean
ty_address_parse (const char *text, TyAddress *out, GError **error)
{
  *out = (TyAddress){ 0 };
  if (strlen (text) > TY_MAX_ADDRESS_BYTES)
    return bad (error, text, "it is longer than 255 bytes");
  if (!g_utf8_validate (text, -1, NULL))
    return bad (error, text, "it is not UTF-8");
  for (const char *at = text; *at != '\0'; at++)
    if ((guchar) *at < 0x20 || *at == 0x7f)
      return bad (error, text, "it holds a control character");
  if (g_str_has_prefix (text, "tcp://"))
    return parse_tcp (text, text + 6, out, error);
  if (g_str_has_prefix (text, "unix:"))
    return parse_unix (text, text + 5, out, error);
  return bad (error, text, "it begins with neither tcp:// nor unix:");
}

void
ty_address_clear (TyAddress *address)
{
  g_clear_pointer (&address->host, g_free);
}

char *
ty_address_print (const TyAddress *address)
{
  if (address->is_unix)
    return g_strconcat (address->abstract ? "unix:@" : "unix://", address->host, NULL);
  gboolean v6 = strchr (address->host, ':') != NULL;
  return g_strdup_printf (v6 ? "tcp://[%s]:%u" : "tcp://%s:%u", address->host, address->port);
}

static void
fill_unix (const TyAddress *address, TySockaddr *out)
{
  struct sockaddr_un *un = (struct sockaddr_un *) &out->addr;
  gsize n = strlen (address->host);
  gsize at = address->abstract ? 1 : 0;
  g_assert (n + 1 <= sizeof un->sun_path);
  un->sun_family = AF_UNIX;
  memcpy (un->sun_path + at, address->host, n);
  /* A path ends with NUL; the length of an abstract name is its end. */
  out->len = (socklen_t) (G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + n + 1);
}

gboolean
ty_address_numeric (const TyAddress *address, TySockaddr *out)
{
  *out = (TySockaddr){ 0 };
  if (address->is_unix)
    {
      fill_unix (address, out);
      return TRUE;
    }
  char port[8];
  struct addrinfo *found = NULL;
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
  g_snprintf (port, sizeof port, "%u", address->port);
  if (getaddrinfo (address->host, port, &hints, &found) != 0 || found == NULL)
    return FALSE;
  g_assert (found->ai_addrlen <= sizeof out->addr);
  memcpy (&out->addr, found->ai_addr, found->ai_addrlen);
  out->len = found->ai_addrlen;
  freeaddrinfo (found);
  return TRUE;
}

gboolean
ty_address_found (const TyAddress *address, GInetAddress *found, TySockaddr *out)
{
  g_autoptr (GSocketAddress) socket_address = g_inet_socket_address_new (found, address->port);
  *out = (TySockaddr){ 0 };
  out->len = (socklen_t) g_socket_address_get_native_size (socket_address);
  return g_socket_address_to_native (socket_address, &out->addr, sizeof out->addr, NULL);
}

gboolean
ty_sockaddr_is_any (const TySockaddr *sockaddr)
{
  const struct sockaddr_in *in = (const struct sockaddr_in *) &sockaddr->addr;
  const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) &sockaddr->addr;
  if (sockaddr->addr.ss_family == AF_INET)
    return in->sin_addr.s_addr == INADDR_ANY;
  return sockaddr->addr.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED (&in6->sin6_addr);
}

gboolean
ty_sockaddr_is_local (const TySockaddr *sockaddr)
{
  if (sockaddr->addr.ss_family == AF_UNIX)
    return TRUE;
  g_autoptr (GSocketAddress) native = g_socket_address_new_from_native ((gpointer) &sockaddr->addr, sockaddr->len);
  return G_IS_INET_SOCKET_ADDRESS (native)
         && g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (native)));
}

gboolean
ty_address_is_local (const char *text)
{
  TyAddress address;
  if (!ty_address_parse (text, &address, NULL))
    return FALSE;
  g_autoptr (GInetAddress) host = address.is_unix ? NULL : g_inet_address_new_from_string (address.host);
  gboolean local = address.is_unix || g_strcmp0 (address.host, "localhost") == 0
                   || (host != NULL && g_inet_address_get_is_loopback (host));
  ty_address_clear (&address);
  return local;
}

guint16
ty_sockaddr_port (const TySockaddr *sockaddr)
{
  const struct sockaddr_in *in = (const struct sockaddr_in *) &sockaddr->addr;
  const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) &sockaddr->addr;
  if (sockaddr->addr.ss_family == AF_INET)
    return g_ntohs (in->sin_port);
  return sockaddr->addr.ss_family == AF_INET6 ? g_ntohs (in6->sin6_port) : 0;
}
