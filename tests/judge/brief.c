/* tests/judge/brief.c: see brief.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief.h"

static void
add_conf (GString *out, char **words)
{
  g_auto (GStrv) members = g_strsplit (words[3], ",", -1);
  const char *kind = "regular";
  gboolean primary = TRUE;
  g_autofree char *list = g_strjoinv ("\",\"", members);
  for (char **w = words + 4; *w != NULL; w++)
    if (g_str_equal (*w, "transitional"))
      kind = "transitional";
    else if (g_str_equal (*w, "trans"))
      {
        kind = "transitional";
        primary = FALSE;
      }
    else if (g_str_equal (*w, "minor"))
      primary = FALSE;
    else if (g_str_equal (*w, "first"))
      g_string_append (out, ",\"prev\":\"\"");
    else if (g_str_equal (*w, "after"))
      g_string_append_printf (out, ",\"prev\":\"%s\"", *++w);
    else
      g_error ("a conf has no \"%s\"", *w);
  g_string_append_printf (out, ",\"kind\":\"%s\",\"members\":[\"%s\"],\"primary\":%s", kind, list,
                          primary ? "true" : "false");
}

static void
add_event (GString *out, const char *process, char **words)
{
  g_auto (GStrv) at = g_strsplit (process, "@", 2);
  const char *event = words[1];
  guint n = g_strv_length (words);
  gboolean deliver = g_str_equal (event, "deliver");
  for (char **m = words + 3; m == words + 3 || (deliver && *m != NULL); m++)
    {
      g_string_append_printf (out, "{\"p\":\"%s\",\"g\":\"%s\",\"t\":1,\"e\":\"%s\"", at[0],
                              at[1] != NULL ? at[1] : "g", event);
      if (!g_str_equal (event, "end"))
        g_string_append_printf (out, ",\"c\":\"%s\"", words[2]);
      if (g_str_equal (event, "conf"))
        add_conf (out, words);
      else if (deliver || g_str_equal (event, "send"))
        g_string_append_printf (out, ",\"m\":\"%s\"", *m);
      if (g_str_equal (event, "send"))
        g_string_append_printf (out, ",\"service\":\"%s\",\"len\":1", words[4]);
      else if (g_str_equal (event, "fail"))
        g_string_append_printf (out, ",\"why\":\"%s\"", words[3]);
      else if ((g_str_equal (event, "save") || g_str_equal (event, "load")) && n > 3)
        g_string_append_printf (out, ",\"digest\":\"%s\"", words[3]);
      g_string_append (out, "}\n");
      if (!deliver)
        break;
    }
}

char *
brief_to_json (const char *brief)
{
  GString *out = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (brief, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) words = g_strsplit (g_strstrip (*line), " ", -1);
      if (words[0] == NULL || words[0][0] == '\0' || g_str_equal (words[0], "-"))
        continue;
      g_auto (GStrv) processes = g_strsplit (words[0], ",", -1);
      for (char **p = processes; *p != NULL; p++)
        add_event (out, *p, words);
    }
  return g_string_free (out, FALSE);
}
