"""Runs the unittest cases of a file and reports them in TAP, for Meson.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import time
import traceback
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.good = True

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def line(self, ok, test, note=""):
        self.number += 1
        self.good = self.good and ok
        print("%sok %d - %s%s" % ("" if ok else "not ", self.number, test.id().split(".", 1)[-1], note), flush=True)
        print("# %.1f s" % (time.monotonic() - self.began), flush=True)

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        self.began = getattr(self, "began", time.monotonic())
        self.line(True, test, " # SKIP " + reason)

    def addFailure(self, test, err):
        self.line(False, test)
        text = "".join(traceback.format_exception(*err))
        print("".join("# %s\n" % line for line in text.splitlines()), end="", flush=True)

    addError = addFailure


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
