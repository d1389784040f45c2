/* tests/engine/mesh.c: see mesh.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/mesh.h"

#include "core/group-private.h"
#include "core/packet.h"
#include "core/tyet-error.h"
#include "core/view.h"

#include <stdio.h>
#include <string.h>

#define MAX_PROCS 64

typedef struct
{
  GBytes *bytes;
} Flying;

static gpointer
pair (guint a, guint b)
{
  return GUINT_TO_POINTER (MIN (a, b) * 256 + MAX (a, b) + 1);
}

gboolean
mesh_is_cut (Mesh *mesh, guint a, guint b)
{
  return g_hash_table_contains (mesh->cut, pair (a, b));
}

static gboolean
has_session (Mesh *mesh, guint a, guint b)
{
  return g_hash_table_contains (mesh->session, pair (a, b));
}

gboolean
mesh_chance (Mesh *mesh, gdouble probability)
{
  return g_rand_double (mesh->rand) < probability;
}

static GQueue *
queue (Mesh *mesh, guint from, guint to, guint class)
{
  return mesh->queues->pdata[(from * MAX_PROCS + to) * TY_N_CLASSES + class];
}

static void
draw (gpointer world, gpointer out, gsize len)
{
  Mesh *mesh = world;
  for (gsize i = 0; i < len; i++)
    ((guint8 *) out)[i] = (guint8) g_rand_int (mesh->rand);
}

Mesh *
mesh_new (guint32 seed)
{
  Mesh *mesh = g_new0 (Mesh, 1);
  mesh->rand = g_rand_new_with_seed (seed);
  mesh->now = 1000000;
  mesh->procs = g_ptr_array_new ();
  mesh->cut = g_hash_table_new (NULL, NULL);
  mesh->session = g_hash_table_new (NULL, NULL);
  mesh->closed = g_hash_table_new (NULL, NULL);
  mesh->queues = g_ptr_array_new ();
  mesh->seals = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < MAX_PROCS * MAX_PROCS * TY_N_CLASSES; i++)
    g_ptr_array_add (mesh->queues, g_queue_new ());
  mesh->states = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ty_node_config_init (&mesh->config);
  return mesh;
}

static void
drop_queue (Mesh *mesh, guint from, guint to)
{
  for (guint c = 0; c < TY_N_CLASSES; c++)
    g_queue_clear_full (queue (mesh, from, to, c), (GDestroyNotify) g_bytes_unref);
}

void
mesh_free (Mesh *mesh)
{
  g_ptr_array_unref (mesh->seals);
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      Proc *p = mesh->procs->pdata[i];
      if (p->node != NULL)
        ty_node_free (p->node);
      for (guint e = 0; e < p->events->len; e++)
        g_clear_pointer (&g_array_index (p->events, TyEvent, e).packet, g_bytes_unref);
      g_array_unref (p->events);
      g_ptr_array_unref (p->contacts);
      g_byte_array_unref (p->storage);
      g_string_free (p->history, TRUE);
      g_string_free (p->taken, TRUE);
      g_free (p->name);
      g_free (p->address);
      g_free (p);
    }
  for (guint i = 0; i < mesh->queues->len; i++)
    g_queue_free_full (mesh->queues->pdata[i], (GDestroyNotify) g_bytes_unref);
  g_ptr_array_unref (mesh->queues);
  g_ptr_array_unref (mesh->procs);
  g_hash_table_unref (mesh->cut);
  g_hash_table_unref (mesh->session);
  g_hash_table_unref (mesh->closed);
  g_hash_table_unref (mesh->states);
  g_free (mesh->unlike);
  g_rand_free (mesh->rand);
  g_free (mesh);
}

static void
sink (const char *lines, gsize len, gpointer data)
{
  Proc *p = data;
  g_string_append_len (p->history, lines, (gssize) len);
  if (p->mesh->trace)
    printf ("%.*s", (int) len, lines);
}

static gboolean
store (const char *group, const guint8 *record, gsize len, gpointer data, GError **error)
{
  Proc *p = data;
  if (p->disk_full)
    {
      g_set_error_literal (error, TYET_ERROR, TYET_ERROR_STATE, "no space left");
      return FALSE;
    }
  g_byte_array_set_size (p->storage, 0);
  g_byte_array_append (p->storage, record, (guint) len);
  return TRUE;
}

static Proc *
spawn (Mesh *mesh, const char *name, const TyId *pid, const char *address)
{
  g_assert (mesh->procs->len < MAX_PROCS);
  Proc *p = g_new0 (Proc, 1);
  TyWorld world = { .draw = draw, .world = mesh };
  p->mesh = mesh;
  p->index = mesh->procs->len;
  if (pid != NULL)
    p->pid = *pid;
  else
    draw (mesh, &p->pid, sizeof p->pid);
  p->name = g_strdup (name);
  p->address = address != NULL ? g_strdup (address) : g_strdup_printf ("sim://%u", p->index);
  p->alive = TRUE;
  p->rate = 1;
  p->crash_after = -1;
  p->history = g_string_new (NULL);
  p->taken = g_string_new (NULL);
  p->events = g_array_new (FALSE, TRUE, sizeof (TyEvent));
  p->contacts = g_ptr_array_new ();
  p->storage = g_byte_array_new ();
  p->node = ty_node_new (&mesh->config, &p->pid, name, &ty_modules, &world);
  ty_node_set_address (p->node, p->address);
  ty_node_set_history (p->node, sink, p);
  ty_node_set_storage (p->node, store, p);
  g_ptr_array_add (mesh->procs, p);
  return p;
}

static void
add_group (Proc *p, const char *ordering)
{
  GError *error = NULL;
  p->group = ty_group_new (p->node, "g", ordering, &error);
  g_assert_no_error (error);
  ty_group_set_takes_state (p->group, p->takes_state);
  ty_group_set_gives_state (p->group, TRUE);
}

Proc *
mesh_spawn (Mesh *mesh, const char *name, const char *ordering, gboolean takes_state)
{
  Proc *p = spawn (mesh, name, NULL, NULL);
  p->takes_state = takes_state;
  add_group (p, ordering);
  return p;
}

Proc *
mesh_replace (Proc *before, const char *name, const char *ordering, gboolean takes_state)
{
  g_assert (!before->alive);
  Proc *p = spawn (before->mesh, name, NULL, before->address);
  p->takes_state = takes_state;
  add_group (p, ordering);
  return p;
}

Proc *
mesh_restart (Proc *before)
{
  g_assert (!before->alive);
  Proc *p = spawn (before->mesh, before->name, before->storage->len > 0 ? &before->pid : NULL, before->address);
  g_byte_array_append (p->storage, before->storage->data, before->storage->len);
  add_group (p, "total");
  return p;
}

static void
add_event (Proc *p, TyEvent event)
{
  if (p->alive)
    g_array_append_val (p->events, event);
}

/* A key that says whose it is, and what both ends of this session know. */
static const guint8 *
seal_of (Mesh *mesh, const Proc *p, guint a, guint b)
{
  if (!mesh->sealed)
    return NULL;
  guint8 *seal = g_malloc0 (TY_SEAL_BYTES);
  memcpy (seal, p->pid.b, sizeof p->pid.b);
  seal[TY_SEAL_KEY_BYTES] = (guint8) (MIN (a, b) + 1);
  seal[TY_SEAL_KEY_BYTES + 1] = (guint8) (MAX (a, b) + 1);
  g_ptr_array_add (mesh->seals, seal);
  return seal;
}

static void
begin_session (Mesh *mesh, guint a, guint b)
{
  Proc *pa = mesh->procs->pdata[a], *pb = mesh->procs->pdata[b];
  TyEvent to_a = { .type = TY_EVENT_PEER_UP, .peer = b, .pid = pb->pid, .name = pb->name, .address = pb->address };
  TyEvent to_b = { .type = TY_EVENT_PEER_UP, .peer = a, .pid = pa->pid, .name = pa->name, .address = pa->address };
  to_a.seal = seal_of (mesh, pb, a, b);
  to_b.seal = seal_of (mesh, pa, a, b);
  g_hash_table_add (mesh->session, pair (a, b));
  add_event (pa, to_a);
  add_event (pb, to_b);
}

void
mesh_meet (Mesh *mesh, guint a, guint b)
{
  const Proc *pa = mesh->procs->pdata[a], *pb = mesh->procs->pdata[b];
  if (a != b && pa->alive && pb->alive && !has_session (mesh, a, b) && !mesh_is_cut (mesh, a, b))
    begin_session (mesh, a, b);
}

gboolean
mesh_has_session (Mesh *mesh, guint a, guint b)
{
  return has_session (mesh, a, b);
}

GQueue *
mesh_queue (Mesh *mesh, guint from, guint to, TyClass class)
{
  return queue (mesh, from, to, class);
}

void
mesh_lose (Mesh *mesh, guint a, guint b)
{
  if (!has_session (mesh, a, b))
    return;
  drop_queue (mesh, a, b);
  drop_queue (mesh, b, a);
  g_hash_table_remove (mesh->session, pair (a, b));
  add_event (mesh->procs->pdata[a], (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = b, .text = "lost" });
  add_event (mesh->procs->pdata[b], (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = a, .text = "lost" });
}

void
mesh_lose_at (Mesh *mesh, guint a, guint b)
{
  if (!has_session (mesh, a, b))
    return;
  drop_queue (mesh, a, b);
  drop_queue (mesh, b, a);
  g_hash_table_remove (mesh->session, pair (a, b));
  add_event (mesh->procs->pdata[a], (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = b, .text = "lost" });
}

static void
end_session_of_dead (Mesh *mesh, guint dead, guint other)
{
  if (!has_session (mesh, dead, other) || mesh_is_cut (mesh, dead, other))
    return;
  g_hash_table_remove (mesh->session, pair (dead, other));
  add_event (mesh->procs->pdata[other], (TyEvent){ .type = TY_EVENT_PEER_DEAD, .peer = dead, .text = "refused" });
}

void
mesh_crash (Proc *p)
{
  Mesh *mesh = p->mesh;
  if (!p->alive)
    return;
  if (mesh->trace)
    printf ("-- %s crashes\n", p->name);
  p->alive = FALSE;
  p->group = p->second = NULL;
  ty_node_free (p->node);
  p->node = NULL;
  for (guint e = 0; e < p->events->len; e++)
    g_clear_pointer (&g_array_index (p->events, TyEvent, e).packet, g_bytes_unref);
  g_array_set_size (p->events, 0);
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      drop_queue (mesh, i, p->index);
      /* What it sent may be lost from any point on, as in a connection that breaks. */
      for (guint c = 0; c < TY_N_CLASSES; c++)
        while (g_queue_get_length (queue (mesh, p->index, i, c)) > 0 && mesh_chance (mesh, 0.3))
          g_bytes_unref (g_queue_pop_tail (queue (mesh, p->index, i, c)));
    }
}

void
mesh_cut (Mesh *mesh, guint a, guint b)
{
  if (a == b)
    return;
  if (mesh->trace)
    printf ("-- cut %u %u\n", a, b);
  g_hash_table_add (mesh->cut, pair (a, b));
}

void
mesh_heal (Mesh *mesh, guint a, guint b)
{
  if (!g_hash_table_remove (mesh->cut, pair (a, b)))
    return;
  if (mesh->trace)
    printf ("-- heal %u %u\n", a, b);
}

/* Both ends dial again when they can, and a session that still lives is resumed. */
static void
resume (Mesh *mesh)
{
  for (guint a = 0; a < mesh->procs->len; a++)
    for (guint b = a + 1; b < mesh->procs->len; b++)
      {
        Proc *pa = mesh->procs->pdata[a], *pb = mesh->procs->pdata[b];
        if (!g_hash_table_contains (mesh->closed, pair (a, b)) || mesh_is_cut (mesh, a, b) || !pa->alive || !pb->alive
            || pa->stopped || pb->stopped)
          continue;
        g_hash_table_remove (mesh->closed, pair (a, b));
        if (!has_session (mesh, a, b))
          continue;
        add_event (pa, (TyEvent){ .type = TY_EVENT_PEER_RESUMED, .peer = b });
        add_event (pb, (TyEvent){ .type = TY_EVENT_PEER_RESUMED, .peer = a });
      }
}

void
mesh_heal_all (Mesh *mesh)
{
  for (guint a = 0; a < mesh->procs->len; a++)
    for (guint b = a + 1; b < mesh->procs->len; b++)
      mesh_heal (mesh, a, b);
}

/* ---- effects ---- */

static void
dial (Proc *p, const TyEffect *effect)
{
  Mesh *mesh = p->mesh;
  /* Addresses come from other processes, and need not be any. */
  guint to = mesh->procs->len;
  while (to > 0 && !g_str_equal (((Proc *) mesh->procs->pdata[to - 1])->address, effect->address))
    to--;
  if (to-- == 0)
    return;
  Proc *other = mesh->procs->pdata[to];
  if (to == p->index || mesh_is_cut (mesh, p->index, to) || has_session (mesh, p->index, to))
    return;
  gboolean another = !ty_id_is_null (&effect->pid) && !ty_id_equal (&effect->pid, &other->pid);
  if (!other->alive || another)
    add_event (p, (TyEvent){ .type = TY_EVENT_DIAL_FAILED,
                             .address = other->address,
                             .text = "refused",
                             .dial_end = TY_DIAL_REFUSED });
  else
    begin_session (mesh, p->index, to);
}

static void
close_peer (Proc *p, guint to)
{
  Mesh *mesh = p->mesh;
  if (!has_session (mesh, p->index, to))
    return;
  g_hash_table_remove (mesh->session, pair (p->index, to));
  drop_queue (mesh, to, p->index);
  drop_queue (mesh, p->index, to);
  add_event (mesh->procs->pdata[to], (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = p->index, .text = "closed" });
}

static void
give_state (Proc *p, guint64 transfer)
{
  gsize written;
  g_autofree char *digest = g_strdup_printf ("%d %" G_GUINT64_FORMAT, p->has_state, p->state);
  ty_group_state_saved (p->group, transfer, NULL);
  ty_group_state_write (p->group, transfer, digest, strlen (digest), &written);
  ty_group_state_write_end (p->group, transfer, NULL);
}

static void
to_second (Proc *p, const TyEffect *effect)
{
  if (effect->type == TY_EFFECT_ENTERED)
    p->second_entered = effect->error == NULL;
  p->second_over |= effect->type == TY_EFFECT_ENTERED && effect->error != NULL;
  p->second_over |= effect->type == TY_EFFECT_EXCLUDED || effect->type == TY_EFFECT_LEFT;
}

void
mesh_load (Proc *p)
{
  p->hold_load = FALSE;
  if (p->transfer_ended && sscanf (p->taken->str, "%d %" G_GUINT64_FORMAT, &p->has_state, &p->state) < 2)
    p->has_state = FALSE;
  if (p->transfer_ended && p->group != NULL)
    ty_group_state_loaded (p->group, p->transfer, NULL, NULL);
  p->transfer_ended = FALSE;
}

/* All who begin a view begin it with the same state. */
static void
compare_states (Proc *p, const TyetView *view)
{
  Mesh *mesh = p->mesh;
  const guint64 *known = g_hash_table_lookup (mesh->states, view->label);
  if (!p->has_state)
    return;
  if (known == NULL)
    g_hash_table_insert (mesh->states, g_strdup (view->label), g_memdup2 (&p->state, sizeof p->state));
  else if (*known != p->state && mesh->unlike == NULL)
    mesh->unlike = g_strdup_printf ("%s begins view %s with another state than others", p->name, view->label);
}

static void
take_messages (Proc *p, const TyEffect *effect)
{
  p->delivered += effect->last - effect->number + 1;
  for (guint64 n = effect->number; n <= effect->last; n++)
    p->state += (ty_id_hash (&effect->view->members[effect->rank].pid) + effect->view->id.number * 1000003 + n)
                * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
}

static void
to_app (Proc *p, const TyEffect *effect)
{
  if (effect->group != NULL && effect->group == p->second)
    to_second (p, effect);
  if (effect->group == NULL || effect->group != p->group)
    return;
  switch (effect->type)
    {
    case TY_EFFECT_DELIVER:
      take_messages (p, effect);
      break;
    case TY_EFFECT_VIEW:
      compare_states (p, effect->view);
      if (p->sends_on_view)
        ty_group_send (p->group, p->group->ordering_ops->standard, "view", 4, NULL);
      break;
    case TY_EFFECT_ENTERED:
      p->entered = effect->error == NULL;
      p->failed = effect->error != NULL;
      if (p->mesh->trace && effect->error != NULL)
        printf ("-- %s failed: %s\n", p->name, effect->error->message);
      break;
    case TY_EFFECT_BLOCKED:
      p->blocked = TRUE;
      break;
    case TY_EFFECT_UNBLOCKED:
      p->blocked = FALSE;
      break;
    case TY_EFFECT_EXCLUDED:
      p->excluded = TRUE;
      break;
    case TY_EFFECT_LEFT:
      p->left = TRUE;
      break;
    case TY_EFFECT_ROOM:
      p->room++;
      break;
    case TY_EFFECT_SAVE_STATE:
      give_state (p, effect->number);
      break;
    case TY_EFFECT_LOAD_STATE:
      g_string_truncate (p->taken, 0);
      break;
    case TY_EFFECT_STATE_BYTES:
      g_string_append_len (p->taken, g_bytes_get_data (effect->bytes, NULL), (gssize) g_bytes_get_size (effect->bytes));
      ty_group_state_taken (p->group, effect->number, g_bytes_get_size (effect->bytes));
      break;
    case TY_EFFECT_STATE_END:
      p->transfer = effect->number;
      p->transfer_ended = effect->error == NULL;
      if (p->transfer_ended && !p->hold_load)
        mesh_load (p);
      break;
    default:
      break;
    }
}

static const char *
packet_name (GBytes *packet)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (packet, &len);
  const char *name = len > 0 ? ty_packet_name (data[0]) : NULL;
  return name != NULL ? name : "?";
}

static void
carry_out (Proc *p, const TyEffect *effect)
{
  Mesh *mesh = p->mesh;
  switch (effect->type)
    {
    case TY_EFFECT_SEND:
      if (has_session (mesh, p->index, effect->peer))
        {
          if (mesh->trace)
            printf ("%8.3f %s -> %u %s\n", (gdouble) mesh->now / 1000, p->name, effect->peer,
                    packet_name (effect->bytes));
          g_queue_push_tail (queue (mesh, p->index, effect->peer, effect->class), g_bytes_ref (effect->bytes));
        }
      break;
    case TY_EFFECT_DIAL:
      dial (p, effect);
      break;
    case TY_EFFECT_PEER_CLOSE:
      close_peer (p, effect->peer);
      break;
    case TY_EFFECT_PEER_SUSPECT:
      g_hash_table_add (mesh->closed, pair (p->index, effect->peer));
      break;
    default:
      to_app (p, effect);
      break;
    }
}

gint64
mesh_clock (const Proc *p)
{
  return p->offset + (gint64) ((gdouble) p->mesh->now * p->rate);
}

/* When the node's next step is due, on the mesh's clock. */
static gint64
deadline (const Proc *p)
{
  gint64 at = ty_node_deadline (p->node);
  return at == G_MAXINT64 ? at : (gint64) ((gdouble) (at - p->offset) / p->rate) + 1;
}

static void
take_step (Proc *p)
{
  guint n_effects;
  GArray *events = p->events;
  p->events = g_array_new (FALSE, TRUE, sizeof (TyEvent));
  ty_node_step (p->node, (const TyEvent *) (gpointer) events->data, events->len, mesh_clock (p));
  p->mesh->steps++;
  if (p->mesh->stepped != NULL)
    p->mesh->stepped (p, p->mesh->stepped_data);
  const TyEffect *effects = ty_node_effects (p->node, &n_effects);
  gboolean dies = p->crash_after >= 0 && (guint) p->crash_after < n_effects;
  guint upto = dies ? (guint) p->crash_after : n_effects;
  for (guint i = 0; i < upto; i++)
    carry_out (p, &effects[i]);
  p->carried += upto;
  if (p->crash_after >= 0 && !dies)
    p->crash_after -= (gint) n_effects;
  ty_node_effects_done (p->node);
  for (guint i = 0; i < events->len; i++)
    g_clear_pointer (&g_array_index (events, TyEvent, i).packet, g_bytes_unref);
  g_array_unref (events);
  if (dies)
    mesh_crash (p);
}

void
mesh_step (Proc *p)
{
  if (!p->alive || p->stopped)
    return;
  do
    take_step (p);
  while (p->alive && ty_node_pending (p->node));
}

/* ---- time and packets ---- */

static gboolean
passes (Mesh *mesh, guint from, guint to, guint class)
{
  if (class == TY_CLASS_DATA && ((Proc *) mesh->procs->pdata[to])->slow)
    return FALSE;
  if (class == TY_CLASS_CONTROL && ((Proc *) mesh->procs->pdata[to])->tardy && mesh->moves % 64 != 0)
    return FALSE;
  GBytes *head = g_queue_peek_head (queue (mesh, from, to, class));
  if (head == NULL || mesh->pass == NULL)
    return head != NULL;
  gsize len;
  const guint8 *data = g_bytes_get_data (head, &len);
  return mesh->pass (mesh, from, to, data, len);
}

guint64
mesh_refused (Mesh *mesh)
{
  guint64 refused = 0;
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      Proc *p = mesh->procs->pdata[i];
      refused += p->alive ? ty_node_refused_packets (p->node) : 0;
    }
  return refused;
}

static gboolean
deliver_one (Mesh *mesh)
{
  guint n = mesh->procs->len, found = 0;
  guint from[MAX_PROCS * 4], to[MAX_PROCS * 4];
  for (guint a = 0; a < n; a++)
    for (guint b = 0; b < n; b++)
      {
        Proc *pb = mesh->procs->pdata[b];
        gboolean any = FALSE;
        for (guint c = 0; c < TY_N_CLASSES; c++)
          any |= passes (mesh, a, b, c);
        if (any && pb->alive && !pb->stopped && !mesh_is_cut (mesh, a, b)
            && !g_hash_table_contains (mesh->closed, pair (a, b)) && found < G_N_ELEMENTS (from))
          {
            from[found] = a;
            to[found++] = b;
          }
      }
  if (found == 0)
    return FALSE;
  guint pick = (guint) g_rand_int_range (mesh->rand, 0, (gint32) found);
  Proc *p = mesh->procs->pdata[to[pick]];
  guint burst = (guint) g_rand_int_range (mesh->rand, 1, 4);
  gboolean control_first = mesh_chance (mesh, 0.7);
  for (guint i = 0; i < burst; i++)
    for (guint c = 0; c < TY_N_CLASSES; c++)
      {
        guint class = control_first ? c : TY_N_CLASSES - 1 - c;
        if (!passes (mesh, from[pick], to[pick], class))
          continue;
        GBytes *bytes = g_queue_pop_head (queue (mesh, from[pick], to[pick], class));
        if (mesh->trace)
          printf ("%8.3f %u => %s %s\n", (gdouble) mesh->now / 1000, from[pick], p->name, packet_name (bytes));
        add_event (p, (TyEvent){ .type = TY_EVENT_PACKET, .peer = from[pick], .packet = bytes });
        break;
      }
  mesh_step (p);
  return TRUE;
}

static void
notice_dead (Mesh *mesh)
{
  for (guint d = 0; d < mesh->procs->len; d++)
    {
      Proc *dead = mesh->procs->pdata[d];
      if (dead->alive)
        continue;
      for (guint i = 0; i < mesh->procs->len; i++)
        {
          gboolean unread = FALSE;
          for (guint c = 0; c < TY_N_CLASSES; c++)
            unread |= !g_queue_is_empty (queue (mesh, d, i, c));
          if (!unread || !((Proc *) mesh->procs->pdata[i])->alive)
            end_session_of_dead (mesh, d, i);
        }
    }
}

static void
pass_time (Mesh *mesh)
{
  gint64 next = G_MAXINT64;
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      Proc *p = mesh->procs->pdata[i];
      if (p->alive && !p->stopped)
        next = MIN (next, p->events->len > 0 || ty_node_pending (p->node) ? mesh->now : deadline (p));
    }
  resume (mesh);
  gint64 to = mesh->now + 20000;
  mesh->now = MAX (mesh->now + 50, MIN (next, to));
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      Proc *p = mesh->procs->pdata[i];
      if (p->alive && !p->stopped && (p->events->len > 0 || ty_node_pending (p->node) || deadline (p) <= mesh->now))
        mesh_step (p);
    }
}

void
mesh_move (Mesh *mesh)
{
  mesh->moves++;
  notice_dead (mesh);
  for (guint i = 0; i < mesh->procs->len; i++)
    {
      Proc *p = mesh->procs->pdata[i];
      if (p->alive && !p->stopped && (p->events->len > 0 || ty_node_pending (p->node)) && mesh_chance (mesh, 0.5))
        mesh_step (p);
    }
  if ((!mesh->calm && mesh_chance (mesh, 0.05)) || !deliver_one (mesh))
    pass_time (mesh);
  mesh->now += 5;
}

void
mesh_run (Mesh *mesh, gint64 duration_us)
{
  gint64 until = mesh->now + duration_us;
  while (mesh->now < until)
    mesh_move (mesh);
}
