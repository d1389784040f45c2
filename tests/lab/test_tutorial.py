#!/usr/bin/env python3
"""test_tutorial.py SOURCE TYET TYET-LAMPORT KIT-LAMPORT TYET-HASTY KIT-HASTY: what the tutorial shows is what happens.

In a block marked `console`, a line with a dollar sign is a command, and the lines below it must come in its output in
that order ("..." stands for any, and so does "…" in a line), with the moments that stand there. Blocks marked `scene`
are written to the file that their first line names. Those marked `c`, one after the other, are
examples/orderings/lamport.c under another name, "mine": whoever types them has a working module. What the page then
does with it is done with the programs that hold lamport, and, between two remarks that say so, with those that hold it
with the mistake. Pictures of scenes show what is drawn now, wherever and whenever it is; after a change that is meant
to change them, or that moves what happens, --rewrite, and look at pictures and pages. Everything is done in a copy of
examples/scenes. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile


def squeeze(line):
    """Without what the width of a terminal changes."""
    return " ".join(line.split())


def timeless(line):
    """Without what moves with every little change of the protocol: for --rewrite alone, as a run repeats to the µs"""
    return squeeze(re.sub(r"^ *\d+\.\d+ ms|\bheld [\d.]+ (?:µs|ms|s)", " ", line))


REWRITE = "--rewrite" in sys.argv
MISTAKE = "<!-- from here on tyet-mine and conformance-mine are those with"


def blocks(text):
    """Blocks and remarks, in their order"""
    return [(kind or "remark", block or remark) for kind, block, remark
            in re.findall(r"^```(\w+)\n(.*?)^```|^(<!-- .*? -->)$", text, re.S | re.M)]


def code(text):
    """What a compiler sees: no remarks, no blanks"""
    text = re.sub(r"#ifndef LAMPORT_HASTY[^\n]*\n(.*?)#else.*?#endif\n", r"\1", text, flags=re.S)
    return re.findall(r'"[^"]*"|#|\w+|[^\s\w]', re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def gist(svg):
    """What a picture shows, without where and when, and without what a change of the protocol may move"""
    titles = [re.sub(r"^[\d.]+ (?:µs|ms|s): ", "", t) for t in re.findall(r"<title>([^<]*)</title>", svg)]
    names = re.findall(r'<text class="name"[^>]*>([^<]*)<', svg)
    return sorted(t for t in titles if re.search(r" sends \S+ \(| crashes$| is excluded: ", t)), names


def check_pictures(text, path, programs, folder):
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\.svg\)", text):
        scene, drawn = "examples/scenes/%s.scene" % name, os.path.join(os.path.dirname(path), name + ".svg")
        if not os.path.exists(os.path.join(folder, scene)):
            continue
        run("tyet run --svg %s.svg %s" % (name, scene), programs, folder)
        if REWRITE:
            shutil.copy(os.path.join(folder, name + ".svg"), drawn)
        with open(os.path.join(folder, name + ".svg"), encoding="utf-8") as new, open(drawn, encoding="utf-8") as old:
            shows, shown = gist(new.read()), gist(old.read())
        assert shows == shown, "%s.svg is another picture now (--rewrite): %s, not %s" % (name, shows, shown)


def run(command, programs, folder):
    words = [word.replace("mine", "lamport") if i > 0 else word for i, word in enumerate(shlex.split(command))]
    words = [re.sub(r"lamport(?=\.scene)", "mine", word) for word in words]
    if words[0] not in programs:
        raise AssertionError("what is %s?" % words[0])
    if words[0] == "conformance-mine":
        words += ["--ordering", "lamport"]
    done = subprocess.run([programs[words[0]], *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=folder, timeout=300, check=False)
    kit_failed = words[0] == "conformance-mine" and done.returncode == -6  # g_test_run () ends so
    assert done.returncode in (0, 1) or kit_failed, "%s: exit status %d\n%s" % (command, done.returncode,
                                                                               done.stdout.decode())
    out = done.stdout.decode()
    if words[0].endswith("-mine"):
        out = re.sub(r"\b(?:tyet|conformance)-(?:lamport|hasty)\b", words[0], out).replace("lamport", "mine")
    return out


def find(line, output, at, plain):
    """Where in the output the line comes, both made plain; or its length"""
    pattern = re.compile(".*".join(map(re.escape, plain(line).split("…"))))
    while at < len(output) and not pattern.search(plain(output[at])):
        at += 1
    return at


def check_console(text, programs, folder):
    """What stands there; with --rewrite, what should: at other moments, that is."""
    output, at, command, shown = [], 0, None, []
    for line in text.splitlines():
        if line.startswith("$ "):
            command = line[2:]
            output, at = run(command, programs, folder).splitlines(), 0
        elif line.strip() not in ("", "..."):
            assert command is not None, "no command before: " + line
            found = find(line, output, at, squeeze)
            if REWRITE and found == len(output) and "…" not in line:
                found = find(line, output, at, timeless)
                line = output[found] if found < len(output) else line
            assert found < len(output), "%s: not (or not there) in the output: %s\n%s\n%s" % (
                command, line, "\n".join(output), "If it came at another moment only: --rewrite.")
            at = found + 1
        shown.append(line)
    return "".join(line + "\n" for line in shown)


def check_code(pieces, source):
    with open(os.path.join(source, "examples", "orderings", "lamport.c"), encoding="utf-8") as f:
        wanted = code(f.read())
    typed = code("".join(pieces).replace("mine", "lamport").replace("Mine", "Lamport").replace("MINE", "LAMPORT"))
    for i, (one, other) in enumerate(zip(typed, wanted)):
        assert one == other, "not as in lamport.c: ... %s" % " ".join(typed[max(0, i - 20):i + 1])
    assert len(typed) == len(wanted), "it ends before lamport.c does, or after: %s" % " ".join(typed[-20:])


def check_page(path, programs, folder):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    pieces = []
    for kind, block in blocks(text):
        if kind == "remark":
            which = "hasty" if block.startswith(MISTAKE) else "lamport"
            programs["tyet-mine"] = programs["tyet-" + which]
            programs["conformance-mine"] = programs["conformance-" + which]
        elif kind == "console":
            text = text.replace(block, check_console(block, programs, folder), 1)
        elif kind == "c":
            pieces.append(block)
        elif kind == "scene":
            name = block.split("\n", 1)[0].lstrip("# ").strip()
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(re.sub(r"^(ordering|group \w+) mine$", r"\1 lamport", block, flags=re.M))
    if pieces:
        check_code(pieces, programs["source"])
    if REWRITE:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    check_pictures(text, path, programs, folder)
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert os.path.exists(os.path.join(os.path.dirname(path), link)), "a link to nothing: " + link
    return text


def main():
    source = sys.argv[1]
    programs = dict(zip(("tyet", "tyet-lamport", "conformance-lamport", "tyet-hasty", "conformance-hasty"),
                        map(os.path.abspath, sys.argv[2:7])))
    programs["tyet-mine"], programs["conformance-mine"] = programs["tyet-lamport"], programs["conformance-lamport"]
    programs["source"] = source
    pages = sorted(glob.glob(os.path.join(source, "doc", "tutorial", "*.md")))
    print("1..%d" % (len(pages) + 1))
    bad, said = 0, ""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(source, "examples", "scenes"), os.path.join(folder, "examples", "scenes"))
        for n, path in enumerate(pages, 1):
            try:
                said += check_page(path, programs, folder)
                print("ok %d - %s" % (n, os.path.basename(path)))
            except AssertionError as error:
                bad += 1
                print("not ok %d - %s\n# %s" % (n, os.path.basename(path), str(error).replace("\n", "\n# ")))
    scenes = [os.path.basename(s) for s in glob.glob(os.path.join(source, "examples", "scenes", "*.scene"))]
    alone = [s for s in scenes if s not in said]
    bad += bool(alone)
    print("%sok %d - every scene has its page %s" % ("not " if alone else "", len(pages) + 1, " ".join(alone)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
