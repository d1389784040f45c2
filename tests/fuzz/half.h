/* tests/fuzz/half.h: the other half of a sealed conversation with a hub: somebody who can do all that a member can,
 * and does what else he likes between.
 *
 * Keys, incarnations and the hub's draws are fixed: the same calls give the same bytes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/transport/test-net.h"
#include "transport/noise.h"

typedef struct
{
  gboolean dials;   /* he dials the hub; else the hub dials him */
  gboolean knows;   /* the network secret */
  gboolean as_peer; /* in the name of a process that has a session with the hub */
  gboolean resumes; /* he says that he has that session too */
} HalfConfig;

typedef struct
{
  HalfConfig config;
  TestNet *net;
  TestNode *node, *alien;
  TyLink *link; /* his end; NULL: it is closed */
  guint taken;  /* bytes of what came that are used up */
  TyId session; /* the one that both have, or that the dialer begins */
  guint8 hellos[2 * TY_HELLO_BYTES];
  TyNoise *noise;
  TySeal *seal;
} Half;

/* What the next message of the handshake is, if all is well, is changed by this before it goes. */
typedef void (*HalfEdit) (GByteArray *message, gpointer data);

Half *half_new (const HalfConfig *config);
void half_free (Half *half);
/* From hello to the last message; `intro`: a whole record, which the dialer has in it, or which an acceptor seals;
 * NULL: the right one. FALSE: he gets no keys. */
gboolean half_shake (Half *half, GBytes *intro, HalfEdit edit, gpointer data);
void half_write (Half *half, const guint8 *data, gsize len_bytes);
/* With its length in front. (transfer full) */
GByteArray *half_seal (Half *half, const guint8 *data, gsize len_bytes);
