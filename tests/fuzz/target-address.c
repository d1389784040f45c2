/* tests/fuzz/target-address.c: an address as people write it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/targets.h"
#include "transport/address.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  g_autofree char *text = g_strndup ((const char *) data, len_bytes);
  g_autoptr (GError) error = NULL;
  TyAddress address, again;
  TySockaddr sockaddr;
  if (!g_utf8_validate (text, -1, NULL))
    return 0; /* addresses of others are texts before they are addresses */
  ty_address_is_local (text);
  if (!ty_address_parse (text, &address, &error))
    {
      g_assert (error != NULL && g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  if (ty_address_numeric (&address, &sockaddr))
    ty_sockaddr_is_any (&sockaddr);
  /* What is printed means the same. */
  g_autofree char *printed = ty_address_print (&address);
  g_assert (ty_address_parse (printed, &again, NULL));
  g_assert (g_str_equal (again.host, address.host) && again.port == address.port);
  ty_address_clear (&again);
  ty_address_clear (&address);
  return 0;
}
