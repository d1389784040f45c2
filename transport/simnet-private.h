/* transport/simnet-private.h: what simnet.c and simfault.c share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/simnet.h"

typedef struct
{
  gint64 at;
  guint64 order;
  TySimFunc func;
  gpointer data;
  gboolean inside; /* nobody but links is touched by it */
} Happening;

typedef enum
{
  PIECE_BYTES,
  PIECE_END,
  PIECE_RESET,
  PIECE_STANDS, /* from the accepting end: the connection stands */
  PIECE_ROOM    /* from the receiving end: more can be written */
} PieceKind;

typedef struct
{
  GList node; /* in its link's `out` */
  gint64 at;
  PieceKind kind;
  gsize len;
  guint8 bytes[];
} Piece;

struct _TyLink
{
  TySimNet *net;
  TySimPort *port; /* NULL once this end is over */
  TyLink *other;   /* NULL while dialing */
  gpointer user;
  guint32 near_site, far_site;

  /* from here to the other end */
  GQueue out; /* Piece */
  gint64 last_at;
  gsize outstanding; /* bytes in flight or unread there */
  gboolean short_of_room;
  gboolean stalled; /* `out` waits for a heal */
  gint64 dial_until;

  /* what has come */
  GByteArray *unread;
  gsize read; /* of it */
  gboolean reading;
  gboolean eof;
  gboolean accepted, dialed, writable, hangup; /* to be told */
  gboolean ended;                              /* the same, with: */
  TyLinkEnd why;
  char *text;

  GList node;        /* in the port's queue, if: */
  gboolean ready;
  gboolean closed;   /* by its hub, or the hub was told of its end */
  gboolean vanished; /* with its machine */
  gboolean over;
  guint events; /* of the clock that name it */
};

struct _TySimPort
{
  TySimNet *net;
  guint32 site;
  TySimFunc wake;
  gpointer data;
  GQueue ready; /* TyLink */
  gboolean pumping;
  guint writes_left;
  gsize reads_bytes; /* of a link in a pump; 0: READ_BYTES */
};

/* One direction between two sites; zeros: it is as usual. */
typedef struct
{
  gboolean cut;
  gint64 slow_us;
} Way;

typedef struct
{
  char *address;
  TySimPort *port;
  gboolean vanished;
  GArray *ways; /* Way, by the number of the other site, as far as they have ever been unusual */
} Site;

struct _TySimNet
{
  TySimNetConfig config;
  TySimRand rand;
  gint64 now;
  guint64 order;
  Happening *heap;
  guint n_heap, heap_room;
  gboolean inside; /* what happened last was the links' own affair */
  GPtrArray *links; /* TyLink, in the order of their making */
  guint sweep_at;
  GHashTable *site_numbers; /* address -> number; looked up only */
  GArray *sites;            /* Site */
};

/* simnet.c */
Piece *ty_sim_link_say (TyLink *link, PieceKind kind, gsize len); /* its bytes are to be filled in at once */
void ty_sim_link_move_at (TyLink *link, gint64 at);

/* simfault.c */
void ty_sim_sites_init (TySimNet *net);
void ty_sim_sites_clear (TySimNet *net);
gboolean ty_sim_is_address (const char *address);
guint32 ty_sim_find_site (TySimNet *net, const char *address);
Site *ty_sim_site (const TySimNet *net, guint32 site); /* valid until the next ty_sim_find_site () */
gboolean ty_sim_way_is_cut (const TySimNet *net, guint32 from, guint32 to);
gint64 ty_sim_way_delay (TySimNet *net, guint32 from, guint32 to); /* drawn anew */
