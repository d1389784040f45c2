/* transport/address.h: addresses as people write them.
 *
 *   tcp://HOST:PORT      HOST an IPv4 address or a name
 *   tcp://[V6]:PORT
 *   unix:///path/to/socket
 *   unix:@name           in the abstract namespace of Linux
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

typedef struct
{
  gboolean is_unix;
  gboolean abstract; /* is_unix */
  char *host;        /* without brackets; is_unix: the path, or the abstract name */
  guint16 port;
} TyAddress;

/* One that the system's calls take. */
typedef struct
{
  struct sockaddr_storage addr;
  socklen_t len;
} TySockaddr;

/* FALSE and TYET_ERROR_ADDRESS: what is wrong with it, and how a good one looks. */
gboolean ty_address_parse (const char *text, TyAddress *out, GError **error);
void ty_address_clear (TyAddress *address);
char *ty_address_print (const TyAddress *address);

/* Without asking anybody: a Unix address, or a numeric host. FALSE: a name that has to be looked up. */
gboolean ty_address_numeric (const TyAddress *address, TySockaddr *out);
/* One of the addresses that a name was found to have. */
gboolean ty_address_found (const TyAddress *address, GInetAddress *found, TySockaddr *out);
/* 0.0.0.0, ::, which nobody can dial. */
gboolean ty_sockaddr_is_any (const TySockaddr *sockaddr);
/* A Unix socket, or a loopback address. */
gboolean ty_sockaddr_is_local (const TySockaddr *sockaddr);
/* Whether it can be dialed on the machine alone that it was made on: a Unix socket, or a loopback address. */
gboolean ty_address_is_local (const char *text);
guint16 ty_sockaddr_port (const TySockaddr *sockaddr);
