/* membership/detector.c: whom to suspect for silence (N3, V9).
 *
 * A peer that was watched and not heard of for suspect-after is suspected, once, until it is heard of again.  The
 * process's own stall is noticed first: if a step comes much later than the heartbeat would have it,
 * silence until now is this process's own fault (it did not read), and every peer gets the benefit of the doubt for one
 * more heartbeat's worth of time. The detector adapts to the delays that it sees: the grace after a stall, and the
 * margin over the heartbeat below which no silence counts, follow the longest gaps lately heard from that peer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/membership-port.h"
#include "membership/membership.h"

typedef struct
{
  gboolean watched;
  gboolean suspected;
  gint64 heard;
  gint64 gap; /* a slowly forgotten maximum of the gaps between two signs of life */
} Watched;

struct _TyDetector
{
  gint64 suspect_after;
  gint64 heartbeat;
  gint64 last_step;
  GArray *peers; /* of Watched, by peer */
};

TyDetector *
ty_detector_create (const TyNodeConfig *config)
{
  TyDetector *d = g_new0 (TyDetector, 1);
  d->suspect_after = config->suspect_after_us;
  d->heartbeat = config->heartbeat_us;
  d->peers = g_array_new (FALSE, TRUE, sizeof (Watched));
  return d;
}

void
ty_detector_free (TyDetector *d)
{
  g_array_unref (d->peers);
  g_free (d);
}

void
ty_detector_watch (TyDetector *d, guint peer, gint64 now)
{
  if (peer >= d->peers->len)
    g_array_set_size (d->peers, peer + 1);
  Watched *w = &g_array_index (d->peers, Watched, peer);
  *w = (Watched){ .watched = TRUE, .heard = now };
}

void
ty_detector_unwatch (TyDetector *d, guint peer)
{
  if (peer < d->peers->len)
    g_array_index (d->peers, Watched, peer) = (Watched){ 0 };
}

void
ty_detector_heard (TyDetector *d, guint peer, gint64 now)
{
  if (peer >= d->peers->len)
    return;
  Watched *w = &g_array_index (d->peers, Watched, peer);
  gint64 gap = now - w->heard;
  w->gap = MAX (gap, w->gap - w->gap / 64);
  w->heard = now;
  w->suspected = FALSE;
}

void
ty_detector_step (TyDetector *d, gint64 now)
{
  /* While anyone is watched there is a step at least every heartbeat. */
  gboolean stalled = d->last_step > 0 && now - d->last_step > 3 * d->heartbeat;
  if (stalled)
    for (guint i = 0; i < d->peers->len; i++)
      {
        Watched *w = &g_array_index (d->peers, Watched, i);
        gint64 grace = CLAMP (2 * w->gap, 2 * d->heartbeat, d->suspect_after);
        if (w->watched && !w->suspected)
          w->heard = MAX (w->heard, now - d->suspect_after + grace);
      }
  d->last_step = now;
}

gboolean
ty_detector_suspect (TyDetector *d, gint64 now, guint *peer)
{
  for (guint i = 0; i < d->peers->len; i++)
    {
      Watched *w = &g_array_index (d->peers, Watched, i);
      if (w->watched && !w->suspected && now - w->heard >= d->suspect_after)
        {
          w->suspected = TRUE;
          *peer = i;
          return TRUE;
        }
    }
  return FALSE;
}

gint64
ty_detector_deadline (const TyDetector *d)
{
  gint64 deadline = G_MAXINT64;
  for (guint i = 0; i < d->peers->len; i++)
    {
      const Watched *w = &g_array_index (d->peers, Watched, i);
      if (w->watched && !w->suspected)
        deadline = MIN (deadline, w->heard + d->suspect_after);
    }
  return deadline;
}
