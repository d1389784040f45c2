/* examples/enter.c: see enter.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter.h"

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
enter_new_process (const char *name, const char *ticket_file, GError **error)
{
  g_autoptr (TyetTicket) ticket = NULL;
  if (g_file_test (ticket_file, G_FILE_TEST_EXISTS) && (ticket = tyet_ticket_load (ticket_file, error)) == NULL)
    return NULL;
  return g_initable_new (TYET_TYPE_PROCESS, NULL, error, "name", name, "ticket", ticket, NULL);
}

gboolean
enter_group (TyetGroup *group, const char *ticket_file, GError **error)
{
  TyetProcess *me = tyet_group_get_process (group);
  g_autoptr (TyetTicket) ticket = NULL;
  g_autoptr (GError) why = NULL;
  g_object_get (me, "ticket", &ticket, NULL);
  if (ticket != NULL)
    {
      /* It waits for a while before it gives up. */
      g_print ("* joining by the ticket in %s\n", ticket_file);
      if (tyet_group_join (group, NULL, NULL, &why))
        return TRUE;
      if (g_error_matches (why, TYET_ERROR, TYET_ERROR_UNREACHABLE))
        g_set_error (error, why->domain, why->code, "%s; if nobody is left in the group, remove %s", why->message,
                     ticket_file);
      else
        g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  ticket = tyet_process_make_ticket (me, error);
  if (ticket == NULL || !tyet_ticket_save (ticket, ticket_file, error) || !tyet_group_found (group, error))
    return FALSE;
  g_print ("* founded; others join with the ticket in %s\n", ticket_file);
  return TRUE;
}
