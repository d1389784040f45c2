/* tests/transport/test-net.h: a net in memory for several hubs, in which nothing happens but by the test's hand.
 *
 * Bytes are delivered in pieces of a chosen size, writers are stopped at a chosen amount, connections are cut,
 * addresses refuse or swallow, and time passes when told.  The same calls give the same run.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/hub.h"
#include "transport/record.h"

typedef struct _TestNet TestNet;
typedef struct _TestNode TestNode;

/* An event as it was told. */
typedef struct
{
  TyEventType type;
  guint peer;
  TyId pid;
  char *name;
  char *address;
  char *text;
  TyDialEnd dial_end;
  GBytes *packet;
} Told;

struct _TestNode
{
  TestNet *net;
  TyHub *hub;    /* NULL: not a tyet process; the test speaks for it */
  TyId pid;
  char *address;
  gboolean deaf;    /* dials to it are neither accepted nor refused */
  gboolean gone;    /* dials to it are refused */
  gboolean no_step; /* events are left with the hub */
  GPtrArray *told;  /* of Told */
  guint32 seed;
};

struct _TyLink
{
  TestNet *net;
  TestNode *node; /* whose end it is */
  TyLink *other;  /* NULL: not connected yet */
  gpointer user;
  char *dialing;
  gboolean accepted, dialed; /* to be told */
  gboolean closed;           /* by its own end */
  gboolean ended;            /* told, or not to be told */
  gboolean cut;              /* it broke: to be told */
  gboolean hangup_told;
  gboolean stopped;          /* owes on_writable */
  gboolean frozen;           /* nothing is delivered here for the moment */
  GByteArray *in;            /* on the way to this end */
  guint64 sent;              /* bytes that this end has written */
  gboolean shm;              /* both ends have shared memory */
  gboolean shm_writes;       /* what this end writes goes through it */
  gboolean shm_reads;
  gboolean shm_broken;       /* what is in it is nonsense: to be told */
  GByteArray *shm_in;        /* on the way to this end that way */
};

/* Somebody between: looks at what `link` writes, from byte `offset` of its direction on, and may change it. */
typedef void (*TestTamper) (TyLink *link, guint64 offset, GByteArray *bytes, gpointer data);

struct _TestNet
{
  gint64 now_us;
  gsize piece;    /* bytes a delivery */
  gsize capacity; /* bytes on the way in one direction */
  TestTamper tamper;
  gpointer tamper_data;
  gboolean shm;          /* there is shared memory: who asks for it at a place, which is an address, is given it */
  guint shm_asked, shm_given;
  gboolean shm_forged;   /* who asks proves nothing */
  gboolean early_hangup; /* the end is told before the bytes */
  GPtrArray *nodes;
  GPtrArray *links;
  GPtrArray *asks; /* for shared memory */
};

/* With TYET_TEST_SEALED in the environment every process has this one, unless it is made with another. */
extern const guint8 test_secret[32];

TestNet *test_net_new (void);
void test_net_free (TestNet *net);

/* A process with incarnation `pid` (sixteen times this byte) listening at `address`. */
TestNode *test_node_new (TestNet *net, guint8 pid, const char *address);
TestNode *test_node_new_with (TestNet *net, guint8 pid, const char *address, const TyHubConfig *config);
/* Somebody who listens at `address` and is not a tyet process. */
TestNode *test_alien_new (TestNet *net, const char *address);
/* The process ends; its connections close; its address refuses. */
void test_node_kill (TestNode *node);

/* Everything that can happen without time passing happens. */
void test_net_pump (TestNet *net);
/* One delivery; FALSE: there was nothing to do. */
gboolean test_net_pump_once (TestNet *net);
/* The same, and `us` pass, with all deadlines in between. */
void test_net_pass (TestNet *net, gint64 us);

/* Breaks all connections between the two; what is on the way is lost. */
void test_net_cut (TestNode *a, TestNode *b);
/* The same for one connection. */
void test_link_cut (TyLink *link);
/* The newest link of `node` that is not closed, or NULL. */
TyLink *test_node_link (TestNode *node);
guint test_node_count_links (TestNode *node);
void test_link_write (TyLink *link, gconstpointer data, gsize len_bytes);
/* An alien dials. */
TyLink *test_alien_dial (TestNode *alien, TestNode *to);
void test_link_close (TyLink *link);

void test_node_dial (TestNode *node, const char *address, TestNode *wanted);
void test_node_send (TestNode *node, guint peer, TyClass class, guint stream, GBytes *bytes);
void test_node_effect (TestNode *node, TyEffectType type, guint peer);

/* How often that event was told; the last of them. */
guint test_node_told (TestNode *node, TyEventType type);
const Told *test_node_last (TestNode *node, TyEventType type);
/* The index of the other as a peer, from its last PEER_UP. */
guint test_node_peer (TestNode *node, TestNode *other);
void test_node_forget (TestNode *node);
