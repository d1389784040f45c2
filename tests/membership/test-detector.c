/* tests/membership/test-detector.c: whom the detector suspects (N3), as the table of operations shows it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/membership-port.h"

extern const TyMembershipOps ty_membership;

#define MS 1000

/* Suspect after 1000 ms, heartbeat 100 ms. */
static TyDetector *
make (void)
{
  TyNodeConfig config;
  ty_node_config_init (&config);
  return ty_membership.detector_create (&config);
}

/* Steps every heartbeat from `*now` to `to`, as a driver would; whom it suspected, by peer: "2 0 ". */
static char *
steps (TyDetector *d, gint64 *now, gint64 to)
{
  GString *out = g_string_new (NULL);
  while (*now < to)
    {
      guint peer;
      *now = MIN (*now + 100 * MS, to);
      ty_membership.detector_step (d, *now);
      while (ty_membership.detector_suspect (d, *now, &peer))
        g_string_append_printf (out, "%u ", peer);
    }
  return g_string_free (out, FALSE);
}

static void
test_silence (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  ty_membership.detector_step (d, now);
  ty_membership.detector_watch (d, 2, now);
  g_assert_cmpint (ty_membership.detector_deadline (d), ==, now + 1000 * MS);
  g_autofree char *before = steps (d, &now, 5999 * MS);
  g_assert_cmpstr (before, ==, "");
  g_autofree char *at = steps (d, &now, 6000 * MS);
  g_assert_cmpstr (at, ==, "2 ");
  /* Once; and there is nothing more to wait for. */
  g_autofree char *later = steps (d, &now, 9000 * MS);
  g_assert_cmpstr (later, ==, "");
  g_assert_cmpint (ty_membership.detector_deadline (d), ==, G_MAXINT64);
  ty_membership.detector_free (d);
}

static void
test_heard (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  ty_membership.detector_watch (d, 0, now);
  ty_membership.detector_watch (d, 1, now);
  g_autofree char *first = steps (d, &now, 5900 * MS);
  g_assert_cmpstr (first, ==, "");
  ty_membership.detector_heard (d, 1, now);
  g_assert_cmpint (ty_membership.detector_deadline (d), ==, 6000 * MS);
  g_autofree char *second = steps (d, &now, 6500 * MS);
  g_assert_cmpstr (second, ==, "0 ");
  g_autofree char *third = steps (d, &now, 6900 * MS);
  g_assert_cmpstr (third, ==, "1 ");
  /* Who is heard of again can be suspected again. */
  ty_membership.detector_heard (d, 0, now);
  g_autofree char *fourth = steps (d, &now, 7900 * MS);
  g_assert_cmpstr (fourth, ==, "0 ");
  ty_membership.detector_free (d);
}

/* A process that was stopped blames itself: what the others sent lies unread. */
static void
test_own_stall (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  guint peer;
  ty_membership.detector_step (d, now);
  ty_membership.detector_watch (d, 0, now);
  now += 60000 * MS;
  ty_membership.detector_step (d, now);
  g_assert_false (ty_membership.detector_suspect (d, now, &peer));
  /* The grace is two heartbeats, no longer: then silence is the other's. */
  g_autofree char *before = steps (d, &now, now + 199 * MS);
  g_assert_cmpstr (before, ==, "");
  g_autofree char *after = steps (d, &now, now + 1 * MS);
  g_assert_cmpstr (after, ==, "0 ");
  ty_membership.detector_free (d);
}

/* Heard of within the grace, it has its full time again. */
static void
test_grace_is_used (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  ty_membership.detector_step (d, now);
  ty_membership.detector_watch (d, 0, now);
  now += 2000 * MS;
  ty_membership.detector_step (d, now);
  ty_membership.detector_heard (d, 0, now);
  g_autofree char *before = steps (d, &now, now + 999 * MS);
  g_assert_cmpstr (before, ==, "");
  g_autofree char *after = steps (d, &now, now + 1 * MS);
  g_assert_cmpstr (after, ==, "0 ");
  ty_membership.detector_free (d);
}

/* The grace follows the gaps seen from that peer. */
static void
test_grace_adapts (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  ty_membership.detector_step (d, now);
  ty_membership.detector_watch (d, 0, now);
  g_autofree char *gap = steps (d, &now, now + 300 * MS);
  g_assert_cmpstr (gap, ==, "");
  ty_membership.detector_heard (d, 0, now);
  now += 5000 * MS;
  ty_membership.detector_step (d, now);
  g_autofree char *before = steps (d, &now, now + 599 * MS);
  g_assert_cmpstr (before, ==, "");
  g_autofree char *after = steps (d, &now, now + 1 * MS);
  g_assert_cmpstr (after, ==, "0 ");
  ty_membership.detector_free (d);
}

/* A late step gives nothing to who has longer than the grace left anyway, and takes nothing from it. */
static void
test_stall_takes_nothing (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  ty_membership.detector_step (d, now);
  ty_membership.detector_watch (d, 0, now);
  now += 400 * MS;
  ty_membership.detector_step (d, now);
  g_assert_cmpint (ty_membership.detector_deadline (d), ==, 6000 * MS);
  ty_membership.detector_free (d);
}

/* A step that is late by less than three heartbeats is no stall. */
static void
test_small_delay (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  guint peer;
  ty_membership.detector_watch (d, 0, now);
  g_autofree char *none = steps (d, &now, 5700 * MS);
  g_assert_cmpstr (none, ==, "");
  now += 300 * MS;
  ty_membership.detector_step (d, now);
  g_assert_true (ty_membership.detector_suspect (d, now, &peer));
  g_assert_cmpuint (peer, ==, 0);
  ty_membership.detector_free (d);
}

static void
test_unwatch (void)
{
  TyDetector *d = make ();
  gint64 now = 5000 * MS;
  ty_membership.detector_unwatch (d, 7);
  ty_membership.detector_heard (d, 7, now);
  ty_membership.detector_watch (d, 3, now);
  ty_membership.detector_unwatch (d, 3);
  g_assert_cmpint (ty_membership.detector_deadline (d), ==, G_MAXINT64);
  ty_membership.detector_heard (d, 3, now);
  g_autofree char *none = steps (d, &now, 8000 * MS);
  g_assert_cmpstr (none, ==, "");
  /* The number is given to somebody else, who starts anew. */
  ty_membership.detector_watch (d, 3, now);
  g_assert_cmpint (ty_membership.detector_deadline (d), ==, now + 1000 * MS);
  ty_membership.detector_free (d);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/detector/silence", test_silence);
  g_test_add_func ("/membership/detector/heard", test_heard);
  g_test_add_func ("/membership/detector/own-stall", test_own_stall);
  g_test_add_func ("/membership/detector/grace-is-used", test_grace_is_used);
  g_test_add_func ("/membership/detector/grace-adapts", test_grace_adapts);
  g_test_add_func ("/membership/detector/stall-takes-nothing", test_stall_takes_nothing);
  g_test_add_func ("/membership/detector/small-delay", test_small_delay);
  g_test_add_func ("/membership/detector/unwatch", test_unwatch);
  return g_test_run ();
}
