/* examples/lab/film-history.c: a film of recorded histories, of real runs or simulated ones.
 *
 * Each process has a clock of its own.  On one machine these agree; where they do not (other machines, the simulator)
 * they are first laid beside each other by the views, which all members install at nearly one time, and then moved
 * until nothing is delivered before it was sent.  That is a picture that may have been, not what was measured: a note
 * says so.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film.h"

#include <string.h>

/* Installations of one view that are farther apart than this are by clocks that do not agree. */
#define APART_US (5 * 1000000)
#define ROUNDS 64

/* What a line said, kept until all clocks are known. */
typedef struct
{
  char *line;
  gsize len;
  guint who;
  gint64 us;
} Kept;

typedef struct
{
  GHashTable *names; /* process -> number + 1 */
  GArray *offsets;   /* gint64, by number: what is added to its clock */
  GArray *kept;      /* Kept, in the order of reading */
  GHashTable *told;  /* view -> GArray of the numbers of lines */
  GHashTable *sent;  /* message -> number of the line, + 1 */
  TyHistoryReader reader;
  guint64 arrivals;
  gboolean aligned;
} Cutting;

static void
kept_clear (gpointer data)
{
  g_free (((Kept *) data)->line);
}

static guint
who_of (Cutting *c, const TyText *name)
{
  g_autofree char *key = g_strndup (name->text, name->len);
  guint found = GPOINTER_TO_UINT (g_hash_table_lookup (c->names, key));
  gint64 zero = 0;
  if (found > 0)
    return found - 1;
  found = c->offsets->len;
  g_array_append_val (c->offsets, zero);
  g_hash_table_insert (c->names, g_steal_pointer (&key), GUINT_TO_POINTER (found + 1));
  return found;
}

static char *
key_of (const TyRecord *r, const TyText *what)
{
  return g_strdup_printf ("%.*s/%.*s", (int) r->g.len, r->g.text, (int) what->len, what->text);
}

static void
keep (Cutting *c, const TyRecord *r, const char *line, gsize len)
{
  guint number = c->kept->len, who = who_of (c, &r->p);
  Kept kept = { g_strndup (line, len), len, who, r->t >= 0 ? r->t / 1000 : (gint64) number };
  g_array_append_val (c->kept, kept);
  c->arrivals += r->event == TY_RECORD_DELIVER;
  if (r->event == TY_RECORD_CONF)
    {
      char *key = key_of (r, &r->c);
      GArray *told = g_hash_table_lookup (c->told, key);
      if (told == NULL)
        g_hash_table_insert (c->told, key, told = g_array_new (FALSE, FALSE, sizeof (guint)));
      else
        g_free (key);
      g_array_append_val (told, number);
    }
  else if (r->event == TY_RECORD_SEND)
    g_hash_table_insert (c->sent, key_of (r, &r->m), GUINT_TO_POINTER (number + 1));
}

/* As the reader of whole files does, but the lines are wanted too. */
static gboolean
read_one (Cutting *c, const char *path, GBytes *content, GError **error)
{
  gsize len;
  const char *data = g_bytes_get_data (content, &len);
  guint64 number = 0;
  for (const char *at = data, *end = data + len; at < end;)
    {
      const char *newline = memchr (at, '\n', (gsize) (end - at));
      const char *stop = newline != NULL ? newline : end;
      const char *why = NULL;
      TyRecord r;
      number++;
      if (ty_history_reader_line (&c->reader, at, (gsize) (stop - at), &r, &why))
        keep (c, &r, at, (gsize) (stop - at));
      else if (newline != NULL || !c->reader.torn || *at != '{')
        {
          g_set_error (error, TY_JUDGE_ERROR, TY_JUDGE_ERROR_UNREADABLE, "%s:%" G_GUINT64_FORMAT ": %s", path, number,
                       why);
          return FALSE;
        }
      if (newline == NULL)
        break;
      at = newline + 1;
    }
  return TRUE;
}

/* ---- Clocks ---- */

static gint64
time_of (const Cutting *c, const Kept *kept)
{
  return kept->us + g_array_index (c->offsets, gint64, kept->who);
}

static gboolean
are_apart (const Cutting *c)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, c->told);
  while (g_hash_table_iter_next (&iter, NULL, &value)) /* any order: yes or no */
    {
      const GArray *told = value;
      for (guint i = 1; i < told->len; i++)
        {
          const Kept *a = &g_array_index (c->kept, Kept, g_array_index (told, guint, 0));
          const Kept *b = &g_array_index (c->kept, Kept, g_array_index (told, guint, i));
          if (ABS (a->us - b->us) > APART_US)
            return TRUE;
        }
    }
  return FALSE;
}

/* Nothing ties it to those who are laid (it was ended before it had a view, say): it ends when they do, and so comes
 * after whoever lived at its place before. FALSE: there is no such process. */
static gboolean
lay_loose (Cutting *c, gboolean *laid)
{
  gint64 end = G_MININT64, own = G_MININT64;
  guint loose = c->offsets->len;
  for (guint i = 0; i < c->kept->len; i++)
    {
      const Kept *kept = &g_array_index (c->kept, Kept, i);
      if (laid[kept->who])
        end = MAX (end, time_of (c, kept));
      else if (loose == c->offsets->len || loose == kept->who)
        {
          loose = kept->who;
          own = MAX (own, kept->us);
        }
    }
  if (loose == c->offsets->len)
    return FALSE;
  g_array_index (c->offsets, gint64, loose) = end - own;
  return laid[loose] = TRUE;
}

static void lay_beside (Cutting *c, gboolean *laid);

/* From the process whose record comes first on. */
static void
lay_by_views (Cutting *c)
{
  g_autofree gboolean *laid = g_new0 (gboolean, c->offsets->len + 1);
  if (c->kept->len > 0)
    laid[g_array_index (c->kept, Kept, 0).who] = TRUE;
  do
    lay_beside (c, laid);
  while (lay_loose (c, laid));
}

/* Whoever shares a view with one that is laid. */
static void
lay_beside (Cutting *c, gboolean *laid)
{
  for (gboolean more = TRUE; more;)
    {
      more = FALSE;
      for (guint i = 0; i < c->kept->len; i++)
        {
          const Kept *kept = &g_array_index (c->kept, Kept, i);
          TyRecord r;
          const char *why;
          if (laid[kept->who] || strstr (kept->line, "conf") == NULL
              || !ty_history_reader_line (&c->reader, kept->line, kept->len, &r, &why) || r.event != TY_RECORD_CONF)
            continue;
          g_autofree char *key = key_of (&r, &r.c);
          const GArray *told = g_hash_table_lookup (c->told, key);
          for (guint k = 0; k < told->len && !laid[kept->who]; k++)
            {
              const Kept *other = &g_array_index (c->kept, Kept, g_array_index (told, guint, k));
              if (!laid[other->who])
                continue;
              g_array_index (c->offsets, gint64, kept->who) = time_of (c, other) - kept->us;
              laid[kept->who] = more = TRUE;
            }
        }
    }
}

/* What is delivered before it was sent moves its whole process on. */
static gboolean
mend_once (Cutting *c)
{
  gboolean moved = FALSE;
  for (guint i = 0; i < c->kept->len; i++)
    {
      const Kept *kept = &g_array_index (c->kept, Kept, i);
      TyRecord r;
      const char *why;
      if (!ty_history_reader_line (&c->reader, kept->line, kept->len, &r, &why) || r.event != TY_RECORD_DELIVER)
        continue;
      g_autofree char *key = key_of (&r, &r.m);
      guint sent = GPOINTER_TO_UINT (g_hash_table_lookup (c->sent, key));
      if (sent == 0)
        continue;
      const Kept *from = &g_array_index (c->kept, Kept, sent - 1);
      gint64 early = time_of (c, from) - time_of (c, kept);
      if (from->who == kept->who || early < 0)
        continue;
      g_array_index (c->offsets, gint64, kept->who) += early + 1;
      moved = TRUE;
    }
  return moved;
}

static int
compare_kept (gconstpointer a, gconstpointer b)
{
  const Kept *x = a, *y = b;
  return (x->us > y->us) - (x->us < y->us);
}

static void
align (Cutting *c)
{
  if (are_apart (c))
    {
      c->aligned = TRUE;
      lay_by_views (c);
    }
  for (guint round = 0; round < ROUNDS && mend_once (c); round++)
    c->aligned = TRUE;
  gint64 first = G_MAXINT64;
  for (guint i = 0; i < c->kept->len; i++)
    first = MIN (first, time_of (c, &g_array_index (c->kept, Kept, i)));
  for (guint i = 0; i < c->kept->len; i++)
    {
      Kept *kept = &g_array_index (c->kept, Kept, i);
      kept->us = time_of (c, kept) - first;
    }
  g_array_sort (c->kept, compare_kept); /* stable */
}

/* ---- The film ---- */

static Film *
cut_film (Cutting *c, char **paths)
{
  g_autofree char *base = g_path_get_basename (paths[0]);
  g_autofree char *title
      = paths[1] == NULL ? g_strdup (base) : g_strdup_printf ("%s and %u more", base, g_strv_length (paths) - 1);
  Film *film = film_new (title);
  g_autofree gint64 *last = g_new0 (gint64, c->offsets->len + 1);
  g_autofree gboolean *ended = g_new0 (gboolean, c->offsets->len + 1);
  for (guint i = 0; i < c->kept->len; i++)
    {
      const Kept *kept = &g_array_index (c->kept, Kept, i);
      TyRecord r;
      const char *why;
      gboolean good = ty_history_reader_line (&c->reader, kept->line, kept->len, &r, &why);
      g_assert (good); /* it was read before */
      film_take_record (film, &r, kept->us, NULL, FILM_NEVER);
      last[kept->who] = kept->us;
      ended[kept->who] |= r.event == TY_RECORD_END || r.event == TY_RECORD_FAIL;
    }
  /* A record that stops without an end is that of a process that was killed. */
  for (guint i = 0; i < film->processes->len; i++)
    {
      FilmProcess *p = film_process (film, i);
      guint who = GPOINTER_TO_UINT (g_hash_table_lookup (c->names, p->name));
      if (who == 0 || ended[who - 1] || p->end != FILM_END_NONE)
        continue;
      p->end = FILM_END_CRASHED;
      p->end_us = last[who - 1];
      film_add_event (film, p->end_us, FILM_CRASH, (int) i, -1, -1, NULL);
    }
  film->note = g_strdup (
      c->aligned ? "From recorded histories, whose clocks do not agree: drawn so that nothing is delivered "
                   "before it was sent. Arrows end where a message is delivered."
                 : "From recorded histories: arrows end where a message is delivered; when it came, and why "
                   "it waited, is not on record.");
  film_finish (film);
  return film;
}

Film *
film_of_histories (char **paths, GBytes *const *contents, GError **error)
{
  Film *film = NULL;
  gboolean good = TRUE;
  Cutting c = {
    .names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .offsets = g_array_new (FALSE, FALSE, sizeof (gint64)),
    .kept = g_array_new (FALSE, FALSE, sizeof (Kept)),
    .told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref),
    .sent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };
  g_array_set_clear_func (c.kept, kept_clear);
  ty_history_reader_init (&c.reader);
  for (char **path = paths; good && *path != NULL; path++)
    {
      good = read_one (&c, *path, contents[path - paths], error);
      if (good && (c.offsets->len > FILM_MAX_PROCESSES || c.arrivals > FILM_MAX_DELIVERIES))
        {
          g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                       "%s: this is too much to be drawn: more than %d processes, or %d deliveries", *path,
                       FILM_MAX_PROCESSES, FILM_MAX_DELIVERIES);
          good = FALSE;
        }
    }
  if (good && c.kept->len == 0)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: there is nothing in it to be drawn", paths[0]);
      good = FALSE;
    }
  if (good)
    {
      align (&c);
      film = cut_film (&c, paths);
    }
  g_hash_table_unref (c.names);
  g_array_unref (c.offsets);
  g_array_unref (c.kept);
  g_hash_table_unref (c.told);
  g_hash_table_unref (c.sent);
  ty_history_reader_clear (&c.reader);
  return film;
}
