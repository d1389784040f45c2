/* examples/lab/cat-keys.c: the keys of `tyet cat`: from files, standard input, never from the command line.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cat.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MOST_LINE_BYTES 8192

static void
wipe (volatile char *text, gsize len_bytes)
{
  while (len_bytes > 0)
    text[--len_bytes] = '\0';
}

/* The first line of standard input and not a byte more: what follows are messages. */
static TyetTicket *
read_ticket (GError **error)
{
  char line[MOST_LINE_BYTES];
  gsize n = 0;
  TyetTicket *ticket = NULL;
  while (n + 1 < sizeof line)
    {
      gssize got = read (STDIN_FILENO, line + n, 1);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0 || line[n] == '\n')
        break;
      n++;
    }
  line[n] = '\0';
  if (strlen (line) == n)
    ticket = tyet_ticket_parse (line, error);
  else
    g_set_error_literal (error, TYET_ERROR, TYET_ERROR_SECRET, "The ticket on standard input has a NUL in it");
  wipe (line, sizeof line);
  return ticket;
}

/* Where there is no file, it says how one is made. */
static void
advise (const char *path, const char *option, GError **error)
{
  g_autofree char *without = NULL;
  if (error == NULL || strcmp (path, "-") == 0 || g_file_test (path, G_FILE_TEST_EXISTS))
    return;
  without = g_strdup ((*error)->message);
  g_free ((*error)->message);
  (*error)->message = g_strdup_printf ("%s; tyet key %s %s makes it", without, option, path);
}

/* Each but the first would find it read to its end. */
static gboolean
check_standard_input (const CatKeys *keys, GError **error)
{
  const char *const files[]
      = { keys->identity_file, keys->secret_file, keys->group_secret_file, keys->ticket_file };
  guint n = 0;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    n += files[i] != NULL && strcmp (files[i], "-") == 0;
  if (n > 1)
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         "Only one of --identity, --secret-file, --group-secret-file and --ticket-file can be - for "
                         "standard input");
  return n <= 1;
}

gboolean
cat_keys_read (CatKeys *keys, GError **error)
{
  if (keys->plain
      && (keys->secret_file != NULL || keys->identity_file != NULL || keys->ticket_file != NULL
          || keys->group_secret_file != NULL || keys->admit_file != NULL))
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "--plain is clear text: there is nothing for keys, secrets and tickets to protect");
      return FALSE;
    }
  if (!check_standard_input (keys, error))
    return FALSE;
  if (keys->identity_file != NULL && (keys->identity = tyet_identity_load (keys->identity_file, error)) == NULL)
    {
      advise (keys->identity_file, "--new", error);
      return FALSE;
    }
  if (keys->secret_file != NULL && (keys->secret = tyet_secret_load (keys->secret_file, error)) == NULL)
    {
      advise (keys->secret_file, "--new-secret", error);
      return FALSE;
    }
  if (keys->group_secret_file != NULL
      && (keys->group_secret = tyet_secret_load (keys->group_secret_file, error)) == NULL)
    {
      advise (keys->group_secret_file, "--new-secret", error);
      return FALSE;
    }
  if (keys->ticket_file == NULL)
    return TRUE;
  keys->ticket
      = strcmp (keys->ticket_file, "-") == 0 ? read_ticket (error) : tyet_ticket_load (keys->ticket_file, error);
  return keys->ticket != NULL;
}

void
cat_keys_clear (CatKeys *keys)
{
  g_clear_pointer (&keys->identity, tyet_identity_unref);
  g_clear_pointer (&keys->secret, tyet_secret_unref);
  g_clear_pointer (&keys->ticket, tyet_ticket_unref);
  g_clear_pointer (&keys->group_secret, tyet_secret_unref);
  g_clear_pointer (&keys->group_secret_file, g_free);
  g_clear_pointer (&keys->admit_file, g_free);
  g_clear_pointer (&keys->secret_file, g_free);
  g_clear_pointer (&keys->identity_file, g_free);
  g_clear_pointer (&keys->ticket_file, g_free);
}

gboolean
cat_keys_is_ticket (const char *contact)
{
  return g_str_has_prefix (contact, "tyet") && g_ascii_isdigit (contact[4]) && strchr (contact, '.') != NULL;
}
