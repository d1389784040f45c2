/* ordering/closing.c: the end of a view, the same everywhere (V8).
 *
 * It has two halves.  First, how far each sender's messages go: the cut, shortened to before the first message of which
 * a causal predecessor is beyond that, or whose floor is an ordinal that the closing order does not give to a message
 * that is there.  That is a front like the others, run to the cut over the closing order: it passes exactly the
 * messages all of whose predecessors can be passed.  (The rule reads as dropping until nothing more has to be dropped.
 * The two agree where "comes before" has no circle, and it has none unless a member lies; messages in a circle are
 * dropped here, and nobody can have delivered one.)  What was delivered before is within that: it was delivered after
 * its predecessors, and by a member whose receipts and whose order went into the cut and the closing order.
 *
 * Then the deliveries: first the messages of the closing order, in that order, then everything left by sender and
 * number, and each directly after those of its predecessors that are not delivered yet.  In other words the post-order
 * of a depth-first walk over the relation "comes before", with roots and successors in one fixed order: of a message,
 * first its sender's earlier messages, then its needs by rank, then the ordinals up to its floor.  (The last are never
 * still to be walked: the roots are walked by ordinals, and what the message of an ordinal waits for, however
 * indirectly, has a lower floor, or it would wait for itself.)
 *
 * Members enter this with different messages delivered, and yet deliver what is left to two of them in the same order:
 * the walk over everything differs from the walk over what is left only by visits to delivered messages; what comes
 * before a delivered message is delivered as well, so such a visit reaches no other message, and leaving it out moves
 * nobody.
 *
 * The walk needs no stack of messages, only one of senders.  Sender by sender what is walked is always a prefix,
 * because FIFO comes first; so "walk to message k" is "until k messages of that sender are walked".  And no sender is
 * twice on the stack with work left: the first half passed a message only after everything that comes before it, so a
 * message under way can only ask for messages that were passed earlier, and of its own sender these are walked already.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ordering/holdback.h"
#include "core/plant.h"

/* Walk `rank` until its message `number`, or the `sequenced`-th of its sequenced messages, is walked. */
typedef struct
{
  guint rank;
  guint64 number;
  guint64 sequenced;
} Frame;

typedef struct
{
  TyHoldback *h;
  TyFront end; /* the first half: how far each sender's messages go */

  /* The first ordinal not known to be walked; those that nobody holds count as walked. */
  const TyRuns *order;
  gsize run;
  guint64 used;
  guint64 ordinals;
  guint64 *numbered; /* by rank: how many of its sequenced messages have an ordinal before that one */

  Frame *stack; /* as long as there are members */
  guint depth;

  /* Messages walked and not yet handed over: a run of one batch. */
  TyPassed held;
  guint held_sender;
} Walk;

static void
limit_to_cut (gpointer user, guint sender, TyLimits *limits)
{
  const guint64 *cut = user;
  limits->number = cut[sender];
}

/* Which sequenced message the first ordinal not walked is: FALSE at the end of the order. */
static gboolean
next_ordinal (Walk *w, guint *rank, guint64 *sequenced)
{
  for (; w->run < w->order->end; w->run++, w->used = 0)
    {
      const TyRun *run = ty_runs_at (w->order, w->run);
      guint64 left = run->count - w->used;
      guint64 walked = w->h->out.at[run->rank].sequenced;
      guint64 numbered = w->numbered[run->rank];
      guint64 k = walked > numbered ? MIN (walked - numbered, left) : 0;
      w->used += k;
      w->ordinals += k;
      w->numbered[run->rank] += k;
      left -= k;
      if (left == 0)
        continue;
      if (w->numbered[run->rank] < w->end.at[run->rank].sequenced)
        {
          *rank = run->rank;
          *sequenced = w->numbered[run->rank] + 1;
          return TRUE;
        }
      /* Nobody holds the rest of the run, or it is dropped. */
      w->ordinals += left;
      w->numbered[run->rank] += left;
    }
  return FALSE;
}

static void
hand_over (Walk *w)
{
  if (w->held.batch == NULL)
    return;
  w->h->host_ops->deliver (w->h->host, w->held_sender, w->held.batch, w->held.offset, w->held.first, w->held.last);
  w->held.batch = NULL;
}

static void
walked (Walk *w, guint sender, const TyPassed *passed)
{
  if (w->held.batch == passed->batch && w->held.last + 1 == passed->first)
    {
      w->held.last = passed->last;
      return;
    }
  hand_over (w);
  w->held = *passed;
  w->held_sender = sender;
}

static void
push (Walk *w, guint rank, guint64 number, guint64 sequenced)
{
  g_assert (w->depth < w->h->n_members);
  w->stack[w->depth++] = (Frame){ .rank = rank, .number = number, .sequenced = sequenced };
}

/* What must be walked before the batch at the cursor of `s`: on the stack with it. FALSE if there is nothing. */
static gboolean
push_missing (Walk *w, guint s)
{
  TyFront *out = &w->h->out;
  TyCursor *c = &out->at[s];
  const TyQueued *item = ty_queues_item (&w->h->queues, s, c->item);
  if (TY_PLANTED (closed_out_of_order))
    c->met = item->n_needs;
  for (; c->met < item->n_needs; c->met++)
    {
      const TyNeed *need = ty_queues_need (&w->h->queues, s, item, c->met);
      if (out->at[need->rank].passed < need->number)
        {
          push (w, need->rank, need->number, G_MAXUINT64);
          return TRUE;
        }
    }
  g_assert (w->ordinals >= item->floor);
  c->met = item->n_needs + 1;
  return FALSE;
}

static void
walk (Walk *w, guint rank, guint64 number, guint64 sequenced)
{
  g_assert (w->depth == 0);
  push (w, rank, number, sequenced);
  while (w->depth > 0)
    {
      Frame frame = w->stack[w->depth - 1];
      TyCursor *c = &w->h->out.at[frame.rank];
      if (c->passed >= frame.number || c->sequenced >= frame.sequenced)
        {
          w->depth--;
          continue;
        }
      const TyQueued *item = ty_queues_item (&w->h->queues, frame.rank, c->item);
      if (ty_cursor_service (c, item) != TY_SERVICE_FIFO && !ty_cursor_is_open (c, item)
          && push_missing (w, frame.rank))
        continue;
      TyLimits limits = TY_NO_LIMITS;
      limits.number = frame.number;
      limits.stop = frame.sequenced;
      TyPassed passed;
      gboolean moved = ty_cursor_pass (c, item, &limits, &passed);
      g_assert (moved && c->passed <= w->end.at[frame.rank].passed);
      walked (w, frame.rank, &passed);
    }
}

void
ty_holdback_close (TyHoldback *h, const guint64 *cut, const TyRuns *order)
{
  Walk w = { .h = h, .order = order, .run = order->first, .ordinals = h->out.ordinals };
  g_assert (!h->ended && order->base == h->out.ordinals);
  for (guint s = 0; s < h->n_members; s++)
    {
      g_assert (h->queues.senders[s].received >= cut[s]);
      g_assert (h->out.at[s].passed <= cut[s]);
    }
  ty_front_init_at (&w.end, &h->out, order);
  w.end.limits = limit_to_cut;
  w.end.user = (gpointer) cut;
  ty_front_run (&w.end);

  w.numbered = g_memdup2 (h->out.numbered, h->n_members * sizeof *w.numbered);
  w.stack = g_new (Frame, h->n_members);
  guint rank;
  guint64 sequenced;
  while (next_ordinal (&w, &rank, &sequenced))
    walk (&w, rank, G_MAXUINT64, sequenced);
  for (rank = TY_PLANTED (tail_by_arrival) ? h->self : 0; TY_PLANTED (tail_by_arrival) && rank < h->n_members; rank++)
    walk (&w, rank, w.end.at[rank].passed, G_MAXUINT64);
  for (rank = 0; rank < h->n_members; rank++)
    walk (&w, rank, w.end.at[rank].passed, G_MAXUINT64);
  hand_over (&w);

  g_free (w.stack);
  g_free (w.numbered);
  ty_front_clear (&w.end);
  for (guint s = 0; s < h->n_members; s++)
    ty_queues_forget (&h->queues, s, h->queues.senders[s].end);
  h->ended = TRUE;
}
