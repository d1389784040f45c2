/* examples/orderings/lamport.c: a total order without a sequencer: Lamport's clocks, and acknowledgements from all.
 *
 * Protocol.  Every process keeps a clock, a number. What it sends is stamped with a higher number than all that it has
 * sent or received so far. Messages are delivered in the order of their stamps, and of two with the same stamp the one
 * of the lower rank comes first. So all agree which of two messages comes first; the question is only when a process
 * can be sure that nothing earlier is still to come:
 *
 *   sender ── message, stamped ──► everyone
 *   member ── what I have ───────► everyone          the acknowledgement: a number for each sender
 *
 * A message is delivered when it is the earliest that is here, everybody has acknowledged it, and from everybody is
 * here what they had sent until they did. What they send afterwards has a higher stamp, since they had this one.
 *
 *   stamp                                     packet
 *   size    field                             size    field
 *   number  the clock                         number  for each rank: how many of its messages the sender has received
 *
 * Requires.  What the interface promises: each sender's batches in their order and without gaps, packets of one process
 * in theirs; and at the end of a view everything up to the cut.
 *
 * Guarantees.  One total order for all messages, whatever their service, which extends the causal order: what was
 * delivered before something was sent has a lower stamp. What anyone delivers everybody has, with all that comes
 * before; so every message is as good as safe. At the end of a view what is left is delivered in the order of
 * stamps: whoever delivered more than others did so in that order, and nothing that was delivered can be lost.
 *
 * Cost.  Every member answers every batch with a packet to all: n times n packets, where a sequencer sends n. A message
 * is delivered after two hops, and as late as the slowest member answers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <tyet-ordering.h>

#define MAX_NUMBER ((guint64) G_MAXINT64) /* far from where sums overflow */

/* A batch that is not delivered to its end. */
typedef struct
{
  guint64 last;
  guint64 stamp;
} Waiting;

typedef struct
{
  TyetOrderingHost *host;
  guint members;
  guint self;
  guint64 clock;
  GQueue *waiting; /* by sender: Waiting */
  guint64 *stamps; /* by sender: the highest so far */
  guint64 *has;    /* [member * members + sender]: so many of the sender's messages the member has acknowledged */
} Lamport;

extern const TyetOrderingClass lamport_ordering;

/* ---- life ---- */

static gpointer
lamport_create (TyetOrderingHost *host)
{
  Lamport *o = g_new0 (Lamport, 1);
  o->host = host;
  return o;
}

static void
forget (Lamport *o)
{
  for (guint sender = 0; sender < o->members; sender++)
    g_queue_clear_full (&o->waiting[sender], g_free);
  g_clear_pointer (&o->waiting, g_free);
  g_clear_pointer (&o->stamps, g_free);
  g_clear_pointer (&o->has, g_free);
  o->members = 0;
}

static void
lamport_free (gpointer data)
{
  forget (data);
  g_free (data);
}

static void
lamport_begin (gpointer data, guint members, guint self)
{
  Lamport *o = data;
  forget (o);
  o->members = members;
  o->self = self;
  o->clock = 0;
  o->waiting = g_new0 (GQueue, members);
  o->stamps = g_new0 (guint64, members);
  o->has = g_new0 (guint64, (gsize) members * members);
}

/* ---- what is sent and received ---- */

static void
lamport_stamp (gpointer data, guint services, GByteArray *stamp)
{
  Lamport *o = data;
  tyet_ordering_put_number (stamp, o->clock + 1);
}

static gboolean
lamport_receive (gpointer data, guint sender, const TyetOrderingBatch *batch)
{
  Lamport *o = data;
  const guint8 *at = batch->stamp, *end = at + batch->stamp_len;
  guint64 stamp;
  if (!tyet_ordering_take_number (&at, end, &stamp) || at != end || stamp <= o->stamps[sender] || stamp > MAX_NUMBER)
    return FALSE;
  Waiting *w = g_new (Waiting, 1);
  *w = (Waiting){ .last = batch->last, .stamp = stamp };
  g_queue_push_tail (&o->waiting[sender], w);
  o->stamps[sender] = stamp;
  o->clock = MAX (o->clock, stamp);
  return TRUE;
}

/* ---- acknowledgements ---- */

static guint64 *
has (const Lamport *o, guint member, guint sender)
{
  return &o->has[(gsize) member * o->members + sender];
}

static void
lamport_speak (gpointer data)
{
  Lamport *o = data;
  gboolean news = FALSE;
  for (guint sender = 0; sender < o->members; sender++)
    {
      guint64 received = tyet_ordering_host_get_received (o->host, sender);
      news = news || received > *has (o, o->self, sender);
      *has (o, o->self, sender) = received;
    }
  if (!news)
    return;
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  for (guint sender = 0; sender < o->members; sender++)
    tyet_ordering_put_number (packet, *has (o, o->self, sender));
  tyet_ordering_host_multicast (o->host, packet->data, packet->len);
}

static gboolean
lamport_on_packet (gpointer data, guint from, const guint8 *bytes, gsize len)
{
  Lamport *o = data;
  g_autofree guint64 *numbers = g_new (guint64, o->members);
  const guint8 *end = bytes + len;
  for (guint sender = 0; sender < o->members; sender++)
    if (!tyet_ordering_take_number (&bytes, end, &numbers[sender]) || numbers[sender] > MAX_NUMBER
        || numbers[sender] < *has (o, from, sender))
      return FALSE;
  if (bytes != end || numbers[o->self] > tyet_ordering_host_get_received (o->host, o->self))
    return FALSE;
  memcpy (has (o, from, 0), numbers, o->members * sizeof *numbers);
  return TRUE;
}

/* ---- deliveries ---- */

/* Whose message is the earliest that is here: FALSE if none is. */
static gboolean
earliest (const Lamport *o, guint *sender, const Waiting **out)
{
  *out = NULL;
  for (guint s = 0; s < o->members; s++)
    {
      const Waiting *w = g_queue_peek_head (&o->waiting[s]);
      if (w != NULL && (*out == NULL || w->stamp < (*out)->stamp))
        {
          *sender = s;
          *out = w;
        }
    }
  return *out != NULL;
}

/* Who has not acknowledged that message: the number of members if everybody has. */
static guint
who_lacks (const Lamport *o, guint sender, guint64 number)
{
  guint member = 0;
#ifndef LAMPORT_HASTY /* doc/tutorial/write-an-ordering.md leaves this out once, to see what happens */
  while (member < o->members && *has (o, member, sender) >= number)
    member++;
#else
  member = o->members;
#endif
  return member;
}

/* Whose messages that he had sent before he acknowledged are not here: the number of members if there is nobody. Who
 * has one waiting here is none: it is later than the earliest, and what follows it is later still. */
static guint
who_is_behind (const Lamport *o)
{
  guint member = 0;
  while (member < o->members
         && (!g_queue_is_empty (&o->waiting[member])
             || tyet_ordering_host_get_received (o->host, member) >= *has (o, member, member)))
    member++;
  return member;
}

static void
hand_over (Lamport *o, guint sender, guint64 upto)
{
  tyet_ordering_host_deliver (o->host, sender, upto);
  const Waiting *w = g_queue_peek_head (&o->waiting[sender]);
  if (w->last <= upto)
    g_free (g_queue_pop_head (&o->waiting[sender]));
}

static void
lamport_deliver (gpointer data)
{
  Lamport *o = data;
  guint sender;
  const Waiting *w;
  while (earliest (o, &sender, &w) && who_lacks (o, sender, w->last) == o->members && who_is_behind (o) == o->members)
    hand_over (o, sender, w->last);
}

static void
lamport_close (gpointer data, const guint64 *cut, const guint8 *order, gsize len)
{
  Lamport *o = data;
  guint sender;
  const Waiting *w;
  while (earliest (o, &sender, &w))
    {
      guint64 upto = MIN (w->last, cut[sender]);
      if (upto > tyet_ordering_host_get_delivered (o->host, sender))
        tyet_ordering_host_deliver (o->host, sender, upto);
      g_free (g_queue_pop_head (&o->waiting[sender]));
    }
}

static void
lamport_explain (gpointer data, guint sender, TyetOrderingWait *wait)
{
  Lamport *o = data;
  guint first;
  const Waiting *w;
  if (!earliest (o, &first, &w))
    return;
  wait->reason = TYET_ORDERING_REASON_PREDECESSOR;
  wait->member = first;
  wait->number = tyet_ordering_host_get_delivered (o->host, first) + 1;
  if (first != sender)
    return;
  guint lacks = who_lacks (o, sender, w->last), behind = who_is_behind (o);
  if (lacks < o->members)
    *wait = (TyetOrderingWait){ .reason = TYET_ORDERING_REASON_STABLE, .member = lacks, .number = w->last };
  else if (behind < o->members)
    {
      wait->member = behind;
      wait->number = tyet_ordering_host_get_received (o->host, behind) + 1;
    }
}

const TyetOrderingClass lamport_ordering = {
  .api = TYET_ORDERING_API,
  .size = sizeof (TyetOrderingClass),
  .name = "lamport",
  .strongest = TYET_SERVICE_SAFE,
  .standard = TYET_SERVICE_AGREED,
  .create = lamport_create,
  .free = lamport_free,
  .begin = lamport_begin,
  .stamp = lamport_stamp,
  .receive = lamport_receive,
  .on_packet = lamport_on_packet,
  .speak = lamport_speak,
  .deliver = lamport_deliver,
  .close = lamport_close,
  .explain = lamport_explain,
};
