/* tests/transport/test-net.c: see test-net.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-net.h"

/* Somebody who has asked for shared memory. */
typedef struct
{
  TyLink *link;
  TestNode *of;
  TyShmAsk ask;
} TestAsk;

const guint8 test_secret[32] = "the network's secret of tests";

static void
told_free (gpointer data)
{
  Told *t = data;
  g_free (t->name);
  g_free (t->address);
  g_free (t->text);
  g_clear_pointer (&t->packet, g_bytes_unref);
  g_free (t);
}

static void
link_free (gpointer data)
{
  TyLink *link = data;
  g_byte_array_unref (link->in);
  g_byte_array_unref (link->shm_in);
  g_free (link->dialing);
  g_free (link);
}

static TyLink *
link_new (TestNode *node)
{
  TyLink *link = g_new0 (TyLink, 1);
  link->net = node->net;
  link->node = node;
  link->in = g_byte_array_new ();
  link->shm_in = g_byte_array_new ();
  g_ptr_array_add (node->net->links, link);
  return link;
}

/* ---- The table that the hub sees ---- */

static TyLink *
net_dial (gpointer net, const char *address, GError **error)
{
  TestNode *node = net;
  if (g_str_has_prefix (address, "bad"))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is no address", address);
      return NULL;
    }
  TyLink *link = link_new (node);
  link->dialing = g_strdup (address);
  return link;
}

static gssize
net_writev (TyLink *link, const struct iovec *parts, guint n_parts)
{
  g_assert_false (link->closed);
  gsize taken = 0;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  if (link->cut || link->ended)
    return -1;
  g_assert_nonnull (link->other);
  GByteArray *into = link->shm_writes ? link->other->shm_in : link->other->in;
  for (guint i = 0; i < n_parts; i++)
    {
      gsize room = link->net->capacity - MIN (link->net->capacity, into->len + bytes->len);
      gsize n = MIN (room, parts[i].iov_len);
      if (n > 0)
        g_byte_array_append (bytes, parts[i].iov_base, (guint) n);
      taken += n;
      if (n == parts[i].iov_len)
        continue;
      link->stopped = TRUE;
      break;
    }
  if (link->net->tamper != NULL)
    link->net->tamper (link, link->sent, bytes, link->net->tamper_data);
  link->sent += taken;
  if (bytes->len > 0 && !link->other->closed && !link->cut)
    g_byte_array_append (into, bytes->data, bytes->len);
  return (gssize) taken;
}

static void
net_set_reading (TyLink *link, gboolean reading)
{
}

static void
net_close (TyLink *link)
{
  g_assert_false (link->closed);
  link->closed = TRUE;
}

static void
net_set_user (TyLink *link, gpointer user)
{
  link->user = user;
}

static gpointer
net_get_user (TyLink *link)
{
  return link->user;
}

static gboolean
net_shm_place (TyLink *link, char place[TY_SHM_PLACE_BYTES])
{
  if (link->net->shm)
    g_strlcpy (place, link->node->address, TY_SHM_PLACE_BYTES);
  return link->net->shm;
}

/* As in the real one, the other end is asked besides the connection, and answers at once or later: here when it is
 * pumped next. */
static gboolean
net_shm_ask (TyLink *link, const char *place, const TyShmAsk *ask)
{
  TestNet *net = link->net;
  g_assert_cmpstr (place, ==, link->other->node->address);
  net->shm_asked++;
  TestAsk *asked = g_new0 (TestAsk, 1);
  *asked = (TestAsk){ link, link->other->node, *ask };
  if (net->shm_forged)
    asked->ask.proof[TY_SHM_PROOF_BYTES - 1] ^= 1;
  g_ptr_array_add (net->asks, asked);
  return TRUE;
}

static gboolean
net_shm_write (TyLink *link)
{
  g_assert_false (link->shm_writes);
  link->shm_writes = link->shm;
  return link->shm;
}

static gboolean
net_shm_read (TyLink *link)
{
  g_assert_false (link->shm_reads);
  link->shm_reads = link->shm;
  return link->shm;
}

static const TyNetOps net_ops = {
  .dial = net_dial,
  .writev = net_writev,
  .set_reading = net_set_reading,
  .close = net_close,
  .set_user = net_set_user,
  .get_user = net_get_user,
  .shm_place = net_shm_place,
  .shm_ask = net_shm_ask,
  .shm_write = net_shm_write,
  .shm_read = net_shm_read,
};

/* ---- Making ---- */

TestNet *
test_net_new (void)
{
  TestNet *net = g_new0 (TestNet, 1);
  net->now_us = 1000;
  net->piece = G_MAXSIZE;
  net->capacity = G_MAXSIZE;
  net->shm = g_getenv ("TYET_TEST_SHM") != NULL;
  net->nodes = g_ptr_array_new ();
  net->links = g_ptr_array_new_with_free_func (link_free);
  net->asks = g_ptr_array_new_with_free_func (g_free);
  return net;
}

void
test_net_free (TestNet *net)
{
  for (guint i = 0; i < net->nodes->len; i++)
    {
      TestNode *node = g_ptr_array_index (net->nodes, i);
      if (node->hub != NULL)
        ty_hub_free (node->hub);
      g_ptr_array_unref (node->told);
      g_free (node->address);
      g_free (node);
    }
  g_ptr_array_unref (net->nodes);
  g_ptr_array_unref (net->links);
  g_ptr_array_unref (net->asks);
  g_free (net);
}

static void
node_draw (gpointer data, gpointer out, gsize len_bytes)
{
  TestNode *node = data;
  for (gsize i = 0; i < len_bytes; i++)
    {
      node->seed = node->seed * 1664525 + 1013904223;
      ((guint8 *) out)[i] = (guint8) (node->seed >> 24);
    }
}

TestNode *
test_alien_new (TestNet *net, const char *address)
{
  TestNode *node = g_new0 (TestNode, 1);
  node->net = net;
  node->address = g_strdup (address);
  node->told = g_ptr_array_new_with_free_func (told_free);
  g_ptr_array_add (net->nodes, node);
  return node;
}

TestNode *
test_node_new_with (TestNet *net, guint8 pid, const char *address, const TyHubConfig *with)
{
  TestNode *node = test_alien_new (net, address);
  TyHubConfig config = *with;
  g_autofree char *name = g_strdup_printf ("n%u", pid);
  memset (node->pid.b, pid, sizeof node->pid.b);
  node->seed = pid;
  if (config.secret == NULL && g_getenv ("TYET_TEST_SEALED") != NULL)
    config.secret = test_secret;
  config.pid = node->pid;
  config.name = name;
  config.address = address;
  node->hub = ty_hub_new (&config, &net_ops, node, node_draw, node);
  ty_hub_on_time (node->hub, net->now_us);
  return node;
}

TestNode *
test_node_new (TestNet *net, guint8 pid, const char *address)
{
  TyHubConfig config;
  ty_hub_config_init (&config);
  return test_node_new_with (net, pid, address, &config);
}

void
test_node_kill (TestNode *node)
{
  node->gone = TRUE;
  g_clear_pointer (&node->hub, ty_hub_free);
}

/* ---- What happens ---- */

static void
node_step (TestNode *node)
{
  guint n;
  if (node->hub == NULL || node->no_step)
    return;
  const TyEvent *events = ty_hub_events (node->hub, &n);
  for (guint i = 0; i < n; i++)
    {
      const TyEvent *e = &events[i];
      Told told = { e->type,
                    e->peer,
                    e->pid,
                    g_strdup (e->name),
                    g_strdup (e->address),
                    g_strdup (e->text),
                    e->dial_end,
                    e->packet != NULL ? g_bytes_ref (e->packet) : NULL };
      g_ptr_array_add (node->told, g_memdup2 (&told, sizeof told));
    }
  ty_hub_events_done (node->hub);
  ty_hub_flush (node->hub);
}

static void
tell_end (TyLink *link, TyLinkEnd why)
{
  link->ended = TRUE;
  if (link->node->hub != NULL && !link->accepted)
    ty_hub_on_ended (link->node->hub, link, why, NULL);
}

/* The outcome of a dial. */
static gboolean
pump_dial (TyLink *link)
{
  TestNet *net = link->net;
  for (guint i = 0; i < net->nodes->len; i++)
    {
      TestNode *to = g_ptr_array_index (net->nodes, i);
      if (to->gone || !g_str_equal (to->address, link->dialing))
        continue;
      if (to->deaf)
        return FALSE;
      g_clear_pointer (&link->dialing, g_free);
      TyLink *there = link_new (to);
      there->other = link;
      link->other = there;
      there->accepted = TRUE;
      link->dialed = TRUE;
      return TRUE;
    }
  g_clear_pointer (&link->dialing, g_free);
  tell_end (link, TY_LINK_REFUSED);
  return TRUE;
}

static gboolean
pump_asks (TestNet *net)
{
  if (net->asks->len == 0)
    return FALSE;
  g_autofree TestAsk *asked = g_ptr_array_steal_index (net->asks, 0);
  TyLink *link = asked->of->hub != NULL ? ty_hub_shm_asked (asked->of->hub, &asked->ask) : NULL;
  if (link == NULL)
    return TRUE;
  /* Nobody else's connection is meant. */
  g_assert_true (link->other == asked->link);
  net->shm_given++;
  link->shm = asked->link->shm = TRUE;
  ty_hub_on_shm (asked->of->hub, link);
  return TRUE;
}

static gboolean
pump_bytes (TyLink *link, GByteArray *in)
{
  gsize n = MIN (in->len, link->net->piece);
  g_autofree guint8 *bytes = g_memdup2 (in->data, n);
  if (link->node->hub == NULL)
    return FALSE; /* an alien's stay, for the test to look at */
  g_byte_array_remove_range (in, 0, (guint) n);
  ty_hub_on_bytes (link->node->hub, link, bytes, n);
  return TRUE;
}

static GByteArray *
way_out (TyLink *link)
{
  return link->shm_writes ? link->other->shm_in : link->other->in;
}

static gboolean
pump_link (TyLink *link)
{
  TyHub *hub = link->node->hub;
  gboolean over = link->other != NULL && link->other->closed;
  if (link->closed || link->ended || link->frozen)
    return FALSE;
  if (link->cut)
    tell_end (link, TY_LINK_RESET);
  else if (link->dialing != NULL)
    return pump_dial (link);
  else if (link->accepted || link->dialed)
    {
      gboolean accepted = link->accepted;
      link->accepted = link->dialed = FALSE;
      if (hub != NULL)
        (accepted ? ty_hub_on_accepted : ty_hub_on_dialed) (hub, link);
    }
  else if (over && link->net->early_hangup && !link->hangup_told && hub != NULL)
    {
      link->hangup_told = TRUE;
      ty_hub_on_hangup (hub, link);
    }
  else if (link->shm_broken)
    tell_end (link, TY_LINK_SHM_BROKEN);
  else if (link->in->len > 0)
    return pump_bytes (link, link->in);
  else if (link->shm_reads && link->shm_in->len > 0)
    return pump_bytes (link, link->shm_in);
  else if (over)
    tell_end (link, TY_LINK_EOF);
  else if (link->stopped && way_out (link)->len < link->net->capacity && hub != NULL)
    {
      link->stopped = FALSE;
      ty_hub_on_writable (hub, link);
    }
  else
    return FALSE;
  return TRUE;
}

gboolean
test_net_pump_once (TestNet *net)
{
  for (guint i = 0; i < net->nodes->len; i++)
    node_step (g_ptr_array_index (net->nodes, i));
  gboolean did = pump_asks (net);
  guint n = net->links->len;
  for (guint i = 0; i < n; i++)
    {
      TyLink *link = g_ptr_array_index (net->links, i);
      if (!pump_link (link))
        continue;
      did = TRUE;
      node_step (link->node);
    }
  return did;
}

void
test_net_pump (TestNet *net)
{
  for (guint rounds = 0; test_net_pump_once (net); rounds++)
    g_assert_cmpuint (rounds, <, 10 * 1000 * 1000);
}

void
test_net_pass (TestNet *net, gint64 us)
{
  gint64 until_us = net->now_us + us;
  for (;;)
    {
      test_net_pump (net);
      gint64 next_us = G_MAXINT64;
      for (guint i = 0; i < net->nodes->len; i++)
        {
          TestNode *node = g_ptr_array_index (net->nodes, i);
          if (node->hub != NULL && !node->no_step)
            next_us = MIN (next_us, ty_hub_deadline (node->hub));
        }
      g_assert_cmpint (next_us, >=, net->now_us);
      net->now_us = MIN (next_us, until_us);
      for (guint i = 0; i < net->nodes->len; i++)
        {
          TestNode *node = g_ptr_array_index (net->nodes, i);
          if (node->hub != NULL)
            ty_hub_on_time (node->hub, net->now_us);
        }
      if (next_us > until_us)
        break;
    }
  test_net_pump (net);
}

void
test_net_cut (TestNode *a, TestNode *b)
{
  for (guint i = 0; i < a->net->links->len; i++)
    {
      TyLink *link = g_ptr_array_index (a->net->links, i);
      if (link->other == NULL || link->ended || link->other->node != (link->node == a ? b : a)
          || (link->node != a && link->node != b))
        continue;
      link->cut = TRUE;
      g_byte_array_set_size (link->in, 0);
      g_byte_array_set_size (link->shm_in, 0);
    }
}

void
test_link_cut (TyLink *link)
{
  TyLink *both[2] = { link, link->other };
  for (guint i = 0; i < 2; i++)
    {
      both[i]->cut = TRUE;
      g_byte_array_set_size (both[i]->in, 0);
      g_byte_array_set_size (both[i]->shm_in, 0);
    }
}

TyLink *
test_node_link (TestNode *node)
{
  for (guint i = node->net->links->len; i > 0; i--)
    {
      TyLink *link = g_ptr_array_index (node->net->links, i - 1);
      if (link->node == node && !link->closed && !link->ended)
        return link;
    }
  return NULL;
}

guint
test_node_count_links (TestNode *node)
{
  guint n = 0;
  for (guint i = 0; i < node->net->links->len; i++)
    {
      TyLink *link = g_ptr_array_index (node->net->links, i);
      n += link->node == node && !link->closed && !link->ended;
    }
  return n;
}

void
test_link_write (TyLink *link, gconstpointer data, gsize len_bytes)
{
  if (!link->other->closed)
    g_byte_array_append (link->other->in, data, (guint) len_bytes);
}

TyLink *
test_alien_dial (TestNode *alien, TestNode *to)
{
  TyLink *link = link_new (alien);
  link->dialing = g_strdup (to->address);
  g_assert_true (pump_dial (link));
  return link;
}

void
test_link_close (TyLink *link)
{
  link->closed = TRUE;
}

void
test_node_dial (TestNode *node, const char *address, TestNode *wanted)
{
  TyEffect effect = { .type = TY_EFFECT_DIAL, .address = (char *) address };
  if (wanted != NULL)
    effect.pid = wanted->pid;
  ty_hub_effect (node->hub, &effect);
}

void
test_node_send (TestNode *node, guint peer, TyClass class, guint stream, GBytes *bytes)
{
  TyEffect effect = { .type = TY_EFFECT_SEND, .peer = peer, .class = class, .stream = stream, .bytes = bytes };
  ty_hub_effect (node->hub, &effect);
}

void
test_node_effect (TestNode *node, TyEffectType type, guint peer)
{
  TyEffect effect = { .type = type, .peer = peer };
  ty_hub_effect (node->hub, &effect);
}

guint
test_node_told (TestNode *node, TyEventType type)
{
  guint n = 0;
  for (guint i = 0; i < node->told->len; i++)
    n += ((Told *) g_ptr_array_index (node->told, i))->type == type;
  return n;
}

const Told *
test_node_last (TestNode *node, TyEventType type)
{
  for (guint i = node->told->len; i > 0; i--)
    {
      const Told *told = g_ptr_array_index (node->told, i - 1);
      if (told->type == type)
        return told;
    }
  return NULL;
}

guint
test_node_peer (TestNode *node, TestNode *other)
{
  for (guint i = node->told->len; i > 0; i--)
    {
      const Told *told = g_ptr_array_index (node->told, i - 1);
      if (told->type == TY_EVENT_PEER_UP && ty_id_equal (&told->pid, &other->pid))
        return told->peer;
    }
  g_assert_not_reached ();
}

void
test_node_forget (TestNode *node)
{
  g_ptr_array_set_size (node->told, 0);
}
