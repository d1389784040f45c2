/* core/packet.c: what the types of packets are called, for people.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/packet.h"

static const char *const names[TY_PACKET_TRANSFER_LOADED + 1] = {
  [TY_PACKET_DATA] = "DATA",
  [TY_PACKET_FORWARD] = "FORWARD",
  [TY_PACKET_ORDERING] = "ORDERING",
  [TY_PACKET_RECEIPTS] = "RECEIPTS",
  [TY_PACKET_ALIVE] = "ALIVE",
  [TY_PACKET_GAP] = "GAP",
  [TY_PACKET_FOUNDER] = "FOUNDER",
  [TY_PACKET_JOIN] = "JOIN",
  [TY_PACKET_WELCOME] = "WELCOME",
  [TY_PACKET_LEAVE] = "LEAVE",
  [TY_PACKET_SUSPECT] = "SUSPECT",
  [TY_PACKET_GONE] = "GONE",
  [TY_PACKET_BEHIND] = "BEHIND",
  [TY_PACKET_BARRED] = "BARRED",
  [TY_PACKET_REKEY] = "REKEY",
  [TY_PACKET_WANT_KEYS] = "WANT_KEYS",
  [TY_PACKET_KEYS] = "KEYS",
  [TY_PACKET_PREPARE] = "PREPARE",
  [TY_PACKET_STATE] = "STATE",
  [TY_PACKET_NACK] = "NACK",
  [TY_PACKET_PROPOSE] = "PROPOSE",
  [TY_PACKET_FLUSH] = "FLUSH",
  [TY_PACKET_DECIDED] = "DECIDED",
  [TY_PACKET_NEED] = "NEED",
  [TY_PACKET_EXCLUDED] = "EXCLUDED",
  [TY_PACKET_TRANSFER_DATA] = "TRANSFER_DATA",
  [TY_PACKET_TRANSFER_ACK] = "TRANSFER_ACK",
  [TY_PACKET_TRANSFER_FAILED] = "TRANSFER_FAILED",
  [TY_PACKET_TRANSFER_LOADED] = "TRANSFER_LOADED",
};

const char *
ty_packet_name (guint type)
{
  return type < G_N_ELEMENTS (names) ? names[type] : NULL;
}

TyPacketType
ty_packet_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i], name) == 0 && name != NULL)
      return (TyPacketType) i;
  return TY_PACKET_INVALID;
}
