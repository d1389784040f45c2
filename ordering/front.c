/* ordering/front.c: see front.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/front.h"

#define NOBODY G_MAXUINT

void
ty_front_init (TyFront *f, TyQueues *queues, const TyRuns *order)
{
  guint n = queues->n_members;
  *f = (TyFront){
    .queues = queues,
    .at = g_new0 (TyCursor, n),
    .order = order,
    .numbered = g_new0 (guint64, n),
    .safe = g_new0 (guint64, n),
    .waiting = g_new (guint, n + 1),
    .least = g_new (guint64, n + 1),
    .next = g_new (guint, n),
    .number = g_new0 (guint64, n),
    .ready = g_new (guint, n),
    .is_ready = g_new0 (guint8, n),
  };
  for (guint i = 0; i <= n; i++)
    {
      f->waiting[i] = NOBODY;
      f->least[i] = G_MAXUINT64;
    }
}

void
ty_front_init_at (TyFront *f, const TyFront *from, const TyRuns *order)
{
  ty_front_init (f, from->queues, order);
  f->ordinals = from->ordinals;
  f->run = order->first;
  f->used = 0;
  if (order == from->order)
    {
      f->run = from->run;
      f->used = from->used;
    }
  for (guint s = 0; s < f->queues->n_members; s++)
    {
      f->at[s] = from->at[s];
      f->numbered[s] = from->numbered[s];
      if (f->at[s].passed < f->queues->senders[s].received)
        ty_front_try (f, s);
    }
}

void
ty_front_clear (TyFront *f)
{
  g_free (f->at);
  g_free (f->numbered);
  g_free (f->safe);
  g_free (f->waiting);
  g_free (f->least);
  g_free (f->next);
  g_free (f->number);
  g_free (f->ready);
  g_free (f->is_ready);
  *f = (TyFront){ 0 };
}

void
ty_front_try (TyFront *f, guint sender)
{
  guint n = f->queues->n_members;
  g_assert (sender < n);
  if (f->is_ready[sender] || f->number[sender] != 0)
    return;
  g_assert (f->n_ready < n);
  guint at = f->ready_first + f->n_ready++;
  f->ready[at < n ? at : at - n] = sender;
  f->is_ready[sender] = TRUE;
}

static guint
take_ready (TyFront *f)
{
  g_assert (f->n_ready > 0);
  guint sender = f->ready[f->ready_first];
  f->ready_first = f->ready_first + 1 < f->queues->n_members ? f->ready_first + 1 : 0;
  f->n_ready--;
  f->is_ready[sender] = FALSE;
  return sender;
}

static void
wait_for (TyFront *f, guint sender, guint what, guint64 number)
{
  g_assert (f->number[sender] == 0 && number > 0);
  f->number[sender] = number;
  f->next[sender] = f->waiting[what];
  f->waiting[what] = sender;
  f->least[what] = MIN (f->least[what], number);
}

/* `what` has got as far as `number`: those who waited for that are tried. */
static void
wake (TyFront *f, guint what, guint64 number)
{
  if (f->least[what] > number)
    return;
  guint sender = f->waiting[what];
  f->waiting[what] = NOBODY;
  f->least[what] = G_MAXUINT64;
  while (sender != NOBODY)
    {
      guint next = f->next[sender];
      guint64 waits_for = f->number[sender];
      f->number[sender] = 0;
      if (waits_for <= number)
        ty_front_try (f, sender);
      else
        wait_for (f, sender, what, waits_for);
      sender = next;
    }
}

gboolean
ty_front_turn (const TyFront *f, guint *rank, guint64 *left)
{
  if (f->order == NULL || f->run == f->order->end)
    return FALSE;
  gsize place = f->run;
  guint64 used = f->used;
  if (used == ty_runs_at (f->order, place)->count)
    {
      if (++place == f->order->end)
        return FALSE;
      used = 0;
    }
  const TyRun *run = ty_runs_at (f->order, place);
  *rank = run->rank;
  *left = run->count - used;
  return TRUE;
}

void
ty_front_trimmed (TyFront *f)
{
  if (f->run >= f->order->first)
    return;
  f->run = f->order->first;
  f->used = 0;
}

/* Follows the order as far as its messages have been passed. A run is left for the next one only when there is a next
 * one: until then it may still become longer. */
static void
follow_order (TyFront *f)
{
  if (f->order == NULL)
    return;
  guint64 before = f->ordinals;
  while (f->run < f->order->end)
    {
      const TyRun *run = ty_runs_at (f->order, f->run);
      if (f->used == run->count)
        {
          if (f->run + 1 == f->order->end)
            break;
          f->run++;
          f->used = 0;
          continue;
        }
      guint64 numbered = f->numbered[run->rank];
      g_assert (numbered <= f->at[run->rank].sequenced);
      guint64 k = MIN (f->at[run->rank].sequenced - numbered, run->count - f->used);
      if (k == 0)
        break;
      if (f->safe[run->rank] > numbered)
        f->last_safe = f->ordinals + MIN (f->safe[run->rank] - numbered, k);
      f->numbered[run->rank] += k;
      f->used += k;
      f->ordinals += k;
    }
  if (f->ordinals > before)
    wake (f, f->queues->n_members, f->ordinals);

  /* Who is held up by the limits waits in no list: a turn that has come is a reason to try again. */
  guint turn;
  guint64 left;
  if (f->limits != NULL && ty_front_turn (f, &turn, &left))
    ty_front_try (f, turn);
}

gboolean
ty_front_missing (TyFront *f, guint sender, TyNeed *out)
{
  TyCursor *c = &f->at[sender];
  const TyQueued *item = ty_queues_item (f->queues, sender, c->item);
  for (; c->met < item->n_needs; c->met++)
    {
      *out = *ty_queues_need (f->queues, sender, item, c->met);
      if (f->at[out->rank].passed < out->number)
        return TRUE;
    }
  *out = (TyNeed){ .rank = f->queues->n_members, .number = item->floor };
  if (c->met == item->n_needs && f->ordinals < item->floor)
    return TRUE;
  c->met = item->n_needs + 1;
  return FALSE;
}

static void
run_sender (TyFront *f, guint s)
{
  TyCursor *c = &f->at[s];
  while (c->passed < f->queues->senders[s].received)
    {
      TyLimits limits = TY_NO_LIMITS;
      if (f->limits != NULL)
        f->limits (f->user, s, &limits);
      if (c->passed >= limits.number)
        return;

      const TyQueued *item = ty_queues_item (f->queues, s, c->item);
      TyService service = ty_cursor_service (c, item);
      if (service >= TY_SERVICE_AGREED && c->sequenced >= limits.sequenced)
        return;
      TyNeed missing;
      if (!ty_cursor_is_open (c, item) && ty_front_missing (f, s, &missing) && service != TY_SERVICE_FIFO)
        {
          wait_for (f, s, missing.rank, missing.number);
          return;
        }

      guint64 sequenced = c->sequenced;
      TyPassed passed;
      if (!ty_cursor_pass (c, item, &limits, &passed))
        return;
      if (passed.last_safe > 0)
        f->safe[s] = passed.last_safe;
      if (f->passed != NULL)
        f->passed (f->user, s, &passed);
      wake (f, s, c->passed);
      if (c->sequenced > sequenced)
        follow_order (f);
    }
}

void
ty_front_run (TyFront *f)
{
  follow_order (f);
  while (f->n_ready > 0)
    {
      guint sender = take_ready (f);
      /* Its turn may have come while it was being tried, and it may have found something else to wait for since. */
      if (f->number[sender] == 0)
        run_sender (f, sender);
    }
}
