/* tests/fuzz/recorded.c: the corpus of packets has every type that there is.
 *
 *   fuzz-recorded FILE       the test: which types are missing in FILE
 *   fuzz-recorded --record   packets of a member that asks for new secrets, as lines of that file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/packet.h"
#include "core/wire.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/small-group.h"

#include <stdio.h>

#define SEALED 64
#define VICTIM 1

/* As target-packets.c reads it: which types are in it. */
static void
look_at (const guint8 *data, gsize len_bytes, guint n_of_type[256])
{
  TyReader r = TY_READER (data, len_bytes);
  ty_read_u8 (&r);
  while (ty_reader_left (&r) > 3)
    {
      ty_read_u8 (&r);
      guint said = ty_read_u16 (&r), n = MIN (said, (guint) ty_reader_left (&r));
      if (n > 0)
        n_of_type[r.at[0]]++;
      r.at += n;
    }
}

static int
check (const char *path)
{
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  guint n_of_type[256] = { 0 }, n = 0;
  gboolean all = TRUE;
  if (!fuzz_corpus_read (path, inputs, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      return 2;
    }
  for (guint i = 0; i < inputs->len; i++)
    {
      gsize len;
      const guint8 *data = g_bytes_get_data (inputs->pdata[i], &len);
      look_at (data, len, n_of_type);
    }
  for (guint type = 1; type < 256; type++)
    if (ty_packet_name (type) != NULL)
      {
        printf ("%sok %u - %s: %u\n", n_of_type[type] > 0 ? "" : "not ", ++n, ty_packet_name (type), n_of_type[type]);
        all &= n_of_type[type] > 0;
      }
  printf ("1..%u\n", n);
  return all ? 0 : 1;
}

static GString *line;

static gboolean
write_down (Mesh *mesh, guint from, guint to, const guint8 *packet, gsize len_bytes)
{
  static const guint8 *last;
  if (to != VICTIM || packet == last)
    return TRUE;
  last = packet;
  if (packet[0] == TY_PACKET_ALIVE || packet[0] == TY_PACKET_RECEIPTS)
    return TRUE;
  g_string_append_printf (line, " %02x %02x%02x ", from, (guint) len_bytes & 255, (guint) len_bytes >> 8);
  for (gsize i = 0; i < len_bytes; i++)
    g_string_append_printf (line, "%02x", packet[i]);
  return TRUE;
}

static void
record (guint asker, gboolean network)
{
  Mesh *mesh = fuzz_small_group (SEALED | 2);
  line = g_string_new ("42");
  mesh->pass = write_down;
  ty_group_rekey (((Proc *) mesh->procs->pdata[asker])->group, network, NULL);
  mesh_run (mesh, 300000);
  printf ("%s # %u asks for new secrets\n", line->str, asker);
  g_string_free (line, TRUE);
  mesh_free (mesh);
}

int
main (int argc, char **argv)
{
  if (argc != 2)
    return 2;
  if (!g_str_equal (argv[1], "--record"))
    return check (argv[1]);
  record (0, TRUE);
  record (2, FALSE);
  return 0;
}
