/* examples/lab/export.c: see export.h.
 *
 * Vector clocks for ShiViz are those of the events as it sees them: every event of a process counts one, and what is
 * received (or delivered, where receipts are not on record) joins the clock of its sending.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "export.h"

#include "out.h"
#include "save.h"

#include <string.h>

/* ---- ShiViz ---- */

typedef struct
{
  const Film *film;
  GString *out;
  guint n;      /* processes */
  guint *now;   /* [process * n + process] */
  guint **sent; /* by message: the clock of its sending */
  char **hosts; /* by process: its name, without blanks */
} Shiviz;

static void
put_event (Shiviz *s, gint64 us, int p, const char *what)
{
  guint *clock = &s->now[(gsize) p * s->n];
  g_autofree char *text = g_strdup (what);
  clock[p]++;
  g_string_append_printf (s->out, "%" G_GINT64_FORMAT ".%03dms %s\n%s {", us / 1000, (int) (ABS (us) % 1000),
                          g_strdelimit (text, "\r\n", ' '), s->hosts[p]);
  const char *between = "";
  for (guint i = 0; i < s->n; i++)
    if (clock[i] > 0)
      {
        g_string_append (s->out, between);
        lab_json_string (s->out, s->hosts[i], -1);
        g_string_append_printf (s->out, ":%u", clock[i]);
        between = ",";
      }
  g_string_append (s->out, "}\n");
}

static void
join (Shiviz *s, int p, int message)
{
  const guint *sent = s->sent[message];
  guint *clock = &s->now[(gsize) p * s->n];
  for (guint i = 0; sent != NULL && (int) film_message (s->film, message)->sender != p && i < s->n; i++)
    clock[i] = MAX (clock[i], sent[i]);
}

static const char *
words_for (FilmEventType type)
{
  static const char *const words[FILM_N_EVENTS] = {
    [FILM_START] = "starts",
    [FILM_CRASH] = "crashes",
    [FILM_STOP] = "stops",
    [FILM_CONTINUE] = "continues",
    [FILM_ASK] = "queues",
    [FILM_SEND] = "sends",
    [FILM_RECEIVE] = "receives",
    [FILM_DELIVER] = "delivers",
    [FILM_FLUSH] = "stands still: the view ends",
    [FILM_VIEW] = "view",
    [FILM_BLOCK] = "is blocked",
    [FILM_UNBLOCK] = "is blocked no longer",
    [FILM_OUT] = "is out",
    [FILM_EXCLUDED] = "is excluded",
    [FILM_REFUSED] = "is refused",
    [FILM_SAVE] = "gives its state",
    [FILM_LOAD] = "has the state",
  };
  return words[type];
}

static void
export_event (Shiviz *s, const FilmEvent *e)
{
  g_autoptr (GString) text = g_string_new (words_for (e->type));
  if (e->process < 0 || words_for (e->type) == NULL)
    return; /* the hand of the scene is no process */
  if (e->message >= 0)
    g_string_append_printf (text, " %s", film_message (s->film, e->message)->name);
  else if (e->view >= 0)
    g_string_append_printf (text, " %s", film_view (s->film, e->view)->text);
  if (e->name != NULL)
    g_string_append_printf (text, " %s", e->name);
  if (e->text != NULL)
    g_string_append_printf (text, ": %s", e->text);
  gboolean comes = e->type == FILM_RECEIVE || e->type == FILM_DELIVER;
  if (comes && e->message >= 0)
    join (s, e->process, e->message);
  put_event (s, e->us, e->process, text->str);
  if (e->type == FILM_SEND && e->message >= 0)
    s->sent[e->message] = g_memdup2 (&s->now[(gsize) e->process * s->n], s->n * sizeof *s->now);
}

char *
shiviz_of_film (const Film *film)
{
  guint n = film->processes->len;
  Shiviz s
      = { .film = film, .n = n, .out = g_string_new ("(?<time>\\S+) (?<event>.*)\\n(?<host>\\S+) (?<clock>{.*})\n\n") };
  s.now = g_new0 (guint, (gsize) n * n + 1);
  s.sent = g_new0 (guint *, film->messages->len + 1);
  s.hosts = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    s.hosts[i] = g_strdelimit (g_strdup (film_process (film, i)->name), " \t\r\n\v\f", '_');
  for (guint i = 0; i < film->events->len; i++)
    export_event (&s, film_event (film, i));
  for (guint i = 0; i < film->messages->len; i++)
    g_free (s.sent[i]);
  g_free (s.sent);
  g_free (s.now);
  g_strfreev (s.hosts);
  return g_string_free (s.out, FALSE);
}

gboolean
shiviz_write (const char *path, const Film *film, GError **error)
{
  g_autofree char *text = shiviz_of_film (film);
  return save_text (path, text, -1, error);
}

/* ---- pcapng ---- */

#define LINKTYPE_USER0 147
#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6

struct _Capture
{
  GByteArray *bytes;
};

static void
put_u16 (GByteArray *to, guint16 v)
{
  v = GUINT16_TO_LE (v);
  g_byte_array_append (to, (const guint8 *) &v, sizeof v);
}

static void
put_u32 (GByteArray *to, guint32 v)
{
  v = GUINT32_TO_LE (v);
  g_byte_array_append (to, (const guint8 *) &v, sizeof v);
}

/* A block is its type and length, its body, and its length again. */
static void
put_block (GByteArray *to, guint32 type, const GByteArray *body)
{
  static const guint8 zeros[4];
  guint pad = (4 - body->len % 4) % 4, len = 12 + body->len + pad;
  put_u32 (to, type);
  put_u32 (to, len);
  g_byte_array_append (to, body->data, body->len);
  g_byte_array_append (to, zeros, pad);
  put_u32 (to, len);
}

Capture *
capture_new (void)
{
  Capture *capture = g_new0 (Capture, 1);
  g_autoptr (GByteArray) body = g_byte_array_new ();
  capture->bytes = g_byte_array_new ();
  put_u32 (body, 0x1a2b3c4d); /* tells the byte order */
  put_u16 (body, 1);
  put_u16 (body, 0);
  put_u32 (body, G_MAXUINT32); /* the section's length is not said: 64 bits of ones */
  put_u32 (body, G_MAXUINT32);
  put_block (capture->bytes, BLOCK_SECTION, body);
  g_byte_array_set_size (body, 0);
  put_u16 (body, LINKTYPE_USER0);
  put_u16 (body, 0);
  put_u32 (body, 0); /* packets are whole; times are microseconds */
  put_block (capture->bytes, BLOCK_INTERFACE, body);
  return capture;
}

void
capture_free (Capture *capture)
{
  g_byte_array_unref (capture->bytes);
  g_free (capture);
}

static void
put_name (GByteArray *to, const char *name)
{
  guint8 len = (guint8) MIN (strlen (name), 255);
  g_byte_array_append (to, &len, 1);
  g_byte_array_append (to, (const guint8 *) name, len);
}

void
capture_add (Capture *capture, gint64 us, const char *from, const char *to, gconstpointer data, gsize len)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GByteArray) head = g_byte_array_new ();
  const guint8 version = 1;
  guint64 at = (guint64) MAX (us, 0);
  g_byte_array_append (head, &version, 1);
  put_name (head, from);
  put_name (head, to);
  put_u32 (body, 0);
  put_u32 (body, (guint32) (at >> 32));
  put_u32 (body, (guint32) at);
  put_u32 (body, head->len + (guint32) len);
  put_u32 (body, head->len + (guint32) len);
  g_byte_array_append (body, head->data, head->len);
  g_byte_array_append (body, data, (guint) len);
  put_block (capture->bytes, BLOCK_PACKET, body);
}

gboolean
capture_write (const char *path, const Capture *capture, GError **error)
{
  return save_text (path, (const char *) capture->bytes->data, (gssize) capture->bytes->len, error);
}
