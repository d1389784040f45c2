/* tests/fuzz/lies.c: see lies.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/lies.h"

#include "core/group-private.h"
#include "membership/membership.h"
#include "ordering/runs.h"
#include "tests/fuzz/mutate.h"

typedef struct
{
  GRand *rand;
  const Proc *liar;
  const Proc *victim;
  const TyGroup *group; /* the victim's */
  const TyMembership *m;
  const TyetView *view; /* the victim's, or the one that it has been told of; NULL */
  guint n;              /* members of it */
  gboolean in;          /* the victim is in it */
} Lie;

static const TyId *
any_pid (const Lie *l)
{
  guint i = fuzz_below (l->rand, l->victim->mesh->procs->len);
  if (l->n > 0 && fuzz_chance (l->rand, 80))
    return &l->view->members[fuzz_below (l->rand, l->n)].pid;
  return &((Proc *) l->victim->mesh->procs->pdata[i])->pid;
}

static const TyId *
mostly (const Lie *l, const TyId *pid)
{
  return fuzz_chance (l->rand, 85) ? pid : any_pid (l);
}

static guint64
received (const Lie *l, guint rank)
{
  return l->in && l->group->store != NULL ? l->group->flush_ops->received (l->group->store, rank) : 0;
}

static void
write_ballot (const Lie *l, TyWriter *w, const TyId *pid)
{
  guint64 counter = MAX (l->m->counter, l->m->promised.counter);
  const Round *round = l->m->round;
  guint n_records = l->m->records->len;
  switch (fuzz_below (l->rand, 6))
    {
    case 0:
      ty_write_ballot (w, &l->m->promised);
      return;
    case 1:
      if (round != NULL)
        {
          ty_write_ballot (w, &round->ballot);
          return;
        }
      break;
    case 2:
      if (n_records > 0)
        {
          ty_write_ballot (w, &((Record *) l->m->records->pdata[fuzz_below (l->rand, n_records)])->ballot);
          return;
        }
      break;
    default:
      break;
    }
  TyBallot ballot = { .counter = fuzz_near (l->rand, counter + 1), .pid = *mostly (l, pid) };
  ty_write_ballot (w, &ballot);
}

static void
write_member (const Lie *l, TyWriter *w)
{
  const Proc *p = l->victim->mesh->procs->pdata[fuzz_below (l->rand, l->victim->mesh->procs->len)];
  const char *names[] = { "", "x", p->name, "\"quoted\\", "p0" };
  const char *addresses[] = { "", "sim://99", p->address, "tcp://[::1]:1", "nowhere" };
  guint name = fuzz_chance (l->rand, 70) ? 2 : fuzz_below (l->rand, G_N_ELEMENTS (names));
  guint address = fuzz_chance (l->rand, 70) ? 2 : fuzz_below (l->rand, G_N_ELEMENTS (addresses));
  ty_write_id (w, mostly (l, &p->pid));
  ty_write_text (w, names[name]);
  ty_write_text (w, addresses[address]);
  ty_write_varint (w, fuzz_chance (l->rand, 80) ? 1 : fuzz_number (l->rand));
  ty_write_varint (w, fuzz_chance (l->rand, 60) ? 1 : fuzz_number (l->rand));
}

static void
write_members (const Lie *l, TyWriter *w)
{
  guint n = l->n > 0 && fuzz_chance (l->rand, 70) ? l->n : fuzz_below (l->rand, 6);
  ty_write_varint (w, n);
  for (guint i = 0; i < n; i++)
    if (i < l->n && fuzz_chance (l->rand, 90))
      ty_member_write (w, &l->view->members[i]);
    else
      write_member (l, w);
}

static void
write_ids (const Lie *l, TyWriter *w)
{
  guint n = fuzz_chance (l->rand, 50) ? l->n : fuzz_below (l->rand, 8);
  ty_write_varint (w, n);
  for (guint i = 0; i < n; i++)
    ty_write_id (w, i < l->n && fuzz_chance (l->rand, 80) ? &l->view->members[i].pid : any_pid (l));
}

/* The victim's own order, or something like one. `digest`: with what it has acknowledged. */
static GByteArray *
make_order (const Lie *l, gboolean digest)
{
  GByteArray *order = g_byte_array_new ();
  TyOrderRead read;
  if (l->in && l->group->store != NULL && fuzz_chance (l->rand, 60))
    {
      g_autoptr (GByteArray) own = g_byte_array_new ();
      l->group->ordering_ops->digest (l->group->ordering, own);
      TyReader r = TY_READER (own->data, own->len);
      if (!digest && own->len > 0 && ty_order_read (r, l->n, TRUE, &read))
        g_byte_array_append (order, read.order.at, (guint) ty_reader_left (&read.order));
      else
        g_byte_array_append (order, own->data, own->len);
      if (fuzz_chance (l->rand, 20))
        fuzz_mutate (l->rand, order);
      return order;
    }
  if (fuzz_chance (l->rand, 40))
    return order;
  guint n = fuzz_below (l->rand, 5);
  ty_write_varint (order, fuzz_chance (l->rand, 70) ? fuzz_below (l->rand, 3) : fuzz_number (l->rand));
  ty_write_varint (order, n);
  for (guint i = 0; i < n; i++)
    {
      ty_write_varint (order, fuzz_below (l->rand, l->n + 1));
      ty_write_varint (order, fuzz_chance (l->rand, 80) ? 1 + fuzz_below (l->rand, 9) : fuzz_number (l->rand));
    }
  if (digest)
    ty_write_varint (order, fuzz_below (l->rand, 9));
  return order;
}

static void
write_order (const Lie *l, TyWriter *w, gboolean digest)
{
  g_autoptr (GByteArray) order = make_order (l, digest);
  ty_write_block (w, order->data, order->len);
}

static void
add_gone (const Lie *l, TyValue *value, guint rank)
{
  TyLeftWhy why = (TyLeftWhy) fuzz_below (l->rand, TY_LEFT_REVOKED + 1);
  value->gone[value->n_gone++] = (TyGone){ .rank = rank, .why = why };
}

/* A value that would follow the view; then, mostly, with one thing wrong. */
static void
write_value (const Lie *l, TyWriter *w)
{
  g_autoptr (TyValue) value = ty_value_new ();
  GArray *members = g_array_new (FALSE, TRUE, sizeof (TyMember));
  value->group = l->view->group;
  value->old = l->view->id;
  value->id.number = l->view->id.number + 1;
  value->id.ballot = (TyBallot){ .counter = l->m->counter + 1, .pid = l->liar->pid };
  value->group_name = g_strdup (l->victim->group->name);
  value->n_old = l->n;
  value->gone = g_new0 (TyGone, 2 * l->n + 4);
  value->cut = g_new0 (guint64, l->n + 2);
  gboolean drop = fuzz_chance (l->rand, 40);
  for (guint i = 0; i < l->n; i++)
    {
      TyMember member;
      value->cut[i] = received (l, i);
      if (drop && fuzz_chance (l->rand, 40))
        {
          add_gone (l, value, i);
          continue;
        }
      ty_member_copy (&member, &l->view->members[i]);
      g_array_append_val (members, member);
    }
  if (fuzz_chance (l->rand, 40) || !l->in)
    {
      const Proc *p = fuzz_chance (l->rand, 50) ? l->victim : l->liar;
      TyMember me = { .pid = p->pid,
                      .name = p->name,
                      .address = p->address,
                      .weight = 1,
                      .loaded = !p->takes_state,
                      .since = value->id.number };
      TyMember member;
      ty_member_copy (&member, &me);
      g_array_append_val (members, member);
    }
  g_autoptr (GByteArray) order = make_order (l, FALSE);
  guint at = l->n > 0 ? fuzz_below (l->rand, l->n) : 0;
  switch (fuzz_below (l->rand, 14))
    {
    case 0:
      value->cut[at] = fuzz_near (l->rand, value->cut[at]);
      break;
    case 1:
      memset (value->cut, 0, l->n * sizeof *value->cut);
      break;
    case 2:
      value->n_old += fuzz_chance (l->rand, 50) ? 1 : -1;
      break;
    case 3:
      add_gone (l, value, fuzz_below (l->rand, l->n + 1));
      break;
    case 4:
      if (members->len > 0)
        {
          TyMember copy;
          ty_member_copy (&copy, &g_array_index (members, TyMember, 0));
          g_array_append_val (members, copy);
        }
      break;
    case 5:
      value->id.number = fuzz_near (l->rand, value->id.number);
      value->old.number = value->id.number - 1;
      break;
    case 6:
      value->old.ballot.counter++;
      break;
    case 7:
      value->group.b[3] ^= 1;
      break;
    case 8:
      if (members->len > 0)
        g_array_index (members, TyMember, members->len - 1).loaded ^= TRUE;
      break;
    case 9:
      if (members->len > 1)
        {
          TyMember first = g_array_index (members, TyMember, 0);
          g_array_index (members, TyMember, 0) = g_array_index (members, TyMember, 1);
          g_array_index (members, TyMember, 1) = first;
        }
      break;
    case 10:
      if (members->len > 0)
        g_array_index (members, TyMember, fuzz_below (l->rand, members->len)).weight
            = 1000000 * fuzz_below (l->rand, 2);
      break;
    case 11:
      if (members->len > 0)
        g_array_index (members, TyMember, fuzz_below (l->rand, members->len)).since = fuzz_number (l->rand) >> 1;
      break;
    default:
      break;
    }
  value->order = g_bytes_new (order->data, order->len);
  value->n_members = members->len;
  value->members = (TyMember *) (gpointer) g_array_free (members, FALSE);
  ty_value_write (w, value);
}

static void
write_batch (const Lie *l, TyWriter *w, guint rank)
{
  guint count = 1 + fuzz_below (l->rand, 3);
  g_autoptr (GByteArray) stamp = fuzz_bytes (l->rand, fuzz_chance (l->rand, 50) ? 0 : 8);
  ty_write_varint (w, fuzz_near (l->rand, received (l, rank) + 1));
  ty_write_varint (w, fuzz_near (l->rand, count));
  ty_write_block (w, stamp->data, stamp->len);
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (GByteArray) payload = fuzz_bytes (l->rand, 12);
      guint64 head = (guint64) payload->len << 2 | fuzz_below (l->rand, 4);
      ty_write_varint (w, fuzz_chance (l->rand, 90) ? head : fuzz_number (l->rand));
      g_byte_array_append (w, payload->data, payload->len);
    }
}

static void
write_receipts (const Lie *l, TyWriter *w)
{
  for (guint i = 0; i < l->n; i++)
    ty_write_varint (w, fuzz_near (l->rand, received (l, i)));
}

static void
write_acknowledgement (const Lie *l, TyWriter *w)
{
  g_autoptr (GByteArray) gossip = fuzz_bytes (l->rand, fuzz_chance (l->rand, 60) ? 0 : 4);
  guint n = fuzz_below (l->rand, l->n + 2);
  ty_write_block (w, gossip->data, gossip->len);
  ty_write_varint (w, n);
  for (guint i = 0; i < n; i++)
    {
      guint rank = fuzz_below (l->rand, l->n + 1);
      ty_write_varint (w, rank);
      ty_write_varint (w, rank < l->n ? fuzz_near (l->rand, received (l, rank)) : 0);
      ty_write_varint (w, fuzz_chance (l->rand, 70) ? 0 : fuzz_near (l->rand, 1));
    }
}

static void
write_order_packet (const Lie *l, TyWriter *w)
{
  g_autoptr (GByteArray) own = g_byte_array_new ();
  TyOrderRead read = { 0 };
  if (l->in && l->group->store != NULL)
    l->group->ordering_ops->digest (l->group->ordering, own);
  if (own->len > 0)
    ty_order_read (TY_READER (own->data, own->len), l->n, TRUE, &read);
  ty_write_u8 (w, (guint8) fuzz_below (l->rand, 4));
  ty_write_varint (w, fuzz_near (l->rand, read.known + 1));
  for (guint i = fuzz_below (l->rand, 4); i > 0; i--)
    {
      ty_write_varint (w, fuzz_below (l->rand, l->n + 1));
      ty_write_varint (w, fuzz_near (l->rand, 1 + fuzz_below (l->rand, 4)));
    }
}

static void
write_state (const Lie *l, TyWriter *w)
{
  guint8 flags = (guint8) fuzz_below (l->rand, 32);
  write_ballot (l, w, &l->victim->pid);
  ty_write_u8 (w, flags);
  ty_write_varint (w, fuzz_near (l->rand, 1));
  guint8 bits[16] = { 0 };
  memset (bits, fuzz_chance (l->rand, 70) ? 0xff : (gint) g_rand_int (l->rand), sizeof bits);
  ty_write_block (w, bits, MIN ((l->n + 7) / 8, sizeof bits));
  if ((flags & 16) != 0)
    {
      write_ballot (l, w, any_pid (l));
      write_value (l, w);
    }
  g_autoptr (GByteArray) digest = g_byte_array_new ();
  write_receipts (l, digest);
  ty_write_block (w, digest->data, digest->len);
  write_order (l, w, TRUE);
}

static void
write_proposal (const Lie *l, TyWriter *w)
{
  write_ballot (l, w, &l->liar->pid);
  ty_write_u8 (w, (guint8) fuzz_below (l->rand, 2));
  write_value (l, w);
  write_ids (l, w);
  write_ids (l, w);
  guint n = fuzz_below (l->rand, 4);
  ty_write_varint (w, n);
  for (guint i = 0; i < n; i++)
    {
      for (guint k = 0; k < 3; k++)
        ty_write_varint (w, fuzz_below (l->rand, l->n + 1));
      ty_write_varint (w, fuzz_near (l->rand, 0));
    }
}

static void
write_prepare (const Lie *l, TyWriter *w)
{
  gboolean joiner = fuzz_chance (l->rand, 40), view = fuzz_chance (l->rand, l->in ? 20 : 90);
  write_ballot (l, w, &l->liar->pid);
  ty_write_u8 (w, joiner);
  if (joiner)
    write_member (l, w);
  ty_write_u8 (w, view);
  if (!view)
    return;
  ty_write_ballot (w, &l->view->id.ballot);
  write_members (l, w);
}

static void
write_flush (const Lie *l, TyWriter *w)
{
  guint n = l->m->records->len;
  const Record *record = n > 0 ? l->m->records->pdata[fuzz_below (l->rand, n)] : NULL;
  if (record == NULL || fuzz_chance (l->rand, 30))
    write_ballot (l, w, any_pid (l));
  else
    ty_write_ballot (w, &record->ballot);
  ty_write_id (w, record != NULL && fuzz_chance (l->rand, 80) ? &record->digest : any_pid (l));
}

static void
write_transfer (const Lie *l, TyWriter *w, guint8 type)
{
  g_autoptr (GByteArray) bytes = fuzz_bytes (l->rand, 200);
  if (type == TY_PACKET_TRANSFER_DATA)
    {
      ty_write_u8 (w, (guint8) fuzz_below (l->rand, 2));
      ty_write_varint (w, fuzz_near (l->rand, 0));
      g_byte_array_append (w, bytes->data, bytes->len);
    }
  else if (type == TY_PACKET_TRANSFER_ACK)
    ty_write_varint (w, fuzz_near (l->rand, 0));
  else if (type == TY_PACKET_TRANSFER_FAILED)
    ty_write_block (w, bytes->data, bytes->len);
}

static void
write_join (const Lie *l, TyWriter *w)
{
  static const char *const orderings[] = { "fifo", "causal", "total", "", "x" };
  const char *own = l->group->ordering_ops->name;
  ty_write_text (w, fuzz_chance (l->rand, 90) ? l->group->name : "other");
  ty_write_text (w, fuzz_chance (l->rand, 80) ? own : orderings[fuzz_below (l->rand, G_N_ELEMENTS (orderings))]);
  if (fuzz_chance (l->rand, 60))
    {
      TyMember me = { .pid = l->liar->pid, .name = l->liar->name, .address = l->liar->address, .weight = 1 };
      ty_member_write (w, &me);
    }
  else
    write_member (l, w);
  ty_write_u8 (w, (guint8) fuzz_below (l->rand, 3));
  ty_write_varint (w, fuzz_chance (l->rand, 80) ? 100000 : fuzz_near (l->rand, 600000));
  ty_write_varint (w, fuzz_chance (l->rand, 80) ? 1000000 : fuzz_near (l->rand, 150000));
  ty_write_varint (w, l->view != NULL ? fuzz_near (l->rand, l->view->id.number) : 0);
  write_ids (l, w);
  static const guint8 proof[TY_PROOF_BYTES + 1] = { 1 };
  ty_write_block (w, proof, fuzz_chance (l->rand, 80) ? 0 : fuzz_below (l->rand, sizeof proof + 1));
}

static void
write_welcome (const Lie *l, TyWriter *w)
{
  guint8 what = (guint8) (fuzz_chance (l->rand, 70) ? 0 : fuzz_below (l->rand, 5));
  ty_write_text (w, fuzz_chance (l->rand, 90) ? l->group->name : "other");
  ty_write_u8 (w, what);
  ty_write_text (w, "a word");
  if (what != 0)
    return;
  TyId id = *any_pid (l);
  TyViewId none = { .number = fuzz_number (l->rand) };
  ty_write_id (w, l->view != NULL && fuzz_chance (l->rand, 80) ? &l->view->group : &id);
  if (l->view != NULL && fuzz_chance (l->rand, 50))
    none = (TyViewId){ .number = fuzz_near (l->rand, l->view->id.number), .ballot = l->view->id.ballot };
  ty_write_view_id (w, &none);
  write_members (l, w);
  static const guint8 proof[TY_PROOF_BYTES + 1] = { 1 };
  if (fuzz_chance (l->rand, 30))
    ty_write_block (w, proof, fuzz_below (l->rand, sizeof proof + 1));
}

static void
write_body (const Lie *l, TyWriter *w, guint8 type)
{
  guint rank = l->view != NULL ? ty_view_rank (l->view, &l->liar->pid) : 0;
  guint some = l->n > 0 ? fuzz_below (l->rand, l->n) : 0;
  switch (type)
    {
    case TY_PACKET_DATA:
      write_batch (l, w, rank < l->n ? rank : some);
      break;
    case TY_PACKET_FORWARD:
      ty_write_varint (w, some);
      ty_write_u8 (w, TY_PACKET_DATA);
      ty_write_id (w, &l->view->group);
      ty_write_varint (w, l->view->id.number);
      write_batch (l, w, some);
      break;
    case TY_PACKET_ORDERING:
      write_order_packet (l, w);
      break;
    case TY_PACKET_RECEIPTS:
      write_acknowledgement (l, w);
      break;
    case TY_PACKET_ALIVE:
      ty_write_varint (w, fuzz_near (l->rand, (guint64) l->victim->mesh->now));
      ty_write_varint (w, fuzz_near (l->rand, (guint64) l->victim->mesh->now - fuzz_below (l->rand, 5000)));
      ty_write_varint (w, fuzz_near (l->rand, 500000));
      break;
    case TY_PACKET_LEAVE:
      ty_write_u8 (w, (guint8) fuzz_below (l->rand, 3));
      break;
    case TY_PACKET_REKEY:
    case TY_PACKET_WANT_KEYS:
    case TY_PACKET_KEYS:
      ty_write_id (w, any_pid (l));
      for (guint i = 0; type == TY_PACKET_KEYS && i < 65; i++)
        ty_write_u8 (w, (guint8) fuzz_below (l->rand, 4));
      break;
    case TY_PACKET_FOUNDER:
      ty_write_u8 (w, (guint8) fuzz_below (l->rand, 3));
      ty_write_varint (w, fuzz_near (l->rand, 32));
      for (guint i = 0; i < 32; i++)
        ty_write_u8 (w, (guint8) fuzz_below (l->rand, 256));
      break;
    case TY_PACKET_BEHIND:
    case TY_PACKET_BARRED:
      ty_write_varint (w, fuzz_near (l->rand, some));
      break;
    case TY_PACKET_SUSPECT:
      ty_write_varint (w, fuzz_near (l->rand, some << 1));
      break;
    case TY_PACKET_PREPARE:
      write_prepare (l, w);
      break;
    case TY_PACKET_STATE:
      write_state (l, w);
      break;
    case TY_PACKET_NACK:
      ty_write_u8 (w, (guint8) fuzz_below (l->rand, 3));
      write_ballot (l, w, any_pid (l));
      break;
    case TY_PACKET_PROPOSE:
      write_proposal (l, w);
      break;
    case TY_PACKET_FLUSH:
      write_flush (l, w);
      break;
    case TY_PACKET_DECIDED:
      write_value (l, w);
      break;
    case TY_PACKET_NEED:
      write_ballot (l, w, any_pid (l));
      write_receipts (l, w);
      break;
    case TY_PACKET_EXCLUDED:
      ty_write_varint (w, fuzz_near (l->rand, l->view->id.number));
      break;
    default:
      write_transfer (l, w, type);
      break;
    }
}

GBytes *
lie_of_type (GRand *rand, const Proc *liar, const Proc *victim, guint8 type)
{
  const TyGroup *group = victim->group;
  const TyMembership *m = group->membership;
  Lie l = { .rand = rand, .liar = liar, .victim = victim, .group = group, .m = m };
  l.view = group->view != NULL ? group->view : m->view;
  l.n = l.view != NULL ? l.view->n_members : 0;
  l.in = group->view != NULL && m->phase == TY_MEMBERSHIP_IN;
  g_autoptr (GByteArray) w = g_byte_array_new ();
  ty_write_u8 (w, type);
  if (type == TY_PACKET_JOIN)
    write_join (&l, w);
  else if (type == TY_PACKET_WELCOME)
    write_welcome (&l, w);
  else if (l.view != NULL)
    {
      guint64 number = l.view->id.number;
      TyId group_id = l.view->group;
      if (fuzz_chance (rand, 2))
        group_id.b[0] ^= 1;
      guint what = fuzz_below (rand, 20);
      ty_write_id (w, &group_id);
      ty_write_varint (w, what == 0                 ? number + 1
                          : what == 1 && number > 0 ? number - 1
                          : what == 2               ? fuzz_near (rand, number)
                                                    : number);
      write_body (&l, w, type);
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&w));
}

GBytes *
lie_make (GRand *rand, const Proc *liar, const Proc *victim)
{
  static const guint8 types[] = {
    TY_PACKET_DATA,
    TY_PACKET_FORWARD,
    TY_PACKET_ORDERING,
    TY_PACKET_RECEIPTS,
    TY_PACKET_ALIVE,
    TY_PACKET_JOIN,
    TY_PACKET_WELCOME,
    TY_PACKET_LEAVE,
    TY_PACKET_SUSPECT,
    TY_PACKET_GONE,
    TY_PACKET_PREPARE,
    TY_PACKET_STATE,
    TY_PACKET_STATE,
    TY_PACKET_NACK,
    TY_PACKET_PROPOSE,
    TY_PACKET_PROPOSE,
    TY_PACKET_FLUSH,
    TY_PACKET_FLUSH,
    TY_PACKET_DECIDED,
    TY_PACKET_DECIDED,
    TY_PACKET_NEED,
    TY_PACKET_EXCLUDED,
    TY_PACKET_TRANSFER_DATA,
    TY_PACKET_TRANSFER_ACK,
    TY_PACKET_TRANSFER_FAILED,
    TY_PACKET_TRANSFER_LOADED,
    TY_PACKET_GAP,
    TY_PACKET_BEHIND,
    TY_PACKET_BARRED,
    TY_PACKET_REKEY,
    TY_PACKET_WANT_KEYS,
    TY_PACKET_KEYS,
    TY_PACKET_FOUNDER,
  };
  return lie_of_type (rand, liar, victim, types[fuzz_below (rand, G_N_ELEMENTS (types))]);
}
