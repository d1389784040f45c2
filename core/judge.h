/* core/judge.h: the judge: whether what a run did is what was promised.
 *
 * It reads histories (doc/history-format.md), real or simulated, of one process or many, and holds them against a
 * model. Work and memory grow with the number of events.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _TyJudge TyJudge;

typedef enum
{
  /* What the filter of [EVS94] §5 lets through: one chain of primary views. */
  TY_JUDGE_PRIMARY,
  /* [EVS94] §2 whole: every part of a divided group goes on. */
  TY_JUDGE_EXTENDED
} TyJudgeModel;

typedef struct
{
  TyJudgeModel model;
  /* The run was cut off: what is still owed in the last view is not held against it. */
  gboolean open_end;
  /* What a process delivered in the view that it did not go on from counts in the total order, too. Without it that
   * counts only if rank 0 of the view went on, and around safe messages, which nobody may contradict. Of the primary
   * model: in the extended one everything counts always. */
  gboolean strict;
  /* How many violations of one rule are described (all are counted); 0: 20. */
  guint max_details;
} TyJudgeOptions;

/* The rules of the primary model. "Goes on" means: installs a next view.
 *
 *   P1  primary  every view is regular and primary                                              [EVS94] §5 rules 1, 2
 *   P2  member   a process is a member of each view that it is told of; nobody is one twice     §2
 *   P3  ranks    a view has one list of members, in one order                                   §2
 *   P4  once     a process is told of a view once                                               §2.1, 2.2
 *   P5  next     all who go on from a view go on to the same                                    §2.2 uniqueness, L3
 *   P6  fork     no two views are decided after one, and one is the first                       §2.2 uniqueness
 *   P7  skip     a process goes along the chain, skipping none                                  §2.2
 *   P8  chain    the views are one chain: no two before one, no circle, nobody new throughout   §2.2 continuity
 *   P9  inside   an event happens in the view that its process is in                            2.2
 *   P10 after    nothing happens at a process after it failed, left, or ended                   §4.1
 *   P11 blocked  who is blocked sends and delivers nothing until the next view                  §5 rule 2
 *   P12 unique   a message is sent once, by one process, in one view                            1.4
 *   P13 sent     what is delivered was sent                                                     C1, 1.3
 *   P14 view     a message is delivered in the view of its send                                 L4, 1.3
 *   P15 twice    a process delivers a message at most once                                      1.4
 *   P16 time     no event precedes itself: a message is sent before it is delivered             L1, L2, 1.1
 *   P17 fifo     a message comes after all earlier ones of its sender in the view               C1, 5
 *   P18 causal   a causal, agreed or safe message comes after all that precede it in the view   C1, 5
 *   P19 order    agreed and safe messages are in one total order                                L5, 6.2
 *   P20 hole     who falls out has delivered a beginning of that order                          L2, L5, 6.3
 *   P21 self     who goes on has delivered all that it sent                                     C2, 3
 *   P22 set      all who go on together have delivered the same set                             C3, 4
 *   P23 safe     a safe message that anyone delivered, all who go on have delivered             C3, 7.1
 *   P24 load     a joiner that takes a state delivers nothing of the view before                history format
 *   P25 digest   all states of one view are equal                                               history format
 *
 * In the last view, who ended in good order (`end` without `fail`, not blocked) owes what one who goes on owes, unless
 * the end is open.
 *
 * The rules of the extended model are the specifications of [EVS94] §2.1 by their own numbers, those of §2.2 (H), and
 * what §2 and the history format say of the events themselves (F).  A *stage* is a regular view at a process, with the
 * transitional one that follows it there.
 *
 *   1.1 cause      no event precedes itself: a message is sent before it is delivered
 *   1.2 sequence   the events of a process are one sequence: nothing follows its `end`
 *   1.3 sent       what is delivered was sent, in the same stage
 *   1.4 unique     a message is sent once, by one process, in a regular view, and delivered once by each process
 *   2.1 stay       if one stays in a view for good, all its members are in it for good
 *   2.2 inside     an event happens in the view that its process is in; nobody is told of a view twice
 *   2.3 follows    what follows the installation of a view at one process precedes it at none
 *   2.4 precedes   what precedes it at one follows it at none: all installations are in one order
 *   3   self       who goes on has delivered all that it sent
 *   4   set        who go on together have delivered the same, in the regular view and in the transitional one
 *   5   causal     a message comes after all that precede it in the view (`fifo`: after its sender's earlier ones)
 *   6.1 order      what all say about the order of agreed and safe messages fits together
 *   6.2 agree      no two processes deliver two agreed or safe messages in different orders, cut off or not
 *   6.3 gap        who delivers one has delivered what comes before it (transitional view: of its members)
 *   7.1 safe       a safe message that one delivers, all members of that view deliver, or fail
 *   7.2 installed  if one delivers it in a regular view, all its members have been told of that view
 *   H1  one        the primary views are in one order; no two are decided after one
 *   H2  chain      of two primary views, one after the other, somebody is in both
 *   F1  member     as P2
 *   F2  same       a view has one list of members in one order, one kind, and is primary for all or none
 *   F3  bridge     a transitional view is not primary, leads from one regular view to one, and its members are in both
 *   F4  recovery   who recovers does so alone, in a regular view
 *   F5  blocked    as P11
 *   F6  load       as P24
 *   F7  digest     as P25
 *
 * A record that stops without `end` is that of a process that failed there.  Who has failed may recover as itself; who
 * was killed, and could not record it, is known by going from a regular view with others to one of its own with no
 * transitional view between. */
typedef enum
{
  TY_RULE_PRIMARY,
  TY_RULE_MEMBER,
  TY_RULE_RANKS,
  TY_RULE_ONCE,
  TY_RULE_NEXT,
  TY_RULE_FORK,
  TY_RULE_SKIP,
  TY_RULE_CHAIN,
  TY_RULE_INSIDE,
  TY_RULE_AFTER,
  TY_RULE_BLOCKED,
  TY_RULE_UNIQUE,
  TY_RULE_SENT,
  TY_RULE_VIEW,
  TY_RULE_TWICE,
  TY_RULE_TIME,
  TY_RULE_FIFO,
  TY_RULE_CAUSAL,
  TY_RULE_ORDER,
  TY_RULE_HOLE,
  TY_RULE_SELF,
  TY_RULE_SET,
  TY_RULE_SAFE,
  TY_RULE_LOAD,
  TY_RULE_DIGEST,

  TY_RULE_E_CAUSE,
  TY_RULE_E_SEQUENCE,
  TY_RULE_E_SENT,
  TY_RULE_E_UNIQUE,
  TY_RULE_E_STAY,
  TY_RULE_E_INSIDE,
  TY_RULE_E_FOLLOWS,
  TY_RULE_E_PRECEDES,
  TY_RULE_E_SELF,
  TY_RULE_E_SET,
  TY_RULE_E_CAUSAL,
  TY_RULE_E_ORDER,
  TY_RULE_E_AGREE,
  TY_RULE_E_GAP,
  TY_RULE_E_SAFE,
  TY_RULE_E_INSTALLED,
  TY_RULE_E_ONE,
  TY_RULE_E_CHAIN,
  TY_RULE_E_MEMBER,
  TY_RULE_E_SAME,
  TY_RULE_E_BRIDGE,
  TY_RULE_E_RECOVERY,
  TY_RULE_E_BLOCKED,
  TY_RULE_E_LOAD,
  TY_RULE_E_DIGEST,
  TY_N_RULES
} TyJudgeRule;

const char *ty_judge_rule_number (TyJudgeRule rule); /* "P19", "6.2" */
const char *ty_judge_rule_name (TyJudgeRule rule);   /* "order", "agree" */

typedef struct
{
  TyJudgeRule rule;
  char *group;
  char *text;       /* what happened, a sentence */
  char **processes; /* those concerned; NULL-terminated, as the next two */
  char **messages;
  char **views;
} TyJudgeViolation;

typedef struct
{
  gboolean legal;
  guint64 events, processes, groups, views, messages, deliveries, blocks, failures;
  guint64 n_violations;
  guint64 by_rule[TY_N_RULES];
  GPtrArray *violations; /* TyJudgeViolation, described ones only, in order of rules */
} TyJudgeReport;

#define TY_JUDGE_ERROR (ty_judge_error_quark ())
GQuark ty_judge_error_quark (void);
typedef enum
{
  TY_JUDGE_ERROR_UNREADABLE,
  TY_JUDGE_ERROR_MODEL
} TyJudgeError;

/* NULL and TY_JUDGE_ERROR_MODEL for a model that it does not know. */
TyJudge *ty_judge_new (const TyJudgeOptions *options, GError **error);
void ty_judge_free (TyJudge *judge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyJudge, ty_judge_free)

/* Takes in one more file, or what would be in one; `source` is what errors call it. FALSE and
 * TY_JUDGE_ERROR_UNREADABLE, naming the line, or G_FILE_ERROR. The events of one process must come in their order; else
 * the order of files is free. Under the extended model, a process whose record stops in one file and begins alone in a
 * later one was killed in between, and has recovered. */
gboolean ty_judge_read (TyJudge *judge, const char *source, const char *data, gsize len_bytes, GError **error);
gboolean ty_judge_read_file (TyJudge *judge, const char *path, GError **error);

/* Judges what was read. Once; afterwards the judge can only be freed. (transfer full) */
TyJudgeReport *ty_judge_report (TyJudge *judge);
void ty_judge_report_free (TyJudgeReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TyJudgeReport, ty_judge_report_free)

/* For people: "legal" and the counts, or one line a violation. (transfer full) */
char *ty_judge_report_to_string (const TyJudgeReport *report);
/* For machines: one JSON object. (transfer full) */
char *ty_judge_report_to_json (const TyJudgeReport *report);
