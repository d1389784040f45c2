/* tests/keys/storm.c: the course of the storm of secrets: see storm.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/keys/storm.h"

#include "core/view.h"

#include <string.h>

#define CALM_US SECONDS (60)

static guint64
pick (Keys *keys, guint64 low, guint64 high)
{
  return ty_sim_rand_range (&keys->rand, low, high);
}

static gboolean
chance (Keys *keys, guint64 one_in)
{
  return ty_sim_rand_one_in (&keys->rand, one_in);
}

static TySimNet *
net_of (Keys *keys)
{
  return ty_sim_world_net (keys->stage->world);
}

/* ---- who has which key ---- */

static void
identity_of (guint site, guint8 out[TY_KEY_BYTES])
{
  memset (out, 0x40 + (int) site, TY_KEY_BYTES);
}

static TyAdmitList *
list_of (guint sites)
{
  g_autoptr (GString) text = g_string_new ("# who may come\n");
  guint line;
  const char *why;
  for (guint site = 0; site < 32; site++)
    {
      guint8 secret[TY_KEY_BYTES], public[TY_KEY_BYTES];
      char key[TY_KEY_TEXT_BYTES];
      if ((sites >> site & 1) == 0)
        continue;
      identity_of (site, secret);
      ty_key_public (secret, public);
      ty_key_print (public, key);
      g_string_append_printf (text, "%s  p%u\n", key, site);
    }
  TyAdmitList *list = ty_admit_list_read (text->str, text->len, &line, &why);
  g_assert (list != NULL);
  return list;
}

static void
give_list (Keys *keys, KeysHolder *h, guint sites)
{
  TyAdmitList *list = list_of (sites);
  ty_sim_trace (keys->stage->world, "--- the list of %s is %x", ty_sim_name (h->p), sites);
  h->list = sites;
  h->list_views = h->part->n_views;
  ty_group_set_admit (h->part->group, list);
  ty_admit_list_unref (list);
}

/* Its group is there, and nothing has been asked of it. */
static void
on_new (Part *part, gpointer data)
{
  Keys *keys = data;
  KeysHolder *h = keys_holder_of (keys, part->p);
  h->part = part;
  h->list = G_MAXUINT;
  if (h->group != KEYS_NO_SECRET)
    ty_group_set_secret (part->group, g_array_index (keys->secrets, KeysSecret, h->group).bytes);
  if (keys->with_list)
    give_list (keys, h, keys->policy);
}

/* A process with these secrets, and the key of `site`. */
static KeysHolder *
start (Keys *keys, const char *place, guint site, guint net, guint group)
{
  guint8 identity[TY_KEY_BYTES];
  g_autofree char *name = g_strdup_printf ("%s.%u", place, ++keys->n_started);
  identity_of (site, identity);
  ty_sim_world_set_keys (keys->stage->world, g_array_index (keys->secrets, KeysSecret, net).bytes, identity);
  return keys_holder (keys, stage_spawn (keys->stage, name), site, net, group);
}

static KeysHolder *
start_and_join (Keys *keys, const char *place, guint site, guint net, guint group)
{
  g_autoptr (GString) contacts = g_string_new ("p0");
  for (guint i = 0; i < keys->holders->len; i++)
    {
      const TySimProcess *p = ((KeysHolder *) keys->holders->pdata[i])->p;
      if (ty_sim_is_alive (p) && strstr (contacts->str, ty_sim_address (p) + strlen ("sim:")) == NULL)
        g_string_append_printf (contacts, ",%s", ty_sim_address (p) + strlen ("sim:"));
    }
  KeysHolder *h = start (keys, place, site, net, group);
  stage_join (h->p, 0, contacts->str);
  return h;
}

/* ---- what can be seen ---- */

static gboolean
takes_part (const KeysHolder *h)
{
  const Part *part = h->part;
  return ty_sim_is_alive (h->p) && part != NULL && part->entered && !part->left && !part->excluded && !part->failed;
}

static KeysHolder *
newest_at (Keys *keys, guint site)
{
  g_autofree char *address = g_strdup_printf ("sim:p%u", site);
  for (guint i = keys->holders->len; i > 0; i--)
    if (g_str_equal (ty_sim_address (((KeysHolder *) keys->holders->pdata[i - 1])->p), address))
      return keys->holders->pdata[i - 1];
  return NULL;
}

static gboolean
is_current (const Keys *keys, const KeysHolder *h)
{
  return h->net == keys->net && h->group == keys->group;
}

static KeysHolder *
any_member (Keys *keys)
{
  guint first = (guint) pick (keys, 0, KEYS_SITES - 1);
  for (guint i = 0; i < KEYS_SITES; i++)
    {
      KeysHolder *h = newest_at (keys, (first + i) % KEYS_SITES);
      if (h != NULL && takes_part (h) && !h->part->leaving && !ty_sim_is_stopped (h->p))
        return h;
    }
  return NULL;
}

static const TyetView *
newest_view (Keys *keys)
{
  const TyetView *newest = NULL;
  for (guint i = 0; i < keys->holders->len; i++)
    {
      const KeysHolder *h = keys->holders->pdata[i];
      if (h->part != NULL && h->part->view != NULL
          && (newest == NULL || h->part->view->id.number > newest->id.number))
        newest = h->part->view;
    }
  return newest;
}

/* Whether that view's members, without `gone`, can lose those that are dead or behind, and one more, and still be a
 * quorum, also of the view that is left when those who leave in good order have left. */
static gboolean
can_spare (Keys *keys, const TyetView *view, const KeysHolder *gone, gboolean dies)
{
  guint stay = 0, lost = dies ? 1 : 0;
  for (guint i = 0; i < view->n_members; i++)
    {
      const KeysHolder *h = keys_holder_by_pid (keys, &view->members[i].pid);
      gboolean leaves = h == gone || h->part->leaving || (keys->policy >> h->site & 1) == 0;
      if (!takes_part (h) || !is_current (keys, h))
        lost++;
      else if (!leaves)
        stay++;
    }
  return stay > lost + 1;
}

static gboolean
may_lose (Keys *keys, const KeysHolder *gone, gboolean dies)
{
  const TyetView *view = newest_view (keys);
  return view != NULL && can_spare (keys, view, gone, dies);
}

/* ---- what befalls them ---- */

static void
rekey (Keys *keys)
{
  KeysHolder *h = any_member (keys);
  g_autoptr (GError) error = NULL;
  if (h == NULL)
    return;
  gboolean network = h->group == KEYS_NO_SECRET || chance (keys, 2);
  ty_sim_trace (keys->stage->world, "--- %s asks for new secrets%s", ty_sim_name (h->p), network ? ", both" : "");
  ty_group_rekey (h->part->group, network, &error);
}

/* Whoever is in charge changes the list; the members read it again, at once or one by one. */
static void
spread_policy (Keys *keys, gboolean all)
{
  KeysHolder *first = any_member (keys);
  for (guint i = 0; i < keys->holders->len; i++)
    {
      KeysHolder *h = keys->holders->pdata[i];
      if (takes_part (h) && !h->part->leaving && (all || h == first))
        give_list (keys, h, keys->policy);
    }
}

static void
revoke_one (Keys *keys)
{
  guint site = (guint) pick (keys, 0, KEYS_SITES - 1);
  KeysHolder *h = newest_at (keys, site);
  if (!keys->with_list || (keys->policy >> site & 1) == 0 || h == NULL || !takes_part (h)
      || !may_lose (keys, h, FALSE))
    return;
  keys->policy &= ~(1u << site);
  keys->counts->revoked++;
  ty_sim_trace (keys->stage->world, "--- p%u is revoked", site);
  spread_policy (keys, chance (keys, 2));
}

static void
kill_one (Keys *keys)
{
  KeysHolder *h = newest_at (keys, (guint) pick (keys, 0, KEYS_SITES - 1));
  if (h == NULL || !ty_sim_is_alive (h->p) || !may_lose (keys, h, TRUE))
    return;
  keys->counts->kills++;
  /* In the middle of a step, or at once. Not later: it is counted as gone from now on. */
  ty_sim_kill (h->p, chance (keys, 4) ? TY_SIM_VANISHED : TY_SIM_KILLED);
}

/* It asks for new secrets, and dies within the steps that follow from that. */
static void
ask_and_die (Keys *keys)
{
  KeysHolder *h = any_member (keys), *victim = chance (keys, 2) ? h : any_member (keys);
  g_autoptr (GError) error = NULL;
  if (h == NULL || !may_lose (keys, victim, TRUE))
    return;
  ty_group_rekey (h->part->group, h->group == KEYS_NO_SECRET || chance (keys, 2), &error);
  ty_sim_kill_after_effects (victim->p, pick (keys, 0, 60));
  ty_sim_run_for (keys->stage->world, (gint64) pick (keys, 0, 20000));
  if (ty_sim_is_alive (victim->p))
    ty_sim_kill (victim->p, TY_SIM_KILLED);
  keys->counts->kills++;
}

/* Whoever is in charge starts it again, with the secrets of today; or it had them all the time. */
static void
restart_at (Keys *keys, guint site)
{
  KeysHolder *h = newest_at (keys, site);
  g_autofree char *place = g_strdup_printf ("p%u", site);
  if (h != NULL && ty_sim_is_alive (h->p))
    {
      gboolean over = h->part != NULL && (h->part->left || h->part->excluded || h->part->failed);
      gboolean outdated = !is_current (keys, h) && (h->part == NULL || !h->part->entered || h->part->blocked);
      if (!over && !outdated)
        return;
      ty_sim_kill (h->p, TY_SIM_KILLED);
    }
  start_and_join (keys, place, site, keys->net, keys->group);
}

static void
restart (Keys *keys)
{
  restart_at (keys, (guint) pick (keys, 0, KEYS_SITES - 1));
}

/* Some members know it before others do, and it comes at once. */
static void
readmit (Keys *keys)
{
  guint first = (guint) pick (keys, 0, KEYS_SITES - 1), site = first;
  for (guint i = 0; i < KEYS_SITES && (keys->policy >> site & 1) != 0; i++)
    site = (first + i) % KEYS_SITES;
  if ((keys->policy >> site & 1) != 0)
    return;
  keys->policy |= 1u << site;
  keys->counts->readmitted++;
  ty_sim_trace (keys->stage->world, "--- p%u is admitted again", site);
  spread_policy (keys, chance (keys, 2));
  restart_at (keys, site);
}

/* One that has old secrets, or a key that is not on the list. */
static void
knock (Keys *keys)
{
  g_autofree char *place = g_strdup_printf ("k%u", keys->n_started);
  guint net = (guint) pick (keys, 0, keys->net), group = keys->group;
  if (group != KEYS_NO_SECRET && chance (keys, 2))
    group = (guint) pick (keys, 1, group);
  start_and_join (keys, place, KEYS_SITES + 1, net, group);
}

static void
break_or_cut (Keys *keys)
{
  guint a = (guint) pick (keys, 0, KEYS_SITES - 1), b = (guint) pick (keys, 0, KEYS_SITES - 2);
  b += b >= a;
  g_autofree char *from = g_strdup_printf ("sim:p%u", a), *to = g_strdup_printf ("sim:p%u", b);
  ty_sim_trace (keys->stage->world, "--- between %s and %s", from, to);
  switch (pick (keys, 0, 5))
    {
    case 0:
      ty_sim_cut (net_of (keys), from, to);
      if (chance (keys, 2))
        ty_sim_cut (net_of (keys), to, from);
      break;
    case 1:
      ty_sim_slow (net_of (keys), from, to, (gint64) pick (keys, 0, 30000));
      break;
    default:
      ty_sim_break (net_of (keys), from, to);
    }
}

static void
cut_off (Keys *keys)
{
  guint a = (guint) pick (keys, 0, KEYS_SITES - 1);
  g_autofree char *from = g_strdup_printf ("sim:p%u", a);
  ty_sim_trace (keys->stage->world, "--- %s is cut off", from);
  for (guint b = 0; b < KEYS_SITES; b++)
    {
      g_autofree char *to = g_strdup_printf ("sim:p%u", b);
      ty_sim_cut (net_of (keys), from, to);
      ty_sim_cut (net_of (keys), to, from);
    }
}

static void
stop_or_continue (Keys *keys)
{
  KeysHolder *h = newest_at (keys, (guint) pick (keys, 0, KEYS_SITES - 1));
  if (h == NULL || !ty_sim_is_alive (h->p))
    return;
  if (ty_sim_is_stopped (h->p))
    ty_sim_continue (h->p);
  else
    ty_sim_stop (h->p);
}

static void
heal (Keys *keys)
{
  stage_heal_all (keys->stage);
  for (guint i = 0; i < keys->holders->len; i++)
    {
      KeysHolder *h = keys->holders->pdata[i];
      if (ty_sim_is_alive (h->p) && ty_sim_is_stopped (h->p))
        ty_sim_continue (h->p);
    }
}

static void
leave (Keys *keys)
{
  KeysHolder *h = any_member (keys);
  if (h != NULL && may_lose (keys, h, FALSE))
    stage_leave (h->part);
}

static void
befall (Keys *keys)
{
  guint64 drawn = pick (keys, 0, 99);
  if (drawn < 22)
    rekey (keys);
  else if (drawn < 32)
    revoke_one (keys);
  else if (drawn < 38)
    readmit (keys);
  else if (drawn < 45)
    kill_one (keys);
  else if (drawn < 51)
    ask_and_die (keys);
  else if (drawn < 62)
    restart (keys);
  else if (drawn < 67)
    knock (keys);
  else if (drawn < 81)
    break_or_cut (keys);
  else if (drawn < 84)
    cut_off (keys);
  else if (drawn < 89)
    heal (keys);
  else if (drawn < 93)
    stop_or_continue (keys);
  else if (drawn < 96)
    leave (keys);
  else if (keys->with_list)
    spread_policy (keys, TRUE);
}

/* ---- the calm ---- */

/* Everybody who has the secrets and may be in is in one view of all of these; who may not be in is not. */
static gboolean
is_settled (gpointer data)
{
  Keys *keys = data;
  const TyetView *view = newest_view (keys);
  guint in = 0;
  if (keys->finding != NULL)
    return TRUE;
  for (guint i = 0; view != NULL && i < keys->holders->len; i++)
    {
      const KeysHolder *h = keys->holders->pdata[i];
      gboolean may = ty_sim_is_alive (h->p) && is_current (keys, h) && (keys->policy >> h->site & 1) != 0
                     && h->part != NULL && !h->part->left && !h->part->excluded && !h->part->failed;
      guint rank = ty_view_rank (view, ty_sim_pid (h->p));
      if (may != (rank < view->n_members))
        return FALSE;
      if (!may)
        continue;
      if (!h->part->entered || h->part->view == NULL || h->part->blocked
          || !g_str_equal (h->part->view->label, view->label)
          || ty_group_get_state (h->part->group) != TY_GROUP_MEMBER)
        return FALSE;
      in++;
    }
  return view != NULL && in == view->n_members;
}

/* A quorum of the newest view may be dead, or have been left behind, all the same: the storm sees views only when they
 * are installed. */
static gboolean
has_quorum (Keys *keys)
{
  const TyetView *view = newest_view (keys);
  guint living = 0;
  for (guint i = 0; i < view->n_members; i++)
    {
      const KeysHolder *h = keys_holder_by_pid (keys, &view->members[i].pid);
      living += takes_part (h) && is_current (keys, h);
    }
  return 2 * living > view->n_members;
}

static void
explain (Keys *keys)
{
  for (guint i = 0; i < keys->holders->len; i++)
    {
      const KeysHolder *h = keys->holders->pdata[i];
      if (ty_sim_is_alive (h->p))
        g_printerr ("  %s: network %u group %d, list %x, entered %d left %d excluded %d failed %d\n",
                    ty_sim_name (h->p), h->net, (int) h->group, h->list, h->part->entered, h->part->left,
                    h->part->excluded, h->part->failed);
    }
  g_printerr ("  newest: network %u group %d, policy %x\n", keys->net, (int) keys->group, keys->policy);
  stage_explain (keys->stage);
}

static gboolean
settle (Keys *keys, gboolean trace)
{
  if (ty_sim_run_until (keys->stage->world, is_settled, keys, CALM_US))
    return keys->finding == NULL;
  if (!has_quorum (keys))
    {
      keys->counts->unquorate++;
      return FALSE;
    }
  if (trace)
    explain (keys);
  keys_found (keys, "liveness", "those that have the secrets do not come to one view");
  return FALSE;
}

static gboolean
has_entered (gpointer data)
{
  return ((const KeysHolder *) data)->part->entered;
}

/* Nobody is let in who is not to be. (That nobody speaks with who has the wrong network secret: oracle.c.) */
static void
expect_outside (Keys *keys, guint site, guint net, guint group, const char *what)
{
  g_autofree char *place = g_strdup_printf ("o%u", keys->n_started);
  KeysHolder *h = start_and_join (keys, place, site, net, group);
  ty_sim_run_for (keys->stage->world, SECONDS (1));
  if (h->part->entered || h->part->view != NULL)
    keys_found (keys, what, "%s has entered", ty_sim_name (h->p));
  ty_sim_kill (h->p, TY_SIM_KILLED);
  keys->counts->turned_away++;
}

/* Whom the policy does not admit has no session with a member. */
static void
expect_shut_out (Keys *keys)
{
  for (guint i = 0; i < keys->holders->len; i++)
    for (guint k = 0; k < keys->holders->len; k++)
      {
        const KeysHolder *h = keys->holders->pdata[i], *out = keys->holders->pdata[k];
        if (takes_part (h) && is_current (keys, h) && ty_sim_is_alive (out->p) && out->part->entered
            && (keys->policy >> out->site & 1) == 0 && keys_has_session (h, ty_sim_pid (out->p)))
          keys_found (keys, "revoked", "%s is revoked, and still has a session with %s", ty_sim_name (out->p),
                      ty_sim_name (h->p));
      }
}

typedef struct
{
  Keys *keys;
  guint64 message;
} Awaited;

static gboolean
all_have (gpointer data)
{
  const Awaited *w = data;
  for (guint i = 0; i < w->keys->holders->len; i++)
    {
      const KeysHolder *h = w->keys->holders->pdata[i];
      if (takes_part (h) && is_current (w->keys, h) && (w->keys->policy >> h->site & 1) != 0
          && !stage_has (h->part, w->message))
        return FALSE;
    }
  return TRUE;
}

static void
expect_messages (Keys *keys)
{
  for (guint i = 0; i < keys->holders->len; i++)
    {
      const KeysHolder *h = keys->holders->pdata[i];
      if (!takes_part (h) || !is_current (keys, h) || (keys->policy >> h->site & 1) == 0)
        continue;
      Awaited w = { keys, stage_send (h->part, ty_group_get_ordering (h->part->group)->strongest, 40) };
      if (w.message == 0 || !ty_sim_run_until (keys->stage->world, all_have, &w, SECONDS (10)))
        keys_found (keys, "liveness", "a message of %s does not reach everybody", ty_sim_name (h->p));
    }
}

static void
demand (Keys *keys, gboolean trace)
{
  if (!settle (keys, trace))
    return;
  ty_sim_run_for (keys->stage->world, SECONDS (2)); /* connections are made anew */
  expect_shut_out (keys);
  KeysHolder *late = start_and_join (keys, "late", KEYS_SITES, keys->net, keys->group);
  if (!ty_sim_run_until (keys->stage->world, has_entered, late, SECONDS (20)))
    {
      keys_found (keys, "liveness", "one who has the secrets is not let in");
      if (trace)
        explain (keys);
    }
  guint first_group = 1;
  if (keys->net != 0)
    expect_outside (keys, KEYS_SITES + 1, 0, keys->group, "old-network");
  if (keys->group != KEYS_NO_SECRET && keys->group != first_group)
    expect_outside (keys, KEYS_SITES + 1, keys->net, first_group, "old-secret");
  for (guint site = 0; site < KEYS_SITES; site++)
    if ((keys->policy >> site & 1) == 0)
      {
        expect_outside (keys, site, keys->net, keys->group, "not-on-list");
        break;
      }
  if (settle (keys, trace))
    expect_messages (keys);
}

static void
judge (Keys *keys)
{
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY };
  g_autoptr (GError) error = NULL;
  ty_sim_world_end (keys->stage->world);
  g_autoptr (TyJudgeReport) report = ty_sim_judge (keys->stage->world, &options, &error);
  g_assert_no_error (error);
  g_autofree char *text = ty_judge_report_to_string (report);
  if (!report->legal)
    keys_found (keys, "judge", "%s", text);
}

/* ---- one run ---- */

static void
make_world (Keys *keys, guint64 seed)
{
  TySimWorldConfig c;
  stage_config_init (&c);
  ty_sim_rand_init (&keys->rand, seed * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + 1);
  c.sealed = TRUE;
  c.node.suspect_after_us = (gint64) pick (keys, 150, 600) * 1000;
  c.node.heartbeat_us = c.node.suspect_after_us / 5;
  c.net.delay_min_us = 20;
  c.net.delay_max_us = (gint64) (chance (keys, 3) ? pick (keys, 1000, 10000) : pick (keys, 50, 1000));
  static const char *const orderings[] = { "total", "causal", "fifo" };
  keys->stage = stage_new (&c, seed, orderings[pick (keys, 0, 2)]);
  keys->stage->with_state = chance (keys, 4);
  keys_oracle_init (keys);
  keys->stage->on_new = on_new;
  keys->with_secret = chance (keys, 2);
  keys->with_list = !chance (keys, 3);
  keys->policy = (1u << (KEYS_SITES + 2)) - 1;
  keys->net = keys_secret (keys, (const guint8 *) "the first secret of the network.");
  keys->group = keys_secret (keys, (const guint8 *) "the first secret of the group...");
  if (!keys->with_secret)
    keys->group = KEYS_NO_SECRET;
}

static void
form (Keys *keys)
{
  guint n = (guint) pick (keys, 4, KEYS_SITES);
  for (guint site = 0; site < n; site++)
    {
      g_autofree char *place = g_strdup_printf ("p%u", site);
      if (site > 0)
        start_and_join (keys, place, site, keys->net, keys->group);
      else
        stage_found (start (keys, place, site, keys->net, keys->group)->p, 0);
    }
  ty_sim_run_until (keys->stage->world, is_settled, keys, SECONDS (20));
}

static void
run (Keys *keys, gboolean trace)
{
  guint n = (guint) pick (keys, 5, 40);
  form (keys);
  stage_traffic (keys->stage, (gint64) pick (keys, 1000, 10000), (gsize) pick (keys, 8, 3000));
  for (guint i = 0; i < n && keys->finding == NULL; i++)
    {
      befall (keys);
      gint64 most = (gint64) (chance (keys, 2) ? pick (keys, 100, 5000) : pick (keys, 5000, 300000));
      ty_sim_run_for (keys->stage->world, (gint64) pick (keys, 0, (guint64) most));
    }
  stage_traffic (keys->stage, 0, 0);
  for (guint a = 0; a < KEYS_SITES; a++)
    for (guint b = 0; b < KEYS_SITES; b++)
      {
        g_autofree char *from = g_strdup_printf ("sim:p%u", a), *to = g_strdup_printf ("sim:p%u", b);
        ty_sim_slow (net_of (keys), from, to, 0);
      }
  heal (keys);
  if (keys->with_list)
    spread_policy (keys, TRUE);
  if (keys->finding == NULL)
    demand (keys, trace);
  if (keys->finding == NULL)
    judge (keys);
}

static void
echo (const char *line, gpointer data)
{
  g_printerr ("%s\n", line);
}

KeysFinding *
keys_storm_run (guint64 seed, gboolean trace, KeysCounts *counts)
{
  Keys keys = { .counts = counts };
  make_world (&keys, seed);
  if (trace)
    ty_sim_world_set_trace (keys.stage->world, echo, NULL);
  run (&keys, trace);
  counts->runs++;
  for (guint i = 0; i < keys.holders->len; i++)
    {
      const KeysHolder *h = keys.holders->pdata[i];
      counts->behind += takes_part (h) && !is_current (&keys, h);
    }
  keys_oracle_clear (&keys);
  stage_free (keys.stage);
  return keys.finding;
}
