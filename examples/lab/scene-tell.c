/* examples/lab/scene-tell.c: what happens in a play, in words.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include "core/view.h"

#include <string.h>

void
play_tell (Play *play, const char *p, const char *what, const char *format, ...)
{
  if (play->told == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  play->told (play_now (play), p, what, text, play->told_data);
}

void
play_tell_view (Play *play, const Part *part, const TyetView *view)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, "view %" G_GUINT64_FORMAT " of", view->id.number);
  for (guint i = 0; i < view->n_members; i++)
    g_string_append_printf (text, " %s", view->members[i].name);
  play_tell (play, ty_sim_name (part->p), "view", "%s%s%s", text->str, play->scene->n_groups > 1 ? " in " : "",
             play->scene->n_groups > 1 ? part->name : "");
}

static void
tell_delivery (Play *play, const Part *part, const TyEffect *e)
{
  static const char *const services[] = { "fifo", "causal", "agreed", "safe" };
  TyBatchMessage m = { .next = e->offset };
  for (guint64 number = e->number; number <= e->last; number++)
    {
      guint64 message;
      ty_batch_at (e->batch, m.next, number, &m);
      memcpy (&message, m.data, sizeof message);
      const char *label = play_label (play, message);
      play_tell (play, ty_sim_name (part->p), label != NULL ? "deliver" : "traffic", "delivers %s of %s (%s)",
                 label != NULL ? label : "a message", e->view->members[e->rank].name, services[m.service]);
    }
}

void
play_tell_effect (Play *play, const Part *part, const TyEffect *e)
{
  const char *p = ty_sim_name (part->p);
  switch (e->type)
    {
    case TY_EFFECT_DELIVER:
      tell_delivery (play, part, e);
      return;
    case TY_EFFECT_VIEW:
      play_tell_view (play, part, e->view);
      return;
    case TY_EFFECT_ENTERED:
      if (e->error != NULL)
        play_tell (play, p, "refused", "does not get in: %s", e->error->message);
      return;
    case TY_EFFECT_LEFT:
      play_tell (play, p, "left", "is out");
      return;
    case TY_EFFECT_BLOCKED:
      play_tell (play, p, "blocked", "is blocked: %s", e->text != NULL ? e->text : "");
      return;
    case TY_EFFECT_UNBLOCKED:
      play_tell (play, p, "unblocked", "is blocked no longer");
      return;
    case TY_EFFECT_EXCLUDED:
      play_tell (play, p, "excluded", "is excluded: %s", e->text != NULL ? e->text : "");
      return;
    case TY_EFFECT_SAVE_STATE:
      play_tell (play, p, "save", "gives its state");
      return;
    case TY_EFFECT_STATE_END:
      play_tell (play, p, "load", "%s", e->error == NULL ? "has taken the state" : "does not get the whole state");
      return;
    default:
      return;
    }
}
