#!/usr/bin/env python3
"""test_help.py TYET TYET-LAMPORT EXAMPLES SCENES: how commands and examples are asked, and what they say to wrong
calls. In TAP.

Each has --help; each wrong call names what is wrong, on standard error, with exit status 2, and starts nothing.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os
import subprocess
import sys
import tempfile

TYET, LAMPORT, EXAMPLES, SCENES = map(os.path.abspath, sys.argv[1:5])
SCENE = os.path.join(SCENES, "question-fifo.scene")
HISTORY = os.path.join(SCENES, "figure-6.history")
COMMANDS = ["cat", "check", "compare", "draw", "explore", "key", "run"]
PROGRAMS = {"tyet-chat": ["me", "ticket"], "tyet-kv": ["ticket"], "tyet-locks": ["ticket"]}


def run(*args, cwd=None):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          check=False, cwd=cwd)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def commands_help(_):
    """Every command says how it is used, on standard output"""
    for tyet in (TYET, LAMPORT):
        status, out, errors = run(tyet, "--help")
        assert (status, errors) == (0, ""), errors
        for command in COMMANDS:
            assert "\n  %s " % command in out, command
            status, said, errors = run(tyet, command, "--help")
            assert (status, errors) == (0, "") and "Exit status" in said, (command, status, said[-300:], errors)
            assert run(tyet, command, "-h")[:2] == (0, said), command


def commands_options(folder):
    """An option that there is not, and one that lacks its value, is named, with where to look"""
    for command in COMMANDS:
        status, out, errors = run(TYET, command, "--frobnicate", cwd=folder)
        assert (status, out) == (2, "") and "--frobnicate" in errors, (command, status, errors)
        assert errors.startswith("tyet %s: " % command) and errors.endswith("\nTry --help.\n"), (command, errors)
    for command in ("compare", "run", "draw"):
        status, out, errors = run(TYET, command, SCENE, "--svg", cwd=folder)
        assert (status, out) == (2, "") and "--svg" in errors and "Try --help." in errors, (command, errors)
    for args in ((), ("frobnicate",), ("--frobnicate",)):
        status, out, errors = run(TYET, *args, cwd=folder)
        assert (status, out) == (2, "") and "usage: tyet COMMAND" in errors, (args, errors)


def commands_files(folder):
    """What is not there, is a folder, or cannot be written, is named, and nothing is done before"""
    for args in (("run",), ("compare",), ("draw",), ("check",)):
        for path in ("none.scene", folder, ""):
            status, out, errors = run(TYET, *args, path, cwd=folder)
            assert (status, out) == (2, "") and errors.startswith("tyet %s: " % args[0]), (args, path, errors)
            assert os.path.basename(path) in errors, (args, path, errors)
    for args, options in ((("run", SCENE), ("--svg", "--html", "--history", "--shiviz", "--pcap", "--write")),
                          (("compare", SCENE), ("--svg", "--html")),
                          (("draw", HISTORY), ("--svg", "--html", "--shiviz")),
                          (("compare", "--real"), ("--html",)), (("explore", "--seeds", "1..1000000"), ("--scenes",)),
                          (("explore", "--seeds", "1", "--print"), ("--history",))):
        for option in options:
            for path in ("no/such/folder/x", os.path.join(SCENE, "x")):
                status, out, errors = run(TYET, *args, option, path, cwd=folder)
                assert (status, out) == (2, ""), (args, option, path, status, out[:100], errors)
                assert os.path.dirname(path) in errors, (args, option, errors)
        if option not in ("--scenes",):
            status, out, errors = run(TYET, *args, option, folder, cwd=folder)
            assert (status, out) == (2, "") and folder in errors, (args, option, status, errors)
    assert os.listdir(folder) == [], os.listdir(folder)


def devices(folder):
    """What is no file is written to, and is still there afterwards"""
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as cat:
        status, _, errors = run(TYET, "run", SCENE, "--svg", pipe)
        assert status == 0, errors
        assert cat.communicate(timeout=60)[0].startswith(b"<svg ")
    os.symlink("target.svg", os.path.join(folder, "link.svg"))
    assert run(TYET, "run", SCENE, "--svg", "link.svg", cwd=folder)[0] == 0
    assert os.path.islink(os.path.join(folder, "link.svg")) and os.path.exists(os.path.join(folder, "target.svg"))
    if os.path.exists("/dev/full"):
        status, _, errors = run(TYET, "run", SCENE, "--svg", "/dev/full")
        assert status == 2 and "/dev/full" in errors, (status, errors)
        assert not os.path.isfile("/dev/full")


def kept(folder):
    """What is read is not written over, by whatever name; a dash is standard input, and no name of a file"""
    for command, source in (("run", SCENE), ("compare", SCENE), ("draw", HISTORY)):
        name = os.path.join(folder, "source")
        with open(source, encoding="utf-8") as f:
            text = f.read()
        with open(name, "w", encoding="utf-8") as f:
            f.write(text)
        os.symlink("source", os.path.join(folder, "other"))
        for option in ("--svg", "--html"):
            for path in (name, os.path.join(folder, ".", "source"), os.path.join(folder, "other")):
                status, out, errors = run(TYET, command, name, option, path)
                assert (status, out) == (2, "") and "is to be read" in errors, (command, path, status, errors)
            status, out, errors = run(TYET, command, name, option, "-", cwd=folder)
            assert (status, out) == (2, "") and "/dev/stdout" in errors, (command, status, errors)
        with open(name, encoding="utf-8") as f:
            assert f.read() == text, command
        assert sorted(os.listdir(folder)) == ["other", "source"], os.listdir(folder)
        os.unlink(os.path.join(folder, "other"))
    with open(SCENE, "rb") as f:
        done = subprocess.run([TYET, "run", "-"], stdin=f, stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0 and b"legal: " in done.stdout, done


def lost_output(_):
    """Whatever is printed and does not get there is no result, however long it is"""
    if not os.path.exists("/dev/full"):
        return
    for args in ((), ("run", "--help"), ("run", SCENE), ("compare", SCENE), ("compare", "--json", SCENE),
                 ("check", HISTORY), ("draw", "--model", "extended", HISTORY), ("explore", "--seeds", "1")):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TYET, *args, *([] if len(args) > 1 else ["--help"])], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode == 2 and b"utput cannot be written" in done.stderr, (args, done)
        assert done.stderr.count(b"cannot be written") == 1 and b"(null)" not in done.stderr, (args, done)


def absurd(folder):
    """Sizes beyond reason are refused at once"""
    big = os.path.join(folder, "big.scene")
    for head, step in (("processes " + " ".join("p%d" % i for i in range(3000)), "settle"),
                       ("processes a b", "a sends m1 of 99999999999999 bytes"),
                       ("processes a b", "at 1ms, traffic every 0us"),
                       ("processes a b\nwindow 99999999999999999999 bytes", "settle"),
                       ("processes a b\nseed 99999999999999999999999", "settle"),
                       ("processes a b", "wait 99999999s")):
        with open(big, "w", encoding="utf-8") as f:
            f.write("%s\n%s\n" % (head, step))
        status, out, errors = run(TYET, "run", big)
        assert (status, out) == (2, "") and "big.scene:" in errors, (head[:60], step, status, errors)
    for args in (("compare", "--seeds", "99999999999999999999", SCENE), ("compare", "--seeds", "1e9", SCENE),
                 ("compare", "--orderings", "fifo," * 60 + "total", SCENE),
                 ("compare", "--orderings", "x" * 5000, SCENE),
                 ("compare", "--real", "--members", "99999"), ("compare", "--real", "--seconds", "nan"),
                 ("explore", "--processes", "100000"), ("explore", "--jobs", "100000"), ("explore", "--seeds", "5..1"),
                 ("explore", "--ordering", "best"), ("explore", "--faults", "earthquake")):
        status, out, errors = run(TYET, *args, cwd=folder)
        assert (status, out) == (2, "") and errors.startswith("tyet %s: " % args[0]), (args[:3], status, errors[:300])


def examples(folder):
    """Examples too: --help is an answer, everything else that is no call is not"""
    for program, words in PROGRAMS.items():
        path = os.path.join(EXAMPLES, program)
        for option in ("--help", "-h"):
            status, out, errors = run(path, option, cwd=folder)
            assert (status, errors) == (0, "") and out.startswith("usage: %s " % program), (program, out, errors)
        for args in ((), ("--frobnicate",), tuple(words) + ("too-much",), tuple(words[:-1]) + ("--frobnicate",)):
            status, out, errors = run(path, *args, cwd=folder)
            assert (status, out) == (2, "") and "usage: %s " % program in errors, (program, args, status, out, errors)
        status, out, errors = run(path, *words[:-1], "no/such/folder/ticket", cwd=folder)
        assert status == 1 and "no/such/folder" in errors, (program, status, out, errors)
    assert os.listdir(folder) == [], os.listdir(folder)


def main():
    checks = [commands_help, commands_options, commands_files, devices, kept, lost_output, absurd, examples]
    print("1..%d" % len(checks))
    bad = 0
    for n, check in enumerate(checks, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(folder)
                print("ok %d - %s" % (n, check.__doc__))
            except (AssertionError, subprocess.TimeoutExpired) as error:
                bad += 1
                print("not ok %d - %s\n# %s" % (n, check.__doc__, str(error).replace("\n", "\n# ")))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
