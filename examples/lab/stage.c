/* examples/lab/stage.c: see stage.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stage.h"

#include "core/tyet-error.h"
#include "core/view.h"

#include <string.h>

static guint64
hash_number (guint64 n)
{
  n = (n ^ (n >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  n = (n ^ (n >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return n ^ (n >> 31);
}

/* ---- The application ---- */

static void
on_deliver (Part *part, const TyEffect *e)
{
  TyBatchMessage m = { .next = e->offset };
  for (guint64 number = e->number; number <= e->last; number++)
    {
      guint64 message;
      ty_batch_at (e->batch, m.next, number, &m);
      g_assert_cmpuint (m.len, >=, sizeof message);
      memcpy (&message, m.data, sizeof message);
      g_assert_cmpuint (message, >=, 1);
      g_assert_cmpuint (message, <=, part->stage->n_messages);
      /* The payload came whole: its length, and its last byte. */
      g_assert_cmpuint (m.len, ==, g_array_index (part->stage->sizes, gsize, message - 1));
      if (m.len > sizeof message)
        g_assert_cmpuint (m.data[m.len - 1], ==, (guint8) message);
      part->state += hash_number (message);
      g_array_append_val (part->delivered, message);
    }
}

static void
write_state (Part *part, guint64 transfer)
{
  static const guint8 filling[65536];
  while (part->to_write > 0)
    {
      gsize written = 0;
      gsize at = MAX (part->stage->state_bytes, sizeof part->saving) - part->to_write;
      gboolean head = at < sizeof part->saving;
      gconstpointer from = head ? (const guint8 *) &part->saving + at : filling;
      gsize len = head ? sizeof part->saving - at : MIN (part->to_write, sizeof filling);
      if (!ty_group_state_write (part->group, transfer, from, len, &written))
        return;
      part->to_write -= written;
      if (written < len)
        return;
    }
  ty_group_state_write_end (part->group, transfer, NULL);
}

static void
set_why (Part *part, const char *why)
{
  g_free (part->why);
  part->why = g_strdup (why != NULL ? why : "");
}

static void
end_load (Part *part)
{
  char digest[17];
  guint64 transfer = part->load;
  part->load = 0;
  part->n_loads++;
  g_snprintf (digest, sizeof digest, "%016" G_GINT64_MODIFIER "x", part->state);
  ty_group_state_loaded (part->group, transfer, NULL, digest);
}

static void
load_ended (gpointer data)
{
  Part *part = data;
  if (ty_sim_is_alive (part->p) && part->load != 0 && !part->left && !part->excluded && !part->failed)
    end_load (part);
}

/* By the name, so that it does not depend on what befalls others. */
static gint64
load_delay (const Part *part)
{
  TySimRand rand;
  ty_sim_rand_init (&rand, g_str_hash (ty_sim_name (part->p)));
  return ty_sim_rand_one_in (&rand, 2) ? 1 : (gint64) ty_sim_rand_range (&rand, 1, (guint64) part->stage->load_us);
}

static void
on_transfer (Part *part, const TyEffect *e)
{
  char digest[17];
  gsize n;
  switch (e->type)
    {
    case TY_EFFECT_SAVE_STATE:
      part->n_saves++;
      part->saving = part->state;
      part->to_write = MAX (part->stage->state_bytes, sizeof part->saving);
      g_snprintf (digest, sizeof digest, "%016" G_GINT64_MODIFIER "x", part->state);
      ty_group_state_saved (part->group, e->number, digest);
      write_state (part, e->number);
      break;
    case TY_EFFECT_STATE_ROOM:
      write_state (part, e->number);
      break;
    case TY_EFFECT_SAVE_ENDED:
      part->n_saves_failed += e->error != NULL;
      break;
    case TY_EFFECT_LOAD_STATE:
      part->loaded = 0;
      break;
    case TY_EFFECT_STATE_BYTES:
      {
        const guint8 *data = g_bytes_get_data (e->bytes, &n);
        for (gsize i = 0; i < n && part->loaded + i < sizeof part->loading; i++)
          part->loading[part->loaded + i] = data[i];
        part->loaded += n;
        ty_group_state_taken (part->group, e->number, n);
        break;
      }
    case TY_EFFECT_STATE_END:
      if (e->error != NULL)
        break;
      if (part->loaded > 0) /* else its giver gives none */
        memcpy (&part->state, part->loading, sizeof part->state);
      part->load = e->number;
      if (part->stage->load_us == 0)
        end_load (part);
      else
        ty_sim_at (ty_sim_world_net (part->stage->world),
                   ty_sim_now (ty_sim_world_net (part->stage->world)) + load_delay (part), load_ended, part);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
on_effect (TySimProcess *p, const TyEffect *e, gpointer data)
{
  Stage *stage = data;
  g_assert_nonnull (e->group);
  Part *part = ty_group_get_user_data (e->group);
  g_assert (part->p == p);
  switch (e->type)
    {
    case TY_EFFECT_DELIVER:
      g_assert_true (part->view == e->view);
      on_deliver (part, e);
      break;
    case TY_EFFECT_VIEW:
      g_clear_pointer (&part->view, tyet_view_unref);
      part->view = tyet_view_ref (e->view);
      part->n_views++;
      g_ptr_array_add (part->views, tyet_view_ref (e->view));
      break;
    case TY_EFFECT_ENTERED:
      part->entered = e->error == NULL;
      part->failed = e->error != NULL;
      if (e->error != NULL)
        set_why (part, e->error->message);
      break;
    case TY_EFFECT_LEFT:
      part->left = TRUE;
      break;
    case TY_EFFECT_BLOCKED:
      part->blocked = TRUE;
      set_why (part, e->text);
      break;
    case TY_EFFECT_UNBLOCKED:
      part->blocked = FALSE;
      break;
    case TY_EFFECT_EXCLUDED:
      part->excluded = TRUE;
      set_why (part, e->text);
      break;
    case TY_EFFECT_ROOM:
      part->n_rooms++;
      break;
    case TY_EFFECT_STABLE:
      part->n_stable++;
      break;
    case TY_EFFECT_AUTHORIZE:
      ty_group_authorized (part->group, &e->pid, TRUE);
      break;
    case TY_EFFECT_REKEYED:
      break;
    default:
      on_transfer (part, e);
    }
  if (stage->on_effect != NULL)
    stage->on_effect (part, e, stage->data);
}

/* ---- The stage ---- */

void
stage_config_init (TySimWorldConfig *config)
{
  ty_sim_world_config_init (config);
  config->node.max_message_bytes = 4 * 1024 * 1024;
}

Stage *
stage_new (const TySimWorldConfig *config, guint64 seed, const char *ordering)
{
  TySimWorldConfig standard;
  Stage *stage = g_new0 (Stage, 1);
  stage_config_init (&standard);
  stage->world = ty_sim_world_new (config != NULL ? config : &standard, &ty_modules, seed, on_effect, stage);
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    stage->ordering[g] = ordering;
  stage->state_bytes = sizeof (guint64);
  stage->actors = g_ptr_array_new ();
  stage->sizes = g_array_new (FALSE, FALSE, sizeof (gsize));
  if (g_getenv ("TYET_SIM_TRACE") != NULL)
    stage_echo (stage);
  return stage;
}

static void
part_free (Part *part)
{
  g_clear_pointer (&part->view, tyet_view_unref);
  g_ptr_array_unref (part->views);
  g_array_unref (part->delivered);
  g_array_unref (part->sent);
  g_free (part->why);
  g_free (part->name);
  g_free (part);
}

void
stage_free (Stage *stage)
{
  ty_sim_world_free (stage->world);
  for (guint i = 0; i < stage->actors->len; i++)
    {
      Actor *actor = stage->actors->pdata[i];
      for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
        g_clear_pointer (&actor->parts[g], part_free);
      g_free (actor);
    }
  g_ptr_array_unref (stage->actors);
  g_array_unref (stage->sizes);
  g_free (stage);
}

static void
echo_line (const char *line, gpointer data)
{
  g_printerr ("%s\n", line);
}

void
stage_echo (Stage *stage)
{
  ty_sim_world_set_trace (stage->world, echo_line, stage);
}

TySimProcess *
stage_spawn (Stage *stage, const char *name)
{
  return stage_spawn_as (stage, name, NULL);
}

TySimProcess *
stage_spawn_as (Stage *stage, const char *name, const TyId *pid)
{
  const char *dot = strchr (name, '.');
  g_autofree char *site = dot != NULL ? g_strndup (name, (gsize) (dot - name)) : g_strdup (name);
  TySimProcess *p = ty_sim_spawn_as (stage->world, name, site, pid);
  Actor *actor = g_new0 (Actor, 1);
  g_ptr_array_add (stage->actors, actor);
  ty_sim_set_data (p, actor);
  return p;
}

TySimProcess *
stage_find (Stage *stage, const char *name)
{
  for (guint i = ty_sim_n_processes (stage->world); i > 0; i--)
    if (g_str_equal (ty_sim_name (ty_sim_process (stage->world, i - 1)), name))
      return ty_sim_process (stage->world, i - 1);
  return NULL;
}

Part *
stage_part (TySimProcess *p, guint g)
{
  return ((Actor *) ty_sim_get_data (p))->parts[g];
}

static Part *
new_part (TySimProcess *p, guint g)
{
  Actor *actor = ty_sim_get_data (p);
  Part *part = g_new0 (Part, 1);
  g_autoptr (GError) error = NULL;
  g_assert_null (actor->parts[g]);
  Stage *stage = NULL;
  part->p = p;
  part->views = g_ptr_array_new_with_free_func ((GDestroyNotify) tyet_view_unref);
  part->delivered = g_array_new (FALSE, FALSE, sizeof (guint64));
  part->sent = g_array_new (FALSE, FALSE, sizeof (guint64));
  part->stage = stage = ty_sim_world_data (ty_sim_process_world (p));
  part->name = stage->group_name[g] != NULL ? g_strdup (stage->group_name[g]) : g_strdup_printf ("g%u", g);
  part->group = ty_group_new (ty_sim_node (p), part->name, stage->ordering[g], &error);
  g_assert_no_error (error);
  ty_group_set_user_data (part->group, part);
  gpointer weight;
  const char *site = ty_sim_address (p) + strlen ("sim:");
  if (stage->weights != NULL && g_hash_table_lookup_extended (stage->weights, site, NULL, &weight))
    ty_group_set_weight (part->group, GPOINTER_TO_UINT (weight));
  ty_group_set_takes_state (part->group, stage->with_state);
  ty_group_set_gives_state (part->group, stage->with_state);
  actor->parts[g] = part;
  if (stage->on_new != NULL)
    stage->on_new (part, stage->data);
  return part;
}

Part *
stage_found (TySimProcess *p, guint g)
{
  Part *part = new_part (p, g);
  g_autoptr (GError) error = NULL;
  part->founded = TRUE;
  ty_group_found (part->group, &error);
  g_assert_no_error (error);
  return part;
}

Part *
stage_found_with (TySimProcess *p, guint g, char **names, const GByteArray *record)
{
  Part *part = new_part (p, g);
  g_autoptr (GError) error = NULL;
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *address = g_strdup_printf ("sim:%s", *name);
      g_strv_builder_add (addresses, address);
    }
  g_auto (GStrv) list = g_strv_builder_end (addresses);
  part->founded = TRUE;
  ty_group_found_with (part->group, (const char *const *) names, (const char *const *) list, record->data, record->len,
                       &error);
  g_assert_no_error (error);
  return part;
}

Part *
stage_join (TySimProcess *p, guint g, const char *contacts)
{
  Part *part = new_part (p, g);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = g_strsplit (contacts, ",", -1);
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *address = g_strdup_printf ("sim:%s", *name);
      char *dot = strchr (address, '.');
      if (dot != NULL)
        *dot = '\0';
      g_strv_builder_add (addresses, address);
    }
  g_auto (GStrv) list = g_strv_builder_end (addresses);
  ty_group_join (part->group, (const char *const *) list, G_MAXINT64, &error);
  g_assert_no_error (error);
  return part;
}

gboolean
stage_leave (Part *part)
{
  g_autoptr (GError) error = NULL;
  if (!ty_group_leave (part->group, &error))
    return FALSE;
  part->leaving = TRUE;
  ty_sim_trace (part->stage->world, "%s: asks to leave %s", ty_sim_name (part->p), part->name);
  return TRUE;
}

guint64
stage_try_send (Part *part, TyService service, gsize len, GError **error)
{
  Stage *stage = part->stage;
  gsize size = MAX (len, sizeof (guint64));
  g_autofree guint8 *payload = g_malloc0 (size);
  guint64 message = stage->n_messages + 1;
  payload[size - 1] = (guint8) message;
  memcpy (payload, &message, sizeof message);
  GError *why = NULL;
  if (ty_group_send (part->group, service, payload, size, &why) == 0)
    {
      if (g_error_matches (why, TYET_ERROR, TYET_ERROR_WOULD_BLOCK))
        part->wants_room = part->n_rooms + 1;
      g_propagate_error (error, why);
      return 0;
    }
  stage->n_messages++;
  stage->largest = MAX (stage->largest, size);
  g_array_append_val (stage->sizes, size);
  g_array_append_val (part->sent, message);
  if (stage->on_sent != NULL)
    stage->on_sent (part, message, service, size, stage->on_sent_data);
  ty_sim_trace (stage->world, "%s: sends %" G_GUINT64_FORMAT " (service %d) in %s", ty_sim_name (part->p), message,
                (int) service, part->name);
  return message;
}

guint64
stage_send (Part *part, TyService service, gsize len)
{
  g_autoptr (GError) error = NULL;
  guint64 message = stage_try_send (part, service, len, &error);
  g_assert ((message == 0) == (error != NULL));
  return message;
}

gboolean
stage_has (const Part *part, guint64 message)
{
  for (guint i = 0; i < part->delivered->len; i++)
    if (g_array_index (part->delivered, guint64, i) == message)
      return TRUE;
  return FALSE;
}

TyService
stage_service (const Part *part, guint64 turn)
{
  return (TyService) (turn % ((guint64) ty_group_get_ordering (part->group)->strongest + 1));
}

static void
traffic_turn (gpointer data)
{
  Stage *stage = data;
  stage->traffic_set = FALSE;
  if (stage->traffic_us == 0)
    return;
  for (guint i = 0; i < ty_sim_n_processes (stage->world); i++)
    {
      TySimProcess *p = ty_sim_process (stage->world, i);
      for (guint g = 0; g < STAGE_MAX_GROUPS && ty_sim_is_alive (p) && !ty_sim_is_stopped (p); g++)
        if (stage_part (p, g) != NULL && stage_part (p, g)->entered && !stage_part (p, g)->leaving)
          stage_send (stage_part (p, g),
                      stage->traffic_same ? stage->traffic_service
                                          : stage_service (stage_part (p, g), stage->n_messages),
                      stage->traffic_len);
    }
  stage->traffic_set = TRUE;
  ty_sim_at (ty_sim_world_net (stage->world), ty_sim_now (ty_sim_world_net (stage->world)) + stage->traffic_us,
             traffic_turn, stage);
}

void
stage_traffic (Stage *stage, gint64 period_us, gsize len)
{
  stage->traffic_us = period_us;
  stage->traffic_len = len;
  if (!stage->traffic_set)
    traffic_turn (stage);
}

/* ---- Waiting ---- */

static gboolean
in_view (const TyetView *view, const char *name)
{
  for (guint i = 0; i < view->n_members; i++)
    if (g_str_equal (view->members[i].name, name))
      return TRUE;
  return FALSE;
}

gboolean
stage_together (Stage *stage, guint g, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, ",", -1);
  TyetView *view = NULL;
  for (char **name = list; *name != NULL; name++)
    {
      TySimProcess *p = stage_find (stage, *name);
      const Part *part = p != NULL ? stage_part (p, g) : NULL;
      if (part == NULL || part->view == NULL || !part->entered || part->blocked || part->excluded || part->left)
        return FALSE;
      if (view == NULL)
        view = part->view;
      if (!g_str_equal (view->label, part->view->label) || view->n_members != g_strv_length (list)
          || !in_view (view, *name) || ty_group_get_state (part->group) != TY_GROUP_MEMBER)
        return FALSE;
    }
  return TRUE;
}

typedef struct
{
  Stage *stage;
  const char *names;
  guint64 message;
  const gboolean *flag;
} Wait;

static gboolean
is_together (gpointer data)
{
  const Wait *w = data;
  return stage_together (w->stage, 0, w->names);
}

static gboolean
has_message (gpointer data)
{
  const Wait *w = data;
  g_auto (GStrv) list = g_strsplit (w->names, ",", -1);
  for (char **name = list; *name != NULL; name++)
    if (!stage_has (stage_part (stage_find (w->stage, *name), 0), w->message))
      return FALSE;
  return TRUE;
}

static gboolean
is_set (gpointer data)
{
  return *((const Wait *) data)->flag;
}

void
stage_explain (Stage *stage)
{
  for (guint i = 0; i < ty_sim_n_processes (stage->world); i++)
    {
      TySimProcess *p = ty_sim_process (stage->world, i);
      if (!ty_sim_is_alive (p))
        continue;
      for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
        {
          const Part *part = stage_part (p, g);
          if (part == NULL)
            continue;
          g_autoptr (GArray) waits = ty_group_waits (part->group, G_MAXINT64);
          g_printerr ("  %s %s: state %d, view %s%s%s\n", ty_sim_name (p), part->name, ty_group_get_state (part->group),
                      part->view != NULL ? part->view->label : "none", part->blocked ? ", blocked: " : "",
                      part->blocked ? part->why : "");
          for (guint w = 0; w < waits->len; w++)
            {
              TyGroupWait *wait = &g_array_index (waits, TyGroupWait, w);
              g_printerr ("    waits for %s: %s\n", wait->what, wait->text);
              ty_group_wait_clear (wait);
            }
        }
    }
}

void
stage_wait (Stage *stage, TySimCondition condition, gpointer data, gint64 limit_us)
{
  if (ty_sim_run_until (stage->world, condition, data, limit_us))
    return;
  stage_explain (stage);
  g_assert_not_reached ();
}

void
stage_wait_together (Stage *stage, const char *names, gint64 limit_us)
{
  Wait w = { .stage = stage, .names = names };
  stage_wait (stage, is_together, &w, limit_us);
}

void
stage_wait_has (Stage *stage, const char *names, guint64 message, gint64 limit_us)
{
  Wait w = { .stage = stage, .names = names, .message = message };
  g_assert_cmpuint (message, !=, 0);
  stage_wait (stage, has_message, &w, limit_us);
}

void
stage_wait_flag (Stage *stage, const gboolean *flag, gint64 limit_us)
{
  Wait w = { .flag = flag };
  stage_wait (stage, is_set, &w, limit_us);
}

void
stage_form (Stage *stage, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names, ",", -1);
  g_autoptr (GString) so_far = g_string_new (NULL);
  for (char **name = list; *name != NULL; name++)
    {
      TySimProcess *p = stage_spawn (stage, *name);
      if (name == list)
        stage_found (p, 0);
      else
        stage_join (p, 0, so_far->str);
      g_string_append_printf (so_far, "%s%s", name == list ? "" : ",", *name);
      stage_wait_together (stage, so_far->str, SECONDS (10));
    }
}

/* ---- Faults and the end ---- */

static void
for_pairs (Stage *stage, const char *names, const char *others, void (*func) (TySimNet *, const char *, const char *))
{
  g_auto (GStrv) a = g_strsplit (names, ",", -1);
  g_auto (GStrv) b = g_strsplit (others, ",", -1);
  for (char **x = a; *x != NULL; x++)
    for (char **y = b; *y != NULL; y++)
      {
        g_autofree char *from = g_strdup_printf ("sim:%s", *x);
        g_autofree char *to = g_strdup_printf ("sim:%s", *y);
        func (ty_sim_world_net (stage->world), from, to);
        func (ty_sim_world_net (stage->world), to, from);
      }
}

void
stage_cut (Stage *stage, const char *names, const char *others)
{
  ty_sim_trace (stage->world, "--- cut %s from %s", names, others);
  for_pairs (stage, names, others, ty_sim_cut);
}

void
stage_heal (Stage *stage, const char *names, const char *others)
{
  ty_sim_trace (stage->world, "--- heal %s and %s", names, others);
  for_pairs (stage, names, others, ty_sim_heal);
}

void
stage_heal_all (Stage *stage)
{
  ty_sim_trace (stage->world, "--- heal all");
  guint n = ty_sim_n_processes (stage->world);
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < n; k++)
      ty_sim_heal (ty_sim_world_net (stage->world), ty_sim_address (ty_sim_process (stage->world, i)),
                   ty_sim_address (ty_sim_process (stage->world, k)));
}

static void
assert_legal (Stage *stage, gboolean open_end)
{
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .open_end = open_end };
  g_autoptr (GError) error = NULL;
  g_autoptr (TyJudgeReport) report = ty_sim_judge (stage->world, &options, &error);
  g_assert_no_error (error);
  g_autofree char *text = ty_judge_report_to_string (report);
  if (!report->legal)
    g_printerr ("%s", text);
  g_assert_true (report->legal);
}

void
stage_assert_legal (Stage *stage)
{
  assert_legal (stage, TRUE);
}

void
stage_assert_good_end (Stage *stage)
{
  ty_sim_world_end (stage->world);
  assert_legal (stage, FALSE);
}
