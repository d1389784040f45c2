#!/usr/bin/env python3
"""no_plants.py PLANTS.def... LIBRARY...: no planted bug has left a trace in what is installed. Reports in TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import re
import subprocess
import sys


def traces(library, plants):
    symbols = subprocess.run(["nm", "-a", library], check=True, capture_output=True, text=True).stdout
    with open(library, "rb") as f:
        data = f.read()
    found = set(re.findall(r"\bty_plant\w*", symbols))
    for name, what in plants:
        found.update(text for text in (name, what) if text.encode() in data and (" " in text or "ty_plant" in text))
        found.update(["TY_PLANT_" + name] if ("TY_PLANT_" + name).encode() in data else [])
    return found


def main():
    lists = [path for path in sys.argv[1:] if path.endswith(".def")]
    libraries = sys.argv[1 + len(lists):]
    plants = []
    for path in lists:
        with open(path, encoding="utf-8") as f:
            plants += re.findall(r'TY_PLANT \((\w+), "[\w-]+", "([^"]+)"\)', f.read())
    print("1..%d" % (len(libraries) + 1))
    print("%sok 1 - there are planted bugs to look for" % ("" if len(plants) > 40 else "not "))
    bad = len(plants) <= 40
    for n, library in enumerate(libraries, 2):
        found = traces(library, plants)
        print("%sok %d - no trace of them in %s" % ("not " if found else "", n, library))
        for text in sorted(found):
            print("#   " + text)
        bad |= bool(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
