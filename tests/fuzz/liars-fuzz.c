/* tests/fuzz/liars-fuzz.c: liars among step machines.
 *
 * Groups live a normal life on the mesh (they are founded and joined, with states, send in all services, lose
 * members), while some processes lie: what they send is tampered with on its way, old packets come again, and
 * packets are made up in their name (lies.h).  Liars are members, joiners, and a stranger that has a session with
 * everybody and is in no group.  What is promised then is not agreement; it is that nobody crashes, hangs, or takes
 * memory without bound, and that what is malformed is refused and counted.  With nobody lying, nothing at all may be
 * refused.
 *
 * fuzz-liars [--seeds A..B] [--seed N] [--seconds S] [--trace]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-private.h"
#include "membership/membership.h"
#include "tests/engine/mesh.h"
#include "tests/fuzz/drive.h"
#include "tests/fuzz/lies.h"
#include "tests/fuzz/mutate.h"

#define POOL 400
/* With the small limits that processes are given here, all of a run together never needs more. */
#define MOST_ALLOCATED ((gsize) 256 << 20)

typedef struct
{
  Mesh *mesh;
  GRand *rand;
  const char *ordering;
  guint strongest;
  gboolean liar[64];
  guint stranger;  /* index */
  GPtrArray *pool; /* of GBytes: packets seen */
  guint spawned;
  guint lies;      /* percent of moves with a made-up packet */
  guint tampers;   /* percent of moves with a packet changed on its way */
  guint64 refused; /* of those that are gone */
} Fuzz;

static gboolean trace_arg;
static const GOptionEntry options[] = {
  { "trace", 0, 0, G_OPTION_ARG_NONE, &trace_arg, "Say everything", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static Proc *
proc (const Fuzz *f, guint i)
{
  return f->mesh->procs->pdata[i];
}

static Proc *
spawn (Fuzz *f, gboolean takes_state)
{
  g_autofree char *name = g_strdup_printf ("p%u", f->spawned++);
  return mesh_spawn (f->mesh, name, f->ordering, takes_state);
}

static gboolean
is_in (const Proc *p)
{
  return p->alive && p->group != NULL && p->entered && !p->excluded && !p->left;
}

static void
join (Fuzz *f, Proc *p)
{
  const char *contacts[5] = { NULL };
  guint n = 0;
  for (guint i = 0; i < f->mesh->procs->len && n < 4; i++)
    if (proc (f, i) != p && is_in (proc (f, i)))
      contacts[n++] = proc (f, i)->address;
  if (n > 0)
    ty_group_join (p->group, contacts, 5000000, NULL);
}

static void
send_some (Fuzz *f, Proc *p)
{
  guint8 data[600] = { 0 };
  for (guint n = 1 + fuzz_below (f->rand, 4); n > 0 && is_in (p); n--)
    {
      TyService service = (TyService) fuzz_below (f->rand, f->strongest + 1);
      ty_group_send (p->group, service, data, fuzz_below (f->rand, fuzz_chance (f->rand, 10) ? sizeof data : 20), NULL);
    }
}

static void
fault (Fuzz *f)
{
  guint n = f->mesh->procs->len, in = 0;
  Proc *p = proc (f, fuzz_below (f->rand, n));
  for (guint i = 0; i < n; i++)
    in += is_in (proc (f, i));
  switch (fuzz_below (f->rand, 6))
    {
    case 0:
      if (in > 2 && p->index != f->stranger && p->node != NULL)
        {
          f->refused += ty_node_refused_packets (p->node);
          mesh_crash (p);
        }
      break;
    case 1:
      mesh_lose (f->mesh, p->index, fuzz_below (f->rand, n));
      break;
    case 2:
      if (is_in (p) && in > 1)
        ty_group_leave (p->group, NULL);
      break;
    default:
      if (in < 5 && f->spawned < 40)
        {
          Proc *joiner = spawn (f, fuzz_chance (f->rand, 50));
          f->liar[joiner->index] = f->lies > 0 && fuzz_chance (f->rand, 30);
          join (f, joiner);
        }
      break;
    }
}

/* V13: all of them together, one of them a liar perhaps. */
static void
found_together (Fuzz *f, guint n)
{
  const char *names[8] = { NULL }, *addresses[8] = { NULL };
  g_assert (n < G_N_ELEMENTS (names));
  for (guint i = 0; i < n; i++)
    {
      const Proc *p = spawn (f, FALSE);
      names[i] = p->name;
      addresses[i] = p->address;
    }
  f->liar[n - 1] = f->lies > 0;
  for (guint i = 0; i < n; i++)
    ty_group_found_with (proc (f, i)->group, names, addresses, NULL, 0, NULL);
}

/* ---- Lying ---- */

static void
remember (Fuzz *f, GBytes *packet)
{
  if (f->pool->len < POOL)
    {
      g_ptr_array_add (f->pool, g_bytes_ref (packet));
      return;
    }
  gpointer *place = &f->pool->pdata[fuzz_below (f->rand, POOL)];
  g_bytes_unref (*place);
  *place = g_bytes_ref (packet);
}

static GBytes *
old_packet (Fuzz *f)
{
  return f->pool->len > 0 ? f->pool->pdata[fuzz_below (f->rand, f->pool->len)] : NULL;
}

static GBytes *
mutated (Fuzz *f, GBytes *packet)
{
  gsize len, other_len;
  const guint8 *data = g_bytes_get_data (packet, &len);
  GBytes *other = old_packet (f);
  GByteArray *bytes;
  if (other != NULL && fuzz_chance (f->rand, 10))
    {
      const guint8 *other_data = g_bytes_get_data (other, &other_len);
      bytes = fuzz_splice (f->rand, data, len, other_data, other_len);
    }
  else
    {
      bytes = g_byte_array_new ();
      g_byte_array_append (bytes, data, (guint) len);
    }
  if (fuzz_chance (f->rand, 8) && bytes->len > 0)
    bytes->data[0] = (guint8) fuzz_below (f->rand, 37);
  else
    fuzz_mutate (f->rand, bytes);
  return g_byte_array_free_to_bytes (bytes);
}

static Proc *
pick_liar (Fuzz *f)
{
  for (guint tries = 0; tries < 20; tries++)
    {
      Proc *p = proc (f, fuzz_below (f->rand, f->mesh->procs->len));
      if (p->alive && f->liar[p->index])
        return p;
    }
  return proc (f, f->stranger);
}

static void
make_up (Fuzz *f)
{
  Proc *from = pick_liar (f), *to = proc (f, fuzz_below (f->rand, f->mesh->procs->len));
  if (from == to || !to->alive || to->group == NULL)
    return;
  mesh_meet (f->mesh, from->index, to->index);
  if (!mesh_has_session (f->mesh, from->index, to->index))
    return;
  GBytes *packet;
  GBytes *old = old_packet (f);
  guint what = fuzz_below (f->rand, 20);
  if (what == 0)
    packet = g_byte_array_free_to_bytes (fuzz_bytes (f->rand, 60));
  else if (what < 4 && old != NULL)
    packet = g_bytes_ref (old);
  else if (what < 6 && old != NULL)
    packet = mutated (f, old);
  else
    packet = lie_make (f->rand, from, to);
  if (what > 16)
    {
      g_autoptr (GBytes) whole = packet;
      packet = mutated (f, whole);
    }
  g_queue_push_head (mesh_queue (f->mesh, from->index, to->index, TY_CLASS_CONTROL), packet);
}

static void
tamper (Fuzz *f)
{
  Proc *from = pick_liar (f);
  guint to = fuzz_below (f->rand, f->mesh->procs->len);
  GQueue *queue = mesh_queue (f->mesh, from->index, to, (TyClass) fuzz_below (f->rand, TY_N_CLASSES));
  guint n = g_queue_get_length (queue);
  if (n == 0)
    return;
  GList *link = g_queue_peek_nth_link (queue, fuzz_below (f->rand, n));
  GBytes *packet = link->data;
  link->data = mutated (f, packet);
  if (fuzz_chance (f->rand, 10))
    g_queue_push_tail (queue, packet);
  else
    g_bytes_unref (packet);
}

static void
look_around (Fuzz *f)
{
  guint n = f->mesh->procs->len;
  GQueue *queue = mesh_queue (f->mesh, fuzz_below (f->rand, n), fuzz_below (f->rand, n),
                              (TyClass) fuzz_below (f->rand, TY_N_CLASSES));
  if (!g_queue_is_empty (queue))
    remember (f, g_queue_peek_head (queue));
}

/* ---- Demands ---- */

static guint64
refused (const Fuzz *f)
{
  guint64 sum = f->refused;
  for (guint i = 0; i < f->mesh->procs->len; i++)
    if (proc (f, i)->node != NULL)
      sum += ty_node_refused_packets (proc (f, i)->node);
  return sum;
}

static void
check (const Fuzz *f)
{
  g_assert_cmpuint (fuzz_allocated (), <, MOST_ALLOCATED);
  for (guint i = 0; i < f->mesh->procs->len; i++)
    {
      const TyGroup *group = proc (f, i)->alive ? proc (f, i)->group : NULL;
      if (group == NULL)
        continue;
      g_assert_cmpuint (group->future_bytes, <=, 2 * ty_group_future_limit (group));
      g_assert_cmpuint (group->membership->records->len, <=, 64);
      g_assert_cmpuint (group->membership->joiners->len, <=, f->mesh->procs->len);
    }
}

static void
run (guint64 seed)
{
  static const char *const orderings[] = { "fifo", "causal", "total" };
  Fuzz f = { .mesh = mesh_new ((guint32) seed), .rand = g_rand_new_with_seed ((guint32) seed + 77) };
  guint o = fuzz_below (f.rand, 4);
  f.ordering = orderings[MIN (o, 2)];
  f.strongest = o == 0 ? TY_SERVICE_FIFO : o == 1 ? TY_SERVICE_CAUSAL : TY_SERVICE_SAFE;
  f.pool = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  f.mesh->trace = trace_arg;
  f.mesh->config.max_message_bytes = 4096;
  f.mesh->config.window_bytes = 16 * 1024;
  f.mesh->config.spill_bytes = 32 * 1024;
  gboolean honest = fuzz_chance (f.rand, 15);
  f.lies = honest ? 0 : 1 + fuzz_below (f.rand, fuzz_chance (f.rand, 30) ? 40 : 6);
  f.tampers = honest ? 0 : fuzz_below (f.rand, fuzz_chance (f.rand, 30) ? 40 : 6);

  if (fuzz_chance (f.rand, 20))
    found_together (&f, 2 + fuzz_below (f.rand, 3));
  else
    ty_group_found (spawn (&f, FALSE)->group, NULL);
  if (fuzz_chance (f.rand, 80))
    mesh_run (f.mesh, 10000);
  for (guint n = 1 + fuzz_below (f.rand, 4); n > 0; n--)
    {
      Proc *p = spawn (&f, fuzz_chance (f.rand, 50));
      f.liar[p->index] = !honest && fuzz_chance (f.rand, 40);
      join (&f, p);
      if (fuzz_chance (f.rand, 70))
        mesh_run (f.mesh, 50000);
    }
  f.stranger = spawn (&f, FALSE)->index;
  f.liar[f.stranger] = TRUE;
  guint moves = 200 + fuzz_below (f.rand, 2500), faults = fuzz_below (f.rand, 10);
  for (guint i = 0; i < moves; i++)
    {
      look_around (&f);
      if (fuzz_chance (f.rand, 15))
        send_some (&f, proc (&f, fuzz_below (f.rand, f.mesh->procs->len)));
      if (fuzz_below (f.rand, 1000) < faults)
        fault (&f);
      if (fuzz_chance (f.rand, f.lies))
        make_up (&f);
      if (fuzz_chance (f.rand, f.tampers))
        tamper (&f);
      mesh_move (f.mesh);
      if (i % 64 == 0)
        check (&f);
    }
  mesh_run (f.mesh, 3000000);
  check (&f);
  if (honest)
    g_assert_cmpuint (refused (&f), ==, 0);
  g_ptr_array_unref (f.pool);
  mesh_free (f.mesh);
  g_rand_free (f.rand);
}

int
main (int argc, char **argv)
{
  const FuzzProgram program
      = { .name = "fuzz-liars", .last_seed = 200, .seconds = 120, .options = options, .run = run };
  return fuzz_drive (&program, argc, argv);
}
