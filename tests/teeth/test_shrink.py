#!/usr/bin/env python3
"""test_shrink.py TEETH TYET PLANTS SEEDS [--update FIRST..LAST] [NAME...]: planted bugs are found by exploring, named,
and shrunk to scenes that fail with the bug, and are good without it. In TAP.

TEETH is `tyet explore` and `tyet run` with a bug in them, PLANTS the list of bugs, SEEDS the seed at which each is
known to be found, with options of `tyet explore` that make it likelier, if need be. Where that seed says nothing any
more, others are looked at, a bounded number; --update writes SEEDS. TYET_TEST_LONG=1 shrinks farther, and looks at
more seeds. How far shrinking goes is counted in scenes that are played, not in time: it does not depend on the machine.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

LONG = "TYET_TEST_LONG" in os.environ
MOST_SEEDS = 3000 if LONG else 150
TRIES = "3000" if LONG else "150"
MORE_TRIES = "1500"
HANG_S = "5"


def plants_of(path):
    with open(path, encoding="utf-8") as f:
        return re.findall(r'TY_PLANT \((\w+), "(\w+)", "([^"]+)"\)', f.read())


def seeds_of(path):
    with open(path, encoding="utf-8") as f:
        return {line.split()[0]: line.split()[1:] for line in f if line.strip() and not line.startswith("#")}


def play(program, plant, *args):
    env = dict(os.environ)
    env.pop("TYET_PLANT", None)
    if plant is not None:
        env["TYET_PLANT"] = plant
    try:
        return subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, check=False,
                              timeout=None if args[0] == "explore" else 60)
    except subprocess.TimeoutExpired:
        return None


def explore(teeth, plant, seeds, folder, tries, options=()):
    shrink = ["--shrink", "0"] if tries is None else ["--shrink", "100000", "--tries", tries]
    done = play(teeth, plant, "explore", "--seeds", seeds, "--failures", "1", "--hang", HANG_S, "--json",
                "--scenes", folder, *shrink, *options)
    failures = json.loads(done.stdout)["failures"]
    return failures[0] if failures else None


def steps_of(path):
    with open(path, encoding="utf-8") as f:
        return sum(1 for line in f if re.match(r"at |when ", line))


def check(teeth, tyet, plant, seed):
    """What was found and how it was shrunk; or what is wrong, after a "!".

    A scene in the middle of shrinking may fail for more than one reason; more is tried before that counts."""
    said = check_with(teeth, tyet, plant, seed, TRIES)
    return check_with(teeth, tyet, plant, seed, MORE_TRIES) if said.startswith("! the scene") else said


def check_with(teeth, tyet, plant, known, tries):
    seed, options = (known[0], known[1:]) if known else (None, [])
    with tempfile.TemporaryDirectory() as folder:
        found = explore(teeth, plant, seed, folder, tries, options) if known else None
        if found is None:
            found = explore(teeth, plant, "1..%d" % MOST_SEEDS, folder, tries, options)
        if found is None:
            return "! not found with seed %s, nor with 1..%d" % (seed, MOST_SEEDS)
        scene = found.get("scene")
        if scene is None:
            return "! seed %d is not shrunk" % found["seed"]
        with_it, without = play(teeth, plant, "run", scene), play(tyet, None, "run", scene)
        said = "seed %d: %s; %d steps" % (found["seed"], found["wrong"][:70], steps_of(scene))
        if with_it is not None and with_it.returncode in (0, 2):
            return "! the scene is good with the bug; " + said
        if without is None or without.returncode != 0:
            return "! the scene fails without the bug; " + said
        return said


def update(teeth, plants, seeds, path, span, only):
    known = seeds_of(path)
    first, last = (int(n) for n in span.split(".."))

    def look(plant):
        name, options = plant[0], known.get(plant[0], [""])[1:]
        if only and name not in only:
            return name, known.get(name), ""
        with tempfile.TemporaryDirectory() as folder:
            found = explore(teeth, name, "%d..%d" % (first, last), folder, None, options)
        return name, found and [str(found["seed"]), *options] or known.get(name), found and found["wrong"]
    lines = ["# The seed of tyet explore with which each planted bug is found, and its options; test_shrink.py",
             "# --update writes the seeds."]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, seed, wrong in pool.map(look, plants):
            if wrong != "":
                print(name, seed, wrong, flush=True)
            lines += [" ".join([name, *seed])] if seed is not None else []
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main():
    teeth, tyet, list_path, path = sys.argv[1:5]
    plants, seeds = plants_of(list_path), seeds_of(path)
    if "--update" in sys.argv:
        at = sys.argv.index("--update")
        update(teeth, plants, seeds, path, sys.argv[at + 1], sys.argv[at + 2:])
        return 0
    only = sys.argv[5:]
    plants = [p for p in plants if not only or p[0] in only]
    print("1..%d" % len(plants))
    good = True
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda p: check(teeth, tyet, p[0], seeds.get(p[0])), plants)
        for n, ((name, rule, _), said) in enumerate(zip(plants, results), 1):
            good &= said[0] != "!"
            print("%sok %d - %s breaks %s\n# %s" % ("not " if said[0] == "!" else "", n, name, rule, said.lstrip("! ")),
                  flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
