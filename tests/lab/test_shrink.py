#!/usr/bin/env python3
"""test_shrink.py PLANTED TYET: PLANTED is `tyet` with a bug in it: explore finds it and shrinks it to a scene that
fails in the same way there, and that is good without the bug. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess
import sys
import tempfile


def run(planted, bug, *args):
    done = subprocess.run([planted, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, check=False,
                          env=dict(os.environ, PLANTED=bug))
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def steps_of(path):
    with open(path, encoding="utf-8") as f:
        return [line.strip() for line in f if line.startswith(("at ", "when "))]


def check_tie(planted, tyet):
    """Half of a view as a quorum: two views after one, in a few steps"""
    with tempfile.TemporaryDirectory() as folder:
        status, output, errors = run(planted, "tie", "explore", "--seeds", "1..60", "--shrink", "20", "--json",
                                     "--scenes", folder)
        assert status == 1, errors
        found = json.loads(output)
        assert found["failed"] == len(found["failures"]) > 1, found
        assert all(f["wrong"].split()[0] in ("P5", "P6", "V6") for f in found["failures"]), found
        shrunk = [f for f in found["failures"] if "scene" in f]
        assert shrunk, found
        for failure in shrunk:
            scene = failure["scene"]
            assert len(steps_of(scene)) <= 12, steps_of(scene)
            status, output, _ = run(planted, "tie", "run", scene)
            assert status == 1 and failure["wrong"].split()[0] + " " in output, output
            done = subprocess.run([tyet, "run", scene], stdout=subprocess.PIPE, check=False)
            assert done.stdout.decode().split("\n")[-2].startswith("legal"), done.stdout.decode()


def check_repeats(planted, _tyet):
    """The line of a failing seed repeats it"""
    status, output, _ = run(planted, "tie", "explore", "--seeds", "1..30", "--shrink", "0", "--processes", "4")
    lines = [line for line in output.split("\n") if line.startswith("FAILED: ")]
    assert status == 1 and lines, output
    again = lines[0].split(": tyet ")[1].split()
    assert "--processes" in again
    status, output, _ = run(planted, "tie", *again, "--shrink", "0")
    assert status == 1 and lines[0] in output and output.split("\n")[1].startswith("1 seed, 1 failed"), output


def check_abort(planted, _tyet):
    """A broken invariant is a failing seed, and the seeds after it are played"""
    with tempfile.TemporaryDirectory() as folder:
        status, output, errors = run(planted, "abort", "explore", "--seeds", "1..30", "--shrink", "10", "--json",
                                     "--jobs", "2", "--scenes", folder)
        assert status == 1, errors
        found = json.loads(output)
        assert found["seeds"] == 30 and 0 < found["failed"] <= 30, found
        assert all(f["wrong"].startswith("signal 6") and "n != 4" in f["wrong"] for f in found["failures"]), found
        scene = found["failures"][0]["scene"]
        assert len(steps_of(scene)) <= 12, steps_of(scene)
        assert run(planted, "abort", "run", scene)[0] == -6


def check_nowhere(planted, _tyet):
    """A folder that is not there"""
    status, output, errors = run(planted, "tie", "explore", "--seeds", "1..60", "--failures", "1", "--shrink", "5",
                                 "--scenes", "/nonexistent")
    assert status == 2 and output == "" and "/nonexistent" in errors, (status, output, errors)


def main():
    planted, tyet = sys.argv[1:3]
    checks = [check_tie, check_repeats, check_abort, check_nowhere]
    print("1..%d" % len(checks))
    good = True
    for n, check in enumerate(checks, 1):
        try:
            check(planted, tyet)
            print("ok %d - %s" % (n, check.__doc__))
        except AssertionError as e:
            good = False
            print("not ok %d - %s\n# %s" % (n, check.__doc__, str(e).replace("\n", "\n# ")))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
