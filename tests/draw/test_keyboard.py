#!/usr/bin/env python3
"""test_keyboard.py TYET: the pages by keyboard alone, and as those who cannot see them are told of them.

What a screen reader is given is read from the browser's accessibility tree.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os

import pages

SCENES = os.path.join(pages.HERE, "..", "..", "examples", "scenes")
ACTIVE = "document.activeElement"
ASKS = ("button", "slider", "checkbox", "combobox", "searchbox", "textbox", "link")


class Keyboard(pages.Case):
    def setUp(self):
        super().setUp()
        self.browser.open(self.page_of(os.path.join(SCENES, "question-causal.scene")))

    def compared(self):
        path = os.path.join(self.folder.name, "compare.html")
        self.made(path, "compare", os.path.join(SCENES, "question-causal.scene"), "--orderings", "fifo,causal")
        self.browser.open(path)

    def active(self, what="id"):
        return self.browser.eval("%s.%s" % (ACTIVE, what))

    def walk(self, back=False):
        """What Tab comes by, each with how it stands out, until it is through"""
        seen = []
        for _ in range(200):
            self.browser.tab(back)
            at = self.browser.eval("[...document.querySelectorAll('*')].indexOf(%s)" % ACTIVE)
            if self.active("tagName") == "BODY" and not seen:
                continue
            if self.active("tagName") == "BODY" or (seen and at == seen[0][4]):  # it may begin again at once
                return seen
            seen.append(self.browser.eval("""(e => { const s = getComputedStyle(e), b = e.getBoundingClientRect();
              return [e.id || e.getAttribute('aria-label') || e.innerText || e.tagName, s.outlineStyle,
                parseFloat(s.outlineWidth), b.width > 0 && b.height > 0 && b.bottom > 0 && b.top < innerHeight,
                [...document.querySelectorAll('*')].indexOf(e)]; })(document.activeElement)"""))
        self.fail("Tab never comes to an end: %s" % seen[-5:])
        return None

    def check_walk(self):
        seen = self.walk()
        places = [s[4] for s in seen]
        self.assertEqual(places, sorted(places), "in the order in which it is read")
        self.assertEqual(len(set(places)), len(places))
        for name, style, width, visible, _ in seen:
            self.assertTrue(style != "none" and width >= 1, "%s has the focus, and does not show it" % name)
            self.assertTrue(visible, "%s has the focus, and cannot be seen" % name)
        reach = self.browser.eval("[...document.querySelectorAll('button:not(:disabled), input, select, a[href], '"
                                  "+ '[tabindex=\"0\"]')]"
                                  ".filter(e => e.offsetParent !== null || e.getClientRects().length > 0).length")
        self.assertEqual(len(seen), reach, "whatever can be used is come by: %s" % [s[0] for s in seen])
        self.browser.eval("document.activeElement.blur(); getSelection().removeAllRanges()")
        back = [s[4] for s in self.walk(back=True)]
        at = back.index(places[-1])
        self.assertEqual(back[at:] + back[:at], places[::-1], "and back the same way")
        return [s[0] for s in seen]

    def test_tab(self):
        """Tab comes by everything once, in order, back too; what has the focus shows it, and is in sight"""
        names = self.check_walk()
        self.assertIn("Skip to", names[0])
        for name in ("play", "moment", "speed", "in", "fit", "control", "find", "link", "help"):
            self.assertIn(name, names)
        self.assertTrue(any(n.startswith("Space-time diagram of") for n in names), names)

    def test_tab_compared(self):
        """The same on the page of a comparison"""
        self.compared()
        names = self.check_walk()
        self.assertEqual(len([n for n in names if n.startswith("Space-time diagram of")]), 2)
        self.assertIn("figures", names)

    def test_skip(self):
        """The first stop leads past the controls to what is said of the chosen message"""
        self.browser.tab()
        self.assertIn("Skip to", self.active("innerText"))
        self.browser.enter()
        self.assertEqual(self.active(), "details")

    def test_arrows(self):
        """Arrows step from wherever the focus is, but where they have a meaning of their own"""
        self.browser.eval("document.querySelector('#diagrams svg').focus()")
        self.browser.raw_key("ArrowRight", 39)
        first = self.browser.text("#now")
        self.assertNotIn("the whole run", first)
        self.browser.raw_key("ArrowRight", 39)
        self.assertNotEqual(self.browser.text("#now"), first)
        self.browser.raw_key("ArrowLeft", 37)
        self.assertEqual(self.browser.text("#now"), first)
        self.browser.eval("document.getElementById('fit').focus()")
        self.browser.raw_key("End", 35)
        last = self.browser.text("#now")
        self.browser.raw_key("Home", 36)
        self.assertIn("the whole run", self.browser.text("#now"))
        self.browser.eval("document.getElementById('speed').focus()")
        before = self.browser.eval("document.getElementById('speed').value")
        self.browser.raw_key("ArrowDown", 40)
        self.assertNotEqual(self.browser.eval("document.getElementById('speed').value"), before)
        self.assertIn("the whole run", self.browser.text("#now"), "that was about the speed")
        self.browser.eval("document.getElementById('moment').focus()")
        self.browser.raw_key("ArrowRight", 39)
        self.assertEqual(self.browser.text("#now"), first, "the slider steps too, and once")
        self.browser.eval("document.getElementById('moment').focus()")
        self.browser.raw_key("End", 35)
        self.assertEqual(self.browser.text("#now"), last)

    def test_space_and_enter(self):
        """They press what has the focus; elsewhere space plays"""
        self.browser.eval("document.getElementById('forward').focus()")
        self.browser.space()
        one = self.browser.text("#now")
        self.assertNotIn("the whole run", one)
        self.browser.enter()
        self.assertNotEqual(self.browser.text("#now"), one)
        self.browser.eval("document.getElementById('help').focus()")
        self.browser.space()
        self.assertEqual(self.active("getAttribute('aria-expanded')"), "true")
        self.assertFalse(self.browser.eval("document.getElementById('keys').hidden"))
        self.browser.eval("document.querySelector('#orders li button').focus()")
        self.browser.enter()
        self.assertIn("question of a", self.browser.text("#details-head"))
        self.browser.eval("document.querySelector('#diagrams svg').focus()")
        self.browser.space()
        self.assertEqual(self.browser.eval("document.getElementById('play').getAttribute('aria-pressed')"), "true")
        self.browser.space()
        self.assertEqual(self.browser.eval("document.getElementById('play').getAttribute('aria-pressed')"), "false")

    def test_focus_stays(self):
        """Stepping to either end with a button does not lose the focus when that button has nothing left to do"""
        self.browser.eval("document.getElementById('forward').focus()")
        for _ in range(60):
            if self.browser.eval("document.getElementById('forward').disabled"):
                break
            self.browser.space()
        self.assertNotEqual(self.active("tagName"), "BODY")
        self.browser.raw_key("ArrowLeft", 37)
        self.assertFalse(self.browser.eval("document.getElementById('forward').disabled"))

    def test_escape(self):
        """It leaves the field, and takes back what was chosen"""
        self.browser.key("/")
        self.assertEqual(self.active(), "find")
        for c in "answer":
            self.browser.key(c)
        self.assertEqual(self.browser.eval("document.getElementById('find').value"), "answer", "no commands there")
        self.browser.enter()
        self.assertIn("answer of b", self.browser.text("#details-head"))
        self.browser.key("/")
        self.browser.raw_key("Escape", 27)
        self.assertNotEqual(self.active(), "find")
        self.assertEqual(self.browser.count(".picks"), 0)

    def tree(self):
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        out = []
        for node in nodes:
            if not node.get("ignored"):
                value = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
                out.append((node.get("role", {}).get("value"), node.get("name", {}).get("value", ""), value,
                            node.get("value", {}).get("value")))
        return out

    def test_told(self):
        """Roles and names: what can be used says what it does, what goes on is told; the drawing itself is not read"""
        for open_page in (lambda: None, self.compared):
            open_page()
            self.browser.key("]")
            tree = self.tree()
            roles = [t[0] for t in tree]
            for role in ("banner", "main", "toolbar", "status", "table", "heading", "slider", "combobox",
                         "checkbox", "group"):
                self.assertTrue(role in roles or (role == "banner" and "header" in roles), (role, sorted(set(roles))))
            for role, name, _, _ in tree:
                if role in ASKS:
                    self.assertTrue(name.strip(), (role, name))
                    self.assertTrue(any(c.isalnum() for c in name), "%s: a sign says nothing: %s" % (role, name))
            self.assertIn(self.browser.eval("document.querySelector('h1').innerText"),
                          [t[1] for t in tree if t[0] == "heading"])
            live = [t for t in tree if t[0] == "status"][0]
            self.assertEqual(live[2].get("live"), "polite")
            texts = {t[1] for t in tree if t[0] in ("StaticText", "InlineTextBox")}
            self.assertNotIn("answer waits at c for question of a", texts)
            self.assertFalse(any(r in roles for r in ("SvgRoot",)) and "question" in
                             [t[1] for t in tree if t[0] == "SVGText"])
            headers = [t[1] for t in tree if t[0] == "columnheader"]
            self.assertTrue(any("eld back" in h for h in headers), headers)

    def test_told_of_changes(self):
        """Stepping, playing and choosing change what is told: the line, the slider's words, pressed, expanded"""
        self.browser.key("ArrowRight")
        slider = [t for t in self.tree() if t[0] == "slider"][0]
        self.assertEqual((slider[1], slider[3]), ("Moment", 1))
        self.assertEqual(self.browser.eval("document.getElementById('moment').getAttribute('aria-valuetext')"),
                         self.browser.text("#now"))
        button = [t for t in self.tree() if t[0] == "button" and t[1] == "Keys"][0]
        self.assertEqual(button[2].get("expanded"), False)
        self.browser.eval("document.getElementById('help').click()")
        button = [t for t in self.tree() if t[0] == "button" and t[1] == "Keys"][0]
        self.assertEqual(button[2].get("expanded"), True)
        self.browser.key("]")
        chosen = self.browser.text("#now")
        self.assertIn("question of a", chosen)
        self.browser.key("]")
        self.assertIn("at c it waits for question of a: causal predecessor", self.browser.text("#now"))


if __name__ == "__main__":
    pages.main()
