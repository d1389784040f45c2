/* tests/bench/options.c: the options, from one table.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <tyet.h>

#include <math.h>
#include <string.h>

typedef enum
{
  UINT,
  BYTES,
  NUMBER,
  WORD,
  FLAG
} Type;

typedef struct
{
  const char *name;
  Type type;
  gsize offset;
  const char *commands; /* NULL: all */
  const char *choices;  /* of a word, with spaces around each */
  const char *what;
} Option;

/* Bytes of what goes one at a time, in all, where their number is not said. */
#define ONE_BY_ONE_BYTES (G_GUINT64_CONSTANT (1024) * 1024 * 1024)

#define AT(field) G_STRUCT_OFFSET (BenchOptions, field)

static const Option table[] = {
  { "members", WORD, AT (members_text), NULL, NULL, "N: how many members; for scale a list" },
  { "senders", UINT, AT (senders), " throughput raw ", NULL, "K: how many of them send; all" },
  { "size", BYTES, AT (size), " throughput raw latency locks view-change memory scale ", NULL,
    "S: bytes a message; from 16, where it is timed 24" },
  { "service", WORD, AT (service), " throughput latency locks view-change memory scale ", " fifo causal agreed safe ",
    "fifo, causal, agreed or safe" },
  { "ordering", WORD, AT (ordering), " throughput latency locks view-change memory scale ", NULL,
    "O: the group's ordering; the weakest that offers the service" },
  { "seal", WORD, AT (seal), NULL, " on off ", "on or off: sealed channels" },
  { "channel", WORD, AT (channel), NULL, " tcp unix shm ",
    "tcp, unix or shm: shared memory, which is not used with the others" },
  { "seconds", NUMBER, AT (seconds), " throughput raw locks scale compare memory ", NULL,
    "T: how long each repetition measures" },
  { "messages", UINT, AT (messages), " throughput raw locks scale compare ", NULL,
    "N: how many messages it measures at the least, however long that takes; 1" },
  { "warm-up", NUMBER, AT (warm_up), " throughput raw locks scale compare ", NULL, "T: seconds before that" },
  { "window", BYTES, AT (window), " throughput raw latency locks view-change memory scale ", NULL,
    "BYTES: a sender's window; as the library has it" },
  { "rate", UINT, AT (rate), " throughput ", NULL, "R: messages a second of all senders together; as fast as it goes" },
  { "verify", WORD, AT (verify), " throughput raw ", " heads full ", "heads or full: what is checked of each message" },
  { "reps", UINT, AT (reps), NULL, NULL, "R: repetitions" },
  { "count", UINT, AT (count), " latency raw ", NULL,
    "C: messages, one at a time; raw: round trips, 0 for none; large ones are fewer unless said" },
  { "gap", NUMBER, AT (gap_ms), " latency raw ", NULL, "MS: idle time before each" },
  { "from", UINT, AT (from), " latency locks ", NULL, "RANK: who sends; the youngest" },
  { "who", WORD, AT (who), " locks ", " one all both ", "one, all or both: who takes locks" },
  { "how", WORD, AT (how), " view-change ", " crash leave join coordinator silent ",
    "crash, leave, join, coordinator or silent" },
  { "load", UINT, AT (load), " view-change ", NULL, "MSGS_PER_S: of all members together, meanwhile" },
  { "suspect-after", UINT, AT (suspect_after_ms), NULL, NULL,
    "MS: silence that makes a suspect; as the library has it" },
  { "busy-poll", UINT, AT (busy_poll_us), " throughput latency locks view-change scale raw ", NULL,
    "US: how long a member looks out for more before it sleeps; as the library has it" },
  { "groups", UINT, AT (groups), " memory ", NULL, "N: groups in one process" },
  { "simulated", WORD, AT (simulated), " scale ", NULL,
    "8..1024: messages, bytes and rounds by simulation, of so many members, doubling" },
  { "instructions", FLAG, AT (instructions), " scale ", NULL,
    "with --simulated: instructions a message too, one by one, which takes a while" },
  { "table", FLAG, AT (table), NULL, NULL, "a table for people instead of JSON" },
};

GQuark
bench_error_quark (void)
{
  return g_quark_from_static_string ("tyet-bench-error");
}

static gboolean
usage (GError **error, const char *format, const char *a, const char *b)
{
  g_autofree char *text = g_strdup_printf (format, a, b);
  g_set_error_literal (error, BENCH_ERROR, BENCH_ERROR_USAGE, text);
  return FALSE;
}

/* Members find the secret there. */
void
bench_prepare_seal (const BenchOptions *options)
{
  if (g_str_equal (options->seal, "on"))
    g_setenv ("TYET_SECRET", "a-bench-keeps-no-secrets-it-measures-sealsA", TRUE);
}

static gboolean
lists (const char *list, const char *word)
{
  g_autofree char *spaced = g_strdup_printf (" %s ", word);
  return list == NULL || strstr (list, spaced) != NULL;
}

static const Option *
find (const char *command, const char *name, gsize len)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strlen (table[i].name) == len && memcmp (table[i].name, name, len) == 0 && lists (table[i].commands, command))
      return &table[i];
  return NULL;
}

static gboolean
set (BenchOptions *options, const Option *option, const char *value, GError **error)
{
  gpointer to = G_STRUCT_MEMBER_P (options, option->offset);
  char *end = NULL;
  double number = option->type == WORD ? 0 : g_ascii_strtod (value, &end);
  if (option->type == WORD)
    {
      *(const char **) to = value;
      if (option->choices != NULL && !lists (option->choices, value))
        return usage (error, "--%s is one of%s", option->name, option->choices);
      return TRUE;
    }
  if (option->type == BYTES && end != value && (*end == 'k' || *end == 'K' || *end == 'M'))
    number *= *end++ == 'M' ? 1024 * 1024 : 1024;
  gboolean whole = option->type == NUMBER || number == floor (number);
  if (end == value || *end != '\0' || !(number >= 0) || number > G_MAXUINT32 || !whole)
    return usage (error, "--%s: \"%s\" is no number that makes sense there", option->name, value);
  if (option->type == UINT)
    *(guint *) to = (guint) number;
  else if (option->type == BYTES)
    *(guint64 *) to = (guint64) number;
  else
    *(double *) to = number;
  return TRUE;
}

/* ---- What is left open ---- */

static void
defaults (BenchOptions *options, const char *command)
{
  *options = (BenchOptions){ .command = command,
                             .reps = 3,
                             .count = G_MAXUINT,
                             .senders = G_MAXUINT,
                             .from = G_MAXUINT,
                             .busy_poll_us = G_MAXUINT,
                             .groups = 1000,
                             .size = 64,
                             .seconds = 2,
                             .warm_up = 0.5,
                             .service = "agreed",
                             .seal = "off",
                             .channel = "tcp",
                             .verify = "heads",
                             .how = "crash",
                             .who = "both" };
  if (g_str_equal (command, "view-change"))
    options->reps = 20;
  if (g_str_equal (command, "scale"))
    options->reps = 1;
}

gboolean
bench_is_total (const BenchOptions *options)
{
  return g_str_equal (options->service, "agreed") || g_str_equal (options->service, "safe");
}

/* What a member would say of it, but before anything is measured. */
static gboolean
check_ordering (BenchOptions *options, GError **error)
{
  static const char *const orderings[] = { "fifo", "causal", "total", NULL };
  if (options->ordering == NULL)
    options->ordering = bench_is_total (options) ? "total" : options->service;
  if (!g_strv_contains (orderings, options->ordering))
    return usage (error, "--ordering is one of fifo causal total%s%s", "", "");
  gboolean offered = g_str_equal (options->ordering, "total") || g_str_equal (options->service, "fifo")
                     || g_str_equal (options->service, options->ordering);
  return offered || usage (error, "The ordering %s does not offer the service %s", options->ordering, options->service);
}

static gboolean
check_sizes (const BenchOptions *options, GError **error)
{
  gboolean timed = g_str_equal (options->command, "latency") || g_str_equal (options->verify, "full");
  gboolean raw = g_str_equal (options->command, "raw");
  if (options->size < (timed ? BENCH_TIMED_BYTES : BENCH_HEAD_BYTES))
    return usage (error, "--size: %s has at least %s bytes", timed ? "a timed message" : "a message",
                  timed ? "24" : "16");
  if (!raw && options->size > 64 * 1024 * 1024)
    return usage (error, "--size: no message is longer than 64M%s%s", "", "");
  if (!raw && options->window > 0 && options->window < 1024)
    return usage (error, "--window begins at 1K%s%s", "", "");
  if (options->gap_ms != floor (options->gap_ms))
    return usage (error, "--gap is a whole number of milliseconds%s%s", "", "");
  if (g_str_equal (options->command, "view-change") && g_str_equal (options->how, "coordinator")
      && options->members == 2)
    return usage (error, "--how coordinator: the oldest of two leaves no quorum; there have to be three%s%s", "", "");
  if (options->reps < 1 || options->count < 1 || options->groups < 1)
    return raw && options->reps > 0 ? TRUE : usage (error, "--reps, --count and --groups begin at 1%s%s", "", "");
  return TRUE;
}

static gboolean
check_list (const char *text, GError **error)
{
  g_auto (GStrv) each = g_strsplit (text, ",", 0);
  for (char **at = each; *at != NULL; at++)
    if (!g_ascii_string_to_unsigned (*at, 10, 2, 64, NULL, NULL))
      return usage (error, "--members: \"%s\" is no number from 2 to 64%s", *at, "");
  return each[0] != NULL || usage (error, "--members is a list of numbers%s%s", "", "");
}

/* What the library would refuse with a warning, and measure something else. */
static gboolean
check_property (const char *name, guint value, GError **error)
{
  g_autoptr (GTypeClass) process = g_type_class_ref (TYET_TYPE_PROCESS);
  const GParamSpecUInt *range = G_PARAM_SPEC_UINT (g_object_class_find_property ((GObjectClass *) process, name));
  g_autofree char *limits = g_strdup_printf ("a number from %u to %u", range->minimum, range->maximum);
  return (value >= range->minimum && value <= range->maximum) || usage (error, "--%s is %s", name, limits);
}

/* As the library has it. */
static guint
default_busy_poll (void)
{
  GObjectClass *process = g_type_class_ref (TYET_TYPE_PROCESS);
  guint us = G_PARAM_SPEC_UINT (g_object_class_find_property (process, "busy-poll"))->default_value;
  g_type_class_unref (process);
  return us;
}

/* Large ones are fewer, so that they end. */
static guint
default_count (const BenchOptions *options)
{
  guint64 most = MAX (ONE_BY_ONE_BYTES / MAX (options->size, 1), 20);
  return (guint) MIN (most, g_str_equal (options->command, "raw") ? 5000 : 20000);
}

static gboolean
complete (BenchOptions *options, GError **error)
{
  if (options->count == G_MAXUINT)
    options->count = default_count (options);
  if (options->suspect_after_ms > 0 && !check_property ("suspect-after", options->suspect_after_ms, error))
    return FALSE;
  if (options->busy_poll_us != G_MAXUINT && !check_property ("busy-poll", options->busy_poll_us, error))
    return FALSE;
  if (g_str_equal (options->command, "raw")
      && (!g_str_equal (options->channel, "tcp") || !g_str_equal (options->seal, "off")))
    return usage (error, "%s%s", "raw is about TCP in clear text", "");
  if (g_str_equal (options->command, "raw") && options->busy_poll_us == G_MAXUINT)
    options->busy_poll_us = default_busy_poll ();
  if (options->members_text == NULL)
    options->members_text = g_str_equal (options->command, "scale") ? "2,3,5,8,16,32" : "3";
  if (g_str_equal (options->command, "scale") && !check_list (options->members_text, error))
    return FALSE;
  if (!g_str_equal (options->command, "scale"))
    {
      char *end;
      guint64 n = g_ascii_strtoull (options->members_text, &end, 10);
      if (*end != '\0' || n < 1 || n > 64)
        return usage (error, "--members is a number from 1 to 64%s%s", "", "");
      options->members = (guint) n;
      if (options->senders == G_MAXUINT)
        options->senders = options->members;
      if (options->from == G_MAXUINT)
        options->from = options->members - 1;
      if (options->senders < 1 || options->senders > options->members || options->from >= options->members)
        return usage (error, "--senders is from 1 to the number of members, and --from a rank below that%s%s", "", "");
      if (g_str_equal (options->command, "raw") && n < 2)
        return usage (error, "raw needs two members%s%s", "", "");
      if (g_str_equal (options->command, "view-change") && n < 2)
        return usage (error, "A change of view needs two members%s%s", "", "");
    }
  return check_sizes (options, error) && check_ordering (options, error);
}

gboolean
bench_options_parse (BenchOptions *options, const char *command, int argc, char **argv, GError **error)
{
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();
  defaults (options, command);
  for (int i = 0; i < argc; i++)
    {
      const char *arg = argv[i];
      if (!g_str_has_prefix (arg, "--"))
        {
          g_ptr_array_add (rest, (gpointer) arg);
          continue;
        }
      const char *equals = strchr (arg, '=');
      const Option *option = find (command, arg + 2, equals != NULL ? (gsize) (equals - arg - 2) : strlen (arg + 2));
      if (option == NULL)
        return usage (error, "%s has no option %s", command, arg);
      if (option->type == FLAG && equals != NULL)
        return usage (error, "--%s takes no value%s", option->name, "");
      if (option->type == FLAG)
        {
          *(gboolean *) G_STRUCT_MEMBER_P (options, option->offset) = TRUE;
          continue;
        }
      const char *value = equals != NULL ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
      if (value == NULL)
        return usage (error, "--%s needs a value%s", option->name, "");
      if (!set (options, option, value, error))
        return FALSE;
    }
  g_ptr_array_add (rest, NULL);
  options->rest = (const char **) g_ptr_array_free (g_steal_pointer (&rest), FALSE);
  if (options->rest[0] != NULL && !g_str_equal (command, "compare"))
    return usage (error, "%s takes no \"%s\"", command, options->rest[0]);
  return complete (options, error);
}

char **
bench_options_write (const BenchOptions *options)
{
  GPtrArray *out = g_ptr_array_new ();
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      const Option *o = &table[i];
      gconstpointer from = G_STRUCT_MEMBER_P (options, o->offset);
      if (!lists (o->commands, options->command) || o->type == FLAG)
        continue;
      if (o->type == WORD && *(const char *const *) from != NULL)
        g_ptr_array_add (out, g_strdup_printf ("--%s=%s", o->name, *(const char *const *) from));
      else if (o->type == UINT)
        g_ptr_array_add (out, g_strdup_printf ("--%s=%u", o->name, *(const guint *) from));
      else if (o->type == BYTES)
        g_ptr_array_add (out, g_strdup_printf ("--%s=%" G_GUINT64_FORMAT, o->name, *(const guint64 *) from));
      else if (o->type == NUMBER)
        g_ptr_array_add (
            out, g_strdup_printf ("--%s=%s", o->name, g_ascii_dtostr (number, sizeof number, *(const double *) from)));
    }
  g_ptr_array_add (out, NULL);
  return (char **) g_ptr_array_free (out, FALSE);
}

void
bench_options_help (const char *command)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (lists (table[i].commands, command))
      g_print ("  --%-14s %s\n", table[i].name, table[i].what);
}
