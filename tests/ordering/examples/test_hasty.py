#!/usr/bin/env python3
"""test_hasty.py CONFORMANCE TYET

The mistake that doc/tutorial/write-an-ordering.md makes on purpose (messages are delivered although not everybody
has acknowledged them) is found by the conformance kit and by the storm, and shrinks to two processes. Both programs
hold the module with that mistake. Reports in TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import glob
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def kit(conformance, tyet):
    """The conformance kit finds it at the first seed"""
    done = run(conformance, "--ordering", "lamport", "--seed", "1")
    assert done.returncode == 1 and "lamport: seed 1" in done.stdout, done.stdout


def storm(conformance, tyet):
    """The storm finds it, and shrinks it to two processes and two messages"""
    with tempfile.TemporaryDirectory() as folder:
        done = run(tyet, "explore", "--ordering", "lamport", "--seeds", "1..8", "--shrink", "20", "--scenes", folder)
        assert done.returncode == 1 and "P19 (order)" in done.stdout, done.stdout
        smallest = None
        for path in glob.glob(os.path.join(folder, "*.scene")):
            with open(path, encoding="utf-8") as f:
                steps = [line for line in f.read().splitlines() if line.startswith("at ")]
            if smallest is None or len(steps) < len(smallest[1]):
                smallest = path, steps
        path, steps = smallest
        assert len(steps) == 4 and sum(" sends " in step for step in steps) == 2, steps
        svg = os.path.join(folder, "hasty.svg")
        again = run(tyet, "run", "--svg", svg, path)
        assert again.returncode == 1 and "P19" in again.stdout, again.stdout
        text = xml.dom.minidom.parse(svg).toxml()
        assert "NOT LEGAL" in text and "lamport order" in text, text


def main():
    checks = [kit, storm]
    print("1..%d" % len(checks))
    bad = 0
    for n, check in enumerate(checks, 1):
        try:
            check(*sys.argv[1:])
            print("ok %d - %s" % (n, check.__doc__))
        except AssertionError as error:
            bad += 1
            print("not ok %d - %s" % (n, check.__doc__))
            print("\n".join("# " + line for line in str(error).splitlines()))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
