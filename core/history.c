/* core/history.c: see history.h.
 *
 * Almost all lines are sends and deliveries in the view of the line before, so the parts of a line that depend on
 * process and view alone are kept ready, already escaped.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/history.h"

struct _TyHistory
{
  GString *lines;
  GString *process;  /* escaped */
  GPtrArray *blocks; /* Block: told, not written yet */

  TyetView *view;   /* what `head` and `message` were made for; a reference, so that the pointer stays its own */
  GString *head;    /* {"p":"..","g":"..","t": */
  GString *conf;    /* ","c":"LABEL" */
  GString *message; /* /GROUP/LABEL/ */
};

/* A block that has not ended. See history.h for when it is written. */
typedef struct
{
  TyetView *view;
  GString *line;
  gsize
      before; /* where it goes if the step ends now: what happened while blocked begins there; G_MAXSIZE: nothing did */
} Block;

static void
block_free (gpointer data)
{
  Block *block = data;
  tyet_view_unref (block->view);
  g_string_free (block->line, TRUE);
  g_free (block);
}

/* Nearly always there is room. */
static inline void
append (GString *out, const char *text, gsize len)
{
  if (out->len + len >= out->allocated_len)
    {
      g_string_append_len (out, text, (gssize) len);
      return;
    }
  memcpy (out->str + out->len, text, len);
  out->len += len;
  out->str[out->len] = '\0';
}

/* What JSON wants escaped: quote, backslash, control characters. Everything else passes as it is, UTF-8 throughout. */
static void
append_escaped (GString *out, const char *text)
{
  const char *from = text;
  for (const char *s = text;; s++)
    {
      guchar c = (guchar) *s;
      if (c >= 0x20 && c != '"' && c != '\\')
        continue;
      append (out, from, (gsize) (s - from));
      from = s + 1;
      if (c == 0)
        return;
      if (c == '"' || c == '\\')
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, (char) c);
        }
      else
        g_string_append_printf (out, "\\u%04x", c);
    }
}

static void
append_number (GString *out, guint64 v)
{
  char digits[20];
  guint n = sizeof digits;
  do
    digits[--n] = (char) ('0' + v % 10);
  while ((v /= 10) > 0);
  append (out, digits + n, sizeof digits - n);
}

#define APPEND_LITERAL(out, text) append ((out), (text), sizeof (text) - 1)

static void
make_head (TyHistory *h, GString *out, const char *group_name)
{
  APPEND_LITERAL (out, "{\"p\":\"");
  append (out, h->process->str, h->process->len);
  APPEND_LITERAL (out, "\",\"g\":\"");
  append_escaped (out, group_name);
  APPEND_LITERAL (out, "\",\"t\":");
}

static void
use_view (TyHistory *h, const TyetView *view)
{
  if (h->view == view)
    return;
  g_clear_pointer (&h->view, tyet_view_unref);
  /* References are counted atomically and views never change: taking one alters nothing that a caller can see. */
  h->view = tyet_view_ref ((TyetView *) view);

  g_string_truncate (h->head, 0);
  make_head (h, h->head, view->group_name);

  g_string_truncate (h->conf, 0);
  APPEND_LITERAL (h->conf, "\",\"c\":\"");
  append_escaped (h->conf, view->label);
  g_string_append_c (h->conf, '"');

  g_string_truncate (h->message, 0);
  g_string_append_c (h->message, '/');
  append_escaped (h->message, view->group_name);
  g_string_append_c (h->message, '/');
  append_escaped (h->message, view->label);
  g_string_append_c (h->message, '/');
}

/* {"p":..,"g":..,"t":..,"e":"EVENT","c":".." */
static void
begin_line (TyHistory *h, const TyetView *view, const char *event, gint64 now_us)
{
  g_assert (now_us >= 0);
  use_view (h, view);
  append (h->lines, h->head->str, h->head->len);
  append_number (h->lines, (guint64) now_us * 1000);
  APPEND_LITERAL (h->lines, ",\"e\":\"");
  append (h->lines, event, strlen (event));
  append (h->lines, h->conf->str, h->conf->len);
}

static void
append_field (TyHistory *h, const char *field, const char *text)
{
  APPEND_LITERAL (h->lines, ",\"");
  g_string_append (h->lines, field);
  APPEND_LITERAL (h->lines, "\":\"");
  append_escaped (h->lines, text);
  g_string_append_c (h->lines, '"');
}

static void
append_message (TyHistory *h, const char *sender, guint64 number)
{
  APPEND_LITERAL (h->lines, ",\"m\":\"");
  if (sender == NULL)
    append (h->lines, h->process->str, h->process->len);
  else
    append_escaped (h->lines, sender);
  append (h->lines, h->message->str, h->message->len);
  append_number (h->lines, number);
  g_string_append_c (h->lines, '"');
}

static void
end_line (TyHistory *h)
{
  APPEND_LITERAL (h->lines, "}\n");
}

/* The block of a group has ended: it is written here. */
static void
write_block (TyHistory *h, const TyId *group)
{
  for (guint i = 0; i < h->blocks->len; i++)
    {
      const Block *block = h->blocks->pdata[i];
      if (!ty_id_equal (&block->view->group, group))
        continue;
      append (h->lines, block->line->str, block->line->len);
      g_ptr_array_remove_index (h->blocks, i);
      return;
    }
}

/* Something is about to be recorded that should not happen in a blocked view, unless it is the closing of that view. */
static void
mind_blocks (TyHistory *h, const TyetView *view)
{
  for (guint i = 0; i < h->blocks->len; i++)
    {
      Block *block = h->blocks->pdata[i];
      if (block->before == G_MAXSIZE && ty_id_equal (&block->view->group, &view->group))
        block->before = h->lines->len;
    }
}

TyHistory *
ty_history_new (const char *process)
{
  TyHistory *h = g_new (TyHistory, 1);
  *h = (TyHistory){
    .lines = g_string_new (NULL),
    .process = g_string_new (NULL),
    .blocks = g_ptr_array_new_with_free_func (block_free),
    .head = g_string_new (NULL),
    .conf = g_string_new (NULL),
    .message = g_string_new (NULL),
  };
  append_escaped (h->process, process);
  return h;
}

void
ty_history_free (TyHistory *h)
{
  g_clear_pointer (&h->view, tyet_view_unref);
  g_ptr_array_unref (h->blocks);
  g_string_free (h->lines, TRUE);
  g_string_free (h->process, TRUE);
  g_string_free (h->head, TRUE);
  g_string_free (h->conf, TRUE);
  g_string_free (h->message, TRUE);
  g_free (h);
}

void
ty_history_set_process (TyHistory *h, const char *process)
{
  g_clear_pointer (&h->view, tyet_view_unref);
  g_assert (h->blocks->len == 0); /* the former self has failed */
  g_string_truncate (h->process, 0);
  append_escaped (h->process, process);
}

void
ty_history_conf (TyHistory *h, const TyetView *view, const char *prev_label, gint64 now_us)
{
  write_block (h, &view->group);
  begin_line (h, view, "conf", now_us);
  APPEND_LITERAL (h->lines, ",\"kind\":\"regular\",\"members\":[");
  for (guint i = 0; i < view->n_members; i++)
    {
      g_string_append (h->lines, i > 0 ? ",\"" : "\"");
      append_escaped (h->lines, view->members[i].name);
      g_string_append_c (h->lines, '"');
    }
  APPEND_LITERAL (h->lines, "],\"primary\":true");
  if (prev_label != NULL)
    append_field (h, "prev", prev_label);
  end_line (h);
}

void
ty_history_send (TyHistory *h, const TyetView *view, guint64 number, TyService service, gsize len_bytes, gint64 now_us)
{
  static const char *const services[] = {
    [TY_SERVICE_FIFO] = "fifo",
    [TY_SERVICE_CAUSAL] = "causal",
    [TY_SERVICE_AGREED] = "agreed",
    [TY_SERVICE_SAFE] = "safe",
  };
  g_assert ((guint) service < G_N_ELEMENTS (services));
  mind_blocks (h, view);
  begin_line (h, view, "send", now_us);
  append_message (h, NULL, number);
  append_field (h, "service", services[service]);
  APPEND_LITERAL (h->lines, ",\"len\":");
  append_number (h->lines, len_bytes);
  end_line (h);
}

void
ty_history_deliver (TyHistory *h, const TyetView *view, guint sender, guint64 number, guint64 last, gint64 now_us)
{
  g_assert (sender < view->n_members);
  mind_blocks (h, view);
  for (guint64 n = number; n <= last; n++)
    {
      begin_line (h, view, "deliver", now_us);
      append_message (h, view->members[sender].name, n);
      end_line (h);
    }
}

void
ty_history_fail (TyHistory *h, const TyetView *view, TyHistoryWhy why, gint64 now_us)
{
  static const char *const reasons[] = {
    [TY_HISTORY_CRASH] = "crash",
    [TY_HISTORY_LEAVE] = "leave",
    [TY_HISTORY_EXCLUDED] = "excluded",
  };
  g_assert ((guint) why < G_N_ELEMENTS (reasons));
  write_block (h, &view->group);
  begin_line (h, view, "fail", now_us);
  append_field (h, "why", reasons[why]);
  end_line (h);
}

void
ty_history_block (TyHistory *h, const TyetView *view, gint64 now_us)
{
  gsize at = h->lines->len;
  Block *block = g_new (Block, 1);
  begin_line (h, view, "block", now_us);
  end_line (h);
  *block = (Block){
    .view = tyet_view_ref ((TyetView *) view),
    .line = g_string_new (h->lines->str + at),
    .before = G_MAXSIZE,
  };
  g_string_truncate (h->lines, at);
  g_ptr_array_add (h->blocks, block);
}

static void
transfer_line (TyHistory *h, const TyetView *view, const char *event, const char *digest, gint64 now_us)
{
  begin_line (h, view, event, now_us);
  if (digest != NULL)
    append_field (h, "digest", digest);
  end_line (h);
}

void
ty_history_save (TyHistory *h, const TyetView *view, const char *digest, gint64 now_us)
{
  transfer_line (h, view, "save", digest, now_us);
}

void
ty_history_load (TyHistory *h, const TyetView *view, const char *digest, gint64 now_us)
{
  transfer_line (h, view, "load", digest, now_us);
}

void
ty_history_end (TyHistory *h, const char *group_name, gint64 now_us)
{
  g_assert (now_us >= 0);
  while (h->blocks->len > 0)
    write_block (h, &((const Block *) h->blocks->pdata[0])->view->group);
  make_head (h, h->lines, group_name);
  append_number (h->lines, (guint64) now_us * 1000);
  APPEND_LITERAL (h->lines, ",\"e\":\"end\"}\n");
}

void
ty_history_flush (TyHistory *h, TyHistorySink sink, gpointer user_data)
{
  /* A step has ended, and the view has not: what was recorded after the block came while it lasted. */
  for (guint i = h->blocks->len; i-- > 0;)
    {
      const Block *block = h->blocks->pdata[i];
      if (block->before == G_MAXSIZE)
        continue;
      g_string_insert_len (h->lines, (gssize) block->before, block->line->str, (gssize) block->line->len);
      g_ptr_array_remove_index (h->blocks, i);
    }
  if (h->lines->len == 0)
    return;
  g_assert (h->lines->str[h->lines->len - 1] == '\n');
  sink (h->lines->str, h->lines->len, user_data);
  g_string_truncate (h->lines, 0);
}
