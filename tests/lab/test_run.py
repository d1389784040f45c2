#!/usr/bin/env python3
"""test_run.py TYET: `tyet run`: what it says of scenes that are wrong, that fail, and that are good. In TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import subprocess
import sys
import tempfile

HEAD = "processes a b c\n"

# A line, and where and what the mistake is.
MISTAKES = [
    ("at 5ms, crash x", '2:15: there is no process "x" so far'),
    ("crash", "2:6: the line ends where a process should follow"),
    ("at 5, crash a", '2:4: "5" is no time, such as 20ms, 300us or 2s'),
    ("at -5ms, crash a", '2:4: "-5ms" is no time'),
    ("at 2h, crash a", '2:4: "2h" is no time'),
    ("at 4000s, crash a", "2:4: 4000s is longer than an hour"),
    ("at 5ms, crash a\nat 4ms, crash b", "3:4: time goes back"),
    ("fall over", '2:1: there is no process "fall" so far'),
    ("a falls", '2:3: there is no process "falls" so far'),
    ("a at once", '2:3: "at" where "sends", "joins", "founds" or "leaves" should be'),
    ("a sends m1\nb sends m1", '3:9: a message "m1" was sent before'),
    ("a sends m1 as fast", '2:15: "fast" is no service'),
    ("a sends m1 of 0 bytes", '2:15: "0" is no number from 1 to'),
    ("a sends m1 of 5", '2:16: the line ends where "bytes" should follow'),
    ("expect a has m7", '2:14: no message "m7" was sent so far'),
    ("expect a is happy", '2:13: "happy" is no state'),
    ("expect a", '2:9: the line ends where "has", "lacks", "is" or "was" should follow'),
    ("when a is blocked heal all", '2:19: "heal" where "," should be'),
    ("when a is blocked, settle", "2:1: what happens as soon as something holds cannot wait"),
    ("when a has sent LETTERS, crash a", '2:17: there is no packet "LETTERS"'),
    ("cut a b", '2:8: the line ends where "from" should follow'),
    ("crash a b c now", '2:13: there is no process "now" so far'),
    ("crash a after 3 days", '2:17: "days" where "writes" should be'),
    ("heal all today", '2:10: "today" is too much here'),
    ("start a", '2:7: there is a process "a" already'),
    ("start b.1", '2:7: "b.1": a process that comes back'),
    ("a joins in h", '2:12: there is no group "h"'),
    ("crash a\nseed 5", "3:1: this belongs to the head, before the first step"),
    ("ordering chaos", '2:10: there is no ordering "chaos"'),
    ("group g fifo\ngroup h fifo\ngroup i fifo", "4:7: there are at most 2 groups"),
    ("seed -1", "2:6: a seed is a number from 0 to"),
    ("delays 5ms to 2ms", "2:15: the longer time comes second"),
    ("suspect after 0ms", "2:15: a time above zero is needed here"),
    ("window 0 bytes", '2:8: "0" is no number from 1 to'),
    ("clock a by 900000 ppm", '2:12: "900000" is no number from -500000 to 500000'),
    ("start \u00e9", '2:7: "\u00e9" where a new process should be; a name is letters from a to z'),
    ("start d \u00e9", '2:9: "\u00e9" is too much here; a name is letters from a to z'),
    ("start " + "d" * 41, '2:7: "' + "d" * 41 + '" where a new process should be; a name has 40 letters at most'),
    ("start all", '2:7: "all" where a new process should be; that is a word of scenes'),
    ("at  5ms,\tcrash  \u00fc x", '2:17: "\u00fc" where a process should be'),
    ("weight z 3\nsettle", '2:8: there is no process "z" in this scene'),
    ("weight a.1 3\nsettle", '2:8: there is no process "a.1" in this scene'),
    ("weight a 2\nweight b 2\nweight a 3", '4:1: line 2 says this already: "weight a"'),
    ("ordering fifo\nordering total", '3:1: line 2 says this already: "ordering"'),
    ("processes d", '2:1: line 1 says this already: "processes"'),
    ("group g fifo\nordering total", '3:1: "ordering" beside the "group" of line 2'),
    ("ordering total\ngroup g fifo", '3:1: "group" beside the "ordering" of line 2'),
    ("heartbeat 1s\nsuspect after 1s", "2:11: a heartbeat of 1s is too slow where silence is suspect after 1s"),
    ("suspect after 300ms\nheartbeat 101ms", "3:11: a heartbeat of 101ms is too slow where silence is suspect after 3"),
]


def run(tyet, text, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.scene")
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        done = subprocess.run([tyet, "run", *options, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_mistake(tyet, line, wanted):
    status, output, errors = run(tyet, HEAD + line + "\n")
    assert status == 2, (status, output)
    assert output == ""
    assert errors.startswith("tyet run: /") and ("/t.scene:" + wanted) in errors, errors


def check_unreadable(tyet):
    status, _, errors = run(tyet, b"processes a\n\xff\xfe\n")
    assert status == 2 and "t.scene:2: this is not UTF-8 text" in errors, errors
    status, _, errors = run(tyet, b"processes a\0b\n")
    assert status == 2 and "not a text" in errors, errors
    status, _, errors = run(tyet, "# nothing\n")
    assert status == 2 and "there is no step in this scene" in errors, errors
    done = subprocess.run([tyet, "run", "/nonexistent/x.scene"], stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and b"x.scene" in done.stderr
    done = subprocess.run([tyet, "run", "/"], stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and done.stderr.startswith(b"tyet run: ")


def check_place(tyet):
    """A file is called as it was given"""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "sub"))
        path = os.path.join(folder, "sub", "t.scene")
        with open(path, "w", encoding="utf-8") as f:
            f.write("fall over\n")
        for given in ("sub/t.scene", "./sub/../sub/t.scene", path, "/dev/null"):
            done = subprocess.run([tyet, "run", given], stderr=subprocess.PIPE, cwd=folder, check=False)
            assert done.returncode == 2 and ("tyet run: %s:1:1: " % given) in done.stderr.decode(), done.stderr


def check_head(tyet):
    """Several groups and weights, of whoever comes later too; and a heartbeat follows what is suspect"""
    text = HEAD + "group g fifo\ngroup h total\nweight a 2\nweight d 0\nsuspect after 200ms\nd joins in g\nsettle\n"
    assert run(tyet, text, "--check")[0] == 0, run(tyet, text, "--check")
    assert run(tyet, HEAD + "suspect after 300ms\nheartbeat 100ms\nsettle\n", "--check")[0] == 0


def check_refused(tyet):
    """What a group does not take stands in the timeline, at its moment and its sender, with the reason"""
    refused = [
        ("ordering fifo\nat 10ms, a sends m as safe", "which does not offer that service"),
        ("messages up to 100 bytes\nat 10ms, a sends m of 200 bytes", "200 bytes"),
        ("window 1000 bytes\nat 10ms, a sends m0 of 990 bytes\na sends m of 990 bytes", "window of 1000 bytes is full"),
        ("cut a from b c\nwait until a is blocked\na sends m", "is blocked"),
    ]
    for text, why in refused:
        _, output, _ = run(tyet, HEAD + text + "\nheal all\nexpect message m refused\n")
        lines = output.splitlines()
        row = [i for i, line in enumerate(lines) if line[12:].startswith("\u2717 m refused")]
        assert len(row) == 1, output
        assert "m refused: " in lines[row[0] + 1] and why in lines[row[0] + 1], (why, output)
        assert "holds  t.scene:" in output and "FAILS" not in output, output
    _, output, _ = run(tyet, HEAD + "ordering fifo\nat 10ms, b sends m as safe\nb sends n\n")
    assert "\n  10.000 ms \u2502                            \u2717 m refused" in output, output
    assert "n refused" not in output, output


def check_usage(tyet):
    for args in ([], ["a", "b"], ["--nonsense", "x"], ["--json", "--by-process", "x"]):
        done = subprocess.run([tyet, "run", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 2 and done.stdout == b"" and b"Try --help." in done.stderr, (args, done.stderr)
    done = subprocess.run([tyet, "run", "--help"], stdout=subprocess.PIPE, check=True)
    assert b"--history" in done.stdout


def check_finding(tyet):
    """An expectation that does not hold, and a step that cannot be done, are findings, with their lines"""
    status, output, _ = run(tyet, HEAD + "a sends m1\nsettle\nexpect b lacks m1\nexpect b has m1\n")
    assert status == 1, output
    assert "FAILS  t.scene:4: expect b lacks m1" in output and "holds  t.scene:5: expect b has m1" in output, output
    assert "legal: " in output, output
    status, output, _ = run(tyet, HEAD + "crash a\ncrash a\n")
    assert status == 1 and "FAILS  t.scene:3: crash a: a is dead" in output, output
    status, output, _ = run(tyet, HEAD + "wait until a is blocked within 1s\n")
    assert status == 1 and "FAILS  t.scene:2: wait until a is blocked within 1s: it did not come about" in output
    status, output, _ = run(tyet, HEAD + "steps where possible\ncrash a\ncrash a\n")
    assert status == 0, output


def check_json(tyet):
    status, output, _ = run(tyet, HEAD + "at 5ms, a sends m1 as safe\nsettle\nexpect all have m1\n", "--json")
    result = json.loads(output)
    assert status == 0 and result["good"] and result["settled"] and result["verdict"]["legal"] is True, output
    assert [e["p"] for e in result["events"] if e["what"] == "deliver"].count("b") == 1
    assert result["expectations"] == [{"line": 4, "holds": True, "text": "expect all have m1"}]


def check_history(tyet):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "history")
        assert run(tyet, HEAD + "a sends m1\nsettle\n", "--history", path)[0] == 0
        with open(path, encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        assert {e["p"] for e in events} == {"a", "b", "c"}
        assert sum(e["e"] == "deliver" for e in events) == 3
    status, _, errors = run(tyet, HEAD + "settle\n", "--history", "/nonexistent/h")
    assert status == 2 and "/nonexistent/h" in errors, errors


def check_same(tyet):
    """The same scene twice is the same run; another seed is another run"""
    text = HEAD + "seed %d\nat 1ms, traffic every 3ms\nat 50ms, crash a\nat 100ms, traffic stops\n"
    assert run(tyet, text % 5) == run(tyet, text % 5)
    assert run(tyet, text % 5) != run(tyet, text % 6)


def main():
    tyet = os.path.abspath(sys.argv[1])
    checks = [("mistake: " + line.replace("\n", " / "), lambda line=line, wanted=wanted:
               check_mistake(tyet, line, wanted)) for line, wanted in MISTAKES]
    checks += [(f.__name__, lambda f=f: f(tyet)) for f in (check_unreadable, check_place, check_head, check_refused,
                                                          check_usage, check_finding, check_json, check_history,
                                                          check_same)]
    print("1..%d" % len(checks))
    good = True
    for n, (name, check) in enumerate(checks, 1):
        try:
            check()
            print("ok %d - %s" % (n, name))
        except AssertionError as e:
            good = False
            print("not ok %d - %s\n# %s" % (n, name, str(e).replace("\n", "\n# ")))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
