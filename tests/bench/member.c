/* tests/bench/member.c: a member of the group that is measured: a program on the public API that does what its parent
 * says.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "member.h"
#include "clock.h"

#include <glib-unix.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

static void
write_line (char *text)
{
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  gsize len = strlen (line), done = 0;
  while (done < len)
    {
      gssize n = write (STDOUT_FILENO, line + done, len - done);
      if (n <= 0)
        exit (1);
      done += (gsize) n;
    }
}

void
member_say (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  write_line (text);
}

void
member_fail (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = g_strconcat ("fail ", text, NULL);
  write_line (line);
  exit (1);
}

/* ---- Receiving ---- */

static void
check_drained (Member *m)
{
  for (guint i = 0; i < BENCH_MAX_MEMBERS; i++)
    if (m->wanted[i] > 0 && m->verify.next[i] != m->wanted[i] + 1)
      return;
  m->draining = FALSE;
  member_say ("done %016" G_GINT64_MODIFIER "x", bench_verify_hash (&m->verify));
}

static void
on_message (TyetGroup *group, TyetView *view, guint sender_rank, TyetService service, const guint8 *data, gsize len,
            gpointer user_data)
{
  Member *m = user_data;
  guint64 head[3];
  if (G_UNLIKELY (!bench_verify (&m->verify, data, len)))
    {
      memcpy (head, data, MIN (len, sizeof head));
      member_fail ("message %" G_GUINT64_FORMAT " of sender %" G_GUINT64_FORMAT
                   " is not what comes next (%" G_GUINT64_FORMAT "), or not what was sent",
                   head[1], head[0], m->verify.next[head[0] % BENCH_MAX_MEMBERS]);
    }
  memcpy (head, data, BENCH_HEAD_BYTES);
  if (head[0] == m->index)
    {
      if (head[1] % m->stride == 0)
        member_on_own (m, head[1], bench_now_ns ());
    }
  else if (m->one_way_timed)
    {
      memcpy (head, data, sizeof head);
      bench_hist_add (&m->one_way, (guint64) MAX (bench_now_ns () - (gint64) head[2], 0));
    }
  if (G_UNLIKELY (m->draining))
    check_drained (m);
}

/* ---- Views ---- */

static void
check_expected (Member *m)
{
  TyetView *view = tyet_group_get_view (m->group);
  if (m->expected == 0 || view == NULL || tyet_view_get_n_members (view) != m->expected)
    return;
  member_say ("in %u", m->expected);
  m->expected = 0;
}

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, gpointer user_data)
{
  Member *m = user_data;
  m->view_at_ns = bench_now_ns ();
  m->closed_hash = bench_verify_hash (&m->verify);
  m->closed_count = m->verify.delivered - m->delivered_before;
  m->delivered_before = m->verify.delivered;
  memset (m->verify.hash, 0, sizeof m->verify.hash);
  check_expected (m);
}

static void
on_joined (GObject *group, GAsyncResult *result, gpointer user_data)
{
  Member *m = user_data;
  g_autoptr (GError) error = NULL;
  if (!tyet_group_join_finish (m->group, result, &error))
    member_fail ("joining: %s", error->message);
  member_say ("in %u", tyet_view_get_n_members (tyet_group_get_view (m->group)));
}

static void
on_left (GObject *group, GAsyncResult *result, gpointer user_data)
{
  Member *m = user_data;
  g_autoptr (GError) error = NULL;
  if (!tyet_group_leave_finish (m->group, result, &error))
    member_fail ("leaving: %s", error->message);
  member_say ("left %" G_GINT64_FORMAT, m->asked_at_ns);
}

static void
on_excluded (TyetGroup *group, const char *reason, gpointer user_data)
{
  member_fail ("excluded: %s", reason);
}

/* ---- Memory ---- */

/* What malloc has given out. */
static guint64
in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();
  return info.uordblks + info.hblkhd;
}

/* Makes `n` more processes, or groups, and says what that took. */
guint64
member_weigh (Member *m, const char *what, guint n)
{
  g_autoptr (GError) error = NULL;
  guint64 before = in_use ();
  for (guint i = 0; i < n && g_str_equal (what, "processes"); i++)
    {
      TyetProcess *process = tyet_process_new (NULL, &error);
      if (process == NULL)
        member_fail ("a process more: %s", error->message);
      g_ptr_array_add (m->more, process);
    }
  for (guint i = 0; i < n && g_str_equal (what, "groups"); i++)
    {
      g_autofree char *name = g_strdup_printf ("group %u", i);
      TyetGroup *group = tyet_group_new (m->process, name, m->options->ordering);
      if (!tyet_group_found (group, &error))
        member_fail ("a group more: %s", error->message);
      g_ptr_array_add (m->more, group);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return g_str_equal (what, "all") ? in_use () : in_use () - before;
}

/* The row says what was measured: nobody fell back to its socket, or went over to what was not asked for. */
static void
check_channel (const Member *m)
{
  g_autofree char *maps = NULL;
  guint rings = 0;
  if (!g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL))
    return;
  for (const char *at = maps; (at = strstr (at, "memfd:tyet-ring")) != NULL; at++)
    rings++;
  guint wanted = g_str_equal (m->options->channel, "shm") ? m->options->members - 1 : 0;
  if (rings != wanted)
    member_fail ("shared memory with %u others, and not with %u", rings, wanted);
}

/* ---- What the parent says ---- */

static guint64
stood_still_us (Member *m)
{
  g_autoptr (GVariant) statistics = tyet_group_get_statistics (m->group);
  guint64 us = 0;
  g_variant_lookup (statistics, "stood-still-us", "t", &us);
  return us;
}

static void
say_mark (Member *m)
{
  guint64 count = g_str_equal (m->options->command, "locks") ? m->locks : m->verify.delivered;
  member_say ("mark %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT
              " %" G_GUINT64_FORMAT,
              bench_now_ns (), count, bench_cpu_us (), bench_rss_bytes (), stood_still_us (m));
}

static void
enter (Member *m, const char *contact)
{
  g_autoptr (GError) error = NULL;
  const char *contacts[] = { contact, NULL };
  m->asked_at_ns = bench_now_ns ();
  if (contact != NULL)
    {
      tyet_group_join_async (m->group, contacts, NULL, on_joined, m);
      return;
    }
  if (!tyet_group_found (m->group, &error))
    member_fail ("founding: %s", error->message);
  member_say ("in 1");
}

static gboolean
traffic_command (Member *m, char **words)
{
  if (g_str_equal (words[0], "go"))
    member_go (m);
  else if (g_str_equal (words[0], "full"))
    {
      m->tell_full = m->full_at == 0;
      if (!m->tell_full)
        member_say ("full %" G_GUINT64_FORMAT, m->full_at);
    }
  else if (g_str_equal (words[0], "stop"))
    {
      m->sending = FALSE;
      member_say ("sent %" G_GUINT64_FORMAT, m->sent);
    }
  else if (g_str_equal (words[0], "drain"))
    {
      check_channel (m);
      for (guint i = 0; words[i + 1] != NULL && i < BENCH_MAX_MEMBERS; i++)
        m->wanted[i] = g_ascii_strtoull (words[i + 1], NULL, 10);
      m->draining = TRUE;
      check_drained (m);
    }
  else if (g_str_equal (words[0], "ping"))
    {
      m->pings_left = g_ascii_strtoull (words[1], NULL, 10);
      member_send_one (m);
    }
  else
    return FALSE;
  return TRUE;
}

static void
command (Member *m, char **words)
{
  if (traffic_command (m, words))
    return;
  if (g_str_equal (words[0], "found"))
    enter (m, NULL);
  else if (g_str_equal (words[0], "join"))
    enter (m, words[1]);
  else if (g_str_equal (words[0], "expect"))
    {
      m->expected = (guint) atoi (words[1]);
      check_expected (m);
    }
  else if (g_str_equal (words[0], "view"))
    member_say ("view %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %016" G_GINT64_MODIFIER "x/%" G_GUINT64_FORMAT,
                m->view_at_ns, m->asked_at_ns, m->closed_hash, m->closed_count);
  else if (g_str_equal (words[0], "leave"))
    {
      m->sending = FALSE;
      m->asked_at_ns = bench_now_ns ();
      tyet_group_leave_async (m->group, NULL, on_left, m);
    }
  else if (g_str_equal (words[0], "mark"))
    say_mark (m);
  else if (g_str_equal (words[0], "clear"))
    {
      memset (&m->latency, 0, sizeof m->latency);
      memset (&m->from_due, 0, sizeof m->from_due);
      memset (&m->one_way, 0, sizeof m->one_way);
      member_say ("cleared");
    }
  else if (g_str_equal (words[0], "hist"))
    {
      gboolean own = g_str_equal (words[1], "latency"), due = g_str_equal (words[1], "from-due");
      g_autofree char *text = bench_hist_write (own ? &m->latency : due ? &m->from_due : &m->one_way);
      member_say ("hist %s", text);
    }
  else if (g_str_equal (words[0], "memory"))
    member_say ("memory %" G_GUINT64_FORMAT, member_weigh (m, words[1], (guint) atoi (words[2])));
  else
    member_fail ("\"%s\" is no command", words[0]);
}

static gboolean
on_parent (int fd, GIOCondition condition, gpointer user_data)
{
  Member *m = user_data;
  char buffer[4096], *end;
  gssize n = read (fd, buffer, sizeof buffer);
  if (n <= 0)
    _exit (0);
  g_string_append_len (m->heard, buffer, n);
  while ((end = memchr (m->heard->str, '\n', m->heard->len)) != NULL)
    {
      g_autofree char *line = g_strndup (m->heard->str, (gsize) (end - m->heard->str));
      g_auto (GStrv) words = g_strsplit (line, " ", 0);
      g_string_erase (m->heard, 0, end - m->heard->str + 1);
      command (m, words);
    }
  return G_SOURCE_CONTINUE;
}

/* ---- Life ---- */

static void
make_process (Member *m)
{
  const BenchOptions *o = m->options;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strdup_printf ("%u", m->index);
  g_autofree char *address = g_str_equal (o->channel, "unix") ? g_strdup_printf ("unix:@tyet-bench-%d", (int) getpid ())
                                                              : g_strdup ("tcp://127.0.0.1:0");
  GValue values[6] = { G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT, G_VALUE_INIT };
  const char *names[6] = { "address", "name", "security" };
  guint n = 3;
  g_value_init (&values[0], G_TYPE_STRING);
  g_value_set_string (&values[0], address);
  g_value_init (&values[1], G_TYPE_STRING);
  g_value_set_string (&values[1], name);
  g_value_init (&values[2], TYET_TYPE_SECURITY);
  g_value_set_enum (&values[2], g_str_equal (o->seal, "on") ? TYET_SECURITY_SEALED : TYET_SECURITY_PLAIN);
  if (o->window > 0)
    {
      names[n] = "window-size";
      g_value_init (&values[n], G_TYPE_UINT);
      g_value_set_uint (&values[n++], (guint) o->window);
    }
  if (o->suspect_after_ms > 0)
    {
      names[n] = "suspect-after";
      g_value_init (&values[n], G_TYPE_UINT);
      g_value_set_uint (&values[n++], o->suspect_after_ms);
    }
  if (o->busy_poll_us != G_MAXUINT)
    {
      names[n] = "busy-poll";
      g_value_init (&values[n], G_TYPE_UINT);
      g_value_set_uint (&values[n++], o->busy_poll_us);
    }
  m->process = TYET_PROCESS (g_object_new_with_properties (TYET_TYPE_PROCESS, n, names, values));
  if (!g_initable_init (G_INITABLE (m->process), NULL, &error))
    member_fail ("a process: %s", error->message);
  for (guint i = 0; i < n; i++)
    g_value_unset (&values[i]);
}

static TyetService
service_of (const BenchOptions *options)
{
  g_autoptr (GEnumClass) services = g_type_class_ref (TYET_TYPE_SERVICE);
  return (TyetService) g_enum_get_value_by_nick (services, options->service)->value;
}

int
bench_member_main (const BenchOptions *options, guint index)
{
  Member *m = g_new0 (Member, 1);
  /* Before the library looks. */
  if (g_str_equal (options->channel, "shm"))
    g_unsetenv ("TYET_SHM");
  else
    g_setenv ("TYET_SHM", "0", TRUE);
  m->options = options;
  m->index = index;
  m->service = service_of (options);
  m->heard = g_string_new (NULL);
  m->more = g_ptr_array_new ();
  m->verify.size = options->size;
  m->verify.total = bench_is_total (options);
  m->verify.full = g_str_equal (options->verify, "full");
  m->one_way_timed = g_str_equal (options->command, "latency");
  m->verify.late = g_str_equal (options->command, "view-change");
  make_process (m);
  m->group = tyet_group_new (m->process, "bench", options->ordering);
  tyet_group_set_deliver_func (m->group, on_message, m, NULL);
  g_signal_connect (m->group, "view-changed", G_CALLBACK (on_view), m);
  g_signal_connect (m->group, "excluded", G_CALLBACK (on_excluded), m);
  member_begin_sending (m);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_parent, m);
  member_say ("at %s", tyet_process_get_address (m->process));
  m->loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (m->loop);
  return 0;
}
