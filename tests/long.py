#!/usr/bin/env python3
"""long.py TYET FOLDER MINUTES: goes on exploring from the seed after the last one, and adds to a tally.

The tally is FOLDER/tally.json; scenes of failing seeds go to FOLDER as well. Prints what this run and all runs so far
have seen; exits 1 if a seed of this run failed.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess
import sys

SUMS = ["seeds", "failed", "seconds", "simulated_seconds", "messages", "views"]


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            tally = json.load(f)
    except FileNotFoundError:
        tally = {}
    except (OSError, ValueError) as error:
        sys.exit("%s: %s; mend it, or remove it to begin again with seed 1" % (path, error))
    tally.setdefault("next", 1)
    tally.setdefault("faults", {})
    tally.setdefault("failing", [])
    for name in SUMS:
        tally.setdefault(name, 0)
    return tally


def describe(what, run):
    print("%s: %d seeds, %d failed; %.2f simulated hours in %.2f hours; %d messages, %d views, %d faults (%s)" % (
        what, run["seeds"], run["failed"], run["simulated_seconds"] / 3600, run["seconds"] / 3600, run["messages"],
        run["views"], sum(run["faults"].values()), ", ".join("%d %s" % (n, kind) for kind, n in run["faults"].items())))


def main():
    if len(sys.argv) != 4 or not sys.argv[3].isdigit() or int(sys.argv[3]) == 0:
        sys.exit("usage: long.py TYET FOLDER MINUTES (a whole number, 1 or more)")
    tyet, folder, minutes = sys.argv[1:]
    path = os.path.join(folder, "tally.json")
    tally = load(path)
    first = tally["next"]
    command = [tyet, "explore", "--seeds", "%d..%d" % (first, 2**64 - 1), "--minutes", minutes, "--jobs",
               str(os.cpu_count() or 1), "--scenes", folder, "--json"]
    print(" ".join(command), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit("tyet explore ended with status %d" % done.returncode)
    run = json.loads(done.stdout)
    for name in SUMS:
        tally[name] += run[name]
    for kind, n in run["faults"].items():
        tally["faults"][kind] = tally["faults"].get(kind, 0) + n
    tally["failing"] += run["failures"]
    tally["next"] = first + run["seeds"]
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(tally, f, indent=1)
    os.replace(path + ".new", path)
    describe("this run, from seed %d" % first, run)
    describe("all so far (%s)" % path, tally)
    sys.exit(1 if run["failed"] else 0)


if __name__ == "__main__":
    main()
