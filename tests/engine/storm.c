/* tests/engine/storm.c: the course of a run, and what a seed draws; see storm.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm-private.h"

#include "core/packet.h"

#include <stdio.h>

static void
draw_parameters (Storm *s)
{
  static const char *const orderings[] = { "fifo", "causal", "total", "total" };
  static const gsize windows[] = { 300, 5000, 4 << 20 }, largest[] = { 64, 64, 3000, 70000 };
  static const gint64 suspect_after[] = { 50000, 200000, 1000000 };
  GRand *rand = s->mesh->rand;
  guint o = (guint) g_rand_int_range (rand, 0, 4);
  s->ordering = orderings[o];
  s->strongest = o == 0 ? TY_SERVICE_FIFO : o == 1 ? TY_SERVICE_CAUSAL : TY_SERVICE_SAFE;
  TyNodeConfig *config = &s->mesh->config;
  s->most = mesh_chance (s->mesh, 0.2) ? 14 : 7;
  s->seconds = mesh_chance (s->mesh, 0.2);
  s->weights = mesh_chance (s->mesh, 0.3);
  s->unlike = mesh_chance (s->mesh, 0.3);
  s->drift = mesh_chance (s->mesh, 0.5);
  s->slow_load = mesh_chance (s->mesh, 0.4);
  s->founding = mesh_chance (s->mesh, 0.1);
  s->largest = largest[g_rand_int_range (rand, 0, G_N_ELEMENTS (largest))];
  config->suspect_after_us = suspect_after[g_rand_int_range (rand, 0, G_N_ELEMENTS (suspect_after))];
  config->heartbeat_us = config->suspect_after_us / 10;
  config->window_bytes = windows[g_rand_int_range (rand, 0, G_N_ELEMENTS (windows))];
  config->gather_above = mesh_chance (s->mesh, 0.3) ? (guint) g_rand_int_range (rand, 1, 5) : 0;
  if (mesh_chance (s->mesh, 0.3))
    config->spill_bytes = (gsize) g_rand_int_range (rand, 0, 400);
  if (mesh_chance (s->mesh, 0.5))
    config->max_message_bytes = s->largest;
  static const gdouble leases[] = { 0.25, 1, 1.5, 3 };
  gdouble lease = mesh_chance (s->mesh, 0.4) ? leases[g_rand_int_range (rand, 0, G_N_ELEMENTS (leases))] : 0;
  s->rounds = mesh_chance (s->mesh, 0.5);
  s->simple = mesh_chance (s->mesh, 0.6);
  if (s->lingers)
    {
      s->rounds = TRUE;
      s->founding = mesh_chance (s->mesh, 0.4);
    }
  if (s->simple)
    lease = 0;
  config->lease_us = (gint64) ((gdouble) config->suspect_after_us * lease);
  if (!s->rounds)
    return;
  s->most = 5;
  s->seconds = FALSE;
  s->largest = 64;
  config->suspect_after_us = suspect_after[g_rand_int_range (rand, 0, 2)];
  config->heartbeat_us = config->suspect_after_us / 10;
  config->lease_us = (gint64) ((gdouble) config->suspect_after_us * lease);
}

static void
begin_group (Storm *s)
{
  GError *error = NULL;
  Proc *first = storm_spawn (s, FALSE, NULL);
  first->has_state = TRUE;
  ty_group_found (first->group, &error);
  if (first->second != NULL)
    ty_group_found (first->second, &error);
  mesh_run (s->mesh, 10000);
  guint members = (guint) g_rand_int_range (s->mesh->rand, s->rounds ? 3 : 1, 6);
  for (guint i = 1; i < members; i++)
    storm_join (s, storm_spawn (s, FALSE, NULL), STORM_JOIN_US);
  mesh_run (s->mesh, 300000);
}

static void
found_with (Storm *s, Proc *p, guint n)
{
  const char *names[6] = { NULL }, *addresses[6] = { NULL };
  GError *error = NULL;
  for (guint i = 0; i < n; i++)
    {
      names[i] = ((Proc *) s->mesh->procs->pdata[i])->name;
      addresses[i] = ((Proc *) s->mesh->procs->pdata[i])->address;
    }
  p->has_state = TRUE;
  if (!ty_group_found_with (p->group, names, addresses, p->storage->data, p->storage->len, &error))
    g_error ("%s", error->message);
}

/* ---- Packets that linger ---- */

static guint32 linger_salt;
static gint64 linger_us;

/* For a while at a time packets of one kind do not go from one process to another; by arithmetic, since what is drawn
 * for the faults must not depend on how often this is asked. */
static gboolean
passes (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  guint8 kind = packet[0];
  if (from == to || kind == TY_PACKET_ALIVE || kind > TY_PACKET_DECIDED)
    return TRUE;
  guint64 while_ = (guint64) (mesh->now / linger_us);
  guint64 mixed = linger_salt + 1000003 * while_ + 8191 * from + 131071 * to + 524287 * (guint64) kind;
  mixed = (mixed ^ mixed >> 15) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9;
  return (mixed >> 40) % 10 >= (kind >= TY_PACKET_PREPARE ? 4 : 1);
}

static void
let_linger (Storm *s)
{
  linger_salt = g_rand_int (s->mesh->rand);
  linger_us = (gint64) ((gdouble) s->mesh->config.suspect_after_us * (0.2 + 2 * g_rand_double (s->mesh->rand)));
  s->mesh->pass = passes;
}

/* V13: founders come, go before they are in, and come again. */
static void
begin_by_founders (Storm *s)
{
  guint n = (guint) g_rand_int_range (s->mesh->rand, 2, 6), crashes = 0;
  s->ordering = "total";
  s->strongest = TY_SERVICE_SAFE;
  s->seconds = s->weights = FALSE;
  for (guint i = 0; i < n; i++)
    storm_spawn (s, FALSE, NULL);
  for (guint i = 0; i < n; i++)
    found_with (s, s->mesh->procs->pdata[i], n);
  guint moves = (guint) g_rand_int_range (s->mesh->rand, 50, 1500);
  if (s->lingers)
    let_linger (s);
  for (guint i = 0; i < moves; i++)
    {
      mesh_move (s->mesh);
      Proc *p
          = mesh_chance (s->mesh, 0.03) ? s->mesh->procs->pdata[g_rand_int_range (s->mesh->rand, 0, (gint32) n)] : NULL;
      if (p == NULL)
        continue;
      guint other = (guint) g_rand_int_range (s->mesh->rand, 0, (gint32) n);
      if (mesh_chance (s->mesh, 0.3))
        mesh_cut (s->mesh, p->index, other);
      else if (mesh_chance (s->mesh, 0.5))
        mesh_heal_all (s->mesh);
      else if (p->alive && !p->entered && crashes++ < 6)
        {
          mesh_crash (p);
          Proc *again = mesh_restart (p);
          found_with (s, again, n);
        }
    }
}

/* Safety: faults, and a judge. */
static void
rage (Storm *s)
{
  GRand *rand = s->mesh->rand;
  static const gdouble often[] = { 0, 0.004, 0.01, 0.02, 0.05 };
  gdouble faults = often[g_rand_int_range (rand, 0, G_N_ELEMENTS (often))];
  gdouble sends = 0.05 * g_rand_int_range (rand, 0, s->rounds ? 3 : 6);
  guint moves = (guint) g_rand_int_range (rand, 100, s->rounds ? 2500 : 4000);
  if (s->rounds)
    faults = MAX (faults * 2, 0.01);
  if (s->lingers)
    let_linger (s);
  for (guint i = 0; i < moves && s->finding == NULL; i++)
    {
      Proc *p = mesh_chance (s->mesh, sends) ? storm_pick (s) : NULL;
      if (p != NULL && !p->stopped)
        storm_send_some (s, p);
      if (mesh_chance (s->mesh, faults))
        storm_fault (s);
      storm_what_was_begun (s);
      mesh_move (s->mesh);
      if (i % 4 == 0)
        storm_look (s, oracle_look_at_leases);
      if (i % 16 == 0)
        storm_each_is_sound (s);
      if (i % 8 == 0)
        storm_look (s, oracle_look_at_values);
    }
  storm_judge (s, TRUE);
  storm_none_refused (s);
}

static void
heal (Storm *s)
{
  if (s->mesh->trace)
    printf ("-- heal everything\n");
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      p->stopped = p->slow = p->tardy = FALSE;
      p->crash_after = -1;
      if (p->alive)
        mesh_load (p);
    }
  mesh_heal_all (s->mesh);
  s->mesh->pass = NULL;
  s->mesh->calm = TRUE;
  mesh_run (s->mesh, 500000);
}

/* Liveness: all is healed, and must come to one view, and to rest. */
static void
settle (Storm *s)
{
  gint64 until = s->mesh->now + 30000000;
  while (s->mesh->now < until && !storm_converged (s))
    mesh_run (s->mesh, 100000);
  if (!storm_converged (s))
    {
      storm_complain (s, "liveness", "no convergence");
      return;
    }
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      if (!storm_seat (p, FALSE).over)
        storm_send_some (s, p);
    }
  until = s->mesh->now + 30000000;
  do
    mesh_run (s->mesh, 200000);
  while (s->mesh->now < until && storm_under_way (s));
  if (storm_under_way (s))
    storm_complain (s, "liveness", "messages are still under way");
  if (!storm_converged (s))
    storm_complain (s, "liveness", "did not stay together");
  /* Who has gone without a word is found out. */
  mesh_run (s->mesh, 3 * MAX (s->mesh->config.suspect_after_us, s->mesh->config.lease_us));
  guint64 before = storm_views (s);
  mesh_run (s->mesh, 2 * s->mesh->config.suspect_after_us);
  if (storm_views (s) != before)
    storm_complain (s, "liveness", "views change without a cause");
  storm_nothing_kept (s);
}

static StormFinding *
run (guint32 seed, gboolean lingers, gboolean trace)
{
  Storm s = { .mesh = mesh_new (seed), .lingers = lingers };
  s.mesh->trace = trace;
  for (guint i = 0; i < 2; i++)
    s.oracles[i] = oracle_new ();
  s.mesh->stepped = storm_stepped;
  s.mesh->stepped_data = &s;
  draw_parameters (&s);
  if (s.founding)
    begin_by_founders (&s);
  else
    begin_group (&s);
  rage (&s);
  if (s.finding == NULL)
    heal (&s);
  if (s.finding == NULL && (storm_may_go_on (&s, FALSE) || storm_may_go_on (&s, TRUE)))
    settle (&s);
  if (s.finding == NULL)
    {
      storm_each_is_sound (&s);
      storm_look (&s, oracle_look_at_values);
      storm_judge (&s, TRUE);
      storm_none_refused (&s);
    }
  mesh_free (s.mesh);
  for (guint i = 0; i < 2; i++)
    oracle_free (s.oracles[i]);
  return s.finding;
}

StormFinding *
storm_run (guint32 seed, gboolean trace)
{
  return run (seed, FALSE, trace);
}

StormFinding *
storm_run_lingering (guint32 seed, gboolean trace)
{
  return run (seed, TRUE, trace);
}
