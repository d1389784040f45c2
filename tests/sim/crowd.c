/* tests/sim/crowd.c: a large group, in the simulator: a herd enters, members send, many leave, many crash, others come.
 *
 * sim-crowd [MEMBERS]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "examples/lab/stage.h"

#include <stdlib.h>

#define USUAL 32

static char *
names (guint from, guint to)
{
  GString *all = g_string_new (NULL);
  for (guint i = from; i < to; i++)
    g_string_append_printf (all, "%sp%u", i > from ? "," : "", i);
  return g_string_free (all, FALSE);
}

static Part *
part (Stage *stage, guint i)
{
  g_autofree char *name = names (i, i + 1);
  return stage_part (stage_find (stage, name), 0);
}

static void
wait_for (Stage *stage, guint from, guint to)
{
  g_autofree char *all = names (from, to);
  stage_wait_together (stage, all, SECONDS (600));
}

/* Each of some says something, and all have it. */
static void
talk (Stage *stage, guint from, guint to)
{
  g_autofree char *all = names (from, to);
  for (guint i = from; i < to; i += 1 + (to - from) / 8)
    {
      guint64 message = stage_send (part (stage, i), i % 2 == 0 ? TY_SERVICE_SAFE : TY_SERVICE_AGREED, 100);
      g_assert_cmpuint (message, !=, 0);
      stage_wait_has (stage, all, message, SECONDS (60));
    }
}

int
main (int argc, char **argv)
{
  guint n = argc > 1 ? (guint) atoi (argv[1]) : USUAL, third = n / 3;
  TySimWorldConfig config;
  stage_config_init (&config);
  Stage *stage = stage_new (&config, n, "total");
  Part *first = stage_found (stage_spawn (stage, "p0"), 0);
  stage_wait_flag (stage, &first->entered, SECONDS (10));
  for (guint i = 1; i < n; i++)
    {
      g_autofree char *name = names (i, i + 1);
      stage_join (stage_spawn (stage, name), 0, "p0");
    }
  wait_for (stage, 0, n);
  talk (stage, 0, n);
  /* Half of a third leave, the oldest among them, half of it crash: at once. */
  for (guint i = 0; i < third; i++)
    if (i % 2 == 0)
      g_assert_true (stage_leave (part (stage, i)));
    else
      ty_sim_kill (part (stage, i)->p, TY_SIM_KILLED);
  wait_for (stage, third, n);
  talk (stage, third, n);
  for (guint i = n; i < n + third / 4; i++)
    {
      g_autofree char *name = names (i, i + 1), *contact = names (third + i % third, third + i % third + 1);
      stage_join (stage_spawn (stage, name), 0, contact);
    }
  wait_for (stage, third, n + third / 4);
  talk (stage, third, n + third / 4);
  stage_assert_good_end (stage);
  stage_free (stage);
  g_print ("1..1\nok 1 - a group of %u\n", n);
  return 0;
}
