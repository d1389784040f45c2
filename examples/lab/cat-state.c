/* examples/lab/cat-state.c: a state for `tyet cat --state`: for each sender, how many messages and a digest of them
 * all.
 *
 * Where a view ends, everybody has had the same messages, each sender's in the same order, whatever the ordering: so
 * this state is the same for all orderings.  It is small, and written and read as text:
 *
 *   NAME TAB COUNT TAB SHA-256 of the former digest and the message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cat.h"

#include <string.h>

#define DIGEST_BYTES 32

typedef struct
{
  guint64 count;
  guint8 digest[DIGEST_BYTES];
} Sender;

struct _CatState
{
  GTree *senders; /* name -> Sender, in the order of names */
  guint64 count;
  gboolean refused; /* what came was no state of this kind */
};

/* A state on its way in. */
typedef struct
{
  CatState *state;
  CatEvents *events;
  TyetGroup *group;
  GInputStream *in;
  GOutputStream *text;
} Loading;

static int
compare_names (gconstpointer a, gconstpointer b, gpointer unused)
{
  return strcmp (a, b);
}

CatState *
cat_state_new (void)
{
  CatState *state = g_new0 (CatState, 1);
  state->senders = g_tree_new_full (compare_names, NULL, g_free, g_free);
  return state;
}

void
cat_state_free (CatState *state)
{
  g_tree_unref (state->senders);
  g_free (state);
}

void
cat_state_delivered (CatState *state, const char *from, const guint8 *data, gsize len_bytes)
{
  Sender *sender = g_tree_lookup (state->senders, from);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = DIGEST_BYTES;
  if (sender == NULL)
    {
      sender = g_new0 (Sender, 1);
      g_tree_insert (state->senders, g_strdup (from), sender);
    }
  g_checksum_update (sum, sender->digest, DIGEST_BYTES);
  g_checksum_update (sum, data, (gssize) len_bytes);
  g_checksum_get_digest (sum, sender->digest, &size);
  sender->count++;
  state->count++;
}

gboolean
cat_state_is_refused (CatState *state)
{
  return state->refused;
}

/* ---- Giving it ---- */

static gboolean
append_sender (gpointer name, gpointer value, gpointer text)
{
  const Sender *sender = value;
  g_string_append_printf (text, "%s\t%" G_GUINT64_FORMAT "\t", (const char *) name, sender->count);
  for (gsize i = 0; i < DIGEST_BYTES; i++)
    g_string_append_printf (text, "%02x", sender->digest[i]);
  g_string_append_c (text, '\n');
  return FALSE;
}

static char *
to_text (CatState *state)
{
  GString *text = g_string_new (NULL);
  g_tree_foreach (state->senders, append_sender, text);
  return g_string_free (text, FALSE);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error)
      || !g_output_stream_close (G_OUTPUT_STREAM (source), NULL, &error))
    g_printerr ("%s: the state was not given: %s\n", g_get_prgname (), error->message);
}

typedef struct
{
  CatState *state;
  CatEvents *events;
} Attached;

static void
on_save_state (TyetGroup *group, GOutputStream *out, gpointer user_data)
{
  const Attached *to = user_data;
  char *text = to_text (to->state);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  tyet_group_set_state_digest (group, G_OBJECT (out), digest);
  cat_event_state (to->events, "saved", to->state->count, digest);
  g_object_set_data_full (G_OBJECT (out), "text", text, g_free);
  g_output_stream_write_all_async (out, text, strlen (text), G_PRIORITY_DEFAULT, NULL, on_saved, NULL);
}

/* ---- Taking it ---- */

static gboolean
parse_line (GTree *senders, char *line, guint64 *count)
{
  g_auto (GStrv) parts = g_strsplit (line, "\t", -1);
  Sender *sender;
  if (g_strv_length (parts) != 3 || strlen (parts[2]) != 2 * DIGEST_BYTES)
    return FALSE;
  sender = g_new0 (Sender, 1);
  g_tree_insert (senders, g_strdup (parts[0]), sender);
  if (!g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT64, &sender->count, NULL))
    return FALSE;
  for (gsize i = 0; i < DIGEST_BYTES; i++)
    {
      int high = g_ascii_xdigit_value (parts[2][2 * i]), low = g_ascii_xdigit_value (parts[2][2 * i + 1]);
      if (high < 0 || low < 0)
        return FALSE;
      sender->digest[i] = (guint8) (high << 4 | low);
    }
  *count += sender->count;
  return TRUE;
}

static gboolean
from_text (CatState *state, const char *text)
{
  g_autoptr (GTree) senders = g_tree_new_full (compare_names, NULL, g_free, g_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint64 count = 0;
  for (gsize i = 0; lines[i] != NULL && (lines[i][0] != '\0' || lines[i + 1] != NULL); i++)
    if (!parse_line (senders, lines[i], &count))
      return FALSE;
  g_tree_unref (state->senders);
  state->senders = g_steal_pointer (&senders);
  state->count = count;
  return TRUE;
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Loading *loading = user_data;
  g_autoptr (GError) error = NULL;
  if (g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &error) < 0)
    g_printerr ("%s: the state did not come: %s\n", g_get_prgname (), error->message);
  else if (!g_output_stream_write_all (loading->text, "", 1, NULL, NULL, NULL)
           || !from_text (loading->state, g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (loading->text))))
    {
      loading->state->refused = TRUE;
      tyet_group_fail_transfer (loading->group, G_OBJECT (loading->in), "it is none of tyet cat --state");
    }
  else
    {
      g_autofree char *text = to_text (loading->state);
      g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
      tyet_group_set_state_digest (loading->group, G_OBJECT (loading->in), digest);
      cat_event_state (loading->events, "loaded", loading->state->count, digest);
      g_input_stream_close (loading->in, NULL, NULL);
    }
  g_object_unref (loading->text);
  g_object_unref (loading->in);
  g_object_unref (loading->group);
  g_free (loading);
}

static void
on_load_state (TyetGroup *group, GInputStream *in, gpointer user_data)
{
  const Attached *to = user_data;
  Loading *loading = g_new0 (Loading, 1);
  loading->state = to->state;
  loading->events = to->events;
  loading->group = g_object_ref (group);
  loading->in = g_object_ref (in);
  loading->text = g_memory_output_stream_new_resizable ();
  g_output_stream_splice_async (loading->text, in, G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL, on_loaded,
                                loading);
}

static void
free_attached (gpointer data, GClosure *closure)
{
  g_free (data);
}

void
cat_state_attach (CatState *state, TyetGroup *group, CatEvents *events)
{
  Attached *to = g_new (Attached, 1);
  to->state = state;
  to->events = events;
  g_signal_connect (group, "save-state", G_CALLBACK (on_save_state), to);
  g_signal_connect_data (group, "load-state", G_CALLBACK (on_load_state), to, free_attached, 0);
}
