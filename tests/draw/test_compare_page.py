#!/usr/bin/env python3
"""test_compare_page.py TYET [--rewrite]: the page of a comparison, in a browser.

Skipped where there is no Chromium. `--rewrite` writes the coarse pictures (compare.golden) anew: look at the page
itself first, at its three sizes.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import re

import pages

SCENES = os.path.join(pages.HERE, "..", "..", "examples", "scenes")
SIDES = ["fifo", "causal", "total", "total/safe"]


class ComparePage(pages.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made_pages = {}

    def compared(self, *options):
        """The page of side-by-side.scene, made once"""
        if options not in self.made_pages:
            path = os.path.join(self.folder.name, "compare%d.html" % len(self.made_pages))
            self.made_pages[options] = self.made(path, "compare", os.path.join(SCENES, "side-by-side.scene"), *options)
        return self.made_pages[options]

    def all(self, selector, what="innerText"):
        return self.browser.eval("[...document.querySelectorAll(%r)].map(e => e.%s)" % (selector, what))

    def contrast(self, selector):
        """Between a text and what lies behind it, as people who make pages readable for all count it"""
        return self.browser.eval("""(() => {
          const rgb = s => (s.match(/[\\d.]+/g) || []).map(Number);
          const light = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92
            : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const e = document.querySelector(%r);
          let behind = e;
          while (behind.parentElement && rgb(getComputedStyle(behind).backgroundColor)[3] === 0)
            behind = behind.parentElement;
          const a = light(rgb(getComputedStyle(e).color)), b = light(rgb(getComputedStyle(behind).backgroundColor));
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        })()""" % selector)

    def test_loads(self):
        """Nothing fails, nothing is fetched; lead, cards, table, diagrams and plots are there, of every ordering"""
        self.browser.open(self.compared())
        self.assertEqual(self.browser.errors(), [])
        self.assertIn("Under fifo a message was delivered before one that it follows from", self.browser.text(".lead"))
        self.assertEqual(self.all(".card h2"), SIDES)
        for text in self.all(".card .choose"):
            self.assertIn("Choose it where", text)
        self.assertEqual(self.all(".compare thead th"), SIDES)
        rows = dict(zip(self.all(".compare tbody th[scope=row]"), self.all(".compare tbody tr")))
        self.assertGreater(len(rows), 14)
        for name in ("mean", "99 of 100", "worst", "packets", "bytes", "a member stood still, mean",
                     "before what it follows from", "pairs in different orders", "expectations of the scene"):
            cells = rows[name].split("\t")[-4:]
            self.assertEqual(len(cells), 4, rows[name])
            self.assertTrue(all(re.match(r"[\d.–]+", c) for c in cells), rows[name])
        self.assertEqual(self.browser.count("#diagrams .film svg"), 4)
        self.assertEqual(self.all("#diagrams .film > h3"), SIDES)
        self.assertEqual(self.browser.count("#plots svg.plot"), 3)
        for shapes in self.all("#plots svg.plot", "querySelectorAll('.ph').length"):
            self.assertGreaterEqual(shapes, 3)

    def test_differs(self):
        """What the scene expects of its own order is no failure of another: it differs there, and leads to the place"""
        self.browser.open(self.compared())
        self.assertEqual(self.browser.text("#about .badge"), "legal")
        self.assertEqual(self.all("#findings .badge.bad"), [])
        self.assertEqual(self.browser.count("#findings li.differs"), 3)
        self.assertEqual(set(self.all("#findings li.differs .badge")), {"differs here"})
        self.browser.eval("document.querySelector('#findings li.differs button').click()")
        self.browser.settle()
        self.assertRegex(self.browser.text("#now"), "d delivers (question|answer)")
        self.assertEqual(self.browser.count(".msg.chosen"), 1)

    def test_clock(self):
        """One clock: what happens at one time stands at one place in every diagram, zoomed too"""
        self.browser.open(self.compared())

        def places():
            return self.browser.eval("""[...document.querySelectorAll('#diagrams svg')].map(svg =>
              svg.querySelector('.msg[data-message=question] circle.f').getBoundingClientRect().x
              - svg.getBoundingClientRect().x)""")

        first = places()
        self.assertEqual(len(first), 4)
        self.assertLess(max(first) - min(first), 0.6, first)
        ticks = self.all("#diagrams svg", "querySelectorAll('text.small[text-anchor=middle]').length")
        self.assertEqual(len(set(ticks)), 1, ticks)
        self.browser.eval("document.querySelector('#diagrams svg').focus()")
        for _ in range(4):
            self.browser.key("ArrowRight")
            self.browser.key("+")
        self.browser.settle()
        zoomed = places()
        self.assertLess(max(zoomed) - min(zoomed), 0.6, zoomed)
        self.assertNotAlmostEqual(zoomed[0], first[0], delta=2)
        cursors = self.all(".cursor", "getBoundingClientRect().x")
        self.assertEqual(len(cursors), 4)
        self.assertLess(max(cursors) - min(cursors), 20, "the moment is marked in all of them")

    def test_explains(self):
        """A message chosen in one diagram is explained for that one"""
        self.browser.open(self.compared())
        self.browser.eval("document.querySelectorAll('#diagrams svg')[2].focus()")
        self.assertIn("total", self.browser.text("#orders-head"))
        self.browser.eval("(f => { f.value = 'answer'; f.dispatchEvent(new Event('change')); })"
                          "(document.getElementById('find'))")
        self.browser.settle()
        self.assertIn("waits for its order", self.browser.text("#details"))
        self.assertEqual(self.browser.count("#diagrams .film:nth-child(3) .msg.chosen"), 1)
        self.browser.until("location.hash.includes('f=2') && location.hash.includes('m=answer')")

    def test_control(self):
        """With --control the page begins with control packets shown"""
        self.browser.open(self.compared("--control"))
        self.assertTrue(self.browser.eval("document.getElementById('control').checked"))
        shown = self.browser.count("path.k")
        self.browser.key("c")
        self.assertLess(self.browser.count("path.k"), shown)
        self.browser.until("location.hash.includes('c=0')")

    def test_seeds(self):
        """Over many seeds there are distributions of anomalies too, and each plot says what it shows"""
        self.browser.open(self.compared("--seeds", "5", "--orderings", "fifo,total"))
        self.assertEqual(self.browser.count("#plots svg.plot"), 5)
        for name in self.all("#plots svg.plot", "getAttribute('aria-label')"):
            self.assertGreater(len(name), 10)

    def test_narrow(self):
        """Where there is little room, all figures are still in sight, each beside what it is of"""
        self.browser.size(420, 900)
        self.browser.open(self.compared())
        self.assertEqual(self.hidden_cells(), [])
        self.assertIn("on the wire, a multicast", self.all(".compare tbody th"))

    def hidden_cells(self):
        """What of the table one would have to move it for, or that lies upon something else"""
        return self.browser.eval("""(() => {
          const edge = document.querySelector(".compare .wide").getBoundingClientRect();
          return [...document.querySelectorAll(".compare tr")].flatMap(row => {
            const cells = [...row.children].map(c => [c, c.getBoundingClientRect()]).filter(([c, b]) => b.width > 0);
            return cells.filter(([c, b], i) => b.right > edge.right + 1 || c.scrollWidth > c.clientWidth + 1
              || cells.slice(0, i).some(([, o]) => o.right > b.left + 1 && o.bottom > b.top + 1
                                                   && o.top < b.bottom - 1));
          }).map(([c]) => c.textContent);
        })()""")

    def test_real(self):
        """The page of real processes: plots and figures of every group, at every size"""
        path = self.made(os.path.join(self.folder.name, "real.html"), "compare", "--real", "--seconds", "0.05",
                         "--members", "2,3", "--sizes", "10,1000", "--orderings", "fifo,total")
        for width in (420, 1280, 1920):
            for scheme in ("light", "dark"):
                self.browser.size(width, 900)
                self.browser.scheme(scheme)
                self.browser.open(path, shown="svg.plot text")
                self.assertEqual(self.browser.errors(), [])
                self.assertLessEqual(self.browser.eval("document.scrollingElement.scrollWidth - innerWidth"), 0)
                self.assertEqual(self.hidden_cells(), [], width)
                self.assertGreater(self.contrast(".compare tbody td"), 4.3)
        self.assertEqual(self.browser.count("svg.plot"), 4)
        self.assertEqual(self.browser.count(".compare tbody tr"), 12)
        self.assertEqual(self.all(".compare thead th"), ["fifo", "total"])
        self.assertIn("shared memory" if os.environ.get("TYET_SHM") != "0" else "TCP", self.browser.text(".dim"))

    def test_readable(self):
        """In light and in dark every text stands out from its ground"""
        for scheme in ("light", "dark"):
            self.browser.scheme(scheme)
            self.browser.open(self.compared())
            for selector in (".lead", ".card h2", ".card .big", ".card .dim", ".card .seen", ".compare tbody td",
                             ".compare tbody th", ".compare td.wrong", ".compare li", "#findings .differs .badge",
                             "#now"):
                self.assertGreater(self.contrast(selector), 4.3, (scheme, selector))
            fills = self.all("#plots svg.plot .pt", "ownerDocument.defaultView.getComputedStyle("
                             "document.querySelector('#plots .pt')).fill")
            self.assertEqual(fills[0], "rgb(28, 37, 48)" if scheme == "light" else "rgb(232, 236, 241)")

    def test_looks(self):
        """At three sizes, light, dark: nothing runs over the edge; the coarse picture is the one that was looked at"""
        self.looks_as("compare", self.compared(), "", ((420, 900), (1280, 900), (1920, 1080)), height=2400)


if __name__ == "__main__":
    pages.main()
