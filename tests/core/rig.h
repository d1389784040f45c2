/* tests/core/rig.h: step machines driven by hand: one queue, no faults but those that the test makes, the same bytes
 * every time.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/group-private.h"

#define MAX_BOXES 6

typedef struct _Rig Rig;

typedef struct
{
  Rig *rig;
  guint index;
  TyId pid;
  TyNode *node;
  TyGroup *group;
  GArray *events; /* of TyEvent: for the next step */
  GString *told;  /* what the application was told: "view 2, deliver 0:1-1, " */
  guint64 transfer;
  gboolean gone;
  gboolean stopped; /* takes no step; what comes waits for the next */
  gboolean session[MAX_BOXES];
} Box;

typedef struct
{
  guint from, to;
  TyClass class;
  TyPacketType type;
  GBytes *bytes;
} Carried;

struct _Rig
{
  gint64 now;
  TyNodeConfig config;
  Box boxes[MAX_BOXES];
  guint n_boxes;
  GQueue queue;   /* of Carried *, in the order of sending */
  GPtrArray *log; /* of Carried, everything ever sent */
  /* Lost, if TRUE. */
  gboolean (*lose) (Rig *rig, const Carried *carried);
  /* What an application does when it is told that there is room; or NULL. */
  void (*on_room) (Box *box);
};

/* Boxes are named "a", "b", ..., live at "t://a", and have incarnations of sixteen times a0, b0, ... */
Rig *rig_new (void);
void rig_free (Rig *rig);
Box *rig_box (Rig *rig);
TyGroup *rig_group (Box *box, const char *name, const char *ordering);
/* A group "g" of `n` boxes, all loaded, in their order. */
void rig_form (Rig *rig, guint n, const char *ordering);
void rig_join (Box *box, Box *contact);
void rig_event (Box *box, TyEvent event);
void rig_session (Rig *rig, guint a, guint b);
/* `dead` stops; the others hear of it at once. */
void rig_kill (Rig *rig, guint dead);
void rig_step (Box *box);
void rig_run (Rig *rig);
void rig_advance (Rig *rig, gint64 us);
/* A packet for `to` from `from`, written by the test. Taken over. */
void rig_feed (Rig *rig, guint from, guint to, GByteArray *packet);
/* The nth packet of that type from one to another, counted from 0; from the end if negative. */
GBytes *rig_packet (Rig *rig, guint from, guint to, TyPacketType type, gint nth);
char *rig_told (Box *box); /* since it was asked last */
