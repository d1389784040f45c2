#!/usr/bin/env python3
"""symbols.py LIBRARY HEADER...: what the shared library exports is what the installed headers declare. Reports in TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import re
import subprocess
import sys

from lint import PUBLIC, without_comments


def main():
    library, headers = sys.argv[1], sys.argv[2:]
    declared = set()
    for header in headers:
        with open(header, encoding="utf-8") as f:
            declared.update(PUBLIC.findall(without_comments(f.read())))
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    exported = {line.split()[2].split("@")[0] for line in listing.splitlines() if len(line.split()) == 3}
    # Sanitizers and the linker add some of their own.
    exported = {s for s in exported if not re.match(r"_|asan|ubsan", s)}
    print("1..2")
    results = [("every declared function is exported", declared - exported),
               ("nothing else is exported", exported - declared)]
    for n, (what, wrong) in enumerate(results, 1):
        print("%sok %d - %s" % ("not " if wrong else "", n, what))
        for name in sorted(wrong):
            print("#   " + name)
    return 1 if any(wrong for _, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
