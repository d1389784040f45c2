/* examples/lab/cat.c: `tyet cat`: a member of a group for the shell.
 *
 *   start ─► joining ─► in ─► leaving ─► end
 *     ▲                 │ excluded, with --rejoin: as NAME.1, NAME.2, ...
 *     └─────────────────┘
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cat.h"

#include "transport/address.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MS 300   /* between attempts to come back */
#define LEAVE_MS 15000 /* told by a signal, it waits no longer than this for the others to agree */
#define SILENT_MS 3000 /* still not in, it says why */
#define UNSET G_MININT /* a time that was not given */
#define OUTPUT_PATIENCE_US (1000 * 1000)

typedef struct
{
  /* options */
  char *group_name, *ordering, *service_name, *listen, *name, *history, *storage;
  char **contacts, **founders;
  gboolean found, json, stay, rejoin, with_state, stats;
  CatKeys keys;
  int suspect_after_ms, heartbeat_ms, timeout_ms;

  CatEvents events;
  GMainLoop *loop;
  TyetProcess *process;
  TyetGroup *group;
  TyetService service;
  GCancellable *joining;
  CatState *state;
  LabLines *lines;
  char *first_name; /* that of the first life */
  char *address;    /* the real one, kept by later lives */
  char **known;     /* addresses of the last view's other members */
  guint lives;      /* before this one */
  gint64 began_us;
  gboolean entered; /* in some life */
  gboolean gives_tickets; /* has given one, or asked for new secrets: those go by a ticket again */
  gboolean stopping;
  gboolean signalled; /* a signal told it to stop: exit status 0 whatever comes */
  int status;
} Cat;

static void cat_stop (Cat *cat);
static gboolean cat_enter (Cat *cat, GError **error);

static void
cat_end (Cat *cat)
{
  cat->stopping = TRUE;
  g_main_loop_quit (cat->loop);
}

static void G_GNUC_PRINTF (2, 3) complain (Cat *cat, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("%s: %s\n", g_get_prgname (), text);
}

static gboolean G_GNUC_PRINTF (2, 3) refuse (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args));
  va_end (args);
  return FALSE;
}

/* An address that others listen at; `option`: where it was given. */
static gboolean
check_remote (const char *option, const char *text, GError **error)
{
  TyAddress address;
  g_autoptr (GError) why = NULL;
  if (!ty_address_parse (text, &address, &why))
    return refuse (error, "%s: %s", option, why->message);
  gboolean dialable = address.is_unix || address.port != 0;
  ty_address_clear (&address);
  return dialable || refuse (error, "%s: nobody can be reached at port 0: %s", option, text);
}

/* Whether what went wrong is what was asked for. */
static gboolean
is_usage (const GError *error)
{
  return error->domain == G_OPTION_ERROR || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT)
         || g_error_matches (error, TYET_ERROR, TYET_ERROR_ORDERING)
         || g_error_matches (error, TYET_ERROR, TYET_ERROR_NAME)
         || g_error_matches (error, TYET_ERROR, TYET_ERROR_ADDRESS)
         || g_error_matches (error, TYET_ERROR, TYET_ERROR_IDENTITY)
         || g_error_matches (error, TYET_ERROR, TYET_ERROR_SECRET)
         || g_error_matches (error, TYET_ERROR, TYET_ERROR_PLAIN);
}

/* ---- Lines in ---- */

static gboolean
on_line (const char *line, gsize len_bytes, gpointer user_data)
{
  Cat *cat = user_data;
  g_autoptr (GError) error = NULL;
  if (cat->group == NULL)
    return FALSE; /* between two lives */
  if (tyet_group_send (cat->group, cat->service, line, len_bytes, &error))
    return TRUE;
  /* These pass: the line is offered again when there is room, a quorum, a group. */
  if (g_error_matches (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK)
      || g_error_matches (error, TYET_ERROR, TYET_ERROR_BLOCKED)
      || g_error_matches (error, TYET_ERROR, TYET_ERROR_NOT_MEMBER)
      || g_error_matches (error, TYET_ERROR, TYET_ERROR_EXCLUDED))
    return FALSE;
  complain (cat, "a line was not sent: %s", error->message);
  return TRUE;
}

static void
on_line_too_long (gsize limit_bytes, gpointer user_data)
{
  complain (user_data, "a line of more than %" G_GSIZE_FORMAT " bytes, the limit of a message, was not sent",
            limit_bytes);
}

static void
on_lines_end (const GError *error, gpointer user_data)
{
  Cat *cat = user_data;
  if (error != NULL && !cat->stopping)
    complain (cat, "standard input cannot be read: %s", error->message);
  if (!cat->stay)
    cat_stop (cat);
}

static const LabLinesOps lines_ops = { .line = on_line, .too_long = on_line_too_long, .end = on_lines_end };

static void
cat_go_on (Cat *cat)
{
  guint limit;
  if (cat->stopping)
    return;
  if (cat->lines == NULL)
    {
      g_object_get (cat->process, "max-message-size", &limit, NULL);
      cat->lines = lab_lines_new (limit, &lines_ops, cat);
    }
  lab_lines_go_on (cat->lines);
}

/* What was taken from standard input and got no further is told: whoever wrote it cannot know. */
static void
let_go_of_lines (Cat *cat)
{
  guint left = cat->lines != NULL ? lab_lines_count_left (cat->lines) : 0;
  if (left > 0)
    complain (cat, "%u %s read and not sent", left, left == 1 ? "line was" : "lines were");
  g_clear_pointer (&cat->lines, lab_lines_free);
}

/* ---- Events out ---- */

static void
on_delivered (TyetGroup *group, TyetView *view, guint rank, TyetService service, const guint8 *data, gsize len_bytes,
              gpointer user_data)
{
  Cat *cat = user_data;
  if (cat->state != NULL)
    cat_state_delivered (cat->state, tyet_view_get_member_name (view, rank), data, len_bytes);
  cat_event_deliver (&cat->events, view, rank, service, data, len_bytes);
}

static void
on_view (TyetGroup *group, TyetView *view, TyetViewChange *change, Cat *cat)
{
  GPtrArray *others = g_ptr_array_new ();
  cat->entered = TRUE;
  cat_event_view (&cat->events, view, change);
  for (guint i = 0; i < tyet_view_get_n_members (view); i++)
    if (i != tyet_view_get_rank (view))
      g_ptr_array_add (others, g_strdup (tyet_view_get_member_address (view, i)));
  g_ptr_array_add (others, NULL);
  g_strfreev (cat->known);
  cat->known = (char **) g_ptr_array_free (others, FALSE);
  cat_go_on (cat);
}

static void
on_blocked (TyetGroup *group, const char *why, const char *const *waiting_for, Cat *cat)
{
  cat_event_blocked (&cat->events, why, waiting_for);
}

static void
on_unblocked (TyetGroup *group, Cat *cat)
{
  cat_event_unblocked (&cat->events);
  cat_go_on (cat);
}

static void
on_writable (TyetGroup *group, Cat *cat)
{
  cat_go_on (cat);
}

static char *
ticket_text (Cat *cat)
{
  g_autoptr (TyetTicket) ticket = tyet_process_make_ticket (cat->process, NULL);
  return ticket != NULL ? tyet_ticket_to_text (ticket) : NULL;
}

/* Later lives come back by the new ones; who is to join from now on has to be given the new one of the network. */
static void
on_rekeyed (TyetGroup *group, gboolean network_too, Cat *cat)
{
  g_autofree char *ticket = network_too && cat->gives_tickets ? ticket_text (cat) : NULL;
  if (network_too)
    {
      g_clear_pointer (&cat->keys.secret, tyet_secret_unref);
      g_clear_pointer (&cat->keys.ticket, tyet_ticket_unref);
      cat->keys.secret = tyet_secret_ref (tyet_process_get_secret (cat->process));
    }
  if (tyet_group_get_secret (group) != NULL)
    {
      g_clear_pointer (&cat->keys.group_secret, tyet_secret_unref);
      cat->keys.group_secret = tyet_secret_ref (tyet_group_get_secret (group));
    }
  cat_event_rekeyed (&cat->events, network_too, ticket);
}

static void
on_history_error (TyetProcess *process, const GError *error, Cat *cat)
{
  /* Whoever asked for a record wants no run that is not in it. */
  complain (cat, "%s", error->message);
  cat->status = LAB_FINDING;
  cat_stop (cat);
}

static void
on_output_failed (const char *why, gpointer user_data)
{
  Cat *cat = user_data;
  complain (cat, "standard output cannot be written: %s; leaving", why);
  cat->status = LAB_FINDING;
  cat_stop (cat);
}

/* ---- A life ---- */

static void
cat_let_go (Cat *cat)
{
  if (cat->group != NULL)
    g_signal_handlers_disconnect_by_data (cat->group, cat);
  if (cat->process != NULL)
    g_signal_handlers_disconnect_by_data (cat->process, cat);
  g_clear_object (&cat->group);
  g_clear_object (&cat->process);
}

static gboolean
try_again (gpointer user_data)
{
  Cat *cat = user_data;
  g_autoptr (GError) error = NULL;
  if (cat->stopping || cat_enter (cat, &error))
    return G_SOURCE_REMOVE;
  complain (cat, "cannot come back yet: %s", error->message);
  g_timeout_add (RETRY_MS, try_again, cat);
  return G_SOURCE_REMOVE;
}

static void
on_excluded (TyetGroup *group, const char *why, Cat *cat)
{
  cat_event_excluded (&cat->events, why);
  if (cat->stopping)
    return; /* the leave that is under way says so, too */
  if (!cat->rejoin)
    {
      cat->status = LAB_FINDING;
      cat_end (cat);
      return;
    }
  cat->lives++;
  cat_let_go (cat);
  g_timeout_add (0, try_again, cat);
}

/* Who has been in comes back for as long as it takes. Who was let in, but lost the member that gave it the state,
 * enters again as another process, in the time that it has. */
static gboolean
worth_another_try (Cat *cat, const GError *error)
{
  gint64 timeout_ms = cat->timeout_ms >= 0 ? cat->timeout_ms : 30000;
  gboolean late = timeout_ms > 0 && g_get_monotonic_time () - cat->began_us > timeout_ms * 1000;
  if (cat->state != NULL && cat_state_is_refused (cat->state))
    return FALSE;
  if (cat->founders != NULL && !cat->entered)
    return FALSE; /* the group stands: to join it is another call */
  return cat->entered || (g_error_matches (error, TYET_ERROR, TYET_ERROR_EXCLUDED) && !late);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cat *cat = user_data;
  g_autoptr (GError) error = NULL;
  if (tyet_group_join_finish (TYET_GROUP (source), result, &error))
    {
      if (cat->stopping)
        cat_stop (cat);
      return;
    }
  if (cat->stopping)
    {
      cat_end (cat);
      return;
    }
  if (G_OBJECT (cat->group) != source)
    return; /* excluded before it was quite in: already on its way back */
  gboolean taken = g_error_matches (error, TYET_ERROR, TYET_ERROR_NAME);
  complain (cat, "%s", error->message);
  if (!worth_another_try (cat, error))
    {
      cat->status = is_usage (error) && !taken ? LAB_USAGE : LAB_FINDING;
      cat_end (cat);
      return;
    }
  /* A life that never was in comes back under its name, unless somebody else has that. */
  cat->lives += cat->entered && !taken ? 0 : 1;
  cat_let_go (cat);
  g_timeout_add (RETRY_MS, try_again, cat);
}

/* Whoever looks at a shell in which nothing happens wants to know what it is that does not. */
static gboolean
on_still_joining (gpointer user_data)
{
  Cat *cat = user_data;
  g_autofree char *waits = cat->process != NULL ? tyet_process_describe_waits (cat->process) : NULL;
  if (!cat->entered && !cat->stopping && waits != NULL && waits[0] != '\0')
    complain (cat, "not in the group yet: %s", g_strchomp (waits));
  return G_SOURCE_REMOVE;
}

static TyetProcess *
make_process (Cat *cat, GError **error)
{
  const guint suspect_after = cat->suspect_after_ms > 0 ? (guint) cat->suspect_after_ms : 1000;
  const guint heartbeat = (guint) MAX (cat->heartbeat_ms, 0);
  g_autofree char *name = g_strdup (cat->name);
  if (cat->lives > 0)
    {
      g_free (name);
      name = g_strdup_printf ("%s.%u", cat->first_name, cat->lives);
    }
  return g_initable_new (TYET_TYPE_PROCESS, NULL, error, "address", cat->address != NULL ? cat->address : cat->listen,
                         "name", name, "suspect-after", suspect_after, "heartbeat", heartbeat, "history", cat->history,
                         "security", cat->keys.plain ? TYET_SECURITY_PLAIN : TYET_SECURITY_SEALED, "secret",
                         cat->keys.secret, "identity", cat->keys.identity, "ticket", cat->keys.ticket, "storage",
                         cat->lives == 0 ? cat->storage : NULL, NULL);
}

/* As the library looks: what is set to nothing is not set. */
static gboolean
has_secret_in_environment (void)
{
  const char *file = g_getenv ("TYET_SECRET_FILE"), *secret = g_getenv ("TYET_SECRET");
  return (file != NULL && file[0] != '\0') || (secret != NULL && secret[0] != '\0');
}

/* Whoever founds a group with a secret that was made for it tells others how to come in: once. */
static char *
make_ticket (Cat *cat)
{
  if (!cat->found || cat->keys.plain || cat->keys.secret != NULL || has_secret_in_environment ())
    return NULL;
  cat->gives_tickets = TRUE;
  return ticket_text (cat);
}

/* Later lives speak to the same processes, as the same one. */
static void
keep_keys (Cat *cat)
{
  TyetIdentity *identity = tyet_process_get_identity (cat->process);
  if (cat->keys.identity == NULL && identity != NULL)
    cat->keys.identity = tyet_identity_ref (identity);
  if (cat->keys.secret == NULL && cat->found && !cat->keys.plain)
    cat->keys.secret = tyet_secret_ref (tyet_process_get_secret (cat->process));
}

static gboolean
cat_make (Cat *cat, GError **error)
{
  cat->process = make_process (cat, error);
  if (cat->process == NULL)
    return FALSE;
  cat->group = tyet_group_new (cat->process, cat->group_name, cat->ordering);
  g_signal_connect (cat->process, "history-error", G_CALLBACK (on_history_error), cat);
  g_signal_connect (cat->group, "view-changed", G_CALLBACK (on_view), cat);
  g_signal_connect (cat->group, "blocked", G_CALLBACK (on_blocked), cat);
  g_signal_connect (cat->group, "unblocked", G_CALLBACK (on_unblocked), cat);
  g_signal_connect (cat->group, "writable", G_CALLBACK (on_writable), cat);
  g_signal_connect (cat->group, "rekeyed", G_CALLBACK (on_rekeyed), cat);
  g_signal_connect (cat->group, "excluded", G_CALLBACK (on_excluded), cat);
  if (!tyet_group_set_secret (cat->group, cat->keys.group_secret, error)
      || !tyet_group_set_admit_file (cat->group, cat->keys.admit_file, error))
    return FALSE;
  tyet_group_set_deliver_func (cat->group, on_delivered, cat, NULL);
  if (cat->state != NULL)
    cat_state_attach (cat->state, cat->group, &cat->events);
  return TRUE;
}

/* A life begins: a process of its own, which founds the group or joins it. */
static gboolean
cat_enter (Cat *cat, GError **error)
{
  g_autoptr (GPtrArray) contacts = g_ptr_array_new ();
  if (!cat_make (cat, error))
    return FALSE;
  if (cat->service > tyet_group_get_strongest_service (cat->group))
    return refuse (error, "The ordering %s does not offer the service %s", cat->ordering, cat->service_name);
  if (cat->address == NULL)
    {
      cat->address = g_strdup (tyet_process_get_address (cat->process));
      cat->first_name = g_strdup (tyet_process_get_name (cat->process));
      g_autofree char *ticket = make_ticket (cat);
      cat_event_listening (&cat->events, cat->address, ticket);
      keep_keys (cat);
    }
  if (cat->found && cat->lives == 0)
    return tyet_group_found (cat->group, error);
  if (cat->founders != NULL && cat->lives == 0)
    {
      tyet_group_found_with_async (cat->group, (const char *const *) cat->founders, cat->joining, on_joined, cat);
      return TRUE;
    }
  for (char **c = cat->contacts; c != NULL && *c != NULL; c++)
    g_ptr_array_add (contacts, *c);
  for (const char *const *c = cat->keys.ticket != NULL ? tyet_ticket_get_addresses (cat->keys.ticket) : NULL;
       c != NULL && *c != NULL; c++)
    g_ptr_array_add (contacts, (gpointer) *c);
  for (char **c = cat->known; c != NULL && *c != NULL; c++)
    g_ptr_array_add (contacts, *c);
  g_ptr_array_add (contacts, NULL);
  if (cat->timeout_ms >= 0)
    tyet_group_set_join_timeout (cat->group, (guint) cat->timeout_ms);
  tyet_group_join_async (cat->group, (const char *const *) contacts->pdata, cat->joining, on_joined, cat);
  return TRUE;
}

/* ---- The end ---- */

static void
on_left (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cat *cat = user_data;
  g_autoptr (GError) error = NULL;
  if (!tyet_group_leave_finish (TYET_GROUP (source), result, &error) && !cat->signalled)
    {
      complain (cat, "did not leave in good order: %s", error->message);
      cat->status = LAB_FINDING;
    }
  cat_end (cat);
}

static gboolean
on_leave_timeout (gpointer user_data)
{
  Cat *cat = user_data;
  g_autofree char *waits = cat->process != NULL ? tyet_process_describe_waits (cat->process) : NULL;
  complain (cat, "the others do not let it leave; going all the same\n%s", waits != NULL ? waits : "");
  cat_end (cat);
  return G_SOURCE_REMOVE;
}

/* Out of the group in good order, from wherever it is. */
static void
cat_stop (Cat *cat)
{
  TyetGroupState state = cat->group != NULL ? tyet_group_get_state (cat->group) : TYET_GROUP_STATE_FAILED;
  gboolean in
      = state == TYET_GROUP_STATE_MEMBER || state == TYET_GROUP_STATE_FLUSHING || state == TYET_GROUP_STATE_BLOCKED;
  cat->stopping = TRUE;
  let_go_of_lines (cat);
  if (in && g_object_get_data (G_OBJECT (cat->group), "leaving") == NULL)
    {
      g_object_set_data (G_OBJECT (cat->group), "leaving", cat);
      if (cat->stats)
        cat_event_statistics (&cat->events, cat->group);
      tyet_group_leave_async (cat->group, NULL, on_left, cat);
    }
  else if (state == TYET_GROUP_STATE_JOINING)
    g_cancellable_cancel (cat->joining);
  else if (!in)
    cat_end (cat);
}

static gboolean
on_signal (gpointer user_data)
{
  Cat *cat = user_data;
  if (cat->signalled)
    {
      cat_end (cat); /* told twice */
      return G_SOURCE_CONTINUE;
    }
  cat->signalled = TRUE;
  g_timeout_add (LEAVE_MS, on_leave_timeout, cat);
  cat_stop (cat);
  return G_SOURCE_CONTINUE;
}

/* With a list of keys, a hangup means that it has changed. */
static gboolean
on_hangup (gpointer user_data)
{
  Cat *cat = user_data;
  g_autoptr (GError) error = NULL;
  if (cat->keys.admit_file == NULL)
    return on_signal (cat);
  if (cat->group != NULL && !tyet_group_reload_admit_file (cat->group, &error))
    complain (cat, "%s; the list before it stays", error->message);
  return G_SOURCE_CONTINUE;
}

/* New secrets, for the group and the network. */
static gboolean
on_rekey (gpointer user_data)
{
  Cat *cat = user_data;
  g_autoptr (GError) error = NULL;
  if (cat->group == NULL || !tyet_group_rekey (cat->group, TRUE, &error))
    complain (cat, "no new secrets: %s", error != NULL ? error->message : "it is in no group now");
  else
    cat->gives_tickets = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_ask_statistics (gpointer user_data)
{
  Cat *cat = user_data;
  if (cat->group != NULL)
    cat_event_statistics (&cat->events, cat->group);
  return G_SOURCE_CONTINUE;
}

static void
catch_signals (Cat *cat)
{
  struct sigaction hangup;
  signal (SIGPIPE, SIG_IGN);
  g_unix_signal_add (SIGTERM, on_signal, cat);
  g_unix_signal_add (SIGINT, on_signal, cat);
  g_unix_signal_add (SIGUSR1, on_rekey, cat);
  g_unix_signal_add (SIGUSR2, on_ask_statistics, cat);
  /* nohup (1) has its way. */
  if (sigaction (SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    g_unix_signal_add (SIGHUP, on_hangup, cat);
}

/* A standard stream that the shell has closed would be the next file or socket to be opened, and lines would be read
 * from it or written to it. What stands in its place cannot be read or written, so that it is told as what it is. */
static void
occupy_streams (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && errno == EBADF
        && open ("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) != fd)
      g_error ("standard stream %d is closed, and /dev/null cannot be opened", fd);
}

/* ---- Usage ---- */

static gboolean
parse (Cat *cat, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "group", 'g', 0, G_OPTION_ARG_STRING, &cat->group_name, "The group's name", "G" },
    { "ordering", 'o', 0, G_OPTION_ARG_STRING, &cat->ordering, "Its ordering: fifo, causal or total", "ORDERING" },
    { "service", 's', 0, G_OPTION_ARG_STRING, &cat->service_name,
      "What lines are sent with: fifo, causal, agreed or safe (default: what the ordering stands for)", "SERVICE" },
    { "listen", 'l', 0, G_OPTION_ARG_STRING, &cat->listen,
      "Where others reach this process: tcp://HOST:PORT, tcp://[V6]:PORT, unix:///PATH or unix:@NAME; "
      "port 0 for any free one (default: tcp://127.0.0.1:0; for a founder, its address in the list)",
      "ADDR" },
    { "found", 0, 0, G_OPTION_ARG_NONE, &cat->found, "Found the group", NULL },
    { "contact", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &cat->contacts,
      "Join the group by the member at ADDR; may be given several times", "ADDR" },
    { "founder", 0, 0, G_OPTION_ARG_STRING_ARRAY, &cat->founders,
      "Found the group together with others: give the same list to each, this one among them; needs --storage",
      "NAME=ADDR" },
    { "storage", 0, 0, G_OPTION_ARG_FILENAME, &cat->storage,
      "The directory in which a founder keeps its promises until the group stands; its own", "DIR" },
    { "name", 'n', 0, G_OPTION_ARG_STRING, &cat->name, "This member's name (default: a short random one)", "NAME" },
    { "history", 0, 0, G_OPTION_ARG_FILENAME, &cat->history,
      "Append the history of this process to FILE, for tyet check; with it, no two processes of a run have one name",
      "FILE" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &cat->json, "Write events as JSON objects, one a line", NULL },
    { "stats", 0, 0, G_OPTION_ARG_NONE, &cat->stats,
      "Before leaving, write counters, and how each member is reached: tcp, unix or shm (shared memory)", NULL },
    { "stay", 0, 0, G_OPTION_ARG_NONE, &cat->stay, "Stay when the input ends, until SIGTERM", NULL },
    { "rejoin", 0, 0, G_OPTION_ARG_NONE, &cat->rejoin, "Come back as NAME.1, NAME.2, ... when excluded", NULL },
    { "state", 0, 0, G_OPTION_ARG_NONE, &cat->with_state,
      "Keep a digest of all messages as the group's state: take it when joining, give it to others", NULL },
    { "suspect-after", 0, 0, G_OPTION_ARG_INT, &cat->suspect_after_ms,
      "Suspect a member that is silent for so long; the same for all members (default: 1000)", "MS" },
    { "heartbeat", 0, 0, G_OPTION_ARG_INT, &cat->heartbeat_ms,
      "Be silent for so long at most (default: a tenth of --suspect-after)", "MS" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &cat->timeout_ms, "Give up joining after so long; 0: never (default: 30000)",
      "MS" },
    { "ticket-file", 0, 0, G_OPTION_ARG_FILENAME, &cat->keys.ticket_file,
      "Join by the ticket in FILE, which nobody else can read; - for the first line of standard input", "FILE" },
    { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &cat->keys.secret_file,
      "The network secret, made by tyet key --new-secret (default: that of the ticket, or in TYET_SECRET_FILE or "
      "TYET_SECRET; --found makes one if there is none, and prints a ticket)",
      "FILE" },
    { "identity", 0, 0, G_OPTION_ARG_FILENAME, &cat->keys.identity_file,
      "This process's keys, made by tyet key --new (default: fresh ones)", "FILE" },
    { "group-secret-file", 0, 0, G_OPTION_ARG_FILENAME, &cat->keys.group_secret_file,
      "A secret of the group's own, which whoever joins has to know beside the network's", "FILE" },
    { "admit", 0, 0, G_OPTION_ARG_FILENAME, &cat->keys.admit_file,
      "Admit only the public keys in FILE, one a line; SIGHUP reads it again, and members whose keys are gone are "
      "excluded",
      "FILE" },
    { "plain", 0, 0, G_OPTION_ARG_NONE, &cat->keys.plain, "Channels in clear text: on loopback and Unix sockets only",
      NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- join a group from a shell");
  g_option_context_set_summary (
      context, "Joins a group: each line of standard input is multicast as a message, and what happens in the group\n"
               "comes out as lines. The end of the input leaves the group in good order, and so does SIGTERM.");
  g_option_context_set_description (
      context, "Example, in two shells:\n"
               "  tyet cat --group tea --ordering total --found\n"
               "  tyet cat --group tea --ordering total --ticket-file -      (and paste the ticket)\n\n"
               "SIGUSR1 gives the group, and the network, new secrets: from then on the old ones let nobody in, and a\n"
               "ticket with the new one is printed. SIGUSR2 asks for what --stats writes.\n"
               "Secrets and tickets are never given on a command line, which every user of the machine can read.\n"
               "Exit status: 0 left, at the end of the input or by a signal; 1 it could not enter, or is out; 2 bad "
               "usage.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

/* The list says where the others will look for this process: unless told otherwise, it listens there. */
static gboolean
check_founders (Cat *cat, GError **error)
{
  const char *own = NULL;
  for (char **f = cat->founders; *f != NULL; f++)
    {
      const char *equals = strchr (*f, '=');
      if (equals == NULL)
        return refuse (error, "--founder is given as NAME=ADDR, not as \"%s\"", *f);
      if (!check_remote ("--founder", equals + 1, error))
        return FALSE;
      if (strlen (cat->name) == (gsize) (equals - *f) && strncmp (*f, cat->name, (gsize) (equals - *f)) == 0)
        own = equals + 1;
    }
  if (own == NULL)
    return refuse (error, "This process, %s, is in the list of founders by no --founder %s=ADDR", cat->name, cat->name);
  if (cat->listen == NULL)
    cat->listen = g_strdup (own);
  return TRUE;
}

/* What the library would say of it, but before anybody is told where this process listens. */
static gboolean
check_group_name (const char *name, GError **error)
{
  if (*name == '\0')
    return refuse (error, "The name of the group is empty");
  if (strlen (name) > 255)
    return refuse (error, "The name of the group is longer than 255 bytes");
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return refuse (error, "The name of the group has control characters");
  return TRUE;
}

/* Whoever finds others has what they have. */
static gboolean
check_secret (Cat *cat, GError **error)
{
  if (cat->found || cat->keys.plain || cat->keys.secret != NULL || cat->keys.ticket != NULL
      || has_secret_in_environment ())
    return TRUE;
  return refuse (error,
                 "No network secret was given, and the one that the others have is needed: give --ticket-file, or "
                 "--secret-file, TYET_SECRET_FILE or TYET_SECRET");
}

static gboolean
check (Cat *cat, int argc, char **argv, GError **error)
{
  const char *const *orderings = tyet_list_orderings ();
  g_autofree char *all = g_strjoinv (", ", (char **) orderings);
  g_autoptr (GEnumClass) services = g_type_class_ref (TYET_TYPE_SERVICE);
  GEnumValue *service;
  if (argc > 1)
    return refuse (error, "\"%s\" belongs to no option", argv[1]);
  if (cat->group_name == NULL || cat->ordering == NULL)
    return refuse (error, "--group and --ordering are needed");
  if (!check_group_name (cat->group_name, error))
    return FALSE;
  if (!g_strv_contains (orderings, cat->ordering))
    return refuse (error, "There is no ordering \"%s\"; there are %s", cat->ordering, all);
  for (char **c = cat->contacts; c != NULL && *c != NULL; c++)
    if (cat_keys_is_ticket (*c))
      return refuse (error,
                     "--contact takes an address, and that is a ticket. A ticket holds the secret of the network, and "
                     "every user of the machine can read command lines: put it into a file of your own (chmod 600) "
                     "and give --ticket-file FILE, or --ticket-file - and the ticket on standard input. This one "
                     "has been seen: change the secret");
  for (char **c = cat->contacts; c != NULL && *c != NULL; c++)
    if (!check_remote ("--contact", *c, error))
      return FALSE;
  gboolean joins = cat->contacts != NULL || cat->keys.ticket_file != NULL;
  if ((cat->found ? 1 : 0) + (joins ? 1 : 0) + (cat->founders != NULL ? 1 : 0) != 1)
    return refuse (error, "One of --found, --contact, --ticket-file and --founder is needed, and only one of them");
  if (cat->founders != NULL && (cat->storage == NULL || cat->name == NULL))
    return refuse (error, "--founder needs --name, one of the founders' names, and --storage");
  if (cat->storage != NULL && cat->founders == NULL)
    return refuse (error, "--storage is for founders alone (--founder): nobody else has promises to keep");
  if (cat->founders != NULL && !check_founders (cat, error))
    return FALSE;
  if (cat->suspect_after_ms == 0 || (cat->suspect_after_ms < 0 && cat->suspect_after_ms != UNSET)
      || cat->heartbeat_ms < 0 || (cat->timeout_ms < 0 && cat->timeout_ms != UNSET))
    return refuse (error, "Times are positive numbers of milliseconds");
  if (cat->suspect_after_ms > 0 && cat->suspect_after_ms < 10)
    return refuse (error, "--suspect-after must be at least 10 milliseconds");
  if (MAX (cat->suspect_after_ms, cat->heartbeat_ms) > 24 * 3600 * 1000)
    return refuse (error, "--suspect-after and --heartbeat are a day at most");
  cat->service = TYET_SERVICE_DEFAULT;
  if (cat->service_name == NULL)
    return TRUE;
  service = g_enum_get_value_by_nick (services, cat->service_name);
  if (service == NULL)
    return refuse (error, "There is no service \"%s\"; there are fifo, causal, agreed, safe", cat->service_name);
  cat->service = (TyetService) service->value;
  return TRUE;
}

static int
cat_run (Cat *cat)
{
  g_autoptr (GError) error = NULL;
  catch_signals (cat);
  g_timeout_add (SILENT_MS, on_still_joining, cat);
  cat->began_us = g_get_monotonic_time ();
  cat->loop = g_main_loop_new (NULL, FALSE);
  cat->joining = g_cancellable_new ();
  cat->events = (CatEvents){ .json = cat->json,
                             .terminal = isatty (STDOUT_FILENO) != 0,
                             .out = lab_out_new (on_output_failed, cat) };
  cat->state = cat->with_state ? cat_state_new () : NULL;
  if (cat_enter (cat, &error))
    g_main_loop_run (cat->loop);
  else
    {
      complain (cat, "%s", error->message);
      cat->status = is_usage (error) ? LAB_USAGE : LAB_FINDING;
    }
  cat_let_go (cat);
  lab_out_free (cat->events.out, cat->signalled ? OUTPUT_PATIENCE_US : -1);
  let_go_of_lines (cat);
  g_clear_pointer (&cat->state, cat_state_free);
  g_clear_object (&cat->joining);
  g_main_loop_unref (cat->loop);
  return cat->signalled ? LAB_GOOD : cat->status;
}

int
lab_cat (int argc, char **argv)
{
  Cat cat = { .suspect_after_ms = UNSET, .timeout_ms = UNSET };
  g_autoptr (GError) error = NULL;
  int status = LAB_USAGE;
  occupy_streams ();
  if (parse (&cat, &argc, &argv, &error) && check (&cat, argc, argv, &error) && cat_keys_read (&cat.keys, &error)
      && check_secret (&cat, &error))
    status = cat_run (&cat);
  else
    g_printerr ("%s: %s\nTry --help.\n", g_get_prgname (), error->message);
  g_free (cat.group_name);
  g_free (cat.ordering);
  g_free (cat.service_name);
  g_free (cat.listen);
  g_free (cat.name);
  g_free (cat.history);
  g_free (cat.first_name);
  g_free (cat.address);
  g_strfreev (cat.contacts);
  g_strfreev (cat.founders);
  g_free (cat.storage);
  g_strfreev (cat.known);
  cat_keys_clear (&cat.keys);
  return status;
}
