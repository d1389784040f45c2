#!/usr/bin/env python3
"""test_real.py TYET NEXT: real processes: another version of the protocol (NEXT speaks it), strangers that try things,
a reader that does not read.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import random
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "real"))
import tap  # noqa: E402
from cats import PATIENCE, Lab  # noqa: E402

TYET, NEXT = (os.path.abspath(path) for path in sys.argv[1:3])
del sys.argv[1:]
HELLO = b"tyet\r\n\x1a\n"
HELLO_BYTES = 48


def run(tyet, lab, *args):
    done = subprocess.run([tyet, "cat", "--group", "lab", "--ordering", "total", "--timeout", "8000", *args],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env=lab.environment())
    return done.returncode, done.stdout, done.stderr


class Versions(unittest.TestCase):
    def test_older_and_newer(self):
        """Each is told, at once, which version the other speaks; the group does not mind."""
        with Lab(TYET) as old, Lab(NEXT) as new:
            new.secret = old.secret
            for mine, tyet, theirs, its in (old, NEXT, 1, 2), (new, TYET, 2, 1):
                a = mine.found("a")
                began = time.monotonic()
                code, out, err = run(tyet, old, "--contact", a.address)
                self.assertEqual(code, 1, err)
                self.assertIn("speaks version %d of the protocol, this is version %d" % (theirs, its), err)
                self.assertNotIn("view", out)
                self.assertLess(time.monotonic() - began, PATIENCE)
                a.write("after all this")
                mine.have_all([a], ["after all this"])
                mine.close([a])


class Strangers(unittest.TestCase):
    """Who is at the port and does not know the secret, and tries things."""

    def setUp(self):
        self.lab = Lab(TYET)
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.cats = self.lab.group_of(["a", "b"])
        host, port = self.cats[0].address[len("tcp://"):].rsplit(":", 1)
        self.port = host, int(port)

    def call(self):
        s = socket.create_connection(self.port, PATIENCE)
        self.addCleanup(s.close)
        return s

    def hello(self, s, pid=b"\x07" * 16, session=bytes(16)):
        """What it answers."""
        s.sendall(self.head + pid + session)
        answer = b""
        while len(answer) < HELLO_BYTES:
            got = s.recv(HELLO_BYTES - len(answer))
            if not got:
                break
            answer += got
        return answer

    @property
    def head(self):
        """The beginning of a hello, as a member's own is."""
        if not hasattr(Strangers, "_head"):
            listener = socket.create_server(("127.0.0.1", 0))
            self.addCleanup(listener.close)
            self.lab.join("x%d" % listener.getsockname()[1], "tcp://127.0.0.1:%d" % listener.getsockname()[1])
            s, _ = listener.accept()
            self.addCleanup(s.close)
            Strangers._head = s.recv(HELLO_BYTES, socket.MSG_WAITALL)[:16]
        return Strangers._head

    def is_closed(self, s):
        """It closes the connection, having said something or nothing."""
        said = b""
        try:
            while True:
                got = s.recv(65536)
                if not got:
                    return said
                said += got
        except ConnectionResetError:
            return said

    def unharmed(self):
        for cat in self.cats:
            cat.write("after all this, %s" % cat.name)
        self.lab.have_all(self.cats, ["after all this, a", "after all this, b"])
        self.assertEqual({len(c.of("view")) for c in self.cats}, {1, 2})
        self.lab.close(self.cats)
        self.lab.agree(self.cats)

    def test_its_own_words_come_back(self):
        """What it says is sent back to it, and what a member says is sent back to that."""
        s = self.call()
        answer = self.hello(s)
        self.assertEqual(len(answer), HELLO_BYTES)
        s.sendall(answer)
        said = self.is_closed(s)
        t = self.call()
        t.sendall(answer)
        t.sendall(said + said)
        self.assertLess(len(self.is_closed(t)), 500)
        self.unharmed()

    def test_in_a_members_name(self):
        """Its incarnation and session are in the clear: they are of no use."""
        pid = self.hello(self.call())[16:32]
        for _ in range(20):
            s = self.call()
            self.hello(s, pid=pid, session=os.urandom(16))
            s.sendall(os.urandom(32 + 96 + 300))
            self.is_closed(s)
        self.unharmed()

    def test_keys_of_no_use(self):
        """Ephemeral keys of small order, and lengths of every kind."""
        small = [bytes(32), b"\x01" + bytes(31), b"\xff" * 32,
                 bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
        for key in small:
            s = self.call()
            self.hello(s)
            s.sendall(key + bytes(16))
            self.assertLess(len(self.is_closed(s)), 200)
        for length in 0, 1, 47, 48, 64, 65, 2000, 4096, 30000, 65535:
            s = self.call()
            self.hello(s)
            s.sendall(os.urandom(48))
            s.sendall(length.to_bytes(2, "little") + os.urandom(min(length, 2500)))
            self.assertLess(len(self.is_closed(s)), 500)
        self.unharmed()

    def test_noise(self):
        rand = random.Random(3)
        for _ in range(200):
            s = self.call()
            try:
                s.sendall((HELLO if rand.random() < 0.5 else b"") + rand.randbytes(rand.randrange(3000)))
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            s.close()
        self.unharmed()

    def test_memory_is_bounded(self):
        """Thousands that stop in the middle of their last message cost no memory that stays."""
        def resident():
            with open("/proc/%d/status" % self.cats[0].process.pid, encoding="ascii") as f:
                return int(f.read().split("VmRSS:")[1].split()[0])
        head, open_ones = self.head, []
        for i in range(1500):
            s = socket.create_connection(self.port, PATIENCE)
            s.sendall(head + i.to_bytes(16, "big") + bytes(16) + os.urandom(32) + b"\x00\x08" + os.urandom(2000))
            open_ones.append(s)
            if i == 200:
                before = resident()
        after = resident()
        for s in open_ones:
            s.close()
        self.assertLess(after - before, 20000)
        self.unharmed()


class Output(unittest.TestCase):
    def test_bad_names_are_told_at_once(self):
        """Before anything is said of an address, or a ticket is given."""
        with Lab(TYET) as lab:
            for name in "", "x" * 256, "a\nb":
                done = subprocess.run([TYET, "cat", "--group", name, "--ordering", "total", "--found"],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
                                      check=False, env=lab.environment())
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("name of the group", done.stderr)

    def test_told_to_stop_while_nobody_reads(self):
        """More waits to be read than is kept for a reader: it stops all the same."""
        with Lab(TYET) as lab:
            process = subprocess.Popen([TYET, "cat", "--group", "g", "--ordering", "fifo", "--found", "--stay"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       env=lab.environment())
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.stdin.close)
            self.addCleanup(process.kill)
            os.set_blocking(process.stdin.fileno(), False)
            line, sent, last = b"x" * 60000 + b"\n", 0, time.monotonic()
            while time.monotonic() - last < 3:
                try:
                    sent += os.write(process.stdin.fileno(), line * 4)
                    last = time.monotonic()
                except BlockingIOError:
                    time.sleep(0.01)
            self.assertGreater(sent, 64 * 1024 * 1024)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    tap.main()
