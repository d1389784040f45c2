/* core/judge-stage.c: what the extended model's processes owe in a regular view and in the transitional ones that
 * follow it (2.1, 3, 7.1, 7.2; 4 is in judge-sets.c), after the replay of that view.
 *
 * Who has failed owes nothing, and a record that stops without `end` is that of a process that failed there.  Who ended
 * in good order owes what one that goes on owes, unless the end is open.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge-store.h"

typedef struct
{
  TyJudge *j;
  guint32 view;
  const GArray *stays; /* in the regular view */
} Stage;

/* Where a process went from a regular view: the stay in the last transitional view behind it, or the stay itself. */
static const TyStay *
last_of (TyJudge *j, const TyStay *regular)
{
  const TyStay *s = regular;
  while (s->next != 0 && TY_STAY (j, s->next)->base != 0)
    s = TY_STAY (j, s->next);
  return s;
}

gboolean
ty_stay_for_good (TyJudge *j, const TyStay *s)
{
  return s->next == 0 && !s->failed && TY_PROCESS (j, TY_TRACK (j, s->track)->process)->ended && !j->options.open_end;
}

gboolean
ty_stage_owes (TyJudge *j, const TyStay *regular)
{
  const TyStay *last = last_of (j, regular);
  return !last->failed && (last->next != 0 || ty_stay_for_good (j, last));
}

static TyStay *
stay_at (const Stage *g, guint slot)
{
  return TY_STAY (g->j, g_array_index (g->stays, guint32, slot));
}

static const char *
name_of (TyJudge *j, const TyStay *s)
{
  return ty_judge_process_text (j, TY_TRACK (j, s->track)->process);
}

gboolean
ty_stay_delivers (TyJudge *j, const TyStay *s, guint32 message, guint from, guint to)
{
  if (!ty_judge_belongs (j, TY_MESSAGE (j, message), s->view))
    return FALSE;
  for (guint i = from; i < MIN (to, s->events->len); i++)
    if (g_array_index (s->events, guint32, i) == message * 2 + 1)
      return TRUE;
  return FALSE;
}

TyConcerned
ty_judge_pair (TyJudge *j, const TyStay *a, const TyStay *b, guint32 message, guint32 view)
{
  return (TyConcerned){ TY_VIEW (j, view)->group,
                        { TY_TRACK (j, a->track)->process, TY_TRACK (j, b->track)->process },
                        { message },
                        { view } };
}

/* ---- 3, and 7.1 of what was delivered in the regular view ---- */

static void
report_safe (TyJudge *j, const TyStay *has, const TyStay *lacks, guint32 message, guint32 view)
{
  ty_judge_violation (j, TY_RULE_E_SAFE, ty_judge_pair (j, has, lacks, message, view),
                      "%s has delivered the safe message %s in view %s, %s neither does so nor fails", name_of (j, has),
                      ty_judge_message_text (j, message), ty_judge_view_text (j, view), name_of (j, lacks));
}

static void
find_unsafe (const Stage *g, guint32 message)
{
  const TyStay *has = NULL, *lacks = NULL;
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      const TyStay *s = stay_at (g, slot);
      if (has == NULL && ty_stay_delivers (g->j, s, message, 0, s->split))
        has = s;
      else if (lacks == NULL && ty_stage_owes (g->j, s) && !ty_stay_delivers (g->j, s, message, 0, G_MAXUINT))
        lacks = s;
    }
  g_assert (has != NULL && lacks != NULL);
  report_safe (g->j, has, lacks, message, g->view);
}

static void
check_messages (const Stage *g)
{
  guint n_owe = 0;
  for (guint slot = 0; slot < g->stays->len; slot++)
    n_owe += ty_stage_owes (g->j, stay_at (g, slot));
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      const TyStay *s = stay_at (g, slot);
      gboolean owes = ty_stage_owes (g->j, s);
      for (guint i = 0; i < s->sent->len; i++)
        {
          guint32 message = g_array_index (s->sent, guint32, i);
          const TyJudgeMessage *m = TY_MESSAGE (g->j, message);
          if (owes && !m->self)
            ty_judge_violation (g->j, TY_RULE_E_SELF, ty_judge_pair (g->j, s, s, message, g->view),
                                "%s sent %s in view %s and never delivers it", name_of (g->j, s),
                                ty_judge_message_text (g->j, message), ty_judge_view_text (g->j, g->view));
          if (m->service == TY_SERVICE_SAFE && m->regular && m->owing < n_owe)
            find_unsafe (g, message);
        }
    }
}

/* ---- 7.2 ---- */

static void
mark_stays (const Stage *g)
{
  g->j->mark++;
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      TyJudgeProcess *p = TY_PROCESS (g->j, TY_TRACK (g->j, stay_at (g, slot)->track)->process);
      p->mark = g->j->mark;
      p->at = g_array_index (g->stays, guint32, slot);
    }
}

/* A safe message that somebody delivered in the regular view, or 0. */
static guint32
find_safe (const Stage *g)
{
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      const GArray *sent = stay_at (g, slot)->sent;
      for (guint i = 0; i < sent->len; i++)
        {
          guint32 message = g_array_index (sent, guint32, i);
          if (TY_MESSAGE (g->j, message)->service == TY_SERVICE_SAFE && TY_MESSAGE (g->j, message)->regular)
            return message;
        }
    }
  return 0;
}

static void
check_installed (const Stage *g)
{
  const TyJudgeView *v = TY_VIEW (g->j, g->view);
  guint32 message = g->stays->len < v->n_members ? find_safe (g) : 0;
  guint has = 0;
  if (message == 0)
    return;
  while (!ty_stay_delivers (g->j, stay_at (g, has), message, 0, stay_at (g, has)->split))
    has++;
  mark_stays (g);
  for (guint i = 0; i < v->n_members; i++)
    {
      const TyJudgeProcess *p = TY_PROCESS (g->j, v->members[i]);
      TyConcerned who = ty_judge_pair (g->j, stay_at (g, has), stay_at (g, has), message, g->view);
      who.processes[1] = v->members[i];
      if (p->mark != g->j->mark && (p->ended || !g->j->options.open_end))
        ty_judge_violation (g->j, TY_RULE_E_INSTALLED, who,
                            "%s has delivered the safe message %s in view %s, of which %s was never told",
                            name_of (g->j, stay_at (g, has)), ty_judge_message_text (g->j, message),
                            ty_judge_view_text (g->j, g->view), ty_judge_process_text (g->j, v->members[i]));
    }
}

/* ---- Transitional views ---- */

/* The safe messages delivered in a transitional view, and in no regular one. Each carries the judge's mark as tag. */
static void
find_safe_behind (TyJudge *j, guint32 view, GArray *safe)
{
  const GArray *stays = TY_VIEW (j, view)->stays;
  guint32 tag = ++j->mark;
  for (guint i = 0; i < stays->len; i++)
    {
      const TyStay *s = TY_STAY (j, ty_judge_stage (j, g_array_index (stays, guint32, i)));
      for (guint k = s->split; k < s->events->len; k++)
        {
          guint32 event = g_array_index (s->events, guint32, k), message = event / 2;
          TyJudgeMessage *m = TY_MESSAGE (j, message);
          if ((event & 1) == 0 || !ty_judge_belongs (j, m, s->view) || m->service != TY_SERVICE_SAFE || m->regular
              || m->tag == tag)
            continue;
          m->tag = tag;
          g_array_append_val (safe, message);
        }
    }
}

static guint
count_tagged (TyJudge *j, const TyStay *s, guint from, guint32 tag)
{
  guint n = 0;
  for (guint i = from; i < s->events->len; i++)
    {
      guint32 event = g_array_index (s->events, guint32, i);
      n += (event & 1) != 0 && TY_MESSAGE (j, event / 2)->tag == tag;
    }
  return n;
}

/* 7.1. A member that never was told of this transitional view may have delivered them in another, by its obligation
 * ([EVS94] §3 step 5.c). */
static void
check_safe_behind (const Stage *g, guint32 view)
{
  TyJudge *j = g->j;
  const TyJudgeView *v = TY_VIEW (j, view);
  g_autoptr (GArray) safe = g_array_new (FALSE, FALSE, sizeof (guint32));
  find_safe_behind (j, view, safe);
  guint32 tag = j->mark;
  if (safe->len == 0)
    return;
  mark_stays (g);
  for (guint i = 0; i < v->n_members; i++)
    {
      const TyJudgeProcess *p = TY_PROCESS (j, v->members[i]);
      if (p->mark != j->mark)
        continue;
      const TyStay *lacks = TY_STAY (j, p->at);
      if (!ty_stage_owes (j, lacks) || count_tagged (j, lacks, MIN (lacks->split, lacks->events->len), tag) == safe->len
          || count_tagged (j, lacks, 0, tag) == safe->len)
        continue;
      for (guint k = 0; k < safe->len; k++)
        {
          guint32 message = g_array_index (safe, guint32, k);
          const TyStay *has = NULL;
          for (guint at = 0; at < v->stays->len && has == NULL; at++)
            {
              const TyStay *s = TY_STAY (j, ty_judge_stage (j, g_array_index (v->stays, guint32, at)));
              has = ty_stay_delivers (j, s, message, s->split, G_MAXUINT) ? s : NULL;
            }
          if (!ty_stay_delivers (j, lacks, message, 0, G_MAXUINT))
            report_safe (j, has, lacks, message, view);
        }
    }
}

static gboolean
is_behind (TyJudge *j, guint32 view, guint32 regular)
{
  const TyJudgeView *v = TY_VIEW (j, view);
  return v->transitional && v->base == regular;
}

/* The transitional views that follow, each once. */
static void
check_behind (const Stage *g)
{
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);
  for (guint slot = 0; slot < g->stays->len; slot++)
    {
      guint32 next = stay_at (g, slot)->next;
      guint32 view = next != 0 ? TY_STAY (g->j, next)->view : 0;
      if (view == 0 || !is_behind (g->j, view, g->view) || !g_hash_table_add (done, GUINT_TO_POINTER (view)))
        continue;
      ty_judge_sets (g->j, view);
      check_safe_behind (g, view);
    }
}

/* ---- 2.1 ---- */

static void
check_stay (TyJudge *j, guint32 view)
{
  const TyJudgeView *v = TY_VIEW (j, view);
  const TyStay *stays = NULL;
  j->mark++;
  for (guint i = 0; i < v->stays->len; i++)
    {
      const TyStay *s = TY_STAY (j, g_array_index (v->stays, guint32, i));
      TyJudgeProcess *p = TY_PROCESS (j, TY_TRACK (j, s->track)->process);
      p->mark = j->mark;
      p->at = g_array_index (v->stays, guint32, i);
      if (ty_stay_for_good (j, s))
        stays = s;
    }
  for (guint i = 0; i < v->n_members && stays != NULL; i++)
    {
      const TyJudgeProcess *p = TY_PROCESS (j, v->members[i]);
      const TyStay *s = p->mark == j->mark ? TY_STAY (j, p->at) : NULL;
      TyConcerned who = ty_judge_pair (j, stays, stays, 0, view);
      who.processes[1] = v->members[i];
      if (s == NULL || !ty_stay_for_good (j, s))
        ty_judge_violation (j, TY_RULE_E_STAY, who, "%s stays in view %s, %s %s", name_of (j, stays),
                            ty_judge_view_text (j, view), ty_judge_process_text (j, v->members[i]),
                            s == NULL                   ? "is never told of it"
                            : s->failed || s->next == 0 ? "fails there"
                                                        : "goes on from it");
    }
}

void
ty_judge_stage_debts (TyJudge *j, guint32 view)
{
  Stage g = { .j = j, .view = view, .stays = TY_VIEW (j, view)->stays };
  check_messages (&g);
  check_installed (&g);
  ty_judge_sets (j, view);
  check_behind (&g);
}

void
ty_judge_stays (TyJudge *j)
{
  for (guint32 view = 1; view < j->view->len; view++)
    if (TY_VIEW (j, view)->stays->len > 0)
      check_stay (j, view);
}
