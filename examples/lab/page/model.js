/* examples/lab/page/model.js: what is in the page's data, and what follows from it: clocks, causes, differences.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

const services = ["fifo", "causal", "agreed", "safe"];
const data = JSON.parse(document.getElementById("films").textContent);

/* Which moment is where: the knots are the moments at which something happens. */
const clock = {
  us: data.clock.knots.filter((_, i) => i % 2 === 0),
  x: data.clock.knots.filter((_, i) => i % 2 === 1),
  left: data.clock.left,
  right: data.clock.right,
  idle: data.clock.idle,
};

function firstNotBefore(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

function xOf(us) {
  const n = clock.us.length;
  if (n === 0) return clock.left;
  const i = firstNotBefore(clock.us, us);
  if (i === n) return clock.right - 20;
  if (i === 0 || clock.us[i] === us) return clock.x[i];
  const part = (us - clock.us[i - 1]) / (clock.us[i] - clock.us[i - 1]);
  return clock.x[i - 1] + part * (clock.x[i] - clock.x[i - 1]);
}

function usOf(x) {
  const n = clock.x.length;
  const i = firstNotBefore(clock.x, x);
  if (n === 0 || i === 0) return 0;
  if (i === n) return clock.us[n - 1];
  const part = (x - clock.x[i - 1]) / Math.max(1e-9, clock.x[i] - clock.x[i - 1]);
  return clock.us[i - 1] + part * (clock.us[i] - clock.us[i - 1]);
}

function timeText(us) {
  if (us === 0) return "0";
  if (Math.abs(us) < 1000) return `${us} µs`;
  if (Math.abs(us) < 1e6) return `${+(us / 1000).toPrecision(4)} ms`;
  return `${+(us / 1e6).toPrecision(4)} s`;
}

/* From the compact rows of the data to things with names. */
function readFilm(raw, number) {
  const film = { number, raw, parts: raw.views.some(v => v.transitional), lanes: raw.lanes, end: raw.end, play: raw.play, title: raw.title, note: raw.note,
    verdict: raw.verdict, model: raw.model, legal: raw.legal, findings: raw.findings, groups: raw.groups, spans: raw.spans,
    cuts: raw.cuts, packets: raw.packets, waits: raw.waits };
  film.processes = raw.processes.map((p, index) => ({ ...p, index, born: p.life[1], ends: p.life[2], path: [],
    left: new Map() }));
  film.views = raw.views.map((v, index) => ({ ...v, index, installed: v.installed.slice(1), x: new Map() }));
  film.views.forEach(v => {
    v.tint = film.views.filter(w => w.group === v.group && w.index < v.index).length % 3 + v.group % 2 * 3;
  });
  film.messages = raw.messages.map((m, index) => ({ index, name: m[0], sender: m[1], group: m[2], view: m[3],
    service: services[m[4]], len: m[5], asked: m[6], sent: m[7], x: null, at: new Map(m[8].map(a => [a[0],
      { process: a[0], via: a[1], left: a[2], received: a[3], delivered: a[4], dropped: a[5], place: a[6], wait: a[7],
        receivedX: null, deliveredX: null }])) }));
  film.events = raw.events.map((e, index) => ({ index, us: e[0], kind: e[1], process: e[2], message: e[3], view: e[4],
    other: e[5], x: e[6], group: e[7], text: e[8] || "" }));
  for (const e of film.events) placeEvent(film, e);
  film.byName = new Map(film.messages.map(m => [m.name, m]));
  film.steps = film.events.filter(e => !isSilent(film, e));
  return film;
}

/* Where an event is drawn is noted at what it is about. */
function placeEvent(film, e) {
  const at = e.message >= 0 && e.process >= 0 ? film.messages[e.message].at.get(e.process) : undefined;
  if (e.process >= 0) film.processes[e.process].path.push(e);
  if (e.kind === "send") film.messages[e.message].x = e.x;
  else if (e.kind === "ask") film.messages[e.message].askedX = e.x;
  else if (e.kind === "receive" && at) at.receivedX = e.x;
  else if (e.kind === "deliver" && at) at.deliveredX = e.x;
  else if (e.kind === "view") film.views[e.view].x.set(e.process, e.x);
  else if (e.kind === "crash" || e.kind === "out" || e.kind === "excluded") {
    const p = film.processes[e.process];
    if (p.ends === e.us) p.endX = e.x; /* else it goes on in another group */
    if (e.group >= 0) p.left.set(e.group, e.x);
  }
}

/* A receipt that is a delivery at once is not a step of its own. */
function isSilent(film, e) {
  if (e.kind === "step") return e.text.includes(" sends ");
  if (e.kind !== "receive") return false;
  const at = film.messages[e.message].at.get(e.process);
  return at.delivered === e.us;
}

const films = data.films.map(readFilm);

/* ---- Words ---- */

function nameOf(film, process) {
  return process >= 0 ? film.processes[process].name : "somebody";
}

function waitsOf(film, at) {
  const out = [];
  for (let i = at.wait; i >= 0; i = film.waits[i][4]) out.push({ from: film.waits[i][2], to: film.waits[i][3],
    text: film.waits[i][5], message: film.waits[i][6] });
  return out;
}

/* Where it waited for many things in turn, the first and the last. */
function waitText(film, at) {
  const texts = waitsOf(film, at).map(w => w.text);
  const few = texts.length > 4 ? [...texts.slice(0, 2), `for ${texts.length - 3} more`, texts[texts.length - 1]] : texts;
  return few.join("; then ");
}

function membersOf(film, view) {
  return film.views[view].members.map(p => nameOf(film, p)).join(" ");
}

function sentence(film, e) {
  const p = e.process >= 0 ? nameOf(film, e.process) : "";
  const group = e.group >= 0 && film.groups.length > 1 ? film.groups[e.group].name : "";
  const inGroup = group ? ` in ${group}` : "", ofGroup = group ? ` of ${group}` : "";
  const m = e.message >= 0 ? film.messages[e.message] : null;
  const at = m && m.at.get(e.process);
  const of = m && m.sender >= 0 ? `${m.name} of ${nameOf(film, m.sender)}` : m ? m.name : "";
  switch (e.kind) {
    case "step": return e.text;
    case "start": return `${p} starts`;
    case "crash": return `${p} crashes`;
    case "stop": return `${p} stands still`;
    case "continue": return `${p} goes on`;
    case "ask": return `${p} sends ${m.name}: it is queued, the view is about to end`;
    case "send": {
      const why = at ? waitText(film, at) : "";
      return `${p} sends ${m.name} (${m.service})${why ? `; at ${p} it ${why}` : ""}`;
    }
    case "receive": {
      const by = e.other >= 0 && e.other !== m.sender ? `, forwarded by ${nameOf(film, e.other)}` : "";
      if (at && at.dropped === e.us) return `${p} receives ${of}${by} too late: its view is over`;
      const why = at ? waitText(film, at) : "";
      return `${p} receives ${of}${by}${why ? `: it ${why}` : ""}`;
    }
    case "deliver": {
      const held = at && at.received !== null ? e.us - at.received : 0;
      const why = at && held > 0 ? waitText(film, at) : "";
      return `${p} delivers ${of}${held > 0 ? `, held back ${timeText(held)}` : ""}${why ? `: it ${why}` : ""}`;
    }
    case "flush": return `${p} stops${inGroup}: the view is about to end. It says what it has (flush)`;
    case "view": return `${p} installs ${film.groups.length > 1 ? `${film.groups[film.views[e.view].group].name}: ` : ""}`
      + `view ${film.views[e.view].text}: ${membersOf(film, e.view)}`;
    case "block": return `${p} is blocked${inGroup}${e.text ? `: ${e.text}` : ""}`;
    case "unblock": return `${p} is blocked no longer${inGroup}`;
    case "out": return `${p} has left${group ? ` ${group}` : ""}`;
    case "excluded": return `${p} is excluded${ofGroup}: the group went on without it`;
    case "refused": return `${p}: refused: ${e.text}`;
    case "save": return `${p} gives its state to a joiner`;
    case "load": return `${p} has taken the state`;
    default: return e.kind;
  }
}

/* ---- Clocks ---- */

/* How many messages of each sender `process` had delivered, `message` included; as the sender stamps it: before. */
function clockAfter(film, process, message) {
  const counts = new Map();
  for (const index of film.processes[process].delivered) {
    const m = film.messages[index];
    counts.set(m.sender, (counts.get(m.sender) || 0) + 1);
    if (index === message) break;
  }
  return counts;
}

function clockAtSend(film, m) {
  const counts = new Map();
  for (const e of film.processes[m.sender].path) {
    if (e.kind === "deliver" && film.messages[e.message].sender !== m.sender) {
      const s = film.messages[e.message].sender;
      counts.set(s, (counts.get(s) || 0) + 1);
    }
    if (e.kind === "send") counts.set(m.sender, (counts.get(m.sender) || 0) + 1);
    if (e.kind === "send" && e.message === m.index) break;
  }
  return counts;
}

function clockText(film, counts) {
  const shown = film.processes.filter(p => counts.get(p.index) || film.processes.length <= 6);
  return `(${shown.map(p => `${p.name} ${counts.get(p.index) || 0}`).join(", ")})`;
}

/* ---- Causes ---- */

/* All that may have led to the sending of a message, and all that it may have led to: how far each process's path
 * belongs to it. A delivery passes on what its sender knew. */
function conesOf(film, m) {
  const past = new Map(), future = new Map(), pastMessages = new Set(), futureMessages = new Set();
  if (m.sender < 0 || m.x === null) return { past, future, pastMessages, futureMessages };
  for (const p of film.processes) p.path.forEach((e, i) => { e.step = i; });
  const sends = new Map();
  for (const e of film.events) if (e.kind === "send") sends.set(e.message, e);
  const todo = [[m.sender, sends.get(m.index).step]];
  while (todo.length > 0) {
    const [process, upTo] = todo.pop();
    const path = film.processes[process].path;
    for (let i = (past.has(process) ? past.get(process) + 1 : 0); i <= upTo; i++) {
      const e = path[i];
      if (e.message < 0 || e.message === m.index) continue;
      if (e.kind === "send") pastMessages.add(e.message);
      if (e.kind === "deliver" && sends.has(e.message)) {
        pastMessages.add(e.message);
        const s = sends.get(e.message);
        if (!(past.get(s.process) >= s.step)) todo.push([s.process, s.step]);
      }
    }
    past.set(process, Math.max(upTo, past.has(process) ? past.get(process) : -1));
  }
  const deliveries = new Map();
  for (const e of film.events) {
    if (e.kind !== "deliver") continue;
    if (!deliveries.has(e.message)) deliveries.set(e.message, []);
    deliveries.get(e.message).push(e);
  }
  const ahead = [[m.sender, sends.get(m.index).step]];
  for (const e of deliveries.get(m.index) || []) ahead.push([e.process, e.step]);
  while (ahead.length > 0) {
    const [process, from] = ahead.pop();
    const path = film.processes[process].path;
    const known = future.has(process) ? future.get(process) : path.length;
    for (let i = from; i < known; i++) {
      if (path[i].kind !== "send" || path[i].message === m.index) continue;
      futureMessages.add(path[i].message);
      for (const e of deliveries.get(path[i].message) || [])
        if (!(future.get(e.process) <= e.step)) ahead.push([e.process, e.step]);
    }
    future.set(process, Math.min(from, known));
  }
  return { past, future, pastMessages, futureMessages };
}

/* ---- Differences ---- */

/* The members of `places` that are not in a longest rising part of it. */
function notRising(places) {
  const tails = [], values = [], before = new Array(places.length);
  places.forEach((v, i) => {
    const k = firstNotBefore(values, v);
    before[i] = k > 0 ? tails[k - 1] : -1;
    tails[k] = i;
    values[k] = v;
  });
  const kept = new Set();
  for (let i = tails.length > 0 ? tails[tails.length - 1] : -1; i >= 0; i = before[i]) kept.add(i);
  return places.map((_, i) => !kept.has(i));
}

/* What each delivered, beside what the one that delivered most did: what stands elsewhere, what is missing in a view
 * that it went on from. */
function ordersOf(film) {
  const shown = film.processes.filter(p => p.delivered.length > 0 || p.views.length > 0);
  const most = shown.reduce((a, b) => (a && a.delivered.length >= b.delivered.length ? a : b), null);
  const place = new Map(most ? most.delivered.map((m, i) => [m, i]) : []);
  return shown.map(p => {
    const common = p.delivered.filter(m => place.has(m));
    const moved = new Set();
    if (p !== most) notRising(common.map(m => place.get(m))).forEach((bad, i) => { if (bad) moved.add(common[i]); });
    const has = new Set(p.delivered);
    const ended = new Set(p.views.slice(0, -1).concat(p.end === "" ? p.views.slice(-1) : []));
    const lacks = new Set(most ? most.delivered.filter(m => !has.has(m) && ended.has(film.messages[m].view)) : []);
    return { process: p, moved, lacks, reference: p === most };
  });
}
