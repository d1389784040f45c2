#!/usr/bin/env python3
"""long.py TYET FOLDER MINUTES: goes on exploring from the seed after the last one, and adds to a tally.

The tally is FOLDER/tally.json, saved about once a minute; scenes of failing seeds go to FOLDER as well. Prints what
this run and all runs so far have seen; exits 1 if a seed of this run failed. It can be interrupted (Ctrl-C, SIGTERM):
what has been played by then counts.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import signal
import subprocess
import sys
import time

SUMS = ["seeds", "failed", "seconds", "simulated_seconds", "messages", "views"]
LAST = 2**64 - 1
PIECE_S = 60


def empty():
    return dict({name: 0 for name in SUMS}, faults={}, failing=[])


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            tally = json.load(f)
        if not isinstance(tally, dict) or not isinstance(tally.get("next", 1), int):
            raise ValueError("it is no tally")
    except FileNotFoundError:
        tally = {}
    except (OSError, ValueError) as error:
        sys.exit("%s: %s; mend it, or remove it to begin again with seed 1" % (path, error))
    return {**empty(), "next": 1, **tally}


def save(path, tally):
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(tally, f, indent=1)
        f.flush()
        os.fsync(f.fileno())
    os.replace(path + ".new", path)


def add(tally, piece):
    for name in SUMS:
        tally[name] += piece[name]
    for kind, n in piece["faults"].items():
        tally["faults"][kind] = tally["faults"].get(kind, 0) + n
    tally["failing"] += piece["failures"]


def describe(what, run):
    print("%s: %d seeds, %d failed; %.2f simulated hours in %.2f hours; %d messages, %d views, %d faults (%s)" % (
        what, run["seeds"], run["failed"], run["simulated_seconds"] / 3600, run["seconds"] / 3600, run["messages"],
        run["views"], sum(run["faults"].values()), ", ".join("%d %s" % (n, kind) for kind, n in run["faults"].items())))


class Explorer:
    """Plays one piece after the other; once interrupted, ends the one that is being played."""

    def __init__(self, tyet, folder):
        self.command = [tyet, "explore", "--jobs", str(os.cpu_count() or 1), "--scenes", folder, "--json"]
        self.interrupted = False
        self.process = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.interrupt)

    def interrupt(self, _number, _frame):
        self.interrupted = True
        if self.process is not None:
            self.process.terminate()

    def play(self, first, n, seconds):
        """A process group of its own: Ctrl-C is told to this program alone."""
        args = ["--seeds", "%d..%d" % (first, min(first + n - 1, LAST)), "--minutes", "%.3f" % (seconds / 60)]
        with subprocess.Popen(self.command + args, stdout=subprocess.PIPE, start_new_session=True) as self.process:
            if self.interrupted:
                self.process.terminate()
            said = self.process.communicate()[0]
            status = self.process.returncode
        self.process = None
        if status not in (0, 1):
            return None if self.interrupted else sys.exit("tyet explore ended with status %d" % status)
        return json.loads(said)


def main():
    if len(sys.argv) != 4 or not sys.argv[3].isdigit() or int(sys.argv[3]) == 0:
        sys.exit("usage: long.py TYET FOLDER MINUTES (a whole number, 1 or more)")
    tyet, folder, minutes = sys.argv[1:]
    path = os.path.join(folder, "tally.json")
    tally, run = load(path), empty()
    first, end, n = tally["next"], time.monotonic() + 60 * int(minutes), 200
    explorer = Explorer(tyet, folder)
    print("%s --seeds %d..%d --minutes %s" % (" ".join(explorer.command), first, LAST, minutes), flush=True)
    while not explorer.interrupted and time.monotonic() < end and 0 < tally["next"] <= LAST:
        began = time.monotonic()
        piece = explorer.play(tally["next"], n, max(1, end - began))
        if piece is None:
            break
        add(run, piece)
        add(tally, piece)
        tally["next"] = piece["next"] or LAST + 1
        save(path, tally)
        n = max(200, int(piece["seeds"] * PIECE_S / max(1, time.monotonic() - began)))
    if explorer.interrupted:
        print("interrupted: what was played counts, and the next run goes on from seed %d" % tally["next"])
    describe("this run, from seed %d" % first, run)
    describe("all so far (%s)" % path, tally)
    sys.exit(1 if run["failed"] else 0)


if __name__ == "__main__":
    main()
