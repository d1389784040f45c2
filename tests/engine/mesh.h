/* tests/engine/mesh.h: step machines wired together without sessions: the channels' contract, and nothing of their
 * code.
 *
 * Packets of one class between two processes arrive in order; between classes, and between pairs, in any order that the
 * seed picks.  Pairs can be cut, sessions lost, processes stopped and killed, at any packet or any effect.  The
 * simulator (transport/simnet.h) is closer to the truth; this is closer to the worst case, and faster.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/group.h"
#include "core/node.h"

typedef struct _Mesh Mesh;
typedef struct _Proc Proc;

struct _Proc
{
  Mesh *mesh;
  guint index;
  TyNode *node;
  TyGroup *group; /* NULL once dropped */
  TyId pid;
  char *name;
  char *address;
  gboolean alive;
  gdouble rate;    /* its clock goes that much faster than the mesh's, */
  gint64 offset;   /* and is that much ahead */
  gboolean stopped;
  gboolean slow;  /* takes control, and no data */
  gboolean tardy; /* takes data, and control only now and then */
  gboolean entered, blocked, excluded, left, failed;
  guint64 delivered;
  guint64 room;       /* how often it was told that there is room */
  guint64 wants_room; /* for a test's use */
  GString *history;
  GArray *events; /* of TyEvent, to be taken by the next step */
  guint carried;    /* effects carried out so far */
  gint crash_after; /* effects still carried out before it dies; -1: it lives */
  gboolean gave, takes_state;
  /* What its application is: the sum of all that it has been given. It follows from what came before its first view,
   * so that a process that joined without taking a state has none to speak of. */
  gboolean has_state;
  guint64 state;
  gboolean sends_on_view; /* as soon as it is told of a view, sends one message */
  GByteArray *storage; /* what its founder's record is; empty: none */
  gboolean disk_full;
  GPtrArray *contacts; /* of Proc, borrowed */
  guint64 transfer;
  GString *taken; /* of its state so far */
  gboolean transfer_ended;
  gboolean hold_load; /* a state that has come is not taken in until mesh_load () */
  TyGroup *second;    /* another group of the same process, or NULL */
  gboolean second_entered, second_over;
};

/* Whether the packet at the head of a queue may pass now; what is behind it in its class waits with it. */
typedef gboolean (*MeshPass) (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len_bytes);

struct _Mesh
{
  GRand *rand;
  gint64 now;
  GPtrArray *procs;
  GHashTable *cut;     /* "a-b" with a < b */
  GPtrArray *queues;   /* of GQueue by ((from * 256 + to) * classes + class) */
  GHashTable *session; /* "a-b" */
  GHashTable *closed;  /* "a-b": the session lives, its connection does not */
  gboolean trace;
  gboolean sealed;  /* as if sessions were, for what asks for that */
  GPtrArray *seals; /* theirs */
  gboolean calm; /* what is under way arrives before time passes: nobody is suspected by chance */
  guint64 steps, moves;
  TyNodeConfig config;
  MeshPass pass; /* NULL: everything passes */
  void (*stepped) (Proc *p, gpointer user_data); /* after each step, before its effects; or NULL */
  gpointer stepped_data;
  GHashTable *states; /* name of a view -> the state with which it began */
  char *unlike;       /* a view that began with different states, or NULL */
};

Mesh *mesh_new (guint32 seed);
void mesh_free (Mesh *mesh);
/* A process at an address of its own, or with the incarnation and at the address of `before`, whose storage it has; its
 * group object is not entered yet. */
Proc *mesh_restart (Proc *before);
/* A new process at the address where `before` died. */
Proc *mesh_replace (Proc *before, const char *name, const char *ordering, gboolean takes_state);
Proc *mesh_spawn (Mesh *mesh, const char *name, const char *ordering, gboolean takes_state);
void mesh_crash (Proc *p);
void mesh_cut (Mesh *mesh, guint a, guint b);
void mesh_heal (Mesh *mesh, guint a, guint b);
void mesh_heal_all (Mesh *mesh);
gboolean mesh_is_cut (Mesh *mesh, guint a, guint b);
/* Loses the session of a pair: what is in flight is gone. */
void mesh_lose (Mesh *mesh, guint a, guint b);
/* The same, but only `a` is told: `b` goes on sending into the void until it is told otherwise. */
void mesh_lose_at (Mesh *mesh, guint a, guint b);
/* The state that was held back is taken in. */
void mesh_load (Proc *p);
/* Packets of living processes that living processes have refused as malformed: all here are honest. */
guint64 mesh_refused (Mesh *mesh);
/* A session between two begins, if it can; whether there is one. */
void mesh_meet (Mesh *mesh, guint a, guint b);
gboolean mesh_has_session (Mesh *mesh, guint a, guint b);
/* What is on its way, of GBytes: for those who tamper with it. */
GQueue *mesh_queue (Mesh *mesh, guint from, guint to, TyClass class);
void mesh_step (Proc *p);
/* What the clock of `p` says. */
gint64 mesh_clock (const Proc *p);
/* One packet of a random queue, or, if there is none or the dice say so, time. */
void mesh_move (Mesh *mesh);
void mesh_run (Mesh *mesh, gint64 duration_us);
gboolean mesh_chance (Mesh *mesh, gdouble probability);
