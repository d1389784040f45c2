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


def tcp(folder, *segments):
    """A capture in which these bytes went over TCP, one way, in so many segments."""
    text, path = os.path.join(folder, "hex"), os.path.join(folder, "tcp.pcapng")
    with open(text, "w", encoding="ascii") as f:
        for segment in segments:
            f.write("000000 " + " ".join("%02x" % b for b in segment) + "\n")
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


def types():
    """By name, their numbers: of core/packet.h"""
    with open(os.path.join(SOURCE, "core", "packet.h"), encoding="utf-8") as f:
        return {name: int(n) for name, n in re.findall(r"TY_PACKET_(\w+) = (\d+)", f.read()) if n != "0"}


def names(_):
    """The dissector knows every type of packet, by its name; so does the table of the wire format"""
    with open(LUA, encoding="utf-8") as f:
        table = re.search(r"local TYPES = \{(.*?)\}", f.read(), re.S).group(1)
    assert {name: int(n) for n, name in re.findall(r'\[(\d+)\] = "(\w+)"', table)} == types()
    with open(os.path.join(SOURCE, "doc", "wire-format.md"), encoding="utf-8") as f:
        rows = {name: int(n) for n, name in re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", f.read(), re.M)}
    assert rows == types(), rows


def every_type(folder):
    """A packet of every type, by the tables of the wire format, is taken apart to its last byte"""
    head, ballot, block = bytes(16) + bytes([5]), bytes([2]) + bytes(16), bytes([1]) + b"x"
    batch = bytes([1, 1, 0, 4 * 3 + 2]) + b"abc"
    bodies = {
        "DATA": head + batch, "ORDERING": head, "RECEIPTS": head + bytes([0, 1, 7, 3]), "ALIVE": head, "GAP": head,
        "FOUNDER": head + bytes([1]) + bytes([4]) + b"abcd",
        "JOIN": block + block, "WELCOME": block + bytes([2]) + block, "LEAVE": head + bytes([1]),
        "SUSPECT": head + bytes([0]), "GONE": head, "BEHIND": head + bytes([1]), "BARRED": head + bytes([1]),
        "REKEY": head + bytes(16), "PREPARE": head + ballot, "STATE": head + ballot + bytes([0]),
        "NACK": head + bytes([0]) + ballot, "PROPOSE": head + ballot, "FLUSH": head + ballot + bytes(16),
        "DECIDED": head, "NEED": head + ballot, "EXCLUDED": head + bytes([6]), "WANT_KEYS": head + bytes(16),
        "KEYS": head + bytes(16) + bytes([3]) + bytes(64), "TRANSFER_DATA": head + bytes([0, 9]),
        "TRANSFER_ACK": head + bytes([9]), "TRANSFER_FAILED": head + block, "TRANSFER_LOADED": head,
    }
    bodies["FORWARD"] = head + bytes([1]) + bytes([types()["DATA"]]) + bodies["DATA"]
    assert set(bodies) == set(types()), set(bodies) ^ set(types())
    records = []
    for name, body in bodies.items():
        packet = bytes([types()[name]]) + body
        records.append(struct.pack("<IBB2xIIQ", len(packet), 1, 0x30, 0, 1, 1) + packet)
    rows = tshark("-r", tcp(folder, hello(0), *records), "-T", "fields", "-e", "tyet.type", "-e", "_ws.expert.message",
                  "-e", "tyet.body", "-e", "tyet.secret", "-e", "_ws.col.Info").rstrip("\n").split("\n")
    assert len(rows) == len(bodies) + 1, rows
    for name, row in zip(bodies, [row.split("\t") for row in rows[1:]]):
        assert row[0].split(",")[0] == str(types()[name]) and row[1] == "", (name, row)
        assert row[2] == "" and name in row[4], (name, row)
        assert (row[3] != "") == (name == "KEYS"), (name, row)


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
    checks = [shiviz, shiviz_of_histories, unwritable, capture, fields, connections, names, every_type, garbage]
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
