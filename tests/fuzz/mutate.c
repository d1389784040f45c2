/* tests/fuzz/mutate.c: see mutate.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/mutate.h"

#define MOST_BYTES (64 * 1024)

guint
fuzz_below (GRand *rand, guint n)
{
  g_assert (n > 0 && n <= G_MAXINT32);
  return (guint) g_rand_int_range (rand, 0, (gint32) n);
}

gboolean
fuzz_chance (GRand *rand, guint percent)
{
  return fuzz_below (rand, 100) < percent;
}

guint64
fuzz_number (GRand *rand)
{
  switch (fuzz_below (rand, 5))
    {
    case 0:
      return fuzz_below (rand, 4);
    case 1:
      return fuzz_below (rand, 300);
    case 2:
      return ((guint64) 1 << fuzz_below (rand, 64)) + fuzz_below (rand, 3) - 1;
    case 3:
      return G_MAXUINT64 - fuzz_below (rand, 3);
    default:
      return (guint64) g_rand_int (rand) << fuzz_below (rand, 33);
    }
}

guint64
fuzz_near (GRand *rand, guint64 around)
{
  guint what = fuzz_below (rand, 10);
  return what == 0 ? fuzz_number (rand) : what < 4 ? around + fuzz_below (rand, 7) - 3 : around;
}

GByteArray *
fuzz_bytes (GRand *rand, guint most)
{
  GByteArray *bytes = g_byte_array_new ();
  guint n = fuzz_below (rand, 1 + fuzz_below (rand, most + 1));
  gboolean small = fuzz_chance (rand, 50);
  for (guint i = 0; i < n; i++)
    ty_write_u8 (bytes, (guint8) (small ? fuzz_below (rand, 5) : g_rand_int (rand)));
  return bytes;
}

/* Opens a gap of `n` bytes, or closes one of -n. */
static void
shift (GByteArray *bytes, guint at, gint n)
{
  guint len = bytes->len;
  if (n > 0)
    {
      g_byte_array_set_size (bytes, len + (guint) n);
      memmove (bytes->data + at + n, bytes->data + at, len - at);
    }
  else if (n < 0)
    g_byte_array_remove_range (bytes, at, (guint) -n);
}

static void
put_number (GRand *rand, GByteArray *bytes, guint at)
{
  guint8 varint[10];
  guint n = (guint) ty_varint_put (varint, fuzz_number (rand));
  if (fuzz_chance (rand, 50) && at < bytes->len)
    shift (bytes, at, -1);
  shift (bytes, at, (gint) n);
  memcpy (bytes->data + at, varint, n);
}

static void
mutate_once (GRand *rand, GByteArray *bytes)
{
  guint len = bytes->len, at = fuzz_below (rand, len + 1);
  guint left = len - at, n = left > 0 ? 1 + fuzz_below (rand, MIN (left, 40)) : 0;
  switch (fuzz_below (rand, 9))
    {
    case 0:
      if (left > 0)
        bytes->data[at] ^= (guint8) (1u << fuzz_below (rand, 8));
      break;
    case 1:
      if (left > 0)
        bytes->data[at] = (guint8) (fuzz_chance (rand, 50) ? g_rand_int (rand) : fuzz_chance (rand, 50) ? 0 : 0xff);
      break;
    case 2:
      g_byte_array_set_size (bytes, at);
      break;
    case 3:
      {
        g_autoptr (GByteArray) more = fuzz_bytes (rand, 30);
        g_byte_array_append (bytes, more->data, more->len);
        break;
      }
    case 4:
    case 5:
      put_number (rand, bytes, at);
      break;
    case 6:
      shift (bytes, at, -(gint) n);
      break;
    case 7:
      shift (bytes, at, (gint) n);
      break;
    default:
      if (left > 0)
        bytes->data[at] = (guint8) (bytes->data[at] + (fuzz_chance (rand, 50) ? 1 : -1));
      break;
    }
}

void
fuzz_mutate (GRand *rand, GByteArray *bytes)
{
  for (guint times = 1 + fuzz_below (rand, 1 + fuzz_below (rand, 4)); times > 0 && bytes->len < MOST_BYTES; times--)
    mutate_once (rand, bytes);
}

GByteArray *
fuzz_splice (GRand *rand, const guint8 *a, gsize a_len, const guint8 *b, gsize b_len)
{
  GByteArray *bytes = g_byte_array_new ();
  guint head = fuzz_below (rand, (guint) MIN (a_len, MOST_BYTES) + 1);
  guint from = fuzz_below (rand, (guint) MIN (b_len, MOST_BYTES) + 1);
  if (head > 0)
    g_byte_array_append (bytes, a, head);
  if (b_len > 0)
    g_byte_array_append (bytes, b + from, (guint) MIN (b_len, MOST_BYTES) - from);
  return bytes;
}

extern gsize __sanitizer_get_current_allocated_bytes (void) __attribute__ ((weak));

gsize
fuzz_allocated (void)
{
  return __sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes () : 0;
}
