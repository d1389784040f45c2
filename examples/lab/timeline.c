/* examples/lab/timeline.c: see timeline.h.
 *
 *                 p                     q                     r
 *      11 ms      ● m1                  │                     │
 *      12.05 ms   │                     ▲ m1                  │
 *      13.12 ms   ▲ m2                  │                     ○ m2
 *                 └ m2 waits at r for m1 of p: causal predecessor
 *
 * What happens in one moment stands in one row; what one process does in one moment, in rows without a time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline.h"

#include "core/packet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TIME_WIDTH 12
#define LEAST_COLUMN 8
#define MOST_COLUMN 34
#define NARROW_COLUMN 18 /* here there is room for a word or two */

typedef enum
{
  TONE_PLAIN,
  TONE_SOFT,
  TONE_BAD,
  TONE_GOOD,
  TONE_STRONG,
  TONE_MESSAGE /* and its colour */
} Tone;

/* Something that is told. */
typedef struct
{
  gint64 us;
  int lane; /* -1: the whole width */
  Tone tone;
  guint colour;
  char *text;
  GPtrArray *notes; /* char *: what is to be said under the row; or NULL */
} Entry;

typedef struct
{
  const Film *film;
  const TimelineOptions *options;
  GArray *entries;
  GString *out;
  guint column; /* width of one; 0: a list */
} Page;

/* ---- Widths ---- */

static guint
width_of (const char *text)
{
  guint width = 0;
  for (const char *s = text; *s != '\0'; s = g_utf8_next_char (s))
    {
      gunichar c = g_utf8_get_char_validated (s, -1);
      if (c == (gunichar) -1 || c == (gunichar) -2)
        return width + (guint) strlen (s);
      width += g_unichar_iswide (c) ? 2 : (g_unichar_iszerowidth (c) ? 0 : 1);
    }
  return width;
}

/* As much as fits; the last character says that there was more. */
static char *
clipped (const char *text, guint width)
{
  if (width_of (text) <= width)
    return g_strdup (text);
  GString *out = g_string_new (NULL);
  guint used = 0;
  for (const char *s = text; *s != '\0'; s = g_utf8_next_char (s))
    {
      gunichar c = g_utf8_get_char (s);
      guint w = g_unichar_iswide (c) ? 2 : (g_unichar_iszerowidth (c) ? 0 : 1);
      if (used + w + 1 > width)
        break;
      used += w;
      g_string_append_unichar (out, c);
    }
  g_string_append (out, "…");
  return g_string_free (out, FALSE);
}

static void
put_colour (const Page *page, Tone tone, guint colour)
{
  static const char *const tones[] = { "", "2", "1;31", "32", "1", "" };
  static const char *const colours[]
      = { "38;5;32", "38;5;166", "38;5;36", "38;5;169", "38;5;178", "38;5;75", "38;5;99" };
  if (!page->options->colour || tone == TONE_PLAIN)
    return;
  g_string_append_printf (page->out, "\033[%sm",
                          tone == TONE_MESSAGE ? colours[colour % G_N_ELEMENTS (colours)] : tones[tone]);
}

static void
put_toned (const Page *page, const char *text, Tone tone, guint colour)
{
  put_colour (page, tone, colour);
  g_string_append (page->out, text);
  if (page->options->colour && tone != TONE_PLAIN)
    g_string_append (page->out, "\033[0m");
}

static void
put_spaces (const Page *page, int n)
{
  for (; n > 0; n--)
    g_string_append_c (page->out, ' ');
}

/* Blanks at the end of a line help nobody. */
static void
end_line (const Page *page)
{
  while (page->out->len > 0 && page->out->str[page->out->len - 1] == ' ')
    g_string_truncate (page->out, page->out->len - 1);
  g_string_append_c (page->out, '\n');
}

/* ---- What is told ---- */

static Entry *
add_entry (Page *page, gint64 us, int lane, Tone tone, guint colour, char *text)
{
  Entry entry = { us, lane, tone, colour, text, NULL };
  g_array_append_val (page->entries, entry);
  return &g_array_index (page->entries, Entry, page->entries->len - 1);
}

static void
add_note (Entry *entry, char *text)
{
  if (entry->notes == NULL)
    entry->notes = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (entry->notes, text);
}

static char *
members_of (const Film *film, int view)
{
  const FilmView *v = film_view (film, view);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < v->n_members; i++)
    g_string_append_printf (text, " %s", film_process (film, v->members[i])->name);
  return g_string_free (text, FALSE);
}

static void
add_receipt (Page *page, const FilmEvent *e, int lane)
{
  const FilmMessage *m = film_message (page->film, e->message);
  const FilmArrival *at = film_at (page->film, e->message, e->process);
  const char *name = film_process (page->film, e->process)->name;
  if (at == NULL || at->delivered_us == e->us)
    return;
  gboolean late = at->dropped_us == e->us;
  Entry *entry = add_entry (page, e->us, lane, late ? TONE_BAD : TONE_MESSAGE, (guint) e->message,
                            g_strdup_printf ("%s %s", late ? "✗" : "○", m->name));
  if (late)
    add_note (entry, g_strdup_printf ("%s comes too late at %s: its view is over", m->name, name));
  else if (e->other >= 0 && e->other != m->sender)
    add_note (entry, g_strdup_printf ("%s comes to %s from %s, which forwards it", m->name, name,
                                      film_process (page->film, e->other)->name));
}

static void
add_delivery (Page *page, const FilmEvent *e, int lane)
{
  const FilmMessage *m = film_message (page->film, e->message);
  const FilmArrival *at = film_at (page->film, e->message, e->process);
  gint64 held = at != NULL && at->received_us != FILM_NEVER ? e->us - at->received_us : 0;
  g_autofree char *took = film_time_text (held);
  char *text = held > 0 && page->film->is_play && m->sender != e->process
                   ? g_strdup_printf ("▲ %s held %s", m->name, took)
                   : g_strdup_printf ("▲ %s", m->name);
  add_entry (page, e->us, lane, TONE_MESSAGE, (guint) e->message, text);
}

/* Under the row of the moment in which the reason became true. */
static void
add_waits (Page *page)
{
  for (guint i = 0; i < page->film->waits->len; i++)
    {
      const FilmWait *wait = film_wait (page->film, i);
      if (wait->to_us == wait->from_us)
        continue;
      g_autofree char *why = film_wait_text (page->film, wait);
      Entry *entry = add_entry (page, wait->from_us, -2, TONE_SOFT, 0, NULL);
      const char *name = film_process (page->film, wait->at)->name;
      const char *rest = g_str_has_prefix (why, "waits ") ? why + 6 : why;
      add_note (entry, g_strdup_printf ("%s waits at %s %s", film_message (page->film, wait->of)->name, name, rest));
    }
}

static gboolean
is_narrow (const Page *page)
{
  return page->column > 0 && page->column < NARROW_COLUMN;
}

/* Where there is no room for the members, they follow once. */
static void
add_view (Page *page, const FilmEvent *e, int lane)
{
  const Film *film = page->film;
  const FilmView *view = film_view (film, e->view);
  const char *group = g_array_index (film->groups, FilmGroup, view->group).name;
  gboolean many = film->groups->len > 1, first = view->n_members > 0;
  g_autofree char *members = members_of (film, e->view);
  g_autofree char *text = g_strdup_printf ("%s%sview %s:%s", many ? group : "", many ? " " : "", view->text, members);
  Entry *entry = add_entry (page, e->us, lane, TONE_GOOD, 0,
                            is_narrow (page) ? g_strdup_printf ("╪ v%s", view->text) : g_strdup_printf ("╪ %s", text));
  for (guint i = 0; i < page->film->events->len && film_event (film, i) != e; i++)
    first &= film_event (film, i)->type != FILM_VIEW || film_event (film, i)->view != e->view;
  if (is_narrow (page) && first)
    add_note (entry, g_steal_pointer (&text));
}

/* With the group, where there is more than one. (transfer full) */
static char *
of_group (const Film *film, const FilmEvent *e, const char *what)
{
  if (film->groups->len < 2 || e->group < 0)
    return g_strdup (what);
  return g_strdup_printf ("%s: %s", what, g_array_index (film->groups, FilmGroup, e->group).name);
}

static void
add_event (Page *page, const FilmEvent *e)
{
  const Film *film = page->film;
  int lane = e->process >= 0 ? (int) film_process (film, e->process)->lane : -1;
  const FilmProcess *p = e->process >= 0 ? film_process (film, e->process) : NULL;
  switch (e->type)
    {
    case FILM_STEP:
      if (strstr (e->text, " sends ") == NULL)
        add_entry (page, e->us, -1, TONE_STRONG, 0, g_strdup (e->text));
      return;
    case FILM_START:
      add_entry (page, e->us, lane, TONE_STRONG, 0, g_strdup_printf ("┬ %s", p->name));
      return;
    case FILM_CRASH:
      add_entry (page, e->us, lane, TONE_BAD, 0, g_strdup ("✗ crash"));
      return;
    case FILM_STOP:
      add_entry (page, e->us, lane, TONE_BAD, 0, g_strdup ("‖ stands still"));
      return;
    case FILM_CONTINUE:
      add_entry (page, e->us, lane, TONE_PLAIN, 0, g_strdup ("│ goes on"));
      return;
    case FILM_ASK:
      add_entry (page, e->us, lane, TONE_MESSAGE, (guint) e->message,
                 g_strdup_printf ("◌ %s queued", film_message (film, e->message)->name));
      return;
    case FILM_SEND:
      add_entry (
          page, e->us, lane, TONE_MESSAGE, (guint) e->message,
          g_strdup_printf ("● %s %s", film_message (film, e->message)->name,
                           is_narrow (page) ? "" : film_service_name (film_message (film, e->message)->service)));
      return;
    case FILM_RECEIVE:
      add_receipt (page, e, lane);
      return;
    case FILM_DELIVER:
      add_delivery (page, e, lane);
      return;
    case FILM_FLUSH:
      add_entry (page, e->us, lane, TONE_SOFT, 0, of_group (film, e, "≈ flush"));
      return;
    case FILM_VIEW:
      add_view (page, e, lane);
      return;
    case FILM_BLOCK:
      {
        Entry *entry = add_entry (page, e->us, lane, TONE_BAD, 0, of_group (film, e, "▓ blocked"));
        if (e->text != NULL)
          add_note (entry, g_strdup_printf ("%s is blocked: %s", p->name, e->text));
        return;
      }
    case FILM_UNBLOCK:
      add_entry (page, e->us, lane, TONE_GOOD, 0, of_group (film, e, "│ unblocked"));
      return;
    case FILM_OUT:
      add_entry (page, e->us, lane, TONE_PLAIN, 0, of_group (film, e, "┴ left"));
      return;
    case FILM_EXCLUDED:
      add_entry (page, e->us, lane, TONE_BAD, 0, of_group (film, e, "⊘ excluded"));
      return;
    case FILM_REFUSED:
      {
        g_autofree char *what = e->name != NULL ? g_strdup_printf ("%s refused", e->name) : g_strdup ("refused");
        Entry *entry = add_entry (page, e->us, lane, TONE_BAD, 0, g_strdup_printf ("✗ %s", what));
        add_note (entry, g_strdup_printf ("%s: %s", e->name != NULL ? what : p->name,
                                          e->text != NULL ? e->text : "refused"));
        return;
      }
    case FILM_SAVE:
      add_entry (page, e->us, lane, TONE_SOFT, 0, g_strdup ("↗ gives state"));
      return;
    case FILM_LOAD:
      add_entry (page, e->us, lane, TONE_SOFT, 0, g_strdup ("↘ has state"));
      return;
    case FILM_N_EVENTS:
    default:
      return;
    }
}

/* The phases of a view change, as they leave: once for all receivers. */
static void
add_phases (Page *page)
{
  for (guint i = 0; i < page->film->packets->len; i++)
    {
      const FilmPacket *packet = &g_array_index (page->film->packets, FilmPacket, i);
      const FilmPacket *before = i > 0 ? packet - 1 : NULL;
      if (packet->type < TY_PACKET_PREPARE || packet->type > TY_PACKET_EXCLUDED || packet->sent_us > page->film->end_us)
        continue;
      if (before != NULL && before->type == packet->type && before->from == packet->from
          && before->sent_us == packet->sent_us)
        continue;
      add_entry (page, packet->sent_us, (int) film_process (page->film, packet->from)->lane, TONE_SOFT, 0,
                 g_strdup_printf ("→ %s", film_packet_name (packet->type)));
    }
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *x = a, *y = b;
  return (x->us > y->us) - (x->us < y->us);
}

static void
entry_clear (gpointer data)
{
  Entry *entry = data;
  g_free (entry->text);
  g_clear_pointer (&entry->notes, g_ptr_array_unref);
}

/* ---- Rows ---- */

/* What stands in a column where nothing happens. */
static const char *
rail_of (const Film *film, guint lane, gint64 us)
{
  for (guint i = 0; i < film->processes->len; i++)
    {
      const FilmProcess *p = film_process (film, i);
      if (p->lane != lane || p->born_us > us || (p->end_us != FILM_NEVER && p->end_us < us))
        continue;
      for (guint k = 0; k < film->spans->len; k++)
        {
          const FilmSpan *span = &g_array_index (film->spans, FilmSpan, k);
          if (span->process != (int) i || span->from_us > us || (span->to_us != FILM_NEVER && span->to_us <= us))
            continue;
          return span->type == FILM_SPAN_FLUSH ? "≈" : (span->type == FILM_SPAN_BLOCKED ? "▓" : "┊");
        }
      return "│";
    }
  return " ";
}

static char *
time_of (gint64 us)
{
  g_autofree char *text = us == 0 ? g_strdup ("0") : film_time_text (us);
  gint64 rest = us % 1000;
  if (us >= 1000)
    {
      g_free (text);
      text = g_strdup_printf ("%" G_GINT64_FORMAT ".%03d ms", us / 1000, (int) rest);
    }
  return g_strdup_printf ("%*s%s", MAX (0, 11 - (int) width_of (text)), "", text);
}

static void
put_time (Page *page, gint64 us, gint64 *last)
{
  g_autofree char *time = time_of (us);
  if (*last == us)
    put_spaces (page, TIME_WIDTH);
  else
    {
      put_toned (page, time, TONE_SOFT, 0);
      g_string_append_c (page->out, ' ');
    }
  *last = us;
}

static void
put_notes (Page *page, const Entry *entry)
{
  for (guint i = 0; entry->notes != NULL && i < entry->notes->len; i++)
    {
      put_spaces (page, TIME_WIDTH);
      g_autofree char *text = g_strdup_printf ("└ %s", (char *) entry->notes->pdata[i]);
      put_toned (page, text, TONE_SOFT, 0);
      end_line (page);
    }
}

/* Something that the scene did: a line across. */
static void
put_across (Page *page, const Entry *entry, gint64 *last)
{
  put_time (page, entry->us, last);
  g_autofree char *text = g_strdup_printf ("── %s ", entry->text);
  put_toned (page, text, TONE_STRONG, 0);
  guint to = page->column == 0 ? 60 : page->column * page->film->n_lanes;
  put_colour (page, TONE_SOFT, 0);
  for (guint i = width_of (text); i < to; i++)
    g_string_append (page->out, "─");
  if (page->options->colour)
    g_string_append (page->out, "\033[0m");
  end_line (page);
}

/* Entries from..to of one moment, no two of one lane: one row, and what is to be said of them. */
static void
put_row (Page *page, guint from, guint to, gint64 *last)
{
  gboolean any = FALSE;
  for (guint i = from; i < to; i++)
    any |= g_array_index (page->entries, Entry, i).text != NULL;
  gint64 us = g_array_index (page->entries, Entry, from).us;
  if (any)
    put_time (page, us, last);
  for (guint lane = 0; any && lane < page->film->n_lanes; lane++)
    {
      const Entry *found = NULL;
      for (guint i = from; i < to; i++)
        if (g_array_index (page->entries, Entry, i).lane == (int) lane)
          found = &g_array_index (page->entries, Entry, i);
      g_autofree char *text = clipped (found != NULL ? found->text : rail_of (page->film, lane, us), page->column - 1);
      put_toned (page, text, found != NULL ? found->tone : TONE_SOFT, found != NULL ? found->colour : 0);
      put_spaces (page, (int) page->column - (int) width_of (text));
    }
  if (any)
    end_line (page);
  for (guint i = from; i < to; i++)
    put_notes (page, &g_array_index (page->entries, Entry, i));
}

static void
put_list_row (Page *page, const Entry *entry, gint64 *last)
{
  if (entry->text != NULL)
    {
      put_time (page, entry->us, last);
      const char *name = "";
      for (guint i = 0; i < page->film->processes->len; i++)
        if (film_process (page->film, i)->lane == (guint) entry->lane)
          {
            name = film_process (page->film, i)->site;
            break;
          }
      g_autofree char *text = g_strdup_printf ("%-10s %s", name, entry->text);
      put_toned (page, text, entry->tone, entry->colour);
      end_line (page);
    }
  put_notes (page, entry);
}

static void
put_heads (Page *page)
{
  g_autofree gboolean *named = g_new0 (gboolean, page->film->n_lanes + 1);
  if (page->column == 0)
    return;
  put_spaces (page, TIME_WIDTH);
  for (guint i = 0; i < page->film->processes->len; i++)
    {
      const FilmProcess *p = film_process (page->film, i);
      if (named[p->lane])
        continue;
      named[p->lane] = TRUE;
      g_autofree char *name = clipped (p->site, page->column - 1);
      put_toned (page, name, TONE_STRONG, 0);
      put_spaces (page, (int) page->column - (int) width_of (name));
    }
  end_line (page);
}

/* How far a row goes: until the moment is over, or a lane has its second entry. */
static guint
row_end (const Page *page, guint from)
{
  g_autofree gboolean *taken = g_new0 (gboolean, page->film->n_lanes + 1);
  guint to = from;
  for (; to < page->entries->len; to++)
    {
      const Entry *e = &g_array_index (page->entries, Entry, to);
      if (e->us != g_array_index (page->entries, Entry, from).us || e->lane == -1 || (e->lane >= 0 && taken[e->lane]))
        break;
      if (e->lane >= 0)
        taken[e->lane] = TRUE;
    }
  return MAX (to, from + 1);
}

static void
put_rows (Page *page)
{
  gint64 last = FILM_NEVER;
  for (guint i = 0; i < page->entries->len;)
    {
      const Entry *entry = &g_array_index (page->entries, Entry, i);
      if (entry->lane == -1)
        {
          put_across (page, entry, &last);
          put_notes (page, entry);
          i++;
          continue;
        }
      if (page->column == 0)
        {
          put_list_row (page, entry, &last);
          i++;
          continue;
        }
      guint to = row_end (page, i);
      put_row (page, i, to, &last);
      i = to;
    }
}

/* ---- All of it ---- */

static void
to_ascii (GString *out)
{
  static const char *const table[][2] = {
    { "●", "*" }, { "○", "o" }, { "▲", "^" }, { "◌", "." }, { "│", "|" }, { "┊", ":" },   { "▓", "#" },
    { "≈", "~" }, { "╪", "=" }, { "┬", "+" }, { "┴", "+" }, { "✗", "x" }, { "⊘", "x" },   { "‖", "\"" },
    { "→", ">" }, { "↗", ">" }, { "↘", ">" }, { "└", "`" }, { "─", "-" }, { "µs", "us" }, { "…", "~" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    g_string_replace (out, table[i][0], table[i][1], 0);
}

void
timeline_options_init (TimelineOptions *options)
{
  struct winsize size;
  const char *term = g_getenv ("TERM"), *no_colour = g_getenv ("NO_COLOR"), *columns = g_getenv ("COLUMNS");
  gboolean tty = isatty (STDOUT_FILENO) == 1;
  *options = (TimelineOptions){ 0 };
  options->colour = tty && (no_colour == NULL || no_colour[0] == '\0') && g_strcmp0 (term, "dumb") != 0;
  options->ascii = !g_get_charset (NULL);
  if (columns != NULL && atoi (columns) > 0)
    options->width = (guint) MIN (atoi (columns), 1000);
  else if (tty && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    options->width = size.ws_col;
}

char *
timeline_of_film (const Film *film, const TimelineOptions *options)
{
  Page page = { .film = film, .options = options, .out = g_string_new (NULL) };
  guint width = options->width != 0 ? options->width : 100;
  page.entries = g_array_new (FALSE, TRUE, sizeof (Entry));
  g_array_set_clear_func (page.entries, entry_clear);
  if (film->n_lanes > 0 && width > TIME_WIDTH && (width - TIME_WIDTH) / film->n_lanes >= LEAST_COLUMN)
    page.column = MIN (MOST_COLUMN, (width - TIME_WIDTH) / film->n_lanes);
  for (guint i = 0; i < film->events->len; i++)
    add_event (&page, film_event (film, i));
  add_phases (&page);
  add_waits (&page);
  g_array_sort (page.entries, compare_entries); /* stable */
  put_heads (&page);
  put_rows (&page);
  if (options->ascii)
    to_ascii (page.out);
  g_array_unref (page.entries);
  return g_string_free (page.out, FALSE);
}
