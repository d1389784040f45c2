/* tests/keys/founders.c: who founds a group together with others is asked for its secret, or its key, as one who joins.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "examples/lab/stage.h"

#include <string.h>

typedef struct
{
  GHashTable *records; /* name -> GByteArray */
  const char *liar;    /* a process that has the network secret, and nothing else that it needs; or NULL */
  gboolean guesses;  /* it has a secret, but another */
  gboolean with_secret, with_list, asks;
} Play;

static gboolean
keep (const char *group, const guint8 *data, gsize len_bytes, gpointer user_data, GError **error)
{
  GByteArray *record = user_data;
  g_byte_array_set_size (record, 0);
  g_byte_array_append (record, data, (guint) len_bytes);
  return TRUE;
}

/* Everybody has a key that says who it is; a liar has another. */
static void
key_of (const Play *play, const char *name, guint8 out[TY_KEY_BYTES])
{
  memset (out, name[0] + (g_strcmp0 (play->liar, name) == 0 ? 64 : 0), TY_KEY_BYTES);
}

static void
on_new (Part *part, gpointer data)
{
  const Play *play = data;
  gboolean lies = g_strcmp0 (play->liar, ty_sim_name (part->p)) == 0;
  static const Play honest;
  if (play->with_secret && !lies)
    ty_group_set_secret (part->group, (const guint8 *) "the secret of the group, 32 long");
  if (play->with_secret && lies && play->guesses)
    ty_group_set_secret (part->group, (const guint8 *) "a secret, but not of that group.");
  if (play->asks && !lies)
    ty_group_set_asks (part->group, TRUE);
  if (!play->with_list || lies)
    return;
  g_autoptr (GString) text = g_string_new (NULL);
  for (const char *name = "abc"; *name != '\0'; name++)
    {
      guint8 secret[TY_KEY_BYTES], public[TY_KEY_BYTES];
      char key[TY_KEY_TEXT_BYTES];
      guint line;
      const char *why;
      key_of (&honest, (const char[]){ *name, 0 }, secret);
      ty_key_public (secret, public);
      ty_key_print (public, key);
      g_string_append_printf (text, "%s\n", key);
      if (name[1] != '\0')
        continue;
      TyAdmitList *list = ty_admit_list_read (text->str, text->len, &line, &why);
      ty_group_set_admit (part->group, list);
      ty_admit_list_unref (list);
    }
}

static Part *
start (Stage *stage, Play *play, const char *name, const TyId *as)
{
  static char *names[] = { "a", "b", "c", NULL };
  guint8 identity[TY_KEY_BYTES];
  key_of (play, name, identity);
  ty_sim_world_set_keys (stage->world, NULL, identity);
  TySimProcess *p = stage_spawn_as (stage, name, as);
  GByteArray *record = g_hash_table_lookup (play->records, name);
  if (record == NULL)
    {
      record = g_byte_array_new ();
      g_hash_table_insert (play->records, g_strdup (name), record);
    }
  g_autoptr (GByteArray) before = g_byte_array_new ();
  if (as != NULL)
    g_byte_array_append (before, record->data, record->len);
  ty_node_set_storage (ty_sim_node (p), keep, record);
  return stage_found_with (p, 0, names, before);
}

static Stage *
stage_of (Play *play, guint64 seed)
{
  TySimWorldConfig config;
  stage_config_init (&config);
  config.sealed = TRUE;
  Stage *stage = stage_new (&config, seed, "total");
  stage->on_new = on_new;
  stage->data = play;
  play->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_byte_array_unref);
  return stage;
}

static void
end (Stage *stage, Play *play)
{
  ty_sim_run_for (stage->world, SECONDS (2));
  stage_assert_good_end (stage);
  stage_free (stage);
  g_hash_table_unref (play->records);
}

static void
found (Play *play, guint64 seed)
{
  Stage *stage = stage_of (play, seed);
  const char *order[] = { "c", "b", "a" };
  Part *parts[3];
  for (guint i = 0; i < 3; i++)
    {
      parts[i] = start (stage, play, order[(i + seed) % 3], NULL);
      ty_sim_run_for (stage->world, (gint64) (seed * 37777 % 400000));
    }
  stage_wait_together (stage, play->liar == NULL ? "a,b,c" : "a,b", SECONDS (20));
  for (guint i = 0; i < 3; i++)
    if (g_strcmp0 (ty_sim_name (parts[i]->p), play->liar) == 0)
      {
        ty_sim_run_for (stage->world, SECONDS (3));
        g_assert_false (parts[i]->entered);
        g_assert_null (parts[i]->view);
        ty_sim_kill (parts[i]->p, TY_SIM_KILLED);
      }
  end (stage, play);
}

static void
test_secret (void)
{
  for (guint64 seed = 0; seed < 20; seed++)
    found (&(Play){ .with_secret = TRUE }, seed);
}

static void
test_list (void)
{
  for (guint64 seed = 0; seed < 20; seed++)
    found (&(Play){ .with_list = TRUE, .asks = seed % 2 == 0 }, seed);
}

static void
test_without_the_secret (void)
{
  for (guint64 seed = 0; seed < 20; seed++)
    found (&(Play){ .with_secret = TRUE, .liar = "c", .guesses = seed % 2 == 0 }, seed);
}

static void
test_not_on_the_list (void)
{
  for (guint64 seed = 0; seed < 20; seed++)
    found (&(Play){ .with_list = TRUE, .liar = "c" }, seed);
}

/* With b, or b was too late, and has been told. */
static gboolean
is_founded (gpointer data)
{
  Stage *stage = data;
  const Part *b = stage_part (stage_find (stage, "b"), 0);
  return stage_together (stage, 0, "a,b,c")
         || (stage_together (stage, 0, "a,c") && (!ty_sim_is_alive (b->p) || b->excluded || b->failed));
}

/* One crashes in the middle and comes back as itself: it proves itself again. */
static void
test_comes_back (void)
{
  for (guint64 seed = 0; seed < 40; seed++)
    {
      Play play = { .with_secret = TRUE, .with_list = seed % 2 == 0, .asks = seed % 3 == 0 };
      Stage *stage = stage_of (&play, seed);
      start (stage, &play, "a", NULL);
      Part *b = start (stage, &play, "b", NULL);
      ty_sim_kill_after_effects (b->p, seed / 2);
      ty_sim_run_for (stage->world, 300000);
      if (ty_sim_is_alive (b->p))
        ty_sim_kill (b->p, TY_SIM_KILLED);
      TyId pid = *ty_sim_pid (b->p);
      const GByteArray *record = g_hash_table_lookup (play.records, "b");
      start (stage, &play, "c", NULL);
      gboolean founded = record->len == 0 && b->entered;
      if (!founded)
        start (stage, &play, "b", record->len > 0 ? &pid : NULL);
      stage_wait (stage, is_founded, stage, SECONDS (60));
      end (stage, &play);
    }
}

/* The first that comes by a founder's name is not it; the one that is comes to the place. */
static void
test_right_one_comes (void)
{
  Play play = { .with_secret = TRUE, .liar = "b" };
  Stage *stage = stage_of (&play, 7);
  start (stage, &play, "a", NULL);
  Part *liar = start (stage, &play, "b", NULL);
  ty_sim_run_for (stage->world, SECONDS (1));
  g_autoptr (GArray) waits = ty_group_waits (stage_part (stage_find (stage, "a"), 0)->group, G_MAXINT64);
  gboolean told = FALSE;
  for (guint i = 0; i < waits->len; i++)
    {
      TyGroupWait *wait = &g_array_index (waits, TyGroupWait, i);
      told |= strstr (wait->text, "founder b is not admitted") != NULL;
      ty_group_wait_clear (wait);
    }
  g_assert_true (told);
  ty_sim_kill (liar->p, TY_SIM_KILLED);
  play.liar = NULL;
  start (stage, &play, "b", NULL);
  stage_wait_together (stage, "a,b", SECONDS (20));
  end (stage, &play);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/founders/secret", test_secret);
  g_test_add_func ("/keys/founders/list", test_list);
  g_test_add_func ("/keys/founders/without-the-secret", test_without_the_secret);
  g_test_add_func ("/keys/founders/not-on-the-list", test_not_on_the_list);
  g_test_add_func ("/keys/founders/comes-back", test_comes_back);
  g_test_add_func ("/keys/founders/right-one-comes", test_right_one_comes);
  return g_test_run ();
}
