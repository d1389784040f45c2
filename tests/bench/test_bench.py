#!/usr/bin/env python3
"""test_bench.py TYET-BENCH: that each measurement runs, checks what it carried, and writes JSON. No figure is judged.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "real"))
import tap  # noqa: E402

BENCH = sys.argv.pop(1) if len(sys.argv) > 1 else "tyet-bench"
# By count, not by time: a busy machine may give a process nothing at all for longer than a test should take.
SHORT = ["--messages", "200", "--seconds", "0.001", "--warm-up", "0", "--reps", "1"]
# Nor is a member dead that the machine has forgotten for a second.
PATIENT = ["--suspect-after", "30000"]


def bench(*args):
    done = subprocess.run([BENCH] + list(args), capture_output=True, text=True, timeout=180, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


class Runs(unittest.TestCase):
    def good(self, *args):
        status, rows, said = bench(args[0], *PATIENT, *args[1:])
        self.assertEqual(status, 0, said)
        self.assertGreater(len(rows), 0)
        return rows

    def test_throughput(self):
        for service in "fifo", "causal", "agreed", "safe":
            row, = self.good("throughput", "--service", service, "--size", "200", "--verify", "full", *SHORT)
            self.assertGreater(row["messages_per_s"], 0)
            self.assertAlmostEqual(row["bytes_per_s"] / row["messages_per_s"], 200, delta=1)
            self.assertGreater(row["latency_us"]["p50"], 0)
            self.assertGreater(row["rss_bytes"], 0)
            self.assertIn("cpu_us_per_message", row)

    def test_rate(self):
        """What was late in being sent is late from when it was due."""
        row, = self.good("throughput", "--rate", "20000", *SHORT)
        for share in "p50", "p99", "max":
            self.assertLessEqual(row["latency_us"][share], row["latency_from_due_us"][share])

    def test_lost_output(self):
        """Results that got nowhere are none, and a closed stream is no place for a child's pipe"""
        for args in ["raw", "--count", "0", *SHORT], ["scale", "--simulated", "8"]:
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([BENCH, *args], stdout=full, stderr=subprocess.PIPE, timeout=180, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"cannot be written", done.stderr)
        done = subprocess.run(["sh", "-c", '"$0" "$@" <&-', BENCH, "throughput", *SHORT, *PATIENT],
                              stdout=subprocess.PIPE, timeout=180, check=False)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 1))

    def test_killed_child(self):
        """That, and by what, is what is said."""
        for number in signal.SIGKILL, signal.SIGTERM:
            with subprocess.Popen([BENCH, "throughput", "--seconds", "600", *PATIENT], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE) as run:
                children = []
                while len(children) < 3 and run.poll() is None:
                    with open("/proc/%d/task/%d/children" % (run.pid, run.pid), encoding="ascii") as f:
                        children = f.read().split()
                os.kill(int(children[1]), number)
                said = run.stderr.read()
            self.assertEqual(run.returncode, 1)
            self.assertIn(b"child 1 was ended by signal %d (" % number, said)

    def test_channels(self):
        """A member looks at what it has: shared memory that fell back to sockets, or the other way, fails."""
        for channel in "tcp", "unix", "shm":
            for command in ["throughput", *SHORT], ["latency", "--count", "20", "--reps", "1"], ["locks", *SHORT]:
                for row in self.good(command[0], "--channel", channel, *command[1:]):
                    self.assertEqual(row["channel"], channel)
        for how in "crash", "join":
            self.good("view-change", "--how", how, "--reps", "1", "--channel", "shm")

    def test_raw(self):
        row, = self.good("raw", "--verify", "full", "--count", "10", "--size", "100", *SHORT)
        self.assertGreater(row["messages_per_s"], 0)
        for name in "round_trip", "round_trip_asleep", "to_all_and_back", "told_by_all", "one_way_to_all":
            self.assertGreater(row[name + "_us"]["p99"], 0)
        # Whichever is quicker.
        self.assertLessEqual(row["round_trip_us"]["p50"], row["round_trip_asleep_us"]["p50"])
        for members in "2", "5":
            row, = self.good("raw", "--members", members, "--count", "10", "--seconds", "0", "--reps", "1")
            self.assertGreater(row["told_by_all_us"]["p50"], 0)

    def test_latency(self):
        row, = self.good("latency", "--count", "20", "--reps", "1")
        self.assertGreater(row["latency_us"]["p50"], 0)
        self.assertGreater(row["one_way_us"]["p50"], 0)

    def test_locks(self):
        one, both = self.good("locks", *SHORT)
        self.assertEqual([one["who"], both["who"]], ["one", "all"])
        self.assertGreater(one["locks_per_s"], 0)

    def test_view_change(self):
        for how in "crash", "leave", "join", "coordinator":
            row, = self.good("view-change", "--how", how, "--reps", "1", "--load", "1000")
            self.assertGreater(row["view_change_us"]["p50"], 0)

    def test_memory(self):
        row, = self.good("memory", "--groups", "5", "--reps", "1")
        self.assertGreater(row["bytes_per_message"], 64)

    def test_compare(self):
        rows = self.good("compare", *SHORT, "throughput  --size 1K --window 64K", "latency --count 20")
        self.assertEqual([r["bench"] for r in rows], ["throughput", "latency"])
        for row in rows:
            self.assertGreater(row["ratio"], 0)
        for name in "p99_ratio", "one_way_ratio", "packets_ratio":
            self.assertGreater(rows[1][name], 0)

    def test_simulated(self):
        """Above the size where FLUSHes are gathered a change of view costs messages in proportion to the members."""
        rows = self.good("scale", "--simulated", "8..64")
        self.assertEqual([r["members"] for r in rows], [8, 16, 32, 64])
        self.assertEqual([r["gathered"] for r in rows], [False, False, True, True])
        for row in rows:
            self.assertEqual(row["multicast_rounds"], 2)
            self.assertEqual(row["multicast_messages"], 2 * (row["members"] - 1))
            self.assertLessEqual(row["view_change_rounds"], 5)
        self.assertLess(rows[3]["view_change_messages"], 2.2 * rows[2]["view_change_messages"])
        self.assertLess(rows[3]["view_change_messages"], 8 * 64)
        # Where all send: each tells each other of what it has received, and of what is stable; where one sends: it is
        # told, and tells. No pair of bystanders says anything.
        for row in rows:
            n = row["members"]
            self.assertLessEqual(row["traffic_receipts"], 2 * (n - 1))
            self.assertLessEqual(row["receipt_messages"], 4 * (n - 1))

    def test_causal_headers(self):
        """Bytes of a message's causal past, where none shares it with others of its batch."""
        sizes = {n: self.good("scale", "--simulated", str(n))[0]["causal_stamp_bytes"] for n in (3, 8, 32)}
        self.assertLessEqual(sizes[3], 2)
        self.assertLessEqual(sizes[8], 4)
        self.assertLessEqual(sizes[32], 8)

    def test_growth(self):
        """What a message costs who receives it has nothing to do with how many there are to receive from."""
        counts = {n: self.good("scale", "--simulated", str(n), "--instructions")[0]["instructions_per_message"]
                  for n in (3, 32)}
        if 0 in counts.values():
            self.skipTest("a process may not be traced here, or its instructions are not its own")
        self.assertGreater(counts[3], 500)
        self.assertLess(counts[32], 1.2 * counts[3])

    def test_refusals(self):
        for args in (["throughput", "--channel", "udp"], ["raw", "--channel", "shm"], ["throughput", "--gap", "1"],
                     ["latency", "--size", "20"], ["nothing"], ["locks", "--who", "nobody"], ["compare", "raw"],
                     ["scale", "--simulated", "8..x"], ["scale", "--simulated", "1"], ["scale", "--members", "2,x"],
                     ["throughput", "--ordering", "odd"], ["throughput", "--ordering", "causal"],
                     ["throughput", "--window", "10"], ["throughput", "--size", "65M"], ["throughput", "--rate", "0.5"],
                     ["throughput", "--table=3"], ["raw", "--seal", "on"], ["memory", "--groups", "0"],
                     ["latency", "--count", "0"], ["latency", "--gap", "0.5"], ["compare", ""],
                     ["compare", "locks --seconds 1"], ["latency", "--suspect-after", "9"],
                     ["locks", "--busy-poll", "1001"],
                     ["compare", "throughput --rate=10"], ["compare", "latency --members 1"],
                     ["view-change", "--how", "coordinator", "--members", "2"], ["throughput", "--members", "0"],
                     ["throughput", "--senders", "0"]):
            status, rows, said = bench(*args)
            self.assertEqual((status, rows), (2, []), args)
            self.assertIn("tyet-bench:", said)


if __name__ == "__main__":
    tap.main()
