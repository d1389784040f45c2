/* core/block.c: see block.h.
 *
 * A few sizes, each with a stack of blocks that nobody uses.  There is no lock that anybody would wait for: who finds
 * the stacks in use by another thread goes to malloc.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/block.h"

/* In front of each block, so that whoever frees it need not know its size; as wide as malloc aligns. */
typedef union
{
  gsize capacity_bytes;
  guint8 room[16];
} Head;

/* The last but one holds a full batch, or a message of 64 KiB. */
static const gsize size_bytes[] = { 4 * 1024, 8 * 1024, 16 * 1024, 32 * 1024, 48 * 1024, 72 * 1024, 136 * 1024 };
#define N_SIZES G_N_ELEMENTS (size_bytes)
#define MAX_SPARE 128
/* Kept unused, of all sizes together. */
#define SPARE_BYTES (4 * 1024 * 1024)

/* A checker of memory sees more if everything comes from malloc. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS FALSE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS FALSE
#endif
#endif
#ifndef KEEPS
#define KEEPS TRUE
#endif

static struct
{
  guint n;
  Head *head[MAX_SPARE];
} spare[N_SIZES];
static gsize spare_bytes;
static int busy;

static gboolean
enter (void)
{
  return KEEPS && g_atomic_int_compare_and_exchange (&busy, 0, 1);
}

static void
leave (void)
{
  g_atomic_int_set (&busy, 0);
}

static guint
size_of (gsize need_bytes)
{
  guint i = 0;
  while (i < N_SIZES && size_bytes[i] < need_bytes)
    i++;
  return i;
}

gsize
ty_block_capacity (gsize need_bytes)
{
  guint i = size_of (need_bytes);
  return i < N_SIZES ? size_bytes[i] : need_bytes;
}

gpointer
ty_block_new (gsize need_bytes, gsize *capacity_bytes)
{
  guint i = size_of (need_bytes);
  Head *head = NULL;
  *capacity_bytes = ty_block_capacity (need_bytes);
  if (i < N_SIZES && enter ())
    {
      if (spare[i].n > 0)
        {
          head = spare[i].head[--spare[i].n];
          spare_bytes -= size_bytes[i];
        }
      leave ();
    }
  if (head == NULL)
    head = g_malloc (sizeof (Head) + *capacity_bytes);
  head->capacity_bytes = *capacity_bytes;
  return head + 1;
}

void
ty_block_free (gpointer block)
{
  Head *head = block != NULL ? (Head *) block - 1 : NULL;
  guint i = head != NULL ? size_of (head->capacity_bytes) : N_SIZES;
  if (i < N_SIZES && enter ())
    {
      g_assert (size_bytes[i] == head->capacity_bytes);
      if (spare[i].n < MAX_SPARE && spare_bytes + size_bytes[i] <= SPARE_BYTES)
        {
          spare[i].head[spare[i].n++] = head;
          spare_bytes += size_bytes[i];
          head = NULL;
        }
      leave ();
    }
  g_free (head);
}
