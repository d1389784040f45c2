#!/usr/bin/env python3
"""lint.py CHECKOUT: the rules of the house that a compiler does not know. Reports in TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import re
import sys

FOLDERS = {"core", "ordering", "membership", "flush", "transport", "tests", "examples", "doc"}
FILES = {"README.md", "LICENSE", "CHANGELOG.md", "meson.build", "meson_options.txt"}
BUILDS = re.compile(r"^(build.*|B)$")
MACHINE = ("core", "ordering", "membership", "flush")  # the step machine: no clock, no chance, no sockets, no threads

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
PUBLIC = re.compile(r"^TYET_API\b[^;{]*?\b(tyet_\w+)\s*\(", re.M | re.S)
WORLDLY = re.compile(r"\b(g_get_monotonic_time|g_get_real_time|clock_gettime|gettimeofday|time|rand|random|getrandom|"
                     r"g_random_\w+|g_uuid_\w+|randombytes\w*|socket|g_socket_\w+|pthread_\w+|g_thread_\w+|usleep|"
                     r"nanosleep|g_timeout_\w+|g_idle_\w+)\s*\(")
# What speaks of one machine, or of how the project came about, has no place in it.
ELSEWHERE = re.compile(r"/(?:home|work|root|farm)/[a-z.]|\bissues? #?\d+\b", re.I)


def sources(top):
    for folder, folders, files in os.walk(top):
        at = os.path.relpath(folder, top)
        folders[:] = sorted(f for f in folders if f != "__pycache__" and f not in (".git", ".build", "subprojects")
                            and not (at == "." and BUILDS.match(f)))
        for f in sorted(files):
            yield os.path.normpath(os.path.join(at, f))


def text_of(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def without_comments(text):
    """The same number of lines, with the comments and strings emptied."""
    def blank(match):
        return match.group(0)[0] + "\n" * match.group(0).count("\n") + " "
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class House:
    def __init__(self, top):
        self.top = top
        self.paths = list(sources(top))
        self.text = {p: text_of(top, p) for p in self.paths
                     if p.endswith((".c", ".h", ".in", ".py", ".sh", ".md", ".build", ".txt")) or self.is_script(p)}
        self.c = [p for p in self.text if p.endswith((".c", ".h"))]

    def is_script(self, path):
        with open(os.path.join(self.top, path), "rb") as f:
            return f.read(2) == b"#!"

    def folders(self):
        """The top level holds the agreed folders and files only"""
        for path in self.paths:
            first, _, rest = path.partition(os.sep)
            if not first.startswith(".") and first not in (FOLDERS if rest else FILES):
                yield first

    def includes(self):
        """Core includes nobody; the other folders core and themselves"""
        for path in self.c:
            folder = path.split(os.sep)[0]
            allowed = {"core"} if folder == "core" else {"core", folder}
            if folder in ("tests", "doc") or path.startswith(os.path.join("examples", "lab")):
                continue
            for match in INCLUDE.finditer(self.text[path]):
                name = match.group(2)
                there, slash, _ = name.partition("/")
                if folder == "examples":
                    wrong = slash and there in FOLDERS  # on the public API only
                elif match.group(1) == '"':
                    wrong = there not in allowed if slash else not re.match(r"tyet[\w-]*\.h$", name)
                else:
                    wrong = there in FOLDERS
                if wrong:
                    yield "%s:%d: includes %s" % (path, line_of(self.text[path], match.start()), name)

    def step_machine(self):
        """No clock, chance, socket, timer or thread outside transport"""
        for path in self.c:
            # The public objects run in the application's thread and main loop; they are no part of the machine.
            if path.split(os.sep)[0] not in MACHINE or re.match(r"(tyet-|runtime|state-)", os.path.basename(path)):
                continue
            text = without_comments(self.text[path])
            for match in WORLDLY.finditer(text):
                if not re.search(r"(->|\.)\s*$", text[:match.start()]):  # a slot of a port is how to ask
                    yield "%s:%d: %s" % (path, line_of(text, match.start()), match.group(1))
            if "g_direct_hash" in text and re.search(r"g_hash_table_(iter_init|foreach|get_keys|get_values)", text):
                yield "%s: goes through a table that is hashed by pointers: its order differs from run to run" % path

    def licences(self):
        """Every source says its licence"""
        for path, text in self.text.items():
            source = path in self.c or path.endswith((".py", ".sh")) or text.startswith("#!")
            if source and "SPDX-License-Identifier: LGPL-2.1-or-later" not in text:
                yield path

    def pragma(self):
        """Headers are included once, by #pragma once"""
        for path in self.c:
            if path.endswith(".h") and "#pragma once" not in self.text[path]:
                yield path

    def layout(self):
        """No tabs, no blanks at line ends, at most 120 columns"""
        for path in self.c + [p for p in self.text if p.endswith(".py")]:
            for n, line in enumerate(self.text[path].split("\n"), 1):
                if "\t" in line or line != line.rstrip() or len(line) > 120:
                    yield "%s:%d" % (path, n)

    def words(self):
        """The project speaks of itself alone"""
        for path, text in self.text.items():
            for match in ELSEWHERE.finditer(text):
                yield "%s:%d: %s" % (path, line_of(text, match.start()), match.group(0))

    def documented(self):
        """Every public function has a documentation comment"""
        comments = set()
        for path in self.c:
            if path.startswith("core" + os.sep):
                comments.update(re.findall(r"/\*\*\n \* (tyet_\w+):", self.text[path]))
        for path in self.c:
            if re.match(r"core/tyet[\w-]*\.h$", path):
                for name in PUBLIC.findall(without_comments(self.text[path])):
                    if name not in comments and not name.endswith(("_get_type", "_quark")):
                        yield "%s: %s" % (path, name)


def main():
    house = House(sys.argv[1])
    checks = [house.folders, house.includes, house.step_machine, house.licences, house.pragma, house.layout,
              house.words, house.documented]
    print("1..%d" % len(checks))
    good = True
    for n, check in enumerate(checks, 1):
        found = sorted(set(check()))
        print("%sok %d - %s" % ("not " if found else "", n, check.__doc__))
        for item in found:
            print("#   " + item)
        good = good and not found
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
