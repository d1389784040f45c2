/* tests/break/test-wild.c: a wild application: inside any callback of the library, and between them, it asks for
 * whatever it may ask for, in any order, and lets go of anything.
 *
 * Some processes of one program share a main loop and a group.  Each handler does a few things that a seed picks:
 * sends, leaves, founds, joins, cancels, lets go of a group, of a process, or of both, disposes of them, changes what
 * is set, looks at what can be seen.  Nothing is promised then but this: nobody crashes, whatever was begun is answered
 * once and soon, nothing is said about an object that was let go of, and calls that wait refuse to.
 *
 * break-wild [--seeds A..B]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <tyet.h>

#define ACTORS 4
/* An answer that takes longer than that does not come. */
#define SOON_US (20 * G_USEC_PER_SEC)

typedef struct _Wild Wild;

typedef struct
{
  Wild *wild;
  guint index;
  guint life; /* counts its processes */
  TyetProcess *process;
  TyetGroup *group;
  GCancellable *cancellable;
  GObject *stream; /* of a state, kept for a while; or NULL */
  char *address;
} Actor;

/* What was asked for, and is not answered yet. */
typedef struct
{
  Actor *actor;
  const char *what;
  TyetGroup *group; /* borrowed: the task holds it */
} Asked;

struct _Wild
{
  GRand *rand;
  Actor actors[ACTORS];
  guint depth;   /* inside callbacks */
  GPtrArray *asked; /* of Asked */
  guint spent;   /* what was done */
  guint most;
  gboolean plain;
  guint calm;    /* how often what would destroy something is not done after all, in percent */
  guint views, messages, states; /* told of */
};

static void act (Actor *a);

static gboolean
chance (Wild *w, guint percent)
{
  return g_rand_int_range (w->rand, 0, 100) < (gint) percent;
}

/* A handler does little, and less inside another. */
static void
react (Actor *a)
{
  Wild *w = a->wild;
  if (w->depth > 2)
    return;
  w->depth++;
  for (guint n = (guint) g_rand_int_range (w->rand, 0, 3); n > 0; n--)
    act (chance (w, 80) ? a : &w->actors[g_rand_int_range (w->rand, 0, ACTORS)]);
  w->depth--;
}

/* ---- What the library says ---- */

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, Actor *a)
{
  g_assert_true (group == a->group);
  g_assert_true (tyet_group_get_view (group) == view);
  a->wild->views += tyet_view_get_n_members (view) > 1;
  react (a);
}

static void
on_delivered (TyetGroup *group, TyetMessage *message, Actor *a)
{
  g_assert_true (group == a->group);
  a->wild->messages++;
  if (chance (a->wild, 20))
    react (a);
}

static void
on_deliver (TyetGroup *group, TyetView *view, guint rank, TyetService service, const guint8 *data, gsize len_bytes,
            gpointer a)
{
  if (chance (((Actor *) a)->wild, 20))
    react (a);
}

static void
on_plain (TyetGroup *group, Actor *a)
{
  react (a);
}

static void
on_reason (TyetGroup *group, const char *reason, Actor *a)
{
  g_assert_nonnull (reason);
  react (a);
}

static void
on_blocked (TyetGroup *group, const char *reason, const char *const *waiting_for, Actor *a)
{
  react (a);
}

static void
on_notify (TyetGroup *group, GParamSpec *pspec, Actor *a)
{
  react (a);
}

static void
on_save (TyetGroup *group, GOutputStream *out, Actor *a)
{
  Wild *w = a->wild;
  if (chance (w, 60))
    g_output_stream_write_all (out, "the state", 9, NULL, NULL, NULL);
  react (a);
  if (chance (w, 20))
    tyet_group_fail_transfer (group, G_OBJECT (out), "none\ntoday");
  else if (chance (w, 70))
    g_output_stream_close (out, NULL, NULL);
  else
    g_set_object (&a->stream, G_OBJECT (out));
}

static gboolean
on_authorize (TyetGroup *group, const char *public_key, const char *name, const char *address, Actor *a)
{
  react (a);
  return chance (a->wild, 80);
}

static void
on_load (TyetGroup *group, GInputStream *in, Actor *a)
{
  react (a);
  if (chance (a->wild, 10))
    tyet_group_fail_transfer (group, G_OBJECT (in), "no");
  else
    g_set_object (&a->stream, G_OBJECT (in));
}

/* Reads what has come. */
static void
look_at_stream (Actor *a)
{
  guint8 bytes[100];
  gssize n = 1;
  if (a->stream == NULL)
    return;
  if (G_IS_INPUT_STREAM (a->stream))
    {
      g_autoptr (GError) error = NULL;
      n = g_input_stream_read (G_INPUT_STREAM (a->stream), bytes, sizeof bytes, NULL, &error);
      a->wild->states += n > 0;
      if (n > 0 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return;
      g_input_stream_close (G_INPUT_STREAM (a->stream), NULL, NULL);
    }
  else if (chance (a->wild, 50))
    g_output_stream_close (G_OUTPUT_STREAM (a->stream), NULL, NULL);
  g_clear_object (&a->stream);
}

/* ---- What is asked of it ---- */

static Asked *
ask (Actor *a, TyetGroup *group, const char *what)
{
  Asked *asked = g_new0 (Asked, 1);
  *asked = (Asked){ .actor = a, .what = what, .group = group };
  g_ptr_array_add (a->wild->asked, asked);
  return asked;
}

static void
answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Asked *asked = data;
  Actor *a = asked->actor;
  g_autoptr (GError) error = NULL;
  gboolean good = g_task_propagate_boolean (G_TASK (result), &error);
  g_assert_true (good == (error == NULL));
  g_assert_true (asked->group == TYET_GROUP (source));
  g_assert_true (g_ptr_array_remove (a->wild->asked, asked)); /* once */
  react (a);
}

static void
make_group (Actor *a)
{
  Wild *w = a->wild;
  a->group = tyet_group_new (a->process, "g", "total");
  g_signal_connect (a->group, "view-changed", G_CALLBACK (on_view), a);
  g_signal_connect (a->group, "delivered", G_CALLBACK (on_delivered), a);
  g_signal_connect (a->group, "blocked", G_CALLBACK (on_blocked), a);
  g_signal_connect (a->group, "unblocked", G_CALLBACK (on_plain), a);
  g_signal_connect (a->group, "writable", G_CALLBACK (on_plain), a);
  g_signal_connect (a->group, "excluded", G_CALLBACK (on_reason), a);
  g_signal_connect (a->group, "notify", G_CALLBACK (on_notify), a);
  g_signal_connect (a->group, "save-state", G_CALLBACK (on_save), a);
  if (chance (w, 50))
    g_signal_connect (a->group, "load-state", G_CALLBACK (on_load), a);
  if (chance (w, 20))
    g_signal_connect (a->group, "authorize", G_CALLBACK (on_authorize), a);
  if (chance (w, 50))
    tyet_group_set_deliver_func (a->group, on_deliver, a, NULL);
}

static void
make (Actor *a)
{
  g_autofree char *name = g_strdup_printf ("%c%u", 'a' + (char) a->index, a->life++);
  GError *error = NULL;
  a->process = g_initable_new (TYET_TYPE_PROCESS, NULL, &error, "name", name, "suspect-after", 300u, "window-size",
                               4000u, "security", a->wild->plain ? TYET_SECURITY_PLAIN : TYET_SECURITY_SEALED, NULL);
  g_assert_no_error (error);
  g_free (a->address);
  a->address = g_strdup (tyet_process_get_address (a->process));
  make_group (a);
}

/* Nothing is said of what was let go of. */
static void
let_go_group (Actor *a)
{
  if (a->group != NULL)
    g_signal_handlers_disconnect_by_data (a->group, a);
  if (a->group != NULL)
    tyet_group_set_deliver_func (a->group, NULL, NULL, NULL);
  g_clear_object (&a->group);
}

static void
send_async (Actor *a, TyetGroup *group)
{
  Wild *w = a->wild;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (2000), (gsize) g_rand_int_range (w->rand, 0, 2000));
  tyet_group_send_async (group, (TyetService) g_rand_int_range (w->rand, -1, 4), bytes,
                         chance (w, 50) ? TYET_SEND_STABLE : TYET_SEND_NONE, chance (w, 50) ? a->cancellable : NULL,
                         answered, ask (a, group, "send"));
}

static void
join (Actor *a, TyetGroup *group)
{
  Wild *w = a->wild;
  const char *contacts[ACTORS + 1] = { NULL };
  guint n = 0;
  tyet_group_set_join_timeout (group, (guint) g_rand_int_range (w->rand, 1, chance (w, 20) ? 100 : 3000));
  for (guint i = 0; i < ACTORS; i++)
    if (w->actors[i].address != NULL && chance (w, 80))
      contacts[n++] = w->actors[i].address;
  tyet_group_join_async (group, contacts, chance (w, 50) ? a->cancellable : NULL, answered, ask (a, group, "join"));
}

static void
look (Actor *a, TyetGroup *group)
{
  G_GNUC_UNUSED g_autofree char *waits = tyet_process_describe_waits (a->process);
  G_GNUC_UNUSED g_autofree char *more = tyet_group_describe_waits (group);
  g_autoptr (GVariant) statistics = tyet_group_get_statistics (group);
  g_assert_nonnull (statistics);
  tyet_group_is_loaded (group);
}

/* Inside a callback a call that waits refuses to. */
static void
wait_in_vain (Actor *a, TyetGroup *group)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  if (chance (a->wild, 50))
    g_assert_false (tyet_group_leave (group, cancelled, &error));
  else
    g_assert_false (tyet_group_join (group, NULL, cancelled, &error));
  g_assert_nonnull (error);
}

static void
act_on_group (Actor *a)
{
  Wild *w = a->wild;
  guint8 data[1500] = { 0 };
  /* Whatever the handlers do meanwhile. */
  g_autoptr (TyetGroup) group = g_object_ref (a->group);
  switch (g_rand_int_range (w->rand, 0, 18))
    {
    case 0:
      if (chance (w, w->calm))
        break;
          tyet_group_leave_async (group, chance (w, 30) ? a->cancellable : NULL, answered, ask (a, group, "leave"));
      break;
    case 1:
    case 2:
      join (a, group);
      break;
    case 3:
      if (!chance (w, w->calm))
        tyet_group_found (group, NULL);
      break;
    case 4:
      if (!chance (w, w->calm))
        let_go_group (a);
      break;
    case 5:
      if (!chance (w, w->calm))
        g_object_run_dispose (G_OBJECT (group));
      break;
    case 6:
      if (chance (w, w->calm))
        break;
      g_cancellable_cancel (a->cancellable);
      g_object_unref (a->cancellable);
      a->cancellable = g_cancellable_new ();
      break;
    case 7:
      look (a, group);
      break;
    case 8:
      if (w->depth > 0)
        wait_in_vain (a, group);
      break;
    case 9:
      tyet_group_set_deliver_own (group, chance (w, 50));
      tyet_group_set_weight (group, (guint) g_rand_int_range (w->rand, 0, 3));
      break;
    case 10:
      /* A handler may run the loop. */
      if (w->depth < 3)
        g_main_context_iteration (NULL, FALSE);
      break;
    case 11:
      if (chance (w, 30))
        tyet_group_rekey (group, chance (w, 10), NULL);
      break;
    case 12:
      send_async (a, group);
      break;
    default:
      for (guint n = (guint) g_rand_int_range (w->rand, 1, 5); n > 0; n--)
        tyet_group_send (group, (TyetService) g_rand_int_range (w->rand, -1, 4), data,
                         (gsize) g_rand_int_range (w->rand, 0, sizeof data), NULL);
      break;
    }
}

static void
act (Actor *a)
{
  Wild *w = a->wild;
  w->spent++;
  if (w->spent > w->most)
    return;
  if (a->process == NULL)
    {
      if (w->depth == 0 || chance (w, 30))
        make (a);
      return;
    }
  if (a->group == NULL && chance (w, 80))
    make_group (a);
  look_at_stream (a);
  if (a->group != NULL && !chance (w, 4))
    {
      act_on_group (a);
      return;
    }
  if (chance (w, w->calm))
    return;
  if (chance (w, 50))
    let_go_group (a);
  if (chance (w, 30))
    g_object_run_dispose (G_OBJECT (a->process));
  if (a->group == NULL)
    g_clear_object (&a->process);
}

/* ---- A run ---- */

static void
give_up (Wild *w)
{
  for (guint i = 0; i < w->asked->len; i++)
    {
      const Asked *asked = w->asked->pdata[i];
      g_autofree char *waits = tyet_group_describe_waits (asked->group);
      TyetProcess *process = tyet_group_get_process (asked->group);
      g_printerr ("%s of %s is not answered; state %d, still held %d; %s\n", asked->what,
                  tyet_process_get_name (process), (int) tyet_group_get_state (asked->group),
                  asked->group == asked->actor->group, waits);
    }
  g_error ("no answer");
}

static void
run_until_answered (Wild *w)
{
  gint64 began_us = g_get_monotonic_time ();
  while (w->asked->len > 0)
    {
      for (guint i = 0; i < ACTORS; i++)
        look_at_stream (&w->actors[i]);
      g_main_context_iteration (NULL, FALSE);
      if (g_get_monotonic_time () - began_us > SOON_US)
        give_up (w);
    }
}

static void
run (guint32 seed)
{
  Wild w = { .rand = g_rand_new_with_seed (seed), .asked = g_ptr_array_new_with_free_func (g_free) };
  w.most = 60 + (guint) g_rand_int_range (w.rand, 0, 600);
  w.calm = chance (&w, 30) ? 0 : (guint) g_rand_int_range (w.rand, 80, 100);
  w.plain = chance (&w, 50);
  for (guint i = 0; i < ACTORS; i++)
    {
      w.actors[i] = (Actor){ .wild = &w, .index = i, .cancellable = g_cancellable_new () };
      make (&w.actors[i]);
    }
  tyet_group_found (w.actors[0].group, NULL);
  while (w.spent < w.most)
    {
      if (chance (&w, 4))
        act (&w.actors[g_rand_int_range (w.rand, 0, ACTORS)]);
      g_main_context_iteration (NULL, FALSE);
    }
  /* Some are let go of with all that they wait for; what the others wait for comes, with a cancellation at last. */
  for (guint i = 0; i < ACTORS; i++)
    if (chance (&w, 30))
      {
        if (w.actors[i].process != NULL)
          g_object_run_dispose (G_OBJECT (w.actors[i].process));
        let_go_group (&w.actors[i]);
        g_clear_object (&w.actors[i].process);
      }
  for (guint i = 0; i < ACTORS; i++)
    g_cancellable_cancel (w.actors[i].cancellable);
  run_until_answered (&w);
  for (guint i = 0; i < ACTORS; i++)
    {
      let_go_group (&w.actors[i]);
      g_clear_object (&w.actors[i].stream);
      g_clear_object (&w.actors[i].process);
      g_clear_object (&w.actors[i].cancellable);
      g_free (w.actors[i].address);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (w.asked->len, ==, 0);
  g_ptr_array_unref (w.asked);
  g_rand_free (w.rand);
  if (g_getenv ("WILD_TRACE") != NULL)
    g_printerr ("seed %u: %u views of several, %u messages, %u states\n", seed, w.views, w.messages, w.states);
}

int
main (int argc, char **argv)
{
  guint from = 0, to = 30;
  g_setenv ("TYET_SECRET", "passed-on-by-an-environment-for-these-tests", TRUE);
  if (argc == 3 && g_str_equal (argv[1], "--seeds") && strstr (argv[2], "..") != NULL)
    {
      from = (guint) strtoul (argv[2], NULL, 10);
      to = (guint) strtoul (strstr (argv[2], "..") + 2, NULL, 10);
    }
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
  for (guint seed = from; seed < to; seed++)
    run (seed);
  g_print ("%u seeds\n", to - from);
  return 0;
}
