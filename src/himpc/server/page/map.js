// The view of all recordings by similarity: near means alike to the model.
import { call } from "./api.js";
import { button, count, el, field, problem, recordings as many, say } from "./dom.js";
import { mark, palette } from "./colours.js";
import { watch } from "./recordings.js";
import { allRecordings, known, onRefresh } from "./state.js";

const ROWS = 100;
const HIT = 14; // pixels around a point in which the mouse finds it

const canvas = el("canvas", { class: "chart", tabindex: 0, role: "application", "aria-roledescription": "map" });
const tip = el("p", { class: "tip", "aria-hidden": "true", hidden: true });
const card = el("div", { class: "card point", hidden: true });
const listed = el("details", { class: "as-list" });
const trouble = problem();
const only = el("select", { on: { change: () => draw() } });
let points = [], known_by = new Map(), view = { zoom: 1, x: 0, y: 0 }, chosen = null, hovered = null, stale = true, showReveal = () => {};

export function build(node, reveal) {
  showReveal = reveal;
  node.append(
    el("h1", { id: "title-map", tabindex: -1, text: "Map" }),
    el("p", { class: "muted", text: "Each point is a recording. Near means alike: recordings of one person should lie together." }),
    trouble.line,
    el("div", { class: "row between map-bar" }, field("Show", only),
      el("div", { class: "row" }, button("+", () => zoom(1.4), { "aria-label": "Zoom in" }), button("−", () => zoom(1 / 1.4), { "aria-label": "Zoom out" }), button("Whole map", () => { view = { zoom: 1, x: 0, y: 0 }; draw(); }))),
    el("div", { class: "columns map" }, el("div", { class: "sheet" }, canvas, tip), card), listed);
  listed.addEventListener("toggle", () => list());
  listen();
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  onRefresh(() => { stale = true; if (!node.hidden) shown(); });
}

/** Fetch what is new since the map was last seen. */
export async function shown() {
  draw();
  if (!stale) return;
  stale = false;
  try {
    const [{ points: found }, recordings] = await Promise.all([call("GET", "api/map"), allRecordings()]);
    trouble.clear();
    [points, known_by] = [found, new Map(recordings.map((each) => [each.id, each]))];
    const before = only.value;
    only.replaceChildren(el("option", { value: "", text: "everybody" }), ...[...new Set(points.map((point) => point.person))].map((name) => el("option", { value: name, text: name, selected: name === before })));
    choose(points.find((point) => point.id === chosen?.id) ?? null);
    const beyond = recordings.length - points.length;
    canvas.setAttribute("aria-label", `Map of ${many(points.length)}${beyond > 0 ? ` of ${recordings.length}` : ""}. Arrow keys go from point to point, Enter watches a recording. The list below says the same.`);
    listed.replaceChildren(el("summary", { text: "The map as a list" }));
    list();
  } catch (error) {
    stale = true;
    trouble.show(error);
  }
}

const visible = () => points.filter((point) => !only.value || point.person === only.value);

// From the server's plane to the canvas, in CSS pixels: one scale for both axes.
function lens() {
  const xs = points.map((point) => point.x), ys = points.map((point) => point.y);
  const bounds = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const fit = Math.min((width - 90) / (bounds[1] - bounds[0] || 1), (height - 70) / (bounds[3] - bounds[2] || 1)) * view.zoom;
  const middle = [(bounds[0] + bounds[1]) / 2, (bounds[2] + bounds[3]) / 2];
  return ({ x, y }) => [width / 2 + (x - middle[0]) * fit + view.x, height / 2 - (y - middle[1]) * fit + view.y];
}

function draw() {
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return;
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const looks = palette(known(), matchMedia("(prefers-color-scheme: dark)").matches);
  const place = lens();
  const radius = points.length > 1000 ? 3 : points.length > 200 ? 4.5 : 6;
  names(pen, place, looks, style);
  for (const point of points) {
    const [x, y] = place(point);
    const { colour, shape } = looks(point.person);
    const faded = only.value && point.person !== only.value;
    pen.globalAlpha = faded ? 0.15 : points.length > 1000 ? 0.7 : 0.9;
    pen.fillStyle = colour;
    mark(pen, shape, x, y, radius);
  }
  pen.globalAlpha = 1;
  for (const point of [hovered, chosen]) if (point) ring(pen, place(point), radius + 4, style.color);
}

function ring(pen, [x, y], radius, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.stroke();
}

// A person's name stands at the middle of the points, where no other name stands.
function names(pen, place, looks, style) {
  const groups = new Map();
  for (const point of visible()) groups.set(point.person, [...(groups.get(point.person) ?? []), place(point)]);
  const taken = [];
  pen.font = `600 13px ${style.fontFamily}`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  for (const [name, spots] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
    const middle = spots.reduce((sum, spot) => sum + spot[0], 0) / spots.length;
    const y = Math.min(...spots.map((spot) => spot[1])) - 10;
    const half = pen.measureText(name).width / 2 + 4;
    const x = Math.max(half, Math.min(canvas.clientWidth - half, middle));
    if (taken.some((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < 17)) continue;
    taken.push({ x, y, half });
    pen.strokeStyle = style.getPropertyValue("--surface");
    pen.lineWidth = 4;
    pen.strokeText(name, x, y);
    pen.fillStyle = looks(name).colour;
    pen.fillText(name, x, y);
  }
}

function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const next = Math.min(40, Math.max(0.5, view.zoom * factor)), by = next / view.zoom;
  const [dx, dy] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
  view = { zoom: next, x: dx - (dx - view.x) * by, y: dy - (dy - view.y) * by };
  draw();
}

function nearestTo(x, y) {
  const place = lens();
  let found = null, least = HIT;
  for (const point of visible()) {
    const [px, py] = place(point);
    const far = Math.hypot(px - x, py - y);
    if (far < least) [found, least] = [point, far];
  }
  return found;
}

function listen() {
  let held = null;
  canvas.addEventListener("pointerdown", (event) => { held = { x: event.clientX, y: event.clientY, moved: false }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    if (held) {
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (held.moved || Math.hypot(dx, dy) > 4) {
        view = { ...view, x: view.x + dx, y: view.y + dy };
        held = { x: event.clientX, y: event.clientY, moved: true };
        draw();
      }
      return;
    }
    hover(nearestTo(event.offsetX, event.offsetY));
  });
  canvas.addEventListener("pointerup", (event) => { if (held && !held.moved) choose(nearestTo(event.offsetX, event.offsetY)); held = null; });
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => { if (key(event.key)) event.preventDefault(); });
}

function key(pressed) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (ways[pressed] && points.length) {
    choose(chosen ? towards(ways[pressed]) ?? chosen : visible()[0] ?? null);
    if (chosen) say(words(chosen));
  } else if (pressed === "Enter" && chosen && known_by.get(chosen.id)?.skeleton) watch(known_by.get(chosen.id));
  else if (pressed === "+" || pressed === "=") zoom(1.4);
  else if (pressed === "-") zoom(1 / 1.4);
  else return false;
  return true;
}

// The nearest point that lies mostly that way.
function towards([wx, wy]) {
  const place = lens(), [x, y] = place(chosen);
  let found = null, least = Infinity;
  for (const point of visible()) {
    const [px, py] = place(point);
    const along = (px - x) * wx + (py - y) * wy, across = Math.abs((px - x) * wy) + Math.abs((py - y) * wx);
    if (point === chosen || along <= 0 || across > along * 1.01) continue;
    if (along + across < least) [found, least] = [point, along + across];
  }
  return found;
}

const words = (point) => `${point.person}: ${known_by.get(point.id)?.source ?? point.id}`;

function hover(point) {
  if (point === hovered) return;
  hovered = point;
  tip.hidden = !point;
  if (point) {
    const [x, y] = lens()(point);
    tip.textContent = words(point);
    tip.style.left = `${Math.min(x + 12, canvas.clientWidth - Math.min(240, canvas.clientWidth / 2))}px`;
    tip.style.top = `${y + 12}px`;
  }
  canvas.classList.toggle("on-point", Boolean(point));
  draw();
}

function choose(point) {
  chosen = point;
  draw();
  card.hidden = !point;
  if (!point) return;
  const recording = known_by.get(point.id);
  const near = beside(point);
  card.replaceChildren(
    el("h2", { text: point.person }), el("p", { class: "source", text: recording?.source ?? point.id }),
    recording ? el("p", { class: "muted", text: [recording.session && `session: ${recording.session}`, recording.camera && `camera: ${recording.camera}`, `${recording.frames} frames`].filter(Boolean).join(", ") }) : "",
    near ? el("p", { class: "muted", text: `Beside it on the map: ${words(near)}` }) : "",
    el("div", { class: "row" },
      recording?.skeleton ? button("Watch", () => watch(recording)) : "", button("Show the person", () => showReveal(point.person), { class: "quiet" })));
}

function beside(point) {
  let found = null, least = Infinity;
  for (const other of points) {
    const far = (other.x - point.x) ** 2 + (other.y - point.y) ** 2;
    if (other !== point && far < least) [found, least] = [other, far];
  }
  return found;
}

// What the map shows, in words; it is written only when somebody opens it.
function list() {
  if (!listed.open || listed.querySelector("table")) return;
  const order = [...points].sort((a, b) => a.person.localeCompare(b.person, "en", { numeric: true }));
  const body = el("tbody");
  const more = button("", () => add());
  const add = () => {
    const from = body.childElementCount;
    body.append(...order.slice(from, from + ROWS).map((point) => {
      const near = beside(point);
      return el("tr", {}, el("th", { scope: "row", text: known_by.get(point.id)?.source ?? point.id }), el("td", { "data-name": "Person", text: point.person }), el("td", { "data-name": "Beside it", text: near ? words(near) : "–" }));
    }));
    const left = order.length - body.childElementCount;
    more.hidden = !left;
    more.textContent = `Show ${count(Math.min(left, ROWS), "more row", "more rows")}`;
  };
  listed.append(el("table", {}, el("thead", {}, el("tr", {}, ["Recording", "Person", "Beside it on the map"].map((text) => el("th", { scope: "col", text })))), body), more);
  add();
}
