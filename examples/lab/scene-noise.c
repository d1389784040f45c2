/* examples/lab/scene-noise.c: a stranger who calls a process and says something that is not the protocol.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-play.h"

#include <string.h>

typedef struct
{
  Play *play;
  TySimPort *port;
  TyLink *link;
  gsize left;
  guint said;
  TySimRand rand;
} Noise;

static void
hears_nothing (gpointer data)
{
}

static void
say (gpointer data)
{
  Noise *noise = data;
  static const char greeting[] = "GET / HTTP/1.0\r\n\r\n";
  guint8 bytes[256];
  gsize len = MIN (noise->left, sizeof bytes);
  for (gsize i = 0; i < len; i++)
    bytes[i] = (guint8) ty_sim_rand_next (&noise->rand);
  if (noise->said++ == 0 && ty_sim_rand_one_in (&noise->rand, 3))
    memcpy (bytes, greeting, MIN (len, strlen (greeting)));
  struct iovec part = { bytes, len };
  gssize written = ty_sim_net_ops.writev (noise->link, &part, 1);
  noise->left -= len;
  gint64 now = ty_sim_now (noise->play->net);
  if (written >= 0 && noise->left > 0)
    ty_sim_at (noise->play->net, now + (gint64) ty_sim_rand_range (&noise->rand, 100, 20000), say, noise);
  else
    ty_sim_port_close (noise->port, TY_SIM_KILLED);
}

void
play_noise (Play *play, const TySimProcess *p, gsize len)
{
  Noise *noise = g_new0 (Noise, 1);
  g_autofree char *address = g_strdup_printf ("sim:-%u", play->notes->len); /* no process has such a name */
  noise->play = play;
  noise->left = len;
  ty_sim_rand_init (&noise->rand, play->scene->seed ^ (guint64) play_now (play));
  noise->port = ty_sim_port_open (play->net, address, hears_nothing, noise);
  g_assert (noise->port != NULL);
  noise->link = ty_sim_net_ops.dial (noise->port, ty_sim_address (p), NULL);
  g_ptr_array_add (play->notes, noise);
  ty_sim_at (play->net, ty_sim_now (play->net) + 3000, say, noise);
}
