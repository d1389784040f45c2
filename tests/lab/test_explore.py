#!/usr/bin/env python3
"""test_explore.py TYET [--brief]: `tyet explore`: its options, that a seed is one run, and that its scene is that run.
In TAP. Briefly: without what plays a thousand seeds.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import signal
import subprocess
import sys
import tempfile

# Options, and what is said of them.
WRONG = [
    (["--seeds", "x"], '--seeds wants A..B, with A not above B, or one seed; not "x"'),
    (["--seeds", "5..3"], "--seeds wants A..B"),
    (["--seeds", "1..2..3"], "--seeds wants A..B"),
    (["--seeds", "-1"], "--seeds wants A..B"),
    (["--seeds", "18446744073709551616"], "--seeds wants A..B"),
    (["--ordering", "chaos"], 'there is no ordering "chaos"; there are '),
    (["--faults", "crash,rain"], 'there is no fault "rain"; there are crash,'),
    (["--faults", "", "--seeds", "1..2"], 'there is no fault ""; there are crash,'),
    (["--faults=,", "--seeds", "1..2"], 'there is no fault ""; there are crash,'),
    (["--processes", "1"], "--processes wants a number from 2 to 32"),
    (["--processes", "many"], "many"),
    (["--jobs", "0"], "--jobs wants a number from 1 to 1024"),
    (["--shrink", "-1"], "--shrink wants seconds"),
    (["--failures", "-1"], "--failures wants a number"),
    (["--hang", "0"], "--hang wants seconds"),
    (["--minutes", "-2"], "--minutes wants a number"),
    (["--minutes", "-1"], "--minutes wants a number"),
    (["--minutes", "0"], "--minutes wants a number"),
    (["--processes", "0"], "--processes wants a number from 2 to 32"),
    (["--failures", "0"], "--failures wants a number"),
    (["--seeds", "1", "--print", "--history", "/dev/full"], "cannot be written"),
    (["--history", "x"], "--history goes with --print"),
    (["--every-step", "x"], "--every-step wants a seed"),
    (["seed"], "there is an argument too much"),
    (["--nonsense"], "nonsense"),
]


def run(tyet, *args):
    done = subprocess.run([tyet, "explore", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_wrong(tyet, args, wanted):
    status, output, errors = run(tyet, *args)
    assert status == 2 and output == "" and errors.startswith("tyet explore: ") and wanted in errors, (status, errors)


def check_counts(tyet):
    """What is asked for is played, whatever the number of jobs"""
    one = json.loads(run(tyet, "--seeds", "1..20", "--json")[1])
    three = json.loads(run(tyet, "--seeds", "1..20", "--json", "--jobs", "3")[1])
    assert one["seeds"] == 20 and one["failed"] == 0, one
    for key in ("seeds", "failed", "simulated_seconds", "messages", "views", "faults"):
        assert one[key] == three[key], key
    assert json.loads(run(tyet, "--seeds", "18446744073709551614..18446744073709551615", "--json")[1])["seeds"] == 2
    assert one["next"] == three["next"] == 21
    assert json.loads(run(tyet, "--seeds", "7", "--jobs", "5", "--json")[1])["seeds"] == 1
    assert json.loads(run(tyet, "--minutes", "0.002", "--json")[1])["seeds"] >= 1


def check_text(tyet):
    status, output, errors = run(tyet, "--seeds", "1..5")
    assert status == 0 and output.startswith("5 seeds, 0 failed: "), (output, errors)
    assert run(tyet, "--help")[0] == 0


def check_mean(tyet):
    """The mean seed is about 5 processes, 200 messages and 10 faults"""
    t = json.loads(run(tyet, "--seeds", "1..100", "--json")[1])
    assert 150 * 100 <= t["messages"] <= 250 * 100, t
    assert 7 * 100 <= sum(t["faults"].values()) <= 13 * 100, t


def check_options(tyet):
    _, scene, _ = run(tyet, "--seeds", "3", "--print", "--processes", "4", "--ordering", "causal", "--faults", "stop")
    lines = scene.split("\n")
    assert "at 0ms, start p0 p1 p2 p3" in lines, scene
    assert all(line.split()[2] == "causal" for line in lines if line.startswith("group ")), scene
    befell = [line for line in lines if any(word in line for word in (", crash", ", cut", ", stop", ", unplug"))]
    assert befell and all(", stop " in line for line in befell), scene
    assert "faults" in json.loads(run(tyet, "--seeds", "3", "--faults", "none", "--json")[1])


def check_every_step(tyet):
    """Without --seeds, a crash after each effect of the run, and pairs"""
    t = json.loads(run(tyet, "--every-step", "3", "--json")[1])
    assert t["failed"] == 0 and t["seeds"] > 1100 and t["faults"]["step"] == t["seeds"] + 1000, t
    scene = run(tyet, "--every-step", "3", "--seeds", "17", "--print")[1]
    assert "at 0ms, crash p0 after 17 effects" in scene.split("\n"), scene
    assert scene.count(" effects\n") == 1, scene
    assert run(tyet, "--every-step", "3", "--seeds", "1000000", "--print")[1].count(" effects\n") == 2


def check_each_fault(tyet):
    """Each kind of fault can be the only one"""
    kinds = json.loads(run(tyet, "--seeds", "1", "--json")[1])["faults"]
    for kind in kinds:
        for more in ([], ["--every-step", "1"]):
            status, output, errors = run(tyet, "--seeds", "5..6", "--faults", kind, *more)
            assert status == 0, (kind, more, output, errors)


def check_replay(tyet):
    """The scene of a seed, played, is the same run, event for event"""
    with tempfile.TemporaryDirectory() as folder:
        a, b, scene = (os.path.join(folder, x) for x in ("a", "b", "s.scene"))
        for seed in range(1, 31):
            status, text, _ = run(tyet, "--seeds", str(seed), "--print", "--history", a)
            assert status == 0, text
            with open(scene, "w", encoding="utf-8") as f:
                f.write(text)
            subprocess.run([tyet, "run", "--history", b, scene], stdout=subprocess.DEVNULL, check=True)
            with open(a, "rb") as x, open(b, "rb") as y:
                assert x.read() == y.read(), "seed %d" % seed


def interrupted(args, number):
    """What it says, if it is interrupted at its first word of progress."""
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert b"seeds, 0 failed" in process.stderr.readline()
        process.send_signal(number)
        output = process.communicate(timeout=60)[0].decode()
    return process.returncode, output


def check_interrupted(tyet):
    """What was played counts, and is no failure"""
    status, output = interrupted([tyet, "explore", "--seeds", "1..1000000", "--jobs", "2", "--json"], signal.SIGTERM)
    said = json.loads(output)
    assert status == 0 and said["failed"] == 0 and 1 < said["next"] <= said["seeds"] + 1, said


def check_long(tyet):
    """long.py saves what was played, goes on from there, and touches nothing that is no tally"""
    long_py = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "long.py")
    with tempfile.TemporaryDirectory() as folder:
        tally = os.path.join(folder, "tally.json")
        first = 1
        for _ in range(2):
            status, output = interrupted([sys.executable, long_py, tyet, folder, "600"], signal.SIGINT)
            with open(tally, encoding="utf-8") as f:
                now = json.load(f)
            assert status == 0 and "interrupted" in output and "from seed %d:" % first in output, output
            assert now["failed"] == 0 and now["next"] > first and now["seeds"] >= now["next"] - 1, now
            first = now["next"]
        for text in ("nonsense", "[]", '{"next": "x"}'):
            with open(tally, "w", encoding="utf-8") as f:
                f.write(text)
            done = subprocess.run([sys.executable, long_py, tyet, folder, "1"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=60, check=False)
            assert done.returncode == 1 and b"remove it to begin again" in done.stderr, done.stderr
            with open(tally, encoding="utf-8") as f:
                assert f.read() == text


def main():
    tyet, brief = sys.argv[1], sys.argv[2:] == ["--brief"]
    checks = [("wrong: " + " ".join(args), lambda args=args, wanted=wanted: check_wrong(tyet, args, wanted))
              for args, wanted in WRONG]
    checks += [(f.__name__, lambda f=f: f(tyet)) for f in (
        check_counts, check_text, check_mean, check_options, check_every_step, check_each_fault, check_replay,
        check_interrupted, check_long) if not (brief and f is check_every_step)]
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
