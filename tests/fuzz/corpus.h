/* tests/fuzz/corpus.h: the inputs that a fuzzer begins with.
 *
 * A corpus is a folder whose files are inputs, byte for byte; or a file NAME.hex with an input a line, as hexadecimal
 * digits (blanks mean nothing, and # begins a comment); or a file NAME.lines whose lines are inputs themselves.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Adds what is at `path`, in the order of names, to an array of GBytes. */
gboolean fuzz_corpus_read (const char *path, GPtrArray *inputs, GError **error);
/* Each as a file of `folder`, for libFuzzer. */
gboolean fuzz_corpus_unpack (GPtrArray *inputs, const char *folder, GError **error);
/* As the lines of a .hex file, shortest first, on standard output. */
void fuzz_corpus_pack (GPtrArray *inputs);
