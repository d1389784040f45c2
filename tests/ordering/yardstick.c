/* tests/ordering/yardstick.c: the closing of a view (V8) once more, as plainly as the rule reads.
 *
 * Messages are dropped until none need be; then a recursive walk over everything, delivered or not.  A module's closing
 * must be that sequence, but for what was delivered before.  The closing order's bytes are known for some modules only
 * (by their names); others are left alone.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kit.h"

typedef struct
{
  World *w;
  guint64 kept[MAX_MEMBERS];
  GArray *order;    /* ids by ordinal */
  GArray *sequence; /* ids as walked */
  GHashTable *seen; /* ids */
} Yardstick;

static const Message *
message (World *w, guint sender, guint64 number)
{
  return &g_array_index (w->messages[sender], Message, number - 1);
}

/* The id of the `nth` sequenced message of `sender`, or one beyond all if there is none. */
static guint64
nth_sequenced (World *w, guint sender, guint64 nth)
{
  for (guint64 k = 1; k <= w->messages[sender]->len; k++)
    if (message (w, sender, k)->service >= TY_SERVICE_AGREED && --nth == 0)
      return MESSAGE_ID (sender, k);
  return MESSAGE_ID (sender, w->messages[sender]->len + 1);
}

static void
read_order (Yardstick *y, const guint8 *order, gsize order_len, const Member *any)
{
  guint64 counts[MAX_MEMBERS] = { 0 };
  TyReader r = TY_READER (order, order_len);
  guint64 base = ty_read_varint (&r);
  for (guint64 i = 0; i < base; i++)
    {
      guint64 id = g_array_index (any->sequenced, guint64, i);
      counts[id >> 56]++;
      g_array_append_val (y->order, id);
    }
  for (guint64 runs = ty_read_varint (&r); runs > 0; runs--)
    {
      guint sender = (guint) ty_read_varint (&r);
      for (guint64 count = ty_read_varint (&r); count > 0; count--)
        {
          guint64 id = nth_sequenced (y->w, sender, ++counts[sender]);
          g_array_append_val (y->order, id);
        }
    }
  g_assert (ty_reader_done (&r));
}

static gboolean
is_kept (const Yardstick *y, guint64 id)
{
  return (id & 0xffffffffffffff) <= y->kept[id >> 56];
}

static gboolean
may_stay (const Yardstick *y, guint sender, const Message *m)
{
  if (m->service == TY_SERVICE_FIFO)
    return TRUE;
  for (guint t = 0; t < y->w->n; t++)
    if (t != sender && m->plain[t] > y->kept[t])
      return FALSE;
  if (m->floor > y->order->len)
    return FALSE;
  for (guint64 i = 0; i < m->floor; i++)
    if (!is_kept (y, g_array_index (y->order, guint64, i)))
      return FALSE;
  return TRUE;
}

static void
drop (Yardstick *y)
{
  for (gboolean changed = TRUE; changed;)
    {
      changed = FALSE;
      for (guint s = 0; s < y->w->n; s++)
        for (guint64 k = 1; k <= y->kept[s]; k++)
          if (!may_stay (y, s, message (y->w, s, k)))
            {
              y->kept[s] = k - 1;
              changed = TRUE;
            }
    }
}

static void
put (Yardstick *y, guint sender, guint64 number)
{
  guint64 id = MESSAGE_ID (sender, number);
  if (number == 0 || !is_kept (y, id) || !g_hash_table_add (y->seen, g_memdup2 (&id, sizeof id)))
    return;
  put (y, sender, number - 1);
  const Message *m = message (y->w, sender, number);
  if (m->service != TY_SERVICE_FIFO)
    {
      for (guint t = 0; t < y->w->n; t++)
        if (t != sender)
          put (y, t, m->plain[t]);
      for (guint64 i = 0; i < m->floor; i++)
        {
          guint64 before = g_array_index (y->order, guint64, i);
          put (y, (guint) (before >> 56), before & 0xffffffffffffff);
        }
    }
  g_array_append_val (y->sequence, id);
}

static void
compare (Yardstick *y, const Member *m)
{
  guint at = 0;
  for (guint i = 0; i < y->sequence->len; i++)
    {
      guint64 id = g_array_index (y->sequence, guint64, i);
      if ((id & 0xffffffffffffff) <= m->before_closing[id >> 56])
        continue;
      if (at >= m->closed->len || g_array_index (m->closed, guint64, at) != id)
        {
          world_fail (y->w, "yardstick: member %u's closing is not as the rule says from delivery %u on", m->rank, at);
          return;
        }
      at++;
    }
  if (at != m->closed->len)
    world_fail (y->w, "yardstick: member %u's closing delivers more than the rule says", m->rank);
}

void
yardstick_closed (World *w, const guint64 *cut, const guint8 *order, gsize order_len)
{
  gboolean total = g_str_equal (w->ops->name, "total");
  gboolean known = total || g_str_equal (w->ops->name, "causal") || g_str_equal (w->ops->name, "fifo");
  if (!known || w->play == PLAY_CHAOS || w->error != NULL)
    return;
  Yardstick y = { .w = w };
  y.order = g_array_new (FALSE, FALSE, sizeof (guint64));
  y.sequence = g_array_new (FALSE, FALSE, sizeof (guint64));
  y.seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  memcpy (y.kept, cut, w->n * sizeof *cut);
  const Member *any = NULL;
  for (guint i = 0; i < w->n; i++)
    if (w->members[i].goes_on)
      any = &w->members[i];
  if (total && any != NULL)
    read_order (&y, order, order_len, any);
  drop (&y);
  for (guint i = 0; i < y.order->len; i++)
    {
      guint64 id = g_array_index (y.order, guint64, i);
      put (&y, (guint) (id >> 56), id & 0xffffffffffffff);
    }
  for (guint s = 0; s < w->n; s++)
    for (guint64 k = 1; k <= y.kept[s]; k++)
      put (&y, s, k);
  for (guint i = 0; i < w->n; i++)
    if (w->members[i].goes_on)
      compare (&y, &w->members[i]);
  g_array_unref (y.order);
  g_array_unref (y.sequence);
  g_hash_table_unref (y.seen);
}
