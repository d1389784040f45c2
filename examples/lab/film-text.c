/* examples/lab/film-text.c: words for what is in a film.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film.h"

#include "core/packet.h"

#include <string.h>

const char *
film_service_name (TyService service)
{
  static const char *const names[] = { "fifo", "causal", "agreed", "safe" };
  return (guint) service < G_N_ELEMENTS (names) ? names[service] : "?";
}

const char *
film_packet_name (guint type)
{
  static const char *const names[] = {
    [FILM_PACKET_ORDER] = "ORDER",
    [FILM_PACKET_PROMISE] = "PROMISE",
  };
  const char *name = type < G_N_ELEMENTS (names) && names[type] != NULL ? names[type] : ty_packet_name (type);
  return name != NULL ? name : "?";
}

static const char *
name_of (const Film *film, int process)
{
  return process >= 0 ? film_process (film, process)->name : "somebody";
}

/* "m3 of p" */
static char *
message_of (const Film *film, int message)
{
  if (message < 0)
    return g_strdup ("a message");
  const FilmMessage *m = film_message (film, message);
  return g_strdup_printf ("%s of %s", m->name != NULL ? m->name : m->id, name_of (film, m->sender));
}

char *
film_wait_text (const Film *film, const FilmWait *wait)
{
  g_autofree char *other = message_of (film, wait->message);
  const char *member = name_of (film, wait->member);
  switch (wait->reason)
    {
    case FILM_WAIT_PREDECESSOR:
      if (wait->message < 0)
        return g_strdup_printf ("waits for a message of %s: causal predecessor", member);
      return g_strdup_printf ("waits for %s: causal predecessor", other);
    case FILM_WAIT_TURN:
      return g_strdup_printf ("waits for %s: its turn in the total order comes first", other);
    case FILM_WAIT_FIFO:
      return g_strdup_printf ("waits behind %s: the same sender's, sent earlier", other);
    case FILM_WAIT_FLOOR:
      if (wait->message < 0)
        return g_strdup_printf ("waits for the total order up to its place %" G_GUINT64_FORMAT
                                ", which its sender had delivered",
                                wait->ordinal);
      return g_strdup_printf ("waits for %s in the total order, which its sender had delivered", other);
    case FILM_WAIT_ORDER:
      return g_strdup_printf ("waits for its order from %s", member);
    case FILM_WAIT_STABLE:
      return g_strdup_printf ("waits to be stable: %s has not acknowledged", member);
    case FILM_WAIT_FLUSH:
      return g_strdup ("waits for the flush: the view ends");
    case FILM_WAIT_BLOCKED:
      return g_strdup ("waits for a quorum");
    case FILM_WAIT_VIEW:
      return g_strdup ("waits for its view, which is not installed here yet");
    case FILM_WAIT_LOADING:
      return g_strdup ("waits for the state, which comes first");
    case FILM_WAIT_UNKNOWN:
    default:
      return g_strdup ("waits");
    }
}

const char *
film_wait_word (FilmWaitReason reason)
{
  static const char *const words[]
      = { "predecessor", "fifo", "floor", "order", "stable", "flush", "blocked", "view", "loading", "unknown" };
  return (guint) reason < G_N_ELEMENTS (words) ? words[reason] : "?";
}

char *
film_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *out = g_string_sized_new (strlen (valid));
  for (const char *s = valid; *s != '\0'; s = g_utf8_next_char (s))
    {
      gunichar c = g_utf8_get_char (s);
      gboolean turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069); /* the writing round */
      g_string_append_unichar (out, g_unichar_iscntrl (c) || turns || c == 0xfffe || c == 0xffff ? 0xfffd : c);
    }
  return g_string_free (out, FALSE);
}

gboolean
film_is_drawable (const Film *film, GError **error)
{
  guint64 deliveries = 0;
  for (guint i = 0; i < film->processes->len; i++)
    deliveries += film_process (film, i)->delivered->len;
  if (film->processes->len > FILM_MAX_PROCESSES)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                 "%s: %u processes are too many to be drawn: there is room for %d", film->title, film->processes->len,
                 FILM_MAX_PROCESSES);
  else if (deliveries > FILM_MAX_DELIVERIES)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                 "%s: %" G_GUINT64_FORMAT " deliveries are too many to be drawn: there is room for %d", film->title,
                 deliveries, FILM_MAX_DELIVERIES);
  else
    return TRUE;
  return FALSE;
}

char *
film_time_text (gint64 us)
{
  gint64 size = ABS (us);
  char digits[32];
  const char *unit;
  if (size < 1000)
    return g_strdup_printf ("%d µs", (int) us);
  if (size < 1000000)
    {
      g_ascii_formatd (digits, sizeof digits, size < 10000 ? "%.2f" : "%.1f", (double) us / 1e3);
      unit = "ms";
    }
  else
    {
      g_ascii_formatd (digits, sizeof digits, size < 10000000 ? "%.2f" : "%.1f", (double) us / 1e6);
      unit = "s";
    }
  for (gsize n = strlen (digits); n > 0 && (digits[n - 1] == '0' || digits[n - 1] == '.'); n--)
    {
      gboolean point = digits[n - 1] == '.';
      digits[n - 1] = '\0';
      if (point)
        break;
    }
  return g_strdup_printf ("%s %s", digits, unit);
}
