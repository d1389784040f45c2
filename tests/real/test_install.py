#!/usr/bin/env python3
"""test_install.py SOURCE BUILD: what is installed, and that programs build with it, installed or as a subproject.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import tap

SOURCE, BUILD = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
PROGRAM = """
#include <tyet.h>
#include <stdio.h>
int
main (void)
{
  const char *const *names = tyet_list_orderings ();
  for (guint i = 0; names[i] != NULL; i++)
    printf ("%s\\n", names[i]);
  return !TYET_CHECK_VERSION (0, 1, 0);
}
"""


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError("%s: %s%s" % (" ".join(command), done.stdout, done.stderr))
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = cls.folder.name
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.root)
        cls.files = [os.path.relpath(os.path.join(at, f), cls.root)
                     for at, _, files in os.walk(cls.root) for f in files]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def one(self, pattern):
        found = [f for f in self.files if re.search(pattern, f)]
        self.assertEqual(len(found), 1, "%s: %s" % (pattern, found))
        return os.path.join(self.root, found[0])

    def test_files(self):
        for pattern in (r"/bin/tyet$", r"/libtyet\.so\.\d+\.\d+\.\d+$", r"/libtyet\.a$", r"/pkgconfig/tyet\.pc$",
                        r"/tyet/tyet\.h$"):
            self.one(pattern)
        headers = [os.path.basename(f) for f in self.files if f.endswith(".h")]
        self.assertEqual([h for h in headers if not re.match(r"tyet(-[a-z-]+)?\.h$", h)], [])
        self.assertRegex(run("readelf", "-d", self.one(r"/libtyet\.so\.\d+\.\d+\.\d+$")), r"SONAME.*\[libtyet\.so\.\d+\]")

    def test_program_with_pkg_config(self):
        pc = self.one(r"/pkgconfig/tyet\.pc$")
        env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc), PKG_CONFIG_SYSROOT_DIR=self.root)
        with open(pc, encoding="utf-8") as f:
            text = f.read()
        own = [x for x in run("pkg-config", "--cflags", "--libs", "tyet", env=env).split()]
        # The sysroot is for tyet's own paths; GLib is where it always was.
        flags = [re.sub("^-([IL])%s(/usr/(?:include|lib)/(?!.*tyet))" % re.escape(self.root), r"-\1\2", x) for x in own]
        source, binary = os.path.join(self.root, "p.c"), os.path.join(self.root, "p")
        with open(source, "w", encoding="utf-8") as f:
            f.write(PROGRAM)
        library = os.path.dirname(self.one(r"/libtyet\.so\.\d+\.\d+\.\d+$"))
        run("cc", "-Wall", "-Wextra", "-Werror", source, *flags, "-L" + library, "-o", binary)
        out = run(binary, env=dict(os.environ, LD_LIBRARY_PATH=library))
        self.assertEqual(sorted(out.split()), ["causal", "fifo", "total"])
        self.assertIn("Requires.private: ", text)

    def test_one_program_of_that_name(self):
        named = [os.path.join(at, f) for at, _, files in os.walk(BUILD) for f in files
                 if f == "tyet" and os.access(os.path.join(at, f), os.X_OK)]
        self.assertEqual(len(named), 1, named)


class Subproject(unittest.TestCase):
    def test_builds_inside_another_project(self):
        with tempfile.TemporaryDirectory() as top:
            os.mkdir(os.path.join(top, "subprojects"))
            os.symlink(SOURCE, os.path.join(top, "subprojects", "tyet"))
            with open(os.path.join(top, "meson.build"), "w", encoding="utf-8") as f:
                f.write("project('outer', 'c', meson_version: '>= 1.0.0')\n"
                        "subproject('tyet', default_options: ['examples=false', 'default_library=static'])\n"
                        "executable('p', 'p.c', dependencies: dependency('tyet'))\n")
            with open(os.path.join(top, "p.c"), "w", encoding="utf-8") as f:
                f.write(PROGRAM)
            build = os.path.join(top, "build")
            run("meson", "setup", build, top)
            run("ninja", "-C", build, "p")
            self.assertEqual(sorted(run(os.path.join(build, "p")).split()), ["causal", "fifo", "total"])


if __name__ == "__main__":
    tap.main()
