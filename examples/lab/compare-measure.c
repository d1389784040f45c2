/* examples/lab/compare-measure.c: the figures of a film.
 *
 * Anomalies are judged by what a person would call one, whatever the messages were promised: a message that a member
 * delivers before one that its sender knew, and two members who deliver two messages in different orders.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include "core/packet.h"

/* So many messages are compared with each other. */
#define MAX_COMPARED 3000

/* ---- Samples ---- */

void
sample_init (Sample *s)
{
  s->values = g_array_new (FALSE, FALSE, sizeof (gint64));
  s->sorted = FALSE;
}

void
sample_clear (Sample *s)
{
  g_array_unref (s->values);
}

void
sample_add (Sample *s, gint64 value)
{
  g_array_append_val (s->values, value);
  s->sorted = FALSE;
}

guint
sample_n (const Sample *s)
{
  return s->values->len;
}

double
sample_mean (const Sample *s)
{
  double sum = 0;
  for (guint i = 0; i < s->values->len; i++)
    sum += (double) g_array_index (s->values, gint64, i);
  return s->values->len > 0 ? sum / s->values->len : 0;
}

static int
by_value (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;
  return x < y ? -1 : (x > y ? 1 : 0);
}

gint64
sample_percentile (Sample *s, double percent)
{
  guint n = s->values->len;
  if (n == 0)
    return 0;
  if (!s->sorted)
    g_array_sort (s->values, by_value);
  s->sorted = TRUE;
  double at = percent / 100 * n;
  guint i = (guint) at;
  if (i > 0 && (double) i >= at)
    i--;
  return g_array_index (s->values, gint64, MIN (i, n - 1));
}

gint64
sample_max (Sample *s)
{
  return sample_percentile (s, 100);
}

void
side_free (Side *side)
{
  Sample *samples[] = { &side->latency, &side->own, &side->held, &side->still, &side->causal, &side->order };
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    sample_clear (samples[i]);
  g_free (side->name);
  g_free (side->ordering);
  g_free (side->finding);
  g_free (side->missed);
  g_free (side->causal_first);
  g_free (side->order_first);
  g_clear_pointer (&side->film, film_free);
  g_free (side);
}

/* ---- Times ---- */

static void
measure_times (Side *side, const Film *film)
{
  for (guint m = 0; m < film->messages->len; m++)
    {
      const FilmMessage *message = film_message (film, m);
      gint64 from = message->asked_us != FILM_NEVER ? message->asked_us : message->sent_us;
      for (guint p = 0; p < film->processes->len; p++)
        {
          const FilmArrival *at = film_at (film, (int) m, (int) p);
          if (at == NULL || at->delivered_us == FILM_NEVER)
            continue;
          gint64 took = at->delivered_us - from;
          if ((int) p == message->sender)
            {
              sample_add (&side->own, took);
              continue;
            }
          side->n_deliveries++;
          sample_add (&side->latency, took);
          if (at->received_us != FILM_NEVER && at->delivered_us > at->received_us)
            sample_add (&side->held, at->delivered_us - at->received_us);
        }
    }
  for (guint i = 0; i < film->spans->len; i++)
    {
      const FilmSpan *span = &g_array_index (film->spans, FilmSpan, i);
      gint64 to = span->to_us != FILM_NEVER ? span->to_us : film->end_us;
      if (span->from_us < 0 || to < span->from_us)
        continue;
      if (span->type == FILM_SPAN_FLUSH && span->to_us != FILM_NEVER)
        sample_add (&side->still, to - span->from_us);
      else if (span->type == FILM_SPAN_BLOCKED)
        side->blocked_us += (guint64) (to - span->from_us);
    }
  for (guint i = 0; i < film->views->len; i++)
    if (film_view (film, i)->first_us > 0)
      side->n_views++;
}

static void
measure_wire (Side *side, const Film *film)
{
  for (guint type = 0; type < G_N_ELEMENTS (film->n_packets); type++)
    {
      if (type == TY_PACKET_ALIVE)
        continue;
      Wire wire = type == TY_PACKET_DATA || type == TY_PACKET_FORWARD ? WIRE_DATA
                  : type == TY_PACKET_ORDERING                        ? WIRE_ORDERING
                                                                      : WIRE_OTHER;
      side->packets[wire] += film->n_packets[type];
      side->bytes[wire] += film->packet_bytes[type];
    }
}

/* ---- Anomalies ---- */

/* What each process has seen, and what each message follows from: how many messages of each process. */
typedef struct
{
  const Film *film;
  guint n;          /* processes */
  guint *past;      /* [message * n + process] */
  guint8 *has_past; /* by message */
  guint *seen;      /* [process * n + process] */
  GArray **of;      /* by process: its messages, in order */
  guint *place;     /* by message: which of its sender's it is, from 1 */
  guint8 *there;    /* [message * n + process]: it is delivered */
} Past;

static void
note_past (Past *t, int m, int p)
{
  if (t->has_past[m])
    return;
  t->has_past[m] = TRUE;
  memcpy (&t->past[(gsize) m * t->n], &t->seen[(gsize) p * t->n], t->n * sizeof *t->past);
}

static guint
measure_delivery (Side *side, Past *t, int m, int r)
{
  const FilmMessage *message = film_message (t->film, m);
  guint wrong = 0;
  for (guint j = 0; j < t->n && wrong == 0; j++)
    {
      guint nth = t->past[(gsize) m * t->n + j];
      if (nth == 0 || (int) j == message->sender)
        continue;
      int before = g_array_index (t->of[j], int, nth - 1);
      const FilmMessage *first = film_message (t->film, before);
      if (first->view != message->view || first->group != message->group || t->there[(gsize) before * t->n + (guint) r])
        continue;
      wrong = 1;
      if (side->causal_first == NULL)
        side->causal_first = g_strdup_printf ("causal violation at %s: %s before %s", film_process (t->film, r)->name,
                                              message->name, first->name);
    }
  t->there[(gsize) m * t->n + (guint) r] = TRUE;
  guint *seen = &t->seen[(gsize) r * t->n];
  for (guint j = 0; j < t->n; j++)
    seen[j] = MAX (seen[j], t->past[(gsize) m * t->n + j]);
  seen[message->sender] = MAX (seen[message->sender], t->place[m]);
  return wrong;
}

static guint
measure_causal (Side *side, const Film *film)
{
  guint n = film->processes->len, n_messages = film->messages->len, wrong = 0;
  Past t = { .film = film, .n = n };
  t.past = g_new0 (guint, (gsize) n_messages * n + 1);
  t.has_past = g_new0 (guint8, n_messages + 1);
  t.seen = g_new0 (guint, (gsize) n * n + 1);
  t.there = g_new0 (guint8, (gsize) n_messages * n + 1);
  t.place = g_new0 (guint, n_messages + 1);
  t.of = g_new0 (GArray *, n + 1);
  for (guint p = 0; p < n; p++)
    t.of[p] = g_array_new (FALSE, FALSE, sizeof (int));
  for (guint i = 0; i < film->events->len; i++)
    {
      const FilmEvent *e = film_event (film, i);
      if (e->message < 0 || e->process < 0)
        continue;
      if (e->type == FILM_ASK)
        note_past (&t, e->message, e->process);
      else if (e->type == FILM_SEND)
        {
          note_past (&t, e->message, e->process);
          g_array_append_val (t.of[e->process], e->message);
          t.place[e->message] = t.of[e->process]->len;
          guint *own = &t.seen[(gsize) e->process * n + (guint) e->process];
          *own = MAX (*own, t.place[e->message]);
        }
      else if (e->type == FILM_DELIVER && t.has_past[e->message])
        wrong += measure_delivery (side, &t, e->message, e->process);
    }
  for (guint p = 0; p < n; p++)
    g_array_unref (t.of[p]);
  g_free (t.of);
  g_free (t.past);
  g_free (t.has_past);
  g_free (t.seen);
  g_free (t.there);
  g_free (t.place);
  return wrong;
}

/* Who delivered the two in which order: TRUE if two members differ. */
static gboolean
differ (const Film *film, int a, int b, int *first, int *other)
{
  *first = -1;
  for (guint p = 0; p < film->processes->len; p++)
    {
      const FilmArrival *x = film_at (film, a, (int) p), *y = film_at (film, b, (int) p);
      if (x == NULL || y == NULL || x->delivered_us == FILM_NEVER || y->delivered_us == FILM_NEVER)
        continue;
      gboolean a_first = x->place < y->place;
      if (a_first && *first < 0)
        *first = (int) p;
      else if (!a_first && *other < 0)
        *other = (int) p;
    }
  return *first >= 0 && *other >= 0;
}

static guint
measure_order (Side *side, const Film *film)
{
  guint wrong = 0, n = MIN (film->messages->len, MAX_COMPARED);
  side->order_part = side->order_part || n < film->messages->len;
  for (guint a = 0; a < n; a++)
    for (guint b = a + 1; b < n; b++)
      {
        const FilmMessage *x = film_message (film, a), *y = film_message (film, b);
        int first = -1, other = -1;
        if (x->view != y->view || x->group != y->group || x->sender == y->sender
            || !differ (film, (int) a, (int) b, &first, &other))
          continue;
        wrong++;
        if (side->order_first == NULL)
          side->order_first
              = g_strdup_printf ("%s delivers %s before %s, %s the other way round", film_process (film, first)->name,
                                 x->name, y->name, film_process (film, other)->name);
      }
  return wrong;
}

void
compare_measure (Side *side, const Film *film, guint64 seed)
{
  side->n_seeds++;
  side->n_messages += film->messages->len;
  for (guint i = 0; i < film->events->len; i++)
    side->n_refused += film_event (film, i)->type == FILM_REFUSED;
  measure_times (side, film);
  measure_wire (side, film);
  gboolean was = side->causal_first != NULL, ordered = side->order_first != NULL;
  sample_add (&side->causal, measure_causal (side, film));
  sample_add (&side->order, measure_order (side, film));
  char **fresh[] = { !was ? &side->causal_first : NULL, !ordered ? &side->order_first : NULL };
  for (guint i = 0; i < 2; i++)
    if (fresh[i] != NULL && *fresh[i] != NULL && side->n_seeds > 1)
      {
        char *text = g_strdup_printf ("%s (seed %" G_GUINT64_FORMAT ")", *fresh[i], seed);
        g_free (*fresh[i]);
        *fresh[i] = text;
      }
}
