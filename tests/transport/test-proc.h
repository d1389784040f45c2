/* tests/transport/test-proc.h: a hub over real sockets, turned by the test's hand with the real clock.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/socket.h"

#define TEST_LONGEST_US (20 * G_USEC_PER_SEC)

typedef struct _TestProc TestProc;

struct _TestProc
{
  TySockets *sockets;
  TyHub *hub;
  TyId pid;
  guint8 seed;
  char *address;
  guint peer; /* the newest */
  guint ups, downs, deads, resumed, lost, failed, packets;
  void (*took) (TestProc *p, const TyEvent *e); /* NULL, or is told of each event, once it is counted */
  gpointer data;
};

/* A process with the identity `id`, which listens nowhere yet; `secret` (of 32 bytes) may be NULL. */
TestProc *test_proc_new (guint8 id, const guint8 *secret, gint64 heartbeat_us);
void test_proc_free (TestProc *p);
void test_proc_listen (TestProc *p, const char *address);
void test_proc_turn (TestProc *p);
void test_proc_dial (TestProc *p, const char *address);
void test_proc_send (TestProc *p, GBytes *bytes);

/* An abstract address of a Unix socket that no other process of this machine has. */
char *test_abstract (const char *name);
