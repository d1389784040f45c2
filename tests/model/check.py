#!/usr/bin/env python3
"""check.py [NAME...]: spin walks through agreement.pml, as it is and with wrong readings of rules. Reports in TAP.

As it is, nothing may break within the bounds, and what matters must come about. Each wrong variant must break its
claim; the steps that lead there are printed. With names: only these. TYET_TEST_LONG=1 adds wider bounds, minutes
each.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agreement.pml")
MEMORY_MB = 4000
TIME_S = 1500

# How the walk is compiled: the compiler takes 1, 2 and 12 s.
AT_ONCE, SHORT, FAR = "-O0", "-O1", "-O2"
# Name, bounds, how far it is: nothing breaks.
HOLDS = [
    ("two rounds, with leaves and a message", "BALLOTS=2", SHORT),
    ("three rounds, with leaves", "BALLOTS=3 SENDER=3", FAR),
    ("three rounds, with a message", "BALLOTS=3 LEAVES=0", FAR),
    ("two rounds, with a crash and a partition as steps", "BALLOTS=2 LEAVES=0 CRASHES=1 SPLITS=1", SHORT),
    ("two views, a round each, with leaves and a message", "VIEWS=2 BALLOTS=1", SHORT),
    ("a joiner, a round, with leaves and a message", "JOINER BALLOTS=1", SHORT),
    ("a joiner, two rounds", "JOINER BALLOTS=2 LEAVES=0 SENDER=3", SHORT),
]
LONG = [
    ("two rounds, with nothing forgotten", "UNTIDY BALLOTS=2", FAR),
    ("three rounds, with leaves and a message", "BALLOTS=3", FAR),
    ("two views, two rounds each", "VIEWS=2 BALLOTS=2 LEAVES=0 SENDER=3", FAR),
    ("a joiner, two rounds, with leaves and a message", "JOINER BALLOTS=2", FAR),
    ("two views, a round each, with a joiner, leaves and a message", "VIEWS=2 BALLOTS=1 JOINER", FAR),
]
# What comes about within the bounds.
SHOWS = [
    ("a value adopted from another round is decided", "SHOWS=ADOPTED_BY_ANOTHER BALLOTS=2"),
    ("a group is dissolved", "SHOWS=DISSOLVED BALLOTS=2"),
    ("one that lacks the message is told", "SHOWS=TOLD_WITHOUT_HAVING_ACCEPTED BALLOTS=2"),
    ("a voter that is left out learns it", "SHOWS=EXCLUDED_AFTER_VOTING BALLOTS=2"),
    ("a second view ends", "SHOWS=SECOND_VIEW_ENDS VIEWS=2 BALLOTS=1"),
    ("a joiner enters", "SHOWS=JOINER_ENTERS JOINER BALLOTS=1"),
]
# A wrong reading of a rule, bounds, and the claim that it breaks.
BREAKS = [
    ("V1: joiners count in the quorum", "JOINERS_COUNT JOINER BALLOTS=2 SAFETY_ONLY", "two_successors"),
    ("V1: half is enough without rank 0", "TIE_WITHOUT_RANK_0 VIEWS=2 BALLOTS=2 LEAVES=1 SENDER=3", "two_successors"),
    ("V2: a ballot lower than promised is accepted", "STALE_BALLOT BALLOTS=2", "two_successors"),
    ("V3: delivers after STATE", "DELIVERS_AFTER_STATE BALLOTS=2", "delivered_beyond_the_cut"),
    ("V4: proposes without a quorum's STATEs", "PROPOSES_WITHOUT_QUORUM BALLOTS=2", "two_successors"),
    ("V4: adopts nothing", "NO_ADOPTION BALLOTS=2", "two_successors"),
    ("V4: adopts the lowest", "ADOPTS_THE_LOWEST BALLOTS=3 LEAVES=0 SENDER=3", "two_successors"),
    ("V4: edits what it adopts", "EDITS_THE_ADOPTED BALLOTS=2", "two_successors"),
    ("V4: proposes v+2 before v+1 is decided", "GOES_ON_UNDECIDED VIEWS=2 BALLOTS=2 SENDER=3 SAFETY_ONLY",
     "chain_broken"),
    ("V5: accepts without holding the cut", "ACCEPTS_WITHOUT_THE_CUT BALLOTS=2", "stuck"),
    ("V6: FLUSH counted from the next members only; all but one leave", "NEXT_MEMBERS_ONLY BALLOTS=2",
     "two_successors"),
    ("V6: FLUSHes of two ballots added up", "FLUSHES_ADDED_UP BALLOTS=3 LEAVES=0 SENDER=3 SAFETY_ONLY",
     "two_successors"),
    ("V6: an adopted round waits for all next members", "WAITS_FOR_THE_DEAD BALLOTS=2", "stuck"),
    ("V7: who has installed forgets the view", "FORGETS_THE_VIEW BALLOTS=2", "stuck"),
    ("V13: promises lost in a restart", "FORGETS_ITS_PROMISES BALLOTS=2", "two_successors"),
]


class Walk:
    """One run of spin: what it found, and what it took."""

    def __init__(self, defines, far):
        self.options = ["-D" + d for d in defines.split()]
        with tempfile.TemporaryDirectory(prefix="tyet-model-") as at:
            self.at = at
            shutil.copy(MODEL, at)
            self.run(["spin", "-a"] + self.options + ["agreement.pml"])
            self.run(["gcc", far, "-w", "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE",
                      "-DMEMLIM=%d" % MEMORY_MB, "-o", "pan", "pan.c"])
            before = time.monotonic()
            text = self.run(["./pan", "-m100000", "-w%d" % (20 if far == AT_ONCE else 23)])
            self.seconds = time.monotonic() - before
            self.take(text)
            trail = os.path.exists(os.path.join(at, "agreement.pml.trail"))
            story = self.run(["spin", "-t"] + self.options + ["agreement.pml"], False) if trail else ""
            self.story = [line.strip() for line in story.split("\n")
                          if re.match(r" +(\d (?!processes)|left:|nobody)", line)]

    def run(self, command, must=True):
        done = subprocess.run(command, cwd=self.at, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=TIME_S, check=False)
        if must and done.returncode != 0:
            raise RuntimeError("%s: %s" % (command[0], done.stdout.strip()[:400]))
        return done.stdout

    def take(self, text):
        def number(pattern):
            match = re.search(pattern, text)
            return float(match.group(1)) if match else -1
        self.errors = number(r"errors: (\d+)")
        self.states = number(r"(\d+) states, stored")
        self.memory = number(r"([\d.]+)\s+total actual memory")
        self.whole = "not completed" not in text and "too small" not in text and self.errors >= 0
        broken = re.search(r"assertion violated .*\|\|(\w+)\)", text)
        self.claim = broken.group(1) if broken else ""
        shown = re.search(r"assertion violated .*\(\(\d!=\d\)", text)
        self.shown = shown is not None
        found = re.search(r"^pan:\d+: (.*)", text, re.M)
        self.found = found.group(1) if found else "nothing"

    def figures(self):
        return "%d states, %.1f s, %.0f MB" % (self.states, self.seconds, self.memory)


def holds(case):
    walk = Walk(case[1], case[2])
    return walk.errors == 0 and walk.whole, walk, walk.figures()


def comes_about(case):
    walk = Walk(case[1], AT_ONCE)
    return walk.shown, walk, "shown after %d states" % walk.states


def breaks(case):
    walk = Walk(case[1], AT_ONCE)
    return walk.claim == case[2], walk, "%s, found after %d states" % (walk.claim or walk.found, walk.states)


def look_at(case):
    try:
        return case[0](case[2])
    except (RuntimeError, subprocess.TimeoutExpired) as e:
        return False, None, str(e)


def main():
    for tool in ("spin", "gcc"):
        if shutil.which(tool) is None:
            print("1..0 # SKIP %s is not installed" % tool)
            return 0
    right = HOLDS + (LONG if os.environ.get("TYET_TEST_LONG") else [])
    cases = [(holds, "nothing breaks: ", c) for c in right] + [(comes_about, "comes about: ", c) for c in SHOWS]
    cases += [(breaks, "breaks: ", c) for c in BREAKS]
    wanted = sys.argv[1:]
    if wanted:
        cases = [(f, p, c) for f, p, c in cases if any(w in p + c[0] for w in wanted)]
    print("1..%d" % len(cases))
    good = True
    # Two at a time: each walk is on one core.
    pool = concurrent.futures.ThreadPoolExecutor(2)
    for n, ((_, prefix, case), (as_wanted, walk, says)) in enumerate(zip(cases, pool.map(look_at, cases)), 1):
        print("%sok %d - %s%s" % ("" if as_wanted else "not ", n, prefix, case[0]))
        print("# %s (%s)" % (says, case[1]))
        for line in walk.story if walk is not None else []:
            print("#   " + line)
        if walk is not None and not as_wanted:
            print("#   found: " + walk.found)
        sys.stdout.flush()
        good = good and as_wanted
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
