#!/usr/bin/env python3
"""Counts what meson test has logged: count.py [--broken N] NAME=testlog.json ...

A test program that speaks TAP counts as the tests it reports, any other as one. Prints how many
seeds the storms have played, the failures by name and with their own last words (who sees the end of a log only should
know what was wrong), then "N passed, N failed[, N skipped]" as the last line; exits 1 if anything failed or nothing
passed. --broken adds passes that came to no test at all.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import re
import sys

TAP = re.compile(r"^(not )?ok\b[ \t]*(?:\d+)?[ \t]*(?:- )?([^#\n]*)(?:#[ \t]*(skip|todo)\b(.*))?", re.I | re.M)
# What a storm prints at its end: how many seeds it has played.
SEEDS = re.compile(r"^(\d+) seeds\b", re.M)
GOOD = {"OK", "EXPECTEDFAIL"}
# How much of what a test that failed has said is repeated.
WORDS_LINES, WORDS_COLUMNS = 40, 400


def count_program(record):
    """(passed, failures by name, skipped) of one record of the log."""
    result = record["result"]
    passed, failed, skipped = 0, [], 0
    for bad, name, directive, _ in TAP.findall(record.get("stdout") or ""):
        directive = directive.lower()
        if directive == "skip":
            skipped += 1
        elif bad and directive != "todo":
            failed.append(name.strip())
        else:
            passed += 1
    if result == "SKIP":
        return 0, [], max(skipped, 1)
    if result in GOOD:
        # Nothing reported, or reported otherwise than in TAP: the program is the test.
        return (max(passed, 1) if not skipped else passed), failed, skipped
    if not failed:
        failed.append("(%s)" % result.lower())
    return passed, failed, skipped


def words_of(record, name):
    """What the failed test `name` of the record has said: what follows its line of TAP, or else the program's end."""
    lines = (record.get("stdout") or "").splitlines()
    said = []
    for i, line in enumerate(lines):
        at = TAP.match(line)
        if at and at[1] and at[2].strip() == name:
            end = next((k for k in range(i + 1, len(lines)) if TAP.match(lines[k])), len(lines))
            said = lines[i + 1:end]
    said = (said or lines)[-WORDS_LINES:] + (record.get("stderr") or "").splitlines()[-WORDS_LINES:]
    return [line[:WORDS_COLUMNS] for line in said]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("logs", nargs="*")
    args = parser.parse_args()
    passed = skipped = seeds = 0
    failures = [("(a pass that did not build or did not run, or exploring)", [])] * args.broken
    print()
    for item in args.logs:
        build, path = item.split("=", 1)
        seconds, here, programs, stormed = 0.0, [0, 0, 0], 0, 0
        with open(path, encoding="utf-8") as log:
            for line in log:
                if not line.strip():
                    continue
                record = json.loads(line)
                good, bad, skip = count_program(record)
                programs += 1
                stormed += sum(int(n) for n in SEEDS.findall(record.get("stdout") or ""))
                seconds += record.get("duration") or 0
                here = [here[0] + good, here[1] + len(bad), here[2] + skip]
                failures += [("%s: %s: %s" % (build, record["name"], name), words_of(record, name)) for name in bad]
        print("%s: %d programs, %d passed, %d failed, %d skipped, %d seeds of the storms, %.0f s of test time" % (
            build, programs, *here, stormed, seconds))
        seeds += stormed
        passed, skipped = passed + here[0], skipped + here[2]
    print("seeds of the storms: %d" % seeds)
    for failure, words in failures:
        print("failed: " + failure)
        for line in words:
            print("    " + line)
    print("%d passed, %d failed" % (passed, len(failures)) + (", %d skipped" % skipped if skipped else ""))
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
