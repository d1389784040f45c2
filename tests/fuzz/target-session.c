/* tests/fuzz/target-session.c: libFuzzer: what an accepted connection sends to a hub: hello, intro, records.
 *
 * The input's first byte says how much of the beginning is made right: a good hello, and a good intro too.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/targets.h"
#include "tests/transport/test-net.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  TyReader r = TY_READER (data, len_bytes);
  guint8 how = ty_read_u8 (&r);
  TestNet *net = test_net_new ();
  TestNode *node = test_node_new (net, 1, "a");
  TyLink *link = test_alien_dial (test_alien_new (net, "x"), node);
  TyHello hello = { .version = TY_WIRE_VERSION, .what = TY_HELLO, .sealing = TY_SEALING_NONE, .pid = { { 9 } } };
  TyIntro intro = { .session = { { 7 } }, .next = 1, .name = (char *) "x", .address = (char *) "x" };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  if ((how & 1) != 0)
    {
      g_byte_array_set_size (bytes, TY_HELLO_BYTES);
      ty_hello_write (&hello, bytes->data);
    }
  if ((how & 3) == 3)
    ty_intro_write (&intro, bytes);
  g_byte_array_append (bytes, r.at, (guint) ty_reader_left (&r));
  net->piece = (how & 4) != 0 ? 7 : 70000;
  if (bytes->len > 0)
    test_link_write (link, bytes->data, bytes->len);
  test_net_pump (net);
  test_net_pass (net, 2 * G_USEC_PER_SEC);
  test_net_free (net);
  return 0;
}
