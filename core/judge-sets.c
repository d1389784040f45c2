/* core/judge-sets.c: 4, failure atomicity: those who go on together from a view, regular or transitional, to the same
 * next one have delivered the same messages in it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

static const char *
name_of (TyJudge *j, const TyStay *s)
{
  return ty_judge_process_text (j, TY_TRACK (j, s->track)->process);
}

/* Of those who were in a view and went on together: their stays, and each one's events of that view. */
typedef struct
{
  TyJudge *j;
  guint32 view; /* regular or transitional */
  guint n;
  guint32 *stays; /* the regular ones */
} Party;

static void
range_of (const Party *p, guint i, guint *from, guint *to)
{
  const TyStay *s = TY_STAY (p->j, p->stays[i]);
  gboolean regular = s->view == p->view;
  *from = regular ? 0 : s->split;
  *to = regular ? MIN (s->split, s->events->len) : s->events->len;
}

static void
report_set (const Party *p, guint32 message)
{
  const TyStay *has = NULL, *lacks = NULL;
  for (guint i = 0; i < p->n; i++)
    {
      guint from, to;
      const TyStay *s = TY_STAY (p->j, p->stays[i]);
      range_of (p, i, &from, &to);
      *(ty_stay_delivers (p->j, s, message, from, to) ? &has : &lacks) = s;
    }
  ty_judge_violation (p->j, TY_RULE_E_SET, ty_judge_pair (p->j, has, lacks, message, p->view),
                      "%s has delivered %s in view %s, %s, which goes on together with it, has not",
                      name_of (p->j, has), ty_judge_message_text (p->j, message), ty_judge_view_text (p->j, p->view),
                      name_of (p->j, lacks));
}

/* The replay's counts have done their work: they serve again. */
static void
check_party (const Party *p)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint32 tag = ++p->j->mark;
  for (guint i = 0; i < p->n; i++)
    {
      guint from, to;
      const TyStay *s = TY_STAY (p->j, p->stays[i]);
      range_of (p, i, &from, &to);
      for (guint k = from; k < to; k++)
        {
          guint32 event = g_array_index (s->events, guint32, k), message = event / 2;
          TyJudgeMessage *m = TY_MESSAGE (p->j, message);
          if ((event & 1) == 0 || !ty_judge_belongs (p->j, m, s->view))
            continue;
          if (m->tag != tag)
            {
              g_array_append_val (all, message);
              m->owing = 0;
            }
          m->tag = tag;
          m->owing++;
        }
    }
  for (guint i = 0; i < all->len; i++)
    if (TY_MESSAGE (p->j, g_array_index (all, guint32, i))->owing < p->n)
      report_set (p, g_array_index (all, guint32, i));
}

/* Those who went from a view to the same next one; who is in it for good goes nowhere together. */
void
ty_judge_sets (TyJudge *j, guint32 view)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  g_autofree guint32 *to = g_new (guint32, stays->len); /* the next view; 0: not in any party (any more) */
  g_autofree guint32 *members = g_new (guint32, stays->len);
  for (guint i = 0; i < stays->len; i++)
    {
      const TyStay *s = TY_STAY (j, g_array_index (stays, guint32, i));
      gboolean lost = s->failed || (s->events == NULL && s->base == 0);
      to[i] = lost ? 0 : s->next != 0 ? TY_STAY (j, s->next)->view : ty_stay_for_good (j, s) ? G_MAXUINT32 : 0;
    }
  for (guint i = 0; i < stays->len; i++)
    {
      Party p = { .j = j, .view = view, .stays = members };
      guint32 next = to[i];
      for (guint k = i; k < stays->len && next != 0; k++)
        if (to[k] == next)
          {
            members[p.n++] = ty_judge_stage (j, g_array_index (stays, guint32, k));
            to[k] = 0;
          }
      if (p.n > 1)
        check_party (&p);
    }
}
