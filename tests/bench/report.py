#!/usr/bin/env python3
"""report.py TYET-BENCH [--reps R] [--seconds S] [--doc DIR]: measures all that doc/performance.md shows, and writes
it there.

The tables go between two marks in DIR/performance.md, the plots to DIR/performance-*.svg. Nothing but the benchmark and
Python is needed. It takes about twelve minutes, and the machine should have nothing else to do meanwhile.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time

BEGUN = time.monotonic()
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
# Agreed, over shared memory.
SHM = "agreed, shm"
SERVICES = ["fifo", "causal", "agreed", "safe", SHM]
COLOURS = {"raw": "#888888", "fifo": "#1b9e77", "causal": "#7570b3", "agreed": "#d95f02", "safe": "#e7298a",
           SHM: "#1f78b4"}
SIZES = [64, 256, 1024, 4096, 16384, 65536]
SHARES = [0.05, 0.1, 0.25, 0.5, 0.75]

# What is measured against raw, what it is called, and what is to be reached.
COMPARED = [
    ("throughput --size 64", "64 B, agreed, 3 senders", "0.2"),
    ("throughput --size 1K", "1 KiB, agreed, 3 senders", "0.7"),
    ("throughput --size 8K", "8 KiB, agreed, 3 senders", "0.85"),
    ("throughput --size 8K --senders 1", "8 KiB, agreed, 1 sender", "0.85"),
    ("throughput --size 64K", "64 KiB, agreed, 3 senders", "0.85"),
    ("throughput --size 64K --senders 1", "64 KiB, agreed, 1 sender", "0.85"),
    ("throughput --size 1K --service fifo", "1 KiB, fifo", "as agreed"),
    ("throughput --size 1K --service causal", "1 KiB, causal", "as agreed"),
    ("throughput --size 1K --service safe", "1 KiB, safe", "0.8 of agreed"),
    ("throughput --size 64 --seal on", "64 B, agreed, sealed", "0.85 of the bound"),
    ("throughput --size 1K --seal on", "1 KiB, agreed, sealed", "0.85 of the bound"),
    ("throughput --size 8K --seal on", "8 KiB, agreed, sealed", "0.85 of the bound"),
    ("latency --count 5000", "one message back at its sender, agreed", "2, p99 4"),
    ("latency --count 5000 --service safe", "one message back at its sender, safe", "3.5"),
    ("latency --count 500 --service causal --gap 1", "causal, on its way to the others, after a rest", "1.3 one way"),
    ("locks --who one", "locks of one process", "0.5"),
    ("locks --who all", "locks of three", "1.2"),
    ("view-change --how crash --reps 10", "SIGKILL of the youngest to everyone's next view", "2 ms"),
    ("view-change --how coordinator --reps 10", "SIGKILL of the oldest to everyone's next view", "2 ms"),
    ("view-change --how leave --reps 10", "a leave", "1 ms, or 80"),
    ("view-change --how join --reps 10", "a join", "1 ms, or 80"),
]
# The same over shared memory, where there is such a channel.
SHARED = [("throughput --size 64", "64 B"), ("throughput --size 1K", "1 KiB"), ("throughput --size 8K", "8 KiB"),
          ("throughput --size 64K", "64 KiB"), ("latency --count 5000", "one message back at its sender, agreed"),
          ("latency --count 5000 --service safe", "one message back at its sender, safe"),
          ("locks --who one", "locks of one process"), ("locks --who all", "locks of three"),
          ("view-change --how crash --reps 10", "SIGKILL of the youngest to everyone's next view"),
          ("view-change --how join --reps 10", "a join")]
LOADED_SIZES = [64, 1024, 8192]
# ChaCha20-Poly1305 of libsodium: of large messages, on the machine that the tables come from.
CIPHER_NS_PER_BYTE = 0.84


def bench(binary, *args, may_fail=False):
    """The rows that one run prints; None if it may fail and does."""
    print(f"{time.monotonic() - BEGUN:5.0f} s  tyet-bench", *args, file=sys.stderr, flush=True)
    done = subprocess.run([binary, *args], capture_output=True, text=True, check=False)
    if done.returncode != 0 and may_fail:
        print("        passed over:", done.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return None
    if done.returncode != 0:
        sys.exit(f"report.py: tyet-bench {' '.join(args)}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- Plots ----

class Plot:
    """Lines over two logarithmic axes, as SVG."""
    WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 670, 400, 70, 140, 34, 46

    def __init__(self, title, x_name, y_name, x_label=None):
        self.title, self.x_name, self.y_name, self.x_label = title, x_name, y_name, x_label or human
        self.lines = []

    def line(self, name, points, colour, dashed=False):
        self.lines.append((name, [(x, y) for x, y in points if x > 0 and y > 0], colour, dashed))

    def text(self):
        xs = [x for line in self.lines for x, _ in line[1]]
        ys = [y for line in self.lines for _, y in line[1]]
        x_range = math.log10(min(xs)), math.log10(max(xs))
        y_range = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
        plot_w, plot_h = self.WIDTH - self.LEFT - self.RIGHT, self.HEIGHT - self.TOP - self.BOTTOM

        def at(x, y):
            return (self.LEFT + (math.log10(x) - x_range[0]) / max(x_range[1] - x_range[0], 1e-9) * plot_w,
                    self.TOP + (y_range[1] - math.log10(y)) / (y_range[1] - y_range[0]) * plot_h)

        out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" '
               'font-family="sans-serif" font-size="12">',
               f'<rect width="{self.WIDTH}" height="{self.HEIGHT}" fill="white"/>',
               f'<text x="{self.LEFT}" y="20" font-size="14">{self.title}</text>']
        for power in range(y_range[0], y_range[1] + 1):
            _, y = at(10 ** x_range[0], 10 ** power)
            out.append(f'<path d="M{self.LEFT} {y:.1f}h{plot_w}" stroke="#ddd"/>')
            out.append(f'<text x="{self.LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{human(10 ** power)}</text>')
        for x_value in sorted(set(xs)) if len(set(xs)) <= 8 else [10 ** p for p in range(
                math.ceil(x_range[0]), math.floor(x_range[1]) + 1)]:
            x, _ = at(x_value, 10 ** y_range[0])
            out.append(f'<path d="M{x:.1f} {self.TOP}v{plot_h}" stroke="#eee"/>')
            out.append(f'<text x="{x:.1f}" y="{self.TOP + plot_h + 16}" text-anchor="middle">{self.x_label(x_value)}'
                       '</text>')
        out.append(f'<text x="{self.LEFT + plot_w / 2}" y="{self.HEIGHT - 8}" text-anchor="middle">{self.x_name}'
                   '</text>')
        out.append(f'<text transform="translate(16 {self.TOP + plot_h / 2}) rotate(-90)" text-anchor="middle">'
                   f'{self.y_name}</text>')
        for i, (name, points, colour, dashed) in enumerate(self.lines):
            path = "L".join("{:.1f} {:.1f}".format(*at(x, y)) for x, y in points)
            dash = ' stroke-dasharray="5 4"' if dashed else ""
            out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
            y = self.TOP + 10 + 18 * i
            x = self.WIDTH - self.RIGHT + 10
            out.append(f'<path d="M{x} {y}h20" stroke="{colour}" stroke-width="2"{dash}/>')
            out.append(f'<text x="{x + 26}" y="{y + 4}">{name}</text>')
        return "\n".join(out + ["</svg>", ""])


def human(value):
    """A number for an axis or a table."""
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def size_name(size):
    """64 B, 1 KiB."""
    return f"{size} B" if size < 1024 else f"{size // 1024} KiB"


# ---- What is measured ----

def spread(row, name, digits=2):
    """A median with its extremes."""
    if row.get(name) is None:
        return ""
    text = f"{row[name]:.{digits}f}"
    low, high = row.get(name + "_min"), row.get(name + "_max")
    return f"{text} ({low:.{digits}f}-{high:.{digits}f})" if low is not None else text


def absolute(row, turns):
    """What was measured, as it is."""
    if "messages_per_s" in row:
        return f"{human(row['messages_per_s'])}/s, {row['cpu_us_per_message']:.3g} µs of processor a message"
    if "locks_per_s" in row:
        return f"{human(row['locks_per_s'])}/s"
    if row.get("service") == "causal":
        return f"p50 {row['one_way_us']['p50']:.0f} µs, p99 {row['one_way_us']['p99']:.0f} µs"
    if "view_change_us" in row:
        times = row["view_change_us"]
        return f"p50 {times['p50']:.0f} µs, the slowest of {row['reps'] * turns} {times['max']:.0f} µs"
    times = row["latency_us"]
    return f"p50 {times['p50']:.0f} µs, p99 {times['p99']:.0f} µs"


def ratio(row):
    """To raw: the one that the goal is about."""
    if "one_way_ratio" in row and row["service"] == "causal":
        return spread(row, "one_way_ratio") + " of a bare one"
    if "p99_ratio" in row:
        return (spread(row, "ratio") + f"; p99 {row['p99_ratio']:.1f}; "
                f"{row['packets_ratio']:.2f} of what its packets take bare peers")
    return spread(row, "ratio", 1 if "view_change_us" in row else 2)


def of_bound(row):
    """Of what the cipher (N - 1 sealings and openings a multicast) and raw together take, as a share."""
    cpu_us = row["cpu_us_per_message"]
    bound_us = row["cpu_ratio"] * cpu_us + 2 * (row["members"] - 1) * row["size"] * CIPHER_NS_PER_BYTE / 1000
    return f"{row['cpu_ratio']:.2f}; {bound_us / cpu_us:.2f} of the bound"


def compared(binary, common):
    out = ["| | to reach | ratio to raw | of processor time | absolute |", "| --- | --- | --- | --- | --- |"]
    by_time = []
    for command, name, goal in COMPARED:
        row, = bench(binary, "compare", *common, command)
        share = of_bound(row) if row.get("seal") == "on" else spread(row, "cpu_ratio")
        out.append(f"| {name} | {goal} | {ratio(row)} | {share} | {absolute(row, int(common[1]))} |")
        if "raw_round_trip_us" in row and row.get("service") != "causal":
            by_time.append(row)
    out.append(f"\nA raw round trip took {extremes(by_time, 'raw_round_trip_us')} µs meanwhile, between two that look "
               "out as long as members do or sleep at once, whichever is quicker; "
               f"{extremes(by_time, 'raw_round_trip_asleep_us')} µs where they sleep. The packets of an agreed message "
               f"alone took bare peers {extremes(by_time, 'raw_to_all_and_back_us')} µs, those of a safe one "
               f"{extremes(by_time, 'raw_told_by_all_us')} µs. Ratios of throughput are shares, of times raw round "
               "trips, of locks locks a raw round trip.")
    return out


def extremes(rows, name):
    """The smallest and the largest."""
    return f"{min(row[name] for row in rows):.0f}-{max(row[name] for row in rows):.0f}"


def shared(binary, common):
    out = ["| | ratio to raw (TCP) | of processor time | absolute |", "| --- | --- | --- | --- |"]
    for command, name in SHARED:
        rows = bench(binary, "compare", *common, command + " --channel shm", may_fail=True)
        if rows is None:
            return ["This build has no channel over shared memory."]
        out.append(f"| {name} | {ratio(rows[0])} | {spread(rows[0], 'cpu_ratio')} | "
                   f"{absolute(rows[0], int(common[1]))} |")
    return out


def deaths_under_load(binary, full):
    """SIGKILL while all send what they can."""
    out = ["| SIGKILL under full load of | to reach | p50, the slowest of 15, in µs |", "| --- | --- | --- |"]
    for size in LOADED_SIZES:
        # What goes beyond the window is not sent.
        rate = int(full["agreed", max(s for s in SIZES if s <= size)]["messages_per_s"])
        row, = bench(binary, "view-change", "--how", "crash", "--size", str(size), "--load", str(rate), "--reps", "15")
        times = row["view_change_us"]
        out.append(f"| {size_name(size)} | 10 ms | {times['p50']:.0f}, {times['max']:.0f} |")
    return out


def throughput(service):
    """Of a service, or of agreed over shared memory."""
    return ["throughput", "--channel", "shm"] if service == SHM else ["throughput", "--service", service]


def by_size(binary, common, doc):
    # Of processor time, not of the clock: it is moved far less by whatever else the machine does meanwhile.
    plot = Plot("Throughput by size: three members, all send", "a message", "messages/s of processor time", size_name)
    table = {}
    for service in ["raw"] + SERVICES:
        points = []
        for size in SIZES:
            args = ["raw", "--count", "0"] if service == "raw" else throughput(service)
            row, = bench(binary, *args, "--size", str(size), *common)
            points.append((size, 1e6 / row["cpu_us_per_message"]))
            table[service, size] = row
        plot.line(service, points, COLOURS[service], service == "raw")
    with open(os.path.join(doc, "performance-size.svg"), "w", encoding="utf-8") as svg:
        svg.write(plot.text())
    out = ["| messages/s (µs of processor a message) | " + " | ".join(size_name(s) for s in SIZES) + " |",
           "| --- |" + " --- |" * len(SIZES)]
    for service in ["raw"] + SERVICES:
        rows = [table[service, s] for s in SIZES]
        cells = [f"{human(row['messages_per_s'])} ({row['cpu_us_per_message']:.3g})" for row in rows]
        out.append(f"| {service} | " + " | ".join(cells) + " |")
    return out, table


def by_load(binary, common, doc, full):
    plot = Plot("Latency by load: 64 B, three members, to own delivery (p99: from when due)", "messages/s of all", "µs")
    out = ["| p50 / p99 / p99 from when due, in µs, at | " + " | ".join(f"{s:.0%} of full load" for s in SHARES) + " |",
           "| --- |" + " --- |" * len(SHARES)]
    for service in SERVICES:
        cells, p50, p99 = [], [], []
        for share in SHARES:
            rate = int(full[service, 64]["messages_per_s"] * share)
            row, = bench(binary, *throughput(service), "--size", "64", "--rate", str(rate), *common)
            p50.append((rate, row["latency_us"]["p50"]))
            p99.append((rate, row["latency_from_due_us"]["p99"]))
            cells.append(f"{p50[-1][1]:.0f} / {row['latency_us']['p99']:.0f} / {p99[-1][1]:.0f}")
        plot.line(service + " p50", p50, COLOURS[service])
        plot.line(service + " p99", p99, COLOURS[service], True)
        out.append(f"| {service} | " + " | ".join(cells) + " |")
    with open(os.path.join(doc, "performance-load.svg"), "w", encoding="utf-8") as svg:
        svg.write(plot.text())
    return out


def memory(binary):
    row, = bench(binary, "memory", "--reps", "1", "--groups", "1000")
    member, group, process = (row[f"bytes_per_{what}"] / 1024 for what in ("member", "group", "process"))
    return [f"A message of 64 B in flight takes {row['bytes_per_message']:.0f} bytes of its sender's memory, payload "
            f"and all; a member {member:.1f} KiB, a group {group:.1f} KiB, a process {process:.1f} KiB. With 1,000 "
            f"groups it took {row['rss_bytes'] / 1048576:.1f} MiB in all."]


def growth(binary, simulated):
    out = ["| members | FLUSHes | a multicast: messages, bytes, rounds | a change of view: messages, bytes, rounds | "
           "messages a member | causal stamp, bytes | receipts a member | instructions a message |",
           "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in bench(binary, "scale", "--simulated", simulated, "--instructions"):
        n = row["members"]
        out.append(f"| {n} | {'gathered' if row['gathered'] else 'to all'} | {row['multicast_messages']}, "
                   f"{human(row['multicast_bytes'])}, {row['multicast_rounds']} | {row['view_change_messages']}, "
                   f"{human(row['view_change_bytes'])}, {row['view_change_rounds']} | "
                   f"{row['view_change_messages'] / n:.1f} | {row['causal_stamp_bytes'] or ''} | "
                   f"{row['traffic_receipts'] or ''} | {row['instructions_per_message'] or ''} |")
    return out


def machine():
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{os.cpu_count()} processors ({model}), Linux {platform.release()}"


def busy_note():
    """Whether the machine had anything else to do."""
    load = os.getloadavg()[2]
    if load < 2 * (os.cpu_count() or 1):
        return []
    return [f"**The machine was busy with other things (load average {load:.0f}):** absolute figures, times and their "
            "spread are no better than that. What tells is the processor time."]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("binary", metavar="TYET-BENCH")
    parser.add_argument("--reps", default="5")
    parser.add_argument("--seconds", default="0.6")
    parser.add_argument("--simulated", default="8..1024")
    parser.add_argument("--doc", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc"))
    options = parser.parse_args()
    common = ["--reps", options.reps, "--seconds", options.seconds, "--warm-up", "0.3"]
    path = os.path.join(options.doc, "performance.md")
    with open(path, encoding="utf-8") as old:
        text = old.read()
    if BEGIN not in text or END not in text:
        sys.exit(f"report.py: {path} has no marks to write between")

    ratios = compared(options.binary, common)
    memory_channel = shared(options.binary, common)
    sizes, full = by_size(options.binary, common, options.doc)
    load = by_load(options.binary, common, options.doc, full)
    deaths = deaths_under_load(options.binary, full)
    turns = f"{options.reps} turns of {options.seconds} s each; medians, in brackets the extremes"
    lines = [BEGIN, f"Measured on {machine()}; {turns}.", "", *busy_note(), "",
             "### Against raw", "", *ratios, "", "### Over shared memory", "", *memory_channel, "", "### By size", "",
             "![throughput by size](performance-size.svg)", "", *sizes, "", "### By load", "",
             "![latency by load](performance-load.svg)", "", *load, "", *deaths, "",
             "### Memory", "", *memory(options.binary), "",
             "### Growth, by simulation", "", *growth(options.binary, options.simulated), END]
    head, rest = text.split(BEGIN, 1)
    with open(path, "w", encoding="utf-8") as new:
        new.write(head + "\n".join(lines) + rest.split(END, 1)[1])


if __name__ == "__main__":
    main()
