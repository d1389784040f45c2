/* examples/enter.c: see enter.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter.h"

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
  g_object_get (me, "ticket", &ticket, NULL);
  if (ticket != NULL)
    {
      if (tyet_group_join (group, NULL, NULL, error))
        return TRUE;
      g_prefix_error (error, "(If nobody is left who knows the ticket in %s, remove it.) ", ticket_file);
      return FALSE;
    }
  ticket = tyet_process_make_ticket (me, error);
  if (ticket == NULL || !tyet_ticket_save (ticket, ticket_file, error) || !tyet_group_found (group, error))
    return FALSE;
  g_print ("* founded; others join with the ticket in %s\n", ticket_file);
  return TRUE;
}
