/* tests/api/test-gib.c: a state of 1 GiB passes from one process to another, while the group goes on, in bounded
 * memory.
 *
 *   test-gib               the member that gives it; starts the other, and says how long it took and what memory
 *   test-gib take ADDRESS  the one that takes it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/resource.h>
#include <tyet.h>

#define STATE_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define CHUNK_BYTES (256 * 1024)
/* What the windows and buffers on the way hold, and a program besides; a checker's own memory is not counted. */
#define MOST_BYTES (G_GUINT64_CONSTANT (96) << 20)

static guint64 block[CHUNK_BYTES / sizeof (guint64)];
static guint64 passed;
static gboolean ended;
static TyetGroup *busy; /* in which something is multicast for every block that was given */

static guint64
peak_bytes (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (guint64) usage.ru_maxrss * 1024;
}

static guint64
word (guint64 at)
{
  return (at + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
}

/* ---- The giver ---- */

static void
on_written (GObject *stream, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  if (result != NULL)
    {
      g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, &error);
      g_assert_no_error (error);
      passed += sizeof block;
      tyet_group_abcast (busy, "meanwhile", 9, NULL);
    }
  if (passed == STATE_BYTES)
    {
      g_output_stream_close (G_OUTPUT_STREAM (stream), NULL, &error);
      g_assert_no_error (error);
      g_object_unref (stream);
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (block); i++)
    block[i] = word (passed / sizeof (guint64) + i);
  g_output_stream_write_all_async (G_OUTPUT_STREAM (stream), block, sizeof block, G_PRIORITY_DEFAULT, NULL, on_written,
                                   NULL);
}

static void
on_save_state (TyetGroup *group, GOutputStream *stream, gpointer unused)
{
  busy = group;
  on_written (g_object_ref (G_OBJECT (stream)), NULL, NULL);
}

static void
on_other_ended (GObject *process, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_subprocess_wait_check_finish (G_SUBPROCESS (process), result, &error);
  g_assert_no_error (error);
  ended = TRUE;
}

static void
on_own (TyetGroup *group, TyetView *view, guint rank, TyetService service, const guint8 *data, gsize len,
        gpointer delivered)
{
  ++*(guint *) delivered;
}

static int
give (const char *program)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TyetProcess) me = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "suspect-after", 20000u, NULL);
  g_autoptr (TyetGroup) group = tyet_group_new (me, "state", "total");
  g_autoptr (GSubprocess) other = NULL;
  gint64 began = g_get_monotonic_time ();
  guint delivered = 0;
  g_signal_connect (group, "save-state", G_CALLBACK (on_save_state), NULL);
  tyet_group_set_deliver_func (group, on_own, &delivered, NULL);
  tyet_group_found (group, &error);
  g_assert_no_error (error);
  other = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "take", tyet_process_get_address (me), NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check_async (other, NULL, on_other_ended, NULL);
  while (!ended)
    g_main_context_iteration (NULL, TRUE);
  g_print (
      "# 1 GiB of state in %.1f s; the giver's memory peaked at %.0f MiB, and it delivered %u messages meanwhile\n",
      (double) (g_get_monotonic_time () - began) / 1e6, (double) peak_bytes () / 1048576, delivered);
  g_assert_cmpuint (passed, ==, STATE_BYTES);
  g_assert_cmpuint (delivered, ==, STATE_BYTES / CHUNK_BYTES);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpuint (peak_bytes (), <, MOST_BYTES);
#endif
  tyet_group_set_deliver_func (group, NULL, NULL, NULL);
  tyet_group_leave (group, NULL, &error);
  g_assert_no_error (error);
  return 0;
}

/* ---- The taker ---- */

static void
on_read (GObject *stream, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  gsize n = 0;
  if (result != NULL)
    {
      g_input_stream_read_all_finish (G_INPUT_STREAM (stream), result, &n, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n % sizeof (guint64), ==, 0);
      for (gsize i = 0; i < n / sizeof (guint64); i++)
        g_assert_cmpuint (block[i], ==, word (passed / sizeof (guint64) + i));
      passed += n;
    }
  if (result == NULL || n > 0)
    {
      g_input_stream_read_all_async (G_INPUT_STREAM (stream), block, sizeof block, G_PRIORITY_DEFAULT, NULL, on_read,
                                     NULL);
      return;
    }
  g_input_stream_close (G_INPUT_STREAM (stream), NULL, NULL);
  g_object_unref (stream);
}

static void
on_load_state (TyetGroup *group, GInputStream *stream, gpointer unused)
{
  on_read (g_object_ref (G_OBJECT (stream)), NULL, NULL);
}

static int
take (const char *address)
{
  g_autoptr (GError) error = NULL;
  /* What is sent meanwhile has to be kept: it is bounded, too, but by more than is wanted here. */
  g_autoptr (TyetProcess) me = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "suspect-after", 20000u, NULL);
  g_autoptr (TyetGroup) group = tyet_group_new (me, "state", "total");
  const char *contacts[] = { address, NULL };
  g_signal_connect (group, "load-state", G_CALLBACK (on_load_state), NULL);
  tyet_group_set_join_timeout (group, 0);
  tyet_group_join (group, contacts, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (passed, ==, STATE_BYTES);
  g_print ("# the taker's memory peaked at %.0f MiB\n", (double) peak_bytes () / 1048576);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpuint (peak_bytes (), <, 2 * MOST_BYTES);
#endif
  tyet_group_leave (group, NULL, &error);
  g_assert_no_error (error);
  return 0;
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  if (argc == 3 && g_str_equal (argv[1], "take"))
    return take (argv[2]);
  g_print ("1..1\n");
  if (give (argv[0]) != 0)
    return 1;
  g_print ("ok 1 - a state of 1 GiB\n");
  return 0;
}
