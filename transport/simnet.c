/* transport/simnet.c: see simnet.h: the clock, the links and the ports. Faults and random numbers: simfault.c.
 *
 * A link has two ends; each end is a TyLink of one port.  What an end says travels as *pieces* in the FIFO of its
 * direction: bytes, the end of them, a reset, and the two words that a kernel exchanges silently: that a connection
 * stands, and that there is room again.  One event of the clock a piece moves along what is due; a cut direction
 * moves nothing, and is looked at again when it is healed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simnet-private.h"

#include <string.h>

/* The most that one pump reads of one link. */
#define READ_BYTES (256 * 1024)
#define SWEEP_AT 64

void
ty_sim_net_config_init (TySimNetConfig *config)
{
  *config = (TySimNetConfig){
    .delay_min_us = 50,
    .delay_max_us = 500,
    .resend_max_us = 200 * 1000,
    .dial_us = 3 * 1000 * 1000,
    .capacity_bytes = 256 * 1024,
    .split_one_in = 4,
  };
}

/* ---- The clock: a binary heap by (time, order of asking) ---- */

static gboolean
earlier (const Happening *a, const Happening *b)
{
  return a->at != b->at ? a->at < b->at : a->order < b->order;
}

/* `inside`: nobody but links is touched. */
static void
at (TySimNet *net, gint64 at_us, gboolean inside, TySimFunc func, gpointer data)
{
  Happening h = { .at = MAX (at_us, net->now), .order = net->order++, .func = func, .data = data, .inside = inside };
  if (net->n_heap == net->heap_room)
    net->heap = g_renew (Happening, net->heap, net->heap_room *= 2);
  guint i = net->n_heap++;
  for (; i > 0 && earlier (&h, &net->heap[(i - 1) / 2]); i = (i - 1) / 2)
    net->heap[i] = net->heap[(i - 1) / 2];
  net->heap[i] = h;
}

void
ty_sim_at (TySimNet *net, gint64 at_us, TySimFunc func, gpointer data)
{
  at (net, at_us, FALSE, func, data);
}

gint64
ty_sim_now (const TySimNet *net)
{
  return net->now;
}

gint64
ty_sim_next (const TySimNet *net)
{
  return net->n_heap > 0 ? net->heap[0].at : G_MAXINT64;
}

/* Takes the first of the heap. */
static Happening
take_first (TySimNet *net)
{
  Happening *heap = net->heap, first = heap[0], last = heap[--net->n_heap];
  guint i = 0, n = net->n_heap;
  for (guint child; (child = 2 * i + 1) < n; i = child)
    {
      if (child + 1 < n && earlier (&heap[child + 1], &heap[child]))
        child++;
      if (!earlier (&heap[child], &last))
        break;
      heap[i] = heap[child];
    }
  heap[i] = last;
  return first;
}

gboolean
ty_sim_advance (TySimNet *net)
{
  if (net->n_heap == 0)
    return FALSE;
  Happening first = take_first (net);
  g_assert (first.at >= net->now);
  net->now = first.at;
  net->inside = first.inside;
  first.func (first.data);
  return TRUE;
}

gboolean
ty_sim_was_inside (const TySimNet *net)
{
  return net->inside;
}

void
ty_sim_skip_to (TySimNet *net, gint64 at_us)
{
  g_assert (at_us <= ty_sim_next (net));
  net->now = MAX (net->now, at_us);
}

TySimRand *
ty_sim_net_rand (TySimNet *net)
{
  return &net->rand;
}

TySimNetConfig *
ty_sim_net_config (TySimNet *net)
{
  return &net->config;
}

/* ---- Links ---- */

static Piece *
take_piece (TyLink *link)
{
  GList *node = g_queue_pop_head_link (&link->out);
  return node != NULL ? node->data : NULL;
}

static void
clear_pieces (TyLink *link)
{
  for (Piece *p; (p = take_piece (link)) != NULL;)
    g_free (p);
}

static void
link_free (TyLink *link)
{
  clear_pieces (link);
  g_byte_array_unref (link->unread);
  g_free (link->text);
  g_free (link);
}

/* Nothing will ever touch this end again but the other. */
static gboolean
is_settled (const TyLink *link)
{
  return link->closed && link->events == 0 && !link->ready;
}

/* Frees pairs of ends that are over. In the order of their making: nothing here depends on where memory is. */
static void
sweep (TySimNet *net)
{
  guint kept = 0;
  for (guint i = 0; i < net->links->len; i++)
    {
      TyLink *link = net->links->pdata[i];
      if (is_settled (link) && (link->other == NULL || is_settled (link->other)))
        link->over = TRUE;
    }
  for (guint i = 0; i < net->links->len; i++)
    {
      TyLink *link = net->links->pdata[i];
      if (link->over)
        link_free (link);
      else
        net->links->pdata[kept++] = link;
    }
  g_ptr_array_set_size (net->links, (gint) kept);
  net->sweep_at = MAX (SWEEP_AT, 2 * kept);
}

static TyLink *
link_new (TySimPort *port, guint32 far_site)
{
  TySimNet *net = port->net;
  if (net->links->len >= net->sweep_at)
    sweep (net);
  TyLink *link = g_new0 (TyLink, 1);
  link->net = net;
  link->port = port;
  link->near_site = port->site;
  link->far_site = far_site;
  link->reading = TRUE;
  link->unread = g_byte_array_new ();
  link->node.data = link;
  g_ptr_array_add (net->links, link);
  return link;
}

/* Something is there for the port to see. */
static void
make_ready (TyLink *link)
{
  TySimPort *port = link->port;
  if (link->ready || link->closed || port == NULL)
    return;
  link->ready = TRUE;
  g_queue_push_tail_link (&port->ready, &link->node);
  if (g_queue_get_length (&port->ready) == 1 && !port->pumping)
    port->wake (port->data);
}

static gboolean
has_news (const TyLink *link)
{
  if (link->accepted || link->dialed || link->writable || link->hangup || link->ended)
    return TRUE;
  return link->reading && (link->unread->len > link->read || link->eof);
}

static void
end_link (TyLink *link, TyLinkEnd why, const char *text)
{
  if (link->ended)
    return;
  link->ended = TRUE;
  link->why = why;
  link->text = g_strdup (text);
  make_ready (link);
}

static void
arrive (TyLink *to, Piece *p)
{
  if (to->closed || to->ended)
    return;
  switch (p->kind)
    {
    case PIECE_BYTES:
      if (to->read > 0 && to->read == to->unread->len)
        {
          g_byte_array_set_size (to->unread, 0);
          to->read = 0;
        }
      g_byte_array_append (to->unread, p->bytes, (guint) p->len);
      break;
    case PIECE_END:
      to->eof = TRUE;
      to->hangup = TRUE;
      break;
    case PIECE_RESET:
      end_link (to, TY_LINK_RESET, "connection reset");
      return;
    case PIECE_STANDS:
      to->dialed = TRUE;
      break;
    case PIECE_ROOM:
      to->writable |= to->short_of_room;
      to->short_of_room = FALSE;
      break;
    }
  if (has_news (to))
    make_ready (to);
}

/* Moves along what is due in one direction. */
static void
move_pieces (gpointer data)
{
  TyLink *link = data;
  link->events--;
  while (!g_queue_is_empty (&link->out) && link->other != NULL)
    {
      Piece *p = g_queue_peek_head (&link->out);
      if (p->at > link->net->now)
        return;
      if (ty_sim_way_is_cut (link->net, link->near_site, link->far_site))
        {
          link->stalled = TRUE;
          return;
        }
      take_piece (link);
      arrive (link->other, p);
      g_free (p);
    }
}

void
ty_sim_link_move_at (TyLink *link, gint64 at_us)
{
  link->events++;
  at (link->net, at_us, TRUE, move_pieces, link);
}

Piece *
ty_sim_link_say (TyLink *link, PieceKind kind, gsize len)
{
  TySimNet *net = link->net;
  Piece *p = g_malloc (sizeof *p + len);
  gint64 at_us = MAX (link->last_at, net->now + ty_sim_way_delay (net, link->near_site, link->far_site));
  *p = (Piece){ .node = { .data = p }, .at = at_us, .kind = kind, .len = len };
  link->last_at = at_us;
  g_queue_push_tail_link (&link->out, &p->node);
  ty_sim_link_move_at (link, at_us);
  return p;
}

/* A piece of `len` bytes, those that come after `skip` bytes of the parts. */
static void
say_bytes (TyLink *link, const struct iovec *parts, gsize skip, gsize len)
{
  guint8 *to = ty_sim_link_say (link, PIECE_BYTES, len)->bytes;
  for (; len > 0; parts++)
    {
      gsize passed = MIN (skip, parts->iov_len), n = MIN (parts->iov_len - passed, len);
      if (n > 0)
        memcpy (to, (const guint8 *) parts->iov_base + passed, n);
      skip -= passed;
      to += n;
      len -= n;
    }
}

static gssize
sim_writev (TyLink *link, const struct iovec *parts, guint n_parts)
{
  TySimNet *net = link->net;
  g_assert (!link->closed && link->port != NULL);
  if (link->ended)
    return -1;
  gsize offered = 0;
  for (guint i = 0; i < n_parts; i++)
    offered += parts[i].iov_len;
  if (link->port->writes_left == 0)
    return (gssize) offered;
  if (link->port->writes_left != G_MAXUINT)
    link->port->writes_left--;

  gsize room = net->config.capacity_bytes - MIN (net->config.capacity_bytes, link->outstanding);
  gsize taken = MIN (room, offered);
  link->outstanding += taken;
  link->short_of_room = taken < offered;
  gsize first = taken;
  if (taken > 1 && net->config.split_one_in > 0 && ty_sim_rand_one_in (&net->rand, net->config.split_one_in))
    first = (gsize) ty_sim_rand_range (&net->rand, 1, taken - 1);
  if (first > 0)
    say_bytes (link, parts, 0, first);
  if (taken > first)
    say_bytes (link, parts, first, taken - first);
  return (gssize) taken;
}

static void
sim_set_reading (TyLink *link, gboolean reading)
{
  g_assert (!link->closed);
  link->reading = reading;
  if (has_news (link))
    make_ready (link);
}

/* The local end is over. What it wrote is on its way, then the other is told. */
static void
close_end (TyLink *link)
{
  g_assert (!link->closed);
  gboolean unread = link->unread->len > link->read;
  link->closed = TRUE;
  link->port = NULL;
  link->user = NULL;
  g_byte_array_set_size (link->unread, 0);
  link->read = 0;
  if (link->other != NULL && !link->ended)
    ty_sim_link_say (link, unread ? PIECE_RESET : PIECE_END, 0);
}

static void
sim_close (TyLink *link)
{
  if (!link->closed) /* it may have gone down with its port */
    close_end (link);
}

static void
sim_set_user (TyLink *link, gpointer user)
{
  link->user = user;
}

static gpointer
sim_get_user (TyLink *link)
{
  return link->user;
}

/* ---- Dialing ---- */

/* The answer to a dial, or the next look at whether there is a way by now. */
static void
dial_again (gpointer data)
{
  TyLink *link = data;
  TySimNet *net = link->net;
  link->events--;
  if (link->closed || link->other != NULL)
    return;
  gboolean lost = ty_sim_way_is_cut (net, link->near_site, link->far_site)
                  || ty_sim_way_is_cut (net, link->far_site, link->near_site)
                  || ty_sim_site (net, link->far_site)->vanished;
  TySimPort *port = ty_sim_site (net, link->far_site)->port;
  if (lost && net->now >= link->dial_until)
    end_link (link, TY_LINK_UNREACHABLE, "no answer");
  else if (lost)
    {
      link->events++;
      at (net, net->now + (gint64) ty_sim_rand_range (&net->rand, 100000, 300000), TRUE, dial_again, link);
    }
  else if (port == NULL)
    end_link (link, TY_LINK_REFUSED, "connection refused");
  else
    {
      TyLink *far = link_new (port, link->near_site);
      far->other = link;
      link->other = far;
      far->accepted = TRUE;
      make_ready (far);
      ty_sim_link_say (far, PIECE_STANDS, 0);
    }
}

static TyLink *
sim_dial (gpointer net, const char *address, GError **error)
{
  TySimPort *port = net;
  if (!ty_sim_is_address (address))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is no address of the simulated network", address);
      return NULL;
    }
  TyLink *link = link_new (port, ty_sim_find_site (port->net, address));
  link->dial_until = port->net->now + port->net->config.dial_us;
  link->events++;
  gint64 delay = ty_sim_way_delay (port->net, link->near_site, link->far_site);
  at (port->net, port->net->now + delay, TRUE, dial_again, link);
  return link;
}

const TyNetOps ty_sim_net_ops = {
  .dial = sim_dial,
  .writev = sim_writev,
  .set_reading = sim_set_reading,
  .close = sim_close,
  .set_user = sim_set_user,
  .get_user = sim_get_user,
};

/* ---- Ports ---- */

TySimPort *
ty_sim_port_open (TySimNet *net, const char *address, TySimFunc wake, gpointer data)
{
  g_assert (ty_sim_is_address (address));
  Site *site = ty_sim_site (net, ty_sim_find_site (net, address));
  if (site->port != NULL)
    return NULL;
  TySimPort *port = g_new0 (TySimPort, 1);
  port->net = net;
  port->site = ty_sim_find_site (net, address);
  port->wake = wake;
  port->data = data;
  port->writes_left = G_MAXUINT;
  site->port = port;
  /* The kernel that is there now knows nothing of the connections of the one before. */
  if (site->vanished)
    for (guint i = 0; i < net->links->len; i++)
      {
        TyLink *link = net->links->pdata[i];
        if (link->near_site == port->site && link->vanished && link->other != NULL)
          ty_sim_link_say (link, PIECE_RESET, 0);
        link->vanished = FALSE;
      }
  site->vanished = FALSE;
  return port;
}

void
ty_sim_port_close (TySimPort *port, TySimDeath death)
{
  TySimNet *net = port->net;
  Site *site = ty_sim_site (net, port->site);
  g_assert (site->port == port && !port->pumping);
  site->port = NULL;
  site->vanished = death == TY_SIM_VANISHED;
  for (GList *node; (node = g_queue_pop_head_link (&port->ready)) != NULL;)
    ((TyLink *) node->data)->ready = FALSE;
  for (guint i = 0; i < net->links->len; i++)
    {
      TyLink *link = net->links->pdata[i];
      if (link->near_site != port->site || (link->closed && !(site->vanished && link->other != NULL)))
        continue;
      if (death == TY_SIM_KILLED)
        close_end (link);
      else
        {
          link->closed = TRUE;
          link->port = NULL;
          link->vanished = TRUE;
          clear_pieces (link);
        }
    }
  g_free (port);
}

gboolean
ty_sim_port_has_something (const TySimPort *port)
{
  return !g_queue_is_empty ((GQueue *) &port->ready);
}

void
ty_sim_port_limit_writes (TySimPort *port, guint n)
{
  port->writes_left = n;
}

gboolean
ty_sim_port_writes_spent (const TySimPort *port)
{
  return port->writes_left == 0;
}

void
ty_sim_port_limit_reads (TySimPort *port, gsize len_bytes)
{
  port->reads_bytes = len_bytes;
}

/* The receiver has taken bytes: if the sender stands for want of room, it is told. */
static void
give_room (TyLink *link, gsize len)
{
  TyLink *sender = link->other;
  sender->outstanding -= MIN (len, sender->outstanding);
  if (sender->short_of_room && !sender->closed && !link->closed)
    ty_sim_link_say (link, PIECE_ROOM, 0);
}

static void
pump_bytes (TyLink *link, TyHub *hub)
{
  TySimNet *net = link->net;
  gsize budget = link->port->reads_bytes > 0 ? link->port->reads_bytes : READ_BYTES;
  while (!link->closed && link->reading && link->unread->len > link->read && budget > 0)
    {
      gsize n = MIN (budget, link->unread->len - link->read);
      if (n > 1 && net->config.split_one_in > 0 && ty_sim_rand_one_in (&net->rand, net->config.split_one_in))
        n = (gsize) ty_sim_rand_range (&net->rand, 1, n - 1);
      budget -= n;
      /* The hub may close the link, but nothing comes, or is freed, meanwhile. */
      const guint8 *bytes = link->unread->data + link->read;
      link->read += n;
      ty_hub_on_bytes (hub, link, bytes, n);
      give_room (link, n);
    }
}

static void
pump_link (TyLink *link, TyHub *hub)
{
  if (link->accepted)
    {
      link->accepted = FALSE;
      ty_hub_on_accepted (hub, link);
    }
  if (!link->closed && link->dialed)
    {
      link->dialed = FALSE;
      ty_hub_on_dialed (hub, link);
    }
  if (!link->closed && link->hangup)
    {
      link->hangup = FALSE;
      ty_hub_on_hangup (hub, link);
    }
  if (!link->closed && link->other != NULL)
    pump_bytes (link, hub);
  if (!link->closed && link->writable)
    {
      link->writable = FALSE;
      ty_hub_on_writable (hub, link);
    }
  if (!link->closed && link->reading && link->eof && link->unread->len == link->read)
    end_link (link, TY_LINK_EOF, NULL);
  if (!link->closed && link->ended)
    {
      TyLinkEnd why = link->why;
      g_autofree char *text = g_strdup (link->text);
      if (why == TY_LINK_EOF)
        ty_sim_link_say (link, PIECE_END, 0); /* this end closes, too */
      link->closed = TRUE;
      link->port = NULL;
      ty_hub_on_ended (hub, link, why, text);
    }
}

void
ty_sim_port_pump (TySimPort *port, TyHub *hub)
{
  g_assert (!port->pumping);
  port->pumping = TRUE;
  for (guint n = g_queue_get_length (&port->ready); n > 0; n--)
    {
      TyLink *link = g_queue_pop_head_link (&port->ready)->data;
      link->ready = FALSE;
      if (link->closed)
        continue;
      link->events++; /* the hub may end it, and open others meanwhile: it is not to be swept away */
      pump_link (link, hub);
      link->events--;
      if (!link->closed && has_news (link))
        make_ready (link);
    }
  port->pumping = FALSE;
}

/* ---- The net ---- */

TySimNet *
ty_sim_net_new (const TySimNetConfig *config, guint64 seed)
{
  TySimNet *net = g_new0 (TySimNet, 1);
  net->config = *config;
  net->heap_room = 64;
  net->heap = g_new (Happening, net->heap_room);
  net->links = g_ptr_array_new ();
  net->sweep_at = SWEEP_AT;
  ty_sim_rand_init (&net->rand, seed);
  ty_sim_sites_init (net);
  return net;
}

void
ty_sim_net_free (TySimNet *net)
{
  for (guint i = 0; i < net->links->len; i++)
    link_free (net->links->pdata[i]);
  g_ptr_array_unref (net->links);
  g_free (net->heap);
  ty_sim_sites_clear (net);
  g_free (net);
}
