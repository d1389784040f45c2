/* tests/transport/stub-node.c: see stub-node.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stub-node.h"

struct _TyNode
{
  TyNodeConfig config;
  TyId pid;
  char *name;
  StubStep step;
  gpointer user_data;
  GArray *effects;
  gboolean pending;
  gboolean stepping;
  gboolean effects_out;
  gint64 deadline_us;
  gint64 now_us;
  guint steps;
};

void
ty_node_config_init (TyNodeConfig *config)
{
  *config = (TyNodeConfig){
    .suspect_after_us = G_USEC_PER_SEC,
    .heartbeat_us = 100 * 1000,
    .handshake_us = 5 * G_USEC_PER_SEC,
    .max_half_open = 128,
    .max_half_open_from = 64,
    .refusal_is_death = TRUE,
    .max_message_bytes = 64 * 1024 * 1024,
    .window_bytes = 4 * 1024 * 1024,
    .busy_poll_us = 50,
  };
}

TyNode *
ty_node_new (const TyNodeConfig *config, const TyId *pid, const char *name, const TyModules *modules,
             const TyWorld *world)
{
  TyNode *node = g_new0 (TyNode, 1);
  node->config = *config;
  node->pid = *pid;
  node->name = g_strdup (name);
  node->effects = g_array_new (FALSE, TRUE, sizeof (TyEffect));
  node->deadline_us = G_MAXINT64;
  return node;
}

static void
clear_effects (TyNode *node)
{
  for (guint i = 0; i < node->effects->len; i++)
    {
      TyEffect *effect = &g_array_index (node->effects, TyEffect, i);
      g_free (effect->address);
      g_clear_pointer (&effect->bytes, g_bytes_unref);
    }
  g_array_set_size (node->effects, 0);
}

void
ty_node_free (TyNode *node)
{
  clear_effects (node);
  g_array_unref (node->effects);
  g_free (node->name);
  g_free (node);
}

const char *
ty_node_get_name (const TyNode *node)
{
  return node->name;
}

const TyId *
ty_node_get_pid (const TyNode *node)
{
  return &node->pid;
}

const TyNodeConfig *
ty_node_get_config (const TyNode *node)
{
  return &node->config;
}

void
ty_node_step (TyNode *node, const TyEvent *events, guint n_events, gint64 now_us)
{
  g_assert (!node->stepping && !node->effects_out && now_us >= node->now_us);
  node->stepping = TRUE;
  node->now_us = now_us;
  node->pending = FALSE;
  if (now_us >= node->deadline_us)
    node->deadline_us = G_MAXINT64;
  node->steps++;
  if (node->step != NULL)
    node->step (node, events, n_events, now_us, node->user_data);
  node->stepping = FALSE;
  node->effects_out = TRUE;
}

const TyEffect *
ty_node_effects (TyNode *node, guint *n_effects)
{
  *n_effects = node->effects->len;
  return (const TyEffect *) node->effects->data;
}

void
ty_node_effects_done (TyNode *node)
{
  g_assert (node->effects_out);
  node->effects_out = FALSE;
  clear_effects (node);
}

gint64
ty_node_deadline (const TyNode *node)
{
  return node->deadline_us;
}

gboolean
ty_node_pending (const TyNode *node)
{
  return node->pending;
}

void
stub_node_set_step (TyNode *node, StubStep step, gpointer user_data)
{
  node->step = step;
  node->user_data = user_data;
}

void
stub_node_effect (TyNode *node, const TyEffect *effect)
{
  TyEffect copy = *effect;
  g_assert (node->stepping);
  copy.address = g_strdup (effect->address);
  if (copy.bytes != NULL)
    g_bytes_ref (copy.bytes);
  g_array_append_val (node->effects, copy);
}

void
stub_node_set_pending (TyNode *node, gboolean pending)
{
  node->pending = pending;
}

void
stub_node_set_deadline (TyNode *node, gint64 deadline_us)
{
  node->deadline_us = deadline_us;
}

guint
stub_node_steps (TyNode *node)
{
  return node->steps;
}
