#!/usr/bin/env python3
"""test_shm.py TYET: groups whose members reach each other through shared memory: who does, who does not, and what
becomes of them when members are killed or stopped under load, or the memory is written over.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import itertools
import os
import random
import shutil
import signal
import struct
import sys
import time
import unittest

import tap
from cats import LONG, Lab

TYET = os.path.abspath(sys.argv.pop(1))
OFF = ("env", "TYET_SHM=0")
os.environ.pop("TYET_SHM", None)
# Nothing waits for that long; so late are those suspected who only have to wait for a processor.
PATIENT = ["--suspect-after", "20000"]


def rings(cat):
    """Where its shared memory is: an address for each process that it has some with."""
    with open("/proc/%d/maps" % cat.process.pid, encoding="ascii", errors="replace") as f:
        return [int(line.split("-")[0], 16) for line in f if "memfd:tyet-ring" in line]


def channels(lab, cat):
    """How it says that it reaches each member."""
    asked = len(cat.of("statistics"))
    cat.signal(signal.SIGUSR2)
    lab.wait(lambda: len(cat.of("statistics")) > asked, "statistics", [cat])
    return cat.of("statistics")[-1]["channels"]


def wait_for_rings(lab, cats, counts):
    lab.wait(lambda: [len(rings(c)) for c in cats] == counts, "shared memory with %s others" % counts, cats)


def poke(cat, where, field):
    """Writes what no counter can be into its shared memory at that address, and holds it meanwhile: what is there
    stays there. False: it has none there any more."""
    cat.stop()
    try:
        os.waitid(os.P_PID, cat.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if where not in rings(cat):
            return False
        with open("/proc/%d/mem" % cat.process.pid, "r+b", buffering=0) as memory:
            memory.seek(where + field)
            memory.write(struct.pack("<Q", 1 << 60))
        return True
    finally:
        cat.go_on()


class Used(unittest.TestCase):
    def test_by_itself(self):
        for plain in False, True:
            with self.subTest(plain=plain), Lab(TYET, plain=plain) as lab:
                cats = lab.group_of(["a", "b", "c"])
                wait_for_rings(lab, cats, [2, 2, 2])
                lab.talk(cats)
                lab.more(cats, 500)
                lab.hush()
                lab.have_all(cats, sum((c.written for c in cats), []))
                wait_for_rings(lab, cats, [2, 2, 2])
                cats[2].close()
                self.assertEqual(cats[2].status(), 0)
                lab.settle(cats[:2])
                wait_for_rings(lab, cats[:2], [1, 1])
                lab.close(cats[:2])
                lab.agree()

    def test_switched_off(self):
        """By one of them: then it talks to nobody that way, and the others go on as they do."""
        with Lab(TYET) as lab:
            a = lab.found("a")
            b = lab.join("b", a, prefix=OFF)
            c = lab.join("c", a)
            lab.settle([a, b, c])
            wait_for_rings(lab, [a, b, c], [1, 0, 1])
            lab.wait(lambda: channels(lab, a)["c"] == "shm", "shared memory in use", [a, b, c])
            self.assertEqual(channels(lab, a), {"a": "self", "b": "tcp", "c": "shm"})
            self.assertEqual(channels(lab, b), {"a": "tcp", "b": "self", "c": "tcp"})
            lab.talk([a, b, c])
            lab.more([a, b, c], 200)
            lab.hush()
            self.assertEqual([len(rings(x)) for x in (a, b, c)], [1, 0, 1])
            lab.close([a, b, c])
            lab.agree()

    def test_unix_sockets(self):
        with Lab(TYET) as lab:
            a = lab.found("a", listen="unix://%s/a" % lab.folder)
            b = lab.join("b", a, listen="unix://%s/b" % lab.folder)
            lab.settle([a, b])
            wait_for_rings(lab, [a, b], [1, 1])
            c = lab.join("c", a, "--stats", listen="unix://%s/c" % lab.folder, prefix=OFF)
            lab.settle([a, b, c])
            self.assertEqual(channels(lab, a)["c"], "unix")
            c.close()
            lab.wait(lambda: c.of("statistics"), "statistics before leaving", [a, b])
            self.assertEqual(c.of("statistics")[0]["channels"], {"a": "unix", "b": "unix", "c": "self"})
            lab.settle([a, b])
            lab.close([a, b])
            lab.agree()

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "needs root")
    def test_not_across_namespaces(self):
        """A Unix socket may lead into another network namespace; shared memory does not."""
        with Lab(TYET) as lab:
            a = lab.found("a", listen="unix://%s/a" % lab.folder)
            b = lab.join("b", a, listen="unix://%s/b" % lab.folder, prefix=("unshare", "--net"))
            c = lab.join("c", a, listen="unix://%s/c" % lab.folder)
            lab.settle([a, b, c])
            wait_for_rings(lab, [a, b, c], [1, 0, 1])
            lab.talk([a, b, c])
            lab.more([a, b, c], 200)
            lab.hush()
            self.assertEqual(rings(b), [])
            lab.close([a, b, c])
            lab.agree()

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root")
    def test_not_with_another_user(self):
        other = ("setpriv", "--reuid", "65534", "--clear-groups")
        with Lab(TYET, plain=True) as lab:
            a = lab.found("a")
            b = lab.join("b", a, prefix=other, history=False)
            c = lab.join("c", a)
            lab.settle([a, b, c])
            wait_for_rings(lab, [a, c], [1, 1])
            lab.talk([a, b, c])
            lab.more([a, b, c], 200)
            lab.hush()
            self.assertEqual([len(rings(x)) for x in (a, b, c)], [1, 0, 1])
            lab.close([a, b, c])


class Violence(unittest.TestCase):
    def under_load(self, lab, cats, count):
        lab.talk(cats, gap_s=0.0002, pad=300)
        lab.more(cats, count)

    def test_killed_at_random_moments(self):
        dice = random.Random(5)
        for n in range(20 if LONG else 5):
            with self.subTest(n), Lab(TYET, dice.choice(["total", "causal", "fifo"]), args=PATIENT) as lab:
                cats = lab.group_of(["a", "b", "c"])
                self.under_load(lab, cats, 300)
                victim = cats.pop(dice.randrange(3))
                time.sleep(dice.random() * 0.02)
                victim.kill()
                lab.settle(cats)
                self.assertEqual([x["why"] for x in cats[0].view["left"]], ["dead"])
                d = lab.join("d", cats[0])
                cats.append(d)
                lab.settle(cats)
                wait_for_rings(lab, cats, [2, 2, 2])
                lab.more(cats, 300)
                lab.hush()
                lab.close(cats)
                lab.agree()

    def test_stopped_and_back(self):
        with Lab(TYET, args=["--rejoin", "--suspect-after", "1000"]) as lab:
            a, b, c = cats = lab.group_of(["a", "b", "c"])
            lab.talk(cats, pad=300)
            lab.more(cats, 200)
            c.stop()
            lab.settle([a, b])
            lab.more([a, b], 200)
            c.go_on()
            lab.settle([a, b, c])
            wait_for_rings(lab, cats, [2, 2, 2])
            lab.more(cats, 100)
            lab.hush()
            lab.close(cats)
            lab.agree()

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_written_over(self):
        """A counter that cannot be: the two go on over their connection, and nobody is suspected. What is put right
        before the other looks is no lie, so it is written again and again. Who writes looks at the reader's counter
        seldom: that one may never be seen."""
        for field in 0, 128, 1024, 1024 + 128:
            with self.subTest(field), Lab(TYET, args=PATIENT) as lab:
                cats = lab.group_of(["a", "b", "c"])
                wait_for_rings(lab, cats, [2, 2, 2])
                self.under_load(lab, cats, 200)
                where, pokes = rings(cats[0])[0], itertools.count()
                if field % 1024 == 0:
                    lab.wait(lambda: not poke(cats[0], where, field), "one shared memory less", cats)
                    wait_for_rings(lab, cats[:1], [1])
                else:
                    lab.wait(lambda: not poke(cats[0], where, field) or next(pokes) == 20, "twenty attempts", cats)
                lab.more(cats, 500)
                lab.hush()
                lab.have_all(cats[:1], cats[0].written)
                self.assertEqual([len(c.of("view")) for c in cats], [3, 2, 1])
                lab.close(cats)
                lab.agree()


if __name__ == "__main__":
    tap.main()
