/* tests/fuzz/target-packets.c: libFuzzer: packets for one node in a view of three, whose other members are the input.
 *
 * The input: one byte that picks the ordering (and, with 64 in it, a group with a secret of its own, over sealed
 * sessions), then packets, each: a byte for who sends it (and whether the head is
 * made right), two bytes of length, bytes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/small-group.h"
#include "tests/fuzz/targets.h"

#include "core/group-private.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  TyReader r = TY_READER (data, len_bytes);
  Mesh *mesh = fuzz_small_group (ty_read_u8 (&r));
  Proc *victim = mesh->procs->pdata[1];
  while (ty_reader_left (&r) > 3)
    {
      guint8 how = ty_read_u8 (&r);
      guint said = ty_read_u16 (&r), n = MIN (said, (guint) ty_reader_left (&r));
      guint from = how % 4;
      g_autoptr (GByteArray) w = g_byte_array_new ();
      if (from == 1 || victim->group == NULL || victim->group->view == NULL)
        from = 0;
      if ((how & 4) != 0 && n > 0)
        {
          ty_write_u8 (w, ty_read_u8 (&r));
          n--;
          ty_write_id (w, &victim->group->id);
          ty_write_varint (w, victim->group->view->id.number + ((how & 8) != 0 ? 1 : 0));
        }
      g_byte_array_append (w, r.at, n);
      r.at += n;
      mesh_meet (mesh, from, 1);
      g_queue_push_tail (mesh_queue (mesh, from, 1, TY_CLASS_CONTROL),
                         g_byte_array_free_to_bytes (g_steal_pointer (&w)));
      mesh_run (mesh, (how & 16) != 0 ? 200000 : 1000);
    }
  mesh_free (mesh);
  return 0;
}
