/* core/view.h: what is inside a TyetView.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/tyet-view.h"
#include "core/wire.h"

#define TY_MAX_NAME_BYTES 255
#define TY_MAX_ADDRESS_BYTES 255
/* No protocol limit: what a decoder accepts before it calls a packet absurd. */
#define TY_MAX_MEMBERS 65535
#define TY_MAX_WEIGHT 1000000

/* Weights, ranks and loaded-or-not are part of a view (V1). */
typedef struct
{
  TyId pid;
  char *name;
  char *address;
  guint32 weight;
  gboolean loaded;
  guint64 since; /* number of the view that it entered */
} TyMember;

struct _TyetView
{
  gatomicrefcount ref; /* views cross threads: an application may keep one */
  TyId group;
  char *group_name;
  TyViewId id;
  /* "7.3f2a9c01": unique in the group: number, and the proposing ballot's counter and process where they matter */
  char *label;
  guint n_members;
  TyMember *members; /* in rank order */
  guint self;        /* this process's rank, or n_members */
  char **ids;        /* members' pids as text, made when first asked for, by whichever thread */
};

/* Takes over `members` (an array of n_members from g_new). */
TyetView *ty_view_new (const TyId *group, const char *group_name, const TyViewId *id, TyMember *members,
                       guint n_members, const TyId *self);

/* The rank of `pid`, or n_members. */
guint ty_view_rank (const TyetView *view, const TyId *pid);

void ty_member_copy (TyMember *to, const TyMember *from);
void ty_member_clear (TyMember *member);

/* V1: whether the members of which `in[rank]` is TRUE hold a quorum: more than half of the weights, or exactly half
 * with rank 0 among them. */
gboolean ty_members_quorum (const TyMember *members, guint n_members, const gboolean *in);
