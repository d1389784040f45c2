/* examples/lab/page/diagram.js: the diagram of one film: what is visible of it, drawn anew when something changes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 7, DASHES = 5;

function make(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  for (const child of children) node.append(child);
  return node;
}

function n(v) { return Math.round(v * 10) / 10; }

/* Room for labels: what is taken stays taken. */
class Row {
  constructor() { this.taken = []; }
  take(from, to) {
    let i = this.taken.length;
    while (i > 0 && this.taken[i - 1][0] >= to) i--;
    if (i > 0 && this.taken[i - 1][1] > from) return false;
    this.taken.splice(i, 0, [from, to]);
    return true;
  }
}

const ruler = document.createElement("canvas").getContext("2d"), widths = new Map();

function textWidth(text, size, weight = 400) {
  const key = `${weight} ${size} ${text}`;
  if (!widths.has(key)) {
    ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
    widths.set(key, ruler.measureText(text).width);
  }
  return widths.get(key);
}

/* As much of it as there is room for; nothing where that would say nothing. */
function shortened(text, size, room, weight = 400) {
  if (textWidth(text, size, weight) <= room) return text;
  const letters = [...text];
  while (letters.length > 3 && textWidth(`${letters.join("")}…`, size, weight) > room) letters.pop();
  return letters.length > 3 ? `${letters.join("").trimEnd()}…` : "";
}

class Diagram {
  constructor(film, holder) {
    this.film = film;
    this.pitch = film.lanes <= 4 ? 92 : film.lanes <= 8 ? 70 : 48;
    this.gutter = 24 + Math.min(150, Math.max(...film.processes.map(p => textWidth(p.site, 14, 600)), 20));
    this.marks = film.events.filter(e => e.kind === "step" && !e.text.includes(" sends "));
    this.svg = make("svg", { role: "group", tabindex: "0",
      "aria-label": `Space-time diagram of ${film.title}: arrows step through the events` });
    /* Told in words elsewhere: where one stands, in the line above; what waits, in the table below. */
    this.back = make("g", { "aria-hidden": "true" });
    /* The moment lies over the picture in layers of their own: stepping paints nothing of it anew. */
    this.veil = element("div", { class: "veil", "aria-hidden": "true" });
    this.cursor = element("div", { class: "cursor", "aria-hidden": "true" });
    const defs = make("defs", {});
    defs.append(
      make("pattern", { id: `flush${film.number}`, width: 6, height: 6, patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)" }, make("path", { class: "edge", d: "M1.5 0V6" })),
      make("pattern", { id: `blocked${film.number}`, width: 5, height: 5, patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)" }, make("path", { class: "badline", style: "stroke-width:1", d: "M0 1H5M1 0V5" })),
      make("pattern", { id: `loading${film.number}`, width: 5, height: 5, patternUnits: "userSpaceOnUse" },
        make("circle", { cx: 2, cy: 2, r: 1, fill: "var(--edge)" })),
      make("pattern", { id: `between${film.number}`, width: 12, height: 8, patternUnits: "userSpaceOnUse" },
        make("path", { class: "edge", style: "stroke-width:1;stroke-opacity:.45", d: "M0 2H5M6 6H11" })));
    this.svg.append(defs, this.back);
    this.stage = element("div", { class: "stage" }, this.svg);
    holder.append(this.stage);
    this.arrows = [];
    this.points = [];
  }

  y(lane) { return this.top + this.pitch * (lane + 0.5); }
  py(process) { return this.y(this.film.processes[process].lane); }
  sx(x) { return this.gutter + (x - this.view.x) * this.view.zoom; }
  ux(us) { return this.sx(xOf(us)); }

  /* view: { x, zoom } in the clock's own measure; state: cursor, chosen, control. */
  draw(view, state) {
    const width = Math.max(300, this.svg.clientWidth || 900);
    const drawn = [view.x, view.zoom, width, state.control, state.chosen && state.chosen.m.index].join();
    this.view = { ...view };
    this.state = state;
    if (drawn === this.drawn) return this.drawCursor();
    this.drawn = drawn;
    this.width = width;
    this.right = this.width;
    this.from = view.x - 30 / view.zoom;
    this.to = view.x + (this.width - this.gutter) / view.zoom + 30 / view.zoom;
    const rows = this.placeMarks();
    this.slabs = Math.max(1, this.film.groups.length);
    this.top = 4 + 18 * this.slabs + rows * 14;
    this.bottom = this.top + this.pitch * this.film.lanes;
    this.height = this.bottom + 32;
    this.svg.setAttribute("height", this.height);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.arrows = [];
    this.points = [];
    this.collect();
    const out = document.createDocumentFragment();
    this.out = out;
    this.drawBands();
    this.drawMarks();
    this.drawAxis();
    this.drawLines();
    if (state.control) this.drawControl();
    this.drawLost();
    const messages = make("g", { class: ["dense", "crowded"].includes(this.density) ? this.density : "roomy" });
    if (state.chosen) messages.classList.add("picks");
    if (this.density === "crowded") this.drawCrowd(messages); else this.drawMessages(messages);
    out.append(messages);
    if (state.chosen) this.drawCones();
    this.drawEnds();
    this.drawNames();
    this.drawCursor();
    this.back.replaceChildren(out);
  }

  /* ---- What is seen ---- */

  collect() {
    const film = this.film;
    this.seen = [];
    let arrivals = 0;
    for (const m of film.messages) {
      if (m.x === null) continue;
      if (m.maxX === undefined) {
        m.maxX = m.x;
        for (const a of m.at.values()) m.maxX = Math.max(m.maxX, a.receivedX || 0, a.deliveredX || 0);
      }
      if (m.maxX < this.from || m.x > this.to) continue;
      this.seen.push(m);
      arrivals += m.at.size;
    }
    const room = (this.width - this.gutter) * film.lanes / Math.max(1, arrivals);
    this.density = arrivals <= 120 || (arrivals <= 900 && room > 8) ? "roomy" : arrivals <= 2600 ? "dense" : "crowded";
    this.radius = this.density === "roomy" ? 4.6 : this.density === "dense" ? 3 : 1.8;
  }

  arrow(m, a) {
    if (a.process === m.sender) return null;
    const to = a.receivedX !== null ? a.receivedX : a.deliveredX;
    if (to === null) return null;
    const via = a.received !== null && a.via >= 0 ? a.via : m.sender;
    const own = via === m.sender || a.left === null;
    return { x1: own ? this.sx(m.x) : this.ux(a.left), y1: this.py(via), x2: this.sx(to), y2: this.py(a.process), m, a };
  }

  /* ---- Behind ---- */

  placeMarks() {
    const rows = [new Row(), new Row(), new Row()];
    let used = 0;
    for (const e of this.marks) {
      e.row = -1;
      const x = this.sx(e.x);
      if (x < this.gutter - 5 || x > this.width) continue;
      /* On the right of its line, unless that is past the edge and there is room on the left. */
      const width = textWidth(e.text, 10), left = x + 4 + width > this.width && x - 4 - width >= this.gutter;
      e.said = left ? e.text : shortened(e.text, 10, this.width - x - 4);
      e.at = left ? x - 4 - width : x + 4;
      const end = e.at + textWidth(e.said, 10) + 6;
      for (let r = 0; r < 3 && e.row < 0 && e.said; r++) if (rows[r].take(Math.min(e.at, x) - 2, end)) e.row = r;
      used = Math.max(used, e.row + 1);
    }
    return used;
  }

  drawMarks() {
    for (const e of this.marks) {
      const x = n(this.sx(e.x));
      if (x < this.gutter - 5 || x > this.width) continue;
      const y = 14 + Math.max(0, e.row) * 14;
      this.out.append(make("path", { class: "thin", "stroke-dasharray": "2 3", d: `M${x} ${y - 8}V${this.bottom}` }));
      if (e.row >= 0) this.out.append(make("text", { class: "small soft", x: n(e.at), y }, e.said));
      this.points.push({ x, y: y - 4, e });
    }
  }

  endX(p) { return p.endX !== undefined ? this.sx(p.endX) : this.sx(clock.right); }

  stay(view, process) {
    const p = this.film.processes[process];
    const from = view.x.get(process);
    if (from === undefined) return null;
    const later = p.views.slice(p.views.indexOf(view.index) + 1).map(v => this.film.views[v])
      .find(v => v.group === view.group);
    const at = view.installed[view.members.indexOf(process)];
    const left = p.left.get(view.group);
    return { from: at <= 0 ? this.sx(clock.left) : this.sx(from),
      to: later ? this.sx(later.x.get(process)) : left !== undefined ? this.sx(left) : this.endX(p) };
  }

  drawBands() {
    const labels = [], named = new Set(), rows = Array.from({ length: this.slabs }, () => new Row());
    for (const view of this.film.views) {
      const stays = [];
      for (const process of view.members) {
        const stay = this.stay(view, process);
        if (stay) stays[this.film.processes[process].lane] = stay;
      }
      const all = stays.filter(s => s);
      if (all.length === 0 || Math.max(...all.map(s => s.to)) < this.gutter || Math.min(...all.map(s => s.from)) > this.width)
        continue;
      for (let lane = 0; lane < this.film.lanes;) {
        const first = lane++;
        if (!stays[first]) continue;
        while (stays[lane]) lane++;
        this.drawBand(view, stays, first, lane - 1);
      }
      if (this.slabs > 1) this.nameSlabs(view, stays, named);
      labels.push([view, Math.max(this.gutter, Math.min(...all.map(s => s.from))),
        Math.min(this.width, Math.max(...all.map(s => s.to)))]);
    }
    /* Where several parts go on beside each other, each view is named in its band. */
    for (const [view, x, last] of this.film.parts && this.slabs === 1 ? [] : labels) {
      const row = rows[view.group], y = this.top - 5 - 18 * (this.slabs - 1 - view.group);
      const kind = view.transitional ? "transitional view" : "view";
      const group = this.film.groups.length > 1 ? `${this.film.groups[view.group].name}: ` : "";
      for (const text of [`${group}${kind} ${view.text} · ${membersOf(this.film, view.index)}`, `view ${view.text}`]) {
        const width = textWidth(text, 11);
        if (width > this.width - this.gutter) continue;
        const from = Math.max(this.gutter, Math.min(x, this.width - 4 - width));
        let at = from;
        while (at <= Math.max(from, Math.min(from + 400, last - width)) && !row.take(at, at + width + 6)) at += 6;
        if (at > Math.max(from, Math.min(from + 400, last - width))) continue;
        this.out.append(make("text", { class: "soft", x: n(at + 2), y }, text));
        break;
      }
    }
  }

  side(stays, first, last, key, down) {
    const half = this.pitch / 2 - 1.5, knee = this.pitch * 0.18;
    let d = "";
    for (let k = 0; k <= last - first; k++) {
      const lane = down ? first + k : last - k, x = n(Math.max(-50, Math.min(this.width + 50, stays[lane][key])));
      const y = this.y(lane), sign = down ? 1 : -1;
      const a = lane === (down ? first : last) ? half : knee, b = lane === (down ? last : first) ? half : knee;
      d += `L${x} ${n(y - sign * a)}L${x} ${n(y + sign * b)}`;
    }
    return d;
  }

  drawBand(view, stays, first, last) {
    if (this.slabs > 1) return this.drawSlabs(view, stays, first, last);
    const left = this.side(stays, first, last, "from", true);
    this.out.append(make("path", { class: `band${view.tint}`,
      d: `M${left.slice(1)}${this.side(stays, first, last, "to", false)}Z` }));
    if (view.transitional)
      this.out.append(make("path", { fill: `url(#between${this.film.number})`,
        d: `M${left.slice(1)}${this.side(stays, first, last, "to", false)}Z` }));
    this.out.append(make("path", { class: "edge", d: `M${left.slice(1)}` }));
    if (this.film.parts) this.nameRun(view, stays[first], first);
  }

  /* With several groups each has a part of the height of a lane; what belongs together is tied where it begins. */
  slab(view, lane) {
    const half = this.pitch / 2 - 1.5, height = 2 * half / this.slabs;
    return [this.y(lane) - half + height * view.group, height];
  }

  nameRun(view, stay, lane) {
    const kind = view.transitional ? "transitional " : "", from = Math.max(this.gutter, stay.from);
    for (const text of [`${kind}view ${view.text} · ${membersOf(this.film, view.index)}`, `${kind}${view.text}`, view.text]) {
      if (textWidth(text, 9) + 8 > Math.min(this.width, stay.to) - from) continue;
      this.out.append(make("text", { class: "tiny soft halo", x: n(from + 5), y: n(this.y(lane) - this.pitch / 2 + 12) }, text));
      return;
    }
  }

  drawSlabs(view, stays, first, last) {
    for (let lane = first; lane <= last; lane++) {
      const [y, height] = this.slab(view, lane), clip = x => Math.max(-50, Math.min(this.width + 50, x));
      const from = clip(stays[lane].from), to = clip(stays[lane].to);
      this.out.append(make("rect", { class: `band${view.tint}`, x: n(from), y: n(y), width: n(Math.max(1, to - from)),
        height: n(height - 1) }), make("path", { class: "edge", d: `M${n(from)} ${n(y)}v${n(height - 1)}` }));
      if (lane < last)
        this.out.append(make("path", { class: "thin tie",
          d: `M${n(from)} ${n(y + height - 1)}L${n(clip(stays[lane + 1].from))} ${n(this.slab(view, lane + 1)[0])}` }));
    }
  }

  nameSlabs(view, stays, named) {
    stays.forEach((stay, lane) => {
      const [y, height] = this.slab(view, lane), key = view.group * this.film.lanes + lane;
      if (height < 12 || named.has(key) || stay.to < this.gutter) return;
      named.add(key);
      this.out.append(make("text", { class: "tiny soft", x: n(Math.max(this.gutter, stay.from) + 4),
        y: n(y + (view.group * 2 < this.slabs ? 9 : height - 4)) }, this.film.groups[view.group].name));
    });
  }

  drawAxis() {
    const y = this.bottom + 8, row = new Row();
    this.out.append(make("path", { class: "thin", d: `M${this.gutter} ${y}H${this.width}` }));
    for (let i = 0; i < clock.idle.length; i += 2) {
      const a = this.ux(clock.idle[i]), b = this.ux(clock.idle[i + 1]), middle = n((a + b) / 2);
      if (b < this.gutter || a > this.width) continue;
      this.out.append(make("rect", { class: "paper", "fill-opacity": ".55", x: n(a), y: this.top, width: n(b - a),
        height: this.bottom - this.top }));
      this.out.append(make("path", { class: "thin", d: `M${middle - 4} ${y + 4}l4 -8m4 0l-4 8` }));
    }
    let last = "";
    for (let i = firstNotBefore(clock.x, this.from); i < clock.us.length && clock.x[i] <= this.to; i++) {
      const x = this.sx(clock.x[i]), text = timeText(clock.us[i]), half = textWidth(text, 10) / 2 + 14;
      if (text === last || x < this.gutter || x > this.width || !row.take(x - half, x + half)) continue;
      last = text;
      this.out.append(make("path", { class: "thin", d: `M${n(x)} ${y}v5` }),
        make("text", { class: "small soft", x: n(Math.min(x, this.width - half + 13)), y: y + 16, "text-anchor": "middle" },
          text));
    }
  }

  spanEnd(span, p) {
    if (span[3] === null || span[3] === p.ends) return this.endX(p);
    const view = p.views.map(v => this.film.views[v]).find(v => v.installed[v.members.indexOf(p.index)] === span[3]);
    return view ? this.sx(view.x.get(p.index)) : this.ux(span[3]);
  }

  drawLines() {
    const film = this.film;
    for (const span of film.spans) {
      const p = film.processes[span[1]], x = this.ux(span[2]), to = this.spanEnd(span, p), y = this.y(p.lane);
      if (to < this.gutter || x > this.width || span[0] === "stopped") continue;
      const half = span[0] === "blocked" ? 7 : 9, parts = span[4] >= 0 ? this.slabs : 1;
      const box = { x: n(x), y: n(y - half + (parts > 1 ? 2 * half * span[4] / parts : 0)),
        width: n(Math.max(1.5, to - x)), height: n(2 * half / parts) };
      this.out.append(
        make("rect", { ...box, fill: span[0] === "blocked" ? "var(--bad)" : "var(--edge)", "fill-opacity": ".15" }),
        make("rect", { ...box, fill: `url(#${span[0]}${film.number})` }));
    }
    for (const p of film.processes) {
      const y = this.y(p.lane), from = p.born <= 0 ? this.sx(clock.left) - 8 : this.ux(p.born), to = this.endX(p);
      let d = `M${n(Math.max(from, -9))} ${y}`, still = "";
      for (const span of film.spans)
        if (span[0] === "stopped" && span[1] === p.index) {
          const a = n(this.ux(span[2])), b = n(span[3] === null ? to : this.ux(span[3]));
          d += `H${a}M${b} ${y}`;
          still += `M${a} ${y}H${b}`;
        }
      this.out.append(make("path", { class: "line", d: `${d}H${n(Math.min(to, this.width + 9))}` }));
      if (still) this.out.append(make("path", { class: "line gone", d: still }));
      if (p.born > 0) this.out.append(make("path", { class: "line", d: `M${n(from)} ${y - 6}v12` }));
      if (p.born > 0 && p.name !== p.site && from <= this.width)
        this.out.append(make("text", { class: "m halo", x: n(Math.min(from + 5, this.width - textWidth(p.name, 10, 600) - 2)),
          y: y - 6 }, p.name));
    }
    for (const view of film.views)
      for (const [process, x] of view.x) {
        if (view.installed[view.members.indexOf(process)] <= 0 || x < this.from || x > this.to) continue;
        this.out.append(make("path", { class: "edge", style: "stroke-width:2",
          d: `M${n(this.sx(x))} ${this.py(process) - 8}v16m3 0v-16` }));
      }
    for (const e of film.events) {
      if (e.process < 0 || e.message >= 0 || e.x < this.from || e.x > this.to) continue;
      this.points.push({ x: this.sx(e.x), y: this.py(e.process), e });
    }
  }

  drawControl() {
    const row = new Row();
    let drawn = 0;
    for (const [type, from, to, len, sent, arrived] of this.film.packets) {
      if (arrived === null || drawn > 3000 || type === "DATA") continue;
      const x1 = this.ux(sent), x2 = this.ux(arrived), y1 = this.py(from), y2 = this.py(to);
      if (x2 < this.gutter || x1 > this.width) continue;
      drawn++;
      const line = make("path", { class: "k", d: `M${n(x1)} ${y1}L${n(x2)} ${y2}` });
      this.out.append(line);
      const mx = x1 + (x2 - x1) * 0.3, half = textWidth(type, 9) / 2;
      if (this.density !== "crowded" && row.take(mx - half, mx + half))
        this.out.append(make("text", { class: "tiny soft", "text-anchor": "middle", x: n(mx), y: n(y1 + (y2 - y1) * 0.3) },
          type.toLowerCase()));
    }
  }

  drawLost() {
    for (const [type, from, to, , sent, arrived] of this.film.packets) {
      if (arrived !== null || (type !== "DATA" && type !== "FORWARD")) continue;
      const x = this.ux(sent), y = this.py(from), way = (this.py(to) > y ? 1 : -1) * this.pitch * 0.36;
      if (x < this.gutter || x > this.width) continue;
      const reach = Math.abs(way) / 2;
      this.out.append(make("path", { class: "k", d: `M${n(x)} ${y}l${n(reach)} ${n(way)}` }),
        make("path", { class: "badline", style: "stroke-width:1.3", d: `M${n(x + reach - 3)} ${n(y + way - 3)}l6 6m0 -6l-6 6` }));
    }
  }

  /* ---- Messages ---- */

  kindOf(m) {
    const chosen = this.state.chosen, cones = this.state.cones;
    if (!chosen || chosen.film !== this.film) return "";
    if (m === chosen.m) return " chosen";
    return cones.pastMessages.has(m.index) ? " past" : cones.futureMessages.has(m.index) ? " future" : "";
  }

  drawMessages(group) {
    const words = this.film.processes.map(() => new Row());
    this.labels = Array.from({ length: this.film.lanes }, () => new Row());
    const tracks = this.film.processes.map(() => []);
    const named = [];
    for (const m of this.seen) {
      const g = make("g", { class: `msg c${m.index % COLOURS}${this.kindOf(m)}`, "data-message": m.name });
      for (const a of m.at.values()) this.drawHold(g, m, a, tracks[a.process], words[a.process]);
      for (const a of m.at.values()) this.drawArrow(g, m, a);
      group.append(g);
      named.push([m, g]);
    }
    for (const [m, g] of named) this.drawSend(g, m);
    for (const [m, g] of named) for (const a of m.at.values()) this.drawArrival(g, m, a);
  }

  drawArrow(g, m, a) {
    const r = this.arrow(m, a);
    if (!r) return;
    this.arrows.push(r);
    const dx = r.x2 - r.x1, dy = r.y2 - r.y1, len = Math.hypot(dx, dy);
    if (len < 1) return;
    const ux = dx / len, uy = dy / len, tx = r.x2 - ux * (this.radius + 0.5), ty = r.y2 - uy * (this.radius + 0.5);
    g.append(make("path", { class: `a d${m.index % DASHES}`, d: `M${n(r.x1)} ${n(r.y1)}L${n(tx)} ${n(ty)}` }));
    if (this.density === "roomy")
      g.append(make("path", { class: "f", d: `M${n(tx)} ${n(ty)}L${n(tx - 7 * ux - 2.8 * uy)} ${n(ty - 7 * uy + 2.8 * ux)}` +
        `L${n(tx - 7 * ux + 2.8 * uy)} ${n(ty - 7 * uy - 2.8 * ux)}Z` }));
  }

  drawHold(g, m, a, tracks, words) {
    const own = a.process === m.sender, p = this.film.processes[a.process];
    const from = own ? m.x : a.receivedX;
    if (from === null || !this.film.play) return;
    const until = a.delivered !== null ? a.delivered : a.dropped !== null ? a.dropped : p.ends;
    const to = a.deliveredX !== null ? this.sx(a.deliveredX) : until === null ? this.width : this.ux(until);
    const x = this.sx(from);
    if (to - x < 2.5 || (until !== null && until <= a.received)) return;
    let track = tracks.findIndex(end => end <= x);
    if (track < 0) track = tracks.length;
    tracks[track] = to + 2;
    const most = Math.max(1, Math.floor((this.pitch / 2 - 20) / 7));
    const y = this.py(a.process) + this.radius + 3.5 + Math.min(track, most - 1) * 7;
    g.append(make("rect", { class: `hold${a.delivered === null ? " d2" : ` d${m.index % DASHES}`}`, x: n(x), y: n(y),
      width: n(to - x), height: 5, rx: 2.5 }));
    this.points.push({ x: (x + to) / 2, y: y + 2, half: (to - x) / 2, m, a });
    const waits = waitsOf(this.film, a), why = waits.length > 0 ? waits[0].text : "";
    const text = shortened(`${m.name} ${why}${waits.length > 1 ? " …" : ""}`, 9, this.width - this.gutter);
    const width = textWidth(text, 9), at = Math.max(this.gutter, Math.min(x, this.width - width));
    if (this.density === "roomy" && why && words.take(at - 2, at + width + 6))
      g.append(make("text", { class: "tiny soft halo", x: n(at), y: n(this.py(a.process) + this.pitch / 2 - 5) }, text));
  }

  label(g, m, x, lane) {
    const half = textWidth(m.name, 10, 600) / 2 + 3, at = x > this.width ? x : Math.min(x, this.width - half + 2);
    if (!this.labels[lane].take(at - half, at + half)) return;
    g.append(make("text", { class: "m halo", "text-anchor": "middle", x: n(at), y: n(this.y(lane) - this.radius - 4) }, m.name));
  }

  drawSend(g, m) {
    const x = this.sx(m.x), y = this.py(m.sender), lane = this.film.processes[m.sender].lane;
    if (m.askedX !== undefined)
      g.append(make("path", { class: "a d2", d: `M${n(this.sx(m.askedX))} ${y - 3}H${n(x)}` }),
        make("circle", { class: "r", "stroke-dasharray": "2 1.5", cx: n(this.sx(m.askedX)), cy: y, r: this.radius }));
    g.append(make("circle", { class: "f", cx: n(x), cy: y, r: this.radius + 0.6 }));
    this.points.push({ x, y, m, what: "send" });
    this.label(g, m, x, lane);
  }

  drawArrival(g, m, a) {
    const y = this.py(a.process), lane = this.film.processes[a.process].lane, r = this.radius;
    const late = a.dropped !== null && a.dropped === a.received;
    if (late && a.receivedX !== null)
      g.append(make("path", { class: "badline", d: `M${n(this.sx(a.receivedX) - 4)} ${y - 4}l8 8m0 -8l-8 8` }));
    else if (a.receivedX !== null && (a.deliveredX === null || a.deliveredX > a.receivedX)) {
      g.append(make("circle", { class: "r", cx: n(this.sx(a.receivedX)), cy: y, r: r - 0.6 }));
      this.points.push({ x: this.sx(a.receivedX), y, m, a, what: "receive" });
    }
    if (a.deliveredX === null) return;
    const x = this.sx(a.deliveredX);
    g.append(make("path", { class: "f", d: `M${n(x - r * 1.25)} ${n(y + r)}l${n(r * 1.25)} ${n(-r * 2.1)} ${n(r * 1.25)} ${n(r * 2.1)}Z` }));
    this.points.push({ x, y, m, a, what: "deliver" });
    this.label(g, m, x, lane);
  }

  /* One path for all of a colour; what is chosen, and what belongs to it, is drawn by itself. */
  drawCrowd(group) {
    const arrows = Array.from({ length: COLOURS }, () => []), fills = Array.from({ length: COLOURS }, () => []), special = [];
    /* Paths of some length: one of tens of thousands of pieces takes a browser longer than many short ones. */
    const add = (list, d) => {
      if (list.length === 0 || list[list.length - 1].length > 6000) list.push(d); else list[list.length - 1] += d;
    };
    const own = this.state.chosen && this.state.chosen.film === this.film;
    for (const m of this.seen) {
      if (own && this.kindOf(m) && special.length < 120) special.push(m);
      const c = m.index % COLOURS;
      for (const a of m.at.values()) {
        const r = this.arrow(m, a);
        if (!r || r.x2 < this.gutter || r.x1 > this.width) continue;
        this.arrows.push(r);
        add(arrows[c], `M${n(r.x1)} ${r.y1}L${n(r.x2)} ${r.y2}`);
        if (a.deliveredX !== null) add(fills[c], `M${n(this.sx(a.deliveredX) - 2)} ${r.y2 + 2}l2 -4 2 4Z`);
      }
      add(fills[c], `M${n(this.sx(m.x) - 2)} ${this.py(m.sender)}a2 2 0 1 1 4 0a2 2 0 1 1 -4 0`);
    }
    /* So faint that what lies behind is seen; fainter still beside what is chosen. */
    const faint = Math.max(0.06, Math.min(0.45, 6 * this.width / this.arrows.length / this.film.lanes));
    const stroke = `stroke-opacity:${(own ? faint * 0.4 : faint).toFixed(3)}`, fill = own ? "fill-opacity:.2" : "";
    for (let c = 0; c < COLOURS; c++) {
      const g = make("g", { class: `c${c}` });
      for (const d of arrows[c]) g.append(make("path", { class: "a", d, style: stroke }));
      for (const d of fills[c]) g.append(make("path", { class: "f", d, style: fill }));
      group.append(g);
    }
    if (special.length === 0) return;
    this.labels = Array.from({ length: this.film.lanes }, () => new Row());
    for (const m of special) {
      const g = make("g", { class: `msg c${m.index % COLOURS}${this.kindOf(m)}`, "data-message": m.name });
      for (const a of m.at.values()) this.drawArrow(g, m, a);
      this.drawSend(g, m);
      for (const a of m.at.values()) this.drawArrival(g, m, a);
      group.append(g);
    }
  }

  drawCones() {
    const { chosen, cones } = this.state;
    if (chosen.film !== this.film) return;
    for (const [which, map] of [["past", cones.past], ["future", cones.future]])
      for (const [process, step] of map) {
        const p = this.film.processes[process], x = this.sx(p.path[step].x), y = this.y(p.lane);
        const from = which === "past" ? (p.born <= 0 ? this.gutter : this.ux(p.born)) : x;
        const to = which === "past" ? x : Math.min(this.width, this.endX(p));
        if (to > from) this.out.append(make("path", { class: `cone ${which}`, d: `M${n(from)} ${y}H${n(to)}` }));
      }
  }

  /* ---- In front ---- */

  drawEnds() {
    for (const p of this.film.processes) {
      if (p.endX === undefined) continue;
      const x = n(this.endX(p)), y = this.y(p.lane);
      if (p.end === "crashed")
        this.out.append(make("path", { class: "badline", style: "stroke-width:3", d: `M${x - 7} ${y - 7}l14 14m0 -14l-14 14` }));
      else if (p.end === "excluded")
        this.out.append(make("circle", { class: "paper", cx: x, cy: y, r: 7 }),
          make("path", { class: "badline", d: `M${x - 7} ${y}a7 7 0 1 1 14 0a7 7 0 1 1 -14 0M${x - 5} ${y + 5}l10 -10` }));
      else this.out.append(make("path", { class: "line", style: "stroke-width:2.5", d: `M${x} ${y - 8}v16` }));
    }
    this.drawWalls();
  }

  cutAt(from, to, us) {
    return this.film.cuts.some(c => c[0] === from && c[1] === to && c[2] <= us && (c[3] === null || us < c[3]));
  }

  wallAt(lane, us) {
    const above = this.film.processes.filter(p => p.lane <= lane), below = this.film.processes.filter(p => p.lane > lane);
    return above.every(p => below.every(q => this.cutAt(p.site, q.site, us) && this.cutAt(q.site, p.site, us)));
  }

  drawWalls() {
    if (this.film.cuts.length === 0 || this.film.processes.length > 40) return;
    const times = [...new Set(this.film.cuts.flatMap(c => [c[2], c[3]]).filter(t => t !== null))].sort((a, b) => a - b);
    for (let lane = 0; lane + 1 < this.film.lanes; lane++)
      for (let i = 0; i < times.length; i++) {
        if (!this.wallAt(lane, times[i])) continue;
        const from = Math.max(this.gutter, this.ux(times[i]));
        const to = Math.min(this.width, i + 1 < times.length ? this.ux(times[i + 1]) : this.width);
        let d = `M${n(from)} ${this.top + this.pitch * (lane + 1) + 2}`;
        for (let x = from, up = true; x < to - 2; x += 4, up = !up) d += `l4 ${up ? -4 : 4}`;
        this.out.append(make("path", { class: "badline", style: "stroke-width:1.6", d }));
      }
  }

  drawNames() {
    this.out.append(make("rect", { class: "paper", x: 0, y: 0, width: this.gutter - 6, height: this.height }));
    const named = new Set();
    for (const p of this.film.processes) {
      if (named.has(p.lane)) continue;
      named.add(p.lane);
      this.out.append(make("text", { class: "name", x: this.gutter - 12, y: this.y(p.lane) + 5, "text-anchor": "end" },
        shortened(p.site, 14, this.gutter - 14, 600)));
    }
  }

  drawCursor() {
    const us = this.state.cursor;
    const x = us === null ? Infinity
      : Math.max(this.gutter - 6, this.sx(this.state.cursorX !== null ? this.state.cursorX : xOf(us)) + 8);
    if (x >= this.width) {
      this.veil.remove();
      this.cursor.remove();
      return;
    }
    Object.assign(this.veil.style, { left: `${n(x)}px`, top: `${this.top}px`, height: `${this.bottom - this.top}px` });
    Object.assign(this.cursor.style, { left: `${n(x)}px`, top: `${this.top}px`, height: `${this.bottom + 8 - this.top}px` });
    this.stage.append(this.veil, this.cursor);
  }

  /* What is under the pointer: a point, else an arrow. */
  hit(x, y) {
    let best = null, least = 11;
    for (const p of this.points) {
      const away = p.half ? (Math.abs(p.x - x) <= p.half && Math.abs(p.y - y) < 4 ? 6 : 99) : Math.hypot(p.x - x, p.y - y);
      if (away < least) { least = away; best = p; }
    }
    if (best) return best;
    least = 6;
    for (const r of this.arrows) {
      const dx = r.x2 - r.x1, dy = r.y2 - r.y1;
      const t = Math.max(0, Math.min(1, ((x - r.x1) * dx + (y - r.y1) * dy) / (dx * dx + dy * dy || 1)));
      const away = Math.hypot(r.x1 + t * dx - x, r.y1 + t * dy - y);
      if (away < least) { least = away; best = r; }
    }
    return best;
  }
}
