/* tests/fuzz/mutate.h: bytes done violence to, the same for the same seed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/wire.h"

/* Below `n` (> 0). */
guint fuzz_below (GRand *rand, guint n);
gboolean fuzz_chance (GRand *rand, guint percent);
/* Numbers that break things: small ones, powers of two and their neighbours, the largest. */
guint64 fuzz_number (GRand *rand);
/* One of those, or near `around`. */
guint64 fuzz_near (GRand *rand, guint64 around);
/* Random bytes, short more often than long. */
GByteArray *fuzz_bytes (GRand *rand, guint most);
/* One to a few random changes: bits, bytes, numbers, ends, repeated and missing stretches. */
void fuzz_mutate (GRand *rand, GByteArray *bytes);
/* The beginning of one and the end of the other. */
GByteArray *fuzz_splice (GRand *rand, const guint8 *a, gsize a_len, const guint8 *b, gsize b_len);

/* Bytes allocated, where a sanitizer counts them; else 0. */
gsize fuzz_allocated (void);
