/* tests/keys/memory.c: new secrets, at who draws them and at who is given them, are in locked memory and nowhere else:
 * neither in the buffers that connections read into and write from, nor on the stack.  The same of secrets, identities
 * and tickets that come from files.
 *
 * Both are in this one program; all of its memory is looked through.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/api.h"
#include "core/private-file.h"
#include "core/ticket.h"
#include "tests/api/lab.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <stdio.h>

#define MASK 0x5a
#define SECRET_BYTES 32
/* A copy that is broken off gives it away, too. */
#define NEEDLE_BYTES 12

/* What is looked for, so that it is not here either. */
typedef guint8 Masked[SECRET_BYTES];

static void
mask_bytes (const guint8 *bytes, Masked out)
{
  for (guint i = 0; i < SECRET_BYTES; i++)
    out[i] = bytes[i] ^ MASK;
}

static void
mask (TyetSecret *secret, Masked out)
{
  mask_bytes (ty_tyet_secret_bytes (secret), out);
}

/* As it stands in a file. */
static void
mask_text (const guint8 *bytes, Masked out)
{
  char *text = ty_locked_new (TY_KEY_TEXT_BYTES);
  ty_key_print (bytes, text);
  mask_bytes ((const guint8 *) text, out);
  sodium_free (text);
}

static guint
look_through (const guint8 *from, const guint8 *to, const Masked secret)
{
  guint found = 0;
  for (const guint8 *at = from; at + NEEDLE_BYTES <= to; at++)
    {
      guint n = 0;
      while (n < NEEDLE_BYTES && (at[n] ^ MASK) == secret[n])
        n++;
      if (n < NEEDLE_BYTES)
        continue;
      found++;
    }
  return found;
}

/* How often, in all that can be written to; `locked`: in what is locked (or was to be: it is kept out of core dumps,
 * too), or in all else. */
static guint
count (const Masked secret, gboolean locked)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  guint found = 0;
  gsize from = 0, to = 0;
  char rights[8] = "";
  g_file_get_contents ("/proc/self/smaps", &text, NULL, &error);
  g_assert_no_error (error);
  for (char *line = strtok (text, "\n"); line != NULL; line = strtok (NULL, "\n"))
    {
      gsize low, high;
      if (sscanf (line, "%" G_GSIZE_MODIFIER "x-%" G_GSIZE_MODIFIER "x %7s", &low, &high, rights) == 3)
        {
          from = low;
          to = high;
          continue;
        }
      if (!g_str_has_prefix (line, "VmFlags:") || strncmp (rights, "rw", 2) != 0)
        continue;
      gboolean is_locked = strstr (line, " lo") != NULL || strstr (line, " dd") != NULL;
      gboolean is_io = strstr (line, " io") != NULL;
      if (is_locked == locked && !is_io)
        found += look_through ((const guint8 *) from, (const guint8 *) to, secret);
    }
  return found;
}

static void
on_rekeyed (TyetGroup *group, gboolean network_too, Member *m)
{
  g_ptr_array_add (m->said, g_strdup ("rekeyed"));
}

static gboolean
on_timeout (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_nowhere_else (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetSecret) first = tyet_secret_new ();
  Member *a = member_new ("a", "total", NULL, 0), *b = member_new ("b", "total", NULL, 0),
         *c = member_new ("c", "total", NULL, 0);
  Member *all[] = { a, b, c };
  for (guint i = 0; i < 3; i++)
    {
      g_signal_connect (all[i]->group, "rekeyed", G_CALLBACK (on_rekeyed), all[i]);
      g_assert_true (tyet_group_set_secret (all[i]->group, first, NULL));
    }
  member_found (a);
  member_join (b, a);
  member_join (c, a);
  for (guint i = 0; i < 3; i++)
    {
      gboolean over = FALSE;
      guint n = member_count (a, "rekeyed");
      g_assert_true (tyet_group_rekey (all[i]->group, TRUE, &error));
      until (member_count (a, "rekeyed") > n && member_count (b, "rekeyed") > n && member_count (c, "rekeyed") > n);
      g_timeout_add (300, on_timeout, &over); /* everybody has closed the view, connections are made anew */
      until (over);
      Masked network, group;
      mask (tyet_process_get_secret (a->process), network);
      mask (tyet_group_get_secret (a->group), group);
      /* The control: there they are. */
      g_assert_cmpuint (count (network, TRUE), >=, 3);
      g_assert_cmpuint (count (group, TRUE), >=, 3);
      g_assert_cmpuint (count (network, FALSE), ==, 0);
      g_assert_cmpuint (count (group, FALSE), ==, 0);
    }
  for (guint i = 3; i-- > 0;)
    member_free (all[i]);
}

static void
assert_locked_only (const Masked secret, const char *what)
{
  guint found = count (secret, FALSE);
  if (found > 0)
    g_error ("%s is %u times where anybody could find it", what, found);
}

/* Made, saved and loaded, as bytes and as text. */
static void
test_files (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("tyet-memory-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "f", NULL);
  Masked bytes, text;

  g_autoptr (TyetSecret) secret = tyet_secret_new ();
  g_assert_true (tyet_secret_save (secret, path, &error));
  g_autoptr (TyetSecret) loaded = tyet_secret_load (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  mask (loaded, bytes);
  mask_text (ty_tyet_secret_bytes (loaded), text);
  g_assert_cmpuint (count (bytes, TRUE), >=, 2);
  assert_locked_only (bytes, "a secret");
  assert_locked_only (text, "the text of a secret");

  g_autoptr (TyetIdentity) identity = tyet_identity_new ();
  g_assert_true (tyet_identity_save (identity, path, &error));
  g_autoptr (TyetIdentity) same = tyet_identity_load (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  mask_bytes (ty_identity_secret (same), bytes);
  mask_text (ty_identity_secret (same), text);
  assert_locked_only (bytes, "an identity");
  assert_locked_only (text, "the text of an identity");

  Member *a = member_new ("a", "total", NULL, 0);
  g_autoptr (TyetTicket) ticket = tyet_process_make_ticket (a->process, &error);
  g_assert_true (tyet_ticket_save (ticket, path, &error));
  g_autoptr (TyetTicket) again = tyet_ticket_load (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  g_rmdir (folder);
  char *whole = ty_ticket_write (ty_tyet_ticket_inner (again));
  mask_bytes ((const guint8 *) whole + 6 + 44, text); /* most of the secret is there */
  ty_ticket_text_free (whole);
  mask (tyet_ticket_get_secret (again), bytes);
  assert_locked_only (bytes, "the secret of a ticket");
  assert_locked_only (text, "the text of a ticket");
  member_free (a);
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/memory/nowhere-else", test_nowhere_else);
  g_test_add_func ("/keys/memory/files", test_files);
  return g_test_run ();
}
