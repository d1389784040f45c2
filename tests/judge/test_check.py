#!/usr/bin/env python3
"""test_check.py TYET: `tyet check` as a program: what it reads, what it says, and its exit status.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "real"))
import tap  # noqa: E402

TYET = os.path.abspath(sys.argv.pop(1))
LEGAL, ILLEGAL, UNREADABLE = 0, 1, 2


def line(process, event, **fields):
    return json.dumps({"p": process, "g": "g", "t": 1, "e": event, **fields}) + "\n"


def conf(process, view, members, **fields):
    return line(process, "conf", c=view, kind="regular", members=members, primary=True, **fields)


def record(process, members, deliver, end=True):
    """What one of the members did in view 1, in which the first sends m and n."""
    text = conf(process, "1", list(members), prev="")
    if process == members[0]:
        text += line(process, "send", c="1", m="m", service="agreed", len=1)
        text += line(process, "send", c="1", m="n", service="agreed", len=1)
    text += "".join(line(process, "deliver", c="1", m=m) for m in deliver)
    return text + (line(process, "end") if end else "")


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def check(self, *args, stdin=""):
        done = subprocess.run([TYET, "check", *args], input=stdin, capture_output=True, text=True, timeout=60,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def pair(self, of_b="mn", end=True):
        return [self.file("a.history", record("a", "ab", "mn", end)),
                self.file("b.history", record("b", "ab", of_b, end))]

    def test_good(self):
        """A legal run of two files: what was counted, on one line."""
        said = "legal: 10 events, 2 processes, 1 group, 1 view, 2 messages, 4 deliveries, 0 blocks, 0 failures\n"
        self.assertEqual(self.check(*self.pair()), (LEGAL, said, ""))

    def test_merged(self):
        """The same in one file, whatever the order of the two processes' lines."""
        a, b = record("a", "ab", "mn").splitlines(True), record("b", "ab", "mn").splitlines(True)
        mixed = []
        while a or b:
            mixed += [x.pop(0) for x in (b, a) if x]
        status, out, _ = self.check(self.file("both.history", "".join(mixed)))
        self.assertEqual((status, out[:6]), (LEGAL, "legal:"))
        self.assertEqual(self.check("/dev/stdin", stdin="".join(mixed))[:2], (LEGAL, out))

    def test_broken(self):
        """One line a violation, with the rule, the processes, messages and views."""
        status, out, err = self.check(*self.pair(of_b="n"))
        self.assertEqual((status, err), (ILLEGAL, ""))
        lines = out.splitlines()
        self.assertEqual([x.split(":")[0] for x in lines], ["P17 fifo", "P22 set", "not legal"])
        self.assertEqual(lines[1], "P22 set: group g: a has delivered m in view 1, b has not "
                                   "(processes a, b; message m; view 1)")

    def test_options(self):
        """--open-end and --strict judge otherwise; the models are two."""
        owed = self.pair(of_b="m")
        self.assertEqual(self.check(*owed)[0], ILLEGAL)
        self.assertEqual(self.check("--open-end", *owed)[0], LEGAL)
        self.assertEqual(self.check("--model", "primary", *owed)[0], ILLEGAL)
        # a, rank 0, is cut off with an order of its own.
        mine, theirs = ("p", "q"), ("q", "p")
        cut = [self.file("%s2.history" % who, conf(who, "1", list("abc"), prev="")
                         + line(who, "send", c="1", m={"a": "p", "b": "q", "c": "r"}[who], service="agreed", len=1)
                         + "".join(line(who, "deliver", c="1", m=m) for m in (mine if who == "a" else theirs + ("r",)))
                         + (conf(who, "2", list("bc"), prev="1") + line(who, "end") if who != "a" else ""))
               for who in "abc"]
        self.assertEqual(self.check(*cut)[0], LEGAL)
        status, out, _ = self.check("--strict", *cut)
        self.assertEqual((status, out.split(":")[0]), (ILLEGAL, "P19 order"))

    def test_unreadable(self):
        """Names the file, the line and what is wrong with it; says nothing on standard output."""
        good = record("a", "a", "mn")
        for bad, why in ((b"rubbish\n", "no JSON object"), (b"[]\n", "no JSON object"), (b"\n", "no JSON object"),
                         (b'{"p":"a","e":"stop"}\n', 'an unknown event "stop"'),
                         (b'{"e":"end"}\n', "no `p`"), (b'{"p":"a"}\n', "no `e`"),
                         (b'{"p":"a","e":"block"}\n', 'no `c` in a "block"'),
                         (b'{"p":"a","e":"deliver","c":"1"}\n', 'no `m` in a "deliver"'),
                         (b'{"p":"a","e":"send","c":"1","m":"m"}\n', "no `service`"),
                         (b'{"p":"a","e":"send","c":"1","m":"m","service":"best"}\n', 'an unknown service "best"'),
                         (b'{"p":"a","e":"en\n', "a string without an end"), (b'{"p":"a",}', "no JSON object")):
            with self.subTest(bad):
                path = self.file("bad.history", good.encode() + bad)
                status, out, err = self.check(path)
                self.assertEqual((status, out), (UNREADABLE, ""))
                self.assertIn("%s:%d: " % (path, good.count("\n") + 1), err)
                self.assertIn(why, err)

    def test_missing(self):
        """No such file, a directory, no file at all."""
        a, _ = self.pair()
        for args, why in (((a, os.path.join(self.folder.name, "none")), "none"), ((self.folder.name,), "irectory"),
                          ((), "No history")):
            with self.subTest(args):
                status, out, err = self.check(*args)
                self.assertEqual((status, out), (UNREADABLE, ""))
                self.assertIn(why, err)

    def test_torn(self):
        """A last line that breaks off is left out, wherever it breaks; one in the middle is not."""
        whole = record("b", "ab", "mn", end=False).encode()
        last = line("b", "conf", c="é", kind="regular", members=["a"], primary=False).encode("utf-8")
        last = last.replace(b"\\u00e9", "é".encode())
        a = self.file("a.history", record("a", "ab", "mn", end=False))
        for at in range(1, len(last) - 1):
            status, out, err = self.check(a, self.file("b.history", whole + last[:at]))
            self.assertEqual((at, status, err), (at, LEGAL, ""))
        self.assertEqual(self.check(a, self.file("b.history", last[:20] + b"\n" + whole))[0], UNREADABLE)

    def test_json(self):
        """--json: one object, for both verdicts."""
        status, out, _ = self.check("--json", *self.pair())
        self.assertEqual((status, json.loads(out)), (LEGAL, {
            "legal": True, "events": 10, "processes": 2, "groups": 1, "views": 1, "messages": 2, "deliveries": 4,
            "blocks": 0, "failures": 0, "violation_count": 0, "violations": []}))
        self.assertEqual(out.count("\n"), 1)
        status, out, _ = self.check("--json", *self.pair(of_b="m"))
        verdict = json.loads(out)
        self.assertEqual((status, verdict["legal"], verdict["violation_count"]), (ILLEGAL, False, 1))
        self.assertEqual(verdict["violations"], [{
            "rule": "P22", "name": "set", "group": "g", "text": "a has delivered n in view 1, b has not",
            "processes": ["a", "b"], "messages": ["n"], "views": ["1"]}])

    def test_advice(self):
        """What is often meant is said: one history twice, two processes of one name, nothing in it."""
        a, b = self.pair()
        status, _, err = self.check(a, b, self.file("again.history", record("a", "ab", "mn")))
        self.assertEqual(status, ILLEGAL)
        self.assertRegex(err, r"a\.history and .*again\.history are the same")
        status, out, err = self.check(a, b, self.file("later.history", record("a", "ab", "m")))
        self.assertEqual(status, ILLEGAL)
        self.assertIn("P10", out)
        self.assertRegex(err, r"If a was ended and started again, that is another")
        status, out, err = self.check(self.file("empty.history", ""))
        self.assertEqual((status, out[:15]), (LEGAL, "legal: 0 events"))
        self.assertIn("Nothing is recorded", err)

    def test_usage(self):
        """Bad usage is told; --help is not."""
        for args in (("--model", "other", "x"), ("--nonsense",)):
            status, out, err = self.check(*args)
            self.assertEqual((status, out), (UNREADABLE, ""))
            self.assertIn("--help", err)
        status, out, _ = self.check("--help")
        self.assertEqual(status, LEGAL)
        self.assertIn("--open-end", out)


if __name__ == "__main__":
    tap.main()
