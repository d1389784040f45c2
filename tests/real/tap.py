"""Runs the unittest cases of a file and reports them in TAP, for Meson.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import time
import traceback
import unittest


class TapResult(unittest.TestResult):
    """One line a case, also when several of its subtests fail."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.good = True

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.failures_of_test, self.skipped_for = [], None

    def stopTest(self, test):
        super().stopTest(test)
        self.number += 1
        ok = not self.failures_of_test
        self.good = self.good and ok
        skip = "" if self.skipped_for is None or not ok else " # SKIP " + self.skipped_for
        print("%sok %d - %s%s" % ("" if ok else "not ", self.number, test.id().split(".", 1)[-1], skip))
        print("# %.1f s" % (time.monotonic() - self.began))
        for text in self.failures_of_test:
            print("".join("# %s\n" % line for line in text.splitlines()), end="")
        sys.stdout.flush()

    def addSkip(self, test, reason):
        self.skipped_for = reason

    def addFailure(self, test, err):
        self.failures_of_test.append("".join(traceback.format_exception(*err)))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.failures_of_test.append("%s\n%s" % (subtest, "".join(traceback.format_exception(*err))))


def main():
    """The cases of __main__; arguments after the options of the file select by part of the name."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    cases = [case for group in suite for case in group]
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    cases = [c for c in cases if not wanted or any(w in c.id() for w in wanted)]
    print("1..%d" % len(cases), flush=True)
    result = TapResult()
    unittest.TestSuite(cases).run(result)
    sys.exit(0 if result.good else 1)
