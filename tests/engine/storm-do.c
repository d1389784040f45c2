/* tests/engine/storm-do.c: comings and goings, and messages; see storm-private.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/engine/storm-private.h"

#include "core/tyet-error.h"

Seat
storm_seat (const Proc *p, gboolean second)
{
  if (!p->alive)
    return (Seat){ .over = TRUE };
  if (second)
    return (Seat){ p->second, p->second_entered, p->second_over || p->second == NULL };
  return (Seat){ p->group, p->entered, p->excluded || p->left || p->failed || p->group == NULL };
}

Proc *
storm_spawn (Storm *s, gboolean takes_state, Proc *instead)
{
  g_autofree char *name = g_strdup_printf ("p%u", s->spawned++);
  TyNodeConfig *config = &s->mesh->config;
  gint64 usual = config->suspect_after_us;
  if (s->unlike)
    config->suspect_after_us = usual * g_rand_int_range (s->mesh->rand, 1, 5) / 2;
  Proc *p = instead != NULL ? mesh_replace (instead, name, s->ordering, takes_state)
                            : mesh_spawn (s->mesh, name, s->ordering, takes_state);
  config->suspect_after_us = usual;
  p->sends_on_view = mesh_chance (s->mesh, 0.2);
  p->hold_load = s->slow_load && mesh_chance (s->mesh, 0.5);
  if (s->weights)
    ty_group_set_weight (p->group, (guint32) g_rand_int_range (s->mesh->rand, 0, 4));
  if (s->drift)
    {
      p->rate = 1 + g_rand_double (s->mesh->rand) / 16;
      p->offset = g_rand_int_range (s->mesh->rand, 0, 1000000);
    }
  if (s->seconds)
    p->second = ty_group_new (p->node, "h", "causal", NULL);
  return p;
}

void
storm_join (Storm *s, Proc *p, gint64 timeout_us)
{
  const char *contacts[5] = { NULL };
  guint n = 0;
  for (guint i = 0; i < s->mesh->procs->len && n < 4; i++)
    {
      Proc *q = s->mesh->procs->pdata[i];
      if (q != p && q->alive && q->entered && !q->excluded && !q->left)
        {
          contacts[n++] = q->address;
          g_ptr_array_add (p->contacts, q);
        }
    }
  GError *error = NULL;
  p->failed = p->second_over = n == 0;
  if (n > 0 && !ty_group_join (p->group, contacts, timeout_us, &error))
    g_error ("%s", error->message);
  if (n > 0 && p->second != NULL && !ty_group_join (p->second, contacts, timeout_us, &error))
    g_error ("%s", error->message);
}

guint
storm_in_group (const Storm *s)
{
  guint n = 0;
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      Proc *p = s->mesh->procs->pdata[i];
      n += p->alive && p->entered && !p->excluded && !p->left;
    }
  return n;
}

Proc *
storm_pick (Storm *s)
{
  for (guint tries = 0; tries < 20; tries++)
    {
      Proc *p = s->mesh->procs->pdata[g_rand_int_range (s->mesh->rand, 0, (gint32) s->mesh->procs->len)];
      if (p->alive && p->group != NULL)
        return p;
    }
  return NULL;
}

Proc *
storm_pick_dead (Storm *s)
{
  for (guint tries = 0; tries < 5; tries++)
    {
      Proc *p = s->mesh->procs->pdata[g_rand_int_range (s->mesh->rand, 0, (gint32) s->mesh->procs->len)];
      gboolean taken = FALSE;
      for (guint i = p->index + 1; i < s->mesh->procs->len; i++)
        taken |= g_str_equal (((Proc *) s->mesh->procs->pdata[i])->address, p->address);
      if (!p->alive && !taken)
        return p;
    }
  return NULL;
}

void
storm_send_some (Storm *s, Proc *p)
{
  static guint8 data[70000];
  guint n = (guint) g_rand_int_range (s->mesh->rand, 1, 5);
  if (p->second != NULL && p->second_entered && !p->second_over)
    ty_group_send (p->second, TY_SERVICE_CAUSAL, data, 10, NULL);
  for (guint i = 0; i < n && p->group != NULL && !p->excluded && !p->left; i++)
    {
      TyService service = (TyService) g_rand_int_range (s->mesh->rand, 0, (gint32) s->strongest + 1);
      gsize len = (gsize) g_rand_int_range (s->mesh->rand, 0, (gint32) s->largest);
      g_autoptr (GError) error = NULL;
      if (ty_group_send (p->group, service, data, len, &error) == 0
          && g_error_matches (error, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
        p->wants_room = p->room + 1;
    }
}

void
storm_isolate (Storm *s, Proc *p, gboolean told)
{
  for (guint i = 0; i < s->mesh->procs->len; i++)
    {
      if (told && i != p->index)
        mesh_lose_at (s->mesh, i, p->index);
      mesh_cut (s->mesh, i, p->index);
    }
}

Proc *
storm_member_at (Storm *s, const Proc *as_seen_by, guint rank)
{
  const TyetView *view = ty_group_get_view (as_seen_by->group);
  for (guint i = 0; view != NULL && rank < view->n_members && i < s->mesh->procs->len; i++)
    if (ty_id_equal (&((Proc *) s->mesh->procs->pdata[i])->pid, &view->members[rank].pid))
      return s->mesh->procs->pdata[i];
  return NULL;
}
