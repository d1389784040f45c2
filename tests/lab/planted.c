/* tests/lab/planted.c: `tyet explore` and `tyet run` with a bug in them, for the test of shrinking.
 *
 * The linker sends calls of ty_members_quorum () here.  PLANTED=tie: half of a view is a quorum, with rank 0 or
 * without; PLANTED=abort: an invariant breaks when four of a view of five or more are asked about.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/view.h"
#include "examples/lab/lab.h"

gboolean __real_ty_members_quorum (const TyMember *members, guint n_members, const gboolean *in);
gboolean __wrap_ty_members_quorum (const TyMember *members, guint n_members, const gboolean *in);

gboolean
__wrap_ty_members_quorum (const TyMember *members, guint n_members, const gboolean *in)
{
  const char *planted = g_getenv ("PLANTED");
  guint64 all = 0, have = 0;
  guint n = 0;
  for (guint i = 0; i < n_members; i++)
    {
      all += members[i].weight;
      have += in[i] ? members[i].weight : 0;
      n += in[i];
    }
  g_assert (g_strcmp0 (planted, "abort") != 0 || n_members < 5 || n != 4);
  if (g_strcmp0 (planted, "tie") == 0 && 2 * have == all)
    return TRUE;
  return __real_ty_members_quorum (members, n_members, in);
}

int
main (int argc, char **argv)
{
  g_assert (argc > 1);
  return g_str_equal (argv[1], "explore") ? lab_explore (argc - 1, argv + 1) : lab_run (argc - 1, argv + 1);
}
