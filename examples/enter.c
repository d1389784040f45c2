/* examples/enter.c: see enter.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>

/* One group a program. */
static const char *ticket_file;
static GMainLoop *loop;
static gboolean has_ticket; /* the file is ours */

gboolean
enter_check_call (int argc, char **argv, int n_words, const char *usage, int *status)
{
  const char *option = NULL;
  for (int i = 1; i < argc && option == NULL; i++)
    option = argv[i][0] == '-' ? argv[i] : NULL;
  if (argc == n_words + 1 && option == NULL)
    return TRUE;
  *status = g_strcmp0 (option, "--help") == 0 || g_strcmp0 (option, "-h") == 0 ? 0 : 2;
  if (*status == 0)
    g_print ("%s", usage);
  else
    g_printerr ("%s%s%s%s", option != NULL ? "There is no option " : "", option != NULL ? option : "",
                option != NULL ? ".\n" : "", usage);
  return FALSE;
}

TyetProcess *
enter_new_process (const char *name, const char *path, GError **error)
{
  g_autoptr (TyetTicket) ticket = NULL;
  if (g_file_test (path, G_FILE_TEST_EXISTS) && (ticket = tyet_ticket_load (path, error)) == NULL)
    return NULL;
  return g_initable_new (TYET_TYPE_PROCESS, NULL, error, "name", name, "ticket", ticket, NULL);
}

/* ---- The ticket ---- */

/* A new file is made, and takes the place of the old one: whoever reads it meanwhile has one or the other. */
static gboolean
replace_ticket (TyetTicket *ticket, GError **error)
{
  g_autofree char *fresh = g_strdup_printf ("%s.%s", ticket_file, tyet_ticket_get_public_key (ticket));
  if (!tyet_ticket_save (ticket, fresh, error))
    return FALSE;
  if (g_rename (fresh, ticket_file) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", ticket_file, g_strerror (errno));
  g_unlink (fresh);
  return FALSE;
}

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  if (has_ticket || tyet_view_get_rank (view) != 0)
    return;
  g_autoptr (TyetTicket) ticket = tyet_process_make_ticket (tyet_group_get_process (group), &error);
  has_ticket = ticket != NULL && replace_ticket (ticket, &error);
  if (!has_ticket)
    g_printerr ("others cannot be told how to join: %s\n", error->message);
}

/* ---- In and out ---- */

static gboolean
join (TyetGroup *group, GError **error)
{
  g_autoptr (GError) why = NULL;
  /* It waits for a while before it gives up. */
  g_print ("* joining by the ticket in %s\n", ticket_file);
  if (tyet_group_join (group, NULL, NULL, &why))
    return TRUE;
  if (!g_error_matches (why, TYET_ERROR, TYET_ERROR_UNREACHABLE))
    g_propagate_error (error, g_steal_pointer (&why));
  else
    g_set_error (error, why->domain, why->code, "%s; if nobody is left in the group, remove %s", why->message,
                 ticket_file);
  return FALSE;
}

static gboolean
found (TyetGroup *group, GError **error)
{
  g_autoptr (TyetTicket) ticket = tyet_process_make_ticket (tyet_group_get_process (group), error);
  if (ticket == NULL)
    return FALSE;
  if (!tyet_ticket_save (ticket, ticket_file, error))
    {
      if (g_file_test (ticket_file, G_FILE_TEST_EXISTS))
        g_prefix_error (error, "Somebody else has just founded it; start this one again, and it joins. ");
      return FALSE;
    }
  has_ticket = TRUE;
  if (!tyet_group_found (group, error))
    return FALSE;
  g_print ("* founded; others join with the ticket in %s\n", ticket_file);
  return TRUE;
}

static void
on_left (GObject *group, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  if (!tyet_group_leave_finish (TYET_GROUP (group), result, &error))
    g_printerr ("not left in good order: %s\n", error->message);
  g_main_loop_quit (loop);
}

void
enter_leave (TyetGroup *group)
{
  TyetView *view = tyet_group_get_view (group);
  if (has_ticket && view != NULL && tyet_view_get_n_members (view) == 1)
    g_unlink (ticket_file); /* nobody is left to be asked */
  tyet_group_leave_async (group, NULL, on_left, NULL);
}

static gboolean
on_signal (gpointer group)
{
  enter_leave (group);
  return G_SOURCE_REMOVE; /* told twice, it goes at once */
}

gboolean
enter_group (TyetGroup *group, const char *path, GMainLoop *until, GError **error)
{
  g_autoptr (TyetTicket) ticket = NULL;
  ticket_file = path;
  loop = until;
  g_object_get (tyet_group_get_process (group), "ticket", &ticket, NULL);
  g_signal_connect (group, "view-changed", G_CALLBACK (on_view), NULL);
  if (!(ticket != NULL ? join (group, error) : found (group, error)))
    return FALSE;
  g_unix_signal_add (SIGINT, on_signal, group);
  g_unix_signal_add (SIGTERM, on_signal, group);
  return TRUE;
}
