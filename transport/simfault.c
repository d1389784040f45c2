/* transport/simfault.c: the simulated network's sites, the ways between them, what can go wrong there, and its random
 * numbers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/simnet-private.h"

/* ---- Random numbers: xoshiro256** by Blackman and Vigna, seeded by splitmix64 ---- */

void
ty_sim_rand_init (TySimRand *rand, guint64 seed)
{
  for (guint i = 0; i < 4; i++)
    {
      guint64 z = seed += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
      z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
      rand->s[i] = z ^ (z >> 31);
    }
}

static guint64
rotate (guint64 v, guint by)
{
  return v << by | v >> (64 - by);
}

guint64
ty_sim_rand_next (TySimRand *rand)
{
  guint64 *s = rand->s;
  guint64 out = rotate (s[1] * 5, 7) * 9;
  guint64 t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate (s[3], 45);
  return out;
}

guint64
ty_sim_rand_range (TySimRand *rand, guint64 low, guint64 high)
{
  g_assert (low <= high);
  guint64 n = high - low + 1; /* 0: all of them; the bias of the remainder does not matter here */
  guint64 draw = ty_sim_rand_next (rand);
  return n == 0 ? draw : low + draw % n;
}

gboolean
ty_sim_rand_one_in (TySimRand *rand, guint64 n)
{
  return ty_sim_rand_range (rand, 1, MAX (n, 1)) == 1;
}

/* ---- Sites ---- */

void
ty_sim_sites_init (TySimNet *net)
{
  Site none = { 0 };
  net->site_numbers = g_hash_table_new (g_str_hash, g_str_equal);
  net->sites = g_array_new (FALSE, FALSE, sizeof (Site));
  g_array_append_val (net->sites, none);
}

void
ty_sim_sites_clear (TySimNet *net)
{
  for (guint i = 0; i < net->sites->len; i++)
    {
      g_free (g_array_index (net->sites, Site, i).address);
      g_free (g_array_index (net->sites, Site, i).port);
      g_clear_pointer (&g_array_index (net->sites, Site, i).ways, g_array_unref);
    }
  g_array_unref (net->sites);
  g_hash_table_unref (net->site_numbers);
}

gboolean
ty_sim_is_address (const char *address)
{
  return g_str_has_prefix (address, "sim:") && address[4] != '\0';
}

guint32
ty_sim_find_site (TySimNet *net, const char *address)
{
  guint32 number = GPOINTER_TO_UINT (g_hash_table_lookup (net->site_numbers, address));
  if (number == 0)
    {
      Site site = { .address = g_strdup (address), .ways = g_array_new (FALSE, TRUE, sizeof (Way)) };
      number = net->sites->len;
      g_array_append_val (net->sites, site);
      g_hash_table_insert (net->site_numbers, site.address, GUINT_TO_POINTER (number));
    }
  return number;
}

Site *
ty_sim_site (const TySimNet *net, guint32 site)
{
  g_assert (site > 0 && site < net->sites->len);
  return &g_array_index (net->sites, Site, site);
}

/* ---- Ways ---- */

/* NULL: it is as usual, or there are no such sites. */
static Way *
find_way (const TySimNet *net, guint32 from, guint32 to)
{
  GArray *ways = g_array_index (net->sites, Site, from).ways;
  return ways != NULL && to < ways->len ? &g_array_index (ways, Way, to) : NULL;
}

static Way *
make_way (TySimNet *net, guint32 from, guint32 to)
{
  GArray *ways = ty_sim_site (net, from)->ways;
  if (to >= ways->len)
    g_array_set_size (ways, to + 1);
  return &g_array_index (ways, Way, to);
}

gboolean
ty_sim_way_is_cut (const TySimNet *net, guint32 from, guint32 to)
{
  const Way *way = find_way (net, from, to);
  return way != NULL && way->cut;
}

gint64
ty_sim_way_delay (TySimNet *net, guint32 from, guint32 to)
{
  const Way *way = find_way (net, from, to);
  return (way != NULL ? way->slow_us : 0)
         + (gint64) ty_sim_rand_range (&net->rand, (guint64) net->config.delay_min_us,
                                       (guint64) MAX (net->config.delay_min_us, net->config.delay_max_us));
}

void
ty_sim_cut (TySimNet *net, const char *from, const char *to)
{
  guint32 a = ty_sim_find_site (net, from), b = ty_sim_find_site (net, to);
  make_way (net, a, b)->cut = TRUE;
}

void
ty_sim_heal (TySimNet *net, const char *from, const char *to)
{
  guint32 a = ty_sim_find_site (net, from), b = ty_sim_find_site (net, to);
  Way *way = find_way (net, a, b);
  if (way == NULL || !way->cut)
    return;
  way->cut = FALSE;
  for (guint i = 0; i < net->links->len; i++)
    {
      TyLink *link = net->links->pdata[i];
      if (!link->stalled || link->near_site != a || link->far_site != b)
        continue;
      link->stalled = FALSE;
      gint64 at = net->now + (gint64) ty_sim_rand_range (&net->rand, 0, (guint64) net->config.resend_max_us);
      for (GList *l = link->out.head; l != NULL; l = l->next)
        ((Piece *) l->data)->at = MAX (((Piece *) l->data)->at, at);
      link->last_at = MAX (link->last_at, at);
      ty_sim_link_move_at (link, at);
    }
}

gboolean
ty_sim_is_cut (const TySimNet *net, const char *from, const char *to)
{
  guint32 a = GPOINTER_TO_UINT (g_hash_table_lookup (net->site_numbers, from));
  guint32 b = GPOINTER_TO_UINT (g_hash_table_lookup (net->site_numbers, to));
  return ty_sim_way_is_cut (net, a, b);
}

void
ty_sim_slow (TySimNet *net, const char *from, const char *to, gint64 delay_us)
{
  guint32 a = ty_sim_find_site (net, from), b = ty_sim_find_site (net, to);
  make_way (net, a, b)->slow_us = delay_us;
}

void
ty_sim_break (TySimNet *net, const char *a, const char *b)
{
  guint32 x = ty_sim_find_site (net, a), y = ty_sim_find_site (net, b);
  for (guint i = 0; i < net->links->len; i++)
    {
      TyLink *link = net->links->pdata[i];
      if (link->other == NULL || link->closed
          || !((link->near_site == x && link->far_site == y) || (link->near_site == y && link->far_site == x)))
        continue;
      /* What is on its way from here is lost; that it is, the other end hears after a while, cut or not. */
      for (GList *l = link->out.head; l != NULL; l = l->next)
        {
          Piece *p = l->data;
          p->kind = PIECE_RESET;
          p->len = 0;
        }
      ty_sim_link_say (link, PIECE_RESET, 0);
    }
}
