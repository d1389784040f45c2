/* tests/judge/test-judge.c: each rule of the judge, with a small legal history and broken ones beside it.
 *
 * A case says which rules it breaks, all of them: a history that breaks one rule must not be accused of others.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief.h"
#include "cases.h"

#define AB "a,b conf 1 a,b first\n"
#define ABC "a,b,c conf 1 a,b,c first\n"
#define END_AB "a,b end\n"
#define END_ABC "a,b,c end\n"

static const Case cases[] = {
  /* ---- views ---- */
  { "primary/legal", "", AB END_AB },
  { "primary/minor", "P1", "a conf 1 a minor\na end" },
  { "primary/transitional", "P1", AB "a conf 1t a transitional minor\na conf 2 a after 1\na end" },
  { "primary/transitional-called-primary", "P1", AB "a conf 1t a transitional\na conf 2 a after 1\na end" },
  { "member/legal", "", "a conf 1 a first\nb conf 2 b,a after 1\na conf 2 b,a after 1\n" END_AB },
  { "member/not-in-it", "P2", "a conf 1 b,c first\na end" },
  { "member/twice", "P2", "a conf 1 a,b,b first\na end" },
  { "ranks/legal", "", "a conf 1 b,a first\nb conf 1 b,a first\n" END_AB },
  { "ranks/order", "P3", "a conf 1 a,b first\nb conf 1 b,a first\n" END_AB },
  { "ranks/set", "P3", "a conf 1 a,b first\nb conf 1 a,b,c first\n" END_AB },
  { "once/legal", "", AB "a,b conf 2 a,b after 1\na,b conf 3 a,b after 2\n" END_AB },
  { "once/again", "P4", AB "a conf 1 a,b first\n" END_AB },
  { "once/back", "P4", AB "a,b conf 2 a,b after 1\na conf 1 a,b first\n" END_AB },
  { "next/legal", "", ABC "a,b conf 2 a,b after 1\na,b conf 3 a,b after 2\n" END_AB },
  { "next/split", "P5", ABC "a conf 2 a,b\nb conf 3 b,a\n" END_AB },
  { "next/split-with-prev", "P5 P6", ABC "a conf 2 a,c after 1\nb conf 3 b after 1\n" END_AB },
  { "next/legal-without-prev", "", "a,b conf 1 a,b\na,b,c conf 2 a,b,c\na,b,c conf 3 c,a,b\n" END_ABC },
  { "fork/legal", "", AB "a,b conf 2 a,b after 1\na,b,c conf 3 a,b,c after 2\n" END_ABC },
  { "fork/two-first", "P6", "a conf 1 a first\nb conf 2 b first\n" END_AB },
  { "fork/by-joiner", "P6", "a,b conf 1 a,b first\na conf 2 a,b after 1\nc conf 3 a,c after 1\n" END_ABC },
  { "skip/legal-joiner", "", AB "a,b conf 2 a,b after 1\na,b,c conf 3 a,b,c after 2\n" END_ABC },
  { "skip/one", "P5 P7", AB "b conf 2 a,b after 1\nb conf 3 a,b after 2\na conf 3 a,b after 2\n" END_AB },
  { "skip/wrong-prev", "P7 P8", AB "a conf 2 a,b after 1\nb conf 2 a,b after 0\n" END_AB },
  { "chain/legal", "", "a conf 1 a\na,b conf 2 a,b\nb,c conf 3 b,c\na fail 2 leave\n" END_ABC },
  { "chain/two-before-one", "P5 P8", "a,b,c conf 1 a,b,c\na,b conf 2 a,b,c\nc conf 0 c,a\nc conf 2 a,b,c\n" END_ABC
    /* c also goes on from 1 to another view than a and b do */ },
  { "chain/circle", "P8", "a conf 1 a,b after 2\nb conf 2 a,b after 1\n" END_AB },
  { "chain/nobody-in-common", "P8", "a conf 1 a first\nb conf 2 b after 1\n" END_AB },
  { "chain/two-pieces", "P8", "a,b conf 1 a,b\nc,d conf 2 c,d\n" END_AB "c,d end" },
  { "chain/legal-pieces", "", "a conf 1 a,b first\nb conf 3 b,c after 2\nb end" },

  /* ---- one process's record ---- */
  { "inside/legal", "", AB "a send 1 m agreed\na,b deliver 1 m\n" END_AB },
  { "inside/before-any", "P9", "a send 1 m agreed\na conf 1 a first\na end" },
  { "inside/delivery-elsewhere", "P9 P22",
    ABC "a send 1 m fifo\na,c deliver 1 m\na,b,c conf 2 a,b,c after 1\nb deliver 1 m\n" END_ABC },
  { "inside/fail-elsewhere", "P9", AB "a,b conf 2 a,b after 1\na fail 1 leave\na end\nb end" },
  { "after/legal-leave", "", AB "a fail 1 leave\na end\nb conf 2 b after 1\nb end" },
  { "after/fail", "P10", AB "a fail 1 crash\na send 1 m fifo\nb end" },
  { "after/comes-back-as-itself", "P10", AB "a fail 1 excluded\nb conf 2 b after 1\na conf 3 b,a after 2\nb end" },
  { "after/end", "P10", AB END_AB "a send 1 m fifo" },
  { "after/end-in-another-group", "P10", "a@g conf 1 a first\na@h conf 1 a first\na@g end\na@h fail 1 leave" },
  { "blocked/legal-goes-on", "",
    ABC "a block 1\nb,c conf 2 b,c,a after 1\na conf 2 b,c,a after 1\na send 2 m safe\na,b,c deliver 2 m\n" END_ABC },
  { "blocked/legal-replaced", "", ABC "c block 1\na,b conf 2 a,b after 1\na,b,d conf 3 a,b,d after 2\na,b,d end" },
  { "blocked/legal-closing-before", "",
    AB "b send 1 m fifo\nb deliver 1 m\na deliver 1 m\na block 1\na,b conf 2 a,b after 1\n" END_AB },
  { "blocked/closing-after", "P11",
    AB "b send 1 m fifo\nb deliver 1 m\na block 1\na deliver 1 m\na,b conf 2 a,b after 1\n" END_AB },
  { "blocked/sends", "P11", AB "a block 1\na send 1 m fifo\nb end" },
  { "blocked/delivers", "P11", AB "b send 1 m fifo\na block 1\na deliver 1 m\nb deliver 1 m\nb end" },

  /* ---- messages ---- */
  { "unique/legal", "", AB "a send 1 m fifo\nb send 1 n fifo\na,b deliver 1 m n\n" END_AB },
  { "unique/two-senders", "P12", AB "a send 1 m fifo\nb send 1 m fifo\na,b deliver 1 m\n" END_AB },
  { "unique/two-views", "P12",
    AB "a send 1 m fifo\na,b deliver 1 m\na,b conf 2 a,b after 1\na send 2 m fifo\n" END_AB },
  { "sent/legal", "", AB "b deliver 1 m\na send 1 m fifo\na deliver 1 m\n" END_AB },
  { "sent/never", "P13", AB "a,b deliver 1 m\n" END_AB },
  { "sent/other-name", "P13 P22", AB "a send 1 m fifo\na deliver 1 m\nb deliver 1 n\n" END_AB },
  { "view/legal", "",
    AB "a send 1 m fifo\na,b deliver 1 m\na,b conf 2 a,b after 1\na send 2 n fifo\na,b deliver 2 n\n" END_AB },
  { "view/next", "P14 P22", AB "a send 1 m fifo\na deliver 1 m\na,b conf 2 a,b after 1\nb deliver 2 m\n" END_AB },
  { "view/all-late", "P14 P21", AB "a send 1 m fifo\na,b conf 2 a,b after 1\na,b deliver 2 m\n" END_AB },
  { "view/before-it-was-sent", "P14 P22",
    AB "b deliver 1 m\na,b conf 2 a,b after 1\na send 2 m fifo\na deliver 2 m\n" END_AB },
  { "twice/legal", "", AB "a send 1 m fifo\na send 1 n fifo\na,b deliver 1 m n\n" END_AB },
  { "twice/at-once", "P15", AB "a send 1 m fifo\na deliver 1 m m\nb deliver 1 m\n" END_AB },
  { "twice/after-others", "P15",
    AB "a send 1 m agreed\na send 1 n agreed\na deliver 1 m n\nb deliver 1 m n m\n" END_AB },
  { "time/legal-file-order", "", AB "b deliver 1 m\na send 1 m fifo\na deliver 1 m\n" END_AB },
  { "time/own-send-after", "P16", AB "a deliver 1 m\na send 1 m fifo\nb deliver 1 m\n" END_AB },
  { "time/circle-of-two", "P16",
    AB "a deliver 1 n\na send 1 m fifo\nb deliver 1 m\nb send 1 n fifo\na deliver 1 m\nb deliver 1 n\n" END_AB },
  { "fifo/legal-mixed", "", AB "a send 1 m agreed\na send 1 n fifo\na,b deliver 1 m n\n" END_AB },
  { "fifo/swapped", "P17", AB "a send 1 m fifo\na send 1 n fifo\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  { "fifo/overtakes-other-service", "P17",
    AB "a send 1 m agreed\na send 1 n fifo\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  { "fifo/gap", "P17 P22",
    ABC "a send 1 l fifo\na send 1 m fifo\na,c deliver 1 l m\nb deliver 1 m\na,b,c conf 2 a,b,c after 1\n" END_ABC },
  { "fifo/gap-of-who-fails", "P17", ABC "a send 1 l fifo\na send 1 m fifo\nb deliver 1 m\nc end", .open_end = TRUE },
  { "causal/legal", "",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n causal\na,b deliver 1 n\nc deliver 1 m n\n" END_ABC },
  { "causal/legal-concurrent", "",
    ABC "a send 1 m causal\nb send 1 n causal\na deliver 1 m n\nb deliver 1 n m\nc deliver 1 n m\n" END_ABC },
  { "causal/answer-first", "P18",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n causal\na,b deliver 1 n\nc deliver 1 n m\n" END_ABC },
  { "causal/fifo-is-waited-for", "P18",
    ABC "a send 1 m fifo\na,b deliver 1 m\nb send 1 n causal\na,b deliver 1 n\nc deliver 1 n m\n" END_ABC },
  { "causal/agreed-waits", "P18",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n agreed\na,b deliver 1 n\nc deliver 1 n m\n" END_ABC },
  { "causal/legal-fifo-does-not-wait", "",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n fifo\na,b deliver 1 n\nc deliver 1 n m\n" END_ABC },
  { "causal/legal-not-through-fifo", "",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 f fifo\na,b deliver 1 f\nc deliver 1 f\nc send 1 n causal\n"
        "c deliver 1 n m\na,b deliver 1 n\n" END_ABC
    /* n follows f, and f follows m at b; but a fifo message does not pass that on */ },
  { "causal/through-two", "P18",
    "a,b,c,d conf 1 a,b,c,d first\na send 1 l causal\na,b deliver 1 l\nb send 1 m causal\na,b deliver 1 m\nc deliver 1 "
    "l m\n"
    "c send 1 n causal\na,b,c deliver 1 n\nd deliver 1 m l n\na,b,c,d end" },
  { "causal/own-message", "P18",
    AB "a send 1 m fifo\nb deliver 1 m\nb send 1 n causal\nb deliver 1 n\na deliver 1 n m\n" END_AB },
  { "causal/missing-for-good", "P18 P22",
    ABC "a send 1 l causal\na,b deliver 1 l\nb send 1 m causal\na,b deliver 1 m\nc deliver 1 m\n"
        "a,b,c conf 2 a,b,c after 1\n" END_ABC
    /* [EVS94] Figure 6: who lacks l cannot deliver m */ },
  { "causal/figure-6", "",
    "p,q,r conf 1 p,q,r first\np send 1 l agreed\np send 1 m agreed\nr send 1 n safe\np deliver 1 l m\n"
    "q,r deliver 1 n\nq,r conf 2 q,r after 1\nq,r,s,t conf 3 q,r,s,t after 2\nq,r,s,t end"
    /* l is lost with p, so nobody else delivers m; n is theirs */ },

  /* ---- the total order ---- */
  { "order/legal", "", AB "a send 1 m agreed\nb send 1 n safe\na,b deliver 1 n m\n" END_AB },
  { "order/swapped", "P19", AB "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  { "order/safe-and-agreed", "P19",
    AB "a send 1 m agreed\nb send 1 n safe\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  { "order/circle-of-three", "P19 P22",
    ABC "a send 1 l agreed\nb send 1 m agreed\nc send 1 n agreed\na deliver 1 l m\nb deliver 1 m n\nc deliver 1 n l\n"
        "a,b,c conf 2 a,b,c after 1\n" END_ABC },
  { "order/legal-causal-may-differ", "",
    AB "a send 1 m causal\nb send 1 n causal\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  /* rank 0 cut off with its own order: the others go on in another */
  { "order/legal-cut-off-with-rank-0", "",
    ABC "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb,c deliver 1 n m\nb,c conf 2 b,c after 1\nb,c end" },
  { "order/strict-cut-off-with-rank-0", "P19",
    ABC "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb,c deliver 1 n m\nb,c conf 2 b,c after 1\nb,c end",
    .strict = TRUE },
  { "order/cut-off-from-rank-0", "P19",
    ABC "a send 1 m agreed\nb send 1 n agreed\nc deliver 1 m n\na,b deliver 1 n m\na,b conf 2 a,b after 1\n" END_AB },
  { "order/safe-at-the-cut-off", "P19",
    ABC "b send 1 m agreed\nb send 1 l fifo\nc send 1 n safe\na deliver 1 m n\nb,c deliver 1 n m l\n"
        "b,c conf 2 b,c after 1\nb,c end" },
  { "order/legal-agreed-before-safe-at-the-cut-off", "",
    ABC "b send 1 l agreed\nc send 1 m agreed\nc send 1 n safe\na deliver 1 l m n\nb,c deliver 1 m l n\n"
        "b,c conf 2 b,c after 1\nb,c end" },
  { "order/all-killed", "P19", AB "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb deliver 1 n m\n" },
  { "order/open-end", "P19", AB "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb deliver 1 n m\n",
    .open_end = TRUE },
  /* The last leavers dissolve the group: they close the view as one, rank 0 among them or not. */
  { "order/legal-dissolved-without-rank-0", "",
    ABC "b send 1 m agreed\nc send 1 n agreed\na deliver 1 m n\nb,c deliver 1 n m\nb,c fail 1 leave\n"
        "a block 1\n" END_ABC },
  { "order/dissolved", "P19",
    ABC "b send 1 m agreed\nc send 1 n agreed\nb deliver 1 m n\nc deliver 1 n m\nb,c fail 1 leave\n"
        "a block 1\n" END_ABC },
  { "order/dissolved-with-rank-0", "P19",
    ABC "b send 1 m agreed\nc send 1 n agreed\na,b deliver 1 m n\nc deliver 1 n m\na,b fail 1 leave\n"
        "c block 1\n" END_ABC },
  { "order/legal-dissolved-and-rank-0-gives-up", "",
    ABC "b send 1 m agreed\nc send 1 n agreed\na deliver 1 m n\nb,c deliver 1 n m\nb,c fail 1 leave\n"
        "a block 1\na fail 1 leave\n" END_ABC },
  { "hole/legal-beginning", "",
    ABC "a send 1 l agreed\nb send 1 m agreed\na,b deliver 1 l m\nc deliver 1 l\na,b conf 2 a,b after 1\n" END_AB },
  { "hole/middle", "P20",
    ABC "a send 1 l agreed\nb send 1 m agreed\na,b deliver 1 l m\nc deliver 1 m\na,b conf 2 a,b after 1\n" END_AB },
  { "hole/strict", "P20",
    ABC "b send 1 l agreed\nc send 1 m agreed\nb,c deliver 1 l m\na deliver 1 m\nb,c conf 2 b,c after 1\nb,c end",
    .strict = TRUE },
  { "hole/legal-not-strict", "",
    ABC "b send 1 l agreed\nc send 1 m agreed\nb,c deliver 1 l m\na deliver 1 m\nb,c conf 2 b,c after 1\nb,c end" },

  /* ---- what is owed ---- */
  { "self/legal-failed", "", AB "a send 1 m fifo\nb conf 2 b after 1\nb end" },
  { "self/goes-on", "P21", AB "a send 1 m fifo\na,b conf 2 a,b after 1\n" END_AB },
  { "self/ends", "P21", AB "a send 1 m fifo\n" END_AB },
  { "self/legal-open-end", "", AB "a send 1 m fifo\n" END_AB, .open_end = TRUE },
  { "self/legal-blocked", "", AB "a send 1 m fifo\na block 1\n" END_AB },
  { "self/legal-leaver", "", AB "a send 1 m fifo\na fail 1 leave\na end\nb conf 2 b after 1\nb end" },
  { "set/legal-cut-off-has-more", "", ABC "c send 1 m agreed\nc deliver 1 m\na,b conf 2 a,b after 1\n" END_AB },
  { "set/one-lacks", "P22", ABC "a send 1 m fifo\na,c deliver 1 m\na,b,c conf 2 a,b,c after 1\n" END_ABC },
  { "set/of-the-dead", "P22", ABC "c send 1 m fifo\na deliver 1 m\na,b conf 2 a,b after 1\n" END_AB },
  { "set/last-view", "P22", AB "a send 1 m agreed\na deliver 1 m\n" END_AB },
  { "set/legal-open-end", "", AB "a send 1 m agreed\na deliver 1 m\n" END_AB, .open_end = TRUE },
  { "safe/legal-lost-with-sender", "", ABC "c send 1 m safe\na,b conf 2 a,b after 1\n" END_AB },
  { "safe/delivered-by-the-dead", "P23", ABC "c send 1 m safe\nc deliver 1 m\na,b conf 2 a,b after 1\n" END_AB },
  { "safe/last-view", "P23", ABC "c send 1 m safe\nc deliver 1 m\nc fail 1 crash\n" END_AB },
  { "safe/legal-open-end", "", ABC "c send 1 m safe\nc deliver 1 m\n" END_ABC, .open_end = TRUE },

  /* ---- state transfer ---- */
  { "load/legal", "",
    "a conf 1 a first\na send 1 l agreed\na deliver 1 l\na,b conf 2 a,b after 1\na save 2 x\nb load 2 x\na send 2 m "
    "agreed\n"
    "a,b deliver 2 m\n" END_AB },
  { "load/delivery-before", "P24",
    "a conf 1 a first\na,b conf 2 a,b after 1\na send 2 m agreed\na save 2 x\na,b deliver 2 m\nb load 2 x\n" END_AB },
  { "load/second-message-late", "P24",
    "a conf 1 a first\na,b conf 2 a,b after 1\na send 2 m fifo\na send 2 n fifo\na,b deliver 2 m\nb load 2\na,b "
    "deliver 2 n\n" END_AB },
  { "digest/legal-other-view", "",
    "a conf 1 a first\na,b conf 2 a,b after 1\na save 2 x\nb load 2 x\na,b,c conf 3 a,b,c after 2\nb save 3 y\nc load "
    "3 y\n" END_ABC },
  { "digest/differs", "P25", "a conf 1 a first\na,b conf 2 a,b after 1\na save 2 x\nb load 2 y\n" END_AB },
  { "digest/two-givers", "P25",
    "a,b conf 1 a,b first\na,b,c,d conf 2 a,b,c,d after 1\na save 2 x\nb save 2 y\nc load 2 x\na,b,c,d end" },

  /* ---- several groups, late joiners, no ends ---- */
  { "groups/legal-same-labels", "",
    "a@g,b@g conf 1 a,b first\na@h conf 1 a first\na@g send 1 m fifo\na@h send 1 n fifo\na@g,b@g deliver 1 m\na@h "
    "deliver 1 n\n" END_AB },
  { "groups/other-group's", "P14 P21",
    "a@g conf 1 a first\na@h conf 1 a first\na@g send 1 m fifo\na@h deliver 1 m\na end" },
  { "ends/legal-none", "", ABC "a send 1 m agreed\na,b deliver 1 m\n" },
};

static void
test_unreadable (void)
{
  static const struct
  {
    const char *text;
    gboolean readable;
  } lines[] = {
    { "", TRUE },
    { "{\"p\":\"a\",\"e\":\"end\"}\n", TRUE },
    { "{\"p\":\"a\",\"e\":\"end\"}", TRUE },
    { " { \"e\" : \"end\" , \"x\" : [1, {\"y\": [null, true, -1.5e+3]}], \"p\" : \"\\u0061\\n\\ud83d\\ude00\" } \r\n",
      TRUE },
    { "{\"p\":\"a\",\"e\":\"end\"}\n{\"p\":\"a\",\"e\":\"e", TRUE }, /* torn */
    { "{\"p\":\"a\",\"e\":\"end\"}\n{\"p\":\"a\",\"e\":\"e\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"e\n{\"p\":\"a\",\"e\":\"end\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"stop\"}", FALSE }, /* whole, though without a newline */
    { "{\"p\":\"a\",\"e\":\"end\"}\n{\"p\":\"\\ud8", TRUE },
    { "{\"p\":\"\\ud83d\\ude0", TRUE },
    { "{\"p\":\"a\",\"t\":-", TRUE },
    { "{\"p\":\"a\",\"primary\":tr", TRUE },
    { "{", TRUE },
    { "{\"p\":\"a\",\"e\":stop", FALSE }, /* does not end in mid-line: it is broken */
    { "{garbage", FALSE },
    { "{\"p\":\"a\",\"t\":1x", FALSE },
    { "garbage", FALSE },
    { "[]\n", FALSE },
    { "\n", FALSE },
    { "{}\n", FALSE },
    { "{\"e\":\"end\"}\n", FALSE },
    { "{\"p\":1,\"e\":\"end\"}\n", FALSE },
    { "{\"p\":\"a\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"stop\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"end\"} x\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"end\",}\n", FALSE },
    { "{\"p\":\"a\" \"e\":\"end\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"end\",\"t\":01}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"end\",\"t\":nul}\n", FALSE },
    { "{\"p\":\"\\x\",\"e\":\"end\"}\n", FALSE },
    { "{\"p\":\"\\ud83d\",\"e\":\"end\"}\n", FALSE },
    { "{\"p\":\"\xff\",\"e\":\"end\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"block\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"block\",\"c\":\"1\"}\n", TRUE },
    { "{\"p\":\"a\",\"e\":\"deliver\",\"c\":\"1\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"send\",\"c\":\"1\",\"m\":\"m\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"send\",\"c\":\"1\",\"m\":\"m\",\"service\":\"best\"}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"send\",\"c\":\"1\",\"m\":\"m\",\"service\":\"safe\"}\n", TRUE },
    { "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1\",\"kind\":\"regular\",\"members\":[\"a\"]}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1\",\"kind\":\"odd\",\"members\":[\"a\"],\"primary\":true}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1\",\"kind\":\"regular\",\"members\":[1],\"primary\":true}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1\",\"members\":[\"a\"],\"primary\":true}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1\",\"kind\":\"regular\",\"primary\":true}\n", FALSE },
    { "{\"p\":\"a\",\"e\":\"conf\",\"c\":\"1\",\"kind\":\"regular\",\"members\":[],\"primary\":\"yes\"}\n", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY };
      g_autoptr (GError) error = NULL;
      g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
      g_autofree char *shown = g_utf8_make_valid (lines[i].text, -1);
      g_test_message ("%s", shown);
      g_assert_cmpint (ty_judge_read (judge, "lines", lines[i].text, strlen (lines[i].text), &error), ==,
                       lines[i].readable);
      if (!lines[i].readable)
        g_assert_error (error, TY_JUDGE_ERROR, TY_JUDGE_ERROR_UNREADABLE);
    }
}

static void
test_unreadable_names_the_line (void)
{
  static const char text[] = "{\"p\":\"a\",\"e\":\"end\"}\n{\"p\":\"a\",\"e\":\"end\"}\nrubbish\n";
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY };
  g_autoptr (GError) error = NULL;
  g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
  g_assert_false (ty_judge_read (judge, "some.history", text, strlen (text), &error));
  g_assert_cmpstr (error->message, ==, "some.history:3: no JSON object");

  static const struct
  {
    const char *text, *message;
  } lines[] = {
    { "{\"p\":\"a\",\"e\":\"a\\u0007b\"}", "x:1: an unknown event \"a?b\"" },
    { "{\"p\":\"a\",\"e\":\"123456789012345678901234567890123456789\u00e9\"}",
      "x:1: an unknown event \"123456789012345678901234567890123456789...\"" },
    { "{\"p\":\"a\",\"e\":\"block\"}", "x:1: no `c` in a \"block\"" },
    { "{\"p\":\"a\",\"c\":\"1\",\"e\":\"send\",\"m\":\"m\",\"service\":\"best\"}", "x:1: an unknown service \"best\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GError) other = NULL;
      g_assert_false (ty_judge_read (judge, "x", lines[i].text, strlen (lines[i].text), &other));
      g_assert_cmpstr (other->message, ==, lines[i].message);
    }
}

static void
test_random_bytes (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autofree char *legal = brief_to_json (cases[G_N_ELEMENTS (cases) - 3].brief);
  for (guint run = 0; run < 3000; run++)
    {
      TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY };
      g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
      gsize len = strlen (legal);
      g_autofree char *bytes = g_memdup2 (legal, len); /* no NUL behind: reading too far is seen by the sanitizer */
      for (guint n = g_rand_int_range (rand, 1, 8); n > 0; n--)
        bytes[g_rand_int_range (rand, 0, (gint) len)] = (char) g_rand_int_range (rand, 0, 256);
      ty_judge_read (judge, "random", bytes, len, NULL);
      g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
      g_autofree char *text = ty_judge_report_to_json (report);
      g_assert_nonnull (text);
    }
}

static void
test_report (void)
{
  TyJudgeOptions options = { .model = TY_JUDGE_PRIMARY, .max_details = 1 };
  g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
  g_autofree char *json = brief_to_json (
      AB "a send 1 m\" fifo\na send 1 n fifo\na block 1\nb deliver 1 m\" n n n\nb fail 1 leave\nb end");
  g_assert_true (ty_judge_read (judge, "x", "", 0, NULL));
  g_assert_false (ty_judge_read (judge, "x", json, strlen (json), NULL)); /* the quote breaks it */
  g_clear_pointer (&judge, ty_judge_free);

  judge = ty_judge_new (&options, NULL);
  g_free (json);
  json = brief_to_json (AB "a send 1 m\\\" fifo\na block 1\nb deliver 1 m\\\" m\\\" m\\\"\nb fail 1 leave\nb end");
  g_assert_true (ty_judge_read (judge, "x", json, strlen (json), NULL));
  g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
  g_autofree char *text = ty_judge_report_to_string (report);
  g_assert_cmpstr (text, ==,
                   "P15 twice: group g: b delivers m\" twice in view 1 (processes b, a; message m\"; view 1)\n"
                   "P15 twice: and 1 more\n"
                   "not legal: 2 violations, 9 events, 2 processes, 1 group, 1 view, 1 message, 3 deliveries, 1 block, "
                   "1 failure\n");
  g_autofree char *machine = ty_judge_report_to_json (report);
  g_assert_cmpstr (
      machine, ==,
      "{\"legal\":false,\"events\":9,\"processes\":2,\"groups\":1,\"views\":1,\"messages\":1,\"deliveries\":3,"
      "\"blocks\":1,\"failures\":1,\"violation_count\":2,\"violations\":[{\"rule\":\"P15\",\"name\":\"twice\","
      "\"group\":\"g\",\"text\":\"b delivers m\\\" twice in view 1\",\"processes\":[\"b\",\"a\"],"
      "\"messages\":[\"m\\\"\"],\"views\":[\"1\"]}]}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions (); /* all cases, not only the first that fails */
  cases_add ("judge", TY_JUDGE_PRIMARY, cases, G_N_ELEMENTS (cases));
  g_test_add_func ("/judge/unreadable", test_unreadable);
  g_test_add_func ("/judge/unreadable-line", test_unreadable_names_the_line);
  g_test_add_func ("/judge/random-bytes", test_random_bytes);
  g_test_add_func ("/judge/report", test_report);
  return g_test_run ();
}
