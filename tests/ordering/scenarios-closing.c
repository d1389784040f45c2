/* tests/ordering/scenarios-closing.c: how "total" ends a view, by hand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenarios.h"

static Probe *
frozen (guint n, guint self)
{
  Probe *p = probe_new ("total", n, self);
  probe_mode (p, FALSE, FALSE);
  return p;
}

/* The longest wins, wherever it begins; a rank that nobody answers for has none. */
static void
test_merge (void)
{
  g_autoptr (Probe) p = probe_new ("total", 4, 2);
  const char *const longest[] = { "0001010300", "", "01020102020100", "0001010100" };
  g_autofree char *order = probe_merge (p, longest);
  g_assert_cmpstr (order, ==, "010201020201");
  const char *const same[] = { "0001010300", "", "", "0201010100" };
  g_autofree char *first = probe_merge (p, same);
  g_assert_cmpstr (first, ==, "00010103");
  const char *const none[] = { "", "", "", "" };
  g_autofree char *empty = probe_merge (p, none);
  g_assert_cmpstr (empty, ==, "0000");
}

static void
test_merge_refuses (void)
{
  static const char *const bad[] = {
    "00",
    "0000",
    "0001010101ff",
    "0002010100",
    "0001010102", /* cut short, too long, no second run, acknowledges unknown */
    "0001040100",
    "0001010000",
    "0001020200",                 /* no such rank, no count, contradicts the longest */
    "ffffffffffffffff7f01010100", /* too many ordinals */
  };
  g_autoptr (Probe) p = probe_new ("total", 4, 2);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *const digests[] = { "0001010300", "", "", bad[i] };
      g_autofree char *said = probe_merge (p, digests);
      g_assert_cmpstr (said, ==, "! 3");
    }
  static const char *const bad_orders[] = { "", "00", "0001", "000101", "00010401", "00010100", "000000", "0100" };
  for (guint i = 0; i < G_N_ELEMENTS (bad_orders); i++)
    {
      g_autoptr (GBytes) bytes = probe_bytes (bad_orders[i]);
      gsize len;
      const guint8 *data = g_bytes_get_data (bytes, &len);
      g_assert_false (p->o->ops->check_order (p->o, data, len));
    }
}

/* A message in the order is preceded by what comes before it, though that is not in the order (and would come
 * later). */
static void
test_predecessors_first (void)
{
  g_autoptr (Probe) p = frozen (4, 3);
  probe_take (p, 2, "fff", "");
  probe_take (p, 1, "fa", "000202");
  probe_take (p, 0, "f", "");
  probe_close (p, "00010101", 1u, 2u, 3u, 0u);
  assert_log (p, "1:1 2:1-2 1:2 0:1 2:3");
}

/* What was sent after a delivery in the order goes only where that order goes. */
static void
test_floor_missing (void)
{
  /* Nobody holds the message of ordinal 1. */
  g_autoptr (Probe) p = frozen (4, 3);
  probe_take (p, 2, "fcf", "01");
  probe_close (p, "00010101", 0u, 0u, 3u, 0u);
  assert_log (p, "2:1");
  /* Nobody knows that it has ordinal 1. */
  g_autoptr (Probe) q = frozen (4, 3);
  probe_take (q, 2, "fcf", "01");
  probe_take (q, 1, "a", "00");
  probe_close (q, "0000", 0u, 1u, 3u, 0u);
  assert_log (q, "1:1 2:1");
  /* All is there. */
  g_autoptr (Probe) r = frozen (4, 3);
  probe_take (r, 2, "fcf", "01");
  probe_take (r, 1, "a", "00");
  probe_close (r, "00010101", 0u, 1u, 3u, 0u);
  assert_log (r, "1:1 2:1-3");
  /* Ordinal 1 is there but dropped itself: it depends on a lost message. */
  g_autoptr (Probe) s = frozen (4, 3);
  probe_take (s, 2, "fcf", "01");
  probe_take (s, 1, "a", "000001");
  probe_close (s, "00010101", 0u, 1u, 3u, 0u);
  assert_log (s, "2:1");
}

/* An ordinal that nobody holds is skipped; what comes after it keeps its place. */
static void
test_hole (void)
{
  g_autoptr (Probe) p = frozen (4, 3);
  probe_take (p, 2, "a", "00");
  probe_take (p, 0, "aa", "00");
  probe_close (p, "0003010102010001", 2u, 0u, 1u, 0u);
  assert_log (p, "2:1 0:1-2");
}

/* Members that know more or less of the order, and have delivered more or less, end alike. */
static void
test_bases (void)
{
  for (guint knows = 0; knows < 4; knows++)
    {
      g_autoptr (Probe) p = probe_new ("total", 3, 2);
      probe_take (p, 1, "aa", "00");
      probe_take (p, 0, "aa", "00");
      g_assert_true (probe_packet (p, 0, "01010101"));
      if (knows > 0)
        g_assert_true (probe_packet (p, 0, "01020001"));
      probe_pump (p);
      if (knows > 1)
        {
          /* It has forgotten more than the closing order has. */
          g_autofree char *gossip = probe_gossips (p, 0), *other = probe_gossips (p, 1);
          g_assert_cmpstr (gossip, ==, "02");
          g_assert_cmpstr (other, ==, "");
          g_assert_true (probe_gossip (p, 0, "02"));
          assert_digest (p, "020000");
        }
      probe_mode (p, FALSE, FALSE);
      /* It has learnt more than the closing order knows, too late. */
      if (knows > 2)
        g_assert_true (probe_packet (p, 0, "010301010001"));
      g_string_truncate (p->log, 0);
      probe_close (p, "010200010101", 2u, 2u, 0u);
      assert_log (p, knows == 0 ? "0:1 1:2 0:2" : "1:2 0:2");
    }
}

/* Messages without an ordinal come last, and agreed ones among them after what they follow from. */
static void
test_unnumbered (void)
{
  g_autoptr (Probe) p = frozen (3, 0);
  probe_send (p, "a");
  probe_take (p, 1, "a", "000201");
  probe_take (p, 2, "fs", "00");
  probe_close (p, "00010201", 1u, 1u, 2u);
  assert_log (p, "(00) 2:1-2 0:1 1:1");
}

/* An order, and a cut, may end within a batch. */
static void
test_within_a_batch (void)
{
  for (guint cut = 2; cut <= 4; cut++)
    {
      g_autoptr (Probe) p = frozen (3, 2);
      probe_take (p, 1, "acac", "00");
      probe_take (p, 0, "a", "00");
      probe_close (p, "0003010100010101", 1u, cut, 0u);
      assert_log (p, cut == 2 ? "1:1 0:1 1:2" : cut == 3 ? "1:1 0:1 1:2-3" : "1:1 0:1 1:2-4");
    }
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  probe_take (p, 1, "acac", "00");
  probe_take (p, 0, "a", "00");
  g_assert_true (probe_packet (p, 0, "01010101"));
  probe_pump (p);
  assert_log (p, "1:1-2");
  probe_mode (p, FALSE, FALSE);
  probe_close (p, "0003010100010101", 1u, 4u, 0u);
  assert_log (p, "0:1 1:3-4");
}

/* Safe messages that were not yet safe, and the held-back ones, when a view ends. */
static void
test_safe_at_the_end (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  probe_take (p, 0, "s", "00");
  probe_take (p, 1, "ac", "00");
  g_assert_true (probe_packet (p, 0, "010100010101"));
  probe_pump (p);
  assert_log (p, "<0201>");
  probe_mode (p, FALSE, FALSE);
  probe_close (p, "000200010101", 1u, 2u, 0u);
  assert_log (p, "0:1 1:1-2");
}

/* A liar's floor that its own message is under: dropped, not waited for. */
static void
test_circle (void)
{
  g_autoptr (Probe) p = frozen (3, 2);
  probe_take (p, 1, "fa", "02");
  probe_take (p, 0, "a", "00");
  probe_close (p, "000201010001", 1u, 2u, 0u);
  assert_log (p, "0:1 1:1");
}

/* The next view knows nothing of this one. */
static void
test_next_view (void)
{
  g_autoptr (Probe) p = probe_new ("total", 3, 2);
  probe_take (p, 1, "cs", "00");
  g_assert_true (probe_packet (p, 0, "01010101"));
  probe_pump (p);
  probe_mode (p, FALSE, FALSE);
  probe_close (p, "00010101", 0u, 2u, 0u);
  assert_log (p, "<0201> 1:1 1:2");
  p->o->ops->begin (p->o, 2, 0);
  p->n = 2;
  p->self = 0;
  memset (p->received, 0, sizeof p->received);
  assert_digest (p, "000000");
  probe_send (p, "c");
  probe_take (p, 1, "a", "00");
  probe_pump (p);
  assert_log (p, "(00) <01010101> 0:1 1:1");
}

void
add_closing_scenarios (void)
{
  g_test_add_func ("/ordering/total/merge", test_merge);
  g_test_add_func ("/ordering/total/merge-refuses", test_merge_refuses);
  g_test_add_func ("/ordering/total/close/predecessors-first", test_predecessors_first);
  g_test_add_func ("/ordering/total/close/floor-missing", test_floor_missing);
  g_test_add_func ("/ordering/total/close/hole", test_hole);
  g_test_add_func ("/ordering/total/close/bases", test_bases);
  g_test_add_func ("/ordering/total/close/unnumbered", test_unnumbered);
  g_test_add_func ("/ordering/total/close/within-a-batch", test_within_a_batch);
  g_test_add_func ("/ordering/total/close/safe", test_safe_at_the_end);
  g_test_add_func ("/ordering/total/close/circle", test_circle);
  g_test_add_func ("/ordering/total/close/next-view", test_next_view);
}
