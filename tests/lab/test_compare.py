#!/usr/bin/env python3
"""test_compare.py TYET TYET-LAMPORT SCENES: what `tyet compare` says is what happened; wrong usage is named. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
import xml.dom.minidom

TYET, LAMPORT, SCENES = sys.argv[1:4]

ONE = """processes a b
delays 1ms
turns 10us to 10us
at 10ms, a sends m1 of 100 bytes
settle
expect all have m1
"""
RAIN = """processes a b c
delays 200us to 8ms
at 10ms, traffic every 2ms of 40 bytes
at 60ms, crash c
at 90ms, traffic stops
settle
"""


def run(*args, tyet=TYET):
    done = subprocess.run([tyet, "compare", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def sides(*args, tyet=TYET):
    status, out, errors = run("--json", *args, tyet=tyet)
    assert status == 0, errors
    return {side["name"]: side for side in json.loads(out)["sides"]}


class Folder:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def scene(self, text):
        with open(self.path("t.scene"), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path("t.scene")


def times():
    """Latencies are what the network's delays make of them"""
    with Folder() as t:
        by = sides(t.scene(ONE))
    assert list(by) == ["fifo", "causal", "total", "total/safe"], list(by)
    for name, hops in (("fifo", 1), ("causal", 1), ("total", 1), ("total/safe", 1)):
        assert by[name]["messages"] == 1 and by[name]["deliveries"] == 1, by[name]
        took = by[name]["latency_us"]
        assert hops * 1000 <= took["mean"] <= hops * 1000 + 100 or name == "total/safe", (name, took)
        assert took["p50"] == took["p99"] == took["worst"], took
    assert by["fifo"]["held_us"]["n"] == 0
    assert by["fifo"]["wire"]["data"]["packets"] == 1 and by["fifo"]["wire"]["data"]["bytes"] > 100
    assert by["fifo"]["wire"]["ordering"]["packets"] == 0 < by["total"]["wire"]["ordering"]["packets"]
    # The sender itself waits for the other's acknowledgement: there and back.
    assert 2000 <= by["total/safe"]["own_us"]["mean"] <= 2200, by["total/safe"]["own_us"]


def anomalies():
    """Anomalies are counted and named, where there are some"""
    by = sides(os.path.join(SCENES, "question-fifo.scene"))
    assert by["fifo"]["causal_violations"] == 1
    assert by["fifo"]["causal_first"] == "causal violation at c: answer before question", by["fifo"]["causal_first"]
    for name in ("causal", "total", "total/safe"):
        assert by[name]["causal_violations"] == 0 and "causal_first" not in by[name], by[name]
    assert by["fifo"]["kept"] == by["fifo"]["expected"] == 3 and by["causal"]["kept"] == 2
    by = sides(os.path.join(SCENES, "bank-causal.scene"))
    assert by["causal"]["causal_violations"] == 0 < by["causal"]["order_differences"]
    assert by["total"]["order_differences"] == 0 and by["total"]["held_us"]["n"] > 0


def seeds():
    """Many seeds add up, and the first is the scene alone; the same again is the same"""
    with Folder() as t:
        scene = t.scene(RAIN)
        one, many, again = sides(scene), sides("--seeds", "6", scene), sides("--seeds", "6", scene)
    for name, side in many.items():
        assert side["seeds"] == 6 and side["messages"] > 4 * one[name]["messages"], name
        assert side["latency_us"]["worst"] >= one[name]["latency_us"]["worst"], name
        assert side["views"] == 6 and side["still_us"]["n"] > 0, side
    assert many == again
    assert many["causal"]["causal_violations"] == 0 < many["fifo"]["causal_violations"]
    assert many["total"]["order_differences"] == 0 < many["causal"]["order_differences"]


def registered():
    """An ordering that the program registered takes part by its name"""
    with Folder() as t:
        by = sides("--orderings", "total,lamport", t.scene(RAIN), tyet=LAMPORT)
    assert by["lamport"]["order_differences"] == by["lamport"]["causal_violations"] == 0
    assert by["lamport"]["wire"]["ordering"]["packets"] > by["total"]["wire"]["ordering"]["packets"] > 0


def words():
    """The words name what was measured, and which to choose"""
    _, out, _ = run(os.path.join(SCENES, "question-fifo.scene"))
    flat = " ".join(out.split())
    assert "fifo: causal violation at c: answer before question" in flat, out
    assert "Under fifo a message was delivered before one that it follows from" in flat, out
    for name, when in (("fifo", "have nothing to do with each other"), ("causal", "must not come before its question"),
                       ("total", "must act in the same order"), ("total/safe", "nobody may contradict later")):
        begins = re.search(r" %s [\d.]+ ms from send to delivery, " % name, flat)
        assert begins and when in flat[begins.end():].split("Choose it ")[1], (name, out)
    advice = json.loads(run("--json", os.path.join(SCENES, "question-fifo.scene"))[1])["advice"]
    assert [a["name"] for a in advice] == ["fifo", "causal", "total", "total/safe"]
    assert "the least here" in advice[0]["cost"] and "times as much as fifo" in advice[3]["cost"], advice
    with Folder() as t:
        _, out, _ = run("--orderings", "fifo", t.scene(ONE))
        assert "none of these will do" in " ".join(out.split()), out
        _, out, _ = run(t.scene("processes a\nat 1ms, a sends m1\n"))
        assert "nothing to compare" in out, out


def narrow():
    """What it prints is as wide as there is room for, and holds the same figures"""
    scene = os.path.join(SCENES, "question-fifo.scene")

    def figures(**environment):
        done = subprocess.run([TYET, "compare", scene], stdout=subprocess.PIPE, timeout=120, check=True,
                              env={**os.environ, **environment})
        lines = done.stdout.decode().split("\n")
        return max(map(len, lines)), {word.rstrip(",") for word in " ".join(lines).split()}
    widest, wanted = figures(COLUMNS="")
    assert widest == 107, widest
    for width in (40, 60, 80, 120):
        widest, words_there = figures(COLUMNS=str(width))
        assert widest <= width, (width, widest)
        assert wanted - words_there == set(), (width, wanted - words_there)


def progress():
    """Long work says how far it is; into a file it writes no lines over each other"""
    _, _, errors = run("--real", "--members", "2", "--sizes", "10,20", "--seconds", "0.05", "--orderings", "fifo")
    assert "\r" not in errors, errors
    ours, theirs = pty.openpty()
    done = subprocess.run([TYET, "compare", "--seeds", "40", os.path.join(SCENES, "question-fifo.scene")],
                          stdout=subprocess.DEVNULL, stderr=theirs, timeout=120, check=False)
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0 and "1 of 160 runs: fifo, seed " in said and said.endswith("\r"), (done, said)


def own():
    """What a scene expects is expected of its own ordering; under another it may differ, and that is no failure"""
    scene = os.path.join(SCENES, "question-causal.scene")
    status, out, errors = run(scene)
    assert status == 0, errors
    assert 'fifo: differs here: "question before answer at all" does not hold, as it does under causal' in out, out
    assert re.search(r"expectations of the scene +1 differ +2 of 2 +0 differ +0 differ", out), out
    by = sides(scene)
    assert by["causal"]["own"] and not by["fifo"]["own"] and not by["total/safe"]["own"]
    with Folder() as t:
        status, out, _ = run(t.scene(ONE.replace("all have m1", "b lacks m1")))
        assert status == 1 and "total: expected, and not so: b lacks m1" in out, (status, out)
        status, out, _ = run("--orderings", "fifo,causal", t.scene(ONE.replace("all have m1", "b lacks m1")))
        assert status == 0 and "fifo: differs here" in out, (status, out)


def page():
    """The page holds everything and fetches nothing; the diagrams are well-formed"""
    with Folder() as t:
        scene, html, svg = t.scene(RAIN), t.path("c.html"), t.path("c.svg")
        status, _, errors = run("--seeds", "3", "--html", html, "--svg", svg, scene)
        assert status == 0, errors
        with open(html, encoding="utf-8") as f:
            text = f.read()
        for what in ("fifo", "causal", "total/safe", "<table", "From send to delivery", "Pairs of messages"):
            assert what in text, what
        # Links in comments and names of namespaces fetch nothing.
        assert not re.search(r'(?:src|href)="(?!#|data:)', text) and "@import" not in text
        plots = re.findall(r'<svg class="plot".*?</svg>', text, re.S)
        assert len(plots) == 5, len(plots)
        for plot in plots:
            xml.dom.minidom.parseString(plot)
        xml.dom.minidom.parse(svg)


def early():
    """What cannot be written, and what is wrong, is found out before anything is played"""
    with Folder() as t:
        scene = t.scene(RAIN)
        for args, what in ((("--html", t.path("no/such/c.html")), "c.html"), (("--orderings", "fifo,best"), "best")):
            started = time.monotonic()
            status, out, errors = run("--seeds", "100000", *args, scene)  # hours
            assert status == 2 and out == "" and what in errors, (status, errors)
            assert time.monotonic() - started < 60


def wrong():
    """Wrong usage is named, with exit status 2"""
    with Folder() as t:
        scene = t.scene(ONE)
        broken = t.path("broken.scene")
        with open(broken, "w", encoding="utf-8") as f:
            f.write("processes a b\nat 1ms, x sends m1\n")
        cases = [
            (("--orderings", "fifo,best", scene), 'no ordering "best"; there are fifo, causal, total'),
            (("--orderings", "fifo,fifo", scene), "twice"),
            (("--orderings", "", scene), "there is none"),
            (("--orderings", "fifo,", scene), 'comma in "fifo,"'),
            (("--orderings", ",,", scene), 'comma in ",,"'),
            (("--orderings", "fifo/safe", scene), "does not offer the service safe"),
            (("--orderings", "total/best", scene), 'no service "best"'),
            (("--seeds", "0", scene), "from 1 to"),
            (("--seeds", "-3", scene), "from 1 to"),
            (("--seeds", "1000000000000", scene), "from 1 to"),
            (("--seeds", "many", scene), "many"),
            ((t.path("none.scene"),), "none.scene"),
            ((broken,), "broken.scene:2:9:"),
            ((), "no scene is named"),
            ((scene, scene), "one scene at a time"),
            (("--html", t.path("no/such/folder.html"), scene), "folder.html"),
            (("--svg", t.path("no/such/folder.svg"), scene), "folder.svg"),
            (("--html", t.path("c"), "--svg", t.path("c"), scene), "named twice"),
            (("--html", "", scene), "the name is empty"),
            (("--html", os.path.dirname(scene), scene), "directory"),
            (("--real", "--html", t.path("no/such/folder.html")), "folder.html"),
            (("--real", "--control"), "--real goes with"),
            (("--real", scene), "--real takes no scene"),
            (("--real", "--seeds", "3"), "--real goes with"),
            (("--real", "--members", "0"), "--members"),
            (("--real", "--members", "1000"), "--members"),
            (("--real", "--sizes", "99999999999"), "--sizes"),
            (("--real", "--sizes", "1,x"), "--sizes"),
            (("--real", "--seconds", "-1"), "--seconds"),
            (("--real", "--seconds", "0"), "--seconds"),
            (("--real", "--orderings", "fifo,best"), 'no ordering "best"'),
            (("--sizes", "10", scene), "--real only"),
            (("--frobnicate", scene), "frobnicate"),
        ]
        for args, what in cases:
            status, _, errors = run(*args)
            assert status == 2 and what in errors, (args, status, errors)
            assert "Try --help." in errors or "scene" in what or "folder" in what or "director" in what \
                or "named twice" in what or "empty" in what, (args, errors)


def as_run():
    """Under its own ordering a scene is what `tyet run` makes of it: what is refused there is refused here"""
    for head in ("ordering fifo\n", "group orders fifo\n"):
        for expected, status in (("message m refused", 0), ("b has m", 1)):
            with Folder() as t:
                scene = t.scene(head + "processes a b\nat 10ms, a sends m as safe\na sends n\nsettle\nexpect b has n\n"
                                "expect %s\n" % expected)
                played = subprocess.run([TYET, "run", scene], stdout=subprocess.PIPE, check=False)
                compared, out, errors = run("--json", scene)
            assert played.returncode == compared == status, (head, expected, played.returncode, compared, errors)
            by = {side["name"]: side for side in json.loads(out)["sides"]}
            assert by["fifo"]["expected"] == 2 and by["fifo"]["kept"] == 2 - status, by["fifo"]
            assert by["total"]["kept"] == 1 + status and by["total"]["messages"] == 2, by["total"]


def main():
    checks = [times, anomalies, seeds, registered, words, narrow, progress, own, as_run, page, early, wrong]
    print("1..%d" % len(checks))
    bad = 0
    for n, check in enumerate(checks, 1):
        try:
            check()
            print("ok %d - %s" % (n, check.__doc__))
        except AssertionError as error:
            bad += 1
            print("not ok %d - %s\n# %s" % (n, check.__doc__, str(error).replace("\n", "\n# ")))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
