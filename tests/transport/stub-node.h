/* tests/transport/stub-node.h: a process without a protocol, for tests of the driver: the test is its protocol.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/node.h"

/* Called in each step; adds effects. */
typedef void (*StubStep) (TyNode *node, const TyEvent *events, guint n_events, gint64 now_us, gpointer user_data);

void stub_node_set_step (TyNode *node, StubStep step, gpointer user_data);
/* The strings and bytes are copied, or referenced. */
void stub_node_effect (TyNode *node, const TyEffect *effect);
void stub_node_set_pending (TyNode *node, gboolean pending);
void stub_node_set_deadline (TyNode *node, gint64 deadline_us);
guint stub_node_steps (TyNode *node);
