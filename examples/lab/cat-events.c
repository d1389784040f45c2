/* examples/lab/cat-events.c: the events of `tyet cat`, as lines.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cat.h"

static const char *
nick (GType type, int value)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (class, value);
  return found != NULL ? found->value_nick : "unknown";
}

/* A JSON object is begun by its kind; say () ends it. */
static GString *
begin (const char *event)
{
  GString *json = g_string_new ("{\"event\":");
  lab_json_string (json, event, -1);
  return json;
}

static void
say (CatEvents *events, GString *line)
{
  if (events->json)
    g_string_append_c (line, '}');
  lab_out_line (events->out, line->str, line->len);
  g_string_free (line, TRUE);
}

static void
names (GString *json, const char *key, const char *const *list)
{
  g_string_append_printf (json, ",\"%s\":[", key);
  for (gsize i = 0; list[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      lab_json_string (json, list[i], -1);
    }
  g_string_append_c (json, ']');
}

void
cat_event_listening (CatEvents *events, const char *address, const char *ticket)
{
  GString *line = events->json ? begin ("listening") : g_string_new (NULL);
  if (events->json)
    lab_json_field (line, "address", address);
  else
    g_string_append_printf (line, "-- listening at %s", address);
  if (events->json && ticket != NULL)
    lab_json_field (line, "ticket", ticket);
  else if (ticket != NULL)
    g_string_append_printf (line, "\n-- whoever has this ticket can join (--ticket-file): %s", ticket);
  say (events, line);
}

static GString *
view_json (TyetView *view, TyetViewChange *change)
{
  GString *json = begin ("view");
  g_auto (GStrv) members = tyet_view_dup_member_names (view);
  lab_json_field (json, "view", tyet_view_get_id (view));
  names (json, "members", (const char *const *) members);
  g_string_append_printf (json, ",\"rank\":%u,\"primary\":%s,\"joined\":[", tyet_view_get_rank (view),
                          tyet_view_is_primary (view) ? "true" : "false");
  for (guint i = 0; i < tyet_view_change_get_n_joined (change); i++)
    {
      g_string_append (json, i > 0 ? "," : "");
      lab_json_string (json, tyet_view_change_get_joined_name (change, i), -1);
    }
  g_string_append (json, "],\"left\":[");
  for (guint i = 0; i < tyet_view_change_get_n_left (change); i++)
    {
      g_string_append (json, i > 0 ? ",{\"member\":" : "{\"member\":");
      lab_json_string (json, tyet_view_change_get_left_name (change, i), -1);
      lab_json_field (json, "why", nick (TYET_TYPE_LEFT_REASON, tyet_view_change_get_left_reason (change, i)));
      g_string_append_c (json, '}');
    }
  g_string_append_c (json, ']');
  return json;
}

static GString *
view_text (TyetView *view, TyetViewChange *change)
{
  GString *text = g_string_new (NULL);
  g_auto (GStrv) members = tyet_view_dup_member_names (view);
  g_autofree char *all = g_strjoinv (" ", members);
  g_string_append_printf (text, "-- view %s: %s (rank %u)", tyet_view_get_id (view), all, tyet_view_get_rank (view));
  for (guint i = 0; i < tyet_view_change_get_n_joined (change); i++)
    g_string_append_printf (text, ", %s joined", tyet_view_change_get_joined_name (change, i));
  for (guint i = 0; i < tyet_view_change_get_n_left (change); i++)
    g_string_append_printf (text, ", %s left (%s)", tyet_view_change_get_left_name (change, i),
                            nick (TYET_TYPE_LEFT_REASON, tyet_view_change_get_left_reason (change, i)));
  return text;
}

void
cat_event_view (CatEvents *events, TyetView *view, TyetViewChange *change)
{
  say (events, events->json ? view_json (view, change) : view_text (view, change));
}

/* Control characters as ^X, those of Latin-1 too: a message may hold what moves the cursor, or worse. */
static void
put_visible (GString *line, const guint8 *data, gsize len_bytes)
{
  for (gsize i = 0; i < len_bytes; i++)
    if (data[i] == 0xc2 && i + 1 < len_bytes && data[i + 1] >= 0x80 && data[i + 1] < 0xa0)
      g_string_append_printf (line, "^[%c", data[++i] ^ 0xc0);
    else if ((data[i] < 0x20 && data[i] != '\t') || data[i] == 0x7f)
      g_string_append_printf (line, "^%c", data[i] ^ 0x40);
    else
      g_string_append_c (line, (char) data[i]);
}

void
cat_event_deliver (CatEvents *events, TyetView *view, guint rank, TyetService service, const guint8 *data,
                   gsize len_bytes)
{
  const char *from = tyet_view_get_member_name (view, rank);
  GString *line;
  if (!events->json)
    {
      line = g_string_new (from);
      g_string_append (line, ": ");
      if (events->terminal)
        put_visible (line, data, len_bytes);
      else
        g_string_append_len (line, (const char *) data, (gssize) len_bytes);
      say (events, line);
      return;
    }
  line = begin ("deliver");
  lab_json_field (line, "from", from);
  lab_json_field (line, "view", tyet_view_get_id (view));
  lab_json_field (line, "service", nick (TYET_TYPE_SERVICE, service));
  /* A NUL is UTF-8 too, and fits into JSON, but few who read it expect one. */
  if (g_utf8_validate_len ((const char *) data, len_bytes, NULL))
    {
      g_string_append (line, ",\"data\":");
      lab_json_string (line, (const char *) data, (gssize) len_bytes);
    }
  else
    {
      g_autofree char *base64 = g_base64_encode (data, len_bytes);
      lab_json_field (line, "data64", base64);
    }
  say (events, line);
}

void
cat_event_blocked (CatEvents *events, const char *why, const char *const *waiting_for)
{
  GString *line;
  if (events->json)
    {
      line = begin ("blocked");
      lab_json_field (line, "why", why);
      names (line, "waiting_for", waiting_for);
    }
  else
    {
      g_autofree char *all = g_strjoinv (" ", (char **) waiting_for);
      line = g_string_new (NULL);
      g_string_append_printf (line, "-- blocked: %s; waiting for: %s", why, all);
    }
  say (events, line);
}

void
cat_event_unblocked (CatEvents *events)
{
  say (events, events->json ? begin ("unblocked") : g_string_new ("-- unblocked"));
}

void
cat_event_rekeyed (CatEvents *events, gboolean network_too)
{
  GString *line = events->json ? begin ("rekeyed") : g_string_new (NULL);
  if (events->json)
    g_string_append_printf (line, ",\"network\":%s", network_too ? "true" : "false");
  else
    g_string_append_printf (line, "-- new secrets hold%s", network_too ? ", the network's too" : "");
  say (events, line);
}

void
cat_event_excluded (CatEvents *events, const char *why)
{
  GString *line = events->json ? begin ("excluded") : g_string_new ("-- excluded: ");
  if (events->json)
    lab_json_field (line, "why", why);
  else
    g_string_append (line, why);
  say (events, line);
}

void
cat_event_state (CatEvents *events, const char *event, guint64 n_messages, const char *digest)
{
  GString *line;
  if (events->json)
    {
      line = begin (event);
      g_string_append_printf (line, ",\"messages\":%" G_GUINT64_FORMAT, n_messages);
      lab_json_field (line, "digest", digest);
    }
  else
    {
      line = g_string_new (NULL);
      g_string_append_printf (line, "-- state %s: %" G_GUINT64_FORMAT " messages, digest %.12s", event, n_messages,
                              digest);
    }
  say (events, line);
}
