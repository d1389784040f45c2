/* core/judge-once.c: 1.4 for deliveries, under the extended model: no process delivers a message twice, neither in one
 * view nor in two.
 *
 * Which of two deliveries is the right one shows only once all is read: the one where the message was sent. Repeated
 * ones count as nothing afterwards.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

static void
drop_repeated (TyJudge *j, guint32 track, gboolean belonging)
{
  for (guint32 stay = TY_TRACK (j, track)->first; stay != 0; stay = TY_STAY (j, stay)->next)
    {
      const TyStay *s = TY_STAY (j, stay);
      for (guint i = 0; s->events != NULL && i < s->events->len; i++)
        {
          guint32 *event = &g_array_index (s->events, guint32, i);
          guint32 message = *event / 2;
          TyJudgeMessage *m = TY_MESSAGE (j, message);
          if ((*event & 1) == 0 || message == 0 || ty_judge_belongs (j, m, s->view) != belonging)
            continue;
          if (m->seen == track)
            {
              const TyTrack *t = TY_TRACK (j, track);
              ty_judge_violation (j, TY_RULE_E_UNIQUE,
                                  (TyConcerned){ t->group, { t->process }, { message }, { s->view } },
                                  "%s delivers %s twice, here in view %s", ty_judge_process_text (j, t->process),
                                  ty_judge_message_text (j, message), ty_judge_view_text (j, s->view));
              *event = 1;
            }
          m->seen = track;
        }
    }
}

void
ty_judge_once (TyJudge *j)
{
  for (guint32 track = 1; track < j->track->len; track++)
    {
      drop_repeated (j, track, TRUE);
      drop_repeated (j, track, FALSE);
    }
}
