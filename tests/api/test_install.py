#!/usr/bin/env python3
"""test_install.py SOURCE BUILD

What is installed is enough to build against, by pkg-config, shared and static; and the source
is, as a Meson subproject. Reports in TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import subprocess
import sys
import tempfile

PROGRAM = """
#include <%s>
int
main (void)
{
  g_autoptr (TyetProcess) me = tyet_process_new (NULL, NULL);
  g_autoptr (TyetGroup) group = tyet_group_new (me, "g", "total");
  g_autoptr (GError) error = NULL;
  if (!TYET_CHECK_VERSION (0, 1, 0) || !tyet_group_found (group, &error))
    return 1;
  while (tyet_group_get_view (group) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_print ("%%s", tyet_view_get_member_name (tyet_group_get_view (group), 0));
  return 0;
}
"""

MESON_BUILD = """
project ('user', 'c', default_options: ['default_library=shared', 'optimization=0'])
tyet = dependency ('tyet', fallback: 'tyet',
  default_options: ['tests=false', 'examples=false', 'introspection=disabled'])
executable ('user', 'user.c', dependencies: tyet)
"""


def sh(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError("%s\n%s" % (" ".join(command), done.stdout))
    return done.stdout


class Installed:
    def __init__(self, build, folder):
        self.folder = folder
        self.root = os.path.join(folder, "root")
        sh("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", self.root)
        pc = next(top for top, _, files in os.walk(self.root) if "tyet.pc" in files)
        self.lib = os.path.dirname(pc)
        # As it is, but for where its root is.
        with open(os.path.join(pc, "tyet.pc"), encoding="utf-8") as f:
            text = f.read().replace("prefix=/", "prefix=%s/" % self.root, 1)
        with open(os.path.join(folder, "tyet.pc"), "w", encoding="utf-8") as f:
            f.write(text)

    def flags(self, *args):
        return sh("pkg-config", *args, "tyet", env=dict(os.environ, PKG_CONFIG_PATH=self.folder)).split()

    def builds(self, include, static):
        source, binary = os.path.join(self.folder, "user.c"), os.path.join(self.folder, "user")
        with open(source, "w", encoding="utf-8") as f:
            f.write(PROGRAM % include)
        flags = self.flags("--cflags", "--libs", *(["--static"] if static else []))
        if static:
            flags = [os.path.join(self.lib, "libtyet.a") if f == "-ltyet" else f for f in flags]
        extra = os.environ.get("TYET_TEST_CFLAGS", "").split()
        sh("cc", "-Wall", "-Wextra", "-Werror", source, *flags, *extra, "-o", binary)
        needed = sh("readelf", "-d", binary)
        assert ("libtyet.so.0" in needed) != static, needed
        out = sh(binary, env=dict(os.environ, LD_LIBRARY_PATH=self.lib))
        assert len(out) > 0


def private_is_not_installed(installed):
    include = os.path.join(
        next(top for top, dirs, _ in os.walk(installed.root) if "tyet" in dirs and "include" in top), "tyet")
    names = sorted(os.listdir(include))
    wrong = [n for n in names if not n.startswith("tyet")]
    assert "tyet.h" in names and not wrong, names
    for name in names:
        if name in ("tyet.h", "tyet-ordering.h", "tyet-version.h"):
            continue
        done = subprocess.run(["cc", "-fsyntax-only", "-x", "c", os.path.join(include, name),
                               *installed.flags("--cflags")],
                              capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "Only <tyet.h>" in done.stderr, name


def subproject(source, folder):
    top = os.path.join(folder, "project")
    os.makedirs(os.path.join(top, "subprojects"))
    os.symlink(source, os.path.join(top, "subprojects", "tyet"))
    with open(os.path.join(top, "meson.build"), "w", encoding="utf-8") as f:
        f.write(MESON_BUILD)
    with open(os.path.join(top, "user.c"), "w", encoding="utf-8") as f:
        f.write(PROGRAM % "tyet.h")
    build = os.path.join(top, "build")
    env = dict(os.environ, PKG_CONFIG_PATH="")
    sh("meson", "setup", "--force-fallback-for=tyet", build, top, env=env)
    sh("ninja", "-C", build, "-j2", env=env)
    assert len(sh(os.path.join(build, "user"))) > 0
    inner = os.path.join(build, "subprojects", "tyet")
    assert os.path.isfile(os.path.join(inner, "libtyet.a")), os.listdir(inner)
    assert not os.path.exists(os.path.join(inner, "examples", "lab", "tyet")), "examples were built, too"


def main():
    source, build = sys.argv[1:3]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, folder)
        tests = [("<tyet.h> by pkg-config", lambda: installed.builds("tyet.h", False)),
                 ("<tyet/tyet.h> by pkg-config", lambda: installed.builds("tyet/tyet.h", False)),
                 ("the static library", lambda: installed.builds("tyet.h", True)),
                 ("only public headers are installed, and only tyet.h and tyet-ordering.h are for including",
                  lambda: private_is_not_installed(installed)),
                 ("as a subproject", lambda: subproject(source, folder))]
        print("1..%d" % len(tests))
        for n, (what, test) in enumerate(tests, 1):
            try:
                test()
                print("ok %d - %s" % (n, what), flush=True)
            except AssertionError as problem:
                failed += 1
                print("not ok %d - %s" % (n, what))
                for line in str(problem).splitlines():
                    print("#   " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
