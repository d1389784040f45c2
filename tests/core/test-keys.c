/* tests/core/test-keys.c: the texts of tickets, secrets and lists of keys.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>
#include <string.h>

#include "core/admit-list.h"
#include "core/secret-file.h"
#include "core/ticket.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define OTHER "__________________________________________8"

/* ---- Tickets ---- */

static TyTicket *
make_ticket (void)
{
  TyTicket *ticket = ty_ticket_new ();
  for (guint i = 0; i < TY_KEY_BYTES; i++)
    {
      ticket->key[i] = (guint8) i;
      ticket->secret[i] = (guint8) (200 + i);
    }
  g_assert_true (ty_ticket_add_address (ticket, "tcp://127.0.0.1:7001"));
  g_assert_true (ty_ticket_add_address (ticket, "unix:@a"));
  return ticket;
}

static void
test_ticket_round (void)
{
  TyTicket *ticket = make_ticket (), *again = ty_ticket_new ();
  const char *why;
  char *text = ty_ticket_write (ticket);
  g_assert_true (ty_ticket_is_meant (text));
  g_assert_true (ty_ticket_read (text, strlen (text), again, &why));
  g_assert_cmpmem (ticket, sizeof *ticket, again, sizeof *again);
  g_assert_cmpuint (again->n_addresses, ==, 2);
  g_assert_cmpstr (again->addresses[0], ==, "tcp://127.0.0.1:7001");
  ty_ticket_text_free (text);
  ty_ticket_free (ticket);
  ty_ticket_free (again);
}

/* Any letter changed to any other, dropped, or doubled. */
static void
test_ticket_damaged (void)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n\t\x80";
  TyTicket *ticket = make_ticket (), *again = ty_ticket_new ();
  const char *why;
  char *text = ty_ticket_write (ticket);
  gsize len = strlen (text);
  for (gsize i = 0; i < len; i++)
    {
      g_autofree char *wrong = g_strdup (text);
      for (gsize k = 0; k < sizeof letters; k++)
        {
          wrong[i] = letters[k];
          gboolean good = ty_ticket_read (wrong, len, again, &why);
          g_assert_true (good == (letters[k] == text[i]));
          g_assert_true (good || (why != NULL && sodium_is_zero ((guint8 *) again, sizeof *again)));
        }
      memmove (wrong + i, text + i + 1, len - i);
      g_assert_false (ty_ticket_read (wrong, len - 1, again, &why));
      g_assert_false (ty_ticket_read (text, i, again, &why));
    }
  g_autofree char *more = g_strconcat (text, "A", NULL);
  g_assert_false (ty_ticket_read (more, len + 1, again, &why));
  ty_ticket_text_free (text);
  ty_ticket_free (ticket);
  ty_ticket_free (again);
}

static void
test_ticket_limits (void)
{
  TyTicket *ticket = ty_ticket_new ();
  const char *why;
  g_autofree char *longest = g_strnfill (255, 'x'), *longer = g_strnfill (256, 'x');
  g_assert_false (ty_ticket_add_address (ticket, ""));
  g_assert_false (ty_ticket_add_address (ticket, "a b"));
  g_assert_false (ty_ticket_add_address (ticket, longer));
  for (guint i = 0; i < TY_TICKET_ADDRESSES; i++)
    g_assert_true (ty_ticket_add_address (ticket, longest));
  g_assert_false (ty_ticket_add_address (ticket, "one too many"));
  char *text = ty_ticket_write (ticket);
  g_assert_cmpuint (strlen (text), <=, TY_TICKET_MAX_BYTES);
  g_assert_true (ty_ticket_read (text, strlen (text), ticket, &why));
  g_assert_cmpuint (ticket->n_addresses, ==, TY_TICKET_ADDRESSES);
  ty_ticket_text_free (text);
  g_assert_false (ty_ticket_read ("tyet2.AAAA", 10, ticket, &why));
  g_assert_cmpstr (why, ==, "it is a ticket of another version");
  g_assert_true (ty_ticket_is_meant ("tyet2.AAAA"));
  g_assert_false (ty_ticket_is_meant ("tcp://127.0.0.1:1"));
  ty_ticket_free (ticket);
}

/* ---- Secrets ---- */

static const struct
{
  const char *text;
  const char *why; /* a part of it; NULL: good */
} secret_files[] = {
  { "tyet-secret 1\nsecret " KEY "\n", NULL },
  { "tyet-secret 1\n" KEY "\n", NULL },
  { "tyet-secret 1\npassphrase twelve bytes\n", NULL },
  { "", "no file of a secret" },
  { KEY "\n", "no file of a secret" },
  { "tyet-secret 2\nsecret " KEY "\n", "another version" },
  { "tyet-secret 1\n", "cut short" },
  { "tyet-secret 1\r\nsecret " KEY "\r\n", "CR LF" },
  { "tyet-secret 1\nsecret " KEY, "cut short" },
  { "tyet-secret 1\nsecret " KEY "\n\n", "something follows" },
  { "tyet-secret 1\nsecret " KEY "A\n", "neither" },
  { "tyet-secret 1\nsecret  " KEY "\n", "neither" },
  { "tyet-secret 1\nsomething\n", "neither" },
  { "tyet-secret 1\npassphrase short\n", "too short" },
  { "tyet-secret 1\npassphrase \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\n", "not UTF-8" },
  { "tyet-secret 1\npassphrase twelve\tbytes\n", "not UTF-8" },
};

static void
test_secret_file (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (secret_files); i++)
    {
      TySecretText out;
      const char *why;
      gboolean good = ty_secret_file_read (secret_files[i].text, strlen (secret_files[i].text), &out, &why);
      g_assert_true (good == (secret_files[i].why == NULL));
      if (good)
        continue;
      g_assert_nonnull (strstr (why, secret_files[i].why));
      g_assert_true (sodium_is_zero ((guint8 *) &out, sizeof out));
    }
}

static void
test_secret_write (void)
{
  guint8 secret[TY_KEY_BYTES], again[TY_KEY_BYTES];
  char file[TY_SECRET_KEY_FILE_BYTES];
  TySecretText out;
  const char *why;
  for (guint i = 0; i < sizeof secret; i++)
    secret[i] = (guint8) (3 * i);
  ty_secret_file_write (secret, file);
  g_assert_true (ty_secret_file_read (file, sizeof file, &out, &why));
  g_assert_true (ty_secret_derive (&out, again));
  g_assert_cmpmem (secret, sizeof secret, again, sizeof again);
}

/* Part of the format: what a passphrase becomes. */
static void
test_passphrase (void)
{
  TySecretText out;
  const char *why;
  guint8 secret[TY_KEY_BYTES];
  char text[TY_KEY_TEXT_BYTES];
  g_assert_true (ty_secret_text_read ("passphrase twelve bytes", 23, &out, &why));
  g_assert_true (ty_secret_derive (&out, secret));
  ty_key_print (secret, text);
  g_assert_cmpstr (text, ==, "b1l-V8f8xmkGR7CED_0hiF_NRQtvDA60DJF_-ImTAaY");
}

/* ---- Lists ---- */

static const struct
{
  const char *text;
  guint n_keys, line;
} lists[] = {
  { "", 0, 0 },
  { "\n\n# nobody\n", 0, 0 },
  { KEY, 1, 0 },
  { KEY " alice\n" OTHER "\tbob\r\n", 2, 0 },
  { KEY "\n" OTHER "\n" KEY "\n", 2, 0 },
  { KEY "\n " OTHER "\n", 0, 2 },
  { "# x\n\nalice\n", 0, 3 },
  { KEY "A\n", 0, 1 },
};

static void
test_admit_list (void)
{
  guint8 key[TY_KEY_BYTES], stranger[TY_KEY_BYTES] = { 1 };
  g_assert_true (ty_key_parse (KEY, strlen (KEY), key));
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      guint line;
      const char *why;
      TyAdmitList *list = ty_admit_list_read (lists[i].text, strlen (lists[i].text), &line, &why);
      g_assert_true ((list == NULL) == (lists[i].line > 0));
      if (list == NULL)
        {
          g_assert_cmpuint (line, ==, lists[i].line);
          continue;
        }
      g_assert_cmpuint (list->n_keys, ==, lists[i].n_keys);
      g_assert_true (ty_admit_list_has (list, key) == (list->n_keys > 0));
      g_assert_false (ty_admit_list_has (list, stranger));
      ty_admit_list_unref (list);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (sodium_init () < 0)
    return 1;
  g_test_add_func ("/keys/ticket/round", test_ticket_round);
  g_test_add_func ("/keys/ticket/damaged", test_ticket_damaged);
  g_test_add_func ("/keys/ticket/limits", test_ticket_limits);
  g_test_add_func ("/keys/secret/file", test_secret_file);
  g_test_add_func ("/keys/secret/write", test_secret_write);
  g_test_add_func ("/keys/secret/passphrase", test_passphrase);
  g_test_add_func ("/keys/admit-list", test_admit_list);
  return g_test_run ();
}
