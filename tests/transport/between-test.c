/* tests/transport/between-test.c: somebody between two processes, who flips, drops, repeats, swaps, cuts off, reflects,
 * plays again and splices what they send each other over sealed connections.
 *
 * The claim: whatever happens to the bytes, what is delivered is what was sent, whole, once and in order; and once the
 * one between stops, the two go on as if nothing had been, or have said why not.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-net.h"
#include "violence.h"

#define MS 1000
#define S (1000 * MS)
#define N_PACKETS 4

typedef struct
{
  TestNet *net;
  TestNode *a, *b;
  Way way;
  gboolean from_dialer; /* of which direction */
  guint64 at;           /* which byte of it */
  gboolean always;      /* on every connection; else on the first */
  guint times;
  guint64 longest[2];   /* bytes of a direction, dialer's first */
} Case;

static gboolean
is_dialers (const TyLink *link)
{
  return link->node->pid.b[0] == 1;
}

static void
tamper (TyLink *link, guint64 offset, GByteArray *bytes, gpointer data)
{
  Case *c = data;
  guint64 *longest = &c->longest[is_dialers (link) ? 0 : 1];
  guint64 end = offset + bytes->len;
  *longest = MAX (*longest, end);
  if (is_dialers (link) != c->from_dialer || (c->times > 0 && !c->always))
    return;
  if (c->at < offset || c->at >= end)
    return;
  c->times++;
  do_violence (c->way, c->at, bytes, (guint) (c->at - offset), link->in);
}

static void
send_some (TestNode *from, TestNode *to)
{
  guint peer = test_node_peer (from, to);
  for (guint8 i = 0; i < N_PACKETS; i++)
    {
      guint8 text[20];
      memset (text, from->pid.b[0], sizeof text);
      text[0] = i;
      g_autoptr (GBytes) bytes = g_bytes_new (text, sizeof text);
      test_node_send (from, peer, TY_CLASS_DATA, 1, bytes);
    }
}

/* The packets from the other that `node` has got, which are a beginning of those that were sent. */
static guint
count_packets (TestNode *node, TestNode *from)
{
  guint n = 0;
  for (guint i = 0; i < node->told->len; i++)
    {
      const Told *told = g_ptr_array_index (node->told, i);
      guint8 text[20];
      if (told->type != TY_EVENT_PACKET)
        continue;
      memset (text, from->pid.b[0], sizeof text);
      text[0] = (guint8) n++;
      gsize len_bytes;
      const guint8 *data = g_bytes_get_data (told->packet, &len_bytes);
      g_assert_cmpmem (data, len_bytes, text, sizeof text);
    }
  return n;
}

static void
case_up (Case *c)
{
  c->net = test_net_new ();
  TyHubConfig config;
  ty_hub_config_init (&config);
  config.secret = test_secret;
  config.heartbeat_us = S / 2;
  config.handshake_us = S / 2;
  c->a = test_node_new_with (c->net, 1, "a", &config);
  c->b = test_node_new_with (c->net, 2, "b", &config);
  c->net->tamper = tamper;
  c->net->tamper_data = c;
}

/* What the detector of a process does: it suspects whom it does not hear. (A length that was made longer than what
 * comes is silence: bytes that do not open are no sign of life.) */
static void
suspect_the_silent (TestNode *node, TestNode *other)
{
  guint before = test_node_told (node, TY_EVENT_PEER_HEARD) + test_node_told (node, TY_EVENT_PACKET);
  if (test_node_told (node, TY_EVENT_PEER_UP) == 0)
    return;
  test_net_pass (node->net, S);
  if (test_node_told (node, TY_EVENT_PEER_HEARD) + test_node_told (node, TY_EVENT_PACKET) == before)
    test_node_effect (node, TY_EFFECT_PEER_SUSPECT, test_node_peer (node, other));
}

/* A short session, as far as it gets. */
static void
play (Case *c)
{
  test_node_dial (c->a, "b", NULL);
  test_net_pass (c->net, 700 * MS);
  if (test_node_told (c->a, TY_EVENT_PEER_UP) > 0)
    send_some (c->a, c->b);
  if (test_node_told (c->b, TY_EVENT_PEER_UP) > 0)
    send_some (c->b, c->a);
  test_net_pass (c->net, 300 * MS);
  suspect_the_silent (c->a, c->b);
  suspect_the_silent (c->b, c->a);
  test_net_pass (c->net, 300 * MS);
}

static void
assert_whole (Case *c)
{
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (c->b, TY_EVENT_PEER_UP), ==, 1);
  g_assert_cmpuint (test_node_told (c->a, TY_EVENT_PEER_LOST), ==, 0);
  g_assert_cmpuint (test_node_told (c->b, TY_EVENT_PEER_LOST), ==, 0);
  g_assert_cmpuint (count_packets (c->a, c->b), ==, N_PACKETS);
  g_assert_cmpuint (count_packets (c->b, c->a), ==, N_PACKETS);
}

/* How long the directions are when nobody is between. Heartbeats go on; what is looked at is the beginning. */
static void
measure (guint64 longest[2])
{
  Case c = { .at = G_MAXUINT64 };
  case_up (&c);
  test_node_dial (c.a, "b", NULL);
  test_net_pump (c.net);
  send_some (c.a, c.b);
  send_some (c.b, c.a);
  test_net_pump (c.net);
  assert_whole (&c);
  memcpy (longest, c.longest, sizeof c.longest);
  test_net_free (c.net);
}

/* Whose tampering is seen must be refused by name. What is refused in the clear, before there is a seal, may be
 * anything to who dials: then the dial fails, and the next one, with nobody between, does not. */
static void
once (Way way, gboolean from_dialer, guint64 at)
{
  Case c = { .way = way, .from_dialer = from_dialer, .at = at };
  case_up (&c);
  play (&c);
  g_assert_cmpuint (c.times, ==, 1);
  if (test_node_told (c.a, TY_EVENT_PEER_UP) == 0)
    {
      g_assert_cmpuint (test_node_told (c.a, TY_EVENT_DIAL_FAILED), >=, 1);
      g_assert_cmpuint (strlen (test_node_last (c.a, TY_EVENT_DIAL_FAILED)->text), >, 3);
      g_assert_cmpuint (count_packets (c.a, c.b) + count_packets (c.b, c.a), ==, 0);
      play (&c);
    }
  assert_whole (&c);
  test_net_free (c.net);
}

static void
test_once (gconstpointer data)
{
  Way way = GPOINTER_TO_UINT (data);
  guint64 longest[2];
  measure (longest);
  for (guint direction = 0; direction < 2; direction++)
    for (guint64 at = 0; at < longest[direction]; at++)
      once (way, direction == 0, at);
}

/* The same at every connection, for as long as they try: nothing false comes of it, ever. */
static void
test_always (gconstpointer data)
{
  Way way = GPOINTER_TO_UINT (data);
  guint64 longest[2];
  measure (longest);
  for (guint direction = 0; direction < 2; direction++)
    for (guint64 at = way; at < longest[direction]; at += 13)
      {
        Case c = { .way = way, .from_dialer = direction == 0, .at = at, .always = TRUE };
        case_up (&c);
        play (&c);
        guint got = count_packets (c.a, c.b) + count_packets (c.b, c.a);
        gboolean told = test_node_told (c.a, TY_EVENT_DIAL_FAILED) + test_node_told (c.a, TY_EVENT_PEER_DOWN)
                            + test_node_told (c.b, TY_EVENT_PEER_DOWN)
                        > 0;
        g_assert_true (got == 2 * N_PACKETS || told);
        test_net_free (c.net);
      }
}

/* ---- Whole records: each is genuine, and comes where it does not belong ---- */

typedef enum
{
  LEFT_OUT,
  TWICE,
  EXCHANGED, /* with the one after it */
  SENT_BACK, /* to who said it */
  LATER,     /* again, three records later */
  N_MOVES
} Move;

static const char *const move_names[N_MOVES] = { "left-out", "twice", "exchanged", "sent-back", "later" };

typedef struct
{
  Case c; /* the first: `tamper` is given the whole */
  Move move;
  guint which;     /* record of that direction, from 0 */
  TyLink *links[2]; /* of the first connection */
  guint writes[2];  /* so far; each is a message of the handshake or a sealed record */
  GByteArray *kept;
} Moves;

/* The hub writes a record at a time. A dialer's come after three messages, an acceptor's after two. */
static void
move_records (TyLink *link, guint64 offset, GByteArray *bytes, gpointer data)
{
  Moves *m = data;
  guint direction = is_dialers (link) ? 0 : 1, before = direction == 0 ? 3 : 2;
  if (m->links[direction] == NULL)
    m->links[direction] = link;
  guint write = m->writes[direction];
  m->writes[direction] += link == m->links[direction] ? 1 : 0;
  if (link != m->links[direction] || write < before)
    return;
  g_assert_cmpuint (bytes->len, ==, 2 + (bytes->data[0] | (guint) bytes->data[1] << 8));
  guint which = write - before;
  if ((direction == 0) != m->c.from_dialer || which < m->which)
    return;
  gboolean now = which == m->which;
  m->c.times += now ? 1 : 0;
  if (now)
    g_byte_array_append (m->kept, bytes->data, bytes->len);
  if (now && (m->move == LEFT_OUT || m->move == EXCHANGED))
    g_byte_array_set_size (bytes, 0);
  if (now && m->move == TWICE)
    g_byte_array_append (bytes, m->kept->data, m->kept->len);
  if (now && m->move == SENT_BACK)
    g_byte_array_append (link->in, m->kept->data, m->kept->len);
  if ((m->move == EXCHANGED && which == m->which + 1) || (m->move == LATER && which == m->which + 3))
    g_byte_array_append (bytes, m->kept->data, m->kept->len);
}

static void
test_moved (gconstpointer data)
{
  Move move = GPOINTER_TO_UINT (data);
  for (guint direction = 0; direction < 2; direction++)
    for (guint which = 0; which < 6; which++)
      {
        Moves m = { .move = move, .which = which, .c = { .from_dialer = direction == 0 }, .kept = g_byte_array_new () };
        case_up (&m.c);
        m.c.net->tamper = move_records;
        m.c.net->tamper_data = &m;
        play (&m.c);
        test_net_pass (m.c.net, 5 * S);
        TyHubStats a, b;
        ty_hub_get_stats (m.c.a->hub, &a);
        ty_hub_get_stats (m.c.b->hub, &b);
        g_assert_cmpuint (m.c.times, ==, 1);
        /* An intro that never comes is given up on, if nothing follows it in time. */
        gboolean intro = direction == 1 && which == 0 && a.silent == 1;
        g_assert_cmpuint (a.forged + b.forged, ==, intro ? 0 : 1);
        g_assert_cmpuint (a.malformed + b.malformed, ==, 0);
        assert_whole (&m.c);
        test_net_free (m.c.net);
        g_byte_array_unref (m.kept);
      }
}

/* ---- Whole connections, played again ---- */

typedef struct
{
  GByteArray *said[2]; /* by the dialer, by the acceptor */
} Recording;

static void
record (TyLink *link, guint64 offset, GByteArray *bytes, gpointer data)
{
  Recording *r = data;
  g_byte_array_append (r->said[is_dialers (link) ? 0 : 1], bytes->data, bytes->len);
}

static void
record_one (Case *c, Recording *r)
{
  r->said[0] = g_byte_array_new ();
  r->said[1] = g_byte_array_new ();
  case_up (c);
  c->net->tamper = record;
  c->net->tamper_data = r;
  test_node_dial (c->a, "b", NULL);
  test_net_pump (c->net);
  send_some (c->a, c->b);
  test_net_pump (c->net);
  g_assert_cmpuint (count_packets (c->b, c->a), ==, N_PACKETS);
  c->net->tamper = NULL;
}

static void
recording_clear (Recording *r)
{
  g_byte_array_unref (r->said[0]);
  g_byte_array_unref (r->said[1]);
}

/* What a dialer said once is of no use a second time, to the same process and to another that knows the secret. */
static void
test_played_again (void)
{
  Case c = { 0 };
  Recording r;
  record_one (&c, &r);
  TestNode *alien = test_alien_new (c.net, "x");
  TyHubStats before, after;
  ty_hub_get_stats (c.b->hub, &before);
  test_node_forget (c.b);
  TyLink *link = test_alien_dial (alien, c.b);
  test_link_write (link, r.said[0]->data, r.said[0]->len);
  test_net_pump (c.net);
  ty_hub_get_stats (c.b->hub, &after);
  g_assert_cmpuint (after.unproven, ==, before.unproven + 1);
  g_assert_cmpuint (test_node_told (c.b, TY_EVENT_PACKET), ==, 0);
  g_assert_cmpuint (test_node_told (c.b, TY_EVENT_PEER_DOWN), ==, 0);
  g_assert_cmpuint (test_node_told (c.b, TY_EVENT_PEER_LOST), ==, 0);
  test_net_pass (c.net, 2 * S);
  g_assert_cmpuint (test_node_count_links (c.b), ==, 1);
  recording_clear (&r);
  test_net_free (c.net);
}

/* What an acceptor said once, to who dials. */
static void
test_answer_played_again (void)
{
  Case c = { 0 };
  Recording r;
  record_one (&c, &r);
  TestNode *alien = test_alien_new (c.net, "x");
  test_node_dial (c.a, "x", NULL);
  test_net_pump (c.net);
  test_link_write (test_node_link (alien), r.said[1]->data, r.said[1]->len);
  test_node_forget (c.a);
  test_net_pump (c.net);
  g_assert_cmpuint (test_node_told (c.a, TY_EVENT_PEER_DOWN), ==, 0);
  g_assert_nonnull (strstr (test_node_last (c.a, TY_EVENT_DIAL_FAILED)->text, "not genuine"));
  recording_clear (&r);
  test_net_free (c.net);
}

/* The sealed records of one session, in the place of those of another of the same two processes. */
static void
test_spliced (void)
{
  Case c = { 0 }, other = { 0 };
  Recording r;
  record_one (&c, &r);
  test_net_free (c.net);
  case_up (&other);
  other.net->tamper = NULL;
  for (guint i = 0; i < 4; i++)
    other.a->seed += 77; /* other keys, another session */
  test_node_dial (other.a, "b", NULL);
  test_net_pump (other.net);
  guint handshake = TY_HELLO_BYTES + 48;
  guint last = r.said[0]->data[handshake] | (guint) r.said[0]->data[handshake + 1] << 8;
  guint from = handshake + 2 + last;
  g_assert_cmpuint (from, <, r.said[0]->len);
  test_link_write (test_node_link (other.a), r.said[0]->data + from, r.said[0]->len - from);
  test_net_pass (other.net, S);
  g_assert_cmpuint (test_node_told (other.b, TY_EVENT_PACKET), ==, 0);
  g_assert_cmpuint (test_node_told (other.b, TY_EVENT_PEER_DOWN), ==, 1);
  g_assert_nonnull (strstr (test_node_last (other.b, TY_EVENT_PEER_DOWN)->text, "not what the other end had sealed"));
  g_assert_cmpuint (test_node_told (other.b, TY_EVENT_PEER_RESUMED), ==, 1);
  recording_clear (&r);
  test_net_free (other.net);
}

/* No byte of a payload, a name or an address of a member can be seen from between. */
static void
test_unreadable (void)
{
  Case c = { 0 };
  Recording r;
  guint8 text[8];
  record_one (&c, &r);
  memset (text, 1, sizeof text);
  for (guint i = TY_HELLO_BYTES; i + sizeof text <= r.said[0]->len; i++)
    {
      g_assert_cmpint (memcmp (r.said[0]->data + i, text, sizeof text), !=, 0);
      g_assert_cmpint (memcmp (r.said[0]->data + i, "\2n1", 3), !=, 0);
    }
  recording_clear (&r);
  test_net_free (c.net);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint way = 0; way < N_WAYS; way++)
    {
      g_autofree char *name = g_strdup_printf ("/transport/between/once/%s", way_names[way]);
      g_autofree char *again = g_strdup_printf ("/transport/between/always/%s", way_names[way]);
      g_test_add_data_func (name, GUINT_TO_POINTER (way), test_once);
      g_test_add_data_func (again, GUINT_TO_POINTER (way), test_always);
    }
  for (guint move = 0; move < N_MOVES; move++)
    {
      g_autofree char *name = g_strdup_printf ("/transport/between/moved/%s", move_names[move]);
      g_test_add_data_func (name, GUINT_TO_POINTER (move), test_moved);
    }
  g_test_add_func ("/transport/between/played-again", test_played_again);
  g_test_add_func ("/transport/between/answer-played-again", test_answer_played_again);
  g_test_add_func ("/transport/between/spliced", test_spliced);
  g_test_add_func ("/transport/between/unreadable", test_unreadable);
  return g_test_run ();
}
