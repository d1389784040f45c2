#!/usr/bin/env python3
"""test_page.py TYET [--rewrite]: the page of a run, in a browser: what it shows, and what a reader can do with it.

Skipped where there is no Chromium. `--rewrite` writes the coarse pictures (page.golden) anew: look at the page itself
first, at its three sizes.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess
import sys

import pages

HERE = os.path.dirname(os.path.abspath(__file__))
TYET = pages.TYET
EVIL = "</script><script>window.evil=1</script><img src=x onerror='window.evil=2'>"

# a delivers x, y; b y, x: two orders. c lacks y.
ILLEGAL = [
    {"p": p, "g": "g", "t": 1000 + i, "e": "conf", "c": "1.0", "kind": "regular", "members": ["a", "b", "c"],
     "primary": True, "prev": ""} for i, p in enumerate("abc")
] + [
    {"p": "a", "g": "g", "t": 2000000, "e": "send", "c": "1.0", "m": "x", "service": "agreed", "len": 1},
    {"p": "b", "g": "g", "t": 2000001, "e": "send", "c": "1.0", "m": "y", "service": "agreed", "len": 1},
    {"p": "a", "g": "g", "t": 3000000, "e": "deliver", "c": "1.0", "m": "x"},
    {"p": "a", "g": "g", "t": 3000500, "e": "deliver", "c": "1.0", "m": "y"},
    {"p": "b", "g": "g", "t": 4000000, "e": "deliver", "c": "1.0", "m": "y"},
    {"p": "b", "g": "g", "t": 4000500, "e": "deliver", "c": "1.0", "m": "x"},
    {"p": "c", "g": "g", "t": 5000000, "e": "deliver", "c": "1.0", "m": "x"},
] + [{"p": p, "g": "g", "t": 9000000, "e": "end"} for p in "abc"]


def evil_history():
    """Names and messages that would be code if anybody took them for it"""
    lines = [{"p": EVIL, "g": EVIL, "t": 1000, "e": "conf", "c": "1.0", "kind": "regular", "members": [EVIL],
              "primary": True, "prev": ""},
             {"p": EVIL, "g": EVIL, "t": 2000, "e": "send", "c": "1.0", "m": EVIL + "@DATA@", "service": "fifo",
              "len": 1},
             {"p": EVIL, "g": EVIL, "t": 3000, "e": "deliver", "c": "1.0", "m": EVIL + "@DATA@"},
             {"p": EVIL, "g": EVIL, "t": 4000, "e": "end"}]
    return lines


class Page(pages.Case):
    def page_of_history(self, lines, name="h"):
        history, path = os.path.join(self.folder.name, name), os.path.join(self.folder.name, "history.html")
        with open(history, "w", encoding="utf-8") as f:
            f.write("".join(json.dumps(line) + "\n" for line in lines))
        done = subprocess.run([TYET, "draw", history, "--html", path], stdout=subprocess.DEVNULL, timeout=60,
                              check=False)
        self.assertIn(done.returncode, (0, 1))
        return path

    def question(self, fragment=""):
        path = self.page_of(os.path.join(HERE, "scenes", "question.scene"))
        self.browser.open(path, fragment)
        return path

    def find(self, name):
        self.browser.eval("(f => { f.value = %s; f.dispatchEvent(new Event('change')); })"
                          "(document.getElementById('find'))" % json.dumps(name))
        self.browser.settle()

    def test_loads(self):
        """Nothing fails, nothing is fetched, and the runs of the suite's scenes are drawn"""
        for name in sorted(n for n in os.listdir(os.path.join(HERE, "scenes")) if n.endswith(".scene")):
            self.browser.open(self.page_of(os.path.join(HERE, "scenes", name)))
            self.assertEqual(self.browser.errors(), [], name)
            self.assertGreater(self.browser.count("#diagrams .msg"), 0)
            self.assertIn("legal", self.browser.text("#about"))

    def test_steps(self):
        """Event by event, by keys and by buttons"""
        self.question()

        def now():
            return self.browser.text("#now")

        self.assertIn("the whole run", now())
        self.assertEqual(self.browser.count(".veil"), 0)
        seen = []
        for _ in range(30):
            self.browser.key("ArrowRight")
            if seen and now() == seen[-1]:
                break
            seen.append(now())
        self.assertIn("11.02 ms: p sends question (causal)", seen)
        self.assertLess([i for i, s in enumerate(seen) if "r receives answer" in s][0],
                        [i for i, s in enumerate(seen) if "r delivers question" in s][0])
        self.assertIn("r delivers answer of q, held back 4.917 ms: it waits for question of p: causal predecessor",
                      seen[-1])
        self.browser.key("ArrowLeft")
        self.assertEqual(now(), seen[-2])
        self.assertEqual(self.browser.count(".veil"), 1)
        self.browser.key("Home")
        self.assertIn("the whole run", now())
        self.browser.eval("document.getElementById('forward').click()")
        self.assertEqual(now(), seen[0])
        self.browser.key("End")
        self.assertEqual(now(), seen[-1])
        self.assertTrue(self.browser.eval("document.getElementById('forward').disabled"))

    def test_plays(self):
        self.question()
        self.browser.eval("document.getElementById('speed').value = '200'; document.getElementById('play').click()")
        self.assertEqual(self.browser.eval("document.getElementById('play').getAttribute('aria-pressed')"), "true")
        self.browser.until("document.getElementById('now').textContent.includes('r delivers answer')")
        self.browser.until("document.getElementById('play').getAttribute('aria-pressed') === 'false'")

    def test_explains(self):
        """A message that is found tells its past, its future, its clocks, and why it waited"""
        self.question()
        self.browser.key("/")
        self.assertEqual(self.browser.eval("document.activeElement.id"), "find")
        self.find("answer")
        said = self.browser.text("#details")
        self.assertIn("answer of q", said)
        self.assertIn("(p 1, q 1, r 0)", said)
        row = self.browser.eval("[...document.querySelectorAll('#details tbody tr')].find(r => "
                                "r.cells[0].innerText === 'r').innerText")
        self.assertIn("waits for question of p: causal predecessor", row)
        self.assertIn("4.917 ms", row)
        self.assertEqual(self.browser.count(".msg.chosen[data-message=answer]"), 1)
        self.assertEqual(self.browser.count(".msg.past[data-message=question]"), 1)
        self.assertEqual(self.browser.count("#diagrams .cone.past"), 2)
        self.browser.key("[")
        self.assertIn("question of p", self.browser.text("#details"))
        self.assertEqual(self.browser.count(".msg.future[data-message=answer]"), 1)
        self.browser.key("Escape")
        self.assertEqual(self.browser.count(".picks"), 0)
        self.assertIn("Choose a message", self.browser.text("#details"))

    def where(self, selector):
        return self.browser.eval("(b => [b.x + b.width / 2, b.y + b.height / 2])"
                                 "(document.querySelector(%s).getBoundingClientRect())" % json.dumps(selector))

    def test_pointer(self):
        """Hovering tells, a click chooses, dragging pans, the wheel zooms"""
        self.question()
        x, y = self.where(".msg[data-message=answer] circle.f")
        self.browser.mouse("mouseMoved", x, y)
        self.assertIn("answer of q, causal", self.browser.text("#tip"))
        bar = self.where(".msg[data-message=answer] .hold")
        self.browser.mouse("mouseMoved", *bar)
        self.assertIn("waits for question of p: causal predecessor", self.browser.text("#tip"))
        self.browser.click(x, y)
        self.assertIn("answer of q", self.browser.text("#details-head"))
        before = self.where(".msg[data-message=answer] circle.f")[0]
        for _ in range(4):
            self.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-150, modifiers=2)
        self.browser.settle()
        self.assertAlmostEqual(self.where(".msg[data-message=answer] circle.f")[0], before, delta=3)
        self.browser.mouse("mousePressed", x + 40, y + 40, button="left", clickCount=1)
        self.browser.mouse("mouseMoved", x - 60, y + 40, button="left", buttons=1)
        self.browser.mouse("mouseMoved", x - 160, y + 40, button="left", buttons=1)
        self.browser.mouse("mouseReleased", x - 160, y + 40, button="left", clickCount=1)
        self.browser.settle()
        self.assertLess(self.where(".msg[data-message=answer] circle.f")[0], before - 100)
        self.assertIn("answer of q", self.browser.text("#details-head"), "a drag chooses nothing")
        self.browser.key("0")
        self.assertAlmostEqual(self.where(".msg[data-message=answer] circle.f")[0], before, delta=3)

    def test_address(self):
        """A moment has an address, and an address shows its moment"""
        path = self.question()
        for _ in range(4):
            self.browser.key("ArrowRight")
        self.browser.key("]")
        self.browser.until("location.hash.includes('e=') && location.hash.includes('m=question')")
        said, address = self.browser.text("#now"), self.browser.eval("location.hash")
        self.browser.open(path, address)
        self.assertIn("question of p", self.browser.text("#details-head"))
        self.browser.key("ArrowLeft")
        self.browser.key("ArrowRight")
        self.assertIn("p", said)
        self.assertEqual(self.browser.count(".veil"), 1)
        self.browser.eval("location.hash = '#m=answer&e=0'")
        self.browser.until("document.getElementById('details-head').textContent === 'answer of q'")
        for nonsense in ("#e=99999&m=nobody&z=-4&x=huge&f=77", "#%E0%A4%A", "#" + "e=" * 500):
            self.browser.open(path, nonsense)
            self.assertEqual(self.browser.errors(), [], nonsense)

    def test_control(self):
        self.browser.open(self.page_of(os.path.join(HERE, "scenes", "crash.scene")))
        before = self.browser.count("path.k")
        self.browser.key("c")
        self.assertGreater(self.browser.count("path.k"), before + 5)
        said = self.browser.eval("document.querySelector('#diagrams').textContent")
        self.assertIn("order", said)
        self.assertNotIn("ordering", said)
        self.assertIn("propose", self.browser.eval("document.querySelector('#diagrams').textContent"))

    def test_several(self):
        """Runs beside each other, on one clock: one of them is stepped through, the others stand at its time"""
        path = os.path.join(self.folder.name, "compare.html")
        done = subprocess.run([TYET, "compare", os.path.join(HERE, "scenes", "question.scene"), "--orderings",
                               "fifo,causal", "--html", path], stdout=subprocess.DEVNULL, timeout=60, check=False)
        self.assertIn(done.returncode, (0, 1))
        self.browser.open(path)
        self.assertEqual(self.browser.count("#diagrams .film"), 2)
        self.assertEqual(self.browser.count("#diagrams .film.current"), 1)
        self.browser.key("End")
        self.assertEqual(self.browser.count(".cursor"), 2)
        last = self.browser.text("#now")
        self.browser.eval("document.querySelectorAll('#diagrams svg')[1].focus()")
        self.assertIn("causal", self.browser.text("#orders-head"))
        self.browser.key("End")
        self.assertNotEqual(self.browser.text("#now"), last)
        self.assertIn("held back", self.browser.text("#now"))

    def test_differences(self):
        """Sequences that differ are marked; findings lead to what they are about"""
        self.browser.open(self.page_of_history(ILLEGAL))
        self.assertIn("not legal", self.browser.text("#about"))
        self.assertGreater(self.browser.count("#orders li.moved"), 0)
        self.assertEqual(self.browser.count("#orders li.lacks"), 1)
        self.assertGreater(self.browser.count("#findings li button"), 0)
        self.browser.eval("[...document.querySelectorAll('#findings li')].find(l => "
                          "l.innerText.includes('P19')).querySelector('button').click()")
        self.browser.settle()
        self.assertEqual(self.browser.count(".msg.chosen"), 1)
        self.assertIn("delivers", self.browser.text("#now"))
        self.assertIn("not on record", self.browser.text("#details"))
        self.assertEqual(self.browser.eval("document.getElementById('control').offsetWidth"), 0, "there is none")

    def test_harmless(self):
        """What a name says is shown, never done"""
        self.browser.open(self.page_of_history(evil_history(), "<b>&amp;@TITLE@"))
        self.assertEqual(self.browser.eval("typeof window.evil"), "undefined")
        self.assertEqual(self.browser.count("img"), 0)
        self.assertEqual(self.browser.count("h1 b"), 0)
        self.assertIn("<b>&amp;@TITLE@", self.browser.text("h1"))
        self.browser.key("]")
        self.assertIn("onerror", self.browser.text("#details-head"))
        self.assertEqual(self.browser.eval("typeof window.evil"), "undefined")
        self.assertEqual(self.browser.count("img"), 0)

    def test_reachable(self):
        """Everything by the keyboard, everything with a name"""
        self.question()
        self.browser.key("]")
        order = []
        for _ in range(24):
            self.browser.tab()
            order.append(self.browser.eval("document.activeElement.id || document.activeElement.className.baseVal"
                                           " || document.activeElement.tagName"))
        self.assertLess(order.index("play"), order.index("moment"))
        self.assertLess(order.index("moment"), order.index("link"))
        self.assertIn("svg", [o.lower() for o in order])
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        for node in nodes:
            role = node.get("role", {}).get("value")
            if not node.get("ignored") and role in ("button", "slider", "checkbox", "combobox", "searchbox", "textbox"):
                self.assertTrue(node.get("name", {}).get("value"), node)
        roles = [node.get("role", {}).get("value") for node in nodes if not node.get("ignored")]
        for role in ("status", "toolbar", "table", "main", "heading"):
            self.assertIn(role, roles)
        self.browser.eval("document.getElementById('play').focus()")
        self.browser.key("ArrowRight")
        self.assertNotIn("the whole run", self.browser.text("#now"))

    def test_large(self):
        """Eight processes and thousands of messages: what is seen is drawn, not what there is"""
        scene = os.path.join(self.folder.name, "large.scene")
        with open(scene, "w", encoding="utf-8") as f:
            f.write("ordering total\nprocesses a b c d e f g h\ndelays 200us to 1500us\nat 1ms, traffic every 2ms of "
                    "20 bytes\nat 600ms, crash c\nat 1300ms, traffic stops\nsettle\n")
        path = self.page_of(scene)
        self.browser.open(path)
        self.assertGreater(self.browser.eval("JSON.parse(films.textContent).films[0].messages.length"), 4500)
        self.assertLess(self.browser.count("*"), 9000)
        self.assertEqual(self.browser.count(".crowded"), 1)
        self.browser.eval("document.querySelector('.crowded').id = 'kept'")
        for _ in range(5):
            self.browser.key("ArrowRight")
        self.assertEqual(self.browser.count("#kept"), 1, "a step draws nothing of the picture anew")
        self.assertEqual(self.browser.count(".veil"), 1)
        self.find("b:200")
        for _ in range(11):
            self.browser.key("+")
        self.assertEqual(self.browser.count(".msg.chosen[data-message='b:200']"), 1)
        self.assertGreater(self.browser.count("#diagrams text.m"), 10)
        self.assertLess(self.browser.count("*"), 20000)
        self.assertEqual(self.browser.count("#orders li.chosen"), 8, "the sequences are shown around it")
        self.browser.key("ArrowRight")
        self.browser.key("End")
        self.assertIn("delivers", self.browser.text("#now"))

    def test_edges(self):
        """Whatever the width, no text of a diagram runs over its edge, and what is cut short says so"""
        scenes = os.path.join(HERE, "..", "..", "examples", "scenes")
        for name in ("bank-total", "figure-6", "lock-service", "same-place"):
            path = self.page_of(os.path.join(scenes, name + ".scene"))
            for width in (360, 420, 1280):
                self.browser.size(width, 900)
                self.browser.open(path)
                over = self.browser.eval("""(() => {
                  const edge = document.querySelector("#diagrams svg").getBoundingClientRect();
                  return [...document.querySelectorAll("#diagrams svg text")].filter(t => {
                    const box = t.getBoundingClientRect();
                    return box.width > 0 && (box.right > edge.right + 1 || box.left < edge.left - 1);
                  }).map(t => t.textContent);
                })()""")
                self.assertEqual(over, [], (name, width))
                self.assertGreater(self.browser.count("#diagrams svg text"), 15, (name, width))

    def test_looks(self):
        """At three sizes, light, dark: nothing runs over the edge; the coarse picture is the one that was looked at"""
        # A scene in which nothing depends on when rounds and timers come: that may change.
        path = self.page_of(os.path.join(HERE, "scenes", "question.scene"))
        self.looks_as("page", path, "#m=answer", ((420, 900), (1280, 900), (1920, 1080)))


if __name__ == "__main__":
    pages.main()
