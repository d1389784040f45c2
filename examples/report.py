#!/usr/bin/env python3
"""report.py TYET ORDERING...: a group of real processes that loses a member and gains one, and what each of them saw.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import bisect
import collections
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "real"))
from cats import Failure, Lab  # noqa: E402 (found by the line above)

MEANS = {
    "fifo": "each sender's messages come in the order they were sent",
    "causal": "a message never comes before one that its sender had seen",
    "total": "all messages come in one order, the same for everybody",
}
SHARE = 400  # deliveries that each member must see before the next thing happens


def play(lab):
    """The run: three processes talk, one is killed, another joins; returns (processes, when the kill was, in ns)."""
    a = lab.found("a", "--state")
    b = lab.join("b", a, "--state")
    lab.settle([a, b])
    c = lab.join("c", [a, b], "--state")
    lab.settle([a, b, c])
    lab.talk([a, b, c], gap_s=0.001)
    lab.more([a, b, c], SHARE)

    killed_at = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    a.kill()
    lab.settle([b, c])
    lab.more([b, c], SHARE)

    d = lab.join("d", [b, c], "--state")
    lab.settle([b, c, d])
    lab.talk([d], gap_s=0.001)
    lab.more([b, c, d], SHARE)

    # Who is still there has everything that was ever written to it before anybody leaves.
    lab.hush()
    lab.have_all([b, c], b.written + c.written + d.written)
    lab.have_all([d], d.written)
    lab.close([b, c, d])
    return [a, b, c, d], killed_at


def standstill_ms(stay, after, since):
    """The longest time without a delivery, from the last one before `since` to the first in the view `after`."""
    times = [t for _, t in stay.delivered]
    times = times[max(bisect.bisect_left(times, since) - 1, 0):] + [t for _, t in after.delivered[:1]]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    return max(gaps) / 1e6 if gaps else None


def went(run, view, before):
    """Who came and who went, in words."""
    members, _ = run.views[view]
    if before is None:
        return "%s founds the group" % members[0]
    old, _ = run.views[before]
    words = ["%s joins" % m for m in members if m not in old]
    for m in old:
        if m not in members:
            words.append("%s %s" % (m, "leaves" if run.ends()[m] == "leave" else "is killed"))
    return ", ".join(words)


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def state_of_newcomer(run, cats):
    """What d was given, in words; and what is wrong with it, if anything."""
    b, d = cats[1], cats[3]
    loaded = d.of("loaded")
    givers = [(c.name, e) for c in cats for e in c.of("saved") if loaded and e["digest"] == loaded[0]["digest"]]
    if not givers:
        return "", ["d was not given a state that anybody gave"]
    giver, state = givers[-1]
    before = [stay for stay in run.lives[b.name].stays if stay.view not in [s.view for s in run.lives[d.name].stays]]
    count = sum(len(stay.delivered) for stay in before) + sum(e["messages"] for e in b.of("loaded"))
    words = "%s gave d the state: the digest %s of %d messages." % (giver, state["digest"][:8], state["messages"])
    if count != state["messages"]:
        return words, ["b had delivered %d messages before d came, not %d" % (count, state["messages"])]
    return words + "\n  They are all that had been delivered before d came.", []


def tell(run, cats, killed_at):
    names = [c.name for c in cats]
    print("\n  Everybody who was there saw the same views. What each delivered, view by view:\n")
    rows = [["view", "members", "what happened"] + names]
    before = None
    still = collections.OrderedDict()
    for view, (members, _) in run.views.items():
        cells = []
        for name in names:
            stays = [s for s in run.lives[name].stays if s.view == view]
            cells.append(("%d%s" % (len(stays[0].delivered), "" if stays[0].closed else "*")) if stays else "-")
        rows.append([view, " ".join(members), went(run, view, before)] + cells)
        before = view
    table(rows)
    print("  (* killed in this view: what it had delivered until then)")

    for name in names:
        stays = run.lives[name].stays
        for stay, after in zip(stays, stays[1:]):
            gone = "a" in stay.members and "a" not in after.members
            came = "d" in after.members and "d" not in stay.members
            if gone or came:
                ms = standstill_ms(stay, after, killed_at if gone else after.t - 50_000_000)
                if ms is not None:
                    when = "when a was killed" if gone else "when d joined"
                    still.setdefault(when, []).append("%s %.1f ms" % (name, ms))
    print("\n  How long it stood still (the longest time between two deliveries):")
    for when, who in still.items():
        print("    %s: %s" % (when, ", ".join(who)))


def one(tyet, ordering):
    print("\n=== %s: %s" % (ordering, MEANS[ordering]), flush=True)
    with Lab(tyet, ordering) as lab:
        try:
            cats, killed_at = play(lab)
        except Failure as failure:
            print("  it did not come to its end: %s" % failure)
            return False
        run = lab.compare(cats)
        problems = run.problems()
        missing = [c.name for c in cats if c.name not in run.lives]
        if missing:
            print("  it did not come to its end: nothing was recorded of %s" % ", ".join(missing))
            return False
        tell(run, cats, killed_at)
        words, wrong = state_of_newcomer(run, cats)
        print("\n  " + words)
        problems += wrong
        lines = sum(len(stay.delivered) for life in run.lives.values() for stay in life.stays)
        if problems:
            print("\n  They do NOT agree:")
            for problem in problems[:20]:
                print("    " + problem)
            return False
        print("\n  Their histories agree: %d deliveries of %d messages; in each view the same messages for all who"
              "\n  went on, nothing lost of those who lived, and %s." % (lines, len(run.messages), MEANS[ordering]))
        return True


def side_by_side(tyet, page):
    """One scene under every ordering, in the simulator, as a page. FALSE if it cannot be had."""
    scene = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenes", "side-by-side.scene")
    done = subprocess.run([tyet, "compare", "--html", page, scene], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        print("\nThe comparison could not be written:\n" + done.stdout)
        return False
    print("\nWhat the orderings do differently, message by message, is on this page, which opens in a browser:")
    print("  " + page)
    return True


def main():
    tyet, orderings = sys.argv[1], sys.argv[2:]
    page = None
    if orderings[:1] == ["--page"]:
        page, orderings = orderings[1], orderings[2:]
    unknown = [o for o in orderings if o not in MEANS]
    if unknown:
        print("there is no ordering \"%s\"; there are %s" % (unknown[0], ", ".join(MEANS)), file=sys.stderr)
        return 2
    print("For each ordering: three processes a, b and c on this machine form a group and all of them multicast;")
    print("a, the oldest, is killed (SIGKILL) in mid-stream; b and c go on; d joins, is given the state, and")
    print("multicasts too.")
    good = [o for o in orderings if one(tyet, o)]
    shown = page is None or side_by_side(tyet, page)
    print()
    if good == orderings and shown:
        print("agree: " + " ".join(good))
        return 0
    print("failed: " + " ".join([o for o in orderings if o not in good] + ([] if shown else ["comparison"])))
    return 1


if __name__ == "__main__":
    sys.exit(main())
