/* tests/judge/test-extended.c: each rule of the extended model, with small legal histories and broken ones beside them,
 * written from the specifications in [EVS94] §2 and the example in §3.1.
 *
 * A case says which rules it breaks, all of them: a history that breaks one rule must not be accused of others.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cases.h"

#include <string.h>

#include "brief.h"

#define AB "a,b conf 1 a,b minor\n"
#define ABC "a,b,c conf 1 a,b,c minor\n"
#define END_AB "a,b end\n"
#define END_ABC "a,b,c end\n"

/* From {a,b,c}: a and b together, and c alone. */
#define PART_TRANS "a,b conf 1x a,b trans\nc conf 1y c trans\n"
#define PART_REGULAR "a,b conf 2 a,b minor\nc conf 3 c minor\n"
#define PART PART_TRANS PART_REGULAR END_ABC

/* [EVS94] Figure 6: p is cut off from q and r, which merge with s and t. */
#define FIGURE_6_BEFORE "p,q,r conf pqr p,q,r minor\ns,t conf st s,t minor\n"
#define FIGURE_6_TRANS "p conf p- p trans\nq,r conf qr- q,r trans\ns,t conf st- s,t trans\n"
#define FIGURE_6_AFTER "p conf p p minor\nq,r,s,t conf qrst q,r,s,t minor\np,q,r,s,t end\n"

static const Case cases[] = {
  /* ---- 1: basic delivery (Figure 1) ---- */
  { "cause/legal-order-of-lines", "", AB "b deliver 1 m\na send 1 m fifo\na deliver 1 m\n" END_AB },
  { "cause/legal-chain", "",
    AB "a deliver 1 n\na send 1 m safe\na deliver 1 m\nb send 1 n safe\nb deliver 1 n m\n" END_AB },
  { "cause/own-send-after", "1.1", AB "a deliver 1 m\na send 1 m fifo\nb deliver 1 m\n" END_AB },
  { "cause/circle-of-two", "1.1",
    AB "a deliver 1 n\na send 1 m fifo\nb deliver 1 m\nb send 1 n fifo\na deliver 1 m\nb deliver 1 n\n" END_AB },
  { "cause/circle-of-three", "1.1",
    ABC "a deliver 1 n\na send 1 l fifo\na deliver 1 l m\nb deliver 1 l\nb send 1 m fifo\nb deliver 1 m n\n"
        "c deliver 1 m\nc send 1 n fifo\nc deliver 1 n l\n" END_ABC },
  { "sequence/legal-leaver", "", AB "a fail 1 leave\na end\nb conf 1x b trans\nb conf 2 b minor\nb end" },
  { "sequence/after-end", "1.2", AB END_AB "a send 1 m fifo" },
  { "sequence/two-records", "1.2", AB END_AB "-\na conf 2 a minor\na end" },
  { "sequence/after-end-in-another-group", "1.2",
    "a@g conf 1 a minor\na@h conf 1 a minor\na@g end\na@h send 1 m fifo" },
  { "sent/legal", "", AB "a send 1 m fifo\na,b deliver 1 m\n" END_AB },
  { "sent/legal-in-the-transitional", "",
    ABC "a send 1 m safe\nc send 1 n safe\n" PART_TRANS "a,b deliver 1x m\nc deliver 1y n\n" PART_REGULAR END_ABC },
  { "sent/never", "1.3", AB "a,b deliver 1 m\n" END_AB },
  { "sent/next-regular-view", "1.3",
    ABC "c send 1 m fifo\nc deliver 1 m\n" PART_TRANS PART_REGULAR "a,b deliver 2 m\n" END_ABC },
  { "sent/transitional-of-another-view", "1.3",
    ABC "c send 1 m fifo\nc deliver 1 m\n" PART_TRANS PART_REGULAR
        "a,b conf 2x a,b trans\na,b deliver 2x m\na,b conf 4 a,b minor\n" END_ABC },
  { "sent/where-it-is-no-member", "1.3",
    "a conf 1 a minor\nb conf 2 b minor\na send 1 m fifo\na deliver 1 m\nb deliver 2 m\n" END_AB },
  { "unique/legal", "", AB "a send 1 m fifo\nb send 1 n fifo\na,b deliver 1 m n\n" END_AB },
  { "unique/two-senders", "1.4", AB "a send 1 m fifo\nb send 1 m fifo\na,b deliver 1 m\n" END_AB },
  { "unique/two-views", "1.4", AB "a send 1 m fifo\na,b deliver 1 m\na,b conf 2 a,b minor\na send 2 m fifo\n" END_AB },
  { "unique/sent-in-a-transitional-view", "1.4",
    ABC PART_TRANS "a send 1x m fifo\na,b deliver 1x m\n" PART_REGULAR END_ABC },
  { "unique/delivered-in-two-views", "1.4",
    AB "a send 1 m fifo\na,b deliver 1 m\na,b conf 2 a,b minor\na deliver 2 m\n" END_AB },
  { "unique/delivered-early-and-again", "1.4",
    AB "a deliver 1 m\na,b conf 2 a,b minor\na send 2 m fifo\na,b deliver 2 m\n" END_AB },
  { "unique/delivered-in-regular-and-transitional", "1.4",
    ABC "c send 1 m fifo\na,b,c deliver 1 m\n" PART_TRANS "a deliver 1x m\n" PART_REGULAR END_ABC },
  { "unique/delivered-twice-at-once", "1.4", AB "a send 1 m fifo\na deliver 1 m m\nb deliver 1 m\n" END_AB },

  /* ---- 2: configuration changes (Figure 2) ---- */
  { "stay/legal", "", ABC PART },
  { "stay/legal-killed", "", ABC "a,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB },
  { "stay/never-told", "2.1", ABC "a,b conf 2 a,b,c minor\n" END_AB },
  { "stay/fails", "2.1", ABC "c fail 1 crash\na,b end" },
  { "stay/killed", "2.1", ABC "a,b end" },
  { "stay/goes-on", "2.1", AB "b conf 1x b trans\nb conf 2 b minor\n" END_AB },
  { "stay/in-a-transitional-view", "2.1", ABC "a,b conf 1x a,b trans\nb conf 2 a,b minor\na end" },
  { "stay/legal-open-end", "", ABC "c fail 1 crash\nb conf 1x b trans\nb conf 2 b minor\na,b end", .open_end = TRUE },
  { "stay/legal-no-ends", "", ABC "c fail 1 crash\nb conf 1x b trans\nb conf 2 b minor" },
  { "inside/legal", "", ABC "a send 1 m fifo\na,b,c deliver 1 m\n" PART },
  { "inside/before-any-view", "2.2", "a send 1 m fifo\na conf 1 a minor\na end" },
  { "inside/back-in-the-regular-view", "2.2",
    ABC "c send 1 m fifo\nc deliver 1 m\n" PART_TRANS "b deliver 1 m\n" PART_REGULAR END_ABC },
  { "inside/next-view", "2.2", AB "a send 2 m fifo\n" END_AB },
  { "inside/fails-elsewhere", "2.1 2.2", AB "a,b conf 2 a,b minor\na fail 1 crash\nb end" },
  { "inside/after-it-failed", "2.2",
    ABC "a fail 1 crash\na send 1 m fifo\nb,c conf 1x b,c trans\nb,c conf 2 b,c minor\nb,c end" },
  { "inside/fails-twice", "2.2", AB "a fail 1 crash\na fail 1 leave\na end" },
  { "inside/told-twice", "2.2", AB "a conf 1 a,b minor\n" END_AB },
  { "inside/told-again-later", "2.2", "a conf 1 a minor\na conf 2 a minor\na conf 1 a minor\na end" },
  { "follows/legal", "", AB "a,b conf 2 a,b minor\na send 2 m fifo\na,b deliver 2 m\n" END_AB },
  { "follows/delivered-before-the-view", "1.3 2.3",
    AB "b deliver 1 m\na,b conf 2 a,b minor\na send 2 m fifo\na deliver 2 m" },
  { "follows/delivered-two-views-before", "1.3 2.3",
    ABC PART_TRANS "c deliver 1y m\n" PART_REGULAR
                   "a,b conf 2x a,b trans\nc conf 3x c trans\na,b,c conf 4 a,b,c minor\n"
                   "a send 4 m agreed\na,b deliver 4 m" },
  { "precedes/legal", "", "a,b conf 1 a,b minor\na,b conf 2 a,b minor\nb conf 3 b minor\n" },
  { "precedes/two-the-other-way-round", "2.4",
    "a conf 1 a,b minor\na conf 2 a,b minor\nb conf 2 a,b minor\nb conf 1 a,b minor\n" },
  { "precedes/with-one-between", "2.4",
    "a conf 1 a,b minor\na conf 3 a minor\na conf 2 a,b minor\nb conf 2 a,b minor\nb conf 1 a,b minor\n" },
  { "precedes/circle-of-three", "2.4",
    "a conf 1 a,c minor\na conf 2 a,b minor\nb conf 2 a,b minor\nb conf 3 b,c minor\nc conf 3 b,c minor\nc conf 1 a,c "
    "minor\n" },

  /* ---- 3: self-delivery (Figure 3) ---- */
  { "self/legal-alone", "",
    ABC "a send 1 m safe\na conf 1z a trans\na deliver 1z m\na conf 2 a minor\nb,c conf 1y b,c trans\nb,c conf 3 b,c "
        "minor\n" END_ABC },
  { "self/legal-failed", "",
    ABC "c send 1 m fifo\nc fail 1 crash\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB },
  { "self/legal-killed-in-the-transitional", "",
    ABC "c send 1 m fifo\nc conf 1y c trans\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB },
  { "self/legal-recovered", "",
    ABC "c send 1 m fifo\nc fail 1 crash\nc conf 3 c minor\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_ABC },
  { "self/legal-open-end", "", AB "a send 1 m fifo\n" END_AB, .open_end = TRUE },
  { "self/goes-on", "3", ABC "c send 1 m fifo\n" PART },
  { "self/goes-on-without-transitional", "3", AB "a send 1 m fifo\na,b conf 2 a,b minor\n" END_AB },
  { "self/ends", "3", AB "a send 1 m fifo\n" END_AB },
  { "self/goes-on-open-end", "3", AB "a send 1 m fifo\na,b conf 2 a,b minor\n", .open_end = TRUE },

  /* ---- 4: failure atomicity (Figure 4) ---- */
  { "set/legal-apart", "", ABC "c send 1 m agreed\nc deliver 1 m\n" PART },
  { "set/legal-transitional-apart", "",
    ABC "a send 1 l safe\nc send 1 m safe\n" PART_TRANS "a,b deliver 1x l\nc deliver 1y m\n" PART_REGULAR END_ABC },
  { "set/legal-failed", "",
    ABC "c send 1 m fifo\nc,a deliver 1 m\na fail 1 crash\nb conf 1x b trans\nb conf 2 b minor\nb end\nc conf "
        "1y c trans\nc conf 3 c minor\nc end" },
  { "set/regular", "4", ABC "c send 1 m fifo\nc,a deliver 1 m\n" PART },
  { "set/transitional", "4",
    ABC "c send 1 m fifo\nc deliver 1 m\n" PART_TRANS "a deliver 1x m\n" PART_REGULAR END_ABC },
  { "set/one-here-one-there", "4",
    ABC "c send 1 m fifo\nc,a deliver 1 m\n" PART_TRANS "b deliver 1x m\n" PART_REGULAR END_ABC },
  { "set/without-transitional", "4", AB "b send 1 m fifo\nb deliver 1 m\na,b conf 2 a,b minor\n" END_AB },
  { "set/last-view", "4", AB "a send 1 m fifo\na deliver 1 m\n" END_AB },
  { "set/legal-open-end", "", AB "a send 1 m fifo\na deliver 1 m\n" END_AB, .open_end = TRUE },

  /* ---- 5: causal delivery (Figure 5) ---- */
  { "causal/legal", "",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n causal\na,b deliver 1 n\nc deliver 1 m n\n" END_ABC },
  { "causal/legal-only-in-one-view", "",
    AB "a send 1 m causal\na deliver 1 m\na conf 1y a trans\nb conf 1x b trans\na conf 3 a minor\nb conf 2 b minor\n"
       "a conf 3x a trans\nb conf 2x b trans\na,b conf 4 a,b minor\na send 4 n causal\na,b deliver 4 n\n" END_AB },
  { "causal/legal-fifo-does-not-wait", "",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n fifo\na,b deliver 1 n\nc deliver 1 n m\n" END_ABC },
  { "causal/answer-first", "5",
    ABC "a send 1 m causal\na,b deliver 1 m\nb send 1 n causal\na,b deliver 1 n\nc deliver 1 n m\n" END_ABC },
  { "causal/fifo", "5", AB "a send 1 m fifo\na send 1 n fifo\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  { "causal/missing-in-the-transitional", "5",
    ABC "c send 1 l agreed\nc send 1 m agreed\nc deliver 1 l m\n" PART_TRANS
        "a,b deliver 1x m\n" PART_REGULAR END_ABC },
  { "causal/across-regular-and-transitional", "5",
    ABC "c send 1 m causal\nc,b deliver 1 m\nb send 1 n causal\nb deliver 1 n\nc conf 1y c trans\nc conf 3 c minor\n"
        "a deliver 1 n\na conf 1x a,b trans\na deliver 1x m\na fail 1x crash\nb fail 1 crash\nc end" },

  /* ---- 6: total order ---- */
  { "order/legal", "", ABC "a send 1 l agreed\nb send 1 m safe\nc send 1 n agreed\na,b,c deliver 1 l m n\n" END_ABC },
  { "order/legal-causal-may-differ", "",
    AB "a send 1 m causal\nb send 1 n causal\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  { "order/circle-of-three", "6.1",
    ABC "a send 1 l agreed\nb send 1 m agreed\nc send 1 n agreed\na deliver 1 l m\nb deliver 1 m n\nc deliver 1 n l\n"
        "a conf 1x a trans\nb conf 1y b trans\nc conf 1z c trans\na conf 2 a minor\nb conf 3 b minor\nc conf 4 c "
        "minor\n" END_ABC },
  { "order/circle-in-the-transitional", "6.1",
    ABC
    "a send 1 l agreed\nb send 1 m agreed\nc send 1 n agreed\na conf 1x a trans\nb conf 1y b trans\nc conf 1z c trans\n"
    "a deliver 1x l m\nb deliver 1y m n\nc deliver 1z n l\na conf 2 a minor\nb conf 3 b minor\nc conf 4 c "
    "minor\n" END_ABC },
  { "agree/legal-prefix", "", ABC "a send 1 m agreed\nb send 1 n agreed\na,b deliver 1 m n\nc deliver 1 m\n" PART },
  { "agree/swapped", "6.2", AB "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb deliver 1 n m\n" END_AB },
  /* the primary model lets that pass: the oldest is cut off with an order of its own */
  { "agree/cut-off-with-rank-0", "6.2",
    "a,b,c conf 1 c,a,b minor\nb send 1 m agreed\nb send 1 l agreed\nc send 1 n agreed\nc deliver 1 m n\na,b deliver 1 "
    "m l n\n" PART_TRANS "c deliver 1y l\n" PART_REGULAR END_ABC },
  { "agree/regular-and-transitional", "6.2",
    ABC "a send 1 m agreed\nc send 1 n safe\na,b deliver 1 m\nc deliver 1 n\n" PART_TRANS
        "a,b deliver 1x n\nc deliver 1y m\n" PART_REGULAR END_ABC },
  { "agree/of-the-killed", "6.2", AB "a send 1 m agreed\nb send 1 n agreed\na deliver 1 m n\nb deliver 1 n m\n" },
  { "gap/legal-members-only", "",
    ABC "c send 1 l agreed\na send 1 m agreed\nc deliver 1 l m\n" PART_TRANS
        "a,b deliver 1x m\n" PART_REGULAR END_ABC },
  { "gap/in-the-regular-view", "6.3",
    ABC "b send 1 l agreed\na send 1 m agreed\na,b deliver 1 l m\nc deliver 1 m\n" PART },
  { "gap/in-the-regular-view-of-the-failed", "6.3",
    ABC "c send 1 l agreed\na send 1 m agreed\nc deliver 1 l m\nc fail 1 crash\na,b deliver 1 m\na,b conf 1x a,b "
        "trans\na,b "
        "conf 2 a,b minor\n" END_AB },
  { "gap/of-a-member-in-the-transitional", "6.3",
    ABC "b send 1 l agreed\na send 1 m agreed\nc deliver 1 l m\nb fail 1 crash\nc conf 1y c trans\nc conf 3 c minor\nc "
        "end\n"
        "a conf 1x a,b trans\na deliver 1x m\na conf 2 a,b minor" },
  { "gap/of-a-member-beyond-another's", "6.3",
    ABC "b send 1 l agreed\nc send 1 k agreed\na send 1 m agreed\nc deliver 1 l k m\nb fail 1 crash\nc conf 1y c "
        "trans\nc conf 3 "
        "c minor\nc end\na conf 1x a,b trans\na deliver 1x m\na conf 2 a,b minor" },
  { "gap/legal-all-have-it", "",
    ABC "b send 1 l agreed\nc send 1 k agreed\na send 1 m agreed\na,b deliver 1 l\nc deliver 1 l k m\n" PART_TRANS
        "a,b deliver 1x m\n" PART_REGULAR END_ABC },

  /* ---- 7: safe delivery ---- */
  { "safe/legal-regular", "", ABC "c send 1 m safe\na,b,c deliver 1 m\n" PART },
  { "safe/legal-regular-here-transitional-there", "",
    ABC "a send 1 m safe\na,b deliver 1 m\n" PART_TRANS "c deliver 1y m\n" PART_REGULAR END_ABC },
  { "safe/legal-failed", "",
    ABC "a send 1 m safe\na,b deliver 1 m\nc fail 1 crash\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB },
  { "safe/legal-recovered", "",
    ABC "a send 1 m safe\na,b deliver 1 m\nc fail 1 crash\na,b conf 1x a,b trans\na,b conf 2 a,b minor\nc conf 3 c "
        "minor\n" END_ABC },
  { "safe/legal-obligation", "",
    ABC "a send 1 m safe\nc conf 1y c trans\nc conf 3 c minor\na conf 1x a,b trans\na deliver 1x m\na fail 1x crash\n"
        "b conf 1z b trans\nb deliver 1z m\nb conf 4 b minor\nb,c end"
    /* b made it possible for a to deliver m, and is bound by that, though it is never told of view 1x */ },
  { "safe/goes-on-without", "7.1", ABC "a send 1 m safe\na,b deliver 1 m\n" PART },
  { "safe/sender-alone", "7.1", ABC "c send 1 m safe\nc deliver 1 m\n" PART },
  { "safe/transitional", "7.1",
    ABC "a send 1 m safe\nc conf 1y c trans\nc conf 3 c minor\na conf 1x a,b trans\na deliver 1x m\na fail 1x crash\n"
        "b conf 1z b trans\nb conf 4 b minor\nb,c end" },
  { "safe/last-view", "4 7.1", AB "a send 1 m safe\na deliver 1 m\n" END_AB },
  { "safe/legal-open-end", "", AB "a send 1 m safe\na deliver 1 m\n" END_AB, .open_end = TRUE },
  { "installed/legal", "", AB "a send 1 m safe\na,b deliver 1 m" },
  { "installed/legal-agreed", "", "a conf 1 a,b minor\na send 1 m agreed\na deliver 1 m" },
  { "installed/legal-transitional", "",
    ABC "a send 1 m safe\na conf 1x a,b trans\na deliver 1x m\na fail 1x crash\nb fail 1 crash\nc conf 1y c trans\nc "
        "conf 3 c minor\nc end" },
  { "installed/no-record", "7.2", "a conf 1 a,b minor\na send 1 m safe\na deliver 1 m" },
  { "installed/elsewhere", "7.2",
    "b conf 0 b minor\na conf 1 a,b minor\na send 1 m safe\na deliver 1 m\nb conf 2 b minor\nb end" },
  { "installed/failed-before", "7.2",
    "b conf 0 b minor\nb fail 0 crash\na conf 1 a,b minor\na send 1 m safe\na deliver 1 m" },
  { "installed/legal-open-end", "", "b conf 0 b minor\na conf 1 a,b minor\na send 1 m safe\na deliver 1 m",
    .open_end = TRUE },
  { "installed/ended-open-end", "7.2", "b conf 0 b minor\nb end\na conf 1 a,b minor\na send 1 m safe\na deliver 1 m",
    .open_end = TRUE },

  /* ---- the history of primary components ---- */
  { "one/legal", "",
    "a,b,c conf 1 a,b,c\n" PART_TRANS "a,b conf 2 a,b\nc conf 3 c minor\na,b conf 2x a,b trans\nc conf 3x c trans\n"
    "a,b,c conf 4 a,b,c\n" END_ABC },
  { "one/legal-moves", "",
    "a,b,c conf 1 a,b,c\n" PART_TRANS
    "a,b conf 2 a,b\nc conf 3 c minor\na conf 2x a trans\nb conf 2y b trans\na conf 5 a minor\nc "
    "conf 3x c trans\nb,c conf 4 b,c\na,b,c end" },
  { "one/two-parts", "H1", "a,b,c conf 1 a,b,c\n" PART_TRANS "a,b conf 2 a,b\nc conf 3 c\n" END_ABC },
  { "one/two-parts-later", "H1",
    "a,b,c conf 1 a,b,c\n" PART_TRANS
    "a,b conf 2 a,b minor\nc conf 3 c\na,b conf 2x a,b trans\na,b conf 4 a,b\n" END_ABC },
  { "one/never-met", "H1", "a conf 1 a\nb conf 2 b\n" END_AB },
  { "one/two-after-one", "H1", "a conf 1 a,b first\na conf 2 a,b after 1\na conf 3 a after 1\n" },
  { "one/two-first", "H1", "a conf 1 a first\na conf 2 a first\na end" },
  { "one/two-sayings", "H1", "a conf 0 a first\na,b conf 1 a,b\na conf 2 a,b after 1\nb conf 2 a,b after 0\n" END_AB },
  { "one/legal-by-prev", "", "a conf 1 a,b,c first\na conf 2 a,b after 1\nb conf 3 b,c after 2\n" },
  { "one/before-itself", "H1", "a conf 1 a after 3\na conf 2 a after 1\na conf 3 a after 2\na end" },
  { "one/other-group", "", "a@g conf 1 a first\nb@h conf 1 b first\n" END_AB },
  { "chain/legal", "", "a conf 1 a,b\na conf 2 a,c\n" },
  { "chain/nobody-in-both", "H2",
    "a conf 1 a,x\na conf 1x a trans\na conf 2 a,b minor\nb conf 2 a,b minor\nb conf 2x b trans\nb conf 3 b\na fail 2 "
    "crash\nb end" },
  { "chain/nobody-in-both-by-prev", "H2", "a conf 1 a first\na fail 1 crash\nb conf 2 b after 1\nb end" },
  { "chain/legal-two-views-apart", "",
    "a conf 1 a first\na,b conf 2 a,b after 1\nb conf 3 b after 2\na fail 2 crash\nb end" },

  /* ---- events themselves ---- */
  { "member/legal", "", "a conf 1 a minor\na end" },
  { "member/not-in-it", "F1", "a conf 1 b minor\na end" },
  { "member/twice", "F1", "a conf 1 a,b,b minor\na end" },
  { "same/legal", "", "a,b conf 1 b,a minor\n" END_AB },
  { "same/ranks", "F2", "a conf 1 a,b minor\nb conf 1 b,a minor\n" END_AB },
  { "same/members", "F2", "a conf 1 a,b minor\nb conf 1 a,b,c minor\n" END_AB },
  { "same/primary", "F2", "a conf 1 a,b\nb conf 1 a,b minor\n" END_AB },
  { "same/kind", "F2", ABC "a conf 2 a,b trans\nb conf 2 a,b minor" },
  { "bridge/legal", "", ABC PART },
  { "bridge/called-primary", "F3", ABC "a,b conf 1x a,b transitional\nc conf 1y c trans\n" PART_REGULAR END_ABC },
  { "bridge/first-of-all", "F3", "a conf 1 a trans\na conf 2 a minor\na end" },
  { "bridge/two-in-a-row", "F3",
    ABC "a,b conf 1x a,b trans\na,b conf 1z a,b trans\nc conf 1y c trans\n" PART_REGULAR END_ABC },
  { "bridge/from-two-views", "F3",
    "a conf 1 a,b minor\nb conf 2 a,b minor\na,b conf 1x a,b trans\na,b conf 3 a,b minor\n" },
  { "bridge/to-two-views", "F3", AB "a,b conf 1x a,b trans\na conf 2 a,b minor\nb conf 3 a,b minor\n" },
  { "bridge/somebody-new", "F3", "a conf 1 a minor\na conf 1x a,b trans\na conf 2 a,b minor" },
  { "bridge/somebody-less-next", "F3", AB "a,b conf 1x a,b trans\na conf 2 a minor" },
  { "recovery/legal", "",
    ABC "c fail 1 crash\nc conf 3 c minor\na,b conf 1x a,b trans\na,b conf 2 a,b minor\nc conf 3x c trans\na,b conf 2x "
        "a,b trans\n"
        "a,b,c conf 4 a,b,c minor\nc send 4 m safe\na,b,c deliver 4 m\n" END_ABC },
  { "recovery/legal-so-fast-that-nobody-noticed", "",
    ABC "c send 1 l agreed\nc fail 1 crash\nc conf 3 c minor\nc conf 3x c trans\na,b conf 1x a,b trans\na,b,c conf 2 "
        "a,b,c minor\n" END_ABC },
  { "recovery/legal-killed-then-another-file", "",
    ABC "c send 1 m fifo\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB "-\nc conf 3 c minor\nc end" },
  { "recovery/legal-killed", "",
    ABC "c send 1 m fifo\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB "c conf 3 c minor\nc end" },
  { "recovery/not-killed-but-parted", "3",
    ABC "c send 1 m fifo\na,b conf 1x a,b trans\na,b conf 2 a,b minor\n" END_AB
        "c conf 1y c trans\nc conf 3 c minor\nc end" },
  { "recovery/not-killed-but-alone-before", "3", "c conf 1 c minor\nc send 1 m fifo\nc conf 3 c minor\nc end" },
  { "recovery/not-alone", "F4", ABC "c fail 1 crash\na,b conf 1x a,b trans\na,b,c conf 2 a,b,c minor\n" END_ABC },
  { "recovery/in-a-transitional-view", "F3 F4", AB "b fail 1 crash\nb conf 1x b trans\nb conf 2 b minor\n" },
  { "blocked/legal", "", AB "a block 1\na,b conf 2 a,b minor\na send 2 m fifo\na,b deliver 2 m\n" END_AB },
  { "blocked/sends", "F5", AB "a block 1\na send 1 m fifo\nb deliver 1 m" },
  { "blocked/delivers", "F5", AB "b send 1 m fifo\na block 1\na,b deliver 1 m\n" },
  { "load/legal", "", AB "a save 1 x\nb load 1 x\na send 1 m agreed\na,b deliver 1 m\n" END_AB },
  { "load/delivery-before", "F6", AB "a send 1 m agreed\na save 1 x\na,b deliver 1 m\nb load 1 x\n" END_AB },
  { "load/second-message-late", "F6",
    AB "a send 1 m fifo\na send 1 n fifo\na,b deliver 1 m\nb load 1\na,b deliver 1 n\n" END_AB },
  { "digest/legal-other-view", "", AB "a save 1 x\nb load 1 x\na,b conf 2 a,b minor\na save 2 y\nb load 2 y\n" END_AB },
  { "digest/differs", "F7", AB "a save 1 x\nb load 1 y\n" END_AB },
  { "digest/two-givers", "F7", ABC "a save 1 x\nb save 1 y\nc load 1 x\n" END_ABC },

  /* ---- [EVS94] Figure 6 ---- */
  { "figure-6/legal", "",
    FIGURE_6_BEFORE
    "p send pqr l agreed\np send pqr m agreed\nr send pqr n safe\nq,r deliver pqr l\np deliver pqr l m\n" FIGURE_6_TRANS
    "q,r deliver qr- n\n" FIGURE_6_AFTER },
  { "figure-6/legal-l-never-came", "",
    FIGURE_6_BEFORE "p send pqr l agreed\np send pqr m agreed\nr send pqr n safe\np deliver pqr l m\n" FIGURE_6_TRANS
                    "q,r deliver qr- n\n" FIGURE_6_AFTER },
  { "figure-6/m-without-l", "5",
    FIGURE_6_BEFORE "p send pqr l causal\np send pqr m causal\nr send pqr n safe\np deliver pqr l m\n" FIGURE_6_TRANS
                    "q,r deliver qr- m n\n" FIGURE_6_AFTER },
  { "figure-6/n-before-p-has-acknowledged-it", "7.1",
    FIGURE_6_BEFORE "r send pqr n safe\nq,r deliver pqr n\n" FIGURE_6_TRANS FIGURE_6_AFTER },
  { "figure-6/r-drops-its-own-n", "3", FIGURE_6_BEFORE "r send pqr n safe\n" FIGURE_6_TRANS FIGURE_6_AFTER },
  { "figure-6/r-alone-has-n", "4 7.1",
    FIGURE_6_BEFORE "r send pqr n safe\n" FIGURE_6_TRANS "r deliver qr- n\n" FIGURE_6_AFTER },
  { "figure-6/s-gets-n", "1.3",
    FIGURE_6_BEFORE "r send pqr n safe\n" FIGURE_6_TRANS "q,r deliver qr- n\ns,t deliver st- n\n" FIGURE_6_AFTER },
  { "figure-6/q-goes-elsewhere", "2.1 F3",
    FIGURE_6_BEFORE FIGURE_6_TRANS "p conf p p minor\nr,s,t conf qrst q,r,s,t minor\nq conf q q minor\nq send q x "
                                   "fifo\nq deliver q x\np,q,r,s,t end\n" },

  /* ---- several groups ---- */
  { "groups/legal-same-labels", "",
    "a@g,b@g conf 1 a,b\na@h conf 1 a minor\na@g send 1 m fifo\na@h send 1 n fifo\na@g,b@g deliver 1 m\na@h deliver 1 "
    "n\n" END_AB },
  { "groups/other-group's", "1.3 3", "a@g conf 1 a\na@h conf 1 a\na@g send 1 m fifo\na@h deliver 1 m\na end" },
};

static void
test_random_bytes (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  for (guint run = 0; run < 20000; run++)
    {
      TyJudgeOptions options = { .model = TY_JUDGE_EXTENDED, .open_end = run % 2 == 1 };
      g_autoptr (TyJudge) judge = ty_judge_new (&options, NULL);
      g_autofree char *json = brief_to_json (cases[run % G_N_ELEMENTS (cases)].brief);
      gsize len = strlen (json);
      /* Words exchanged, lines left out: what still can be read is judged, whatever it says. */
      static const char letters[] = "abcmn123xyz";
      for (guint n = g_rand_int_range (rand, 1, 6); n > 0; n--)
        {
          gsize at = (gsize) g_rand_int_range (rand, 0, (gint) len);
          if (strchr (letters, json[at]) != NULL && at > 0 && at + 1 < len && json[at - 1] == '"'
              && json[at + 1] == '"')
            json[at] = letters[g_rand_int_range (rand, 0, sizeof letters - 1)];
          else
            n += g_rand_int_range (rand, 0, 20) != 0;
        }
      ty_judge_read (judge, "random", json, len, NULL);
      g_autoptr (TyJudgeReport) report = ty_judge_report (judge);
      g_autofree char *text = ty_judge_report_to_json (report);
      g_assert_nonnull (text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions (); /* all cases, not only the first that fails */
  cases_add ("extended", TY_JUDGE_EXTENDED, cases, G_N_ELEMENTS (cases));
  g_test_add_func ("/extended/random", test_random_bytes);
  return g_test_run ();
}
