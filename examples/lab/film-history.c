/* examples/lab/film-history.c: a film of recorded histories.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film.h"

Film *
film_of_histories (char **paths, GError **error)
{
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "Histories are not drawn yet");
  return NULL;
}
