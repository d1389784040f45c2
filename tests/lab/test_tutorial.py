#!/usr/bin/env python3
"""test_tutorial.py SOURCE TYET TYET-LAMPORT TYET-HASTY: what the tutorial shows is what happens. In TAP.

In a block marked `console`, a line with a dollar sign is a command, and the lines below it must come in its output in
that order ("..." stands for any). Blocks marked `scene` are written to the file that their first line names, those
marked `c` are lines of examples/orderings/lamport.c. Everything is done in a copy of examples/scenes.

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
    """Without what changes with every little thing: moments, and how long it took."""
    line = re.sub(r"^ *\d+\.\d+ ms|\bheld [\d.]+ (?:µs|ms|s)", " ", line)
    return " ".join(line.split())


def blocks(text):
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.S | re.M)


def run(command, programs, folder):
    words = shlex.split(command)
    if words[0] not in programs:
        raise AssertionError("what is %s?" % words[0])
    done = subprocess.run([programs[words[0]], *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=folder, timeout=300, check=False)
    assert done.returncode in (0, 1), "%s: exit status %d\n%s" % (command, done.returncode, done.stdout.decode())
    return done.stdout.decode()


def check_console(text, programs, folder):
    output, at, command = [], 0, None
    for line in text.splitlines():
        if line.startswith("$ "):
            command = line[2:]
            output, at = [squeeze(x) for x in run(command, programs, folder).splitlines()], 0
        elif line.strip() not in ("", "..."):
            wanted = squeeze(line)
            assert command is not None, "no command before: " + line
            while at < len(output) and wanted not in output[at]:
                at += 1
            assert at < len(output), "%s: not (or not there) in the output: %s\n%s" % (command, line, "\n".join(output))
            at += 1


def check_code(block, source):
    with open(os.path.join(source, "examples", "orderings", "lamport.c"), encoding="utf-8") as f:
        lines = {squeeze(line) for line in f}
    for line in block.splitlines():
        assert squeeze(line) in lines or line.strip() in ("", "..."), "not in lamport.c: " + line


def check_page(path, programs, folder):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for kind, block in blocks(text):
        if kind == "console":
            check_console(block, programs, folder)
        elif kind == "c":
            check_code(block, programs["source"])
        elif kind == "scene":
            name = block.split("\n", 1)[0].lstrip("# ").strip()
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(block)
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert os.path.exists(os.path.join(os.path.dirname(path), link)), "a link to nothing: " + link
    return text


def main():
    source = sys.argv[1]
    programs = dict(zip(("tyet", "tyet-lamport", "tyet-hasty"), map(os.path.abspath, sys.argv[2:])))
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
