/* tests/ordering/scenarios-total.c: "total" while a view lasts, by hand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenarios.h"

/* Golden: floor, then the clock of the plain messages. */
static void
test_stamps (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 1);
  probe_send (p, "a");
  g_assert_true (probe_packet (p, 0, "01010101"));
  probe_take (p, 0, "f", "");
  probe_take (p, 2, "ca", "00");
  probe_pump (p);
  assert_log (p, "(00) 1:1 0:1 2:1");
  /* The floor rises by 1; of both others there is one more: a bit each. */
  probe_send (p, "c");
  probe_send (p, "f");
  probe_send (p, "s");
  assert_log (p, "(010300) () (00)");
  /* Sequenced messages are stated by the floor alone. */
  g_assert_true (probe_packet (p, 0, "01020201"));
  probe_pump (p);
  probe_send (p, "a");
  assert_log (p, "1:2 1:3 2:2 (01)");
  /* A plain message is stated also when it was delivered in one go with a sequenced one after it. */
  g_assert_true (probe_packet (p, 0, "01030101"));
  g_assert_true (probe_packet (p, 0, "0203"));
  g_assert_true (probe_packet (p, 2, "0203"));
  g_assert_true (probe_packet (p, 0, "01040001"));
  probe_pump (p);
  assert_log (p, "<0203> 1:4");
  probe_take (p, 0, "fa", "00");
  probe_pump (p);
  probe_send (p, "c");
  assert_log (p, "0:2-3 (020001)");
}

/* Golden: one ORDER packet for all that came in a step, runs of one sender in one; ACK; gossip; digest. */
static void
test_packets (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 0);
  probe_take (p, 1, "afa", "00");
  probe_take (p, 2, "a", "00");
  probe_take (p, 2, "s", "00");
  probe_take (p, 1, "f", "");
  probe_take (p, 1, "a", "00");
  probe_pump (p);
  assert_log (p, "<0101010202020101> <0204> 1:1-3 1:4 2:1");
  g_assert_true (probe_packet (p, 1, "0204"));
  probe_pump (p);
  assert_log (p, "");
  g_assert_true (probe_packet (p, 2, "0204"));
  probe_pump (p);
  assert_log (p, "2:2 1:5");
  assert_digest (p, "000301020202010104");

  /* Nothing is known to be with all yet. */
  g_autofree char *nothing = probe_gossips (p, 1);
  g_assert_cmpstr (nothing, ==, "");
  /* What everyone has delivered is forgotten, by whole runs. */
  g_assert_true (probe_gossip (p, 1, "04"));
  assert_digest (p, "000301020202010104");
  g_assert_true (probe_gossip (p, 2, "03"));
  assert_digest (p, "02020202010104");
  g_assert_true (probe_gossip (p, 2, "02"));
  assert_digest (p, "02020202010104");
  g_assert_true (probe_gossip (p, 1, "05"));
  g_assert_true (probe_gossip (p, 2, "05"));
  assert_digest (p, "050004");
  g_autofree char *gossip = probe_gossips (p, 1), *again = probe_gossips (p, 1), *other = probe_gossips (p, 2);
  g_assert_cmpstr (gossip, ==, "05");
  g_assert_cmpstr (again, ==, "");
  g_assert_cmpstr (other, ==, "05");
  /* And what comes then goes on from there. */
  probe_take (p, 1, "a", "00");
  probe_pump (p);
  assert_log (p, "<01060101> 1:6");
  assert_digest (p, "0501010104");
}

/* The order may come before the messages, and then waits for them. */
static void
test_agreed (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  g_assert_true (probe_packet (p, 0, "010101010002"));
  probe_take (p, 0, "aa", "00");
  probe_pump (p);
  assert_log (p, "");
  assert_wait (p, 0, TY_WAIT_PREDECESSOR, 1, 1);
  probe_take (p, 1, "aa", "00");
  probe_pump (p);
  assert_log (p, "1:1 0:1-2");
  assert_wait (p, 1, TY_WAIT_ORDER, 0, 0);
  g_assert_true (probe_packet (p, 0, "01040101"));
  assert_wait (p, 1, TY_WAIT_NOTHING, 0, 0);
  probe_pump (p);
  assert_log (p, "1:2");
}

/* Part of a batch may have its ordinals; its plain messages wait for those before them. */
static void
test_part_of_a_batch (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  probe_take (p, 1, "facaf", "00");
  probe_take (p, 0, "a", "00");
  probe_pump (p);
  assert_log (p, "1:1");
  g_assert_true (probe_packet (p, 0, "010101010001"));
  probe_pump (p);
  assert_log (p, "1:2-3 0:1");
  g_assert_true (probe_packet (p, 0, "01030101"));
  probe_pump (p);
  assert_log (p, "1:4-5");
}

static void
test_floor (void)
{
  g_autoptr (Probe) p = probe_new ("total", 4, 3);
  probe_take (p, 2, "fc", "01");
  probe_take (p, 1, "a", "00");
  probe_pump (p);
  assert_log (p, "2:1");
  assert_wait (p, 2, TY_WAIT_FLOOR, 0, 1);
  g_assert_true (probe_packet (p, 0, "01010101"));
  probe_pump (p);
  assert_log (p, "1:1 2:2");
}

static void
test_sequencer_stands_still (void)
{
  g_autoptr (Probe) p = probe_new ("total", 2, 0);
  probe_take (p, 1, "f", "");
  probe_mode (p, FALSE, FALSE);
  probe_take (p, 1, "as", "00");
  probe_pump (p);
  assert_log (p, "");
  assert_digest (p, "000000");
  assert_wait (p, 1, TY_WAIT_MODE, 0, 0);
  /* It delivers again, but may still not promise: no order comes. */
  probe_mode (p, TRUE, FALSE);
  probe_pump (p);
  assert_log (p, "1:1");
  assert_wait (p, 1, TY_WAIT_ORDER, 0, 0);
}

/* M6: only who holds the predecessors of a safe message, and theirs, acknowledges it. */
static void
test_safe_promise (void)
{
  g_autoptr (Probe) p = probe_new ("total", 4, 3);
  g_assert_true (probe_packet (p, 0, "01010101"));
  probe_pump (p);
  probe_take (p, 1, "s", "000201"); /* after 2:1 */
  probe_pump (p);
  assert_log (p, "");
  probe_take (p, 2, "c", "000001"); /* after 0:1 */
  probe_pump (p);
  assert_log (p, "");
  probe_take (p, 0, "f", "");
  probe_pump (p);
  assert_log (p, "<0201> 0:1 2:1");
  assert_digest (p, "0001010101");
  g_assert_true (probe_packet (p, 0, "0201"));
  g_assert_true (probe_packet (p, 1, "0201"));
  probe_pump (p);
  assert_log (p, "");
  assert_wait (p, 1, TY_WAIT_STABLE, 2, 1);
  g_assert_true (probe_packet (p, 2, "0201"));
  probe_pump (p);
  assert_log (p, "1:1");
}

/* Held, not delivered, is enough: also where an earlier ordinal waits to be safe, or deliveries stand still. */
static void
test_safe_held (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  probe_mode (p, FALSE, TRUE);
  probe_take (p, 1, "a", "00");
  probe_take (p, 0, "cs", "01");
  probe_pump (p);
  assert_log (p, "");
  g_assert_true (probe_packet (p, 0, "010101010001"));
  probe_pump (p);
  assert_log (p, "<0202>");
  probe_mode (p, TRUE, TRUE);
  probe_pump (p);
  assert_log (p, "1:1 0:1");
}

/* Acknowledged is no further than a safe message needs, and nothing where there is none. */
static void
test_safe_need (void)
{
  g_autoptr (Probe) p = probe_new ("total", 2, 1);
  probe_take (p, 0, "a", "00");
  g_assert_true (probe_packet (p, 0, "01010001"));
  probe_pump (p);
  assert_log (p, "0:1");
  probe_take (p, 0, "asa", "00");
  probe_pump (p);
  assert_log (p, "");
  g_assert_true (probe_packet (p, 0, "01020003"));
  probe_pump (p);
  assert_log (p, "<0203> 0:2");
  g_assert_true (probe_packet (p, 0, "0203"));
  probe_pump (p);
  assert_log (p, "0:3-4");
}

/* An acknowledgement covers what it names, and not one more of the same batch. */
static void
test_safe_exactly (void)
{
  g_autoptr (Probe) p = probe_new ("total", 2, 1);
  probe_take (p, 0, "sss", "00");
  g_assert_true (probe_packet (p, 0, "01010003"));
  g_assert_true (probe_packet (p, 0, "0202"));
  probe_pump (p);
  assert_log (p, "<0203> 0:1-2");
  assert_wait (p, 0, TY_WAIT_STABLE, 0, 3);
  g_assert_true (probe_packet (p, 0, "0201"));
  probe_pump (p);
  assert_log (p, "");
  g_assert_true (probe_packet (p, 0, "0209"));
  probe_pump (p);
  assert_log (p, "0:3");
}

/* V3: after STATE nothing is acknowledged and nothing delivered, whatever is learnt. */
static void
test_safe_after_state (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  probe_take (p, 0, "s", "00");
  g_assert_true (probe_packet (p, 0, "01010001"));
  probe_pump (p);
  assert_log (p, "<0201>");
  probe_mode (p, FALSE, FALSE);
  g_assert_true (probe_packet (p, 0, "0201"));
  g_assert_true (probe_packet (p, 1, "0201"));
  probe_take (p, 0, "s", "00");
  g_assert_true (probe_packet (p, 0, "01020001"));
  probe_pump (p);
  assert_log (p, "");
  assert_digest (p, "0001000201");
}

static void
test_order_refused (void)
{
  static const char *const bad[] = {
    "",
    "00",
    "03",
    "0301",
    "01", /* not a packet */
    "0101",
    "01000101",
    "01010401",
    "01010100",
    "010101", /* no run, ordinal 0, no such rank, no count, half a run */
    "01050101",
    "01010180",
    "0101010103",
    "01020201",
    "0101010100ff",               /* a gap; cut short */
    "0101010201020201",           /* contradicts what is known at its end */
    "0101ffffffffffffffff7f01",   /* absurd rank */
    "010101ffffffffffffffffff01", /* absurd count */
    "010201ffffffffffffffff7f",   /* too many ordinals together */
    "0200",
    "02",
    "020101",
    "02ffffffffffffffffff01", /* acknowledgements */
  };
  g_autoptr (Probe) p = probe_new ("total", 4, 3);
  g_assert_true (probe_packet (p, 0, "010101020201"));
  assert_digest (p, "00020102020100");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (probe_packet (p, 0, bad[i]));
      assert_digest (p, "00020102020100");
    }
  g_assert_false (probe_packet (p, 1, "01040101"));
  g_assert_false (probe_gossip (p, 0, "0000"));
  g_assert_false (probe_gossip (p, 0, "80"));
  g_assert_false (probe_gossip (p, 1, "00")); /* not for it to say */
  g_assert_false (probe_gossip (p, 0, "01")); /* not delivered here */
  g_assert_false (probe_gossip (p, 3, "01"));
  assert_digest (p, "00020102020100");

  /* What is known may come again; the rest is new. */
  g_assert_true (probe_packet (p, 0, "0102010102010301"));
  assert_digest (p, "000301020201030100");
  g_assert_true (probe_packet (p, 0, "01010102"));
  assert_digest (p, "000301020201030100");
  /* After STATE runs may have been left out. */
  probe_mode (p, FALSE, FALSE);
  g_assert_true (probe_packet (p, 0, "01090101"));
  assert_digest (p, "000301020201030100");
}

static void
test_stamps_refused (void)
{
  static const char *const bad[] = {
    "",
    "80",
    "0001",
    "000000", /* no floor, half a floor, half an entry, no number */
    "000101",
    "000401",
    "00000180",             /* its own rank, no such rank */
    "ffffffffffffffffff01", /* absurd */
  };
  g_autoptr (Probe) p = probe_new ("total", 4, 3);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (probe_take (p, 1, "a", bad[i]));
  g_assert_false (probe_take (p, 1, "ff", "00"));
  g_assert_true (probe_take (p, 1, "c", "ffffffffffffffff7f"));
  g_assert_false (probe_take (p, 1, "a", "01"));
  g_assert_true (probe_take (p, 1, "a", "00"));
  /* A floor that the message itself would have to come before is its sender's lie: it waits, and harms nobody else. */
  g_assert_true (probe_packet (p, 0, "010102010101"));
  probe_take (p, 2, "a", "00");
  probe_pump (p);
  assert_log (p, "2:1");
  assert_wait (p, 1, TY_WAIT_FLOOR, 0, G_MAXINT64);
}

static void
test_alone (void)
{
  g_autoptr (Probe) p = probe_new ("total", 1, 0);
  probe_send (p, "fcas");
  probe_pump (p);
  assert_log (p, "(00) 0:1-4");
  assert_digest (p, "020002");
  probe_send (p, "s");
  probe_mode (p, FALSE, FALSE);
  probe_pump (p);
  probe_close (p, "0200", 5u);
  assert_log (p, "(02) 0:5");
}

void
add_total_scenarios (void)
{
  g_test_add_func ("/ordering/total/stamps", test_stamps);
  g_test_add_func ("/ordering/total/packets", test_packets);
  g_test_add_func ("/ordering/total/agreed", test_agreed);
  g_test_add_func ("/ordering/total/part-of-a-batch", test_part_of_a_batch);
  g_test_add_func ("/ordering/total/floor", test_floor);
  g_test_add_func ("/ordering/total/sequencer-stands-still", test_sequencer_stands_still);
  g_test_add_func ("/ordering/total/safe-promise", test_safe_promise);
  g_test_add_func ("/ordering/total/safe-held", test_safe_held);
  g_test_add_func ("/ordering/total/safe-need", test_safe_need);
  g_test_add_func ("/ordering/total/safe-exactly", test_safe_exactly);
  g_test_add_func ("/ordering/total/safe-after-state", test_safe_after_state);
  g_test_add_func ("/ordering/total/order-refused", test_order_refused);
  g_test_add_func ("/ordering/total/stamps-refused", test_stamps_refused);
  g_test_add_func ("/ordering/total/alone", test_alone);
}
