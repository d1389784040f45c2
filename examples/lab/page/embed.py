#!/usr/bin/env python3
"""embed.py OUT.c FILE...: makes C strings of the files of the page; those of one kind are joined, in this order.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys


def c_string(text):
    """Short pieces, one for each line of the file: compilers and people read them"""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "?": "\\?"}
    lines = text.splitlines(keepends=True)
    quoted = []
    for line in lines:
        out = "".join(escapes.get(c, c if " " <= c <= "~" else "".join("\\%03o" % b for b in c.encode())) for c in line)
        quoted.append('  "%s"' % out)
    return "\n".join(quoted)


def main():
    kinds = {"html": [], "css": [], "js": []}
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as f:
            kinds[path.rsplit(".", 1)[1]].append(f.read())
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('/* Generated from examples/lab/page/. */\n#include "examples/lab/page-parts.h"\n')
        for kind, texts in kinds.items():
            out.write("\nconst char page_part_%s[] =\n%s;\n" % (kind, c_string("".join(texts))))


if __name__ == "__main__":
    main()
