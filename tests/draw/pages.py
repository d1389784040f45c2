"""What the tests of pages share: one browser, pages of scenes, and how a page looks.

A page is compared with what was looked at by its coarse picture: how light each cell of a grid is. That stands fonts of
another kind and a pixel here and there, and notices what is missing, moved or unreadable.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import browser

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "real"))
import tap  # noqa: E402

TYET = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
REWRITE = "--rewrite" in sys.argv
CELLS = 24


class Case(unittest.TestCase):
    """One browser for all cases; a page of its own for each."""

    @classmethod
    def setUpClass(cls):
        if browser.find() is None:
            raise unittest.SkipTest("there is no chromium here (tests/deps --test installs it)")
        cls.folder = tempfile.TemporaryDirectory()
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.size(1280, 900)
        self.browser.scheme("light")

    def tearDown(self):
        self.assertEqual(self.browser.errors(), [])

    def made(self, path, *args):
        """Runs it, which writes the page"""
        done = subprocess.run([TYET, *args, "--html", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=240, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return path

    def page_of(self, scene, *options):
        return self.made(os.path.join(self.folder.name, os.path.basename(scene) + ".html"), "run", scene, *options)

    def looks_as(self, name, path, fragment, sizes, height=None):
        """At these sizes, light and dark: nothing runs over the edge; the coarse picture is the one in NAME.golden"""
        golden_path = os.path.join(HERE, name + ".golden")
        golden = {}
        if not REWRITE:
            with open(golden_path, encoding="utf-8") as f:
                golden = json.load(f)
        for width, tall in sizes:
            for scheme in ("light", "dark"):
                self.browser.size(width, tall)
                self.browser.scheme(scheme)
                self.browser.open(path, fragment)
                over = self.browser.eval("document.scrollingElement.scrollWidth - innerWidth")
                self.assertLessEqual(over, 0, (width, scheme))
                rows = self.browser.picture(width, height or tall, CELLS)
                mean = sum(map(sum, rows)) / sum(map(len, rows))
                self.assertTrue(mean > 200 if scheme == "light" else mean < 70, (width, scheme, mean))
                key = "%d %s" % (width, scheme)
                if REWRITE:
                    golden[key] = rows
                    continue
                wanted = golden[key]
                self.assertEqual(len(rows), len(wanted))
                away = sum(abs(a - b) for r, s in zip(rows, wanted) for a, b in zip(r, s)) / (CELLS * len(rows))
                self.assertLess(away, 9, "%s: it looks otherwise: by %.1f of 255 on average" % (key, away))
        if REWRITE:
            with open(golden_path, "w", encoding="utf-8") as f:
                f.write("{\n" + ",\n".join('"%s": %s' % (k, json.dumps(v).replace("], ", "],\n  "))
                                           for k, v in golden.items()) + "\n}\n")


def main():
    sys.argv = sys.argv[:1] + [a for a in sys.argv[2:] if a != "--rewrite"]
    tap.main()
