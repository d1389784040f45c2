"""Reads the histories of a run and compares them (doc/history-format.md), policy `primary`.

Written apart from the judge in core/, on purpose: two readings of the same rules that must come to the same verdict.

    run = Run.read(paths)
    problems = run.problems()         # sentences; empty if all is well

What is looked at: one chain of views; a view is the same for all who had it; messages are delivered in the view of
their send, once, and only if sent; whoever goes on from a view together has delivered the same set there; a sender that
goes on has its messages delivered; the order that the service of each message promises; nothing between `block` and the
next view, before `load`, or after the end.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import collections
import json

STRENGTH = {"fifo": 0, "causal": 1, "agreed": 2, "safe": 3}


class Message:
    __slots__ = ("id", "sender", "view", "index", "service", "past")

    def __init__(self, ident, sender, view, index, service, past):
        self.id, self.sender, self.view, self.index, self.service, self.past = ident, sender, view, index, service, past


class Stay:
    """What one process did in one view."""

    def __init__(self, conf):
        self.view = conf["c"]
        self.members = conf["members"]
        self.t = conf.get("t", 0)
        self.delivered = []  # (message id, t)
        self.end = "cut off"  # or "next", "leave", "excluded", "crash"
        self.next = None  # id of the view after this one, if it went on
        self.blocked = False
        self.delivered_blocked = []  # the view closes with these, or they should not be

    @property
    def closed(self):
        """Whether it has delivered the view to its end. (Who is told to leave while blocked just goes.)"""
        return self.end == "next" or (self.end == "leave" and not self.blocked)


class Life:
    """What one process did."""

    def __init__(self, name):
        self.name = name
        self.stays = []
        self.loads = []
        self.over = False

    @property
    def last(self):
        return self.stays[-1] if self.stays else None


class Run:
    def __init__(self):
        self.lives = {}
        self.messages = {}
        self.views = collections.OrderedDict()  # id: (members, prev or None)
        self.saves = collections.defaultdict(list)  # view: digests
        self.trouble = []

    @classmethod
    def read(cls, paths):
        run = cls()
        records = []
        for path in paths:
            with open(path, "rb") as f:
                lines = f.read().split(b"\n")
            # A killed process may leave a torn last line; a whole file ends in an empty one.
            for number, line in enumerate(lines[:-1], 1):
                try:
                    records.append(json.loads(line))
                except ValueError:
                    run.trouble.append("%s, line %d: not JSON" % (path, number))
        # Sends first: the files' order says nothing about which of two processes was earlier.
        run._note_sends(records)
        for record in records:
            run._take(record)
        return run

    def say(self, text, *args):
        self.trouble.append(text % args)

    def _note_sends(self, records):
        counts = collections.Counter()
        done = collections.defaultdict(collections.Counter)  # (p, view): what it has delivered of each sender
        sent = {}
        for r in records:
            if r["e"] == "send":
                key = (r["p"], r["c"])
                counts[key] += 1
                if r["m"] in sent:
                    self.say("%s is sent twice", r["m"])
                sent[r["m"]] = Message(r["m"], r["p"], r["c"], counts[key], r["service"], None)
        self.messages = sent
        for r in records:
            key = (r["p"], r.get("c"))
            if r["e"] == "deliver" and r["m"] in sent:
                done[key][sent[r["m"]].sender] += 1
            elif r["e"] == "send" and STRENGTH[r["service"]] > 0:
                m = sent[r["m"]]
                m.past = dict(done[key])
                m.past[m.sender] = m.index - 1

    def _take(self, r):
        life = self.lives.setdefault(r["p"], Life(r["p"]))
        what = r["e"]
        stay = life.last
        if life.over:
            self.say("%s: %s after its end", life.name, what)
        if what == "conf":
            self._take_conf(life, r)
        elif what == "end":
            life.over = True
        elif stay is None:
            self.say("%s: %s before its first view", life.name, what)
        elif r["c"] != stay.view:
            self.say("%s: %s of view %s while in view %s", life.name, what, r["c"], stay.view)
        elif what == "block":
            stay.blocked = True
        elif what == "fail":
            stay.end = r.get("why", "crash")
        elif what == "save":
            self.saves[r["c"]].append(r.get("digest"))
        elif what == "load":
            life.loads.append((r["c"], r.get("digest")))
            if stay.delivered:
                self.say("%s: delivers in view %s before it has loaded its state", life.name, stay.view)
        elif what == "deliver":
            stay.delivered.append((r["m"], r.get("t", 0)))
            if stay.blocked:
                stay.delivered_blocked.append(r["m"])
        elif stay.blocked:
            self.say("%s: sends %s while blocked", life.name, r["m"])

    def _take_conf(self, life, r):
        view, members, prev = r["c"], list(r["members"]), r.get("prev")
        if r.get("kind") != "regular" or not r.get("primary"):
            self.say("%s: view %s is not a regular, primary one", life.name, view)
        if life.name not in members:
            self.say("%s: installs view %s, which it is not in", life.name, view)
        known = self.views.get(view)
        if known is None:
            self.views[view] = (members, prev)
        else:
            if known[0] != members:
                self.say("view %s has members %s for some, %s for %s", view, known[0], members, life.name)
            if None not in (prev, known[1]) and prev != known[1]:
                self.say("view %s follows %s for some, %s for %s", view, known[1], prev, life.name)
        if life.last is not None:
            life.last.end, life.last.next = "next", view
            if prev is not None and prev != life.last.view:
                self.say("%s: goes from view %s to %s, which follows %s", life.name, life.last.view, view, prev)
        life.stays.append(Stay(r))

    # The rules.

    def problems(self):
        self.trouble += list(self._chain())
        for view in self.views:
            stays = [(life, stay) for life in self.lives.values() for stay in life.stays if stay.view == view]
            for life, stay in stays:
                self.trouble += list(self._order(life, stay))
            self.trouble += list(self._together(view, stays))
        for life in self.lives.values():
            for view, digest in life.loads:
                if digest is not None and digest not in self.saves[view]:
                    self.say("%s: loads a state in view %s that nobody gave", life.name, view)
        return self.trouble

    def _chain(self):
        follower = {}
        for view, (_, prev) in self.views.items():
            if prev is None:
                continue
            if prev in follower:
                yield "views %s and %s both follow %r: two primaries" % (follower[prev], view, prev)
            follower[prev] = view
        for life in self.lives.values():
            for stay in life.stays:
                if stay.next is not None and follower.get(stay.view, stay.next) != stay.next:
                    yield "%s: goes from view %s to %s, others to %s" % (
                        life.name, stay.view, stay.next, follower[stay.view])

    def _order(self, life, stay):
        if stay.delivered_blocked and stay.end != "next":
            yield "%s: delivers %s while blocked in view %s" % (life.name, stay.delivered_blocked[0], stay.view)
        done = collections.Counter()
        for ident, _ in stay.delivered:
            m = self.messages.get(ident)
            if m is None:
                yield "%s: delivers %s, which nobody sent" % (life.name, ident)
                continue
            if m.view != stay.view:
                yield "%s: delivers %s in view %s, sent in view %s" % (life.name, ident, stay.view, m.view)
                continue
            if m.index != done[m.sender] + 1:
                yield "%s: delivers %s, number %d of %s, after number %d" % (
                    life.name, ident, m.index, m.sender, done[m.sender])
            done[m.sender] = m.index
            for member, count in (m.past or {}).items():
                if done[member] < count:
                    yield "%s: delivers %s before number %d of %s, which precedes it" % (
                        life.name, ident, count, member)

    def _together(self, view, stays):
        closed = [(life, stay) for life, stay in stays if stay.closed]
        if not closed:
            return
        first_life, first = closed[0]
        reference = [ident for ident, _ in first.delivered]
        as_set = set(reference)
        ordered = [i for i in reference if STRENGTH[self.messages[i].service] >= 2] if self._known(reference) else []
        place = {ident: n for n, ident in enumerate(ordered)}
        for life, stay in closed[1:]:
            mine = [ident for ident, _ in stay.delivered]
            differing = as_set.symmetric_difference(mine)
            if differing:
                yield "%s and %s both end view %s, with different messages: %s" % (
                    first_life.name, life.name, view, ", ".join(sorted(differing)[:5]))
            elif self._known(mine) and [i for i in mine if i in place] != ordered:
                yield "%s and %s deliver the ordered messages of view %s in different orders" % (
                    first_life.name, life.name, view)
        for life, stay in closed:
            for m in self.messages.values():
                if m.view == view and m.sender == life.name and m.id not in as_set:
                    yield "%s went on from view %s, and its message %s is lost" % (life.name, view, m.id)
        # Who was cut off may contradict an agreed order, never a safe one.
        for life, stay in stays:
            if stay.closed:
                continue
            at = -1
            for ident, _ in stay.delivered:
                m = self.messages.get(ident)
                if m is None or m.service != "safe":
                    continue
                if ident not in place:
                    yield "%s delivered %s as safe in view %s; those who went on did not" % (life.name, ident, view)
                elif place[ident] < at:
                    yield "%s delivered safe %s in view %s in another order than those who went on" % (
                        life.name, ident, view)
                else:
                    at = place[ident]

    def _known(self, idents):
        return all(ident in self.messages for ident in idents)

    def blocked(self):
        """Who lost its quorum at some time."""
        return {life.name for life in self.lives.values() if any(stay.blocked for stay in life.stays)}

    def ends(self):
        """How each process came to its end."""
        return {life.name: life.last.end for life in self.lives.values() if life.last is not None}
