/* core/packet.h: the types of packets that processes exchange (doc/wire-format.md has their tables).
 *
 * A packet is what a channel carries whole: its first byte is one of these.  All but the first few begin with
 * type, group id (16 bytes), number of the view (varint).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum
{
  TY_PACKET_INVALID = 0,
  /* messages */
  TY_PACKET_DATA = 1,     /* a batch, from its sender (batch.h) */
  TY_PACKET_FORWARD = 2,  /* a batch, from another holder (V5) */
  TY_PACKET_ORDERING = 3, /* the ordering's own */
  TY_PACKET_RECEIPTS = 4, /* what has been received and consumed of each sender; the ordering's gossip */
  TY_PACKET_ALIVE = 5,    /* keepalive: view, lease stamp and echo (V7, V14) */
  TY_PACKET_GAP = 6,      /* something of the receiver's messages is lost here: to be forwarded in the round (V7, N2) */
  TY_PACKET_FOUNDER = 7,  /* a founder proves to another that it may found the group (V13) */
  /* entering and leaving */
  TY_PACKET_JOIN = 8,    /* by group name */
  TY_PACKET_WELCOME = 9, /* answer to JOIN: the view to reach, or a refusal */
  TY_PACKET_LEAVE = 10,
  TY_PACKET_SUSPECT = 11, /* whom the sender suspects, and why (V9) */
  TY_PACKET_GONE = 12,    /* answer to a packet of a group that the process is not in (any more) */
  TY_PACKET_BEHIND = 13,  /* whom the sender's window waits for, past the limit: varint rank */
  TY_PACKET_BARRED = 14,  /* whose key is not admitted any more: varint rank */
  TY_PACKET_REKEY = 15,   /* the sender has drawn new secrets, and wants them to hold: 16 bytes that name them */
  /* agreement */
  TY_PACKET_PREPARE = 16,
  TY_PACKET_STATE = 17,
  TY_PACKET_NACK = 18,
  TY_PACKET_PROPOSE = 19,
  TY_PACKET_FLUSH = 20,
  TY_PACKET_DECIDED = 21,
  TY_PACKET_NEED = 22,
  TY_PACKET_EXCLUDED = 23,
  TY_PACKET_WANT_KEYS = 24, /* the secrets of a proposal: 16 bytes that name them */
  TY_PACKET_KEYS = 25,      /* the answer */
  /* state transfer (V15) */
  TY_PACKET_TRANSFER_DATA = 32,
  TY_PACKET_TRANSFER_ACK = 33,
  TY_PACKET_TRANSFER_FAILED = 34,
  TY_PACKET_TRANSFER_LOADED = 35
} TyPacketType;

/* "DATA"; NULL: there is no such type. */
const char *ty_packet_name (guint type);
/* TY_PACKET_INVALID: there is no such name. */
TyPacketType ty_packet_find (const char *name);
