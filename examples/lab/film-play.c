/* examples/lab/film-play.c: see film-play.h: the camera.
 *
 * What a process sends, delivers and is told comes from the lines that its recorder has written in the step, as it does
 * from a file.  What no history tells is seen here: packets as they leave and as they are taken, what the ordering says
 * of messages that wait, and what befalls processes and links.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "film-play.h"

#include "core/packet.h"
#include "core/view.h"

#include <string.h>

/* What stands before a packet that arrives, in the list of those on their way, is looked through so far. */
#define MAX_ON_THE_WAY 4096

typedef struct
{
  TySimProcess *p;
  int process;
  gsize taken;                     /* of its history */
  GArray *asked[STAGE_MAX_GROUPS]; /* gint64: when each of its sends was */
  guint n_sent[STAGE_MAX_GROUPS];
  TyGroupState state[STAGE_MAX_GROUPS];
  gboolean stopped;
  GArray *held; /* int: messages that came and are not delivered */
} Camera;

typedef struct
{
  int packet;
  guint hash;
} OnTheWay;

struct _Filming
{
  Play *play;
  Capture *capture; /* or NULL */
  Film *film;
  gboolean rolling;       /* who comes now was not there before */
  GPtrArray *cameras;     /* Camera */
  GHashTable *by_process; /* TySimProcess * -> Camera; looked up only */
  GHashTable *ways;       /* from * 65536 + to -> GArray of OnTheWay; looked up only */
  TyId group_ids[STAGE_MAX_GROUPS];
  TyHistoryReader reader;
};

static gint64
now_of (const Filming *f)
{
  return play_now (f->play);
}

static void
camera_free (gpointer data)
{
  Camera *camera = data;
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    g_array_unref (camera->asked[g]);
  g_array_unref (camera->held);
  g_free (camera);
}

static Camera *
camera_of (Filming *f, TySimProcess *p)
{
  Camera *camera = g_hash_table_lookup (f->by_process, p);
  if (camera != NULL)
    return camera;
  camera = g_new0 (Camera, 1);
  camera->p = p;
  camera->process = film_add_process (f->film, ty_sim_name (p), now_of (f));
  if (film_process (f->film, camera->process)->born_us == FILM_NEVER)
    film_process (f->film, camera->process)->born_us = now_of (f);
  for (guint g = 0; g < STAGE_MAX_GROUPS; g++)
    camera->asked[g] = g_array_new (FALSE, FALSE, sizeof (gint64));
  camera->held = g_array_new (FALSE, FALSE, sizeof (int));
  g_hash_table_insert (f->by_process, p, camera);
  g_ptr_array_add (f->cameras, camera);
  if (f->rolling)
    film_add_event (f->film, now_of (f), FILM_START, camera->process, -1, -1, NULL);
  return camera;
}

/* ---- The record ---- */

static gboolean
text_is (const TyText *text, const char *word)
{
  return text->text != NULL && text->len == strlen (word) && memcmp (text->text, word, text->len) == 0;
}

/* Which of the scene's groups. */
static guint
group_of (const Filming *f, const TyText *name)
{
  for (guint g = 0; g < f->play->scene->n_groups; g++)
    {
      g_autofree char *standard = g_strdup_printf ("g%u", g);
      const char *called = f->play->stage->group_name[g];
      if (text_is (name, called != NULL ? called : standard))
        return g;
    }
  g_assert_not_reached ();
}

/* Sends get their numbers in the order in which they were asked for. */
static void
take_send (Filming *f, Camera *camera, const TyRecord *r)
{
  guint g = group_of (f, &r->g);
  const Part *part = stage_part (camera->p, g);
  guint k = camera->n_sent[g]++;
  const char *name = NULL;
  gint64 asked = FILM_NEVER;
  if (k < part->sent->len)
    name = play_label (f->play, g_array_index (part->sent, guint64, k));
  if (k < camera->asked[g]->len)
    asked = g_array_index (camera->asked[g], gint64, k);
  film_take_record (f->film, r, now_of (f), name, asked);
}

/* They are held no longer. */
static void
forget_done (Filming *f, Camera *camera)
{
  guint kept = 0;
  for (guint i = 0; i < camera->held->len; i++)
    {
      int message = g_array_index (camera->held, int, i);
      const FilmArrival *at = film_at_rw (f->film, message, camera->process);
      if (at->delivered_us == FILM_NEVER && at->dropped_us == FILM_NEVER)
        g_array_index (camera->held, int, kept++) = message;
    }
  g_array_set_size (camera->held, kept);
}

static void
take_line (Filming *f, Camera *camera, const char *line, gsize len)
{
  TyRecord record;
  const char *why = NULL;
  gboolean good = ty_history_reader_line (&f->reader, line, len, &record, &why);
  g_assert (good); /* our own recorder wrote it */
  if (record.event == TY_RECORD_SEND)
    {
      guint before = f->film->messages->len;
      take_send (f, camera, &record);
      if (f->film->messages->len > before)
        {
          int message = (int) before;
          g_array_append_val (camera->held, message);
        }
    }
  else
    film_take_record (f->film, &record, now_of (f), NULL, FILM_NEVER);
}

static void
take_record (Filming *f, Camera *camera)
{
  const GString *history = ty_sim_history (camera->p);
  gboolean any = FALSE;
  while (camera->taken < history->len)
    {
      const char *line = history->str + camera->taken;
      gsize len = strcspn (line, "\n");
      take_line (f, camera, line, len);
      camera->taken += len + 1;
      any = TRUE;
    }
  if (any)
    forget_done (f, camera);
}

/* What was before the beginning is left out, but for the last view. */
static void
skip_record (Filming *f, Camera *camera)
{
  const GString *history = ty_sim_history (camera->p);
  g_auto (GStrv) lines = g_strsplit (history->str, "\n", -1);
  guint n_lines = g_strv_length (lines);
  for (guint g = 0; g < f->play->scene->n_groups; g++)
    for (guint i = n_lines; i > 0; i--)
      {
        TyRecord r;
        const char *why;
        if (!ty_history_reader_line (&f->reader, lines[i - 1], strlen (lines[i - 1]), &r, &why)
            || r.event != TY_RECORD_CONF || group_of (f, &r.g) != g)
          continue;
        film_take_record (f->film, &r, 0, NULL, FILM_NEVER);
        break;
      }
  camera->taken = history->len;
}

/* ---- Packets ---- */

static GArray *
way_of (Filming *f, int from, int to)
{
  gpointer key = GINT_TO_POINTER (from * 65536 + to + 1);
  GArray *way = g_hash_table_lookup (f->ways, key);
  if (way == NULL)
    g_hash_table_insert (f->ways, key, way = g_array_new (FALSE, FALSE, sizeof (OnTheWay)));
  return way;
}

static gboolean
is_kept (guint8 type)
{
  return type != TY_PACKET_ALIVE;
}

static guint
group_with (const Filming *f, const TyId *id)
{
  guint group = 0;
  while (group < f->play->scene->n_groups && !ty_id_equal (&f->group_ids[group], id))
    group++;
  return group;
}

/* What it is to people. */
static guint8
kind_of (const Filming *f, GBytes *packet)
{
  TyReader r = ty_reader_of_bytes (packet);
  TyId id;
  guint8 type = ty_read_u8 (&r);
  if (type != TY_PACKET_ORDERING)
    return type;
  ty_read_id (&r, &id);
  ty_read_varint (&r);
  guint8 what = ty_read_u8 (&r); /* doc/wire-format.md: total */
  guint group = group_with (f, &id);
  if (r.bad || group == f->play->scene->n_groups || g_strcmp0 (f->play->scene->ordering[group], "total") != 0)
    return type;
  return what == 1 ? FILM_PACKET_ORDER : (what == 2 ? FILM_PACKET_PROMISE : type);
}

static void
packet_leaves (Filming *f, int from, int to, GBytes *bytes)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  if (len == 0)
    return;
  if (f->capture != NULL)
    capture_add (f->capture, now_of (f), film_process (f->film, from)->name, film_process (f->film, to)->name, data,
                 len);
  f->film->n_packets[data[0] & 63]++;
  f->film->packet_bytes[data[0] & 63] += len;
  if (!is_kept (data[0]))
    return;
  FilmPacket packet = { kind_of (f, bytes), (gint16) from, (gint16) to, (guint32) len, now_of (f), FILM_NEVER };
  OnTheWay on = { (int) f->film->packets->len, g_bytes_hash (bytes) };
  g_array_append_val (f->film->packets, packet);
  g_array_append_val (way_of (f, from, to), on);
}

/* When it left, or NEVER. */
static gint64
packet_arrives (Filming *f, int from, int to, GBytes *bytes)
{
  gsize len;
  g_bytes_get_data (bytes, &len);
  GArray *way = way_of (f, from, to);
  guint hash = g_bytes_hash (bytes);
  for (guint i = 0; len > 0 && i < MIN (way->len, MAX_ON_THE_WAY); i++)
    {
      const OnTheWay *on = &g_array_index (way, OnTheWay, i);
      FilmPacket *packet = &g_array_index (f->film->packets, FilmPacket, on->packet);
      if (on->hash != hash || packet->len != len)
        continue;
      packet->arrived_us = now_of (f);
      g_array_remove_index (way, i);
      return packet->sent_us;
    }
  return FILM_NEVER;
}

/* ---- Arrivals ---- */

/* The newest view of that number which `sender` was told of. */
static int
view_numbered (const Filming *f, guint group, guint64 number, int sender)
{
  const GArray *views = film_process (f->film, sender)->views;
  for (guint i = views->len; i > 0; i--)
    {
      int index = g_array_index (views, int, i - 1);
      const FilmView *view = film_view (f->film, index);
      if (view->group == (int) group && g_ascii_strtoull (view->label, NULL, 10) == number)
        return index;
    }
  return -1;
}

static void
batch_arrives (Filming *f, Camera *camera, int sender, int view, guint64 first, guint64 count, int via, gint64 left)
{
  const FilmView *v = film_view (f->film, view);
  const char *group = g_array_index (f->film->groups, FilmGroup, v->group).name;
  for (guint64 number = first; number < first + count; number++)
    {
      g_autofree char *id = g_strdup_printf ("%s/%s/%s/%" G_GUINT64_FORMAT, film_process (f->film, sender)->name, group,
                                             v->label, number);
      int message = GPOINTER_TO_INT (g_hash_table_lookup (f->film->by_id, id)) - 1;
      if (message < 0)
        return;
      FilmArrival *at = film_at_rw (f->film, message, camera->process);
      if (at->received_us != FILM_NEVER)
        continue; /* somebody has forwarded it, too */
      at->received_us = now_of (f);
      at->left_us = left;
      at->via = via;
      film_add_event (f->film, now_of (f), FILM_RECEIVE, camera->process, message, view, NULL);
      g_array_index (f->film->events, FilmEvent, f->film->events->len - 1).other = via;
      g_array_append_val (camera->held, message);
    }
}

/* DATA, or FORWARD with DATA in it. */
static void
data_arrives (Filming *f, Camera *camera, int from, GBytes *packet, gint64 left)
{
  TyReader r = ty_reader_of_bytes (packet);
  TyId id;
  int sender = from;
  guint8 type = ty_read_u8 (&r);
  ty_read_id (&r, &id);
  guint64 number = ty_read_varint (&r);
  guint group = group_with (f, &id);
  if (r.bad || group == f->play->scene->n_groups)
    return;
  int view = view_numbered (f, group, number, from);
  if (type == TY_PACKET_FORWARD)
    {
      guint64 rank = ty_read_varint (&r);
      if (view < 0 || rank >= film_view (f->film, view)->n_members)
        return;
      sender = film_view (f->film, view)->members[rank];
      ty_read_u8 (&r);
      ty_read_id (&r, &id);
      ty_read_varint (&r);
    }
  guint64 first = ty_read_varint (&r);
  guint64 count = ty_read_bounded (&r, G_MAXUINT32);
  if (view >= 0 && !r.bad)
    batch_arrives (f, camera, sender, view, first, count, from, left);
}

/* ---- Why they wait ---- */

static FilmWaitReason
reason_of (TyWaitReason reason)
{
  switch (reason)
    {
    case TY_WAIT_PREDECESSOR:
      return FILM_WAIT_PREDECESSOR;
    case TY_WAIT_FLOOR:
      return FILM_WAIT_FLOOR;
    case TY_WAIT_ORDER:
      return FILM_WAIT_ORDER;
    case TY_WAIT_STABLE:
      return FILM_WAIT_STABLE;
    case TY_WAIT_MODE:
      return FILM_WAIT_BLOCKED;
    case TY_WAIT_NOTHING:
    default:
      return FILM_WAIT_UNKNOWN;
    }
}

static int
message_numbered (const Filming *f, int view, int sender, guint64 number)
{
  const FilmView *v = film_view (f->film, view);
  g_autofree char *id = g_strdup_printf ("%s/%s/%s/%" G_GUINT64_FORMAT, film_process (f->film, sender)->name,
                                         g_array_index (f->film->groups, FilmGroup, v->group).name, v->label, number);
  return GPOINTER_TO_INT (g_hash_table_lookup (f->film->by_id, id)) - 1;
}

/* Who sends after a message has delivered it: else it comes first by the total order alone. */
static gboolean
is_cause (const Filming *f, int message, const FilmMessage *of)
{
  const FilmArrival *at = film_at (f->film, message, of->sender);
  return at != NULL && at->delivered_us != FILM_NEVER && at->delivered_us < of->sent_us;
}

/* What the ordering says; FALSE: nothing. */
static gboolean
ask_ordering (const Filming *f, const Part *part, FilmWait *wait)
{
  const FilmMessage *m = film_message (f->film, wait->of);
  const FilmView *view = film_view (f->film, m->view);
  TyWait why;
  guint rank = 0;
  while (rank < view->n_members && view->members[rank] != m->sender)
    rank++;
  ty_group_explain (part->group, rank, &why);
  guint64 number = g_ascii_strtoull (strrchr (m->id, '/') + 1, NULL, 10);
  if (why.reason == TY_WAIT_NOTHING)
    return FALSE;
  wait->reason = reason_of (why.reason);
  if (why.reason != TY_WAIT_FLOOR && why.reason != TY_WAIT_MODE && why.member < view->n_members)
    wait->member = view->members[why.member];
  if (why.reason == TY_WAIT_PREDECESSOR)
    wait->message = message_numbered (f, m->view, wait->member, why.number);
  if (why.reason == TY_WAIT_PREDECESSOR && wait->message >= 0 && !is_cause (f, wait->message, m)
      && m->service >= TY_SERVICE_AGREED)
    wait->reason = FILM_WAIT_TURN;
  wait->ordinal = why.number;
  if (why.reason != TY_WAIT_MODE && why.message < number)
    {
      wait->reason = FILM_WAIT_FIFO;
      wait->member = m->sender;
      wait->message = message_numbered (f, m->view, m->sender, why.message);
      wait->ordinal = 0;
    }
  return TRUE;
}

/* The process is in a later view than the message. */
static gboolean
is_over (const Part *part, const char *label)
{
  return part->view != NULL && !g_str_equal (part->view->label, label)
         && part->view->id.number >= g_ascii_strtoull (label, NULL, 10);
}

static void
note_wait (Filming *f, Camera *camera, int message)
{
  const FilmMessage *m = film_message (f->film, message);
  const Part *part = stage_part (camera->p, (guint) m->group);
  FilmWait wait = { .of = message, .at = camera->process, .from_us = now_of (f), .message = -1, .member = -1 };
  if (part == NULL || m->view < 0)
    return;
  const TyetView *view = ty_group_get_view (part->group);
  const char *label = film_view (f->film, m->view)->label;
  if (is_over (part, label))
    {
      film_at_rw (f->film, message, camera->process)->dropped_us = now_of (f);
      film_end_wait (f->film, message, camera->process, now_of (f));
      return;
    }
  if (part->view == NULL || !g_str_equal (part->view->label, label))
    wait.reason = FILM_WAIT_VIEW;
  else if (view == NULL || !ty_group_is_loaded (part->group))
    wait.reason = FILM_WAIT_LOADING;
  else if (ty_group_get_state (part->group) == TY_GROUP_FLUSHING)
    wait.reason = FILM_WAIT_FLUSH;
  else if (ty_group_get_state (part->group) != TY_GROUP_MEMBER)
    wait.reason = FILM_WAIT_BLOCKED;
  else if (!ask_ordering (f, part, &wait))
    return;
  film_note_wait (f->film, &wait);
}

/* ---- The witness ---- */

static int
peer_of (Filming *f, TySimProcess *p, guint peer)
{
  const char *name = ty_hub_peer_name (ty_sim_hub (p), peer);
  return name != NULL ? film_find_process (f->film, name) : -1;
}

static void
on_event (TySimProcess *p, const TyEvent *e, gpointer data)
{
  Filming *f = data;
  if (e->type != TY_EVENT_PACKET)
    return;
  Camera *camera = camera_of (f, p);
  int from = peer_of (f, p, e->peer);
  const guint8 *bytes = g_bytes_get_data (e->packet, NULL);
  if (from < 0 || g_bytes_get_size (e->packet) == 0)
    return;
  gint64 left = is_kept (bytes[0]) ? packet_arrives (f, from, camera->process, e->packet) : FILM_NEVER;
  if (bytes[0] == TY_PACKET_DATA || bytes[0] == TY_PACKET_FORWARD)
    data_arrives (f, camera, from, e->packet, left);
}

static void
on_stepped (TySimProcess *p, gpointer data)
{
  Filming *f = data;
  take_record (f, camera_of (f, p));
}

/* -1: it is about none. */
static int
group_of_effect (const Filming *f, TySimProcess *p, const TyEffect *e)
{
  for (guint g = 0; e->group != NULL && g < f->play->scene->n_groups; g++)
    if (stage_part (p, g) != NULL && stage_part (p, g) == ty_group_get_user_data (e->group))
      return (int) g;
  return -1;
}

static void
on_effect (TySimProcess *p, const TyEffect *e, gpointer data)
{
  Filming *f = data;
  Camera *camera = camera_of (f, p);
  int group = group_of_effect (f, p, e);
  switch (e->type)
    {
    case TY_EFFECT_SEND:
      {
        int to = peer_of (f, p, e->peer);
        if (to >= 0)
          packet_leaves (f, camera->process, to, e->bytes);
        return;
      }
    case TY_EFFECT_VIEW:
      if (group >= 0)
        f->group_ids[group] = e->view->group;
      return;
    case TY_EFFECT_ENTERED:
      if (e->error != NULL)
        film_add_event (f->film, now_of (f), FILM_REFUSED, camera->process, -1, -1, e->error->message)->group = group;
      return;
    case TY_EFFECT_BLOCKED:
      film_open_span (f->film, FILM_SPAN_BLOCKED, camera->process, group, now_of (f));
      film_add_event (f->film, now_of (f), FILM_BLOCK, camera->process, -1, -1, e->text)->group = group;
      return;
    case TY_EFFECT_UNBLOCKED:
      film_close_span (f->film, FILM_SPAN_BLOCKED, camera->process, group, now_of (f));
      film_add_event (f->film, now_of (f), FILM_UNBLOCK, camera->process, -1, -1, NULL)->group = group;
      return;
    case TY_EFFECT_LOAD_STATE:
      film_open_span (f->film, FILM_SPAN_LOADING, camera->process, group, now_of (f));
      return;
    default:
      return;
    }
}

static void
look_at_state (Filming *f, Camera *camera, guint g)
{
  const Part *part = stage_part (camera->p, g);
  TyGroupState state = part != NULL ? ty_group_get_state (part->group) : TY_GROUP_NEW;
  if (state == camera->state[g])
    return;
  if (state == TY_GROUP_FLUSHING)
    {
      film_open_span (f->film, FILM_SPAN_FLUSH, camera->process, (int) g, now_of (f));
      film_add_event (f->film, now_of (f), FILM_FLUSH, camera->process, -1, -1, NULL)->group = (int) g;
    }
  else
    film_close_span (f->film, FILM_SPAN_FLUSH, camera->process, (int) g, now_of (f));
  camera->state[g] = state;
}

static void
on_turned (TySimProcess *p, gpointer data)
{
  Filming *f = data;
  Camera *camera = camera_of (f, p);
  if (!ty_sim_is_alive (p))
    return;
  for (guint g = 0; g < f->play->scene->n_groups; g++)
    look_at_state (f, camera, g);
  for (guint i = 0; i < camera->held->len; i++)
    note_wait (f, camera, g_array_index (camera->held, int, i));
  forget_done (f, camera);
}

static void
on_died (TySimProcess *p, TySimDeath death, gpointer data)
{
  Filming *f = data;
  Camera *camera = camera_of (f, p);
  FilmProcess *process = film_process (f->film, camera->process);
  for (FilmSpanType type = FILM_SPAN_FLUSH; type <= FILM_SPAN_LOADING; type++)
    film_close_span (f->film, type, camera->process, -1, now_of (f));
  for (guint i = 0; i < camera->held->len; i++)
    film_end_wait (f->film, g_array_index (camera->held, int, i), camera->process, now_of (f));
  if (process->end == FILM_END_LEFT || process->end == FILM_END_EXCLUDED)
    return;
  process->end = FILM_END_CRASHED;
  process->end_us = now_of (f);
  film_add_event (f->film, now_of (f), FILM_CRASH, camera->process, -1, -1, NULL);
}

/* ---- The scene's hand ---- */

static void
on_sent (Part *part, guint64 message, TyService service, gsize len, gpointer data)
{
  Filming *f = data;
  Camera *camera = camera_of (f, part->p);
  gint64 now = now_of (f);
  for (guint g = 0; g < f->play->scene->n_groups; g++)
    if (stage_part (part->p, g) == part)
      g_array_append_val (camera->asked[g], now);
}

static FilmCut *
open_cut (Film *film, const char *from, const char *to)
{
  for (guint i = film->cuts->len; i > 0; i--)
    {
      FilmCut *cut = &g_array_index (film->cuts, FilmCut, i - 1);
      if (cut->to_us == FILM_NEVER && g_str_equal (cut->from, from) && g_str_equal (cut->to, to))
        return cut;
    }
  return NULL;
}

static void
look_at_way (Filming *f, const char *from, const char *to)
{
  g_autofree char *a = g_strdup_printf ("sim:%s", from), *b = g_strdup_printf ("sim:%s", to);
  gboolean is_cut = ty_sim_is_cut (f->play->net, a, b);
  FilmCut *cut = open_cut (f->film, from, to);
  if (is_cut && cut == NULL)
    {
      FilmCut opened = { g_strdup (from), g_strdup (to), now_of (f), FILM_NEVER };
      g_array_append_val (f->film->cuts, opened);
    }
  else if (!is_cut && cut != NULL)
    cut->to_us = now_of (f);
}

static void
look_at_sites (Filming *f)
{
  const GPtrArray *sites = f->play->sites;
  for (guint i = 0; i < sites->len; i++)
    for (guint k = 0; k < sites->len; k++)
      if (i != k)
        look_at_way (f, ((PlaySite *) sites->pdata[i])->name, ((PlaySite *) sites->pdata[k])->name);
}

static void
look_at_lives (Filming *f)
{
  for (guint i = 0; i < ty_sim_n_processes (f->play->world); i++)
    {
      TySimProcess *p = ty_sim_process (f->play->world, i);
      Camera *camera = camera_of (f, p);
      gboolean stopped = ty_sim_is_alive (p) && ty_sim_is_stopped (p);
      if (stopped == camera->stopped)
        continue;
      camera->stopped = stopped;
      if (stopped)
        film_open_span (f->film, FILM_SPAN_STOPPED, camera->process, -1, now_of (f));
      else
        film_close_span (f->film, FILM_SPAN_STOPPED, camera->process, -1, now_of (f));
      if (ty_sim_is_alive (p))
        film_add_event (f->film, now_of (f), stopped ? FILM_STOP : FILM_CONTINUE, camera->process, -1, -1, NULL);
    }
}

static void
on_acts (Play *play, const SceneStep *step, gboolean done, gpointer data)
{
  Filming *f = data;
  if (!done)
    {
      g_autofree char *text = scene_step_to_string (step, play->scene, FALSE);
      film_add_event (f->film, now_of (f), FILM_STEP, -1, -1, -1, text);
      return;
    }
  look_at_sites (f);
  look_at_lives (f);
}

static void
on_refuses (Play *play, const Part *part, const char *message, const char *why, gpointer data)
{
  Filming *f = data;
  FilmEvent *e = film_add_event (f->film, now_of (f), FILM_REFUSED, camera_of (f, part->p)->process, -1, -1, why);
  e->name = g_strdup (message);
  for (guint g = 0; g < play->scene->n_groups; g++)
    if (stage_part (part->p, g) == part)
      e->group = (int) g;
}

/* ---- Beginning and end ---- */

void
filming_set_capture (Filming *filming, Capture *capture)
{
  filming->capture = capture;
}

Filming *
filming_new (Play *play)
{
  static const TySimWitness witness = { on_event, on_stepped, on_effect, on_turned, on_died };
  Filming *f = g_new0 (Filming, 1);
  f->play = play;
  f->film = film_new (play->scene->title);
  f->film->is_play = TRUE;
  f->cameras = g_ptr_array_new_with_free_func (camera_free);
  f->by_process = g_hash_table_new (NULL, NULL);
  f->ways = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  ty_history_reader_init (&f->reader);
  for (guint g = 0; g < play->scene->n_groups; g++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", g);
      const char *called = play->stage->group_name[g];
      int index = film_add_group (f->film, called != NULL ? called : name);
      g_assert (index == (int) g);
      g_array_index (f->film->groups, FilmGroup, g).ordering = g_strdup (play->scene->ordering[g]);
    }
  for (guint i = 0; i < ty_sim_n_processes (play->world); i++)
    camera_of (f, ty_sim_process (play->world, i));
  for (guint i = 0; i < f->cameras->len; i++)
    {
      Camera *camera = f->cameras->pdata[i];
      skip_record (f, camera);
      for (guint g = 0; g < play->scene->n_groups; g++)
        {
          const Part *part = stage_part (camera->p, g);
          if (part != NULL && part->view != NULL)
            f->group_ids[g] = part->view->group;
          camera->state[g] = part != NULL ? ty_group_get_state (part->group) : TY_GROUP_NEW;
        }
    }
  f->rolling = TRUE;
  play->acts = on_acts;
  play->refuses = on_refuses;
  play->acts_data = f;
  play->stage->on_sent = on_sent;
  play->stage->on_sent_data = f;
  ty_sim_world_add_witness (play->world, &witness, f);
  return f;
}

/* Which message has that place in the total order of a view: from whoever delivered most of it. */
static int
message_at_ordinal (const Film *film, int view, guint64 ordinal)
{
  for (guint p = 0; p < film->processes->len; p++)
    {
      const GArray *delivered = film_process (film, p)->delivered;
      guint64 n = 0;
      for (guint i = 0; i < delivered->len; i++)
        {
          int message = g_array_index (delivered, int, i);
          const FilmMessage *m = film_message (film, message);
          if (m->view == view && m->service >= TY_SERVICE_AGREED && ++n == ordinal)
            return message;
        }
    }
  return -1;
}

/* That one delivered the messages in this order, or does not speak against it. */
static gboolean
has_in_order (const Film *film, int process, const GArray *messages)
{
  int last = -1;
  for (guint i = 0; i < messages->len; i++)
    {
      const FilmArrival *at = film_at (film, g_array_index (messages, int, i), process);
      if (at == NULL || at->delivered_us == FILM_NEVER)
        return FALSE;
      if (at->place < last)
        return FALSE;
      last = at->place;
    }
  return TRUE;
}

/* Two messages that the second delivered the other way round. */
static gboolean
find_inversion (const Film *film, int process, int other, GArray *messages)
{
  const GArray *delivered = film_process (film, process)->delivered;
  int last = -1, last_message = -1;
  for (guint i = 0; i < delivered->len; i++)
    {
      int message = g_array_index (delivered, int, i);
      const FilmArrival *at = film_at (film, message, other);
      if (at == NULL || at->delivered_us == FILM_NEVER)
        continue;
      if (at->place < last)
        {
          g_array_append_val (messages, message);
          g_array_append_val (messages, last_message);
          return TRUE;
        }
      last = at->place;
      last_message = message;
    }
  return FALSE;
}

/* For links into the picture: the messages, and the processes that are not as they should be. */
static void
find_what_it_is_about (const Film *film, const SceneCond *cond, FilmFinding *finding)
{
  gboolean of_messages = cond->kind == COND_HAS || cond->kind == COND_LACKS || cond->kind == COND_BEFORE;
  for (char **name = cond->names; of_messages && name != NULL && *name != NULL; name++)
    {
      int message = film_find_message (film, *name);
      if (message >= 0)
        g_array_append_val (finding->messages, message);
    }
  for (int p = 0; p < (int) film->processes->len; p++)
    {
      const FilmProcess *process = film_process (film, p);
      gboolean named
          = cond->all || (cond->who != NULL && g_strv_contains ((const char *const *) cond->who, process->site));
      if (!named || (cond->kind == COND_BEFORE && has_in_order (film, p, finding->messages)))
        continue;
      g_array_append_val (finding->processes, p);
      if (cond->kind == COND_SAME_ORDER && finding->messages->len == 0
          && find_inversion (film, g_array_index (finding->processes, int, 0), p, finding->messages))
        g_array_index (finding->processes, int, 0) = p; /* the one to look at */
    }
}

Film *
filming_end (Filming *f)
{
  Film *film = f->film;
  Play *play = f->play;
  ty_sim_world_remove_witness (play->world, f);
  play->acts = NULL;
  play->refuses = NULL;
  play->stage->on_sent = NULL;
  for (guint i = 0; i < film->waits->len; i++)
    {
      FilmWait *wait = film_wait (film, i);
      if (wait->reason == FILM_WAIT_FLOOR)
        wait->message = message_at_ordinal (film, film_message (film, wait->of)->view, wait->ordinal);
    }
  film_finish (film);
  if (play->report != NULL)
    film_add_report (film, play->report);
  for (guint i = 0; i < play->results->len; i++)
    {
      const PlayResult *result = &g_array_index (play->results, PlayResult, i);
      if (result->holds)
        continue;
      g_autofree char *step = scene_step_to_string (result->step, play->scene, FALSE);
      FilmFinding finding = {
        .kind = FILM_FINDING_EXPECTED,
        .rule = g_strdup_printf ("%s:%u", play->scene->title, result->step->line),
        .text = g_strdup_printf ("%s%s%s", step, result->why != NULL ? ": " : " does not hold",
                                 result->why != NULL ? result->why : ""),
        .processes = g_array_new (FALSE, FALSE, sizeof (int)),
        .messages = g_array_new (FALSE, FALSE, sizeof (int)),
        .views = g_array_new (FALSE, FALSE, sizeof (int)),
      };
      if (result->step->cond != NULL)
        find_what_it_is_about (film, result->step->cond, &finding);
      g_array_append_val (film->findings, finding);
    }
  g_ptr_array_unref (f->cameras);
  g_hash_table_unref (f->by_process);
  g_hash_table_unref (f->ways);
  ty_history_reader_clear (&f->reader);
  g_free (f);
  return film;
}
