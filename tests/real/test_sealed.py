#!/usr/bin/env python3
"""test_sealed.py TYET: who is let in, who is not, and what that tells him; and that no secret is where it can be read.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import base64
import hashlib
import os
import signal
import stat
import subprocess
import sys
import unittest

import tap
from cats import PATIENCE, Lab, write_secret

TYET = os.path.abspath(sys.argv.pop(1))
BAD_USAGE = 2


def run(*args, text="", env=None):
    """(exit status, standard output, standard error) of one command, that knows no secret unless `env` says so."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TYET_SECRET")}
    done = subprocess.run([TYET, *args], input=text, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env=dict(clean, **(env or {})))
    return done.returncode, done.stdout, done.stderr


def new_key(folder, name):
    path = os.path.join(folder, name + ".identity")
    code, out, err = run("key", "--new", path)
    assert code == 0, err
    return path, out.strip()


class Sealed(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(TYET)
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.folder = self.lab.folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def join(self, *args, group="lab", ordering="total", env=None):
        return run("cat", "--group", group, "--ordering", ordering, "--timeout", "8000", "--json", *args, env=env)

    def secret(self):
        return {"TYET_SECRET_FILE": self.lab.secret}

    def unharmed(self, cats):
        """The group goes on as if nothing had been."""
        for cat in cats:
            cat.write("after all this, %s" % cat.name)
        self.lab.have_all(cats, ["after all this, %s" % c.name for c in cats])
        self.lab.close(cats)
        self.lab.agree(cats)

    # The network secret.

    def test_members_of_one_secret(self):
        self.unharmed(self.lab.group_of(["a", "b", "c"]))

    def test_wrong_secret(self):
        a = self.lab.found("a")
        write_secret(self.path("other"))
        code, out, err = self.join("--contact", a.address, "--secret-file", self.path("other"))
        self.assertEqual(code, 1, err)
        self.assertIn("do not have the same network secret", err)
        self.assertNotIn('"view"', out)
        self.unharmed([a])

    def test_no_secret(self):
        a = self.lab.found("a")
        code, _, err = self.join("--contact", a.address)
        self.assertEqual(code, BAD_USAGE, err)
        self.assertIn("No network secret was given", err)
        self.unharmed([a])

    def test_plain_and_sealed(self):
        a = self.lab.found("a")
        code, _, err = self.join("--contact", a.address, "--plain")
        self.assertEqual(code, 1, err)
        self.assertIn("wants its connections sealed", err)
        b = self.lab.start("b", "--found", "--plain", group="clear")
        self.lab.wait(lambda: b.view is not None, "b has founded", [b])
        code, _, err = self.join("--contact", b.address, group="clear", env=self.secret())
        self.assertEqual(code, 1, err)
        self.assertIn("does not seal its connections", err)
        self.lab.close([b])
        self.unharmed([a])

    def test_plain_stays_at_home(self):
        code, _, err = run("cat", "--group", "g", "--ordering", "total", "--plain", "--found", "--listen",
                           "tcp://192.0.2.77:0")
        self.assertEqual(code, BAD_USAGE, err)
        self.assertIn("clear text", err)
        code, _, err = self.join("--plain", "--contact", "tcp://192.0.2.77:7001")
        self.assertEqual(code, 1, err)
        self.assertIn("clear text, which does not leave this one", err)

    def test_passphrase(self):
        for name in "a", "b":
            with open(self.path(name), "w", encoding="utf-8") as f:
                f.write("tyet-secret 1\npassphrase correct horse battery staple\n")
            os.chmod(self.path(name), 0o600)
        a = self.lab.found("a", "--secret-file", self.path("a"))
        b = self.lab.join("b", a, "--secret-file", self.path("b"))
        self.lab.settle([a, b])
        self.unharmed([a, b])

    def test_secret_in_the_environment(self):
        with open(self.lab.secret, encoding="ascii") as f:
            text = f.read().split()[3]
        a = self.lab.found("a")
        code, out, err = self.join("--contact", a.address, env={"TYET_SECRET": text})
        self.assertEqual(code, 0, err)
        self.assertIn('"view"', out)
        code, _, err = self.join("--contact", a.address, env={"TYET_SECRET": text[:-1]})
        self.assertEqual(code, BAD_USAGE, err)
        self.assertNotIn(text[:-1], err)
        self.unharmed([a])

    # Files.

    def test_files_that_others_can_read(self):
        key, _ = new_key(self.folder, "k")
        ticket = self.path("ticket")
        with open(ticket, "w", encoding="ascii") as f:
            f.write("tyet1.x\n")
        for mode in 0o640, 0o604, 0o660:
            for option, path in ("--secret-file", self.lab.secret), ("--identity", key), ("--ticket-file", ticket):
                with self.subTest(option, mode=oct(mode)):
                    os.chmod(path, mode)
                    how = ["--contact", "tcp://127.0.0.1:1"] if option != "--ticket-file" else []
                    code, _, err = self.join(option, path, *how)
                    self.assertEqual(code, BAD_USAGE, err)
                    self.assertIn("others than its owner can get at it", err)
                    self.assertIn(path, err)
                    os.chmod(path, 0o600)

    def test_key_command(self):
        path, public = new_key(self.folder, "k")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(run("key", path), (0, public + "\n", ""))
        code, _, err = run("key", "--new", path)
        self.assertEqual(code, BAD_USAGE)
        self.assertIn("there is such a file already", err)
        code, out, err = run("key", "--new-secret", self.path("s"))
        self.assertEqual((code, out), (0, ""), err)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("s")).st_mode), 0o600)
        code, out, err = run("key", "--new", self.path("k1"), "--new", self.path("k2"))
        self.assertEqual((code, [line.split("  ")[1] for line in out.splitlines()]),
                         (0, [self.path("k1"), self.path("k2")]), err)
        self.assertEqual(run("key", self.path("k1"), self.path("k2")), (0, out, ""))
        self.assertEqual(run("key")[0], BAD_USAGE)
        self.assertEqual(run("key", self.path("nothing"))[0], BAD_USAGE)
        code, _, err = run("key", "--new", "-")
        self.assertEqual(code, BAD_USAGE)
        self.assertIn("- is standard input", err)

    def test_standard_input_is_read_once(self):
        how = ["--contact", "tcp://127.0.0.1:1"]
        code, _, err = self.join("--secret-file", "-", "--identity", "-", *how)
        self.assertEqual(code, BAD_USAGE)
        self.assertIn("Only one of", err)
        code, _, err = self.join("--secret-file", self.lab.secret, "--admit", "-", *how)
        self.assertEqual(code, BAD_USAGE)
        self.assertIn("has to be a file, that can be read again", err)

    # Tickets.

    def founder(self):
        """One that is given no secret, since what is set to nothing is none: it makes one, and a ticket."""
        clean = self.lab.environment
        self.lab.environment = lambda: dict(clean(), TYET_SECRET_FILE="", TYET_SECRET="")
        a = self.lab.found("a")
        self.lab.environment = clean
        return a, a.of("listening")[0]["ticket"]

    def test_ticket(self):
        a, ticket = self.founder()
        path = self.path("ticket")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
            f.write(ticket + "\n")
        b = self.lab.start("b", "--ticket-file", path)
        self.lab.settle([a, b])
        code, out, err = self.join("--name", "c", "--ticket-file", "-")
        self.assertEqual(code, BAD_USAGE, err)
        c = self.lab.start("c", "--ticket-file", "-")
        c.write(ticket, "said after the ticket")
        c.written.remove(ticket)
        self.lab.settle([a, b, c])
        self.lab.have_all([a, b, c], ["said after the ticket"])
        self.assertNotIn("ticket", b.of("listening")[0])
        self.unharmed([a, b, c])

    def test_ticket_on_the_command_line(self):
        a, ticket = self.founder()
        code, _, err = self.join("--contact", ticket)
        self.assertEqual(code, BAD_USAGE, err)
        self.assertIn("--ticket-file", err)
        self.assertNotIn(ticket, err)
        self.unharmed([a])

    def test_ticket_of_somebody_else(self):
        """The address and the secret are right; the key is another process's."""
        a, ticket = self.founder()
        raw = bytearray(base64.urlsafe_b64decode(ticket[6:] + "=" * (-len(ticket[6:]) % 4)))
        raw[0] ^= 1
        raw[-8:] = hashlib.blake2b(b"tyet1." + raw[:-8], digest_size=32).digest()[:8]
        forged = "tyet1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")
        damaged = ticket[:-6] + ("A" if ticket[-6] != "A" else "B") + ticket[-5:]
        for text, code, why in (forged, 1, "another key than the ticket says"), (damaged, BAD_USAGE, "damaged"):
            got, _, err = run("cat", "--group", "lab", "--ordering", "total", "--ticket-file", "-", text=text + "\n")
            self.assertEqual(got, code, err)
            self.assertIn(why, err)
        self.unharmed([a])

    # A group's own.

    def test_group_secret(self):
        for name in "mine", "theirs":
            write_secret(self.path(name))
        a = self.lab.found("a", "--group-secret-file", self.path("mine"))
        b = self.lab.join("b", a, "--group-secret-file", self.path("mine"))
        self.lab.settle([a, b])
        for args in [], ["--group-secret-file", self.path("theirs")]:
            code, out, err = self.join("--contact", a.address, *args, env=self.secret())
            self.assertEqual(code, 1, err)
            self.assertIn("this process is not admitted to the group", err)
            # Not even how the group is ordered, or who is in it.
            code, out, again = self.join("--contact", b.address, *args, ordering="fifo", env=self.secret())
            self.assertIn("this process is not admitted to the group", again)
            self.assertNotIn("total", again)
            self.assertNotIn(a.address, again)
        self.unharmed([a, b])

    def test_group_without_the_secret(self):
        """Who has the group's secret comes into no group of that name that does not know it."""
        write_secret(self.path("mine"))
        a = self.lab.found("a")
        code, _, err = self.join("--contact", a.address, "--group-secret-file", self.path("mine"), "--timeout", "1000",
                                 env=self.secret())
        self.assertEqual(code, 1, err)
        self.assertIn("does not prove that it knows the group's secret", err)
        self.unharmed([a])

    def test_wrong_group(self):
        a = self.lab.found("a")
        code, _, err = self.join("--contact", a.address, group="other", env=self.secret())
        self.assertEqual(code, 1, err)
        self.assertIn("is in no group", err)
        self.unharmed([a])

    def admitted(self, names):
        """A group with a list, and the list."""
        keys = {name: new_key(self.folder, name) for name in names}
        path = self.path("admit")
        write_list(path, keys, names)
        cats = []
        for name in names:
            args = ["--identity", keys[name][0], "--admit", path]
            cats.append(self.lab.join(name, cats[0], *args) if cats else self.lab.found(name, *args))
            self.lab.settle(cats)
        return cats, keys, path

    def test_unknown_key(self):
        cats, _, path = self.admitted(["a", "b"])
        stranger, _ = new_key(self.folder, "x")
        for args in [], ["--identity", stranger]:
            code, _, err = self.join("--contact", cats[0].address, *args, env=self.secret())
            self.assertEqual(code, 1, err)
            self.assertIn("this process is not admitted to the group", err)
        self.assertTrue(os.path.exists(path))
        self.unharmed(cats)

    def revoke(self, who, told):
        cats, keys, path = self.admitted(["a", "b", "c"])
        out = next(c for c in cats if c.name == who)
        stay = [c for c in cats if c is not out]
        write_list(path, keys, [c.name for c in stay])
        for cat in cats:
            if cat.name in told:
                cat.signal(signal.SIGHUP)
        self.lab.settle(stay)
        left = [e for e in stay[0].of("view") if e.get("left")]
        self.assertIn("revoked", str(left[-1]))
        self.lab.wait(lambda: out.of("excluded"), "%s is excluded" % who)
        self.assertIn("key", out.of("excluded")[0]["why"])
        code, _, err = self.join("--contact", stay[0].address, "--name", "again", "--identity", keys[who][0],
                                 env=self.secret())
        self.assertEqual(code, 1, err)
        self.assertIn("this process is not admitted to the group", err)
        self.unharmed(stay)

    def test_revoked_key(self):
        self.revoke("c", "abc")

    def test_revoked_by_one(self):
        self.revoke("b", "c")

    def test_revoked_oldest(self):
        self.revoke("a", "b")

    def test_newcomer_admits_nobody(self):
        cats, keys, path = self.admitted(["a", "b"])
        keys["c"] = new_key(self.folder, "c")
        write_list(path, keys, "abc")
        for cat in cats:
            cat.signal(signal.SIGHUP)
        write_list(self.path("narrow"), keys, "c")
        for more in [], ["--state"]:
            views = [len(c.of("view")) for c in cats]
            code, _, err = self.join("--contact", cats[0].address, "--name", "c", "--identity", keys["c"][0],
                                     "--admit", self.path("narrow"), *more, env=self.secret())
            self.assertEqual(code, 1, err)
            self.assertIn("not on this process's own list", err)
            for cat in cats:
                self.assertIn("%s at %s" % (cat.name, cat.address), err)
            self.assertEqual([len(c.of("view")) for c in cats], views)
        self.unharmed(cats)

    def test_two_bar_each_other(self):
        """One goes, whose word came too late, or both stay: the group goes on."""
        keys = {name: new_key(self.folder, name) for name in "ab"}
        cats = []
        for name in "ab":
            write_list(self.path(name), keys, "ab")
            args = ["--identity", keys[name][0], "--admit", self.path(name)]
            cats.append(self.lab.join(name, cats[0], *args) if cats else self.lab.found(name, *args))
            self.lab.settle(cats)
        for cat in cats:
            write_list(self.path(cat.name), keys, [cat.name])
            cat.signal(signal.SIGHUP)
        self.lab.wait(lambda: any(c.of("excluded") for c in cats) or all("mend the lists" in c.stderr() for c in cats),
                      "it shows")
        stay = [c for c in cats if not c.of("excluded")]
        self.assertTrue(stay)
        self.unharmed(stay)

    def test_list_that_cannot_be_read(self):
        cats, _, path = self.admitted(["a", "b"])
        with open(path, "a", encoding="ascii") as f:
            f.write("no key\n")
        cats[0].signal(signal.SIGHUP)
        self.lab.wait(lambda: "line 4" in cats[0].stderr(), "a complains", cats)
        self.assertIn("the list before it stays", cats[0].stderr())
        self.unharmed(cats)

    # New secrets.

    def rekey(self, by, cats):
        """Until new secrets hold at all of them."""
        before = {c: len(c.of("rekeyed")) for c in cats}
        by.signal(signal.SIGUSR1)
        self.lab.wait(lambda: all(len(c.of("rekeyed")) > before[c] for c in cats), "new secrets hold", cats)

    def test_rekey(self):
        cats = self.lab.group_of(["a", "b", "c"])
        self.lab.talk(cats)
        for by in cats + cats:
            self.rekey(by, cats)
            self.lab.more(cats, 50)
        self.lab.hush()
        code, _, err = self.join("--contact", cats[0].address, env=self.secret())
        self.assertEqual(code, 1, err)
        self.assertIn("do not have the same network secret", err)
        self.assertEqual({str(c.of("view")[-1]["members"]) for c in cats}, {str(cats[0].members)})
        self.unharmed(cats)

    def test_new_secret_comes_with_a_ticket(self):
        """As at founding: at whoever asked, and whoever gave one before, and nobody else."""
        a, former = self.founder()
        path = self.path("ticket")
        write_private(path, former + "\n")
        cats = [a] + [self.lab.start(name, "--ticket-file", path) for name in "bc"]
        self.lab.settle(cats)
        self.rekey(cats[1], cats)
        given = [c.of("rekeyed")[-1].get("ticket") for c in cats]
        self.assertIsNone(given[2])
        for i, ticket in enumerate(given[:2]):
            with self.subTest(cats[i].name):
                d = self.lab.start("d%d" % i, "--ticket-file", "-")
                d.write(ticket)
                d.written.remove(ticket)
                cats.append(d)
                self.lab.settle(cats)
        code, _, err = run("cat", "--group", "lab", "--ordering", "total", "--ticket-file", "-", text=former + "\n")
        self.assertEqual(code, 1, err)
        self.assertIn("do not have the same network secret", err)
        self.unharmed(cats)

    def test_rekey_of_the_group(self):
        write_secret(self.path("mine"))
        cats = self.lab.group_of(["a", "b"], "--group-secret-file", self.path("mine"))
        self.rekey(cats[1], cats)
        self.unharmed(cats)

    def test_rekey_with_a_death_in_the_middle(self):
        """The one who asks, the oldest and another: killed a moment after."""
        for who in "abc":
            with self.subTest(who), Lab(TYET) as lab:
                cats = lab.group_of(["a", "b", "c", "d"], "--suspect-after", "2000")
                lab.talk(cats)
                lab.more(cats, 20)
                cats[1].signal(signal.SIGUSR1)
                victim = next(c for c in cats if c.name == who)
                victim.kill()
                stay = [c for c in cats if c is not victim]
                lab.settle(stay)
                lab.more(stay, 50)
                if who == "b":
                    stay[0].signal(signal.SIGUSR1)
                lab.wait(lambda: all(c.of("rekeyed") for c in stay), "new secrets hold", stay)
                lab.more(stay, 50)
                lab.hush()
                lab.close(stay)
                lab.agree()

    # Secrets are nowhere.

    def test_nothing_is_told(self):
        with open(self.lab.secret, encoding="ascii") as f:
            secret = f.read().split()[3]
        key, _ = new_key(self.folder, "k")
        with open(key, encoding="ascii") as f:
            own = f.read().split("secret ")[1].strip()
        lab = self.lab
        clean = lab.environment
        lab.environment = lambda: dict(clean(), G_MESSAGES_DEBUG="all")
        a = lab.found("a", "--identity", key)
        b = lab.join("b", a)
        lab.settle([a, b])
        a.write("something said")
        lab.have_all([a, b], ["something said"])
        write_secret(self.path("other"))
        self.join("--contact", a.address, "--secret-file", self.path("other"), env={"G_MESSAGES_DEBUG": "all"})
        for cat in a, b:
            with open("/proc/%d/cmdline" % cat.process.pid, "rb") as f:
                said = f.read().decode()
            said += cat.stderr() + str(cat.events)
            with open(cat.path, encoding="utf-8") as f:
                said += f.read()
            for word in secret, own:
                self.assertNotIn(word, said)
        self.unharmed([a, b])


def write_private(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(text)


def write_list(path, keys, names):
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write("# who is admitted\n")
        f.writelines("%s  %s\n" % (keys[n][1], n) for n in names)
    os.replace(path + ".new", path)


if __name__ == "__main__":
    tap.main()
