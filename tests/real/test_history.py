#!/usr/bin/env python3
"""The comparer of histories: it accepts a good run, and finds each planted fault.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import tempfile
import unittest

import tap
from history import Run


def conf(view, members, prev):
    return {"e": "conf", "c": view, "kind": "regular", "primary": True, "members": members, "prev": prev}


def send(view, message, service="agreed"):
    return {"e": "send", "c": view, "m": message, "service": service, "len": 1}


def deliver(view, *messages):
    return [{"e": "deliver", "c": view, "m": m} for m in messages]


def flat(items):
    for item in items:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


def good_run():
    """a and b in v1; each sends; then b alone is left of them in v2, with c."""
    return {
        "a": [conf("1", ["a", "b"], ""), send("1", "a1"), send("1", "a2", "safe"),
              deliver("1", "a1", "b1", "a2", "b2")],
        "b": [conf("1", ["a", "b"], ""), send("1", "b1"), deliver("1", "a1", "b1"), send("1", "b2", "causal"),
              deliver("1", "a2", "b2"), conf("2", ["b", "c"], "1"), {"e": "save", "c": "2", "digest": "d"},
              send("2", "b3", "fifo"), deliver("2", "b3"), {"e": "fail", "c": "2", "why": "leave"}, {"e": "end"}],
        "c": [conf("2", ["b", "c"], "1"), {"e": "load", "c": "2", "digest": "d"}, deliver("2", "b3"),
              {"e": "fail", "c": "2", "why": "leave"}, {"e": "end"}],
    }


def judged(run, torn=None):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for p, items in run.items():
            paths.append(os.path.join(folder, p))
            with open(paths[-1], "w", encoding="utf-8") as f:
                for n, item in enumerate(flat(items)):
                    f.write(json.dumps({"p": p, "g": "g", "t": n, **item}) + "\n")
                if p == torn:
                    f.write('{"p":"a","e":"del')
        return Run.read(paths).problems()


class Comparer(unittest.TestCase):
    def setUp(self):
        self.run_ = good_run()

    def finds(self, part):
        problems = judged(self.run_)
        self.assertTrue(any(part in p for p in problems), "wanted %r, got %r" % (part, problems))

    def replace(self, p, old, new):
        self.run_[p] = [x for item in flat(self.run_[p]) for x in (list(flat([new])) if item == old else [item])]

    def test_good(self):
        self.assertEqual(judged(self.run_), [])

    def test_torn_last_line_of_a_killed_process(self):
        self.assertEqual(judged(self.run_, torn="a"), [])

    def test_two_primaries(self):
        self.run_["a"].append(conf("2b", ["a"], "1"))
        self.finds("two primaries")

    def test_other_members(self):
        self.replace("c", conf("2", ["b", "c"], "1"), conf("2", ["c", "b"], "1"))
        self.finds("has members")

    def test_different_sets(self):
        self.run_["a"].append(conf("2", ["b", "c"], "1"))
        self.replace("a", deliver("1", "b2")[0], [])
        self.finds("different messages")

    def test_lost(self):
        for p in "b", "c":
            self.replace(p, deliver("2", "b3")[0], [])
        self.finds("is lost")

    def test_fifo(self):
        self.run_["b"] = [conf("1", ["a", "b"], ""), send("1", "b1"), send("1", "b2"), deliver("1", "b2", "b1")]
        self.finds("after number")

    def test_causal(self):
        self.run_["c"] = [conf("1", ["a", "b"], ""), deliver("1", "b1", "b2")]
        self.finds("which precedes it")

    def test_total(self):
        self.run_ = {
            "a": [conf("1", ["a", "b"], ""), send("1", "a1"), deliver("1", "a1", "b1"), conf("2", ["a", "b"], "1")],
            "b": [conf("1", ["a", "b"], ""), send("1", "b1"), deliver("1", "b1", "a1"), conf("2", ["a", "b"], "1")]}
        self.finds("different orders")

    def test_agreed_of_one_cut_off_may_differ(self):
        self.run_ = {
            "a": [conf("1", ["a", "b"], ""), send("1", "a1"), deliver("1", "a1", "b1")],
            "b": [conf("1", ["a", "b"], ""), send("1", "b1"), deliver("1", "b1", "a1"), conf("2", ["b"], "1")]}
        self.assertEqual(judged(self.run_), [])

    def test_safe_of_one_cut_off_may_not(self):
        self.run_ = {
            "a": [conf("1", ["a", "b"], ""), send("1", "a1", "safe"), deliver("1", "a1")],
            "b": [conf("1", ["a", "b"], ""), conf("2", ["b"], "1")]}
        self.finds("those who went on did not")

    def test_never_sent(self):
        self.replace("b", deliver("2", "b3")[0], deliver("2", "x"))
        self.finds("which nobody sent")

    def test_other_view(self):
        self.replace("c", deliver("2", "b3")[0], deliver("2", "b1"))
        self.finds("sent in view 1")

    def test_sends_while_blocked(self):
        self.run_["a"] += [{"e": "block", "c": "1"}, send("1", "a3")]
        self.finds("while blocked")

    def test_delivers_while_blocked(self):
        self.replace("a", deliver("1", "b2")[0], [{"e": "block", "c": "1"}, deliver("1", "b2")])
        self.finds("while blocked")

    def test_a_block_that_ends_in_a_view_closes_the_old_one(self):
        self.replace("b", deliver("1", "b2")[0], [{"e": "block", "c": "1"}, deliver("1", "b2")])
        self.assertEqual(judged(self.run_), [])

    def test_before_loading(self):
        items = list(flat(self.run_["c"]))
        self.run_["c"] = [items[0], items[2], items[1]]
        self.finds("before it has loaded")

    def test_state_of_nobody(self):
        self.replace("c", {"e": "load", "c": "2", "digest": "d"}, {"e": "load", "c": "2", "digest": "other"})
        self.finds("that nobody gave")

    def test_after_the_end(self):
        self.run_["c"].append(send("2", "c9"))
        self.finds("after its end")


if __name__ == "__main__":
    tap.main()
