/* membership/select.c: who is in the next view (V4, V9, V10), from the STATEs of one round alone.
 *
 * Invariants of what is selected:
 *  - whoever goes on, leaves or is taken out has answered this ballot, and is not suspected in it;
 *  - together they hold a quorum of the old view (V9);
 *  - those that go on reach one another, both ways;
 *  - the loaded ones among the next view's members hold a quorum of it by themselves (V10);
 *  - whoever bars whom, no view follows only if all that answered and have loaded asked to go: what the lists of keys
 *    forbid takes the state from nobody.
 *
 * The last of them is kept so: members that are barred are left out, and a loaded leaver that is not barred stays if
 * otherwise nobody who goes on has loaded; is there none, then no bar on a loaded member is followed, not on one of
 * them.  It rests on the same STATEs, and on what BARRED has told all, not on who coordinates.  A round that only such
 * bars call for is not begun (ty_bar_counts ()): it would change nothing.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "membership/membership.h"
#include "core/plant.h"

/* How much the search for mutual reach may do before it takes what it has for hopeless: steps times words that a step
 * looks at. The same everywhere; it takes some hundredths of a second. */
#define MOST_WORK (8 * 1024 * 1024)
/* However much others have used, each candidate has so many steps. */
#define LEAST_STEPS 16

typedef struct
{
  TyMembership *m;
  guint n, words;
  guint64 *mutual; /* a row of bits by rank: whom it reaches, and is reached by; itself too */
  gboolean *in;    /* scratch */
  guint64 left;    /* steps, of all candidates */
  guint64 steps;   /* of this one */
} Search;

static gboolean
mutual (const Round *round, guint a, guint b)
{
  return a == b || (round->states[a]->reaches[b] && round->states[b]->reaches[a]);
}

static gboolean
has (const guint64 *bits, guint i)
{
  return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static void
put (guint64 *bits, guint i, gboolean in)
{
  guint64 bit = (guint64) 1 << (i % 64);
  bits[i / 64] = in ? bits[i / 64] | bit : bits[i / 64] & ~bit;
}

static void
search_begin (Search *s, TyMembership *m, const Round *round, const gboolean *candidates)
{
  guint n = m->view->n_members, words = (n + 63) / 64;
  *s = (Search){ .m = m, .n = n, .words = words, .left = MOST_WORK / ((guint64) n * words) };
  s->mutual = g_new0 (guint64, (gsize) n * words);
  s->in = g_new (gboolean, n);
  for (guint i = 0; i < n; i++)
    for (guint j = 0; candidates[i] && j < n; j++)
      put (s->mutual + (gsize) i * words, j, candidates[j] && mutual (round, i, j));
}

static void
search_end (Search *s)
{
  g_free (s->mutual);
  g_free (s->in);
}

/* The one of `pool` that does not reach most of the others there; n: all reach all. */
static guint
least_fitting (const Search *s, const guint64 *pool)
{
  guint found = s->n, most = 0;
  for (guint i = 0; i < s->n; i++)
    {
      const guint64 *row = s->mutual + (gsize) i * s->words;
      guint lacks = 0;
      for (guint w = 0; has (pool, i) && w < s->words; w++)
        lacks += (guint) __builtin_popcountll (pool[w] & ~row[w]);
      if (lacks > most)
        {
          most = lacks;
          found = i;
        }
    }
  return found;
}

/* Whether some of `pool`, each of whom reaches all that are `sure`, can join them so that all reach all and they hold a
 * quorum of the old view. Who reaches everybody there is in it anyhow; so one who does not is left out, or let in. */
static gboolean
feasible (Search *s, gboolean *sure, const guint64 *pool)
{
  if (s->steps == 0)
    return FALSE;
  s->steps--;
  for (guint i = 0; i < s->n; i++)
    s->in[i] = sure[i] || has (pool, i);
  if (!ty_members_quorum (s->m->view->members, s->n, s->in))
    return FALSE;
  guint one = least_fitting (s, pool);
  if (one == s->n)
    return TRUE;
  g_autofree guint64 *less = g_memdup2 (pool, s->words * sizeof *pool);
  put (less, one, FALSE);
  if (feasible (s, sure, less))
    return TRUE;
  for (guint w = 0; w < s->words; w++)
    less[w] &= s->mutual[(gsize) one * s->words + w];
  sure[one] = TRUE;
  gboolean with = feasible (s, sure, less);
  sure[one] = FALSE;
  return with;
}

/* Whether `rank` can go on with those that are taken: later ones, and `others`, make a quorum with them. One that takes
 * long leaves as much for those after it. */
static gboolean
may_take (Search *s, const gboolean *taken, const gboolean *others, guint64 *pool, guint rank, guint64 *steps)
{
  g_autofree gboolean *sure = g_new (gboolean, s->n);
  for (guint i = 0; i < s->n; i++)
    sure[i] = taken[i] || others[i];
  sure[rank] = TRUE;
  guint64 share = MAX (s->left / 2, LEAST_STEPS);
  s->steps = share;
  gboolean may = feasible (s, sure, pool);
  guint64 used = share - s->steps;
  s->left -= MIN (s->left, used);
  *steps += used;
  return may;
}

void
ty_selection_clear (Selection *s)
{
  g_clear_pointer (&s->next, g_free);
  g_clear_pointer (&s->leaves, g_free);
  g_clear_pointer (&s->out, g_free);
}

static gboolean
has_loaded (const State *state)
{
  return state != NULL && state->loaded;
}

/* As far as it is known without a round: has loaded, is there, and is on everybody's list. */
static gboolean
keeps_state (const TyMembership *m, guint rank)
{
  const Member *member = &m->members[rank];
  return (member->loaded || m->view->members[rank].loaded) && !member->barred && !member->suspected && !member->takeout;
}

gboolean
ty_bar_counts (const TyMembership *m, guint rank)
{
  if (!m->members[rank].barred)
    return FALSE;
  gboolean counts = !m->members[rank].loaded && !m->view->members[rank].loaded;
  for (guint i = 0; !counts && i < m->view->n_members; i++)
    counts = keeps_state (m, i);
  return counts;
}

/* Whether `rank` is not to be in the next view as it is barred. */
static gboolean
is_barred (const TyMembership *m, const Round *round, const Selection *s, guint rank)
{
  const State *state = round->states[rank];
  return m->members[rank].barred && (s->bars_followed || (state != NULL && !state->loaded));
}

/* Weights of the next view, V1 and V10: a process that loads keeps its weight from tipping the loaded ones' quorum. */
static GArray *
next_members (TyMembership *m, const Round *round, const Selection *s)
{
  GArray *members = g_array_new (FALSE, TRUE, sizeof (TyMember));
  for (guint i = 0; i < m->view->n_members; i++)
    if (s->next[i])
      {
        TyMember member;
        ty_member_copy (&member, &m->view->members[i]);
        member.loaded = has_loaded (round->states[i]);
        if (member.loaded && !m->view->members[i].loaded && member.weight == 0)
          member.weight = round->states[i]->weight;
        g_array_append_val (members, member);
      }
  if (s->joiner)
    {
      TyMember member;
      ty_member_copy (&member, &round->joiner->as);
      member.since = m->view->id.number + 1;
      g_array_append_val (members, member);
    }
  return members;
}

static gboolean
loaded_hold_quorum (const GArray *members)
{
  g_autofree gboolean *in = g_new0 (gboolean, MAX (members->len, 1));
  for (guint i = 0; i < members->len; i++)
    in[i] = g_array_index (members, TyMember, i).loaded;
  return ty_members_quorum ((const TyMember *) members->data, members->len, in);
}

static void
free_members (GArray *members)
{
  for (guint i = 0; i < members->len; i++)
    ty_member_clear (&g_array_index (members, TyMember, i));
  g_array_unref (members);
}

static gboolean
check_loaded (TyMembership *m, const Round *round, const Selection *s)
{
  GArray *members = next_members (m, round, s);
  gboolean holds = loaded_hold_quorum (members);
  free_members (members);
  return holds;
}

/* Whether the leaver `rank` reaches everyone who goes on, and they it. */
static gboolean
leaver_reaches_all (TyMembership *m, const Round *round, const Selection *s, guint rank)
{
  for (guint i = 0; i < m->view->n_members; i++)
    if (s->next[i] && !mutual (round, i, rank))
      return FALSE;
  return TRUE;
}

/* V10: nobody who goes on has loaded: a loaded leaver stays, one that reaches all if there is one, else the oldest,
 * without those that it does not reach. One that is barred does not. */
static void
keep_leaver (TyMembership *m, const Round *round, Selection *s)
{
  guint n = m->view->n_members, stays = n;
  for (guint i = n; i-- > 0;)
    if (s->leaves[i] && has_loaded (round->states[i]) && !is_barred (m, round, s, i)
        && (stays == n || leaver_reaches_all (m, round, s, i) || !leaver_reaches_all (m, round, s, stays)))
      stays = i;
  if (stays == n)
    return;
  for (guint i = 0; i < n; i++)
    if (s->next[i] && !mutual (round, i, stays))
      {
        s->next[i] = FALSE;
        s->out[i] = TRUE;
      }
  s->leaves[stays] = FALSE;
  s->next[stays] = TRUE;
}

static gboolean
loaded_goes_on (TyMembership *m, const Round *round, const Selection *s)
{
  for (guint i = 0; i < m->view->n_members; i++)
    if (s->next[i] && has_loaded (round->states[i]))
      return TRUE;
  return FALSE;
}

/* V10: without a loaded member among those who go on, a loaded leaver stays; then the youngest loading members are
 * taken out until the loaded ones hold a quorum. */
static void
keep_state_alive (TyMembership *m, const Round *round, Selection *s)
{
  guint n = m->view->n_members;
  gboolean any_next = FALSE, would_stay = FALSE;
  for (guint i = 0; i < n; i++)
    {
      any_next |= s->next[i];
      /* Has loaded, has not asked to go, and is kept out by a list alone. */
      would_stay |= is_barred (m, round, s, i) && !s->leaves[i] && !m->members[i].suspected
                    && (m->view->members[i].loaded || has_loaded (round->states[i]));
    }
  if ((any_next || would_stay) && !loaded_goes_on (m, round, s))
    keep_leaver (m, round, s);
  for (guint i = n; any_next && !TY_PLANTED (unloaded_admitted) && i-- > 0 && !check_loaded (m, round, s);)
    if (s->next[i] && !has_loaded (round->states[i]))
      {
        s->next[i] = FALSE;
        s->out[i] = TRUE;
      }
}

static void
take_members (TyMembership *m, const Round *round, Selection *s)
{
  guint n = m->view->n_members;
  Search search;
  g_autofree gboolean *candidates = g_new0 (gboolean, n);
  g_autofree gboolean *others = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    {
      const State *state = round->states[i];
      if (state == NULL || round->suspected[i])
        continue;
      s->leaves[i] = state->leaving;
      s->out[i] = (state->takeout || is_barred (m, round, s, i)) && !state->leaving;
      others[i] = s->leaves[i] || s->out[i];
      candidates[i] = !others[i];
    }
  search_begin (&search, m, round, candidates);
  /* Those that come later and reach all that are taken. */
  g_autofree guint64 *pool = g_new0 (guint64, search.words), *without = g_new (guint64, search.words);
  for (guint i = 0; i < n; i++)
    put (pool, i, candidates[i]);
  for (guint i = 0; i < n; i++)
    {
      if (!has (pool, i))
        continue;
      put (pool, i, FALSE);
      memcpy (without, pool, search.words * sizeof *pool);
      for (guint w = 0; w < search.words; w++)
        pool[w] &= search.mutual[(gsize) i * search.words + w];
      s->next[i] = may_take (&search, s->next, others, pool, i, &s->steps);
      if (!s->next[i])
        memcpy (pool, without, search.words * sizeof *pool);
    }
  search_end (&search);
}

static gboolean
joiner_fits (TyMembership *m, const Round *round, Selection *s)
{
  if (round->joiner == NULL || round->joiner_state == NULL)
    return FALSE;
  gboolean anyone = FALSE;
  for (guint i = 0; i < m->view->n_members; i++)
    {
      anyone |= s->next[i];
      if (s->next[i] && (!round->states[i]->reaches_joiner || !round->joiner_state->reaches[i]))
        return FALSE;
      if (s->next[i] && g_str_equal (m->view->members[i].name, round->joiner->as.name))
        return FALSE;
    }
  if (!anyone)
    return FALSE;
  /* V10: its weight counts at once only if the loaded ones hold a quorum all the same. */
  s->joiner = TRUE;
  if (!check_loaded (m, round, s))
    round->joiner->as.weight = 0;
  s->joiner = check_loaded (m, round, s) || TY_PLANTED (unloaded_admitted);
  return s->joiner;
}

static void
choose (TyMembership *m, const Round *round, Selection *s, gboolean bars_followed)
{
  guint n = m->view->n_members;
  guint64 steps = s->steps;
  ty_selection_clear (s);
  *s = (Selection){ .next = g_new0 (gboolean, n),
                    .leaves = g_new0 (gboolean, n),
                    .out = g_new0 (gboolean, n),
                    .bars_followed = bars_followed,
                    .steps = steps };
  take_members (m, round, s);
  keep_state_alive (m, round, s);
}

/* Whether a loaded member that could go on, or stay although it leaves, is barred. */
static gboolean
bars_state (TyMembership *m, const Round *round)
{
  for (guint i = 0; i < m->view->n_members; i++)
    if (m->members[i].barred && has_loaded (round->states[i]) && !round->suspected[i])
      return TRUE;
  return FALSE;
}

gboolean
ty_select (TyMembership *m, const Round *round, Selection *out)
{
  guint n = m->view->n_members;
  *out = (Selection){ 0 };
  choose (m, round, out, TRUE);
  if (!loaded_goes_on (m, round, out) && bars_state (m, round))
    choose (m, round, out, FALSE);

  g_autofree gboolean *all = g_new0 (gboolean, n);
  gboolean any_next = FALSE, all_leave = TRUE;
  for (guint i = 0; i < n; i++)
    {
      all[i] = out->next[i] || out->leaves[i] || out->out[i];
      any_next |= out->next[i];
      if (round->states[i] == NULL || round->suspected[i])
        continue;
      all_leave &= out->leaves[i] || out->out[i];
      /* Who is barred has not asked to go. */
      all_leave &= !out->out[i] || round->states[i]->takeout || !round->states[i]->loaded;
    }
  out->dissolved = !any_next && all_leave;
  joiner_fits (m, round, out);
  if (TY_PLANTED (joiners_counted) && out->joiner)
    ty_plant_vote (all, n);
  if (any_next && !check_loaded (m, round, out) && !TY_PLANTED (unloaded_admitted))
    return FALSE;
  return ty_members_quorum (m->view->members, n, all) && (any_next || out->dissolved);
}

static TyLeftWhy
why_gone (TyMembership *m, const Round *round, const Selection *s, guint rank)
{
  if (s->leaves[rank])
    return TY_LEFT_LEAVE;
  if (is_barred (m, round, s, rank))
    return TY_LEFT_REVOKED;
  if (s->out[rank])
    return TY_LEFT_LOADING;
  if (m->members[rank].dead)
    return TY_LEFT_DEAD;
  return round->suspected[rank] || round->states[rank] == NULL ? TY_LEFT_SUSPECT : TY_LEFT_REACH;
}

/* The cut is the highest receipt, and the order the longest, among the STATEs of those who go on, leave or are taken
 * out (V4).  NULL if one of these STATEs is malformed: its sender is then suspected in this ballot. */
TyValue *
ty_select_value (TyMembership *m, const Round *round, const Selection *s)
{
  guint n = m->view->n_members;
  g_autofree TyDigest *digests = g_new0 (TyDigest, n);
  guint n_digests = 0;
  g_autoptr (TyValue) value = ty_value_new ();
  value->gone = g_new0 (TyGone, n);
  for (guint i = 0; i < n; i++)
    {
      if (!s->next[i])
        value->gone[value->n_gone++] = (TyGone){ .rank = i, .why = why_gone (m, round, s, i) };
      if (s->next[i] || s->leaves[i] || s->out[i])
        digests[n_digests++]
            = (TyDigest){ .rank = i, .receipts = round->states[i]->receipts, .order = round->states[i]->order };
    }
  guint faulty = n;
  if (!m->host->merge (m->host_data, digests, n_digests, &value->cut, &value->order, &faulty))
    {
      g_assert (faulty < n && !round->suspected[faulty]);
      round->suspected[faulty] = TRUE;
      return NULL;
    }
  value->group = m->view->group;
  if (m->view->id.number == 0)
    m->host->draw (m->host_data, &value->group, sizeof value->group);
  value->old = m->view->id;
  value->id = (TyViewId){ .number = m->view->id.number + 1, .ballot = round->ballot };
  value->id.number -= TY_PLANTED (view_id_reused) ? 1 : 0;
  value->group_name = g_strdup (m->view->group_name);
  value->n_old = n;
  const Member *rekey = ty_rekey_wanted (m);
  value->has_keys = rekey != NULL && value->n_gone == 0 && !s->joiner;
  if (value->has_keys)
    value->keys = rekey->keys;
  GArray *members = next_members (m, round, s);
  value->n_members = members->len;
  value->members = (TyMember *) (gpointer) g_array_free (members, FALSE);
  return g_steal_pointer (&value);
}
