#!/usr/bin/env python3
"""test_capture.py TYET: what somebody sees who records every packet of a group that talks.

In a network of their own (a namespace, made here, so that nothing else is recorded) three members talk over loopback,
one after another enters, the founder dies. Sealed, eight bytes of a message, of the group's name, of a member's name
or of the secret are nowhere in what passed. As the control, the same in the clear: there all of them are.

Needs root; elsewhere the cases are skipped.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import base64
import collections
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import unittest

import tap
from cats import Lab

TYET = os.path.abspath(sys.argv.pop(1))
os.environ["TYET_SHM"] = "0"  # what passes through memory is in no packet
ETH_P_ALL = 3
SO_RCVBUFFORCE, SOL_PACKET, PACKET_STATISTICS = 33, 263, 6  # which Python has no names for
PIECE = 8  # so many bytes of a text in a row are a trace of it
NAMES = ["alice-of-the-cellar", "bertha-of-the-attic", "conrad-of-the-hall"]
GROUP = "they-who-talk-in-private"


class Recorder:
    """Everything that passes loopback of this network namespace, from now on."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 * 1024 * 1024)
        self.socket.bind(("lo", 0))
        self.packets, self.last = [], None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            packet, about = self.socket.recvfrom(1 << 17)
            if about[2] == socket.PACKET_OUTGOING:
                continue  # on loopback everything is seen twice
            if self.last is not None and packet.endswith(self.last):
                return
            self.packets.append(packet)

    def stop(self):
        """Until a packet that is sent now has come: all before it have."""
        self.last = os.urandom(32)
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.sendto(self.last, ("127.0.0.1", 9))
        out.close()
        self.thread.join(60)
        lost = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        self.socket.close()
        if self.thread.is_alive() or lost:
            raise AssertionError("the recorder has lost %d packets" % lost)

    def streams(self):
        """What each end of each connection said, in order and once, and every packet as it was."""
        parts = collections.defaultdict(dict)
        for packet in self.packets:
            ip = packet[14:]
            if ip[0] >> 4 != 4 or ip[9] != socket.IPPROTO_TCP:
                continue
            ip = ip[:struct.unpack(">H", ip[2:4])[0] or len(ip)]
            tcp = ip[(ip[0] & 15) * 4:]
            data = tcp[(tcp[12] >> 4) * 4:]
            if data:
                parts[ip[12:20] + tcp[:4]][struct.unpack(">I", tcp[4:8])[0]] = data
        return [b"".join(data for _, data in sorted(by_number.items())) for by_number in parts.values()]


def pieces(text):
    text = text if isinstance(text, bytes) else text.encode()
    return {text[i:i + PIECE] for i in range(len(text) - PIECE + 1)}


def traces(streams, wanted):
    """Those of the pieces that occur somewhere."""
    found = set()
    for stream in streams:
        for i in range(len(stream) - PIECE + 1):
            piece = stream[i:i + PIECE]
            if piece in wanted:
                found.add(piece)
    return found


class Captures(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("recording packets needs root")

    def play(self, plain):
        """The recorder's streams, and what was said."""
        with Lab(TYET, "total", group=GROUP, plain=plain) as lab:
            recorder = Recorder()
            cats = lab.group_of(NAMES)
            lines = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=100 + 300 * i)) for i in range(9)]
            for i, line in enumerate(lines):
                cats[i % 3].write(line)
            lab.have_all(cats, lines)
            cats[0].kill()
            lab.settle(cats[1:])
            lines.append("".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=70000)))
            cats[1].write(lines[-1])
            lab.have_all(cats[1:], lines[-1:])
            lab.close(cats[1:])
            recorder.stop()
            with open(lab.secret, encoding="ascii") as f:
                secret = f.read().split()[-1]
        streams = recorder.streams()
        self.assertGreater(sum(map(len, streams)), 70000 if plain else 80000)
        return streams, lines, secret

    def test_sealed(self):
        streams, lines, secret = self.play(False)
        wanted = set().union(*map(pieces, lines + NAMES + [GROUP, secret, "127.0.0.1:"]))
        wanted |= pieces(base64.urlsafe_b64decode(secret + "="))
        self.assertEqual(traces(streams, wanted), set())

    def test_in_the_clear(self):
        streams, lines, _ = self.play(True)
        for text in lines + NAMES + [GROUP]:
            wanted = pieces(text)
            # What crosses the border of a frame is in two parts.
            self.assertGreater(len(traces(streams, wanted)), len(wanted) * 0.99, text[:40])


def main():
    """Once more, in a network of its own."""
    if os.geteuid() == 0 and "TYET_CAPTURE" not in os.environ:
        done = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
        if done.returncode != 0:
            print("1..0 # SKIP network namespaces cannot be used here")
            sys.exit(0)
        os.environ["TYET_CAPTURE"] = "inside"
        os.execvp("unshare", ["unshare", "--net", sys.executable, os.path.abspath(__file__), TYET, *sys.argv[1:]])
    if "TYET_CAPTURE" in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap.main()


if __name__ == "__main__":
    main()
