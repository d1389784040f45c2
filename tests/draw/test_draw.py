#!/usr/bin/env python3
"""test_draw.py TYET [--rewrite]: the timeline and the diagram of the scenes beside it, and what goes wrong. In TAP.

`--rewrite` writes the expected timelines (NAME.txt) and diagrams (NAME.svg) anew: look at them before you commit them.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import difflib
import glob
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "real"))
import tap  # noqa: E402

TYET = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
REWRITE = "--rewrite" in sys.argv
SVG = "{http://www.w3.org/2000/svg}"
PLAIN = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
FIGURE_WRONG = os.path.join(HERE, "..", "..", "examples", "scenes", "figure-6-wrong.history")
EVIL = "<script>alert(1)</script>\u001b[31m\"'&"


def run(*args, **environment):
    done = subprocess.run([TYET, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False,
                          env={**PLAIN, **environment})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def in_terminal(*args, **environment):
    """What it writes to a terminal"""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([TYET, *args], stdout=theirs, stderr=subprocess.DEVNULL, stdin=theirs,
                               env={**PLAIN, "TERM": "xterm", **environment})
    os.close(theirs)
    out = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        out += chunk
    process.wait()
    os.close(ours)
    return out.decode()


def scene(name):
    return os.path.join(HERE, "scenes", name + ".scene")


def width(line):
    return len(line)  # nothing here is wide


class Draw(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def written(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def svg_of(self, source, *options):
        status, _, errors = run("run", source, "--svg", self.path("out.svg"), *options)
        self.assertIn(status, (0, 1), errors)
        with open(self.path("out.svg"), encoding="utf-8") as f:
            return f.read()

    def same(self, path, text):
        if REWRITE:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        with open(path, encoding="utf-8") as f:
            wanted = f.read()
        if wanted != text:
            self.fail("\n".join(list(difflib.unified_diff(wanted.split("\n"), text.split("\n"), "expected", "drawn",
                                                          lineterm="", n=1))[:60]))

    def test_goldens(self):
        """What the scenes look like, as text and drawn"""
        names = sorted(os.path.basename(p)[:-6] for p in glob.glob(os.path.join(HERE, "scenes", "*.scene")))
        self.assertGreater(len(names), 3)
        for name in names:
            with self.subTest(name):
                status, text, errors = run("run", scene(name))
                self.assertEqual(status, 0, text + errors)
                self.same(os.path.join(HERE, "scenes", name + ".txt"), text)
                self.same(os.path.join(HERE, "scenes", name + ".svg"), self.svg_of(scene(name)))

    def test_timeline(self):
        """Columns are where they were said to be, in 80 characters and in 120, and names no wait but with its reason"""
        for columns in (80, 120):
            text = run("run", scene("crash"), COLUMNS=str(columns))[1].split("\n\n")[0]
            lines = text.split("\n")
            starts = [m.start() for m in re.finditer(r"\S+", lines[0])]
            self.assertEqual(len(starts), 3)
            for line in lines[1:]:
                self.assertLessEqual(width(line), columns if "└" not in line else 200)
                if "└" not in line and "──" not in line:
                    for start in starts[:2]:
                        self.assertTrue(len(line) <= start or line[start] != " ", (start, line))
                        self.assertTrue(len(line) < start or line[start - 1] == " ", (start, line))
        self.assertIn("m3 waits at r for its order from p", text)
        self.assertIn("m3 waits at p to be stable: q has not acknowledged", text)
        self.assertIn("◌ m5 queued", text)
        self.assertIn("≈ flush", text)
        self.assertIn("→ PROPOSE", text)
        answer = run("run", scene("question"))[1]
        self.assertIn("answer waits at r for question of p: causal predecessor", answer)

    def test_narrow(self):
        """With no room for columns it is a list"""
        text = run("run", scene("crash"), COLUMNS="30")[1]
        self.assertIn("p          ● m1 agreed", text)

    def test_colour(self):
        """On a terminal only, and not if somebody does not want it"""
        self.assertNotIn("\033", run("run", scene("question"))[1])
        self.assertIn("\033[", in_terminal("run", scene("question")))
        self.assertNotIn("\033", in_terminal("run", scene("question"), NO_COLOR="1"))
        self.assertNotIn("\033", in_terminal("run", scene("question"), TERM="dumb"))
        coloured = in_terminal("run", scene("question"), COLUMNS="100").replace("\r\n", "\n")
        plain = re.sub(r"\033\[[0-9;]*m", "", coloured)
        self.assertEqual(plain, run("run", scene("question"), COLUMNS="100")[1])

    def test_ascii(self):
        """Where the locale knows nothing else"""
        status, text, _ = run("run", scene("partition"), LC_ALL="C")
        self.assertEqual(status, 0)
        self.assertTrue(text.isascii(), sorted(set(c for c in text if not c.isascii())))

    def test_same(self):
        """Twice the same, whatever the locale and the terminal"""
        first = self.svg_of(scene("crash"))
        self.assertEqual(first, self.svg_of(scene("crash")))
        for name in ("de_DE.UTF-8", "C"):
            run("run", scene("crash"), "--svg", self.path("b.svg"), LC_ALL=name)
            with open(self.path("b.svg"), encoding="utf-8") as f:
                self.assertEqual(first, f.read())

    def test_svg(self):
        """It is a picture of what happened: counted, not looked at"""
        root = ET.fromstring(self.svg_of(scene("question")))
        self.assertEqual(root.get("role"), "img")
        titles = [t.text for t in root.iter(SVG + "title")]
        self.assertTrue(any("answer at r: held back for 4.92 ms: waits for question of p: causal predecessor" in t
                            for t in titles), titles)
        self.assertEqual(sum("delivers question" in t for t in titles), 3)
        self.assertEqual(sum(" receives " in t for t in titles), 1)
        texts = ["".join(t.itertext()) for t in root.iter(SVG + "text")]
        for name in ("p", "q", "r", "question", "answer", "view 3 · p q r"):
            self.assertIn(name, texts)
        partition = self.svg_of(scene("partition"))
        for wanted in ("cut: nothing passes", "a is excluded", "url(#blocked)", "url(#flush)", "stands still", "a.1",
                       "too late, its view is over"):
            self.assertIn(wanted, partition)
        self.assertNotIn("PROPOSE", partition)
        self.assertIn("PROPOSE from b to c", self.svg_of(scene("partition"), "--control"))
        self.assertIn("prefers-color-scheme:dark", partition)

    def boxes(self, root):
        """Where labels are, roughly: those that name messages"""
        for text in root.iter(SVG + "text"):
            classes = (text.get("class") or "").split()
            if "m" in classes and "halo" not in classes:
                half = len("".join(text.itertext())) * 10 * 0.5 / 2
                yield float(text.get("x")) - half, float(text.get("x")) + half, float(text.get("y"))

    def test_labels(self):
        """They never lie on each other, crowded or not"""
        crowd = self.written("crowd.scene", "processes a b c d e f g h\ndelays 200us to 1500us\nat 1ms, "
                             "traffic every 2ms of 20 bytes\nat 30ms, crash c\nat 48ms, traffic stops\nsettle\n")
        for source in (scene("crash"), crowd):
            boxes = sorted(self.boxes(ET.fromstring(self.svg_of(source))), key=lambda b: (b[2], b[0]))
            self.assertGreater(len(boxes), 5)
            for one, two in zip(boxes, boxes[1:]):
                self.assertTrue(one[2] != two[2] or one[1] <= two[0], (one, two))

    def test_legend(self):
        """Where it is longer than the picture is wide it goes on in the next line, and the picture has room for it"""
        figure = os.path.join(HERE, "..", "..", "examples", "scenes", "figure-6.scene")
        root = ET.fromstring(self.svg_of(figure, "--control"))
        width, height = (float(root.get(side)) for side in ("width", "height"))
        legend = root.findall(SVG + "g[@class='c0'][@role='presentation']/" + SVG + "g")
        self.assertEqual(len(legend), 11)
        rows = set()
        for item in legend:
            x, y = map(float, re.findall(r"[\d.]+", item.get("transform")))
            text = item.find(SVG + "text")
            self.assertLessEqual(x + float(text.get("x")) + 5.5 * len(text.text), width, text.text)
            self.assertLessEqual(y + 10, height, text.text)
            rows.add(y)
        self.assertEqual(len(rows), 2)

    def test_large(self):
        """Thousands of messages: a picture of a size that programs can open"""
        source = self.written("large.scene", "ordering total\nprocesses a b c d e f g h\ndelays 200us to 1500us\n"
                              "at 1ms, traffic every 2ms of 20 bytes\nat 1300ms, traffic stops\nsettle\n")
        text = self.svg_of(source)
        self.assertLess(len(text), 15_000_000)
        self.assertLess(text.count("<"), 60_000 * 3)
        ET.fromstring(text)

    def test_histories(self):
        """What was recorded is drawn, in one file or in many, and judged"""
        run("run", scene("crash"), "--history", self.path("all"))
        status, text, errors = run("draw", self.path("all"))
        self.assertEqual(status, 0, errors)
        self.assertIn("● q:1 causal", text)
        self.assertIn("✗ crash", text)
        self.assertIn("legal: ", text)
        with open(self.path("all"), encoding="utf-8") as f:
            lines = f.readlines()
        names = []
        for p in "pqr":
            names.append(self.written("h" + p, "".join(line for line in lines if json.loads(line)["p"] == p)))
        status, many, _ = run("draw", *names)
        self.assertEqual((status, many), (0, text))
        self.assertEqual(run("draw", *names, "--svg", self.path("h.svg"), "--html", self.path("h.html"))[:2], (0, ""))
        root = ET.parse(self.path("h.svg")).getroot()
        self.assertEqual(sum(" receives " in t.text for t in root.iter(SVG + "title")), 0)

    def test_piped(self):
        """What comes from a pipe is there once: what is drawn is what is judged"""
        with open(FIGURE_WRONG, "rb") as f:
            piped = subprocess.run([TYET, "draw", "--model", "extended", "/dev/stdin"], input=f.read(),
                                   stdout=subprocess.PIPE, timeout=120, check=False, env=PLAIN)
        self.assertEqual(piped.returncode, 1)
        self.assertIn(b"5 causal: ", piped.stdout)

    def test_twice(self):
        """One history given twice is told, and not only as what follows from it"""
        run("run", scene("crash"), "--history", self.path("all"))
        status, _, errors = run("draw", self.path("all"), self.path("all"))
        self.assertEqual(status, 1)
        self.assertIn("are the same history", errors)

    def test_missing(self):
        """Where the history of a member is missing, that is told, and not only what follows from it"""
        run("run", scene("crash"), "--history", self.path("all"))
        with open(self.path("all"), encoding="utf-8") as f:
            lines = f.readlines()
        given = {p: self.written("h" + p, "".join(line for line in lines if json.loads(line)["p"] == p)) for p in "pqr"}
        for command in ("draw", "check"):
            status, out, errors = run(command, given["p"], given["r"])
            self.assertEqual(status, 1)
            self.assertIn("which nobody sent", out)
            self.assertIn("No history is given of q, though", errors)
            self.assertIn("No history is given of p, q, though", run(command, given["r"])[2])
            self.assertEqual(run(command, *given.values())[::2], (0, ""))
        # All are there, and somebody did not send it.
        first = next(i for i, line in enumerate(lines) if json.loads(line)["e"] == "send")
        lost = self.written("lost", "".join(lines[:first] + lines[first + 1:]))
        status, out, errors = run("check", lost)
        self.assertEqual(status, 1)
        self.assertIn("which nobody sent", out)
        self.assertNotIn("No history", errors)

    def test_ended_at_once(self):
        """Who comes back and ends before it has a view comes after whoever it was, whatever its clock says"""
        run("run", scene("crash"), "--history", self.path("all"))
        with open(self.path("all"), encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        for line in lines:
            line["t"] += {"p": 0, "q": 7_000_000_000_000, "r": 3_000_000}[line["p"]]
        dead, = set("pqr") - {line["p"] for line in lines if line["e"] == "end"}
        for t in (1000, 600_000_000_000_000):
            late = {"p": dead + ".1", "t": t, "e": "end"}
            name = self.written("late", "".join(json.dumps(line) + "\n" for line in lines + [late]))
            status, text, errors = run("draw", name)
            self.assertEqual(status, 0, text + errors)
            self.assertEqual(text.splitlines()[0].split(), ["p", "q", "r"], text)
            self.assertLess(float(re.search(r"([\d.]+) ms . *● ", text).group(1)), 1000, text)

    def test_groups(self):
        """Each group has bands, named and of its own colours; a member of two that leaves one goes on in the other"""
        def look(text):
            root = ET.fromstring(text)
            bands = [e.get("class") for e in root.iter(SVG + "rect") if (e.get("class") or "").startswith("band")]
            self.assertGreaterEqual(len(set(bands) & {"band0", "band1", "band2"}), 1, bands)
            self.assertGreaterEqual(len(set(bands) & {"band3", "band4", "band5"}), 2, bands)
            texts = ["".join(t.itertext()) for t in root.iter(SVG + "text")]
            self.assertEqual((texts.count("orders"), texts.count("stock")), (3, 3))
            for label in ("orders: view 3 · a b c", "stock: view 4 · a b", "orders: view 4 · a c"):
                self.assertIn(label, texts)
            lines = [float(m) for m in re.findall(r'class="line" d="M[\d.]+ [\d.]+H([\d.]+)"', text)]
            self.assertEqual(len(lines), 3)
            self.assertLess(lines[1], lines[0] - 100, "b crashed")
            self.assertEqual(lines[2], lines[0], "c left one group, and goes on in the other")

        text = run("run", scene("groups"), "--history", self.path("h"))[1]
        self.assertIn("┴ left: stock", text)
        self.assertIn("≈ flush: orders", text)
        look(self.svg_of(scene("groups")))
        self.assertEqual(run("draw", self.path("h"), "--svg", self.path("h.svg"))[0], 0)
        with open(self.path("h.svg"), encoding="utf-8") as f:
            look(f.read())

    def test_models(self):
        """It is said by which model a history was judged, and where that was hardly meant"""
        figure = os.path.join(HERE, "..", "..", "examples", "scenes", "figure-6.history")
        status, text, errors = run("draw", figure)
        self.assertEqual(status, 1)
        self.assertIn("Judged by the primary model", text)
        self.assertIn("--model extended", errors)
        self.assertIn("--model extended", run("check", figure)[2])
        status, text, errors = run("draw", "--model", "extended", figure, "--svg", self.path("f.svg"))
        self.assertEqual((status, text, errors), (0, "", ""))
        with open(self.path("f.svg"), encoding="utf-8") as f:
            svg = f.read()
        texts = ["".join(t.itertext()) for t in ET.fromstring(svg).iter(SVG + "text")]
        for label in ("view pqr · p q r", "transitional view qr.t · q r", "transitional view st.t · s t",
                      "view qrst · q r s t", "transitional view"):
            self.assertIn(label, texts)
        self.assertTrue(any("legal (extended model)" in t for t in texts), texts[:3])
        self.assertEqual(svg.count("url(#between)"), 4, "three transitional views, and the legend")
        status, _, errors = run("draw", "--model", "best", figure)
        self.assertEqual(status, 2)
        self.assertIn("there are primary, extended", errors)

    def test_clocks(self):
        """Whatever the clocks of the processes say, nothing is drawn as delivered before it was sent"""
        run("run", scene("crash"), "--history", self.path("all"))
        shift = {"p": 0, "q": 7_000_000_000_000, "r": 3_000_000}
        with open(self.path("all"), encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        for line in lines:
            line["t"] += shift[line["p"]]
        name = self.written("shifted", "".join(json.dumps(line) + "\n" for line in lines))
        status, text, _ = run("draw", name)
        self.assertEqual(status, 0)
        self.assertIn("clocks do not agree", text)
        for message in ("p:1", "q:1", "r:1", "q:3"):
            self.assertLess(text.index("● " + message + " "), text.index("▲ " + message), message)
        os.chdir(self.folder.name)
        bare = self.written("bare", "".join(json.dumps({k: v for k, v in line.items() if k != "t"}) + "\n"
                                            for line in lines))
        self.assertEqual(run("draw", bare)[0], 0)

    def test_harmless(self):
        """Names from anywhere are text, in the picture, the page and on the terminal"""
        lines = [{"p": EVIL, "g": "g", "t": 1, "e": "conf", "c": "1.0", "kind": "regular", "members": [EVIL],
                  "primary": True},
                 {"p": EVIL, "g": "g", "t": 2, "e": "send", "c": "1.0", "m": EVIL, "service": "fifo"},
                 {"p": EVIL, "g": "g", "t": 3, "e": "deliver", "c": "1.0", "m": EVIL}]
        name = self.written("evil", "".join(json.dumps(line) + "\n" for line in lines))
        status, text, errors = run("draw", name)
        self.assertEqual(status, 0, errors)
        self.assertNotIn("\033", text)
        self.assertEqual(run("draw", name, "--svg", self.path("e.svg"), "--html", self.path("e.html"))[0], 0)
        root = ET.parse(self.path("e.svg")).getroot()
        self.assertEqual(list(root.iter(SVG + "script")), [])
        with open(self.path("e.html"), encoding="utf-8") as f:
            self.assertNotIn("<script>alert", f.read())

    def test_wrong(self):
        """Each with its reason, and status 2"""
        for option in ("--svg", "--html", "--history"):
            status, _, errors = run("run", scene("question"), option, "/nonexistent/x")
            self.assertEqual(status, 2)
            self.assertIn("/nonexistent/x", errors)
            status, _, errors = run("run", scene("question"), option, self.folder.name)
            self.assertEqual(status, 2, option)
            self.assertNotEqual(errors, "")
        if os.path.exists("/dev/full"):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([TYET, "run", scene("question")], stdout=full, stderr=subprocess.PIPE,
                                      check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"cannot be written", done.stderr)
        chaos = self.written("chaos.scene", "ordering chaos\nprocesses a b\nsettle\n")
        status, _, errors = run("run", chaos)
        self.assertEqual(status, 2)
        self.assertIn("chaos.scene:1:10", errors)
        for args in (["draw"], ["draw", "/nonexistent/h"], ["draw", chaos], ["draw", self.written("empty", "")],
                     ["draw", "--nonsense", chaos], ["draw", self.folder.name]):
            status, output, errors = run(*args)
            self.assertEqual((status, output), (2, ""), args)
            self.assertIn("tyet draw: ", errors)

    def test_a_finding_is_told_with_a_picture_too(self):
        """Whoever asks for files alone is told why the exit status is 1"""
        view = {"p": "p", "g": "g", "t": 1, "e": "conf", "c": "1.0", "kind": "regular", "members": ["p"],
                "primary": False}
        name = self.written("secondary", json.dumps(view) + "\n")
        status, output, errors = run("draw", name, "--svg", self.path("s.svg"))
        self.assertEqual((status, output), (1, ""))
        self.assertIn("P1 ", errors)

    def test_absurd(self):
        """More than can be drawn is refused before memory is"""
        many = [{"p": "p%d" % i, "g": "g", "t": 1, "e": "conf", "c": "1.0", "kind": "regular", "members": ["p%d" % i],
                 "primary": True} for i in range(501)]
        name = self.written("many", "".join(json.dumps(line) + "\n" for line in many))
        status, _, errors = run("draw", name, "--svg", self.path("m.svg"))
        self.assertEqual(status, 2)
        self.assertIn("too much to be drawn", errors)
        wide = self.written("wide", json.dumps({**many[0], "members": ["p%d" % i for i in range(2000)]}) + "\n")
        status, _, errors = run("draw", wide, "--svg", self.path("m.svg"))
        self.assertEqual(status, 2)
        self.assertIn("too many to be drawn", errors)
        self.assertFalse(os.path.exists(self.path("m.svg")))
        long = self.written("long", json.dumps({**many[0], "p": "x" * 100000, "members": ["x" * 100000]}) + "\n")
        self.assertEqual(run("draw", long, "--svg", self.path("l.svg"), "--html", self.path("l.html"))[0], 0)
        late = self.written("late", json.dumps({**many[0], "t": 9_000_000_000_000_000_000}) + "\n"
                            + json.dumps({**many[1], "t": 0}) + "\n")
        self.assertIn(run("draw", late, "--svg", self.path("t.svg"))[0], (0, 1))


if __name__ == "__main__":
    sys.argv = sys.argv[:1] + [a for a in sys.argv[2:] if a != "--rewrite"]
    tap.main()
