/* tests/core/test-lost.c: what a lost session leaves behind is no nonsense, and a round makes it good (N1, V9).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/core/rig.h"

static gboolean
lose_ordering_to_c (Rig *rig, const Carried *carried)
{
  return carried->type == TY_PACKET_ORDERING && carried->to == 2;
}

static void
send_one (Rig *rig, guint from)
{
  GError *error = NULL;
  ty_group_send (rig->boxes[from].group, TY_SERVICE_AGREED, "x", 1, &error);
  g_assert_no_error (error);
  rig_run (rig);
}

/* The session between a, who numbers, and c is lost, and a new one stands; a does not know it yet, and goes on with its
 * order. To c that has a gap: it is honest all the same. */
static void
test_order_behind_a_lost_session (void)
{
  Rig *rig = rig_new ();
  rig_form (rig, 3, "total");
  Box *c = &rig->boxes[2];
  rig->lose = lose_ordering_to_c;
  send_one (rig, 1);
  send_one (rig, 1);
  GBytes *second = rig_packet (rig, 0, 2, TY_PACKET_ORDERING, -1);
  g_assert_false (g_bytes_equal (second, rig_packet (rig, 0, 2, TY_PACKET_ORDERING, -2)));
  rig->lose = NULL;
  rig_event (c, (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = 0 });
  rig_event (&rig->boxes[0], (TyEvent){ .type = TY_EVENT_PEER_LOST, .peer = 2 });
  c->session[0] = rig->boxes[0].session[2] = FALSE;
  rig_session (rig, 0, 2);
  rig_event (c, (TyEvent){ .type = TY_EVENT_PACKET, .peer = 0, .packet = g_bytes_ref (second) });
  rig_step (c);
  g_assert_cmpuint (ty_node_refused_packets (c->node), ==, 0);
  g_assert_true (c->session[0]);
  rig_advance (rig, 2 * G_USEC_PER_SEC);
  for (guint i = 0; i < rig->n_boxes; i++)
    {
      g_autofree char *told = rig_told (&rig->boxes[i]);
      g_assert_true (g_str_has_prefix (told, "deliver 1:1-1, deliver 1:2-2, view 4 of 3, ")
                     || g_str_has_prefix (told, "deliver 1:1-2, view 4 of 3, "));
      g_assert_cmpuint (ty_node_refused_packets (rig->boxes[i].node), ==, 0);
    }
  rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/lost/order-behind-a-lost-session", test_order_behind_a_lost_session);
  return g_test_run ();
}
