#!/usr/bin/env python3
"""test_crowd.py TYET CROWD: a group that talks while thousands of strangers stand at a member's port, and stay.

What is shown: its messages go on, its view stays, the member's memory and files stay within bounds, and who has the
right to come in comes in past the crowd.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import resource
import subprocess
import sys
import threading
import unittest

import tap
from cats import Failure, Lab, is_sanitized

TYET = os.path.abspath(sys.argv.pop(1))
CROWD = os.path.abspath(sys.argv.pop(1))
# Half-open connections that a member has at most (transport/hub.h), and files that it may have open besides.
MOST_HALF_OPEN = 128
OTHER_FILES = 60
MOST_MEMORY = 32 * 1024 * 1024


class Crowd:
    """A process that is so many strangers."""

    def __init__(self, lab, cat, count, *args):
        self.lab, self.let_in, self.last = lab, 0, ""
        args = list(args) + (["--plain"] if "--plain" in cat.command else [])
        port = cat.address.rsplit(":", 1)[1]
        self.process = subprocess.Popen([CROWD, *args, port, str(count)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.lab.changed:
                self.last = line.strip()
                self.let_in = int(line.split()[0])
                self.lab.changed.notify_all()

    def wait(self, count, cats):
        def there():
            if self.process.poll() is not None:
                raise Failure("the crowd has ended with %s" % self.process.returncode)
            return self.let_in >= count
        self.lab.wait(there, "%d strangers were there, not %d" % (count, self.let_in), cats, patience=120)

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(40)
        self.reader.join(40)
        self.process.stdout.close()
        return status


class Crowds(unittest.TestCase):
    def play(self, count, *args):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < count + 16:
            self.skipTest("a process may have %d files open only" % hard)
        with Lab(TYET, "total", args=["--suspect-after", "4000"]) as lab:
            a, b, c = cats = lab.group_of(["a", "b", "c"])
            lab.talk(cats, gap_s=0.01)
            lab.more(cats, 100)
            views, memory = [len(x.of("view")) for x in cats], b.memory()
            crowd = Crowd(lab, b, count, *args)
            try:
                for there in range(1000, count + 1, 1000):
                    crowd.wait(there, cats)
                    lab.more(cats, 20)
                    self.within_bounds(b, memory)
                # All have been there, and they come again and again.
                lab.more(cats, 300)
                crowd.wait(2 * count, cats)
                lab.more(cats, 100)
                self.within_bounds(b, memory)
                self.assertEqual([len(x.of("view")) for x in cats], views, "nobody was suspected")
                d = lab.join("d", [b])
                lab.settle([a, b, c, d])
                lab.talk([d], gap_s=0.01)
                lab.more([a, b, c, d], 100)
            finally:
                status = crowd.end()
            print("# " + crowd.last)
            self.assertEqual(status, 0)
            lab.hush()
            lab.have_all(cats, a.written + b.written + c.written)
            lab.close([a, b, c, d])
            lab.agree()

    def within_bounds(self, cat, memory):
        files = len(os.listdir("/proc/%d/fd" % cat.process.pid))
        self.assertLessEqual(files, MOST_HALF_OPEN + OTHER_FILES)
        if not is_sanitized(TYET):
            self.assertLess(cat.memory() - memory, MOST_MEMORY)

    def test_ten_thousand_of_many_hosts(self):
        self.play(10000)

    def test_of_the_members_own_host(self):
        self.play(3000, "--one-host")


if __name__ == "__main__":
    tap.main()
