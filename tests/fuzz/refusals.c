/* tests/fuzz/refusals.c: packets of good form that cannot be true: each is refused, counted, and changes nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "membership/membership.h"
#include "tests/engine/mesh.h"

typedef struct
{
  Mesh *mesh;
  Proc *victim, *liar, *third, *stranger;
  TyValue *value; /* what could follow the view: everybody goes on */
} Case;

static Proc *
member (Case *c, const char *name)
{
  Proc *p = mesh_spawn (c->mesh, name, "total", FALSE);
  const char *contacts[] = { c->victim != NULL ? c->victim->address : NULL, NULL };
  gboolean asked
      = c->victim != NULL ? ty_group_join (p->group, contacts, 5000000, NULL) : ty_group_found (p->group, NULL);
  g_assert_true (asked);
  mesh_run (c->mesh, 1000000);
  g_assert_true (p->entered);
  return p;
}

static void
set_up (Case *c, gconstpointer data)
{
  c->mesh = mesh_new (1);
  c->victim = member (c, "a");
  c->liar = member (c, "b");
  c->third = member (c, "c");
  c->stranger = mesh_spawn (c->mesh, "x", "total", FALSE);
  mesh_meet (c->mesh, c->stranger->index, c->victim->index);
  for (guint i = 0; i < 3; i++)
    ty_group_send (((Proc *) c->mesh->procs->pdata[i])->group, TY_SERVICE_AGREED, "abc", 3, NULL);
  mesh_run (c->mesh, 1000000);
  g_assert_cmpuint (c->victim->delivered, ==, 3);

  const TyGroup *group = c->victim->group;
  const TyetView *view = group->view;
  g_autoptr (GByteArray) order = g_byte_array_new ();
  TyReader digest;
  g_assert_cmpuint (view->n_members, ==, 3);
  c->value = ty_value_new ();
  c->value->group = view->group;
  c->value->old = view->id;
  c->value->id = (TyViewId){ .number = view->id.number + 1, .ballot = { .counter = 1, .pid = c->liar->pid } };
  c->value->group_name = g_strdup ("g");
  c->value->n_members = c->value->n_old = 3;
  c->value->members = g_new0 (TyMember, 4);
  c->value->gone = g_new0 (TyGone, 4);
  c->value->cut = g_new0 (guint64, 4);
  for (guint i = 0; i < 3; i++)
    {
      ty_member_copy (&c->value->members[i], &view->members[i]);
      c->value->cut[i] = 1;
    }
  /* The order is the digest but for its last number. */
  group->ordering_ops->digest (group->ordering, order);
  digest = TY_READER (order->data, order->len);
  ty_read_varint (&digest);
  for (gsize n = ty_read_varint (&digest); n > 0; n--)
    {
      ty_read_varint (&digest);
      ty_read_varint (&digest);
    }
  c->value->order = g_bytes_new (order->data, order->len - ty_reader_left (&digest));
}

static void
tear_down (Case *c, gconstpointer data)
{
  ty_value_unref (c->value);
  mesh_free (c->mesh);
}

static GByteArray *
packet (Case *c, TyPacketType type)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, &c->value->group);
  ty_write_varint (w, c->value->old.number);
  return w;
}

/* `from` sends that, and the victim takes it. */
static void
say (Case *c, Proc *from, GByteArray *w)
{
  g_queue_push_head (mesh_queue (c->mesh, from->index, c->victim->index, TY_CLASS_CONTROL),
                     g_byte_array_free_to_bytes (w));
  mesh_run (c->mesh, 5000);
}

static void
say_decided (Case *c)
{
  GByteArray *w = packet (c, TY_PACKET_DECIDED);
  ty_value_write (w, c->value);
  say (c, c->liar, w);
}

static void
say_propose (Case *c)
{
  GByteArray *w = packet (c, TY_PACKET_PROPOSE);
  TyBallot ballot = { .counter = 9, .pid = c->liar->pid };
  ty_write_ballot (w, &ballot);
  ty_write_u8 (w, 0);
  ty_value_write (w, c->value);
  ty_write_varint (w, 0);
  ty_write_varint (w, 0);
  ty_write_varint (w, 0);
  say (c, c->liar, w);
}

static void
assert_refused (Case *c, guint times)
{
  g_assert_cmpuint (ty_node_refused_packets (c->victim->node), ==, times);
  g_assert_cmpuint (c->victim->group->view->id.number, ==, c->value->old.number);
}

/* The group is none the worse for it. */
static void
assert_goes_on (Case *c)
{
  mesh_run (c->mesh, 3000000);
  guint64 delivered = c->victim->delivered;
  g_assert_cmpint (ty_group_get_state (c->victim->group), ==, TY_GROUP_MEMBER);
  g_assert_cmpuint (ty_group_get_view (c->victim->group)->n_members, >=, 2);
  g_assert_cmpuint (ty_group_send (c->third->group, TY_SERVICE_AGREED, "abc", 3, NULL), >, 0);
  mesh_run (c->mesh, 1000000);
  g_assert_cmpuint (c->victim->delivered, ==, delivered + 1);
}

/* What the others differ from in one thing. */
static void
test_truth (Case *c, gconstpointer data)
{
  say_decided (c);
  g_assert_cmpuint (ty_node_refused_packets (c->victim->node), ==, 0);
  g_assert_cmpuint (c->victim->group->view->id.number, ==, c->value->id.number);
}

static void
test_low_cut (Case *c, gconstpointer data)
{
  c->value->cut[2] = 0;
  say_decided (c);
  assert_refused (c, 1);
  assert_goes_on (c);
}

static void
test_low_cut_proposed (Case *c, gconstpointer data)
{
  c->value->cut[2] = 0;
  say_propose (c);
  assert_refused (c, 1);
  assert_goes_on (c);
}

static void
test_no_order (Case *c, gconstpointer data)
{
  g_bytes_unref (c->value->order);
  c->value->order = g_bytes_new ("\0\0", 2);
  say_decided (c);
  assert_refused (c, 1);
}

static void
test_other_order (Case *c, gconstpointer data)
{
  /* Three more, that not everybody has said to have delivered: their order is still kept. */
  for (guint i = 0; i < 3; i++)
    ty_group_send (c->third->group, TY_SERVICE_AGREED, "abc", 3, NULL);
  mesh_run (c->mesh, 5000);
  g_assert_cmpuint (c->victim->delivered, ==, 6);
  g_bytes_unref (c->value->order);
  c->value->order = g_bytes_new ("\3\1\1\3", 4);
  c->value->cut[2] = 4;
  say_propose (c);
  assert_refused (c, 1);
}

static void
test_twice_a_member (Case *c, gconstpointer data)
{
  ty_member_copy (&c->value->members[3], &c->value->members[0]);
  c->value->members[3].since = c->value->id.number;
  c->value->n_members = 4;
  say_decided (c);
  assert_refused (c, 1);
}

static void
test_forgotten_member (Case *c, gconstpointer data)
{
  ty_member_clear (&c->value->members[2]);
  c->value->n_members = 2;
  say_decided (c);
  assert_refused (c, 1);
  /* A liar that has sent one malformed packet has to come back first. */
}

static void
test_short_cut (Case *c, gconstpointer data)
{
  c->value->n_old = 2;
  say_decided (c);
  assert_refused (c, 1);
}

static void
test_far_ballot (Case *c, gconstpointer data)
{
  GByteArray *w = packet (c, TY_PACKET_NACK);
  TyBallot ballot = { .counter = G_MAXUINT64, .pid = c->liar->pid };
  ty_write_u8 (w, 0);
  ty_write_ballot (w, &ballot);
  say (c, c->liar, w);
  assert_refused (c, 1);
  assert_goes_on (c);
}

static void
test_stranger_decides (Case *c, gconstpointer data)
{
  GByteArray *w = packet (c, TY_PACKET_DECIDED);
  ty_value_write (w, c->value);
  say (c, c->stranger, w);
  assert_refused (c, 1);
}

static void
test_stranger_forwards (Case *c, gconstpointer data)
{
  GByteArray *w = packet (c, TY_PACKET_FORWARD);
  g_autoptr (GByteArray) inner = packet (c, TY_PACKET_DATA);
  ty_write_varint (w, 1);
  ty_write_varint (inner, 2);
  ty_write_varint (inner, 1);
  ty_write_block (inner, "\0", 1);
  ty_write_block (inner, "", 0);
  g_byte_array_append (w, inner->data, inner->len);
  say (c, c->stranger, w);
  assert_refused (c, 1);
  g_assert_cmpuint (c->victim->delivered, ==, 3);
}

static void
test_receipts_of_nothing (Case *c, gconstpointer data)
{
  GByteArray *w = packet (c, TY_PACKET_RECEIPTS);
  static const guint8 receipts[] = { 0, 99, 0 };
  ty_write_block (w, "", 0);
  g_byte_array_append (w, receipts, sizeof receipts);
  say (c, c->liar, w);
  assert_refused (c, 1);
}

static void
test_stable_before_receipt (Case *c, gconstpointer data)
{
  GByteArray *w = packet (c, TY_PACKET_RECEIPTS);
  static const guint8 receipts[] = { 99, 0, 0 };
  ty_write_block (w, "", 0);
  g_byte_array_append (w, receipts, sizeof receipts);
  say (c, c->liar, w);
  assert_refused (c, 1);
}

/* What may come for a later view is kept; of strangers little. */
static void
test_stranger_fills_memory (Case *c, gconstpointer data)
{
  g_autofree guint8 *much = g_malloc0 (1 << 20);
  for (guint i = 0; i < 200; i++)
    {
      GByteArray *w = packet (c, TY_PACKET_DATA);
      w->data[17]++;
      g_byte_array_append (w, much, 1 << 20);
      say (c, c->stranger, w);
    }
  const TyNodeConfig *config = ty_node_get_config (c->victim->node);
  g_assert_cmpuint (c->victim->group->future_bytes, <=, config->window_bytes + config->max_message_bytes);
  assert_goes_on (c);
}

/* A joiner knows the group's id before it is in any view. */
static void
test_no_view (Case *c, gconstpointer data)
{
  static const TyPacketType types[] = { TY_PACKET_DATA, TY_PACKET_FORWARD, TY_PACKET_RECEIPTS, TY_PACKET_ORDERING };
  Proc *joiner = mesh_spawn (c->mesh, "d", "total", FALSE);
  const char *contacts[] = { c->victim->address, NULL };
  ty_group_join (joiner->group, contacts, 5000000, NULL);
  while (!joiner->group->has_id)
    mesh_move (c->mesh);
  g_assert_null (joiner->group->view);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      GByteArray *w = packet (c, types[i]);
      w->data[w->len - 1] = 0;
      g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (w);
      TyEvent event = { .type = TY_EVENT_PACKET, .peer = c->stranger->index, .packet = bytes };
      guint64 refused = ty_node_refused_packets (joiner->node);
      mesh_meet (c->mesh, c->stranger->index, joiner->index);
      mesh_step (joiner);
      ty_node_step (joiner->node, &event, 1, c->mesh->now);
      ty_node_effects_done (joiner->node);
      g_assert_cmpuint (ty_node_refused_packets (joiner->node), ==, refused + 1);
      mesh_lose (c->mesh, c->stranger->index, joiner->index);
    }
}

static void
add (const char *name, void (*test) (Case *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/refusals/", name, NULL);
  g_test_add (path, Case, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("truth", test_truth);
  add ("low-cut", test_low_cut);
  add ("low-cut-proposed", test_low_cut_proposed);
  add ("no-order", test_no_order);
  add ("other-order", test_other_order);
  add ("twice-a-member", test_twice_a_member);
  add ("forgotten-member", test_forgotten_member);
  add ("short-cut", test_short_cut);
  add ("far-ballot", test_far_ballot);
  add ("stranger-decides", test_stranger_decides);
  add ("stranger-forwards", test_stranger_forwards);
  add ("receipts-of-nothing", test_receipts_of_nothing);
  add ("stable-before-receipt", test_stable_before_receipt);
  add ("no-view", test_no_view);
  add ("stranger-fills-memory", test_stranger_fills_memory);
  return g_test_run ();
}
