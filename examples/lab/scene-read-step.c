/* examples/lab/scene-read-step.c: what is done in a step: the part of a line after "at 5ms,".
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-private.h"

#include "core/packet.h"

#include <string.h>

/* What follows a verb that stands first. */
typedef enum
{
  TAKES_NAMES,
  TAKES_NEW_NAMES,
  TAKES_CRASH,
  TAKES_CUT,
  TAKES_HEAL,
  TAKES_BREAK,
  TAKES_HOLD,
  TAKES_DELAY,
  TAKES_SLOW,
  TAKES_CHOKE,
  TAKES_CLOCK,
  TAKES_NOISE,
  TAKES_TRAFFIC,
  TAKES_CALM,
  TAKES_WAIT,
  TAKES_COND,
  TAKES_NOTHING
} Takes;

static const struct
{
  const char *verb;
  SceneDo what;
  Takes takes;
} verbs[] = {
  { "start", DO_START, TAKES_NEW_NAMES }, { "crash", DO_CRASH, TAKES_CRASH }, { "unplug", DO_UNPLUG, TAKES_NAMES },
  { "restart", DO_RESTART, TAKES_NAMES }, { "stop", DO_STOP, TAKES_NAMES },   { "continue", DO_CONTINUE, TAKES_NAMES },
  { "cut", DO_CUT, TAKES_CUT },           { "heal", DO_HEAL, TAKES_HEAL },    { "break", DO_BREAK, TAKES_BREAK },
  { "delay", DO_DELAY, TAKES_DELAY },     { "slow", DO_SLOW, TAKES_SLOW },    { "choke", DO_CHOKE, TAKES_CHOKE },
  { "clock", DO_CLOCK, TAKES_CLOCK },     { "noise", DO_NOISE, TAKES_NOISE }, { "traffic", DO_TRAFFIC, TAKES_TRAFFIC },
  { "calm", DO_CALM, TAKES_CALM },        { "wait", DO_WAIT, TAKES_WAIT },    { "settle", DO_SETTLE, TAKES_NOTHING },
  { "expect", DO_EXPECT, TAKES_COND },    { "lose", DO_LOSE, TAKES_BREAK },    { "hold", DO_HOLD, TAKES_HOLD },
};

/* "within 2s" */
static gboolean
want_within (SceneReader *r, SceneStep *out)
{
  out->within_us = -1;
  return !scene_take (r, "within") || scene_want_time (r, &out->within_us);
}

static gboolean
want_cond (SceneReader *r, SceneStep *out)
{
  out->cond = scene_cond_new (COND_LEGAL);
  return scene_want_cond (r, out->cond) && want_within (r, out);
}

static gboolean
want_crash (SceneReader *r, SceneStep *out)
{
  if (!scene_want_names (r, &out->who))
    return FALSE;
  if (!scene_take (r, "after"))
    return TRUE;
  if (!scene_want_number (r, 0, G_MAXUINT32, &out->number))
    return FALSE;
  out->unit = scene_take (r, "effects") ? UNIT_EFFECTS : UNIT_WRITES;
  return out->unit == UNIT_EFFECTS || scene_want (r, "writes");
}

/* "from" or "with", both ways; "towards", one way. */
static gboolean
want_sides (SceneReader *r, SceneStep *out, const char *both, SceneDo one_way)
{
  if (!scene_want_names (r, &out->who))
    return FALSE;
  if (scene_take (r, "towards"))
    out->what = one_way;
  else if (!scene_want (r, both))
    return FALSE;
  return scene_want_names (r, &out->others);
}

static gboolean
want_heal (SceneReader *r, SceneStep *out)
{
  if (!scene_take (r, "all"))
    return want_sides (r, out, "with", DO_HEAL_TOWARDS);
  out->what = DO_HEAL_ALL;
  return TRUE;
}

static gboolean
want_delay (SceneReader *r, SceneStep *out)
{
  return scene_want_names (r, &out->who) && scene_want (r, "towards") && scene_want_names (r, &out->others)
         && scene_want (r, "by") && scene_want_time (r, &out->us);
}

/* "hold FLUSH and STATE of a to b for 20ms" */
static gboolean
want_hold (SceneReader *r, SceneStep *out)
{
  guint type;
  guint64 kinds = 0;
  for (const char *word; (word = scene_peek (r)) != NULL && (type = ty_packet_find (word)) != 0;)
    {
      kinds |= (guint64) 1 << type;
      r->at++;
      scene_take (r, "and");
    }
  out->number = (gint64) kinds;
  if (kinds == 0)
    return scene_wrong (r, r->at, "\"%s\" where a packet should be, such as FLUSH",
                        scene_peek (r) != NULL ? scene_peek (r) : "");
  return scene_want (r, "of") && scene_want_names (r, &out->who) && scene_want (r, "to")
         && scene_want_names (r, &out->others) && scene_want (r, "for") && scene_want_time (r, &out->us);
}

static gboolean
want_traffic (SceneReader *r, SceneStep *out)
{
  out->us = 0;
  if (scene_take (r, "stops"))
    return TRUE;
  out->number = 20;
  return scene_want (r, "every") && scene_want_time (r, &out->us)
         && (out->us > 0 || scene_wrong (r, r->at - 1, "a time above zero is needed here"))
         && (!scene_take (r, "of") || scene_want_bytes (r, &out->number));
}

static gboolean
want_wait (SceneReader *r, SceneStep *out)
{
  return scene_take (r, "until") ? want_cond (r, out) : scene_want_time (r, &out->us);
}

static gboolean
want_rest (SceneReader *r, SceneStep *out, Takes takes)
{
  switch (takes)
    {
    case TAKES_NAMES:
      return scene_want_names (r, &out->who);
    case TAKES_NEW_NAMES:
      return scene_want_new_names (r, &out->who);
    case TAKES_CRASH:
      return want_crash (r, out);
    case TAKES_CUT:
      return want_sides (r, out, "from", DO_CUT_TOWARDS);
    case TAKES_HEAL:
      return want_heal (r, out);
    case TAKES_BREAK:
      return scene_want_names (r, &out->who) && scene_want (r, "from") && scene_want_names (r, &out->others);
    case TAKES_HOLD:
      return want_hold (r, out);
    case TAKES_DELAY:
      return want_delay (r, out);
    case TAKES_SLOW:
      return scene_want_names (r, &out->who) && scene_want (r, "by") && scene_want_time (r, &out->us);
    case TAKES_CHOKE:
      return scene_want_names (r, &out->who) && scene_want (r, "to") && scene_want_bytes (r, &out->number);
    case TAKES_CLOCK:
      return scene_want_names (r, &out->who) && scene_want (r, "by")
             && scene_want_number (r, -500000, 500000, &out->number) && scene_want (r, "ppm");
    case TAKES_NOISE:
      return scene_want_names (r, &out->who) && scene_want (r, "with") && scene_want_bytes (r, &out->number);
    case TAKES_TRAFFIC:
      return want_traffic (r, out);
    case TAKES_CALM:
      return scene_want_all_or_names (r, &out->who);
    case TAKES_WAIT:
      return want_wait (r, out);
    case TAKES_COND:
      return want_cond (r, out);
    case TAKES_NOTHING:
      return want_within (r, out);
    default:
      g_assert_not_reached ();
    }
}

/* ---- Sentences that begin with a name ---- */

static gboolean
want_send (SceneReader *r, SceneStep *out)
{
  static const char *const services[] = { "fifo", "causal", "agreed", "safe" };
  out->what = DO_SEND;
  if (!scene_want_messages (r, TRUE, &out->others))
    return FALSE;
  if (scene_take (r, "as"))
    {
      guint s = 0;
      while (s < G_N_ELEMENTS (services) && !scene_take (r, services[s]))
        s++;
      if (s == G_N_ELEMENTS (services))
        return scene_wrong (r, r->at, "\"%s\" is no service: fifo, causal, agreed or safe",
                            scene_peek (r) != NULL ? scene_peek (r) : "");
      out->has_service = TRUE;
      out->service = (TyService) s;
    }
  return (!scene_take (r, "of") || scene_want_bytes (r, &out->number)) && scene_want_group (r, &out->group);
}

static gboolean
want_join (SceneReader *r, SceneStep *out)
{
  out->what = DO_JOIN;
  return scene_want_group (r, &out->group) && (!scene_take (r, "through") || scene_want_names (r, &out->others));
}

/* Who founds or joins may be spoken of for the first time. */
static gboolean
want_subject (SceneReader *r, SceneStep *out)
{
  for (guint i = r->at; i < r->words->len; i++)
    {
      const char *word = g_array_index (r->words, SceneWord, i).text;
      if (!g_str_equal (word, "founds") && !g_str_equal (word, "joins") && !g_str_equal (word, "join")
          && !g_str_equal (word, "found"))
        continue;
      for (guint k = r->at; k < i; k++)
        {
          const char *name = g_array_index (r->words, SceneWord, k).text;
          if (g_ascii_isalpha (name[0]) && strchr (name, '.') == NULL)
            g_hash_table_add (r->known_processes, g_strdup (name));
          if (g_hash_table_size (r->known_processes) > SCENE_MAX_PROCESSES)
            return scene_wrong (r, k, "there are at most %d processes", SCENE_MAX_PROCESSES);
        }
    }
  return scene_want_names (r, &out->who);
}

static gboolean
want_sentence (SceneReader *r, SceneStep *out)
{
  if (!want_subject (r, out))
    return FALSE;
  if (scene_take (r, "sends") || scene_take (r, "send"))
    return want_send (r, out);
  if (scene_take (r, "joins") || scene_take (r, "join"))
    return want_join (r, out);
  if (scene_take (r, "founds") || scene_take (r, "found"))
    {
      out->what = DO_FOUND;
      return scene_want_group (r, &out->group) && (!scene_take (r, "with") || scene_want_names (r, &out->others));
    }
  if (scene_take (r, "leaves") || scene_take (r, "leave"))
    {
      out->what = DO_LEAVE;
      return scene_want_group (r, &out->group);
    }
  const char *word = scene_peek (r);
  if (word == NULL)
    return scene_wrong (r, r->at, "the line ends where \"sends\", \"joins\", \"founds\" or \"leaves\" should follow");
  return scene_wrong (r, r->at, "\"%s\" where \"sends\", \"joins\", \"founds\" or \"leaves\" should be", word);
}

gboolean
scene_want_step (SceneReader *r, SceneStep *out)
{
  if (scene_peek (r) == NULL)
    return scene_wrong (r, r->at, "the line ends where a step should follow");
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (scene_take (r, verbs[i].verb))
      {
        out->what = verbs[i].what;
        return want_rest (r, out, verbs[i].takes) && scene_want_end (r);
      }
  return want_sentence (r, out) && scene_want_end (r);
}
