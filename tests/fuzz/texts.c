/* tests/fuzz/texts.c: see texts.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/texts.h"

#include "core/batch.h"
#include "core/history-reader.h"
#include "core/key-file.h"
#include "core/value.h"
#include "tests/fuzz/mutate.h"

static void
maybe_mutate (GRand *rand, GByteArray *bytes, guint percent)
{
  if (fuzz_chance (rand, percent))
    fuzz_mutate (rand, bytes);
}

static void
on_record (const TyRecord *record, gpointer user_data)
{
  guint64 *sum = user_data;
  *sum += record->p.len + record->g.len + record->c.len + record->m.len;
  for (guint i = 0; i < record->n_members; i++)
    for (gsize k = 0; k < record->members[i].len; k++)
      *sum += (guint8) record->members[i].text[k];
}

static void
run_history (GRand *rand)
{
  static const char conf[] = "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1.0\",\"kind\":\"regular\",\"primary\":true,"
                             "\"members\":[\"a\",\"b\\u00e4\"],\"prev\":\"\"}";
  static const char *const lines[] = {
    conf,
    "{\"p\":\"a\",\"e\":\"send\",\"c\":\"1.0\",\"m\":\"a:1\",\"service\":\"agreed\",\"x\":[1,2.5e-3,{\"y\":null}]}",
    "{\"p\":\"a\",\"e\":\"deliver\",\"c\":\"1.0\",\"m\":\"a:1\"}",
    "{\"p\":\"\\ud83d\\ude00\",\"e\":\"fail\",\"c\":\"1.0\",\"why\":\"left\"}",
    "{\"p\":\"a\",\"e\":\"end\"}",
  };
  g_autoptr (GByteArray) text = g_byte_array_new ();
  for (guint n = 1 + fuzz_below (rand, 8); n > 0; n--)
    {
      const char *line = lines[fuzz_below (rand, G_N_ELEMENTS (lines))];
      g_byte_array_append (text, (const guint8 *) line, (guint) strlen (line));
      ty_write_u8 (text, '\n');
    }
  for (guint n = fuzz_below (rand, 6); n > 0; n--)
    {
      static const char marks[] = "{}[]\"\\:,u0\n";
      fuzz_mutate (rand, text);
      if (text->len > 0 && fuzz_chance (rand, 50))
        text->data[fuzz_below (rand, text->len)] = (guint8) marks[fuzz_below (rand, sizeof marks - 1)];
    }
  if (fuzz_chance (rand, 5))
    for (guint n = fuzz_below (rand, 20000); n > 0; n--)
      ty_write_u8 (text, fuzz_chance (rand, 50) ? '[' : '{');
  /* A copy of just that length: not a byte beyond it may be read. */
  g_autofree char *exact = g_memdup2 (text->data, text->len);
  TyHistoryReader reader;
  guint64 bad_line = 0, sum = 0;
  const char *why = NULL;
  ty_history_reader_init (&reader);
  if (!ty_history_reader_all (&reader, exact, text->len, on_record, &sum, &bad_line, &why))
    g_assert_true (why != NULL && bad_line > 0);
  ty_history_reader_clear (&reader);
}

/* What was read and is written again is the same bytes: no value has two encodings. */
static void
run_value (GRand *rand)
{
  g_autoptr (TyValue) value = ty_value_new ();
  value->old.number = fuzz_below (rand, 5);
  value->id.number = value->old.number + 1;
  value->group_name = g_strdup ("g");
  value->n_members = fuzz_below (rand, 4);
  value->members = g_new0 (TyMember, 4);
  for (guint i = 0; i < value->n_members; i++)
    value->members[i] = (TyMember){ .name = g_strdup ("m"), .address = g_strdup ("x"), .weight = i };
  value->n_old = 1 + fuzz_below (rand, 4);
  value->gone = g_new0 (TyGone, 4);
  value->n_gone = 1;
  value->cut = g_new0 (guint64, 4);
  value->order = g_bytes_new ("abc", fuzz_below (rand, 4));
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  ty_value_write (bytes, value);
  maybe_mutate (rand, bytes, 90);
  g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
  TyReader r = TY_READER (exact, exact != NULL ? bytes->len : 0);
  g_autoptr (TyValue) read = ty_value_read (&r);
  if (read == NULL || !ty_reader_done (&r))
    return;
  g_autoptr (GByteArray) again = g_byte_array_new ();
  ty_value_write (again, read);
  g_assert_cmpmem (again->data, again->len, bytes->data, bytes->len);
}

static void
run_batch (GRand *rand)
{
  static const TyId group;
  TyBatchBuilder builder;
  ty_batch_builder_init (&builder);
  for (guint n = 1 + fuzz_below (rand, 4); n > 0; n--)
    ty_batch_builder_add (&builder, (TyService) fuzz_below (rand, 4), "payload", fuzz_below (rand, 8));
  g_autoptr (TyBatch) real = ty_batch_builder_seal (&builder, &group, 1, 1, "s", fuzz_below (rand, 2));
  gsize len;
  const guint8 *data = g_bytes_get_data (real->packet, &len);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_byte_array_append (bytes, data + 18, (guint) len - 18);
  maybe_mutate (rand, bytes, 90);
  g_autoptr (GBytes) packet = g_bytes_new (bytes->data, bytes->len);
  TyReader r = ty_reader_of_bytes (packet);
  g_autoptr (TyBatch) batch = ty_batch_parse (packet, &r, 100);
  TyBatchMessage message = { .next = 0 };
  if (batch == NULL)
    return;
  for (guint64 number = batch->first; number <= batch->last; number++)
    {
      ty_batch_at (batch, message.next, number, &message);
      g_assert_cmpuint (message.next, <=, batch->messages_len);
      g_assert_cmpuint (message.len, <=, 100);
    }
  g_assert_cmpuint (message.next, ==, batch->messages_len);
}

/* The file of an identity: what is taken is just what would be written. */
static void
run_key_file (GRand *rand)
{
  guint8 secret[TY_KEY_BYTES], read[TY_KEY_BYTES] = { 0 };
  char file[TY_KEY_FILE_BYTES], again[TY_KEY_FILE_BYTES];
  const char *why;
  for (guint i = 0; i < sizeof secret; i++)
    secret[i] = (guint8) g_rand_int (rand);
  ty_key_file_write (secret, file);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) file, sizeof file);
  maybe_mutate (rand, bytes, 90);
  g_autofree char *exact = g_memdup2 (bytes->data, bytes->len);
  if (!ty_key_file_read (exact != NULL ? exact : "", bytes->len, read, &why))
    {
      g_assert_nonnull (why);
      return;
    }
  ty_key_file_write (read, again);
  g_assert_cmpmem (again, sizeof again, bytes->data, bytes->len);
}

void
fuzz_texts (GRand *rand)
{
  run_history (rand);
  run_value (rand);
  run_batch (rand);
  run_key_file (rand);
}
