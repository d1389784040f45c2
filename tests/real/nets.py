"""Network namespaces that stand for machines on one network, and cuts between them.

A bridge in a namespace of its own joins one namespace a machine. A cut between two machines gives each a false,
permanent hardware address for the other: frames go out and reach nobody, as over a link that is down somewhere in the
middle, with no error to either side. Only root can do any of this.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import subprocess

NOBODY = "02:00:00:00:ff:ff"


class Unavailable(Exception):
    pass


def ip(*args):
    done = subprocess.run(["ip", *args], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable("ip %s: %s" % (" ".join(args), done.stderr.strip()))


class Net:
    """So many machines, numbered from 0, at 10.77.0.1, 10.77.0.2, ..."""

    made = 0

    def __init__(self, machines):
        Net.made += 1
        base = "tyet%d-%d" % (os.getpid(), Net.made)
        self.hub = base + "-hub"
        self.names = ["%s-%d" % (base, i) for i in range(machines)]
        self.cuts = set()

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unavailable("network namespaces need root")
        try:
            self._add(self.hub)
            ip("-n", self.hub, "link", "add", "br0", "type", "bridge")
            ip("-n", self.hub, "link", "set", "br0", "up")
            for i, name in enumerate(self.names):
                self._add(name)
                ip("-n", name, "link", "set", "lo", "up")
                ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", "port%d" % i, "netns", self.hub)
                ip("-n", self.hub, "link", "set", "port%d" % i, "master", "br0", "up")
                ip("-n", name, "addr", "add", self.address(i) + "/24", "dev", "eth0")
                ip("-n", name, "link", "set", "eth0", "up")
        except (Unavailable, OSError) as problem:
            self.__exit__()
            raise Unavailable("network namespaces cannot be used here (%s)" % problem) from None
        return self

    def _add(self, name):
        ip("netns", "add", name)

    def __exit__(self, *_):
        for name in [self.hub] + self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def address(self, i):
        return "10.77.0.%d" % (i + 1)

    def prefix(self, i):
        """What goes before a command that is to run on machine i. The process keeps its id."""
        return ["ip", "netns", "exec", self.names[i]]

    def cut(self, i, j):
        for a, b in (i, j), (j, i):
            ip("-n", self.names[a], "neigh", "replace", self.address(b), "lladdr", NOBODY, "dev", "eth0",
               "nud", "permanent")
        self.cuts.add((i, j))

    def split(self, *parts):
        """Machines of different parts do not reach each other."""
        for n, part in enumerate(parts):
            for other in parts[n + 1:]:
                for i in part:
                    for j in other:
                        self.cut(i, j)

    def heal(self):
        for i, j in self.cuts:
            for a, b in (i, j), (j, i):
                ip("-n", self.names[a], "neigh", "del", self.address(b), "dev", "eth0")
        self.cuts = set()
