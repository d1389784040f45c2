#!/usr/bin/env python3
"""test_exports.py TYET SOURCE: what is written for ShiViz and for Wireshark is what these read. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import glob
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TYET, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
LUA = os.path.join(SOURCE, "examples", "lab", "wireshark", "tyet.lua")
SCENES = sorted(glob.glob(os.path.join(SOURCE, "examples", "scenes", "*.scene")))


class Skip(Exception):
    pass


def run(*args):
    done = subprocess.run([TYET, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_log(text):
    """The rules of ShiViz's log format"""
    regex, delimiter, log = text.split("\n", 2)
    assert delimiter == ""
    # Its named groups are those of JavaScript.
    pattern = re.compile(regex.replace("(?<", "(?P<"))
    events, at = [], 0
    while at < len(log):
        match = pattern.match(log, at)
        assert match, "not read: " + log[at:at + 80]
        events.append((match["host"], json.loads(match["clock"]), match["event"]))
        at = match.end() + 1
    last = {}
    for host, clock, _ in events:
        assert clock[host] == last.get(host, {}).get(host, 0) + 1, "one more with each event of a host"
        for name, value in last.get(host, {}).items():
            assert clock[name] >= value, "no entry goes back"
        for name, value in clock.items():
            assert name == host or value <= last[name][name], "nothing is known before it happened"
        last[host] = clock
    return events


def shiviz(folder):
    """A log for ShiViz reads by its own rules, and says who knew what"""
    path = os.path.join(folder, "log")
    for scene in SCENES:
        status, _, errors = run("run", "--shiviz", path, scene)
        assert status == 0, errors
        with open(path, encoding="utf-8") as f:
            events = check_log(f.read())
        if scene.endswith("question-fifo.scene"):
            by = {(host, event): clock for host, clock, event in events}
            sent, got = by["b", "sends answer"], by["c", "delivers answer"]
            assert got["a"] == sent["a"] and got["b"] >= sent["b"], (sent, got)
            assert by["c", "delivers question"]["c"] > got["c"]


def shiviz_of_histories(folder):
    """So does one of recorded histories"""
    history, path = os.path.join(folder, "history"), os.path.join(folder, "log")
    assert run("run", "--history", history, SCENES[0])[0] == 0
    status, _, errors = run("draw", "--shiviz", path, history)
    assert status == 0, errors
    with open(path, encoding="utf-8") as f:
        assert len(check_log(f.read())) > 10


def unwritable(_):
    """A file that cannot be written is named, with exit status 2"""
    for option in ("--shiviz", "--pcap"):
        status, _, errors = run("run", option, "/no/such/folder/file", SCENES[0])
        assert status == 2 and "/no/such/folder" in errors, (status, errors)


def tshark(*args):
    if shutil.which("tshark") is None or shutil.which("text2pcap") is None:
        raise Skip("there is no tshark here")
    done = subprocess.run(["tshark", "-X", "lua_script:" + LUA, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=120, env=dict(os.environ, LC_ALL="C.UTF-8"))
    out, errors = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0 and "Lua" not in errors and "Lua Error" not in out, errors + out[:2000]
    return out


def capture(folder):
    """Every packet is taken apart, and none is malformed"""
    path = os.path.join(folder, "pcapng")
    types = set()
    for name in ("flush", "join-with-state", "partition", "bank-total"):
        assert run("run", "--pcap", path, os.path.join(SOURCE, "examples", "scenes", name + ".scene"))[0] == 0
        rows = tshark("-r", path, "-T", "fields", "-e", "tyet_link.from", "-e", "tyet.type", "-e",
                      "_ws.expert.message").splitlines()
        cells = [row.split("\t") for row in rows]
        assert cells and all(len(row) == 3 and row[1] and not row[2] for row in cells), rows[:3]
        types.update(t for row in cells for t in row[1].split(","))
    assert {"1", "2", "3", "4", "5", "16", "17", "19", "20"} <= types, types


def fields(folder):
    """The fields are those of the wire format"""
    path = os.path.join(folder, "pcapng")
    run("run", "--pcap", path, os.path.join(SOURCE, "examples", "scenes", "question-causal.scene"))
    rows = tshark("-r", path, "-Y", "tyet.type == 1", "-T", "fields", "-e", "tyet_link.from", "-e", "tyet_link.to",
                  "-e", "tyet.first", "-e", "tyet.count", "-e", "tyet.service").splitlines()
    assert sorted(rows) == sorted("\t".join(r) for r in (("a", "b", "1", "1", "1"), ("a", "c", "1", "1", "1"),
                                                         ("b", "a", "1", "1", "1"), ("b", "c", "1", "1", "1"))), rows


def tcp(folder, stream):
    """A capture in which these bytes went over TCP."""
    text, path = os.path.join(folder, "hex"), os.path.join(folder, "tcp.pcapng")
    with open(text, "w", encoding="ascii") as f:
        f.write("000000 " + " ".join("%02x" % b for b in stream) + "\n")
    if shutil.which("text2pcap") is None:
        raise Skip("there is no tshark here")
    subprocess.run(["text2pcap", "-q", "-T", "7001,7002", text, path], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return path


def hello(sealing):
    return b"tyet\r\n\r\n" + struct.pack("<HBB4x", 1, 0, sealing) + bytes(range(16)) + bytes(16)


def connections(folder):
    """Plain connections over TCP are taken apart; of sealed ones it is said that they are"""
    flush = bytes([20]) + bytes(16) + bytes([5, 2]) + bytes(range(16)) + bytes(range(16, 32))
    record = struct.pack("<IBB2xIIQ", len(flush), 1, 0x30, 0, 1, 1) + flush
    path = tcp(folder, hello(0) + record)
    row = tshark("-r", path, "-T", "fields", "-e", "tyet.version", "-e", "tyet.frame", "-e", "tyet.type", "-e",
                 "tyet.view", "-e", "tyet.ballot.counter", "-e", "tyet.digest").strip().split("\t")
    assert row == ["1", "1", "20", "5", "2", bytes(range(16, 32)).hex()], row
    path = tcp(folder, hello(1) + bytes([255] * 60))
    assert "sealed from here on, sealed" in tshark("-r", path)


def garbage(folder):
    """Whatever bytes come, the dissector has no error of its own"""
    rng = random.Random(7)
    for _ in range(4):
        stream = hello(0)
        for _ in range(rng.randrange(4, 20)):
            body = bytes([rng.randrange(36)]) + rng.randbytes(rng.randrange(0, 90))
            stream += struct.pack("<IBB2xIIQ", len(body), rng.randrange(4), 0x30, 0, 1, 1) + body
        tshark("-V", "-r", tcp(folder, stream[:1400]))


def main():
    checks = [shiviz, shiviz_of_histories, unwritable, capture, fields, connections, garbage]
    print("1..%d" % len(checks))
    bad = 0
    for n, check in enumerate(checks, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(folder)
                print("ok %d - %s" % (n, check.__doc__))
            except Skip as why:
                print("ok %d - %s # SKIP %s" % (n, check.__doc__, why))
            except AssertionError as error:
                bad += 1
                print("not ok %d - %s\n# %s" % (n, check.__doc__, str(error).replace("\n", "\n# ")))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
