"""Starts `tyet cat` processes, writes to them, reads their events, and ends what it has started.

    with Lab(tyet, "total") as lab:
        a = lab.found("a")
        b = lab.join("b", a)
        lab.settle([a, b])
        a.write("hello")
        lab.wait(lambda: "hello" in b.seen, "b has the greeting")
        lab.close([a, b])
        problems = lab.compare().problems()

Nothing here sleeps to be in step with a process: it waits for events, with limits far beyond what a good run needs.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import base64
import collections
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from history import Run

PATIENCE = float(os.environ.get("TYET_TEST_PATIENCE", "40"))
LONG = "TYET_TEST_LONG" in os.environ


class Failure(AssertionError):
    pass


def write_secret(path):
    """A fresh network secret, as `tyet key --new-secret` makes it."""
    text = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
        f.write("tyet-secret 1\nsecret %s\n" % text)
    return text


def is_sanitized(binary):
    """Whether it was built for the address sanitizer, which keeps freed memory a while and looks for leaks itself."""
    with open(binary, "rb") as f:
        return b"__asan_init" in f.read()


class Cat:
    """One `tyet cat`."""

    def __init__(self, lab, name, args, prefix=(), history=True, stdin=subprocess.PIPE):
        self.lab, self.name = lab, name
        self.events = []  # as they came, each with "at": seconds on the monotonic clock
        self.path = os.path.join(lab.folder, name + ".jsonl")
        self.errors = os.path.join(lab.folder, name + ".stderr")
        self.written = []
        self.said = 0  # lines of traffic so far: no two are alike
        self.count = 0  # deliveries
        self.seen = collections.Counter()  # texts delivered
        self.view = None  # the newest view event
        self.blocked = False
        self.address = None
        command = list(prefix) + [lab.tyet, "cat", "--json", "--name", name] + list(args)
        if history:
            command += ["--history", self.path]
        self.has_history = history
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors,
                                            cwd=lab.folder, start_new_session=True, env=lab.environment())
        self.command = command
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "not JSON", "line": line.decode("utf-8", "replace")}
            event["at"] = time.monotonic()
            with self.lab.changed:
                self._take(event)
        with self.lab.changed:
            self.lab.changed.notify_all()

    def _take(self, event):
        kind = event.get("event")
        self.events.append(event)
        if kind == "deliver":
            self.count += 1
            self.seen[event.get("data")] += 1
            return  # too many to wake anybody for each
        if kind == "view":
            self.view = event
        elif kind in ("blocked", "unblocked"):
            self.blocked = kind == "blocked"
        elif kind == "listening":
            self.address = event["address"]
        self.lab.changed.notify_all()

    # What it has said.

    def of(self, kind):
        with self.lab.changed:
            return [e for e in self.events if e.get("event") == kind]

    def texts(self):
        return [e.get("data") for e in self.of("deliver")]

    @property
    def members(self):
        return self.view["members"] if self.view else []

    @property
    def bases(self):
        """The members, those that have come back under their first names."""
        return sorted(m.split(".")[0] for m in self.members)

    def stderr(self):
        with open(self.errors, encoding="utf-8", errors="replace") as f:
            return f.read()

    # What is done to it.

    def write(self, *lines):
        """May wait for as long as the process does not read."""
        data = "".join(line + "\n" for line in lines).encode()
        fd = self.process.stdin.fileno()
        while data:
            data = data[os.write(fd, data):]
        self.written += lines

    def close(self):
        """End of input."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self):
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)

    @property
    def running(self):
        return self.process.poll() is None

    def status(self, patience=PATIENCE):
        """Its exit status, waited for."""
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failure("%s does not end%s" % (self.name, self.lab.describe())) from None
        self.reader.join(PATIENCE)
        return status

    def memory(self):
        """Resident memory, in bytes."""
        with open("/proc/%d/statm" % self.process.pid, encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Traffic:
    """Lines to a member at a steady pace, "NAME 1", "NAME 2", ..., until it is told to stop or the member has gone."""

    def __init__(self, cat, gap_s=0.002, pad=0, limit=None):
        self.cat, self.gap, self.pad, self.limit = cat, gap_s, "x" * pad, limit
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        last = None if self.limit is None else self.cat.said + self.limit
        try:
            while not self.over.is_set() and self.cat.said != last:
                self.cat.said += 1
                self.cat.write("%s %d%s" % (self.cat.name, self.cat.said, " " + self.pad if self.pad else ""))
                if self.gap:
                    self.over.wait(self.gap)
        except (OSError, ValueError):
            pass  # it is gone, or its input was closed

    def stop(self):
        self.over.set()
        self.thread.join(PATIENCE)
        if self.thread.is_alive():
            raise Failure("%s no longer reads its input%s" % (self.cat.name, self.cat.lab.describe()))


class Lab:
    """The members of one group in one run."""

    def __init__(self, tyet, ordering="total", group="lab", args=(), plain=False):
        self.tyet, self.ordering, self.group, self.args = os.path.abspath(tyet), ordering, group, list(args)
        self.changed = threading.Condition(threading.RLock())
        self.folder = tempfile.mkdtemp(prefix="tyet-")
        self.plain = plain
        self.secret = os.path.join(self.folder, "secret")
        write_secret(self.secret)
        self.cats = []
        self.traffic = []

    def environment(self):
        """All have one network secret, unless they are told another."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("TYET_SECRET")}
        return env if self.plain else dict(env, TYET_SECRET_FILE=self.secret)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for t in self.traffic:
            t.over.set()
        for cat in self.cats:
            if cat.running:
                cat.signal(signal.SIGKILL)
        for cat in self.cats:
            cat.process.wait()
            cat.reader.join(PATIENCE)
            cat.process.stdout.close()
        if kind is None or "TYET_TEST_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, *args, ordering=None, group=None, listen="tcp://127.0.0.1:0", **more):
        cat = Cat(self, name, ["--group", group or self.group, "--ordering", ordering or self.ordering,
                               "--listen", listen, *(["--plain"] if self.plain else []), *self.args,
                               *args], **more)
        self.cats.append(cat)
        return cat

    def found(self, name, *args, **more):
        cat = self.start(name, "--found", *args, **more)
        self.wait(lambda: cat.view is not None, "%s has founded the group" % name, [cat])
        return cat

    def join(self, name, contacts, *args, **more):
        contacts = contacts if isinstance(contacts, list) else [contacts]
        dial = [x for c in contacts for x in ("--contact", c if isinstance(c, str) else c.address)]
        return self.start(name, *dial, *args, **more)

    def wait(self, test, what, alive=(), patience=PATIENCE):
        """Until test () is true: it is tried again when an event comes, for deliveries now and then.

        `alive` are those who must not end before."""
        limit = time.monotonic() + patience
        with self.changed:
            while not test():
                for cat in alive:
                    if not cat.running and not cat.reader.is_alive() and not test():
                        raise Failure("%s has ended before: %s%s" % (cat.name, what, self.describe()))
                left = limit - time.monotonic()
                if left <= 0:
                    raise Failure("not within %g s: %s%s" % (patience, what, self.describe()))
                self.changed.wait(min(left, 0.05))

    def settle(self, cats, patience=PATIENCE):
        """Until all of them, or who they have come back as, are in one view of exactly these members."""
        names = sorted(c.name for c in cats)
        self.wait(lambda: all(c.bases == names for c in cats) and len({c.view["view"] for c in cats}) == 1,
                  "one view of " + ", ".join(names), cats, patience)

    def group_of(self, names, *args, **more):
        """A group of so many members, the first of them its founder."""
        cats = [self.found(names[0], *args, **more)]
        for name in names[1:]:
            cats.append(self.join(name, cats[0], *args, **more))
            self.settle(cats)
        return cats

    def talk(self, cats, **how):
        started = [Traffic(cat, **how) for cat in cats]
        self.traffic += started
        return started

    def more(self, cats, count):
        """Until each of them has delivered so many more."""
        goals = [(cat, cat.count + count) for cat in cats]
        self.wait(lambda: all(c.count >= n for c, n in goals), "%d more deliveries at each" % count, cats)

    def hush(self):
        """No more traffic."""
        for t in self.traffic:
            t.over.set()
        for t in self.traffic:
            if t.cat.running:
                t.stop()
        self.traffic = []

    def have_all(self, cats, lines):
        """Until each of the members has delivered each of the lines."""
        lines = set(lines)
        self.wait(lambda: all(lines <= c.seen.keys() for c in cats), "every line at every member", cats)
        for cat in cats:
            twice = [text for text in lines if cat.seen[text] > 1]
            if twice:
                raise Failure("%s has delivered %r twice" % (cat.name, twice[0]))

    def close(self, cats):
        """End of input to all of them; each must end in good order."""
        for cat in cats:
            cat.close()
        for cat in cats:
            status = cat.status()
            if status != 0:
                raise Failure("%s ended with %d%s" % (cat.name, status, self.describe()))

    def compare(self, cats=None):
        paths = [c.path for c in (self.cats if cats is None else cats) if c.has_history and os.path.exists(c.path)]
        return Run.read(paths)

    def agree(self, cats=None):
        run = self.compare(cats)
        problems = run.problems()
        if problems:
            raise Failure("the histories disagree:\n  " + "\n  ".join(problems[:20]) + self.describe())
        return run

    def describe(self):
        text = "\n"
        for cat in self.cats:
            tail = cat.stderr().strip().splitlines()[-6:]
            notable = [e for e in cat.events if e.get("event") != "deliver"][-4:]
            text += "  %s (%s): delivered %d\n" % (
                cat.name, "runs" if cat.running else "ended with %s" % cat.process.returncode, cat.count)
            text += "".join("    %s\n" % json.dumps({k: v for k, v in e.items() if k != "at"}) for e in notable)
            text += "".join("    stderr: %s\n" % line for line in tail)
        return text
