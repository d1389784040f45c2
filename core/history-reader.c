/* core/history-reader.c: see history-reader.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/history-reader.h"

#include <string.h>

/* Unknown fields may hold anything; this deep and no deeper. */
#define MAX_DEPTH 64

typedef struct
{
  const char *at;
  const char *end;
  TyHistoryReader *reader;
  const char *why; /* set: unreadable */
  gboolean torn;   /* because the line ended there */
} Parser;

/* What a line said, before it is known which event it is. */
typedef struct
{
  TyText e, service, kind;
  gboolean has_members, has_primary;
} Fields;

static gboolean
fail (Parser *p, const char *why)
{
  if (p->why == NULL)
    {
      p->why = why;
      p->torn = p->at == p->end;
    }
  return FALSE;
}

/* The same, naming what was found there: a few characters of it, fit to be printed. */
static gboolean
fail_on (Parser *p, const char *why, const TyText *found)
{
  char *said = p->reader->said;
  gsize room = sizeof p->reader->said, n = g_strlcpy (said, why, room);
  gsize len = MIN (found->len, 40);
  while (len > 0 && len < found->len && ((guchar) found->text[len] & 0xc0) == 0x80)
    len--;
  g_assert (n + len + 8 < room);
  said[n++] = ' ';
  said[n++] = '"';
  for (gsize i = 0; i < len; i++)
    said[n++] = (guchar) found->text[i] < 0x20 || found->text[i] == 0x7f ? '?' : found->text[i];
  g_strlcpy (said + n, len < found->len ? "...\"" : "\"", room - n);
  return fail (p, said);
}

static inline void
skip_space (Parser *p)
{
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r' || *p->at == '\n'))
    p->at++;
}

static inline gboolean
take (Parser *p, char c)
{
  skip_space (p);
  if (p->at == p->end || *p->at != c)
    return FALSE;
  p->at++;
  return TRUE;
}

static gboolean
text_is (const TyText *t, const char *word)
{
  gsize n = strlen (word);
  return t->len == n && t->text != NULL && memcmp (t->text, word, n) == 0;
}

/* Four hexadecimal digits, or -1. */
static gint32
read_hex (Parser *p)
{
  gint32 v = 0;
  if (p->end - p->at < 4)
    {
      p->at = p->end;
      return -1;
    }
  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (*p->at++);
      if (digit < 0)
        return -1;
      v = v * 16 + digit;
    }
  return v;
}

/* After "\u": one character, of one escape or of a pair of surrogates. */
static gboolean
read_unicode (Parser *p, GByteArray *out)
{
  gint32 v = read_hex (p);
  if (v >= 0xd800 && v < 0xdc00 && p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u')
    {
      p->at += 2;
      gint32 low = read_hex (p);
      if (low < 0xdc00 || low >= 0xe000)
        return fail (p, "half a surrogate pair");
      v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    }
  else if (v >= 0xd800 && v < 0xdc00 && p->end - p->at < 6)
    p->at = p->end;
  if (v < 0 || (v >= 0xd800 && v < 0xe000))
    return fail (p, "a bad \\u escape");
  char utf8[6];
  int n = g_unichar_to_utf8 ((gunichar) v, utf8);
  g_byte_array_append (out, (const guint8 *) utf8, (guint) n);
  return TRUE;
}

static gboolean
read_escape (Parser *p, GByteArray *out)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  if (p->at == p->end)
    return fail (p, "a string without an end");
  char c = *p->at++;
  if (c == 'u')
    return read_unicode (p, out);
  const char *found = c != 0 ? strchr (from, c) : NULL;
  if (found == NULL)
    return fail (p, "an unknown escape");
  g_byte_array_append (out, (const guint8 *) &to[found - from], 1);
  return TRUE;
}

/* After the opening quote. Without escapes the text is where it stands; else it is made in the reader's room, which
 * never moves within a line (reader_line () has made it large enough). */
static gboolean
read_string (Parser *p, TyText *out)
{
  const char *from = p->at, *at = from, *end = p->end;
  guchar high = 0;
  while (at < end && *at != '"' && *at != '\\' && (guchar) *at >= 0x20)
    high |= (guchar) *at++;
  p->at = at;
  gsize plain = (gsize) (at - from);
  *out = (TyText){ from, plain };
  if (p->at < p->end && *p->at == '\\')
    {
      GByteArray *room = p->reader->room;
      guint start = room->len;
      g_byte_array_append (room, (const guint8 *) from, (guint) plain);
      while (p->at < p->end && *p->at != '"')
        {
          char c = *p->at++;
          if ((guchar) c < 0x20)
            return fail (p, "a control character in a string");
          if (c != '\\')
            g_byte_array_append (room, (const guint8 *) &c, 1);
          else if (!read_escape (p, room))
            return FALSE;
        }
      *out = (TyText){ (const char *) room->data + start, room->len - start };
      high = 0x80;
    }
  if (p->at == p->end || *p->at != '"')
    return fail (p, p->at == p->end ? "a string without an end" : "a control character in a string");
  p->at++;
  if (high >= 0x80 && !g_utf8_validate_len (out->text, out->len, NULL))
    return fail (p, "a string that is not UTF-8");
  return TRUE;
}

static gboolean
skip_number (Parser *p)
{
  const char *s = p->at;
#define DIGITS()                                                                                                       \
  {                                                                                                                    \
    const char *d = s;                                                                                                 \
    while (s < p->end && g_ascii_isdigit (*s))                                                                         \
      s++;                                                                                                             \
    if (s == d)                                                                                                        \
      {                                                                                                                \
        p->at = s;                                                                                                     \
        return fail (p, "a bad number");                                                                               \
      }                                                                                                                \
  }
  if (s < p->end && *s == '-')
    s++;
  if (s < p->end && *s == '0')
    s++;
  else
    DIGITS ();
  if (s < p->end && *s == '.')
    {
      s++;
      DIGITS ();
    }
  if (s < p->end && (*s == 'e' || *s == 'E'))
    {
      s++;
      if (s < p->end && (*s == '+' || *s == '-'))
        s++;
      DIGITS ();
    }
#undef DIGITS
  p->at = s;
  return TRUE;
}

/* Where the line ends within the word, it has been taken as far as it goes. */
static gboolean
take_word (Parser *p, const char *word)
{
  gsize n = strlen (word), left = (gsize) (p->end - p->at);
  if (left == 0 || memcmp (p->at, word, MIN (n, left)) != 0)
    return FALSE;
  p->at += MIN (n, left);
  return n <= left || fail (p, "a word without an end");
}

static gboolean
skip_value (Parser *p, guint depth)
{
  TyText ignored;
  if (depth > MAX_DEPTH)
    return fail (p, "nested too deep");
  skip_space (p);
  if (take (p, '"'))
    return read_string (p, &ignored);
  if (take (p, '['))
    {
      if (take (p, ']'))
        return TRUE;
      do
        if (!skip_value (p, depth + 1))
          return FALSE;
      while (take (p, ','));
      return take (p, ']') || fail (p, "an array without an end");
    }
  if (take (p, '{'))
    {
      if (take (p, '}'))
        return TRUE;
      do
        if (!take (p, '"') || !read_string (p, &ignored) || !take (p, ':') || !skip_value (p, depth + 1))
          return fail (p, "a malformed object");
      while (take (p, ','));
      return take (p, '}') || fail (p, "an object without an end");
    }
  if (take_word (p, "true") || take_word (p, "false") || take_word (p, "null"))
    return TRUE;
  return p->why == NULL && skip_number (p);
}

/* A field that should be a string, but is something else, counts as missing. */
static gboolean
read_text (Parser *p, TyText *out)
{
  return take (p, '"') ? read_string (p, out) : skip_value (p, 0);
}

static gboolean
read_members (Parser *p, Fields *f)
{
  GArray *members = p->reader->members;
  g_array_set_size (members, 0);
  if (!take (p, '['))
    return skip_value (p, 0);
  f->has_members = TRUE;
  if (take (p, ']'))
    return TRUE;
  do
    {
      TyText name;
      if (!take (p, '"'))
        return fail (p, "`members` holds something that is no string");
      if (!read_string (p, &name))
        return FALSE;
      g_array_append_val (members, name);
    }
  while (take (p, ','));
  return take (p, ']') || fail (p, "`members` has no end");
}

/* For display alone: what is no whole number, or does not fit, counts as missing. */
static gboolean
read_number (Parser *p, gint64 *out)
{
  skip_space (p);
  const char *from = p->at;
  gint64 v = 0;
  if (!skip_value (p, 0))
    return FALSE;
  for (const char *s = from; s < p->at; s++)
    if (!g_ascii_isdigit (*s) || v > (G_MAXINT64 - 9) / 10)
      return TRUE;
    else
      v = v * 10 + (*s - '0');
  *out = v;
  return TRUE;
}

static gboolean
read_primary (Parser *p, Fields *f, TyRecord *out)
{
  skip_space (p);
  f->has_primary = p->at < p->end && (*p->at == 't' || *p->at == 'f');
  out->primary = f->has_primary && *p->at == 't';
  return skip_value (p, 0);
}

static gboolean
read_field (Parser *p, const TyText *key, Fields *f, TyRecord *out)
{
  if (key->len == 1)
    switch (key->text[0])
      {
      case 'p':
        return read_text (p, &out->p);
      case 'g':
        return read_text (p, &out->g);
      case 'e':
        return read_text (p, &f->e);
      case 'c':
        return read_text (p, &out->c);
      case 'm':
        return read_text (p, &out->m);
      case 't':
        return read_number (p, &out->t);
      default:
        return skip_value (p, 0);
      }
  if (text_is (key, "service"))
    return read_text (p, &f->service);
  if (text_is (key, "kind"))
    return read_text (p, &f->kind);
  if (text_is (key, "members"))
    return read_members (p, f);
  if (text_is (key, "primary"))
    return read_primary (p, f, out);
  if (text_is (key, "prev"))
    return read_text (p, &out->prev);
  if (text_is (key, "digest"))
    return read_text (p, &out->digest);
  if (text_is (key, "why"))
    return read_text (p, &out->why);
  if (text_is (key, "len"))
    return read_number (p, &out->len);
  return skip_value (p, 0);
}

static gboolean
find_word (const TyText *t, const char *const *words, guint n_words, guint *found)
{
  for (*found = 0; *found < n_words; ++*found)
    if (text_is (t, words[*found]))
      return TRUE;
  return FALSE;
}

/* What each event needs, beside `p` and `e`. */
static gboolean
check_fields (Parser *p, const Fields *f, TyRecord *out)
{
  static const char *const events[] = { "conf", "send", "deliver", "fail", "block", "save", "load", "end" };
  static const char *const services[] = { "fifo", "causal", "agreed", "safe" };
  guint found;
  if (out->p.text == NULL)
    return fail (p, "no `p`");
  if (f->e.text == NULL)
    return fail (p, "no `e`");
  if (!find_word (&f->e, events, G_N_ELEMENTS (events), &found))
    return fail_on (p, "an unknown event", &f->e);
  out->event = (TyRecordEvent) found;
  if (out->g.text == NULL)
    out->g = (TyText){ "", 0 };
  if (out->event != TY_RECORD_END && out->c.text == NULL)
    return fail_on (p, "no `c` in a", &f->e);
  if ((out->event == TY_RECORD_SEND || out->event == TY_RECORD_DELIVER) && out->m.text == NULL)
    return fail_on (p, "no `m` in a", &f->e);
  if (out->event == TY_RECORD_SEND)
    {
      if (f->service.text == NULL)
        return fail (p, "no `service`");
      if (!find_word (&f->service, services, G_N_ELEMENTS (services), &found))
        return fail_on (p, "an unknown service", &f->service);
      out->service = (TyService) found;
    }
  if (out->event == TY_RECORD_CONF)
    {
      out->transitional = text_is (&f->kind, "transitional");
      if (!out->transitional && !text_is (&f->kind, "regular"))
        return f->kind.text != NULL ? fail_on (p, "an unknown `kind`", &f->kind) : fail (p, "no `kind`");
      if (!f->has_members)
        return fail (p, "no `members`");
      if (!f->has_primary)
        return fail (p, "no `primary`");
    }
  return TRUE;
}

void
ty_history_reader_init (TyHistoryReader *r)
{
  r->members = g_array_new (FALSE, FALSE, sizeof (TyText));
  r->room = g_byte_array_new ();
}

void
ty_history_reader_clear (TyHistoryReader *r)
{
  g_clear_pointer (&r->members, g_array_unref);
  g_clear_pointer (&r->room, g_byte_array_unref);
}

gboolean
ty_history_reader_line (TyHistoryReader *r, const char *line, gsize len_bytes, TyRecord *out, const char **why)
{
  Parser p = { .at = line, .end = line + len_bytes, .reader = r };
  Fields f = { 0 };
  *out = (TyRecord){ .t = -1, .len = -1 };

  /* Unescaping never makes a text longer: with room for the whole line nothing moves while it is read. */
  if (len_bytes > G_MAXUINT / 2)
    return fail (&p, *why = "too long");
  if (r->room->len < len_bytes)
    g_byte_array_set_size (r->room, (guint) len_bytes);
  g_byte_array_set_size (r->room, 0);

  gboolean good = take (&p, '{') || fail (&p, "no JSON object");
  if (good && !take (&p, '}'))
    {
      do
        {
          TyText key;
          good = (take (&p, '"') || fail (&p, "no JSON object")) && read_string (&p, &key)
                 && (take (&p, ':') || fail (&p, "no JSON object")) && read_field (&p, &key, &f, out);
        }
      while (good && take (&p, ','));
      good = good && (take (&p, '}') || fail (&p, "no JSON object"));
    }
  skip_space (&p);
  r->torn = !good && p.torn;
  good = good && (p.at == p.end || fail (&p, "something after the object")) && check_fields (&p, &f, out);
  out->n_members = f.has_members ? r->members->len : 0;
  out->members = (const TyText *) (gpointer) r->members->data;
  *why = p.why;
  return good;
}

gboolean
ty_history_reader_all (TyHistoryReader *r, const char *data, gsize len_bytes, TyRecordFunc func, gpointer user_data,
                       guint64 *bad_line, const char **why)
{
  guint64 line = 0;
  if (len_bytes == 0)
    return TRUE;
  for (const char *at = data, *end = data + len_bytes; at < end;)
    {
      const char *newline = memchr (at, '\n', (gsize) (end - at));
      const char *stop = newline != NULL ? newline : end;
      TyRecord record;
      line++;
      if (ty_history_reader_line (r, at, (gsize) (stop - at), &record, why))
        {
          record.line = line;
          func (&record, user_data);
        }
      else if (newline != NULL || !r->torn || *at != '{')
        {
          *bad_line = line;
          return FALSE;
        }
      if (newline == NULL)
        break;
      at = newline + 1;
    }
  return TRUE;
}
