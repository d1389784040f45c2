#!/usr/bin/env python3
"""test_partitions.py TYET: five members on five machines (network namespaces), all talking, cut apart and healed.

Needs root; elsewhere the cases are skipped.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import sys
import unittest

import tap
from cats import Lab
from nets import Net, Unavailable

TYET = os.path.abspath(sys.argv.pop(1))
ARGS = ["--suspect-after", "1000", "--heartbeat", "100", "--rejoin"]


class Partitions(unittest.TestCase):
    def setUp(self):
        try:
            self.net = Net(5).__enter__()
        except Unavailable as why:
            self.skipTest(str(why))
        self.addCleanup(self.net.__exit__)
        self.lab = Lab(TYET, "total", args=ARGS).__enter__()
        self.addCleanup(lambda: self.lab.__exit__(*sys.exc_info()))
        self.cats = []
        contacts = ["tcp://%s:7001" % self.net.address(i) for i in range(5)]
        for i, name in enumerate("abcde"):
            where = dict(listen=contacts[i], prefix=self.net.prefix(i))
            # Contacts of all machines: whoever has lost the group looks for it everywhere.
            others = [c for c in contacts if c != contacts[i]]
            if i == 0:
                self.cats.append(self.lab.found(name, **where))
            else:
                self.cats.append(self.lab.join(name, others, **where))
            self.lab.settle(self.cats)
        self.lab.talk(self.cats)
        self.lab.more(self.cats, 100)

    def finish(self):
        """All five are together again, the group works, and everybody's history agrees."""
        self.lab.settle(self.cats)
        self.lab.more(self.cats, 100)
        self.lab.hush()
        self.lab.close(self.cats)
        return self.lab.agree()

    def test_three_and_two(self):
        a, b, c, d, e = self.cats
        self.net.split([0, 1, 2], [3, 4])
        self.lab.settle([a, b, c])
        self.lab.wait(lambda: d.blocked and e.blocked, "the minority is blocked", self.cats)
        for cat in d, e:
            event = cat.of("blocked")[-1]
            self.assertTrue(event["why"])
            self.assertTrue({"a", "b", "c"} & set(event["waiting_for"]), event)
        self.lab.more([a, b, c], 200)
        self.net.heal()
        run = self.finish()
        self.assertLessEqual({"d", "e"}, run.blocked())
        self.assertFalse({"a", "b", "c"} & run.blocked())
        self.assertLessEqual({"d.1", "e.1"}, set(run.lives))

    def test_the_oldest_is_in_the_minority(self):
        a, b, c, d, e = self.cats
        self.net.split([0, 1], [2, 3, 4])
        self.lab.settle([c, d, e])
        self.lab.wait(lambda: a.blocked and b.blocked, "the minority is blocked", self.cats)
        self.lab.more([c, d, e], 200)
        self.net.heal()
        run = self.finish()
        self.assertLessEqual({"a.1", "b.1"}, set(run.lives))

    def test_two_and_two_and_one(self):
        self.net.split([0, 1], [2, 3], [4])
        self.lab.wait(lambda: all(c.blocked for c in self.cats), "all are blocked", self.cats)
        self.net.heal()
        run = self.finish()
        self.assertLessEqual({"a", "b", "c", "d", "e"}, run.blocked())
        unblocked = [c for c in self.cats if c.of("unblocked")]
        self.assertGreaterEqual(len(unblocked), 3, "a quorum goes on as itself")

    def test_one_link(self):
        a, b, c, d, e = self.cats
        self.net.cut(1, 4)
        # Both reach the others; the younger of the two goes.
        self.lab.settle([a, b, c, d])
        self.lab.more([a, b, c, d], 200)
        self.assertNotIn("e.1", a.members)
        self.net.heal()
        run = self.finish()
        self.assertEqual(run.ends()["e"], "excluded")
        self.assertFalse({"a", "b", "c", "d"} & run.blocked())

    def test_cut_and_healed_before_anyone_is_suspected(self):
        before = [len(c.of("view")) for c in self.cats]
        self.net.split([0, 1, 2], [3, 4])
        self.net.heal()
        self.lab.more(self.cats, 200)
        after = [len(c.of("view")) for c in self.cats]
        run = self.finish()
        if before == after:
            self.assertFalse(run.blocked())


class Addresses(unittest.TestCase):
    def test_nobody_else_could_dial_it(self):
        """Who listens on its own machine alone is told so, and not let in: a refusal there would prove nothing."""
        try:
            net = Net(2).__enter__()
        except Unavailable as why:
            self.skipTest(str(why))
        self.addCleanup(net.__exit__)
        lab = Lab(TYET, "total", args=ARGS).__enter__()
        self.addCleanup(lambda: lab.__exit__(*sys.exc_info()))
        a = lab.found("a", listen="tcp://%s:7001" % net.address(0), prefix=net.prefix(0))
        lab.settle([a])
        for listen in "tcp://127.0.0.1:0", "tcp://[::1]:0", "unix:@tyet-afar":
            b = lab.join("b", ["tcp://%s:7001" % net.address(0)], listen=listen, prefix=net.prefix(1))
            self.assertEqual(b.status(), 1)
            self.assertIn("from another machine", b.stderr())


if __name__ == "__main__":
    tap.main()
