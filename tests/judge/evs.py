"""A second reading of the extended model ([EVS94] §2), to be held against the judge.

It shares no code and no idea with it: "precedes" is computed as it is defined, as the transitive closure of a relation
over all events, and every specification is a search through all events it speaks of. So it is slow, and fit for small
histories only.

    rules = Reading(records, open_end=False).broken()     # the numbers of the rules that are broken

The events of one group, in each process's order. SPDX-License-Identifier: LGPL-2.1-or-later
"""


class Event:
    def __init__(self, record):
        self.p, self.e, self.c, self.m = record["p"], record["e"], record.get("c"), record.get("m")
        self.record = record
        self.reg = None  # the regular configuration of its stage
        self.odd = False  # outside its configuration: no part of the model's events


def closure(n, edges):
    """For each of n nodes the set, as a number, of those that it precedes."""
    direct = [0] * n
    for a, b in edges:
        direct[a] |= 1 << b
    reach = direct[:]
    changed = True
    while changed:
        changed = False
        for a in range(n):
            new, rest = reach[a], direct[a]
            while rest:
                low = rest & -rest
                new |= reach[low.bit_length() - 1]
                rest ^= low
            if new != reach[a]:
                reach[a], changed = new, True
    return reach


class Reading:
    def __init__(self, records, open_end=False):
        self.open_end = open_end
        self.rules = set()
        self.of = {}  # process: its events
        self.ended = set()
        self.conf = {}  # configuration: the record that tells of it
        self.killed = set()  # (process, configuration)
        self.told = {}  # (process, configuration): the event
        self._walk(records)
        self.events = [e for p in self.of for e in self.of[p] if not e.odd]
        self.sends = {}
        for e in self.events:
            if e.e == "send":
                self.sends.setdefault(e.m, []).append(e)
        self.delivers = [e for e in self.events if e.e == "deliver"]

    # Each process's own record.

    def _walk(self, records):
        current, regular, failed = {}, {}, {}
        for record in records:
            e = Event(record)
            p = e.p
            self.of.setdefault(p, []).append(e)
            if p in self.ended:
                self.rules.add("1.2")
                e.odd = True
            elif e.e == "end":
                self.ended.add(p)
                e.odd = True
            elif e.e == "conf":
                self._walk_conf(e, current, regular, failed)
            elif failed.get(p) or current.get(p) != e.c:
                self.rules.add("2.2")
                e.odd = True
                if e.e == "fail":
                    failed[p] = True
            elif e.e == "fail":
                failed[p] = True
            e.reg = regular.get(p)

    def _walk_conf(self, e, current, regular, failed):
        p, r = e.p, e.record
        trans = r["kind"] == "transitional"
        if p not in r["members"] or len(set(r["members"])) < len(r["members"]):
            self.rules.add("F1")
        if e.c in self.conf:
            known = self.conf[e.c]
            if (known["members"], known["kind"], known["primary"]) != (r["members"], r["kind"], r["primary"]):
                self.rules.add("F2")
        self.conf.setdefault(e.c, r)
        if trans and r["primary"]:
            self.rules.add("F3")
        if failed.get(p) and (trans or r["members"] != [p]):
            self.rules.add("F4")
        if not failed.get(p) and not trans and r["members"] == [p] and p in current:
            if not self.is_trans(current[p]) and len(self.conf[current[p]]["members"]) > 1:
                failed[p] = True  # killed: it could not record it
                self.killed.add((p, current[p]))
        before = None if failed.get(p) else current.get(p)
        if trans and (before is None or self.conf[before]["kind"] == "transitional"):
            self.rules.add("F3")
        elif trans and not set(r["members"]) <= set(self.conf[before]["members"]):
            self.rules.add("F3")
        if not trans and before is not None and self.conf[before]["kind"] == "transitional":
            if not set(self.conf[before]["members"]) <= set(r["members"]):
                self.rules.add("F3")
            for q in self.of:
                mine = [x for x in self.of[q] if x.e == "conf"]
                for x, y in zip(mine, mine[1:]):
                    if q != p and x.c == before and y.c != e.c and not self._failed_in(q, before):
                        self.rules.add("F3")
        if trans and before is not None:
            for q in self.of:
                mine = [x.c for x in self.of[q] if x.e == "conf"]
                if e.c in mine[1:] and mine[mine.index(e.c) - 1] != before and q != p:
                    self.rules.add("F3")
        if (p, e.c) in self.told:
            self.rules.add("2.2")
            e.odd = True
            return
        self.told[p, e.c] = e
        failed[p] = False
        current[p] = e.c
        if not trans:
            regular[p] = e.c

    def _failed_in(self, p, c):
        return (p, c) in self.killed or any(e.e == "fail" and e.c == c and not e.odd for e in self.of.get(p, ()))

    def confs(self, p):
        return [e.c for e in self.of.get(p, ()) if e.e == "conf" and not e.odd]

    def next(self, p, c):
        """The configuration after c at p."""
        mine = self.confs(p)
        at = mine.index(c)
        return mine[at + 1] if at + 1 < len(mine) else None

    def is_trans(self, c):
        return c is not None and self.conf[c]["kind"] == "transitional"

    def stage(self, p, c):
        """reg_p(c) and trans_p(c)."""
        mine = self.confs(p)
        if self.is_trans(c):
            return {mine[mine.index(c) - 1], c}
        after = self.next(p, c)
        return {c, after} if self.is_trans(after) else {c}

    def for_good(self, p, c):
        return (p, c) in self.told and self.next(p, c) is None and not self._failed_in(p, c) and p in self.ended

    def owes(self, p, c):
        """Of the stage of regular c at p: it went on, or stays for good, and did not fail."""
        stage = self.stage(p, c)
        if any(self._failed_in(p, x) for x in stage):
            return False
        last = [x for x in self.confs(p) if x in stage][-1]
        return self.next(p, last) is not None or (self.for_good(p, last) and not self.open_end)

    def regular_of(self, c):
        if not self.is_trans(c):
            return c
        return next(e.reg for e in self.events if e.e == "conf" and e.c == c)

    def has(self, p, m, where):
        return any(e.p == p and e.m == m and e.c in where for e in self.delivers)

    def in_stage(self, p, m, regular):
        return (p, regular) in self.told and self.has(p, m, self.stage(p, regular))

    # "Precedes" and ord.

    def graph(self, logical, views):
        """Events as nodes, those that happen at one logical time as one; and what precedes what."""
        node, edges = {}, []
        for e in self.events:
            same = None
            if e.e == "conf" and views:
                same = ("conf", e.c)
            elif e.e == "deliver" and logical and e.m in self.sends and self.sends[e.m][0].c == e.reg:
                same = ("deliver", e.m) if self.sends[e.m][0].record["service"] in ("agreed", "safe") else None
            node[e] = same or id(e)
        number = {x: i for i, x in enumerate(dict.fromkeys(node.values()))}
        at = {e: number[node[e]] for e in self.events}
        for p in self.of:
            mine = [e for e in self.of[p] if not e.odd]
            edges += [(at[a], at[b]) for a, b in zip(mine, mine[1:])]
        for d in self.delivers:
            for s in self.sends.get(d.m, ()):
                # In the total order a fifo message carries nothing on.
                if s.c == d.reg and not (logical and s.record["service"] == "fifo"):
                    edges.append((at[s], at[d]))
        return at, closure(len(number), edges)

    @staticmethod
    def has_circle(reach):
        return any(x >> i & 1 for i, x in enumerate(reach))

    # The specifications.

    def broken(self):
        self._basic()
        self._changes()
        self._atomic()
        self._causal()
        self._order()
        self._safe()
        self._primaries()
        return self.rules

    def _basic(self):
        if self.has_circle(self.graph(False, False)[1]):
            self.rules.add("1.1")
        for sends in self.sends.values():
            if len(sends) > 1 or self.is_trans(sends[0].c):
                self.rules.add("1.4")
        seen = set()
        for d in self.delivers:
            if not any(s.c == d.reg for s in self.sends.get(d.m, ())):
                self.rules.add("1.3")
            if (d.p, d.m) in seen:
                self.rules.add("1.4")
            seen.add((d.p, d.m))
        for d in self.delivers:
            for s in self.sends.get(d.m, ()):
                mine = self.confs(d.p)
                if s.c in mine and mine.index(s.c) > mine.index(d.c):
                    self.rules.add("2.3")

    def _changes(self):
        if self.has_circle(self.graph(False, True)[1]) and not self.has_circle(self.graph(False, False)[1]):
            self.rules.add("2.4")
        for p, c in self.told:
            if self.for_good(p, c) and not self.open_end:
                if not all(self.for_good(q, c) for q in self.conf[c]["members"]):
                    self.rules.add("2.1")

    def _atomic(self):
        for sends in self.sends.values():
            s = sends[0]
            if not self.is_trans(s.c) and self.owes(s.p, s.c) and not self.in_stage(s.p, s.m, s.c):
                self.rules.add("3")
        for p, c in self.told:
            for q in self.conf[c]["members"]:
                if (q, c) not in self.told or self._failed_in(p, c) or self._failed_in(q, c):
                    continue
                ends = [self.next(x, c) or (self.for_good(x, c) and not self.open_end) for x in (p, q)]
                if not ends[0] or ends[0] != ends[1]:
                    continue
                for d in self.delivers:
                    if d.p == p and d.c == c and not self.has(q, d.m, {c}):
                        self.rules.add("4")

    def before(self, s, above=()):
        """The messages that the sending of one follows from, in its configuration."""
        past, mine = set(), []
        if s in above:
            return past  # in a circle, which is 1.1
        for e in self.of[s.p]:
            if e is s:
                break
            if e.odd or e.c != s.c:
                continue
            if e.e == "send" and e is self.sends[e.m][0]:
                mine.append(e.m)
            elif e.e == "deliver" and s.record["service"] != "fifo":
                for x in self.sends.get(e.m, ())[:1]:
                    if x.c == s.c and e.m not in past:
                        past |= {e.m} | self.before(x, above + (s,))
        return past | set(mine)

    def _causal(self):
        for d in self.delivers:
            for s in self.sends.get(d.m, ())[:1]:
                if s.c != d.reg:
                    continue
                for m in self.before(s):
                    mine = [e for e in self.of[d.p] if e.e == "deliver" and not e.odd and e.reg == d.reg]
                    if m not in [e.m for e in mine[:mine.index(d)]]:
                        self.rules.add("5")

    def _order(self):
        at, reach = self.graph(True, True)
        if self.has_circle(reach) and "2.4" not in self.rules:
            self.rules.add("6")
            return
        good = [d for d in self.delivers if any(s.c == d.reg and s.record["service"] in ("agreed", "safe")
                                                for s in self.sends.get(d.m, ())[:1])]
        for one in good:
            for two in good:
                # p has delivered both, the first before the second, and q the second
                if one.p != two.p or one.reg != two.reg or self.of[one.p].index(one) >= self.of[one.p].index(two):
                    continue
                sender = self.sends[one.m][0].p
                for d in good:
                    if d.m == two.m and sender in self.conf[d.c]["members"] and not self.in_stage(d.p, one.m, d.reg):
                        self.rules.add("6.3")

    def _safe(self):
        for d in self.delivers:
            s = self.sends.get(d.m, [None])[0]
            if s is None or s.record["service"] != "safe" or s.c != d.reg:
                continue
            for q in self.conf[d.c]["members"]:
                if (q, d.reg) in self.told:
                    if self.owes(q, d.reg) and not self.in_stage(q, d.m, d.reg):
                        self.rules.add("7.1")
                elif not self.is_trans(d.c) and (q in self.ended or not self.open_end):
                    self.rules.add("7.2")

    def _primaries(self):
        at, reach = self.graph(False, True)
        primaries = [c for c in self.conf if self.conf[c]["primary"] and not self.is_trans(c)]
        node = {e.c: at[e] for e in self.events if e.e == "conf"}
        before = {(a, b) for a in primaries for b in primaries if a != b and reach[node[a]] >> node[b] & 1}
        for a in primaries:
            for b in primaries:
                if a != b and (a, b) not in before and (b, a) not in before:
                    self.rules.add("H1")
                if (a, b) in before and not any((a, x) in before and (x, b) in before for x in primaries):
                    if not set(self.conf[a]["members"]) & set(self.conf[b]["members"]):
                        self.rules.add("H2")
