/* tests/engine/drill.c: a schedule so narrow that no storm comes upon it; see storm.h.
 *
 * Five members. The last sends a safe message, that only the sequencer hears: it orders it, and dies. The others say
 * STATE without the message; then it reaches them. The last, who has not heard that a round is on, is cut off from
 * them: they end the view with what they have told of. Had they acknowledged the message, it would have delivered it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/judge.h"
#include "core/packet.h"
#include "core/view.h"
#include "tests/engine/mesh.h"
#include "tests/engine/storm.h"

#define MEMBERS 5
#define LAST (MEMBERS - 1)
#define STEP_US 5000

static gboolean heard; /* what the last says */

static gboolean
passes (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len)
{
  if (from == LAST && to != 0 && packet[0] == TY_PACKET_DATA)
    return heard;
  return to != LAST || packet[0] != TY_PACKET_PREPARE;
}

static Proc *
member (Mesh *mesh, guint i)
{
  return mesh->procs->pdata[i];
}

static gboolean
form (Mesh *mesh)
{
  for (guint i = 0; i < MEMBERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i);
      Proc *p = mesh_spawn (mesh, name, "total", FALSE);
      const char *contacts[] = { member (mesh, 0)->address, NULL };
      if (!(i == 0 ? ty_group_found (p->group, NULL) : ty_group_join (p->group, contacts, G_MAXINT64, NULL)))
        return FALSE;
      mesh_run (mesh, 100000);
    }
  mesh_run (mesh, 500000);
  for (guint i = 0; i < MEMBERS; i++)
    if (!member (mesh, i)->entered || ty_group_get_view (member (mesh, i)->group)->n_members != MEMBERS)
      return FALSE;
  return TRUE;
}

static gboolean
round_is_on (Mesh *mesh)
{
  for (guint i = 1; i < LAST; i++)
    if (ty_group_get_state (member (mesh, i)->group) != TY_GROUP_FLUSHING)
      return FALSE;
  return TRUE;
}

static void
play (Mesh *mesh)
{
  heard = FALSE;
  mesh->pass = passes;
  ty_group_send (member (mesh, LAST)->group, TY_SERVICE_SAFE, "x", 1, NULL);
  mesh_run (mesh, 4 * STEP_US);
  mesh_crash (member (mesh, 0));
  for (guint i = 1; i < MEMBERS; i++)
    mesh_lose (mesh, 0, i);
  for (guint i = 0; i < 1000 && !round_is_on (mesh); i++)
    mesh_run (mesh, STEP_US);
  heard = TRUE;
  mesh_run (mesh, 4 * STEP_US);
  for (guint i = 1; i < LAST; i++)
    mesh_cut (mesh, i, LAST);
  mesh_run (mesh, 5000000);
  mesh->pass = NULL;
  mesh_heal_all (mesh);
  mesh_run (mesh, 5000000);
}

StormFinding *
storm_drill (guint32 seed, gboolean trace)
{
  Mesh *mesh = mesh_new (seed);
  StormFinding *finding = NULL;
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .open_end = TRUE };
  g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
  mesh->trace = trace;
  if (form (mesh))
    play (mesh);
  for (guint i = 0; i < mesh->procs->len; i++)
    ty_judge_read (judge, member (mesh, i)->name, member (mesh, i)->history->str, member (mesh, i)->history->len, NULL);
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  if (!report->legal)
    {
      finding = g_new (StormFinding, 1);
      finding->rule = ty_judge_rule_number (((const TyJudgeViolation *) report->violations->pdata[0])->rule);
      finding->text = ty_judge_report_to_string (report);
    }
  mesh_free (mesh);
  return finding;
}
