/* tests/fuzz/target-scene.c: a scene.  What is read and written again means the same: it is written the same way twice.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "examples/lab/scene.h"
#include "tests/fuzz/targets.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize len_bytes)
{
  g_autofree char *text = g_strndup ((const char *) data, len_bytes);
  g_autoptr (GError) error = NULL;
  g_autoptr (Scene) scene = scene_read ("input", text, &error);
  if (scene == NULL)
    {
      g_assert (error != NULL && g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_autofree char *written = scene_to_string (scene);
  g_autoptr (Scene) again = scene_read ("written", written, &error);
  if (again == NULL)
    g_error ("what was written of\n%s\nis\n%s\nand does not read: %s", text, written, error->message);
  g_autofree char *twice = scene_to_string (again);
  if (!g_str_equal (twice, written))
    g_error ("\n%s\nis written\n%s\nand that\n%s", text, written, twice);
  g_autoptr (Scene) copy = scene_copy (scene);
  g_autofree char *copied = scene_to_string (copy);
  g_assert (g_str_equal (copied, written));
  return 0;
}
