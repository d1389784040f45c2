/* core/tyet-group-private.h: the inside of a TyetGroup, for the files that it is made of.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/api.h"
#include "core/state-stream.h"

struct _TyetGroup
{
  GObject parent_instance;

  TyetProcess *process; /* held */
  TyRuntime *rt;        /* held */
  char *name;
  char *ordering;
  TyGroup *engine;      /* NULL: not possible (`broken` says why), or gone */
  GError *broken;
  TyetGroupState last_state; /* once the engine is gone, and the last that was notified */
  TyetView *last_view;       /* held */

  guint weight;
  gboolean deliver_own;
  gboolean takes_state;
  guint join_timeout_ms;
  TyetSecret *secret; /* of the group, or NULL */
  char *admit_path;   /* of the list of keys, or NULL */
  TyAdmitList *admit;

  TyetDeliverFunc deliver;
  gpointer deliver_data;
  GDestroyNotify deliver_destroy;

  GTask *joining;
  GSource *join_cancel;
  gboolean leave_asked;
  GQueue leaving;     /* GTask */
  GQueue sending;     /* TySend, in the order in which they wait for room */
  GQueue stabilizing; /* TySend, by number */
  gboolean refused_send; /* a plain send found the window full: `writable` is owed */
  gboolean stable_asked; /* of the engine, and not yet answered */
  GPtrArray *transfers;  /* TyStatePipe */
};

enum
{
  TY_SIGNAL_VIEW_CHANGED,
  TY_SIGNAL_DELIVERED,
  TY_SIGNAL_BLOCKED,
  TY_SIGNAL_UNBLOCKED,
  TY_SIGNAL_EXCLUDED,
  TY_SIGNAL_WRITABLE,
  TY_SIGNAL_SAVE_STATE,
  TY_SIGNAL_LOAD_STATE,
  TY_SIGNAL_AUTHORIZE,
  TY_N_SIGNALS
};
extern guint ty_tyet_group_signals[TY_N_SIGNALS];

/* Tells of the state if it is another than last told. */
void ty_tyet_group_notify_state (TyetGroup *group);
void ty_tyet_group_set_view (TyetGroup *group, TyetView *view);
/* TRUE if requests can be made; else why not. */
gboolean ty_tyet_group_check (TyetGroup *group, GError **error);
/* A fresh engine for a first or another attempt to enter. */
void ty_tyet_group_make_engine (TyetGroup *group);
/* Whom the group waits for: names, each once. (transfer full) */
char **ty_tyet_group_waiting_for (TyetGroup *group);

/* tyet-group-admit.c */
void ty_tyet_group_authorize (TyetGroup *group, const TyEffect *effect);
/* Brings the engine up to who is admitted. FALSE: that takes sealed channels. */
gboolean ty_tyet_group_prepare_admission (TyetGroup *group, GError **error);

/* tyet-group-enter.c */
void ty_tyet_group_entered (TyetGroup *group, const GError *error);
void ty_tyet_group_left (TyetGroup *group, const GError *error);

/* tyet-group-send.c */
void ty_tyet_group_room (TyetGroup *group);
void ty_tyet_group_stable (TyetGroup *group, guint64 number);
/* Nothing more will be sent: fails what waits. */
void ty_tyet_group_fail_waiting_sends (TyetGroup *group, const GError *error); /* for room */
void ty_tyet_group_fail_sends (TyetGroup *group, const GError *error);
