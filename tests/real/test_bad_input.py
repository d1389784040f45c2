#!/usr/bin/env python3
"""test_bad_input.py TYET: what is wrong is refused with its reason, and the rest of the group goes on.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import fcntl
import os
import pty
import random
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import unittest

import tap
from cats import PATIENCE
from cats import Lab as SealedLab
from history import Run

TYET = os.path.abspath(sys.argv.pop(1))
BAD_USAGE = 2


def Lab(*args, **more):
    """In the clear: strangers here speak it, and what a sealed lab says of them is tests/real/test_sealed.py's."""
    return SealedLab(*args, plain=True, **more)


def run(*args, text=""):
    """(exit status, standard output, standard error) of one command."""
    done = subprocess.run([TYET, *args], input=text, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


def port_of(cat):
    return int(cat.address.rsplit(":", 1)[1])


class Stranger:
    """Something that is no member but listens: answers every connection with `answer` (None: says nothing)."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.heard = b""
        self.called = threading.Event()
        self.open = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self):
        return "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]

    def _serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(s)
            try:
                self.heard = s.recv(4096)
                if self.answer is not None:
                    s.sendall(self.answer(self.heard) if callable(self.answer) else self.answer)
            except OSError:
                pass
            self.called.set()

    def close(self):
        for s in [self.listener] + self.open:
            s.close()


def refused_address():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return "tcp://127.0.0.1:%d" % s.getsockname()[1]


class Usage(unittest.TestCase):
    def refused(self, args, *words, status=(BAD_USAGE,)):
        code, out, err = run("cat", *args)
        self.assertIn(code, status, err)
        self.assertTrue(err.strip(), "no reason is given")
        self.assertNotIn('"view"', out)
        for word in words:
            self.assertIn(word.lower(), err.lower())

    GOOD = ["--group", "g", "--listen", "tcp://127.0.0.1:0", "--found", "--plain"]

    def test_unknown_ordering(self):
        self.refused(self.GOOD + ["--ordering", "lexicographic"], "lexicographic", "fifo")

    def test_service_beyond_the_ordering(self):
        self.refused(self.GOOD + ["--ordering", "fifo", "--service", "safe"], "safe", "fifo")

    def test_unknown_service(self):
        self.refused(self.GOOD + ["--ordering", "total", "--service", "certain"], "certain")

    def test_address_that_does_not_parse(self):
        for address in "nonsense", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "udp://127.0.0.1:1", "tcp://[::1:5":
            with self.subTest(address):
                self.refused(["--group", "g", "--ordering", "total", "--listen", address, "--found", "--plain"],
                             address)

    def test_contact_that_does_not_parse(self):
        for contact in "nonsense", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "tcp://127.0.0.1:0", "":
            with self.subTest(contact):
                self.refused(["--group", "g", "--ordering", "total", "--contact", "tcp://127.0.0.1:1",
                              "--contact", contact, "--plain"], "--contact", contact)

    def test_founder_that_does_not_parse(self):
        for founder in "b", "b=nonsense", "b=tcp://127.0.0.1:0":
            with self.subTest(founder):
                self.refused(["--group", "g", "--ordering", "total", "--name", "a", "--storage", "/nonexistent",
                              "--founder", "a=tcp://127.0.0.1:1", "--founder", founder, "--plain"],
                             "--founder", founder.partition("=")[2])

    def test_storage_that_cannot_be(self):
        self.refused(["--group", "g", "--ordering", "total", "--name", "a", "--storage", "/dev/null/x",
                      "--founder", "a=tcp://127.0.0.1:1", "--plain", "--listen", "tcp://127.0.0.1:0"],
                     "storage directory /dev/null/x", status=(1, BAD_USAGE))

    def test_address_of_another_machine(self):
        self.refused(["--group", "g", "--ordering", "total", "--listen", "tcp://192.0.2.1:7000", "--found", "--plain"],
                     "192.0.2.1", status=(1, BAD_USAGE))

    def test_address_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            address = "tcp://127.0.0.1:%d" % s.getsockname()[1]
            self.refused(["--group", "g", "--ordering", "total", "--listen", address, "--found", "--plain"],
                         address, "else listens", status=(1, BAD_USAGE))

    def test_neither_found_nor_contact(self):
        self.refused(["--group", "g", "--ordering", "total", "--listen", "tcp://127.0.0.1:0", "--plain"], "--found")

    def test_unknown_option_and_no_subcommand(self):
        self.refused(self.GOOD + ["--ordering", "total", "--no-such-option"])
        code, _, err = run()
        self.assertEqual(code, BAD_USAGE)
        self.assertTrue(err)
        self.assertEqual(run("no-such-command")[0], BAD_USAGE)

    def test_help(self):
        for args in ["--help"], ["cat", "--help"]:
            code, out, _ = run(*args)
            self.assertEqual(code, 0)
            self.assertIn("cat", out)


class Contacts(unittest.TestCase):
    def fails(self, contact, *words):
        with Lab(TYET) as lab:
            x = lab.join("x", contact, "--timeout", "2000")
            self.assertEqual(x.status(), 1)
            for word in words:
                self.assertIn(word, x.stderr().lower())

    def test_refuses(self):
        address = refused_address()
        self.fails(address, address, "nobody listens")

    def test_silent(self):
        s = Stranger(None)
        self.addCleanup(s.close)
        self.fails(s.address, s.address)

    def test_speaks_http(self):
        s = Stranger(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        self.addCleanup(s.close)
        self.fails(s.address, s.address)

    def test_random_bytes(self):
        s = Stranger(random.Random(1).randbytes(5000))
        self.addCleanup(s.close)
        self.fails(s.address, s.address)

    def test_another_version(self):
        """Answers with the caller's own hello, with another magic or another version."""
        with Lab(TYET) as lab:
            hello = self.hello(lab)
        for at in 0, 8, 9:
            s = Stranger(hello[:at] + bytes([hello[at] ^ 0x40]) + hello[at + 1:])
            self.addCleanup(s.close)
            self.fails(s.address, s.address)

    def hello(self, lab):
        s = Stranger(None)
        self.addCleanup(s.close)
        lab.join("x", s.address)
        self.assertTrue(s.called.wait(PATIENCE))
        return s.heard

    def test_one_good_contact_among_bad_ones_is_enough(self):
        silent, http = Stranger(None), Stranger(b"HTTP/1.1 200 OK\r\n\r\n")
        self.addCleanup(silent.close)
        self.addCleanup(http.close)
        with Lab(TYET) as lab:
            a = lab.found("a")
            b = lab.join("b", ["tcp://127.0.0.1:1", silent.address, http.address, a.address])
            lab.settle([a, b])
            lab.close([a, b])
            lab.agree()

    def test_strangers_call_a_member(self):
        """HTTP, noise, other versions, half a hello, and hundreds who say nothing: the group does not mind."""
        with Lab(TYET) as lab:
            hello = self.hello(lab)
            a, b = cats = lab.group_of(["a", "b"])
            noise = random.Random(2)
            sayings = [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", hello[: len(hello) // 2], b"\0" * 70000,
                       hello + noise.randbytes(3000), hello + b"\xff" * 3000, hello + b"\0" * 3000]
            sayings += [noise.randbytes(noise.randrange(1, 4000)) for _ in range(50)]
            sayings += [hello[:n] + bytes([hello[n] ^ 1]) + hello[n + 1:] for n in range(len(hello))]
            sockets = []
            for saying in sayings * 2:
                s = socket.create_connection(("127.0.0.1", port_of(a)))
                try:
                    s.sendall(saying)
                except OSError:
                    pass
                sockets.append(s)
            lab.talk(cats)
            lab.more(cats, 200)
            for s in sockets:
                s.close()
            lab.more(cats, 200)
            self.assertEqual(sorted(a.members), ["a", "b"])
            lab.hush()
            lab.have_all(cats, b.written)
            lab.close(cats)
            lab.agree()


class Joining(unittest.TestCase):
    def turned_away(self, *words, **how):
        with Lab(TYET) as lab:
            a, b = cats = lab.group_of(["a", "b"])
            lab.talk(cats)
            lab.more(cats, 20)
            views = len(a.of("view"))
            name = how.pop("name", "x")
            args = how.pop("args", [])
            x = lab.start(name, "--contact", a.address, "--timeout", "5000", *args, history=False, **how)
            self.assertEqual(x.status(), 1)
            for word in words:
                self.assertIn(word, x.stderr())
            lab.more(cats, 20)
            self.assertEqual(len(a.of("view")), views)
            lab.hush()
            lab.close(cats)
            lab.agree()

    def test_another_ordering(self):
        self.turned_away("total", "fifo", ordering="fifo")

    def test_another_group(self):
        self.turned_away("elsewhere", group="elsewhere")

    def test_times_that_do_not_go_together(self):
        self.turned_away("x may be silent for 600 ms", "suspects after 1000 ms", args=["--heartbeat", "600",
                                                                                       "--suspect-after", "2000"])
        self.turned_away("may be silent for 100 ms", "x suspects after 150 ms", args=["--suspect-after", "150"])

    def test_a_name_that_is_taken(self):
        self.turned_away("b", name="b")


class Messages(unittest.TestCase):
    def test_longer_than_the_limit(self):
        with Lab(TYET) as lab:
            a, b = cats = lab.group_of(["a", "b"])
            a.write("before")
            os_write_all(a, b"x" * (64 * 2**20 + 1) + b"\n")
            a.write("after")
            lab.have_all(cats, ["before", "after"])
            self.assertEqual(b.count, 2)
            self.assertIn(str(64 * 2**20), a.stderr().replace(",", ""))
            lab.close(cats)
            lab.agree()

    def test_large_and_empty_ones(self):
        with Lab(TYET, args=["--suspect-after", "20000"]) as lab:
            a, b = cats = lab.group_of(["a", "b"])
            large = "y" * (20 * 2**20)
            a.write("", large, "")
            lab.wait(lambda: all(c.count == 3 for c in cats), "all three", cats)
            self.assertEqual([len(t) for t in b.texts()], [0, len(large), 0])
            lab.close(cats)
            lab.agree()


def os_write_all(cat, data):
    fd = cat.process.stdin.fileno()
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def waiting_bytes(pipe):
    """What nobody has read yet"""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


class Surroundings(unittest.TestCase):
    def test_full_disk_under_the_history(self):
        with Lab(TYET) as lab:
            a, b = cats = lab.group_of(["a", "b"])
            x = lab.join("x", a, "--history", "/dev/full", history=False)
            self.assertEqual(x.status(), 1)
            self.assertIn("/dev/full", x.stderr())
            self.assertIn("No space left", x.stderr())
            lab.settle(cats)
            lab.talk(cats)
            lab.more(cats, 20)
            lab.hush()
            lab.close(cats)

    def test_history_that_cannot_be_written(self):
        code, _, err = run("cat", "--group", "g", "--ordering", "total", "--listen", "tcp://127.0.0.1:0", "--found",
                           "--plain", "--history", "/no/such/folder/h")
        self.assertIn(code, (1, BAD_USAGE))
        self.assertIn("/no/such/folder/h", err)

    def test_messages_do_not_steer_a_terminal(self):
        """Control characters are shown on a terminal, and left as they are elsewhere"""
        message = b"\x1b[31mred\x07 \xc2\x9b2J t\xc3\xa4b\tz"
        command = [TYET, "cat", "--group", "lab", "--ordering", "total", "--plain", "--name", "x", "--found"]
        plain = subprocess.run(command, input=message, stdout=subprocess.PIPE, timeout=PATIENCE, check=True).stdout
        self.assertIn(b"x: " + message + b"\n", plain)
        ours, theirs = pty.openpty()
        x = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=theirs)
        os.close(theirs)
        x.stdin.write(message)
        x.stdin.close()
        self.assertEqual(x.wait(PATIENCE), 0)
        said = os.read(ours, 1 << 16)
        os.close(ours)
        self.assertIn("x: ^[[31mred^G ^[[2J täb\tz\r\n".encode(), said)
        self.assertNotIn(b"\x1b", said)

    def test_lines_that_were_not_sent(self):
        """Who is blocked keeps the lines that it reads, and says so if it is told to go before they are sent"""
        with Lab(TYET) as lab:
            a, b = lab.group_of(["a", "b"])
            a.kill()
            lab.wait(lambda: b.blocked, "b is blocked", [b])
            b.write("one", "two")
            lab.wait(lambda: waiting_bytes(b.process.stdin) == 0, "b reads them", [b])
            b.signal(signal.SIGTERM)
            self.assertEqual(b.status(), 0)
            self.assertIn("2 lines were read and not sent", b.stderr())

    def test_reader_of_the_output_goes_away(self):
        with Lab(TYET) as lab:
            a, b = cats = lab.group_of(["a", "b"])
            read_end, write_end = os.pipe()
            x = subprocess.Popen([TYET, "cat", "--group", "lab", "--ordering", "total", "--plain", "--name", "x",
                                  "--listen", "tcp://127.0.0.1:0", "--contact", a.address],
                                 stdin=subprocess.PIPE, stdout=write_end, stderr=subprocess.DEVNULL)
            os.close(write_end)
            self.addCleanup(end, x)
            lab.wait(lambda: "x" in a.members and "x" in b.members, "x is in", cats)
            os.close(read_end)
            a.write("x cannot say this", "nor this")
            lab.settle(cats)
            x.wait(PATIENCE)
            lab.close(cats)
            lab.agree()

    def test_output_that_cannot_be_written(self):
        arguments = [TYET, "cat", "--group", "g", "--ordering", "total", "--found", "--plain"]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("standard output", done.stderr)

    def test_standard_streams_that_are_closed(self):
        # Each is told as what it is: nothing is read from, or written to, what would be opened in its place.
        for closed, reason in ("<&-", "standard input"), (">&-", "standard output"):
            with self.subTest(closed):
                done = subprocess.run(["sh", "-c", 'exec "$@" %s' % closed, "sh", TYET, "cat", "--group", "g",
                                       "--ordering", "total", "--found", "--plain"], stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=PATIENCE, check=False)
                self.assertIn(reason, done.stderr)
                self.assertEqual(done.returncode, 1 if closed == ">&-" else 0)

    def test_terminal_is_disconnected(self):
        with Lab(TYET) as lab:
            a, b = cats = lab.group_of(["a", "b"])
            history = os.path.join(lab.folder, "x.jsonl")
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(TYET, [TYET, "cat", "--group", "lab", "--ordering", "total", "--plain", "--name", "x",
                                "--listen", "tcp://127.0.0.1:0", "--contact", a.address, "--history", history])
            try:
                lab.wait(lambda: "x" in a.members and "x" in b.members, "x is in", cats)
                os.write(terminal, b"typed\n")
                lab.have_all(cats, ["typed"])
                os.close(terminal)  # as when a window is closed: the terminal hangs up
                a.write("anybody there?")
                lab.settle(cats)
                lab.have_all(cats, ["anybody there?"])
            finally:
                try:
                    os.kill(pid, signal.SIGKILL)
                finally:
                    os.waitpid(pid, 0)
            lab.close(cats)
            self.assertEqual(Run.read([a.path, b.path, history]).problems(), [])


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdin.close()


if __name__ == "__main__":
    tap.main()
