#!/usr/bin/env python3
"""test_scenes.py TYET FOLDER [--rewrite]: plays every scene in FOLDER and compares what each process was told, and the
verdict, with NAME.out beside it. `--rewrite` writes these files anew: read what changed before you commit it. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import difflib
import glob
import os
import subprocess
import sys
import tempfile


def run(*args):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def played(tyet, scene):
    return run(tyet, "run", "--by-process", scene)


def differs_when_written(tyet, scene):
    """What was read can be written, and read again as the same scene."""
    with tempfile.TemporaryDirectory() as folder:
        once, twice = os.path.join(folder, "scene"), os.path.join(folder, "scene2")
        for source, target in ((scene, once), (once, twice)):
            status, _, errors = run(tyet, "run", "--check", "--write", target, source)
            if status != 0:
                return ["writing %s: %s" % (source, errors)]
        with open(once, encoding="utf-8") as a, open(twice, encoding="utf-8") as b:
            if a.read() != b.read():
                return ["it is another one when it is read again"]
        first, second = run(tyet, "run", scene)[1], run(tyet, "run", once)[1]
        # The timelines: what follows names lines of the source.
        if first.split("\n\n")[0] != second.split("\n\n")[0]:
            return ["it is another run when it was written and read"]
    return []


def problems(tyet, scene, rewrite):
    expected = os.path.splitext(scene)[0] + ".out"
    status, output, errors = played(tyet, scene)
    if status == 2:
        return ["unreadable: " + errors.strip()]
    if rewrite:
        with open(expected, "w", encoding="utf-8") as f:
            f.write(output)
    try:
        with open(expected, encoding="utf-8") as f:
            wanted = f.read()
    except FileNotFoundError:
        return ["there is no %s; make it with --rewrite" % expected]
    found = []
    if status != 0:
        found.append("exit status %d" % status)
    if wanted != output:
        found += difflib.unified_diff(wanted.split("\n"), output.split("\n"), "expected", "played", lineterm="", n=2)
    return found + differs_when_written(tyet, scene)


def main():
    tyet, folder = sys.argv[1:3]
    rewrite = "--rewrite" in sys.argv[3:]
    scenes = sorted(glob.glob(os.path.join(folder, "*.scene")))
    print("1..%d" % (len(scenes) + 1))
    good = True
    for n, scene in enumerate(scenes, 1):
        found = problems(tyet, scene, rewrite)
        print("%sok %d - %s" % ("not " if found else "", n, os.path.basename(scene)))
        for line in found:
            print("# " + line)
        good = good and not found
    orphans = [o for o in glob.glob(os.path.join(folder, "*.out")) if not os.path.exists(o[:-4] + ".scene")]
    print("%sok %d - every expectation has its scene%s" % ("not " if orphans else "", len(scenes) + 1,
                                                         ": " + " ".join(orphans) if orphans else ""))
    return 0 if good and not orphans else 1


if __name__ == "__main__":
    sys.exit(main())
