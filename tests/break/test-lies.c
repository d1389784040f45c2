/* tests/break/test-lies.c: members, joiners and strangers that lie, beyond what tests/fuzz/refusals.c has: what they
 * say is of good form, and each lie alone would crash a process, make it wait for ever, or put it out of its group.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>

#include "core/group-private.h"
#include "membership/membership.h"
#include "tests/engine/mesh.h"

static Proc *
proc (Mesh *mesh, guint i)
{
  return mesh->procs->pdata[i];
}

static Proc *
joiner (Mesh *mesh, const char *name)
{
  Proc *p = mesh_spawn (mesh, name, "total", FALSE);
  const char *contacts[] = { proc (mesh, 0)->address, NULL };
  g_assert_true (ty_group_join (p->group, contacts, 5000000, NULL));
  return p;
}

/* A group of `n`, which has delivered a message of each. */
static Mesh *
group_with (guint n, gboolean sealed)
{
  static const char *const names[] = { "a", "b", "c", "d", "e" };
  Mesh *mesh = mesh_new (1);
  mesh->sealed = sealed;
  mesh->config.max_message_bytes = 4096;
  mesh->config.window_bytes = 16 * 1024;
  Proc *first = mesh_spawn (mesh, names[0], "total", FALSE);
  g_assert_true (ty_group_found (first->group, NULL));
  mesh_run (mesh, 100000);
  for (guint i = 1; i < n; i++)
    {
      joiner (mesh, names[i]);
      mesh_run (mesh, 1000000);
    }
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (ty_group_send (proc (mesh, i)->group, TY_SERVICE_AGREED, "abc", 3, NULL), ==, 1);
  mesh_run (mesh, 1000000);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (ty_group_get_view (proc (mesh, i)->group)->n_members, ==, n);
  return mesh;
}

static Mesh *
group_of (guint n)
{
  return group_with (n, FALSE);
}

static Mesh *
sealed_group_of (guint n)
{
  return group_with (n, TRUE);
}

/* What would end the view of `p` with all of it going on. */
static TyValue *
value_after (const Proc *p)
{
  const TyetView *view = p->group->view;
  TyValue *value = ty_value_new ();
  value->group = view->group;
  value->old = view->id;
  value->id = (TyViewId){ .number = view->id.number + 1, .ballot = { .counter = 1, .pid = p->pid } };
  value->group_name = g_strdup ("g");
  value->n_members = value->n_old = view->n_members;
  value->members = g_new0 (TyMember, view->n_members + 4);
  value->gone = g_new0 (TyGone, view->n_members + 4);
  value->cut = g_new0 (guint64, view->n_members + 4);
  for (guint i = 0; i < view->n_members; i++)
    {
      ty_member_copy (&value->members[i], &view->members[i]);
      value->cut[i] = p->group->flush_ops->received (p->group->store, i);
    }
  g_autoptr (GByteArray) digest = g_byte_array_new ();
  g_autoptr (GByteArray) order = g_byte_array_new ();
  g_autofree TyReader *digests = g_new0 (TyReader, view->n_members);
  guint faulty;
  p->group->ordering_ops->digest (p->group->ordering, digest);
  digests[view->self] = TY_READER (digest->data, digest->len);
  gboolean merged = p->group->ordering_ops->merge (p->group->ordering, digests, order, &faulty);
  g_assert_true (merged);
  value->order = g_bytes_new (order->data, order->len);
  return value;
}

/* The member with that rank goes. */
static void
let_go (TyValue *value, guint rank, TyLeftWhy why)
{
  ty_member_clear (&value->members[rank]);
  memmove (&value->members[rank], &value->members[rank + 1], (value->n_members - rank - 1) * sizeof (TyMember));
  value->n_members--;
  value->gone[value->n_gone++] = (TyGone){ .rank = rank, .why = why };
}

static GByteArray *
packet (const TyId *group, TyPacketType type, guint64 number)
{
  GByteArray *w = g_byte_array_new ();
  ty_write_u8 (w, (guint8) type);
  ty_write_id (w, group);
  ty_write_varint (w, number);
  return w;
}

/* `from` says it, and `to` takes it next. */
static void
say (Proc *from, Proc *to, GByteArray *w)
{
  mesh_meet (from->mesh, from->index, to->index);
  g_queue_push_head (mesh_queue (from->mesh, from->index, to->index, TY_CLASS_CONTROL),
                     g_byte_array_free_to_bytes (w));
  mesh_run (from->mesh, 5000);
}

static void
say_decided (Proc *from, Proc *to, TyValue *value)
{
  GByteArray *w = packet (&value->group, TY_PACKET_DECIDED, value->old.number);
  ty_value_write (w, value);
  say (from, to, w);
}

/* All of them are in one view of `n`, and messages pass. */
static void
assert_goes_on (Mesh *mesh, guint n)
{
  mesh_run (mesh, 5000000);
  guint64 delivered[8];
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (ty_group_get_state (proc (mesh, i)->group), ==, TY_GROUP_MEMBER);
      delivered[i] = proc (mesh, i)->delivered;
    }
  g_assert_cmpuint (ty_group_send (proc (mesh, 0)->group, TY_SERVICE_SAFE, "abc", 3, NULL), >, 0);
  mesh_run (mesh, 1000000);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (proc (mesh, i)->delivered, ==, delivered[i] + 1);
}

/* V11, V13: nobody leaves who has not asked to. */
static void
test_told_to_leave (void)
{
  Mesh *mesh = group_of (3);
  g_autoptr (TyValue) value = value_after (proc (mesh, 2));
  let_go (value, 2, TY_LEFT_LEAVE);
  say_decided (proc (mesh, 1), proc (mesh, 2), value);
  g_assert_cmpuint (ty_node_refused_packets (proc (mesh, 2)->node), ==, 1);
  g_assert_cmpint (ty_group_get_state (proc (mesh, 2)->group), !=, TY_GROUP_LEFT);
  assert_goes_on (mesh, 3);
  mesh_free (mesh);
}

static void
test_founder_told_to_leave (void)
{
  static const char *const names[] = { "a", "b", "c", NULL };
  static const char *const addresses[] = { "sim://0", "sim://1", "sim://2", NULL };
  Mesh *mesh = mesh_new (1);
  for (guint i = 0; i < 3; i++)
    mesh_spawn (mesh, names[i], "total", FALSE);
  for (guint i = 0; i < 2; i++)
    g_assert_true (ty_group_found_with (proc (mesh, i)->group, names, addresses, NULL, 0, NULL));
  mesh_step (proc (mesh, 0));
  mesh_step (proc (mesh, 1));
  mesh_meet (mesh, 0, 1);
  mesh_step (proc (mesh, 0));
  g_autoptr (TyValue) value = value_after (proc (mesh, 0));
  let_go (value, 0, TY_LEFT_LEAVE);
  say_decided (proc (mesh, 1), proc (mesh, 0), value);
  g_assert_cmpuint (ty_node_refused_packets (proc (mesh, 0)->node), ==, 1);
  g_assert_cmpint (ty_group_get_state (proc (mesh, 0)->group), ==, TY_GROUP_JOINING);
  mesh_free (mesh);
}

static TyValue *
value_letting_in (Proc *a, Proc *d)
{
  TyValue *value = value_after (a);
  TyMember as = { .pid = d->pid,
                  .name = d->name,
                  .address = d->address,
                  .weight = 1,
                  .loaded = TRUE,
                  .since = value->id.number };
  ty_member_copy (&value->members[value->n_members++], &as);
  return value;
}

/* A joiner that has been told of a view of one member is let in by a value that speaks of many. */
static void
test_joiner_let_in_from_elsewhere (void)
{
  Mesh *mesh = group_of (1);
  Proc *a = proc (mesh, 0), *d = joiner (mesh, "d");
  while (d->group->membership->view == NULL)
    mesh_move (mesh);
  g_autoptr (TyValue) value = value_letting_in (a, d);
  g_free (value->cut);
  value->n_old = 60000;
  value->cut = g_new0 (guint64, value->n_old);
  value->gone[value->n_gone++] = (TyGone){ .rank = 59999, .why = TY_LEFT_LEAVE };
  say_decided (a, d, value);
  mesh_run (mesh, 1000000);
  mesh_free (mesh);
}

/* Secrets that it cannot have come with the view that lets it in. */
static void
test_joiner_let_in_with_secrets (void)
{
  Mesh *mesh = group_of (1);
  Proc *a = proc (mesh, 0), *d = joiner (mesh, "d");
  while (d->group->membership->view == NULL)
    mesh_move (mesh);
  g_autoptr (TyValue) value = value_letting_in (a, d);
  value->has_keys = TRUE;
  say_decided (a, d, value);
  g_assert_cmpuint (ty_node_refused_packets (d->node), ==, 1);
  assert_goes_on (mesh, 2);
  mesh_free (mesh);
}

/* What a newcomer says is kept until no member can say it; by then more has been delivered than it knows of. */
static void
test_newcomer_tells_too_early (void)
{
  Mesh *mesh = group_of (3);
  Proc *a = proc (mesh, 0), *x = mesh_spawn (mesh, "x", "total", FALSE);
  g_autoptr (TyValue) value = value_after (a);
  TyMember new = { .pid = x->pid,
                   .name = x->name,
                   .address = x->address,
                   .weight = 1,
                   .loaded = TRUE,
                   .since = value->id.number };
  ty_member_copy (&value->members[value->n_members++], &new);
  say_decided (x, a, value);
  g_assert_nonnull (a->group->membership->hearsay);
  g_assert_cmpuint (ty_group_send (a->group, TY_SERVICE_AGREED, "abc", 3, NULL), >, 0);
  mesh_run (mesh, 100000);
  g_assert_cmpuint (a->group->view->id.number, ==, value->old.number);
  mesh_crash (proc (mesh, 1));
  mesh_crash (proc (mesh, 2));
  mesh_run (mesh, 5000000);
  g_assert_true (a->blocked);
  mesh_free (mesh);
}

/* V5: what nobody can ever hold is not waited for: neither one's own messages, nor for good those of others. */
static void
one_cut_beyond (guint rank)
{
  Mesh *mesh = group_of (3);
  g_autoptr (TyValue) value = value_after (proc (mesh, 2));
  value->cut[rank] += 5;
  say_decided (proc (mesh, 1), proc (mesh, 2), value);
  assert_goes_on (mesh, 3);
  mesh_free (mesh);
}

static void
test_cut_beyond_own (void)
{
  one_cut_beyond (2);
}

static void
test_cut_beyond_others (void)
{
  one_cut_beyond (0);
}

/* V14: while a quorum of the view has promised not to go on without this process, nobody has. */
static void
test_stranger_excludes (void)
{
  Mesh *mesh = group_of (3);
  Proc *a = proc (mesh, 0), *x = mesh_spawn (mesh, "x", "total", FALSE);
  GByteArray *w = packet (&a->group->id, TY_PACKET_EXCLUDED, a->group->view->id.number);
  ty_write_varint (w, 99);
  say (x, a, w);
  assert_goes_on (mesh, 3);
  mesh_free (mesh);
}

/* Who goes on is who it was. */
static void
one_changed (void (*change) (TyMember *member))
{
  Mesh *mesh = group_of (3);
  g_autoptr (TyValue) value = value_after (proc (mesh, 2));
  change (&value->members[0]);
  say_decided (proc (mesh, 1), proc (mesh, 2), value);
  g_assert_cmpuint (ty_node_refused_packets (proc (mesh, 2)->node), ==, 1);
  assert_goes_on (mesh, 3);
  mesh_free (mesh);
}

static void
rename_it (TyMember *member)
{
  g_free (member->name);
  member->name = g_strdup ("c");
}

static void
move_it (TyMember *member)
{
  g_free (member->address);
  member->address = g_strdup ("sim://9");
}

static void
unload_it (TyMember *member)
{
  member->loaded = FALSE;
}

static void
weigh_it (TyMember *member)
{
  member->weight = 1000000;
}

static void
test_changed (void)
{
  one_changed (rename_it);
  one_changed (move_it);
  one_changed (unload_it);
  one_changed (weigh_it);
}

/* `to` takes it from `from`, and nobody hears of it. */
static void
take (Proc *to, Proc *from, GByteArray *w)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (w);
  TyEvent event = { .type = TY_EVENT_PACKET, .peer = from->index, .packet = bytes };
  ty_node_step (to->node, &event, 1, mesh_clock (to));
  ty_node_effects_done (to->node);
}

/* Who speaks of ballots that nobody else knows makes nobody forget those that they do. */
static void
test_flushes_of_no_ballot (void)
{
  Mesh *mesh = group_of (3);
  Proc *a = proc (mesh, 0), *b = proc (mesh, 1);
  TyMembership *m = a->group->membership;
  a->group->membership_ops->on_gap (m);
  mesh_step (a);
  while (m->round == NULL || m->round->record == NULL)
    mesh_move (mesh);
  for (guint i = 1; i <= 200; i++)
    {
      GByteArray *w = packet (&a->group->id, TY_PACKET_FLUSH, a->group->view->id.number);
      TyBallot ballot = { .counter = m->counter + i, .pid = b->pid };
      ty_write_ballot (w, &ballot);
      ty_write_id (w, &b->pid);
      take (a, b, w);
    }
  g_assert_cmpuint (ty_node_refused_packets (a->node), ==, 0);
  g_assert_cmpuint (m->records->len, <, 64);
  g_assert_nonnull (m->round);
  g_assert_nonnull (m->round->record);
  mesh_free (mesh);
}

/* What may come for a later view is kept; of each member only so much that something of the others is, too. */
static void
test_member_fills_memory (void)
{
  Mesh *mesh = group_of (3);
  Proc *a = proc (mesh, 0);
  guint8 much[1000] = { 0 };
  for (guint i = 0; i < 300; i++)
    {
      Proc *from = proc (mesh, i < 299 ? 1 : 2);
      gsize before = a->group->future_bytes;
      GByteArray *w = packet (&a->group->id, TY_PACKET_DATA, a->group->view->id.number + 1);
      g_byte_array_append (w, much, sizeof much);
      take (a, from, w);
      g_assert_cmpuint (a->group->future_bytes, <=, ty_group_future_limit (a->group));
      if (i == 299)
        g_assert_cmpuint (a->group->future_bytes, >, before);
    }
  mesh_free (mesh);
}

static gboolean
no_data_from_b_to_c (Mesh *mesh, guint from, guint to, const guint8 *what, gsize len_bytes)
{
  return from != 1 || to != 2 || what[0] != TY_PACKET_DATA;
}

/* A proposal to `to` that names secrets, which `from` gives at once. */
static void
propose_keys (Proc *from, Proc *to, TyValue *value, guint n)
{
  GQueue *queue = mesh_queue (from->mesh, from->index, to->index, TY_CLASS_CONTROL);
  const TyId *group = &from->group->id;
  guint8 body[65] = { 1, (guint8) n, (guint8) (n >> 8) };
  TyBallot ballot = { .counter = 1000 + n, .pid = from->pid };
  value->has_keys = TRUE;
  crypto_generichash (value->keys.b, sizeof value->keys.b, body, sizeof body, group->b, sizeof group->b);
  GByteArray *w = packet (group, TY_PACKET_PROPOSE, value->old.number);
  ty_write_ballot (w, &ballot);
  ty_write_u8 (w, 0);
  ty_value_write (w, value);
  ty_write_varint (w, 0); /* whom it waits for */
  ty_write_varint (w, 0); /* acceptors */
  ty_write_varint (w, 0); /* plan */
  g_queue_push_tail (queue, g_byte_array_free_to_bytes (w));
  w = packet (group, TY_PACKET_KEYS, value->old.number);
  ty_write_id (w, &value->keys);
  g_byte_array_append (w, body, sizeof body);
  g_queue_push_tail (queue, g_byte_array_free_to_bytes (w));
}

/* Never many, and what it has promised to begin a view with stays. */
static void
look_at_keys (Proc *p, gpointer most)
{
  const TyMembership *m = p->group->membership;
  guint n = p->group->keys->len;
  g_assert_cmpuint (n, <=, 64 + 4);
  *(guint *) most = MAX (*(guint *) most, n);
  if (m->phase == TY_MEMBERSHIP_IN && m->accepted != NULL && m->accepted->has_keys)
    g_assert_true (ty_group_has_keys (p->group, &m->accepted->keys));
}

/* One proposal can be accepted; many others cannot, and bring secrets as well. */
static void
test_secrets_without_end (void)
{
  Mesh *mesh = sealed_group_of (3);
  Proc *b = proc (mesh, 1), *c = proc (mesh, 2);
  g_autoptr (TyValue) value = value_after (c);
  guint most = 0;
  guint64 view = c->group->view->id.number;
  mesh->stepped = look_at_keys;
  mesh->stepped_data = &most;
  propose_keys (b, c, value, 0);
  value->cut[1] += 5;
  for (guint n = 1; n <= 300; n++)
    propose_keys (b, c, value, n);
  assert_goes_on (mesh, 3);
  g_assert_cmpuint (most, >, 16);
  g_assert_cmpuint (c->group->view->id.number, >, view);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (proc (mesh, i)->group->keys->len, ==, 0);
  mesh_free (mesh);
}

/* One that sends to one other alone, and heeds no window: nothing of it becomes stable. */
static void
test_sender_without_window (void)
{
  static const guint8 much[3000];
  Mesh *mesh = group_of (3);
  Proc *a = proc (mesh, 0), *b = proc (mesh, 1), *c = proc (mesh, 2);
  gsize most = 4 * (mesh->config.window_bytes + mesh->config.max_message_bytes), kept = 0;
  guint64 view = a->group->view->id.number;
  b->node->config.window_bytes = 1 << 30;
  mesh->pass = no_data_from_b_to_c;
  for (guint i = 0; i < 100 && !a->group->frozen; i++)
    {
      g_assert_cmpuint (ty_group_send (b->group, TY_SERVICE_FIFO, much, sizeof much, NULL), >, 0);
      mesh_run (mesh, 5000);
      kept = MAX (kept, a->group->flush_ops->kept_bytes (a->group->store));
      g_assert_cmpuint (kept, <=, 2 * most);
    }
  /* Past the bound it is told of a gap: that a round mends, and nobody is the worse for it. */
  mesh->pass = NULL;
  mesh_run (mesh, 1000000);
  g_assert_cmpuint (kept, >, most / 2);
  g_assert_cmpuint (a->group->view->id.number, >, view);
  g_assert_cmpuint (mesh_refused (mesh), ==, 0);
  guint64 before = c->delivered;
  g_assert_cmpuint (ty_group_send (a->group, TY_SERVICE_SAFE, "abc", 3, NULL), >, 0);
  mesh_run (mesh, 1000000);
  g_assert_cmpuint (c->delivered, ==, before + 1);
  mesh_free (mesh);
}

/* The same, from one that says what nobody can have sent. */
static void
test_forwarder_without_end (void)
{
  static const guint8 much[3000];
  Mesh *mesh = group_of (3);
  Proc *a = proc (mesh, 0), *b = proc (mesh, 1);
  gsize most = 8 * (mesh->config.window_bytes + mesh->config.max_message_bytes);
  for (guint i = 0; i < 200 && ty_node_refused_packets (a->node) == 0; i++)
    {
      TyBatchBuilder builder;
      ty_batch_builder_init (&builder);
      ty_batch_builder_add (&builder, TY_SERVICE_FIFO, much, sizeof much);
      g_autoptr (TyBatch) batch
          = ty_batch_builder_seal (&builder, &a->group->id, a->group->view->id.number, 2 + i, NULL, 0);
      GByteArray *w = packet (&a->group->id, TY_PACKET_FORWARD, a->group->view->id.number);
      gsize len;
      const guint8 *data = g_bytes_get_data (batch->packet, &len);
      ty_write_varint (w, 2);
      g_byte_array_append (w, data, (guint) len);
      take (a, b, w);
      g_assert_cmpuint (a->group->flush_ops->kept_bytes (a->group->store), <=, most);
    }
  g_assert_cmpuint (ty_node_refused_packets (a->node), ==, 1);
  mesh_free (mesh);
}

/* What it was in is remembered, though not for ever, after the object of it is gone: it enters no group again. */
static void
test_groups_without_end (void)
{
  Mesh *mesh = group_of (2);
  Proc *a = proc (mesh, 0);
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < 600; i++)
    {
      g_autofree char *name = g_strdup_printf ("group %u", i);
      TyGroup *group = ty_group_new (a->node, name, "total", &error);
      g_assert_true (ty_group_found (group, NULL));
      mesh_step (a);
      ty_group_drop (group);
      mesh_run (mesh, 1000);
    }
  mesh_run (mesh, 1000000);
  g_assert_cmpuint (a->node->groups->len, ==, 1);
  g_assert_cmpuint (a->node->past->len, ==, 256);
  TyGroup *again = ty_group_new (a->node, "group 599", "total", &error);
  g_assert_false (ty_group_found (again, &error));
  g_assert_error (error, TYET_ERROR, TYET_ERROR_STATE);
  ty_group_drop (again);
  assert_goes_on (mesh, 2);
  mesh_free (mesh);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lies/told-to-leave", test_told_to_leave);
  g_test_add_func ("/lies/founder-told-to-leave", test_founder_told_to_leave);
  g_test_add_func ("/lies/joiner-let-in-from-elsewhere", test_joiner_let_in_from_elsewhere);
  g_test_add_func ("/lies/cut-beyond-own", test_cut_beyond_own);
  g_test_add_func ("/lies/cut-beyond-others", test_cut_beyond_others);
  g_test_add_func ("/lies/stranger-excludes", test_stranger_excludes);
  g_test_add_func ("/lies/joiner-let-in-with-secrets", test_joiner_let_in_with_secrets);
  g_test_add_func ("/lies/newcomer-tells-too-early", test_newcomer_tells_too_early);
  g_test_add_func ("/lies/changed", test_changed);
  g_test_add_func ("/lies/flushes-of-no-ballot", test_flushes_of_no_ballot);
  g_test_add_func ("/lies/member-fills-memory", test_member_fills_memory);
  g_test_add_func ("/lies/secrets-without-end", test_secrets_without_end);
  g_test_add_func ("/lies/sender-without-window", test_sender_without_window);
  g_test_add_func ("/lies/forwarder-without-end", test_forwarder_without_end);
  g_test_add_func ("/lies/groups-without-end", test_groups_without_end);
  return g_test_run ();
}
