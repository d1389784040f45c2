/* tests/model/agreement.pml: the agreement on the next view (doc/protocol.md, V1-V9) as a model that spin walks through
 * to the end: every order of steps, every delay and loss, every crash, within the bounds below.  check.py runs it.
 *
 * To be read beside membership/voter.c, round.c, select.c and late.c: each step names its rule and its functions.
 *
 *   what is sent     is a fact that stays, and is taken at any later time, or never.  So loss, delay, disorder and a
 *                    sender that dies in the middle of sending are no steps of their own: FLUSH is a bit in `flushed`
 *                    of its round, and who has enough of them is who is moved to look
 *   suspicion        comes from anything: anybody may begin a round at any time, and leave out anybody
 *   crash, partition who is dead or cut off is one that is not moved any more.  After each step the claim of progress
 *                    is made for each set of processes that may be all that is left.  (With CRASHES and SPLITS they
 *                    are steps as well, which reaches nothing else.)
 *   messages         one a view.  The agreement does not look into receipts, so each message fares as if it were alone
 *   order of rounds  they begin in the order of their ballots.  Who begins ballot b has promised nothing higher, so
 *                    nothing of a higher one has come to it, and it could have begun before any of these
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* ---- bounds ---- */

/* Processes 0, 1, 2 are the first view, by rank. */
#define FOUNDERS 7
#ifdef JOINER
#define ALL 4        /* and 3 asks to be let in */
#define NEWCOMER 8
#else
#define ALL 3
#define NEWCOMER 0
#endif
#ifndef BALLOTS
#define BALLOTS 3    /* rounds begun in a view, before the one that must succeed */
#endif
#ifndef VIEWS
#define VIEWS 1      /* views of which the successor is agreed on */
#endif
#ifndef LEAVES
#define LEAVES 3     /* who may leave at a time */
#endif
#ifndef SENDER
#define SENDER 0     /* whose message it is, in each view that it is in; 3: there is none */
#endif
#ifndef CRASHES
#define CRASHES 0    /* as steps */
#endif
#ifndef SPLITS
#define SPLITS 0     /* as steps: one process apart from the others, and perhaps back again */
#endif
#define LAST (BALLOTS + 1)

/* ---- sets of processes, one bit each ---- */

#define ONLY(p) (1 << (p))
#define HAS(set, p) (((set) >> (p)) & 1)
#define WITHIN(a, b) (((a) & ~(b)) == 0)
hidden byte size[16]; /* how many are in the set */
#define OLDEST(set) ((set) & -(set))

/* V1, ty_members_quorum(): more than half, or half with rank 0. */
#ifdef TIE_WITHOUT_RANK_0
#define TIE(voters, set) true
#else
#define TIE(voters, set) (OLDEST (voters) & (set))
#endif
#define QUORUM(voters, set) \
  (2 * size[(voters) & (set)] > size[voters] || (2 * size[(voters) & (set)] == size[voters] && TIE (voters, set)))

/* ---- the state ---- */

typedef Process /* TyMembership */
{
  bit alive;
  bit in;                /* is a member of `view`; else joining, or gone from the group */
  bit frozen;            /* has sent STATE */
  bit received;          /* the message of the view */
  bit delivered;
  unsigned view : 2;     /* its number; a joiner's: the newest that it was asked about */
  unsigned id : 3;       /* the value that began it */
  unsigned promised : 3;
  unsigned accepted : 3; /* the ballot in which it accepted last */
};
Process process[ALL];

typedef Round /* of a view and a ballot: Round of its coordinator, and what has been sent */
{
  unsigned coordinator : 2;
  unsigned old : 3;      /* the view that it follows: the value that began that */
  unsigned answered : 4; /* whose STATE the coordinator has */
  unsigned held : 4;     /* whose STATE has the message */
  unsigned adopts : 3;   /* the highest ballot accepted among the STATEs */
  unsigned value : 3;    /* what is proposed, by the ballot of the round that made it; 0: nothing yet */
  unsigned next : 4;     /* of the value made here: who goes on, */
  unsigned leaves : 4;   /* who leaves, */
  bit cut;               /* whether the message belongs to the view */
  unsigned flushed : 4;  /* who has said FLUSH */
};
Round round[VIEWS * LAST];
#define ROUND(k, b) round[(k) * LAST + (b) - 1]

typedef View
{
  unsigned top : 3;       /* the highest ballot begun */
  unsigned successor : 3; /* the value decided, by whoever knew it first */
  unsigned closed : 4;    /* who has closed the view */
};
View view[VIEWS];

byte crashes, splits;
byte apart;               /* who is cut off, plus 1 */
bit over;

/* The members of view k, as one that came into it with value `id` knows them, and as a round does. */
#define MEMBERS_OF(k, id) ((k) == 0 -> FOUNDERS : ROUND ((k) - 1, id).next)
#define MEMBERS(k, b) MEMBERS_OF (k, ROUND (k, b).old)
/* V1: joiners never count. */
#ifdef JOINERS_COUNT
#define VALUE_OF(k, b) (ROUND (k, b).value == 0 -> b : ROUND (k, b).value)
#define VOTERS(k, b) (MEMBERS (k, b) | ((ROUND (k, b).answered | ROUND (k, VALUE_OF (k, b)).next) & NEWCOMER))
#else
#define VOTERS(k, b) MEMBERS (k, b)
#endif

#define REACHED(p) (apart == 0 -> 15 : (apart == (p) + 1 -> ONLY (p) : 15 & ~ONLY (apart - 1)))
#define REACHES(p, q) HAS (REACHED (p), q)
#define IS_IN(p, k) (process[p].alive && process[p].in && process[p].view == (k))
#define JOINS(p, k) (HAS (NEWCOMER, p) && process[p].alive && !process[p].in && process[p].view <= (k))
#define GONE 3 /* the view of who has left, or was left out */
/* The sender sends as soon as it is in a view: so its message can be had. */
#define SENT(k) (SENDER != 3 && ((k) == 0 || HAS (view[(k) - 1].closed, SENDER)))

/* The claims.  Each is an assertion that shows its name when it is broken; nothing sets these names. */
#ifdef SAFETY_ONLY
#define PROGRESS_IS_CLAIMED false
#else
#define PROGRESS_IS_CLAIMED true
#endif
hidden byte two_successors, chain_broken, cut_not_held, delivered_beyond_the_cut, stuck;
#define CLAIM(what, name) assert ((what) || name)
/* That something does come about is shown by claiming that it does not. */
#ifndef SHOWS
#define SHOWS 0
#endif
#define COMES_ABOUT(what, number) assert (SHOWS != number || !(what))
#define ADOPTED_BY_ANOTHER 1
#define DISSOLVED 2
#define TOLD_WITHOUT_HAVING_ACCEPTED 3
#define EXCLUDED_AFTER_VOTING 4
#define SECOND_VIEW_ENDS 5
#define JOINER_ENTERS 6

hidden byte i, j, m, n, able, wanted, here, told, holding, first, voters; /* scratch, within one step */

/* A round that may still be proposed: its coordinator has not gone from it. */
#define OPEN(k, b) \
  (ROUND (k, b).value == 0 && ROUND (k, b).answered != 0 && IS_IN (ROUND (k, b).coordinator, k) \
   && process[ROUND (k, b).coordinator].promised == (b))

/* ---- PREPARE and STATE ---- */

/* V3, ty_voter_on_prepare(), promise_ballot(), send_state(); at the coordinator ty_round_on_state().  `comes`: by now
 * the message has come.  What it may deliver before it stops, it has delivered. */
inline answer (p, k, b, comes)
{
  if
  :: !process[p].in && process[p].view < k -> process[p].view = k /* joiner_takes_view() */
  :: else
  fi;
  process[p].promised = b;
  process[p].received = process[p].received || comes;
#ifdef DELIVERS_AFTER_STATE
  process[p].frozen = false;
#endif
  if
  :: !process[p].frozen -> process[p].frozen = true; process[p].delivered = process[p].received
  :: else
  fi;
  ROUND (k, b).answered = ROUND (k, b).answered | ONLY (p);
  ROUND (k, b).held = ROUND (k, b).held | (process[p].received << p);
  if
#ifdef ADOPTS_THE_LOWEST
  :: process[p].accepted != 0 && (ROUND (k, b).adopts == 0 || process[p].accepted < ROUND (k, b).adopts) ->
#else
  :: process[p].accepted > ROUND (k, b).adopts ->
#endif
    ROUND (k, b).adopts = process[p].accepted
  :: else
  fi;
  tidy (k)
}
#define MAY_ANSWER(p, k, b) \
  (b >= process[p].promised && OPEN (k, b) && !HAS (ROUND (k, b).answered, p) && REACHES (p, ROUND (k, b).coordinator) \
   && (IS_IN (p, k) -> ROUND (k, b).old == process[p].id : JOINS (p, k)))

/* V2, begin_round(). */
inline begin (p, k, b, comes)
{
  view[k].top = b;
  ROUND (k, b).coordinator = p;
  ROUND (k, b).old = process[p].id;
  answer (p, k, b, comes)
}

/* ---- PROPOSE ---- */

/* V4, propose(), highest_accepted(): unedited, or else a fresh value, ty_select(), ty_select_value(). */
#ifdef NO_ADOPTION
#define ADOPTS(k, b) 0
#else
#define ADOPTS(k, b) ROUND (k, b).adopts
#endif
inline adopt (k, b)
{
  ROUND (k, b).value = ROUND (k, ROUND (k, b).adopts).value;
#ifdef EDITS_THE_ADOPTED
  if
  :: !WITHIN (ROUND (k, ROUND (k, b).value).next, ROUND (k, b).answered) ->
    ROUND (k, b).next = ROUND (k, ROUND (k, b).value).next & ROUND (k, b).answered;
    ROUND (k, b).leaves = ROUND (k, ROUND (k, b).value).leaves;
    ROUND (k, b).cut = ROUND (k, ROUND (k, b).value).cut;
    ROUND (k, b).value = b
  :: else
  fi;
#endif
  ROUND (k, b).held = 0; ROUND (k, b).adopts = 0
}
inline make (k, b, goes_on, leaving)
{
  ROUND (k, b).value = b;
  ROUND (k, b).next = goes_on;
  ROUND (k, b).leaves = leaving;
  ROUND (k, b).cut = (ROUND (k, b).held & (goes_on | leaving)) != 0;
  ROUND (k, b).held = 0; ROUND (k, b).adopts = 0
}
/* ty_round_reconsider(): it has STATE from a quorum.  Whom else it waited for is anybody's guess. */
#ifdef PROPOSES_WITHOUT_QUORUM
#define ENOUGH(k, b, set) true
#else
#define ENOUGH(k, b, set) QUORUM (VOTERS (k, b), set)
#endif
#define MAY_PROPOSE(p, k, b) \
  (ROUND (k, b).coordinator == p && OPEN (k, b) && ENOUGH (k, b, ROUND (k, b).answered))
/* V9: those who go on or leave have answered, and hold a quorum. */
#define MAY_MAKE(k, b, goes_on, leaving) \
  (WITHIN (goes_on | leaving, ROUND (k, b).answered) && (goes_on & leaving) == 0 \
   && WITHIN (leaving, MEMBERS (k, b)) && size[leaving] <= LEAVES && (goes_on != NEWCOMER || NEWCOMER == 0) \
   && ENOUGH (k, b, goes_on | leaving))

/* ---- FLUSH ---- */

/* V5, ty_voter_on_propose(), try_accept(), send_flush().  By then it has been forwarded what it lacked of the cut. */
inline fetch (p, k, b)
{
  process[p].received = process[p].received || (process[p].in && ROUND (k, ROUND (k, b).value).cut)
}
inline accept (p, k, b)
{
#ifndef ACCEPTS_WITHOUT_THE_CUT
  fetch (p, k, b);
#endif
  process[p].promised = b;
  process[p].accepted = (process[p].in -> b : 0);
  ROUND (k, b).flushed = ROUND (k, b).flushed | ONLY (p);
  tidy (k)
}
#ifdef STALE_BALLOT
#define PROMISED_NOTHING_HIGHER(p, b) true
#else
#define PROMISED_NOTHING_HIGHER(p, b) (b >= process[p].promised)
#endif
#define MAY_ACCEPT(p, k, b) (REACHES (p, ROUND (k, b).coordinator) && MAY_STILL_ACCEPT (p, k, b))
#define MAY_STILL_ACCEPT(p, k, b) \
  (ROUND (k, b).value != 0 && !HAS (ROUND (k, b).flushed, p) && PROMISED_NOTHING_HIGHER (p, b) \
   && (IS_IN (p, k) -> ROUND (k, b).old == process[p].id \
                       && HAS (ROUND (k, b).answered | ROUND (k, ROUND (k, b).value).next, p) \
                     : JOINS (p, k) && HAS (ROUND (k, ROUND (k, b).value).next, p)))

/* ---- the decision ---- */

/* V6, is_decided(): for one that has itself said FLUSH.  Fresh, it waits for all next members, and all of these have
 * answered; adopted, for those of them that have. */
#ifdef WAITS_FOR_THE_DEAD
#define NEED(k, b) ROUND (k, ROUND (k, b).value).next
#else
#define NEED(k, b) (ROUND (k, ROUND (k, b).value).next & ROUND (k, b).answered)
#endif
#ifdef FLUSHES_ADDED_UP
#define SAME(k, b, c) (ROUND (k, c).value == ROUND (k, b).value -> ROUND (k, c).flushed : 0)
#define FLUSHES(k, b) (SAME (k, b, 1) | SAME (k, b, 2) | SAME (k, b, 3) | SAME (k, b, LAST))
#else
#define FLUSHES(k, b) ROUND (k, b).flushed
#endif
#ifdef NEXT_MEMBERS_ONLY
#define DECIDED(k, b, heard) WITHIN (NEED (k, b), heard)
#else
#define DECIDED(k, b, heard) (QUORUM (VOTERS (k, b), heard) && WITHIN (NEED (k, b), heard))
#endif
#define MAY_DECIDE(p, k, b) \
  (ROUND (k, b).value != 0 && HAS (ROUND (k, b).flushed, p) && (IS_IN (p, k) || JOINS (p, k)) \
   && DECIDED (k, b, FLUSHES (k, b) & REACHED (p)))

/* V8: v is closed, and v+1 begins for whoever is in it. */
inline enter_next (p, k, it)
{
  process[p].promised = 0; process[p].accepted = 0; process[p].frozen = false;
  process[p].received = false; process[p].delivered = false;
  if
  :: HAS (ROUND (k, it).next, p) ->
    process[p].in = true; process[p].view = k + 1; process[p].id = it;
    process[p].received = (k + 1 < VIEWS && p == SENDER && SENDER != 3)
  :: else ->
    process[p].in = false; process[p].view = GONE; process[p].id = 0
  fi
}
/* ty_voter_install(): this is what everything is about. */
inline install (p, k, it)
{
  CLAIM (view[k].successor == 0 || view[k].successor == it, two_successors);
  CLAIM (k == 0 || ROUND (k, it).old == view[k - 1].successor, chain_broken);
  if
  :: process[p].in && HAS (ROUND (k, it).next | ROUND (k, it).leaves, p) ->
    CLAIM (ROUND (k, it).cut <= process[p].received, cut_not_held);
    CLAIM (process[p].delivered <= ROUND (k, it).cut, delivered_beyond_the_cut)
  :: else
  fi;
  COMES_ABOUT (ROUND (k, it).next == 0, DISSOLVED);
  COMES_ABOUT (process[p].accepted != 0 && !HAS (ROUND (k, it).next | ROUND (k, it).leaves, p), EXCLUDED_AFTER_VOTING);
  COMES_ABOUT (HAS (NEWCOMER, p), JOINER_ENTERS);
  view[k].successor = it;
  view[k].closed = view[k].closed | ONLY (p);
  enter_next (p, k, it);
  tidy (k)
}

inline decide (p, k, b)
{
#ifdef ACCEPTS_WITHOUT_THE_CUT
  fetch (p, k, b);
#endif
  COMES_ABOUT (ROUND (k, b).value != b, ADOPTED_BY_ANOTHER);
  COMES_ABOUT (k == 1, SECOND_VIEW_ENDS);
  install (p, k, ROUND (k, b).value)
}

/* V7: DECIDED, from one that has closed k, with the message if p lacks it: ty_late_answer(), ty_late_on_decided(). */
inline be_told (p, k)
{
  COMES_ABOUT (process[p].accepted == 0 && ROUND (k, view[k].successor).cut && !process[p].received,
               TOLD_WITHOUT_HAVING_ACCEPTED);
  process[p].received = process[p].received || ROUND (k, view[k].successor).cut;
  install (p, k, view[k].successor)
}
#ifdef FORGETS_THE_VIEW
#define TELLING(k) 0
#else
#define TELLING(k) view[k].closed
#endif
#define MAY_BE_TOLD(p, k) \
  ((TELLING (k) & REACHED (p)) \
   && (IS_IN (p, k) || (JOINS (p, k) && HAS (ROUND (k, view[k].successor).next, p))))

inline crash (p)
{
  process[p].alive = false; process[p].in = false; process[p].frozen = false; process[p].view = 0; process[p].id = 0;
  process[p].promised = 0; process[p].accepted = 0; process[p].received = false; process[p].delivered = false;
  for (n : 0 .. VIEWS - 1) {
    tidy (n)
  }
}

/* ---- what can have no effect any more is forgotten: fewer states, not other ones ---- */

#if defined (FLUSHES_ADDED_UP) || defined (GOES_ON_UNDECIDED) || defined (UNTIDY)
#define KEEPS_ALL true
#else
#define KEEPS_ALL false
#endif
inline forget (r)
{
  r.coordinator = 0; r.old = 0; r.answered = 0; r.held = 0; r.adopts = 0;
  r.value = 0; r.next = 0; r.leaves = 0; r.cut = 0; r.flushed = 0
}
inline tidy (k)
{
  for (i : 1 .. view[k].top) {
    able = 0; wanted = false;
    for (m : 0 .. ALL - 1) {
      able = able | (MAY_STILL_ACCEPT (m, k, i) << m);
      wanted = wanted || (process[m].accepted == i && IS_IN (m, k))
    }
    if
    :: ROUND (k, i).value != 0 && able == 0 && !DECIDED (k, i, FLUSHES (k, i)) && !KEEPS_ALL ->
      ROUND (k, i).answered = 0; ROUND (k, i).flushed = 0; ROUND (k, i).coordinator = 0;
      /* Nobody has accepted it either: only a value that is in use somewhere else stays. */
      for (m : 1 .. view[k].top) {
        wanted = wanted || (ROUND (k, m).value == i && i != m) || (OPEN (k, m) && ROUND (k, m).adopts == i)
      }
      if
      :: !wanted && view[k].successor != i -> forget (ROUND (k, i))
      :: else
      fi
    :: ROUND (k, i).value == 0 && !OPEN (k, i) -> forget (ROUND (k, i))
    :: else
    fi
  }
}

/* ---- what a process may do ---- */

#define SOME(set, p) if :: set = set | ONLY (p) :: true fi
/* Who has answered goes on, leaves, or is suspected. */
#define FATE(k, b, p) \
  if \
  :: HAS (ROUND (k, b).answered, p) -> goes_on = goes_on | ONLY (p) \
  :: HAS (ROUND (k, b).answered, p) && LEAVES > 0 -> leaving = leaving | ONLY (p) \
  :: true \
  fi
#define MEANWHILE(p, k) if :: SENT (k) && process[p].in && !process[p].received -> comes = true :: true fi
/* In a view of three nobody's rank matters: all are alike, but for the sender. */
#if VIEWS == 1 && SENDER == 3
#define MAY_BE_FIRST(p) (p == 0 || view[0].top > 0)
#elif VIEWS == 1 && SENDER == 0
#define MAY_BE_FIRST(p) (p <= 1 || view[0].top > 0)
#else
#define MAY_BE_FIRST(p) true
#endif
#define IDLE k = 0; b = 0; goes_on = 0; leaving = 0; comes = false

proctype Member (byte p)
{
  byte k, b, goes_on, leaving;
  bit comes;
end:
  do
  :: atomic {
      !over && process[p].in && process[p].view < VIEWS && view[process[p].view].top < BALLOTS && MAY_BE_FIRST (p) ->
      k = process[p].view;
      MEANWHILE (p, k);
      d_step {
        b = view[k].top + 1;
        begin (p, k, b, comes);
        printf ("%d begins %d:%d%c\n", p, k, b, (comes -> '+' : ' '));
        IDLE
      }
    }
  :: atomic {
      !over && process[p].alive && process[p].view < VIEWS && view[process[p].view].top > 0 ->
      k = process[p].view;
      do
      :: !process[p].in && k + 1 < VIEWS && view[k + 1].top > 0 -> k++ /* a joiner may be asked about any */
      :: break
      od;
      b = 1;
      do
      :: b < view[k].top -> b++
      :: break
      od;
      if
      :: MAY_ANSWER (p, k, b) ->
        MEANWHILE (p, k);
        d_step {
          answer (p, k, b, comes);
          printf ("%d answers %d:%d%c\n", p, k, b, (comes -> '+' : ' '));
          IDLE
        }
      :: MAY_PROPOSE (p, k, b) && ADOPTS (k, b) != 0 ->
        d_step {
          adopt (k, b);
          printf ("%d proposes %d:%d, adopting %d\n", p, k, b, ROUND (k, b).value);
          IDLE
        }
      :: MAY_PROPOSE (p, k, b) && ADOPTS (k, b) == 0 ->
        FATE (k, b, 0); FATE (k, b, 1); FATE (k, b, 2); FATE (k, b, 3);
        d_step {
          if
          :: MAY_MAKE (k, b, goes_on, leaving) ->
            make (k, b, goes_on, leaving);
            printf ("%d proposes %d:%d, next %d, leaving %d\n", p, k, b, goes_on, leaving)
          :: else
          fi;
          IDLE
        }
      :: MAY_ACCEPT (p, k, b) ->
        d_step { accept (p, k, b); printf ("%d accepts %d:%d\n", p, k, b); IDLE }
      :: MAY_DECIDE (p, k, b) ->
        d_step { printf ("%d decides %d:%d\n", p, k, b); decide (p, k, b); IDLE }
      :: MAY_BE_TOLD (p, k) ->
        d_step { printf ("%d is told of %d\n", p, k); be_told (p, k); IDLE }
      :: else -> d_step { IDLE }
      fi
    }
#ifdef FORGETS_ITS_PROMISES
  :: d_step {
      !over && process[p].frozen ->
      process[p].promised = 0; process[p].accepted = 0;
      tidy (process[p].view);
      printf ("%d restarts, and knows nothing of what it promised\n", p)
    }
#endif
#ifdef GOES_ON_UNDECIDED
  :: d_step {
      !over && process[p].accepted != 0 && process[p].view + 1 < VIEWS ->
      printf ("%d goes on with what it has accepted\n", p);
      k = process[p].view; b = ROUND (k, process[p].accepted).value;
      enter_next (p, k, b);
      IDLE
    }
#endif
  :: d_step { !over && process[p].alive && crashes < CRASHES -> crashes++; crash (p); printf ("%d crashes\n", p) }
  od
}

/* ---- what becomes of those who are left ---- */

/* No more crashes, nothing is lost between them, nobody suspects another of them; what others have sent comes no more.
 * Then whoever knows tells the others, or a round by the oldest is enough, if they hold a quorum (V2, V7, V12). */
#define HELD_BY_SOMEBODY(k, b) (holding || !ROUND (k, ROUND (k, b).value).cut)
#ifdef ACCEPTS_WITHOUT_THE_CUT
#define CAN_ACCEPT(k, b) true
#else
#define CAN_ACCEPT(k, b) HELD_BY_SOMEBODY (k, b)
#endif
inline one_round (k, left)
{
  here = 0; told = 0; holding = 0; first = 0;
  for (j : 0 .. ALL - 1) {
    if
    :: HAS (left, j) && IS_IN (j, k) ->
      first = (here == 0 -> j : first);
      here = here | ONLY (j);
      holding = holding | process[j].received
    :: HAS (left, j) && process[j].alive && HAS (view[k].closed, j) -> told = told | ONLY (j)
    :: else
    fi
  }
  voters = (here == 0 -> 0 : MEMBERS_OF (k, process[first].id));
  if
  :: here != 0 && (TELLING (k) & told) != 0 ->
    for (j : 0 .. ALL - 1) {
      if
      :: HAS (here, j) -> be_told (j, k)
      :: else
      fi
    }
  :: here != 0 && (TELLING (k) & told) == 0 && QUORUM (voters, here) ->
    begin (first, k, LAST, 0);
    for (j : 0 .. ALL - 1) {
      if
      :: HAS (here, j) && MAY_ANSWER (j, k, LAST) -> answer (j, k, LAST, 0)
      :: else
      fi
    }
    if
    :: MAY_PROPOSE (first, k, LAST) && ADOPTS (k, LAST) != 0 -> adopt (k, LAST)
    :: MAY_PROPOSE (first, k, LAST) && ADOPTS (k, LAST) == 0 -> make (k, LAST, here, 0)
    :: else
    fi;
    for (j : 0 .. ALL - 1) {
      if
      :: HAS (here, j) && MAY_ACCEPT (j, k, LAST) && CAN_ACCEPT (k, LAST) -> accept (j, k, LAST)
      :: else
      fi
    }
    for (j : 0 .. ALL - 1) {
      if
      :: HAS (here, j) && MAY_DECIDE (j, k, LAST) && HELD_BY_SOMEBODY (k, LAST) -> decide (j, k, LAST)
      :: else
      fi
    }
  :: else
  fi;
  if
  :: PROGRESS_IS_CLAIMED && here != 0 && QUORUM (voters, here | told) ->
    for (j : 0 .. ALL - 1) {
      CLAIM (!HAS (here, j) || !IS_IN (j, k), stuck)
    }
  :: else
  fi
}

/* All ends in one state, whatever came before. */
inline clear_everything ()
{
  for (j : 0 .. ALL - 1) {
    crash (j)
  }
  for (j : 0 .. VIEWS * LAST - 1) {
    forget (round[j])
  }
  for (j : 0 .. VIEWS - 1) {
    view[j].top = 0; view[j].successor = 0; view[j].closed = 0
  }
  crashes = 0; splits = 0; apart = 0
}

proctype World ()
{
  byte left;
end:
  do
  :: d_step { !over && apart == 0 && splits < SPLITS -> splits++; apart = 1; printf ("0 is cut off\n") }
  :: d_step { !over && apart == 0 && splits < SPLITS -> splits++; apart = 2; printf ("1 is cut off\n") }
  :: d_step { !over && apart == 0 && splits < SPLITS -> splits++; apart = 3; printf ("2 is cut off\n") }
  :: d_step { !over && apart != 0 -> apart = 0; printf ("nobody is cut off\n") }
  :: atomic {
      !over ->
      SOME (left, 0); SOME (left, 1); SOME (left, 2);
      if
      :: size[left] > (VIEWS == 1 -> 1 : 0) ->
        d_step {
          printf ("left: %d\n", left);
          apart = 0;
          for (n : 0 .. VIEWS - 1) {
            one_round (n, left)
          }
          clear_everything ();
          left = 0;
          over = true
        }
      :: else -> left = 0
      fi
    }
  od
}

init {
  atomic {
    d_step {
      for (j : 1 .. 15) {
        size[j] = size[j / 2] + j % 2
      }
      for (j : 0 .. ALL - 1) {
        process[j].alive = true;
        process[j].in = HAS (FOUNDERS, j);
        process[j].received = (j == SENDER && SENDER != 3)
      }
    }
    run Member (0);
    run Member (1);
    run Member (2);
#ifdef JOINER
    run Member (3);
#endif
    run World ()
  }
}
