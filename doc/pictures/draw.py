#!/usr/bin/env python3
"""draw.py TEXT FOLDER [--check]: makes the pictures of histories that TEXT describes: FOLDER/NAME.svg for each.

A picture is its name, then one or more panels parted by `not` and `or`: the first is legal, the others are not. A panel
is a line a process: its name, then what happens, time running to the right, so that columns are moments.

  [1:ab]  told of view 1      +m   sends m     |      its record ends     m!, [1!]   that is what is wrong
  <1x>    a transitional one   m   delivers m  X      it fails            (m)        missing, and wrong
  block   it has no quorum                     save:7f, load:7f           a state is given, taken

`graph` has views and what follows what: 1@0,0 is a view at a column and half a row, 1>2 an arrow. `note` is a caption.
With --check nothing is written: the exit status says whether the pictures are those that the text makes.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import re
import sys
from html import escape

CELL, ROW, TOP = 8, 38, 34
TOKEN = re.compile(r"\[[^\]]*\]|<[^>]*>|\([a-z]\)|block|(?:save|load)(?::\w+)?!?|\+?[a-z]!?|X|!?\||[-. ]")
STYLE = """
svg { font: 13px sans-serif; }
.line { stroke: #6e7781; stroke-width: 1.5; fill: none; }
.text, .name { fill: #1f2328; } .name { font-weight: bold; } .small { font-size: 11px; fill: #59636e; }
.view { fill: #ddf4ff; stroke: #0969da; } .trans { fill: #fff8c5; stroke: #9a6700; stroke-dasharray: 4 2; }
.state { fill: #fbefff; stroke: #8250df; } .block { fill: #eaeef2; stroke: #6e7781; }
.send { fill: #0969da; stroke: #0969da; } .deliver { fill: #ffffff; stroke: #0969da; stroke-width: 2; }
.gone { fill: none; stroke: #cf222e; stroke-width: 2; stroke-dasharray: 3 2; }
.way { stroke: #0969da; stroke-width: 1; fill: none; opacity: .55; }
.bad { stroke: #cf222e !important; stroke-width: 2; } .badtext { fill: #cf222e; font-weight: bold; }
.fail { stroke: #cf222e; stroke-width: 2.5; } .good { fill: #1a7f37; font-weight: bold; }
@media (prefers-color-scheme: dark) {
.line { stroke: #9198a1; } .text, .name { fill: #f0f6fc; } .small { fill: #9198a1; }
.view { fill: #121d2f; stroke: #4493f8; } .trans { fill: #272115; stroke: #d29922; }
.state { fill: #211a2e; stroke: #ab7df8; } .block { fill: #212830; stroke: #9198a1; }
.send { fill: #4493f8; stroke: #4493f8; } .deliver { fill: #0d1117; stroke: #4493f8; }
.way { stroke: #4493f8; } .gone, .fail { stroke: #f85149; } .bad { stroke: #f85149 !important; }
.badtext { fill: #f85149; } .good { fill: #3fb950; }
}
"""


class Panel:
    def __init__(self, kind):
        self.kind, self.rows, self.graph, self.notes = kind, [], None, []


def read(text):
    pictures, panel = [], None
    for line in text.split("\n"):
        line = line.rstrip()
        if line.startswith("#"):
            continue
        if not line:
            panel = None
        elif panel is None:
            panel = Panel("legal")
            pictures.append((line, [panel]))
        elif line in ("not", "or"):
            panel = Panel(line)
            pictures[-1][1].append(panel)
        elif line.startswith("graph "):
            panel.graph = line[6:].split()
        elif line.startswith("note "):
            panel.notes.append(line[5:])
        else:
            name = line.split()[0]
            at = re.match(r"\S+\s+", line).end()
            panel.rows.append((name, at, line[at:]))
    return pictures


def words(text):
    """What happens, with the column of its middle."""
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            sys.exit("draw.py: \"%s\" at column %d of \"%s\"" % (text[at:], at, text))
        word = match.group(0)
        if word not in "-. ":
            yield (at + len(word) / 2 - 0.5, word, at)
        at = match.end()


def put(out, kind, cls, **attributes):
    text = attributes.pop("text", None)
    body = "".join(' %s="%s"' % (k.replace("_", "-"), ("%.1f" % v).rstrip("0").rstrip(".")
                                 if isinstance(v, float) else v) for k, v in attributes.items())
    end = ">%s</%s>" % (escape(text), kind) if text is not None else "/>"
    out.append('<%s class="%s"%s%s' % (kind, cls, body, end))


def put_box(out, x, y, label, cls, bad):
    width = 8.0 * len(label) + 10
    put(out, "rect", cls + (" bad" if bad else ""), x=x - width / 2, y=y - 11.0, width=width, height=22, rx=5)
    put(out, "text", "badtext" if bad else "text", x=x, y=y + 4.5, text_anchor="middle", text=label)
    return width


def put_arrow(out, x1, y1, x2, y2, bad):
    put(out, "path", "way" + (" bad" if bad else ""), d="M%.1f %.1f L%.1f %.1f" % (x1, y1, x2, y2),
        marker_end="url(#%s)" % ("bad" if bad else "head"))


def put_line(out, text, x, y):
    """The time of a process, with gaps where it does not run."""
    for part in re.finditer(r"(?:(?!   ).)+", text):
        begin, end = part.start(), part.start() + len(part.group(0).rstrip())
        begin += len(part.group(0)) - len(part.group(0).lstrip())
        if end > begin:
            put(out, "line", "line", x1=float(x + begin * CELL), y1=float(y), x2=float(x + (end - 0.5) * CELL),
                y2=float(y))


def put_word(out, word, x, y):
    bad = "!" in word
    plain = word.replace("!", "")
    if plain[0] == "[" or plain[0] == "<":
        put_box(out, x, y, plain[1:-1], "view" if plain[0] == "[" else "trans", bad)
    elif plain.startswith(("save", "load", "block")):
        put_box(out, x, y, plain.replace(":", " "), "block" if plain == "block" else "state", bad)
    elif plain == "X":
        for dx in (-6.0, 6.0):
            put(out, "line", "fail", x1=x - dx, y1=y - 6.0, x2=x + dx, y2=y + 6.0)
    elif plain == "|":
        put(out, "line", "line" + (" bad" if bad else ""), x1=x, y1=y - 8.0, x2=x, y2=y + 8.0)
    else:
        letter = plain.strip("+()")
        cls = "gone" if plain[0] == "(" else "send" if plain[0] == "+" else "deliver"
        put(out, "circle", cls + (" bad" if bad else ""), cx=x, cy=y, r=5)
        put(out, "text", "badtext" if bad or plain[0] == "(" else "text", x=x, y=y - 9.0, text_anchor="middle",
            text=letter)


def draw_rows(out, panel, x0, y0):
    sends, arrivals = {}, []
    indent = max(len(name) for name, _, _ in panel.rows) + 2
    first = min(at for _, at, _ in panel.rows)
    rows = [(name, " " * (at - first) + text) for name, at, text in panel.rows]
    width = 0
    for r, (_, text) in enumerate(rows):
        y = float(y0 + r * ROW)
        x = x0 + indent * CELL
        for column, word, _ in words(text):
            at, letter = x + (column + 0.5) * CELL, word.strip("+()!")
            if re.fullmatch(r"\+[a-z]!?", word):
                sends.setdefault(letter, (at, y))
            elif re.fullmatch(r"[a-z]!?|\([a-z]\)", word):
                arrivals.append((letter, at, y, "!" in word or "(" in word))
        width = max(width, indent * CELL + len(text) * CELL + 14)
    for letter, at, y, bad in arrivals:
        if letter in sends and sends[letter][1] != y:
            sx, sy = sends[letter]
            length = max(((at - sx) ** 2 + (y - sy) ** 2) ** 0.5, 1)
            cut = 8 / length
            put_arrow(out, sx + (at - sx) * cut, sy + (y - sy) * cut, at - (at - sx) * cut, y - (y - sy) * cut, bad)
    for r, (name, text) in enumerate(rows):
        y, x = y0 + r * ROW, x0 + indent * CELL
        put(out, "text", "name", x=x0, y=y + 4.5, text=name)
        put_line(out, text, x, y)
        for column, word, _ in words(text):
            put_word(out, word, x + (column + 0.5) * CELL, float(y))
    return width, len(panel.rows) * ROW


def draw_graph(out, panel, x0, y0):
    where, boxes, arrows = {}, [], []
    for item in panel.graph:
        if "@" in item:
            name, at = item.split("@")
            column, row = (float(v) for v in at.split(","))
            plain = name.replace("!", "")
            where[plain] = (x0 + 30 + column * 100, y0 + row * ROW * 0.75)
            boxes.append((plain, "!" in name))
        else:
            arrows.append(item)
    for item in arrows:
        a, b = item.rstrip("!").split(">")
        (xa, ya), (xb, yb) = where[a], where[b]
        put_arrow(out, xa + 8.0 * len(a) / 2 + 7, ya, xb - 8.0 * len(b) / 2 - 11, yb, item.endswith("!"))
    for name, bad in boxes:
        put_box(out, where[name][0], where[name][1], name, "view", bad)
    right = max(x for x, _ in where.values()) - x0 + 40
    return right, max(y for _, y in where.values()) - y0 + ROW


def wrap(text, width):
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > max(width // 6, 24):
            lines.append("")
        lines[-1] = (lines[-1] + " " + word).strip()
    return lines


def draw(panels):
    out, x, height = [], 10, 0
    for panel in panels:
        heading = {"legal": "legal", "not": "not legal", "or": "nor this"}[panel.kind]
        if len(panels) > 1:
            put(out, "text", "good" if panel.kind == "legal" else "badtext", x=x, y=16, text=heading)
        width, tall = (draw_graph if panel.graph else draw_rows)(out, panel, x, TOP + 14)
        width = max(width, 8 * len(heading))
        y = TOP + 14 + tall
        for note in panel.notes:
            for line in wrap(note, max(width, 240)):
                put(out, "text", "small", x=x, y=y, text=line)
                width = max(width, 6 * len(line))
                y += 15
        height = max(height, y)
        x += width + 34
    x -= 24
    head = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">\n<style>%s</style>\n'
            % (x, height, x, height, STYLE))
    marks = "".join('<marker id="%s" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
                    'orient="auto"><path class="way%s" d="M1 1 L7 4 L1 7"/></marker>' % (name, cls)
                    for name, cls in (("head", ""), ("bad", " bad")))
    return head + "<defs>" + marks + "</defs>\n" + "\n".join(out) + "\n</svg>\n"


def main():
    source, folder = sys.argv[1:3]
    with open(source, encoding="utf-8") as f:
        pictures = read(f.read())
    stale = []
    for name, panels in pictures:
        path = os.path.join(folder, "judge-%s.svg" % name.split()[0].lower())
        text = draw(panels)
        if "--check" in sys.argv:
            with open(path, encoding="utf-8") as f:
                stale += [path] if f.read() != text else []
        else:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
    if "--check" in sys.argv:
        print("1..1\n%sok 1 - %d pictures are those of their text" % ("not " if stale else "", len(pictures)))
        for path in stale:
            print("# " + path)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
