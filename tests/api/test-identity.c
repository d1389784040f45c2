/* tests/api/test-identity.c: identities and their files.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tyet.h>
#include <unistd.h>

typedef struct
{
  char *folder, *path;
} Place;

static void
set_up (Place *p, gconstpointer data)
{
  p->folder = g_dir_make_tmp ("tyet-identity-XXXXXX", NULL);
  g_assert_nonnull (p->folder);
  p->path = g_build_filename (p->folder, "id", NULL);
}

static void
tear_down (Place *p, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (p->folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (p->folder, name, NULL);
      g_remove (path);
    }
  g_rmdir (p->folder);
  g_free (p->folder);
  g_free (p->path);
}

/* How many files are in the folder: nothing half-written is left there. */
static guint
count_files (Place *p)
{
  g_autoptr (GDir) dir = g_dir_open (p->folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
put (Place *p, const char *text, gssize len_bytes)
{
  g_assert_true (g_file_set_contents_full (p->path, text, len_bytes, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  g_assert_cmpint (g_chmod (p->path, 0600), ==, 0);
}

static void
assert_refused (Place *p, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (tyet_identity_load (p->path, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_IDENTITY);
  g_assert_nonnull (strstr (error->message, p->path));
  g_assert_nonnull (strstr (error->message, why));
}

static void
test_new (Place *p, gconstpointer data)
{
  g_autoptr (TyetIdentity) one = tyet_identity_new ();
  g_autoptr (TyetIdentity) other = tyet_identity_new ();
  const char *key = tyet_identity_get_public_key (one);
  g_assert_cmpuint (strlen (key), ==, 43);
  for (const char *c = key; *c != '\0'; c++)
    g_assert_true (g_ascii_isalnum (*c) || *c == '-' || *c == '_');
  g_assert_cmpstr (key, !=, tyet_identity_get_public_key (other));
}

static void
test_save_and_load (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetIdentity) one = tyet_identity_new ();
  struct stat st;
  mode_t before = umask (0);
  gboolean saved = tyet_identity_save (one, p->path, &error);
  umask (before);
  g_assert_no_error (error);
  g_assert_true (saved);
  g_assert_cmpint (stat (p->path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpuint (count_files (p), ==, 1);
  g_autoptr (TyetIdentity) again = tyet_identity_load (p->path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (tyet_identity_get_public_key (again), ==, tyet_identity_get_public_key (one));

  /* The same to the byte: the secret key came back too. */
  g_autofree char *second = g_strconcat (p->path, "2", NULL), *a = NULL, *b = NULL;
  g_assert_true (tyet_identity_save (again, second, &error));
  g_assert_true (g_file_get_contents (p->path, &a, NULL, NULL));
  g_assert_true (g_file_get_contents (second, &b, NULL, NULL));
  g_assert_cmpstr (a, ==, b);
  g_assert_nonnull (strstr (a, tyet_identity_get_public_key (one)));
}

/* What is there is somebody: it is never written over. */
static void
test_not_replaced (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetIdentity) one = tyet_identity_new ();
  g_autofree char *text = NULL;
  put (p, "something", -1);
  g_assert_false (tyet_identity_save (one, p->path, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_IDENTITY);
  g_assert_nonnull (strstr (error->message, "there is such a file already"));
  g_assert_true (g_file_get_contents (p->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "something");
  g_assert_cmpuint (count_files (p), ==, 1);
  g_clear_error (&error);
  g_assert_false (tyet_identity_save (one, "/nowhere/at/all", &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_IDENTITY);
  /* It could not be read again. */
  g_clear_error (&error);
  g_assert_false (tyet_identity_save (one, "-", &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_IDENTITY);
  g_assert_false (g_file_test ("-", G_FILE_TEST_EXISTS));
}

static void
test_refused (Place *p, gconstpointer data)
{
  g_autoptr (TyetIdentity) one = tyet_identity_new ();
  g_autofree char *text = NULL;
  gsize len;
  assert_refused (p, "No such file");
  g_assert_true (tyet_identity_save (one, p->path, NULL));
  g_assert_true (g_file_get_contents (p->path, &text, &len, NULL));

  g_assert_cmpint (g_chmod (p->path, 0640), ==, 0);
  assert_refused (p, "others than its owner");
  g_assert_cmpint (g_chmod (p->path, 0602), ==, 0);
  assert_refused (p, "others than its owner");

  for (gsize cut = 0; cut < len; cut++)
    {
      put (p, text, (gssize) cut);
      assert_refused (p, cut < 16 ? "no file of an identity" : "cut short");
    }
  g_autofree char *longer = g_strconcat (text, "\n", NULL);
  put (p, longer, -1);
  assert_refused (p, "something follows");
  text[15] = '\r';
  put (p, text, (gssize) len);
  assert_refused (p, "CR LF");
  text[15] = '\n';
  text[14] = '2';
  put (p, text, (gssize) len);
  assert_refused (p, "another format");
  text[14] = '1';
  for (gsize i = 16; i < len; i++)
    {
      char was = text[i];
      text[i] = was == 'A' ? 'B' : 'A';
      put (p, text, (gssize) len);
      assert_refused (p, i < 23 || was == '\n' ? "damaged" : "");
      text[i] = was;
    }
  put (p, text, (gssize) len);
  g_autoptr (TyetIdentity) again = tyet_identity_load (p->path, NULL);
  g_assert_nonnull (again);
}

static void
test_not_a_file (Place *p, gconstpointer data)
{
  g_assert_cmpint (mkfifo (p->path, 0600), ==, 0);
  assert_refused (p, "no ordinary file");
  g_assert_cmpint (unlink (p->path), ==, 0);
  g_assert_cmpint (mkdir (p->path, 0700), ==, 0);
  assert_refused (p, "no ordinary file");
  g_rmdir (p->path);
}

/* No word of the file gets into what is said of it. */
static void
test_quiet (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  put (p, "tyet-identity 1\npublic mysterious\nsecret mysterious\n", -1);
  g_assert_null (tyet_identity_load (p->path, &error));
  g_assert_null (strstr (error->message, "mysterious"));
}

static void
empty (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* Who founds with others and starts again is the same to them: it has the same keys. */
static void
test_kept_in_storage (Place *p, gconstpointer data)
{
  g_autofree char *public = NULL, *kept = g_build_filename (p->path, "identity", NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TyetProcess) process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "storage", p->path, NULL);
      g_assert_no_error (error);
      const char *key = tyet_identity_get_public_key (tyet_process_get_identity (process));
      if (i == 0)
        public = g_strdup (key);
      g_assert_cmpstr (key, ==, public);
    }
  g_assert_cmpint (chmod (kept, 0644), ==, 0);
  g_autoptr (GError) error = NULL;
  g_assert_null (g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "storage", p->path, NULL));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_IDENTITY);
  g_unlink (kept);
  empty (p->path);
}

/* Two that use one storage would be one voter, twice. It is free again when the first is gone. */
static void
test_storage_in_use (Place *p, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) first = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "storage", p->path, NULL);
  g_assert_no_error (error);
  g_assert_null (g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "storage", p->path, NULL));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "in use by another process"));
  g_assert_nonnull (strstr (error->message, p->path));
  g_clear_error (&error);
  /* Nor is it let go of by one that was refused, or could not listen. */
  g_clear_object (&first);
  g_assert_null (g_initable_new (TYET_TYPE_PROCESS, NULL, NULL, "storage", p->path, "address", "nonsense", NULL));
  first = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "storage", p->path, NULL);
  g_assert_no_error (error);
  g_clear_object (&first);
  empty (p->path);
}

/* `founders`: with "%s" for this process's address. */
static void
assert_founding (Place *p, const char *ordering, const char *founders, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetSecret) secret = tyet_secret_new ();
  g_autoptr (TyetProcess) process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "storage", p->path, "name", "a",
                                                    "secret", secret, NULL);
  g_assert_no_error (error);
  g_auto (GStrv) list = g_strsplit (founders, " ", -1);
  g_autoptr (TyetGroup) group = tyet_group_new (process, "tea", ordering);
  gboolean founded = tyet_group_found_with (group, (const char *const *) list, NULL, &error);
  if (why == NULL)
    g_assert_no_error (error);
  else
    {
      g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
      g_assert_nonnull (strstr (error->message, why));
    }
  g_assert_cmpint (founded, ==, why == NULL);
}

/* The first of two founds alone; of three it does not: what it was founded by at first is what it is founded by. */
static void
test_storage_remembers_the_list (Place *p, gconstpointer data)
{
  const char *two = "a=tcp://127.0.0.1:1 b=tcp://127.0.0.1:2";
  const char *was = "with ordering total, by a=tcp://127.0.0.1:1, b=tcp://127.0.0.1:2, in that order";
  g_autofree char *list = g_build_filename (p->path, "tea.list", NULL);
  /* What could never be founded is not remembered. */
  assert_founding (p, "total", "b=tcp://127.0.0.1:2 c=tcp://127.0.0.1:3", "not in the list");
  assert_founding (p, "total", two, NULL);
  assert_founding (p, "total", "a=tcp://127.0.0.1:1", was);
  assert_founding (p, "total", "b=tcp://127.0.0.1:2 a=tcp://127.0.0.1:1", was);
  assert_founding (p, "total", "a=tcp://127.0.0.1:1 b=tcp://127.0.0.1:2 c=tcp://127.0.0.1:3", was);
  assert_founding (p, "fifo", two, was);
  assert_founding (p, "total", two, NULL);
  g_assert_true (g_file_set_contents (list, "tyet-founders 1\nor", -1, NULL));
  assert_founding (p, "total", two, "tea.list is damaged");
  g_unlink (list);
  assert_founding (p, "fifo", two, NULL);
  empty (p->path);
}

#define ADD(name, function) g_test_add ("/api/identity/" name, Place, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("new", test_new);
  ADD ("save-and-load", test_save_and_load);
  ADD ("not-replaced", test_not_replaced);
  ADD ("refused", test_refused);
  ADD ("not-a-file", test_not_a_file);
  ADD ("quiet", test_quiet);
  ADD ("kept-in-storage", test_kept_in_storage);
  ADD ("storage-in-use", test_storage_in_use);
  ADD ("storage-remembers-the-list", test_storage_remembers_the_list);
  return g_test_run ();
}
