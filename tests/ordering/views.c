/* tests/ordering/views.c: views one after another, and a seed played in all ways.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kit.h"

static void
clear_view (World *w)
{
  for (guint i = 0; i < MAX_MEMBERS; i++)
    {
      g_clear_pointer (&w->batches[i], g_ptr_array_unref);
      g_clear_pointer (&w->messages[i], g_array_unref);
      g_clear_pointer (&w->members[i].sequenced, g_array_unref);
      g_clear_pointer (&w->members[i].closed, g_array_unref);
      g_clear_pointer (&w->members[i].digest, g_byte_array_unref);
      for (guint to = 0; to < MAX_MEMBERS; to++)
        {
          g_queue_clear_full (&w->channels[i][to].packets, (GDestroyNotify) g_bytes_unref);
          g_clear_pointer (&w->channels[i][to].gossip, g_bytes_unref);
        }
    }
}

static void
free_member (World *w, Member *m)
{
  w->ops->free (m->o);
  g_free (m->seat);
}

/* Who went on keeps its object and may get another rank; others come new. */
static void
begin_view (World *w)
{
  Member kept[MAX_MEMBERS];
  guint n_kept = 0;
  for (guint i = 0; i < w->n; i++)
    if (w->members[i].goes_on)
      kept[n_kept++] = w->members[i];
    else
      free_member (w, &w->members[i]);
  clear_view (w);
  w->view++;
  guint wanted = 1 + rng_below (&w->rng, MAX_MEMBERS);
  w->n = MAX (n_kept, wanted);
  w->n_messages = 0;
  memset (w->members, 0, sizeof w->members);
  memset (w->channels, 0, sizeof w->channels);
  for (guint i = 0; i < w->n; i++)
    {
      Member *m = &w->members[i];
      m->rank = i;
      m->running = TRUE;
      m->deliver = TRUE;
      m->sequenced = g_array_new (FALSE, FALSE, sizeof (guint64));
      m->closed = g_array_new (FALSE, FALSE, sizeof (guint64));
      w->batches[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) ty_batch_unref);
      w->messages[i] = g_array_new (FALSE, FALSE, sizeof (Message));
      for (guint to = 0; to < w->n; to++)
        {
          w->channels[i][to].batches_to_come = G_MAXUINT64;
          w->channels[i][to].weight = rng_chance (&w->rng, 30) ? 1 : 5 + rng_below (&w->rng, 20);
        }
      if (i < n_kept)
        {
          m->o = kept[i].o;
          m->seat = kept[i].seat;
          m->seat->rank = i;
        }
      else
        {
          m->seat = g_new (Seat, 1);
          *m->seat = (Seat){ .world = w, .rank = i };
          m->o = w->ops->create (w->ops, &world_host, m->seat);
        }
      if (rng_chance (&w->rng, 10))
        w->ops->begin (m->o, 1 + rng_below (&w->rng, 9), 0); /* a view that is abandoned at once */
      w->ops->begin (m->o, w->n, i);
    }
}

static void
pick_habits (World *w)
{
  Rng *r = &w->rng;
  w->max_messages = 5 + rng_below (r, rng_chance (r, 20) ? 300 : 60);
  w->max_batch = rng_chance (r, 50) ? 1 : 1 + rng_below (r, 6);
  for (guint s = 0; s < 4; s++)
    w->services[s] = rng_chance (r, 30) ? 0 : 1 + rng_below (r, 5);
  w->services[rng_below (r, (guint) w->ops->strongest + 1)] = 3;
  w->reply_percent = rng_below (r, 60);
  w->lazy_percent = rng_chance (r, 50) ? 0 : rng_below (r, 60);
  w->mode_percent = rng_chance (r, 70) ? 0 : 3;
  w->gossip_percent = rng_below (r, 20);
}

World *
world_play (const TyOrderingOps *ops, guint64 seed, Play play)
{
  World *w = g_new0 (World, 1);
  w->ops = ops;
  w->seed = seed;
  w->play = play;
  w->rng.state = seed * 0x2545f4914f6cdd1d + 1;
  w->garbage.state = seed ^ 0xabcdef;
  w->hash = 0xcbf29ce484222325;
  w->hashes = g_array_new (FALSE, FALSE, sizeof (guint64));
  w->seen_packets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint views = 1 + rng_below (&w->rng, 3);
  for (guint v = 0; v < views && w->error == NULL && !w->stopped; v++)
    {
      begin_view (w);
      pick_habits (w);
      guint steps = 10 + rng_below (&w->rng, 40 + w->max_messages * w->n);
      for (guint i = 0; i < steps && w->error == NULL && !w->stopped; i++)
        world_step (w);
      if (w->error == NULL && !w->stopped)
        world_end_view (w);
    }
  return w;
}

void
world_free (World *w)
{
  for (guint i = 0; i < w->n; i++)
    free_member (w, &w->members[i]);
  clear_view (w);
  g_array_unref (w->hashes);
  g_ptr_array_unref (w->seen_packets);
  g_free (w->error);
  g_free (w);
}

char *
kit_check_seed (const TyOrderingOps *ops, guint64 seed)
{
  World *clean = world_play (ops, seed, PLAY_CLEAN);
  char *error = g_strdup (clean->error);
  if (error == NULL)
    {
      World *again = world_play (ops, seed, PLAY_CLEAN);
      if (again->error != NULL || again->hash != clean->hash)
        error = g_strdup_printf ("%s: seed %" G_GUINT64_FORMAT ": not the same when played again", ops->name, seed);
      world_free (again);
    }
  if (error == NULL)
    {
      World *dirty = world_play (ops, seed, PLAY_GARBAGE);
      g_array_append_val (clean->hashes, clean->hash);
      gboolean same = dirty->error == NULL && dirty->hashes->len < clean->hashes->len
                      && dirty->hash == g_array_index (clean->hashes, guint64, dirty->hashes->len);
      if (!same)
        error = g_strdup_printf ("%s: seed %" G_GUINT64_FORMAT ": garbage that was refused has changed something%s%s",
                                 ops->name, seed, dirty->error != NULL ? ": " : "",
                                 dirty->error != NULL ? dirty->error : "");
      world_free (dirty);
    }
  if (error == NULL)
    world_free (world_play (ops, seed, PLAY_CHAOS));
  world_free (clean);
  return error;
}
