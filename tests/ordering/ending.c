/* tests/ordering/ending.c: how a view ends, with any subset of its messages present anywhere.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kit.h"

static void
random_steps (World *w, guint at_most)
{
  guint steps = rng_below (&w->rng, at_most);
  for (guint i = 0; i < steps && w->error == NULL && !w->stopped; i++)
    world_step (w);
}

/* Everything sent arrives, everyone gossips. */
static void
drain (World *w)
{
  w->max_messages = 0;
  w->mode_percent = 0;
  for (guint i = 0; i < w->n; i++)
    {
      w->members[i].deliver = TRUE;
      w->ops->set_mode (w->members[i].o, TRUE, TRUE);
      world_pump (w, &w->members[i]);
    }
  for (guint round = 0; round < 3; round++)
    {
      w->gossip_percent = 0;
      for (guint i = 0; i < 100000 && world_step (w) && w->error == NULL; i++)
        ;
      for (guint i = 0; i < w->n; i++)
        world_pump (w, &w->members[i]);
      if (w->stopped || w->error != NULL)
        return;
      for (guint i = 0; i < w->n; i++)
        for (guint to = 0; to < w->n; to++)
          {
            Channel *c = &w->channels[i][to];
            g_autoptr (GByteArray) bytes = g_byte_array_new ();
            if (i != to)
              w->ops->gossip (w->members[i].o, to, bytes);
            if (bytes->len == 0)
              continue;
            g_clear_pointer (&c->gossip, g_bytes_unref);
            c->gossip = g_bytes_new (bytes->data, bytes->len);
          }
    }
  while (world_step (w) && w->error == NULL)
    ;
  if (!w->stopped)
    judge_drained (w);
}

/* What is under way is lost from some point on. */
static void
cut_channel (World *w, guint from, guint to)
{
  Channel *c = &w->channels[from][to];
  if (c->cut)
    return;
  guint64 has = w->members[to].n_batches[from];
  c->cut = TRUE;
  c->batches_to_come = has + rng_below (&w->rng, (guint) (w->batches[from]->len - has) + 1);
  for (guint lost = rng_below (&w->rng, g_queue_get_length (&c->packets) + 1); lost > 0; lost--)
    g_bytes_unref (g_queue_pop_tail (&c->packets));
}

/* Those who do not go on crash, or are cut off from those who do. */
static void
part (World *w, Member *m)
{
  if (rng_chance (&w->rng, 50))
    {
      m->running = FALSE;
      for (guint to = 0; to < w->n; to++)
        if (to != m->rank)
          cut_channel (w, m->rank, to);
      return;
    }
  for (guint to = 0; to < w->n; to++)
    if (w->members[to].goes_on)
      {
        cut_channel (w, m->rank, to);
        cut_channel (w, to, m->rank);
      }
}

static void
take_state (World *w, Member *m)
{
  g_clear_pointer (&m->digest, g_byte_array_unref);
  m->digest = g_byte_array_new ();
  w->ops->digest (m->o, m->digest);
  world_hash (w, m->digest->data, m->digest->len);
  memcpy (m->state_received, m->received, sizeof m->state_received);
}

static void
freeze (World *w, Member *m)
{
  m->frozen = TRUE;
  m->deliver = FALSE;
  w->ops->set_mode (m->o, FALSE, FALSE);
  take_state (w, m);
  /* A suspect's order runs are not taken after STATE (V9). */
  for (guint from = 0; from < w->n; from++)
    if (!w->members[from].goes_on && rng_chance (&w->rng, 30))
      {
        GBytes *lost = g_queue_pop_head (&w->channels[from][m->rank].packets);
        g_clear_pointer (&lost, g_bytes_unref);
      }
}

/* The decided value. FALSE if it cannot be had. */
static gboolean
decide (World *w, guint64 *cut, GByteArray *order)
{
  for (;;)
    {
      TyReader digests[MAX_MEMBERS];
      guint faulty = MAX_MEMBERS, asked = 0;
      gboolean any = FALSE, good = TRUE;
      memset (cut, 0, MAX_MEMBERS * sizeof *cut);
      for (guint i = 0; i < w->n; i++)
        {
          const Member *m = &w->members[i];
          digests[i] = (TyReader){ 0 };
          if (!m->goes_on)
            continue;
          any = TRUE;
          digests[i] = TY_READER (m->digest->data, m->digest->len);
          for (guint s = 0; s < w->n; s++)
            cut[s] = MAX (cut[s], m->state_received[s]);
        }
      /* Whoever is asked says the same. */
      for (guint i = 0; i < w->n && good; i++)
        if (w->members[i].goes_on)
          {
            g_autoptr (GByteArray) said = g_byte_array_new ();
            good = w->ops->merge (w->members[i].o, digests, said, &faulty);
            if (!good)
              {
                if (said->len != 0 || faulty >= w->n || !w->members[faulty].goes_on)
                  world_fail (w, "merge: member %u fails without a culprit", i);
              }
            else if (asked++ == 0)
              g_byte_array_append (order, said->data, said->len);
            else if (said->len != order->len || (said->len > 0 && memcmp (said->data, order->data, said->len) != 0))
              world_fail (w, "merge: member %u says something else", i);
          }
      if (good)
        return any && w->error == NULL;
      world_fail (w, "merge: member %u's digest is refused", faulty);
      if (w->error != NULL)
        return FALSE;
      g_byte_array_set_size (order, 0);
      w->members[faulty].goes_on = FALSE;
    }
}

/* Holders forward what is missing up to the cut. */
static void
forward (World *w, Member *m, const guint64 *cut)
{
  for (;;)
    {
      guint lacking[MAX_MEMBERS], n_lacking = 0;
      for (guint s = 0; s < w->n; s++)
        if (m->received[s] < cut[s])
          lacking[n_lacking++] = s;
      if (n_lacking == 0)
        return;
      if (!world_receive_batch (w, m, lacking[rng_below (&w->rng, n_lacking)]))
        {
          m->goes_on = FALSE;
          return;
        }
      if (rng_chance (&w->rng, 50))
        world_pump (w, m);
    }
}

void
world_end_view (World *w)
{
  if (rng_chance (&w->rng, 30))
    drain (w);
  guint stays = rng_below (&w->rng, w->n);
  guint percent = rng_chance (&w->rng, 30) ? 100 : rng_below (&w->rng, 100);
  for (guint i = 0; i < w->n; i++)
    w->members[i].goes_on = i == stays || rng_chance (&w->rng, percent);
  for (guint i = 0; i < w->n; i++)
    if (!w->members[i].goes_on)
      {
        part (w, &w->members[i]);
        random_steps (w, 20);
      }
  guint first = rng_below (&w->rng, w->n);
  for (guint i = 0; i < w->n; i++)
    {
      Member *m = &w->members[(first + i) % w->n];
      if (m->goes_on)
        {
          freeze (w, m);
          random_steps (w, 30);
        }
    }
  /* A second round: STATE again. */
  if (rng_chance (&w->rng, 30))
    for (guint i = 0; i < w->n; i++)
      if (w->members[i].goes_on)
        {
          take_state (w, &w->members[i]);
          random_steps (w, 10);
        }
  if (w->error != NULL || w->stopped)
    return;

  guint64 cut[MAX_MEMBERS];
  g_autoptr (GByteArray) order = g_byte_array_new ();
  if (!decide (w, cut, order))
    return;
  world_hash (w, order->data, order->len);
  for (guint i = 0; i < w->n; i++)
    {
      Member *m = &w->members[(first + i) % w->n];
      if (!m->goes_on)
        continue;
      forward (w, m, cut);
      if (!w->ops->check_order (m->o, order->data, order->len))
        {
          world_fail (w, "check_order: member %u refuses the closing order", m->rank);
          m->goes_on = FALSE;
        }
      random_steps (w, 10);
      if (w->error != NULL || w->stopped)
        return;
      if (!m->goes_on)
        continue;
      TyClosing closing = { .cut = cut, .order = order->data, .order_len = order->len };
      if (!w->ops->may_close (m->o, &closing))
        {
          world_fail (w, "may_close: member %u will not close so", m->rank);
          m->goes_on = FALSE;
          continue;
        }
      m->closing = TRUE;
      memcpy (m->before_closing, m->delivered, sizeof m->delivered);
      w->ops->close (m->o, &closing);
      w->ops->pump (m->o);
      m->running = FALSE;
    }
  judge_closed (w, cut);
  yardstick_closed (w, cut, order->data, order->len);
  /* Those who were cut off know nothing of it yet. */
  random_steps (w, 100);
  if (!w->stopped)
    judge_closed (w, cut);
}
