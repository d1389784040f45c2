/* examples/lab/scene-read-cond.c: what can hold or not: after "when", "wait until" and "expect".
 *
 *   NAMES has m1 ...          NAMES lacks m1 ...         NAMES is [not] blocked | excluded | out | dead | ...
 *   NAMES is in view a b c    NAMES was in view a b c    NAME has sent FLUSH [N times]
 *   m1 before m2 at NAMES     same order at NAMES        message m1 refused          legal   settled   live
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-private.h"

#include "core/packet.h"

static gboolean
want_flag (SceneReader *r, SceneCond *out)
{
  const char *word = scene_peek (r);
  out->kind = COND_IS;
  if (word == NULL)
    return scene_wrong (r, r->at, "the line ends where a state should follow, such as \"blocked\"");
  for (guint i = 0; i < N_FLAGS; i++)
    if (g_str_equal (word, scene_flags[i]))
      {
        out->flag = (SceneFlag) i;
        r->at++;
        return scene_want_group (r, &out->group);
      }
  return scene_wrong (r, r->at,
                      "\"%s\" is no state that a process can be in: blocked, excluded, out, dead, stopped, "
                      "in, refused",
                      word);
}

static void
take_group (SceneReader *r, guint *out)
{
  for (guint g = 0; g < r->scene->n_groups; g++)
    if (scene_take (r, r->scene->group[g]))
      *out = g;
}

/* After "is", "are", "was", "were". */
static gboolean
want_being (SceneReader *r, SceneCond *out, gboolean past)
{
  out->negated = !past && scene_take (r, "not");
  if (!past && !scene_take (r, "in"))
    return want_flag (r, out);
  if (past && !scene_want (r, "in"))
    return FALSE;
  take_group (r, &out->group);
  out->kind = past ? COND_WAS_IN_VIEW : COND_IN_VIEW;
  if (!out->negated && scene_take (r, "view"))
    return scene_want_names (r, &out->names);
  if (past)
    return scene_want (r, "view");
  out->kind = COND_IS;
  out->flag = FLAG_IN;
  return TRUE;
}

static gboolean
want_packet (SceneReader *r, SceneCond *out)
{
  const char *word = scene_peek (r);
  gint64 number = 1;
  out->kind = COND_SENT;
  if (word == NULL)
    return scene_wrong (r, r->at, "the line ends where a packet should follow, such as FLUSH");
  if (ty_packet_find (word) == TY_PACKET_INVALID)
    return scene_wrong (r, r->at, "there is no packet \"%s\"", word);
  r->at++;
  out->names = g_strdupv ((char *[]){ (char *) word, NULL });
  const char *next = scene_peek (r);
  if (next != NULL && g_ascii_isdigit (next[0])
      && (!scene_want_number (r, 1, 100000, &number) || !scene_want (r, "times")))
    return FALSE;
  out->number = (guint) number;
  return TRUE;
}

static gboolean
want_of_processes (SceneReader *r, SceneCond *out)
{
  if (!scene_want_all_or_names (r, &out->who))
    return FALSE;
  out->all = out->who == NULL;
  if (scene_take (r, "has") || scene_take (r, "have"))
    {
      if (scene_take (r, "sent"))
        return want_packet (r, out);
      out->kind = COND_HAS;
      return scene_want_messages (r, FALSE, &out->names);
    }
  if (scene_take (r, "lacks") || scene_take (r, "lack"))
    {
      out->kind = COND_LACKS;
      return scene_want_messages (r, FALSE, &out->names);
    }
  if (scene_take (r, "is") || scene_take (r, "are"))
    return want_being (r, out, FALSE);
  if (scene_take (r, "was") || scene_take (r, "were"))
    return want_being (r, out, TRUE);
  const char *word = scene_peek (r);
  if (word == NULL)
    return scene_wrong (r, r->at, "the line ends where \"has\", \"lacks\", \"is\" or \"was\" should follow");
  return scene_wrong (r, r->at, "\"%s\" where \"has\", \"lacks\", \"is\" or \"was\" should be", word);
}

static gboolean
want_at (SceneReader *r, SceneCond *out)
{
  if (!scene_want (r, "at") || !scene_want_all_or_names (r, &out->who))
    return FALSE;
  out->all = out->who == NULL;
  return TRUE;
}

gboolean
scene_want_cond (SceneReader *r, SceneCond *out)
{
  const char *word = scene_peek (r);
  const char *second = r->at + 1 < r->words->len ? g_array_index (r->words, SceneWord, r->at + 1).text : NULL;
  static const struct
  {
    const char *word;
    SceneCondKind kind;
  } alone[] = { { "legal", COND_LEGAL }, { "settled", COND_SETTLED }, { "live", COND_LIVE } };
  for (gsize i = 0; i < G_N_ELEMENTS (alone); i++)
    if (scene_take (r, alone[i].word))
      {
        out->kind = alone[i].kind;
        return TRUE;
      }
  if (scene_take (r, "message"))
    {
      out->kind = COND_REFUSED;
      return scene_want_messages (r, FALSE, &out->names) && scene_want (r, "refused");
    }
  if (scene_take (r, "same"))
    {
      out->kind = COND_SAME_ORDER;
      return scene_want (r, "order") && want_at (r, out) && scene_want_group (r, &out->group);
    }
  if (word != NULL && second != NULL && g_str_equal (second, "before"))
    {
      g_auto (GStrv) first = NULL;
      g_auto (GStrv) later = NULL;
      out->kind = COND_BEFORE;
      if (!scene_want_messages (r, FALSE, &first) || !scene_want (r, "before")
          || !scene_want_messages (r, FALSE, &later))
        return FALSE;
      if (later[1] != NULL)
        return scene_wrong (r, r->at - 1, "\"before\" stands between two messages");
      out->names = g_strdupv ((char *[]){ first[0], later[0], NULL });
      return want_at (r, out);
    }
  return want_of_processes (r, out);
}
