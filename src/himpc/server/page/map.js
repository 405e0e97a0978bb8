// The view of all recordings as a map: points close to each other are similar to the model.
import { allNames, call, loadRecordings, onRefresh } from "./api.js";
import { announce, button, byName, count, countRecordings, el, errorLine, field } from "./dom.js";
import { watch } from "./recordings.js";

const LIST_ROWS = 100; // until more are requested
const HIT_RADIUS = 14; // pixels
const DRAG_THRESHOLD = 4; // pixels
const HUES = [174, 24, 262, 340, 92, 210, 48, 300, 140, 0, 232, 70];
const SHAPES = ["circle", "square", "diamond", "triangle", "cross"];
const POLYGONS = {
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
  triangle: [[0, -1.25], [1.2, 0.9], [-1.2, 0.9]],
  cross: [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
};

const canvas = el("canvas", { class: "chart", tabindex: 0, role: "application", "aria-roledescription": "map" });
const tooltip = el("p", { class: "tip", "aria-hidden": "true", hidden: true });
const card = el("div", { class: "card point", hidden: true });
const list = el("details", { class: "as-list" });
const error = errorLine();
const filter = el("select", { on: { change: () => draw() } });
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
let points = [], recordings = new Map(), view = { zoom: 1, x: 0, y: 0 }, selected = null, hovered = null, isStale = true, revealPerson = () => {};

export function build(node, reveal) {
  revealPerson = reveal;
  node.append(
    el("h1", { id: "title-map", tabindex: -1, text: "Map" }),
    el("p", { class: "muted", text: "Each point is a recording. Similar recordings are close to each other: those of one person should form a cluster." }),
    error.line,
    el("div", { class: "row between map-bar" }, field("Show", filter),
      el("div", { class: "row" }, button("+", () => zoom(1.4), { "aria-label": "Zoom in" }), button("−", () => zoom(1 / 1.4), { "aria-label": "Zoom out" }), button("Reset view", () => { view = { zoom: 1, x: 0, y: 0 }; draw(); }))),
    el("div", { class: "columns map" }, el("div", { class: "sheet" }, canvas, tooltip), card), list);
  list.addEventListener("toggle", drawList);
  addListeners();
  new ResizeObserver(draw).observe(canvas);
  darkScheme.addEventListener("change", draw);
  onRefresh(() => { isStale = true; if (!node.hidden) update(); });
}

/** Draw the map, and load it again if the gallery has changed. */
export async function update() {
  draw();
  if (!isStale) return;
  isStale = false;
  try {
    const [map, all] = await Promise.all([call("GET", "api/map"), loadRecordings()]);
    error.clear();
    [points, recordings] = [map.points, new Map(all.map((recording) => [recording.id, recording]))];
    const person = filter.value;
    filter.replaceChildren(el("option", { value: "", text: "all people" }), ...[...new Set(points.map((point) => point.person))].map((name) => el("option", { value: name, text: name, selected: name === person })));
    select(points.find((point) => point.id === selected?.id) ?? null);
    const total = all.length > points.length ? ` of ${all.length.toLocaleString("en")}` : "";
    canvas.setAttribute("aria-label", `Map of ${countRecordings(points.length)}${total}. Arrow keys move between points, Enter shows a recording. The list below has the same content.`);
    list.replaceChildren(el("summary", { text: "The map as a list" }));
    drawList();
  } catch (failure) {
    isStale = true;
    error.show(failure);
  }
}

const visiblePoints = () => points.filter((point) => !filter.value || point.person === filter.value);

// A function from the plane of the server to the canvas, in CSS pixels, with one scale for both axes.
function projection() {
  const xs = points.map((point) => point.x), ys = points.map((point) => point.y);
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const scale = Math.min((width - 90) / (right - left || 1), (height - 90) / (top - bottom || 1)) * view.zoom;
  return ({ x, y }) => [width / 2 + (x - (left + right) / 2) * scale + view.x, height / 2 - (y - (bottom + top) / 2) * scale + view.y];
}

// A function from a person to a colour and shape; twelve hues and five shapes distinguish 60 people.
function palette() {
  const rank = new Map([...allNames()].sort(byName).map((name, i) => [name, i]));
  const [saturation, lightness] = darkScheme.matches ? [62, 68] : [68, 38];
  return (name) => {
    const i = rank.get(name) ?? 0;
    return { colour: `hsl(${HUES[i % HUES.length]} ${saturation}% ${lightness}%)`, shape: SHAPES[Math.floor(i / HUES.length) % SHAPES.length] };
  };
}

function draw() {
  const scale = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return;
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const styleOf = palette();
  const project = projection();
  const radius = points.length > 1000 ? 3 : points.length > 200 ? 4.5 : 6;
  drawNames(context, project, styleOf, style);
  for (const point of points) {
    const { colour, shape } = styleOf(point.person);
    const isFaded = filter.value && point.person !== filter.value;
    context.globalAlpha = isFaded ? 0.15 : points.length > 1000 ? 0.7 : 0.9;
    context.fillStyle = colour;
    drawMark(context, shape, ...project(point), radius);
  }
  context.globalAlpha = 1;
  context.strokeStyle = style.color;
  context.lineWidth = 2;
  for (const point of [hovered, selected]) {
    if (!point) continue;
    context.beginPath();
    context.arc(...project(point), radius + 4, 0, 2 * Math.PI);
    context.stroke();
  }
}

function drawMark(context, shape, x, y, r) {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else POLYGONS[shape].forEach(([dx, dy]) => context.lineTo(x + dx * r, y + dy * r));
  context.closePath();
  context.fill();
}

// Write the name of each person beside the points, largest clusters first, where it is within the canvas, overlaps no
// other name, and hides the fewest points.
function drawNames(context, project, styleOf, style) {
  const clusters = new Map();
  for (const point of visiblePoints()) clusters.set(point.person, [...(clusters.get(point.person) ?? []), project(point)]);
  const boxes = [], all = [...clusters.values()].flat().slice(0, 2000);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  context.font = `600 13px ${style.fontFamily}`;
  context.textAlign = "center";
  context.lineJoin = "round";
  for (const [name, spots] of [...clusters].sort((a, b) => b[1].length - a[1].length)) {
    const half = context.measureText(name).width / 2 + 4;
    const free = labelPlaces(spots, half).filter(({ x, y }) => x >= half && x <= width - half && y >= 16 && y <= height - 6
      && !boxes.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 17));
    const box = cheapest(free, ({ x, y }) => all.filter((spot) => Math.abs(spot[0] - x) < half + 6 && Math.abs(spot[1] + 4 - y) < 14).length);
    if (!box) continue;
    boxes.push({ ...box, half });
    context.strokeStyle = style.getPropertyValue("--surface");
    context.lineWidth = 4;
    context.strokeText(name, box.x, box.y);
    context.fillStyle = styleOf(name).colour;
    context.fillText(name, box.x, box.y);
  }
}

// Places for a label of some points: above, below, to the right and to the left.
function labelPlaces(spots, half) {
  const xs = spots.map((spot) => spot[0]), ys = spots.map((spot) => spot[1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const [x, y] = [(left + right) / 2, (top + bottom) / 2 + 4];
  return [{ x, y: top - 10 }, { x, y: bottom + 20 }, { x: right + half + 8, y }, { x: left - half - 8, y }];
}

function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const next = Math.min(40, Math.max(0.5, view.zoom * factor)), ratio = next / view.zoom;
  const [dx, dy] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
  view = { zoom: next, x: dx - (dx - view.x) * ratio, y: dy - (dy - view.y) * ratio };
  draw();
}

// The candidate of least cost, or null where all costs reach the limit.
function cheapest(candidates, cost, limit = Infinity) {
  let best = null, least = limit;
  for (const candidate of candidates) {
    const found = cost(candidate);
    if (found < least) [best, least] = [candidate, found];
  }
  return best;
}

function pointAt(x, y) {
  const project = projection();
  return cheapest(visiblePoints(), (point) => { const [px, py] = project(point); return Math.hypot(px - x, py - y); }, HIT_RADIUS);
}

function addListeners() {
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, moved: false }; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return hover(pointAt(event.offsetX, event.offsetY));
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) <= DRAG_THRESHOLD) return;
    view = { ...view, x: view.x + dx, y: view.y + dy };
    drag = { x: event.clientX, y: event.clientY, moved: true };
    draw();
  });
  canvas.addEventListener("pointerup", (event) => { if (drag && !drag.moved) select(pointAt(event.offsetX, event.offsetY)); drag = null; });
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls unless the canvas has the focus
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => { if (handleKey(event.key)) event.preventDefault(); });
}

function handleKey(key) {
  const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (directions[key] && points.length) {
    select(selected ? nextPoint(directions[key]) ?? selected : visiblePoints()[0] ?? null);
    if (selected) announce(describe(selected));
  } else if (key === "Enter" && recordings.get(selected?.id)?.skeleton) watch(recordings.get(selected.id));
  else if (key === "+" || key === "=") zoom(1.4);
  else if (key === "-") zoom(1 / 1.4);
  else return false;
  return true;
}

// The nearest point within 45 degrees of a direction from the selected one.
function nextPoint([dx, dy]) {
  const project = projection(), [x, y] = project(selected);
  return cheapest(visiblePoints(), (point) => {
    const [px, py] = project(point);
    const along = (px - x) * dx + (py - y) * dy, across = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    return point === selected || along <= 0 || across > along * 1.01 ? Infinity : along + across;
  });
}

const sourceOf = (point) => recordings.get(point.id)?.source ?? point.id;
const describe = (point) => `${point.person}: ${sourceOf(point)}`;
const nearestTo = (point) => cheapest(points, (other) => (other === point ? Infinity : (other.x - point.x) ** 2 + (other.y - point.y) ** 2));

function hover(point) {
  if (point === hovered) return;
  hovered = point;
  tooltip.hidden = !point;
  if (point) {
    const [x, y] = projection()(point);
    tooltip.textContent = describe(point);
    tooltip.style.left = `${Math.min(Math.max(0, x + 12), canvas.clientWidth - Math.min(240, canvas.clientWidth / 2))}px`;
    tooltip.style.top = `${Math.max(0, Math.min(y + 12, canvas.clientHeight - 70))}px`;
  }
  canvas.classList.toggle("on-point", Boolean(point));
  draw();
}

function select(point) {
  selected = point;
  draw();
  card.hidden = !point;
  if (!point) return;
  const recording = recordings.get(point.id);
  const nearest = nearestTo(point);
  card.replaceChildren(
    el("h2", { text: point.person }), el("p", { class: "source", text: sourceOf(point) }),
    recording ? el("p", { class: "muted", text: [recording.session && `session: ${recording.session}`, recording.camera && `camera: ${recording.camera}`, `${recording.frames} frames`].filter(Boolean).join(", ") }) : "",
    nearest ? el("p", { class: "muted", text: `Nearest on the map: ${describe(nearest)}` }) : "",
    el("div", { class: "row" },
      recording?.skeleton ? button("Watch", () => watch(recording)) : "", button("Show the person", () => revealPerson(point.person), { class: "quiet" })));
}

// The content of the map as a table, built when it is opened.
function drawList() {
  if (!list.open || list.querySelector("table")) return;
  const sorted = [...points].sort((a, b) => byName(a.person, b.person));
  const body = el("tbody");
  const addRows = () => {
    const shown = body.childElementCount;
    body.append(...sorted.slice(shown, shown + LIST_ROWS).map((point) => {
      const nearest = nearestTo(point);
      return el("tr", {}, el("th", { scope: "row", text: sourceOf(point) }), el("td", { "data-name": "Person", text: point.person }), el("td", { "data-name": "Nearest", text: nearest ? describe(nearest) : "–" }));
    }));
    const rest = sorted.length - body.childElementCount;
    more.hidden = !rest;
    more.textContent = `Show ${count(Math.min(rest, LIST_ROWS), "more row", "more rows")}`;
  };
  const more = button("", addRows);
  list.append(el("table", {}, el("thead", {}, el("tr", {}, ["Recording", "Person", "Nearest on the map"].map((text) => el("th", { scope: "col", text })))), body), more);
  addRows();
}
