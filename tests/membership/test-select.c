/* tests/membership/test-select.c: who is in the next view (V4, V9, V10), from the STATEs of one round.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/membership/table.h"

/* A round as a line of text.
 *
 * states: by rank: L loaded, l loading, Q leaves (loaded), q leaves (loading), T loaded and taken out, t loading and
 *         taken out, . no STATE, S a STATE, but suspected since; barred: B loaded, b loading, P leaves (loaded)
 * cuts:   pairs that do not reach each other; 0>2: 0 does not reach 2, though 2 reaches 0; j is the joiner
 * weights: by rank; NULL: 1 each
 * joiner: '\0' none, otherwise its weight; '?' has not answered; 'A' is weight 1, loaded */
typedef struct
{
  const char *states;
  const char *cuts;
  const char *weights;
  char joiner;
  const char *expected; /* next|leaves|out|joiner and its weight, or "none", or "dissolved" */
} Case;

typedef struct
{
  Table *table;
  TyMembership *m;
  Round round;
} Rig;

static const char *the_weights;

static void
set_weights (TyMember *members)
{
  for (guint i = 0; the_weights != NULL && the_weights[i] != '\0'; i++)
    members[i].weight = (guint32) (the_weights[i] - '0');
}

static void
cut_one (Rig *rig, guint n, const char *cut)
{
  gboolean one_way = cut[1] == '>';
  if (cut[0] == 'j' || cut[2] == 'j')
    {
      guint a = (guint) ((cut[0] == 'j' ? cut[2] : cut[0]) - '0');
      if (!one_way || cut[0] == 'j')
        rig->round.joiner_state->reaches[a] = FALSE;
      if (!one_way || cut[0] != 'j')
        rig->round.states[a]->reaches_joiner = FALSE;
      return;
    }
  guint a = (guint) (cut[0] - '0'), b = (guint) (cut[2] - '0');
  if (rig->round.states[a] != NULL)
    rig->round.states[a]->reaches[b] = FALSE;
  if (!one_way && rig->round.states[b] != NULL)
    rig->round.states[b]->reaches[a] = FALSE;
}

static State *
new_state (guint n)
{
  State *state = g_new0 (State, 1);
  state->reaches = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    state->reaches[i] = TRUE;
  state->reaches_joiner = TRUE;
  return state;
}

static void
rig_init (Rig *rig, const Case *c)
{
  guint n = (guint) strlen (c->states);
  *rig = (Rig){ .table = table_new () };
  table_seat (rig->table, FALSE);
  while (rig->table->n_seats < n)
    table_seat (rig->table, TRUE);
  the_weights = c->weights;
  table_begin (rig->table, n, set_weights);
  rig->m = rig->table->seats[0].m;
  rig->round.ballot = (TyBallot){ .counter = 9, .pid = rig->table->seats[0].pid };
  rig->round.states = g_new0 (State *, n);
  rig->round.suspected = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    {
      char s = c->states[i];
      /* Loading members have been so since they entered. */
      rig->m->view->members[i].loaded = strchr ("lqtb", s) == NULL;
      rig->m->members[i].barred = strchr ("BbP", s) != NULL;
      if (s == '.')
        {
          rig->round.suspected[i] = TRUE;
          continue;
        }
      State *state = rig->round.states[i] = new_state (n);
      rig->round.suspected[i] = s == 'S';
      state->loaded = strchr ("LQTSBP", s) != NULL;
      state->leaving = strchr ("QqP", s) != NULL;
      state->takeout = strchr ("Tt", s) != NULL;
    }
  if (c->joiner != '\0')
    {
      Joiner *joiner = rig->round.joiner = g_new0 (Joiner, 1);
      TyMember as = { .name = (char *) "j", .address = (char *) "t://j" };
      memset (as.pid.b, 0x99, sizeof as.pid.b);
      as.weight = g_ascii_isdigit (c->joiner) ? (guint32) (c->joiner - '0') : 1;
      as.loaded = c->joiner == 'A';
      ty_member_copy (&joiner->as, &as);
      rig->round.joiner_state = c->joiner != '?' ? new_state (n) : NULL;
    }
  for (const char *p = c->cuts; p != NULL && *p != '\0'; p += p[3] == ' ' ? 4 : 3)
    cut_one (rig, n, p);
}

static void
rig_clear (Rig *rig, guint n)
{
  for (guint i = 0; i < n; i++)
    ty_state_free (rig->round.states[i]);
  ty_state_free (rig->round.joiner_state);
  g_clear_pointer (&rig->round.joiner, ty_joiner_free);
  g_free (rig->round.states);
  g_free (rig->round.suspected);
  table_free (rig->table);
}

static void
write_set (GString *out, const gboolean *in, guint n)
{
  for (guint i = 0; i < n; i++)
    if (in[i])
      g_string_append_printf (out, "%u", i);
}

static char *
outcome (const Case *c)
{
  Rig rig;
  Selection s;
  guint n = (guint) strlen (c->states);
  GString *out = g_string_new (NULL);
  rig_init (&rig, c);
  if (!ty_select (rig.m, &rig.round, &s))
    g_string_append (out, "none");
  else if (s.dissolved)
    g_string_append (out, "dissolved");
  else
    {
      write_set (out, s.next, n);
      g_string_append_c (out, '|');
      write_set (out, s.leaves, n);
      g_string_append_c (out, '|');
      write_set (out, s.out, n);
      g_string_append_c (out, '|');
      if (s.joiner)
        g_string_append_printf (out, "%u", rig.round.joiner->as.weight);
    }
  ty_selection_clear (&s);
  rig_clear (&rig, n);
  return g_string_free (out, FALSE);
}

static void
check (const Case *cases, gsize n_cases)
{
  for (gsize i = 0; i < n_cases; i++)
    {
      g_autofree char *have = outcome (&cases[i]);
      if (!g_str_equal (have, cases[i].expected))
        g_error ("%s cut %s weights %s joiner %c: %s, not %s", cases[i].states,
                 cases[i].cuts != NULL ? cases[i].cuts : "-", cases[i].weights != NULL ? cases[i].weights : "-",
                 cases[i].joiner != '\0' ? cases[i].joiner : '-', have, cases[i].expected);
    }
}

/* V9: who goes on, with the leavers, holds a quorum of the old view. */
static void
test_quorum (void)
{
  static const Case cases[] = {
    { "LLL", NULL, NULL, 0, "012|||" }, { "LL.", NULL, NULL, 0, "01|||" },   { "L..", NULL, NULL, 0, "none" },
    { ".LL", NULL, NULL, 0, "12|||" },  { "LLS", NULL, NULL, 0, "01|||" },   { "SLL", NULL, NULL, 0, "12|||" },
    { "LLSS.", NULL, NULL, 0, "none" }, { "LL..", NULL, NULL, 0, "01|||" },  { ".LL.", NULL, NULL, 0, "none" },
    { "..LL", NULL, NULL, 0, "none" },  { ".LLL", NULL, NULL, 0, "123|||" }, { "L.", NULL, NULL, 0, "0|||" },
    { ".L", NULL, NULL, 0, "none" },    { "L", NULL, NULL, 0, "0|||" },      { ".LL", NULL, "311", 0, "none" },
    { "L..", NULL, "311", 0, "0|||" },  { "L.L", NULL, "101", 0, "02|||" },  { ".L.", NULL, "111", 0, "none" },
    { ".L", NULL, "01", 0, "1|||" },    { "L.", NULL, "01", 0, "none" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

/* V10: greedily by rank, each only if some set in which all reach all, and that holds a quorum, remains. */
static void
test_reach (void)
{
  static const Case cases[] = {
    { "LLL", "0-1", NULL, 0, "02|||" },
    { "LLL", "1-2", NULL, 0, "01|||" },
    { "LLL", "0-1 0-2", NULL, 0, "12|||" },
    { "LLL", "0-1 1-2 0-2", NULL, 0, "none" },
    { "LLL", "0>1", NULL, 0, "02|||" }, /* one way is none */
    { "LLL", "1>0", NULL, 0, "02|||" },
    /* Rank 0 has three in reach with itself, but no three that reach each other: it yields. */
    { "LLLLL", "0-2 0-3 1-4", NULL, 0, "123|||" },
    { "LLLLL", "0-3 0-4", NULL, 0, "012|||" },
    { "LLLLL", "0-1 2-3", NULL, 0, "024|||" },
    { "LLLLL", "0-1 0-2 3-4", NULL, 0, "123|||" },
    /* Taking rank 1 would leave 0 without a third: 1 is passed over. */
    { "LLLLL", "1-2 1-3 1-4", NULL, 0, "0234|||" },
    { "LLLLL", "1-2 1-3 1-4 0-4", NULL, 0, "023|||" },
    /* A tie that rank 0 breaks, and one that it does not. */
    { "LLLL", "0-2 0-3 1-2 1-3", NULL, 0, "01|||" },
    { ".LLL", "1-2", NULL, 0, "none" },
    /* By weight, two are enough. */
    { "LLLLL", "0-2 0-3 1-4", "41111", 0, "01|||" },
    /* Who leaves needs nobody's reach, and counts. */
    { "LLQQ", "0-2 1-2 2-3 0-3", NULL, 0, "01|23||" },
    { "LLQQQ", "0-1", NULL, 0, "0|234||" },
    /* A cycle of five: nowhere do three reach each other. */
    { "LLLLL", "0-2 0-3 1-3 1-4 2-4", NULL, 0, "none" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

/* V10: the loaded hold a quorum of the next view by themselves. */
static void
test_loaded (void)
{
  static const Case cases[] = {
    { "LLl", NULL, NULL, 0, "012|||" },     { "Ll", NULL, NULL, 0, "01|||" },
    { "Lll", NULL, NULL, 0, "01||2|" },     { "LLlll", NULL, NULL, 0, "0123||4|" },
    { "LlLll", NULL, NULL, 0, "0123||4|" }, { "Llll", NULL, "5111", 0, "0123|||" },
    { "Ll", NULL, "15", 0, "0||1|" },       { "Llt", NULL, NULL, 0, "01||2|" },
    { "LtL", NULL, NULL, 0, "02||1|" },     { "LLT", NULL, NULL, 0, "01||2|" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

/* Loading members that are older than loaded ones do not break ties for them. */
static void
test_loading_oldest (void)
{
  static const Case cases[] = {
    { "lL", NULL, NULL, 0, "1||0|" },
    { "lLL", NULL, NULL, 0, "012|||" },
    { "lLlL", NULL, NULL, 0, "013||2|" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

static void
test_leavers (void)
{
  static const Case cases[] = {
    { "LLQ", NULL, NULL, 0, "01|2||" },
    { "QQL", NULL, NULL, 0, "2|01||" },
    { "QQ.", NULL, NULL, 0, "dissolved" },
    { "Q..", NULL, NULL, 0, "none" },
    { "Q", NULL, NULL, 0, "dissolved" },
    { "QQQ", NULL, NULL, 0, "dissolved" },
    { "QQS", NULL, NULL, 0, "dissolved" },
    /* A loaded leaver stays until one has loaded. */
    { "Ql", NULL, NULL, 0, "01|||" },
    { "QQl", NULL, NULL, 0, "02|1||" },
    { "QqL", NULL, NULL, 0, "2|01||" },
    { "qQl", NULL, NULL, 0, "12|0||" },
    { "Qt", NULL, NULL, 0, "dissolved" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

/* Who is barred goes, but not with the state, and not the group with it. */
static void
test_barred (void)
{
  static const Case cases[] = {
    { "LLB", NULL, NULL, 0, "01||2|" },
    { "BLL", NULL, NULL, 0, "12||0|" },
    { "BL", NULL, NULL, 0, "1||0|" },
    { "LBb", NULL, NULL, 0, "0||12|" },
    /* No other has loaded: those who have stay, all of them, and nobody else. */
    { "BBl", NULL, NULL, 0, "012|||" },
    { "BBb", NULL, NULL, 0, "01||2|" },
    { "BB", NULL, NULL, 0, "01|||" },
    { "B", NULL, NULL, 0, "0|||" },
    { "BB", NULL, NULL, '1', "01|||1" },
    { "BBS", NULL, NULL, 0, "01|||" },
    { "BB.", NULL, NULL, 0, "01|||" },
    { "BBt", NULL, NULL, 0, "01||2|" },
    /* One has, but those that are older do not reach it. */
    { "BlL", "1-2", NULL, 0, "01|||" },
    /* A leaver whom all admit stays in their stead, and the group ends when it alone is left. */
    { "QB", NULL, NULL, 0, "0||1|" },
    { "BQ", NULL, NULL, 0, "1||0|" },
    { "QBl", NULL, NULL, 0, "02||1|" },
    { "QPl", NULL, NULL, 0, "02|1||" },
    { "QP", NULL, NULL, 0, "dissolved" },
    /* One whom they do not admit goes. */
    { "PB", NULL, NULL, 0, "1|0||" },
    { "PBl", NULL, NULL, 0, "12|0||" },
    { "Pl", NULL, NULL, 0, "01|||" },
    { "PPl", NULL, NULL, 0, "02|1||" },
    { "PP", NULL, NULL, 0, "dissolved" },
    /* Who was loading when all others left has nothing that could be lost. */
    { "Qb", NULL, NULL, 0, "dissolved" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

/* Any four: a group ends, or goes on without one who has the state, only as it may; and what a bar calls for changes
 * the view, so that views do not follow each other for its sake alone. */
static void
test_barred_in_every_way (void)
{
  static const char kinds[] = "LlQqBbPt.";
  guint k = strlen (kinds);
  char states[5] = { 0 };
  Case c = { .states = states };
  for (guint code = 0; code < k * k * k * k; code++)
    {
      for (guint i = 0, rest = code; i < 4; i++, rest /= k)
        states[i] = kinds[rest % k];
      Rig rig;
      Selection s;
      rig_init (&rig, &c);
      gboolean found = ty_select (rig.m, &rig.round, &s), keeps = FALSE, all = TRUE, counts = FALSE;
      for (guint i = 0; i < 4; i++)
        {
          keeps |= s.next[i] && rig.round.states[i]->loaded;
          all &= s.next[i];
          counts |= ty_bar_counts (rig.m, i);
        }
      if (found && (s.dissolved ? strpbrk (states, "LB") != NULL : !keeps))
        g_error ("%s: the state is lost", states);
      if (found && counts && all)
        g_error ("%s: a round for nothing", states);
      for (guint i = 0; i < 4; i++)
        {
          gboolean others = strpbrk (states, "LQ") != NULL;
          if (found && strchr ("Bb", states[i]) != NULL && s.next[i] && others)
            g_error ("%s: %u is barred, and goes on", states, i);
          if (found && states[i] == 'B' && !s.next[i] && !others)
            g_error ("%s: %u has the state, and does not go on", states, i);
        }
      ty_selection_clear (&s);
      rig_clear (&rig, 4);
    }
}

/* The leaver that stays reaches all, as everyone in a view does. */
static void
test_leaver_that_stays_reaches (void)
{
  static const Case cases[] = {
    { "QQl", "0-2", NULL, 0, "12|0||" },
    { "QQl", "0-2 1-2", NULL, 0, "0|1|2|" },
    { "QQll", "0-3 1-3", NULL, 0, "02|1|3|" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

static void
test_joiner (void)
{
  static const Case cases[] = {
    { "L", NULL, NULL, '1', "0|||1" },
    { "LL", NULL, NULL, '1', "01|||1" },
    { "LL", NULL, NULL, '?', "01|||" },
    /* If its weight could tip the quorum of the loaded, it weighs nothing. */
    { "L", NULL, NULL, '5', "0|||0" },
    { "Ll", NULL, NULL, '1', "01|||0" },
    { "LL", NULL, NULL, '2', "01|||2" },
    { "LL", NULL, NULL, '3', "01|||0" },
    { "L", NULL, NULL, 'A', "0|||1" },
    /* It does not reach all, or not all reach it: refused, and nobody goes for it. */
    { "LL", "1-j", NULL, '1', "01|||" },
    { "LL", "1>j", NULL, '1', "01|||" },
    { "LL", "j>0", NULL, '1', "01|||" },
    /* Those that do not go on need not reach it. */
    { "LLL", "0-2 2-j", NULL, '1', "01|||1" },
    { "LLQ", "2-j", NULL, '1', "01|2||1" },
    /* Nobody is there to give it the state. */
    { "QQ", NULL, NULL, '1', "dissolved" },
  };
  check (cases, G_N_ELEMENTS (cases));
}

/* A weight of its own comes back once it has loaded; until then what it had. */
static void
test_value (void)
{
  static const Case c = { "LLQ.", NULL, NULL, '1', NULL };
  Rig rig;
  Selection s;
  rig_init (&rig, &c);
  rig.m->view->members[1].loaded = FALSE;
  rig.m->view->members[1].weight = 0;
  rig.m->members[3].dead = TRUE;
  rig.round.states[1]->weight = 1;
  static const guint8 receipts[3][4] = { { 5, 0, 2, 0 }, { 4, 3, 2, 9 }, { 5, 1, 7, 0 } };
  for (guint i = 0; i < 3; i++)
    rig.round.states[i]->receipts = TY_READER (receipts[i], 4);
  g_assert_true (ty_select (rig.m, &rig.round, &s));
  g_autoptr (TyValue) value = ty_select_value (rig.m, &rig.round, &s);
  g_assert_nonnull (value);
  g_assert_cmpuint (value->old.number, ==, 1);
  g_assert_cmpuint (value->id.number, ==, 2);
  g_assert_cmpuint (value->id.ballot.counter, ==, 9);
  g_assert_cmpuint (value->n_members, ==, 3);
  g_assert_true (value->members[1].loaded);
  g_assert_cmpuint (value->members[1].weight, ==, 1);
  g_assert_cmpstr (value->members[2].name, ==, "j");
  g_assert_cmpuint (value->members[2].since, ==, 2);
  g_assert_false (value->members[2].loaded);
  g_assert_cmpuint (value->members[0].since, ==, 1);
  /* The cut: of each sender the highest receipt. */
  g_assert_cmpuint (value->n_old, ==, 4);
  g_assert_cmpuint (value->cut[0], ==, 5);
  g_assert_cmpuint (value->cut[1], ==, 3);
  g_assert_cmpuint (value->cut[2], ==, 7);
  g_assert_cmpuint (value->cut[3], ==, 9);
  g_assert_cmpuint (value->n_gone, ==, 2);
  g_assert_cmpint (value->gone[0].why, ==, TY_LEFT_LEAVE);
  g_assert_cmpuint (value->gone[1].rank, ==, 3);
  g_assert_cmpint (value->gone[1].why, ==, TY_LEFT_DEAD);
  ty_selection_clear (&s);
  rig_clear (&rig, 4);
}

/* A suspected voter's receipts are not in the cut: nobody has to have what it alone has (V4). */
static void
test_value_without_suspects (void)
{
  static const Case c = { "LLS", NULL, NULL, 0, NULL };
  static const guint8 receipts[3][3] = { { 5, 0, 2 }, { 4, 3, 2 }, { 9, 9, 9 } };
  Rig rig;
  Selection s;
  rig_init (&rig, &c);
  for (guint i = 0; i < 3; i++)
    rig.round.states[i]->receipts = TY_READER (receipts[i], 3);
  g_assert_true (ty_select (rig.m, &rig.round, &s));
  g_autoptr (TyValue) value = ty_select_value (rig.m, &rig.round, &s);
  g_assert_cmpuint (value->cut[0], ==, 5);
  g_assert_cmpuint (value->cut[2], ==, 2);
  g_assert_cmpint (value->gone[0].why, ==, TY_LEFT_SUSPECT);
  ty_selection_clear (&s);
  rig_clear (&rig, 3);
}

/* A malformed STATE makes its sender a suspect of this round, and no value. */
static void
test_value_malformed (void)
{
  static const Case c = { "LLL", NULL, NULL, 0, NULL };
  static const guint8 receipts[3][3] = { { 1, 1, 1 }, { 1, 1, 0x80 }, { 1, 1, 1 } };
  Rig rig;
  Selection s;
  rig_init (&rig, &c);
  for (guint i = 0; i < 3; i++)
    rig.round.states[i]->receipts = TY_READER (receipts[i], 3);
  g_assert_true (ty_select (rig.m, &rig.round, &s));
  g_assert_null (ty_select_value (rig.m, &rig.round, &s));
  g_assert_true (rig.round.suspected[1]);
  ty_selection_clear (&s);
  rig_clear (&rig, 3);
}

/* ---- against the rule, said in another way: every set of six, random cuts ---- */

static gboolean
clique (const Round *round, guint set)
{
  for (guint a = 0; a < 6; a++)
    for (guint b = 0; b < 6; b++)
      if (a != b && (set >> a & 1) != 0 && (set >> b & 1) != 0 && !round->states[a]->reaches[b])
        return FALSE;
  return TRUE;
}

static gboolean
set_quorum (const TyMembership *m, guint set)
{
  gboolean in[6];
  for (guint i = 0; i < 6; i++)
    in[i] = (set >> i & 1) != 0;
  return ty_members_quorum (m->view->members, 6, in);
}

static guint
by_the_rule (const TyMembership *m, const Round *round)
{
  guint taken = 0;
  for (guint i = 0; i < 6; i++)
    for (guint set = 0; set < 64; set++)
      if ((set & (taken | 1u << i)) == (taken | 1u << i) && clique (round, set) && set_quorum (m, set))
        {
          taken |= 1u << i;
          break;
        }
  return taken;
}

static void
test_by_the_rule (void)
{
  static const Case c = { "LLLLLL", NULL, NULL, 0, NULL };
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  guint found = 0;
  for (guint round = 0; round < 300; round++)
    {
      Rig rig;
      Selection s;
      rig_init (&rig, &c);
      gdouble p = g_rand_double_range (rand, 0.05, 0.6);
      for (guint a = 0; a < 6; a++)
        for (guint b = 0; b < 6; b++)
          if (a != b && g_rand_double (rand) < p / 2)
            rig.round.states[a]->reaches[b] = FALSE;
      guint expected = by_the_rule (rig.m, &rig.round), have = 0;
      gboolean any = ty_select (rig.m, &rig.round, &s);
      for (guint i = 0; i < 6; i++)
        have |= s.next[i] ? 1u << i : 0;
      g_assert_cmpint (any, ==, expected != 0);
      if (any)
        g_assert_cmphex (have, ==, expected);
      found += any;
      ty_selection_clear (&s);
      rig_clear (&rig, 6);
    }
  /* Both happen. */
  g_assert_cmpuint (found, >, 50);
  g_assert_cmpuint (found, <, 280);
}

/* ---- Reach that nobody contrives by accident ---- */

typedef gboolean (*Reaches) (guint a, guint b);

/* One round of `n` who reach each other as `reaches` says. */
static gboolean
select_of (guint n, Reaches reaches, Selection *out)
{
  TyId group = { { 1 } };
  TyMember *members = g_new0 (TyMember, n);
  TyMembership m = { .members = g_new0 (Member, n) };
  Round round = { .states = g_new0 (State *, n), .suspected = g_new0 (gboolean, n) };
  for (guint i = 0; i < n; i++)
    {
      members[i] = (TyMember){ .name = g_strdup_printf ("p%u", i), .weight = 1, .loaded = TRUE, .since = 1 };
      members[i].address = g_strdup_printf ("t://%u", i);
      memcpy (members[i].pid.b, &i, sizeof i);
      round.states[i] = new_state (n);
      round.states[i]->loaded = TRUE;
      for (guint j = 0; j < n; j++)
        round.states[i]->reaches[j] = i == j || reaches (MIN (i, j), MAX (i, j));
    }
  TyId self = members[0].pid;
  m.view = ty_view_new (&group, "g", &(TyViewId){ .number = 1 }, members, n, &self);
  gboolean found = ty_select (&m, &round, out);
  for (guint i = 0; i < n; i++)
    ty_state_free (round.states[i]);
  tyet_view_unref (m.view);
  g_free (round.states);
  g_free (round.suspected);
  g_free (m.members);
  return found;
}

static gboolean
not_of_one_triple (guint a, guint b)
{
  return a / 3 != b / 3;
}

static gboolean
not_of_one_pair (guint a, guint b)
{
  return a / 2 != b / 2;
}

static gboolean
triples_behind (guint a, guint b)
{
  return a < 40 || not_of_one_triple (a, b);
}

/* Of a hundred pairs, about three do not reach each other. */
static gboolean
most_at_random (guint a, guint b)
{
  guint32 x = (a * 2654435761u) ^ (b * 40503u) ^ 0x9e3779b9u;
  x = (x ^ x >> 15) * 0x85ebca6bu;
  x = (x ^ x >> 13) * 0xc2b2ae35u;
  return (x ^ x >> 16) % 100 >= 3;
}

/* To find out that there is no set would take a search without end: no process can stand still for that. */
static void
test_contrived (void)
{
  static const struct
  {
    guint n;
    Reaches reaches;
    guint found; /* how many go on; 0: none, or none that is found in time */
  } cases[] = {
    { 64, not_of_one_pair, 32 },  { 128, not_of_one_pair, 64 },  { 64, not_of_one_triple, 0 },
    { 128, not_of_one_triple, 0 }, { 64, triples_behind, 49 },   { 128, triples_behind, 70 },
    { 64, most_at_random, 37 },   { 128, most_at_random, 0 },    { 500, most_at_random, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Selection s;
      guint64 n = cases[i].n, words = (n + 63) / 64, found = 0;
      gboolean some = select_of (cases[i].n, cases[i].reaches, &s);
      g_assert_true (some == (cases[i].found > 0));
      for (guint rank = 0; some && rank < n; rank++)
        found += s.next[rank];
      g_assert_cmpuint (found, ==, cases[i].found);
      /* Eight million words looked at, and a few for each candidate. */
      g_assert_cmpuint (s.steps * n * words, <=, 8 * 1024 * 1024 + 16 * n * n * words);
      ty_selection_clear (&s);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membership/select/quorum", test_quorum);
  g_test_add_func ("/membership/select/reach", test_reach);
  g_test_add_func ("/membership/select/loaded", test_loaded);
  g_test_add_func ("/membership/select/loading-oldest", test_loading_oldest);
  g_test_add_func ("/membership/select/leavers", test_leavers);
  g_test_add_func ("/membership/select/barred", test_barred);
  g_test_add_func ("/membership/select/barred-in-every-way", test_barred_in_every_way);
  g_test_add_func ("/membership/select/leaver-that-stays-reaches", test_leaver_that_stays_reaches);
  g_test_add_func ("/membership/select/joiner", test_joiner);
  g_test_add_func ("/membership/select/value", test_value);
  g_test_add_func ("/membership/select/value-without-suspects", test_value_without_suspects);
  g_test_add_func ("/membership/select/value-malformed", test_value_malformed);
  g_test_add_func ("/membership/select/contrived", test_contrived);
  g_test_add_func ("/membership/select/by-the-rule", test_by_the_rule);
  return g_test_run ();
}
