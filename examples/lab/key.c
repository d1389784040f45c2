/* examples/lab/key.c: `tyet key`: makes and shows identities, and makes secrets.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#include <stdio.h>
#include <tyet.h>

typedef struct
{
  char **new_identities, **new_secrets, **show;
} Key;

static gboolean
parse (Key *key, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[]
      = { { "new", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &key->new_identities,
            "Make an identity, a pair of keys, in a new file that nobody else can read, and show its public key",
            "FILE" },
          { "new-secret", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &key->new_secrets,
            "Make a secret, of a network or of a group, in a new file that nobody else can read", "FILE" },
          { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &key->show, NULL, "[FILE...]" },
          G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new ("- make and show keys");
  g_option_context_set_summary (context,
                                "Shows the public key of each identity: what others know it by, and what stands "
                                "in the\nlists of --admit. It is no secret; the files are.");
  g_option_context_set_description (
      context, "Example:\n  tyet key --new ~/.tyet-identity\n  tyet key ~/.tyet-identity\n\n"
               "A secret can also be words that nobody guesses, 12 bytes or more: a file that nobody else can read, of "
               "these lines:\n  tyet-secret 1\n  passphrase WORDS\n\n"
               "Exit status: 0 done, 2 not: bad usage, or a file that is no key or cannot be written.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

/* With the file's name, where there are several. */
static void
tell (TyetIdentity *identity, char **paths, const char *path)
{
  printf (paths[1] != NULL ? "%s  %s\n" : "%s\n", tyet_identity_get_public_key (identity), path);
}

static gboolean
make (const Key *key, GError **error)
{
  for (char **path = key->new_identities; path != NULL && *path != NULL; path++)
    {
      g_autoptr (TyetIdentity) identity = tyet_identity_new ();
      if (!tyet_identity_save (identity, *path, error))
        return FALSE;
      tell (identity, key->new_identities, *path);
    }
  for (char **path = key->new_secrets; path != NULL && *path != NULL; path++)
    {
      g_autoptr (TyetSecret) secret = tyet_secret_new ();
      if (!tyet_secret_save (secret, *path, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
show (const Key *key, GError **error)
{
  for (char **path = key->show; path != NULL && *path != NULL; path++)
    {
      g_autoptr (TyetIdentity) identity = tyet_identity_load (*path, error);
      if (identity == NULL)
        return FALSE;
      tell (identity, key->show, *path);
    }
  return TRUE;
}

int
lab_key (int argc, char **argv)
{
  Key key = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean good = parse (&key, &argc, &argv, &error);
  if (good && key.show == NULL && key.new_identities == NULL && key.new_secrets == NULL)
    {
      g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                           "A file of an identity, --new or --new-secret is needed");
      good = FALSE;
    }
  good = good && make (&key, &error) && show (&key, &error);
  if (good && fflush (stdout) != 0)
    {
      g_set_error_literal (&error, G_FILE_ERROR, G_FILE_ERROR_IO, "Standard output cannot be written");
      good = FALSE;
    }
  if (!good)
    g_printerr ("%s: %s\n%s", g_get_prgname (), error->message, error->domain == G_OPTION_ERROR ? "Try --help.\n" : "");
  g_strfreev (key.new_identities);
  g_strfreev (key.new_secrets);
  g_strfreev (key.show);
  return good ? LAB_GOOD : LAB_USAGE;
}
