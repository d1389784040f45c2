/* tests/transport/violence.c: see violence.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "violence.h"

#include <string.h>

const char *const way_names[N_WAYS] = { "flip", "drop", "repeat", "swap", "cut-off", "reflect", "insert" };

void
do_violence (Way way, guint64 number, GByteArray *bytes, guint at, GByteArray *back)
{
  guint8 byte = bytes->data[at];
  switch (way)
    {
    case FLIP:
      bytes->data[at] ^= (guint8) (1 << (number % 8));
      break;
    case DROP:
      g_byte_array_remove_index (bytes, at);
      break;
    case SWAP:
      if (at + 1 < bytes->len && bytes->data[at + 1] != byte)
        {
          bytes->data[at] = bytes->data[at + 1];
          bytes->data[at + 1] = byte;
        }
      else
        bytes->data[at] ^= 0x80;
      break;
    case REPEAT:
    case INSERT:
      g_byte_array_append (bytes, &byte, 1);
      memmove (bytes->data + at + 1, bytes->data + at, bytes->len - at - 1);
      if (way == INSERT)
        bytes->data[at] = (guint8) (byte + 1);
      break;
    case CUT_OFF:
      g_byte_array_set_size (bytes, at);
      break;
    case REFLECT:
      g_byte_array_append (back, bytes->data + at, bytes->len - at);
      g_byte_array_set_size (bytes, at);
      break;
    case N_WAYS:
      g_assert_not_reached ();
    }
}
