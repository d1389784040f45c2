/* tests/api/test-strangers.c: the bounds of those who connect and prove nothing, as the application sets them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include <gio/gio.h>

typedef struct
{
  GSocket *socket;
  gboolean ended;
} Stranger;

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer data)
{
  Stranger *stranger = data;
  char bytes[64];
  gssize n = g_socket_receive (socket, bytes, sizeof bytes, NULL, NULL);
  g_assert_cmpint (n, <=, 0); /* who says nothing is told nothing */
  stranger->ended = TRUE;
  return G_SOURCE_REMOVE;
}

static void
come (Stranger *stranger, TyetProcess *process, const char *from)
{
  g_autoptr (GError) error = NULL;
  guint16 port = (guint16) g_ascii_strtoull (strrchr (tyet_process_get_address (process), ':') + 1, NULL, 10);
  g_autoptr (GSocketAddress) here = g_inet_socket_address_new_from_string (from, 0);
  g_autoptr (GSocketAddress) there = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  stranger->ended = FALSE;
  stranger->socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_socket_bind (stranger->socket, here, FALSE, &error);
  g_assert_no_error (error);
  g_socket_connect (stranger->socket, there, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GSource) source = g_socket_create_source (stranger->socket, G_IO_IN | G_IO_HUP, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), stranger, NULL);
  g_source_attach (source, NULL);
}

static void
go (Stranger *strangers, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_socket_close (strangers[i].socket, NULL);
      g_object_unref (strangers[i].socket);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static TyetProcess *
make (guint timeout_ms, guint most, guint most_of_host)
{
  g_autoptr (GError) error = NULL;
  TyetProcess *process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "handshake-timeout", timeout_ms,
                                         "max-strangers", most, "max-strangers-of-host", most_of_host, NULL);
  g_assert_no_error (error);
  return process;
}

static void
test_defaults (void)
{
  g_autoptr (TyetProcess) process = tyet_process_new (NULL, NULL);
  guint timeout_ms, most, most_of_host;
  g_object_get (process, "handshake-timeout", &timeout_ms, "max-strangers", &most, "max-strangers-of-host",
                &most_of_host, NULL);
  g_assert_cmpuint (timeout_ms, ==, 5000);
  g_assert_cmpuint (most, ==, 128);
  g_assert_cmpuint (most_of_host, ==, 64);
}

static void
test_timeout (void)
{
  g_autoptr (TyetProcess) process = make (20, 10, 10);
  Stranger one;
  come (&one, process, "127.0.0.2");
  until (one.ended);
  go (&one, 1);
}

/* The oldest makes room, and only the oldest. */
static void
test_most (void)
{
  g_autoptr (TyetProcess) process = make (3600 * 1000, 3, 3);
  static const char *const hosts[] = { "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5" };
  Stranger strangers[4];
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    come (&strangers[i], process, hosts[i]);
  until (strangers[0].ended);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (strangers[1].ended || strangers[2].ended || strangers[3].ended);
  go (strangers, G_N_ELEMENTS (strangers));
}

/* Who comes too often makes room for himself, not for others. */
static void
test_most_of_host (void)
{
  g_autoptr (TyetProcess) process = make (3600 * 1000, 100, 2);
  Stranger strangers[4];
  come (&strangers[0], process, "127.0.0.2");
  for (guint i = 1; i < 4; i++)
    come (&strangers[i], process, "127.0.0.3");
  until (strangers[1].ended);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (strangers[0].ended || strangers[2].ended || strangers[3].ended);
  go (strangers, G_N_ELEMENTS (strangers));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/strangers/defaults", test_defaults);
  g_test_add_func ("/api/strangers/timeout", test_timeout);
  g_test_add_func ("/api/strangers/most", test_most);
  g_test_add_func ("/api/strangers/most-of-host", test_most_of_host);
  return g_test_run ();
}
