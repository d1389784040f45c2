/* examples/lab/page/page.js: what a reader can do: step, play, zoom, choose, follow a link.
 * SPDX-License-Identifier: LGPL-2.1-or-later */

const $ = id => document.getElementById(id);

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const key in attributes) {
    if (key === "onclick") node.addEventListener("click", attributes[key]);
    else node.setAttribute(key, attributes[key]);
  }
  node.append(...children);
  return node;
}

/* The moment is a step of the film that is looked at; -1: the whole run, nothing hidden. */
const state = { film: films[0], step: -1, chosen: null, cones: null, control: data.control, playing: null };
const view = { x: clock.left, zoom: 1 };
const diagrams = [];
let waiting = false;

function step() { return state.step >= 0 ? state.film.steps[state.step] : null; }

/* Kinds of findings: of the judge; of the scene; what is otherwise under an ordering that the scene is not for. */
const DIFFERS = 2;

/* ---- Drawing ---- */

function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawNow(); });
}

function drawNow() {
  const e = step();
  for (const d of diagrams)
    d.draw(view, { chosen: state.chosen && state.chosen.film === d.film ? state.chosen : null, cones: state.cones,
      control: state.control, cursor: e ? e.us : null, cursorX: e && d.film === state.film ? e.x : null });
}

function span() { return Math.max(1, clock.right - clock.left); }
function room() { return Math.max(200, (diagrams[0].svg.clientWidth || 900) - diagrams[0].gutter); }
function leastZoom() { return room() / span(); }

function clampView() {
  view.zoom = Math.max(leastZoom(), Math.min(view.zoom, 400));
  view.x = Math.max(clock.left, Math.min(view.x, clock.right - room() / view.zoom));
}

/* Around what one looks at: the chosen message, the moment, the middle. */
function zoomBy(factor, at) {
  const e = step(), middle = room() / 2;
  const looked = [state.chosen && state.chosen.m.x !== null ? state.chosen.m.x : NaN, e ? e.x : NaN]
    .map(x => (x - view.x) * view.zoom).find(px => px >= 0 && px <= room());
  const px = at !== undefined ? at : looked !== undefined ? looked : middle, x = view.x + px / view.zoom;
  view.zoom *= factor;
  clampView();
  view.x = x - px / view.zoom;
  clampView();
  redraw();
  remember();
}

function panBy(px) {
  view.x += px / view.zoom;
  clampView();
  redraw();
  remember();
}

function fit() {
  view.zoom = leastZoom();
  view.x = clock.left;
  redraw();
  remember();
}

/* Brings a place into sight, and leaves the picture alone if it is. */
function show(x) {
  const px = (x - view.x) * view.zoom;
  if (px > 40 && px < room() - 90) return;
  view.x = x - room() / view.zoom / 2;
  clampView();
}

/* ---- Moments ---- */

function say(text) { $("now").textContent = text; }

/* A button that has nothing left to do must not take the focus with it. */
function able(ids, can, other) {
  const focused = ids.some(id => document.activeElement === $(id));
  for (const id of ids) $(id).disabled = !can;
  if (!can && focused) { $(other).disabled = false; $(other).focus(); }
}

function goTo(index) {
  const last = state.film.steps.length - 1;
  state.step = Math.max(-1, Math.min(index, last));
  const e = step();
  $("moment").value = state.step + 1;
  able(["first", "back"], state.step >= 0, "forward");
  able(["last", "forward"], state.step !== last, "back");
  if (e) {
    show(e.x);
    say(`${timeText(e.us)}: ${sentence(state.film, e)}`);
  } else say(`${state.film.title}: the whole run, ${state.film.steps.length} events`);
  $("moment").setAttribute("aria-valuetext", e ? $("now").textContent : "the whole run");
  markOrders();
  redraw();
  remember();
}

function play(on) {
  clearTimeout(state.playing);
  state.playing = null;
  if (on) {
    if (state.step >= state.film.steps.length - 1) goTo(-1);
    const next = () => {
      goTo(state.step + 1);
      state.playing = state.step < state.film.steps.length - 1 ? setTimeout(next, +$("speed").value) : null;
      if (!state.playing) showPlaying();
    };
    state.playing = setTimeout(next, 0);
  }
  showPlaying();
}

function showPlaying() {
  $("play").setAttribute("aria-pressed", state.playing !== null);
  $("play").setAttribute("aria-label", state.playing !== null ? "Pause" : "Play");
  $("play").textContent = state.playing !== null ? "❚❚ Pause" : "▶ Play";
}

/* ---- Messages ---- */

function choose(film, m) {
  state.chosen = m ? { film, m } : null;
  state.cones = m ? conesOf(film, m) : null;
  if (m && film !== state.film) lookAt(film);
  if (m && m.x !== null) show(m.x);
  showDetails();
  markOrders();
  redraw();
  remember();
}

function chooseNext(way) {
  const list = state.film.messages, at = state.chosen ? state.chosen.m.index + way : way > 0 ? 0 : list.length - 1;
  if (list[at]) {
    choose(state.film, list[at]);
    say(summary(state.film, list[at]));
  }
}

function summary(film, m) {
  const waits = [...m.at.values()].filter(a => a.wait >= 0).map(a => `at ${nameOf(film, a.process)} it ${waitText(film, a)}`);
  return `${m.name} of ${nameOf(film, m.sender)}, ${m.service}, sent at ${timeText(m.sent)}` +
    (waits.length > 0 ? `; ${waits.join("; ")}` : film.play ? "; it waited nowhere" : "");
}

function messageButton(film, index) {
  const m = film.messages[index];
  return element("button", { class: "link", type: "button", onclick: () => choose(film, m) }, m.name);
}

/* What is nearest to the message comes first. */
function listOf(film, indices, nearestLast) {
  const out = element("span", {}), all = [...indices].sort((a, b) => (nearestLast ? b - a : a - b));
  all.slice(0, 40).forEach((index, i) => out.append(i > 0 ? ", " : "", messageButton(film, index)));
  if (all.length > 40) out.append(` and ${all.length - 40} more`);
  if (all.length === 0) out.append("none");
  return out;
}

function arrivalRow(film, m, a) {
  const p = film.processes[a.process], own = a.process === m.sender;
  const late = a.dropped !== null && a.dropped === a.received;
  const received = own ? "its own" : a.received === null ? "not known" : timeText(a.received) +
    (a.via !== m.sender && a.via >= 0 ? `, from ${nameOf(film, a.via)}` : "");
  const delivered = a.delivered !== null ? timeText(a.delivered) : late ? "too late" : "never";
  const held = a.delivered !== null && a.received !== null ? a.delivered - a.received : 0;
  const why = late ? "its view was over" : waitText(film, a);
  const link = a.delivered === null ? delivered : element("button", { class: "link", type: "button",
    onclick: () => goToEvent(film, e => e.kind === "deliver" && e.message === m.index && e.process === a.process) }, delivered);
  return element("tr", {}, element("th", { scope: "row" }, p.name), element("td", { class: "num" }, received),
    element("td", { class: "num" }, link), element("td", { class: "num" }, held > 0 ? timeText(held) : "–"),
    element("td", {}, why || (a.delivered === null ? "" : film.play ? "did not wait" : "not on record")),
    element("td", { class: "num" }, a.delivered !== null ? clockText(film, clockAfter(film, a.process, m.index)) : ""));
}

function goToEvent(film, wanted) {
  lookAt(film);
  const index = film.steps.findIndex(wanted);
  if (index >= 0) goTo(index);
}

function showDetails() {
  const body = $("details-body");
  body.replaceChildren();
  if (!state.chosen) {
    $("details-head").textContent = "The message";
    body.append(element("p", { class: "soft" }, "Choose a message, in the diagram or in the lists: what led to it and what " +
      "it led to lights up, and here stands why it waited."));
    return;
  }
  const { film, m } = state.chosen, cones = state.cones;
  $("details-head").textContent = `${m.name} of ${nameOf(film, m.sender)}`;
  const view = m.view >= 0 ? `, in view ${film.views[m.view].text}` : "";
  body.append(element("p", {}, `${m.service}, sent at ${m.sent === null ? "?" : timeText(m.sent)}${view}` +
    `${m.len >= 0 ? `, ${m.len} bytes` : ""}${m.asked !== null && m.askedX !== undefined ?
      `; asked for at ${timeText(m.asked)}, during a flush: queued until the next view` : ""}.`));
  if (m.sender >= 0)
    body.append(element("p", {}, `Its vector clock, as it was sent: ${clockText(film, clockAtSend(film, m))}`));
  body.append(element("p", {}, element("strong", {}, "Its past: "), listOf(film, cones.pastMessages, true)),
    element("p", {}, element("strong", {}, "Its future: "), listOf(film, cones.futureMessages, false)));
  const table = element("table", {}, element("thead", {}, element("tr", {},
    ...["at", "received", "delivered", "held back", "why", "vector clock then"].map(h => element("th", { scope: "col" }, h)))));
  const rows = element("tbody", {});
  for (const p of film.processes) if (m.at.has(p.index)) rows.append(arrivalRow(film, m, m.at.get(p.index)));
  table.append(rows);
  body.append(table);
}

/* ---- The judge ---- */

function showFindings() {
  const body = $("findings-body");
  for (const film of films) {
    if (films.length > 1) body.append(element("h3", {}, film.title));
    if (film.verdict)
      body.append(element("p", {}, element("span", { class: `badge ${film.legal ? "good" : "bad"}` },
        film.legal ? "legal" : "not legal"), film.model ? ` by the ${film.model} model:` : "", ` ${film.verdict.replace(/^(not )?legal:? ?/, "")}`));
    const list = element("ul", {});
    for (const f of film.findings) {
      const item = element("li", { class: f.kind === DIFFERS ? "differs" : "" });
      if (f.kind === DIFFERS) item.append(element("span", { class: "badge note" }, "differs here"), " ");
      item.append(element("button", { class: "link", type: "button", onclick: () => goToFinding(film, f) }, f.rule),
        ` ${f.text}`);
      list.append(item);
    }
    if (film.findings.length > 0) body.append(list);
    if (film.note) body.append(element("p", { class: "soft" }, film.note));
  }
}

function goToFinding(film, f) {
  const m = f.messages.map(i => film.messages[i]).find(x => x.x !== null);
  lookAt(film);
  if (m) {
    const who = f.processes.find(p => m.at.has(p) && m.at.get(p).delivered !== null);
    choose(film, m);
    goToEvent(film, e => e.message === m.index && (who === undefined ? e.kind === "send"
      : e.kind === "deliver" && e.process === who));
  } else if (f.views.length > 0) goToEvent(film, e => e.kind === "view" && e.view === f.views[0]);
  else if (f.processes.length > 0) goToEvent(film, e => e.process === f.processes[0]);
  diagrams[film.number].svg.focus();
}

/* ---- Delivered sequences ---- */

/* Longer ones are shown around the moment. */
const MOST_SHOWN = 300, SHOWN_AROUND = 100;

/* The time around which they are shown, if they are too long to be shown whole. */
function ordersTime() {
  const e = step();
  return state.chosen && state.chosen.film === state.film ? state.chosen.m.sent : e ? e.us : 0;
}

function showOrders() {
  const film = state.film, body = $("orders-body"), holder = element("div", { class: "orders" });
  const all = film.orders = film.orders || ordersOf(film);
  film.ordersAt = ordersTime();
  const moved = all.reduce((n, o) => n + o.moved.size, 0), lacking = all.reduce((n, o) => n + o.lacks.size, 0);
  const reference = all.find(o => o.reference);
  $("orders-about").textContent = all.length === 0 ? "Nobody delivered anything." :
    `Beside what ${reference.process.name} delivered: ${moved === 0 ? "nothing stands elsewhere" :
      `${moved} stand${moved === 1 ? "s" : ""} elsewhere (dashed)`}; ${lacking === 0 ? "nothing is missing" :
      `${lacking} missing (struck through)`}.`;
  for (const order of all) holder.append(orderColumn(film, order, reference));
  body.replaceChildren(holder);
  markOrders();
}

/* Sequences are long: what is shown is around the moment. */
function orderColumn(film, order, reference) {
  const list = element("ol", { "aria-label": `Delivered by ${order.process.name}` });
  const items = order.process.delivered.map(index => ({ index, lacks: false }));
  const lacking = [...order.lacks];
  for (const index of lacking) { /* after what precedes it in the reference */
    const before = reference.process.delivered.slice(0, reference.process.delivered.indexOf(index));
    const has = new Set(before.slice(-50));
    let at = items.length;
    while (at > 0 && !has.has(items[at - 1].index)) at--;
    items.splice(at, 0, { index, lacks: true });
  }
  let lastView = -1;
  const near = items.findIndex(({ index, lacks }) => !lacks
    && film.messages[index].at.get(order.process.index).delivered >= film.ordersAt);
  const shown = items.length > MOST_SHOWN ? SHOWN_AROUND : MOST_SHOWN, last = Math.max(0, items.length - shown);
  const from = Math.max(0, Math.min(last, near < 0 ? last : near - shown / 2));
  if (from > 0) list.append(element("li", { class: "soft" }, `… ${from} before`));
  items.slice(from, from + shown).forEach(({ index, lacks }) => {
    const m = film.messages[index];
    if (m.view !== lastView && m.view >= 0)
      list.append(element("li", { class: "viewmark" }, `view ${film.views[m.view].text}`));
    lastView = m.view;
    const words = lacks ? `, not delivered by ${order.process.name}` : order.moved.has(index) ? ", stands elsewhere" : "";
    const at = m.at.get(order.process.index);
    list.append(element("li", { class: `c${index % COLOURS}${lacks ? " lacks" : ""}${order.moved.has(index) ? " moved" : ""}`,
      "data-index": index, "data-us": at && at.delivered !== null ? at.delivered : "" },
    element("button", { type: "button", "aria-label": `${m.name}${words}`, onclick: () => choose(film, m) },
      `${lacks ? "✗" : "▲"} ${m.name}${order.moved.has(index) ? " ⇄" : ""}`)));
  });
  const after = items.length - from - shown;
  if (after > 0) list.append(element("li", { class: "soft" }, `… ${after} more`));
  return element("div", {}, element("h3", {}, `${order.process.name}${order.process.end ? ` (${order.process.end})` : ""}`), list);
}

function markOrders() {
  const e = step();
  if (state.film.messages.length > MOST_SHOWN && state.film.ordersAt !== ordersTime()) { showOrders(); return; }
  for (const li of $("orders-body").querySelectorAll("li[data-index]")) {
    const us = li.dataset.us;
    li.classList.toggle("later", e !== null && us !== "" && +us > e.us);
    li.classList.toggle("chosen", !!state.chosen && state.chosen.film === state.film && +li.dataset.index === state.chosen.m.index);
  }
}

/* ---- Which film ---- */

function lookAt(film) {
  diagrams.forEach(d => d.svg.closest(".film").classList.toggle("current", films.length > 1 && d.film === film));
  $("orders-head").textContent = `What each delivered${films.length > 1 ? `: ${film.title}` : ""}`;
  if (state.film === film) return;
  state.film = film;
  state.step = -1;
  $("moment").max = film.steps.length;
  showNames();
  showOrders();
}

function showNames() {
  $("names").replaceChildren(...state.film.messages.slice(0, 500).map(m => element("option", { value: m.name })));
}

/* ---- The address ---- */

let remembering = 0;

function address() {
  const parts = [];
  if (state.film.number > 0) parts.push(`f=${state.film.number}`);
  if (state.step >= 0) parts.push(`e=${step().index}`);
  if (state.chosen) parts.push(`m=${encodeURIComponent(state.chosen.m.name)}`);
  if (state.control !== data.control) parts.push(`c=${state.control ? 1 : 0}`);
  if (view.zoom > leastZoom() * 1.01) parts.push(`z=${+view.zoom.toFixed(3)}`, `x=${Math.round(view.x)}`);
  return parts.length > 0 ? `#${parts.join("&")}` : "";
}

function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    try { history.replaceState(null, "", address() || location.pathname + location.search); } catch (e) { /* a frame without one */ }
  }, 150);
}

function recall() {
  const said = new URLSearchParams(location.hash.slice(1));
  const film = films[+said.get("f") || 0] || films[0];
  lookAt(film);
  setControl(said.has("c") ? said.get("c") === "1" : data.control);
  if (said.has("z")) view.zoom = +said.get("z") || 1; else view.zoom = leastZoom();
  if (said.has("x")) view.x = +said.get("x") || 0;
  clampView();
  const m = film.byName.get(said.get("m"));
  choose(film, m || null);
  const index = said.has("e") ? film.steps.findIndex(e => e.index >= +said.get("e")) : -1;
  goTo(index);
  if (m && index < 0) say(summary(film, m));
}

/* ---- Pointer and keys ---- */

function describe(film, hit) {
  if (hit.e) return sentence(film, hit.e);
  const { m, a } = hit;
  if (hit.what === "send" || !a) return summary(film, m);
  const kind = hit.what === "receive" ? "receives" : a.delivered !== null ? "delivers" : "receives";
  const why = waitText(film, a), held = a.delivered !== null && a.received !== null ? a.delivered - a.received : 0;
  return `${nameOf(film, a.process)} ${kind} ${m.name} of ${nameOf(film, m.sender)} (${m.service})` +
    `${held > 0 ? `\nheld back ${timeText(held)}` : ""}${why ? `: ${why}` : ""}`;
}

function listen(d) {
  let drag = null, moved = false;
  const at = e => { const box = d.svg.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
  d.svg.addEventListener("pointerdown", e => { drag = e.clientX; moved = false; });
  d.svg.addEventListener("pointermove", e => {
    if (drag !== null && (moved || Math.abs(e.clientX - drag) > 4)) {
      if (!moved) d.svg.setPointerCapture(e.pointerId);
      moved = true;
      d.svg.classList.add("drags");
      panBy(drag - e.clientX);
      drag = e.clientX;
      return;
    }
    const hit = d.hit(...at(e)), tip = $("tip");
    tip.hidden = !hit;
    d.svg.style.cursor = hit && hit.m ? "pointer" : "";
    if (!hit) return;
    tip.textContent = describe(d.film, hit);
    tip.style.left = `${Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(e.clientY + 16, innerHeight - tip.offsetHeight - 8)}px`;
  });
  d.svg.addEventListener("pointerup", e => {
    d.svg.classList.remove("drags");
    if (!moved) {
      const hit = d.hit(...at(e));
      if (hit && hit.m) { choose(d.film, hit.m); say(describe(d.film, hit)); }
      else if (hit && hit.e) goToEvent(d.film, x => x.index >= hit.e.index);
      else choose(d.film, null);
    }
    drag = null;
  });
  d.svg.addEventListener("pointerleave", () => { $("tip").hidden = true; });
  d.svg.addEventListener("pointercancel", () => { drag = null; });
  d.svg.addEventListener("wheel", e => {
    if (e.ctrlKey || e.metaKey) { e.preventDefault(); zoomBy(Math.exp(-e.deltaY / 300), at(e)[0] - d.gutter); }
    else if (Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey) { e.preventDefault(); panBy(e.deltaX || e.deltaY); }
  }, { passive: false });
  d.svg.addEventListener("focus", () => { if (state.film !== d.film) { lookAt(d.film); goTo(-1); } });
}

function setControl(on) {
  state.control = on;
  $("control").checked = on;
  redraw();
  remember();
}

const keys = {
  ArrowRight: () => { play(false); goTo(state.step + 1); }, ArrowLeft: () => { play(false); goTo(state.step - 1); },
  Home: () => goTo(-1), End: () => goTo(state.film.steps.length - 1), " ": () => play(state.playing === null),
  "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: fit, ",": () => panBy(-160),
  ".": () => panBy(160), "[": () => chooseNext(-1), "]": () => chooseNext(1), c: () => setControl(!state.control),
  "/": () => $("find").focus(), Escape: () => { play(false); choose(state.film, null); document.activeElement.blur(); },
};

document.addEventListener("keydown", e => {
  const on = e.target, typed = on.matches("input, select, textarea");
  if (e.ctrlKey || e.metaKey || e.altKey || (typed && e.key !== "Escape") || !keys[e.key]) return;
  if (e.key === " " && on.matches("button, a")) return;
  e.preventDefault();
  keys[e.key]();
});

/* ---- The legend ---- */

function legend() {
  const has = kind => films.some(f => f.events.some(e => e.kind === kind));
  const span = kind => films.some(f => f.spans.some(s => s[0] === kind));
  const put = (shape, width, text) => {
    const svg = make("svg", { class: "c0", width, height: 18, viewBox: `0 -9 ${width} 18`, "aria-hidden": "true" });
    svg.append(...shape);
    $("legend").append(element("span", {}, svg, text));
  };
  const box = (fill, bad) => [make("rect", { y: -6, width: 26, height: 12, fill: bad ? "var(--bad)" : "var(--edge)",
    "fill-opacity": ".15" }), make("rect", { y: -6, width: 26, height: 12, fill: `url(#${fill}0)` })];
  put([make("circle", { class: "f", cx: 6, r: 5.2 })], 12, "sent");
  /* Receipts that are deliveries at once are not drawn. */
  const holds = films.some(f => f.messages.some(m => [...m.at.values()].some(a => a.received !== null
    && a.delivered !== a.received)));
  if (holds) put([make("circle", { class: "r", cx: 6, r: 4.2 })], 12, "received");
  put([make("path", { class: "f", d: "M0 5L5.5 -5 11 5Z" })], 12, "delivered");
  if (holds) put([make("rect", { class: "hold", y: -3, width: 26, height: 6, rx: 3 })], 26, "held back");
  put([make("path", { class: "edge", d: "M1 -8V8M4 -8V8" })], 6, "view installed");
  if (films.some(f => f.parts)) put(box("between"), 26, "transitional view");
  if (span("flush")) put(box("flush"), 26, "flush");
  if (span("blocked")) put(box("blocked", true), 26, "blocked: no quorum");
  if (span("loading")) put(box("loading"), 26, "takes the state");
  if (has("crash")) put([make("path", { class: "badline", d: "M1 -5L11 5M11 -5L1 5" })], 12, "crash");
  if (has("excluded")) put([make("path", { class: "badline", d: "M1 0a5 5 0 1 1 10 0a5 5 0 1 1 -10 0M3 4L9 -4" })], 12, "excluded");
  if (films.some(f => f.cuts.length > 0)) put([make("path", { class: "badline", d: "M0 2l4 -4 4 4 4 -4 4 4 4 -4" })], 22, "cut");
  put([make("path", { class: "cone past", d: "M0 0H26" })], 26, "past of the chosen");
  put([make("path", { class: "cone future", d: "M0 0H26" })], 26, "its future");
}

/* ---- All of it ---- */

function start() {
  const about = films.map(f => f.groups.map(g => g.ordering &&
    `${f.groups.length > 1 ? `${g.name}: ` : ""}${g.ordering} order`).filter(t => t).join(", "))[0];
  const film = films[0], plural = (n, word) => `${n} ${word}${n === 1 ? "" : word.endsWith("s") ? "es" : "s"}`;
  $("about").append(`${films.length === 1 && about ? `${about} · ` : ""}${plural(film.processes.length, "process")} · ` +
    `${plural(film.messages.length, "message")} `);
  const verdicts = films.filter(f => f.verdict);
  if (verdicts.length > 0) {
    const good = verdicts.every(f => f.legal && f.findings.every(x => x.kind === DIFFERS));
    $("about").append(element("span", { class: `badge ${good ? "good" : "bad"}` }, good ? "legal" :
      verdicts.every(f => f.legal) ? "not as expected" : "not legal"));
  }
  for (const f of films) {
    const holder = element("div", { class: "film" });
    if (films.length > 1) holder.append(element("h3", {}, f.title));
    $("diagrams").append(holder);
    diagrams.push(new Diagram(f, holder));
    listen(diagrams[diagrams.length - 1]);
  }
  if (!films.some(f => f.play)) $("control").closest("label").hidden = true;
  $("moment").max = state.film.steps.length;
  showNames();
  legend();
  showFindings();
  showOrders();
  const click = (id, what) => $(id).addEventListener("click", what);
  click("first", () => goTo(-1));
  click("back", () => keys.ArrowLeft());
  click("forward", () => keys.ArrowRight());
  click("last", () => goTo(state.film.steps.length - 1));
  click("play", () => play(state.playing === null));
  click("in", () => zoomBy(1.4));
  click("out", () => zoomBy(1 / 1.4));
  click("fit", fit);
  click("help", () => {
    $("keys").hidden = !$("keys").hidden;
    $("help").setAttribute("aria-expanded", !$("keys").hidden);
  });
  click("link", () => {
    const url = location.href.split("#")[0] + address();
    if (navigator.clipboard) navigator.clipboard.writeText(url).then(() => say("The link is copied."), () => say(url));
    else say(url);
  });
  $("moment").addEventListener("input", () => { play(false); goTo(+$("moment").value - 1); });
  $("control").addEventListener("change", () => setControl($("control").checked));
  $("find").addEventListener("change", () => {
    const m = state.film.byName.get($("find").value.trim());
    if (m) {
      choose(state.film, m);
      say(summary(state.film, m));
      diagrams[state.film.number].svg.focus();
    } else if ($("find").value) say(`There is no message ${$("find").value}.`);
  });
  addEventListener("hashchange", recall);
  addEventListener("resize", () => { clampView(); redraw(); });
  recall();
}

start();
