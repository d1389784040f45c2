#!/usr/bin/env python3
"""test_readme.py README BUILD: the program in the README compiles as it says there, and does what is said of it.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import pty
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import tap

README, BUILD = sys.argv.pop(1), sys.argv.pop(1)
TYET = os.path.join(BUILD, "examples", "lab", "tyet")
PATIENCE = 40


def program():
    with open(README, encoding="utf-8") as f:
        return re.search(r"^```c\n(.*?)^```$", f.read(), re.M | re.S).group(1)


class Hello:
    def __init__(self, command, environment):
        # A terminal, as for anybody who tries it: lines come out as they are printed.
        self.terminal, other = pty.openpty()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=other, env=environment)
        os.close(other)
        self.lines = []
        self.more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        rest = b""
        while True:
            try:
                data = os.read(self.terminal, 4096)
            except OSError:
                return  # nobody writes any more
            *lines, rest = (rest + data).split(b"\n")
            with self.more:
                self.lines += [line.decode().rstrip("\r") for line in lines]
                self.more.notify_all()

    def wait(self, pattern):
        """The first match of a line."""
        def match():
            return next((m for m in (re.search(pattern, line) for line in self.lines) if m), None)
        with self.more:
            if not self.more.wait_for(match, PATIENCE):
                raise AssertionError("no %r in %r" % (pattern, self.lines))
            return match()

    def end(self):
        self.process.kill()
        self.process.wait()


class Readme(unittest.TestCase):
    def test_program(self):
        text = program()
        self.assertLessEqual(len([line for line in text.splitlines() if line.strip()]), 40)
        with tempfile.TemporaryDirectory() as folder:
            source, binary = os.path.join(folder, "hello.c"), os.path.join(folder, "hello")
            with open(source, "w", encoding="utf-8") as f:
                f.write(text)
            env = dict(os.environ, PKG_CONFIG_PATH=os.path.join(BUILD, "meson-uninstalled"))
            flags = subprocess.run(["pkg-config", "--cflags", "--libs", "tyet"], env=env, check=True, text=True,
                                   capture_output=True).stdout.split()
            extra = os.environ.get("TYET_TEST_CFLAGS", "").split()
            subprocess.run(["cc", "-Wall", "-Werror", source, *flags, *extra, "-Wl,-rpath," + BUILD, "-o", binary],
                           check=True)
            secret = os.path.join(folder, "secret")
            subprocess.run([TYET, "key", "--new-secret", secret], check=True)
            env = dict(os.environ, TYET_SECRET_FILE=secret)
            first = Hello([binary], env)
            self.addCleanup(first.end)
            address = first.wait(r"join me at (tcp://\S+)").group(1)
            first.wait(r": I am rank 0 of 1")
            second = Hello([binary, "tcp://127.0.0.1:0", address], env)
            self.addCleanup(second.end)
            for hello in first, second:
                hello.wait(r": I am rank 0 of 2")
                hello.wait(r": I am rank 1 of 2")
            second.process.kill()
            first.wait(r"^-- view 3\.")
            first.wait(r": I am rank 0 of 1")
            # What goes wrong is said, and is no crash.
            for environment, args, words in ((env, ["nonsense"], "is no address"),
                                             ({**env, "TYET_SECRET_FILE": "/none"}, [], "/none")):
                done = subprocess.run([binary, *args], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, timeout=PATIENCE, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
                self.assertIn(words, done.stderr)


    def test_events(self):
        """Each event that tyet cat prints stands in its manual, with each of its fields"""
        source = os.path.dirname(os.path.abspath(README))
        with open(os.path.join(source, "examples", "lab", "cat-events.c"), encoding="utf-8") as f:
            code = f.read()
        with open(os.path.join(source, "doc", "cat.md"), encoding="utf-8") as f:
            manual = f.read()
        events = set(re.findall(r'begin \("(\w+)"\)', code)) | {"saved", "loaded"}
        self.assertGreater(len(events), 7)
        for event in events:
            self.assertIn('{"event":"%s"' % event, manual)
        fields = set(re.findall(r'lab_json_field \(\w+, "(\w+)"', code)) | set(re.findall(r'\\"(\w+)\\":', code))
        self.assertGreater(len(fields), 12)
        for field in fields - {"event"}:
            self.assertIn("`%s`" % field, manual)


if __name__ == "__main__":
    tap.main()
