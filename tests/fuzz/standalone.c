/* tests/fuzz/standalone.c: a target of libFuzzer without libFuzzer, for every compiler: its corpus as it is, then for
 * each seed one of the corpus with some violence done to it.
 *
 *    fuzz-TARGET --corpus PATH... [--seeds A..B] [--seed N] [--seconds S]
 *    fuzz-TARGET --file INPUT            one input, such as libFuzzer leaves when something falls
 *    fuzz-TARGET --corpus PATH --unpack FOLDER     files for libFuzzer
 *    fuzz-TARGET --corpus FOLDER --pack            lines for a .hex file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/drive.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

#include <stdio.h>
#include <stdlib.h>

/* An input takes no longer than this. */
#define SECONDS 60

static char **corpus_args;
static char *file_arg, *unpack_arg;
static gboolean pack_arg;
static const GOptionEntry options[] = {
  { "corpus", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &corpus_args, "Inputs to begin with", "PATH" },
  { "file", 0, 0, G_OPTION_ARG_FILENAME, &file_arg, "One input", "FILE" },
  { "unpack", 0, 0, G_OPTION_ARG_FILENAME, &unpack_arg, "Write the corpus as files", "FOLDER" },
  { "pack", 0, 0, G_OPTION_ARG_NONE, &pack_arg, "Print the corpus as hexadecimal lines", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static GPtrArray *inputs;

/* A copy of just that length: not a byte beyond it may be read. */
static void
run_bytes (const guint8 *data, gsize len_bytes)
{
  g_autofree guint8 *exact = len_bytes > 0 ? g_memdup2 (data, len_bytes) : g_malloc (1);
  LLVMFuzzerTestOneInput (exact, len_bytes);
}

static void
run_input (GBytes *input)
{
  gsize len_bytes;
  const guint8 *data = g_bytes_get_data (input, &len_bytes);
  run_bytes (data, len_bytes);
}

static gboolean
failed (int *status, GError *error)
{
  fprintf (stderr, "%s\n", error->message);
  *status = 2;
  return FALSE;
}

static gboolean
prepare (int *status)
{
  g_autoptr (GError) error = NULL;
  inputs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; corpus_args != NULL && corpus_args[i] != NULL; i++)
    if (!fuzz_corpus_read (corpus_args[i], inputs, &error))
      return failed (status, error);
  if (file_arg != NULL)
    {
      g_ptr_array_set_size (inputs, 0);
      if (!fuzz_corpus_read (file_arg, inputs, &error))
        return failed (status, error);
    }
  if (unpack_arg != NULL)
    return fuzz_corpus_unpack (inputs, unpack_arg, &error) ? FALSE : failed (status, error);
  if (pack_arg)
    {
      fuzz_corpus_pack (inputs);
      return FALSE;
    }
  for (guint i = 0; i < inputs->len; i++)
    {
      g_autofree char *text = g_strdup_printf ("input %u of the corpus (--unpack it, then --file)", i);
      fuzz_begin (text, SECONDS);
      run_input (inputs->pdata[i]);
    }
  printf ("%u inputs of the corpus\n", inputs->len);
  return file_arg == NULL;
}

static void
run (guint64 seed)
{
  GRand *rand = g_rand_new_with_seed ((guint32) seed);
  g_autoptr (GByteArray) bytes = NULL;
  GBytes *one = inputs->len > 0 ? inputs->pdata[fuzz_below (rand, inputs->len)] : NULL;
  GBytes *two = inputs->len > 0 ? inputs->pdata[fuzz_below (rand, inputs->len)] : NULL;
  gsize len_bytes = 0, two_bytes = 0;
  const guint8 *data = one != NULL ? g_bytes_get_data (one, &len_bytes) : NULL;
  const guint8 *two_data = two != NULL ? g_bytes_get_data (two, &two_bytes) : NULL;
  if (one == NULL || fuzz_chance (rand, 2))
    bytes = fuzz_bytes (rand, 200);
  else if (fuzz_chance (rand, 15))
    bytes = fuzz_splice (rand, data, len_bytes, two_data, two_bytes);
  else
    {
      bytes = g_byte_array_new ();
      g_byte_array_append (bytes, data, (guint) len_bytes);
    }
  if (fuzz_chance (rand, 90))
    fuzz_mutate (rand, bytes);
  run_bytes (bytes->data, bytes->len);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_autofree char *name = g_path_get_basename (argv[0]);
  const FuzzProgram program
      = { .name = name, .last_seed = 1000, .seconds = SECONDS, .options = options, .prepare = prepare, .run = run };
  int status = fuzz_drive (&program, argc, argv);
  g_clear_pointer (&inputs, g_ptr_array_unref);
  g_strfreev (corpus_args);
  return status;
}
