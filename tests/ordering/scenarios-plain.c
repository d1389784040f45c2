/* tests/ordering/scenarios-plain.c: "fifo" and "causal", by hand.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenarios.h"

static void
test_fifo (void)
{
  g_autoptr (Probe) p = probe_new ("fifo", 3, 1);
  probe_take (p, 0, "fff", "");
  probe_take (p, 2, "f", "");
  assert_log (p, "");
  probe_pump (p);
  assert_log (p, "0:1-3 2:1");
  probe_send (p, "ff");
  probe_pump (p);
  assert_log (p, "() 1:1-2");
  g_assert_cmpuint (p->o->ops->delivered (p->o, 0), ==, 3);
  assert_wait (p, 0, TY_WAIT_NOTHING, 0, 0);
}

static void
test_fifo_mode (void)
{
  g_autoptr (Probe) p = probe_new ("fifo", 2, 0);
  probe_mode (p, FALSE, FALSE);
  probe_take (p, 1, "f", "");
  probe_pump (p);
  assert_log (p, "");
  assert_wait (p, 1, TY_WAIT_MODE, 0, 0);
  probe_mode (p, TRUE, TRUE);
  probe_pump (p);
  assert_log (p, "1:1");
}

static void
test_fifo_close (void)
{
  g_autoptr (Probe) p = probe_new ("fifo", 3, 0);
  probe_take (p, 2, "ff", "");
  probe_take (p, 1, "ff", "");
  probe_take (p, 2, "ff", "");
  probe_mode (p, FALSE, FALSE);
  probe_close (p, "", 0u, 2u, 3u);
  assert_log (p, "1:1-2 2:1-2 2:3");
  probe_pump (p);
  assert_log (p, "");
  /* Nothing is left of that view in the next. */
  p->o->ops->begin (p->o, 2, 1);
  memset (p->received, 0, sizeof p->received);
  probe_take (p, 0, "f", "");
  probe_pump (p);
  assert_log (p, "0:1");
}

static void
test_fifo_refuses (void)
{
  g_autoptr (Probe) p = probe_new ("fifo", 2, 0);
  g_assert_false (probe_take (p, 1, "f", "00"));
  g_assert_false (probe_take (p, 1, "c", ""));
  g_assert_false (probe_take (p, 1, "fs", ""));
  g_assert_false (probe_packet (p, 1, ""));
  g_assert_false (probe_gossip (p, 1, "01"));
  g_assert_false (p->o->ops->check_order (p->o, (const guint8 *) "", 1));
  const char *const digests[] = { "", "00" };
  g_autofree char *merged = probe_merge (p, digests);
  g_assert_cmpstr (merged, ==, "! 1");
  probe_pump (p);
  assert_log (p, "");
}

/* The textbook's: a reply overtakes its question. */
static void
test_reply_before_question (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 3, 2);
  probe_take (p, 1, "c", "0001");
  probe_pump (p);
  assert_log (p, "");
  assert_wait (p, 1, TY_WAIT_PREDECESSOR, 0, 1);
  probe_take (p, 0, "c", "");
  probe_pump (p);
  assert_log (p, "0:1 1:1");
}

/* Golden: entries are differences, of ranks and of numbers, to what was stated before. */
static void
test_causal_stamps (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 9, 1);
  probe_send (p, "c");
  probe_pump (p);
  assert_log (p, "() 1:1");
  probe_take (p, 4, "c", "");
  for (guint i = 0; i < 150; i++)
    probe_take (p, 0, "ff", "");
  probe_take (p, 3, "f", "");
  probe_pump (p);
  g_string_truncate (p->log, 0);
  /* Fifo messages state nothing. */
  probe_send (p, "f");
  assert_log (p, "()");
  /* rank 0: 300; rank 3: 1, coded 3-0-1 = 2; rank 4: 1, coded 0. */
  probe_send (p, "fc");
  assert_log (p, "(00ac0202010001)");
  probe_send (p, "c");
  assert_log (p, "()");
  probe_take (p, 3, "f", "");
  probe_pump (p);
  g_string_truncate (p->log, 0);
  probe_send (p, "c");
  assert_log (p, "(0301)");
}

/* Golden: where most have changed, a few bits each: 0 for one more, 10 for none, 1110 for three. */
static void
test_causal_dense (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 5, 1);
  probe_take (p, 0, "f", "");
  probe_take (p, 3, "fff", "");
  probe_take (p, 4, "f", "");
  probe_pump (p);
  g_string_truncate (p->log, 0);
  probe_send (p, "c");
  assert_log (p, "(055c)");
  /* None, one, two and one more; what was stated is not stated again. */
  probe_take (p, 2, "f", "");
  probe_take (p, 3, "ff", "");
  probe_take (p, 4, "f", "");
  probe_pump (p);
  g_string_truncate (p->log, 0);
  probe_send (p, "c");
  assert_log (p, "(0598)");

  g_autoptr (Probe) q = probe_new ("causal", 5, 0);
  probe_take (q, 0, "f", "");
  probe_take (q, 1, "c", "055c");
  probe_pump (q);
  assert_log (q, "0:1");
  assert_wait (q, 1, TY_WAIT_PREDECESSOR, 3, 3);
  probe_take (q, 3, "ff", "");
  probe_take (q, 4, "f", "");
  probe_pump (q);
  assert_log (q, "3:1-2 4:1");
  probe_take (q, 3, "f", "");
  probe_pump (q);
  assert_log (q, "3:3 1:1");
  probe_take (q, 1, "c", "0598");
  probe_take (q, 2, "f", "");
  probe_take (q, 3, "f", "");
  probe_take (q, 4, "f", "");
  probe_pump (q);
  assert_log (q, "2:1 3:4 4:2");
  assert_wait (q, 1, TY_WAIT_PREDECESSOR, 3, 5);
}

/* Golden: as many bits for each, where that is shorter: one for none or one more, three for up to seven. */
static void
test_causal_width (void)
{
  static const guint ranks[] = { 0, 2, 3, 4 };
  static const guint counts[] = { 5, 7, 6, 5 };
  g_autoptr (Probe) p = probe_new ("causal", 10, 0);
  for (guint i = 3; i <= 7; i++)
    if (i != 5)
      probe_take (p, i, "f", "");
  probe_pump (p);
  g_string_truncate (p->log, 0);
  probe_send (p, "c");
  assert_log (p, "(0b3600)");

  g_autoptr (Probe) q = probe_new ("causal", 5, 1);
  for (guint i = 0; i < 4; i++)
    for (guint n = 0; n < counts[i]; n++)
      probe_take (q, ranks[i], "f", "");
  probe_pump (q);
  g_string_truncate (q->log, 0);
  probe_send (q, "c");
  assert_log (q, "(08bf50)");

  g_autoptr (Probe) r = probe_new ("causal", 5, 0);
  probe_take (r, 1, "c", "08bf50");
  probe_pump (r);
  assert_wait (r, 1, TY_WAIT_PREDECESSOR, 0, 5);
}

/* A fifo message does not wait for the stamp of its batch; those of its sender after it do. */
static void
test_mixed_batch (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 3, 2);
  probe_take (p, 1, "ffcfc", "0002");
  probe_take (p, 1, "f", "");
  probe_pump (p);
  assert_log (p, "1:1-2");
  assert_wait (p, 1, TY_WAIT_PREDECESSOR, 0, 2);
  probe_take (p, 0, "f", "");
  probe_pump (p);
  assert_log (p, "0:1");
  probe_take (p, 0, "f", "");
  probe_pump (p);
  assert_log (p, "0:2 1:3-5 1:6");
}

/* A chain of waits is undone by its first link; a wait for two things outlasts the first. */
static void
test_chain (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 4, 3);
  probe_take (p, 2, "c", "00010001");
  probe_take (p, 1, "c", "0001");
  probe_pump (p);
  assert_log (p, "");
  assert_wait (p, 2, TY_WAIT_PREDECESSOR, 0, 1);
  probe_take (p, 0, "c", "");
  probe_pump (p);
  assert_log (p, "0:1 1:1 2:1");
}

static void
test_causal_refuses (void)
{
  static const char *const bad[] = {
    "00",                     /* no number */
    "0000",                   /* nothing new */
    "0401",                   /* no such rank, and no bits of that width */
    "03",                     /* all members at once, and no bits; */
    "03ff",                   /* bits without an end; */
    "0301",                   /* more bits than members; */
    "030000",                 /* a byte too many */
    "00010201",               /* the second one beyond the last */
    "0101",                   /* its own rank */
    "00010001",               /* its own, as the second */
    "0080",                   /* a varint cut short */
    "008000",                 /* not the shortest form */
    "00ffffffffffffffffff01", /* absurd: beyond 2^63-1 */
    "000101010001",           /* more entries than members */
    "ffffffffffffffffff0101",
    "0431",   /* a bit each, and one too many */
    "04",     /* none of them */
    "0480 00", /* a byte too many */
    "43 0000000000000000 0000000000000000", /* wider than any number */
    "42 ffffffffffffffff", /* 63 bits each, cut short */
  };
  g_autoptr (Probe) p = probe_new ("causal", 3, 2);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (probe_take (p, 1, "c", bad[i]));
  g_assert_false (probe_take (p, 1, "f", "0001"));
  g_assert_false (probe_take (p, 1, "a", ""));
  g_assert_false (probe_packet (p, 1, "01"));
  probe_pump (p);
  assert_log (p, "");
  /* The largest number there is: it waits; one more is an overflow. */
  g_assert_true (probe_take (p, 1, "c", "00ffffffffffffffff7f"));
  g_assert_false (probe_take (p, 1, "c", "0001"));
  g_assert_true (probe_take (p, 1, "c", ""));
  probe_pump (p);
  assert_log (p, "");
  assert_wait (p, 1, TY_WAIT_PREDECESSOR, 0, G_MAXINT64);
}

/* V8: what depends on a message that nobody has is dropped, with that sender's later ones, and what depends on
 * those. */
static void
test_causal_drop (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 4, 3);
  probe_take (p, 1, "fc", "0002"); /* needs 0:2, which is lost */
  probe_take (p, 1, "f", "");
  probe_take (p, 2, "c", "0102"); /* needs 1:2 */
  probe_take (p, 0, "c", "");
  probe_send (p, "f");
  probe_mode (p, FALSE, FALSE);
  probe_pump (p);
  assert_log (p, "()");
  probe_close (p, "", 1u, 3u, 1u, 1u);
  assert_log (p, "0:1 1:1 3:1");
}

/* Rank by rank, but each message directly after what comes before it. */
static void
test_causal_close_order (void)
{
  for (guint delivered = 0; delivered < 3; delivered++)
    {
      g_autoptr (Probe) p = probe_new ("causal", 4, 3);
      probe_mode (p, delivered > 0, TRUE);
      probe_take (p, 2, "c", "");
      probe_pump (p);
      probe_mode (p, delivered > 1, TRUE);
      probe_take (p, 1, "c", "0201");
      probe_pump (p);
      probe_mode (p, FALSE, FALSE);
      g_string_truncate (p->log, 0);
      probe_take (p, 0, "fc", "0101");
      probe_take (p, 1, "c", "");
      probe_take (p, 2, "c", "");
      probe_pump (p);
      probe_close (p, "", 2u, 2u, 2u, 0u);
      static const char *const expected[] = { "0:1 2:1 1:1 0:2 1:2 2:2", "0:1 1:1 0:2 1:2 2:2", "0:1-2 1:2 2:2" };
      assert_log (p, expected[delivered]);
    }
}

/* Two liars wait for one another: nobody delivers either, and nobody falls over it. */
static void
test_circle (void)
{
  g_autoptr (Probe) p = probe_new ("causal", 3, 2);
  probe_take (p, 0, "fc", "0102");
  probe_take (p, 1, "fc", "0002");
  g_assert_true (probe_take (p, 2, "c", ""));
  probe_pump (p);
  assert_log (p, "0:1 1:1 2:1");
  probe_mode (p, FALSE, FALSE);
  probe_close (p, "", 2u, 2u, 1u);
  assert_log (p, "");
}

/* A chain as long as a view: question and answer, each waiting for the one before. */
static void
test_long_chain (void)
{
  const guint n = 100000;
  g_autoptr (Probe) p = probe_new ("causal", 3, 2);
  probe_mode (p, FALSE, TRUE);
  probe_take (p, 1, "c", "");
  for (guint i = 1; i < n; i++)
    {
      probe_take (p, 0, "c", "0101");
      probe_take (p, 1, "c", "0001");
    }
  probe_mode (p, FALSE, FALSE);
  probe_close (p, "", n - 1, n, 0u);
  g_assert_true (g_str_has_prefix (p->log->str, "1:1 0:1 1:2 0:2 "));
  g_assert_cmpuint (p->o->ops->delivered (p->o, 0), ==, n - 1);
  g_assert_cmpuint (p->o->ops->delivered (p->o, 1), ==, n);
}

void
add_plain_scenarios (void)
{
  g_test_add_func ("/ordering/fifo/order", test_fifo);
  g_test_add_func ("/ordering/fifo/mode", test_fifo_mode);
  g_test_add_func ("/ordering/fifo/close", test_fifo_close);
  g_test_add_func ("/ordering/fifo/refuses", test_fifo_refuses);
  g_test_add_func ("/ordering/causal/reply-before-question", test_reply_before_question);
  g_test_add_func ("/ordering/causal/stamps", test_causal_stamps);
  g_test_add_func ("/ordering/causal/mixed-batch", test_mixed_batch);
  g_test_add_func ("/ordering/causal/chain", test_chain);
  g_test_add_func ("/ordering/causal/refuses", test_causal_refuses);
  g_test_add_func ("/ordering/causal/dense", test_causal_dense);
  g_test_add_func ("/ordering/causal/width", test_causal_width);
  g_test_add_func ("/ordering/causal/drop", test_causal_drop);
  g_test_add_func ("/ordering/causal/close-order", test_causal_close_order);
  g_test_add_func ("/ordering/causal/circle", test_circle);
  g_test_add_func ("/ordering/causal/long-chain", test_long_chain);
}
