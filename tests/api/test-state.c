/* tests/api/test-state.c: state transfer as an application sees it: small and large, at once, asynchronously, from
 * threads; and what fails.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab.h"

#define LARGE_BYTES (24 * 1024 * 1024)
#define CHUNK_BYTES 50000

static guint8
pattern (gsize at)
{
  return (guint8) (at * 2654435761u >> 11);
}

typedef enum
{
  HOW_ASYNC,
  HOW_THREAD,
  HOW_NOW,     /* in the handler */
  HOW_LET_GO,  /* of the stream, without closing it */
  HOW_FAIL,    /* tyet_group_fail_transfer () */
  HOW_EARLY    /* closes before the end (of reading) */
} How;

typedef struct
{
  How how;
  gsize size;     /* to give */
  gsize done;     /* given or taken so far */
  gboolean good;  /* what was taken is what was given */
  gboolean ended; /* reading came to its end */
  gboolean called;
  GError *error;
  GOutputStream *out;
  GInputStream *in;
  guint8 buffer[CHUNK_BYTES];
  GThread *thread;
  TyetGroup *group;
} Side;

/* ---- Giving ---- */

static gsize
fill (Side *s)
{
  gsize n = MIN (sizeof s->buffer, s->size - s->done);
  for (gsize i = 0; i < n; i++)
    s->buffer[i] = pattern (s->done + i);
  return n;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  Side *s = data;
  gsize n = 0;
  if (result != NULL && !g_output_stream_write_all_finish (s->out, result, &n, &s->error))
    {
      g_clear_object (&s->out);
      return;
    }
  s->done += n;
  if (s->done < s->size)
    {
      n = fill (s);
      g_output_stream_write_all_async (s->out, s->buffer, n, G_PRIORITY_DEFAULT, NULL, on_written, s);
      return;
    }
  g_assert_true (g_output_stream_close (s->out, NULL, NULL));
  g_clear_object (&s->out);
}

static gpointer
write_in_thread (gpointer data)
{
  Side *s = data;
  while (s->done < s->size)
    {
      gsize n = fill (s);
      if (!g_output_stream_write_all (s->out, s->buffer, n, NULL, NULL, &s->error))
        break;
      s->done += n;
    }
  if (s->error == NULL)
    g_output_stream_close (s->out, NULL, NULL);
  g_object_unref (s->out);
  g_atomic_pointer_set (&s->out, NULL);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
on_save_state (TyetGroup *group, GOutputStream *out, Side *s)
{
  gsize n;
  g_assert_false (s->called);
  s->called = TRUE;
  tyet_group_set_state_digest (group, G_OBJECT (out), "digest");
  switch (s->how)
    {
    case HOW_ASYNC:
      s->out = g_object_ref (out);
      on_written (NULL, NULL, s);
      break;
    case HOW_THREAD:
      s->out = g_object_ref (out);
      s->thread = g_thread_new ("giver", write_in_thread, s);
      break;
    case HOW_NOW:
      while (s->done < s->size && s->error == NULL)
        {
          n = fill (s);
          if (g_output_stream_write_all (out, s->buffer, n, NULL, NULL, &s->error))
            s->done += n;
        }
      if (s->error == NULL)
        g_output_stream_close (out, NULL, NULL);
      break;
    case HOW_FAIL:
      tyet_group_fail_transfer (group, G_OBJECT (out), "there is none today");
      g_assert_cmpint (g_output_stream_write (out, "x", 1, NULL, &s->error), ==, -1);
      g_assert_error (s->error, TYET_ERROR, TYET_ERROR_TRANSFER);
      break;
    case HOW_LET_GO:
    case HOW_EARLY:
      break;
    }
}

/* ---- Taking ---- */

static void
take (Side *s, gssize n)
{
  for (gssize i = 0; i < n; i++)
    s->good &= s->buffer[i] == pattern (s->done + (gsize) i);
  s->done += (gsize) n;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  Side *s = data;
  gssize n = result != NULL ? g_input_stream_read_finish (s->in, result, &s->error) : 1;
  if (result != NULL && n > 0)
    take (s, n);
  if (n > 0 && !(s->how == HOW_EARLY && s->done > 0))
    {
      g_input_stream_read_async (s->in, s->buffer, sizeof s->buffer, G_PRIORITY_DEFAULT, NULL, on_read, s);
      return;
    }
  s->ended = n == 0;
  g_input_stream_close (s->in, NULL, NULL);
  g_clear_object (&s->in);
}

static gpointer
read_in_thread (gpointer data)
{
  Side *s = data;
  gssize n;
  while ((n = g_input_stream_read (s->in, s->buffer, sizeof s->buffer, NULL, &s->error)) > 0)
    take (s, n);
  s->ended = n == 0;
  g_input_stream_close (s->in, NULL, NULL);
  g_object_unref (s->in);
  g_atomic_pointer_set (&s->in, NULL);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
on_load_state (TyetGroup *group, GInputStream *in, Side *s)
{
  g_autoptr (GError) error = NULL;
  s->called = TRUE;
  s->good = TRUE;
  switch (s->how)
    {
    case HOW_EARLY:
    case HOW_ASYNC:
      s->in = g_object_ref (in);
      on_read (NULL, NULL, s);
      break;
    case HOW_THREAD:
      s->in = g_object_ref (in);
      s->thread = g_thread_new ("taker", read_in_thread, s);
      break;
    case HOW_FAIL:
      tyet_group_fail_transfer (group, G_OBJECT (in), "it makes no sense");
      break;
    case HOW_NOW:
      g_assert_cmpint (g_input_stream_read (in, s->buffer, 1, NULL, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      break;
    case HOW_LET_GO:
      break;
    }
}

static void
side_clear (Side *s)
{
  if (s->thread != NULL)
    g_thread_join (s->thread);
  g_clear_error (&s->error);
}

/* ---- The tests ---- */

typedef struct
{
  Member *a, *b;
  Side *give, *take;
  GCancellable *cancellable; /* of the join */
} Pair;

static Pair
pair_new (How give, How take, gsize size)
{
  Pair p = { member_new ("a", "total", NULL, 0), member_new ("b", "total", NULL, 0), g_new0 (Side, 1), g_new0 (Side, 1),
             g_cancellable_new () };
  p.give->how = give;
  p.give->size = size;
  p.take->how = take;
  g_signal_connect (p.a->group, "save-state", G_CALLBACK (on_save_state), p.give);
  g_signal_connect (p.b->group, "load-state", G_CALLBACK (on_load_state), p.take);
  member_found (p.a);
  tyet_group_abcast (p.a->group, "before", 6, NULL);
  until (member_said (p.a, "a: before"));
  member_join_async (p.b, tyet_process_get_address (p.a->process), p.cancellable);
  return p;
}

static void
pair_free (Pair *p)
{
  member_free (p->a);
  member_free (p->b);
  /* Whoever still reads or writes is told that it is over. */
  until (g_atomic_pointer_get (&p->give->out) == NULL && g_atomic_pointer_get (&p->take->in) == NULL);
  side_clear (p->give);
  side_clear (p->take);
  g_object_unref (p->cancellable);
  g_free (p->give);
  g_free (p->take);
}

static void
passes (How give, How take, gsize size)
{
  Pair p = pair_new (give, take, size);
  guint sent = 0;
  /* The group goes on meanwhile, and nobody is told of anything before the state that it follows on. */
  while (!p.b->done)
    {
      if (member_size (p.a) == 2 && sent < 100 && tyet_group_abcast (p.a->group, "during", 6, NULL))
        sent++;
      g_main_context_iteration (NULL, sent >= 100 || member_size (p.a) < 2);
      g_assert_true (p.take->ended || p.b->said->len == 0);
    }
  g_assert_no_error (p.b->error);
  g_assert_true (p.take->ended && p.take->good);
  g_assert_cmpuint (p.take->done, ==, size);
  g_assert_true (tyet_group_is_loaded (p.b->group));
  g_assert_cmpstr (g_ptr_array_index (p.b->said, 0), ==, "view a b");
  tyet_group_abcast (p.b->group, "after", 5, NULL);
  until (member_said (p.b, "b: after"));
  g_assert_cmpuint (member_count (p.b, "a: during"), ==, sent);
  g_assert_false (member_said (p.b, "a: before"));
  pair_free (&p);
}

static void
test_small (void)
{
  passes (HOW_NOW, HOW_ASYNC, 1000);
  passes (HOW_NOW, HOW_ASYNC, 0);
  passes (HOW_NOW, HOW_THREAD, 1000);
}

static void
test_large_async (void)
{
  passes (HOW_ASYNC, HOW_ASYNC, LARGE_BYTES);
}

static void
test_large_threads (void)
{
  passes (HOW_THREAD, HOW_THREAD, LARGE_BYTES);
}

static void
test_mixed (void)
{
  passes (HOW_ASYNC, HOW_THREAD, 3000000);
  passes (HOW_THREAD, HOW_ASYNC, 3000000);
}

static void
test_nobody_gives (void)
{
  g_autoptr (Member) a = member_new ("a", "total", NULL, 0);
  g_autoptr (Member) b = member_new ("b", "total", NULL, 0);
  Side *take = g_new0 (Side, 1);
  g_signal_connect (b->group, "load-state", G_CALLBACK (on_load_state), take);
  member_found (a);
  member_join (b, a);
  g_assert_true (take->ended && take->done == 0);
  side_clear (take);
  g_free (take);
}

/* The joiner is out again, and the giver goes on. */
static void
fails (How give, How take, gsize size, const char *word)
{
  Pair p = pair_new (give, take, size);
  until (p.b->done);
  g_assert_nonnull (p.b->error);
  if (word != NULL && strstr (p.b->error->message, word) == NULL)
    g_error ("\"%s\" does not say \"%s\"", p.b->error->message, word);
  until (member_size (p.a) == 1);
  g_assert_cmpuint (member_count (p.b, "view"), ==, 0);
  tyet_group_abcast (p.a->group, "after", 5, NULL);
  until (member_said (p.a, "a: after"));
  pair_free (&p);
}

static void
test_giver_fails (void)
{
  fails (HOW_LET_GO, HOW_ASYNC, 0, "without closing");
  fails (HOW_FAIL, HOW_ASYNC, 0, "none today");
}

static void
test_taker_fails (void)
{
  fails (HOW_ASYNC, HOW_FAIL, 1000, "no sense");
  fails (HOW_ASYNC, HOW_LET_GO, 1000, "before its end");
  fails (HOW_ASYNC, HOW_EARLY, LARGE_BYTES, "before its end");
  fails (HOW_ASYNC, HOW_NOW, 1000, "before its end");
}

static void
test_too_much_at_once (void)
{
  Pair p = pair_new (HOW_NOW, HOW_ASYNC, LARGE_BYTES);
  until (p.b->done);
  g_assert_error (p.give->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_nonnull (p.b->error);
  pair_free (&p);
}

static void
test_taker_goes (void)
{
  Pair p = pair_new (HOW_THREAD, HOW_ASYNC, LARGE_BYTES);
  until (p.take->done > 100000);
  member_free (p.b);
  p.b = member_new ("b2", "total", NULL, 0);
  until (member_size (p.a) == 1);
  g_thread_join (g_steal_pointer (&p.give->thread));
  g_assert_error (p.give->error, TYET_ERROR, TYET_ERROR_TRANSFER);
  pair_free (&p);
}

static void
test_giver_goes (void)
{
  Pair p = pair_new (HOW_THREAD, HOW_THREAD, LARGE_BYTES);
  until (member_size (p.a) == 2);
  member_free (p.a); /* also in the thread, writing fails */
  p.a = member_new ("a2", "total", NULL, 0);
  g_thread_join (g_steal_pointer (&p.give->thread));
  g_assert_nonnull (p.give->error);
  until (g_atomic_pointer_get (&p.take->in) == NULL);
  g_thread_join (g_steal_pointer (&p.take->thread));
  g_assert_error (p.take->error, TYET_ERROR, TYET_ERROR_TRANSFER);
  g_assert_false (p.take->ended);
  /* Nobody is left who could let it in; it waits for them until it is told not to. */
  g_cancellable_cancel (p.cancellable);
  until (p.b->done);
  g_assert_nonnull (p.b->error);
  pair_free (&p);
}

int
main (int argc, char **argv)
{
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/state/small", test_small);
  g_test_add_func ("/api/state/large-async", test_large_async);
  g_test_add_func ("/api/state/large-threads", test_large_threads);
  g_test_add_func ("/api/state/mixed", test_mixed);
  g_test_add_func ("/api/state/nobody-gives", test_nobody_gives);
  g_test_add_func ("/api/state/giver-fails", test_giver_fails);
  g_test_add_func ("/api/state/taker-fails", test_taker_fails);
  g_test_add_func ("/api/state/too-much-at-once", test_too_much_at_once);
  g_test_add_func ("/api/state/taker-goes", test_taker_goes);
  g_test_add_func ("/api/state/giver-goes", test_giver_goes);
  return g_test_run ();
}
