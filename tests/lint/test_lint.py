#!/usr/bin/env python3
"""The lint finds what it is there to find: each rule broken once, in a small house of its own.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "real"))
import lint  # noqa: E402
import tap  # noqa: E402

HEAD = "/* a file\n * SPDX-License-Identifier: LGPL-2.1-or-later */\n"


class Rules(unittest.TestCase):
    def found(self, rule, path, text):
        with tempfile.TemporaryDirectory() as top:
            for p, t in {"core/good.h": HEAD + "#pragma once\n", path: text}.items():
                os.makedirs(os.path.join(top, os.path.dirname(p)), exist_ok=True)
                with open(os.path.join(top, p), "w", encoding="utf-8") as f:
                    f.write(t)
            return list(getattr(lint.House(top), rule)())

    def bad(self, rule, path, text):
        self.assertNotEqual(self.found(rule, path, text), [])

    def good(self, rule, path, text):
        self.assertEqual(self.found(rule, path, text), [])

    def test_folders(self):
        self.bad("folders", "lib/x.c", HEAD)
        self.bad("folders", "NOTES.md", "")
        self.good("folders", "flush/x.c", HEAD)
        self.good("folders", ".ci/x", "")

    def test_includes(self):
        self.bad("includes", "core/x.c", '#include "flush/store.h"\n')
        self.bad("includes", "core/x.c", '#include "store.h"\n')
        self.bad("includes", "flush/x.c", '#include "membership/round.h"\n')
        self.bad("includes", "examples/x.c", '#include "core/node.h"\n')
        self.good("includes", "flush/x.c", '#include "core/node.h"\n#include "flush/store.h"\n#include <glib.h>\n')
        self.good("includes", "core/x.c", '#include "tyet-view.h"\n')

    def test_step_machine(self):
        self.bad("step_machine", "flush/x.c", HEAD + "x = g_get_monotonic_time ();\n")
        table = "t = g_hash_table_new (g_direct_hash, 0);\n"
        self.bad("step_machine", "core/x.c", HEAD + table + "g_hash_table_iter_init (&i, t);\n")
        self.good("step_machine", "core/x.c", HEAD + table)
        self.good("step_machine", "flush/x.c", HEAD + "/* time () */ x = ops->time (o); event_time (x);\n")
        self.good("step_machine", "transport/x.c", HEAD + "x = g_get_monotonic_time ();\n")

    def test_licences(self):
        self.bad("licences", "core/x.c", "int x;\n")
        self.bad("licences", "tests/go", "#!/bin/sh\n")

    def test_pragma(self):
        self.bad("pragma", "core/x.h", HEAD)

    def test_layout(self):
        self.bad("layout", "core/x.c", "int x;\t\n")
        self.bad("layout", "core/x.c", "int x; \n")
        self.bad("layout", "core/x.c", "/*" + 120 * "x" + "*/\n")

    def test_words(self):
        self.bad("words", "core/x.c", "/* see /" + "home/somebody */\n")
        self.bad("words", "doc/x.md", "as issue" + " 7 says\n")

    def test_documented(self):
        declared = HEAD + "TYET_API int\ntyet_x (void);\n"
        self.bad("documented", "core/tyet-x.h", declared)
        self.good("documented", "core/tyet-x.h", declared + "/**\n * tyet_x:\n */\n")


if __name__ == "__main__":
    tap.main()
