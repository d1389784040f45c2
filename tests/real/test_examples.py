#!/usr/bin/env python3
"""test_examples.py EXAMPLES: the example programs do what they say, whoever of them dies. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import tap

EXAMPLES = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
PATIENCE_S = 30


class Program:
    """One of them; what it has said so far is in `said ()`"""

    def __init__(self, folder, name, *args):
        self.out = tempfile.TemporaryFile()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TYET_SECRET")}
        self.process = subprocess.Popen([os.path.join(EXAMPLES, name), *args], cwd=folder, stdin=subprocess.PIPE,
                                        stdout=self.out, stderr=subprocess.STDOUT, env=environment)

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def said(self):
        return os.pread(self.out.fileno(), 1 << 20, 0).decode()

    def wait(self, text, ask=None):
        """Until it has said that, asked again and again if need be"""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.said():
            assert time.monotonic() < deadline and self.process.poll() is None, (text, self.said())
            if ask is not None:
                self.say(ask)
            time.sleep(0.02)

    def end(self, number=None):
        """By the end of its input, or a signal; its status"""
        if number is None:
            self.process.stdin.close()
        else:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.ticket = os.path.join(self.folder.name, "the ticket")

    def start(self, name, *args):
        program = Program(self.folder.name, name, *args)

        def clean():
            if program.process.poll() is None:
                program.process.kill()
                program.process.wait()
            program.process.stdin.close()
            program.out.close()
        self.addCleanup(clean)
        return program

    def read_ticket(self):
        with open(self.ticket, "rb") as f:
            return f.read()

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.02)

    def test_kv(self):
        """A table of which everybody has a copy, and which outlives who founded it, with the ticket"""
        a = self.start("tyet-kv", "the ticket")
        a.wait("* founded")
        a.say("set name a value of some words")
        b = self.start("tyet-kv", "the ticket")
        b.wait("* got a table of 1")
        c = self.start("tyet-kv", "the ticket")
        c.wait("* got a table of 1")
        first = self.read_ticket()
        a.process.kill()
        a.process.wait()
        self.until(lambda: self.read_ticket() != first, "the oldest has a ticket of its own")
        self.assertEqual(os.stat(self.ticket).st_mode & 0o777, 0o600)
        d = self.start("tyet-kv", "the ticket")
        d.wait("* got a table of 1")
        d.say("set other 2")
        b.wait("\n2\n", "get other")
        c.wait("\na value of some words\n", "get name")
        self.assertEqual([d.end(), b.end(), c.end(signal.SIGTERM)], [0, 0, 0], c.said())
        self.assertEqual(os.listdir(self.folder.name), [], "the last takes the ticket away")
        self.start("tyet-kv", "the ticket").wait("* founded")

    def test_chat(self):
        """What anybody types, everybody reads; a name is given once"""
        a = self.start("tyet-chat", "Zoë", "the ticket")
        a.wait("* founded")
        b = self.start("tyet-chat", "b", "the ticket")
        b.wait("* here: Zoë, b")
        a.say("hello")
        b.wait("Zoë: hello")
        b.say("hello, too")
        a.wait("b: hello, too")
        other = self.start("tyet-chat", "b", "the ticket")
        self.assertEqual(other.process.wait(PATIENCE_S), 1)
        self.assertIn("choose another name", other.said())
        self.assertEqual(a.end(signal.SIGINT), 0, a.said())
        b.wait("* here: b\n")
        self.assertEqual(b.end(), 0, b.said())
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_locks(self):
        """The lock goes on when its holder dies, and everybody has the list"""
        a = self.start("tyet-locks", "the ticket")
        a.wait("locks per second")
        b, c = self.start("tyet-locks", "the ticket"), self.start("tyet-locks", "the ticket")
        b.wait("3 are in the list")
        a.process.kill()
        a.process.wait()
        c.wait(" 2 are in the list")
        self.assertEqual([b.end(signal.SIGINT), c.end(signal.SIGINT)], [0, 0], b.said() + c.said())
        self.assertEqual(os.listdir(self.folder.name), [])


if __name__ == "__main__":
    tap.main()
